//! No archive makes the reader panic, and what it gives is a good tree text. A registry's may be packed with zstd, too.
#![no_main]

use countersign::archive;
use countersign::limits::Limits;
use countersign::tree_text::TreeText;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::default();
    if let Ok(tree) = archive::read(bytes, None, "a-1.0.0", &limits) {
        assert_eq!(TreeText::parse(tree.to_string().as_bytes(), &limits).as_ref(), Ok(&tree));
    }
    drop(archive::files(bytes, &|_| true, &limits));
});
