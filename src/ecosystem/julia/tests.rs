//! Depots made by hand, and what is found in them.

use std::ffi::OsString;
use std::fs;

use tempfile::TempDir;

use super::*;

/// A project, a home, and perhaps Julia.
struct World {
    dir: TempDir,
    variables: Vec<(OsString, OsString)>,
}

const UUID: &str = "7876af07-990d-54b4-ab0e-23690620f79a";
const TREE: &str = "46e44e869b4d90b96bd8ed1fdcf32244fddfb6cc";
/// What the two make of it.
const PLACE: &str = "packages/Example/aqsx3";
const OLD_PLACE: &str = "packages/Example/aqsx";

fn example(more: &str) -> String {
    format!("[[deps.Example]]\ngit-tree-sha1 = \"{TREE}\"\nuuid = \"{UUID}\"\nversion = \"0.5.3\"\n{more}")
}

impl World {
    fn new(packages: &str) -> Self {
        let world = Self { dir: tempfile::tempdir().expect("a folder"), variables: Vec::new() };
        world.manifest("Manifest.toml", packages);
        world
    }

    fn manifest(&self, name: &str, packages: &str) {
        self.write(&format!("project/{name}"), &format!("manifest_format = \"2.0\"\n{packages}"));
    }

    fn at(&self, path: &str) -> PathBuf {
        fs::canonicalize(self.dir.path()).expect("a folder").join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.at(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, text).expect("written");
    }

    fn package(&self, folder: &str) {
        let text = format!("name = \"Example\"\nuuid = \"{UUID}\"\nversion = \"0.5.3\"\n");
        self.write(&format!("{folder}/Project.toml"), &text);
    }

    /// A Julia of this version, and where its programs lie.
    fn julia(&self, version: &str) -> OsString {
        fs::create_dir_all(self.at(&format!("julia/share/julia/stdlib/v{version}"))).expect("made");
        self.write("julia/bin/julia", "");
        self.at("julia/bin").into()
    }

    fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.variables.retain(|(other, _)| other != name);
        self.variables.push((name.into(), value.into()));
    }

    fn open(&self) -> Result<Box<dyn Project>, Vec<&'static str>> {
        let (folder, home) = (self.at("project"), self.at("home"));
        let env = Env { folder: &folder, home: Some(&home), variables: &self.variables, named: None };
        let opened = Julia.open(Path::new("."), &env, &Limits::default());
        opened.map_err(|reasons| reasons.iter().map(|reason| reason.code.as_str()).collect())
    }

    /// The manifest that is chosen.
    fn chosen(&self) -> Option<String> {
        let (folder, home) = (self.at("project"), self.at("home"));
        let env = Env { folder: &folder, home: Some(&home), variables: &self.variables, named: None };
        Julia.lockfile(&folder, &env).map(|name| name.display().to_string())
    }

    /// The codes of the only package and of its places, and the places.
    fn found(&self) -> (Vec<&'static str>, Vec<String>) {
        let project = self.open().expect("a project");
        assert_eq!(project.locked().len(), 1, "{:?}", project.locked());
        let found = project.locate(&project.locked()[0]);
        let reasons = found.reasons.iter().chain(found.places.iter().flat_map(|place| &place.reasons));
        let codes = reasons.map(|reason| reason.code.as_str()).collect();
        let place = |place: &Place| place.folder.strip_prefix(self.at("")).expect("inside").display().to_string();
        (codes, found.places.iter().map(place).collect())
    }

    /// How the only package is called, and its kind.
    fn named(&self) -> (String, Kind) {
        let project = self.open().expect("a project");
        (project.locked()[0].package.to_string(), project.locked()[0].kind)
    }
}

#[test]
fn every_copy_is_found_in_the_order_in_which_julia_looks() {
    let mut world = World::new(&example(""));
    assert_eq!(world.found(), (vec!["not-found"], vec![]));
    let places = |depots: &[&str], place: &str| -> Vec<String> {
        depots.iter().map(|depot| format!("{depot}/{place}")).collect()
    };
    for depot in ["home/.julia", "early", "late"] {
        world.package(&format!("{depot}/{PLACE}"));
        world.package(&format!("{depot}/{OLD_PLACE}"));
    }
    assert_eq!(
        world.found(),
        (vec![], [places(&["home/.julia"], PLACE), places(&["home/.julia"], OLD_PLACE)].concat())
    );
    let path = format!("{}:{}:", world.at("early").display(), world.at("late").display());
    world.set("JULIA_DEPOT_PATH", path);
    let depots = ["early", "late", "home/.julia"];
    assert_eq!(world.found(), (vec![], [places(&depots, PLACE), places(&depots, OLD_PLACE)].concat()));
    world.set("JULIA_DEPOT_PATH", "");
    assert_eq!(world.found(), (vec!["not-found"], vec![]));
    // What came with Julia is a depot too.
    world.set("JULIA_DEPOT_PATH", ":");
    world.package(&format!("julia/share/julia/{PLACE}"));
    let bin = world.julia("1.11");
    world.set("JULIA_BINDIR", bin);
    assert_eq!(world.found().1.len(), 3);
}

#[test]
fn a_package_that_says_it_is_another_is_told() {
    let world = World::new(&example(""));
    let folder = format!("home/.julia/{PLACE}");
    world.package(&folder);
    assert_eq!(world.found().0, [""; 0]);
    let own = fs::read_to_string(world.at(&folder).join("Project.toml")).expect("a description");
    for (from, to) in [("Example", "Exampel"), ("0.5.3", "0.5.4"), ("7876", "7877"), ("\"0.5.3\"", "1")] {
        world.write(&format!("{folder}/Project.toml"), &own.replace(from, to));
        assert_eq!(world.found().0, ["identity-differs"], "{from} {to}");
    }
    world.write(&format!("{folder}/Project.toml"), "name = ");
    assert_eq!(world.found().0, ["lockfile-damaged"]);
    // The other name comes first.
    world.write(&format!("{folder}/JuliaProject.toml"), &own);
    assert_eq!(world.found().0, [""; 0]);
    world.write(&format!("{folder}/JuliaProject.toml"), &own.replace("Example", "Exampel"));
    assert_eq!(world.found().0, ["identity-differs"]);
}

#[test]
fn packages_carry_their_uuid_and_their_source_in_their_names() {
    let plain = format!("pkg:julia/Example@0.5.3?uuid={UUID}");
    assert_eq!(World::new(&example("")).named(), (plain.clone(), Kind::Registry));
    let git = World::new(&example("repo-url = \"https://example.org/E.jl\"\n"));
    let named = format!("pkg:julia/Example@0.5.3?uuid={UUID}&vcs_url=git%2Bhttps:%2F%2Fexample.org%2FE.jl");
    assert_eq!(git.named(), (named, Kind::Git));
    let newest = |registries: &str, named: &str| {
        let world = World::new("");
        let text = example(&format!("registries = {named}\n"));
        world.write("project/Manifest.toml", &format!("manifest_format = \"2.1\"\n{text}{registries}"));
        world.named().0
    };
    let general = format!("[registries.General]\nuuid = \"{GENERAL}\"\nurl = \"https://example.org/General\"\n");
    let own = format!("[registries.Own]\nuuid = \"{UUID}\"\nurl = \"https://example.org/Own\"\n");
    let mirror = own.replace("Own]", "General]");
    assert_eq!(newest(&general, "\"General\""), plain);
    assert_eq!(newest(&format!("{general}{own}"), "[\"Own\", \"General\"]"), plain);
    let other = format!("pkg:julia/Example@0.5.3?repository_url=https:%2F%2Fexample.org%2FOwn&uuid={UUID}");
    assert_eq!(newest(&format!("{general}{own}"), "\"Own\""), other);
    // A name alone makes no registry the default one.
    assert_eq!(newest(&mirror, "\"General\""), other);
    let nowhere = newest(&format!("[registries.Own]\nuuid = \"{UUID}\"\n"), "\"Own\"");
    assert_eq!(nowhere, format!("pkg:julia/Example@0.5.3?repository_url=urn:uuid:{UUID}&uuid={UUID}"));
    let long = World::new(&example(&format!("repo-url = \"https://example.org/{}\"\n", "x".repeat(500))));
    assert_eq!(long.open().err(), Some(vec!["package-id"]));
}

#[test]
fn own_code_and_the_standard_library_are_told_apart() {
    let path = "[[deps.Example]]\npath = \"../beside\"\nuuid = \"7876af07-990d-54b4-ab0e-23690620f79a\"\n";
    let world = World::new(path);
    assert_eq!(world.named(), (format!("pkg:julia/Example?uuid={UUID}"), Kind::Local));
    assert_eq!(world.found(), (vec!["not-found"], vec![]));
    world.package("beside");
    assert_eq!(world.found(), (vec![], vec!["beside".to_owned()]));
    let mut world = World::new(&format!("[[deps.Dates]]\nuuid = \"{UUID}\"\nversion = \"1.11.0\"\n"));
    assert_eq!(world.named(), (format!("pkg:julia/Dates@1.11.0?uuid={UUID}"), Kind::Builtin));
    assert_eq!(world.found(), (vec![], vec![]));
    let bin = world.julia("1.11");
    world.set("PATH", bin);
    assert_eq!(world.found(), (vec!["not-found"], vec![]));
    fs::create_dir(world.at("julia/share/julia/stdlib/v1.11/Dates")).expect("made");
    assert_eq!(world.found(), (vec![], vec!["julia/share/julia/stdlib/v1.11/Dates".to_owned()]));
}

#[test]
fn the_manifest_is_the_one_that_julia_would_read() {
    let mut world = World::new("");
    let rename = |world: &World, from: &str, to: &str| {
        fs::rename(world.at(&format!("project/{from}")), world.at(&format!("project/{to}"))).expect("renamed");
    };
    let chosen = |world: &World| (world.chosen(), world.open().err());
    let good = |name: &str| (Some(name.to_owned()), None);
    assert_eq!(chosen(&world), good("Manifest.toml"));
    for (from, to) in [("Manifest.toml", "AppManifest.toml"), ("AppManifest.toml", "Manifest-v1.11.toml")] {
        rename(&world, from, to);
        assert_eq!(chosen(&world), good(to));
    }
    // Where several might be read, it is the version of Julia that chooses.
    world.manifest("Manifest.toml", "");
    world.manifest("Manifest-v1.12.toml", "");
    world.manifest("JuliaManifest-v1.12.toml", "");
    world.manifest("Manifest-v1.9.toml", "");
    world.manifest("Manifest-v01.12.toml", "");
    assert_eq!(chosen(&world), (Some("JuliaManifest-v1.12.toml".to_owned()), Some(vec!["lockfile-choice"])));
    for (version, expected) in [
        ("1.11", "Manifest-v1.11.toml"),
        ("1.12", "JuliaManifest-v1.12.toml"),
        ("1.10", "Manifest.toml"),
        // It knows no manifest of its own.
        ("1.9", "Manifest.toml"),
    ] {
        let bin = world.julia(version);
        world.set("JULIA_BINDIR", bin);
        assert_eq!(chosen(&world), good(expected));
        fs::remove_dir_all(world.at("julia")).expect("removed");
    }
    let bin = world.julia("1.10");
    world.set("JULIA_BINDIR", bin);
    world.manifest("JuliaManifest.toml", "");
    assert_eq!(chosen(&world), good("JuliaManifest.toml"));
    // A folder of two versions tells none.
    world.julia("1.11");
    assert_eq!(chosen(&world).1, Some(vec!["lockfile-choice"]));
}

#[test]
fn the_projects_own_word_on_its_manifest_is_followed() {
    let world = World::new(&example(""));
    world.write("project/Project.toml", "manifest = \"sub/Other.toml\"\n");
    // Where it is not there, the usual names hold.
    assert_eq!(world.chosen().as_deref(), Some("Manifest.toml"));
    let path = "manifest_format = \"2.0\"\n[[deps.Example]]\npath = \"near\"\nuuid = \"7876af07-990d-54b4-ab0e-23690620f79a\"\n";
    world.write("project/sub/Other.toml", path);
    assert_eq!(world.chosen().as_deref(), Some("sub/Other.toml"));
    // Its paths start from where it lies.
    world.package("project/sub/near");
    assert_eq!(world.found(), (vec![], vec!["project/sub/near".to_owned()]));
    world.write("project/Project.toml", "manifest = ");
    assert_eq!(world.open().err(), Some(vec!["lockfile-damaged"]));
}

#[cfg(unix)]
#[test]
fn the_projects_own_word_leads_where_its_text_does() {
    let world = World::new(&example(""));
    world.write("project/Project.toml", "manifest = \"link/../Other.toml\"\n");
    world.write("project/Other.toml", "manifest_format = \"3.0\"\n");
    world.write("project/elsewhere/Other.toml", "manifest_format = \"2.0\"\n");
    fs::create_dir(world.at("project/elsewhere/deep")).expect("made");
    std::os::unix::fs::symlink("elsewhere/deep", world.at("project/link")).expect("linked");
    assert_eq!((world.chosen().as_deref(), world.open().err()), (Some("Other.toml"), Some(vec!["lockfile-version"])));
}

#[cfg(unix)]
#[test]
fn a_project_of_a_workspace_has_its_manifest_above() {
    let world = World::new("");
    world.write("Project.toml", "[workspace]\nprojects = [\"other\"]\n");
    assert_eq!(world.open().err(), None);
    fs::create_dir(world.at("other")).expect("made");
    for projects in ["[\"other\", \"project\"]", "[\"./project/\"]", "\"project\"", "[\"other/../project\"]"] {
        world.write("Project.toml", &format!("[workspace]\nprojects = {projects}\n"));
        assert_eq!(world.open().err(), Some(vec!["source-replaced"]), "{projects}");
    }
    // Newer versions look further up than one folder.
    world.write("Project.toml", "[workspace]\nprojects = [\"other\"]\n");
    fs::rename(world.at("project"), world.at("other/project")).expect("moved");
    std::os::unix::fs::symlink("other/project", world.at("project")).expect("linked");
    assert_eq!(world.open().err(), None);
    world.write("Project.toml", "[workspace]\nprojects = [\"other/project\"]\n");
    assert_eq!(world.open().err(), Some(vec!["source-replaced"]));
}

#[test]
fn a_manifest_that_cannot_be_read_stops_all() {
    let world = World::new("");
    world.write("project/Manifest.toml", "manifest_format = \"3.0\"\n");
    assert_eq!(world.open().err(), Some(vec!["lockfile-version"]));
    world.write("project/Manifest.toml", "manifest_format = \"2.0\"\nmanifest_format = \"2.0\"\n");
    assert_eq!(world.open().err(), Some(vec!["lockfile-damaged"]));
    fs::remove_file(world.at("project/Manifest.toml")).expect("removed");
    assert_eq!((world.chosen(), world.open().err()), (None, Some(vec!["lockfile-damaged"])));
}
