//! Several paths to one target that share no certificate: no single introducer can have made them up.

use std::collections::BTreeSet;

use crate::grant::Amount;

use super::check::{PathSet, are_disjoint};
use super::flow::greedy::shortest;
use super::flow::packing::{WORK, pack, sum};
use super::flow::routes::routes as listed;
use super::flow::{Budgets, Network, Route, accepted, solve, told, total};
use super::problem::{Path, Problem};

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
    let own = network.own_path(Amount::FULL);
    let shown = own.as_ref().map_or(0, |path| path.flow.value().into());
    let search = Search {
        network: &network,
        left: u32::from(wanted.value()).saturating_sub(shown),
        needed: at_least.saturating_sub(usize::from(own.is_some())),
        roots,
    };
    let fits = |network: &Network, flows: Vec<(Route, u8)>| {
        let paths: Vec<Path> = own.iter().cloned().chain(told(network, &flows)).collect();
        let set = accepted(problem, paths);
        let reached = set.reaches(wanted) && set.paths().len() >= at_least;
        (reached && holds(problem, &set, roots)).then_some(set)
    };
    fits(&network, search.greedy()).or_else(|| {
        let (few, routes) = listed(&network);
        let flows = Search { network: &few, ..search }.exact(&routes)?;
        fits(&few, flows)
    })
}

/// How many choices of paths are looked at.
const MOST_CHOICES: usize = 1 << 15;

/// Whether the paths are disjoint, by the checker.
fn holds(problem: &Problem, set: &PathSet, roots: RootSharing) -> bool {
    are_disjoint(problem, set, roots == RootSharing::Shared)
}

/// What is wanted beside the target as its own root.
struct Search<'a> {
    network: &'a Network,
    left: u32,
    needed: usize,
    roots: RootSharing,
}

impl Search<'_> {
    /// One short path after another, each away from those before.
    fn greedy(&self) -> Vec<(Route, u8)> {
        let mut free = Budgets::new(self.network);
        let mut flows: Vec<(Route, u8)> = Vec::new();
        while flows.len() < self.needed || total(&flows) < self.left {
            let Some((route, _)) = shortest(self.network, &free) else {
                break;
            };
            for node in self.network.before_target(&route).filter(|node| !self.may_share(*node)) {
                free.close(node);
            }
            for edge in &route.edges {
                free.close_pair(self.network, *edge as usize);
            }
            flows.push((route, 0));
            flows = self.filled(flows);
        }
        flows
    }

    /// As much along each route as is wanted and fits: at least 1, or it is left out.
    fn filled(&self, mut flows: Vec<(Route, u8)>) -> Vec<(Route, u8)> {
        let mut budgets = Budgets::new(self.network);
        flows.retain_mut(|(route, flow)| {
            *flow = budgets.route(self.network, route).min(1);
            budgets.take(self.network, route, *flow);
            *flow > 0
        });
        let mut sum = total(&flows);
        for (route, flow) in &mut flows {
            let room = u8::try_from(self.left.saturating_sub(sum)).unwrap_or(u8::MAX);
            let more = budgets.route(self.network, route).min(room);
            budgets.take(self.network, route, more);
            *flow += more;
            sum += u32::from(more);
        }
        flows
    }

    /// Every choice of disjoint paths, until one suffices; none if there is none among those that are looked at.
    ///
    /// This is exact where all paths are listed and [`MOST_CHOICES`] suffice.
    fn exact(&self, routes: &[Route]) -> Option<Vec<(Route, u8)>> {
        let fresh = Budgets::new(self.network);
        let widths: Vec<_> = routes.iter().map(|route| u32::from(fresh.route(self.network, route))).collect();
        let marks: Vec<_> = routes.iter().map(|route| self.marks(route)).collect();
        let apart: Vec<Vec<bool>> =
            marks.iter().map(|one| marks.iter().map(|other| one.is_disjoint(other)).collect()).collect();
        let mut work = WORK;
        let mut looked = 0;
        let mut choices = vec![Choice { chosen: Vec::new(), free: (0..routes.len()).collect() }];
        while let Some(mut choice) = choices.pop() {
            looked += 1;
            if looked > MOST_CHOICES {
                return None;
            }
            let wide = |numbers: &[usize]| numbers.iter().map(|number| widths[*number]).sum::<u32>();
            if choice.chosen.len() + choice.free.len() < self.needed
                || wide(&choice.chosen) + wide(&choice.free) < self.left
            {
                continue;
            }
            let enough = choice.chosen.len() >= self.needed && wide(&choice.chosen) >= self.left;
            if let Some(flows) = enough.then(|| self.flows(routes, &choice.chosen, &mut work)).flatten() {
                return Some(flows);
            }
            if choice.free.is_empty() {
                continue;
            }
            let next = choice.free.remove(0);
            let free = choice.free.iter().copied().filter(|other| apart[next][*other]).collect();
            let with = Choice { chosen: choice.chosen.iter().copied().chain([next]).collect(), free };
            choices.push(choice);
            choices.push(with);
        }
        None
    }

    /// Flows along chosen routes, at least 1 along each, that suffice.
    fn flows(&self, routes: &[Route], chosen: &[usize], work: &mut u64) -> Option<Vec<(Route, u8)>> {
        let routes: Vec<_> = chosen.iter().map(|number| routes[*number].clone()).collect();
        let least = vec![1; routes.len()];
        let flows = if sum(&least) >= self.left && Budgets::of(self.network, &routes, &least).is_some() {
            least
        } else {
            pack(self.network, &routes, &least, (0, self.left), work)?
        };
        (sum(&flows) >= self.left).then(|| routes.into_iter().zip(flows).collect())
    }

    /// What no two disjoint paths may both have: certificates, and pairs of them.
    fn marks(&self, route: &Route) -> BTreeSet<(bool, u32)> {
        let nodes = self.network.before_target(route).filter(|node| !self.may_share(*node)).map(|node| (false, node));
        let pairs = route.edges.iter().map(|edge| (true, self.network.edges[*edge as usize].pair));
        nodes.chain(pairs).collect()
    }

    /// Whether several paths may have a certificate.
    fn may_share(&self, node: u32) -> bool {
        self.roots == RootSharing::Shared && self.network.root(node).is_some()
    }
}

/// Disjoint paths, and those that are disjoint from all of them and may still be chosen.
struct Choice {
    chosen: Vec<usize>,
    free: Vec<usize>,
}

#[cfg(test)]
mod tests;
