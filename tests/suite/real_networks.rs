//! Real networks: Arch Linux's packagers, certified by the main keys, from Debian's package of that keyring.

use std::collections::BTreeSet;
use std::path::Path;

use countersign::grant::Amount;
use countersign::keyring::Keyring;
use countersign::limits::Limits;
use countersign::openpgp::{Certificate, Standing};
use countersign::time::{Times, Timestamp};
use countersign::trust::{Network, Question, RetiredIssuers, Root, View, Viewpoint};

use crate::tools::not_run;

const ARCH: &str = "/usr/share/keyrings/archlinux.gpg";

/// Three of the main keys make a packager: with a root of amount 40 each, 120 is "three marginals".
#[test]
fn three_main_keys_make_an_arch_packager() {
    if !Path::new(ARCH).is_file() {
        return not_run("real_networks::three_main_keys_make_an_arch_packager", "Debian's package archlinux-keyring");
    }
    let keyring = Keyring::read(&[ARCH.into()], &Limits::default()).expect("a keyring");
    let moment = |text: &str| text.parse::<Timestamp>().expect("a time");
    // The package's own time, and algorithms as they are judged three years later.
    let times = Times { at: moment("2023-11-20"), now: moment("2026-11-20") };
    let network = Network::new(&keyring, times);
    let main: Vec<_> = keyring.certificates().filter(|certificate| is_main(certificate)).collect();
    assert!(main.len() >= 5, "{main:?}");
    let root = |certificate: &&Certificate| Root {
        amount: Amount::capped(40),
        ..Root::full(certificate.fingerprint().clone())
    };
    let roots: Vec<_> = main.iter().map(root).collect();
    let viewpoint = Viewpoint { roots, retired: RetiredIssuers::Count, ..Viewpoint::default() };
    let mut view = View::new(&network, &keyring, viewpoint).expect("a viewpoint");
    view.prepare(Some(3));
    let answers = view.authenticate_all(&Question::who(main[0].fingerprint().clone(), ""));

    let mut full = BTreeSet::new();
    for answer in &answers {
        let certificate = keyring.by_fingerprint(&answer.question().certificate).expect("a certificate");
        let flow: u32 = answer.paths().iter().map(|path| u32::from(path.amount().value())).sum();
        assert_eq!(flow, u32::from(answer.amount().value()), "{certificate:?}");
        if answer.amount() > Amount::NONE {
            assert!(matches!(certificate.standing(&times), Standing::Valid { .. }), "{certificate:?}");
        }
        for path in answer.paths() {
            let mut last = path.root();
            for edge in path.edges() {
                assert_eq!(edge.issuer(), last);
                last = edge.certificate();
            }
            assert_eq!(last, certificate.fingerprint());
        }
        // Asked alone, it is verified only as far as is needed, and the answer is the same.
        if answer.is_reached() {
            full.insert(certificate.fingerprint());
        }
    }
    assert!(full.len() >= 40, "{} packagers", full.len());
    let fresh = Network::new(&keyring, times);
    let alone = View::new(&fresh, &keyring, view.viewpoint().clone()).expect("a viewpoint");
    for answer in answers.iter().step_by(10) {
        assert_eq!(alone.authenticate(answer.question()).amount(), answer.amount(), "{:?}", answer.question());
    }
}

/// The main keys say so in their user IDs.
fn is_main(certificate: &Certificate) -> bool {
    certificate.user_ids().iter().any(|user_id| user_id.contains("Arch Linux Master Key"))
}
