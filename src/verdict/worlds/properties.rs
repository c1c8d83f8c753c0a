//! What holds in all small worlds, whatever the rules are.

use std::collections::BTreeSet;

use super::super::Outcome;
use super::making::Bench;
use super::{Asked, Manifest, Set, Text, World, asked, signed};
use crate::lock::Basis;
use crate::reason::Code;
use crate::trust::testing::Random;

#[test]
fn more_evidence_refuses_only_what_is_on_the_list() {
    let bench = Bench::new();
    let mut random = Random(5);
    let (mut tried, mut turned) = (0, BTreeSet::new());
    while tried < ADDITIONS {
        let (world, asked) = (bench.world(&mut random), asked(&mut random));
        let (_, before) = bench.judged(&world, &asked);
        if before.outcome() != Outcome::Accepted {
            continue;
        }
        let Some(more) = with_more(&bench, &world, &mut random) else { continue };
        let (_, after) = bench.judged(&more, &asked);
        tried += 1;
        if after.outcome() != Outcome::Accepted {
            let codes = bench.answer(&after).codes;
            let listed = codes.iter().all(|code| LISTED.contains(code));
            assert!(listed, "{world:?}\n{more:?}\n{asked:?}\n{codes:?}");
            turned.extend(codes);
        }
    }
    assert_eq!(turned, LISTED.iter().copied().collect(), "each of the list happens");
}

#[test]
fn a_stricter_policy_accepts_nothing_more() {
    let bench = Bench::new();
    let mut random = Random(6);
    for _ in 0..POLICIES {
        let (world, asked) = (bench.world(&mut random), asked(&mut random));
        if bench.judged(&world, &asked).1.outcome() == Outcome::Accepted {
            continue;
        }
        let reachable = asked.named.map_or(3, |named| named.without(asked.distrusted).count());
        let stricter = [
            Asked { count: (asked.count + 1).min(reachable.max(asked.count)), ..asked },
            Asked { handover: asked.handover + 1, ..asked },
            Asked { unsigned: false, ..asked },
            Asked { one_hand: true, ..asked },
        ];
        for one in stricter {
            let (_, verdict) = bench.judged(&world, &one);
            assert_ne!(verdict.outcome(), Outcome::Accepted, "{world:?}\n{asked:?}\n{one:?}");
        }
    }
}

#[test]
fn the_evidence_of_an_acceptance_suffices_alone() {
    let bench = Bench::new();
    let mut random = Random(7);
    let mut tried = 0;
    while tried < ADDITIONS {
        let (world, asked) = (bench.world(&mut random), asked(&mut random));
        let (compared, verdict) = bench.judged(&world, &asked);
        let Some(basis) = verdict.acceptance.map(|acceptance| acceptance.basis()) else { continue };
        tried += 1;
        // Of what is unsigned nothing is evidence.
        let used = compared.map(|place| world.releases[place]).filter(|_| basis != Basis::Unsigned);
        let alone = World { releases: used.into_iter().collect(), ..world.clone() };
        let (_, again) = bench.judged(&alone, &asked);
        let (first, second) = (bench.answer(&verdict), bench.answer(&again));
        assert_eq!((first.outcome, first.pin), (second.outcome, second.pin), "{world:?}\n{asked:?}");
    }
}

#[test]
fn the_order_of_manifests_never_matters() {
    let bench = Bench::new();
    let mut random = Random(8);
    for _ in 0..POLICIES {
        let (world, asked) = (bench.world(&mut random), asked(&mut random));
        let mut turned = world.clone();
        turned.releases.reverse();
        turned.others.reverse();
        let said = |world: &World| bench.answer(&bench.judged(world, &asked).1);
        assert_eq!(said(&world), said(&turned), "{world:?}\n{asked:?}");
    }
}

#[test]
fn no_alarm_prints_a_fingerprint_to_paste() {
    let bench = Bench::new();
    let mut random = Random(9);
    let alarms = [Code::AuthorChanged, Code::AuthorContested, Code::Rollback, Code::Downgrade, Code::Equivocation];
    let mut told = BTreeSet::new();
    for _ in 0..POLICIES {
        let (world, asked) = (bench.world(&mut random), asked(&mut random));
        let (_, verdict) = bench.judged(&world, &asked);
        for alarm in verdict.reasons.iter().filter(|reason| alarms.contains(&reason.code)) {
            let step = alarm.step.as_deref().expect("a step");
            let hex = |word: &str| word.len() >= 8 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(!step.split_whitespace().any(hex), "{step}");
            told.insert(alarm.code);
        }
    }
    assert_eq!(told, alarms.into());
}

/// The world with one signature more, or one manifest.
fn with_more(bench: &Bench, world: &World, random: &mut Random) -> Option<World> {
    let mut more = world.clone();
    let of_this = random.below(3) > 0;
    let list = if of_this { &mut more.releases } else { &mut more.others };
    if random.below(2) == 0 && !list.is_empty() {
        let place = random.below(list.len());
        let by = Set::of(random.below(3)).and(bench.table.text(list[place].text).authors);
        list[place].signers = list[place].signers.with(by);
    } else {
        let (authors, signers) = random.of(&signed());
        let version = if of_this { world.version } else { (world.version + 1 + random.below(2)) % 3 };
        let other = of_this && random.below(3) == 0;
        let text = bench.text(Text { version, authors, previous: None, other });
        if list.iter().any(|one| one.text == text) {
            return None;
        }
        list.push(Manifest { text, signers });
    }
    (more != *world).then_some(more)
}

/// What one more signature or manifest may bring up: an author who contradicts themselves, several first authors, and an
/// author's word for another tree than the one that is there.
pub(super) const LISTED: &[Code] = &[Code::AuthorContested, Code::Equivocation, Code::TreeDiffers];

const ADDITIONS: usize = 15_000;
const POLICIES: usize = 15_000;
