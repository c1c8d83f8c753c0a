//! The objects of a repository: found by a library, and each held against its own name.

use std::path::Path;

use gix_object::{Find as _, FindHeader as _};

use super::GitError;
use crate::git_tree::{self, Algorithm, ObjectId};
use crate::limits::Limits;
use crate::shown::Shown;

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Commit,
    Tree,
    Blob,
    Tag,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Tree => "tree",
            Self::Blob => "blob",
            Self::Tag => "tag",
        }
    }
}

/// Where objects are.
pub(super) struct Objects {
    handle: gix_odb::Handle,
    limit: u64,
}

impl Objects {
    pub(super) fn open(folder: &Path, limits: &Limits) -> Result<Self, GitError> {
        // No object is larger than a file or a directory may be, and none is made of larger ones.
        let limit = limits.file.max(DIRECTORY);
        let options = gix_odb::store::init::Options {
            alloc_limit_bytes: usize::try_from(limit).ok(),
            ..gix_odb::store::init::Options::default()
        };
        let opened = gix_odb::at_opts(folder, gix_hash::Kind::Sha1, [], options);
        let handle = opened.map_err(|source| GitError::Read { path: folder.to_owned(), source })?;
        Ok(Self { handle, limit })
    }

    /// Reads an object, which is what its name says.
    pub(super) fn read(&self, id: &ObjectId) -> Result<(Kind, Vec<u8>), GitError> {
        let failed = |why: String| GitError::Object { id: *id, why };
        let name = gix_hash::ObjectId::try_from(id.bytes()).map_err(|_| failed("its name is no SHA-1".to_owned()))?;
        let mut bytes = Vec::new();
        let found = self.handle.try_find(&name, &mut bytes);
        let found = found.map_err(|error| failed(Shown::new(&error.to_string()).to_string()))?;
        let found = found.ok_or_else(|| failed("it is not there".to_owned()))?;
        let kind = match found.kind {
            gix_object::Kind::Commit => Kind::Commit,
            gix_object::Kind::Tree => Kind::Tree,
            gix_object::Kind::Blob => Kind::Blob,
            gix_object::Kind::Tag => Kind::Tag,
        };
        if bytes.len() as u64 > self.limit {
            return Err(failed(format!("it has over {} bytes", self.limit)));
        }
        if git_tree::object(Algorithm::Sha1, kind.name(), &bytes) != *id {
            return Err(failed("its content is not what its name stands for".to_owned()));
        }
        Ok((kind, bytes))
    }

    /// The size of an object, as the repository says; it is told before it is read.
    pub(super) fn size(&self, id: &ObjectId) -> Option<u64> {
        let name = gix_hash::ObjectId::try_from(id.bytes()).ok()?;
        Some(self.handle.try_header(&name).ok()??.size)
    }

    /// The one object whose name begins so; none where none does.
    pub(super) fn by_digits(&self, digits: &str) -> Result<Option<ObjectId>, GitError> {
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        if !is_hex || !(FEWEST..=40).contains(&digits.len()) {
            return Ok(None);
        }
        let named = || Shown::new(digits).to_string();
        let prefix = gix_hash::Prefix::from_hex(digits).map_err(|_| GitError::Name(named()))?;
        match self.handle.lookup_prefix(prefix, None) {
            Ok(None) => Ok(None),
            Ok(Some(Ok(id))) => id.to_string().parse().map(Some).map_err(|_| GitError::Name(named())),
            Ok(Some(Err(()))) => Err(GitError::Ambiguous(named())),
            Err(_) => Err(GitError::NotFound(named())),
        }
    }
}

/// Bytes of a directory's object: as many names as a tree may have files.
const DIRECTORY: u64 = 64 << 20;
/// Digits of a name that are enough; fewer are mostly a slip.
const FEWEST: usize = 7;

/// The object that the first line of a commit or a tag names.
pub(super) fn header(content: &[u8], key: &str, of: &ObjectId) -> Result<ObjectId, GitError> {
    let line = content.split(|byte| *byte == b'\n').next().and_then(|line| str::from_utf8(line).ok());
    let id = line.and_then(|line| line.strip_prefix(key)).and_then(|id| id.parse().ok());
    id.ok_or_else(|| GitError::Object { id: *of, why: "its first line names no other object".to_owned() })
}
