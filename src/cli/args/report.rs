//! What `report` and `completions` take.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

use super::QuestionArgs;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  countersign report acme-2.1 --html acme.html
  countersign report acme-2.1 --package pkg:generic/acme@2.1 --store evidence --html -")]
pub(crate) struct ReportArgs {
    #[command(flatten)]
    pub(crate) question: QuestionArgs,
    /// Where the page goes: one file that needs nothing else; `-` for standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: PathBuf,
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
