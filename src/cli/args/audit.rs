//! What `audit` takes.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::verify::FailOn;
use super::{Format, QuestionArgs, release};
use crate::package::Purl;
use crate::time::Timestamp;

#[derive(Debug, Args)]
#[command(
    override_usage = "countersign audit [OPTIONS] <FPR> [PATH]...\n       countersign audit [OPTIONS] --one-key [PATH]..."
)]
#[command(after_help = "\
With a fingerprint, each package is judged twice: as it is, and as if you distrusted the certificate. With --one-key, each key is supposed to be a thief's, who publishes a new release, and makes and certifies as many new certificates as they like; docs/threats.md has it at length. Nothing is written.

Exit codes: 0 no verdict rests on it alone (no single key is enough), 1 some fall or get weaker without it (for some package one is), 2 it could not be told.

Examples:
  countersign audit 0123456789ABCDEF0123456789ABCDEF01234567
  countersign audit 0123456789ABCDEF0123456789ABCDEF01234567 website service --format json
  countersign audit 0123456789ABCDEF0123456789ABCDEF01234567 acme-2.1 --package pkg:generic/acme@2.1 --store evidence
  countersign audit --one-key
  countersign audit --one-key acme-2.1 --package pkg:generic/acme@2.1 --format json")]
pub(crate) struct AuditArgs {
    /// FPR: the primary key's fingerprint. PATH: projects, known by their lockfiles, otherwise the one here; or the
    /// directory of one package, which --package or a manifest inside makes it.
    #[arg(value_name = "FPR", required_unless_present = "one_key")]
    pub(crate) words: Vec<OsString>,
    /// Tell for each package which single keys would suffice to get a bad release of it accepted.
    #[arg(long)]
    pub(crate) one_key: bool,
    /// The package that the one directory should be, with its version: pkg:cargo/serde@1.0.229.
    #[arg(long, value_name = "PURL", value_parser = release)]
    pub(crate) package: Option<Purl>,
    /// The policy. Otherwise a countersign.toml, found as `verify` does, the user's own, or first use.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Certificates: a file, armoured or binary, or a directory of such files. May be repeated.
    #[arg(long, value_name = "FILE")]
    pub(crate) keyring: Vec<PathBuf>,
    /// A store of evidence. May be repeated; the policy's stores and each package's own `.countersign/` are always read.
    #[arg(long, value_name = "DIR")]
    pub(crate) store: Vec<PathBuf>,
    /// Where memory is. Otherwise countersign.lock, found as the policy is.
    #[arg(long, value_name = "FILE")]
    pub(crate) lock: Option<PathBuf>,
    /// Refuse what rests on no more than this, though the policy lets it through.
    #[arg(long, value_name = "BASIS", value_enum, value_delimiter = ',')]
    pub(crate) fail_on: Vec<FailOn>,
    /// The moment that the verdicts speak of: RFC 3339, a date, or @ and seconds since 1970.
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<Timestamp>,
    /// How the answer is printed; json is `audit/1`, or `one-key/1`.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

impl AuditArgs {
    /// The question about what was named by a path; none for the project here.
    pub(crate) fn question(&self, path: Option<PathBuf>) -> QuestionArgs {
        QuestionArgs {
            path,
            lockfile: None,
            package: self.package.clone(),
            policy: self.policy.clone(),
            keyring: self.keyring.clone(),
            signer: Vec::new(),
            signatures: 1,
            store: self.store.clone(),
            lock: self.lock.clone(),
            fail_on: self.fail_on.clone(),
            at: self.at,
            format: self.format,
        }
    }
}
