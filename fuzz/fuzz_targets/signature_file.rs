//! Whatever parses as a signature file is, in our own armour, the same signature.
#![no_main]

use countersign::limits::Limits;
use countersign::openpgp::SignatureFile;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::default();
    if let Ok(signature) = SignatureFile::parse(bytes, &limits) {
        let again = SignatureFile::parse(signature.armored().as_bytes(), &limits).expect("what we armour, we read");
        assert_eq!(again.armored(), signature.armored());
        assert_eq!((again.issuers(), again.created()), (signature.issuers(), signature.created()));
    }
});
