//! The dependencies of this very repository, as cargo unpacked and vendors them.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::{answer, program};
use crate::crates::cargo_home;
use crate::{crates, tools};

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A project with the crates that people build large programs of. It is never built.
fn large_project() -> PathBuf {
    repository().join("benches/large-project")
}

/// How many packages a lockfile has beside the project's own, if all of them are on this machine.
fn locked(project: &Path, test: &str) -> Option<usize> {
    let text = fs::read_to_string(project.join("Cargo.lock")).expect("a lockfile");
    let lock: toml::Table = text.parse().expect("TOML");
    let packages = lock["package"].as_array().expect("packages");
    let src = cargo_home().join("registry/src");
    let indices: Vec<_> = fs::read_dir(src).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    let is_there = |package: &toml::Value| {
        let name =
            format!("{}-{}", package["name"].as_str().expect("a name"), package["version"].as_str().expect("one"));
        package.get("source").is_none() || indices.iter().any(|index| index.join(&name).is_dir())
    };
    if packages.iter().all(is_there) {
        return Some(packages.len() - 1);
    }
    let manifest = project.join("Cargo.toml");
    tools::not_run(test, &format!("every crate: cargo fetch --locked --manifest-path {}", manifest.display()));
    None
}

/// A home of Cargo whose crates are this machine's, but for one that is a copy to change.
struct Home {
    dir: TempDir,
    index: String,
}

const CHANGED: &str = "semver-1.0.28";

impl Home {
    fn new(changed: &str) -> Self {
        let real = cargo_home().join("registry");
        let dir = tools::scratch();
        let index = fs::read_dir(real.join("src"))
            .expect("a folder")
            .map(|entry| entry.expect("an entry"))
            .find(|entry| entry.path().join(changed).is_dir())
            .map(|entry| entry.file_name().into_string().expect("a plain name"))
            .expect("the crate is there, since this program needs it");
        for kind in ["src", "cache"] {
            let folder = dir.path().join("registry").join(kind).join(&index);
            fs::create_dir_all(&folder).expect("made");
            for entry in fs::read_dir(real.join(kind).join(&index)).expect("a folder") {
                let entry = entry.expect("an entry");
                let to = folder.join(entry.file_name());
                match entry.file_name().to_str() {
                    Some(name) if name == changed => {
                        fs::create_dir(&to).expect("made");
                        crates::copy(&entry.path(), &to);
                    }
                    Some(name) if name.strip_suffix(".crate") == Some(changed) => {
                        fs::copy(entry.path(), &to).expect("copied");
                    }
                    _ => symlink(entry.path(), &to).expect("linked"),
                }
            }
        }
        Self { dir, index }
    }

    fn at(&self, kind: &str, path: &str) -> PathBuf {
        self.dir.path().join("registry").join(kind).join(&self.index).join(path)
    }

    fn verify(&self) -> (Option<i32>, Vec<String>) {
        self.verify_project(repository())
    }

    fn verify_project(&self, project: &Path) -> (Option<i32>, Vec<String>) {
        let mut program = program(project, self.dir.path(), self.dir.path(), &["verify", "--format", "json"]);
        answer(&program.output().expect("the program runs"))
    }
}

#[test]
fn every_dependency_of_this_repository_is_what_its_archive_and_the_lockfile_say() {
    let test = "every_dependency_of_this_repository_is_what_its_archive_and_the_lockfile_say";
    let Some(locked) = locked(repository(), test) else { return };
    let own = tools::scratch();
    let mut program = program(repository(), &cargo_home(), own.path(), &["verify", "--format", "json"]);
    let output = program.output().expect("the program runs");
    assert_eq!(answer(&output), (Some(0), vec![]));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = report["packages"].as_array().expect("packages");
    assert_eq!(packages.len(), locked);
    assert!(locked > 200, "{locked}");
    for package in packages {
        let codes: Vec<_> = package["reasons"].as_array().expect("reasons").iter().map(|one| &one["code"]).collect();
        assert!(codes.iter().all(|code| *code != "lock-unchecked"), "{}: {codes:?}", package["package"]);
        assert!(codes.iter().any(|code| *code == "excluded"), "{}: {codes:?}", package["package"]);
    }
}

#[test]
fn one_changed_byte_in_hundreds_of_crates_is_found_and_named() {
    if locked(repository(), "one_changed_byte_in_hundreds_of_crates_is_found_and_named").is_none() {
        return;
    }
    let home = Home::new(CHANGED);
    assert_eq!(home.verify(), (Some(0), vec![]));
    let file = home.at("src", &format!("{CHANGED}/src/lib.rs"));
    let good = fs::read(&file).expect("read");
    let mut bad = good.clone();
    bad[100] ^= 1;
    fs::write(&file, &bad).expect("written");
    let told = |code: &str, path: &str| vec![format!("pkg:cargo/semver@1.0.28: {code} {path}")];
    assert_eq!(home.verify(), (Some(1), told("content-differs", "src/lib.rs")));
    fs::write(&file, &good).expect("written");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("changed");
    assert_eq!(home.verify(), (Some(1), told("mode-differs", "src/lib.rs")));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("changed");
    let added = home.at("src", &format!("{CHANGED}/build2.rs"));
    fs::write(&added, "").expect("written");
    assert_eq!(home.verify(), (Some(1), told("file-added", "build2.rs")));
    fs::remove_file(&added).expect("removed");
    fs::write(home.at("src", &format!("{CHANGED}/.cargo-ok")), "{\"v\":2}").expect("written");
    assert_eq!(home.verify(), (Some(1), told("content-differs", ".cargo-ok")));
    fs::write(home.at("src", &format!("{CHANGED}/.cargo-ok")), "{\"v\":1}").expect("written");
    assert_eq!(home.verify(), (Some(0), vec![]));
    // Neither can the archive be changed to fit.
    let archive = home.at("cache", &format!("{CHANGED}.crate"));
    let mut packed = fs::read(&archive).expect("read");
    packed[1_000] ^= 1;
    fs::write(&archive, packed).expect("written");
    assert_eq!(home.verify(), (Some(1), told("archive-digest", archive.to_str().expect("a plain path"))));
}

#[test]
fn so_it_is_in_a_project_of_many_more() {
    let test = "so_it_is_in_a_project_of_many_more";
    let Some(locked) = locked(&large_project(), test) else { return };
    assert!(locked >= 500, "{locked}");
    let home = Home::new("tower-service-0.3.3");
    assert_eq!(home.verify_project(&large_project()), (Some(0), vec![]));
    let file = home.at("src", "tower-service-0.3.3/src/lib.rs");
    let mut bytes = fs::read(&file).expect("read");
    bytes[100] ^= 1;
    fs::write(&file, &bytes).expect("written");
    let told = vec!["pkg:cargo/tower-service@0.3.3: content-differs src/lib.rs".to_owned()];
    assert_eq!(home.verify_project(&large_project()), (Some(1), told));
}

#[test]
fn what_cargo_vendors_is_found_to_be_the_same() {
    let test = "what_cargo_vendors_is_found_to_be_the_same";
    if !tools::found(test, &["cargo"]) {
        return;
    }
    let home = Home::new(CHANGED);
    let index = home.dir.path().join("registry/index");
    symlink(cargo_home().join("registry/index"), index).expect("linked");
    let project = tools::scratch();
    fs::create_dir(project.path().join("src")).expect("made");
    fs::write(project.path().join("src/lib.rs"), "").expect("written");
    let manifest =
        "[package]\nname = \"own\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[dependencies]\nsemver = \"=1.0.28\"\n";
    fs::write(project.path().join("Cargo.toml"), manifest).expect("written");
    let mut vendor = Command::new("cargo");
    vendor.args(["vendor", "--offline"]).current_dir(project.path()).env("CARGO_HOME", home.dir.path());
    let vendored = vendor.output().expect("cargo runs");
    if !vendored.status.success() {
        tools::not_run(test, "cargo's index of semver on this machine");
        return;
    }
    fs::create_dir(project.path().join(".cargo")).expect("made");
    fs::write(project.path().join(".cargo/config.toml"), vendored.stdout).expect("written");
    let verify = || {
        let words = ["verify", "--format", "json", "--only", "semver"];
        let output = program(project.path(), home.dir.path(), home.dir.path(), &words).output().expect("it runs");
        answer(&output)
    };
    assert_eq!(verify(), (Some(0), vec![]));
    // It is the vendored copy that is looked at, and held against the archive in the home.
    let file = project.path().join("vendor/semver/src/lib.rs");
    let good = fs::read(&file).expect("read");
    fs::write(&file, [good.as_slice(), b"\n"].concat()).expect("written");
    let twice = "pkg:cargo/semver@1.0.28: content-differs src/lib.rs";
    let (code, reasons) = verify();
    assert_eq!((code, reasons.first().map(String::as_str)), (Some(1), Some(twice)));
    fs::write(&file, &good).expect("written");
    // What Cargo itself would let pass: a file that its list does not have.
    fs::write(project.path().join("vendor/semver/build2.rs"), "").expect("written");
    let (code, reasons) = verify();
    assert_eq!((code, reasons.len()), (Some(1), 1), "{reasons:?}");
    assert_eq!(reasons, ["pkg:cargo/semver@1.0.28: file-added build2.rs"]);
}
