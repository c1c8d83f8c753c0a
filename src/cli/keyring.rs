//! `countersign keyring list`.

use std::io::Write;

use rayon::prelude::*;
use serde_json::json;

use super::args::{Format, KeyringCommand};
use super::{Context, tell, tell_json};
use crate::keyring::Keyring;
use crate::openpgp::{Certificate, Standing};
use crate::reason::{Answer, Listed, Reason};
use crate::report::Report;
use crate::shown::Shown;
use crate::time::Times;

pub(super) fn run(command: &KeyringCommand, context: &Context<'_>, out: &mut dyn Write) -> anyhow::Result<u8> {
    let KeyringCommand::List { keyring: paths, at, format } = command;
    let times = context.times(*at);
    let keyring = match Keyring::read(paths, &context.limits) {
        Ok(keyring) => keyring,
        Err(error) => {
            let report = Report::new(times.at, "keyring", Vec::new(), vec![error.reason()]);
            return Ok(tell(&report, *format, out)?);
        }
    };
    let user_ids = keyring.certificates().flat_map(Certificate::user_id_faults);
    let set_aside: Vec<Reason> = keyring.set_aside().iter().cloned().chain(user_ids).collect();
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
    let certificates = rows.iter().map(|(certificate, standing)| {
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
    });
    json!({
        "countersign": "keyring-list/1",
        "at": times.at.to_string(),
        "certificates": certificates.collect::<Vec<_>>(),
        "set_aside": set_aside.reasons,
        "set_aside_total": set_aside.total,
    })
}

fn text(rows: &[(&Certificate, Standing)], set_aside: &Listed, out: &mut dyn Write) -> std::io::Result<()> {
    for (certificate, standing) in rows {
        writeln!(out, "{}", certificate.fingerprint())?;
        let code = standing.code().map(|code| format!(" [{code}]")).unwrap_or_default();
        writeln!(out, "  {:<14} {standing}{code}", certificate.algorithm())?;
        for user_id in certificate.user_ids() {
            writeln!(out, "  {}", Shown::new(user_id))?;
        }
    }
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
