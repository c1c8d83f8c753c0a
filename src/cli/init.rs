//! `countersign init`: what a project's authors need, written or removed by one answer.

use std::io::{self, Write};

use serde_json::json;
use thiserror::Error;

use super::args::{Format, InitArgs};
use super::terminal::confirm;
use super::{Context, tell_json};
use crate::author::Author;
use crate::programs::Programs;
use crate::setup::{self, Kind, NoHook, Plan, Planned, State};
use crate::shown::Shown;
use crate::tidy::tidy;

pub(super) fn run(
    arguments: &InitArgs,
    context: &Context<'_>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> anyhow::Result<u8> {
    let here = &context.edge.folder;
    let dir = tidy(&here.join(&arguments.dir), here);
    if arguments.remove {
        let files = setup::written(&dir)?;
        let done: Vec<_> = files.iter().filter(|file| file.state == State::Same).collect();
        if !done.is_empty() && asked(arguments, &done, "removed", "Remove this?", context, err)? {
            setup::remove(&files)?;
        }
        tell(&files, State::Same, "removed", None, arguments.format, out)?;
        return Ok(0);
    }
    if let Some(evidence) = &arguments.evidence
        && Author::parse(Author::text(evidence).as_bytes(), &dir).is_err()
    {
        return Err(InitUse::Evidence(Shown::new(evidence).to_string()).into());
    }
    let programs = Programs::new(&context.edge.path, context.edge.terminal.clone());
    let plan = setup::plan(&dir, arguments.evidence.as_deref(), programs.git_names_hooks()?)?;
    let done: Vec<_> = plan.files.iter().filter(|file| file.state == State::Missing).collect();
    if !done.is_empty() && asked(arguments, &done, "written", "Write this?", context, err)? {
        plan.write()?;
    }
    tell(&plan.files, State::Missing, "written", Some(plan.kind), arguments.format, out)?;
    if arguments.format == Format::Text {
        advise(&plan, out)?;
    }
    Ok(0)
}

/// Shows what will be done, and asks where it must.
fn asked(
    arguments: &InitArgs,
    files: &[&Planned],
    done: &str,
    question: &str,
    context: &Context<'_>,
    err: &mut dyn Write,
) -> anyhow::Result<bool> {
    if arguments.yes {
        return Ok(true);
    }
    writeln!(err, "This will be {done}:")?;
    for file in files {
        writeln!(err, "  {}  {}", Shown::path(&file.path), file.purpose)?;
    }
    if !context.edge.interactive {
        return Err(InitUse::NobodyThere.into());
    }
    if !confirm(question, err)? {
        return Err(InitUse::No.into());
    }
    Ok(true)
}

fn tell(
    files: &[Planned],
    doing: State,
    done: &str,
    kind: Option<Kind>,
    format: Format,
    out: &mut dyn Write,
) -> io::Result<()> {
    let path = |file: &Planned| Shown::path(&file.path).to_string();
    if format == Format::Json {
        let of = |state: State| files.iter().filter(|file| file.state == state).map(path).collect::<Vec<_>>();
        let same = if doing == State::Same { Vec::new() } else { of(State::Same) };
        let answer = json!({
            "countersign": "init/1",
            "ecosystem": kind.map(Kind::name),
            done: of(doing),
            "already": same,
            "kept": of(State::Other),
        });
        return tell_json(&answer, out);
    }
    if files.is_empty() {
        writeln!(out, "nothing is here that `countersign init` wrote")?;
    }
    for file in files {
        let told = match file.state {
            state if state == doing => done,
            State::Same => "already",
            _ => "kept",
        };
        let why = if file.state == State::Other { ", which is not what `countersign init` writes" } else { "" };
        writeln!(out, "{told:<8} {}: {}{why}", path(file), file.purpose)?;
    }
    Ok(())
}

/// What there is to do from now on.
fn advise(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let other = plan.files.iter().any(|file| file.path.ends_with("pre-push") && file.state == State::Other);
    let told = match plan.without_hook {
        Some(NoHook::Named) => Some(("git's configuration says where hooks lie (core.hooksPath)", WHERE)),
        Some(NoHook::Included) => {
            Some(("the repository's configuration includes other files, which may say where hooks lie", WHERE))
        }
        Some(NoHook::NoRepository) => Some((
            "there is no repository of git",
            "after `git init`, run `countersign init` again; or have a hook run this:",
        )),
        None if other => Some(("there is another hook already", "have it sign what is tagged:")),
        None => None,
    };
    if let Some((why, step)) = told {
        writeln!(out, "no hook was written, since {why}")?;
        writeln!(out, "{step}\n  countersign sign --git TAG --yes")?;
    }
    match plan.kind {
        Kind::Cargo => writeln!(out, "next: `cargo countersign publish`, the first time with --first"),
        Kind::Julia => writeln!(out, "next: sign your first release: `countersign sign --git TAG --first`"),
    }
}

/// What to do where git looks for hooks in a place that is not known here.
const WHERE: &str = "`git rev-parse --git-path hooks` tells where git looks for them; have a hook `pre-push` there sign what is \
                     tagged:";

/// Why nothing was written or removed.
#[derive(Debug, Error)]
pub(super) enum InitUse {
    #[error("nobody is there to confirm; nothing was changed")]
    NobodyThere,
    #[error("you did not say yes; nothing was changed")]
    No,
    #[error("--evidence `{0}` is no folder written from the project's own")]
    Evidence(String),
}

impl InitUse {
    /// What to do next.
    pub(super) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NobodyThere => Some("look at the list above, and say --yes if that is what you mean"),
            Self::Evidence(_) => {
                Some("write it as in `--evidence ../acme-evidence`, so that it holds wherever the project lies")
            }
            Self::No => None,
        }
    }
}
