//! The project's own packages, found as Cargo finds them: from the workspace's `Cargo.toml` along members and paths.
//!
//! An entry of the lockfile without a source is one of these, or of a folder beside the workspace that a path leads to. Which
//! it is decides whether it is shown, so it is read from the manifests and never guessed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use toml::{Table, Value};

use super::super::read_toml;
use crate::limits::Limits;
use crate::reason::{Answer, Code, Reason};

/// Every package that was reached, by name and version: where it is, and whether it is a member of the workspace.
#[derive(Debug, Default)]
pub(super) struct Manifests(BTreeMap<(String, String), (PathBuf, bool)>);

impl Manifests {
    /// Reads the manifests of a project, and of the folders that its configuration puts in the place of packages.
    pub(super) fn read(project: &Path, patches: &[PathBuf], limits: &Limits) -> Result<Self, Vec<Reason>> {
        let root = read_toml(&project.join(MANIFEST), limits).map_err(|reason| vec![reason])?.unwrap_or_default();
        let workspace = root.get("workspace").and_then(Value::as_table);
        let mut walk = Walk {
            root: project,
            excluded: strings(workspace, "exclude").map(|path| normal(&project.join(path))).collect(),
            workspace,
            limits,
            seen: BTreeSet::new(),
            queue: vec![project.to_path_buf()],
            found: Self::default(),
        };
        let members = strings(workspace, "members").flat_map(|pattern| expanded(project, pattern));
        walk.queue.extend(members);
        walk.queue.extend(paths(&root).map(|path| normal(&project.join(path))));
        let mut listed: BTreeSet<_> = walk.queue.iter().cloned().collect();
        walk.queue.extend(patches.iter().map(|path| normal(path)));
        let mut faults = Vec::new();
        while let Some(folder) = walk.queue.pop() {
            if walk.seen.len() >= MANIFESTS {
                let message = format!("the project has more than {MANIFESTS} manifests");
                return Err(vec![Reason::new(Code::LockfileDamaged, Answer::CannotTell, message)]);
            }
            if walk.seen.insert(folder.clone()) {
                walk.visit(&folder, &mut listed).unwrap_or_else(|reason| faults.push(reason));
            }
        }
        if faults.is_empty() { Ok(walk.found) } else { Err(faults) }
    }

    /// Where a package of this name and version is, and whether it is a member.
    pub(super) fn find(&self, name: &str, version: &str) -> Option<(&Path, bool)> {
        let (folder, member) = self.0.get(&(name.to_owned(), version.to_owned()))?;
        Some((folder, *member))
    }
}

struct Walk<'a> {
    root: &'a Path,
    excluded: Vec<PathBuf>,
    workspace: Option<&'a Table>,
    limits: &'a Limits,
    seen: BTreeSet<PathBuf>,
    queue: Vec<PathBuf>,
    found: Manifests,
}

impl Walk<'_> {
    fn visit(&mut self, folder: &Path, listed: &mut BTreeSet<PathBuf>) -> Result<(), Reason> {
        let Some(manifest) = read_toml(&folder.join(MANIFEST), self.limits)? else { return Ok(()) };
        if let Some((name, version)) = identity(&manifest, self.workspace) {
            let member = folder == self.root || self.workspace.is_some() && self.is_inside(folder, &manifest);
            self.found.0.insert((name, version), (folder.to_path_buf(), member));
        }
        for path in paths(&manifest) {
            let path = normal(&folder.join(path));
            if listed.insert(path.clone()) {
                self.queue.push(path);
            }
        }
        Ok(())
    }

    /// Whether a folder belongs to the workspace: it lies below its root, is not excluded, and is no workspace itself.
    fn is_inside(&self, folder: &Path, manifest: &Table) -> bool {
        folder.starts_with(self.root)
            && !self.excluded.iter().any(|excluded| folder.starts_with(excluded))
            && !manifest.contains_key("workspace")
    }
}

/// The name and version in a manifest; where the version is the workspace's, `workspace` has it.
pub(super) fn identity(manifest: &Table, workspace: Option<&Table>) -> Option<(String, String)> {
    let package = manifest.get("package").or_else(|| manifest.get("project"))?.as_table()?;
    let name = package.get("name")?.as_str()?.to_owned();
    let version = match package.get("version") {
        None => "0.0.0".to_owned(),
        // Cargo does not mind spaces around it.
        Some(Value::String(version)) => version.trim().to_owned(),
        Some(_) => {
            let own = manifest.get("workspace").and_then(Value::as_table);
            own.or(workspace)?.get("package")?.get("version")?.as_str()?.trim().to_owned()
        }
    };
    Some((name, version))
}

/// Every path by which a manifest names another package.
fn paths(manifest: &Table) -> impl Iterator<Item = &str> {
    let table = |key: &str| manifest.get(key).and_then(Value::as_table);
    let targets = table("target").into_iter().flat_map(Table::values).filter_map(Value::as_table);
    let all = [manifest].into_iter().chain(targets).chain(table("workspace"));
    let dependencies = all.flat_map(|table| DEPENDENCIES.iter().filter_map(|key| table.get(*key)?.as_table()));
    let patched = table("patch").into_iter().flat_map(Table::values).filter_map(Value::as_table);
    let packages = dependencies.chain(patched).chain(table("replace")).flat_map(Table::values);
    packages.filter_map(|package| package.get("path")?.as_str())
}

pub(super) fn strings<'t>(table: Option<&'t Table>, key: &str) -> impl Iterator<Item = &'t str> {
    let values = table.and_then(|table| table.get(key)).and_then(Value::as_array);
    values.into_iter().flatten().filter_map(Value::as_str)
}

/// A path without `.` and `..`, by its text.
pub(super) fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => _ = normal.pop(),
            component => normal.push(component),
        }
    }
    normal
}

/// The folders that a member's pattern stands for: `*` and `?` within a name, as in `crates/*`.
fn expanded(root: &Path, pattern: &str) -> Vec<PathBuf> {
    let mut folders = vec![root.to_path_buf()];
    for part in Path::new(pattern).components() {
        let Component::Normal(name) = part else {
            folders.iter_mut().for_each(|folder| *folder = normal(&folder.join(part.as_os_str())));
            continue;
        };
        let Some(name) = name.to_str().filter(|name| name.contains(['*', '?'])) else {
            folders.iter_mut().for_each(|folder| folder.push(name));
            continue;
        };
        let inside = folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().filter_map(Result::ok);
        let fits = inside
            .filter(|entry| entry.file_name().to_str().is_some_and(|found| fits(name.as_bytes(), found.as_bytes())));
        folders = fits.map(|entry| entry.path()).filter(|path| path.is_dir()).take(MANIFESTS + 1).collect();
    }
    folders.sort();
    folders
}

/// Whether a name fits a pattern of `*` and `?`. Only the last `*` is ever tried anew, so no pattern makes this slow.
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut here, mut star) = (0, 0, None);
    while here < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, here));
                at += 1;
            }
            Some(wanted) if matches!(wanted, b'?') || *wanted == name[here] => (at, here) = (at + 1, here + 1),
            _ => match star {
                Some((place, from)) => {
                    star = Some((place, from + 1));
                    (at, here) = (place + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

/// The name of a manifest.
pub const MANIFEST: &str = "Cargo.toml";
/// The tables in which a manifest names what it needs.
const DEPENDENCIES: &[&str] =
    &["dependencies", "dev-dependencies", "dev_dependencies", "build-dependencies", "build_dependencies"];
/// Manifests of one project.
const MANIFESTS: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_as_in_a_shell() {
        for (pattern, name) in [("*", "a"), ("a*", "a"), ("a*c", "abbc"), ("?b", "ab"), ("*-sys", "x-sys")] {
            assert!(fits(pattern.as_bytes(), name.as_bytes()), "{pattern} {name}");
        }
        for (pattern, name) in [("a", "b"), ("?", ""), ("a*", "ba"), ("*-sys", "sys")] {
            assert!(!fits(pattern.as_bytes(), name.as_bytes()), "{pattern} {name}");
        }
    }

    #[test]
    fn members_and_folders_beside_are_told_apart() {
        let dir = tempfile::tempdir().expect("a folder");
        let project = dir.path().join("project");
        let package = |folder: &str, more: &str| {
            let folder = dir.path().join(folder);
            fs::create_dir_all(&folder).expect("made");
            let name = folder.file_name().and_then(|name| name.to_str()).expect("a name");
            let text = format!("[package]\nname = \"{name}\"\nversion = \"1.0.0\"\n{more}");
            fs::write(folder.join(MANIFEST), text).expect("written");
        };
        package(
            "project",
            "[workspace]\nmembers = [\"crates/*\"]\nexclude = [\"apart\"]\n[dependencies]\nnear = { path = \"near\" }",
        );
        package("project/crates/one", "[target.'cfg(unix)'.dev-dependencies]\nbeside = { path = \"../../../beside\" }");
        package("project/near", "[build-dependencies]\napart = { path = \"../apart\" }");
        package("project/apart", "");
        package("project/unnamed", "");
        package("beside", "[dependencies]\nbehind = { path = \"../behind\" }");
        package("behind", "");
        package("patched", "");
        let found = Manifests::read(&project, &[dir.path().join("patched")], &Limits::default()).expect("read");
        let member = |name: &str| found.find(name, "1.0.0").map(|(_, member)| member);
        for (name, expected) in [
            ("project", Some(true)),
            ("one", Some(true)),
            ("near", Some(true)),
            ("apart", Some(false)),
            ("beside", Some(false)),
            ("behind", Some(false)),
            ("patched", Some(false)),
            ("unnamed", None),
        ] {
            assert_eq!(member(name), expected, "{name}");
        }
        assert_eq!(found.find("one", "1.0.1"), None);
        assert_eq!(found.find("beside", "1.0.0").map(|(path, _)| path.to_path_buf()), Some(dir.path().join("beside")));
    }
}
