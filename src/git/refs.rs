//! What a name stands for: tags, branches and `HEAD`, each in a file of its own or packed with others.

use std::path::Path;

use super::GitError;
use super::place::{Place, read};
use crate::git_tree::ObjectId;
use crate::shown::Shown;

/// Finds the object that a name stands for; none where no tag and no branch is called so. A whole name of an object stands for
/// itself, whatever else is called so.
pub(super) fn find(place: &Place, name: &str) -> Result<Option<ObjectId>, GitError> {
    if let Ok(id) = name.parse() {
        return sha1(id, place.common()).map(Some);
    }
    if !is_name(name) {
        return Err(GitError::Name(Shown::new(name).to_string()));
    }
    let packed = read(&place.common().join("packed-refs"))?.unwrap_or_default();
    let mut found = Vec::new();
    for full in
        [name.to_owned(), format!("refs/tags/{name}"), format!("refs/heads/{name}"), format!("refs/remotes/{name}")]
    {
        // Of the files beside `refs`, only this one is a name.
        if full.starts_with("refs/") || full == "HEAD" {
            found.extend(follow(place, &packed, &full)?);
        }
    }
    found.sort_unstable();
    found.dedup();
    match found.as_slice() {
        [] => Ok(None),
        [id] => Ok(Some(*id)),
        _ => Err(GitError::Ambiguous(Shown::new(name).to_string())),
    }
}

/// Follows a name to an object, over names that stand for names.
fn follow(place: &Place, packed: &str, full: &str) -> Result<Option<ObjectId>, GitError> {
    let mut full = full.to_owned();
    for _ in 0..STEPS {
        let folder = if full.starts_with("refs/") { place.common() } else { place.own() };
        let path = folder.join(&full);
        let Some(text) = read(&path)? else { return in_packed(packed, &full, place.common()) };
        let damaged = || GitError::Damaged(path.clone());
        match text.strip_prefix("ref:") {
            None => {
                let id = text.trim_end().parse().map_err(|_| damaged())?;
                return sha1(id, place.common()).map(Some);
            }
            Some(next) => {
                full = Some(next.trim())
                    .filter(|next| next.starts_with("refs/") && is_name(next))
                    .ok_or_else(damaged)?
                    .to_owned();
            }
        }
    }
    Err(GitError::Damaged(place.common().join(full)))
}

/// Looks a name up among the packed ones.
fn in_packed(packed: &str, full: &str, common: &Path) -> Result<Option<ObjectId>, GitError> {
    let lines = packed.lines().filter(|line| !line.starts_with(['#', '^']));
    let mut found = lines.filter_map(|line| line.split_once(' ')).filter(|(_, name)| *name == full);
    let Some((id, _)) = found.next() else { return Ok(None) };
    let id = id.parse().map_err(|_| GitError::Damaged(common.join("packed-refs")))?;
    sha1(id, common).map(Some)
}

/// Only names by SHA-1 are read; Julia knows no others.
fn sha1(id: ObjectId, common: &Path) -> Result<ObjectId, GitError> {
    match id {
        ObjectId::Sha1(_) => Ok(id),
        ObjectId::Sha256(_) => Err(GitError::Form { path: common.to_owned(), why: "its objects are named by SHA-256" }),
    }
}

/// Whether a text can be a name by git's own rules, so that it leads to no file elsewhere.
fn is_name(name: &str) -> bool {
    let bad = |c: char| c.is_control() || c.is_whitespace() || "~^:?*[\\".contains(c);
    let part =
        |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with('.') && !part.ends_with(".lock");
    name.len() <= 1024
        && !name.contains(bad)
        && !name.contains("..")
        && !name.contains("@{")
        && name.split('/').all(part)
}

/// How many names may stand for each other; git has the same bound.
const STEPS: usize = 5;
