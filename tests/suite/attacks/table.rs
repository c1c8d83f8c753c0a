//! The table in `tests/attacks/README.md`: what is held, and where.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn the_table_names_every_folder_and_no_other() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("tests/attacks/README.md")).expect("the table");
    let named = named(&text);
    let folders: BTreeSet<_> = super::folders().into_iter().map(|(name, _)| name).collect();
    let is_folder = |name: &&String| !name.contains([':', '/']);
    let in_table: BTreeSet<_> = named.iter().filter(is_folder).cloned().collect();
    if std::env::var_os("ATTACK").is_none() {
        assert_eq!(in_table, folders, "the table (left) and the folders (right)");
    }
    let sources = sources(root);
    let is_there = |name: &String| match name.rsplit_once("::") {
        Some((_, test)) => sources.contains(&format!("fn {test}(")),
        None if name.starts_with("networks/") => root.join("tests").join(name).is_dir(),
        None => root.join(name).exists(),
    };
    let missing: Vec<_> = named.iter().filter(|name| !is_folder(name) && !is_there(name)).collect();
    assert!(missing.is_empty(), "the table names what is not there: {missing:?}");
    // Whatever nothing holds says so, or when it will be held.
    let bare =
        |row: &&str| !row.contains('`') && !["later: ", "nothing here", "every "].iter().any(|word| row.contains(word));
    let bare: Vec<_> = rows(&text).filter(bare).collect();
    assert!(bare.is_empty(), "rows without anything that holds them: {bare:?}");
}

/// The last cells of all rows.
fn rows(text: &str) -> impl Iterator<Item = &str> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    rows.filter_map(|row| Some(row.rsplit_once(" | ")?.1)).filter(|cell| *cell != "held by")
}

/// What stands between backquotes there and is one word.
fn named(text: &str) -> BTreeSet<String> {
    let quoted = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    rows(text).flat_map(quoted).filter(|name| !name.contains(' ')).collect()
}

/// All our code, as one text.
fn sources(root: &Path) -> String {
    let files = ["src", "tests"].into_iter().flat_map(|folder| walkdir::WalkDir::new(root.join(folder)));
    let files = files.filter_map(Result::ok).filter(|file| file.path().extension().is_some_and(|end| end == "rs"));
    files.map(|file| fs::read_to_string(file.path()).expect("a source file")).collect()
}
