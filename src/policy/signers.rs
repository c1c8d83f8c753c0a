//! A policy of just these authors: so many of these signers (`--signer`, `--signatures`).

use std::collections::BTreeSet;

use thiserror::Error;

use crate::fingerprint::Fingerprint;
use crate::reason::{Answer, Code, Reason};

/// A policy of just these authors: so many of them must have signed.
///
/// Checked when made: the threshold can be met, and cannot be met by nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signers {
    named: BTreeSet<Fingerprint>,
    needed: usize,
}

impl Signers {
    /// Takes primary fingerprints, in any order and number of times, and how many of them are needed.
    ///
    /// # Errors
    /// A threshold of 0, or above the number of different signers.
    pub fn new(named: impl IntoIterator<Item = Fingerprint>, needed: usize) -> Result<Self, SignersFault> {
        let named: BTreeSet<_> = named.into_iter().collect();
        match needed {
            0 => Err(SignersFault::ThresholdZero),
            _ if needed > named.len() => Err(SignersFault::Unreachable { needed, people: named.len() }),
            _ => Ok(Self { named, needed }),
        }
    }

    /// The signers, sorted.
    pub fn named(&self) -> &BTreeSet<Fingerprint> {
        &self.named
    }

    /// How many of them must have signed.
    pub fn needed(&self) -> usize {
        self.needed
    }
}

/// Why a policy cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SignersFault {
    /// No signature at all would do.
    #[error("a threshold of 0 would accept what nobody signed; ask for 1 or more")]
    ThresholdZero,
    /// More people are needed than there are.
    #[error(
        "{needed} signatures are asked for, but only {people} could ever be counted; name more signers, or ask for fewer"
    )]
    Unreachable {
        /// The threshold.
        needed: usize,
        /// Different signers that were named.
        people: usize,
    },
    /// A subkey's fingerprint where a primary key's belongs.
    #[error("{given} is a subkey of {primary}; name people by their primary key's fingerprint")]
    Subkey {
        /// What was given.
        given: Fingerprint,
        /// The primary key's fingerprint.
        primary: Fingerprint,
    },
}

impl SignersFault {
    /// The fault as a reason: no verdict is possible.
    pub fn reason(&self) -> Reason {
        let code = match self {
            Self::ThresholdZero => Code::PolicyThresholdZero,
            Self::Unreachable { .. } => Code::PolicyThresholdUnreachable,
            Self::Subkey { .. } => Code::PolicyKeyId,
        };
        Reason::new(code, Answer::CannotTell, self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer(first: char) -> Fingerprint {
        format!("{first}{}", "0".repeat(39)).parse().expect("a fingerprint")
    }

    fn code(signers: &[Fingerprint], needed: usize) -> Option<&'static str> {
        Signers::new(signers.to_vec(), needed).err().map(|fault| fault.reason().code.as_str())
    }

    #[test]
    fn thresholds_can_be_met_and_not_by_nobody() {
        let (a, b) = (signer('A'), signer('B'));
        assert_eq!(code(&[a.clone(), b.clone()], 2), None);
        assert_eq!(code(&[a.clone(), b.clone()], 0), Some("policy-threshold-zero"));
        assert_eq!(code(&[a.clone(), b], 3), Some("policy-threshold-unreachable"));
        assert_eq!(code(&[a.clone(), a], 2), Some("policy-threshold-unreachable"));
        assert_eq!(code(&[], 1), Some("policy-threshold-unreachable"));
    }
}
