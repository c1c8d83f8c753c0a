//! What a store has about one package.

use std::collections::BTreeSet;

use super::{Evidence, FoundSignature, FoundStatement, Store, entry, layout};
use crate::beneath::{Folder, LEFTOVER, ReadError};
use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::package::Purl;
use crate::reason::{Answer, Code, Reason};
use crate::statement::{Manifest, Opening, StatementFault};

impl Store {
    /// The statements about `package` (any version), with their signatures and the certificates of their signers.
    ///
    /// `named`: where given, a statement is read only if one of these signers has signed it, going by the file names, so
    /// that nobody can bury honest evidence under junk. Whom a manifest of theirs names as author counts as one of them:
    /// they may have handed the package on.
    pub fn evidence(&self, package: &Purl, named: Option<&BTreeSet<Fingerprint>>) -> Evidence {
        let Some(mut named) = named.cloned() else { return self.read_evidence(package, None) };
        let mut evidence = self.read_evidence(package, Some(&named));
        for _ in 0..MOST_HANDOVERS {
            let manifests =
                evidence.statements.iter().filter_map(|found| Manifest::parse(&found.bytes, &self.limits).ok());
            let authors: BTreeSet<_> = manifests.flat_map(|manifest| manifest.authors().to_vec()).collect();
            if authors.is_subset(&named) {
                return evidence;
            }
            named.extend(authors);
            evidence = self.read_evidence(package, Some(&named));
        }
        let message = format!("more than {MOST_HANDOVERS} authors in a row named each other; what follows is not read");
        evidence
            .reasons
            .push(Reason::new(Code::ChainGap, Answer::Note, message).at(self.path().as_os_str().as_encoded_bytes()));
        evidence
    }

    fn read_evidence(&self, package: &Purl, named: Option<&BTreeSet<Fingerprint>>) -> Evidence {
        let mut evidence = Evidence::default();
        let path = layout::package(package);
        let Some(listing) = self.list(&path, &mut evidence.reasons) else { return evidence };
        let identity = package.identity().to_string();
        let mut signers = BTreeSet::new();
        for name in listing {
            let place = [path[0].as_str(), &path[1], &name];
            let Ok(digest) = Digest::from_hex(&name) else {
                evidence.reasons.push(entry(self.name(&place), "not named by the digest of a statement"));
                continue;
            };
            let signatures = self.signature_names(digest, named, &mut evidence.reasons);
            if named.is_some_and(|named| !signatures.iter().any(|(signer, _)| named.contains(signer))) {
                continue;
            }
            if evidence.statements.len() == self.limits.evidence_files {
                evidence.reasons.push(self.too_many(&path));
                break;
            }
            match self.get(&place, identity.len() as u64) {
                Ok(content) if content == identity.as_bytes() => {}
                Ok(_) => {
                    evidence.reasons.push(entry(self.name(&place), "it does not hold this package's name"));
                    continue;
                }
                Err(reason) => {
                    evidence.reasons.push(reason);
                    continue;
                }
            }
            match self.statement(digest, package) {
                Ok(mut found) => {
                    found.signatures = self.read_signatures(digest, signatures, &mut evidence.reasons);
                    signers.extend(found.signatures.iter().map(|signature| signature.signer.clone()));
                    evidence.statements.push(found);
                }
                Err(reason) => evidence.reasons.push(reason),
            }
        }
        for signer in signers {
            self.read_certificates(&signer, &mut evidence);
        }
        evidence
    }

    /// A tree text by its digest, if the store has it; what is damaged is set aside.
    ///
    /// # Errors
    /// Why it was set aside.
    pub fn tree(&self, digest: Digest) -> Result<Option<Vec<u8>>, Reason> {
        let path = layout::tree(digest);
        match self.read(&path, self.limits.tree_text) {
            Ok(bytes) if Digest::of(&bytes) == digest => Ok(Some(bytes)),
            Ok(_) => Err(entry(self.name(&path), "its content is not what its name says")),
            Err(ReadError::Missing) => Ok(None),
            Err(why) => Err(entry(self.name(&path), why)),
        }
    }

    /// A certificate's files, each with its name.
    pub(super) fn read_certificates(&self, fingerprint: &Fingerprint, evidence: &mut Evidence) {
        let path = layout::certificates(fingerprint);
        let Some(names) = self.list(&path, &mut evidence.reasons) else { return };
        if names.len() > self.limits.signatures {
            let message = format!("over {} files for one certificate; none of them is read", self.limits.signatures);
            let reason = Reason::new(Code::LimitCertificate, Answer::SetAside, message);
            evidence.reasons.push(reason.at(self.name(&path)));
            return;
        }
        for name in names {
            let place = [path[0].as_str(), &path[1], &name];
            match self.get(&place, self.limits.certificate) {
                Ok(bytes) if layout::certificate_name(&bytes) == name => {
                    evidence.certificates.push((self.name(&place), bytes));
                }
                Ok(_) => evidence.reasons.push(entry(self.name(&place), "its content is not what its name says")),
                Err(reason) => evidence.reasons.push(reason),
            }
        }
    }

    /// A statement, if it is what its name says and about this package.
    fn statement(&self, digest: Digest, package: &Purl) -> Result<FoundStatement, Reason> {
        let path = layout::statement(digest);
        let found = self.any_statement(digest)?;
        match &found.about {
            Some(about) if about.identity() != package.identity() => {
                Err(entry(self.name(&path), "it is listed under a package that it is not about"))
            }
            _ => Ok(found),
        }
    }

    /// A statement, if it is what its name says, without its signatures.
    pub(super) fn any_statement(&self, digest: Digest) -> Result<FoundStatement, Reason> {
        let path = layout::statement(digest);
        let bytes = self.get(&path, self.limits.statement)?;
        if Digest::of(&bytes) != digest {
            return Err(entry(self.name(&path), "its content is not what its name says"));
        }
        let opening = match Opening::read(&bytes, &self.limits) {
            Ok(opening) => Some(opening),
            Err(fault @ StatementFault::NotAStatement) => {
                return Err(Reason::new(fault.code(), Answer::SetAside, fault.to_string()).at(self.name(&path)));
            }
            Err(_) => None,
        };
        let about = Opening::package_of(&bytes, &self.limits);
        Ok(FoundStatement { name: self.name(&path), digest, bytes, opening, about, signatures: Vec::new() })
    }

    /// The names of the signature files to read: those of named signers, and the others too where they are few.
    pub(super) fn signature_names(
        &self,
        statement: Digest,
        named: Option<&BTreeSet<Fingerprint>>,
        reasons: &mut Vec<Reason>,
    ) -> Vec<(Fingerprint, String)> {
        let path = layout::signatures(statement);
        let mut wanted = Vec::new();
        let mut others = Vec::new();
        for name in self.list(&path, reasons).unwrap_or_default() {
            match layout::signature_signer(&name) {
                Some(signer) if named.is_none_or(|named| named.contains(&signer)) => wanted.push((signer, name)),
                Some(signer) => others.push((signer, name)),
                None => reasons.push(entry(self.name(&[path[0].as_str(), &path[1], &name]), "not a signature's name")),
            }
        }
        if wanted.len() > self.limits.evidence_files {
            reasons.push(self.too_many(&path));
            return Vec::new();
        }
        if others.len() <= self.limits.signatures {
            wanted.append(&mut others);
        }
        wanted.sort();
        wanted
    }

    pub(super) fn read_signatures(
        &self,
        statement: Digest,
        names: Vec<(Fingerprint, String)>,
        reasons: &mut Vec<Reason>,
    ) -> Vec<FoundSignature> {
        let path = layout::signatures(statement);
        let mut found = Vec::new();
        for (signer, file) in names {
            let place = [path[0].as_str(), &path[1], &file];
            match self.read(&place, self.limits.signature) {
                Ok(bytes) if layout::signature_name(&signer, &bytes) == file => {
                    found.push(FoundSignature { signer, name: self.name(&place), bytes });
                }
                Ok(_) => reasons.push(entry(self.name(&place), "its content is not what its name says")),
                Err(why @ ReadError::TooLarge(_)) => {
                    let reason = Reason::new(Code::LimitSignature, Answer::SetAside, why.to_string());
                    reasons.push(reason.at(self.name(&place)));
                }
                Err(why) => reasons.push(entry(self.name(&place), why)),
            }
        }
        found
    }

    /// The names in a folder of the store, but for what an interrupted write left; nothing where there is no folder.
    pub(super) fn list(&self, path: &[impl AsRef<str>], reasons: &mut Vec<Reason>) -> Option<Vec<String>> {
        let most = usize::try_from(self.limits.files).unwrap_or(usize::MAX);
        let listed = match path {
            [] => self.root.list(most),
            path => self.folder(path).and_then(|folder| folder.list(most)),
        };
        let listed = match listed {
            Ok(listed) => listed,
            Err(ReadError::Missing) => return None,
            Err(ReadError::TooLarge(_)) => {
                reasons.push(self.too_many(path));
                return None;
            }
            Err(why) => {
                reasons.push(entry(self.name(path), why));
                return None;
            }
        };
        let mut names = Vec::new();
        for one in listed {
            match one.name.into_string() {
                Ok(name) if name.starts_with(LEFTOVER) => {}
                Ok(name) => names.push(name),
                Err(name) => {
                    let place = format!("{}/", self.name(path)).into_bytes();
                    reasons.push(entry([&place, name.as_encoded_bytes()].concat(), "its name is not UTF-8"));
                }
            }
        }
        Some(names)
    }

    /// Reads a plain file; whatever else there is, is set aside.
    pub(super) fn get(&self, path: &[impl AsRef<str>], limit: u64) -> Result<Vec<u8>, Reason> {
        self.read(path, limit).map_err(|why| entry(self.name(path), why))
    }

    pub(super) fn read(&self, path: &[impl AsRef<str>], limit: u64) -> Result<Vec<u8>, ReadError> {
        let (name, folders) = path.split_last().expect("every path of the layout has a name");
        self.folder(folders)?.read(name.as_ref(), limit)
    }

    fn folder(&self, path: &[impl AsRef<str>]) -> Result<Folder, ReadError> {
        let (first, rest) = path.split_first().expect("every path of the layout has a folder");
        rest.iter().try_fold(self.root.folder(first.as_ref())?, |folder, name| folder.folder(name.as_ref()))
    }

    fn too_many(&self, path: &[impl AsRef<str>]) -> Reason {
        let message = "more files of evidence than are read; remove what nobody needs";
        Reason::new(Code::LimitSignatures, Answer::CannotTell, message).at(self.name(path))
    }
}

/// So many authors are followed who named one another in a row: each costs a look at all the store has of the package.
const MOST_HANDOVERS: usize = 16;
