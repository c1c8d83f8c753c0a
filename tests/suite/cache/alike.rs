//! Word by word the same answers with and without the cache: of every shape, of real keyrings, at any time, and wherever the
//! cache cannot be used.

#![expect(clippy::disallowed_methods, reason = "the program itself is run")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sequoia_openpgp::parse::Parse as _;
use sequoia_openpgp::serialize::Serialize as _;
use sequoia_openpgp::types::SignatureType;
use sequoia_openpgp::{Packet, PacketPile};
use serde_json::Value;

use super::{BEFORE, TAKEN_BACK, World, said};
use crate::networks::people::{Network, day};
use crate::sign::full_disk::{Small, fill};
use crate::tools::not_run;

const ARCH: &str = "/usr/share/keyrings/archlinux.gpg";
const DEBIAN: &str = "/usr/share/keyrings/debian-keyring.gpg";

/// A second before, at and after each day on which something happens somewhere in the shapes.
#[test]
fn every_shape_is_answered_alike_at_any_time() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/networks");
    let mut asked = 0;
    for shape in fs::read_dir(folder).expect("tests/networks") {
        let text = fs::read_to_string(shape.expect("one").path().join("network.toml")).expect("people");
        let network: Network = toml::from_str(&text).expect("people");
        let (people, bytes) = network.make();
        let dir = tempfile::tempdir().expect("a folder");
        let (keyring, cache) = (dir.path().join("keyring.pgp"), dir.path().join("cache"));
        fs::write(&keyring, bytes).expect("a keyring");
        let keyring = keyring.to_str().expect("a plain path");
        let (root, last) = (people.values().next().expect("somebody"), people.values().last().expect("somebody"));
        let root = people.get("root").unwrap_or(root);
        let view = ["--keyring", keyring, "--root", root];
        let mut alike = |words: &[&str]| {
            let without = said(&[words, &view[..], &["--no-cache"]].concat(), Some(&cache));
            for way in ["cold", "warm"] {
                assert_eq!(said(&[words, &view[..]].concat(), Some(&cache)), without, "{way}, {words:?}");
            }
            asked += 1;
        };
        for number in [50, 100, 150, 200, 250, 300] {
            for second in [1, 0, -1] {
                let at = times(number, second);
                alike(&["list", "--at", &at]);
            }
            let at = times(number, 0);
            alike(&["why", last, "--at", &at]);
            alike(&["path", last, "--at", &at, "--format", "json"]);
        }
        alike(&["list", "--certification-network"]);
        alike(&["graph", last]);
        let files = fs::read_dir(&cache).expect("a cache").count();
        assert_eq!(files, 1, "all times share a file");
    }
    assert!(asked > 500, "{asked}");
}

fn times(number: u64, seconds: i64) -> String {
    let since = day(number).duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    let seconds = u32::try_from(i64::try_from(since).expect("small") + seconds).expect("a time");
    countersign::time::Timestamp::from_seconds(seconds).to_string()
}

/// Of a certificate without a self-signature the library says so "at" the moment that is asked about.
#[test]
fn a_sentence_with_the_moment_in_it_is_told_anew() {
    let ghost = "[people.root]\n[people.ghost]\nuser-id-unsigned = \"ghost <ghost@example.org>\"\n";
    let network: Network = toml::from_str(ghost).expect("people");
    let (people, bytes) = network.make();
    let dir = tempfile::tempdir().expect("a folder");
    let (keyring, cache) = (dir.path().join("keyring.pgp"), dir.path().join("cache"));
    fs::write(&keyring, bytes).expect("a keyring");
    let keyring = keyring.to_str().expect("a plain path");
    for (number, written) in [(100, true), (120, false), (140, false)] {
        let at = times(number, 0);
        let words = ["list", "--keyring", keyring, "--root", &people["root"], "--at", &at];
        let told = said(&words, Some(&cache));
        assert!(told.1.contains(&format!("at time {at})")), "{told:?}");
        assert_eq!(told, said(&[&words[..], &["--no-cache"]].concat(), Some(&cache)));
        // One span of time: nothing was found out anew.
        let file = fs::read_dir(&cache).expect("a folder").next().expect("a file").expect("a file").path();
        let old = std::time::SystemTime::UNIX_EPOCH;
        let touched = fs::File::options().write(true).open(&file).expect("a file");
        assert_eq!(touched.metadata().expect("facts").modified().expect("a time") != old, written, "{number}");
        touched.set_modified(old).expect("set");
    }
}

/// In processes of their own: within one, the library remembers which signatures held.
#[test]
fn real_keyrings_are_answered_alike_by_processes_of_their_own() {
    const TEST: &str = "cache::alike::real_keyrings_are_answered_alike_by_processes_of_their_own";
    let real: [(&str, &str, &[&str]); 2] = [
        (ARCH, "91FFE0700E80619CEB73235CA88E23E377514E00", &["2023-11-20T00:00:00Z", "2019-01-01T00:00:00Z"]),
        (DEBIAN, "D1E1316E93A760A8104D85FABB3A68018649AA06", &["2022-12-24T00:00:00Z"]),
    ];
    for (keyring, root, times) in real {
        if !Path::new(keyring).is_file() {
            not_run(TEST, "Debian's packages archlinux-keyring and debian-keyring");
            continue;
        }
        let home = tempfile::tempdir().expect("a folder");
        for at in times {
            let list = |more: &[&str]| {
                let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
                command.args(["trust", "list", "--format", "json", "--keyring", keyring, "--root", root, "--at", at]);
                command.args(more).env("HOME", home.path()).env("XDG_CACHE_HOME", home.path().join("cache"));
                let told = command.env("RUST_BACKTRACE", "0").output().expect("it runs");
                let mut told: Value = serde_json::from_slice(&told.stdout).expect("JSON");
                // The program's own clock.
                told["now"].take();
                told
            };
            let without = list(&["--no-cache"]);
            assert!(without["bindings"].as_array().expect("bindings").len() > 100);
            assert!(list(&[]) == without, "cold, {keyring}, {at}");
            assert!(list(&[]) == without, "warm, {keyring}, {at}");
        }
    }
}

#[test]
fn a_revocation_in_the_keyring_shows_at_once() {
    let network: Network = toml::from_str(&format!("{BEFORE}{TAKEN_BACK}")).expect("people");
    let (people, after) = network.make();
    let pile = PacketPile::from_bytes(&after[..]).expect("packets");
    let mut before = Vec::new();
    for packet in pile.into_children() {
        if !matches!(&packet, Packet::Signature(one) if one.typ() == SignatureType::CertificationRevocation) {
            packet.serialize(&mut before).expect("a packet");
        }
    }
    assert!(before.len() < after.len());
    let dir = tempfile::tempdir().expect("a folder");
    let (keyring, cache) = (dir.path().join("keyring.pgp"), dir.path().join("cache"));
    let list = || super::list(&keyring, &people["root"], &cache, &[]).0;
    let reached = |bindings: Value| {
        let all = bindings.as_array().expect("bindings").iter();
        all.filter(|one| one["amount"].as_u64().expect("a number") > 0).count()
    };
    for _ in 0..2 {
        fs::write(&keyring, &before).expect("a keyring");
        assert_eq!([reached(list()), reached(list())], [3, 3], "root, ca and alice");
        fs::write(&keyring, &after).expect("a keyring");
        assert_eq!([reached(list()), reached(list())], [2, 2], "root and ca");
    }
}

#[test]
fn wherever_a_file_is_changed_it_is_told_and_nothing_else_changes() {
    let world = World::new();
    let good = world.list(&[]);
    let whole = fs::read(world.file()).expect("a file");
    for place in (0..whole.len()).step_by(11) {
        let mut flipped = whole.clone();
        flipped[place] ^= 1 << (place % 8);
        for bad in [&flipped[..], &whole[..place]] {
            fs::write(world.file(), bad).expect("written");
            assert_eq!(world.list(&[]), (good.0.clone(), vec!["cache-invalid".to_owned()]), "byte {place}");
        }
        assert_eq!(fs::read(world.file()).expect("a file"), whole, "replaced");
    }
}

/// With its digest made anew, what does not hold together is refused as well.
#[test]
fn numbers_that_lead_nowhere_are_refused() {
    let world = World::new();
    let good = world.list(&[]);
    let whole = fs::read_to_string(world.file()).expect("a file");
    let body = whole.rsplit_once('\n').expect("lines").0;
    let changes = [
        ("\"words\":[[", "\"words\":[[9"),
        ("\"words\":[[", "\"words\":[[0,"),
        ("\"words\":[[", "\"words\":[[-1,0,0,1],["),
        ("\"lives\":[", "\"lives\":[{},"),
        ("\"local\":true", "\"local\":1"),
        ("\"set_aside\":[]", "\"set_aside\":[7]"),
        ("\"made\":", "\"made\":99"),
        ("example.org", "example\\u0007org"),
        ("\"keys\":[\"", "\"keys\":[\"0"),
        ("\"strays\":[", "\"strays\":[[99,0,[6,[]]]"),
    ];
    for (from, to) in changes {
        let changed = format!("{}\n", body.replacen(from, to, 1));
        assert_ne!(changed.trim_end(), body, "{from}");
        let end = countersign::digest::Digest::of(changed.as_bytes()).hex();
        fs::write(world.file(), format!("{changed}{end}")).expect("written");
        assert_eq!(world.list(&[]), (good.0.clone(), vec!["cache-invalid".to_owned()]), "{to}");
    }
}

#[test]
fn on_a_full_disk_the_answers_are_the_same() {
    const TEST: &str = "cache::alike::on_a_full_disk_the_answers_are_the_same";
    let world = World::new();
    let good = world.list(&["--no-cache"]);
    fs::create_dir(world.folder()).expect("a folder");
    let Some(_small) = Small::mount(TEST, &world.folder()) else { return };
    let files = || -> Vec<PathBuf> {
        fs::read_dir(world.folder()).expect("there").map(|one| one.expect("one").path()).collect()
    };
    for pages in 0..3 {
        fill(&world.folder().join("filler"), pages);
        assert_eq!(world.list(&[]), good, "{pages} pages");
        fs::remove_file(world.folder().join("filler")).expect("removed");
        if pages == 0 {
            assert_eq!(files(), Vec::<PathBuf>::new(), "nothing half-written is left");
        }
    }
    assert_eq!(world.list(&[]), good);
    assert_eq!(world.list(&[]), good, "warm");
    assert_eq!(files().len(), 1);
}

#[cfg(unix)]
#[test]
fn what_belongs_to_somebody_else_is_not_read() {
    const TEST: &str = "cache::alike::what_belongs_to_somebody_else_is_not_read";
    let world = World::new();
    let good = world.list(&[]);
    if std::os::unix::fs::chown(world.file(), Some(65_534), None).is_err() {
        return not_run(TEST, "to give a file away, as root");
    }
    // Root may read it all the same, and does not.
    assert_eq!(world.list(&[]), (good.0.clone(), vec!["cache-invalid".to_owned()]));
    assert_eq!(world.list(&[]), good, "replaced");
    std::os::unix::fs::chown(world.folder(), Some(65_534), None).expect("given away");
    let invalid = (good.0, vec!["cache-invalid".to_owned()]);
    assert_eq!([world.list(&[]), world.list(&[])], [invalid.clone(), invalid], "and not written to");
}
