//! Of all that one issuer said about one user ID of one certificate: what counts.
//!
//! The newest valid certification overrides the older ones, also with less; several of the same second all count. A
//! revocation by the issuer, made no earlier and not after the time asked about, takes it back.

use std::cmp::Reverse;

use super::{Certification, Claim, Kind, Party, Unusable, check_by, verifies};
use crate::time::{Times, Timestamp};

/// What counts of one issuer's word, and what does not and why.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Newest {
    /// The newest valid certification; several if they have the same time; none if nothing is valid.
    pub valid: Vec<Certification>,
    /// What was tried and does not count: the claim's place among those that were handed in, and the cause.
    pub unusable: Vec<(usize, Unusable)>,
}

/// Finds what counts among the claims of one issuer about one user ID of one certificate.
///
/// The claims must all speak of the same user ID of `target`. Signatures are verified from the newest to the oldest, and
/// only as far as is needed; whatever names another issuer is found unusable by [`super::check`].
pub fn newest(claims: &[&Claim], issuer: &Party<'_>, target: &Party<'_>, local: bool, times: &Times) -> Newest {
    newest_by(claims, issuer, target, local, times, &|place| verifies(claims[place], issuer, target))
}

/// The same, where `holds` says whether the signature of the claim at a place verifies: whoever calls this answers for it.
pub(crate) fn newest_by(
    claims: &[&Claim],
    issuer: &Party<'_>,
    target: &Party<'_>,
    local: bool,
    times: &Times,
    holds: &dyn Fn(usize) -> bool,
) -> Newest {
    let mut order: Vec<_> = (0..claims.len()).filter(|n| claims[*n].kind() == Kind::Certification).collect();
    order.sort_by_key(|n| (Reverse(claims[*n].created()), *n));
    let mut newest = Newest::default();
    let mut revoked = None;
    for place in order {
        let claim = claims[place];
        if newest.valid.first().is_some_and(|valid| claim.created() != Some(valid.created())) {
            break;
        }
        match check_by(claim, issuer, target, local, times, || holds(place)) {
            Err(cause) => newest.unusable.push((place, cause)),
            Ok(certification) => {
                let revoked = *revoked.get_or_insert_with(|| last_revocation(claims, issuer, times, holds));
                match revoked.filter(|revoked| *revoked >= certification.created()) {
                    Some(revoked) => newest.unusable.push((place, Unusable::Revoked(revoked))),
                    None => newest.valid.push(certification),
                }
            }
        }
    }
    newest
}

/// When the issuer last took back what it had said, up to the time asked about.
///
/// Its hash may be weak and its critical parts unknown: to doubt a revocation would be to trust what was taken back.
fn last_revocation(
    claims: &[&Claim],
    issuer: &Party<'_>,
    times: &Times,
    holds: &dyn Fn(usize) -> bool,
) -> Option<Timestamp> {
    let mut made: Vec<_> = (0..claims.len())
        .filter(|place| claims[*place].kind() == Kind::Revocation && claims[*place].names(issuer))
        .filter_map(|place| Some((claims[place].created().filter(|created| *created <= times.at)?, place)))
        .collect();
    made.sort_by_key(|(created, _)| Reverse(*created));
    made.into_iter().find(|(_, place)| holds(*place)).map(|(created, _)| created)
}
