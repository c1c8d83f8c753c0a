//! The name of a file in a package: relative, with `/`, the same on every system.
//!
//! A name is refused where two systems, two tools or two people could read it in two ways. Nothing is repaired.

use std::borrow::{Borrow, Cow};
use std::fmt;

use thiserror::Error;
use unicase::UniCase;
use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::reason::Code;
use crate::shown::Shown;

/// Bytes in one component of a path.
pub const MAX_COMPONENT: usize = 255;
/// Bytes in a path.
pub const MAX_PATH: usize = 1_024;
/// Components of a path.
pub const MAX_LEVELS: usize = 64;

/// A relative path that reads in one way only.
///
/// Made by [`PackagePath::parse`] alone. Orders by its bytes, as tree texts do.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PackagePath(Box<str>);

impl PackagePath {
    /// Reads a path as it stands in a tree, a tree text or an archive.
    ///
    /// # Errors
    /// The first rule that the name breaks.
    pub fn parse(bytes: &[u8]) -> Result<Self, PathFault> {
        let text = check_text(bytes)?;
        if has_drive(text) {
            return Err(PathFault::Traversal("begins with a drive letter"));
        }
        if text.contains('\\') {
            return Err(PathFault::Traversal("has a `\\`"));
        }
        if text.len() > MAX_PATH {
            return Err(PathFault::Limit { what: "more bytes", most: MAX_PATH });
        }
        if text.split('/').count() > MAX_LEVELS {
            return Err(PathFault::Limit { what: "more levels", most: MAX_LEVELS });
        }
        if text.starts_with('/') {
            return Err(PathFault::Traversal("begins with a `/`"));
        }
        text.split('/').try_for_each(check_component)?;
        if !is_nfc(text) {
            return Err(PathFault::Nfc(text.nfc().collect()));
        }
        Ok(Self(text.into()))
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Why Windows could not hold a file of this name, if so.
    pub fn unportable(&self) -> Option<&'static str> {
        self.0.split('/').find_map(unportable_component)
    }
}

/// A path orders and compares as its text does.
impl Borrow<str> for PackagePath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PackagePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Shown::new(self.as_str()).fmt(f)
    }
}

impl fmt::Debug for PackagePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Shown::new(self.as_str()).fmt(f)
    }
}

/// Which rule a name breaks.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PathFault {
    /// It leaves the tree, or does not say plainly where in the tree it is.
    #[error("the name {0}")]
    Traversal(&'static str),
    /// A control character, U+2028 or U+2029.
    #[error("the name has the control character U+{0:04X}")]
    Control(u32),
    /// A character that hides, or turns text around.
    #[error("the name has the invisible character U+{0:04X}")]
    Hidden(u32),
    /// Not UTF-8.
    #[error("the name is not UTF-8")]
    Encoding,
    /// Not in NFC; the NFC form.
    #[error("the name is not in Unicode's NFC, which looks like it but has other bytes: `{}`", Shown::new(.0))]
    Nfc(String),
    /// A name that git, on some system, takes for its own folder.
    #[error("git takes the name for its own `.git` folder on some systems")]
    Git,
    /// Too long, or too deep.
    #[error("the name has {what} than {most}")]
    Limit {
        /// Of what there is more.
        what: &'static str,
        /// Than there may be.
        most: usize,
    },
}

impl PathFault {
    /// The reason code of this fault.
    pub fn code(&self) -> Code {
        match self {
            Self::Traversal(_) => Code::PathTraversal,
            Self::Control(_) => Code::PathControl,
            Self::Hidden(_) => Code::PathHidden,
            Self::Encoding => Code::PathEncoding,
            Self::Nfc(_) => Code::PathNfc,
            Self::Git => Code::PathGit,
            Self::Limit { .. } => Code::PathLimit,
        }
    }
}

/// Checks one component by itself, as a directory listing has it.
///
/// # Errors
/// As [`PackagePath::parse`]; a `/` inside is [`PathFault::Traversal`].
pub fn check_name(bytes: &[u8]) -> Result<&str, PathFault> {
    let text = check_text(bytes)?;
    if text.contains('/') {
        return Err(PathFault::Traversal("has a `/`"));
    }
    if text.contains('\\') {
        return Err(PathFault::Traversal("has a `\\`"));
    }
    check_component(text)?;
    if !is_nfc(text) {
        return Err(PathFault::Nfc(text.nfc().collect()));
    }
    Ok(text)
}

/// The form under which two names of one directory are the same file on some system: NFC, full case folding, and
/// without trailing dots and spaces.
pub fn collision_key(component: &str) -> Cow<'_, str> {
    let bare = component.trim_end_matches(['.', ' ']);
    if !bare.bytes().any(|b| b >= 0x80 || b.is_ascii_uppercase()) {
        return Cow::Borrowed(bare);
    }
    if bare.is_ascii() {
        return Cow::Owned(bare.to_ascii_lowercase());
    }
    let folded: String = UniCase::unicode(bare.nfd().collect::<String>()).to_folded_case();
    Cow::Owned(folded.nfd().collect::<String>().nfc().collect())
}

/// Whether a component is `name` (given in lower case) in any spelling that some system takes for it: other case,
/// invisible characters inside, trailing dots and spaces, a stream behind a colon.
pub fn is_spelling_of(component: &str, name: &str) -> bool {
    let seen: String = component.chars().filter(|c| !is_ignorable(*c)).collect();
    let bare = seen.split(':').next().unwrap_or_default();
    collision_key(bare) == name
}

/// Encoding, and characters that no name may have.
fn check_text(bytes: &[u8]) -> Result<&str, PathFault> {
    let text = str::from_utf8(bytes).map_err(|_| PathFault::Encoding)?;
    let control = |c: &char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    match text.chars().find(control) {
        Some(c) => Err(PathFault::Control(c.into())),
        None => Ok(text),
    }
}

fn check_component(component: &str) -> Result<(), PathFault> {
    match component {
        "" => return Err(PathFault::Traversal("is empty, or has two `/` in a row or one at its end")),
        "." => return Err(PathFault::Traversal("has a component `.`")),
        ".." => return Err(PathFault::Traversal("has a component `..`")),
        _ => {}
    }
    if component.len() > MAX_COMPONENT {
        return Err(PathFault::Limit { what: "a component of more bytes", most: MAX_COMPONENT });
    }
    if is_git(component) {
        return Err(PathFault::Git);
    }
    match component.chars().find(|c| is_hidden(*c)) {
        Some(c) => Err(PathFault::Hidden(c.into())),
        None => Ok(()),
    }
}

/// `.git` in every spelling, and the short names that Windows gives it.
fn is_git(component: &str) -> bool {
    if component.is_ascii() && !component.as_bytes().iter().take(2).any(|b| matches!(b, b'.' | b'g' | b'G')) {
        return false;
    }
    let seen: String = component.chars().filter(|c| !is_ignorable(*c)).collect();
    is_spelling_of(&seen, ".git") || is_short_git(&collision_key(seen.split(':').next().unwrap_or_default()))
}

/// The 8.3 names `git~1` and, where those are taken, `gi` with four hex digits, `~` and a digit.
fn is_short_git(folded: &str) -> bool {
    let Some((stem, number)) = folded.split_once('~') else { return false };
    let hashed = |stem: &str| {
        stem.strip_prefix("gi").is_some_and(|hex| hex.len() == 4 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) && (stem == "git" || hashed(stem))
}

fn has_drive(text: &str) -> bool {
    matches!(text.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic())
}

/// Characters that are refused in names because nobody sees them, or because they turn the line around.
fn is_hidden(character: char) -> bool {
    matches!(character,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Characters that some file system drops when it compares names.
fn is_ignorable(character: char) -> bool {
    is_hidden(character) || matches!(character, '\u{ad}' | '\u{34f}')
}

fn unportable_component(component: &str) -> Option<&'static str> {
    if component.contains(['<', '>', ':', '"', '|', '?', '*']) {
        return Some("one of < > : \" | ? *");
    }
    if component.ends_with(['.', ' ']) {
        return Some("a component that ends in a dot or a space");
    }
    let stem = component.split('.').next().unwrap_or_default().trim_end_matches(' ').to_uppercase();
    let numbered = |prefix: &str| {
        let digit = stem.strip_prefix(prefix);
        digit.is_some_and(|d| matches!(d, "¹" | "²" | "³") || (d.len() == 1 && d.as_bytes()[0].is_ascii_digit()))
    };
    let device = matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$");
    (device || numbered("COM") || numbered("LPT")).then_some("the name of a device")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(bytes: impl AsRef<[u8]>) -> &'static str {
        match PackagePath::parse(bytes.as_ref()) {
            Ok(_) => "good",
            Err(fault) => fault.code().as_str(),
        }
    }

    #[test]
    fn ordinary_names_are_good() {
        let names = [
            "a",
            "src/lib.rs",
            "src/ünï/é.jl",
            "日本/ファイル",
            ".gitignore",
            ".github/x",
            "hello.",
            "a b",
            "con",
            "git",
            "gitx~1",
            "ab:c/d",
            "x..y",
            "...",
            ".gi",
            "½",
        ];
        for name in names {
            assert_eq!(fault(name), "good", "{name}");
        }
    }

    #[test]
    fn each_rule_has_its_code() {
        let traversal = ["", ".", "..", "/a", "a//b", "a/", "a/./b", "a/../b", "a\\b", "C:x", "c:/x", "\\\\host\\x"];
        let git = [
            ".git",
            "a/.git/b",
            ".GIT",
            ".Git ",
            ".git.",
            ".git. .",
            "git~1",
            "GIT~2/x",
            ".git::$INDEX_ALLOCATION",
            ".g\u{200c}it",
            ".g\u{ad}it",
            "gi7eba~1",
            "\u{feff}.git",
            "\u{200b}git~1",
        ];
        for name in traversal {
            assert_eq!(fault(name), "path-traversal", "{name:?}");
        }
        for name in git {
            assert_eq!(fault(name), "path-git", "{name:?}");
        }
        for name in ["a\0", "a\nb", "a\rb", "\u{1b}[0m", "a\u{7f}", "a\u{85}", "a\u{2028}b", "\u{2029}"] {
            assert_eq!(fault(name), "path-control", "{name:?}");
        }
        for name in ["\u{200b}", "\u{2060}b", "a\u{202e}b", "\u{2066}", "a\u{200d}", "\u{206a}", "\u{feff}a"] {
            assert_eq!(fault(name), "path-hidden", "{name:?}");
        }
        assert_eq!(fault(b"a\xff"), "path-encoding");
        assert_eq!(fault("e\u{301}"), "path-nfc");
        assert_eq!(PackagePath::parse("e\u{301}".as_bytes()), Err(PathFault::Nfc("é".into())));
    }

    #[test]
    fn limits_hold_at_their_edges() {
        assert_eq!(fault("a".repeat(255)), "good");
        assert_eq!(fault("a".repeat(256)), "path-limit");
        assert_eq!(fault(["a"; 64].join("/")), "good");
        assert_eq!(fault(["a"; 65].join("/")), "path-limit");
        let long = ["a".repeat(255).as_str(); 4].join("/");
        assert_eq!(long.len(), 1_023);
        assert_eq!(fault(format!("{long}/")), "path-traversal");
        assert_eq!(fault(format!("b/{long}")), "path-limit");
    }

    #[test]
    fn windows_cannot_hold_some() {
        let bad =
            ["CON", "nul.txt", "a/Aux .h", "com1", "LPT9.x.y", "COM¹", "conin$", "hello.", "a /b", "ab:c", "x?y", "*"];
        for name in bad {
            assert!(PackagePath::parse(name.as_bytes()).expect("a good path").unportable().is_some(), "{name}");
        }
        for name in ["con1", "console", "com", "com10", "nul_", "a.con"] {
            assert!(PackagePath::parse(name.as_bytes()).expect("a good path").unportable().is_none(), "{name}");
        }
    }

    #[test]
    fn colliding_names_share_a_key() {
        for (a, b) in [("README", "readme"), ("Straße", "STRASSE"), ("É", "é"), ("a. .", "A"), ("ﬁ", "FI"), ("ς", "Σ")]
        {
            assert_eq!(collision_key(a), collision_key(b), "{a} {b}");
        }
        for (a, b) in [("a", "b"), ("a.b", "ab"), ("é", "e"), (" a", "a")] {
            assert_ne!(collision_key(a), collision_key(b), "{a} {b}");
        }
    }

    #[test]
    fn spellings_of_our_own_folder_are_known() {
        for name in
            [".countersign", ".Countersign", ".COUNTERSIGN.", ".countersign ", ".counter\u{200d}sign", ".countersign:x"]
        {
            assert!(is_spelling_of(name, ".countersign"), "{name}");
        }
        assert!(!is_spelling_of("countersign", ".countersign"));
    }
}
