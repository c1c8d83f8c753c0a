//! A SHA-256 digest, in the one spelling that Countersign reads and prints: `sha256:` and 64 lower-case hex digits.
//!
//! Digests carry the name of their algorithm so that a better one can join later; any other name is refused today.

use std::fmt;
use std::str::FromStr;

use sha2::digest::core_api::{Block, Buffer, UpdateCore as _, VariableOutputCore as _};
use sha2::{Digest as _, Sha256, Sha256VarCore};
use thiserror::Error;

/// A SHA-256 digest (FIPS 180-4).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Hashes `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Reads 64 lower-case hex digits, without the algorithm's name, as tree texts and file names have them.
    ///
    /// # Errors
    /// Any other text.
    pub fn from_hex(hex: &str) -> Result<Self, DigestError> {
        let bytes = hex.as_bytes();
        if bytes.len() != 64 {
            return Err(DigestError::Length(bytes.len()));
        }
        let mut digest = [0; 32];
        for (byte, pair) in digest.iter_mut().zip(bytes.chunks_exact(2)) {
            *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
        }
        Ok(Self(digest))
    }

    /// The 64 lower-case hex digits.
    pub fn hex(&self) -> String {
        self.digits().iter().copied().map(char::from).collect()
    }

    /// The 32 bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// A tree text prints one for each file, so this does not go through the formatting of numbers.
    fn digits(&self) -> [u8; 64] {
        let mut digits = [0; 64];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(self.0) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        digits
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        f.write_str(str::from_utf8(&self.digits()).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        text.strip_prefix("sha256:").ok_or(DigestError::Algorithm).and_then(Self::from_hex)
    }
}

/// Hashes bytes as they come, for what is too large to hold.
#[derive(Clone)]
pub struct Hasher {
    core: Sha256VarCore,
    /// What does not fill a block yet.
    rest: Buffer<Sha256VarCore>,
}

impl Hasher {
    /// Takes in the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        let core = &mut self.core;
        self.rest.digest_blocks(bytes, |blocks| core.update_blocks(blocks));
    }

    /// Takes in the next bytes of two, block by block in turn: the processor's SHA instructions wait for each other within
    /// one hash, and not between two.
    pub fn update_both(one: &mut Self, bytes: &[u8], other: &mut Self, others: &[u8]) {
        let whole =
            if one.rest.get_pos() == 0 && other.rest.get_pos() == 0 { bytes.len().min(others.len()) } else { 0 };
        let (blocks, rest) = bytes.split_at(whole / BLOCK * BLOCK);
        let (other_blocks, others_rest) = others.split_at(blocks.len());
        for (block, other_block) in blocks.chunks_exact(BLOCK).zip(other_blocks.chunks_exact(BLOCK)) {
            one.core.update_blocks(std::slice::from_ref(Block::<Sha256VarCore>::from_slice(block)));
            other.core.update_blocks(std::slice::from_ref(Block::<Sha256VarCore>::from_slice(other_block)));
        }
        one.update(rest);
        other.update(others_rest);
    }

    /// The digest of all that was taken in.
    pub fn finish(mut self) -> Digest {
        let mut digest = Default::default();
        self.core.finalize_variable_core(&mut self.rest, &mut digest);
        Digest(digest.into())
    }
}

impl Default for Hasher {
    fn default() -> Self {
        let core = Sha256VarCore::new(LENGTH).expect("SHA-256 has 32 bytes, which is what is asked for");
        Self { core, rest: Buffer::<Sha256VarCore>::default() }
    }
}

/// Bytes in a digest.
const LENGTH: usize = 32;
/// Bytes in a block.
const BLOCK: usize = 64;

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hasher")
    }
}

/// Why a text is not a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DigestError {
    /// The text does not begin with `sha256:`.
    #[error("a digest begins with `sha256:`; no other algorithm is known")]
    Algorithm,
    /// Not 64 characters long.
    #[error("a SHA-256 digest has 64 hex digits, not {0}")]
    Length(usize),
    /// Something else than `0`–`9` and `a`–`f`.
    #[error("a digest has the hex digits 0-9 and a-f only, in lower case")]
    Hex,
}

fn nibble(digit: u8) -> Result<u8, DigestError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(DigestError::Hex),
    }
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_and_reads_one_spelling() {
        let empty = Digest::of(b"");
        let text = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(empty.to_string(), text);
        assert_eq!(text.parse(), Ok(empty));
        assert_eq!(Digest::from_hex(&empty.hex()), Ok(empty));
    }

    #[test]
    fn refuses_every_other_spelling() {
        let hex = Digest::of(b"").hex();
        assert_eq!(hex.parse::<Digest>(), Err(DigestError::Algorithm));
        assert_eq!(format!("sha1:{hex}").parse::<Digest>(), Err(DigestError::Algorithm));
        assert_eq!(format!("SHA256:{hex}").parse::<Digest>(), Err(DigestError::Algorithm));
        assert_eq!(Digest::from_hex(&hex.to_uppercase()), Err(DigestError::Hex));
        assert_eq!(Digest::from_hex(&hex[1..]), Err(DigestError::Length(63)));
        assert_eq!(Digest::from_hex(&"é".repeat(32)), Err(DigestError::Hex));
    }

    #[test]
    fn streams_to_the_same_digest() {
        let mut hasher = Hasher::default();
        hasher.update(b"ab");
        hasher.update(b"c");
        assert_eq!(hasher.finish(), Digest::of(b"abc"));
    }

    #[test]
    fn two_at_once_are_what_each_is_alone() {
        let bytes: Vec<u8> = (0..1000_u32).map(|n| (n * n) as u8).collect();
        let lengths = [0, 1, 55, 56, 63, 64, 65, 127, 128, 129, 500];
        for one in lengths {
            for other in lengths {
                // From a block's beginning, and from within a block.
                for before in [0, 64, 7] {
                    let (mut a, mut b) = (Hasher::default(), Hasher::default());
                    a.update(&bytes[..before]);
                    b.update(&bytes[..before / 7]);
                    Hasher::update_both(
                        &mut a,
                        &bytes[before..before + one],
                        &mut b,
                        &bytes[before / 7..before / 7 + other],
                    );
                    Hasher::update_both(&mut a, b"end", &mut b, b"");
                    assert_eq!(
                        a.finish(),
                        Digest::of(&[&bytes[..before + one], b"end"].concat()),
                        "{one} {other} {before}"
                    );
                    assert_eq!(b.finish(), Digest::of(&bytes[..before / 7 + other]), "{one} {other} {before}");
                }
            }
        }
    }
}
