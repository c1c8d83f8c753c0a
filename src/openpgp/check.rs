//! Checks one signature over one message: did one of these certificates sign exactly this, and is it fit to sign now?
//!
//! Whom to trust is not asked here. The claimed date inside a signature excuses nothing: expiry, retirement and weak
//! algorithms are judged at the verdict's time, since whoever has the key can write any date.

use std::time::SystemTime;

use sequoia_openpgp::Cert;
use sequoia_openpgp::cert::amalgamation::ValidateAmalgamation as _;
use sequoia_openpgp::cert::amalgamation::key::{ErasedKeyAmalgamation, PrimaryKey as _};
use sequoia_openpgp::packet::key::PublicParts;
use sequoia_openpgp::types::HashAlgorithm;

use super::certificate::Certificate;
use super::fault::SignatureFault;
use super::policy;
use super::signature::SignatureFile;
use super::standing::{Revocation, Standing, moment, told};
use crate::fingerprint::Fingerprint;
use crate::time::{CLOCK_TOLERANCE, Times, Timestamp};

/// Evidence that a certificate signed a message, with a key that was fit to sign at the time asked about.
///
/// Only [`check`] makes one. It does not say whom to trust.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct GoodSignature {
    certificate: Fingerprint,
    key: Fingerprint,
    created: Timestamp,
}

impl GoodSignature {
    /// The signer: the fingerprint of the certificate's primary key.
    pub fn certificate(&self) -> &Fingerprint {
        &self.certificate
    }

    /// The fingerprint of the key that signed, which may be a subkey's.
    pub fn key(&self) -> &Fingerprint {
        &self.key
    }

    /// When the signature says it was made. A claim.
    pub fn created(&self) -> Timestamp {
        self.created
    }
}

/// Checks a signature over `message` with those of the `candidates` that it names.
///
/// The order of the candidates makes no difference.
///
/// # Errors
/// No candidate's key made this signature, or one did that does not count; of several findings the closest to good.
/// Of two certificates that are both good, as when they share a subkey, the one with the smaller fingerprint counts.
pub fn check(
    signature: &SignatureFile,
    message: &[u8],
    candidates: &[&Certificate],
    times: &Times,
) -> Result<GoodSignature, SignatureFault> {
    let digest = digest(signature, message)?;
    let mut findings = Vec::new();
    let mut candidates = candidates.to_vec();
    candidates.sort_unstable_by_key(|certificate| certificate.fingerprint());
    for certificate in candidates {
        let meant: Vec<_> =
            certificate.keys().iter().filter(|key| signature.issuers().iter().any(|h| key.is_meant_by(h))).collect();
        for name in meant {
            let finding = match certificate.cert() {
                Err(why) => Err(SignatureFault::CertificateInvalid {
                    certificate: certificate.fingerprint().clone(),
                    why: why.to_owned(),
                }),
                Ok(cert) => {
                    let mut keys = cert.keys();
                    let key = keys
                        .find(|key| super::fingerprint(&key.key().fingerprint()).as_ref() == Some(&name.fingerprint));
                    let question = Question { signature, digest: &digest, cert, certificate, times };
                    match key {
                        Some(key) => question.judge(&key, &name.fingerprint),
                        None => Err(question.not_signing(&name.fingerprint, "nothing binds the two together")),
                    }
                }
            };
            if finding.is_ok() {
                return finding;
            }
            let distance = finding.as_ref().err().map_or(0, SignatureFault::distance);
            findings.push((distance, certificate.fingerprint(), &name.fingerprint, finding));
        }
    }
    let closest = findings.into_iter().min_by(|a, b| (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2)));
    closest.map_or_else(|| Err(SignatureFault::SignerUnknown(signature.issuers().to_vec())), |(.., finding)| finding)
}

/// One signature and one certificate that may have made it.
struct Question<'a> {
    signature: &'a SignatureFile,
    digest: &'a [u8],
    cert: &'a Cert,
    certificate: &'a Certificate,
    times: &'a Times,
}

impl Question<'_> {
    fn judge(
        &self,
        key: &ErasedKeyAmalgamation<'_, PublicParts>,
        name: &Fingerprint,
    ) -> Result<GoodSignature, SignatureFault> {
        let (signature, times) = (self.signature, self.times);
        let certificate = || self.certificate.fingerprint().clone();
        let unsupported =
            |algorithm| SignatureFault::KeyUnsupported { certificate: certificate(), key: name.clone(), algorithm };
        // 1. Did this key make it?
        let created = signature.created();
        if Some(created) < moment(key.key().creation_time()) {
            return Err(SignatureFault::TooEarly { created, key: name.clone() });
        }
        if !policy::is_supported(key.key()) {
            return Err(unsupported(policy::algorithm(key.key())));
        }
        if signature.signature().verify_digest(key.key(), self.digest).is_err() {
            return Err(SignatureFault::Bad { key: name.clone() });
        }
        // 2. Is the key good enough, and the certificate sound?
        if policy::is_weak(key.key(), times) {
            let algorithm = policy::algorithm(key.key());
            return Err(SignatureFault::WeakKey { certificate: certificate(), key: name.clone(), algorithm });
        }
        let standing = self.certificate.standing_of(self.cert, times);
        match &standing {
            Standing::Revoked => return Err(SignatureFault::SignerRevoked { certificate: certificate() }),
            Standing::Unsupported { algorithm } => return Err(unsupported(algorithm.clone())),
            Standing::Invalid { why } => {
                return Err(SignatureFault::CertificateInvalid { certificate: certificate(), why: why.clone() });
            }
            Standing::Valid { .. } | Standing::Expired { .. } | Standing::Retired { .. } => {}
        }
        // 3. Do the dates make sense?
        let at = times.at.min(times.now);
        if created > at.plus(CLOCK_TOLERANCE) {
            return Err(SignatureFault::TooLate { created, at });
        }
        if let Some(end) = signature.signature().signature_expiration_time().and_then(moment)
            && end <= times.at
        {
            return Err(SignatureFault::Expired(end));
        }
        // 4. Is the certificate still in use, and may this key sign for it?
        match standing {
            Standing::Retired { since } => {
                return Err(SignatureFault::SignerRetired { certificate: certificate(), since });
            }
            Standing::Expired { since } => {
                return Err(SignatureFault::SignerExpired { certificate: certificate(), since });
            }
            _ => {}
        }
        self.may_sign(key, name)?;
        Ok(GoodSignature { certificate: certificate(), key: name.clone(), created })
    }

    fn may_sign(&self, key: &ErasedKeyAmalgamation<'_, PublicParts>, name: &Fingerprint) -> Result<(), SignatureFault> {
        let expired = |since| SignatureFault::KeyExpired {
            certificate: self.certificate.fingerprint().clone(),
            key: name.clone(),
            since,
        };
        if !key.primary() && Revocation::newest(key.self_revocations(), self.times).is_some() {
            return Err(self.not_signing(name, "the owner revoked this subkey"));
        }
        let policy = policy::standard(self.times);
        let valid = match key.clone().with_policy(&policy, SystemTime::from(self.times.at)) {
            Ok(valid) => valid,
            Err(error) => {
                return Err(match error.downcast_ref() {
                    Some(sequoia_openpgp::Error::Expired(since)) => expired(moment(*since)),
                    _ => self.not_signing(name, &format!("its binding is missing or not valid ({})", told(&error))),
                });
            }
        };
        if valid.alive().is_err() {
            return Err(expired(valid.key_expiration_time().and_then(moment)));
        }
        if !valid.for_signing() {
            return Err(self.not_signing(name, "it is meant for something else than signing"));
        }
        Ok(())
    }

    fn not_signing(&self, key: &Fingerprint, why: &str) -> SignatureFault {
        let certificate = self.certificate.fingerprint().clone();
        SignatureFault::NotSigning { certificate, key: key.clone(), why: why.to_owned() }
    }
}

/// Hashes the message as the signature wants it: a version 6 signature's salt comes first (RFC 9580, section 5.2.4).
fn digest(signature: &SignatureFile, message: &[u8]) -> Result<Vec<u8>, SignatureFault> {
    let signature = signature.signature();
    let unsupported = |algorithm: HashAlgorithm| SignatureFault::HashUnsupported { hash: algorithm.to_string() };
    let algorithm = signature.hash_algo();
    let mut context = algorithm.context().map_err(|_| unsupported(algorithm))?.for_signature(signature.version());
    if let Some(salt) = signature.salt() {
        context.update(salt);
    }
    context.update(message);
    sequoia_openpgp::crypto::hash::Hash::hash(signature, &mut context).map_err(|_| SignatureFault::Damaged)?;
    context.into_digest().map_err(|_| unsupported(algorithm))
}

#[cfg(test)]
mod tests;
