use sequoia_openpgp::packet::key::{Key4, PrimaryRole};
use sequoia_openpgp::packet::signature::SignatureBuilder;
use sequoia_openpgp::packet::user_attribute::{Image, Subpacket};
use sequoia_openpgp::packet::{UserAttribute, UserID};
use sequoia_openpgp::types::{Curve, HashAlgorithm, KeyFlags, ReasonForRevocation, SignatureType};
use sequoia_openpgp::{Packet, cert::CipherSuite};

use super::super::testing::{DAY, NOW, Person, TIMES, ahead, days_ago, packet};
use super::*;

fn parse(bytes: &[u8]) -> Result<Certificate, Code> {
    Certificate::parse(bytes, &Limits::default()).map_err(|error| error.code())
}

#[test]
fn armour_and_binary_are_the_same() {
    let one = Person::new();
    let binary = parse(&one.public()).expect("binary");
    let armored = parse(binary.armored().as_bytes()).expect("armoured");
    assert_eq!(binary.bytes(), armored.bytes());
    assert_eq!(binary.fingerprint().to_string(), one.0.fingerprint().to_hex());
    assert!(!binary.armored().contains("Comment"));
}

#[test]
fn what_is_not_one_certificate_is_refused() {
    let (one, two) = (Person::new(), Person::new());
    assert_eq!(parse(b"").map(|_| ()), Err(Code::KeyringEmpty));
    assert_eq!(parse(b"text").map(|_| ()), Err(Code::KeyringNotOpenpgp));
    assert_eq!(parse(&[one.public(), two.public()].concat()).map(|_| ()), Err(Code::CertificateInvalid));
    assert_eq!(parse(&[one.public(), one.public()].concat()).map(|_| ()), Ok(()));
    assert_eq!(parse(&one.public()[..99]).map(|_| ()), Err(Code::KeyringDamaged));
    let secret = one.0.as_tsk();
    assert_eq!(parse(&secret.to_vec().expect("packets")).map(|_| ()), Err(Code::KeyringSecretKey));
    assert_eq!(parse(&secret.armored().to_vec().expect("armour")).map(|_| ()), Err(Code::KeyringSecretKey));
}

#[test]
fn keys_of_other_versions_are_refused() {
    for version in [2, 3, 5] {
        let mut bytes = Person::new().public();
        bytes[2] = version;
        assert_eq!(parse(&bytes).map(|_| ()), Err(Code::CertificateInvalid), "{version}");
    }
}

#[test]
fn algorithms_are_named_as_people_know_them() {
    for (suite, name) in [
        (CipherSuite::Cv25519, "Ed25519"),
        (CipherSuite::P256, "NIST P-256"),
        (CipherSuite::P384, "NIST P-384"),
        (CipherSuite::RSA2k, "RSA 2048"),
    ] {
        assert_eq!(Person::made(|builder| builder.set_cipher_suite(suite)).certificate().algorithm(), name);
    }
}

#[test]
fn standings_are_told_apart() {
    let one = Person::new();
    assert_eq!(one.certificate().standing(&TIMES), Standing::Valid { until: None });
    let until = Timestamp::try_from(ahead(DAY)).ok();
    let living = Person::made(|builder| builder.set_validity_period(DAY * 401));
    assert_eq!(living.certificate().standing(&TIMES), Standing::Valid { until });
    let dead = Person::made(|builder| builder.set_validity_period(DAY * 400));
    assert_eq!(dead.certificate().standing(&TIMES), Standing::Expired { since: Some(NOW) });
    let retired = one.clone().revoked(Some(ReasonForRevocation::KeyRetired), days_ago(0)).certificate();
    assert_eq!(retired.standing(&TIMES), Standing::Retired { since: Some(NOW) });
    let later = one.clone().revoked(Some(ReasonForRevocation::KeyRetired), ahead(DAY)).certificate();
    assert_eq!(later.standing(&TIMES), Standing::Valid { until: None });
    let revoked = one.clone().revoked(None, ahead(DAY)).certificate();
    assert_eq!(revoked.standing(&TIMES), Standing::Revoked);
    let bare = parse(&packet(one.0.primary_key().key().clone())).expect("a certificate");
    assert_eq!(bare.standing(&TIMES).code(), Some(Code::CertificateInvalid));
    let early = Times { at: Timestamp::try_from(days_ago(401)).expect("a time"), now: NOW };
    assert_eq!(one.certificate().standing(&early).code(), Some(Code::CertificateInvalid));
}

#[test]
fn the_verdicts_time_does_not_bring_weak_algorithms_back() {
    let mut key = Key4::<_, PrimaryRole>::generate_ecc(true, Curve::Ed25519).expect("a key");
    key.set_creation_time(std::time::UNIX_EPOCH + DAY * 15_000).expect("a date");
    let one = Person::of_key(key.into(), HashAlgorithm::SHA1).certificate();
    let early = Times { at: Timestamp::try_from(days_ago(300)).expect("a time"), now: NOW };
    assert_eq!(one.standing(&early).code(), Some(Code::CertificateInvalid));
    let then = Timestamp::try_from(days_ago(300)).expect("a time");
    let back_then = Times { at: then, now: Timestamp::from_seconds(1_350_000_000) };
    assert_eq!(one.standing(&back_then).code(), None, "good in 2012, by the clock of 2012");
}

#[test]
fn user_ids_are_the_signed_and_plain_ones() {
    let one = Person::made(|builder| {
        builder
            .add_userid("y <y@example.org>")
            .add_userid(UserID::from(&b"z\xff <z@example.org>"[..]))
            .add_userid("\u{1b}[2Jw <w@example.org>")
    });
    let mut bytes = one.public();
    bytes.extend(packet(UserID::from("unsigned <v@example.org>")));
    let certificate = parse(&bytes).expect("a certificate");
    assert_eq!(certificate.user_ids(), ["x <x@example.org>", "y <y@example.org>"]);
    let faults = certificate.user_id_faults();
    assert_eq!(faults.len(), 2);
    assert!(faults.iter().all(|fault| fault.code == Code::UserIdEncoding && !fault.message.contains('\u{1b}')));
    let user_id = UserID::from("y <y@example.org>");
    let revocation = SignatureBuilder::new(SignatureType::CertificationRevocation)
        .set_signature_creation_time(days_ago(9))
        .and_then(|b| b.set_reason_for_revocation(ReasonForRevocation::UIDRetired, b""))
        .and_then(|b| b.sign_userid_binding(&mut one.key_pair(0), None, &user_id))
        .expect("a revocation");
    let revoked = one.plus([Packet::from(user_id), revocation.into()]).certificate();
    assert_eq!(revoked.user_ids(), ["x <x@example.org>"]);
}

#[test]
fn minimising_keeps_what_verifiers_need() {
    let stranger = Person::new();
    let image = UserAttribute::new(&[Subpacket::Image(Image::JPEG(vec![1; 9].into()))]).expect("a picture");
    let one = Person::made(|builder| {
        builder
            .add_user_attribute(image)
            .add_userid(UserID::from(&b"z\xff"[..]))
            .add_signing_subkey()
            .add_transport_encryption_subkey()
            .add_authentication_subkey()
    });
    let certification = one
        .0
        .userids()
        .find(|user_id| user_id.userid().value().starts_with(b"x"))
        .expect("a user ID")
        .userid()
        .certify(&mut stranger.key_pair(0), &one.0, None, None, ahead(DAY))
        .expect("a certification");
    let one = one.plus([Packet::from(certification)]).revoked(None, days_ago(3));
    let limits = Limits::default();
    let full = one.certificate();
    let minimised = full.minimised(&limits).expect("minimised");
    assert_eq!(minimised.user_ids(), ["x <x@example.org>"]);
    assert_eq!(minimised.keys().len(), 2);
    assert_eq!(minimised.standing(&TIMES), Standing::Revoked);
    assert_eq!(minimised.cert().expect("parsed").user_attributes().count(), 0);
    assert_eq!(minimised.cert().expect("parsed").userids().map(|u| u.certifications().count()).sum::<usize>(), 0);
    let again = parse(minimised.armored().as_bytes()).expect("a certificate");
    assert_eq!(again.minimised(&limits).expect("minimised").armored(), minimised.armored());
    assert_eq!(again.keys(), minimised.keys());
}

#[test]
fn minimising_does_not_depend_on_the_order_of_packets() {
    let one = Person::made(|builder| builder.add_userid("a").add_userid("b").add_signing_subkey());
    let full = one.certificate();
    let mut packets: Vec<&[u8]> = Vec::new();
    let mut rest = full.bytes();
    while let Ok((_, after)) = packets::first(rest) {
        let (whole, _) = rest.split_at(rest.len() - after.len());
        packets.push(whole);
        rest = after;
    }
    // Each component with its signature moves as one.
    let mut pairs: Vec<Vec<u8>> = packets[1..].chunks(2).map(|pair| pair.concat()).collect();
    let sum =
        |pairs: &[Vec<u8>]| parse(&[packets[0], &pairs.concat()].concat()).map(|c| c.minimised(&Limits::default()));
    let forwards = sum(&pairs).expect("a certificate").expect("minimised").armored();
    pairs.reverse();
    let backwards = sum(&pairs);
    if let Ok(Ok(backwards)) = backwards {
        assert_eq!(backwards.armored(), forwards);
    } else {
        panic!("{backwards:?}");
    }
}

#[test]
fn certificates_over_a_limit_are_set_aside() {
    let one = Person::new();
    let mut limits = Limits::default();
    let mut bytes = one.public();
    for number in 1..limits.user_ids {
        bytes.extend(packet(UserID::from(format!("{number}"))));
    }
    assert!(Certificate::parse(&bytes, &limits).is_ok());
    bytes.extend(packet(UserID::from("one more")));
    let error = |limits: &Limits| Certificate::parse(&bytes, limits).map_err(|error| error.code()).err();
    assert_eq!(error(&limits), Some(Code::LimitCertificate));
    limits.user_ids += 1;
    assert_eq!(error(&limits), None);
    limits.certificate = 1_000;
    assert_eq!(error(&limits), Some(Code::LimitCertificate));
}

#[test]
fn merging_keeps_the_revocations_of_both() {
    let one = Person::with_subkey(KeyFlags::empty().set_signing());
    let subkey = one.0.keys().subkeys().next().expect("a subkey").key().clone();
    let revocation = SignatureBuilder::new(SignatureType::SubkeyRevocation)
        .set_signature_creation_time(days_ago(10))
        .and_then(|b| b.sign_subkey_binding(&mut one.key_pair(0), None, &subkey))
        .expect("a revocation");
    let first = one.clone().plus([Packet::from(revocation)]).certificate();
    let second = one.clone().revoked(Some(ReasonForRevocation::KeyRetired), days_ago(5)).certificate();
    let merge = |a: &Certificate, b: &Certificate| a.merged(b, &HashSet::new(), &Limits::default());
    for both in [merge(&first, &second), merge(&second, &first)] {
        let both = both.expect("merged");
        assert_eq!(both.standing(&TIMES).code(), Some(Code::SignerRetired));
        assert_eq!(
            both.cert().expect("parsed").keys().subkeys().map(|k| k.self_revocations().count()).sum::<usize>(),
            1
        );
        assert_eq!(both.keys(), first.keys());
    }
    assert_eq!(merge(&first, &Person::new().certificate()).map(|_| ()), Err(CertificateError::Several));
}
