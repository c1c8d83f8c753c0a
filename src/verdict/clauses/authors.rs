//! Holds the signers of a release against the author clauses of a rule, and says who is missing.

use std::collections::BTreeSet;

use super::super::Known;
use super::super::authors::{Counted, Release, Right, Scale, Signer};
use super::Outcome;
use crate::fingerprint::Fingerprint;
use crate::grant::Role;
use crate::lock::Basis;
use crate::policy::Voices;
use crate::policy::rule::AuthorClause;
use crate::reason::{Answer, Code, Reason};

/// The signers of a release, as clauses ask of them.
#[derive(Clone, Copy)]
pub(in super::super) struct Authors<'a> {
    /// The release that is judged, if there is one.
    pub(in super::super) release: Option<&'a Release<'a>>,
    /// What rights were weighed by.
    pub(in super::super) scale: &'a Scale<'a>,
}

impl Authors<'_> {
    /// How many of the rule's author clauses are met.
    pub(in super::super) fn met(self) -> usize {
        self.scale.author_clauses().filter(|clause| self.meet(clause).met == Known::Yes).count()
    }

    /// Whether the release has the authors that a clause of the rule asks for, whatever else is asked; none where none does.
    pub(in super::super) fn authorised(self) -> Option<Known> {
        let answers = self.scale.author_clauses().map(|clause| self.meet(clause).met);
        let rank = |known: &Known| match known {
            Known::Yes => 0,
            Known::Unknown => 1,
            Known::No => 2,
        };
        answers.min_by_key(rank)
    }

    /// What author clauses lack though somebody signed who counts, as notes: for where they are skipped.
    pub(in super::super) fn missing(self) -> Vec<Reason> {
        let lacking = self.scale.author_clauses().map(|clause| self.meet(clause));
        let some = lacking.filter(|outcome| outcome.met != Known::Yes && !outcome.authors.is_empty());
        some.flat_map(|outcome| outcome.reasons).map(|one| Reason { answer: Answer::Note, ..one }).collect()
    }

    /// Holds the signers against one clause.
    pub(super) fn meet(self, clause: &AuthorClause) -> Outcome {
        let counted = self.release.map(|release| release.counted(clause)).unwrap_or_default();
        let authors = counted.values().flatten().map(|(signer, _)| signer.certificate.clone()).collect();
        if counted.len() >= clause.count {
            // It rests on the weakest of those that it takes, and it takes the strongest.
            let by_policy = self.suffice(clause, &counted, true);
            let basis = if by_policy { Basis::Policy } else { Basis::FirstUse };
            let met = Outcome { authors, ..Outcome::met(Some(basis)) };
            let is_met = by_policy || self.suffice(clause, &counted, false);
            return if is_met { met } else { not_independent(met, clause.count) };
        }
        let uncertain = self.release.map_or(0, |release| release.uncertain(clause));
        let cannot_tell = counted.len() + uncertain >= clause.count;
        let (met, answer) =
            if cannot_tell { (Known::Unknown, Answer::CannotTell) } else { (Known::No, Answer::Reject) };
        let missing = clause.count - counted.len();
        let message = format!("{} of {} needed author signatures that count", counted.len(), clause.count);
        let step = self.step(clause, missing, &authors);
        let reasons = vec![Reason::new(Code::TooFewAuthors, answer, message).step(step)];
        Outcome { authors, ..Outcome::unmet(met, missing, reasons) }
    }

    /// Whether these people are enough for a clause; `by_policy`: by what does not rest on first use.
    ///
    /// Paths are asked of those alone whose right rests on nothing but paths; the others were named by the user, or are
    /// remembered.
    fn suffice(self, clause: &AuthorClause, counted: &Counted<'_>, by_policy: bool) -> bool {
        let counts = |basis: Basis| !by_policy || basis == Basis::Policy;
        let (mut with_paths, mut without) = (Vec::new(), 0);
        for all in counted.values() {
            let needs_no_path = |(signer, right): &(&Signer, &Right)| {
                signer.kept.is_some_and(counts) || right.authentication().is_none() && counts(right.basis())
            };
            let by_path: Vec<_> = all.iter().filter(|(_, right)| right.authentication().is_some()).collect();
            if all.iter().any(needs_no_path) {
                without += 1;
            } else if !by_path.is_empty() {
                with_paths.push(by_path);
            }
        }
        if with_paths.len() + without < clause.count {
            return false;
        }
        let needed = clause.count.saturating_sub(without);
        let Some(trust) = self.scale.trust.filter(|_| clause.independent && needed > 1) else { return true };
        let certificates = |all: &Vec<&(&Signer, &Right)>| all.iter().map(|(one, _)| one.certificate.clone()).collect();
        let people: Vec<Vec<Fingerprint>> = with_paths.iter().map(certificates).collect();
        let granted = with_paths.iter().flatten().all(|(_, right)| matches!(right, Right::Granted(_)));
        trust.are_independent(&people, needed, granted.then_some(Role::Author), self.scale.package)
    }

    /// Who could sign; only people who are trusted already.
    fn step(self, clause: &AuthorClause, missing: usize, counted: &BTreeSet<Fingerprint>) -> String {
        let (people, remembered) = (self.scale.people, self.scale.remembered());
        let signed = people.count(counted);
        let plural = if missing == 1 { "signature" } else { "signatures" };
        let what = format!("{missing} more good {plural} on this manifest");
        let left: Vec<String> = match &clause.from {
            Voices::Only(named) => {
                let left = named.iter().filter(|person| !signed.contains(*person));
                left.filter(|person| self.scale.policy.has_voice(person)).map(ToString::to_string).collect()
            }
            Voices::Authorised => {
                let known = people.count(&remembered);
                known.iter().filter(|person| !signed.contains(*person)).map(ToString::to_string).collect()
            }
        };
        match (left.is_empty(), self.scale.trust.is_some()) {
            (false, _) => format!("{what} by {}", left.join(" or ")),
            (true, true) => format!("{what} by somebody whom your roots grant the role of author for this package"),
            (true, false) => format!("{what} by its author"),
        }
    }
}

fn not_independent(met: Outcome, needed: usize) -> Outcome {
    let message = format!("{needed} independent people are needed, and the ways to those who signed meet in one hand");
    let step = "a signature by somebody whom another introducer vouches for";
    let reason = Reason::new(Code::NotIndependent, Answer::Reject, message).step(step);
    Outcome { met: Known::No, missing: 1, reasons: vec![reason], ..met }
}
