//! `countersign certify`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::{Format, fingerprint};
use crate::fingerprint::Fingerprint;
use crate::grant::{Amount, Depth, Role};
use crate::pattern::Pattern;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  countersign certify 0123456789ABCDEF0123456789ABCDEF01234567 --user-id 'alice <alice@example.org>'
  countersign certify 0123456789ABCDEF0123456789ABCDEF01234567 --user-id 'alice <alice@example.org>' --role author --scope pkg:cargo/serde --expires 1y
  countersign certify 0123456789ABCDEF0123456789ABCDEF01234567 --user-id 'alice <alice@example.org>' --depth 1 --amount 60 --scope 'pkg:julia/*'
  countersign certify --revoke 0123456789ABCDEF0123456789ABCDEF01234567 --user-id 'alice <alice@example.org>'")]
pub(crate) struct CertifyArgs {
    /// The certificate, which must be in the keyring.
    #[arg(value_name = "FPR", value_parser = fingerprint)]
    pub(crate) fingerprint: Fingerprint,
    /// A user ID that is certified, exactly as it is written. May be repeated; no other is certified.
    #[arg(long, value_name = "UID", required = true)]
    pub(crate) user_id: Vec<String>,
    /// What its owner may do for the packages in the scope: author, reviewer, checker. May be repeated.
    #[arg(long, value_name = "ROLE")]
    pub(crate) role: Vec<Role>,
    /// For which packages: a name, `pkg:npm/%40scope/*`, `pkg:julia/*`, or `*`. May be repeated.
    #[arg(long, value_name = "PATTERN")]
    pub(crate) scope: Vec<Pattern>,
    /// To how many hops its owner's own certifications are relied on; 0 is a plain certification.
    #[arg(long, value_name = "N", default_value = "0")]
    pub(crate) depth: Depth,
    /// How much they are relied on: 120, or 60 from depth 1 on (gpg knows no others).
    #[arg(long, value_name = "A", default_value = "120")]
    pub(crate) amount: Amount,
    /// How long it holds: so many days, weeks, months or years (90d, 6w, 3m, 1y). For ever without.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) expires: Option<Duration>,
    /// For your own use: it is not exported.
    #[arg(long)]
    pub(crate) local: bool,
    /// Take back what you said of these user IDs.
    #[arg(long, conflicts_with_all = ["role", "scope", "depth", "amount", "expires", "local"])]
    pub(crate) revoke: bool,
    /// The key to certify with, as gpg understands it. Otherwise git's global user.signingkey, otherwise gpg's default.
    #[arg(long, value_name = "FPR")]
    pub(crate) key: Option<String>,
    /// The keyring, a directory, that has the certificate and gets the certification; the user's own where none is named.
    #[arg(long, value_name = "DIR")]
    pub(crate) keyring: Option<PathBuf>,
    /// Do not ask.
    #[arg(long)]
    pub(crate) yes: bool,
    /// How the outcome is printed.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// A number and a letter, as gpg counts: a month has 30 days and a year 365.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "write so many days, weeks, months or years: 90d, 6w, 3m, 1y".to_owned();
    let (number, days) = ["d", "w", "m", "y"]
        .iter()
        .zip([1, 7, 30, 365])
        .find_map(|(unit, days)| Some((text.strip_suffix(unit)?, days)))
        .ok_or_else(wrong)?;
    let number: u64 = number.parse().ok().filter(|_| number.bytes().all(|b| b.is_ascii_digit())).ok_or_else(wrong)?;
    let seconds = number.saturating_mul(days).saturating_mul(24 * 60 * 60);
    // OpenPGP counts the seconds in 32 bits, and ends in 2106.
    if seconds == 0 || seconds > 50 * 365 * 24 * 60 * 60 { Err(wrong()) } else { Ok(Duration::from_secs(seconds)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_a_number_and_a_letter() {
        assert_eq!(duration("1y"), Ok(Duration::from_secs(31_536_000)));
        assert_eq!(duration("2w"), Ok(Duration::from_secs(1_209_600)));
        for text in ["", "1", "y", "0d", "-1d", "+1d", "1.5y", "1 y", "51y", "99999999999999999999y"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
