//! `countersign report`: the verdict as a page.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::args::ReportArgs;
use super::ground::{Ground, Refused};
use super::terminal::Progress;
use super::{Context, project};
use crate::report::Report;
use crate::report::html::Html;
use crate::shown::Shown;
use crate::verify::verify;

/// Gives the exit code of the verdict, as `verify` does.
pub(super) fn run(arguments: &ReportArgs, context: &Context<'_>, out: &mut dyn Write) -> anyhow::Result<u8> {
    let question = &arguments.question;
    let ecosystem = project::of(question, context)?;
    if ecosystem.is_none() && lies_inside(&arguments.html, question.dir()) {
        return Err(NotWritten { path: arguments.html.clone(), why: Why::Inside }.into());
    }
    let gathered = match ecosystem {
        Some(_) => Ground::of_project(question, None, context),
        None => Ground::gather(question, None, context),
    };
    let report = match gathered {
        Err(Refused(report)) => *report,
        Ok(ground) if ecosystem.is_some() => project::report(ecosystem, question, &ground, context)?,
        Ok(ground) => verify(&ground.request(question, None, &Progress::new(context.edge.progress)))?.report,
    };
    if arguments.html == Path::new("-") {
        write!(out, "{}", Html(&report))?;
        return Ok(report.verdict.exit_code());
    }
    write_page(&arguments.html, &report)
        .map_err(|source| NotWritten { path: arguments.html.clone(), why: Why::System(source) })?;
    project::tell_any(&report, question.format, context, out)
}

/// Writes the page in one step: whoever looks sees the old one or the new one.
fn write_page(path: &Path, report: &Report) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let mut new = tempfile::Builder::new().prefix(".countersign-").tempfile_in(folder)?;
    write!(new, "{}", Html(report))?;
    new.as_file().sync_all()?;
    new.persist(path).map_err(|refused| refused.error)?;
    Ok(())
}

/// Whether a file would be one of the directory that is measured.
fn lies_inside(file: &Path, dir: &Path) -> bool {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    match (folder.canonicalize(), dir.canonicalize()) {
        (Ok(folder), Ok(dir)) => file != Path::new("-") && folder.starts_with(dir),
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
        matches!(self.why, Why::Inside).then_some("name a file outside of it, or `-` for standard output")
    }
}
