//! No manifest of Julia makes the reader panic, and what it gives has each package once, with all that it needs.
#![no_main]

use std::collections::BTreeSet;

use countersign::ecosystem::julia::manifest::Manifest;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some(table) = str::from_utf8(bytes).ok().and_then(|text| text.parse().ok()) else { return };
    if let Ok(manifest) = Manifest::read(table) {
        let uuids: BTreeSet<_> = manifest.entries.iter().map(|entry| entry.uuid).collect();
        assert_eq!(uuids.len(), manifest.entries.len());
        assert!(manifest.entries.iter().all(|entry| entry.needs.is_subset(&uuids)));
    }
});
