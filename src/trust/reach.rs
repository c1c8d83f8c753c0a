//! How far the roots reach, whatever the target: the fewest certifications to a node, and how many more may follow.
//!
//! Both are upper bounds, taken each for itself, so that what they rule out needs no verification and what they let
//! through is still for the search to judge.

use super::view::View;

/// For each node of a network, what a path could at best bring there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reach {
    left: Vec<Option<usize>>,
    hops: Vec<usize>,
}

impl Reach {
    /// By what certifications claim: costs no verification.
    pub(super) fn claimed(view: &View<'_, '_>) -> Self {
        Self::found(view, false, None)
    }

    /// By those that would count if their signatures held: judges certificates, and verifies no certification.
    pub(super) fn hoped(view: &View<'_, '_>, max_edges: Option<usize>) -> Self {
        Self::found(view, true, max_edges)
    }

    /// Whether a path from the roots may come to a node and go on for so many certifications more.
    pub(super) fn allows(&self, node: u32, more: usize, max_edges: Option<usize>) -> bool {
        let node = node as usize;
        self.left[node].is_some_and(|left| left >= more)
            && max_edges.is_none_or(|max| self.hops[node].saturating_add(more) <= max)
    }

    /// The fewest certifications from a root to a node; none where no path can come.
    pub(super) fn hops(&self, node: u32) -> Option<usize> {
        Some(self.hops[node as usize]).filter(|hops| *hops != usize::MAX)
    }

    fn found(view: &View<'_, '_>, hoped: bool, max_edges: Option<usize>) -> Self {
        let network = view.network();
        let nodes = network.size().0;
        let mut reach = Self { left: vec![None; nodes], hops: vec![usize::MAX; nodes] };
        let mut frontier = Vec::new();
        for (node, root) in view.roots() {
            let left = if root.depth.reaches(usize::MAX) { usize::MAX } else { root.depth.value().into() };
            reach.left[*node as usize] = Some(left);
            reach.hops[*node as usize] = 0;
            frontier.push(*node);
        }
        let mut round = 0;
        while !frontier.is_empty() && max_edges.is_none_or(|max| round < max) {
            let going_on = |node: &&u32| reach.left[**node as usize].is_some_and(|left| left > 0);
            let places: Vec<u32> = frontier
                .iter()
                .filter(going_on)
                .flat_map(|node| network.by(*node))
                .copied()
                .filter(|place| view.may_count(network.utterance(*place)))
                .collect();
            let mut next = Vec::new();
            for place in places {
                let utterance = network.utterance(place);
                let (issuer, target) = (utterance.issuer as usize, utterance.target as usize);
                let depth = if hoped {
                    view.offers(place).map(|offer| offer.depth).max()
                } else {
                    Some(view.claimed_depth(utterance))
                };
                let (Some(depth), Some(left)) = (depth, reach.left[issuer]) else { continue };
                let limit = if depth.reaches(usize::MAX) { usize::MAX } else { depth.value().into() };
                let after = limit.min(if left == usize::MAX { left } else { left - 1 });
                let hops = reach.hops[issuer].saturating_add(1);
                let better = reach.left[target].is_none_or(|known| known < after) || hops < reach.hops[target];
                if better {
                    reach.left[target] = reach.left[target].max(Some(after));
                    reach.hops[target] = reach.hops[target].min(hops);
                    next.push(utterance.target);
                }
            }
            next.sort_unstable();
            next.dedup();
            frontier = next;
            round += 1;
        }
        reach
    }
}
