//! Killed at every step that changes the disk: what is left is the old state or the new one.
//!
//! `strace` kills the program as it enters the n-th call of a kind, for n = 1, 2, … until it comes to its end.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::desk::{Desk, FIRST, Snapshot, Told};
use crate::tools::{Home, found, not_run};

/// The calls that change what is on disk. (A file that is opened for writing shows at the next of them.)
const CHANGES: [&str; 20] = [
    "write",
    "pwrite64",
    "writev",
    "ftruncate",
    "fsync",
    "fdatasync",
    "mkdir",
    "mkdirat",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "symlink",
    "symlinkat",
    "unlink",
    "unlinkat",
    "rmdir",
    "chmod",
    "fchmod",
];

const NEXT: &str = "sign acme --package pkg:generic/acme@1.1 --yes";

#[test]
fn a_killed_sign_leaves_the_old_evidence_or_the_new() {
    let Some((desk, home)) = ready("a_killed_sign_leaves_the_old_evidence_or_the_new") else { return };
    let before = desk.snapshot();
    let verify = format!("verify acme --signer {{alice}} --keyring {}", home.keyring("alice.pgp", &[]).display());
    let mut seen = BTreeSet::new();
    let ends = each_step(&desk, &home, NEXT, &before, |step| {
        let now = desk.snapshot();
        let own = |all: &Snapshot| below(all, "acme/.countersign");
        let is_old = own(&now) == own(&before);
        seen.insert(is_old);
        if !is_old {
            let names: Vec<_> = own(&now).into_iter().filter(|(_, content)| content.is_some()).collect();
            assert_eq!(names.len(), 4, "{step}: {names:?}");
            let report = desk.done(&home, &format!("{verify} --package pkg:generic/acme@1.1"));
            assert_eq!(report["verdict"], "accepted", "{step}");
        }
        // Nothing but a folder that says what it is, beside the package and not in it.
        let others = now.keys().filter(|path| !before.contains_key(*path) && !path.starts_with("acme"));
        for path in others {
            let top = path.iter().next().unwrap().to_str().unwrap();
            assert!(top.starts_with(".countersign-new-"), "{step}: {}", path.display());
        }
        assert_eq!(sources(&now), sources(&before), "{step}");
        // The next attempt comes to its end, and where there was something to do it tidies up.
        let told = desk.run(&home, NEXT);
        assert_eq!(told.code, 0, "{step}: {told:?}");
        assert_eq!(desk.done(&home, &verify)["verdict"], "accepted", "{step}");
        let left = fs::read_dir(desk.at(".")).unwrap().map(|entry| entry.unwrap().file_name());
        let left = left.filter(|name| name.to_str().unwrap().starts_with(".countersign-new-")).count();
        assert!(left == 0 || !is_old, "{step}: {left} leftovers");
    });
    assert!(ends > 12, "only {ends} steps");
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [false, true], "both states were seen");
}

#[test]
fn a_killed_sign_into_a_store_leaves_whole_files_only() {
    let Some((desk, home)) = ready("a_killed_sign_into_a_store_leaves_whole_files_only") else { return };
    desk.done(&home, "store add acme store");
    let words = format!("{NEXT} --store store");
    let verify = format!(
        "verify acme --package pkg:generic/acme@1.1 --store store --signer {{alice}} --keyring {} --format json",
        home.keyring("alice.pgp", &[]).display()
    );
    // The package's own evidence is about the old release, and is not asked here.
    fs::remove_dir_all(desk.at("acme/.countersign")).unwrap();
    let before = desk.snapshot();
    let mut seen = BTreeSet::new();
    let ends = each_step(&desk, &home, &words, &before, |step| {
        let now = desk.snapshot();
        assert_eq!(below(&now, "acme"), below(&before, "acme"), "{step}");
        holds(&now, &before, step);
        let told = desk.run(&home, &verify);
        let decided = codes(&told);
        seen.insert((told.code, decided.clone()));
        let told = desk.run(&home, &words);
        assert_eq!(told.code, 0, "{step}: {told:?}");
        assert_eq!(desk.run(&home, &verify).code, 0, "{step}");
        // All of it is whole; only the statement of the first attempt may lie there, that nothing refers to.
        let check = desk.run(&home, "store check store");
        let aside = check.out.lines().filter(|line| line.starts_with("set aside"));
        let orphans = aside.filter(|line| !line.ends_with("the statement is not listed under its package"));
        assert_eq!(orphans.collect::<Vec<_>>(), [""; 0], "{step}");
    });
    assert!(ends > 20, "only {ends} steps");
    let seen: Vec<_> = seen.into_iter().collect();
    assert_eq!(seen, EXPECTED.map(|(code, codes)| (code, codes.iter().map(ToString::to_string).collect())));
}

/// What `verify` says of a half-written store: that nobody signed it, or that all is well. Nothing between.
const EXPECTED: [(i32, &[&str]); 2] = [(0, &[]), (1, &["no-manifest"])];

#[test]
fn a_killed_store_add_loses_nothing_and_can_be_done_again() {
    let Some((desk, home)) = ready("a_killed_store_add_loses_nothing_and_can_be_done_again") else { return };
    desk.done(&home, "store add acme to");
    desk.done(&home, &format!("{NEXT} --store from"));
    let before = desk.snapshot();
    desk.done(&home, "store add from to");
    let after = below(&desk.snapshot(), "to");
    restore(&desk, &before);
    let ends = each_step(&desk, &home, "store add from to", &before, |step| {
        let now = desk.snapshot();
        holds(&now, &before, step);
        for (path, content) in files(&below(&now, "to")) {
            let whole = after.get(&path).is_some_and(|wanted| wanted.as_ref() == Some(&content));
            assert!(whole || is_leftover(&path), "{step}: {}", path.display());
        }
        desk.done(&home, "store add from to");
        let again: Snapshot =
            below(&desk.snapshot(), "to").into_iter().filter(|(path, _)| !is_leftover(path)).collect();
        assert!(again == after, "{step}: the second attempt did not complete the first");
    });
    assert!(ends > 12, "only {ends} steps");
}

#[test]
fn a_killed_first_store_add_leaves_what_can_be_added_to() {
    let Some((desk, home)) = ready("a_killed_first_store_add_leaves_what_can_be_added_to") else { return };
    let before = desk.snapshot();
    desk.done(&home, "store add acme new/store");
    let after = below(&desk.snapshot(), "new/store");
    restore(&desk, &before);
    let ends = each_step(&desk, &home, "store add acme new/store", &before, |step| {
        desk.done(&home, "store add acme new/store");
        let again: Snapshot =
            below(&desk.snapshot(), "new/store").into_iter().filter(|(path, _)| !is_leftover(path)).collect();
        assert!(again == after, "{step}: the second attempt did not complete the first");
    });
    assert!(ends > 12, "only {ends} steps");
}

#[test]
fn a_killed_accept_leaves_the_old_memory_or_the_new() {
    let Some((desk, home)) = ready("a_killed_accept_leaves_the_old_memory_or_the_new") else { return };
    let judged = format!("--lock lock --keyring {}", home.keyring("alice.pgp", &[]).display());
    desk.done(&home, NEXT);
    assert_eq!(desk.run(&home, &format!("accept acme --package pkg:generic/acme@1.1 {judged} --yes")).code, 0);
    desk.write("acme/main.c", "int third;\n");
    desk.done(&home, "sign acme --package pkg:generic/acme@1.2 --yes");
    let accept = format!("accept acme --package pkg:generic/acme@1.2 {judged} --yes");
    let locked = format!("verify acme --package pkg:generic/acme@1.2 {judged} --locked");
    let before = desk.snapshot();
    let lock = |all: &Snapshot| all.get(Path::new("lock")).cloned();
    let mut seen = BTreeSet::new();
    let ends = each_step(&desk, &home, &accept, &before, |step| {
        let now = desk.snapshot();
        let is_old = lock(&now) == lock(&before);
        seen.insert(is_old);
        // The old one does not know the release, the new one is whole and does; damage would be another code.
        let told = desk.run(&home, &locked);
        assert_eq!(
            (told.code, told.out.contains("[lock-changed]")),
            if is_old { (2, true) } else { (0, false) },
            "{step}"
        );
        assert!(!told.out.contains("[state-damaged]"), "{step}: {}", told.out);
        assert_eq!(sources(&now), sources(&before), "{step}");
        assert_eq!(desk.run(&home, &accept).code, 0, "{step}");
        assert_eq!(desk.run(&home, &locked).code, 0, "{step}");
    });
    assert!(ends > 6, "only {ends} steps");
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [false, true], "both states were seen");
}

/// A package of which 1.0 is signed and 1.1 can be, with strace at hand.
fn ready(test: &str) -> Option<(Desk, Home)> {
    let mut desk = Desk::new(test)?;
    if !found(test, &["strace"]) {
        return None;
    }
    if !Command::new("strace").args(["-o", "/dev/null", "true"]).output().unwrap().status.success() {
        not_run(test, "a system that lets strace look on");
        return None;
    }
    let home = Home::new();
    desk.key(&home, "alice");
    desk.done(&home, FIRST);
    desk.write("acme/main.c", "int other;\n");
    Some((desk, home))
}

/// Runs the program from the same start again and again, killed at another step each time; gives how many steps it has.
fn each_step(desk: &Desk, home: &Home, words: &str, start: &Snapshot, mut look: impl FnMut(&str)) -> usize {
    let mut steps = 0;
    for call in CHANGES {
        for count in 1.. {
            restore(desk, start);
            let mut strace = Command::new("strace");
            desk.dress(&mut strace, home);
            // The answer may be cut short; what is on disk may not.
            strace.args(["-qq", "-o", "/dev/null", "-e", &format!("trace={call}")]);
            strace.args(["-e", &format!("inject={call}:signal=KILL:when={count}")]);
            strace.arg(env!("CARGO_BIN_EXE_countersign")).args(desk.words(words));
            let ended = strace.output().unwrap();
            if ended.status.success() {
                break;
            }
            let step = format!("{call} {count}");
            assert_eq!(ended.status.signal(), Some(9), "{step}: {ended:?}");
            look(&step);
            steps += 1;
        }
    }
    steps
}

/// Makes the folder exactly what it was.
fn restore(desk: &Desk, start: &Snapshot) {
    for (path, content) in &desk.snapshot() {
        if start.get(path) != Some(content) && desk.at(".").join(path).exists() {
            let path = desk.at(".").join(path);
            if content.is_none() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
        }
    }
    for (path, content) in start {
        let path = desk.at(".").join(path);
        match content {
            None => fs::create_dir_all(path).unwrap(),
            Some(content) if fs::read(&path).ok().as_ref() != Some(content) => fs::write(path, content).unwrap(),
            Some(_) => {}
        }
    }
}

/// Every file of before is there and as it was.
fn holds(now: &Snapshot, before: &Snapshot, step: &str) {
    for (path, content) in files(before) {
        assert!(now.get(&path) == Some(&Some(content)), "{step}: {} is not as it was", path.display());
    }
}

fn files(all: &Snapshot) -> Vec<(PathBuf, Vec<u8>)> {
    all.iter().filter_map(|(path, content)| Some((path.clone(), content.clone()?))).collect()
}

/// What an interrupted write leaves beside the file that it was to become.
fn is_leftover(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_str().unwrap().starts_with(".new-"))
}

fn below(all: &Snapshot, folder: &str) -> Snapshot {
    let inner = |path: &PathBuf| path.strip_prefix(folder).ok().map(Path::to_owned);
    all.iter().filter_map(|(path, content)| Some((inner(path)?, content.clone()))).collect()
}

/// The package's files but for its evidence.
fn sources(all: &Snapshot) -> Snapshot {
    below(all, "acme").into_iter().filter(|(path, _)| !path.starts_with(".countersign")).collect()
}

/// The distinct codes of a report that decide.
fn codes(told: &Told) -> Vec<String> {
    let report: serde_json::Value = serde_json::from_str(&told.out).unwrap_or_else(|_| panic!("{told:?}"));
    let reasons = report["packages"][0]["reasons"].as_array().unwrap();
    let codes: BTreeSet<_> = reasons.iter().map(|reason| reason["code"].as_str().unwrap().to_owned()).collect();
    codes.into_iter().collect()
}
