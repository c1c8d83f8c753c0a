//! `countersign tree DIR`.

use std::io::{self, Write};

use serde_json::json;

use super::args::{Format, TreeArgs};
use super::terminal::Progress;
use super::{Context, tell, tell_json};
use crate::reason::Listed;
use crate::report::{PackageReport, Report};
use crate::tree::{MeasuredTree, SurveyRequest, survey};

pub(super) fn run(
    arguments: &TreeArgs,
    context: &Context<'_>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> anyhow::Result<u8> {
    let progress = Progress::new(context.edge.progress);
    let limits = context.limits.with_contained_links(arguments.contained_symlinks);
    let survey = survey(&SurveyRequest {
        worktree: arguments.worktree,
        watcher: &progress,
        ..SurveyRequest::plain(&arguments.dir, &limits)
    })?;
    drop(progress);
    let (tree, reasons) = survey.into_parts();
    let Some(tree) = tree else {
        let package = PackageReport::refused(None, reasons, context.limits.reasons).lies_in(&arguments.dir);
        let report = Report::new(context.now, "tree", vec![package], Vec::new());
        return Ok(tell(&report, arguments.format, out)?);
    };
    match arguments.format {
        Format::Json => json(&tree, context.limits.reasons, out)?,
        Format::Text => {
            if arguments.digest {
                writeln!(out, "{}", tree.digest())?;
            } else {
                write!(out, "{}", tree.text())?;
            }
            for note in Listed::new(reasons, context.limits.reasons).reasons {
                writeln!(err, "note [{}] {}: {}", note.code, note.path.unwrap_or_default(), note.message)?;
            }
        }
    }
    Ok(0)
}

fn json(tree: &MeasuredTree, limit: usize, out: &mut dyn Write) -> io::Result<()> {
    let entries = tree.text().entries().iter().map(|entry| {
        json!({
            "kind": entry.kind.letter().to_string(),
            "size": entry.size,
            "digest": entry.digest.to_string(),
            "path": entry.path.as_str(),
        })
    });
    let notes = Listed::new(tree.notes().to_vec(), limit);
    let answer = json!({
        "countersign": "tree/1",
        "digest": tree.digest().to_string(),
        "files": tree.files(),
        "bytes": tree.bytes(),
        "entries": entries.collect::<Vec<_>>(),
        "notes": notes.reasons,
        "notes_total": notes.total,
    });
    tell_json(&answer, out)
}
