//! The judgement: from evidence and policy to a verdict. Pure: it reads no file, no clock and no key.

mod alarms;
mod authentic;
pub mod authors;
pub mod chain;
mod checks;
pub mod choice;
mod clauses;
#[cfg(test)]
pub(crate) mod fixture;
pub mod heard;
pub mod memory;
pub mod needs;
mod noes;
mod notes;
pub mod reviews;
pub mod roots;
pub mod said;
pub mod suppose;
#[cfg(test)]
mod tests;
pub mod without;
#[cfg(test)]
mod worlds;

use std::collections::BTreeSet;

use serde::Serialize;

use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
pub use crate::lock::Basis;
use crate::lock::Pin;
use crate::package::Purl;
use crate::policy::Policy;
use crate::reason::{Answer, Code, Reason};
use crate::shown::Shown;
use crate::time::Times;
use crate::trust::authentication::Authentication;
use authentic::{authentic, check_clock};
use authors::{Release, Right, Scale};
use clauses::Evidence;
use heard::Present;
use memory::VersionOrder;
use reviews::{Hop, Reviews};
use said::{Said, Speakers};

/// How a judgement came out, from best to worst: a reject outranks "cannot tell".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::exhaustive_enums, reason = "the three outcomes are the three exit codes")]
pub enum Outcome {
    /// The policy is met. Exit code 0.
    Accepted,
    /// No verdict was possible, which is never yes. Exit code 2.
    Undetermined,
    /// Refused. Exit code 1.
    Rejected,
}

impl Outcome {
    /// What follows from `reasons` alone.
    pub fn of_reasons(reasons: &[Reason]) -> Self {
        match reasons.iter().map(|reason| reason.answer).min() {
            Some(Answer::Reject) => Self::Rejected,
            Some(Answer::CannotTell) => Self::Undetermined,
            _ => Self::Accepted,
        }
    }

    /// The process's exit code.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Accepted => 0,
            Self::Rejected => 1,
            Self::Undetermined => 2,
        }
    }
}

/// The answer to one question. "Unknown" is never "yes".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::exhaustive_enums, reason = "there is no fourth answer to a question")]
pub enum Known {
    /// Shown to be so.
    Yes,
    /// Shown not to be so.
    No,
    /// Could not be told.
    Unknown,
}

/// Evidence that the policy is met; made by [`judge`] alone.
///
/// ```compile_fail
/// let forged = countersign::verdict::Acceptance { basis: countersign::verdict::Basis::Policy };
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acceptance {
    basis: Basis,
}

impl Acceptance {
    /// On what it rests.
    pub fn basis(self) -> Basis {
        self.basis
    }
}

/// What was decided about one package, and why.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Verdict {
    /// The package that the verdict speaks of.
    pub package: Option<Purl>,
    /// There if, and only if, the package is accepted.
    pub acceptance: Option<Acceptance>,
    /// Are these exactly the bytes that somebody signed?
    pub authentic: Known,
    /// May those who signed speak for this package?
    pub authorised: Known,
    /// Does the policy's evidence suffice?
    pub accepted: Known,
    /// The authors that were counted.
    pub authors: Vec<Fingerprint>,
    /// The paths of trust that their right rests on, where it does.
    pub paths: Vec<Authentication>,
    /// The reviewers that were counted.
    pub reviewers: Vec<Fingerprint>,
    /// Those who signed the checks that were counted.
    pub checkers: Vec<Fingerprint>,
    /// For each review clause that is met, how: from a reading of the whole to the tree at hand.
    pub readings: Vec<Vec<Hop>>,
    /// What `accept` would remember; there if, and only if, the package is accepted.
    pub pin: Option<Pin>,
    /// The remembered release whose place it takes.
    pub replaces: Option<Purl>,
    /// The measured tree.
    pub tree: Option<Digest>,
    /// The manifest that was judged.
    pub manifest: Option<Digest>,
    /// Files in the measured tree.
    pub files: Option<u64>,
    /// Bytes in the measured tree.
    pub bytes: Option<u64>,
    /// Everything found, in no order.
    pub reasons: Vec<Reason>,
}

impl Verdict {
    /// No acceptance: what was found before there was anything to judge.
    pub fn refused(package: Option<Purl>, reasons: Vec<Reason>) -> Self {
        Self {
            package,
            acceptance: None,
            authentic: Known::Unknown,
            authorised: Known::Unknown,
            accepted: if Outcome::of_reasons(&reasons) == Outcome::Rejected { Known::No } else { Known::Unknown },
            authors: Vec::new(),
            paths: Vec::new(),
            reviewers: Vec::new(),
            checkers: Vec::new(),
            readings: Vec::new(),
            pin: None,
            replaces: None,
            tree: None,
            manifest: None,
            files: None,
            bytes: None,
            reasons,
        }
    }

    /// The user's own code, of which nothing is asked.
    pub fn local(package: Purl) -> Self {
        Self::unasked(package, Basis::Local)
    }

    /// A part of the language's own installation, which is trusted as the compiler is.
    pub fn builtin(package: Purl) -> Self {
        Self::unasked(package, Basis::Builtin)
    }

    fn unasked(package: Purl, basis: Basis) -> Self {
        let acceptance = Some(Acceptance { basis });
        Self { acceptance, accepted: Known::Yes, ..Self::refused(Some(package), Vec::new()) }
    }

    /// Accepted, rejected or undetermined.
    pub fn outcome(&self) -> Outcome {
        match self.acceptance {
            Some(_) => Outcome::Accepted,
            None => Outcome::of_reasons(&self.reasons).max(Outcome::Undetermined),
        }
    }
}

/// All that is known of one package.
#[expect(clippy::exhaustive_structs, reason = "whoever judges must give all of it")]
pub struct Case<'a> {
    /// The package with its version; none where nobody said, and no manifest does.
    pub package: Option<&'a Purl>,
    /// The policy.
    pub policy: &'a Policy,
    /// What the rights of signers were weighed by; none where there is no package, or no rule for it.
    pub scale: Option<&'a Scale<'a>>,
    /// Manifests of this very package and version, with their signers, in any order.
    pub releases: &'a [Release<'a>],
    /// The place in `releases` of the one that the tree was compared with.
    pub compared: Option<usize>,
    /// The tree, where it could be measured.
    pub tree: Option<Present>,
    /// What was said beside manifests.
    pub said: Said<'a>,
    /// What was found on the way: faults and differences of the tree, evidence that was set aside.
    pub found: Vec<Reason>,
    /// On what nothing is accepted, though the policy lets it through.
    pub refused: &'a [Basis],
    /// The order of versions.
    pub order: &'a VersionOrder<'a>,
    /// When.
    pub times: Times,
}

/// Judges one package.
pub fn judge(case: Case<'_>) -> Verdict {
    let release = case.compared.and_then(|place| case.releases.get(place));
    let mut verdict = Verdict {
        tree: case.tree.map(|tree| tree.digest),
        files: case.tree.map(|tree| tree.files),
        bytes: case.tree.map(|tree| tree.bytes),
        manifest: release.map(|release| release.opened.digest()),
        ..Verdict::refused(case.package.cloned(), Vec::new())
    };
    let mut reasons = case.found;
    let Some(scale) = case.scale else {
        match case.package {
            Some(package) => reasons.push(no_rule(package)),
            None if Outcome::of_reasons(&reasons) == Outcome::Accepted => reasons.push(no_manifest(None)),
            None => {}
        }
        verdict.conclude(reasons, None, false);
        return verdict;
    };
    (verdict.authentic, verdict.authorised) = (Known::No, Known::No);
    // Code that building wrote leaves open whether it is good, and not what was signed.
    let open = |reason: &Reason| reason.answer == Answer::CannotTell && reason.code != Code::GeneratedCode;
    let unread =
        release.is_none() && Outcome::of_reasons(&reasons) == Outcome::Undetermined && reasons.iter().any(open);
    if unread {
        // The manifest may be what could not be read.
        (verdict.authentic, verdict.authorised) = (Known::Unknown, Known::Unknown);
    }
    let speakers = Speakers::new(scale);
    let noes = noes::weigh(&case.said, &speakers, case.releases, verdict.tree, case.times);
    reasons.extend(noes.reasons.iter().cloned());
    let alarms = scale.memory.alarms(scale.package, scale.slot, verdict.tree).into_iter();
    reasons.extend(alarms.filter(|alarm| alarm.code != Code::Rollback || !noes.leave_no_floor(scale)));
    reasons.extend(alarms::of_releases(case.releases, scale));
    if let Some(release) = release {
        reasons.extend(release.opened.findings().iter().cloned());
        verdict.authentic = authentic(release.opened, case.tree, &mut reasons);
        check_clock(release.opened.statement(), case.times, &mut reasons);
        reasons.extend(notes::of_chain(release, case.releases, scale, case.order));
    }
    let may_skip = alarms::of_authors(release, scale, &mut reasons);
    let reviews = Reviews {
        said: case.said,
        speakers: &speakers,
        noes: &noes,
        order: case.order,
        times: case.times,
        authors: said::writers(scale, case.releases),
    };
    let evidence = Evidence { release, skip_authors: false, scale, reviews: &reviews, tree: verdict.tree };
    if let Some(authorised) = evidence.authors().authorised().filter(|_| !unread) {
        verdict.authorised = authorised;
    }
    let mut outcome = evidence.meet(&scale.rule.require);
    if may_skip && outcome.met != Known::Yes {
        // Too few signatures are no worse than none: whoever wants to can take them away.
        let missing = evidence.authors().missing();
        outcome = Evidence { skip_authors: true, ..evidence }.meet(&scale.rule.require);
        if outcome.met == Known::Yes {
            reasons.extend(missing);
        }
    }
    verdict.authors = outcome.authors.iter().cloned().collect();
    verdict.reviewers = outcome.reviewers.iter().cloned().collect();
    verdict.checkers = outcome.checkers.iter().cloned().collect();
    verdict.readings.clone_from(&outcome.readings);
    reasons.extend(evidence.told());
    // Whoever reviewed or checked the very tree signed its digest, whether an author did or not.
    let signed = !(verdict.reviewers.is_empty() && verdict.checkers.is_empty());
    // A manifest of this tree that nobody signed is no more than none: anybody can lay it there.
    let is_bare = |release: &Release<'_>| {
        release.opened.signers().next().is_none() && Some(release.opened.statement().tree()) == verdict.tree
    };
    if release.is_none_or(is_bare) && case.tree.is_some() && outcome.met == Known::Yes && signed {
        verdict.authentic = Known::Yes;
    }
    verdict.paths = release.map(|release| paths(release, &outcome.authors)).unwrap_or_default();
    if outcome.met != Known::Yes {
        reasons.extend(explained(outcome.reasons.clone(), release, unread, scale, &reasons));
    }
    // Of what could not be measured nothing is known that could be let through.
    let mut lifted = BTreeSet::new();
    if case.tree.is_some() {
        lifted = lift(&mut reasons, case.policy, scale, release, case.times);
        if outcome.met != Known::Yes && Outcome::of_reasons(&reasons) == Outcome::Accepted {
            // What another reason said better stands for itself again, if that one was lifted for something else.
            let mut left: Vec<_> =
                outcome.reasons.iter().filter(|one| !is_lifted(one.code, &lifted)).cloned().collect();
            if release.is_none() && left.iter().any(|one| one.code == Code::TooFewAuthors) {
                left = vec![no_manifest(Some(scale.package))];
            }
            lifted.extend(lift(&mut left, case.policy, scale, release, case.times));
            reasons.extend(left);
        }
    }
    let shown = match outcome.met {
        Known::Yes => Some(outcome.basis.unwrap_or(Basis::Unsigned)),
        // What is not met was lifted by the policy's or the user's own word, or keeps its reason. Then it rests on what is
        // met beside that.
        _ => {
            let all = outcome.reasons.iter().all(|one| is_lifted(one.code, &lifted));
            all.then_some(outcome.basis.unwrap_or(Basis::Unsigned))
        }
    };
    let shown = shown.filter(|basis| *basis == Basis::Unsigned || verdict.authentic == Known::Yes);
    if let Some(basis) = shown.filter(|basis| case.refused.contains(basis)) {
        reasons.push(fail_on(basis));
    }
    let is_new = |release: &Release<'_>| release.authors().any(|(_, right)| matches!(right, Right::FirstUse));
    verdict.conclude(reasons, shown, release.is_some_and(is_new));
    verdict.remember(release, scale, case.times);
    verdict
}

impl Verdict {
    /// Takes the reasons, and accepts on `basis` where there is one and no reason stands against it. `new`: an author is
    /// taken on first use.
    fn conclude(&mut self, reasons: Vec<Reason>, basis: Option<Basis>, new: bool) {
        let outcome = Outcome::of_reasons(&reasons);
        self.reasons = reasons;
        self.acceptance = basis.filter(|_| outcome == Outcome::Accepted).map(|basis| Acceptance { basis });
        self.accepted = match (self.acceptance, outcome) {
            (Some(_), _) => Known::Yes,
            (None, Outcome::Rejected) => Known::No,
            (None, _) => Known::Unknown,
        };
        if let Some(Acceptance { basis }) = self.acceptance {
            let message = match basis {
                Basis::Unsigned => {
                    Some((Code::Unsigned, "nobody vouched for this package; the policy lets it through unsigned"))
                }
                Basis::FirstUse if new => Some((
                    Code::FirstUse,
                    "the first author seen for this package; `countersign accept` remembers them",
                )),
                _ => None,
            };
            self.reasons.extend(message.map(|(code, message)| Reason::new(code, Answer::Note, message)));
        }
    }

    /// What `accept` would write down.
    fn remember(&mut self, release: Option<&Release<'_>>, scale: &Scale<'_>, times: Times) {
        let (Some(acceptance), Some(tree)) = (self.acceptance, self.tree) else { return };
        // What reviewers alone vouch for has no author to be remembered.
        let release = release.filter(|_| acceptance.basis != Basis::Unsigned && !self.authors.is_empty());
        let known = scale.remembered();
        let authors = release.map(|release| {
            let named = release.opened.statement().authors().iter();
            // Whoever was named without ever having signed is not remembered: they never agreed.
            named.filter(|author| known.contains(*author) || self.authors.contains(author)).cloned().collect()
        });
        self.pin = Some(Pin {
            package: scale.package.clone(),
            tree,
            manifest: release.map(|release| release.opened.digest()),
            authors: authors.unwrap_or_default(),
            basis: acceptance.basis,
            accepted: times.now,
            policy: scale.policy.digest(),
        });
        self.replaces = scale.slot.pin().map(|pin| pin.package.clone());
    }
}

/// The reasons for what is not met, without those that another reason says better.
fn explained(
    missing: Vec<Reason>,
    release: Option<&Release<'_>>,
    unread: bool,
    scale: &Scale<'_>,
    told: &[Reason],
) -> Vec<Reason> {
    let better = |reason: &Reason| reason.answer == Answer::Reject && AUTHOR_CODES.contains(&reason.code);
    let is_told = release.is_none() || told.iter().any(better);
    let mut missing = missing;
    if is_told {
        missing.retain(|reason| reason.code != Code::TooFewAuthors);
    }
    let rejected = Outcome::of_reasons(told) == Outcome::Rejected;
    if release.is_none() && !unread && !rejected {
        missing.push(no_manifest(Some(scale.package)));
    }
    missing
}

/// What says better than a count that the author is missing.
const AUTHOR_CODES: &[Code] =
    &[Code::Unauthorised, Code::OutOfScope, Code::TooDeep, Code::AuthorChanged, Code::Downgrade, Code::SignerDenied];

/// Whether what is missing was lifted, under its own code or under one that says it better.
fn is_lifted(missing: Code, lifted: &BTreeSet<Code>) -> bool {
    let better = |code: &Code| *code == Code::NoManifest || AUTHOR_CODES.contains(code);
    lifted.contains(&missing) || missing == Code::TooFewAuthors && lifted.iter().any(better)
}

/// Turns refusals into notes where an exemption of the policy, or the user's own override, lifts them. Gives which ones.
fn lift(
    reasons: &mut [Reason],
    policy: &Policy,
    scale: &Scale<'_>,
    release: Option<&Release<'_>>,
    times: Times,
) -> BTreeSet<Code> {
    let mut lifted = BTreeSet::new();
    // A refusal behind which somebody is revoked or distrusted is no mere lack of evidence.
    let grave = |reason: &Reason| matches!(reason.code, Code::SignerRevoked | Code::SignerDenied);
    let is_grave = reasons.iter().any(grave);
    // Beside refusals, the one open question that a policy can answer.
    let open = |reason: &Reason| reason.answer == Answer::Reject || reason.code == Code::GeneratedCode;
    for reason in reasons.iter_mut().filter(|reason| open(reason)) {
        let exemption = policy.exempts(reason.code, scale.package, times.now).filter(|_| !is_grave);
        let why = match exemption {
            Some(exemption) => format!("exempted until {}: {}", exemption.until, Shown::new(&exemption.reason)),
            None if scale.overriding.is_some_and(|one| alarms::overrides(one, reason.code, release, scale)) => {
                "overridden by you".to_owned()
            }
            None if reason.code == Code::Equivocation => match scale.memory.passed_equivocation(scale.slot) {
                Some(passed) => {
                    format!("overridden by you on {}: {}", passed.accepted, Shown::new(&passed.reason))
                }
                None => continue,
            },
            None => continue,
        };
        lifted.insert(reason.code);
        reason.answer = Answer::Note;
        reason.message = format!("{} ({why})", reason.message);
    }
    lifted
}

fn paths(release: &Release<'_>, authors: &BTreeSet<Fingerprint>) -> Vec<Authentication> {
    let counted = release.authors().filter(|(signer, _)| authors.contains(&signer.certificate));
    counted.filter_map(|(_, right)| right.authentication().cloned()).collect()
}

fn no_manifest(asked: Option<&Purl>) -> Reason {
    let name = asked.map_or_else(|| "this package".to_owned(), ToString::to_string);
    let message = format!("nobody's manifest for {name} was found");
    let step = "name the store that has it with --store, or ask the author to sign the release";
    Reason::new(Code::NoManifest, Answer::Reject, message).step(step)
}

/// What the user refuses on top of the policy.
fn fail_on(basis: Basis) -> Reason {
    let code = if basis == Basis::FirstUse { Code::FirstUse } else { Code::Unsigned };
    Reason::new(code, Answer::Reject, format!("it rests on {basis} alone, and `--fail-on {basis}` refuses that"))
}

fn no_rule(package: &Purl) -> Reason {
    let message = format!("no rule of the policy matches {package}");
    let step = "add a rule for it, or one for `*` at the end of the policy";
    Reason::new(Code::NoRule, Answer::Reject, message).step(step)
}
