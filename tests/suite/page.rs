//! The report as a page: what is written, and where.

#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "these tests start the program")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const SIGNER: &str = "4D96CA70F43AC80D597F7AB0F7E0696FB68AF538";

#[test]
fn a_page_is_written_and_the_verdict_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("page.html");
    fs::write(&page, "an older page").expect("written");
    let told = report("acme", &page);
    assert_eq!(told.status.code(), Some(0), "{told:?}");
    assert!(told.stdout.starts_with(b"ACCEPTED: pkg:generic/acme@1.0\n"));
    let text = fs::read_to_string(&page).expect("a page");
    assert!(text.starts_with("<!doctype html>\n") && text.ends_with("</html>\n"));
    assert!(text.contains(SIGNER) && text.contains("exactly what was signed"));
    // Nothing else lies about, and nothing is loaded from anywhere.
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    for outside in ["src=", "href=", "url(http", "@import"] {
        assert!(!text.contains(outside), "{outside}");
    }
}

#[test]
fn a_refusal_has_its_page_and_its_exit_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("page.html");
    let told = report("changed", &page);
    assert_eq!(told.status.code(), Some(1), "{told:?}");
    let text = fs::read_to_string(&page).expect("a page");
    assert!(text.contains("<code>content-differs</code>") || text.contains("<code>file-added</code>"));
}

#[test]
fn standard_output_takes_the_page_alone() {
    let told = report("acme", Path::new("-"));
    assert!(told.stdout.starts_with(b"<!doctype html>") && told.stderr.is_empty(), "{told:?}");
}

fn report(dir: &str, page: &Path) -> Output {
    about("report", dir, &["--html", page.to_str().expect("a plain path")])
}

/// What a command says of a package of the commands' world.
pub(crate) fn about(command: &str, dir: &str, options: &[&str]) -> Output {
    let world = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cmd/world");
    let mut program = Command::new(env!("CARGO_BIN_EXE_countersign"));
    program.current_dir(world).args([command, dir, "--package", "pkg:generic/acme@1.0", "--store", "store"]);
    program.args(["--keyring", "keyring.asc", "--signer", SIGNER]).args(options);
    program.output().expect("it starts")
}
