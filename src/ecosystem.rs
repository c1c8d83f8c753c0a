//! Package managers: which packages a project's lockfile names, and where on this machine their files lie.
//!
//! An adapter reads a lockfile and looks for folders; it starts no process, asks no network and judges nothing. Whatever
//! it reads of the world comes in an [`Env`], so that tests need no real home. Adding an ecosystem is one file here, a
//! line in [`ALL`], and its tests; `docs/ecosystems.md` shows how.

pub mod cargo;
pub mod dir;
pub mod julia;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::digest::Digest;
use crate::git_tree::ObjectId;
use crate::limits::Limits;
use crate::package::Purl;
use crate::reason::{Answer, Code, Reason};
use crate::shown::{Shown, without_number};
use crate::tree::{Addition, Built};
use crate::tree_text::TreeText;

/// Every ecosystem that there is.
pub const ALL: &[&dyn Ecosystem] = &[&cargo::Cargo, &julia::Julia, &dir::Dir];

/// A package manager.
pub trait Ecosystem: Sync {
    /// Its name, as purls have it.
    fn id(&self) -> &'static str;

    /// The lockfile of a project that the package manager would read, as a path from the project's folder; none where there
    /// is none. It looks at names and little else, so that every ecosystem can be asked.
    fn lockfile(&self, project: &Path, env: &Env<'_>) -> Option<PathBuf>;

    /// Reads a project's lockfile, and whatever else decides where its packages lie.
    ///
    /// # Errors
    /// Every reason why nothing can be told of any package.
    fn open(&self, project: &Path, env: &Env<'_>, limits: &Limits) -> Result<Box<dyn Project>, Vec<Reason>>;
}

/// A project whose lockfile was read.
pub trait Project: Sync {
    /// Every entry of the lockfile but the project's own packages.
    fn locked(&self) -> &[Locked];

    /// What concerns no single package: what was taken from the project or the configuration, and what is odd about it.
    fn notes(&self) -> &[Reason];

    /// Every place where a package lies that the package manager might use, and what is wrong with each.
    fn locate(&self, locked: &Locked) -> Found;
}

/// One entry of a lockfile.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "an adapter must say all of it")]
pub struct Locked {
    /// The package with its version.
    pub package: Purl,
    /// Where it comes from.
    pub kind: Kind,
    /// The source, as the ecosystem writes it; none for the user's own code.
    pub source: Option<String>,
    /// The digest of the archive that the lockfile names.
    pub archive: Option<Digest>,
    /// The name that git gives to the installed tree, where the lockfile has it.
    pub tree: Option<ObjectId>,
}

/// Where a package comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// An archive from a registry.
    Registry,
    /// A checkout of a repository.
    Git,
    /// A folder of the user's own.
    Local,
    /// A folder that the user named for a package.
    Folder,
    /// A part of the language's own installation: trust in it is trust in the compiler.
    Builtin,
}

/// What became of looking for a package.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Found {
    /// Every place, in the order in which the package manager looks.
    pub places: Vec<Place>,
    /// Why there is no place, or what is wrong before any is looked at.
    pub reasons: Vec<Reason>,
    /// Whether the package manager always takes the first place, so that it matters which one that is.
    pub ordered: bool,
}

/// A place where a package lies.
#[derive(Debug)]
#[non_exhaustive]
pub struct Place {
    /// Its folder.
    pub folder: PathBuf,
    /// What the installer puts there beside the package's own files, by exact rule.
    pub additions: &'static [Addition],
    /// Names of files, at whatever depth, that the installer leaves away.
    pub dropped: &'static [&'static str],
    /// Files that building the package writes, where the lockfile names the tree.
    pub built: &'static [Built],
    /// How names of files end that a run of the package's tests leaves behind, where the lockfile names the tree.
    pub leftovers: &'static [&'static str],
    /// The archive that it was unpacked from.
    pub archive: Option<Archive>,
    /// What the installer wrote down of the files there. It is no evidence, since whoever changes a file can change it too.
    pub listed: Option<BTreeMap<String, Digest>>,
    /// What the package uses beside its own files.
    pub bound: Vec<Bound>,
    /// What is wrong with it.
    pub reasons: Vec<Reason>,
}

/// Something that a package uses beside its own files, bound by the name that git gives to its tree.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bound {
    /// How the package calls it.
    pub name: String,
    /// The name of its tree.
    pub tree: ObjectId,
    /// Every folder that may be taken for it.
    pub folders: Vec<PathBuf>,
}

impl Place {
    /// A folder of which nothing more is known.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            additions: &[],
            dropped: &[],
            built: &[],
            leftovers: &[],
            archive: None,
            listed: None,
            bound: Vec::new(),
            reasons: Vec::new(),
        }
    }
}

/// An archive on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Archive {
    /// Its file.
    pub file: PathBuf,
    /// The one folder that it has at its top.
    pub top: String,
}

impl Archive {
    /// Reads it into the tree that it unpacks to. `wanted` is the digest that the lockfile names.
    ///
    /// # Errors
    /// It cannot be read, is another one, or breaks a rule.
    pub fn read(&self, wanted: Digest, limits: &Limits) -> Result<TreeText, Reason> {
        let name = self.file.as_os_str().as_encoded_bytes();
        let bytes = match read(&self.file, limits.archive) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Err(unreadable(&self.file, "it is not there any more")),
            Err(Unread::TooLarge) => {
                return Err(
                    crate::archive::ArchiveFault::TooLarge(limits.archive).reason(&Shown::new(name).to_string())
                );
            }
            Err(Unread::Other(error)) => return Err(unreadable(&self.file, &error.to_string())),
        };
        let text = crate::archive::read(&bytes, Some(wanted), &self.top, limits);
        text.map_err(|fault| fault.reason(&Shown::new(name).to_string()))
    }
}

/// What adapters may read of the world.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "whoever asks must say all of it")]
pub struct Env<'a> {
    /// The working directory.
    pub folder: &'a Path,
    /// The user's home.
    pub home: Option<&'a Path>,
    /// The variables of the environment that begin with a package manager's name.
    pub variables: &'a [(OsString, OsString)],
    /// The name of the lockfile that the user pointed at, at the top of the project. Without one it is looked for.
    pub named: Option<&'a OsStr>,
}

impl Env<'_> {
    /// A variable that is there and not empty.
    pub fn variable(&self, name: &str) -> Option<&OsStr> {
        let found = self.variables.iter().find(|(key, value)| key == name && !value.is_empty());
        found.map(|(_, value)| value.as_os_str())
    }
}

/// The ecosystem whose lockfile lies in a project's folder, or is the one that was named there.
pub fn detect(project: &Path, env: &Env<'_>) -> Option<&'static dyn Ecosystem> {
    ALL.iter().copied().find(|ecosystem| ecosystem.lockfile(project, env).is_some())
}

/// A lockfile of one name, if it lies at the top of a project and no other one was named. What lies there and is no plain
/// file is told by whoever reads it.
fn plain(project: &Path, name: &str, env: &Env<'_>) -> Option<PathBuf> {
    let meant = env.named.is_none_or(|named| named == name);
    (meant && fs::symlink_metadata(project.join(name)).is_ok()).then(|| name.into())
}

/// Reads a plain file, by whatever links it is reached; none where there is no such file.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, Unread> {
    let is_missing = |error: &io::Error| matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory);
    // Looked at before it is opened, for opening a FIFO would wait for ever.
    match fs::metadata(path) {
        Ok(facts) if facts.is_file() => {}
        Ok(_) => return Err(Unread::Other(io::Error::other("it is no plain file"))),
        Err(error) if is_missing(&error) && fs::symlink_metadata(path).is_ok() => {
            return Err(Unread::Other(io::Error::other("it is a link that leads nowhere")));
        }
        Err(error) if is_missing(&error) => return Ok(None),
        Err(error) => return Err(Unread::Other(error)),
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(Unread::Other)?;
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(Unread::Other)?;
    if bytes.len() as u64 > limit { Err(Unread::TooLarge) } else { Ok(Some(bytes)) }
}

/// Why a file could not be read.
#[derive(Debug)]
pub(crate) enum Unread {
    TooLarge,
    Other(io::Error),
}

/// Reads a TOML file; none where there is no such file.
pub(crate) fn read_toml(path: &Path, limits: &Limits) -> Result<Option<toml::Table>, Reason> {
    let damaged = |why: &str| {
        let message = format!("it cannot be used: {}", Shown::new(why));
        Reason::new(Code::LockfileDamaged, Answer::CannotTell, message).at(path.as_os_str().as_encoded_bytes())
    };
    let bytes = match read(path, limits.lockfile) {
        Ok(None) => return Ok(None),
        Ok(Some(bytes)) => bytes,
        Err(Unread::TooLarge) => return Err(damaged(&format!("it has over {} bytes", limits.lockfile))),
        Err(Unread::Other(error)) => return Err(unreadable(path, &error.to_string())),
    };
    let text = str::from_utf8(&bytes).map_err(|_| damaged("it is not UTF-8"))?;
    let told = |error: toml::de::Error| {
        let place = error.span().map(|span| place(text, span.start)).unwrap_or_default();
        damaged(&format!("no TOML{place}: {}", error.message()))
    };
    text.parse().map(Some).map_err(told)
}

/// Where in a text a byte stands, as people count.
pub(crate) fn place(text: &str, byte: usize) -> String {
    let before = text.get(..byte).unwrap_or_default();
    let (line, column) =
        (before.matches('\n').count() + 1, before.rsplit('\n').next().unwrap_or_default().chars().count() + 1);
    format!(" in line {line}, column {column}")
}

/// A project that is a part of another one, whose lockfile the package manager reads.
fn of_workspace(above: &Path) -> Reason {
    let message = format!("it is a part of the workspace in {}, which has the lockfile", Shown::path(above));
    let reason = Reason::new(Code::SourceReplaced, Answer::CannotTell, message);
    reason.step(format!("verify the workspace's own folder: `countersign verify {}`", Shown::path(above)))
}

pub(crate) fn unreadable(path: &Path, why: &str) -> Reason {
    let message = format!("it cannot be read: {}", Shown::new(without_number(why)));
    Reason::new(Code::Unreadable, Answer::CannotTell, message).at(path.as_os_str().as_encoded_bytes())
}
