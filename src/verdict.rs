//! The judgement: from evidence and policy to a verdict. Pure: it reads no file, no clock and no key.

use serde::Serialize;

use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
pub use crate::lock::Basis;
use crate::openpgp::open::OpenedStatement;
use crate::package::Purl;
use crate::policy::Signers;
use crate::reason::{Answer, Code, Reason};
use crate::statement::Manifest;
use crate::time::{CLOCK_TOLERANCE, Times};
use crate::tree::MeasuredTree;

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
#[derive(Debug, Clone, PartialEq, Eq)]
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
            tree: None,
            manifest: None,
            files: None,
            bytes: None,
            reasons,
        }
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
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "whoever judges must give all of it")]
pub struct Case<'a> {
    /// The package that was asked for.
    pub asked: Option<&'a Purl>,
    /// Opened manifests of this very package and version, in any order.
    pub releases: &'a [OpenedStatement<Manifest>],
    /// The place in `releases` of the one that the tree was compared with.
    pub compared: Option<usize>,
    /// The tree, where it could be measured.
    pub tree: Option<&'a MeasuredTree>,
    /// What was found on the way: faults and differences of the tree, evidence that was set aside.
    pub found: Vec<Reason>,
    /// What is asked for.
    pub signers: &'a Signers,
    /// When.
    pub times: Times,
}

/// Judges one package by a policy of signers.
pub fn judge(case: Case<'_>) -> Verdict {
    let release = case.compared.and_then(|place| case.releases.get(place));
    let mut reasons = case.found;
    reasons.extend(equivocations(case.releases, case.signers));
    let mut verdict = Verdict {
        package: case.asked.or_else(|| release.map(|release| release.statement().package())).cloned(),
        acceptance: None,
        authentic: Known::No,
        authorised: Known::No,
        accepted: Known::No,
        authors: Vec::new(),
        tree: case.tree.map(MeasuredTree::digest),
        manifest: release.map(|release| release.statement().digest()),
        files: case.tree.map(MeasuredTree::files),
        bytes: case.tree.map(MeasuredTree::bytes),
        reasons: Vec::new(),
    };
    match release {
        None => match Outcome::of_reasons(&reasons) {
            Outcome::Rejected => {}
            // The manifest may be what could not be read.
            Outcome::Undetermined => (verdict.authentic, verdict.authorised) = (Known::Unknown, Known::Unknown),
            Outcome::Accepted => reasons.push(no_manifest(case.asked)),
        },
        Some(release) => {
            reasons.extend(release.findings().iter().cloned());
            verdict.authentic = authentic(release, case.tree, &mut reasons);
            let counted = count(release, case.signers, &mut reasons);
            verdict.authorised = counted.authorised(case.signers.needed());
            check_clock(release.statement(), case.times, &mut reasons);
            verdict.authors = counted.authors;
        }
    }
    match Outcome::of_reasons(&reasons) {
        Outcome::Accepted if verdict.authentic == Known::Yes && verdict.authors.len() >= case.signers.needed() => {
            verdict.acceptance = Some(Acceptance { basis: Basis::Policy });
            verdict.accepted = Known::Yes;
        }
        Outcome::Rejected => {}
        _ => verdict.accepted = Known::Unknown,
    }
    verdict.reasons = reasons;
    verdict
}

/// The voices for one release.
struct Counted {
    /// Named signers with a good signature, each once.
    authors: Vec<Fingerprint>,
    /// Named signers whose signature this build cannot check.
    unsupported: usize,
}

impl Counted {
    fn authorised(&self, needed: usize) -> Known {
        match self.authors.len() {
            n if n >= needed => Known::Yes,
            n if n + self.unsupported >= needed => Known::Unknown,
            _ => Known::No,
        }
    }
}

fn count(release: &OpenedStatement<Manifest>, signers: &Signers, reasons: &mut Vec<Reason>) -> Counted {
    let named = |signer: &&Fingerprint| signers.named().contains(*signer);
    let authors: Vec<_> = release.signers().filter(named).cloned().collect();
    let unsupported = release.unsupported().filter(named).filter(|signer| !authors.contains(signer)).count();
    let counted = Counted { authors, unsupported };
    let needed = signers.needed();
    let count = counted.authors.len();
    if count < needed {
        let answer = if counted.authorised(needed) == Known::Unknown { Answer::CannotTell } else { Answer::Reject };
        let left: Vec<_> = signers.named().iter().filter(|signer| !counted.authors.contains(signer)).collect();
        let more = needed - count;
        let from: Vec<_> = left.iter().map(|signer| signer.as_str()).collect();
        let plural = if more == 1 { "signature" } else { "signatures" };
        let message = format!("{count} of {needed} needed author signatures by the named signers");
        let step = format!("{more} more good {plural} on this manifest by {}", from.join(" or "));
        reasons.push(Reason::new(Code::TooFewAuthors, answer, message).step(step));
    }
    counted
}

/// Compares what was measured with what was signed: digest and totals.
fn authentic(release: &OpenedStatement<Manifest>, tree: Option<&MeasuredTree>, reasons: &mut Vec<Reason>) -> Known {
    let manifest = release.statement();
    let Some(tree) = tree else {
        return match Outcome::of_reasons(reasons) {
            Outcome::Rejected => Known::No,
            _ => Known::Unknown,
        };
    };
    let told = (manifest.tree(), manifest.files(), manifest.bytes());
    if (tree.digest(), tree.files(), tree.bytes()) != told {
        if !reasons.iter().any(is_difference) {
            let message = format!(
                "the tree is {} with {} files and {} bytes; signed was {} with {} files and {} bytes",
                tree.digest(),
                tree.files(),
                tree.bytes(),
                told.0,
                told.1,
                told.2
            );
            let step = "fetch the package again; with its tree text, the differing files would be named";
            reasons.push(Reason::new(Code::TreeDiffers, Answer::Reject, message).step(step));
        }
        return Known::No;
    }
    if release.signers().next().is_some() { Known::Yes } else { Known::No }
}

fn is_difference(reason: &Reason) -> bool {
    let codes = [Code::FileAdded, Code::FileMissing, Code::ContentDiffers, Code::ModeDiffers, Code::TypeDiffers];
    codes.contains(&reason.code)
}

fn check_clock(manifest: &Manifest, times: Times, reasons: &mut Vec<Reason>) {
    let latest = times.at.min(times.now).plus(CLOCK_TOLERANCE);
    if manifest.released() > latest {
        let message = format!("the manifest is dated {}, which is ahead of {}", manifest.released(), times.at);
        let step = "check this machine's clock, and the time given with --at";
        reasons.push(Reason::new(Code::Clock, Answer::CannotTell, message).step(step));
    }
}

fn no_manifest(asked: Option<&Purl>) -> Reason {
    let name = asked.map_or_else(|| "this package".to_owned(), ToString::to_string);
    let message = format!("nobody's manifest for {name} was found");
    let step = "name the store that has it with --store, or ask the author to sign the release";
    Reason::new(Code::NoManifest, Answer::Reject, message).step(step)
}

/// One certificate that signed two trees for one version contradicts itself, and nothing it says can be relied on.
fn equivocations(releases: &[OpenedStatement<Manifest>], signers: &Signers) -> Vec<Reason> {
    let mut found = Vec::new();
    for signer in signers.named() {
        let signed = releases.iter().filter(|release| release.signers().any(|other| other == signer));
        let mut trees: Vec<_> = signed.map(|release| release.statement().tree()).collect();
        trees.sort();
        trees.dedup();
        if let [first, second, ..] = trees[..] {
            let message = format!("{signer} signed two trees for this version: {first} and {second}");
            let step = "ask this author which of them is theirs, by another way than the one the files came";
            found.push(Reason::new(Code::Equivocation, Answer::Reject, message).step(step));
        }
    }
    found
}
