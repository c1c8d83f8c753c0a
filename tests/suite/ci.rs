//! The script of docs/ci, as a pull request meets it: by the policy of the branch that it goes into, running nothing of its own.

#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "the script is the shell's")]

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::{crates, tools};

const SIGNER: &str = "4D96CA70F43AC80D597F7AB0F7E0696FB68AF538";
const STRICT: &str = "[[rule]]\npackages = [\"*\"]\nrequire = { author = { from = \"us\" } }\n";
const LAX: &str = "[[rule]]\npackages = [\"*\"]\nunsigned = \"accept\"\nrequire = { author = {} }\n";

/// Two checkouts of a project with one package that is signed.
struct Desk {
    dir: TempDir,
}

impl Desk {
    fn new() -> Self {
        let desk = Self { dir: tools::scratch() };
        for side in ["base", "head"] {
            let world = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cmd/world");
            let package = desk.at(&format!("{side}/third-party/acme"));
            fs::create_dir_all(&package).expect("made");
            crates::copy(&world.join("acme"), &package);
            desk.write(
                &format!("{side}/countersign-packages.toml"),
                "countersign = \"packages/1\"\n[[package]]\npackage = \"pkg:generic/acme@1.0\"\npath = \"third-party/acme\"\n",
            );
            fs::create_dir(desk.at(&format!("{side}/keyrings"))).expect("made");
            fs::copy(world.join("keyring.asc"), desk.at(&format!("{side}/keyrings/us.asc"))).expect("copied");
            desk.write(&format!("{side}/countersign.toml"), &policy(STRICT));
        }
        desk
    }

    fn at(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        tools::write(&self.at(path), text);
    }

    /// Runs the script, with programs of our own before all others.
    fn check(&self) -> Output {
        let program = Path::new(env!("CARGO_BIN_EXE_countersign"));
        let old = env::var_os("PATH").unwrap_or_default();
        let folders = [self.at("bin"), program.parent().expect("a folder").to_path_buf()];
        let path = env::join_paths(folders.into_iter().chain(env::split_paths(&old))).expect("a path");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ci/check.sh");
        let mut shell = Command::new("sh");
        shell.arg(script).args(["base", "head"]).current_dir(self.dir.path()).env("PATH", path);
        shell.env("HOME", self.at("home")).output().expect("a shell")
    }

    /// The codes in the SARIF file.
    fn codes(&self) -> Vec<String> {
        let log = fs::read(self.at("countersign.sarif")).expect("a file");
        let log: serde_json::Value = serde_json::from_slice(&log).expect("JSON");
        let results = log["runs"][0]["results"].as_array().expect("results");
        results.iter().map(|one| one["ruleId"].as_str().expect("a code").to_owned()).collect()
    }
}

fn policy(rules: &str) -> String {
    format!("countersign = \"policy/1\"\nkeyrings = [\"keyrings\"]\n[people]\nus = [\"{SIGNER}\"]\n{rules}")
}

#[test]
fn a_change_is_judged_by_the_branch_that_it_goes_into() {
    let desk = Desk::new();
    let told = desk.check();
    assert_eq!(told.status.code(), Some(0), "{told:?}");
    assert!(fs::read_to_string(desk.at("countersign.html")).expect("a page").starts_with("<!doctype html>"));
    // A change of the code alone.
    desk.write("head/third-party/acme/main.c", "int main(void) { return 7; }\n");
    assert_eq!(desk.check().status.code(), Some(1));
    assert!(desk.codes().contains(&"content-differs".to_owned()), "{:?}", desk.codes());
    // And with its own policy, which would let everything through.
    fs::remove_dir_all(desk.at("head/third-party/acme/.countersign")).expect("removed");
    desk.write("head/countersign.toml", &policy(LAX));
    assert_eq!(desk.check().status.code(), Some(1));
    let codes = desk.codes();
    assert!(codes.contains(&"policy-changed".to_owned()) && codes.contains(&"no-manifest".to_owned()), "{codes:?}");
    // What cannot be judged is no yes.
    desk.write("base/countersign.toml", "countersign = \"policy/9\"\n");
    assert_eq!(desk.check().status.code(), Some(2));
}

#[test]
fn cargo_is_started_where_no_file_of_the_change_lies() {
    let desk = Desk::new();
    for side in ["base", "head"] {
        fs::remove_file(desk.at(&format!("{side}/countersign-packages.toml"))).expect("removed");
    }
    desk.write("head/Cargo.toml", "[package]\nname = \"own\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
    desk.write("head/Cargo.lock", "version = 4\n\n[[package]]\nname = \"own\"\nversion = \"0.1.0\"\n");
    desk.write("head/.cargo/config.toml", "[build]\nrustc = \"./evil\"\n");
    // Instead of cargo, a program that tells where it is and what it was given.
    desk.write("bin/cargo", "#!/bin/sh\n{ pwd; ls -A; echo \"$@\"; } > \"$HOME/../told\"\n");
    fs::set_permissions(desk.at("bin/cargo"), fs::Permissions::from_mode(0o755)).expect("set");
    fs::create_dir(desk.at("home")).expect("made");
    let told = desk.check();
    assert_eq!(told.status.code(), Some(0), "{told:?}");
    let told = fs::read_to_string(desk.at("told")).expect("it was started");
    let [folder, arguments] = told.lines().collect::<Vec<_>>()[..] else { panic!("not an empty folder: {told}") };
    assert!(!Path::new(folder).starts_with(desk.dir.path()), "{folder}");
    assert!(arguments.starts_with("fetch --locked --manifest-path /"), "{arguments}");
    assert!(!Path::new(folder).exists(), "it is gone again");
    // Where cargo cannot fetch, nothing was told.
    desk.write("bin/cargo", "#!/bin/sh\nexit 101\n");
    assert_eq!(desk.check().status.code(), Some(2));
}

#[test]
fn a_change_does_not_choose_which_lockfile_counts() {
    let desk = Desk::new();
    desk.write("head/third-party/acme/main.c", "int main(void) { return 7; }\n");
    // Alone, a lockfile of Cargo comes first.
    desk.write("head/Cargo.lock", "version = 4\n");
    desk.write("bin/cargo", "#!/bin/sh\nexit 0\n");
    fs::set_permissions(desk.at("bin/cargo"), fs::Permissions::from_mode(0o755)).expect("set");
    assert_eq!(desk.check().status.code(), Some(1));
    let codes = desk.codes();
    assert!(["content-differs", "other-lockfile"].iter().all(|code| codes.contains(&(*code).to_owned())), "{codes:?}");
    // Nor that none counts any more.
    fs::remove_file(desk.at("head/countersign-packages.toml")).expect("removed");
    assert_eq!(desk.check().status.code(), Some(2));
    assert!(desk.codes().contains(&"lockfile-version".to_owned()), "{:?}", desk.codes());
}
