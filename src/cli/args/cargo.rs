//! What `cargo countersign …` takes.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::{LONG_VERSION, VerifyArgs, fingerprint, release};
use crate::fingerprint::Fingerprint;
use crate::package::Purl;

/// Verifies what a project builds on before cargo builds it, and signs what cargo publishes.
#[derive(Debug, Parser)]
#[command(name = "cargo-countersign", bin_name = "cargo countersign", version, long_version = LONG_VERSION.as_str())]
#[command(
    after_help = "Exit codes: 0 accepted and done, 1 rejected, 2 could not tell or was used wrongly; else those of cargo."
)]
pub(crate) struct CargoArguments {
    #[command(subcommand)]
    pub(crate) command: CargoCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CargoCommand {
    /// Should this machine accept what this project builds on, and why? The same as `countersign verify`.
    Verify(VerifyArgs),
    /// Verify the project, and build it only if all of it is accepted.
    #[command(after_help = "\
Examples:
  cargo countersign build
  cargo countersign build --release --features fast")]
    Build(BuildArgs),
    /// Verify the project, and have cargo check it only if all of it is accepted.
    #[command(after_help = "\
Examples:
  cargo countersign check --all-targets")]
    Check(BuildArgs),
    /// Verify the project, and test it only if all of it is accepted.
    #[command(after_help = "\
Examples:
  cargo countersign test
  cargo countersign test -- --nocapture")]
    Test(BuildArgs),
    /// Package a crate, show what changed since its last release, sign what packaging made, and publish it.
    Publish(PublishArgs),
}

/// What goes on to cargo.
#[derive(Debug, Args)]
pub(crate) struct BuildArgs {
    /// What cargo is to be told. It also gets --locked and --offline, so that it builds what was verified and nothing else.
    #[arg(value_name = "ARGS", trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) words: Vec<OsString>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo countersign publish --first
  cargo countersign publish --yes --locked
  cargo countersign publish --store ../evidence -p acme --dry-run")]
pub(crate) struct PublishArgs {
    /// The store that the evidence goes to. Otherwise the one that countersign-author.toml names, or the policy.
    #[arg(long, value_name = "DIR")]
    pub(crate) store: Vec<PathBuf>,
    /// The key to sign with, as gpg understands it. Otherwise git's global user.signingkey, otherwise gpg's default.
    #[arg(long, value_name = "FPR")]
    pub(crate) key: Option<String>,
    /// A co-author, who signs the same manifest; beside those of countersign-author.toml. May be repeated.
    #[arg(long, value_name = "FPR", value_parser = fingerprint)]
    pub(crate) author: Vec<Fingerprint>,
    /// The crate as it is called where it is published, if that is another registry:
    /// pkg:cargo/acme@1.0.0?repository_url=...
    #[arg(long, value_name = "PURL", value_parser = release)]
    pub(crate) purl: Option<Purl>,
    /// There is no earlier release.
    #[arg(long)]
    pub(crate) first: bool,
    /// Do not ask.
    #[arg(long)]
    pub(crate) yes: bool,
    /// What cargo is to be told, from the first word on that is none of these.
    #[arg(value_name = "ARGS", trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) words: Vec<OsString>,
}
