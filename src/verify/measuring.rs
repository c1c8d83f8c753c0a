//! Measures a package's directory against the manifest that speaks best for it.

use std::collections::{BTreeMap, BTreeSet};

use super::Request;
use crate::digest::Digest;
use crate::limits::Limits;
use crate::policy::Exemption;
use crate::reason::{Answer, Code, Reason};
use crate::shown::Shown;
use crate::statement::Manifest;
use crate::store::Store;
use crate::store::package::Own;
use crate::tree::{MeasuredTree, Survey, SurveyError, SurveyRequest, survey};
use crate::tree_text::TreeText;
use crate::verdict::Outcome;
use crate::verdict::authors::{Origin, Release};
use crate::verdict::choice::Choice;

/// The tree, and the place of the manifest that it was compared with.
#[derive(Default)]
pub(super) struct Measured {
    pub(super) compared: Option<usize>,
    pub(super) tree: Option<MeasuredTree>,
}

/// Where tree texts are looked for.
pub(super) struct Places<'a> {
    pub(super) own: &'a Own,
    pub(super) stores: &'a [(Store, Origin)],
}

/// Measures the directory and compares it with the manifest that is chosen for it. Where several may be, it is measured
/// once before, so that many of them cost no more than two.
pub(super) fn measure(
    releases: &[Release<'_>],
    choice: &Choice,
    places: &Places<'_>,
    request: &Request<'_>,
    reasons: &mut Vec<Reason>,
) -> Result<Measured, SurveyError> {
    let package = request.package.or_else(|| Some(releases.first()?.opened.statement().package()));
    let exemption = package.and_then(|package| request.policy.exempts(Code::PathWindows, package, request.times.now));
    let tree = match choice.is_open() {
        true => look(None, &[], request, exemption)?.measured().map(MeasuredTree::digest),
        false => None,
    };
    if let Some(place) = choice.of(releases, tree) {
        let tree = compare(releases[place].opened.statement(), places, request, exemption, reasons)?;
        return Ok(Measured { compared: Some(place), tree });
    }
    let survey = look(packed(request), &[], request, exemption)?;
    reasons.extend(survey.reasons().iter().map(|reason| exempted(reason, exemption)));
    hold_against_installed(&survey, request, reasons);
    hold_against_git(&survey, reasons);
    Ok(Measured { compared: None, tree: survey.into_parts().0 })
}

/// Measures the directory against one manifest, and tells every difference.
fn compare(
    manifest: &Manifest,
    places: &Places<'_>,
    request: &Request<'_>,
    exemption: Option<&Exemption>,
    told: &mut Vec<Reason>,
) -> Result<Option<MeasuredTree>, SurveyError> {
    let limits = request.limits;
    if manifest.files() > limits.files || manifest.bytes() > limits.tree {
        let message = format!(
            "the manifest tells of {} files and {} bytes; at most {} files and {} bytes are measured",
            manifest.files(),
            manifest.bytes(),
            limits.files,
            limits.tree
        );
        told.push(Reason::new(Code::LimitTree, Answer::Reject, message));
        return Ok(None);
    }
    let expected = tree_text(manifest.tree(), places, limits, told);
    // Where what was signed is not what was packed, all is read, to be compared with both.
    let packed = packed(request);
    let same = expected.as_ref().zip(packed).is_none_or(|(expected, packed)| expected.digest() == packed.digest());
    let dropped = request.installed.map(|installed| installed.place.dropped).unwrap_or_default();
    let survey = look(expected.as_ref().or(packed).filter(|_| same), dropped, request, exemption)?;
    told.extend(survey.reasons().iter().map(|reason| exempted(reason, exemption)));
    if let Some(expected) = &expected {
        told.extend(survey.differences(expected));
    }
    if expected.is_none() || !same {
        hold_against_installed(&survey, request, told);
    }
    hold_against_git(&survey, told);
    Ok(survey.into_parts().0)
}

/// What was unpacked into the directory, going by its archive.
fn packed<'a>(request: &Request<'a>) -> Option<&'a TreeText> {
    request.installed.and_then(|installed| installed.packed)
}

/// Compares the directory with its archive, and with what the installer wrote down: a byte that was changed after
/// installation is found whether anybody signed the package or not.
fn hold_against_installed(survey: &Survey, request: &Request<'_>, told: &mut Vec<Reason>) {
    let Some(installed) = request.installed else { return };
    let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    for mut reason in installed.packed.map(|packed| survey.differences_from_archive(packed)).unwrap_or_default() {
        let path = reason.path.as_deref().unwrap_or_default();
        if reason.code == Code::FileMissing && installed.place.dropped.contains(&name(path).as_str()) {
            let message = "not there, since the installer leaves such files away";
            reason = Reason::new(Code::Excluded, Answer::Note, message).at(path);
        }
        told.push(reason);
    }
    let (Some(listed), Some(tree)) = (&installed.place.listed, survey.measured()) else { return };
    let reject = |code, path: &str, message: &str| Reason::new(code, Answer::Reject, message).at(path);
    let there: BTreeMap<_, _> = tree.text().entries().iter().map(|entry| (entry.path.as_str(), entry.digest)).collect();
    let told_of = survey.reasons().iter().filter(|reason| reason.code == Code::Excluded);
    let left: BTreeSet<_> = told_of.filter_map(|reason| reason.path.as_deref()).collect();
    for (path, digest) in there.iter().filter(|(path, _)| !left.contains(*path)) {
        match listed.get(*path) {
            Some(known) if known == digest => {}
            Some(_) => {
                told.push(reject(Code::ContentDiffers, path, "the content is not what the installer wrote down"));
            }
            None => {
                told.push(reject(Code::FileAdded, path, "is there, and is not among what the installer wrote down"));
            }
        }
    }
    let gone = listed.keys().filter(|path| !there.contains_key(path.as_str()));
    told.extend(gone.map(|path| reject(Code::FileMissing, path, "the installer wrote it down, and it is not there")));
}

/// Tells how the directory is not the tree of git that the lockfile names.
fn hold_against_git(survey: &Survey, told: &mut Vec<Reason>) {
    match survey.git_differences() {
        Some(differences) => {
            // What was found to be added is told once, by whoever knows more of it.
            let again = |one: &Reason| {
                one.code == Code::FileAdded
                    && differences.iter().any(|other| (other.code, &other.path) == (one.code, &one.path))
            };
            told.retain(|one| !again(one));
            told.extend(differences.iter().cloned());
        }
        None if Outcome::of_reasons(told) != Outcome::Accepted => {}
        None => {
            let message = "it could not be told whether this is the tree that the lockfile names";
            told.push(Reason::new(Code::GitTreeDiffers, Answer::CannotTell, message).at(""));
        }
    }
}

/// Measures once. Names that Windows cannot hold are told and not refused where an exemption lifts that: then all the rest of
/// the tree is known as well.
fn look(
    expected: Option<&TreeText>,
    dropped: &[&str],
    request: &Request<'_>,
    exemption: Option<&Exemption>,
) -> Result<Survey, SurveyError> {
    let rules = request.policy.tree();
    let git = request.installed.and_then(|installed| installed.git);
    survey(&SurveyRequest {
        dir: request.dir,
        // No installer makes a worktree, and what hashes trees as Julia does goes past a `.git` in one.
        worktree: rules.worktree && git.is_none(),
        portable: rules.portable_names && exemption.is_none(),
        exclude: Some(&rules.exclude),
        additions: request.installed.map(|installed| installed.place.additions).unwrap_or_default(),
        dropped,
        expected,
        git,
        limits: request.limits,
        watcher: request.watcher,
    })
}

fn exempted(reason: &Reason, exemption: Option<&Exemption>) -> Reason {
    let mut reason = reason.clone();
    if let Some(exemption) = exemption.filter(|_| reason.code == Code::PathWindows) {
        let why = Shown::new(&exemption.reason);
        reason.message = format!("{} (exempted until {}: {why})", reason.message, exemption.until);
    }
    reason
}

/// The tree text that a manifest names, from the package itself or a store. One that is damaged is set aside: then the
/// digest decides all the same, but no file can be named.
pub(super) fn tree_text(
    wanted: Digest,
    places: &Places<'_>,
    limits: &Limits,
    told: &mut Vec<Reason>,
) -> Option<TreeText> {
    let mut texts = Vec::new();
    if let Some(text) = places.own.tree() {
        if Digest::of(text) == wanted {
            texts.push((".countersign/tree".to_owned(), text.to_vec()));
        } else {
            let message = "this tree text is not the one that the manifest names";
            told.push(Reason::new(Code::TreeDigest, Answer::SetAside, message).at(".countersign/tree"));
        }
    }
    for (store, _) in places.stores {
        match store.tree(wanted) {
            Ok(Some(text)) => texts.push((format!("{}: tree {wanted}", store.path().display()), text)),
            Ok(None) => {}
            Err(reason) => told.push(reason),
        }
    }
    // All of them have the same digest, so one is as good as another.
    let (name, text) = texts.into_iter().next()?;
    match TreeText::parse(&text, limits) {
        Ok(text) => Some(text),
        Err(fault) => {
            told.push(Reason::new(fault.code(), Answer::SetAside, fault.to_string()).at(name));
            None
        }
    }
}
