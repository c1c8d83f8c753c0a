//! `docs/codes.md` lists every reason code with its meaning and what to do, as `reason` has them; and some test asserts each code.
//!
//! `CODES=overwrite cargo test codes` writes the file anew.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use countersign::reason::Code;
use snapbox::assert_data_eq;

#[test]
fn every_code_is_documented() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/codes.md");
    let expected = document();
    if std::env::var_os("CODES").is_some_and(|value| value == "overwrite") {
        fs::write(&file, &expected).expect("docs/codes.md can be written");
    }
    let there = fs::read_to_string(&file).unwrap_or_default();
    assert_data_eq!(there, snapbox::Data::text(expected).raw());
}

#[test]
fn codes_are_kebab_case_and_each_stands_once() {
    let mut texts: Vec<_> = Code::ALL.iter().map(|(code, _)| code.as_str()).collect();
    for text in &texts {
        assert!(text.split('-').all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase())), "{text}");
    }
    texts.sort_unstable();
    let all = texts.len();
    texts.dedup();
    assert_eq!(texts.len(), all);
}

/// Codes that nothing can answer yet, since what they tell of is not built. Whoever builds it, and tests it, takes them out.
const LATER: &[&str] = &[];

/// Codes that no test on this system can reach: Linux has execute bits.
const ELSEWHERE: &[&str] = &["mode-unchecked"];

#[test]
fn every_code_is_asserted_by_some_test() {
    let asserted = asserted();
    let known: BTreeSet<_> = Code::ALL.iter().map(|(code, _)| code.as_str()).collect();
    let excused: BTreeSet<_> = LATER.iter().chain(ELSEWHERE).copied().collect();
    let missing: Vec<_> = known.iter().filter(|code| !asserted.contains(*code) && !excused.contains(*code)).collect();
    assert!(missing.is_empty(), "no test asserts these codes; write an attack for each: {missing:?}");
    let reached: Vec<_> = excused.intersection(&asserted).collect();
    assert!(reached.is_empty(), "tests reach these codes now; take them out of LATER in codes.rs: {reached:?}");
    let strange: Vec<_> = excused.difference(&known).collect();
    assert!(strange.is_empty(), "there are no such codes: {strange:?}");
    assert_eq!(excused.len(), LATER.len() + ELSEWHERE.len(), "a code is listed twice");
}

#[test]
fn codes_in_tests_are_found() {
    let found = |text: &str, rust: bool| codes_in(text, rust).into_iter().collect::<Vec<_>>();
    assert_eq!(
        found("exit = 1\nreasons = [\"symlink reject link\", \"clock cannot-tell\"]", false),
        ["clock", "symlink"]
    );
    assert_eq!(found("refused [file-added] a: is there", false), ["file-added"]);
    assert_eq!(found("assert_eq!(code, Code::PathGit);", true), ["path-git"]);
    // What only looks like it.
    assert_eq!(found("a clock, \"the clock\" and \"clock-face\" or my-clock [clocks]", true), [""; 0]);
    assert_eq!(found("let all = [\n    Code::Clock,\n    Code::ClockX];", true), [""; 0]);
    assert_eq!(found("// \"clock\" [symlink] Code::Clock", true), [""; 0]);
    assert_eq!(
        tested_part("let x = Code::Clock;\n#[cfg(test)]\nmod tests { \"symlink\" }"),
        "mod tests { \"symlink\" }"
    );
    assert_eq!(tested_part("let x = Code::Clock;"), "");
}

/// Every code that a test names: the attacks, the commands, this folder but for this file, and the tests in `src`.
fn asserted() -> BTreeSet<&'static str> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeSet::new();
    for file in files(&root.join("tests")).into_iter().chain(files(&root.join("src"))) {
        let rust = file.extension().is_some_and(|end| end == "rs");
        let data = file.extension().is_some_and(|end| end == "toml") && !file.ends_with("manifest.toml");
        if file == root.join("tests/suite/codes.rs") || !(rust || data) {
            continue;
        }
        let text = fs::read_to_string(&file).expect("text");
        let inner = file.strip_prefix(root).expect("a file of the package");
        let whole =
            inner.starts_with("tests") || inner.ends_with("tests.rs") || inner.iter().any(|part| part == "tests");
        found.extend(codes_in(if whole { &text } else { tested_part(&text) }, rust));
    }
    found
}

/// The tests at a file's end: what stands behind its last `#[cfg(test)]` on a line of its own.
fn tested_part(text: &str) -> &str {
    let marks = ["\n#[cfg(test)]\n", "\n#[cfg(all(test, unix))]\n"];
    let behind = marks.iter().filter_map(|mark| text.rsplit_once(mark)).map(|(_, part)| part);
    // A module in a file of its own is read there.
    behind
        .min_by_key(|part| part.len())
        .filter(|part| part.lines().next().is_some_and(|line| line.ends_with(['{', '}'])))
        .unwrap_or("")
}

/// The codes that stand in a text as the first word of a string, in brackets, or as a variant's name.
fn codes_in(text: &str, rust: bool) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    for line in text.lines().filter(|line| !rust || !line.trim_start().starts_with("//")) {
        for (at, mark) in line.match_indices(['"', '\'', '[']) {
            let rest = &line[at + 1..];
            let word = rest.split(|c: char| !c.is_ascii_lowercase() && c != '-').next().unwrap_or_default();
            let behind = &rest[word.len()..];
            // `"code"` alone, or `"code answer path"`; some are also words of a policy, and need their answer.
            let answer = behind.strip_prefix(' ').filter(|_| mark != "[");
            let stands = match mark {
                "[" => behind.starts_with(']'),
                _ if WORDS.contains(&word) => answer.is_some_and(|rest| ANSWERS.iter().any(|a| rest.starts_with(a))),
                _ => answer.is_some() || behind.starts_with('"'),
            };
            found.extend(Code::ALL.iter().map(|(code, _)| code.as_str()).find(|code| stands && *code == word));
        }
        for (at, start) in line.match_indices("Code::").filter(|_| rust) {
            let rest = &line[at + start.len()..];
            let name = rest.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
            // Alone on its line it is one of a list of codes to be looked up.
            let alone = line.trim().trim_end_matches(',').len() == start.len() + name.len();
            let code = Code::ALL.iter().find(|(code, _)| !alone && format!("{code:?}") == name);
            found.extend(code.map(|(code, _)| code.as_str()));
        }
    }
    found
}

/// What may follow a code in a case's list of reasons.
const ANSWERS: [&str; 4] = ["reject", "cannot-tell", "set-aside", "note"];

/// Codes that policies use as words of their own.
const WORDS: &[&str] = &["first-use", "unsigned"];

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry")) {
            let kind = entry.file_type().expect("a type");
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                found.push(entry.path());
            }
        }
    }
    found
}

/// The text of `docs/codes.md`.
fn document() -> String {
    let mut text = HEADER.to_owned();
    // A `|` would end the cell, even in code.
    let cell = |text: &str| text.replace('|', "\\|");
    for (code, meaning) in Code::ALL {
        text.push_str(&format!("| `{code}` | {} | {} |\n", cell(meaning), cell(code.advice())));
    }
    text
}

/// What stands above the rows.
const HEADER: &str = "\
# Reason codes

[Contents](README.md)

Every reason in a verdict has one of these codes. They are part of the public interface: codes may be added, none is
ever renamed, and each keeps its meaning. `countersign explain CODE` tells what stands here of one of them; without a code it
lists them all. Somebody else's package is never repaired here: what its author can do is told so that you can ask for it.

This table is made from `src/reason/codes.rs`; `CODES=overwrite cargo test codes` writes it anew.

| code | meaning | what to do |
|---|---|---|
";
