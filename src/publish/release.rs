//! What an author signs: a folder as it lies, what a packaged archive holds, or the tree of a commit. It is measured once, before
//! anything is asked.
//!
//! An archive is what packaging made, so it is read and never unpacked: the working tree beside it may hold more, or less. What
//! it says of its own name and version must be what is signed.

use std::path::{Path, PathBuf};

use crate::archive;
use crate::beneath::Folder;
use crate::digest::Digest;
use crate::ecosystem::{cargo, julia};
use crate::git::Repository;
use crate::limits::Limits;
use crate::package::Purl;
use crate::path::PackagePath;
use crate::reason::{Answer, Code, Reason};
use crate::shown::Shown;
use crate::store::package::Own;
use crate::tree::{SurveyRequest, Watcher, survey};
use crate::tree_text::TreeText;

use super::PublishError;

/// In which form a release lies here.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::exhaustive_enums, reason = "each form is measured in its own way")]
pub enum Form<'a> {
    /// A folder, exactly as users will receive it.
    Folder(&'a Path),
    /// A `.crate` archive, as `cargo package` makes it.
    Archive(&'a Path),
    /// A revision of the repository of a folder.
    Commit {
        /// The folder.
        folder: &'a Path,
        /// The revision, as git names it.
        revision: &'a str,
        /// The tag as which it is published, where the revision does not say it.
        tag: Option<&'a str>,
    },
}

/// What came of measuring.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "a release can be signed or it cannot")]
pub enum Measured {
    /// It can be signed.
    Fit(Box<Release>),
    /// The tree is one that the verifier would refuse, too; the package, where it is known.
    Refused(Option<Purl>, Vec<Reason>),
}

/// Evidence: this is what users will receive, every byte of it was read, and what it says of itself is what it is signed as.
///
/// Made by [`measure`] alone.
#[derive(Debug)]
pub struct Release {
    package: Purl,
    text: TreeText,
    digest: Digest,
    notes: Vec<Reason>,
    own: Own,
    folder: Option<PathBuf>,
    commit: Option<String>,
}

impl Release {
    /// The package with its version.
    pub fn package(&self) -> &Purl {
        &self.package
    }

    /// The tree text.
    pub fn text(&self) -> &TreeText {
        &self.text
    }

    /// The tree digest.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// What is worth telling, but refuses nothing.
    pub fn notes(&self) -> &[Reason] {
        &self.notes
    }

    /// A release that lies in no folder of its own.
    fn elsewhere(package: Purl, text: TreeText, commit: Option<String>) -> Self {
        let digest = text.digest();
        Self { package, text, digest, notes: Vec::new(), own: Own::default(), folder: None, commit }
    }

    /// The commit that it was read from.
    pub fn commit(&self) -> Option<&str> {
        self.commit.as_deref()
    }

    /// The evidence that lies in the release's own folder.
    pub(super) fn own(&self) -> &Own {
        &self.own
    }

    /// The release's own folder, in which evidence can be put; none where it has none.
    pub(super) fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }
}

/// Measures a release. `named` is the package that the author says it is; where nothing is said, an archive says it itself.
///
/// # Errors
/// It cannot be opened, or nothing says which package it is.
pub fn measure(
    form: Form<'_>,
    named: Option<&Purl>,
    limits: &Limits,
    watcher: &dyn Watcher,
) -> Result<Measured, PublishError> {
    match form {
        Form::Folder(dir) => of_folder(dir, named, limits, watcher),
        Form::Archive(file) => of_archive(file, named, limits),
        Form::Commit { folder, revision, tag } => of_commit(folder, (revision, tag), named, limits),
    }
}

fn of_folder(
    dir: &Path,
    named: Option<&Purl>,
    limits: &Limits,
    watcher: &dyn Watcher,
) -> Result<Measured, PublishError> {
    let folder = Folder::open(dir).map_err(|source| PublishError::Directory { path: dir.to_path_buf(), source })?;
    let package = named.ok_or(PublishError::Unnamed)?.clone();
    let own = Own::read(&folder, limits);
    let survey = survey(&SurveyRequest { portable: true, watcher, ..SurveyRequest::plain(dir, limits) })?;
    let mut reasons = own.evidence.reasons.clone();
    reasons.extend(survey.reasons().iter().cloned());
    let Some(tree) = survey.into_parts().0.filter(|_| own.evidence.reasons.is_empty()) else {
        return Ok(Measured::Refused(Some(package), reasons));
    };
    let (text, digest, notes) = (tree.text().clone(), tree.digest(), tree.notes().to_vec());
    let folder = Some(dir.to_path_buf());
    Ok(Measured::Fit(Box::new(Release { package, text, digest, notes, own, folder, commit: None })))
}

fn of_archive(file: &Path, named: Option<&Purl>, limits: &Limits) -> Result<Measured, PublishError> {
    let unread = |source| PublishError::Read { path: file.to_path_buf(), source };
    let bytes = read(file, limits.archive).map_err(unread)?;
    let name = Shown::path(file).to_string();
    let refused = |reasons| Ok(Measured::Refused(named.cloned(), reasons));
    let manifest = PackagePath::parse(cargo::MANIFEST.as_bytes()).map_err(|_| PublishError::Unnamed)?;
    let packed = match archive::open(&bytes, &manifest, limits) {
        Ok(packed) => packed,
        Err(fault) => return refused(vec![fault.reason(&name)]),
    };
    let declared = match cargo::packaged(packed.kept.as_deref().unwrap_or_default()) {
        Ok(declared) => declared,
        Err(reason) => return refused(vec![reason]),
    };
    let mut reasons: Vec<_> = named.and_then(|named| differs(&declared, named, cargo::MANIFEST)).into_iter().collect();
    let top = format!("{}-{}", declared.name(), declared.version().unwrap_or_default());
    if packed.top != top {
        let message = format!("the directory at its top is `{}`, and a crate's is `{top}`", Shown::new(&packed.top));
        reasons.push(Reason::new(Code::ArchivePrefix, Answer::Reject, message).at(&name));
    }
    reasons.extend(unportable(&packed.text));
    if !reasons.is_empty() {
        return refused(reasons);
    }
    let package = named.cloned().unwrap_or(declared);
    Ok(Measured::Fit(Box::new(Release::elsewhere(package, packed.text, None))))
}

fn of_commit(
    folder: &Path,
    (revision, tag): (&str, Option<&str>),
    named: Option<&Purl>,
    limits: &Limits,
) -> Result<Measured, PublishError> {
    let repository = Repository::open(folder, limits)?;
    let found = repository.find(revision)?;
    let held = repository.measure(&found, &julia::PROJECTS)?;
    let mut reasons = held.reasons;
    let declared = match held.kept {
        // What is called otherwise on purpose, as the tree of a Cargo workspace, says nothing of Julia.
        Some((name, content)) if named.is_none_or(|named| named.kind() == "julia") => {
            julia::described(name, &content).map_err(|reason| reasons.push(reason)).ok()
        }
        _ => None,
    };
    if let (Some(declared), Some(named)) = (&declared, named) {
        reasons.extend(differs(declared, named, "Project.toml"));
    }
    let tag = tag.unwrap_or_else(|| revision.split(':').next().unwrap_or_default());
    reasons.extend(declared.as_ref().and_then(|declared| tagged_otherwise(tag, declared)));
    let package = named.cloned().or(declared);
    reasons.extend(held.text.iter().flat_map(unportable));
    match (held.text, package) {
        (Some(text), Some(package)) if reasons.is_empty() => {
            Ok(Measured::Fit(Box::new(Release::elsewhere(package, text, Some(found.commit.to_string())))))
        }
        (Some(_), None) if reasons.is_empty() => Err(PublishError::Unnamed),
        (_, package) => Ok(Measured::Refused(package, reasons)),
    }
}

/// Reads a plain file; one more byte than the limit is enough to see that it is over it.
fn read(file: &Path, limit: u64) -> std::io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    // Looked at before it is opened, for opening a FIFO would wait for ever.
    if !std::fs::metadata(file)?.is_file() {
        return Err(std::io::Error::other("it is no plain file"));
    }
    std::fs::File::open(file)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// How a package is not the one that it was named: what it says of itself is never overruled. Further qualifiers say where it
/// comes from, which it does not know.
fn differs(declared: &Purl, named: &Purl, manifest: &str) -> Option<Reason> {
    let says = |purl: &Purl| (purl.kind().to_owned(), purl.segments().to_vec(), purl.version().map(str::to_owned));
    let further = declared.qualifiers().iter().all(|one| named.qualifiers().contains(one));
    if says(declared) == says(named) && further {
        return None;
    }
    let message = format!("its own manifest says {declared}, and it would be signed as {named}");
    let reason = Reason::new(Code::IdentityDiffers, Answer::Reject, message).at(manifest);
    Some(reason.step("leave out --package, or correct the manifest"))
}

/// How a tag that is called by a version is not the package's: who tags a release may not have seen that its manifest says
/// another version.
fn tagged_otherwise(tag: &str, package: &Purl) -> Option<Reason> {
    let name = tag.strip_prefix("refs/tags/").unwrap_or(tag);
    let version = semver::Version::parse(name.strip_prefix('v').unwrap_or(name)).ok()?.to_string();
    if package.version() == Some(version.as_str()) {
        return None;
    }
    let message = format!("it is tagged as {}, and its own manifest says {package}", Shown::new(name));
    let reason = Reason::new(Code::IdentityDiffers, Answer::Reject, message);
    Some(reason.step("correct the version in the manifest, and tag the commit that has it"))
}

/// Names that Windows cannot hold are refused wherever a release is signed.
fn unportable(text: &TreeText) -> impl Iterator<Item = Reason> {
    text.entries().iter().filter_map(|entry| {
        let message = format!("Windows cannot hold this name: {}", entry.path.unportable()?);
        Some(Reason::new(Code::PathWindows, Answer::Reject, message).at(entry.path.as_str()))
    })
}
