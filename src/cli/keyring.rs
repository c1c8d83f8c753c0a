//! `countersign keyring`: which keyring is meant, and `list`.

mod import;
mod show;

use std::io::Write;
use std::path::PathBuf;

use rayon::prelude::*;
use serde_json::json;
use thiserror::Error;

use super::args::{Format, KeyringCommand};
use super::{Context, tell, tell_json};
use crate::fingerprint::Fingerprint;
use crate::keyring::{Keyring, KeyringError, local};
use crate::openpgp::{Certificate, Standing};
use crate::reason::{Answer, Listed, Reason};
use crate::report::Report;
use crate::shown::Shown;
use crate::time::Times;

pub(super) fn run(command: &KeyringCommand, context: &Context<'_>, out: &mut dyn Write) -> anyhow::Result<u8> {
    match command {
        KeyringCommand::Import { files, gpg, cert_d, keyring, local, format } => {
            let source = import::source(files, gpg.as_deref(), cert_d.as_ref(), context)?;
            let into = keyring.clone().map_or_else(|| context.own_keyring(), Ok)?;
            import::run(&source, &into, *local || gpg.is_some(), *format, context, out)
        }
        KeyringCommand::Merge { from, into, local, format } => {
            import::run(&local::Source::Paths(from.clone()), into, *local, *format, context, out)
        }
        KeyringCommand::List { keyring, at, format } => {
            list(&named(keyring, context)?, context.times(*at), *format, context, out)
        }
        KeyringCommand::Show { fingerprint, keyring, at, format } => {
            show::run(fingerprint, &named(keyring, context)?, context.times(*at), *format, context, out)
        }
        KeyringCommand::Export { fingerprints, keyring, format } => {
            show::export(fingerprints, &named(keyring, context)?, *format, context, out)
        }
    }
}

/// Why a keyring command has nothing to work on.
#[derive(Debug, Error)]
pub(super) enum KeyringUse {
    #[error("this system does not say where your data lies, so there is no keyring of your own")]
    NoHome,
    #[error("you have no keyring of your own yet ({0})")]
    None(String),
    #[error("there is no certificate {0} in {1}")]
    Unknown(Fingerprint, String),
    #[error("{subkey} is a subkey; certificates are named by their primary key, here {primary}")]
    Subkey { subkey: Fingerprint, primary: Fingerprint },
}

impl KeyringUse {
    /// What to do next.
    pub(super) fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::NoHome => "name one with --keyring",
            Self::None(_) => "name one with --keyring, or begin with `countersign keyring import FILE`",
            Self::Unknown(..) => {
                "compare the digits with `countersign keyring list`; `countersign keyring import FILE` brings it in"
            }
            Self::Subkey { .. } => return None,
        })
    }
}

/// The keyrings that were named, or the user's own.
pub(super) fn named(paths: &[PathBuf], context: &Context<'_>) -> anyhow::Result<Vec<PathBuf>> {
    if !paths.is_empty() {
        return Ok(paths.to_vec());
    }
    let own = context.own_keyring()?;
    if own.exists() {
        return Ok(vec![own]);
    }
    Err(KeyringUse::None(Shown::path(&own).to_string()).into())
}

/// One certificate out of a keyring; a subkey is answered by the name of its primary key.
pub(super) fn only<'a>(
    keyring: &'a Keyring,
    paths: &[PathBuf],
    fingerprint: &Fingerprint,
) -> Result<&'a Certificate, KeyringUse> {
    keyring.by_fingerprint(fingerprint).ok_or_else(|| match keyring.primary_of(fingerprint) {
        Some(primary) => KeyringUse::Subkey { subkey: fingerprint.clone(), primary: primary.clone() },
        None => unknown(fingerprint, paths),
    })
}

/// A certificate that is in none of these keyrings.
fn unknown(fingerprint: &Fingerprint, paths: &[PathBuf]) -> KeyringUse {
    let places: Vec<_> = paths.iter().map(|path| Shown::path(path).to_string()).collect();
    KeyringUse::Unknown(fingerprint.clone(), places.join(", "))
}

/// Tells why a keyring cannot be used, in the form of a report.
fn refuse(error: &KeyringError, format: Format, context: &Context<'_>, out: &mut dyn Write) -> anyhow::Result<u8> {
    let report = Report::new(context.now, "keyring", Vec::new(), vec![error.reason()]);
    Ok(tell(&report, format, out)?)
}

fn list(
    paths: &[PathBuf],
    times: Times,
    format: Format,
    context: &Context<'_>,
    out: &mut dyn Write,
) -> anyhow::Result<u8> {
    let read = || {
        let old = paths.iter().filter_map(|path| local::old(path, times.now).transpose());
        Ok((Keyring::read(paths, &context.limits)?, old.collect::<Result<Vec<_>, KeyringError>>()?))
    };
    let (keyring, old) = match read() {
        Ok(read) => read,
        Err(error) => return refuse(&error, format, context, out),
    };
    let user_ids = keyring.certificates().flat_map(Certificate::user_id_faults);
    let set_aside: Vec<Reason> = keyring.set_aside().iter().cloned().chain(user_ids).chain(old).collect();
    let set_aside = Listed::new(set_aside, context.limits.reasons);
    let certificates: Vec<_> = keyring.certificates().collect();
    let rows: Vec<_> = certificates.par_iter().map(|one| (*one, one.standing(&times))).collect();
    match format {
        Format::Json => tell_json(&json(&rows, times, &set_aside), out)?,
        Format::Text => text(&rows, &set_aside, out)?,
    }
    Ok(0)
}

fn json(rows: &[(&Certificate, Standing)], times: Times, set_aside: &Listed) -> serde_json::Value {
    json!({
        "countersign": "keyring-list/1",
        "at": times.at.to_string(),
        "certificates": rows.iter().map(|(certificate, standing)| facts(certificate, standing)).collect::<Vec<_>>(),
        "set_aside": set_aside.reasons,
        "set_aside_total": set_aside.total,
    })
}

/// What every answer says of a certificate.
fn facts(certificate: &Certificate, standing: &Standing) -> serde_json::Value {
    let user_ids = certificate.user_ids().into_iter().map(|text| Shown::new(text).to_string());
    json!({
        "fingerprint": certificate.fingerprint().as_str(),
        "user_ids": user_ids.collect::<Vec<_>>(),
        "algorithm": certificate.algorithm(),
        "created": certificate.created().map(|time| time.to_string()),
        "usable": standing.code().is_none(),
        "reason": standing.code(),
        "validity": standing.to_string(),
    })
}

fn text(rows: &[(&Certificate, Standing)], set_aside: &Listed, out: &mut dyn Write) -> std::io::Result<()> {
    for (certificate, standing) in rows {
        writeln!(out, "{}", certificate.fingerprint())?;
        tell_standing(certificate, standing, out)?;
        for user_id in certificate.user_ids() {
            writeln!(out, "  {}", Shown::new(user_id))?;
        }
    }
    tell_set_aside(set_aside, out)
}

fn tell_standing(certificate: &Certificate, standing: &Standing, out: &mut dyn Write) -> std::io::Result<()> {
    let code = standing.code().map(|code| format!(" [{code}]")).unwrap_or_default();
    writeln!(out, "  {:<14} {standing}{code}", certificate.algorithm())
}

fn tell_set_aside(set_aside: &Listed, out: &mut dyn Write) -> std::io::Result<()> {
    for reason in &set_aside.reasons {
        let word = if reason.answer == Answer::Note { "note" } else { "set aside" };
        let place = reason.path.as_deref().map(|path| format!(" {path}")).unwrap_or_default();
        writeln!(out, "{word} [{}]{place}: {}", reason.code, reason.message)?;
    }
    if set_aside.total > set_aside.reasons.len() {
        writeln!(out, "{} of {} reasons are listed.", set_aside.reasons.len(), set_aside.total)?;
    }
    Ok(())
}
