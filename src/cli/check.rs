//! `countersign check record PURL DIR`, `check run` and `countersign withdraw PURL DIR`: what is said of one tree as a whole.

mod registry_checksum;

use std::io::Write;

use serde_json::json;

use super::args::{CheckCommand, CheckRecordArgs, RunCommand, WithdrawArgs};
use super::diff::Measured;
use super::say::{Said, SayUse, Speaker, answer};
use super::sign::Unconfirmed;
use super::terminal::confirm;
use super::{Context, tell};
use crate::package::Purl;
use crate::reason::Reason;
use crate::report::{PackageReport, Report};
use crate::shown::Shown;
use crate::statement::{Check, VersionTree, Withdrawal};
use crate::statement::{check, withdrawal};

use super::args::Format;

pub(super) fn run(
    command: &CheckCommand,
    context: &Context<'_>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> anyhow::Result<u8> {
    match command {
        CheckCommand::Record(arguments) => record(arguments, context, out),
        CheckCommand::Run(RunCommand::RegistryChecksum(arguments)) => {
            registry_checksum::run(arguments, context, out, err)
        }
    }
}

fn record(arguments: &CheckRecordArgs, context: &Context<'_>, out: &mut dyn Write) -> anyhow::Result<u8> {
    let format = arguments.say.format;
    let measured = match Measured::new(&arguments.dir, false, context)? {
        Ok(measured) => measured,
        Err(reasons) => return refused("check", &arguments.package, reasons, format, context, out),
    };
    let speaker = Speaker::new(&arguments.say, context)?;
    let tree = measured.present().text;
    let check = Check::new(&check::Draft {
        package: arguments.package.clone(),
        tree: tree.digest(),
        name: arguments.name.clone(),
        tool: arguments.tool.clone(),
        result: arguments.result,
        checked: speaker.now(),
        subject: None,
        note: arguments.note.clone(),
    });
    let check = check.map_err(SayUse::Statement)?;
    let published = speaker.say(check.text(), &[tree])?;
    let said = Said {
        kind: "check",
        what: format!("{} {} ({})", check.name(), check.result(), Shown::new(&arguments.tool)),
        package: check.package(),
        to: version_tree(&arguments.package, &measured),
        from: None,
        words: json!({
            "name": check.name(),
            "tool": Shown::new(&arguments.tool).to_string(),
            "result": check.result(),
        }),
    };
    answer(&said, &published, &speaker, format, out)?;
    Ok(0)
}

pub(super) fn withdraw(
    arguments: &WithdrawArgs,
    context: &Context<'_>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> anyhow::Result<u8> {
    let format = arguments.say.format;
    let measured = match Measured::new(&arguments.dir, false, context)? {
        Ok(measured) => measured,
        Err(reasons) => return refused("withdraw", &arguments.package, reasons, format, context, out),
    };
    let speaker = Speaker::new(&arguments.say, context)?;
    let tree = measured.present().text;
    let target = version_tree(&arguments.package, &measured);
    let draft = |now| withdrawal::Draft {
        package: arguments.package.identity(),
        targets: vec![target.clone()],
        reason: arguments.reason,
        withdrawn: now,
        advisory: arguments.advisory.clone(),
        note: arguments.note.clone(),
    };
    // What cannot be said is told before anybody is asked.
    Withdrawal::new(draft(speaker.now())).map_err(SayUse::Statement)?;
    if !arguments.yes {
        writeln!(err, "{} will be withdrawn as {}", arguments.package, arguments.reason)?;
        writeln!(err, "  tree    {}", target.tree)?;
        writeln!(err, "  signer  {} {}", speaker.signer.fingerprint(), speaker.signer.user_id())?;
        writeln!(err, "Nobody who believes you will accept this tree again. It cannot be taken back.")?;
        if !context.edge.interactive {
            return Err(Unconfirmed::NobodyThere.into());
        }
        if !confirm("Sign this?", err)? {
            return Err(Unconfirmed::No.into());
        }
    }
    let withdrawal = Withdrawal::new(draft(speaker.now())).map_err(SayUse::Statement)?;
    let published = speaker.say(withdrawal.text(), &[tree])?;
    let said = Said {
        kind: "withdrawal",
        what: withdrawal.reason().to_string(),
        package: withdrawal.package(),
        to: target.clone(),
        from: None,
        words: json!({
            "reason": withdrawal.reason(),
            "advisory": arguments.advisory.as_deref().map(|advisory| Shown::new(advisory).to_string()),
        }),
    };
    answer(&said, &published, &speaker, format, out)?;
    Ok(0)
}

fn version_tree(package: &Purl, measured: &Measured) -> VersionTree {
    let version = package.version().unwrap_or_default().to_owned();
    VersionTree { version, tree: measured.present().text.digest() }
}

/// No verifier would take this tree, so nothing is said of it.
fn refused(
    deed: &str,
    package: &Purl,
    reasons: Vec<Reason>,
    format: Format,
    context: &Context<'_>,
    out: &mut dyn Write,
) -> anyhow::Result<u8> {
    let package = PackageReport::refused(Some(package), reasons, context.limits.reasons);
    Ok(tell(&Report::new(context.now, deed, vec![package], Vec::new()), format, out)?)
}
