//! `countersign verify` and `countersign accept` for a whole project, known by its lockfile.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::accept::settle;
use super::args::{AcceptArgs, Format, QuestionArgs, RowsArgs, VerifyArgs};
use super::ground::{Ground, Refused};
use super::terminal::Progress;
use super::{Context, Misuse, tell};
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
use crate::verify::project::{Beside, VerifiedProject, verify_project};

/// The ecosystem of the project that is asked about; none where one package is. Whoever changes a project against its `base`
/// does not choose which of its lockfiles counts.
pub(super) fn of(
    question: &QuestionArgs,
    base: Option<&Path>,
    context: &Context<'_>,
) -> anyhow::Result<Option<&'static dyn Ecosystem>> {
    let dir = context.edge.folder.join(question.dir());
    let is_named = !question.dir().as_os_str().is_empty();
    let is_package = question.lockfile.is_none()
        && (is_about_package(question) || is_named && dir.join(layout::OWN).join(layout::OWN_MANIFEST).exists());
    let detect = |dir: &Path| ecosystem::detect(dir, &env(question.lockfile.as_deref(), context));
    let found = if is_package { None } else { detect(&dir) };
    let of_base = || base.and_then(|base| detect(&context.edge.folder.join(base)));
    let found = found.map(|found| of_base().unwrap_or(found));
    match (found, is_named, is_package) {
        (None, true, false) if dir.is_dir() => {
            Err(NoProject::NoPackage(Shown::path(question.dir()).to_string()).into())
        }
        (None, true, false) if dir.is_file() => Err(NoProject::File(Shown::path(question.dir()).to_string()).into()),
        (Some(_), ..) | (None, true, _) => Ok(found),
        (None, false, true) => Err(NoProject::NoDirectory.into()),
        (None, false, false) => Err(NoProject::Here.into()),
    }
}

/// Whether a question names the package, or who signs it.
fn is_about_package(question: &QuestionArgs) -> bool {
    question.package.is_some() || !question.signer.is_empty()
}

/// What is told where a folder was taken for a package, since its own evidence says that it is one, and a lockfile lies in it.
pub(super) fn beside(question: &QuestionArgs, context: &Context<'_>) -> Option<Reason> {
    let dir = context.edge.folder.join(question.dir());
    let found = if is_about_package(question) { None } else { ecosystem::detect(&dir, &env(None, context)) };
    let lockfile = found?.lockfile(&dir, &env(None, context))?;
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
pub(super) enum NoProject {
    #[error("there is no lockfile here, so nothing says what to verify")]
    Here,
    #[error("there is no lockfile in {0}")]
    In(String),
    #[error("there is no lockfile in {0}, and nothing says which package it is")]
    NoPackage(String),
    #[error("{0} is a file, and no lockfile that is known")]
    File(String),
    #[error("--package and --signer are about one package, and its directory was not named")]
    NoDirectory,
}

impl NoProject {
    /// What to do next.
    pub(super) fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Here => {
                "go to a project with a Cargo.lock, a Manifest.toml or a countersign-packages.toml, or name the directory of a \
                 package"
            }
            Self::In(_) => "name a project with a Cargo.lock, a Manifest.toml or a countersign-packages.toml",
            Self::NoPackage(_) => {
                "name the package with --package PURL; a project has a Cargo.lock, a Manifest.toml or a countersign-packages.toml"
            }
            Self::File(_) => {
                "name a Cargo.lock, a Manifest.toml or a countersign-packages.toml, or the directory of a project or a package"
            }
            Self::NoDirectory => "name it behind the options, as in `countersign verify DIR --package PURL`",
        })
    }
}

/// What is asked of a project's rows makes no sense for one package.
pub(super) fn refuse_rows(rows: &RowsArgs) -> anyhow::Result<()> {
    if rows.only.is_empty() && !rows.changed {
        return Ok(());
    }
    let option = if rows.only.is_empty() { "--changed" } else { "--only" };
    Err(Misuse::new(format!("{option} is for projects, and this is one package"), format!("leave out {option}")).into())
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
        let told = "an override leads one package through, and this is a whole project";
        let lock = Shown::path(&question.dir().join(crate::state::LOCK)).to_string();
        let next = format!("name the package's own directory, with --package PURL and --lock {lock}");
        return Err(Misuse::new(told, next).into());
    }
    let ground = match Ground::of_project(question, None, context) {
        Ok(ground) => ground,
        Err(Refused(report)) => return Ok(tell(&report, question.format, out)?),
    };
    let Some(file) = &ground.lock else {
        return Err(Misuse::new("there is no place for memory", "name one with --lock FILE, or set HOME").into());
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
    let ecosystem = ecosystem.ok_or(NoProject::Here)?;
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
    let named = question.lockfile.as_deref();
    let project = match ecosystem.open(question.dir(), &env(named, context), &context.limits) {
        Ok(project) => project,
        Err(reasons) => return Ok(Err(Box::new(unopened(ecosystem, question, ground, reasons, context)))),
    };
    let only = Only::all(&rows.only)?;
    let lock = ground.lock.as_ref().map(|file| file.lock());
    let wanted = |locked: &Locked| {
        let named = Only::any_fits(&only, locked);
        named && !(rows.changed && lock.is_some_and(|lock| lock.pin(&locked.package).is_some()))
    };
    Only::all_fit(&only, project.locked())?;
    let count = project.locked().iter().filter(|locked| wanted(locked)).count();
    let progress = Progress::of_packages(edge.progress, count);
    let mut verified = verify_project(project.as_ref(), &wanted, &ground.request(question, None, &progress));
    drop(progress);
    let name = lockfile(ecosystem, question, context);
    verified.report.project = Some(ProjectReport::new(ecosystem.id(), name, project.locked().len()));
    let others = others(ecosystem, question, context);
    verified.beside = Beside::new(ecosystem.id(), others.iter().map(|(other, _)| *other));
    others.into_iter().for_each(|(_, note)| verified.report.add(note));
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
    let env = env(question.lockfile.as_deref(), context);
    let name = ecosystem.lockfile(&context.edge.folder.join(question.dir()), &env).unwrap_or_default();
    question.dir().join(name).into_os_string().into_encoded_bytes()
}

/// What is told of lockfiles that lie beside the one that is read: whoever adds one must not hide the others.
fn others(ecosystem: &dyn Ecosystem, question: &QuestionArgs, context: &Context<'_>) -> Vec<(&'static str, Reason)> {
    let folder = context.edge.folder.join(question.dir());
    // Of its own ecosystem there is another one only where the user named what the package manager would not read.
    let is_read = |name: &PathBuf| question.lockfile.as_deref().is_some_and(|named| name.as_os_str() == named);
    let told = |other: &&dyn Ecosystem| {
        let name = other.lockfile(&folder, &env(None, context)).filter(|name| !is_read(name))?;
        let path = question.dir().join(name);
        let message = format!("a lockfile of {} lies here as well, and its packages were not looked at", other.id());
        let note = Reason::new(Code::OtherLockfile, Answer::Note, message).at(path.as_os_str().as_encoded_bytes());
        Some((other.id(), note.step(format!("verify them too: `countersign verify {}`", Shown::path(&path)))))
    };
    let of_its_own = |other: &&&dyn Ecosystem| other.id() != ecosystem.id() || question.lockfile.is_some();
    ecosystem::ALL.iter().filter(of_its_own).filter_map(told).collect()
}

/// Takes a lockfile apart that was named in the place of its project. What makes PATH one package leaves it as it is.
pub(super) fn point(question: &mut QuestionArgs, context: &Context<'_>) {
    let Some(path) = question.path.as_deref().filter(|_| !is_about_package(question)) else { return };
    if let Some((folder, name)) = lockfile_at(path, context) {
        question.path = Some(folder);
        question.lockfile = Some(name);
    }
}

/// The folder and the name of a lockfile, if that is what lies at a path.
fn lockfile_at(path: &Path, context: &Context<'_>) -> Option<(PathBuf, OsString)> {
    let (folder, name) = (path.parent()?, path.file_name()?);
    let here = &context.edge.folder;
    let is_lockfile =
        here.join(path).is_file() && ecosystem::detect(&here.join(folder), &env(Some(name), context)).is_some();
    is_lockfile.then(|| (folder.to_owned(), name.to_owned()))
}

/// Opens the project that a question is about, known by its lockfile; where that cannot be used, every reason why.
pub(super) fn open(
    question: &QuestionArgs,
    context: &Context<'_>,
) -> anyhow::Result<Result<Box<dyn ecosystem::Project>, Vec<Reason>>> {
    open_with(question.dir(), question.lockfile.as_deref(), context)
}

/// Opens the project at a path, or the one whose lockfile lies there.
pub(super) fn open_at(
    path: &Path,
    context: &Context<'_>,
) -> anyhow::Result<Result<Box<dyn ecosystem::Project>, Vec<Reason>>> {
    match lockfile_at(path, context) {
        Some((folder, name)) => open_with(&folder, Some(&name), context),
        None => open_with(path, None, context),
    }
}

fn open_with(
    dir: &Path,
    named: Option<&OsStr>,
    context: &Context<'_>,
) -> anyhow::Result<Result<Box<dyn ecosystem::Project>, Vec<Reason>>> {
    let env = env(named, context);
    let none = || match dir.to_str() {
        Some("" | ".") => NoProject::In("this folder".to_owned()),
        _ => NoProject::In(Shown::path(dir).to_string()),
    };
    let ecosystem = ecosystem::detect(&context.edge.folder.join(dir), &env).ok_or_else(none)?;
    Ok(ecosystem.open(dir, &env, &context.limits))
}

fn env<'a>(named: Option<&'a OsStr>, context: &'a Context<'_>) -> Env<'a> {
    let edge = context.edge;
    Env { folder: &edge.folder, home: edge.home.as_deref(), variables: &edge.variables, named }
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

    /// Refuses a name that no package has: whoever mistypes one of several must not be told that all is well.
    pub(super) fn all_fit(only: &[Self], locked: &[Locked]) -> Result<(), NotLocked> {
        let idle = only.iter().find(|only| !locked.iter().any(|locked| only.fits(locked)));
        idle.map_or(Ok(()), |only| Err(NotLocked(only.shown())))
    }

    /// Whether a package is named; where nothing is, all are.
    pub(super) fn any_fits(only: &[Self], locked: &Locked) -> bool {
        only.is_empty() || only.iter().any(|only| only.fits(locked))
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        if !text.starts_with("pkg:") {
            return Ok(Self::Name(text.to_owned()));
        }
        let pattern = text.parse::<Pattern>();
        Ok(Self::Pattern(pattern.map_err(|why| anyhow::anyhow!("--only {}: {why}", Shown::new(text)))?))
    }

    fn fits(&self, locked: &Locked) -> bool {
        match self {
            Self::Name(name) => locked.package.name() == name,
            Self::Pattern(pattern) => pattern.matches(&locked.package),
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Name(name) => Shown::new(name).to_string(),
            Self::Pattern(pattern) => Shown::new(&pattern.to_string()).to_string(),
        }
    }
}

/// A name that no package of the lockfile has.
#[derive(Debug, thiserror::Error)]
#[error("the lockfile has no package that `--only {0}` names")]
pub(super) struct NotLocked(String);

impl NotLocked {
    /// What to do next.
    pub(super) fn hint(&self) -> Option<&'static str> {
        Some(
            "`countersign verify -v` shows every package; a name is written as the lockfile has it, or as pkg:cargo/NAME",
        )
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
