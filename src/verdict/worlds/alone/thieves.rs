//! Keyrings with real keys, and what the thief of each of them makes of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use sequoia_openpgp::types::ReasonForRevocation;

use super::super::super::authors::Trust;
use super::super::super::fixture::name;
use super::super::super::roots::Roots;
use super::super::making::Bench;
use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::grant::Role;
use crate::keyring::Keyring;
use crate::limits::Limits;
use crate::openpgp::Certificate;
use crate::openpgp::open::{NothingSeen, OpenedStatement, SignedStatement};
use crate::openpgp::testing::{DAY, NOW, Person, TIMES, days_ago};
use crate::package::Purl;
use crate::statement::check::{Draft, Finding};
use crate::statement::{Check, Manifest as Release, Review, Statement, Withdrawal};
use crate::trust::authorisation::Authorisation;
use crate::trust::network::Network;
use crate::trust::testing::Random;

/// Somebody who signs, with their certificate as it stands.
#[derive(Clone)]
pub(super) struct Voice {
    person: Person,
    certificate: Certificate,
    pub(super) name: Fingerprint,
    /// Whether what they sign counts: the certificate is neither revoked nor retired nor expired.
    pub(super) counts: bool,
}

impl Voice {
    fn new(person: &Person) -> Self {
        let certificate = person.certificate();
        let counts = certificate.standing(&TIMES).code().is_none();
        Self { person: person.clone(), name: certificate.fingerprint().clone(), certificate, counts }
    }
}

/// A keyring: two roots, two introducers, and the three people of the bench, in this order; and what each thief makes of it.
pub(super) struct Ring {
    pub(super) keys: Vec<Voice>,
    pub(super) network: &'static Network<'static>,
    pub(super) keyring: &'static Keyring,
    /// The thief of each key, and one who has none of them.
    pub(super) thieves: Vec<Thief>,
}

/// One who has a key: the key, three authors, somebody plain, three reviewers.
pub(super) struct Thief {
    pub(super) voices: Vec<Voice>,
    pub(super) network: &'static Network<'static>,
    pub(super) keyring: &'static Keyring,
}

/// Tests may leak what many of them look at.
fn leaked(people: &[&Person]) -> (&'static Keyring, &'static Network<'static>) {
    let keyring = Keyring::from_certificates(people.iter().map(|person| person.certificate_among(people)));
    let keyring: &'static Keyring = Box::leak(Box::new(keyring));
    (keyring, Box::leak(Box::new(Network::new(keyring, TIMES))))
}

impl Ring {
    pub(super) fn any(bench: &Bench, random: &mut Random) -> Self {
        let mut keys = vec![Person::new(), Person::new()];
        for _ in 0..2 {
            let expired = random.below(10) == 0;
            keys.push(if expired {
                Person::made(|builder| builder.set_validity_period(DAY * 300))
            } else {
                Person::new()
            });
        }
        keys.extend(bench.people.iter().cloned());
        let kinds: &[&[&str]] =
            &[&[], &[], &["author"], &["reviewer"], &["checker"], &["author", "reviewer", "checker"]];
        for target in 2..keys.len() {
            for issuer in 0..target {
                if random.below(5) > 1 {
                    continue;
                }
                let reach = (random.of(&[0, 1, 1, 2, 255]), random.of(&[40, 60, 120, 120]));
                let roles = random.of(kinds);
                let scope = random.of(&["pkg:generic/*", "pkg:generic/*", "*", "pkg:cargo/*", "pkg:generic/a"]);
                keys[target] = keys[target].clone().granted(&keys[issuer], reach, roles, scope);
            }
        }
        for (place, key) in keys.iter_mut().enumerate() {
            if random.below(if place < 2 { 20 } else { 10 }) > 0 {
                continue;
            }
            let reason = random.of(&[
                None,
                Some(ReasonForRevocation::KeyCompromised),
                Some(ReasonForRevocation::KeyRetired),
                Some(ReasonForRevocation::KeySuperseded),
            ]);
            *key = key.clone().revoked(reason, days_ago(5));
        }
        let (keyring, network) = leaked(&keys.iter().collect::<Vec<_>>());
        let stranger = Person::new();
        let thieves = keys.iter().chain([&stranger]).map(|key| Thief::new(&keys, key, random)).collect();
        let keys: Vec<_> = keys.iter().map(Voice::new).collect();
        // Whose word counts is not only said here: a real signature says the same.
        let said = Check::new(&a_check("pkg:generic/a@1", Digest::of(b"")));
        let text = said.expect("a check").text().to_owned();
        for key in &keys {
            assert_eq!(open::<Check>(&text, &[key]).signers().count(), usize::from(key.counts));
        }
        Self { keys, network, keyring, thieves }
    }

    /// Whether what a person of the bench signs counts.
    pub(super) fn counts(&self, person: usize) -> bool {
        self.of_bench(person).counts
    }

    /// A person of the bench, as they stand here.
    pub(super) fn of_bench(&self, person: usize) -> &Voice {
        &self.keys[INTRODUCERS + person]
    }

    /// Which person of the bench a key belongs to.
    pub(super) fn person(place: usize) -> Option<usize> {
        (INTRODUCERS..INTRODUCERS + 3).contains(&place).then(|| place - INTRODUCERS)
    }
}

impl Thief {
    fn new(keys: &[Person], key: &Person, random: &mut Random) -> Self {
        let all = ["author", "reviewer", "checker"];
        let scope = random.of(&["pkg:generic/*", "pkg:generic/*", "*", "pkg:generic/a"]);
        let (mut voices, mut between) = (vec![key.clone()], Vec::new());
        for roles in [&all[..], &all, &all, &[], &all, &all, &all] {
            // Whoever stands between makes a second way.
            let other = Person::new().trusted(key, 255, 120, &[]);
            let new = Person::new().granted(key, (255, 120), roles, scope);
            voices.push(new.granted(&other, (255, 120), roles, scope));
            between.push(other);
        }
        let mut people: Vec<_> = keys.iter().chain(&voices[1..]).chain(&between).collect();
        if !keys.iter().any(|one| name(one) == name(key)) {
            people.push(key);
        }
        let (keyring, network) = leaked(&people);
        Self { voices: voices.iter().map(Voice::new).collect(), network, keyring }
    }

    /// Some of the voices, by their places.
    pub(super) fn those(&self, places: &[usize]) -> Vec<&Voice> {
        places.iter().map(|place| &self.voices[*place]).collect()
    }
}

/// The roots' answers, each found out once.
pub(super) struct Kept<'a> {
    roots: Roots<'a>,
    said: Mutex<BTreeMap<(Fingerprint, Role), Authorisation>>,
    named: Mutex<Option<bool>>,
    apart: Mutex<BTreeMap<Together, bool>>,
}

/// People with their certificates, how many of them are needed, and in which role.
type Together = (Vec<Vec<Fingerprint>>, usize, Option<Role>);

impl<'a> Kept<'a> {
    pub(super) fn new(roots: Roots<'a>) -> Self {
        Self { roots, said: Mutex::default(), named: Mutex::default(), apart: Mutex::default() }
    }
}

impl Trust for Kept<'_> {
    fn authorisation(&self, certificate: &Fingerprint, role: Role, package: &Purl) -> Authorisation {
        let mut said = self.said.lock().expect("no panic");
        let found = said.entry((certificate.clone(), role));
        found.or_insert_with(|| self.roots.authorisation(certificate, role, package)).clone()
    }

    fn names_author_of(&self, package: &Purl) -> bool {
        *self.named.lock().expect("no panic").get_or_insert_with(|| self.roots.names_author_of(package))
    }

    fn are_independent(&self, people: &[Vec<Fingerprint>], needed: usize, role: Option<Role>, package: &Purl) -> bool {
        let mut apart = self.apart.lock().expect("no panic");
        let found = apart.entry((people.to_vec(), needed, role));
        *found.or_insert_with(|| self.roots.are_independent(people, needed, role, package))
    }
}

/// Everything that thieves have signed so far.
#[derive(Default)]
pub(super) struct Desk {
    pub(super) manifests: Drawer<Release>,
    pub(super) reviews: Drawer<Review>,
    pub(super) checks: Drawer<Check>,
    pub(super) withdrawals: Drawer<Withdrawal>,
}

/// Statements of one kind, by their text and who signed them.
pub(super) type Drawer<S> = Mutex<BTreeMap<Signed, Arc<OpenedStatement<S>>>>;

type Signed = (String, Vec<Fingerprint>);

/// What these people sign, opened as `verify` does it.
pub(super) fn signed<S: Statement>(drawer: &Drawer<S>, text: &str, by: &[&Voice]) -> Arc<OpenedStatement<S>> {
    let key = (text.to_owned(), by.iter().map(|voice| voice.name.clone()).collect());
    if let Some(found) = drawer.lock().expect("no panic").get(&key) {
        return Arc::clone(found);
    }
    let opened = Arc::new(open(text, by));
    drawer.lock().expect("no panic").insert(key, Arc::clone(&opened));
    opened
}

fn open<S: Statement>(text: &str, by: &[&Voice]) -> OpenedStatement<S> {
    let mut signed = SignedStatement::new(text.as_bytes().to_vec());
    for voice in by {
        signed.add_signature("s.asc".to_owned(), voice.person.sign_text(text.as_bytes()));
    }
    let certificates: Vec<_> = by.iter().map(|voice| &voice.certificate).collect();
    signed.open(|_| certificates.clone(), &NothingSeen, TIMES, &Limits::default()).expect("opened")
}

/// That a check passed on a tree.
pub(super) fn a_check(package: &str, tree: Digest) -> Draft {
    Draft {
        package: package.parse().expect("a purl"),
        tree,
        name: "c".parse().expect("a word"),
        tool: "t 1".to_owned(),
        result: Finding::Pass,
        checked: NOW,
        subject: None,
        note: None,
    }
}

/// Where the people of the bench begin among the keys of a ring.
const INTRODUCERS: usize = 4;
