//! Composes reviews: a reading of the whole, and readings of the changes from there to the tree at hand.
//!
//! Each hop meets the clause alone; hops join by equal tree digests and run forward; no author of a release on the way is
//! its reviewer; what was rejected or withdrawn ends every way through it. Among all ways the one with the fewest hops is
//! taken. Where more than six people both wrote and reviewed, none of them is counted as a reviewer.
//!
//! A review's age goes by the date that its reviewer wrote: an earlier one can only make it weaker, and one from the
//! future does not count.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::chain::Link;
use super::heard::Heard;
use super::memory::VersionOrder;
use super::noes::Noes;
use super::said::{Said, Speakers, Standing};
use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::grant::Role;
use crate::policy::rule::ReviewClause;
use crate::policy::{Person, Voices};
use crate::shown::Shown;
use crate::statement::Review;
use crate::statement::review::{Opinion, Relation};
use crate::time::{CLOCK_TOLERANCE, Times, Timestamp};

/// One step of a chain of reviews, and the certificates of those who were counted for it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hop {
    /// The tree before; none where the whole was read.
    pub from: Option<Digest>,
    /// The tree that was read.
    pub to: Digest,
    /// Who read it.
    pub reviewers: Vec<Fingerprint>,
}

/// How a clause came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// The hops, from a reading of the whole to the tree at hand.
    Chain(Vec<Hop>),
    /// What stands in the way, and how many people's word on the last hop counts.
    Lacking(Lack, usize),
}

/// The fewest readings that would be enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanting {
    /// The tree before the change that is to be read; none where the whole is.
    pub(super) from: Option<Digest>,
    /// The tree that is to be read.
    pub(super) to: Digest,
    /// How many people more.
    pub(super) more: usize,
    /// Which of those whom the clause names, whichever of them; none where it names nobody.
    pub(super) by: BTreeSet<Person>,
}

/// What stands in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lack {
    /// Too few people.
    Few,
    /// Enough, if this build could check all keys.
    Uncertain,
    /// Enough, if authors counted.
    Authors,
    /// Enough, if it were no matter who introduced them.
    Dependent,
    /// Enough for the changes, and no reading of the whole that they lead back to.
    NoBase,
    /// Enough, if a tree on the way had not been ended.
    Ended(String),
}

/// What reviews are composed by.
pub(super) struct Reviews<'a> {
    pub(super) said: Said<'a>,
    pub(super) speakers: &'a Speakers<'a>,
    pub(super) noes: &'a Noes,
    pub(super) order: &'a VersionOrder<'a>,
    pub(super) times: Times,
    /// Who wrote which tree, as far as that is known.
    pub(super) authors: BTreeMap<Digest, BTreeSet<Person>>,
}

/// What is overlooked, to find out what stands in the way.
#[derive(Debug, Clone, Copy, Default)]
struct Overlooking {
    keys: bool,
    authors: bool,
    independence: bool,
    ends: bool,
}

/// People with their certificates, by the hop that they read.
pub(super) type Readings = BTreeMap<(Option<Digest>, Digest), BTreeMap<Person, BTreeSet<Fingerprint>>>;

/// The certificates of each person who is counted.
type Counted<'a> = Vec<&'a BTreeSet<Fingerprint>>;

impl Reviews<'_> {
    /// Looks for a chain that meets a clause.
    pub(super) fn meet(&self, clause: &ReviewClause, tree: Digest) -> Found {
        let plain = Overlooking::default();
        if let Some(chain) = self.chain(clause, tree, plain) {
            return Found::Chain(chain);
        }
        let readings = self.readings(clause, plain);
        let last = readings.iter().filter(|((_, to), _)| *to == tree);
        let last = last.map(|(hop, people)| people.keys().filter(|one| !self.wrote(*hop, one)).count()).max();
        let met = |overlooking| self.chain(clause, tree, overlooking).is_some();
        let lack = if met(Overlooking { keys: true, ..plain }) {
            Lack::Uncertain
        } else if met(Overlooking { authors: true, ..plain }) {
            Lack::Authors
        } else if met(Overlooking { independence: true, ..plain }) {
            Lack::Dependent
        } else if let Some(chain) = self.chain(clause, tree, Overlooking { ends: true, ..plain }) {
            let ended = chain.iter().find_map(|hop| Some((hop.to, self.noes.ended.get(&hop.to)?)));
            Lack::Ended(ended.map(|(tree, why)| format!("{tree} is {why}")).unwrap_or_default())
        } else if last.is_some_and(|people| people >= clause.count) {
            Lack::NoBase
        } else {
            Lack::Few
        };
        Found::Lacking(lack, last.unwrap_or(0))
    }

    /// Whoever approved what the clause asks for, by hop.
    pub(super) fn counted(&self, clause: &ReviewClause) -> Readings {
        self.readings(clause, Overlooking::default())
    }

    /// The fewest readings that would make a clause met, by people who could be counted: of what somebody began to read, or
    /// of the whole tree.
    pub(super) fn wanting(&self, clause: &ReviewClause, tree: Digest) -> Option<Wanting> {
        let readings = self.readings(clause, Overlooking::default());
        let wrote: BTreeSet<_> = self.authors.values().flatten().collect();
        // Whoever wrote none of it: one of them is as good as another.
        let able: Vec<Person> = match &clause.from {
            Voices::Authorised => (0..clause.count).map(|number| Person::Named(format!("\0{number}"))).collect(),
            Voices::Only(people) => {
                let counted = people.iter().flat_map(|person| self.speakers.voices_of(person));
                counted.collect::<BTreeSet<_>>().into_iter().filter(|one| !wrote.contains(one)).collect()
            }
        };
        let begun = readings.keys().copied().filter(|hop| *hop != (None, tree));
        let (last, before): (Vec<_>, Vec<_>) = begun.partition(|(_, to)| *to == tree);
        let hops = last.into_iter().chain([(None, tree)]).chain(before).take(MOST_HOPS);
        // What somebody introduced by another hand would add is not known.
        let overlooking = Overlooking { independence: true, ..Overlooking::default() };
        let wanting = hops.filter_map(|hop| {
            let people = readings.get(&hop).cloned().unwrap_or_default();
            let able: Vec<_> = able.iter().filter(|person| !people.contains_key(*person)).collect();
            let least = clause.count.saturating_sub(people.len()).max(1);
            let more = (least..=clause.count.min(able.len())).find(|more| {
                let mut with = readings.clone();
                let there = with.entry(hop).or_default();
                there.extend(able.iter().take(*more).map(|person| ((*person).clone(), BTreeSet::new())));
                self.chain_in(&with, clause, tree, overlooking).is_some()
            })?;
            let by = able.into_iter().filter(|_| clause.from != Voices::Authorised).cloned().collect();
            Some(Wanting { from: hop.0, to: hop.1, more, by })
        });
        wanting.min_by_key(|wanting| (wanting.more, wanting.to != tree, wanting.from.is_none()))
    }

    /// How a tree is called by those who read it.
    pub(super) fn version_of(&self, tree: Digest) -> String {
        let known = self.said.reviews.iter().flat_map(|opened| {
            let review = opened.statement();
            review.from().into_iter().chain([review.to()])
        });
        let version = known.filter(|one| one.tree == tree).map(|one| &one.version).min();
        version.map_or_else(|| tree.to_string(), |version| Shown::new(version).to_string())
    }

    /// Certificates of one person who is counted once, by which they read a way to this tree.
    pub(super) fn duplicates(&self, clause: &ReviewClause, tree: Digest) -> Vec<(Fingerprint, Fingerprint)> {
        let readings = self.readings(clause, Overlooking::default());
        let people =
            readings.into_iter().filter(|((_, to), _)| *to == tree).flat_map(|(_, people)| people.into_values());
        people.flat_map(|own| duplicates(&own)).collect()
    }

    /// Reviews of this version by people whom a clause could count, that are of another tree than the one at hand.
    pub(super) fn of_other_trees(&self, clause: &ReviewClause, tree: Digest) -> Vec<Digest> {
        let version = self.speakers.scale.package.version();
        let other = |opened: &Heard<'_, Review>| {
            let to = opened.statement().to();
            opened.statement().verdict() == Opinion::Approve && Some(to.version.as_str()) == version && to.tree != tree
        };
        let counts = |opened: &Heard<'_, Review>| {
            opened.signers().any(|signer| self.speakers.counts(signer, &clause.from, Role::Reviewer))
        };
        self.said.reviews.iter().filter(other).filter(counts).map(Heard::digest).collect()
    }

    /// Reviews that are dated ahead of the clock, and count for nothing.
    pub(super) fn ahead(&self) -> impl Iterator<Item = Heard<'_, Review>> {
        self.said.reviews.iter().filter(|opened| {
            opened.statement().verdict() == Opinion::Approve && self.is_ahead(opened.statement().reviewed())
        })
    }

    /// Whether anybody who approved this tree has the role for other packages only.
    pub(super) fn out_of_scope(&self, clause: &ReviewClause, tree: Digest) -> Vec<&Fingerprint> {
        if clause.from != Voices::Authorised {
            return Vec::new();
        }
        let of_this = self.said.reviews.iter().filter(|opened| opened.statement().to().tree == tree);
        let signers: BTreeSet<_> = of_this.flat_map(Heard::signers).collect();
        let outside = |signer: &&Fingerprint| self.speakers.standing(signer, Role::Reviewer) == Standing::OutOfScope;
        signers.into_iter().filter(outside).collect()
    }

    fn is_ahead(&self, dated: Timestamp) -> bool {
        dated > self.times.at.min(self.times.now).plus(CLOCK_TOLERANCE)
    }

    fn is_older(&self, dated: Timestamp, days: u64) -> bool {
        u64::from(self.times.at.seconds().saturating_sub(dated.seconds())) > days * 24 * 60 * 60
    }

    /// Whoever approved what the clause asks for, by hop. A change that does not run forward is no hop.
    fn readings(&self, clause: &ReviewClause, overlooking: Overlooking) -> Readings {
        let mut readings = Readings::new();
        for opened in self.said.reviews.iter() {
            let review = opened.statement();
            let vouches = |wanted: &String| review.criteria().iter().any(|word| word.as_str() == wanted);
            let fits = review.verdict() == Opinion::Approve
                && review.thoroughness() >= clause.thoroughness
                && (overlooking.authors || review.relation() != Relation::Coauthor)
                && !self.is_ahead(review.reviewed())
                && clause.max_age.is_none_or(|days| !self.is_older(review.reviewed(), days))
                && clause.criteria.iter().all(vouches)
                && self.is_forward(review);
            let days = clause.full_every.and_then(|every| every.days).filter(|_| review.from().is_none());
            if !fits || days.is_some_and(|days| self.is_older(review.reviewed(), days)) {
                continue;
            }
            let unchecked = opened.unsupported().filter(|_| overlooking.keys);
            for signer in opened.signers().chain(unchecked) {
                if self.speakers.counts(signer, &clause.from, Role::Reviewer) {
                    let hop = (review.from().map(|from| from.tree), review.to().tree);
                    let people = readings.entry(hop).or_default();
                    people.entry(self.speakers.person(signer)).or_default().insert(signer.clone());
                }
            }
        }
        readings
    }

    fn is_forward(&self, review: &Review) -> bool {
        let Some(from) = review.from() else { return true };
        let (identity, to) = (review.package(), review.to());
        let (Some(before), Some(after)) = (from.package(identity), to.package(identity)) else { return false };
        match (self.order)(&before, &after) {
            Some(order) => order == Ordering::Less,
            // Where versions have no order, the authors' chain says what follows what.
            None => {
                let chain = self.speakers.scale.chain;
                let of = |tree: Digest| chain.manifests().filter(move |opened| opened.statement().tree() == tree);
                of(to.tree).any(|later| {
                    of(from.tree).any(|earlier| chain.link(later.digest(), earlier.digest()) == Link::Follows)
                })
            }
        }
    }

    /// Whether somebody wrote what a hop leads from or to.
    fn wrote(&self, (from, to): (Option<Digest>, Digest), person: &Person) -> bool {
        from.iter().chain([&to]).any(|tree| self.authors.get(tree).is_some_and(|wrote| wrote.contains(person)))
    }

    fn chain(&self, clause: &ReviewClause, tree: Digest, overlooking: Overlooking) -> Option<Vec<Hop>> {
        self.chain_in(&self.readings(clause, overlooking), clause, tree, overlooking)
    }

    fn chain_in(
        &self,
        readings: &Readings,
        clause: &ReviewClause,
        tree: Digest,
        overlooking: Overlooking,
    ) -> Option<Vec<Hop>> {
        let readers: BTreeSet<_> = readings.values().flat_map(BTreeMap::keys).collect();
        let wrote = |tree: &Digest| self.authors.get(tree).into_iter().flatten();
        let trees: BTreeSet<_> = readings.keys().flat_map(|(from, to)| from.iter().chain([to])).collect();
        let double: BTreeSet<_> =
            trees.iter().flat_map(|tree| wrote(tree)).filter(|one| readers.contains(one)).collect();
        if overlooking.authors || double.is_empty() {
            return self.shortest(clause, tree, readings, &BTreeSet::new(), None, overlooking);
        }
        let double: Vec<_> = double.into_iter().collect();
        // Whoever is left out as a reviewer may have written what lies on the way, and nobody else who reviewed.
        let choices: Vec<u32> =
            if double.len() <= MOST_DOUBLE { (0..1 << double.len()).collect() } else { vec![u32::MAX] };
        let found = choices.into_iter().filter_map(|bits| {
            let left_out: BTreeSet<_> = double
                .iter()
                .enumerate()
                .filter(|(n, _)| *n >= 32 || bits >> n & 1 == 1)
                .map(|(_, one)| *one)
                .collect();
            let may = |tree: &Digest| wrote(tree).all(|one| !double.contains(&one) || left_out.contains(one));
            self.shortest(clause, tree, readings, &left_out, Some(&may), overlooking)
        });
        found.min_by_key(Vec::len)
    }

    /// The way with the fewest hops, by breadth first: each tree is looked at once.
    fn shortest(
        &self,
        clause: &ReviewClause,
        wanted: Digest,
        readings: &Readings,
        left_out: &BTreeSet<&Person>,
        may: Option<&dyn Fn(&Digest) -> bool>,
        overlooking: Overlooking,
    ) -> Option<Vec<Hop>> {
        let open = |tree: &Digest| {
            // A no to the tree at hand is told for itself.
            let ended = *tree != wanted && self.noes.ended.contains_key(tree);
            (overlooking.ends || !ended) && may.is_none_or(|may| may(tree))
        };
        let mut onward: BTreeMap<Option<Digest>, Vec<(Digest, Counted<'_>)>> = BTreeMap::new();
        let mut asked = BTreeMap::new();
        for ((from, to), people) in readings {
            let counted: Vec<_> =
                people.iter().filter(|(person, _)| !left_out.contains(person)).map(|(_, own)| own).collect();
            if counted.len() < clause.count || !open(to) || from.as_ref().is_some_and(|from| !open(from)) {
                continue;
            }
            let independent = overlooking.independence
                || *asked.entry(counted.clone()).or_insert_with(|| self.are_independent(clause, &counted));
            if independent {
                onward.entry(*from).or_default().push((*to, counted));
            }
        }
        let most = clause.full_every.and_then(|every| every.releases).unwrap_or(u64::MAX);
        let mut reached: BTreeMap<Digest, (Option<Digest>, Counted<'_>)> = BTreeMap::new();
        let mut left = VecDeque::from([(None, 0)]);
        while let Some((from, hops)) = left.pop_front() {
            if hops > most {
                break;
            }
            for (to, counted) in onward.get(&from).into_iter().flatten() {
                if !reached.contains_key(to) {
                    reached.insert(*to, (from, counted.clone()));
                    left.push_back((Some(*to), hops + 1));
                }
            }
        }
        let mut chain = Vec::new();
        let mut next = Some(wanted);
        while let Some(to) = next {
            let (from, counted) = reached.get(&to)?;
            let reviewers = counted.iter().copied().flatten().cloned().collect();
            chain.push(Hop { from: *from, to, reviewers });
            next = *from;
        }
        chain.reverse();
        Some(chain)
    }

    /// Paths are asked of those whose right rests on paths; whom the clause names needs none.
    fn are_independent(&self, clause: &ReviewClause, people: &[&BTreeSet<Fingerprint>]) -> bool {
        if clause.count < 2 || !clause.independent || clause.from != Voices::Authorised {
            return true;
        }
        let people: Vec<Vec<_>> = people.iter().map(|own| own.iter().cloned().collect()).collect();
        let scale = self.speakers.scale;
        scale
            .trust
            .is_some_and(|trust| trust.are_independent(&people, clause.count, Some(Role::Reviewer), scale.package))
    }
}

/// Of the certificates by which one person spoke, each further one with the first.
pub(super) fn duplicates(own: &BTreeSet<Fingerprint>) -> Vec<(Fingerprint, Fingerprint)> {
    let mut own = own.iter();
    own.next().map(|first| own.map(|other| (other.clone(), first.clone())).collect()).unwrap_or_default()
}

/// So many readings that were begun are tried, to find out which of them wants the least.
const MOST_HOPS: usize = 8;

/// So many people who both wrote and reviewed are tried in every combination.
const MOST_DOUBLE: usize = 6;

#[cfg(test)]
mod tests;
