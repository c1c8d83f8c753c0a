//! Releases with real signatures, for the tests of the judgement.

use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::limits::Limits;
use crate::openpgp::open::{NothingSeen, OpenedStatement, SignedStatement};
use crate::openpgp::testing::{NOW, Person, TIMES};
use crate::statement::Manifest;
use crate::statement::manifest::Draft;

/// A release of `pkg:generic/a`, its tree named by `tree`, opened with the certificates of those who signed it.
pub(crate) fn release(
    version: &str,
    tree: &str,
    authors: &[&Person],
    previous: &[Digest],
    signers: &[&Person],
) -> OpenedStatement<Manifest> {
    release_of(version, Digest::of(tree.as_bytes()), authors, previous, signers)
}

/// The same of a tree of one file with one byte.
pub(crate) fn release_of(
    version: &str,
    tree: Digest,
    authors: &[&Person],
    previous: &[Digest],
    signers: &[&Person],
) -> OpenedStatement<Manifest> {
    let draft = Draft {
        package: format!("pkg:generic/a@{version}").parse().expect("a purl"),
        released: NOW,
        authors: authors.iter().map(|author| name(author)).collect(),
        previous: previous.to_vec(),
        tree,
        files: 1,
        bytes: 1,
        source: None,
    };
    let manifest = Manifest::new(draft).expect("a manifest");
    let text = manifest.text().as_bytes();
    let mut signed = SignedStatement::new(text.to_vec());
    for signer in signers {
        signed.add_signature("m.asc".to_owned(), signer.sign_text(text));
    }
    let certificates: Vec<_> = signers.iter().map(|signer| signer.certificate()).collect();
    signed.open(|_| certificates.iter().collect(), &NothingSeen, TIMES, &Limits::default()).expect("opened")
}

/// A person's fingerprint.
pub(crate) fn name(person: &Person) -> Fingerprint {
    person.certificate().fingerprint().clone()
}
