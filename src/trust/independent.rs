//! Several people who are counted together: whether each is reached without help of the others' introducers.
//!
//! For each person, the smallest sets of introducers are sought by which they are reached; then people are chosen whose
//! sets do not meet. This is exact where a problem has at most 512 paths and few such sets; beyond, people whom the
//! search does not find together are not counted together.

use std::collections::BTreeSet;

use crate::grant::Amount;

use super::check::{PathSet, are_independent};
use super::flow::packing::{WORK, pack};
use super::flow::routes::routes as listed;
use super::flow::{Budgets, Network, Route, accepted, greedy, told, total, trimmed};
use super::problem::{Node, Problem};

/// Somebody to be counted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_structs, reason = "a list with a name")]
pub struct Person {
    /// One problem for each certificate and user ID of this person; any one of them may serve. All people's problems
    /// have the same roots and number the same certificates alike.
    pub problems: Vec<Problem>,
}

/// Somebody who is counted, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counted {
    /// The place of the person.
    pub person: usize,
    /// The place of the person's problem that is answered.
    pub problem: usize,
    /// Its answer.
    pub paths: PathSet,
}

/// Chooses so many people, and for each a set of paths that reaches the wanted amount.
///
/// No certificate but a root serves two of them, and none of a chosen person's own certificates introduces another,
/// unless it is a root; nobody is counted beside another who has a certificate of theirs. A root vouches for many
/// people: what starts at it is counted for each person anew, since the question is who is known, not how often.
pub fn independent(people: &[Person], needed: usize, wanted: Amount) -> Option<Vec<Counted>> {
    let candidates: Vec<_> = people.iter().map(Candidate::new).collect();
    let chosen = quick(&candidates, needed, wanted).or_else(|| exact(&candidates, needed, wanted))?;
    let claims: Vec<_> = chosen.iter().map(|counted| (counted.person, counted.problem, &counted.paths)).collect();
    let problems: Vec<_> = people.iter().map(|person| person.problems.as_slice()).collect();
    let holds = chosen.len() >= needed && chosen.iter().all(|counted| counted.paths.reaches(wanted));
    (holds && are_independent(&problems, &claims)).then_some(chosen)
}

/// How many sets of introducers are looked at for one problem.
const MOST_SETS: usize = 1 << 8;

/// How many choices of people are looked at.
const MOST_CHOICES: usize = 1 << 16;

/// One person after another, each on short paths away from those before.
fn quick(people: &[Candidate<'_>], needed: usize, wanted: Amount) -> Option<Vec<Counted>> {
    let mut chosen: Vec<Counted> = Vec::new();
    let (mut own, mut taken) = (BTreeSet::new(), BTreeSet::new());
    for (number, person) in people.iter().enumerate() {
        if chosen.len() >= needed {
            break;
        }
        if !person.own.is_disjoint(&own) || !person.closed.is_disjoint(&taken) {
            continue;
        }
        let found = person.person.problems.iter().enumerate().find_map(|(place, problem)| {
            let sought = Sought::new(problem, wanted);
            let flows = sought.greedy(|node| !taken.contains(&node))?;
            Some((place, sought.used(&flows), sought.told(&flows)))
        });
        if let Some((problem, used, paths)) = found {
            chosen.push(Counted { person: number, problem, paths });
            taken.extend(used);
            taken.extend(&person.closed);
            own.extend(&person.own);
        }
    }
    (chosen.len() >= needed).then_some(chosen)
}

/// Every choice of people and of their smallest sets of introducers, until one suffices.
fn exact(people: &[Candidate<'_>], needed: usize, wanted: Amount) -> Option<Vec<Counted>> {
    let mut work = WORK;
    let sets: Vec<_> = people.iter().map(|person| person.sets(wanted, &mut work)).collect();
    let mut choices: Vec<(usize, Vec<(usize, usize)>)> = vec![(0, Vec::new())];
    let mut looked = 0;
    while let Some((next, chosen)) = choices.pop() {
        looked += 1;
        if chosen.len() >= needed {
            let counted = |(person, set): &(usize, usize)| {
                let Means { problem, paths, .. } = sets[*person][*set].clone();
                Counted { person: *person, problem, paths }
            };
            return Some(chosen.iter().map(counted).collect());
        }
        if looked > MOST_CHOICES || chosen.len() + (people.len() - next) < needed {
            continue;
        }
        choices.push((next + 1, chosen.clone()));
        for (number, set) in sets[next].iter().enumerate().rev() {
            let apart = chosen.iter().all(|(person, other)| {
                let (one, two) = (&people[next], &people[*person]);
                let other = &sets[*person][*other].used;
                one.own.is_disjoint(&two.own)
                    && set.used.is_disjoint(other)
                    && set.used.is_disjoint(&two.closed)
                    && one.closed.is_disjoint(other)
            });
            if apart {
                let with = chosen.iter().copied().chain([(next, number)]).collect();
                choices.push((next + 1, with));
            }
        }
    }
    None
}

/// A person, with the certificates that are theirs.
struct Candidate<'a> {
    person: &'a Person,
    /// Their certificates.
    own: BTreeSet<Node>,
    /// Those that may not introduce anybody else: all but roots.
    closed: BTreeSet<Node>,
}

/// By whom a person can be reached, and how.
#[derive(Debug, Clone)]
struct Means {
    problem: usize,
    used: BTreeSet<Node>,
    paths: PathSet,
}

impl<'a> Candidate<'a> {
    fn new(person: &'a Person) -> Self {
        let own: BTreeSet<_> = person.problems.iter().map(|problem| Node(problem.target)).collect();
        let roots: BTreeSet<_> =
            person.problems.iter().flat_map(|problem| &problem.roots).map(|root| root.node).collect();
        let closed = own.difference(&roots).copied().collect();
        Self { person, own, closed }
    }

    /// The smallest sets of introducers that suffice, of all the person's problems.
    fn sets(&self, wanted: Amount, work: &mut u64) -> Vec<Means> {
        let mut found = Vec::new();
        for (number, problem) in self.person.problems.iter().enumerate() {
            Sought::new(problem, wanted).sets(number, &mut found, work);
        }
        found
    }
}

/// A problem, and what is wanted of it beside the target as its own root.
struct Sought<'a> {
    problem: &'a Problem,
    network: Network,
    wanted: Amount,
    left: u32,
}

impl<'a> Sought<'a> {
    fn new(problem: &'a Problem, wanted: Amount) -> Self {
        let network = Network::new(problem);
        let own = network.own_path(wanted).map_or(0, |path| path.flow.value().into());
        Self { problem, network, wanted, left: u32::from(wanted.value()) - own }
    }

    /// Enough flow over some certificates only, by short paths; none if that does not suffice.
    fn greedy(&self, may: impl Fn(Node) -> bool) -> Option<Vec<(Route, u8)>> {
        let mut budgets = Budgets::new(&self.network);
        for node in self.network.edges.iter().map(|edge| edge.issuer) {
            if self.network.root(node).is_none() && !may(Node(node)) {
                budgets.close(node);
            }
        }
        Some(greedy::greedy(&self.network, &mut budgets, self.left)).filter(|flows| total(flows) >= self.left)
    }

    /// The introducers on a route.
    fn introducers(&self, route: &Route) -> BTreeSet<Node> {
        let nodes = self.network.before_target(route).filter(|node| self.network.root(*node).is_none());
        nodes.map(Node).collect()
    }

    /// The introducers on some routes.
    fn used(&self, flows: &[(Route, u8)]) -> BTreeSet<Node> {
        flows.iter().flat_map(|(route, _)| self.introducers(route)).collect()
    }

    fn told(&self, flows: &[(Route, u8)]) -> PathSet {
        let own = self.network.own_path(self.wanted);
        accepted(self.problem, own.into_iter().chain(told(&self.network, flows)).collect())
    }

    /// Adds the smallest sets of introducers that suffice, small ones first: each grows by one route's introducers at a
    /// time, from none.
    fn sets(mut self, problem: usize, found: &mut Vec<Means>, work: &mut u64) {
        let (few, routes) = listed(&self.network);
        self.network = few;
        let on: Vec<_> = routes.iter().map(|route| self.introducers(route)).collect();
        let mut waiting = BTreeSet::from([(0, BTreeSet::new())]);
        let mut seen = BTreeSet::new();
        while let Some((_, set)) = waiting.pop_first() {
            if seen.len() >= MOST_SETS {
                break;
            }
            if !seen.insert(set.clone()) || found.iter().any(|means| means.used.is_subset(&set)) {
                continue;
            }
            let (within, beyond): (Vec<_>, Vec<_>) = (0..routes.len()).partition(|route| on[*route].is_subset(&set));
            let flows = self.greedy(|node| set.contains(&node)).or_else(|| {
                let routes: Vec<_> = within.iter().map(|route| routes[*route].clone()).collect();
                let flows = pack(&self.network, &routes, &vec![0; routes.len()], (0, self.left), work)?;
                let flows = trimmed(&self.network, &routes, flows, self.left);
                (total(&flows) >= self.left).then_some(flows)
            });
            if let Some(flows) = flows {
                found.push(Means { problem, used: set, paths: self.told(&flows) });
                continue;
            }
            for route in beyond {
                let more: BTreeSet<_> = set.union(&on[route]).copied().collect();
                waiting.insert((more.len(), more));
            }
        }
    }
}

#[cfg(test)]
mod tests;
