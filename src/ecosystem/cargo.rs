//! Cargo: `Cargo.lock`, and the folders in which Cargo keeps what it downloaded or vendored.
//!
//! Cargo itself is not needed, and nothing is run. What Cargo would build decides: its home, its configuration, and the
//! exact names that it gives its folders.

mod checkouts;
mod config;
mod lockfile;
mod manifests;
mod source;
mod vendored;
mod workspace;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::{Archive, Ecosystem, Env, Found, Kind, Locked, Place, Project, plain, read_toml};
use crate::limits::Limits;
use crate::package::Purl;
use crate::reason::{Answer, Code, Reason};
use crate::shown::Shown;
use crate::tree::{Added, Addition};
use config::{Config, Origin};
use lockfile::Entry;
pub use manifests::MANIFEST;
use manifests::{Manifests, identity};
use source::Source;
use vendored::Vendored;

/// The ecosystem of Rust.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "it has nothing inside")]
pub struct Cargo;

impl Ecosystem for Cargo {
    fn id(&self) -> &'static str {
        "cargo"
    }

    fn lockfile(&self, project: &Path, env: &Env<'_>) -> Option<PathBuf> {
        plain(project, LOCKFILE, env)
    }

    fn open(&self, project: &Path, env: &Env<'_>, limits: &Limits) -> Result<Box<dyn Project>, Vec<Reason>> {
        let typed = project;
        let project = std::fs::canonicalize(env.folder.join(typed));
        let project = project.map_err(|error| vec![super::unreadable(&env.folder.join(typed), &error.to_string())])?;
        let home = home(env);
        let above = workspace::above(&project, home.as_deref(), limits).map_err(|reason| vec![reason])?;
        if let Some(above) = above {
            return Err(vec![super::of_workspace(&above)]);
        }
        let file = project.join(LOCKFILE);
        let name = file.as_os_str().as_encoded_bytes();
        let table = read_toml(&file, limits).map_err(|reason| vec![reason.step(lockfile::RESTORE)])?;
        let missing = || {
            Reason::new(Code::LockfileDamaged, Answer::CannotTell, "the lockfile is not there")
                .at(name)
                .step("let cargo write it: `cargo generate-lockfile`")
        };
        let entries =
            lockfile::entries(table.ok_or_else(|| vec![missing()])?).map_err(|reason| vec![reason.at(name)])?;
        let config = Config::read(&project, home.as_deref(), env, limits)?;
        let manifests = Manifests::read(&project, &config.patches, limits)?;
        CargoProject::new(entries, &manifests, config, home, limits)
            .map(|project| Box::new(project) as Box<dyn Project>)
    }
}

/// Where Cargo keeps what it downloads.
fn home(env: &Env<'_>) -> Option<PathBuf> {
    let named = env.variable("CARGO_HOME").map(|home| env.folder.join(home));
    named.or_else(|| env.home.map(|home| home.join(".cargo")))
}

struct CargoProject {
    locked: Vec<Locked>,
    /// In the order of `locked`.
    entries: Vec<Entry>,
    /// Folders of the user's own, in the order of `locked`.
    folders: Vec<Option<PathBuf>>,
    config: Config,
    home: Option<PathBuf>,
    vendored: BTreeMap<PathBuf, Vendored>,
    /// Packages that the lockfile has twice, from two states of one repository.
    double: BTreeSet<Purl>,
    limits: Limits,
}

impl CargoProject {
    fn new(
        entries: Vec<Entry>,
        manifests: &Manifests,
        config: Config,
        home: Option<PathBuf>,
        limits: &Limits,
    ) -> Result<Self, Vec<Reason>> {
        let mut project = Self {
            locked: Vec::new(),
            entries: Vec::new(),
            folders: Vec::new(),
            config,
            home,
            vendored: BTreeMap::new(),
            double: BTreeSet::new(),
            limits: limits.clone(),
        };
        let mut faults = Vec::new();
        let mut seen = BTreeSet::new();
        for entry in entries {
            let own = if entry.source.is_none() { manifests.find(&entry.name, &entry.version) } else { None };
            if own.is_some_and(|(_, member)| member) {
                continue;
            }
            let package = match purl(&entry) {
                Ok(package) => package,
                Err(reason) => {
                    faults.push(reason);
                    continue;
                }
            };
            if !seen.insert(package.clone()) {
                project.double.insert(package.clone());
            }
            let kind = match entry.source {
                Some(Source::Registry(_)) => Kind::Registry,
                Some(Source::Git { .. }) => Kind::Git,
                None => Kind::Local,
            };
            if let Some(Origin::Vendored(folder)) = entry.source.as_ref().map(|source| project.config.origin(source)) {
                project.vendored.entry(folder).or_insert_with_key(|folder| Vendored::scan(folder, limits));
            }
            let (source, archive) = (entry.text.clone(), entry.checksum);
            project.locked.push(Locked { package, kind, source, archive, tree: None });
            project.folders.push(own.map(|(folder, _)| folder.to_path_buf()));
            project.entries.push(entry);
        }
        if faults.is_empty() { Ok(project) } else { Err(faults) }
    }

    fn registry(&self, entry: &Entry, source: &Source) -> Found {
        let top = format!("{}-{}", entry.name, entry.version);
        let mut found = Found::default();
        let Some(registry) = self.home.as_ref().map(|home| home.join("registry")) else {
            found.reasons.push(not_found("there is no home of Cargo; set CARGO_HOME"));
            return found;
        };
        let mut packed = None;
        for name in source.folders() {
            let folder = registry.join("src").join(&name).join(&top);
            let archive = registry.join("cache").join(&name).join(format!("{top}.crate"));
            let archive = archive.is_file().then(|| Archive { file: archive, top: top.clone() });
            if is_there(&folder) {
                let reasons = declared(&folder, entry, &self.limits).into_iter().collect();
                found.places.push(Place { additions: UNPACKED, archive, reasons, ..Place::new(folder) });
            } else {
                packed = packed.or(archive);
            }
        }
        // One archive is as good as another, since the lockfile names its digest.
        let known = found.places.iter().find_map(|place| place.archive.clone()).or_else(|| packed.clone());
        found.places.iter_mut().for_each(|place| place.archive = place.archive.take().or_else(|| known.clone()));
        if found.places.is_empty() {
            let why = match packed {
                Some(archive) => format!("{} is there, and is not unpacked", Shown::path(&archive.file)),
                None => format!("it is not below {}", Shown::path(&registry.join("src"))),
            };
            found.reasons.push(not_found(&why));
        }
        found
    }

    fn vendored(&self, entry: &Entry, folder: &Path) -> Found {
        let mut found = Found::default();
        let Some(vendored) = self.vendored.get(folder) else { return found };
        found.places = vendored.places(&entry.name, &entry.version, entry.checksum, &self.limits);
        found.reasons.extend(vendored.unclear.iter().cloned());
        let source = entry.source.as_ref();
        let known =
            source.and_then(|source| self.registry(entry, source).places.into_iter().find_map(|place| place.archive));
        found.places.iter_mut().for_each(|place| place.archive.clone_from(&known));
        if found.places.is_empty() {
            found.reasons.push(vendored.missing(&entry.name, &entry.version));
        }
        found
    }
}

impl Project for CargoProject {
    fn locked(&self) -> &[Locked] {
        &self.locked
    }

    fn notes(&self) -> &[Reason] {
        &self.config.reasons
    }

    fn locate(&self, locked: &Locked) -> Found {
        let Some(place) = self.locked.iter().position(|one| one == locked) else { return Found::default() };
        let entry = &self.entries[place];
        if self.double.contains(&locked.package) {
            let message = "the lockfile has this package and version twice, from two states of one repository";
            let reasons = vec![Reason::new(Code::FoundTwice, Answer::CannotTell, message)];
            return Found { reasons, ..Found::default() };
        }
        let Some(source) = &entry.source else {
            return match &self.folders[place] {
                Some(folder) => Found { places: vec![Place::new(folder.clone())], ..Found::default() },
                None => {
                    let step = "have a manifest of the project name its folder (`path = \"...\"`), or drop it from the lockfile with \
                                `cargo update --workspace`";
                    let reason = Reason::new(Code::NotFound, Answer::CannotTell, NO_PATH).step(step);
                    Found { reasons: vec![reason], ..Found::default() }
                }
            };
        };
        match (self.config.origin(source), source) {
            (Origin::Unknown(why), _) => {
                let reason = Reason::new(
                    Code::SourceReplaced,
                    Answer::CannotTell,
                    format!("the configuration of cargo replaces its source: {why}"),
                );
                let reason = reason.step("build without the replacement, or vendor the packages: `cargo vendor`");
                Found { reasons: vec![reason], ..Found::default() }
            }
            (Origin::Vendored(folder), _) => self.vendored(entry, &folder),
            (Origin::Itself, Source::Registry(_)) => self.registry(entry, source),
            (Origin::Itself, Source::Git { revision, .. }) => {
                let home = self.home.as_deref();
                checkouts::find(home, &source.folders(), revision, (&entry.name, &entry.version), &self.limits)
            }
        }
    }
}

/// How a package of Cargo is named: one of another registry, or of a repository, by its address too.
fn purl(entry: &Entry) -> Result<Purl, Reason> {
    let mut name = format!("pkg:cargo/{}@{}", entry.name, encoded(&entry.version));
    match &entry.source {
        Some(source) if source.is_default() => {}
        Some(Source::Registry(url)) => name = format!("{name}?repository_url={}", encoded(url)),
        Some(Source::Git { url, .. }) => name = format!("{name}?vcs_url={}", encoded(&format!("git+{url}"))),
        None => {}
    }
    name.parse().map_err(|error| {
        let message = format!("{}: {error}", Shown::new(&name));
        Reason::new(Code::PackageId, Answer::CannotTell, message)
    })
}

/// A text as the parts of a purl have it.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// The package that a crate's own `Cargo.toml` says it is, as packaging wrote it.
///
/// # Errors
/// It names no package.
pub fn packaged(manifest: &[u8]) -> Result<Purl, Reason> {
    let refused = |why: String| Reason::new(Code::IdentityDiffers, Answer::Reject, why).at(MANIFEST);
    let table: Option<toml::Table> = str::from_utf8(manifest).ok().and_then(|text| text.parse().ok());
    let (name, version) = table
        .and_then(|table| identity(&table, None))
        .ok_or_else(|| refused("the manifest says no name and version of a package".to_owned()))?;
    let package = format!("pkg:cargo/{}@{}", encoded(&name), encoded(&version));
    package.parse().map_err(|error| refused(format!("what the manifest says is no package's name: {error}")))
}

/// What a package says of itself must be what the lockfile says.
fn declared(folder: &Path, entry: &Entry, limits: &Limits) -> Option<Reason> {
    let manifest = match read_toml(&folder.join(MANIFEST), limits) {
        Ok(manifest) => manifest.unwrap_or_default(),
        Err(reason) => return Some(reason),
    };
    let found = identity(&manifest, None);
    if found.as_ref().is_some_and(|(name, version)| (name, version) == (&entry.name, &entry.version)) {
        return None;
    }
    Some(differs(found, &entry.name, &entry.version))
}

fn differs(found: Option<(String, String)>, name: &str, version: &str) -> Reason {
    let message = match found {
        Some((found, other)) => {
            let (found, other) = (Shown::new(&found), Shown::new(&other));
            format!("its own manifest says {found} {other}, and the lockfile says {name} {version}")
        }
        None => format!("no manifest in its folder says which package it is, and the lockfile says {name} {version}"),
    };
    Reason::new(Code::IdentityDiffers, Answer::Reject, message).at(MANIFEST)
}

fn not_found(why: &str) -> Reason {
    Reason::new(Code::NotFound, Answer::CannotTell, why).step("get it with `cargo fetch --locked`, then verify again")
}

/// Whether anything has this name; what cannot be looked at is told by whoever measures it.
fn is_there(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok()
}

/// The name of the lockfile.
const LOCKFILE: &str = "Cargo.lock";
const NO_PATH: &str = "the lockfile names no source for it, and no manifest of the project leads to a folder with it";
/// What Cargo puts beside an unpacked archive: its mark that all of it is there.
const UNPACKED: &[Addition] = &[Addition { name: MARK, what: Added::Exactly(br#"{"v":1}"#) }];
/// The name of the mark.
const MARK: &str = ".cargo-ok";
