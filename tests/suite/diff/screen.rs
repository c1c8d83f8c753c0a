//! What a reader at a terminal gets: colours where they are wanted, and their own pager.

#![expect(clippy::disallowed_methods, reason = "a terminal is made by a program")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::tools;

/// Runs the program on a terminal, with these variables. What the terminal showed, and the exit code.
fn on_terminal(dir: &Path, variables: &[(&str, &str)]) -> (String, i32) {
    let mut command = Command::new("script");
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("TERM", "xterm").envs(variables.to_vec());
    let program = env!("CARGO_BIN_EXE_countersign");
    command.args(["-qec", &format!("'{program}' diff a b --exit-code 2>/dev/null"), "/dev/null"]).current_dir(dir);
    let output = command.stdin(std::process::Stdio::null()).output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap())
}

#[test]
fn a_terminal_gets_colours_and_the_pager_of_its_user() {
    if !tools::found("a_terminal_gets_colours_and_the_pager_of_its_user", &["script"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    for (side, content) in [("a", "one\n"), ("b", "two\u{1b}[2K\n")] {
        fs::create_dir(dir.path().join(side)).unwrap();
        fs::write(dir.path().join(side).join("x"), content).unwrap();
    }
    let escapes = |text: &str| text.matches('\u{1b}').count();
    // Without a pager: colours, unless they are not wanted, and nothing of the file's own.
    let (told, code) = on_terminal(dir.path(), &[("PAGER", "")]);
    assert!(code == 1 && escapes(&told) > 0 && !told.contains("\u{1b}[2K"), "{told:?}");
    for plain in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let (told, _) = on_terminal(dir.path(), &[("PAGER", "cat"), plain]);
        assert_eq!(escapes(&told), 0, "{told:?}");
        assert!(told.contains("+!two\\u{1b}[2K"), "{told:?}");
    }
    // The pager gets all of it, with its arguments, and may stop reading.
    let pager = dir.path().join("pager");
    fs::write(&pager, "#!/bin/sh\necho \"paged $1\"\ncat >\"$0.got\"\n").unwrap();
    fs::set_permissions(&pager, Permissions::from_mode(0o700)).unwrap();
    let (told, code) = on_terminal(dir.path(), &[("PAGER", &format!("{} -x", pager.display())), ("NO_COLOR", "1")]);
    assert_eq!((told.as_str(), code), ("paged -x\r\n", 1));
    assert!(fs::read_to_string(dir.path().join("pager.got")).unwrap().ends_with("+!two\\u{1b}[2K\n"));
    let (told, code) = on_terminal(dir.path(), &[("PAGER", "true")]);
    assert_eq!((told.as_str(), code), ("", 1));
    // One that is not there is no reason to show nothing; one beside the code is never started.
    for name in ["no-such-pager", "./pager", "a/../pager"] {
        let (told, code) = on_terminal(dir.path(), &[("PAGER", name), ("NO_COLOR", "1")]);
        assert!(code == 1 && told.contains("+!two"), "{name}: {told:?}");
    }
}
