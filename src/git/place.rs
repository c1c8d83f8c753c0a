//! Where a repository lies: the folder of a worktree, and the one that all its worktrees share.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::GitError;

/// The folders of a repository.
#[derive(Debug)]
pub(super) struct Place {
    own: PathBuf,
    common: PathBuf,
}

impl Place {
    /// Finds the repository of a folder. The first `.git` upwards decides, and a bare repository is found by its own folder.
    pub(super) fn find(folder: &Path) -> Result<Self, GitError> {
        let start = fs::canonicalize(folder).map_err(|source| GitError::Read { path: folder.to_owned(), source })?;
        let mut found = None;
        for above in start.ancestors() {
            let inner = above.join(".git");
            if inner.symlink_metadata().is_ok() {
                found = Some(if inner.is_dir() { inner } else { pointed(&inner)? });
                break;
            }
            if is_repository(above) {
                found = Some(above.to_owned());
                break;
            }
        }
        let own = found.ok_or_else(|| GitError::NoRepository(folder.to_owned()))?;
        let pointer = own.join("commondir");
        let common = match read(&pointer)? {
            None => own.clone(),
            Some(text) => {
                let common = own.join(text.trim_end_matches('\n'));
                fs::canonicalize(&common).map_err(|source| GitError::Read { path: common, source })?
            }
        };
        for path in [&own, &common] {
            if !is_repository(path) && *path == common {
                return Err(GitError::NoRepository(folder.to_owned()));
            }
            check_owner(path)?;
        }
        let form = |why| Err(GitError::Form { path: common.clone(), why });
        if common.join("reftable").exists() {
            return form("its tags and branches are in a table (reftable)");
        }
        Ok(Self { own, common })
    }

    /// Whether the configuration here names another folder for hooks, and whether it leads to files that could. It is not
    /// understood any further, and what the user's own configuration says is not known here.
    pub(super) fn names_hooks(&self) -> Result<(bool, bool), GitError> {
        let files = [self.common.join("config"), self.own.join("config.worktree")];
        let texts = files.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
        let text = texts.into_iter().flatten().collect::<Vec<_>>().join("\n").to_ascii_lowercase();
        Ok((text.contains("hookspath"), text.contains("[include")))
    }

    /// The worktree's own folder, in which its `HEAD` lies.
    pub(super) fn own(&self) -> &Path {
        &self.own
    }

    /// The folder of objects, tags and branches.
    pub(super) fn common(&self) -> &Path {
        &self.common
    }
}

/// What git takes for a repository.
fn is_repository(folder: &Path) -> bool {
    folder.join("HEAD").is_file() && folder.join("objects").is_dir() && folder.join("refs").is_dir()
}

/// Where a `.git` file points to.
fn pointed(file: &Path) -> Result<PathBuf, GitError> {
    let text = read(file)?.unwrap_or_default();
    let path = text.strip_prefix("gitdir: ").map(|rest| rest.trim_end_matches('\n'));
    let path = path.filter(|path| !path.is_empty()).ok_or_else(|| GitError::Damaged(file.to_owned()))?;
    Ok(file.parent().unwrap_or(file).join(path))
}

/// Reads a small plain file of a repository; none where there is no such file.
pub(super) fn read(path: &Path) -> Result<Option<String>, GitError> {
    let failed = |source| GitError::Read { path: path.to_owned(), source };
    match fs::symlink_metadata(path) {
        Ok(facts) if facts.is_file() => {}
        Ok(facts) if facts.is_dir() => return Ok(None),
        Ok(_) => return Err(failed(io::Error::other("it is no plain file"))),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(failed(error)),
    }
    let mut text = String::new();
    let file = fs::File::open(path).map_err(failed)?;
    let size = file.take(MOST + 1).read_to_string(&mut text).map_err(failed)? as u64;
    if size > MOST { Err(failed(io::Error::other("it is too large"))) } else { Ok(Some(text)) }
}

/// Bytes of a file that says what names stand for: some hundred thousand tags.
const MOST: u64 = 64 << 20;

#[cfg(unix)]
fn check_owner(path: &Path) -> Result<(), GitError> {
    use std::os::unix::fs::MetadataExt as _;
    let facts = fs::metadata(path).map_err(|source| GitError::Read { path: path.to_owned(), source })?;
    let ours = facts.uid() == 0 || facts.uid() == rustix::process::geteuid().as_raw();
    if ours { Ok(()) } else { Err(GitError::Others(path.to_owned())) }
}

#[cfg(not(unix))]
fn check_owner(_path: &Path) -> Result<(), GitError> {
    Ok(())
}
