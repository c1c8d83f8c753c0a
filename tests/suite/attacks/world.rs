//! The small world of one case: a package, people with keys, a keyring, perhaps a store, and what is done to them.
//!
//! The tree text and the manifest are written here without the library's help, so that the two must agree.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::evidence::{ManifestSpec, SignSpec, replace};
use super::gpg::Gpg;
use super::people::{Person, Recipe};
use super::said::SaidSpec;

/// What a case does, one after the other. Paths are relative to the world; `\xNN` in a path or a text is a byte.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Step {
    /// Writes a file, and the directories above it. `times` repeats the text.
    Write {
        path: String,
        text: String,
        times: Option<usize>,
    },
    /// Puts text behind a file's end.
    Append {
        path: String,
        text: String,
    },
    /// Replaces text in a file, which must hold it exactly once.
    Replace {
        path: String,
        old: String,
        new: String,
    },
    /// Turns every LF into CRLF, or the reverse.
    Crlf(String),
    Lf(String),
    /// Removes a file or a directory with all that is in it.
    Remove(String),
    Rename {
        from: String,
        to: String,
    },
    /// Copies a file, or a directory with all that is in it.
    Copy {
        from: String,
        to: String,
    },
    Chmod {
        path: String,
        mode: String,
    },
    Mkdir(String),
    Symlink {
        path: String,
        to: String,
    },
    /// A symbolic link that says exactly this.
    LinkSaying {
        path: String,
        text: String,
    },
    Hardlink {
        path: String,
        to: String,
    },
    Fifo(String),
    Socket(String),
    /// A file that is one hole.
    Sparse {
        path: String,
        size: u64,
    },
    /// So many empty files, and the directory.
    Many {
        path: String,
        count: usize,
        name: String,
    },
    /// Writes a manifest and, beside it, the tree text.
    Manifest(ManifestSpec),
    /// Signs a file.
    Sign(SignSpec),
    Said(SaidSpec),
    /// Writes certificates: `armored` (default), `binary`, `blocks`, `secret`, `cut`, `rubbish`, `old` (without
    /// revocations), `bare` (the primary key alone), `version-3`.
    Certificates {
        of: Vec<String>,
        to: String,
        form: Option<String>,
    },
    /// Runs the program, which must succeed.
    Run(Vec<String>),
    /// Copies a file of `tests/data`.
    Data {
        from: String,
        to: String,
    },
    /// Renames a file of a store to the name that its content asks for.
    Rehash(String),
    /// Writes a `lock` or a `state` with this content, whole.
    Memory {
        path: String,
        kind: String,
        text: String,
    },
}

pub(crate) struct World {
    folder: TempDir,
    people: BTreeMap<String, Person>,
    program: PathBuf,
}

impl World {
    /// A package, and everybody's certificate in the keyring. Where there is a gpg, all is signed by it.
    pub(crate) fn new(people: &BTreeMap<String, Recipe>, program: &Path, gpg: Option<&Arc<Gpg>>) -> Self {
        let folder = tempfile::Builder::new().prefix("attack").tempdir().expect("a directory");
        let recipes = people;
        let person = |name: &str, recipe: &Recipe| match gpg {
            Some(gpg) => gpg.person(name, recipe),
            None => Person::new(name, recipe),
        };
        let mut people: BTreeMap<_, _> =
            recipes.iter().map(|(name, recipe)| (name.clone(), person(name, recipe))).collect();
        for (name, recipe) in recipes {
            let by = recipe.flood_by.as_ref().map(|by| people[by].clone());
            let person = people.remove(name).expect("somebody").flooded(recipe, by.as_ref());
            people.insert(name.clone(), person);
        }
        for (name, recipe) in recipes {
            for word in &recipe.certified {
                let by = people[&word.by].clone();
                let person = people.remove(name).expect("somebody").certified(&by, word);
                people.insert(name.clone(), person);
            }
        }
        let world = Self { folder, people, program: program.to_owned() };
        for (path, text) in PACKAGE {
            world.write(&format!("package/{path}"), text.as_bytes());
        }
        world.chmod("package/bin/run", 0o755);
        let everybody: Vec<_> = world.people.keys().cloned().collect();
        world.certificates(&everybody, "keyring.pgp", "armored");
        world
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(OsString::from_vec(super::unescape(path)))
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn person(&self, name: &str) -> &Person {
        self.people.get(name).unwrap_or_else(|| panic!("the case has nobody named {name}"))
    }

    /// `{alice}` a fingerprint, `{alice:1}` a subkey's, `{world}` the directory, `{tree:DIR}` a directory's digest,
    /// `{sha256:FILE}` a file's, `{aa:FILE}` its first two digits, `{only:DIR}` the only statement in a folder.
    pub(crate) fn fill(&self, text: &str) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            let Some((name, behind)) = after.split_once('}').filter(|(name, _)| !name.contains([' ', '\n'])) else {
                filled.push('{');
                rest = after;
                continue;
            };
            rest = behind;
            filled.push_str(&match name.split_once(':') {
                _ if name == "world" => self.root().display().to_string(),
                None => self.person(name).fingerprint(0),
                Some(("tree", dir)) => hex(&self.tree(dir).0),
                Some(("only", dir)) => self.only(dir),
                Some(("sha256", file)) => hex(&self.read(file)),
                Some(("aa", file)) => hex(&self.read(file))[..2].to_owned(),
                Some((name, key)) => self.person(name).fingerprint(key.parse().expect("a number")),
            });
        }
        filled + rest
    }

    /// The reverse: what differs from run to run gets its name.
    pub(crate) fn unfill(&self, text: &str) -> String {
        let mut text = text.replace(&format!("{}/", self.root().display()), "");
        for (name, person) in &self.people {
            text = text.replace(&person.fingerprint(0), &format!("{{{name}}}"));
        }
        let mut plain = String::new();
        let mut run = String::new();
        for c in text.chars().chain(['\n']) {
            if c.is_ascii_digit() || ('a'..='f').contains(&c) {
                run.push(c);
                continue;
            }
            plain.push_str(if run.len() >= 16 { "#" } else { &run });
            run.clear();
            plain.push(c);
        }
        plain.pop();
        // The folder of two digits in a store.
        match plain.find("/#").and_then(|end| Some((plain[..end].rfind('/')?, end))) {
            Some((start, end)) if end - start == 3 => format!("{}/*{}", &plain[..start], &plain[end..]),
            _ => plain,
        }
    }

    pub(crate) fn act(&self, step: &Step) {
        match step {
            Step::Write { path, text, times } => {
                let text = self.bytes(text).repeat(times.unwrap_or(1));
                self.write(path, &text);
            }
            Step::Append { path, text } => self.write(path, &[self.read(path), self.bytes(text)].concat()),
            Step::Replace { path, old, new } => {
                let bytes = replace(&self.read(path), &self.bytes(old), &self.bytes(new));
                self.write(path, &bytes);
            }
            Step::Crlf(path) => {
                let text = String::from_utf8(self.read(path)).expect("text");
                self.write(path, text.replace('\n', "\r\n").as_bytes());
            }
            Step::Lf(path) => {
                let text = String::from_utf8(self.read(path)).expect("text");
                self.write(path, text.replace("\r\n", "\n").as_bytes());
            }
            Step::Remove(path) => {
                let path = self.path(&self.fill(path));
                let is_dir = fs::symlink_metadata(&path).expect("something to remove").is_dir();
                if is_dir { fs::remove_dir_all(path) } else { fs::remove_file(path) }.expect("removed");
            }
            Step::Rename { from, to } => {
                let to = self.place(to);
                fs::rename(self.path(&self.fill(from)), to).expect("renamed");
            }
            Step::Copy { from, to } => copy(&self.path(&self.fill(from)), &self.place(to)),
            Step::Chmod { path, mode } => self.chmod(path, u32::from_str_radix(mode, 8).expect("a mode")),
            Step::Mkdir(path) => fs::create_dir_all(self.path(path)).expect("made"),
            Step::Symlink { path, to } => symlink(self.path(&self.fill(to)), self.place(path)).expect("linked"),
            Step::LinkSaying { path, text } => symlink(text, self.place(path)).expect("linked"),
            Step::Hardlink { path, to } => fs::hard_link(self.path(to), self.place(path)).expect("linked"),
            Step::Fifo(path) => {
                let mode = rustix::fs::Mode::from_raw_mode(0o600);
                rustix::fs::mkfifoat(rustix::fs::CWD, self.place(path), mode).expect("a FIFO");
            }
            Step::Socket(path) => drop(UnixListener::bind(self.place(path)).expect("a socket")),
            Step::Sparse { path, size } => {
                fs::File::create(self.place(path)).and_then(|file| file.set_len(*size)).expect("a sparse file");
            }
            Step::Many { path, count, name } => {
                let folder = self.path(&self.fill(path));
                fs::create_dir_all(&folder).expect("made");
                for number in 0..*count {
                    let name = name.replace('#', &format!("{number:016x}"));
                    fs::write(folder.join(self.fill(&name)), "").expect("written");
                }
            }
            Step::Manifest(spec) => self.manifest(spec),
            Step::Sign(spec) => self.sign(spec),
            Step::Said(spec) => self.say(spec),
            Step::Certificates { of, to, form } => self.certificates(of, to, form.as_deref().unwrap_or("armored")),
            Step::Run(words) => {
                let output = self.run(words);
                assert!(output.status.success(), "{words:?}: {output:?}");
            }
            Step::Data { from, to } => {
                let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(from);
                self.write(to, &fs::read(from).expect("a file of data"));
            }
            Step::Memory { path, kind, text } => {
                let text = self.bytes(text);
                let head = format!("countersign = \"{kind}/1\"\ndigest = \"sha256:{}\"\n", hex(&text));
                self.write(path, &[head.into_bytes(), text].concat());
            }
            Step::Rehash(path) => {
                let path = self.path(&self.fill(path));
                let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
                let digest = hex(&fs::read(&path).expect("a file"));
                let name = match name.rsplit_once('-') {
                    Some((signer, _)) => format!("{signer}-{}.asc", &digest[..16]),
                    None if name.ends_with(".asc") => format!("{digest}.asc"),
                    None if name.ends_with(".toml") => format!("{digest}.toml"),
                    None => digest,
                };
                fs::rename(&path, path.with_file_name(name)).expect("renamed");
            }
        }
    }

    /// Runs the program with these words, in the world, without an environment.
    pub(crate) fn run(&self, words: &[String]) -> std::process::Output {
        self.run_in("", words)
    }

    /// The same, in one of the world's folders.
    #[expect(clippy::disallowed_methods, reason = "the attacks are run against the program itself")]
    pub(crate) fn run_in(&self, folder: &str, words: &[String]) -> std::process::Output {
        let words = words.iter().map(|word| OsString::from_vec(super::unescape(&self.fill(word))));
        let mut command = std::process::Command::new(&self.program);
        // Everything of the user's own lies in the world.
        command
            .env_clear()
            .env("HOME", self.root().join("home"))
            .current_dir(self.root().join(folder))
            .args(words)
            .output()
            .expect("the program starts")
    }

    /// Whether the user wrote a fingerprint down: on the command line, or in a policy.
    pub(super) fn is_written_down(&self, words: &[String], fingerprint: &str) -> bool {
        let policies =
            ["policy.toml", "countersign.toml", "home/.config/countersign/policy.toml", "base/countersign.toml"];
        let policies = policies.iter().filter_map(|file| fs::read_to_string(self.path(file)).ok());
        words.iter().map(|word| self.fill(word)).chain(policies).any(|text| text.contains(fingerprint))
    }

    /// Everything in the world: path, kind, mode, size, time of change. What only reads leaves it as it is.
    pub(crate) fn snapshot(&self) -> BTreeMap<PathBuf, (u32, u64, i64, i64, u64)> {
        let mut all = BTreeMap::new();
        let mut folders = vec![self.root().to_owned()];
        while let Some(folder) = folders.pop() {
            let Ok(entries) = fs::read_dir(&folder) else { continue };
            for entry in entries.map(|entry| entry.expect("an entry")) {
                let facts = entry.path().symlink_metadata().expect("facts");
                if facts.is_dir() {
                    folders.push(entry.path());
                }
                let facts = (facts.mode(), facts.size(), facts.mtime(), facts.mtime_nsec(), facts.ino());
                all.insert(entry.path(), facts);
            }
        }
        all
    }

    pub(super) fn bytes(&self, text: &str) -> Vec<u8> {
        super::unescape(&self.fill(text))
    }

    pub(super) fn read(&self, path: &str) -> Vec<u8> {
        fs::read(self.path(&self.fill(path))).unwrap_or_else(|why| panic!("{path}: {why}"))
    }

    /// A path below directories that are there.
    fn place(&self, path: &str) -> PathBuf {
        let path = self.path(&self.fill(path));
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        path
    }

    pub(super) fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.place(path);
        fs::write(&path, bytes).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    }

    fn chmod(&self, path: &str, mode: u32) {
        fs::set_permissions(self.path(path), fs::Permissions::from_mode(mode)).expect("changed");
    }

    /// The tree text of a directory, as the format's description says, with the number of files and bytes.
    pub(super) fn tree(&self, dir: &str) -> (Vec<u8>, u64, u64) {
        let root = self.path(dir);
        let mut lines: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
        let (mut folders, mut bytes) = (vec![root.clone()], 0);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                let name = path.strip_prefix(&root).expect("inside").as_os_str().as_bytes().to_vec();
                let facts = path.symlink_metadata().expect("facts");
                if facts.is_dir() && name != b".countersign" {
                    folders.push(path);
                } else if facts.is_file() {
                    let content = fs::read(&path).expect("a file");
                    let kind = if facts.mode() & 0o111 == 0 { 'f' } else { 'x' };
                    bytes += content.len() as u64;
                    let line = format!("{kind} {} {} ", content.len(), hex(&content)).into_bytes();
                    lines.insert(name.clone(), [line, name, b"\n".to_vec()].concat());
                } else if facts.is_symlink() {
                    let text = fs::read_link(&path).expect("a link").into_os_string().into_encoded_bytes();
                    bytes += text.len() as u64;
                    let line = format!("l {} {} ", text.len(), hex(&text)).into_bytes();
                    lines.insert(name.clone(), [line, name, b"\n".to_vec()].concat());
                }
            }
        }
        let files = lines.len() as u64;
        let text = [b"countersign-tree/1\n".to_vec()].into_iter().chain(lines.into_values()).flatten().collect();
        (text, files, bytes)
    }
}

fn copy(from: &Path, to: &Path) {
    if !from.is_dir() {
        fs::copy(from, to).unwrap_or_else(|why| panic!("{}: {why}", from.display()));
        return;
    }
    fs::create_dir_all(to).expect("made");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        copy(&entry.path(), &to.join(entry.file_name()));
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What everybody packages.
const PACKAGE: &[(&str, &str)] = &[
    ("Cargo.toml", "[package]\nname = \"acme\"\nversion = \"1.0.0\"\n"),
    ("bin/run", "#!/bin/sh\nexec acme\n"),
    ("docs/caf\u{e9}.md", "# Acme\n\nServes coffee.\n"),
    ("src/lib.rs", "//! Acme.\n\npub fn acme() -> u32 {\n    1\n}\n"),
    ("tests/empty", ""),
];
