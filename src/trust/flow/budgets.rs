//! What may still flow where, while a search adds one path after another.

use crate::grant::Amount;

use super::network::{Network, Route};

/// What is left of each budget.
#[derive(Debug, Clone)]
pub(in super::super) struct Budgets {
    edges: Vec<u8>,
    nodes: Vec<u8>,
    roots: Vec<u8>,
    /// For each pair: what flows, and the largest edge that is used.
    pairs: Vec<(u8, u8)>,
}

impl Budgets {
    /// Nothing flows yet.
    pub(in super::super) fn new(network: &Network) -> Self {
        Self {
            edges: network.edges.iter().map(|edge| edge.amount).collect(),
            nodes: vec![Amount::FULL.value(); network.nodes],
            roots: network.roots.iter().map(|root| root.amount).collect(),
            pairs: vec![(0, 0); network.pairs],
        }
    }

    /// What is left beside flows along routes; none if they do not hold together.
    pub(in super::super) fn of(network: &Network, routes: &[Route], flows: &[u8]) -> Option<Self> {
        let mut left = Self::new(network);
        for (route, flow) in routes.iter().zip(flows).filter(|(_, flow)| **flow > 0) {
            let root = &mut left.roots[route.root];
            *root = root.checked_sub(*flow)?;
            for number in &route.edges {
                let number = *number as usize;
                let edge = &network.edges[number];
                left.edges[number] = left.edges[number].checked_sub(*flow)?;
                let node = &mut left.nodes[edge.issuer as usize];
                *node = node.checked_sub(*flow)?;
                let (sum, largest) = &mut left.pairs[edge.pair as usize];
                *sum = sum.checked_add(*flow)?;
                *largest = (*largest).max(edge.amount);
            }
        }
        left.pairs.iter().all(|(sum, largest)| sum <= largest).then_some(left)
    }

    /// What may still flow along an edge, its parallel ones considered.
    pub(in super::super) fn edge(&self, network: &Network, number: usize) -> u8 {
        let edge = &network.edges[number];
        let (flow, largest) = self.pairs[edge.pair as usize];
        self.edges[number].min(largest.max(edge.amount).saturating_sub(flow))
    }

    /// What may still flow through or out of a certificate.
    pub(in super::super) fn node(&self, node: u32) -> u8 {
        self.nodes[node as usize]
    }

    /// What may still start at a root.
    pub(in super::super) fn root(&self, root: usize) -> u8 {
        self.roots[root]
    }

    /// Lets nothing more flow through a certificate.
    pub(in super::super) fn close(&mut self, node: u32) {
        if let Some(left) = self.nodes.get_mut(node as usize) {
            *left = 0;
        }
    }

    /// Lets nothing more flow between the two certificates of an edge.
    pub(in super::super) fn close_pair(&mut self, network: &Network, number: usize) {
        self.pairs[network.edges[number].pair as usize] = (u8::MAX, 0);
    }

    /// What may still flow along a whole route.
    pub(in super::super) fn route(&self, network: &Network, route: &Route) -> u8 {
        let edges = route.edges.iter().map(|edge| self.edge(network, *edge as usize));
        let nodes = network.before_target(route).map(|node| self.node(node));
        edges.chain(nodes).min().unwrap_or(0).min(self.root(route.root))
    }

    /// Takes what flows along a route, at most [`Self::route`], from every budget on it.
    pub(in super::super) fn take(&mut self, network: &Network, route: &Route, flow: u8) {
        self.roots[route.root] -= flow;
        for number in &route.edges {
            let number = *number as usize;
            let edge = &network.edges[number];
            self.edges[number] -= flow;
            self.nodes[edge.issuer as usize] -= flow;
            let (sum, largest) = &mut self.pairs[edge.pair as usize];
            *sum += flow;
            *largest = (*largest).max(edge.amount);
        }
    }
}
