//! `countersign policy check`, `explain` and `init`.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum as _;
use serde_json::json;
use thiserror::Error;

use super::args::{Format, PolicyCommand, TemplateName};
use super::{Context, tell, tell_json};
use crate::package::Purl;
use crate::policy::templates::{TEMPLATES, Template};
use crate::reason::{Listed, Reason};
use crate::report::Report;
use crate::settings::Settings;
use crate::shown::Shown;
use crate::time::Timestamp;

pub(super) fn run(command: &PolicyCommand, context: &Context<'_>, out: &mut dyn Write) -> anyhow::Result<u8> {
    match command {
        PolicyCommand::Check { file, keyring, at, format } => {
            let at = at.unwrap_or(context.now);
            match context.settings(file.as_deref(), keyring, at) {
                Ok(found) => check(&found, *format, context, out)?,
                Err(reasons) => return refuse(file.as_deref(), reasons, at, *format, context, out),
            }
        }
        PolicyCommand::Explain { package, policy, keyring, format } => {
            return match context.settings(policy.as_deref(), keyring, context.now) {
                Ok(found) => Ok(explain(&found, package, *format, context, out)?),
                Err(reasons) => refuse(policy.as_deref(), reasons, context.now, *format, context, out),
            };
        }
        PolicyCommand::Init { file, template, format } => init(file, *template, *format, out)?,
    }
    Ok(0)
}

/// What is wrong is told as every verdict tells it.
fn refuse(
    named: Option<&Path>,
    mut reasons: Vec<Reason>,
    at: Timestamp,
    format: Format,
    context: &Context<'_>,
    out: &mut dyn Write,
) -> anyhow::Result<u8> {
    let source = named.map_or_else(|| "policy".to_owned(), |path| Shown::path(path).to_string());
    let total = reasons.len();
    reasons.truncate(context.limits.reasons);
    let listed = reasons.len();
    let code = tell(&Report::new(at, &source, Vec::new(), reasons), format, out)?;
    if listed < total && format == Format::Text {
        writeln!(out, "{listed} of {total} reasons are listed.")?;
    }
    Ok(code)
}

fn check(found: &Settings, format: Format, context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
    let policy = &found.policy;
    let notes = Listed::new(found.notes.clone(), context.limits.reasons);
    if format == Format::Json {
        return tell_json(
            &json!({
                "countersign": "policy-check/1",
                "policy": { "source": found.source(), "digest": policy.digest().to_string() },
                "rules": policy.rules().len(),
                "roots": policy.roots().len(),
                "lock": found.lock.as_deref().map(|path| Shown::path(path).to_string()),
                "notes": notes.reasons,
                "notes_total": notes.total,
            }),
            out,
        );
    }
    writeln!(out, "{}: nothing is wrong", found.source())?;
    writeln!(out, "  {}, {}", counted(policy.rules().len(), "rule"), counted(policy.roots().len(), "root"))?;
    for note in &notes.reasons {
        let place = note.path.as_deref().map(|path| format!(" {path}")).unwrap_or_default();
        writeln!(out, "note [{}]{place}: {}", note.code, note.message)?;
    }
    if policy.rules().is_empty() {
        writeln!(out, "It has no rule, so every package is refused (no-rule).")?;
    }
    Ok(())
}

/// Exit code 1 where no rule matches: such a package is refused.
fn explain(
    found: &Settings,
    package: &Purl,
    format: Format,
    context: &Context<'_>,
    out: &mut dyn Write,
) -> io::Result<u8> {
    let rule = found.policy.rule_for(package);
    let code = u8::from(rule.is_none());
    let sentences = rule.map(crate::policy::Rule::sentences).unwrap_or_default();
    if format == Format::Json {
        let notes = Listed::new(found.notes.clone(), context.limits.reasons);
        let answer = json!({
            "countersign": "policy-explain/1",
            "package": package.to_string(),
            "policy": { "source": found.source(), "digest": found.policy.digest().to_string() },
            "rule": rule,
            "sentences": sentences,
            "notes": notes.reasons,
        });
        return tell_json(&answer, out).map(|()| code);
    }
    let Some(rule) = rule else {
        writeln!(out, "{package}: no rule of {} matches, so it is refused (no-rule)", found.source())?;
        return Ok(code);
    };
    let patterns: Vec<_> = rule.packages.iter().map(ToString::to_string).collect();
    writeln!(out, "{package}: rule {} of {} decides, line {}", rule.number, found.source(), rule.place.line)?;
    writeln!(out, "  for {}", patterns.join(", "))?;
    for sentence in sentences {
        writeln!(out, "  {sentence}")?;
    }
    Ok(code)
}

fn init(file: &Path, name: TemplateName, format: Format, out: &mut dyn Write) -> anyhow::Result<()> {
    let template = template(name);
    let mut created = create(file).map_err(|source| NotWritten { path: file.to_path_buf(), source })?;
    let written = created.write_all(template.text.as_bytes()).and_then(|()| created.sync_all());
    written.map_err(|source| NotWritten { path: file.to_path_buf(), source })?;
    if format == Format::Json {
        let answer = json!({
            "countersign": "policy-init/1",
            "file": Shown::path(file).to_string(),
            "template": template.name,
            "purpose": template.purpose,
        });
        return Ok(tell_json(&answer, out)?);
    }
    writeln!(out, "Wrote {}: {}.", Shown::path(file), template.purpose)?;
    let next = if template.text.contains("[people]") || template.text.contains("[[root]]") {
        "Put your own people into it"
    } else {
        "Change what you like"
    };
    writeln!(out, "{next}, then run `countersign policy check {}`.", Shown::path(file))?;
    Ok(())
}

/// Whatever the user's habit, others must not write it: such a policy would be refused.
fn create(file: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o644);
    options.open(file)
}

fn template(name: TemplateName) -> &'static Template {
    let name = name.to_possible_value();
    let wanted = name.as_ref().map_or("", |value| value.get_name());
    TEMPLATES.iter().find(|template| template.name == wanted).unwrap_or(&TEMPLATES[0])
}

/// A policy that could not be written.
#[derive(Debug, Error)]
#[error("{} was not written", Shown::path(.path))]
pub(super) struct NotWritten {
    path: PathBuf,
    source: io::Error,
}

impl NotWritten {
    /// What to do next.
    pub(super) fn hint(&self) -> Option<&'static str> {
        let there = self.source.kind() == io::ErrorKind::AlreadyExists;
        there.then_some("nothing is overwritten: name another file, or move this one away")
    }
}

fn counted(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_has_its_name_on_the_command_line() {
        let names: Vec<_> = TemplateName::value_variants().iter().map(|name| template(*name).name).collect();
        assert_eq!(names, TEMPLATES.iter().map(|template| template.name).collect::<Vec<_>>());
    }
}
