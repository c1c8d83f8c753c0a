//! Which single keys suffice, against thieves who really do it: in each world every key is stolen in turn, new certificates
//! are made and certified with it, manifests, reviews and checks are signed, and all of it is judged.

mod thieves;

use std::collections::BTreeSet;
use std::slice;
use std::sync::{Arc, Mutex};

use rayon::prelude::*;

use super::super::authors::{Origin, Scale, Trust};
use super::super::chain::Chain;
use super::super::fixture::name;
use super::super::memory::Memory;
use super::super::roots::Roots;
use super::super::said::Said;
use super::super::suppose::{Alone, Doors, Question};
use super::super::{Case, Outcome, judge};
use super::making::Bench;
use super::{Manifest, Set};
use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::limits::Limits;
use crate::openpgp::open::OpenedStatement;
use crate::openpgp::testing::{NOW, Person, TIMES};
use crate::package::Purl;
use crate::statement::check::{Draft as CheckDraft, Finding};
use crate::statement::manifest::Draft as ManifestDraft;
use crate::statement::review::{Draft as ReviewDraft, Opinion, Relation, Thoroughness};
use crate::statement::{Check, Manifest as Release, Review, VersionTree};
use crate::tree::{MeasuredTree, SurveyRequest, survey};
use crate::trust::testing::Random;
use crate::version_order::compare;
use thieves::{Desk, Kept, Ring, Setting, Thief, asked, look, setting, signed};

/// What a thief does: who signs, whom the manifest names beside, what it follows.
struct Deed<'a> {
    signers: Vec<&'a Person>,
    authors: Vec<Fingerprint>,
    previous: Vec<Digest>,
    /// Which of the two ways to review.
    reviewers: usize,
}

/// What a thief says beside manifests.
struct Words {
    reviews: [Arc<OpenedStatement<Review>>; 2],
    check: Arc<OpenedStatement<Check>>,
}

/// All that is needed to judge.
struct Court<'a> {
    bench: &'a Bench,
    desk: &'a Desk,
    tree: &'a MeasuredTree,
    setting: &'a Setting,
    memory: &'a Memory,
}

impl Court<'_> {
    /// Whether a thief, doing all that they can, gets anything accepted.
    fn gets_through(&self, ring: &Ring, place: usize) -> bool {
        let thief = &ring.thieves[place];
        let view = look(thief.network, thief.keyring, ring, self.setting);
        let trust = self.setting.ground.as_ref().map(asked).unwrap_or_default();
        let roots = view.map(|view| Roots::new(view, None, &trust));
        let kept = roots.map(|roots| Kept { roots, said: Mutex::default(), named: Mutex::default() });
        let kept = kept.as_ref().map(|kept| kept as &dyn Trust);
        let line = usize::from(self.setting.world.two_lines);
        let own = Set(if (4..7).contains(&place) { 1 << (place - 4) } else { 0 });
        let pinned = (0..3).filter(|version| self.setting.world.pins[*version].is_some());
        let mut versions: Vec<_> = pinned.map(|version| AFTER[line][version]).collect();
        if versions.is_empty() {
            versions.push("1.0.1");
        }
        versions.into_iter().any(|version| {
            let package: Purl = format!("pkg:generic/a@{version}").parse().expect("a purl");
            let said = self.said(thief, &package);
            let joins = self.at_hand().any(|one| !own.and(self.bench.table.text(one.text).authors).is_empty());
            let joining = [Set::default(), own].into_iter().take(if joins { 2 } else { 1 });
            let deeds = self.deeds(thief, line);
            joining
                .into_iter()
                .any(|joining| deeds.iter().any(|deed| self.is_accepted(deed, &said, &package, (line, joining), kept)))
        })
    }

    /// Who may sign what: every set of a few voices, and every way to say what came before.
    fn deeds<'t>(&self, thief: &'t Thief, line: usize) -> Vec<Deed<'t>> {
        let voice = |number: &usize| &thief.voices[*number];
        let key = name(&thief.voices[0]);
        let at_hand = self.at_hand().map(|one| (self.bench.digest(line, one.text), self.bench.authors(one.text)));
        let at_hand: Vec<_> = at_hand.collect();
        let pinned: Vec<_> = self.memory.pins.iter().filter_map(|pin| pin.manifest).collect();
        let mut before = vec![Vec::new()];
        if self.setting.each {
            before.extend(at_hand.iter().map(|(digest, _)| vec![*digest]));
            before.extend(pinned.iter().map(|digest| vec![*digest]));
        }
        before.push(at_hand.iter().map(|(digest, _)| *digest).chain(pinned.iter().copied()).collect());
        before.iter_mut().for_each(|list| list.sort());
        before.sort();
        before.dedup();
        let mut deeds = Vec::new();
        for reviewers in 0..2 {
            deeds.push(Deed { signers: Vec::new(), authors: Vec::new(), previous: Vec::new(), reviewers });
            for signers in [&[0][..], &[1], &[0, 1], &[1, 2], &[0, 1, 2], &[3], &[0, 3]] {
                let signers: Vec<_> = signers.iter().map(voice).collect();
                let named: Vec<_> = signers.iter().map(|person| name(person)).collect();
                for previous in &before {
                    let (signers, previous) = (signers.clone(), previous.clone());
                    deeds.push(Deed { signers, authors: named.clone(), previous, reviewers });
                }
            }
            for (digest, authors) in at_hand.iter().filter(|(_, authors)| authors.contains(&key)) {
                let (signers, authors) = (vec![&thief.voices[0]], authors.clone());
                deeds.push(Deed { signers, authors, previous: vec![*digest], reviewers });
            }
        }
        deeds
    }

    fn at_hand(&self) -> impl Iterator<Item = &Manifest> {
        self.setting.world.releases.iter().chain(&self.setting.world.others)
    }

    /// Both ways to review, and the check.
    fn said(&self, thief: &Thief, package: &Purl) -> Words {
        let review = Review::new(ReviewDraft {
            package: package.identity(),
            from: None,
            to: VersionTree { version: package.version().expect("a version").to_owned(), tree: self.tree.digest() },
            verdict: Opinion::Approve,
            criteria: vec!["safe-to-deploy".parse().expect("a word")],
            thoroughness: Thoroughness::Medium,
            relation: Relation::None,
            reviewed: NOW,
            note: None,
        });
        let check = Check::new(&CheckDraft {
            package: package.clone(),
            tree: self.tree.digest(),
            name: "c".parse().expect("a word"),
            tool: "t 1".to_owned(),
            result: Finding::Pass,
            checked: NOW,
            subject: None,
            note: None,
        });
        let (review, check) = (review.expect("a review"), check.expect("a check"));
        let everybody: Vec<_> = thief.voices.iter().collect();
        let others: Vec<_> = [0, 4, 5].iter().map(|number| &thief.voices[*number]).collect();
        Words {
            reviews: [&everybody, &others].map(|by| signed(&self.desk.reviews, review.text(), by)),
            check: signed(&self.desk.checks, check.text(), &everybody),
        }
    }

    fn is_accepted(
        &self,
        deed: &Deed<'_>,
        said: &Words,
        package: &Purl,
        (line, joining): (usize, Set),
        trust: Option<&dyn Trust>,
    ) -> bool {
        let policy = &self.setting.policy;
        let manifest = (!deed.authors.is_empty()).then(|| {
            let manifest = Release::new(ManifestDraft {
                package: package.clone(),
                released: NOW,
                authors: deed.authors.clone(),
                previous: deed.previous.clone(),
                tree: self.tree.digest(),
                files: self.tree.files(),
                bytes: self.tree.bytes(),
                source: None,
            });
            signed(&self.desk.manifests, manifest.expect("a manifest").text(), &deed.signers)
        });
        let real = self.at_hand().map(|one| {
            let more = joining.and(self.bench.table.text(one.text).authors);
            self.bench.opened(line, Manifest { signers: one.signers.with(more), ..*one })
        });
        let chain = Chain::new(real.chain(manifest.as_deref()));
        let scale = Scale {
            package,
            policy,
            rule: policy.rule_for(package).expect("a rule"),
            people: policy.people(),
            trust,
            memory: self.memory,
            slot: self.memory.slot(package, manifest.as_ref().map(|one| one.digest()), &chain, &compare),
            chain: &chain,
            overriding: None,
        };
        let releases: Vec<_> = manifest.iter().map(|one| scale.weigh(&**one, Origin::Own)).collect();
        let verdict = judge(Case {
            package: Some(package),
            policy,
            scale: Some(&scale),
            releases: &releases,
            compared: (!releases.is_empty()).then_some(0),
            tree: Some(self.tree.into()),
            said: Said {
                reviews: slice::from_ref(&*said.reviews[deed.reviewers]).into(),
                checks: slice::from_ref(&*said.check).into(),
                ..Said::default()
            },
            found: Vec::new(),
            refused: &[],
            order: &compare,
            times: TIMES,
        });
        verdict.outcome() == Outcome::Accepted
    }
}

#[test]
fn the_single_keys_that_suffice_are_those_whose_thieves_get_through() {
    let bench = Bench::new();
    let mut random = Random(15);
    let rings: Vec<_> = (0..RINGS).map(|_| Ring::any(&bench, &mut random)).collect();
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("bad"), "bad").expect("written");
    let tree = survey(&SurveyRequest::plain(folder.path(), &Limits::default())).expect("a survey");
    let (desk, tree) = (Desk::default(), tree.into_parts().0.expect("a tree"));
    let worlds = std::env::var("COUNTERSIGN_WORLDS").ok().and_then(|number| number.parse().ok()).unwrap_or(WORLDS);
    let settings: Vec<_> = (0..worlds).map(|_| setting(&bench, &rings, &mut random)).collect();
    let held = settings.par_iter().map(|setting| hold(&bench, &desk, &tree, &rings[setting.ring], setting));
    let (yes, no, anybody) = held.reduce(|| (0, 0, 0), |one, two| (one.0 + two.0, one.1 + two.1, one.2 + two.2));
    assert!(yes > worlds / 4 && no > worlds && anybody > 0, "{yes} {no} {anybody}");
}

/// Holds one world; gives how many keys suffice, how many do not, and whether none is needed.
fn hold(bench: &Bench, desk: &Desk, tree: &MeasuredTree, ring: &Ring, setting: &Setting) -> (usize, usize, usize) {
    let (memory, line) = (bench.memory(&setting.world), usize::from(setting.world.two_lines));
    let court = Court { bench, desk, tree, setting, memory: &memory };
    let view = look(ring.network, ring.keyring, ring, setting);
    let trust = setting.ground.as_ref().map(asked).unwrap_or_default();
    let doors = view.map(|view| Doors::new(Roots::new(view, None, &trust)));
    let chain = Chain::new(court.at_hand().map(|one| bench.opened(line, *one)));
    let package: Purl = "pkg:generic/a@1.0.0".parse().expect("a purl");
    let question = Question {
        package: &package,
        policy: &setting.policy,
        rule: setting.policy.rule_for(&package).expect("a rule"),
        people: setting.policy.people(),
        doors: doors.as_ref(),
        memory: &memory,
        chain: &chain,
        refused: &[],
        order: &compare,
        times: TIMES,
    };
    let alone = question.alone();
    let anybody = court.gets_through(ring, ring.keys.len());
    let told = |place: usize| {
        format!(
            "key {place}\n{}{:?}\n{:?}\n{:?}",
            setting.text,
            setting.ground,
            setting.world,
            ring.keys.iter().map(name).collect::<Vec<_>>()
        )
    };
    assert_eq!(alone == Alone::Anybody, anybody, "anybody: {}", told(99));
    let Alone::Keys(found) = alone else { return (0, 0, 1) };
    let mut real = BTreeSet::new();
    for (place, key) in ring.keys.iter().enumerate() {
        let distrusted = setting.policy.distrusts(&name(key));
        let through = !distrusted && court.gets_through(ring, place);
        assert_eq!(question.suffices(&name(key)), through, "{}", told(place));
        if through {
            real.insert(name(key));
        }
    }
    assert_eq!(found, real, "in groups: {}", told(99));
    (real.len(), ring.keys.len() - real.len(), 0)
}

/// A version that follows each, on one line of versions and on two.
const AFTER: [[&str; 3]; 2] = [["1.0.1", "1.1.1", "1.2.1"], ["1.0.1", "1.1.1", "2.0.1"]];
const RINGS: usize = 12;
const WORLDS: usize = 40;
