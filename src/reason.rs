//! Why a verdict is what it is: a stable code, what follows from it, where it was found, and a sentence.
//!
//! Codes are part of the public interface. They may be added to, never renamed. `codes.rs` lists them all with what they
//! mean and what to do; `docs/codes.md` is made from that, and a test holds the two together.

mod codes;

use std::fmt;

use serde::{Serialize, Serializer};

use crate::shown::Shown;
pub use codes::Code;

impl Code {
    /// The code of this name.
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.iter().map(|(code, _)| *code).find(|code| code.as_str() == text)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What follows from a reason.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::exhaustive_enums, reason = "the four answers are the whole of what a reason can mean")]
pub enum Answer {
    /// The package is refused.
    Reject,
    /// No verdict is possible.
    CannotTell,
    /// This one file gives nothing, and harms no other.
    SetAside,
    /// Listed; the verdict stands.
    Note,
}

/// One reason of a verdict.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct Reason {
    /// The stable code.
    pub code: Code,
    /// What follows.
    pub answer: Answer,
    /// Where: a path in the tree, or a file of evidence. Escaped.
    pub path: Option<String>,
    /// A sentence for people. Foreign text in it is escaped.
    pub message: String,
    /// The smallest step that would change the answer.
    pub step: Option<String>,
}

impl Reason {
    /// A reason without place or step. `message` must have its foreign text escaped by [`Shown`].
    pub fn new(code: Code, answer: Answer, message: impl Into<String>) -> Self {
        Self { code, answer, path: None, message: message.into(), step: None }
    }

    /// Says where; `path` is escaped here. The empty path is the package's directory itself, shown as `.`.
    #[must_use]
    pub fn at(mut self, path: impl AsRef<[u8]>) -> Self {
        let path = path.as_ref();
        self.path = Some(if path.is_empty() { ".".to_owned() } else { Shown::new(path).to_string() });
        self
    }

    /// Says what would change the answer.
    #[must_use]
    pub fn step(mut self, step: impl Into<String>) -> Self {
        self.step = Some(step.into());
        self
    }
}

/// Reasons in the order in which reports list them, up to a limit; the rest is counted, so nothing is cut in silence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    /// The reasons that are listed, sorted by path and code.
    pub reasons: Vec<Reason>,
    /// How many there were in all.
    pub total: usize,
}

impl Listed {
    /// Sorts `reasons` and keeps at most `limit`: those that decide come before those that do not.
    pub fn new(mut reasons: Vec<Reason>, limit: usize) -> Self {
        let order = |a: &Reason, b: &Reason| {
            (&a.path, a.code.as_str(), &a.message).cmp(&(&b.path, b.code.as_str(), &b.message))
        };
        reasons.sort_by(|a, b| a.answer.cmp(&b.answer).then_with(|| order(a, b)));
        reasons.dedup();
        let total = reasons.len();
        reasons.truncate(limit);
        reasons.sort_by(order);
        Self { reasons, total }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_kebab_case_and_distinct() {
        let mut texts: Vec<_> = Code::ALL.iter().map(|(code, _)| code.as_str()).collect();
        for text in &texts {
            assert!(text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{text}");
        }
        texts.sort_unstable();
        let count = texts.len();
        texts.dedup();
        assert_eq!(texts.len(), count);
    }

    #[test]
    fn every_code_says_what_to_do_in_a_few_sentences() {
        for (code, meaning) in Code::ALL {
            assert_eq!((Code::named(code.as_str()), code.meaning()), (Some(*code), *meaning));
            let advice = code.advice();
            let sentences = advice.matches(". ").count() + 1;
            assert!(advice.len() > 40 && advice.ends_with('.') && sentences <= 4, "{code}: {advice}");
            assert!(advice != *meaning && !advice.contains("  ") && !advice.contains(['\n', '|']), "{code}: {advice}");
        }
        assert_eq!(Code::named("File-added"), None);
    }

    #[test]
    fn what_decides_is_listed_before_what_does_not() {
        let note = Reason::new(Code::PathWindows, Answer::Note, "n").at("a");
        let reject = Reason::new(Code::FileAdded, Answer::Reject, "r").at("z");
        let listed = Listed::new(vec![note.clone(), note.clone(), reject.clone()], 1);
        assert_eq!(listed.reasons, std::slice::from_ref(&reject));
        assert_eq!(listed.total, 2);
        assert_eq!(Listed::new(vec![reject.clone(), note.clone()], 9).reasons, [note, reject]);
    }
}
