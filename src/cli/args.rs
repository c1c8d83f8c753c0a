//! What can be typed: clap structs only.

mod audit;
mod cargo;
mod certify;
mod explain;
mod init;
mod keyring;
mod policy;
mod reading;
mod report;
mod verify;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::fingerprint::Fingerprint;
use crate::package::{Purl, PurlError};
use crate::reason::Code;
pub(crate) use audit::AuditArgs;
pub(crate) use cargo::{CargoArguments, CargoCommand, PublishArgs};
pub(crate) use certify::CertifyArgs;
pub(crate) use explain::ExplainArgs;
pub(crate) use init::InitArgs;
pub(crate) use keyring::KeyringCommand;
pub(crate) use policy::{PolicyCommand, TemplateName};
pub(crate) use reading::{
    CheckCommand, CheckRecordArgs, CheckRunArgs, DiffArgs, ReviewArgs, RunCommand, SayArgs, SuggestArgs, WithdrawArgs,
};
pub(crate) use report::{CompletionsArgs, DoctorArgs, ManArgs, ReportArgs};
pub(crate) use verify::{AcceptArgs, QuestionArgs, RowsArgs, VerifyArgs};

pub(crate) mod trust;

/// Decides, before third-party code runs, whether this machine should accept it, and says why.
#[derive(Debug, Parser)]
#[command(name = "countersign", version, long_version = LONG_VERSION.as_str(), propagate_version = false)]
#[command(after_help = "Exit codes: 0 accepted or done, 1 rejected, 2 could not tell or was used wrongly.")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The version with the name of the crypto backend.
static LONG_VERSION: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
    format!("{} (crypto backend: {})", env!("CARGO_PKG_VERSION"), crate::openpgp::backend())
});

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Should this machine accept what this project builds on, or this directory as this package, and why?
    Verify(VerifyArgs),
    /// Verify, and remember what was accepted.
    Accept(AcceptArgs),
    /// Verify, and write a page to look at.
    Report(ReportArgs),
    /// Measure a release, show what changed since the last one, write and sign its manifest.
    Sign(SignArgs),
    /// Set a project up for its authors: a policy, where evidence goes, a hook that signs what is tagged; or take that away.
    Init(InitArgs),
    /// Show the difference of two directories, with what other tools hide.
    Diff(DiffArgs),
    /// Show a package's code, or how it changed, and sign what you think of it.
    Review(ReviewArgs),
    /// Sign what tools found.
    #[command(subcommand)]
    Check(CheckCommand),
    /// Say no to a release, so that nobody who believes you accepts it.
    Withdraw(WithdrawArgs),
    /// What to read next: the smallest readings that would make the most packages acceptable.
    Suggest(SuggestArgs),
    /// What a certificate touched, and which verdicts fall without it.
    Audit(AuditArgs),
    /// Print the tree text of a directory: one line a file, with its size and SHA-256.
    Tree(TreeArgs),
    /// Bring evidence together, list it, check it.
    #[command(subcommand)]
    Store(StoreCommand),
    /// Bring certificates together, and look at them.
    #[command(subcommand)]
    Keyring(KeyringCommand),
    /// Who is trusted, along which paths, and why or why not.
    #[command(subcommand)]
    Trust(trust::TrustCommand),
    /// Write a policy, check it, and ask what it says of a package.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Say through gpg that a certificate belongs to its user IDs, and what its owner may do.
    Certify(CertifyArgs),
    /// What is wrong with the set-up here: gpg, keys and cards, keyring, policy, memory, clock.
    Doctor(DoctorArgs),
    /// What a reason code means, and what to do about it.
    Explain(ExplainArgs),
    /// Print what makes a shell complete these commands.
    Completions(CompletionsArgs),
    /// Write the manual pages of both programs into a directory.
    Man(ManArgs),
}

/// How the answer is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs: `report/1`.
    Json,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  countersign sign acme-2.1 --package pkg:generic/acme@2.1 --first
  countersign sign acme-2.2 --package pkg:generic/acme@2.2 --store evidence --yes
  countersign sign --archive target/package/acme-2.2.0.crate --store ../evidence
  countersign sign --git v2.2.0 --store ../evidence
  countersign sign acme-2.3 --package pkg:generic/acme@2.3 --author 0123456789ABCDEF0123456789ABCDEF01234567 --previous acme-2.2/.countersign/manifest.toml")]
pub(crate) struct SignArgs {
    /// The directory of the package, exactly as users will receive it; or a .crate archive.
    #[arg(required_unless_present_any = ["archive", "git"])]
    pub(crate) dir: Option<PathBuf>,
    /// Sign what this .crate archive holds, as `cargo package` made it. Nothing is unpacked; the evidence goes into --store.
    #[arg(long, value_name = "FILE", conflicts_with = "dir")]
    pub(crate) archive: Option<PathBuf>,
    /// Sign the tree of this revision in the repository of DIR or here: a tag, a branch or a commit, read from git's objects
    /// without a checkout; behind a colon may stand a directory. It is taken as it is stored, so .gitattributes do not apply.
    #[arg(long, value_name = "REV", conflicts_with = "archive")]
    pub(crate) git: Option<String>,
    /// The tag as which the revision is published, where REV does not say it: it must have the version that a Julia package's own
    /// manifest has.
    #[arg(long, value_name = "TAG", requires = "git")]
    pub(crate) tag: Option<String>,
    /// The package with its version: pkg:cargo/serde@1.0.229. An archive says it itself, and so does a Julia package's commit.
    #[arg(long, value_name = "PURL", value_parser = release)]
    pub(crate) package: Option<Purl>,
    /// The key to sign with, as gpg understands it. Otherwise git's global user.signingkey, otherwise gpg's default.
    #[arg(long, value_name = "FPR")]
    pub(crate) key: Option<String>,
    /// A co-author, who signs the same manifest with the same command. May be repeated.
    #[arg(long, value_name = "FPR", value_parser = fingerprint)]
    pub(crate) author: Vec<Fingerprint>,
    /// Write into this store and leave the package untouched. Further stores are only searched for the last release.
    #[arg(long, value_name = "DIR")]
    pub(crate) store: Vec<PathBuf>,
    /// The manifest of the release that this one follows.
    #[arg(long, value_name = "FILE", conflicts_with = "first")]
    pub(crate) previous: Vec<PathBuf>,
    /// There is no earlier release.
    #[arg(long)]
    pub(crate) first: bool,
    /// Let the tree have symbolic links to files and directories of its own; who verifies it needs a policy that allows that.
    #[arg(long)]
    pub(crate) contained_symlinks: bool,
    /// Where the code comes from: the address of its repository.
    #[arg(long, value_name = "URL")]
    pub(crate) repository: Option<String>,
    /// The revision in that repository; with --git it is known.
    #[arg(long, value_name = "REVISION", requires = "repository")]
    pub(crate) commit: Option<String>,
    /// Do not ask.
    #[arg(long)]
    pub(crate) yes: bool,
    /// How a refusal is printed.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  countersign tree acme-2.1
  countersign tree acme-2.1 --digest
  countersign tree . --worktree --format json")]
pub(crate) struct TreeArgs {
    /// The directory to measure.
    pub(crate) dir: PathBuf,
    /// Print the digest of the tree text only.
    #[arg(long, conflicts_with = "format")]
    pub(crate) digest: bool,
    /// The directory is a checkout: leave out its top-level .git, and say so.
    #[arg(long)]
    pub(crate) worktree: bool,
    /// Let the tree have symbolic links to files and directories of its own.
    #[arg(long)]
    pub(crate) contained_symlinks: bool,
    /// How the tree is printed.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Bring the evidence of FROM (a store, or a package's directory) into the store TO. Nothing is ever overwritten.
    #[command(after_help = "\
Examples:
  countersign store add acme-2.1 evidence
  countersign store add downloaded-evidence evidence")]
    Add {
        /// A store, or a directory with a `.countersign/` folder.
        from: PathBuf,
        /// The store to add to; made where there is none.
        to: PathBuf,
        /// How the outcome is printed.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// List the statements in a store. What it says of them proves nothing until `verify` has checked it.
    #[command(after_help = "\
Examples:
  countersign store list evidence
  countersign store list evidence --package pkg:generic/acme --format json")]
    List {
        /// The store.
        store: PathBuf,
        /// Only statements about this package, with or without a version.
        #[arg(long, value_name = "PURL", value_parser = package)]
        package: Option<Purl>,
        /// How the list is printed.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Recompute every name in a store; exit code 1 where something does not belong.
    #[command(after_help = "\
Examples:
  countersign store check evidence")]
    Check {
        /// The store.
        store: PathBuf,
        /// How the outcome is printed.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
}

/// A fingerprint as people type it; the reason code stands in the message, as everywhere.
pub(crate) fn fingerprint(text: &str) -> Result<Fingerprint, String> {
    Fingerprint::typed(text).map_err(|why| format!("{why} [{}]", Code::PolicyKeyId))
}

/// A package with its version.
fn release(text: &str) -> Result<Purl, String> {
    let purl = package(text)?;
    match purl.version() {
        Some(_) => Ok(purl),
        None => Err(format!("name the version too: {purl}@1.2.3 [{}]", Code::PackageId)),
    }
}

/// A package with or without a version.
fn package(text: &str) -> Result<Purl, String> {
    text.parse().map_err(|why: PurlError| format!("{why} [{}]", Code::PackageId))
}
