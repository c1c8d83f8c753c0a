//! How long sequoia-wot takes for all bindings of a keyring from one root, as `benches/trust.sh` asks.

use std::path::Path;
use std::time::{Instant, SystemTime};

use sequoia_openpgp::cert::CertParser;
use sequoia_openpgp::packet::UserID;
use sequoia_openpgp::parse::Parse as _;
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::types::RevocationStatus;
use sequoia_openpgp::{Cert, Fingerprint};
use sequoia_wot::store::CertStore;
use sequoia_wot::{NetworkBuilder, Roots};

/// Prints "seconds bindings reached usable": reading, the network, and the question about every binding, one after the other
/// as `sq-wot list` does. What is told last is not timed: how many of those that are reached are of use, that is, what is
/// left without the differences `TargetStatus` and `Unclaimed`.
pub fn tell(keyring: &Path, root: &str, certification_network: bool) {
    let root: Fingerprint = root.parse().expect("a fingerprint");
    let begun = Instant::now();
    let certificates: Vec<Cert> = CertParser::from_file(keyring).expect("a keyring").flatten().collect();
    let policy = StandardPolicy::new();
    let store = CertStore::from_cert_refs(certificates.iter(), &policy, SystemTime::now()).expect("a store");
    let builder = NetworkBuilder::rooted(&store, Roots::new([root]));
    let network = if certification_network { builder.certification_network() } else { builder }.build();
    let (mut bindings, mut reached) = (0_usize, Vec::new());
    for certificate in &certificates {
        for user_id in certificate.userids() {
            bindings += 1;
            let found = network.authenticate(user_id.userid().clone(), certificate.fingerprint(), WANTED);
            if found.amount() >= WANTED {
                reached.push((certificate, user_id.userid()));
            }
        }
    }
    let took = begun.elapsed().as_secs_f64();
    let is_usable = |certificate: &Cert, user_id: &UserID| {
        certificate.with_policy(&policy, None).is_ok_and(|valid| {
            let revoked = matches!(valid.revocation_status(), RevocationStatus::Revoked(_));
            valid.alive().is_ok() && !revoked && valid.userids().any(|one| one.userid() == user_id)
        })
    };
    let usable = reached.iter().filter(|(certificate, user_id)| is_usable(certificate, user_id)).count();
    println!("{took:.3} {bindings} {} {usable}", reached.len());
}

const WANTED: usize = 120;
