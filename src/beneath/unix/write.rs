//! Writing beneath an open directory: whole files only, never through a link, so that a crash leaves the old state or
//! the new one.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Write;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::super::{LEFTOVER, ReadError, WriteError};
use super::{Folder, plain};

impl Folder {
    /// Opens a directory in this one, and makes it where there is none.
    ///
    /// # Errors
    /// It cannot be made, or something else has its name.
    pub fn make_folder(&self, name: impl AsRef<OsStr>) -> Result<Self, WriteError> {
        let name = name.as_ref();
        match rustix::fs::mkdirat(&self.descriptor, plain(name)?, Mode::from_raw_mode(0o777)) {
            Ok(()) => self.sync()?,
            Err(Errno::EXIST) => {}
            Err(error) => return Err(WriteError::Failed(error.into())),
        }
        Ok(self.folder(name)?)
    }

    /// Writes a file whose name is made from its content, unless it is there already. What is there with another
    /// content is damage, and is replaced. Gives whether anything was written.
    ///
    /// # Errors
    /// It cannot be written; then there is no such file, or the one of before.
    pub fn write_once(&self, name: impl AsRef<OsStr>, bytes: &[u8]) -> Result<bool, WriteError> {
        let name = plain(name.as_ref())?;
        match self.read(name, bytes.len() as u64) {
            Ok(present) if present == bytes => return Ok(false),
            Err(ReadError::NotPlain(super::Type::Folder)) => return Err(WriteError::Occupied),
            _ => {}
        }
        let (temporary, mut file) = self.create_temporary()?;
        let written = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| {
            rustix::fs::renameat(&self.descriptor, &temporary, &self.descriptor, name).map_err(Into::into)
        });
        if let Err(error) = written {
            // The error of writing is the one to tell.
            rustix::fs::unlinkat(&self.descriptor, &temporary, AtFlags::empty()).ok();
            return Err(WriteError::Failed(error));
        }
        self.sync()?;
        Ok(true)
    }

    /// Puts the directory `name` of this one into the place of `other_name` in `other`, in one step. What was there
    /// comes back under `name`; gives whether there was anything.
    ///
    /// # Errors
    /// The two do not lie on one file system, or the system's refusal; then nothing was moved.
    pub fn exchange(&self, name: &OsStr, other: &Self, other_name: &OsStr) -> Result<bool, WriteError> {
        let (name, other_name) = (plain(name)?, plain(other_name)?);
        let present = !matches!(other.facts(other_name), Err(ReadError::Missing));
        if present {
            swap(self, name, other, other_name)?;
        } else {
            rustix::fs::renameat(&self.descriptor, name, &other.descriptor, other_name)
                .map_err(|error| WriteError::Failed(error.into()))?;
        }
        other.sync()?;
        self.sync()?;
        Ok(present)
    }

    /// Waits until nobody else writes here, and keeps others waiting while the returned handle lives.
    ///
    /// # Errors
    /// The system's refusal.
    pub fn lock(&self) -> Result<impl Drop + use<>, WriteError> {
        let descriptor = rustix::fs::openat(&self.descriptor, c".", super::FOLDER_FLAGS, Mode::empty())
            .map_err(|error| WriteError::Failed(error.into()))?;
        rustix::fs::flock(&descriptor, rustix::fs::FlockOperation::LockExclusive)
            .map_err(|error| WriteError::Failed(error.into()))?;
        Ok(descriptor)
    }

    fn create_temporary(&self) -> Result<(String, File), WriteError> {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        loop {
            let count = COUNTER.fetch_add(1, Ordering::Relaxed);
            let name = format!("{LEFTOVER}{:x}-{count:x}", std::process::id());
            match rustix::fs::openat(&self.descriptor, &name, flags, Mode::from_raw_mode(0o666)) {
                Ok(descriptor) => return Ok((name, descriptor.into())),
                Err(Errno::EXIST) => {}
                Err(error) => return Err(WriteError::Failed(error.into())),
            }
        }
    }

    /// Names are on disk only once their directory is.
    fn sync(&self) -> Result<(), WriteError> {
        match rustix::fs::fsync(&self.descriptor) {
            // Some file systems cannot, and have nothing to lose then.
            Ok(()) | Err(Errno::INVAL | Errno::ROFS | Errno::NOTSUP) => Ok(()),
            Err(error) => Err(WriteError::Failed(error.into())),
        }
    }
}

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn swap(from: &Folder, name: &OsStr, to: &Folder, to_name: &OsStr) -> Result<(), WriteError> {
    let flags = rustix::fs::RenameFlags::EXCHANGE;
    rustix::fs::renameat_with(&from.descriptor, name, &to.descriptor, to_name, flags)
        .map_err(|error| WriteError::Failed(error.into()))
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn swap(_: &Folder, _: &OsStr, _: &Folder, _: &OsStr) -> Result<(), WriteError> {
    Err(WriteError::Failed(std::io::ErrorKind::Unsupported.into()))
}
