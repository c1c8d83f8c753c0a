//! What becomes of a verdict where somebody's word does not count any more.

use serde::Serialize;

use super::Verdict;

/// What becomes of a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Effect {
    /// It is accepted, and would not be.
    Falls,
    /// It would be accepted on less.
    Weakens,
    /// It is not accepted, and would be: the certificate's no, or its claim, stands in the way.
    Rises,
    /// It is not accepted either way, and for another outcome.
    Changes,
    /// The certificate is counted for it, and it holds without it.
    Holds,
}

/// Compares a verdict with the one on the same under a policy that distrusts somebody more; none where nothing changes.
pub fn effect(before: &Verdict, after: &Verdict) -> Option<Effect> {
    let (was, is) = (before.acceptance, after.acceptance);
    match (was.map(|was| was.basis()), is.map(|is| is.basis())) {
        (Some(_), None) => Some(Effect::Falls),
        (None, Some(_)) => Some(Effect::Rises),
        (Some(was), Some(is)) if is > was => Some(Effect::Weakens),
        (Some(was), Some(is)) if is < was => Some(Effect::Rises),
        (None, None) if before.outcome() != after.outcome() => Some(Effect::Changes),
        _ => None,
    }
}
