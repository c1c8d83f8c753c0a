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

#[cfg(test)]
mod tests {
    use super::super::authors::Scale;
    use super::super::chain::Chain;
    use super::super::fixture::name;
    use super::super::memory::{Memory, Slot};
    use super::*;
    use crate::limits::Limits;
    use crate::openpgp::open::{NothingSeen, SignedStatement};
    use crate::openpgp::testing::{NOW, Person as Somebody, TIMES};
    use crate::policy::PolicyFile;
    use crate::policy::rule::Requirement;
    use crate::statement::Check;
    use crate::statement::check::{Draft, Subject};

    #[test]
    fn what_was_held_against_a_registry_counts_only_where_our_own_lock_agrees() {
        let bot = Somebody::new();
        let tree = Digest::of(b"a tree");
        let subject =
            |archive: &str| Subject { registry: "registry".to_owned(), archive: Digest::of(archive.as_bytes()) };
        let check = Check::new(&Draft {
            package: "pkg:generic/a@1.0.0".parse().expect("a purl"),
            tree,
            name: "registry-checksum".parse().expect("a word"),
            tool: "t 1".to_owned(),
            result: Finding::Pass,
            checked: NOW,
            subject: Some(subject("ours")),
            note: None,
        });
        let check = check.expect("a check");
        let mut signed = SignedStatement::new(check.text().as_bytes().to_vec());
        signed.add_signature("c.asc".to_owned(), bot.sign_text(check.text().as_bytes()));
        let certificate = bot.certificate();
        let opened = signed.open(|_| vec![&certificate], &NothingSeen, TIMES, &Limits::default()).expect("opened");
        let text = format!(
            "countersign = \"policy/1\"\n[[rule]]\npackages = [\"*\"]\n\
             require = {{ check = {{ name = \"registry-checksum\", from = [\"{}\"] }} }}\n",
            name(&bot)
        );
        let policy = PolicyFile::read(text.as_bytes(), &Limits::default()).and_then(|file| file.check(None));
        let policy = policy.expect("a policy");
        let (memory, chain) = (Memory::default(), Chain::default());
        let scale = Scale {
            package: check.package(),
            policy: &policy,
            rule: policy.rule_for(check.package()).expect("a rule"),
            people: policy.people(),
            trust: None,
            memory: &memory,
            slot: Slot::New,
            chain: &chain,
            overriding: None,
        };
        let speakers = Speakers::new(&scale);
        let Requirement::Check(clause) = &scale.rule.require else { panic!("a check clause") };
        let counted = |agreed: Option<&Subject>| {
            let said = Said { checks: std::slice::from_ref(&opened), subject: agreed, ..Said::default() };
            passed(clause, &said, &speakers, Some(tree)).len()
        };
        assert_eq!(counted(Some(&subject("ours"))), 1);
        assert_eq!(counted(Some(&subject("another"))), 0);
        assert_eq!(counted(None), 0);
    }
}
