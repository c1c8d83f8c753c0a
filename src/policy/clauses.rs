//! Reading rules and their clauses.

use std::collections::BTreeSet;

use toml::Spanned;
use toml::de::DeValue;

use super::Certificates;
use super::fault::{Faults, Place};
use super::names::Names;
use super::people::Voices;
use super::rule::{
    AuthorClause, CheckClause, FullEvery, NewPackage, Requirement, ReviewClause, Rule, Thoroughness, Unsigned,
};
use super::section::{Found, Section, parse, section};
use crate::pattern::Pattern;
use crate::reason::Code;
use crate::shown::Shown;
use crate::statement::word::Word;

/// What rules are held against.
pub(super) struct Ground<'a> {
    pub(super) names: &'a Names,
    pub(super) certificates: Option<&'a dyn Certificates>,
    /// Whether anybody can be authenticated at all.
    pub(super) roots: Roots,
}

/// Whether there is somewhere for trust to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Roots {
    /// The policy has none.
    None,
    /// It has some, and the keyring has none of them.
    Missing,
    /// There are roots.
    There,
}

/// Reads the rules, in their order.
pub(super) fn rules(sections: Vec<Section<'_>>, ground: &Ground<'_>, faults: &mut Faults<'_>) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for (place, section) in sections.into_iter().enumerate() {
        let rule = rule(place + 1, section, ground, faults);
        let before = |pattern: &Pattern| rules.iter().any(|rule| rule.packages.iter().any(|wide| wide.admits(pattern)));
        if !rule.packages.is_empty() && rule.packages.iter().all(before) {
            let message = format!("rule {} can never apply: rules before it match all of its packages", rule.number);
            faults.note(Code::PolicyDeadRule, rule.place, message);
        }
        rules.push(rule);
    }
    rules
}

fn rule(number: usize, mut section: Section<'_>, ground: &Ground<'_>, faults: &mut Faults<'_>) -> Rule {
    let place = section.at;
    let packages = patterns(&mut section, "packages", faults);
    let unsigned = [("reject", Unsigned::Reject), ("accept", Unsigned::Accept)];
    let unsigned = section.word("unsigned", &unsigned, faults).unwrap_or(Unsigned::Reject);
    let words = [
        ("reject", NewPackage::Reject),
        ("trusted-author", NewPackage::TrustedAuthor),
        ("first-use", NewPackage::FirstUse),
    ];
    let default = if ground.roots == Roots::None { NewPackage::FirstUse } else { NewPackage::TrustedAuthor };
    let new_package = section.word("new-package", &words, faults).unwrap_or(default);
    let handover = section.number("handover", PEOPLE, faults).map(|found| size(found.value));
    let mut reader = Reader { ground, new_package, faults };
    let require = match section.raw("require") {
        Some(value) => reader.clause(value, 1),
        None => Some(Requirement::Author(reader.author(None, place))),
    };
    let veto = section.texts("veto-from", faults);
    let withdraw = section.texts("withdraw-from", faults);
    let veto_from = ground.names.voices(veto, ground.certificates, faults);
    let withdraw_from = ground.names.voices(withdraw, ground.certificates, faults);
    // Where there is no clause, a fault was told, so this never becomes part of a policy.
    let require = require.unwrap_or_else(|| Requirement::Any(Vec::new()));
    // Who alone could hand over to themselves and to a key made for it would be as good as all whom the rule asks for.
    let handover = handover.unwrap_or_else(|| require.most_authors());
    Rule { number, place, packages, unsigned, new_package, handover, require, veto_from, withdraw_from }
}

/// Patterns that must be there.
pub(super) fn patterns(section: &mut Section<'_>, key: &'static str, faults: &mut Faults<'_>) -> Vec<Pattern> {
    let given = section.texts_needed(key, Code::PolicyValue, faults).unwrap_or_default();
    given.into_iter().filter_map(|text| parse(text, faults)).map(|found| found.value).collect()
}

struct Reader<'a, 'f, 'i> {
    ground: &'a Ground<'a>,
    new_package: NewPackage,
    faults: &'f mut Faults<'i>,
}

impl Reader<'_, '_, '_> {
    /// `depth` counts the clauses around this one, itself included; it bounds the recursion.
    fn clause(&mut self, value: Spanned<DeValue<'_>>, depth: usize) -> Option<Requirement> {
        let told = self.faults.list.len();
        let mut clause = section("clause", value, self.faults)?;
        let at = clause.at;
        if depth > DEEPEST {
            let message = format!("clauses nest deeper than {DEEPEST} levels");
            self.faults.add(Code::LimitPolicy, at, message);
            return None;
        }
        if clause.len() != 1 {
            if self.faults.list.len() == told {
                let message = "a clause is exactly one of `all`, `any`, `author`, `review` and `check`";
                let hint = Some("put several into `{ all = [ … ] }` or `{ any = [ … ] }`".to_owned());
                self.faults.hinted(Code::PolicyValue, at, message, hint);
            }
            return None;
        }
        if let Some(inner) = clause.raw("all") {
            let all = self.clauses(
                inner,
                depth,
                Code::PolicyThresholdZero,
                "`all` of nothing would let through what nobody vouched for",
            )?;
            return Some(Requirement::All(all));
        }
        if let Some(inner) = clause.raw("any") {
            let any = self.clauses(inner, depth, Code::PolicyThresholdUnreachable, "`any` of nothing is never met")?;
            return Some(Requirement::Any(any));
        }
        if clause.has("author") {
            let inner = clause.section("author", self.faults)?;
            let at = inner.at;
            return Some(Requirement::Author(self.author(Some(inner), at)));
        }
        if clause.has("review") {
            let inner = clause.section("review", self.faults)?;
            return Some(Requirement::Review(self.review(inner)));
        }
        let inner = clause.section("check", self.faults)?;
        self.check(inner).map(Requirement::Check)
    }

    fn clauses(
        &mut self,
        value: Spanned<DeValue<'_>>,
        depth: usize,
        code: Code,
        empty: &str,
    ) -> Option<Vec<Requirement>> {
        let at = self.faults.place(value.span().start);
        let DeValue::Array(values) = value.into_inner() else {
            self.faults.value(at, "`all` and `any` are lists of clauses: `[{ author = {} }, …]`");
            return None;
        };
        if values.is_empty() {
            self.faults.add(code, at, empty);
            return None;
        }
        let clauses: Vec<_> = values.into_iter().map(|value| self.clause(value, depth + 1)).collect();
        clauses.into_iter().collect()
    }

    fn author(&mut self, section: Option<Section<'_>>, at: Place) -> AuthorClause {
        let (count, from, independent) = match section {
            Some(mut section) => (
                section.number("count", PEOPLE, self.faults),
                self.from(&mut section),
                section.flag("independent", self.faults).unwrap_or(true),
            ),
            None => (None, Some(Voices::Authorised), true),
        };
        if from == Some(Voices::Authorised) && self.new_package == NewPackage::TrustedAuthor {
            self.authenticated(at);
        }
        let (count, from) = self.reachable(count, from, at);
        AuthorClause { count, from, independent }
    }

    fn review(&mut self, mut section: Section<'_>) -> ReviewClause {
        let at = section.at;
        let count = section.number("count", PEOPLE, self.faults);
        let from = self.from(&mut section);
        if from == Some(Voices::Authorised) {
            self.authenticated(at);
        }
        let criteria = section.texts("criteria", self.faults).unwrap_or_default();
        let mut criteria: Vec<_> = criteria.into_iter().filter_map(|given| self.word(given)).collect();
        criteria.sort_unstable();
        criteria.dedup();
        let words = [("low", Thoroughness::Low), ("medium", Thoroughness::Medium), ("high", Thoroughness::High)];
        let thoroughness = section.word("thoroughness", &words, self.faults).unwrap_or(Thoroughness::Low);
        let max_age = section.number("max-age", DAYS, self.faults).map(|found| found.value);
        let full_every = section.section("full-every", self.faults).map(|inner| self.full_every(inner));
        let independent = section.flag("independent", self.faults).unwrap_or(true);
        let (count, from) = self.reachable(count, from, at);
        ReviewClause { count, from, criteria, thoroughness, max_age, full_every, independent }
    }

    fn full_every(&mut self, mut section: Section<'_>) -> FullEvery {
        if section.len() == 0 {
            self.faults.value(section.at, "`full-every` needs `releases`, `days` or both");
        }
        let releases = section.number("releases", (1, 10_000), self.faults).map(|found| found.value);
        let days = section.number("days", DAYS, self.faults).map(|found| found.value);
        FullEvery { releases, days }
    }

    fn check(&mut self, mut section: Section<'_>) -> Option<CheckClause> {
        let at = section.at;
        let count = section.number("count", PEOPLE, self.faults);
        let from = self.from(&mut section);
        if from == Some(Voices::Authorised) {
            self.authenticated(at);
        }
        let (count, from) = self.reachable(count, from, at);
        let name = section.needed_as::<String>("name", Code::PolicyValue, self.faults)?;
        Some(CheckClause { name: self.word(name)?, count, from })
    }

    /// Who is named; `None` where one of the names was refused, so that nothing follows from those who are left.
    fn from(&mut self, section: &mut Section<'_>) -> Option<Voices> {
        let told = self.faults.list.len();
        let given = section.texts("from", self.faults);
        let voices = self.ground.names.voices(given, self.ground.certificates, self.faults);
        (self.faults.list.len() == told).then_some(voices)
    }

    /// The name of a criterion or a check.
    fn word(&mut self, given: Found<String>) -> Option<String> {
        if given.value.parse::<Word>().is_ok() {
            return Some(given.value);
        }
        let message = format!("`{}` is no name: letters, digits and `-`, up to 64", Shown::new(&given.value));
        self.faults.value(given.at, message);
        None
    }

    /// A threshold that so many people can meet.
    fn reachable(&mut self, count: Option<Found<u64>>, from: Option<Voices>, at: Place) -> (usize, Voices) {
        let at = count.as_ref().map_or(at, |count| count.at);
        let count = count.map_or(1, |count| size(count.value));
        if let Some(Voices::Only(people)) = &from {
            let could = self.ground.names.trusted(people).count();
            if could < count {
                let message = format!("{count} people are asked for, but only {could} could ever be counted");
                let hint = Some("name more people, or ask for fewer".to_owned());
                self.faults.hinted(Code::PolicyThresholdUnreachable, at, message, hint);
            }
        }
        (count, from.unwrap_or(Voices::Only(BTreeSet::new())))
    }

    fn authenticated(&mut self, at: Place) {
        let (message, hint) = match self.ground.roots {
            Roots::There => return,
            Roots::None => (
                "this asks for authenticated people, and there is no root from which trust could start",
                "add a `[[root]]`, or name people: `from = [\"alice\"]`",
            ),
            Roots::Missing => (
                "this asks for authenticated people, and the keyring has none of the roots",
                "bring the roots' certificates into the keyring, or name it: `keyrings = [\"keyrings\"]`",
            ),
        };
        self.faults.hinted(Code::PolicyNoRoots, at, message, Some(hint.to_owned()));
    }
}

fn size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// How many people can be asked for.
pub(super) const PEOPLE: (u64, u64) = (1, 1_000_000);
/// A hundred years.
const DAYS: (u64, u64) = (1, 36_500);
/// Clauses inside each other.
const DEEPEST: usize = 16;
