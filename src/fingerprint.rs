//! The fingerprint of a certificate's primary key: the only identity of a signer that is counted.
//!
//! Key IDs are no identities: anyone can make a second key with the same one.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A primary key's fingerprint: 40 hex digits (version 4) or 64 (version 6), RFC 9580, section 5.5.4.
///
/// Printed and read in upper case without spaces.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(Box<str>);

impl Fingerprint {
    /// The hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads what a person types or pastes: any case, with spaces between groups.
    ///
    /// # Errors
    /// A key ID, or anything else that is not a whole fingerprint.
    pub fn typed(text: &str) -> Result<Self, FingerprintError> {
        let compact: String = text.chars().filter(|c| *c != ' ').map(|c| c.to_ascii_uppercase()).collect();
        compact.strip_prefix("0X").unwrap_or(&compact).parse()
    }

    /// The digits in groups of four, as people compare them.
    pub fn grouped(&self) -> String {
        let groups: Vec<_> = self.0.as_bytes().chunks(4).filter_map(|group| str::from_utf8(group).ok()).collect();
        groups.join(" ")
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        if !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F')) {
            return Err(FingerprintError::Form);
        }
        match text.len() {
            40 | 64 => Ok(Self(text.into())),
            8 | 16 => Err(FingerprintError::KeyId),
            _ => Err(FingerprintError::Form),
        }
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is not a fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FingerprintError {
    /// A key ID of 32 or 64 bits, which does not identify anyone.
    #[error("this is a key ID, which anyone can imitate; give the whole fingerprint (40 or 64 hex digits)")]
    KeyId,
    /// Something else.
    #[error("a fingerprint has 40 or 64 hex digits, in upper case")]
    Form,
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "0123456789ABCDEF0123456789ABCDEF01234567";

    #[test]
    fn one_spelling_in_files_many_on_the_command_line() {
        let one: Fingerprint = ONE.parse().expect("a fingerprint");
        assert_eq!(one.to_string(), ONE);
        assert_eq!(ONE.to_lowercase().parse::<Fingerprint>(), Err(FingerprintError::Form));
        assert_eq!(Fingerprint::typed(&ONE.to_lowercase()), Ok(one.clone()));
        assert_eq!(Fingerprint::typed(&one.grouped()), Ok(one.clone()));
        assert_eq!(Fingerprint::typed(&format!("0x{ONE}")), Ok(one.clone()));
        assert_eq!(one.grouped().len(), 49);
    }

    #[test]
    fn key_ids_are_refused_as_such() {
        assert_eq!(ONE[..16].parse::<Fingerprint>(), Err(FingerprintError::KeyId));
        assert_eq!(Fingerprint::typed("0xDEADBEEF"), Err(FingerprintError::KeyId));
        assert_eq!(ONE[..39].parse::<Fingerprint>(), Err(FingerprintError::Form));
    }
}
