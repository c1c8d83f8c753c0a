//! `countersign diff A B`, and what `review` shares with it: measuring directories, and showing what differs.

use std::io::Write;
use std::path::Path;

use super::args::{DiffArgs, Format};
use super::terminal::Progress;
use super::{Context, tell};
use crate::beneath::Folder;
use crate::diff::text::TellError;
use crate::diff::view::{Extent, LeftOut};
use crate::diff::{Before, Difference, Present, difference, json, text};
use crate::fingerprint::Fingerprint;
use crate::limits::Limits;
use crate::programs::Programs;
use crate::reason::{Answer, Reason};
use crate::report::{PackageReport, Report};
use crate::shown::Shown;
use crate::statement::Manifest;
use crate::store::package::Own;
use crate::tree::{MeasuredTree, SurveyError, SurveyRequest, survey};

pub(super) fn run(arguments: &DiffArgs, context: &Context<'_>, out: &mut dyn Write) -> anyhow::Result<u8> {
    let measure = |dir: &Path| Measured::new(dir, arguments.worktree, context);
    let (from, to) = match (measure(&arguments.from)?, measure(&arguments.to)?) {
        (Ok(from), Ok(to)) => (from, to),
        (from, to) => {
            let both = [(from, &arguments.from), (to, &arguments.to)];
            let refused = both.into_iter().filter_map(|(measured, dir)| Some((measured.err()?, dir)));
            let packages = refused
                .map(|(reasons, dir)| PackageReport::refused(None, reasons, context.limits.reasons).lies_in(dir));
            let report = Report::new(context.now, "diff", packages.collect(), Vec::new());
            return Ok(tell(&report, arguments.format, out)?);
        }
    };
    let found = difference(Before::There(from.present()), to.present(), &context.limits)?;
    let extent = Extent { all: arguments.all, stat: arguments.stat };
    let notes: Vec<_> = from.notes.iter().chain(&to.notes).cloned().collect();
    show(&found, extent, arguments.format, &notes, context, out)?;
    Ok(u8::from(arguments.exit_code && !found.is_empty()))
}

/// A directory that was measured, and can be read.
pub(super) struct Measured {
    root: Folder,
    tree: MeasuredTree,
    /// What was noticed.
    pub(super) notes: Vec<Reason>,
}

impl Measured {
    /// Measures a directory; the reasons where no verifier would take it. Each names the directory, too.
    ///
    /// # Errors
    /// It cannot be opened.
    pub(super) fn new(dir: &Path, worktree: bool, context: &Context<'_>) -> anyhow::Result<Result<Self, Vec<Reason>>> {
        let root = Folder::open(dir).map_err(|source| SurveyError { dir: dir.to_owned(), source })?;
        let progress = Progress::new(context.edge.progress);
        let survey =
            survey(&SurveyRequest { worktree, watcher: &progress, ..SurveyRequest::plain(dir, &context.limits) })?;
        drop(progress);
        let (tree, mut reasons) = survey.into_parts();
        for reason in &mut reasons {
            let dir = Shown::path(dir).to_string();
            reason.path = Some(match reason.path.as_deref() {
                None | Some(".") => dir,
                Some(path) => format!("{}/{path}", dir.trim_end_matches('/')),
            });
        }
        Ok(match tree {
            Some(tree) => Ok(Self { root, tree, notes: reasons }),
            None => Err(reasons),
        })
    }

    /// Whom its own manifest names as authors. Nobody has checked who signed that.
    pub(super) fn authors(&self, limits: &Limits) -> Vec<Fingerprint> {
        let own = Own::read(&self.root, limits);
        let manifest = own.manifest().and_then(|bytes| Manifest::parse(bytes, limits).ok());
        manifest.map(|manifest| manifest.authors().to_vec()).unwrap_or_default()
    }

    /// As it is compared.
    pub(super) fn present(&self) -> Present<'_> {
        Present { root: &self.root, text: self.tree.text() }
    }
}

/// Shows a difference, to whoever looks on through their pager. Gives what was left out.
pub(super) fn show(
    difference: &Difference<'_>,
    extent: Extent,
    format: Format,
    notes: &[Reason],
    context: &Context<'_>,
    out: &mut dyn Write,
) -> Result<LeftOut, TellError> {
    if format == Format::Json {
        return json::write(difference, extent, notes, out);
    }
    let screen = &context.edge.screen;
    let told = |out: &mut dyn Write| {
        let left_out = text::write(difference, extent, screen.color, out)?;
        for note in notes.iter().filter(|note| note.answer == Answer::Note) {
            writeln!(out, "note [{}] {}: {}", note.code, note.path.as_deref().unwrap_or_default(), note.message)?;
        }
        Ok(left_out)
    };
    let programs = Programs::new(&context.edge.path, None);
    let pager = screen.pager.as_deref();
    let paged = pager.and_then(|pager| programs.page(pager, told));
    paged.unwrap_or_else(|| told(out))
}
