//! `countersign verify` and `countersign accept` for a whole project, known by its lockfile.

use std::io::Write;
use std::path::Path;

use super::accept::settle;
use super::args::{AcceptArgs, Format, QuestionArgs, RowsArgs, VerifyArgs};
use super::ground::{Ground, Refused};
use super::terminal::Progress;
use super::{Context, tell};
use crate::accept::{next_of_project, remember_project};
use crate::ecosystem::{self, Ecosystem, Env, Locked};
use crate::lock::Lock;
use crate::pattern::Pattern;
use crate::reason::{Answer, Code, Reason};
use crate::report::project::{Detail, ProjectText};
use crate::report::{ProjectReport, Report};
use crate::shown::Shown;
use crate::store::layout;
use crate::verdict::Outcome;
use crate::verify::project::{VerifiedProject, verify_project};

/// The ecosystem of the project that is asked about; none where one package is. Whoever changes a project against its `base`
/// does not choose which of its lockfiles counts.
pub(super) fn of(
    question: &QuestionArgs,
    base: Option<&Path>,
    context: &Context<'_>,
) -> anyhow::Result<Option<&'static dyn Ecosystem>> {
    let dir = context.edge.folder.join(question.dir());
    let is_named = !question.dir().as_os_str().is_empty();
    let is_package =
        is_about_package(question) || is_named && dir.join(layout::OWN).join(layout::OWN_MANIFEST).exists();
    let detect = |dir: &Path| ecosystem::detect(dir, &env(context));
    let found = if is_package { None } else { detect(&dir) };
    let of_base = || base.and_then(|base| detect(&context.edge.folder.join(base)));
    let found = found.map(|found| of_base().unwrap_or(found));
    match (found, is_named, is_package) {
        (Some(_), ..) | (None, true, _) => Ok(found),
        (None, false, true) => anyhow::bail!("--package and --signer are about one package: name its directory"),
        (None, false, false) => Err(NoProject.into()),
    }
}

/// Whether a question names the package, or who signs it.
fn is_about_package(question: &QuestionArgs) -> bool {
    question.package.is_some() || !question.signer.is_empty()
}

/// What is told where a folder was taken for a package, since its own evidence says that it is one, and a lockfile lies in it.
pub(super) fn beside(question: &QuestionArgs, context: &Context<'_>) -> Option<Reason> {
    let dir = context.edge.folder.join(question.dir());
    let found = if is_about_package(question) { None } else { ecosystem::detect(&dir, &env(context)) };
    let lockfile = found?.lockfile(&dir, &env(context))?;
    let message =
        format!("{} was taken for a package; what its lockfile names was not looked at", Shown::path(question.dir()));
    let reason = Reason::new(Code::OtherLockfile, Answer::Note, message);
    Some(
        reason
            .at(lockfile.as_os_str().as_encoded_bytes())
            .step("go there, and run `countersign verify` without a directory"),
    )
}

/// Nothing says what is to be verified.
#[derive(Debug, thiserror::Error)]
#[error("there is no lockfile here that is known, so nothing says what to verify")]
pub(super) struct NoProject;

impl NoProject {
    /// What to do next.
    pub(super) fn hint(&self) -> Option<&'static str> {
        Some("go to a project with a Cargo.lock or a Manifest.toml, or name the directory of a package")
    }
}

/// What is asked of a project's rows makes no sense for one package.
pub(super) fn refuse_rows(rows: &RowsArgs) -> anyhow::Result<()> {
    if rows.only.is_empty() && !rows.changed {
        return Ok(());
    }
    anyhow::bail!("--only and --changed are for projects, and this is one package")
}

pub(super) fn verify(
    ecosystem: &dyn Ecosystem,
    arguments: &VerifyArgs,
    context: &Context<'_>,
    out: &mut dyn Write,
) -> anyhow::Result<u8> {
    let (question, base) = (&arguments.question, arguments.base.as_deref());
    let ground = match Ground::of_project(question, base, context) {
        Ok(ground) => ground,
        Err(Refused(report)) => return Ok(tell(&report, question.format, out)?),
    };
    let mut verified = match look(ecosystem, question, &arguments.rows, &ground, context)? {
        Ok(verified) => verified,
        Err(report) => return Ok(tell(&report, question.format, out)?),
    };
    if arguments.locked {
        let next = |lock: &Lock| Ok(next_of_project(lock, &verified, context.now)?);
        let changed = super::verify::would_change(ground.lock.as_ref(), next)?;
        changed.into_iter().for_each(|reason| verified.report.add(reason));
    }
    tell_project(&verified.report, question.format, &arguments.rows, context, out)
}

pub(super) fn accept(
    ecosystem: &dyn Ecosystem,
    arguments: &AcceptArgs,
    context: &Context<'_>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> anyhow::Result<u8> {
    let question = &arguments.question;
    if arguments.code.is_some() {
        anyhow::bail!(
            "an override leads one package through: name its directory, its --package and this project's --lock"
        );
    }
    let ground = match Ground::of_project(question, None, context) {
        Ok(ground) => ground,
        Err(Refused(report)) => return Ok(tell(&report, question.format, out)?),
    };
    let Some(file) = &ground.lock else {
        anyhow::bail!("there is no place for memory: name one with --lock, or set HOME");
    };
    let verified = match look(ecosystem, question, &EVERYTHING, &ground, context)? {
        Ok(verified) => verified,
        Err(report) => return Ok(tell(&report, question.format, out)?),
    };
    let code = tell_project(&verified.report, question.format, &EVERYTHING, context, out)?;
    if verified.report.verdict != Outcome::Accepted {
        return Ok(code);
    }
    let question = format!("Remember these {} packages?", verified.verdicts.len());
    let write = || remember_project(file, ground.state.as_ref(), &verified, context.now);
    settle(&question, arguments.yes, file, write, context, err)?;
    Ok(code)
}

/// The report on a project, for the page.
pub(super) fn report(
    ecosystem: Option<&'static dyn Ecosystem>,
    question: &QuestionArgs,
    ground: &Ground,
    context: &Context<'_>,
) -> anyhow::Result<Report> {
    let ecosystem = ecosystem.ok_or(NoProject)?;
    let looked = look(ecosystem, question, &EVERYTHING, ground, context)?;
    Ok(looked.map_or_else(|report| *report, |verified| verified.report))
}

/// Opens the project and verifies it; where it cannot be opened, the report that says so.
fn look(
    ecosystem: &dyn Ecosystem,
    question: &QuestionArgs,
    rows: &RowsArgs,
    ground: &Ground,
    context: &Context<'_>,
) -> anyhow::Result<Result<VerifiedProject, Box<Report>>> {
    let edge = context.edge;
    let project = match ecosystem.open(question.dir(), &env(context), &context.limits) {
        Ok(project) => project,
        Err(reasons) => return Ok(Err(Box::new(unopened(ecosystem, question, ground, reasons, context)))),
    };
    let only = Only::all(&rows.only)?;
    let lock = ground.lock.as_ref().map(|file| file.lock());
    let wanted = |locked: &Locked| {
        let named = Only::any_fits(&only, locked);
        named && !(rows.changed && lock.is_some_and(|lock| lock.pin(&locked.package).is_some()))
    };
    let count = project.locked().iter().filter(|locked| wanted(locked)).count();
    if count == 0 && !only.is_empty() {
        anyhow::bail!("the lockfile has no package that --only names");
    }
    let progress = Progress::of_packages(edge.progress, count);
    let mut verified = verify_project(project.as_ref(), &wanted, &ground.request(question, None, &progress));
    drop(progress);
    let name = lockfile(ecosystem, question, context);
    verified.report.project = Some(ProjectReport::new(ecosystem.id(), name, project.locked().len()));
    others(ecosystem, &edge.folder.join(question.dir()), &env(context))
        .into_iter()
        .for_each(|note| verified.report.add(note));
    Ok(Ok(verified))
}

/// The report on a project that cannot be opened.
pub(super) fn unopened(
    ecosystem: &dyn Ecosystem,
    question: &QuestionArgs,
    ground: &Ground,
    reasons: Vec<Reason>,
    context: &Context<'_>,
) -> Report {
    let request = ground.request(question, None, &());
    let mut report = Report::new(request.times.at, request.source, Vec::new(), [request.notes, reasons].concat());
    report.project = Some(ProjectReport::new(ecosystem.id(), lockfile(ecosystem, question, context), 0));
    report
}

/// How reports call the lockfile.
pub(super) fn lockfile(ecosystem: &dyn Ecosystem, question: &QuestionArgs, context: &Context<'_>) -> Vec<u8> {
    let name = ecosystem.lockfile(&context.edge.folder.join(question.dir()), &env(context)).unwrap_or_default();
    question.dir().join(name).into_os_string().into_encoded_bytes()
}

/// What is told of lockfiles that lie beside the one that is read: whoever adds one must not hide the others.
fn others(ecosystem: &dyn Ecosystem, project: &Path, env: &Env<'_>) -> Vec<Reason> {
    let others = ecosystem::ALL.iter().filter(|other| other.id() != ecosystem.id());
    let told = |other: &&dyn Ecosystem| {
        let lockfile = other.lockfile(project, env)?;
        let message = format!("a lockfile of {} lies here as well, and its packages were not looked at", other.id());
        Some(Reason::new(Code::OtherLockfile, Answer::Note, message).at(lockfile.as_os_str().as_encoded_bytes()))
    };
    others.filter_map(told).collect()
}

/// Opens a project that is known by its lockfile; where that cannot be used, every reason why.
pub(super) fn open(
    dir: &Path,
    context: &Context<'_>,
) -> anyhow::Result<Result<Box<dyn ecosystem::Project>, Vec<Reason>>> {
    let env = env(context);
    let ecosystem = ecosystem::detect(&context.edge.folder.join(dir), &env).ok_or(NoProject)?;
    Ok(ecosystem.open(dir, &env, &context.limits))
}

fn env<'a>(context: &'a Context<'_>) -> Env<'a> {
    let edge = context.edge;
    Env { folder: &edge.folder, home: edge.home.as_deref(), variables: &edge.variables }
}

/// What `--only` names.
pub(super) enum Only {
    Name(String),
    Pattern(Pattern),
}

impl Only {
    /// Reads all that was named.
    pub(super) fn all(named: &[String]) -> anyhow::Result<Vec<Self>> {
        named.iter().map(|text| Self::parse(text)).collect()
    }

    /// Whether a package is named; where nothing is, all are.
    pub(super) fn any_fits(only: &[Self], locked: &Locked) -> bool {
        only.is_empty() || only.iter().any(|only| only.fits(locked))
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        if !text.starts_with("pkg:") {
            return Ok(Self::Name(text.to_owned()));
        }
        Ok(Self::Pattern(text.parse()?))
    }

    fn fits(&self, locked: &Locked) -> bool {
        match self {
            Self::Name(name) => locked.package.name() == name,
            Self::Pattern(pattern) => pattern.matches(&locked.package),
        }
    }
}

/// Prints a report on a project, or on one package.
pub(super) fn tell_any(
    report: &Report,
    format: Format,
    context: &Context<'_>,
    out: &mut dyn Write,
) -> anyhow::Result<u8> {
    match report.project {
        Some(_) => tell_project(report, format, &EVERYTHING, context, out),
        None => Ok(tell(report, format, out)?),
    }
}

fn tell_project(
    report: &Report,
    format: Format,
    rows: &RowsArgs,
    context: &Context<'_>,
    out: &mut dyn Write,
) -> anyhow::Result<u8> {
    if format == Format::Json || report.packages.is_empty() && report.verdict != Outcome::Accepted {
        return Ok(tell(report, format, out)?);
    }
    let detail = match (rows.quiet, rows.verbose) {
        (true, _) => Detail::Headline,
        (_, true) => Detail::All,
        _ => Detail::Table,
    };
    write!(out, "{}", ProjectText { report, detail, colour: context.edge.screen.color })?;
    Ok(report.verdict.exit_code())
}

/// Every row, told as ever.
const EVERYTHING: RowsArgs = RowsArgs { only: Vec::new(), changed: false, verbose: false, quiet: false };
