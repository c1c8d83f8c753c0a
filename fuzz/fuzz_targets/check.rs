//! Whatever parses as a check prints as the same bytes, and its opening lines say the same.
#![no_main]

use countersign::limits::Limits;
use countersign::statement::{Opening, Check};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::default();
    let opening = Opening::read(bytes, &limits);
    if let Ok(read) = Check::parse(bytes, &limits) {
        assert_eq!(read.text().as_bytes(), bytes);
        assert_eq!(opening.expect("it has opening lines").package, *read.package());
    }
});
