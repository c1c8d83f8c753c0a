//! Whatever is read as certificates is, in our own armour, the same certificates; and nothing about them panics.
#![no_main]

use countersign::keyring::Keyring;
use countersign::limits::Limits;
use countersign::openpgp::split::{self, Others};
use countersign::time::{Times, Timestamp};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::default();
    let now = Timestamp::from_seconds(1_795_424_400);
    let times = Times { at: now, now };
    // As evidence, where nothing of it may stop the run.
    let keyring = Keyring::default().with_evidence([("fuzz", bytes)], &limits);
    for certificate in keyring.certificates() {
        drop((certificate.user_ids(), certificate.user_id_faults(), certificate.standing(&times)));
    }
    let Ok(pieces) = split::pieces(bytes) else { return };
    for piece in &pieces {
        let Ok((found, _)) = split::certificates(piece) else { continue };
        for raw in found {
            let Ok(certificate) = raw.keep(Others::All, &limits) else { continue };
            drop(certificate.claims());
            let armored = certificate.armored();
            let again = split::pieces(armored.as_bytes()).expect("what we armour, we read");
            let (again, _) = split::certificates(&again[0]).expect("what we write, we read");
            let again = again.into_iter().next().expect("one").keep(Others::All, &limits).expect("within limits");
            assert_eq!((again.fingerprint(), again.bytes()), (certificate.fingerprint(), certificate.bytes()));
        }
    }
});
