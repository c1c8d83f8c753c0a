//! A whole project: one verdict for each package that its lockfile names, in parallel, under one policy and network.
//!
//! Where the archive is at hand, its digest is held against the lockfile and the installed files against the archive, so
//! that a byte changed after installation is found in a package that nobody signed.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::{Installed, Judged, Request, Shared, VerifyError, artifacts, judge_package, network};
use crate::digest::Digest;
use crate::ecosystem::{Kind, Locked, Place, Project};
use crate::fingerprint::Fingerprint;
use crate::package::Purl;
use crate::reason::{Answer, Code, Reason};
use crate::report::{PackageReport, Report};
use crate::shown::Shown;
use crate::statement::check::Subject;
use crate::tree::GitTree;
use crate::verdict::{Outcome, Verdict};

/// What came out for a project.
#[derive(Debug)]
#[non_exhaustive]
pub struct VerifiedProject {
    /// A verdict for each package that was looked at, in the order of the lockfile.
    pub verdicts: Vec<Verdict>,
    /// The same as a report.
    pub report: Report,
    /// Good signatures by people who count: what first sight is remembered of.
    pub signed: Vec<(Digest, Fingerprint)>,
    /// The lockfiles that lie beside the one that was read.
    pub beside: Beside,
}

/// Lockfiles of other ecosystems beside the one that was read. What they name is remembered, too, and stays so.
#[derive(Debug, Clone, Default)]
pub struct Beside {
    own: &'static str,
    others: Vec<&'static str>,
}

impl Beside {
    /// Names the ecosystem of the lockfile that was read, and those of the others.
    pub fn new(own: &'static str, others: impl IntoIterator<Item = &'static str>) -> Self {
        Self { own, others: others.into_iter().filter(|other| *other != own).collect() }
    }

    /// Whether one of the others may name a package. A list of folders may name any.
    pub fn may_name(&self, package: &Purl) -> bool {
        let kind = package.kind();
        self.others.iter().any(|other| *other == kind || (*other == FOLDERS && kind != self.own))
    }
}

/// The ecosystem of folders, whose packages are of every kind.
const FOLDERS: &str = "dir";

/// Verifies the packages of a project that are `wanted`. `request` says all but the directory and the package.
pub fn verify_project(
    project: &dyn Project,
    wanted: &(dyn Fn(&Locked) -> bool + Sync),
    request: &Request<'_>,
) -> VerifiedProject {
    let network = network(request);
    let shared = Shared::of(network.as_ref(), request.keyring, request.policy);
    let all: BTreeSet<_> = project.locked().iter().map(|locked| locked.package.clone()).collect();
    let rows: Vec<_> = project.locked().iter().filter(|locked| wanted(locked)).collect();
    let judged: Vec<_> = rows
        .par_iter()
        .map(|locked| {
            let judged = judge_locked(project, locked, &all, request, &shared);
            request.watcher.verified();
            judged
        })
        .collect();
    let (mut verdicts, mut packages, mut signed) = (Vec::new(), Vec::new(), Vec::new());
    for judged in judged {
        verdicts.push(judged.verdict);
        packages.push(judged.package);
        signed.extend(judged.signed);
    }
    let mut reasons = request.notes.clone();
    reasons.extend(project.notes().iter().cloned());
    if rows.len() < project.locked().len() {
        let message = format!("{} of {} packages were looked at", rows.len(), project.locked().len());
        reasons.push(Reason::new(Code::Narrowed, Answer::Note, message));
    }
    let report = Report::new(request.times.at, request.source.clone(), packages, reasons);
    VerifiedProject { verdicts, report, signed, beside: Beside::default() }
}

/// Judges one entry in every place where it lies. One bad copy refuses it, and so do copies that differ.
fn judge_locked<'n>(
    project: &dyn Project,
    locked: &Locked,
    all: &BTreeSet<Purl>,
    request: &Request<'_>,
    shared: &'n Shared<'n>,
) -> Judged {
    let unasked = |verdict: Verdict| {
        let package = PackageReport::new(&verdict, 0, request.limits.reasons);
        Judged { verdict, package, signed: Vec::new(), reading: None, needs: Vec::new() }
    };
    let found = project.locate(locked);
    if locked.kind == Kind::Builtin {
        // Never refused: what the language itself brings is trusted as its compiler is.
        let notes = found.reasons.into_iter().filter(|reason| reason.answer == Answer::Note);
        return unasked(Verdict { reasons: notes.collect(), ..Verdict::builtin(locked.package.clone()) });
    }
    if found.places.is_empty() || Outcome::of_reasons(&found.reasons) != Outcome::Accepted {
        return refused(locked, found.reasons, request);
    }
    if locked.kind == Kind::Local {
        return unasked(Verdict::local(locked.package.clone()));
    }
    let mut notes = found.reasons;
    if let [first, others @ ..] = found.places.as_slice()
        && !others.is_empty()
    {
        let others: Vec<_> = others.iter().map(|place| Shown::path(&place.folder).to_string()).collect();
        let message = format!("also in {}; every copy was verified", others.join(", "));
        notes.push(
            Reason::new(Code::ShadowedCopy, Answer::Note, message).at(first.folder.as_os_str().as_encoded_bytes()),
        );
    }
    let judge = |place: &Place| judge_copy(place, locked, &notes, all, request, shared);
    let copies: Vec<_> = found.places.iter().map(judge).collect();
    let trees: BTreeSet<_> = copies.iter().filter_map(|copy| copy.verdict.tree).collect();
    if trees.len() > 1 && !found.ordered {
        let message = "the copies differ, and nothing says which one is used";
        notes.push(Reason::new(Code::FoundTwice, Answer::Reject, message));
        return refused(locked, notes, request);
    }
    // The worst one stands for all; of equals, the first.
    let worst = copies.into_iter().rev().max_by_key(|copy| copy.verdict.outcome());
    worst.unwrap_or_else(|| refused(locked, Vec::new(), request))
}

fn judge_copy<'n>(
    place: &Place,
    locked: &Locked,
    notes: &[Reason],
    all: &BTreeSet<Purl>,
    request: &Request<'_>,
    shared: &'n Shared<'n>,
) -> Judged {
    let mut reasons = [notes, place.reasons.as_slice()].concat();
    let mut packed = None;
    match (&place.archive, locked.archive) {
        (Some(archive), Some(wanted)) => match archive.read(wanted, request.limits) {
            Ok(text) => packed = Some(text),
            Err(reason) => reasons.push(reason),
        },
        // The tree itself is held against the lockfile when it is measured.
        (None, None) if locked.tree.is_some() => {}
        (archive, _) => {
            let missing = if archive.is_none() { "no archive is at hand" } else { "the lockfile has no checksum" };
            let message =
                format!("{missing}, so a byte changed after installation would go unseen in an unsigned package");
            reasons.push(Reason::new(Code::LockUnchecked, Answer::Note, message));
        }
    }
    reasons.extend(artifacts::differences(place, request));
    let subject = locked.source.clone().zip(locked.archive);
    let subject = subject.map(|(registry, archive)| Subject { registry, archive });
    let git = locked.tree.map(|id| GitTree { id, built: place.built, leftovers: place.leftovers });
    let (packed, subject) = (packed.as_ref(), subject.as_ref());
    let installed = Installed { place, packed, reasons: &reasons, git, subject, locked: all };
    let request = of_place(&installed, locked, request);
    match judge_package(&request, shared, false) {
        Ok(judged) => judged,
        Err(error) => refused(locked, [reasons.as_slice(), &[not_looked_at(place, &error)]].concat(), &request),
    }
}

/// The same question about the copy of a package in one place.
pub(super) fn of_place<'a>(installed: &'a Installed<'a>, locked: &'a Locked, request: &Request<'a>) -> Request<'a> {
    Request {
        dir: &installed.place.folder,
        package: Some(&locked.package),
        installed: Some(installed),
        source: request.source.clone(),
        notes: Vec::new(),
        ..*request
    }
}

/// Why nothing can be told of a copy.
pub(super) fn not_looked_at(place: &Place, error: &VerifyError) -> Reason {
    let message = format!("the package's folder cannot be looked at: {error}");
    Reason::new(Code::Unreadable, Answer::CannotTell, message).at(place.folder.as_os_str().as_encoded_bytes())
}

fn refused(locked: &Locked, reasons: Vec<Reason>, request: &Request<'_>) -> Judged {
    let verdict = Verdict::refused(Some(locked.package.clone()), reasons);
    let package = PackageReport::new(&verdict, 0, request.limits.reasons);
    Judged { verdict, package, signed: Vec::new(), reading: None, needs: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lockfile_beside_may_name_its_own_kind_and_folders_any_other() {
        let named = |own, others: &[&'static str]| {
            let beside = Beside::new(own, others.iter().copied());
            ["pkg:cargo/a@1", "pkg:julia/A@1?uuid=7876af07-990d-54b4-ab0e-23690620f79a", "pkg:generic/a@1"]
                .map(|package| beside.may_name(&package.parse().expect("a package")))
        };
        assert_eq!(named("cargo", &[]), [false, false, false]);
        assert_eq!(named("cargo", &["cargo"]), [false, false, false]);
        assert_eq!(named("cargo", &["julia"]), [false, true, false]);
        assert_eq!(named("julia", &["cargo"]), [true, false, false]);
        assert_eq!(named("cargo", &["dir"]), [false, true, true]);
        assert_eq!(named("dir", &["cargo"]), [true, false, false]);
    }
}
