//! What the roots would say of somebody whom nobody has certified, if one certificate certified them as far as it can: to
//! ask what its thief could do.
//!
//! It answers no real question. What it finds is a [`Supposition`], which is no `Authentication` and shows no path. The
//! rules of paths are those of [`super::super::flow`], [`super::super::disjoint`] and [`super::super::independent`]; here only a certificate is
//! added that is not there. Regular expressions stop nobody who chooses their own user ID, so they are left out.

use std::collections::{BTreeMap, BTreeSet};

use super::super::disjoint::{self, RootSharing};
use super::super::flow;
use super::super::independent::{self, Person};
use super::super::problem::{Arc, End, Node, Problem, Root};
use super::super::roots::RetiredIssuers;
use super::super::view::View;
use super::Measure;
use crate::fingerprint::Fingerprint;
use crate::grant::{Amount, Depth, Grant, Role};
use crate::openpgp::Standing;
use crate::package::Purl;
use crate::pattern::Pattern;

/// That the roots would reach somebody whom one certificate vouched for; made by [`View::supposed`] alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Supposition {
    grants_role: bool,
}

impl Supposition {
    /// Whether they would have the role for the package, beside being known.
    pub fn grants_role(self) -> bool {
        self.grants_role
    }
}

impl View<'_, '_> {
    /// All certificates that the roots may reach on paths of at most so many certifications, themselves included.
    pub fn within_reach(&self, max_depth: Option<usize>) -> Vec<Fingerprint> {
        let (network, reach) = (self.network(), self.reach(max_depth));
        let nodes = (0..network.size().0 as u32).filter(|node| reach.allows(*node, 0, max_depth));
        nodes.map(|node| network.fingerprint(node).clone()).collect()
    }

    /// Every pattern by which trust is limited here: what the roots say depends on a package by which of them it fits.
    pub fn scopes(&self) -> BTreeSet<Pattern> {
        let network = self.network();
        let utterances = 0..network.size().1 as u32;
        let claimed = utterances.flat_map(|place| network.claims_of(place)).flat_map(|claim| &claim.grant().scopes);
        let of_roots = self.viewpoint().roots.iter().flat_map(|root| &root.grant.scopes);
        claimed.chain(of_roots).cloned().collect()
    }

    /// Whether trust starts at a certificate.
    pub fn is_root(&self, certificate: &Fingerprint) -> bool {
        let node = self.network().place(certificate);
        node.is_some_and(|node| self.roots().iter().any(|(root, _)| *root == node))
    }

    /// What the roots would say of a new certificate that `key` certified in full, with every role for every package. None
    /// where they would not know it.
    pub fn supposed(&self, key: &Fingerprint, role: Role, package: &Purl, measure: Measure) -> Option<Supposition> {
        let reached = |role| {
            let Some(mut problem) = self.pose(key, 0, Some(package), role, measure) else { return false };
            number([&mut problem]);
            match measure.paths {
                0 | 1 => flow::solve(&problem, measure.wanted).reaches(measure.wanted),
                paths => disjoint::disjoint(&problem, measure.wanted, paths, RootSharing::Shared).is_some(),
            }
        };
        if reached(Some(role)) {
            return Some(Supposition { grants_role: true });
        }
        reached(None).then_some(Supposition { grants_role: false })
    }

    /// Whether so many of `people` new certificates, all certified by `key`, would be counted together; with `key` itself, if
    /// that is reached as well.
    pub fn would_be_independent(
        &self,
        key: &Fingerprint,
        (with_key, people): (bool, usize),
        needed: usize,
        role: Option<Role>,
        package: &Purl,
        measure: Measure,
    ) -> bool {
        if needed <= 1 {
            return with_key || people > 0;
        }
        // Every way to them leads through it, and so to one of them, or to it.
        if !self.is_root(key) {
            return false;
        }
        let alone = Measure { paths: 1, ..measure };
        let posed = (0..people).filter_map(|person| self.pose(key, person as u32, Some(package), role, alone));
        let mut posed: Vec<_> = posed.map(|problem| Person { problems: vec![problem] }).collect();
        number(posed.iter_mut().flat_map(|person| &mut person.problems));
        let needed = needed - usize::from(with_key);
        independent::independent(&posed, needed, measure.wanted).is_some()
    }

    /// The question about the `person`-th new certificate, with the network's numbers and some beyond; none where what `key`
    /// says does not count.
    fn pose(
        &self,
        key: &Fingerprint,
        person: u32,
        package: Option<&Purl>,
        role: Option<Role>,
        measure: Measure,
    ) -> Option<Problem> {
        let network = self.network();
        let key = network.place(key)?;
        let speaks = match network.party(key).standing() {
            Standing::Valid { .. } => true,
            // A thief can date what they certify back to when it counted.
            Standing::Expired { .. } | Standing::Retired { .. } => self.viewpoint().retired == RetiredIssuers::Count,
            _ => false,
        };
        if !speaks || !network.is_local(key) || self.is_distrusted(key) {
            return None;
        }
        // Between the key and the new certificate others may stand, so that several ways share nothing but a root.
        let between = measure.paths.saturating_sub(1) as u32;
        let target = u32::MAX - person * (between + 1);
        let full = |issuer, certificate| Arc {
            issuer: Node(issuer),
            certificate: Node(certificate),
            amount: Amount::FULL,
            depth: Depth::UNLIMITED,
        };
        let mut problem = Problem { target, max_edges: measure.max_depth, ..Problem::default() };
        problem.ends.push(End { arc: full(key, target), own: 0 });
        for one in 1..=between {
            problem.steps.push(full(key, target - one));
            problem.ends.push(End { arc: full(target - one, target), own: 0 });
        }
        self.lead(key, &mut problem, |grant| grant.admits(package, role));
        for (node, root) in self.roots().iter().filter(|(_, root)| root.grant.admits(package, role)) {
            problem.roots.push(Root { node: Node(*node), amount: root.amount, depth: root.depth });
        }
        Some(problem)
    }

    /// Adds every certification that may lie on a way to `key`.
    fn lead(&self, key: u32, problem: &mut Problem, fits: impl Fn(&Grant) -> bool) {
        let (network, max) = (self.network(), problem.max_edges);
        let reach = self.reach(max);
        let (mut frontier, mut met) = (vec![key], BTreeSet::from([key]));
        let mut behind = 1;
        while !frontier.is_empty() && max.is_none_or(|max| behind < max) {
            let places = frontier.iter().flat_map(|node| network.about(*node)).filter(|place| {
                let utterance = network.utterance(*place);
                self.may_count(utterance)
                    && self.claimed_depth(utterance).reaches(behind)
                    && reach.allows(utterance.issuer, behind + 1, max)
            });
            let places: Vec<u32> = places.collect();
            network.verify(&places);
            let mut next = Vec::new();
            for edge in places.into_iter().flat_map(|place| self.edges(place)) {
                if !edge.depth.reaches(behind) || !fits(edge.certification.grant()) {
                    continue;
                }
                if met.insert(edge.issuer) {
                    next.push(edge.issuer);
                }
                let (issuer, certificate) = (Node(edge.issuer), Node(edge.target));
                problem.steps.push(Arc { issuer, certificate, amount: edge.amount, depth: edge.depth });
            }
            frontier = next;
            behind += 1;
        }
    }
}

/// Numbers the certificates of problems from 0 on, all of them alike.
fn number<'a>(problems: impl IntoIterator<Item = &'a mut Problem>) {
    let mut numbers: BTreeMap<u32, u32> = BTreeMap::new();
    let mut problems: Vec<_> = problems.into_iter().collect();
    for problem in &mut problems {
        let mut number = |node: u32| {
            let fresh = numbers.len() as u32;
            *numbers.entry(node).or_insert(fresh)
        };
        problem.target = number(problem.target);
        problem.roots.iter_mut().for_each(|root| root.node = Node(number(root.node.0)));
        for arc in problem.steps.iter_mut().chain(problem.ends.iter_mut().map(|end| &mut end.arc)) {
            (arc.issuer, arc.certificate) = (Node(number(arc.issuer.0)), Node(number(arc.certificate.0)));
        }
    }
    problems.iter_mut().for_each(|problem| problem.nodes = numbers.len() as u32);
}
