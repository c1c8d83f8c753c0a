//! Every path that a problem admits, the shortest first, as long as they are few.

use super::network::{Distance, Network, Route};

/// The most routes that are listed.
pub(in super::super) const MOST_ROUTES: usize = 512;

/// The most edges that are looked at, which bounds the time where few of them come from a root.
const MOST_STEPS: usize = 1 << 22;

/// The most parts of routes that are kept, which bounds the memory.
const MOST_PARTS: usize = 1 << 16;

/// Lists the routes of a network, all of them or the first so many; and the network of only their edges.
pub(in super::super) fn routes(network: &Network) -> (Network, Vec<Route>) {
    let mut routes = Vec::new();
    let mut steps = 0;
    let ahead = edges_ahead(network);
    let mut parts: Vec<Part> = Vec::new();
    for own in [0, 1] {
        for edge in network.into(network.target).filter(|edge| network.edges[*edge].own == own) {
            push(network, &ahead, &mut parts, Part { edge, on: None, distance: Distance::end(own) });
        }
    }
    let mut at = 0;
    while let Some(part) = parts.get(at).copied() {
        let node = network.edges[part.edge].issuer;
        if let Some(root) = network.start(node, part.distance) {
            routes.push(Route { root, edges: trace(&parts, at).map(|part| part.edge as u32).collect() });
        }
        for edge in network.into(node) {
            let Some(distance) = network.behind(edge, part.distance) else {
                continue;
            };
            let issuer = network.edges[edge].issuer;
            steps += distance.edges();
            if trace(&parts, at).all(|part| network.edges[part.edge].issuer != issuer) {
                push(network, &ahead, &mut parts, Part { edge, on: Some(at), distance });
            }
        }
        at += 1;
        if routes.len() >= MOST_ROUTES || parts.len() > MOST_PARTS || steps > MOST_STEPS {
            break;
        }
    }
    network.only(&routes)
}

/// The last part of a route, from some edge to the target.
#[derive(Clone, Copy)]
struct Part {
    edge: usize,
    /// The place of the part that it goes on with.
    on: Option<usize>,
    /// How far the edge's issuer is from the end.
    distance: Distance,
}

/// Keeps a part, if a root can come before it.
fn push(network: &Network, ahead: &[u32], parts: &mut Vec<Part>, part: Part) {
    let issuer = network.edges[part.edge].issuer as usize;
    let edges = ahead[issuer].saturating_add(part.distance.0 / 2) as usize;
    if ahead[issuer] != u32::MAX && edges <= network.most {
        parts.push(part);
    }
}

/// A part and those that it goes on with.
fn trace(parts: &[Part], at: usize) -> impl Iterator<Item = &Part> {
    std::iter::successors(parts.get(at), |part| parts.get(part.on?))
}

/// The fewest edges from a root to each certificate.
pub(super) fn edges_ahead(network: &Network) -> Vec<u32> {
    let mut starts = vec![0_u32; network.nodes + 1];
    for edge in &network.edges {
        starts[edge.issuer as usize + 1] += 1;
    }
    for at in 0..network.nodes {
        starts[at + 1] += starts[at];
    }
    let mut place = starts.clone();
    let mut heads = vec![0; network.edges.len()];
    for edge in &network.edges {
        let at = &mut place[edge.issuer as usize];
        heads[*at as usize] = edge.certificate;
        *at += 1;
    }
    let mut ahead = vec![u32::MAX; network.nodes];
    let mut waiting: Vec<_> = network.roots.iter().map(|root| root.node).collect();
    for node in &waiting {
        ahead[*node as usize] = 0;
    }
    let mut at = 0;
    while let Some(node) = waiting.get(at).copied() {
        let node = node as usize;
        for head in &heads[starts[node] as usize..starts[node + 1] as usize] {
            if ahead[*head as usize] == u32::MAX {
                ahead[*head as usize] = ahead[node] + 1;
                waiting.push(*head);
            }
        }
        at += 1;
    }
    ahead
}
