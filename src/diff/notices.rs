//! What a reader of a change should look at, and other tools hide: characters that nobody sees or that turn the text
//! around, bytes that make a file "binary", modes, very long lines, what looks generated.
//!
//! A notice is no fault: each of these things is innocent somewhere. Only new lines are looked at; what was there before is
//! not part of the change.

use serde::Serialize;

use super::lines::Edit;
use crate::shown::is_unseen;
use crate::tree_text::{EVIDENCE_FOLDER, Entry, Kind};

/// What to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum What {
    /// A character that turns the text around, so that it is read in another order than it is compiled in.
    Direction,
    /// A character that nobody sees.
    Invisible,
    /// A control character.
    Control,
    /// A NUL byte, for which other tools call a file binary and show nothing of it.
    Nul,
    /// Bytes that are not UTF-8.
    Encoding,
    /// A word with letters of two scripts that look alike.
    Lookalike,
    /// A file that anybody may execute, and nobody could before.
    Executable,
    /// A file that nobody may execute any more.
    NotExecutable,
    /// A symbolic link.
    Link,
    /// It speaks of the folder in which evidence lies.
    Evidence,
    /// It looks as if a program had written it, so that other tools fold it away.
    Generated,
    /// A line so long that it is shown only in part.
    LongLine,
    /// Lines end in another way than they did, or in several ways.
    LineEndings,
}

impl What {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Direction => "direction",
            Self::Invisible => "invisible",
            Self::Control => "control",
            Self::Nul => "nul",
            Self::Encoding => "encoding",
            Self::Lookalike => "lookalike",
            Self::Executable => "executable",
            Self::NotExecutable => "not-executable",
            Self::Link => "link",
            Self::Evidence => "evidence",
            Self::Generated => "generated",
            Self::LongLine => "long-line",
            Self::LineEndings => "line-endings",
        }
    }

    /// A sentence for it.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Direction => "a character turns the text around: it does not read as it runs",
            Self::Invisible => "a character that nobody sees",
            Self::Control => "a control character",
            Self::Nul => "a NUL byte, for which other tools show nothing of the file",
            Self::Encoding => "bytes that are not UTF-8",
            Self::Lookalike => "a word with letters of two scripts that look alike",
            Self::Executable => "it can be executed, and could not before",
            Self::NotExecutable => "it cannot be executed any more",
            Self::Link => "a symbolic link",
            Self::Evidence => "it speaks of `.countersign`, where evidence lies",
            Self::Generated => "it looks generated, so other tools fold it away",
            Self::LongLine => "a line over 500 bytes",
            Self::LineEndings => "lines end in another way than before, or in several ways",
        }
    }
}

/// Something to look at in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Notice {
    /// What it is.
    pub what: What,
    /// The first lines with it, from 1; none where it concerns the whole file.
    pub lines: Vec<usize>,
    /// How many lines have it.
    pub count: usize,
}

impl Notice {
    fn of_file(what: What) -> Self {
        Self { what, lines: Vec::new(), count: 0 }
    }
}

/// A longer line is shown in part.
pub(super) const LONG: usize = 500;
/// So many lines are named for each notice; the rest is counted.
const NAMED: usize = 10;
/// Where a file says of itself that it is generated.
const HEAD: usize = 2_000;

/// What the kinds of an entry tell.
pub(super) fn of_kinds(old: Option<&Entry>, new: Option<&Entry>) -> Vec<Notice> {
    let Some(new) = new else { return Vec::new() };
    let was = old.map(|old| old.kind);
    let what = match (was, new.kind) {
        (Some(was), now) if was == now => return Vec::new(),
        (_, Kind::Link) => What::Link,
        (_, Kind::Executable) => What::Executable,
        (Some(Kind::Executable), Kind::File) => What::NotExecutable,
        (Some(Kind::Link), _) => What::Link,
        _ => return Vec::new(),
    };
    vec![Notice::of_file(what)]
}

/// What the new lines of a file tell.
pub(super) fn of_content(entry: &Entry, old: &[&[u8]], new: &[&[u8]], edits: &[Edit]) -> Vec<Notice> {
    let mut found: Vec<Notice> = Vec::new();
    let added = || edits.iter().flat_map(|edit| edit.new.clone()).filter_map(|at| Some((at, new.get(at)?)));
    for (at, line) in added() {
        for what in of_line(body(line), at == 0) {
            match found.iter_mut().find(|notice| notice.what == what) {
                Some(notice) => {
                    notice.count += 1;
                    if notice.lines.len() < NAMED {
                        notice.lines.push(at + 1);
                    }
                }
                None => found.push(Notice { what, lines: vec![at + 1], count: 1 }),
            }
        }
    }
    if added().next().is_some() && is_generated(entry, new) {
        found.push(Notice::of_file(What::Generated));
    }
    let (before, now) = (Endings::of(old), Endings::of(new));
    if now == Endings::Mixed && before != now || before.is_uniform() && now.is_uniform() && before != now {
        found.push(Notice::of_file(What::LineEndings));
    }
    found.sort_by_key(|notice| notice.what);
    found
}

/// How the lines of a file end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endings {
    /// There is no line feed.
    Nothing,
    /// LF.
    Short,
    /// CRLF.
    Long,
    /// Some so, some so.
    Mixed,
}

impl Endings {
    pub(super) fn of(lines: &[&[u8]]) -> Self {
        let ended = lines.iter().filter(|line| line.ends_with(b"\n"));
        let (all, long) =
            ended.fold((0, 0), |(all, long), line| (all + 1, long + usize::from(line.ends_with(b"\r\n"))));
        match (all, long) {
            (0, _) => Self::Nothing,
            (_, 0) => Self::Short,
            (all, long) if all == long => Self::Long,
            _ => Self::Mixed,
        }
    }

    fn is_uniform(self) -> bool {
        matches!(self, Self::Short | Self::Long)
    }
}

/// A line without what ends it.
fn body(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn of_line(line: &[u8], first: bool) -> Vec<What> {
    let mut found = Vec::new();
    let mut add = |what| {
        if !found.contains(&what) {
            found.push(what);
        }
    };
    for chunk in line.utf8_chunks() {
        // A byte order mark at the very beginning is how some editors save their files.
        let valid = chunk.valid().strip_prefix('\u{feff}').filter(|_| first).unwrap_or_else(|| chunk.valid());
        for character in valid.chars().filter(|c| *c != '\t' && is_unseen(*c)) {
            add(match character {
                '\0' => What::Nul,
                '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                    What::Direction
                }
                _ if character.is_control() => What::Control,
                _ => What::Invisible,
            });
        }
        if !chunk.invalid().is_empty() {
            add(What::Encoding);
        }
        if has_lookalikes(valid) {
            add(What::Lookalike);
        }
    }
    if has_name(line, EVIDENCE_FOLDER.as_bytes()) {
        add(What::Evidence);
    }
    if line.len() > LONG {
        add(What::LongLine);
    }
    found
}

/// Whether some word has Latin letters beside Greek or Cyrillic ones, many of which look the same.
fn has_lookalikes(text: &str) -> bool {
    if text.is_ascii() {
        return false;
    }
    text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| {
        let other = |c: char| matches!(c, '\u{370}'..='\u{52f}' | '\u{13a0}'..='\u{13ff}' | '\u{ff00}'..='\u{ffef}');
        word.chars().any(|c| c.is_ascii_alphabetic()) && word.chars().any(other)
    })
}

/// Whether a name stands in a line, in any case.
fn has_name(line: &[u8], name: &[u8]) -> bool {
    line.windows(name.len()).any(|part| part.eq_ignore_ascii_case(name))
}

fn is_generated(entry: &Entry, new: &[&[u8]]) -> bool {
    let name = entry.path.as_str().rsplit('/').next().unwrap_or_default().to_lowercase();
    let named = LOCKS.contains(&name.as_str()) || PARTS.iter().any(|part| name.contains(part));
    let head: Vec<u8> = new.iter().copied().flatten().take(HEAD).copied().collect();
    named || SAYINGS.iter().any(|saying| has_name(&head, saying))
}

const LOCKS: &[&str] = &[
    "cargo.lock",
    "composer.lock",
    "gemfile.lock",
    "go.sum",
    "manifest.toml",
    "package-lock.json",
    "pnpm-lock.yaml",
    "poetry.lock",
    "yarn.lock",
];
const PARTS: &[&str] =
    &[".min.js", ".min.css", ".pb.go", "_pb2.py", ".generated.", "_generated.", ".bundle.js", ".map"];
const SAYINGS: &[&[u8]] = &[
    b"@generated",
    b"do not edit",
    b"code generated by",
    b"automatically generated",
    b"auto-generated",
    b"autogenerated",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;
    use crate::path::PackagePath;

    fn told(path: &str, old: &[u8], new: &[u8]) -> Vec<String> {
        let entry = Entry {
            kind: Kind::File,
            size: new.len() as u64,
            digest: Digest::of(new),
            path: PackagePath::parse(path.as_bytes()).expect("a path"),
        };
        let (old, new) = (super::super::split(old), super::super::split(new));
        let notices = of_content(&entry, &old, &new, &super::super::lines::edits(&old, &new));
        notices.iter().map(|notice| format!("{} {:?} {}", notice.what.as_str(), notice.lines, notice.count)).collect()
    }

    fn of_new(line: &str) -> Vec<String> {
        told("a.rs", b"a\n", format!("a\n{line}\n").as_bytes())
    }

    #[test]
    fn each_thing_that_hides_has_its_word() {
        for (line, what) in [
            ("if a\u{202e} { }", "direction"),
            ("\u{2066}x\u{2069}", "direction"),
            ("a\u{200f}", "direction"),
            ("a\u{200b}b", "invisible"),
            ("a\u{3164}b", "invisible"),
            ("\u{e0041}", "invisible"),
            ("\u{feff}a", "invisible"),
            ("\u{1b}[2K", "control"),
            ("a\rb", "control"),
            ("a\0b", "nul"),
            ("p\u{430}ypal", "lookalike"),
            ("cat .Countersign/tree", "evidence"),
            (&"x".repeat(501), "long-line"),
        ] {
            assert_eq!(of_new(line), [format!("{what} [2] 1")], "{line:?}");
        }
        for line in ["\tlet s = \"\\u{202e}\";", "Привет, мир", "αβγ and abc", "日本語 é", &"x".repeat(500), "a\r"]
        {
            let told = of_new(line);
            assert!(told.iter().all(|told| told.starts_with("line-endings")), "{line:?}: {told:?}");
        }
        assert_eq!(told("a", b"", b"a\xffb\n"), ["encoding [1] 1"]);
    }

    #[test]
    fn what_was_there_before_is_no_part_of_the_change() {
        assert_eq!(told("a", b"\0\n", b"\0\nb\n"), [""; 0]);
        assert_eq!(told("a", b"", "\u{feff}a\n".as_bytes()), [""; 0], "a byte order mark in its place");
        let many: String = (0..30).map(|_| "\u{200b}\n").collect();
        assert_eq!(told("a", b"", many.as_bytes()), ["invisible [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] 30"]);
    }

    #[test]
    fn whole_files_are_told_of_too() {
        assert_eq!(told("a/Cargo.lock", b"", b"x\n"), ["generated [] 0"]);
        assert_eq!(told("jquery.min.js", b"a\n", b"b\n"), ["generated [] 0"]);
        assert_eq!(told("a.rs", b"", b"// Code generated by x. DO NOT EDIT.\n"), ["generated [] 0"]);
        assert_eq!(told("a.rs", b"// @generated\n", b"// @generated\n"), [""; 0]);
        assert_eq!(told("a", b"a\nb\n", b"a\r\nb\r\n"), ["line-endings [] 0"]);
        assert_eq!(told("a", b"a\nb\n", b"a\nb\r\n"), ["line-endings [] 0"]);
        assert_eq!(told("a", b"a\r\nb\r\n", b"a\r\nb\r\nc\r\n"), [""; 0]);
    }

    #[test]
    fn modes_and_links_are_told() {
        let entry =
            |kind| Entry { kind, size: 0, digest: Digest::of(b""), path: PackagePath::parse(b"a").expect("a path") };
        let told = |old: Option<Kind>, new: Option<Kind>| {
            let (old, new) = (old.map(entry), new.map(entry));
            of_kinds(old.as_ref(), new.as_ref()).iter().map(|notice| notice.what.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(told(Some(Kind::File), Some(Kind::Executable)), ["executable"]);
        assert_eq!(told(None, Some(Kind::Executable)), ["executable"]);
        assert_eq!(told(Some(Kind::Executable), Some(Kind::File)), ["not-executable"]);
        assert_eq!(told(Some(Kind::File), Some(Kind::Link)), ["link"]);
        assert_eq!(told(Some(Kind::Link), Some(Kind::File)), ["link"]);
        assert_eq!(told(Some(Kind::File), Some(Kind::File)), [""; 0]);
        assert_eq!(told(Some(Kind::Executable), None), [""; 0]);
    }
}
