//! Plain folders: a list, written by the user, of packages and where they lie. It covers every ecosystem without an adapter.
//!
//! ```toml
//! countersign = "packages/1"
//!
//! [[package]]
//! package = "pkg:generic/acme@2.1"
//! path = "third-party/acme"
//! ```

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use toml::{Table, Value};

use super::{Ecosystem, Env, Found, Kind, Locked, Place, Project, plain, read_toml};
use crate::limits::Limits;
use crate::package::Purl;
use crate::reason::{Answer, Code, Reason};
use crate::shown::Shown;

/// The ecosystem of folders.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "it has nothing inside")]
pub struct Dir;

impl Ecosystem for Dir {
    fn id(&self) -> &'static str {
        "dir"
    }

    fn lockfile(&self, project: &Path, env: &Env<'_>) -> Option<PathBuf> {
        plain(project, LIST, env)
    }

    fn open(&self, project: &Path, env: &Env<'_>, limits: &Limits) -> Result<Box<dyn Project>, Vec<Reason>> {
        let project = env.folder.join(project);
        let file = project.join(LIST);
        let name = file.as_os_str().as_encoded_bytes();
        let table = read_toml(&file, limits).map_err(|reason| vec![reason])?.unwrap_or_default();
        let packages = packages(table, &project).map_err(|reason| vec![reason.at(name)])?;
        Ok(Box::new(Folders { locked: packages.iter().map(|(locked, _)| locked.clone()).collect(), packages }))
    }
}

struct Folders {
    locked: Vec<Locked>,
    packages: Vec<(Locked, PathBuf)>,
}

impl Project for Folders {
    fn locked(&self) -> &[Locked] {
        &self.locked
    }

    fn notes(&self) -> &[Reason] {
        &[]
    }

    fn locate(&self, locked: &Locked) -> Found {
        let own = self.packages.iter().filter(|(one, _)| one == locked);
        let (there, missing): (Vec<_>, Vec<_>) = own.partition(|(_, folder)| folder.is_dir());
        let told = |folder: &PathBuf| {
            let message = format!("there is no folder {}", Shown::path(folder));
            Reason::new(Code::NotFound, Answer::CannotTell, message)
                .step(format!("bring it there, or take {} out of {LIST}", locked.package))
        };
        Found {
            places: there.into_iter().map(|(_, folder)| Place::new(folder.clone())).collect(),
            reasons: missing.into_iter().map(|(_, folder)| told(folder)).collect(),
            ordered: false,
        }
    }
}

fn packages(mut table: Table, project: &Path) -> Result<Vec<(Locked, PathBuf)>, Reason> {
    match table.remove("countersign") {
        Some(Value::String(version)) if version == VERSION => {}
        _ => {
            let message = format!("it does not say `countersign = \"{VERSION}\"`");
            let reason = Reason::new(Code::LockfileVersion, Answer::CannotTell, message);
            return Err(reason
                .step("write that as its first line; a list that says a higher version needs a newer Countersign"));
        }
    }
    let listed = match table.remove("package") {
        None => Vec::new(),
        Some(Value::Array(listed)) => listed,
        Some(_) => return Err(damaged("`package` is not a list of tables")),
    };
    if let Some(key) = table.keys().next() {
        return Err(damaged(&format!("`{}` is unknown", Shown::new(key))));
    }
    let mut seen = BTreeSet::new();
    let mut packages = Vec::new();
    for (number, entry) in listed.into_iter().enumerate() {
        let at = format!("package number {}", number + 1);
        let Value::Table(mut entry) = entry else { return Err(damaged("`package` is not a list of tables")) };
        let mut text = |key: &str| match entry.remove(key) {
            Some(Value::String(text)) => Ok(text),
            _ => Err(damaged(&format!("{at} has no text `{key}`"))),
        };
        let (name, path) = (text("package")?, text("path")?);
        if let Some(key) = entry.keys().next() {
            return Err(damaged(&format!("`{}` in {at} is unknown", Shown::new(key))));
        }
        let package: Purl =
            name.parse().map_err(|error| damaged(&format!("{at}, `{}`: {error}", Shown::new(&name))))?;
        if package.version().is_none() {
            return Err(damaged(&format!("{package} has no version, as in {package}@1.2.3")));
        }
        if !seen.insert(package.clone()) {
            return Err(damaged(&format!("{package} is there twice")));
        }
        if !Path::new(&path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
            return Err(damaged(&format!(
                "`{}`, where {package} should lie, leads out of the project",
                Shown::new(&path)
            )));
        }
        packages.push((
            Locked { package, kind: Kind::Folder, source: None, archive: None, tree: None },
            project.join(path),
        ));
    }
    Ok(packages)
}

fn damaged(why: &str) -> Reason {
    let reason =
        Reason::new(Code::LockfileDamaged, Answer::CannotTell, format!("the list of packages cannot be used: {why}"));
    reason
        .step("mend the list; each `[[package]]` has a `package` with its version and a `path` from the list's folder")
}

/// The name of the list.
const LIST: &str = "countersign-packages.toml";
const VERSION: &str = "packages/1";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<String>, &'static str> {
        let packages = packages(text.parse().expect("TOML"), Path::new("/p")).map_err(|reason| reason.code.as_str());
        Ok(packages?.into_iter().map(|(locked, folder)| format!("{} {}", locked.package, folder.display())).collect())
    }

    #[test]
    fn packages_and_folders_are_read_strictly() {
        let good = "countersign = \"packages/1\"\n[[package]]\npackage = \"pkg:generic/a@1\"\npath = \"b/a\"\n";
        assert_eq!(read(good), Ok(vec!["pkg:generic/a@1 /p/b/a".to_owned()]));
        assert_eq!(read(&good.replace("packages/1", "packages/2")), Err("lockfile-version"));
        for (from, to) in [
            ("@1", ""),
            ("pkg:generic/a", "a"),
            ("b/a", "../a"),
            ("b/a", "/a"),
            ("path", "folder"),
            ("path", "more = 1\npath"),
            ("[[package]]", "[package]"),
            ("[[package]]", "[[packages]]"),
        ] {
            assert_eq!(read(&good.replacen(from, to, 1)), Err("lockfile-damaged"), "{from} {to}");
        }
        let again = &good[good.find("[[").expect("a package")..];
        assert_eq!(read(&format!("{good}{again}")), Err("lockfile-damaged"));
    }
}
