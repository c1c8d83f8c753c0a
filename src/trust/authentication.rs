//! From a question to its answer: has what may lie on a path gathered and handed to the flow as plain numbers, and tells
//! the paths that came back.

use std::borrow::Cow;
use std::fmt;

use rayon::prelude::*;

use super::authorisation::Measure;
use super::disjoint::{self, RootSharing};
use super::flow;
use super::independent::{self, Person};
use super::posed::{self, Posed};
use super::question::Question;
use super::reach::Reach;
use super::view::View;
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
    pub(super) root: Fingerprint,
    pub(super) edges: Vec<Certification>,
    pub(super) own: bool,
    pub(super) amount: Amount,
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

/// How often the nearest path is looked for, each time without what was found not to hold, before all is gathered.
const NEAREST_TRIES: usize = 8;

/// What can be asked, and how much of it: nothing stands in the way but perhaps the user's own word.
struct Askable {
    target: u32,
    wanted: Amount,
    obstacle: Option<Obstacle>,
}

impl View<'_, '_> {
    /// Answers a question. Only what a path may need is verified.
    pub fn authenticate(&self, question: &Question) -> Authentication {
        let reach = self.reach(question.max_depth);
        match self.askable(question) {
            Err(answer) => *answer,
            Ok(askable) => {
                let soon = self.nearest(&askable, question, reach);
                soon.unwrap_or_else(|| self.search(askable, question, reach))
            }
        }
    }

    /// Answers the same question about every binding of every certificate, in the order of fingerprints and user IDs.
    ///
    /// [`View::prepare`] first makes this fast.
    pub fn authenticate_all(&self, asked: &Question) -> Vec<Authentication> {
        let network = self.network();
        let nodes = 0..network.size().0 as u32;
        let bindings = nodes.flat_map(|node| network.names(node).map(move |user_id| (node, user_id)));
        let questions: Vec<_> = bindings
            .map(|(node, user_id)| {
                let (certificate, user_id) = (network.fingerprint(node).clone(), user_id.to_owned());
                Question { certificate, user_id, ..asked.clone() }
            })
            .collect();
        let mut answers: Vec<_> = questions.iter().map(|_| None).collect();
        let mut reach = Cow::Borrowed(self.reach(asked.max_depth));
        // What does not hold makes ways longer; the whole search would verify all of them for that.
        for _ in 0..NEAREST_TRIES {
            let rest: Vec<_> = answers.iter_mut().zip(&questions).filter(|(answer, _)| answer.is_none()).collect();
            rest.into_par_iter().for_each(|(answer, question)| {
                *answer = match self.askable(question) {
                    Err(answer) => Some(*answer),
                    Ok(askable) => self.nearest(&askable, question, &reach),
                };
            });
            if answers.iter().all(Option::is_some) {
                break;
            }
            let known = Reach::hoped(self, asked.max_depth);
            if known == *reach {
                break;
            }
            reach = Cow::Owned(known);
        }
        let answer = |(soon, question): (Option<Authentication>, &Question)| {
            soon.unwrap_or_else(|| match self.askable(question) {
                Err(answer) => *answer,
                Ok(askable) => self.search(askable, question, &reach),
            })
        };
        answers.into_par_iter().zip(&questions).map(answer).collect()
    }

    /// What of a question is left to search for; or its answer, where no search changes that.
    fn askable(&self, question: &Question) -> Result<Askable, Box<Authentication>> {
        let Some(target) = self.network().place(&question.certificate) else {
            return Err(Box::new(Authentication::none(question, Obstacle::Unknown)));
        };
        if let Some(obstacle) = self.obstacle(target, &question.user_id) {
            return Err(Box::new(Authentication::none(question, obstacle)));
        }
        let cap = self.own_word(target, &question.user_id).filter(|cap| *cap < question.wanted);
        let wanted = cap.unwrap_or(question.wanted);
        let obstacle = cap.map(Obstacle::OwnWord);
        if wanted == Amount::NONE {
            let (question, paths) = (question.clone(), Vec::new());
            return Err(Box::new(Authentication { question, amount: wanted, paths, obstacle }));
        }
        Ok(Askable { target, wanted, obstacle })
    }

    /// The answer of the whole search where its first path is enough; none where that is not to be seen so soon.
    ///
    /// The search prefers the shortest path, and of those the widest. So the shortest and widest path of all that
    /// certifications claim is the one that it would take first, if what lies on it holds: only that is verified. What
    /// does not hold is not offered again.
    fn nearest(&self, asked: &Askable, question: &Question, reach: &Reach) -> Option<Authentication> {
        if question.paths > 1 {
            return None;
        }
        for _ in 0..NEAREST_TRIES {
            let mut posed = Posed::nearest(self, asked.target, question, reach)?;
            posed::number([&mut posed.problem]);
            let found = flow::nearest(&posed.problem, asked.wanted)?;
            let open = posed.unverified(&found);
            if open.is_empty() {
                let paths = found.paths().iter().filter_map(|path| posed.told(self, path)).collect();
                let obstacle = asked.obstacle.clone();
                return Some(Authentication { question: question.clone(), amount: found.amount(), paths, obstacle });
            }
            self.network().verify(&open);
        }
        None
    }

    /// Gathers and verifies everything that may lie on a path, and searches it.
    fn search(&self, asked: Askable, question: &Question, reach: &Reach) -> Authentication {
        let Askable { target, wanted, obstacle } = asked;
        let mut posed = Posed::all(self, target, question, reach);
        posed::number([&mut posed.problem]);
        let apart = (question.paths > 1)
            .then(|| disjoint::disjoint(&posed.problem, wanted, question.paths, RootSharing::Shared));
        let (found, obstacle) = match apart {
            None => (flow::solve(&posed.problem, wanted), obstacle),
            Some(Some(found)) => (found, obstacle),
            Some(None) => (flow::solve(&posed.problem, wanted), Some(Obstacle::PathsMeet(question.paths))),
        };
        let paths = found.paths().iter().filter_map(|path| posed.told(self, path)).collect();
        Authentication { question: question.clone(), amount: found.amount().min(wanted), paths, obstacle }
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
                        let reach = self.reach(measure.max_depth);
                        problems.push(Posed::all(self, target, &question, reach).problem);
                    }
                }
            }
            posed.push(Person { problems });
        }
        posed::number(posed.iter_mut().flat_map(|person| &mut person.problems));
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

#[cfg(test)]
mod tests;
