//! The words of statements: names that people choose, and the closed lists of words that a format has.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use thiserror::Error;

/// The name of a criterion or of a check: letters, digits and `-`, up to 64.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Word(String);

impl Word {
    /// The word.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Word {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Self, WordError> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        let good = !text.is_empty() && text.len() <= LONGEST && text.bytes().all(plain);
        if good { Ok(Self(text.to_owned())) } else { Err(WordError::Name) }
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Serialize for Word {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// Why a text is not the word that belongs there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WordError {
    /// No name.
    #[error("a name has letters, digits and `-`, up to {LONGEST}")]
    Name,
    /// Not on the list.
    #[error("one of these belongs here: {0}")]
    Listed(&'static str),
}

/// Bytes in a name.
const LONGEST: usize = 64;

/// An enum whose values are the words of a format.
macro_rules! words {
    ($(#[$about:meta])* $name:ident: $all:literal { $($(#[$doc:meta])* $value:ident $word:literal)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
        #[serde(rename_all = "kebab-case")]
        #[expect(clippy::exhaustive_enums, reason = "the words of a format, which does not grow")]
        pub enum $name {
            $($(#[$doc])* $value,)*
        }

        impl $name {
            /// The word in the format.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$value => $word,)*
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = super::word::WordError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok(Self::$value),)*
                    _ => Err(super::word::WordError::Listed($all)),
                }
            }
        }
    };
}

pub(super) use words;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_spelling() {
        for text in ["safe-to-deploy", "a", "X9", &"a".repeat(64)] {
            assert_eq!(text.parse::<Word>().expect(text).to_string(), text);
        }
        for text in ["", " a", "a b", "a_b", "\u{e9}", "a\n", &"a".repeat(65)] {
            assert_eq!(text.parse::<Word>(), Err(WordError::Name), "{text}");
        }
    }
}
