//! `countersign sign`: a directory, an archive, or a commit.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use thiserror::Error;

use super::args::{Format, SignArgs};
use super::terminal::{Progress, confirm};
use super::{Context, Misuse, tell, tell_json};
use crate::author::{AUTHOR, Author};
use crate::fingerprint::Fingerprint;
use crate::limits::Limits;
use crate::programs::Programs;
use crate::publish::release::measure;
use crate::publish::{Form, Measured, Plan, Preparation, Published, Release, SignRequest, Signed, prepare};
use crate::reason::Reason;
use crate::report::{PackageReport, Report};
use crate::shown::Shown;
use crate::statement::manifest::Source;
use crate::store::Store;
use crate::tree_text::Changes;

pub(super) fn run(
    arguments: &SignArgs,
    context: &Context<'_>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> anyhow::Result<u8> {
    let programs = Programs::new(&context.edge.path, context.edge.terminal.clone());
    let progress = Progress::new(context.edge.progress);
    let limits = context.limits.with_contained_links(arguments.contained_symlinks);
    let here = arguments.dir.clone().unwrap_or_else(|| PathBuf::from("."));
    let form = form(arguments, &here)?;
    let measured = measure(form, arguments.package.as_ref(), &limits, &progress)?;
    drop(progress);
    let release = match measured {
        Measured::Fit(release) => release,
        Measured::Refused(package, reasons) => {
            let place = arguments.archive.as_deref().unwrap_or(&here);
            let package = PackageReport::refused(package.as_ref(), reasons, context.limits.reasons).lies_in(place);
            let report = Report::new(context.now, "sign", vec![package], Vec::new());
            return Ok(tell(&report, arguments.format, out)?);
        }
    };
    let (stores, mut authors) = match form {
        Form::Folder(_) => (arguments.store.clone(), Vec::new()),
        Form::Archive(_) => places(&arguments.store, &context.edge.folder, context)?,
        Form::Commit { folder, .. } => places(&arguments.store, &context.edge.folder.join(folder), context)?,
    };
    authors.extend(arguments.author.iter().cloned());
    let named = &arguments.author;
    let repository = arguments.repository.clone();
    let commit = arguments.commit.clone().or_else(|| release.commit().map(str::to_owned));
    let how = How {
        key: arguments.key.as_deref(),
        authors: &authors,
        named,
        stores: &stores,
        previous: &arguments.previous,
        first: arguments.first,
        source: repository.map(|repository| Source { repository, commit: commit.clone() }),
        consent: Consent::of(arguments.yes),
        format: arguments.format,
    };
    sign(&release, &how, &limits, &programs, context, out, err)?;
    Ok(0)
}

/// How a release is signed.
pub(super) struct How<'a> {
    /// The key, as gpg understands it.
    pub(super) key: Option<&'a str>,
    /// Co-authors.
    pub(super) authors: &'a [Fingerprint],
    /// Those of them whom the user named in this very command.
    pub(super) named: &'a [Fingerprint],
    /// Stores: the first is written to.
    pub(super) stores: &'a [PathBuf],
    /// Manifests that this release follows.
    pub(super) previous: &'a [PathBuf],
    /// There is no earlier release.
    pub(super) first: bool,
    /// Where the code comes from.
    pub(super) source: Option<Source>,
    /// Whether it may be signed.
    pub(super) consent: Consent,
    /// How the answer is printed.
    pub(super) format: Format,
}

/// Whether a release may be signed once it was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Consent {
    /// The user is asked.
    Ask,
    /// The user said so.
    Given,
    /// It is shown only.
    Never,
}

impl Consent {
    /// `--yes`, or not.
    pub(super) fn of(yes: bool) -> Self {
        if yes { Self::Given } else { Self::Ask }
    }
}

/// Shows what will be signed and what changed, asks where it must, has gpg sign, and tells what was written.
pub(super) fn sign(
    release: &Release,
    how: &How<'_>,
    limits: &Limits,
    programs: &Programs,
    context: &Context<'_>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> anyhow::Result<()> {
    let started = Instant::now();
    // Before anybody is asked for a PIN.
    how.stores.first().map_or(Ok(()), |store| Store::may_be(store, limits))?;
    let preparation = prepare(&SignRequest {
        release,
        key: how.key,
        authors: how.authors,
        stores: how.stores,
        previous: how.previous,
        first: how.first,
        source: how.source.clone(),
        now: context.now,
        limits,
        programs,
    })?;
    let plan = match preparation {
        Preparation::Ready(plan) => plan,
        Preparation::AlreadySigned(signed) => return Ok(told(&signed, how.format, out)?),
    };
    show(&plan, err)?;
    match how.consent {
        // A file of the project does not make anybody an author by itself: it may come with somebody's change.
        Consent::Given => {
            if let Some(new) = plan.new_authors().iter().find(|new| !how.named.contains(new)) {
                return Err(Unconfirmed::NewAuthor(new.clone()).into());
            }
        }
        Consent::Never => return Ok(writeln!(err, "Nothing was signed: this only shows what would be.")?),
        Consent::Ask if !context.edge.interactive => return Err(Unconfirmed::NobodyThere.into()),
        Consent::Ask => {
            if !confirm(&format!("Sign this as {}?", plan.signer().fingerprint().grouped()), err)? {
                return Err(Unconfirmed::No.into());
            }
        }
    }
    let published = plan.publish(programs, &|| context.now.plus(started.elapsed()), &|_| {})?;
    answer(&plan, &published, how.format, out)?;
    if plan.is_first_signature() {
        let fingerprint = plan.signer().fingerprint();
        writeln!(
            err,
            "Hint: this looks like the first release that you sign with this key. Keep its revocation certificate in a \
             safe place, for the day the key is lost or stolen: GnuPG made one in its folder openpgp-revocs.d, or \
             `gpg --gen-revoke {fingerprint}` makes one."
        )?;
    }
    Ok(())
}

/// Where the evidence of a project's releases goes, and who signs with its authors: as named, else as the project's authors
/// wrote down, else into the policy's stores.
pub(super) fn places(
    named: &[PathBuf],
    project: &Path,
    context: &Context<'_>,
) -> anyhow::Result<(Vec<PathBuf>, Vec<Fingerprint>)> {
    let author = Author::find(project, &context.limits).map_err(Unusable)?;
    let stores = match (&author, named) {
        (Some(author), []) => vec![author.evidence.clone()],
        (None, []) => super::say::stores(&[], context).unwrap_or_default(),
        (_, named) => named.to_vec(),
    };
    Ok((stores, author.map(|author| author.authors).unwrap_or_default()))
}

/// A file of the authors' own that cannot be used.
#[derive(Debug, Error)]
#[error("{}{} [{}]", .0.path.as_ref().map(|path| format!("{path}: ")).unwrap_or_default(), .0.message, .0.code)]
pub(super) struct Unusable(Reason);

impl Unusable {
    /// What to do next.
    pub(super) fn hint(&self) -> Option<&'static str> {
        Some("mend it, or move it away and let `countersign init` write it anew")
    }
}

/// In which form the release lies. A file that is called an archive is one.
fn form<'a>(arguments: &'a SignArgs, here: &'a Path) -> anyhow::Result<Form<'a>> {
    let is_archive = |path: &PathBuf| path.extension().is_some_and(|end| end == ARCHIVE) && path.is_file();
    if let Some(revision) = &arguments.git {
        return Ok(Form::Commit { folder: here, revision, tag: arguments.tag.as_deref() });
    }
    match (&arguments.archive, &arguments.dir) {
        (Some(file), _) => Ok(Form::Archive(file)),
        (None, Some(dir)) if is_archive(dir) => Ok(Form::Archive(dir)),
        (None, Some(dir)) => Ok(Form::Folder(dir)),
        (None, None) => {
            Err(Misuse::new("nothing was named to sign", "name a directory, --archive FILE or --git REV").into())
        }
    }
}

/// How the names of archives of crates end.
const ARCHIVE: &str = "crate";

/// Why nobody's signature was asked for.
#[derive(Debug, Error)]
pub(super) enum Unconfirmed {
    #[error("nobody is there to confirm; nothing was signed")]
    NobodyThere,
    #[error("you did not say yes; nothing was signed")]
    No,
    #[error("{0} would be a new author, whom only {AUTHOR} names; nothing was signed")]
    NewAuthor(Fingerprint),
}

impl Unconfirmed {
    /// What to do next.
    pub(super) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NobodyThere => Some("look at what is told above, and say --yes if you mean to sign that"),
            Self::No => None,
            Self::NewAuthor(_) => Some("if you hand over to them, say so once: --author FINGERPRINT"),
        }
    }
}

/// What will be signed, and what changed.
fn show(plan: &Plan<'_>, err: &mut dyn Write) -> io::Result<()> {
    let manifest = plan.manifest();
    writeln!(err, "{}: {} files, {} bytes", manifest.package(), manifest.files(), manifest.bytes())?;
    writeln!(err, "  tree    {}", manifest.tree())?;
    for author in manifest.authors() {
        let new = if plan.new_authors().contains(author) { "  new: the last release does not name them" } else { "" };
        writeln!(err, "  author  {author}{new}")?;
    }
    writeln!(err, "  signer  {} {}", plan.signer().fingerprint(), plan.signer().user_id())?;
    if plan.joins() {
        writeln!(err, "This manifest is there already; your signature joins it, over the same bytes.")?;
    }
    match plan.since() {
        None if plan.joins() => {}
        None => writeln!(err, "This is the first release.")?,
        Some((version, None)) => {
            let version = Shown::new(version);
            writeln!(err, "Since {version}: not known what changed, for its tree text is not there.")?;
        }
        Some((version, Some(changes))) => show_changes(version, &changes, err)?,
    }
    plan.notes().iter().try_for_each(|note| show_note(note, err))
}

fn show_changes(version: &str, changes: &Changes<'_>, err: &mut dyn Write) -> io::Result<()> {
    let (added, removed, changed) = (changes.added.len(), changes.removed.len(), changes.changed.len());
    writeln!(err, "Since {}: {added} added, {removed} removed, {changed} changed.", Shown::new(version))?;
    let added = changes.added.iter().map(|entry| ('+', &entry.path));
    let removed = changes.removed.iter().map(|entry| ('-', &entry.path));
    let changed = changes.changed.iter().map(|(_, entry)| ('~', &entry.path));
    let all: Vec<_> = added.chain(removed).chain(changed).collect();
    all.iter().take(SHOWN_CHANGES).try_for_each(|(mark, path)| writeln!(err, "  {mark} {path}"))?;
    match all.len().checked_sub(SHOWN_CHANGES) {
        Some(more) if more > 0 => writeln!(err, "  … and {more} more"),
        _ => Ok(()),
    }
}

/// How many changed files are shown by name; the rest is counted.
const SHOWN_CHANGES: usize = 500;

fn show_note(note: &Reason, err: &mut dyn Write) -> io::Result<()> {
    let path = note.path.as_deref().unwrap_or_default();
    writeln!(err, "note [{}] {path}: {}", note.code, note.message)
}

fn answer(plan: &Plan<'_>, published: &Published, format: Format, out: &mut dyn Write) -> io::Result<()> {
    let place = Shown::path(&published.place).to_string();
    let manifest = plan.manifest();
    match format {
        Format::Text => {
            writeln!(out, "signed {} as {}", manifest.package(), plan.signer().fingerprint())?;
            writeln!(out, "  manifest  {}", published.manifest)?;
            writeln!(out, "  tree      {}", manifest.tree())?;
            writeln!(out, "  written   {place}")
        }
        Format::Json => tell_json(
            &serde_json::json!({
                "countersign": "signed/1",
                "already": false,
                "package": manifest.package().to_string(),
                "signer": plan.signer().fingerprint().as_str(),
                "manifest": published.manifest.to_string(),
                "tree": manifest.tree().to_string(),
                "place": place,
            }),
            out,
        ),
    }
}

/// There was nothing to do.
fn told(signed: &Signed, format: Format, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Text => {
            writeln!(out, "already signed: {} by {}", signed.package, signed.signer)?;
            writeln!(out, "  manifest  {}", signed.manifest)?;
            writeln!(out, "  tree      {}", signed.tree)?;
            writeln!(out, "  found     {}", signed.place)
        }
        Format::Json => tell_json(
            &serde_json::json!({
                "countersign": "signed/1",
                "already": true,
                "package": signed.package.to_string(),
                "signer": signed.signer.as_str(),
                "manifest": signed.manifest.to_string(),
                "tree": signed.tree.to_string(),
                "place": signed.place,
            }),
            out,
        ),
    }
}
