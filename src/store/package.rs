//! The `.countersign/` folder that a package brings along: a closed list of names, read once into memory and replaced
//! as a whole.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Evidence, FoundSignature, FoundStatement, layout};
use crate::beneath::{Folder, ReadError, Type, WriteError};
use crate::digest::Digest;
use crate::limits::Limits;
use crate::reason::{Answer, Code, Reason};
use crate::statement::Opening;

/// A package's own evidence, as it lies in its directory.
#[derive(Debug, Default)]
pub struct Own {
    /// Statements, signatures and certificates, and what does not belong.
    pub evidence: Evidence,
    /// Every file by its path in the folder.
    files: BTreeMap<String, Vec<u8>>,
    /// Bytes in all of them.
    bytes: u64,
}

impl Own {
    /// Reads `.countersign/` in a package's directory. What does not belong there is a reason to reject; where there is
    /// no such folder, there is no evidence. (Something else of that name is refused where the tree is measured.)
    pub fn read(package: &Folder, limits: &Limits) -> Self {
        let mut own = Self::default();
        if package.facts(layout::OWN).is_ok_and(|facts| facts.kind == Type::Folder) {
            match package.folder(layout::OWN) {
                Ok(folder) => own.read_top(&folder, limits),
                Err(why) => own.refuse("", &why),
            }
            own.sort_out(limits);
        }
        own
    }

    /// Whether there is nothing at all.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.evidence.reasons.is_empty()
    }

    /// The manifest's bytes.
    pub fn manifest(&self) -> Option<&[u8]> {
        self.files.get(layout::OWN_MANIFEST).map(Vec::as_slice)
    }

    /// The tree text's bytes.
    pub fn tree(&self) -> Option<&[u8]> {
        self.files.get(layout::OWN_TREE).map(Vec::as_slice)
    }

    /// The folder's files with a manifest put into its place: the old manifest's signatures go where it is another
    /// one, all other evidence stays.
    pub fn with_manifest(&self, manifest: &[u8], tree: &[u8]) -> Files {
        let mut files = self.files.clone();
        if self.manifest() != Some(manifest) {
            files.retain(|name, _| layout::own_signature_parts(name).is_none_or(|(of, _)| of != layout::OWN_MANIFEST));
        }
        files.insert(layout::OWN_MANIFEST.into(), manifest.to_vec());
        files.insert(layout::OWN_TREE.into(), tree.to_vec());
        Files(files)
    }

    fn read_top(&mut self, folder: &Folder, limits: &Limits) {
        for name in self.list(folder, "", limits) {
            if name == layout::OWN_CERTIFICATES || layout::OWN_STATEMENTS.contains(&name.as_str()) {
                match folder.folder(&name) {
                    Ok(inner) => {
                        for file in self.list(&inner, &format!("{name}/"), limits) {
                            self.read_file(&inner, &file, format!("{name}/{file}"), limits);
                        }
                    }
                    Err(why) => self.refuse(&name, &why),
                }
            } else {
                self.read_file(folder, &name, name.clone(), limits);
            }
        }
    }

    /// The names in a folder; one that is no text cannot be on the list.
    fn list(&mut self, folder: &Folder, place: &str, limits: &Limits) -> Vec<String> {
        let listed = match folder.list(limits.evidence_files) {
            Ok(listed) => listed,
            Err(why) => {
                self.refuse(place, &why);
                return Vec::new();
            }
        };
        let mut names = Vec::new();
        for one in listed {
            match one.name.into_string() {
                Ok(name) => names.push(name),
                Err(name) => {
                    let path = [place.as_bytes(), name.as_encoded_bytes()].concat();
                    self.reject(Code::EvidenceUnknownFile, &path, UNKNOWN);
                }
            }
        }
        names
    }

    fn read_file(&mut self, folder: &Folder, name: &str, path: String, limits: &Limits) {
        let Some(limit) = limit_of(&path, limits) else {
            self.reject(Code::EvidenceUnknownFile, path.as_bytes(), UNKNOWN);
            return;
        };
        let room = limits.evidence_folder.saturating_sub(self.bytes);
        match folder.read(name, limit.bytes.min(room)) {
            Ok(bytes) => {
                self.bytes += bytes.len() as u64;
                self.files.insert(path, bytes);
            }
            Err(ReadError::TooLarge(most)) if most == limit.bytes && most < room => {
                let message = format!("over the limit of {most} bytes");
                let reason = Reason::new(limit.code, limit.answer, message);
                self.evidence.reasons.push(reason.at(format!("{}/{path}", layout::OWN)));
            }
            Err(ReadError::TooLarge(_)) => {
                let most = limits.evidence_folder;
                self.reject(Code::EvidenceUnknownFile, path.as_bytes(), &format!("the folder has over {most} bytes"));
            }
            Err(why) => self.refuse(&path, &why),
        }
    }

    /// Puts the files that were read together: statements with their signatures, certificates.
    fn sort_out(&mut self, limits: &Limits) {
        let mut statements: BTreeMap<String, FoundStatement> = BTreeMap::new();
        for (path, bytes) in self.files.iter().filter(|(path, _)| path.ends_with(".toml")) {
            let digest = Digest::of(bytes);
            let named = path.rsplit('/').next().and_then(|name| name.strip_suffix(".toml")) == Some(&digest.hex());
            if path != layout::OWN_MANIFEST && !named {
                let message = "its content is not what its name says";
                let reason = Reason::new(Code::EvidenceUnknownFile, Answer::Reject, message);
                self.evidence.reasons.push(reason.at(format!("{}/{path}", layout::OWN)));
                continue;
            }
            let opening = Opening::read(bytes, limits).ok();
            let about = Opening::package_of(bytes, limits);
            let name = format!("{}/{path}", layout::OWN);
            let found = FoundStatement { name, digest, bytes: bytes.clone(), opening, about, signatures: Vec::new() };
            statements.insert(path.clone(), found);
        }
        for (path, bytes) in &self.files {
            let name = format!("{}/{path}", layout::OWN);
            if path.starts_with(layout::OWN_CERTIFICATES) {
                self.evidence.certificates.push((name, bytes.clone()));
            } else if let Some((statement, signer)) = layout::own_signature_parts(path) {
                match statements.get_mut(statement) {
                    Some(found) => found.signatures.push(FoundSignature { signer, name, bytes: bytes.clone() }),
                    None => {
                        let message = "there is no statement that this could be a signature of";
                        let reason = Reason::new(Code::EvidenceUnknownFile, Answer::Reject, message);
                        self.evidence.reasons.push(reason.at(name));
                    }
                }
            }
        }
        self.evidence.statements = statements.into_values().collect();
    }

    fn reject(&mut self, code: Code, path: &[u8], message: &str) {
        let path = [layout::OWN.as_bytes(), b"/", path].concat();
        self.evidence.reasons.push(Reason::new(code, Answer::Reject, message).at(path));
    }

    fn refuse(&mut self, path: &str, why: &ReadError) {
        let (code, answer) = match why {
            ReadError::NotPlain(Type::Link) => (Code::Symlink, Answer::Reject),
            ReadError::NotPlain(Type::Special) => (Code::SpecialFile, Answer::Reject),
            ReadError::Changed | ReadError::Missing => (Code::ChangedDuringVerify, Answer::Reject),
            ReadError::Unreadable(_) => (Code::Unreadable, Answer::CannotTell),
            _ => (Code::EvidenceUnknownFile, Answer::Reject),
        };
        let place = format!("{}/{path}", layout::OWN);
        self.evidence.reasons.push(Reason::new(code, answer, why.to_string()).at(place.trim_end_matches('/')));
    }
}

/// The files that a package's `.countersign/` shall hold.
#[derive(Debug, Clone)]
pub struct Files(BTreeMap<String, Vec<u8>>);

impl Files {
    /// Puts a file in, by its path in the folder.
    pub fn insert(&mut self, path: impl Into<String>, bytes: Vec<u8>) {
        self.0.insert(path.into(), bytes);
    }

    /// A file, by its path in the folder.
    pub fn get(&self, path: &str) -> Option<&[u8]> {
        self.0.get(path).map(Vec::as_slice)
    }

    /// Bytes in all files.
    pub fn size(&self) -> u64 {
        self.0.values().map(|bytes| bytes.len() as u64).sum()
    }

    /// Writes the folder anew beside the package and then puts it into the place of the old one in one step, so that
    /// a crash at any point leaves the one or the other. Where it is not `before` any more, nothing is written.
    ///
    /// `step` is called before each step that changes the disk; tests stop there.
    ///
    /// # Errors
    /// It cannot be written, or somebody else wrote meanwhile.
    pub fn replace(&self, dir: &Path, before: &Own, limits: &Limits, step: &dyn Fn(&str)) -> Result<(), WriteError> {
        let package = Folder::open(dir)?;
        let lock = package.lock()?;
        let beside = dir.canonicalize().map_err(WriteError::Failed)?;
        let staging = stage_beside(&beside, step)?;
        let stage = Folder::open(staging.path())?;
        let folder = stage.make_folder("new")?;
        for (path, bytes) in &self.0 {
            step("write a file");
            match path.split_once('/') {
                Some((inner, name)) => folder.make_folder(inner)?.write_once(name, bytes)?,
                None => folder.write_once(path, bytes)?,
            };
        }
        let now = Own::read(&package, limits);
        if now.files != before.files || !now.evidence.reasons.is_empty() {
            return Err(ReadError::Changed.into());
        }
        step("put it into place");
        stage.exchange("new".as_ref(), &package, layout::OWN.as_ref())?;
        step("remove the old folder");
        drop(staging);
        drop(lock);
        Ok(())
    }
}

/// A folder of our own beside the package, so that whatever a crash leaves is no part of it, and none of what users
/// receive. Its name says for which package it is; whoever holds that package's lock may remove what others left.
fn stage_beside(package: &Path, step: &dyn Fn(&str)) -> Result<tempfile::TempDir, WriteError> {
    let no_place = || WriteError::Beside(package.parent().unwrap_or(package).to_path_buf());
    let beside = package.parent().ok_or_else(no_place)?;
    let device = |path: &Path| Folder::open(path).map(|folder| folder.own().device).ok();
    if device(beside) != device(package) {
        return Err(no_place());
    }
    let name = package.file_name().unwrap_or_default().as_encoded_bytes();
    let prefix = format!("{STAGE}{}-", &Digest::of(name).hex()[..16]);
    let listed = Folder::open(beside).and_then(|folder| folder.list(STAGE_NAMES)).unwrap_or_default();
    for left in listed.iter().filter(|one| one.name.as_encoded_bytes().starts_with(prefix.as_bytes())) {
        step("remove what a crash left");
        // What cannot be removed is only in the way of a tidy mind.
        std::fs::remove_dir_all(beside.join(&left.name)).ok();
    }
    step("make the new folder");
    tempfile::Builder::new().prefix(&prefix).tempdir_in(beside).map_err(|_| no_place())
}

/// How the names of folders begin that lie beside a package while its evidence is replaced. One that a crash left
/// means nothing, and can be deleted.
pub const STAGE: &str = ".countersign-new-";

/// Names beside a package among which leftovers are looked for; in a larger folder they just stay.
const STAGE_NAMES: usize = 100_000;

/// What may stand under a name of the closed list.
struct Limit {
    bytes: u64,
    code: Code,
    answer: Answer,
}

/// The limit of a file's size; nothing for a name that is not on the list.
fn limit_of(path: &str, limits: &Limits) -> Option<Limit> {
    let statement = |answer| Limit { bytes: limits.statement, code: Code::LimitStatement, answer };
    let signature = Limit { bytes: limits.signature, code: Code::LimitSignature, answer: Answer::SetAside };
    let is_digest = |name: &str| Digest::from_hex(name).is_ok();
    match path.split_once('/') {
        None if path == layout::OWN_MANIFEST => Some(statement(Answer::Reject)),
        None if path == layout::OWN_TREE => {
            Some(Limit { bytes: limits.tree_text, code: Code::LimitTree, answer: Answer::SetAside })
        }
        None => match layout::own_signature_parts(path) {
            Some((layout::OWN_MANIFEST, _)) => Some(signature),
            _ => None,
        },
        Some((layout::OWN_CERTIFICATES, name)) => {
            let fingerprint = name.strip_suffix(".asc")?.parse::<crate::fingerprint::Fingerprint>();
            fingerprint.ok()?;
            Some(Limit { bytes: limits.certificate, code: Code::LimitCertificate, answer: Answer::SetAside })
        }
        Some((_, name)) => match layout::own_signature_parts(name) {
            Some((of, _)) if of.strip_suffix(".toml").is_some_and(is_digest) => Some(signature),
            Some(_) => None,
            None => name.strip_suffix(".toml").is_some_and(is_digest).then(|| statement(Answer::SetAside)),
        },
    }
}

const UNKNOWN: &str = "this name does not belong into a package's evidence; remove it";
