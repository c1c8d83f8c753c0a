//! `countersign certify` with real GnuPG homes to throw away: what it makes, what it refuses, and what it throws away.

#![expect(clippy::disallowed_methods, reason = "the program is run as its users run it")]
#![allow(clippy::unwrap_used, reason = "shared functions of tests")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::tools::{Home, found, look_for};

const MADE: &str = "20250101T000000";
const UID: &str = "bob <bob@example.org>";

/// alice has a key; bob's certificate, with two more user IDs that look like his, lies in her keyring.
struct World {
    dir: tempfile::TempDir,
    home: Home,
    alice: String,
    bob: String,
    /// Further folders of `PATH`, before all others.
    path: Option<PathBuf>,
}

impl World {
    fn new(test: &str) -> Option<Self> {
        Self::with_target(test, "never")
    }

    fn with_target(test: &str, expires: &str) -> Option<Self> {
        if !found(test, &["gpg", "gpgconf", "gpg-agent"]) {
            return None;
        }
        let home = Home::new();
        let alice = home.generate_for("alice", "ed25519", "cert", MADE, "never");
        let other = Home::new();
        let bob = other.generate("bob", "ed25519", MADE, expires);
        for similar in ["bob <bob@example.org.example.com>", "not bob <bob@example.org>"] {
            other.gpg_ok(Some(MADE), "", &["--batch", "--quick-add-uid", &bob, similar]);
        }
        let world = Self { dir: tempfile::tempdir().unwrap(), home, alice, bob, path: None };
        let file = other.keyring("bob.pgp", &[&world.bob]);
        let output = world.run(&["keyring", "import", file.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        Some(world)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.args(arguments).env("GNUPGHOME", self.home.path()).env("HOME", self.dir.path());
        command.env("XDG_DATA_HOME", self.dir.path().join("data")).stdin(Stdio::null());
        if let Some(first) = &self.path {
            let old = std::env::var_os("PATH").unwrap();
            let folders = [first.clone()].into_iter().chain(std::env::split_paths(&old));
            command.env("PATH", std::env::join_paths(folders).unwrap());
        }
        command.output().unwrap()
    }

    /// Certifies bob; the exit code and the first line of the error.
    fn certify(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.run(&[&["certify", &self.bob, "--yes"], arguments].concat());
        let told = text(&output.stderr);
        let error = told.lines().find(|line| line.starts_with("Error: ")).unwrap_or_default();
        (output.status.code().unwrap(), error.to_owned())
    }

    fn certified(&self, arguments: &[&str]) {
        let output = self.run(&[&["certify", &self.bob, "--yes"], arguments].concat());
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
    }

    /// Everything that is said of bob.
    fn words(&self) -> Vec<Value> {
        let output = self.run(&["keyring", "show", &self.bob, "--format", "json"]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
        shown["certifications"].as_array().unwrap().clone()
    }

    /// What counts of it: user ID, amount, depth, roles, scopes, whether it ends, whether it is for others.
    fn counting(&self) -> Vec<Value> {
        let words = self.words().into_iter().filter(|word| word["counts"] == true);
        words
            .map(|word| {
                assert_eq!((&word["issuer"], &word["regexes"]), (&json!(self.alice), &json!([])));
                json!([
                    word["user_id"],
                    word["amount"],
                    word["depth"],
                    word["roles"],
                    word["scopes"],
                    word["expires"].is_string(),
                    word["exportable"]
                ])
            })
            .collect()
    }

    fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let keyring = self.dir.path().join("data/countersign/keyring");
        let entries = fs::read_dir(keyring).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<_> = entries.map(|path| (path.clone(), fs::read(path).unwrap())).collect();
        files.sort();
        files
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn only_what_was_named_is_certified_and_nothing_else_is_touched() {
    let Some(world) = World::new("only_what_was_named_is_certified_and_nothing_else_is_touched") else { return };
    let before = world.home.gpg_ok(None, "", &["--batch", "--export"]);
    let output = world.run(&["certify", &world.bob, "--user-id", UID, "--yes", "--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let shown = text(&output.stderr);
    let groups: Vec<_> = world.bob.as_bytes().chunks(4).map(text).collect();
    assert!(shown.contains(&format!("  {}\n  {}\n", groups[..5].join(" "), groups[5..].join(" "))), "{shown}");
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let facts = ["countersign", "issuer", "certificate", "user_ids", "depth", "amount"].map(|key| answer[key].clone());
    let expected = [json!("certified/1"), json!(world.alice), json!(world.bob), json!([UID]), json!(0), json!(120)];
    assert_eq!(facts, expected);
    // Neither the user ID that begins so nor the one that ends so.
    assert_eq!(world.counting(), [json!([UID, 120, 0, [], [], false, true])]);
    assert_eq!(world.home.gpg_ok(None, "", &["--batch", "--export"]), before, "the user's own keyring is as it was");
}

#[test]
fn roles_scopes_depths_and_ends_are_exactly_what_was_asked_for() {
    let Some(world) = World::new("roles_scopes_depths_and_ends_are_exactly_what_was_asked_for") else { return };
    let scope = "pkg:npm/%40scope/*";
    world.certified(&["--user-id", UID, "--role", "author", "--role", "reviewer", "--scope", scope, "--expires", "1y"]);
    assert_eq!(world.counting(), [json!([UID, 120, 0, ["author", "reviewer"], [scope], true, true])]);
    // Another scope takes the place of the first; it stays on disk, and does not count.
    world.certified(&["--user-id", UID, "--role", "author", "--scope", "pkg:julia/*", "--scope", "pkg:cargo/serde"]);
    let counting = world.counting();
    let expected = json!([UID, 120, 0, ["author"], ["pkg:cargo/serde", "pkg:julia/*"], false, true]);
    assert!(counting.contains(&expected), "{counting:?}");
    // With a depth; the amounts are gpg's two. Another user ID, with the first untouched.
    let other = "not bob <bob@example.org>";
    world.certified(&["--user-id", other, "--depth", "2", "--amount", "60", "--scope", "*"]);
    assert!(world.counting().contains(&json!([other, 60, 2, [], ["*"], false, true])), "{:?}", world.counting());
    // Two at once, and one for oneself: the keyring keeps it, and nobody else sees it.
    let third = "bob <bob@example.org.example.com>";
    world.certified(&["--user-id", third, "--user-id", third, "--depth", "1", "--local"]);
    assert!(world.counting().contains(&json!([third, 120, 1, [], [], false, false])), "{:?}", world.counting());
    let exported = world.run(&["keyring", "export", &world.bob]);
    let file = world.dir.path().join("exported.asc");
    fs::write(&file, &exported.stdout).unwrap();
    let shown = world.run(&["keyring", "list", "--keyring", file.to_str().unwrap()]);
    assert_eq!(shown.status.code(), Some(0));
    let packets = world.home.gpg_ok(None, "", &["--batch", "--list-packets", file.to_str().unwrap()]);
    assert!(!text(&packets).contains("not exportable"), "{}", text(&packets));
}

#[test]
fn what_was_said_can_be_taken_back() {
    let Some(world) = World::new("what_was_said_can_be_taken_back") else { return };
    let revoke = ["--revoke", "--user-id", UID];
    let nothing = "Error: you have certified none of these user IDs, so there is nothing to take back";
    assert_eq!(world.certify(&revoke), (2, nothing.into()));
    world.certified(&["--user-id", UID, "--user-id", "not bob <bob@example.org>"]);
    assert_eq!(world.counting().len(), 2);
    world.certified(&revoke);
    assert_eq!(world.counting(), [json!(["not bob <bob@example.org>", 120, 0, [], [], false, true])]);
    let kinds: Vec<_> = world.words().into_iter().map(|word| word["kind"].clone()).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "revocation").count(), 1);
}

#[test]
fn what_cannot_be_said_is_said_clearly() {
    let Some(world) = World::new("what_cannot_be_said_is_said_clearly") else { return };
    let before = world.files();
    let there =
        "it has \"bob <bob@example.org.example.com>\", \"bob <bob@example.org>\", \"not bob <bob@example.org>\"";
    let cases: [(&[&str], String); 7] = [
        (&["--user-id", "bob"], format!("the certificate has no user ID \"bob\"; {there}")),
        (&["--user-id", "bob@example.org"], format!("the certificate has no user ID \"bob@example.org\"; {there}")),
        (&["--user-id", UID, "--user-id", "Bob"], format!("the certificate has no user ID \"Bob\"; {there}")),
        (
            &["--user-id", UID, "--amount", "60"],
            "gpg cannot make a certification of amount 60 at depth 0: a plain certification always counts as 120"
                .into(),
        ),
        (
            &["--user-id", UID, "--depth", "1", "--amount", "40"],
            "gpg cannot make a certification of amount 40 at depth 1: it knows 60 and 120".into(),
        ),
        (
            &["--user-id", UID, "--role", "author"],
            "the role author without a scope would be granted for no package".into(),
        ),
        (
            &["--user-id", UID, "--key", "nobody@example.org"],
            "gpg has no secret key that can sign for \"nobody@example.org\"".into(),
        ),
    ];
    for (arguments, error) in cases {
        assert_eq!(world.certify(arguments), (2, format!("Error: {error}")), "{arguments:?}");
    }
    for bad in [&["--scope", "pkg:npm/*/x"][..], &["--role", "admin"], &["--expires", "soon"], &["--depth", "256"]] {
        assert_eq!(world.certify(&[&["--user-id", UID], bad].concat()).0, 2, "{bad:?}");
    }
    let output = world.run(&["certify", &world.bob, "--user-id", UID]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("Error: nobody is there to confirm; nothing was signed\n"));
    assert_eq!(world.certify(&["--user-id", UID, "--keyring", "/nowhere"]).0, 2);
    assert_eq!(world.files(), before);
}

#[test]
fn an_expired_certificate_is_not_certified() {
    let Some(world) = World::with_target("an_expired_certificate_is_not_certified", "20250601T000000") else { return };
    let (code, error) = world.certify(&["--user-id", UID]);
    assert_eq!(
        (code, error.starts_with(&format!("Error: {} cannot be certified: it is expired on", world.bob))),
        (2, true)
    );
}

/// The agent asks a program of ours for the passphrase, and gets what a file says.
#[test]
fn a_passphrase_that_is_wrong_or_refused_leaves_nothing() {
    let Some(world) = World::new("a_passphrase_that_is_wrong_or_refused_leaves_nothing") else { return };
    let home = world.home.path();
    let (script, answer) = (home.join("pinentry.sh"), home.join("answer"));
    let lines = format!(
        "#!/bin/sh\necho OK\nwhile read -r line; do\n  case $line in\n    GETPIN*) read -r pin <'{}'\n      \
         if [ \"$pin\" = cancel ]; then echo 'ERR 83886179 cancelled'; else echo \"D $pin\"; echo OK; fi ;;\n    \
         BYE*) echo OK; exit ;;\n    *) echo OK ;;\n  esac\ndone\n",
        answer.display()
    );
    fs::write(&script, lines).unwrap();
    fs::set_permissions(&script, Permissions::from_mode(0o700)).unwrap();
    world.home.gpg_ok(
        None,
        "",
        &[
            "--batch",
            "--passphrase=right",
            "--quick-generate-key",
            "carol <carol@example.org>",
            "ed25519",
            "cert",
            "never",
        ],
    );
    let carol = world.home.fingerprints("=carol <carol@example.org>").swap_remove(0);
    let configuration = format!("pinentry-program {}\n", script.display());
    fs::write(home.join("gpg-agent.conf"), configuration).unwrap();
    Command::new("gpgconf").env("GNUPGHOME", home).args(["--kill", "all"]).status().unwrap();
    let before = world.files();
    let arguments = ["--user-id", UID, "--key", carol.as_str(), "--depth", "1"];
    for (typed, error) in [
        ("wrong", "Error: the PIN or passphrase was wrong; nothing was signed"),
        ("cancel", "Error: the PIN or passphrase entry was cancelled; nothing was signed"),
    ] {
        fs::write(&answer, format!("{typed}\n")).unwrap();
        assert_eq!(world.certify(&arguments), (2, error.into()));
        assert_eq!(world.files(), before);
    }
    fs::write(&answer, "right\n").unwrap();
    world.certified(&arguments);
    assert_eq!(world.words()[0]["issuer"], json!(carol));
}

/// A gpg that does more than it is asked, or less: nothing of it is kept.
#[test]
fn a_gpg_that_does_other_things_is_found_out() {
    let Some(mut world) = World::new("a_gpg_that_does_other_things_is_found_out") else { return };
    let gpg = look_for("gpg").unwrap();
    let folder = world.dir.path().join("bin");
    fs::create_dir(&folder).unwrap();
    world.path = Some(folder.clone());
    let before = world.files();
    let gpg = gpg.display();
    let other = "=not bob <bob@example.org>";
    let more = format!(
        "case \"$*\" in *--edit-key*) '{gpg}' \"$@\" || exit\n\
         home=; for word; do case $word in --homedir=*) home=$word ;; esac; done\n\
         exec '{gpg}' \"$home\" --no-options --batch --no-autostart --trust-model=always --local-user={} \
         --quick-sign-key {} '{other}' >/dev/null 2>&1 ;; esac\n",
        world.alice, world.bob
    );
    let wrapped = |change: &str| format!("case \"$*\" in *--edit-key*) {change} ;; esac\n");
    let other_option = |from: &str, to: &str| {
        format!(
            "first=1; for word; do [ $first ] && set -- && first=; set -- \"$@\" \"$(echo \"$word\" | sed 's/{from}/{to}/')\"; done\n"
        )
    };
    let with_scope = ["--user-id", UID, "--role", "author", "--scope", "pkg:cargo/serde"];
    let cases = [
        (more, "it has something that was not asked for"),
        (wrapped("exit 0"), "there is nothing new on the user ID \"bob <bob@example.org>\"; gpg did nothing"),
        (other_option("cargo.serde", "cargo\\/ring"), "it is not what was wanted: the roles or scopes"),
        (other_option("SHA512", "SHA256"), "it is not what was wanted: the hash"),
        (other_option("cert-expire=0", "cert-expire=1y"), "it is not what was wanted: the day on which it ends"),
        (other_option("@countersign.dev", "@example.org"), "it would not count [certification-unusable]"),
    ];
    for (script, cause) in cases {
        let file = folder.join("gpg");
        fs::write(&file, format!("#!/bin/sh\n{script}exec '{gpg}' \"$@\"\n")).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o755)).unwrap();
        let output = world.run(&[&["certify", &world.bob, "--yes"], &with_scope[..]].concat());
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{cause}: {told}");
        assert!(
            told.contains("Error: gpg did not make exactly what was wanted; nothing was kept\n"),
            "{cause}: {told}"
        );
        assert!(told.contains(&format!("Caused by: {cause}\n")), "{cause}: {told}");
        assert_eq!(world.files(), before, "{cause}");
    }
    // The good twin.
    world.path = None;
    world.certified(&with_scope);
}

/// Nothing is left where gpg was at work.
#[test]
fn the_home_to_throw_away_is_thrown_away() {
    let Some(world) = World::new("the_home_to_throw_away_is_thrown_away") else { return };
    let scratch = world.dir.path().join("tmp");
    fs::create_dir(&scratch).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(["certify", &world.bob, "--user-id", UID, "--yes"]).env("TMPDIR", &scratch);
    command.env("GNUPGHOME", world.home.path()).env("XDG_DATA_HOME", world.dir.path().join("data"));
    assert!(command.stdin(Stdio::null()).status().unwrap().success());
    assert_eq!(names(&scratch), [""; 0]);
}

fn names(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}
