//! Damaged repositories: whatever byte of a pack, of its index or of a loose object is another one or is gone, what comes out is
//! what the commit's name stands for, or `git-object`.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "shared functions of tests")]

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use countersign::limits::Limits;

use crate::git::{World, told};

/// Some files, changed often enough that a pack has them as differences.
fn world(test: &str) -> Option<(World, String)> {
    let world = World::new(test)?;
    let mut lines: Vec<String> =
        (0..80_u32).map(|line| format!("line {line} {}", line.wrapping_mul(0x9E37_79B9))).collect();
    let mut commit = String::new();
    for round in 0..6 {
        lines[round * 7].push_str(" changed");
        world.write("a", lines.join("\n"));
        world.write("folder/b", lines[..40].join("\n"));
        world.write(&format!("c{round}"), format!("{round}"));
        commit = world.commit();
    }
    Some((world, commit))
}

/// The files below a folder whose names end so.
fn files(folder: &Path, fits: &dyn Fn(&str) -> bool) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path, fits));
        } else if fits(path.to_str().unwrap()) {
            all.push(path);
        }
    }
    all.sort();
    all
}

/// Damages a file in every way that is tried, one after the other, and gives how often what came of it.
fn damage(world: &World, commit: &str, file: &Path, step: usize) -> BTreeMap<String, usize> {
    let repository = world.at("repo");
    let limits = Limits::default();
    let whole = told(&repository, commit, &limits);
    let bytes = fs::read(file).unwrap();
    fs::set_permissions(file, Permissions::from_mode(0o644)).unwrap();
    let mut came = BTreeMap::new();
    let mut tried = |damaged: &[u8], how: &str| {
        fs::write(file, damaged).unwrap();
        let found = told(&repository, commit, &limits);
        let answer = match found {
            found if found == whole => "whole",
            found if found.ends_with("[git-object]") => "git-object",
            other => panic!("{} {how}: {other}", file.display()),
        };
        *came.entry(answer.to_owned()).or_default() += 1;
    };
    for length in (0..bytes.len()).step_by(64) {
        tried(&bytes[..length], &format!("cut after {length}"));
    }
    for place in (0..bytes.len()).step_by(step) {
        for change in [0xff, 0x01, 0x80] {
            let mut other = bytes.clone();
            other[place] ^= change;
            tried(&other, &format!("{change:#x} at {place}"));
        }
    }
    fs::write(file, &bytes).unwrap();
    assert_eq!(told(&repository, commit, &limits), whole);
    came
}

#[test]
fn a_damaged_pack_gives_what_the_name_stands_for_or_nothing() {
    let Some((world, commit)) = world("a damaged pack") else { return };
    world.git("repo", &["repack", "-a", "-d", "--quiet"]);
    let objects = world.at("repo/.git/objects");
    for (end, step) in [(".pack", 3), (".idx", 3)] {
        let found = files(&objects, &|name| name.ends_with(end));
        let came = damage(&world, &commit, &found[0], step);
        assert!(came.get("git-object").is_some_and(|times| *times > 20), "{end}: {came:?}");
    }
}

#[test]
fn a_damaged_loose_object_gives_what_the_name_stands_for_or_nothing() {
    let Some((world, commit)) = world("a damaged loose object") else { return };
    let tree_or_file = |name: &str| !name.contains("/pack/") && !name.contains("/info/");
    let mut refused = 0;
    for file in files(&world.at("repo/.git/objects"), &tree_or_file) {
        refused += damage(&world, &commit, &file, 5).get("git-object").copied().unwrap_or(0);
    }
    assert!(refused > 100, "{refused}");
}
