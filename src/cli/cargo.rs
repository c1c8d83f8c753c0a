//! `cargo countersign …`: what cargo builds is verified first, and what it publishes is signed.

mod build;
mod publish;
mod words;

use std::ffi::OsString;
use std::io::Write;

use clap::Parser as _;

use super::args::{CargoArguments, CargoCommand};
use super::{Context, Edge, tell_usage};
pub(super) use publish::PublishUse;
pub(super) use words::WordsUse;

/// Runs one command of `cargo countersign`. Gives the exit code: those of `countersign`, or cargo's own.
pub fn run_for_cargo(
    arguments: impl IntoIterator<Item = OsString>,
    edge: &Edge,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> u8 {
    match CargoArguments::try_parse_from(without_own_name(arguments)) {
        Ok(arguments) => {
            super::finish(super::context(edge).and_then(|context| dispatch(arguments.command, &context, out, err)), err)
        }
        Err(told) => tell_usage(&told, out, err),
    }
}

fn dispatch(
    command: CargoCommand,
    context: &Context<'_>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> anyhow::Result<u8> {
    match command {
        CargoCommand::Verify(arguments) => super::verify::run(arguments, context, out),
        CargoCommand::Build(arguments) => build::run("build", &arguments.words, context, out, err),
        CargoCommand::Check(arguments) => build::run("check", &arguments.words, context, out, err),
        CargoCommand::Test(arguments) => build::run("test", &arguments.words, context, out, err),
        CargoCommand::Publish(arguments) => publish::run(&arguments, context, out, err),
    }
}

/// Cargo gives a program for a subcommand the subcommand's name as its first word.
fn without_own_name(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<_> = arguments.into_iter().collect();
    if arguments.get(1).is_some_and(|word| word == "countersign") {
        arguments.remove(1);
    }
    arguments
}
