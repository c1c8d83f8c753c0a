//! What a rule asks for, in sentences.

use super::people::Voices;
use super::rule::{
    AuthorClause, CheckClause, FullEvery, NewPackage, Requirement, ReviewClause, Rule, Thoroughness, Unsigned,
};
use crate::shown::Shown;

impl Rule {
    /// What the rule asks of a package, one sentence a line; what belongs to a line is indented below it.
    pub fn sentences(&self) -> Vec<String> {
        let mut lines = Vec::new();
        tell(&self.require, 0, &mut lines);
        let authors: Vec<_> = self.require.clauses();
        let authors = authors.iter().filter_map(|clause| match clause {
            Requirement::Author(clause) => Some(clause),
            _ => None,
        });
        if authors.clone().next().is_some() {
            lines.push(match self.unsigned {
                Unsigned::Accept => "Without an author's signature that counts, the author clauses are skipped: the \
                                     package passes as unsigned, and is told as not vouched for."
                    .to_owned(),
                Unsigned::Reject => "Without an author's signature that counts, it is refused.".to_owned(),
            });
        }
        if authors.clone().any(|clause| clause.from == Voices::Authorised) {
            lines.push(new_package(self.new_package).to_owned());
            lines.push(format!(
                "A change of its authors must be signed by {} of those before, and by everyone who is new.",
                self.handover
            ));
        }
        if let Voices::Only(_) = &self.veto_from {
            lines.push(format!(
                "A rejecting review counts if it is by whoever could approve, or by somebody {}.",
                who(&self.veto_from, "")
            ));
        }
        if let Voices::Only(_) = &self.withdraw_from {
            lines.push(format!("A withdrawal counts if it is by an author, or by {}.", who(&self.withdraw_from, "")));
        }
        lines
    }
}

fn tell(requirement: &Requirement, depth: usize, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    match requirement {
        Requirement::All(inner) | Requirement::Any(inner) => {
            let word = if matches!(requirement, Requirement::All(_)) { "Each of these:" } else { "One of these:" };
            lines.push(format!("{indent}{word}"));
            inner.iter().for_each(|clause| tell(clause, depth + 1, lines));
        }
        Requirement::Author(clause) => lines.push(format!("{indent}{}", author(clause))),
        Requirement::Review(clause) => lines.push(format!("{indent}{}", review(clause))),
        Requirement::Check(clause) => lines.push(format!("{indent}{}", check(clause))),
    }
}

fn author(clause: &AuthorClause) -> String {
    let who = who(&clause.from, "who may release this package");
    format!(
        "The manifest is signed by {} {who}{}.",
        people(clause.count, "author"),
        apart(clause.count, clause.independent)
    )
}

fn review(clause: &ReviewClause) -> String {
    let who = who(&clause.from, "with the role reviewer");
    let mut text = format!(
        "The tree, or the changes that lead to it, are approved by {} {who}{}",
        people(clause.count, "reviewer"),
        apart(clause.count, clause.independent)
    );
    if !clause.criteria.is_empty() {
        text.push_str(&format!(", as {}", clause.criteria.join(" and ")));
    }
    match clause.thoroughness {
        Thoroughness::Low => {}
        Thoroughness::Medium => text.push_str(", with at least medium thoroughness"),
        Thoroughness::High => text.push_str(", with high thoroughness"),
    }
    if let Some(days) = clause.max_age {
        text.push_str(&format!(", not more than {days} days ago"));
    }
    if let Some(every) = &clause.full_every {
        text.push_str(&format!("; the whole is reviewed at least every {}", full_every(every)));
    }
    text.push('.');
    text
}

fn check(clause: &CheckClause) -> String {
    let who = who(&clause.from, "with the role checker");
    format!("The check `{}` passed, as {} {who} signed.", Shown::new(&clause.name), people(clause.count, "person"))
}

fn new_package(rule: NewPackage) -> &'static str {
    match rule {
        NewPackage::FirstUse => "If it is new here, its first author may be anyone, and is remembered once accepted.",
        NewPackage::TrustedAuthor => "If it is new here, its author must be authenticated by the roots.",
        NewPackage::Reject => "If it is new here, its author must have been granted the role for it.",
    }
}

fn full_every(every: &FullEvery) -> String {
    match (every.releases, every.days) {
        (Some(releases), Some(days)) => format!("{releases} releases and {days} days"),
        (Some(releases), None) => format!("{releases} releases"),
        (None, days) => format!("{} days", days.unwrap_or_default()),
    }
}

fn people(count: usize, word: &str) -> String {
    match (count, word) {
        (1, _) => format!("1 {word}"),
        (_, "person") => format!("{count} people"),
        _ => format!("{count} {word}s"),
    }
}

fn who(voices: &Voices, otherwise: &str) -> String {
    match voices {
        Voices::Authorised => otherwise.to_owned(),
        Voices::Only(people) => {
            let named: Vec<_> = people.iter().map(|person| Shown::new(&person.to_string()).to_string()).collect();
            format!("among {}", named.join(", "))
        }
    }
}

fn apart(count: usize, independent: bool) -> &'static str {
    if count > 1 && independent { ", whose paths share no certificate but roots" } else { "" }
}
