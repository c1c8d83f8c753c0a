//! What tests of real crates share: where cargo unpacked them, a copy to change, and the program's answer in short.

#![expect(clippy::disallowed_methods, reason = "the program itself is run")]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where this machine's cargo keeps its crates.
pub(crate) fn cargo_home() -> PathBuf {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    home.or_else(|| Some(env::home_dir()?.join(".cargo"))).expect("a home folder")
}

/// Every crate that cargo has unpacked here, in the order of the paths.
pub(crate) fn unpacked() -> Vec<PathBuf> {
    let registries = fs::read_dir(cargo_home().join("registry/src")).into_iter().flatten();
    let folders = registries.filter_map(|entry| fs::read_dir(entry.ok()?.path()).ok()).flatten();
    let mut crates: Vec<_> =
        folders.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_dir()).collect();
    crates.sort();
    crates
}

/// Copies a folder with all that is in it, with its modes, to another that is there already.
pub(crate) fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a folder") {
        let from = entry.expect("an entry").path();
        let to = to.join(from.file_name().expect("a name"));
        if from.is_dir() {
            fs::create_dir(&to).expect("made");
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).expect("copied");
        }
    }
}

/// The program, about to verify a directory and to answer with JSON.
pub(crate) fn verify(dir: &Path, package: &str, keyring: &Path, signer: &str) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_countersign"));
    program.args(["verify", "--format", "json", "--package", package, "--signer", signer, "--keyring"]);
    program.arg(keyring).arg(dir);
    program
}

/// Runs it. Gives the exit code, and `code path` of each reason that is no mere note, sorted.
pub(crate) fn answer(mut program: Command) -> (Option<i32>, Vec<String>) {
    let output = program.output().expect("the program runs");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{program:?}: {error}: {}", output.stderr.escape_ascii());
    });
    let packages = report["packages"].as_array().expect("packages");
    let reasons = packages.iter().chain([&report]).flat_map(|part| part["reasons"].as_array().expect("reasons"));
    let mut told: Vec<_> = reasons
        .filter(|reason| reason["answer"] != "note")
        .map(|reason| {
            let (code, path) = (reason["code"].as_str().expect("a code"), reason["path"].as_str());
            format!("{code} {}", path.unwrap_or_default())
        })
        .collect();
    told.sort();
    (output.status.code(), told)
}
