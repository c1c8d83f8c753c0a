//! The user's floor: the least that any policy must ask on this machine.

use super::rule::{AuthorClause, NewPackage, Requirement, ReviewClause, Rule, Thoroughness, Unsigned};
use super::{Trust, Voices};
use crate::grant::{Amount, Depth};

/// What every policy must ask at least. Each part is absent where the user leaves it open.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Minimum {
    pub(super) amount: Option<Amount>,
    pub(super) max_depth: Option<Depth>,
    pub(super) independent_paths: Option<usize>,
    pub(super) retired_issuers: bool,
    pub(super) unsigned: bool,
    pub(super) new_package: Option<NewPackage>,
    pub(super) authors: Option<usize>,
    pub(super) reviews: Option<usize>,
    pub(super) exemptions: bool,
}

impl Minimum {
    /// Raises what authenticates somebody; never lowers it.
    pub(super) fn raise_trust(&self, trust: &mut Trust) {
        trust.amount = self.amount.map_or(trust.amount, |least| trust.amount.max(least));
        trust.max_depth = self.max_depth.map_or(trust.max_depth, |most| trust.max_depth.min(most));
        let paths = self.independent_paths.unwrap_or(1);
        trust.independent_paths = trust.independent_paths.max(paths);
        trust.retired_issuers &= !self.retired_issuers;
    }

    /// Raises what a rule asks for; never lowers it.
    pub(super) fn raise_rule(&self, rule: &mut Rule) {
        if self.unsigned {
            rule.unsigned = Unsigned::Reject;
        }
        if let Some(most) = self.new_package {
            rule.new_package = rule.new_package.max(most);
        }
        rule.handover = rule.handover.max(self.authors.unwrap_or(1));
        let authors = self
            .authors
            .map(|count| Requirement::Author(AuthorClause { count, from: Voices::Authorised, independent: true }));
        let reviews = self.reviews.map(|count| {
            Requirement::Review(ReviewClause {
                count,
                from: Voices::Authorised,
                criteria: Vec::new(),
                thoroughness: Thoroughness::Low,
                max_age: None,
                full_every: None,
                independent: true,
            })
        });
        let added: Vec<_> = authors.into_iter().chain(reviews).collect();
        if !added.is_empty() {
            let own = std::mem::replace(&mut rule.require, Requirement::All(Vec::new()));
            rule.require = Requirement::All(std::iter::once(own).chain(added).collect());
        }
    }
}
