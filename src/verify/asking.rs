//! What was read of a package, and what could be read next. It is told, and decides nothing.

use super::measuring::{Places, tree_text};
use crate::limits::Limits;
use crate::policy::rule::Requirement;
use crate::reading::Reading;
use crate::tree::MeasuredTree;
use crate::verdict::needs::{Asked, Need};

/// Who read which file, where a rule asks for reviews; and, if that is `wanted`, what would meet it.
pub(super) fn ask(
    asked: &Asked<'_>,
    tree: &MeasuredTree,
    places: &Places<'_>,
    limits: &Limits,
    wanted: bool,
) -> (Option<Reading>, Vec<Need>) {
    let clauses = asked.scale.rule.require.clauses();
    if !clauses.into_iter().any(|clause| matches!(clause, Requirement::Review(_))) {
        return (None, Vec::new());
    }
    let mut read = asked.read();
    // Each one takes the tree texts on its both sides.
    if !wanted && read.len() > MOST_READINGS {
        read.clear();
    }
    // What is damaged was told where it mattered.
    let text = |digest| tree_text(digest, places, limits, &mut Vec::new());
    let reading = (!read.is_empty() || wanted).then(|| Reading::of(tree.text(), read, &text));
    (reading, if wanted { asked.needs() } else { Vec::new() })
}

/// Of so many readings a verdict tells which files they were of.
const MOST_READINGS: usize = 32;
