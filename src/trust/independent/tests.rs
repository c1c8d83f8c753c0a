//! Known shapes, and random networks compared with trying everything.

use super::super::flow::tests::brute;
use super::super::problem::End;
use super::super::testing::{Random, towards};
use super::*;

/// People in one network, by the letters of their certificates.
fn people(roots: &str, arcs: &str, names: &[&str]) -> Vec<Person> {
    let person =
        |letters: &&str| Person { problems: letters.chars().map(|letter| towards(letter, roots, arcs)).collect() };
    names.iter().map(person).collect()
}

/// Who is counted.
fn counted(roots: &str, arcs: &str, names: &[&str], needed: usize) -> Option<Vec<usize>> {
    let found = independent(&people(roots, arcs, names), needed, Amount::FULL)?;
    Some(found.iter().map(|counted| counted.person).collect())
}

#[test]
fn sock_puppets_behind_one_introducer_are_one_person() {
    let puppets = "r-s, s-a, s-b, s-c, s-d";
    assert_eq!(counted("r", puppets, &["a", "b", "c", "d"], 2), None);
    assert_eq!(counted("r", puppets, &["a", "b", "c", "d"], 1), Some(vec![0]));
    // A root vouches for many.
    assert_eq!(counted("r", "r-a, r-b, r-c", &["a", "b", "c"], 3), Some(vec![0, 1, 2]));
    assert_eq!(counted("s", "s-a, s-b, s-c", &["a", "b", "c"], 3), Some(vec![0, 1, 2]));
    // One more, through another.
    let other = "r-s, s-a, s-b, r-u, u-c";
    assert_eq!(counted("r", other, &["a", "b", "c"], 2), Some(vec![0, 2]));
    assert_eq!(counted("r", other, &["a", "b", "c"], 3), None);
}

#[test]
fn nobody_counted_introduces_another() {
    assert_eq!(counted("r", "r-a, a-b", &["a", "b"], 2), None);
    assert_eq!(counted("r", "r-a, a-b", &["b", "a"], 2), None);
    assert_eq!(counted("r", "r-a, a-b, r-b", &["a", "b"], 2), Some(vec![0, 1]));
    // Not by another certificate of theirs either.
    assert_eq!(counted("r", "r-a, r-c, c-b", &["ac", "b"], 2), None);
    // But a root may.
    assert_eq!(counted("a", "a-b", &["a", "b"], 2), Some(vec![0, 1]));
    // Who is reached by an own certificate is one person.
    assert_eq!(counted("r", "r-a, a-b", &["ab"], 1), Some(vec![0]));
    assert_eq!(counted("r", "r-a, r-b", &["a", "a", "b"], 2), Some(vec![0, 2]));
    assert_eq!(counted("r", "r-a, r-b", &["a", "ab"], 2), None);
}

#[test]
fn any_of_a_persons_certificates_may_serve() {
    assert_eq!(counted("r", "r-s, s-a, s-b, r-c", &["a", "bc"], 2), Some(vec![0, 1]));
    let found = independent(&people("r", "r-s, s-a, s-b, r-c", &["a", "bc"]), 2, Amount::FULL).expect("two");
    assert_eq!((found[1].person, found[1].problem), (1, 1));
}

#[test]
fn the_first_choice_may_stand_in_the_way() {
    // By the shortest path a takes s, which is the only way to b.
    assert_eq!(counted("r", "r-s, s-a, s-b, r-u, u-v, v-a", &["a", "b"], 2), Some(vec![0, 1]));
    // a must be left out.
    assert_eq!(counted("r", "r-s, s-a, r-u 60, r-v 60, u-a, v-a, s-b, r-w, w-c, u-c, v-d", &["a", "b", "d"], 2), {
        Some(vec![0, 1])
    });
    assert_eq!(counted("r", "r-s 60, r-u 60, s-a, u-a, r-s 120, r-u 120, s-b, u-c", &["a", "b", "c"], 2), {
        Some(vec![0, 2])
    });
    assert_eq!(counted("r", "r-s 60, r-u 60, s-a, u-a, s-b 60, u-b 60", &["a", "b"], 2), None);
}

#[test]
fn nobody_needed_is_nobody_counted() {
    assert_eq!(counted("r", "", &["a"], 0), Some(vec![]));
    assert_eq!(counted("r", "", &["a"], 1), None);
    assert_eq!(independent(&[Person::default()], 1, Amount::NONE), None);
}

#[test]
fn random_networks_are_compared_with_trying_everything() {
    let mut random = Random(5);
    let mut found = 0;
    for _ in 0..600 {
        let (people, needed, wanted) = random_people(&mut random);
        let chosen = independent(&people, needed, wanted);
        assert_eq!(chosen.is_some(), tried(&people, needed, wanted), "{needed} {wanted} {people:?}");
        found += usize::from(chosen.is_some());
    }
    assert!((100..500).contains(&found), "{found}");
}

/// Two or three people in one random network.
fn random_people(random: &mut Random) -> (Vec<Person>, usize, Amount) {
    let mut whole = random.problem();
    while whole.nodes < 6 || whole.roots.is_empty() {
        whole = random.problem();
    }
    whole.steps.extend(whole.ends.drain(..).map(|end| end.arc));
    whole.steps.truncate(16);
    let mut owners = vec![Vec::new(); 2 + random.below(2)];
    for node in (0..whole.nodes).rev().take(4) {
        if random.below(5) > 0 {
            owners[random.below(3) % 2].push(node);
        } else if let Some(last) = owners.last_mut() {
            last.push(node);
        }
    }
    let person =
        |targets: &Vec<u32>| Person { problems: targets.iter().map(|target| aimed(&whole, *target)).collect() };
    let people: Vec<_> = owners.iter().map(person).collect();
    let needed = 2 + usize::from(random.below(4) == 0);
    (people, needed.min(owners.len()), Amount::capped(random.of(&[120, 60, 40])))
}

/// The same network, with another target.
fn aimed(whole: &Problem, target: u32) -> Problem {
    let (ends, steps): (Vec<_>, Vec<_>) = whole.steps.iter().partition(|arc| arc.certificate.0 == target);
    let ends = ends.into_iter().map(|arc| End { arc, own: 0 }).collect();
    Problem { target, ends, steps, ..whole.clone() }
}

/// Whether so many people can be counted, by trying to give each certificate to each of them.
fn tried(people: &[Person], needed: usize, wanted: Amount) -> bool {
    let nodes = people.iter().flat_map(|person| &person.problems).map(|problem| problem.nodes).max().unwrap_or(0);
    let roots = people.iter().flat_map(|person| &person.problems).flat_map(|problem| &problem.roots);
    let roots = roots.fold(0_u32, |set, root| set | 1 << root.node.0);
    let tries = |person: &Person| -> Vec<bool> {
        (0..1 << nodes).map(|allowed| allowed & roots == 0 && reached(person, allowed, wanted)).collect()
    };
    let reached: Vec<_> = people.iter().map(tries).collect();
    (0..1_u32 << people.len()).filter(|chosen| chosen.count_ones() as usize == needed).any(|chosen| {
        let chosen: Vec<_> = (0..people.len()).filter(|person| chosen >> person & 1 == 1).collect();
        let own = |person: &usize| people[*person].problems.iter().map(|problem| problem.target);
        let mut all: Vec<_> = chosen.iter().flat_map(own).collect();
        all.sort_unstable();
        let distinct = all.len();
        all.dedup();
        // What is nobody's, and no root, goes to one person; the certificates of people stay theirs.
        let owned = |person| own(person).fold(0, |set, node| set | 1 << node);
        let mut allowed: Vec<_> = chosen.iter().map(owned).collect();
        let fixed = all.iter().fold(roots, |set, node| set | 1 << node);
        let holds = |allowed: &[u32]| {
            chosen.iter().zip(allowed).all(|(person, allowed)| reached[*person][(allowed & !roots) as usize])
        };
        distinct == all.len() && give(0, fixed, nodes, &mut allowed, &holds)
    })
}

fn give(node: u32, fixed: u32, nodes: u32, allowed: &mut [u32], holds: &dyn Fn(&[u32]) -> bool) -> bool {
    if node == nodes {
        return holds(allowed);
    }
    if fixed >> node & 1 == 1 {
        return give(node + 1, fixed, nodes, allowed, holds);
    }
    (0..allowed.len()).any(|person| {
        allowed[person] |= 1 << node;
        let found = give(node + 1, fixed, nodes, allowed, holds);
        allowed[person] &= !(1 << node);
        found
    })
}

/// Whether a person is reached over some certificates and roots alone.
fn reached(person: &Person, allowed: u32, wanted: Amount) -> bool {
    person.problems.iter().any(|problem| {
        let mut less = problem.clone();
        let may = |node: Node| allowed >> node.0 & 1 == 1 || problem.roots.iter().any(|root| root.node == node);
        less.steps.retain(|arc| may(arc.issuer) && may(arc.certificate));
        less.ends.retain(|end| may(end.arc.issuer));
        brute::most(&less, wanted.value().into()) >= wanted.value().into()
    })
}
