//! What the tests of the kinds of statement share.

use super::Statement;
use crate::limits::Limits;

/// A digest.
pub(super) const D: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
/// Another one.
pub(super) const E: &str = "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";

/// Each case: the code, a text that stands in the good statement, and what is put into its place.
pub(super) fn check_faults<S: Statement>(good: &str, cases: &[(&str, &str, &str)]) {
    let code = |text: &[u8]| match S::parse(text, &Limits::default()) {
        Ok(_) => "good",
        Err(fault) => fault.code().as_str(),
    };
    assert_eq!(code(good.as_bytes()), "good", "{good}");
    for (expected, from, to) in cases {
        assert!(good.contains(from), "{from}");
        let text = good.replacen(from, to, 1);
        assert_eq!(code(text.as_bytes()), *expected, "{text}");
    }
    // What every kind has from the one parser.
    let shared = [
        ("not-a-statement", good.replacen("countersign = ", "countersign=", 1)),
        ("statement-bom", format!("\u{feff}{good}")),
        ("statement-cr", good.replace('\n', "\r\n")),
        ("statement-trailing", good.trim_end().to_owned()),
        ("statement-trailing", format!("{good}\n")),
        ("statement-syntax", format!("{good}junk\n")),
        ("statement-not-canonical", format!("{good}# a comment\n")),
        ("statement-unknown-field", format!("{good}countersigned = 1\n")),
        ("statement-duplicate-key", good.replacen("package = ", "package = \"pkg:generic/a\"\npackage = ", 1)),
        ("limit-statement", format!("{good}{}", "#".repeat(70_000))),
    ];
    for (expected, text) in shared {
        assert_eq!(code(text.as_bytes()), expected, "{text}");
    }
    // No change of a single byte is the same statement.
    for place in 0..good.len() {
        let mut bytes = good.as_bytes().to_vec();
        bytes[place] ^= 1;
        assert_ne!(bytes, good.as_bytes());
        code(&bytes);
    }
}
