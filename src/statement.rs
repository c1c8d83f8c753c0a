//! What the signed TOML files share: the opening lines, the one canonical form, and how strictly they are read.
//!
//! Our own printer is the definition of the form. A text is parsed by the `toml` library, turned into a typed
//! statement, and printed again; unless that gives the very same bytes, it is refused. What a kind of statement says is
//! told in its own file; who signed it, in [`crate::openpgp`].

pub mod check;
pub mod fields;
pub mod manifest;
pub mod print;
pub mod review;
#[cfg(test)]
mod testing;
pub mod version_tree;
pub mod withdrawal;
pub mod word;

use std::fmt;

use thiserror::Error;

use crate::fingerprint::Fingerprint;
use crate::limits::Limits;
use crate::package::Purl;
use crate::reason::Code;
use crate::shown::Shown;
pub use check::Check;
use fields::Fields;
pub use manifest::Manifest;
pub use review::Review;
pub use version_tree::VersionTree;
pub use withdrawal::Withdrawal;

/// The kinds of statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// An author says: this is my release.
    Manifest,
    /// A reviewer says: I read this.
    Review,
    /// A tool's result.
    Check,
    /// No to these trees.
    Withdrawal,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Manifest, Self::Review, Self::Check, Self::Withdrawal];

    /// The word in the first line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Manifest => "manifest",
            Self::Review => "review",
            Self::Check => "check",
            Self::Withdrawal => "withdrawal",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The first two lines, which keep their place in every version of every format, so that a statement can be put where
/// it belongs, and missed, by a program that cannot read the rest. They prove nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// What kind of statement it is.
    pub kind: Kind,
    /// The format version; we read version 1.
    pub version: u32,
    /// The package that it is about.
    pub package: Purl,
}

impl Opening {
    /// Reads the first two lines of `bytes`, and nothing behind them.
    ///
    /// # Errors
    /// [`StatementFault::NotAStatement`], [`StatementFault::Kind`] for a kind that we do not know, or a fault in the
    /// package's name.
    pub fn read(bytes: &[u8], limits: &Limits) -> Result<Self, StatementFault> {
        if bytes.len() as u64 > limits.statement {
            return Err(StatementFault::Size(limits.statement));
        }
        let body = bytes.strip_prefix(BOM).unwrap_or(bytes);
        if !body.starts_with(FIRST) {
            return Err(StatementFault::NotAStatement);
        }
        if body.len() != bytes.len() {
            return Err(StatementFault::Bom);
        }
        let mut lines = body.splitn(3, |b| *b == b'\n');
        let format = quoted(lines.next(), FIRST).ok_or(StatementFault::NotAStatement)?;
        let (kind, version) = format.split_once('/').ok_or(StatementFault::NotAStatement)?;
        let named = Kind::ALL.into_iter().find(|known| known.as_str() == kind);
        let kind = named.ok_or_else(|| StatementFault::Kind(Shown::new(kind).to_string()))?;
        let plain = version.bytes().all(|b| b.is_ascii_digit()) && !version.starts_with('0');
        let version = version.parse().ok().filter(|_| plain).ok_or(StatementFault::NotAStatement)?;
        let package = quoted(lines.next(), SECOND).ok_or(StatementFault::NotAStatement)?;
        let package = package.parse().map_err(|why| StatementFault::value("package", why))?;
        Ok(Self { kind, version, package })
    }

    /// The package that a statement of any kind is about, also of a kind that we do not know: enough to put it where
    /// it belongs, and not a word more.
    pub fn package_of(bytes: &[u8], limits: &Limits) -> Option<Purl> {
        if bytes.len() as u64 > limits.statement {
            return None;
        }
        let mut lines = bytes.splitn(3, |b| *b == b'\n');
        let (kind, version) = quoted(lines.next(), FIRST)?.split_once('/')?;
        let word = !kind.is_empty() && kind.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
        let number = version.parse::<u32>().is_ok_and(|number| number > 0 && number.to_string() == version);
        quoted(lines.next(), SECOND)?.parse().ok().filter(|_| word && number)
    }
}

/// A kind of statement that signatures can be opened for.
pub trait Statement: Sized {
    /// Parses a statement of this kind.
    ///
    /// # Errors
    /// The first fault.
    fn parse(bytes: &[u8], limits: &Limits) -> Result<Self, StatementFault>;

    /// Whether a good signature by `signer` (a primary fingerprint) counts for this statement at all.
    fn admits(&self, signer: &Fingerprint) -> bool;
}

/// Parses `bytes` as a statement of `kind`, version 1: `make` turns the fields into the statement and its printed form.
///
/// # Errors
/// The first fault, in the order: size, opening line, kind, version, encoding, TOML, fields, canonical form.
pub(crate) fn parse<T>(
    bytes: &[u8],
    kind: Kind,
    limits: &Limits,
    make: impl FnOnce(Fields<'_>) -> Result<(T, String), StatementFault>,
) -> Result<T, StatementFault> {
    let format = check_first_line(bytes, limits)?;
    if format.0 != kind {
        return Err(StatementFault::Kind(format.0.to_string()));
    }
    if format.1 != 1 {
        return Err(StatementFault::Version(format.1));
    }
    let text = check_text(bytes)?;
    let (made, printed) = make(Fields::read(text, limits)?)?;
    if printed != text {
        let same = printed.lines().zip(text.lines()).take_while(|(ours, theirs)| ours == theirs).count();
        return Err(StatementFault::NotCanonical { line: same + 1 });
    }
    Ok(made)
}

/// The kind and version; a statement with a good first line but a bad second one is judged by the strict parse.
fn check_first_line(bytes: &[u8], limits: &Limits) -> Result<(Kind, u32), StatementFault> {
    match Opening::read(bytes, limits) {
        Ok(opening) => Ok((opening.kind, opening.version)),
        Err(StatementFault::NotAStatement | StatementFault::Value { .. }) => {
            let first = bytes.split(|b| *b == b'\n').next();
            let format = quoted(first, FIRST).ok_or(StatementFault::NotAStatement)?;
            let known = |kind: &Kind| format.strip_prefix(kind.as_str()) == Some("/1");
            Kind::ALL.into_iter().find(known).map(|kind| (kind, 1)).ok_or(StatementFault::NotAStatement)
        }
        Err(other) => Err(other),
    }
}

/// What can be said of the bytes before they are TOML.
fn check_text(bytes: &[u8]) -> Result<&str, StatementFault> {
    if bytes.contains(&b'\r') {
        return Err(StatementFault::CarriageReturn);
    }
    let text = str::from_utf8(bytes).map_err(|_| StatementFault::Encoding)?;
    if text.contains('\u{feff}') {
        return Err(StatementFault::Bom);
    }
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(StatementFault::Encoding);
    }
    if !text.ends_with('\n') || text.ends_with("\n\n") {
        return Err(StatementFault::Trailing);
    }
    Ok(text)
}

/// The text between `start` and a closing quote at the end of a line, where nothing in it needs an escape.
fn quoted<'a>(line: Option<&'a [u8]>, start: &[u8]) -> Option<&'a str> {
    let line = line?.strip_prefix(start)?;
    let inner = line.strip_suffix(b"\"").or_else(|| line.strip_suffix(b"\"\r"))?;
    str::from_utf8(inner).ok().filter(|text| !text.contains(['"', '\\']))
}

const BOM: &[u8] = b"\xef\xbb\xbf";
const FIRST: &[u8] = b"countersign = \"";
const SECOND: &[u8] = b"package = \"";

/// Why a file is not a statement that we can use.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StatementFault {
    /// Over the limit of bytes.
    #[error("the statement has over {0} bytes")]
    Size(u64),
    /// A note over its limit of bytes.
    #[error("a free text in the statement has over {0} bytes")]
    Note(usize),
    /// Arrays and tables nested too deep.
    #[error("the statement nests deeper than {0} levels")]
    Nesting(usize),
    /// Not begun by a statement's opening lines, so not ours, whoever signed it.
    #[error("the file does not begin with a statement's opening lines")]
    NotAStatement,
    /// A byte order mark.
    #[error("the statement has a byte order mark; a program put it there, fetch the original")]
    Bom,
    /// A carriage return: something translated the line endings.
    #[error("the statement has a carriage return; its line endings were changed, fetch the original")]
    CarriageReturn,
    /// Not UTF-8, or a control character.
    #[error("the statement is not UTF-8, or has a control character")]
    Encoding,
    /// No final line feed, or bytes behind it.
    #[error("the statement does not end with exactly one line feed")]
    Trailing,
    /// Not TOML.
    #[error("line {line} of the statement is not TOML: {why}")]
    Syntax {
        /// Counted from 1.
        line: usize,
        /// What the parser says, escaped.
        why: String,
    },
    /// A key or table twice.
    #[error("line {line} of the statement gives a key or table twice")]
    DuplicateKey {
        /// Counted from 1.
        line: usize,
    },
    /// A field that the format does not have.
    #[error("the statement has the unknown field `{0}`; a new field needs a new format version")]
    UnknownField(String),
    /// A field that is not there.
    #[error("the statement lacks the field `{0}`")]
    MissingField(&'static str),
    /// A value that cannot stand there.
    #[error("the statement's field `{field}` is refused: {why}")]
    Value {
        /// The field.
        field: &'static str,
        /// What is wrong with it, escaped.
        why: String,
    },
    /// Not what our printer prints.
    #[error("the statement is not in its canonical form, from line {line} on")]
    NotCanonical {
        /// The first line that differs, counted from 1.
        line: usize,
    },
    /// A kind that we do not know, or not the one that belongs here.
    #[error("a statement of the kind `{0}` does not belong here")]
    Kind(String),
    /// A format version that we do not know.
    #[error("the statement has format version {0}; this build reads version 1, so a newer Countersign is needed")]
    Version(u32),
}

impl StatementFault {
    /// The reason code of this fault.
    pub fn code(&self) -> Code {
        match self {
            Self::Size(_) | Self::Note(_) | Self::Nesting(_) => Code::LimitStatement,
            Self::NotAStatement => Code::NotAStatement,
            Self::Bom => Code::StatementBom,
            Self::CarriageReturn => Code::StatementCr,
            Self::Encoding => Code::StatementEncoding,
            Self::Trailing => Code::StatementTrailing,
            Self::Syntax { .. } => Code::StatementSyntax,
            Self::DuplicateKey { .. } => Code::StatementDuplicateKey,
            Self::UnknownField(_) => Code::StatementUnknownField,
            Self::MissingField(_) => Code::StatementMissingField,
            Self::Value { .. } => Code::StatementValue,
            Self::NotCanonical { .. } => Code::StatementNotCanonical,
            Self::Kind(_) => Code::StatementKind,
            Self::Version(_) => Code::StatementVersion,
        }
    }

    /// A refused value; what `why` quotes is escaped here.
    pub(crate) fn value(field: &'static str, why: impl fmt::Display) -> Self {
        Self::Value { field, why: Shown::new(&why.to_string()).to_string() }
    }
}
