//! Debian's keyring, binding by binding, against `sq-wot list`, from several roots; and in another order.
//!
//! Where the two differ, the reason is shown and not guessed: the certifications that fall into one of [`Difference`]'s
//! classes are taken out of the keyring, and from what is left we must say exactly what sq-wot says of the whole.
//!
//! sq-wot knows no other time than the machine's, so this is the one place where the tests ask for it. What is compared is
//! two programs at one moment; no count that moves with time is asserted.

#![expect(clippy::disallowed_methods, reason = "sq-wot is another program, and knows no other time than the machine's")]

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use countersign::cli::{Edge, run};
use countersign::shown::Shown;
use sequoia_openpgp::cert::CertParser;
use sequoia_openpgp::packet::Signature;
use sequoia_openpgp::parse::Parse as _;
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::serialize::Serialize as _;
use sequoia_openpgp::types::{RevocationStatus, SignatureType};
use sequoia_openpgp::{Cert, KeyHandle, Packet};
use serde_json::Value;

use crate::tools::{found, not_run};

const KEYRING: &str = "/usr/share/keyrings/debian-keyring.gpg";

/// Two whose certifications are often used in examples, and one who has certified many.
const ROOTS: [&str; 3] = [
    "D1E1316E93A760A8104D85FABB3A68018649AA06",
    "A0B1A9F3508956130E7A425CD416AD15AC6B43FE",
    "CEBB52301D617E910390FE16587979573442684E",
];

/// Expired in 2023.
const EXPIRED: &str = "0CA75D987B8ECF6EA9443AD839091E8123CE1C09";

/// Why we count a certification that sq-wot 0.2.0 does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Difference {
    /// At the time of the certification the target had no self-signature that is still at hand. Owners renew theirs, and
    /// Debian drops the old ones; the certification itself is as good as before. sequoia-wot 0.15.3 counts it too.
    TargetUnsignedThen,
    /// Its issuer has expired since. The list counts it as OpenPGP does, and says so in `retired_issuers`; verdicts leave it out.
    IssuerExpired,
}

/// A certificate, a user ID as we show it, and the amount.
type Answer = BTreeMap<(String, String), u64>;

#[test]
fn sq_wot_says_the_same_of_debian_user_id_by_user_id() {
    let name = "debian::sq_wot_says_the_same_of_debian_user_id_by_user_id";
    if !here(name) {
        return;
    }
    let certificates = read();
    let names: usize = certificates.iter().map(|certificate| certificate.userids().count()).sum();
    let folder = tempfile::tempdir().expect("a folder");
    let less = folder.path().join("less.pgp");
    write(&less, &without(&certificates, &[Difference::TargetUnsignedThen, Difference::IssuerExpired]));
    for root in ROOTS {
        let theirs = sq_wot(root);
        let ours = list(Path::new(KEYRING), root);
        // What is no plain text is no binding for us.
        assert!(
            certificates.len() >= 900 && ours.len() <= names && ours.len() + 10 >= names,
            "{} of {names}",
            ours.len()
        );
        let reached = reached(&ours);
        for binding in theirs.keys() {
            assert!(reached.contains_key(binding), "{root}: we do not reach {binding:?}");
        }
        assert!(theirs.len() > 10 && reached.len() > theirs.len(), "{} of theirs, {}", theirs.len(), reached.len());
        assert_eq!(self::reached(&list(&less, root)), theirs, "{root}");
    }
}

#[test]
fn what_an_expired_root_said_is_listed_and_marked() {
    let name = "debian::what_an_expired_root_said_is_listed_and_marked";
    if !here(name) {
        return;
    }
    let certificates = read();
    assert_eq!(sq_wot(EXPIRED), Answer::new());
    let whole = json(Path::new(KEYRING), EXPIRED);
    let bindings = whole["bindings"].as_array().expect("bindings");
    let reached: Vec<_> = bindings.iter().filter(|binding| binding["amount"] != 0).collect();
    assert!(reached.len() > 5, "{}", reached.len());
    for binding in reached {
        assert_eq!(binding["retired_issuers"], true, "{binding}");
        assert_ne!(binding["certificate"], EXPIRED);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let less = folder.path().join("less.pgp");
    write(&less, &without(&certificates, &[Difference::IssuerExpired]));
    assert_eq!(self::reached(&list(&less, EXPIRED)), Answer::new());
}

#[test]
fn the_order_of_the_certificates_changes_nothing() {
    let name = "debian::the_order_of_the_certificates_changes_nothing";
    if !Path::new(KEYRING).is_file() {
        return not_run(name, "Debian's package debian-keyring");
    }
    let mut certificates = read();
    let folder = tempfile::tempdir().expect("a folder");
    let [plain, turned, split] = ["plain.pgp", "turned.pgp", "split.pgp"].map(|name| folder.path().join(name));
    write(&plain, &certificates);
    certificates.reverse();
    write(&turned, &certificates);
    // Every third first: neighbours are torn apart.
    let (first, rest): (Vec<_>, Vec<_>) = certificates.into_iter().enumerate().partition(|(place, _)| place % 3 == 1);
    write(&split, &first.into_iter().chain(rest).map(|(_, certificate)| certificate).collect::<Vec<_>>());
    let whole = list(&plain, ROOTS[0]);
    assert!(reached(&whole).len() > 10);
    for other in [&turned, &split] {
        assert_eq!(list(other, ROOTS[0]), whole);
    }
}

fn here(name: &str) -> bool {
    if !found(name, &["sq-wot"]) {
        return false;
    }
    if !Path::new(KEYRING).is_file() {
        not_run(name, "Debian's package debian-keyring");
        return false;
    }
    true
}

/// What sq-wot authenticates: lines like `[✓] FPR USER-ID: fully authenticated (100%)`.
fn sq_wot(root: &str) -> Answer {
    let output = Command::new("sq-wot").args(["--keyring", KEYRING, "--trust-root", root, "list"]).output();
    let text = String::from_utf8(output.expect("sq-wot runs").stdout).expect("text");
    let row = |line: &str| {
        let (fingerprint, rest) = line.split_once("] ")?.1.split_once(' ')?;
        let (user_id, how) = rest.rsplit_once(": ")?;
        assert_eq!(how, "fully authenticated (100%)", "{line}");
        Some(((fingerprint.to_owned(), Shown::new(user_id).to_string()), 120))
    };
    text.lines().filter(|line| line.starts_with('[')).map(|line| row(line).expect("a row")).collect()
}

/// All bindings with their amounts, as `trust list` tells them.
fn list(keyring: &Path, root: &str) -> Answer {
    let text = |binding: &Value, key: &str| binding[key].as_str().expect("a text").to_owned();
    let answer = json(keyring, root);
    let rows = answer["bindings"].as_array().expect("bindings").iter().map(|binding| {
        ((text(binding, "certificate"), text(binding, "user_id")), binding["amount"].as_u64().expect("an amount"))
    });
    rows.collect()
}

fn json(keyring: &Path, root: &str) -> Value {
    let keyring = keyring.to_str().expect("a plain path");
    let words = ["countersign", "trust", "list", "--keyring", keyring, "--root", root, "--max-depth", "none"];
    let words = words.into_iter().chain(["--no-cache", "--format", "json"]).map(OsString::from);
    let edge = Edge::bare(SystemTime::now());
    let (mut out, mut err) = (Vec::new(), Vec::new());
    assert_eq!(run(words, &edge, &mut out, &mut err), 0, "{}", String::from_utf8(err).expect("text"));
    serde_json::from_slice(&out).expect("JSON")
}

fn reached(answer: &Answer) -> Answer {
    answer.iter().filter(|(_, amount)| **amount > 0).map(|(binding, amount)| (binding.clone(), *amount)).collect()
}

fn read() -> Vec<Cert> {
    CertParser::from_file(KEYRING).expect("a keyring").map(|certificate| certificate.expect("a certificate")).collect()
}

fn write(file: &Path, certificates: &[Cert]) {
    let mut bytes = Vec::new();
    certificates.iter().for_each(|certificate| certificate.serialize(&mut bytes).expect("packets"));
    fs::write(file, bytes).expect("a keyring");
}

/// The keyring without the certifications of some classes.
fn without(certificates: &[Cert], classes: &[Difference]) -> Vec<Cert> {
    let policy = StandardPolicy::new();
    let expired: BTreeSet<_> = certificates
        .iter()
        .filter(|one| one.with_policy(&policy, None).is_ok_and(|valid| valid.alive().is_err()))
        .map(|one| one.keyid())
        .collect();
    let falls = |target: &Cert, word: &Signature| {
        let time = word.signature_creation_time();
        classes.iter().any(|class| match class {
            Difference::TargetUnsignedThen => target.with_policy(&policy, time).map_or(true, |then| {
                then.alive().is_err() || matches!(then.revocation_status(), RevocationStatus::Revoked(_))
            }),
            Difference::IssuerExpired => {
                word.get_issuers().iter().map(KeyHandle::clone).any(|issuer| expired.contains(&issuer.into()))
            }
        })
    };
    let kept = |target: &Cert| {
        let own = target.key_handle();
        let packets = target.clone().into_packets().filter(|packet| match packet {
            Packet::Signature(word) if is_certification(word.typ()) => {
                word.get_issuers().iter().any(|issuer| issuer.aliases(&own)) || !falls(target, word)
            }
            _ => true,
        });
        Cert::from_packets(packets).expect("a certificate")
    };
    certificates.iter().map(kept).collect()
}

fn is_certification(kind: SignatureType) -> bool {
    use SignatureType::{CasualCertification, GenericCertification, PersonaCertification, PositiveCertification};
    matches!(kind, GenericCertification | PersonaCertification | CasualCertification | PositiveCertification)
}
