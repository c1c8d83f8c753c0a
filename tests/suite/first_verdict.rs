//! The README's first command: what `evidence/first-verdict.sh` shows is still true of the crate that Cargo.lock names.

use std::fs;
use std::path::{Path, PathBuf};

use super::crates;

/// The crate of the demonstration, and the version that was signed.
const NAME: &str = "same-file";
const VERSION: &str = "1.0.6";
/// The demonstration key.
const SIGNER: &str = "AF02AC921A6DAE9FD2327FD3FBB49BF4B09EC406";

#[test]
fn the_committed_evidence_is_about_the_crate_that_cargo_lock_names() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).expect("Cargo.lock");
    let named = lock.split("[[package]]").filter(|package| package.contains(&format!("\nname = \"{NAME}\"\n")));
    let versions: Vec<_> =
        named.filter_map(|package| package.split("version = \"").nth(1)?.split('"').next()).collect();
    assert_eq!(
        versions,
        [VERSION],
        "evidence/ holds a signature for {NAME} {VERSION}, and Cargo.lock (left) names something else. Either go back \
         with `cargo update --package {NAME} --precise {VERSION}`, or make new evidence as evidence/README.md says"
    );
    for file in ["evidence/first-verdict.sh", "keyrings/README.md"] {
        let text = fs::read_to_string(root().join(file)).expect(file);
        assert!(text.contains(SIGNER), "{file} names another key than {SIGNER}");
    }
}

#[test]
fn it_is_accepted_as_cargo_unpacked_it_and_refused_with_one_changed_byte() {
    let folder = format!("{NAME}-{VERSION}");
    let unpacked: Vec<_> = crates::unpacked().into_iter().filter(|dir| dir.ends_with(&folder)).collect();
    assert!(!unpacked.is_empty(), "cargo has not unpacked {folder} on this machine, so there is nothing to verify");
    for dir in unpacked {
        assert_eq!(verify(&dir), (Some(0), vec![]), "{}", dir.display());
        let scratch = tempfile::tempdir().expect("a folder");
        crates::copy(&dir, scratch.path());
        let changed = scratch.path().join("src/lib.rs");
        let mut bytes = fs::read(&changed).expect("a file");
        bytes[0] ^= 1;
        fs::write(&changed, bytes).expect("written");
        assert_eq!(verify(scratch.path()), (Some(1), vec!["content-differs src/lib.rs".to_owned()]));
    }
}

/// The exit code, and the code and path of each reason.
fn verify(dir: &Path) -> (Option<i32>, Vec<String>) {
    let package = format!("pkg:cargo/{NAME}@{VERSION}");
    let mut program = crates::verify(dir, &package, &root().join("keyrings/demonstration.asc"), SIGNER);
    program.arg("--store").arg(root().join("evidence/store"));
    crates::answer(program)
}

fn root() -> PathBuf {
    env!("CARGO_MANIFEST_DIR").into()
}
