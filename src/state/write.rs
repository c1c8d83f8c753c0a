//! Replacing a file in one step: whoever reads it sees the old one or the new one, whatever happens.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use tempfile::Builder;

/// The steps of a write, in their order. A crash before [`Step::Rename`] leaves the old file, one after it the new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// A new file is made beside the old one.
    Make,
    /// It is filled.
    Fill,
    /// It is brought to the disk.
    Sync,
    /// It takes the old one's name.
    Rename,
    /// The folder is brought to the disk.
    SyncFolder,
}

impl Step {
    /// Every step.
    pub const ALL: [Self; 5] = [Self::Make, Self::Fill, Self::Sync, Self::Rename, Self::SyncFolder];
}

/// Called before each step; tests stop there as a full disk or a dying process would.
pub type Watch<'a> = &'a dyn Fn(Step) -> io::Result<()>;

/// Nobody looks on.
pub fn unwatched(_: Step) -> io::Result<()> {
    Ok(())
}

/// Puts `bytes` in the place of a file. `private`: nobody else may read it.
pub(crate) fn replace(path: &Path, bytes: &[u8], private: bool, watch: Watch<'_>) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    watch(Step::Make)?;
    let mut builder = Builder::new();
    builder.prefix(crate::beneath::LEFTOVER);
    #[cfg(unix)]
    let permissions: fs::Permissions =
        std::os::unix::fs::PermissionsExt::from_mode(if private { 0o600 } else { 0o644 });
    #[cfg(unix)]
    builder.permissions(permissions);
    let mut new = builder.tempfile_in(folder).map_err(of_the_system)?;
    watch(Step::Fill)?;
    new.write_all(bytes)?;
    watch(Step::Sync)?;
    new.as_file().sync_all()?;
    watch(Step::Rename)?;
    new.persist(path).map_err(|refused| refused.error)?;
    watch(Step::SyncFolder)?;
    sync_folder(folder)
}

/// What the system says, without the name of a file that nobody knows.
fn of_the_system(error: io::Error) -> io::Error {
    match error.to_string().rsplit_once(" at path ") {
        Some((said, _)) if error.raw_os_error().is_none() => io::Error::new(error.kind(), said.to_owned()),
        _ => error,
    }
}

/// Makes sure that a new name survives a loss of power, where the system lets us.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { fs::metadata(folder).map(drop) }
}

/// Holds off other writers to a folder until it is dropped.
#[derive(Debug)]
pub(super) struct Turn(File);

impl Turn {
    /// Waits for its turn.
    pub(super) fn wait(folder: &Path) -> io::Result<Self> {
        let file = guard(folder)?;
        file.lock()?;
        Ok(Self(file))
    }

    /// Takes its turn if nobody else has it: where others can read the folder, one of them could hold it for ever.
    pub(super) fn take(folder: &Path) -> io::Result<Option<Self>> {
        let file = guard(folder)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // Closing the file lets go of it in any case.
        drop(self.0.unlock());
    }
}

/// The folder itself is what is locked, so that no file of ours stays behind.
#[cfg(unix)]
fn guard(folder: &Path) -> io::Result<File> {
    File::open(folder)
}

#[cfg(not(unix))]
fn guard(folder: &Path) -> io::Result<File> {
    File::options().create(true).truncate(false).write(true).open(folder.join(".countersign-turn"))
}
