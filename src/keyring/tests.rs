use std::fs;

use sequoia_openpgp::Packet;
use sequoia_openpgp::packet::signature::subpacket::{Subpacket, SubpacketValue};
use sequoia_openpgp::serialize::SerializeInto as _;
use sequoia_openpgp::types::SignatureType;

use super::*;
use crate::openpgp::testing::{Person, TIMES, days_ago, packets};
use crate::openpgp::{Handle, Standing};

mod hostile;

/// Reads one file with this content.
fn read_one(content: impl AsRef<[u8]>) -> Result<Keyring, Code> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("keyring.pgp");
    fs::write(&path, content).expect("a file");
    Keyring::read(&[path], &Limits::default()).map_err(|error| error.code())
}

fn count(keyring: &Keyring) -> usize {
    keyring.certificates().count()
}

#[test]
fn files_of_every_form_are_read() {
    let (one, two) = (Person::new(), Person::new());
    let (a, b) = (one.certificate().armored(), two.certificate().armored());
    for content in [
        [one.public(), two.public()].concat(),
        format!("{a}{b}").into_bytes(),
        format!("\n{a}\n\n{b}\n").replace('\n', "\r\n").into_bytes(),
        format!("{a}{b}{a}").into_bytes(),
    ] {
        let keyring = read_one(content).expect("a keyring");
        assert_eq!(count(&keyring), 2);
        assert!(keyring.by_fingerprint(one.certificate().fingerprint()).is_some());
        assert_eq!(keyring.set_aside(), []);
        assert!(!keyring.is_only_evidence(one.certificate().fingerprint()));
    }
}

#[test]
fn files_that_are_no_whole_keyring_stop_the_run() {
    let one = Person::new();
    let (binary, armored) = (one.public(), one.certificate().armored());
    let code = |content: &[u8]| read_one(content).map(|_| ());
    assert_eq!(code(&binary), Ok(()));
    assert_eq!(code(b""), Err(Code::KeyringEmpty));
    assert_eq!(code(b"\n"), Err(Code::KeyringEmpty));
    assert_eq!(code(b"just text\n"), Err(Code::KeyringNotOpenpgp));
    assert_eq!(code(b"\x00\x00\x00\x20\x01\x01\x00\x02KBXf"), Err(Code::KeyringNotOpenpgp));
    assert_eq!(code(&binary[..binary.len() - 1]), Err(Code::KeyringDamaged));
    assert_eq!(code(&armored.as_bytes()[..armored.len() / 2]), Err(Code::KeyringDamaged));
    assert_eq!(code(&[&binary[..], b"rubbish", &binary].concat()), Err(Code::KeyringDamaged));
    assert_eq!(code(&[&binary[..], &[0xcb, 1, b't'], &binary].concat()), Err(Code::KeyringDamaged));
    assert_eq!(code(format!("Dear x,\n{armored}").as_bytes()), Err(Code::KeyringDamaged));
    assert_eq!(code(format!("{armored}Yours, x\n{armored}").as_bytes()), Err(Code::KeyringDamaged));
    assert_eq!(code(&one.secret()), Err(Code::KeyringSecretKey));
    assert_eq!(code(&[binary.clone(), one.secret()].concat()), Err(Code::KeyringSecretKey));
    let signature = one.sign();
    assert_eq!(code(signature.bytes()), Err(Code::KeyringEmpty));
    assert_eq!(code(&[signature.bytes(), &binary].concat()), Err(Code::KeyringDamaged));
}

#[test]
fn a_secret_key_says_how_to_export_the_public_part() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("k.pgp");
    fs::write(&path, Person::new().secret()).expect("a file");
    let message = Keyring::read(&[path], &Limits::default()).expect_err("a secret").to_string();
    assert!(message.contains("gpg --export"), "{message}");
}

#[test]
fn large_files_are_not_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("k.pgp");
    let bytes = Person::new().public();
    fs::write(&path, &bytes).expect("a file");
    let mut limits = Limits { keyring: bytes.len() as u64, ..Limits::default() };
    assert!(Keyring::read(std::slice::from_ref(&path), &limits).is_ok());
    limits.keyring -= 1;
    assert_eq!(Keyring::read(&[path], &limits).map_err(|e| e.code()).map(|_| ()), Err(Code::LimitKeyring));
}

#[test]
fn a_certificate_of_another_version_is_set_aside_alone() {
    let (one, mut two) = (Person::new(), Person::new().public());
    two[2] = 3;
    let keyring = read_one([two, one.public()].concat()).expect("a keyring");
    assert_eq!(count(&keyring), 1);
    assert_eq!(keyring.set_aside().iter().map(|reason| reason.code).collect::<Vec<_>>(), [Code::CertificateInvalid]);
    assert!(keyring.set_aside()[0].path.as_ref().is_some_and(|path| path.ends_with("keyring.pgp")));
}

#[test]
fn folders_are_read_by_rule() {
    let people: Vec<_> = (0..4).map(|_| Person::new()).collect();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    fs::write(path.join("a.asc"), people[0].certificate().armored()).expect("a file");
    fs::write(path.join("b.pgp"), people[1].public()).expect("a file");
    fs::write(path.join("README"), "not a keyring").expect("a file");
    let fingerprint = people[2].certificate().fingerprint().to_string().to_lowercase();
    fs::create_dir(path.join(&fingerprint[..2])).expect("a folder");
    fs::write(path.join(&fingerprint[..2]).join(&fingerprint[2..]), people[2].public()).expect("a file");
    fs::create_dir(path.join("sub")).expect("a folder");
    fs::write(path.join("sub").join("c.pgp"), people[3].public()).expect("a file");
    let keyring = Keyring::read(&[path.to_owned()], &Limits::default()).expect("a keyring");
    assert_eq!(count(&keyring), 3);
    let empty = tempfile::tempdir().expect("a folder");
    let code = Keyring::read(&[empty.path().to_owned()], &Limits::default()).map_err(|e| e.code()).map(|_| ());
    assert_eq!(code, Err(Code::KeyringEmpty));
    let missing = Keyring::read(&[path.join("missing")], &Limits::default()).map_err(|e| e.code()).map(|_| ());
    assert_eq!(missing, Err(Code::Unreadable));
}

#[cfg(unix)]
#[test]
fn links_in_a_folder_are_not_followed() {
    let folder = tempfile::tempdir().expect("a folder");
    let other = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a.pgp"), Person::new().public()).expect("a file");
    fs::write(other.path().join("b.pgp"), Person::new().public()).expect("a file");
    std::os::unix::fs::symlink(other.path().join("b.pgp"), folder.path().join("b.pgp")).expect("a link");
    let keyring = Keyring::read(&[folder.path().to_owned()], &Limits::default()).expect("a keyring");
    assert_eq!(count(&keyring), 1);
    assert_eq!(keyring.set_aside().iter().map(|reason| reason.code).collect::<Vec<_>>(), [Code::Symlink]);
}

#[test]
fn copies_are_merged_with_the_revocations_of_both() {
    let one = Person::new();
    let revoked = one.clone().revoked(None, days_ago(3));
    for content in [[one.public(), revoked.public()], [revoked.public(), one.public()]] {
        let keyring = read_one(content.concat()).expect("a keyring");
        assert_eq!(count(&keyring), 1);
        assert_eq!(keyring.certificates().map(|c| c.standing(&TIMES)).collect::<Vec<_>>(), [Standing::Revoked]);
    }
}

#[test]
fn a_designated_revoker_is_heard_once_its_certificate_is_there() {
    let (revoker, stranger) = (Person::new(), Person::new());
    let one = Person::made(|builder| builder.set_revocation_keys(vec![revoker.as_revoker()]));
    let standing = |by: &Person, also: &[&Person]| {
        let mut bytes = one.clone().revoked_by(by, days_ago(3)).public();
        also.iter().for_each(|person| bytes.extend(person.public()));
        let keyring = read_one(bytes).expect("a keyring");
        keyring.by_fingerprint(one.certificate().fingerprint()).map(|certificate| certificate.standing(&TIMES))
    };
    let valid = Some(Standing::Valid { until: None });
    assert_eq!(standing(&revoker, &[&revoker]), Some(Standing::Revoked));
    assert_eq!(standing(&revoker, &[]), valid);
    assert_eq!(standing(&stranger, &[&stranger, &revoker]), valid);
    let evidence = one.clone().revoked_by(&revoker, days_ago(3)).public();
    let keyring = Keyring::from_certificates([one.certificate(), revoker.certificate()]);
    let keyring = keyring.with_evidence([("a", &evidence[..])], &Limits::default());
    let found = keyring.by_fingerprint(one.certificate().fingerprint()).map(|certificate| certificate.standing(&TIMES));
    assert_eq!(found, Some(Standing::Revoked));
    let code = crate::openpgp::check::check(
        &one.sign(),
        crate::openpgp::testing::MESSAGE,
        &keyring.candidates(&one.sign()),
        &TIMES,
    );
    assert_eq!(code.map_err(|fault| fault.code()), Err(Code::SignerRevoked));
}

#[test]
fn signers_are_found_by_any_of_their_keys() {
    let people: Vec<_> = (0..3).map(|_| Person::made(|builder| builder.add_signing_subkey())).collect();
    let keyring = Keyring::from_certificates(people.iter().map(Person::certificate));
    for person in &people {
        let certificate = person.certificate();
        for key in [0, 1] {
            let found = keyring.candidates(&person.sign_with(key, |b| b));
            assert_eq!(found.iter().map(|c| c.fingerprint()).collect::<Vec<_>>(), [certificate.fingerprint()]);
        }
        let keys = certificate.keys();
        assert_eq!(keyring.primary_of(&keys[1].fingerprint), Some(certificate.fingerprint()));
        assert_eq!(keyring.primary_of(&keys[0].fingerprint), None);
        assert!(keys[1].is_meant_by(&Handle::KeyId(keys[1].id)));
    }
    assert_eq!(keyring.candidates(&Person::new().sign()).len(), 0);
}

#[test]
fn flooding_is_dropped_unread() {
    let one = Person::new();
    let mut bytes = one.public();
    // 150,000 certifications by strangers, as they were uploaded to key servers in 2019.
    for number in 0..150_000_u64 {
        bytes.extend(packets::strangers_signature(number));
    }
    let started = std::time::Instant::now();
    let keyring = read_one(&bytes).expect("a keyring");
    let took = started.elapsed();
    let certificate = keyring.certificates().next().expect("a certificate");
    assert_eq!(certificate.bytes(), one.certificate().bytes());
    assert_eq!(keyring.set_aside(), []);
    // Generous: this takes well under a second, where parsing them would take many.
    assert!(took.as_secs() < 20, "{took:?}");
}

#[test]
fn a_certificate_over_a_limit_is_set_aside_alone() {
    let (one, two) = (Person::new(), Person::new());
    let mut bytes = one.public();
    let own = one.certificate().keys()[0].id;
    for number in 0..20_000 {
        bytes.extend(packets::signature_by(own, number));
    }
    let keyring = read_one([bytes, two.public()].concat()).expect("a keyring");
    assert_eq!(count(&keyring), 1);
    assert_eq!(keyring.set_aside().iter().map(|reason| reason.code).collect::<Vec<_>>(), [Code::LimitCertificate]);
}

#[test]
fn evidence_adds_revocations_and_harms_nothing() {
    let (one, two) = (Person::new(), Person::new());
    let local = Keyring::from_certificates([one.certificate()]);
    let revoked = one.clone().revoked(None, days_ago(3)).public();
    let (secret, stranger) = (one.secret(), two.public());
    let two_in_one = [two.public(), Person::new().public()].concat();
    let files: [(&str, &[u8]); 6] = [
        ("bad", b"rubbish"),
        ("two", &two_in_one),
        ("cut", &revoked[..revoked.len() - 1]),
        ("secret", &secret),
        ("revoked", &revoked),
        ("stranger", &stranger),
    ];
    let keyring = local.with_evidence(files, &Limits::default());
    let standing = |person: &Person| {
        keyring.by_fingerprint(person.certificate().fingerprint()).map(|certificate| certificate.standing(&TIMES))
    };
    assert_eq!(standing(&one), Some(Standing::Revoked));
    assert_eq!(standing(&two), Some(Standing::Valid { until: None }));
    assert!(!keyring.is_only_evidence(one.certificate().fingerprint()));
    assert!(keyring.is_only_evidence(two.certificate().fingerprint()));
    let mut codes: Vec<_> = keyring.set_aside().iter().map(|reason| (reason.path.clone(), reason.code)).collect();
    codes.sort();
    let at = |path: &str, code| (Some(path.to_owned()), code);
    let expected = [
        at("bad", Code::KeyringNotOpenpgp),
        at("cut", Code::KeyringDamaged),
        at("secret", Code::KeyringSecretKey),
        at("two", Code::CertificateInvalid),
    ];
    assert_eq!(codes, expected);
    assert_eq!(count(&local), 1, "the local keyring stays as it was");
}

#[test]
fn rubbish_in_evidence_does_not_keep_a_revocation_out() {
    let one = Person::new();
    let local = Keyring::from_certificates([one.certificate()]);
    let own = one.certificate().keys()[0].id;
    let flood = |from: u64| {
        let junk: Vec<u8> = (from..from + 6_000).flat_map(|number| packets::signature_by(own, number)).collect();
        [one.public(), junk].concat()
    };
    let (first, second) = (flood(0), flood(1_000_000));
    let revoked = one.clone().revoked(None, days_ago(3)).public();
    let files: [(&str, &[u8]); 3] = [("a", &first), ("b", &second), ("c", &revoked)];
    let keyring = local.with_evidence(files, &Limits::default());
    let certificate = keyring.by_fingerprint(one.certificate().fingerprint()).expect("a certificate");
    assert_eq!(certificate.standing(&TIMES), Standing::Revoked);
}

#[test]
fn certifications_that_came_with_evidence_are_nobodys_word() {
    let (introducer, target, stranger) = (Person::new(), Person::new(), Person::new());
    let local = Keyring::from_certificates([introducer.certificate(), target.certificate()]);
    let certified = |person: &Person| person.clone().certified(&introducer, days_ago(3), |word| word).public();
    // Names are not signed: the owner's beside the issuer's makes no certification the owner's.
    let named = target.clone().certified(&introducer, days_ago(3), |word| word);
    let own = target.certificate().fingerprint().clone();
    let named = named.0.strip_secret_key_material().into_packets().map(|packet| match packet {
        Packet::Signature(mut made) if made.typ() == SignatureType::GenericCertification => {
            let issuer =
                Subpacket::new(SubpacketValue::Issuer(own.to_string()[24..].parse().expect("a key ID")), false);
            made.unhashed_area_mut().add(issuer.expect("a subpacket")).expect("added");
            Packet::from(made)
        }
        packet => packet,
    });
    let named: Vec<u8> = named.flat_map(|packet| packet.to_vec().expect("a packet")).collect();
    let (of_target, of_stranger) = (certified(&target), certified(&stranger));
    let files: [(&str, &[u8]); 3] = [("target", &of_target), ("stranger", &of_stranger), ("named", &named)];
    let keyring = local.with_evidence(files, &Limits::default());
    for person in [&target, &stranger] {
        let certificate = keyring.by_fingerprint(person.certificate().fingerprint()).expect("a certificate");
        assert_eq!(certificate.claims().len(), 0, "{:?}", keyring.set_aside());
    }
    // What the user has in the own keyring counts all the same, and evidence takes nothing from it.
    let known = target.clone().certified(&introducer, days_ago(3), |word| word).certificate_among(&[&introducer]);
    let local = Keyring::from_certificates([introducer.certificate(), known]);
    let bare = target.public();
    let keyring = local.with_evidence([("bare", &bare[..])], &Limits::default());
    assert_eq!(keyring.by_fingerprint(&own).expect("a certificate").claims().len(), 1);
}

#[test]
fn evidence_that_says_nothing_new_changes_nothing() {
    let (one, stranger) = (Person::new(), Person::new());
    let local = Keyring::from_certificates([one.certificate()]);
    let with = |files: &[&[u8]]| {
        let files = files.iter().map(|bytes| ("file", *bytes));
        local.with_evidence(files, &Limits::default()).only_adds_evidence_to(&local)
    };
    assert!(with(&[]) && with(&[&one.public()]) && with(&[&stranger.public(), &one.public(), b"rubbish"]));
    assert!(!with(&[&one.clone().revoked(None, days_ago(3)).public()]));
}
