//! Files that change while they are read, and files of every size.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::super::fixture::{Fixture, Moment, fifo, one, told};
use super::*;

/// What is told if `act` happens at a moment of the reading of `a`.
fn found_when(at: Moment<'static>, act: impl Fn(&Fixture) + Sync) -> Vec<(&'static str, String)> {
    let fixture = Fixture::new(&[("a", "aaaa"), ("b", "b"), (".countersign/c", "cccc")]);
    let found = fixture.found_when(|now| {
        if now == at {
            act(&fixture);
        }
    });
    // The root's listing differs too, if the name was given to another file.
    found.into_iter().filter(|(_, path)| path != ".").collect()
}

const OPENING: Moment<'_> = Moment::Opening("a");
const HASHED: Moment<'_> = Moment::Hashed("a");

#[test]
fn a_file_that_is_swapped_before_it_is_opened_is_refused() {
    assert_eq!(found_when(OPENING, |_| ()), []);
    let swap = |act: fn(&Fixture)| {
        found_when(OPENING, move |fixture| {
            fs::remove_file(fixture.at("a")).expect("removed");
            act(fixture);
        })
    };
    assert_eq!(swap(|fixture| symlink("b", fixture.at("a")).expect("linked")), one("symlink", "a"));
    assert_eq!(swap(|fixture| fifo(fixture.at("a"))), one("special-file", "a"));
    assert_eq!(swap(|fixture| fs::create_dir(fixture.at("a")).expect("made")), one("changed-during-verify", "a"));
    assert_eq!(swap(|_| ()), one("changed-during-verify", "a"));
    let other = |f: &Fixture| fs::rename(f.at(".countersign/c"), f.at("a")).expect("moved");
    assert_eq!(swap(other), one("changed-during-verify", "a"));
}

#[test]
fn a_file_that_is_written_to_is_refused() {
    let changes: [fn(&Fixture); 4] = [
        |fixture| fs::write(fixture.at("a"), "aaab").expect("written"),
        |fixture| fs::write(fixture.at("a"), "aaa").expect("written"),
        |fixture| {
            let mut file = File::options().append(true).open(fixture.at("a")).expect("open");
            file.write_all(&[0; 1000]).expect("written");
        },
        |fixture| fs::set_permissions(fixture.at("a"), fs::Permissions::from_mode(0o755)).expect("changed"),
    ];
    for act in changes {
        assert_eq!(found_when(OPENING, act), one("changed-during-verify", "a"));
        assert_eq!(found_when(HASHED, act), one("changed-during-verify", "a"));
    }
}

#[test]
fn old_time_stamps_hide_nothing() {
    let act = |fixture: &Fixture| {
        let before = fs::metadata(fixture.at("a")).expect("metadata").modified().expect("a time");
        fs::write(fixture.at("a"), "bbbb").expect("written");
        File::options().write(true).open(fixture.at("a")).expect("open").set_modified(before).expect("set");
    };
    assert_eq!(found_when(HASHED, act), one("changed-during-verify", "a"));
}

#[test]
fn a_file_that_cannot_be_the_expected_one_is_not_read() {
    let fixture = Fixture::new(&[("a", "aaaa"), ("same", "s")]);
    let expected = fixture.text();
    fixture.write("a", "a");
    fixture.write("added", "x");
    let opened = std::sync::Mutex::new(Vec::new());
    struct Opened<'a>(&'a std::sync::Mutex<Vec<String>>);
    impl super::super::Watcher for Opened<'_> {
        fn opening(&self, file: &crate::path::PackagePath) {
            self.0.lock().expect("a lock").push(file.as_str().to_owned());
        }
    }
    let survey = fixture.survey(Some(&expected), &Opened(&opened));
    assert_eq!(*opened.lock().expect("a lock"), ["same"]);
    assert!(survey.measured().is_none());
    let found = told(&survey.differences(&expected));
    assert_eq!(found, [("content-differs", "a".to_owned()), ("file-added", "added".to_owned())]);
}

#[test]
fn files_of_any_size_are_read_to_their_end() {
    let sizes = [0, 1, BUFFER_BYTES - 1, BUFFER_BYTES, BUFFER_BYTES + 1, 3 * BUFFER_BYTES + 5];
    let fixture = Fixture::new(&[]);
    for size in sizes {
        fixture.write(&size.to_string(), vec![b'x'; size]);
    }
    for entry in fixture.text().entries() {
        let size: usize = entry.path.as_str().parse().expect("a number");
        assert_eq!((entry.size, entry.digest), (size as u64, crate::digest::Digest::of(&vec![b'x'; size])));
    }
}

/// Large files of these sizes, in one thread, which reads them two by two.
fn large(sizes: &[usize]) -> (Fixture, rayon::ThreadPool) {
    let fixture = Fixture::new(&[]);
    for (number, size) in sizes.iter().enumerate() {
        let content: Vec<u8> = (0..*size).map(|at| (at / 251 + at + number) as u8).collect();
        fixture.write(&number.to_string(), content);
    }
    (fixture, rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread"))
}

const LARGE: usize = JOB_BYTES as usize;

#[test]
fn two_large_files_at_once_are_what_each_is_alone() {
    let sizes =
        [LARGE, LARGE + 1, 2 * LARGE, LARGE, LARGE + BUFFER_BYTES - 1, LARGE + BUFFER_BYTES, 10, LARGE, 3 * LARGE];
    let (fixture, pool) = large(&sizes);
    let text = pool.install(|| fixture.text());
    assert_eq!(text.files(), sizes.len() as u64);
    for entry in text.entries() {
        let content = fs::read(fixture.at(entry.path.as_str())).expect("read");
        assert_eq!((entry.size, entry.digest), (content.len() as u64, crate::digest::Digest::of(&content)));
    }
}

#[test]
fn large_files_go_two_by_two_only_where_there_are_enough() {
    let (fixture, _) = large(&[LARGE; 5]);
    let root = Folder::open(fixture.at("").as_path()).expect("open");
    let limits = crate::limits::Limits::default();
    let dir = fixture.at("");
    let request = SurveyRequest::plain(&dir, &limits);
    let mut notes = Notes::default();
    let walked = super::super::walk::walk(&root, &request, &mut notes).expect("walked");
    assert_eq!(jobs(&walked.files, 1), [0..2, 2..4, 4..5]);
    assert_eq!(jobs(&walked.files, 2), [0..1, 1..2, 2..3, 3..4, 4..5]);
}

#[test]
fn a_change_to_one_of_two_large_files_is_told_of_that_one() {
    for (name, at) in [
        ("0", Moment::Opening("0")),
        ("1", Moment::Opening("1")),
        ("0", Moment::Hashed("0")),
        ("1", Moment::Hashed("1")),
    ] {
        let (fixture, pool) = large(&[LARGE; 4]);
        let found = pool.install(|| {
            fixture.found_when(|now| {
                if now == at {
                    let mut file = File::options().append(true).open(fixture.at(name)).expect("open");
                    file.write_all(&[0; 1000]).expect("written");
                }
            })
        });
        assert_eq!(found, one("changed-during-verify", name));
    }
}

#[test]
fn many_files_in_one_directory_keep_their_own_digests() {
    let names: Vec<_> = (0..300).map(|n| format!("d{}/{n}", n % 3)).collect();
    let fixture = Fixture::new(&names.iter().map(|name| (name.as_str(), name.as_str())).collect::<Vec<_>>());
    let text = fixture.text();
    assert_eq!(text.files(), 300);
    for entry in text.entries() {
        assert_eq!(entry.digest, crate::digest::Digest::of(entry.path.as_str().as_bytes()));
    }
}
