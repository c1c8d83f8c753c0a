//! A question as a problem in plain numbers: walks backwards from the target, and takes what fits the question.

use std::collections::HashSet;

use super::authentication::TrustPath;
use super::check::PathSet;
use super::problem::{self, Arc, End, Node, Problem};
use super::question::Question;
use super::reach::Reach;
use super::view::{Offer, View};

/// A question as a problem, and what its numbers stand for. Until [`number`] it has the network's own numbers.
pub(super) struct Posed<'n> {
    pub(super) problem: Problem,
    steps: Vec<Offer<'n>>,
    ends: Vec<Offer<'n>>,
    roots: Vec<u32>,
}

/// What is taken.
#[derive(Clone, Copy)]
enum Taken {
    /// All that counts; it is verified.
    All,
    /// What lies on paths of so many certifications from a root; nothing is verified for it.
    OnPathsOf(usize),
}

impl<'n> Posed<'n> {
    /// With everything that counts.
    pub(super) fn all(view: &View<'n, '_>, target: u32, question: &Question, reach: &Reach) -> Self {
        Self::new(view, target, question, reach, Taken::All)
    }

    /// With the shortest paths alone, also by certifications that nobody has verified yet; none where no path can be.
    pub(super) fn nearest(view: &View<'n, '_>, target: u32, question: &Question, reach: &Reach) -> Option<Self> {
        let hops = reach.hops(target)?;
        let within = question.max_depth.is_none_or(|max| hops <= max);
        within.then(|| Self::new(view, target, question, reach, Taken::OnPathsOf(hops)))
    }

    fn new(view: &View<'n, '_>, target: u32, question: &Question, reach: &Reach, taken: Taken) -> Self {
        let mut posed = Self { problem: Problem::default(), steps: Vec::new(), ends: Vec::new(), roots: Vec::new() };
        posed.problem.target = target;
        posed.problem.max_edges = question.max_depth;
        let met = posed.gather(view, target, question, reach, taken);
        let (package, role) = (question.package.as_ref(), question.granted_role());
        for (node, root) in view.roots() {
            // The target's own word grants no role, and a root only introduces.
            let fits = root.grant.admits(package, role) && (*node != target || role.is_none());
            if fits && met.contains(node) {
                let (amount, depth) = (root.amount, root.depth);
                posed.problem.roots.push(problem::Root { node: Node(*node), amount, depth });
                posed.roots.push(*node);
            }
        }
        posed
    }

    /// Fills in what may lie on a path. Gives all certificates that it came across.
    fn gather(
        &mut self,
        view: &View<'n, '_>,
        target: u32,
        question: &Question,
        reach: &Reach,
        taken: Taken,
    ) -> HashSet<u32> {
        let (network, max) = (view.network(), question.max_depth);
        let (package, role) = (question.package.as_ref(), question.granted_role());
        let mut frontier = vec![target];
        let mut met = HashSet::from([target]);
        let mut behind = 0;
        while !frontier.is_empty() && max.is_none_or(|max| behind < max) {
            let on_the_way = |issuer| match taken {
                Taken::All => reach.allows(issuer, behind + 1, max),
                Taken::OnPathsOf(hops) => reach.hops(issuer).is_some_and(|to| to + behind + 1 == hops),
            };
            let places: Vec<u32> = frontier
                .iter()
                .flat_map(|node| network.about(*node))
                .filter(|place| {
                    let utterance = network.utterance(*place);
                    let own = || usize::from(behind == 0 && *utterance.user_id != *question.user_id);
                    utterance.issuer != target
                        && on_the_way(utterance.issuer)
                        && view.may_count(utterance)
                        && view.claimed_depth(utterance).reaches(behind + own())
                })
                .collect();
            if let Taken::All = taken {
                network.verify(&places);
            }
            let mut next = Vec::new();
            for offer in places.into_iter().flat_map(|place| view.offers(place)) {
                let wanted = behind == 0 && *offer.user_id == *question.user_id;
                let own = u8::from(behind == 0 && !wanted);
                let fits = offer.depth.reaches(behind + usize::from(own))
                    && offer.grant.admits(package, role)
                    // A regex limits whom the introduced one may introduce, so the wanted binding itself is exempt.
                    && (wanted || view.admits(offer.regexes, &question.user_id));
                let granted = match (behind, package, role) {
                    (0, Some(package), Some(role)) => offer.grant.grants(package, role),
                    _ => true,
                };
                if !fits || !granted {
                    continue;
                }
                if met.insert(offer.issuer) {
                    next.push(offer.issuer);
                }
                let (issuer, certificate) = (Node(offer.issuer), Node(offer.target));
                let arc = Arc { issuer, certificate, amount: offer.amount, depth: offer.depth };
                if behind == 0 {
                    self.problem.ends.push(End { arc, own });
                    self.ends.push(offer);
                } else {
                    self.problem.steps.push(arc);
                    self.steps.push(offer);
                }
            }
            frontier = next;
            behind += 1;
        }
        met
    }

    /// The utterances on paths that nobody has verified yet.
    pub(super) fn unverified(&self, found: &PathSet) -> Vec<u32> {
        let offers = found.paths().iter().flat_map(|path| self.along(path));
        offers.filter(|offer| offer.certification.is_none()).map(|offer| offer.place).collect()
    }

    /// A path with its certifications; none where one of them was not verified.
    pub(super) fn told(&self, view: &View<'_, '_>, path: &problem::Path) -> Option<TrustPath> {
        let edges = self.along(path).map(|offer| offer.certification.cloned()).collect::<Option<_>>()?;
        Some(TrustPath {
            root: view.network().fingerprint(self.roots[path.root]).clone(),
            edges,
            own: path.end.is_some_and(|place| self.problem.ends[place].own > 0),
            amount: path.flow,
        })
    }

    fn along<'a>(&'a self, path: &'a problem::Path) -> impl Iterator<Item = &'a Offer<'n>> {
        let steps = path.steps.iter().filter_map(|place| self.steps.get(*place));
        steps.chain(path.end.and_then(|place| self.ends.get(place)))
    }
}

/// Numbers the certificates of problems, all of them alike and in the network's order, so that of equal paths the same
/// one is found whatever else was gathered.
pub(super) fn number<'a>(problems: impl IntoIterator<Item = &'a mut Problem>) {
    let mut problems: Vec<_> = problems.into_iter().collect();
    let mut met: Vec<u32> = Vec::new();
    for problem in &problems {
        met.push(problem.target);
        met.extend(problem.roots.iter().map(|root| root.node.0));
        let arcs = problem.steps.iter().chain(problem.ends.iter().map(|end| &end.arc));
        met.extend(arcs.flat_map(|arc| [arc.issuer.0, arc.certificate.0]));
    }
    met.sort_unstable();
    met.dedup();
    // All of them are there.
    let place = |node: u32| met.binary_search(&node).unwrap_or_default() as u32;
    for problem in &mut problems {
        problem.nodes = met.len() as u32;
        problem.target = place(problem.target);
        problem.roots.iter_mut().for_each(|root| root.node = Node(place(root.node.0)));
        for arc in problem.steps.iter_mut().chain(problem.ends.iter_mut().map(|end| &mut end.arc)) {
            (arc.issuer, arc.certificate) = (Node(place(arc.issuer.0)), Node(place(arc.certificate.0)));
        }
    }
}
