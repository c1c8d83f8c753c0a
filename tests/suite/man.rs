//! The manual pages: one for each command, with all that its help says, and nothing that a strict reader finds fault with.

#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "these tests start programs")]

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Output};

use crate::tools::{self, scratch};

const PROGRAMS: [(&str, &str); 2] = [
    ("countersign", env!("CARGO_BIN_EXE_countersign")),
    ("cargo-countersign", env!("CARGO_BIN_EXE_cargo-countersign")),
];

fn run(program: &str, arguments: &[&str]) -> Output {
    Command::new(program).args(arguments).output().expect("countersign")
}

fn write_into(folder: &Path) -> Output {
    run(PROGRAMS[0].1, &["man", folder.to_str().expect("a name")])
}

/// A page as text without what formats it.
fn plain(page: &str) -> String {
    page.replace("\\-", "-").replace("\\fB", "").replace("\\fI", "").replace("\\fR", "").replace("\\*(Aq", "'")
}

#[test]
fn every_command_has_a_page_with_all_of_its_help() {
    let world = scratch();
    let folder = world.path().join("share/man1");
    let done = write_into(&folder);
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    let mut pages = 0;
    for (name, program) in PROGRAMS {
        let mut todo: Vec<Vec<String>> = vec![Vec::new()];
        while let Some(words) = todo.pop() {
            let mut arguments: Vec<_> = words.iter().map(String::as_str).collect();
            arguments.push("--help");
            let help = String::from_utf8(run(program, &arguments).stdout).expect("text");
            let page = [&[name.to_owned()], words.as_slice()].concat().join("-");
            let text =
                fs::read_to_string(folder.join(format!("{page}.1"))).unwrap_or_else(|_| panic!("no page {page}"));
            pages += 1;
            let text = plain(&text);
            for option in help.split_whitespace().filter(|word| word.starts_with("--")) {
                let option = option.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
                assert!(option.is_empty() || text.contains(option), "{page}: {option}");
            }
            for example in help.lines().skip_while(|line| !line.starts_with("Example")).skip(1) {
                // Long ones are broken in a help text.
                let start: String = example.trim().chars().take(60).collect();
                assert!(
                    start.is_empty() || text.contains(&start) || !example.contains("countersign"),
                    "{page}: {start}"
                );
            }
            assert!(text.contains(".SH \"EXIT STATUS\"\n0 "), "{page} tells no exit status");
            for command in commands(&help) {
                todo.push([words.as_slice(), &[command]].concat());
            }
        }
    }
    assert_eq!(fs::read_dir(&folder).expect("the folder").count(), pages, "pages of no command");
    assert!(pages > 40, "{pages}");
}

/// The commands that a help text lists.
fn commands(help: &str) -> Vec<String> {
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = listed.filter(|line| !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn a_strict_reader_finds_no_fault() {
    if !tools::found("man::a_strict_reader_finds_no_fault", &["mandoc"]) {
        return;
    }
    let world = scratch();
    assert_eq!(write_into(world.path()).status.code(), Some(0));
    for page in fs::read_dir(world.path()).expect("pages") {
        let page = page.expect("a page").path();
        let said = Command::new("mandoc").args(["-T", "lint", "-W", "warning"]).arg(&page).output().expect("mandoc");
        let said = String::from_utf8(said.stdout).expect("text");
        // Nothing but a build's clock knows a date; and two breaks are one.
        let known = |line: &str| line.contains("missing date") || line.contains("skipping paragraph macro");
        let faults: Vec<_> = said.lines().filter(|line| !known(line)).collect();
        assert!(faults.is_empty(), "{faults:#?}");
        let shown = Command::new("mandoc").args(["-T", "html"]).arg(&page).output().expect("mandoc");
        assert!(String::from_utf8_lossy(&shown.stdout).contains("SYNOPSIS"), "{}", page.display());
    }
}

#[test]
fn earlier_pages_are_replaced_and_links_are_not_followed() {
    let world = scratch();
    let elsewhere = world.path().join("elsewhere");
    tools::write(&elsewhere, "mine\n");
    let folder = world.path().join("man1");
    tools::write(&folder.join("countersign.1"), "of an earlier version\n");
    tools::write(&folder.join("git.1"), "somebody else's\n");
    symlink(&elsewhere, folder.join("countersign-verify.1")).expect("linked");
    assert_eq!(write_into(&folder).status.code(), Some(0));
    assert!(fs::read_to_string(folder.join("countersign.1")).expect("read").contains(".TH \"COUNTERSIGN\" 1"));
    assert_eq!(fs::read_to_string(folder.join("git.1")).expect("read"), "somebody else's\n");
    assert_eq!(fs::read_to_string(elsewhere).expect("read"), "mine\n");
    let mode = fs::metadata(folder.join("countersign.1")).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
}

#[test]
fn where_none_can_be_written_that_is_told() {
    let world = scratch();
    let file = world.path().join("file");
    tools::write(&file, "");
    let refused = write_into(&file.join("man1"));
    assert_eq!(refused.status.code(), Some(2));
    let told = String::from_utf8(refused.stderr).expect("text");
    assert!(told.starts_with(&format!("Error: {} was not written\n", file.join("man1").display())), "{told}");
    assert!(told.contains("Caused by: "), "{told}");
}
