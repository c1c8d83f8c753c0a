//! The certificates at hand: read from files and folders, bounded, merged, found by fingerprint or key ID.
//!
//! A local keyring must be whole: a damaged one may have lost a revocation, so any fault in a file stops the run. A
//! certificate that cannot be used is set aside by itself. Certificates that came with evidence may add to what is
//! known, revocations above all; they harm nothing, and are remembered as such, since nobody vouched for them.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;
use thiserror::Error;

use crate::fingerprint::Fingerprint;
use crate::limits::Limits;
use crate::openpgp::certificate::{Certificate, CertificateError};
use crate::openpgp::split::{self, RawCertificate, SplitFault};
use crate::openpgp::{KeyId, SignatureFile};
use crate::reason::{Answer, Code, Reason};
use crate::shown::Shown;

mod files;
mod later;
pub mod local;

pub(crate) use files::folders_read;
use files::{Files, merge};
pub use later::LaterKeyring;

/// Certificates, each once, by the fingerprint of their primary key.
#[derive(Debug, Clone, Default)]
pub struct Keyring {
    certificates: BTreeMap<Fingerprint, Entry>,
    /// From the ID of every key to the certificates that it comes with.
    keys: BTreeMap<KeyId, Vec<Fingerprint>>,
    set_aside: Vec<Reason>,
}

impl Keyring {
    /// Reads keyrings from files and folders.
    ///
    /// A file has certificates in binary, or in one or several blocks of ASCII armour. Of a folder, the files named
    /// `*.asc`, `*.pgp`, `*.gpg`, `*.key` and `*.cert` count, and those of the layout of `pgp.cert.d`: 38 or 62 hex
    /// digits in a folder of two. Links in a folder are not followed. Names prove nothing.
    ///
    /// # Errors
    /// The first file that is not a whole keyring of public certificates, or a place without any certificate.
    pub fn read(paths: &[PathBuf], limits: &Limits) -> Result<Self, KeyringError> {
        Self::of_files(&Files::read(paths, limits)?, limits)
    }

    fn of_files(files: &Files, limits: &Limits) -> Result<Self, KeyringError> {
        let pieces = files.pieces()?;
        let raw = pieces.certificates()?;
        let mut keyring = Self { set_aside: [files.notes(), &raw.set_aside].concat(), ..Self::default() };
        let found = raw.certificates;
        let issuers = found.values().map(RawCertificate::id).collect();
        let found: Vec<_> = found.into_values().collect();
        let read: Vec<_> = found.into_par_iter().map(|certificate| certificate.minimise(&issuers, limits)).collect();
        for certificate in read {
            match certificate {
                Ok(certificate) => keyring.insert(certificate, false),
                Err(error) => keyring.set_aside.push(reason(&error)),
            }
        }
        keyring.settle();
        Ok(keyring)
    }

    /// A keyring of certificates that were read one by one. Of two copies, the last one stays.
    pub fn from_certificates(certificates: impl IntoIterator<Item = Certificate>) -> Self {
        let mut keyring = Self::default();
        certificates.into_iter().for_each(|certificate| keyring.insert(certificate, false));
        keyring.settle();
        keyring
    }

    /// This keyring and the certificates that came with evidence, each file with the name under which to report it.
    ///
    /// Each file holds one certificate. A faulty one is set aside and harms nothing. Certifications in it are dropped: what
    /// came with evidence adds no trust. What is over a limit only together with what came with it gives way to what its
    /// owner really signed, so that nobody can keep a revocation out by adding rubbish.
    #[must_use]
    pub fn with_evidence<'a>(&self, files: impl IntoIterator<Item = (&'a str, &'a [u8])>, limits: &Limits) -> Self {
        let mut keyring = self.clone();
        let mut read = Vec::new();
        for (name, bytes) in files {
            match split::pieces(bytes) {
                Ok(pieces) => read.push((name, pieces)),
                Err(fault) => keyring.set_aside.push(aside(&fault.into(), name)),
            }
        }
        let mut copies: BTreeMap<Fingerprint, Vec<(&str, RawCertificate<'_>)>> = BTreeMap::new();
        for (name, pieces) in &read {
            match RawCertificate::only(pieces) {
                Ok(mut copy) => {
                    copy.drop_words_of_others();
                    copies.entry(copy.fingerprint().clone()).or_default().push((name, copy));
                }
                Err(error) => keyring.set_aside.push(aside(&error, name)),
            }
        }
        let mut issuers: HashSet<_> = self.certificates.keys().map(KeyId::of).collect();
        issuers.extend(copies.keys().map(KeyId::of));
        for (fingerprint, copies) in copies {
            keyring.add_evidence(&fingerprint, copies, &issuers, limits);
        }
        keyring.settle();
        keyring
    }

    /// All certificates, in the order of their fingerprints.
    pub fn certificates(&self) -> impl Iterator<Item = &Certificate> {
        self.certificates.values().map(|entry| &*entry.certificate)
    }

    /// The certificate with this primary key.
    pub fn by_fingerprint(&self, fingerprint: &Fingerprint) -> Option<&Certificate> {
        self.certificates.get(fingerprint).map(|entry| &*entry.certificate)
    }

    /// The certificates that may have made a signature, by what it says of its maker; in the order of fingerprints.
    pub fn candidates(&self, signature: &SignatureFile) -> Vec<&Certificate> {
        let mut found: Vec<&Fingerprint> = Vec::new();
        for handle in signature.issuers() {
            let named = self.keys.get(&handle.key_id()).into_iter().flatten();
            found.extend(named.filter(|fingerprint| {
                let certificate = self.by_fingerprint(fingerprint);
                certificate.is_some_and(|certificate| certificate.keys().iter().any(|key| key.is_meant_by(handle)))
            }));
        }
        found.sort_unstable();
        found.dedup();
        found.into_iter().filter_map(|fingerprint| self.by_fingerprint(fingerprint)).collect()
    }

    /// Which certificate this subkey comes with; none for a primary key, which names itself.
    ///
    /// For messages only: that the subkey is really bound to the certificate is not said by this.
    pub fn primary_of(&self, subkey: &Fingerprint) -> Option<&Fingerprint> {
        let claimed = self.keys.get(&KeyId::of(subkey))?;
        claimed.iter().find(|fingerprint| {
            let keys = self.by_fingerprint(fingerprint).map_or(&[][..], Certificate::keys);
            keys.iter().any(|key| !key.primary && key.fingerprint == *subkey)
        })
    }

    /// Whether a certificate came only with evidence, so that nobody here has chosen it.
    pub fn is_only_evidence(&self, fingerprint: &Fingerprint) -> bool {
        self.certificates.get(fingerprint).is_some_and(|entry| entry.evidence)
    }

    /// Whether every certificate of `before` is as it was: then whatever was added is evidence alone, on which no
    /// certification counts, and a network of `before` is one of this.
    pub fn only_adds_evidence_to(&self, before: &Self) -> bool {
        before.certificates.iter().all(|(fingerprint, entry)| {
            let now = self.certificates.get(fingerprint);
            now.is_some_and(|now| Arc::ptr_eq(&now.certificate, &entry.certificate))
        })
    }

    /// What was found and is not used, each with its reason.
    pub fn set_aside(&self) -> &[Reason] {
        &self.set_aside
    }

    /// Finds the revocations by designated revokers, now that all certificates are there.
    fn settle(&mut self) {
        let find = |fingerprint: &Fingerprint| self.by_fingerprint(fingerprint);
        let settled: Vec<_> =
            self.certificates().filter_map(|certificate| certificate.with_designated_revocations(find)).collect();
        for certificate in settled {
            let evidence = self.is_only_evidence(certificate.fingerprint());
            self.insert(certificate, evidence);
        }
    }

    fn insert(&mut self, certificate: Certificate, evidence: bool) {
        let fingerprint = certificate.fingerprint().clone();
        for key in certificate.keys() {
            let claimed = self.keys.entry(key.id).or_default();
            if let Err(place) = claimed.binary_search(&fingerprint) {
                claimed.insert(place, fingerprint.clone());
            }
        }
        self.certificates.insert(fingerprint, Entry { certificate: Arc::new(certificate), evidence });
    }

    fn add_evidence(
        &mut self,
        fingerprint: &Fingerprint,
        copies: Vec<(&str, RawCertificate<'_>)>,
        issuers: &HashSet<KeyId>,
        limits: &Limits,
    ) {
        let known = self.certificates.get(fingerprint).cloned();
        let evidence = known.as_ref().is_none_or(|entry| entry.evidence);
        let mut found = BTreeMap::new();
        for (_, copy) in copies.clone() {
            merge(&mut found, copy);
        }
        let together = found.into_values().next().map(|copy| copy.minimise(issuers, limits));
        let together = match (together, &known) {
            (Some(Ok(copy)), Some(entry)) => Some(entry.certificate.merged(&copy, issuers, limits)),
            (together, _) => together,
        };
        if let Some(Ok(certificate)) = together {
            // What says nothing new leaves the certificate as it is, with all that was computed of it.
            if known.as_ref().is_none_or(|entry| entry.certificate.bytes() != certificate.bytes()) {
                self.insert(certificate, evidence);
            }
            return;
        }
        // Too much together: one by one, and only what the owner signed.
        let mut sum = known.map(|entry| entry.certificate);
        for (name, copy) in copies {
            let clean = copy.minimise(issuers, limits).and_then(|certificate| certificate.minimised(limits));
            let clean = clean.and_then(|certificate| match &sum {
                Some(sum) => sum.merged(&certificate, issuers, limits),
                None => Ok(certificate),
            });
            match clean {
                Ok(certificate) => sum = Some(Arc::new(certificate)),
                Err(error) => self.set_aside.push(aside(&error, name)),
            }
        }
        if let Some(certificate) = sum {
            self.insert((*certificate).clone(), evidence);
        }
    }
}

/// One certificate of a keyring.
#[derive(Debug, Clone)]
struct Entry {
    certificate: Arc<Certificate>,
    evidence: bool,
}

/// Why a keyring cannot be used at all. Each one means: cannot tell.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KeyringError {
    /// Something else than OpenPGP data.
    #[error("{} is not OpenPGP data; export the certificates with `gpg --export` (a `.kbx` file is GnuPG's own)", Shown::path(.path))]
    NotOpenPgp {
        /// The file.
        path: PathBuf,
    },
    /// Cut short, or with rubbish in it.
    #[error("the keyring {} is damaged: {what}; a revocation may be lost, so export or fetch it again", Shown::path(.path))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: &'static str,
    },
    /// No certificate in it.
    #[error("there is no certificate in {}; bring some in with `countersign keyring import`, name another, or leave it out", Shown::path(.path))]
    Empty {
        /// The file or folder.
        path: PathBuf,
    },
    /// A secret key.
    #[error("{} holds secret key material, which has no place in a keyring of certificates; export the public part with `gpg --export`", Shown::path(.path))]
    SecretKey {
        /// The file.
        path: PathBuf,
    },
    /// Over the limit.
    #[error("the keyring {} is larger than {limit} bytes; split it into several files", Shown::path(.path))]
    Limit {
        /// The file.
        path: PathBuf,
        /// The largest size that is read.
        limit: u64,
    },
    /// It cannot be read.
    #[error("the keyring {} cannot be read", Shown::path(.path))]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl KeyringError {
    /// The error as a reason: no verdict is possible, for what was lost may be a revocation.
    pub fn reason(&self) -> Reason {
        let message = match self {
            Self::Unreadable { path, source } if source.kind() == io::ErrorKind::NotFound => {
                format!("the keyring {} is not there", Shown::path(path))
            }
            Self::Unreadable { source, .. } => format!("{self}: {}", Shown::new(&source.to_string())),
            _ => self.to_string(),
        };
        Reason::new(self.code(), Answer::CannotTell, message)
    }

    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            Self::NotOpenPgp { .. } => Code::KeyringNotOpenpgp,
            Self::Damaged { .. } => Code::KeyringDamaged,
            Self::Empty { .. } => Code::KeyringEmpty,
            Self::SecretKey { .. } => Code::KeyringSecretKey,
            Self::Limit { .. } => Code::LimitKeyring,
            Self::Unreadable { .. } => Code::Unreadable,
        }
    }

    fn of(fault: SplitFault, path: &Path) -> Self {
        let path = path.to_owned();
        match fault {
            SplitFault::NotOpenPgp => Self::NotOpenPgp { path },
            SplitFault::Damaged(what) => Self::Damaged { path, what },
            SplitFault::SecretKey => Self::SecretKey { path },
        }
    }
}

fn reason(error: &CertificateError) -> Reason {
    Reason::new(error.code(), Answer::SetAside, error.to_string())
}

fn aside(error: &CertificateError, place: impl AsRef<[u8]>) -> Reason {
    reason(error).at(place)
}

fn shown_bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_encoded_bytes()
}

#[cfg(test)]
mod tests;
