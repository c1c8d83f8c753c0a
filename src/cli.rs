//! The command line: from words typed to a request, and from its answer to text, JSON and an exit code.
//!
//! What is answered goes to `out`; talk, progress and errors go to `err`. Nothing is judged here.

mod accept;
mod args;
mod audit;
mod cargo;
mod certify;
mod check;
mod diff;
mod doctor;
mod explain;
mod ground;
mod init;
mod keyring;
mod man;
mod policy;
mod project;
mod report;
mod review;
mod say;
mod sign;
mod store;
mod suggest;
pub mod terminal;
mod tree;
mod trust;
mod verify;

use std::borrow::Cow;
use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::{CommandFactory as _, Parser as _};

use crate::accept::AcceptError;
use crate::audit::touched::Subkey;
use crate::certification::CertifyError;
use crate::limits::Limits;
use crate::programs::ProgramError;
use crate::programs::cargo::CargoError;
use crate::publish::PublishError;
use crate::publish::base::BaseError;
use crate::reason::Reason;
use crate::report::Report;
use crate::report::project::{Detail, ProjectText};
use crate::report::text::Text;
use crate::settings::{self, Search, Settings, Subject};
use crate::setup::SetupError;
use crate::shown::without_number;
use crate::store::StoreError;
use crate::time::{Times, Timestamp};
use crate::verify::VerifyError;
use args::{Arguments, Command, Format};
pub use cargo::run_for_cargo;

/// What the process knows of the world; everything below takes it as arguments.
#[derive(Debug, Clone)]
#[expect(clippy::exhaustive_structs, reason = "whoever runs the program must say all of it")]
pub struct Edge {
    /// The machine's clock, read once.
    pub clock: SystemTime,
    /// `PATH`, where gpg and git are found.
    pub path: OsString,
    /// The working directory.
    pub folder: PathBuf,
    /// Where this user's configuration of Countersign lies.
    pub config: Option<PathBuf>,
    /// Where this user's data of Countersign lies.
    pub data: Option<PathBuf>,
    /// Where this user's state lies.
    pub state: Option<PathBuf>,
    /// Where this user's cache lies, which may be removed at any time.
    pub cache: Option<PathBuf>,
    /// The directory of certificates that OpenPGP programs share.
    pub cert_d: Option<PathBuf>,
    /// The terminal's name for gpg's PIN entry.
    pub terminal: Option<OsString>,
    /// The user's home.
    pub home: Option<PathBuf>,
    /// The variables by which package managers are told what to do, and `PATH`, which says where they lie.
    pub variables: Vec<(OsString, OsString)>,
    /// Whether somebody can be asked.
    pub interactive: bool,
    /// Whether somebody is looking on.
    pub progress: bool,
    /// How long answers are shown.
    pub screen: Screen,
}

impl Edge {
    /// A variable of a package manager that is there and not empty.
    fn variable(&self, name: &str) -> Option<&OsStr> {
        let found = self.variables.iter().find(|(key, value)| key == name && !value.is_empty());
        found.map(|(_, value)| value.as_os_str())
    }

    /// A world in which nobody has a home and nobody looks on: what is not named is not there.
    pub fn bare(clock: SystemTime) -> Self {
        Self {
            clock,
            path: OsString::new(),
            folder: PathBuf::from("/"),
            config: None,
            data: None,
            state: None,
            cache: None,
            cert_d: None,
            terminal: None,
            home: None,
            variables: Vec::new(),
            interactive: false,
            progress: false,
            screen: Screen::default(),
        }
    }
}

/// How long answers are shown to whoever reads them on a terminal. By default nobody does.
#[derive(Debug, Clone, Default)]
#[expect(clippy::exhaustive_structs, reason = "whoever runs the program must say all of it")]
pub struct Screen {
    /// The user's pager with its arguments; none where none is wanted, or nobody looks on.
    pub pager: Option<OsString>,
    /// Whether colours are wanted.
    pub color: bool,
}

/// Runs one command. Gives the exit code: 0 accepted or done, 1 rejected, 2 could not tell or was used wrongly.
pub fn run(arguments: impl IntoIterator<Item = OsString>, edge: &Edge, out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(told) => return tell_usage(&told, out, err),
    };
    finish(context(edge).and_then(|context| dispatch(arguments.command, &context, out, err)), err)
}

/// The exit code of what came of a command; an error is told.
fn finish(done: anyhow::Result<u8>, err: &mut dyn Write) -> u8 {
    match done {
        Ok(code) => code,
        // Whoever read us has seen enough.
        Err(error) if is_broken_pipe(&error) => FAILED,
        Err(error) => {
            // Where not even the error can be told, the exit code still is.
            drop(tell_error(&error, err));
            FAILED
        }
    }
}

/// The exit code of everything that could not be told or done.
const FAILED: u8 = 2;

fn context(edge: &Edge) -> anyhow::Result<Context<'_>> {
    Ok(Context { now: Timestamp::try_from(edge.clock)?, limits: Limits::default(), edge })
}

fn dispatch(command: Command, context: &Context<'_>, out: &mut dyn Write, err: &mut dyn Write) -> anyhow::Result<u8> {
    match command {
        Command::Verify(arguments) => verify::run(arguments, context, out),
        Command::Accept(arguments) => accept::run(arguments, context, out, err),
        Command::Sign(arguments) => sign::run(&arguments, context, out, err),
        Command::Init(arguments) => init::run(&arguments, context, out, err),
        Command::Diff(arguments) => diff::run(&arguments, context, out),
        Command::Review(arguments) => review::run(&arguments, context, out, err),
        Command::Check(command) => check::run(&command, context, out, err),
        Command::Withdraw(arguments) => check::withdraw(&arguments, context, out, err),
        Command::Suggest(arguments) => suggest::run(&arguments, context, out),
        Command::Audit(arguments) => audit::run(&arguments, context, out),
        Command::Tree(arguments) => tree::run(&arguments, context, out, err),
        Command::Store(command) => store::run(&command, context, out),
        Command::Keyring(command) => keyring::run(&command, context, out),
        Command::Trust(command) => trust::run(&command, context, out, err),
        Command::Policy(command) => policy::run(&command, context, out),
        Command::Report(arguments) => report::run(arguments, context, out),
        Command::Doctor(arguments) => doctor::run(&arguments, context, out),
        Command::Explain(arguments) => Ok(explain::run(&arguments, out)?),
        Command::Completions(arguments) => Ok(complete(arguments.shell, out)?),
        Command::Man(arguments) => man::run(&arguments.dir, out),
        Command::Certify(arguments) => certify::run(&arguments, context, out, err),
    }
}

/// What every command needs.
struct Context<'a> {
    now: Timestamp,
    limits: Limits,
    edge: &'a Edge,
}

impl Context<'_> {
    /// The user's own keyring.
    fn own_keyring(&self) -> anyhow::Result<PathBuf> {
        let data = self.edge.data.as_ref();
        Ok(data.ok_or(keyring::KeyringUse::NoHome)?.join("keyring"))
    }

    /// The settings that hold here where nothing is verified: upwards from the working directory, or as named.
    fn settings(&self, named: Option<&Path>, keyrings: &[PathBuf], at: Timestamp) -> Result<Settings, Vec<Reason>> {
        let edge = self.edge;
        settings::find(&Search {
            named,
            lock: None,
            subject: Subject::Nothing,
            start: &edge.folder,
            config: edge.config.as_deref(),
            data: edge.data.as_deref(),
            keyrings,
            limits: &self.limits,
            at,
        })
    }

    fn times(&self, at: Option<Timestamp>) -> Times {
        Times { at: at.unwrap_or(self.now), now: self.now }
    }
}

/// Prints what makes a shell complete our commands.
fn complete(shell: clap_complete::Shell, out: &mut dyn Write) -> io::Result<u8> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "countersign", &mut text);
    out.write_all(&text)?;
    Ok(0)
}

/// Prints a report in the form that was asked for. Gives its exit code.
fn tell(report: &Report, format: Format, out: &mut dyn Write) -> io::Result<u8> {
    match format {
        Format::Text if report.project.is_some() && !report.packages.is_empty() => {
            write!(out, "{}", ProjectText { report, detail: Detail::Table, colour: false })?;
        }
        Format::Text => write!(out, "{}", Text(report))?,
        Format::Json => out.write_all(report.json().as_bytes())?,
    }
    Ok(report.verdict.exit_code())
}

/// Prints any other answer as JSON.
fn tell_json(answer: &serde_json::Value, out: &mut dyn Write) -> io::Result<()> {
    // At once: standard output is written line by line, which costs a call of the system for each.
    let mut text = serde_json::to_string_pretty(answer)?;
    text.push('\n');
    out.write_all(text.as_bytes())
}

fn tell_usage(told: &clap::Error, out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    let text = told.render();
    let written = if told.use_stderr() { write!(err, "{text}") } else { write!(out, "{text}") };
    if told.use_stderr() || written.is_err() { FAILED } else { 0 }
}

fn tell_error(error: &anyhow::Error, err: &mut dyn Write) -> io::Result<()> {
    writeln!(err, "Error: {error}")?;
    let mut told = error.to_string();
    for cause in error.chain().skip(1) {
        // An error that stands for its source tells nothing new.
        if std::mem::replace(&mut told, without_number(&cause.to_string()).to_owned()) != told {
            writeln!(err, "Caused by: {told}")?;
        }
    }
    hint(error).map_or(Ok(()), |hint| writeln!(err, "Hint: {hint}"))
}

/// What to do next, where the error knows it.
fn hint(error: &anyhow::Error) -> Option<Cow<'static, str>> {
    // What was typed wrongly knows what should have been typed.
    let misuse =
        |cause: &(dyn Error + 'static)| cause.downcast_ref::<Misuse>().map(|misuse| misuse.next.clone().into());
    error.chain().find_map(|cause| misuse(cause).or_else(|| fixed_hint(cause).map(Cow::Borrowed)))
}

fn fixed_hint(cause: &(dyn Error + 'static)) -> Option<&'static str> {
    fn of<E: Error + 'static>(
        cause: &(dyn Error + 'static),
        hint: fn(&E) -> Option<&'static str>,
    ) -> Option<&'static str> {
        cause.downcast_ref().and_then(hint)
    }
    of(cause, PublishError::hint)
        .or_else(|| of(cause, SetupError::hint))
        .or_else(|| of(cause, init::InitUse::hint))
        .or_else(|| of(cause, CargoError::hint))
        .or_else(|| of(cause, cargo::WordsUse::hint))
        .or_else(|| of(cause, cargo::PublishUse::hint))
        .or_else(|| of(cause, report::NotWritten::hint))
        .or_else(|| of(cause, Subkey::hint))
        .or_else(|| of(cause, project::NoProject::hint))
        .or_else(|| of(cause, project::NotLocked::hint))
        .or_else(|| of(cause, StoreError::hint))
        .or_else(|| of(cause, VerifyError::hint))
        .or_else(|| of(cause, AcceptError::hint))
        .or_else(|| of(cause, sign::Unconfirmed::hint))
        .or_else(|| of(cause, sign::Unusable::hint))
        .or_else(|| of(cause, keyring::KeyringUse::hint))
        .or_else(|| of(cause, CertifyError::hint))
        .or_else(|| of(cause, ProgramError::hint))
        .or_else(|| of(cause, policy::NotWritten::hint))
        .or_else(|| of(cause, say::SayUse::hint))
        .or_else(|| of(cause, BaseError::hint))
}

/// What was typed makes no sense, and what would.
#[derive(Debug, thiserror::Error)]
#[error("{told}")]
struct Misuse {
    told: String,
    next: String,
}

impl Misuse {
    fn new(told: impl Into<String>, next: impl Into<String>) -> Self {
        Self { told: told.into(), next: next.into() }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe))
}
