//! What the lock and the user's state share: the two lines above their content, and how damage is noticed.
//!
//! The second line is the digest of all that follows. Whoever merges two versions line by line has to choose one of two
//! digests, and neither is that of the result; so it is noticed, and the way out is told.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::str::FromStr;

use thiserror::Error;
use toml::value::Offset;
use toml::{Table, Value};

use crate::digest::Digest;
use crate::reason::{Answer, Code, Reason};
use crate::shown::Shown;
use crate::time::Timestamp;

/// Puts the two lines above a text.
pub(crate) fn seal(kind: &str, content: &str) -> String {
    format!("countersign = \"{kind}/1\"\ndigest = \"{}\"\n{content}", Digest::of(content.as_bytes()))
}

/// Takes the two lines off a file.
pub(crate) fn unseal<'b>(kind: &'static str, bytes: &'b [u8], limit: u64) -> Result<&'b str, MemoryFault> {
    if bytes.len() as u64 > limit {
        return Err(MemoryFault::TooLarge(limit));
    }
    let text = str::from_utf8(bytes).map_err(|_| MemoryFault::Encoding)?;
    let marker = |line: &str| MARKERS.iter().any(|marker| line.starts_with(marker)) || line == "=======";
    if let Some(place) = text.lines().position(marker) {
        return Err(MemoryFault::Conflict { line: place + 1 });
    }
    let Some((first, rest)) = text.split_once('\n') else { return Err(MemoryFault::NotOurs(kind)) };
    if first != format!("countersign = \"{kind}/1\"") {
        let version = first.strip_prefix(&format!("countersign = \"{kind}/")).and_then(|rest| rest.strip_suffix('"'));
        let version = version.and_then(|version| version.parse().ok()).filter(|version| *version > 1);
        return Err(version.map_or(MemoryFault::NotOurs(kind), MemoryFault::Version));
    }
    let Some((second, content)) = rest.split_once('\n') else { return Err(MemoryFault::Altered) };
    let told = second.strip_prefix("digest = \"").and_then(|rest| rest.strip_suffix('"'));
    match told.and_then(|told| told.parse::<Digest>().ok()) {
        Some(digest) if digest == Digest::of(content.as_bytes()) => Ok(content),
        _ => Err(MemoryFault::Altered),
    }
}

/// Makes sure that a content is what our printer prints, line by line.
pub(crate) fn same(content: &str, printed: &str) -> Result<(), MemoryFault> {
    if content == printed {
        return Ok(());
    }
    let same = content.split('\n').zip(printed.split('\n')).take_while(|(a, b)| a == b).count();
    Err(MemoryFault::NotCanonical { line: same + FIRST_LINE })
}

/// The tables of a content.
#[derive(Debug)]
pub(crate) struct Content(Table);

impl Content {
    pub(crate) fn parse(content: &str) -> Result<Self, MemoryFault> {
        content.parse().map(Self).map_err(|error: toml::de::Error| MemoryFault::Content {
            place: "the file".to_owned(),
            why: Shown::new(error.message()).to_string(),
        })
    }

    /// Takes all tables of one name.
    pub(crate) fn entries(&mut self, name: &'static str) -> Result<Vec<Entry>, MemoryFault> {
        let entry = |(place, value)| match value {
            Value::Table(table) => Ok(Entry { place: format!("[[{name}]] number {}", place + 1), table }),
            _ => Err(MemoryFault::content(name, "not a table")),
        };
        match self.0.remove(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(values)) => values.into_iter().enumerate().map(entry).collect(),
            Some(_) => Err(MemoryFault::content(name, "not a list of tables")),
        }
    }

    /// What stands above the first table.
    pub(crate) fn top(self) -> Entry {
        Entry { place: "the file".to_owned(), table: self.0 }
    }
}

/// The keys of one table that nobody has taken yet.
#[derive(Debug)]
pub(crate) struct Entry {
    place: String,
    table: Table,
}

impl Entry {
    /// Whether a key is there.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// A string that must be there.
    pub(crate) fn needed<T: FromStr<Err: Display>>(&mut self, key: &str) -> Result<T, MemoryFault> {
        let found = self.perhaps(key)?;
        found.ok_or_else(|| self.fault(format!("`{key}` is missing")))
    }

    /// A string that may be there.
    pub(crate) fn perhaps<T: FromStr<Err: Display>>(&mut self, key: &str) -> Result<Option<T>, MemoryFault> {
        match self.table.remove(key) {
            None => Ok(None),
            Some(Value::String(text)) => match text.parse() {
                Ok(value) => Ok(Some(value)),
                Err(why) => Err(self.fault(format!("`{key}`: {}", T::Err::to_string(&why)))),
            },
            Some(_) => Err(self.fault(format!("`{key}` is not a string"))),
        }
    }

    /// A set of strings; empty where it is absent.
    pub(crate) fn set<T: FromStr<Err: Display> + Ord>(&mut self, key: &str) -> Result<BTreeSet<T>, MemoryFault> {
        let values = match self.table.remove(key) {
            None => return Ok(BTreeSet::new()),
            Some(Value::Array(values)) => values,
            Some(_) => return Err(self.fault(format!("`{key}` is not a list"))),
        };
        let parsed = values.into_iter().map(|value| match value {
            Value::String(text) => {
                text.parse().map_err(|why| self.fault(format!("`{key}`: {}", T::Err::to_string(&why))))
            }
            _ => Err(self.fault(format!("`{key}` is not a list of strings"))),
        });
        parsed.collect()
    }

    /// A time in UTC and whole seconds that must be there.
    pub(crate) fn time(&mut self, key: &str) -> Result<Timestamp, MemoryFault> {
        match self.table.remove(key) {
            Some(Value::Datetime(time)) if time.offset == Some(Offset::Z) => {
                time.to_string().parse().map_err(|why| self.fault(format!("`{key}`: {why}")))
            }
            _ => Err(self.fault(format!("`{key}` is not a time in UTC"))),
        }
    }

    /// Refuses whatever is left.
    pub(crate) fn end(self) -> Result<(), MemoryFault> {
        match self.table.keys().next() {
            Some(key) => Err(self.fault(format!("`{}` is unknown", Shown::new(key)))),
            None => Ok(()),
        }
    }

    pub(crate) fn fault(&self, why: impl Into<String>) -> MemoryFault {
        MemoryFault::Content { place: self.place.clone(), why: why.into() }
    }
}

/// Why a lock or state file cannot be believed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MemoryFault {
    /// Over the limit of bytes.
    #[error("it has over {0} bytes")]
    TooLarge(u64),
    /// Not UTF-8.
    #[error("it is not UTF-8")]
    Encoding,
    /// The marks of a merge that nobody finished.
    #[error("line {line} is the mark of a conflict that a merge left behind")]
    Conflict {
        /// Counted from 1.
        line: usize,
    },
    /// Another file, or one that was cut short.
    #[error("it does not begin as a {0} file does")]
    NotOurs(&'static str),
    /// A format version that we do not know.
    #[error("it has format version {0}; this build reads version 1, so a newer Countersign is needed")]
    Version(u32),
    /// Its content is not what was written.
    #[error("its content has not the digest that its second line tells: it was edited, merged by hand, or cut short")]
    Altered,
    /// It says what it cannot say.
    #[error("{place}: {why}")]
    Content {
        /// Which table.
        place: String,
        /// What is wrong with it, escaped.
        why: String,
    },
    /// Not as our printer prints it.
    #[error("it is not in its canonical form, from line {line} on")]
    NotCanonical {
        /// The first line that differs, counted from 1.
        line: usize,
    },
}

impl MemoryFault {
    /// The reason code.
    pub fn code(&self) -> Code {
        match self {
            Self::Version(_) => Code::StateVersion,
            _ => Code::StateDamaged,
        }
    }

    /// What to do.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Version(_) => "use the Countersign that wrote it, or a newer one",
            Self::Conflict { .. } => {
                "take one side of the merge as a whole (`git checkout --ours` or `--theirs`, and the file), then run \
                 `countersign accept` to bring in the other"
            }
            Self::Altered => {
                "restore it from version control or a backup; after a merge take one side as a whole (`git checkout \
                 --ours` or `--theirs`, and the file), then run `countersign accept` to bring in the other"
            }
            _ => "restore it from version control or a backup; without it every package is a first contact again",
        }
    }

    /// The fault as a reason, at a file: no verdict is possible.
    pub fn reason(&self, file: &str) -> Reason {
        let message = match self {
            Self::Version(_) => self.to_string(),
            _ => format!("the file is damaged: {self}"),
        };
        Reason::new(self.code(), Answer::CannotTell, message).at(file).step(self.hint())
    }

    pub(crate) fn content(place: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Content { place: place.into(), why: why.into() }
    }
}

/// How the lines begin that git puts around a conflict.
const MARKERS: [&str; 3] = ["<<<<<<< ", "||||||| ", ">>>>>>> "];
/// The line on which the content begins.
const FIRST_LINE: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    fn code(bytes: &[u8]) -> &'static str {
        unseal("lock", bytes, 1_000).err().map_or("good", |fault| fault.code().as_str())
    }

    #[test]
    fn what_was_sealed_comes_out_and_nothing_else() {
        let sealed = seal("lock", "\n[[package]]\n");
        assert_eq!(unseal("lock", sealed.as_bytes(), 1_000), Ok("\n[[package]]\n"));
        for place in 0..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[place] ^= 1;
            assert!(["state-damaged", "state-version"].contains(&code(&changed)), "{place}");
            assert_eq!(code(&sealed.as_bytes()[..place]), "state-damaged", "{place}");
        }
        assert_eq!(code(format!("{sealed}\n").as_bytes()), "state-damaged");
        assert_eq!(code(sealed.replace('\n', "\r\n").as_bytes()), "state-damaged");
        assert_eq!(code(b"\xff"), "state-damaged");
        assert_eq!(code(seal("lock", &"x".repeat(1_000)).as_bytes()), "state-damaged");
        assert_eq!(code(seal("state", "").as_bytes()), "state-damaged");
        assert_eq!(code(sealed.replace("lock/1", "lock/2").as_bytes()), "state-version");
        assert_eq!(code(sealed.replace("lock/1", "lock/0").as_bytes()), "state-damaged");
    }

    #[test]
    fn the_marks_of_a_merge_are_named() {
        let sealed = seal("lock", "a\n");
        let merged = format!("<<<<<<< ours\n{sealed}=======\n{sealed}>>>>>>> theirs\n");
        assert_eq!(unseal("lock", merged.as_bytes(), 1_000), Err(MemoryFault::Conflict { line: 1 }));
        let inside = sealed.replace("a\n", "a\n=======\nb\n");
        assert_eq!(unseal("lock", inside.as_bytes(), 1_000), Err(MemoryFault::Conflict { line: 4 }));
    }
}
