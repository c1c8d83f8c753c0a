//! After the fact: what a certificate touched, and which verdicts would change without it. For the day on which its key is
//! stolen.
//!
//! Both verdicts are `verify`'s: on what is there, and on the same under a policy that distrusts the certificate. Nothing
//! is written.

pub mod one_key;
pub mod text;
pub mod touched;

use serde::Serialize;

use crate::fingerprint::Fingerprint;
use crate::keyring::Keyring;
use crate::limits::Limits;
use crate::lock::Basis;
use crate::policy::{Naming, PolicyFile};
use crate::reason::{Answer, Code, Listed, Reason};
use crate::report::{PolicySource, ProjectReport};
use crate::trust::TrustPath;
use crate::verdict::without::{Effect, effect};
use crate::verdict::{Outcome, Verdict};
use touched::Touched;

/// What an audit of one certificate came to: the JSON contract `audit/1`. All foreign text in it is escaped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Audit {
    /// The format: `audit/1`.
    pub countersign: &'static str,
    /// The moment that the verdicts speak of, RFC 3339.
    pub at: String,
    /// The certificate's primary fingerprint.
    pub certificate: String,
    /// What it comes to.
    pub answer: Rest,
    /// One entry for each project or package that was named.
    pub subjects: Vec<Subject>,
}

/// Whether any verdict rests on the certificate alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::exhaustive_enums, reason = "the three answers are the three exit codes")]
pub enum Rest {
    /// None does. Exit code 0.
    Stands,
    /// It could not be told of all. Exit code 2.
    Unknown,
    /// Some do: they fall or get weaker without it. Exit code 1.
    Falls,
}

impl Rest {
    /// The process's exit code.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Stands => 0,
            Self::Falls => 1,
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
    /// What it comes to here.
    pub answer: Rest,
    /// How many packages were judged.
    pub judged: usize,
    /// Of how many of them no verdict is possible as it is.
    pub undetermined: usize,
    /// Packages whose verdict the certificate has a part in, those that fall first.
    pub packages: Vec<Row>,
    /// Whatever names it or was made by it.
    pub touched: Touched,
    /// What to do next.
    pub next: Next,
    /// Reasons that concern no single package.
    pub reasons: Vec<Reason>,
}

/// What becomes of one package without the certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Row {
    /// The package with its version, where that is known.
    pub package: Option<String>,
    /// What becomes of it.
    pub effect: Effect,
    /// The verdict as it is.
    pub before: Told,
    /// The verdict without it.
    pub after: Told,
    /// As what it was counted: `author`, `reviewer`, `checker`, `introducer`.
    pub counted_as: Vec<&'static str>,
    /// What decides without it, and did not before.
    pub reasons: Vec<Reason>,
    /// How many of those there were in all.
    pub reasons_total: usize,
}

/// A verdict in short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Told {
    /// The verdict.
    pub verdict: Outcome,
    /// On what an acceptance rests.
    pub basis: Option<Basis>,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Next {
    /// The policy's file that the lines belong into; none where there is none. Escaped.
    pub file: Option<String>,
    /// The lines by which the certificate is distrusted; none where it is already, and where nothing knows of it.
    pub lines: Option<String>,
    /// What would be wrong with the policy then, and must be mended with it.
    pub faults: Vec<Reason>,
}

impl Audit {
    /// Puts together what was found.
    pub fn new(at: impl ToString, certificate: &Fingerprint, subjects: Vec<Subject>) -> Self {
        let answer = subjects.iter().map(|subject| subject.answer).max().unwrap_or(Rest::Unknown);
        let (at, certificate) = (at.to_string(), certificate.to_string());
        Self { countersign: "audit/1", at, certificate, answer, subjects }
    }
}

impl Subject {
    /// Compares the verdicts as they are with those without the certificate, which are of the same packages in the same
    /// order.
    #[expect(clippy::too_many_arguments, reason = "the parts of one thing")]
    pub fn new(
        path: String,
        policy: PolicySource,
        project: Option<ProjectReport>,
        (before, after): (&[Verdict], &[Verdict]),
        certificate: &Fingerprint,
        touched: Touched,
        next: Next,
        mut reasons: Vec<Reason>,
        limits: &Limits,
    ) -> Self {
        let rows = before.iter().zip(after).filter_map(|(before, after)| row(before, after, certificate, limits));
        let mut packages: Vec<_> = rows.collect();
        packages.sort_by(|one, other| (one.effect, &one.package).cmp(&(other.effect, &other.package)));
        if !touched.known {
            let message = "this certificate is in no keyring, and came with no evidence here";
            let step = "compare the digits; `countersign keyring import FILE` brings a certificate in";
            reasons.push(Reason::new(Code::SignerUnknown, Answer::CannotTell, message).step(step));
        }
        let undetermined = before.iter().filter(|one| one.outcome() == Outcome::Undetermined).count();
        let answer = if packages.iter().any(|row| matches!(row.effect, Effect::Falls | Effect::Weakens)) {
            Rest::Falls
        } else if undetermined == 0 && Outcome::of_reasons(&reasons) != Outcome::Undetermined {
            Rest::Stands
        } else {
            Rest::Unknown
        };
        Self { path, policy, project, answer, judged: before.len(), undetermined, packages, touched, next, reasons }
    }
}

impl Next {
    /// The lines that distrust a certificate, held against the policy's file where there is one: all that the file would be
    /// refused for is told.
    pub fn new(
        certificate: &Fingerprint,
        (shown, file): (Option<String>, Option<&PolicyFile>),
        touched: &Touched,
        keyring: &Keyring,
        limits: &Limits,
    ) -> Self {
        let is_distrusted = touched.policy.iter().any(|one| matches!(one, Naming::Distrust(_)));
        if is_distrusted || touched.is_nothing() {
            return Self { file: shown, lines: None, faults: Vec::new() };
        }
        let lines = format!("[[distrust]]\nfingerprint = \"{certificate}\"\nreason = \"key stolen\"\n");
        let checked = file.map(|file| file.followed_by(&lines, limits).and_then(|file| file.check(Some(keyring))));
        let name = shown.as_deref().unwrap_or("policy");
        let faults = match checked {
            Some(Err(faults)) => faults.iter().map(|fault| fault.reason(name)).collect(),
            _ => Vec::new(),
        };
        Self { file: shown, lines: Some(lines), faults }
    }
}

/// What a certificate has to do with a verdict; none where it has nothing.
fn row(before: &Verdict, after: &Verdict, certificate: &Fingerprint, limits: &Limits) -> Option<Row> {
    let counted_as = counted_as(before, certificate);
    let holds = || (!counted_as.is_empty()).then_some(Effect::Holds);
    let effect = effect(before, after).or_else(holds)?;
    let known =
        |reason: &Reason| before.reasons.iter().any(|one| (one.code, one.answer) == (reason.code, reason.answer));
    let decides = |reason: &&Reason| matches!(reason.answer, Answer::Reject | Answer::CannotTell) && !known(reason);
    let listed = Listed::new(after.reasons.iter().filter(decides).cloned().collect(), limits.reasons);
    Some(Row {
        package: before.package.as_ref().map(ToString::to_string),
        effect,
        before: Told::of(before),
        after: Told::of(after),
        counted_as,
        reasons: listed.reasons,
        reasons_total: listed.total,
    })
}

/// As what a certificate is counted for a verdict.
fn counted_as(verdict: &Verdict, certificate: &Fingerprint) -> Vec<&'static str> {
    let introduces = |path: &TrustPath| {
        let issuers = path.edges().iter().map(|edge| edge.issuer());
        !path.edges().is_empty() && (path.root() == certificate || issuers.into_iter().any(|one| one == certificate))
    };
    let introduces = verdict.paths.iter().flat_map(|found| found.paths()).any(introduces);
    let roles = [
        (verdict.authors.contains(certificate), "author"),
        (verdict.reviewers.contains(certificate), "reviewer"),
        (verdict.checkers.contains(certificate), "checker"),
        (introduces, "introducer"),
    ];
    roles.into_iter().filter(|(is, _)| *is).map(|(_, role)| role).collect()
}

impl Told {
    fn of(verdict: &Verdict) -> Self {
        Self { verdict: verdict.outcome(), basis: verdict.acceptance.map(|acceptance| acceptance.basis()) }
    }
}

#[cfg(test)]
mod removed;
#[cfg(test)]
mod tests;
