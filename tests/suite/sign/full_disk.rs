//! Out of room at every step: signing fails, says so, and changes nothing.
//!
//! A small file system is filled up but for one page, then two, and so on until signing succeeds.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::desk::{Desk, Snapshot, snapshot};
use crate::tools::{Home, found, not_run};

#[test]
fn a_full_disk_leaves_the_old_evidence() {
    let Some((desk, home, _small)) = ready("a_full_disk_leaves_the_old_evidence") else { return };
    desk.done(&home, "sign small/acme --package pkg:generic/acme@1.0 --first --yes");
    desk.write("small/acme/main.c", "int other;\n");
    let refused = until_there_is_room(
        &desk,
        &home,
        "sign small/acme --package pkg:generic/acme@1.1 --yes",
        "Error: `.countersign/` cannot be written; the old files are still there\n\
         Caused by: No space left on device\n\
         Hint: evidence can be kept outside of the package with --store DIR\n",
        |before, now| assert!(now == before, "{:?}", now.keys()),
    );
    assert!(refused > 2, "{refused} attempts failed");
}

#[test]
fn a_full_disk_leaves_a_store_as_good_as_it_was() {
    let Some((desk, home, _small)) = ready("a_full_disk_leaves_a_store_as_good_as_it_was") else { return };
    desk.done(&home, "sign small/acme --package pkg:generic/acme@1.0 --first --yes --store small/store");
    desk.write("small/acme/main.c", "int other;\n");
    let refused = until_there_is_room(
        &desk,
        &home,
        "sign small/acme --package pkg:generic/acme@1.1 --yes --store small/store",
        "Error: FILE cannot be written\nCaused by: No space left on device\n\
         Hint: nothing that was there is lost; make room or get write access, and try again\n",
        |before, now| {
            // Everything is there; what is new is whole, and no signature is among it.
            assert!(before.iter().all(|(path, content)| now.get(path) == Some(content)));
            let new = |path: &&PathBuf| now[*path].is_some() && !before.contains_key(*path);
            for path in now.keys().filter(new) {
                let name = path.file_name().unwrap().to_str().unwrap();
                assert!(!name.starts_with(".new-") && !path.starts_with("store/signatures"), "{}", path.display());
            }
        },
    );
    assert!(refused > 2, "{refused} attempts failed");
}

/// Runs the program with one page more each time; how often it failed, always with this error.
fn until_there_is_room(
    desk: &Desk,
    home: &Home,
    words: &str,
    error: &str,
    look: impl Fn(&Snapshot, &Snapshot),
) -> usize {
    for pages in 0..40 {
        let before = snapshot(&desk.at("small"));
        fill(&desk.at("small/filler"), pages);
        let told = desk.run(home, words);
        fs::remove_file(desk.at("small/filler")).unwrap();
        if told.code == 0 {
            return usize::try_from(pages).unwrap();
        }
        let said = told.err.find("Error: ").map_or("", |start| &told.err[start..]);
        // Which file of a store it was depends on the room.
        let words = said.split(' ').map(|word| if word.starts_with("small/store/") { "FILE" } else { word });
        assert_eq!((told.code, words.collect::<Vec<_>>().join(" ").as_str()), (2, error), "{pages} pages");
        look(&before, &snapshot(&desk.at("small")));
    }
    panic!("it never succeeds");
}

/// A package on a small file system, and somebody with a key.
fn ready(test: &str) -> Option<(Desk, Home, Small)> {
    let mut desk = Desk::new(test)?;
    let home = Home::new();
    desk.key(&home, "alice");
    fs::create_dir(desk.at("small")).unwrap();
    let small = Small::mount(test, &desk.at("small"))?;
    desk.write("small/acme/main.c", "int main;\n");
    Some((desk, home, small))
}

/// A file system of its own, for as long as this lives.
pub(crate) struct Small(PathBuf);

impl Small {
    /// Mounts it; nothing, said loudly, where that cannot be.
    pub(crate) fn mount(test: &str, at: &Path) -> Option<Self> {
        if !found(test, &["mount", "umount"]) {
            return None;
        }
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=512k", "none"]).arg(at).output().unwrap();
        if !mounted.status.success() {
            not_run(test, "to mount a small file system, as root");
            return None;
        }
        Some(Self(at.to_owned()))
    }
}

impl Small {
    /// Lets nobody write to it any more, or again.
    pub(crate) fn read_only(&self, is: bool) {
        let options = if is { "remount,ro" } else { "remount,rw" };
        let done = Command::new("mount").args(["-o", options]).arg(&self.0).output().unwrap();
        assert!(done.status.success(), "{done:?}");
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        drop(Command::new("umount").arg(&self.0).output());
    }
}

/// Writes until there is no room, then gives back so many pages.
pub(crate) fn fill(file: &Path, pages: u64) {
    let mut filler = fs::File::create(file).unwrap();
    while filler.write_all(&[b'x'; 4096]).is_ok() {}
    let size = filler.metadata().unwrap().len() & !4095;
    filler.set_len(size.checked_sub(4096 * pages).unwrap()).unwrap();
}
