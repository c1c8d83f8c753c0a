//! From a question to its answer: gathers what may lie on a path, hands it to the flow as plain numbers, and tells the
//! paths that came back.

use std::collections::{HashMap, HashSet};
use std::fmt;

use rayon::prelude::*;

use super::authorisation::Measure;
use super::disjoint::{self, RootSharing};
use super::flow;
use super::independent::{self, Person};
use super::problem::{self, Arc, End, Node, Problem};
use super::question::Question;
use super::view::{Edge, View};
use crate::fingerprint::Fingerprint;
use crate::grant::{Amount, Role};
use crate::openpgp::certify::Certification;
use crate::openpgp::{Standing, UserIdStanding};
use crate::package::Purl;
use crate::reason::Code;

/// Evidence that the roots reach a certificate under a user ID with an amount, along paths that an independent checker
/// accepted; or that they do not.
///
/// Only [`View::authenticate`] makes one. It does not say that a package is good.
#[derive(Debug, Clone)]
pub struct Authentication {
    question: Question,
    amount: Amount,
    paths: Vec<TrustPath>,
    obstacle: Option<Obstacle>,
}

impl Authentication {
    /// What was asked.
    pub fn question(&self) -> &Question {
        &self.question
    }

    /// The amount that is shown; the search stops at what was wanted.
    pub fn amount(&self) -> Amount {
        self.amount
    }

    /// Whether the wanted amount is reached. Nothing is reached by wanting nothing.
    pub fn is_reached(&self) -> bool {
        let enough = self.amount > Amount::NONE && self.amount >= self.question.wanted;
        enough && !matches!(self.obstacle, Some(Obstacle::PathsMeet(_)))
    }

    /// The paths that hold at the same time, each with the amount along it.
    pub fn paths(&self) -> &[TrustPath] {
        &self.paths
    }

    /// What makes the certificate or the user ID of no use whatever the paths, or caps it.
    pub fn obstacle(&self) -> Option<&Obstacle> {
        self.obstacle.as_ref()
    }

    /// Whether a certification on its paths is by an issuer who has expired or retired since.
    pub fn rests_on_retired(&self) -> bool {
        self.paths.iter().flat_map(TrustPath::edges).any(Certification::is_by_retired)
    }

    fn none(question: &Question, obstacle: Obstacle) -> Self {
        Self { question: question.clone(), amount: Amount::NONE, paths: Vec::new(), obstacle: Some(obstacle) }
    }
}

/// One path of an [`Authentication`].
#[derive(Debug, Clone)]
pub struct TrustPath {
    root: Fingerprint,
    edges: Vec<Certification>,
    own: bool,
    amount: Amount,
}

impl TrustPath {
    /// Where it starts.
    pub fn root(&self) -> &Fingerprint {
        &self.root
    }

    /// The certifications, from the root on; none where the root itself is the target.
    pub fn edges(&self) -> &[Certification] {
        &self.edges
    }

    /// Whether its last certification is of another user ID, from which the target's own self-signature leads on.
    pub fn ends_by_self_signature(&self) -> bool {
        self.own
    }

    /// The amount along it.
    pub fn amount(&self) -> Amount {
        self.amount
    }
}

/// What stands in the way before any path is looked for, or limits what paths can give.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Obstacle {
    /// There is no such certificate.
    Unknown,
    /// The user distrusts it.
    Distrusted,
    /// The certificate is not valid.
    Standing(Standing),
    /// The user ID is not good.
    UserId(UserIdStanding),
    /// The user's own newest certification allows no more than this.
    OwnWord(Amount),
    /// So many paths that share no certificate but roots are not shown.
    PathsMeet(usize),
}

impl Obstacle {
    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            Self::Unknown => Code::SignerUnknown,
            Self::Distrusted => Code::SignerDenied,
            Self::Standing(standing) => standing.code().unwrap_or(Code::CertificateInvalid),
            Self::UserId(_) => Code::UserIdUnusable,
            Self::OwnWord(_) => Code::OwnWord,
            Self::PathsMeet(_) => Code::NotIndependent,
        }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("the certificate is in no keyring that was named"),
            Self::Distrusted => f.write_str("you distrust this certificate"),
            Self::Standing(standing) => write!(f, "the certificate is {standing}"),
            Self::UserId(standing) => write!(f, "the user ID is {standing}"),
            Self::PathsMeet(paths) => {
                write!(f, "{paths} paths that share no certificate but roots are asked for, and the ways there meet")
            }
            Self::OwnWord(amount) => write!(f, "your own newest certification of it allows {amount} at most"),
        }
    }
}

impl View<'_, '_> {
    /// Answers a question. Only what a path may need is verified.
    pub fn authenticate(&self, question: &Question) -> Authentication {
        let network = self.network();
        let Some(target) = network.place(&question.certificate) else {
            return Authentication::none(question, Obstacle::Unknown);
        };
        if let Some(obstacle) = self.obstacle(target, &question.user_id) {
            return Authentication::none(question, obstacle);
        }
        let cap = self.own_word(target, &question.user_id).filter(|cap| *cap < question.wanted);
        let wanted = cap.unwrap_or(question.wanted);
        let obstacle = cap.map(Obstacle::OwnWord);
        if wanted == Amount::NONE {
            return Authentication { question: question.clone(), amount: wanted, paths: Vec::new(), obstacle };
        }
        let mut numbers = HashMap::new();
        let posed = Posed::new(self, target, question, &mut numbers);
        let apart = (question.paths > 1)
            .then(|| disjoint::disjoint(&posed.problem, wanted, question.paths, RootSharing::Shared));
        let (found, obstacle) = match apart {
            None => (flow::solve(&posed.problem, wanted), obstacle),
            Some(Some(found)) => (found, obstacle),
            Some(None) => (flow::solve(&posed.problem, wanted), Some(Obstacle::PathsMeet(question.paths))),
        };
        let paths = found.paths().iter().map(|path| posed.told(self, path)).collect();
        Authentication { question: question.clone(), amount: found.amount().min(wanted), paths, obstacle }
    }

    /// Answers the same question about every binding of every certificate, in the order of fingerprints and user IDs.
    ///
    /// [`View::prepare`] first makes this fast.
    pub fn authenticate_all(&self, asked: &Question) -> Vec<Authentication> {
        let network = self.network();
        let nodes = 0..network.size().0 as u32;
        let bindings: Vec<_> = nodes.flat_map(|node| network.names(node).map(move |user_id| (node, user_id))).collect();
        let answer = |(node, user_id): &(u32, &str)| {
            let (certificate, user_id) = (network.fingerprint(*node).clone(), (*user_id).to_owned());
            self.authenticate(&Question { certificate, user_id, ..asked.clone() })
        };
        bindings.par_iter().map(answer).collect()
    }

    /// Whether so many of these people, each with their certificates, are reached at the same time by paths that share no
    /// certificate but roots; for a role, if one is given.
    pub fn are_independent(
        &self,
        people: &[Vec<Fingerprint>],
        needed: usize,
        role: Option<Role>,
        package: &Purl,
        measure: Measure,
    ) -> bool {
        let mut numbers = HashMap::new();
        let mut posed: Vec<Person> = Vec::new();
        for certificates in people {
            let mut problems = Vec::new();
            for certificate in certificates {
                let Some(target) = self.network().place(certificate) else { continue };
                for user_id in self.network().names(target) {
                    let question = Question {
                        certificate: certificate.clone(),
                        user_id: user_id.to_owned(),
                        package: Some(package.clone()),
                        role,
                        max_depth: measure.max_depth,
                        wanted: measure.wanted,
                        paths: 1,
                    };
                    if self.obstacle(target, user_id).is_none() {
                        problems.push(Posed::new(self, target, &question, &mut numbers).problem);
                    }
                }
            }
            posed.push(Person { problems });
        }
        let nodes = numbers.len() as u32;
        posed.iter_mut().flat_map(|person| &mut person.problems).for_each(|problem| problem.nodes = nodes);
        independent::independent(&posed, needed, measure.wanted).is_some()
    }

    /// What makes a binding of no use whoever certified it.
    pub(super) fn obstacle(&self, target: u32, user_id: &str) -> Option<Obstacle> {
        if self.is_distrusted(target) {
            return Some(Obstacle::Distrusted);
        }
        let standing = self.network().party(target).standing();
        if standing.code().is_some() {
            return Some(Obstacle::Standing(standing.clone()));
        }
        let user_id = self.network().user_id(target, user_id).unwrap_or(UserIdStanding::Unsigned);
        (user_id != UserIdStanding::Good).then_some(Obstacle::UserId(user_id))
    }
}

/// A question as a problem, and what its numbers stand for.
struct Posed<'n> {
    problem: Problem,
    steps: Vec<Edge<'n>>,
    ends: Vec<Edge<'n>>,
    roots: Vec<u32>,
}

impl<'n> Posed<'n> {
    /// `numbers` numbers the network's nodes; problems that are posed with the same ones number them alike.
    fn new(view: &View<'n, '_>, target: u32, question: &Question, numbers: &mut HashMap<u32, u32>) -> Self {
        let mut posed = Self { problem: Problem::default(), steps: Vec::new(), ends: Vec::new(), roots: Vec::new() };
        let fresh = numbers.len() as u32;
        posed.problem.target = *numbers.entry(target).or_insert(fresh);
        posed.gather(view, target, question, numbers);
        let (package, role) = (question.package.as_ref(), question.granted_role());
        for (node, root) in view.roots() {
            // The target's own word grants no role, and a root only introduces.
            let fits = root.grant.admits(package, role) && (*node != target || role.is_none());
            if let Some(number) = numbers.get(node).filter(|_| fits) {
                let (amount, depth) = (root.amount, root.depth);
                posed.problem.roots.push(problem::Root { node: Node(*number), amount, depth });
                posed.roots.push(*node);
            }
        }
        posed.problem.nodes = numbers.len() as u32;
        posed.problem.max_edges = question.max_depth;
        posed
    }

    /// Walks backwards from the target, and takes what fits the question.
    fn gather(&mut self, view: &View<'n, '_>, target: u32, question: &Question, numbers: &mut HashMap<u32, u32>) {
        let (network, max) = (view.network(), question.max_depth);
        let reach = view.reach(max);
        let (package, role) = (question.package.as_ref(), question.granted_role());
        let mut frontier = vec![target];
        let mut met = HashSet::from([target]);
        let mut behind = 0;
        while !frontier.is_empty() && max.is_none_or(|max| behind < max) {
            let places: Vec<u32> = frontier
                .iter()
                .flat_map(|node| network.about(*node))
                .filter(|place| {
                    let utterance = network.utterance(*place);
                    let own = usize::from(behind == 0 && *utterance.user_id != *question.user_id);
                    utterance.issuer != target
                        && view.may_count(utterance)
                        && view.claimed_depth(utterance).reaches(behind + own)
                        && reach.allows(utterance.issuer, behind + 1, max)
                })
                .collect();
            network.verify(&places);
            let mut next = Vec::new();
            for edge in places.into_iter().flat_map(|place| view.edges(place)) {
                let grant = edge.certification.grant();
                let wanted = behind == 0 && edge.certification.user_id() == question.user_id;
                let own = u8::from(behind == 0 && !wanted);
                let fits = edge.depth.reaches(behind + usize::from(own))
                    && grant.admits(package, role)
                    // A regex limits whom the introduced one may introduce, so the wanted binding itself is exempt.
                    && (wanted || view.admits(&edge, &question.user_id));
                let granted = match (behind, package, role) {
                    (0, Some(package), Some(role)) => grant.grants(package, role),
                    _ => true,
                };
                if !fits || !granted {
                    continue;
                }
                let mut number = |node| {
                    if met.insert(node) {
                        next.push(node);
                    }
                    let fresh = numbers.len() as u32;
                    *numbers.entry(node).or_insert(fresh)
                };
                let (issuer, certificate) = (Node(number(edge.issuer)), Node(number(edge.target)));
                let arc = Arc { issuer, certificate, amount: edge.amount, depth: edge.depth };
                if behind == 0 {
                    self.problem.ends.push(End { arc, own });
                    self.ends.push(edge);
                } else {
                    self.problem.steps.push(arc);
                    self.steps.push(edge);
                }
            }
            frontier = next;
            behind += 1;
        }
    }

    fn told(&self, view: &View<'_, '_>, path: &problem::Path) -> TrustPath {
        let steps = path.steps.iter().filter_map(|place| self.steps.get(*place));
        let end = path.end.and_then(|place| self.ends.get(place));
        TrustPath {
            root: view.network().fingerprint(self.roots[path.root]).clone(),
            edges: steps.chain(end).map(|edge| edge.certification.clone()).collect(),
            own: path.end.is_some_and(|place| self.problem.ends[place].own > 0),
            amount: path.flow,
        }
    }
}
