//! Whatever parses as a lock or as the user's state prints as the same bytes, also behind a digest that fits.
#![no_main]

use countersign::digest::Digest;
use countersign::limits::Limits;
use countersign::lock::Lock;
use countersign::state::Seen;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::default();
    let content = str::from_utf8(bytes).unwrap_or_default();
    let sealed = |kind| format!("countersign = \"{kind}/1\"\ndigest = \"{}\"\n{content}", Digest::of(content.as_bytes()));
    for bytes in [bytes, sealed("lock").as_bytes()] {
        if let Ok(lock) = Lock::parse(bytes, &limits) {
            assert_eq!(lock.text().as_bytes(), bytes);
        }
    }
    if let Ok(seen) = Seen::parse(sealed("state").as_bytes(), &limits) {
        assert_eq!(seen.text(), sealed("state"));
    }
});
