//! `countersign report`: the verdict as a page, and as a file for other tools.

use std::fmt::Display;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::args::ReportArgs;
use super::ground::{Ground, Refused};
use super::terminal::Progress;
use super::{Context, Misuse, project};
use crate::report::html::Html;
use crate::report::sarif::Sarif;
use crate::shown::Shown;
use crate::state::write::{replace, unwatched};
use crate::verify::verify;

/// Gives the exit code of the verdict, as `verify` does.
pub(super) fn run(mut arguments: ReportArgs, context: &Context<'_>, out: &mut dyn Write) -> anyhow::Result<u8> {
    project::point(&mut arguments.question, context);
    let arguments = &arguments;
    let question = &arguments.question;
    let base = arguments.base.as_deref();
    let ecosystem = project::of(question, base, context)?;
    let files: Vec<_> = [&arguments.html, &arguments.sarif].into_iter().flatten().collect();
    if files.iter().filter(|file| is_output(file)).count() > 1 {
        let told = "standard output takes one page, and both --html and --sarif are to go there";
        return Err(Misuse::new(told, "give one of them a file").into());
    }
    if ecosystem.is_none()
        && let Some(file) = files.iter().find(|file| lies_inside(file, question.dir()))
    {
        return Err(NotWritten { path: file.to_path_buf(), why: Why::Inside }.into());
    }
    let gathered = match ecosystem {
        Some(_) => Ground::of_project(question, base, context),
        None => Ground::gather(question, base, context),
    };
    let report = match gathered {
        Err(Refused(report)) => *report,
        Ok(ground) if ecosystem.is_some() => project::report(ecosystem, question, &ground, context)?,
        Ok(ground) => {
            let mut verified = verify(&ground.request(question, None, &Progress::new(context.edge.progress)))?;
            project::beside(question, context).into_iter().for_each(|note| verified.report.add(note));
            verified.report
        }
    };
    let (html, sarif) = (Html(&report), Sarif(&report));
    let pages: [(_, &dyn Display); 2] = [(&arguments.html, &html), (&arguments.sarif, &sarif)];
    let pages = || pages.iter().filter_map(|(file, page)| Some((file.as_ref()?, *page)));
    for (file, page) in pages().filter(|(file, _)| !is_output(file)) {
        replace(file, page.to_string().as_bytes(), true, &unwatched)
            .map_err(|source| NotWritten { path: file.clone(), why: Why::System(source) })?;
    }
    if let Some((_, page)) = pages().find(|(file, _)| is_output(file)) {
        write!(out, "{page}")?;
        return Ok(report.verdict.exit_code());
    }
    project::tell_any(&report, question.format, context, out)
}

fn is_output(file: &Path) -> bool {
    file == Path::new("-")
}

/// Whether a file would be one of the directory that is measured.
fn lies_inside(file: &Path, dir: &Path) -> bool {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    match (folder.canonicalize(), dir.canonicalize()) {
        (Ok(folder), Ok(dir)) => !is_output(file) && folder.starts_with(dir),
        _ => false,
    }
}

/// A page that was not written.
#[derive(Debug, Error)]
#[error("{} was not written", Shown::path(.path))]
pub(super) struct NotWritten {
    path: PathBuf,
    #[source]
    why: Why,
}

/// Why it was not.
#[derive(Debug, Error)]
enum Why {
    #[error("it would lie in the directory that it reports on, and change it")]
    Inside,
    #[error(transparent)]
    System(io::Error),
}

impl NotWritten {
    /// What to do next.
    pub(super) fn hint(&self) -> Option<&'static str> {
        Some(match self.why {
            Why::Inside => "name a file outside of it, or `-` for standard output",
            Why::System(_) => {
                "name a file in a directory that is there and that you can write to, or `-` for standard output"
            }
        })
    }
}
