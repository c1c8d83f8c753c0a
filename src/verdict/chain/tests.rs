use super::super::fixture::{name, release};
use super::*;
use crate::openpgp::open::OpenedStatement;
use crate::openpgp::testing::Person;

type Opened = OpenedStatement<Manifest>;

fn chain<'a>(of: &[&'a Opened]) -> Chain<'a> {
    Chain::new(of.iter().copied())
}

/// Whether `last` was handed over by `before`, who were pinned with `pinned`.
fn handed(chain: &Chain<'_>, last: &Opened, pinned: &Opened, before: &[&Person], needed: usize) -> bool {
    is_handed(chain, last, pinned, before, needed, &[])
}

/// The same where some people's word counts for nothing.
fn is_handed(
    chain: &Chain<'_>,
    last: &Opened,
    pinned: &Opened,
    before: &[&Person],
    needed: usize,
    void: &[&Person],
) -> bool {
    let authors = before.iter().map(|person| name(person)).collect();
    let asked = Handover {
        pinned: pinned.digest(),
        authors: &authors,
        needed,
        counts: &|author| void.iter().all(|one| name(one) != *author),
        people: &BTreeSet::len,
    };
    chain.is_handed_over(last.digest(), &asked)
}

#[test]
fn a_chain_is_followed_over_what_is_at_hand() {
    let a = Person::new();
    let one = release("1", "1", &[&a], &[], &[&a]);
    let two = release("2", "2", &[&a], &[one.digest()], &[&a]);
    let three = release("3", "3", &[&a], &[two.digest()], &[&a]);
    let other = release("9", "9", &[&a], &[], &[&a]);
    let all = chain(&[&one, &two, &three, &other]);
    assert_eq!(all.link(three.digest(), one.digest()), Link::Follows);
    assert_eq!(all.link(one.digest(), three.digest()), Link::Apart);
    assert_eq!(all.link(three.digest(), other.digest()), Link::Apart);
    assert_eq!(chain(&[&one, &three]).link(three.digest(), one.digest()), Link::Gap);
    // What nobody signed is no link, whatever it says.
    let unsigned = release("2", "2", &[&a], &[one.digest()], &[]);
    let three = release("3", "3", &[&a], &[unsigned.digest()], &[&a]);
    assert_eq!(chain(&[&one, &unsigned, &three]).link(three.digest(), one.digest()), Link::Gap);
}

#[test]
fn a_handover_is_signed_by_those_before_and_by_everyone_who_is_new() {
    let (a, b) = (Person::new(), Person::new());
    let one = release("1", "1", &[&a], &[], &[&a]);
    let case = |signers: &[&Person], previous: &[Digest]| {
        let two = release("2", "2", &[&b], previous, signers);
        let three = release("3", "3", &[&b], &[two.digest()], &[&b]);
        let all = chain(&[&one, &two, &three]);
        (handed(&all, &two, &one, &[&a], 1), handed(&all, &three, &one, &[&a], 1))
    };
    // The new author alone cannot sign: a manifest admits only its own authors.
    assert_eq!(case(&[&b], &[one.digest()]), (false, false));
    let both = release("2", "2", &[&a, &b], &[one.digest()], &[&a, &b]);
    let three = release("3", "3", &[&b], &[both.digest()], &[&b]);
    let all = chain(&[&one, &both, &three]);
    assert!(handed(&all, &both, &one, &[&a], 1));
    // The second step drops the old author: one of those before, the new one, is enough where the rule asks for one.
    assert!(handed(&all, &three, &one, &[&a], 1));
    assert!(!handed(&all, &three, &one, &[&a], 2));
}

#[test]
fn a_handover_fails_where_one_signature_is_missing() {
    let (a, b, c) = (Person::new(), Person::new(), Person::new());
    let one = release("1", "1", &[&a, &b], &[], &[&a, &b]);
    for (signers, needed, wanted) in [
        (vec![&a, &b, &c], 2, true),
        (vec![&a, &c], 1, true),
        (vec![&a, &c], 2, false),
        (vec![&a, &b], 1, false),
        (vec![&c], 1, false),
    ] {
        let two = release("2", "2", &[&a, &b, &c], &[one.digest()], &signers);
        let all = chain(&[&one, &two]);
        assert_eq!(handed(&all, &two, &one, &[&a, &b], needed), wanted, "{needed} {}", signers.len());
    }
    // Without the link there is no handover.
    let two = release("2", "2", &[&a, &b, &c], &[], &[&a, &b, &c]);
    assert!(!handed(&chain(&[&one, &two]), &two, &one, &[&a, &b], 1));
}

#[test]
fn what_is_remembered_counts_and_not_what_a_manifest_says_of_itself() {
    let (a, thief) = (Person::new(), Person::new());
    let one = release("1", "1", &[&a, &thief], &[], &[&a]);
    let two = release("2", "2", &[&thief], &[one.digest()], &[&thief]);
    let all = chain(&[&one, &two]);
    assert!(!handed(&all, &two, &one, &[&a], 1), "the thief was named but never remembered");
    assert!(handed(&all, &two, &one, &[&a, &thief], 1));
}

#[test]
fn whoever_is_distrusted_was_there_before_and_consents_to_nothing() {
    let (a, thief, b) = (Person::new(), Person::new(), Person::new());
    let one = release("1", "1", &[&a, &thief], &[], &[&a, &thief]);
    let case = |authors: &[&Person], signers: &[&Person], before: &[&Person], needed: usize| {
        let two = release("2", "2", authors, &[one.digest()], signers);
        is_handed(&chain(&[&one, &two]), &two, &one, before, needed, &[&thief])
    };
    // Whoever was pinned before is not new, so nobody waits for their signature.
    assert!(case(&[&a, &thief, &b], &[&a, &b], &[&a, &thief], 1));
    // To drop them is no change of authors that two would have to sign.
    assert!(case(&[&a], &[&a], &[&a, &thief], 2));
    // As a new author they can neither consent nor be left out.
    assert!(!case(&[&a, &thief], &[&a, &thief], &[&a], 1));
    assert!(!case(&[&a, &thief], &[&a], &[&a], 1));
    assert!(!case(&[&b], &[&b], &[&thief], 1));
}

#[test]
fn forks_are_told_once() {
    let a = Person::new();
    let one = release("1", "1", &[&a], &[], &[&a]);
    let two = release("2", "2", &[&a], &[one.digest()], &[&a]);
    let other = release("2", "x", &[&a], &[one.digest()], &[&a]);
    assert_eq!(chain(&[&one, &two]).forks(), []);
    let fork = chain(&[&one, &two, &other]).forks();
    assert_eq!(fork.len(), 1);
    assert_eq!(fork[0].0, one.digest());
}
