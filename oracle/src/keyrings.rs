//! Networks of real signatures: those that sequoia-wot publishes with its own tests, and keyrings from distributions.
//!
//! Countersign is asked by its command line, `trust list`; sequoia-wot by its library. Both take the same time.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::slice;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use countersign::cli::{self, Edge};
use countersign::shown::Shown;
use sequoia_openpgp::cert::{CertParser, ValidCert};
use sequoia_openpgp::parse::Parse as _;
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::serialize::Serialize as _;
use sequoia_openpgp::types::RevocationStatus;
use sequoia_openpgp::{Cert, Fingerprint, Packet};
use sequoia_wot::{Network, Roots};
use serde_json::Value;

use crate::again::{with_one_word_each, without_what_was_taken_back};
use crate::{Difference, Tally};

/// All networks in the folder `tests/data` of sequoia-wot's source, from every root and from several together, at several times.
pub fn published() -> Tally {
    let mut tally = Tally::default();
    for file in published_files() {
        let certificates = read(&file);
        let roots = sample(certificates.iter().map(Cert::fingerprint).collect(), ROOTS);
        for time in times(&certificates) {
            for root in &roots {
                compare(&file, &certificates, slice::from_ref(root), time, &mut tally);
            }
            // Several together, so that what each of them gives is added up.
            for several in roots.chunks(SEVERAL).filter(|several| several.len() > 1) {
                compare(&file, &certificates, several, time, &mut tally);
            }
        }
    }
    tally
}

/// One keyring, now, from a few roots.
pub fn named(file: &Path) -> Tally {
    let mut tally = Tally::default();
    let certificates = read(file);
    let roots = sample(certificates.iter().map(Cert::fingerprint).collect(), NAMED_ROOTS);
    for root in &roots {
        compare(file, &certificates, slice::from_ref(root), now(), &mut tally);
    }
    compare(file, &certificates, &roots, now(), &mut tally);
    tally
}

/// Roots tried in a published network, and in a keyring that was named.
const ROOTS: usize = 12;
const NAMED_ROOTS: usize = 6;
/// Roots that are tried together.
const SEVERAL: usize = 4;

fn compare(file: &Path, certificates: &[Cert], roots: &[Fingerprint], time: SystemTime, tally: &mut Tally) {
    let policy = StandardPolicy::new();
    let ours = countersign(certificates, roots, time);
    let network = Network::from_cert_refs(certificates.iter(), &policy, time, Roots::new(roots.to_vec()));
    let network = network.expect("a network");
    for certificate in certificates {
        let valid = certificate.with_policy(&policy, time).ok();
        let fingerprint = certificate.fingerprint();
        let dead = valid.as_ref().is_none_or(|valid| {
            valid.alive().is_err() || matches!(valid.revocation_status(), RevocationStatus::Revoked(_))
        });
        for user_id in certificate.userids() {
            // What is no plain text is no binding for us.
            let Ok(text) = std::str::from_utf8(user_id.userid().value()) else { continue };
            let key = (fingerprint.to_hex(), Shown::new(text).to_string());
            let claims = |valid: &ValidCert<'_>| valid.userids().any(|one| one.userid() == user_id.userid());
            let claimed = valid.as_ref().is_some_and(claims);
            let mine = ours.get(&key).copied().unwrap_or(0);
            for wanted in WANTED {
                let theirs = network.authenticate(user_id.userid().clone(), fingerprint.clone(), wanted).amount();
                // What sequoia-wot says of the same network with less in it.
                let again = |certificates: &[Cert]| {
                    let network =
                        Network::from_cert_refs(certificates.iter(), &policy, time, Roots::new(roots.to_vec()));
                    let network = network.expect("a network");
                    network.authenticate(user_id.userid().clone(), fingerprint.clone(), wanted).amount()
                };
                let by_one_word = |place| again(&with_one_word_each(certificates, &fingerprint, place));
                let why = match (mine >= wanted, theirs >= wanted) {
                    (false, true) if dead => Some(Difference::TargetStatus),
                    (false, true) if !claimed => Some(Difference::Unclaimed),
                    (false, true) if again(&without_what_was_taken_back(certificates, time)) < wanted => {
                        Some(Difference::UserIdRevoked)
                    }
                    // No single one of an issuer's words is enough, and what they give one by one is enough together.
                    (true, false)
                        if (0..3).map(by_one_word).collect::<BTreeSet<_>>().iter().sum::<usize>() >= wanted =>
                    {
                        Some(Difference::SeveralWords)
                    }
                    // No greedy search has failed in these, so it excuses nothing here.
                    _ => None,
                };
                let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                let roots: Vec<_> = roots.iter().map(Fingerprint::to_hex).collect();
                let question = || {
                    let (roots, at) = (roots.join(" "), seconds(time));
                    format!("{name} roots {roots} at {at}: {wanted} for {} {}", key.0, key.1)
                };
                tally.note(question, mine >= wanted, theirs >= wanted, why);
            }
        }
    }
}

/// The amounts of all bindings, as `trust list` tells them.
fn countersign(certificates: &[Cert], roots: &[Fingerprint], time: SystemTime) -> BTreeMap<(String, String), usize> {
    let folder = tempfile::tempdir().expect("a folder");
    let keyring = folder.path().join("keyring.pgp");
    let mut bytes = Vec::new();
    for certificate in certificates {
        // Also what is not exportable: in both programs this is the user's own keyring.
        certificate.serialize(&mut bytes).expect("packets");
    }
    fs::write(&keyring, bytes).expect("a keyring");
    let roots = roots.iter().flat_map(|root| ["--root".to_owned(), root.to_hex()]);
    let at = format!("@{}", seconds(time));
    let words = ["countersign", "trust", "list", "--keyring", &keyring.display().to_string()]
        .map(str::to_owned)
        .into_iter()
        .chain(roots)
        .chain(["--max-depth", "none", "--at", &at, "--format", "json"].map(str::to_owned));
    let edge = Edge::bare(now());
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = cli::run(words.map(Into::into), &edge, &mut out, &mut err);
    assert!(code < 2, "trust list: exit {code}: {}", String::from_utf8_lossy(&err));
    let answer: Value = serde_json::from_slice(&out).expect("JSON");
    let bindings = answer["bindings"].as_array().expect("bindings");
    bindings
        .iter()
        .map(|binding| {
            let text = |key: &str| binding[key].as_str().unwrap_or_default().to_owned();
            ((text("certificate"), text("user_id")), binding["amount"].as_u64().unwrap_or(0) as usize)
        })
        .collect()
}

/// The certificates of a file, without any secret.
fn read(file: &Path) -> Vec<Cert> {
    let parser = CertParser::from_file(file).expect("a keyring");
    let mut merged: BTreeMap<Fingerprint, Cert> = BTreeMap::new();
    for certificate in parser.flatten().map(Cert::strip_secret_key_material) {
        let fingerprint = certificate.fingerprint();
        let certificate = match merged.remove(&fingerprint) {
            Some(other) => other.merge_public(certificate).expect("one certificate"),
            None => certificate,
        };
        merged.insert(fingerprint, certificate);
    }
    merged.into_values().collect()
}

/// Times at which something changes in a network: a second after each of a few signatures was made, and now.
fn times(certificates: &[Cert]) -> Vec<SystemTime> {
    let made: BTreeSet<SystemTime> = certificates
        .iter()
        .flat_map(|certificate| certificate.clone().into_packets().collect::<Vec<_>>())
        .filter_map(|packet| if let Packet::Signature(made) = packet { made.signature_creation_time() } else { None })
        .map(|time| time + Duration::from_secs(1))
        .collect();
    let last = made.last().copied();
    sample(made.into_iter().collect(), TIMES).into_iter().chain(last).chain([now()]).collect()
}

/// Times tried in a published network, beside the last change and now.
const TIMES: usize = 4;

/// At most `most` of `all`, evenly.
fn sample<T: Clone>(all: Vec<T>, most: usize) -> Vec<T> {
    let step = all.len().div_ceil(most).max(1);
    all.iter().step_by(step).cloned().collect()
}

fn published_files() -> Vec<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").expect("HOME")).join(".cargo"));
    let mut files = Vec::new();
    for registry in fs::read_dir(home.join("registry/src")).expect("cargo's sources").flatten() {
        let data = registry.path().join("sequoia-wot-0.15.3/tests/data");
        for entry in fs::read_dir(data).into_iter().flatten().flatten() {
            if entry.path().extension().is_some_and(|extension| extension == "pgp") {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    assert!(!files.is_empty(), "the networks that sequoia-wot publishes are not there");
    files
}

fn now() -> SystemTime {
    SystemTime::now()
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// What is wanted: what one whole introducer gives, half of it, and a third.
const WANTED: [usize; 3] = [40, 60, 120];
