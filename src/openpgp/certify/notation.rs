//! Our two critical notations on certifications, and what else may be critical there.
//!
//! They have a meaning on third-party certifications alone; everywhere else, and for every other program, a critical
//! notation of these names makes the signature void, which is the safe failure.

use sequoia_openpgp::packet::Signature;
use sequoia_openpgp::packet::signature::subpacket::{NotationData, Subpacket, SubpacketTag, SubpacketValue};

use super::super::signature::named;
use super::Unusable;
use crate::grant::Grant;
use crate::shown::Shown;

/// The notation whose value is a role: `author`, `reviewer` or `checker`. One notation for each role.
pub const ROLE: &str = "role@countersign.dev";
/// The notation whose value is a pattern over packages. One notation for each pattern.
pub const SCOPE: &str = "scope@countersign.dev";

/// The roles and scopes that a certification carries.
///
/// Only what is signed counts (the hashed area). Something critical that has no meaning makes the whole void, wherever
/// it stands.
pub(super) fn read(signature: &Signature) -> Result<Grant, Unusable> {
    let mut grant = Grant::default();
    for subpacket in signature.hashed_area().iter() {
        match subpacket.value() {
            SubpacketValue::NotationData(notation) if notation.name() == ROLE => {
                let role = text(notation, ROLE, subpacket)?;
                grant.roles.insert(role.parse().map_err(|_| Unusable::Role(Shown::new(role).to_string()))?);
            }
            SubpacketValue::NotationData(notation) if notation.name() == SCOPE => {
                let scope = text(notation, SCOPE, subpacket)?;
                grant.scopes.insert(scope.parse().map_err(|_| Unusable::Scope(Shown::new(scope).to_string()))?);
            }
            _ if subpacket.critical() && !has_meaning(subpacket) => {
                return Err(Unusable::CriticalUnknown(named(subpacket)));
            }
            _ => {}
        }
    }
    match signature.unhashed_area().iter().find(|subpacket| subpacket.critical() && !has_meaning(subpacket)) {
        Some(subpacket) => Err(Unusable::CriticalUnknown(named(subpacket))),
        None => Ok(grant),
    }
}

/// The text of one of our notations, which must be critical: others would take what limits for an ornament.
fn text<'a>(notation: &'a NotationData, name: &'static str, subpacket: &Subpacket) -> Result<&'a str, Unusable> {
    if !subpacket.critical() {
        return Err(Unusable::GrantNotCritical(name));
    }
    str::from_utf8(notation.value()).map_err(|_| {
        let shown = Shown::new(notation.value()).to_string();
        if name == ROLE { Unusable::Role(shown) } else { Unusable::Scope(shown) }
    })
}

/// Whether a critical subpacket has a meaning on a certification that we heed.
fn has_meaning(subpacket: &Subpacket) -> bool {
    matches!(
        subpacket.tag(),
        SubpacketTag::SignatureCreationTime
            | SubpacketTag::SignatureExpirationTime
            | SubpacketTag::ExportableCertification
            | SubpacketTag::TrustSignature
            | SubpacketTag::RegularExpression
            | SubpacketTag::Revocable
            | SubpacketTag::Issuer
            | SubpacketTag::IssuerFingerprint
            | SubpacketTag::SignersUserID
            | SubpacketTag::PolicyURI
    ) && !matches!(subpacket.value(), SubpacketValue::Unknown { .. })
}
