//! What a certificate is worth at a given time: valid, expired, retired, revoked, invalid, or not for this build to say.

use std::fmt;
use std::time::SystemTime;

use sequoia_openpgp::Cert;
use sequoia_openpgp::anyhow;
use sequoia_openpgp::packet::Signature;
use sequoia_openpgp::types::RevocationType;

use super::policy;
use crate::reason::Code;
use crate::shown::Shown;
use crate::time::{Times, Timestamp};

/// The standing of a certificate as a whole. Only [`Valid`](Self::Valid) lets its signatures count as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Standing {
    /// Alive and sound.
    Valid {
        /// When it will expire; never, if nothing is said.
        until: Option<Timestamp>,
    },
    /// Its validity had ended at the time asked about.
    Expired {
        /// When.
        since: Option<Timestamp>,
    },
    /// Revoked by its owner as superseded or no longer used: what it signed before may have been good.
    Retired {
        /// The date of the revocation.
        since: Option<Timestamp>,
    },
    /// Revoked by its owner as compromised, or without a reason: final, whatever the date on anything.
    Revoked,
    /// No valid self-signature by today's rules.
    Invalid {
        /// What is missing. Escaped.
        why: String,
    },
    /// This build's cryptography cannot check its signatures, not even the certificate's own.
    Unsupported {
        /// The algorithm and the key's size.
        algorithm: String,
    },
}

impl Standing {
    /// The code that a signature by such a certificate gets; none if the certificate is valid.
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::Valid { .. } => None,
            Self::Expired { .. } => Some(Code::SignerExpired),
            Self::Retired { .. } => Some(Code::SignerRetired),
            Self::Revoked => Some(Code::SignerRevoked),
            Self::Invalid { .. } => Some(Code::CertificateInvalid),
            Self::Unsupported { .. } => Some(Code::KeyUnsupported),
        }
    }

    /// `designated` are revocations by designated revokers, checked.
    pub(super) fn of(certificate: &Cert, designated: &[Signature], times: &Times) -> Self {
        let primary = certificate.primary_key();
        if !policy::is_supported(primary.key()) {
            return Self::Unsupported { algorithm: policy::algorithm(primary.key()) };
        }
        match Revocation::newest(primary.self_revocations().chain(designated), times) {
            Some(Revocation::Hard) => return Self::Revoked,
            Some(Revocation::Soft(since)) => return Self::Retired { since },
            None => {}
        }
        let at = SystemTime::from(times.at);
        let created = moment(primary.key().creation_time());
        if created > Some(times.at) {
            return Self::Invalid { why: "it was made only after the time that is asked about".into() };
        }
        let policy = policy::standard(times);
        let valid = match certificate.with_policy(&policy, at) {
            Ok(valid) => valid,
            Err(error) => {
                if let Some(sequoia_openpgp::Error::Expired(since)) = error.downcast_ref() {
                    return Self::Expired { since: moment(*since) };
                }
                let why = format!("none of its self-signatures holds ({}); its owner has to renew it", told(&error));
                return Self::Invalid { why };
            }
        };
        let until = valid.primary_key().key_expiration_time().and_then(moment);
        match valid.alive() {
            Ok(()) => Self::Valid { until },
            Err(_) => Self::Expired { since: until },
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Valid { until: None } => f.write_str("valid, without an end"),
            Self::Valid { until: Some(until) } => write!(f, "valid until {until}"),
            Self::Expired { since: None } => f.write_str("expired"),
            Self::Expired { since: Some(since) } => write!(f, "expired on {since}"),
            Self::Retired { since: None } => f.write_str("retired by its owner"),
            Self::Retired { since: Some(since) } => write!(f, "retired by its owner on {since}"),
            Self::Revoked => f.write_str("revoked by its owner, for good"),
            Self::Invalid { why } => write!(f, "invalid: {why}"),
            Self::Unsupported { algorithm } => {
                write!(f, "not supported by the cryptography of this build ({}): {algorithm}", super::backend())?;
                f.write_str(remedy(algorithm))
            }
        }
    }
}

/// When a certificate expires by its newest self-signature; none if never, or if no self-signature holds.
pub(super) fn expiry(certificate: &Cert, times: &Times) -> Option<Timestamp> {
    let policy = policy::standard(times);
    let valid = certificate.with_policy(&policy, SystemTime::from(times.at)).ok()?;
    valid.primary_key().key_expiration_time().and_then(moment)
}

/// What can be done about a key that this build cannot check.
pub(super) fn remedy(algorithm: &str) -> &'static str {
    if algorithm.starts_with("RSA") { "; a build with `--features crypto-nettle` can check it" } else { "" }
}

/// What an owner said when taking a key back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Revocation {
    /// Compromised, or no reason given.
    Hard,
    /// Superseded, retired, or a user ID that is no longer valid; with its date.
    Soft(Option<Timestamp>),
}

impl Revocation {
    /// The revocation that counts, out of those that verify.
    ///
    /// A hard one counts at any time, also if it is dated later; a soft one from its date on, and no later
    /// self-signature takes it back.
    pub(super) fn newest<'a>(made: impl Iterator<Item = &'a Signature>, times: &Times) -> Option<Self> {
        let mut soft: Option<Option<Timestamp>> = None;
        for revocation in made {
            let reason = revocation.reason_for_revocation();
            if reason.is_none_or(|(reason, _)| reason.revocation_type() == RevocationType::Hard) {
                return Some(Self::Hard);
            }
            let created = revocation.signature_creation_time().and_then(moment);
            if created <= Some(times.at) {
                // The earliest: what was signed after it was signed by a retired key.
                soft = Some(soft.map_or(created, |other| other.min(created)));
            }
        }
        soft.map(Self::Soft)
    }
}

/// A library's time as ours.
pub(super) fn moment(time: SystemTime) -> Option<Timestamp> {
    time.try_into().ok()
}

/// The innermost cause of a library's error, escaped.
pub(super) fn told(error: &anyhow::Error) -> String {
    Shown::new(&error.root_cause().to_string()).to_string()
}
