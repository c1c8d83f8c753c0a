//! The tree of a commit, measured by the rules for folders.

use std::collections::{BTreeMap, BTreeSet};

use super::objects::{Kind as Object, Objects};
use super::{GitError, Held};
use crate::digest::Digest;
use crate::git_tree::ObjectId;
use crate::limits::{Limits, Links};
use crate::path::{MAX_PATH, PackagePath};
use crate::reason::{Answer, Code, Reason};
use crate::tree;
use crate::tree_text::{EVIDENCE_FOLDER, Entry, Kind, LimitFault, TreeText, is_evidence_name};

/// A directory in a tree; none where there is no such one.
pub(super) fn folder(objects: &Objects, tree: &ObjectId, name: &str) -> Result<Option<ObjectId>, GitError> {
    let entries = entries(objects, tree)?;
    Ok(entries
        .into_iter()
        .find(|entry| entry.name == name.as_bytes() && entry.mode == Mode::Folder)
        .map(|entry| entry.id))
}

/// Measures a tree.
pub(super) fn measure(
    objects: &Objects,
    tree: &ObjectId,
    keep: &[&'static str],
    limits: &Limits,
) -> Result<Held, GitError> {
    let mut walk = Walk::new(objects, limits);
    let mut folders = vec![(None, *tree)];
    while let Some((path, id)) = folders.pop() {
        for entry in entries(objects, &id)? {
            let within = walk.take(path.as_ref(), entry, keep, &mut folders)?;
            if let Err(fault) = within {
                let reasons = vec![Reason::new(Code::LimitTree, Answer::Reject, fault.to_string())];
                return Ok(Held { text: None, reasons, kept: None });
            }
        }
    }
    Ok(walk.finish(keep))
}

struct Walk<'a> {
    objects: &'a Objects,
    limits: &'a Limits,
    files: Vec<Entry>,
    /// Links with what they say.
    links: Vec<(PackagePath, Vec<u8>)>,
    folders: BTreeSet<PackagePath>,
    reasons: Vec<Reason>,
    kept: BTreeMap<&'static str, Vec<u8>>,
    bytes: u64,
    entries: u64,
    /// What was read before: one content may have many names.
    known: BTreeMap<ObjectId, (u64, Digest)>,
}

impl<'a> Walk<'a> {
    fn new(objects: &'a Objects, limits: &'a Limits) -> Self {
        Self {
            objects,
            limits,
            files: Vec::new(),
            links: Vec::new(),
            folders: BTreeSet::new(),
            reasons: Vec::new(),
            kept: BTreeMap::new(),
            bytes: 0,
            entries: 0,
            known: BTreeMap::new(),
        }
    }

    fn take(
        &mut self,
        above: Option<&PackagePath>,
        entry: TreeEntry,
        keep: &[&'static str],
        folders: &mut Vec<(Option<PackagePath>, ObjectId)>,
    ) -> Result<Result<(), LimitFault>, GitError> {
        let raw = match above {
            Some(above) => [above.as_str().as_bytes(), b"/", &entry.name].concat(),
            None => entry.name.clone(),
        };
        if above.is_none() && entry.name == EVIDENCE_FOLDER.as_bytes() && entry.mode == Mode::Folder {
            return Ok(Ok(()));
        }
        self.entries += 1;
        if self.entries > self.limits.files.saturating_mul(2) {
            return Ok(Err(LimitFault::Files(self.limits.files)));
        }
        let mut reject = |code, message: &str| {
            self.reasons.push(Reason::new(code, Answer::Reject, message).at(&raw));
            Ok(Ok(()))
        };
        if str::from_utf8(&entry.name).is_ok_and(is_evidence_name) {
            return reject(Code::EvidenceUnknownFile, tree::EVIDENCE_ELSEWHERE);
        }
        let path = match PackagePath::parse(&raw) {
            Ok(path) => path,
            Err(fault) => return reject(fault.code(), &fault.to_string()),
        };
        match entry.mode {
            Mode::Folder => {
                self.folders.insert(path.clone());
                folders.push((Some(path), entry.id));
                Ok(Ok(()))
            }
            Mode::Submodule => reject(Code::Submodule, "a submodule: what it holds is not in this commit"),
            Mode::Other => reject(Code::SpecialFile, "neither a file, a directory nor a link, going by its mode"),
            Mode::Link if self.limits.links == Links::None => reject(Code::Symlink, tree::LINK),
            Mode::Link => self.link(path, &entry.id),
            Mode::File(kind) => self.file(path, kind, &entry.id, above.is_none(), keep),
        }
    }

    fn link(&mut self, path: PackagePath, id: &ObjectId) -> Result<Result<(), LimitFault>, GitError> {
        let target = self.blob(id)?;
        if target.len() > MAX_PATH {
            let message = "a symbolic link that says more than a path has room for";
            self.reasons.push(Reason::new(Code::SymlinkEscape, Answer::Reject, message).at(path.as_str()));
        } else {
            self.links.push((path, target));
        }
        Ok(Ok(()))
    }

    fn file(
        &mut self,
        path: PackagePath,
        kind: Kind,
        id: &ObjectId,
        at_top: bool,
        keep: &[&'static str],
    ) -> Result<Result<(), LimitFault>, GitError> {
        if self.objects.size(id).is_some_and(|size| size > self.limits.file) {
            return Ok(Err(LimitFault::File(self.limits.file, path)));
        }
        let wanted = keep.iter().find(|name| at_top && path.as_str() == **name);
        let (size, digest) = match self.known.get(id) {
            Some(known) if wanted.is_none() => *known,
            _ => {
                let content = self.blob(id)?;
                let known = (content.len() as u64, Digest::of(&content));
                if let Some(name) = wanted.filter(|_| known.0 <= self.limits.lockfile) {
                    self.kept.insert(name, content);
                }
                self.known.insert(*id, known);
                known
            }
        };
        if size > self.limits.file {
            return Ok(Err(LimitFault::File(self.limits.file, path)));
        }
        self.bytes = self.bytes.saturating_add(size);
        if self.bytes > self.limits.tree {
            return Ok(Err(LimitFault::Tree(self.limits.tree)));
        }
        self.files.push(Entry { kind, size, digest, path });
        Ok(Ok(()))
    }

    fn blob(&self, id: &ObjectId) -> Result<Vec<u8>, GitError> {
        match self.objects.read(id)? {
            (Object::Blob, content) => Ok(content),
            _ => Err(GitError::Object { id: *id, why: "it is no file, and stands where one should".to_owned() }),
        }
    }

    fn finish(mut self, keep: &[&'static str]) -> Held {
        let files: BTreeSet<&str> = self.files.iter().map(|file| file.path.as_str()).collect();
        let folders: BTreeSet<&str> = self.folders.iter().map(PackagePath::as_str).collect();
        let links: Vec<_> = self.links.iter().map(|(path, target)| (path.as_str(), target.as_slice())).collect();
        self.reasons.extend(tree::not_contained(&links, &files, &folders));
        let entry = |(path, target): (PackagePath, Vec<u8>)| Entry {
            kind: Kind::Link,
            size: target.len() as u64,
            digest: Digest::of(&target),
            path,
        };
        let links = std::mem::take(&mut self.links).into_iter().map(entry);
        let entries = std::mem::take(&mut self.files).into_iter().chain(links).collect();
        let text = match TreeText::from_entries(entries, self.limits) {
            Ok(text) => Some(text).filter(|_| self.reasons.is_empty()),
            Err(error) => {
                self.reasons.push(Reason::new(error.code(), Answer::Reject, error.to_string()));
                None
            }
        };
        let kept = keep.iter().find_map(|name| Some((*name, self.kept.remove(name)?)));
        Held { text, reasons: self.reasons, kept }
    }
}

/// One entry of a tree of git.
struct TreeEntry {
    mode: Mode,
    name: Vec<u8>,
    id: ObjectId,
}

/// What an entry is, by its mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    File(Kind),
    Folder,
    Link,
    Submodule,
    Other,
}

impl Mode {
    /// Files of old trees have more bits than they need; git gives them the same two modes.
    fn parse(digits: &[u8]) -> Self {
        match digits {
            b"100644" | b"100664" => Self::File(Kind::File),
            b"100755" => Self::File(Kind::Executable),
            b"40000" => Self::Folder,
            b"120000" => Self::Link,
            b"160000" => Self::Submodule,
            _ => Self::Other,
        }
    }
}

/// Reads a tree: for each entry its mode, a space, its name, NUL, and the bytes of its object's name.
fn entries(objects: &Objects, id: &ObjectId) -> Result<Vec<TreeEntry>, GitError> {
    let failed = |why: &str| GitError::Object { id: *id, why: why.to_owned() };
    let (Object::Tree, content) = objects.read(id)? else {
        return Err(failed("it is no directory, and stands where one should"));
    };
    let mut entries = Vec::new();
    let mut rest = content.as_slice();
    while !rest.is_empty() {
        let broken = || failed("it is no directory that git would write");
        let space = rest.iter().position(|byte| *byte == b' ').ok_or_else(broken)?;
        let (mode, behind) = (Mode::parse(&rest[..space]), &rest[space + 1..]);
        let end = behind.iter().position(|byte| *byte == 0).ok_or_else(broken)?;
        let (name, behind) = (behind[..end].to_vec(), &behind[end + 1..]);
        let (id, behind) = behind.split_at_checked(20).ok_or_else(broken)?;
        let id = ObjectId::Sha1(id.try_into().map_err(|_| broken())?);
        entries.push(TreeEntry { mode, name, id });
        rest = behind;
    }
    Ok(entries)
}
