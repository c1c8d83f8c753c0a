//! `countersign store add`, `list` and `check`.

use std::io::Write;

use serde_json::json;

use super::args::{Format, StoreCommand};
use super::{Context, tell, tell_json};
use crate::accept::sight::{remember_sights, sights};
use crate::package::Purl;
use crate::reason::Listed;
use crate::report::Report;
use crate::state::UserState;
use crate::store::{Entry, Store, StoreError, Survey};

/// Runs one of the commands. A store that cannot be used is told like every other reason why nothing can be told.
pub(super) fn run(command: &StoreCommand, context: &Context<'_>, out: &mut dyn Write) -> anyhow::Result<u8> {
    let format = match command {
        StoreCommand::Add { format, .. } | StoreCommand::List { format, .. } | StoreCommand::Check { format, .. } => {
            format
        }
    };
    match act(command, context, out) {
        Err(error) => match error.downcast_ref::<StoreError>() {
            Some(fault) => {
                let report = Report::new(context.now, "store", Vec::new(), vec![fault.reason()]);
                Ok(tell(&report, *format, out)?)
            }
            None => Err(error),
        },
        done => done,
    }
}

fn act(command: &StoreCommand, context: &Context<'_>, out: &mut dyn Write) -> anyhow::Result<u8> {
    let limits = &context.limits;
    match command {
        StoreCommand::Add { from, to, format } => {
            let survey = Store::add_all(from, to, limits)?;
            see(&survey, &Store::open(to, limits)?, context)?;
            summary(&survey, "added", *format, context, out)?;
            Ok(0)
        }
        StoreCommand::List { store, package, format } => {
            let survey = Store::open(store, limits)?.survey(None)?;
            list(&survey, package.as_ref(), *format, out)?;
            Ok(0)
        }
        StoreCommand::Check { store, format } => {
            let survey = Store::open(store, limits)?.survey(None)?;
            summary(&survey, "checked", *format, context, out)?;
            Ok(u8::from(!survey.reasons.is_empty()))
        }
    }
}

/// Remembers when the signatures of people whom the keyrings here know came in. A policy or keyring that cannot be used is told by
/// every verdict, and is no reason to leave evidence where it was.
fn see(survey: &Survey, store: &Store, context: &Context<'_>) -> anyhow::Result<()> {
    let Some(state) = &context.edge.state else { return Ok(()) };
    let Ok(found) = context.settings(None, &[], context.now) else { return Ok(()) };
    let sights = sights(store, survey, &found.keyring, context.now, &context.limits);
    Ok(remember_sights(&UserState::new(state, &context.limits), &sights, context.now)?)
}

fn summary(
    survey: &Survey,
    deed: &str,
    format: Format,
    context: &Context<'_>,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let listed = Listed::new(survey.reasons.clone(), context.limits.reasons);
    let statements = survey.statements.len();
    if format == Format::Json {
        let answer = json!({
            "countersign": "store-survey/1",
            "deed": deed,
            "statements": statements,
            "signatures": survey.signatures,
            "trees": survey.trees,
            "certificates": survey.certificates,
            "added": survey.added,
            "reasons": listed.reasons,
            "reasons_total": listed.total,
        });
        return Ok(tell_json(&answer, out)?);
    }
    let (signatures, trees, certificates) = (survey.signatures, survey.trees, survey.certificates);
    // What was there before was looked at, too.
    let told = if deed == "added" { "brought" } else { deed };
    writeln!(
        out,
        "{told}: {statements} statements, {signatures} signatures, {trees} tree texts, {certificates} certificates"
    )?;
    if deed == "added" {
        writeln!(out, "new here: {} files", survey.added)?;
    }
    for reason in &listed.reasons {
        let place = reason.path.as_deref().unwrap_or_default();
        writeln!(out, "set aside [{}] {place}: {}", reason.code, reason.message)?;
    }
    if listed.total > listed.reasons.len() {
        writeln!(out, "{} of {} reasons are listed.", listed.reasons.len(), listed.total)?;
    }
    Ok(())
}

fn list(survey: &Survey, package: Option<&Purl>, format: Format, out: &mut dyn Write) -> anyhow::Result<()> {
    let wanted = |entry: &&Entry| match (package, &entry.opening) {
        (None, _) => true,
        (Some(wanted), Some(opening)) if wanted.version().is_some() => opening.package == *wanted,
        (Some(wanted), Some(opening)) => opening.package.identity() == *wanted,
        (Some(_), None) => false,
    };
    let entries: Vec<_> = survey.statements.iter().filter(wanted).collect();
    if format == Format::Json {
        let rows = entries.iter().map(|entry| {
            json!({
                "statement": entry.digest.to_string(),
                "kind": entry.opening.as_ref().map(|opening| opening.kind.as_str()),
                "package": entry.opening.as_ref().map(|opening| opening.package.to_string()),
                "claimed_signers": entry.signers.iter().map(|signer| signer.as_str()).collect::<Vec<_>>(),
            })
        });
        let answer = json!({ "countersign": "store-list/1", "statements": rows.collect::<Vec<_>>() });
        return Ok(tell_json(&answer, out)?);
    }
    for entry in entries {
        let (kind, package) = match &entry.opening {
            Some(opening) => (opening.kind.as_str(), opening.package.to_string()),
            None => ("unknown", "of a kind or version that this build cannot read".to_owned()),
        };
        let signers: Vec<_> = entry.signers.iter().map(|signer| signer.as_str()).collect();
        writeln!(out, "{kind:<10} {package}  {}", entry.digest)?;
        signers.iter().try_for_each(|signer| writeln!(out, "           claims a signature by {signer}"))?;
    }
    Ok(())
}
