//! Keyrings, policies and thieves with real keys.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use sequoia_openpgp::types::ReasonForRevocation;

use super::super::super::authors::Trust;
use super::super::super::fixture::name;
use super::super::super::roots::Roots;
use super::super::making::Bench;
use super::super::{Set, World};
use crate::fingerprint::Fingerprint;
use crate::grant::{Amount, Depth, Grant, Role};
use crate::keyring::Keyring;
use crate::limits::Limits;
use crate::openpgp::open::{NothingSeen, OpenedStatement, SignedStatement};
use crate::openpgp::testing::{Person, TIMES, days_ago};
use crate::package::Purl;
use crate::policy::{Policy, PolicyFile, Trust as Asked};
use crate::statement::{Check, Manifest as Release, Review, Statement};
use crate::trust::authorisation::Authorisation;
use crate::trust::network::Network;
use crate::trust::roots::{NetworkKind, RetiredIssuers, Root, Viewpoint};
use crate::trust::testing::Random;
use crate::trust::view::View;

/// A keyring: two roots, two introducers, and the three people of the bench, in this order; and what each thief makes of it.
pub(super) struct Ring {
    pub(super) keys: Vec<Person>,
    pub(super) network: &'static Network<'static>,
    pub(super) keyring: &'static Keyring,
    pub(super) thieves: Vec<Thief>,
}

/// One who has a key: the key, two authors, somebody plain, two reviewers.
pub(super) struct Thief {
    pub(super) voices: Vec<Person>,
    pub(super) network: &'static Network<'static>,
    pub(super) keyring: &'static Keyring,
}

/// How a policy looks at a keyring.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ground {
    /// The amount and the depth of each of two roots.
    pub(super) roots: [Option<(u8, u8)>; 2],
    pub(super) needed: u8,
    pub(super) max_depth: u8,
    pub(super) paths: usize,
}

/// What holds in one world.
pub(super) struct Setting {
    pub(super) policy: Policy,
    pub(super) ground: Option<Ground>,
    pub(super) world: World,
    pub(super) ring: usize,
    pub(super) text: String,
    /// Whether each manifest is followed by itself as well, and not only all of them at once.
    pub(super) each: bool,
}

/// Tests may leak what many of them look at.
fn leaked(people: &[&Person]) -> (&'static Keyring, &'static Network<'static>) {
    let keyring = Keyring::from_certificates(people.iter().map(|person| person.certificate_among(people)));
    let keyring: &'static Keyring = Box::leak(Box::new(keyring));
    (keyring, Box::leak(Box::new(Network::new(keyring, TIMES))))
}

impl Ring {
    pub(super) fn any(bench: &Bench, random: &mut Random) -> Self {
        let mut keys = vec![Person::new(), Person::new(), Person::new(), Person::new()];
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
        if random.below(6) == 0 {
            keys[2] = keys[2].clone().revoked(Some(ReasonForRevocation::KeyRetired), days_ago(5));
        }
        let (keyring, network) = leaked(&keys.iter().collect::<Vec<_>>());
        let stranger = Person::new();
        let thieves = keys.iter().chain([&stranger]).map(|key| Thief::new(&keys, key)).collect();
        Self { keys, network, keyring, thieves }
    }
}

impl Thief {
    pub(super) fn new(keys: &[Person], key: &Person) -> Self {
        let all = ["author", "reviewer", "checker"];
        let new = |roles: &[&str]| Person::new().trusted(key, 255, 120, roles);
        let (mut voices, mut between) = (vec![key.clone()], Vec::new());
        for roles in [&all[..], &all, &[], &all, &all] {
            // Whoever stands between makes a second way.
            let other = new(&[]);
            voices.push(new(roles).trusted(&other, 255, 120, roles));
            between.push(other);
        }
        let mut people: Vec<_> = keys.iter().chain(&voices[1..]).chain(&between).collect();
        if !keys.iter().any(|one| name(one) == name(key)) {
            people.push(key);
        }
        let (keyring, network) = leaked(&people);
        Self { voices, network, keyring }
    }
}

pub(super) fn look(
    network: &'static Network<'static>,
    keyring: &Keyring,
    ring: &Ring,
    setting: &Setting,
) -> Option<&'static View<'static, 'static>> {
    let ground = setting.ground.as_ref()?;
    let root = |(key, given): (&Person, &Option<(u8, u8)>)| {
        let (amount, depth) = (*given)?;
        let (amount, depth) = (Amount::capped(amount), Depth::new(depth));
        Some(Root { fingerprint: name(key), amount, depth, grant: Grant::default() })
    };
    let viewpoint = Viewpoint {
        roots: ring.keys.iter().zip(&ground.roots).filter_map(root).collect(),
        distrusted: setting.policy.distrusted().map(|(key, _)| key.clone()).collect(),
        own: None,
        retired: RetiredIssuers::LeaveOut,
        kind: NetworkKind::Trust,
    };
    Some(Box::leak(Box::new(View::new(network, keyring, viewpoint).expect("a view"))))
}

pub(super) fn asked(ground: &Ground) -> Asked {
    Asked {
        amount: Amount::capped(ground.needed),
        max_depth: Depth::new(ground.max_depth),
        independent_paths: ground.paths,
        ..Asked::default()
    }
}

/// The roots' answers, each found out once.
pub(super) struct Kept<'a> {
    pub(super) roots: Roots<'a>,
    pub(super) said: Mutex<BTreeMap<(Fingerprint, Role), Authorisation>>,
    pub(super) named: Mutex<Option<bool>>,
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
        self.roots.are_independent(people, needed, role, package)
    }
}

/// Everything that thieves have signed so far.
#[derive(Default)]
pub(super) struct Desk {
    pub(super) manifests: Drawer<Release>,
    pub(super) reviews: Drawer<Review>,
    pub(super) checks: Drawer<Check>,
}

/// Statements of one kind, by their text and who signed them.
pub(super) type Drawer<S> = Mutex<BTreeMap<Signed, Arc<OpenedStatement<S>>>>;

type Signed = (String, Vec<Fingerprint>);

pub(super) fn signed<S: Statement>(drawer: &Drawer<S>, text: &str, by: &[&Person]) -> Arc<OpenedStatement<S>> {
    let key = (text.to_owned(), by.iter().map(|person| name(person)).collect());
    if let Some(found) = drawer.lock().expect("no panic").get(&key) {
        return Arc::clone(found);
    }
    let mut signed = SignedStatement::new(text.as_bytes().to_vec());
    for person in by {
        signed.add_signature("s.asc".to_owned(), person.sign_text(text.as_bytes()));
    }
    let certificates: Vec<_> = by.iter().map(|person| person.certificate()).collect();
    let opened = signed.open(|_| certificates.iter().collect(), &NothingSeen, TIMES, &Limits::default());
    let opened = Arc::new(opened.expect("opened"));
    drawer.lock().expect("no panic").insert(key, Arc::clone(&opened));
    opened
}

/// A policy that may ask for anything; none where what was thrown together can never be met.
fn policy(bench: &Bench, ring: &Ring, ground: Option<&Ground>, random: &mut Random) -> Option<(Policy, String)> {
    let mut text = "countersign = \"policy/1\"\n[people]\n".to_owned();
    ["a", "b", "c"].iter().zip(&bench.names).for_each(|(name, key)| text += &format!("{name} = [\"{key}\"]\n"));
    let roots = ground.map(|ground| ground.roots).unwrap_or_default();
    for (key, _) in ring.keys.iter().zip(roots).filter(|(_, root)| root.is_some()) {
        text += &format!("[[root]]\nfingerprint = \"{}\"\n", name(key));
    }
    if random.below(4) == 0 {
        text += &format!("[[distrust]]\nfingerprint = \"{}\"\n", name(&ring.keys[random.of(&[2, 3, 4, 5])]));
    }
    let from = |random: &mut Random, must: bool| match random.below(if must { 3 } else { 6 }) {
        0 => ", from = [\"a\", \"b\"]",
        1 => ", from = [\"c\"]",
        2 => ", from = [\"a\", \"b\", \"c\"]",
        _ => "",
    };
    let count = |random: &mut Random| random.of(&[1, 1, 2]);
    let (no_roots, apart) = (ground.is_none(), |random: &mut Random| random.below(3) > 0);
    let author = format!(
        "{{ author = {{ count = {}{}, independent = {} }} }}",
        count(random),
        from(random, false),
        apart(random)
    );
    let review = format!(
        "{{ review = {{ count = {}{}, independent = {} }} }}",
        count(random),
        from(random, no_roots),
        apart(random)
    );
    let check = format!("{{ check = {{ name = \"c\", count = {}{} }} }}", count(random), from(random, no_roots));
    let require = match random.below(7) {
        0 | 1 => author,
        2 => review,
        3 => format!("{{ all = [{author}, {review}] }}"),
        4 => format!("{{ any = [{author}, {review}] }}"),
        5 => format!("{{ all = [{author}, {check}] }}"),
        _ => format!("{{ all = [{author}, {{ any = [{review}, {check}] }}] }}"),
    };
    let new = random.of(&["first-use", "trusted-author", "reject"]);
    let new = if no_roots && new == "trusted-author" { "reject" } else { new };
    text += &format!(
        "[[rule]]\npackages = [\"*\"]\nunsigned = \"{}\"\nnew-package = \"{new}\"\nhandover = {}\nrequire = {require}\n",
        if random.below(4) == 0 { "accept" } else { "reject" },
        random.of(&[1, 1, 2]),
    );
    let checked = PolicyFile::read(text.as_bytes(), &Limits::default()).and_then(|file| file.check(None)).ok()?;
    Some((checked, text))
}

pub(super) fn setting(bench: &Bench, rings: &[Ring], random: &mut Random) -> Setting {
    loop {
        let ring = random.below(rings.len());
        let root = |random: &mut Random| Some((random.of(&[60, 120, 120]), random.of(&[1, 2, 255])));
        let roots = match random.below(3) {
            0 => [root(random), None],
            1 => [None, root(random)],
            _ => [root(random), root(random)],
        };
        let ground = Ground {
            roots,
            needed: random.of(&[40, 60, 120]),
            max_depth: random.of(&[1, 2, 3]),
            paths: random.of(&[1, 1, 1, 2]),
        };
        let ground = Some(ground).filter(|_| random.below(5) > 0);
        let Some((policy, text)) = policy(bench, &rings[ring], ground.as_ref(), random) else { continue };
        let mut world = bench.world(random);
        if random.below(3) == 0 {
            (world.pins, world.former) = ([None; 3], Set::default());
        }
        return Setting { policy, ground, world, ring, text, each: random.below(6) == 0 };
    }
}
