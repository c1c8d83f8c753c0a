//! Each rule broken alone, beside a twin that keeps it.

use super::super::testing::{node, path, problem};
use super::*;
use crate::grant::Depth;

/// What the checker says of paths along certificates.
fn judged(problem: &Problem, paths: &[(&str, u8)]) -> Result<u32, Fault> {
    let paths = paths.iter().map(|(letters, flow)| path(problem, letters, *flow)).collect();
    PathSet::check(problem, paths).map(|set| set.total)
}

#[test]
fn depths_count_the_hops_behind() {
    let chain = |arcs| problem("r/3", arcs);
    assert_eq!(judged(&chain("r-a/2, a-b/1, b-t/0"), &[("rabt", 120)]), Ok(120));
    let short = chain("r-a/1, a-b/1, b-t/0");
    assert_eq!(judged(&short, &[("rabt", 120)]), Err(Fault::Depth { path: 0, edge: 1 }));
    // The target's own hop counts for every depth.
    let own = chain("r-a/2, a-t/1+1");
    assert_eq!(judged(&own, &[("rat", 120)]), Ok(120));
    assert_eq!(judged(&chain("r-a/2, a-t/0+1"), &[("rat", 120)]), Err(Fault::Depth { path: 0, edge: 2 }));
    assert_eq!(judged(&chain("r-a/1, a-t/1+1"), &[("rat", 120)]), Err(Fault::Depth { path: 0, edge: 1 }));
    let long = chain("r-a/3, a-b/2, b-t/1+1");
    assert_eq!(judged(&long, &[("rabt", 120)]), Err(Fault::RootDepth { path: 0 }));
    // But not for the length.
    assert_eq!(judged(&Problem { max_edges: Some(2), ..own.clone() }, &[("rat", 120)]), Ok(120));
    let fault = Err(Fault::Long { path: 0 });
    assert_eq!(judged(&Problem { max_edges: Some(1), ..own }, &[("rat", 120)]), fault);
}

#[test]
fn paths_go_from_a_root_to_the_target_without_a_loop() {
    let network = problem("r", "r-a, a-b, b-a, a-t, b-t");
    let good = path(&network, "rabt", 120);
    assert!(PathSet::check(&network, vec![good.clone()]).is_ok());
    let twice = path(&network, "rabat", 120);
    assert_eq!(PathSet::check(&network, vec![twice]), Err(Fault::Twice { path: 0, node: node('a').0 }));
    let judged = |path| PathSet::check(&network, vec![path]);
    assert_eq!(judged(Path { root: 1, ..good.clone() }), Err(Fault::Root { path: 0 }));
    assert_eq!(judged(Path { end: None, ..good.clone() }), Err(Fault::End { path: 0 }));
    assert_eq!(judged(Path { end: None, steps: vec![], ..good.clone() }), Err(Fault::End { path: 0 }));
    assert_eq!(judged(Path { end: Some(2), ..good.clone() }), Err(Fault::Broken { path: 0, edge: 3 }));
    assert_eq!(judged(Path { steps: vec![0, 3], ..good.clone() }), Err(Fault::Broken { path: 0, edge: 2 }));
    assert_eq!(judged(Path { steps: vec![1], ..good.clone() }), Err(Fault::Broken { path: 0, edge: 1 }));
    assert_eq!(judged(Path { flow: Amount::NONE, ..good.clone() }), Err(Fault::NoFlow { path: 0 }));
    let half = Path { flow: Amount::capped(60), ..good };
    assert_eq!(PathSet::check(&network, vec![half.clone(), half]), Err(Fault::SamePath { path: 1 }));
    let roots = problem("r r", "r-t");
    assert_eq!(PathSet::check(&roots, Vec::new()), Err(Fault::TwoRoots { node: node('r').0 }));
    // An end that is none.
    let mut astray = problem("r", "r-t");
    astray.ends[0].arc.certificate = node('b');
    let path = Path { root: 0, steps: vec![], end: Some(0), flow: Amount::FULL };
    assert_eq!(PathSet::check(&astray, vec![path]), Err(Fault::End { path: 0 }));
}

#[test]
fn each_budget_is_kept() {
    let (r, a, t) = (node('r').0, node('a').0, node('t').0);
    let edges = problem("r q", "r-a 60, q-a 60, a-t 60");
    assert_eq!(judged(&edges, &[("rat", 30), ("qat", 30)]), Ok(60));
    let fault = Err(Fault::EdgeBudget { issuer: a, certificate: t });
    assert_eq!(judged(&edges, &[("rat", 31), ("qat", 30)]), fault);
    let fault = Err(Fault::EdgeBudget { issuer: r, certificate: a });
    assert_eq!(judged(&problem("r", "r-a 60, a-t"), &[("rat", 61)]), fault);

    let nodes = problem("r q", "r-a, q-a, a-b, a-t, b-t");
    assert_eq!(judged(&nodes, &[("rat", 60), ("qabt", 60)]), Ok(120));
    assert_eq!(judged(&nodes, &[("rat", 60), ("qabt", 61)]), Err(Fault::NodeBudget { node: a }));
    // Also through a root.
    let through = problem("r q", "q-r, r-a, r-t, a-t");
    assert_eq!(judged(&through, &[("rt", 60), ("qrat", 60)]), Ok(120));
    assert_eq!(judged(&through, &[("rt", 60), ("qrat", 61)]), Err(Fault::NodeBudget { node: r }));

    let roots = problem("r60", "r-a, r-t, a-t");
    assert_eq!(judged(&roots, &[("rt", 30), ("rat", 30)]), Ok(60));
    assert_eq!(judged(&roots, &[("rt", 30), ("rat", 31)]), Err(Fault::RootBudget { node: r }));
}

#[test]
fn parallel_certifications_hold_what_the_largest_used_one_holds() {
    let (r, t) = (node('r').0, node('t').0);
    let pair = problem("r", "r-t 40, r-t 60/1+1, r-t 40");
    let path = |end, flow| Path { root: 0, steps: vec![], end: Some(end), flow: Amount::capped(flow) };
    let judged = |paths| PathSet::check(&pair, paths).map(|set| set.total);
    assert_eq!(judged(vec![path(0, 40), path(1, 20)]), Ok(60));
    let fault = Err(Fault::PairBudget { issuer: r, certificate: t });
    assert_eq!(judged(vec![path(0, 40), path(1, 21)]), fault);
    // The larger one is there, but not used.
    assert_eq!(judged(vec![path(0, 20), path(2, 20)]), Ok(40));
    assert_eq!(judged(vec![path(0, 20), path(2, 21)]), fault);
    // Steps too.
    let pair = problem("r q", "q-r, r-a 40/1, r-a 60/2, a-t, a-b, b-t");
    let path = |root, steps, end, flow| Path { root, steps, end: Some(end), flow: Amount::capped(flow) };
    let judged = |flow| PathSet::check(&pair, vec![path(0, vec![1], 0, 20), path(1, vec![0, 2, 3], 1, flow)]);
    assert_eq!(judged(40).map(|set| set.total), Ok(60));
    assert_eq!(judged(41), Err(Fault::PairBudget { issuer: r, certificate: node('a').0 }));
}

#[test]
fn a_target_that_is_a_root_is_an_empty_path() {
    let own = problem("t60 r", "r-t");
    assert_eq!(judged(&own, &[("t", 60)]), Ok(60));
    assert_eq!(judged(&own, &[("t", 61)]), Err(Fault::RootBudget { node: node('t').0 }));
    // More than 120 is shown as 120.
    let paths = vec![path(&own, "rt", 120), path(&own, "t", 60)];
    let set = PathSet::check(&own, paths).expect("it holds");
    assert_eq!((set.total, set.amount()), (180, Amount::FULL));
    assert_eq!(set.paths()[0], path(&own, "t", 60));
    assert!(set.reaches(Amount::FULL) && !PathSet::nothing().reaches(Amount::capped(1)));
}

#[test]
fn disjoint_paths_share_roots_at_most() {
    let network = problem("r q", "r-a, q-a, r-b, a-t, b-t, r-t, q-r, q-b");
    let judged = |paths: &[(&str, u8)], shared| {
        let paths = paths.iter().map(|(letters, flow)| path(&network, letters, *flow)).collect();
        are_disjoint(&network, &PathSet::check(&network, paths).expect("they hold"), shared)
    };
    let both = [("rat", 60), ("qbt", 60)];
    assert!(judged(&both, true) && judged(&both, false));
    let root = [("rat", 60), ("rbt", 60)];
    assert!(judged(&root, true) && !judged(&root, false));
    assert!(!judged(&[("rat", 60), ("qat", 60)], true));
    // Through another's root, but not by its word.
    let through = [("qrat", 60), ("rbt", 60)];
    assert!(judged(&through, true) && !judged(&through, false));
    assert!(!judged(&[("rt", 60), ("qrt", 60)], true));
    assert_eq!(Depth::UNLIMITED, network.steps[0].depth);
}
