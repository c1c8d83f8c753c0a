//! Whether what was measured is what was signed, and not signed by a clock that runs ahead.

use super::heard::{Heard, Present};
use super::{Known, Outcome};
use crate::reason::{Answer, Code, Reason};
use crate::statement::Manifest;
use crate::time::{CLOCK_TOLERANCE, Times};

/// Compares what was measured with what was signed: digest and totals.
pub(super) fn authentic(release: Heard<'_, Manifest>, tree: Option<Present>, reasons: &mut Vec<Reason>) -> Known {
    let manifest = release.statement();
    let Some(tree) = tree else {
        return match Outcome::of_reasons(reasons) {
            Outcome::Rejected => Known::No,
            _ => Known::Unknown,
        };
    };
    let told = (manifest.tree(), manifest.files(), manifest.bytes());
    if (tree.digest, tree.files, tree.bytes) != told {
        if !reasons.iter().any(is_difference) {
            let message = format!(
                "the tree is {} with {} files and {} bytes; signed was {} with {} files and {} bytes",
                tree.digest, tree.files, tree.bytes, told.0, told.1, told.2
            );
            let step = "fetch the package again; with its tree text, the differing files would be named";
            reasons.push(Reason::new(Code::TreeDiffers, Answer::Reject, message).step(step));
        }
        return Known::No;
    }
    if release.signers().next().is_some() { Known::Yes } else { Known::No }
}

/// Whether a reason names a file that differs from what was signed. What differs from memory names none.
fn is_difference(reason: &Reason) -> bool {
    let codes = [Code::FileAdded, Code::FileMissing, Code::ContentDiffers, Code::ModeDiffers, Code::TypeDiffers];
    codes.contains(&reason.code) && reason.path.is_some()
}

pub(super) fn check_clock(manifest: &Manifest, times: Times, reasons: &mut Vec<Reason>) {
    let latest = times.at.min(times.now).plus(CLOCK_TOLERANCE);
    if manifest.released() > latest {
        let message = format!("the manifest is dated {}, which is ahead of {}", manifest.released(), times.at);
        let step = "check this machine's clock, and the time given with --at";
        reasons.push(Reason::new(Code::Clock, Answer::CannotTell, message).step(step));
    }
}
