//! Known shapes, with the amount that can be shown in each.

use super::super::testing::{Random, problem};
use super::*;

/// How much the search shows when it is asked for full trust.
fn shown(roots: &str, arcs: &str) -> u8 {
    amount(&problem(roots, arcs))
}

fn amount(problem: &Problem) -> u8 {
    solve(problem, Amount::FULL).amount().value()
}

#[test]
fn chains_with_depth_at_above_and_below() {
    assert_eq!(shown("r", "r-a/2, a-b/1, b-t/0"), 120);
    assert_eq!(shown("r", "r-a/3, a-b/9, b-t/0"), 120);
    assert_eq!(shown("r", "r-a/1, a-b/1, b-t/0"), 0);
    assert_eq!(shown("r/2", "r-a, a-t"), 120);
    assert_eq!(shown("r/1", "r-a, a-t"), 0);
    assert_eq!(shown("r", "r-a 60, a-b 40, b-t 120"), 40);
    assert_eq!(shown("r", "r-a, a-b 0, b-t"), 0);
}

#[test]
fn what_the_target_adds_is_a_hop_but_no_edge() {
    assert_eq!(shown("r", "r-a/1, a-t/0"), 120);
    assert_eq!(shown("r", "r-a/1, a-t/1+1"), 0);
    assert_eq!(shown("r", "r-a/2, a-t/0+1"), 0);
    assert_eq!(shown("r", "r-a/2, a-t/1+1"), 120);
    assert_eq!(shown("r/2", "r-a, a-t+1"), 0);
    assert_eq!(shown("r/3", "r-a, a-t+1"), 120);
    let mut own = problem("r/3", "r-a, a-t+1");
    own.max_edges = Some(2);
    assert_eq!(amount(&own), 120);
    own.max_edges = Some(1);
    assert_eq!(amount(&own), 0);
    // The larger way is the one that adds a hop.
    assert_eq!(shown("r", "r-a/1, r-b/2, a-t 40, b-t 40, b-t 60/1+1"), 100);
    assert_eq!(shown("r", "r-a/1, r-b/1, a-t 40, b-t 40, b-t 60/1+1"), 80);
}

#[test]
fn budgets_of_roots_and_certificates() {
    assert_eq!(shown("r60", "r-a 120, r-b 120, a-t, b-t, r-t"), 60);
    assert_eq!(shown("r60 q60", "r-a, q-a, a-t"), 120);
    assert_eq!(shown("r60 q60", "r-a 40, q-a 40, a-t"), 80);
    // What is passed on through a root is not limited by the root's amount, but like any certificate's.
    assert_eq!(shown("q r40", "q-r, r-t"), 120);
    assert_eq!(shown("r40", "r-t"), 40);
    // The target as a root.
    assert_eq!(shown("t60", ""), 60);
    assert_eq!(shown("t60 r", "r-t 40"), 100);
    assert_eq!(shown("t/0", ""), 120);
    assert_eq!(shown("t0", ""), 0);
}

#[test]
fn no_roots_no_target_no_certificates() {
    assert_eq!(shown("", "a-t"), 0);
    assert_eq!(shown("r", ""), 0);
    assert_eq!(amount(&Problem::default()), 0);
    assert_eq!(amount(&Problem { target: 7, ..problem("r", "r-t") }), 0);
    assert_eq!(amount(&Problem { nodes: 3, ..problem("r", "r-t") }), 0);
    assert!(solve(&problem("", ""), Amount::NONE).reaches(Amount::NONE));
    assert_eq!(amount(&problem("r r", "r-t")), 0);
}

#[test]
fn marginals_add_up() {
    assert_eq!(shown("r", "r-a 40, r-b 40, r-c 40, a-t, b-t, c-t"), 120);
    assert_eq!(shown("r", "r-a 40, r-b 40, a-t, b-t"), 80);
    // Three introducers behind one are worth what the one is.
    assert_eq!(shown("r", "r-s 40, s-a, s-b, s-c, a-t, b-t, c-t"), 40);
}

#[test]
fn no_more_is_shown_than_wanted() {
    let network = problem("r", "r-a 40, r-b 40, r-c 40, a-t, b-t, c-t");
    for wanted in [1, 40, 41, 100, 120] {
        assert_eq!(solve(&network, Amount::capped(wanted)).amount().value(), wanted);
    }
}

#[test]
fn random_networks_are_answered_with_paths_that_hold() {
    let mut random = Random(1);
    for _ in 0..2_000 {
        let network = random.problem();
        let set = solve(&network, Amount::FULL);
        assert_eq!(PathSet::check(&network, set.paths().to_vec()), Ok(set));
    }
}
