//! Why a signature file does not count: one sentence for each way, with a stable code and what to do next.

use thiserror::Error;

use super::standing::remedy;
use super::{Handle, backend};
use crate::fingerprint::Fingerprint;
use crate::reason::Code;
use crate::time::Timestamp;

/// What is wrong with a signature. Foreign text in it is escaped.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SignatureFault {
    /// Over the limit of size.
    #[error("a signature file has at most {0} bytes; this one is larger, so it was not read")]
    Limit(u64),
    /// No packet at all.
    #[error("there is no signature packet in the file; fetch the file again")]
    None,
    /// A packet that is cut short.
    #[error("the signature packet is cut short; fetch the file again")]
    CutShort,
    /// Several signatures, or the same one twice.
    #[error("the file holds more than one signature; put each into a file of its own")]
    Several,
    /// Something before or after the packet.
    #[error(
        "there is something before or after the signature packet; a signature file holds the packet and nothing else"
    )]
    Trailing,
    /// Not one clean block of armour.
    #[error(
        "the ASCII armour is not one clean signature block; remove the text around it, or sign again with `gpg --armor --detach-sign`"
    )]
    Armored,
    /// A cleartext signature.
    #[error("this is a cleartext-signed text, not a detached signature; sign with `gpg --detach-sign`")]
    Cleartext,
    /// A compressed packet.
    #[error("the file holds compressed data, which is never unpacked; sign with `gpg --detach-sign`")]
    Compressed,
    /// Another packet.
    #[error(
        "the file holds an OpenPGP packet of kind {0} in place of a detached signature; sign with `gpg --detach-sign`"
    )]
    PacketKind(u8),
    /// A signature packet that does not parse.
    #[error("the signature packet is damaged; fetch the file again")]
    Damaged,
    /// Type 0x01.
    #[error(
        "this is a text-mode signature, which would also hold for other line endings; sign again without `--textmode`"
    )]
    TextMode,
    /// Another type.
    #[error("this is a signature of type {0:#04x}, not one over a file (0x00); sign with `gpg --detach-sign`")]
    Type(u8),
    /// Another packet version.
    #[error("the signature packet has version {0}, where 4 and 6 are known; sign again with a current program")]
    Version(u8),
    /// A weak hash.
    #[error(
        "the signature rests on the hash {0}, which is too weak today whatever date it bears; sign again with SHA-512"
    )]
    WeakHash(String),
    /// A critical subpacket that has no meaning here.
    #[error(
        "the signature demands that we understand {0}, which has no meaning on the signature of a file; sign again without it"
    )]
    CriticalUnknown(String),
    /// No creation time.
    #[error("the signature does not say when it was made; sign again")]
    NoTime,
    /// No issuer.
    #[error("the signature does not name the key that made it; sign again with a current program")]
    NoIssuer,
    /// No certificate for the issuer.
    #[error("the signature says it is by {}, whose certificate is not at hand; import that certificate if you know whose it is", list(.0))]
    SignerUnknown(Vec<Handle>),
    /// Does not verify.
    #[error(
        "the signature does not verify with the key {key} that it names: the file was changed, or it was never signed"
    )]
    Bad {
        /// The key it was tried with.
        key: Fingerprint,
    },
    /// A key that this build cannot check.
    #[error("the cryptography of this build ({}) cannot check the key {key} ({algorithm}){}", backend(), remedy(.algorithm))]
    KeyUnsupported {
        /// Whose it is.
        certificate: Fingerprint,
        /// The key.
        key: Fingerprint,
        /// Its algorithm and size.
        algorithm: String,
    },
    /// A hash that this build cannot compute.
    #[error("the cryptography of this build ({backend}) does not have the hash {hash}; try another build", backend = backend())]
    HashUnsupported {
        /// Its name.
        hash: String,
    },
    /// The key may not sign for its certificate.
    #[error("the key {key} may not sign for the certificate {certificate}: {why}; sign with a key that may")]
    NotSigning {
        /// Whose it says it is.
        certificate: Fingerprint,
        /// The key.
        key: Fingerprint,
        /// What is missing. Escaped.
        why: String,
    },
    /// A weak key.
    #[error(
        "the key {key} ({algorithm}) is too weak today, whatever date the signature bears; its owner needs a new one"
    )]
    WeakKey {
        /// Whose it is.
        certificate: Fingerprint,
        /// The key.
        key: Fingerprint,
        /// Its algorithm and size.
        algorithm: String,
    },
    /// The certificate does not hold together.
    #[error("the signer's certificate {certificate} is not valid: {why}")]
    CertificateInvalid {
        /// Whose it says it is.
        certificate: Fingerprint,
        /// What is missing. Escaped.
        why: String,
    },
    /// Dated before its key.
    #[error(
        "the signature is dated {created}, before the key {key} was made; its maker's clock was wrong, or the date is a lie"
    )]
    TooEarly {
        /// The claimed date.
        created: Timestamp,
        /// The key.
        key: Fingerprint,
    },
    /// Dated in the future.
    #[error("the signature is dated {created}, more than ten minutes after {at}; check the clock here and there")]
    TooLate {
        /// The claimed date.
        created: Timestamp,
        /// The time that is asked about, or that of the clock, whichever is earlier.
        at: Timestamp,
    },
    /// Its own expiry has passed.
    #[error("the signature itself expired on {0}; sign again")]
    Expired(Timestamp),
    /// The certificate has expired.
    #[error("the signer's certificate {certificate} had expired{}; the date inside the signature proves nothing, so get the owner's newer copy or a newer signature", on(.since))]
    SignerExpired {
        /// Whose it is.
        certificate: Fingerprint,
        /// When.
        since: Option<Timestamp>,
    },
    /// The signing subkey has expired.
    #[error("the key {key} of the certificate {certificate} had expired{}; get the owner's newer copy or a newer signature", on(.since))]
    KeyExpired {
        /// Whose it is.
        certificate: Fingerprint,
        /// The key.
        key: Fingerprint,
        /// When.
        since: Option<Timestamp>,
    },
    /// Softly revoked.
    #[error("the owner retired the certificate {certificate}{}; ask for a signature by the new one", on(.since))]
    SignerRetired {
        /// Whose it is.
        certificate: Fingerprint,
        /// When.
        since: Option<Timestamp>,
    },
    /// Hard revoked.
    #[error(
        "the owner revoked the certificate {certificate} as compromised or without a reason; nothing that it signed counts, at any date"
    )]
    SignerRevoked {
        /// Whose it is.
        certificate: Fingerprint,
    },
}

impl SignatureFault {
    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            Self::Limit(_) => Code::LimitSignature,
            Self::None | Self::CutShort | Self::Several => Code::SignaturePacketCount,
            Self::Trailing => Code::SignatureTrailing,
            Self::Armored => Code::SignatureArmored,
            Self::Cleartext => Code::SignatureCleartext,
            Self::Compressed => Code::SignatureCompressed,
            Self::PacketKind(_) => Code::SignaturePacketKind,
            Self::TextMode => Code::SignatureTextMode,
            Self::Type(_) => Code::SignatureType,
            Self::Version(_) => Code::SignatureVersion,
            Self::WeakHash(_) => Code::SignatureWeakHash,
            Self::CriticalUnknown(_) => Code::SignatureCriticalUnknown,
            Self::NoTime | Self::TooEarly { .. } | Self::TooLate { .. } => Code::SignatureTime,
            Self::NoIssuer => Code::SignatureNoIssuer,
            Self::SignerUnknown(_) => Code::SignerUnknown,
            Self::Damaged | Self::Bad { .. } => Code::SignatureBad,
            Self::KeyUnsupported { .. } | Self::HashUnsupported { .. } => Code::KeyUnsupported,
            Self::NotSigning { .. } => Code::SignerNotSigning,
            Self::WeakKey { .. } => Code::SignatureWeakKey,
            Self::CertificateInvalid { .. } => Code::CertificateInvalid,
            Self::Expired(_) => Code::SignatureExpired,
            Self::SignerExpired { .. } | Self::KeyExpired { .. } => Code::SignerExpired,
            Self::SignerRetired { .. } => Code::SignerRetired,
            Self::SignerRevoked { .. } => Code::SignerRevoked,
        }
    }

    /// The certificate that the fault is about, where there is one.
    ///
    /// That it made the signature is shown only by the codes `signer-expired`, `signer-retired`, `signer-revoked`,
    /// `signer-not-signing`, `signature-expired` and `signature-weak-key`.
    pub fn certificate(&self) -> Option<&Fingerprint> {
        match self {
            Self::KeyUnsupported { certificate, .. }
            | Self::NotSigning { certificate, .. }
            | Self::WeakKey { certificate, .. }
            | Self::CertificateInvalid { certificate, .. }
            | Self::SignerExpired { certificate, .. }
            | Self::KeyExpired { certificate, .. }
            | Self::SignerRetired { certificate, .. }
            | Self::SignerRevoked { certificate } => Some(certificate),
            _ => None,
        }
    }

    /// Whose certificate or key had only come to its end, and when: what may be excused by having been seen before.
    pub(super) fn ended(&self) -> Option<(&Fingerprint, Timestamp)> {
        match self {
            Self::SignerExpired { certificate, since }
            | Self::KeyExpired { certificate, since, .. }
            | Self::SignerRetired { certificate, since } => Some((certificate, (*since)?)),
            _ => None,
        }
    }

    /// How close to good a finding is: the smaller, the closer.
    ///
    /// A key may be claimed by several certificates, and a key ID may fit several keys; the closest finding is told.
    pub(super) fn distance(&self) -> u8 {
        match self {
            Self::SignerExpired { .. } | Self::KeyExpired { .. } => 1,
            Self::SignerRetired { .. } => 2,
            Self::Expired(_) | Self::TooLate { .. } => 3,
            Self::SignerRevoked { .. } => 4,
            Self::WeakKey { .. } => 5,
            Self::KeyUnsupported { .. } => 6,
            Self::CertificateInvalid { .. } => 7,
            Self::NotSigning { .. } => 8,
            Self::TooEarly { .. } => 9,
            _ => 10,
        }
    }
}

pub(super) fn list(handles: &[Handle]) -> String {
    handles.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
}

pub(super) fn on(since: &Option<Timestamp>) -> String {
    since.map(|since| format!(" on {since}")).unwrap_or_default()
}
