use super::super::fixture::release;
use super::*;
use crate::lock::Basis;
use crate::openpgp::testing::{NOW, Person};

fn pin(version: &str) -> Pin {
    Pin {
        package: purl(version),
        tree: Digest::of(version.as_bytes()),
        manifest: None,
        authors: BTreeSet::new(),
        basis: Basis::Unsigned,
        accepted: NOW,
        policy: Digest::of(b""),
    }
}

fn purl(version: &str) -> Purl {
    format!("pkg:generic/a@{version}").parse().expect("a purl")
}

fn memory(versions: &[&str]) -> Memory {
    Memory { pins: versions.iter().map(|version| pin(version)).collect(), ..Memory::default() }
}

/// Plain numbers are in order, everything else is not.
fn numbers(a: &Purl, b: &Purl) -> Option<Ordering> {
    let number = |purl: &Purl| purl.version()?.parse::<u32>().ok();
    Some(number(a)?.cmp(&number(b)?))
}

fn slot(memory: &Memory, version: &str) -> (&'static str, Option<String>) {
    let slot = memory.slot(&purl(version), None, &Chain::default(), &numbers);
    let word = match slot {
        Slot::New => "new",
        Slot::Equal(_) => "equal",
        Slot::Follows(_) => "follows",
        Slot::Below(_) => "below",
    };
    (word, slot.pin().and_then(|pin| pin.package.version().map(str::to_owned)))
}

fn codes(memory: &Memory, version: &str, tree: &str) -> Vec<&'static str> {
    let slot = memory.slot(&purl(version), None, &Chain::default(), &numbers);
    let alarms = memory.alarms(&purl(version), slot, Some(Digest::of(tree.as_bytes())));
    alarms.iter().map(|reason| reason.code.as_str()).collect()
}

#[test]
fn a_release_meets_its_equal_then_follows_the_next_below() {
    let several = memory(&["3", "1", "5"]);
    for (version, wanted) in [
        ("3", ("equal", Some("3"))),
        ("4", ("follows", Some("3"))),
        ("9", ("follows", Some("5"))),
        ("2", ("follows", Some("1"))),
        ("0", ("below", Some("1"))),
        ("x", ("follows", Some("5"))),
    ] {
        assert_eq!(slot(&several, version), (wanted.0, wanted.1.map(str::to_owned)), "{version}");
    }
    assert_eq!(slot(&memory(&[]), "1"), ("new", None));
}

#[test]
fn only_what_went_back_or_differs_is_an_alarm() {
    let several = memory(&["3", "1", "5"]);
    assert_eq!(codes(&several, "3", "3"), [""; 0]);
    assert_eq!(codes(&several, "3", "other"), ["content-differs"]);
    assert_eq!(codes(&several, "2", "2"), [""; 0], "a parallel line is no rollback");
    assert_eq!(codes(&several, "0", "0"), ["rollback"]);
    let elsewhere = Memory { elsewhere: vec![purl("1")], ..Memory::default() };
    assert_eq!(codes(&elsewhere, "1", "1"), ["source-changed"]);
}

#[test]
fn where_versions_have_no_order_the_chain_has() {
    let a = Person::new();
    let one = release("alpha", "1", &[&a], &[], &[&a]);
    let two = release("beta", "2", &[&a], &[one.digest()], &[&a]);
    let chain = Chain::new([&one, &two]);
    let pinned = |version: &str, manifest: Digest| Memory {
        pins: vec![Pin { manifest: Some(manifest), ..pin(version) }],
        ..Memory::default()
    };
    let first = pinned("alpha", one.digest());
    assert!(matches!(first.slot(&purl("beta"), Some(two.digest()), &chain, &numbers), Slot::Follows(_)));
    let second = pinned("beta", two.digest());
    assert!(matches!(second.slot(&purl("alpha"), Some(one.digest()), &chain, &numbers), Slot::Below(_)));
}

#[test]
fn an_unsigned_release_makes_nobody_forget_the_authors_before() {
    let author: Fingerprint = "A".repeat(40).parse().expect("a fingerprint");
    let former = Memory { former_authors: BTreeSet::from([author.clone()]), ..memory(&["1"]) };
    let slot = former.slot(&purl("2"), None, &Chain::default(), &numbers);
    assert!(matches!(slot, Slot::Follows(_)));
    assert_eq!(former.authors(slot), BTreeSet::from([author]));
}

#[test]
fn a_version_without_an_order_hides_no_rollback() {
    let mixed = memory(&["2", "nightly"]);
    assert_eq!(codes(&mixed, "1", "1"), ["rollback"]);
    assert_eq!(codes(&mixed, "3", "3"), [""; 0]);
}
