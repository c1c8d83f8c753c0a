//! What those type who read code.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};

use super::{Format, QuestionArgs, release};
use crate::package::Purl;
use crate::statement::check::Finding;
use crate::statement::review::{Opinion, Relation, Thoroughness};
use crate::statement::withdrawal::Cause;
use crate::statement::word::Word;

#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes: 0 shown, 1 a directory that no verifier would take or, with --exit-code, directories that differ, 2 could not be told.

Each line of code has two signs before it: + new, - gone; then a space where the line stands as it is, ! where something in it would not be seen and is shown as an escape, ~ where it is cut.

Examples:
  countersign diff acme-2.1 acme-2.2
  countersign diff acme-2.1 acme-2.2 --stat
  countersign diff acme-2.1 acme-2.2 --all --format json")]
pub(crate) struct DiffArgs {
    /// The directory before.
    #[arg(value_name = "A")]
    pub(crate) from: PathBuf,
    /// The directory after.
    #[arg(value_name = "B")]
    pub(crate) to: PathBuf,
    /// Show names and numbers only.
    #[arg(long, conflicts_with = "all")]
    pub(crate) stat: bool,
    /// Show everything: also what is very long, or hardly text.
    #[arg(long)]
    pub(crate) all: bool,
    /// Exit with 1 where the directories differ.
    #[arg(long)]
    pub(crate) exit_code: bool,
    /// The directories are checkouts: leave out their top-level .git, and say so.
    #[arg(long)]
    pub(crate) worktree: bool,
    /// How the difference is printed; json is `diff/1`.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// Who says it, and where it is written.
#[derive(Debug, Args)]
pub(crate) struct SayArgs {
    /// The key to sign with, as gpg understands it. Otherwise git's global user.signingkey, otherwise gpg's default.
    #[arg(long, value_name = "FPR")]
    pub(crate) key: Option<String>,
    /// The store to write into; made where there is none. Otherwise the policy's first. Further ones are only searched.
    #[arg(long, value_name = "DIR")]
    pub(crate) store: Vec<PathBuf>,
    /// How the answer is printed.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
#[command(after_help = "\
A review of a change from what is vouched for already is preferred where it is less to read. It names only people whom your policy trusts already.

Examples:
  countersign suggest acme-2.1
  countersign suggest pkg:generic/acme@2.1=acme-2.1 pkg:generic/dynamite@1.0=dynamite-1.0 --store evidence")]
pub(crate) struct SuggestArgs {
    /// The packages: PURL=DIR, or a directory that has a manifest of its own.
    #[arg(value_name = "PACKAGE", required = true)]
    pub(crate) paths: Vec<String>,
    /// The policy. Otherwise a countersign.toml upwards from here (never in the package), the user's own, or first use.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Certificates: a file, armoured or binary, or a directory of such files. May be repeated.
    #[arg(long, value_name = "FILE")]
    pub(crate) keyring: Vec<PathBuf>,
    /// A store of evidence. May be repeated; the policy's stores and the package's own `.countersign/` are always read.
    #[arg(long, value_name = "DIR")]
    pub(crate) store: Vec<PathBuf>,
    /// How the answer is printed; json is `suggest/1`.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

impl SuggestArgs {
    /// The question about one of the packages.
    ///
    /// # Errors
    /// What stands before the last `=` is no package.
    pub(crate) fn question(&self, path: &str) -> Result<QuestionArgs, String> {
        let named = path.rsplit_once('=').filter(|_| path.starts_with("pkg:"));
        let package = named.map(|(package, _)| release(package)).transpose()?;
        Ok(QuestionArgs {
            path: Some(named.map_or(path, |(_, dir)| dir).into()),
            lockfile: None,
            package,
            policy: self.policy.clone(),
            keyring: self.keyring.clone(),
            signer: Vec::new(),
            signatures: 1,
            store: self.store.clone(),
            lock: None,
            fail_on: Vec::new(),
            at: None,
            format: self.format,
        })
    }
}

#[derive(Debug, Args)]
#[command(override_usage = "countersign review [OPTIONS] <PURL> [FROM] <TO>")]
#[command(after_help = "\
Without FROM the whole of TO is shown and reviewed. With FROM it is the change from there; such a review counts where what was there before is vouched for, too.

Examples:
  countersign review pkg:generic/acme@2.1 acme-2.1 --store evidence
  countersign review pkg:generic/acme@2.2 2.1=acme-2.1 acme-2.2 --store evidence
  countersign review pkg:generic/acme@2.2 2.1 acme-2.2 --store evidence --verdict approve --thoroughness high --yes")]
pub(crate) struct ReviewArgs {
    /// The package with TO's version: pkg:cargo/serde@1.0.229.
    #[arg(value_name = "PURL", value_parser = release)]
    pub(crate) package: Purl,
    /// FROM: VERSION=DIR, or a VERSION whose tree text a store has. TO: the directory of the package.
    #[arg(value_name = "TREE", num_args = 1..=2, required = true)]
    pub(crate) trees: Vec<OsString>,
    /// What you conclude, `approve` or `reject`. Otherwise you are asked once you have read.
    #[arg(long, value_name = "VERDICT")]
    pub(crate) verdict: Option<Opinion>,
    /// What you looked at it for. May be repeated.
    #[arg(long, value_name = "NAME", default_value = "safe-to-deploy", value_delimiter = ',')]
    pub(crate) criteria: Vec<Word>,
    /// How thorough you were: `low` (skimmed), `medium` (read) or `high` (understood).
    #[arg(long, value_name = "DEGREE", default_value = "medium")]
    pub(crate) thoroughness: Thoroughness,
    /// How you stand to its authors: `none`, `coauthor` or `employer`.
    #[arg(long, value_name = "RELATION", default_value = "none")]
    pub(crate) relation: Relation,
    /// What else you want to say.
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
    /// Show everything: also what is very long, or hardly text.
    #[arg(long)]
    pub(crate) all: bool,
    /// Do not ask, and show names and numbers only.
    #[arg(long, requires = "verdict")]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) say: SayArgs,
}

impl ReviewArgs {
    /// FROM, if there is one, and TO.
    pub(crate) fn trees(&self) -> (Option<&OsStr>, &Path) {
        match self.trees.as_slice() {
            [from, to, ..] => (Some(from), to.as_ref()),
            [to] => (None, to.as_ref()),
            [] => (None, "".as_ref()),
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum CheckCommand {
    /// Sign a tool's result about a package's tree.
    Record(CheckRecordArgs),
    /// Run a check of our own on a whole project, and sign its results.
    #[command(subcommand)]
    Run(RunCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum RunCommand {
    /// Sign, for each dependency, that its archive and its installed files are what the lockfile's checksum says.
    RegistryChecksum(CheckRunArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
What was said before with the same key, in one of the stores, is not signed again. Where any dependency is not what the lockfile says, nothing is signed and the exit code is 1. Such a check counts only for whoever has the same checksum in their own lockfile.

Examples:
  countersign check run registry-checksum --store evidence
  countersign check run registry-checksum --only serde --key 0123456789ABCDEF0123456789ABCDEF01234567 --store evidence --yes")]
pub(crate) struct CheckRunArgs {
    /// The project, known by its lockfile, or that lockfile.
    #[arg(value_name = "PROJECT", default_value = ".")]
    pub(crate) project: PathBuf,
    /// These packages alone: a name, or a pattern such as pkg:cargo/serde. May be repeated.
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Vec<String>,
    /// Do not ask.
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) say: SayArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  countersign check record pkg:generic/acme@2.1 acme-2.1 --name static-analysis --tool \"scanner 4.2\" --result pass --store evidence")]
pub(crate) struct CheckRecordArgs {
    /// The package with its version: pkg:cargo/serde@1.0.229.
    #[arg(value_name = "PURL", value_parser = release)]
    pub(crate) package: Purl,
    /// The directory that the tool looked at, exactly as users receive it.
    pub(crate) dir: PathBuf,
    /// What the check is called, as policies ask for it.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Word,
    /// The tool, with its version.
    #[arg(long, value_name = "TOOL", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) tool: String,
    /// How it came out: `pass` or `fail`.
    #[arg(long, value_name = "RESULT")]
    pub(crate) result: Finding,
    /// What else there is to say.
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
    #[command(flatten)]
    pub(crate) say: SayArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  countersign withdraw pkg:generic/acme@2.1 acme-2.1 --reason vulnerable --advisory CVE-2026-0001 --store evidence
  countersign withdraw pkg:generic/acme@2.1 acme-2.1 --reason key-compromise --note \"signed by the thief\" --store evidence --yes")]
pub(crate) struct WithdrawArgs {
    /// The package with its version: pkg:cargo/serde@1.0.229.
    #[arg(value_name = "PURL", value_parser = release)]
    pub(crate) package: Purl,
    /// Its directory: a tree is withdrawn, never a bare version.
    pub(crate) dir: PathBuf,
    /// Why: `malicious`, `vulnerable`, `broken`, `superseded` or `key-compromise`.
    #[arg(long, value_name = "REASON")]
    pub(crate) reason: Cause,
    /// Where more is told: an identifier or an address.
    #[arg(long, value_name = "TEXT")]
    pub(crate) advisory: Option<String>,
    /// What else there is to say.
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
    /// Do not ask.
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) say: SayArgs,
}
