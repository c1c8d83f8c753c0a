//! What `report`, `doctor`, `completions` and `man` take.

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use clap_complete::Shell;

use super::{Format, QuestionArgs};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  countersign report --html report.html
  countersign report acme-2.1 --html acme.html
  countersign report acme-2.1 --package pkg:generic/acme@2.1 --store evidence --html -
  countersign report --sarif countersign.sarif --html report.html
  countersign report --base ../merge-base --store evidence --sarif countersign.sarif")]
#[command(group = ArgGroup::new("pages").required(true).multiple(true))]
pub(crate) struct ReportArgs {
    #[command(flatten)]
    pub(crate) question: QuestionArgs,
    /// Where the page goes: one file that needs nothing else; `-` for standard output.
    #[arg(long, value_name = "FILE", group = "pages")]
    pub(crate) html: Option<PathBuf>,
    /// Where the reasons go as SARIF 2.1.0, for what shows them beside a change; `-` for standard output.
    #[arg(long, value_name = "FILE", group = "pages")]
    pub(crate) sarif: Option<PathBuf>,
    /// Judge by the policy, keyring and lock of this checkout, the merge base, and tell how those here differ.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["policy", "lock", "signer"])]
    pub(crate) base: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  countersign doctor
  countersign doctor --policy countersign.toml --format json

Exit codes: 0 nothing is broken, 1 something must be mended.")]
pub(crate) struct DoctorArgs {
    /// The policy to look at. Otherwise a countersign.toml upwards from here, or the user's own.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Certificates beside the policy's and the user's own. May be repeated.
    #[arg(long, value_name = "FILE")]
    pub(crate) keyring: Vec<PathBuf>,
    /// How the findings are printed.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  countersign completions bash
  countersign completions fish")]
pub(crate) struct CompletionsArgs {
    /// Which shell.
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  countersign man ~/.local/share/man/man1
  countersign man \"$DESTDIR/usr/share/man/man1\"")]
pub(crate) struct ManArgs {
    /// The directory, made where it is not there. Pages of an earlier version are replaced.
    pub(crate) dir: PathBuf,
}
