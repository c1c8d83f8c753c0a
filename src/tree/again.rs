//! Lists every directory a second time: what came, went or was replaced while the files were read has changed.

use rayon::prelude::*;

use crate::beneath::{Folder, Listed, ReadError};
use crate::digest::{Digest, Hasher};
use crate::path::PackagePath;
use crate::reason::Reason;

use super::walk::{Directory, Walked, within};
use super::{Notes, SurveyRequest, changed, refusal};

/// Lists every directory again, from the root, and the root from its name.
pub(super) fn again(root: &Folder, walked: &Walked, request: &SurveyRequest<'_>, notes: &mut Notes) {
    let refused: Vec<_> =
        walked.directories.par_iter().filter_map(|directory| differs(root, directory, request)).collect();
    for (path, reason) in refused {
        notes.refuse(&path, reason);
    }
    if !Folder::open(request.dir).is_ok_and(|now| now.own().same_file(root.own())) {
        notes.refuse("", changed(""));
    }
}

/// The names that one directory can have while the tree is within its limits: files, directories, and the two that can
/// be left out.
pub(super) fn most_names(request: &SurveyRequest<'_>) -> usize {
    request.limits.files.saturating_mul(2).saturating_add(2).try_into().unwrap_or(usize::MAX)
}

/// A listing in 32 bytes.
pub(super) fn listing_digest(listed: &[Listed]) -> Digest {
    let mut hasher = Hasher::default();
    for entry in listed {
        hasher.update(&entry.inode.to_le_bytes());
        hasher.update(&[entry.kind.map_or(0, |kind| kind as u8 + 1)]);
        hasher.update(entry.name.as_encoded_bytes());
        hasher.update(&[0]);
    }
    hasher.finish()
}

/// Compares one directory with its first listing; what is wrong, and where.
fn differs(root: &Folder, directory: &Directory, request: &SurveyRequest<'_>) -> Option<(String, Reason)> {
    let at = directory.path.as_ref().map_or("", PackagePath::as_str);
    let same = within(root, at, |folder| {
        let same =
            |listed: Vec<Listed>| listing_digest(&listed) == directory.listing && folder.own().inode == directory.inode;
        folder.list(most_names(request)).map(same)
    });
    match same {
        Ok(Ok(true)) => None,
        Ok(Ok(false) | Err(ReadError::TooLarge(_))) => Some((at.to_owned(), changed(at))),
        Ok(Err(error)) => Some((at.to_owned(), refusal(at, &error))),
        Err(refused) => Some(refused),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;

    use super::super::fixture::{Fixture, Moment, one};

    #[test]
    fn another_directory_in_its_place_is_a_change() {
        for at in [Moment::Entering("a"), Moment::Returning] {
            let fixture = Fixture::new(&[("a/b", "b"), (".countersign/c/b", "b")]);
            let found = fixture.found_when(|now| {
                if now == at {
                    fs::rename(fixture.at("a"), fixture.at(".countersign/a")).expect("moved");
                    fs::rename(fixture.at(".countersign/c"), fixture.at("a")).expect("moved");
                }
            });
            assert!(found.contains(&one("changed-during-verify", "a")[0]), "{at:?} {found:?}");
        }
    }

    #[test]
    fn what_comes_or_goes_meanwhile_is_a_change() {
        let fixture = Fixture::new(&[("a", "a"), ("d/b", "b")]);
        assert_eq!(fixture.found_when(|_| ()), []);
        let found = fixture.found_when(|now| {
            if now == Moment::Returning {
                fixture.write("d/new", "");
            }
        });
        assert_eq!(found, one("changed-during-verify", "d"));
        let found = fixture.found_when(|now| {
            if now == Moment::Returning {
                fs::rename(fixture.at("d/new"), fixture.at("d/newer")).expect("moved");
            }
        });
        assert_eq!(found, one("changed-during-verify", "d"));
        let found = fixture.found_when(|now| {
            if now == Moment::Returning {
                fs::remove_dir_all(fixture.at("d")).expect("removed");
            }
        });
        assert_eq!(found, [("changed-during-verify", ".".to_owned()), ("changed-during-verify", "d".to_owned())]);
    }
}
