//! Which manifest Julia would read: it has several names, and one for each version of Julia.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::super::{read_toml, unreadable};
use super::installation::{Installation, version};
use crate::limits::Limits;
use crate::reason::{Answer, Code, Reason};
use crate::shown::Shown;
use crate::tidy::by_text;

/// The manifest that Julia would read, from the project's folder; none where there is none. `named` is the one that the user
/// pointed at, if it is one.
///
/// # Errors
/// It cannot be told, with the first of those that it might be.
pub(super) fn choose(
    project: &Path,
    installation: &Installation,
    named: Option<&OsStr>,
    limits: &Limits,
) -> Result<Option<PathBuf>, (Option<PathBuf>, Reason)> {
    if let Some(named) = named.filter(|named| is_known(named)) {
        return Ok(Some(named.into()));
    }
    let given = match own_project(project, limits) {
        Ok(table) => table.as_ref().and_then(|table| table.get("manifest")).and_then(Value::as_str).map(by_text),
        Err(_) if named.is_some() => return Ok(None),
        Err(reason) => return Err((names(project).ok().and_then(|names| names.into_iter().next()), reason)),
    };
    // Where it is not there, Julia goes on to the names that it knows.
    if let Some(given) = given.filter(|given| project.join(given).is_file()) {
        return Ok(Some(given).filter(|given| named.is_none_or(|named| given.as_os_str() == named)));
    }
    if named.is_some() {
        return Ok(None);
    }
    let names = names(project).map_err(|reason| (None, reason))?;
    let (mut versioned, mut plain): (BTreeMap<_, PathBuf>, Option<PathBuf>) = (BTreeMap::new(), None);
    for name in names {
        match name.to_str().and_then(version_of) {
            Some(version) => drop(versioned.entry(version).or_insert(name)),
            None => plain = plain.or(Some(name)),
        }
    }
    if let Some(version) = installation.version {
        // Older versions know no manifest of their own.
        return Ok(versioned.remove(&version).filter(|_| version >= FIRST_VERSIONED).or(plain));
    }
    let mut all: Vec<_> = versioned.into_values().rev().chain(plain).collect();
    if all.len() < 2 {
        return Ok(all.pop());
    }
    let told: Vec<_> = all.iter().map(|name| Shown::path(name).to_string()).collect();
    let message = format!(
        "it is the version of Julia that chooses among {}, and no installation of Julia was found",
        told.join(", ")
    );
    let reason = Reason::new(Code::LockfileChoice, Answer::CannotTell, message);
    let step = match all.first() {
        Some(first) => format!(
            "name the one that is meant in the place of the project, as in `countersign verify {}`; or set JULIA_BINDIR to the \
             folder of the `julia` program that will run, or put it on PATH",
            Shown::path(&project.join(first))
        ),
        None => "set JULIA_BINDIR to the folder of the `julia` program that will run, or put it on PATH".to_owned(),
    };
    let reason = reason.step(step);
    Err((all.into_iter().next(), reason))
}

/// What `JuliaProject.toml`, or else `Project.toml`, says in a folder; none where there is neither.
pub(super) fn own_project(folder: &Path, limits: &Limits) -> Result<Option<Table>, Reason> {
    for name in PROJECTS {
        if let Some(table) = read_toml(&folder.join(name), limits)? {
            return Ok(Some(table));
        }
    }
    Ok(None)
}

/// The workspace above that a folder's project is one of, whose manifest newer versions of Julia then read. Some look one folder
/// up, and some at every folder above.
pub(super) fn workspace_above(project: &Path, limits: &Limits) -> Option<PathBuf> {
    project.ancestors().skip(1).find(|above| lists(above, project, limits)).map(Path::to_path_buf)
}

/// Whether a folder's project is the workspace of another one, by whatever name it calls it.
fn lists(above: &Path, project: &Path, limits: &Limits) -> bool {
    let table = own_project(above, limits).ok().flatten();
    let listed = table.as_ref().and_then(|table| table.get("workspace")?.get("projects"));
    let is = |one: &Value| {
        one.as_str().is_some_and(|one| fs::canonicalize(above.join(one)).is_ok_and(|found| found == project))
    };
    match listed {
        Some(Value::Array(projects)) => projects.iter().any(is),
        Some(one) => is(one),
        None => false,
    }
}

/// The manifests of a project by the names that Julia knows, in its order; those for one version before the others.
fn names(project: &Path) -> Result<Vec<PathBuf>, Reason> {
    let mut versioned = Vec::new();
    let listing = fs::read_dir(project).map_err(|error| unreadable(project, &error.to_string()))?;
    for entry in listing.filter_map(Result::ok) {
        let name = entry.file_name();
        if let Some(version) = name.to_str().and_then(version_of) {
            versioned.push((version, PathBuf::from(name)));
        }
    }
    // `J` comes before `M`, as it does for Julia.
    versioned.sort();
    let plain = PLAIN.iter().map(PathBuf::from);
    let all = versioned.into_iter().map(|(_, name)| name).chain(plain);
    Ok(all.filter(|name| project.join(name).is_file()).collect())
}

/// Whether Julia reads manifests of this name.
fn is_known(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| PLAIN.contains(&name) || version_of(name).is_some())
}

/// The version of Julia that reads a manifest of this name, where it is for one version.
fn version_of(name: &str) -> Option<(u32, u32)> {
    let name = name.strip_prefix("Julia").unwrap_or(name);
    version(name.strip_prefix("Manifest-v")?.strip_suffix(".toml")?)
}

/// The names of a package's or environment's own description.
pub const PROJECTS: [&str; 2] = ["JuliaProject.toml", "Project.toml"];
/// The first version of Julia that has manifests for one version.
const FIRST_VERSIONED: (u32, u32) = (1, 10);
/// The names of manifests for every version.
const PLAIN: [&str; 3] = ["JuliaManifest.toml", "Manifest.toml", "AppManifest.toml"];
