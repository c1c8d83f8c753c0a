//! Setting a project up for its authors: a policy, where evidence goes, and a hook that signs what is tagged; and taking all
//! of that away again.
//!
//! What is to be written is known and shown first. Nothing is ever overwritten, and only what is still byte for byte what was
//! written here is removed.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::author::{AUTHOR, Author};
use crate::ecosystem::{cargo, julia};
use crate::git::{self, GitError, Hooks};
use crate::policy::templates::TEMPLATES;
use crate::settings::POLICY;
use crate::shown::Shown;

/// A project's package manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "each is set up in its own way")]
pub enum Kind {
    /// Packaged and published by cargo.
    Cargo,
    /// Installed from git.
    Julia,
}

impl Kind {
    /// Its name, as purls have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cargo => "cargo",
            Self::Julia => "julia",
        }
    }

    /// The package manager of a project, known by its description.
    pub fn of(folder: &Path) -> Option<Self> {
        let has = |name: &&str| folder.join(name).is_file();
        let julia = julia::PROJECTS.iter().any(has).then_some(Self::Julia);
        if has(&cargo::MANIFEST) { Some(Self::Cargo) } else { julia }
    }
}

/// What there is to do in a project.
#[derive(Debug)]
#[non_exhaustive]
pub struct Plan {
    /// The package manager.
    pub kind: Kind,
    /// Each file, in the order in which it is written.
    pub files: Vec<Planned>,
    /// Why there is no hook, where there could be one.
    pub without_hook: Option<NoHook>,
}

/// A file of a plan.
#[derive(Debug)]
#[non_exhaustive]
pub struct Planned {
    /// Where it is.
    pub path: PathBuf,
    /// What it is for.
    pub purpose: &'static str,
    /// What lies there now.
    pub state: State,
    text: String,
    executable: bool,
}

/// Why no hook is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "each is told in its own words")]
pub enum NoHook {
    /// Git's configuration says where hooks lie.
    Named,
    /// The repository's configuration includes other files, which are not read.
    Included,
    /// There is no repository.
    NoRepository,
}

/// What lies in a file's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there is nothing, the same, or something else")]
pub enum State {
    /// Nothing.
    Missing,
    /// What would be written.
    Same,
    /// Something else, which stays.
    Other,
}

/// Looks at a project. `evidence` is the store, as it is written from the project's folder; otherwise it lies beside it. `hooks`:
/// whether the user's own configuration of git says where hooks lie.
///
/// # Errors
/// There is no project.
pub fn plan(folder: &Path, evidence: Option<&str>, hooks_elsewhere: bool) -> Result<Plan, SetupError> {
    check_there(folder)?;
    let kind = Kind::of(folder).ok_or_else(|| SetupError::NoProject(folder.to_owned()))?;
    let policy = TEMPLATES.first().map(|template| format!("{MARK}{}", template.text)).unwrap_or_default();
    let beside = beside(folder);
    let author = Author::text(evidence.unwrap_or(&beside));
    let mut files = vec![
        planned(folder.join(POLICY), "what is asked of the packages that the project builds on", policy, false)?,
        planned(folder.join(AUTHOR), "where the evidence of its releases goes", author, false)?,
    ];
    let (hook, without_hook) = hook(kind, folder, hooks_elsewhere)?;
    if let Some(path) = hook {
        files.push(planned(path, "signs the tree of each version tag before it is pushed", HOOK.to_owned(), true)?);
    }
    Ok(Plan { kind, files, without_hook })
}

impl Plan {
    /// Writes every file in whose place there is nothing. What was written before an error stays.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn write(&self) -> Result<(), SetupError> {
        for file in self.files.iter().filter(|file| file.state == State::Missing) {
            let failed = |source| SetupError::Write { path: file.path.clone(), source };
            if let Some(parent) = file.path.parent() {
                fs::create_dir_all(parent).map_err(failed)?;
            }
            let mut written = create(&file.path, file.executable).map_err(failed)?;
            written.write_all(file.text.as_bytes()).and_then(|()| written.sync_all()).map_err(failed)?;
        }
        Ok(())
    }
}

/// Looks at what `init` wrote in a project, whatever it was told then. What is [`State::Same`] can be removed.
///
/// # Errors
/// A file that is there cannot be read.
pub fn written(folder: &Path) -> Result<Vec<Planned>, SetupError> {
    check_there(folder)?;
    // It says itself which store it was told.
    let said = read(&folder.join(AUTHOR))?.and_then(|text| Author::evidence_in(&text));
    let policy = TEMPLATES.first().map(|template| format!("{MARK}{}", template.text)).unwrap_or_default();
    let author = Author::text(said.as_deref().unwrap_or_default());
    let mut files = vec![
        planned(folder.join(POLICY), "the policy", policy, false)?,
        planned(folder.join(AUTHOR), "where evidence goes", author, false)?,
    ];
    if let Ok(Hooks { folder, .. }) = git::hooks(folder) {
        files.push(planned(folder.join(PRE_PUSH), "the hook", HOOK.to_owned(), true)?);
    }
    files.retain(|file| file.state != State::Missing);
    Ok(files)
}

/// Removes what is still what was written.
///
/// # Errors
/// A file cannot be removed.
pub fn remove(files: &[Planned]) -> Result<(), SetupError> {
    for file in files.iter().filter(|file| file.state == State::Same) {
        fs::remove_file(&file.path).map_err(|source| SetupError::Remove { path: file.path.clone(), source })?;
    }
    Ok(())
}

/// Why a project is not set up.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SetupError {
    /// No project.
    #[error("{} has neither a Cargo.toml nor a Project.toml, so it is no project of cargo or Julia", Shown::path(.0))]
    NoProject(PathBuf),
    /// No directory.
    #[error("there is no directory {}", Shown::path(.0))]
    Missing(PathBuf),
    /// A file that is there cannot be read.
    #[error("{} cannot be read", Shown::path(.path))]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("{} cannot be written; what was written before it stays", Shown::path(.path))]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file cannot be removed.
    #[error("{} cannot be removed; what was removed before it is gone", Shown::path(.path))]
    Remove {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The repository.
    #[error(transparent)]
    Git(#[from] GitError),
}

impl SetupError {
    /// What to do next.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoProject(_) => Some("go to the folder of a project, or name it: `countersign init DIR`"),
            Self::Git(error) => error.hint(),
            Self::Write { .. } => {
                Some("make room or get write access, and run it again; `--remove` takes back what was written")
            }
            Self::Remove { .. } => Some("get write access, and run it again"),
            Self::Missing(_) | Self::Read { .. } => None,
        }
    }
}

/// The store beside a project, which is called as it is.
fn beside(folder: &Path) -> String {
    let real = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let name = real.file_name().and_then(|name| name.to_str()).unwrap_or("project");
    format!("../{name}-evidence")
}

/// Where the hook goes; or why there is none. A crate is signed as it is packaged, so tags say nothing of it.
fn hook(kind: Kind, folder: &Path, elsewhere: bool) -> Result<(Option<PathBuf>, Option<NoHook>), SetupError> {
    if kind == Kind::Cargo {
        return Ok((None, None));
    }
    match git::hooks(folder) {
        Ok(hooks) if elsewhere || hooks.named => Ok((None, Some(NoHook::Named))),
        Ok(hooks) if hooks.included => Ok((None, Some(NoHook::Included))),
        Ok(hooks) => Ok((Some(hooks.folder.join(PRE_PUSH)), None)),
        Err(GitError::NoRepository(_)) => Ok((None, Some(NoHook::NoRepository))),
        Err(error) => Err(error.into()),
    }
}

/// What is no directory has nothing in it, and is mistyped.
fn check_there(folder: &Path) -> Result<(), SetupError> {
    if folder.is_dir() { Ok(()) } else { Err(SetupError::Missing(folder.to_owned())) }
}

fn planned(path: PathBuf, purpose: &'static str, text: String, executable: bool) -> Result<Planned, SetupError> {
    let state = match read(&path)? {
        None => State::Missing,
        Some(there) if there == text.as_bytes() => State::Same,
        Some(_) => State::Other,
    };
    Ok(Planned { path, purpose, state, text, executable })
}

/// What lies in a place; none where there is nothing. What is no plain file, or too large, is something else than ours.
fn read(path: &Path) -> Result<Option<Vec<u8>>, SetupError> {
    let failed = |source| SetupError::Read { path: path.to_owned(), source };
    match fs::symlink_metadata(path) {
        Ok(facts) if facts.is_file() && facts.len() <= MOST => fs::read(path).map(Some).map_err(failed),
        Ok(_) => Ok(Some(Vec::new())),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

/// Whatever the user's habit, others must not write it.
fn create(path: &Path, executable: bool) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, if executable { 0o755 } else { 0o644 });
    #[cfg(not(unix))]
    let _ = executable;
    options.open(path)
}

/// Bytes of a file that could be ours.
const MOST: u64 = 64 << 10;
/// By what a policy is known that was written here.
const MARK: &str =
    "# Written by `countersign init`; `countersign init --remove` takes it away while nobody changed it.\n";
/// The name of git's hook.
const PRE_PUSH: &str = "pre-push";
/// The hook. `docs/authors.md` has the same text.
pub const HOOK: &str = include_str!("setup/pre-push");
