//! Extended headers of POSIX (PAX): records `LENGTH KEY=VALUE`, of which only keys are taken that we know.
//!
//! A key that we do not know could change the name, the size or the type of an entry for others and not for us, so it
//! is refused.

use std::collections::BTreeSet;

use thiserror::Error;

/// What an extended header says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Pax {
    pub(super) path: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    /// Keys beside `comment`.
    others: bool,
}

impl Pax {
    pub(super) fn parse(text: &[u8]) -> Result<Self, PaxFault> {
        let mut pax = Self::default();
        let mut seen = BTreeSet::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (key, value, behind) = record(rest).ok_or(PaxFault::Form)?;
            if !seen.insert(key) {
                return Err(PaxFault::Twice);
            }
            pax.others |= key != b"comment";
            match key {
                b"path" => pax.path = Some(value.to_vec()),
                b"size" => pax.size = Some(decimal(value).ok_or(PaxFault::Form)?),
                key if HARMLESS.contains(&key) => {}
                _ => return Err(PaxFault::Unknown),
            }
            rest = behind;
        }
        Ok(pax)
    }

    /// A global header may have a comment, such as the commit that git puts there, and nothing else.
    pub(super) fn only_comment(&self) -> Result<(), PaxFault> {
        if self.others { Err(PaxFault::Global) } else { Ok(()) }
    }
}

/// What is wrong with an extended header. The code is `archive-pax`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PaxFault {
    /// Not records of their own length.
    #[error("an extended header of the archive is not well formed")]
    Form,
    /// A key that we do not know.
    #[error("an extended header of the archive has a key that may change what others read")]
    Unknown,
    /// The same said twice.
    #[error("the archive says the same of one entry in two places")]
    Twice,
    /// Another size than the header has.
    #[error("an extended header of the archive gives another size than the entry's own header")]
    Size,
    /// More than a comment for all entries.
    #[error("a global extended header of the archive has more than a comment")]
    Global,
}

/// Takes the first record: its key, its value, and what stands behind it.
fn record(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let digits = text.iter().position(|byte| *byte == b' ')?;
    let length = usize::try_from(decimal(&text[..digits])?).ok()?;
    let record = text.get(..length)?.get(digits + 1..)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|byte| *byte == b'=')?;
    Some((&record[..equals], &record[equals + 1..], &text[length..]))
}

/// A decimal number without leading zeros.
fn decimal(digits: &[u8]) -> Option<u64> {
    let text = str::from_utf8(digits).ok()?;
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}

/// Keys that change nothing of what is unpacked: times, owners, remarks.
const HARMLESS: &[&[u8]] = &[b"atime", b"comment", b"ctime", b"gid", b"gname", b"mtime", b"uid", b"uname"];
