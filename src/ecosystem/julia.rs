//! Julia: `Manifest.toml`, and the depots in which Julia keeps what it downloads.
//!
//! Julia itself is not needed, and nothing is run. It takes the first folder with the right name that it finds in its depots
//! and checks nothing after installation, so every such folder is looked at. What binds a package is the name that git
//! gives to its tree.

mod artifacts;
mod choice;
mod depots;
mod identity;
mod installation;
pub mod manifest;
mod registries;
pub mod slug;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Bound, Ecosystem, Env, Found, Kind, Locked, Place, Project, read_toml, unreadable};
use crate::git_tree::ObjectId;
use crate::limits::Limits;
use crate::package::Purl;
use crate::reason::{Answer, Code, Reason};
use crate::shown::Shown;
use crate::tidy::tidy;
use crate::tree::Built;
use artifacts::Overrides;
pub use choice::PROJECTS;
pub use identity::described;
use installation::Installation;
use manifest::{Entry, Manifest, Registry, Source};
use registries::Registries;

/// The ecosystem of Julia.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "it has nothing inside")]
pub struct Julia;

impl Ecosystem for Julia {
    fn id(&self) -> &'static str {
        "julia"
    }

    fn lockfile(&self, project: &Path, env: &Env<'_>) -> Option<PathBuf> {
        match choice::choose(project, &Installation::find(env), env.named, &Limits::default()) {
            Ok(name) | Err((name, _)) => name,
        }
    }

    fn open(&self, project: &Path, env: &Env<'_>, limits: &Limits) -> Result<Box<dyn Project>, Vec<Reason>> {
        let one = |reason| vec![reason];
        let typed = project;
        let project = std::fs::canonicalize(env.folder.join(typed));
        let project = project.map_err(|error| one(unreadable(&env.folder.join(typed), &error.to_string())))?;
        if let Some(above) = choice::workspace_above(&project, limits) {
            return Err(one(super::of_workspace(&above)));
        }
        let installation = Installation::find(env);
        let name = choice::choose(&project, &installation, env.named, limits).map_err(|(_, reason)| one(reason))?;
        let missing = || Reason::new(Code::LockfileDamaged, Answer::CannotTell, "the manifest is not there");
        let file = project.join(name.ok_or_else(|| one(missing()))?);
        let at = file.as_os_str().as_encoded_bytes();
        let table = read_toml(&file, limits).map_err(|reason| one(reason.step(manifest::RESTORE)))?;
        let table = table.ok_or_else(|| one(missing().at(at)))?;
        let manifest = Manifest::read(table).map_err(|reason| one(reason.at(at)))?;
        let folder = file.parent().unwrap_or(&project).to_path_buf();
        let depots = depots::depots(env, &installation);
        let overrides = Overrides::read(&depots, limits).map_err(one)?;
        JuliaProject::new(manifest, folder, (depots, overrides), installation, limits)
            .map(|project| Box::new(project) as Box<dyn Project>)
    }
}

struct JuliaProject {
    locked: Vec<Locked>,
    manifest: Manifest,
    /// The manifest's folder, from which paths start.
    folder: PathBuf,
    depots: Vec<PathBuf>,
    overrides: Overrides,
    registries: Registries,
    installation: Installation,
    limits: Limits,
}

impl JuliaProject {
    fn new(
        manifest: Manifest,
        folder: PathBuf,
        (depots, overrides): (Vec<PathBuf>, Overrides),
        installation: Installation,
        limits: &Limits,
    ) -> Result<Self, Vec<Reason>> {
        let (mut locked, mut faults) = (Vec::new(), Vec::new());
        for entry in &manifest.entries {
            match lock(entry, &manifest.registries) {
                Ok(one) => locked.push(one),
                Err(reason) => faults.push(reason),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let registries = Registries::read(&depots, &manifest.entries, limits);
        let limits = limits.clone();
        Ok(Self { locked, manifest, folder, depots, overrides, registries, installation, limits })
    }

    /// Every folder that Julia might take for a package with a tree, in its order.
    fn installed(&self, entry: &Entry, tree: &ObjectId) -> Found {
        let reasons = self.registries.differences(entry, &self.manifest.registries);
        let mut found = Found { reasons, ordered: true, ..Found::default() };
        for length in slug::LENGTHS {
            let slug = slug::slug(entry.uuid, tree.bytes(), length);
            for depot in &self.depots {
                let folder = depot.join("packages").join(&entry.name).join(&slug);
                if std::fs::symlink_metadata(&folder).is_err() {
                    continue;
                }
                let mut reasons: Vec<_> = identity::declared(&folder, entry, &self.limits).into_iter().collect();
                let bound = match artifacts::of(&folder, entry.uuid, &self.depots, &self.overrides, &self.limits) {
                    Ok((bound, told)) => {
                        reasons.extend(told);
                        bound
                    }
                    Err(reason) => {
                        reasons.push(reason);
                        Vec::new()
                    }
                };
                // Copies of one package have the same artifacts, which are looked at once.
                let known = |one: &Bound| found.places.iter().any(|place: &Place| place.bound.contains(one));
                let bound = bound.into_iter().filter(|one| !known(one)).collect();
                found.places.push(Place { built: BUILT, leftovers: LEFTOVERS, bound, reasons, ..Place::new(folder) });
            }
        }
        if found.places.is_empty() {
            let slug = slug::slug(entry.uuid, tree.bytes(), slug::LENGTHS[0]);
            let depots: Vec<_> = self.depots.iter().map(|depot| Shown::path(depot).to_string()).collect();
            let message = match depots.is_empty() {
                true => "there is no depot of Julia; set JULIA_DEPOT_PATH".to_owned(),
                false => format!("packages/{}/{slug} is in none of the depots {}", entry.name, depots.join(", ")),
            };
            found.reasons.push(not_found(&message));
        }
        found
    }
}

impl Project for JuliaProject {
    fn locked(&self) -> &[Locked] {
        &self.locked
    }

    fn notes(&self) -> &[Reason] {
        &self.registries.set_aside
    }

    fn locate(&self, locked: &Locked) -> Found {
        let Some(place) = self.locked.iter().position(|one| one == locked) else { return Found::default() };
        // In the order of the entries, each has its own.
        let Some(entry) = self.manifest.entries.get(place) else { return Found::default() };
        match &entry.source {
            Source::Registry { tree, .. } | Source::Git { tree, .. } => self.installed(entry, tree),
            Source::Path(path) => {
                let folder = tidy(&self.folder.join(path), &self.folder);
                match std::fs::metadata(&folder) {
                    Ok(_) => Found { places: vec![Place::new(folder)], ..Found::default() },
                    Err(_) => {
                        let why =
                            format!("the manifest says that it lies in {}, and nothing is there", Shown::path(&folder));
                        let step = "bring it there, or have the manifest name where it is: `julia --project -e 'using Pkg; \
                                    Pkg.develop(path=\"...\")'`";
                        let reason = Reason::new(Code::NotFound, Answer::CannotTell, why).step(step);
                        Found { reasons: vec![reason], ..Found::default() }
                    }
                }
            }
            Source::Builtin => {
                let folder = self.installation.builtin(&entry.name);
                // Julia then goes on to look for it in other environments.
                let missing = folder.as_ref().filter(|folder| !folder.is_dir()).map(|folder| {
                    let message =
                        format!("the manifest has it as a part of Julia, and there is no {}", Shown::path(folder));
                    Reason::new(Code::NotFound, Answer::Note, message)
                });
                let places = folder.filter(|_| missing.is_none()).map(Place::new).into_iter().collect();
                Found { places, reasons: missing.into_iter().collect(), ordered: false }
            }
        }
    }
}

/// An entry as every ecosystem has it.
fn lock(entry: &Entry, registries: &BTreeMap<String, Registry>) -> Result<Locked, Reason> {
    let (kind, tree, qualifier) = match &entry.source {
        Source::Registry { tree, registries: named } => {
            let address = address(named, registries);
            (Kind::Registry, Some(*tree), address.map(|address| ("repository_url", address)))
        }
        Source::Git { tree, url } => (Kind::Git, Some(*tree), Some(("vcs_url", format!("git+{url}")))),
        Source::Path(_) => (Kind::Local, None, None),
        Source::Builtin => (Kind::Builtin, None, None),
    };
    let source = match &entry.source {
        Source::Git { url, .. } => Some(url.clone()),
        _ => qualifier.as_ref().map(|(_, address)| address.clone()),
    };
    let version = entry.version.as_ref().map(|version| format!("@{}", encoded(version))).unwrap_or_default();
    let uuid = ("uuid", entry.uuid.to_string());
    // In the order of the keys, which all begin differently.
    let mut qualifiers: Vec<_> = qualifier.into_iter().chain([uuid]).collect();
    qualifiers.sort();
    let qualifiers: Vec<_> = qualifiers.iter().map(|(key, value)| format!("{key}={}", encoded(value))).collect();
    let name = format!("pkg:julia/{}{version}?{}", encoded(&entry.name), qualifiers.join("&"));
    let package: Purl = name.parse().map_err(|error| {
        let message = format!("{}: {error}", Shown::new(&name));
        Reason::new(Code::PackageId, Answer::CannotTell, message)
    })?;
    Ok(Locked { package, kind, source, archive: None, tree })
}

/// The address of the registry that a package comes from; none where that is the default one, or where nothing says.
fn address(named: &[String], registries: &BTreeMap<String, Registry>) -> Option<String> {
    let of: Vec<_> = named.iter().filter_map(|name| registries.get(name)).collect();
    if of.iter().any(|registry| registry.uuid.to_string() == GENERAL) {
        return None;
    }
    // Whatever the order, the name is one.
    of.iter().map(|one| one.url.clone().unwrap_or_else(|| format!("urn:uuid:{}", one.uuid))).min()
}

/// A text as the parts of a purl have it.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn not_found(why: &str) -> Reason {
    let step = "get it with `julia --project -e 'using Pkg; Pkg.instantiate()'`, then verify again";
    Reason::new(Code::NotFound, Answer::CannotTell, why).step(step)
}

/// The UUID of the registry that Julia comes with.
const GENERAL: &str = "23338594-aafe-5451-b93e-139f81909106";
/// What building a package may leave in it.
const BUILT: &[Built] =
    &[Built { path: "deps/build.log", is_code: false }, Built { path: "deps/deps.jl", is_code: true }];
/// What running a package's tests may leave in it: which lines were run, and what they took in memory.
const LEFTOVERS: &[&str] = &[".cov", ".mem"];
