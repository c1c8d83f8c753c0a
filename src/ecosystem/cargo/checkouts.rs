//! Packages from repositories: whole checkouts in Cargo's home, one folder for each revision.

use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::super::{Found, Place, read_toml};
use super::manifests::{MANIFEST, identity};
use super::{MARK, differs, not_found};
use crate::limits::Limits;
use crate::shown::Shown;
use crate::tree::{Added, Addition};

/// Finds the checkouts of a revision in which a package of this name and version lies.
pub(super) fn find(
    home: Option<&Path>,
    repositories: &[String],
    revision: &str,
    package: (&str, &str),
    limits: &Limits,
) -> Found {
    let mut found = Found::default();
    let Some(all) = home.map(|home| home.join("git").join("checkouts")) else {
        found.reasons.push(not_found("there is no home of Cargo; set CARGO_HOME"));
        return found;
    };
    for repository in repositories.iter().flat_map(|name| [name.clone(), format!("{name}-shallow")]) {
        let folders = fs::read_dir(all.join(repository)).into_iter().flatten().filter_map(Result::ok);
        // Cargo calls it by as much of the revision as makes it the only one in the repository.
        let fits = |name: &str| name.len() >= SHORTEST && revision.starts_with(name);
        let mut folders: Vec<_> =
            folders.filter(|entry| entry.file_name().to_str().is_some_and(fits)).map(|entry| entry.path()).collect();
        folders.sort();
        for folder in folders {
            let mut place = Place { additions: CHECKOUT, ..Place::new(folder) };
            if !holds(&place.folder, package, limits) {
                place.reasons.push(differs(None, package.0, package.1));
            }
            found.places.push(place);
        }
    }
    if found.places.is_empty() {
        found.reasons.push(not_found(&format!("there is no checkout of {revision} below {}", Shown::path(&all))));
    }
    found
}

/// Whether a manifest somewhere in a checkout is the package's.
fn holds(checkout: &Path, (name, version): (&str, &str), limits: &Limits) -> bool {
    let mut folders: Vec<(PathBuf, Option<Table>)> = vec![(checkout.to_path_buf(), None)];
    let mut looked = 0;
    while let Some((folder, workspace)) = folders.pop() {
        looked += 1;
        if looked > FOLDERS {
            return false;
        }
        // A manifest that cannot be read, such as one of the repository's own tests, is not the package's.
        let manifest = read_toml(&folder.join(MANIFEST), limits).ok().flatten();
        let own = manifest.as_ref().and_then(|manifest| manifest.get("workspace")).and_then(Value::as_table).cloned();
        let workspace = own.or(workspace);
        let found = manifest.and_then(|manifest| identity(&manifest, workspace.as_ref()));
        if found.is_some_and(|(its_name, its_version)| its_name == name && its_version == version) {
            return true;
        }
        let inside = fs::read_dir(&folder).into_iter().flatten().filter_map(Result::ok);
        let plain =
            inside.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()) && entry.file_name() != ".git");
        folders.extend(plain.map(|entry| (entry.path(), workspace.clone())));
    }
    false
}

/// What Cargo puts into a checkout: the repository's data, and an empty mark that all of it is there.
const CHECKOUT: &[Addition] =
    &[Addition { name: ".git", what: Added::Anything }, Addition { name: MARK, what: Added::Exactly(b"") }];
/// Digits of the shortest name of a revision.
const SHORTEST: usize = 7;
/// Folders of a checkout that are looked at for a manifest.
const FOLDERS: usize = 100_000;
