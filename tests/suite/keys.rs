//! The guides of `docs/keys.md`, run as they stand, with real keys in a GnuPG home to throw away.

#![expect(clippy::disallowed_methods, reason = "the guides are the shell's")]
#![allow(clippy::unwrap_used, reason = "shared functions of tests")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::tools::{Home, found, scratch};

const MADE: &str = "20240101T000000";

/// One command of a guide, and lines that its answer must have.
#[derive(Debug, PartialEq, Eq)]
struct Step {
    command: String,
    told: Vec<String>,
}

/// The guides of a document, each with its heading.
fn guides(document: &str) -> Vec<(String, Vec<Step>)> {
    let mut guides: Vec<(String, Vec<Step>)> = Vec::new();
    let mut inside = false;
    for line in document.lines() {
        match line.strip_prefix("## ") {
            Some(heading) if !inside => guides.push((heading.to_owned(), Vec::new())),
            _ if line.starts_with("```") => inside = !inside && line == "```console",
            _ if inside => {
                let (heading, steps) = guides.last_mut().expect("a guide has a heading");
                match (line.strip_prefix("$ "), steps.last_mut()) {
                    (Some(command), _) => steps.push(Step { command: command.to_owned(), told: Vec::new() }),
                    (None, Some(step)) => step.told.push(line.to_owned()),
                    (None, None) => panic!("{heading} begins with an answer"),
                }
            }
            _ => {}
        }
    }
    guides.retain(|(_, steps)| !steps.is_empty());
    guides
}

/// Whether an answer has a line with these parts, in this order; `…` stands between them.
fn has(answer: &str, wanted: &str) -> bool {
    answer.lines().any(|line| {
        let mut rest = Some(line);
        for part in wanted.trim_end().split('…') {
            rest = rest.and_then(|rest| rest.split_once(part)).map(|(_, rest)| rest);
        }
        rest.is_some()
    })
}

/// The exit code that goes with what a guide shows.
fn exit(step: &Step) -> i32 {
    let first = step.told.first().map(String::as_str).unwrap_or_default();
    i32::from(first.starts_with("REJECTED") || first.starts_with("SOMETHING FALLS"))
}

fn play(heading: &str, steps: &[Step]) {
    let (folder, home) = (scratch(), Home::new());
    fs::write(home.path().join("empty"), "").unwrap();
    // Nobody is there to be asked for a passphrase.
    let conf = format!("batch\nno-tty\npinentry-mode loopback\npassphrase-file {}/empty\n", home.path().display());
    fs::write(home.path().join("gpg.conf"), conf).unwrap();
    for version in ["1.0", "1.1", "1.2"] {
        let package = folder.path().join(format!("acme-{version}"));
        fs::create_dir(&package).unwrap();
        fs::write(package.join("main.c"), format!("int version = {version};\n")).unwrap();
    }
    let mut script = String::from("set -u\n");
    for name in ["alice", "bob", "carol"] {
        let key = home.generate(name, "ed25519", MADE, "never");
        script += &format!("{}={key}\n", name.to_uppercase());
    }
    for step in steps {
        script += &format!("{{ {}\n}} 2>&1\necho \"{MARK} $?\"\n", step.command);
    }
    let program = Path::new(env!("CARGO_BIN_EXE_countersign")).parent().unwrap();
    let path = std::env::join_paths(
        [program.to_owned()].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let mut bash = Command::new("bash");
    bash.args(["-c", &script]).env_clear().env("PATH", path.unwrap()).env("HOME", folder.path());
    bash.env("GNUPGHOME", home.path()).env("LC_ALL", "C").current_dir(folder.path()).stdin(Stdio::null());
    let output = bash.output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let mut rest = told.as_str();
    for step in steps {
        let (answer, after) = rest.split_once(MARK).unwrap_or_else(|| panic!("{heading}: it ended early:\n{told}"));
        let (code, after) = after.split_once('\n').unwrap_or((after, ""));
        rest = after;
        assert_eq!(code.trim(), exit(step).to_string(), "{heading}\n$ {}\n{answer}", step.command);
        for line in &step.told {
            assert!(has(answer, line), "{heading}\n$ {}\nlacks: {line}\n{answer}", step.command);
        }
    }
}

#[test]
fn the_guides_for_keys_do_what_they_say() {
    if !found("the_guides_for_keys_do_what_they_say", &["gpg", "gpgconf", "gpg-agent", "bash", "awk"]) {
        return;
    }
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/keys.md");
    let guides = guides(&fs::read_to_string(document).unwrap());
    assert_eq!(guides.len(), 6, "{:?}", guides.iter().map(|(heading, _)| heading).collect::<Vec<_>>());
    for (heading, steps) in &guides {
        // A guide that shows no verdict would hold anything.
        assert!(steps.iter().filter(|step| !step.told.is_empty()).count() >= 2, "{heading}");
        play(heading, steps);
    }
}

#[test]
fn what_a_guide_lacks_is_found() {
    let found = guides("text\n## One\n```sh\n$ no\n```\n```console\n$ a\nX …b\n$ c\n```\n## Two\n");
    let step = |command: &str, told: &[&str]| Step {
        command: command.to_owned(),
        told: told.iter().map(|line| (*line).to_owned()).collect(),
    };
    assert_eq!(found, [("One".to_owned(), vec![step("a", &["X …b"]), step("c", &[])])]);
    assert!(has("first\nX some b\n", "X …b") && !has("X some c\nb", "X …b"));
    assert_eq!((exit(&step("a", &["REJECTED: p"])), exit(&step("a", &["ACCEPTED: p"]))), (1, 0));
}

/// Parts the answers.
const MARK: &str = "=== exit code";
