//! More trust never hurts: over a real network, with a root more, a longer way, or a smaller amount that is needed.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::super::Outcome;
use super::super::fixture::name;
use super::super::roots::Roots;
use super::making::Bench;
use super::properties::LISTED;
use super::{Asked, Grant, World, asked};
use crate::grant::{Amount, Depth, Grant as Limit};
use crate::keyring::Keyring;
use crate::openpgp::testing::{Person, TIMES};
use crate::policy::Trust;
use crate::trust::network::Network;
use crate::trust::roots::{NetworkKind, RetiredIssuers, Root, Viewpoint};
use crate::trust::testing::Random;
use crate::trust::view::View;

/// Where trust starts, and what is asked of ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Ground {
    /// The amount and the depth of each of two roots.
    roots: [Option<(u8, u8)>; 2],
    needed: u8,
    max_depth: u8,
}

impl Ground {
    fn any(random: &mut Random) -> Self {
        let root = |random: &mut Random| Some((random.of(&[60, 120]), random.of(&[1, 2, 255])));
        let roots = match random.below(3) {
            0 => [root(random), None],
            1 => [None, root(random)],
            _ => [root(random), root(random)],
        };
        Self { roots, needed: random.of(&[40, 60, 120]), max_depth: random.of(&[1, 2, 3]) }
    }

    /// The same with one thing more.
    fn more(self, random: &mut Random) -> Self {
        let place = random.below(2);
        let mut more = self;
        match (random.below(4), &mut more.roots[place]) {
            (_, missing @ None) => *missing = Some((60, 1)),
            (0, Some((amount, _))) => *amount = 120,
            (1, Some((_, depth))) => *depth = 255,
            (2, _) => more.needed = 40,
            _ => more.max_depth = 3,
        }
        more
    }
}

/// Two roots, two introducers, and three people whom they know in different ways.
fn keyring(bench: &Bench, roots: &[Person; 2]) -> Keyring {
    let [one, two] = roots;
    let first = Person::new().trusted(one, 2, 120, &[]);
    let second = Person::new().trusted(one, 1, 60, &[]).trusted(two, 1, 60, &[]);
    let person = |number: usize| bench.people[number].clone();
    let a = person(0).trusted(one, 1, 60, &["author"]).trusted(&first, 1, 120, &["author"]);
    let b = person(1).trusted(&second, 0, 120, &[]).trusted(two, 0, 120, &["author"]);
    let c = person(2).trusted(&first, 1, 60, &[]).trusted(&second, 1, 60, &["author"]);
    let all = [one, two, &first, &second, &a, &b, &c];
    Keyring::from_certificates(all.map(|person| person.certificate_among(&all)))
}

#[test]
fn a_root_more_or_a_longer_way_or_a_smaller_amount_refuses_only_what_is_on_the_list() {
    let bench = Bench::new();
    let roots = [Person::new(), Person::new()];
    let keyring = keyring(&bench, &roots);
    let network = Network::new(&keyring, TIMES);
    let view = |ground: &Ground| {
        let root = |(person, given): (&Person, &Option<(u8, u8)>)| {
            let (amount, depth) = (*given)?;
            let (amount, depth) = (Amount::capped(amount), Depth::new(depth));
            Some(Root { fingerprint: name(person), amount, depth, grant: Limit::default() })
        };
        let viewpoint = Viewpoint {
            roots: roots.iter().zip(&ground.roots).filter_map(root).collect(),
            distrusted: BTreeSet::new(),
            own: None,
            retired: RetiredIssuers::LeaveOut,
            kind: NetworkKind::Trust,
        };
        View::new(&network, &keyring, viewpoint).expect("a view")
    };
    let mut random = Random(11);
    let cases: Vec<_> = (0..CASES)
        .map(|_| {
            let asked = Asked { grants: Some([Grant::Nothing; 3]), ..asked(&mut random) };
            let ground = Ground::any(&mut random);
            (bench.world(&mut random), asked, ground, ground.more(&mut random))
        })
        .collect();
    let grounds: BTreeSet<_> = cases.iter().flat_map(|(_, _, ground, more)| [*ground, *more]).collect();
    let views: BTreeMap<_, _> = grounds.into_iter().map(|ground| (ground, view(&ground))).collect();
    let judged = |world: &World, asked: &Asked, ground: &Ground| {
        let trust = Trust {
            amount: Amount::capped(ground.needed),
            max_depth: Depth::new(ground.max_depth),
            ..Trust::default()
        };
        bench.judged_by(world, asked, Some(&Roots::new(&views[ground], None, &trust))).1
    };
    let gained = cases.par_iter().filter(|(world, asked, ground, more)| {
        let (before, after) = (judged(world, asked, ground), judged(world, asked, more));
        let (was, is) = (before.outcome() == Outcome::Accepted, after.outcome() == Outcome::Accepted);
        if was && !is {
            let codes = bench.answer(&after).codes;
            let listed = codes.iter().all(|code| LISTED.contains(code));
            assert!(listed, "{world:?}\n{asked:?}\n{ground:?}\n{more:?}\n{codes:?}");
        }
        is && !was
    });
    let gained = gained.count();
    assert!(gained > CASES / 1_000, "{gained} are accepted by more trust");
}

const CASES: usize = 10_000;
