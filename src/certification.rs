//! Certifying somebody: what exactly is said, said through gpg, checked here, and only then kept in the keyring.
//!
//! The plan is made first and shown; nothing is written before what gpg made is found to be exactly that.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use thiserror::Error;

use crate::fingerprint::Fingerprint;
use crate::grant::{Amount, Depth, Role};
use crate::keyring::local::{self, Import, ImportError, LocalKeyring, Source};
use crate::keyring::{Keyring, KeyringError};
use crate::limits::Limits;
use crate::openpgp::certify::made::{MadeFault, Wanted, Wish, accept};
use crate::openpgp::certify::{Kind, notation};
use crate::openpgp::{Certificate, Standing};
use crate::programs::certify::{Dialogue, Word};
use crate::programs::{ProgramError, Programs};
use crate::publish::PublishError;
use crate::publish::key::{self, Deed, Signer};
use crate::shown::Shown;
use crate::time::{Times, Timestamp};

/// What is asked for.
#[expect(clippy::exhaustive_structs, reason = "whoever asks must say all of it")]
pub struct CertifyRequest<'a> {
    /// Who is certified.
    pub fingerprint: &'a Fingerprint,
    /// Under which user IDs, exactly as they are written.
    pub user_ids: &'a [String],
    /// What is said of them; none to take back what was said.
    pub word: Option<Wanted>,
    /// The key to certify with, as gpg understands it.
    pub key: Option<&'a str>,
    /// The keyring that has the certificate, and gets the certification.
    pub keyring: &'a Path,
    /// Now.
    pub now: Timestamp,
    /// How much is read.
    pub limits: &'a Limits,
    /// gpg.
    pub programs: &'a Programs,
}

/// What will be said, by whom, of whom.
#[derive(Debug)]
pub struct Plan {
    signer: Signer,
    /// The target with what the signer said of it before.
    target: Certificate,
    user_ids: Vec<String>,
    word: Option<Wanted>,
    replaced: usize,
}

/// Looks whether all of it can be said, before anybody is asked for a PIN.
///
/// # Errors
/// A certificate that is not there or not alive, a user ID that it does not have, something that gpg cannot express, or no
/// key.
pub fn prepare(request: &CertifyRequest<'_>) -> Result<Plan, CertifyError> {
    if let Some(wanted) = &request.word {
        expressible(wanted)?;
    }
    let times = Times { at: request.now, now: request.now };
    let paths = [request.keyring.to_owned()];
    let keyring = Keyring::read(&paths, request.limits)?;
    let Some(target) = keyring.by_fingerprint(request.fingerprint) else {
        let fingerprint = request.fingerprint.clone();
        return Err(match keyring.primary_of(&fingerprint) {
            Some(primary) => CertifyError::Subkey { fingerprint, primary: primary.clone() },
            None => CertifyError::Unknown(fingerprint),
        });
    };
    let standing = target.standing(&times);
    let dead = !matches!(standing, Standing::Valid { .. });
    if dead && request.word.is_some() {
        return Err(CertifyError::Dead { fingerprint: request.fingerprint.clone(), standing: standing.to_string() });
    }
    let user_ids = named(target, request.user_ids)?;
    let signer = key::find(request.programs, request.key, Deed::Certify, times, request.limits)?;
    if signer.fingerprint() == request.fingerprint {
        return Err(CertifyError::Oneself);
    }
    let own = HashSet::from([signer.certificate().keys()[0].id]);
    let target = local::with_word_of(&paths, request.fingerprint, &own, request.limits)?
        .ok_or_else(|| CertifyError::Unknown(request.fingerprint.clone()))?;
    let said = target.claims().into_iter().filter(|claim| claim.kind() == Kind::Certification);
    let replaced = said.filter(|claim| user_ids.iter().any(|user_id| **user_id == **claim.user_id())).count();
    if request.word.is_none() && replaced == 0 {
        return Err(CertifyError::NothingSaid);
    }
    Ok(Plan { signer, target, user_ids, word: request.word.clone(), replaced })
}

impl Plan {
    /// Who says it.
    pub fn signer(&self) -> &Signer {
        &self.signer
    }

    /// Of whom.
    pub fn target(&self) -> &Certificate {
        &self.target
    }

    /// Of which user IDs.
    pub fn user_ids(&self) -> &[String] {
        &self.user_ids
    }

    /// What is said; none where something is taken back.
    pub fn word(&self) -> Option<&Wanted> {
        self.word.as_ref()
    }

    /// How many certifications by the same signer are there already: the new one takes their place.
    pub fn replaced(&self) -> usize {
        self.replaced
    }

    /// Has gpg say it, checks what it made, and adds that to the keyring, with the signer's own certificate.
    ///
    /// `clock` is asked once gpg is done, for whoever looks for a card takes their time.
    ///
    /// # Errors
    /// gpg did not do exactly this, and nothing was written; or the keyring cannot be written.
    pub fn carry_out(
        &self,
        request: &CertifyRequest<'_>,
        clock: &dyn Fn() -> Timestamp,
    ) -> Result<Import, CertifyError> {
        let made = request.programs.certify(&Dialogue {
            issuer: self.signer.fingerprint(),
            target: self.target.fingerprint(),
            certificates: &[self.signer.certificate().bytes(), self.target.bytes()],
            user_ids: &self.user_ids,
            word: &self.word.as_ref().map_or(Word::Revoke, in_words),
        })?;
        let now = clock();
        let wish = Wish {
            issuer: self.signer.certificate(),
            user_ids: &self.user_ids,
            word: self.word.as_ref(),
            since: request.now,
        };
        // Our clock was cut to whole seconds twice, and gpg's is not.
        let times = Times { at: now.plus(Duration::from_secs(2)), now };
        accept(&self.target, &made, &wish, &times, request.limits)?;
        let both = [&made, self.signer.certificate().bytes()].concat();
        let keyring = LocalKeyring::at(request.keyring);
        Ok(keyring.import(&Source::Given("gpg", both), true, now, request.limits)?)
    }
}

/// Why nobody was certified.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CertifyError {
    /// The keyring.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The keyring cannot be written.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// No key to certify with.
    #[error(transparent)]
    Key(#[from] PublishError),
    /// gpg.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// Not what was wanted.
    #[error("gpg did not make exactly what was wanted; nothing was kept")]
    Made(#[from] MadeFault),
    /// Nobody of that fingerprint.
    #[error("there is no certificate {0} in the keyring")]
    Unknown(Fingerprint),
    /// A subkey's fingerprint.
    #[error("{fingerprint} is a subkey; certificates are named by their primary key, here {primary}")]
    Subkey {
        /// What was given.
        fingerprint: Fingerprint,
        /// What was meant.
        primary: Fingerprint,
    },
    /// A certificate that has ended.
    #[error("{fingerprint} cannot be certified: it is {standing}")]
    Dead {
        /// Whose.
        fingerprint: Fingerprint,
        /// What is the matter. Escaped.
        standing: String,
    },
    /// The signer's own certificate.
    #[error("this is your own certificate; nobody certifies themselves")]
    Oneself,
    /// No such user ID.
    #[error("the certificate has no user ID \"{wanted}\"; it has {}", .there.join(", "))]
    NoUserId {
        /// What was named. Escaped.
        wanted: String,
        /// What there is. Escaped, in quotes.
        there: Vec<String>,
    },
    /// Nothing was said that could be taken back.
    #[error("you have certified none of these user IDs, so there is nothing to take back")]
    NothingSaid,
    /// An amount that gpg cannot write.
    #[error("gpg cannot make a certification of amount {amount} at depth {depth}: {why}")]
    Amount {
        /// The amount.
        amount: Amount,
        /// The depth.
        depth: Depth,
        /// What it can.
        why: &'static str,
    },
    /// A role for no package.
    #[error("the role {0} without a scope would be granted for no package")]
    NoScope(Role),
}

impl CertifyError {
    /// What to do next.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Key(error) => return error.hint(),
            Self::Program(error) => return error.hint(),
            Self::Unknown(_) => "compare the digits; `countersign keyring import FILE` brings a certificate in",
            Self::Dead { .. } => "ask its owner for a current copy, or for what takes its place, and import that",
            Self::NoUserId { .. } => "name a user ID exactly as it is written, to the last letter",
            Self::NothingSaid => "`countersign keyring show FPR` shows who certified which user ID",
            Self::NoScope(_) => "say which packages with --scope PATTERN; `--scope '*'` means all",
            Self::Amount { .. } => {
                "say --amount 120, or 60 with --depth 1 or more; any amount can be given to a root, in the policy"
            }
            Self::Made(_) => "look which gpg is first in PATH, and whether it is GnuPG's own",
            _ => return None,
        })
    }
}

/// What gpg can write: a plain certification has no amount, and a trust signature has one of two.
fn expressible(wanted: &Wanted) -> Result<(), CertifyError> {
    let (amount, depth) = (wanted.amount, wanted.depth);
    let refused = |why| Err(CertifyError::Amount { amount, depth, why });
    if depth == Depth::NONE && amount != Amount::FULL {
        return refused("a plain certification always counts as 120");
    }
    if depth != Depth::NONE && !matches!(amount.value(), 60 | 120) {
        return refused("it knows 60 and 120");
    }
    // The last edge of a path grants a role only for what its scope covers; earlier edges only limit.
    match wanted.grant.roles.iter().next() {
        Some(role) if depth == Depth::NONE && wanted.grant.scopes.is_empty() => Err(CertifyError::NoScope(*role)),
        _ => Ok(()),
    }
}

/// The user IDs that were named, each once; one that is not there is not guessed.
fn named(target: &Certificate, wanted: &[String]) -> Result<Vec<String>, CertifyError> {
    let there = target.user_ids();
    let mut named: Vec<String> = Vec::new();
    for user_id in wanted {
        if !there.contains(&user_id.as_str()) {
            let mut there: Vec<_> = there.iter().map(|text| format!("\"{}\"", Shown::new(text))).collect();
            there.sort_unstable();
            if there.is_empty() {
                there.push("none".to_owned());
            }
            return Err(CertifyError::NoUserId { wanted: Shown::new(user_id).to_string(), there });
        }
        if !named.contains(user_id) {
            named.push(user_id.clone());
        }
    }
    Ok(named)
}

/// The wish as gpg is told of it.
fn in_words(wanted: &Wanted) -> Word {
    let roles = wanted.grant.roles.iter().map(|role| (notation::ROLE, role.to_string()));
    let scopes = wanted.grant.scopes.iter().map(|scope| (notation::SCOPE, scope.to_string()));
    Word::Certify {
        depth: wanted.depth.value(),
        full: wanted.amount == Amount::FULL,
        local: !wanted.exportable,
        seconds: wanted.seconds,
        notations: roles.chain(scopes).collect(),
    }
}
