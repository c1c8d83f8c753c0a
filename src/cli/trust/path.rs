//! `countersign trust path`.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::super::args::Format;
use super::super::tell_json;
use super::{edge, tell_notes, told_edge, told_times};
use crate::reason::Listed;
use crate::shown::Shown;
use crate::trust::{Authentication, Question, View};

pub(super) fn run(
    view: &View<'_, '_>,
    questions: &[Question],
    format: Format,
    notes: &Listed,
    out: &mut dyn Write,
) -> anyhow::Result<u8> {
    let answers: Vec<_> = questions.iter().map(|question| view.authenticate(question)).collect();
    match format {
        Format::Json => tell_json(&json(view, &answers, notes), out)?,
        Format::Text => text(view, &answers, notes, out)?,
    }
    Ok(exit_code(&answers))
}

/// 0 if one of the user IDs is reached.
pub(super) fn exit_code(answers: &[Authentication]) -> u8 {
    u8::from(!answers.iter().any(Authentication::is_reached))
}

/// One answer as JSON.
pub(super) fn answer(answer: &Authentication) -> Value {
    let paths = answer.paths().iter().map(|path| {
        json!({
            "root": path.root().as_str(),
            "amount": path.amount(),
            "self_signature": path.ends_by_self_signature(),
            "edges": path.edges().iter().map(edge).collect::<Vec<_>>(),
        })
    });
    json!({
        "user_id": Shown::new(&answer.question().user_id).to_string(),
        "amount": answer.amount(),
        "authenticated": answer.is_reached(),
        "reason": answer.obstacle().map(crate::trust::Obstacle::code),
        "message": answer.obstacle().map(ToString::to_string),
        "paths": paths.collect::<Vec<_>>(),
    })
}

fn json(view: &View<'_, '_>, answers: &[Authentication], notes: &Listed) -> Value {
    let times = view.network().times();
    json!({
        "countersign": "trust-path/1",
        "at": times.at.to_string(),
        "now": times.now.to_string(),
        "certificate": answers.first().map(|answer| answer.question().certificate.as_str()),
        "wanted": answers.first().map(|answer| answer.question().wanted),
        "bindings": answers.iter().map(answer).collect::<Vec<_>>(),
        "notes": notes.reasons,
        "notes_total": notes.total,
    })
}

fn text(view: &View<'_, '_>, answers: &[Authentication], notes: &Listed, out: &mut dyn Write) -> io::Result<()> {
    let network = view.network();
    if let Some(first) = answers.first() {
        writeln!(out, "{}, {}", first.question().certificate, told_times(network.times()))?;
    }
    for answer in answers {
        tell_answer(answer, out)?;
        for (number, path) in (1..).zip(answer.paths()) {
            writeln!(out, "  path {number}: {}", path.amount())?;
            writeln!(out, "    root {}  {}", path.root(), network.name(path.root()))?;
            for edge in path.edges() {
                writeln!(out, "    certified {}  {}", edge.certificate(), Shown::new(edge.user_id()))?;
                writeln!(out, "      {}", told_edge(edge))?;
            }
            if path.ends_by_self_signature() {
                writeln!(out, "    which claims this user ID by its own signature")?;
            }
        }
    }
    // Where something stands in the way of every path, it has been said.
    if answers.iter().any(|answer| !answer.is_reached() && answer.obstacle().is_none()) {
        writeln!(out, "Ask `countersign trust why` in the same words for what stopped it, and what would help.")?;
    }
    tell_notes(notes, out)
}

/// The line that says whether a binding is reached.
pub(super) fn tell_answer(answer: &Authentication, out: &mut dyn Write) -> io::Result<()> {
    let question = answer.question();
    let word = if answer.is_reached() { "reached" } else { "not reached" };
    match &*question.user_id {
        "" => write!(out, "(no user ID)")?,
        user_id => write!(out, "{}", Shown::new(user_id))?,
    }
    write!(out, ": {word}, {} of {}", answer.amount(), question.wanted)?;
    match answer.obstacle() {
        Some(obstacle) => writeln!(out, "  [{}] {obstacle}", obstacle.code()),
        None => writeln!(out),
    }
}
