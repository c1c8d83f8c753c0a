//! Random networks, compared with the brute force.

use rayon::prelude::*;

use super::super::super::testing::Random;
use super::super::*;
use super::brute;

/// How many networks are compared: in as many groups, each from its own seed.
const NETWORKS: (u64, usize) = (104, 1_000);

#[test]
fn the_search_finds_what_trying_everything_finds() {
    let wrong: Vec<_> = (0..NETWORKS.0)
        .into_par_iter()
        .flat_map_iter(|seed| {
            let mut random = Random(seed);
            (0..NETWORKS.1).filter_map(move |number| {
                let network = random.problem();
                let wanted = Amount::capped(random.of(&[120, 120, 120, 60, 100, 1, 119]));
                let most = brute::most(&network, wanted.value().into());
                let set = solve(&network, wanted);
                let same = u32::from(set.amount().value()) == most
                    && PathSet::check(&network, set.paths().to_vec()).is_ok_and(|again| again == set);
                (!same).then_some((seed, number, most, set, network))
            })
        })
        .collect();
    assert!(wrong.is_empty(), "{} networks differ; the first: {:?}", wrong.len(), wrong.first());
}

#[test]
fn the_order_of_a_problem_does_not_matter() {
    let mut random = Random(7);
    for _ in 0..3_000 {
        let network = random.problem();
        let mut shuffled = network.clone();
        shuffle(&mut random, &mut shuffled.steps);
        shuffle(&mut random, &mut shuffled.ends);
        shuffle(&mut random, &mut shuffled.roots);
        let told = |problem: &Problem| {
            let set = solve(problem, Amount::FULL);
            let path = |path: &Path| {
                let steps: Vec<_> = path.steps.iter().map(|step| problem.steps[*step]).collect();
                (problem.roots[path.root], steps, path.end.map(|end| problem.ends[end]), path.flow)
            };
            set.paths().iter().map(path).collect::<Vec<_>>()
        };
        assert_eq!(told(&network), told(&shuffled), "{network:?}");
    }
}

fn shuffle<T>(random: &mut Random, items: &mut [T]) {
    for at in (1..items.len()).rev() {
        items.swap(at, random.below(at + 1));
    }
}
