//! Whatever parses as a tree text prints as the same bytes.
#![no_main]

use countersign::limits::Limits;
use countersign::tree_text::TreeText;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = TreeText::parse(bytes, &Limits::default()) {
        assert_eq!(text.to_string().as_bytes(), bytes);
    }
});
