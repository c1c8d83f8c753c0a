//! What `init` takes.

use std::path::PathBuf;

use clap::Args;

use super::Format;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  countersign init
  countersign init --evidence ../acme-evidence --yes
  countersign init --remove")]
pub(crate) struct InitArgs {
    /// The project, otherwise the one here.
    #[arg(default_value = ".")]
    pub(crate) dir: PathBuf,
    /// The store that evidence goes to, written from the project's folder; otherwise a folder beside it.
    #[arg(long, value_name = "DIR")]
    pub(crate) evidence: Option<String>,
    /// Remove what was written here, as far as nobody changed it.
    #[arg(long, conflicts_with = "evidence")]
    pub(crate) remove: bool,
    /// Do not ask.
    #[arg(long)]
    pub(crate) yes: bool,
    /// How the outcome is printed.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}
