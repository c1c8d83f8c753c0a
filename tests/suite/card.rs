//! A virtual smartcard with a signing key on it, and what gpg says when it is used. See `tests/card/setup.sh`.

#![expect(clippy::disallowed_methods, reason = "these tests are about other programs")]
#![allow(clippy::unwrap_used, reason = "shared functions of tests")]

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use crate::tools::{Home, found, look_for, not_run};

/// A card in its reader, for as long as this lives.
pub(crate) struct Card {
    script: Child,
    answers: BufReader<ChildStdout>,
    names: HashMap<String, String>,
}

impl Card {
    /// Sets up a card; none, said loudly, where that cannot be.
    pub(crate) fn new(test: &str) -> Option<Self> {
        if !found(test, &["gpg", "gpgconf", "gpg-agent", "pcscd", "flock", "bash"]) {
            return None;
        }
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/card");
        // The driver is built by hand or by CI, not by the way in a test.
        let driver = folder.join("../../target/card/build/release/libifd_jcecard.so");
        let wants = [
            (driver.is_file(), "the card's driver: run `tests/card/setup.sh --driver`"),
            (Path::new("/usr/lib/gnupg/scdaemon").is_file() || look_for("scdaemon").is_some(), "scdaemon"),
            (fs::File::options().append(true).create(true).open("/run/lock/countersign-card.lock").is_ok(), "root"),
        ];
        if let Some((_, want)) = wants.iter().find(|(there, _)| !there) {
            not_run(test, want);
            return None;
        }
        let mut script = Command::new("bash")
            .arg(folder.join("setup.sh"))
            .env("CARD_CACHE", folder.join("../../target/card"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("bash starts");
        let answers = BufReader::new(script.stdout.take().expect("a pipe"));
        let mut card = Self { script, answers, names: HashMap::new() };
        loop {
            let line = card.line();
            match line.split_once('=') {
                Some((name, value)) => card.names.insert(name.to_owned(), value.to_owned()),
                None if line == "ready" => return Some(card),
                None => panic!("the card could not be set up: {line:?}"),
            };
        }
    }

    /// The GnuPG home whose secret key is on the card.
    pub(crate) fn home(&self) -> PathBuf {
        self.names["CARD_HOME"].clone().into()
    }

    /// The fingerprint of the key on the card; it is a primary key.
    pub(crate) fn fingerprint(&self) -> &str {
        &self.names["CARD_FINGERPRINT"]
    }

    /// The signer's certificate, in a keyring file.
    pub(crate) fn keyring(&self) -> PathBuf {
        self.names["CARD_KEYRING"].clone().into()
    }

    /// What whoever sits at the keyboard answers from now on: a PIN (`123456` is right), or `cancel`.
    pub(crate) fn answer(&self, answer: &str) {
        fs::write(&self.names["CARD_ANSWERS"], answer).unwrap();
    }

    /// How often somebody was asked.
    pub(crate) fn asked(&self) -> usize {
        fs::read_to_string(format!("{}.log", self.names["CARD_ANSWERS"])).map_or(0, |log| log.lines().count())
    }

    /// Takes the card away, and waits until scdaemon has seen it, which looks twice a second.
    ///
    /// In between, gpg's answers are of several kinds: `FAILURE sign` with "card error" or "no such device".
    pub(crate) fn eject(&mut self) {
        self.script.stdin.as_mut().expect("a pipe").write_all(b"eject\n").unwrap();
        assert_eq!(self.line(), "ejected");
        for _ in 0..100 {
            if self.status().starts_with("[GNUPG:] CARDCTRL 4\n") {
                return;
            }
            sleep(Duration::from_millis(100));
        }
        panic!("the card is still there: {}", self.status());
    }

    /// What gpg says when asked for the card.
    pub(crate) fn status(&self) -> String {
        self.gpg(&["--status-fd=1", "--with-colons", "--card-status"])
    }

    /// What the card itself says about one thing, such as `sigcount` or `pinretry`.
    pub(crate) fn says(&self, what: &str) -> String {
        let output = self.status();
        let line = output.lines().find_map(|line| line.strip_prefix(&format!("{what}:")));
        line.unwrap_or_else(|| panic!("no {what} in {output}")).to_owned()
    }

    /// Runs gpg in the card's home; its stdout.
    fn gpg(&self, arguments: &[&str]) -> String {
        let mut gpg = Command::new("gpg");
        gpg.env("GNUPGHOME", self.home()).args(["--batch", "--no-tty"]).args(arguments).stdin(Stdio::null());
        String::from_utf8(gpg.output().expect("gpg starts").stdout).unwrap()
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }
}

impl Drop for Card {
    fn drop(&mut self) {
        // The end of its stdin makes the script tear everything down. So would the end of this process.
        drop(self.script.stdin.take());
        drop(self.script.wait());
    }
}

#[test]
fn a_card_signs_once_with_its_pin() {
    let Some(card) = Card::new("a_card_signs_once_with_its_pin") else { return };
    assert_eq!(card.says("sigcount"), "0:::");
    let status = signed(&card);
    let last = status.lines().last().unwrap();
    assert!(last.starts_with("[GNUPG:] SIG_CREATED D 1 10 00 ") && last.ends_with(card.fingerprint()), "{status}");
    assert_eq!((card.says("sigcount"), card.says("pinretry"), card.asked()), ("1:::".into(), "3:0:3:".into(), 1));
    // Nobody but the card's own certificate made it.
    let file = card.home().join("m");
    let gpgv =
        Command::new("gpgv").arg("--keyring").arg(card.keyring()).arg(file.with_extension("asc")).arg(&file).output();
    if let (Some(_), Ok(gpgv)) = (look_for("gpgv"), gpgv) {
        assert!(gpgv.status.success(), "{}", String::from_utf8(gpgv.stderr).unwrap());
    }
}

/// The numbers are gpg's; `programs` turns each into a sentence. A missing card is a cancelled dialogue to gpg, which asks
/// for the card to be inserted: only the card's own status tells the two apart.
#[test]
fn what_goes_wrong_with_a_card_can_be_told_apart() {
    let Some(mut card) = Card::new("what_goes_wrong_with_a_card_can_be_told_apart") else { return };
    let failure = |card: &Card| signed(card).lines().last().unwrap_or_default().to_owned();
    card.answer("999999");
    assert_eq!(failure(&card), "[GNUPG:] FAILURE sign 100663383");
    assert_eq!(card.says("pinretry"), "2:0:3:");
    card.answer("cancel");
    assert_eq!(failure(&card), "[GNUPG:] FAILURE sign 83886179");
    assert!(card.status().starts_with("[GNUPG:] CARDCTRL 3 "));
    assert_eq!(card.says("sigcount"), "0:::");
    card.eject();
    assert_eq!(failure(&card), "[GNUPG:] FAILURE sign 83886179");
    assert!(card.status().starts_with("[GNUPG:] CARDCTRL 4\n"));
}

/// Signs a file with the command that Countersign uses; gpg's status lines.
fn signed(card: &Card) -> String {
    let file = card.home().join("m");
    fs::write(&file, "a statement\n").unwrap();
    let output = format!("--output={}", file.with_extension("asc").display());
    let user = format!("--local-user={}!", card.fingerprint());
    let file = file.to_str().unwrap();
    card.gpg(&["--status-fd=1", &user, "--digest-algo=SHA512", "--armor", &output, "--detach-sign", "--", file])
}

/// The whole way of an author with a card: one PIN a release, a clear word for whatever goes wrong, nothing half written.
#[test]
fn countersign_signs_with_a_card() {
    let Some(mut card) = Card::new("countersign_signs_with_a_card") else { return };
    let dir = tempfile::tempdir().unwrap();
    let package = dir.path().join("acme");
    fs::create_dir(&package).unwrap();
    fs::write(package.join("main.c"), "int main;\n").unwrap();

    card.answer("999999");
    assert_eq!(sign(&card, &package, "1.0", "--first"), (2, "Error: the PIN or passphrase was wrong".into()));
    card.answer("cancel");
    assert_eq!(sign(&card, &package, "1.0", "--first"), (2, "Error: the PIN or passphrase entry was cancelled".into()));
    assert!(!package.join(".countersign").exists());
    assert_eq!(card.says("sigcount"), "0:::");

    card.answer("123456");
    assert_eq!(sign(&card, &package, "1.0", "--first"), (0, String::new()));
    assert_eq!(card.says("sigcount"), "1:::");
    assert_eq!(verify(&card, &package), Some(0));

    fs::write(package.join("main.c"), "int other;\n").unwrap();
    assert_eq!(verify(&card, &package), Some(1));
    assert_eq!(sign(&card, &package, "1.1", "--yes"), (0, String::new()));
    assert_eq!(verify(&card, &package), Some(0));

    card.eject();
    fs::write(package.join("main.c"), "int third;\n").unwrap();
    let before = fs::read(package.join(".countersign/manifest.toml")).unwrap();
    assert_eq!(sign(&card, &package, "1.2", "--yes"), (2, "Error: the smartcard with this key is not there".into()));
    assert_eq!(fs::read(package.join(".countersign/manifest.toml")).unwrap(), before);
}

/// The same for certifying, with a depth, which gpg makes in a dialogue.
#[test]
fn countersign_certifies_with_a_card() {
    let Some(mut card) = Card::new("countersign_certifies_with_a_card") else { return };
    let other = Home::new();
    let bob = other.generate("bob", "ed25519", "20250101T000000", "never");
    let dir = tempfile::tempdir().unwrap();
    let run = |card: &Card, arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.env("GNUPGHOME", card.home()).env("XDG_DATA_HOME", dir.path()).args(arguments);
        outcome(&mut command)
    };
    let file = other.keyring("bob.pgp", &[&bob]);
    assert_eq!(run(&card, &["keyring", "import", file.to_str().unwrap()]), (0, String::new()));
    let key = format!("--key={}", card.fingerprint());
    let scope = "--scope=pkg:npm/%40scope/*";
    let certify = ["certify", &bob, "--user-id=bob <bob@example.org>", "--depth=1", scope, "--yes", &key];
    card.answer("999999");
    assert_eq!(run(&card, &certify), (2, "Error: the PIN or passphrase was wrong".into()));
    card.answer("cancel");
    assert_eq!(run(&card, &certify), (2, "Error: the PIN or passphrase entry was cancelled".into()));
    assert_eq!(card.says("sigcount"), "0:::");
    card.answer("123456");
    assert_eq!(run(&card, &certify), (0, String::new()));
    assert_eq!(card.says("sigcount"), "1:::");
    let keyring = dir.path().join("countersign/keyring");
    let before = fs::read(keyring.join(format!("{bob}.asc"))).unwrap();
    card.eject();
    assert_eq!(run(&card, &certify), (2, "Error: the smartcard with this key is not there".into()));
    assert_eq!(fs::read(keyring.join(format!("{bob}.asc"))).unwrap(), before);
}

/// The exit code, and the beginning of the error up to its first `;`.
fn sign(card: &Card, package: &Path, version: &str, option: &str) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.env("GNUPGHOME", card.home()).arg("sign").arg(package);
    command.arg(format!("--package=pkg:generic/acme@{version}")).arg(format!("--key={}", card.fingerprint()));
    command.args(["--yes", option].iter().take(if option == "--yes" { 1 } else { 2 }));
    outcome(&mut command)
}

fn outcome(command: &mut Command) -> (i32, String) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    let error = told.lines().find(|line| line.starts_with("Error: ")).unwrap_or_default();
    (output.status.code().unwrap(), error.split(';').next().unwrap_or_default().to_owned())
}

fn verify(card: &Card, package: &Path) -> Option<i32> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.arg("verify").arg(package).args(["--signer", card.fingerprint()]).arg("--keyring").arg(card.keyring());
    command.stdout(Stdio::null()).status().unwrap().code()
}
