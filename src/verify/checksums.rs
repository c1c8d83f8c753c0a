//! Which packages of a project are what its lockfile's checksums say: the archive by its digest, and the installed files by the
//! archive. No signature and no policy has a part in it.

use rayon::prelude::*;

use crate::ecosystem::{Kind, Locked, Place, Project};
use crate::limits::Limits;
use crate::package::Purl;
use crate::reason::{Answer, Code, Reason};
use crate::statement::check::Subject;
use crate::tree::{SurveyRequest, Watcher, survey};
use crate::tree_text::TreeText;
use crate::verdict::Outcome;

/// A package, and whether it is what the lockfile's checksum says.
#[derive(Debug)]
#[non_exhaustive]
pub struct Checksum {
    /// The package with its version.
    pub package: Purl,
    /// What holds; or why it cannot be told (`lock-unchecked`, `not-found`), or does not hold.
    pub outcome: Result<Held, Vec<Reason>>,
}

/// What holds of a package.
#[derive(Debug)]
#[non_exhaustive]
pub struct Held {
    /// The tree that the archive unpacks to, which is what is installed, in every place.
    pub tree: TreeText,
    /// The registry and the archive, as the lockfile names them.
    pub subject: Subject,
}

/// Holds the `wanted` packages against the lockfile's checksums, in the lockfile's order. The user's own are left out.
pub fn checksums(
    project: &dyn Project,
    wanted: &(dyn Fn(&Locked) -> bool + Sync),
    limits: &Limits,
    watcher: &dyn Watcher,
) -> Vec<Checksum> {
    let foreign = |locked: &&Locked| !matches!(locked.kind, Kind::Local | Kind::Builtin) && wanted(locked);
    let rows: Vec<_> = project.locked().iter().filter(foreign).collect();
    rows.par_iter()
        .map(|locked| {
            let outcome = hold(project, locked, limits, watcher);
            watcher.verified();
            Checksum { package: locked.package.clone(), outcome }
        })
        .collect()
}

fn hold(project: &dyn Project, locked: &Locked, limits: &Limits, watcher: &dyn Watcher) -> Result<Held, Vec<Reason>> {
    let unchecked = |why: &str| vec![Reason::new(Code::LockUnchecked, Answer::Note, why)];
    let (Some(registry), Some(archive)) = (locked.source.clone(), locked.archive) else {
        return Err(unchecked("the lockfile has no checksum of it"));
    };
    let found = project.locate(locked);
    if found.places.is_empty() || Outcome::of_reasons(&found.reasons) != Outcome::Accepted {
        return Err(found.reasons);
    }
    let mut tree = None;
    for place in &found.places {
        if Outcome::of_reasons(&place.reasons) != Outcome::Accepted {
            return Err(place.reasons.clone());
        }
        let packed = place.archive.as_ref().ok_or_else(|| unchecked("no archive of it is at hand"))?;
        let packed = packed.read(archive, limits).map_err(|reason| vec![reason])?;
        hold_place(place, &packed, limits, watcher)?;
        tree = Some(packed);
    }
    let tree = tree.ok_or_else(|| unchecked("it lies nowhere"))?;
    Ok(Held { tree, subject: Subject { registry, archive } })
}

/// What is installed in one place is what the archive unpacks to.
fn hold_place(place: &Place, packed: &TreeText, limits: &Limits, watcher: &dyn Watcher) -> Result<(), Vec<Reason>> {
    let told = survey(&SurveyRequest {
        additions: place.additions,
        dropped: place.dropped,
        expected: Some(packed),
        watcher,
        ..SurveyRequest::plain(&place.folder, limits)
    });
    let folder = place.folder.as_os_str().as_encoded_bytes();
    let told =
        told.map_err(|error| vec![Reason::new(Code::Unreadable, Answer::CannotTell, error.to_string()).at(folder)])?;
    let mut reasons = told.differences_from_archive(packed);
    reasons.extend(told.reasons().iter().filter(|one| !matches!(one.answer, Answer::Note)).cloned());
    // Whatever was told or not: only the very tree holds.
    let same = told.measured().is_some_and(|tree| tree.text().digest() == packed.digest());
    if !same && reasons.is_empty() {
        reasons
            .push(Reason::new(Code::TreeDiffers, Answer::Reject, "it is not what the archive unpacks to").at(folder));
    }
    if same && reasons.is_empty() { Ok(()) } else { Err(reasons) }
}
