//! Locks, whole and damaged.

use proptest::prelude::*;

use super::*;
use crate::reason::Code;

fn purl(text: &str) -> Purl {
    text.parse().expect(text)
}

fn pin(package: &str, tree: u8, author: Option<char>) -> Pin {
    let fingerprint = |first: char| format!("{first}{}", "0".repeat(39)).parse().expect("a fingerprint");
    Pin {
        package: purl(package),
        tree: Digest::of(&[tree]),
        manifest: author.map(|_| Digest::of(b"manifest")),
        authors: author.map(fingerprint).into_iter().collect(),
        basis: if author.is_some() { Basis::FirstUse } else { Basis::Unsigned },
        accepted: Timestamp::from_seconds(1_795_424_400),
        policy: Digest::of(b"policy"),
    }
}

fn now() -> Timestamp {
    Timestamp::from_seconds(1_795_500_000)
}

fn lock() -> Lock {
    let mut lock = Lock::default();
    lock.remember(pin("pkg:cargo/serde@1.0.0", 1, Some('A')), now()).expect("fit");
    lock.remember(pin("pkg:cargo/serde@2.0.0", 2, None), now()).expect("fit");
    lock.remember(pin("pkg:cargo/serde@2.0.0", 3, Some('B')), now()).expect("fit");
    lock.forget(&purl("pkg:cargo/serde@1.0.0"), now());
    let passed = Passed {
        package: purl("pkg:cargo/serde@2.0.0"),
        code: Code::Equivocation,
        fingerprint: "B000000000000000000000000000000000000000".parse().expect("a fingerprint"),
        reason: "asked \"alice\" by phone".to_owned(),
        accepted: now(),
    };
    lock.record(passed).expect("fit");
    lock
}

fn parse(text: &str) -> Result<Lock, MemoryFault> {
    Lock::parse(text.as_bytes(), &Limits::default())
}

/// A lock whose content was changed, with a digest that fits.
fn changed(from: &str, to: &str) -> Result<Lock, MemoryFault> {
    let content = lock().content();
    assert!(content.contains(from), "{from} in {content}");
    parse(&seal(KIND, &content.replacen(from, to, 1)))
}

const TEXT: &str = "\
countersign = \"lock/1\"
digest = \"sha256:DIGEST\"

[[package]]
package = \"pkg:cargo/serde@2.0.0\"
tree = \"sha256:084fed08b978af4d7d196a7446a86b58009e636b611db16211b65a9aadff29c5\"
manifest = \"sha256:05b3abf2579a5eb66403cd78be557fd860633a1fe2103c7642030defe32c657f\"
authors = [\"B000000000000000000000000000000000000000\"]
basis = \"first-use\"
accepted = 2026-11-23T09:00:00Z
policy = \"sha256:1fd0cb40f3df30d28fc2b2f0ca0d2b5ccc0f3b3e2fe9d9ebec0a95df2eda4b8a\"
";

#[test]
fn it_prints_what_the_format_says() {
    let text = lock().text();
    let wanted = TEXT.lines().zip(text.lines());
    for (wanted, is) in wanted {
        let key = |line: &str| line.split(" = ").next().map(str::to_owned);
        assert_eq!(key(is), key(wanted), "{text}");
    }
    assert_eq!(text.matches("\n[[package]]\n").count(), 1);
    assert_eq!(text.matches("\n[[history]]\n").count(), 2);
    assert!(text.contains("reason = \"asked \\\"alice\\\" by phone\"\n"), "{text}");
    assert_eq!(parse(&text), Ok(lock()));
    assert_eq!(Lock::default().text().lines().count(), 2);
    assert_eq!(parse(&Lock::default().text()), Ok(Lock::default()));
}

#[test]
fn what_it_cannot_say_is_damage() {
    assert_eq!(changed("first-use", "policy").map(|_| ()), Ok(()));
    for (from, to) in [
        ("first-use", "trust-me"),
        ("@2.0.0", ""),
        ("basis = \"first-use\"\n", ""),
        ("basis = \"first-use\"\n", "basis = \"first-use\"\nrun = \"sh\"\n"),
        ("authors = [\"B000000000000000000000000000000000000000\"]\n", ""),
        ("[\"B0", "[\"b0"),
        ("2026-11-23T09:00:00Z", "2026-11-23"),
        ("2026-11-23T09:00:00Z", "2026-11-23T09:00:00+01:00"),
        ("equivocation", "equivocations"),
        ("reason = \"asked \\\"alice\\\" by phone\"", "reason = \" \""),
        ("[[package]]", "[[packages]]"),
        ("[[package]]", "[package]"),
        ("\n[[package]]", "x = 1\n[[package]]"),
        ("\n[[package]]", "[[package]]"),
        ("\"first-use\"", "'first-use'"),
        ("= \"first-use\"", "=  \"first-use\""),
        ("\n[[package]]", "\n[[package]"),
    ] {
        assert_eq!(changed(from, to).map_err(|fault| fault.code()), Err(Code::StateDamaged), "{from} {to}");
    }
}

#[test]
fn the_same_version_twice_is_damage() {
    let content = lock().content();
    let first = content.find("\n[[history]]").expect("history");
    let twice = format!("{}{content}", &content[..first]);
    assert_eq!(parse(&seal(KIND, &twice)).map_err(|fault| fault.code()), Err(Code::StateDamaged));
}

#[test]
fn a_newer_format_is_not_called_damage() {
    let fault = parse("countersign = \"lock/2\"\n").expect_err("newer");
    let told = fault.reason("countersign.lock");
    assert_eq!(told.code, Code::StateVersion);
    assert!(told.message.starts_with("it has format version 2;"), "{}", told.message);
    assert!(
        parse("countersign = \"lock\"\n").expect_err("cut").reason("l").message.starts_with("the file is damaged: ")
    );
}

#[test]
fn a_merge_line_by_line_is_noticed_and_the_way_out_is_told() {
    let base = Lock::default();
    let (mut ours, mut theirs) = (base.clone(), base);
    ours.remember(pin("pkg:cargo/a@1.0.0", 1, Some('A')), now()).expect("fit");
    theirs.remember(pin("pkg:cargo/b@1.0.0", 2, Some('B')), now()).expect("fit");
    let (ours, theirs) = (ours.text(), theirs.text());
    let below = |text: &str| text.split_once("\n\n").map(|(_, below)| format!("\n{below}")).expect("content");
    for digest_of in [&ours, &theirs] {
        let head = digest_of.split_once("\n\n").expect("a head").0;
        let merged = format!("{head}\n{}{}", below(&ours), below(&theirs));
        let fault = parse(&merged).expect_err("merged");
        assert_eq!((fault.code(), fault.clone()), (Code::StateDamaged, MemoryFault::Altered));
        assert!(fault.hint().contains("--ours") && fault.hint().contains("countersign accept"));
        // The good twin: the whole of either side.
        assert!(parse(digest_of).is_ok());
    }
}

#[test]
fn what_is_replaced_stays_as_history() {
    let lock = lock();
    assert_eq!(lock.pins().count(), 1);
    assert_eq!(lock.versions(&purl("pkg:cargo/serde@9")).count(), 1);
    assert_eq!(lock.history(&purl("pkg:cargo/serde")).count(), 2);
    assert_eq!(lock.authors(&purl("pkg:cargo/serde")).len(), 2);
    assert_eq!(lock.authors(&purl("pkg:cargo/serde-evil")).len(), 0);
}

#[test]
fn remembering_the_same_again_changes_nothing() {
    let mut lock = lock();
    let before = lock.text();
    let mut again = pin("pkg:cargo/serde@2.0.0", 3, Some('B'));
    again.accepted = now();
    again.policy = Digest::of(b"another");
    lock.remember(again, now()).expect("fit");
    assert_eq!(lock.text(), before);
}

#[test]
fn a_project_has_the_pins_of_its_lockfile() {
    let mut lock = lock();
    let before = lock.clone();
    let unfit = vec![pin("pkg:cargo/a@1.0.0", 1, None), pin("pkg:cargo/b", 1, None)];
    let nowhere = |_: &Purl| false;
    assert!(lock.become_set(unfit, &nowhere, now()).is_err());
    assert_eq!(lock, before);
    let both = vec![pin("pkg:cargo/a@1.0.0", 1, None), pin("pkg:cargo/a@2.0.0", 1, None)];
    lock.become_set(both, &nowhere, now()).expect("fit");
    let pinned: Vec<_> = lock.pins().map(|pin| pin.package.to_string()).collect();
    assert_eq!(pinned, ["pkg:cargo/a@1.0.0", "pkg:cargo/a@2.0.0"]);
    assert_eq!(lock.history(&purl("pkg:cargo/serde")).count(), 3);
    lock.follow(&purl("pkg:cargo/a@2.0.0"), pin("pkg:cargo/a@3.0.0", 1, None), now()).expect("fit");
    let pinned: Vec<_> = lock.pins().map(|pin| pin.package.to_string()).collect();
    assert_eq!(pinned, ["pkg:cargo/a@1.0.0", "pkg:cargo/a@3.0.0"]);
    assert_eq!(parse(&lock.text()), Ok(lock));
}

proptest! {
    #[test]
    fn whatever_is_remembered_reads_back(steps in proptest::collection::vec((0_u8..4, 0_u8..3, 0_u8..3, 0_u8..3, any::<bool>()), 0..20)) {
        let mut lock = Lock::default();
        for (name, version, tree, author, forget) in steps {
            let name = ["a", "a-b", "ab", "B"][usize::from(name)];
            let package = format!("pkg:cargo/{name}@{version}.0.0");
            let author = ['A', 'B', ' '][usize::from(author)];
            lock.remember(pin(&package, tree, Some(author).filter(|a| *a != ' ')), now()).expect("fit");
            if forget {
                lock.forget(&purl(&package), now());
            }
        }
        let text = lock.text();
        let read = parse(&text).expect("reads back");
        prop_assert_eq!(read.text(), text);
        prop_assert_eq!(read, lock);
    }

    #[test]
    fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), tail in ".{0,200}") {
        drop(Lock::parse(&bytes, &Limits::default()));
        drop(parse(&seal(KIND, &tail)));
    }
}
