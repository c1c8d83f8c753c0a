//! Brings the manifests of a package together from all places, and opens them.

use std::collections::{BTreeMap, BTreeSet};

use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::keyring::Keyring;
use crate::limits::Limits;
use crate::openpgp::open::{FirstSeen, OpenedStatement, SignedStatement, Unopened};
use crate::package::Purl;
use crate::reason::{Answer, Code, Reason};
use crate::statement::{Kind, Manifest, Statement};
use crate::store::{FoundSignature, FoundStatement};
use crate::time::Times;
use crate::verdict::authors::Origin;

use super::others::unusable;

/// Whose signatures are read however many others there are.
pub(super) type Voices = BTreeSet<Fingerprint>;

/// What opening needs.
pub(super) struct Ground<'a> {
    pub(super) keyring: &'a Keyring,
    pub(super) voices: &'a Voices,
    pub(super) wanted: Option<&'a Purl>,
    pub(super) seen: &'a dyn FirstSeen,
    pub(super) times: Times,
    pub(super) limits: &'a Limits,
}

/// Manifests from all places, equal ones put together.
#[derive(Default)]
pub(super) struct Candidates(BTreeMap<Digest, (FoundStatement, Origin)>);

/// The manifests of one package that could be opened.
#[derive(Default)]
pub(super) struct Manifests {
    /// Of the version that is asked about, each with the best place in which it was found.
    pub(super) releases: Vec<(OpenedStatement<Manifest>, Origin)>,
    /// Of other versions.
    pub(super) others: Vec<OpenedStatement<Manifest>>,
}

impl Candidates {
    /// Adds a manifest. The first name that it was found under stays, so the package's own come first.
    pub(super) fn add(&mut self, found: &FoundStatement, origin: Origin) {
        let Some((present, best)) = self.0.get_mut(&found.digest) else {
            self.0.insert(found.digest, (found.clone(), origin));
            return;
        };
        *best = origin.min(*best);
        let known = |signer: &Fingerprint, bytes: &[u8], present: &FoundStatement| {
            present.signatures.iter().any(|other| other.signer == *signer && other.bytes == bytes)
        };
        for signature in &found.signatures {
            if !known(&signature.signer, &signature.bytes, present) {
                present.signatures.push(signature.clone());
            }
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// Opens statements of another kind than manifests, each for itself.
    pub(super) fn open_as<S: Statement>(
        self,
        ground: &Ground<'_>,
        reasons: &mut Vec<Reason>,
    ) -> Vec<OpenedStatement<S>> {
        let mut all = Vec::new();
        for (mut found, _) in self.0.into_values() {
            found.signatures.sort();
            reasons.extend(skip_strangers(&mut found, ground.voices, ground.limits));
            let mut signed = SignedStatement::new(found.bytes);
            for signature in found.signatures {
                signed.add_signature(signature.name, signature.bytes);
            }
            let candidates = |signature: &_| ground.keyring.candidates(signature);
            match signed.open::<S>(candidates, ground.seen, ground.times, ground.limits) {
                Ok(opened) => {
                    reasons.extend(opened.findings().iter().cloned());
                    all.push(opened);
                }
                Err(unopened) => {
                    let known = unopened.signers.iter().any(|signer| ground.voices.contains(signer));
                    reasons.push(unusable(&unopened.fault, known).at(&found.name));
                }
            }
        }
        all
    }

    /// Opens them all. What cannot be used, or speaks of something else, is told.
    pub(super) fn open(self, ground: &Ground<'_>, reasons: &mut Vec<Reason>) -> Manifests {
        let mut manifests = Manifests::default();
        for (mut found, origin) in self.0.into_values() {
            found.signatures.sort();
            let own = is_own_manifest(&found);
            // What is wrong with the evidence of other versions is no matter of this one.
            let speaks_of = |wanted: &Purl| found.opening.as_ref().is_none_or(|opening| opening.package == *wanted);
            let matters = own || ground.wanted.is_none_or(speaks_of);
            let skipped = skip_strangers(&mut found, ground.voices, ground.limits).filter(|_| matters);
            let mut signed = SignedStatement::new(found.bytes);
            for signature in found.signatures {
                signed.add_signature(signature.name, signature.bytes);
            }
            let candidates = |signature: &_| ground.keyring.candidates(signature);
            match signed.open(candidates, ground.seen, ground.times, ground.limits) {
                Ok(release) => match mismatch(&release, ground.wanted) {
                    None => {
                        reasons.extend(skipped);
                        manifests.releases.push((release, origin));
                    }
                    Some(reason) if own || reason.code == Code::PackageMismatch => reasons.push(reason.at(&found.name)),
                    Some(_) => manifests.others.push(release),
                },
                Err(_) if !matters => {}
                Err(unopened) => {
                    reasons.extend(skipped);
                    reasons.push(refused(unopened, own, ground.voices).at(&found.name));
                }
            }
        }
        manifests
    }
}

/// Signatures by others than those whose word counts are checked only while they are few: nobody can make us work for
/// long, or bury a good one.
fn skip_strangers(found: &mut FoundStatement, voices: &Voices, limits: &Limits) -> Option<Reason> {
    let named = |signature: &FoundSignature| voices.contains(&signature.signer);
    let others = found.signatures.iter().filter(|signature| !named(signature)).count();
    if others <= limits.signatures {
        return None;
    }
    found.signatures.retain(named);
    let message = format!("{others} signatures by others were skipped, going by the names of their files");
    Some(Reason::new(Code::LimitSignatures, Answer::Note, message).at(&found.name))
}

/// Whether a statement is the manifest in the package's own folder.
pub(super) fn is_own_manifest(found: &FoundStatement) -> bool {
    found.name == OWN_NAME
}

const OWN_NAME: &str = ".countersign/manifest.toml";

/// Whether a statement in a store may be a manifest of a package, of whatever version.
pub(super) fn is_manifest_of(found: &FoundStatement, wanted: &Purl) -> bool {
    let same = |package: &Purl| package.identity() == wanted.identity();
    found.opening.as_ref().is_none_or(|opening| opening.kind == Kind::Manifest && same(&opening.package))
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
fn refused(unopened: Unopened, own: bool, voices: &Voices) -> Reason {
    let known = unopened.signers.iter().any(|signer| voices.contains(signer));
    let mut reason = unusable(&unopened.fault, known);
    if own && reason.answer == Answer::SetAside {
        reason.answer = Answer::Reject;
    }
    reason
}
