//! The same certificates with less in them, to ask sequoia-wot again: what a difference rests on goes away with it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use sequoia_openpgp::cert::amalgamation::ValidAmalgamation as _;
use sequoia_openpgp::packet::{Signature, UserID};
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::types::{RevocationStatus, SignatureType};
use sequoia_openpgp::{Cert, Fingerprint, KeyHandle, Packet};

/// Without the user IDs that their owners took back, and so without all that was said about those.
pub fn without_what_was_taken_back(certificates: &[Cert], time: SystemTime) -> Vec<Cert> {
    let policy = StandardPolicy::new();
    let taken_back = |certificate: &Cert| -> BTreeSet<UserID> {
        let Ok(valid) = certificate.with_policy(&policy, time) else { return BTreeSet::new() };
        let revoked = valid.userids().filter(|one| matches!(one.revocation_status(), RevocationStatus::Revoked(_)));
        revoked.map(|one| one.userid().clone()).collect()
    };
    let kept = |certificate: &Cert| {
        let gone = taken_back(certificate);
        certificate.clone().retain_userids(|one| !gone.contains(one.userid()))
    };
    certificates.iter().map(kept).collect()
}

/// With no more than one user ID of each certificate but the target certified by each issuer: the first, the second or the
/// third one, as `place` counts from 0; the last one where there are fewer.
pub fn with_one_word_each(certificates: &[Cert], target: &Fingerprint, place: usize) -> Vec<Cert> {
    let kept = |certificate: &Cert| match certificate.fingerprint() == *target {
        true => certificate.clone(),
        false => one_word_each(certificate, place),
    };
    certificates.iter().map(kept).collect()
}

fn one_word_each(certificate: &Cert, place: usize) -> Cert {
    let own: KeyHandle = certificate.fingerprint().into();
    let mut words: BTreeMap<String, BTreeSet<UserID>> = BTreeMap::new();
    each(certificate, |user_id, signature| {
        if let Some(issuer) = third(signature, &own) {
            words.entry(issuer).or_default().insert(user_id.clone());
        }
        true
    });
    let kept = each(certificate, |user_id, signature| {
        let words = third(signature, &own).and_then(|issuer| words.get(&issuer));
        words.is_none_or(|words| words.iter().nth(place.min(words.len() - 1)) == Some(user_id))
    });
    Cert::from_packets(kept.into_iter()).expect("a certificate with fewer packets")
}

/// The packets of a certificate, without the signatures on user IDs for which `keep` says no.
fn each(certificate: &Cert, mut keep: impl FnMut(&UserID, &Signature) -> bool) -> Vec<Packet> {
    let mut now: Option<UserID> = None;
    let packets = certificate.clone().into_packets();
    packets
        .filter(|packet| match packet {
            Packet::Signature(signature) => now.as_ref().is_none_or(|user_id| keep(user_id, signature)),
            Packet::UserID(user_id) => {
                now = Some(user_id.clone());
                true
            }
            _ => {
                now = None;
                true
            }
        })
        .collect()
}

/// Who else made a certification; none for the owner's own signatures and for all that is none.
fn third(signature: &Signature, own: &KeyHandle) -> Option<String> {
    let certifies = matches!(
        signature.typ(),
        SignatureType::GenericCertification
            | SignatureType::PersonaCertification
            | SignatureType::CasualCertification
            | SignatureType::PositiveCertification
    );
    let issuer = signature.get_issuers().into_iter().next()?;
    (certifies && !issuer.aliases(own)).then(|| issuer.to_string())
}
