//! Memory on disk: a project's `countersign.lock`, and the user's state folder.
//!
//! A write replaces the file in one step and is compared with what was read, so that two processes lose nothing and a
//! crash leaves the old file or the new one. A damaged file is an error, never a fresh start. Only whoever accepts
//! something writes here; `verify` reads.

pub mod seen;
pub mod write;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::digest::Digest;
use crate::limits::Limits;
use crate::lock::{Lock, MemoryFault};
use crate::own_file::{self, OwnFileError};
use crate::reason::{Answer, Code, Reason};
use crate::shown::Shown;
pub use seen::Seen;
use write::{Turn, Watch, replace};

/// The name of a lock.
pub const LOCK: &str = "countersign.lock";

/// A lock file as it was read, to be compared with when it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockFile {
    path: PathBuf,
    /// The digest of the bytes that were read; none where there was no file.
    read: Option<Digest>,
    lock: Lock,
    limits: Limits,
}

impl LockFile {
    /// Reads a lock. Where there is no file, nothing is remembered yet.
    ///
    /// # Errors
    /// It is there, and damaged, of a newer format, unreadable, or others can write it.
    pub fn read(path: &Path, limits: &Limits) -> Result<Self, StateError> {
        let (read, lock) = match read_bytes(path, limits)? {
            None => (None, Lock::default()),
            Some(bytes) => {
                let lock = Lock::parse(&bytes, limits);
                let damaged = |source| StateError::Damaged { path: path.to_path_buf(), source };
                (Some(Digest::of(&bytes)), lock.map_err(damaged)?)
            }
        };
        Ok(Self { path: path.to_path_buf(), read, lock, limits: limits.clone() })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether there was a file at all. Where there was none, this is a first contact.
    pub fn is_there(&self) -> bool {
        self.read.is_some()
    }

    /// What it remembers.
    pub fn lock(&self) -> &Lock {
        &self.lock
    }

    /// Whether writing `lock` would change the file.
    pub fn would_change(&self, lock: &Lock) -> bool {
        self.read != Some(lock.digest())
    }

    /// Writes a lock in the place of the one that was read. Where it is the same already, nothing is written.
    ///
    /// # Errors
    /// The file is not any more what was read, somebody else is writing, or the system refuses; the old file is intact.
    pub fn write(&self, lock: &Lock, watch: Watch<'_>) -> Result<(), StateError> {
        if !self.would_change(lock) {
            return Ok(());
        }
        let failed = |source| StateError::Write { path: self.path.clone(), source };
        let folder = folder_of(&self.path);
        // The user's own data folder need not be there yet.
        make_private(folder).map_err(failed)?;
        own_file::check_path(folder).map_err(StateError::Read)?;
        let turn = Turn::take(folder).map_err(failed)?;
        let _turn = turn.ok_or_else(|| StateError::Busy(self.path.clone()))?;
        let now = read_bytes(&self.path, &self.limits)?.map(|bytes| Digest::of(&bytes));
        if now != self.read {
            return Err(StateError::Changed(self.path.clone()));
        }
        replace(&self.path, lock.text().as_bytes(), false, watch).map_err(failed)
    }
}

/// The user's state folder.
#[derive(Debug, Clone)]
pub struct UserState {
    file: PathBuf,
    limits: Limits,
}

impl UserState {
    /// The state in a folder, which need not be there yet.
    pub fn new(folder: &Path, limits: &Limits) -> Self {
        Self { file: folder.join("state.toml"), limits: limits.clone() }
    }

    /// What was seen so far.
    ///
    /// # Errors
    /// It is there, and damaged, of a newer format, unreadable, or others can write it.
    pub fn read(&self) -> Result<Seen, StateError> {
        match read_bytes(&self.file, &self.limits)? {
            None => Ok(Seen::default()),
            Some(bytes) => {
                let damaged = |source| StateError::SeenDamaged { path: self.file.clone(), source };
                Seen::parse(&bytes, &self.limits).map_err(damaged)
            }
        }
    }

    /// Adds to what was seen. Several processes take turns; whatever they add is kept.
    ///
    /// # Errors
    /// As [`UserState::read`], or it cannot be written; then the old file is intact.
    pub fn add(&self, seen: &Seen, watch: Watch<'_>) -> Result<(), StateError> {
        let failed = |source| StateError::Write { path: self.file.clone(), source };
        let folder = folder_of(&self.file);
        make_private(folder).map_err(failed)?;
        own_file::check_path(folder).map_err(StateError::Read)?;
        let _turn = Turn::wait(folder).map_err(failed)?;
        let before = self.read()?;
        let mut all = before.clone();
        all.merge(seen);
        if all == before {
            return Ok(());
        }
        replace(&self.file, all.text().as_bytes(), true, watch).map_err(failed)
    }
}

/// Why memory could not be read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StateError {
    /// The file cannot be read, or not be trusted.
    #[error(transparent)]
    Read(OwnFileError),
    /// It is a link, which a write would replace.
    #[error("{} is a symbolic link; put the file itself there", Shown::path(.0))]
    Link(PathBuf),
    /// It is damaged, or of a newer format.
    #[error("{} cannot be used", Shown::path(.path))]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: MemoryFault,
    },
    /// The same of what the user saw.
    #[error("{} cannot be used", Shown::path(.path))]
    SeenDamaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: MemoryFault,
    },
    /// Another process wrote it since it was read.
    #[error("{} was changed by another process meanwhile; nothing was written", Shown::path(.0))]
    Changed(PathBuf),
    /// Another process is writing it.
    #[error("another process is writing {}; nothing was written", Shown::path(.0))]
    Busy(PathBuf),
    /// The system's refusal.
    #[error("{} could not be written; the old file is as it was", Shown::path(.path))]
    Write {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl StateError {
    /// As a reason: no verdict is possible, or none was remembered.
    pub fn reason(&self) -> Reason {
        let (code, path, message) = match self {
            Self::Read(error) => return error.reason(Code::Unreadable, Code::StateDamaged),
            Self::Damaged { path, source } | Self::SeenDamaged { path, source } => {
                let reason = source.reason(&Shown::path(path).to_string());
                return self.hint().into_iter().fold(reason, Reason::step);
            }
            // The reason says where.
            Self::Link(path) => (Code::Unreadable, path, "is a symbolic link; put the file itself there".to_owned()),
            Self::Changed(path) => {
                (Code::StateWrite, path, "was changed by another process meanwhile; nothing was written".to_owned())
            }
            Self::Busy(path) => {
                (Code::StateWrite, path, "another process is writing it; nothing was written".to_owned())
            }
            Self::Write { path, source } => {
                let why = Shown::new(&source.to_string()).to_string();
                (Code::StateWrite, path, format!("could not be written, and the old file is as it was: {why}"))
            }
        };
        let reason = Reason::new(code, Answer::CannotTell, message).at(path.as_os_str().as_encoded_bytes());
        match self.hint() {
            Some(hint) => reason.step(hint),
            None => reason,
        }
    }

    /// What to do.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Read(error) => error.hint(),
            Self::Damaged { source, .. } => Some(source.hint()),
            Self::SeenDamaged { source, .. } if matches!(source, MemoryFault::Version(_)) => Some(source.hint()),
            Self::SeenDamaged { .. } => Some(
                "restore it from a backup; without it, it is forgotten when signatures were first seen, and a clock that \
                 was turned back goes unnoticed",
            ),
            Self::Changed(_) | Self::Busy(_) => Some("run the command again: it judges anew by what is there now"),
            Self::Link(_) | Self::Write { .. } => None,
        }
    }
}

/// Reads a file of memory; none where there is none.
fn read_bytes(path: &Path, limits: &Limits) -> Result<Option<Vec<u8>>, StateError> {
    if fs::symlink_metadata(path).is_ok_and(|facts| facts.is_symlink()) {
        return Err(StateError::Link(path.to_path_buf()));
    }
    match own_file::read(path, limits.memory) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(OwnFileError::Missing(_)) => Ok(None),
        Err(error) => Err(StateError::Read(error)),
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// Makes a folder that only the user can enter.
fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests;
