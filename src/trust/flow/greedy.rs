//! One path after another, the shortest first, and of those the widest: nearly always enough.
//!
//! Each search walks backwards from the target, each certificate once, at its smallest distance: from there every depth
//! that suffices at a larger distance suffices too. It looks at each edge at most once.

use super::budgets::Budgets;
use super::network::{Distance, Network, Route};

/// Routes with their flows, at most `wanted` in all.
pub(in super::super) fn greedy(network: &Network, budgets: &mut Budgets, wanted: u32) -> Vec<(Route, u8)> {
    let mut found = Vec::new();
    let mut left = wanted;
    while left > 0 {
        let Some((route, width)) = shortest(network, budgets) else {
            break;
        };
        let flow = u32::from(width).min(left);
        left -= flow;
        let flow = flow.try_into().unwrap_or(width);
        budgets.take(network, &route, flow);
        found.push((route, flow));
    }
    found
}

/// The shortest route along which something may still flow; of equally short ones the widest.
pub(in super::super) fn shortest(network: &Network, budgets: &Budgets) -> Option<(Route, u8)> {
    let mut search = Search::new(network);
    for edge in network.into(network.target) {
        let own = network.edges[edge].own;
        search.reach(network, budgets, edge, Distance::end(own), u8::MAX);
    }
    let mut now = Distance::end(0);
    while search.waiting.iter().any(|list| !list.is_empty()) {
        let mut list = std::mem::take(&mut search.waiting[slot(now)]);
        // What was reached over a shorter way in the meantime has been looked at.
        list.retain(|node| search.distance[*node as usize] == now);
        // Of equally wide ways the one over the first certificate, whatever else there is.
        list.sort_unstable();
        if let Some(found) = search.start(network, budgets, &list, now) {
            return Some(found);
        }
        for node in list {
            for edge in network.into(node) {
                if let Some(further) = network.behind(edge, now) {
                    search.reach(network, budgets, edge, further, search.width[node as usize]);
                }
            }
        }
        now = Distance(now.0 + 1);
    }
    None
}

/// A walk backwards from the target.
struct Search {
    distance: Vec<Distance>,
    width: Vec<u8>,
    /// The edge that leads on towards the target.
    next: Vec<u32>,
    /// Certificates to look at, by distance: only three distances can wait at a time.
    waiting: [Vec<u32>; 3],
}

impl Search {
    fn new(network: &Network) -> Self {
        Self {
            distance: vec![Distance::NEVER; network.nodes],
            width: vec![0; network.nodes],
            next: vec![u32::MAX; network.nodes],
            waiting: [const { Vec::new() }; 3],
        }
    }

    /// Reaches an edge's issuer, if anything may flow there, and if it is nearer or wider than before.
    fn reach(&mut self, network: &Network, budgets: &Budgets, edge: usize, distance: Distance, width: u8) {
        let issuer = network.edges[edge].issuer;
        let at = issuer as usize;
        let width = width.min(budgets.edge(network, edge)).min(budgets.node(issuer));
        let nearer = distance < self.distance[at];
        if width == 0 || distance.edges() > network.most || !(nearer || distance == self.distance[at]) {
            return;
        }
        if nearer {
            self.distance[at] = distance;
            self.waiting[slot(distance)].push(issuer);
        } else if width <= self.width[at] {
            return;
        }
        self.width[at] = width;
        self.next[at] = u32::try_from(edge).unwrap_or(u32::MAX);
    }

    /// The widest route from a root among certificates of one distance.
    fn start(&self, network: &Network, budgets: &Budgets, list: &[u32], now: Distance) -> Option<(Route, u8)> {
        let mut best: Option<(u8, usize)> = None;
        for node in list {
            let Some(root) = network.start(*node, now) else {
                continue;
            };
            let width = self.width[*node as usize].min(budgets.root(root));
            if width > 0 && best.is_none_or(|(most, first)| width > most || (width == most && root < first)) {
                best = Some((width, root));
            }
        }
        let (width, root) = best?;
        let mut edges = Vec::new();
        let mut at = network.roots[root].node;
        while at != network.target {
            let edge = self.next[at as usize];
            edges.push(edge);
            at = network.edges[edge as usize].certificate;
        }
        Some((Route { root, edges }, width))
    }
}

/// Where a distance waits.
const fn slot(distance: Distance) -> usize {
    (distance.0 % 3) as usize
}
