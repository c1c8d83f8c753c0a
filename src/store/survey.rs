//! The whole of a store: to list it, to check it, to bring it into another.

use std::path::Path;

use super::package::Own;
use super::{Evidence, FoundStatement, Store, StoreError, entry, layout};
use crate::beneath::Folder;
use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::limits::Limits;
use crate::openpgp::certificate::Certificate;
use crate::openpgp::signature::SignatureFile;
use crate::reason::{Answer, Reason};
use crate::statement::Opening;

/// A statement in a store, as a list shows it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Entry {
    /// The digest of the statement.
    pub digest: Digest,
    /// Its first two lines, where they can be read.
    pub opening: Option<Opening>,
    /// The signers that the file names speak of.
    pub signers: Vec<Fingerprint>,
}

/// What lies in a store.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Survey {
    /// Its statements, in the order of their digests.
    pub statements: Vec<Entry>,
    /// How many signature files are well formed.
    pub signatures: usize,
    /// How many tree texts there are.
    pub trees: usize,
    /// How many files of certificates there are.
    pub certificates: usize,
    /// Files that were new in the other store.
    pub added: usize,
    /// What does not belong, or cannot be used.
    pub reasons: Vec<Reason>,
}

/// Where evidence can be taken from.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "evidence lies in a store or in a package")]
pub enum Source {
    /// A store.
    Store(Store),
    /// What a package carries in its own `.countersign/`.
    Package(Own),
}

impl Source {
    /// Opens what lies at `path`: a store, or a package's directory.
    ///
    /// # Errors
    /// It is neither.
    pub fn open(path: &Path, limits: &Limits) -> Result<Self, StoreError> {
        match Store::open(path, limits) {
            Ok(store) => Ok(Self::Store(store)),
            Err(StoreError::NoStore(_)) => {
                let folder = Folder::open(path);
                let folder = folder.map_err(|source| StoreError::Open { path: path.to_path_buf(), source })?;
                let own = Own::read(&folder, limits);
                if own.is_empty() { Err(StoreError::NoStore(path.to_path_buf())) } else { Ok(Self::Package(own)) }
            }
            Err(error) => Err(error),
        }
    }
}

impl Store {
    /// Looks at every file, recomputes every name, and hands what belongs to `to`, if there is such a store.
    ///
    /// # Errors
    /// `to` cannot be written.
    pub fn survey(&self, to: Option<&Self>) -> Result<Survey, StoreError> {
        let mut survey = Survey::default();
        self.check_folders(&mut survey.reasons);
        for (digest, place) in self.names("trees", &mut survey.reasons) {
            match self.tree(digest).map(Option::unwrap_or_default) {
                Ok(_) if place != layout::tree(digest) => survey.reasons.push(entry(self.name(&place), MISPLACED)),
                Ok(text) => {
                    survey.trees += 1;
                    survey.added += usize::from(to.map_or(Ok(false), |to| to.add_tree(&text))?);
                }
                Err(reason) => survey.reasons.push(reason),
            }
        }
        self.survey_certificates(to, &mut survey)?;
        for (digest, place) in self.names("statements", &mut survey.reasons) {
            match self.any_statement(digest) {
                Ok(_) if place != layout::statement(digest) => {
                    survey.reasons.push(entry(self.name(&place), MISPLACED));
                }
                Ok(mut found) => {
                    let names = self.signature_names(digest, None, &mut survey.reasons);
                    found.signatures = self.read_signatures(digest, names, &mut survey.reasons);
                    take(&found, to, &mut survey, &self.limits)?;
                    if let Some(opening) = &found.opening {
                        self.check_listed(digest, opening, &mut survey.reasons);
                    }
                }
                Err(reason) => survey.reasons.push(reason),
            }
        }
        Ok(survey)
    }

    /// Brings what a package carries in its own `.countersign/` into this store.
    ///
    /// # Errors
    /// This store cannot be written.
    fn add_package(&self, own: &Own) -> Result<Survey, StoreError> {
        let mut survey = Survey { reasons: own.evidence.reasons.clone(), ..Survey::default() };
        if let Some(text) = own.tree() {
            survey.trees += 1;
            survey.added += usize::from(self.add_tree(text)?);
        }
        take_certificates(&own.evidence, Some(self), &mut survey, &self.limits)?;
        for found in &own.evidence.statements {
            take(found, Some(self), &mut survey, &self.limits)?;
        }
        Ok(survey)
    }

    /// Brings what was opened into this store.
    ///
    /// # Errors
    /// This store cannot be written, or the other one cannot be read.
    pub fn add_all(&self, from: &Source) -> Result<Survey, StoreError> {
        match from {
            Source::Store(from) => from.survey(Some(self)),
            Source::Package(own) => self.add_package(own),
        }
    }

    fn survey_certificates(&self, to: Option<&Self>, survey: &mut Survey) -> Result<(), StoreError> {
        for name in self.list(&["certificates"], &mut survey.reasons).unwrap_or_default() {
            let Ok(fingerprint) = name.parse::<Fingerprint>() else {
                survey.reasons.push(entry(self.name(&["certificates", &name]), "not named by a fingerprint"));
                continue;
            };
            let mut evidence = Evidence::default();
            self.read_certificates(&fingerprint, &mut evidence);
            survey.reasons.append(&mut evidence.reasons);
            evidence.certificates.retain(|(file, bytes)| match Certificate::parse(bytes, &self.limits) {
                Ok(certificate) if *certificate.fingerprint() != fingerprint => {
                    survey.reasons.push(entry(file, "it is another certificate than its folder says"));
                    false
                }
                _ => true,
            });
            take_certificates(&evidence, to, survey, &self.limits)?;
        }
        Ok(())
    }

    /// Only the folders of the layout, and the marker, belong at the top.
    fn check_folders(&self, reasons: &mut Vec<Reason>) {
        for listed in self.root.list(self.limits.evidence_files).unwrap_or_default() {
            let name = listed.name.as_encoded_bytes();
            let known = layout::FOLDERS.iter().chain(&[layout::MARKER]).any(|known| known.as_bytes() == name);
            if !known {
                let place = [format!("{}/", self.path.display()).as_bytes(), name].concat();
                reasons.push(entry(place, "a store has nothing of this name"));
            }
        }
    }

    /// A statement that is not listed under its package would never be found.
    fn check_listed(&self, digest: Digest, opening: &Opening, reasons: &mut Vec<Reason>) {
        let [folder, identity] = layout::package(&opening.package);
        let place = [folder, identity, digest.hex()];
        let text = opening.package.identity().to_string();
        match self.get(&place, text.len() as u64) {
            Ok(content) if content == text.as_bytes() => {}
            Ok(_) => reasons.push(entry(self.name(&place), "it does not hold the package's name")),
            Err(reason) => reasons.push(reason),
        }
    }

    /// The files two folders deep below `top` that are named by a digest.
    fn names(&self, top: &str, reasons: &mut Vec<Reason>) -> Vec<(Digest, [String; 3])> {
        let mut found = Vec::new();
        for folder in self.list(&[top], reasons).unwrap_or_default() {
            for name in self.list(&[top, &folder], reasons).unwrap_or_default() {
                let place = [top.to_owned(), folder.clone(), name];
                match Digest::from_hex(place[2].trim_end_matches(".toml")) {
                    Ok(digest) => found.push((digest, place)),
                    Err(_) => reasons.push(entry(self.name(&place), "not named by a digest")),
                }
            }
        }
        found
    }
}

/// Judges one statement's files by what can be told without a keyring, and passes on what is well formed.
fn take(found: &FoundStatement, to: Option<&Store>, survey: &mut Survey, limits: &Limits) -> Result<(), StoreError> {
    let Some(opening) = &found.opening else {
        survey.statements.push(Entry { digest: found.digest, opening: None, signers: Vec::new() });
        return Ok(());
    };
    survey.added += usize::from(to.map_or(Ok(false), |to| to.add_statement(&opening.package, &found.bytes))?);
    let mut signers = Vec::new();
    for signature in &found.signatures {
        if let Err(fault) = SignatureFile::parse(&signature.bytes, limits) {
            survey.reasons.push(Reason::new(fault.code(), Answer::SetAside, fault.to_string()).at(&signature.name));
            continue;
        }
        survey.signatures += 1;
        signers.push(signature.signer.clone());
        let add = |to: &Store| to.add_signature(found.digest, &signature.signer, &signature.bytes);
        survey.added += usize::from(to.map_or(Ok(false), add)?);
    }
    signers.dedup();
    survey.statements.push(Entry { digest: found.digest, opening: Some(opening.clone()), signers });
    Ok(())
}

fn take_certificates(
    evidence: &Evidence,
    to: Option<&Store>,
    survey: &mut Survey,
    limits: &Limits,
) -> Result<(), StoreError> {
    for (name, bytes) in &evidence.certificates {
        match Certificate::parse(bytes, limits) {
            Ok(certificate) if bytes.len() as u64 <= limits.certificate => {
                survey.certificates += 1;
                let add = |to: &Store| to.add_certificate(certificate.fingerprint(), bytes);
                survey.added += usize::from(to.map_or(Ok(false), add)?);
            }
            Ok(_) => survey.reasons.push(entry(name, "a certificate over the limit")),
            Err(fault) => {
                survey.reasons.push(Reason::new(fault.code(), Answer::SetAside, fault.to_string()).at(name));
            }
        }
    }
    Ok(())
}

const MISPLACED: &str = "it does not lie where its content asks for";
