//! Memory on disk: two writers, full disks, deaths at each step, damage.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::write::{Step, unwatched};
use super::*;
use crate::lock::{Basis, Pin};
use crate::openpgp::open::FirstSeen as _;
use crate::time::Timestamp;

fn now() -> Timestamp {
    Timestamp::from_seconds(1_795_424_400)
}

fn with(mut lock: Lock, package: &str) -> Lock {
    let pin = Pin {
        package: package.parse().expect(package),
        tree: Digest::of(b"tree"),
        manifest: None,
        authors: [].into(),
        basis: Basis::Unsigned,
        accepted: now(),
        policy: Digest::of(b"policy"),
    };
    lock.remember(pin, now()).expect("fit");
    lock
}

fn read(path: &Path) -> LockFile {
    LockFile::read(path, &Limits::default()).unwrap_or_else(|error| panic!("{error}"))
}

fn code(result: Result<(), StateError>) -> &'static str {
    result.err().map_or("good", |error| error.reason().code.as_str())
}

/// The names in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name")).collect();
    names.sort();
    names
}

#[test]
fn what_is_written_is_read_and_the_same_is_not_written_again() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join(LOCK);
    let none = read(&path);
    assert!(!none.is_there() && names(dir.path()).is_empty());
    let lock = with(Lock::default(), "pkg:cargo/a@1.0.0");
    assert_eq!(code(none.write(&lock, &unwatched)), "good");
    let there = read(&path);
    assert!(there.is_there() && !there.would_change(&lock));
    assert_eq!(*there.lock(), lock);
    let never = |step: Step| -> io::Result<()> { panic!("{step:?}") };
    assert_eq!(code(there.write(&lock, &never)), "good");
    assert_eq!(names(dir.path()), [LOCK]);
}

#[test]
fn a_full_disk_or_a_death_at_any_step_leaves_the_old_or_the_new() {
    for step in Step::ALL {
        for dies in [false, true] {
            let dir = tempfile::tempdir().expect("a folder");
            let path = dir.path().join(LOCK);
            let old = with(Lock::default(), "pkg:cargo/a@1.0.0");
            read(&path).write(&old, &unwatched).expect("written");
            let new = with(old.clone(), "pkg:cargo/b@1.0.0");
            let stop = |now: Step| match now == step {
                true if dies => panic!("died"),
                true => Err(io::Error::from(io::ErrorKind::StorageFull)),
                false => Ok(()),
            };
            let file = read(&path);
            let outcome = catch_unwind(AssertUnwindSafe(|| file.write(&new, &stop)));
            if let Ok(outcome) = outcome {
                assert_eq!(code(outcome), "state-write", "{step:?}");
            }
            let expected = if step == Step::SyncFolder { &new } else { &old };
            assert_eq!(read(&path).lock(), expected, "{step:?} {dies}");
            assert_eq!(names(dir.path()), [LOCK], "{step:?} {dies}");
            // And nothing of it is in the way of the next.
            read(&path).write(&new, &unwatched).expect("written");
        }
    }
}

/// What a killed process does not tidy up is in nobody's way.
#[test]
#[expect(clippy::disallowed_methods, reason = "only another process can be killed")]
fn a_process_that_is_killed_at_any_step_leaves_the_old_or_the_new() {
    let old = with(Lock::default(), "pkg:cargo/a@1.0.0");
    let new = with(old.clone(), "pkg:cargo/b@1.0.0");
    for (number, step) in Step::ALL.into_iter().enumerate() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join(LOCK);
        read(&path).write(&old, &unwatched).expect("written");
        let mut child = std::process::Command::new(std::env::current_exe().expect("this program"));
        child.args(["--exact", "state::tests::dies_where_it_is_told_to"]);
        let died = child.env(DIE_AT, number.to_string()).env(DIE_IN, dir.path()).output().expect("it runs");
        assert!(!died.status.success(), "{step:?}");
        let expected = if step == Step::SyncFolder { &new } else { &old };
        assert_eq!(read(&path).lock(), expected, "{step:?}");
        let left = names(dir.path()).len();
        assert_eq!(left, if [Step::Make, Step::SyncFolder].contains(&step) { 1 } else { 2 }, "{step:?}");
        read(&path).write(&with(new.clone(), "pkg:cargo/c@1.0.0"), &unwatched).expect("written");
        assert_eq!(read(&path).lock().pins().count(), 3);
    }
}

/// The process that is killed by the test above; for anybody else it does nothing.
#[test]
fn dies_where_it_is_told_to() {
    let (Some(at), Some(dir)) = (std::env::var_os(DIE_AT), std::env::var_os(DIE_IN)) else { return };
    let at: usize = at.to_str().and_then(|at| at.parse().ok()).expect("a number");
    let file = read(&Path::new(&dir).join(LOCK));
    let die = |step: Step| if step == Step::ALL[at] { std::process::abort() } else { Ok(()) };
    file.write(&with(file.lock().clone(), "pkg:cargo/b@1.0.0"), &die).expect("not reached");
}

const DIE_AT: &str = "COUNTERSIGN_TEST_DIE_AT";
const DIE_IN: &str = "COUNTERSIGN_TEST_DIE_IN";

#[test]
fn what_a_killed_process_left_behind_is_in_nobodys_way() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join(LOCK);
    fs::write(dir.path().join(format!("{}abc", crate::beneath::LEFTOVER)), "half").expect("written");
    let lock = with(Lock::default(), "pkg:cargo/a@1.0.0");
    read(&path).write(&lock, &unwatched).expect("written");
    assert_eq!(*read(&path).lock(), lock);
}

#[test]
fn of_two_writers_the_second_is_told_and_loses_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join(LOCK);
    let (first, second) = (read(&path), read(&path));
    let mine = with(Lock::default(), "pkg:cargo/a@1.0.0");
    let theirs = with(Lock::default(), "pkg:cargo/b@1.0.0");
    assert_eq!(code(first.write(&mine, &unwatched)), "good");
    assert!(matches!(second.write(&theirs, &unwatched), Err(StateError::Changed(_))));
    assert_eq!(*read(&path).lock(), mine);
    // Read again, both are there.
    let again = read(&path);
    assert_eq!(code(again.write(&with(again.lock().clone(), "pkg:cargo/b@1.0.0"), &unwatched)), "good");
    assert_eq!(read(&path).lock().pins().count(), 2);
    // A file that was deleted meanwhile is a change, too.
    let held = read(&path);
    fs::remove_file(&path).expect("removed");
    assert_eq!(code(held.write(&mine, &unwatched)), "state-write");
    assert!(!path.exists());
}

#[test]
fn two_writers_at_the_same_moment_take_turns() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join(LOCK);
    let lock = with(Lock::default(), "pkg:cargo/a@1.0.0");
    let other = read(&path);
    let meanwhile = |step: Step| {
        if step == Step::Rename {
            assert!(matches!(
                other.write(&with(lock.clone(), "pkg:cargo/b@1.0.0"), &unwatched),
                Err(StateError::Busy(_))
            ));
        }
        Ok(())
    };
    read(&path).write(&lock, &meanwhile).expect("written");
    assert_eq!(*read(&path).lock(), lock);
}

#[test]
fn many_threads_add_to_the_users_state_and_all_of_it_stays() {
    let dir = tempfile::tempdir().expect("a folder");
    let state = UserState::new(&dir.path().join("deep/state"), &Limits::default());
    let signer = || "A".repeat(40).parse().expect("a fingerprint");
    std::thread::scope(|scope| {
        for number in 0..8_u8 {
            let state = &state;
            scope.spawn(move || {
                let mut seen = Seen::default();
                seen.see(Digest::of(&[number]), signer(), now());
                state.add(&seen, &unwatched).expect("added");
            });
        }
    });
    let seen = state.read().expect("read");
    assert!((0..8_u8).all(|number| seen.first_seen(Digest::of(&[number]), &signer()) == Some(now())));
    let full = |_: Step| Err(io::Error::from(io::ErrorKind::StorageFull));
    let mut more = Seen::default();
    more.raise_floor(now());
    assert_eq!(code(state.add(&more, &full)), "state-write");
    assert_eq!(state.read().expect("read"), seen);
}

#[test]
fn damage_is_an_error_and_never_a_fresh_start() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join(LOCK);
    let lock = with(Lock::default(), "pkg:cargo/a@1.0.0");
    read(&path).write(&lock, &unwatched).expect("written");
    let whole = fs::read(&path).expect("read");
    let file = read(&path);
    let state = UserState::new(dir.path(), &Limits::default());
    for (bytes, wanted) in [
        (whole[..whole.len() / 2].to_vec(), "state-damaged"),
        (Vec::new(), "state-damaged"),
        (lock.text().replace("lock/1", "lock/2").into_bytes(), "state-version"),
        (lock.text().replace("a@1.0.0", "a@1.0.1").into_bytes(), "state-damaged"),
    ] {
        fs::write(&path, &bytes).expect("written");
        assert_eq!(code(LockFile::read(&path, &Limits::default()).map(drop)), wanted);
        // Nor does a write heal it in silence.
        assert_eq!(code(file.write(&with(lock.clone(), "pkg:cargo/b@1.0.0"), &unwatched)), "state-write");
        assert_eq!(fs::read(&path).expect("read"), bytes);
        fs::write(dir.path().join("state.toml"), &bytes).expect("written");
        let told = state.read().expect_err("damaged").reason();
        assert_eq!(told.code.as_str(), "state-damaged");
        // It remembers no packages.
        assert!(told.step.is_some_and(|step| step.contains("first seen") && !step.contains("accept")));
        assert_eq!(code(state.add(&Seen::default(), &unwatched)), "state-damaged");
    }
    fs::write(&path, &whole).expect("written");
    assert_eq!(*read(&path).lock(), lock);
}

#[cfg(unix)]
#[test]
fn what_others_can_write_or_a_link_leads_away_is_refused() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join(LOCK);
    let lock = with(Lock::default(), "pkg:cargo/a@1.0.0");
    read(&path).write(&lock, &unwatched).expect("written");
    let readable = || code(LockFile::read(&path, &Limits::default()).map(drop));
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set");
    assert_eq!(readable(), "good");
    mode(&path, 0o666);
    assert_eq!(readable(), "writable-by-others");
    mode(&path, 0o644);
    mode(dir.path(), 0o777);
    assert_eq!(readable(), "writable-by-others");
    let elsewhere = dir.path().join("none.lock");
    let none = LockFile::read(&elsewhere, &Limits::default()).expect("nothing there");
    assert_eq!(code(none.write(&lock, &unwatched)), "writable-by-others");
    mode(dir.path(), 0o700);
    assert_eq!(code(none.write(&lock, &unwatched)), "good");
    symlink(&path, dir.path().join("link")).expect("linked");
    assert_eq!(code(LockFile::read(&dir.path().join("link"), &Limits::default()).map(drop)), "unreadable");
}
