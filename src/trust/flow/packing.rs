//! The most that can flow along given routes, in whole numbers: exact, by branch and bound.
//!
//! Without whole numbers and without the rule about parallel certifications this is a linear problem, whose answer is
//! never too small. Where it breaks one of the two, it is split into cases that together leave no allowed answer out:
//! a flow is at most its rounded value or at least one more; of parallel certifications, those that are larger than any
//! that is used are all left out, or one certain route along them is used.

use std::collections::BTreeMap;

use super::budgets::Budgets;
use super::linear::{Bound, maximise};
use super::network::{Network, Route};

/// How many cells of tableaux one question may change: a second at most on a small machine.
pub(in super::super) const WORK: u64 = 30_000_000;

/// Whole-numbered flows along routes, none below its `least`, with the largest sum; or any whose sum is `wanted` or more.
/// None if there are none with a sum above `known`, or if `work` did not suffice to find them.
pub(in super::super) fn pack(
    network: &Network,
    routes: &[Route],
    least: &[u8],
    (known, wanted): (u32, u32),
    work: &mut u64,
) -> Option<Vec<u8>> {
    let packing = Packing::new(network, routes, least, work)?;
    let mut best: Option<Vec<u8>> = None;
    let mut most = known;
    let mut cases = vec![Case { least: least.to_vec(), most: vec![u8::MAX; routes.len()] }];
    while let Some(case) = cases.pop() {
        match packing.solve(&case, most, work) {
            Solved::Nothing => {}
            Solved::GaveUp => break,
            Solved::Found { flows, cases: split } => {
                if let Some(flows) = flows.filter(|flows| sum(flows) > most) {
                    most = sum(&flows);
                    best = Some(flows);
                    if most >= wanted {
                        break;
                    }
                }
                cases.extend(split);
            }
        }
    }
    best
}

/// The sum of flows.
pub(in super::super) fn sum(flows: &[u8]) -> u32 {
    flows.iter().map(|flow| u32::from(*flow)).sum()
}

/// Routes with their bounds.
struct Packing<'a> {
    network: &'a Network,
    routes: &'a [Route],
    least: &'a [u8],
    /// Bounds that are the same in all cases.
    bounds: Vec<Bound>,
    /// Pairs with several edges: which edge each route takes there.
    pairs: Vec<Vec<(usize, u8)>>,
}

/// Some of the possible answers.
struct Case {
    /// What flows along each route at least.
    least: Vec<u8>,
    /// And at most.
    most: Vec<u8>,
}

/// What came of a case.
enum Solved {
    /// No answer in it is better than the best one.
    Nothing,
    /// There was not enough work left to tell.
    GaveUp,
    /// Some good flows, if any, and the cases that are left to look at.
    Found { flows: Option<Vec<u8>>, cases: Vec<Case> },
}

impl<'a> Packing<'a> {
    fn new(network: &'a Network, routes: &'a [Route], least: &'a [u8], work: &mut u64) -> Option<Self> {
        let mut bounds: BTreeMap<Vec<usize>, u32> = BTreeMap::new();
        let mut edges: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        let mut nodes: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        let mut roots: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut pairs: BTreeMap<u32, Vec<(usize, u8)>> = BTreeMap::new();
        for (number, route) in routes.iter().enumerate() {
            roots.entry(route.root).or_default().push(number);
            for at in &route.edges {
                let edge = &network.edges[*at as usize];
                edges.entry(*at).or_default().push(number);
                nodes.entry(edge.issuer).or_default().push(number);
                pairs.entry(edge.pair).or_default().push((number, edge.amount));
            }
        }
        let mut bind = |of: Vec<usize>, most: u8| {
            let bound = bounds.entry(of).or_insert(u32::MAX);
            *bound = (*bound).min(most.into());
        };
        for (root, of) in roots {
            bind(of, network.roots[root].amount);
        }
        for (edge, of) in edges {
            bind(of, network.edges[edge as usize].amount);
        }
        for of in nodes.into_values() {
            bind(of, 120);
        }
        let pairs = pairs.into_values().filter(|of| of.iter().any(|(_, amount)| *amount != of[0].1)).collect();
        let bounds = without_idle(bounds.into_iter().map(|(of, sum)| Bound { of, sum }).collect(), work)?;
        Some(Self { network, routes, least, bounds, pairs })
    }

    /// Looks at a case: what it can reach, some answer, and the cases inside it that may hold a better one.
    fn solve(&self, case: &Case, known: u32, work: &mut u64) -> Solved {
        let Some((active, bounds)) = self.bounds(case) else {
            return Solved::Nothing;
        };
        let optimum = without_idle(bounds, work).and_then(|bounds| maximise(active.len(), &bounds, work));
        let Some(optimum) = optimum else {
            return Solved::GaveUp;
        };
        let most = i128::from(sum(&case.least)) + optimum.sum / optimum.parts;
        if most <= known.into() {
            return Solved::Nothing;
        }
        let mut flows = case.least.clone();
        let mut broken = None;
        for (route, value) in active.iter().zip(&optimum.values) {
            flows[*route] += u8::try_from(value / optimum.parts).unwrap_or(0);
            if broken.is_none() && value % optimum.parts != 0 {
                broken = Some(*route);
            }
        }
        let cases = match (broken, self.overfull(&flows)) {
            (Some(route), _) => case.around(route, flows[route]),
            (None, Some(pair)) => case.beside(pair, &flows),
            (None, None) => Vec::new(),
        };
        Solved::Found { flows: self.filled(&flows), cases }
    }

    /// The routes that may carry more than their least, and the bounds on what they may carry beyond it. None if the
    /// least is too much.
    fn bounds(&self, case: &Case) -> Option<(Vec<usize>, Vec<Bound>)> {
        let active: Vec<_> = (0..self.routes.len()).filter(|route| case.most[*route] > case.least[*route]).collect();
        let mut place = vec![usize::MAX; self.routes.len()];
        for (at, route) in active.iter().enumerate() {
            place[*route] = at;
        }
        let mut bounds = Vec::new();
        let mut bind = |of: &mut dyn Iterator<Item = usize>, sum: u32| {
            let (mut free, mut left) = (Vec::new(), sum);
            for route in of {
                left = left.checked_sub(case.least[route].into())?;
                free.extend(Some(place[route]).filter(|at| *at != usize::MAX));
            }
            if !free.is_empty() {
                bounds.push(Bound { of: free, sum: left });
            }
            Some(())
        };
        for bound in &self.bounds {
            bind(&mut bound.of.iter().copied(), bound.sum)?;
        }
        for pair in &self.pairs {
            let largest = pair.iter().filter(|(route, _)| case.most[*route] > 0).map(|(_, amount)| *amount).max();
            bind(&mut pair.iter().map(|(route, _)| *route), largest.unwrap_or(0).into())?;
        }
        for route in &active {
            if case.most[*route] < u8::MAX {
                bind(&mut std::iter::once(*route), case.most[*route].into())?;
            }
        }
        Some((active, bounds))
    }

    /// A pair in which more flows than the largest edge that is used, and that edge's amount.
    fn overfull(&self, flows: &[u8]) -> Option<(&[(usize, u8)], u8)> {
        self.pairs.iter().find_map(|pair| {
            let used = pair.iter().filter(|(route, _)| flows[*route] > 0);
            let largest = used.clone().map(|(_, amount)| *amount).max()?;
            let flow: u32 = used.map(|(route, _)| u32::from(flows[*route])).sum();
            (flow > largest.into()).then_some((pair.as_slice(), largest))
        })
    }

    /// Flows that hold, made from flows that may be too small or, at parallel edges, too large.
    fn filled(&self, flows: &[u8]) -> Option<Vec<u8>> {
        let mut filled = flows.to_vec();
        let mut budgets = Budgets::of(self.network, self.routes, flows);
        if budgets.is_none() {
            filled.fill(0);
        }
        let free = budgets.get_or_insert_with(|| Budgets::new(self.network));
        for wish in [flows, &vec![u8::MAX; flows.len()]] {
            for (at, route) in self.routes.iter().enumerate() {
                let more = free.route(self.network, route).min(wish[at].saturating_sub(filled[at]));
                free.take(self.network, route, more);
                filled[at] += more;
            }
        }
        filled.iter().zip(self.least).all(|(flow, least)| flow >= least).then_some(filled)
    }
}

impl Case {
    /// Two cases: a route carries at most so much, or more.
    fn around(&self, route: usize, flow: u8) -> Vec<Self> {
        let (mut below, mut above) = (self.copy(), self.copy());
        below.most[route] = flow;
        above.least[route] = flow + 1;
        vec![below, above]
    }

    /// The cases beside parallel edges of which a larger one must be used, or none may.
    fn beside(&self, (pair, largest): (&[(usize, u8)], u8), flows: &[u8]) -> Vec<Self> {
        let larger: Vec<_> = pair.iter().filter(|(_, amount)| *amount > largest).map(|(route, _)| *route).collect();
        let mut none = self.copy();
        for route in &larger {
            none.most[*route] = 0;
        }
        let mut cases = vec![none];
        for route in larger.into_iter().filter(|route| self.most[*route] > 0 && flows[*route] == 0) {
            let mut used = self.copy();
            used.least[route] = 1;
            cases.push(used);
        }
        cases
    }

    fn copy(&self) -> Self {
        Self { least: self.least.clone(), most: self.most.clone() }
    }
}

/// Leaves bounds out that another one makes idle: on no more routes, and not smaller. None if there are too many.
fn without_idle(mut bounds: Vec<Bound>, work: &mut u64) -> Option<Vec<Bound>> {
    let count = bounds.len() as u64;
    *work = work.checked_sub(count * count)?;
    // The wide ones first; each then keeps only what no bound before it and no later one covers.
    bounds.sort_by(|one, other| (other.of.len(), one.sum, &one.of).cmp(&(one.of.len(), other.sum, &other.of)));
    let mut kept: Vec<Bound> = Vec::new();
    for bound in bounds {
        let idle = kept.iter().any(|wide| wide.sum <= bound.sum && within(&bound.of, &wide.of));
        if !idle {
            kept.push(bound);
        }
    }
    Some(kept)
}

/// Whether all of some sorted numbers are among others.
fn within(few: &[usize], many: &[usize]) -> bool {
    let mut many = many.iter();
    few.iter().all(|number| many.any(|other| other == number))
}
