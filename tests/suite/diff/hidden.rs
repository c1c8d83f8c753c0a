//! What hides from a reader is shown, named, and told by file and line.

#![expect(clippy::disallowed_methods, reason = "the program is run as its users run it")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use snapbox::{assert_data_eq, str};

/// Two folders, and the program run on them.
struct Pair(tempfile::TempDir);

impl Pair {
    fn new(files: &[(&str, &[u8])]) -> Self {
        let pair = Self(tempfile::tempdir().unwrap());
        for side in ["a", "b"] {
            fs::create_dir(pair.0.path().join(side)).unwrap();
        }
        files.iter().for_each(|(path, content)| pair.write(path, content));
        pair
    }

    fn write(&self, path: &str, content: &[u8]) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn run(&self, words: &[&str]) -> (i32, String) {
        run(self.0.path(), words)
    }

    /// The text without the trees' digests.
    fn told(&self) -> String {
        let (code, told) = self.run(&["diff", "a", "b"]);
        assert_eq!(code, 0);
        told.lines().skip(2).map(|line| format!("{line}\n")).collect()
    }
}

fn run(dir: &Path, words: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_countersign")).args(words).current_dir(dir).output().unwrap();
    assert!(output.stderr.is_empty(), "{}", output.stderr.escape_ascii());
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn what_turns_text_around_is_shown_as_an_escape() {
    let evil = "if access != \"user\u{202e} \u{2066}// admin\u{2069} \u{2066}\" {\n";
    let pair = Pair::new(&[("a/x.c", b"int a;\n"), ("b/x.c", format!("int a;\n{evil}p\u{430}y\u{200b}\n").as_bytes())]);
    assert_data_eq!(
        pair.told(),
        str![[r#"
files: 0 added, 0 removed, 1 changed, 0 moved; 0 the same
lines: 2 new, 0 gone
Look at:
  [direction] x.c:2: a character turns the text around: it does not read as it runs
  [invisible] x.c:3: a character that nobody sees
  [lookalike] x.c:3: a word with letters of two scripts that look alike

changed x.c (+2 -0) [direction] [invisible] [lookalike]
  ! a character turns the text around: it does not read as it runs, line 2
  ! a character that nobody sees, line 3
  ! a word with letters of two scripts that look alike, line 3
@@ -1 +1,3 @@
  int a;
+!if access != "user/u{202e} /u{2066}// admin/u{2069} /u{2066}" {
+!pаy/u{200b}

"#]]
    );
}

#[test]
fn no_file_is_binary() {
    let pair = Pair::new(&[("a/x.c", b"one\ntwo\n"), ("b/x.c", b"one\nsystem(\"id\");\0\n")]);
    assert_data_eq!(
        pair.told(),
        str![[r#"
files: 0 added, 0 removed, 1 changed, 0 moved; 0 the same
lines: 1 new, 1 gone
Look at:
  [nul] x.c:2: a NUL byte, for which other tools show nothing of the file

changed x.c (+1 -1) [nul]
  ! a NUL byte, for which other tools show nothing of the file, line 2
@@ -1,2 +1,2 @@
  one
- two
+!system("id");/u{0}

"#]]
    );
}

#[test]
fn a_terminal_gets_no_escape_of_ours_or_theirs() {
    let pair = Pair::new(&[("b/x", b"\x1b[2K\x1b[1A\x9b\x07\r\n\xc2\x9b31m")]);
    let told = pair.told();
    assert!(told.chars().all(|c| c == '\n' || !c.is_control()), "{told:?}");
}

#[test]
fn two_lines_never_look_the_same() {
    // An escape that was written out by its author, and the character itself; a cut that was written out, and a cut.
    let long = format!("{}\n", "x".repeat(510));
    let files = format!("a\u{200b}\na\\u{{200b}}\n{}\\[10 bytes]\n{long}", "x".repeat(300));
    let pair = Pair::new(&[("b/x", files.as_bytes())]);
    let told = pair.told();
    let lines: Vec<_> = told.lines().filter(|line| line.starts_with('+')).collect();
    assert_eq!(lines[..2], ["+!a\\u{200b}", "+ a\\u{200b}"]);
    assert!(lines[2].starts_with("+ xxx") && lines[2].ends_with("x\\[10 bytes]"));
    assert!(lines[3].starts_with("+~xxx") && lines[3].ends_with("x\\[10 bytes]"));
    assert!(
        told.contains("NOT SHOWN: 0 changed lines, and 10 bytes of long lines, in 1 files; --all shows everything.")
    );
    let (_, all) = pair.run(&["diff", "a", "b", "--all"]);
    assert!(all.contains(&long) && !all.contains("NOT SHOWN"));
}

#[test]
fn modes_and_moves_and_what_looks_generated_are_told() {
    let body: Vec<u8> = (0..50).flat_map(|n| format!("{n}\n").into_bytes()).collect();
    let pair = Pair::new(&[
        ("a/run", b"#!/bin/sh\n"),
        ("b/run", b"#!/bin/sh\n"),
        ("a/src/old.c", &body),
        ("b/lib/new.c", &[&body[..], b"system(\"id\");\n"].concat()),
        ("b/out.js", b"// @generated\nf()\n"),
        ("b/build.sh", b"cp x .countersign/manifest.toml\n"),
        ("b/crlf", b"a\r\nb\n"),
    ]);
    fs::set_permissions(pair.0.path().join("b/run"), Permissions::from_mode(0o755)).unwrap();
    assert_data_eq!(
        pair.told(),
        str![[r#"
files: 3 added, 0 removed, 1 changed, 1 moved; 0 the same
lines: 6 new, 0 gone
Look at:
  [evidence] build.sh:1: it speaks of `.countersign`, where evidence lies
  [line-endings] crlf: lines end in another way than before, or in several ways
  [generated] out.js: it looks generated, so other tools fold it away
  [executable] run: it can be executed, and could not before

added   build.sh (+1 -0) [evidence]
  ! it speaks of `.countersign`, where evidence lies, line 1
@@ -0,0 +1 @@
+ cp x .countersign/manifest.toml

added   crlf (+2 -0) [line-endings]
  ! lines end in another way than before, or in several ways
@@ -0,0 +1,2 @@
+!a/r
+ b

moved   src/old.c -> lib/new.c (+1 -0) 90 % the same
@@ -48,3 +48,4 @@
  47
  48
  49
+ system("id");

added   out.js (+2 -0) [generated]
  ! it looks generated, so other tools fold it away
@@ -0,0 +1,2 @@
+ // @generated
+ f()

changed run mode f -> x [executable]
  ! it can be executed, and could not before

"#]]
    );
    let (code, stat) = pair.run(&["diff", "a", "b", "--stat", "--exit-code"]);
    assert_eq!(code, 1);
    assert!(stat.contains("\nmoved   src/old.c -> lib/new.c (+1 -0) 90 % the same\n"), "{stat}");
    assert!(!stat.contains("system"), "{stat}");
    assert_eq!(pair.run(&["diff", "a", "a", "--exit-code"]).0, 0);
}

#[test]
fn a_tree_that_no_verifier_takes_is_told_with_its_directory() {
    for (link, code) in [(true, "refused [symlink] b/sub/x:"), (false, "refused [path-hidden] b/a/u{202e}b:")] {
        let pair = Pair::new(&[("a/x", b"x"), ("b/y", b"y")]);
        if link {
            fs::create_dir(pair.0.path().join("b/sub")).unwrap();
            std::os::unix::fs::symlink("/etc/passwd", pair.0.path().join("b/sub/x")).unwrap();
        } else {
            pair.write("b/a\u{202e}b", b"");
        }
        let (exit, told) = pair.run(&["diff", "a", "b"]);
        assert_eq!(exit, 1);
        assert!(told.replace('\\', "/").contains(code), "{told}");
    }
}

#[test]
fn a_checkouts_own_folder_is_left_out_where_that_is_asked_for() {
    let pair = Pair::new(&[("a/x", b"x\n"), ("b/x", b"y\n"), ("b/.git/config", b"")]);
    let (exit, told) = pair.run(&["diff", "a", "b"]);
    assert_eq!(exit, 1);
    assert!(told.contains("refused [path-git] b/.git:"), "{told}");
    let (exit, told) = pair.run(&["diff", "a", "b", "--worktree"]);
    assert_eq!(exit, 0);
    assert!(told.ends_with("note [worktree] b/.git: the top-level `.git` of a worktree was left out\n"), "{told}");
}
