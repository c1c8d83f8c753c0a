//! First sight: of statements that were brought in, which good signatures by local certificates are here from now on.
//!
//! A certificate may expire or retire later. What was seen before that day was not made after it, whatever date it carries.

use std::collections::BTreeSet;

use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::keyring::Keyring;
use crate::limits::Limits;
use crate::openpgp::open::{NothingSeen, SignedStatement};
use crate::package::Purl;
use crate::state::{StateError, UserState};
use crate::statement::{Check, Kind, Manifest, Review, Statement, Withdrawal};
use crate::store::{FoundStatement, Store, Survey};
use crate::time::{Times, Timestamp};

/// The good signatures by certificates of `keyring` on the statements of a store that `survey` tells of.
pub fn sights(
    store: &Store,
    survey: &Survey,
    keyring: &Keyring,
    now: Timestamp,
    limits: &Limits,
) -> BTreeSet<(Digest, Fingerprint)> {
    let known = |signer: &&Fingerprint| keyring.by_fingerprint(signer).is_some();
    let voices: BTreeSet<Fingerprint> =
        survey.statements.iter().flat_map(|entry| &entry.signers).filter(known).cloned().collect();
    let spoken = survey.statements.iter().filter(|entry| entry.signers.iter().any(|signer| voices.contains(signer)));
    let packages: BTreeSet<Purl> =
        spoken.filter_map(|entry| Some(entry.opening.as_ref()?.package.identity())).collect();
    let brought: BTreeSet<Digest> = survey.statements.iter().map(|entry| entry.digest).collect();
    let mut sights = BTreeSet::new();
    for package in packages {
        let evidence = store.evidence(&package, Some(&voices));
        for found in evidence.statements.iter().filter(|found| brought.contains(&found.digest)) {
            let signers = match found.opening.as_ref().map(|opening| opening.kind) {
                Some(Kind::Manifest) => good::<Manifest>(found, keyring, now, limits),
                Some(Kind::Review) => good::<Review>(found, keyring, now, limits),
                Some(Kind::Check) => good::<Check>(found, keyring, now, limits),
                Some(Kind::Withdrawal) => good::<Withdrawal>(found, keyring, now, limits),
                _ => Vec::new(),
            };
            sights.extend(signers.into_iter().map(|signer| (found.digest, signer)));
        }
    }
    sights
}

/// Writes them down, with the moment. Where there are none, nothing is written.
///
/// # Errors
/// The state cannot be read or written; then it is as it was.
pub fn remember_sights(
    state: &UserState,
    sights: &BTreeSet<(Digest, Fingerprint)>,
    now: Timestamp,
) -> Result<(), StateError> {
    if sights.is_empty() { Ok(()) } else { super::see(state, sights, now) }
}

fn good<S: Statement>(found: &FoundStatement, keyring: &Keyring, now: Timestamp, limits: &Limits) -> Vec<Fingerprint> {
    let mut signed = SignedStatement::new(found.bytes.clone());
    let local = found.signatures.iter().filter(|signature| keyring.by_fingerprint(&signature.signer).is_some());
    local.for_each(|signature| signed.add_signature(signature.name.clone(), signature.bytes.clone()));
    let opened = signed.open::<S>(|file| keyring.candidates(file), &NothingSeen, Times { at: now, now }, limits);
    opened.map(|opened| opened.signers().cloned().collect()).unwrap_or_default()
}
