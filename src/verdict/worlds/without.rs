//! Each person is distrusted in turn: what is told of the change is what the plain sets say of both.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::super::Outcome;
use super::super::said::Said;
use super::super::without::{Effect, effect};
use super::making::Bench;
use super::oracle::oracle;
use super::{Answer, Asked, Set, World, asked};
use crate::lock::Basis;
use crate::trust::testing::Random;

#[test]
fn what_changes_without_somebody_is_what_the_plain_sets_say() {
    let bench = Bench::new();
    let mut random = Random(14);
    let cases: Vec<_> = (0..WORLDS).map(|_| (bench.world(&mut random), asked(&mut random))).collect();
    let told = cases.par_iter().flat_map_iter(|(world, asked)| told(&bench, world, asked));
    let counts = told.fold(BTreeMap::new, |mut counts: BTreeMap<_, usize>, effect| {
        *counts.entry(effect).or_default() += 1;
        counts
    });
    let counts = counts.reduce(BTreeMap::new, |mut one, other| {
        other.into_iter().for_each(|(effect, count)| *one.entry(effect).or_default() += count);
        one
    });
    let often = |effect| counts.get(&effect).is_some_and(|count| *count > WORLDS / 1_000);
    let all = [None, Some(Effect::Falls), Some(Effect::Weakens), Some(Effect::Rises)];
    assert!(all.into_iter().all(often), "{counts:?}");
}

/// What becomes of a world without each of the people who are not distrusted there.
fn told(bench: &Bench, world: &World, asked: &Asked) -> Vec<Option<Effect>> {
    let (compared, before) = bench.judged(world, asked);
    let was = oracle(&bench.table, world, asked, compared);
    let others = Set::ALL.without(asked.distrusted).people();
    others
        .map(|person| {
            let policy = bench.policy(asked).as_ref().clone().distrusting(&bench.names[person]);
            let (compared, after) =
                bench.with_trust(asked, |trust| bench.judged_of(world, &policy, trust, Said::default()));
            let without = Asked { distrusted: asked.distrusted.with(Set::of(person)), ..*asked };
            let is = oracle(&bench.table, world, &without, compared);
            assert_eq!(bench.answer(&after), is, "{world:?}\n{asked:?}\nwithout {person}");
            let found = effect(&before, &after);
            assert_eq!(found, plainly(&was, &is), "{world:?}\n{asked:?}\nwithout {person}");
            found
        })
        .collect()
}

/// The same from the answers of the oracle.
fn plainly(was: &Answer, is: &Answer) -> Option<Effect> {
    let strength = |answer: &Answer| match answer.pin.as_ref().map(|pin| pin.basis) {
        Some(Basis::Policy) => 3,
        Some(Basis::FirstUse) => 2,
        Some(_) => 1,
        None => 0,
    };
    match (strength(was), strength(is)) {
        (0, 0) if was.outcome != is.outcome => Some(Effect::Changes),
        (was, 0) if was > 0 => Some(Effect::Falls),
        (was, is) if is < was => Some(Effect::Weakens),
        (was, is) if is > was => Some(Effect::Rises),
        (_, _) if was.outcome == is.outcome => None,
        _ => unreachable!("{:?} and {:?}", Outcome::Accepted, is.outcome),
    }
}

const WORLDS: usize = 20_000;
