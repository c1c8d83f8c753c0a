//! Holds evidence against the clauses of a rule, one after the other, and says for each that is not met what is missing.

mod authors;

use std::collections::BTreeSet;

use super::authors::{Release, Scale};
use super::checks::{self, Results};
use super::reviews::{self, Found, Hop, Lack, Reviews, Wanting};
use super::{Basis, Known};
use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::policy::rule::{CheckClause, Requirement, ReviewClause};
use crate::policy::{Person, Voices};
use crate::reason::{Answer, Code, Reason};
pub(super) use authors::Authors;

/// How a requirement came out.
#[derive(Debug, Clone)]
pub(super) struct Outcome {
    /// Whether it is met.
    pub(super) met: Known,
    /// What the people who were counted for it are counted by; none where nothing but skipping met it.
    pub(super) basis: Option<Basis>,
    /// Authors who were counted.
    pub(super) authors: BTreeSet<Fingerprint>,
    /// Reviewers who were counted.
    pub(super) reviewers: BTreeSet<Fingerprint>,
    /// Whoever signed checks that were counted.
    pub(super) checkers: BTreeSet<Fingerprint>,
    /// How each review clause is met.
    pub(super) readings: Vec<Vec<Hop>>,
    /// How many more voices it would take, at least.
    missing: usize,
    /// Why it is not met.
    pub(super) reasons: Vec<Reason>,
}

/// What clauses are held against.
pub(super) struct Evidence<'a> {
    /// The release that is judged, if there is one.
    pub(super) release: Option<&'a Release<'a>>,
    /// Whether author clauses are skipped, since the package is unsigned and may be.
    pub(super) skip_authors: bool,
    /// What rights were weighed by.
    pub(super) scale: &'a Scale<'a>,
    /// What is known of reviews, and of checks beside them.
    pub(super) reviews: &'a Reviews<'a>,
    /// The tree, where it could be measured.
    pub(super) tree: Option<Digest>,
}

impl Evidence<'_> {
    /// Holds the evidence against a requirement.
    pub(super) fn meet(&self, requirement: &Requirement) -> Outcome {
        match requirement {
            Requirement::All(inner) => {
                let none = Outcome { basis: None, ..Outcome::met(None) };
                inner.iter().map(|clause| self.meet(clause)).fold(none, Outcome::and)
            }
            Requirement::Any(inner) => {
                let outcomes = inner.iter().map(|clause| self.meet(clause));
                // What is met by somebody's word comes before what is met by skipping.
                let rank = |outcome: &Outcome| {
                    let met = match outcome.met {
                        Known::Yes => 0,
                        Known::Unknown => 1,
                        Known::No => 2,
                    };
                    (met, outcome.basis.is_none(), outcome.missing)
                };
                outcomes.min_by_key(rank).unwrap_or_else(|| Outcome::met(None))
            }
            Requirement::Author(_) if self.skip_authors => Outcome::met(None),
            Requirement::Author(clause) => self.authors().meet(clause),
            Requirement::Review(clause) => self.reviews(clause),
            Requirement::Check(clause) => self.checks(clause),
        }
    }

    /// Those who signed the release.
    pub(super) fn authors(&self) -> Authors<'_> {
        Authors { release: self.release, scale: self.scale }
    }

    fn reviews(&self, clause: &ReviewClause) -> Outcome {
        let found = self.tree.map(|tree| self.reviews.meet(clause, tree));
        let (lack, have) = match found {
            Some(Found::Chain(chain)) => {
                let reviewers = chain.iter().flat_map(|hop| hop.reviewers.iter().cloned()).collect();
                return Outcome { reviewers, readings: vec![chain], ..Outcome::met(Some(Basis::Policy)) };
            }
            Some(Found::Lacking(lack, have)) => (lack, have),
            None => (Lack::Few, 0),
        };
        let count = clause.count;
        let wanting = self.tree.and_then(|tree| self.reviews.wanting(clause, tree));
        let missing = wanting.as_ref().map_or(count, |wanting| wanting.more);
        let step = match lack {
            Lack::Dependent => "a review by somebody whom another introducer vouches for".to_owned(),
            _ => self.review_step(clause, wanting),
        };
        let (code, answer, message) = match lack {
            Lack::Few => (Code::TooFewReviews, Answer::Reject, format!("{have} of {count} needed reviews")),
            Lack::Uncertain => (
                Code::TooFewReviews,
                Answer::CannotTell,
                format!("{have} of {count} needed reviews, and more by keys that this build cannot check"),
            ),
            Lack::Authors => (
                Code::SelfReview,
                Answer::Reject,
                "there are reviews enough, but by authors of what they reviewed, whose word does not count for that"
                    .to_owned(),
            ),
            Lack::Dependent => (
                Code::NotIndependent,
                Answer::Reject,
                format!("{count} independent reviewers are needed, and the ways to those who signed meet in one hand"),
            ),
            Lack::NoBase => (
                Code::ReviewBaseMissing,
                Answer::Reject,
                "the change that leads here was reviewed, and what was there before was not, as often as is asked"
                    .to_owned(),
            ),
            Lack::Ended(why) => (
                Code::ReviewBaseMissing,
                Answer::Reject,
                format!("the way of reviews leads through what nobody should build on: {why}"),
            ),
        };
        let known = if answer == Answer::CannotTell { Known::Unknown } else { Known::No };
        Outcome::unmet(known, missing, vec![Reason::new(code, answer, message).step(step)])
    }

    fn checks(&self, clause: &CheckClause) -> Outcome {
        let (said, speakers) = (&self.reviews.said, self.reviews.speakers);
        let Results { passed, failed, uncertain } = checks::results(clause, said, speakers, self.tree);
        let have = passed.len();
        if have >= clause.count {
            let checkers = passed.into_values().flatten().collect();
            return Outcome { checkers, ..Outcome::met(Some(Basis::Policy)) };
        }
        let missing = clause.count - have;
        let mut message =
            format!("{have} of {} needed results of the check `{}` that count", clause.count, clause.name);
        let cannot_tell = have + uncertain.len() >= clause.count;
        let (met, answer) = match cannot_tell {
            true => (Known::Unknown, Answer::CannotTell),
            false => (Known::No, Answer::Reject),
        };
        if cannot_tell {
            message += ", and more by keys that this build cannot check";
        }
        let left = match &clause.from {
            Voices::Authorised => None,
            Voices::Only(people) => Some(people.iter().flat_map(|person| speakers.voices_of(person)).collect()),
        };
        let left = left.map(|left: BTreeSet<Person>| {
            left.into_iter().filter(|one| !passed.contains_key(one) && !failed.contains(one)).collect()
        });
        let step = match whom(left, missing, "whom your roots grant the role of checker for this package") {
            Some(who) => format!("{missing} more signed by {who}, that it passed on this very tree"),
            None => "name more people in the rule who can sign this check, or find out why it failed".to_owned(),
        };
        Outcome::unmet(met, missing, vec![Reason::new(Code::TooFewChecks, answer, message).step(step)])
    }

    /// Who could review what; only people who are trusted already.
    fn review_step(&self, clause: &ReviewClause, wanting: Option<Wanting>) -> String {
        let Some(tree) = self.tree else { return "find out why the tree could not be measured".to_owned() };
        let Some(Wanting { from, to, more, by }) = wanting else {
            return "name more people in the rule who can review it, and did not write it".to_owned();
        };
        let left = (clause.from != Voices::Authorised).then_some(by);
        let who = whom(left, more, "whom your roots grant the role of reviewer for this package");
        let who = who.unwrap_or_else(|| "somebody else".to_owned());
        let what = match from {
            None if to == tree => "the whole".to_owned(),
            None => format!("the whole of {}", self.reviews.version_of(to)),
            Some(from) if to == tree => format!("the change from {}", self.reviews.version_of(from)),
            Some(from) => {
                format!("the change from {} to {}", self.reviews.version_of(from), self.reviews.version_of(to))
            }
        };
        let plural = if more == 1 { "review" } else { "reviews" };
        format!("{more} more {plural} of {what} by {who}")
    }

    /// What is to be told of reviews, whether the clauses are met or not.
    pub(super) fn told(&self) -> Vec<Reason> {
        let clauses = self.scale.rule.require.clauses();
        let clauses = clauses.into_iter().filter_map(|clause| match clause {
            Requirement::Review(clause) => Some(clause),
            _ => None,
        });
        let mut told = Vec::new();
        for clause in clauses {
            let Some(tree) = self.tree else { continue };
            for (one, other) in self.reviews.duplicates(clause, tree) {
                told.push(duplicate(&one, &other));
            }
            for other in self.reviews.of_other_trees(clause, tree) {
                let message = format!("the review {other} is of another tree of this version than the one at hand");
                told.push(Reason::new(Code::DiffMismatch, Answer::SetAside, message));
            }
            for signer in self.reviews.out_of_scope(clause, tree) {
                let message = format!("{signer} has the role of reviewer, but for other packages");
                told.push(Reason::new(Code::OutOfScope, Answer::SetAside, message));
            }
            for opened in self.reviews.ahead() {
                let message =
                    format!("the review is dated {}, which is ahead of the clock", opened.statement().reviewed());
                told.push(Reason::new(Code::Clock, Answer::SetAside, message));
            }
        }
        for clause in self.scale.rule.require.clauses() {
            let Requirement::Check(clause) = clause else { continue };
            let results = checks::results(clause, &self.reviews.said, self.reviews.speakers, self.tree);
            let more = results.passed.values().flat_map(reviews::duplicates);
            told.extend(more.map(|(one, other)| duplicate(&one, &other)));
        }
        let of_tree = self.tree.into_iter().flat_map(|tree| self.reviews.said.of_tree(tree));
        for (kind, signer) in of_tree.filter(|(_, signer)| self.scale.policy.distrusts(signer)) {
            let message = format!("you distrust {signer}, so the {kind} counts for nothing");
            told.push(Reason::new(Code::SignerDenied, Answer::SetAside, message));
        }
        told.sort_by(|one, other| (one.code, &one.message).cmp(&(other.code, &other.message)));
        told.dedup();
        told
    }
}

/// Several certificates of one person are one voice.
fn duplicate(one: &Fingerprint, other: &Fingerprint) -> Reason {
    let message = format!("{one} and {other} are one person, who is counted once");
    Reason::new(Code::SignatureDuplicate, Answer::Note, message)
}

/// Whom to ask: so many of those who are named, or whoever has the right. None where those who are named are too few.
fn whom(named: Option<BTreeSet<Person>>, needed: usize, otherwise: &str) -> Option<String> {
    let Some(named) = named else { return Some(format!("somebody {otherwise}")) };
    let names: Vec<_> = named.iter().map(ToString::to_string).collect();
    (names.len() >= needed).then(|| names.join(" or "))
}

impl Outcome {
    fn met(basis: Option<Basis>) -> Self {
        Self {
            met: Known::Yes,
            basis,
            authors: BTreeSet::new(),
            reviewers: BTreeSet::new(),
            checkers: BTreeSet::new(),
            readings: Vec::new(),
            missing: 0,
            reasons: Vec::new(),
        }
    }

    fn and(mut self, other: Self) -> Self {
        self.met = match (self.met, other.met) {
            (Known::No, _) | (_, Known::No) => Known::No,
            (Known::Yes, Known::Yes) => Known::Yes,
            _ => Known::Unknown,
        };
        // All of it is needed, so it rests on the weaker.
        self.basis = match (self.basis, other.basis) {
            (Some(Basis::FirstUse), _) | (_, Some(Basis::FirstUse)) => Some(Basis::FirstUse),
            (one, other) => one.or(other),
        };
        self.authors.extend(other.authors);
        self.reviewers.extend(other.reviewers);
        self.checkers.extend(other.checkers);
        self.readings.extend(other.readings);
        self.missing += other.missing;
        self.reasons.extend(other.reasons);
        self
    }

    fn unmet(met: Known, missing: usize, reasons: Vec<Reason>) -> Self {
        Self { met, basis: None, missing, reasons, ..Self::met(None) }
    }
}
