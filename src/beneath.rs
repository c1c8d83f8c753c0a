//! Open directories, and what lies directly in them: access that follows no link and cannot leave its folder.
//!
//! A path given as text can change its meaning between two calls; an open directory cannot. So foreign trees and stores
//! are reached one name at a time from a directory that is open, and every file is examined again once it is open. What
//! is found is told as it is; whether it is allowed is decided by others.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::shown::{Shown, without_number};

#[cfg(any(not(unix), test))]
#[cfg_attr(unix, expect(dead_code, unreachable_pub, reason = "only its own tests use it here"))]
mod other;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub use other::{Folder, PlainFile};
#[cfg(unix)]
pub use unix::{Folder, PlainFile};

/// What an entry of a directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "whatever else there is, is special")]
pub enum Type {
    /// A regular file.
    File,
    /// A directory.
    Folder,
    /// A symbolic link; on Windows, any reparse point.
    Link,
    /// A device, FIFO, socket, or whatever else a system has.
    Special,
}

/// A name in a directory, as its listing has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Listed {
    /// The name: on Unix any bytes but NUL and `/`.
    pub name: OsString,
    /// The inode, where the listing tells it.
    pub inode: u64,
    /// The type, where the listing tells it.
    pub kind: Option<Type>,
}

/// What the system knows of a file, without opening it or of the open file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Facts {
    /// What it is.
    pub kind: Type,
    /// Its size in bytes.
    pub size: u64,
    /// The permission bits with setuid, setgid and sticky, where the system has them.
    pub mode: Option<u32>,
    /// How many names the file has.
    pub links: u64,
    /// The device that it lies on.
    pub device: u64,
    /// Its number on that device.
    pub inode: u64,
    /// The last change of the content: seconds and nanoseconds.
    pub modified: (i64, u32),
    /// The last change of content, mode, owner or names, which programs cannot set: seconds and nanoseconds.
    pub changed: (i64, u32),
    /// The mount that it is seen through, where the kernel tells it.
    pub mount: Option<u64>,
    /// Whether something is mounted right here, where the kernel tells it.
    pub mount_root: bool,
}

impl Facts {
    /// Whether both speak of one and the same file or directory.
    pub fn same_file(&self, other: &Self) -> bool {
        (self.kind, self.device, self.inode) == (other.kind, other.device, other.inode)
    }

    /// Whether both speak of the same file in the same state.
    pub fn same_state(&self, other: &Self) -> bool {
        self.same_file(other) && (self.size, self.modified, self.changed) == (other.size, other.modified, other.changed)
    }
}

/// Why something in a folder could not be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// There is nothing of that name.
    #[error("there is nothing of that name")]
    Missing,
    /// It is not what was asked for: not a plain file, or not a directory.
    #[error("it is {}", told(*.0))]
    NotPlain(Type),
    /// More bytes, or more names, than the limit.
    #[error("it is over the limit of {0}")]
    TooLarge(u64),
    /// It was replaced, or written to, while we looked.
    #[error("it changed while it was read")]
    Changed,
    /// The system does not let us read it.
    #[error("{}", without_number(&.0.to_string()))]
    Unreadable(#[source] io::Error),
}

/// Why something in a folder could not be written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WriteError {
    /// What is there cannot be used.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A directory has the name of the file.
    #[error("a directory has this file's name; remove it")]
    Occupied,
    /// There is no place for a folder beside another, on the same file system.
    #[error("no folder can be made in {}, on the same file system", Shown::path(.0))]
    Beside(PathBuf),
    /// The system's refusal.
    #[error("{}", without_number(&.0.to_string()))]
    Failed(#[source] io::Error),
}

/// How the names of files begin that an interrupted write left behind; they mean nothing and can be deleted.
pub const LEFTOVER: &str = ".new-";

fn told(kind: Type) -> &'static str {
    match kind {
        Type::File => "a file",
        Type::Folder => "a directory",
        Type::Link => "a symbolic link, which is not followed",
        Type::Special => "a device, FIFO or socket",
    }
}

fn read_error(error: io::Error) -> ReadError {
    match error.kind() {
        io::ErrorKind::NotFound => ReadError::Missing,
        _ => ReadError::Unreadable(error),
    }
}

/// Reads a file of `size` bytes, and at most `limit`.
fn read_bounded(file: &mut impl io::Read, size: u64, limit: u64) -> Result<Vec<u8>, ReadError> {
    if size > limit {
        return Err(ReadError::TooLarge(limit));
    }
    let mut bytes = Vec::new();
    let most = limit.saturating_add(1);
    io::Read::read_to_end(&mut io::Read::take(file, most), &mut bytes).map_err(ReadError::Unreadable)?;
    if bytes.len() as u64 > limit { Err(ReadError::TooLarge(limit)) } else { Ok(bytes) }
}

/// Gives the bytes if the file was in one state from the first to the last of them.
fn settled(bytes: Vec<u8>, before: &Facts, now: &Facts) -> Result<Vec<u8>, ReadError> {
    if before.same_state(now) && bytes.len() as u64 == now.size { Ok(bytes) } else { Err(ReadError::Changed) }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use super::*;

    fn folder() -> (tempfile::TempDir, Folder) {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = Folder::open(dir.path()).expect("an open folder");
        (dir, folder)
    }

    fn fifo(path: &std::path::Path) {
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mkfifoat(rustix::fs::CWD, path, mode).expect("a FIFO");
    }

    #[test]
    fn reads_a_plain_file_up_to_the_limit() {
        let (dir, folder) = folder();
        fs::write(dir.path().join("a"), "four").expect("written");
        assert_eq!(folder.read("a", 4).expect("read"), b"four");
        assert!(matches!(folder.read("a", 3), Err(ReadError::TooLarge(3))));
        assert!(matches!(folder.read("b", 3), Err(ReadError::Missing)));
        assert_eq!(folder.read("a", u64::MAX).expect("read"), b"four");
    }

    #[test]
    fn reads_nothing_else() {
        let (dir, folder) = folder();
        fs::write(dir.path().join("a"), "").expect("written");
        fs::create_dir(dir.path().join("folder")).expect("made");
        symlink("a", dir.path().join("link")).expect("linked");
        symlink("folder", dir.path().join("folder-link")).expect("linked");
        fifo(&dir.path().join("fifo"));
        let _socket = UnixListener::bind(dir.path().join("socket")).expect("a socket");
        for (name, kind) in [
            ("folder", Type::Folder),
            ("link", Type::Link),
            ("folder-link", Type::Link),
            ("fifo", Type::Special),
            ("socket", Type::Special),
        ] {
            assert_eq!(folder.facts(name).expect("facts").kind, kind);
            assert!(matches!(folder.read(name, 9), Err(ReadError::NotPlain(k)) if k == kind), "{name}");
        }
        for (name, kind) in [("a", Type::File), ("folder-link", Type::Link), ("fifo", Type::Special)] {
            assert!(matches!(folder.folder(name), Err(ReadError::NotPlain(k)) if k == kind), "{name}");
        }
        assert!(folder.folder("folder").is_ok());
        assert!(matches!(folder.folder("none"), Err(ReadError::Missing)));
    }

    #[test]
    fn names_cannot_leave_the_folder() {
        let (dir, folder) = folder();
        fs::create_dir(dir.path().join("a")).expect("made");
        fs::write(dir.path().join("a/b"), "").expect("written");
        for name in ["", ".", "..", "a/b", "/etc/passwd", "a/", "a\0"] {
            assert!(matches!(folder.read(name, 9), Err(ReadError::Unreadable(_))), "{name}");
            assert!(matches!(folder.folder(name), Err(ReadError::Unreadable(_))), "{name}");
            assert!(matches!(folder.facts(name), Err(ReadError::Unreadable(_))), "{name}");
        }
        assert_eq!(folder.folder("a").expect("open").read("b", 0).expect("read"), b"");
    }

    #[test]
    fn lists_every_name_in_byte_order() {
        let (dir, folder) = folder();
        for name in ["b", ".a", "B", "ü"] {
            fs::write(dir.path().join(name), "").expect("written");
        }
        let listed = folder.list(4).expect("a listing");
        let names: Vec<_> = listed.iter().map(|entry| entry.name.to_str().expect("text")).collect();
        assert_eq!(names, [".a", "B", "b", "ü"]);
        for entry in &listed {
            assert_eq!(entry.inode, folder.facts(&entry.name).expect("facts").inode);
        }
        assert_eq!(folder.list(4).expect("a listing"), listed);
        assert!(matches!(folder.list(3), Err(ReadError::TooLarge(3))));
    }

    #[test]
    fn a_file_that_is_not_the_one_examined_is_not_opened() {
        let (dir, folder) = folder();
        let path = dir.path().join("a");
        fs::write(&path, "old").expect("written");
        let facts = folder.facts("a").expect("facts");
        assert!(folder.file_as("a", &facts).is_ok());
        fs::rename(&path, dir.path().join("b")).expect("moved");
        assert!(matches!(folder.file_as("a", &facts), Err(ReadError::Missing)));
        fs::write(&path, "new").expect("written");
        assert!(matches!(folder.file_as("a", &facts), Err(ReadError::Changed)));
        fs::remove_file(&path).expect("removed");
        symlink("b", &path).expect("linked");
        assert!(matches!(folder.file_as("a", &facts), Err(ReadError::NotPlain(Type::Link))));
        fs::remove_file(&path).expect("removed");
        fifo(&path);
        assert!(matches!(folder.file_as("a", &facts), Err(ReadError::NotPlain(Type::Special))));
    }

    #[test]
    fn the_root_is_a_directory_and_may_be_reached_by_a_link() {
        let (dir, _) = folder();
        fs::write(dir.path().join("a"), "").expect("written");
        symlink(".", dir.path().join("here")).expect("linked");
        assert!(Folder::open(&dir.path().join("here")).is_ok());
        assert!(matches!(Folder::open(&dir.path().join("a")), Err(ReadError::NotPlain(Type::File))));
        assert!(matches!(Folder::open(&dir.path().join("none")), Err(ReadError::Missing)));
    }
}
