//! Whole projects: this repository's own dependencies, and small ones made by hand, by the program itself.

#![expect(clippy::disallowed_methods, reason = "the program itself is run")]

mod checks;
mod hostile;
mod julia;
mod made;
mod real;

use std::path::Path;
use std::process::{Command, Output};

/// The program in a project, with a home of Cargo, and nothing else of the user's.
fn program(project: &Path, cargo_home: &Path, own: &Path, words: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_countersign"));
    // No PATH: whatever it would start, it could not find.
    program.env_clear().env("HOME", own).env("CARGO_HOME", cargo_home).current_dir(project).args(words);
    program
}

/// Its exit code, and of each package whose reasons are no mere notes `NAME: code path`.
fn answer(output: &Output) -> (Option<i32>, Vec<String>) {
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{error}: {}", output.stderr.escape_ascii());
    });
    (output.status.code(), told(&report, |answer| answer != "note"))
}

/// Reasons with these answers, each with its package's name.
fn told(report: &serde_json::Value, fits: impl Fn(&serde_json::Value) -> bool) -> Vec<String> {
    let mut told = Vec::new();
    let packages = report["packages"].as_array().expect("packages");
    for part in packages.iter().chain([report]) {
        for reason in part["reasons"].as_array().expect("reasons").iter().filter(|reason| fits(&reason["answer"])) {
            let package = part["package"].as_str().unwrap_or("all");
            let (code, path) = (reason["code"].as_str().expect("a code"), reason["path"].as_str().unwrap_or_default());
            told.push(format!("{package}: {code} {path}").trim_end().to_owned());
        }
    }
    told.sort();
    told
}
