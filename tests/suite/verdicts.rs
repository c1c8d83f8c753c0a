//! Properties of whole verdicts, on random evidence: order and junk change nothing, signatures are counted by people, more
//! of them never hurt, stores merge as sets, and no byte of a tree can change.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "shared functions of tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use countersign::digest::Digest;
use countersign::fingerprint::Fingerprint;
use countersign::keyring::Keyring;
use countersign::limits::Limits;
use countersign::lock::Lock;
use countersign::openpgp::open::NothingSeen;
use countersign::package::Purl;
use countersign::policy::{Policy, Signers};
use countersign::reason::Answer;
use countersign::statement::Manifest;
use countersign::statement::manifest::Draft;
use countersign::store::Store;
use countersign::time::{Times, Timestamp};
use countersign::tree::{SurveyRequest, survey};
use countersign::verdict::Outcome;
use countersign::verdict::authors::Origin;
use countersign::verify::{Request, verify};
use proptest::prelude::*;
use sequoia_openpgp::armor::Kind;
use tempfile::TempDir;

use crate::attacks::forms::{Options, armor};
use crate::attacks::people::{Person, Recipe, SIGNED};
use crate::tools::scratch;

/// The first so many people are authors; then there is one whom the keyring knows, and one whom it does not.
const AUTHORS: usize = 3;
const KNOWN_STRANGER: usize = 3;
const STRANGER: usize = 4;

/// One file of evidence, in a way that can be made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    /// A good signature on the release; `again` makes a different file of the same signer.
    Signature { by: usize, again: u8 },
    /// A signature on nothing that is here, under somebody's name.
    Wrong { by: usize, named: usize },
    /// Bytes that are no signature, under a stranger's name.
    Rubbish { length: usize },
    /// A stranger's own manifest for the same version and another tree, signed by them.
    Claim { by: usize },
    /// A stranger's own manifest for another version.
    OtherVersion { by: usize },
    /// The certificate of whomever.
    Certificate { of: usize },
}

fn good() -> impl Strategy<Value = Piece> {
    (0..AUTHORS, 0..2_u8).prop_map(|(by, again)| Piece::Signature { by, again })
}

fn junk() -> impl Strategy<Value = Piece> {
    let stranger = || KNOWN_STRANGER..=STRANGER;
    prop_oneof![
        (stranger(), 0..2_u8).prop_map(|(by, again)| Piece::Signature { by, again }),
        (stranger(), 0..=STRANGER).prop_map(|(by, named)| Piece::Wrong { by, named }),
        (0..200_usize).prop_map(|length| Piece::Rubbish { length }),
        stranger().prop_map(|by| Piece::Claim { by }),
        stranger().prop_map(|by| Piece::OtherVersion { by }),
        (0..=STRANGER).prop_map(|of| Piece::Certificate { of }),
    ]
}

/// A package whose manifest lies in a store, and a keyring.
struct World {
    folder: TempDir,
    manifest: Manifest,
    text: Vec<u8>,
}

/// What was decided, without what only explains it.
#[derive(Debug, PartialEq, Eq)]
struct Decided {
    outcome: Outcome,
    authors: Vec<String>,
    /// `code path` of whatever refuses, or leaves it open.
    against: BTreeSet<String>,
}

impl World {
    fn new() -> Self {
        let folder = scratch();
        let at = |path: &str| folder.path().join(path);
        fs::create_dir_all(at("package/src")).unwrap();
        fs::write(at("package/src/lib.rs"), "pub fn acme() {}\n").unwrap();
        fs::write(at("package/run"), "#!/bin/sh\n").unwrap();
        fs::write(at("package/empty"), "").unwrap();
        fs::set_permissions(at("package/run"), fs::Permissions::from_mode(0o755)).unwrap();
        let known = people()[..=KNOWN_STRANGER].iter().flat_map(Person::public).collect::<Vec<_>>();
        fs::write(at("keyring.pgp"), known).unwrap();
        let text = tree_text(&at("package"));
        let manifest = manifest("1.0", Digest::of(&text), 0..AUTHORS);
        Self { folder, manifest, text }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Makes a store of the release and these pieces, in this order.
    fn store(&self, name: &str, pieces: &[Piece]) -> PathBuf {
        let limits = Limits::default();
        let store = Store::open_or_make(&self.at(name), &limits).unwrap();
        store.add_tree(&self.text).unwrap();
        store.add_statement(&package("1.0"), self.manifest.text().as_bytes()).unwrap();
        pieces.iter().for_each(|piece| self.add(&store, *piece));
        self.at(name)
    }

    fn add(&self, store: &Store, piece: Piece) {
        let release = self.manifest.text().as_bytes();
        let claim = |by: usize, version: &str| {
            let manifest = manifest(version, Digest::of(b"another tree"), by..by + 1);
            let bytes = manifest.text().as_bytes();
            store.add_statement(&package(version), bytes).unwrap();
            store.add_signature(Digest::of(bytes), &fingerprint(by), &signature(by, 0, bytes)).unwrap();
        };
        match piece {
            Piece::Signature { by, again } => {
                store.add_signature(Digest::of(release), &fingerprint(by), &signature(by, again, release)).unwrap();
            }
            Piece::Wrong { by, named } => {
                let file = signature(by, 0, b"something else");
                store.add_signature(Digest::of(release), &fingerprint(named), &file).unwrap();
            }
            Piece::Rubbish { length } => {
                let file = vec![b'x'; length];
                store.add_signature(Digest::of(release), &fingerprint(STRANGER), &file).unwrap();
            }
            Piece::Claim { by } => claim(by, "1.0"),
            Piece::OtherVersion { by } => claim(by, "2.0"),
            Piece::Certificate { of } => {
                let file = armor(Kind::PublicKey, &people()[of].public());
                store.add_certificate(&fingerprint(of), &file).unwrap();
            }
        }
    }

    /// What is decided where so many of the authors must have signed.
    fn decide(&self, stores: &[PathBuf], needed: usize) -> Decided {
        let signers: Vec<_> = (0..AUTHORS).map(fingerprint).collect();
        let now: Timestamp = "2026-11-23".parse().unwrap();
        let limits = Limits::default();
        let stores: Vec<_> = stores.iter().map(|path| (Store::open(path, &limits).unwrap(), Origin::Named)).collect();
        let report = verify(&Request {
            dir: &self.at("package"),
            package: Some(&package("1.0")),
            policy: &Policy::of_signers(&Signers::new(signers, needed).unwrap()),
            source: "--signer".into(),
            keyring: &Keyring::read(&[self.at("keyring.pgp")], &limits).unwrap(),
            stores: &stores,
            lock: &Lock::default(),
            seen: &NothingSeen,
            overriding: None,
            refused: &[],
            installed: None,
            notes: Vec::new(),
            times: Times { at: now, now },
            limits: &limits,
            watcher: &(),
        })
        .unwrap()
        .report;
        assert!(report.reasons.is_empty(), "{:?}", report.reasons);
        let told = &report.packages[0];
        let against = told.reasons.iter().filter(|reason| matches!(reason.answer, Answer::Reject | Answer::CannotTell));
        let against =
            against.map(|reason| format!("{} {}", reason.code, reason.path.as_deref().unwrap_or_default())).collect();
        Decided { outcome: report.verdict, authors: told.authors.clone(), against }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Accepted exactly where enough authors have signed: whoever signs twice is one, and a stranger is none.
    #[test]
    fn authors_are_counted_once_and_nobody_else_is(
        pieces in proptest::collection::vec(prop_oneof![good(), junk()], 0..8),
        needed in 1..=AUTHORS,
    ) {
        let world = World::new();
        let decided = world.decide(&[world.store("store", &pieces)], needed);
        let mut signed: Vec<_> = (0..AUTHORS).filter(|by| signs(&pieces, *by)).map(|by| fingerprint(by).to_string()).collect();
        signed.sort();
        prop_assert_eq!(&decided.authors, &signed);
        if signed.len() >= needed {
            prop_assert_eq!(decided.outcome, Outcome::Accepted);
            prop_assert!(decided.against.is_empty());
        } else {
            prop_assert_eq!(decided.outcome, Outcome::Rejected);
            let codes: Vec<_> = decided.against.iter().map(|line| line.trim_end()).collect();
            prop_assert!(codes == ["too-few-authors"] || (signed.is_empty() && codes == ["no-manifest"]), "{:?}", codes);
        }
    }

    /// Neither the order in which files were written, nor how they are spread over stores, nor the stores' order.
    #[test]
    fn order_never_matters(
        pieces in proptest::collection::vec(prop_oneof![good(), junk()], 0..8),
        spread in proptest::collection::vec(any::<bool>(), 8),
        needed in 1..=AUTHORS,
    ) {
        let world = World::new();
        let wanted = world.decide(&[world.store("one", &pieces)], needed);
        let backwards: Vec<_> = pieces.iter().rev().copied().collect();
        prop_assert_eq!(&world.decide(&[world.store("backwards", &backwards)], needed), &wanted);
        let (left, right): (Vec<_>, Vec<_>) = pieces.iter().zip(&spread).partition(|(_, left)| **left);
        let only = |part: Vec<(&Piece, &bool)>| part.into_iter().map(|(piece, _)| *piece).collect::<Vec<_>>();
        let (left, right) = (world.store("left", &only(left)), world.store("right", &only(right)));
        prop_assert_eq!(&world.decide(&[left.clone(), right.clone()], needed), &wanted);
        prop_assert_eq!(&world.decide(&[right.clone(), left, right], needed), &wanted);
    }

    /// What strangers add changes nothing that is decided.
    #[test]
    fn junk_by_strangers_never_changes_the_verdict(
        pieces in proptest::collection::vec(good(), 0..4),
        junk in proptest::collection::vec(junk(), 1..10),
        needed in 1..=AUTHORS,
    ) {
        let world = World::new();
        let clean = world.decide(&[world.store("clean", &pieces)], needed);
        let dirty = world.decide(&[world.store("dirty", &[junk.clone(), pieces.clone()].concat())], needed);
        prop_assert_eq!((dirty.outcome, &dirty.authors), (clean.outcome, &clean.authors));
        // A stranger's manifest is somebody's manifest, so that the reason may be another one.
        let strict = |decided: &Decided| decided.against.iter().map(|l| l.replace("no-manifest", "too-few-authors")).collect::<BTreeSet<_>>();
        prop_assert_eq!(strict(&dirty), strict(&clean));
    }

    /// One signature more by somebody who is counted changes nothing; by anybody else it never makes things worse.
    #[test]
    fn more_signatures_never_hurt(
        pieces in proptest::collection::vec(good(), 0..5),
        more in good(),
        needed in 1..=AUTHORS,
    ) {
        let world = World::new();
        let before = world.decide(&[world.store("before", &pieces)], needed);
        let after = world.decide(&[world.store("after", &[pieces.clone(), vec![more]].concat())], needed);
        prop_assert!(after.outcome <= before.outcome);
        let Piece::Signature { by, .. } = more else { unreachable!("a good one is a signature") };
        if signs(&pieces, by) {
            prop_assert_eq!(after, before);
        }
    }

    /// Merging is what uniting sets is: any order, any grouping, any repetition.
    #[test]
    fn stores_merge_as_sets(
        parts in proptest::collection::vec(proptest::collection::vec(prop_oneof![good(), junk()], 0..5), 3),
    ) {
        let world = World::new();
        let [a, b, c] = [0, 1, 2].map(|n: usize| world.store(&format!("part-{n}"), &parts[n]));
        let merge = |name: &str, from: &[&PathBuf]| {
            let to = world.at(name);
            from.iter().for_each(|from| drop(Store::add_all(from, &to, &Limits::default()).unwrap()));
            to
        };
        let all = merge("abc", &[&a, &b, &c]);
        let wanted = content(&all);
        prop_assert_eq!(&content(&merge("cba", &[&c, &b, &a])), &wanted);
        let bc = merge("bc", &[&b, &c]);
        prop_assert_eq!(&content(&merge("a-bc", &[&a, &bc])), &wanted);
        prop_assert_eq!(&content(&merge("twice", &[&a, &a, &b, &c, &all, &b])), &wanted);
        prop_assert_eq!(Store::add_all(&all, &all, &Limits::default()).unwrap().added, 0);
        // And nothing is decided otherwise than from the parts.
        prop_assert_eq!(world.decide(&[all], 2), world.decide(&[a, b, c], 2));
    }

    /// One byte changed, added or taken away, one bit of the mode, one letter of a name: refused, by that code alone.
    #[test]
    fn no_single_change_of_a_tree_is_accepted(which in 0..3_usize, place in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let world = World::new();
        let store = world.store("store", &[Piece::Signature { by: 0, again: 0 }]);
        let stores = [store];
        prop_assert_eq!(world.decide(&stores, 1).outcome, Outcome::Accepted);
        let name = ["src/lib.rs", "run", "empty"][which];
        let file = world.at("package").join(name);
        let original = fs::read(&file).unwrap();
        let refused = |codes: &[&str]| {
            let decided = world.decide(&stores, 1);
            let wanted: BTreeSet<_> = codes.iter().map(|code| (*code).to_owned()).collect();
            prop_assert_eq!((decided.outcome, decided.against), (Outcome::Rejected, wanted));
            Ok(())
        };
        let differs = format!("content-differs {name}");
        let mut changes = vec![[&original[..], b"\0"].concat(), [b" ", &original[..]].concat()];
        if !original.is_empty() {
            let at = place.index(original.len());
            let mut flipped = original.clone();
            flipped[at] ^= 1 << bit;
            let mut shorter = original.clone();
            shorter.remove(at);
            changes.extend([flipped, shorter]);
        }
        for changed in changes {
            fs::write(&file, changed).unwrap();
            refused(&[&differs])?;
        }
        fs::write(&file, &original).unwrap();
        prop_assert_eq!(world.decide(&stores, 1).outcome, Outcome::Accepted);

        let mode = fs::metadata(&file).unwrap().permissions().mode();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode ^ 0o100)).unwrap();
        // Executable is whoever may be executed by anybody: 0655 still is.
        if mode & 0o111 == 0 {
            refused(&[&format!("mode-differs {name}")])?;
        }
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();

        let other = file.with_file_name("renamed");
        fs::rename(&file, &other).unwrap();
        let renamed = other.strip_prefix(world.at("package")).unwrap().display().to_string();
        refused(&[&format!("file-missing {name}"), &format!("file-added {renamed}")])?;
        fs::copy(&other, &file).unwrap();
        refused(&[&format!("file-added {renamed}")])?;
        fs::remove_file(&other).unwrap();
        fs::remove_file(&file).unwrap();
        refused(&[&format!("file-missing {name}")])?;
    }
}

fn people() -> &'static [Person] {
    static PEOPLE: OnceLock<Vec<Person>> = OnceLock::new();
    PEOPLE.get_or_init(|| (0..=STRANGER).map(|n| Person::new(&format!("p{n}"), &Recipe::default())).collect())
}

fn fingerprint(person: usize) -> Fingerprint {
    people()[person].fingerprint(0).parse().unwrap()
}

fn signs(pieces: &[Piece], who: usize) -> bool {
    pieces.iter().any(|piece| matches!(piece, Piece::Signature { by, .. } if *by == who))
}

/// A good signature; another second for each `again`, so that the file is another one.
fn signature(by: usize, again: u8, message: &[u8]) -> Vec<u8> {
    let mut options = Options::default();
    options.at = Some(SIGNED + u64::from(again));
    options.file(&people()[by], None, None, message)
}

fn package(version: &str) -> Purl {
    format!("pkg:generic/acme@{version}").parse().unwrap()
}

fn manifest(version: &str, tree: Digest, authors: std::ops::Range<usize>) -> Manifest {
    Manifest::new(Draft {
        package: package(version),
        released: "2024-06-01".parse().unwrap(),
        authors: authors.map(fingerprint).collect(),
        previous: Vec::new(),
        tree,
        files: 3,
        bytes: 27,
        source: None,
    })
    .unwrap()
}

fn tree_text(dir: &Path) -> Vec<u8> {
    let limits = Limits::default();
    let request = SurveyRequest { portable: true, ..SurveyRequest::plain(dir, &limits) };
    let tree = survey(&request).unwrap().into_parts().0.unwrap();
    assert_eq!((tree.files(), tree.bytes()), (3, 27));
    tree.text().to_string().into_bytes()
}

/// Every file of a store, by its path.
fn content(store: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut folders = vec![store.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if entry.file_type().unwrap().is_dir() {
                folders.push(path);
            } else {
                all.insert(path.strip_prefix(store).unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    all
}
