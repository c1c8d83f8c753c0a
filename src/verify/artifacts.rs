//! What packages use beside their own files: each folder is held against the name that git gives to its tree.

use crate::ecosystem::Place;
use crate::reason::{Answer, Code, Reason};
use crate::shown::Shown;
use crate::tree::git::hold;

use super::Request;

/// Every way in which a package's artifacts are not what it binds.
pub(super) fn differences(place: &Place, request: &Request<'_>) -> Vec<Reason> {
    let mut reasons = Vec::new();
    for bound in &place.bound {
        for folder in &bound.folders {
            let of = format!("artifact {} in {}", Shown::new(&bound.name), Shown::path(folder));
            match hold(folder, bound.tree, request.limits, request.watcher) {
                Ok(told) => reasons.extend(told.into_iter().map(|mut reason| {
                    reason.message = format!("{of}: {}", reason.message);
                    reason
                })),
                Err(error) => {
                    let message = format!("{of} cannot be looked at: {error}");
                    reasons.push(Reason::new(Code::Unreadable, Answer::CannotTell, message));
                }
            }
        }
    }
    reasons
}
