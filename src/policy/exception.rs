//! Exemptions and overrides: what is let through for a time, with a reason, and what never is.

use std::collections::BTreeSet;

use super::fault::Place;
use crate::digest::Digest;
use crate::package::Purl;
use crate::pattern::Pattern;
use crate::reason::Code;
use crate::time::{Day, Timestamp};

/// Lifts refusals of some codes for some packages.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exemption {
    /// Which packages.
    pub packages: Vec<Pattern>,
    /// Which refusals.
    pub codes: BTreeSet<Code>,
    /// Why.
    pub reason: String,
    /// The last day on which it holds.
    pub until: Day,
    /// Where it stands in the file.
    pub place: Place,
}

impl Exemption {
    /// Whether it lifts a refusal of a package at a moment.
    pub fn lifts(&self, code: Code, package: &Purl, at: Timestamp) -> bool {
        self.until.reaches(at)
            && self.codes.contains(&code)
            && self.packages.iter().any(|pattern| pattern.matches(package))
    }
}

/// Lifts the no of one statement.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Override {
    /// The rejecting review, or the withdrawal.
    pub statement: Digest,
    /// Why.
    pub reason: String,
    /// The last day on which it holds.
    pub until: Day,
    /// Where it stands in the file.
    pub place: Place,
}

impl Override {
    /// Whether it lifts a statement's no at a moment.
    pub fn lifts(&self, statement: Digest, at: Timestamp) -> bool {
        self.statement == statement && self.until.reaches(at)
    }
}

/// The refusals that an exemption may lift: that there is too little evidence, or that a tree is unusual.
///
/// Never that something is wrong: the alarms of memory, other bytes than were signed, a signer who is revoked or
/// distrusted; nor a no, which `[[override]]` lifts one by one. A code that is not listed here cannot be lifted, so a new one is safe from the start.
pub const LIFTABLE: &[Code] = &[
    Code::NoManifest,
    Code::Unauthorised,
    Code::OutOfScope,
    Code::TooDeep,
    Code::TooFewAuthors,
    Code::NotIndependent,
    Code::TooFewReviews,
    Code::SelfReview,
    Code::ReviewBaseMissing,
    Code::TooFewChecks,
    Code::PathWindows,
    Code::ExtraMetadata,
    Code::GeneratedCode,
];

/// What does better than an exemption, for refusals that have a place of their own in a policy.
pub(super) fn instead(code: Code) -> Option<&'static str> {
    Some(match code {
        Code::NoRule => "write a rule that matches the package: without one there is nothing that it could be held to",
        Code::LimitTree => "raise `[limits]`: what is over them was not measured, so nothing is known of it",
        Code::ReviewRejects | Code::Withdrawn => "lift this one statement's no with `[[override]]`",
        _ => return None,
    })
}
