//! No policy makes us panic, and each fault lies in the file; what is good can be told in sentences.
#![no_main]

use countersign::limits::Limits;
use countersign::policy::PolicyFile;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    match PolicyFile::read(bytes, &Limits::default()).and_then(|file| file.check(None)) {
        Ok(policy) => policy.rules().iter().for_each(|rule| drop(rule.sentences())),
        Err(faults) => assert!(!faults.is_empty()),
    }
});
