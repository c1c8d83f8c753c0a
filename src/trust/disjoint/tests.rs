//! Known shapes, and random networks compared with trying everything.

use super::super::flow::tests::brute::{self, Trail};
use super::super::testing::{Random, problem};
use super::*;
use rayon::prelude::*;

/// How much disjoint paths show.
fn shown(roots: &str, arcs: &str, wanted: u8, at_least: usize, sharing: RootSharing) -> Option<(usize, u8)> {
    let set = disjoint(&problem(roots, arcs), Amount::capped(wanted), at_least, sharing)?;
    Some((set.paths().len(), set.amount().value()))
}

#[test]
fn two_introducers_are_two_paths() {
    use RootSharing::{Distinct, Shared};
    let arcs = "r-a, r-b, a-t, b-t";
    assert_eq!(shown("r", arcs, 120, 2, Shared), Some((2, 120)));
    assert_eq!(shown("r", arcs, 120, 3, Shared), None);
    assert_eq!(shown("r", arcs, 120, 2, Distinct), None);
    assert_eq!(shown("r q", "r-a, q-b, a-t, b-t", 120, 2, Distinct), Some((2, 120)));
    // Behind one introducer they are one.
    assert_eq!(shown("r", "r-s, s-a, s-b, a-t, b-t", 120, 2, Shared), None);
    // Each carries something, and together they must suffice.
    assert_eq!(shown("r", "r-a 40, r-b 40, a-t, b-t", 80, 2, Shared), Some((2, 80)));
    assert_eq!(shown("r", "r-a 40, r-b 40, a-t, b-t", 81, 2, Shared), None);
    assert_eq!(shown("r1", "r-a, r-b, a-t, b-t", 1, 2, Shared), None);
    assert_eq!(shown("r2", "r-a, r-b, a-t, b-t", 1, 2, Shared), Some((2, 2)));
}

#[test]
fn one_word_is_not_two_paths() {
    use RootSharing::Shared;
    assert_eq!(shown("r", "r-t 60, r-t 60/1+1", 60, 2, Shared), None);
    assert_eq!(shown("r q", "r-t, q-r", 60, 2, Shared), None);
    assert_eq!(shown("r q", "r-t, q-t", 60, 2, Shared), Some((2, 60)));
    // A root vouches for itself, as well as others do.
    assert_eq!(shown("t60 r", "r-t 60", 120, 2, Shared), Some((2, 120)));
    assert_eq!(shown("t60 r", "r-t 60", 120, 3, Shared), None);
}

#[test]
fn one_path_or_none_asks_for_nothing() {
    let arcs = "r-s 120, s-a 60, s-b 60, a-t, b-t";
    assert_eq!(shown("r", arcs, 120, 1, RootSharing::Distinct), Some((2, 120)));
    assert_eq!(shown("r", arcs, 120, 2, RootSharing::Shared), None);
    assert_eq!(shown("r", "", 0, 1, RootSharing::Shared), None);
    assert_eq!(shown("r", "", 0, 0, RootSharing::Shared), Some((0, 0)));
}

#[test]
fn the_shortest_path_may_stand_in_the_way() {
    // r-a-b-t is the shortest, and meets both others.
    let arcs = "r-a, a-b, b-t, a-c, c-d, d-t, r-e, e-f, f-b";
    assert_eq!(shown("r", arcs, 120, 2, RootSharing::Shared), Some((2, 120)));
}

#[test]
fn random_networks_are_compared_with_trying_everything() {
    let tried: Vec<_> = (0..64_u64)
        .into_par_iter()
        .map(|seed| {
            let mut random = Random(1_000 + seed);
            let mut found = 0;
            for _ in 0..150 {
                let network = random.problem();
                let wanted = Amount::capped(random.of(&[120, 60, 1, 100]));
                let at_least = 2 + random.below(2);
                let sharing = random.of(&[RootSharing::Shared, RootSharing::Distinct]);
                let set = disjoint(&network, wanted, at_least, sharing);
                let there = tried(&network, wanted.value().into(), at_least, sharing);
                assert_eq!(set.is_some(), there, "{wanted} {at_least} {sharing:?} {network:?}");
                if let Some(set) = set {
                    assert_eq!(PathSet::check(&network, set.paths().to_vec()).as_ref(), Ok(&set));
                    assert!(set.reaches(wanted) && set.paths().len() >= at_least && holds(&network, &set, sharing));
                    found += 1;
                }
            }
            found
        })
        .collect();
    assert!(tried.iter().sum::<usize>() > 500, "{tried:?}");
}

/// Whether there are such paths, by trying every choice of them.
fn tried(problem: &Problem, wanted: u32, at_least: usize, sharing: RootSharing) -> bool {
    let own = problem.roots.iter().find(|root| root.node.0 == problem.target && root.amount > Amount::NONE);
    let left = wanted.saturating_sub(own.map_or(0, |root| root.amount.value().into()));
    let needed = at_least - usize::from(own.is_some());
    let all: Vec<_> =
        brute::trails(problem).into_iter().filter(|trail| problem.roots[trail.root].amount > Amount::NONE).collect();
    choose(problem, &all, &mut Vec::new(), left, needed, sharing)
}

fn choose(
    problem: &Problem,
    rest: &[Trail],
    chosen: &mut Vec<Trail>,
    left: u32,
    needed: usize,
    sharing: RootSharing,
) -> bool {
    let most = || brute::most_along(problem, chosen, true, left.max(chosen.len() as u32));
    if chosen.len() >= needed && (chosen.is_empty() && left == 0 || most().is_some_and(|most| most >= left)) {
        return true;
    }
    rest.iter().enumerate().any(|(at, next)| {
        let apart = chosen.iter().all(|other| apart(problem, other, next, sharing));
        apart && {
            chosen.push(next.clone());
            let found = choose(problem, &rest[at + 1..], chosen, left, needed, sharing);
            chosen.pop();
            found
        }
    })
}

fn apart(problem: &Problem, one: &Trail, two: &Trail, sharing: RootSharing) -> bool {
    let shared = |node: u32| sharing == RootSharing::Shared && problem.roots.iter().any(|root| root.node.0 == node);
    let arcs = |trail: &Trail| trail.arcs.iter().map(|place| brute::arc(problem, *place).0).collect::<Vec<_>>();
    let (one, two) = (arcs(one), arcs(two));
    one.iter().all(|a| {
        two.iter().all(|b| {
            (a.issuer != b.issuer || shared(a.issuer.0)) && (a.issuer, a.certificate) != (b.issuer, b.certificate)
        })
    })
}
