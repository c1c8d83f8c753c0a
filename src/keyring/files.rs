//! Keyrings as they lie on disk: which files of a folder belong to one, and what certificates are in them.
//!
//! Every fault in a file stops the run; a certificate of a version that we cannot read is set aside.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use walkdir::WalkDir;

use super::{KeyringError, aside, shown_bytes};
use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::limits::Limits;
use crate::openpgp::split::{self, RawCertificate};
use crate::reason::{Answer, Code, Reason};

/// The content of keyring files.
pub(super) struct Files {
    files: Vec<(PathBuf, Vec<u8>)>,
    notes: Vec<Reason>,
}

impl Files {
    /// Reads all files that these paths stand for.
    pub(super) fn read(paths: &[PathBuf], limits: &Limits) -> Result<Self, KeyringError> {
        let mut read = Self { files: Vec::new(), notes: Vec::new() };
        for path in paths {
            if !read.add(path, limits)? {
                return Err(KeyringError::Empty { path: path.clone() });
            }
        }
        Ok(read)
    }

    /// Reads the files of a folder, which may have none.
    pub(super) fn read_folder(path: &Path, limits: &Limits) -> Result<Self, KeyringError> {
        let mut read = Self { files: Vec::new(), notes: Vec::new() };
        read.add(path, limits)?;
        Ok(read)
    }

    /// Content that came another way, under the name with which to report it.
    pub(super) fn given(name: &Path, bytes: Vec<u8>) -> Self {
        Self { files: vec![(name.to_owned(), bytes)], notes: Vec::new() }
    }

    /// What was found in folders and not read.
    pub(super) fn notes(&self) -> &[Reason] {
        &self.notes
    }

    /// A digest of all that a keyring of these files could depend on: names, contents and notes.
    pub(super) fn digest(&self) -> Digest {
        let mut of = format!("{:?}\n", self.notes).into_bytes();
        for (path, bytes) in &self.files {
            of.extend((shown_bytes(path).len() as u64).to_be_bytes());
            of.extend(shown_bytes(path));
            of.extend(Digest::of(bytes).hex().into_bytes());
        }
        Digest::of(&of)
    }

    /// Takes the armour off.
    pub(super) fn pieces(&self) -> Result<Pieces<'_>, KeyringError> {
        let pieces = self.files.iter().map(|(path, bytes)| {
            let pieces = split::pieces(bytes).map_err(|fault| KeyringError::of(fault, path))?;
            Ok((path.as_path(), pieces))
        });
        Ok(Pieces(pieces.collect::<Result<_, _>>()?))
    }

    fn add(&mut self, path: &Path, limits: &Limits) -> Result<bool, KeyringError> {
        let named = self.named(path)?;
        let any = !named.is_empty();
        for file in named {
            let bytes = read(&file, limits.keyring)?;
            self.files.push((file, bytes));
        }
        Ok(any)
    }

    /// The files that a path stands for.
    fn named(&mut self, path: &Path) -> Result<Vec<PathBuf>, KeyringError> {
        let unreadable = |path: &Path, source| KeyringError::Unreadable { path: path.to_owned(), source };
        let metadata = fs::metadata(path).map_err(|error| unreadable(path, error))?;
        if metadata.is_file() {
            return Ok(vec![path.to_owned()]);
        }
        if !metadata.is_dir() {
            return Err(unreadable(path, io::Error::other("neither a file nor a folder")));
        }
        let mut files = Vec::new();
        for entry in WalkDir::new(path).min_depth(1).max_depth(2).sort_by_file_name() {
            let entry = entry.map_err(|error| {
                let place = error.path().unwrap_or(path).to_owned();
                unreadable(&place, error.into())
            })?;
            if !is_keyring_name(entry.path(), entry.depth()) {
                continue;
            }
            if entry.file_type().is_file() {
                files.push(entry.into_path());
            } else if entry.file_type().is_symlink() {
                let message = "a link in a keyring folder is not followed; name its target to have it read";
                self.notes.push(Reason::new(Code::Symlink, Answer::Note, message).at(shown_bytes(entry.path())));
            } else if !entry.file_type().is_dir() {
                return Err(unreadable(entry.path(), io::Error::other("not a plain file")));
            }
        }
        Ok(files)
    }
}

/// The binary packets of each file.
pub(super) struct Pieces<'a>(Vec<(&'a Path, Vec<Cow<'a, [u8]>>)>);

impl Pieces<'_> {
    /// Splits the packets into certificates, and merges those that are there several times.
    pub(super) fn certificates(&self) -> Result<Raw<'_>, KeyringError> {
        let mut raw = Raw::default();
        for (path, pieces) in &self.0 {
            let mut count = 0;
            for piece in pieces {
                let (certificates, unread) =
                    split::certificates(piece).map_err(|fault| KeyringError::of(fault, path))?;
                count += certificates.len() + unread.len();
                raw.set_aside.extend(unread.iter().map(|error| aside(error, shown_bytes(path))));
                for certificate in certificates {
                    merge(&mut raw.certificates, certificate);
                }
            }
            if count == 0 {
                return Err(KeyringError::Empty { path: (*path).to_owned() });
            }
        }
        Ok(raw)
    }
}

/// Certificates with everything that came with them.
#[derive(Default)]
pub(super) struct Raw<'a> {
    pub(super) certificates: BTreeMap<Fingerprint, RawCertificate<'a>>,
    pub(super) set_aside: Vec<Reason>,
}

pub(super) fn merge<'a>(found: &mut BTreeMap<Fingerprint, RawCertificate<'a>>, certificate: RawCertificate<'a>) {
    match found.get_mut(certificate.fingerprint()) {
        Some(known) => known.merge(certificate),
        None => {
            found.insert(certificate.fingerprint().clone(), certificate);
        }
    }
}

/// Reads a file, unless it is too large; the file may grow while we read.
fn read(path: &Path, limit: u64) -> Result<Vec<u8>, KeyringError> {
    let unreadable = |source| KeyringError::Unreadable { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(unreadable)?;
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > limit { Err(KeyringError::Limit { path: path.to_owned(), limit }) } else { Ok(bytes) }
}

/// The folders below a keyring's own from which files are read.
pub(crate) fn folders_read(path: &Path) -> Vec<PathBuf> {
    let below = WalkDir::new(path).min_depth(1).max_depth(1).into_iter().filter_map(Result::ok);
    let folders = below.filter(|entry| entry.file_type().is_dir() && is_two_digits(entry.path()));
    folders.map(walkdir::DirEntry::into_path).collect()
}

/// Whether a file in a keyring folder is meant as a part of it.
fn is_keyring_name(path: &Path, depth: usize) -> bool {
    let Some(file) = path.file_name().and_then(|name| name.to_str()) else { return false };
    if depth == 1 {
        let extension = path.extension().and_then(|extension| extension.to_str());
        return matches!(extension, Some("asc" | "pgp" | "gpg" | "key" | "cert"));
    }
    path.parent().is_some_and(is_two_digits) && matches!(file.len(), 38 | 62) && is_hex(file)
}

/// Whether this is a folder of a shared directory of certificates.
fn is_two_digits(folder: &Path) -> bool {
    folder.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.len() == 2 && is_hex(name))
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}
