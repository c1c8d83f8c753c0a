//! `countersign certify FPR --user-id UID`: show exactly what is said, ask, have gpg say it.

use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

use serde_json::json;

use super::args::{CertifyArgs, Format};
use super::sign::Unconfirmed;
use super::terminal::confirm;
use super::{Context, tell_json};
use crate::certification::{CertifyRequest, Plan, prepare};
use crate::grant::{Depth, Grant};
use crate::openpgp::certify::made::Wanted;
use crate::programs::Programs;
use crate::shown::Shown;

pub(super) fn run(
    arguments: &CertifyArgs,
    context: &Context<'_>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> anyhow::Result<u8> {
    let started = Instant::now();
    let programs = Programs::new(&context.edge.path, context.edge.terminal.clone());
    let keyring = match &arguments.keyring {
        Some(keyring) => keyring.clone(),
        None => super::keyring::named(&[], context)?.remove(0),
    };
    let wanted = Wanted {
        amount: arguments.amount,
        depth: arguments.depth,
        grant: Grant::new(arguments.role.iter().copied(), arguments.scope.iter().cloned()),
        seconds: arguments.expires.map(|duration| duration.as_secs().try_into().unwrap_or(u32::MAX)),
        exportable: !arguments.local,
    };
    let request = CertifyRequest {
        fingerprint: &arguments.fingerprint,
        user_ids: &arguments.user_id,
        word: (!arguments.revoke).then_some(wanted),
        key: arguments.key.as_deref(),
        keyring: &keyring,
        now: context.now,
        limits: &context.limits,
        programs: &programs,
    };
    let plan = prepare(&request)?;
    show(&plan, err)?;
    if !arguments.yes {
        if !context.edge.interactive {
            return Err(Unconfirmed::NobodyThere.into());
        }
        let question = match plan.word() {
            Some(_) => "Is this the fingerprint that its owner told you, and do you mean all of this?",
            None => "Take this back?",
        };
        if !confirm(question, err)? {
            return Err(Unconfirmed::No.into());
        }
    }
    plan.carry_out(&request, &|| context.now.plus(started.elapsed()))?;
    answer(&plan, &keyring, arguments.format, out)?;
    Ok(0)
}

/// What exactly will be said.
fn show(plan: &Plan, err: &mut dyn Write) -> io::Result<()> {
    let (verb, signer) =
        (if plan.word().is_some() { "certifies" } else { "takes back what it said of" }, plan.signer());
    writeln!(err, "{} {}", signer.fingerprint(), signer.user_id())?;
    writeln!(err, "{verb}")?;
    for user_id in plan.user_ids() {
        writeln!(err, "  user ID  {}", Shown::new(user_id))?;
    }
    // In two lines of groups, as one reads it to another.
    writeln!(err, "of the certificate")?;
    let groups = plan.target().fingerprint().grouped();
    let groups: Vec<_> = groups.split(' ').collect();
    for half in groups.chunks(groups.len().div_ceil(2)) {
        writeln!(err, "  {}", half.join(" "))?;
    }
    plan.word().map_or(Ok(()), |wanted| describe(wanted, err))?;
    match (plan.replaced(), plan.word()) {
        (0, _) | (_, None) => Ok(()),
        _ => writeln!(
            err,
            "You have certified this before; what you say now takes the place of that, roles and scopes too."
        ),
    }
}

fn describe(wanted: &Wanted, err: &mut dyn Write) -> io::Result<()> {
    if wanted.depth == Depth::NONE {
        writeln!(err, "and says: this is who it is")?;
    } else {
        let (depth, amount) = (wanted.depth, wanted.amount);
        writeln!(err, "and relies on whom it certifies: depth {depth}, amount {amount} of 120")?;
    }
    for role in &wanted.grant.roles {
        writeln!(err, "  role     {role}")?;
    }
    for scope in &wanted.grant.scopes {
        writeln!(err, "  scope    {scope}")?;
    }
    if wanted.grant.is_empty() && wanted.depth == Depth::NONE {
        writeln!(err, "  It grants no role.")?;
    }
    match wanted.seconds {
        Some(seconds) => writeln!(err, "  ends     in {} days", seconds / (24 * 60 * 60))?,
        None => writeln!(err, "  ends     never")?,
    }
    if wanted.exportable { Ok(()) } else { writeln!(err, "  for your own use; it is not exported") }
}

fn answer(plan: &Plan, keyring: &Path, format: Format, out: &mut dyn Write) -> io::Result<()> {
    let place = Shown::path(keyring).to_string();
    let user_ids: Vec<_> = plan.user_ids().iter().map(|user_id| Shown::new(user_id).to_string()).collect();
    let (issuer, certificate) = (plan.signer().fingerprint(), plan.target().fingerprint());
    if format == Format::Text {
        let verb = if plan.word().is_some() { "certified" } else { "took back what was said of" };
        writeln!(out, "{verb} {certificate} as {issuer}")?;
        user_ids.iter().try_for_each(|user_id| writeln!(out, "  user ID  {user_id}"))?;
        return writeln!(out, "  written  {place}");
    }
    let mut told = json!({
        "countersign": if plan.word().is_some() { "certified/1" } else { "certification-revoked/1" },
        "issuer": issuer.as_str(),
        "certificate": certificate.as_str(),
        "user_ids": user_ids,
        "keyring": place,
    });
    if let Some(wanted) = plan.word() {
        told["roles"] = json!(wanted.grant.roles);
        told["scopes"] = wanted.grant.scopes.iter().map(ToString::to_string).collect();
        told["depth"] = json!(wanted.depth);
        told["amount"] = json!(wanted.amount);
        told["expires_in"] = json!(wanted.seconds);
        told["local"] = json!(!wanted.exportable);
    }
    tell_json(&told, out)
}
