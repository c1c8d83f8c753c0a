//! Has gpg certify user IDs, or take certifications back, in a home to throw away.
//!
//! The home holds the certificates that are needed and nothing else: the user's own keyring and `gpg.conf` are neither
//! read nor changed. The secret keys are where they are, since the home's agent is the user's own, by one line of text in
//! place of a socket. gpg asks by keyword (`GET_LINE`, `GET_BOOL`), and is answered by keyword; a question that we do not
//! know ends it.

use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::{fs, thread};

use super::{ProgramError, Programs, command, run, what_failed, with_path};
use crate::fingerprint::Fingerprint;
use crate::shown::Shown;

/// What gpg is asked to do with the user IDs of a certificate.
#[derive(Debug, Clone)]
#[expect(clippy::exhaustive_structs, reason = "whoever asks must say all of it")]
pub struct Dialogue<'a> {
    /// Whose primary key signs.
    pub issuer: &'a Fingerprint,
    /// Whose user IDs.
    pub target: &'a Fingerprint,
    /// The packets of both certificates.
    pub certificates: &'a [&'a [u8]],
    /// The user IDs, exactly as they are written.
    pub user_ids: &'a [String],
    /// What to say of them.
    pub word: &'a Word,
}

/// What is said of a user ID.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "something is said, or taken back")]
pub enum Word {
    /// It belongs to the certificate.
    Certify {
        /// To how many hops the target's own certifications are relied on; 0 makes a plain certification.
        depth: u8,
        /// Whether they are relied on in full (120) or in part (60); of no meaning at depth 0.
        full: bool,
        /// Whether it is for its maker alone.
        local: bool,
        /// In how many seconds it ends; never without.
        seconds: Option<u32>,
        /// Critical notations: names and values.
        notations: Vec<(&'static str, String)>,
    },
    /// What was said before is taken back.
    Revoke,
}

impl Programs {
    /// Has gpg say a word, and gives the target's certificate as it is then. What is in it has not been checked, and gpg may
    /// have signed nothing. The PIN, passphrase or touch is between gpg's agent and the user.
    ///
    /// # Errors
    /// What gpg's status lines say went wrong, or a question that it should not have.
    pub fn certify(&self, dialogue: &Dialogue<'_>) -> Result<Vec<u8>, ProgramError> {
        let home = Scratch::new(self)?;
        home.import(dialogue.certificates)?;
        let hashes = home.hashes(dialogue)?;
        let said = home.talk(dialogue, hashes)?;
        match what_went_wrong(&said) {
            Some(error) => Err(error),
            None => home.export(dialogue.target),
        }
    }
}

/// A GnuPG home for one dialogue, whose agent is the user's.
struct Scratch {
    folder: tempfile::TempDir,
    gpg: PathBuf,
    terminal: Option<std::ffi::OsString>,
    /// The line of text that leads to the agent, where it does not lie in the folder.
    outside: Option<PathBuf>,
}

impl Scratch {
    fn new(programs: &Programs) -> Result<Self, ProgramError> {
        let gpg = programs.find("gpg").ok_or(ProgramError::NoGpg)?;
        let gpgconf = programs.find("gpgconf").ok_or(ProgramError::NoAgent)?;
        // The home's gpg starts no agent of its own, so the user's must be there.
        if !run(command(&gpgconf).args(["--launch", "gpg-agent"]), "gpgconf")?.status.success() {
            return Err(ProgramError::NoAgent);
        }
        let agent = socket(command(&gpgconf).args(["--list-dirs", "agent-socket"]))?;
        let folder = tempfile::Builder::new().prefix("gpg").tempdir().map_err(ProgramError::Scratch)?;
        let own = socket(command(&gpgconf).arg("--homedir").arg(folder.path()).args(["--list-dirs", "agent-socket"]))?;
        let outside = (!own.starts_with(folder.path())).then(|| own.clone());
        if let Some(place) = outside.as_ref().and_then(|socket| socket.parent()) {
            fs::create_dir_all(place).map_err(ProgramError::Scratch)?;
        }
        let mut redirection = b"%Assuan%\nsocket=".to_vec();
        redirection.extend(agent.as_os_str().as_encoded_bytes());
        redirection.push(b'\n');
        fs::write(&own, redirection).map_err(ProgramError::Scratch)?;
        Ok(Self { folder, gpg, terminal: programs.terminal.clone(), outside })
    }

    fn gpg(&self) -> Command {
        let mut gpg = command(&self.gpg);
        gpg.arg(with_path("--homedir=", self.folder.path()));
        gpg.args(["--no-options", "--no-tty", "--no-autostart", "--no-auto-check-trustdb", "--trust-model=always"]);
        gpg.args(["--status-fd=1", "--display-charset=utf-8"]);
        if let Some(terminal) = &self.terminal {
            gpg.env("GPG_TTY", terminal);
        }
        gpg
    }

    fn import(&self, certificates: &[&[u8]]) -> Result<(), ProgramError> {
        let file = self.folder.path().join("certificates");
        fs::write(&file, certificates.concat()).map_err(ProgramError::Scratch)?;
        let mut gpg = self.gpg();
        gpg.args(["--batch", "--import-options=import-local-sigs", "--import", "--"]).arg(&file);
        let said = run(&mut gpg, "gpg")?;
        if said.status.success() { Ok(()) } else { Err(what_failed(&said)) }
    }

    /// The names that gpg has for the user IDs that are meant, and for no others.
    fn hashes(&self, dialogue: &Dialogue<'_>) -> Result<Vec<String>, ProgramError> {
        let mut gpg = self.gpg();
        gpg.args(["--batch", "--with-colons", "--list-keys", "--", dialogue.target.as_str()]);
        let listing = run(&mut gpg, "gpg")?.stdout;
        let listed = read_user_ids(&listing);
        let hash = |wanted: &String| {
            let mut found = listed.iter().filter(|(text, _)| text == wanted.as_bytes()).map(|(_, hash)| hash.clone());
            match (found.next(), found.next()) {
                (Some(hash), None) => Ok(hash),
                _ => Err(ProgramError::NotTaken(format!("the user ID \"{}\"", Shown::new(wanted)))),
            }
        };
        dialogue.user_ids.iter().map(hash).collect()
    }

    fn talk(&self, dialogue: &Dialogue<'_>, hashes: Vec<String>) -> Result<Output, ProgramError> {
        let mut gpg = self.gpg();
        gpg.arg(format!("--local-user={}!", dialogue.issuer)).args(["--command-fd=0", "--expert"]);
        gpg.args([
            "--cert-digest-algo=SHA512",
            "--no-ask-cert-level",
            "--default-cert-level=0",
            "--no-ask-cert-expire",
        ]);
        if let Word::Certify { seconds, notations, .. } = dialogue.word {
            gpg.arg(seconds.map_or("--default-cert-expire=0".into(), |n| format!("--default-cert-expire=seconds={n}")));
            for (name, value) in notations {
                // gpg would expand what follows a `%`.
                gpg.arg(format!("--cert-notation=!{name}={}", value.replace('%', "%%")));
            }
        }
        gpg.args(["--edit-key", "--", dialogue.target.as_str()]);
        gpg.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let started = |source| ProgramError::Start { program: "gpg", source };
        let mut child = gpg.spawn().map_err(started)?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        // What gpg tells people is read on the side, so that it never waits for us to read it.
        let talk = thread::spawn(move || {
            let mut text = Vec::new();
            stderr.map(|stderr| stderr.take(MOST_TALK).read_to_end(&mut text)).transpose().ok();
            text
        });
        let mut answers = Answers::new(dialogue.word, hashes);
        let answered = match (stdin, stdout) {
            (Some(mut stdin), Some(stdout)) => answer_all(&mut stdin, stdout, &mut answers),
            _ => Err(io::ErrorKind::BrokenPipe.into()),
        };
        // Its stdin is closed by now, so gpg ends whatever it was about to ask.
        let status = child.wait().map_err(started)?;
        let stderr = talk.join().unwrap_or_default();
        let stdout = answered.map_err(ProgramError::Scratch)?;
        match answers.unknown {
            Some(question) => Err(ProgramError::Question(Shown::new(&question).to_string())),
            None => Ok(Output { status, stdout, stderr }),
        }
    }

    fn export(&self, target: &Fingerprint) -> Result<Vec<u8>, ProgramError> {
        let file = self.folder.path().join("made");
        let mut gpg = self.gpg();
        gpg.args(["--batch", "--export-options=export-local-sigs,no-export-attributes"]);
        gpg.arg(with_path("--output=", &file)).args(["--export", "--", target.as_str()]);
        let said = run(&mut gpg, "gpg")?;
        fs::read(&file).ok().filter(|_| said.status.success()).ok_or_else(|| what_failed(&said))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Some(socket) = &self.outside {
            // Where these stay behind they lead to the agent of the same user, and hold nothing.
            fs::remove_file(socket).ok();
            socket.parent().map(fs::remove_dir);
        }
    }
}

/// The answers to gpg's questions, by their keywords (GnuPG's g10/keyedit.c).
struct Answers<'a> {
    word: &'a Word,
    /// What is typed at the prompt, the last first.
    commands: Vec<String>,
    /// How many more questions are answered.
    patience: usize,
    /// A question that has no answer.
    unknown: Option<String>,
}

impl<'a> Answers<'a> {
    fn new(word: &'a Word, hashes: Vec<String>) -> Self {
        let patience = QUESTIONS * (1 + hashes.len());
        let command = match word {
            Word::Revoke => "revsig",
            Word::Certify { depth: 0, local: false, .. } => "sign",
            Word::Certify { depth: 0, local: true, .. } => "lsign",
            Word::Certify { local: false, .. } => "tsign",
            Word::Certify { local: true, .. } => "ltsign",
        };
        let mut commands = vec!["save".to_owned(), command.to_owned()];
        commands.extend(hashes.into_iter().rev().map(|hash| format!("uid {hash}")));
        Self { word, commands, patience, unknown: None }
    }

    /// The answer to one question; none ends the dialogue.
    fn to(&mut self, question: &str) -> Option<String> {
        let answer = match (question, self.word) {
            ("keyedit.prompt", _) => self.commands.pop(),
            // In place of a certification that is there: a newer one, also where the old one has ended or was for us alone.
            (
                "sign_uid.okay"
                | "sign_uid.dupe_okay"
                | "sign_uid.replace_expired_okay"
                | "sign_uid.local_promote_okay",
                Word::Certify { .. },
            ) => Some("y".into()),
            ("trustsig_prompt.trust_value", Word::Certify { full, .. }) => Some(if *full { "2" } else { "1" }.into()),
            ("trustsig_prompt.trust_depth", Word::Certify { depth, .. }) => Some(depth.to_string()),
            ("trustsig_prompt.trust_regexp", Word::Certify { .. }) => Some(String::new()),
            (
                "ask_revoke_sig.one" | "ask_revoke_sig.okay" | "ask_revoke_sig.expired" | "ask_revocation_reason.okay",
                Word::Revoke,
            ) => Some("y".into()),
            ("ask_revocation_reason.code", Word::Revoke) => Some("0".into()),
            ("ask_revocation_reason.text", Word::Revoke) => Some(String::new()),
            _ => None,
        };
        let patient = self.patience > 0;
        self.patience = self.patience.saturating_sub(1);
        let answer = answer.filter(|_| patient);
        if answer.is_none() {
            self.unknown = Some(question.to_owned());
        }
        answer
    }
}

/// Questions for each user ID: far more than there are, but an end to a gpg that asks for ever.
const QUESTIONS: usize = 1_000;
/// How much of what gpg tells people is read, and how much of what it tells programs.
const MOST_TALK: u64 = 1 << 20;

/// Reads status lines, answers the questions among them, and gives all of them.
fn answer_all(stdin: &mut impl io::Write, stdout: impl io::Read, answers: &mut Answers<'_>) -> io::Result<Vec<u8>> {
    let mut status = Vec::new();
    let mut lines = BufReader::new(stdout.take(MOST_TALK));
    loop {
        let start = status.len();
        if lines.read_until(b'\n', &mut status)? == 0 {
            return Ok(status);
        }
        let line = str::from_utf8(&status[start..]).unwrap_or_default().trim_end();
        let question = ["GET_LINE ", "GET_BOOL ", "GET_HIDDEN "]
            .iter()
            .find_map(|kind| line.strip_prefix("[GNUPG:] ")?.strip_prefix(kind));
        let Some(question) = question else { continue };
        let Some(answer) = answers.to(question) else { return Ok(status) };
        match writeln!(stdin, "{answer}").and_then(|()| stdin.flush()) {
            // It ended without hearing us out; what it said before tells why.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            written => written?,
        }
    }
}

/// User IDs with their hashes (fields 10 and 8 of `uid` records), the escapes undone.
fn read_user_ids(listing: &[u8]) -> Vec<(Vec<u8>, String)> {
    let records = listing.split(|byte| *byte == b'\n').map(|line| line.split(|b| *b == b':').collect::<Vec<_>>());
    let user_ids = records.filter(|fields| fields.len() > 9 && fields[0] == b"uid");
    user_ids
        .filter_map(|fields| {
            let hash = str::from_utf8(fields[7]).ok().filter(|hash| hash.bytes().all(|b| b.is_ascii_hexdigit()))?;
            (hash.len() == 40).then(|| (unescaped(fields[9]), hash.to_owned()))
        })
        .collect()
}

/// Undoes `\xHH`, which is how `--with-colons` writes colons, backslashes and control characters.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        let escape = after.strip_prefix(b"x").filter(|_| byte == b'\\').and_then(|hex| hex.split_at_checked(2));
        let escaped = escape.and_then(|(hex, after)| {
            let value = u8::from_str_radix(str::from_utf8(hex).ok()?, 16).ok()?;
            Some((value, after))
        });
        let (byte, after) = escaped.unwrap_or((byte, after));
        plain.push(byte);
        rest = after;
    }
    plain
}

/// A path that gpgconf prints: `%` and control characters are percent-escaped.
fn socket(gpgconf: &mut Command) -> Result<PathBuf, ProgramError> {
    let said = run(gpgconf, "gpgconf")?;
    let line = said.stdout.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let mut text = Vec::new();
    let mut rest = line;
    while let Some((&byte, after)) = rest.split_first() {
        let hex = after.split_at_checked(2).filter(|_| byte == b'%');
        let escaped =
            hex.and_then(|(hex, after)| Some((u8::from_str_radix(str::from_utf8(hex).ok()?, 16).ok()?, after)));
        let (byte, after) = escaped.unwrap_or((byte, after));
        text.push(byte);
        rest = after;
    }
    let path = String::from_utf8(text).ok().map(PathBuf::from).filter(|path| path.is_absolute());
    path.filter(|_| said.status.success()).ok_or(ProgramError::NoAgent)
}

/// What gpg says kept it from signing, if it says anything: it ends well where it signed nothing.
fn what_went_wrong(said: &Output) -> Option<ProgramError> {
    let lines = said.stdout.split(|byte| *byte == b'\n').filter_map(|line| str::from_utf8(line).ok());
    lines.filter_map(|line| line.strip_prefix("[GNUPG:] ")).find_map(|line| {
        if line.starts_with("INV_SGNR 9 ") {
            return Some(ProgramError::NoSecretKey);
        }
        let code = line.strip_prefix("ERROR keysig ")?.split(' ').next()?.parse().unwrap_or(0);
        let stderr = Shown::new(said.stderr.trim_ascii()).to_string();
        Some(ProgramError::from_code(code).unwrap_or(ProgramError::Failed { code: code & 0xffff, stderr }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(word: &Word, questions: &[&str]) -> Vec<Option<String>> {
        let mut answers = Answers::new(word, vec!["A".into(), "B".into()]);
        questions.iter().map(|question| answers.to(question)).collect()
    }

    fn word(depth: u8, full: bool, local: bool) -> Word {
        Word::Certify { depth, full, local, seconds: None, notations: Vec::new() }
    }

    #[test]
    fn questions_are_answered_by_their_keywords() {
        let prompt = ["keyedit.prompt"; 4];
        let said = |words: [&str; 4]| words.map(|word| Some(word.to_owned())).to_vec();
        assert_eq!(all(&word(0, true, false), &prompt), said(["uid A", "uid B", "sign", "save"]));
        assert_eq!(all(&word(0, true, true), &prompt)[2], Some("lsign".into()));
        assert_eq!(all(&word(1, true, false), &prompt)[2], Some("tsign".into()));
        assert_eq!(all(&word(1, true, true), &prompt)[2], Some("ltsign".into()));
        assert_eq!(all(&Word::Revoke, &prompt), said(["uid A", "uid B", "revsig", "save"]));
        let trust = ["trustsig_prompt.trust_value", "trustsig_prompt.trust_depth", "trustsig_prompt.trust_regexp"];
        assert_eq!(all(&word(2, false, false), &trust), ["1", "2", ""].map(|text| Some(text.to_owned())));
    }

    #[test]
    fn what_is_not_expected_is_not_answered() {
        let plain = word(0, true, false);
        for question in ["keyedit.sign_all.okay", "passphrase.enter", "sign_uid.expired_okay", "ask_revoke_sig.okay"] {
            let mut answers = Answers::new(&plain, vec!["A".into()]);
            assert_eq!((answers.to(question), answers.unknown), (None, Some(question.to_owned())));
        }
        assert_eq!(all(&Word::Revoke, &["sign_uid.okay"]), [None]);
        assert_eq!(all(&plain, &["keyedit.prompt"; 5])[4], None, "nothing is left to say");
        let endless = vec!["sign_uid.okay"; 3_001];
        assert_eq!(all(&plain, &endless).iter().filter(|answer| answer.is_some()).count(), 3_000);
    }

    #[test]
    fn escapes_of_listings_are_undone() {
        let listing = b"pub:-:255:\nuid:-::::1::5951AFF0D4BD87C1DCDFE32342C3BAD34740856F::a\\x3ab \\x5c <\\xZZ>::::\n";
        let listing = String::from_utf8(listing.to_vec()).expect("text").replace("\\n", "\n");
        let listed = read_user_ids(listing.as_bytes());
        assert_eq!(listed, [(b"a:b \\ <\\xZZ>".to_vec(), "5951AFF0D4BD87C1DCDFE32342C3BAD34740856F".to_owned())]);
    }
}
