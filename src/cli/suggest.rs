//! `countersign suggest PATH…`: what to read next.

use std::io::{self, Write};

use serde_json::json;

use super::args::{Format, SuggestArgs};
use super::diff::Measured;
use super::ground::{Ground, Refused};
use super::terminal::Progress;
use super::{Context, Misuse, tell, tell_json};
use crate::package::Purl;
use crate::reading::Reading;
use crate::shown::Shown;
use crate::suggest::{Subject, Suggestion, Suggestions, suggest};
use crate::tree;
use crate::tree_text::{Entry, TreeText};
use crate::verify::{Verified, verify_and_ask};

/// A package that was judged, with its directory at hand.
struct Judged {
    package: Purl,
    place: String,
    verified: Verified,
    measured: Option<Measured>,
    ground: Ground,
}

pub(super) fn run(arguments: &SuggestArgs, context: &Context<'_>, out: &mut dyn Write) -> anyhow::Result<u8> {
    let mut judged = Vec::new();
    for path in &arguments.paths {
        let wrong = |why: String| {
            Misuse::new(format!("`{}`: {why}", Shown::new(path)), "write PURL=DIR, as in pkg:generic/acme@2.1=acme-2.1")
        };
        let question = arguments.question(path).map_err(wrong)?;
        let ground = match Ground::gather(&question, None, context) {
            Ok(ground) => ground,
            Err(Refused(report)) => return Ok(tell(&report, arguments.format, out)?),
        };
        let progress = Progress::new(context.edge.progress);
        let verified = verify_and_ask(&ground.request(&question, None, &progress))?;
        drop(progress);
        // What cannot be measured has no package to be read, and is told.
        let measured = Measured::new(question.dir(), false, context)?.ok();
        let Some(package) = verified.verdict.package.clone() else {
            let told = format!("nothing says which package {} is", Shown::new(path));
            return Err(Misuse::new(told, format!("name it: PURL={}", Shown::new(path))).into());
        };
        let place = question.dir().to_str().unwrap_or_default().to_owned();
        judged.push(Judged { package, place, verified, measured, ground });
    }
    let found = of(&judged);
    match arguments.format {
        Format::Json => tell_json(
            &json!({
                "countersign": "suggest/1",
                "accepted": found.accepted,
                "readings": found.readings,
                "others": found.others,
            }),
            out,
        )?,
        Format::Text => text(&found, out)?,
    }
    Ok(0)
}

fn of(judged: &[Judged]) -> Suggestions {
    let none = Reading::none();
    let empty = TreeText::default();
    let texts: Vec<_> = judged.iter().map(|one| |digest| one.ground.tree_text(digest)).collect();
    let lines: Vec<_> = judged.iter().map(|one| |entry: &Entry| count(one.measured.as_ref(), entry)).collect();
    let subjects = judged.iter().zip(texts.iter().zip(&lines)).map(|(one, (texts, lines))| Subject {
        package: &one.package,
        place: &one.place,
        verdict: &one.verified.verdict,
        tree: one.measured.as_ref().map_or(&empty, |measured| measured.present().text),
        needs: &one.verified.needs,
        reading: one.verified.reading.as_ref().unwrap_or(&none),
        texts,
        lines,
    });
    suggest(&subjects.collect::<Vec<_>>())
}

/// The lines of a file; what cannot be read any more counts as none.
fn count(measured: Option<&Measured>, entry: &Entry) -> u64 {
    let content = measured.and_then(|measured| tree::read(measured.present().root, entry).ok()).unwrap_or_default();
    content.split_inclusive(|byte| *byte == b'\n').count() as u64
}

fn text(found: &Suggestions, out: &mut dyn Write) -> io::Result<()> {
    let Suggestions { readings, accepted, others, .. } = found;
    writeln!(out, "{accepted} accepted; {} to be read; {} that no reading helps", readings.len(), others.len())?;
    for reading in readings {
        let Suggestion { package, people, files, lines, unread, .. } = reading;
        let what =
            reading.from.as_ref().map_or_else(|| "all of it".to_owned(), |from| format!("the change from {from}"));
        writeln!(out, "\n{package}: {what}, {files} files, {lines} lines")?;
        let plural = if *people == 1 { "person" } else { "people" };
        let who = if reading.who.is_empty() {
            "whom your roots grant the role of reviewer".to_owned()
        } else {
            format!("of {}", reading.who.join(", "))
        };
        writeln!(out, "  by {people} more {plural} {who}")?;
        if *unread > 0 {
            writeln!(out, "  {unread} files of it were read by nobody whose word counts")?;
        }
        for code in &reading.also {
            writeln!(out, "  it also lacks [{code}]")?;
        }
        writeln!(out, "  $ {}", reading.command)?;
    }
    for other in others {
        let codes: Vec<_> = other.codes.iter().map(|code| format!("[{code}]")).collect();
        writeln!(out, "\n{}: no reading helps {}", other.package, codes.join(" "))?;
    }
    if !others.is_empty() {
        writeln!(out, "  `countersign verify` tells more of that")?;
    }
    Ok(())
}
