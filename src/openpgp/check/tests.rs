use std::time::Duration;

use sequoia_openpgp::Packet;
use sequoia_openpgp::packet::key::{Key4, SubordinateRole};
use sequoia_openpgp::packet::signature::SignatureBuilder;
use sequoia_openpgp::packet::{Key, key};
use sequoia_openpgp::types::{HashAlgorithm, KeyFlags, ReasonForRevocation, SignatureType};

use super::super::testing::{DAY, MESSAGE, NOW, Person, TIMES, ahead, days_ago, packet, parse};
use super::*;
use crate::limits::Limits;
use crate::reason::Code;

fn code(signature: &SignatureFile, certificates: &[&Certificate]) -> Result<(), Code> {
    code_at(signature, certificates, TIMES)
}

fn code_at(signature: &SignatureFile, certificates: &[&Certificate], times: Times) -> Result<(), Code> {
    check(signature, MESSAGE, certificates, &times).map(|_| ()).map_err(|fault| fault.code())
}

/// So many days before now, as a verdict's time.
fn at_days_ago(days: u32) -> Times {
    Times { at: Timestamp::try_from(days_ago(days.into())).expect("a time"), now: NOW }
}

fn signing() -> KeyFlags {
    KeyFlags::empty().set_signing()
}

#[test]
fn a_primary_key_or_a_signing_subkey_signs() {
    let (one, two) = (Person::new(), Person::with_subkey(signing()));
    let good = check(&one.sign(), MESSAGE, &[&one.certificate()], &TIMES).expect("good");
    assert_eq!(good.certificate(), one.certificate().fingerprint());
    assert_eq!(good.key(), good.certificate());
    assert_eq!(good.created(), NOW);
    let good = check(&two.sign_with(1, |b| b), MESSAGE, &[&two.certificate()], &TIMES).expect("good");
    assert_eq!(good.certificate(), two.certificate().fingerprint());
    assert_eq!(*good.key(), two.certificate().keys()[1].fingerprint);
}

#[test]
fn what_was_not_signed_is_bad() {
    let one = Person::new();
    let fault = check(&one.sign(), b"something else", &[&one.certificate()], &TIMES);
    assert_eq!(fault.map_err(|fault| fault.code()), Err(Code::SignatureBad));
}

#[test]
fn an_unknown_signer_is_named() {
    let (one, two) = (Person::new(), Person::new());
    assert_eq!(code(&one.sign(), &[]), Err(Code::SignerUnknown));
    assert_eq!(code(&one.sign(), &[&two.certificate()]), Err(Code::SignerUnknown));
}

#[test]
fn an_expired_certificate_is_not_excused_by_the_date_inside_the_signature() {
    let one = Person::made(|builder| builder.set_validity_period(DAY * 300));
    let signature = one.sign_with(0, |b| b.set_signature_creation_time(days_ago(200)).expect("a date"));
    assert_eq!(code(&signature, &[&one.certificate()]), Err(Code::SignerExpired));
    assert_eq!(code_at(&signature, &[&one.certificate()], at_days_ago(150)), Ok(()));
}

#[test]
fn an_expired_subkey_is_told() {
    let one = Person::made(|builder| builder.add_subkey(signing(), DAY * 300, None));
    let signature = one.sign_with(1, |b| b.set_signature_creation_time(days_ago(200)).expect("a date"));
    assert_eq!(code(&signature, &[&one.certificate()]), Err(Code::SignerExpired));
    assert_eq!(code_at(&signature, &[&one.certificate()], at_days_ago(150)), Ok(()));
}

#[test]
fn a_soft_revocation_retires_from_its_date_on() {
    for reason in [ReasonForRevocation::KeySuperseded, ReasonForRevocation::KeyRetired] {
        let one = Person::new();
        let signature = one.sign_with(0, |b| b.set_signature_creation_time(days_ago(200)).expect("a date"));
        let retired = one.revoked(Some(reason), days_ago(100)).certificate();
        assert_eq!(code(&signature, &[&retired]), Err(Code::SignerRetired));
        assert_eq!(code_at(&signature, &[&retired], at_days_ago(150)), Ok(()));
    }
}

#[test]
fn a_later_self_signature_does_not_take_a_retirement_back() {
    let one = Person::new().revoked(Some(ReasonForRevocation::KeyRetired), days_ago(100));
    let user_id = one.0.userids().next().expect("a user ID").userid().clone();
    let newer = SignatureBuilder::new(SignatureType::PositiveCertification)
        .set_signature_creation_time(days_ago(50))
        .and_then(|b| b.set_key_flags(KeyFlags::empty().set_certification().set_signing()))
        .and_then(|b| b.sign_userid_binding(&mut one.key_pair(0), None, &user_id))
        .expect("a binding");
    let one = one.plus([Packet::from(newer)]);
    assert_eq!(code(&one.sign(), &[&one.certificate()]), Err(Code::SignerRetired));
}

#[test]
fn a_hard_revocation_counts_at_every_date() {
    for reason in [Some(ReasonForRevocation::KeyCompromised), Some(ReasonForRevocation::Unspecified), None] {
        for time in [days_ago(399), days_ago(1), ahead(DAY * 100)] {
            let one = Person::new();
            let signature = one.sign_with(0, |b| b.set_signature_creation_time(days_ago(200)).expect("a date"));
            assert_eq!(code(&signature, &[&one.certificate()]), Ok(()));
            let revoked = one.revoked(reason, time).certificate();
            assert_eq!(code(&signature, &[&revoked]), Err(Code::SignerRevoked), "{reason:?}");
            assert_eq!(code_at(&signature, &[&revoked], at_days_ago(150)), Err(Code::SignerRevoked));
        }
    }
}

#[test]
fn a_revocation_counts_whatever_the_age_of_its_hash() {
    let one = Person::new();
    let revocation = SignatureBuilder::new(SignatureType::KeyRevocation)
        .set_hash_algo(HashAlgorithm::SHA1)
        .set_signature_creation_time(days_ago(10))
        .and_then(|b| b.set_reason_for_revocation(ReasonForRevocation::KeyCompromised, b""))
        .and_then(|b| b.sign_direct_key(&mut one.key_pair(0), None))
        .expect("a revocation");
    let revoked = one.clone().plus([Packet::from(revocation)]);
    assert_eq!(code(&one.sign(), &[&revoked.certificate()]), Err(Code::SignerRevoked));
}

#[test]
fn a_strangers_revocation_is_none() {
    let (one, two) = (Person::new(), Person::new());
    let revocation = SignatureBuilder::new(SignatureType::KeyRevocation)
        .set_signature_creation_time(days_ago(10))
        .and_then(|b| b.sign_direct_key(&mut two.key_pair(0), one.0.primary_key().key()))
        .expect("a revocation");
    let mut bytes = one.public();
    let at = packet(one.0.primary_key().key().clone()).len();
    bytes.splice(at..at, packet(revocation));
    let certificate = Certificate::parse(&bytes, &Limits::default()).expect("a certificate");
    assert_eq!(code(&one.sign(), &[&certificate]), Ok(()));
}

#[test]
fn a_revoked_subkey_under_a_live_primary_does_not_sign() {
    let one = Person::with_subkey(signing());
    let signature = one.sign_with(1, |b| b);
    let subkey = one.0.keys().subkeys().next().expect("a subkey").key().clone();
    for reason in [ReasonForRevocation::KeyRetired, ReasonForRevocation::KeyCompromised] {
        let revocation = SignatureBuilder::new(SignatureType::SubkeyRevocation)
            .set_signature_creation_time(days_ago(10))
            .and_then(|b| b.set_reason_for_revocation(reason, b""))
            .and_then(|b| b.sign_subkey_binding(&mut one.key_pair(0), None, &subkey))
            .expect("a revocation");
        let revoked = one.clone().plus([Packet::from(revocation)]);
        assert_eq!(code(&signature, &[&revoked.certificate()]), Err(Code::SignerNotSigning));
    }
    assert_eq!(code(&signature, &[&one.certificate()]), Ok(()));
}

#[test]
fn a_key_that_is_for_something_else_does_not_sign() {
    let one = Person::with_subkey(KeyFlags::empty().set_authentication());
    assert_eq!(code(&one.sign_with(1, |b| b), &[&one.certificate()]), Err(Code::SignerNotSigning));
    assert_eq!(code(&one.sign_with(0, |b| b), &[&one.certificate()]), Err(Code::SignerNotSigning));
}

/// A subkey of `one` that `two` binds to itself, with or without asking the subkey.
fn adopted(two: &Person, subkey: &Key<key::SecretParts, SubordinateRole>, asked: bool) -> Person {
    let mut builder = SignatureBuilder::new(SignatureType::SubkeyBinding)
        .set_signature_creation_time(days_ago(300))
        .and_then(|b| b.set_key_flags(signing()))
        .expect("a binding");
    if asked {
        let mut signer = subkey.clone().into_keypair().expect("a secret key");
        let back = SignatureBuilder::new(SignatureType::PrimaryKeyBinding)
            .set_signature_creation_time(days_ago(300))
            .and_then(|b| b.sign_primary_key_binding(&mut signer, two.0.primary_key().key(), subkey))
            .expect("a back-signature");
        builder = builder.set_embedded_signature(back).expect("an embedded signature");
    }
    let binding = builder.sign_subkey_binding(&mut two.key_pair(0), None, subkey).expect("a binding");
    two.clone().plus([Packet::from(subkey.clone()), binding.into()])
}

fn subkey() -> Key<key::SecretParts, SubordinateRole> {
    let mut key: Key<key::SecretParts, SubordinateRole> =
        Key4::<key::SecretParts, SubordinateRole>::generate_ecc(true, sequoia_openpgp::types::Curve::Ed25519)
            .expect("a key")
            .into();
    key.set_creation_time(days_ago(400)).expect("a date");
    key
}

#[test]
fn a_subkey_must_have_agreed_to_its_certificate() {
    let (one, subkey) = (Person::new(), subkey());
    let good = adopted(&one, &subkey, true);
    assert_eq!(code(&good.sign_with(1, |b| b), &[&good.certificate()]), Ok(()));
    let bad = adopted(&one, &subkey, false);
    assert_eq!(code(&bad.sign_with(1, |b| b), &[&bad.certificate()]), Err(Code::SignerNotSigning));
}

#[test]
fn a_subkey_without_any_binding_does_not_sign() {
    let (one, subkey) = (Person::new(), subkey());
    let good = adopted(&one, &subkey, true);
    let mut bytes = one.public();
    bytes.extend(packet(subkey.parts_into_public()));
    let unbound = Certificate::parse(&bytes, &Limits::default()).expect("a certificate");
    assert_eq!(code(&good.sign_with(1, |b| b), &[&unbound]), Err(Code::SignerNotSigning));
}

#[test]
fn the_best_finding_wins_in_every_order() {
    let (one, two, subkey) = (Person::new(), Person::new(), subkey());
    let (owner, thief) = (adopted(&one, &subkey, true), adopted(&two, &subkey, false));
    let signature = owner.sign_with(1, |b| b);
    let (owner, thief) = (owner.certificate(), thief.certificate());
    for candidates in [[&owner, &thief], [&thief, &owner]] {
        let good = check(&signature, MESSAGE, &candidates, &TIMES).expect("good");
        assert_eq!(good.certificate(), owner.fingerprint());
    }
    let owner = adopted(&one, &subkey, true).revoked(None, days_ago(1)).certificate();
    for candidates in [[&owner, &thief], [&thief, &owner]] {
        assert_eq!(code(&signature, &candidates), Err(Code::SignerRevoked));
    }
    let both = adopted(&two, &subkey, true).certificate();
    let good: Vec<_> = [[&both, &adopted(&one, &subkey, true).certificate()]; 1]
        .iter()
        .flat_map(|[a, b]| [check(&signature, MESSAGE, &[a, b], &TIMES), check(&signature, MESSAGE, &[b, a], &TIMES)])
        .collect();
    assert_eq!(good[0], good[1]);
}

#[test]
fn an_issuer_hint_only_picks_candidates() {
    let (one, two) = (Person::new(), Person::new());
    let id = two.0.keyid();
    let signature = one.sign_with(0, |b| {
        b.set_issuer_fingerprint(one.0.fingerprint()).and_then(|b| b.set_issuer(id)).expect("issuers")
    });
    let (one, two) = (one.certificate(), two.certificate());
    for candidates in [[&one, &two], [&two, &one]] {
        let good = check(&signature, MESSAGE, &candidates, &TIMES).expect("good");
        assert_eq!(good.certificate(), one.fingerprint());
    }
    assert_eq!(code(&signature, &[&two]), Err(Code::SignatureBad));
}

#[test]
fn a_weak_key_is_weak_whatever_the_date() {
    for (bits, expected) in [(1024, Err(Code::SignatureWeakKey)), (2048, Ok(()))] {
        let key = Key4::<_, key::PrimaryRole>::generate_rsa(bits).expect("a key");
        let one = Person::of_key(key.into(), HashAlgorithm::SHA256);
        let signature = one.sign_with(0, |b| b.set_signature_creation_time(days_ago(300)).expect("a date"));
        assert_eq!(code(&signature, &[&one.certificate()]), expected, "{bits}");
        assert_eq!(code_at(&signature, &[&one.certificate()], at_days_ago(200)), expected, "{bits}");
    }
}

#[test]
fn a_certificate_bound_by_a_weak_hash_is_invalid() {
    let key = Key4::<_, key::PrimaryRole>::generate_ecc(true, sequoia_openpgp::types::Curve::Ed25519).expect("a key");
    let good = Person::of_key(key.clone().into(), HashAlgorithm::SHA256);
    let bad = Person::of_key(key.into(), HashAlgorithm::SHA1);
    assert_eq!(code(&good.sign(), &[&good.certificate()]), Ok(()));
    assert_eq!(code(&good.sign(), &[&bad.certificate()]), Err(Code::CertificateInvalid));
    let early = Times { at: Timestamp::try_from(days_ago(399)).expect("a time"), now: NOW };
    assert!(bad.0.with_policy(&policy::standard(&early), SystemTime::from(NOW)).is_err());
}

#[test]
fn dates_must_make_sense() {
    let one = Person::new();
    let certificate = one.certificate();
    let dated = |time| one.sign_with(0, move |b| b.set_signature_creation_time(time).expect("a date"));
    assert_eq!(code(&dated(ahead(Duration::from_secs(600))), &[&certificate]), Ok(()));
    assert_eq!(code(&dated(ahead(Duration::from_secs(601))), &[&certificate]), Err(Code::SignatureTime));
    // `--at` does not make a future signature good, and the clock bounds a future `--at`.
    assert_eq!(code_at(&dated(days_ago(0)), &[&certificate], at_days_ago(1)), Err(Code::SignatureTime));
    let later = Times { at: NOW.plus(DAY * 9), now: NOW };
    assert_eq!(code_at(&dated(ahead(DAY)), &[&certificate], later), Err(Code::SignatureTime));
}

#[test]
fn a_signature_from_before_its_key_is_refused() {
    let one = Person::new();
    let mut signature = one.sign();
    // No library makes one, so the claim is changed after the fact: this check comes before all cryptography.
    signature.backdate(Timestamp::try_from(days_ago(401)).expect("a time"));
    assert_eq!(code(&signature, &[&one.certificate()]), Err(Code::SignatureTime));
}

#[test]
fn a_signature_expires_by_its_own_word() {
    let one = Person::new();
    let signature = |days| {
        one.sign_with(0, |b| {
            b.set_signature_creation_time(days_ago(100))
                .and_then(|b| b.set_signature_validity_period(DAY * days))
                .expect("dates")
        })
    };
    assert_eq!(code(&signature(101), &[&one.certificate()]), Ok(()));
    assert_eq!(code(&signature(100), &[&one.certificate()]), Err(Code::SignatureExpired));
}

#[test]
fn no_flipped_bit_makes_another_signature_good() {
    let one = Person::with_subkey(signing());
    let (signature, certificate) = (one.sign_with(1, |b| b), one.certificate());
    let good = check(&signature, MESSAGE, &[&certificate], &TIMES).expect("good");
    for bit in 0..signature.bytes().len() * 8 {
        let mut bytes = signature.bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(found) = parse(&bytes).and_then(|flipped| check(&flipped, MESSAGE, &[&certificate], &TIMES)) {
            assert_eq!(found, good, "only what was not signed may differ: {bit}");
        }
    }
    for bit in 0..MESSAGE.len() * 8 {
        let mut message = MESSAGE.to_vec();
        message[bit / 8] ^= 1 << (bit % 8);
        let fault = check(&signature, &message, &[&certificate], &TIMES);
        assert_eq!(fault.map_err(|fault| fault.code()), Err(Code::SignatureBad), "{bit}");
    }
    let public = one.public();
    for byte in 0..public.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut bytes = public.clone();
            bytes[byte] ^= change;
            let Ok(flipped) = Certificate::parse(&bytes, &Limits::default()) else { continue };
            if let Ok(found) = check(&signature, MESSAGE, &[&flipped], &TIMES) {
                assert_eq!(found, good, "{byte}");
            }
        }
    }
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_a_parser_panic(bytes: Vec<u8>, tag in 0..64_u8) {
        let mut framed = vec![0xc0 | tag, bytes.len() as u8];
        framed.extend(&bytes);
        for bytes in [&bytes, &framed] {
            drop(parse(bytes));
            if let Ok(certificate) = Certificate::parse(bytes, &Limits::default()) {
                drop(certificate.standing(&TIMES));
            }
        }
    }
}

#[test]
fn a_key_that_this_build_cannot_check_is_named_as_such() {
    let certificate = Certificate::parse(RSA_5120, &Limits::default()).expect("a certificate");
    let signature = parse(include_bytes!("../../../tests/data/rsa-5120/message.asc")).expect("a signature file");
    let message = include_bytes!("../../../tests/data/rsa-5120/message");
    let found = check(&signature, message, &[&certificate], &TIMES);
    if cfg!(feature = "crypto-rust") {
        let fault = found.expect_err("more than 4096 bits");
        assert_eq!(fault.code(), Code::KeyUnsupported);
        assert!(fault.to_string().contains("RSA 5120"), "{fault}");
        assert!(fault.to_string().contains("--features crypto-nettle"), "{fault}");
        assert_eq!(certificate.standing(&TIMES), Standing::Unsupported { algorithm: "RSA 5120".into() });
    } else {
        assert!(found.is_ok());
    }
    assert_eq!(certificate.algorithm(), "RSA 5120");
}

const RSA_5120: &[u8] = include_bytes!("../../../tests/data/rsa-5120/certificate.asc");
