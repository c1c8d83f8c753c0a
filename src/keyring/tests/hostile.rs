//! Keyrings made to hurt: each costs bounded time and memory, and only itself.

use super::super::local::{LocalKeyring, Source};
use super::*;
use crate::openpgp::testing::NOW;

/// A packet of the new format with a short body.
fn packet(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xc0 | tag, body.len() as u8];
    bytes.extend(body);
    bytes
}

/// Far too many user IDs, each another one.
fn user_ids() -> Vec<u8> {
    (0..50_000_u32).flat_map(|number| packet(13, &number.to_be_bytes())).collect()
}

/// The codes of what was set aside, and how many certificates are left.
fn outcome(bytes: Vec<u8>) -> (Vec<Code>, usize) {
    let keyring = read_one(bytes).expect("a keyring");
    (keyring.set_aside().iter().map(|reason| reason.code).collect(), count(&keyring))
}

#[test]
fn a_million_tiny_packets_harm_nobody_else() {
    let (one, two) = (Person::new().public(), Person::new().public());
    let many = |tag: u8, body: &[u8], count: usize| [&one[..], &packet(tag, body).repeat(count), &two].concat();
    // Markers, padding, trust packets, pictures and unknown ones from 40 upwards mean nothing, however many they are.
    assert_eq!(outcome(many(60, b"x", 1_000_000)), (vec![], 2));
    for (tag, body) in [(10, &b"PGP"[..]), (21, b""), (12, b"\x03"), (17, b"x")] {
        assert_eq!(outcome(many(tag, body, 50_000)), (vec![], 2), "{tag}");
    }
    // The same user ID again and again is one; others are too many. Signatures that say nothing are dropped unread.
    assert_eq!(outcome(many(13, b"x", 50_000)), (vec![], 2));
    assert_eq!(outcome([&one[..], &user_ids(), &two].concat()), (vec![Code::LimitCertificate], 1));
    assert_eq!(outcome(many(2, b"", 50_000)), (vec![], 2));
    assert_eq!(outcome(many(14, b"\x04", 50_000)), (vec![], 2), "subkeys that are none");
    // What belongs in no certificate stops the run at its first packet.
    assert_eq!(read_one(many(11, b"x", 50_000)).map(|_| ()), Err(Code::KeyringDamaged));
}

#[test]
fn every_cut_through_a_keyring_is_damage() {
    let bytes = [Person::new().public(), Person::new().public()].concat();
    let mut whole = 0;
    for end in 1..bytes.len() {
        match read_one(&bytes[..end]) {
            // At the end of a packet nothing is missing that the file itself would tell of.
            Ok(_) => whole += 1,
            Err(code) => assert_eq!(code, Code::KeyringDamaged, "{end}"),
        }
    }
    assert!(whole < 12, "{whole}");
}

#[test]
fn secret_parts_anywhere_stop_the_run() {
    let (one, two) = (Person::new(), Person::new());
    for bytes in [[one.public(), two.secret()].concat(), [two.secret(), one.public()].concat()] {
        assert_eq!(read_one(&bytes).map(|_| ()), Err(Code::KeyringSecretKey));
    }
    // Also where it is cut short in the middle of the secret.
    let start = one.public().len();
    let cut = &[one.public(), two.secret()].concat()[..start + 40];
    assert_eq!(read_one(cut).map(|_| ()), Err(Code::KeyringSecretKey));
}

#[test]
fn unknown_versions_are_set_aside_alone_and_version_six_is_read() {
    let good = Person::new().public();
    for version in [2, 3, 5, 7, 255] {
        let mut other = Person::new().public();
        other[2] = version;
        assert_eq!(outcome([other, good.clone()].concat()), (vec![Code::CertificateInvalid], 1), "{version}");
    }
    let six = Person::made(|builder| builder.set_profile(crate::openpgp::testing::SIX).expect("a profile"));
    assert_eq!(six.certificate().fingerprint().as_str().len(), 64);
    assert_eq!(outcome([six.public(), good].concat()), (vec![], 2));
}

#[test]
fn imports_stop_or_set_aside_by_the_same_rules() {
    let dir = tempfile::tempdir().expect("a folder");
    let keyring = LocalKeyring::at(dir.path());
    let (one, two) = (Person::new().public(), Person::new().public());
    let mut three = Person::new().public();
    three[2] = 3;
    let source = Source::Given("test", [&three[..], &one, &user_ids(), &two].concat());
    let import = keyring.import(&source, false, NOW, &Limits::default()).expect("imported");
    let codes: Vec<_> = import.set_aside.iter().map(|reason| (reason.code, reason.answer)).collect();
    // Of the flooded one, what its owner signed is taken in.
    assert_eq!(codes, [(Code::CertificateInvalid, Answer::SetAside), (Code::LimitCertificate, Answer::Note)]);
    assert_eq!(import.changes.len(), 2);
    assert!(import.changes.iter().all(|change| change.news.user_ids == ["x <x@example.org>"]));
}
