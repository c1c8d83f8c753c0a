//! Small trees for tests, and a watcher that makes something happen at a certain moment.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;

/// A directory, and how to survey it.
pub(super) struct Fixture {
    pub(super) dir: TempDir,
    pub(super) limits: Limits,
    pub(super) worktree: bool,
    pub(super) portable: bool,
    pub(super) exclude: BTreeSet<PackagePath>,
    pub(super) additions: &'static [Addition],
    pub(super) dropped: &'static [&'static str],
    pub(super) git: Option<GitTree<'static>>,
}

impl Fixture {
    /// A directory with these files.
    pub(super) fn new(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let fixture = Self {
            dir,
            limits: Limits::default(),
            worktree: false,
            portable: false,
            exclude: BTreeSet::new(),
            additions: &[],
            dropped: &[],
            git: None,
        };
        files.iter().for_each(|(path, content)| fixture.write(path, content));
        fixture
    }

    pub(super) fn at(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    pub(super) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.at(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, content).expect("written");
    }

    pub(super) fn survey(&self, expected: Option<&TreeText>, watcher: &dyn Watcher) -> Survey {
        let (dir, limits) = (self.dir.path(), &self.limits);
        let request = SurveyRequest {
            dir,
            worktree: self.worktree,
            portable: self.portable,
            exclude: Some(&self.exclude),
            additions: self.additions,
            dropped: self.dropped,
            expected,
            git: self.git,
            limits,
            watcher,
        };
        survey(&request).expect("a survey")
    }

    /// The codes and paths of a survey.
    pub(super) fn found(&self) -> Vec<(&'static str, String)> {
        told(self.survey(None, &()).reasons())
    }

    /// The codes and paths of a survey during which `act` is called at each moment.
    pub(super) fn found_when(&self, act: impl Fn(Moment<'_>) + Sync) -> Vec<(&'static str, String)> {
        let survey = self.survey(None, &When(act));
        assert_eq!(survey.measured().is_some(), survey.reasons().iter().all(|r| r.answer == Answer::Note));
        told(survey.reasons())
    }

    /// What the tree is now.
    pub(super) fn text(&self) -> TreeText {
        let survey = self.survey(None, &());
        survey.measured().unwrap_or_else(|| panic!("{:?}", survey.reasons())).text().clone()
    }

    /// The differences between the tree and `expected`, the same with and without knowing it beforehand.
    pub(super) fn differences(&self, expected: &TreeText) -> Vec<Reason> {
        let survey = self.survey(Some(expected), &());
        let mut reasons = survey.differences(expected);
        assert_eq!(told(&self.survey(None, &()).differences(expected)), told(&reasons));
        reasons.extend(survey.reasons().iter().cloned());
        reasons
    }
}

/// Codes and paths, sorted.
pub(super) fn told(reasons: &[Reason]) -> Vec<(&'static str, String)> {
    let mut told: Vec<_> = reasons.iter().map(|r| (r.code.as_str(), r.path.clone().unwrap_or_default())).collect();
    told.sort();
    told.dedup();
    told
}

/// One code at one path.
pub(super) fn one(code: &'static str, path: &str) -> Vec<(&'static str, String)> {
    vec![(code, path.to_owned())]
}

pub(super) fn fifo(path: PathBuf) {
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mkfifoat(rustix::fs::CWD, path, mode).expect("a FIFO");
}

/// A moment of a survey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment<'a> {
    Entering(&'a str),
    Opening(&'a str),
    Hashed(&'a str),
    Returning,
}

struct When<F>(F);

impl<F: Fn(Moment<'_>) + Sync> Watcher for When<F> {
    fn entering(&self, directory: &str) {
        (self.0)(Moment::Entering(directory));
    }
    fn opening(&self, file: &PackagePath) {
        (self.0)(Moment::Opening(file.as_str()));
    }
    fn hashed(&self, file: &PackagePath) {
        (self.0)(Moment::Hashed(file.as_str()));
    }
    fn returning(&self) {
        (self.0)(Moment::Returning);
    }
}
