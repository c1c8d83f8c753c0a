//! Reads every file of a tree once, on all cores.

use std::cell::RefCell;
use std::io::Read;
use std::ops::Range;

use rayon::prelude::*;

use crate::beneath::{Folder, PlainFile, ReadError};
use crate::digest::Hasher;
use crate::reason::{Answer, Code, Reason};
use crate::tree_text::{Entry, Kind};

use super::line_endings::{Conversion, Converter};
use super::walk::{Found, Walked, within};
use super::{Content, Notes, SurveyRequest, changed, refusal};

/// What is to be known of each file's content, in the order of `walked.files`.
pub(super) fn hash(root: &Folder, walked: &Walked, request: &SurveyRequest<'_>, notes: &mut Notes) -> Vec<Content> {
    let files = &walked.files;
    let done: Vec<_> = jobs(files)
        .into_par_iter()
        .with_max_len(1)
        .map(|job| {
            let mut notes = Notes::default();
            let contents = job_contents(root, &files[job], request, &mut notes);
            (contents, notes)
        })
        .collect();
    let mut all = Vec::with_capacity(files.len());
    for (contents, found) in done {
        all.extend(contents);
        notes.join(found);
    }
    all
}

/// Cuts the files into runs that lie in one directory and are worth a thread's attention.
fn jobs(files: &[Found]) -> Vec<Range<usize>> {
    let mut jobs: Vec<Range<usize>> = Vec::new();
    let mut bytes = 0;
    for (place, file) in files.iter().enumerate() {
        match jobs.last_mut() {
            Some(job)
                if bytes < JOB_BYTES && job.len() < JOB_FILES && folder_of(&files[job.start]) == folder_of(file) =>
            {
                job.end = place + 1;
            }
            _ => {
                bytes = 0;
                jobs.push(place..place + 1);
            }
        }
        bytes += file.facts.size;
    }
    jobs
}

fn job_contents(root: &Folder, job: &[Found], request: &SurveyRequest<'_>, notes: &mut Notes) -> Vec<Content> {
    let above = job.first().map_or("", folder_of);
    let read = within(root, above, |folder| {
        let mut contents = Vec::with_capacity(job.len());
        for file in job {
            contents.push(content(folder, file, request, notes).unwrap_or_else(|reason| {
                notes.refuse(file.path.as_str(), reason);
                Content::Refused
            }));
        }
        contents
    });
    read.unwrap_or_else(|(path, reason)| {
        notes.refuse(&path, reason);
        vec![Content::Refused; job.len()]
    })
}

/// Reads one file, if it can be the expected one.
fn content(folder: &Folder, file: &Found, request: &SurveyRequest<'_>, notes: &mut Notes) -> Result<Content, Reason> {
    let path = file.path.as_str();
    let expected = request.expected.map(|tree| tree.find(&file.path));
    let Some(mut reading) = Reading::of(file.facts.size, expected) else { return Ok(Content::Other) };
    request.watcher.opening(&file.path);
    let mut open = folder.file_as(name_of(file), &file.facts).map_err(|error| refusal(path, &error))?;
    if !open.facts().same_state(&file.facts) || open.facts().mount != file.facts.mount {
        return Err(changed(path));
    }
    let unreadable = |error| refusal(path, &ReadError::Unreadable(error));
    if open.has_capabilities().map_err(unreadable)? {
        let message = "the file carries capabilities, which would run it with more rights";
        notes.reasons.push(Reason::new(Code::ExtraMetadata, Answer::Reject, message).at(path));
    }
    let size = read_all(&mut open, file.facts.size, request, |bytes| reading.update(bytes)).map_err(unreadable)?;
    request.watcher.hashed(&file.path);
    let now = open.facts_now().map_err(unreadable)?;
    if size != file.facts.size || !now.same_state(&file.facts) {
        return Err(changed(path));
    }
    Ok(reading.finish())
}

/// Hands on all bytes of a file: at most one more than its size, so that a file that grows is not read without end.
fn read_all(
    file: &mut PlainFile,
    size: u64,
    request: &SurveyRequest<'_>,
    mut take: impl FnMut(&[u8]),
) -> std::io::Result<u64> {
    BUFFER.with_borrow_mut(|buffer| {
        buffer.resize(BUFFER_BYTES + ALIGNMENT, 0);
        let start = buffer.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT);
        let buffer = &mut buffer[start..start + BUFFER_BYTES];
        let mut done = 0;
        loop {
            // Not zero: `done` is at most `size` here.
            let most = usize::try_from(size + 1 - done).unwrap_or(BUFFER_BYTES).min(BUFFER_BYTES);
            let count = match file.read(&mut buffer[..most]) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                count => count?,
            };
            take(&buffer[..count]);
            done += count as u64;
            request.watcher.read(count as u64);
            // The end, or as much as was there before and then less than was asked for, which is the end too.
            if count == 0 || done > size || (done == size && count < most) {
                return Ok(done);
            }
        }
    })
}

/// What is made of a file's bytes.
enum Reading<'a> {
    Hash(Hasher),
    Convert(Converter, &'a Entry),
}

impl<'a> Reading<'a> {
    /// What to make of a file of this size, where another one may be expected; nothing, if it cannot be that one.
    fn of(size: u64, expected: Option<Option<&'a Entry>>) -> Option<Self> {
        match expected {
            None => Some(Self::Hash(Hasher::default())),
            Some(Some(entry)) if entry.kind == Kind::Link => None,
            Some(Some(entry)) if entry.size == size => Some(Self::Hash(Hasher::default())),
            Some(Some(entry)) => {
                Conversion::between(size, entry.size).map(|way| Self::Convert(Converter::new(way), entry))
            }
            Some(None) => None,
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Hash(hasher) => hasher.update(bytes),
            Self::Convert(converter, _) => converter.update(bytes),
        }
    }

    fn finish(self) -> Content {
        match self {
            Self::Hash(hasher) => Content::Hashed(hasher.finish()),
            Self::Convert(converter, entry) => {
                let same = converter.finish() == (entry.size, entry.digest);
                if same { Content::LineEndings } else { Content::Other }
            }
        }
    }
}

fn folder_of(file: &Found) -> &str {
    file.path.as_str().rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn name_of(file: &Found) -> &str {
    file.path.as_str().rsplit_once('/').map_or(file.path.as_str(), |(_, name)| name)
}

thread_local! {
    /// One buffer for each thread, so that small files cost no allocation.
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Bytes read at once. Measured: smaller ones cost calls, larger ones leave the processor's nearest cache.
const BUFFER_BYTES: usize = 64 << 10;
/// The kernel copies a fifth faster to where a cache line begins (measured).
const ALIGNMENT: usize = 64;
/// After so many bytes, further files are another job.
const JOB_BYTES: u64 = 1 << 20;
/// Files in a job.
const JOB_FILES: usize = 64;

#[cfg(all(test, unix))]
mod tests {
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
}
