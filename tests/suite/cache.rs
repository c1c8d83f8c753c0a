//! The cache of `countersign trust`: the same answers without it, while it is written, with it, and with a bad one.

mod alike;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use countersign::cli::{Edge, run};
use serde_json::Value;

use crate::networks::people::{Network, day};

const BEFORE: &str = r#"
[people.root]
[people.ca]
[people.alice]
[people.bob]

[[certifications]]
by = "root"
of = "ca"
depth = 1
amount = 60
[[certifications]]
by = "ca"
of = "alice"
[[certifications]]
by = "ca"
of = "bob"
hash = "sha1"
"#;

/// What `ca` says on day 200.
const TAKEN_BACK: &str = r#"
[[certifications]]
by = "ca"
of = "alice"
made = 200
revocation = true
"#;

struct World {
    dir: tempfile::TempDir,
    root: String,
}

impl World {
    fn new() -> Self {
        let network: Network = toml::from_str(BEFORE).expect("people");
        let (people, bytes) = network.make();
        let dir = tempfile::tempdir().expect("a folder");
        fs::write(dir.path().join("keyring.pgp"), bytes).expect("a keyring");
        Self { dir, root: people["root"].clone() }
    }

    fn folder(&self) -> PathBuf {
        self.dir.path().join("cache")
    }

    /// The one file of the cache.
    fn file(&self) -> PathBuf {
        let mut files: Vec<_> =
            fs::read_dir(self.folder()).expect("a cache").map(|one| one.expect("one").path()).collect();
        assert_eq!(files.len(), 1, "{files:?}");
        files.remove(0)
    }

    /// The bindings and the codes of the notes.
    fn list(&self, more: &[&str]) -> (Value, Vec<String>) {
        list(&self.dir.path().join("keyring.pgp"), &self.root, &self.folder(), more)
    }
}

fn list(keyring: &Path, root: &str, cache: &Path, more: &[&str]) -> (Value, Vec<String>) {
    let keyring = keyring.to_str().expect("a plain path");
    let words = ["countersign", "trust", "list", "--keyring", keyring, "--root", root, "--format", "json"];
    let edge = edge(Some(cache));
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = run(words.iter().chain(more).map(OsString::from), &edge, &mut out, &mut err);
    assert_eq!((code, &*String::from_utf8(err).expect("text")), (0, ""));
    let told: Value = serde_json::from_slice(&out).expect("JSON");
    let notes = told["notes"].as_array().expect("notes").iter();
    let codes = notes.map(|note| note["code"].as_str().expect("a code").to_owned()).collect();
    (told["bindings"].clone(), codes)
}

/// All that a command says, and its exit code.
fn said(words: &[&str], cache: Option<&Path>) -> (u8, String) {
    let words = ["countersign", "trust"].iter().chain(words);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = run(words.map(OsString::from), &edge(cache), &mut out, &mut err);
    (code, String::from_utf8([out, err].concat()).expect("text"))
}

fn edge(cache: Option<&Path>) -> Edge {
    Edge { cache: cache.map(Path::to_path_buf), folder: ".".into(), ..Edge::bare(day(300)) }
}

#[test]
fn answers_are_the_same_without_a_cache_with_a_cold_and_with_a_warm_one() {
    let world = World::new();
    let ways: [&[&str]; 4] =
        [&[], &["--certification-network"], &["--at", "2024-06-01T00:00:00Z"], &["--max-depth", "1"]];
    for more in ways {
        let without = world.list(&[more, &["--no-cache"]].concat());
        assert_eq!(world.list(more), without, "cold, {more:?}");
        assert_eq!(world.list(more), without, "warm, {more:?}");
    }
    let other = World::new();
    let alone = other.list(&["--no-cache"]);
    assert!(!other.folder().exists(), "--no-cache writes nothing");
    assert_eq!(other.list(&[]), alone);
}

#[test]
fn a_changed_file_is_told_and_replaced() {
    let world = World::new();
    let good = world.list(&[]);
    assert_eq!(good.1, [""; 0]);
    let whole = fs::read(world.file()).expect("a file");
    let mut flipped = whole.clone();
    flipped[120] ^= 1;
    for bad in [&flipped[..], &whole[..whole.len() - 1], b"", &[&whole[..], &whole[..]].concat()] {
        fs::write(world.file(), bad).expect("written");
        assert_eq!(world.list(&[]), (good.0.clone(), vec!["cache-invalid".to_owned()]));
        assert_eq!(fs::read(world.file()).expect("a file"), whole, "replaced");
        assert_eq!(world.list(&[]), good);
    }
    fs::write(world.file(), &flipped).expect("written");
    assert_eq!(world.list(&["--no-cache"]), good, "not even looked at");
}

#[cfg(unix)]
#[test]
fn what_others_can_write_and_links_are_not_read() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let mode = |path: &Path| fs::symlink_metadata(path).expect("there").permissions().mode() & 0o777;
    let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set");
    let world = World::new();
    let good = world.list(&[]);
    let file = world.file();
    assert_eq!((mode(&world.folder()), mode(&file)), (0o700, 0o600));
    let invalid = (good.0.clone(), vec!["cache-invalid".to_owned()]);
    set(&file, 0o666);
    assert_eq!(world.list(&[]), invalid);
    assert_eq!(mode(&file), 0o600, "replaced");
    let elsewhere = world.dir.path().join("elsewhere");
    fs::rename(&file, &elsewhere).expect("moved");
    symlink(&elsewhere, &file).expect("linked");
    assert_eq!(world.list(&[]), invalid);
    assert!(fs::symlink_metadata(&file).expect("there").is_file(), "the link was replaced");
    set(&world.folder(), 0o777);
    assert_eq!(world.list(&[]), invalid);
    set(&world.folder(), 0o700);
    assert_eq!(world.list(&[]), good);
    // Where nothing can be written, the answer is the same.
    fs::remove_dir_all(world.folder()).expect("removed");
    fs::write(world.folder(), "no folder").expect("written");
    assert_eq!(world.list(&[]).0, good.0);
}

#[test]
fn a_certification_that_was_taken_back_is_not_remembered() {
    let reached = |bindings: &Value| {
        let all = bindings.as_array().expect("bindings").iter();
        all.filter(|one| one["amount"].as_u64().expect("a number") > 0).count()
    };
    let network: Network = toml::from_str(&format!("{BEFORE}{TAKEN_BACK}")).expect("people");
    let (people, after) = network.make();
    let dir = tempfile::tempdir().expect("a folder");
    let (keyring, cache) = (dir.path().join("keyring.pgp"), dir.path().join("cache"));
    fs::write(&keyring, after).expect("a keyring");
    let (before, after) = ("2024-06-29T00:00:00Z", "2024-10-27T00:00:00Z");
    for _ in 0..2 {
        // The same file of the cache answers for both times.
        let (bindings, _) = list(&keyring, &people["root"], &cache, &["--at", before]);
        assert_eq!(reached(&bindings), 3, "root, ca and alice: {bindings}");
        let (bindings, _) = list(&keyring, &people["root"], &cache, &["--at", after]);
        assert_eq!(reached(&bindings), 2, "root and ca: {bindings}");
    }
}
