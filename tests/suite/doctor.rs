//! `countersign doctor`: what it says of an empty account, of a good one, and of each thing that can be wrong.

#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "the program itself is run, with gpg beside it")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::tools::{self, Home};

#[test]
fn an_empty_account_has_notes_and_nothing_broken() {
    let account = tempfile::tempdir().expect("a folder");
    let (code, findings) = doctor(account.path(), None, &[]);
    assert_eq!(code, Some(0));
    assert_eq!(state(&findings, "program"), ["good"]);
    // No certificates, no policy, no gpg, nothing remembered: each is said.
    for check in ["keyring", "policy", "gpg", "lock"] {
        assert_eq!(state(&findings, check), ["note"], "{check}: {findings:?}");
    }
    assert_eq!(fs::read_dir(account.path()).expect("a folder").count(), 0, "it changes nothing");
}

#[test]
fn each_damage_is_named_by_its_code_and_the_rest_is_looked_at() {
    let account = tempfile::tempdir().expect("a folder");
    let at = |name: &str| account.path().join(name);
    fs::create_dir_all(at("state/countersign")).expect("a folder");
    fs::write(at("state/countersign/state.toml"), "rubbish\n").expect("written");
    let (code, findings) = doctor(account.path(), None, &[]);
    assert_eq!(code, Some(1));
    assert_eq!(codes(&findings), ["state-damaged", "policy-built-in"]);
    fs::remove_dir_all(at("state")).expect("removed");

    fs::write(at("countersign.toml"), "countersign = \"policy/1\"\nnonsense = 1\n").expect("written");
    let (code, findings) = doctor(account.path(), None, &[]);
    assert_eq!((code, codes(&findings)), (Some(1), vec!["policy-unknown-key".to_owned()]));

    fs::write(at("countersign.toml"), "countersign = \"policy/1\"\nstores = [\"nowhere\"]\n").expect("written");
    let (code, findings) = doctor(account.path(), None, &[]);
    assert_eq!((code, state(&findings, "store")), (Some(1), vec!["broken".to_owned()]), "{findings:?}");

    fs::set_permissions(at("countersign.toml"), fs::Permissions::from_mode(0o666)).expect("ours");
    let (code, findings) = doctor(account.path(), None, &[]);
    assert_eq!((code, codes(&findings)), (Some(1), vec!["writable-by-others".to_owned()]));
}

#[test]
fn a_clock_that_was_turned_back_is_broken() {
    let account = tempfile::tempdir().expect("a folder");
    let state_folder = account.path().join("state/countersign");
    fs::create_dir_all(&state_folder).expect("a folder");
    let mut seen = countersign::state::Seen::default();
    seen.raise_floor("2099-01-01T00:00:00Z".parse().expect("a time"));
    fs::write(state_folder.join("state.toml"), seen.text()).expect("written");
    let (code, findings) = doctor(account.path(), None, &[]);
    assert_eq!((code, state(&findings, "clock")), (Some(1), vec!["broken".to_owned()]), "{findings:?}");
}

#[test]
fn gpg_its_keys_and_the_chosen_one_are_told() {
    if !tools::found("gpg_its_keys_and_the_chosen_one_are_told", &["gpg", "gpgconf", "gpg-agent", "git"]) {
        return;
    }
    let account = tempfile::tempdir().expect("a folder");
    let home = Home::new();
    let (_, findings) = doctor(account.path(), Some(&home), &[]);
    assert_eq!((state(&findings, "gpg"), state(&findings, "key")), (words("good"), words("note")), "{findings:?}");

    let good = home.generate("one", "ed25519", "20240101T000000", "never");
    let expired = home.generate("two", "ed25519", "20240101T000000", "20240201T000000");
    let (code, findings) = doctor(account.path(), Some(&home), &[]);
    assert_eq!((code, state(&findings, "key")), (Some(0), words("good")), "{findings:?}");

    fs::write(account.path().join(".gitconfig"), format!("[user]\nsigningkey = {expired}\n")).expect("written");
    let (code, findings) = doctor(account.path(), Some(&home), &[]);
    assert_eq!((code, state(&findings, "key")), (Some(1), vec!["good".into(), "broken".into()]), "{findings:?}");

    // What cannot be used in the keyring is named.
    let keyring = home.keyring("all.pgp", &[]);
    fs::write(account.path().join(".gitconfig"), format!("[user]\nsigningkey = {good}\n")).expect("written");
    let (code, findings) = doctor(account.path(), Some(&home), &["--keyring", keyring.to_str().expect("a plain path")]);
    assert_eq!((code, state(&findings, "keyring")), (Some(0), vec!["good".into(), "note".into()]), "{findings:?}");
    assert!(codes(&findings).contains(&"signer-expired".to_owned()));
}

/// Runs it in an account of its own, without gpg unless there is a home; its exit code and findings.
fn doctor(account: &Path, home: Option<&Home>, arguments: &[&str]) -> (Option<i32>, Vec<serde_json::Value>) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_countersign"));
    program.current_dir(account).env_clear().env("HOME", account);
    for (name, folder) in [("CONFIG", "config"), ("DATA", "data"), ("STATE", "state"), ("CACHE", "cache")] {
        program.env(format!("XDG_{name}_HOME"), account.join(folder));
    }
    match home {
        Some(home) => program.env("PATH", "/usr/local/bin:/usr/bin:/bin").env("GNUPGHOME", home.path()),
        None => program.env("PATH", "/nonexistent"),
    };
    let told = program.args(["doctor", "--format", "json"]).args(arguments).output().expect("it starts");
    let json: serde_json::Value = serde_json::from_slice(&told.stdout).expect("JSON");
    assert_eq!(json["countersign"], "doctor/1");
    (told.status.code(), json["findings"].as_array().expect("findings").clone())
}

fn state(findings: &[serde_json::Value], check: &str) -> Vec<String> {
    let of_check = findings.iter().filter(|one| one["check"] == check);
    of_check.map(|one| one["state"].as_str().expect("a word").to_owned()).collect()
}

fn codes(findings: &[serde_json::Value]) -> Vec<String> {
    findings.iter().filter_map(|one| one["code"].as_str().map(str::to_owned)).collect()
}

fn words(word: &str) -> Vec<String> {
    vec![word.to_owned()]
}
