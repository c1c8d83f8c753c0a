//! Makes small worlds real: manifests with signatures, policies, a network, and the judgement on them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock};

use rayon::prelude::*;

use super::super::authors::{Origin, Release, Scale, Trust};
use super::super::chain::Chain;
use super::super::choice::Choice;
use super::super::fixture::name;
use super::super::memory::Memory;
use super::super::said::Said;
use super::super::{Case, Verdict, judge};
use super::oracle::oracle;
use super::{Answer, Asked, Grant, Manifest, New, Pinned, Remembered, Set, Text, World};
use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::grant::{Amount, Role};
use crate::keyring::Keyring;
use crate::limits::Limits;
use crate::lock::{Basis, Pin};
use crate::openpgp::Certificate;
use crate::openpgp::open::{NothingSeen, OpenedStatement, SignedStatement};
use crate::openpgp::testing::{NOW, Person, TIMES, days_ago};
use crate::package::Purl;
use crate::policy::{Policy, PolicyFile};
use crate::reason::Answer as Says;
use crate::statement::Manifest as Statement;
use crate::statement::manifest::Draft;
use crate::tree::{MeasuredTree, SurveyRequest, survey};
use crate::trust::authentication::Authentication;
use crate::trust::authorisation::{Authorisation, Measure};
use crate::trust::network::Network;
use crate::trust::roots::{NetworkKind, RetiredIssuers, Root, Viewpoint};
use crate::trust::testing::Random;
use crate::trust::view::View;

/// Every manifest that a world may have.
pub(super) struct Table {
    texts: Vec<Text>,
    places: BTreeMap<Text, usize>,
}

impl Table {
    /// Each version follows nothing, or any of the versions before it.
    fn new() -> Self {
        let mut table = Self { texts: Vec::new(), places: BTreeMap::new() };
        for version in 0..3 {
            let before = |place: &usize| table.texts[*place].version < version && !table.texts[*place].other;
            let linked: Vec<_> = (0..table.texts.len()).filter(before).map(Some).collect();
            for previous in std::iter::once(None).chain(linked) {
                for authors in Set::every().filter(|authors| !authors.is_empty()) {
                    for other in [false, true] {
                        let text = Text { version, authors, previous, other };
                        table.places.insert(text, table.texts.len());
                        table.texts.push(text);
                    }
                }
            }
        }
        table
    }

    pub(super) fn text(&self, place: usize) -> Text {
        self.texts[place]
    }
}

/// Three people with keys, all that they can sign, and a tree.
pub(super) struct Bench {
    pub(super) table: Table,
    pub(super) names: Vec<Fingerprint>,
    root: Fingerprint,
    pub(super) people: Vec<Person>,
    certificates: Vec<Certificate>,
    known: Vec<Authentication>,
    /// By line of versions, then by place in the table.
    made: [Vec<Made>; 2],
    digests: BTreeMap<Digest, usize>,
    pub(super) tree: MeasuredTree,
    /// By their texts.
    policies: Mutex<BTreeMap<String, Result<Arc<Policy>, String>>>,
    _folder: tempfile::TempDir,
}

/// A manifest, and what is made of it once it is needed.
struct Made {
    statement: Statement,
    digest: Digest,
    signatures: OnceLock<Vec<Vec<u8>>>,
    opened: [OnceLock<OpenedStatement<Statement>>; 8],
}

impl Bench {
    pub(super) fn new() -> Self {
        let root = Person::new();
        let people: Vec<_> = (0..3).map(|_| Person::new().certified(&root, days_ago(10), |builder| builder)).collect();
        let names: Vec<_> = people.iter().map(name).collect();
        let certificates = people.iter().map(Person::certificate).collect();
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("a"), "a").expect("written");
        let tree = survey(&SurveyRequest::plain(folder.path(), &Limits::default()))
            .expect("a survey")
            .into_parts()
            .0
            .expect("a tree");
        let table = Table::new();
        let made = [false, true].map(|two_lines| all_made(&table, two_lines, &names, tree.digest()));
        let digests = made.iter().flat_map(|line| line.iter().map(|made| made.digest).enumerate());
        let digests = digests.map(|(place, digest)| (digest, place)).collect();
        let known = known(&root, &people);
        let policies = Mutex::default();
        Self {
            table,
            names,
            root: name(&root),
            people,
            certificates,
            known,
            made,
            digests,
            tree,
            policies,
            _folder: folder,
        }
    }

    /// The place of a text in the table.
    pub(super) fn text(&self, text: Text) -> usize {
        self.table.places[&text]
    }

    /// The digest of a text on a line of versions.
    pub(super) fn digest(&self, line: usize, text: usize) -> Digest {
        self.made[line][text].digest
    }

    /// Whom a text names.
    pub(super) fn authors(&self, text: usize) -> Vec<Fingerprint> {
        self.table.text(text).authors.people().map(|person| self.names[person].clone()).collect()
    }

    /// What is remembered of a release that these people signed, and that follows nothing.
    pub(super) fn pin(&self, version: usize, authors: Set) -> Pinned {
        let text = Text { version, authors, previous: None, other: false };
        Pinned { authors, text: (!authors.is_empty()).then(|| self.text(text)), policy: false, other: false }
    }

    /// Any world.
    pub(super) fn world(&self, random: &mut Random) -> World {
        let signed = super::signed();
        let two_lines = random.below(2) == 0;
        let mut world = World { two_lines, ..super::empty(random.of(&[0, 1, 1, 2, 2, 2])) };
        let mut texts: [Vec<usize>; 3] = Default::default();
        for version in 0..3 {
            let before: Vec<_> = if two_lines { texts[0].clone() } else { texts[..version].concat() };
            let claims = if version == world.version { random.of(&[0, 1, 1, 1, 1, 2]) } else { random.of(&[0, 1, 1]) };
            for claim in 0..claims {
                let (authors, signers) = random.of(&signed);
                let linked = version > 0 && !before.is_empty() && random.below(4) > 0;
                let previous = linked.then(|| random.of(&before));
                let other = version == world.version && random.below(6 - 4 * claim) == 0;
                let text = self.text(Text { version, authors, previous, other });
                if !other {
                    texts[version].push(text);
                }
                // Most of those who are named sign.
                let signers = if random.below(2) == 0 { authors } else { signers };
                let list = if version == world.version { &mut world.releases } else { &mut world.others };
                if list.iter().all(|one| one.text != text) {
                    list.push(Manifest { text, signers });
                }
            }
            if random.below(5) < 2 {
                let at_hand = (!texts[version].is_empty() && random.below(4) > 0).then(|| random.of(&texts[version]));
                let mut pin = self.pin(version, Set(u8::try_from(random.below(8)).expect("eight sets")));
                if let Some(text) = at_hand.filter(|_| !pin.authors.is_empty()) {
                    pin = Pinned { authors: self.table.text(text).authors, text: Some(text), ..pin };
                }
                pin.policy = random.below(3) == 0 && pin.text.is_some();
                pin.other = random.below(8) == 0;
                world.pins[version] = Some(pin);
            }
        }
        world.former = random.of(&[Set(0), Set(0), Set(0b001), Set(0b010), Set(0b101)]);
        world
    }

    /// Holds the judgement to the oracle in each of these worlds; gives how many there were.
    pub(super) fn hold(&self, cases: &[(World, Asked)]) -> usize {
        let faults: Vec<_> = cases.par_iter().filter_map(|(world, asked)| self.disagreement(world, asked)).collect();
        let some = faults[..faults.len().min(5)].join("\n\n");
        assert!(faults.is_empty(), "{} of {} worlds:\n{some}", faults.len(), cases.len());
        cases.len()
    }

    fn disagreement(&self, world: &World, asked: &Asked) -> Option<String> {
        let (compared, verdict) = self.judged(world, asked);
        let wanted = oracle(&self.table, world, asked, compared);
        let found = self.answer(&verdict);
        let texts: Vec<_> = self.at_hand(world).map(|one| (one.text, self.table.text(one.text), one.signers)).collect();
        (found != wanted).then(|| {
            let reasons = &verdict.reasons;
            format!("{world:?}\n{texts:?}\n{asked:?}\nwanted {wanted:?}\nfound {found:?}\n{reasons:?}")
        })
    }

    /// What a verdict says, in the oracle's words.
    pub(super) fn answer(&self, verdict: &Verdict) -> Answer {
        let decides = |answer: Says| matches!(answer, Says::Reject | Says::CannotTell);
        let codes = verdict.reasons.iter().filter(|reason| decides(reason.answer)).map(|reason| reason.code);
        let version =
            |package: &Purl| (0..3).find(|version| VERSIONS.iter().any(|line| at(line[*version]) == *package));
        let text = |digest: Digest| self.digests[&digest];
        let pin = verdict.pin.as_ref().map(|pin| Remembered {
            authors: pin.authors.iter().fold(Set::default(), |set, author| {
                set.with(Set::of(self.names.iter().position(|name| name == author).expect("one of ours")))
            }),
            text: pin.manifest.map(text),
            basis: pin.basis,
            replaces: verdict.replaces.as_ref().map(|package| version(package).expect("a version of ours")),
        });
        Answer { outcome: verdict.outcome(), codes: codes.collect::<BTreeSet<_>>(), pin }
    }

    fn at_hand<'a>(&self, world: &'a World) -> impl Iterator<Item = &'a Manifest> {
        world.releases.iter().chain(&world.others)
    }

    /// The verdict in a world under a policy, and the place of the manifest that the tree was held against.
    pub(super) fn judged(&self, world: &World, asked: &Asked) -> (Option<usize>, Verdict) {
        self.with_trust(asked, |trust| self.judged_by(world, asked, trust))
    }

    /// Acts with what the roots say under a policy.
    pub(super) fn with_trust<T>(&self, asked: &Asked, act: impl FnOnce(Option<&dyn Trust>) -> T) -> T {
        let stub = asked.grants.map(|grants| Stub { bench: self, grants, one_hand: asked.one_hand });
        act(stub.as_ref().map(|stub| stub as &dyn Trust))
    }

    /// The same, by what some roots say.
    pub(super) fn judged_by(
        &self,
        world: &World,
        asked: &Asked,
        trust: Option<&dyn Trust>,
    ) -> (Option<usize>, Verdict) {
        self.judged_of(world, &self.policy(asked), trust, Said::default())
    }

    /// The same under any policy, with what was said beside manifests.
    pub(super) fn judged_of(
        &self,
        world: &World,
        policy: &Policy,
        trust: Option<&dyn Trust>,
        said: Said<'_>,
    ) -> (Option<usize>, Verdict) {
        let line = usize::from(world.two_lines);
        let package = at(VERSIONS[line][world.version]);
        let memory = self.memory(world);
        let chain = Chain::new(self.at_hand(world).map(|one| self.opened(line, *one)));
        let scale = |manifest: Option<Digest>| Scale {
            package: &package,
            policy,
            rule: policy.rule_for(&package).expect("a rule"),
            people: policy.people(),
            trust,
            memory: &memory,
            slot: memory.slot(&package, manifest, &chain, &crate::version_order::compare),
            chain: &chain,
            overriding: None,
        };
        let weigh = |one: &Manifest| {
            let opened = self.opened(line, *one);
            scale(Some(opened.digest())).weigh(opened, Origin::Named)
        };
        let releases: Vec<Release<'_>> = world.releases.iter().map(weigh).collect();
        let compared =
            Choice::new(&releases, &|manifest| Some(scale(manifest))).of(&releases, Some(self.tree.digest()));
        let scale = scale(compared.map(|place| releases[place].opened.digest()));
        let verdict = judge(Case {
            package: Some(&package),
            policy,
            scale: Some(&scale),
            releases: &releases,
            compared,
            tree: Some((&self.tree).into()),
            said,
            found: Vec::new(),
            refused: &[],
            order: &crate::version_order::compare,
            times: TIMES,
        });
        (compared, verdict)
    }

    /// A manifest with its signatures, made when it is first needed.
    pub(super) fn opened(&self, line: usize, one: Manifest) -> &OpenedStatement<Statement> {
        let made = &self.made[line][one.text];
        made.opened[usize::from(one.signers.0)].get_or_init(|| {
            let text = made.statement.text().as_bytes();
            let signatures =
                made.signatures.get_or_init(|| self.people.iter().map(|person| person.sign_text(text)).collect());
            let mut signed = SignedStatement::new(text.to_vec());
            one.signers.people().for_each(|by| signed.add_signature(format!("{by}.asc"), signatures[by].clone()));
            signed
                .open(|_| self.certificates.iter().collect(), &NothingSeen, TIMES, &Limits::default())
                .expect("opened")
        })
    }

    pub(super) fn memory(&self, world: &World) -> Memory {
        let line = usize::from(world.two_lines);
        let names = |set: Set| set.people().map(|person| self.names[person].clone()).collect::<BTreeSet<_>>();
        let pin = |(version, pinned): (usize, &Pinned)| Pin {
            package: at(VERSIONS[line][version]),
            tree: if pinned.other { Digest::of(b"other") } else { self.tree.digest() },
            manifest: pinned.text.map(|text| self.made[line][text].digest),
            authors: names(pinned.authors),
            basis: match pinned {
                Pinned { text: None, .. } => Basis::Unsigned,
                Pinned { policy: true, .. } => Basis::Policy,
                _ => Basis::FirstUse,
            },
            accepted: NOW,
            policy: Digest::of(b""),
        };
        let pinned = world.pins.iter().enumerate().filter_map(|(version, pin)| Some((version, pin.as_ref()?)));
        let pins: Vec<_> = pinned.map(pin).collect();
        let all = world.pins.iter().flatten().fold(world.former, |all, pin| all.with(pin.authors));
        Memory { pins, former_authors: names(all), ..Memory::default() }
    }

    pub(super) fn policy(&self, asked: &Asked) -> Arc<Policy> {
        let mut text = "countersign = \"policy/1\"\n[people]\n".to_owned();
        let people = ["a", "b", "c"];
        people.iter().zip(&self.names).for_each(|(name, key)| text += &format!("{name} = [\"{key}\"]\n"));
        for person in asked.distrusted.people() {
            text += &format!("[[distrust]]\nfingerprint = \"{}\"\n", self.names[person]);
        }
        if asked.grants.is_some() {
            text += &format!("[[root]]\nfingerprint = \"{}\"\n", self.root);
        }
        let new = match asked.new {
            New::FirstUse => "first-use",
            New::Trusted => "trusted-author",
            New::Reject => "reject",
        };
        let from = asked.named.map(|named| {
            let named: Vec<_> = named.people().map(|person| format!("\"{}\"", people[person])).collect();
            format!(", from = [{}]", named.join(", "))
        });
        text += &format!(
            "[[rule]]\npackages = [\"*\"]\nunsigned = \"{}\"\nnew-package = \"{new}\"\nhandover = {}\n\
             require = {{ author = {{ count = {}{} }} }}\n",
            if asked.unsigned { "accept" } else { "reject" },
            asked.handover,
            asked.count,
            from.unwrap_or_default()
        );
        let mut policies = self.policies.lock().expect("no panic while it is held");
        let checked = |text: &str| {
            let policy = PolicyFile::read(text.as_bytes(), &Limits::default()).and_then(|file| file.check(None));
            policy.map_err(|why| format!("{why:?}\n{text}")).map(Arc::new)
        };
        let policy = policies.entry(text).or_insert_with_key(|text| checked(text)).clone();
        drop(policies);
        policy.unwrap_or_else(|why| panic!("{why}"))
    }
}

/// What the roots say, as the world has it.
struct Stub<'a> {
    bench: &'a Bench,
    grants: [Grant; 3],
    one_hand: bool,
}

impl Trust for Stub<'_> {
    fn authorisation(&self, certificate: &Fingerprint, _: Role, _: &Purl) -> Authorisation {
        let person = self.bench.names.iter().position(|name| name == certificate).expect("one of ours");
        let known = || self.bench.known[person].clone();
        match self.grants[person] {
            Grant::Nothing => Authorisation::Unreached,
            Grant::Known => Authorisation::Known(known()),
            Grant::Role | Grant::ByName => Authorisation::Granted(known()),
            Grant::OutOfScope => Authorisation::OutOfScope,
            Grant::TooDeep => Authorisation::TooDeep,
            Grant::ByRetired => Authorisation::ByRetired,
        }
    }

    fn names_author_of(&self, _: &Purl) -> bool {
        self.grants.contains(&Grant::ByName)
    }

    fn are_independent(&self, people: &[Vec<Fingerprint>], needed: usize, _: Option<Role>, _: &Purl) -> bool {
        !self.one_hand && people.len() >= needed
    }
}

/// That each person is known to a root; it carries the answers of [`Stub`].
fn known(root: &Person, people: &[Person]) -> Vec<Authentication> {
    let certificates = people.iter().map(|person| person.certificate_among(&[root]));
    let keyring = Keyring::from_certificates(certificates.chain([root.certificate()]));
    let network = Network::new(&keyring, TIMES);
    let viewpoint = Viewpoint {
        roots: vec![Root::full(name(root))],
        distrusted: BTreeSet::new(),
        own: None,
        retired: RetiredIssuers::LeaveOut,
        kind: NetworkKind::Trust,
    };
    let view = View::new(&network, &keyring, viewpoint).expect("a view");
    let measure = Measure { wanted: Amount::FULL, max_depth: None, paths: 1 };
    let known = |person: &Person| match view.authorisation(&name(person), Role::Author, &at("1.0.0"), measure) {
        Authorisation::Known(found) => found,
        other => panic!("{other:?}"),
    };
    people.iter().map(known).collect()
}

fn all_made(table: &Table, two_lines: bool, names: &[Fingerprint], tree: Digest) -> Vec<Made> {
    let mut made: Vec<Made> = Vec::new();
    for text in &table.texts {
        let draft = Draft {
            package: at(VERSIONS[usize::from(two_lines)][text.version]),
            released: NOW,
            authors: text.authors.people().map(|person| names[person].clone()).collect(),
            previous: text.previous.map(|place| made[place].digest).into_iter().collect(),
            tree: if text.other { Digest::of(b"other") } else { tree },
            files: 1,
            bytes: 1,
            source: None,
        };
        let statement = Statement::new(draft).expect("a manifest");
        let digest = Digest::of(statement.text().as_bytes());
        made.push(Made { statement, digest, signatures: OnceLock::new(), opened: Default::default() });
    }
    made
}

fn at(version: &str) -> Purl {
    format!("pkg:generic/a@{version}").parse().expect("a purl")
}

/// One line of versions, and two.
const VERSIONS: [[&str; 3]; 2] = [["1.0.0", "1.1.0", "1.2.0"], ["1.0.0", "1.1.0", "2.0.0"]];
