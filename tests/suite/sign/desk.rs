//! Where authors sit: a folder with a package, and the program run there as one of them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::tools::{self, Home, found, scratch};

/// When keys are made.
pub(super) const MADE: &str = "20240101T000000";

/// The words of a first release, which most tests sign.
pub(super) const FIRST: &str = "sign acme --package pkg:generic/acme@1.0 --first --yes";

/// A folder with a package `acme`, and room for stores beside it.
pub(super) struct Desk {
    folder: TempDir,
    /// What stands for a fingerprint in what is said.
    names: BTreeMap<String, String>,
    path: OsString,
}

/// What the program said, with `{name}` for a fingerprint and `#` for a digest.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) code: i32,
    pub(super) out: String,
    pub(super) err: String,
}

/// Every file's content, and every folder, by its path.
pub(super) type Snapshot = BTreeMap<PathBuf, Option<Vec<u8>>>;

impl Desk {
    /// The desk; none, said loudly, where there is no gpg.
    pub(super) fn new(test: &str) -> Option<Self> {
        if !found(test, &["gpg", "gpgconf", "gpg-agent"]) {
            return None;
        }
        let folder = scratch();
        fs::create_dir(folder.path().join("user")).unwrap();
        let desk = Self { folder, names: BTreeMap::new(), path: std::env::var_os("PATH").unwrap_or_default() };
        desk.write("acme/main.c", "int main;\n");
        desk.write("acme/README", "acme\n");
        Some(desk)
    }

    pub(super) fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        tools::write(&self.at(path), text);
    }

    pub(super) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).unwrap()
    }

    /// Makes an ordinary key, and calls its fingerprint by the name.
    pub(super) fn key(&mut self, home: &Home, name: &str) -> String {
        let fingerprint = home.generate(name, "ed25519", MADE, "never");
        self.call(name, fingerprint)
    }

    pub(super) fn call(&mut self, name: &str, fingerprint: String) -> String {
        self.names.insert(fingerprint.clone(), format!("{{{name}}}"));
        fingerprint
    }

    /// Looks for programs here from now on.
    pub(super) fn set_path(&mut self, path: &Path) {
        self.path = path.as_os_str().to_owned();
    }

    /// The program with these words, parted by spaces, as the author with this home.
    pub(super) fn command(&self, home: &Home, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        self.dress(&mut command, home);
        command.args(self.words(words));
        command
    }

    /// Gives a command what an author's programs have, and nothing else.
    pub(super) fn dress(&self, command: &mut Command, home: &Home) {
        command.env_clear().env("PATH", &self.path).env("GNUPGHOME", home.path()).env("HOME", self.at("user"));
        command.current_dir(self.folder.path()).stdin(Stdio::null());
    }

    /// The words, with fingerprints for `{name}`.
    pub(super) fn words(&self, words: &str) -> Vec<String> {
        let fill = |word: &str| {
            let fold = |text: String, (fingerprint, name): (&String, &String)| text.replace(name, fingerprint);
            self.names.iter().fold(word.to_owned(), fold)
        };
        words.split_whitespace().map(fill).collect()
    }

    pub(super) fn run(&self, home: &Home, words: &str) -> Told {
        let output = self.command(home, words).output().unwrap();
        let text = |bytes| self.unfill(&String::from_utf8(bytes).unwrap());
        Told { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Runs the program, which must succeed; its answer in JSON.
    pub(super) fn done(&self, home: &Home, words: &str) -> Value {
        let told = self.run(home, &format!("{words} --format json"));
        assert_eq!(told.code, 0, "{words}: {told:?}");
        serde_json::from_str(&told.out).unwrap()
    }

    /// Who signed, by name.
    pub(super) fn signer(&self, home: &Home, words: &str) -> String {
        self.done(home, words)["signer"].as_str().unwrap().to_owned()
    }

    /// Runs the program, which must fail with exactly this error and hint, and must leave everything as it was.
    #[track_caller]
    pub(super) fn refuses(&self, home: &Home, words: &str, error: &str) {
        let before = self.snapshot();
        let told = self.run(home, words);
        let said = told.err.find("Error: ").map_or("", |start| &told.err[start..]);
        assert_eq!((told.code, said.trim_end(), told.out.as_str()), (2, error, ""), "{words}");
        assert!(self.snapshot() == before, "{words}: something was written");
    }

    /// Everything that lies in the folder.
    pub(super) fn snapshot(&self) -> Snapshot {
        snapshot(self.folder.path())
    }

    pub(super) fn unfill(&self, text: &str) -> String {
        let fold = |text: String, (fingerprint, name): (&String, &String)| text.replace(fingerprint, name);
        let text = self.names.iter().fold(text.to_owned(), fold);
        text.replace(&format!("{}/", self.folder.path().display()), "")
    }
}

/// Every file's content, and every folder, below `root`.
pub(super) fn snapshot(root: &Path) -> Snapshot {
    let mut all = Snapshot::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            let is_dir = entry.file_type().unwrap().is_dir();
            let content = (!is_dir).then(|| fs::read(&path).unwrap());
            all.insert(path.strip_prefix(root).unwrap().to_owned(), content);
            folders.extend(is_dir.then_some(path));
        }
    }
    all
}

/// Gives a home a pinentry that answers this: a passphrase, or `cancel`; and an agent that remembers none.
pub(super) fn answer(home: &Home, answer: &str) {
    let (script, answers) = (home.path().join("pinentry"), home.path().join("answers"));
    let pinentry = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/card/pinentry.sh");
    let text = format!("#!/bin/sh\nexec sh '{}' '{}' \"$@\"\n", pinentry.display(), answers.display());
    fs::write(&script, text).unwrap();
    fs::set_permissions(&script, Permissions::from_mode(0o700)).unwrap();
    fs::write(answers, answer).unwrap();
    set_agent(home, &format!("pinentry-program {}\n", script.display()));
}

/// Writes the configuration of a home's agent, and ends the one that runs.
pub(super) fn set_agent(home: &Home, configuration: &str) {
    fs::write(home.path().join("gpg-agent.conf"), configuration).unwrap();
    end_agent(home);
}

pub(super) fn end_agent(home: &Home) {
    Command::new("gpgconf").env("GNUPGHOME", home.path()).args(["--kill", "all"]).output().unwrap();
}

/// Runs the program on a terminal, where `typed` is typed. What the terminal shows, and the exit code.
pub(super) fn typed(desk: &Desk, home: &Home, words: &str, typed: &str) -> (String, i32) {
    let quoted: Vec<_> = desk.words(words).iter().map(|word| format!("'{word}'")).collect();
    let mut command = Command::new("script");
    desk.dress(&mut command, home);
    command.args(["-qec", &format!("'{}' {}", env!("CARGO_BIN_EXE_countersign"), quoted.join(" ")), "/dev/null"]);
    command.env("PAGER", "").env("TERM", "xterm").env("NO_COLOR", "1");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), typed.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap())
}
