//! Finds out whether a file is the expected one but for its line endings, as some tools convert them on the way.
//!
//! This only makes a refusal easier to understand. Nothing that was converted is ever taken for the original.

use crate::digest::{Digest, Hasher};

/// How the line endings that are there would have to be converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Conversion {
    /// CRLF becomes LF.
    Shorten,
    /// LF that has no CR before it becomes CRLF.
    Lengthen,
}

impl Conversion {
    /// The conversion that could make a file of one size into one of another.
    pub(super) fn between(size: u64, wanted: u64) -> Option<Self> {
        let plausible =
            size.max(wanted) <= MOST && size <= wanted.saturating_mul(2) && wanted <= size.saturating_mul(2);
        match size.cmp(&wanted) {
            _ if !plausible => None,
            std::cmp::Ordering::Less => Some(Self::Lengthen),
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Greater => Some(Self::Shorten),
        }
    }
}

/// Converts bytes as they come, and hashes what becomes of them.
pub(super) struct Converter {
    way: Conversion,
    hasher: Hasher,
    size: u64,
    /// Whether the last byte was a CR. While shortening, it has not been hashed yet.
    after_cr: bool,
    converted: Vec<u8>,
}

impl Converter {
    pub(super) fn new(way: Conversion) -> Self {
        Self { way, hasher: Hasher::default(), size: 0, after_cr: false, converted: Vec::new() }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            match self.way {
                Conversion::Shorten if self.after_cr && byte != b'\n' => self.converted.push(b'\r'),
                Conversion::Lengthen if !self.after_cr && byte == b'\n' => self.converted.push(b'\r'),
                _ => (),
            }
            self.after_cr = byte == b'\r';
            if !(self.after_cr && self.way == Conversion::Shorten) {
                self.converted.push(byte);
            }
        }
        self.flush();
    }

    /// The size and the digest of the converted bytes.
    pub(super) fn finish(mut self) -> (u64, Digest) {
        if self.after_cr && self.way == Conversion::Shorten {
            self.converted.push(b'\r');
        }
        self.flush();
        (self.size, self.hasher.finish())
    }

    fn flush(&mut self) {
        self.hasher.update(&self.converted);
        self.size += self.converted.len() as u64;
        self.converted.clear();
    }
}

/// No larger file is looked at: text files are small.
const MOST: u64 = 16 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn converts(way: Conversion, from: &[u8], to: &[u8]) {
        for cut in 0..=from.len() {
            let mut converter = Converter::new(way);
            converter.update(&from[..cut]);
            converter.update(&from[cut..]);
            assert_eq!(converter.finish(), (to.len() as u64, Digest::of(to)), "{from:?} cut at {cut}");
        }
    }

    #[test]
    fn converts_both_ways_wherever_the_bytes_are_cut() {
        converts(Conversion::Shorten, b"a\r\nb\rc\r\r\n\nd\r", b"a\nb\rc\r\n\nd\r");
        converts(Conversion::Lengthen, b"a\nb\r\nc\rd\n\n", b"a\r\nb\r\nc\rd\r\n\r\n");
        converts(Conversion::Lengthen, b"", b"");
    }

    #[test]
    fn only_plausible_sizes_are_tried() {
        assert_eq!(Conversion::between(10, 11), Some(Conversion::Lengthen));
        assert_eq!(Conversion::between(11, 10), Some(Conversion::Shorten));
        for (size, wanted) in [(10, 10), (10, 21), (21, 10), (0, 1), (MOST, MOST + 1), (u64::MAX, 1)] {
            assert_eq!(Conversion::between(size, wanted), None, "{size} {wanted}");
        }
    }
}
