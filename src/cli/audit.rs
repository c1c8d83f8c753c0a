//! `countersign audit FPR [PATH]…`: what a certificate touched, and which verdicts would change without it.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;

use super::args::{AuditArgs, Format, QuestionArgs, fingerprint};
use super::ground::{Ground, Refused};
use super::terminal::Progress;
use super::{Context, Misuse, project, tell, tell_json};
use crate::audit::one_key::{self, OneKey};
use crate::audit::text::Text;
use crate::audit::touched::{Touched, touched};
use crate::audit::{Audit, Next, Subject};
use crate::ecosystem::Ecosystem;
use crate::fingerprint::Fingerprint;
use crate::own_file;
use crate::policy::{Policy, PolicyFile};
use crate::reason::Reason;
use crate::report::{ProjectReport, Report};
use crate::shown::Shown;
use crate::verdict::Verdict;
use crate::verify::alone::{alone, alone_in_project};
use crate::verify::project::verify_project;
use crate::verify::{Request, verify};

pub(super) fn run(arguments: &AuditArgs, context: &Context<'_>, out: &mut dyn Write) -> anyhow::Result<u8> {
    if arguments.one_key {
        return one_key(arguments, context, out);
    }
    let (first, paths) = arguments.words.split_first().expect("clap asks for one");
    let typed = Shown::new(first.as_encoded_bytes());
    let wrong = |why: &str| {
        Misuse::new(
            format!("`{typed}`: {why}"),
            "the first word is a fingerprint, paths stand behind it; `keyring list` tells fingerprints",
        )
    };
    let text = first.to_str().ok_or_else(|| wrong("a fingerprint is text"))?;
    let certificate = fingerprint(text).map_err(|why| wrong(&why))?;
    let mut subjects = Vec::new();
    for path in named(arguments, paths)? {
        match subject(&certificate, &question(arguments, path, context), context)? {
            Ok(subject) => subjects.push(subject),
            Err(report) => return Ok(tell(&report, arguments.format, out)?),
        }
    }
    let audit = Audit::new(context.times(arguments.at).at, &certificate, subjects);
    match arguments.format {
        Format::Json => tell_json(&serde_json::to_value(&audit)?, out)?,
        Format::Text => write!(out, "{}", Text(&audit))?,
    }
    Ok(audit.answer.exit_code())
}

/// Tells which single keys would suffice.
fn one_key(arguments: &AuditArgs, context: &Context<'_>, out: &mut dyn Write) -> anyhow::Result<u8> {
    // Whoever only adds the option to what they typed before would be told of a directory.
    let given = arguments.words.iter().filter_map(|word| word.to_str()).find(|word| fingerprint(word).is_ok());
    if let Some(given) = given.filter(|word| !context.edge.folder.join(word).exists()) {
        let told = format!("--one-key looks at every key, and {given} is one");
        return Err(Misuse::new(told, "leave the fingerprint out, or leave out --one-key").into());
    }
    let mut subjects = Vec::new();
    for path in named(arguments, &arguments.words)? {
        match suspects(&question(arguments, path, context), context)? {
            Ok(subject) => subjects.push(subject),
            Err(report) => return Ok(tell(&report, arguments.format, out)?),
        }
    }
    let found = OneKey::new(context.times(arguments.at).at, subjects);
    match arguments.format {
        Format::Json => tell_json(&serde_json::to_value(&found)?, out)?,
        Format::Text => write!(out, "{}", one_key::Text(&found))?,
    }
    Ok(found.answer.exit_code())
}

/// The projects and packages that were named; where none is, the project here.
fn named(arguments: &AuditArgs, paths: &[OsString]) -> anyhow::Result<Vec<Option<PathBuf>>> {
    if paths.len() > 1 && arguments.package.is_some() {
        let told = "--package is about one directory, and several were named";
        return Err(Misuse::new(
            told,
            "name one directory, or leave out --package where each has a manifest of its own",
        )
        .into());
    }
    Ok(match paths {
        [] => vec![None],
        paths => paths.iter().map(|path| Some(PathBuf::from(path))).collect(),
    })
}

/// The question about what was named by a path.
fn question(arguments: &AuditArgs, path: Option<PathBuf>, context: &Context<'_>) -> QuestionArgs {
    let mut question = arguments.question(path);
    project::point(&mut question, context);
    question
}

/// What stands for one question: the ecosystem of a project, and all that is judged by.
type Asked = (Option<&'static dyn Ecosystem>, Ground);

/// Gathers what a question is answered by; where it cannot be, the report that says so.
fn ask(question: &QuestionArgs, context: &Context<'_>) -> anyhow::Result<Result<Asked, Box<Report>>> {
    let ecosystem = project::of(question, None, context)?;
    let ground = match ecosystem {
        Some(_) => Ground::of_project(question, None, context),
        None => Ground::gather(question, None, context),
    };
    Ok(ground.map(|ground| (ecosystem, ground)).map_err(|Refused(report)| report))
}

/// Finds the single keys that would suffice for one project or package.
fn suspects(question: &QuestionArgs, context: &Context<'_>) -> anyhow::Result<Result<one_key::Subject, Box<Report>>> {
    let (ecosystem, ground) = match ask(question, context)? {
        Ok(asked) => asked,
        Err(report) => return Ok(Err(report)),
    };
    let request = ground.request(question, None, &());
    let (source, mut reasons) = (request.source.clone(), request.notes.clone());
    let (project, suspected) = match ecosystem {
        None => (None, vec![alone(&request)?]),
        Some(ecosystem) => match project::open(question, context)? {
            Ok(project) => {
                let locked = project.locked().len();
                let progress = Progress::of_packages(context.edge.progress, locked);
                let request = ground.request(question, None, &progress);
                let suspected = alone_in_project(project.as_ref(), &request);
                reasons.extend(project.notes().iter().cloned());
                let name = project::lockfile(ecosystem, question, context);
                (Some(ProjectReport::new(ecosystem.id(), name, locked)), suspected)
            }
            Err(reasons) => {
                return Ok(Err(Box::new(project::unopened(ecosystem, question, &ground, reasons, context))));
            }
        },
    };
    let path = Shown::path(question.dir()).to_string();
    let limits = &context.limits;
    Ok(Ok(one_key::Subject::new((path, source), project, &suspected, request.keyring, reasons, limits)))
}

/// Judges one project or package with and without the certificate; where neither can be done, the report that says so.
fn subject(
    certificate: &Fingerprint,
    question: &QuestionArgs,
    context: &Context<'_>,
) -> anyhow::Result<Result<Subject, Box<Report>>> {
    let (ecosystem, ground) = match ask(question, context)? {
        Ok(asked) => asked,
        Err(report) => return Ok(Err(report)),
    };
    let request = ground.request(question, None, &());
    let without = request.policy.clone().distrusting(certificate);
    let judged = match ecosystem {
        Some(ecosystem) => match of_project(ecosystem, question, (&ground, &without), context)? {
            Ok(judged) => judged,
            Err(report) => return Ok(Err(report)),
        },
        None => of_package(question, (&ground, &without), context)?,
    };
    let Judged { before, after, dirs, project, mut reasons } = judged;
    let touched = touched(certificate, &request, &dirs, &mut reasons)?;
    let next = next(certificate, &ground, (&request, &touched), context);
    let path = Shown::path(question.dir()).to_string();
    let source = request.source.clone();
    let verdicts = (before.as_slice(), after.as_slice());
    Ok(Ok(Subject::new(path, source, project, verdicts, certificate, touched, next, reasons, &context.limits)))
}

/// The verdicts as they are and without the certificate, and where the packages lie.
struct Judged {
    before: Vec<Verdict>,
    after: Vec<Verdict>,
    dirs: Vec<PathBuf>,
    project: Option<ProjectReport>,
    reasons: Vec<Reason>,
}

fn of_package(
    question: &QuestionArgs,
    (ground, without): (&Ground, &Policy),
    context: &Context<'_>,
) -> anyhow::Result<Judged> {
    let progress = Progress::new(context.edge.progress);
    let before = verify(&ground.request(question, None, &progress))?;
    let after = verify(&Request { policy: without, ..ground.request(question, None, &progress) })?;
    drop(progress);
    Ok(Judged {
        before: vec![before.verdict],
        after: vec![after.verdict],
        dirs: vec![question.dir().to_path_buf()],
        project: None,
        reasons: before.report.reasons,
    })
}

fn of_project(
    ecosystem: &dyn Ecosystem,
    question: &QuestionArgs,
    (ground, without): (&Ground, &Policy),
    context: &Context<'_>,
) -> anyhow::Result<Result<Judged, Box<Report>>> {
    let project = match project::open(question, context)? {
        Ok(project) => project,
        Err(reasons) => return Ok(Err(Box::new(project::unopened(ecosystem, question, ground, reasons, context)))),
    };
    let locked = project.locked();
    let progress = Progress::of_packages(context.edge.progress, 2 * locked.len());
    let before = verify_project(project.as_ref(), &|_| true, &ground.request(question, None, &progress));
    let request = Request { policy: without, ..ground.request(question, None, &progress) };
    let after = verify_project(project.as_ref(), &|_| true, &request);
    drop(progress);
    let places = locked.iter().flat_map(|locked| project.locate(locked).places);
    let dirs = places.map(|place| place.folder).collect();
    let project = ProjectReport::new(ecosystem.id(), project::lockfile(ecosystem, question, context), locked.len());
    let (before, after, reasons) = (before.verdicts, after.verdicts, before.report.reasons);
    Ok(Ok(Judged { before, after, dirs, project: Some(project), reasons }))
}

/// The lines for the policy's file, held against what stands in it now.
fn next(
    certificate: &Fingerprint,
    ground: &Ground,
    (request, touched): (&Request<'_>, &Touched),
    context: &Context<'_>,
) -> Next {
    let limits = &context.limits;
    let text = ground.file.as_deref().map(|path| own_file::read(path, limits.policy));
    let file = text.and_then(|text| PolicyFile::read(&text.ok()?, limits).ok());
    let shown = ground.file.as_deref().map(|path| Shown::path(path).to_string());
    Next::new(certificate, (shown, file.as_ref()), touched, request.keyring, limits)
}
