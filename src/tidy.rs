//! A path without the steps that lead nowhere, for telling where something lies: `acme/../evidence` is `evidence`, as long as
//! `acme` is a directory and no link, which could lead elsewhere. Nothing else of a path is changed.

use std::fs;
use std::path::{Component, Path, PathBuf};

/// Takes `.` and `DIRECTORY/..` out of a path. `here` is where a path that is not absolute begins.
pub fn tidy(path: &Path, here: &Path) -> PathBuf {
    let tidy = straight(path, |before| is_directory(&here.join(before)));
    if tidy.as_os_str().is_empty() && !path.as_os_str().is_empty() { PathBuf::from(".") } else { tidy }
}

/// Takes `.` and `NAME/..` out of a path by its text alone, as a program reads it that looks at no link: `link/..` is where
/// the link lies, and not above where it leads.
pub fn by_text(path: impl AsRef<Path>) -> PathBuf {
    straight(path.as_ref(), |_| true)
}

/// Leaves out `.`, and each `..` that leads back out of what stands before it.
fn straight(path: &Path, leads_back: impl Fn(&Path) -> bool) -> PathBuf {
    let mut straight = PathBuf::new();
    for part in path.components() {
        match (part, straight.components().next_back()) {
            (Component::CurDir, _) => {}
            (Component::ParentDir, Some(Component::Normal(_))) if leads_back(&straight) => drop(straight.pop()),
            _ => straight.push(part),
        }
    }
    straight
}

/// Whether it is a directory and no link to one.
fn is_directory(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|facts| facts.is_dir())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn steps_that_lead_nowhere_go_and_links_stay() {
        let dir = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(dir.path().join("acme/inner")).expect("made");
        fs::create_dir(dir.path().join("other")).expect("made");
        std::os::unix::fs::symlink("other", dir.path().join("link")).expect("linked");
        for (path, told) in [
            ("acme/../evidence", "evidence"),
            ("./acme/./x", "acme/x"),
            ("acme/inner/../../x", "x"),
            ("acme/..", "."),
            (".", "."),
            ("", ""),
            ("../x", "../x"),
            ("../../x", "../../x"),
            ("link/../x", "link/../x"),
            ("link/../acme/../x", "link/../x"),
            ("nowhere/../x", "nowhere/../x"),
            ("/..", "/.."),
        ] {
            assert_eq!(tidy(Path::new(path), dir.path()), Path::new(told), "{path}");
        }
        assert_eq!(tidy(&dir.path().join("acme/../x"), Path::new("/")), dir.path().join("x"));
        for (path, told) in [("link/../x", "x"), ("nowhere/../x", "x"), ("../x", "../x"), ("/../x", "/../x")] {
            assert_eq!(by_text(path), Path::new(told), "{path}");
        }
    }
}
