//! `countersign accept`: the same verdict as `verify`, remembered.

use std::io::Write;

use super::args::AcceptArgs;
use super::ground::{Ground, Refused};
use super::terminal::{Progress, confirm};
use super::{Context, Misuse, project, tell};
use crate::accept::{AcceptError, Remembered, remember};
use crate::lock::pin::Passed;
use crate::shown::Shown;
use crate::state::LockFile;
use crate::verdict::Outcome;
use crate::verdict::authors::Overriding;
use crate::verify::verify;

pub(super) fn run(
    mut arguments: AcceptArgs,
    context: &Context<'_>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> anyhow::Result<u8> {
    project::point(&mut arguments.question, context);
    let arguments = &arguments;
    let question = &arguments.question;
    if let Some((option, why)) = for_one_run(arguments) {
        return Err(AcceptError::ForOneRun { option, why }.into());
    }
    if let Some(ecosystem) = project::of(question, None, context)? {
        return project::accept(ecosystem, arguments, context, out, err);
    }
    let ground = match Ground::gather(question, None, context) {
        Ok(ground) => ground,
        Err(Refused(report)) => return Ok(tell(&report, question.format, out)?),
    };
    let Some(file) = &ground.lock else {
        return Err(Misuse::new("there is no place for memory", "name one with --lock FILE, or set HOME").into());
    };
    let overriding = match (arguments.code, &arguments.fingerprint) {
        (Some(code), Some(fingerprint)) => Some(Overriding { code, fingerprint: fingerprint.clone() }),
        _ => None,
    };
    let progress = Progress::new(context.edge.progress);
    let mut verified = verify(&ground.request(question, None, &progress))?;
    let mut passed = None;
    if let Some(overriding) = &overriding {
        let raised = verified.verdict.reasons.iter().any(|reason| reason.code == overriding.code);
        if !raised {
            let told = format!("{} is not raised here, so there is nothing to override", overriding.code);
            return Err(Misuse::new(told, "`countersign verify` with the same words tells what is raised").into());
        }
        verified = verify(&ground.request(question, Some(overriding), &progress))?;
        let package = verified.verdict.package.clone();
        passed = package.map(|package| Passed {
            package,
            code: overriding.code,
            fingerprint: overriding.fingerprint.clone(),
            reason: arguments.reason.clone().unwrap_or_default(),
            accepted: context.now,
        });
    }
    drop(progress);
    project::beside(question, context).into_iter().for_each(|note| verified.report.add(note));
    let code = tell(&verified.report, question.format, out)?;
    if verified.report.verdict != Outcome::Accepted || verified.verdict.outcome() != Outcome::Accepted {
        return Ok(code);
    }
    let write = || remember(file, ground.state.as_ref(), &verified, passed, context.now);
    settle("Remember this?", arguments.yes, file, write, context, err)?;
    Ok(code)
}

/// Asks, unless that was answered before; writes what was accepted down, and tells what became of it.
pub(super) fn settle(
    question: &str,
    yes: bool,
    file: &LockFile,
    write: impl FnOnce() -> Result<Remembered, AcceptError>,
    context: &Context<'_>,
    err: &mut dyn Write,
) -> anyhow::Result<()> {
    if !yes {
        if !context.edge.interactive {
            return Err(AcceptError::NobodyThere.into());
        }
        if !confirm(question, err)? {
            return Err(AcceptError::No.into());
        }
    }
    let place = Shown::path(file.path()).to_string();
    let remembered = write().map_err(|error| match error.code() {
        Some(code) => anyhow::Error::new(error).context(format!("nothing was remembered [{code}]")),
        None => error.into(),
    })?;
    match remembered {
        Remembered::New => writeln!(err, "Remembered in {place}.")?,
        Remembered::Already => writeln!(err, "{place} remembers this already.")?,
    }
    Ok(())
}

/// An option of `verify` that says something of one run alone, and why it cannot be remembered.
fn for_one_run(arguments: &AcceptArgs) -> Option<(&'static str, &'static str)> {
    match arguments {
        _ if arguments.question.at.is_some() => {
            Some(("--at", "it asks about another moment, and memory is of this one"))
        }
        _ if !arguments.question.signer.is_empty() => {
            Some(("--signer", "it is a policy for one run, which reads no memory and must not write any"))
        }
        _ if arguments.base.is_some() => {
            Some(("--base", "it judges by the memory of another checkout, which is not ours to write"))
        }
        _ if arguments.locked => Some(("--locked", "it asks that nothing changes")),
        _ => None,
    }
}
