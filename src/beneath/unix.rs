//! Open directories by their descriptors.

mod write;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use rustix::fs::{Dir, FileType, Mode, OFlags};

use super::{Facts, Listed, ReadError, Type, read_bounded, read_error, settled};

/// An open directory.
#[derive(Debug)]
pub struct Folder {
    descriptor: OwnedFd,
    facts: Facts,
}

impl Folder {
    /// Opens a directory by the path that the user gave; links that lead to it are the user's own.
    ///
    /// # Errors
    /// There is none, it is no directory, or it cannot be read.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        match rustix::fs::open(path, FOLDER_FLAGS, Mode::empty()) {
            Ok(descriptor) => Self::new(descriptor),
            Err(rustix::io::Errno::NOTDIR) => match rustix::fs::stat(path) {
                Ok(stat) => Err(ReadError::NotPlain(type_of(FileType::from_raw_mode(stat.st_mode)))),
                Err(error) => Err(read_error(error.into())),
            },
            Err(error) => Err(read_error(error.into())),
        }
    }

    /// Opens a directory in this one.
    ///
    /// # Errors
    /// There is none, it is a link or no directory, or it cannot be read.
    pub fn folder(&self, name: impl AsRef<OsStr>) -> Result<Self, ReadError> {
        let name = plain(name.as_ref())?;
        match rustix::fs::openat(&self.descriptor, name, FOLDER_FLAGS | OFlags::NOFOLLOW, Mode::empty()) {
            Ok(descriptor) => Self::new(descriptor),
            Err(error) => Err(self.why_not(name, error, Type::Folder)),
        }
    }

    /// What is known of this directory itself.
    pub fn own(&self) -> &Facts {
        &self.facts
    }

    /// Every name in this directory but `.` and `..`, sorted by bytes.
    ///
    /// # Errors
    /// More than `limit` names, or the system's refusal.
    pub fn list(&self, limit: usize) -> Result<Vec<Listed>, ReadError> {
        let directory = Dir::read_from(&self.descriptor).map_err(|error| read_error(error.into()))?;
        let mut listed = Vec::new();
        for entry in directory {
            let entry = entry.map_err(|error| read_error(error.into()))?;
            let name = entry.file_name().to_bytes();
            if matches!(name, b"." | b"..") {
                continue;
            }
            if listed.len() == limit {
                return Err(ReadError::TooLarge(limit as u64));
            }
            let kind = Some(entry.file_type()).filter(|kind| *kind != FileType::Unknown).map(type_of);
            listed.push(Listed { name: OsString::from_vec(name.to_vec()), inode: entry.ino(), kind });
        }
        listed.sort_unstable();
        Ok(listed)
    }

    /// What is known of a name in this directory, without opening it or following it.
    ///
    /// # Errors
    /// There is none, or the system's refusal.
    pub fn facts(&self, name: impl AsRef<OsStr>) -> Result<Facts, ReadError> {
        let name = plain(name.as_ref())?;
        stat::of_name(&self.descriptor, name).map_err(|error| read_error(error.into()))
    }

    /// Opens a plain file in this directory.
    ///
    /// # Errors
    /// There is none, it is no plain file, or it cannot be read.
    pub fn file(&self, name: impl AsRef<OsStr>) -> Result<PlainFile, ReadError> {
        let facts = self.facts(&name)?;
        self.file_as(name, &facts)
    }

    /// Opens the very file that was examined before as `facts`. Never blocks, whatever has taken its place.
    ///
    /// # Errors
    /// It is no plain file, it is not there any more, something else is, or it cannot be read.
    pub fn file_as(&self, name: impl AsRef<OsStr>, facts: &Facts) -> Result<PlainFile, ReadError> {
        if facts.kind != Type::File {
            return Err(ReadError::NotPlain(facts.kind));
        }
        let name = plain(name.as_ref())?;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let descriptor = rustix::fs::openat(&self.descriptor, name, flags, Mode::empty())
            .map_err(|error| self.why_not(name, error, Type::File))?;
        let opened = stat::of_open(&descriptor).map_err(|error| read_error(error.into()))?;
        match opened.kind {
            Type::File if opened.same_file(facts) => Ok(PlainFile { file: descriptor.into(), facts: opened }),
            Type::File => Err(ReadError::Changed),
            kind => Err(ReadError::NotPlain(kind)),
        }
    }

    /// What a symbolic link in this directory says, which was examined before as `facts`. It is not followed.
    ///
    /// # Errors
    /// It is no link, it is not there any more, something else is, or it cannot be read.
    pub fn link(&self, name: impl AsRef<OsStr>, facts: &Facts) -> Result<Vec<u8>, ReadError> {
        let name = plain(name.as_ref())?;
        if facts.kind != Type::Link {
            return Err(ReadError::NotPlain(facts.kind));
        }
        let said = rustix::fs::readlinkat(&self.descriptor, name, Vec::new());
        let said = said.map_err(|error| self.why_not(name, error, Type::Link))?.into_bytes();
        let now = self.facts(name)?;
        if now.same_state(facts) { Ok(said) } else { Err(ReadError::Changed) }
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

    fn new(descriptor: OwnedFd) -> Result<Self, ReadError> {
        let facts = stat::of_open(&descriptor).map_err(|error| read_error(error.into()))?;
        Ok(Self { descriptor, facts })
    }

    /// Systems disagree on how they refuse to open a link or a special file, so the name is looked at again.
    fn why_not(&self, name: &OsStr, error: rustix::io::Errno, wanted: Type) -> ReadError {
        match self.facts(name) {
            Ok(facts) if facts.kind != wanted => ReadError::NotPlain(facts.kind),
            Err(ReadError::Missing) => ReadError::Missing,
            _ => read_error(error.into()),
        }
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
        Ok(stat::of_open(&self.file)?)
    }

    /// Whether the file carries capabilities, which run it with more rights than its reader has.
    ///
    /// # Errors
    /// The system's refusal. A file system without such attributes is no error.
    pub fn has_capabilities(&self) -> io::Result<bool> {
        stat::has_capabilities(&self.file)
    }
}

impl Read for PlainFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer)
    }
}

/// One name of this very directory, so that no call can leave it.
fn plain(name: &OsStr) -> Result<&OsStr, ReadError> {
    let bytes = name.as_bytes();
    if matches!(bytes, b"" | b"." | b"..") || bytes.contains(&b'/') {
        return Err(ReadError::Unreadable(io::ErrorKind::InvalidInput.into()));
    }
    Ok(name)
}

fn type_of(kind: FileType) -> Type {
    match kind {
        FileType::RegularFile => Type::File,
        FileType::Directory => Type::Folder,
        FileType::Symlink => Type::Link,
        _ => Type::Special,
    }
}

/// Linux tells the mount too, so that a bind mount of the same device is seen.
#[cfg(target_os = "linux")]
mod stat {
    use std::ffi::OsStr;
    use std::io;
    use std::os::fd::AsFd;

    use rustix::fs::{AtFlags, FileType, StatxAttributes, StatxFlags};
    use rustix::io::Errno;

    use super::{Facts, type_of};

    pub(super) fn of_name(folder: impl AsFd, name: &OsStr) -> Result<Facts, Errno> {
        of(folder, name, AtFlags::SYMLINK_NOFOLLOW)
    }

    pub(super) fn of_open(file: impl AsFd) -> Result<Facts, Errno> {
        of(file, OsStr::new(""), AtFlags::EMPTY_PATH)
    }

    pub(super) fn has_capabilities(file: impl AsFd) -> io::Result<bool> {
        match rustix::fs::fgetxattr(file, "security.capability", &mut [0_u8; 0]) {
            Ok(_) => Ok(true),
            Err(Errno::NODATA | Errno::OPNOTSUPP | Errno::NOSYS) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn of(place: impl AsFd, name: &OsStr, flags: AtFlags) -> Result<Facts, Errno> {
        let place = place.as_fd();
        let wanted = StatxFlags::BASIC_STATS | StatxFlags::MNT_ID;
        let x = match rustix::fs::statx(place, name, flags, wanted) {
            // A sandbox that forbids the call, or a kernel before 4.11.
            Err(Errno::NOSYS) => return rustix::fs::statat(place, name, flags).map(|stat| super::from_stat(&stat)),
            other => other?,
        };
        let mask = StatxFlags::from_bits_retain(x.stx_mask);
        Ok(Facts {
            kind: type_of(FileType::from_raw_mode(x.stx_mode.into())),
            size: x.stx_size,
            mode: Some(u32::from(x.stx_mode) & 0o7777),
            links: x.stx_nlink.into(),
            device: rustix::fs::makedev(x.stx_dev_major, x.stx_dev_minor),
            inode: x.stx_ino,
            modified: (x.stx_mtime.tv_sec, x.stx_mtime.tv_nsec),
            changed: (x.stx_ctime.tv_sec, x.stx_ctime.tv_nsec),
            mount: mask.contains(StatxFlags::MNT_ID).then_some(x.stx_mnt_id),
            mount_root: x.stx_attributes.contains(StatxAttributes::MOUNT_ROOT),
        })
    }
}

#[cfg(not(target_os = "linux"))]
mod stat {
    use std::ffi::OsStr;
    use std::io;
    use std::os::fd::AsFd;

    use rustix::fs::AtFlags;
    use rustix::io::Errno;

    use super::{Facts, from_stat};

    pub(super) fn of_name(folder: impl AsFd, name: &OsStr) -> Result<Facts, Errno> {
        rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).map(|stat| from_stat(&stat))
    }

    pub(super) fn of_open(file: impl AsFd) -> Result<Facts, Errno> {
        rustix::fs::fstat(file).map(|stat| from_stat(&stat))
    }

    pub(super) fn has_capabilities(_file: impl AsFd) -> io::Result<bool> {
        Ok(false)
    }
}

#[allow(trivial_numeric_casts, clippy::unnecessary_cast, reason = "the types of these fields differ between systems")]
fn from_stat(stat: &rustix::fs::Stat) -> Facts {
    Facts {
        kind: type_of(FileType::from_raw_mode(stat.st_mode)),
        size: stat.st_size as u64,
        mode: Some(stat.st_mode as u32 & 0o7777),
        links: stat.st_nlink as u64,
        device: stat.st_dev as u64,
        inode: stat.st_ino as u64,
        modified: (stat.st_mtime as i64, stat.st_mtime_nsec as u32),
        changed: (stat.st_ctime as i64, stat.st_ctime_nsec as u32),
        mount: None,
        mount_root: false,
    }
}

const FOLDER_FLAGS: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
