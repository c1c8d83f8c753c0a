//! Opens a signed statement: from bytes and signature files to what was said, and which certificates said it.
//!
//! Whether any of these certificates is to be believed is not asked here.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::certificate::Certificate;
use super::check::{GoodSignature, check};
use super::fault::SignatureFault;
use super::signature::SignatureFile;
use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::limits::Limits;
use crate::reason::{Answer, Code, Reason};
use crate::statement::{Opening, Statement, StatementFault};
use crate::time::Times;

/// A statement and its signature files as they came in. Nothing comes out of it but by [`SignedStatement::open`].
///
/// ```compile_fail
/// # fn read(signed: countersign::openpgp::open::SignedStatement) {
/// let unchecked = signed.bytes;
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct SignedStatement {
    bytes: Vec<u8>,
    signatures: Vec<NamedSignature>,
}

/// A signature file under the name by which reports call it.
#[derive(Debug, Clone)]
struct NamedSignature {
    name: String,
    bytes: Vec<u8>,
}

impl SignedStatement {
    /// Takes the statement's bytes as received.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, signatures: Vec::new() }
    }

    /// Adds a signature file; `name` is how reports call it.
    pub fn add_signature(&mut self, name: String, bytes: Vec<u8>) {
        self.signatures.push(NamedSignature { name, bytes });
    }

    /// Checks the size and the opening line, then each signature over the raw bytes, and only then reads the statement.
    ///
    /// `candidates` gives the certificates that could have made a signature. A bad signature file harms no other, and
    /// the order of files decides nothing.
    ///
    /// # Errors
    /// The statement cannot be used; who signed it is told all the same, for a statement of a newer version may matter.
    pub fn open<'c, S: Statement>(
        &self,
        candidates: impl Fn(&SignatureFile) -> Vec<&'c Certificate> + Sync,
        times: Times,
        limits: &Limits,
    ) -> Result<OpenedStatement<S>, Unopened> {
        if let Err(fault @ (StatementFault::Size(_) | StatementFault::NotAStatement)) =
            Opening::read(&self.bytes, limits)
        {
            return Err(Unopened { fault, signers: Vec::new() });
        }
        let judged: Vec<_> = self
            .signatures
            .par_iter()
            .map(|file| (&file.name, judge(&file.bytes, &self.bytes, &candidates, times, limits)))
            .collect();
        let mut voices = Voices::default();
        for (name, outcome) in judged {
            voices.add(name, outcome);
        }
        match S::parse(&self.bytes, limits) {
            Ok(statement) => Ok(voices.opened(statement, Digest::of(&self.bytes))),
            Err(fault) => Err(Unopened { fault, signers: voices.good.into_keys().collect() }),
        }
    }
}

/// A statement, and the certificates that signed exactly it. Made by [`SignedStatement::open`] alone.
#[derive(Debug, Clone)]
pub struct OpenedStatement<S> {
    statement: S,
    digest: Digest,
    signers: BTreeMap<Fingerprint, GoodSignature>,
    unsupported: Vec<Fingerprint>,
    findings: Vec<Reason>,
}

impl<S> OpenedStatement<S> {
    /// What was said.
    pub fn statement(&self) -> &S {
        &self.statement
    }

    /// The digest of the signed bytes.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Primary fingerprints of those whose good signature the statement admits, each once, sorted.
    pub fn signers(&self) -> impl Iterator<Item = &Fingerprint> {
        self.signers.keys()
    }

    /// One good signature of each signer.
    pub fn signatures(&self) -> impl Iterator<Item = &GoodSignature> {
        self.signers.values()
    }

    /// Certificates that may have signed with a key that this build cannot check.
    pub fn unsupported(&self) -> impl Iterator<Item = &Fingerprint> {
        self.unsupported.iter()
    }

    /// What was found about the signature files that were not counted.
    pub fn findings(&self) -> &[Reason] {
        &self.findings
    }
}

/// A statement that could not be used.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Unopened {
    /// Why.
    pub fault: StatementFault,
    /// Certificates with a good signature over these bytes, whatever they mean.
    pub signers: Vec<Fingerprint>,
}

/// What became of one signature file.
enum Outcome {
    Good(GoodSignature),
    /// Not counted; the certificates that may have been meant.
    Bad(SignatureFault, Vec<Fingerprint>),
}

fn judge<'c>(
    file: &[u8],
    message: &[u8],
    candidates: &(impl Fn(&SignatureFile) -> Vec<&'c Certificate> + Sync),
    times: Times,
    limits: &Limits,
) -> Outcome {
    let signature = match SignatureFile::parse(file, limits) {
        Ok(signature) => signature,
        Err(fault) => return Outcome::Bad(fault, Vec::new()),
    };
    let candidates = candidates(&signature);
    match check(&signature, message, &candidates, &times) {
        Ok(good) => Outcome::Good(good),
        Err(fault) => {
            let meant = match fault.certificate() {
                Some(certificate) => vec![certificate.clone()],
                None => candidates.iter().map(|one| one.fingerprint().clone()).collect(),
            };
            Outcome::Bad(fault, meant)
        }
    }
}

#[derive(Default)]
struct Voices {
    good: BTreeMap<Fingerprint, GoodSignature>,
    unsupported: Vec<Fingerprint>,
    findings: Vec<Reason>,
}

impl Voices {
    fn add(&mut self, name: &str, outcome: Outcome) {
        match outcome {
            Outcome::Good(good) => {
                let signer = good.certificate().clone();
                if self.good.insert(signer.clone(), good).is_some() {
                    let message = format!("{signer} has signed this statement already, and is counted once");
                    self.findings.push(Reason::new(Code::SignatureDuplicate, Answer::Note, message).at(name));
                }
            }
            Outcome::Bad(fault, candidates) => {
                if fault.code() == Code::KeyUnsupported {
                    self.unsupported.extend(candidates);
                }
                self.findings.push(Reason::new(fault.code(), Answer::SetAside, fault.to_string()).at(name));
            }
        }
    }

    /// Sorts out those whom the statement does not admit.
    fn opened<S: Statement>(self, statement: S, digest: Digest) -> OpenedStatement<S> {
        let Self { good, mut unsupported, mut findings } = self;
        let (signers, strangers): (BTreeMap<_, _>, BTreeMap<_, _>) =
            good.into_iter().partition(|(signer, _)| statement.admits(signer));
        for stranger in strangers.keys() {
            let message = format!("{stranger} is not among the authors that the manifest names; it counts for nothing");
            findings.push(Reason::new(Code::SignerNotNamed, Answer::Note, message));
        }
        unsupported.retain(|signer| statement.admits(signer));
        unsupported.sort();
        unsupported.dedup();
        OpenedStatement { statement, digest, signers, unsupported, findings }
    }
}
