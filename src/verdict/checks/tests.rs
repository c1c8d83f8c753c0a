use super::super::authors::Scale;
use super::super::chain::Chain;
use super::super::fixture::name;
use super::super::memory::{Memory, Slot};
use super::*;
use crate::limits::Limits;
use crate::openpgp::open::{NothingSeen, OpenedStatement, SignedStatement};
use crate::openpgp::testing::{NOW, Person as Somebody, TIMES};
use crate::package::Purl;
use crate::policy::PolicyFile;
use crate::policy::rule::Requirement;
use crate::statement::Check;
use crate::statement::check::{Draft, Subject};

fn tree() -> Digest {
    Digest::of(b"a tree")
}

fn check(by: &Somebody, result: Finding, subject: Option<Subject>) -> OpenedStatement<Check> {
    let check = Check::new(&Draft {
        package: "pkg:generic/a@1.0.0".parse().expect("a purl"),
        tree: tree(),
        name: "c".parse().expect("a word"),
        tool: "t 1".to_owned(),
        result,
        checked: NOW,
        subject,
        note: None,
    });
    let check = check.expect("a check");
    let mut signed = SignedStatement::new(check.text().as_bytes().to_vec());
    signed.add_signature("c.asc".to_owned(), by.sign_text(check.text().as_bytes()));
    let certificate = by.certificate();
    signed.open(|_| vec![&certificate], &NothingSeen, TIMES, &Limits::default()).expect("opened")
}

/// What some people's checks come to; each of them may count.
fn found(people: &[&Somebody], checks: &[OpenedStatement<Check>], subject: Option<&Subject>) -> Results {
    let names: Vec<_> = people.iter().map(|person| format!("\"{}\"", name(person))).collect();
    let text = format!(
        "countersign = \"policy/1\"\n[[rule]]\npackages = [\"*\"]\n\
         require = {{ check = {{ name = \"c\", from = [{}] }} }}\n",
        names.join(", ")
    );
    let policy = PolicyFile::read(text.as_bytes(), &Limits::default()).and_then(|file| file.check(None));
    let policy = policy.expect("a policy");
    let package: Purl = "pkg:generic/a@1.0.0".parse().expect("a purl");
    let (memory, chain) = (Memory::default(), Chain::default());
    let scale = Scale {
        package: &package,
        policy: &policy,
        rule: policy.rule_for(&package).expect("a rule"),
        people: policy.people(),
        trust: None,
        memory: &memory,
        slot: Slot::New,
        chain: &chain,
        overriding: None,
    };
    let speakers = Speakers::new(&scale);
    let Requirement::Check(clause) = &scale.rule.require else { panic!("a check clause") };
    results(clause, &Said { checks: checks.into(), subject, ..Said::default() }, &speakers, Some(tree()))
}

#[test]
fn what_was_held_against_a_registry_counts_only_where_our_own_lock_agrees() {
    let bot = Somebody::new();
    let subject = |archive: &str| Subject { registry: "registry".to_owned(), archive: Digest::of(archive.as_bytes()) };
    let opened = check(&bot, Finding::Pass, Some(subject("ours")));
    let counted = |agreed: Option<&Subject>| found(&[&bot], std::slice::from_ref(&opened), agreed).passed.len();
    assert_eq!(counted(Some(&subject("ours"))), 1);
    assert_eq!(counted(Some(&subject("another"))), 0);
    assert_eq!(counted(None), 0);
}

#[test]
fn what_cannot_be_checked_leaves_it_open() {
    let (bot, other) = (Somebody::new(), Somebody::new());
    let counted = |checks: &[OpenedStatement<Check>]| {
        let Results { passed, failed, uncertain } = found(&[&bot, &other], checks, None);
        (passed.len(), failed.len(), uncertain.len())
    };
    let pass = check(&bot, Finding::Pass, None);
    let fail = check(&bot, Finding::Fail, None);
    let by_both = pass.clone().with_unsupported([name(&other)]);
    assert_eq!(counted(std::slice::from_ref(&pass)), (1, 0, 0));
    assert_eq!(counted(std::slice::from_ref(&by_both)), (1, 0, 1));
    // Whoever may also have said that it failed cannot be counted, and whoever has said so is no question.
    let may_fail = check(&other, Finding::Fail, None).with_unsupported([name(&bot)]);
    assert_eq!(counted(&[pass.clone(), may_fail]), (0, 1, 1));
    assert_eq!(counted(&[pass, fail]), (0, 1, 0));
    assert_eq!(counted(&[by_both, check(&other, Finding::Fail, None)]), (1, 1, 0));
}
