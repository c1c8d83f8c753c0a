//! `countersign trust list`.

use std::io::{self, Write};

use serde_json::json;

use super::super::args::Format;
use super::super::args::trust::ViewArgs;
use super::super::tell_json;
use super::{tell_notes, told_times};
use crate::grant::Amount;
use crate::reason::Listed;
use crate::shown::Shown;
use crate::trust::{Authentication, Question, View};

/// Every binding with its amount.
pub(super) struct List<'a> {
    view: &'a View<'a, 'a>,
    wanted: Amount,
    answers: Vec<Authentication>,
    notes: &'a Listed,
}

impl<'a> List<'a> {
    pub(super) fn new(view: &'a View<'a, 'a>, arguments: &ViewArgs, reached: bool, notes: &'a Listed) -> Self {
        let asked = Question {
            package: arguments.package.clone(),
            role: arguments.role,
            max_depth: arguments.max_depth.0,
            // All that there is, so that one list serves every threshold.
            wanted: Amount::FULL,
            ..Question::who(arguments.root[0].fingerprint.clone(), "")
        };
        let mut answers = view.authenticate_all(&asked);
        if reached {
            answers.retain(|answer| answer.amount() > Amount::NONE);
        }
        Self { view, wanted: arguments.amount, answers, notes }
    }

    pub(super) fn tell(&self, format: Format, out: &mut dyn Write) -> io::Result<()> {
        match format {
            Format::Json => self.json(out),
            // A list has thousands of lines, and standard output writes each by itself.
            Format::Text => {
                let mut lines = Vec::new();
                self.text(&mut lines)?;
                out.write_all(&lines)
            }
        }
    }

    fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        let times = self.view.network().times();
        let bindings = self.answers.iter().map(|answer| {
            json!({
                "certificate": answer.question().certificate.as_str(),
                "user_id": Shown::new(&answer.question().user_id).to_string(),
                "amount": answer.amount(),
                "authenticated": answer.amount() >= self.wanted,
                "paths": answer.paths().len(),
                "reason": answer.obstacle().map(crate::trust::Obstacle::code),
                "retired_issuers": answer.rests_on_retired(),
            })
        });
        let list = json!({
            "countersign": "trust-list/1",
            "at": times.at.to_string(),
            "now": times.now.to_string(),
            "wanted": self.wanted,
            "bindings": bindings.collect::<Vec<_>>(),
            "notes": self.notes.reasons,
            "notes_total": self.notes.total,
        });
        tell_json(&list, out)
    }

    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        let (full, some) = self.answers.iter().fold((0, 0), |(full, some), answer| {
            let reached = answer.amount() >= self.wanted;
            (full + usize::from(reached), some + usize::from(!reached && answer.amount() > Amount::NONE))
        });
        let times = told_times(self.view.network().times());
        writeln!(out, "{full} user IDs reach {}, {some} reach less, of {}; {times}", self.wanted, self.answers.len())?;
        for answer in &self.answers {
            let mark = if answer.amount() >= self.wanted { "yes" } else { "no" };
            let (question, amount) = (answer.question(), answer.amount());
            write!(out, "{amount:>3} {mark:<3} {}  {}", question.certificate, Shown::new(&question.user_id))?;
            match (answer.obstacle(), answer.paths().len()) {
                (Some(obstacle), _) => writeln!(out, "  [{}] {obstacle}", obstacle.code())?,
                (None, 0) => writeln!(out)?,
                (None, 1) => writeln!(out, "  1 path{}", retired(answer))?,
                (None, paths) => writeln!(out, "  {paths} paths{}", retired(answer))?,
            }
        }
        tell_notes(self.notes, out)
    }
}

fn retired(answer: &Authentication) -> &'static str {
    if answer.rests_on_retired() { ", by retired issuers [retired-issuer]" } else { "" }
}
