//! What `verify` and `accept` take.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::{Format, fingerprint, release};
use crate::fingerprint::Fingerprint;
use crate::lock::Basis;
use crate::package::Purl;
use crate::reason::Code;
use crate::time::Timestamp;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  countersign verify
  countersign verify --fail-on unsigned,first-use --quiet
  countersign verify --only serde --only 'pkg:cargo/tokio' -v
  countersign verify acme-2.1
  countersign verify acme-2.1 --store evidence --package pkg:generic/acme@2.1 --policy countersign.toml --locked
  countersign verify acme-2.1 --package pkg:generic/acme@2.1 --keyring acme.asc --signer 0123456789ABCDEF0123456789ABCDEF01234567
  countersign verify acme-2.1 --store evidence --package pkg:generic/acme@2.1 --keyring keys --signer FPR1 --signer FPR2 --signatures 2")]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    pub(crate) question: QuestionArgs,
    /// Could not tell (2) where the lock is missing, or accepting this would change it.
    #[arg(long, conflicts_with_all = ["signer", "at"])]
    pub(crate) locked: bool,
    #[command(flatten)]
    pub(crate) rows: RowsArgs,
    /// Judge by the policy, keyring and lock of this checkout, the merge base, and tell how those here differ.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["policy", "lock", "signer"])]
    pub(crate) base: Option<PathBuf>,
}

/// Which packages of a project are looked at, and how much is shown of them.
#[derive(Debug, Args)]
pub(crate) struct RowsArgs {
    /// Look at these packages of the project alone: a name, or a pattern such as pkg:cargo/serde. May be repeated.
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Vec<String>,
    /// Look at those packages of the project alone that are not remembered in this version.
    #[arg(long, conflicts_with = "locked")]
    pub(crate) changed: bool,
    /// Of a project, show every package, with all that is known of it.
    #[arg(long, short)]
    pub(crate) verbose: bool,
    /// Of a project, show the first line alone.
    #[arg(long, short, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  countersign accept
  countersign accept acme-2.1
  countersign accept acme-2.1 --package pkg:generic/acme@2.1 --store evidence --yes
  countersign accept acme-2.1 --override author-changed --fingerprint 0123456789ABCDEF0123456789ABCDEF01234567 --reason \"handed over, told me by phone\"")]
pub(crate) struct AcceptArgs {
    #[command(flatten)]
    pub(crate) question: QuestionArgs,
    /// Lead this package, and no other, through this alarm; it is recorded and shown.
    #[arg(long = "override", value_name = "CODE", value_parser = alarm, requires_all = ["fingerprint", "reason"])]
    pub(crate) code: Option<Code>,
    /// Whom the alarm is about: the new author; for a downgrade, the old one.
    #[arg(long, value_name = "FPR", value_parser = fingerprint, requires = "code")]
    pub(crate) fingerprint: Option<Fingerprint>,
    /// Why, for whoever reads the lock later.
    #[arg(long, value_name = "TEXT", requires = "code")]
    pub(crate) reason: Option<String>,
    /// Do not ask.
    #[arg(long)]
    pub(crate) yes: bool,
    // Options of `verify` that are refused with a reason of their own.
    #[arg(long, hide = true, value_name = "DIR")]
    pub(crate) base: Option<PathBuf>,
    #[arg(long, hide = true)]
    pub(crate) locked: bool,
}

/// What is asked, and by what it is judged.
#[derive(Debug, Args)]
pub(crate) struct QuestionArgs {
    /// A project, known by its lockfile, or that lockfile, where there are several; otherwise the project here. Or the directory
    /// of one package, which --package, --signer, or a manifest inside makes it.
    #[arg(value_name = "PATH")]
    pub(crate) path: Option<PathBuf>,
    /// The name of the lockfile, where PATH named one; then PATH is its folder.
    #[arg(skip)]
    pub(crate) lockfile: Option<OsString>,
    /// The package that this should be, with its version: pkg:cargo/serde@1.0.229.
    #[arg(long, value_name = "PURL", value_parser = release)]
    pub(crate) package: Option<Purl>,
    /// The policy. Otherwise a countersign.toml upwards from here (never in the package), the user's own, or first use.
    #[arg(long, value_name = "FILE", conflicts_with = "signer")]
    pub(crate) policy: Option<PathBuf>,
    /// Certificates: a file, armoured or binary, or a directory of such files. May be repeated.
    #[arg(long, value_name = "FILE")]
    pub(crate) keyring: Vec<PathBuf>,
    /// A policy of just this signer, by the primary key's fingerprint; it reads no lock and no state. May be repeated.
    #[arg(long, value_name = "FPR", value_parser = fingerprint)]
    pub(crate) signer: Vec<Fingerprint>,
    /// How many different signers are needed.
    #[arg(long, value_name = "N", default_value_t = 1, requires = "signer")]
    pub(crate) signatures: usize,
    /// A store of evidence. May be repeated; the package's own `.countersign/` is always read.
    #[arg(long, value_name = "DIR")]
    pub(crate) store: Vec<PathBuf>,
    /// Where memory is; if it is not there yet, this is first contact. Otherwise countersign.lock, found as the policy is.
    #[arg(long, value_name = "FILE", conflicts_with = "signer")]
    pub(crate) lock: Option<PathBuf>,
    /// Refuse what rests on no more than this, though the policy lets it through.
    #[arg(long, value_name = "BASIS", value_enum, value_delimiter = ',')]
    pub(crate) fail_on: Vec<FailOn>,
    /// The moment that the verdict speaks of: RFC 3339, a date, or @ and seconds since 1970.
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<Timestamp>,
    /// How the verdict is printed.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

impl QuestionArgs {
    /// The directory that was named; empty for the one here.
    pub(crate) fn dir(&self) -> &Path {
        self.path.as_deref().unwrap_or_else(|| Path::new(""))
    }

    /// What is refused beside what the policy refuses.
    pub(crate) fn refused(&self) -> Vec<Basis> {
        let basis = |fail: &FailOn| match fail {
            FailOn::Unsigned => Basis::Unsigned,
            FailOn::FirstUse => Basis::FirstUse,
        };
        self.fail_on.iter().map(basis).collect()
    }
}

/// A basis that can be refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// Nobody vouched for it.
    Unsigned,
    /// Nobody but its own first author did.
    FirstUse,
}

/// An alarm that `accept --override` leads through.
fn alarm(text: &str) -> Result<Code, String> {
    let known = ALARMS.iter().copied().find(|code| code.as_str() == text);
    known.ok_or_else(|| {
        let names: Vec<_> = ALARMS.iter().map(|code| code.as_str()).collect();
        format!("no alarm that can be overridden; those are {}", names.join(", "))
    })
}

/// Only these. Other bytes than were signed, and a signature by somebody who is revoked or distrusted, have no way through;
/// `signer-denied` is for what rests on a pin that distrust made void.
const ALARMS: &[Code] = &[
    Code::AuthorChanged,
    Code::AuthorContested,
    Code::Rollback,
    Code::Downgrade,
    Code::Equivocation,
    Code::SourceChanged,
    Code::SignerDenied,
];
