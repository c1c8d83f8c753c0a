//! Re-tests an answer about a network, rule by rule: the only maker of a [`PathSet`].
//!
//! It shares no code and no state with the search that found the paths, and takes nothing from it on trust. Plain and
//! slow on purpose: whoever reads it beside [`Problem`] sees the same rules in the same order.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use crate::grant::Amount;

use super::problem::{Arc, End, Node, Path, Problem, Root};

/// Paths that hold together: each keeps every rule of its problem, and all of them keep its budgets.
///
/// Nothing else makes one:
///
/// ```
/// use countersign::grant::{Amount, Depth};
/// use countersign::trust::check::PathSet;
/// use countersign::trust::problem::{Arc, End, Node, Path, Problem, Root};
///
/// let end = Arc { issuer: Node(0), certificate: Node(1), amount: Amount::FULL, depth: Depth::NONE };
/// let problem = Problem {
///     nodes: 2,
///     target: 1,
///     roots: vec![Root { node: Node(0), amount: Amount::FULL, depth: Depth::UNLIMITED }],
///     steps: Vec::new(),
///     ends: vec![End { arc: end, own: 0 }],
///     max_edges: None,
/// };
/// let path = Path { root: 0, steps: Vec::new(), end: Some(0), flow: Amount::FULL };
/// assert!(PathSet::check(&problem, vec![path]).expect("it holds").reaches(Amount::FULL));
/// ```
///
/// ```compile_fail
/// let set = countersign::trust::check::PathSet { paths: Vec::new(), total: 120 };
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathSet {
    paths: Vec<Path>,
    total: u32,
}

impl PathSet {
    /// Accepts paths that hold together, and sorts them: short ones first, then by their certificates.
    pub fn check(problem: &Problem, mut paths: Vec<Path>) -> Result<Self, Fault> {
        let mut roots = BTreeSet::new();
        if let Some(twice) = problem.roots.iter().find(|root| !roots.insert(root.node)) {
            return Err(Fault::TwoRoots { node: twice.node.0 });
        }
        let traces = paths
            .iter()
            .enumerate()
            .map(|(number, path)| Trace::read(problem, number, path))
            .collect::<Result<Vec<_>, _>>()?;
        let mut seen = BTreeSet::new();
        if let Some((number, _)) =
            paths.iter().enumerate().find(|(_, path)| !seen.insert((path.root, &path.steps, path.end)))
        {
            return Err(Fault::SamePath { path: number });
        }
        budgets(problem, &paths, &traces)?;
        let total = paths.iter().map(|path| u32::from(path.flow.value())).sum();
        let order: BTreeMap<_, _> =
            paths.iter().zip(&traces).map(|(path, trace)| (path.clone(), trace.order())).collect();
        paths.sort_by(|one, other| (order.get(one), one).cmp(&(order.get(other), other)));
        Ok(Self { paths, total })
    }

    /// No path at all, which shows nothing.
    pub(super) const fn nothing() -> Self {
        Self { paths: Vec::new(), total: 0 }
    }

    /// The paths, short ones first.
    pub fn paths(&self) -> &[Path] {
        &self.paths
    }

    /// How much they show together; 120 is the most that an amount can say.
    pub fn amount(&self) -> Amount {
        Amount::capped(self.total.try_into().unwrap_or(u8::MAX))
    }

    /// Whether they show so much together.
    pub fn reaches(&self, wanted: Amount) -> bool {
        self.total >= u32::from(wanted.value())
    }
}

/// Whether no two of these paths share a certification's issuer and certificate together, nor any certificate but the
/// target and, where they may share those, roots.
pub(super) fn are_disjoint(problem: &Problem, set: &PathSet, shared_roots: bool) -> bool {
    let roots: BTreeSet<_> = problem.roots.iter().map(|root| root.node).collect();
    let (mut nodes, mut pairs) = (BTreeSet::new(), BTreeSet::new());
    set.paths.iter().enumerate().all(|(number, path)| {
        Trace::read(problem, number, path).is_ok_and(|trace| {
            trace
                .nodes
                .iter()
                .filter(|node| node.0 != problem.target && !(shared_roots && roots.contains(node)))
                .all(|node| nodes.insert(*node))
                && trace.arcs.iter().all(|arc| pairs.insert((arc.issuer, arc.certificate)))
        })
    })
}

/// Whether people can be counted together, each by an answer to one of their problems: whether none of them, and no
/// introducer but a root, serves another.
pub(super) fn are_independent(people: &[&[Problem]], claims: &[(usize, usize, &PathSet)]) -> bool {
    let mut roots = BTreeSet::new();
    let mut introducers: Vec<BTreeSet<Node>> = Vec::new();
    let mut own: Vec<BTreeSet<Node>> = Vec::new();
    for (person, place, set) in claims {
        let Some(problem) = people.get(*person).and_then(|problems| problems.get(*place)) else {
            return false;
        };
        if PathSet::check(problem, set.paths.clone()).as_ref() != Ok(*set) {
            return false;
        }
        let steps = set.paths.iter().flat_map(|path| &path.steps).filter_map(|step| problem.steps.get(*step));
        introducers.push(steps.map(|arc| arc.certificate).collect());
        own.push(people[*person].iter().map(|problem| Node(problem.target)).collect());
        roots.extend(people[*person].iter().flat_map(|problem| &problem.roots).map(|root| root.node));
    }
    let meet = |one: &BTreeSet<Node>, two: &BTreeSet<Node>| one.intersection(two).any(|node| !roots.contains(node));
    (0..claims.len()).all(|one| {
        (0..claims.len()).filter(|two| *two != one).all(|two| {
            own[one].is_disjoint(&own[two])
                && !meet(&introducers[one], &introducers[two])
                && !meet(&introducers[one], &own[two])
        })
    })
}

/// Why paths are no answer. `path` counts the given paths from 0, `edge` its certifications from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Fault {
    /// The problem names one certificate as two roots.
    #[error("certificate {node} is a root twice; give each root once")]
    TwoRoots {
        /// The certificate.
        node: u32,
    },
    /// It begins at no root.
    #[error("path {path} begins at no root of the problem")]
    Root {
        /// Which path.
        path: usize,
    },
    /// It uses a certification that is not there, or goes on from another certificate than the last one reached.
    #[error("path {path} has no certification {edge} that goes on from the certificate before")]
    Broken {
        /// Which path.
        path: usize,
        /// Which edge.
        edge: usize,
    },
    /// It does not end at the target.
    #[error("path {path} does not end at the target")]
    End {
        /// Which path.
        path: usize,
    },
    /// A certificate is on it twice.
    #[error("path {path} meets certificate {node} twice")]
    Twice {
        /// Which path.
        path: usize,
        /// The certificate.
        node: u32,
    },
    /// It has more edges than asked for.
    #[error("path {path} has more certifications than the problem allows")]
    Long {
        /// Which path.
        path: usize,
    },
    /// A certification does not reach as far as the path goes.
    #[error("certification {edge} of path {path} does not reach to the end")]
    Depth {
        /// Which path.
        path: usize,
        /// Which edge.
        edge: usize,
    },
    /// The root does not reach as far as the path goes.
    #[error("the root of path {path} does not reach to the end")]
    RootDepth {
        /// Which path.
        path: usize,
    },
    /// Nothing flows along it.
    #[error("path {path} carries nothing")]
    NoFlow {
        /// Which path.
        path: usize,
    },
    /// It is there twice.
    #[error("path {path} is there twice")]
    SamePath {
        /// Which path.
        path: usize,
    },
    /// More flows along one certification than its amount.
    #[error("more flows along a certification by {issuer} of {certificate} than its amount")]
    EdgeBudget {
        /// Who certified.
        issuer: u32,
        /// Who was certified.
        certificate: u32,
    },
    /// More flows along parallel certifications than the largest of those that are used.
    #[error("more flows from {issuer} to {certificate} than the largest certification that is used")]
    PairBudget {
        /// Who certified.
        issuer: u32,
        /// Who was certified.
        certificate: u32,
    },
    /// More than 120 flows through or out of a certificate.
    #[error("more than 120 flows through certificate {node}")]
    NodeBudget {
        /// The certificate.
        node: u32,
    },
    /// More starts at a root than its amount.
    #[error("more starts at root {node} than its amount")]
    RootBudget {
        /// The root's certificate.
        node: u32,
    },
}

/// A path, with its places looked up.
struct Trace {
    root: Root,
    arcs: Vec<Arc>,
    /// Every certificate from the root to the target.
    nodes: Vec<Node>,
}

impl Trace {
    /// Looks a path up, and tests all that it must keep on its own.
    fn read(problem: &Problem, number: usize, path: &Path) -> Result<Self, Fault> {
        let root = *problem.roots.get(path.root).ok_or(Fault::Root { path: number })?;
        let mut arcs = Vec::new();
        for (at, step) in path.steps.iter().enumerate() {
            arcs.push(*problem.steps.get(*step).ok_or(Fault::Broken { path: number, edge: at + 1 })?);
        }
        let mut own = 0;
        if let Some(end) = path.end {
            let fault = Fault::Broken { path: number, edge: arcs.len() + 1 };
            let End { arc, own: added } = *problem.ends.get(end).ok_or(fault)?;
            arcs.push(arc);
            own = usize::from(added);
        } else if !arcs.is_empty() {
            return Err(Fault::End { path: number });
        }
        let mut nodes = vec![root.node];
        for (at, arc) in arcs.iter().enumerate() {
            if nodes.last() != Some(&arc.issuer) {
                return Err(Fault::Broken { path: number, edge: at + 1 });
            }
            nodes.push(arc.certificate);
        }
        if nodes.last() != Some(&Node(problem.target)) {
            return Err(Fault::End { path: number });
        }
        let mut met = BTreeSet::new();
        if let Some(twice) = nodes.iter().find(|node| !met.insert(**node)) {
            return Err(Fault::Twice { path: number, node: twice.0 });
        }
        let edges = arcs.len();
        if problem.max_edges.is_some_and(|most| edges > most) {
            return Err(Fault::Long { path: number });
        }
        for (at, arc) in arcs.iter().enumerate() {
            let edge = at + 1;
            if !arc.depth.reaches(edges - edge + own) {
                return Err(Fault::Depth { path: number, edge });
            }
        }
        if !root.depth.reaches(edges + own) {
            return Err(Fault::RootDepth { path: number });
        }
        if path.flow < Amount::capped(1) {
            return Err(Fault::NoFlow { path: number });
        }
        Ok(Self { root, arcs, nodes })
    }

    /// What paths are sorted by: nothing that depends on the order of the problem's arcs.
    fn order(&self) -> (usize, Vec<Node>, Vec<Arc>) {
        (self.arcs.len(), self.nodes.clone(), self.arcs.clone())
    }
}

/// Adds up what flows where, and compares each sum with its budget.
fn budgets(problem: &Problem, paths: &[Path], traces: &[Trace]) -> Result<(), Fault> {
    let mut steps: BTreeMap<usize, u32> = BTreeMap::new();
    let mut ends: BTreeMap<usize, u32> = BTreeMap::new();
    let mut pairs: BTreeMap<(Node, Node), (u32, Amount)> = BTreeMap::new();
    let mut nodes: BTreeMap<Node, u32> = BTreeMap::new();
    let mut roots: BTreeMap<Node, (u32, Amount)> = BTreeMap::new();
    for (path, trace) in paths.iter().zip(traces) {
        let flow = u32::from(path.flow.value());
        for step in &path.steps {
            *steps.entry(*step).or_default() += flow;
        }
        if let Some(end) = path.end {
            *ends.entry(end).or_default() += flow;
        }
        for arc in &trace.arcs {
            let (sum, largest) = pairs.entry((arc.issuer, arc.certificate)).or_insert((0, Amount::NONE));
            *sum += flow;
            *largest = (*largest).max(arc.amount);
        }
        for node in trace.nodes.iter().filter(|node| node.0 != problem.target) {
            *nodes.entry(*node).or_default() += flow;
        }
        roots.entry(trace.root.node).or_insert((0, trace.root.amount)).0 += flow;
    }
    let arcs = steps.iter().filter_map(|(place, sum)| Some((problem.steps.get(*place)?, sum)));
    let last = ends.iter().filter_map(|(place, sum)| Some((&problem.ends.get(*place)?.arc, sum)));
    if let Some((arc, _)) = arcs.chain(last).find(|(arc, sum)| over(**sum, arc.amount)) {
        return Err(Fault::EdgeBudget { issuer: arc.issuer.0, certificate: arc.certificate.0 });
    }
    if let Some(((issuer, certificate), _)) = pairs.iter().find(|(_, (sum, largest))| over(*sum, *largest)) {
        return Err(Fault::PairBudget { issuer: issuer.0, certificate: certificate.0 });
    }
    if let Some((node, _)) = nodes.iter().find(|(_, sum)| over(**sum, Amount::FULL)) {
        return Err(Fault::NodeBudget { node: node.0 });
    }
    if let Some((node, _)) = roots.iter().find(|(_, (sum, amount))| over(*sum, *amount)) {
        return Err(Fault::RootBudget { node: node.0 });
    }
    Ok(())
}

/// Whether a sum is more than a budget.
fn over(sum: u32, budget: Amount) -> bool {
    sum > u32::from(budget.value())
}

#[cfg(test)]
mod tests;
