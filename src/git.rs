//! A repository of git, as far as the tree of one commit can be read from its objects: no checkout, and no git.
//!
//! What lies in a repository is foreign. Its configuration is not read, so nothing in it runs or leads elsewhere; replacements and
//! grafts are not followed. A library finds the objects, whether loose, packed or another repository's; each one is
//! held against its own name here, so what is read is what the commit's name stands for. Which commit a tag or a branch
//! stands for, only the repository says: therefore it must be the user's own.
//!
//! The tree is measured by the rules for folders, and as it is stored: attributes such as `export-ignore` and line endings
//! are for checkouts and archives, and leave a tree as it is.

mod objects;
mod place;
mod refs;
mod tree;

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::git_tree::ObjectId;
use crate::limits::Limits;
use crate::reason::{Code, Reason};
use crate::shown::Shown;
use crate::tree_text::TreeText;
use objects::{Kind, Objects};
use place::Place;

/// An open repository.
pub struct Repository {
    place: Place,
    objects: Objects,
    limits: Limits,
}

/// A revision of a repository: a commit, and a directory in it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Revision {
    /// The commit.
    pub commit: ObjectId,
    /// The tree that is meant.
    pub tree: ObjectId,
}

/// What a revision holds.
#[derive(Debug)]
#[non_exhaustive]
pub struct Held {
    /// The tree; none where something in it is refused.
    pub text: Option<TreeText>,
    /// Why it is refused.
    pub reasons: Vec<Reason>,
    /// The first of the wanted files at the top that is there: its name and content.
    pub kept: Option<(&'static str, Vec<u8>)>,
}

impl Repository {
    /// Opens the repository of a folder: its own, or the nearest above it.
    ///
    /// # Errors
    /// There is none, it is somebody else's, or it is of a form that we do not read.
    pub fn open(folder: &Path, limits: &Limits) -> Result<Self, GitError> {
        let place = Place::find(folder)?;
        let objects = Objects::open(&place.common().join("objects"), limits)?;
        Ok(Self { place, objects, limits: limits.clone() })
    }

    /// Finds what a revision stands for: a tag, a branch, `HEAD`, or a commit's name, whole or at least 7 digits of it; behind it
    /// may stand `:` and a directory.
    ///
    /// # Errors
    /// It stands for nothing, for several, or for no commit.
    pub fn find(&self, revision: &str) -> Result<Revision, GitError> {
        let (name, folder) = revision.split_once(':').unwrap_or((revision, ""));
        let named = || Shown::new(name).to_string();
        let mut id = match refs::find(&self.place, name)? {
            Some(id) => id,
            None => self.objects.by_digits(name)?.ok_or_else(|| GitError::NotFound(named()))?,
        };
        // A tag may be a tag's.
        for _ in 0..TAGS {
            let (kind, content) = self.objects.read(&id)?;
            match kind {
                Kind::Commit => {
                    let commit = id;
                    let tree = objects::header(&content, "tree ", &id)?;
                    let tree = folder.split('/').filter(|part| !part.is_empty()).try_fold(tree, |tree, part| {
                        tree::folder(&self.objects, &tree, part)?
                            .ok_or_else(|| GitError::NoFolder(named(), Shown::new(folder).to_string()))
                    })?;
                    return Ok(Revision { commit, tree });
                }
                Kind::Tag => id = objects::header(&content, "object ", &id)?,
                Kind::Tree | Kind::Blob => break,
            }
        }
        Err(GitError::NoCommit(named()))
    }

    /// Measures what a revision holds. `keep` names files at its top, of which the first that is there is kept.
    ///
    /// # Errors
    /// An object cannot be read, or is not what its name says.
    pub fn measure(&self, revision: &Revision, keep: &[&'static str]) -> Result<Held, GitError> {
        tree::measure(&self.objects, &revision.tree, keep, &self.limits)
    }
}

/// Where the hooks of a repository lie.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hooks {
    /// The folder that git has for them.
    pub folder: PathBuf,
    /// Whether the repository's configuration names a folder for them, which is not understood any further.
    pub named: bool,
    /// Whether it includes other files, which are not read, and may name one.
    pub included: bool,
}

/// Finds where the hooks of a folder's repository lie.
///
/// # Errors
/// There is none, or it is somebody else's.
pub fn hooks(folder: &Path) -> Result<Hooks, GitError> {
    let place = Place::find(folder)?;
    let (named, included) = place.names_hooks()?;
    Ok(Hooks { folder: place.common().join("hooks"), named, included })
}

/// How many tags may stand for each other.
const TAGS: usize = 8;

/// Why a revision cannot be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum GitError {
    /// There is no repository.
    #[error("{} lies in no repository of git", Shown::path(.0))]
    NoRepository(PathBuf),
    /// Another user's repository: what a tag stands for would be their word.
    #[error("the repository {} belongs to another user, who could say what its tags stand for [{}]", Shown::path(.0), Code::WritableByOthers)]
    Others(PathBuf),
    /// A form of repository that we do not read.
    #[error("{} is a repository of a form that is not read here: {why}", Shown::path(.path))]
    Form {
        /// Where it is.
        path: PathBuf,
        /// Which form.
        why: &'static str,
    },
    /// A file of the repository cannot be read.
    #[error("{} cannot be read", Shown::path(.path))]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// What a name stands for cannot be told.
    #[error("{0} cannot be the name of a tag, a branch or a commit")]
    Name(String),
    /// A name that stands for nothing.
    #[error("no tag, branch or commit is called {0}")]
    NotFound(String),
    /// A name that stands for several.
    #[error("{0} stands for more than one commit")]
    Ambiguous(String),
    /// A file that should say what a name stands for, and says something else.
    #[error("{} does not say what it should stand for", Shown::path(.0))]
    Damaged(PathBuf),
    /// A name of something else.
    #[error("{0} is no commit")]
    NoCommit(String),
    /// No such directory.
    #[error("{0} has no directory {1}")]
    NoFolder(String, String),
    /// An object that is not there, or cannot be read.
    #[error("the object {id} cannot be read: {why} [{}]", Code::GitObject)]
    Object {
        /// Its name.
        id: ObjectId,
        /// What is wrong.
        why: String,
    },
}

impl GitError {
    /// What to do next.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::NoRepository(_) => "name the folder of the repository: --git REV DIR",
            Self::Others(_) => "clone it: then what its tags stand for is yours",
            Self::Ambiguous(_) => "write more of it: refs/tags/NAME, refs/heads/NAME, or the commit's whole name",
            Self::NotFound(_) => "`git fetch --tags` brings tags; a commit is named by at least 7 of its digits",
            Self::Form { .. } => "clone it with git's ordinary form (sha1, files), and sign from there",
            Self::Damaged(_) => "`git fsck` tells what is damaged",
            Self::Name(_) => "name it as git does: v1.2.3, refs/tags/NAME, or at least 7 digits of a commit",
            Self::NoCommit(_) => "name a commit, or a tag or branch that stands for one",
            Self::NoFolder(..) => "behind the colon stands a directory of that revision, written from its top",
            Self::Object { .. } => "`git fsck` tells what is damaged; a partial or shallow clone may lack objects",
            _ => return None,
        })
    }
}
