//! The same signatures and certifications, made by gpg: one home for a whole run, whose agent stays warm.
//!
//! Whoever has the same recipe is the same person in every case, so that gpg makes nothing twice. gpg is given each key in
//! a certificate without faults (no end, no revocation): what is wrong with somebody's certificate is no matter of what
//! their key signs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sequoia_openpgp::packet::Signature;
use sequoia_openpgp::parse::{PacketParserResult, Parse as _};
use sequoia_openpgp::serialize::SerializeInto as _;
use sequoia_openpgp::types::SignatureType;
use sequoia_openpgp::{Cert, Packet};

use super::people::{Person, Recipe};
use super::world::hex;
use crate::tools::Home;

/// A home, and what was made in it.
pub(crate) struct Gpg {
    home: Home,
    people: Mutex<BTreeMap<String, Person>>,
    made: Mutex<BTreeMap<String, Signature>>,
    files: AtomicUsize,
    /// Held by the one gpg that certifies: whatever the trust model, that one opens the home's TOFU database, and gives
    /// up where another does so in the same moment.
    certifying: Mutex<()>,
}

/// Somebody's keys in that home.
#[derive(Clone)]
pub(crate) struct InGpg {
    gpg: Arc<Gpg>,
    /// The certificate without faults, as packets.
    plain: Vec<u8>,
}

impl Gpg {
    pub(crate) fn new() -> Arc<Self> {
        let (people, made, certifying) = (Mutex::default(), Mutex::default(), Mutex::default());
        Arc::new(Self { home: Home::new(), people, made, files: AtomicUsize::new(0), certifying })
    }

    /// How many signatures and certifications it made.
    pub(crate) fn made(&self) -> usize {
        self.made.lock().unwrap().len()
    }

    /// Somebody, as the recipe says, whose keys gpg has.
    pub(crate) fn person(self: &Arc<Self>, name: &str, recipe: &Recipe) -> Person {
        let mut alone = recipe.clone();
        alone.certified.clear();
        let mut people = self.people.lock().unwrap();
        let make = || {
            let mut person = Person::new(name, &alone);
            let plain = person.plain();
            let secret = plain.as_tsk().armored().to_vec().expect("packets");
            let secret = String::from_utf8(secret).expect("armour is text");
            self.home.gpg_ok(None, &secret, &["--batch", "--import"]);
            let plain = plain.strip_secret_key_material().to_vec().expect("packets");
            person.gpg = Some(InGpg { gpg: Arc::clone(self), plain });
            person
        };
        people.entry(format!("{name} {alone:?}")).or_insert_with(make).clone()
    }

    /// What was made before from exactly this, or is made now.
    fn once(&self, of: &[&[u8]], make: impl FnOnce() -> Signature) -> Signature {
        let name = hex(&of.iter().flat_map(|part| [&part.len().to_be_bytes(), *part].concat()).collect::<Vec<_>>());
        if let Some(made) = self.made.lock().unwrap().get(&name) {
            return made.clone();
        }
        let made = make();
        self.made.lock().unwrap().insert(name, made.clone());
        made
    }

    /// A file of its own in the home.
    fn file(&self, content: &[u8]) -> PathBuf {
        let number = self.files.fetch_add(1, Ordering::Relaxed);
        let file = self.home.path().join(format!("{number}.gpg"));
        fs::write(&file, content).expect("written");
        file
    }

    /// Runs gpg at a moment, with this keyring and no other.
    fn run(&self, at: u64, keyring: &Path, by: &str, answers: &str, words: &[&str]) -> Vec<u8> {
        let (keyring, by) = (format!("--keyring={}", keyring.display()), format!("--local-user={by}!"));
        let fixed = ["--no-default-keyring", "--trust-model=always", "--ignore-time-conflict", "--ignore-valid-from"];
        self.home.gpg_ok(Some(&at.to_string()), answers, &[&fixed, &[&*keyring, &*by][..], words].concat())
    }
}

impl InGpg {
    /// A signature over a file's bytes by one of the keys.
    pub(crate) fn sign(&self, key: &str, at: u64, options: &[String], message: &[u8]) -> Signature {
        let gpg = &self.gpg;
        let options: Vec<_> = options.iter().map(String::as_str).collect();
        gpg.once(&[key.as_bytes(), &at.to_be_bytes(), options.join(" ").as_bytes(), message], || {
            let (keyring, file) = (gpg.file(&self.plain), gpg.file(message));
            let words = ["--batch", "--output=-", "--detach-sign", "--", file.to_str().expect("a plain path")];
            let made = gpg.run(at, &keyring, key, "", &[&options[..], &words].concat());
            let [signature] = &signatures(&made)[..] else { panic!("gpg did not make one signature") };
            signature.clone()
        })
    }

    /// A certification of somebody's first user ID; with a depth and half or whole an amount, it is a trust signature.
    pub(crate) fn certify(
        &self,
        by: &str,
        at: u64,
        of: &Self,
        trust: Option<(u8, bool)>,
        notations: &[(&str, &str)],
    ) -> Signature {
        let gpg = &self.gpg;
        // gpg expands what follows a percent sign.
        let notation = |(name, value): &(&str, &str)| format!("--cert-notation=!{name}={}", value.replace('%', "%%"));
        let notations: Vec<_> = notations.iter().map(notation).collect();
        let asked = format!("{at} {trust:?} {notations:?}");
        gpg.once(&[by.as_bytes(), &of.plain, asked.as_bytes()], || {
            let keyring = gpg.file(&[&of.plain[..], &self.plain].concat());
            let answers = match trust {
                None => "uid 1\nsign\ny\nsave\n".to_owned(),
                Some((depth, whole)) => format!("uid 1\ntsign\n{}\n{depth}\n\ny\nsave\n", if whole { 2 } else { 1 }),
            };
            let target = Cert::from_bytes(&of.plain).expect("a certificate").fingerprint().to_hex();
            let options: Vec<_> = notations.iter().map(String::as_str).collect();
            let _alone = gpg.certifying.lock().unwrap_or_else(PoisonError::into_inner);
            gpg.run(at, &keyring, by, &answers, &[&options[..], &["--command-fd=0", "--edit-key", &target]].concat());
            let made = signatures(&fs::read(&keyring).expect("the keyring"));
            let is_new = |one: &&Signature| {
                one.typ() == SignatureType::GenericCertification
                    && one.issuer_fingerprints().any(|issuer| issuer.to_hex() == by)
            };
            let [certification] = &made.iter().filter(is_new).collect::<Vec<_>>()[..] else {
                panic!("gpg did not make one certification")
            };
            (*certification).clone()
        })
    }
}

fn signatures(bytes: &[u8]) -> Vec<Signature> {
    let mut found = Vec::new();
    let mut next = sequoia_openpgp::parse::PacketParser::from_bytes(bytes).expect("packets");
    while let PacketParserResult::Some(parser) = next {
        let (packet, behind) = parser.recurse().expect("a packet");
        if let Packet::Signature(signature) = packet {
            found.push(signature);
        }
        next = behind;
    }
    found
}
