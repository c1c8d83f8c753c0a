//! `countersign keyring`: look at certificates, and bring them together.

use std::path::PathBuf;

use clap::Subcommand;

use super::{Format, fingerprint};
use crate::fingerprint::Fingerprint;
use crate::time::Timestamp;

#[derive(Debug, Subcommand)]
pub(crate) enum KeyringCommand {
    /// Bring certificates into a keyring. They are merged, never overwritten, and nothing is trusted by that alone.
    #[command(after_help = "\
Examples:
  countersign keyring import alice.asc bob.pgp
  countersign keyring import --gpg
  countersign keyring import --gpg 0123456789ABCDEF0123456789ABCDEF01234567 --keyring keyrings
  countersign keyring import --cert-d")]
    Import {
        /// Certificates: files, armoured or binary, or directories of such files.
        #[arg(value_name = "FILE", required_unless_present_any = ["gpg", "cert_d"])]
        files: Vec<PathBuf>,
        /// Take certificates from GnuPG: those named by fingerprint, or all.
        #[arg(long, value_name = "FPR", num_args = 0.., value_parser = fingerprint, conflicts_with_all = ["files", "cert_d"])]
        gpg: Option<Vec<Fingerprint>>,
        /// Take certificates from a shared pgp.cert.d directory; the user's own where none is named.
        #[arg(long, value_name = "DIR", num_args = 0..=1, conflicts_with = "files")]
        cert_d: Option<Option<PathBuf>>,
        /// The keyring to write into, a directory; the user's own where none is named.
        #[arg(long, value_name = "DIR")]
        keyring: Option<PathBuf>,
        /// Keep certifications that are marked as not for others, as from a keyring of your own. --gpg always does.
        #[arg(long)]
        local: bool,
        /// How the outcome is printed.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Show each certificate: fingerprint, user IDs, algorithm, validity, and why it cannot be used.
    #[command(after_help = "\
Examples:
  countersign keyring list --keyring acme.asc
  countersign keyring list --keyring keys --at 2026-01-01")]
    List {
        /// Certificates: a file, armoured or binary, or a directory of such files; the user's own keyring where none is
        /// named. May be repeated.
        #[arg(long, value_name = "FILE")]
        keyring: Vec<PathBuf>,
        /// The moment at which validity is told.
        #[arg(long, value_name = "TIME")]
        at: Option<Timestamp>,
        /// How the list is printed.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Show everything about one certificate: its keys, its user IDs, and what others in the keyring say of them.
    #[command(after_help = "\
Examples:
  countersign keyring show 0123456789ABCDEF0123456789ABCDEF01234567
  countersign keyring show 0123456789ABCDEF0123456789ABCDEF01234567 --keyring keyrings --format json")]
    Show {
        /// The certificate.
        #[arg(value_name = "FPR", value_parser = fingerprint)]
        fingerprint: Fingerprint,
        /// Certificates, as for `list`.
        #[arg(long, value_name = "FILE")]
        keyring: Vec<PathBuf>,
        /// The moment at which validity is told.
        #[arg(long, value_name = "TIME")]
        at: Option<Timestamp>,
        /// How it is printed.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Print certificates in ASCII armour, for others: what is marked as not for others stays behind.
    #[command(after_help = "\
Examples:
  countersign keyring export 0123456789ABCDEF0123456789ABCDEF01234567 > alice.asc")]
    Export {
        /// The certificates.
        #[arg(value_name = "FPR", required = true, value_parser = fingerprint)]
        fingerprints: Vec<Fingerprint>,
        /// Certificates, as for `list`.
        #[arg(long, value_name = "FILE")]
        keyring: Vec<PathBuf>,
        /// How they are printed.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Merge keyrings into one. Nothing of any of them is lost.
    #[command(after_help = "\
Examples:
  countersign keyring merge alices-keyring bobs-keyring.pgp --into keyrings")]
    Merge {
        /// Keyrings: files or directories.
        #[arg(value_name = "FROM", required = true)]
        from: Vec<PathBuf>,
        /// The keyring to write into, a directory.
        #[arg(long, value_name = "DIR")]
        into: PathBuf,
        /// Keep certifications that are marked as not for others.
        #[arg(long)]
        local: bool,
        /// How the outcome is printed.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
}
