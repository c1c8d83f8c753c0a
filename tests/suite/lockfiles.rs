//! A project with several lockfiles: each is verified and remembered by its name, and what the others name stays remembered.

#![expect(clippy::disallowed_methods, reason = "the program itself is run")]

use std::fs;
use std::path::Path;
use std::process::Command;

/// The exit code, and what is answered.
fn run(project: &Path, words: &[&str]) -> (Option<i32>, String) {
    let own = project.parent().expect("a folder");
    let mut program = Command::new(env!("CARGO_BIN_EXE_countersign"));
    let told = program.env_clear().env("HOME", own).current_dir(project).args(words).output().expect("a program");
    (told.status.code(), String::from_utf8(told.stdout).expect("text"))
}

fn project(dir: &Path, files: &[(&str, &str)]) -> std::path::PathBuf {
    let project = dir.join("project");
    fs::create_dir_all(project.join("acme")).expect("made");
    for (name, text) in files {
        fs::write(project.join(name), text).expect("written");
    }
    project
}

const NONE_OF_CARGO: &str = "version = 4\n";
const NONE_OF_JULIA: &str = "manifest_format = \"2.0\"\n";
const ACME: &str = "countersign = \"packages/1\"\n\n[[package]]\npackage = \"pkg:generic/acme@2.1\"\npath = \"acme\"\n";

#[test]
fn what_one_lockfile_names_stays_remembered_when_another_is_accepted() {
    let dir = tempfile::tempdir().expect("a folder");
    let files = [("Cargo.lock", NONE_OF_CARGO), ("countersign-packages.toml", ACME), ("acme/README", "acme\n")];
    let project = project(dir.path(), &files);
    let pinned = || fs::read_to_string(project.join("countersign.lock")).expect("a lock");
    assert_eq!(run(&project, &["accept", "countersign-packages.toml", "--yes"]).0, Some(0));
    assert!(pinned().contains("[[package]]\npackage = \"pkg:generic/acme@2.1\""), "{}", pinned());
    let before = pinned();
    assert_eq!(run(&project, &["accept", "--yes"]).0, Some(0));
    assert_eq!(pinned(), before);
    for words in [["verify", "--locked"].as_slice(), &["verify", "--locked", "countersign-packages.toml"]] {
        assert_eq!(run(&project, words).0, Some(0), "{words:?}");
    }
    // Once the other lockfile is gone, so is what it named.
    fs::remove_file(project.join("countersign-packages.toml")).expect("removed");
    assert_eq!(run(&project, &["accept", "--yes"]).0, Some(0));
    assert!(pinned().contains("[[history]]\npackage = \"pkg:generic/acme@2.1\""), "{}", pinned());
}

#[test]
fn the_others_are_told_with_the_words_that_verify_them() {
    let dir = tempfile::tempdir().expect("a folder");
    let project = project(dir.path(), &[("Cargo.lock", NONE_OF_CARGO), ("Manifest.toml", NONE_OF_JULIA)]);
    for (named, read, other) in [
        (None, "Cargo.lock (cargo)", "Manifest.toml"),
        (Some("Cargo.lock"), "Cargo.lock (cargo)", "Manifest.toml"),
        (Some("Manifest.toml"), "Manifest.toml (julia)", "Cargo.lock"),
    ] {
        let words: Vec<_> = ["verify"].into_iter().chain(named).collect();
        let (code, told) = run(&project, &words);
        assert_eq!(code, Some(0), "{told}");
        assert!(told.contains(&format!("\n  {read}, policy")), "{told}");
        let note = format!("note [other-lockfile] {other}: ");
        assert!(told.contains(&note) && told.contains(&format!("`countersign verify {other}`")), "{told}");
    }
    // What would make it one package leaves the path what it is.
    assert_eq!(run(&project, &["verify", "Manifest.toml", "--package", "pkg:generic/a@1"]).0, Some(2));
}

#[test]
fn of_several_manifests_of_julia_the_one_that_is_meant_is_named() {
    let dir = tempfile::tempdir().expect("a folder");
    let names = ["Manifest-v1.10.toml", "Manifest-v1.11.toml"];
    let project = project(dir.path(), &names.map(|name| (name, NONE_OF_JULIA)));
    let (code, told) = run(&project, &["verify"]);
    assert_eq!(code, Some(2));
    assert!(told.contains("[lockfile-choice]") && told.contains("/project/Manifest-v1.11.toml`; or set"), "{told}");
    for name in names {
        let (code, told) = run(&project, &["verify", name]);
        assert_eq!(code, Some(0), "{told}");
        assert!(told.contains(&format!("\n  {name} (julia)")), "{told}");
    }
    // Where the choice is made, what was not read is told.
    let (_, told) = run(&project, &["verify", names[0]]);
    assert!(told.contains("note [other-lockfile] Manifest-v1.11.toml: "), "{told}");
    for other in ["Project.toml", "Manifest-x.toml"] {
        fs::write(project.join(other), "").expect("written");
        assert_eq!(run(&project, &["verify", other]).0, Some(2), "{other}");
    }
}

#[test]
fn a_base_that_is_not_there_does_not_judge() {
    let dir = tempfile::tempdir().expect("a folder");
    let project = project(dir.path(), &[("Cargo.lock", NONE_OF_CARGO)]);
    for base in ["nowhere", "Cargo.lock"] {
        let (code, told) = run(&project, &["verify", "--base", base]);
        assert_eq!(code, Some(2), "{told}");
        assert!(told.contains(&format!("cannot tell [unreadable] {base}: ")), "{told}");
    }
    assert_eq!(run(&project, &["verify", "--base", "."]).0, Some(0));
}

#[test]
fn an_import_that_is_refused_leaves_no_keyring() {
    let dir = tempfile::tempdir().expect("a folder");
    let project = project(dir.path(), &[("rubbish.asc", "no certificate\n")]);
    for words in [["keyring", "import", "nowhere"], ["keyring", "import", "rubbish.asc"]] {
        assert_eq!(run(&project, &words).0, Some(2));
    }
    assert!(!dir.path().join(".local").exists());
    // An empty one would stop every verdict.
    assert_eq!(run(&project, &["policy", "check"]).0, Some(0));
}
