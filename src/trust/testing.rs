//! Problems for the tests, written as tables: certificates are letters, `t` is the target.

use crate::grant::{Amount, Depth};

use super::problem::{Arc, End, Node, Path, Problem, Root};

/// The number of a letter.
pub(super) fn node(letter: char) -> Node {
    Node(u32::from(letter) - u32::from('a'))
}

/// A problem from roots and certifications, as `"r120/255"` and `"r-a 60/255"`: amount, then depth. A certification of
/// `t` with `+1` at its end leads on by the target's own signature. No depth means 255, no amount 120.
pub(super) fn problem(roots: &str, arcs: &str) -> Problem {
    towards('t', roots, arcs)
}

/// The same, with another target.
pub(super) fn towards(target: char, roots: &str, arcs: &str) -> Problem {
    let target = node(target);
    let mut problem = Problem { nodes: 26, target: target.0, ..Problem::default() };
    for text in roots.split_whitespace() {
        let (amount, depth) = numbers(&text[1..]);
        problem.roots.push(Root { node: node(letter(text, 0)), amount, depth });
    }
    for text in arcs.split(',').map(str::trim).filter(|text| !text.is_empty()) {
        let (text, own) = text.strip_suffix("+1").map_or((text, 0), |text| (text, 1));
        let (amount, depth) = numbers(text[3..].trim());
        let arc = Arc { issuer: node(letter(text, 0)), certificate: node(letter(text, 2)), amount, depth };
        if arc.certificate == target { problem.ends.push(End { arc, own }) } else { problem.steps.push(arc) }
    }
    problem
}

/// The path along certificates, such as `"rat"`, over the first certification of each pair.
pub(super) fn path(problem: &Problem, letters: &str, flow: u8) -> Path {
    let nodes: Vec<_> = letters.chars().map(node).collect();
    let root = problem.roots.iter().position(|root| root.node == nodes[0]).expect("a root");
    let fits = |arc: &Arc, pair: &[Node]| arc.issuer == pair[0] && arc.certificate == pair[1];
    let steps = nodes.windows(2).filter(|pair| pair[1].0 != problem.target);
    let steps = steps.map(|pair| problem.steps.iter().position(|arc| fits(arc, pair)).expect("a step")).collect();
    let last = nodes.windows(2).last();
    let end = last.map(|pair| problem.ends.iter().position(|end| fits(&end.arc, pair)).expect("an end"));
    Path { root, steps, end, flow: Amount::capped(flow) }
}

/// How many worlds, or which ones, a test is to look at: a number that the environment may give, as for a long run by hand.
pub(crate) fn number(name: &str, otherwise: usize) -> usize {
    std::env::var(name).ok().and_then(|number| number.parse().ok()).unwrap_or(otherwise)
}

/// Random numbers that are the same on each run: splitmix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % bound as u64).expect("below a usize")
    }

    /// One of several.
    pub(crate) fn of<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// A network of at most 8 certificates and 16 certifications; the target is among the certificates.
    pub(super) fn problem(&mut self) -> Problem {
        let nodes = if self.below(2) == 0 { 8 } else { 2 + self.below(7) as u32 };
        let target = nodes - 1;
        let depths: &[u8] = self.of(&[&[255], &[0, 1, 2, 3, 255], &[1, 2, 3], &[2, 3, 255, 255]]);
        let amounts: &[u8] = self.of(&[&[60], &[40, 60, 120], &[0, 40, 60, 120], &[60, 120]]);
        let mut problem = Problem { nodes, target, ..Problem::default() };
        for _ in 0..1 + self.below(3) {
            let first = self.below(nodes as usize) as u32;
            let first = if self.below(2) == 0 { first % 3 } else { first };
            let node = Node(if self.below(40) == 0 { target } else { first });
            if problem.roots.iter().all(|root| root.node != node) {
                let depth = if self.below(2) == 0 { Depth::UNLIMITED } else { Depth::new(self.of(depths)) };
                let amount = if self.below(2) == 0 { 120 } else { self.of(amounts) };
                problem.roots.push(Root { node, amount: Amount::capped(amount), depth });
            }
        }
        // Most networks are dense, and few of their certifications lead nowhere.
        let certifications = if self.below(4) == 0 { 2 + self.below(15) } else { 10 + self.below(7) };
        let (stray, mixed) = (self.below(8) == 0, self.below(2) == 0);
        while problem.steps.len() + problem.ends.len() < certifications {
            let issuer = self.below(nodes as usize) as u32;
            let certificate = if self.below(5) == 0 { target } else { self.below(nodes as usize) as u32 };
            let onwards = issuer < certificate || self.below(4) == 0;
            if !stray && (issuer == certificate || issuer == target || !(onwards || mixed)) {
                continue;
            }
            let arc = Arc {
                issuer: Node(issuer),
                certificate: Node(certificate),
                amount: Amount::capped(self.of(amounts)),
                depth: Depth::new(self.of(depths)),
            };
            if certificate == target {
                problem.ends.push(End { arc, own: u8::from(self.below(4) == 0) });
            } else {
                problem.steps.push(arc);
            }
        }
        problem.max_edges = self.of(&[None, None, Some(1), Some(2), Some(3), Some(4), Some(5)]);
        problem
    }
}

/// An amount and a depth, as `60/255`.
fn numbers(text: &str) -> (Amount, Depth) {
    let (amount, depth) = text.split_once('/').unwrap_or((text, ""));
    let number = |text: &str, none| if text.is_empty() { none } else { text.trim().parse().expect("a number") };
    (Amount::capped(number(amount, 120)), Depth::new(number(depth, 255)))
}

/// The letter at a place.
fn letter(text: &str, at: usize) -> char {
    text.chars().nth(at).expect("a letter")
}
