//! Shows that a greedy search was the reason: the paths that were taken leave room for no other, though other paths
//! together carry more.
//!
//! Every path of the network is tried, by plain walking, against what the taken ones left of each budget. Were there room for
//! one more, whoever took the others and stopped would have stopped for another reason: it would know a rule that we do not.

use std::collections::HashMap;

use countersign::trust::problem::{Arc, Node, Problem};

/// A path that was taken, as pairs of issuer and certificate from the root on, and what flows along it.
pub struct Taken {
    pub pairs: Vec<(u32, u32)>,
    pub flow: usize,
}

/// Whether no path of the problem could still carry anything beside those that were taken.
pub fn is_stuck(problem: &Problem, taken: &[Taken]) -> bool {
    let mut left = Left::of(problem);
    taken.iter().for_each(|path| left.take(path));
    !problem.roots.iter().any(|root| left.root(root.node) > 0 && leads_on(problem, &left, &mut Vec::new(), root.node))
}

/// What is left of the budgets. In these networks one certifies another once at most.
struct Left {
    arcs: HashMap<(u32, u32), usize>,
    nodes: HashMap<u32, usize>,
    roots: HashMap<u32, usize>,
}

impl Left {
    fn of(problem: &Problem) -> Self {
        let arcs = problem.steps.iter().chain(problem.ends.iter().map(|end| &end.arc));
        Self {
            arcs: arcs.map(|arc| (pair(arc), usize::from(arc.amount.value()))).collect(),
            nodes: (0..problem.nodes).map(|node| (node, FULL)).collect(),
            roots: problem.roots.iter().map(|root| (root.node.0, usize::from(root.amount.value()))).collect(),
        }
    }

    fn take(&mut self, path: &Taken) {
        let less = |budget: Option<&mut usize>| {
            if let Some(budget) = budget {
                *budget = budget.saturating_sub(path.flow);
            }
        };
        less(path.pairs.first().and_then(|(root, _)| self.roots.get_mut(root)));
        for (issuer, certificate) in &path.pairs {
            less(self.nodes.get_mut(issuer));
            less(self.arcs.get_mut(&(*issuer, *certificate)));
        }
    }

    fn root(&self, node: Node) -> usize {
        self.roots.get(&node.0).copied().unwrap_or(0)
    }

    fn carries(&self, arc: &Arc) -> bool {
        let left = |budget: Option<&usize>| budget.is_some_and(|left| *left > 0);
        left(self.arcs.get(&pair(arc))) && left(self.nodes.get(&arc.issuer.0))
    }
}

/// Whether a way leads on to the target, with everything left that it needs.
fn leads_on(problem: &Problem, left: &Left, way: &mut Vec<Arc>, at: Node) -> bool {
    let ends = problem.ends.iter().filter(|end| end.arc.issuer == at && left.carries(&end.arc));
    let whole = |arcs: &[Arc], own: u8| {
        let behind = |place: usize| arcs.len() - 1 - place + usize::from(own);
        arcs.iter().enumerate().all(|(place, arc)| arc.depth.reaches(behind(place)))
    };
    for end in ends {
        way.push(end.arc);
        let admitted = whole(way, end.own);
        way.pop();
        if admitted {
            return true;
        }
    }
    for step in problem.steps.iter().filter(|step| step.issuer == at && left.carries(step)) {
        let met = |arc: &Arc| arc.issuer == step.certificate || arc.certificate == step.certificate;
        if step.issuer == step.certificate || way.iter().any(met) {
            continue;
        }
        way.push(*step);
        let found = leads_on(problem, left, way, step.certificate);
        way.pop();
        if found {
            return true;
        }
    }
    false
}

fn pair(arc: &Arc) -> (u32, u32) {
    (arc.issuer.0, arc.certificate.0)
}

const FULL: usize = 120;
