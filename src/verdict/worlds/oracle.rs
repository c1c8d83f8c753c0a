//! The rules on authors and memory as they stand in the design, over plain sets. Nothing of the judgement's code is used.

use std::collections::BTreeSet;

use super::super::Outcome;
use super::making::Table;
use super::{Answer, Asked, Grant, Manifest, New, Pinned, Remembered, Set, World};
use crate::lock::Basis;
use crate::reason::Code;

/// By what somebody counts as author.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Right {
    /// Named by the rule, or granted the role.
    Named,
    /// And whether they are remembered, or were handed over to, beside that.
    Granted(bool),
    Pinned,
    Trusted,
    First,
}

/// A world under a policy, with what memory says of the version that is judged.
struct Oracle<'a> {
    table: &'a Table,
    world: &'a World,
    asked: &'a Asked,
    /// The remembered release whose place it takes.
    slot: Option<(usize, Pinned)>,
    /// Its authors, or where it had none everybody who ever was one, without those who are distrusted.
    known: Set,
    /// The same with them.
    remembered: Set,
    /// Whether anybody at all is remembered.
    is_new: bool,
    was_signed: bool,
}

/// What follows in a world under a policy, where the tree is held against the manifest at this place of its releases.
pub(super) fn oracle(table: &Table, world: &World, asked: &Asked, compared: Option<usize>) -> Answer {
    let pinned = |version: usize| Some((version, world.pins[version]?));
    let below = (0..world.version).rev().find_map(pinned);
    let above = (world.version + 1..3).find_map(pinned);
    let slot = pinned(world.version).or(below).or(above);
    let all = world.pins.iter().flatten().fold(world.former, |all, pin| all.with(pin.authors));
    let authors = slot.map_or(NOBODY, |(_, pin)| pin.authors);
    let remembered = if authors.is_empty() { all } else { authors };
    let oracle = Oracle {
        table,
        world,
        asked,
        slot,
        known: remembered.without(asked.distrusted),
        remembered,
        is_new: remembered.is_empty(),
        was_signed: slot.map_or(!all.is_empty(), |(_, pin)| !pin.authors.is_empty()),
    };
    oracle.answer(compared.map(|place| world.releases[place]))
}

impl Oracle<'_> {
    fn answer(&self, judged: Option<Manifest>) -> Answer {
        let mut codes = BTreeSet::new();
        match self.slot {
            Some((version, pin)) if version == self.world.version && pin.other => {
                codes.insert(Code::ContentDiffers);
            }
            Some((version, _)) if version > self.world.version => {
                codes.insert(Code::Rollback);
            }
            _ => {}
        }
        if judged.is_some_and(|judged| self.table.text(judged.text).other) {
            codes.insert(Code::TreeDiffers);
        }
        if self.is_equivocation() {
            codes.insert(Code::Equivocation);
        }
        if self.is_contested() {
            codes.insert(Code::AuthorContested);
        }
        let basis = self.authors(judged, &mut codes);
        let refused = codes.iter().any(|code| *code != Code::AuthorContested);
        let outcome = match (refused, codes.is_empty()) {
            (true, _) => Outcome::Rejected,
            (false, true) => Outcome::Accepted,
            (false, false) => Outcome::Undetermined,
        };
        let pin = basis.filter(|_| outcome == Outcome::Accepted).map(|basis| self.remember(judged, basis));
        Answer { outcome, codes, pin }
    }

    /// The basis of what the clause on authors lets through, or the codes of what it does not.
    fn authors(&self, judged: Option<Manifest>, codes: &mut BTreeSet<Code>) -> Option<Basis> {
        let rights: Vec<_> = judged.into_iter().flat_map(|judged| self.rights(judged)).collect();
        // The pin rests on nobody any more: only who needs no pin accepts it anew.
        let void = self.was_signed && self.known.is_empty();
        let authors: Vec<_> = judged.into_iter().flat_map(|judged| self.counting(judged)).collect();
        if void && !authors.iter().any(|(_, right)| matches!(right, Right::Named | Right::Granted(_))) {
            codes.insert(Code::SignerDenied);
            return None;
        }
        // Of those who need a path, one hand reaches one.
        let suffice = |rights: &[Right], memory: bool| {
            let by_path = |right: &Right| match right {
                Right::Granted(kept) => !(*kept && memory),
                other => *other == Right::Trusted,
            };
            let paths = rights.iter().filter(|right| by_path(right)).count();
            let apart = if self.asked.one_hand { rights.len() - paths + paths.min(1) } else { rights.len() };
            apart >= self.asked.count
        };
        let all: Vec<_> = rights.iter().map(|(_, right)| *right).collect();
        let by_policy: Vec<_> = all.iter().copied().filter(|right| self.basis(*right) == Basis::Policy).collect();
        if suffice(&by_policy, self.slot.is_some_and(|(_, pin)| pin.policy)) {
            return Some(Basis::Policy);
        }
        if suffice(&all, true) {
            return Some(Basis::FirstUse);
        }
        // What was never signed here may stay so, whoever else put a signature on it.
        if self.asked.unsigned && !self.was_signed {
            return Some(Basis::Unsigned);
        }
        let strangers = judged.map_or(NOBODY, |judged| judged.signers.without(self.asked.distrusted));
        match authors.len() {
            0 if !strangers.is_empty() && !self.known.is_empty() => drop(codes.insert(Code::AuthorChanged)),
            0 if self.was_signed => drop(codes.insert(Code::Downgrade)),
            0 if judged.is_none() && codes.iter().all(|code| *code == Code::AuthorContested) => {
                codes.insert(Code::NoManifest);
            }
            0 if judged.is_none() => {}
            0 => {
                let told: BTreeSet<_> = strangers.people().filter_map(|stranger| self.stranger(stranger)).collect();
                codes.extend(if told.is_empty() { [Code::TooFewAuthors].into() } else { told });
            }
            _ if rights.len() < self.asked.count => drop(codes.insert(Code::TooFewAuthors)),
            _ => drop(codes.insert(Code::NotIndependent)),
        }
        None
    }

    /// Why a signer is no author, unless the rule names those who are.
    fn stranger(&self, person: usize) -> Option<Code> {
        match self.grant(person) {
            Grant::OutOfScope => Some(Code::OutOfScope),
            Grant::TooDeep => Some(Code::TooDeep),
            _ => self.asked.named.is_none().then_some(Code::Unauthorised),
        }
    }

    fn grant(&self, person: usize) -> Grant {
        self.asked.grants.map_or(Grant::Nothing, |grants| grants[person])
    }

    /// Signers of a manifest who count as its authors.
    fn rights(&self, manifest: Manifest) -> Vec<(usize, Right)> {
        let grants: Vec<_> = (0..3).map(|person| self.grant(person)).collect();
        let exclusive = self.asked.named.is_some() || grants.contains(&Grant::ByName);
        let handed = self.slot.is_some_and(|(_, pin)| pin.text.is_some_and(|text| self.is_handed_over(manifest, text)));
        let right = |person: usize| {
            let grant = grants[person];
            if self.asked.named.is_some_and(|named| named.has(person)) {
                return Some(Right::Named);
            }
            if matches!(grant, Grant::Role | Grant::ByName) {
                // Where the rule names people, its clause counts nobody else.
                let kept = !exclusive && (self.known.has(person) || !self.is_new && handed);
                return self.asked.named.is_none().then_some(Right::Granted(kept));
            }
            if exclusive {
                return None;
            }
            if !self.is_new {
                return (self.known.has(person) || handed).then_some(Right::Pinned);
            }
            match self.asked.new {
                New::FirstUse | New::Trusted if grant == Grant::Known => Some(Right::Trusted),
                New::FirstUse => Some(Right::First),
                New::Trusted | New::Reject => None,
            }
        };
        let signers = manifest.signers.without(self.asked.distrusted);
        signers.people().filter_map(|person| Some((person, right(person)?))).collect()
    }

    fn basis(&self, right: Right) -> Basis {
        match right {
            Right::Named | Right::Granted(_) | Right::Trusted => Basis::Policy,
            Right::Pinned if self.slot.is_some_and(|(_, pin)| pin.policy) => Basis::Policy,
            Right::Pinned | Right::First => Basis::FirstUse,
        }
    }

    /// Whether each change of authors since the pinned manifest was signed by enough of those before, and by all who are new.
    fn is_handed_over(&self, later: Manifest, pinned: usize) -> bool {
        let text = self.table.text(later.text);
        let Some(previous) = text.previous else { return false };
        let void = self.asked.distrusted;
        let signers = later.signers.without(void);
        let proper = |before: Set| {
            let enough = if text.authors.without(void) == before.without(void) { 1 } else { self.asked.handover };
            text.authors.without(before).without(signers).is_empty() && signers.and(before).count() >= enough
        };
        if previous == pinned {
            return proper(self.remembered);
        }
        let mut at_hand = self.world.others.iter().chain(&self.world.releases);
        let earlier = at_hand.find(|one| one.text == previous && !one.signers.is_empty());
        earlier.is_some_and(|one| proper(self.table.text(previous).authors) && self.is_handed_over(*one, pinned))
    }

    fn is_equivocation(&self) -> bool {
        let signed = |other: bool| {
            let of = self.world.releases.iter().filter(|one| self.table.text(one.text).other == other);
            of.flat_map(|one| self.counting(*one)).map(|(person, _)| person).collect::<BTreeSet<_>>()
        };
        !signed(true).is_disjoint(&signed(false))
    }

    fn is_contested(&self) -> bool {
        let claims: Vec<_> = self.world.releases.iter().map(|one| self.counting(*one)).collect();
        let settled = claims.iter().flatten().any(|(_, right)| *right != Right::First);
        let sets: Vec<Set> = claims
            .iter()
            .map(|claim| claim.iter().fold(Set::default(), |set, (person, _)| set.with(Set::of(*person))))
            .filter(|set| !set.is_empty())
            .collect();
        let apart = sets.iter().any(|one| sets.iter().any(|other| one.and(*other).is_empty()));
        !settled && apart
    }

    /// Signers who are authors of the package, whether or not the rule's clause counts them.
    fn counting(&self, manifest: Manifest) -> Vec<(usize, Right)> {
        let mut all = self.rights(manifest);
        if self.asked.named.is_some() {
            let granted = |person: &usize| matches!(self.grant(*person), Grant::Role | Grant::ByName);
            let signers = manifest.signers.without(self.asked.distrusted);
            let more: Vec<_> =
                signers.people().filter(granted).filter(|one| all.iter().all(|(x, _)| x != one)).collect();
            all.extend(more.into_iter().map(|person| (person, Right::Granted(false))));
        }
        all
    }

    fn remember(&self, judged: Option<Manifest>, basis: Basis) -> Remembered {
        let signed = judged.filter(|_| basis != Basis::Unsigned);
        let authors = signed.map_or(NOBODY, |judged| {
            let counted = self.rights(judged).iter().fold(self.known, |set, (person, _)| set.with(Set::of(*person)));
            self.table.text(judged.text).authors.and(counted)
        });
        let text = signed.map(|judged| judged.text);
        Remembered { authors, text, basis, replaces: self.slot.map(|(version, _)| version) }
    }
}

const NOBODY: Set = Set(0);
