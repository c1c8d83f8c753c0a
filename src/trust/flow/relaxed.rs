//! The network with only the budgets of pairs, certificates and roots: what flows there is no answer, but never less
//! than one.
//!
//! Depths and lengths are looked at once for each edge, not along paths. What is left is a plain network in which flow
//! can be led back (Ford and Fulkerson), so its most is found exactly. If that is no more than what is shown already,
//! nothing is left to search; and if its flow runs along paths that keep the depths too, they are the answer, however
//! large the network is.

use super::budgets::Budgets;
use super::network::{Distance, Network, Route};
use super::routes::edges_ahead;

/// What flows without depths along paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Relaxed {
    /// How much, at most as much as is wanted.
    pub(super) flow: u32,
    /// Along which routes, of those that keep depths and lengths.
    pub(super) routes: Vec<(Route, u8)>,
}

/// The most that flows without depths along paths, at most `wanted`.
pub(super) fn relaxed(network: &Network, wanted: u32) -> Relaxed {
    let mut flows = Flows::new(network);
    let mut flow = 0;
    while flow < wanted {
        let Some(more) = flows.augment(wanted - flow) else {
            break;
        };
        flow += more;
    }
    let routes = flows.routes();
    Relaxed { flow, routes }
}

/// A place in the network: where a certificate is reached, or where it passes on.
type Place = usize;

/// How a search came to a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Never,
    Start(usize),
    /// Through a certificate, or back through it.
    Node,
    NodeBack,
    /// Along a pair, or back along it.
    Pair(usize),
    PairBack(usize),
}

/// Edges from one certificate to another, taken together.
struct Pair {
    issuer: u32,
    certificate: u32,
    amount: u8,
    flow: u8,
    /// The numbers of its edges.
    edges: std::ops::Range<usize>,
}

/// The flow so far.
struct Flows<'a> {
    network: &'a Network,
    pairs: Vec<Pair>,
    /// The numbers of pairs, by issuer and by certificate.
    out: Vec<Vec<usize>>,
    into: Vec<Vec<usize>>,
    nodes: Vec<u8>,
    roots: Vec<u8>,
}

impl<'a> Flows<'a> {
    fn new(network: &'a Network) -> Self {
        let (behind, ahead) = (distances(network), edges_ahead(network));
        let usable = |number: usize| {
            let edge = &network.edges[number];
            let (issuer, head) = (ahead[edge.issuer as usize], behind[edge.certificate as usize]);
            if edge.certificate == network.target {
                return issuer != u32::MAX && (issuer as usize) < network.most;
            }
            issuer != u32::MAX
                && head != Distance::NEVER
                && edge.depth.reaches(head.hops())
                && issuer as usize + 1 + head.edges() <= network.most
        };
        let mut pairs: Vec<Pair> = Vec::new();
        let (mut out, mut into) = (vec![Vec::new(); network.nodes], vec![Vec::new(); network.nodes]);
        for number in (0..network.edges.len()).filter(|number| usable(*number)) {
            let edge = &network.edges[number];
            match pairs.last_mut().filter(|pair| (pair.issuer, pair.certificate) == (edge.issuer, edge.certificate)) {
                Some(pair) => {
                    pair.amount = pair.amount.max(edge.amount);
                    pair.edges.end = number + 1;
                }
                None => {
                    out[edge.issuer as usize].push(pairs.len());
                    into[edge.certificate as usize].push(pairs.len());
                    let (issuer, certificate) = (edge.issuer, edge.certificate);
                    pairs.push(Pair { issuer, certificate, amount: edge.amount, flow: 0, edges: number..number + 1 });
                }
            }
        }
        Self { network, pairs, out, into, nodes: vec![0; network.nodes], roots: vec![0; network.roots.len()] }
    }

    /// Leads more along a shortest way on which there is room, perhaps back along what flows; how much.
    fn augment(&mut self, wanted: u32) -> Option<u32> {
        let network = self.network;
        let mut came = vec![Way::Never; 2 * network.nodes];
        let mut waiting: Vec<Place> = Vec::new();
        for (number, root) in network.roots.iter().enumerate().filter(|(at, root)| self.roots[*at] < root.amount) {
            if self.start(number) {
                came[reached(root.node)] = Way::Start(number);
                waiting.push(reached(root.node));
            }
        }
        let goal = reached(network.target);
        let mut at = 0;
        while came[goal] == Way::Never {
            let place = *waiting.get(at)?;
            self.visit(place, &mut came, &mut waiting);
            at += 1;
        }
        let mut ways = Vec::new();
        let (mut room, mut place) = (u8::try_from(wanted).unwrap_or(u8::MAX), goal);
        loop {
            let node = node(place);
            let way = came[place];
            ways.push((node, way));
            let (left, before) = match way {
                Way::Never => return None,
                Way::Start(root) => {
                    room = room.min(network.roots[root].amount - self.roots[root]);
                    break;
                }
                Way::Node => (120 - self.nodes[node as usize], reached(node)),
                Way::NodeBack => (self.nodes[node as usize], passing(node)),
                Way::Pair(pair) => (self.pairs[pair].amount - self.pairs[pair].flow, passing(self.pairs[pair].issuer)),
                Way::PairBack(pair) => (self.pairs[pair].flow, reached(self.pairs[pair].certificate)),
            };
            room = room.min(left);
            place = before;
        }
        for (node, way) in ways {
            match way {
                Way::Never => {}
                Way::Start(root) => self.roots[root] += room,
                Way::Node => self.nodes[node as usize] += room,
                Way::NodeBack => self.nodes[node as usize] -= room,
                Way::Pair(pair) => self.pairs[pair].flow += room,
                Way::PairBack(pair) => self.pairs[pair].flow -= room,
            }
        }
        Some(room.into())
    }

    /// Whether any path may start at a root.
    fn start(&self, root: usize) -> bool {
        self.network.roots[root].depth.reaches(1)
    }

    /// Looks at all places beside one.
    fn visit(&self, place: Place, came: &mut [Way], waiting: &mut Vec<Place>) {
        let node = node(place);
        let flow = self.nodes[node as usize];
        let mut to = |place: Place, way: Way, room: bool| {
            if room && came[place] == Way::Never {
                came[place] = way;
                waiting.push(place);
            }
        };
        if place == reached(node) {
            to(passing(node), Way::Node, flow < 120);
            for pair in &self.into[node as usize] {
                to(passing(self.pairs[*pair].issuer), Way::PairBack(*pair), self.pairs[*pair].flow > 0);
            }
        } else {
            to(reached(node), Way::NodeBack, flow > 0);
            for pair in &self.out[node as usize] {
                let Pair { certificate, amount, flow, .. } = self.pairs[*pair];
                to(reached(certificate), Way::Pair(*pair), flow < amount);
            }
        }
    }

    /// The flow as routes, without what goes in circles, and without those that break a depth.
    fn routes(mut self) -> Vec<(Route, u8)> {
        let mut budgets = Budgets::new(self.network);
        let mut routes: Vec<(Route, u8)> = Vec::new();
        for root in 0..self.network.roots.len() {
            while self.roots[root] > 0 {
                let Some((pairs, flow)) = self.walk(root) else {
                    break;
                };
                let Some(route) = self.route(root, &pairs, &budgets) else {
                    continue;
                };
                let flow = flow.min(budgets.route(self.network, &route));
                budgets.take(self.network, &route, flow);
                match routes.iter_mut().find(|(other, _)| *other == route) {
                    Some((_, sum)) => *sum += flow,
                    None => routes.push((route, flow)),
                }
            }
        }
        routes.retain(|(_, flow)| *flow > 0);
        routes
    }

    /// Takes one path's flow out of the network, from a root to the target.
    fn walk(&mut self, root: usize) -> Option<(Vec<usize>, u8)> {
        let mut pairs: Vec<usize> = Vec::new();
        let mut place = vec![usize::MAX; self.network.nodes];
        let mut at = self.network.roots[root].node;
        while at != self.network.target {
            if place[at as usize] != usize::MAX {
                // A circle: its flow goes nowhere.
                let circle = pairs.split_off(place[at as usize]);
                let flow = circle.iter().map(|pair| self.pairs[*pair].flow).min()?;
                for pair in circle {
                    place[self.pairs[pair].issuer as usize] = usize::MAX;
                    self.pairs[pair].flow -= flow;
                }
                continue;
            }
            place[at as usize] = pairs.len();
            let next = self.out[at as usize].iter().copied().find(|pair| self.pairs[*pair].flow > 0)?;
            pairs.push(next);
            at = self.pairs[next].certificate;
        }
        let flow = pairs.iter().map(|pair| self.pairs[*pair].flow).min()?.min(self.roots[root]);
        for pair in &pairs {
            self.pairs[*pair].flow -= flow;
        }
        self.roots[root] -= flow;
        Some((pairs, flow))
    }

    /// The edges along pairs that have the depth for it and the most room.
    fn route(&self, root: usize, pairs: &[usize], budgets: &Budgets) -> Option<Route> {
        let network = self.network;
        let widest = |pair: usize, fits: &dyn Fn(usize) -> bool| {
            let edges = self.pairs[pair].edges.clone().filter(|edge| fits(*edge));
            edges.max_by_key(|edge| (budgets.edge(network, *edge), std::cmp::Reverse(*edge)))
        };
        let mut edges = Vec::new();
        let mut distance = Distance::NEVER;
        for pair in pairs.iter().rev() {
            let edge = if edges.is_empty() {
                let last = widest(*pair, &|_| true)?;
                distance = Distance::end(network.edges[last].own);
                last
            } else {
                let edge = widest(*pair, &|edge| network.behind(edge, distance).is_some())?;
                distance = distance.further();
                edge
            };
            edges.push(u32::try_from(edge).ok()?);
        }
        edges.reverse();
        let first = network.start(network.roots[root].node, distance)?;
        Some(Route { root: first, edges })
    }
}

/// The place where a certificate is reached.
const fn reached(node: u32) -> Place {
    2 * node as usize
}

/// The place where it passes on.
const fn passing(node: u32) -> Place {
    2 * node as usize + 1
}

/// The certificate of a place.
const fn node(place: Place) -> u32 {
    (place / 2) as u32
}

/// How far each certificate is from the end at least, whatever flows.
fn distances(network: &Network) -> Vec<Distance> {
    let mut distances = vec![Distance::NEVER; network.nodes];
    let mut waiting = Vec::new();
    // Over the ends that add nothing first: so they come in the order of their distance.
    for own in [0, 1] {
        for edge in network.into(network.target).filter(|edge| network.edges[*edge].own == own) {
            reach(&mut distances, &mut waiting, network.edges[edge].issuer, Distance::end(own));
        }
    }
    let mut at = 0;
    while let Some(node) = waiting.get(at).copied() {
        let distance = distances[node as usize];
        for edge in network.into(node) {
            if let Some(further) = network.behind(edge, distance) {
                reach(&mut distances, &mut waiting, network.edges[edge].issuer, further);
            }
        }
        at += 1;
    }
    distances
}

fn reach(distances: &mut [Distance], waiting: &mut Vec<u32>, node: u32, distance: Distance) {
    if distances[node as usize] == Distance::NEVER {
        distances[node as usize] = distance;
        waiting.push(node);
    }
}
