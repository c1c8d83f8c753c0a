//! `check run registry-checksum`: one key says of every dependency that it is what the lockfile says, and a policy believes it
//! only where the own lockfile says the same.

use std::fs;

use super::made::World;
use crate::tools::{Home, found};

#[test]
fn one_command_signs_for_every_dependency_and_a_policy_counts_it() {
    if !found("projects::checks", &["gpg", "gpgconf", "gpg-agent"]) {
        return;
    }
    let home = Home::new();
    let signer = home.generate("bot", "ed25519", "20240101T000000", "never");
    let world = World::new(&[("aa", "1.0.0"), ("bb", "2.0.0")]);
    let keyring = home.keyring("bot.pgp", &[]);
    fs::create_dir(world.at("project/keyrings")).expect("made");
    fs::copy(keyring, world.at("project/keyrings/bot.pgp")).expect("copied");
    let policy = format!(
        "countersign = \"policy/1\"\nstores = [\"evidence\"]\n\n[people]\nbot = [\"{signer}\"]\n\n[[rule]]\n\
         packages = [\"*\"]\nunsigned = \"accept\"\n\
         require = {{ check = {{ name = \"registry-checksum\", from = [\"bot\"] }} }}\n"
    );
    world.write("project/countersign.toml", policy);
    // The store of the policy is not there yet.
    let (code, answer) = run(&world, &home, &signer, &["--yes"]);
    assert_eq!((code, answer["signed"].as_array().expect("a list").len()), (Some(0), 2), "{answer}");
    assert_eq!(world.verify(&[]), (Some(0), vec![]));

    // What was said is not said again; what is new is.
    let (code, answer) = run(&world, &home, &signer, &["--yes"]);
    assert_eq!((code, &answer["already"], answer["signed"].as_array().map(Vec::len)), (Some(0), &2.into(), Some(0)));
    world.lock(&[("aa", "1.0.0"), ("bb", "2.0.0"), ("cc", "3.0.0")], "");
    let (code, told) = world.verify(&[]);
    assert_eq!(code, Some(1));
    assert!(told.contains(&"pkg:cargo/cc@3.0.0: too-few-checks".to_owned()), "{told:?}");
    let (_, answer) = run(&world, &home, &signer, &["--yes"]);
    assert_eq!(answer["signed"][0]["package"], "pkg:cargo/cc@3.0.0", "{answer}");
    assert_eq!(world.verify(&[]), (Some(0), vec![]));

    // Another archive under the same name: the check was about another one.
    world.lock(&[("aa", "1.0.0"), ("bb", "2.0.0")], "");
    let lock = fs::read_to_string(world.at("project/Cargo.lock")).expect("a lockfile");
    let (first, rest) = lock.split_once("registry+https://github.com").expect("a source");
    world.write("project/Cargo.lock", format!("{first}registry+https://example.org{rest}"));
    let (code, told) = world.verify(&[]);
    assert_ne!(code, Some(0), "{told:?}");
}

#[test]
fn nothing_is_signed_where_a_byte_was_changed() {
    if !found("projects::checks", &["gpg", "gpgconf", "gpg-agent"]) {
        return;
    }
    let home = Home::new();
    let signer = home.generate("bot", "ed25519", "20240101T000000", "never");
    let world = World::new(&[("aa", "1.0.0"), ("bb", "2.0.0")]);
    let index = fs::read_dir(world.at("home/registry/src")).expect("a folder").next().expect("one").expect("an entry");
    let changed = index.path().join("bb-2.0.0/Cargo.toml");
    let text = fs::read_to_string(&changed).expect("a manifest");
    fs::write(changed, text + "#\n").expect("written");
    let (code, report) = run(&world, &home, &signer, &["--yes", "--store", "evidence"]);
    assert_eq!(code, Some(1), "{report}");
    assert_eq!(report["packages"][0]["reasons"][0]["code"], "content-differs", "{report}");
    assert!(!world.at("project/evidence").exists());
    // Looking at the good one alone signs for it.
    let (code, answer) = run(&world, &home, &signer, &["--yes", "--store", "evidence", "--only", "aa"]);
    assert_eq!((code, answer["signed"].as_array().map(Vec::len)), (Some(0), Some(1)), "{answer}");
}

fn run(world: &World, home: &Home, signer: &str, more: &[&str]) -> (Option<i32>, serde_json::Value) {
    let words = ["check", "run", "registry-checksum", "--key", signer, "--format", "json"];
    let mut program = world.program(&[words.as_slice(), more].concat());
    program.env("PATH", std::env::var_os("PATH").expect("PATH")).env("GNUPGHOME", home.path());
    let told = program.output().expect("the program runs");
    let answer = serde_json::from_slice(&told.stdout);
    (told.status.code(), answer.unwrap_or_else(|error| panic!("{error}: {}", told.stderr.escape_ascii())))
}
