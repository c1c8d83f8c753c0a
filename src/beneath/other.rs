//! Directories by their paths, where there are no open directories to start from. Weaker: between two calls a path
//! can come to mean something else, which the second look at each file finds only in part. The parts that are not
//! Windows' own are tested on Unix too; nobody has run it on Windows. No link or
//! reparse point is followed as the last component of a path.

mod write;

use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::{Facts, Listed, ReadError, Type, read_bounded, read_error, settled};

/// A directory.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    facts: Facts,
}

impl Folder {
    /// Opens a directory by the path that the user gave; links that lead to it are the user's own.
    ///
    /// # Errors
    /// There is none, it is no directory, or it cannot be read.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        Self::new(fs::canonicalize(path).map_err(read_error)?)
    }

    /// Opens a directory in this one.
    ///
    /// # Errors
    /// There is none, it is a link or no directory, or it cannot be read.
    pub fn folder(&self, name: impl AsRef<OsStr>) -> Result<Self, ReadError> {
        Self::new(self.place(name.as_ref())?)
    }

    /// What is known of this directory itself.
    pub fn own(&self) -> &Facts {
        &self.facts
    }

    /// Every name in this directory, sorted.
    ///
    /// # Errors
    /// More than `limit` names, or the system's refusal.
    pub fn list(&self, limit: usize) -> Result<Vec<Listed>, ReadError> {
        let mut listed = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(read_error)? {
            let entry = entry.map_err(read_error)?;
            if listed.len() == limit {
                return Err(ReadError::TooLarge(limit as u64));
            }
            let kind = entry.metadata().ok().map(|metadata| type_of(&metadata));
            listed.push(Listed { name: entry.file_name(), inode: 0, kind });
        }
        listed.sort_unstable();
        Ok(listed)
    }

    /// What is known of a name in this directory, without opening it or following it.
    ///
    /// # Errors
    /// There is none, or the system's refusal.
    pub fn facts(&self, name: impl AsRef<OsStr>) -> Result<Facts, ReadError> {
        facts_of(&self.place(name.as_ref())?)
    }

    /// What a symbolic link says: here none is read.
    ///
    /// # Errors
    /// Always.
    pub fn link(&self, name: impl AsRef<OsStr>, facts: &Facts) -> Result<Vec<u8>, ReadError> {
        self.place(name.as_ref())?;
        Err(ReadError::NotPlain(facts.kind))
    }

    /// Opens a plain file in this directory.
    ///
    /// # Errors
    /// There is none, it is no plain file, or it cannot be read.
    pub fn file(&self, name: impl AsRef<OsStr>) -> Result<PlainFile, ReadError> {
        let facts = self.facts(&name)?;
        self.file_as(name, &facts)
    }

    /// Opens the file that was examined before as `facts`.
    ///
    /// # Errors
    /// It is no plain file, it is not there any more, something else is, or it cannot be read.
    pub fn file_as(&self, name: impl AsRef<OsStr>, facts: &Facts) -> Result<PlainFile, ReadError> {
        if facts.kind != Type::File {
            return Err(ReadError::NotPlain(facts.kind));
        }
        let file = options().open(self.place(name.as_ref())?).map_err(read_error)?;
        let opened = facts_from(&file.metadata().map_err(read_error)?);
        match opened.kind {
            Type::File if opened.same_state(facts) => Ok(PlainFile { file, facts: opened }),
            Type::File => Err(ReadError::Changed),
            kind => Err(ReadError::NotPlain(kind)),
        }
    }

    /// Reads a plain file in this directory, of at most `limit` bytes.
    ///
    /// # Errors
    /// As [`Folder::file`], or it is over the limit, or it changed meanwhile.
    pub fn read(&self, name: impl AsRef<OsStr>, limit: u64) -> Result<Vec<u8>, ReadError> {
        let mut file = self.file(name)?;
        let size = file.facts().size;
        let bytes = read_bounded(&mut file, size, limit)?;
        settled(bytes, file.facts(), &file.facts_now().map_err(ReadError::Unreadable)?)
    }

    fn new(path: PathBuf) -> Result<Self, ReadError> {
        let facts = facts_of(&path)?;
        if facts.kind == Type::Folder { Ok(Self { path, facts }) } else { Err(ReadError::NotPlain(facts.kind)) }
    }

    /// One name of this very directory, so that no call can leave it.
    fn place(&self, name: &OsStr) -> Result<PathBuf, ReadError> {
        let mut components = Path::new(name).components();
        let single = matches!((components.next(), components.next()), (Some(Component::Normal(n)), None) if n == name);
        // A colon would name a drive, or an alternate stream of a file.
        if !single || name.as_encoded_bytes().iter().any(|b| matches!(b, b':' | b'/' | b'\\')) {
            return Err(ReadError::Unreadable(io::ErrorKind::InvalidInput.into()));
        }
        Ok(self.path.join(name))
    }
}

/// An open plain file.
#[derive(Debug)]
pub struct PlainFile {
    file: File,
    facts: Facts,
}

impl PlainFile {
    /// What was known of the file when it was opened.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// What is known of the open file now.
    ///
    /// # Errors
    /// The system's refusal.
    pub fn facts_now(&self) -> io::Result<Facts> {
        Ok(facts_from(&self.file.metadata()?))
    }

    /// Whether the file carries capabilities: there are none here.
    ///
    /// # Errors
    /// None.
    pub fn has_capabilities(&self) -> io::Result<bool> {
        Ok(false)
    }
}

impl Read for PlainFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer)
    }
}

/// On Windows: let others read meanwhile but not write, and open a reparse point itself instead of its target.
#[cfg(windows)]
fn options() -> fs::OpenOptions {
    use std::os::windows::fs::OpenOptionsExt;

    const FILE_SHARE_READ: u32 = 1;
    const FILE_FLAG_OPEN_REPARSE_POINT: u32 = 0x0020_0000;
    let mut options = fs::OpenOptions::new();
    options.read(true).share_mode(FILE_SHARE_READ).custom_flags(FILE_FLAG_OPEN_REPARSE_POINT);
    options
}

#[cfg(not(windows))]
fn options() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.read(true);
    options
}

fn facts_of(path: &Path) -> Result<Facts, ReadError> {
    fs::symlink_metadata(path).map(|metadata| facts_from(&metadata)).map_err(read_error)
}

fn facts_from(metadata: &Metadata) -> Facts {
    Facts {
        kind: type_of(metadata),
        size: metadata.len(),
        mode: None,
        links: 1,
        device: 0,
        inode: 0,
        modified: since_1970(metadata.modified()),
        changed: since_1970(metadata.created()),
        mount: None,
        mount_root: false,
    }
}

#[cfg(windows)]
fn is_reparse_point(metadata: &Metadata) -> bool {
    use std::os::windows::fs::MetadataExt;

    const FILE_ATTRIBUTE_REPARSE_POINT: u32 = 0x400;
    metadata.file_attributes() & FILE_ATTRIBUTE_REPARSE_POINT != 0
}

#[cfg(not(windows))]
fn is_reparse_point(_metadata: &Metadata) -> bool {
    false
}

fn type_of(metadata: &Metadata) -> Type {
    match metadata.file_type() {
        kind if kind.is_symlink() || is_reparse_point(metadata) => Type::Link,
        kind if kind.is_dir() => Type::Folder,
        kind if kind.is_file() => Type::File,
        _ => Type::Special,
    }
}

fn since_1970(time: io::Result<SystemTime>) -> (i64, u32) {
    let since = time.ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    (since.as_secs().try_into().unwrap_or(i64::MAX), since.subsec_nanos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_writes_and_lists_by_paths() {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = Folder::open(dir.path()).expect("open");
        let inner = folder.make_folder("a").expect("made");
        assert!(inner.write_once("b", b"four").expect("written"));
        assert!(!inner.write_once("b", b"four").expect("there already"));
        assert!(inner.write_once("b", b"other").expect("damage is replaced"));
        assert_eq!(inner.read("b", 5).expect("read"), b"other");
        assert!(matches!(inner.read("b", 4), Err(ReadError::TooLarge(4))));
        assert!(matches!(inner.read("c", 4), Err(ReadError::Missing)));
        assert!(matches!(folder.read("a", 4), Err(ReadError::NotPlain(Type::Folder))));
        assert!(matches!(folder.folder(".."), Err(ReadError::Unreadable(_))));
        assert_eq!(inner.list(9).expect("a listing").len(), 1);
        assert!(matches!(inner.list(0), Err(ReadError::TooLarge(0))));
    }

    #[test]
    fn exchanges_folders() {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = Folder::open(dir.path()).expect("open");
        folder.make_folder("new").expect("made").write_once("x", b"1").expect("written");
        assert!(!folder.exchange("new".as_ref(), &folder, "place".as_ref()).expect("moved"));
        folder.make_folder("new").expect("made").write_once("x", b"2").expect("written");
        assert!(folder.exchange("new".as_ref(), &folder, "place".as_ref()).expect("exchanged"));
        let content = |name| folder.folder(name).and_then(|inner| inner.read("x", 1)).expect("read");
        assert_eq!((content("place"), content("new")), (b"2".to_vec(), b"1".to_vec()));
        drop(folder.lock().expect("a lock"));
    }

    #[test]
    #[cfg(unix)]
    fn a_link_is_not_followed_as_the_last_component() {
        let dir = tempfile::tempdir().expect("a folder");
        fs::write(dir.path().join("a"), "x").expect("written");
        std::os::unix::fs::symlink("a", dir.path().join("link")).expect("linked");
        let folder = Folder::open(dir.path()).expect("open");
        assert!(matches!(folder.read("link", 4), Err(ReadError::NotPlain(Type::Link))));
    }
}
