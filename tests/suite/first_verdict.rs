//! The README's first command: what `evidence/first-verdict.sh` shows is still true of the dependencies that Cargo.lock names.

#![expect(clippy::disallowed_methods, reason = "the program itself is run")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::crates;
use super::tools::not_run;

/// Every package of this repository's lockfile is accepted, and rests on the evidence that is committed.
#[test]
fn every_dependency_is_accepted_by_the_committed_evidence() {
    let unpacked = crates::unpacked();
    let Some(home) = unpacked.first().and_then(|one| one.ancestors().nth(4)) else {
        return not_run("first_verdict", "cargo's sources");
    };
    let report = verify(home);
    let missing = reasons(&report, "not-found");
    if !missing.is_empty() {
        return not_run("first_verdict", "every dependency: run `cargo fetch --locked`");
    }
    let packages = report["packages"].as_array().expect("packages");
    assert!(packages.len() > 200, "{} packages", packages.len());
    let refused: Vec<_> = packages.iter().filter(|one| one["basis"] != "policy").map(|one| &one["package"]).collect();
    assert!(
        refused.is_empty(),
        "evidence/ does not speak for these packages as Cargo.lock names them; run `sh evidence/renew.sh`: {refused:?}"
    );
    assert_eq!(report["verdict"], "accepted");
}

/// Nothing in the store speaks of anything else, so that it does not grow with each change of the lockfile.
#[test]
fn the_committed_evidence_is_about_the_dependencies_alone() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).expect("Cargo.lock");
    let locked = lock.matches("\nsource = ").count();
    let count = |folder: &str| files(&root().join("evidence/store").join(folder)).len();
    assert_eq!((count("statements"), count("signatures"), count("certificates")), (locked, locked, 1));
}

fn verify(home: &Path) -> serde_json::Value {
    let scratch = tempfile::tempdir().expect("a folder");
    let lock = scratch.path().join("countersign.lock");
    let mut program = Command::new(env!("CARGO_BIN_EXE_countersign"));
    program.env_clear().env("HOME", scratch.path()).env("CARGO_HOME", home).current_dir(root());
    program.args(["verify", "--policy", "evidence/policy.toml", "--format", "json", "--lock"]).arg(lock);
    let told = program.output().expect("it starts");
    serde_json::from_slice(&told.stdout).unwrap_or_else(|_| panic!("{}", told.stderr.escape_ascii()))
}

fn reasons<'a>(report: &'a serde_json::Value, code: &str) -> Vec<&'a serde_json::Value> {
    let packages = report["packages"].as_array().into_iter().flatten();
    packages
        .filter(|one| one["reasons"].as_array().is_some_and(|all| all.iter().any(|one| one["code"] == code)))
        .collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn root() -> PathBuf {
    env!("CARGO_MANIFEST_DIR").into()
}
