//! What became of one tree on the way to the next, file by file.

use std::cmp::Ordering;

use super::{Entry, TreeText};

/// The files that came, went, or are not the same, each in the order of its path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Changes<'a> {
    /// Files that are new.
    pub added: Vec<&'a Entry>,
    /// Files that are gone.
    pub removed: Vec<&'a Entry>,
    /// Files with another content or kind: before, and now.
    pub changed: Vec<(&'a Entry, &'a Entry)>,
}

impl Changes<'_> {
    /// Whether the trees are equal.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

impl<'a> Changes<'a> {
    pub(super) fn between(before: &'a TreeText, now: &'a TreeText) -> Self {
        let mut changes = Self::default();
        let (mut before, mut now) = (before.entries().iter().peekable(), now.entries().iter().peekable());
        loop {
            let order = match (before.peek(), now.peek()) {
                (Some(old), Some(new)) => old.path.cmp(&new.path),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => return changes,
            };
            match order {
                Ordering::Less => changes.removed.extend(before.next()),
                Ordering::Greater => changes.added.extend(now.next()),
                Ordering::Equal => {
                    changes.changed.extend(before.next().zip(now.next()).filter(|(old, new)| old != new));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use crate::digest::Digest;
    use crate::limits::Limits;
    use crate::path::PackagePath;

    use super::*;

    fn tree(files: &[(&str, Kind, &str)]) -> TreeText {
        let entry = |(path, kind, content): &(&str, Kind, &str)| Entry {
            kind: *kind,
            size: content.len() as u64,
            digest: Digest::of(content.as_bytes()),
            path: PackagePath::parse(path.as_bytes()).expect("a path"),
        };
        TreeText::from_entries(files.iter().map(entry).collect(), &Limits::default()).expect("a tree")
    }

    #[test]
    fn tells_what_came_went_and_changed() {
        let before =
            tree(&[("a", Kind::File, "1"), ("b", Kind::File, "1"), ("c", Kind::File, "1"), ("d", Kind::File, "1")]);
        let now = tree(&[
            ("b", Kind::File, "2"),
            ("c", Kind::Executable, "1"),
            ("d", Kind::File, "1"),
            ("e", Kind::File, ""),
        ]);
        let changes = now.changes_since(&before);
        let names = |entries: &[&Entry]| entries.iter().map(|entry| entry.path.as_str().to_owned()).collect::<Vec<_>>();
        assert_eq!(names(&changes.added), ["e"]);
        assert_eq!(names(&changes.removed), ["a"]);
        let changed: Vec<_> = changes.changed.iter().map(|(old, _)| *old).collect();
        assert_eq!(names(&changed), ["b", "c"]);
        assert!(!changes.is_empty());
        assert!(now.changes_since(&now).is_empty());
    }
}
