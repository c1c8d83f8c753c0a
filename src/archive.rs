//! A `.crate` archive (gzip around tar), read in memory into the tree text that its unpacking would have.
//!
//! Nothing is unpacked, and nothing is guessed: where two unpackers could see two different trees, the archive is
//! refused. So each entry has one name, one size and one plain header, the digest is held against the wanted one before
//! a byte is parsed, and nothing stands around the one gzip member and the one tar archive in it. Modes are those that
//! Cargo gives: a file that anybody may execute is an `x`.

mod header;
mod pax;
mod stream;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use thiserror::Error;

use crate::digest::{Digest, Hasher};
use crate::limits::Limits;
use crate::path::{PackagePath, PathFault};
use crate::reason::{Answer, Code, Reason};
use crate::shown::Shown;
use crate::tree_text::{EVIDENCE_FOLDER, Entry, Kind, LimitFault, TreeText, TreeTextError};
use header::{Header, Type};
use pax::Pax;
use stream::{BLOCK, Stream};

pub use header::HeaderFault;
pub use pax::PaxFault;
pub use stream::StreamFault;

/// Reads an archive. `wanted` is the digest that it must have, `folder` the one directory at its top, which is
/// `name-version` for a crate.
///
/// # Errors
/// The first rule that it breaks.
pub fn read(bytes: &[u8], wanted: Option<Digest>, folder: &str, limits: &Limits) -> Result<TreeText, ArchiveFault> {
    take(bytes, wanted, Some(folder), None, limits).map(|packed| packed.text)
}

/// Reads an archive of which nothing is known yet, by the same rules. `keep` is the path in the package of a file whose
/// content is wanted, too.
///
/// # Errors
/// The first rule that it breaks.
pub fn open(bytes: &[u8], keep: &PackagePath, limits: &Limits) -> Result<Packed, ArchiveFault> {
    take(bytes, None, None, Some(keep), limits)
}

/// Reads the `wanted` files of an archive that has no directory of its own at its top, by the same rules for all of it; but it
/// may be packed with zstd, too.
///
/// # Errors
/// The first rule that it breaks.
pub fn files(
    bytes: &[u8],
    wanted: &dyn Fn(&PackagePath) -> bool,
    limits: &Limits,
) -> Result<BTreeMap<String, Vec<u8>>, ArchiveFault> {
    if bytes.len() as u64 > limits.archive {
        return Err(ArchiveFault::TooLarge(limits.archive));
    }
    let mut contents = Contents { wanted: Some(wanted), ..Contents::new(None, None, limits) };
    contents.read(Stream::any(bytes)?)?;
    Ok(contents.files)
}

/// What an archive holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Packed {
    /// The one directory at its top; empty where there is nothing at all.
    pub top: String,
    /// The tree that its unpacking would have.
    pub text: TreeText,
    /// The file that was to be kept; none where it is not there, or has more bytes than a manifest may have.
    pub kept: Option<Vec<u8>>,
}

fn take(
    bytes: &[u8],
    wanted: Option<Digest>,
    folder: Option<&str>,
    keep: Option<&PackagePath>,
    limits: &Limits,
) -> Result<Packed, ArchiveFault> {
    if bytes.len() as u64 > limits.archive {
        return Err(ArchiveFault::TooLarge(limits.archive));
    }
    let found = Digest::of(bytes);
    if let Some(wanted) = wanted.filter(|wanted| *wanted != found) {
        return Err(ArchiveFault::Digest { wanted, found });
    }
    let mut contents = Contents::new(folder.map(str::to_owned), keep, limits);
    contents.read(Stream::gzip(bytes))?;
    let text = TreeText::from_entries(contents.entries, limits)?;
    Ok(Packed { top: contents.folder.unwrap_or_default(), text, kept: contents.kept })
}

/// What headers before an entry say of it.
#[derive(Default)]
struct Said {
    pax: Pax,
    has_pax: bool,
    long_name: Option<Vec<u8>>,
}

impl Said {
    fn pax(&mut self, pax: Pax) -> Result<(), ArchiveFault> {
        if self.has_pax || (pax.path.is_some() && self.long_name.is_some()) {
            return Err(PaxFault::Twice.into());
        }
        (self.pax, self.has_pax) = (pax, true);
        Ok(())
    }

    fn long_name(&mut self, mut name: Vec<u8>) -> Result<(), ArchiveFault> {
        if self.long_name.is_some() || self.pax.path.is_some() {
            return Err(PaxFault::Twice.into());
        }
        if name.last() == Some(&0) {
            name.pop();
        }
        self.long_name = Some(name);
        Ok(())
    }

    fn is_anything(&self) -> bool {
        self.has_pax || self.long_name.is_some()
    }
}

/// The files so far.
struct Contents<'a> {
    /// The one directory at the top; none while it is not known.
    folder: Option<String>,
    keep: Option<&'a PackagePath>,
    kept: Option<Vec<u8>>,
    /// Which files are wanted of an archive that has no directory at its top.
    wanted: Option<&'a dyn Fn(&PackagePath) -> bool>,
    files: BTreeMap<String, Vec<u8>>,
    limits: &'a Limits,
    entries: Vec<Entry>,
    /// Every path that has an entry, and whether it is a file's.
    seen: BTreeMap<PackagePath, bool>,
    bytes: u64,
}

impl<'a> Contents<'a> {
    fn new(folder: Option<String>, keep: Option<&'a PackagePath>, limits: &'a Limits) -> Self {
        Self {
            folder,
            keep,
            kept: None,
            wanted: None,
            files: BTreeMap::new(),
            limits,
            entries: Vec::new(),
            seen: BTreeMap::new(),
            bytes: 0,
        }
    }

    /// Reads an archive to its end.
    fn read(&mut self, mut stream: Stream<'_>) -> Result<(), ArchiveFault> {
        let mut said = Said::default();
        let mut headers = 0_u64;
        while let Some(block) = stream.header()? {
            headers += 1;
            if headers > self.limits.files.saturating_mul(HEADERS) {
                return Err(ArchiveFault::Limit(LimitFault::Files(self.limits.files)));
            }
            let header = Header::parse(&block)?;
            match header.kind {
                Type::Pax => said.pax(Pax::parse(&stream.text(header.size, MAX_PAX)?)?)?,
                Type::GlobalPax => Pax::parse(&stream.text(header.size, MAX_PAX)?)?.only_comment()?,
                Type::LongName => said.long_name(stream.text(header.size, MAX_NAME)?)?,
                kind => {
                    let said = std::mem::take(&mut said);
                    if said.pax.size.is_some_and(|size| size != header.size) {
                        return Err(PaxFault::Size.into());
                    }
                    let name = said.long_name.or(said.pax.path).unwrap_or(header.name);
                    self.take(&name, kind, header.size, header.mode, &mut stream)?;
                }
            }
        }
        if said.is_anything() {
            return Err(StreamFault::Dangling.into());
        }
        self.check_folders()
    }

    fn take(
        &mut self,
        name: &[u8],
        kind: Type,
        size: u64,
        mode: u64,
        stream: &mut Stream<'_>,
    ) -> Result<(), ArchiveFault> {
        let bare = if kind == Type::Folder { name.strip_suffix(b"/").unwrap_or(name) } else { name };
        if self.wanted.is_some() && kind == Type::Folder && bare == b"." {
            return Ok(());
        }
        let at = |fault: PathFault| ArchiveFault::Path { name: name.to_vec(), fault };
        let path = PackagePath::parse(bare).map_err(at)?;
        let refused = |fault: fn(PackagePath) -> ArchiveFault| Err(fault(path.clone()));
        let first = || path.as_str().split('/').next().unwrap_or_default().to_owned();
        if self.wanted.is_none() {
            let folder = self.folder.get_or_insert_with(first);
            if !(path.as_str() == folder && kind == Type::Folder) && self.inner(&path).is_none() {
                return refused(ArchiveFault::Prefix);
            }
        }
        match kind {
            Type::Link => return refused(ArchiveFault::Link),
            Type::Other(flag) => return Err(ArchiveFault::Type { path, flag }),
            Type::Folder if size != 0 => return Err(HeaderFault::FolderSize.into()),
            _ if mode & SPECIAL_BITS != 0 => return refused(ArchiveFault::Mode),
            _ => {}
        }
        self.claim(&path, kind)?;
        if kind == Type::Folder {
            return Ok(());
        }
        if size > self.limits.file {
            return Err(ArchiveFault::Limit(LimitFault::File(self.limits.file, path)));
        }
        self.bytes = self.bytes.saturating_add(size);
        if self.bytes > self.limits.tree {
            return Err(ArchiveFault::Limit(LimitFault::Tree(self.limits.tree)));
        }
        if let Some(wanted) = self.wanted {
            return self.file(path, size, wanted, stream);
        }
        let mut hasher = Hasher::default();
        let inner = self.inner(&path).unwrap_or_default();
        let mut kept =
            self.keep.filter(|keep| keep.as_str() == inner && size <= self.limits.lockfile).map(|_| Vec::new());
        stream.content(size, |bytes| {
            hasher.update(bytes);
            kept.iter_mut().for_each(|kept| kept.extend_from_slice(bytes));
        })?;
        if inner.strip_prefix(EVIDENCE_FOLDER).is_some_and(|rest| rest.starts_with('/')) {
            return Ok(());
        }
        let path = PackagePath::parse(inner.as_bytes()).map_err(at)?;
        let kind = if mode & EXECUTE_BITS == 0 { Kind::File } else { Kind::Executable };
        if kept.is_some() {
            self.kept = kept;
        }
        self.entries.push(Entry { kind, size, digest: hasher.finish(), path });
        Ok(())
    }

    /// Reads a file of an archive that has no directory at its top, and keeps it if it is wanted.
    fn file(
        &mut self,
        path: PackagePath,
        size: u64,
        wanted: &dyn Fn(&PackagePath) -> bool,
        stream: &mut Stream<'_>,
    ) -> Result<(), ArchiveFault> {
        if !wanted(&path) {
            return Ok(stream.content(size, |_| ())?);
        }
        if size > self.limits.lockfile {
            return Err(ArchiveFault::Limit(LimitFault::File(self.limits.lockfile, path)));
        }
        let mut content = Vec::new();
        stream.content(size, |bytes| content.extend_from_slice(bytes))?;
        self.files.insert(path.as_str().to_owned(), content);
        Ok(())
    }

    /// The path in the package, if it lies in the one directory at the top.
    fn inner<'p>(&self, path: &'p PackagePath) -> Option<&'p str> {
        path.as_str().strip_prefix(self.folder.as_deref()?)?.strip_prefix('/')
    }

    /// Takes a path, which no other entry may have.
    fn claim(&mut self, path: &PackagePath, kind: Type) -> Result<(), ArchiveFault> {
        if self.seen.len() as u64 > self.limits.files.saturating_mul(2) {
            return Err(ArchiveFault::Limit(LimitFault::Files(self.limits.files)));
        }
        match self.seen.insert(path.clone(), kind == Type::File) {
            None => Ok(()),
            Some(_) => Err(ArchiveFault::Duplicate(path.clone())),
        }
    }

    /// Makes sure that nothing lies below a file.
    fn check_folders(&self) -> Result<(), ArchiveFault> {
        for path in self.seen.keys() {
            let above = path.as_str().match_indices('/').map(|(end, _)| &path.as_str()[..end]);
            if above.into_iter().any(|above| self.seen.get(above) == Some(&true)) {
                return Err(ArchiveFault::Duplicate(path.clone()));
            }
        }
        Ok(())
    }
}

/// Why an archive is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ArchiveFault {
    /// Over the limit of bytes.
    #[error("the archive is over the limit of {0} bytes")]
    TooLarge(u64),
    /// Not the one that the lockfile names.
    #[error("the archive is not what the lockfile says: wanted {wanted}, found {found}")]
    Digest {
        /// What it should be.
        wanted: Digest,
        /// What it is.
        found: Digest,
    },
    /// A broken stream, or bytes around it.
    #[error(transparent)]
    Stream(#[from] StreamFault),
    /// A bad header.
    #[error(transparent)]
    Header(#[from] HeaderFault),
    /// A bad extended header.
    #[error(transparent)]
    Pax(#[from] PaxFault),
    /// A name that breaks a rule.
    #[error("{fault}")]
    Path {
        /// The name.
        name: Vec<u8>,
        /// The rule.
        fault: PathFault,
    },
    /// Not in the one directory at the top.
    #[error("it does not lie in the one directory that the archive should have at its top")]
    Prefix(PackagePath),
    /// A symbolic link.
    #[error("a symbolic link; no package may have one")]
    Link(PackagePath),
    /// Neither file nor directory.
    #[error("an entry of type `{}`, which is neither a file nor a directory", Shown::new(&[*.flag]))]
    Type {
        /// The entry.
        path: PackagePath,
        /// Its type, as tar writes it.
        flag: u8,
    },
    /// A setuid, setgid or sticky bit.
    #[error("the file has a setuid, setgid or sticky bit")]
    Mode(PackagePath),
    /// Twice, or below a file.
    #[error("the entry is there twice, or lies below a file")]
    Duplicate(PackagePath),
    /// Over a limit of trees.
    #[error("{0}")]
    Limit(LimitFault),
    /// Together the files are no tree.
    #[error("{0}")]
    Tree(#[from] TreeTextError),
}

impl ArchiveFault {
    /// The reason code of this fault.
    pub fn code(&self) -> Code {
        match self {
            Self::TooLarge(_) => Code::LimitArchive,
            Self::Digest { .. } => Code::ArchiveDigest,
            Self::Stream(fault) => fault.code(),
            Self::Header(_) => Code::ArchiveHeader,
            Self::Pax(_) => Code::ArchivePax,
            Self::Path { fault, .. } => fault.code(),
            Self::Prefix(_) => Code::ArchivePrefix,
            Self::Link(_) => Code::Symlink,
            Self::Type { .. } => Code::ArchiveType,
            Self::Mode(_) => Code::ModeSpecial,
            Self::Duplicate(_) => Code::ArchiveDuplicate,
            Self::Limit(_) => Code::LimitTree,
            Self::Tree(fault) => fault.code(),
        }
    }

    /// The fault as a reason to refuse the package whose archive it is.
    pub fn reason(&self, archive: &str) -> Reason {
        let at = match self {
            Self::Path { name, .. } => Some(Shown::new(name).to_string()),
            Self::Prefix(path) | Self::Link(path) | Self::Mode(path) | Self::Duplicate(path) => Some(path.to_string()),
            Self::Type { path, .. } => Some(path.to_string()),
            _ => None,
        };
        let message = at.map_or_else(|| self.to_string(), |at| format!("`{at}`: {self}"));
        Reason::new(self.code(), Answer::Reject, message).at(archive)
    }
}

/// Headers for each file that a tree may have: its own, two that say more of it, and a directory.
const HEADERS: u64 = 4;
/// Bytes of an extended header; a real one has some hundred.
const MAX_PAX: u64 = 64 << 10;
/// Bytes of a long name, more than any path may have, so that one which is too long is told as such.
const MAX_NAME: u64 = 4 << 10;
/// The bits of a mode that let somebody execute the file.
const EXECUTE_BITS: u64 = 0o111;
/// Setuid, setgid and sticky.
const SPECIAL_BITS: u64 = 0o7000;
