//! Reads a file of a measured tree once more, for whoever wants to see what is in it.

use crate::beneath::{Folder, ReadError};
use crate::digest::Digest;
use crate::tree_text::{Entry, Kind};

/// Reads the file of an entry beneath the open root, without following a link on the way.
///
/// # Errors
/// It is not there any more, it cannot be read, or it is not what was measured.
pub fn read(root: &Folder, entry: &Entry) -> Result<Vec<u8>, ReadError> {
    if entry.kind == Kind::Link {
        return Err(ReadError::NotPlain(crate::beneath::Type::Link));
    }
    let (above, name) = entry.path.as_str().rsplit_once('/').unwrap_or(("", entry.path.as_str()));
    let mut here: Option<Folder> = None;
    for part in above.split('/').filter(|part| !part.is_empty()) {
        here = Some(here.as_ref().unwrap_or(root).folder(part)?);
    }
    let bytes = match here.as_ref().unwrap_or(root).read(name, entry.size) {
        Err(ReadError::TooLarge(_)) => return Err(ReadError::Changed),
        read => read?,
    };
    if Digest::of(&bytes) == entry.digest { Ok(bytes) } else { Err(ReadError::Changed) }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::super::fixture::Fixture;
    use super::*;

    #[test]
    fn only_what_was_measured_is_read_again() {
        let fixture = Fixture::new(&[("a", "a"), ("d/e/b", "bb")]);
        let (root, text) = (Folder::open(fixture.dir.path()).expect("a folder"), fixture.text());
        let all: Vec<_> = text.entries().iter().map(|entry| read(&root, entry).expect("read")).collect();
        assert_eq!(all, [b"a".to_vec(), b"bb".to_vec()]);
        let (a, b) = (&text.entries()[0], &text.entries()[1]);
        for other in ["b", "", "aa"] {
            fixture.write("a", other);
            assert!(matches!(read(&root, a), Err(ReadError::Changed)), "{other:?}");
        }
        fs::remove_file(fixture.at("a")).expect("removed");
        assert!(matches!(read(&root, a), Err(ReadError::Missing)));
        fs::rename(fixture.at("d/e"), fixture.at("elsewhere")).expect("moved");
        symlink("../elsewhere", fixture.at("d/e")).expect("linked");
        assert!(matches!(read(&root, b), Err(ReadError::NotPlain(_))));
    }
}
