//! How far the roots reach a target: the search. What it finds, [`PathSet::check`] accepts, or it is not told.
//!
//! *Greedy*: shortest paths first. Nearly always enough, and nearly linear in the size of the problem. Where it is not,
//! the answer is what was shown so far: never a guess upwards.

mod budgets;
pub(super) mod greedy;
mod network;

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
    let routes = greedy::greedy(&network, &mut budgets, left);
    let paths = own.into_iter().chain(told(&network, &routes)).collect();
    accepted(problem, paths)
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
mod tests;
