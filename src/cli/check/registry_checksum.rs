//! `countersign check run registry-checksum`: one signed statement for each dependency that is what the lockfile's checksum says,
//! so that a team shares "we all saw the same bytes".

use std::io::Write;

use serde_json::json;

use super::super::args::{CheckRunArgs, Format};
use super::super::project;
use super::super::say::{SayUse, Speaker};
use super::super::sign::Unconfirmed;
use super::super::terminal::{Progress, confirm};
use super::super::{Context, tell, tell_json};
use crate::package::Purl;
use crate::reason::Reason;
use crate::report::{PackageReport, Report};
use crate::statement::Check;
use crate::statement::check::{Draft, Finding};
use crate::statement::word::Word;
use crate::store::Store;
use crate::verdict::Outcome;
use crate::verify::checksums::{Checksum, Held, checksums};

/// Signs nothing where any dependency is not what the lockfile says.
pub(super) fn run(
    arguments: &CheckRunArgs,
    context: &Context<'_>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> anyhow::Result<u8> {
    let format = arguments.say.format;
    let opened = match project::open_at(&arguments.project, context)? {
        Ok(opened) => opened,
        Err(reasons) => return Ok(tell(&Report::new(context.now, "check", Vec::new(), reasons), format, out)?),
    };
    let speaker = Speaker::new(&arguments.say, context)?;
    let stores = speaker.open_stores()?;
    let only = project::Only::all(&arguments.only)?;
    let wanted = |locked: &_| project::Only::any_fits(&only, locked);
    project::Only::all_fit(&only, opened.locked())?;
    let count = opened.locked().iter().filter(|locked| wanted(locked)).count();
    let progress = Progress::of_packages(context.edge.progress, count);
    let found = checksums(opened.as_ref(), &wanted, &context.limits, &progress);
    drop(progress);
    let (held, others): (Vec<_>, Vec<_>) = found.iter().partition(|one| one.outcome.is_ok());
    let bad: Vec<_> = others.iter().filter_map(|one| refused(one)).collect();
    if !bad.is_empty() {
        let packages = bad
            .into_iter()
            .map(|(package, reasons)| PackageReport::refused(Some(package), reasons, context.limits.reasons));
        let report = Report::new(context.now, "check", packages.collect(), Vec::new());
        let code = tell(&report, format, out)?;
        writeln!(err, "Nothing was signed.")?;
        return Ok(code);
    }
    let said = |one: &Checksum, held: &Held| is_said(one, held, &stores, &speaker);
    let held = held.into_iter().filter_map(|one| Some((one, one.outcome.as_ref().ok()?)));
    let (already, new): (Vec<_>, Vec<_>) = held.partition(|(one, held)| said(one, held));
    if !new.is_empty() && !arguments.yes {
        if !context.edge.interactive {
            return Err(Unconfirmed::NobodyThere.into());
        }
        let signer = speaker.signer.fingerprint();
        let question = format!("Sign {} checks \"{NAME}\" as {signer} {}?", new.len(), speaker.signer.user_id());
        if !confirm(&question, err)? {
            return Err(Unconfirmed::No.into());
        }
    }
    let name: Word = NAME.parse().map_err(|_| anyhow::anyhow!("{NAME} is no name of a check"))?;
    let mut signed = Vec::new();
    for (one, held) in &new {
        let check = Check::new(&Draft {
            package: one.package.clone(),
            tree: held.tree.digest(),
            name: name.clone(),
            tool: concat!("countersign ", env!("CARGO_PKG_VERSION")).to_owned(),
            result: Finding::Pass,
            checked: speaker.now(),
            subject: Some(held.subject.clone()),
            note: None,
        });
        let check = check.map_err(SayUse::Statement)?;
        signed.push((&one.package, speaker.say(check.text(), &[])?));
    }
    match format {
        Format::Json => {
            let signed = signed.iter().map(|(package, published)| {
                json!({ "package": package.to_string(), "statement": published.manifest.to_string() })
            });
            let left: Vec<_> = others.iter().map(|one| one.package.to_string()).collect();
            let answer = json!({
                "countersign": "check-run/1",
                "name": NAME,
                "signer": speaker.signer.fingerprint().as_str(),
                "signed": signed.collect::<Vec<_>>(),
                "already": already.len(),
                "unchecked": left,
            });
            tell_json(&answer, out)?;
        }
        Format::Text => {
            writeln!(
                out,
                "{} signed as {}, {} said before",
                signed.len(),
                speaker.signer.fingerprint(),
                already.len()
            )?;
            for one in &others {
                let why = one.outcome.as_ref().err().and_then(|reasons| reasons.first());
                let why = why.map(|reason| format!("{} [{}]", reason.message, reason.code)).unwrap_or_default();
                writeln!(out, "left out: {}: {why}", one.package)?;
            }
        }
    }
    Ok(0)
}

/// What is an alarm, and not only a missing checksum.
fn refused(one: &Checksum) -> Option<(&Purl, Vec<Reason>)> {
    let reasons = one.outcome.as_ref().err()?;
    (Outcome::of_reasons(reasons) != Outcome::Accepted).then(|| (&one.package, reasons.clone()))
}

/// Whether this signer has said the same in one of these stores.
fn is_said(one: &Checksum, held: &Held, stores: &[Store], speaker: &Speaker<'_>) -> bool {
    let signer = speaker.signer.fingerprint();
    stores.iter().flat_map(|store| store.evidence(&one.package, None).statements).any(|found| {
        let same = |check: Check| {
            check.package() == &one.package
                && check.name().as_str() == NAME
                && check.tree() == held.tree.digest()
                && check.subject() == Some(&held.subject)
                && check.result() == Finding::Pass
        };
        found.signatures.iter().any(|signature| signature.signer == *signer)
            && Check::parse(&found.bytes, speaker.limits()).is_ok_and(same)
    })
}

/// What the check is called.
const NAME: &str = "registry-checksum";
