//! Artifacts: what a package uses beside its own files, bound by the name that git gives to its tree.
//!
//! Which of them this machine has is seen by looking; a folder that the user put in the place of one is bound by nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::super::{Bound, read_toml};
use super::manifest::Uuid;
use crate::git_tree::{Algorithm, ObjectId};
use crate::limits::Limits;
use crate::reason::{Answer, Code, Reason};
use crate::shown::Shown;

/// The artifacts of a package that are on this machine, and how many are not, or are not bound.
pub(super) fn of(
    folder: &Path,
    package: Uuid,
    depots: &[PathBuf],
    overrides: &Overrides,
    limits: &Limits,
) -> Result<(Vec<Bound>, Option<Reason>), Reason> {
    let (mut bound, mut unchecked, mut all) = (Vec::new(), Vec::new(), 0_usize);
    for (name, trees) in listed(folder, limits)? {
        all += 1;
        let (mut there, mut replaced) = (Vec::new(), None);
        for tree in trees {
            match overrides.of(package, &name, tree) {
                Ok(tree) => {
                    let folders = depots.iter().map(|depot| depot.join("artifacts").join(tree.to_string()));
                    let folders: Vec<_> = folders.filter(|folder| folder.symlink_metadata().is_ok()).collect();
                    if !folders.is_empty() {
                        there.push(Bound { name: name.clone(), tree, folders });
                    }
                }
                Err(folder) => replaced = Some(folder),
            }
        }
        match replaced {
            Some(folder) => unchecked.push(format!("{} is replaced by {}", Shown::new(&name), Shown::path(&folder))),
            None if there.is_empty() => unchecked.push(format!("{} is not on this machine", Shown::new(&name))),
            None => {}
        }
        bound.extend(there);
    }
    let told = (!unchecked.is_empty()).then(|| {
        let first: Vec<_> = unchecked.iter().take(NAMED).cloned().collect();
        let more = if unchecked.len() > NAMED { ", and so on" } else { "" };
        let message = format!(
            "{} of {all} artifacts were not held against their names: {}{more}",
            unchecked.len(),
            first.join(", ")
        );
        Reason::new(Code::ArtifactsUnchecked, Answer::Note, message)
    });
    Ok((bound, told))
}

/// Every artifact that a package lists, with its trees for whatever systems.
fn listed(folder: &Path, limits: &Limits) -> Result<BTreeMap<String, BTreeSet<ObjectId>>, Reason> {
    let mut listed = BTreeMap::new();
    let mut found = None;
    for name in LISTS {
        let file = folder.join(name);
        if let Some(table) = read_toml(&file, limits)? {
            found = Some((file, table));
            break;
        }
    }
    let Some((file, table)) = found else { return Ok(listed) };
    for (name, value) in table {
        let variants = match value {
            Value::Table(one) => vec![Value::Table(one)],
            Value::Array(several) => several,
            _ => return Err(damaged(&file, &format!("`{}` is no artifact", Shown::new(&name)))),
        };
        let trees = variants.iter().map(|variant| tree(variant.as_table()?.get("git-tree-sha1")?.as_str()?));
        let trees: Option<BTreeSet<_>> = trees.collect();
        let trees = trees.ok_or_else(|| damaged(&file, &format!("`{}` has no tree", Shown::new(&name))))?;
        listed.insert(name, trees);
    }
    Ok(listed)
}

/// What the user put in the place of artifacts.
#[derive(Debug, Default)]
pub(super) struct Overrides {
    trees: BTreeMap<ObjectId, Instead>,
    names: BTreeMap<(Uuid, String), Instead>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Instead {
    Tree(ObjectId),
    Folder(PathBuf),
}

impl Overrides {
    /// Reads `artifacts/Overrides.toml` of every depot. The first depot has the last word.
    pub(super) fn read(depots: &[PathBuf], limits: &Limits) -> Result<Self, Reason> {
        let mut overrides = Self::default();
        for depot in depots.iter().rev() {
            let file = depot.join("artifacts").join("Overrides.toml");
            let table = read_toml(&file, limits)?.unwrap_or_default();
            overrides.take(table).map_err(|why| damaged(&file, &why))?;
        }
        Ok(overrides)
    }

    fn take(&mut self, table: Table) -> Result<(), String> {
        for (key, value) in table {
            let odd = || format!("`{}` names neither a tree nor a package", Shown::new(&key));
            match value {
                Value::String(text) => {
                    let of = tree(&key).ok_or_else(odd)?;
                    put(&mut self.trees, of, &text)?;
                }
                Value::Table(names) => {
                    let package: Uuid = key.parse().map_err(|_| odd())?;
                    for (name, value) in names {
                        let text = value.as_str().ok_or_else(odd)?;
                        put(&mut self.names, (package, name), text)?;
                    }
                }
                _ => return Err(odd()),
            }
        }
        Ok(())
    }

    /// The tree that is used for one, or the folder that is bound by nothing.
    fn of(&self, package: Uuid, name: &str, tree: ObjectId) -> Result<ObjectId, PathBuf> {
        let mut instead = self.names.get(&(package, name.to_owned())).or_else(|| self.trees.get(&tree));
        let mut tree = tree;
        // Whoever makes a ring of them has no artifact at all.
        for _ in 0..HOPS {
            match instead {
                None => break,
                Some(Instead::Folder(folder)) => return Err(folder.clone()),
                Some(Instead::Tree(other)) => tree = *other,
            }
            instead = self.trees.get(&tree);
        }
        Ok(tree)
    }
}

/// Takes one word; an empty one takes back what another depot says.
fn put<K: Ord>(all: &mut BTreeMap<K, Instead>, of: K, text: &str) -> Result<(), String> {
    let instead = match tree(text) {
        _ if text.is_empty() => {
            all.remove(&of);
            return Ok(());
        }
        Some(tree) => Instead::Tree(tree),
        None if Path::new(text).is_absolute() => Instead::Folder(text.into()),
        None => return Err(format!("`{}` is neither a tree nor an absolute path", Shown::new(text))),
    };
    all.insert(of, instead);
    Ok(())
}

fn tree(text: &str) -> Option<ObjectId> {
    text.parse().ok().filter(|id: &ObjectId| id.algorithm() == Algorithm::Sha1)
}

fn damaged(file: &Path, why: &str) -> Reason {
    let message = format!("it cannot be used: {why}");
    Reason::new(Code::LockfileDamaged, Answer::CannotTell, message).at(file.as_os_str().as_encoded_bytes())
}

/// The names of a package's list of artifacts, of which the first that is there holds.
const LISTS: [&str; 2] = ["JuliaArtifacts.toml", "Artifacts.toml"];
/// Artifacts that are told by their names.
const NAMED: usize = 5;
/// Words on words that are followed.
const HOPS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "46e44e869b4d90b96bd8ed1fdcf32244fddfb6cc";
    const B: &str = "11820aa9c229fd3833d4bd69e5e75ef4e7273bf1";
    const UUID: &str = "7876af07-990d-54b4-ab0e-23690620f79a";

    fn read(texts: &[&str]) -> Result<Overrides, &'static str> {
        let dir = tempfile::tempdir().expect("a folder");
        let depots: Vec<_> = (0..texts.len()).map(|number| dir.path().join(number.to_string())).collect();
        for (depot, text) in depots.iter().zip(texts) {
            std::fs::create_dir_all(depot.join("artifacts")).expect("made");
            std::fs::write(depot.join("artifacts/Overrides.toml"), text).expect("written");
        }
        Overrides::read(&depots, &Limits::default()).map_err(|reason| reason.code.as_str())
    }

    fn of(texts: &[&str]) -> String {
        let (package, a) = (UUID.parse().expect("a UUID"), A.parse().expect("a tree"));
        match read(texts).expect("good").of(package, "lib", a) {
            Ok(tree) => tree.to_string(),
            Err(folder) => folder.display().to_string(),
        }
    }

    #[test]
    fn the_first_depot_has_the_last_word() {
        let by_tree = format!("{A} = \"/x\"\n");
        let by_name = format!("[{UUID}]\nlib = \"/y\"\n");
        assert_eq!(of(&[]), A);
        assert_eq!(of(&[&by_tree]), "/x");
        assert_eq!(of(&[&format!("{A} = \"\"\n"), &by_tree]), A);
        assert_eq!(of(&[&by_tree, &format!("{A} = \"\"\n")]), "/x");
        assert_eq!(of(&[&by_tree, &by_name]), "/y");
        assert_eq!(of(&[&format!("{A} = \"{B}\"\n")]), B);
        assert_eq!(of(&[&format!("{A} = \"{B}\"\n{B} = \"/z\"\n")]), "/z");
        // A ring ends.
        assert_eq!(of(&[&format!("{A} = \"{B}\"\n{B} = \"{A}\"\n")]), A);
        assert_eq!(of(&[&format!("[{UUID}]\nother = \"/y\"\n")]), A);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for text in ["x", "x = \"/y\"", "x = 1", "[x]\n", &format!("{A} = \"y\""), &format!("[{UUID}]\nlib = 1")] {
            assert_eq!(read(&[text]).map(drop), Err("lockfile-damaged"), "{text}");
        }
    }
}
