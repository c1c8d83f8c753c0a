//! What is wrong with a policy file, and where: line, column, a code, and a hint. All faults are gathered before any
//! is told.

use std::fmt;

use thiserror::Error;

use crate::reason::{Answer, Code, Reason};
use crate::shown::Shown;
use crate::spelling;

/// A place in a file. Both numbers count from 1, columns by characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(clippy::exhaustive_structs, reason = "a place in a text has these two numbers")]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The character in it.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// One thing that is wrong with a policy.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
#[non_exhaustive]
pub struct PolicyFault {
    /// The reason code.
    pub code: Code,
    /// Where, if it is at one place.
    pub place: Option<Place>,
    /// What is wrong. Foreign text in it is escaped.
    pub message: String,
    /// What may have been meant, or what to do.
    pub hint: Option<String>,
}

impl PolicyFault {
    /// The fault as a reason: no verdict is possible. `file` is the policy's path.
    pub fn reason(&self, file: &str) -> Reason {
        self.told(Answer::CannotTell, file)
    }

    /// As a note, where it is one.
    pub fn note(&self, file: &str) -> Reason {
        self.told(Answer::Note, file)
    }

    fn told(&self, answer: Answer, file: &str) -> Reason {
        let at = self.place.map_or_else(|| file.to_owned(), |place| format!("{file}:{place}"));
        let reason = Reason::new(self.code, answer, self.message.clone()).at(at);
        match &self.hint {
            Some(hint) => reason.step(hint.clone()),
            None => reason,
        }
    }
}

/// Gathers what is wrong with one file, and knows the lines of it.
#[derive(Debug)]
pub(super) struct Faults<'i> {
    text: &'i str,
    /// Where each line begins.
    lines: Vec<usize>,
    /// What is wrong so far.
    pub(super) list: Vec<PolicyFault>,
    /// What is odd, but allowed.
    pub(super) notes: Vec<PolicyFault>,
}

impl<'i> Faults<'i> {
    pub(super) fn new(text: &'i str) -> Self {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, lines, list: Vec::new(), notes: Vec::new() }
    }

    /// The place of a byte.
    pub(super) fn place(&self, byte: usize) -> Place {
        let line = self.lines.partition_point(|start| *start <= byte);
        let start = self.lines.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let before = self.text.get(start..byte).unwrap_or("");
        Place { line: line.max(1), column: before.chars().count() + 1 }
    }

    /// Adds a fault. What `message` quotes must be escaped.
    pub(super) fn add(&mut self, code: Code, place: Place, message: impl Into<String>) {
        self.list.push(PolicyFault { code, place: Some(place), message: message.into(), hint: None });
    }

    /// Adds a fault of a value.
    pub(super) fn value(&mut self, place: Place, message: impl Into<String>) {
        self.add(Code::PolicyValue, place, message);
    }

    /// The known word that may have been meant. Where very much is wrong, only the first faults are worth the search.
    pub(super) fn nearest<'a>(&self, word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
        if self.list.len() < MANY { nearest(word, known) } else { None }
    }

    /// Adds a fault with what to do about it.
    pub(super) fn hinted(&mut self, code: Code, place: Place, message: impl Into<String>, hint: Option<String>) {
        self.list.push(PolicyFault { code, place: Some(place), message: message.into(), hint });
    }

    /// Adds a note.
    pub(super) fn note(&mut self, code: Code, place: Place, message: impl Into<String>) {
        self.notes.push(PolicyFault { code, place: Some(place), message: message.into(), hint: None });
    }
}

/// "did you mean" and the known word that is nearest to `word`, if one is near.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let best = spelling::near(word, known).into_iter().next();
    best.map(|best| format!("did you mean `{}`?", Shown::new(best)))
}

/// As many faults as a report lists.
const MANY: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_from_one_and_by_characters() {
        let faults = Faults::new("ab\nüx\n\n");
        let place = |byte| faults.place(byte).to_string();
        assert_eq!(
            [0, 1, 2, 3, 5, 6, 7, 8, 99].map(place),
            ["1:1", "1:2", "1:3", "2:1", "2:2", "2:3", "3:1", "4:1", "4:1"]
        );
        assert_eq!(Faults::new("").place(0).to_string(), "1:1");
    }

    #[test]
    fn the_nearest_word_is_found() {
        let known = ["max-depth", "amount", "independent-paths"];
        assert_eq!(nearest("maxdepth", known).as_deref(), Some("did you mean `max-depth`?"));
        assert_eq!(nearest("amuont", known).as_deref(), Some("did you mean `amount`?"));
        assert_eq!(nearest("allow_rollback", known), None);
        assert_eq!(nearest("x", []), None);
    }
}
