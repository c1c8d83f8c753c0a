//! `countersign trust graph`.

use std::io::Write;

use super::super::args::trust;
use super::path::exit_code;
use crate::report::picture::Picture;
use crate::trust::{Question, View};

pub(super) fn run(
    view: &View<'_, '_>,
    questions: &[Question],
    format: trust::Picture,
    out: &mut dyn Write,
) -> anyhow::Result<u8> {
    let answers: Vec<_> = questions.iter().map(|question| view.authenticate(question)).collect();
    // What is reached under several user IDs is never summed; the best one is drawn.
    let Some(best) = answers.iter().rev().max_by_key(|answer| answer.amount()) else { return Ok(1) };
    let picture = Picture::new(view.network(), best);
    let drawn = match format {
        trust::Picture::Dot => picture.dot(),
        trust::Picture::Svg => picture.svg(),
    };
    out.write_all(drawn.as_bytes())?;
    Ok(exit_code(&answers))
}
