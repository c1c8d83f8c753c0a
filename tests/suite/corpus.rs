//! The fuzzers' corpora, run once each on the compiler at hand: nothing panics, and the promises of each target hold.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use countersign::archive;
use countersign::ecosystem::julia;
use countersign::keyring::Keyring;
use countersign::limits::Limits;
use countersign::lock::Lock;
use countersign::openpgp::SignatureFile;
use countersign::openpgp::split::{self, Others};
use countersign::policy::PolicyFile;
use countersign::statement::{Check, Manifest, Opening, Review, Withdrawal};
use countersign::tree_text::TreeText;

fn replay(target: &str, run: impl Fn(&[u8]) -> bool) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let (mut count, mut parsed) = (0, 0);
    for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("an entry").path();
        count += 1;
        parsed += usize::from(run(&fs::read(&path).expect("a readable file")));
    }
    assert!(count >= 10 && parsed >= 1, "the corpus of {target} is too small: {count} files, {parsed} of them parse");
    assert!(parsed < count, "the corpus of {target} has nothing that is refused");
}

#[test]
fn tree_texts_print_as_they_were() {
    replay("tree_text", |bytes| {
        let text = TreeText::parse(bytes, &Limits::default());
        text.inspect(|text| assert_eq!(text.to_string().as_bytes(), bytes)).is_ok()
    });
}

#[test]
fn archives_give_good_tree_texts() {
    replay("archive", |bytes| {
        let limits = Limits::default();
        let Ok(tree) = archive::read(bytes, None, "a-1.0.0", &limits) else { return false };
        assert_eq!(TreeText::parse(tree.to_string().as_bytes(), &limits), Ok(tree));
        true
    });
}

#[test]
fn manifests_of_julia_have_each_package_once_with_all_that_it_needs() {
    replay("julia_manifest", |bytes| {
        let table = str::from_utf8(bytes).ok().and_then(|text| text.parse().ok());
        let Some(Ok(manifest)) = table.map(julia::manifest::Manifest::read) else { return false };
        let uuids: BTreeSet<_> = manifest.entries.iter().map(|entry| entry.uuid).collect();
        assert_eq!(uuids.len(), manifest.entries.len());
        assert!(manifest.entries.iter().all(|entry| entry.needs.is_subset(&uuids)));
        true
    });
}

#[test]
fn manifests_print_as_they_were() {
    replay("manifest", |bytes| {
        let limits = Limits::default();
        let opening = Opening::read(bytes, &limits);
        let Ok(manifest) = Manifest::parse(bytes, &limits) else { return false };
        assert_eq!(manifest.text().as_bytes(), bytes);
        assert_eq!(opening.expect("opening lines").package, *manifest.package());
        true
    });
}

#[test]
fn reviews_print_as_they_were() {
    replay("review", |bytes| {
        let limits = Limits::default();
        let opening = Opening::read(bytes, &limits);
        let Ok(read) = Review::parse(bytes, &limits) else { return false };
        assert_eq!(read.text().as_bytes(), bytes);
        assert_eq!(opening.expect("opening lines").package, *read.package());
        true
    });
}

#[test]
fn checks_print_as_they_were() {
    replay("check", |bytes| {
        let limits = Limits::default();
        let opening = Opening::read(bytes, &limits);
        let Ok(read) = Check::parse(bytes, &limits) else { return false };
        assert_eq!(read.text().as_bytes(), bytes);
        assert_eq!(opening.expect("opening lines").package, *read.package());
        true
    });
}

#[test]
fn withdrawals_print_as_they_were() {
    replay("withdrawal", |bytes| {
        let limits = Limits::default();
        let opening = Opening::read(bytes, &limits);
        let Ok(read) = Withdrawal::parse(bytes, &limits) else { return false };
        assert_eq!(read.text().as_bytes(), bytes);
        assert_eq!(opening.expect("opening lines").package, *read.package());
        true
    });
}

#[test]
fn signatures_are_the_same_in_our_armour() {
    replay("signature_file", |bytes| {
        let limits = Limits::default();
        let Ok(signature) = SignatureFile::parse(bytes, &limits) else { return false };
        let again = SignatureFile::parse(signature.armored().as_bytes(), &limits).expect("what we armour, we read");
        assert_eq!(again.armored(), signature.armored());
        true
    });
}

#[test]
fn policies_are_good_or_told_what_is_wrong() {
    replay("policy", |bytes| match PolicyFile::read(bytes, &Limits::default()).and_then(|file| file.check(None)) {
        Ok(policy) => {
            policy.rules().iter().for_each(|rule| assert!(!rule.sentences().is_empty()));
            true
        }
        Err(faults) => {
            assert!(!faults.is_empty());
            false
        }
    });
}

#[test]
fn locks_print_as_they_were() {
    replay("lock", |bytes| {
        let lock = Lock::parse(bytes, &Limits::default());
        lock.inspect(|lock| assert_eq!(lock.text().as_bytes(), bytes)).is_ok()
    });
}

#[test]
fn certificates_are_the_same_in_our_armour() {
    replay("keyring", |bytes| {
        let limits = Limits::default();
        drop(Keyring::default().with_evidence([("corpus", bytes)], &limits));
        let Ok(pieces) = split::pieces(bytes) else { return false };
        let mut read = 0;
        for piece in &pieces {
            let Ok((found, _)) = split::certificates(piece) else { return false };
            for certificate in found.into_iter().filter_map(|raw| raw.keep(Others::All, &limits).ok()) {
                drop(certificate.claims());
                let armored = certificate.armored();
                let again = split::pieces(armored.as_bytes()).expect("what we armour, we read");
                let (again, _) = split::certificates(&again[0]).expect("what we write, we read");
                let again = again.into_iter().next().expect("one").keep(Others::All, &limits).expect("within limits");
                assert_eq!((again.fingerprint(), again.bytes()), (certificate.fingerprint(), certificate.bytes()));
                read += 1;
            }
        }
        read > 0
    });
}
