//! `countersign trust why`.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::super::args::Format;
use super::super::tell_json;
use super::path::{self, exit_code, tell_answer};
use super::{tell_notes, told_times};
use crate::reason::Listed;
use crate::shown::Shown;
use crate::trust::explain::{Explanation, Link, NearMiss, Stop};
use crate::trust::{Question, View};

pub(super) fn run(
    view: &View<'_, '_>,
    questions: &[Question],
    format: Format,
    limit: usize,
    notes: &Listed,
    out: &mut dyn Write,
) -> anyhow::Result<u8> {
    let explained: Vec<_> = questions.iter().map(|question| view.explain(question, limit)).collect();
    match format {
        Format::Json => tell_json(&json(view, &explained, notes), out)?,
        Format::Text => text(view, &explained, notes, out)?,
    }
    let answers: Vec<_> = explained.into_iter().map(|explanation| explanation.answer).collect();
    Ok(exit_code(&answers))
}

fn json(view: &View<'_, '_>, explained: &[Explanation], notes: &Listed) -> Value {
    let times = view.network().times();
    let bindings = explained.iter().map(|explanation| {
        let mut told = path::answer(&explanation.answer);
        told["near_misses"] = explanation.misses.iter().map(miss).collect();
        told["near_misses_total"] = explanation.total.into();
        told["step"] = explanation.step.clone().into();
        told
    });
    json!({
        "countersign": "trust-why/1",
        "at": times.at.to_string(),
        "now": times.now.to_string(),
        "certificate": explained.first().map(|one| one.answer.question().certificate.as_str()),
        "wanted": explained.first().map(|one| one.answer.question().wanted),
        "bindings": bindings.collect::<Vec<_>>(),
        "notes": notes.reasons,
        "notes_total": notes.total,
    })
}

fn miss(miss: &NearMiss) -> Value {
    let link = |link: &Link| {
        json!({
            "issuer": link.issuer.as_ref().map(|issuer| issuer.as_str()),
            "certificate": link.certificate.as_str(),
            "user_id": Shown::new(&link.user_id).to_string(),
            "stops": link.stops.iter().map(stop).collect::<Vec<_>>(),
        })
    };
    json!({
        "links": miss.links.iter().map(link).collect::<Vec<_>>(),
        "stops": miss.stops.iter().map(stop).collect::<Vec<_>>(),
    })
}

fn stop(stop: &Stop) -> Value {
    json!({ "stop": stop.name(), "code": stop.code(), "message": stop.to_string() })
}

fn text(view: &View<'_, '_>, explained: &[Explanation], notes: &Listed, out: &mut dyn Write) -> io::Result<()> {
    let network = view.network();
    if let Some(first) = explained.first() {
        writeln!(out, "{}, {}", first.answer.question().certificate, told_times(network.times()))?;
    }
    for explanation in explained {
        tell_answer(&explanation.answer, out)?;
        for path in explanation.answer.paths() {
            writeln!(out, "  a path of {} from {}", path.amount(), network.name(path.root()))?;
        }
        for miss in &explanation.misses {
            writeln!(out, "  a near miss:")?;
            tell_stops("    as a whole", &miss.stops, out)?;
            for link in &miss.links {
                let issuer = link.issuer.as_ref().map_or_else(|| "somebody".into(), |issuer| network.name(issuer));
                writeln!(out, "    {issuer} certified {}", Shown::new(&link.user_id))?;
                tell_stops("      but", &link.stops, out)?;
            }
        }
        if explanation.total > explanation.misses.len() && !explanation.misses.is_empty() {
            writeln!(out, "  of {} certifications in all", explanation.total)?;
        }
        if let Some(step) = &explanation.step {
            writeln!(out, "  the smallest step: {step}")?;
        }
    }
    tell_notes(notes, out)
}

fn tell_stops(before: &str, stops: &[Stop], out: &mut dyn Write) -> io::Result<()> {
    for stop in stops {
        let code = stop.code().map(|code| format!(" [{code}]")).unwrap_or_default();
        writeln!(out, "{before}: {stop}{code}")?;
    }
    Ok(())
}
