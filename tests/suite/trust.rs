//! `countersign trust` as people type it, in this process: lists, paths, explanations and pictures.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use countersign::cli::{Edge, run};
use serde_json::{Value, json};

use crate::networks::people::{Network, day};

/// A root introduces `ca`, who certified `alice`, and `bob` by SHA-1. `carol` was revoked, and `dave` is known to nobody.
const PEOPLE: &str = r#"
[people.root]
[people.ca]
[people.alice]
user-ids = ["alice <alice@example.org>", "<b>\\ \"alice\""]
[people.bob]
[people.carol]
revoked = "compromised"
revoked-on = 200
[people.dave]

[[certifications]]
by = "root"
of = "ca"
depth = 1
amount = 60
[[certifications]]
by = "ca"
of = "alice"
roles = ["author"]
scopes = ["pkg:cargo/serde"]
[[certifications]]
by = "ca"
of = "bob"
hash = "sha1"
[[certifications]]
by = "root"
of = "carol"
"#;

struct World {
    dir: tempfile::TempDir,
    people: BTreeMap<String, String>,
}

impl World {
    fn new(people: &str, more: impl FnOnce(Vec<u8>) -> Vec<u8>) -> Self {
        let network: Network = toml::from_str(people).expect("people");
        let (people, bytes) = network.make();
        let world = Self { dir: tempfile::tempdir().expect("a folder"), people };
        fs::write(world.keyring(), more(bytes)).expect("a keyring");
        world
    }

    fn keyring(&self) -> PathBuf {
        self.dir.path().join("keyring.pgp")
    }

    fn who(&self, name: &str) -> &str {
        &self.people[name]
    }

    /// Runs `countersign trust` on day 300 with the root as root. Gives the exit code, stdout and stderr.
    fn trust(&self, arguments: &[&str]) -> (u8, String, String) {
        let keyring = self.keyring();
        let (keyring, root) = (keyring.to_str().expect("a plain path"), self.who("root"));
        let whole = [&["countersign", "trust"], arguments, &["--keyring", keyring, "--root", root]].concat();
        let edge = Edge { folder: self.dir.path().into(), ..Edge::bare(day(300)) };
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let code = run(whole.into_iter().map(OsString::from), &edge, &mut out, &mut err);
        (code, String::from_utf8(out).expect("text"), String::from_utf8(err).expect("text"))
    }

    fn json(&self, arguments: &[&str]) -> (u8, Value) {
        let (code, out, err) = self.trust(&[arguments, &["--format", "json"]].concat());
        assert_eq!(err, "");
        (code, serde_json::from_str(&out).expect("JSON"))
    }

    /// A text with names in place of fingerprints.
    fn named(&self, text: &str) -> String {
        self.people
            .iter()
            .fold(text.to_owned(), |text, (name, print)| text.replace(print.as_str(), &name.to_uppercase()))
    }
}

#[test]
fn the_list_has_every_binding_and_says_what_is_of_no_use() {
    let world = World::new(PEOPLE, |bytes| bytes);
    let (code, list) = world.json(&["list", "--amount", "60"]);
    assert_eq!(code, 0);
    assert_eq!(list["countersign"], "trust-list/1");
    assert_eq!((&list["at"], &list["now"]), (&json!("2024-10-27T00:00:00Z"), &json!("2024-10-27T00:00:00Z")));
    let row = |name: &str, user_id: &str, amount: u8, paths: usize, reason: Option<&str>| {
        json!({
            "certificate": world.who(name), "user_id": user_id, "amount": amount, "authenticated": amount >= 60,
            "paths": paths, "reason": reason, "retired_issuers": false,
        })
    };
    let mut rows = vec![
        row("root", "root <root@example.org>", 120, 1, None),
        row("ca", "ca <ca@example.org>", 60, 1, None),
        row("alice", "<b>\\\\ \"alice\"", 0, 0, None),
        row("alice", "alice <alice@example.org>", 60, 1, None),
        row("bob", "bob <bob@example.org>", 0, 0, None),
        row("carol", "carol <carol@example.org>", 0, 0, Some("signer-revoked")),
        row("dave", "dave <dave@example.org>", 0, 0, None),
    ];
    rows.sort_by_key(|row| (row["certificate"].to_string(), row["user_id"].as_str().map(str::to_owned)));
    assert_eq!(list["bindings"], Value::from(rows));

    let (code, text, _) = world.trust(&["list", "--reached"]);
    assert_eq!(code, 0);
    assert!(text.starts_with("1 user IDs reach 120, 2 reach less, of 3; at 2024-10-27T00:00:00Z"), "{text}");
    assert_eq!(text.lines().count(), 4, "{text}");
}

#[test]
fn another_time_moves_no_algorithm() {
    let world = World::new(PEOPLE, |bytes| bytes);
    let (_, list) = world.json(&["list", "--reached", "--at", "2024-02-01"]);
    assert_eq!((&list["at"], &list["now"]), (&json!("2024-02-01T00:00:00Z"), &json!("2024-10-27T00:00:00Z")));
    assert_eq!(list["bindings"].as_array().map(Vec::len), Some(1), "only the root: nobody had certified yet");
}

#[test]
fn a_path_shows_the_facts_of_each_certification() {
    let world = World::new(PEOPLE, |bytes| bytes);
    let alice = world.who("alice");
    let (code, path) = world.json(&["path", alice, "--user-id", "alice <alice@example.org>", "--amount", "60"]);
    assert_eq!(code, 0);
    let edges = &path["bindings"][0]["paths"][0]["edges"];
    assert_eq!(edges[0]["depth"], 1);
    let last = json!({
        "issuer": world.who("ca"), "certificate": alice, "user_id": "alice <alice@example.org>",
        "created": "2024-04-10T00:00:00Z", "expires": null, "amount": 120, "depth": 0, "regexes": [],
        "roles": ["author"], "scopes": ["pkg:cargo/serde"], "exportable": true, "hash": "SHA512", "issuer_retired": false,
    });
    assert_eq!(edges[1], last);
    // 60 are not 120.
    let (code, text, _) = world.trust(&["path", alice, "--user-id", "alice <alice@example.org>"]);
    assert_eq!(code, 1);
    assert!(text.contains("alice <alice@example.org>: not reached, 60 of 120"), "{text}");
}

#[test]
fn why_names_what_stopped_it_and_who_could_help() {
    let world = World::new(PEOPLE, |bytes| bytes);
    let why = |name: &str, more: &[&str]| {
        let (code, text, _) = world.trust(&[&["why", world.who(name)], more].concat());
        (code, world.named(&text))
    };
    let (code, bob) = why("bob", &[]);
    assert_eq!(code, 1);
    assert!(bob.contains("it rests on the hash SHA1") && bob.contains("[certification-unusable]"), "{bob}");
    assert!(
        bob.contains("the smallest step: ca <ca@example.org> would have to certify bob <bob@example.org> again"),
        "{bob}"
    );
    let (_, dave) = why("dave", &[]);
    let step = "root <root@example.org> would have to certify dave <dave@example.org>, after comparing the fingerprint";
    assert!(dave.contains(step), "{dave}");
    let (_, carol) = why("carol", &[]);
    assert!(carol.contains("[signer-revoked]") && carol.contains("the certificate that takes its place"), "{carol}");
    let package = ["--user-id", "alice <alice@example.org>", "--package", "pkg:cargo/ring", "--role", "author"];
    let (code, alice) = why("alice", &package);
    assert_eq!(code, 1);
    assert!(alice.contains("[out-of-scope]"), "{alice}");
    // The one fingerprint of the target is the question's own.
    assert_eq!(alice.matches("ALICE").count(), 1, "{alice}");
}

#[test]
fn a_picture_is_drawn_without_any_program() {
    let world = World::new(PEOPLE, |bytes| bytes);
    let (code, svg, _) = world.trust(&["graph", world.who("alice"), "--amount", "60", "--format", "svg"]);
    assert_eq!(code, 0);
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    assert_eq!(svg.matches("class=\"arrow\"").count(), 2);
    assert!(!svg.contains("<b>"));
    let (_, dot, _) = world.trust(&["graph", world.who("alice"), "--amount", "60"]);
    assert!(world.named(&dot).contains("\"CA\" -> \"ALICE\" [label=\"60 of 120\"];"), "{dot}");
}

#[test]
fn what_cannot_be_asked_is_said() {
    let world = World::new(PEOPLE, |bytes| bytes);
    for (arguments, told) in [
        (&["list", "--amount", "0"][..], "[policy-threshold-zero]"),
        (&["list", "--role", "author"], "--package"),
        (&["list", "--max-depth", "0"], "a number from 1 to 255"),
        (&["list", "--distrust", "0123456789ABCDEF"], "[policy-key-id]"),
        (&["list", "--root", "0123456789ABCDEF0123456789ABCDEF01234567,amount=121"], "0 to 120"),
        (&["list", "--root", "0123456789ABCDEF0123456789ABCDEF01234567,color=red"], "a root is FPR"),
    ] {
        let (code, out, err) = world.trust(arguments);
        assert_eq!((code, &*out), (2, ""), "{arguments:?}");
        assert!(err.contains(told), "{err}");
    }
    let (_, list) = world.json(&["list", "--root", "0123456789ABCDEF0123456789ABCDEF01234567,amount=40,depth=1"]);
    assert_eq!(list["notes"][0]["code"], "policy-root-missing");
}

/// 150,000 signatures by nobody, and as many as are allowed in the name of somebody at hand, who never made them.
#[test]
fn a_flood_costs_only_the_flooded_certificate() {
    let flood = |issuer: &str, count: u64| -> Vec<u8> {
        let id = u64::from_str_radix(&issuer[24..], 16).expect("a key ID");
        let strangers = (0..150_000).map(|number| (0xdead_0000_0000_0000 | number, number));
        strangers.chain((0..count).map(|number| (id, number))).flat_map(|(id, number)| signature(id, number)).collect()
    };
    let people = "[people.root]\n[people.victim]\n[[certifications]]\nby = \"root\"\nof = \"victim\"\n";
    // What is added to the end of the keyring lies on its last certificate.
    let network: Network = toml::from_str(people).expect("people");
    let (names, bytes) = network.make();
    let mut world = World::new(people, |_| bytes.clone());
    world.people = names;
    for (count, usable) in [(500, true), (5_000, false)] {
        fs::write(world.keyring(), [bytes.clone(), flood(world.who("root"), count)].concat()).expect("a keyring");
        let (code, list) = world.json(&["list", "--reached"]);
        let reached = list["bindings"].as_array().map(Vec::len);
        assert_eq!((code, reached), (0, Some(if usable { 2 } else { 1 })), "{count}");
        assert_eq!(list["notes"].to_string().contains("limit-certificate"), !usable, "{count}");
    }
}

/// A certification packet that names a key and is by nobody.
fn signature(id: u64, number: u64) -> Vec<u8> {
    let mut body = vec![4, 0x10, 22, 8, 0, 6, 5, 2, 0x66, 0x20, 0, 0, 0, 10, 9, 16];
    body.extend(id.to_be_bytes());
    body.extend([0x12, 0x34, 1, 0]);
    body.extend([0xff; 32]);
    body.extend([1, 0]);
    body.extend([0xff; 24]);
    body.extend(number.to_be_bytes());
    [vec![0xc2, body.len() as u8], body].concat()
}
