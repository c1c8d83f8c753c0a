//! Counts results of tools: the people who signed that a check passed on the very tree at hand.

use std::collections::{BTreeMap, BTreeSet};

use super::said::{Said, Speakers};
use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::grant::Role;
use crate::policy::Person;
use crate::policy::rule::CheckClause;
use crate::statement::check::Finding;

/// Who said what of a check.
#[derive(Debug, Default)]
pub(super) struct Results {
    /// Who signed that it passed, each with their certificates. Whoever also signed that it failed is not among them, nor is
    /// anybody whose check was held against a registry that our own lock does not agree with.
    pub(super) passed: BTreeMap<Person, BTreeSet<Fingerprint>>,
    /// Who signed that it failed.
    pub(super) failed: BTreeSet<Person>,
    /// Who may have signed that it passed, with a key that this build cannot check; or has, and may have signed with such a
    /// key that it failed.
    pub(super) uncertain: BTreeSet<Person>,
}

/// Looks what was said of a check on the tree at hand.
pub(super) fn results(clause: &CheckClause, said: &Said<'_>, speakers: &Speakers<'_>, tree: Option<Digest>) -> Results {
    let Results { mut passed, mut failed, mut uncertain } = Results::default();
    let mut doubted = BTreeSet::new();
    for opened in said.checks.iter() {
        let check = opened.statement();
        let of_this = Some(check.tree()) == tree
            && check.package() == speakers.scale.package
            && check.name().as_str() == clause.name;
        if !of_this {
            continue;
        }
        let agrees = check.subject().is_none_or(|subject| said.subject == Some(subject));
        for signer in opened.signers().filter(|signer| speakers.counts(signer, &clause.from, Role::Checker)) {
            let person = speakers.person(signer);
            match check.result() {
                Finding::Fail => drop(failed.insert(person)),
                Finding::Pass if agrees => drop(passed.entry(person).or_default().insert(signer.clone())),
                Finding::Pass => {}
            }
        }
        for signer in opened.unsupported().filter(|signer| speakers.counts(signer, &clause.from, Role::Checker)) {
            let person = speakers.person(signer);
            match check.result() {
                Finding::Fail => drop(doubted.insert(person)),
                Finding::Pass if agrees => drop(uncertain.insert(person)),
                Finding::Pass => {}
            }
        }
    }
    uncertain.extend(doubted.intersection(&passed.keys().cloned().collect()).cloned());
    passed.retain(|person, _| !failed.contains(person) && !doubted.contains(person));
    uncertain.retain(|person| !failed.contains(person) && !passed.contains_key(person));
    Results { passed, failed, uncertain }
}

#[cfg(test)]
mod tests;
