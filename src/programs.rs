//! The only file, with its folder, that starts programs: gpg, git for one global setting, the user's pager, and cargo where
//! the user typed a command of cargo.
//!
//! A program is found in the absolute folders of the user's `PATH`; its name never comes from a project, a policy or a
//! store. It runs in the root folder, so nothing in a package's folder can change what it does. Of gpg we read the
//! machine's lines only (`--status-fd`, `--with-colons`), never its prose, and believe none of it: what it made is
//! checked in-process before anything is kept. `verify` stands below this file and cannot see it.

pub mod cargo;
pub mod certify;
pub mod health;
pub mod pager;

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use thiserror::Error;

use crate::fingerprint::Fingerprint;
use crate::shown::Shown;

/// Where the user's programs are, and their terminal.
#[derive(Debug, Clone)]
pub struct Programs {
    folders: Vec<PathBuf>,
    terminal: Option<OsString>,
}

/// A secret key that gpg has, or can reach on a card.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SecretKey {
    /// The primary key's fingerprint.
    pub fingerprint: Fingerprint,
    /// Whether gpg says that it can sign with it today.
    pub can_sign: bool,
    /// The first user ID, as gpg shows it.
    pub user_id: String,
    /// The serial numbers of the cards that its signing keys are on; empty if one of them is on disk.
    pub cards: Vec<String>,
    /// Whether gpg says that its primary key can certify today.
    pub can_certify: bool,
    /// The serial number of the card that its primary key is on; none if it is on disk.
    pub primary_card: Option<String>,
}

impl Programs {
    /// Takes the value of `PATH`, whose relative folders are ignored, and the name of the terminal for gpg's PIN entry,
    /// if there is one.
    pub fn new(path: &OsStr, terminal: Option<OsString>) -> Self {
        let folders = std::env::split_paths(path).filter(|folder| folder.is_absolute()).collect();
        Self { folders, terminal }
    }

    /// The user's global `user.signingkey` in git, where `gpg.format` is `openpgp` or not set.
    ///
    /// # Errors
    /// Git is there but cannot be run. Where there is no git there is no such key.
    pub fn git_signing_key(&self) -> Result<Option<String>, ProgramError> {
        let Some(git) = self.find("git") else { return Ok(None) };
        let setting = |name: &str| -> Result<Option<String>, ProgramError> {
            let output = run(command(&git).args(["config", "--global", "--get", "--", name]), "git")?;
            let text = String::from_utf8(output.stdout).unwrap_or_default();
            Ok(Some(text.trim().to_owned()).filter(|text| output.status.success() && !text.is_empty()))
        };
        match setting("gpg.format")?.as_deref() {
            None | Some("openpgp") => setting("user.signingkey"),
            Some(_) => Ok(None),
        }
    }

    /// Whether the user's global configuration of git says where hooks lie.
    ///
    /// # Errors
    /// Git is there but cannot be run.
    pub fn git_names_hooks(&self) -> Result<bool, ProgramError> {
        let Some(git) = self.find("git") else { return Ok(false) };
        let output =
            run(command(&git).args(["config", "--global", "--includes", "--get", "--", "core.hooksPath"]), "git")?;
        Ok(output.status.success())
    }

    /// gpg's own `default-key` setting.
    ///
    /// # Errors
    /// gpgconf cannot be run.
    pub fn default_key(&self) -> Result<Option<String>, ProgramError> {
        let Some(gpgconf) = self.find("gpgconf") else { return Ok(None) };
        let output = run(command(&gpgconf).args(["--list-options", "gpg"]), "gpgconf")?;
        let text = String::from_utf8(output.stdout).unwrap_or_default();
        let option = text.lines().find_map(|line| line.strip_prefix("default-key:"));
        // Name, then eight fields; the value is the last, and a string in it begins with a quote.
        let value = option.and_then(|rest| rest.rsplit(':').next()).and_then(|value| value.strip_prefix('"'));
        Ok(value.map(|value| value.split(',').next().unwrap_or(value).to_owned()).filter(|value| !value.is_empty()))
    }

    /// The secret keys that `key` (a fingerprint, an address, whatever gpg understands) stands for; all of them
    /// without it.
    ///
    /// # Errors
    /// gpg is missing or cannot be run.
    pub fn secret_keys(&self, key: Option<&str>) -> Result<Vec<SecretKey>, ProgramError> {
        let mut gpg = self.gpg()?;
        gpg.args(["--status-fd=1", "--with-colons", "--list-secret-keys", "--"]);
        gpg.args(key.map(|key| key.trim_end_matches('!')));
        let said = run(&mut gpg, "gpg")?;
        let keys = read_listing(&said.stdout);
        // An agent that is not there looks like a key that is not there, but for its number.
        if keys.is_empty() && matches!(ProgramError::from_code(last_code(&said, "ERROR")), Some(ProgramError::NoAgent))
        {
            return Err(ProgramError::NoAgent);
        }
        // Without a name there is no reason to fail but gpg itself; with one, it may just not be there.
        if keys.is_empty() && !said.status.success() && key.is_none() {
            return Err(ProgramError::Refused { stderr: Shown::new(said.stderr.trim_ascii()).to_string() });
        }
        Ok(keys)
    }

    /// A certificate as gpg exports it.
    ///
    /// # Errors
    /// gpg is missing or cannot be run.
    pub fn export(&self, fingerprint: &Fingerprint) -> Result<Vec<u8>, ProgramError> {
        let mut gpg = self.gpg()?;
        gpg.args(["--export-options=no-export-attributes", "--export", "--", fingerprint.as_str()]);
        Ok(run(&mut gpg, "gpg")?.stdout)
    }

    /// Certificates as gpg has them, with what is not for others: those with these fingerprints, or all.
    ///
    /// # Errors
    /// gpg is missing or cannot be run, or has none of them.
    pub fn export_all(&self, fingerprints: &[Fingerprint]) -> Result<Vec<u8>, ProgramError> {
        let mut gpg = self.gpg()?;
        gpg.args(["--export-options=export-local-sigs,no-export-attributes", "--export", "--"]);
        let said = run(gpg.args(fingerprints.iter().map(Fingerprint::as_str)), "gpg")?;
        if said.stdout.is_empty() {
            let stderr = Shown::new(said.stderr.trim_ascii()).to_string();
            return Err(if said.status.success() {
                ProgramError::NoCertificate
            } else {
                ProgramError::Refused { stderr }
            });
        }
        Ok(said.stdout)
    }

    /// Sees that a card with one of these serial numbers is there, without asking for a PIN: gpg's agent would ask for a
    /// missing card for ever, and could not tell it from a cancelled PIN.
    ///
    /// # Errors
    /// It is not, or cards cannot be read at all.
    pub fn find_card(&self, serials: &[String]) -> Result<(), ProgramError> {
        let mut gpg = self.gpg()?;
        gpg.args(["--status-fd=1", "--with-colons", "--card-status"]);
        let said = run(&mut gpg, "gpg")?;
        let status = String::from_utf8(said.stdout).unwrap_or_default();
        let mut controls = status.lines().filter_map(|line| line.strip_prefix("[GNUPG:] CARDCTRL "));
        match controls.next().map(|control| control.split_once(' ').unwrap_or((control, ""))) {
            // Just after a removal the line is still there, but gpg fails.
            Some(("3", serial)) if said.status.success() && serials.iter().any(|own| own == serial.trim()) => Ok(()),
            Some(("6", _)) => Err(ProgramError::NoCardReader),
            _ => Err(ProgramError::CardMissing),
        }
    }

    /// Has gpg make a detached, armoured signature of binary type over `document` with `key` (a fingerprint, with a
    /// `!` behind it to pin a subkey). The PIN, passphrase or touch is between gpg's agent and the user.
    ///
    /// # Errors
    /// What gpg's status lines say went wrong.
    pub fn sign(&self, key: &str, document: &[u8]) -> Result<Vec<u8>, ProgramError> {
        let folder = tempfile::tempdir().map_err(ProgramError::Scratch)?;
        let (input, output) = (folder.path().join("document"), folder.path().join("signature.asc"));
        std::fs::write(&input, document).map_err(ProgramError::Scratch)?;
        let mut gpg = self.gpg()?;
        gpg.arg("--status-fd=1").arg(format!("--local-user={key}"));
        // What gpg.conf may say otherwise: a signature that expires, or text around it.
        gpg.args(["--digest-algo=SHA512", "--no-textmode", "--no-ask-sig-expire", "--default-sig-expire=0"]);
        gpg.args(["--armor", "--no-emit-version", "--no-comments"]);
        gpg.arg(with_path("--output=", &output)).args(["--detach-sign", "--"]).arg(&input);
        let said = run(&mut gpg, "gpg")?;
        let signature = std::fs::read(&output).ok();
        signature.filter(|_| said.status.success()).ok_or_else(|| what_failed(&said))
    }

    fn gpg(&self) -> Result<Command, ProgramError> {
        let mut gpg = command(&self.find("gpg").ok_or(ProgramError::NoGpg)?);
        gpg.args(["--batch", "--no-tty"]);
        if let Some(terminal) = &self.terminal {
            gpg.env("GPG_TTY", terminal);
        }
        Ok(gpg)
    }

    fn find(&self, name: &str) -> Option<PathBuf> {
        let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        self.folders.iter().map(|folder| folder.join(&file)).find(|path| path.is_file())
    }
}

/// Why a program did not do what we asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// There is no gpg.
    #[error("gpg was not found in PATH")]
    NoGpg,
    /// A program is there but does not run.
    #[error("{program} could not be started")]
    Start {
        /// Its name.
        program: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// No room for gpg's input and output.
    #[error("a temporary folder for gpg could not be used")]
    Scratch(#[source] io::Error),
    /// The PIN or passphrase entry was cancelled.
    #[error("the PIN or passphrase entry was cancelled; nothing was signed")]
    Cancelled,
    /// A wrong PIN or passphrase.
    #[error("the PIN or passphrase was wrong; nothing was signed")]
    WrongPin,
    /// Too many wrong PINs.
    #[error("the card's PIN is blocked; nothing was signed")]
    PinBlocked,
    /// The key is on a card that is not there.
    #[error("the smartcard with this key is not there")]
    CardMissing,
    /// GnuPG's card daemon is not installed.
    #[error("this key is on a smartcard, and GnuPG's card support is missing")]
    NoCardReader,
    /// gpg will not sign with this key.
    #[error("gpg cannot sign with this key: it has expired, is revoked, or is no signing key")]
    Unusable,
    /// gpg has only the public part.
    #[error("gpg has no secret key for this certificate")]
    NoSecretKey,
    /// gpg knows no such certificate.
    #[error("gpg has no such certificate")]
    NoCertificate,
    /// gpg-agent does not answer.
    #[error("gpg's agent could not be reached")]
    NoAgent,
    /// There is nowhere to type the PIN.
    #[error("gpg's agent found no way to ask for the PIN or passphrase")]
    NoPinentry,
    /// gpg does not even start as it should: its configuration, or its home.
    #[error("gpg does not work{}", said(.stderr))]
    Refused {
        /// What gpg told the user, escaped.
        stderr: String,
    },
    /// gpg asks something that it should not have to ask.
    #[error("gpg asked a question that we do not answer ({0}); nothing was kept")]
    Question(String),
    /// gpg does not know the certificate or the user ID that it was just given.
    #[error("gpg did not take in {0}")]
    NotTaken(String),
    /// Anything else; the code is libgpg-error's.
    #[error("gpg made no signature (error code {code}){}", said(.stderr))]
    Failed {
        /// The error's number.
        code: u32,
        /// What gpg told the user, escaped.
        stderr: String,
    },
}

impl ProgramError {
    /// What to do next.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::NoGpg => "install GnuPG 2.2 or newer, and see that its folder is in PATH by its absolute name",
            Self::WrongPin => "try again; of a card, `gpg --card-status` shows how many tries are left",
            Self::PinBlocked => "unblock it with `gpg --card-edit`, then `admin`, `passwd`",
            Self::CardMissing => "insert it, and see that `gpg --card-status` shows it",
            Self::NoCardReader => "install scdaemon",
            Self::Unusable => "`gpg --list-secret-keys` tells which; choose another with --key FINGERPRINT",
            Self::NoSecretKey => "import it, or insert the card and run `gpg --card-status`",
            Self::NoCertificate => "`gpg --list-keys` shows what gpg has",
            Self::NoAgent => "`gpgconf --launch gpg-agent` starts it",
            Self::NoPinentry => "install a pinentry, or set GPG_TTY=$(tty)",
            Self::Refused { .. } => "see that `gpg --list-secret-keys` works",
            Self::Start { .. } => "see which one is first in PATH, and that it runs by itself",
            Self::Failed { .. } => "see that `gpg --sign` works by itself; `countersign doctor` looks at what it needs",
            _ => return None,
        })
    }

    /// Names the error that libgpg-error's number stands for; these numbers do not change.
    fn from_code(code: u32) -> Option<Self> {
        Some(match code & 0xffff {
            99 | 198 => Self::Cancelled,
            11 | 87 | 177 => Self::WrongPin,
            130 => Self::PinBlocked,
            91 | 108..=112 | ENODEV => Self::CardMissing,
            119 | 120 => Self::NoCardReader,
            17 => Self::NoSecretKey,
            54 | 94 | 153 => Self::Unusable,
            77 | 78 => Self::NoAgent,
            85 | 86 | ENOTTY => Self::NoPinentry,
            _ => return None,
        })
    }
}

/// System errors stand behind the flag 0x8000 in libgpg-error's numbers.
const ENODEV: u32 = 0x8000 | 80;
/// A terminal was expected.
const ENOTTY: u32 = 0x8000 | 102;

#[expect(clippy::disallowed_methods, reason = "this is the one file that starts programs")]
fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(Path::new("/")).env("LC_ALL", "C").stdin(Stdio::null());
    command
}

fn run(command: &mut Command, program: &'static str) -> Result<Output, ProgramError> {
    command.output().map_err(|source| ProgramError::Start { program, source })
}

fn with_path(option: &str, path: &Path) -> OsString {
    let mut argument = OsString::from(option);
    argument.push(path);
    argument
}

/// Reads `--with-colons` records (GnuPG's doc/DETAILS): `sec`, then its `fpr`, its user IDs and its subkeys.
fn read_listing(listing: &[u8]) -> Vec<SecretKey> {
    let mut keys: Vec<Listed> = Vec::new();
    for line in listing.split(|b| *b == b'\n') {
        let fields: Vec<_> = line.split(|b| *b == b':').collect();
        let field = |place: usize| fields.get(place).copied().unwrap_or_default();
        // Field 12: capabilities; an upper-case S says that some usable key of the certificate can sign.
        let (capabilities, dead) = (field(11), matches!(field(1), b"e" | b"r" | b"d" | b"i"));
        if field(0) == b"sec" {
            let can_sign = capabilities.contains(&b'S') && !dead;
            let can_certify = capabilities.contains(&b'c') && !dead && field(14) != b"#";
            keys.push(Listed { can_sign, can_certify, primary: field(14).to_vec(), ..Listed::default() });
        }
        let Some(key) = keys.last_mut() else { continue };
        match field(0) {
            b"sec" | b"ssb" if capabilities.contains(&b's') && !dead => key.places.push(field(14).to_vec()),
            b"fpr" if key.fingerprint.is_none() => {
                key.fingerprint = str::from_utf8(field(9)).ok().and_then(|text| text.parse().ok());
            }
            b"uid" if key.user_id.is_empty() => key.user_id = Shown::new(field(9)).to_string(),
            _ => {}
        }
    }
    keys.into_iter().filter_map(Listed::finish).collect()
}

/// A secret key as its records come in.
#[derive(Default)]
struct Listed {
    fingerprint: Option<Fingerprint>,
    can_sign: bool,
    can_certify: bool,
    user_id: String,
    /// Field 15 of the primary key.
    primary: Vec<u8>,
    /// Field 15 of each signing key: `+` on disk, `#` nowhere, else the card's serial number.
    places: Vec<Vec<u8>>,
}

impl Listed {
    fn finish(self) -> Option<SecretKey> {
        let serial = |place: &Vec<u8>| String::from_utf8(place.clone()).ok().filter(|text| text.len() > 1);
        let cards: Option<Vec<_>> = self.places.iter().filter(|place| *place != b"#").map(serial).collect();
        let primary_card = serial(&self.primary);
        let Self { fingerprint, can_sign, can_certify, user_id, .. } = self;
        let (fingerprint, cards) = (fingerprint?, cards.unwrap_or_default());
        Some(SecretKey { fingerprint, can_sign, user_id, cards, can_certify, primary_card })
    }
}

/// Reads status lines (GnuPG's doc/DETAILS) for the reason why there is no signature.
fn what_failed(said: &Output) -> ProgramError {
    let code = last_code(said, "FAILURE");
    let stderr = Shown::new(said.stderr.trim_ascii()).to_string();
    ProgramError::from_code(code).unwrap_or(ProgramError::Failed { code: code & 0xffff, stderr })
}

/// The number in the last status line of this kind, `KIND WHERE NUMBER`; 0 without one.
fn last_code(said: &Output, kind: &str) -> u32 {
    let lines = said.stdout.split(|byte| *byte == b'\n').filter_map(|line| str::from_utf8(line).ok());
    let words = lines.filter_map(|line| line.strip_prefix("[GNUPG:] ")?.strip_prefix(kind)?.strip_prefix(' '));
    let mut numbers = words.filter_map(|words| words.split(' ').nth(1)?.parse().ok());
    numbers.next_back().unwrap_or(0)
}

fn said(stderr: &str) -> String {
    if stderr.is_empty() { String::new() } else { format!("; it said: {stderr}") }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    fn failure(status: &str) -> String {
        let status_code = std::process::ExitStatus::from_raw(2 << 8);
        let output = Output { status: status_code, stdout: status.as_bytes().to_vec(), stderr: b"a\x1b[2J".to_vec() };
        what_failed(&output).to_string()
    }

    #[test]
    fn each_failure_has_its_own_message() {
        let cases = [
            ("[GNUPG:] FAILURE sign 83886179\n", ProgramError::Cancelled),
            ("[GNUPG:] PINENTRY_LAUNCHED 1\n[GNUPG:] FAILURE sign 100663383\n", ProgramError::WrongPin),
            ("[GNUPG:] FAILURE sign 67108875\n", ProgramError::WrongPin),
            ("[GNUPG:] FAILURE sign 100663426\n", ProgramError::PinBlocked),
            ("[GNUPG:] INV_SGNR 9 ABC\n[GNUPG:] FAILURE sign 54\n", ProgramError::Unusable),
            ("[GNUPG:] INV_SGNR 9 ABC\n[GNUPG:] FAILURE sign 17\n", ProgramError::NoSecretKey),
            ("[GNUPG:] INV_SGNR 0 ABC\n[GNUPG:] FAILURE sign 33554509\n", ProgramError::NoAgent),
            ("[GNUPG:] FAILURE sign 67108949\n", ProgramError::NoPinentry),
            ("[GNUPG:] FAILURE sign 83918950\n", ProgramError::NoPinentry),
            ("[GNUPG:] FAILURE sign 67108983\n", ProgramError::NoCardReader),
            ("[GNUPG:] FAILURE sign 100663408\n", ProgramError::CardMissing),
        ];
        for (status, error) in cases {
            assert_eq!(failure(status), error.to_string(), "{status}");
        }
        assert_eq!(failure(""), "gpg made no signature (error code 0); it said: a\\u{1b}[2J");
    }

    #[test]
    fn listings_give_primary_fingerprints() {
        let listing = b"sec:u:255:22:0123456789ABCDEF:1:::u:::scESC:::+:::23::0:\n\
            fpr:::::::::0123456789ABCDEF0123456789ABCDEF01234567:\ngrp:::::::::AA:\n\
            uid:u::::1::H::x\x1b <x@example.org>::::::::::0:\nssb:u:255:22:A:1::::::s:::+:::23:\n\
            fpr:::::::::1123456789ABCDEF0123456789ABCDEF01234567:\n\
            sec:e:255:22:A:1:2::u:::scESC:::+:::23::0:\nfpr:::::::::2123456789ABCDEF0123456789ABCDEF01234567:\n\
            sec:u:255:22:A:1:::u:::cSC:::#:::23::0:\nfpr:::::::::3123456789ABCDEF0123456789ABCDEF01234567:\n\
            ssb:u:255:22:A:1::::::s:::D2760001240103040006000000010000:::23:\n";
        let keys = read_listing(listing);
        assert_eq!(keys.len(), 3);
        assert!(keys[0].cards.is_empty());
        assert_eq!(keys[2].cards, ["D2760001240103040006000000010000"]);
        assert_eq!(keys[0].fingerprint.as_str(), "0123456789ABCDEF0123456789ABCDEF01234567");
        assert_eq!(keys[0].user_id, "x\\u{1b} <x@example.org>");
        assert!(keys[0].can_sign && !keys[1].can_sign);
        assert_eq!([0, 1, 2].map(|place| keys[place].can_certify), [true, false, false]);
    }

    #[test]
    fn relative_folders_of_the_path_are_ignored() {
        let programs = Programs::new(OsStr::new(":.:bin:/nowhere"), None);
        assert_eq!(programs.folders, [PathBuf::from("/nowhere")]);
        assert!(matches!(programs.secret_keys(None), Err(ProgramError::NoGpg)));
    }
}
