//! `docs/codes.md` lists every reason code with its meaning, as `reason.rs` has them.
//!
//! `CODES=overwrite cargo test codes` writes the file anew.

use std::fs;
use std::path::Path;

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

/// The text of `docs/codes.md`.
fn document() -> String {
    let mut text = HEADER.to_owned();
    for (code, meaning) in Code::ALL {
        // A `|` would end the cell, even in code.
        text.push_str(&format!("| `{code}` | {} |\n", meaning.replace('|', "\\|")));
    }
    text
}

/// What stands above the rows.
const HEADER: &str = "\
# Reason codes

Every reason in a verdict has one of these codes. They are part of the public interface: codes may be added, none is
ever renamed, and each keeps its meaning. This table is made from `src/reason.rs`; `CODES=overwrite cargo test codes`
writes it anew.

| code | meaning |
|---|---|
";
