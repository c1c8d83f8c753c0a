//! The difference of two trees: which files came, went, moved or changed, line by line, and what in them hides from a reader.
//!
//! The list of files comes from the measured trees, so nothing can be left out of sight; contents are read beneath the
//! open root once more and must be what was measured. No file is ever "binary": bytes are compared, and shown escaped.
//! The library `similar` finds the lines in common; whatever it says, applying the difference to one side gives the
//! other, for removed and added lines are taken from the files themselves. Nothing is judged here.

pub mod json;
pub mod lines;
mod moves;
pub mod notices;
pub mod text;
pub mod view;

use rayon::prelude::*;
use thiserror::Error;

use crate::beneath::{Folder, ReadError};
use crate::limits::Limits;
use crate::path::PackagePath;
use crate::tree;
use crate::tree_text::{Entry, Kind, TreeText};
use lines::{Edit, split};
use notices::Notice;

/// A tree that is there.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "a tree is read beneath its root, as it was measured")]
pub struct Present<'a> {
    /// The open root.
    pub root: &'a Folder,
    /// What was measured.
    pub text: &'a TreeText,
}

impl Present<'_> {
    /// The content of a file, if there is one.
    fn content(&self, entry: Option<&Entry>) -> Result<Vec<u8>, DiffError> {
        let Some(entry) = entry else { return Ok(Vec::new()) };
        tree::read(self.root, entry).map_err(|source| DiffError { path: entry.path.clone(), source })
    }
}

/// What a tree is compared with.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::exhaustive_enums, reason = "a tree is there, known by its text alone, or there is none")]
pub enum Before<'a> {
    /// Nothing: all of the tree is new.
    Nothing,
    /// A tree whose text is known, and none of its contents.
    Named(&'a TreeText),
    /// A tree that is there.
    There(Present<'a>),
}

impl<'a> Before<'a> {
    /// The tree text, if there is a tree.
    pub fn text(&self) -> Option<&'a TreeText> {
        match self {
            Self::Nothing => None,
            Self::Named(text) => Some(text),
            Self::There(tree) => Some(tree.text),
        }
    }

    /// The content of a file; none where contents are not known.
    fn content(&self, entry: Option<&Entry>) -> Result<Option<Vec<u8>>, DiffError> {
        match self {
            Self::There(tree) => tree.content(entry).map(Some),
            _ => Ok(None),
        }
    }
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::exhaustive_enums, reason = "there is nothing else that can become of a file")]
pub enum Change {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// Its content or its kind is another.
    Changed,
    /// It has another name, and perhaps another content, too.
    Moved,
}

impl Change {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
            Self::Moved => "moved",
        }
    }
}

/// How the contents of a file's two sides were compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::exhaustive_enums, reason = "the ways in which contents are compared")]
pub enum Compared {
    /// They are the same.
    Same,
    /// Line by line.
    Lines,
    /// Not at all, since they are over a limit: the one took the place of the other as a whole.
    Whole,
    /// Not at all, since the old content is not at hand.
    Unknown,
}

/// What became of one file.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FileChange<'a> {
    /// In one word.
    pub change: Change,
    /// The file before.
    pub old: Option<&'a Entry>,
    /// The file now.
    pub new: Option<&'a Entry>,
    /// For a moved file, how much of it is the same, in percent.
    pub similarity: Option<u8>,
    /// How contents were compared.
    pub compared: Compared,
    /// The lines that differ, in their order.
    pub edits: Vec<Edit>,
    /// What a reader should look at.
    pub notices: Vec<Notice>,
}

impl FileChange<'_> {
    /// The path under which the file is listed: where it is now, else where it was.
    pub fn path(&self) -> Option<&PackagePath> {
        self.new.or(self.old).map(|entry| &entry.path)
    }

    /// Lines that are new.
    pub fn added(&self) -> usize {
        self.edits.iter().map(|edit| edit.new.len()).sum()
    }

    /// Lines that are gone.
    pub fn removed(&self) -> usize {
        self.edits.iter().map(|edit| edit.old.len()).sum()
    }
}

/// The difference of two trees.
#[derive(Debug)]
pub struct Difference<'a> {
    from: Before<'a>,
    to: Present<'a>,
    files: Vec<FileChange<'a>>,
    unchanged: usize,
    moves_searched: bool,
}

/// Compares two trees.
///
/// # Errors
/// A content cannot be read, or is not what was measured.
pub fn difference<'a>(from: Before<'a>, to: Present<'a>, limits: &Limits) -> Result<Difference<'a>, DiffError> {
    let moves::Paired { mut pairs, unchanged, searched } = moves::pair(&from, &to, limits)?;
    pairs.sort_by_cached_key(|pair| (pair.size(), pair.path().cloned()));
    let mut total = 0_u64;
    let mut is_within = |pair: &moves::Pair<'_>| {
        total = total.saturating_add(pair.size());
        total <= limits.diff_total && pair.largest() <= limits.diff_file
    };
    let pairs: Vec<_> = pairs.into_iter().map(|pair| (is_within(&pair), pair)).collect();
    let compare = |(by_lines, pair): &(bool, moves::Pair<'a>)| compare(pair, *by_lines, &from, &to, limits);
    // Large contents are held in memory one after the other.
    let (large, small): (Vec<_>, Vec<_>) = pairs.iter().partition(|(_, pair)| pair.largest() > limits.diff_file);
    let mut files = small.into_par_iter().map(compare).collect::<Result<Vec<_>, _>>()?;
    files.extend(large.into_iter().map(compare).collect::<Result<Vec<_>, _>>()?);
    files.sort_by(|one, other| one.path().cmp(&other.path()).then_with(|| one.change.cmp(&other.change)));
    Ok(Difference { from, to, files, unchanged, moves_searched: searched })
}

impl<'a> Difference<'a> {
    /// The tree text before, if there was a tree.
    pub fn from(&self) -> Option<&'a TreeText> {
        self.from.text()
    }

    /// The tree text now.
    pub fn to(&self) -> &'a TreeText {
        self.to.text
    }

    /// Every file that is not the same on both sides, in the order of the paths.
    pub fn files(&self) -> &[FileChange<'a>] {
        &self.files
    }

    /// Whether the trees are the same.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// How many files are the same on both sides, name and kind included.
    pub fn unchanged(&self) -> usize {
        self.unchanged
    }

    /// Whether files that moved and changed were looked for; not where there are too many, or contents are not at hand.
    pub fn moves_searched(&self) -> bool {
        self.moves_searched
    }

    /// How many files this became of.
    pub fn count(&self, change: Change) -> usize {
        self.files.iter().filter(|file| file.change == change).count()
    }

    /// Lines that are new, and lines that are gone.
    pub fn lines(&self) -> (usize, usize) {
        self.files.iter().fold((0, 0), |(new, old), file| (new + file.added(), old + file.removed()))
    }

    /// Both contents of a file, read once more. What is not there, or not at hand, is empty.
    ///
    /// # Errors
    /// They cannot be read, or are not what was measured.
    pub fn contents(&self, file: &FileChange<'_>) -> Result<(Vec<u8>, Vec<u8>), DiffError> {
        Ok((self.from.content(file.old)?.unwrap_or_default(), self.to.content(file.new)?))
    }
}

/// Why trees could not be compared.
#[derive(Debug, Error)]
#[error("{path} cannot be compared")]
#[non_exhaustive]
pub struct DiffError {
    /// The file.
    pub path: PackagePath,
    /// What is wrong with it.
    pub source: ReadError,
}

fn compare<'a>(
    pair: &moves::Pair<'a>,
    by_lines: bool,
    from: &Before<'a>,
    to: &Present<'a>,
    limits: &Limits,
) -> Result<FileChange<'a>, DiffError> {
    let change = match (pair.old, pair.new) {
        (None, _) => Change::Added,
        (_, None) => Change::Removed,
        (Some(old), Some(new)) if old.path == new.path => Change::Changed,
        _ => Change::Moved,
    };
    let mut file = FileChange {
        change,
        old: pair.old,
        new: pair.new,
        similarity: pair.similarity,
        compared: Compared::Same,
        edits: Vec::new(),
        notices: notices::of_kinds(pair.old, pair.new),
    };
    let as_link = |entry: &Entry| entry.kind == Kind::Link;
    if pair.old.zip(pair.new).is_some_and(|(old, new)| old.digest == new.digest && as_link(old) == as_link(new)) {
        return Ok(file);
    }
    let old = from.content(pair.old)?;
    let new = to.content(pair.new)?;
    let (old_lines, new_lines) = (split(old.as_deref().unwrap_or_default()), split(&new));
    let by_lines = by_lines && old_lines.len() + new_lines.len() <= limits.diff_lines;
    (file.compared, file.edits) = match pair.old.zip(pair.new) {
        Some(_) if old.is_none() => (Compared::Unknown, lines::whole(0, new_lines.len())),
        Some(_) if by_lines => (Compared::Lines, lines::edits(&old_lines, &new_lines)),
        // The lines of a file that is gone are counted only where they are known.
        _ => (Compared::Whole, lines::whole(old_lines.len(), new_lines.len())),
    };
    if let Some(entry) = pair.new {
        file.notices.extend(notices::of_content(entry, &old_lines, &new_lines, &file.edits));
    }
    Ok(file)
}
