//! A small world in which each certificate is stolen in turn.

use std::fs;
use std::path::{Path, PathBuf};

use sequoia_openpgp::types::KeyFlags;

use super::touched::{Subkey, Touched, touched};
use super::*;
use crate::digest::Digest;
use crate::lock::{Lock, Pin};
use crate::openpgp::open::NothingSeen;
use crate::openpgp::testing::{NOW, Person, TIMES};
use crate::package::Purl;
use crate::policy::Policy;
use crate::statement::manifest::Draft as ManifestDraft;
use crate::statement::review::{Draft as ReviewDraft, Opinion, Relation, Thoroughness};
use crate::statement::{Manifest, Review, VersionTree};
use crate::store::Store;
use crate::tree::{SurveyRequest, survey};
use crate::verdict::authors::Origin;
use crate::verdict::suppose::Alone;
use crate::verify::{Request, verify};

/// A package that alice and bob signed and carol reviewed; a root that made ca an introducer, by whom alice, bob and dave are
/// known. Eve is known to nobody.
struct World {
    folder: tempfile::TempDir,
    people: Vec<(&'static str, Person)>,
    keyring: Keyring,
    package: Purl,
    limits: Limits,
}

/// A question about a package in a folder, with nothing odd about it.
pub(super) fn asked<'a>(
    (dir, package): (&'a Path, &'a Purl),
    policy: &'a Policy,
    keyring: &'a Keyring,
    stores: &'a [(Store, Origin)],
    lock: &'a Lock,
    limits: &'a Limits,
) -> Request<'a> {
    Request {
        dir,
        package: Some(package),
        policy,
        source: "test".into(),
        keyring,
        stores,
        lock,
        seen: &NothingSeen,
        overriding: None,
        refused: &[],
        installed: None,
        notes: Vec::new(),
        times: TIMES,
        limits,
        watcher: &(),
    }
}

impl World {
    fn new() -> Self {
        let (root, eve) = (Person::new(), Person::new());
        let ca = Person::new().trusted(&root, 1, 120, &[]);
        let alice = Person::new().trusted(&ca, 0, 120, &["author"]);
        let bob = Person::new().trusted(&ca, 0, 120, &["author"]);
        let dave = Person::new().trusted(&ca, 0, 120, &[]).trusted(&eve, 0, 120, &[]);
        let carol = Person::made(|builder| builder.add_subkey(KeyFlags::empty().set_authentication(), None, None));
        let people = vec![
            ("root", root),
            ("ca", ca),
            ("alice", alice),
            ("bob", bob),
            ("carol", carol),
            ("dave", dave),
            ("eve", eve),
        ];
        let all: Vec<_> = people.iter().map(|(_, person)| person).collect();
        let keyring = Keyring::from_certificates(all.iter().map(|person| person.certificate_among(&all)));
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("package")).expect("made");
        fs::write(folder.path().join("package/a"), "a").expect("written");
        let package = "pkg:generic/a@1.0.0".parse().expect("a purl");
        let world = Self { folder, people, keyring, package, limits: Limits::default() };
        world.sign();
        world
    }

    fn name(&self, name: &str) -> Fingerprint {
        self.person(name).certificate().fingerprint().clone()
    }

    fn person(&self, name: &str) -> &Person {
        &self.people.iter().find(|(one, _)| *one == name).expect("somebody").1
    }

    fn dir(&self) -> PathBuf {
        self.folder.path().join("package")
    }

    fn tree(&self) -> Digest {
        let survey = survey(&SurveyRequest::plain(&self.dir(), &self.limits)).expect("a survey");
        survey.into_parts().0.expect("a tree").digest()
    }

    fn sign(&self) {
        let store = Store::open_or_make(&self.folder.path().join("store"), &self.limits).expect("a store");
        let manifest = Manifest::new(ManifestDraft {
            package: self.package.clone(),
            released: NOW,
            authors: vec![self.name("alice"), self.name("bob")],
            previous: Vec::new(),
            tree: self.tree(),
            files: 1,
            bytes: 1,
            source: None,
        });
        let review = Review::new(ReviewDraft {
            package: self.package.identity(),
            from: None,
            to: VersionTree { version: "1.0.0".to_owned(), tree: self.tree() },
            verdict: Opinion::Approve,
            criteria: vec!["safe-to-deploy".parse().expect("a word")],
            thoroughness: Thoroughness::Medium,
            relation: Relation::None,
            reviewed: NOW,
            note: None,
        });
        let (manifest, review) = (manifest.expect("a manifest"), review.expect("a review"));
        for (text, signers) in [(manifest.text(), &["alice", "bob"][..]), (review.text(), &["carol"])] {
            let text = text.as_bytes();
            store.add_statement(&self.package.identity(), text).expect("added");
            for name in signers {
                let signature = self.person(name).sign_text(text);
                store.add_signature(Digest::of(text), &self.name(name), &signature).expect("added");
            }
        }
    }

    fn file(&self, require: &str) -> PolicyFile {
        let text = format!(
            "countersign = \"policy/1\"\n[[root]]\nname = \"the root\"\nfingerprint = \"{}\"\n[people]\ncarol = [\"{}\"]\n\
             [groups]\nreaders = [\"carol\"]\n[[rule]]\npackages = [\"*\"]\nrequire = {require}\n",
            self.name("root"),
            self.name("carol")
        );
        PolicyFile::read(text.as_bytes(), &self.limits).expect("a policy's file")
    }

    fn policy(&self, require: &str) -> Policy {
        self.file(require).check(Some(&self.keyring)).expect("a policy")
    }

    fn with<T>(&self, policy: &Policy, lock: &Lock, act: impl FnOnce(&Request<'_>) -> T) -> T {
        let store = Store::open(&self.folder.path().join("store"), &self.limits).expect("a store");
        let package = (&*self.dir(), &self.package);
        act(&asked(package, policy, &self.keyring, &[(store, Origin::Shared)], lock, &self.limits))
    }

    fn verdict(&self, policy: &Policy) -> Verdict {
        self.with(policy, &Lock::default(), |request| verify(request).expect("a verdict").verdict)
    }

    fn touched(&self, policy: &Policy, lock: &Lock, certificate: &Fingerprint) -> Result<Touched, Subkey> {
        let dirs = [self.dir()];
        self.with(policy, lock, |request| touched(certificate, request, &dirs, &mut Vec::new()))
    }

    fn audit(&self, require: &str, lock: &Lock, name: &str) -> Audit {
        let (file, policy, certificate) = (self.file(require), self.policy(require), self.name(name));
        let touched = self.touched(&policy, lock, &certificate).expect("no subkey");
        let without = policy.clone().distrusting(&certificate);
        let (before, after) = (self.verdict(&policy), self.verdict(&without));
        let next = Next::new(&certificate, (Some("p".into()), Some(&file)), &touched, &self.keyring, &self.limits);
        let verdicts = (&[before][..], &[after][..]);
        let (path, source) = ("package".to_owned(), "test".into());
        let subject = Subject::new(path, source, None, verdicts, &certificate, touched, next, Vec::new(), &self.limits);
        Audit::new(NOW, &certificate, vec![subject])
    }
}

const BOTH: &str = "{ all = [{ author = {} }, { review = { from = [\"readers\"] } }] }";

#[test]
fn each_certificate_is_stolen_in_turn() {
    let world = World::new();
    let told = |name| {
        let audit = world.audit(BOTH, &Lock::default(), name);
        let Subject { packages, next, .. } = &audit.subjects[0];
        let rows: Vec<_> = packages
            .iter()
            .map(|row| {
                let codes: Vec<_> = row.reasons.iter().map(|reason| reason.code.as_str()).collect();
                format!("{:?} {} [{}]", row.effect, row.counted_as.join("+"), codes.join(" "))
            })
            .collect();
        let faults: Vec<_> = next.faults.iter().map(|fault| fault.code.as_str()).collect();
        (audit.answer.exit_code(), rows.join(", "), faults.join(" "))
    };
    let told = |name| {
        let (code, rows, faults) = told(name);
        format!("{code} {rows} {faults}").trim_end().to_owned()
    };
    assert_eq!(told("root"), "1 Falls introducer [unauthorised unauthorised] policy-conflict");
    assert_eq!(told("ca"), "1 Falls introducer [unauthorised unauthorised]");
    assert_eq!(told("alice"), "0 Holds author []");
    assert_eq!(told("carol"), "1 Falls reviewer [too-few-reviews] policy-threshold-unreachable");
    assert_eq!(told("dave"), "0");
    assert_eq!(told("eve"), "0");
}

/// The lines that are told are what was judged by.
#[test]
fn the_lines_that_are_told_do_what_was_told() {
    let world = World::new();
    for require in [BOTH, "{ author = { count = 2 } }", "{ any = [{ author = {} }, { review = {} }] }"] {
        for (name, _) in &world.people {
            let certificate = world.name(name);
            let lines = world.audit(require, &Lock::default(), name).subjects.swap_remove(0).next.lines.expect("lines");
            let followed = world.file(require).followed_by(&lines, &world.limits).expect("TOML");
            let Ok(written) = followed.check(Some(&world.keyring)) else { continue };
            let supposed = world.policy(require).distrusting(&certificate);
            let (one, other) = (world.verdict(&written), world.verdict(&supposed));
            let told = |verdict: &Verdict| {
                let reasons = verdict.reasons.iter().map(|reason| (reason.code, reason.answer, reason.message.clone()));
                (verdict.outcome(), verdict.authors.clone(), reasons.collect::<Vec<_>>())
            };
            assert_eq!(told(&one), told(&other), "{name}, {require}");
        }
    }
}

#[test]
fn what_it_touched_is_told() {
    let world = World::new();
    let policy = world.policy(BOTH);
    let mut lock = Lock::default();
    let pin = Pin {
        package: world.package.clone(),
        tree: world.tree(),
        manifest: Some(Digest::of(b"m")),
        authors: [world.name("alice"), world.name("bob")].into(),
        basis: Basis::Policy,
        accepted: NOW,
        policy: policy.digest(),
    };
    lock.remember(pin, NOW).expect("remembered");
    let touched = |name| world.touched(&policy, &lock, &world.name(name)).expect("no subkey");

    let ca = touched("ca");
    let leads = |one: &touched::Certified| (one.certificate.clone(), one.leads);
    let mut led = ["alice", "bob", "dave"].map(|name| (world.name(name).to_string(), true)).to_vec();
    led.sort();
    assert_eq!(ca.certifications.iter().map(leads).collect::<Vec<_>>(), led);
    let introduced: Vec<_> = ca.introduced.iter().map(|one| one.certificate.clone()).collect();
    assert_eq!(introduced, led.into_iter().map(|(name, _)| name).collect::<Vec<_>>());
    assert_eq!((ca.known, ca.policy.len(), ca.memory.len(), ca.statements.len()), (true, 0, 0, 0));

    let eve = touched("eve");
    assert_eq!(eve.certifications.iter().map(leads).collect::<Vec<_>>(), [(world.name("dave").to_string(), false)]);
    assert!(eve.introduced.is_empty());

    let alice = touched("alice");
    assert_eq!(alice.statements.len(), 1);
    assert_eq!((alice.statements[0].kind, alice.statements[0].good), (Some("manifest"), true));
    let of_alice: Vec<_> = alice.memory.iter().map(|one| (one.entry, one.alone, one.basis)).collect();
    assert_eq!(of_alice, [("pin", false, Some(Basis::Policy))]);

    let carol = touched("carol");
    let named = [Naming::Person("carol".into()), Naming::Group("readers".into()), Naming::Rule(1, "review")];
    assert_eq!(carol.policy, named);
    assert_eq!(carol.statements[0].kind, Some("review"));
    assert_eq!(touched("root").policy, [Naming::Root(Some("the root".into()))]);
}

#[test]
fn a_subkey_is_answered_by_its_primary_key_and_a_stranger_by_a_question() {
    let world = World::new();
    let policy = world.policy(BOTH);
    let subkey = world.person("carol").certificate().keys()[1].fingerprint.clone();
    let told = world.touched(&policy, &Lock::default(), &subkey);
    assert_eq!(told, Err(Subkey { subkey, primary: world.name("carol") }));
    let stranger = world.touched(&policy, &Lock::default(), &"0".repeat(40).parse().expect("a fingerprint"));
    assert!(stranger.expect("no subkey").is_nothing());
}

/// Each single key that suffices, for a few policies.
#[test]
fn single_keys_that_suffice_are_told() {
    let world = World::new();
    let alone = |require: &str| {
        let policy = world.policy(require);
        let found =
            world.with(&policy, &Lock::default(), |request| crate::verify::alone::alone(request).expect("told"));
        let keys = match found.alone.expect("a rule") {
            Alone::Anybody => return "anybody".to_owned(),
            Alone::Keys(keys) => keys,
        };
        let named = world.people.iter().filter(|(name, _)| keys.contains(&world.name(name)));
        named.map(|(name, _)| *name).collect::<Vec<_>>().join(" ")
    };
    // Both are known, so that each may be the first author; so is dave; and who introduces makes others known.
    assert_eq!(alone("{ author = {} }"), "root ca alice bob dave");
    // By the policy's word reviewers are carol alone, and nobody else can be both.
    assert_eq!(alone(BOTH), "");
    assert_eq!(alone("{ review = { from = [\"readers\"] } }"), "carol");
    // One way leads through one introducer, and a root vouches for many.
    assert_eq!(alone("{ author = { count = 2 } }"), "root");
    assert_eq!(alone("{ author = { count = 2, independent = false } }"), "root ca");
    assert_eq!(alone("{ any = [{ review = {} }, { author = { count = 2 } }] }"), "root ca");
    assert_eq!(alone("{ check = { name = \"c\" } }"), "root ca");
}
