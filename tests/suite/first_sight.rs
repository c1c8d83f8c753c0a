//! What `store add` and `keyring import` remember: when good signatures by people whom the keyrings know came in, and the clock.

#![expect(clippy::disallowed_methods, reason = "the program itself is run")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use countersign::state::Seen;

const SIGNER: &str = "4D96CA70F43AC80D597F7AB0F7E0696FB68AF538";

#[test]
fn what_is_brought_in_is_seen_from_that_day_on() {
    let account = tempfile::tempdir().expect("a folder");
    let (world, state) = (world(), account.path().join("state/countersign/state.toml"));
    let store = world.join("store");
    let [first, second] = ["first", "second"].map(|name| account.path().join(name));

    // By strangers: nothing is remembered, since they could be anybody.
    run(account.path(), &["store", "add", path(&store), path(&first)]);
    assert!(!state.exists());

    run(account.path(), &["keyring", "import", path(&world.join("keyring.asc"))]);
    assert!(!state.exists());
    run(account.path(), &["store", "add", path(&store), path(&second)]);
    let text = fs::read_to_string(&state).expect("a state");
    assert_eq!(text.matches("[[seen]]").count(), 1, "{text}");
    assert!(text.contains(SIGNER) && text.contains("clock = "), "{text}");

    // Brought in again, the first day stays.
    let (before, after) = text.split_once("first = ").expect("a day");
    let early = format!("{before}first = {}", after.replacen(&after[..4], "2025", 1));
    fs::write(&state, resealed(&early)).expect("written");
    run(account.path(), &["store", "add", path(&store), path(&first)]);
    assert!(fs::read_to_string(&state).expect("a state").contains("first = 2025"));
}

#[test]
fn a_signature_that_does_not_hold_is_not_seen() {
    let account = tempfile::tempdir().expect("a folder");
    let (world, state) = (world(), account.path().join("state/countersign/state.toml"));
    run(account.path(), &["keyring", "import", path(&world.join("keyring.asc"))]);
    let bad = account.path().join("bad");
    run(account.path(), &["store", "add", path(&world.join("store")), path(&bad)]);
    fs::remove_file(&state).expect("removed");
    // The same signature under another statement of the same store's form.
    let statement = files(&bad.join("statements")).pop().expect("a statement");
    let text = fs::read_to_string(&statement).expect("text").replace("files = 3", "files = 4");
    let other = account.path().join("other");
    let digest = countersign::digest::Digest::of(text.as_bytes()).hex();
    let signature = files(&bad.join("signatures")).pop().expect("a signature");
    let place = |folder: &str, name: &str| {
        let place = other.join(folder).join(name);
        fs::create_dir_all(place.parent().expect("a folder")).expect("made");
        place
    };
    fs::copy(bad.join("countersign-store"), place(".", "countersign-store")).expect("copied");
    fs::write(place("statements", &format!("{}/{digest}.toml", &digest[..2])), &text).expect("written");
    let name = signature.file_name().and_then(|name| name.to_str()).expect("a name");
    fs::copy(&signature, place("signatures", &format!("{digest}/{name}"))).expect("copied");
    let package = files(&bad.join("packages")).pop().expect("a package");
    let identity = package.parent().and_then(Path::file_name).and_then(|name| name.to_str()).expect("a name");
    fs::copy(&package, place("packages", &format!("{identity}/{digest}"))).expect("copied");
    run(account.path(), &["store", "add", path(&other), path(&account.path().join("third"))]);
    assert!(!state.exists(), "{}", fs::read_to_string(&state).unwrap_or_default());
}

#[test]
fn an_import_raises_the_clock_of_whoever_remembers() {
    let account = tempfile::tempdir().expect("a folder");
    let state = account.path().join("state/countersign/state.toml");
    fs::create_dir_all(state.parent().expect("a folder")).expect("made");
    let mut seen = Seen::default();
    seen.raise_floor("2025-01-01".parse().expect("a time"));
    fs::write(&state, seen.text()).expect("written");
    run(account.path(), &["keyring", "import", path(&world().join("keyring.asc"))]);
    let text = fs::read_to_string(&state).expect("a state");
    assert!(!text.contains("clock = 2025-01-01") && text.contains("clock = 20"), "{text}");
}

/// The state with another day, in its seal.
fn resealed(text: &str) -> String {
    let mut seen = Seen::default();
    let value = |key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("{key} = "))).expect("a line");
        line.trim_matches('"').to_owned()
    };
    let (statement, signer) = (value("statement").parse().expect("a digest"), value("signer").parse().expect("one"));
    seen.see(statement, signer, value("first").parse().expect("a time"));
    seen.text()
}

fn run(account: &Path, words: &[&str]) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_countersign"));
    program.current_dir(account).env_clear().env("HOME", account);
    for (name, folder) in [("CONFIG", "config"), ("DATA", "data"), ("STATE", "state"), ("CACHE", "cache")] {
        program.env(format!("XDG_{name}_HOME"), account.join(folder));
    }
    let told = program.args(words).output().expect("it starts");
    assert!(told.status.success(), "{words:?}: {told:?}");
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

fn world() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cmd/world")
}
