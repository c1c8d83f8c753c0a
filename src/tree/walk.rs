//! Finds every file and directory of a tree, level by level, without opening a file.
//!
//! Each directory is reached from the open root, one name at a time: so there is never more than one open for each
//! thread, however wide or deep a tree is, and a directory that became a link on the way is seen.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use crate::beneath::{Facts, Folder, Listed, ReadError, Type};
use crate::digest::Digest;
use crate::limits::Links;
use crate::path::{MAX_PATH, PackagePath, check_name};
use crate::reason::{Answer, Code, Reason};
use crate::tree_text::{EVIDENCE_FOLDER, LimitFault, is_evidence_name};

use super::additions::addition;
use super::again::{listing_digest, most_names};
use super::{CHECKOUT, EVIDENCE_ELSEWHERE, LINK, Notes, SPECIAL, SurveyRequest, changed, refusal};

/// Every file and directory that was found.
#[derive(Default)]
pub(super) struct Walked {
    /// The root comes first.
    pub(super) directories: Vec<Directory>,
    /// The files of one directory follow each other.
    pub(super) files: Vec<Found>,
    /// Symbolic links, where they may be.
    pub(super) links: Vec<Link>,
    /// Whether there is a folder of evidence, which is no part of the tree.
    pub(super) has_evidence: bool,
}

/// A directory that was listed.
pub(super) struct Directory {
    /// Where it is; `None` for the root.
    pub(super) path: Option<PackagePath>,
    /// Says whether a second listing is the same.
    pub(super) listing: Digest,
    /// Which directory was listed.
    pub(super) inode: u64,
}

/// A file that was examined.
pub(super) struct Found {
    pub(super) path: PackagePath,
    pub(super) facts: Facts,
}

/// A symbolic link, with what it says.
pub(super) struct Link {
    pub(super) path: PackagePath,
    pub(super) facts: Facts,
    pub(super) target: Vec<u8>,
}

/// Walks the tree once.
pub(super) fn walk(root: &Folder, request: &SurveyRequest<'_>, notes: &mut Notes) -> Result<Walked, LimitFault> {
    let counts = Counts { limit: request.limits.files, files: AtomicU64::new(0), directories: AtomicU64::new(0) };
    let mut walked = Walked::default();
    let mut bytes = 0_u64;
    let mut level = vec![(None, root.own().clone())];
    // A path has at most `path::MAX_LEVELS` levels, so this ends.
    while !level.is_empty() {
        let steps: Vec<_> =
            level.into_par_iter().map(|(path, facts)| Step::into(root, path, &facts, request, &counts)).collect();
        // However the threads took turns, the sum of a level is the same, so the answer is the same too.
        counts.check()?;
        let first = walked.files.len();
        level = Vec::new();
        for step in steps {
            walked.directories.extend(step.directory);
            walked.files.extend(step.files);
            walked.links.extend(step.links);
            walked.has_evidence |= step.has_evidence;
            level.extend(step.folders);
            notes.join(step.notes);
        }
        let found = &walked.files[first..];
        if let Some(file) = found.iter().filter(|file| file.facts.size > request.limits.file).min_by_key(|f| &f.path) {
            return Err(LimitFault::File(request.limits.file, file.path.clone()));
        }
        bytes = found.iter().fold(bytes, |sum, file| sum.saturating_add(file.facts.size));
        if bytes > request.limits.tree {
            return Err(LimitFault::Tree(request.limits.tree));
        }
    }
    note_hard_links(&walked.files, notes);
    Ok(walked)
}

/// Does something in the directory of this path, reached from the root.
///
/// # Errors
/// The first component that cannot be opened, and why.
pub(super) fn within<T>(root: &Folder, path: &str, act: impl FnOnce(&Folder) -> T) -> Result<T, (String, Reason)> {
    let mut here: Option<Folder> = None;
    let mut end = 0;
    for name in path.split('/').filter(|name| !name.is_empty()) {
        end += name.len();
        let next = here.as_ref().unwrap_or(root).folder(name);
        here = Some(next.map_err(|error| (path[..end].to_owned(), refusal(&path[..end], &error)))?);
        end += 1;
    }
    Ok(act(here.as_ref().unwrap_or(root)))
}

/// What was found in one directory.
#[derive(Default)]
struct Step {
    directory: Option<Directory>,
    files: Vec<Found>,
    links: Vec<Link>,
    has_evidence: bool,
    folders: Vec<(Option<PackagePath>, Facts)>,
    notes: Notes,
}

impl Step {
    /// Lists one directory and examines what is in it. `facts` are those that its name had.
    fn into(
        root: &Folder,
        path: Option<PackagePath>,
        facts: &Facts,
        request: &SurveyRequest<'_>,
        counts: &Counts,
    ) -> Self {
        let mut step = Self::default();
        let at = path.as_ref().map_or("", PackagePath::as_str);
        request.watcher.entering(at);
        let listed = within(root, at, |folder| {
            if is_other_device(folder.own(), root.own()) {
                return Err(cross_device(at));
            }
            if !folder.own().same_file(facts) {
                return Err(changed(at));
            }
            let listed = match folder.list(most_names(request)) {
                Ok(listed) => listed,
                Err(ReadError::TooLarge(_)) => {
                    counts.exceed();
                    return Ok(None);
                }
                Err(error) => return Err(refusal(at, &error)),
            };
            let listing = listing_digest(&listed);
            for entry in listed {
                if counts.check().is_err() {
                    return Ok(None);
                }
                step.examine(root, folder, at, &entry, request, counts);
            }
            Ok(Some(listing))
        });
        match listed {
            Ok(Ok(Some(listing))) => step.directory = Some(Directory { listing, inode: facts.inode, path }),
            Ok(Ok(None)) => (),
            Ok(Err(reason)) => step.notes.refuse(at, reason),
            Err((part, reason)) => step.notes.refuse(&part, reason),
        }
        step
    }

    fn examine(
        &mut self,
        root: &Folder,
        folder: &Folder,
        above: &str,
        entry: &Listed,
        request: &SurveyRequest<'_>,
        counts: &Counts,
    ) {
        let name = entry.name.as_encoded_bytes();
        let raw = if above.is_empty() { name.to_vec() } else { [above.as_bytes(), b"/", name].concat() };
        let facts = match folder.facts(&entry.name) {
            Ok(facts) => facts,
            Err(error) => {
                let at = str::from_utf8(&raw).unwrap_or(above);
                return self.notes.refuse(at, refusal(at, &error));
            }
        };
        let reject = |code, message: &str| Reason::new(code, Answer::Reject, message).at(&raw);
        if above.is_empty() && name == EVIDENCE_FOLDER.as_bytes() && facts.kind == Type::Folder {
            self.has_evidence = true;
            return;
        }
        if above.is_empty() && request.worktree && name == b".git" && matches!(facts.kind, Type::Folder | Type::File) {
            let message = "the top-level `.git` of a worktree was left out";
            return self.notes.reasons.push(Reason::new(Code::Worktree, Answer::Note, message).at(&raw));
        }
        if let Some(reason) = above.is_empty().then(|| addition(folder, entry, &facts, request)).flatten() {
            return self.notes.reasons.push(reason.at(&raw));
        }
        counts.add(&facts);
        if str::from_utf8(name).is_ok_and(is_evidence_name) {
            return self.notes.reasons.push(reject(Code::EvidenceUnknownFile, EVIDENCE_ELSEWHERE));
        }
        let path = match PackagePath::parse(&raw) {
            Ok(path) => path,
            Err(fault) => {
                let reason = reject(fault.code(), &fault.to_string());
                let top = above.is_empty() && name == b".git";
                return self.notes.reasons.push(if top { reason.step(CHECKOUT) } else { reason });
            }
        };
        if let Some(what) = check_name(name).ok().and_then(unportable) {
            let answer = if request.portable || cfg!(windows) { Answer::Reject } else { Answer::Note };
            let message = format!("Windows cannot hold this name: {what}");
            self.notes.reasons.push(Reason::new(Code::PathWindows, answer, message).at(&raw));
        }
        match facts.kind {
            Type::Link if request.limits.links != Links::None && facts.size > MAX_PATH as u64 => {
                let message = "a symbolic link that says more than a path has room for";
                self.notes.refuse(path.as_str(), reject(Code::SymlinkEscape, message));
            }
            Type::Link if request.limits.links != Links::None => match folder.link(&entry.name, &facts) {
                Ok(target) => self.links.push(Link { path, facts, target }),
                Err(error) => self.notes.refuse(path.as_str(), refusal(path.as_str(), &error)),
            },
            Type::Link => self.notes.refuse(path.as_str(), reject(Code::Symlink, LINK)),
            Type::Special => self.notes.refuse(path.as_str(), reject(Code::SpecialFile, SPECIAL)),
            _ if is_other_device(&facts, root.own()) => self.notes.refuse(path.as_str(), cross_device(path.as_str())),
            Type::Folder => self.folders.push((Some(path), facts)),
            Type::File if is_excluded(&path, request) => {
                let message = "left out, as your policy's `exclude` says";
                self.notes.reasons.push(Reason::new(Code::Excluded, Answer::Note, message).at(&raw));
            }
            Type::File => {
                if facts.mode.is_some_and(|mode| mode & 0o7000 != 0) {
                    let message = "the file has a setuid, setgid or sticky bit";
                    self.notes.reasons.push(reject(Code::ModeSpecial, message));
                }
                self.files.push(Found { path, facts });
            }
        }
    }
}

/// Whether a file is to be left out. What was signed never is: nobody could see that it was changed. Where a tree of git is
/// expected, only the whole of it tells whether the file is a part of it.
fn is_excluded(path: &PackagePath, request: &SurveyRequest<'_>) -> bool {
    request.git.is_none()
        && request.exclude.is_some_and(|exclude| exclude.contains(path))
        && request.expected.is_none_or(|expected| expected.find(path).is_none())
}

/// Counts what is found on all threads, so that a walk ends that would not.
struct Counts {
    limit: u64,
    files: AtomicU64,
    directories: AtomicU64,
}

impl Counts {
    fn add(&self, facts: &Facts) {
        let count = if facts.kind == Type::Folder { &self.directories } else { &self.files };
        count.fetch_add(1, Ordering::Relaxed);
    }

    fn exceed(&self) {
        self.files.store(u64::MAX / 2, Ordering::Relaxed);
    }

    fn check(&self) -> Result<(), LimitFault> {
        let over = |count: &AtomicU64| count.load(Ordering::Relaxed) > self.limit;
        if over(&self.files) || over(&self.directories) { Err(LimitFault::Files(self.limit)) } else { Ok(()) }
    }
}

fn unportable(name: &str) -> Option<&'static str> {
    PackagePath::parse(name.as_bytes()).ok()?.unportable()
}

/// A mount of the same device is told by the mount's number. A file's device can differ from its directory's without
/// any mount, on overlay file systems, so for files the mount decides where it is known.
fn is_other_device(facts: &Facts, root: &Facts) -> bool {
    let device = facts.device != root.device;
    match (facts.mount, root.mount) {
        (Some(here), Some(there)) if here == there => facts.kind == Type::Folder && device,
        (Some(_), Some(_)) => true,
        _ => device || facts.mount_root,
    }
}

fn cross_device(path: &str) -> Reason {
    let message = "something else is mounted here; a tree lies on one device";
    Reason::new(Code::CrossDevice, Answer::Reject, message).at(path)
}

/// A file with names outside of the tree can be changed there.
fn note_hard_links(files: &[Found], notes: &mut Notes) {
    let mut names: HashMap<(u64, u64), u64> = HashMap::new();
    let linked = || files.iter().filter(|file| file.facts.links > 1);
    for file in linked() {
        *names.entry((file.facts.device, file.facts.inode)).or_default() += 1;
    }
    for file in linked() {
        let inside = names.get(&(file.facts.device, file.facts.inode)).copied().unwrap_or(0);
        if file.facts.links > inside {
            let message = "the file has further names (hard links) outside of the tree";
            notes.reasons.push(Reason::new(Code::HardlinkExternal, Answer::Note, message).at(file.path.as_str()));
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::ffi::OsStr;
    use std::fs;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;

    use super::super::fixture::{Fixture, Moment, fifo, one, told};

    #[test]
    fn what_is_no_file_is_refused_without_opening_it() {
        let fixture = Fixture::new(&[("a", "a"), ("d/b", "b")]);
        assert_eq!(fixture.found(), []);
        symlink("a", fixture.at("d/link")).expect("linked");
        assert_eq!(fixture.found(), one("symlink", "d/link"));
        fs::remove_file(fixture.at("d/link")).expect("removed");
        symlink("d", fixture.at("link")).expect("linked");
        assert_eq!(fixture.found(), one("symlink", "link"));
        fs::remove_file(fixture.at("link")).expect("removed");
        fifo(fixture.at("d/fifo"));
        let _socket = UnixListener::bind(fixture.at("socket")).expect("a socket");
        assert_eq!(fixture.found(), [("special-file", "d/fifo".to_owned()), ("special-file", "socket".to_owned())]);
    }

    #[test]
    fn what_a_policy_leaves_out_is_told_and_never_hides_what_was_signed() {
        let mut fixture = Fixture::new(&[("a", "a"), ("installed", "x"), ("d/b", "b")]);
        let signed = fixture.text();
        for path in ["installed", "d"] {
            fixture.exclude.insert(crate::path::PackagePath::parse(path.as_bytes()).expect("a path"));
        }
        assert_eq!(fixture.found(), one("excluded", "installed"), "only files, and by their exact names");
        assert_eq!(fixture.text().files(), 2);
        // It was signed, so it is measured.
        let survey = fixture.survey(Some(&signed), &());
        assert_eq!(survey.measured().map(|tree| tree.text().clone()), Some(signed.clone()));
        fixture.write("installed", "changed");
        let survey = fixture.survey(Some(&signed), &());
        assert_eq!(told(&survey.differences(&signed)), one("content-differs", "installed"));
    }

    #[test]
    fn names_are_checked_wherever_they_are() {
        let fixture = Fixture::new(&[("a", "a")]);
        for (name, code) in [
            ("d/a\\b", "path-traversal"),
            ("d/a\nb", "path-control"),
            ("a\u{202e}b", "path-hidden"),
            ("e\u{301}", "path-nfc"),
            ("d/.GIT", "path-git"),
            (".git", "path-git"),
            (".Countersign", "evidence-unknown-file"),
            (".countersign", "evidence-unknown-file"),
            ("d/.countersign", "evidence-unknown-file"),
            ("d/.counter\u{200d}sign", "evidence-unknown-file"),
        ] {
            fixture.write(name, "");
            assert_eq!(fixture.found(), one(code, &crate::shown::Shown::new(name).to_string()), "{name}");
            fs::remove_file(fixture.at(name)).expect("removed");
            fs::create_dir(fixture.at(name)).expect("made");
            let expected =
                if name == ".countersign" { vec![] } else { one(code, &crate::shown::Shown::new(name).to_string()) };
            assert_eq!(fixture.found(), expected, "{name}");
            fs::remove_dir(fixture.at(name)).expect("removed");
        }
        fs::write(fixture.dir.path().join(OsStr::from_bytes(b"\xff")), "").expect("written");
        assert_eq!(fixture.found(), one("path-encoding", "\\xff"));
    }

    #[test]
    fn paths_have_a_limit() {
        let fixture = Fixture::new(&[(&["d"; 64].join("/"), "")]);
        assert_eq!(fixture.found(), []);
        let path = ["d"; 63].join("/") + "/e/f";
        fixture.write(&path, "");
        assert_eq!(fixture.found(), one("path-limit", &path));
    }

    #[test]
    fn names_that_windows_cannot_hold_are_refused_where_asked() {
        let mut fixture = Fixture::new(&[("aux/hello.", ""), ("aux/b", "")]);
        let both = [("path-windows", "aux".to_owned()), ("path-windows", "aux/hello.".to_owned())];
        let survey = fixture.survey(None, &());
        assert_eq!(told(survey.reasons()), both);
        assert_eq!(survey.measured().expect("a tree").notes(), survey.reasons());
        fixture.portable = true;
        let survey = fixture.survey(None, &());
        assert_eq!(told(survey.reasons()), both);
        assert!(survey.measured().is_none());
    }

    #[test]
    fn names_that_are_one_elsewhere_are_refused() {
        let fixture = Fixture::new(&[("src/README", ""), ("src/readme2", ""), ("SRC2/a", "")]);
        assert_eq!(fixture.found(), []);
        fixture.write("src/readme", "");
        fixture.write("src2/b", "");
        assert_eq!(
            fixture.found(),
            [("path-collision", "src/readme".to_owned()), ("path-collision", "src2".to_owned())]
        );
    }

    #[test]
    fn the_git_folder_of_a_worktree_is_left_out_where_asked() {
        let mut fixture = Fixture::new(&[("a", "a"), (".git/config", "")]);
        assert_eq!(fixture.found(), one("path-git", ".git"));
        fixture.worktree = true;
        let survey = fixture.survey(None, &());
        assert_eq!(told(survey.reasons()), one("worktree", ".git"));
        assert_eq!(survey.measured().expect("a tree").files(), 1);
        fixture.write("d/.git/config", "");
        assert_eq!(fixture.found(), [("path-git", "d/.git".to_owned()), ("worktree", ".git".to_owned())]);
    }

    #[test]
    fn special_modes_are_refused_on_files() {
        let fixture = Fixture::new(&[("a", "a"), ("d/b", "")]);
        fs::set_permissions(fixture.at("d"), fs::Permissions::from_mode(0o3755)).expect("changed");
        for mode in [0o4755, 0o2755, 0o1644] {
            fs::set_permissions(fixture.at("a"), fs::Permissions::from_mode(mode)).expect("changed");
            assert_eq!(fixture.found(), one("mode-special", "a"), "{mode:o}");
        }
        fs::set_permissions(fixture.at("a"), fs::Permissions::from_mode(0o777)).expect("changed");
        assert_eq!(fixture.found(), []);
    }

    #[test]
    fn hard_links_to_the_outside_are_noted() {
        let fixture = Fixture::new(&[("a", "a"), (".countersign/x", "")]);
        fs::hard_link(fixture.at("a"), fixture.at("b")).expect("linked");
        assert_eq!(fixture.found(), []);
        fs::hard_link(fixture.at("a"), fixture.at(".countersign/c")).expect("linked");
        let survey = fixture.survey(None, &());
        let both = [("hardlink-external", "a".to_owned()), ("hardlink-external", "b".to_owned())];
        assert_eq!(told(survey.reasons()), both);
        assert!(survey.measured().is_some());
    }

    #[test]
    fn limits_stop_the_walk_and_are_all_that_is_told() {
        let mut fixture = Fixture::new(&[("a", "12"), ("b", "123"), ("d/c", ""), ("d/e/f", "")]);
        symlink("a", fixture.at("link")).expect("linked");
        (fixture.limits.files, fixture.limits.file, fixture.limits.tree) = (5, 3, 5);
        assert_eq!(fixture.found(), one("symlink", "link"));
        fixture.limits.file = 2;
        assert_eq!(fixture.found(), one("limit-tree", "b"));
        fixture.limits.file = 1;
        assert_eq!(fixture.found(), one("limit-tree", "a"));
        (fixture.limits.file, fixture.limits.tree) = (3, 4);
        assert_eq!(fixture.found(), one("limit-tree", ""));
        for files in 1..5 {
            (fixture.limits.files, fixture.limits.tree) = (files, 5);
            assert_eq!(fixture.found(), one("limit-tree", ""));
            assert!(fixture.survey(None, &()).differences(&Fixture::new(&[("z", "")]).text()).is_empty());
        }
    }

    #[test]
    fn directories_have_a_limit_too() {
        let mut fixture = Fixture::new(&[("a/b/c/d", "")]);
        fixture.limits.files = 3;
        assert_eq!(fixture.found(), []);
        fixture.limits.files = 2;
        assert_eq!(fixture.found(), one("limit-tree", ""));
    }

    #[test]
    fn a_directory_that_became_a_link_is_refused() {
        let swap = |at: Moment<'static>| {
            let fixture = Fixture::new(&[("a/b/c", "c"), ("z/c", "c")]);
            let found = fixture.found_when(|now| {
                if now == at {
                    fs::rename(fixture.at("a"), fixture.at(".countersign")).expect("moved");
                    symlink(".countersign", fixture.at("a")).expect("linked");
                }
            });
            let codes: Vec<_> = found.into_iter().filter(|(code, _)| *code != "changed-during-verify").collect();
            assert_eq!(codes, one("symlink", "a"), "{at:?}");
        };
        swap(Moment::Entering("a"));
        swap(Moment::Entering("a/b"));
        swap(Moment::Returning);
    }
}
