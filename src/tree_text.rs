//! The tree text: the one canonical form of what a directory tree holds, whose SHA-256 is the tree's digest.
//!
//! ```text
//! countersign-tree/1
//! f 1432 <sha256 hex> Cargo.toml
//! x 88 <sha256 hex> bin/run
//! ```
//!
//! One entry a line, sorted by the bytes of the path, LF only. Whether a directory is like that is not known here.

use std::fmt;

use thiserror::Error;

use crate::digest::{Digest, Hasher};
use crate::limits::Limits;
use crate::path::{PackagePath, PathFault, is_spelling_of};
use crate::reason::Code;
use crate::shown::Shown;

mod changes;
mod collision;

pub use changes::Changes;
pub(crate) use collision::{Collision, collisions};

/// The first line of every tree text.
pub const HEADER: &str = "countersign-tree/1";

/// The folder at the top of a package in which its evidence lies. It is no part of the tree.
pub const EVIDENCE_FOLDER: &str = ".countersign";

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "a further kind would be a further version of the format")]
pub enum Kind {
    /// `f`, a file that nobody may execute.
    File,
    /// `x`, a file that somebody may execute.
    Executable,
    /// `l`, a symbolic link; its size and digest are those of the target's text.
    Link,
}

impl Kind {
    /// The letter that begins the line.
    pub const fn letter(self) -> char {
        match self {
            Self::File => 'f',
            Self::Executable => 'x',
            Self::Link => 'l',
        }
    }
}

/// One file of a tree: a line of the tree text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a further field would be a further version of the format")]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// Bytes of its content.
    pub size: u64,
    /// The digest of its content.
    pub digest: Digest,
    /// Where it is.
    pub path: PackagePath,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.kind.letter(), self.size, self.digest.hex(), self.path.as_str())
    }
}

/// A valid tree text: sorted, nothing twice, no two names that are one on some system, within the limits.
///
/// It says nothing about a directory, and nothing about who wrote it.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct TreeText {
    entries: Vec<Entry>,
    bytes: u64,
}

impl TreeText {
    /// Reads a tree text. What it accepts prints as the same bytes.
    ///
    /// # Errors
    /// The first rule that the text breaks, with the line.
    pub fn parse(text: &[u8], limits: &Limits) -> Result<Self, TreeTextError> {
        if text.len() as u64 > limits.tree_text {
            return Err(TreeTextError::Limit(LimitFault::Text(limits.tree_text)));
        }
        if let Some(at) = text.iter().position(|b| *b == b'\r') {
            return Err(TreeTextError::CarriageReturn(text[..at].split(|b| *b == b'\n').count()));
        }
        let lines = text.strip_suffix(b"\n").ok_or(TreeTextError::FinalLineFeed)?;
        let mut lines = lines.split(|b| *b == b'\n');
        if lines.next() != Some(HEADER.as_bytes()) {
            return Err(TreeTextError::Header);
        }
        let mut entries = Vec::new();
        for (line, text) in (2..).zip(lines) {
            if entries.len() == limits.files as usize {
                return Err(TreeTextError::Limit(LimitFault::Files(limits.files)));
            }
            entries.push(parse_line(line, text)?);
        }
        Self::check(entries, limits)
    }

    /// Makes a tree text of entries in any order.
    ///
    /// # Errors
    /// The first rule that the entries break, with the line on which it would stand.
    pub fn from_entries(mut entries: Vec<Entry>, limits: &Limits) -> Result<Self, TreeTextError> {
        entries.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Self::check(entries, limits)
    }

    /// The entries, sorted by the bytes of their paths.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How many entries there are.
    pub fn files(&self) -> u64 {
        self.entries.len() as u64
    }

    /// The sizes of all entries together.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The entry of this path.
    pub fn find(&self, path: &PackagePath) -> Option<&Entry> {
        let place = self.entries.binary_search_by(|entry| entry.path.cmp(path)).ok()?;
        self.entries.get(place)
    }

    /// The tree digest: the SHA-256 of the text.
    pub fn digest(&self) -> Digest {
        let mut hashing = Hashing(Hasher::default());
        // `Hashing` takes everything, and no `Display` below fails by itself.
        let printed = fmt::write(&mut hashing, format_args!("{self}"));
        debug_assert!(printed.is_ok());
        hashing.0.finish()
    }

    /// What became of `previous` on the way to this tree.
    pub fn changes_since<'a>(&'a self, previous: &'a Self) -> Changes<'a> {
        Changes::between(previous, self)
    }

    /// The one check that every tree text goes through, read or measured.
    fn check(entries: Vec<Entry>, limits: &Limits) -> Result<Self, TreeTextError> {
        if entries.len() as u64 > limits.files {
            return Err(TreeTextError::Limit(LimitFault::Files(limits.files)));
        }
        let mut bytes = 0_u64;
        for (line, entry) in (2..).zip(&entries) {
            if entry.size > limits.file {
                return Err(TreeTextError::Limit(LimitFault::File(limits.file, entry.path.clone())));
            }
            bytes = bytes.saturating_add(entry.size);
            if entry.path.as_str().split('/').any(is_evidence_name) {
                return Err(TreeTextError::Evidence(line));
            }
        }
        if bytes > limits.tree {
            return Err(TreeTextError::Limit(LimitFault::Tree(limits.tree)));
        }
        if let Some(place) = entries.windows(2).position(|pair| pair[0].path >= pair[1].path) {
            return Err(TreeTextError::Order(place + 3));
        }
        if let Some(Collision { place, one, other }) = collisions(entries.iter().map(|entry| &entry.path)).next() {
            return Err(TreeTextError::Collision { line: place + 2, one: one.to_owned(), other: other.to_owned() });
        }
        Ok(Self { entries, bytes })
    }
}

impl fmt::Display for TreeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        self.entries.iter().try_for_each(|entry| writeln!(f, "{entry}"))
    }
}

impl fmt::Debug for TreeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.entries).finish()
    }
}

/// Why a text is no tree text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TreeTextError {
    /// The first line is another.
    #[error("line 1 is not `{HEADER}`")]
    Header,
    /// There is a carriage return.
    #[error("line {0} has a carriage return")]
    CarriageReturn(usize),
    /// The last line does not end.
    #[error("the last line does not end in a line feed")]
    FinalLineFeed,
    /// A line is not an entry.
    #[error("line {0} is not `f`, `x` or `l`, a size, 64 hex digits and a path, with one space between them")]
    Syntax(usize),
    /// A path is not after the one before.
    #[error("line {0} is not after the line before, in the order of the path's bytes")]
    Order(usize),
    /// A path breaks a rule for names.
    #[error("line {line}: {fault}")]
    Path {
        /// The line.
        line: usize,
        /// The rule.
        fault: PathFault,
    },
    /// Two paths are one on some system.
    #[error("line {line}: `{}` and `{}` are one file on some systems", Shown::new(.one), Shown::new(.other))]
    Collision {
        /// The line of the second.
        line: usize,
        /// The first: a file or a directory.
        one: String,
        /// The second: a file or a directory.
        other: String,
    },
    /// A path in the folder of evidence.
    #[error("line {0}: `{EVIDENCE_FOLDER}` holds evidence, and is never part of a tree")]
    Evidence(usize),
    /// Over a limit.
    #[error("{0}")]
    Limit(LimitFault),
}

impl TreeTextError {
    /// The reason code of this error.
    pub fn code(&self) -> Code {
        match self {
            Self::Header | Self::CarriageReturn(_) | Self::FinalLineFeed | Self::Syntax(_) => Code::TreeSyntax,
            Self::Order(_) => Code::TreeOrder,
            Self::Path { fault, .. } => fault.code(),
            Self::Collision { .. } => Code::PathCollision,
            Self::Evidence(_) => Code::EvidenceUnknownFile,
            Self::Limit(_) => Code::LimitTree,
        }
    }
}

/// Which limit a tree is over. The code is `limit-tree`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LimitFault {
    /// The tree text itself.
    #[error("the tree text is over the limit of {0} bytes")]
    Text(u64),
    /// The number of files, or of directories.
    #[error("the tree has more than {0} files or directories")]
    Files(u64),
    /// One file.
    #[error("`{1}` is over the limit of {0} bytes for one file")]
    File(u64, PackagePath),
    /// All files together.
    #[error("the files together are over the limit of {0} bytes for one tree")]
    Tree(u64),
}

/// Whether a name is that of the evidence folder, in any spelling.
pub(crate) fn is_evidence_name(name: &str) -> bool {
    (name.starts_with('.') || !name.is_ascii()) && is_spelling_of(name, EVIDENCE_FOLDER)
}

struct Hashing(Hasher);

impl fmt::Write for Hashing {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.update(text.as_bytes());
        Ok(())
    }
}

fn parse_line(line: usize, text: &[u8]) -> Result<Entry, TreeTextError> {
    let syntax = || TreeTextError::Syntax(line);
    let mut fields = text.splitn(4, |b| *b == b' ');
    let mut field = || fields.next().ok_or_else(syntax);
    let kind = match field()? {
        b"f" => Kind::File,
        b"x" => Kind::Executable,
        b"l" => Kind::Link,
        _ => return Err(syntax()),
    };
    let digits = str::from_utf8(field()?).map_err(|_| syntax())?;
    let size: u64 = digits.parse().map_err(|_| syntax())?;
    if size.to_string() != digits {
        return Err(syntax());
    }
    let digest = str::from_utf8(field()?).ok().and_then(|hex| Digest::from_hex(hex).ok()).ok_or_else(syntax)?;
    let path = field()?;
    if path.is_empty() {
        return Err(syntax());
    }
    let path = PackagePath::parse(path).map_err(|fault| TreeTextError::Path { line, fault })?;
    Ok(Entry { kind, size, digest, path })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    /// The text with these lines, where `#` stands for a digest.
    fn text(lines: &[&str]) -> String {
        let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
        format!("{HEADER}\n{}", lines.replace('#', HEX))
    }

    fn code(text: impl AsRef<[u8]>) -> &'static str {
        match TreeText::parse(text.as_ref(), &Limits::default()) {
            Ok(tree) => {
                assert_eq!(tree.to_string().as_bytes(), text.as_ref());
                assert_eq!(tree.digest(), Digest::of(text.as_ref()));
                "good"
            }
            Err(error) => error.code().as_str(),
        }
    }

    #[test]
    fn good_texts_print_as_they_were() {
        assert_eq!(code(text(&[])), "good");
        assert_eq!(code(text(&["f 0 # a", "x 10 # b/c d", "l 1 # b/ü"])), "good");
        assert_eq!(code(text(&["f 1 # a", "f 1 # a-b", "f 1 # a.b", "f 1 # b/a", "f 1 # b/b"])), "good");
    }

    #[test]
    fn every_other_spelling_is_refused() {
        let good = text(&["f 0 # a"]);
        assert_eq!(code(&good), "good");
        for line in [
            "",
            "f 00 # a",
            "f +0 # a",
            "f 01 # a",
            "f  0 # a",
            " f 0 # a",
            "F 0 # a",
            "d 0 # a",
            "f 0 #",
            "f 0 # ",
            "f -1 # a",
            "f 0 #0 a",
            "f 18446744073709551616 # a",
            "f 0\t# a",
        ] {
            assert_eq!(code(text(&[line])), "tree-syntax", "{line:?}");
        }
        assert_eq!(code(good.to_uppercase()), "tree-syntax");
        assert_eq!(code(good.replace(HEX, &HEX.to_uppercase())), "tree-syntax");
        assert_eq!(code(good.trim_end()), "tree-syntax");
        assert_eq!(code(good.replace('\n', "\r\n")), "tree-syntax");
        assert_eq!(code(format!("{good}\n")), "tree-syntax");
        assert_eq!(code(format!("\u{feff}{good}")), "tree-syntax");
        assert_eq!(code(good.replace("/1", "/2")), "tree-syntax");
        assert_eq!(code(""), "tree-syntax");
        assert_eq!(code(HEADER), "tree-syntax");
    }

    #[test]
    fn order_and_names_have_their_own_codes() {
        for (lines, expected) in [
            (["f 0 # a", "f 0 # b"], "good"),
            (["f 0 # b", "f 0 # a"], "tree-order"),
            (["f 0 # a", "f 0 # a"], "tree-order"),
            (["f 0 # A", "f 0 # a"], "path-collision"),
            (["f 0 # a", "f 0 # a/b"], "path-collision"),
            (["f 0 # A/x", "f 0 # a/y"], "path-collision"),
            (["f 0 # a", "f 0 # b/../c"], "path-traversal"),
            (["f 0 # a", "f 0 # e\u{301}"], "path-nfc"),
            (["f 0 # .git/config", "f 0 # a"], "path-git"),
            (["f 0 # .countersign/tree", "f 0 # a"], "evidence-unknown-file"),
            (["f 0 # a", "f 0 # b/.Countersign/tree"], "evidence-unknown-file"),
        ] {
            assert_eq!(code(text(&lines)), expected, "{lines:?}");
        }
        let error = TreeText::parse(text(&["f 0 # b", "f 0 # a"]).as_bytes(), &Limits::default());
        assert_eq!(error, Err(TreeTextError::Order(3)));
    }

    #[test]
    fn limits_hold_at_their_edges() {
        let bytes = text(&["f 2 # a", "f 3 # b"]);
        let mut limits = Limits::default();
        (limits.file, limits.tree, limits.files, limits.tree_text) = (3, 5, 2, bytes.len() as u64);
        let parse = |limits: &Limits| TreeText::parse(bytes.as_bytes(), limits).map(drop);
        assert_eq!(parse(&limits), Ok(()));
        let b = PackagePath::parse(b"b").expect("a path");
        let over = |fault| Err(TreeTextError::Limit(fault));
        assert_eq!(parse(&Limits { file: 2, ..limits.clone() }), over(LimitFault::File(2, b)));
        assert_eq!(parse(&Limits { tree: 4, ..limits.clone() }), over(LimitFault::Tree(4)));
        assert_eq!(parse(&Limits { files: 1, ..limits.clone() }), over(LimitFault::Files(1)));
        let short = limits.tree_text - 1;
        assert_eq!(parse(&Limits { tree_text: short, ..limits }), over(LimitFault::Text(short)));
    }

    #[test]
    fn entries_are_found_by_path() {
        let tree = TreeText::parse(text(&["f 2 # a", "x 3 # b"]).as_bytes(), &Limits::default()).expect("a tree");
        assert_eq!((tree.files(), tree.bytes()), (2, 5));
        let find = |path: &[u8]| tree.find(&PackagePath::parse(path).expect("a path")).map(|entry| entry.kind);
        assert_eq!((find(b"b"), find(b"c")), (Some(Kind::Executable), None));
    }

    fn entry() -> impl Strategy<Value = Entry> {
        let kind = prop_oneof![Just(Kind::File), Just(Kind::Executable), Just(Kind::Link)];
        let path = "[a-zA-Zé. ]{1,4}(/[a-zA-Zé. ]{1,4}){0,3}";
        (kind, any::<u32>(), any::<u8>(), path).prop_filter_map("a good path", |(kind, size, seed, path)| {
            let path = PackagePath::parse(path.as_bytes()).ok()?;
            Some(Entry { kind, size: (size >> 4).into(), digest: Digest::of(&[seed]), path })
        })
    }

    proptest! {
        #[test]
        fn what_is_made_of_entries_reads_back(entries in prop::collection::vec(entry(), 0..20)) {
            if let Ok(tree) = TreeText::from_entries(entries.clone(), &Limits::default()) {
                let printed = tree.to_string();
                let again = TreeText::parse(printed.as_bytes(), &Limits::default());
                prop_assert_eq!(again.as_ref(), Ok(&tree));
                prop_assert_eq!(tree.digest(), Digest::of(printed.as_bytes()));
                prop_assert_eq!(tree.entries().len(), entries.len());
            }
        }

        #[test]
        fn what_parses_prints_the_same(
            entries in prop::collection::vec(entry(), 0..4),
            at in any::<prop::sample::Index>(),
            byte in prop_oneof![Just(b' '), Just(b'0'), Just(b'\n'), Just(b'/'), Just(b'a'), any::<u8>()],
        ) {
            let mut text = format!("{HEADER}\n").into_bytes();
            text.extend(entries.iter().flat_map(|entry| format!("{entry}\n").into_bytes()));
            let place = at.index(text.len());
            text[place] = byte;
            if let Ok(tree) = TreeText::parse(&text, &Limits::default()) {
                prop_assert_eq!(tree.to_string().into_bytes(), text);
            }
        }
    }
}
