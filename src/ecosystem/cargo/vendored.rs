//! Vendored packages: a folder of folders, each with a list of digests that `cargo vendor` made.
//!
//! Cargo knows a vendored package by its manifest, whatever its folder is called, so they are all looked at. The list is a
//! cross-check and no more: whoever changes a file there can change the list.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::super::{Place, Unread, read, read_toml, unreadable};
use super::manifests::{MANIFEST, identity};
use super::{MARK, differs};
use crate::digest::Digest;
use crate::limits::Limits;
use crate::reason::{Answer, Code, Reason};
use crate::shown::Shown;
use crate::tree::{Added, Addition};

/// What lies in a folder of vendored packages.
#[derive(Debug, Default)]
pub(super) struct Vendored {
    folder: PathBuf,
    /// The folders of each package, by name and version.
    packages: BTreeMap<(String, String), Vec<PathBuf>>,
    /// Why it cannot be told which package a folder is: it may be any of them.
    pub(super) unclear: Vec<Reason>,
}

impl Vendored {
    pub(super) fn scan(folder: &Path, limits: &Limits) -> Self {
        let mut packages: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let mut unclear = Vec::new();
        let inside = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
        // Cargo skips what begins with a dot.
        let visible = inside.filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."));
        for path in visible.map(|entry| entry.path()) {
            let file = path.join(MANIFEST);
            match read_toml(&file, limits) {
                Ok(None) => {}
                Ok(Some(manifest)) => match identity(&manifest, None) {
                    Some(found) => packages.entry(found).or_default().push(path),
                    None => unclear.push(unnamed(&file)),
                },
                Err(reason) => unclear.push(reason),
            }
        }
        packages.values_mut().for_each(|folders| folders.sort());
        Self { folder: folder.to_path_buf(), packages, unclear }
    }

    pub(super) fn places(&self, name: &str, version: &str, checksum: Option<Digest>, limits: &Limits) -> Vec<Place> {
        let folders = self.packages.get(&(name.to_owned(), version.to_owned())).into_iter().flatten();
        folders.map(|folder| place(folder, checksum, limits)).collect()
    }

    /// Why a package is not there: also if something else has its folder.
    pub(super) fn missing(&self, name: &str, version: &str) -> Reason {
        let folders = [format!("{name}-{version}"), name.to_owned()].map(|name| self.folder.join(name));
        let own = folders.iter().find(|folder| folder.is_dir());
        let found = |own: &PathBuf| {
            self.packages.iter().find(|(_, folders)| folders.contains(own)).map(|(found, _)| found.clone())
        };
        match own {
            // Other versions of a package have their own folders.
            Some(own) if found(own).is_none_or(|(other, _)| other != name) => {
                differs(found(own), name, version).at(own.join(MANIFEST).as_os_str().as_encoded_bytes()).step(ANEW)
            }
            _ => {
                let message = format!("it is not in {}", Shown::path(&self.folder));
                Reason::new(Code::NotFound, Answer::CannotTell, message).step(ANEW)
            }
        }
    }
}

/// Cargo may know more of it, such as what a workspace above says.
fn unnamed(manifest: &Path) -> Reason {
    let message = "it says no name and version of its own, so it may be any vendored package";
    let reason = Reason::new(Code::LockfileDamaged, Answer::CannotTell, message);
    reason.at(manifest.as_os_str().as_encoded_bytes()).step("vendor the packages anew: `cargo vendor`")
}

fn place(folder: &Path, checksum: Option<Digest>, limits: &Limits) -> Place {
    let mut place = Place { additions: VENDORED, dropped: DROPPED, ..Place::new(folder.to_path_buf()) };
    match list(&folder.join(LIST), limits) {
        Ok(List { files, package }) => {
            if let (Some(listed), Some(locked)) = (package.as_deref(), checksum)
                && listed != locked.hex()
            {
                let message = format!(
                    "the list says that it was made from an archive with the digest {}; the lockfile says {locked}",
                    Shown::new(listed)
                );
                place.reasons.push(Reason::new(Code::ArchiveDigest, Answer::Reject, message).at(LIST));
            }
            let digests = files.into_iter().map(|(path, hex)| Some((path, Digest::from_hex(&hex).ok()?)));
            place.listed = digests.collect();
            if place.listed.is_none() {
                place.reasons.push(damaged("a digest in it is none"));
            }
        }
        Err(reason) => place.reasons.push(reason),
    }
    place
}

/// `.cargo-checksum.json`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    files: BTreeMap<String, String>,
    package: Option<String>,
}

fn list(file: &Path, limits: &Limits) -> Result<List, Reason> {
    match read(file, limits.lockfile) {
        Ok(None) => Err(damaged("it is not there, and Cargo would not build without it")),
        Ok(Some(bytes)) => serde_json::from_slice(&bytes).map_err(|error| damaged(&error.to_string())),
        Err(Unread::TooLarge) => Err(damaged(&format!("it has over {} bytes", limits.lockfile))),
        Err(Unread::Other(error)) => Err(unreadable(file, &error.to_string())),
    }
}

fn damaged(why: &str) -> Reason {
    let message = format!("the list of digests cannot be used: {}", Shown::new(why));
    Reason::new(Code::LockfileDamaged, Answer::CannotTell, message).at(LIST).step(ANEW)
}

/// What to do where vendored packages are not what they should be.
const ANEW: &str = "vendor the packages anew: `cargo vendor --locked`";

/// What `cargo vendor` puts beside a package's files. The list is compared with them.
const VENDORED: &[Addition] =
    &[Addition { name: LIST, what: Added::AnyFile }, Addition { name: MARK, what: Added::Exactly(br#"{"v":1}"#) }];
/// What `cargo vendor` leaves away, at every depth.
const DROPPED: &[&str] = &[".gitattributes", ".gitignore"];
/// The name of the list.
const LIST: &str = ".cargo-checksum.json";
