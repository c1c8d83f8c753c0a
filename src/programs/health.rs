//! What gpg and cards look like, for whoever wants to know before they need them. Nothing is signed and no PIN is asked.

use super::{ProgramError, Programs, command, run};
use crate::shown::Shown;

/// Whether there is a smartcard.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "GnuPG's CARDCTRL has these answers (doc/DETAILS)")]
pub enum CardSight {
    /// One with this serial number. Escaped.
    Card(String),
    /// None is inserted, or there is no reader.
    None,
    /// GnuPG's card support is missing.
    NoSupport,
}

impl Programs {
    /// gpg's version, as it tells machines (`cfg:version:`). Escaped.
    ///
    /// # Errors
    /// gpg is missing or cannot be run, or tells no version.
    pub fn gpg_version(&self) -> Result<String, ProgramError> {
        let mut gpg = self.gpg()?;
        gpg.args(["--with-colons", "--list-config", "version"]);
        let said = run(&mut gpg, "gpg")?;
        let lines = said.stdout.split(|byte| *byte == b'\n');
        let version = lines.filter_map(|line| line.strip_prefix(b"cfg:version:")).next();
        version
            .map(|version| Shown::new(version).to_string())
            .ok_or_else(|| ProgramError::Refused { stderr: Shown::new(said.stderr.trim_ascii()).to_string() })
    }

    /// Looks for a card.
    ///
    /// # Errors
    /// gpg is missing or cannot be run.
    pub fn look_for_card(&self) -> Result<CardSight, ProgramError> {
        let mut gpg = self.gpg()?;
        gpg.args(["--status-fd=1", "--with-colons", "--card-status"]);
        Ok(card(&run(&mut gpg, "gpg")?.stdout))
    }

    /// Whether git is there; without it, only its setting for a signing key is not read.
    ///
    /// # Errors
    /// It is there and cannot be run.
    pub fn has_git(&self) -> Result<bool, ProgramError> {
        let Some(git) = self.find("git") else { return Ok(false) };
        run(command(&git).arg("version"), "git").map(|said| said.status.success())
    }
}

/// Reads the status lines of `--card-status`.
fn card(status: &[u8]) -> CardSight {
    let lines = status.split(|byte| *byte == b'\n').filter_map(|line| line.strip_prefix(b"[GNUPG:] CARDCTRL "));
    let mut seen = CardSight::None;
    for line in lines {
        match line.split(|byte| *byte == b' ').collect::<Vec<_>>()[..] {
            [b"3", serial, ..] => return CardSight::Card(Shown::new(serial.trim_ascii()).to_string()),
            [b"6", ..] => seen = CardSight::NoSupport,
            _ => {}
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_are_told_apart_by_their_status_lines() {
        assert_eq!(card(b"[GNUPG:] CARDCTRL 3 D276\x1b00\nReader:x\n"), CardSight::Card("D276\\u{1b}00".into()));
        assert_eq!(card(b"[GNUPG:] CARDCTRL 4\nAID:::\n"), CardSight::None);
        assert_eq!(card(b"[GNUPG:] CARDCTRL 6\n"), CardSight::NoSupport);
        assert_eq!(card(b"CARDCTRL 3 AA\n"), CardSight::None);
    }
}
