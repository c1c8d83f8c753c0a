//! Thirty real crates, each in two versions: the difference is the one that git finds.

#![expect(clippy::disallowed_methods, reason = "git is asked for its difference, and cargo for crates")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use countersign::limits::Limits;

use super::applied::{Files, apply, told};
use crate::{crates, tools};

/// How many crates.
const CRATES: usize = 30;

#[test]
fn thirty_crates_differ_as_git_says() {
    if !tools::found("thirty_crates_differ_as_git_says", &["git"]) {
        return;
    }
    let pairs = pairs();
    if pairs.len() < CRATES {
        return tools::not_run("thirty_crates_differ_as_git_says", "thirty crates that `cargo fetch` could not get");
    }
    let (mut files, mut as_many, mut ours_in_all, mut git_in_all) = (0, 0, 0, 0);
    for (old, new) in &pairs {
        let told = told(old, new, true, &Limits::default());
        assert_eq!(apply(&read(old), &told), read(new), "{}", new.display());
        let git = Git::between(old, new);
        // A moved file is one that is gone and one that came, as git was asked to see it.
        let mut ours: BTreeMap<String, Tally> = BTreeMap::new();
        for file in told["files"].as_array().unwrap() {
            let tally = Tally::of(file);
            let path = |side: &str| file[side]["path"].as_str().map(str::to_owned);
            match (path("from"), path("to")) {
                (Some(from), Some(to)) if from != to => {
                    let content = |dir: &Path, path: &str| fs::read(dir.join(path)).unwrap();
                    ours.insert(from.clone(), Tally::whole(&content(old, &from), -1));
                    ours.insert(to.clone(), Tally::whole(&content(new, &to), 1));
                }
                (from, to) => drop(ours.insert(to.or(from).unwrap(), tally)),
            }
        }
        assert_eq!(ours.keys().collect::<Vec<_>>(), git.keys().collect::<Vec<_>>(), "{}", new.display());
        for (path, tally) in &ours {
            // Which of two equal lines is the new one is a matter of taste; what came and went is not.
            assert_eq!(tally.net(), git[path].net(), "{}: {path}", new.display());
            files += 1;
            as_many += usize::from(tally.count() == git[path].count());
            (ours_in_all, git_in_all) = (ours_in_all + tally.count(), git_in_all + git[path].count());
        }
    }
    // git's default is not the least either; as many lines in most files, and in all together about as many.
    assert!(as_many * 100 >= files * 90, "{as_many} of {files} files have as many changed lines as git says");
    assert!(ours_in_all * 100 <= git_in_all * 101, "{ours_in_all} changed lines, and {git_in_all} by git");
}

/// Lines that came (counted up) and went (counted down).
#[derive(Debug, Default)]
struct Tally {
    came: BTreeMap<Vec<u8>, i64>,
    went: BTreeMap<Vec<u8>, i64>,
}

impl Tally {
    /// A file that came or went as a whole.
    fn whole(content: &[u8], sign: i64) -> Self {
        let mut tally = Self::default();
        content.split_inclusive(|byte| *byte == b'\n').for_each(|line| tally.add(sign, line));
        tally
    }

    /// Of one file in our own output.
    fn of(file: &serde_json::Value) -> Self {
        let mut tally = Self::default();
        let lines = file["hunks"].as_array().unwrap().iter().flat_map(|hunk| hunk["lines"].as_array().unwrap());
        for line in lines {
            let sign = match line["mark"].as_str().unwrap() {
                "+" => 1,
                "-" => -1,
                _ => continue,
            };
            let mut bytes = super::applied::unescaped(line["text"].as_str().unwrap());
            if line["ended"] != false {
                bytes.push(b'\n');
            }
            tally.add(sign, &bytes);
        }
        tally
    }

    fn add(&mut self, sign: i64, line: &[u8]) {
        let side = if sign > 0 { &mut self.came } else { &mut self.went };
        *side.entry(line.to_vec()).or_default() += 1;
    }

    fn count(&self) -> i64 {
        self.came.values().chain(self.went.values()).sum()
    }

    /// What came, less what went.
    fn net(&self) -> BTreeMap<&[u8], i64> {
        let mut net: BTreeMap<&[u8], i64> = self.came.iter().map(|(line, n)| (line.as_slice(), *n)).collect();
        for (line, count) in &self.went {
            *net.entry(line.as_slice()).or_default() -= count;
        }
        net.retain(|_, count| *count != 0);
        net
    }
}

/// What git says of two folders, by path.
struct Git;

impl Git {
    fn between(old: &Path, new: &Path) -> BTreeMap<String, Tally> {
        let mut git = Command::new("git");
        git.env("HOME", "/nonexistent").env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
        git.args(["-c", "core.quotePath=false", "-c", "core.fileMode=true", "diff", "--no-index", "--no-renames"]);
        git.args(["--no-color", "--text", "--no-ext-diff", "--no-textconv", "-U0", "--"]).args([old, new]);
        let output = git.output().unwrap();
        assert!(output.stderr.is_empty() && output.status.code() == Some(1), "{}", output.stderr.escape_ascii());
        let mut all: BTreeMap<String, Tally> = BTreeMap::new();
        let (mut path, mut left) = (None, (0, 0));
        let mut last: Option<(i64, Vec<u8>)> = None;
        for line in output.stdout.split_inclusive(|byte| *byte == b'\n') {
            // A line of content is known by the numbers in its hunk's head, not by how it looks.
            let content = match (line.first(), left) {
                (Some(b'-'), (old, _)) if old > 0 => Some(-1),
                (Some(b'+'), (_, new)) if new > 0 => Some(1),
                _ => None,
            };
            if let Some(sign) = content {
                Self::keep(&mut all, &path, last.replace((sign, line[1..].to_vec())));
                left = if sign < 0 { (left.0 - 1, left.1) } else { (left.0, left.1 - 1) };
                continue;
            }
            if line.starts_with(b"\\ ") {
                let (sign, mut before) = last.take().unwrap();
                before.pop();
                Self::keep(&mut all, &path, Some((sign, before)));
                continue;
            }
            Self::keep(&mut all, &path, last.take());
            let text = str::from_utf8(line).unwrap_or_default().trim_end();
            if let Some(names) = text.strip_prefix("diff --git ") {
                let name = [old, new].iter().find_map(|dir| {
                    let start = format!(" b{}/", dir.display());
                    names.rsplit_once(&start).map(|(_, name)| name.to_owned())
                });
                let name = name.unwrap_or_else(|| panic!("{names}"));
                all.entry(name.clone()).or_default();
                path = Some(name);
            } else if let Some(head) = text.strip_prefix("@@ ") {
                let count = |part: &str| part.split_once(',').map_or(1, |(_, count)| count.parse().unwrap());
                let mut parts = head.split(' ');
                left = (count(parts.next().unwrap()), count(parts.next().unwrap()));
            }
        }
        Self::keep(&mut all, &path, last);
        all
    }

    fn keep(all: &mut BTreeMap<String, Tally>, path: &Option<String>, line: Option<(i64, Vec<u8>)>) {
        if let Some((sign, bytes)) = line {
            all.get_mut(path.as_ref().unwrap()).unwrap().add(sign, &bytes);
        }
    }
}

/// The crates that the two manifests name, as cargo unpacked them before and after.
fn pairs() -> Vec<(PathBuf, PathBuf)> {
    let [before, after] = ["before", "after"].map(|place| {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/thirty-crates").join(place);
        let manifest = manifest.join("Cargo.toml");
        let found = unpacked(&manifest);
        if found.len() == CRATES {
            return found;
        }
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        drop(Command::new(cargo).args(["fetch", "--locked", "--manifest-path"]).arg(&manifest).output());
        unpacked(&manifest)
    });
    before.into_iter().zip(after).collect()
}

/// The folders of the crates that a manifest names, those that are there.
fn unpacked(manifest: &Path) -> Vec<PathBuf> {
    let manifest: toml::Table = fs::read_to_string(manifest).unwrap().parse().unwrap();
    let all = crates::unpacked();
    let named = manifest["dependencies"].as_table().unwrap().iter();
    let folder = |(name, wanted): (&String, &toml::Value)| {
        let version = wanted["version"].as_str().unwrap().trim_start_matches('=');
        all.iter().find(|dir| dir.ends_with(format!("{name}-{version}"))).cloned()
    };
    named.filter_map(folder).collect()
}

fn files(dir: &Path) -> impl Iterator<Item = walkdir::DirEntry> {
    let entries = walkdir::WalkDir::new(dir).into_iter().map(Result::unwrap);
    entries.filter(|entry| entry.file_type().is_file())
}

fn read(dir: &Path) -> Files {
    files(dir)
        .map(|entry| {
            let path = entry.path().strip_prefix(dir).unwrap().to_str().unwrap().to_owned();
            let executable = entry.metadata().unwrap().permissions().mode() & 0o111 != 0;
            (path, (executable, fs::read(entry.path()).unwrap()))
        })
        .collect()
}
