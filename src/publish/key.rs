//! Which key signs: the one that was named, else git's, else gpg's; always exactly one certificate, and one that is fit.

use crate::fingerprint::Fingerprint;
use crate::limits::Limits;
use crate::openpgp::certificate::Certificate;
use crate::openpgp::standing::Standing;
use crate::programs::{Programs, SecretKey};
use crate::shown::Shown;
use crate::time::Times;

use super::PublishError;

/// Who signs, and how gpg is told.
#[derive(Debug, Clone)]
pub struct Signer {
    certificate: Certificate,
    argument: String,
    user_id: String,
}

impl Signer {
    /// The primary key's fingerprint.
    pub fn fingerprint(&self) -> &Fingerprint {
        self.certificate.fingerprint()
    }

    /// How the certificate names itself. Escaped.
    pub fn user_id(&self) -> &str {
        &self.user_id
    }

    /// The certificate as gpg has it.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The key for gpg's `--local-user`.
    pub(super) fn argument(&self) -> &str {
        &self.argument
    }
}

/// What the key is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the two things that keys do here")]
pub enum Deed {
    /// To sign statements.
    Sign,
    /// To certify other certificates, which only a primary key can.
    Certify,
}

impl Deed {
    fn can(self, key: &SecretKey) -> bool {
        match self {
            Self::Sign => key.can_sign,
            Self::Certify => key.can_certify,
        }
    }

    fn cards(self, key: &SecretKey) -> Vec<String> {
        match self {
            Self::Sign => key.cards.clone(),
            Self::Certify => key.primary_card.clone().into_iter().collect(),
        }
    }

    /// What is missing, and what to do.
    fn missing(self) -> (&'static str, &'static str) {
        match self {
            Self::Sign => (
                "gpg has no secret key for signing",
                "insert the card and run `gpg --card-status`, or add a signing subkey with `gpg --quick-add-key \
                 FINGERPRINT ed25519 sign`",
            ),
            Self::Certify => (
                "gpg has no secret primary key for it, and only a primary key certifies",
                "insert the card that has it and run `gpg --card-status`, or bring the primary key back from where it is kept",
            ),
        }
    }
}

/// Finds the key and sees that it can do what it is wanted for, before anybody is asked for a PIN.
///
/// # Errors
/// There is none, there are several, or it is not fit.
pub fn find(
    programs: &Programs,
    named: Option<&str>,
    deed: Deed,
    times: Times,
    limits: &Limits,
) -> Result<Signer, PublishError> {
    let wanted = match named {
        Some(named) => Some(named.to_owned()),
        None => match programs.git_signing_key()? {
            Some(key) => Some(key),
            None => programs.default_key()?,
        },
    };
    let key = choose(programs.secret_keys(wanted.as_deref())?, wanted.as_ref(), deed)?;
    let fingerprint = key.fingerprint.clone();
    let certificate = Certificate::parse(&programs.export(&fingerprint)?, limits)?;
    if let Some((why, hint)) = unfit(&certificate.standing(&times)) {
        return Err(PublishError::Unfit { fingerprint, why, hint });
    }
    if !deed.can(&key) {
        let (why, hint) = deed.missing();
        return Err(PublishError::Unfit { fingerprint, why: why.to_owned(), hint });
    }
    let cards = deed.cards(&key);
    if !cards.is_empty() {
        programs.find_card(&cards)?;
    }
    // A `!` pins one subkey, as gpg's users know it; else gpg takes the newest signing key of the certificate.
    let pinned = wanted.filter(|wanted| wanted.ends_with('!'));
    let argument = pinned.unwrap_or_else(|| fingerprint.to_string());
    Ok(Signer { certificate, argument, user_id: key.user_id })
}

/// Exactly one certificate; without a name, the only one that can sign. Where none can, the only one there is, so that
/// it is told why not.
fn choose(mut keys: Vec<SecretKey>, wanted: Option<&String>, deed: Deed) -> Result<SecretKey, PublishError> {
    if wanted.is_none() && keys.len() > 1 {
        keys.retain(|key| deed.can(key));
    }
    keys.dedup_by(|a, b| a.fingerprint == b.fingerprint);
    match keys.len() {
        1 => Ok(keys.remove(0)),
        0 => Err(PublishError::NoKey(wanted.cloned())),
        _ => {
            let found = keys.iter().map(|key| format!("{} ({})", key.fingerprint, key.user_id)).collect();
            Err(PublishError::Ambiguous { wanted: wanted.cloned(), found })
        }
    }
}

/// What is wrong with a signer's own certificate, and what to do.
fn unfit(standing: &Standing) -> Option<(String, &'static str)> {
    Some(match standing {
        Standing::Valid { .. } => return None,
        Standing::Expired { .. } => (
            "it has expired".to_owned(),
            "extend it with `gpg --quick-set-expire FINGERPRINT 2y`, and publish it again",
        ),
        Standing::Retired { .. } | Standing::Revoked => ("it is revoked".to_owned(), "sign with another key"),
        Standing::Invalid { why } => {
            (why.to_string(), "renew its self-signatures with a current GnuPG, or make a new key")
        }
        Standing::Unsupported { algorithm } => (
            format!("this build's cryptography cannot check its key ({algorithm}) [key-unsupported]"),
            "use a build with --features crypto-nettle",
        ),
    })
}

/// ` for "KEY"`, or nothing.
pub(super) fn shown(wanted: &Option<String>) -> String {
    wanted.as_ref().map(|wanted| format!(" for \"{}\"", Shown::new(wanted))).unwrap_or_default()
}
