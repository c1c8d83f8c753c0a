//! Real releases of a real package, PythonCall, whose trees have the names that Julia's registry gives for them.

use std::fs;
use std::path::{Path, PathBuf};

use super::depot::{World, place};
use crate::{crates, tools};

const NAME: &str = "PythonCall";
const UUID: &str = "6099a3de-0909-46bc-b1f4-468b9a2dfc0d";
/// Releases, and the names of their trees as the registry General publishes them.
const RELEASES: [(&str, &str); 2] =
    [("0.9.35", "2b67e030054dd9438a00e3d7f59927e839b00569"), ("0.9.36", "8d29e96192c00e8c2bf027b790d1950b19fe922e")];

/// The files of a release; none, said loudly, where nobody fetched them.
fn files(test: &str, version: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("target/julia/{NAME}-{version}"));
    if !folder.is_dir() {
        tools::not_run(test, "real releases: run `python3 tests/julia/fetch.py target/julia`");
        return None;
    }
    Some(folder)
}

/// A project as Julia writes it, with this release of the package and those parts of Julia that it needs.
fn manifest(version: &str, tree: &str) -> String {
    let parts = [
        ("Dates", "ade2ca70-3891-5945-98fb-dc099432e06a"),
        ("Libdl", "8f399da3-3557-5675-b5ff-fb832c97cbdb"),
        ("Markdown", "d6f4376e-aef5-505a-96c1-9c027394607a"),
        ("Serialization", "9e88b42a-f829-5b0c-bbe9-9e923198166b"),
    ];
    let names: Vec<_> = parts.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let parts: Vec<_> = parts
        .iter()
        .map(|(name, uuid)| format!("[[deps.{name}]]\nuuid = \"{uuid}\"\nversion = \"1.11.0\"\n"))
        .collect();
    format!(
        "# This file is machine-generated - editing it directly is not advised\n\n\
         julia_version = \"1.11.2\"\nmanifest_format = \"2.0\"\n\
         project_hash = \"54a22a0b1f4d3a2a2c1e0c9c3e9d8c2f4f1f4a3d\"\n\n{}\n\
         [[deps.{NAME}]]\ndeps = [{}]\ngit-tree-sha1 = \"{tree}\"\nuuid = \"{UUID}\"\nversion = \"{version}\"\n\n    \
         [deps.{NAME}.extensions]\n    CategoricalArraysExt = \"CategoricalArrays\"\n    PyCallExt = \"PyCall\"\n\n    \
         [deps.{NAME}.weakdeps]\n    CategoricalArrays = \"324d7699-5711-5eae-9e2f-1d82baa6b597\"\n    \
         PyCall = \"438e738f-606a-5dbb-bf0a-cddfbfd45ab0\"\n",
        parts.join("\n"),
        names.join(", ")
    )
}

/// The project with the files of a release in the place where Julia looks for one with this tree.
fn world(files: &Path, version: &str, tree: &str) -> (World, PathBuf) {
    let world = World::new(&[]);
    world.write("project/Manifest.toml", manifest(version, tree));
    let folder = world.at(&format!("depot/{}", place(NAME, UUID, &tree.parse().expect("a tree"), 5)));
    fs::create_dir_all(&folder).expect("made");
    crates::copy(files, &folder);
    (world, folder)
}

#[test]
fn a_release_has_the_tree_that_the_registry_publishes() {
    const TEST: &str = "projects::julia::released::a_release_has_the_tree_that_the_registry_publishes";
    for (version, tree) in RELEASES {
        let Some(files) = files(TEST, version) else { return };
        let purl = format!("pkg:julia/{NAME}@{version}?uuid={UUID}");
        let (world, folder) = world(&files, version, tree);
        assert_eq!(world.verify(&[]), (Some(0), vec![]));
        assert_eq!(world.notes(), [""; 0]);

        let main = folder.join("src/PythonCall.jl");
        let code = fs::read_to_string(&main).expect("read");
        fs::write(&main, code.replacen("module", "modulE", 1)).expect("written");
        assert_eq!(world.verify(&[]), (Some(1), vec![format!("{purl}: git-tree-differs .")]), "{version}");
        fs::write(&main, code).expect("written");
        assert_eq!(world.verify(&[]), (Some(0), vec![]));
        fs::remove_file(folder.join("LICENSE")).expect("removed");
        assert_eq!(world.verify(&[]), (Some(1), vec![format!("{purl}: git-tree-differs .")]), "{version}");
    }
}

#[test]
fn the_next_release_is_not_taken_for_this_one() {
    const TEST: &str = "projects::julia::released::the_next_release_is_not_taken_for_this_one";
    let [(version, tree), (next, _)] = RELEASES;
    let Some(files) = files(TEST, next) else { return };
    let (world, _) = world(&files, version, tree);
    let (code, reasons) = world.verify(&[]);
    let purl = format!("pkg:julia/{NAME}@{version}?uuid={UUID}");
    assert_eq!(code, Some(1));
    assert_eq!(reasons, [format!("{purl}: git-tree-differs ."), format!("{purl}: identity-differs Project.toml")]);
}
