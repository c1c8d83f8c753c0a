//! What is worth knowing about the chain that a release stands in, and changes no verdict.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::authors::{Release, Scale};
use super::chain::Link;
use super::memory::VersionOrder;
use crate::digest::Digest;
use crate::reason::{Answer, Code, Reason};

/// Gaps and forks in the chain, and newer releases by the same authors.
pub(super) fn of_chain(
    release: &Release<'_>,
    releases: &[Release<'_>],
    scale: &Scale<'_>,
    order: &VersionOrder<'_>,
) -> Vec<Reason> {
    let mut notes = Vec::new();
    let digest = release.opened.digest();
    if let Some(pinned) = scale.slot.pin().and_then(|pin| pin.manifest).filter(|pinned| *pinned != digest) {
        let message = match scale.chain.link(digest, pinned) {
            Link::Follows => None,
            Link::Gap => {
                Some("the manifests between this release and the one that was accepted before are not all at hand")
            }
            Link::Apart => Some("this release does not say that it follows the one that was accepted before"),
        };
        let step = "add the evidence of the releases between: `countersign store add`";
        notes.extend(message.map(|message| Reason::new(Code::ChainGap, Answer::Note, message).step(step)));
    }
    let authors: BTreeSet<_> = release.authors().map(|(signer, _)| &signer.certificate).collect();
    let theirs = |manifest: Digest| {
        let opened = scale.chain.manifests().find(|opened| opened.digest() == manifest);
        opened.is_some_and(|opened| opened.signers().any(|signer| authors.contains(signer)))
    };
    for (of, one, other) in scale.chain.forks() {
        if theirs(one) && theirs(other) {
            let message = format!("two manifests follow {of}: {one} and {other}");
            let step = "the author heals this by a release that names both as its previous ones";
            notes.push(Reason::new(Code::ChainFork, Answer::Note, message).step(step));
        }
    }
    let same = |digest: Digest| releases.iter().any(|release| release.opened.digest() == digest);
    let newer = scale
        .chain
        .manifests()
        .filter(|opened| !same(opened.digest()))
        .filter(|opened| opened.signers().any(|signer| authors.contains(signer)))
        .map(|opened| opened.statement().package())
        .filter(|package| order(package, scale.package) == Some(Ordering::Greater))
        .max_by(|one, other| order(one, other).unwrap_or(Ordering::Equal));
    if let Some(newer) = newer {
        let message = format!("a newer release by the same author is known: {newer}");
        notes.push(Reason::new(Code::NewerKnown, Answer::Note, message));
    }
    notes
}
