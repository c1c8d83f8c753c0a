//! One question about a network, as plain numbers: what the search and its checker both take.
//!
//! Who the certificates are, what regexes, scopes and roles say, and whether a signature holds was all settled by
//! whoever made the problem; an arc that does not fit the question is not in it. Left are amounts, depths and budgets.

use crate::grant::{Amount, Depth};

/// A certificate of a problem: 0 up to [`Problem::nodes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(clippy::exhaustive_structs, reason = "a number with a name")]
pub struct Node(pub u32);

/// A certification that a path may use. Its place in [`Problem::steps`] or [`Problem::ends`] is its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(clippy::exhaustive_structs, reason = "plain numbers, whose rules the search and the checker hold")]
pub struct Arc {
    /// Who certified.
    pub issuer: Node,
    /// Who was certified.
    pub certificate: Node,
    /// The edge's budget.
    pub amount: Amount,
    /// How many more hops it reaches.
    pub depth: Depth,
}

/// A certification that a path may end with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(clippy::exhaustive_structs, reason = "plain numbers, whose rules the search and the checker hold")]
pub struct End {
    /// The certification; its certificate is the target.
    pub arc: Arc,
    /// The hops that the target itself adds: 0 where the wanted user ID is certified; 1 where another one is, and the
    /// target's own signature leads on to the wanted one. They count for every depth on the path, not for `max-depth`.
    pub own: u8,
}

/// Where trust starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(clippy::exhaustive_structs, reason = "plain numbers, whose rules the search and the checker hold")]
pub struct Root {
    /// The root's certificate. No certificate is two roots.
    pub node: Node,
    /// The flow that may start here in all.
    pub amount: Amount,
    /// How many hops paths from here may have: their edges, and what the target itself adds.
    pub depth: Depth,
}

/// How far do the roots reach the target?
///
/// A path begins at a root, goes along `steps` and ends with one of `ends`; or it is the target itself, if that is a
/// root. No certificate is on it twice. With k arcs, of which the last adds `own` hops, the i-th (from 1) needs
/// `depth >= k - i + own`, the root `depth >= k + own`, and k is at most `max_edges`.
///
/// Each path carries a flow of at least 1. Flow is bounded on each arc by its amount; on all arcs of one issuer to one
/// certificate by the largest amount among those that are used; through or out of each certificate but the target by
/// 120; and from each root by its amount.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_structs, reason = "whoever asks must say all of it")]
pub struct Problem {
    /// How many certificates there are.
    pub nodes: u32,
    /// The certificate that is asked about.
    pub target: u32,
    /// Where trust starts.
    pub roots: Vec<Root>,
    /// Certifications on the way: none of them into the target.
    pub steps: Vec<Arc>,
    /// Certifications of the target, with which a path may end.
    pub ends: Vec<End>,
    /// The most arcs that a path may have; `None` for no limit but those of the depths.
    pub max_edges: Option<usize>,
}

/// A path with the flow along it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(clippy::exhaustive_structs, reason = "plain numbers; only the checker makes them an answer")]
pub struct Path {
    /// The place of its root in [`Problem::roots`].
    pub root: usize,
    /// Places in [`Problem::steps`], from the root on.
    pub steps: Vec<usize>,
    /// The place in [`Problem::ends`]; none where the target is the root itself.
    pub end: Option<usize>,
    /// How much flows, at least 1.
    pub flow: Amount,
}

impl Path {
    /// How many certifications it goes along.
    pub fn edges(&self) -> usize {
        self.steps.len() + usize::from(self.end.is_some())
    }
}
