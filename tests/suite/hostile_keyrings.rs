//! Keyrings made to mislead or to hurt, as `countersign trust list` and `keyring list` meet them: each harms itself alone.
//!
//! Truncation, floods of tiny packets, unknown versions and secret keys are tested one floor lower, with the keyring; here
//! is what needs a network, and what needs a whole file.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use countersign::cli::{Edge, run};
use sequoia_openpgp::cert::CertBuilder;
use sequoia_openpgp::packet::UserID;
use sequoia_openpgp::packet::signature::SignatureBuilder;
use sequoia_openpgp::packet::signature::subpacket::{NotationDataFlags, Subpacket, SubpacketTag, SubpacketValue};
use sequoia_openpgp::serialize::SerializeInto as _;
use sequoia_openpgp::types::{HashAlgorithm, KeyFlags, SignatureType};
use sequoia_openpgp::{Cert, Packet, Profile};
use serde_json::Value;

/// What may be said in a signature beside the usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extra {
    Nothing,
    /// A notation that nobody knows.
    Notation {
        critical: bool,
    },
    /// A subpacket of a kind that nobody knows.
    Private {
        critical: bool,
    },
    /// A subpacket of a kind that exists, and has no meaning on such a signature.
    Features {
        critical: bool,
    },
}

const ALL: [Extra; 6] = [
    Extra::Notation { critical: true },
    Extra::Private { critical: true },
    Extra::Notation { critical: false },
    Extra::Private { critical: false },
    Extra::Features { critical: false },
    Extra::Nothing,
];

impl Extra {
    fn put(self, builder: SignatureBuilder) -> SignatureBuilder {
        let flags = NotationDataFlags::empty().set_human_readable();
        let private = |critical| {
            let value = SubpacketValue::Unknown { tag: SubpacketTag::Private(105), body: vec![1] };
            Subpacket::new(value, critical).expect("a subpacket")
        };
        match self {
            Self::Nothing => Ok(builder),
            Self::Notation { critical } => builder.add_notation("what@example.org", b"1", flags, critical),
            Self::Private { critical } => {
                builder.modify_hashed_area(|mut area| area.add(private(critical)).map(|()| area))
            }
            Self::Features { critical } => builder.modify_hashed_area(|mut area| {
                let features = SubpacketValue::Features(sequoia_openpgp::types::Features::empty());
                area.add(Subpacket::new(features, critical)?).map(|()| area)
            }),
        }
        .expect("a builder")
    }

    fn is_void(self) -> bool {
        matches!(self, Self::Notation { critical: true } | Self::Private { critical: true })
    }
}

#[test]
fn unknown_critical_parts_of_a_self_signature_void_that_one_alone() {
    for extra in ALL {
        let (root, mut strange) = (person("root", Profile::RFC4880), person("strange", Profile::RFC4880));
        let own = UserID::from("extra <extra@example.org>");
        let builder = extra.put(builder(SignatureType::PositiveCertification, 10));
        let binding = builder.sign_userid_binding(&mut pair(&strange), None, &own).expect("a binding");
        strange = plus(strange, vec![own.clone().into(), binding.into()]);
        strange = certified(strange, &root, 20, "strange <strange@example.org>", |b| b);
        strange = certified(strange, &root, 20, "extra <extra@example.org>", |b| b);
        let list = Answer::of(&[&root, &strange], &root);
        // The other user ID is as good as before.
        assert_eq!(list.amount(&strange, "strange <strange@example.org>"), 120, "{extra:?}");
        let amount = if extra.is_void() { 0 } else { 120 };
        assert_eq!(list.amount(&strange, "extra <extra@example.org>"), amount, "{extra:?}");
    }
}

#[test]
fn unknown_critical_parts_of_every_self_signature_set_the_certificate_aside() {
    for extra in ALL {
        let (root, strange) = (person("root", Profile::RFC4880), person("strange", Profile::RFC4880));
        let packets = strange.clone().into_packets().filter(|packet| !matches!(packet, Packet::Signature(_)));
        let own = UserID::from("strange <strange@example.org>");
        let flags = KeyFlags::empty().set_certification().set_signing();
        let builder = builder(SignatureType::PositiveCertification, 10).set_key_flags(flags).expect("a builder");
        let binding = extra.put(builder).sign_userid_binding(&mut pair(&strange), None, &own).expect("a binding");
        let bare = Cert::from_packets(packets).expect("a certificate");
        let strange =
            certified(plus(bare, vec![own.into(), binding.into()]), &root, 20, "strange <strange@example.org>", |b| b);
        let list = Answer::of(&[&root, &strange], &root);
        let (amount, reason) = if extra.is_void() { (0, Some("certificate-invalid")) } else { (120, None) };
        let user_id = "strange <strange@example.org>";
        // Where nothing binds a user ID there may be no row for it; never an amount.
        assert_eq!(list.amount(&strange, user_id), amount, "{extra:?}");
        if let Some((_, told)) = list.rows.get(&(strange.fingerprint().to_hex(), user_id.to_owned())) {
            assert_eq!(told.as_deref(), reason, "{extra:?}");
        }
        assert_eq!(list.amount(&root, "root <root@example.org>"), 120);
    }
}

#[test]
fn unknown_critical_parts_of_a_certification_void_it_and_not_the_one_before() {
    for extra in ALL {
        let root = person("root", Profile::RFC4880);
        let (new, old) = (person("new", Profile::RFC4880), person("old", Profile::RFC4880));
        let new = certified(new, &root, 20, "new <new@example.org>", |b| extra.put(b));
        // An older word by the same issuer stands, since what is void says nothing.
        let old = certified(old, &root, 20, "old <old@example.org>", |b| b);
        let old = certified(old, &root, 30, "old <old@example.org>", |b| extra.put(b));
        let list = Answer::of(&[&root, &new, &old], &root);
        let amount = if extra.is_void() { 0 } else { 120 };
        assert_eq!(list.amount(&new, "new <new@example.org>"), amount, "{extra:?}");
        assert_eq!(list.amount(&old, "old <old@example.org>"), 120, "{extra:?}");
        let (_, why) = trust(&[&root, &new], &root, &["why", &new.fingerprint().to_hex()]);
        assert_eq!(why.contains("[certification-unusable]"), extra.is_void(), "{extra:?}: {why}");
    }
}

#[test]
fn version_six_and_version_four_certify_each_other() {
    let (four, six) = (person("four", Profile::RFC4880), person("six", Profile::RFC9580));
    let last = person("last", Profile::RFC4880);
    let six = certified(six, &four, 20, "six <six@example.org>", |b| b.set_trust_signature(1, 120).expect("a builder"));
    let last = certified(last, &six, 30, "last <last@example.org>", |b| b);
    let list = Answer::of(&[&four, &six, &last], &four);
    assert_eq!(six.fingerprint().to_hex().len(), 64);
    assert_eq!(list.amount(&six, "six <six@example.org>"), 120);
    assert_eq!(list.amount(&last, "last <last@example.org>"), 120);
    // And from a root of version 6.
    let list = Answer::of(&[&four, &six, &last], &six);
    assert_eq!(
        (list.amount(&last, "last <last@example.org>"), list.amount(&four, "four <four@example.org>")),
        (120, 0)
    );
}

#[test]
fn signatures_of_other_versions_say_nothing() {
    let (root, target) = (person("root", Profile::RFC4880), person("target", Profile::RFC4880));
    let target = certified(target, &root, 20, "target <target@example.org>", |b| b);
    let whole = bytes(&[&root, &target]);
    assert_eq!(Answer::in_bytes(&whole, &root).amount(&target, "target <target@example.org>"), 120);
    // The last packet is the certification; its version is the first byte of its body.
    let length = target.clone().into_packets().last().expect("a packet").to_vec().expect("bytes").len();
    let version = whole.len() - length + if whole[whole.len() - length + 1] < 192 { 2 } else { 3 };
    assert_eq!(whole[version], 4);
    for other in [0, 2, 3, 5, 6, 255] {
        let mut changed = whole.clone();
        changed[version] = other;
        let list = Answer::in_bytes(&changed, &root);
        assert_eq!(list.amount(&target, "target <target@example.org>"), 0, "{other}");
        assert_eq!(list.amount(&root, "root <root@example.org>"), 120, "{other}");
    }
}

#[test]
fn a_secret_subkey_below_a_public_key_stops_the_run() {
    let flags = KeyFlags::empty().set_signing();
    let (cert, _) = CertBuilder::new().add_userid("x").add_subkey(flags, None, None).generate().expect("a certificate");
    let (public, secret) = (cert.to_vec().expect("bytes"), cert.as_tsk().to_vec().expect("bytes"));
    assert_eq!(keyring_list(&public), (0, String::new()));
    // The primary key without its secret, all else with it.
    let primary = Packet::from(cert.primary_key().key().clone().take_secret().0).to_vec().expect("bytes");
    let own = Packet::from(cert.primary_key().key().clone().parts_into_secret().expect("a secret")).to_vec();
    let mixed = [&primary[..], &secret[own.expect("bytes").len()..]].concat();
    assert!(mixed.len() < secret.len() && mixed.len() > public.len());
    assert_eq!(keyring_list(&mixed), (2, "keyring-secret-key".to_owned()));
}

#[test]
fn an_armoured_keyring_that_is_cut_anywhere_is_damaged() {
    let (one, two) = (person("one", Profile::RFC4880), person("two", Profile::RFC4880));
    let armored = [one, two].map(|one| String::from_utf8(one.armored().to_vec().expect("bytes")).expect("text"));
    let whole = armored.concat();
    assert_eq!(keyring_list(whole.as_bytes()), (0, String::new()));
    let end_of_one = armored[0].trim_end().len();
    for end in (40..whole.trim_end().len()).step_by(3) {
        // Between the two blocks nothing is missing that the file itself would tell of.
        if !(end_of_one..=armored[0].len()).contains(&end) {
            assert_eq!(keyring_list(&whole.as_bytes()[..end]), (2, "keyring-damaged".to_owned()), "{end}");
        }
    }
}

#[test]
fn thousands_of_keys_without_a_name_cost_only_themselves() {
    let root = person("root", Profile::RFC4880);
    // A key of version 4, Ed25519, another one for each number: no user ID, no signature.
    let key = |number: u32| {
        let mut body = vec![4];
        body.extend(number.to_be_bytes());
        body.extend([22, 9, 0x2b, 6, 1, 4, 1, 0xda, 0x47, 0x0f, 1, 1, 7, 0x40]);
        body.extend([7; 32]);
        [vec![0xc6, body.len() as u8], body].concat()
    };
    let many: Vec<u8> = (0..5_000).flat_map(key).collect();
    for bytes in [[bytes(&[&root]), many.clone()].concat(), [many, bytes(&[&root])].concat()] {
        let (code, list) = json(&bytes, &root, &["list", "--reached"]);
        assert_eq!((code, list["bindings"].as_array().map(Vec::len)), (0, Some(1)));
        // What is told is bounded, and says how much there was.
        assert!(list["notes"].as_array().map_or(0, Vec::len) <= 1_000);
    }
}

/// The rows of `trust list`: amounts and reasons.
struct Answer {
    rows: BTreeMap<(String, String), (u64, Option<String>)>,
}

impl Answer {
    fn of(keyring: &[&Cert], root: &Cert) -> Self {
        Self::in_bytes(&bytes(keyring), root)
    }

    fn in_bytes(keyring: &[u8], root: &Cert) -> Self {
        let (code, list) = json(keyring, root, &["list"]);
        assert_eq!(code, 0);
        let text = |row: &Value, key: &str| row[key].as_str().map(str::to_owned);
        let rows = list["bindings"].as_array().expect("bindings").iter().map(|row| {
            let key = (text(row, "certificate").expect("a text"), text(row, "user_id").expect("a text"));
            (key, (row["amount"].as_u64().expect("an amount"), text(row, "reason")))
        });
        Self { rows: rows.collect() }
    }

    fn amount(&self, certificate: &Cert, user_id: &str) -> u64 {
        self.rows.get(&(certificate.fingerprint().to_hex(), user_id.to_owned())).map_or(0, |row| row.0)
    }
}

fn json(keyring: &[u8], root: &Cert, arguments: &[&str]) -> (u8, Value) {
    let (code, out) =
        asked(keyring, &[arguments, &["--root", &root.fingerprint().to_hex(), "--format", "json"]].concat());
    (code, serde_json::from_str(&out).expect("JSON"))
}

fn trust(keyring: &[&Cert], root: &Cert, arguments: &[&str]) -> (u8, String) {
    asked(&bytes(keyring), &[arguments, &["--root", &root.fingerprint().to_hex()]].concat())
}

fn asked(keyring: &[u8], arguments: &[&str]) -> (u8, String) {
    countersign(keyring, &[&["trust"], arguments].concat())
}

/// Exit code and the code of the one refusal, if there is one.
fn keyring_list(keyring: &[u8]) -> (u8, String) {
    let (code, out) = countersign(keyring, &["keyring", "list"]);
    let told = out.split_once('[').filter(|_| code != 0).and_then(|(_, rest)| rest.split_once(']'));
    (code, told.map(|(told, _)| told.to_owned()).unwrap_or_default())
}

fn countersign(keyring: &[u8], arguments: &[&str]) -> (u8, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("keyring.pgp");
    fs::write(&file, keyring).expect("a keyring");
    let file = file.to_str().expect("a plain path");
    let words = [&["countersign"], arguments, &["--keyring", file]].concat();
    let edge = Edge { folder: folder.path().into(), ..Edge::bare(day(300)) };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = run(words.into_iter().map(OsString::from), &edge, &mut out, &mut err);
    assert!(err.is_empty(), "{}", String::from_utf8(err).expect("text"));
    (code, String::from_utf8(out).expect("text"))
}

/// Days from 2026-01-01 on.
fn day(number: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_767_225_600 + number * 24 * 60 * 60)
}

fn person(name: &str, profile: Profile) -> Cert {
    let builder = CertBuilder::new().set_profile(profile).expect("a profile").set_creation_time(day(0));
    let flags = KeyFlags::empty().set_certification().set_signing();
    let builder = builder.set_primary_key_flags(flags).add_userid(format!("{name} <{name}@example.org>"));
    builder.generate().expect("a certificate").0
}

fn pair(one: &Cert) -> sequoia_openpgp::crypto::KeyPair {
    let key = one.primary_key().key().clone();
    key.parts_into_secret().and_then(|key| key.into_keypair()).expect("a secret key")
}

fn builder(kind: SignatureType, made: u64) -> SignatureBuilder {
    let builder = SignatureBuilder::new(kind).set_hash_algo(HashAlgorithm::SHA512);
    builder.set_signature_creation_time(day(made)).expect("a builder")
}

fn certified(
    target: Cert,
    by: &Cert,
    made: u64,
    user_id: &str,
    how: impl FnOnce(SignatureBuilder) -> SignatureBuilder,
) -> Cert {
    let user_id = UserID::from(user_id);
    let word = how(builder(SignatureType::GenericCertification, made));
    let word = word.sign_userid_binding(&mut pair(by), target.primary_key().key(), &user_id).expect("a signature");
    plus(target, vec![user_id.into(), word.into()])
}

fn plus(one: Cert, packets: Vec<Packet>) -> Cert {
    one.insert_packets(packets).expect("packets").0
}

/// The public parts.
fn bytes(certificates: &[&Cert]) -> Vec<u8> {
    certificates.iter().flat_map(|one| one.to_vec().expect("bytes")).collect()
}
