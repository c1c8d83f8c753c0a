//! What can be typed, and what is answered: `tests/cmd/*.toml`, one file for each thing that the program does or refuses.
//!
//! They run in `tests/cmd/world`, which none of them changes. `TRYCMD=overwrite cargo test commands` writes what is said
//! into the files; then read the difference. The console blocks of README.md run elsewhere: one is `first_verdict`, one is
//! these tests themselves.

#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn commands() {
    let program = Path::new(env!("CARGO_BIN_EXE_countersign"));
    trycmd::TestCases::new()
        .register_bin("countersign", program)
        .register_bin("cargo-countersign", Path::new(env!("CARGO_BIN_EXE_cargo-countersign")))
        // Help is broken into lines by this, not by the terminal that happens to be there.
        .env("COLUMNS", "100")
        .env("PATH", "/nonexistent")
        .env("HOME", "/nonexistent")
        .env("XDG_CONFIG_HOME", "/nonexistent")
        .env("XDG_DATA_HOME", "/nonexistent")
        .env("XDG_STATE_HOME", "/nonexistent")
        // A folder that nobody can make.
        .env("XDG_CACHE_HOME", "/dev/null")
        .case("tests/cmd/*.toml");
}

/// Each case says all three: exit code, stdout and stderr. And it changes nothing.
#[test]
fn each_case_is_whole() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cmd");
    let files = fs::read_dir(&folder).expect("tests/cmd").map(|entry| entry.expect("an entry").path());
    let files: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|end| end == "toml")).collect();
    assert!(files.len() > 60, "{} cases", files.len());
    for file in files {
        let case: toml::Table = fs::read_to_string(&file).expect("a case").parse().expect("TOML");
        for key in ["args", "status", "stdout", "stderr"] {
            assert!(case.contains_key(key), "{} does not say {key}", file.display());
        }
        let [out, err] = ["stdout", "stderr"].map(|key| case[key].as_str().expect("text"));
        let failed = case["status"].get("code").and_then(toml::Value::as_integer) == Some(2);
        // What could not be told or done is on stderr alone, unless a report tells why.
        assert!(!failed || (out.is_empty() != err.is_empty()), "{}", file.display());
        assert!(failed || err.is_empty(), "{} succeeds and talks", file.display());
    }
}

/// Whoever reads a message is no programmer of ours: no form of a library's, nothing said twice, no bytes that act.
#[test]
fn messages_are_for_people() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cmd");
    let mut messages = 0;
    for file in fs::read_dir(&folder).expect("tests/cmd").map(|entry| entry.expect("an entry").path()) {
        if file.extension().is_none_or(|end| end != "toml") {
            continue;
        }
        let case: toml::Table = fs::read_to_string(&file).expect("a case").parse().expect("TOML");
        for text in ["stdout", "stderr"].map(|key| case[key].as_str().expect("text")) {
            assert_eq!(fault(text), None, "{}:\n{text}", file.display());
            messages += text.lines().filter(|line| line.contains('[') || line.starts_with("Error:")).count();
        }
    }
    assert!(messages > 100, "{messages} messages");
    for (text, wanted) in [
        ("Error: Os { code: 2, kind: NotFound }\n", " { code: "),
        ("cannot tell [unreadable]: x cannot be read: No such file or directory (os error 2)\n", "(os error "),
        ("cannot tell [policy-missing] none.toml: none.toml is not there\n", "none.toml"),
        ("Error: it broke\nCaused by: it broke\n", "it broke"),
        ("note [first-use]: \u{1b}[31mred\n", "\u{1b}"),
    ] {
        assert_eq!(fault(text).as_deref(), Some(wanted));
    }
}

/// What in a text is not for people.
fn fault(text: &str) -> Option<String> {
    let leaks = [" { code: ", "(os error ", "Some(", "Error(", "kind: ", "::"];
    let leaks = leaks.into_iter().find(|leak| text.contains(leak)).map(str::to_owned);
    let acts = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t')).map(String::from);
    let twice = text.lines().find_map(|line| {
        let (place, message) = line.split_once("] ")?.1.split_once(": ")?;
        message.starts_with(&format!("{place} ")).then(|| place.to_owned())
    });
    let lines: Vec<_> = text.lines().filter_map(|line| line.split_once(": ")).collect();
    let again = lines.windows(2).find(|two| two[1].0 == "Caused by" && two[0].1.contains(two[1].1));
    leaks.or(acts).or(twice).or_else(|| again.map(|two| two[1].1.to_owned()))
}

/// The example of each command's help does what the help says it does.
#[test]
fn every_command_has_an_example_in_its_help() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cmd");
    for command in [
        "verify",
        "sign",
        "init",
        "diff",
        "review",
        "check-record",
        "withdraw",
        "suggest",
        "audit",
        "tree",
        "store-add",
        "store-list",
        "store-check",
        "keyring-import",
        "keyring-list",
        "keyring-show",
        "keyring-export",
        "keyring-merge",
        "trust-list",
        "trust-path",
        "trust-why",
        "trust-graph",
        "certify",
        "policy-check",
        "policy-explain",
        "policy-init",
        "report",
        "doctor",
        "explain",
        "completions",
        "man",
    ] {
        let case = fs::read_to_string(folder.join(format!("help-{command}.toml"))).expect("a case for the help");
        let example = format!("\n  countersign {} ", command.replace('-', " "));
        assert!(case.contains(&example), "the help of {command} has no example");
    }
}
