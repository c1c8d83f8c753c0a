//! Which single keys suffice, against thieves who really do it: in each world every key is stolen in turn, new certificates
//! are made and certified with it, manifests, reviews, checks and withdrawals are signed, and all of it is judged.
//!
//! A signature over each of the thousand manifests that a thief could try takes nearly all of the time. So whether a thief
//! gets through is found out with manifests that are only supposed to be signed; what is accepted is then really signed, and
//! must be accepted as such; and in some worlds all of it is, and must come out the same.

mod settings;
mod thieves;

use std::collections::BTreeSet;
use std::sync::Arc;

use rayon::prelude::*;

use super::super::authors::{Origin, Scale, Trust};
use super::super::chain::Chain;
use super::super::heard::Heard;
use super::super::memory::Memory;
use super::super::said::Said;
use super::super::suppose::{Alone, Doors, Question, pretended};
use super::super::{Case, Outcome, judge};
use super::making::Bench;
use super::{Manifest, Set};
use crate::digest::Digest;
use crate::limits::Limits;
use crate::openpgp::open::OpenedStatement;
use crate::openpgp::testing::{NOW, TIMES};
use crate::package::Purl;
use crate::statement::manifest::Draft;
use crate::statement::review::Opinion;
use crate::statement::{Check, Manifest as Release, Review, VersionTree, Withdrawal};
use crate::tree::{MeasuredTree, SurveyRequest, survey};
use crate::trust::testing::{Random, number};
use crate::version_order::compare;
use settings::{Setting, Word, a_review, withdrawal, words};
use thieves::{Desk, Kept, Ring, Thief, Voice, a_check, signed};

/// What a thief publishes: the manifest, if there is one, and who signs it.
struct Deed<'a> {
    signers: Vec<&'a Voice>,
    manifest: Option<Release>,
}

/// What is said beside manifests.
struct Words {
    reviews: Vec<OpenedStatement<Review>>,
    checks: Vec<OpenedStatement<Check>>,
    withdrawals: Vec<OpenedStatement<Withdrawal>>,
}

/// What all worlds have in common.
struct Hall {
    bench: Bench,
    desk: Desk,
    rings: Vec<Ring>,
    words: Vec<Word>,
    tree: MeasuredTree,
    _folder: tempfile::TempDir,
}

/// All that is needed to judge.
struct Court<'a> {
    hall: &'a Hall,
    ring: &'a Ring,
    setting: &'a Setting,
    memory: &'a Memory,
}

impl Court<'_> {
    fn line(&self) -> usize {
        usize::from(self.setting.world.two_lines)
    }

    /// Whether a thief, doing all that they can, gets anything accepted.
    fn gets_through(&self, place: usize) -> bool {
        let (thief, setting) = (&self.ring.thieves[place], self.setting);
        let view = setting.look(thief.network, thief.keyring);
        let kept = view.map(|view| Kept::new(setting.roots(view)));
        let trust = kept.as_ref().map(|kept| kept as &dyn Trust);
        let own = Ring::person(place).filter(|person| self.ring.counts(*person)).map(Set::of).unwrap_or_default();
        let pinned: Vec<_> = (0..3).filter(|version| setting.world.pins[*version].is_some()).collect();
        let mut versions: Vec<_> = pinned.iter().map(|version| AFTER[self.line()][*version]).collect();
        if pinned.is_empty() {
            versions.push("1.0.1");
        } else if setting.each {
            versions.push(BELOW);
        }
        let joins = self.at_hand().any(|one| {
            let could = own.and(self.hall.bench.table.text(one.text).authors);
            !could.without(one.signers).is_empty()
        });
        let joining = [Set::default(), own].into_iter().take(if joins { 2 } else { 1 });
        let joining: Vec<_> = joining.map(|own| self.chain(own)).collect();
        versions.into_iter().any(|version| {
            let package: Purl = format!("pkg:generic/a@{version}").parse().expect("a purl");
            // Who reviewed is no matter where nobody asks for reviews.
            let ways = match setting {
                Setting { each: true, .. } => REVIEWERS.len(),
                Setting { text, .. } if text.contains("too-few-reviews") => REVIEWERS.len(),
                Setting { text, .. } => 1 + usize::from(text.contains("review = ")),
            };
            let said: Vec<_> = REVIEWERS[..ways].iter().map(|by| self.said(thief, version, by)).collect();
            let deeds = self.deeds(thief, &package);
            deeds.iter().any(|deed| {
                said.iter().any(|said| joining.iter().any(|real| self.tries(deed, said, real, &package, trust)))
            })
        })
    }

    /// Whether one deed is accepted, with no signature that is not real.
    fn tries(
        &self,
        deed: &Deed<'_>,
        said: &Words,
        real: &[Heard<'_, Release>],
        package: &Purl,
        trust: Option<&dyn Trust>,
    ) -> bool {
        let Some(manifest) = &deed.manifest else { return self.is_accepted(None, said, real, package, trust) };
        // A signature that does not count is left away.
        let by: Vec<_> = deed.signers.iter().filter(|voice| voice.counts).copied().collect();
        let only = pretended(manifest, by.iter().map(|voice| voice.name.clone()));
        let accepted = self.is_accepted(Some(Heard::supposed(&only)), said, real, package, trust);
        if accepted || self.setting.signed {
            let signed = signed(&self.hall.desk.manifests, manifest.text(), &by);
            let really = self.is_accepted(Some((&*signed).into()), said, real, package, trust);
            assert_eq!(really, accepted, "by signatures or without\n{}\n{:?}", manifest.text(), self.setting.text);
        }
        accepted
    }

    /// Who may sign what: every set of a few voices, and every way to say what came before.
    fn deeds<'t>(&self, thief: &'t Thief, package: &Purl) -> Vec<Deed<'t>> {
        let (bench, line) = (&self.hall.bench, self.line());
        let at_hand = self.at_hand().map(|one| (bench.digest(line, one.text), bench.authors(one.text)));
        let at_hand: Vec<_> = at_hand.collect();
        let pinned: Vec<_> = self.memory.pins.iter().filter_map(|pin| pin.manifest).collect();
        let key = &thief.voices[0];
        let own = at_hand.iter().filter(|(_, authors)| authors.contains(&key.name)).map(|(digest, _)| *digest);
        let all: BTreeSet<_> = at_hand.iter().map(|(digest, _)| *digest).chain(pinned.iter().copied()).collect();
        let mut before = vec![Vec::new(), pinned.clone(), own.chain(pinned).collect(), all.iter().copied().collect()];
        if self.setting.each && all.len() <= 4 {
            let some = (0..1_u32 << all.len()).map(|bits| {
                let chosen = all.iter().enumerate().filter(|(place, _)| bits >> place & 1 == 1);
                chosen.map(|(_, digest)| *digest).collect()
            });
            before.extend(some);
        }
        before.iter_mut().for_each(|list: &mut Vec<_>| list.sort());
        before.iter_mut().for_each(Vec::dedup);
        before.sort();
        before.dedup();
        let deed = |signers: Vec<&'t Voice>, authors: Vec<_>, previous: Vec<Digest>| {
            let tree = &self.hall.tree;
            let manifest = Release::new(Draft {
                package: package.clone(),
                released: NOW,
                authors,
                previous,
                tree: tree.digest(),
                files: tree.files(),
                bytes: tree.bytes(),
                source: None,
            });
            Deed { signers, manifest: Some(manifest.expect("a manifest")) }
        };
        let mut deeds = vec![Deed { signers: Vec::new(), manifest: None }];
        for signers in SIGNERS {
            let signers = thief.those(signers);
            let named: Vec<_> = signers.iter().map(|voice| voice.name.clone()).collect();
            deeds.extend(before.iter().map(|previous| deed(signers.clone(), named.clone(), previous.clone())));
        }
        // Whom a manifest names need not have signed it.
        deeds.extend(
            before.iter().map(|previous| deed(Vec::new(), vec![thief.voices[4].name.clone()], previous.clone())),
        );
        deeds.extend(at_hand.iter().map(|(_, authors)| deed(Vec::new(), authors.clone(), Vec::new())));
        let names_it = at_hand.iter().filter(|(_, authors)| authors.contains(&key.name));
        deeds.extend(names_it.map(|(digest, authors)| deed(vec![key], authors.clone(), vec![*digest])));
        deeds
    }

    fn at_hand(&self) -> impl Iterator<Item = &Manifest> {
        self.setting.world.releases.iter().chain(&self.setting.world.others)
    }

    /// All manifests, with `own` among the signers of those that name them.
    fn chain(&self, own: Set) -> Vec<Heard<'_, Release>> {
        let bench = &self.hall.bench;
        let counts =
            (0..3).filter(|person| self.ring.counts(*person)).fold(Set::default(), |all, one| all.with(Set::of(one)));
        let opened = self.at_hand().map(|one| {
            let more = own.and(bench.table.text(one.text).authors);
            bench.opened(self.line(), Manifest { signers: one.signers.with(more).and(counts), ..*one }).into()
        });
        opened.collect()
    }

    /// What others have said, and what some of a thief's voices say: that they have read all of it, and the change from
    /// what was there before; that a check passed; and that nothing that was there before is good any more.
    fn said(&self, thief: &Thief, version: &str, by: &[usize]) -> Words {
        let Hall { bench, desk, tree, words, .. } = self.hall;
        let (voices, all) = (thief.those(by), thief.those(REVIEWERS[0]));
        let to = VersionTree { version: version.to_owned(), tree: tree.digest() };
        let before = VersionTree { version: "1.0.0".to_owned(), tree: bench.tree.digest() };
        let review = |from| Review::new(a_review(from, to.clone(), Opinion::Approve)).expect("a review");
        let change = (self.setting.each || !self.setting.said.is_empty()).then(|| review(Some(before)));
        let reviews = [review(None)].into_iter().chain(change);
        let reviews = reviews.map(|review| signed(&desk.reviews, review.text(), &voices));
        let check = Check::new(&a_check(&format!("pkg:generic/a@{version}"), tree.digest())).expect("a check");
        let check = signed(&desk.checks, check.text(), &all);
        let plain = |opened: Arc<OpenedStatement<Review>>| (*opened).clone();
        let mut said =
            Words { reviews: reviews.map(plain).collect(), checks: vec![(*check).clone()], withdrawals: Vec::new() };
        if version == BELOW {
            let opened = signed(&desk.withdrawals, withdrawal(bench).text(), &all);
            said.withdrawals.push((*opened).clone());
        }
        for place in &self.setting.said {
            match &words[*place] {
                Word::Review(person, review) => {
                    let opened = signed(&desk.reviews, review.text(), &[self.ring.of_bench(*person)]);
                    said.reviews.push((*opened).clone());
                }
                Word::Withdrawal(person, withdrawal) => {
                    let opened = signed(&desk.withdrawals, withdrawal.text(), &[self.ring.of_bench(*person)]);
                    said.withdrawals.push((*opened).clone());
                }
            }
        }
        said
    }

    fn is_accepted(
        &self,
        manifest: Option<Heard<'_, Release>>,
        said: &Words,
        real: &[Heard<'_, Release>],
        package: &Purl,
        trust: Option<&dyn Trust>,
    ) -> bool {
        let policy = &self.setting.policy;
        let chain = Chain::new(real.iter().copied().chain(manifest));
        let scale = Scale {
            package,
            policy,
            rule: policy.rule_for(package).expect("a rule"),
            people: policy.people(),
            trust,
            memory: self.memory,
            slot: self.memory.slot(package, manifest.map(Heard::digest), &chain, &compare),
            chain: &chain,
            overriding: None,
        };
        let releases: Vec<_> = manifest.into_iter().map(|one| scale.weigh(one, Origin::Own)).collect();
        let verdict = judge(Case {
            package: Some(package),
            policy,
            scale: Some(&scale),
            releases: &releases,
            compared: (!releases.is_empty()).then_some(0),
            tree: Some((&self.hall.tree).into()),
            said: Said {
                reviews: (&said.reviews).into(),
                checks: (&said.checks).into(),
                withdrawals: (&said.withdrawals[..]).into(),
                subject: None,
            },
            found: Vec::new(),
            refused: &self.setting.refused,
            order: &compare,
            times: TIMES,
        });
        verdict.outcome() == Outcome::Accepted
    }
}

#[test]
fn the_single_keys_that_suffice_are_those_whose_thieves_get_through() {
    let worlds = number("COUNTERSIGN_WORLDS", WORLDS);
    let mut random = Random(number("COUNTERSIGN_SEED", 15) as u64);
    let bench = Bench::new();
    let rings = (0..worlds.div_ceil(WORLDS_A_RING)).map(|_| Ring::any(&bench, &mut random)).collect();
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("bad"), "bad").expect("written");
    let tree = survey(&SurveyRequest::plain(folder.path(), &Limits::default())).expect("a survey");
    let tree = tree.into_parts().0.expect("a tree");
    let words = words(&bench);
    let hall = Hall { bench, desk: Desk::default(), rings, words, tree, _folder: folder };
    let settings: Vec<_> =
        (0..worlds).map(|_| Setting::any(&hall.bench, &hall.rings, hall.words.len(), &mut random)).collect();
    let held = settings.par_iter().map(|setting| hold(&hall, setting));
    let held = held.reduce(Held::default, Held::and);
    let (yes, no, anybody) = held.counts;
    let some = held.faults[..held.faults.len().min(3)].join("\n\n");
    assert!(held.faults.is_empty(), "{} differences:\n{some}", held.faults.len());
    assert!(yes > worlds / 4 && no > worlds && anybody > 0, "{yes} {no} {anybody}");
}

/// How many keys suffice, how many do not, and in how many worlds none is needed; and what differs.
#[derive(Default)]
struct Held {
    counts: (usize, usize, usize),
    faults: Vec<String>,
}

impl Held {
    fn and(mut self, other: Self) -> Self {
        let ((yes, no, anybody), more) = (self.counts, other.counts);
        self.counts = (yes + more.0, no + more.1, anybody + more.2);
        self.faults.extend(other.faults);
        self
    }
}

/// Holds one world.
fn hold(hall: &Hall, setting: &Setting) -> Held {
    let ring = &hall.rings[setting.ring];
    let mut memory = hall.bench.memory(&setting.world);
    if setting.elsewhere {
        memory.elsewhere.push("pkg:generic/a@1.0.0?vcs_url=git".parse().expect("a purl"));
    }
    let court = Court { hall, ring, setting, memory: &memory };
    let doors = setting.look(ring.network, ring.keyring).map(|view| Doors::new(setting.roots(view)));
    let chain = Chain::new(court.chain(Set::default()));
    let package: Purl = "pkg:generic/a@1.0.0".parse().expect("a purl");
    let stands = |name: &_| ring.keys.iter().all(|key| key.name != *name || key.counts);
    let question = Question {
        package: &package,
        policy: &setting.policy,
        rule: setting.policy.rule_for(&package).expect("a rule"),
        people: setting.policy.people(),
        doors: doors.as_ref(),
        stands: &stands,
        memory: &memory,
        chain: &chain,
        refused: &setting.refused,
        order: &compare,
        times: TIMES,
    };
    let alone = question.alone();
    let anybody = court.gets_through(ring.keys.len());
    let told = |place: usize| {
        let keys: Vec<_> = ring.keys.iter().map(|key| (&key.name, key.counts)).collect();
        let (refused, elsewhere, said) = (&setting.refused, setting.elsewhere, &setting.said);
        format!("key {place}\n{}{refused:?} {elsewhere} {said:?}\n{:?}\n{keys:?}", setting.text, setting.world)
    };
    let mut held = Held::default();
    if (alone == Alone::Anybody) != anybody {
        held.faults.push(format!("anybody: {anybody} {}", told(99)));
    }
    let Alone::Keys(found) = alone else { return Held { counts: (0, 0, 1), ..held } };
    let mut real = BTreeSet::new();
    for (place, key) in ring.keys.iter().enumerate() {
        let through = !setting.policy.distrusts(&key.name) && court.gets_through(place);
        if question.suffices(&key.name) != through {
            held.faults.push(format!("really {through}: {}", told(place)));
        }
        if through {
            real.insert(key.name.clone());
        }
    }
    if found != real && held.faults.is_empty() {
        held.faults.push(format!("in groups: {found:?} and really {real:?} {}", told(99)));
    }
    Held { counts: (real.len(), ring.keys.len() - real.len(), 0), ..held }
}

/// Which voices sign and are named: the key, three authors, somebody plain, three reviewers.
const SIGNERS: [&[usize]; 10] =
    [&[0], &[1], &[0, 1], &[1, 2], &[0, 1, 2], &[1, 2, 3], &[0, 1, 2, 3], &[4], &[0, 4], &[0, 1, 4]];
/// Which of them review.
const REVIEWERS: [&[usize]; 3] = [&[0, 1, 2, 3, 4, 5, 6, 7], &[0, 5, 6, 7], &[]];
/// A version that follows each, on one line of versions and on two.
const AFTER: [[&str; 3]; 2] = [["1.0.1", "1.1.1", "1.2.1"], ["1.0.1", "1.1.1", "2.0.1"]];
/// A version below all of them.
const BELOW: &str = "0.9.0";
const WORLDS: usize = 120;
const WORLDS_A_RING: usize = 20;
