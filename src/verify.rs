//! The whole way of one package, from bytes to report: the one file where all floors meet.
//!
//! It starts no process, uses no network and writes nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::beneath::{Folder, ReadError};
use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::keyring::Keyring;
use crate::limits::Limits;
use crate::openpgp::open::{NothingSeen, OpenedStatement, SignedStatement, Unopened};
use crate::package::Purl;
use crate::policy::{Signers, SignersFault};
use crate::reason::{Answer, Code, Reason};
use crate::report::{PackageReport, Report};
use crate::shown::Shown;
use crate::statement::{Kind, Manifest, StatementFault};
use crate::store::package::Own;
use crate::store::{FoundSignature, FoundStatement, Store};
use crate::time::Times;
use crate::tree::{MeasuredTree, Survey, SurveyError, SurveyRequest, Watcher, survey};
use crate::tree_text::TreeText;
use crate::verdict::{Case, judge};

/// What is asked: is this directory exactly what these signers signed?
#[derive(Clone)]
#[expect(clippy::exhaustive_structs, reason = "whoever asks must say all of it")]
pub struct Request<'a> {
    /// The package's directory.
    pub dir: &'a Path,
    /// The package that it should be, with its version.
    pub package: Option<&'a Purl>,
    /// Files and directories of certificates.
    pub keyrings: &'a [PathBuf],
    /// Whose word counts.
    pub signers: &'a [Fingerprint],
    /// How many of them are needed.
    pub needed: usize,
    /// Further evidence beside the package's own.
    pub stores: &'a [PathBuf],
    /// When.
    pub times: Times,
    /// How much is read.
    pub limits: &'a Limits,
    /// Who looks on.
    pub watcher: &'a dyn Watcher,
}

/// Why there is not even a report.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The directory cannot be opened.
    #[error("the directory {} cannot be opened", Shown::new(.path.as_os_str().as_encoded_bytes()))]
    Directory {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        source: ReadError,
    },
    /// The directory cannot be measured at all.
    #[error(transparent)]
    Survey(#[from] SurveyError),
    /// Stores are sorted by package, and nobody said which one.
    #[error("the directory has no manifest of its own, so nothing says which package it should be")]
    NoPackage,
}

impl VerifyError {
    /// What to do next.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoPackage => Some("name the package with its version: --package pkg:cargo/serde@1.0.229"),
            Self::Directory { .. } | Self::Survey(_) => None,
        }
    }
}

/// Verifies one directory under a policy of signers.
///
/// # Errors
/// The question makes no sense; everything else is in the report.
pub fn verify(request: &Request<'_>) -> Result<Report, VerifyError> {
    let at = request.times.at;
    let (signers, keyring, stores) = match prepare(request) {
        Ok(prepared) => prepared,
        Err(reasons) => return Ok(Report::new(at, POLICY, Vec::new(), reasons)),
    };
    let path = || request.dir.to_path_buf();
    let folder = Folder::open(request.dir).map_err(|source| VerifyError::Directory { path: path(), source })?;
    let own = Own::read(&folder, request.limits);
    let mut found = own.evidence.reasons.clone();
    let own_opening = own.evidence.statements.iter().find(|found| is_own_manifest(found)).map(|own| &own.opening);
    let own_package = own_opening.and_then(Option::as_ref).map(|opening| opening.package.clone());
    if request.package.is_none() && own.manifest().is_none() && !stores.is_empty() {
        return Err(VerifyError::NoPackage);
    }
    let wanted = request.package.cloned().or(own_package);
    if request.package.is_none() && own.manifest().is_some() {
        let message = "nobody said which package this should be; the name is the manifest's own";
        found.push(Reason::new(Code::PackageNotAsked, Answer::Note, message).step("name it with --package"));
    }
    let mut candidates = Candidates::default();
    let mut certificates = own.evidence.certificates.clone();
    own.evidence.statements.iter().filter(|found| is_own_manifest(found)).for_each(|found| candidates.add(found));
    if let Some(wanted) = &wanted {
        for store in &stores {
            let mut evidence = store.evidence(wanted, Some(signers.named()));
            found.append(&mut evidence.reasons);
            certificates.append(&mut evidence.certificates);
            evidence
                .statements
                .iter()
                .filter(|found| is_release(found, wanted))
                .for_each(|found| candidates.add(found));
        }
    }
    let certificates = certificates.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
    let keyring = keyring.with_evidence(certificates, request.limits);
    found.extend(keyring.set_aside().iter().cloned());
    let releases = candidates.open(&keyring, &signers, wanted.as_ref(), request, &mut found);
    let measured = measure(&releases, &signers, &own, &stores, request, &mut found)?;
    let verdict = judge(Case {
        asked: wanted.as_ref(),
        releases: &releases,
        compared: measured.compared,
        tree: measured.tree.as_ref(),
        found,
        signers: &signers,
        times: request.times,
    });
    let mut package = PackageReport::new(verdict, signers.needed(), request.limits.reasons);
    package.names = names(&package.authors, &keyring);
    Ok(Report::new(at, POLICY, vec![package], Vec::new()))
}

const POLICY: &str = "--signer";

/// What comes before any evidence is read: each fault here means that no verdict is possible.
fn prepare(request: &Request<'_>) -> Result<(Signers, Keyring, Vec<Store>), Vec<Reason>> {
    let mut reasons = Vec::new();
    let keyring = Keyring::read(request.keyrings, request.limits);
    let keyring = keyring.map_err(|error| reasons.push(error.reason())).ok();
    for signer in request.signers {
        if let Some(primary) = keyring.as_ref().and_then(|keyring| keyring.primary_of(signer)) {
            let fault = SignersFault::Subkey { given: signer.clone(), primary: primary.clone() };
            reasons.push(fault.reason());
        }
    }
    let signers = Signers::new(request.signers.to_vec(), request.needed);
    let signers = signers.map_err(|fault| reasons.push(fault.reason())).ok();
    let mut stores = Vec::new();
    for path in request.stores {
        match Store::open(path, request.limits) {
            Ok(store) => stores.push(store),
            Err(error) => reasons.push(error.reason()),
        }
    }
    match (signers, keyring) {
        (Some(signers), Some(keyring)) if reasons.is_empty() => Ok((signers, keyring, stores)),
        _ => Err(reasons),
    }
}

/// Manifests from all places, equal ones put together.
#[derive(Default)]
struct Candidates(BTreeMap<Digest, FoundStatement>);

impl Candidates {
    /// Adds a manifest. The first name that it was found under stays, so the package's own come first.
    fn add(&mut self, found: &FoundStatement) {
        let Some(present) = self.0.get_mut(&found.digest) else {
            self.0.insert(found.digest, found.clone());
            return;
        };
        let known = |signer: &Fingerprint, bytes: &[u8], present: &FoundStatement| {
            present.signatures.iter().any(|other| other.signer == *signer && other.bytes == bytes)
        };
        for signature in &found.signatures {
            if !known(&signature.signer, &signature.bytes, present) {
                present.signatures.push(signature.clone());
            }
        }
    }

    /// Opens them all. Gives those that speak of the wanted package and version.
    fn open(
        self,
        keyring: &Keyring,
        signers: &Signers,
        wanted: Option<&Purl>,
        request: &Request<'_>,
        reasons: &mut Vec<Reason>,
    ) -> Vec<OpenedStatement<Manifest>> {
        let mut releases = Vec::new();
        for mut found in self.0.into_values() {
            found.signatures.sort();
            reasons.extend(skip_strangers(&mut found, signers, request.limits));
            let own = is_own_manifest(&found);
            let mut signed = SignedStatement::new(found.bytes);
            for signature in found.signatures {
                signed.add_signature(signature.name, signature.bytes);
            }
            let opened =
                signed.open(|signature| keyring.candidates(signature), &NothingSeen, request.times, request.limits);
            match opened {
                Ok(release) => match mismatch(&release, wanted) {
                    None => releases.push(release),
                    Some(reason) => reasons.push(reason.at(&found.name)),
                },
                Err(unopened) => reasons.push(refused(unopened, own, signers).at(&found.name)),
            }
        }
        releases
    }
}

/// Signatures by others than those whose word counts are checked only while they are few: nobody can make us work for
/// long, or bury a good one.
fn skip_strangers(found: &mut FoundStatement, signers: &Signers, limits: &Limits) -> Option<Reason> {
    let named = |signature: &FoundSignature| signers.named().contains(&signature.signer);
    let others = found.signatures.iter().filter(|signature| !named(signature)).count();
    if others <= limits.signatures {
        return None;
    }
    found.signatures.retain(named);
    let message = format!("{others} signatures by others were skipped, going by the names of their files");
    Some(Reason::new(Code::LimitSignatures, Answer::Note, message).at(&found.name))
}

fn is_own_manifest(found: &FoundStatement) -> bool {
    found.name == OWN_NAME
}

const OWN_NAME: &str = ".countersign/manifest.toml";

fn is_release(found: &FoundStatement, wanted: &Purl) -> bool {
    found.opening.as_ref().is_none_or(|opening| opening.kind == Kind::Manifest && opening.package == *wanted)
}

/// A package's own manifest must be about the package that was asked for, byte for byte.
fn mismatch(release: &OpenedStatement<Manifest>, wanted: Option<&Purl>) -> Option<Reason> {
    let (is, wanted) = (release.statement().package(), wanted?);
    if is == wanted {
        return None;
    }
    let same = is.identity() == wanted.identity();
    let code = if same { Code::VersionMismatch } else { Code::PackageMismatch };
    Some(Reason::new(code, Answer::Reject, format!("the manifest is about {is}, not {wanted}")))
}

/// A bad manifest of the package's own rejects it; one from a store is set aside. A statement of a newer version by
/// somebody whose word counts may say anything, so nothing can be told.
fn refused(unopened: Unopened, own: bool, signers: &Signers) -> Reason {
    let newer = matches!(unopened.fault, StatementFault::Version(_));
    let known = unopened.signers.iter().any(|signer| signers.named().contains(signer));
    let answer = match own {
        _ if newer && known => Answer::CannotTell,
        true => Answer::Reject,
        false => Answer::SetAside,
    };
    Reason::new(unopened.fault.code(), answer, unopened.fault.to_string())
}

/// The tree, and the place of the manifest that it was compared with.
struct Measured {
    compared: Option<usize>,
    tree: Option<MeasuredTree>,
}

/// Measures the directory and compares it with the manifests that enough signers signed, one after the other until one
/// fits; where there is none, with the one that comes closest.
fn measure(
    releases: &[OpenedStatement<Manifest>],
    signers: &Signers,
    own: &Own,
    stores: &[Store],
    request: &Request<'_>,
    reasons: &mut Vec<Reason>,
) -> Result<Measured, VerifyError> {
    let count = |release: &OpenedStatement<Manifest>| {
        release.signers().filter(|signer| signers.named().contains(*signer)).count()
    };
    let mut order: Vec<_> = (0..releases.len()).collect();
    order.sort_by_key(|place| (std::cmp::Reverse(count(&releases[*place])), releases[*place].digest()));
    let qualified = order.iter().take_while(|place| count(&releases[**place]) >= signers.needed()).count();
    order.truncate(qualified.max(1));
    let mut first = None;
    for place in order {
        let mut told = Vec::new();
        let tree = compare(releases[place].statement(), own, stores, request, &mut told)?;
        let fits = tree.as_ref().is_some_and(|tree| tree.digest() == releases[place].statement().tree());
        let outcome = (Measured { compared: Some(place), tree }, told);
        if fits || first.is_none() {
            first = Some(outcome);
        }
        if fits {
            break;
        }
    }
    let (measured, told) = first.unwrap_or((Measured { compared: None, tree: None }, Vec::new()));
    reasons.extend(told);
    Ok(measured)
}

/// Measures the directory against one manifest, and tells every difference.
fn compare(
    manifest: &Manifest,
    own: &Own,
    stores: &[Store],
    request: &Request<'_>,
    told: &mut Vec<Reason>,
) -> Result<Option<MeasuredTree>, VerifyError> {
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
    let expected = tree_text(manifest.tree(), own, stores, limits, told);
    let survey: Survey = survey(&SurveyRequest {
        dir: request.dir,
        worktree: false,
        portable: false,
        expected: expected.as_ref(),
        limits,
        watcher: request.watcher,
    })?;
    told.extend(survey.reasons().iter().cloned());
    if let Some(expected) = &expected {
        told.extend(survey.differences(expected));
    }
    Ok(survey.into_parts().0)
}

/// The tree text that a manifest names, from the package itself or a store. One that is damaged is set aside: then the
/// digest decides all the same, but no file can be named.
fn tree_text(wanted: Digest, own: &Own, stores: &[Store], limits: &Limits, told: &mut Vec<Reason>) -> Option<TreeText> {
    let mut texts = Vec::new();
    if let Some(text) = own.tree() {
        if Digest::of(text) == wanted {
            texts.push((".countersign/tree".to_owned(), text.to_vec()));
        } else {
            let message = "this tree text is not the one that the manifest names";
            told.push(Reason::new(Code::TreeDigest, Answer::SetAside, message).at(".countersign/tree"));
        }
    }
    for store in stores {
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

/// How certificates name themselves.
fn names(authors: &[String], keyring: &Keyring) -> BTreeMap<String, String> {
    let name = |author: &String| {
        let certificate = author.parse().ok().and_then(|author| keyring.by_fingerprint(&author))?;
        let user_id = certificate.user_ids().into_iter().next()?.to_owned();
        Some((author.clone(), Shown::new(&user_id).to_string()))
    };
    authors.iter().filter_map(name).collect()
}
