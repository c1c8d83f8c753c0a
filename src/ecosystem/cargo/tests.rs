//! Homes of Cargo made by hand, and what is found in them.

use std::ffi::OsString;
use std::fs;

use tempfile::TempDir;

use super::*;
use crate::digest::Digest;

/// A project and a home of Cargo.
struct World {
    dir: TempDir,
    variables: Vec<(OsString, OsString)>,
}

const INDEX: &str = "index.crates.io-1949cf8c6b5b557f";
const OLD_INDEX: &str = "github.com-1ecc6299db9ec823";
const REVISION: &str = "0123456789abcdef0123456789abcdef01234567";

impl World {
    /// With this lockfile, and `a 1.0.0` unpacked with its archive.
    fn new(packages: &str) -> Self {
        let world = Self { dir: tempfile::tempdir().expect("a folder"), variables: Vec::new() };
        world.write("project/Cargo.lock", &format!("version = 4\n{packages}"));
        world.write("project/Cargo.toml", "[package]\nname = \"own\"\nversion = \"0.1.0\"\n");
        world.package(&format!("home/.cargo/registry/src/{INDEX}/a-1.0.0"), "a", "1.0.0");
        world.write(&format!("home/.cargo/registry/cache/{INDEX}/a-1.0.0.crate"), "packed");
        world
    }

    fn at(&self, path: &str) -> PathBuf {
        fs::canonicalize(self.dir.path()).expect("a folder").join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.at(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, text).expect("written");
    }

    fn package(&self, folder: &str, name: &str, version: &str) {
        self.write(
            &format!("{folder}/Cargo.toml"),
            &format!("[package]\nname = \"{name}\"\nversion = \"{version}\"\n"),
        );
    }

    fn open(&self) -> Result<Box<dyn Project>, Vec<&'static str>> {
        let (folder, home) = (self.at("project"), self.at("home"));
        let env = Env { folder: &folder, home: Some(&home), variables: &self.variables, named: None };
        let opened = Cargo.open(Path::new("."), &env, &Limits::default());
        opened.map_err(|reasons| reasons.iter().map(|reason| reason.code.as_str()).collect())
    }

    /// The codes of a project, of its only package and of the places of that, and the places.
    fn found(&self) -> (Vec<&'static str>, Vec<String>) {
        let project = self.open().expect("a project");
        assert_eq!(project.locked().len(), 1, "{:?}", project.locked());
        let found = project.locate(&project.locked()[0]);
        let of_places = found.places.iter().flat_map(|place| &place.reasons);
        let reasons = project.notes().iter().chain(&found.reasons).chain(of_places);
        let codes = reasons.map(|reason| reason.code.as_str()).collect();
        let place = |place: &Place| {
            let folder = place.folder.strip_prefix(self.at("")).expect("inside").display().to_string();
            if place.archive.is_some() { format!("{folder} packed") } else { folder }
        };
        (codes, found.places.iter().map(place).collect())
    }
}

/// An entry of the lockfile.
fn entry(name: &str, source: &str) -> String {
    let source = if source.is_empty() { String::new() } else { format!("source = \"{source}\"\n") };
    format!("[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\n{source}")
}

fn crates_io() -> String {
    let checksum = Digest::of(b"packed").hex();
    format!("{}checksum = \"{checksum}\"\n", entry("a", source::CRATES_IO))
}

fn git() -> String {
    entry("a", &format!("git+https://github.com/x/Y?branch=b%2Fc#{REVISION}"))
}

#[test]
fn a_package_of_the_registry_is_found_with_its_archive() {
    let world = World::new(&crates_io());
    let place = format!("home/.cargo/registry/src/{INDEX}/a-1.0.0 packed");
    assert_eq!(world.found(), (vec![], vec![place.clone()]));
    let project = world.open().expect("a project");
    let locked = &project.locked()[0];
    assert_eq!((locked.package.to_string().as_str(), locked.kind), ("pkg:cargo/a@1.0.0", Kind::Registry));
    assert_eq!(locked.archive, Some(Digest::of(b"packed")));
    // Folders of other registries are not this one's.
    world.package("home/.cargo/registry/src/index.crates.io-0000000000000000/a-1.0.0", "a", "1.0.0");
    world.package("home/.cargo/registry/src/my-crates.io-fb60813d6cb8df79/a-1.0.0", "a", "1.0.0");
    assert_eq!(world.found(), (vec![], vec![place.clone()]));
    // What an older Cargo left is; one archive serves both.
    world.package(&format!("home/.cargo/registry/src/{OLD_INDEX}/a-1.0.0"), "a", "1.0.0");
    let old = format!("home/.cargo/registry/src/{OLD_INDEX}/a-1.0.0 packed");
    assert_eq!(world.found(), (vec![], vec![place, old]));
}

#[test]
fn a_home_that_is_named_is_the_only_one() {
    let mut world = World::new(&crates_io());
    world.variables.push(("CARGO_HOME".into(), "../other".into()));
    assert_eq!(world.found(), (vec!["not-found"], vec![]));
    world.package(&format!("other/registry/src/{INDEX}/a-1.0.0"), "a", "1.0.0");
    assert_eq!(world.found(), (vec![], vec![format!("project/../other/registry/src/{INDEX}/a-1.0.0")]));
}

#[test]
fn a_package_that_says_it_is_another_is_told() {
    let world = World::new(&crates_io());
    let folder = format!("home/.cargo/registry/src/{INDEX}/a-1.0.0");
    for (name, version) in [("b", "1.0.0"), ("a", "1.0.1")] {
        world.package(&folder, name, version);
        assert_eq!(world.found().0, ["identity-differs"], "{name} {version}");
    }
    fs::remove_file(world.at(&folder).join("Cargo.toml")).expect("removed");
    assert_eq!(world.found().0, ["identity-differs"]);
    world.write(&format!("{folder}/Cargo.toml"), "[package");
    assert_eq!(world.found().0, ["lockfile-damaged"]);
}

#[test]
fn packages_of_other_sources_carry_them_in_their_names() {
    let name = |packages: &str| World::new(packages).open().expect("a project").locked()[0].package.to_string();
    assert_eq!(name(&entry("a", "sparse+https://index.crates.io/")), "pkg:cargo/a@1.0.0");
    let other = name(&entry("a", "sparse+https://example.org/index/"));
    assert_eq!(other, "pkg:cargo/a@1.0.0?repository_url=sparse%2Bhttps:%2F%2Fexample.org%2Findex%2F");
    assert_eq!(name(&git()), "pkg:cargo/a@1.0.0?vcs_url=git%2Bhttps:%2F%2Fgithub.com%2Fx%2FY");
    let long = format!("sparse+https://example.org/{}/", "x".repeat(500));
    assert_eq!(World::new(&entry("a", &long)).open().err(), Some(vec!["package-id"]));
}

#[test]
fn own_packages_are_no_rows_and_those_beside_are_local() {
    let own = "[[package]]\nname = \"own\"\nversion = \"0.1.0\"\n";
    let world = World::new(&format!("{own}{}", entry("beside", "")));
    assert_eq!(world.found(), (vec!["not-found"], vec![]));
    world.package("beside", "beside", "1.0.0");
    let needs = "[package]\nname = \"own\"\nversion = \"0.1.0\"\n[dependencies]\nbeside = { path = \"../beside\" }\n";
    world.write("project/Cargo.toml", needs);
    assert_eq!(world.found(), (vec![], vec!["beside".to_owned()]));
    assert_eq!(world.open().expect("a project").locked()[0].kind, Kind::Local);
}

#[test]
fn checkouts_are_found_by_repository_and_revision() {
    let world = World::new(&git());
    assert_eq!(world.found(), (vec!["not-found"], vec![]));
    let source = Source::Git { url: "https://github.com/x/Y.git".into(), reference: None, revision: REVISION.into() };
    let folders = source.folders();
    assert!(folders.iter().all(|name| name.starts_with("y-")) && folders.len() == 2, "{folders:?}");
    let checkouts = format!("home/.cargo/git/checkouts/{}", folders[0]);
    // Another revision, a name that is too short, and another repository of the same name.
    for folder in ["0123457", "012345"] {
        world.package(&format!("{checkouts}/{folder}"), "a", "1.0.0");
    }
    world.package("home/.cargo/git/checkouts/y-0000000000000000/0123456", "a", "1.0.0");
    assert_eq!(world.found(), (vec!["not-found"], vec![]));
    world.package(&format!("{checkouts}/0123456/crates/a"), "a", "1.0.0");
    assert_eq!(world.found(), (vec![], vec![format!("{checkouts}/0123456")]));
    world.package(&format!("{checkouts}/0123456/crates/a"), "a", "1.0.1");
    assert_eq!(world.found().0, ["identity-differs"]);
    let workspace = "[workspace]\nmembers = [\"crates/*\"]\n[workspace.package]\nversion = \"1.0.0\"\n";
    world.write(&format!("{checkouts}/0123456/Cargo.toml"), workspace);
    let inherits = "[package]\nname = \"a\"\nversion.workspace = true\n";
    world.write(&format!("{checkouts}/0123456/crates/a/Cargo.toml"), inherits);
    assert_eq!(world.found().0, [""; 0]);
}

#[test]
fn the_same_from_two_states_of_a_repository_cannot_be_told_apart() {
    let other = git().replace("0123", "abcd");
    let world = World::new(&format!("{}{other}", git()));
    let project = world.open().expect("a project");
    for locked in project.locked() {
        let reasons = project.locate(locked).reasons;
        assert_eq!(reasons.iter().map(|reason| reason.code.as_str()).collect::<Vec<_>>(), ["found-twice"]);
    }
}

/// A configuration that vendors the registry.
const VENDORED: &str = "[source.crates-io]\nreplace-with = \"v\"\n[source.v]\ndirectory = \"vendor\"\n";

#[test]
fn a_vendored_source_is_followed() {
    let world = World::new(&crates_io());
    world.write("project/.cargo/config.toml", VENDORED);
    assert_eq!(world.found(), (vec!["not-found"], vec![]));
    // Cargo goes by the manifest, whatever the folder is called.
    world.package("project/vendor/whatever", "a", "1.0.0");
    assert_eq!(world.found(), (vec!["lockfile-damaged"], vec!["project/vendor/whatever packed".to_owned()]));
    let list = |package: &str| format!("{{\"files\":{{}},\"package\":\"{package}\"}}");
    let file = "project/vendor/whatever/.cargo-checksum.json";
    world.write(file, &list(&Digest::of(b"packed").hex()));
    assert_eq!(world.found().0, [""; 0]);
    world.write(file, &list(&Digest::of(b"another").hex()));
    assert_eq!(world.found().0, ["archive-digest"]);
    for damaged in ["", "{}", "{\"files\":{\"a\":\"0\"}}", "{\"files\":{},\"more\":1}"] {
        world.write(file, damaged);
        assert_eq!(world.found().0, ["lockfile-damaged"], "{damaged}");
    }
    world.write(file, "{\"files\":{}}");
    world.package("project/vendor/a", "a", "1.0.0");
    assert_eq!(world.found().1.len(), 2);
}

#[test]
fn another_package_in_a_vendored_packages_folder_is_told() {
    let world = World::new(&crates_io());
    world.write("project/.cargo/config.toml", VENDORED);
    world.package("project/vendor/a", "evil", "1.0.0");
    assert_eq!(world.found().0, ["identity-differs"]);
    // Another version has a folder of its own.
    world.package("project/vendor/a", "a", "2.0.0");
    assert_eq!(world.found().0, ["not-found"]);
}

#[test]
fn no_vendored_copy_goes_unseen() {
    let world = World::new(&crates_io());
    world.write("project/.cargo/config.toml", VENDORED);
    let put = |folder: &str, manifest: &str| {
        world.write(&format!("project/vendor/{folder}/Cargo.toml"), manifest);
        let digest = Digest::of(b"packed").hex();
        let list = format!("{{\"files\":{{}},\"package\":\"{digest}\"}}");
        world.write(&format!("project/vendor/{folder}/.cargo-checksum.json"), &list);
    };
    put("a", "[package]\nname = \"a\"\nversion = \"1.0.0\"\n");
    let places = ["project/vendor/a packed", "project/vendor/b packed"].map(str::to_owned);
    assert_eq!(world.found(), (vec![], places[..1].to_vec()));
    // To Cargo both are one package.
    for version in ["\"1.0.0 \"", "\" 1.0.0\"", "\"\\t1.0.0\\n\""] {
        put("b", &format!("[package]\nname = \"a\"\nversion = {version}\n"));
        assert_eq!(world.found(), (vec![], places.to_vec()), "{version}");
    }
    // What cannot be read, or is said elsewhere, may be it.
    for manifest in ["[package", "[package]\nname = \"a\"\nversion.workspace = true\n", "[workspace]\n"] {
        put("b", manifest);
        assert_eq!(world.found(), (vec!["lockfile-damaged"], places[..1].to_vec()), "{manifest}");
    }
    put(".b", "[package");
    put("b", "[package]\nname = \"b\"\n");
    assert_eq!(world.found(), (vec![], places[..1].to_vec()));
}

#[test]
fn a_member_of_a_workspace_has_its_lockfile_above() {
    let world = World::new(&crates_io());
    world.write("Cargo.toml", "[workspace]\nexclude = [\"project\"]\n");
    assert_eq!(world.open().err(), None);
    world.write("Cargo.toml", "[workspace]\nmembers = [\"project\"]\n");
    assert_eq!(world.open().err(), Some(vec!["source-replaced"]));
}

#[test]
fn the_nearest_word_of_the_configuration_wins() {
    let world = World::new(&crates_io());
    // Paths start from the folder that `.cargo` lies in.
    world.write("home/.cargo/config.toml", VENDORED);
    world.package("home/vendor/a", "a", "1.0.0");
    assert_eq!(world.found().1, ["home/vendor/a packed"]);
    world.write(".cargo/config", "[source.v]\ndirectory = \"above\"\n");
    world.package("above/a", "a", "1.0.0");
    assert_eq!(world.found().1, ["above/a packed"]);
    world.write("project/.cargo/config.toml", "[source.v]\ndirectory = \"near\"\n");
    world.package("project/near/a", "a", "1.0.0");
    assert_eq!(world.found().1, ["project/near/a packed"]);
    // Of both names in one folder, Cargo takes the older.
    world.write("project/.cargo/config", "[source.v]\ndirectory = \"nearest\"\n");
    world.package("project/nearest/a", "a", "1.0.0");
    assert_eq!(world.found().1, ["project/nearest/a packed"]);
    world.write("project/.cargo/config", "[source");
    assert_eq!(world.open().err(), Some(vec!["lockfile-damaged"]));
}

#[test]
fn replacements_that_cannot_be_followed_are_told() {
    for config in [
        "[source.crates-io]\nreplace-with = \"v\"\n",
        "[source.crates-io]\nreplace-with = \"v\"\n[source.v]\nregistry = \"https://example.org\"\n",
        "[source.crates-io]\nreplace-with = \"v\"\n[source.v]\nlocal-registry = \"x\"\n",
        "[source.crates-io]\nreplace-with = \"v\"\n[source.v]\nreplace-with = \"crates-io\"\n",
        "[source.crates-io]\nreplace-with = \"v\"\n[source.v]\ndirectory = \"x\"\nregistry = \"https://y\"\n",
        // What bears the registry's name is taken in its place.
        "[source.crates-io]\nregistry = \"https://example.org\"\n",
        "[source.crates-io]\ngit = \"https://example.org\"\n",
        "[source.x]\nregistry = \"https://Example.org\"\nreplace-with = \"y\"\n",
        "[source.x]\ngit = \"https://example.org:443/a\"\nreplace-with = \"y\"\n",
        "[resolver]\nlockfile-path = \"x/Cargo.lock\"\n",
        "[source.crates-io]\ndirectory = 1\n",
        "[source.x]\nregistry = \"https://github.com/rust-lang/crates.io-index\"\nreplace-with = \"y\"\n",
        "paths = [\"x\"]\n",
        "include = \"x\"\n",
    ] {
        let world = World::new(&crates_io());
        world.write("project/.cargo/config.toml", config);
        assert_eq!(world.found().0, ["source-replaced"], "{config}");
    }
    for variable in ["CARGO_SOURCE_CRATES_IO_REPLACE_WITH", "CARGO_PATHS", "CARGO_RESOLVER_LOCKFILE_PATH"] {
        let mut world = World::new(&crates_io());
        world.variables.push((variable.into(), "x".into()));
        assert_eq!(world.found().0, ["source-replaced"], "{variable}");
    }
    // What speaks of another source, or only names this one, replaces nothing.
    for config in [
        "[source.other]\nregistry = \"https://example.org\"\nreplace-with = \"y\"\n",
        "[source.crates-io]\nregistry = \"https://github.com/rust-lang/crates.io-index\"\n",
        "[build]\nrustc-wrapper = \"./evil\"\n",
        "[resolver]\nincompatible-rust-versions = \"fallback\"\n",
    ] {
        let world = World::new(&crates_io());
        world.write("project/.cargo/config.toml", config);
        assert_eq!(world.found().0, [""; 0], "{config}");
    }
}

#[test]
fn a_vendored_repository_is_known_by_its_reference() {
    let world = World::new(&git());
    let config = |reference: &str| {
        format!(
            "[source.g]\ngit = \"https://github.com/X/y.git\"\n{reference}replace-with = \"v\"\n[source.v]\ndirectory = \"vendor\"\n"
        )
    };
    world.package("project/vendor/a", "a", "1.0.0");
    world.write("project/vendor/a/.cargo-checksum.json", "{\"files\":{},\"package\":null}");
    // An older lockfile has the name as it is.
    let older = World::new(&git().replace("b%2Fc", "b+c"));
    older.write("project/.cargo/config.toml", &config("branch = \"b+c\"\n"));
    older.package("project/vendor/a", "a", "1.0.0");
    assert_eq!(older.found().1, ["project/vendor/a"]);
    world.write("project/.cargo/config.toml", &config("branch = \"b/c\"\n"));
    assert_eq!(world.found(), (vec![], vec!["project/vendor/a".to_owned()]));
    for reference in ["", "branch = \"b\"\n", "tag = \"b/c\"\n"] {
        world.write("project/.cargo/config.toml", &config(reference));
        assert_eq!(world.found().0, ["not-found"], "{reference}");
    }
}

#[test]
fn a_folder_that_the_configuration_patches_in_is_local() {
    let world = World::new(&entry("patched", ""));
    world.package("elsewhere", "patched", "1.0.0");
    world.write(".cargo/config.toml", "[patch.crates-io]\npatched = { path = \"elsewhere\" }\n");
    assert_eq!(world.found(), (vec![], vec!["elsewhere".to_owned()]));
}

#[test]
fn a_lockfile_that_cannot_be_read_stops_all() {
    let world = World::new("");
    fs::remove_file(world.at("project/Cargo.lock")).expect("removed");
    assert_eq!(world.open().err(), Some(vec!["lockfile-damaged"]));
    world.write("project/Cargo.lock", "version = 2\n");
    assert_eq!(world.open().err(), Some(vec!["lockfile-version"]));
    world.write("project/Cargo.lock", "version = 4\nversion = 4\n");
    assert_eq!(world.open().err(), Some(vec!["lockfile-damaged"]));
}
