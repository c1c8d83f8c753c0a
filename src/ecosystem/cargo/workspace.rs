//! Whose lockfile Cargo reads: in a member's folder, that of its workspace, whatever lies beside the member's manifest.
//!
//! Found as Cargo finds it, but for one thing: a workspace above that does not name the folder stops Cargo, and is told here.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::super::read_toml;
use super::manifests::{MANIFEST, normal, strings};
use crate::limits::Limits;
use crate::reason::Reason;

/// The folder whose lockfile Cargo reads in a project's place; none where it is the project's own.
pub(super) fn above(project: &Path, home: Option<&Path>, limits: &Limits) -> Result<Option<PathBuf>, Reason> {
    let manifest = |folder: &Path| read_toml(&folder.join(MANIFEST), limits);
    let own = manifest(project)?;
    if let Some(named) = own.as_ref().and_then(|own| root_of(own, project, project)) {
        return Ok(Some(named).filter(|named| named != project));
    }
    for folder in project.ancestors().skip(1) {
        // Cargo looks no further than its own folders.
        if home == Some(folder) || folder.ends_with(PACKAGED) {
            break;
        }
        // Nor at what it may not look at.
        if !folder.join(MANIFEST).exists() {
            continue;
        }
        let Some(table) = manifest(folder)? else { continue };
        if let Some(root) = root_of(&table, folder, project) {
            return Ok(Some(root));
        }
        // Without a manifest of its own, the folder belongs to the nearest project above.
        if own.is_none() {
            return Ok(Some(folder.to_path_buf()));
        }
    }
    Ok(None)
}

/// The workspace that a manifest in `folder` is or names, where it does not leave the project out.
fn root_of(manifest: &Table, folder: &Path, project: &Path) -> Option<PathBuf> {
    let table = |key: &str| manifest.get(key).and_then(Value::as_table);
    if let Some(workspace) = table("workspace") {
        let covers = |key| strings(Some(workspace), key).any(|path| project.starts_with(normal(&folder.join(path))));
        let left_out = covers("exclude") && !covers("members");
        return Some(folder.to_path_buf()).filter(|folder| folder == project || !left_out);
    }
    let package = table("package").or_else(|| table("project"))?;
    Some(normal(&folder.join(package.get("workspace")?.as_str()?)))
}

/// Where Cargo unpacks what it packages.
const PACKAGED: &str = "target/package";

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn told(files: &[(&str, &str)], project: &str) -> Option<String> {
        let dir = tempfile::tempdir().expect("a folder");
        let root = fs::canonicalize(dir.path()).expect("a folder");
        fs::create_dir_all(root.join(project)).expect("made");
        for (folder, text) in files {
            fs::create_dir_all(root.join(folder)).expect("made");
            fs::write(root.join(folder).join(MANIFEST), text).expect("written");
        }
        let above = above(&root.join(project), Some(&root.join("home")), &Limits::default()).expect("told");
        above.map(|above| above.strip_prefix(&root).expect("inside").display().to_string())
    }

    const PACKAGE: &str = "[package]\nname = \"a\"\n";

    #[test]
    fn a_members_lockfile_is_its_workspaces() {
        let found = |root: &str, folder: &str| told(&[("w", root), (folder, PACKAGE)], folder);
        for (root, wanted) in [
            ("[workspace]\nmembers = [\"a\"]\n", Some("w")),
            // Cargo refuses to do anything there.
            ("[workspace]\n", Some("w")),
            ("[workspace]\nexclude = [\"a\"]\n", None),
            ("[workspace]\nexclude = [\"a\"]\nmembers = [\"a\"]\n", Some("w")),
            (PACKAGE, None),
            ("[package]\nworkspace = \"../v\"\n", Some("v")),
        ] {
            assert_eq!(found(root, "w/a").as_deref(), wanted, "{root}");
        }
        assert_eq!(found("[workspace]\nexclude = [\"a\"]\n", "w/a/b/c"), None);
        assert_eq!(found("[workspace]\nexclude = [\"a\"]\n", "w/ab").as_deref(), Some("w"));
        assert_eq!(found("[workspace]\n", "w/target/package/a-1"), None);
        assert_eq!(told(&[("", "[workspace]\n"), ("home/a", PACKAGE)], "home/a"), None);
    }

    #[test]
    fn a_folder_of_its_own_is_read_itself() {
        let own = |text: &str| told(&[("w", "[workspace]\n"), ("w/a", text)], "w/a");
        assert_eq!(own("[workspace]\n"), None);
        assert_eq!(own("[workspace]\nexclude = [\".\"]\n"), None);
        assert_eq!(own("[package]\nworkspace = \".\"\n"), None);
        assert_eq!(own("[package]\nworkspace = \"../../v\"\n").as_deref(), Some("v"));
        assert_eq!(told(&[], "w/a"), None);
        // Where there is no manifest, Cargo goes on upwards.
        assert_eq!(told(&[("w", PACKAGE)], "w/a").as_deref(), Some("w"));
    }
}
