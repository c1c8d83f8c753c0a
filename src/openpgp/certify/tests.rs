use std::time::SystemTime;

use sequoia_openpgp::packet::signature::SignatureBuilder;
use sequoia_openpgp::packet::signature::subpacket::{NotationDataFlags, Subpacket, SubpacketTag, SubpacketValue};
use sequoia_openpgp::types::{HashAlgorithm, KeyFlags, ReasonForRevocation, SignatureType};

use super::super::testing::{DAY, NOW, Person, TIMES, ahead, days_ago, packets};
use super::super::{Handle, split};
use super::notation::{ROLE, SCOPE};
use super::*;
use crate::grant::Role;
use crate::limits::Limits;

/// What counts of what `issuer` says about `target`.
fn judged(target: &Person, issuer: &Person, local: bool, times: &Times) -> Newest {
    let (target, issuer) = (target.certificate_among(&[issuer]), issuer.certificate());
    let claims = target.claims();
    let claims: Vec<_> = claims.iter().collect();
    newest(&claims, &Party::new(&issuer, times), &Party::new(&target, times), local, times)
}

/// The one certification that counts.
fn good(target: &Person, issuer: &Person) -> Certification {
    let newest = judged(target, issuer, true, &TIMES);
    assert_eq!(newest.unusable, []);
    let [one] = &newest.valid[..] else { panic!("{newest:?}") };
    one.clone()
}

/// Why nothing counts.
fn causes(target: &Person, issuer: &Person, times: &Times) -> Vec<Unusable> {
    let newest = judged(target, issuer, true, times);
    assert!(newest.valid.is_empty(), "{newest:?}");
    newest.unusable.into_iter().map(|(_, cause)| cause).collect()
}

/// A packet of kind `kind` that names `issuer` and is not by it.
fn forged(issuer: &Person, kind: u8, created: SystemTime) -> Vec<u8> {
    let mut packet = packets::signature_by(issuer.certificate().keys()[0].id, 7);
    let created = Timestamp::try_from(created).expect("a time").seconds();
    packet[3] = kind;
    packet[10..14].copy_from_slice(&created.to_be_bytes());
    packet
}

/// A certificate with further packets, and all that `issuer` says about it.
fn with_packet(target: &Person, packet: Vec<u8>, issuer: &Person) -> Certificate {
    let bytes = [target.public(), packet].concat();
    let pieces = split::pieces(&bytes).expect("pieces");
    let raw = split::RawCertificate::only(&pieces).expect("a certificate");
    raw.minimise(&[issuer.certificate().keys()[0].id].into(), &Limits::default()).expect("a certificate")
}

fn plain(builder: SignatureBuilder) -> SignatureBuilder {
    builder
}

fn with(name: &'static str, value: &'static str, critical: bool) -> impl FnOnce(SignatureBuilder) -> SignatureBuilder {
    move |builder| {
        builder
            .add_notation(name, value, NotationDataFlags::empty().set_human_readable(), critical)
            .expect("a notation")
    }
}

#[test]
fn a_plain_certification_is_full_and_reaches_nowhere_further() {
    let (issuer, target) = (Person::new(), Person::new());
    let target = target.certified(&issuer, days_ago(10), plain);
    let one = good(&target, &issuer);
    assert_eq!((one.amount(), one.depth(), one.user_id()), (Amount::FULL, Depth::NONE, "x <x@example.org>"));
    assert_eq!(*one.issuer(), *issuer.certificate().fingerprint());
    assert_eq!(*one.certificate(), *target.certificate().fingerprint());
    assert!(one.grant().is_empty() && one.regexes().is_empty() && one.is_exportable() && !one.is_by_retired());
    assert_eq!(one.hash(), "SHA512");
}

#[test]
fn what_a_trust_signature_says_is_read() {
    let (issuer, target) = (Person::new(), Person::new());
    let target = target.certified(&issuer, days_ago(10), |b| {
        let b = b.set_trust_signature(2, 200).and_then(|b| b.set_regular_expression("<[^>]+[@.]example\\.org>$\0"));
        b.and_then(|b| b.set_signature_validity_period(DAY * 20)).expect("subpackets")
    });
    let one = good(&target, &issuer);
    assert_eq!((one.amount(), one.depth()), (Amount::FULL, Depth::new(2)));
    assert_eq!(one.expires().map(Timestamp::seconds), Some(NOW.seconds() + 10 * 24 * 60 * 60));
    assert!(one.regexes().admit("x <x@example.org>") && !one.regexes().admit("x <x@example.com>"));
    assert_eq!(one.regexes().shown(), ["<[^>]+[@.]example\\\\.org>$"]);
    let none = Person::new().certified(&issuer, days_ago(10), |b| b.set_trust_signature(1, 0).expect("a subpacket"));
    assert_eq!(good(&none, &issuer).amount(), Amount::NONE);
}

#[test]
fn roles_and_scopes_come_from_critical_notations_alone() {
    let issuer = Person::new();
    let certified =
        |how: &dyn Fn(SignatureBuilder) -> SignatureBuilder| Person::new().certified(&issuer, days_ago(1), how);
    let granted = certified(&|b| with(SCOPE, "pkg:npm/%40scope/*", true)(with(ROLE, "author", true)(b)));
    let one = good(&granted, &issuer);
    assert_eq!(*one.grant(), Grant::new([Role::Author], ["pkg:npm/%40scope/*".parse().expect("a pattern")]));

    for (name, value, critical, cause) in [
        (ROLE, "author", false, Unusable::GrantNotCritical(ROLE)),
        (SCOPE, "*", false, Unusable::GrantNotCritical(SCOPE)),
        (ROLE, "king", true, Unusable::Role("king".into())),
        (SCOPE, "pkg:cargo/a*", true, Unusable::Scope("pkg:cargo/a*".into())),
        ("x@example.org", "1", true, Unusable::CriticalUnknown("the notation `x@example.org`".into())),
    ] {
        assert_eq!(causes(&certified(&|b| with(name, value, critical)(b)), &issuer, &TIMES), [cause]);
    }
    assert!(good(&certified(&|b| with("x@example.org", "1", false)(b)), &issuer).grant().is_empty());
    let unknown = certified(&|b| {
        let value = SubpacketValue::Unknown { tag: SubpacketTag::Private(105), body: vec![1] };
        let subpacket = Subpacket::new(value, true).expect("a subpacket");
        b.modify_hashed_area(|mut area| area.add(subpacket).map(|()| area)).expect("an area")
    });
    assert_eq!(causes(&unknown, &issuer, &TIMES), [Unusable::CriticalUnknown("the subpacket 105".into())]);
}

#[test]
fn our_notations_have_no_meaning_on_a_self_signature() {
    let person = Person::new();
    let user_id = person.0.userids().next().expect("a user ID").userid().clone();
    let binding = with(ROLE, "author", true)(SignatureBuilder::new(SignatureType::PositiveCertification))
        .set_signature_creation_time(days_ago(1))
        .and_then(|b| b.set_key_flags(KeyFlags::empty().set_certification()))
        .and_then(|b| b.sign_userid_binding(&mut person.key_pair(0), None, &user_id))
        .expect("a binding");
    let person = person.plus([user_id.into(), sequoia_openpgp::Packet::from(binding)]);
    assert!(person.certificate().claims().is_empty());
    // The older self-signature holds, and the newer one counts for nothing.
    assert!(matches!(person.certificate().standing(&TIMES), Standing::Valid { .. }));
}

#[test]
fn dates_and_hashes_are_judged() {
    let issuer = Person::new();
    let at = |time: SystemTime| Person::new().certified(&issuer, time, plain);
    let tomorrow: Timestamp = ahead(DAY).try_into().expect("a time");
    assert_eq!(causes(&at(ahead(DAY)), &issuer, &TIMES), [Unusable::NotYet(tomorrow)]);
    let later = Times { at: tomorrow, now: NOW };
    assert_eq!(judged(&at(ahead(DAY)), &issuer, true, &later).valid.len(), 1);
    let short = Person::new()
        .certified(&issuer, days_ago(10), |b| b.set_signature_validity_period(DAY * 10).expect("a period"));
    assert_eq!(causes(&short, &issuer, &TIMES), [Unusable::Expired(NOW)]);
    let before = Times { at: Timestamp::from_seconds(NOW.seconds() - 1), now: NOW };
    assert_eq!(judged(&short, &issuer, true, &before).valid.len(), 1);
    let weak = Person::new().certified(&issuer, days_ago(10), |b| b.set_hash_algo(HashAlgorithm::SHA1));
    assert_eq!(causes(&weak, &issuer, &TIMES), [Unusable::WeakHash("SHA1".into())]);
    // An earlier question does not make SHA-1 any better.
    let past = Times { at: days_ago(5).try_into().expect("a time"), now: NOW };
    assert_eq!(causes(&weak, &issuer, &past), [Unusable::WeakHash("SHA1".into())]);
    assert_eq!(causes(&at(days_ago(500)), &issuer, &TIMES), [Unusable::IssuerNotYet]);
}

#[test]
fn an_issuer_must_have_been_alive() {
    let made = || Person::made(|b| b.set_validity_period(Some(DAY * 390)));
    let issuer = made();
    let end: Timestamp = days_ago(10).try_into().expect("a time");
    let target = |time| Person::new().certified(&issuer, time, plain);
    assert!(good(&target(days_ago(11)), &issuer).is_by_retired());
    assert_eq!(causes(&target(days_ago(9)), &issuer, &TIMES), [Unusable::IssuerDead { since: Some(end) }]);

    let retired = Person::new().revoked(Some(ReasonForRevocation::KeyRetired), days_ago(10));
    let target = |time| Person::new().certified(&retired, time, plain);
    assert!(good(&target(days_ago(11)), &retired).is_by_retired());
    assert_eq!(causes(&target(days_ago(9)), &retired, &TIMES), [Unusable::IssuerDead { since: Some(end) }]);

    let revoked = Person::new().revoked(Some(ReasonForRevocation::KeyCompromised), days_ago(10));
    let target = Person::new().certified(&revoked, days_ago(100), plain);
    assert_eq!(causes(&target, &revoked, &TIMES), [Unusable::IssuerRevoked]);
    // Final, whatever time is asked about.
    let past = Times { at: days_ago(50).try_into().expect("a time"), now: NOW };
    assert_eq!(causes(&target, &revoked, &past), [Unusable::IssuerRevoked]);

    // Retired first, and expired since: the earlier end counts.
    let both = made().revoked(Some(ReasonForRevocation::KeySuperseded), days_ago(50));
    let target = Person::new().certified(&both, days_ago(20), plain);
    let since = Some(days_ago(50).try_into().expect("a time"));
    assert_eq!(causes(&target, &both, &TIMES), [Unusable::IssuerDead { since }]);
}

#[test]
fn a_dead_target_is_not_certified() {
    let issuer = Person::new();
    let revoked = Person::new().revoked(None, days_ago(10)).certified(&issuer, days_ago(20), plain);
    assert_eq!(causes(&revoked, &issuer, &TIMES), [Unusable::TargetRevoked]);
    let retired = |time| {
        Person::new().revoked(Some(ReasonForRevocation::KeyRetired), days_ago(10)).certified(&issuer, time, plain)
    };
    let since = Some(days_ago(10).try_into().expect("a time"));
    assert_eq!(causes(&retired(days_ago(5)), &issuer, &TIMES), [Unusable::TargetDead { since }]);
    good(&retired(days_ago(20)), &issuer);
}

#[test]
fn only_the_primary_key_certifies() {
    let issuer = Person::with_subkey(KeyFlags::empty().set_certification());
    let target = Person::new().word(&issuer, 1, SignatureType::GenericCertification, days_ago(1), plain);
    let keys = issuer.certificate().keys().to_vec();
    let cause = Unusable::BySubkey { key: keys[1].fingerprint.clone(), primary: keys[0].fingerprint.clone() };
    assert_eq!(causes(&target, &issuer, &TIMES), [cause]);
}

#[test]
fn what_somebody_else_made_or_nobody_is_told_apart() {
    let (issuer, other) = (Person::new(), Person::new());
    let target = Person::new().certified(&other, days_ago(1), plain);
    let certificate = target.certificate_among(&[&issuer, &other]);
    let (claims, party) = (certificate.claims(), issuer.certificate());
    let fingerprint = other.certificate().fingerprint().clone();
    let found = newest(&[&claims[0]], &Party::new(&party, &TIMES), &Party::new(&certificate, &TIMES), true, &TIMES);
    let [(0, Unusable::IssuerUnknown(handles))] = &found.unusable[..] else { panic!("{found:?}") };
    assert!(handles.contains(&Handle::Fingerprint(fingerprint)));

    let certificate = with_packet(&Person::new(), forged(&issuer, 0x10, days_ago(1)), &issuer);
    let claims = certificate.claims();
    let found = newest(&[&claims[0]], &Party::new(&party, &TIMES), &Party::new(&certificate, &TIMES), true, &TIMES);
    assert_eq!(found.unusable, [(0, Unusable::Bad)]);
}

#[test]
fn a_certification_of_one_certificate_is_none_of_another() {
    let issuer = Person::new();
    let (one, other) = (Person::new(), Person::new());
    let one = one.certified(&issuer, days_ago(1), plain);
    let certificate = one.certificate_among(&[&issuer]);
    let claims = certificate.claims();
    let (other, issuer) = (other.certificate(), issuer.certificate());
    let (issuer, target) = (Party::new(&issuer, &TIMES), Party::new(&other, &TIMES));
    assert_eq!(check(&claims[0], &issuer, &target, true, &TIMES).err(), Some(Unusable::Bad));
}

#[test]
fn the_newest_valid_one_counts_and_equals_all_count() {
    let issuer = Person::new();
    let amount = |amount| move |b: SignatureBuilder| b.set_trust_signature(0, amount).expect("a subpacket");
    let target = Person::new()
        .certified(&issuer, days_ago(30), amount(120))
        .certified(&issuer, days_ago(20), amount(40))
        .certified(&issuer, days_ago(10), |b| {
            b.set_trust_signature(0, 60).expect("x").set_hash_algo(HashAlgorithm::SHA1)
        });
    let newest = judged(&target, &issuer, true, &TIMES);
    assert_eq!(newest.unusable.len(), 1, "the newest is weak: {newest:?}");
    assert_eq!(newest.valid.iter().map(Certification::amount).collect::<Vec<_>>(), [Amount::capped(40)]);
    let target = target.certified(&issuer, days_ago(20), amount(0));
    let mut amounts: Vec<_> = judged(&target, &issuer, true, &TIMES).valid.iter().map(Certification::amount).collect();
    amounts.sort_unstable();
    assert_eq!(amounts, [Amount::NONE, Amount::capped(40)]);
}

#[test]
fn a_revocation_by_the_issuer_takes_it_back() {
    let issuer = Person::new();
    let revoke = |target: Person, by: &Person, time, hash| {
        target.word(by, 0, SignatureType::CertificationRevocation, time, |b| b.set_hash_algo(hash))
    };
    let certified = Person::new().certified(&issuer, days_ago(30), plain);
    let day: Timestamp = days_ago(10).try_into().expect("a time");
    for hash in [HashAlgorithm::SHA512, HashAlgorithm::SHA1] {
        let revoked = revoke(certified.clone(), &issuer, days_ago(10), hash);
        assert_eq!(causes(&revoked, &issuer, &TIMES), [Unusable::Revoked(day)]);
        // Before it, and after a newer certification, it does not hold.
        let past = Times { at: days_ago(20).try_into().expect("a time"), now: NOW };
        assert_eq!(judged(&revoked, &issuer, true, &past).valid.len(), 1);
        let again = revoked.certified(&issuer, days_ago(5), plain);
        assert_eq!(judged(&again, &issuer, true, &TIMES).valid.len(), 1);
    }
    // Somebody else's revocation is nobody's, also if it says that it is the issuer's.
    let strange = revoke(certified.clone(), &Person::new(), days_ago(10), HashAlgorithm::SHA512);
    good(&strange, &issuer);
    let certificate = with_packet(&certified, forged(&issuer, 0x30, days_ago(1)), &issuer);
    let claims = certificate.claims();
    assert_eq!(claims.iter().filter(|claim| claim.kind() == Kind::Revocation).count(), 1);
    let claims: Vec<_> = claims.iter().collect();
    let issuer = issuer.certificate();
    let found = newest(&claims, &Party::new(&issuer, &TIMES), &Party::new(&certificate, &TIMES), true, &TIMES);
    assert_eq!(found.valid.len(), 1);
}

#[test]
fn what_is_not_for_others_counts_only_at_home() {
    let issuer = Person::new();
    let target =
        Person::new().certified(&issuer, days_ago(1), |b| b.set_exportable_certification(false).expect("a subpacket"));
    assert_eq!(judged(&target, &issuer, true, &TIMES).valid.len(), 1);
    assert_eq!(judged(&target, &issuer, false, &TIMES).unusable, [(0, Unusable::NotExportable)]);
}
