//! The amount by trying: every path, every choice of the largest parallel certification, every whole-numbered flow.
//!
//! It shares nothing with the search: it walks forwards over the problem's own arcs, drops no arc beforehand, and knows
//! no linear programs. So that it ends, it leaves out paths that another one can always stand in for, and bounds what
//! is left by budgets that every path must pass.

use std::collections::{BTreeMap, BTreeSet};

use super::super::super::problem::{Arc, Problem};

/// A path: the root's place, and places of arcs, those of `ends` after those of `steps`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super::super) struct Trail {
    pub(in super::super::super) root: usize,
    pub(in super::super::super) arcs: Vec<usize>,
}

/// An arc of a problem, by its place.
pub(in super::super::super) fn arc(problem: &Problem, place: usize) -> (Arc, usize) {
    match problem.steps.get(place) {
        Some(arc) => (*arc, 0),
        None => {
            let end = problem.ends[place - problem.steps.len()];
            (end.arc, usize::from(end.own))
        }
    }
}

/// Every path that a problem admits, but that of a target which is a root.
pub(in super::super::super) fn trails(problem: &Problem) -> Vec<Trail> {
    let mut found = Vec::new();
    let places = 0..problem.steps.len() + problem.ends.len();
    let useful: Vec<_> =
        places.filter(|place| arc(problem, *place).0.amount.value() > 0 && !stood_in(problem, *place)).collect();
    for (place, root) in problem.roots.iter().enumerate().filter(|(_, root)| root.node.0 != problem.target) {
        walk(problem, &useful, root.node.0, &mut Trail { root: place, arcs: Vec::new() }, &mut found);
    }
    found
}

fn walk(problem: &Problem, useful: &[usize], at: u32, trail: &mut Trail, found: &mut Vec<Trail>) {
    if at == problem.target {
        found.extend(Some(trail.clone()).filter(|trail| admissible(problem, trail)));
        return;
    }
    let start = problem.roots[trail.root].node.0;
    for place in useful.iter().copied() {
        let (next, _) = arc(problem, place);
        let met = |node| node == start || trail.arcs.iter().any(|place| arc(problem, *place).0.certificate.0 == node);
        if next.issuer.0 == at && !met(next.certificate.0) {
            trail.arcs.push(place);
            walk(problem, useful, next.certificate.0, trail, found);
            trail.arcs.pop();
        }
    }
}

/// Whether another certification says the same, and reaches as far.
fn stood_in(problem: &Problem, place: usize) -> bool {
    let (arc, own) = arc(problem, place);
    (0..problem.steps.len() + problem.ends.len()).any(|other| {
        let (twin, added) = self::arc(problem, other);
        let alike = Arc { depth: arc.depth, ..twin } == arc && own == added;
        alike && (twin.depth > arc.depth || (twin.depth == arc.depth && other < place))
    })
}

fn admissible(problem: &Problem, trail: &Trail) -> bool {
    let edges = trail.arcs.len();
    let own = arc(problem, trail.arcs[edges - 1]).1;
    let reaches = |depth: u8, hops: usize| depth == 255 || usize::from(depth) >= hops;
    problem.max_edges.is_none_or(|most| edges <= most)
        && reaches(problem.roots[trail.root].depth.value(), edges + own)
        && trail
            .arcs
            .iter()
            .enumerate()
            .all(|(at, place)| reaches(arc(problem, *place).0.depth.value(), edges - 1 - at + own))
}

/// The most that a problem shows, at most `goal`.
pub(in super::super::super) fn most(problem: &Problem, goal: u32) -> u32 {
    let own = problem.roots.iter().find(|root| root.node.0 == problem.target);
    let own = own.map_or(0, |root| u32::from(root.amount.value())).min(goal);
    own + most_along(problem, &trails(problem), false, goal - own).unwrap_or(0)
}

/// The most that flows along some paths, at most `goal`; if `each`, at least 1 along each. None if that does not fit.
pub(in super::super::super) fn most_along(problem: &Problem, trails: &[Trail], each: bool, goal: u32) -> Option<u32> {
    let mut pairs: BTreeMap<(u32, u32), BTreeSet<u8>> = BTreeMap::new();
    for place in trails.iter().flat_map(|trail| &trail.arcs) {
        let arc = arc(problem, *place).0;
        pairs.entry((arc.issuer.0, arc.certificate.0)).or_default().insert(arc.amount.value());
    }
    let pairs: Vec<_> = pairs.into_iter().collect();
    let mut choice = vec![0; pairs.len()];
    let mut best = None;
    loop {
        let largest: BTreeMap<_, _> =
            pairs.iter().zip(&choice).map(|((pair, amounts), at)| (*pair, amounts.iter().nth(*at).copied())).collect();
        let smallest: BTreeMap<_, _> = pairs.iter().map(|(pair, amounts)| (*pair, amounts.first().copied())).collect();
        best = best.max(chosen(problem, trails, each, goal, &largest, &smallest));
        let Some(at) = (0..pairs.len()).find(|at| choice[*at] + 1 < pairs[*at].1.len()) else {
            return best;
        };
        choice[..at].fill(0);
        choice[at] += 1;
    }
}

type Amounts = BTreeMap<(u32, u32), Option<u8>>;

/// The most where each pair's largest used amount is chosen.
fn chosen(
    problem: &Problem,
    trails: &[Trail],
    each: bool,
    goal: u32,
    largest: &Amounts,
    smallest: &Amounts,
) -> Option<u32> {
    // The budgets that the paths share, and what must be used: sets of paths.
    let mut budgets: BTreeMap<(u8, u32, u32), (u32, u128)> = BTreeMap::new();
    let mut musts: BTreeMap<(u32, u32), u128> = BTreeMap::new();
    let mut usable = Vec::new();
    for trail in trails {
        let arcs: Vec<_> = trail.arcs.iter().map(|place| arc(problem, *place).0).collect();
        let fits = |arc: &Arc| Some(arc.amount.value()) <= largest[&(arc.issuer.0, arc.certificate.0)];
        if arcs.iter().all(fits) {
            usable.push((trail, arcs));
        } else if each {
            return None;
        }
    }
    assert!(usable.len() < 128, "the brute force is made for few paths");
    for ((issuer, certificate), amount) in largest {
        if *amount > smallest[&(*issuer, *certificate)] {
            musts.insert((*issuer, *certificate), 0);
        }
    }
    for (number, (trail, arcs)) in usable.iter().enumerate() {
        let bit = 1 << number;
        let root = problem.roots[trail.root];
        let mut bind = |key, most: u8| budgets.entry(key).or_insert_with(|| (u32::from(most), 0)).1 |= bit;
        bind((0, root.node.0, 0), root.amount.value());
        for (place, arc) in trail.arcs.iter().zip(arcs) {
            let pair = (arc.issuer.0, arc.certificate.0);
            bind((1, *place as u32, 0), arc.amount.value());
            bind((2, arc.issuer.0, 0), 120);
            bind((3, pair.0, pair.1), largest[&pair].unwrap_or(0));
            if let Some(must) = musts.get_mut(&pair).filter(|_| Some(arc.amount.value()) == largest[&pair]) {
                *must |= bit;
            }
        }
    }
    let mut budgets: Vec<_> = budgets.into_values().collect();
    let mut musts: Vec<_> = musts.into_values().collect();
    let alive = (1 << usable.len()) - 1;
    if each {
        musts.clear();
        for (left, of) in &mut budgets {
            *left = left.checked_sub(of.count_ones())?;
        }
        return Some(goal.min(fill(alive, budgets, vec![], goal)? + usable.len() as u32));
    }
    fill(alive, budgets, musts, goal)
}

/// The most, by trying every flow of one path after another.
fn fill(mut alive: u128, mut budgets: Vec<(u32, u128)>, mut musts: Vec<u128>, goal: u32) -> Option<u32> {
    reduce(&mut alive, &mut budgets, &mut musts);
    if musts.contains(&0) {
        return None;
    }
    if alive == 0 || (goal == 0 && musts.is_empty()) {
        return musts.is_empty().then_some(0);
    }
    let paths = bits(alive);
    let busy = |path: &usize| budgets.iter().filter(|(_, of)| of >> path & 1 == 1).count();
    let path = paths.max_by_key(busy).unwrap_or(0);
    let bit = 1 << path;
    let widest = budgets.iter().filter(|(_, of)| of & bit != 0).map(|(left, _)| *left).min().unwrap_or(0);
    let bound = cover(alive, &budgets).min(goal);
    let mut best = None;
    for flow in (0..=widest).rev() {
        if best >= Some(bound) {
            break;
        }
        let less: Vec<_> =
            budgets.iter().map(|(left, of)| (left - if of & bit == 0 { 0 } else { flow }, of & !bit)).collect();
        if best >= Some(flow + cover(alive & !bit, &less)) {
            continue;
        }
        let musts = if flow == 0 {
            musts.iter().map(|must| must & !bit).collect()
        } else {
            musts.iter().copied().filter(|must| must & bit == 0).collect()
        };
        let rest = fill(alive & !bit, less, musts, goal.saturating_sub(flow));
        best = best.max(rest.map(|rest| (rest + flow).min(goal)));
    }
    best
}

/// Leaves out what cannot change the most: full paths, idle budgets, and paths that another one can stand in for.
fn reduce(alive: &mut u128, budgets: &mut Vec<(u32, u128)>, musts: &mut [u128]) {
    loop {
        let before = (*alive, budgets.len());
        for (left, of) in &*budgets {
            if *left == 0 {
                *alive &= !of;
            }
        }
        for (_, of) in &mut *budgets {
            *of &= *alive;
        }
        let mut kept: Vec<(u32, u128)> = Vec::new();
        budgets.sort_by_key(|(left, of)| (*left, u128::MAX - of));
        for (left, of) in budgets.drain(..) {
            if of != 0 && !kept.iter().any(|(_, wide)| of & !wide == 0) {
                kept.push((left, of));
            }
        }
        *budgets = kept;
        for path in bits(*alive) {
            let stands_in = |other: usize| {
                other != path
                    && budgets.iter().all(|(_, of)| of >> other & 1 <= of >> path & 1)
                    && musts.iter().all(|must| must >> path & 1 <= must >> other & 1)
            };
            if bits(*alive).any(stands_in) {
                *alive &= !(1 << path);
            }
        }
        for must in &mut *musts {
            *must &= *alive;
        }
        for (_, of) in &mut *budgets {
            *of &= *alive;
        }
        if before == (*alive, budgets.len()) {
            return;
        }
    }
}

/// The paths in a set.
fn bits(mut set: u128) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let first = set.trailing_zeros();
        set &= set.checked_sub(1)?;
        Some(first as usize)
    })
}

/// What budgets that all paths pass hold together: never less than the most.
fn cover(alive: u128, budgets: &[(u32, u128)]) -> u32 {
    let (mut open, mut sum) = (alive, 0);
    while open != 0 {
        // The budget that is cheapest for each path it covers.
        let best = budgets
            .iter()
            .filter(|(_, of)| of & open != 0)
            .min_by(|(one, a), (two, b)| (one * (b & open).count_ones()).cmp(&(two * (a & open).count_ones())));
        let Some((left, of)) = best else {
            return u32::MAX;
        };
        sum += left;
        open &= !of;
    }
    sum
}
