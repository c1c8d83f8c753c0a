//! Random networks without key material: small, dense, with the amounts and depths at which decisions turn.

use std::iter;
use std::time::{Duration, SystemTime};

use countersign::grant::{Amount, Depth};
use countersign::trust::flow;
use countersign::trust::problem::{Arc, End, Node, Problem, Root};
use sequoia_openpgp::Fingerprint;
use sequoia_openpgp::packet::UserID;
use sequoia_wot::{CertSynopsis, Certification, Depth as TheirDepth, Network, RevocationStatus, UserIDSynopsis};

use crate::stuck::{self, Taken};
use crate::{Difference, Tally};

/// Compares `count` networks, always the same ones.
pub fn compare(count: usize) -> Tally {
    let mut tally = Tally::default();
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for _ in 0..count {
        let problem = problem(&mut random);
        ask(&problem, [40, 60, 120][random.below(3)], &mut tally);
    }
    tally
}

/// The network of `tests/networks/greedy-trap`, in which the shortest path takes what two others need.
pub fn trap() -> Tally {
    let mut tally = Tally::default();
    let arc = |issuer, certificate| Arc {
        issuer: Node(issuer),
        certificate: Node(certificate),
        amount: Amount::capped(60),
        depth: Depth::UNLIMITED,
    };
    let problem = Problem {
        nodes: 7,
        target: 6,
        roots: vec![Root { node: Node(0), amount: Amount::FULL, depth: Depth::UNLIMITED }],
        steps: vec![arc(0, 1), arc(0, 2), arc(1, 3), arc(1, 4), arc(2, 3), arc(4, 5)],
        ends: vec![End { arc: arc(3, 6), own: 0 }, End { arc: arc(5, 6), own: 0 }],
        max_edges: None,
    };
    ask(&problem, 120, &mut tally);
    assert_eq!(tally.intended.get(&Difference::Greedy), Some(&1), "sequoia-wot is greedy no more");
    tally
}

fn ask(problem: &Problem, wanted: u8, tally: &mut Tally) {
    let ours = reaches(problem, wanted);
    let (theirs, taken) = sequoia(problem, wanted);
    let why = match (ours, theirs >= usize::from(wanted)) {
        // With what the roots certify capped by their amounts, ours finds no more than theirs.
        (true, false) if !reaches_with_capped_roots(problem, wanted) => Some(Difference::RootPassedThrough),
        // Its paths leave room for no other; ours, which pass the checker, carry more.
        (true, false) => stuck::is_stuck(problem, &taken).then_some(Difference::Greedy),
        // Without the root's own budget, ours finds what theirs found.
        (false, true) => reaches_without_root_budget(problem, wanted).then_some(Difference::RootBudget),
        _ => None,
    };
    tally.note(|| format!("{wanted} of {theirs} in {problem:?}"), ours, theirs >= usize::from(wanted), why);
}

fn reaches(problem: &Problem, wanted: u8) -> bool {
    flow::solve(problem, Amount::capped(wanted)).amount() >= Amount::capped(wanted)
}

/// The same problem with each certification by a root capped by the root's amount, whoever passes something on along it.
fn reaches_with_capped_roots(problem: &Problem, wanted: u8) -> bool {
    let mut capped = problem.clone();
    for arc in capped.steps.iter_mut().chain(capped.ends.iter_mut().map(|end| &mut end.arc)) {
        if let Some(root) = problem.roots.iter().find(|root| root.node == arc.issuer) {
            arc.amount = arc.amount.min(root.amount);
        }
    }
    reaches(&capped, wanted)
}

/// The same problem with one root for each certification that a root made, so that each has a budget of its own.
fn reaches_without_root_budget(problem: &Problem, wanted: u8) -> bool {
    let mut freed = Problem { roots: Vec::new(), ..problem.clone() };
    let add = |arc: &Arc, freed: &mut Problem| {
        let root = problem.roots.iter().find(|root| root.node == arc.issuer)?;
        let node = Node(freed.nodes);
        freed.nodes += 1;
        freed.roots.push(Root { node, ..*root });
        Some(Arc { issuer: node, ..*arc })
    };
    let steps: Vec<_> = problem.steps.iter().filter_map(|arc| add(arc, &mut freed)).collect();
    let ends: Vec<_> =
        problem.ends.iter().filter_map(|end| Some(End { arc: add(&end.arc, &mut freed)?, own: end.own })).collect();
    freed.steps.extend(steps);
    freed.ends.extend(ends);
    reaches(&freed, wanted)
}

/// What sequoia-wot says of the same network, and the paths that it took.
fn sequoia(problem: &Problem, wanted: u8) -> (usize, Vec<Taken>) {
    let made = SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000);
    let now = made + Duration::from_secs(1_000_000);
    let name = |node: u32, which: u8| format!("<{node}-{which}@example.org>");
    let user_id = |node, which| UserIDSynopsis::from((UserID::from(name(node, which)), made));
    let certificate = |node: u32| {
        let fingerprint: Fingerprint = format!("{:040X}", u128::from(node) + 1).parse().expect("a fingerprint");
        let user_ids = iter::once(user_id(node, 0)).chain(iter::once(user_id(node, 1)));
        CertSynopsis::new(fingerprint, None, RevocationStatus::NotAsFarAsWeKnow, user_ids)
    };
    let certificates: Vec<_> = (0..problem.nodes).map(certificate).collect();
    let certification = |arc: &Arc, which: u8| {
        let (issuer, target) = (arc.issuer.0 as usize, arc.certificate.0);
        let user_id = UserID::from(name(target, which));
        Certification::new(certificates[issuer].clone(), Some(user_id), certificates[target as usize].clone(), made)
            .set_amount(arc.amount.value().into())
            .set_depth(match arc.depth {
                Depth::UNLIMITED => TheirDepth::Unconstrained,
                depth => TheirDepth::Limit(depth.value().into()),
            })
    };
    let steps = problem.steps.iter().map(|arc| certification(arc, 0));
    let certifications: Vec<_> = steps.chain(problem.ends.iter().map(|end| certification(&end.arc, end.own))).collect();
    let root = |root: &Root| {
        let fingerprint = certificates[root.node.0 as usize].fingerprint();
        sequoia_wot::Root::new(fingerprint, root.amount.value().into())
    };
    let roots = sequoia_wot::Roots::new(problem.roots.iter().map(root));
    let network = Network::from_synopses(&certificates, &certifications, now, roots).expect("a network");
    let target = certificates[problem.target as usize].fingerprint();
    let found = network.authenticate(UserID::from(name(problem.target, 0)), target, wanted.into());
    let number = |certificate: &CertSynopsis| {
        let digits = certificate.fingerprint().to_hex();
        u128::from_str_radix(&digits, 16).map_or(u32::MAX, |number| (number - 1) as u32)
    };
    let taken = found.iter().map(|(path, flow)| {
        let pairs = path.certifications().map(|one| (number(one.issuer()), number(one.target())));
        // A self-signature is no step.
        Taken { pairs: pairs.filter(|(issuer, target)| issuer != target).collect(), flow: *flow }
    });
    (found.amount(), taken.collect())
}

/// A network of at most 8 certificates and 16 certifications; the last certificate is the target.
fn problem(random: &mut Random) -> Problem {
    let nodes = 3 + random.below(6) as u32;
    let target = nodes - 1;
    let mut roots = Vec::new();
    for node in 0..=random.below(2) as u32 {
        let amount = Amount::capped([40, 60, 120, 120][random.below(4)]);
        roots.push(Root { node: Node(node), amount, depth: Depth::UNLIMITED });
    }
    let mut problem = Problem { nodes, target, roots, ..Problem::default() };
    for _ in 0..random.below(16) + 1 {
        let issuer = Node(random.below(target as usize) as u32);
        let certificate = Node(random.below(nodes as usize) as u32);
        let amount = Amount::capped([0, 40, 60, 60, 120, 120][random.below(6)]);
        let depth = [Depth::NONE, Depth::new(1), Depth::new(2), Depth::new(3), Depth::UNLIMITED][random.below(5)];
        let arc = Arc { issuer, certificate, amount, depth };
        let pair = |other: &Arc| (other.issuer, other.certificate) == (issuer, certificate);
        // One certification for each pair: which of several counts is told by time, not by the search.
        if issuer == certificate || problem.steps.iter().chain(problem.ends.iter().map(|end| &end.arc)).any(pair) {
            continue;
        }
        if certificate.0 == target {
            problem.ends.push(End { arc, own: u8::from(random.below(4) == 0) });
        } else {
            problem.steps.push(arc);
        }
    }
    problem
}

/// Numbers that are the same in each run: xorshift64*.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        ((self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % bound as u64) as usize
    }
}
