//! `countersign keyring` as people type it: bring certificates in from files, GnuPG and a shared directory, and out again.

#![expect(clippy::disallowed_methods, reason = "the program is run as its users run it")]
#![allow(clippy::unwrap_used, reason = "shared functions of tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::tools::{Home, found};

const MADE: &str = "20250101T000000";

/// Two people, of whom the first was certified by the second: once for all, and once for the second alone.
struct World {
    dir: tempfile::TempDir,
    home: Home,
    alice: String,
    bob: String,
}

impl World {
    fn new(test: &str) -> Option<Self> {
        if !found(test, &["gpg", "gpgconf", "gpg-agent"]) {
            return None;
        }
        let home = Home::new();
        let alice = home.generate("alice", "ed25519", MADE, "never");
        let bob = home.generate("bob", "ed25519", MADE, "never");
        let by_bob = format!("--local-user={bob}!");
        let later = Some("20250201T000000");
        home.gpg_ok(later, "", &["--batch", &by_bob, "--quick-sign-key", &alice]);
        home.gpg_ok(later, "", &["--batch", "--local-user", &alice, "--quick-lsign-key", &bob]);
        Some(Self { dir: tempfile::tempdir().unwrap(), home, alice, bob })
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.args(["keyring"]).args(arguments).env("GNUPGHOME", self.home.path());
        command
            .env("HOME", self.dir.path())
            .env("XDG_DATA_HOME", self.dir.path().join("data"))
            .env_remove("PGP_CERT_D");
        command.stdin(Stdio::null()).output().unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--format", "json"]].concat());
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn own(&self) -> PathBuf {
        self.dir.path().join("data/countersign/keyring")
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Whom it changed, whether it was new there, and how many certifications came.
fn changes(answer: &Value) -> Vec<(String, bool, u64)> {
    let rows = answer["changed"].as_array().unwrap();
    let row = |row: &Value| {
        let fingerprint = row["fingerprint"].as_str().unwrap().to_owned();
        (fingerprint, row["new"].as_bool().unwrap(), row["news"]["certifications"].as_u64().unwrap())
    };
    let mut rows: Vec<_> = rows.iter().map(row).collect();
    rows.sort();
    rows
}

fn sorted<const N: usize>(mut rows: [(String, bool, u64); N]) -> Vec<(String, bool, u64)> {
    rows.sort();
    rows.into()
}

#[test]
fn certificates_come_from_files_from_gpg_and_from_a_shared_directory() {
    let Some(world) = World::new("certificates_come_from_files_from_gpg_and_from_a_shared_directory") else { return };
    let (alice, bob) = (&world.alice, &world.bob);
    // There is no keyring yet.
    let output = world.run(&["list"]);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""));
    assert!(text(&output.stderr).contains("Hint: name one with --keyring, or begin with `countersign keyring import"));
    // From a file, what is not for others stays out; gpg is asked for it.
    let file = world.home.path().join("all.pgp");
    let all = ["--batch", "--export-options=export-local-sigs", "--export"];
    fs::write(&file, world.home.gpg_ok(None, "", &all)).unwrap();
    let answer = world.json(&["import", path(&file)]);
    assert_eq!(answer["countersign"], "keyring-import/1");
    assert_eq!(changes(&answer), sorted([(alice.clone(), true, 1), (bob.clone(), true, 0)]));
    assert!(world.own().join(format!("{alice}.asc")).is_file());
    assert_eq!(changes(&world.json(&["import", "--gpg", bob])), [(bob.clone(), false, 1)]);
    let again = world.json(&["import", "--gpg"]);
    assert_eq!((changes(&again), again["unchanged"].as_u64()), (vec![], Some(2)));
    // A shared directory, named and by default.
    let shared = world.dir.path().join("data/pgp.cert.d");
    let lower = alice.to_lowercase();
    fs::create_dir_all(shared.join(&lower[..2])).unwrap();
    let plain = world.home.gpg_ok(None, "", &["--batch", "--export", alice]);
    fs::write(shared.join(&lower[..2]).join(&lower[2..]), plain).unwrap();
    for arguments in [vec!["import", "--cert-d"], vec!["import", "--cert-d", path(&shared)]] {
        let answer = world.json(&arguments);
        assert_eq!((changes(&answer), answer["unchanged"].as_u64()), (vec![], Some(1)));
    }
    let told = world.run(&["import", "--gpg"]);
    assert!(text(&told.stdout).starts_with("0 new, 0 changed, 2 unchanged in "), "{}", text(&told.stdout));
    assert!(text(&told.stdout).ends_with("Nothing that is imported is trusted by that alone.\n"));
    // Nobody by that name, and no gpg.
    let output = world.run(&["import", "--gpg", "0123456789ABCDEF0123456789ABCDEF01234567"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("Error: gpg has no such certificate"), "{}", text(&output.stderr));
}

#[test]
fn what_is_shown_is_checked_and_what_is_exported_is_for_others() {
    let Some(world) = World::new("what_is_shown_is_checked_and_what_is_exported_is_for_others") else { return };
    let (alice, bob) = (&world.alice, &world.bob);
    world.json(&["import", "--gpg"]);
    let shown = world.json(&["show", alice]);
    let words = shown["certifications"].as_array().unwrap();
    assert_eq!(words.len(), 1);
    let facts = ["kind", "issuer", "issuer_name", "user_id", "created"].map(|key| words[0][key].as_str().unwrap());
    let expected = ["certification", bob, "bob <bob@example.org>", "alice <alice@example.org>", "2025-02-01T00:00:00Z"];
    assert_eq!(facts, expected);
    assert_eq!((&words[0]["counts"], &words[0]["amount"], &words[0]["depth"]), (&true.into(), &120.into(), &0.into()));
    let before = world.json(&["show", alice, "--at", "2025-01-15"]);
    assert_eq!(before["certifications"][0]["code"], "certification-unusable");
    // bob's has one that is for alice alone; it does not leave the keyring.
    assert_eq!(world.json(&["show", bob])["certifications"][0]["exportable"], false);
    let exported = world.run(&["export", bob, alice]);
    assert_eq!(exported.status.code(), Some(0));
    let file = world.dir.path().join("exported.asc");
    fs::write(&file, &exported.stdout).unwrap();
    let other = world.dir.path().join("other");
    let merged = world.json(&["merge", path(&file), "--into", path(&other), "--local"]);
    assert_eq!(changes(&merged), sorted([(alice.clone(), true, 1), (bob.clone(), true, 0)]));
    let merged = world.json(&["merge", path(&world.own()), "--into", path(&other)]);
    assert_eq!(changes(&merged), []);
    // A subkey and a stranger.
    let subkey = world.home.add_signing_subkey(bob, "ed25519", "20250301T000000");
    world.json(&["import", "--gpg"]);
    let output = world.run(&["show", &subkey]);
    let named = format!("Error: {subkey} is a subkey; certificates are named by their primary key, here {bob}\n");
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(2), named.as_str()));
    let output = world.run(&["export", "0123456789ABCDEF0123456789ABCDEF01234567"]);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""));
}

#[test]
fn secrets_and_damage_stop_the_import() {
    let Some(world) = World::new("secrets_and_damage_stop_the_import") else { return };
    let secret = world.home.gpg_ok(None, "", &["--batch", "--export-secret-keys", &world.alice]);
    let public = world.home.gpg_ok(None, "", &["--batch", "--export"]);
    for (bytes, code) in [(&secret[..], "keyring-secret-key"), (&public[..public.len() - 5], "keyring-damaged")] {
        let file = world.dir.path().join("file.pgp");
        fs::write(&file, bytes).unwrap();
        let output = world.run(&["import", path(&file), "--format", "json"]);
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((output.status.code(), &report["reasons"][0]["code"]), (Some(2), &code.into()));
        assert!(!world.own().exists(), "an empty keyring would stop every verdict");
    }
}

#[test]
fn an_old_keyring_is_noted_in_its_list() {
    let Some(world) = World::new("an_old_keyring_is_noted_in_its_list") else { return };
    world.json(&["import", "--gpg"]);
    assert_eq!(world.json(&["list"])["set_aside"], Value::Array(vec![]));
    fs::write(world.own().join("imported"), "2025-06-01T00:00:00Z\n").unwrap();
    let note = &world.json(&["list"])["set_aside"][0];
    assert_eq!((&note["code"], &note["answer"]), (&"keyring-old".into(), &"note".into()));
}
