//! The words that go on to cargo, as far as we must understand them.

use std::ffi::{OsStr, OsString};

use thiserror::Error;

/// Words for cargo, none of which makes it use what we cannot see.
#[derive(Debug)]
pub(super) struct Words<'a>(&'a [OsString]);

impl<'a> Words<'a> {
    /// Takes the words, but for options by which cargo would build something else than what is verified.
    pub(super) fn new(words: &'a [OsString]) -> Result<Self, WordsUse> {
        let words = Self(words);
        for option in ["--config", "--lockfile-path"] {
            if words.has(option) {
                return Err(WordsUse::Unseen(option));
            }
        }
        for (flag, option) in [('C', "-C"), ('Z', "-Z")] {
            if words.has_flag(flag) {
                return Err(WordsUse::Unseen(option));
            }
        }
        Ok(words)
    }

    /// All of them.
    pub(super) fn all(&self) -> &'a [OsString] {
        self.0
    }

    /// Whether an option is there, with a value or without.
    pub(super) fn has(&self, option: &str) -> bool {
        self.own().any(|word| value_in(word, option).is_some())
    }

    /// Whether a letter is there, alone or among others that take no value.
    pub(super) fn has_flag(&self, flag: char) -> bool {
        self.own().any(|word| flags(word).any(|letter| letter == flag))
    }

    /// The value of an option, `--option VALUE` or `--option=VALUE`.
    pub(super) fn value(&self, option: &str) -> Option<&'a OsStr> {
        let mut words = self.own();
        let found = words.find_map(|word| value_in(word, option))?;
        found.map_or_else(|| words.next().map(OsString::as_os_str), Some)
    }

    /// The package that is named, by `--package` or `-p`.
    pub(super) fn package(&self) -> Option<&'a OsStr> {
        let mut words = self.own();
        let short = words.find_map(|word| word.as_encoded_bytes().strip_prefix(b"-p").map(|rest| (word, rest)));
        match short {
            None => self.value("--package"),
            Some((_, b"")) => words.next().map(OsString::as_os_str),
            Some((word, _)) => {
                let text = word.to_str()?;
                let value = text.strip_prefix("-p")?;
                Some(OsStr::new(value.strip_prefix('=').unwrap_or(value)))
            }
        }
    }

    /// Whether packages are named more than once.
    pub(super) fn names_several(&self) -> bool {
        let is_short = |word: &OsStr| word.as_encoded_bytes().starts_with(b"-p");
        self.own().filter(|word| is_short(word) || value_in(word, "--package").is_some()).count() > 1
    }

    /// The words without an option and its value.
    pub(super) fn without(words: &[OsString], option: &str, takes_value: bool) -> Vec<OsString> {
        let mut left = Vec::new();
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            match value_in(word, option) {
                Some(None) if takes_value => drop(rest.next()),
                Some(_) => {}
                None => left.push(word.clone()),
            }
        }
        left
    }

    /// Cargo's own words: what stands behind `--` is for the program.
    fn own(&self) -> impl Iterator<Item = &'a OsString> + use<'a> {
        self.0.iter().take_while(|word| *word != "--")
    }
}

/// What a word says of an option: nothing, its name alone, or a value with it.
fn value_in<'w>(word: &'w OsStr, option: &str) -> Option<Option<&'w OsStr>> {
    let rest = word.as_encoded_bytes().strip_prefix(option.as_bytes())?;
    match rest.split_first() {
        None => Some(None),
        Some((b'=', _)) => Some(word.to_str().map(|text| OsStr::new(&text[option.len() + 1..]))),
        Some(_) => None,
    }
}

/// The letters of a word such as `-vn`, up to one that takes the rest as its value.
fn flags(word: &OsStr) -> impl Iterator<Item = char> {
    let text = word.to_str().unwrap_or_default();
    let letters = text.strip_prefix('-').filter(|rest| !rest.starts_with('-')).unwrap_or_default();
    let mut ended = false;
    letters.chars().take_while(move |letter| {
        let go = !ended;
        ended |= !WITHOUT_VALUE.contains(*letter);
        go
    })
}

/// Letters of cargo's that take no value.
const WITHOUT_VALUE: &str = "vqhlrn";

/// Why words do not go on to cargo.
#[derive(Debug, Error)]
pub(crate) enum WordsUse {
    #[error("{0} would make cargo use what was not looked at, so it cannot be given here")]
    Unseen(&'static str),
    #[error("a configuration of cargo lies in {0}, below the project, and `verify` does not read it")]
    Configuration(String),
    #[error("{0} is a script, whose lockfile lies elsewhere, and `verify` does not read it")]
    Script(String),
    #[error("cargo would build the project in {0}, and you are not in it")]
    Elsewhere(String),
}

impl WordsUse {
    /// What to do next.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Unseen("-C") => "go to that folder instead",
            Self::Unseen("--lockfile-path") => "leave it out: the Cargo.lock beside the manifest is what is looked at",
            Self::Unseen(_) => "write it into the project's .cargo/config.toml, which is read",
            Self::Configuration(_) => "run it in the project's own folder, or move that configuration there",
            Self::Script(_) => "make a project of it, with a Cargo.toml and a Cargo.lock",
            Self::Elsewhere(_) => "run it there",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<OsString> {
        text.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn what_verify_cannot_see_does_not_go_on() {
        for bad in [
            "--config x=1",
            "--config=x=1",
            "-C dir",
            "-Cdir",
            "-vC dir",
            "-Zbuild-std",
            "-q -vvZ x",
            "--release --lockfile-path x",
        ] {
            assert!(Words::new(&words(bad)).is_err(), "{bad}");
        }
        for good in ["", "--release -v", "-- --config x", "-- -Zx", "-pC", "-FZ", "--configure", "-j4 -- -C", "-p -Fx"]
        {
            assert!(Words::new(&words(good)).is_ok(), "{good}");
        }
    }

    #[test]
    fn options_are_found_in_each_spelling() {
        let value = |text: &str, option: &str| {
            let words = words(text);
            Words(&words).value(option).map(OsStr::to_owned)
        };
        assert_eq!(value("-v --manifest-path a/b c", "--manifest-path"), Some("a/b".into()));
        assert_eq!(value("--manifest-path=a/b", "--manifest-path"), Some("a/b".into()));
        assert_eq!(value("--manifest-paths a", "--manifest-path"), None);
        assert_eq!(value("-- --manifest-path a", "--manifest-path"), None);
        let package = |text: &str| {
            let words = words(text);
            Words(&words).package().map(OsStr::to_owned)
        };
        for text in ["-p a", "-pa", "-p=a", "--package a", "--package=a", "-v -p a --x"] {
            assert_eq!(package(text), Some("a".into()), "{text}");
        }
        assert_eq!(package("-v --locked"), None);
        let several = |text: &str| Words(&words(text)).names_several();
        for text in ["-p a -p b", "-pa --package b", "--package=a -p=b"] {
            assert!(several(text), "{text}");
        }
        assert!(["", "-p a", "--package a -- -p b"].iter().all(|text| !several(text)));
        let dry = |text: &str| {
            let words = words(text);
            Words(&words).has_flag('n') || Words(&words).has("--dry-run")
        };
        assert!(["-n", "-vn", "-nq", "--dry-run"].iter().all(|text| dry(text)));
        assert!(["-pn", "-jn", "--n", "-- -n", ""].iter().all(|text| !dry(text)));
        let all = words("--token x -v --token=y z");
        assert_eq!(Words::without(&all, "--token", true), words("-v z"));
        assert_eq!(Words::without(&all, "-v", false), words("--token x --token=y z"));
    }
}
