//! Real crates: the tree of each one in this machine's cargo registry is what coreutils say it is.

#![expect(clippy::disallowed_methods, reason = "the independent computation is made by other programs")]

use std::path::Path;
use std::process::Command;

use countersign::limits::Limits;
use countersign::tree::{SurveyRequest, survey};

use super::crates;

/// The tree text by `find`, `sort`, `stat` and `sha256sum`. No name in a crate has a line feed: we would refuse it.
const SCRIPT: &str = r#"
set -eu
cd "$1"
find . -type f ! -path './.countersign/*' -printf '%P\n' | sort | tr '\n' '\0' > "$2/names"
xargs -0 -r stat -c '%A %s' -- < "$2/names" | sed -E 's/^[^ ]*x[^ ]*/x/; t; s/^[^ ]*/f/' > "$2/sizes"
xargs -0 -r sha256sum -z -- < "$2/names" | tr '\0' '\n' | sed -E 's/^([0-9a-f]{64})  /\1 /' > "$2/digests"
echo countersign-tree/1
paste -d' ' "$2/sizes" "$2/digests"
"#;

#[test]
fn every_crate_of_the_registry_has_the_tree_that_coreutils_compute() {
    let crates = crates::unpacked();
    assert!(!crates.is_empty(), "cargo has unpacked no crate on this machine, so nothing would be tested");
    let limits = Limits::default();
    let scratch = tempfile::tempdir().expect("a folder");
    for dir in &crates {
        let request = SurveyRequest::plain(dir, &limits);
        let survey = survey(&request).expect("a directory");
        let tree = survey.measured().unwrap_or_else(|| panic!("{}: {:?}", dir.display(), survey.reasons()));
        let theirs = by_coreutils(dir, scratch.path());
        assert!(tree.text().to_string().into_bytes() == theirs, "{} differs", dir.display());
        assert_eq!(tree.digest(), countersign::digest::Digest::of(&theirs), "{}", dir.display());
    }
}

fn by_coreutils(dir: &Path, scratch: &Path) -> Vec<u8> {
    let mut shell = Command::new("sh");
    shell.args(["-c", SCRIPT, "sh"]).arg(dir).arg(scratch).env("LC_ALL", "C");
    let output = shell.output().expect("a shell");
    assert!(output.status.success(), "{}: {output:?}", dir.display());
    output.stdout
}
