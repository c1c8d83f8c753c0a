//! One header of a tar archive: 512 bytes, of which every reader must see the same name, size and type.

use thiserror::Error;

use super::BLOCK;

/// What is used of a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) name: Vec<u8>,
    pub(super) mode: u64,
    pub(super) size: u64,
    pub(super) kind: Type,
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    File,
    Folder,
    Link,
    /// `x`: more about the entry that follows.
    Pax,
    /// `g`: more about all entries that follow.
    GlobalPax,
    /// `L`: the name of the entry that follows.
    LongName,
    Other(u8),
}

impl Header {
    pub(super) fn parse(block: &[u8; BLOCK]) -> Result<Self, HeaderFault> {
        check_sum(block)?;
        let prefix = match &block[MAGIC..MAGIC + 8] {
            b"ustar\x0000" => text(&block[PREFIX..PREFIX + 155])?,
            // GNU's own form has no prefix, and other things in its place, which some readers take for one.
            b"ustar  \0" if block[PREFIX..].iter().all(|byte| *byte == 0) => &[],
            b"ustar  \0" => return Err(HeaderFault::GnuPrefix),
            _ => return Err(HeaderFault::Magic),
        };
        // Who owns the file, and when it was changed, is not used; that it is no number at all is a fault all the same.
        for field in [UID..UID + 8, GID..GID + 8, TIME..TIME + 12] {
            number(&block[field])?;
        }
        let kind = match block[TYPE] {
            b'0' | 0 => Type::File,
            b'5' => Type::Folder,
            b'2' => Type::Link,
            b'x' => Type::Pax,
            b'g' => Type::GlobalPax,
            b'L' => Type::LongName,
            flag => Type::Other(flag),
        };
        let mode = number(&block[MODE..MODE + 8])?.ok_or(HeaderFault::Number)?;
        let size = number(&block[SIZE..SIZE + 12])?.ok_or(HeaderFault::Number)?;
        let name = text(&block[..100])?;
        let name = if prefix.is_empty() { name.to_vec() } else { [prefix, b"/", name].concat() };
        Ok(Self { name, mode, size, kind })
    }
}

/// What is wrong with a header. The code is `archive-header`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HeaderFault {
    /// The sum of its bytes is not the one that it tells.
    #[error("a header of the archive has a wrong checksum")]
    Sum,
    /// Neither of the two known forms.
    #[error("a header of the archive is neither of POSIX's form nor of GNU's")]
    Magic,
    /// A number that is none, is negative, or is too large.
    #[error("a header of the archive has a number that is none, is negative, or is too large")]
    Number,
    /// Something behind the end of a name.
    #[error("a header of the archive has a name with bytes behind its end")]
    Name,
    /// Something where others look for the beginning of the name.
    #[error("a header of GNU's form has something where other readers look for a part of the name")]
    GnuPrefix,
    /// A directory with content.
    #[error("a directory in the archive has a size")]
    FolderSize,
}

/// The sum of all bytes, with spaces in place of the sum itself.
fn check_sum(block: &[u8; BLOCK]) -> Result<(), HeaderFault> {
    let field = SUM..SUM + 8;
    let others = block.iter().enumerate().filter(|(place, _)| !field.contains(place));
    let sum = others.map(|(_, byte)| u64::from(*byte)).sum::<u64>() + 8 * u64::from(b' ');
    if number(&block[field])? == Some(sum) { Ok(()) } else { Err(HeaderFault::Sum) }
}

/// A text up to its first NUL, behind which there are only more of them.
fn text(field: &[u8]) -> Result<&[u8], HeaderFault> {
    let (text, rest) = field.split_at(field.iter().position(|byte| *byte == 0).unwrap_or(field.len()));
    if rest.iter().all(|byte| *byte == 0) { Ok(text) } else { Err(HeaderFault::Name) }
}

/// A number: octal digits with spaces before and spaces or NULs behind, or GNU's form for large ones, which begins with
/// the byte 0x80. None if there are no digits.
fn number(field: &[u8]) -> Result<Option<u64>, HeaderFault> {
    if let Some((0x80, bytes)) = field.split_first() {
        let (high, low) = bytes.split_at(bytes.len().saturating_sub(8));
        if high.iter().any(|byte| *byte != 0) {
            return Err(HeaderFault::Number);
        }
        return Ok(Some(low.iter().fold(0, |value, byte| value << 8 | u64::from(*byte))));
    }
    let begin = field.iter().position(|byte| *byte != b' ').unwrap_or(field.len());
    let digits = &field[begin..];
    let (digits, rest) =
        digits.split_at(digits.iter().position(|byte| matches!(byte, b' ' | 0)).unwrap_or(digits.len()));
    if rest.iter().any(|byte| !matches!(byte, b' ' | 0)) {
        return Err(HeaderFault::Number);
    }
    let digit = |value: u64, byte: &u8| match byte {
        b'0'..=b'7' => value.checked_mul(8)?.checked_add(u64::from(byte - b'0')),
        _ => None,
    };
    let value = digits.iter().try_fold(0, digit).ok_or(HeaderFault::Number)?;
    Ok((!digits.is_empty()).then_some(value))
}

const MODE: usize = 100;
const UID: usize = 108;
const GID: usize = 116;
const SIZE: usize = 124;
const TIME: usize = 136;
const SUM: usize = 148;
const TYPE: usize = 156;
const MAGIC: usize = 257;
const PREFIX: usize = 345;
