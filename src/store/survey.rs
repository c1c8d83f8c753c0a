//! The whole of a store: to list it, to check it, to bring it into another.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::package::Own;
use super::{Evidence, FoundStatement, Store, StoreError, entry, layout};
use crate::beneath::{Folder, ReadError};
use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::limits::Limits;
use crate::openpgp::certificate::Certificate;
use crate::openpgp::signature::SignatureFile;
use crate::package::Purl;
use crate::reason::{Answer, Code, Reason};
use crate::statement::Opening;
use crate::tree_text::TreeText;

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
    /// The subkeys of its certificates, each with the primary key that it came with.
    pub subkeys: BTreeMap<Fingerprint, Fingerprint>,
    /// Files that were new in the other store.
    pub added: usize,
    /// What does not belong, or cannot be used.
    pub reasons: Vec<Reason>,
}

impl Store {
    /// Looks at every file, recomputes every name, and hands what belongs to `to`, if there is such a store.
    ///
    /// # Errors
    /// `to` cannot be written.
    pub fn survey(&self, to: Option<&Self>) -> Result<Survey, StoreError> {
        let mut survey = Survey::default();
        self.check_folders(&mut survey.reasons);
        for (digest, place) in self.names("trees", "", &mut survey.reasons) {
            match self.tree(digest) {
                Ok(Some(text)) => take_tree(&text, &self.name(&place), to, &mut survey, &self.limits)?,
                // It went away while we looked.
                Ok(None) => {}
                Err(reason) => survey.reasons.push(reason),
            }
        }
        self.survey_certificates(to, &mut survey)?;
        let mut present = BTreeSet::new();
        for (digest, _) in self.names("statements", ".toml", &mut survey.reasons) {
            match self.any_statement(digest) {
                Ok(mut found) => {
                    present.insert(digest);
                    let names = self.signature_names(digest, None, &mut survey.reasons);
                    found.signatures = self.read_signatures(digest, names, &mut survey.reasons);
                    take(&found, to, &mut survey, &self.limits)?;
                    if let Some(about) = &found.about {
                        self.check_listed(digest, about, &mut survey.reasons);
                    }
                }
                Err(reason) => survey.reasons.push(reason),
            }
        }
        self.check_references(&present, &mut survey.reasons);
        Ok(survey)
    }

    /// Brings what a package carries in its own `.countersign/` into this store.
    ///
    /// # Errors
    /// This store cannot be written.
    fn add_package(&self, own: &Own) -> Result<Survey, StoreError> {
        let mut survey = Survey { reasons: own.evidence.reasons.clone(), ..Survey::default() };
        if let Some(text) = own.tree() {
            let name = format!("{}/{}", layout::OWN, layout::OWN_TREE);
            take_tree(text, &name, Some(self), &mut survey, &self.limits)?;
        }
        take_certificates(&own.evidence, Some(self), &mut survey, &self.limits)?;
        for found in &own.evidence.statements {
            take(found, Some(self), &mut survey, &self.limits)?;
        }
        Ok(survey)
    }

    /// Brings what lies at `path` (a store, or a package's directory) into the store at `to`, which is made where there
    /// is none, once it is known that there is something to bring.
    ///
    /// # Errors
    /// `path` is neither, or the store cannot be written.
    pub fn add_all(path: &Path, to: &Path, limits: &Limits) -> Result<Survey, StoreError> {
        match Self::open(path, limits) {
            Ok(from) => from.survey(Some(&Self::open_or_make(to, limits)?)),
            Err(StoreError::NoStore(_)) => {
                let folder = Folder::open(path);
                let folder = folder.map_err(|source| StoreError::Open { path: path.to_path_buf(), source })?;
                let own = Own::read(&folder, limits);
                if own.is_empty() {
                    return Err(StoreError::NoEvidence(path.to_path_buf()));
                }
                Self::open_or_make(to, limits)?.add_package(&own)
            }
            Err(error) => Err(error),
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
                Ok(certificate) => {
                    let subkeys = certificate.keys().iter().filter(|key| !key.primary);
                    survey.subkeys.extend(subkeys.map(|key| (key.fingerprint.clone(), fingerprint.clone())));
                    true
                }
                Err(_) => true,
            });
            take_certificates(&evidence, to, survey, &self.limits)?;
        }
        Ok(())
    }

    /// Only the folders of the layout, and the marker, belong at the top.
    fn check_folders(&self, reasons: &mut Vec<Reason>) {
        for name in self.list(&[""; 0], reasons).unwrap_or_default() {
            if !layout::FOLDERS.contains(&name.as_str()) && name != layout::MARKER {
                reasons.push(entry(self.name(&[name]), "a store has nothing of this name"));
            }
        }
    }

    /// A statement that is not listed under its package would never be found.
    fn check_listed(&self, digest: Digest, about: &Purl, reasons: &mut Vec<Reason>) {
        let [folder, identity] = layout::package(about);
        let place = [folder, identity, digest.hex()];
        if let Err(ReadError::Missing) = self.read(&place, 0) {
            reasons.push(entry(self.name(&place), "the statement is not listed under its package"));
        }
    }

    /// Signatures and listings that refer to no statement, or are not what their names say.
    fn check_references(&self, present: &BTreeSet<Digest>, reasons: &mut Vec<Reason>) {
        for name in self.list(&["signatures"], reasons).unwrap_or_default() {
            if !Digest::from_hex(&name).is_ok_and(|digest| present.contains(&digest)) {
                reasons.push(entry(self.name(&["signatures", &name]), "there is no statement for these signatures"));
            }
        }
        for identity in self.list(&["packages"], reasons).unwrap_or_default() {
            for name in self.list(&["packages", &identity], reasons).unwrap_or_default() {
                let place = ["packages", &identity, &name];
                match self.get(&place, self.limits.statement) {
                    Err(reason) => reasons.push(reason),
                    Ok(content) if Digest::of(&content).hex() != identity => {
                        reasons.push(entry(self.name(&place), "it does not hold the package's name"));
                    }
                    Ok(_) if Digest::from_hex(&name).is_ok_and(|digest| present.contains(&digest)) => {}
                    Ok(_) => reasons.push(entry(self.name(&place), "there is no such statement")),
                }
            }
        }
    }

    /// The files two folders deep below `top` that lie where the digest in their name asks for.
    fn names(&self, top: &str, suffix: &str, reasons: &mut Vec<Reason>) -> Vec<(Digest, [String; 3])> {
        let mut found = Vec::new();
        for folder in self.list(&[top], reasons).unwrap_or_default() {
            for name in self.list(&[top, &folder], reasons).unwrap_or_default() {
                let place = [top.to_owned(), folder.clone(), name];
                match place[2].strip_suffix(suffix).and_then(|hex| Digest::from_hex(hex).ok()) {
                    Some(digest) if digest.hex().starts_with(&folder) && folder.len() == 2 => {
                        found.push((digest, place));
                    }
                    Some(_) => reasons.push(entry(self.name(&place), "it does not lie where its name asks for")),
                    None => {
                        reasons.push(entry(self.name(&place), "its name is not the digest of what should be in it"));
                    }
                }
            }
        }
        found
    }
}

/// Passes on a tree text. One of our version must be well formed, since no tree can match it otherwise; one of another
/// version means nothing to us and may to others.
fn take_tree(
    text: &[u8],
    name: &str,
    to: Option<&Store>,
    survey: &mut Survey,
    limits: &Limits,
) -> Result<(), StoreError> {
    if let Err(fault) = TreeText::parse(text, limits) {
        let version = text.strip_prefix(b"countersign-tree/").and_then(|rest| rest.split(|b| *b == b'\n').next());
        let other = version.is_some_and(|v| v != b"1" && !v.is_empty() && v.iter().all(u8::is_ascii_digit));
        if !other {
            survey.reasons.push(Reason::new(fault.code(), Answer::SetAside, fault.to_string()).at(name));
            return Ok(());
        }
    }
    survey.trees += 1;
    survey.added += usize::from(to.map_or(Ok(false), |to| to.add_tree(text))?);
    Ok(())
}

/// Judges one statement's files by what can be told without a keyring, and passes on what is well formed.
///
/// A statement of a kind or version that we cannot read is passed on too, as long as its first two lines say about which
/// package it is: it may be the withdrawal that a newer program would heed. That is safe, since its name is made from
/// its content, its size is bounded, and nothing is believed of it before it is opened.
fn take(found: &FoundStatement, to: Option<&Store>, survey: &mut Survey, limits: &Limits) -> Result<(), StoreError> {
    let opening = found.opening.clone();
    let Some(about) = &found.about else {
        survey.statements.push(Entry { digest: found.digest, opening, signers: Vec::new() });
        let message = "it does not say about which package it is";
        survey.reasons.push(Reason::new(Code::NotAStatement, Answer::SetAside, message).at(&found.name));
        return Ok(());
    };
    survey.added += usize::from(to.map_or(Ok(false), |to| to.add_statement(about, &found.bytes))?);
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
    survey.statements.push(Entry { digest: found.digest, opening, signers });
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
