//! Holds a directory against the name that git gives to its tree, as a lockfile has it.
//!
//! What building a package leaves in it, and what a policy leaves out, may be a part of that tree or not; only the name of the
//! whole tells. Such files are read like all others, and the fewest of them are taken for a part of the tree with which
//! it has the wanted name. The folder of evidence is no part of what is measured, and may be one of git's tree.

use std::path::Path;

use crate::beneath::Folder;
use crate::git_tree::{Mode, ObjectId, blob, tree};
use crate::limits::{Limits, Links};
use crate::path::PackagePath;
use crate::reason::{Answer, Code, Reason};
use crate::tree_text::EVIDENCE_FOLDER;

use super::hash::{Hashed, hash};
use super::walk::{Walked, walk};
use super::{Notes, SurveyError, SurveyRequest, Watcher, again, links};

/// The tree of git that a directory should be, and what may lie in it beside that.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "whoever asks must say all of it")]
pub struct GitTree<'a> {
    /// The name of the tree.
    pub id: ObjectId,
    /// Files that building the package writes.
    pub built: &'a [Built],
    /// How the names of files end that a run of the package's tests leaves behind, and that belong nowhere.
    pub leftovers: &'a [&'a str],
}

/// A file that building a package writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a rule is written out in full")]
pub struct Built {
    /// Its path in the package.
    pub path: &'static str,
    /// Whether it is run later on.
    pub is_code: bool,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Settled {
    /// Files that are left out of the measure, by their places among those that were found.
    pub(super) left_out: Vec<usize>,
    /// What is told of that.
    pub(super) notes: Vec<Reason>,
    /// Why the directory is not the wanted tree; none if it is, or none was asked.
    pub(super) differs: Vec<Reason>,
    /// Something could not be read, or need not be, so that nothing is known.
    pub(super) unknown: bool,
}

/// Holds what was read against the wanted tree.
pub(super) fn settle(
    root: &Folder,
    walked: &Walked,
    hashed: &[Hashed],
    notes: &Notes,
    request: &SurveyRequest<'_>,
) -> Settled {
    let Some(git) = request.git else { return Settled::default() };
    let optional = optional(walked, request, &git);
    let told = notes.reasons.iter().any(|reason| reason.answer != Answer::Note);
    let entries: Option<Vec<_>> = walked
        .files
        .iter()
        .zip(hashed)
        .map(|(file, hashed)| Some((&file.path, mode(file.facts.mode), hashed.blob?)))
        .collect();
    let Some(entries) = entries.filter(|_| !told) else {
        let nothing = Search { included: Vec::new(), found: None };
        return Settled { unknown: true, differs: Vec::new(), ..nothing.settled(walked, &optional, &git) };
    };
    let mut search = Search::over(&entries, walked, &optional, &[], &git);
    if search.found.is_some() && walked.has_evidence {
        let evidence = evidence(root, &git, request);
        let again = Search::over(&entries, walked, &optional, &evidence, &git);
        if again.found.is_none() {
            search = again;
        }
    }
    search.settled(walked, &optional, &git)
}

/// Holds a directory that no policy measures against the name of its tree. Links may lead anywhere: what they say is bound by the
/// name.
///
/// # Errors
/// The directory cannot be opened.
pub fn hold(dir: &Path, id: ObjectId, limits: &Limits, watcher: &dyn Watcher) -> Result<Vec<Reason>, SurveyError> {
    let failed = |source| SurveyError { dir: dir.to_owned(), source };
    let root = Folder::open(dir).map_err(failed)?;
    let limits = Limits { links: Links::Any, ..limits.clone() };
    let git = GitTree { id, built: &[], leftovers: &[] };
    let request = SurveyRequest { git: Some(git), watcher, ..SurveyRequest::plain(dir, &limits) };
    let mut notes = Notes::default();
    let walked = match walk(&root, &request, &mut notes) {
        Ok(walked) => walked,
        Err(fault) => return Ok(vec![Reason::new(Code::LimitTree, Answer::Reject, fault.to_string())]),
    };
    if walked.has_evidence {
        // Nobody looks into it here, as a package's own is looked into.
        let message = "what is no package has no folder of evidence";
        notes.reasons.push(Reason::new(Code::EvidenceUnknownFile, Answer::Reject, message).at(EVIDENCE_FOLDER));
    }
    let hashed = hash(&root, &walked, &request, &mut notes);
    let settled = settle(&root, &walked, &hashed, &notes, &request);
    again::again(&root, &walked, &request, &mut notes);
    links::again(&root, &walked, &mut notes);
    notes.reasons.retain(|reason| reason.answer != Answer::Note);
    notes.reasons.extend(settled.differs);
    Ok(notes.reasons)
}

/// Whether a file may be no part of the tree, so that it is read though it is not among what is expected.
pub(super) fn may_be_left_out(path: &PackagePath, request: &SurveyRequest<'_>) -> bool {
    request.git.is_some_and(|git| part(path, request, &git).is_some())
}

/// What a file is that may be no part of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Excluded,
    Log,
    Code,
    Leftover,
}

/// A file that may be no part of the tree.
struct Optional {
    /// Its place among those that were found.
    at: usize,
    part: Part,
    /// Those of one class are parts of the tree together, or none is.
    class: usize,
}

fn part(path: &PackagePath, request: &SurveyRequest<'_>, git: &GitTree<'_>) -> Option<Part> {
    if request.expected.is_some_and(|expected| expected.find(path).is_some()) {
        return None;
    }
    if request.exclude.is_some_and(|exclude| exclude.contains(path)) {
        return Some(Part::Excluded);
    }
    match git.built.iter().find(|built| built.path == path.as_str()) {
        Some(built) => Some(if built.is_code { Part::Code } else { Part::Log }),
        None => git.leftovers.iter().any(|end| path.as_str().ends_with(end)).then_some(Part::Leftover),
    }
}

/// The files that may be no part of the tree.
fn optional(walked: &Walked, request: &SurveyRequest<'_>, git: &GitTree<'_>) -> Vec<Optional> {
    let mut class = LEFTOVERS;
    let parts = walked.files.iter().enumerate().filter_map(|(at, file)| Some((at, part(&file.path, request, git)?)));
    parts
        .map(|(at, part)| {
            class += usize::from(part != Part::Leftover);
            Optional { at, part, class: if part == Part::Leftover { LEFTOVERS } else { class } }
        })
        .collect()
}

/// Which of the files that may be no part of the tree are one.
struct Search {
    included: Vec<usize>,
    /// The name that the tree has without any of them, where no choice gives the wanted one.
    found: Option<ObjectId>,
}

impl Search {
    /// Looks for the fewest with which the tree has the wanted name.
    fn over(
        entries: &[(&PackagePath, Mode, ObjectId)],
        walked: &Walked,
        optional: &[Optional],
        evidence: &[(String, Mode, ObjectId)],
        git: &GitTree<'_>,
    ) -> Self {
        let algorithm = git.id.algorithm();
        let links: Vec<_> = walked.links.iter().map(|link| (&link.path, blob(algorithm, &link.target))).collect();
        let name = |included: &[usize]| {
            let is_out = |at: usize| optional.iter().any(|one| one.at == at && !included.contains(&one.class));
            let files = entries.iter().enumerate().filter(|(at, _)| !is_out(*at));
            let files = files.map(|(_, (path, mode, id))| (path.as_str(), *mode, *id));
            let links = links.iter().map(|(path, id)| (path.as_str(), Mode::Link, *id));
            let evidence = evidence.iter().map(|(path, mode, id)| (path.as_str(), *mode, *id));
            tree(algorithm, files.chain(links).chain(evidence))
        };
        let without = name(&[]);
        if without == git.id {
            return Self { included: Vec::new(), found: None };
        }
        let mut classes: Vec<_> = optional.iter().map(|one| one.class).collect();
        classes.sort_unstable();
        classes.dedup();
        let fits = choices(&classes).into_iter().find(|included| name(included) == git.id);
        match fits {
            Some(included) => Self { included, found: None },
            None => Self { included: Vec::new(), found: Some(without) },
        }
    }

    fn settled(self, walked: &Walked, optional: &[Optional], git: &GitTree<'_>) -> Settled {
        let mut settled = Settled::default();
        let others = optional.iter().filter(|one| !self.included.contains(&one.class));
        for Optional { at, part, .. } in others {
            let path = walked.files[*at].path.as_str();
            if *part != Part::Leftover {
                settled.left_out.push(*at);
            }
            let note = |message: &str| Reason::new(Code::Excluded, Answer::Note, message).at(path);
            match part {
                Part::Excluded => settled.notes.push(note("left out, as your policy's `exclude` says")),
                Part::Log => settled.notes.push(note("left out, since building the package writes it")),
                Part::Code => {
                    let message = "building the package wrote this code, which is run and which nobody else can know";
                    let step = "read it; then let `exclude` of your policy name it, or exempt the package";
                    settled
                        .differs
                        .push(Reason::new(Code::GeneratedCode, Answer::CannotTell, message).at(path).step(step));
                }
                Part::Leftover => {
                    let message = "is there and is no part of the package; a run of its tests leaves such files behind";
                    let step = "remove it, and run tests on a copy";
                    settled.differs.push(Reason::new(Code::FileAdded, Answer::Reject, message).at(path).step(step));
                }
            }
        }
        let Some(found) = self.found else { return settled };
        // With another tree, whatever else was told is a guess.
        settled.differs.clear();
        let wanted = git.id;
        settled.differs.push(match walked.files.iter().any(|file| file.facts.mode.is_none()) {
            true => {
                let message = format!("without execute bits it cannot be told whether this is the tree {wanted}");
                Reason::new(Code::LockUnchecked, Answer::Note, message)
            }
            false => {
                let message = format!("the lockfile says that git calls this tree {wanted}, and it is {found}");
                let step = "remove the folder, and let the package manager install it again";
                Reason::new(Code::GitTreeDiffers, Answer::Reject, message).at("").step(step)
            }
        });
        settled
    }
}

/// Every choice of some of these, the smaller ones first; of many, only all together.
fn choices(classes: &[usize]) -> Vec<Vec<usize>> {
    if classes.len() > TRIED {
        return vec![classes.to_vec()];
    }
    let mut all: Vec<Vec<usize>> = (1..1_usize << classes.len())
        .map(|choice| {
            let chosen = classes.iter().enumerate().filter(|(bit, _)| choice >> bit & 1 == 1);
            chosen.map(|(_, class)| *class).collect()
        })
        .collect();
    all.sort_by_key(Vec::len);
    all
}

/// The files of the folder of evidence; none where it has anything that no tree may have.
fn evidence(root: &Folder, git: &GitTree<'_>, request: &SurveyRequest<'_>) -> Vec<(String, Mode, ObjectId)> {
    let Ok(folder) = root.folder(EVIDENCE_FOLDER) else { return Vec::new() };
    let git = GitTree { built: &[], leftovers: &[], ..*git };
    let request = SurveyRequest { git: Some(git), ..SurveyRequest::plain(request.dir, request.limits) };
    let mut notes = Notes::default();
    let Ok(walked) = walk(&folder, &request, &mut notes) else { return Vec::new() };
    let hashed = hash(&folder, &walked, &request, &mut notes);
    if notes.reasons.iter().any(|reason| reason.answer != Answer::Note) {
        return Vec::new();
    }
    let files = walked.files.iter().zip(hashed);
    let entry = |path: &PackagePath| format!("{EVIDENCE_FOLDER}/{}", path.as_str());
    files.filter_map(|(file, hashed)| Some((entry(&file.path), mode(file.facts.mode), hashed.blob?))).collect()
}

/// What git makes of permission bits.
fn mode(bits: Option<u32>) -> Mode {
    if bits.is_some_and(|bits| bits & 0o100 != 0) { Mode::Executable } else { Mode::File }
}

/// The class of everything that a run of tests leaves behind.
const LEFTOVERS: usize = 0;
/// Of how many files every choice is tried.
const TRIED: usize = 6;

#[cfg(all(test, unix))]
mod tests;
