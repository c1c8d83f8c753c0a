//! Registries on this machine: what they say of the names, UUIDs and trees of the manifest's packages.
//!
//! They are no evidence, since whoever can change a depot can change them too. But a manifest that was changed by itself, so
//! that it leads to another tree, is found. One that is not there, or not whole, says nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::super::{Unread, read, read_toml, unreadable};
use super::manifest::{Entry, Registry as Named, Source, Uuid};
use crate::archive;
use crate::git_tree::ObjectId;
use crate::limits::Limits;
use crate::path::PackagePath;
use crate::reason::{Answer, Code, Reason};
use crate::shown::Shown;

/// The registries of every depot, with the packages of one manifest.
#[derive(Debug, Default)]
pub(super) struct Registries {
    all: Vec<Registry>,
    /// Which could not be used, and why.
    pub(super) set_aside: Vec<Reason>,
}

#[derive(Debug)]
struct Registry {
    place: PathBuf,
    uuid: Uuid,
    packages: BTreeMap<Uuid, Package>,
}

#[derive(Debug)]
struct Package {
    name: String,
    versions: BTreeMap<String, Version>,
}

#[derive(Debug)]
struct Version {
    tree: ObjectId,
    yanked: bool,
}

impl Registries {
    /// Reads what every registry says of the entries that come from one.
    pub(super) fn read(depots: &[PathBuf], entries: &[Entry], limits: &Limits) -> Self {
        let from = entries.iter().filter(|entry| matches!(entry.source, Source::Registry { .. }));
        let wanted: BTreeMap<Uuid, &str> = from.map(|entry| (entry.uuid, entry.name.as_str())).collect();
        let mut registries = Self::default();
        if wanted.is_empty() {
            return registries;
        }
        for depot in depots {
            let listing = fs::read_dir(depot.join("registries")).into_iter().flatten().filter_map(Result::ok);
            let mut places: Vec<_> = listing.map(|entry| entry.path()).collect();
            places.sort();
            for place in places {
                let read = match place.extension().is_some_and(|end| end == "toml") {
                    true => packed(&place, &wanted, limits),
                    false => unpacked(&place, &wanted, limits),
                };
                match read {
                    Ok(registry) => registries.all.extend(registry),
                    Err(reason) => registries.set_aside.push(Reason { answer: Answer::SetAside, ..reason }),
                }
            }
        }
        registries
    }

    /// How the registries do not agree with an entry. `named`: those that the manifest names.
    pub(super) fn differences(&self, entry: &Entry, named: &BTreeMap<String, Named>) -> Vec<Reason> {
        let Source::Registry { tree, registries } = &entry.source else { return Vec::new() };
        let own: BTreeSet<_> = registries.iter().filter_map(|name| named.get(name)).map(|one| one.uuid).collect();
        let asked: Vec<_> = self.all.iter().filter(|one| own.is_empty() || own.contains(&one.uuid)).collect();
        if asked.is_empty() {
            return Vec::new();
        }
        let mut reasons = Vec::new();
        let (mut agree, mut others, mut yanked) = (false, Vec::new(), None);
        for registry in asked {
            let Some(package) = registry.packages.get(&entry.uuid) else { continue };
            let place = Shown::path(&registry.place);
            if package.name != entry.name {
                let message =
                    format!("{place} calls it {}, and the manifest {}", Shown::new(&package.name), entry.name);
                reasons.push(Reason::new(Code::RegistryDiffers, Answer::Reject, message));
                continue;
            }
            match entry.version.as_ref().and_then(|version| package.versions.get(version)) {
                Some(version) if version.tree == *tree => {
                    agree = true;
                    yanked = yanked.or_else(|| version.yanked.then(|| place.to_string()));
                }
                Some(version) => others.push(format!("{place} says that its tree is {}", version.tree)),
                None => {}
            }
        }
        match (agree, others.is_empty()) {
            (false, false) => {
                let message = format!("{}, and the manifest says {tree}", others.join(", "));
                reasons.push(Reason::new(Code::RegistryDiffers, Answer::Reject, message));
            }
            (false, true) if reasons.is_empty() => {
                let message = "no registry on this machine has this version of it";
                reasons.push(Reason::new(Code::RegistryUnknown, Answer::Note, message));
            }
            _ => {}
        }
        if let Some(place) = yanked {
            let message = format!("{place} asks that this version be used no more");
            reasons.push(Reason::new(Code::Yanked, Answer::Note, message));
        }
        reasons
    }
}

/// A registry that is a folder; none where the folder is no registry.
fn unpacked(place: &Path, wanted: &BTreeMap<Uuid, &str>, limits: &Limits) -> Result<Option<Registry>, Reason> {
    let file = place.join(TOP);
    let Some(top) = read_toml(&file, limits)? else { return Ok(None) };
    let read = |path: &str| {
        let file = place.join(path);
        read_toml(&file, limits)?.ok_or_else(|| damaged(&file, "it is not there"))
    };
    registry(place, top, wanted, &read).map(Some)
}

/// A registry that is an archive, with a file beside it that says so; none where the file says something else.
fn packed(file: &Path, wanted: &BTreeMap<Uuid, &str>, limits: &Limits) -> Result<Option<Registry>, Reason> {
    let Some(said) = read_toml(file, limits)? else { return Ok(None) };
    let Some(name) = said.get("path").and_then(Value::as_str) else { return Ok(None) };
    let plain = PackagePath::parse(name.as_bytes()).is_ok_and(|path| !path.as_str().contains('/'));
    if !plain {
        return Err(damaged(file, "its `path` is no name of a file beside it"));
    }
    let place = file.with_file_name(name);
    let bytes = match read(&place, limits.archive) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Err(damaged(&place, "it is not there")),
        Err(Unread::TooLarge) => {
            let fault = archive::ArchiveFault::TooLarge(limits.archive);
            return Err(fault.reason(&Shown::path(&place).to_string()));
        }
        Err(Unread::Other(error)) => return Err(unreadable(&place, &error.to_string())),
    };
    let names: BTreeSet<_> = wanted.values().copied().collect();
    let is_wanted = |path: &PackagePath| {
        let mut parts = path.as_str().rsplit('/');
        let (last, folder) = (parts.next().unwrap_or_default(), parts.next());
        path.as_str() == TOP || FILES.contains(&last) && folder.is_some_and(|folder| names.contains(folder))
    };
    let files = archive::files(&bytes, &is_wanted, limits);
    let files = files.map_err(|fault| fault.reason(&Shown::path(&place).to_string()))?;
    let read = |path: &str| -> Result<Table, Reason> {
        let text = files.get(path).and_then(|bytes| str::from_utf8(bytes).ok());
        let text = text.ok_or_else(|| damaged(&place, &format!("there is no {} in it", Shown::new(path))))?;
        text.parse().map_err(|error: toml::de::Error| damaged(&place, error.message()))
    };
    let top = read(TOP)?;
    if let Some(uuid) = said.get("uuid").filter(|uuid| top.get("uuid") != Some(uuid)) {
        return Err(damaged(file, &format!("it says that it is {}", Shown::new(&uuid.to_string()))));
    }
    registry(&place, top, wanted, &read).map(Some)
}

/// A registry, by its files.
fn registry(
    place: &Path,
    top: Table,
    wanted: &BTreeMap<Uuid, &str>,
    read: &dyn Fn(&str) -> Result<Table, Reason>,
) -> Result<Registry, Reason> {
    let fault = |why: &str| damaged(place, why);
    let uuid = text(&top, "uuid").and_then(|uuid| uuid.parse().ok()).ok_or_else(|| fault("it has no UUID"))?;
    let listed = top.get("packages").and_then(Value::as_table).ok_or_else(|| fault("it has no packages"))?;
    let mut packages = BTreeMap::new();
    for (package, name) in wanted {
        let Some(listed) = listed.get(&package.to_string()) else { continue };
        let path = listed.get("path").and_then(Value::as_str);
        let path = path.filter(|path| PackagePath::parse(path.as_bytes()).is_ok());
        let path = path.ok_or_else(|| fault(&format!("it does not say where {name} is")))?;
        let said = listed.get("name").and_then(Value::as_str).unwrap_or_default();
        let package_name = match said == *name {
            true => {
                let own = read(&format!("{path}/{}", FILES[0]))?;
                let same = text(&own, "uuid").is_some_and(|uuid| uuid == package.to_string());
                if !same {
                    return Err(fault(&format!("it has another UUID for {name} in two places")));
                }
                text(&own, "name").unwrap_or_default().to_owned()
            }
            false => said.to_owned(),
        };
        let versions = match said == *name {
            true => versions(read(&format!("{path}/{}", FILES[1]))?)
                .ok_or_else(|| fault(&format!("the versions of {name}")))?,
            false => BTreeMap::new(),
        };
        packages.insert(*package, Package { name: package_name, versions });
    }
    Ok(Registry { place: place.to_path_buf(), uuid, packages })
}

/// The versions of a package, each with its tree.
fn versions(table: Table) -> Option<BTreeMap<String, Version>> {
    let version = |(name, value): (String, Value)| {
        let tree = value.get("git-tree-sha1")?.as_str()?.parse().ok()?;
        let yanked = value.get("yanked").is_some_and(|yanked| yanked.as_bool() == Some(true));
        Some((name, Version { tree, yanked }))
    };
    table.into_iter().map(version).collect()
}

fn text<'t>(table: &'t Table, key: &str) -> Option<&'t str> {
    table.get(key).and_then(Value::as_str)
}

fn damaged(file: &Path, why: &str) -> Reason {
    let message = format!("the registry is not used: {why}");
    Reason::new(Code::LockfileDamaged, Answer::SetAside, message).at(file.as_os_str().as_encoded_bytes())
}

/// The list of a registry's packages.
const TOP: &str = "Registry.toml";
/// What it has of each.
const FILES: [&str; 2] = ["Package.toml", "Versions.toml"];
