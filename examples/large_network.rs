//! How long the search takes on a network of 100,000 certificates and 1,000,000 certifications. `benches/trust.sh` runs it.
//!
//! There are no keys here. A certification that holds has one maker, which checks a signature, and no example gets round
//! it: so the graph is this example's own, laid out in flat arrays as the engine lays out its own. What is the engine's is
//! what answers: the flow, and the checker that each answer passes. As in the engine, a question gathers backwards from its
//! target what may lie on a path, and questions are answered in parallel.

use std::collections::HashMap;
use std::error::Error;
use std::io::Write as _;
use std::time::{Duration, Instant};

use countersign::grant::{Amount, Depth};
use countersign::trust::flow::solve;
use countersign::trust::problem::{Arc, End, Node, Problem, Root};
use rayon::prelude::*;

const CERTIFICATES: u32 = 100_000;
const CERTIFICATIONS: usize = 1_000_000;
const TARGETS: u32 = 1_000;
const ROOTS: u32 = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    let arcs = generate();
    let begun = Instant::now();
    let network = Network::compile(&arcs);
    writeln!(out, "{CERTIFICATES} certificates, {} certifications laid out: {}", arcs.len(), shown(begun.elapsed()))?;
    for depth in [Some(3), None] {
        let begun = Instant::now();
        let reach = network.reach(depth);
        let step = CERTIFICATES / TARGETS;
        let targets: Vec<_> = (0..TARGETS).map(|number| ROOTS + number * step).collect();
        let answers: Vec<_> = targets.par_iter().map(|target| network.answer(*target, depth, &reach)).collect();
        let took = shown(begun.elapsed());
        let reached = answers.iter().filter(|(amount, _)| *amount >= Amount::FULL).count();
        let some = answers.iter().filter(|(amount, _)| *amount > Amount::NONE).count();
        let looked_at: usize = answers.iter().map(|(_, arcs)| arcs).sum();
        let depth = depth.map_or_else(|| "without a limit of depth".to_owned(), |depth| format!("at depth {depth}"));
        writeln!(
            out,
            "{TARGETS} targets {depth}: {took}; {reached} reach 120, {some} reach something; {} certifications gathered each",
            looked_at / answers.len()
        )?;
    }
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        writeln!(out, "most memory: {}", peak.trim())?;
    }
    Ok(())
}

/// The network in flat arrays: the certifications of each certificate, and those by it.
struct Network {
    arcs: Vec<Arc>,
    /// Where the arcs into each certificate begin in `arcs`.
    into: Vec<u32>,
    /// Where the arcs by each certificate begin in `by`, which holds places in `arcs`.
    by_start: Vec<u32>,
    by: Vec<u32>,
}

impl Network {
    fn compile(arcs: &[Arc]) -> Self {
        let mut arcs = arcs.to_vec();
        arcs.sort_unstable_by_key(|arc| (arc.certificate, arc.issuer));
        let starts = |key: &dyn Fn(&Arc) -> u32, all: &[Arc]| {
            let mut starts = vec![0_u32; CERTIFICATES as usize + 1];
            all.iter().for_each(|arc| starts[key(arc) as usize + 1] += 1);
            for place in 1..starts.len() {
                starts[place] += starts[place - 1];
            }
            starts
        };
        let into = starts(&|arc| arc.certificate.0, &arcs);
        let by_start = starts(&|arc| arc.issuer.0, &arcs);
        let mut by: Vec<u32> = (0..arcs.len() as u32).collect();
        by.sort_unstable_by_key(|place| arcs[*place as usize].issuer);
        Self { arcs, into, by_start, by }
    }

    /// The fewest certifications from the roots to each certificate, up to a depth.
    fn reach(&self, depth: Option<usize>) -> Vec<usize> {
        let mut hops = vec![usize::MAX; CERTIFICATES as usize];
        let mut frontier: Vec<u32> = (0..ROOTS).collect();
        frontier.iter().for_each(|root| hops[*root as usize] = 0);
        let mut round = 0;
        while !frontier.is_empty() && depth.is_none_or(|depth| round < depth) {
            round += 1;
            let mut next = Vec::new();
            for node in frontier {
                let range = self.by_start[node as usize] as usize..self.by_start[node as usize + 1] as usize;
                for arc in self.by[range].iter().map(|place| &self.arcs[*place as usize]) {
                    let known = &mut hops[arc.certificate.0 as usize];
                    if *known == usize::MAX {
                        *known = round;
                        next.push(arc.certificate.0);
                    }
                }
            }
            frontier = next;
        }
        hops
    }

    /// The amount that reaches a target, and how many certifications were gathered for it.
    fn answer(&self, target: u32, depth: Option<usize>, reach: &[usize]) -> (Amount, usize) {
        let problem = self.question(target, depth, reach);
        (solve(&problem, Amount::FULL).amount(), problem.steps.len() + problem.ends.len())
    }

    /// What may lie on a path to a target, as the engine gathers it: backwards, as far as the roots' reach allows.
    fn question(&self, target: u32, depth: Option<usize>, reach: &[usize]) -> Problem {
        let mut problem = Problem { max_edges: depth, ..Problem::default() };
        let mut numbers = HashMap::from([(target, 0_u32)]);
        let mut frontier = vec![target];
        let mut behind = 0;
        while !frontier.is_empty() && depth.is_none_or(|depth| behind < depth) {
            let mut next = Vec::new();
            for node in frontier {
                let range = self.into[node as usize] as usize..self.into[node as usize + 1] as usize;
                for arc in &self.arcs[range] {
                    let whole = reach[arc.issuer.0 as usize].saturating_add(behind + 1);
                    let near = whole < usize::MAX && depth.is_none_or(|depth| whole <= depth);
                    if arc.issuer.0 == target || !arc.depth.reaches(behind) || !near {
                        continue;
                    }
                    let fresh = numbers.len() as u32;
                    let issuer = *numbers.entry(arc.issuer.0).or_insert_with(|| {
                        next.push(arc.issuer.0);
                        fresh
                    });
                    let arc = Arc { issuer: Node(issuer), certificate: Node(numbers[&arc.certificate.0]), ..*arc };
                    match behind {
                        0 => problem.ends.push(End { arc, own: 0 }),
                        _ => problem.steps.push(arc),
                    }
                }
            }
            frontier = next;
            behind += 1;
        }
        problem.nodes = numbers.len() as u32;
        for root in (0..ROOTS).filter_map(|root| numbers.get(&root)) {
            problem.roots.push(Root { node: Node(*root), amount: Amount::FULL, depth: Depth::UNLIMITED });
        }
        problem
    }
}

/// As in real webs of trust, few certify many: an issuer is drawn as the product of two random numbers. Depths are 0 to 3,
/// and one in a hundred is unlimited.
fn generate() -> Vec<Arc> {
    let mut random = Random(2026);
    let amounts = [40, 60, 120, 120].map(Amount::capped);
    let arcs = (0..CERTIFICATIONS).filter_map(|_| {
        let drawn = random.below(u64::from(CERTIFICATES)) * random.below(u64::from(CERTIFICATES));
        let issuer = (drawn / u64::from(CERTIFICATES)) as u32;
        let certificate = random.below(u64::from(CERTIFICATES)) as u32;
        let depth = if random.below(100) == 0 { Depth::UNLIMITED } else { Depth::new(random.below(4) as u8) };
        let amount = amounts[random.below(4) as usize];
        (issuer != certificate).then_some(Arc { issuer: Node(issuer), certificate: Node(certificate), amount, depth })
    });
    arcs.collect()
}

/// splitmix64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

fn shown(time: Duration) -> String {
    format!("{:.0} ms", time.as_secs_f64() * 1000.0)
}
