//! What is told of a certificate, held against its real removal: in each world every certificate is taken out of the keyring
//! and of the stores with all that it signed, and out of memory; and what is left is verified.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use rayon::prelude::*;

use super::tests::asked;
use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::keyring::Keyring;
use crate::limits::Limits;
use crate::lock::{Basis, Lock, Pin};
use crate::openpgp::testing::{NOW, Person};
use crate::package::Purl;
use crate::policy::Policy;
use crate::policy::testing::any_policy;
use crate::reason::{Answer, Code};
use crate::statement::check::{Draft as CheckDraft, Finding};
use crate::statement::manifest::Draft as ManifestDraft;
use crate::statement::review::{Draft as ReviewDraft, Opinion, Relation, Thoroughness};
use crate::statement::withdrawal::{Cause, Draft as WithdrawalDraft};
use crate::statement::{Check, Manifest, Review, VersionTree, Withdrawal};
use crate::store::{Store, layout};
use crate::tree::{SurveyRequest, survey};
use crate::trust::testing::{Random, number};
use crate::verdict::Verdict;
use crate::verdict::authors::Origin;
use crate::verdict::without::{Effect, effect};
use crate::verify::verify;

/// A statement and whoever signed it, by place.
struct Said {
    text: String,
    signers: BTreeSet<usize>,
}

/// Two roots, two introducers, three people whom policies name, and one more; who certified whom is random.
struct Ring {
    people: Vec<Person>,
    names: Vec<Fingerprint>,
    /// Who is in the user's keyring; the certificates of all others come with the evidence.
    local: BTreeSet<usize>,
    /// The keyring without each of them, and the whole one.
    keyrings: Vec<Keyring>,
}

/// One package and all that is known of it.
struct World<'r> {
    ring: &'r Ring,
    policy: Policy,
    text: String,
    said: Vec<Said>,
    pins: Vec<Pin>,
    origin: Origin,
    folder: tempfile::TempDir,
    /// What lies in the store by somebody.
    files: Vec<(usize, PathBuf, Vec<u8>)>,
}

/// What all worlds have in common.
struct Ground {
    dir: PathBuf,
    package: Purl,
    tree: Digest,
    limits: Limits,
}

impl Ring {
    fn any(random: &mut Random) -> Self {
        let mut people: Vec<_> = (0..PEOPLE).map(|_| Person::new()).collect();
        let kinds: &[&[&str]] = &[&[], &["author"], &["author"], &["reviewer"], &["author", "reviewer", "checker"]];
        for target in 2..PEOPLE {
            for issuer in 0..target {
                if random.below(2) == 0 {
                    let reach = (random.of(&[0, 1, 2, 255]), random.of(&[60, 120, 120]));
                    let scope = random.of(&["pkg:generic/*", "pkg:generic/*", "*", "pkg:cargo/*", "pkg:generic/a"]);
                    people[target] = people[target].clone().granted(&people[issuer], reach, random.of(kinds), scope);
                }
            }
        }
        let names = people.iter().map(|person| person.certificate().fingerprint().clone()).collect();
        let local: BTreeSet<_> = (0..PEOPLE).filter(|place| *place < 4 || random.below(5) > 0).collect();
        let without = |gone: usize| {
            // What somebody said of others goes with them.
            let all: Vec<_> = (0..PEOPLE).filter(|place| *place != gone).map(|place| &people[place]).collect();
            let local = local.iter().filter(|place| **place != gone);
            Keyring::from_certificates(local.map(|place| people[*place].certificate_among(&all)))
        };
        let keyrings = (0..=PEOPLE).map(without).collect();
        Self { people, names, local, keyrings }
    }
}

impl<'r> World<'r> {
    /// Any, and its verdict; mostly one that is accepted.
    fn any(ground: &Ground, ring: &'r Ring, random: &mut Random) -> (Self, Verdict) {
        for _ in 0..TRIES {
            let found = Self::one(ground, ring, random);
            if found.1.acceptance.is_some() {
                return found;
            }
        }
        Self::one(ground, ring, random)
    }

    fn one(ground: &Ground, ring: &'r Ring, random: &mut Random) -> (Self, Verdict) {
        let keys: Vec<_> = ring.names.iter().collect();
        let (policy, text) = loop {
            if let Some(found) = any_policy(&keys, random) {
                break found;
            }
        };
        let origin = random.of(&[Origin::Named, Origin::Named, Origin::Shared]);
        let (said, pins, files) = (Vec::new(), Vec::new(), Vec::new());
        let folder = tempfile::tempdir().expect("a folder");
        let mut world = Self { ring, policy, text, said, pins, origin, folder, files };
        world.speak(ground, random);
        world.store(ground);
        let verdict = world.verdict(ground, &world.policy, None, Memory::Left);
        (world, verdict)
    }

    /// Some of the people who may sign, at least one.
    fn some(random: &mut Random) -> BTreeSet<usize> {
        let first = 3 + random.below(PEOPLE - 3);
        (3..PEOPLE).filter(|place| *place == first || random.below(4) == 0).collect()
    }

    fn speak(&mut self, ground: &Ground, random: &mut Random) {
        let tree = |random: &mut Random| if random.below(8) == 0 { Digest::of(b"else") } else { ground.tree };
        let mut before = Vec::new();
        for version in ["0.9.0", "1.0.0"] {
            let claims = random.of(&[0, 1, 1, 1, 2]);
            let mut of_this = Vec::new();
            for _ in 0..if version == "1.0.0" { claims.max(1) } else { claims } {
                let authors = Self::some(random);
                let signers = authors.iter().copied().filter(|_| random.below(6) > 0).collect();
                let previous = before.iter().copied().filter(|_| random.below(4) > 0).collect();
                let tree = if version == "1.0.0" { tree(random) } else { Digest::of(b"before") };
                let manifest = Manifest::new(ManifestDraft {
                    package: format!("pkg:generic/a@{version}").parse().expect("a purl"),
                    released: NOW,
                    authors: authors.iter().map(|place| self.ring.names[*place].clone()).collect(),
                    previous,
                    tree,
                    files: 1,
                    bytes: 1,
                    source: None,
                });
                let text = manifest.expect("a manifest").text().to_owned();
                of_this.push(Digest::of(text.as_bytes()));
                if random.below(4) == 0 || (version == "0.9.0" && random.below(2) == 0) {
                    let named = authors.iter().map(|place| self.ring.names[*place].clone()).collect();
                    self.pin(ground, version, Some(Digest::of(text.as_bytes())), named, random);
                }
                self.said.push(Said { text, signers });
            }
            before = of_this;
        }
        if random.below(8) == 0 {
            let version = random.of(&["0.8.0", "0.9.0", "1.0.0", "1.1.0"]);
            let named = if random.below(2) == 0 { Self::some(random) } else { BTreeSet::new() };
            let named: BTreeSet<_> = named.into_iter().map(|place| self.ring.names[place].clone()).collect();
            let manifest = (!named.is_empty()).then(|| Digest::of(b"gone"));
            self.pin(ground, version, manifest, named, random);
        }
        for _ in 0..random.below(5) {
            let text = beside(ground, random);
            self.said.push(Said { text, signers: Self::some(random) });
        }
    }

    fn pin(
        &mut self,
        ground: &Ground,
        version: &str,
        manifest: Option<Digest>,
        authors: BTreeSet<Fingerprint>,
        random: &mut Random,
    ) {
        let package: Purl = format!("pkg:generic/a@{version}").parse().expect("a purl");
        if self.pins.iter().any(|pin| pin.package == package) {
            return;
        }
        let basis = match manifest {
            None => Basis::Unsigned,
            Some(_) => random.of(&[Basis::FirstUse, Basis::Policy]),
        };
        let tree = if version == "1.0.0" { ground.tree } else { Digest::of(b"before") };
        let policy = Digest::of(b"");
        self.pins.push(Pin { package, tree, manifest, authors, basis, accepted: NOW, policy });
    }

    /// The verdict on what is left without somebody, or on all of it.
    fn verdict(&self, ground: &Ground, policy: &Policy, gone: Option<usize>, memory: Memory) -> Verdict {
        let theirs = || self.files.iter().filter(|(by, ..)| Some(*by) == gone);
        theirs().for_each(|(_, file, _)| fs::remove_file(file).expect("removed"));
        let lock = self.lock(gone.filter(|_| memory == Memory::Cleaned));
        let store = Store::open(self.folder.path(), &ground.limits).expect("a store");
        let stores = [(store, self.origin)];
        let keyring = &self.ring.keyrings[gone.unwrap_or(PEOPLE)];
        let request = asked((&ground.dir, &ground.package), policy, keyring, &stores, &lock, &ground.limits);
        let verdict = verify(&request).expect("a verdict").verdict;
        theirs().for_each(|(_, file, bytes)| fs::write(file, bytes).expect("written"));
        verdict
    }

    /// Writes a store of all that was said. It is written plainly: what is lost with a crash is no matter here.
    fn store(&mut self, ground: &Ground) {
        let write = |parts: &[&str], bytes: &[u8]| {
            let file = parts.iter().fold(self.folder.path().to_path_buf(), |path, part| path.join(part));
            fs::create_dir_all(file.parent().expect("a folder")).expect("made");
            fs::write(&file, bytes).expect("written");
            file
        };
        write(&[layout::MARKER], layout::MARKER_CONTENT);
        let identity = ground.package.identity();
        let [packages, package] = layout::package(&identity);
        let mut files = Vec::new();
        for said in &self.said {
            let text = said.text.as_bytes();
            let digest = Digest::of(text);
            let [folder, start, name] = layout::statement(digest);
            write(&[&folder, &start, &name], text);
            write(&[&packages, &package, &digest.hex()], identity.to_string().as_bytes());
            for place in &said.signers {
                let (person, signer) = (&self.ring.people[*place], &self.ring.names[*place]);
                let signature = person.sign_text(text);
                let [folder, of] = layout::signatures(digest);
                let file = write(&[&folder, &of, &layout::signature_name(signer, &signature)], &signature);
                files.push((*place, file, signature));
                if !self.ring.local.contains(place) {
                    let certificate = person.public();
                    let [folder, of] = layout::certificates(signer);
                    let file = write(&[&folder, &of, &layout::certificate_name(&certificate)], &certificate);
                    files.push((*place, file, certificate));
                }
            }
        }
        // Whoever said two things has one certificate.
        files.sort();
        files.dedup();
        self.files = files;
    }

    /// What is remembered, without what rests on somebody alone. What others signed as well is theirs.
    fn lock(&self, gone: Option<usize>) -> Lock {
        let mut lock = Lock::default();
        let alone = |pin: &&Pin| {
            gone.is_some_and(|gone| pin.authors.len() == 1 && pin.authors.contains(&self.ring.names[gone]))
        };
        for pin in self.pins.iter().filter(|pin| !alone(pin)) {
            lock.remember(pin.clone(), NOW).expect("remembered");
        }
        lock
    }
}

/// Whether memory forgets somebody as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Memory {
    Cleaned,
    Left,
}

/// Something that is said beside manifests.
fn beside(ground: &Ground, random: &mut Random) -> String {
    let at = |version: &str, tree| VersionTree { version: version.to_owned(), tree };
    let (before, this) = (at("0.9.0", Digest::of(b"before")), at("1.0.0", ground.tree));
    match random.below(6) {
        place @ 0..=3 => {
            let (from, to) = match place {
                0 | 1 => (None, this),
                2 => (None, before),
                _ => (Some(before), this),
            };
            let review = Review::new(ReviewDraft {
                package: ground.package.identity(),
                from,
                to,
                verdict: if random.below(6) == 0 { Opinion::Reject } else { Opinion::Approve },
                criteria: vec!["safe-to-deploy".parse().expect("a word")],
                thoroughness: Thoroughness::High,
                relation: Relation::None,
                reviewed: NOW,
                note: None,
            });
            review.expect("a review").text().to_owned()
        }
        4 => {
            let check = Check::new(&CheckDraft {
                package: ground.package.clone(),
                tree: ground.tree,
                name: "c".parse().expect("a word"),
                tool: "t 1".to_owned(),
                result: if random.below(6) == 0 { Finding::Fail } else { Finding::Pass },
                checked: NOW,
                subject: None,
                note: None,
            });
            check.expect("a check").text().to_owned()
        }
        _ => {
            let withdrawal = Withdrawal::new(WithdrawalDraft {
                package: ground.package.identity(),
                targets: vec![if random.below(3) == 0 { this } else { before }],
                reason: Cause::Malicious,
                withdrawn: NOW,
                advisory: None,
                note: None,
            });
            withdrawal.expect("a withdrawal").text().to_owned()
        }
    }
}

#[test]
fn what_falls_without_a_certificate_is_what_falls_when_it_is_really_gone() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("package");
    fs::create_dir(&dir).expect("made");
    fs::write(dir.join("a"), "a").expect("written");
    let limits = Limits::default();
    let tree = survey(&SurveyRequest::plain(&dir, &limits)).expect("a survey").into_parts().0.expect("a tree").digest();
    let package = "pkg:generic/a@1.0.0".parse().expect("a purl");
    let ground = Ground { dir, package, tree, limits };
    let (worlds, seed) = (number("COUNTERSIGN_WORLDS", WORLDS), number("COUNTERSIGN_SEED", 16));
    let mut random = Random(seed as u64);
    let rings: Vec<_> = (0..worlds.div_ceil(WORLDS_A_RING)).map(|_| Ring::any(&mut random)).collect();
    let held = (0..worlds).into_par_iter().map(|place| {
        let seed = (seed << 32 | place) as u64;
        hold(&ground, &rings[place / WORLDS_A_RING], seed)
    });
    let held: Vec<_> = held.collect();
    let faults: Vec<_> = held.iter().flat_map(|(_, faults)| faults).take(3).cloned().collect();
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    let told: BTreeSet<_> = held.into_iter().flat_map(|(told, _)| told).collect();
    let wanted = [
        (None, None),
        (Some(Effect::Falls), None),
        (Some(Effect::Weakens), None),
        (Some(Effect::Rises), None),
        (Some(Effect::Falls), Some(Difference::Void)),
        (Some(Effect::Falls), Some(Difference::Exemption)),
    ];
    assert!(wanted.iter().all(|one| told.contains(one)), "{told:?}");
}

/// Holds one world; gives what was told of each certificate, how it came out, and what differs for no reason.
fn hold(ground: &Ground, ring: &Ring, seed: u64) -> (BTreeSet<Told>, Vec<String>) {
    let (world, before) = World::any(ground, ring, &mut Random(seed));
    let (mut all, mut faults) = (BTreeSet::new(), Vec::new());
    for place in (0..PEOPLE).filter(|place| !world.policy.distrusts(&ring.names[*place])) {
        let distrusting = world.policy.clone().distrusting(&ring.names[place]);
        let after = world.verdict(ground, &distrusting, None, Memory::Left);
        let told = effect(&before, &after);
        for memory in [Memory::Cleaned, Memory::Left] {
            let gone = world.verdict(ground, &world.policy, Some(place), memory);
            let difference = (effect(&before, &gone) != told).then(|| difference(&world, &after, &gone));
            if difference == Some(Difference::None) {
                let said: Vec<_> = world.said.iter().map(|said| format!("{:?}\n{}", said.signers, said.text)).collect();
                let verdicts = [&before, &after, &gone].map(shown).join("\n");
                let (names, pins) = (&ring.names, &world.pins);
                faults.push(format!(
                    "{place} {memory:?} {told:?}\n{}\n{}\n{pins:#?}\n{names:?}\n{verdicts}",
                    world.text,
                    said.join("\n")
                ));
            }
            all.insert((told, difference));
        }
    }
    (all, faults)
}

/// What was told of a certificate, and in what its removal differs.
type Told = (Option<Effect>, Option<Difference>);

/// Why distrust is stricter than absence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Difference {
    /// What was accepted because of a thief is void until it is accepted anew; what was never accepted is only new.
    Void,
    /// No exemption lifts a refusal behind which somebody is distrusted.
    Exemption,
    /// None that is right.
    None,
}

fn difference(world: &World<'_>, after: &Verdict, gone: &Verdict) -> Difference {
    let basis = |verdict: &Verdict| verdict.acceptance.map(|acceptance| acceptance.basis());
    let is_stricter = match (basis(after), basis(gone)) {
        (None, Some(_)) => true,
        (Some(after), Some(gone)) => after > gone,
        (_, None) => false,
    };
    let denied = |answer| after.reasons.iter().any(|one| one.code == Code::SignerDenied && one.answer == answer);
    match is_stricter {
        true if denied(Answer::Reject) => Difference::Void,
        true if world.text.contains("[[exemption]]") && (denied(Answer::SetAside) || denied(Answer::Note)) => {
            Difference::Exemption
        }
        _ => Difference::None,
    }
}

fn shown(verdict: &Verdict) -> String {
    let reasons =
        verdict.reasons.iter().map(|reason| format!("  {:?} {} {}\n", reason.answer, reason.code, reason.message));
    format!("{:?} {:?}\n{}", verdict.outcome(), verdict.acceptance, reasons.collect::<String>())
}

const PEOPLE: usize = 8;
/// So often another world is tried where one is not accepted.
const TRIES: usize = 12;
const WORLDS: usize = 150;
const WORLDS_A_RING: usize = 8;
