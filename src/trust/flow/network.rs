//! A problem in the form that searches walk: only the arcs that can matter, in an order that does not depend on theirs.
//!
//! What is left out changes no answer: certifications of amount 0, loops, those that reach too short a way for any path,
//! and those beside a parallel one that is neither smaller nor shallower.

use std::cmp::Reverse;

use crate::grant::{Amount, Depth};

use super::super::problem::{Arc, Node, Path, Problem};

/// A certification in a [`Network`].
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Edge {
    /// Who certified.
    pub(in super::super) issuer: u32,
    /// Who was certified; if it is the target, this edge ends paths.
    pub(in super::super) certificate: u32,
    /// Its budget.
    pub(in super::super) amount: u8,
    /// How many more hops it reaches.
    pub(in super::super) depth: Depth,
    /// The hops that the target adds: 0 or 1.
    pub(in super::super) own: u32,
    /// The number of its pair of issuer and certificate.
    pub(in super::super) pair: u32,
    /// Its place in the problem's steps or ends.
    place: usize,
}

/// A root from which paths can start.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Source {
    /// Its certificate.
    pub(in super::super) node: u32,
    /// What may start here in all.
    pub(in super::super) amount: u8,
    /// How many hops its paths may have.
    pub(in super::super) depth: Depth,
    /// Its place in the problem's roots.
    place: usize,
}

/// How far a certificate is from the end of a path: twice its edges, and one more if the target adds a hop.
///
/// Of two distances the smaller one is never worse: it has no more hops and no more edges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) struct Distance(pub(in super::super) u32);

impl Distance {
    /// Not reached.
    pub(in super::super) const NEVER: Self = Self(u32::MAX);

    /// From an issuer over its certification of the target.
    pub(in super::super) const fn end(own: u32) -> Self {
        Self(2 + own)
    }

    /// One edge further from the end.
    pub(in super::super) const fn further(self) -> Self {
        Self(self.0.saturating_add(2))
    }

    /// The edges to the end.
    pub(in super::super) const fn edges(self) -> usize {
        (self.0 / 2) as usize
    }

    /// The hops to the end, that of the target itself included.
    pub(in super::super) const fn hops(self) -> usize {
        self.0.div_ceil(2) as usize
    }
}

/// A problem in the form that searches walk.
#[derive(Debug)]
pub(in super::super) struct Network {
    /// How many certificates there are.
    pub(in super::super) nodes: usize,
    /// The certificate that is asked about.
    pub(in super::super) target: u32,
    /// Roots other than the target, by their certificates.
    pub(in super::super) roots: Vec<Source>,
    /// The target as a root.
    pub(in super::super) own_root: Option<Source>,
    /// Edges, by their certificate, then their issuer.
    pub(in super::super) edges: Vec<Edge>,
    /// How many pairs of issuer and certificate there are.
    pub(in super::super) pairs: usize,
    /// The most edges that a path may have.
    pub(in super::super) most: usize,
    /// Where the edges to a certificate begin; one entry more than certificates.
    starts: Vec<u32>,
    /// The place of a certificate in `roots`.
    root_at: Vec<u32>,
}

impl Network {
    /// Reads a problem.
    pub(in super::super) fn new(problem: &Problem) -> Self {
        let nodes = problem.nodes as usize;
        let most = problem.max_edges.unwrap_or(usize::MAX).min(nodes);
        let (edges, pairs) = kept(problem);
        let starts = starts(nodes, &edges);
        let mut roots: Vec<_> = problem
            .roots
            .iter()
            .enumerate()
            .filter(|(_, root)| root.node.0 < problem.nodes && root.amount > Amount::NONE)
            .map(|(place, root)| Source { node: root.node.0, amount: root.amount.value(), depth: root.depth, place })
            .collect();
        roots.sort_by_key(|root| (root.node, root.place));
        roots.dedup_by_key(|root| root.node);
        let own_root = roots.iter().position(|root| root.node == problem.target).map(|at| roots.remove(at));
        let mut root_at = vec![u32::MAX; nodes];
        for (at, root) in (0..).zip(&roots) {
            root_at[root.node as usize] = at;
        }
        Self { nodes, target: problem.target, roots, own_root, edges, pairs, most, starts, root_at }
    }

    /// The same network with no edges but those of some routes, and those routes in it.
    pub(in super::super) fn only(&self, routes: &[Route]) -> (Self, Vec<Route>) {
        let mut used: Vec<u32> = routes.iter().flat_map(|route| route.edges.iter().copied()).collect();
        used.sort_unstable();
        used.dedup();
        let mut edges: Vec<Edge> = Vec::with_capacity(used.len());
        let (mut pairs, mut last) = (0, None);
        for number in &used {
            let edge = self.edges[*number as usize];
            pairs += u32::from(last != Some(edge.pair));
            last = Some(edge.pair);
            edges.push(Edge { pair: pairs - 1, ..edge });
        }
        let place = |edge: &u32| used.binary_search(edge).unwrap_or_default() as u32;
        let route = |route: &Route| Route { root: route.root, edges: route.edges.iter().map(place).collect() };
        let starts = starts(self.nodes, &edges);
        let only = Self {
            edges,
            pairs: pairs as usize,
            starts,
            roots: self.roots.clone(),
            root_at: self.root_at.clone(),
            ..*self
        };
        (only, routes.iter().map(route).collect())
    }

    /// The numbers of the edges to a certificate.
    pub(in super::super) fn into(&self, node: u32) -> std::ops::Range<usize> {
        let bound = |at: usize| self.starts.get(at).map_or(0, |start| *start as usize);
        let first = node as usize;
        if first < self.nodes { bound(first)..bound(first + 1) } else { 0..0 }
    }

    /// The number of the root that a certificate is.
    pub(in super::super) fn root(&self, node: u32) -> Option<usize> {
        let at = self.root_at[node as usize];
        (at != u32::MAX).then_some(at as usize)
    }

    /// The number of the root that a certificate is, if paths from there may be so long.
    pub(in super::super) fn start(&self, node: u32, distance: Distance) -> Option<usize> {
        let root = self.root(node)?;
        (distance.edges() <= self.most && self.roots[root].depth.reaches(distance.hops())).then_some(root)
    }

    /// The distance of an edge's issuer, if a path may go along it to a certificate so far from the end.
    pub(in super::super) fn behind(&self, edge: usize, distance: Distance) -> Option<Distance> {
        let further = distance.further();
        (self.edges[edge].depth.reaches(distance.hops()) && further.edges() <= self.most).then_some(further)
    }

    /// A path in the problem's own numbers.
    pub(in super::super) fn path(&self, route: &Route, flow: u8) -> Path {
        let mut steps: Vec<_> = route.edges.iter().map(|edge| self.edges[*edge as usize].place).collect();
        let end = steps.pop();
        Path { root: self.roots[route.root].place, steps, end, flow: Amount::capped(flow) }
    }

    /// The target as its own root, as a path; none where nothing would flow.
    pub(in super::super) fn own_path(&self, wanted: Amount) -> Option<Path> {
        let root = self.own_root?;
        let flow = Amount::capped(root.amount).min(wanted);
        (flow > Amount::NONE).then_some(Path { root: root.place, steps: Vec::new(), end: None, flow })
    }

    /// The certificates of a route that something flows through or out of: all but the target.
    pub(in super::super) fn before_target(&self, route: &Route) -> impl Iterator<Item = u32> {
        route.edges.iter().map(|edge| self.edges[*edge as usize].issuer)
    }
}

/// A path without its flow: a root's number, and edges' numbers from there to the target.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) struct Route {
    /// The number of its root in [`Network::roots`].
    pub(in super::super) root: usize,
    /// The numbers of its edges in [`Network::edges`].
    pub(in super::super) edges: Vec<u32>,
}

/// Where the edges to each certificate begin.
fn starts(nodes: usize, edges: &[Edge]) -> Vec<u32> {
    let mut starts = vec![0; nodes + 1];
    for edge in edges {
        starts[edge.certificate as usize + 1] += 1;
    }
    for at in 0..nodes {
        starts[at + 1] += starts[at];
    }
    starts
}

/// The edges that can matter, by certificate and issuer, and the number of their pairs.
fn kept(problem: &Problem) -> (Vec<Edge>, usize) {
    let target = problem.target;
    let usable = |arc: &Arc| {
        arc.amount > Amount::NONE
            && arc.issuer != arc.certificate
            && arc.issuer.0 < problem.nodes
            && arc.certificate.0 < problem.nodes
            && arc.issuer != Node(target)
    };
    let edge = |arc: &Arc, own: u8, place| Edge {
        issuer: arc.issuer.0,
        certificate: arc.certificate.0,
        amount: arc.amount.value(),
        depth: arc.depth,
        own: own.into(),
        pair: 0,
        place,
    };
    let steps = problem
        .steps
        .iter()
        .enumerate()
        .filter(|(_, arc)| usable(arc) && arc.certificate.0 != target && arc.depth.reaches(1))
        .map(|(place, arc)| edge(arc, 0, place));
    let ends = problem
        .ends
        .iter()
        .enumerate()
        .filter(|(_, end)| usable(&end.arc) && end.arc.certificate.0 == target)
        .filter(|(_, end)| end.own <= 1 && end.arc.depth.reaches(end.own.into()))
        .map(|(place, end)| edge(&end.arc, end.own, place));
    let mut all: Vec<_> = steps.chain(ends).collect();
    // In each pair the largest first, and of equal ones the one that reaches furthest.
    all.sort_unstable_by_key(|edge| {
        (edge.certificate, edge.issuer, Reverse(edge.amount), edge.own, Reverse(edge.depth), edge.place)
    });
    let mut edges: Vec<Edge> = Vec::with_capacity(all.len());
    let mut pairs: u32 = 0;
    for mut edge in all {
        match edges.last().filter(|last| (last.certificate, last.issuer) == (edge.certificate, edge.issuer)) {
            // The last one kept is the furthest-reaching of those before, all of which are at least as large.
            Some(last) => {
                let further = if edge.certificate == target { edge.own < last.own } else { edge.depth > last.depth };
                if !further {
                    continue;
                }
            }
            None => pairs += 1,
        }
        edge.pair = pairs - 1;
        edges.push(edge);
    }
    (edges, pairs as usize)
}
