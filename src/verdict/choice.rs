//! Which of several manifests of one version a tree is held against.

use std::cmp::Reverse;

use super::authors::{Origin, Release, Scale};
use super::clauses::Authors;
use crate::digest::Digest;
use crate::policy::rule::Unsigned;

/// The manifests that may speak for a package.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// Their places, the best first.
    order: Vec<usize>,
    /// Whether nobody who counts has signed any, and the policy lets unsigned packages through.
    may_be_none: bool,
}

impl Choice {
    /// Of several manifests, those that meet the most author clauses come first, then those that the most people who count have
    /// signed. What nobody who counts has signed is looked at only where nothing else is there.
    pub fn new<'s>(releases: &[Release<'_>], scale: &impl Fn(Option<Digest>) -> Option<Scale<'s>>) -> Self {
        let met = |release: &Release<'_>| {
            scale(Some(release.opened.digest()))
                .map_or(0, |scale| Authors { release: Some(release), scale: &scale }.met())
        };
        let people = |place: &usize| releases[*place].people().len();
        let is_any = (0..releases.len()).any(|place| people(&place) > 0);
        let mut order: Vec<_> = (0..releases.len()).filter(|place| !is_any || people(place) > 0).collect();
        order.sort_by_cached_key(|place| {
            let release = &releases[*place];
            (Reverse(met(release)), Reverse(people(place)), release.origin, release.opened.digest())
        });
        let passes = scale(None).is_some_and(|scale| scale.rule.unsigned == Unsigned::Accept);
        Self { order, may_be_none: !is_any && passes }
    }

    /// Whether it depends on the tree.
    pub fn is_open(&self) -> bool {
        self.order.len() > 1 || self.may_be_none && !self.order.is_empty()
    }

    /// The place of the one that a tree is held against: the best one that names it, so that a signature more on another
    /// one takes nothing away from this; where none names it, the best one. A stranger's manifest of another tree is
    /// no word about a package that may be unsigned, unless it came with it.
    pub fn of(&self, releases: &[Release<'_>], tree: Option<Digest>) -> Option<usize> {
        let fits = |place: &usize| tree.is_some_and(|tree| releases[*place].opened.statement().tree() == tree);
        let own = |place: &usize| releases[*place].origin == Origin::Own;
        let best = self.order.first().copied();
        if self.may_be_none {
            return best.filter(own).or_else(|| self.order.iter().copied().find(fits));
        }
        self.order.iter().copied().find(fits).or(best)
    }
}
