//! Names that are two here and one elsewhere: on a disk that ignores case, Unicode's forms, or trailing dots.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::path::{PackagePath, collision_key};

/// Two files or directories of which some system would make one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Collision<'a> {
    /// Which of the paths has the second name.
    pub(crate) place: usize,
    /// The first name, with its directory.
    pub(crate) one: &'a str,
    /// The second.
    pub(crate) other: &'a str,
}

/// Finds the collisions among paths in byte order: directories against directories, and files against both.
///
/// In that order all paths below one directory follow each other, so only the names of the directories above the
/// current path are kept.
pub(crate) fn collisions<'a>(paths: impl Iterator<Item = &'a PackagePath>) -> impl Iterator<Item = Collision<'a>> {
    let mut above = vec![Level { folder: "", names: HashMap::new() }];
    paths.enumerate().filter_map(move |(place, path)| {
        let path = path.as_str();
        while above.last().is_some_and(|level| !level.holds(path)) {
            above.pop();
        }
        let mut found = None;
        let mut start = above.last().map_or(0, Level::below);
        loop {
            let end = path[start..].find('/').map_or(path.len(), |length| start + length);
            if let Some(level) = above.last_mut() {
                match level.names.entry(collision_key(&path[start..end])) {
                    Entry::Occupied(one) => found = Some(Collision { place, one: one.get(), other: &path[..end] }),
                    Entry::Vacant(free) => _ = free.insert(&path[..end]),
                }
            }
            if end == path.len() {
                return found;
            }
            above.push(Level { folder: &path[..end], names: HashMap::new() });
            start = end + 1;
        }
    })
}

/// A directory above the current path, and the names seen in it.
struct Level<'a> {
    folder: &'a str,
    names: HashMap<Cow<'a, str>, &'a str>,
}

impl Level<'_> {
    fn holds(&self, path: &str) -> bool {
        self.folder.is_empty() || path.strip_prefix(self.folder).is_some_and(|rest| rest.starts_with('/'))
    }

    /// Where in a path the name begins that lies in this directory.
    fn below(&self) -> usize {
        if self.folder.is_empty() { 0 } else { self.folder.len() + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(paths: &[&str]) -> Vec<(String, String)> {
        let mut paths: Vec<_> = paths.iter().map(|path| PackagePath::parse(path.as_bytes()).expect("a path")).collect();
        paths.sort();
        collisions(paths.iter()).map(|found| (found.one.to_owned(), found.other.to_owned())).collect()
    }

    fn pair(one: &str, other: &str) -> (String, String) {
        (one.to_owned(), other.to_owned())
    }

    #[test]
    fn files_directories_and_both() {
        assert_eq!(found(&["README", "readme", "x"]), [pair("README", "readme")]);
        assert_eq!(found(&["A/x", "a/y", "a/z"]), [pair("A", "a")]);
        assert_eq!(found(&["a", "a-b", "a/x"]), [pair("a", "a")]);
        assert_eq!(found(&["d/Straße/x", "d/e", "d/strasse"]), [pair("d/Straße", "d/strasse")]);
        assert_eq!(found(&["a.", "a", "A "]), [pair("A ", "a"), pair("A ", "a.")]);
    }

    #[test]
    fn the_same_name_in_two_directories_is_fine() {
        assert!(found(&["a/x", "b/X", "x", "a-b/x", "c/a/x", "c/b/x"]).is_empty());
        assert!(found(&["a", "a-", "b/a", "b/c/a", "b/c/b"]).is_empty());
    }
}
