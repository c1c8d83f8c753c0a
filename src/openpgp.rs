//! OpenPGP: the only files that name the OpenPGP library, and the few words of it that the rest may use.
//!
//! Everything from outside passes our own framing first (`packets`, `armor`, `split`): strict, bounded, without
//! unpacking anything. The library then parses what is left, and does the cryptography. Algorithms are judged by
//! today's clock, signatures and expiry at the time that the verdict speaks of. Nothing here knows whom to trust, and
//! nothing here can make a signature.

use std::fmt;

use sequoia_openpgp as sequoia;

use crate::fingerprint::Fingerprint;

mod armor;
pub mod certificate;
pub mod certify;
pub mod check;
pub mod fault;
pub mod life;
pub mod news;
pub mod open;
mod packets;
mod policy;
pub mod sign;
pub mod signature;
pub mod split;
pub mod standing;
#[cfg(test)]
pub(crate) mod testing;
pub mod user_id;

pub use certificate::Certificate;
pub use check::GoodSignature;
pub use fault::SignatureFault;
pub use signature::SignatureFile;
pub use standing::Standing;
pub use user_id::UserIdStanding;

/// The name of the cryptography that was compiled in, as `--version` shows it.
pub const fn backend() -> &'static str {
    BACKEND
}

/// Which algorithms are good enough at a time, in one word: another word, another judgement.
pub fn policy_era(now: crate::time::Timestamp) -> String {
    policy::era(now)
}

/// The 64-bit ID of a key: a hint where to look, never an identity, since anyone can make a key with the same one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(u64);

impl KeyId {
    /// The ID that belongs to a fingerprint: its end in version 4, its beginning in version 6.
    pub fn of(fingerprint: &Fingerprint) -> Self {
        let digits = fingerprint.as_str();
        let part = if digits.len() == 64 { &digits[..16] } else { &digits[digits.len() - 16..] };
        Self(u64::from_str_radix(part, 16).unwrap_or(0))
    }

    const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(u64::from_be_bytes(bytes))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016X}", self.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How a signature says which key made it. A claim, which only picks candidates.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[expect(clippy::exhaustive_enums, reason = "OpenPGP has these two")]
pub enum Handle {
    /// A whole fingerprint, of a primary key or a subkey.
    Fingerprint(Fingerprint),
    /// A key ID, which may match several keys.
    KeyId(KeyId),
}

impl Handle {
    /// The key ID, by which candidates are looked up.
    pub fn key_id(&self) -> KeyId {
        match self {
            Self::Fingerprint(fingerprint) => KeyId::of(fingerprint),
            Self::KeyId(id) => *id,
        }
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fingerprint(fingerprint) => fmt::Display::fmt(fingerprint, f),
            Self::KeyId(id) => fmt::Display::fmt(id, f),
        }
    }
}

/// The names of one key of a certificate.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub struct KeyName {
    /// The key's own fingerprint.
    pub fingerprint: Fingerprint,
    /// The key ID that goes with it.
    pub id: KeyId,
    /// Whether this is the primary key, whose fingerprint names the certificate.
    pub primary: bool,
}

impl KeyName {
    /// The names of a key with this fingerprint.
    pub fn new(fingerprint: Fingerprint, primary: bool) -> Self {
        Self { id: KeyId::of(&fingerprint), fingerprint, primary }
    }

    /// Whether a signature's claim fits this key.
    pub fn is_meant_by(&self, handle: &Handle) -> bool {
        match handle {
            Handle::Fingerprint(fingerprint) => *fingerprint == self.fingerprint,
            Handle::KeyId(id) => *id == self.id,
        }
    }
}

/// Our fingerprint of the library's; none for a fingerprint of a version that we do not read.
fn fingerprint(theirs: &sequoia::Fingerprint) -> Option<Fingerprint> {
    theirs.to_hex().parse().ok()
}

#[cfg(feature = "crypto-rust")]
const BACKEND: &str = "RustCrypto";
#[cfg(all(feature = "crypto-nettle", not(feature = "crypto-rust")))]
const BACKEND: &str = "Nettle";
#[cfg(all(feature = "crypto-openssl", not(any(feature = "crypto-rust", feature = "crypto-nettle"))))]
const BACKEND: &str = "OpenSSL";
#[cfg(all(
    feature = "crypto-cng",
    not(any(feature = "crypto-rust", feature = "crypto-nettle", feature = "crypto-openssl"))
))]
const BACKEND: &str = "Windows CNG";

#[cfg(not(any(
    feature = "crypto-rust",
    feature = "crypto-nettle",
    feature = "crypto-openssl",
    feature = "crypto-cng"
)))]
compile_error!("choose one cryptography: crypto-rust (the default), crypto-nettle, crypto-openssl or crypto-cng");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_ids_are_the_end_in_version_4_and_the_beginning_in_version_6() {
        let four: Fingerprint = "0123456789ABCDEF0123456789ABCDEF01234567".parse().expect("a fingerprint");
        assert_eq!(KeyId::of(&four).to_string(), "89ABCDEF01234567");
        let six: Fingerprint = "0123456789ABCDEF".repeat(4).replacen("01", "FF", 1).parse().expect("a fingerprint");
        assert_eq!(KeyId::of(&six).to_string(), "FF23456789ABCDEF");
    }

    #[test]
    fn a_fingerprint_is_met_only_whole() {
        let one: Fingerprint = "0123456789ABCDEF0123456789ABCDEF01234567".parse().expect("a fingerprint");
        let other: Fingerprint = "FFFFFFFF89ABCDEF0123456789ABCDEF01234567".parse().expect("a fingerprint");
        let key = KeyName::new(one.clone(), true);
        assert!(key.is_meant_by(&Handle::Fingerprint(one)));
        assert!(!key.is_meant_by(&Handle::Fingerprint(other.clone())));
        assert!(key.is_meant_by(&Handle::KeyId(KeyId::of(&other))));
    }
}
