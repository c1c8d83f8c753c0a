//! Checks what gpg made of a wish to certify, before any of it is kept: exactly the wanted certifications, and nothing else.
//!
//! The rules are those by which certifications count; gpg's own word that all went well is not asked.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use thiserror::Error;

use super::super::certificate::{Certificate, CertificateError};
use super::super::split::{self, RawCertificate};
use super::{Claim, Kind, Party, Unusable, check, verifies};
use crate::grant::{Amount, Depth, Grant};
use crate::limits::Limits;
use crate::shown::Shown;
use crate::time::{Times, Timestamp};

/// What gpg was asked for.
#[derive(Debug, Clone)]
#[expect(clippy::exhaustive_structs, reason = "whoever checks must say all of it")]
pub struct Wish<'a> {
    /// Who certifies.
    pub issuer: &'a Certificate,
    /// The user IDs, exactly as they are written, and no others.
    pub user_ids: &'a [String],
    /// What is said of them; none where what was said is taken back.
    pub word: Option<&'a Wanted>,
    /// When gpg was asked.
    pub since: Timestamp,
}

/// The facts of a wanted certification.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "whoever checks must say all of it")]
pub struct Wanted {
    /// How much trust it passes on.
    pub amount: Amount,
    /// How many more hops it reaches.
    pub depth: Depth,
    /// Roles and scopes.
    pub grant: Grant,
    /// In how many seconds it ends, if ever.
    pub seconds: Option<u32>,
    /// Whether it is meant for others than its maker.
    pub exportable: bool,
}

/// Checks that `made` is the certificate `before` with exactly what was wished for.
///
/// # Errors
/// Anything that is missing, more, or other than it was wished.
pub fn accept(
    before: &Certificate,
    made: &[u8],
    wish: &Wish<'_>,
    times: &Times,
    limits: &Limits,
) -> Result<(), MadeFault> {
    let pieces = split::pieces(made).map_err(CertificateError::from)?;
    let after = RawCertificate::only(&pieces)?;
    if after.fingerprint() != before.fingerprint() {
        return Err(MadeFault::Other);
    }
    let mut added: BTreeMap<&[u8], Vec<&[u8]>> = BTreeMap::new();
    {
        let known = before.raw()?;
        let direct: HashSet<_> = known.direct().iter().copied().collect();
        if after.direct().iter().any(|signature| !direct.contains(signature)) {
            return Err(MadeFault::More);
        }
        let mut there: BTreeMap<(bool, &[u8]), HashSet<&[u8]>> = BTreeMap::new();
        for (is_user_id, body, signatures) in known.components() {
            there.entry((is_user_id, body)).or_default().extend(signatures);
        }
        for (is_user_id, body, signatures) in after.components() {
            let known = there.get(&(is_user_id, body)).ok_or(MadeFault::More)?;
            let new: Vec<_> = signatures.iter().copied().filter(|signature| !known.contains(signature)).collect();
            let named = wish.user_ids.iter().any(|user_id| user_id.as_bytes() == body) && is_user_id;
            if !new.is_empty() && !named {
                return Err(MadeFault::More);
            }
            added.entry(body).or_default().extend(new);
        }
    }
    let (issuer, target) = (Party::new(wish.issuer, times), Party::new(before, times));
    for user_id in wish.user_ids {
        let new = added.get(user_id.as_bytes()).map(|new| &new[..]).unwrap_or_default();
        let missing = || MadeFault::Missing(Shown::new(user_id).to_string());
        match (new, wish.word) {
            ([], _) => return Err(missing()),
            ([_, _, ..], Some(_)) => return Err(MadeFault::More),
            _ => {}
        }
        for body in new {
            let text: Arc<str> = user_id.as_str().into();
            let claim = Claim::read(body, &text, before.keys()[0].id).ok_or(MadeFault::More)?;
            match wish.word {
                Some(wanted) => wanted.compare(&claim, wish.since, &issuer, &target, times)?,
                None => revokes(&claim, wish.since, &issuer, &target, times)?,
            }
        }
    }
    // A limit that is passed now would void the certificate later.
    after.minimise(&HashSet::from([wish.issuer.keys()[0].id]), limits)?;
    Ok(())
}

impl Wanted {
    fn compare(
        &self,
        claim: &Claim,
        since: Timestamp,
        issuer: &Party<'_>,
        target: &Party<'_>,
        times: &Times,
    ) -> Result<(), MadeFault> {
        if claim.kind() != Kind::Certification {
            return Err(MadeFault::Differs("it takes something back"));
        }
        let made = check(claim, issuer, target, true, times)?;
        let ends = self.seconds.map(|seconds| made.created().plus(std::time::Duration::from_secs(seconds.into())));
        let facts = [
            (made.created() >= since, "its date is older than the wish"),
            (made.amount() == self.amount, "the amount"),
            (made.depth() == self.depth, "the depth"),
            (made.regexes().is_empty(), "it has a domain"),
            (*made.grant() == self.grant, "the roles or scopes"),
            (made.expires() == ends, "the day on which it ends"),
            (made.is_exportable() == self.exportable, "whether it is for others"),
            (made.hash() == "SHA512", "the hash"),
        ];
        facts.into_iter().find(|(same, _)| !same).map_or(Ok(()), |(_, what)| Err(MadeFault::Differs(what)))
    }
}

fn revokes(
    claim: &Claim,
    since: Timestamp,
    issuer: &Party<'_>,
    target: &Party<'_>,
    times: &Times,
) -> Result<(), MadeFault> {
    if claim.kind() != Kind::Revocation {
        return Err(MadeFault::Differs("it takes nothing back"));
    }
    if !claim.names(issuer) {
        return Err(MadeFault::More);
    }
    if claim.created().is_none_or(|created| created < since || created > times.at) {
        return Err(MadeFault::Differs("its date"));
    }
    if verifies(claim, issuer, target) { Ok(()) } else { Err(Unusable::Bad.into()) }
}

/// Why what gpg made is not kept.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MadeFault {
    /// Not a certificate.
    #[error("it is not the certificate")]
    Certificate(#[from] CertificateError),
    /// Another certificate.
    #[error("it is another certificate")]
    Other,
    /// Something that nobody asked for.
    #[error("it has something that was not asked for")]
    More,
    /// Nothing where something was wanted.
    #[error("there is nothing new on the user ID \"{0}\"; gpg did nothing")]
    Missing(String),
    /// It would not count.
    #[error("it would not count [{}]", .0.code())]
    Unusable(#[from] Unusable),
    /// A fact is another one.
    #[error("it is not what was wanted: {0}")]
    Differs(&'static str),
}
