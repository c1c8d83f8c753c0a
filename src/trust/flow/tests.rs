//! Known shapes, with the amount that can be shown in each.

pub(in super::super) mod brute;
mod random;

use super::super::problem::{Arc, End, Node};
use super::super::testing::{Random, problem};
use super::*;
use crate::grant::Depth;

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
fn greedy_paths_may_stand_in_each_others_way() {
    // The short path r-b-c-t takes the only end that r-a-c-t can use, while d-e-t lies idle.
    let trap = "r-a 60, r-b 60, a-c 60, a-d 60, b-c 60, c-t 60, d-e 60, e-t 60";
    assert_eq!(shown("r", trap), 120);
    // With as many hops as are needed, and with one too few.
    assert_eq!(shown("r/4", trap), 120);
    assert_eq!(shown("r/3", trap), 60);
    let mut long = problem("r", trap);
    long.max_edges = Some(4);
    assert_eq!(amount(&long), 120);
    long.max_edges = Some(3);
    assert_eq!(amount(&long), 60);
    // Flow that is led back must keep the depths: here a reaches two hops further, but not three.
    assert_eq!(shown("r", &trap.replace("r-a 60", "r-a 60/3")), 120);
    assert_eq!(shown("r", &trap.replace("r-a 60", "r-a 60/2")), 60);
}

#[test]
fn the_trap_needs_no_list_of_paths() {
    let network = Network::new(&problem("r", "r-a 60, r-b 60, a-c 60, a-d 60, b-c 60, c-t 60, d-e 60, e-t 60"));
    let found = relaxed::relaxed(&network, 120);
    assert_eq!((found.flow, total(&found.routes)), (120, 120));
    // Without depths more flows than with them: never less.
    let network = Network::new(&problem("r/2", "r-a 60, a-t 60, r-b 60, b-c 60, c-t 60"));
    let found = relaxed::relaxed(&network, 120);
    assert_eq!((found.flow, total(&found.routes)), (120, 60));
}

#[test]
fn the_best_answer_may_be_three_halves() {
    // Three paths of which each two share a budget of 60: c's own, c-d, or d-t.
    let arcs = "c-d 60, c-a 60, a-d 60, d-f 60, e-c 60, d-t 60, f-t 60";
    let mut halves = problem("c60 e", arcs);
    halves.max_edges = Some(3);
    assert_eq!(amount(&halves), 90);
    halves.max_edges = None;
    assert_eq!(amount(&halves), 120);
}

#[test]
fn the_best_way_is_not_the_shortest() {
    assert_eq!(shown("r", "r-t 40, r-a 60, a-t 60, r-b 40, b-c 40, c-t 40"), 120);
    let network = problem("r", "r-t 1, r-a, a-b, b-t");
    assert_eq!(solve(&network, Amount::FULL).paths().len(), 2);
    assert_eq!(amount(&network), 120);
}

#[test]
fn cycles_and_cliques() {
    assert_eq!(shown("r", "r-a, a-b, b-c, c-a, b-r, c-t"), 120);
    assert_eq!(shown("r", "r-r, a-a, t-r, t-a, t-t, r-a, a-t"), 120);
    assert_eq!(shown("r", "a-b, b-a, b-t"), 0);
    let letters = ['r', 'a', 'b', 'c', 'd', 'e', 'f', 'g'];
    let mut arcs = Vec::new();
    for one in letters {
        arcs.push(format!("{one}-t 40"));
        arcs.extend(letters.iter().filter(|two| **two != one).map(|two| format!("{one}-{two} 40")));
    }
    assert_eq!(shown("r", &arcs.join(",")), 120);
    assert_eq!(shown("r q", &arcs.join(",").replace("r-", "q-")), 120);
    assert_eq!(shown("r80", &arcs.join(",")), 80);
    assert_eq!(shown("r/1", &arcs.join(",")), 40);
}

#[test]
fn parallel_certifications_are_one_voice() {
    assert_eq!(shown("r", "r-t 60, r-t 60/1+1"), 60);
    assert_eq!(shown("r", "r-t 40, r-t 60/1+1"), 60);
    // The larger one does not reach far enough, where it is wanted; elsewhere it is used, and counts.
    assert_eq!(shown("r", "r-a 60/1, r-a 40/2, a-t 20, a-b 40, b-t 40"), 60);
    assert_eq!(shown("r", "r-a 60/1, r-a 40/2, a-b 60, b-t 60"), 40);
    assert_eq!(shown("r", "r-a 60/1, r-a 40/2, a-t 1, a-b 60, b-t 60"), 41);
}

#[test]
fn a_large_network_is_searched() {
    let mut random = Random(3);
    let nodes = 20_000;
    let mut large = Problem { nodes, target: nodes - 1, ..problem("a b60", "") };
    for _ in 0..100_000 {
        let (issuer, certificate) = (random.below(nodes as usize) as u32, random.below(nodes as usize) as u32);
        let (amount, depth) = (Amount::capped(random.of(&[40, 60])), Depth::new(random.of(&[3, 255])));
        let arc = Arc { issuer: Node(issuer), certificate: Node(certificate), amount, depth };
        if certificate == large.target { large.ends.push(End { arc, own: 0 }) } else { large.steps.push(arc) }
    }
    let set = solve(&large, Amount::FULL);
    assert_eq!(set.amount(), Amount::FULL);
    // With a target that most roads to are too long for.
    large.max_edges = Some(5);
    let set = solve(&large, Amount::FULL);
    assert_eq!(PathSet::check(&large, set.paths().to_vec()), Ok(set));
}

#[test]
fn beyond_the_bounds_the_search_ends_and_never_shows_too_much() {
    let mut random = Random(11);
    for _ in 0..60 {
        let nodes = 24;
        let mut dense = Problem { nodes, target: nodes - 1, max_edges: Some(6), ..problem("a b60 c", "") };
        while dense.steps.len() + dense.ends.len() < 220 {
            let (issuer, certificate) = (Node(random.below(23) as u32), Node(random.below(24) as u32));
            let arc = Arc {
                issuer,
                certificate,
                amount: Amount::capped(random.of(&[7, 11, 13, 40])),
                depth: Depth::new(random.of(&[1, 2, 3, 4, 255])),
            };
            if certificate.0 == dense.target { dense.ends.push(End { arc, own: 0 }) } else { dense.steps.push(arc) }
        }
        let (few, routes) = routes::routes(&Network::new(&dense));
        assert!(routes.len() <= routes::MOST_ROUTES && few.edges.len() <= 220);
        let set = solve(&dense, Amount::FULL);
        assert!(u32::from(set.amount().value()) <= relaxed::relaxed(&Network::new(&dense), 120).flow);
        assert_eq!(PathSet::check(&dense, set.paths().to_vec()), Ok(set));
    }
    // A long way, and a little more at its end.
    let mut long = Problem { nodes: 5_000, target: 4_999, ..problem("a", "") };
    let arc = |issuer: u32, certificate: u32, amount| Arc {
        issuer: Node(issuer),
        certificate: Node(certificate),
        amount: Amount::capped(amount),
        depth: Depth::UNLIMITED,
    };
    long.steps = (0..4_997).map(|node| arc(node, node + 1, 120)).collect();
    long.steps.push(Arc { depth: Depth::new(1), ..arc(0, 4_998, 60) });
    long.ends = vec![End { arc: arc(4_997, 4_999, 60), own: 0 }, End { arc: arc(4_998, 4_999, 60), own: 1 }];
    assert_eq!(amount(&long), 60);
    long.ends[1].own = 0;
    assert_eq!(amount(&long), 120);
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
