//! Memory under strain: several processes at once, merges by hand, a full disk, a folder that nobody can write to.

#![expect(clippy::disallowed_methods, reason = "these tests need git, and several processes at once")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde::Deserialize;

use crate::attacks::people::Recipe;
use crate::attacks::world::{Step, World};
use crate::sign::full_disk::{Small, fill};
use crate::tools::found;

/// Packages `p0` to `p5`, each signed.
fn world() -> World {
    #[derive(Deserialize)]
    struct Steps {
        step: Vec<Step>,
    }
    let people = BTreeMap::from([("alice".to_owned(), Recipe::default())]);
    let world = World::new(&people, Path::new(env!("CARGO_BIN_EXE_countersign")), None);
    for number in 0..6 {
        let dir = format!("p{number}");
        let signature = format!("{dir}/.countersign/manifest.toml.{{alice}}.asc");
        let text = format!(
            "[[step]]\ncopy = {{ from = \"package\", to = \"{dir}\" }}\n[[step]]\nmanifest = {{ of = \"{dir}\", package = \
             \"{}\" }}\n[[step]]\nsign = {{ over = \"{dir}/.countersign/manifest.toml\", to = \"{signature}\" }}\n",
            package(number)
        );
        let steps: Steps = toml::from_str(&text).expect("steps");
        steps.step.iter().for_each(|step| world.act(step));
    }
    world
}

fn package(number: usize) -> String {
    format!("pkg:generic/p{number}@1.0.0")
}

fn words(command: &str, number: usize, lock: &str) -> Vec<String> {
    let text = format!("{command} p{number} --package {} --keyring keyring.pgp --lock {lock}", package(number));
    text.split(' ').map(str::to_owned).collect()
}

fn accept(world: &World, number: usize, lock: &str) -> Output {
    world.run(&words("accept --yes", number, lock))
}

/// The packages that a lock remembers, in its order; none where it is damaged.
fn remembered(world: &World, lock: &str) -> Option<Vec<String>> {
    let bytes = fs::read(world.path(lock)).expect("a lock");
    let read = countersign::lock::Lock::parse(&bytes, &countersign::limits::Limits::default()).ok()?;
    Some(read.pins().map(|pin| pin.package.to_string()).collect())
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn six_at_once_lose_nothing() {
    let world = world();
    std::thread::scope(|scope| {
        for number in 0..6 {
            let world = &world;
            scope.spawn(move || {
                for _ in 0..500 {
                    let output = accept(world, number, "lock");
                    if output.status.success() {
                        return;
                    }
                    // Whoever comes second is told, and judges anew.
                    assert!(stderr(&output).contains("nothing was remembered [state-write]"), "{}", stderr(&output));
                }
                panic!("it never comes to its turn");
            });
        }
    });
    let all: Vec<_> = (0..6).map(package).collect();
    assert_eq!(remembered(&world, "lock"), Some(all));
    let state = fs::read_to_string(world.path("home/.local/state/countersign/state.toml")).expect("the state");
    assert_eq!(state.matches("[[seen]]").count(), 6, "{state}");
}

#[test]
fn a_merge_by_hand_is_noticed_unless_it_is_one_side() {
    if !found("a_merge_by_hand_is_noticed_unless_it_is_one_side", &["git"]) {
        return;
    }
    let world = world();
    let git = |words: &str| {
        let mut git = Command::new("git");
        git.current_dir(world.root()).env("HOME", world.root()).env("GIT_CONFIG_NOSYSTEM", "1");
        git.args(["-c", "user.name=a", "-c", "user.email=a@example.org"]).args(words.split(' ')).output().expect("git")
    };
    let done = |words: &str| assert!(git(words).status.success(), "git {words}");
    let remember = |numbers: &[usize], branch: &str| {
        done(&format!("checkout -q -B {branch}"));
        numbers.iter().for_each(|number| assert!(accept(&world, *number, "lock").status.success()));
        done("add lock");
        done("commit -q -m lock");
        fs::read_to_string(world.path("lock")).expect("a lock")
    };
    done("init -q .");
    remember(&[1, 3], "base");
    let ours = remember(&[0, 4], "ours");
    done("checkout -q base");
    let theirs = remember(&[2, 5], "theirs");
    assert!(!git("merge -q ours").status.success(), "the digests are in each other's way");
    let merged = fs::read_to_string(world.path("lock")).expect("a lock");
    let verify = || world.run(&words("verify --format json", 1, "lock"));

    // As git leaves it.
    let output = verify();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"state-damaged\""), "{output:?}");

    // Every way to resolve it line by line.
    let parts = parts(&merged);
    let conflicts = parts.iter().filter(|part| part.len() == 2).count();
    let mut damaged = 0;
    for choice in 0..5_usize.pow(u32::try_from(conflicts).expect("a few")) {
        let text = resolved(&parts, choice);
        fs::write(world.path("lock"), &text).expect("written");
        let output = verify();
        if text == ours || text == theirs {
            assert_eq!(output.status.code(), Some(0), "{output:?}");
        } else {
            assert_eq!(output.status.code(), Some(2), "{text}");
            assert!(String::from_utf8_lossy(&output.stdout).contains("\"state-damaged\""), "{text}");
            assert_eq!(remembered(&world, "lock"), None);
            damaged += 1;
        }
    }
    assert!(conflicts > 0 && damaged > 3, "{conflicts} conflicts, {damaged} ways that are wrong");

    // The right one: one side, and what the other side accepted is accepted again.
    fs::write(world.path("lock"), theirs).expect("written");
    [0, 4].into_iter().for_each(|number| assert!(accept(&world, number, "lock").status.success()));
    assert_eq!(remembered(&world, "lock"), Some((0..6).map(package).collect()));
    assert_eq!(verify().status.code(), Some(0));
}

#[test]
fn a_full_disk_or_a_folder_that_cannot_be_written_leaves_the_old_memory() {
    let test = "a_full_disk_or_a_folder_that_cannot_be_written_leaves_the_old_memory";
    let world = world();
    for (folder, lock, file) in [
        ("small", "small/lock", "small/lock"),
        ("home/.local/state/countersign", "lock", "home/.local/state/countersign/state.toml"),
    ] {
        fs::create_dir_all(world.path(folder)).expect("made");
        let Some(small) = Small::mount(test, &world.path(folder)) else { return };
        fs::set_permissions(world.path(folder), std::os::unix::fs::PermissionsExt::from_mode(0o700)).expect("ours");
        assert!(accept(&world, 0, lock).status.success());
        let old = || (fs::read(world.path(file)).expect("memory"), fs::read(world.path(lock)).expect("a lock"));
        let before = old();
        let refused = |why: &str| {
            let output = accept(&world, 1, lock);
            assert_eq!(output.status.code(), Some(2), "{output:?}");
            let told = stderr(&output);
            assert!(told.contains("nothing was remembered [state-write]") && told.contains(why), "{told}");
            assert_eq!(old(), before);
            assert_eq!(world.run(&words("verify", 0, lock)).status.code(), Some(0), "the old memory reads");
        };
        fill(&world.path(&format!("{folder}/filler")), 0);
        refused("No space left on device");
        fs::remove_file(world.path(&format!("{folder}/filler"))).expect("removed");
        small.read_only(true);
        refused("Read-only file system");
        small.read_only(false);
        assert!(accept(&world, 1, lock).status.success());
        assert!(old() != before);
    }
}

/// A merged file in pieces: what is agreed has one form, a conflict has two.
fn parts(merged: &str) -> Vec<Vec<String>> {
    let mut parts = vec![vec![String::new()]];
    for line in merged.lines() {
        if line.starts_with("<<<<<<<") {
            parts.push(vec![String::new()]);
        } else if line.starts_with("=======") {
            parts.last_mut().expect("a part").push(String::new());
        } else if line.starts_with(">>>>>>>") {
            parts.push(vec![String::new()]);
        } else if !line.starts_with("|||||||") {
            let part = parts.last_mut().and_then(|part| part.last_mut()).expect("a part");
            part.push_str(line);
            part.push('\n');
        }
    }
    parts
}

/// One way to resolve it, of five for each conflict.
fn resolved(parts: &[Vec<String>], mut choice: usize) -> String {
    let mut text = String::new();
    for part in parts {
        let [one, other] = &part[..] else {
            text.push_str(&part[0]);
            continue;
        };
        match choice % 5 {
            0 => text.push_str(one),
            1 => text.push_str(other),
            2 => text.extend([one.as_str(), other]),
            3 => text.extend([other.as_str(), one]),
            _ => {}
        }
        choice /= 5;
    }
    text
}
