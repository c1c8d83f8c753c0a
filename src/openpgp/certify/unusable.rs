//! Why a certification does not count: one sentence for each cause.

use thiserror::Error;

use super::super::Handle;
use super::super::backend;
use super::super::fault::{list, on};
use super::super::standing::remedy;
use crate::fingerprint::Fingerprint;
use crate::reason::{Answer, Code, Reason};
use crate::time::Timestamp;

/// The cause for which a certification does not count. Foreign text in it is escaped.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Error)]
#[non_exhaustive]
pub enum Unusable {
    /// Another packet version.
    #[error("its packet has version {0}, where 4 and 6 are known; its maker would have to certify again")]
    Version(u8),
    /// No creation time.
    #[error("it does not say when it was made; its maker would have to certify again")]
    NoTime,
    /// Something critical without a meaning here.
    #[error("it demands that we understand {0}, which has no meaning on a certification; a newer version may know it")]
    CriticalUnknown(String),
    /// One of our notations without the critical mark.
    #[error(
        "its notation `{0}` is not marked critical, so that others would not heed it; certify again with `countersign certify`"
    )]
    GrantNotCritical(&'static str),
    /// No role.
    #[error("its role `{0}` is none of author, reviewer and checker; certify again with one of these")]
    Role(String),
    /// No pattern.
    #[error(
        "its scope `{0}` is no pattern over packages in canonical form; certify again with a pattern like `pkg:cargo/serde`"
    )]
    Scope(String),
    /// SHA-1 and the like.
    #[error(
        "it rests on the hash {0}, which is too weak today whatever date it bears; its maker would have to certify again"
    )]
    WeakHash(String),
    /// Made after the time asked about.
    #[error("it is dated {0}, after the time that is asked about")]
    NotYet(Timestamp),
    /// It has ended.
    #[error("it expired on {0}; its maker would have to certify again")]
    Expired(Timestamp),
    /// Not meant for others.
    #[error("its maker marked it as not for others, and it does not come from the user's own keyring")]
    NotExportable,
    /// Nobody at hand has such a key.
    #[error("it says it is by {}, whose certificate is not in the keyring", list(.0))]
    IssuerUnknown(Vec<Handle>),
    /// By a subkey.
    #[error("it says it is by {key}, a subkey of {primary}, and only primary keys certify")]
    BySubkey {
        /// The subkey.
        key: Fingerprint,
        /// Whose it says it is.
        primary: Fingerprint,
    },
    /// Hard revoked.
    #[error(
        "its maker's certificate was revoked as compromised or without a reason; nothing that it signed counts, at any date"
    )]
    IssuerRevoked,
    /// Expired or retired before it certified.
    #[error("its maker's certificate had ended{} before it was made", on(.since))]
    IssuerDead {
        /// When it expired or was retired.
        since: Option<Timestamp>,
    },
    /// Dated before its maker's key.
    #[error("it is dated before its maker's key was made; a clock was wrong, or the date is a lie")]
    IssuerNotYet,
    /// The maker's certificate does not hold together.
    #[error("its maker's certificate is not valid: {why}")]
    IssuerInvalid {
        /// What is missing. Escaped.
        why: String,
    },
    /// A key that this build cannot check.
    #[error("the cryptography of this build ({}) cannot check a key of it ({algorithm}){}", backend(), remedy(.algorithm))]
    KeyUnsupported {
        /// Algorithm and size.
        algorithm: String,
    },
    /// The target was hard revoked.
    #[error("the certificate that it speaks of was revoked as compromised or without a reason")]
    TargetRevoked,
    /// The target had expired or was retired when it was made.
    #[error("the certificate that it speaks of had ended{} before it was made", on(.since))]
    TargetDead {
        /// When.
        since: Option<Timestamp>,
    },
    /// The target does not hold together.
    #[error("the certificate that it speaks of is not valid: {why}")]
    TargetInvalid {
        /// What is missing. Escaped.
        why: String,
    },
    /// Does not verify.
    #[error("its signature does not verify with the key that it names: it was changed, or that key never made it")]
    Bad,
    /// Taken back.
    #[error("its maker took it back on {0}")]
    Revoked(Timestamp),
}

impl Unusable {
    /// The stable code, the same for each cause.
    pub fn code(&self) -> Code {
        Code::CertificationUnusable
    }

    /// The cause as a note about a certification that is named by `whose`, a text whose foreign parts are escaped.
    pub fn reason(&self, whose: &str) -> Reason {
        Reason::new(self.code(), Answer::Note, format!("{whose} does not count: {self}"))
    }
}
