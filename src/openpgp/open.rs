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
use crate::time::{Times, Timestamp};

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
    /// `candidates` gives the certificates that could have made a signature; `seen` excuses a signer who has expired or
    /// retired since the signature was first seen here. A bad signature file harms no other, and the order of files
    /// decides nothing.
    ///
    /// # Errors
    /// The statement cannot be used; who signed it is told all the same, for a statement of a newer version may matter.
    pub fn open<'c, S: Statement>(
        &self,
        candidates: impl Fn(&SignatureFile) -> Vec<&'c Certificate> + Sync,
        seen: &dyn FirstSeen,
        times: Times,
        limits: &Limits,
    ) -> Result<OpenedStatement<S>, Unopened> {
        if let Err(fault @ (StatementFault::Size(_) | StatementFault::NotAStatement)) =
            Opening::read(&self.bytes, limits)
        {
            return Err(Unopened { fault, signers: Vec::new() });
        }
        let first = |digest| move |signer: &Fingerprint| seen.first_seen(digest, signer);
        let first = first(Digest::of(&self.bytes));
        let judged: Vec<_> = self
            .signatures
            .par_iter()
            .map(|file| (&file.name, judge(&file.bytes, &self.bytes, &candidates, &first, times, limits)))
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

    /// The same, as if these people had signed it with keys that this build cannot check.
    #[cfg(test)]
    pub(crate) fn with_unsupported(mut self, signers: impl IntoIterator<Item = Fingerprint>) -> Self {
        self.unsupported.extend(signers);
        self
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

/// When this machine first saw a statement with a good signature by somebody.
///
/// The date inside a signature proves nothing, since whoever has the key can write any. What was seen before the key
/// expired or was retired cannot have been made by whoever found the key later.
pub trait FirstSeen: Sync {
    /// When, if ever; `signer` is a primary fingerprint.
    fn first_seen(&self, statement: Digest, signer: &Fingerprint) -> Option<Timestamp>;
}

/// Nothing was ever seen.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "there is nothing in it")]
pub struct NothingSeen;

impl FirstSeen for NothingSeen {
    fn first_seen(&self, _statement: Digest, _signer: &Fingerprint) -> Option<Timestamp> {
        None
    }
}

/// What became of one signature file.
enum Outcome {
    Good(GoodSignature),
    /// Good when it was first seen, at this moment; what is wrong with it now.
    GoodThen(GoodSignature, Timestamp, SignatureFault),
    /// Not counted; the certificates that may have been meant.
    Bad(SignatureFault, Vec<Fingerprint>),
}

fn judge<'c>(
    file: &[u8],
    message: &[u8],
    candidates: &(impl Fn(&SignatureFile) -> Vec<&'c Certificate> + Sync),
    first_seen: &(impl Fn(&Fingerprint) -> Option<Timestamp> + Sync),
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
            if let Some((certificate, ended)) = fault.ended()
                && let Some(first) = first_seen(certificate).filter(|first| *first < ended)
                && let Ok(good) = check(&signature, message, &candidates, &Times { at: first, ..times })
                && good.certificate() == certificate
            {
                return Outcome::GoodThen(good, first, fault);
            }
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
            Outcome::Good(good) => self.count(name, good),
            Outcome::GoodThen(good, first, fault) => {
                let signer = good.certificate();
                let message =
                    format!("{signer} counts all the same, since this machine saw the signature on {first}: {fault}");
                self.findings.push(Reason::new(fault.code(), Answer::Note, message).at(name));
                self.count(name, good);
            }
            Outcome::Bad(fault, candidates) => {
                if fault.code() == Code::KeyUnsupported {
                    self.unsupported.extend(candidates);
                }
                self.findings.push(Reason::new(fault.code(), Answer::SetAside, fault.to_string()).at(name));
            }
        }
    }

    fn count(&mut self, name: &str, good: GoodSignature) {
        let signer = good.certificate().clone();
        if self.good.insert(signer.clone(), good).is_some() {
            let message = format!("{signer} has signed this statement already, and is counted once");
            self.findings.push(Reason::new(Code::SignatureDuplicate, Answer::Note, message).at(name));
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

#[cfg(test)]
mod tests {
    use sequoia_openpgp::types::ReasonForRevocation;

    use super::super::testing::{DAY, Person, TIMES, days_ago};
    use super::*;
    use crate::statement::StatementFault;

    /// A statement that admits everybody.
    struct Anything;

    impl Statement for Anything {
        fn parse(_bytes: &[u8], _limits: &Limits) -> Result<Self, StatementFault> {
            Ok(Self)
        }

        fn admits(&self, _signer: &Fingerprint) -> bool {
            true
        }
    }

    struct Seen(Timestamp);

    impl FirstSeen for Seen {
        fn first_seen(&self, _statement: Digest, _signer: &Fingerprint) -> Option<Timestamp> {
            Some(self.0)
        }
    }

    /// The codes of what was found, and how many signers count.
    fn open(person: &Person, days_since_seen: u64) -> (usize, Vec<(&'static str, Answer)>) {
        let signature = super::super::testing::file(
            &person.signature(0, |builder| builder.set_signature_creation_time(days_ago(300)).expect("a date")),
        );
        let mut signed = SignedStatement::new(super::super::testing::MESSAGE.to_vec());
        signed.add_signature("m.asc".to_owned(), signature);
        let certificate = person.certificate();
        let seen = Seen(days_ago(days_since_seen).try_into().expect("a moment"));
        let opened: OpenedStatement<Anything> =
            signed.open(|_| vec![&certificate], &seen, TIMES, &Limits::default()).expect("opened");
        let findings = opened.findings().iter().map(|reason| (reason.code.as_str(), reason.answer)).collect();
        (opened.signers().count(), findings)
    }

    #[test]
    fn what_was_seen_before_a_key_retired_or_expired_counts_on() {
        let retired = Person::new().revoked(Some(ReasonForRevocation::KeyRetired), days_ago(100));
        assert_eq!(open(&retired, 200), (1, vec![("signer-retired", Answer::Note)]));
        assert_eq!(open(&retired, 99), (0, vec![("signer-retired", Answer::SetAside)]));
        assert_eq!(open(&retired, 100), (0, vec![("signer-retired", Answer::SetAside)]));
        let expired = Person::made(|builder| builder.set_validity_period(DAY * 300));
        assert_eq!(open(&expired, 200), (1, vec![("signer-expired", Answer::Note)]));
        assert_eq!(open(&expired, 50), (0, vec![("signer-expired", Answer::SetAside)]));
        // What is in use needs no excuse.
        assert_eq!(open(&Person::new(), 200), (1, vec![]));
    }

    #[test]
    fn nothing_excuses_a_compromised_key() {
        let revoked = Person::new().revoked(Some(ReasonForRevocation::KeyCompromised), days_ago(100));
        assert_eq!(open(&revoked, 200), (0, vec![("signer-revoked", Answer::SetAside)]));
    }
}
