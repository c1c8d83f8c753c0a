//! Several people who are counted together: whether each is reached without help of the others' introducers.

use std::collections::BTreeSet;

use crate::grant::Amount;

use super::check::{PathSet, introducers};
use super::flow::{Budgets, Network, accepted, greedy, told};
use super::problem::{Node, Problem};

/// Somebody to be counted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_structs, reason = "a list with a name")]
pub struct Person {
    /// One problem for each certificate and user ID of this person; any one of them may serve. All people's problems
    /// number the same certificates alike.
    pub problems: Vec<Problem>,
}

/// Chooses so many people, and for each a set of paths that reaches the wanted amount; with each chosen person's number.
///
/// No certificate but a root serves two of them, and none of a chosen person's own certificates introduces another,
/// unless it is a root; nobody is counted beside another who has a certificate of theirs. A root vouches for many
/// people: what starts at it is counted for each person anew, since the question is who is known, not how often.
pub fn independent(people: &[Person], needed: usize, wanted: Amount) -> Option<Vec<(usize, PathSet)>> {
    let people: Vec<_> = people.iter().map(Candidate::new).collect();
    let mut chosen = Vec::new();
    let mut taken: BTreeSet<Node> = BTreeSet::new();
    let mut own: BTreeSet<Node> = BTreeSet::new();
    for (number, person) in people.iter().enumerate() {
        if chosen.len() >= needed {
            break;
        }
        if person.own.iter().any(|node| own.contains(node)) || person.closed.iter().any(|node| taken.contains(node)) {
            continue;
        }
        if let Some((set, used)) = person.alone(&taken, wanted) {
            chosen.push((number, set));
            taken.extend(used);
            taken.extend(&person.closed);
            own.extend(&person.own);
        }
    }
    (chosen.len() >= needed).then_some(chosen)
}

/// A person, with the certificates that are theirs.
struct Candidate<'a> {
    person: &'a Person,
    /// Their certificates.
    own: BTreeSet<Node>,
    /// Those that may not introduce anybody else: all but roots.
    closed: BTreeSet<Node>,
}

impl<'a> Candidate<'a> {
    fn new(person: &'a Person) -> Self {
        let own: BTreeSet<_> = person.problems.iter().map(|problem| Node(problem.target)).collect();
        let roots: BTreeSet<_> =
            person.problems.iter().flat_map(|problem| &problem.roots).map(|root| root.node).collect();
        let closed = own.difference(&roots).copied().collect();
        Self { person, own, closed }
    }

    /// Paths to this person alone, away from what others use; and what they rely on.
    fn alone(&self, taken: &BTreeSet<Node>, wanted: Amount) -> Option<(PathSet, BTreeSet<Node>)> {
        self.person.problems.iter().find_map(|problem| {
            let network = Network::new(problem);
            let mut budgets = Budgets::new(&network);
            for node in taken {
                budgets.close(node.0);
            }
            let own = network.own_path(wanted);
            let left = u32::from(wanted.value()) - own.as_ref().map_or(0, |path| u32::from(path.flow.value()));
            let routes = greedy::greedy(&network, &mut budgets, left);
            let set = accepted(problem, own.into_iter().chain(told(&network, &routes)).collect());
            let used = introducers(problem, &set);
            set.reaches(wanted).then_some((set, used))
        })
    }
}
