//! What was read, and what could be read next: from which trees a review of the change would do, and how many people it
//! would take. Decides nothing: a verdict is [`super::judge`]'s alone.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::authors::{Release, Scale};
use super::memory::VersionOrder;
use super::noes;
use super::reviews::{Found, Hop, Reviews};
use super::said::{self, Said, Speakers};
use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::policy::rule::{Requirement, ReviewClause};
use crate::policy::{Person, Voices};
use crate::statement::VersionTree;
use crate::time::Times;

/// What is asked about.
#[expect(clippy::exhaustive_structs, reason = "whoever asks must give all of it")]
pub struct Asked<'a> {
    /// What rights are weighed by.
    pub scale: &'a Scale<'a>,
    /// What was said beside manifests.
    pub said: Said<'a>,
    /// Manifests of this very package and version.
    pub releases: &'a [Release<'a>],
    /// The tree at hand.
    pub tree: Digest,
    /// The order of versions.
    pub order: &'a VersionOrder<'a>,
    /// When.
    pub times: Times,
}

/// A review clause that is not met, and what would meet it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Need {
    /// The clause.
    pub clause: ReviewClause,
    /// What it takes if the whole is read.
    pub whole: Lacking,
    /// The trees from which reading the change would do, and what that takes. The latest version comes first.
    pub changes: Vec<(VersionTree, Lacking)>,
}

/// How many people are missing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lacking {
    /// How many.
    pub people: usize,
    /// Who could do it, where the policy names people. Only who is trusted already.
    pub who: Vec<Person>,
}

impl Asked<'_> {
    /// Every reading by people whom a clause of the rule counts, each once.
    pub fn read(&self) -> Vec<Hop> {
        self.with(|reviews| {
            let mut read: BTreeMap<_, BTreeSet<Fingerprint>> = BTreeMap::new();
            for clause in self.clauses() {
                for (hop, people) in reviews.counted(clause) {
                    read.entry(hop).or_default().extend(people.into_values().flatten());
                }
            }
            let hop = |((from, to), reviewers): (_, BTreeSet<_>)| Hop {
                from,
                to,
                reviewers: reviewers.into_iter().collect(),
            };
            read.into_iter().map(hop).collect()
        })
    }

    /// The review clauses that are not met, and what would meet them.
    pub fn needs(&self) -> Vec<Need> {
        self.with(|reviews| {
            let unmet = self.clauses().into_iter().filter(|clause| !is_met(reviews, clause, self.tree));
            unmet.map(|clause| self.need(reviews, clause)).collect()
        })
    }

    fn need(&self, reviews: &Reviews<'_>, clause: &ReviewClause) -> Need {
        let counted = reviews.counted(clause);
        let lacking = |from| {
            let none = BTreeMap::new();
            let people = counted.get(&(from, self.tree)).unwrap_or(&none);
            let who = match &clause.from {
                Voices::Only(named) => named.iter().filter(|one| !people.contains_key(*one)).cloned().collect(),
                Voices::Authorised => Vec::new(),
            };
            Lacking { people: clause.count.saturating_sub(people.len()).max(1), who }
        };
        let package = self.scale.package;
        let said = self.said.reviews.iter().flat_map(|opened| {
            let review = opened.statement();
            review.from().into_iter().chain([review.to()])
        });
        let trees: BTreeSet<_> = said.collect();
        let at = |one: &VersionTree| one.package(&package.identity());
        let is_before =
            |one: &&VersionTree| at(one).is_some_and(|before| (self.order)(&before, package) == Some(Ordering::Less));
        let mut bases: Vec<_> = trees.into_iter().filter(is_before).collect();
        bases.sort_by(|one, other| match (at(one), at(other)) {
            (Some(one), Some(other)) => (self.order)(&other, &one).unwrap_or(Ordering::Equal),
            _ => Ordering::Equal,
        });
        let most = clause.full_every.and_then(|every| every.releases).unwrap_or(u64::MAX);
        let is_base = |one: &&VersionTree| {
            !reviews.noes.ended.contains_key(&one.tree)
                && matches!(reviews.meet(clause, one.tree), Found::Chain(chain) if chain.len() as u64 <= most)
        };
        let bases = bases.into_iter().take(MOST_TRIED).filter(is_base).take(MOST_BASES);
        Need {
            clause: clause.clone(),
            whole: lacking(None),
            changes: bases.map(|one| (one.clone(), lacking(Some(one.tree)))).collect(),
        }
    }

    fn clauses(&self) -> Vec<&ReviewClause> {
        let clauses = self.scale.rule.require.clauses().into_iter();
        let reviews = clauses.filter_map(|clause| match clause {
            Requirement::Review(clause) => Some(clause),
            _ => None,
        });
        reviews.collect()
    }

    fn with<T>(&self, act: impl FnOnce(&Reviews<'_>) -> T) -> T {
        let speakers = Speakers::new(self.scale);
        let noes = noes::weigh(&self.said, &speakers, self.releases, Some(self.tree), self.times);
        act(&Reviews {
            said: self.said,
            speakers: &speakers,
            noes: &noes,
            order: self.order,
            times: self.times,
            authors: said::writers(self.scale, self.releases),
        })
    }
}

fn is_met(reviews: &Reviews<'_>, clause: &ReviewClause, tree: Digest) -> bool {
    matches!(reviews.meet(clause, tree), Found::Chain(_))
}

/// So many trees are tried, the latest versions first, so that a long line of releases costs no minutes.
const MOST_TRIED: usize = 64;
/// So many are told.
const MOST_BASES: usize = 4;
