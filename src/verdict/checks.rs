//! Counts results of tools: the people who signed that a check passed on the very tree at hand.

use std::collections::{BTreeMap, BTreeSet};

use super::said::{Said, Speakers};
use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::grant::Role;
use crate::policy::Person;
use crate::policy::rule::CheckClause;
use crate::statement::check::Finding;

/// Who signed that a check passed, each with their certificates. Whoever also signed that it failed is not among them, nor
/// is anybody whose check was held against a registry that our own lock does not agree with.
pub(super) fn passed(
    clause: &CheckClause,
    said: &Said<'_>,
    speakers: &Speakers<'_>,
    tree: Option<Digest>,
) -> BTreeMap<Person, BTreeSet<Fingerprint>> {
    let mut passed: BTreeMap<Person, BTreeSet<Fingerprint>> = BTreeMap::new();
    let mut failed = BTreeSet::new();
    for opened in said.checks {
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
    }
    passed.retain(|person, _| !failed.contains(person));
    passed
}
