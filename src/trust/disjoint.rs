//! Several paths to one target that share no certificate: no single introducer can have made them up.

use crate::grant::Amount;

use super::check::{PathSet, are_disjoint};
use super::flow::greedy::shortest;
use super::flow::{Budgets, Network, Route, accepted, solve, told};
use super::problem::Problem;

/// Whether paths that are to be disjoint may begin at one root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "yes or no, with names")]
pub enum RootSharing {
    /// They may, and they may pass through roots that others use.
    Shared,
    /// They may not: each path has its own root.
    Distinct,
}

/// Paths that reach the wanted amount together, at least so many, of which no two share a certificate but the target
/// and, where that is allowed, roots.
///
/// Nor do two share a step from one certificate to the next: two certifications by one root of one certificate are one
/// path, and so is what two roots say through a third. The target as its own root is a path. If one path or none is
/// asked for, this is [`solve`].
pub fn disjoint(problem: &Problem, wanted: Amount, at_least: usize, roots: RootSharing) -> Option<PathSet> {
    if at_least <= 1 {
        return Some(solve(problem, wanted)).filter(|set| set.reaches(wanted) && set.paths().len() >= at_least);
    }
    let network = Network::new(problem);
    let set = greedy(problem, &network, wanted, at_least, roots);
    Some(set).filter(|set| set.reaches(wanted) && set.paths().len() >= at_least && holds(problem, set, roots))
}

/// Whether the paths are disjoint, by the checker.
fn holds(problem: &Problem, set: &PathSet, roots: RootSharing) -> bool {
    are_disjoint(problem, set, roots == RootSharing::Shared)
}

/// One short path after another, each away from those before.
fn greedy(problem: &Problem, network: &Network, wanted: Amount, at_least: usize, roots: RootSharing) -> PathSet {
    let own = network.own_path(Amount::FULL);
    let left = u32::from(wanted.value()).saturating_sub(own.as_ref().map_or(0, |path| path.flow.value().into()));
    let needed = at_least.saturating_sub(usize::from(own.is_some()));
    let mut free = Budgets::new(network);
    let mut flows: Vec<(Route, u8)> = Vec::new();
    while flows.len() < needed || total(&flows) < left {
        let Some((route, _)) = shortest(network, &free) else {
            break;
        };
        for node in network.before_target(&route) {
            if network.root(node).is_none() || roots == RootSharing::Distinct {
                free.close(node);
            }
        }
        for edge in &route.edges {
            free.close_pair(network, *edge as usize);
        }
        flows.push((route, 0));
        flows = filled(network, flows, left);
    }
    accepted(problem, own.into_iter().chain(told(network, &flows)).collect())
}

/// As much along each route as is wanted and fits: at least 1, or it is left out.
fn filled(network: &Network, mut flows: Vec<(Route, u8)>, left: u32) -> Vec<(Route, u8)> {
    let mut budgets = Budgets::new(network);
    flows.retain_mut(|(route, flow)| {
        *flow = budgets.route(network, route).min(1);
        budgets.take(network, route, *flow);
        *flow > 0
    });
    let mut sum = total(&flows);
    for (route, flow) in &mut flows {
        let room = u8::try_from(left.saturating_sub(sum)).unwrap_or(u8::MAX);
        let more = budgets.route(network, route).min(room);
        budgets.take(network, route, more);
        *flow += more;
        sum += u32::from(more);
    }
    flows
}

/// What flows in all.
fn total(flows: &[(Route, u8)]) -> u32 {
    flows.iter().map(|(_, flow)| u32::from(*flow)).sum()
}
