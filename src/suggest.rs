//! What to read next: for each package that lacks reviews, the smallest reading that would make it acceptable, and of all of
//! them the smallest first, so that the least reading makes the most packages acceptable.
//!
//! It names only people who are trusted already, and decides nothing.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::digest::Digest;
use crate::package::Purl;
use crate::reading::Reading;
use crate::reason::{Answer, Code};
use crate::shown::Shown;
use crate::statement::VersionTree;
use crate::statement::review::Thoroughness;
use crate::tree_text::{Entry, TreeText};
use crate::verdict::needs::{Lacking, Need};
use crate::verdict::{Outcome, Verdict};

/// A package, judged, with what its rule lacks.
#[expect(clippy::exhaustive_structs, reason = "whoever asks must give all of it")]
pub struct Subject<'a> {
    /// The package with its version.
    pub package: &'a Purl,
    /// How the user named its directory.
    pub place: &'a str,
    /// The verdict.
    pub verdict: &'a Verdict,
    /// Its tree.
    pub tree: &'a TreeText,
    /// The review clauses that are not met.
    pub needs: &'a [Need],
    /// What was read of it.
    pub reading: &'a Reading,
    /// The tree texts that are at hand.
    pub texts: &'a dyn Fn(Digest) -> Option<TreeText>,
    /// How many lines a file of the tree has.
    pub lines: &'a dyn Fn(&Entry) -> u64,
}

/// One reading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Suggestion {
    /// The package with its version.
    pub package: String,
    /// How many more people must do it.
    pub people: usize,
    /// Who could, where the policy names people.
    pub who: Vec<String>,
    /// The version to read the change from; none where the whole is to be read.
    pub from: Option<String>,
    /// Files to read.
    pub files: usize,
    /// Lines in those files; of a file that changed, all of them, since what it was is not at hand.
    pub lines: u64,
    /// Files of the package that nobody read.
    pub unread: usize,
    /// What else is missing, which no reading gives.
    pub also: Vec<Code>,
    /// What starts it. Escaped.
    pub command: String,
}

/// What to read next, and what no reading helps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Suggestions {
    /// Readings, the smallest first.
    pub readings: Vec<Suggestion>,
    /// Packages that are accepted already.
    pub accepted: usize,
    /// Packages that no reading helps, with what refuses them.
    pub others: Vec<Other>,
}

/// A package that no reading helps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Other {
    /// The package with its version.
    pub package: String,
    /// What refuses it.
    pub codes: Vec<Code>,
}

/// Finds the readings.
pub fn suggest(subjects: &[Subject<'_>]) -> Suggestions {
    let mut found = Suggestions { readings: Vec::new(), accepted: 0, others: Vec::new() };
    for subject in subjects {
        if subject.verdict.outcome() == Outcome::Accepted {
            found.accepted += 1;
            continue;
        }
        let refusing =
            subject.verdict.reasons.iter().filter(|one| matches!(one.answer, Answer::Reject | Answer::CannotTell));
        let codes: BTreeSet<_> = refusing.map(|reason| reason.code).collect();
        let fatal = codes.iter().any(|code| !BY_READING.contains(code) && !BESIDE.contains(code));
        let smallest = subject.needs.iter().map(|need| cheapest(subject, need, &codes));
        let before = found.readings.len();
        if !fatal {
            found.readings.extend(smallest);
        }
        if before == found.readings.len() {
            found.others.push(Other { package: subject.package.to_string(), codes: codes.into_iter().collect() });
        }
    }
    found.readings.sort_by_key(|one| (one.also.len(), one.lines * one.people as u64, one.package.clone()));
    found
}

/// Of the whole and the changes, what is the least to read.
fn cheapest(subject: &Subject<'_>, need: &Need, codes: &BTreeSet<Code>) -> Suggestion {
    let whole = option(subject, need, None, &need.whole, codes);
    let known = |(base, lacking): &(VersionTree, Lacking)| {
        (subject.texts)(base.tree).map(|text| option(subject, need, Some((base, &text)), lacking, codes))
    };
    let changes = need.changes.iter().filter_map(known);
    let cost = |one: &Suggestion| one.lines * one.people as u64;
    changes.fold(whole, |best, one| if cost(&one) < cost(&best) { one } else { best })
}

fn option(
    subject: &Subject<'_>,
    need: &Need,
    from: Option<(&VersionTree, &TreeText)>,
    lacking: &Lacking,
    codes: &BTreeSet<Code>,
) -> Suggestion {
    let files: Vec<&Entry> = match from {
        None => subject.tree.entries().iter().collect(),
        Some((_, text)) => {
            let changes = subject.tree.changes_since(text);
            let changed = changes.changed.iter().map(|(_, now)| *now);
            changes.added.iter().copied().chain(changed).collect()
        }
    };
    let version = from.map(|(base, _)| base.version.as_str());
    Suggestion {
        package: subject.package.to_string(),
        people: lacking.people,
        who: lacking.who.iter().map(ToString::to_string).collect(),
        from: version.map(|version| Shown::new(version).to_string()),
        files: files.len(),
        lines: files.into_iter().map(|entry| (subject.lines)(entry)).sum(),
        unread: subject.reading.unread().count(),
        also: codes.iter().copied().filter(|code| BESIDE.contains(code)).collect(),
        command: command(subject, need, version),
    }
}

/// The command that starts a reading, as it is typed into a shell.
fn command(subject: &Subject<'_>, need: &Need, from: Option<&str>) -> String {
    let mut words = vec!["countersign".to_owned(), "review".to_owned(), quoted(&subject.package.to_string())];
    words.extend(from.map(quoted));
    words.push(quoted(subject.place));
    if need.clause.criteria.iter().any(|one| one != "safe-to-deploy") || need.clause.criteria.len() > 1 {
        words.push(format!("--criteria {}", need.clause.criteria.join(",")));
    }
    if need.clause.thoroughness == Thoroughness::High {
        words.push("--thoroughness high".to_owned());
    }
    words.join(" ")
}

/// A word as a shell takes it, escaped.
fn quoted(word: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./:@%+=,".contains(&b);
    let shown = Shown::new(word).to_string();
    if !word.is_empty() && word.bytes().all(plain) { shown } else { format!("'{}'", shown.replace('\'', "'\\''")) }
}

/// What a reading can give.
const BY_READING: &[Code] =
    &[Code::TooFewReviews, Code::ReviewBaseMissing, Code::SelfReview, Code::NotIndependent, Code::NoManifest];
/// What others can give beside it.
const BESIDE: &[Code] = &[Code::TooFewChecks, Code::TooFewAuthors];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_a_shell() {
        for (word, expected) in [
            ("pkg:cargo/serde@1.0.229", "pkg:cargo/serde@1.0.229"),
            ("a b", "'a b'"),
            ("", "''"),
            ("it's;rm", "'it'\\''s;rm'"),
            ("a\u{202e}$x", "'a\\u{202e}$x'"),
        ] {
            assert_eq!(quoted(word), expected);
        }
    }
}
