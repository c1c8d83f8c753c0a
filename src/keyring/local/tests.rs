use std::fs;
use std::thread;

use super::super::Keyring;
use super::*;
use crate::openpgp::KeyId;
use crate::openpgp::Standing;
use crate::openpgp::testing::{NOW, Person, TIMES, days_ago, packets as fake};

fn folder() -> (tempfile::TempDir, LocalKeyring) {
    let dir = tempfile::tempdir().expect("a folder");
    let keyring = LocalKeyring::at(&dir.path().join("sub/keyring"));
    (dir, keyring)
}

fn import(keyring: &LocalKeyring, bytes: &[u8]) -> Import {
    try_import(keyring, bytes).expect("imported")
}

fn try_import(keyring: &LocalKeyring, bytes: &[u8]) -> Result<Import, ImportError> {
    keyring.import(&Source::Given("test", bytes.to_vec()), false, NOW, &Limits::default())
}

fn read(keyring: &LocalKeyring) -> Keyring {
    Keyring::read(&[keyring.path().to_owned()], &Limits::default()).expect("a keyring")
}

fn names(keyring: &LocalKeyring) -> Vec<String> {
    let entries = fs::read_dir(keyring.path()).expect("a listing");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("entry").file_name().into_string().expect("text")).collect();
    names.sort();
    names
}

#[test]
fn one_file_a_fingerprint_and_again_is_nothing_new() {
    let (_dir, keyring) = folder();
    let (one, two) = (Person::new(), Person::new());
    let both = [one.public(), two.public()].concat();
    let first = import(&keyring, &both);
    assert_eq!(first.changes.len(), 2);
    assert!(first.changes.iter().all(|change| change.is_new && change.news.user_ids == ["x <x@example.org>"]));
    let mut expected: Vec<_> =
        [&one, &two].map(|person| format!("{}.asc", person.certificate().fingerprint())).to_vec();
    expected.sort();
    assert_eq!(names(&keyring), [expected, vec!["imported".to_owned()]].concat());
    assert_eq!(imported(keyring.path()).expect("readable"), Some(NOW));
    let again = import(&keyring, &both);
    assert_eq!((again.changes.len(), again.unchanged), (0, 2));
    assert_eq!(read(&keyring).certificates().count(), 2);
}

#[test]
fn a_revocation_stays_whatever_comes_after_it() {
    let (_dir, keyring) = folder();
    let person = Person::new();
    let revoked = person.clone().revoked(None, days_ago(1));
    assert_eq!(import(&keyring, &person.public()).changes.len(), 1);
    let change = import(&keyring, &revoked.public()).changes.remove(0);
    assert_eq!(
        (change.is_new, change.news.revocations, change.certificate.standing(&TIMES)),
        (false, 1, Standing::Revoked)
    );
    // The older copy takes nothing back.
    assert_eq!(import(&keyring, &person.public()).unchanged, 1);
    let certificate =
        read(&keyring).by_fingerprint(person.certificate().fingerprint()).expect("there").standing(&TIMES);
    assert_eq!(certificate, Standing::Revoked);
}

#[test]
fn a_strangers_certification_waits_for_the_stranger() {
    let (_dir, keyring) = folder();
    let (one, two) = (Person::new(), Person::new());
    let id = KeyId::of(two.certificate().fingerprint());
    let change = import(&keyring, &[one.public(), fake::signature_by(id, 7)].concat()).changes.remove(0);
    assert_eq!(change.news.certifications, 1);
    assert_eq!(read(&keyring).certificates().next().expect("one").claims().len(), 0);
    import(&keyring, &two.public());
    let keyring = read(&keyring);
    assert_eq!(keyring.by_fingerprint(one.certificate().fingerprint()).expect("there").claims().len(), 1);
}

#[test]
fn floods_leave_what_is_known_and_what_the_owner_signed() {
    let (_dir, keyring) = folder();
    let (one, two) = (Person::new(), Person::new());
    let known = KeyId::of(two.certificate().fingerprint());
    import(&keyring, &two.public());
    import(&keyring, &[one.public(), fake::strangers_signature(1), fake::signature_by(known, 1)].concat());
    let revoked = one.clone().revoked(None, days_ago(1)).public();
    let flood = |count: u64, make: &dyn Fn(u64) -> Vec<u8>| {
        let mut bytes = revoked.clone();
        (10..count + 10).for_each(|number| bytes.extend(make(number)));
        bytes
    };
    // 150,000 by strangers; then so many that claim to be by somebody whom we know.
    let import_flood = |bytes: &[u8]| {
        let import = import(&keyring, bytes);
        let codes: Vec<_> = import.set_aside.iter().map(|reason| (reason.code, reason.answer)).collect();
        (import.changes.into_iter().map(|change| change.news).collect::<Vec<_>>(), codes)
    };
    let note = (Code::LimitCertificate, Answer::Note);
    let (news, codes) = import_flood(&flood(150_000, &fake::strangers_signature));
    assert_eq!((news.len(), news[0].revocations, news[0].certifications, codes), (1, 1, 0, vec![note]));
    let (news, codes) = import_flood(&flood(150_000, &|number| fake::signature_by(known, number)));
    assert_eq!((news.len(), codes), (0, vec![note]), "the revocation is known by now");
    // Nothing of before is lost.
    let file = fs::read(keyring.path().join(format!("{}.asc", one.certificate().fingerprint()))).expect("read");
    let held = for_others(&[keyring.path().to_owned()], &[one.certificate().fingerprint().clone()], &Limits::default());
    assert_eq!(held.expect("readable")[0].claims().len(), 2);
    assert_eq!(
        read(&keyring).by_fingerprint(one.certificate().fingerprint()).expect("there").standing(&TIMES),
        Standing::Revoked
    );
    // What claims to be by the owner, beyond all measure: that copy alone is set aside, and said so.
    let own = KeyId::of(one.certificate().fingerprint());
    let (news, codes) = import_flood(&flood(60_000, &|number| fake::signature_by(own, number)));
    assert_eq!((news.len(), codes), (0, vec![(Code::LimitCertificate, Answer::SetAside)]));
    assert_eq!(fs::read(keyring.path().join(format!("{}.asc", one.certificate().fingerprint()))).expect("read"), file);
}

#[test]
fn damage_and_secrets_stop_and_nothing_is_written() {
    let (_dir, keyring) = folder();
    let (one, two) = (Person::new(), Person::new());
    let whole = one.public();
    let code = |bytes: &[u8]| match try_import(&keyring, bytes) {
        Err(ImportError::Keyring(error)) => error.code(),
        other => panic!("{other:?}"),
    };
    assert_eq!(code(&[&two.public()[..], &whole[..whole.len() - 3]].concat()), Code::KeyringDamaged);
    assert_eq!(code(&[&two.public()[..], &one.secret()].concat()), Code::KeyringSecretKey);
    assert_eq!(code(b"no keyring"), Code::KeyringNotOpenpgp);
    assert_eq!(code(b""), Code::KeyringEmpty);
    assert!(!keyring.path().exists());
    // A damaged keyring may have lost a revocation: it is not written over.
    import(&keyring, &whole);
    let path = keyring.path().join(format!("{}.asc", one.certificate().fingerprint()));
    fs::write(&path, "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nxxxx").expect("written");
    assert_eq!(code(&two.public()), Code::KeyringDamaged);
    assert_eq!(names(&keyring).len(), 2);
}

/// An empty keyring that nobody named would stop every verdict.
#[test]
fn an_import_that_brings_nothing_makes_no_keyring() {
    let (_dir, keyring) = folder();
    let refused = try_import(&keyring, b"rubbish").expect_err("not OpenPGP data");
    assert!(matches!(refused, ImportError::Keyring(ref error) if error.code() == Code::KeyringNotOpenpgp), "{refused}");
    let mut three = Person::new().public();
    three[2] = 3;
    let set_aside: Vec<_> = import(&keyring, &three).set_aside.iter().map(|reason| reason.code).collect();
    assert_eq!(set_aside, [Code::CertificateInvalid]);
    assert!(!keyring.path().exists());
    import(&keyring, &Person::new().public());
    assert_eq!(names(&keyring).len(), 2);
}

#[test]
fn two_who_import_at_once_lose_nothing() {
    let (_dir, keyring) = folder();
    let person = Person::new();
    thread::scope(|scope| {
        for writer in 0..4_u64 {
            let (path, person) = (keyring.path().to_owned(), &person);
            scope.spawn(move || {
                let keyring = LocalKeyring::at(&path);
                for round in 0..10 {
                    let certified = [person.public(), fake::strangers_signature(writer << 8 | round)].concat();
                    assert_eq!(import(&keyring, &certified).changes.len(), 1);
                }
            });
        }
    });
    let held =
        for_others(&[keyring.path().to_owned()], &[person.certificate().fingerprint().clone()], &Limits::default());
    assert_eq!(held.expect("readable")[0].claims().len(), 40);
}

#[test]
fn a_keyring_grows_old() {
    let (_dir, keyring) = folder();
    import(&keyring, &Person::new().public());
    let later = |days: u64| NOW.plus(std::time::Duration::from_secs(days * 24 * 60 * 60));
    assert_eq!(old(keyring.path(), later(90)).expect("readable"), None);
    let reason = old(keyring.path(), later(91)).expect("readable").expect("a note");
    assert_eq!((reason.code, reason.answer), (Code::KeyringOld, Answer::Note));
    assert_eq!(old(&keyring.path().join("none"), later(91)).expect("readable"), None);
}
