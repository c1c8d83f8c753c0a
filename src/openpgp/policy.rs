//! What cryptography is good enough, by today's clock, and what this build can check at all.
//!
//! The verdict's time never reaches this file's policy: a forger with a broken hash or a factored key would only need
//! to claim a date from before the break.

use std::time::SystemTime;

use sequoia_openpgp::crypto::mpi::PublicKey;
use sequoia_openpgp::packet::Key;
use sequoia_openpgp::packet::key::{KeyParts, KeyRole};
use sequoia_openpgp::policy::{AsymmetricAlgorithm, HashAlgoSecurity, StandardPolicy};
use sequoia_openpgp::types::{Curve, Duration, HashAlgorithm, PublicKeyAlgorithm};

use crate::time::{Times, Timestamp};

/// The policy for self-signatures. It knows no critical notation.
pub(super) fn standard(times: &Times) -> StandardPolicy<'static> {
    let mut policy = StandardPolicy::at(SystemTime::from(times.now));
    // A revocation counts whatever the age of its hash: to doubt it would be to trust what its owner took back.
    policy.hash_revocation_tolerance(A_CENTURY);
    policy
}

/// Whether a self-signature over this hash counts for nothing today, whatever it is on.
pub(super) fn is_void(policy: &StandardPolicy<'_>, hash: HashAlgorithm, times: &Times) -> bool {
    let cutoff = policy.hash_cutoff(hash, HashAlgoSecurity::SecondPreImageResistance);
    cutoff.is_some_and(|cutoff| cutoff <= SystemTime::from(times.now))
}

/// Whether a document's signature may rest on this hash.
pub(super) fn is_strong(hash: HashAlgorithm) -> bool {
    use HashAlgorithm as H;
    matches!(hash, H::SHA256 | H::SHA384 | H::SHA512 | H::SHA3_256 | H::SHA3_512)
}

/// Whether a key is too short by today's rules.
pub(super) fn is_weak<P: KeyParts, R: KeyRole>(key: &Key<P, R>, times: &Times) -> bool {
    use AsymmetricAlgorithm as A;
    let bits = key.mpis().bits().unwrap_or(0);
    let class = match key.mpis() {
        PublicKey::RSA { .. } => [A::RSA1024, A::RSA2048, A::RSA3072, A::RSA4096],
        PublicKey::DSA { .. } => [A::DSA1024, A::DSA2048, A::DSA3072, A::DSA4096],
        _ => return false,
    }[match bits {
        0..2048 => 0,
        2048..3072 => 1,
        3072..4096 => 2,
        _ => 3,
    }];
    standard(times).asymmetric_algo_cutoff(class).is_some_and(|cutoff| cutoff <= SystemTime::from(times.now))
}

/// One digit for each cut-off that the policies know: whether it has come.
pub(super) fn era(now: Timestamp) -> String {
    use HashAlgorithm as H;
    let policy = standard(&Times { at: now, now });
    let hashes = [H::MD5, H::SHA1, H::RipeMD, H::SHA224, H::SHA256, H::SHA384, H::SHA512, H::SHA3_256, H::SHA3_512];
    let securities = [HashAlgoSecurity::CollisionResistance, HashAlgoSecurity::SecondPreImageResistance];
    let of_hashes = hashes.iter().flat_map(|hash| securities.map(|security| policy.hash_cutoff(*hash, security)));
    let of_keys = AsymmetricAlgorithm::variants().map(|algorithm| policy.asymmetric_algo_cutoff(algorithm));
    let digit = |cutoff: Option<SystemTime>| match cutoff {
        None => '0',
        Some(cutoff) if cutoff <= SystemTime::from(now) => '2',
        Some(_) => '1',
    };
    of_hashes.chain(of_keys).map(digit).collect()
}

/// Whether the cryptography of this build can check signatures by this key.
pub(super) fn is_supported<P: KeyParts, R: KeyRole>(key: &Key<P, R>) -> bool {
    key.pk_algo().is_supported()
        && match key.mpis() {
            PublicKey::RSA { n, .. } => !cfg!(feature = "crypto-rust") || n.bits() <= RUST_RSA_BITS,
            PublicKey::EdDSA { curve, .. } | PublicKey::ECDSA { curve, .. } => curve.is_supported(),
            PublicKey::Unknown { .. } => false,
            _ => true,
        }
}

/// The algorithm and size of a key, as people know them: `RSA 4096`, `Ed25519`, `NIST P-256`.
pub(super) fn algorithm<P: KeyParts, R: KeyRole>(key: &Key<P, R>) -> String {
    match key.mpis() {
        PublicKey::RSA { n, .. } => format!("RSA {}", n.bits()),
        PublicKey::DSA { p, .. } => format!("DSA {}", p.bits()),
        PublicKey::EdDSA { curve, .. } | PublicKey::ECDSA { curve, .. } | PublicKey::ECDH { curve, .. } => {
            match curve {
                Curve::NistP256 => "NIST P-256".into(),
                Curve::NistP384 => "NIST P-384".into(),
                Curve::NistP521 => "NIST P-521".into(),
                Curve::BrainpoolP256 => "Brainpool P-256".into(),
                Curve::BrainpoolP384 => "Brainpool P-384".into(),
                Curve::BrainpoolP512 => "Brainpool P-512".into(),
                Curve::Ed25519 => "Ed25519".into(),
                Curve::Cv25519 => "X25519".into(),
                _ => "an unknown curve".into(),
            }
        }
        _ => match key.pk_algo() {
            PublicKeyAlgorithm::Ed25519 => "Ed25519".into(),
            PublicKeyAlgorithm::Ed448 => "Ed448".into(),
            other => other.to_string(),
        },
    }
}

/// The largest RSA key that the `rsa` crate accepts (`RsaPublicKey::MAX_SIZE`).
const RUST_RSA_BITS: usize = 4096;

/// Added to a cut-off this reaches the end of time, as OpenPGP counts it.
const A_CENTURY: Duration = Duration::seconds(100 * 365 * 24 * 60 * 60);
