//! Which single keys would suffice to get a bad release accepted, package by package and key by key: `audit --one-key`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};

use serde::Serialize;

use crate::fingerprint::Fingerprint;
use crate::keyring::Keyring;
use crate::limits::Limits;
use crate::reason::{Listed, Reason};
use crate::report::{PolicySource, ProjectReport};
use crate::shown::Shown;
use crate::verdict::suppose::Alone;
use crate::verify::alone::Suspected;

/// All that was found: the JSON contract `one-key/1`. All foreign text in it is escaped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct OneKey {
    /// The format: `one-key/1`.
    pub countersign: &'static str,
    /// The moment that it speaks of, RFC 3339.
    pub at: String,
    /// What it comes to.
    pub answer: Enough,
    /// One entry for each project or package that was named.
    pub subjects: Vec<Subject>,
}

/// Whether one key is enough anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::exhaustive_enums, reason = "the three answers are the three exit codes")]
pub enum Enough {
    /// For no package. Exit code 0.
    Never,
    /// It could not be told of all. Exit code 2.
    Unknown,
    /// For some. Exit code 1.
    Sometimes,
}

impl Enough {
    /// The process's exit code.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Never => 0,
            Self::Sometimes => 1,
            Self::Unknown => 2,
        }
    }
}

/// One project, or one package by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Subject {
    /// How the user named it. Escaped.
    pub path: String,
    /// What was asked for.
    pub policy: PolicySource,
    /// The project whose lockfile was read; absent for a single directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectReport>,
    /// One entry a package.
    pub packages: Vec<Package>,
    /// One entry for each key that suffices for some package, the most dangerous first.
    pub keys: Vec<Key>,
    /// Reasons that concern no single package.
    pub reasons: Vec<Reason>,
}

/// Who could get a bad release of one package accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Package {
    /// The package with the version that is there.
    pub package: Option<String>,
    /// Whether anybody could, without any key; none where it could not be told.
    pub anybody: Option<bool>,
    /// Each single key that suffices.
    pub keys: Vec<String>,
    /// Why it could not be told, or why no key suffices.
    pub reasons: Vec<Reason>,
}

/// One key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Key {
    /// The certificate.
    pub certificate: String,
    /// A name that it gives itself, if it is in the keyring. It proves nothing.
    pub name: Option<String>,
    /// For how many packages it suffices.
    pub packages: usize,
}

impl OneKey {
    /// Puts together what was found.
    pub fn new(at: impl ToString, subjects: Vec<Subject>) -> Self {
        let packages = || subjects.iter().flat_map(|subject| &subject.packages);
        let falls = |one: &Package| one.anybody == Some(true) || !one.keys.is_empty();
        let answer = if packages().any(falls) {
            Enough::Sometimes
        } else if packages().all(|one| one.anybody.is_some()) {
            Enough::Never
        } else {
            Enough::Unknown
        };
        Self { countersign: "one-key/1", at: at.to_string(), answer, subjects }
    }
}

impl Subject {
    /// Tells of the packages of one project, or of one package.
    pub fn new(
        (path, policy): (String, PolicySource),
        project: Option<ProjectReport>,
        suspected: &[Suspected],
        keyring: &Keyring,
        reasons: Vec<Reason>,
        limits: &Limits,
    ) -> Self {
        let mut counts: BTreeMap<&Fingerprint, usize> = BTreeMap::new();
        for keys in suspected.iter().filter_map(|one| one.keys()) {
            keys.iter().for_each(|key| *counts.entry(key).or_default() += 1);
        }
        let name = |key: &Fingerprint| {
            let user_ids = keyring.by_fingerprint(key)?.user_ids();
            user_ids.first().map(|text| Shown::new(text).to_string())
        };
        let key = |(key, packages)| Key { certificate: Fingerprint::to_string(key), name: name(key), packages };
        let mut keys: Vec<_> = counts.into_iter().map(key).collect();
        keys.sort_by(|one, other| (other.packages, &one.certificate).cmp(&(one.packages, &other.certificate)));
        let packages = suspected.iter().map(|one| Package::new(one, limits)).collect();
        Self { path, policy, project, packages, keys, reasons }
    }
}

impl Package {
    fn new(suspected: &Suspected, limits: &Limits) -> Self {
        let package = suspected.package.as_ref().map(ToString::to_string);
        let (anybody, keys, reasons) = match &suspected.alone {
            Ok(Alone::Anybody) => (Some(true), Vec::new(), Vec::new()),
            Ok(Alone::Keys(keys)) => (Some(false), keys.iter().map(ToString::to_string).collect(), Vec::new()),
            Err(reasons) => {
                let never = reasons.iter().all(|reason| reason.answer == crate::reason::Answer::Note);
                (never.then_some(false), Vec::new(), reasons.clone())
            }
        };
        Self { package, anybody, keys, reasons: Listed::new(reasons, limits.reasons).reasons }
    }
}

impl Suspected {
    fn keys(&self) -> Option<&BTreeSet<Fingerprint>> {
        match &self.alone {
            Ok(Alone::Keys(keys)) => Some(keys),
            _ => None,
        }
    }
}

/// Writes it as text.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "there is nothing else to say of it")]
pub struct Text<'a>(pub &'a OneKey);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let OneKey { answer, subjects, at, .. } = self.0;
        let word = match answer {
            Enough::Never => "ONE KEY IS NEVER ENOUGH",
            Enough::Sometimes => "ONE KEY OR NONE IS ENOUGH",
            Enough::Unknown => "CANNOT TELL",
        };
        writeln!(f, "{word} to get a bad release accepted")?;
        writeln!(f, "  at {at}")?;
        subjects.iter().try_for_each(|subject| tell(f, subject))
    }
}

fn tell(f: &mut fmt::Formatter<'_>, subject: &Subject) -> fmt::Result {
    let Subject { packages, keys, .. } = subject;
    let name = match &subject.project {
        Some(project) => format!("{} ({})", project.lockfile, project.ecosystem),
        None => subject.path.clone(),
    };
    let count = |fits: fn(&&Package) -> bool| packages.iter().filter(fits).count();
    let (anybody, one) = (count(|one| one.anybody == Some(true)), count(|one| !one.keys.is_empty()));
    let unknown = count(|one| one.anybody.is_none());
    let never = packages.len() - anybody - one - unknown;
    let source = &subject.policy.source;
    writeln!(
        f,
        "\n{name}, policy {source}: {} asked about, {anybody} need no key, {one} need one, {never} need more",
        packages.len()
    )?;
    for reason in &subject.reasons {
        let place = reason.path.as_deref().map(|path| format!(" {path}")).unwrap_or_default();
        writeln!(f, "note [{}]{place}: {}", reason.code, reason.message)?;
    }
    list(f, "No key is needed for", packages, |one| one.anybody == Some(true), |_| String::new())?;
    list(
        f,
        "One key is enough for",
        packages,
        |one| !one.keys.is_empty(),
        |one| one.keys.iter().map(|key| format!("\n    {key}")).collect(),
    )?;
    list(
        f,
        "It could not be told for",
        packages,
        |one| one.anybody.is_none(),
        |one| one.reasons.iter().map(|reason| format!("\n    [{}] {}", reason.code, reason.message)).collect(),
    )?;
    if !keys.is_empty() {
        writeln!(f, "\nThe keys, and for how many packages each of them is enough:")?;
    }
    for Key { certificate, name, packages } in keys {
        writeln!(f, "  {packages:>4}  {certificate}  {}", name.as_deref().unwrap_or("(not in the keyring)"))?;
    }
    Ok(())
}

fn list(
    f: &mut fmt::Formatter<'_>,
    title: &str,
    packages: &[Package],
    fits: impl Fn(&Package) -> bool,
    more: impl Fn(&Package) -> String,
) -> fmt::Result {
    let mut title = Some(title);
    for one in packages.iter().filter(|one| fits(one)) {
        if let Some(title) = title.take() {
            writeln!(f, "\n{title}:")?;
        }
        writeln!(f, "  {}{}", one.package.as_deref().unwrap_or("a package without a name"), more(one))?;
    }
    Ok(())
}
