//! How far the roots reach a target: the search. What it finds, [`PathSet::check`] accepts, or it is not told.
//!
//! 1. *Greedy*: shortest paths first. Nearly always enough, and nearly linear in the size of the problem.
//! 2. *Relaxed*: the most that could flow if depths held for each edge alone. It shows what cannot be reached; and where
//!    its flow keeps all depths, it is the answer.
//! 3. *Exact*: the admissible paths are listed, and the best whole-numbered flows along them found.
//!
//! The third is exact where a target has no more than 512 paths and the allowed work suffices.
//! Beyond, the answer is what was shown so far: never a guess upwards.

mod budgets;
pub(super) mod greedy;
mod linear;
mod network;
pub(super) mod packing;
mod relaxed;
pub(super) mod routes;

use std::collections::BTreeMap;

use crate::grant::Amount;

use super::check::{Fault, PathSet};
use super::problem::{Path, Problem};

pub(super) use self::budgets::Budgets;
pub(super) use self::network::{Network, Route};

/// Paths that show the wanted amount; or, if none do, the most that the search can show.
///
/// The order of the problem's certifications and roots does not matter. No more than `wanted` is shown.
pub fn solve(problem: &Problem, wanted: Amount) -> PathSet {
    let network = Network::new(problem);
    let own = network.own_path(wanted);
    let left = u32::from(wanted.value()) - own.as_ref().map_or(0, |path| u32::from(path.flow.value()));
    let mut budgets = Budgets::new(&network);
    let mut found = greedy::greedy(&network, &mut budgets, left);
    let mut shown = total(&found);
    let mut most = quick(&network);
    if shown < left && most > shown {
        let relaxed = relaxed::relaxed(&network, left);
        most = relaxed.flow;
        if total(&relaxed.routes) > shown {
            shown = total(&relaxed.routes);
            found = relaxed.routes;
        }
    }
    if shown < left && most > shown {
        let (few, listed) = routes::routes(&network);
        let least = vec![0; listed.len()];
        if let Some(flows) = packing::pack(&few, &listed, &least, (shown, left), &mut { packing::WORK }) {
            let found = trimmed(&few, &listed, flows, left);
            return accepted(problem, own.into_iter().chain(told(&few, &found)).collect());
        }
    }
    accepted(problem, own.into_iter().chain(told(&network, &found)).collect())
}

/// The first path of [`solve`], if it alone shows the wanted amount.
pub(super) fn nearest(problem: &Problem, wanted: Amount) -> Option<PathSet> {
    let network = Network::new(problem);
    if let Some(own) = network.own_path(wanted) {
        return (own.flow == wanted).then(|| accepted(problem, vec![own]));
    }
    let (route, width) = greedy::shortest(&network, &Budgets::new(&network))?;
    (width >= wanted.value()).then(|| accepted(problem, vec![network.path(&route, wanted.value())]))
}

/// What flows in all.
pub(super) fn total(flows: &[(Route, u8)]) -> u32 {
    flows.iter().map(|(_, flow)| u32::from(*flow)).sum()
}

/// A bound that is quickly found: what can start in all, and what can end.
fn quick(network: &Network) -> u32 {
    let starts = network.roots.iter().map(|root| u32::from(root.amount)).sum();
    let mut pairs = BTreeMap::new();
    for edge in network.into(network.target).map(|edge| &network.edges[edge]) {
        let largest = pairs.entry(edge.pair).or_insert(0);
        *largest = edge.amount.max(*largest);
    }
    pairs.into_values().map(u32::from).sum::<u32>().min(starts)
}

/// Flows along routes without those that carry nothing, and with no more than is wanted in all.
pub(super) fn trimmed(network: &Network, routes: &[Route], mut flows: Vec<u8>, wanted: u32) -> Vec<(Route, u8)> {
    let mut over = packing::sum(&flows).saturating_sub(wanted);
    for at in (0..routes.len()).rev().filter(|at| flows[*at] > 0).collect::<Vec<_>>() {
        let before = flows[at];
        let less = u8::try_from(over).unwrap_or(u8::MAX).min(before);
        flows[at] -= less;
        // The last flow along the largest of parallel edges may hold the others up.
        if flows[at] == 0 && Budgets::of(network, routes, &flows).is_none() {
            flows[at] = 1;
        }
        over -= u32::from(before - flows[at]);
    }
    routes.iter().cloned().zip(flows).filter(|(_, flow)| *flow > 0).collect()
}

/// Routes in the problem's own numbers.
pub(super) fn told(network: &Network, routes: &[(Route, u8)]) -> Vec<Path> {
    routes.iter().map(|(route, flow)| network.path(route, *flow)).collect()
}

/// What the checker accepts of paths that the search found: all of them, unless the search has a fault.
pub(super) fn accepted(problem: &Problem, paths: Vec<Path>) -> PathSet {
    let refused = match PathSet::check(problem, paths.clone()) {
        Ok(set) => return set,
        Err(fault) => fault,
    };
    debug_assert!(matches!(refused, Fault::TwoRoots { .. }), "the search found paths that do not hold: {refused}");
    // Never more than what passes: each path that the ones before leave room for.
    let mut kept = Vec::new();
    for path in paths {
        kept.push(path);
        if PathSet::check(problem, kept.clone()).is_err() {
            kept.pop();
        }
    }
    PathSet::check(problem, kept).unwrap_or_else(|_| PathSet::nothing())
}

#[cfg(test)]
pub(super) mod tests;
