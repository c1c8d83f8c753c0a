//! Certifications: one certificate says that another one belongs to a user ID, and perhaps relies on it further.
//!
//! What a signature says is a [`Claim`], which costs little; that it holds is shown only by [`check`], which makes a
//! [`Certification`]. Certifications are good by the issuer's primary key alone. Persona, casual and positive ones
//! count the same, third-party signatures on keys (0x1F) are not read, and nothing here says that the issuer is trusted.

use std::sync::Arc;
use std::time::SystemTime;

use sequoia_openpgp::packet::UserID;
use sequoia_openpgp::policy::HashAlgoSecurity;

use super::certificate::Certificate;
use super::policy;
use super::standing::Standing;
use crate::fingerprint::Fingerprint;
use crate::grant::{Amount, Depth, Grant};
use crate::time::{Times, Timestamp};

mod claim;
pub mod made;
mod newest;
pub mod notation;
mod party;
mod plain;
mod regexes;
mod unusable;

pub use claim::{Claim, Kind};
pub(crate) use newest::newest_by;
pub use newest::{Newest, newest};
pub use party::Party;
pub use plain::{PlainCause, PlainClaim};
pub use regexes::Regexes;
pub use unusable::Unusable;

/// Evidence that an issuer really certified a user ID of a certificate, and that this is valid at the time asked about.
///
/// Only [`check`] makes one, or the network where it remembers what `check` was shown. It does not say that the issuer is
/// trusted.
///
/// ```compile_fail
/// fn forged(issuer: countersign::fingerprint::Fingerprint) -> countersign::openpgp::certify::Certification {
///     countersign::openpgp::certify::Certification { issuer, ..todo!() }
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Certification {
    issuer: Fingerprint,
    certificate: Fingerprint,
    user_id: Arc<str>,
    created: Timestamp,
    expires: Option<Timestamp>,
    amount: Amount,
    depth: Depth,
    regexes: Arc<Regexes>,
    grant: Arc<Grant>,
    exportable: bool,
    hash: String,
    issuer_retired: bool,
}

impl Certification {
    /// Who certified.
    pub fn issuer(&self) -> &Fingerprint {
        &self.issuer
    }

    /// Who was certified.
    pub fn certificate(&self) -> &Fingerprint {
        &self.certificate
    }

    /// Under which user ID.
    pub fn user_id(&self) -> &str {
        &self.user_id
    }

    /// When it says it was made. A claim.
    pub fn created(&self) -> Timestamp {
        self.created
    }

    /// When it ends, if ever.
    pub fn expires(&self) -> Option<Timestamp> {
        self.expires
    }

    /// How much trust it passes on; 0 overrides older ones with "none".
    pub fn amount(&self) -> Amount {
        self.amount
    }

    /// How many more hops it reaches.
    pub fn depth(&self) -> Depth {
        self.depth
    }

    /// Which targets it lets through, if it delegates.
    pub fn regexes(&self) -> &Regexes {
        &self.regexes
    }

    /// The roles and scopes in its critical notations.
    pub fn grant(&self) -> &Grant {
        &self.grant
    }

    /// Whether it is meant for others than its maker.
    pub fn is_exportable(&self) -> bool {
        self.exportable
    }

    /// The name of its hash.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Whether its issuer has expired or retired since, so that the date in it may be a lie.
    pub fn is_by_retired(&self) -> bool {
        self.issuer_retired
    }
}

/// Checks one certification: is it really by this issuer, of this target, and valid at the time asked about?
///
/// `local` says whether the target's certificate lies in the user's own keyring, where certifications that are not
/// meant for others count too. That no later revocation by the issuer takes it back is left to [`newest`].
///
/// # Errors
/// The first cause for which it does not count; the signature itself is verified last.
pub fn check(
    claim: &Claim,
    issuer: &Party<'_>,
    target: &Party<'_>,
    local: bool,
    times: &Times,
) -> Result<Certification, Unusable> {
    check_by(claim, issuer, target, local, times, || verifies(claim, issuer, target))
}

/// Whether a certification would count if its signature held, which is not asked. It is evidence of nothing.
pub(crate) fn may_count(claim: &Claim, issuer: &Party<'_>, target: &Party<'_>, local: bool, times: &Times) -> bool {
    claim.kind() == Kind::Certification && all_but_signature(claim, issuer, target, local, times).is_ok()
}

/// The same as [`check`], where `holds` says whether the signature verifies; it is asked last.
fn check_by(
    claim: &Claim,
    issuer: &Party<'_>,
    target: &Party<'_>,
    local: bool,
    times: &Times,
    holds: impl FnOnce() -> bool,
) -> Result<Certification, Unusable> {
    let created = all_but_signature(claim, issuer, target, local, times)?;
    if !holds() {
        return Err(Unusable::Bad);
    }
    Ok(Certification {
        issuer: issuer.keys()[0].fingerprint.clone(),
        certificate: target.keys()[0].fingerprint.clone(),
        user_id: claim.user_id().clone(),
        created,
        expires: claim.expires(),
        amount: claim.amount(),
        depth: claim.depth(),
        regexes: claim.regexes().clone(),
        grant: claim.grant().clone(),
        exportable: claim.is_exportable(),
        hash: claim.hash(),
        issuer_retired: issuer.is_gone_at(times.at),
    })
}

/// All rules but the last one. Gives when the claim says it was made.
fn all_but_signature(
    claim: &Claim,
    issuer: &Party<'_>,
    target: &Party<'_>,
    local: bool,
    times: &Times,
) -> Result<Timestamp, Unusable> {
    // 1. What it says of itself.
    if let Some(fault) = claim.fault() {
        return Err(fault.clone());
    }
    let created = claim.created().ok_or(Unusable::NoTime)?;
    if is_weak(claim, times) {
        return Err(Unusable::WeakHash(claim.hash()));
    }
    if created > times.at {
        return Err(Unusable::NotYet(created));
    }
    if let Some(end) = claim.expires().filter(|end| *end <= times.at) {
        return Err(Unusable::Expired(end));
    }
    if !claim.is_exportable() && !local {
        return Err(Unusable::NotExportable);
    }
    // 2. By whom.
    if !claim.names(issuer) {
        let by_subkey = issuer.keys().iter().find(|key| claim.issuers().iter().any(|h| key.is_meant_by(h)));
        return Err(match by_subkey {
            Some(key) => {
                Unusable::BySubkey { key: key.fingerprint.clone(), primary: issuer.keys()[0].fingerprint.clone() }
            }
            None => Unusable::IssuerUnknown(claim.issuers().to_vec()),
        });
    }
    match issuer.standing() {
        Standing::Revoked => return Err(Unusable::IssuerRevoked),
        Standing::Invalid { why } => return Err(Unusable::IssuerInvalid { why: why.clone() }),
        Standing::Unsupported { algorithm } => return Err(Unusable::KeyUnsupported { algorithm: algorithm.clone() }),
        Standing::Valid { .. } | Standing::Expired { .. } | Standing::Retired { .. } => {}
    }
    if issuer.made().is_none_or(|made| created < made) {
        return Err(Unusable::IssuerNotYet);
    }
    if issuer.is_gone_at(created) {
        return Err(Unusable::IssuerDead { since: issuer.end() });
    }
    // 3. Of whom.
    match target.standing() {
        Standing::Revoked => return Err(Unusable::TargetRevoked),
        Standing::Invalid { why } => return Err(Unusable::TargetInvalid { why: why.clone() }),
        Standing::Unsupported { algorithm } => return Err(Unusable::KeyUnsupported { algorithm: algorithm.clone() }),
        Standing::Valid { .. } | Standing::Expired { .. } | Standing::Retired { .. } => {}
    }
    if target.is_gone_at(created) {
        return Err(Unusable::TargetDead { since: target.end() });
    }
    Ok(created)
}

/// Whether today's rules doubt that a hash resists collisions: whoever is certified chooses half of what is signed.
fn is_weak(claim: &Claim, times: &Times) -> bool {
    let policy = policy::standard(times);
    let cutoff = policy.hash_cutoff(claim.hash_algorithm(), HashAlgoSecurity::CollisionResistance);
    cutoff.is_some_and(|cutoff| cutoff <= SystemTime::from(times.now))
}

/// Whether the issuer's primary key made this certification or revocation over that user ID of the target. False where
/// a certificate or the signature is not at hand.
fn verifies(claim: &Claim, issuer: &Party<'_>, target: &Party<'_>) -> bool {
    let (Some(issuer), Some(target)) = (issuer.certificate(), target.certificate()) else { return false };
    is_by(claim, issuer, target)
}

/// The same, of certificates of which nothing else is asked.
pub(crate) fn is_by(claim: &Claim, issuer: &Certificate, target: &Certificate) -> bool {
    let (Ok(issuer), Ok(target), Some(signature)) = (issuer.any_cert(), target.any_cert(), claim.signature()) else {
        return false;
    };
    let (signer, primary) = (issuer.primary_key().key(), target.primary_key().key());
    let user_id = UserID::from(&**claim.user_id());
    let made = match claim.kind() {
        Kind::Certification => signature.verify_userid_binding(signer, primary, &user_id),
        Kind::Revocation => signature.verify_userid_revocation(signer, primary, &user_id),
    };
    made.is_ok()
}

#[cfg(test)]
mod tests;
