//! Whatever parses as a manifest prints as the same bytes, and its opening lines say the same.
#![no_main]

use countersign::limits::Limits;
use countersign::statement::{Manifest, Opening};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::default();
    let opening = Opening::read(bytes, &limits);
    if let Ok(manifest) = Manifest::parse(bytes, &limits) {
        assert_eq!(manifest.text().as_bytes(), bytes);
        assert_eq!(opening.expect("a manifest has opening lines").package, *manifest.package());
    }
});
