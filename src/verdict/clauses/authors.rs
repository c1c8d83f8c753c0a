//! Holds the signers of a release against the author clauses of a rule, and says who is missing.

use std::collections::BTreeSet;

use super::super::Known;
use super::super::authors::{Counted, Release, Right, Scale, Signer, counted as of_signers};
use super::Outcome;
use crate::fingerprint::Fingerprint;
use crate::grant::Role;
use crate::lock::Basis;
use crate::policy::rule::{AuthorClause, NewPackage};
use crate::policy::{Person, Voices};
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
            let met = |by_policy| {
                let basis = if by_policy { Basis::Policy } else { Basis::FirstUse };
                Outcome { authors, ..Outcome::met(Some(basis)) }
            };
            let by_policy = self.suffice(clause, &counted, true);
            if by_policy || self.suffice(clause, &counted, false) {
                return met(by_policy);
            }
            // Where the policy lifts that, it rests on what it would rest on if it had not been asked.
            let dependent = AuthorClause { independent: false, ..clause.clone() };
            return not_independent(met(self.suffice(&dependent, &counted, true)), clause.count);
        }
        let uncertain = self.release.map_or(0, |release| release.uncertain(clause));
        let cannot_tell = counted.len() + uncertain >= clause.count;
        let (met, answer) =
            if cannot_tell { (Known::Unknown, Answer::CannotTell) } else { (Known::No, Answer::Reject) };
        let missing = clause.count - counted.len();
        let message = format!("{} of {} needed author signatures that count", counted.len(), clause.count);
        let reason = Reason::new(Code::TooFewAuthors, answer, message);
        let step = self.release.map(|release| self.step(release, clause, &counted));
        let reasons = vec![step.into_iter().fold(reason, Reason::step)];
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
                signer.kept.is_some_and(counts) || !right.needs_path() && counts(right.basis())
            };
            let by_path: Vec<_> = all.iter().filter(|(_, right)| right.needs_path()).collect();
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
        let granted = with_paths.iter().flatten().all(|(_, right)| right.is_granted());
        trust.are_independent(&people, needed, granted.then_some(Role::Author), self.scale.package)
    }

    /// What would be enough; it names only people who are trusted already.
    fn step(self, release: &Release<'_>, clause: &AuthorClause, counted: &Counted<'_>) -> String {
        let missing = clause.count - counted.len();
        let plural = if missing == 1 { "signature" } else { "signatures" };
        let waiting = self.scale.waiting(release);
        let mut could = of_signers(&waiting, clause);
        could.retain(|person, _| !counted.contains_key(person));
        let is_trusted = |all: &[(&Signer, &Right)]| all.iter().any(|(_, right)| !matches!(right, Right::FirstUse));
        let trusted: Vec<_> = could.iter().filter(|(_, all)| is_trusted(all)).map(|(person, _)| *person).collect();
        let suffice = |chosen: &[&Person]| {
            let more = chosen.iter().filter_map(|person| could.get_key_value(person));
            let with = counted.iter().chain(more).map(|(person, all)| (*person, all.clone()));
            self.suffice(clause, &with.collect(), false)
        };
        if let Some(who) = enough(&trusted, missing, suffice) {
            return format!("{missing} more good {plural} on this manifest by {who}");
        }
        if could.len() >= missing && trusted.is_empty() {
            return format!("{missing} more good {plural} on this manifest by others whom it names as its authors");
        }
        let left = self.elsewhere(clause, counted);
        if left.len() >= missing {
            let left = left.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
            return format!("a manifest that also names {left} as author, with {missing} more good {plural} by them");
        }
        let scale = self.scale;
        match scale.rule.new_package {
            _ if clause.from != Voices::Authorised => "name more people in the rule who can sign it".to_owned(),
            _ if scale.trust.is_some() => format!(
                "a manifest with {missing} more good {plural} by authors to whom your roots grant this role for this package"
            ),
            _ if scale.is_known() => format!(
                "a manifest that follows the one that was accepted before, and that {missing} more authors sign, together \
                 with those before"
            ),
            NewPackage::Reject => "name its authors in the policy: `author = { from = […] }`".to_owned(),
            _ => format!("a manifest that names more authors, with {missing} more good {plural} by them"),
        }
    }

    /// People who would count if a manifest named them, beside those who are counted.
    fn elsewhere(self, clause: &AuthorClause, counted: &Counted<'_>) -> BTreeSet<Person> {
        let scale = self.scale;
        let is_new = |certificate: &Fingerprint| {
            !scale.policy.distrusts(certificate) && !counted.contains_key(&scale.people.person(certificate))
        };
        match &clause.from {
            Voices::Only(named) => {
                let could = |person: &&Person| scale.policy.people().certificates(person).iter().any(is_new);
                named.iter().filter(could).cloned().collect()
            }
            Voices::Authorised if scale.is_exclusive() => BTreeSet::new(),
            Voices::Authorised => {
                let remembered = scale.remembered();
                scale.people.count(remembered.iter().filter(|certificate| is_new(certificate)))
            }
        }
    }
}

/// Whom to name so that it is enough: so many of some people, whichever; or all of these.
fn enough(people: &[&Person], needed: usize, suffice: impl Fn(&[&Person]) -> bool) -> Option<String> {
    let choices = choices(people, needed);
    let good: Vec<_> = choices.iter().filter(|chosen| suffice(chosen)).collect();
    let names = |people: &[&Person], between: &str| {
        let names: Vec<_> = people.iter().map(ToString::to_string).collect();
        names.join(between)
    };
    match good.first() {
        None => None,
        Some(_) if good.len() == choices.len() => Some(names(people, " or ")),
        Some(_) if needed == 1 => Some(names(&good.into_iter().flatten().copied().collect::<Vec<_>>(), " or ")),
        Some(first) => Some(names(first, " and ")),
    }
}

/// Each way to take so many of these people; not more ways than are worth the while.
fn choices<'p>(people: &[&'p Person], needed: usize) -> Vec<Vec<&'p Person>> {
    let mut found = Vec::new();
    let mut open = vec![(0, Vec::new())];
    while let Some((next, chosen)) = open.pop() {
        if chosen.len() == needed {
            found.push(chosen);
        } else if found.len() < MOST_CHOICES && people.len() - next >= needed - chosen.len() {
            open.push((next + 1, chosen.clone()));
            open.push((next + 1, chosen.into_iter().chain([people[next]]).collect()));
        }
    }
    found
}

/// So many choices are tried to find one that is enough.
const MOST_CHOICES: usize = 256;

fn not_independent(met: Outcome, needed: usize) -> Outcome {
    let message = format!("{needed} independent people are needed, and the ways to those who signed meet in one hand");
    let step = "a signature by somebody whom another introducer vouches for";
    let reason = Reason::new(Code::NotIndependent, Answer::Reject, message).step(step);
    Outcome { met: Known::No, missing: 1, reasons: vec![reason], ..met }
}
