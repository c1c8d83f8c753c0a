//! `countersign policy`: write a policy, check it, ask it.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use super::{Format, package};
use crate::package::Purl;
use crate::time::Timestamp;

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Tell everything that is wrong with a policy, each by its line and column.
    #[command(after_help = "\
Examples:
  countersign policy check
  countersign policy check countersign.toml
  countersign policy check countersign.toml --keyring keys --format json")]
    Check {
        /// The policy; where none is named, the one that holds here.
        file: Option<PathBuf>,
        /// Certificates: a file, armoured or binary, or a directory of such files. May be repeated.
        #[arg(long, value_name = "FILE")]
        keyring: Vec<PathBuf>,
        /// The moment at which exemptions have run out or not.
        #[arg(long, value_name = "TIME")]
        at: Option<Timestamp>,
        /// How the answer is printed.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Say which rule decides on a package, and what it asks.
    #[command(after_help = "\
Examples:
  countersign policy explain pkg:cargo/serde
  countersign policy explain pkg:generic/acme@2.1 --policy countersign.toml")]
    Explain {
        /// The package, with or without a version.
        #[arg(value_name = "PURL", value_parser = package)]
        package: Purl,
        /// The policy; where none is named, the one that holds here.
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
        /// Certificates: a file, armoured or binary, or a directory of such files. May be repeated.
        #[arg(long, value_name = "FILE")]
        keyring: Vec<PathBuf>,
        /// How the answer is printed.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Write a policy to start from. Nothing is ever overwritten.
    #[command(after_help = "\
Examples:
  countersign policy init
  countersign policy init --template team
  countersign policy init --template registry policy.toml")]
    Init {
        /// The file to write.
        #[arg(default_value = "countersign.toml")]
        file: PathBuf,
        /// What it is for.
        #[arg(long, value_enum, default_value_t)]
        template: TemplateName,
        /// How the outcome is printed.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
}

/// A policy to start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum TemplateName {
    /// One user: remember first authors, accept unsigned packages as such.
    #[default]
    Alone,
    /// A team that signs its own packages by two.
    Team,
    /// A ring of people who certified each other.
    DebianLike,
    /// A registry that grants its authors the role for single packages.
    Registry,
    /// Getting started: some packages must be signed, the rest must not get worse.
    Adoption,
    /// A team of which two read what others wrote, beside a bot's analysis.
    Reviewed,
}
