//! Measures a directory: one survey finds every file, refuses what cannot be signed, and hashes the rest.
//!
//! The survey goes over the tree three times, each time from the open root and without following a link: `walk` lists
//! and examines everything and opens no file; `hash` reads each file once; `again` lists every directory anew. What
//! is not the same from one time to the next has changed while we looked, and is refused. Whose tree it is, and whether
//! it is the signed one, is decided elsewhere; [`Survey::differences`] only compares.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::beneath::{Folder, ReadError, Type};
use crate::digest::Digest;
use crate::limits::Limits;
use crate::path::PackagePath;
use crate::reason::{Answer, Code, Reason};
use crate::shown::Shown;
use crate::tree_text::{Collision, Entry, Kind, LimitFault, TreeText, collisions};

mod additions;
mod again;
mod differences;
#[cfg(all(test, unix))]
mod fixture;
pub mod git;
mod hash;
mod line_endings;
mod links;
mod read;
mod walk;

pub use additions::{Added, Addition};
pub use git::{Built, GitTree};
pub(crate) use links::not_contained;
pub use read::read;

/// What to survey, and how strictly.
#[derive(Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "a request is written out by whoever asks")]
pub struct SurveyRequest<'a> {
    /// The directory, as the user named it.
    pub dir: &'a Path,
    /// Leave out the top-level `.git`, and say so.
    pub worktree: bool,
    /// Refuse names that Windows cannot hold, where otherwise they are a note. Windows always refuses them.
    pub portable: bool,
    /// Files to leave out, each of which is told. One that is expected is never left out.
    pub exclude: Option<&'a BTreeSet<PackagePath>>,
    /// What an installer puts at the top of every package, by exact rule; each is told. What is expected is never left out.
    pub additions: &'a [Addition],
    /// Names of files that an installer leaves away, at whatever depth: where one is expected and is not there, it counts
    /// as if it were, and is told.
    pub dropped: &'a [&'a str],
    /// What the tree should be: a file that cannot be the expected one is not read, unless to see whether only its line
    /// endings differ.
    pub expected: Option<&'a TreeText>,
    /// What the tree should be as git names it; every file is then read with both hashes at once.
    pub git: Option<GitTree<'a>>,
    /// The limits.
    pub limits: &'a Limits,
    /// Who wants to know how far we are; `&()` for nobody.
    pub watcher: &'a dyn Watcher,
}

impl<'a> SurveyRequest<'a> {
    /// To survey a directory as it is: nothing is left out, nothing expected, and nobody looks on.
    pub fn plain(dir: &'a Path, limits: &'a Limits) -> Self {
        Self {
            dir,
            worktree: false,
            portable: false,
            exclude: None,
            additions: &[],
            dropped: &[],
            expected: None,
            git: None,
            limits,
            watcher: &(),
        }
    }
}

/// Is told how far a survey is, from several threads at once. Every method does nothing by default.
///
/// A survey waits for each call to return: this is how tests make something happen at a certain moment.
pub trait Watcher: Sync {
    /// A directory is about to be opened for its first listing. The root is the empty text.
    fn entering(&self, directory: &str) {
        let _ = directory;
    }
    /// Everything has been found: so many files, with so many bytes. Nothing has been read.
    fn walked(&self, files: u64, bytes: u64) {
        let _ = (files, bytes);
    }
    /// A file has been examined and is about to be opened.
    fn opening(&self, file: &PackagePath) {
        let _ = file;
    }
    /// Bytes of some file have been read.
    fn read(&self, bytes: u64) {
        let _ = bytes;
    }
    /// A file has been read to its end, and is about to be examined again.
    fn hashed(&self, file: &PackagePath) {
        let _ = file;
    }
    /// All files have been read, and the directories are about to be listed again.
    fn returning(&self) {}
    /// One of several packages has been verified.
    fn verified(&self) {}
}

impl Watcher for () {}

/// Surveys a directory: every file is found, examined, read and examined again.
///
/// # Errors
/// The directory cannot be opened. Whatever is wrong inside of it is in the survey's reasons.
pub fn survey(request: &SurveyRequest<'_>) -> Result<Survey, SurveyError> {
    let failed = |source| SurveyError { dir: request.dir.to_owned(), source };
    let root = Folder::open(request.dir).map_err(failed)?;
    let mut notes = Notes::default();
    let walked = match walk::walk(&root, request, &mut notes) {
        Ok(walked) => walked,
        Err(fault) => return Ok(Survey::stopped(&fault)),
    };
    request.watcher.walked(walked.files.len() as u64, walked.files.iter().map(|file| file.facts.size).sum());
    links::check(&walked, request.limits.links, &mut notes);
    let contents = hash::hash(&root, &walked, request, &mut notes);
    let settled = git::settle(&root, &walked, &contents, &notes, request);
    request.watcher.returning();
    again::again(&root, &walked, request, &mut notes);
    links::again(&root, &walked, &mut notes);
    Ok(Survey::new(walked, contents, notes, settled, request))
}

/// What a survey found.
#[derive(Debug)]
pub struct Survey {
    reasons: Vec<Reason>,
    measured: Option<MeasuredTree>,
    /// The files, if no tree was measured. In the order of their paths.
    files: Vec<Surveyed>,
    /// All directories but the root, empty ones too. In the order of their paths.
    folders: Vec<PackagePath>,
    /// Paths that have a reason of their own. The root is the empty text.
    refused: BTreeSet<String>,
    /// A limit was crossed, so that nothing is known of the tree.
    stopped: bool,
    /// Why it is not the wanted tree of git.
    git: Vec<Reason>,
    /// Whether that could not be found out.
    git_unknown: bool,
}

impl Survey {
    /// Every fault and every note.
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }

    /// The tree, if nothing was refused and every file was read.
    pub fn measured(&self) -> Option<&MeasuredTree> {
        self.measured.as_ref()
    }

    /// The tree and every reason.
    pub fn into_parts(self) -> (Option<MeasuredTree>, Vec<Reason>) {
        (self.measured, self.reasons)
    }

    /// How the tree is not the expected one: the one that the request named, or any where it named none.
    ///
    /// What the survey has a reason for already is not also called missing or different.
    pub fn differences(&self, expected: &TreeText) -> Vec<Reason> {
        differences::differences(self, expected, "signed")
    }

    /// The same where the expected tree is that of an archive.
    pub fn differences_from_archive(&self, expected: &TreeText) -> Vec<Reason> {
        differences::differences(self, expected, "packed")
    }

    /// Why it is not the tree of git that the request named; none if it is, or if none was named. Nothing is known where the
    /// survey has other reasons, or some files were not worth reading: `None`.
    pub fn git_differences(&self) -> Option<&[Reason]> {
        (!self.git_unknown && !self.stopped).then_some(self.git.as_slice())
    }

    fn stopped(fault: &LimitFault) -> Self {
        let reason = |message: String| Reason::new(Code::LimitTree, Answer::Reject, message);
        let reason = match fault {
            LimitFault::File(limit, path) => {
                reason(format!("is over the limit of {limit} bytes for one file")).at(path.as_str())
            }
            _ => reason(fault.to_string()),
        };
        Self {
            reasons: vec![reason],
            measured: None,
            files: Vec::new(),
            folders: Vec::new(),
            refused: BTreeSet::new(),
            stopped: true,
            git: Vec::new(),
            git_unknown: true,
        }
    }

    fn new(
        walked: walk::Walked,
        contents: Vec<hash::Hashed>,
        notes: Notes,
        settled: git::Settled,
        request: &SurveyRequest<'_>,
    ) -> Self {
        let Notes { mut reasons, refused } = notes;
        reasons.extend(settled.notes);
        let left_out: BTreeSet<_> = settled.left_out.into_iter().collect();
        let mut folders: Vec<_> = walked.directories.into_iter().filter_map(|directory| directory.path).collect();
        folders.sort_unstable();
        let mut unchecked = false;
        let mut files: Vec<_> = walked
            .files
            .into_iter()
            .zip(contents.into_iter().map(|hashed| hashed.content))
            .enumerate()
            .filter(|(place, (_, content))| *content != Content::Refused && !left_out.contains(place))
            .map(|(_, (file, content))| {
                let kind = file.facts.mode.map(|mode| if mode & 0o111 == 0 { Kind::File } else { Kind::Executable });
                let kind = kind.unwrap_or_else(|| {
                    unchecked = true;
                    request.expected.and_then(|tree| tree.find(&file.path)).map_or(Kind::File, |entry| entry.kind)
                });
                Surveyed { kind, size: file.facts.size, content, path: file.path }
            })
            .collect();
        let links = walked.links.into_iter().filter(|link| !refused.contains(link.path.as_str()));
        files.extend(links.map(links::surveyed));
        files.extend(dropped(&files, &refused, request, &mut reasons));
        files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        if unchecked {
            let message = "the system has no execute bits, so they were not compared";
            reasons.push(Reason::new(Code::ModeUnchecked, Answer::Note, message));
        }
        for Collision { one, other, .. } in collisions(files.iter().map(|file| &file.path)) {
            let names = format!("`{}` and `{}`", Shown::new(one), Shown::new(other));
            let message = format!("{names} are one name on systems that ignore case, or trailing dots and spaces");
            reasons.push(Reason::new(Code::PathCollision, Answer::Reject, message).at(other));
        }
        let whole = reasons.iter().all(|reason| reason.answer == Answer::Note)
            && files.iter().all(|file| matches!(file.content, Content::Hashed(_)));
        let (git, git_unknown) = (settled.differs, settled.unknown);
        let mut survey = Self { reasons, measured: None, files, folders, refused, stopped: false, git, git_unknown };
        if whole {
            survey.measure(request.limits);
        }
        survey
    }

    /// Makes the evidence. Called only when nothing was refused and everything was read.
    fn measure(&mut self, limits: &Limits) {
        let entry = |file: Surveyed| match file.content {
            Content::Hashed(digest) => Some(Entry { kind: file.kind, size: file.size, digest, path: file.path }),
            _ => None,
        };
        let entries = std::mem::take(&mut self.files).into_iter().filter_map(entry).collect();
        match TreeText::from_entries(entries, limits) {
            Ok(text) => {
                let digest = text.digest();
                self.measured = Some(MeasuredTree { text, digest, notes: self.reasons.clone() });
            }
            Err(error) => self.reasons.push(Reason::new(error.code(), Answer::Reject, error.to_string())),
        }
    }
}

/// Evidence: this was on disk, every byte of it was read once, and nothing changed meanwhile.
///
/// Where an installer is known to leave files away, those count as the expected tree has them, and a note names each.
/// Made by [`survey`] alone. It says nothing about who signed it, or whether anybody did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeasuredTree {
    text: TreeText,
    digest: Digest,
    notes: Vec<Reason>,
}

impl MeasuredTree {
    /// The tree text.
    pub fn text(&self) -> &TreeText {
        &self.text
    }

    /// The tree digest.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// How many files there are.
    pub fn files(&self) -> u64 {
        self.text.files()
    }

    /// The sizes of all files together.
    pub fn bytes(&self) -> u64 {
        self.text.bytes()
    }

    /// What is worth telling, but refuses nothing.
    pub fn notes(&self) -> &[Reason] {
        &self.notes
    }
}

/// The expected files that an installer leaves away, and that are not there.
fn dropped(
    files: &[Surveyed],
    refused: &BTreeSet<String>,
    request: &SurveyRequest<'_>,
    reasons: &mut Vec<Reason>,
) -> Vec<Surveyed> {
    let there: BTreeSet<_> = files.iter().map(|file| &file.path).collect();
    let name = |entry: &Entry| entry.path.as_str().rsplit('/').next().unwrap_or_default().to_owned();
    let expected = request.expected.filter(|_| !request.dropped.is_empty()).map(TreeText::entries).unwrap_or_default();
    let gone = expected.iter().filter(|entry| {
        let path = entry.path.as_str();
        request.dropped.contains(&name(entry).as_str()) && !there.contains(&entry.path) && !refused.contains(path)
    });
    let gone: Vec<_> = gone.cloned().collect();
    for entry in &gone {
        let message = "not there, since the installer leaves such files away";
        reasons.push(Reason::new(Code::Excluded, Answer::Note, message).at(entry.path.as_str()));
    }
    let surveyed = |entry: Entry| {
        let content = Content::Hashed(entry.digest);
        Surveyed { kind: entry.kind, size: entry.size, content, path: entry.path }
    };
    gone.into_iter().map(surveyed).collect()
}

/// Why there is nothing to survey.
#[derive(Debug, Error)]
#[error("the directory {} cannot be opened", Shown::path(.dir))]
#[non_exhaustive]
pub struct SurveyError {
    /// The directory.
    pub dir: PathBuf,
    /// What is wrong with it.
    pub source: ReadError,
}

/// A file that was found.
#[derive(Debug)]
struct Surveyed {
    kind: Kind,
    size: u64,
    content: Content,
    path: PackagePath,
}

/// What became known of a file's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    /// Read to the end.
    Hashed(Digest),
    /// With other line endings it would be the expected file.
    LineEndings,
    /// Not the expected file, as its size or its name shows.
    Other,
    /// There is a reason of its own, and nothing else is known.
    Refused,
}

/// The reasons gathered on the way, and the paths that need no further ones.
#[derive(Debug, Default)]
struct Notes {
    reasons: Vec<Reason>,
    refused: BTreeSet<String>,
}

impl Notes {
    /// Nothing more can be said of this path than `reason`, nor of what lies below it.
    fn refuse(&mut self, path: &str, reason: Reason) {
        self.reasons.push(reason);
        self.refused.insert(path.to_owned());
    }

    fn join(&mut self, other: Self) {
        self.reasons.extend(other.reasons);
        self.refused.extend(other.refused);
    }
}

/// Why something could not be opened or read that was examined before.
fn refusal(path: &str, error: &ReadError) -> Reason {
    let (code, message) = match error {
        ReadError::Unreadable(error) => {
            let message = format!("cannot be read: {error}");
            return Reason::new(Code::Unreadable, Answer::CannotTell, message).at(path);
        }
        ReadError::NotPlain(Type::Link) => (Code::Symlink, LINK),
        ReadError::NotPlain(Type::Special) => (Code::SpecialFile, SPECIAL),
        _ => (Code::ChangedDuringVerify, CHANGED),
    };
    Reason::new(code, Answer::Reject, message).at(path)
}

fn changed(path: &str) -> Reason {
    refusal(path, &ReadError::Changed)
}

/// Why a link is refused where no policy allows any.
pub(crate) const LINK: &str = "a symbolic link; links are not followed, and no tree may have one";
/// What to do where somebody takes a checkout for a package.
const CHECKOUT: &str = "a checkout is measured with `--worktree`, signed with `countersign sign --git`, and accepted under \
                        the policy's `worktree = \"accept\"`";
/// Why the name of the folder of evidence is refused elsewhere.
pub(crate) const EVIDENCE_ELSEWHERE: &str =
    "`.countersign` is a directory at the top of a package, spelled just so, and nowhere else";
const SPECIAL: &str = "a device, FIFO, socket or the like; no tree may have one";
const CHANGED: &str = "changed while we looked";

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use proptest::prelude::*;

    use super::fixture::Fixture;
    use super::*;

    #[test]
    fn measures_what_is_there() {
        let fixture = Fixture::new(&[("b", "b"), ("a/x", "xx"), ("a-b", ""), (".countersign/tree", "t")]);
        fs::create_dir_all(fixture.at("empty/empty")).expect("made");
        fs::set_permissions(fixture.at("a/x"), fs::Permissions::from_mode(0o654)).expect("changed");
        let survey = fixture.survey(None, &());
        let tree = survey.measured().expect("a tree");
        let line = |kind, content: &str, path| {
            format!("{kind} {} {} {path}\n", content.len(), Digest::of(content.as_bytes()).hex())
        };
        let lines = [line('f', "", "a-b"), line('x', "xx", "a/x"), line('f', "b", "b")];
        let text = format!("countersign-tree/1\n{}", lines.concat());
        assert_eq!(tree.text().to_string(), text);
        assert_eq!(tree.digest(), Digest::of(text.as_bytes()));
        assert_eq!((tree.files(), tree.bytes(), tree.notes().len()), (3, 3, 0));
        let known = fixture.survey(Some(tree.text()), &());
        assert_eq!(known.measured(), Some(tree));
        assert!(known.differences(tree.text()).is_empty());
    }

    #[test]
    fn there_must_be_a_directory() {
        let fixture = Fixture::new(&[("a", "")]);
        symlink(".", fixture.at("here")).expect("linked");
        let survey_of = |dir: &Path| {
            let (limits, watcher) = (&fixture.limits, &());
            survey(&SurveyRequest { watcher, ..SurveyRequest::plain(dir, limits) })
        };
        let error = survey_of(&fixture.at("none")).expect_err("no directory");
        assert!(matches!(error.source, ReadError::Missing));
        let error = survey_of(&fixture.at("a")).expect_err("no directory");
        assert!(matches!(error.source, ReadError::NotPlain(Type::File)));
        // The user may name the tree by a link; in the tree it is refused.
        assert!(survey_of(&fixture.at("here")).is_ok_and(|survey| survey.reasons()[0].code == Code::Symlink));
        assert_eq!(survey_of(fixture.dir.path()).expect("a survey").reasons().len(), 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn a_random_tree_is_measured_as_it_was_made(
            files in prop::collection::btree_map("[a-c]{1,2}(/[a-c]{1,2}){0,3}", (any::<bool>(), 0_usize..300_000), 0..12),
        ) {
            let fixture = Fixture::new(&[]);
            let mut lines = std::collections::BTreeMap::new();
            for (path, (executable, size)) in files {
                let parent = fixture.at(&path).parent().expect("a parent").to_owned();
                // A file may be in the way of this one's directory, or the reverse.
                if fs::create_dir_all(&parent).is_err() || fs::write(fixture.at(&path), vec![b'x'; size]).is_err() {
                    continue;
                }
                let mode = if executable { 0o700 } else { 0o600 };
                fs::set_permissions(fixture.at(&path), fs::Permissions::from_mode(mode)).expect("changed");
                let kind = if executable { 'x' } else { 'f' };
                let hex = Digest::of(&vec![b'x'; size]).hex();
                lines.insert(path.clone().into_bytes(), format!("{kind} {size} {hex} {path}\n"));
            }
            let text: String = lines.into_values().collect();
            prop_assert_eq!(fixture.text().to_string(), format!("countersign-tree/1\n{text}"));
        }
    }
}
