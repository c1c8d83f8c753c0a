//! Each step that is told is taken, and the world is judged again: what it was told for must be gone.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::super::Verdict;
use super::making::Bench;
use super::{Asked, Grant, Manifest, Set, Text, World, asked};
use crate::reason::{Answer, Code, Reason};
use crate::trust::testing::Random;

/// A world and a policy to judge anew.
type Next = (World, Asked);

#[test]
fn each_step_changes_the_answer_that_it_was_told_for() {
    let bench = Bench::new();
    let mut random = Random(10);
    let cases: Vec<_> = (0..WORLDS).map(|_| (bench.world(&mut random), asked(&mut random))).collect();
    let taken = cases.par_iter().flat_map_iter(|(world, asked)| taken(&bench, world, asked)).collect::<BTreeSet<_>>();
    assert_eq!(taken.len(), KINDS, "{taken:?}");
}

/// Takes each step in one world; gives which kinds of steps there were.
fn taken(bench: &Bench, world: &World, asked: &Asked) -> BTreeSet<(Code, &'static str)> {
    let (compared, verdict) = bench.judged(world, asked);
    let mut taken = BTreeSet::new();
    for reason in verdict.reasons.iter().filter(|reason| decides(reason)) {
        let Some(step) = reason.step.as_deref() else { panic!("{reason:?} without a step") };
        let Some((kind, all)) = ways(bench, world, asked, compared, reason, step) else { continue };
        assert!(!all.is_empty(), "nothing can be done: {step}\n{world:?}\n{asked:?}\n{reason:?}");
        for (next, under) in all {
            let (_, after) = bench.judged(&next, &under);
            let gone = !still(&after, reason.code);
            assert!(gone, "{step}\n{world:?}\n{asked:?}\n{reason:?}\n{next:?}\n{under:?}\n{:?}", after.reasons);
        }
        taken.insert((reason.code, kind));
    }
    taken
}

/// Whether what decided still decides. To have enough signatures, and then to learn that they come by one hand, is no change.
fn still(after: &Verdict, code: Code) -> bool {
    let codes: &[Code] = match code {
        Code::TooFewAuthors => &[Code::TooFewAuthors, Code::NotIndependent],
        _ => &[code],
    };
    after.reasons.iter().any(|reason| codes.contains(&reason.code) && decides(reason))
}

fn decides(reason: &Reason) -> bool {
    matches!(reason.answer, Answer::Reject | Answer::CannotTell)
}

/// Every way to do what a step says, and which kind of step that is; none for a question to the author, which nobody can
/// answer here.
fn ways(
    bench: &Bench,
    world: &World,
    asked: &Asked,
    compared: Option<usize>,
    reason: &Reason,
    step: &str,
) -> Option<(&'static str, Vec<Next>)> {
    let judged = |compared: Option<usize>| world.releases[compared.expect("a manifest")];
    match reason.code {
        Code::TooFewAuthors => authors(bench, world, asked, compared.expect("a manifest"), step),
        // The role is given to whoever signed.
        Code::Unauthorised | Code::OutOfScope | Code::TooDeep => {
            let signers = judged(compared).signers.without(asked.distrusted);
            let alone = World { releases: vec![judged(compared)], ..world.clone() };
            Some(("granted", vec![(alone, with_roles(asked, signers))]))
        }
        Code::NotIndependent => {
            let one_hand = Asked { one_hand: false, ..*asked };
            let all = Set::ALL.without(asked.distrusted);
            let (place, under) = (compared.expect("a manifest"), with_roles(&one_hand, all));
            Some(("another introducer", vec![(anew(bench, world, place, all), under)]))
        }
        // Whoever is named, or has the role, signs it.
        Code::SignerDenied => {
            let by = Set::ALL.without(asked.distrusted);
            let under = with_roles(asked, by);
            let next = match compared {
                Some(place) => anew(bench, world, place, by),
                None => with_one(bench, world, by),
            };
            (!by.is_empty()).then(|| ("accepted anew", vec![(next, under)]))
        }
        Code::NoManifest => {
            let next = with_one(bench, world, Set::ALL);
            Some(("signed", vec![(next, *asked)]))
        }
        Code::Downgrade => {
            let before = known(world).without(asked.distrusted);
            let next = match compared {
                Some(place) => anew(bench, world, place, before),
                None => with_one(bench, world, before),
            };
            // Where others are named, or have the role by name, those who were there before may not sign any more.
            let may = before.people().any(|one| asked.named.is_none_or(|named| named.has(one)));
            let by_name = asked.grants.is_some_and(|grants| grants.contains(&Grant::ByName));
            (may && !by_name).then(|| ("signed by its author", vec![(next, *asked)]))
        }
        Code::AuthorChanged
        | Code::AuthorContested
        | Code::Rollback
        | Code::Equivocation
        | Code::ContentDiffers
        | Code::TreeDiffers => None,
        other => panic!("{other}: {step}"),
    }
}

/// What the step on too few authors says; none where three people are too few to do it.
fn authors(bench: &Bench, world: &World, asked: &Asked, place: usize, step: &str) -> Option<(&'static str, Vec<Next>)> {
    let judged = world.releases[place];
    let number = step.split(' ').find_map(|word| word.parse::<usize>().ok());
    let named = |text: &str| {
        let place = |word| ["a", "b", "c"].iter().position(|name| *name == word);
        text.split(' ').filter_map(place).fold(Set::default(), |set, person| set.with(Set::of(person)))
    };
    let exactly = |among: Set| among.subsets().filter(move |set| Some(set.count()) == number);
    let signed = |by: Set| {
        let mut next = world.clone();
        assert!(by.without(bench.table.text(judged.text).authors).is_empty(), "{step}: not in {judged:?}");
        assert!(by.and(judged.signers).is_empty(), "{step}: signed already");
        next.releases[place].signers = judged.signers.with(by);
        next
    };
    let all = judged.signers.without(asked.distrusted);
    if let Some((_, by)) = step.split_once(" on this manifest by ") {
        let whom = match by.contains("others whom it names") {
            true => bench.table.text(judged.text).authors.without(judged.signers).without(asked.distrusted),
            false => named(by),
        };
        assert!(whom.and(asked.distrusted).is_empty(), "{step}");
        let sets: Vec<_> = if by.contains(" and ") { vec![whom] } else { exactly(whom).collect() };
        return Some(("on this manifest", sets.into_iter().map(|by| (signed(by), *asked)).collect()));
    }
    if let Some(whom) = step.strip_prefix("a manifest that also names ") {
        let whom = named(whom.split_once(" as author").expect("as author").0);
        assert!(whom.and(asked.distrusted).is_empty(), "{step}");
        return Some(("named too", exactly(whom).map(|by| (anew(bench, world, place, by), *asked)).collect()));
    }
    let trusted = Set::ALL.without(asked.distrusted);
    let others = trusted.without(all);
    if number.is_some_and(|number| number > others.count()) || trusted.count() < asked.count {
        return None;
    }
    if step.contains("your roots grant") {
        let one_hand = Asked { one_hand: false, ..*asked };
        let ways = exactly(others).map(|by| (anew(bench, world, place, by), with_roles(&one_hand, by)));
        return Some(("granted", ways.collect()));
    }
    if step.starts_with("a manifest that names more authors") {
        return Some(("more authors", exactly(others).map(|by| (anew(bench, world, place, by), *asked)).collect()));
    }
    if step.contains("in the rule") || step.contains("in the policy") {
        let named = Asked { named: Some(trusted), ..*asked };
        return Some(("named in the policy", vec![(anew(bench, world, place, trusted), named)]));
    }
    assert!(step.starts_with("a manifest that follows"), "{step}");
    // Only what is lower can be followed.
    let (version, pin) = (0..world.version).rev().find_map(|version| Some((version, world.pins[version]?)))?;
    let is_equal = world.pins[world.version].is_some();
    let previous = pin.text.filter(|_| !is_equal && version < world.version)?;
    if pin.authors.without(asked.distrusted).count() < asked.handover {
        return None;
    }
    let mut next = world.clone();
    let text = Text { authors: trusted, previous: Some(previous), ..bench.table.text(judged.text) };
    next.releases[place] = Manifest { text: bench.text(text), signers: trusted };
    Some(("handed over", vec![(next, *asked)]))
}

/// Grants the role to some, beside what is granted.
fn with_roles(asked: &Asked, to: Set) -> Asked {
    let grants = asked.grants.unwrap_or([Grant::Nothing; 3]);
    let by_name = grants.contains(&Grant::ByName);
    let grant = |person: usize| match grants[person] {
        Grant::ByName => Grant::ByName,
        _ if to.has(person) && by_name => Grant::ByName,
        _ if to.has(person) => Grant::Role,
        other => other,
    };
    let named = asked.named.map(|named| named.with(to));
    Asked { grants: Some([grant(0), grant(1), grant(2)]), named, ..*asked }
}

/// The world with a manifest made anew, that some more people are named in and have signed; and without others of its
/// version, which may be chosen under another policy.
fn anew(bench: &Bench, world: &World, place: usize, by: Set) -> World {
    let mut next = world.clone();
    let Manifest { text, signers } = world.releases[place];
    let text = bench.table.text(text);
    let text = bench.text(Text { authors: text.authors.with(by), ..text });
    next.releases = vec![Manifest { text, signers: signers.with(by) }];
    next
}

/// The world with a manifest where there is none that counts.
fn with_one(bench: &Bench, world: &World, by: Set) -> World {
    let text = bench.text(Text { version: world.version, authors: by, previous: None, other: false });
    World { releases: vec![Manifest { text, signers: by }], ..world.clone() }
}

/// Whoever is remembered.
fn known(world: &World) -> Set {
    let pinned = |version: usize| world.pins[version].map(|pin| pin.authors);
    let below = (0..world.version).rev().find_map(pinned);
    let slot = pinned(world.version).or(below).or_else(|| (world.version + 1..3).find_map(pinned));
    let all = world.pins.iter().flatten().fold(world.former, |all, pin| all.with(pin.authors));
    slot.filter(|authors| !authors.is_empty()).unwrap_or(all)
}

const WORLDS: usize = 40_000;
const KINDS: usize = 13;
