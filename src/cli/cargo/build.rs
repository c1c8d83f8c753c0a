//! `cargo countersign build`: verify, and build only what was accepted.

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;

use clap::Parser as _;

use super::super::args::{Arguments, Command};
use super::super::{Context, project};
use super::words::{Words, WordsUse};
use crate::ecosystem::{self, cargo::MANIFEST};
use crate::programs::Programs;
use crate::shown::Shown;

/// Verifies the project that cargo would build, and has cargo go on if all of it is accepted.
pub(super) fn run(
    verb: &str,
    words: &[OsString],
    context: &Context<'_>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> anyhow::Result<u8> {
    let edge = context.edge;
    let words = Words::new(words)?;
    let programs = Programs::new(&edge.path, edge.terminal.clone());
    let cargo = programs.cargo(edge.variable("CARGO"), &edge.folder)?;
    let manifest = cargo.manifest(words.value("--manifest-path"), true)?;
    if !manifest.ends_with(MANIFEST) {
        return Err(WordsUse::Script(Shown::path(&manifest).to_string()).into());
    }
    let root = manifest.parent().unwrap_or(&manifest);
    cargo.check_outside(root)?;
    check_configuration(&edge.folder, root)?;
    // What is told is the answer where there is nothing else; where cargo goes on, the answer is cargo's.
    let mut told = Vec::new();
    let code = verify(root, context, &mut told)?;
    if code != 0 {
        out.write_all(&told)?;
        return Ok(code);
    }
    err.write_all(&told)?;
    Ok(cargo.run(&sealed(verb, words.all()))?)
}

fn verify(root: &Path, context: &Context<'_>, out: &mut dyn Write) -> anyhow::Result<u8> {
    // The project here is told by the names that it has here, as `verify` does.
    let path = Some(root).filter(|root| *root != context.edge.folder);
    let typed = ["countersign", "verify", "--"].map(OsString::from).into_iter().chain(path.map(OsString::from));
    match Arguments::try_parse_from(typed)?.command {
        Command::Verify(arguments) => project::verify(&ecosystem::cargo::Cargo, &arguments, context, out),
        _ => anyhow::bail!("`verify` is not there"),
    }
}

/// Cargo's words, with those that keep it from taking anything that was not verified: no other lockfile, and no network.
fn sealed(verb: &str, words: &[OsString]) -> Vec<OsString> {
    let own = || words.iter().take_while(|word| *word != "--");
    let missing = ["--locked", "--offline"].into_iter().filter(|seal| own().all(|word| word != seal));
    [verb].into_iter().chain(missing).map(OsString::from).chain(words.iter().cloned()).collect()
}

/// Cargo reads its configuration from the working directory upwards, and `verify` from the project's folder. Both must read
/// the same.
fn check_configuration(here: &Path, root: &Path) -> Result<(), WordsUse> {
    let elsewhere = || WordsUse::Elsewhere(Shown::path(root).to_string());
    let (here, root) = (std::fs::canonicalize(here), std::fs::canonicalize(root));
    let (Ok(here), Ok(root)) = (here, root) else { return Err(elsewhere()) };
    if !here.starts_with(&root) {
        return Err(elsewhere());
    }
    let below = here.ancestors().take_while(|folder| *folder != root);
    let names = ["config", "config.toml"].map(|name| Path::new(".cargo").join(name));
    let mut found = below.filter(|folder| names.iter().any(|name| folder.join(name).symlink_metadata().is_ok()));
    match found.next() {
        Some(folder) => Err(WordsUse::Configuration(Shown::path(&folder.join(".cargo")).to_string())),
        None => Ok(()),
    }
}
