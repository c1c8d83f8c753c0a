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
    let done: Vec<_> = jobs(files, rayon::current_num_threads())
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

/// Cuts the files into runs that lie in one directory and are worth a thread's attention. Large files go two by two, but
/// only where so many are there that every thread still has enough of them.
fn jobs(files: &[Found], threads: usize) -> Vec<Range<usize>> {
    let large = files.iter().filter(|file| is_large(file)).count();
    let pairs = large >= PAIRS_PER_THREAD * 2 * threads;
    let mut jobs: Vec<Range<usize>> = Vec::new();
    let mut bytes = 0;
    for (place, file) in files.iter().enumerate() {
        match jobs.last_mut() {
            Some(job)
                if folder_of(&files[job.start]) == folder_of(file)
                    && (bytes < JOB_BYTES && job.len() < JOB_FILES
                        || pairs && job.len() == 1 && is_large(&files[job.start]) && is_large(file)) =>
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
        let mut keep = |file: &Found, found: Result<Content, Reason>, notes: &mut Notes| {
            contents.push(found.unwrap_or_else(|reason| {
                notes.refuse(file.path.as_str(), reason);
                Content::Refused
            }));
        };
        match job {
            [one, other] if is_large(one) && is_large(other) => {
                let [first, second] = pair(folder, [one, other], request, notes);
                keep(one, first, notes);
                keep(other, second, notes);
            }
            _ => job.iter().for_each(|file| {
                let found = content(folder, file, request, notes);
                keep(file, found, notes);
            }),
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
    match Opened::new(folder, file, request, notes)? {
        Some(opened) => opened.alone(file, request),
        None => Ok(Content::Other),
    }
}

/// Reads two files at once. Each comes out as it would alone.
fn pair(
    folder: &Folder,
    files: [&Found; 2],
    request: &SurveyRequest<'_>,
    notes: &mut Notes,
) -> [Result<Content, Reason>; 2] {
    let [one, other] = files;
    let opened = [Opened::new(folder, one, request, notes), Opened::new(folder, other, request, notes)];
    let (mut first, mut second) = match opened {
        [Ok(Some(first)), Ok(Some(second))] => (first, second),
        [first, second] => {
            let alone = |opened: Result<Option<Opened<'_>>, Reason>, file| match opened? {
                Some(opened) => opened.alone(file, request),
                None => Ok(Content::Other),
            };
            return [alone(first, one), alone(second, other)];
        }
    };
    let (mut read, mut read_other) = (Ok(()), Ok(()));
    BUFFERS.with_borrow_mut(|[buffer, buffer_other]| {
        let (buffer, buffer_other) = (aligned(buffer), aligned(buffer_other));
        while (read.is_ok() && !first.ended) || (read_other.is_ok() && !second.ended) {
            let next = |opened: &mut Opened<'_>, read: &mut std::io::Result<()>, buffer: &mut [u8]| {
                if read.is_err() || opened.ended {
                    return 0;
                }
                opened.read(buffer, request).unwrap_or_else(|error| {
                    *read = Err(error);
                    0
                })
            };
            let count = next(&mut first, &mut read, buffer);
            let count_other = next(&mut second, &mut read_other, buffer_other);
            let (bytes, bytes_other) = (&buffer[..count], &buffer_other[..count_other]);
            match (&mut first.reading, &mut second.reading) {
                (Reading::Hash(one), Reading::Hash(other)) => Hasher::update_both(one, bytes, other, bytes_other),
                (one, other) => {
                    one.update(bytes);
                    other.update(bytes_other);
                }
            }
        }
    });
    [first.finish(one, read, request), second.finish(other, read_other, request)]
}

/// A file that is being read.
struct Opened<'a> {
    file: PlainFile,
    reading: Reading<'a>,
    size: u64,
    done: u64,
    ended: bool,
}

impl<'a> Opened<'a> {
    /// Opens a file and sees that it is the one that was listed; nothing, if it cannot be the expected one.
    fn new(
        folder: &Folder,
        file: &Found,
        request: &SurveyRequest<'a>,
        notes: &mut Notes,
    ) -> Result<Option<Self>, Reason> {
        let path = file.path.as_str();
        let expected = request.expected.map(|tree| tree.find(&file.path));
        let Some(reading) = Reading::of(file.facts.size, expected) else { return Ok(None) };
        request.watcher.opening(&file.path);
        let open = folder.file_as(name_of(file), &file.facts).map_err(|error| refusal(path, &error))?;
        if !open.facts().same_state(&file.facts) || open.facts().mount != file.facts.mount {
            return Err(changed(path));
        }
        if open.has_capabilities().map_err(|error| unreadable(path, error))? {
            let message = "the file carries capabilities, which would run it with more rights";
            notes.reasons.push(Reason::new(Code::ExtraMetadata, Answer::Reject, message).at(path));
        }
        Ok(Some(Self { file: open, reading, size: file.facts.size, done: 0, ended: false }))
    }

    /// Reads all of it.
    fn alone(mut self, file: &Found, request: &SurveyRequest<'_>) -> Result<Content, Reason> {
        let read = BUFFERS.with_borrow_mut(|[buffer, _]| {
            let buffer = aligned(buffer);
            while !self.ended {
                let count = self.read(buffer, request)?;
                self.reading.update(&buffer[..count]);
            }
            Ok(())
        });
        self.finish(file, read, request)
    }

    /// Reads the next bytes: at most one more than the file's size in all, so that one that grows is not read without
    /// end. Sets `ended` with the last of them.
    fn read(&mut self, buffer: &mut [u8], request: &SurveyRequest<'_>) -> std::io::Result<usize> {
        // Not zero: `done` is at most `size` here.
        let most = usize::try_from(self.size + 1 - self.done).unwrap_or(buffer.len()).min(buffer.len());
        let count = loop {
            match self.file.read(&mut buffer[..most]) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                count => break count?,
            }
        };
        self.done += count as u64;
        request.watcher.read(count as u64);
        // The end, or as much as was there before and then less than was asked for, which is the end too.
        self.ended = count == 0 || self.done > self.size || (self.done == self.size && count < most);
        Ok(count)
    }

    /// Sees that nothing changed meanwhile.
    fn finish(self, file: &Found, read: std::io::Result<()>, request: &SurveyRequest<'_>) -> Result<Content, Reason> {
        let path = file.path.as_str();
        read.map_err(|error| unreadable(path, error))?;
        request.watcher.hashed(&file.path);
        let now = self.file.facts_now().map_err(|error| unreadable(path, error))?;
        if self.done != file.facts.size || !now.same_state(&file.facts) {
            return Err(changed(path));
        }
        Ok(self.reading.finish())
    }
}

fn unreadable(path: &str, error: std::io::Error) -> Reason {
    refusal(path, &ReadError::Unreadable(error))
}

/// The part of a buffer that the kernel copies to fastest.
fn aligned(buffer: &mut Vec<u8>) -> &mut [u8] {
    buffer.resize(BUFFER_BYTES + ALIGNMENT, 0);
    let start = buffer.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT);
    &mut buffer[start..start + BUFFER_BYTES]
}

fn is_large(file: &Found) -> bool {
    file.facts.size >= JOB_BYTES
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
    /// Two buffers for each thread, so that small files cost no allocation.
    static BUFFERS: RefCell<[Vec<u8>; 2]> = const { RefCell::new([Vec::new(), Vec::new()]) };
}

/// Bytes read at once. Measured: smaller ones cost calls, larger ones leave the processor's nearest cache.
const BUFFER_BYTES: usize = 64 << 10;
/// The kernel copies a fifth faster to where a cache line begins (measured).
const ALIGNMENT: usize = 64;
/// After so many bytes, further files are another job.
const JOB_BYTES: u64 = 1 << 20;
/// Large files go two by two where a thread has so many pairs to do, so that no thread waits long for the last one.
const PAIRS_PER_THREAD: usize = 2;
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
}
