//! The floors of the house: each module looks only down.
//!
//! `ROWS` is the drawing in `docs/design.md`, from the roof to the ground. A module may use the rows below its own, never
//! its own and never one above. Files in a folder take their parent's row, and reach each other by `super::`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The modules from top to bottom; those in one row do not use each other.
const ROWS: &[&[&str]] = &[
    &["main", "bin"],
    &["edge"],
    &["cli"],
    &["certification"],
    &["accept", "publish"],
    &["programs"],
    &["audit"],
    &["verify"],
    &["setup"],
    &["settings", "author"],
    &["state"],
    &["cache"],
    &["store"],
    &["report"],
    &["ecosystem"],
    &["suggest"],
    &["reading"],
    &["verdict"],
    &["policy", "lock"],
    &["trust"],
    &["keyring"],
    &["openpgp"],
    &["statement"],
    &["diff"],
    &["archive", "git"],
    &["tree"],
    &["tree_text", "git_tree"],
    &["beneath", "own_file", "tidy"],
    &["grant"],
    &["pattern", "version_order"],
    &["package"],
    &["path"],
    &["fingerprint", "digest", "limits", "time"],
    &["reason"],
    &["shown", "spelling"],
];

/// No file is longer than this.
const LINES: usize = 500;

#[test]
fn modules_look_only_down() {
    let mut faults = Vec::new();
    for file in rust_files(&root().join("src")) {
        let inner = file.strip_prefix(root().join("src")).expect("a file below src");
        let module = module_of(inner);
        let text = fs::read_to_string(&file).expect("a source file");
        let depth = inner.components().count();
        faults
            .extend(faults_in(&module, depth, &text).into_iter().map(|fault| format!("{}: {fault}", inner.display())));
    }
    assert!(faults.is_empty(), "the floors do not hold:\n{}", faults.join("\n"));
}

#[test]
fn no_file_is_too_long() {
    let mut faults = Vec::new();
    for folder in ["src", "tests", "benches"] {
        for file in rust_files(&root().join(folder)) {
            let lines = fs::read_to_string(&file).expect("a source file").lines().count();
            if lines > LINES {
                faults.push(format!("{} has {lines} lines; split it by its nouns", file.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_test_file_is_forgotten() {
    let folder = root().join("tests/suite");
    let listed = modules_listed(&fs::read_to_string(folder.join("main.rs")).expect("tests/suite/main.rs"));
    let mut there = BTreeSet::new();
    for entry in fs::read_dir(&folder).expect("tests/suite") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a plain name").to_owned();
        if path.extension().is_some_and(|extension| extension == "rs") || path.join("mod.rs").exists() {
            there.insert(name);
        }
    }
    there.remove("main");
    assert_eq!(listed, there, "tests/suite/main.rs (left) must list the files of its folder (right)");
    // A file beside the folder would be a second test binary.
    for entry in fs::read_dir(root().join("tests")).expect("tests") {
        let path = entry.expect("an entry").path();
        assert!(
            path.extension().is_none_or(|extension| extension != "rs"),
            "{} belongs in tests/suite",
            path.display()
        );
    }
}

#[test]
fn rows_name_each_module_once() {
    let mut seen = BTreeSet::new();
    for module in ROWS.iter().copied().flatten() {
        assert!(seen.insert(module), "{module} has two rows");
    }
}

#[test]
fn planted_faults_are_found() {
    let planted = [
        // Up, to the own row, and to itself.
        ("path", "use crate::verdict::Verdict;", "line 1: path uses verdict, which is not below it"),
        ("digest", "\n\nuse crate::limits::Limits;", "line 3: digest uses limits, which is not below it"),
        ("tree", "fn f(tree: &crate::tree::Tree) {}", "line 1: tree uses tree, which is not below it"),
        // Twice on a line, the first one allowed; and in a macro.
        ("path", "let x = crate::reason::f(crate::store::g());", "line 1: path uses store, which is not below it"),
        ("path", "$crate::trust::amount!()", "line 1: path uses trust, which is not below it"),
        // Groups: the first names count, not the ones inside.
        ("path", "use crate::{shown::Shown, verdict};", "line 1: path uses verdict, which is not below it"),
        (
            "path",
            "use crate::{\n  shown::{Shown, verdict},\n  trust as t,\n};",
            "line 1: path uses trust, which is not below it",
        ),
        // Everything, and the crate under another name.
        ("path", "use crate::*;", "line 1: *, which path uses, has no row"),
        ("path", "use crate::{self as house};", "line 1: self, which path uses, has no row"),
        ("path", "use crate as house;", "line 1: crate under another name, which path uses, has no row"),
        // The library by its name.
        ("path", "use countersign::verdict::Verdict;", "line 1: path uses verdict, which is not below it"),
        // Modules without a row, on either side.
        ("attic", "", "attic has no row"),
        ("main", "use crate::attic::Chest;", "line 1: attic, which main uses, has no row"),
        // The way around.
        ("path", "use super::verdict::Verdict;", "line 1: path uses verdict, which is not below it"),
    ];
    for (module, text, fault) in planted {
        assert_eq!(faults_in(module, 1, text), [fault], "in {text:?}");
    }
    // From a folder: the parent's own row by `crate::`, and the way around.
    let fault = ["line 1: openpgp uses openpgp, which is not below it"];
    assert_eq!(faults_in("openpgp", 2, "use crate::openpgp::Certificate;"), fault);
    assert_eq!(faults_in("openpgp", 2, "use super::super::openpgp::Certificate;"), fault);
}

#[test]
fn what_is_allowed_passes() {
    let allowed = [
        ("path", 1, "use crate::reason::Code;\nuse crate::shown::Shown;"),
        ("verify", 1, "use crate::{report::Report, store::{Store, verify}};"),
        ("main", 1, "use countersign::cli;"),
        ("openpgp", 2, "use super::certify;\nuse crate::fingerprint::Fingerprint;"),
        // What only looks like it: visibility, other crates, inline modules, comments.
        ("path", 1, "pub(crate) fn f() {}\nuse some_crate::verdict;\nuse other::crate_verdict::x;"),
        ("path", 1, "mod tests {\n    use super::*;\n    use super::PathFault;\n}"),
        ("path", 1, "//! What comes next: [`crate::verdict`]."),
    ];
    for (module, depth, text) in allowed {
        assert_eq!(faults_in(module, depth, text), [""; 0], "in {text:?}");
    }
}

#[test]
fn the_list_of_tests_is_read() {
    let listed = modules_listed("//! mod talk;\nmod floors;\n#[cfg(unix)]\nmod tools;\n");
    assert_eq!(listed.into_iter().collect::<Vec<_>>(), ["floors", "tools"]);
}

#[test]
fn files_take_their_parents_row() {
    for (file, module) in
        [("tree.rs", "tree"), ("openpgp/open.rs", "openpgp"), ("cli/args/verify.rs", "cli"), ("main.rs", "main")]
    {
        assert_eq!(module_of(Path::new(file)), module);
    }
}

/// The module whose row holds for a file, given by its path below `src`.
fn module_of(inner: &Path) -> String {
    let first = inner.components().next().expect("a path").as_os_str().to_str().expect("a plain name");
    first.trim_end_matches(".rs").to_owned()
}

/// What is wrong with the paths in one file that begin at the crate. `depth` is 1 for a file in `src` itself.
fn faults_in(module: &str, depth: usize, text: &str) -> Vec<String> {
    // lib.rs holds the list of the modules, and no logic.
    if module == "lib" {
        return Vec::new();
    }
    let Some(own) = row(module) else {
        return vec![format!("{module} has no row")];
    };
    let mut faults = Vec::new();
    for (line, used) in uses(depth, text) {
        match row(&used) {
            Some(row) if row > own => {}
            Some(_) => faults.push(format!("line {line}: {module} uses {used}, which is not below it")),
            None => faults.push(format!("line {line}: {used}, which {module} uses, has no row")),
        }
    }
    faults
}

/// Where a module stands, counted from the roof.
fn row(module: &str) -> Option<usize> {
    ROWS.iter().position(|row| row.contains(&module))
}

/// The first name of each path that begins at the crate, with its line. Comments use nothing.
fn uses(depth: usize, text: &str) -> Vec<(usize, String)> {
    let code: Vec<_> = text.lines().map(|line| if line.trim_start().starts_with("//") { "" } else { line }).collect();
    let code = code.join("\n");
    let up = "super::".repeat(depth);
    let mut found = Vec::new();
    for root in ["crate", "countersign", up.trim_end_matches("::")] {
        for (at, _) in code.match_indices(root) {
            let before = code[..at].chars().next_back();
            let after = &code[at + root.len()..];
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            let line = code[..at].matches('\n').count() + 1;
            if root == "crate" && after.trim_start().starts_with("as ") {
                found.push((line, "crate under another name".to_owned()));
            } else if let Some(path) = after.strip_prefix("::") {
                let names = first_names(path);
                // By `super::` an inline module also reaches its own file's items, which are no modules of the house.
                found.extend(
                    names
                        .into_iter()
                        .filter(|name| !root.starts_with("super") || row(name).is_some())
                        .map(|name| (line, name)),
                );
            }
        }
    }
    found.sort_by_key(|(line, _)| *line);
    found
}

/// The first name of a path, or of each path in a group.
fn first_names(path: &str) -> Vec<String> {
    let Some(group) = path.trim_start().strip_prefix('{') else {
        return vec![first_name(path)];
    };
    let mut names = Vec::new();
    let (mut depth, mut start) = (1, 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if (c == ',' && depth == 1) || depth == 0 {
            if !group[start..at].trim().is_empty() {
                names.push(first_name(&group[start..at]));
            }
            start = at + 1;
        }
        if depth == 0 {
            break;
        }
    }
    names
}

/// The name that a path begins with, or the sign in its place.
fn first_name(path: &str) -> String {
    let path = path.trim_start();
    let name: String = path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    if name.is_empty() { path.chars().take(1).collect() } else { name }
}

/// The names in `mod name;` lines.
fn modules_listed(text: &str) -> BTreeSet<String> {
    text.lines().filter_map(|line| line.trim_end().strip_prefix("mod ")?.strip_suffix(';')).map(str::to_owned).collect()
}

/// Every `.rs` file below a folder; none where there is no folder.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// The package's own folder.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
