//! The chain of manifests: what a release follows, and whether its authors were handed over properly.
//!
//! `previous` in a manifest names the digests of those before it, and is signed with it. Stores may lack some of them,
//! and hold others that nobody asked for; a chain is only what leads, link by link, from one manifest back to another.

use std::collections::{BTreeMap, BTreeSet};

use super::heard::Heard;
use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::statement::Manifest;

/// The opened manifests of one package, of all its versions, by their digests.
#[derive(Debug, Clone, Default)]
pub struct Chain<'a>(BTreeMap<Digest, Heard<'a, Manifest>>);

/// How one manifest stands to an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "there is no third way for a chain to be")]
pub enum Link {
    /// The later one follows the earlier one, over manifests that are all at hand.
    Follows,
    /// Somewhere on the way a manifest is missing, so it cannot be told.
    Gap,
    /// Every way back was followed to its beginning, and the earlier one is not on it.
    Apart,
}

/// What a handover is held against.
#[expect(missing_debug_implementations, reason = "it holds functions")]
#[expect(clippy::exhaustive_structs, reason = "whoever asks must say all of it")]
pub struct Handover<'a> {
    /// The manifest that was accepted.
    pub pinned: Digest,
    /// All who are remembered with it, whether their word counts by now or not.
    pub authors: &'a BTreeSet<Fingerprint>,
    /// How many of those before must sign a change of authors.
    pub needed: usize,
    /// Whether somebody's signature counts.
    pub counts: &'a dyn Fn(&Fingerprint) -> bool,
    /// Folds fingerprints into the number of different people.
    pub people: &'a dyn Fn(&BTreeSet<Fingerprint>) -> usize,
}

impl<'a> Chain<'a> {
    /// All manifests at hand of one package.
    pub fn new(manifests: impl IntoIterator<Item: Into<Heard<'a, Manifest>>>) -> Self {
        let manifests = manifests.into_iter().map(Into::into);
        Self(manifests.map(|manifest: Heard<'a, Manifest>| (manifest.digest(), manifest)).collect())
    }

    /// Every manifest, in the order of digests.
    pub fn manifests(&self) -> impl Iterator<Item = Heard<'a, Manifest>> {
        self.0.values().copied()
    }

    /// The digests that a manifest at hand names as those before it.
    fn previous(&self, manifest: Digest) -> &'a [Digest] {
        self.0.get(&manifest).map_or(&[], |opened| opened.statement().previous())
    }

    /// Whether `later` follows `earlier`. What nobody signed is no link.
    pub fn link(&self, later: Digest, earlier: Digest) -> Link {
        let mut gap = false;
        let reached = self.walk(later, earlier, |_, _| true, &mut gap);
        match reached {
            true => Link::Follows,
            false if gap => Link::Gap,
            false => Link::Apart,
        }
    }

    /// Whether an unbroken chain leads from the pinned manifest to `release`, in which each change of authors is signed
    /// by as many of those before as are needed, and by everyone who is new.
    pub fn is_handed_over(&self, release: Digest, asked: &Handover<'_>) -> bool {
        let before = |earlier: Digest| -> BTreeSet<Fingerprint> {
            if earlier == asked.pinned {
                return asked.authors.clone();
            }
            let manifest = self.0.get(&earlier);
            manifest.map(|opened| opened.statement().authors().iter().cloned().collect()).unwrap_or_default()
        };
        let is_proper = |later: Digest, earlier: Digest| {
            let Some(opened) = self.0.get(&later) else { return false };
            let (before, after) = (before(earlier), opened.statement().authors());
            // A signature that does not count is nobody's consent, and whoever it is of was there before or was not.
            let signed: BTreeSet<_> = opened.signers().filter(|one| (asked.counts)(one)).cloned().collect();
            let new_sign = after.iter().filter(|author| !before.contains(author)).all(|author| signed.contains(author));
            let counting = |author: &&Fingerprint| (asked.counts)(author);
            let unchanged = after.iter().filter(counting).eq(before.iter().filter(counting));
            let by_before: BTreeSet<_> = signed.intersection(&before).cloned().collect();
            let enough = if unchanged { 1 } else { asked.needed };
            new_sign && (asked.people)(&by_before) >= enough
        };
        self.walk(release, asked.pinned, is_proper, &mut false)
    }

    /// Follows `previous` from one manifest back to another over links that are `good`; notes in `gap` whether one that
    /// is named is not at hand.
    fn walk(&self, from: Digest, to: Digest, good: impl Fn(Digest, Digest) -> bool, gap: &mut bool) -> bool {
        let mut seen = BTreeSet::from([from]);
        let mut left = vec![from];
        while let Some(later) = left.pop() {
            for &earlier in self.previous(later) {
                if !good(later, earlier) {
                    continue;
                }
                if earlier == to {
                    return true;
                }
                match self.0.get(&earlier) {
                    // An unsigned text could claim any descent.
                    Some(opened) if opened.signers().next().is_some() => {
                        if seen.insert(earlier) {
                            left.push(earlier);
                        }
                    }
                    _ => *gap = true,
                }
            }
        }
        false
    }

    /// Pairs of manifests of different trees that both follow the same one: the chain forks.
    pub fn forks(&self) -> Vec<(Digest, Digest, Digest)> {
        let mut after: BTreeMap<Digest, Vec<Digest>> = BTreeMap::new();
        for opened in self.0.values().filter(|opened| opened.signers().next().is_some()) {
            for &earlier in opened.statement().previous() {
                after.entry(earlier).or_default().push(opened.digest());
            }
        }
        after.into_iter().filter_map(|(of, after)| Some((of, *after.first()?, *after.get(1)?))).collect()
    }
}

#[cfg(test)]
mod tests;
