//! Evidence on disk: stores of write-once files, and the `.countersign/` folder that a package brings along.
//!
//! All of it is hostile input. It is walked beneath its root without following a link, every name is recomputed from
//! the content, and nothing in it is a root of trust. What does not belong is set aside, and harms nothing else. Who
//! signed what is not asked here: that is [`crate::openpgp`]'s.

pub mod layout;
pub mod package;
mod read;
mod survey;
mod write;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::beneath::{Folder, LEFTOVER, ReadError, WriteError};
use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::limits::Limits;
use crate::package::Purl;
use crate::reason::{Answer, Code, Reason};
use crate::shown::Shown;
use crate::statement::Opening;
pub use survey::{Entry, Survey};

/// An open store.
#[derive(Debug)]
pub struct Store {
    root: Folder,
    path: PathBuf,
    limits: Limits,
}

impl Store {
    /// Opens a store.
    ///
    /// # Errors
    /// There is no store of a version that we know.
    pub fn open(path: &Path, limits: &Limits) -> Result<Self, StoreError> {
        let shown = || path.to_path_buf();
        let root = Folder::open(path).map_err(|source| StoreError::Open { path: shown(), source })?;
        match root.read(layout::MARKER, 64) {
            Ok(content) if content == layout::MARKER_CONTENT => {}
            Ok(_) | Err(ReadError::TooLarge(_)) => return Err(StoreError::Version(shown())),
            Err(ReadError::Missing) => return Err(StoreError::NoStore(shown())),
            Err(source @ ReadError::NotPlain(_)) => return Err(StoreError::Marker { path: shown(), source }),
            Err(source) => return Err(StoreError::Open { path: shown(), source }),
        }
        Ok(Self { root, path: shown(), limits: limits.clone() })
    }

    /// Looks whether [`Store::open_or_make`] would have a store here, and makes nothing.
    ///
    /// # Errors
    /// The directory holds something else, or cannot be opened.
    pub fn may_be(path: &Path, limits: &Limits) -> Result<(), StoreError> {
        match Self::open(path, limits) {
            Err(StoreError::NoStore(_)) if is_vacant(path) => Ok(()),
            Err(StoreError::Open { source: ReadError::Missing, .. }) => Ok(()),
            other => other.map(drop),
        }
    }

    /// Opens a store, and makes it where there is no directory, or an empty one. Of two who make it at once, both have
    /// it.
    ///
    /// # Errors
    /// The directory holds something else, or cannot be made.
    pub fn open_or_make(path: &Path, limits: &Limits) -> Result<Self, StoreError> {
        match Self::open(path, limits) {
            Err(StoreError::NoStore(_)) if is_vacant(path) => {}
            Err(StoreError::Open { source: ReadError::Missing, .. }) => {
                let made = std::fs::create_dir_all(path).map_err(WriteError::Failed);
                made.map_err(|source| StoreError::Write { path: path.to_path_buf(), source })?;
            }
            other => return other,
        }
        let root = Folder::open(path).map_err(|source| StoreError::Open { path: path.to_path_buf(), source })?;
        root.write_once(layout::MARKER, layout::MARKER_CONTENT)
            .map_err(|source| StoreError::Write { path: path.to_path_buf(), source })?;
        Self::open(path, limits)
    }

    /// Where the store is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How reports call a file of this store.
    fn name(&self, parts: &[impl AsRef<str>]) -> String {
        let parts: Vec<_> = parts.iter().map(AsRef::as_ref).collect();
        format!("{}/{}", self.path.display(), parts.join("/"))
    }
}

/// Whether a directory holds nothing, but for what another process may be making of it right now.
fn is_vacant(path: &Path) -> bool {
    let ours = |name: &OsStr| name == layout::MARKER || name.as_encoded_bytes().starts_with(LEFTOVER.as_bytes());
    let listed = Folder::open(path).and_then(|folder| folder.list(VACANT));
    // The marker comes before everything else, so where it is now, it was made since we looked for it.
    listed.is_ok_and(|listed| {
        listed.iter().all(|one| ours(&one.name)) || listed.iter().any(|one| one.name == layout::MARKER)
    })
}

/// Names that are looked at to see whether a directory is vacant: those that interrupted writes may have left.
const VACANT: usize = 64;

/// What was found for a package, from whatever place.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Evidence {
    /// Statements, in the order of their digests.
    pub statements: Vec<FoundStatement>,
    /// Certificates that came along, with the names under which reports call them.
    pub certificates: Vec<(String, Vec<u8>)>,
    /// What was set aside or refused on the way.
    pub reasons: Vec<Reason>,
}

/// A statement and its signature files, as they lie there.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FoundStatement {
    /// How reports call the statement.
    pub name: String,
    /// The digest of its bytes.
    pub digest: Digest,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its first two lines, where they can be read.
    pub opening: Option<Opening>,
    /// The package that it is about, also where its kind is not known.
    pub about: Option<Purl>,
    /// Signature files.
    pub signatures: Vec<FoundSignature>,
}

/// A signature file, as it lies there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct FoundSignature {
    /// The signer that its name speaks of, who need not be the one who made it.
    pub signer: Fingerprint,
    /// How reports call the file.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Why a store cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The directory cannot be opened.
    #[error("the store {} cannot be opened", Shown::path(.path))]
    Open {
        /// The store.
        path: PathBuf,
        /// What the system says.
        source: ReadError,
    },
    /// The directory is no store.
    #[error(
        "{} is no store: it has no file `{}`",
        Shown::path(.0), layout::MARKER
    )]
    NoStore(PathBuf),
    /// The directory is neither a store nor a package with evidence.
    #[error(
        "{} is no store and has no evidence: it has neither a file `{}` nor a folder `{}`",
        Shown::path(.0), layout::MARKER, layout::OWN
    )]
    NoEvidence(PathBuf),
    /// The file that makes a directory a store is something else.
    #[error("{}: `{}` is no plain file", Shown::path(.path), layout::MARKER)]
    Marker {
        /// The store.
        path: PathBuf,
        /// What it is.
        source: ReadError,
    },
    /// A store of another version.
    #[error(
        "the store {} has another version than store/1",
        Shown::path(.0)
    )]
    Version(PathBuf),
    /// Something cannot be written.
    #[error("{} cannot be written", Shown::path(.path))]
    Write {
        /// The store, or the file in it.
        path: PathBuf,
        /// What the system says.
        source: WriteError,
    },
}

impl StoreError {
    /// What to do next.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::NoStore(_) => {
                "`countersign store add FROM TO` makes a store of an empty directory; --store and FROM want one that is there"
            }
            Self::NoEvidence(_) => {
                "name a store, or the directory of a package that was signed; `countersign sign` signs one"
            }
            Self::Marker { .. } => "this store was tampered with or badly copied; get it anew",
            Self::Version(_) => "a newer Countersign is needed to read it",
            Self::Write { source: WriteError::Occupied | WriteError::Read(ReadError::NotPlain(_)), .. } => {
                "`countersign store check` lists what does not belong into a store; remove it and try again"
            }
            Self::Write { .. } => "nothing that was there is lost; make room or get write access, and try again",
            Self::Open { .. } => return None,
        })
    }

    /// The error as a reason: no verdict is possible.
    pub fn reason(&self) -> Reason {
        let code = match self {
            Self::Open { .. } | Self::Write { .. } => Code::Unreadable,
            Self::NoStore(_) | Self::NoEvidence(_) | Self::Marker { .. } | Self::Version(_) => Code::StoreVersion,
        };
        let cause = std::error::Error::source(self).map(|cause| format!(": {cause}")).unwrap_or_default();
        let message = match self {
            Self::Open { path, source: ReadError::Missing } => format!("the store {} is not there", Shown::path(path)),
            _ => format!("{self}{cause}"),
        };
        let reason = Reason::new(code, Answer::CannotTell, message);
        self.hint().into_iter().fold(reason, Reason::step)
    }
}

/// One entry of a store that is set aside.
fn entry(name: impl AsRef<[u8]>, why: impl ToString) -> Reason {
    Reason::new(Code::StoreEntry, Answer::SetAside, why.to_string()).at(name)
}
