//! From a policy as it is written to one that is checked: the one maker of [`Policy`].

use std::collections::{BTreeMap, BTreeSet};

use super::clauses::{Ground, PEOPLE, Roots, patterns, rules};
use super::exception::{Exemption, LIFTABLE, Override, instead};
use super::fault::{Faults, PolicyFault};
use super::file::{PolicyFile, parse};
use super::minimum::Minimum;
use super::names::{Names, fingerprint};
use super::rule::NewPackage;
use super::section::{self, Found, Section};
use super::{Certificates, Policy, Root, SizeLimits, TreeRules, Trust};
use crate::fingerprint::Fingerprint;
use crate::grant::{Amount, Depth, Grant};
use crate::limits::Links;
use crate::path::PackagePath;
use crate::reason::Code;
use crate::shown::Shown;

impl PolicyFile {
    /// Checks what the file says: every key, every value, and each against the others.
    ///
    /// `certificates` is what is known of them, once the keyrings are read; without it nothing is said about that.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn check(&self, certificates: Option<&dyn Certificates>) -> Result<Policy, Vec<PolicyFault>> {
        let mut faults = Faults::new(&self.text);
        let checked = self.checked(certificates, &mut faults);
        let mut list = faults.list;
        match checked {
            Some(mut policy) if list.is_empty() => {
                policy.notes = faults.notes;
                Ok(policy)
            }
            _ => {
                list.sort_by_key(|fault| (fault.place, fault.code));
                Err(list)
            }
        }
    }

    fn checked(&self, certificates: Option<&dyn Certificates>, faults: &mut Faults<'_>) -> Option<Policy> {
        let table = parse(&self.text, faults)?;
        let top = faults.place(0);
        let mut top = Section::new("", top, table, faults);
        top.raw("countersign");
        let trust = top.section("trust", faults);
        let trust = trust.map_or_else(Trust::default, |section| read_trust(section, faults));
        let sections = top.sections("root", faults);
        let roots = read_roots(sections, certificates, faults);
        let people = top.section("people", faults);
        let groups = top.section("groups", faults);
        let mut names = Names::read(people, groups, certificates, faults);
        let sections = top.sections("distrust", faults);
        let distrust = read_distrust(sections, certificates, faults);
        names.distrusted = distrust.keys().cloned().collect();
        for (root, at) in &roots {
            if names.distrusted.contains(&root.fingerprint) {
                faults.add(Code::PolicyConflict, *at, format!("{} is a root and distrusted", root.fingerprint));
            }
        }
        let held = |root: &Fingerprint| certificates.is_none_or(|known| known.holds(root));
        let there = match roots.iter().any(|(root, _)| held(&root.fingerprint)) {
            _ if roots.is_empty() => Roots::None,
            true => Roots::There,
            false => Roots::Missing,
        };
        let ground = Ground { names: &names, certificates, roots: there };
        let sections = top.sections("rule", faults);
        let rules = rules(sections, &ground, faults);
        let own = top.text("self", faults).and_then(|given| fingerprint(&given, certificates, faults));
        let exemptions = top.sections("exemption", faults);
        let exemptions = exemptions.into_iter().filter_map(|section| read_exemption(section, faults)).collect();
        let overrides = top.sections("override", faults);
        let overrides = overrides.into_iter().filter_map(|section| read_override(section, faults)).collect();
        let limits = top.section("limits", faults).map(|section| read_limits(section, faults)).unwrap_or_default();
        let minimum = top.section("minimum", faults).map(|section| read_minimum(section, faults)).unwrap_or_default();
        let stores = paths(&mut top, "stores", faults).unwrap_or_default();
        let keyrings = paths(&mut top, "keyrings", faults);
        let tree = read_tree(&mut top, faults);
        Some(Policy {
            digest: self.digest(),
            stores,
            keyrings,
            trust,
            roots: roots.into_iter().map(|(root, _)| root).collect(),
            people: names.folded,
            groups: names.groups,
            distrust,
            own,
            rules,
            exemptions,
            overrides,
            limits,
            minimum,
            tree,
            notes: Vec::new(),
        })
    }
}

fn read_trust(mut section: Section<'_>, faults: &mut Faults<'_>) -> Trust {
    let default = Trust::default();
    let words = [("reject", false), ("accept", true)];
    Trust {
        amount: amount(&mut section, faults).unwrap_or(default.amount),
        max_depth: depth(&mut section, "max-depth", faults).unwrap_or(default.max_depth),
        independent_paths: size(&mut section, "independent-paths", PATHS, faults).unwrap_or(default.independent_paths),
        retired_issuers: section.word("retired-issuers", &words, faults).unwrap_or(default.retired_issuers),
    }
}

/// The roots, each with its place. No certificate is a root twice.
fn read_roots(
    sections: Vec<Section<'_>>,
    certificates: Option<&dyn Certificates>,
    faults: &mut Faults<'_>,
) -> Vec<(Root, super::Place)> {
    let mut roots: Vec<(Root, super::Place)> = Vec::new();
    for mut section in sections {
        let at = section.at;
        let name = section.text("name", faults).map(|found| found.value);
        let amount = amount(&mut section, faults).unwrap_or(Amount::FULL);
        let depth = depth(&mut section, "depth", faults).unwrap_or(Depth::UNLIMITED);
        let scope = section.texts("scope", faults).unwrap_or_default();
        let scope: Vec<_> = scope.into_iter().filter_map(|given| section::parse(given, faults)).collect();
        let roles = section.texts("role", faults).unwrap_or_default();
        let roles: Vec<_> = roles.into_iter().filter_map(|given| section::parse(given, faults)).collect();
        let limit = Grant::new(roles.into_iter().map(|found| found.value), scope.into_iter().map(|found| found.value));
        let Some(given) = section.needed_as::<String>("fingerprint", Code::PolicyValue, faults) else { continue };
        let Some(fingerprint) = fingerprint(&given, certificates, faults) else { continue };
        if let Some((_, first)) = roots.iter().find(|(root, _)| root.fingerprint == fingerprint) {
            let message = format!("{fingerprint} is a root twice: here, and in line {}", first.line);
            faults.add(Code::PolicyConflict, given.at, message);
        }
        if certificates.is_some_and(|known| !known.holds(&fingerprint)) {
            faults.note(Code::PolicyRootMissing, given.at, format!("the root {fingerprint} is in no keyring"));
        }
        roots.push((Root { name, fingerprint, amount, depth, limit }, at));
    }
    roots
}

fn read_distrust(
    sections: Vec<Section<'_>>,
    certificates: Option<&dyn Certificates>,
    faults: &mut Faults<'_>,
) -> BTreeMap<Fingerprint, Option<String>> {
    let mut distrust = BTreeMap::new();
    for mut section in sections {
        let reason = section.text("reason", faults).map(|found| found.value);
        let Some(given) = section.needed_as::<String>("fingerprint", Code::PolicyValue, faults) else { continue };
        let Some(fingerprint) = fingerprint(&given, certificates, faults) else { continue };
        if certificates.is_some_and(|known| !known.holds(&fingerprint)) {
            let message = format!("the distrusted {fingerprint} is in no keyring");
            faults.note(Code::PolicyDistrustUnknown, given.at, message);
        }
        distrust.insert(fingerprint, reason);
    }
    distrust
}

fn read_exemption(mut section: Section<'_>, faults: &mut Faults<'_>) -> Option<Exemption> {
    let place = section.at;
    let packages = patterns(&mut section, "packages", faults);
    let given = section.texts_needed("codes", Code::PolicyValue, faults).unwrap_or_default();
    let codes: BTreeSet<_> = given.iter().filter_map(|given| read_code(given, faults)).collect();
    let reason = section.needed_as::<String>("reason", Code::PolicyExemption, faults);
    let until = section.day("until", Code::PolicyExemption, faults);
    Some(Exemption { packages, codes, reason: reason?.value, until: until?.value, place })
}

/// A code that an exemption may lift.
fn read_code(given: &Found<String>, faults: &mut Faults<'_>) -> Option<Code> {
    let shown = Shown::new(&given.value);
    let known = Code::ALL.iter().map(|(code, _)| *code);
    let Some(code) = known.clone().find(|code| code.as_str() == given.value) else {
        let hint = faults.nearest(&given.value, known.map(Code::as_str));
        faults.hinted(Code::PolicyValue, given.at, format!("`{shown}` is no reason code"), hint);
        return None;
    };
    if !LIFTABLE.contains(&code) {
        let all: Vec<_> = LIFTABLE.iter().map(|code| code.as_str()).collect();
        let hint = instead(code).map_or_else(|| format!("only these can be lifted: {}", all.join(", ")), str::to_owned);
        let hint = Some(hint);
        faults.hinted(Code::PolicyExemption, given.at, format!("no exemption may lift `{shown}`"), hint);
        return None;
    }
    Some(code)
}

fn read_override(mut section: Section<'_>, faults: &mut Faults<'_>) -> Option<Override> {
    let place = section.at;
    let statement = section.needed_as("statement", Code::PolicyValue, faults);
    let reason = section.needed_as::<String>("reason", Code::PolicyExemption, faults);
    let until = section.day("until", Code::PolicyExemption, faults);
    Some(Override { statement: statement?.value, reason: reason?.value, until: until?.value, place })
}

fn read_limits(mut section: Section<'_>, faults: &mut Faults<'_>) -> SizeLimits {
    let mut number = |key, most| section.number(key, (1, most), faults).map(|found| found.value);
    SizeLimits { file: number("file", 1 << 53), tree: number("tree", 1 << 53), files: number("files", 10_000_000) }
}

fn read_minimum(mut section: Section<'_>, faults: &mut Faults<'_>) -> Minimum {
    let strict = [("reject", true)];
    let new_package = [("reject", NewPackage::Reject), ("trusted-author", NewPackage::TrustedAuthor)];
    Minimum {
        amount: amount(&mut section, faults),
        max_depth: depth(&mut section, "max-depth", faults),
        independent_paths: size(&mut section, "independent-paths", PATHS, faults),
        retired_issuers: section.word("retired-issuers", &strict, faults).unwrap_or(false),
        unsigned: section.word("unsigned", &strict, faults).unwrap_or(false),
        new_package: section.word("new-package", &new_package, faults),
        authors: size(&mut section, "authors", PEOPLE, faults),
        reviews: size(&mut section, "reviews", PEOPLE, faults),
        exemptions: section.word("exemptions", &strict, faults).unwrap_or(false),
    }
}

fn read_tree(top: &mut Section<'_>, faults: &mut Faults<'_>) -> TreeRules {
    let given = top.texts("exclude", faults).unwrap_or_default();
    let mut exclude = BTreeSet::new();
    for found in given {
        match PackagePath::parse(found.value.as_bytes()) {
            Ok(path) => drop(exclude.insert(path)),
            Err(why) => faults.value(found.at, format!("`{}` is refused: {why}", Shown::new(&found.value))),
        }
    }
    let links = [("reject", Links::None), ("contained", Links::Contained)];
    TreeRules {
        links: top.word("symlinks", &links, faults).unwrap_or_default(),
        portable_names: top.word("portable-names", &[("accept", false), ("reject", true)], faults).unwrap_or(false),
        worktree: top.word("worktree", &[("reject", false), ("accept", true)], faults).unwrap_or(false),
        exclude,
    }
}

/// Paths of files and folders; an empty list is one that names nothing on purpose.
fn paths(top: &mut Section<'_>, key: &'static str, faults: &mut Faults<'_>) -> Option<Vec<String>> {
    if top.is_empty_list(key) {
        top.raw(key);
        return Some(Vec::new());
    }
    top.texts(key, faults).map(|given| given.into_iter().map(|found| found.value).collect())
}

fn amount(section: &mut Section<'_>, faults: &mut Faults<'_>) -> Option<Amount> {
    let found = section.number("amount", (1, 120), faults)?;
    u8::try_from(found.value).ok().map(Amount::capped)
}

fn depth(section: &mut Section<'_>, key: &'static str, faults: &mut Faults<'_>) -> Option<Depth> {
    let found = section.number(key, (0, 255), faults)?;
    u8::try_from(found.value).ok().map(Depth::new)
}

fn size(section: &mut Section<'_>, key: &'static str, range: (u64, u64), faults: &mut Faults<'_>) -> Option<usize> {
    section.number(key, range, faults).and_then(|found| usize::try_from(found.value).ok())
}

/// How many independent paths can be asked for.
const PATHS: (u64, u64) = (1, 64);
