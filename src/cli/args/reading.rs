//! What those type who read code.

use std::path::PathBuf;

use clap::Args;

use super::Format;

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
