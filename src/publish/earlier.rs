//! What was released before: the manifests that a new one follows, or joins, or must not contradict.

use std::collections::{BTreeMap, BTreeSet};

use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::keyring::Keyring;
use crate::limits::Limits;
use crate::openpgp::open::{NothingSeen, SignedStatement};
use crate::package::Purl;
use crate::shown::Shown;
use crate::statement::{Kind, Manifest};
use crate::store::package::Own;
use crate::store::{FoundStatement, Store, layout};
use crate::time::Times;
use crate::tree_text::TreeText;

use super::{PublishError, Release, SignRequest, Signed, Signer, open_stores};

/// One earlier release.
#[derive(Debug, Clone)]
pub struct Earlier {
    manifest: Manifest,
    digest: Digest,
    signers: BTreeSet<Fingerprint>,
    place: String,
}

impl Earlier {
    /// The manifest.
    pub(super) fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Whether a good signature by this certificate was found.
    pub(super) fn is_signed_by(&self, signer: &Fingerprint) -> bool {
        self.signers.contains(signer)
    }

    /// What there is to tell of a release that needs no further signature.
    pub(super) fn signed(&self, signer: &Fingerprint) -> Signed {
        Signed {
            package: self.manifest.package().clone(),
            signer: signer.clone(),
            manifest: self.digest,
            tree: self.manifest.tree(),
            place: self.place(),
        }
    }

    /// Whoever joins a manifest cannot change what it says about its source.
    pub(super) fn check_source(&self, request: &SignRequest<'_>) -> Result<(), PublishError> {
        if self.manifest.source() == request.source.as_ref() {
            return Ok(());
        }
        Err(PublishError::OtherSource { version: self.manifest.version().to_owned(), place: self.place() })
    }

    fn place(&self) -> String {
        Shown::new(&self.place).to_string()
    }
}

/// What a new release follows.
#[derive(Debug, Default)]
pub(super) struct Before {
    /// The version and, if it is to be had, the tree text of the last release.
    pub(super) last: Option<(String, Option<TreeText>)>,
    /// The authors of the last release; none where there is none.
    pub(super) authors: Vec<Fingerprint>,
    /// The digests that the new manifest names.
    pub(super) digests: Vec<Digest>,
}

/// All that was found.
#[derive(Debug)]
pub(super) struct History {
    releases: Vec<Earlier>,
    named: Vec<Earlier>,
    texts: BTreeMap<Digest, TreeText>,
}

/// Reads the manifests of this package in which the signer is an author and at least one author's signature is good,
/// and those that were named by `--previous`.
pub(super) fn find(request: &SignRequest<'_>, signer: &Signer, times: Times) -> Result<History, PublishError> {
    let (own, package) = (request.release.own(), request.package());
    let stores = open_stores(request)?;
    let keyring = Keyring::from_certificates([signer.certificate().clone()]);
    let mut found: BTreeMap<Digest, FoundStatement> = BTreeMap::new();
    let mut certificates = own.evidence.certificates.clone();
    for statement in &own.evidence.statements {
        if statement.name.ends_with(layout::OWN_MANIFEST) {
            check_own(statement, package)?;
        }
        found.insert(statement.digest, statement.clone());
    }
    for store in &stores {
        let evidence = store.evidence(package, None);
        certificates.extend(evidence.certificates);
        for statement in evidence.statements {
            let signatures = statement.signatures.clone();
            found.entry(statement.digest).or_insert(statement).signatures.extend(signatures);
        }
    }
    // What is wrong with somebody's certificate is the verifier's to tell; here it just gives no earlier release.
    let certificates = certificates.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
    let keyring = keyring.with_evidence(certificates, request.limits);
    let mut releases = Vec::new();
    for statement in found.into_values().filter(|found| is_manifest(found, package)) {
        releases.extend(open(statement, &keyring, signer, times, request.limits));
    }
    let named = request.previous.iter().map(|path| read_named(path, request)).collect::<Result<Vec<_>, _>>()?;
    let mut history = History { releases, named, texts: BTreeMap::new() };
    history.read_texts(own, &stores, request);
    Ok(history)
}

impl History {
    /// Whether a good signature of this certificate was found.
    pub(super) fn has_signed(&self, signer: &Fingerprint) -> bool {
        self.releases.iter().any(|release| release.is_signed_by(signer))
    }

    /// The release of this very version, if there is one: a co-author signs the same bytes. Another tree, or other
    /// authors, contradict it.
    pub(super) fn same_version(
        &self,
        release: &Release,
        authors: &[Fingerprint],
    ) -> Result<Option<&Earlier>, PublishError> {
        let mut joined: Option<&Earlier> = None;
        for earlier in self.releases.iter().filter(|earlier| earlier.manifest.package() == release.package()) {
            let (version, place) = (earlier.manifest.version().to_owned(), earlier.place());
            if earlier.manifest.tree() != release.digest() {
                return Err(PublishError::SameVersion { version, place });
            }
            if earlier.manifest.authors() != authors {
                let authors = earlier.manifest.authors().iter().map(ToString::to_string).collect();
                return Err(PublishError::OtherAuthors { version, place, authors });
            }
            let order = |one: &&Earlier| (one.manifest.released(), one.digest);
            joined = joined.into_iter().chain([earlier]).min_by_key(order);
        }
        Ok(joined)
    }

    /// Releases signed by the signer, or by an author whom such a release names: anybody can name the signer as an author of
    /// theirs. Whoever has signed none yet has no word to go by, and gets all.
    fn believed(&self, signer: &Fingerprint) -> Vec<&Earlier> {
        if !self.has_signed(signer) {
            return self.releases.iter().collect();
        }
        let mut known = BTreeSet::from([signer]);
        loop {
            let believed = self.releases.iter().filter(|release| release.signers.iter().any(|one| known.contains(one)));
            let believed: Vec<_> = believed.collect();
            let before = known.len();
            known.extend(believed.iter().flat_map(|release| release.manifest.authors()));
            if known.len() == before {
                return believed;
            }
        }
    }

    /// The releases that the new one follows.
    pub(super) fn before(&self, request: &SignRequest<'_>, signer: &Fingerprint) -> Result<Before, PublishError> {
        let believed = self.believed(signer);
        let others: Vec<_> =
            believed.into_iter().filter(|other| other.manifest.package() != request.package()).collect();
        let followed: BTreeSet<_> = others.iter().flat_map(|other| other.manifest.previous()).collect();
        let heads = others.iter().copied().filter(|other| !followed.contains(&other.digest));
        let heads: Vec<_> = if self.named.is_empty() { heads.collect() } else { self.named.iter().collect() };
        let last = heads.iter().max_by_key(|head| (head.manifest.released(), head.digest));
        match last {
            Some(last) if request.first => {
                Err(PublishError::NotFirst { place: last.place(), version: last.manifest.version().to_owned() })
            }
            // Whoever joins a manifest has its author's word for what came before.
            None if !request.first && !self.releases.iter().any(|one| one.manifest.package() == request.package()) => {
                Err(PublishError::NoPrevious(request.package().identity()))
            }
            None => Ok(Before::default()),
            Some(last) => {
                let text = self.texts.get(&last.manifest.tree()).cloned();
                let digests = heads.iter().map(|head| head.digest).collect();
                let authors = last.manifest.authors().to_vec();
                Ok(Before { last: Some((last.manifest.version().to_owned(), text)), authors, digests })
            }
        }
    }

    /// Tree texts of the earlier releases, where they are to be had.
    fn read_texts(&mut self, own: &Own, stores: &[Store], request: &SignRequest<'_>) {
        let beside =
            request.previous.iter().filter_map(|path| std::fs::read(path.with_file_name(layout::OWN_TREE)).ok());
        let mut loose: Vec<Vec<u8>> = own.tree().map(<[u8]>::to_vec).into_iter().chain(beside).collect();
        let wanted = self.releases.iter().chain(&self.named).map(|release| release.manifest.tree());
        let wanted: BTreeSet<_> = wanted.collect();
        for tree in &wanted {
            loose.extend(stores.iter().filter_map(|store| store.tree(*tree).ok().flatten()));
        }
        for text in loose {
            let digest = Digest::of(&text);
            if let Some(text) = TreeText::parse(&text, request.limits).ok().filter(|_| wanted.contains(&digest)) {
                self.texts.insert(digest, text);
            }
        }
    }
}

/// A package's own folder must not speak of another package: it was copied, or the name was mistyped.
fn check_own(found: &FoundStatement, package: &Purl) -> Result<(), PublishError> {
    match &found.opening {
        Some(opening) if opening.package.identity() != package.identity() => Err(PublishError::OtherPackage {
            place: found.name.clone(),
            found: Box::new(opening.package.clone()),
            wanted: Box::new(package.clone()),
        }),
        _ => Ok(()),
    }
}

fn is_manifest(found: &FoundStatement, package: &Purl) -> bool {
    let opening = found.opening.as_ref();
    opening.is_some_and(|opening| opening.kind == Kind::Manifest && opening.package.identity() == package.identity())
}

/// A release that the signer may follow: it names the signer, and one of its authors has signed it.
fn open(found: FoundStatement, keyring: &Keyring, signer: &Signer, times: Times, limits: &Limits) -> Option<Earlier> {
    let mut signed = SignedStatement::new(found.bytes);
    for signature in found.signatures {
        signed.add_signature(signature.name, signature.bytes);
    }
    let opened =
        signed.open::<Manifest>(|signature| keyring.candidates(signature), &NothingSeen, times, limits).ok()?;
    let signers: BTreeSet<_> = opened.signers().cloned().collect();
    let ours = opened.statement().authors().contains(signer.fingerprint()) && !signers.is_empty();
    let manifest = opened.statement().clone();
    ours.then_some(Earlier { manifest, digest: found.digest, signers, place: found.name })
}

/// A manifest that the author named; it is theirs to say that this release follows it.
fn read_named(path: &std::path::Path, request: &SignRequest<'_>) -> Result<Earlier, PublishError> {
    let owned = || path.to_path_buf();
    let bytes = std::fs::read(path).map_err(|source| PublishError::Read { path: owned(), source })?;
    let manifest = Manifest::parse(&bytes, request.limits)
        .map_err(|source| PublishError::Manifest { path: Some(owned()), source })?;
    let place = path.display().to_string();
    if manifest.package().identity() != request.package().identity() {
        let (found, wanted) = (Box::new(manifest.package().clone()), Box::new(request.package().clone()));
        return Err(PublishError::OtherPackage { place: Shown::new(&place).to_string(), found, wanted });
    }
    Ok(Earlier { digest: manifest.digest(), manifest, signers: BTreeSet::new(), place })
}
