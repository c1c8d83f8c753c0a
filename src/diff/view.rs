//! What of a file's change is shown: from this one value it is told as text and as JSON. What is left out is counted.

use std::ops::{AddAssign, Range};

use serde::Serialize;

use super::lines::{Edit, Hunk, Mark, hunks, split};
use super::notices::{Endings, LONG};
use super::{DiffError, Difference, FileChange};

/// How much is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_structs, reason = "whoever asks must say all of it")]
pub struct Extent {
    /// Everything, however long.
    pub all: bool,
    /// The names and numbers only.
    pub stat: bool,
}

/// What was not shown, though it is part of the change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct LeftOut {
    /// Files of which not everything was shown.
    pub files: usize,
    /// Lines that are new or gone, and were not shown.
    pub lines: usize,
    /// Bytes that were cut from lines that were shown.
    pub bytes: usize,
}

impl LeftOut {
    /// Whether everything was shown.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl AddAssign for LeftOut {
    fn add_assign(&mut self, other: Self) {
        self.files += other.files;
        self.lines += other.lines;
        self.bytes += other.bytes;
    }
}

/// What is shown of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct View<'c> {
    /// The places where it differs.
    pub hunks: Vec<Place<'c>>,
    /// What is not shown.
    pub left_out: LeftOut,
}

/// One place where a file differs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place<'c> {
    /// Its head, as every tool writes it.
    pub head: String,
    /// The lines of the old file that it covers, from 0.
    pub old: Range<usize>,
    /// The lines of the new file that it covers, from 0.
    pub new: Range<usize>,
    /// The lines.
    pub lines: Vec<Line<'c>>,
}

/// One line as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Line<'c> {
    /// What it is.
    pub mark: Mark,
    /// Bytes that were cut before.
    pub before: usize,
    /// The bytes that are shown, without the line feed. Not escaped.
    pub body: &'c [u8],
    /// Bytes that were cut behind.
    pub behind: usize,
    /// Whether a CR stands before the line feed that every line of the file has, so that it is told once for the file.
    pub returned: bool,
    /// Whether a line feed ends it.
    pub ended: bool,
}

/// Both contents of a file.
#[derive(Debug, Default)]
pub struct Contents {
    old: Vec<u8>,
    new: Vec<u8>,
}

impl Difference<'_> {
    /// Reads what is needed to show a file; nothing where no line of it is shown.
    ///
    /// # Errors
    /// A content cannot be read, or is not what was measured.
    pub fn load(&self, file: &FileChange<'_>, extent: Extent) -> Result<Contents, DiffError> {
        if extent.stat || file.edits.is_empty() {
            return Ok(Contents::default());
        }
        let (old, new) = self.contents(file)?;
        Ok(Contents { old, new })
    }
}

impl Contents {
    /// What is shown of the file that these are the contents of.
    pub fn view(&self, file: &FileChange<'_>, extent: Extent) -> View<'_> {
        let mut view = View { hunks: Vec::new(), left_out: LeftOut::default() };
        if extent.stat {
            return view;
        }
        let (old, new) = (split(&self.old), split(&self.new));
        let most = match extent.all {
            true => usize::MAX,
            false if is_text(&self.old) && is_text(&self.new) => MOST_LINES,
            false => MOST_STRANGE_LINES,
        };
        // Where every line ends in CRLF, the CR tells nothing; it is told for the file.
        let strip = [Endings::of(&old), Endings::of(&new)].map(|endings| endings == Endings::Long);
        let mut shown = 0;
        for hunk in hunks(&file.edits, old.len(), AROUND) {
            let place = view.place(&hunk, [&old, &new], strip, most - shown, extent.all, &file.edits);
            shown += place.lines.iter().filter(|line| line.mark != Mark::Same).count();
            if !place.lines.is_empty() {
                view.hunks.push(place);
            }
        }
        view.left_out.files = usize::from(!view.left_out.is_nothing());
        view
    }
}

impl<'c> View<'c> {
    fn place(
        &mut self,
        hunk: &Hunk<'_>,
        [old, new]: [&[&'c [u8]]; 2],
        [strip_old, strip_new]: [bool; 2],
        room: usize,
        all: bool,
        edits: &[Edit],
    ) -> Place<'c> {
        let mut place = Place { head: hunk.head(), old: hunk.old.clone(), new: hunk.new.clone(), lines: Vec::new() };
        let (mut changed, mut at) = (0, [hunk.old.start, hunk.new.start]);
        for (mark, line) in hunk.lines(old, new) {
            let [old_at, new_at] = at;
            at = [old_at + usize::from(mark != Mark::New), new_at + usize::from(mark != Mark::Gone)];
            if mark != Mark::Same {
                changed += 1;
            }
            if changed > room || room == 0 {
                self.left_out.lines += usize::from(mark != Mark::Same);
                continue;
            }
            let twin = match mark {
                Mark::Same => None,
                Mark::Gone => twin(edits, old_at, |edit| (&edit.old, &edit.new)).and_then(|at| new.get(at)),
                Mark::New => twin(edits, new_at, |edit| (&edit.new, &edit.old)).and_then(|at| old.get(at)),
            };
            let strip = if mark == Mark::Gone { strip_old } else { strip_new };
            let line = Line::new(mark, line, strip, if all { usize::MAX } else { LONG }, twin.copied());
            self.left_out.bytes += if mark == Mark::Same { 0 } else { line.before + line.behind };
            place.lines.push(line);
        }
        place
    }
}

impl<'c> Line<'c> {
    /// Cuts a line that is longer than `most`, so that it shows where it begins to differ from its twin.
    fn new(mark: Mark, line: &'c [u8], strip: bool, most: usize, twin: Option<&[u8]>) -> Self {
        let bare = line.strip_suffix(b"\n");
        let ended = bare.is_some();
        let body = bare.unwrap_or(line);
        let bare = body.strip_suffix(b"\r").filter(|_| strip && ended);
        let (body, returned) = (bare.unwrap_or(body), bare.is_some());
        if body.len() <= most {
            return Self { mark, before: 0, body, behind: 0, returned, ended };
        }
        let same = twin.map_or(0, |twin| body.iter().zip(twin).take_while(|(one, other)| one == other).count());
        let start = boundary(body, same.saturating_sub(most / 5).min(body.len() - most));
        let end = boundary(body, start + most);
        Self { mark, before: start, body: &body[start..end], behind: body.len() - end, returned, ended }
    }
}

/// The line of the other file that stands in a line's place.
fn twin(edits: &[Edit], at: usize, sides: impl Fn(&Edit) -> (&Range<usize>, &Range<usize>)) -> Option<usize> {
    let place = edits.partition_point(|edit| sides(edit).0.end <= at);
    let (own, other) = sides(edits.get(place)?);
    let twin = other.start + at.checked_sub(own.start)?;
    (twin < other.end).then_some(twin)
}

/// The last place up to `at` that is not inside of a character.
fn boundary(body: &[u8], at: usize) -> usize {
    let inside = |place: usize| body.get(place).is_some_and(|byte| byte & 0xc0 == 0x80);
    (at.saturating_sub(3)..=at).rev().find(|place| !inside(*place)).unwrap_or(at)
}

/// Whether a content is mostly text: at most one byte of ten is a control character or no UTF-8. A few NUL bytes make no
/// file unreadable.
fn is_text(bytes: &[u8]) -> bool {
    let odd = |chunk: std::str::Utf8Chunk<'_>| {
        let control = |byte: &u8| byte.is_ascii_control() && !matches!(byte, b'\n' | b'\r' | b'\t');
        chunk.valid().bytes().filter(|byte| control(byte)).count() + chunk.invalid().len()
    };
    bytes.utf8_chunks().map(odd).sum::<usize>() <= bytes.len() / 10
}

/// Unchanged lines around those that differ.
const AROUND: usize = 3;
/// So many changed lines of a file are shown where not everything is asked for.
const MOST_LINES: usize = 5_000;
/// The same, for a file that is hardly text.
const MOST_STRANGE_LINES: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    fn line<'c>(text: &'c str, twin: Option<&str>) -> (usize, &'c [u8], usize) {
        let line = Line::new(Mark::New, text.as_bytes(), false, 10, twin.map(str::as_bytes));
        (line.before, line.body, line.behind)
    }

    #[test]
    fn a_long_line_shows_where_it_differs() {
        assert_eq!(line("0123456789\n", None), (0, &b"0123456789"[..], 0));
        assert_eq!(line("0123456789a\n", None), (0, &b"0123456789"[..], 1));
        let long = "a".repeat(100);
        assert_eq!(line(&format!("{long}b{long}\n"), Some(&long)), (98, &b"aabaaaaaaa"[..], 93));
        assert_eq!(line(&format!("{long}b\n"), Some(&long)), (91, &b"aaaaaaaaab"[..], 0));
        // Never in the middle of a character.
        assert_eq!(line("aaaaaaaaaüb\n", None), (0, &b"aaaaaaaaa"[..], 3));
    }

    #[test]
    fn lines_have_their_twins() {
        let edits = [Edit { old: 1..3, new: 1..4 }, Edit { old: 5..5, new: 6..7 }, Edit { old: 9..10, new: 11..12 }];
        let new = |at| twin(&edits, at, |edit| (&edit.new, &edit.old));
        assert_eq!([1, 2, 3, 6, 11].map(new), [Some(1), Some(2), None, None, Some(9)]);
        assert_eq!(twin(&edits, 9, |edit| (&edit.old, &edit.new)), Some(11));
    }

    #[test]
    fn a_nul_byte_makes_no_file_unreadable() {
        assert!(is_text(b"") && is_text(b"fn main() {\0}\n") && is_text("日本語".as_bytes()));
        assert!(!is_text(&[0; 100]) && !is_text(&[0xff; 10]) && !is_text(b"\x89PNG\r\n\x1a\n\0\0\0"));
    }
}
