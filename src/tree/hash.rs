//! Reads every file of a tree once, on all cores.

use std::cell::RefCell;
use std::io::Read;
use std::ops::Range;

use rayon::prelude::*;

use crate::beneath::{Folder, PlainFile, ReadError};
use crate::digest::Hasher;
use crate::git_tree::{BlobHasher, ObjectId};
use crate::reason::{Answer, Code, Reason};
use crate::tree_text::{Entry, Kind};

use super::git::may_be_left_out;
use super::line_endings::{Conversion, Converter};
use super::walk::{Found, Walked, within};
use super::{Content, Notes, SurveyRequest, changed, refusal};

/// What became known of a file by reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hashed {
    pub(super) content: Content,
    /// How git calls its content, where that is asked and all of it was read.
    pub(super) blob: Option<ObjectId>,
}

impl Hashed {
    /// What is known of a file that was not read.
    fn not(content: Content) -> Self {
        Self { content, blob: None }
    }
}

/// What is to be known of each file's content, in the order of `walked.files`.
pub(super) fn hash(root: &Folder, walked: &Walked, request: &SurveyRequest<'_>, notes: &mut Notes) -> Vec<Hashed> {
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

fn job_contents(root: &Folder, job: &[Found], request: &SurveyRequest<'_>, notes: &mut Notes) -> Vec<Hashed> {
    let above = job.first().map_or("", folder_of);
    let read = within(root, above, |folder| {
        let mut contents = Vec::with_capacity(job.len());
        let mut keep = |file: &Found, found: Result<Hashed, Reason>, notes: &mut Notes| {
            contents.push(found.unwrap_or_else(|reason| {
                notes.refuse(file.path.as_str(), reason);
                Hashed::not(Content::Refused)
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
        vec![Hashed::not(Content::Refused); job.len()]
    })
}

/// Reads one file, if it can be the expected one.
fn content(folder: &Folder, file: &Found, request: &SurveyRequest<'_>, notes: &mut Notes) -> Result<Hashed, Reason> {
    match Opened::new(folder, file, request, notes)? {
        Some(opened) => opened.alone(file, request),
        None => Ok(Hashed::not(Content::Other)),
    }
}

/// Reads two files at once. Each comes out as it would alone.
fn pair(
    folder: &Folder,
    files: [&Found; 2],
    request: &SurveyRequest<'_>,
    notes: &mut Notes,
) -> [Result<Hashed, Reason>; 2] {
    let [one, other] = files;
    let opened = [Opened::new(folder, one, request, notes), Opened::new(folder, other, request, notes)];
    let (mut first, mut second) = match opened {
        [Ok(Some(first)), Ok(Some(second))] => (first, second),
        [first, second] => {
            let alone = |opened: Result<Option<Opened<'_>>, Reason>, file| match opened? {
                Some(opened) => opened.alone(file, request),
                None => Ok(Hashed::not(Content::Other)),
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
                (Reading::Hash(one, git), Reading::Hash(other, git_other)) => {
                    Hasher::update_both(one, bytes, other, bytes_other);
                    git.iter_mut().for_each(|git| git.update(bytes));
                    git_other.iter_mut().for_each(|git| git.update(bytes_other));
                }
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
        // What may be no part of the tree is read all the same, since only the whole tree tells.
        let expected = expected.filter(|entry| entry.is_some() || !may_be_left_out(&file.path, request));
        let git = request.git.map(|git| BlobHasher::new(git.id.algorithm(), file.facts.size));
        let Some(reading) = Reading::of(file.facts.size, expected, git) else { return Ok(None) };
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
    fn alone(mut self, file: &Found, request: &SurveyRequest<'_>) -> Result<Hashed, Reason> {
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
    fn finish(self, file: &Found, read: std::io::Result<()>, request: &SurveyRequest<'_>) -> Result<Hashed, Reason> {
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
    Hash(Hasher, Option<BlobHasher>),
    Convert(Converter, &'a Entry),
}

impl<'a> Reading<'a> {
    /// What to make of a file of this size, where another one may be expected; nothing, if it cannot be that one.
    fn of(size: u64, expected: Option<Option<&'a Entry>>, git: Option<BlobHasher>) -> Option<Self> {
        match expected {
            None => Some(Self::Hash(Hasher::default(), git)),
            Some(Some(entry)) if entry.kind == Kind::Link => None,
            Some(Some(entry)) if entry.size == size => Some(Self::Hash(Hasher::default(), git)),
            Some(Some(entry)) => {
                Conversion::between(size, entry.size).map(|way| Self::Convert(Converter::new(way), entry))
            }
            Some(None) => None,
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Hash(hasher, git) => {
                hasher.update(bytes);
                git.iter_mut().for_each(|git| git.update(bytes));
            }
            Self::Convert(converter, _) => converter.update(bytes),
        }
    }

    fn finish(self) -> Hashed {
        match self {
            Self::Hash(hasher, git) => {
                Hashed { content: Content::Hashed(hasher.finish()), blob: git.map(BlobHasher::finish) }
            }
            Self::Convert(converter, entry) => {
                let same = converter.finish() == (entry.size, entry.digest);
                Hashed::not(if same { Content::LineEndings } else { Content::Other })
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
mod tests;
