//! Lines: which of them two files have in common, and what stands around those that they have not.

use std::ops::Range;

use similar::{Algorithm, DiffOp};

/// Lines of the old file, and the lines of the new one that stand in their place. Counted from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a replacement has two sides")]
pub struct Edit {
    /// What is gone.
    pub old: Range<usize>,
    /// What is there.
    pub new: Range<usize>,
}

/// Edits that stand so near each other that they are shown together, with the lines around them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hunk<'e> {
    /// The lines of the old file that it covers.
    pub old: Range<usize>,
    /// The lines of the new file that it covers.
    pub new: Range<usize>,
    edits: &'e [Edit],
}

/// What a line of a hunk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a line stayed, went or came")]
pub enum Mark {
    /// It is in both files.
    Same,
    /// It is gone.
    Gone,
    /// It is new.
    New,
}

impl Mark {
    /// The character at the line's beginning.
    pub const fn sign(self) -> char {
        match self {
            Self::Same => ' ',
            Self::Gone => '-',
            Self::New => '+',
        }
    }
}

/// The lines of a file, each with its line feed; only the last may have none.
pub fn split(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n').collect()
}

/// A file in the place of another.
pub(super) fn whole(old: usize, new: usize) -> Vec<Edit> {
    if old == 0 && new == 0 { Vec::new() } else { vec![Edit { old: 0..old, new: 0..new }] }
}

/// What differs between two files.
///
/// The library bounds its own work by the number of lines, never by the clock, so that each run says the same.
pub fn edits(old: &[&[u8]], new: &[&[u8]]) -> Vec<Edit> {
    let mut edits: Vec<Edit> = Vec::new();
    for op in similar::capture_diff_slices(Algorithm::Myers, old, new) {
        if matches!(op, DiffOp::Equal { .. }) {
            continue;
        }
        let (old, new) = (op.old_range(), op.new_range());
        match edits.last_mut() {
            Some(last) if last.old.end == old.start && last.new.end == new.start => {
                (last.old.end, last.new.end) = (old.end, new.end);
            }
            _ => edits.push(Edit { old, new }),
        }
    }
    edits
}

/// Groups edits, with at most `around` unchanged lines on each side. `lines`: how many the old file has.
pub fn hunks(edits: &[Edit], lines: usize, around: usize) -> Vec<Hunk<'_>> {
    let near = |pair: &[Edit]| matches!(pair, [one, next] if next.old.start - one.old.end <= 2 * around);
    let ends = (1..=edits.len()).filter(|end| !edits.get(end - 1..end + 1).is_some_and(near));
    let mut first = 0;
    let group = |end| {
        let edits = &edits[first..end];
        first = end;
        let [start, ..] = edits else { return None };
        let before = start.old.start.min(around);
        let last = edits.last()?;
        let after = (lines - last.old.end).min(around);
        Some(Hunk {
            old: start.old.start - before..last.old.end + after,
            new: start.new.start - before..last.new.end + after,
            edits,
        })
    };
    ends.filter_map(group).collect()
}

impl Hunk<'_> {
    /// Every line of it, given the lines of both files.
    pub fn lines<'l>(&self, old: &[&'l [u8]], new: &[&'l [u8]]) -> Vec<(Mark, &'l [u8])> {
        let mut lines = Vec::with_capacity(self.old.len() + self.new.len());
        let mut take = |mark, from: &[&'l [u8]], range: Range<usize>| {
            lines.extend(from.get(range).unwrap_or_default().iter().map(|line| (mark, *line)));
        };
        let mut here = self.new.start;
        for edit in self.edits {
            take(Mark::Same, new, here..edit.new.start);
            take(Mark::Gone, old, edit.old.clone());
            take(Mark::New, new, edit.new.clone());
            here = edit.new.end;
        }
        take(Mark::Same, new, here..self.new.end);
        lines
    }

    /// The head of a hunk, as every tool writes it.
    pub fn head(&self) -> String {
        let part = |range: &Range<usize>| {
            // A side without lines is named by the line before.
            let first = if range.is_empty() { range.start } else { range.start + 1 };
            if range.len() == 1 { first.to_string() } else { format!("{first},{}", range.len()) }
        };
        format!("@@ -{} +{} @@", part(&self.old), part(&self.new))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A hunk as it is printed: the old lines that it covers, and its own.
    type Printed = (Range<usize>, Vec<(Mark, Vec<u8>)>);

    /// Takes the hunks as instructions for the old file alone.
    fn apply(old: &[&[u8]], hunks: &[Printed]) -> Vec<u8> {
        let (mut made, mut here) = (Vec::new(), 0);
        for (range, lines) in hunks {
            made.extend(old[here..range.start].concat());
            here = range.start;
            for (mark, line) in lines {
                if *mark != Mark::New {
                    assert_eq!(old[here], line, "what the hunk calls old is not there");
                    here += 1;
                }
                if *mark != Mark::Gone {
                    made.extend(line);
                }
            }
            assert_eq!(here, range.end);
        }
        made.extend(old[here..].concat());
        made
    }

    fn check(a: &[u8], b: &[u8], around: usize) {
        let (old, new) = (split(a), split(b));
        for edits in [edits(&old, &new), whole(old.len(), new.len())] {
            let hunks = hunks(&edits, old.len(), around);
            let told = |hunk: &Hunk<'_>| {
                let lines = hunk.lines(&old, &new).into_iter().map(|(mark, line)| (mark, line.to_vec()));
                (hunk.old.clone(), lines.collect())
            };
            let told: Vec<_> = hunks.iter().map(told).collect();
            assert_eq!(apply(&old, &told), b, "{a:?} {b:?}");
            assert!(hunks.windows(2).all(|pair| pair[0].old.end <= pair[1].old.start), "{hunks:?}");
        }
        assert_eq!(edits(&old, &new).is_empty(), a == b);
    }

    #[test]
    fn heads_are_those_that_every_tool_writes() {
        let head = |a: &str, b: &str| {
            let (old, new) = (split(a.as_bytes()), split(b.as_bytes()));
            hunks(&edits(&old, &new), old.len(), 3).iter().map(Hunk::head).collect::<Vec<_>>()
        };
        assert_eq!(head("a\n", "b\n"), ["@@ -1 +1 @@"]);
        assert_eq!(head("", "b\nc\n"), ["@@ -0,0 +1,2 @@"]);
        assert_eq!(head("a\nb\n", ""), ["@@ -1,2 +0,0 @@"]);
        assert_eq!(head("1\n2\n3\n4\n5\n6\n7\n", "1\n2\n3\n4\n5\n6\nx\n7\n"), ["@@ -4,4 +4,5 @@"]);
        let far: String = (0..30).map(|n| format!("{n}\n")).collect();
        let changed = far.replace("\n3\n", "\nx\n").replace("\n25\n", "\n");
        assert_eq!(head(&far, &changed), ["@@ -1,7 +1,7 @@", "@@ -23,7 +23,6 @@"]);
        assert_eq!(head("a", "a\n"), ["@@ -1 +1 @@"], "a line feed at the end is a change");
    }

    proptest! {
        #[test]
        fn applied_to_one_file_the_hunks_give_the_other(
            a in prop::collection::vec(prop::sample::select(vec![&b"\n"[..], b"a\n", b"b\n", b"\0\xff\n", b"c\r\n", b"c", b"x"]), 0..40),
            b in prop::collection::vec(prop::sample::select(vec![&b"\n"[..], b"a\n", b"b\n", b"\0\xff\n", b"c\r\n", b"c", b"y"]), 0..40),
            around in 0_usize..5,
        ) {
            check(&a.concat(), &b.concat(), around);
        }

        #[test]
        fn so_they_do_where_a_little_was_changed_in_much(
            lines in prop::collection::vec("[a-e]{0,2}", 0..200), cut in 0_usize..200, put in "[a-z\n]{0,9}", around in 0_usize..5,
        ) {
            let a: String = lines.iter().map(|line| format!("{line}\n")).collect();
            let mut b = a.clone();
            b.insert_str(cut.min(a.len()), &put);
            check(a.as_bytes(), b.as_bytes(), around);
            check(b.as_bytes(), a.as_bytes(), around);
        }
    }
}
