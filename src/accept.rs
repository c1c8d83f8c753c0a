//! Remembering what was verified: what the lock becomes, and writing it down after the whole verdict.
//!
//! Only here, and only for what was accepted, is anything remembered of a package; `sight` remembers when signatures came in.

pub mod sight;

use thiserror::Error;

use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::lock::pin::Passed;
use crate::lock::{Lock, Unfit};
use crate::reason::Code;
use crate::state::write::unwatched;
use crate::state::{LockFile, Seen, StateError, UserState};
use crate::time::Timestamp;
use crate::verdict::{Outcome, Verdict};
use crate::verify::Verified;
use crate::verify::project::VerifiedProject;

/// What the lock becomes if a verdict is remembered: the package takes the place of the pin that it followed. None if
/// the package was not accepted.
///
/// # Errors
/// What cannot be remembered, such as a package without a version.
pub fn next(lock: &Lock, verdict: &Verdict, passed: Option<Passed>, now: Timestamp) -> Result<Option<Lock>, Unfit> {
    let Some(pin) = verdict.pin.clone() else { return Ok(None) };
    let mut next = lock.clone();
    match &verdict.replaces {
        Some(before) => next.follow(before, pin, now)?,
        None => next.remember(pin, now)?,
    }
    if let Some(passed) = passed {
        next.record(passed)?;
    }
    Ok(Some(next))
}

/// What the lock becomes if a whole project is remembered: its pins are the set of the lockfile's packages. None if some
/// package was not accepted.
///
/// # Errors
/// What cannot be remembered.
pub fn next_of_project(lock: &Lock, verified: &VerifiedProject, now: Timestamp) -> Result<Option<Lock>, Unfit> {
    if verified.verdicts.iter().any(|verdict| verdict.outcome() != Outcome::Accepted) {
        return Ok(None);
    }
    let mut next = lock.clone();
    let pins = verified.verdicts.iter().filter_map(|verdict| verdict.pin.clone()).collect();
    next.become_set(pins, &|package| verified.beside.may_name(package), now)?;
    Ok(Some(next))
}

/// What was remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "it was written, or there was nothing to write")]
pub enum Remembered {
    /// The lock says something new.
    New,
    /// The lock said all of it before.
    Already,
}

/// Writes down an accepted verdict: first when its signatures were seen, then the lock. `state` is none where the user
/// has no home.
///
/// # Errors
/// Nothing was accepted, or it cannot be written; the lock is as it was.
pub fn remember(
    file: &LockFile,
    state: Option<&UserState>,
    verified: &Verified,
    passed: Option<Passed>,
    now: Timestamp,
) -> Result<Remembered, AcceptError> {
    let next = next(file.lock(), &verified.verdict, passed, now)?.ok_or(AcceptError::NotAccepted)?;
    write(file, state, &next, &verified.signed, now)
}

/// Writes down a project of which everything was accepted, as [`remember`] does.
///
/// # Errors
/// Something was not accepted, or it cannot be written; the lock is as it was.
pub fn remember_project(
    file: &LockFile,
    state: Option<&UserState>,
    verified: &VerifiedProject,
    now: Timestamp,
) -> Result<Remembered, AcceptError> {
    let next = next_of_project(file.lock(), verified, now)?.ok_or(AcceptError::NotAccepted)?;
    write(file, state, &next, &verified.signed, now)
}

fn write(
    file: &LockFile,
    state: Option<&UserState>,
    next: &Lock,
    signed: &[(Digest, Fingerprint)],
    now: Timestamp,
) -> Result<Remembered, AcceptError> {
    if let Some(state) = state {
        see(state, signed, now)?;
    }
    if !file.would_change(next) {
        return Ok(Remembered::Already);
    }
    file.write(next, &unwatched)?;
    Ok(Remembered::New)
}

/// Writes down when signatures were seen, and that it was this moment.
fn see<'a>(
    state: &UserState,
    signed: impl IntoIterator<Item = &'a (Digest, Fingerprint)>,
    now: Timestamp,
) -> Result<(), StateError> {
    let mut seen = Seen::default();
    signed.into_iter().for_each(|(statement, signer)| seen.see(*statement, signer.clone(), now));
    seen.raise_floor(now);
    state.add(&seen, &unwatched)
}

/// Why nothing was remembered.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AcceptError {
    /// A refusal is never remembered.
    #[error("nothing is remembered of what was not accepted")]
    NotAccepted,
    /// What a lock cannot hold.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// The lock or the state.
    #[error(transparent)]
    State(#[from] StateError),
    /// What is said of one run is not what is remembered.
    #[error("`accept` takes no {option}: {why}; nothing was remembered")]
    ForOneRun {
        /// The option.
        option: &'static str,
        /// Why not.
        why: &'static str,
    },
    /// Nobody could be asked.
    #[error("nobody is there to confirm; nothing was remembered")]
    NobodyThere,
    /// The user did not want it.
    #[error("you did not say yes; nothing was remembered")]
    No,
}

impl AcceptError {
    /// The code of what stands in the way of remembering, where it has one.
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::State(error) => Some(error.reason().code),
            Self::ForOneRun { .. } | Self::NotAccepted | Self::Unfit(_) | Self::NobodyThere | Self::No => None,
        }
    }

    /// What to do next.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::State(error) => error.hint(),
            Self::NotAccepted => Some("see why it was not accepted, above"),
            Self::ForOneRun { .. } => Some("ask with `countersign verify`, which takes it, and accept without it"),
            Self::NobodyThere => Some("look at the verdict above, and say --yes if it should be remembered"),
            Self::Unfit(_) | Self::No => None,
        }
    }
}
