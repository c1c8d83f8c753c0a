//! Which files of a tree were read, by whom, and in which reading. It is shown and ranked, and never decides.
//!
//! A reading of the whole is of every file; one of a change is of the files that it added or changed. A file that is the same as
//! it was read then is read now, wherever the chain of reviews leads.

use std::collections::BTreeSet;

use crate::digest::Digest;
use crate::path::PackagePath;
use crate::tree_text::{Entry, TreeText};
use crate::verdict::reviews::Hop;

/// What is known of the readings of one tree.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reading {
    /// The readings.
    pub hops: Vec<Hop>,
    /// Each file with the places of the readings of it among those, files that nobody read first.
    pub files: Vec<(PackagePath, Vec<usize>)>,
    /// Readings of which it is not known what files they were of, since a tree text is not at hand.
    pub unknown: usize,
}

impl Reading {
    /// Finds out who read what. `text` gives the tree texts that are at hand.
    pub fn of(tree: &TreeText, hops: Vec<Hop>, text: &dyn Fn(Digest) -> Option<TreeText>) -> Self {
        let own = tree.digest();
        let text = |digest| if digest == own { Some(tree.clone()) } else { text(digest) };
        let read: Vec<_> = hops.iter().map(|hop| files_of(hop, &text)).collect();
        let is_of =
            |entry: &Entry, read: &Option<BTreeSet<Key>>| read.as_ref().is_some_and(|read| read.contains(&key(entry)));
        let file = |entry: &Entry| {
            let by = read.iter().enumerate().filter(|(_, read)| is_of(entry, read)).map(|(place, _)| place);
            (entry.path.clone(), by.collect::<Vec<_>>())
        };
        let mut files: Vec<_> = tree.entries().iter().map(file).collect();
        files.sort_by_key(|(_, by)| !by.is_empty());
        Self { unknown: read.iter().filter(|read| read.is_none()).count(), hops, files }
    }

    /// Nothing is known.
    pub fn none() -> Self {
        Self { hops: Vec::new(), files: Vec::new(), unknown: 0 }
    }

    /// The files that nobody read.
    pub fn unread(&self) -> impl Iterator<Item = &PackagePath> {
        self.files.iter().filter(|(_, by)| by.is_empty()).map(|(path, _)| path)
    }
}

/// A file with its content and kind.
type Key = (PackagePath, Digest, char);

fn key(entry: &Entry) -> Key {
    (entry.path.clone(), entry.digest, entry.kind.letter())
}

/// The files that a reading was of; none where a tree text is not at hand.
fn files_of(hop: &Hop, text: &dyn Fn(Digest) -> Option<TreeText>) -> Option<BTreeSet<Key>> {
    let to = text(hop.to)?;
    let Some(from) = hop.from else { return Some(to.entries().iter().map(key).collect()) };
    let from = text(from)?;
    let changes = to.changes_since(&from);
    let changed = changes.changed.iter().map(|(_, now)| *now);
    Some(changes.added.iter().copied().chain(changed).map(key).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::tree_text::Kind;

    fn tree(files: &[(&str, &str)]) -> TreeText {
        let entry = |(path, content): &(&str, &str)| Entry {
            kind: Kind::File,
            size: content.len() as u64,
            digest: Digest::of(content.as_bytes()),
            path: PackagePath::parse(path.as_bytes()).expect("a path"),
        };
        TreeText::from_entries(files.iter().map(entry).collect(), &Limits::default()).expect("a tree")
    }

    fn hop(from: Option<&TreeText>, to: &TreeText) -> Hop {
        Hop { from: from.map(TreeText::digest), to: to.digest(), reviewers: Vec::new() }
    }

    #[test]
    fn each_file_is_read_where_it_changed() {
        let first = tree(&[("a", "1"), ("b", "1"), ("c", "1")]);
        let second = tree(&[("a", "1"), ("b", "2"), ("c", "1")]);
        let third = tree(&[("a", "1"), ("b", "2"), ("c", "3"), ("d", "1")]);
        let known = [first.clone(), second.clone()];
        let text = |digest| known.iter().find(|tree| tree.digest() == digest).cloned();
        let told = |hops: Vec<Hop>| {
            let reading = Reading::of(&third, hops, &text);
            let files = reading.files.iter().map(|(path, by)| format!("{path} {by:?}")).collect::<Vec<_>>();
            (files, reading.unknown)
        };
        let all = |files: &[&str]| files.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(told(vec![]), (all(&["a []", "b []", "c []", "d []"]), 0));
        assert_eq!(told(vec![hop(None, &first)]), (all(&["b []", "c []", "d []", "a [0]"]), 0));
        let chain = vec![hop(None, &first), hop(Some(&first), &second), hop(Some(&second), &third)];
        assert_eq!(told(chain), (all(&["a [0]", "b [1]", "c [2]", "d [2]"]), 0));
        assert_eq!(told(vec![hop(None, &third)]), (all(&["a [0]", "b [0]", "c [0]", "d [0]"]), 0));
        // A tree that nobody has tells nothing.
        let other = tree(&[("x", "")]);
        assert_eq!(told(vec![hop(Some(&other), &third)]), (all(&["a []", "b []", "c []", "d []"]), 1));
    }
}
