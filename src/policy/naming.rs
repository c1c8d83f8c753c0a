//! Where a policy names a certificate: what an owner of it may do by the policy's own word.

use serde::Serialize;

use super::rule::{Requirement, Rule};
use super::{Person, Policy, Voices};
use crate::fingerprint::Fingerprint;

/// One place in which a policy names a certificate, or the person whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "as", content = "what")]
#[non_exhaustive]
pub enum Naming {
    /// Trust starts at it; what the user calls the root.
    Root(Option<String>),
    /// It is one of somebody's certificates; who that is.
    Person(String),
    /// Its owner is in a group.
    Group(String),
    /// A rule names its owner; the rule's number, and for what.
    Rule(usize, &'static str),
    /// It is the user's own.
    User,
    /// It is distrusted already; why.
    Distrust(Option<String>),
}

impl Policy {
    /// Every place in which this policy names a certificate.
    pub fn naming(&self, certificate: &Fingerprint) -> Vec<Naming> {
        let roots = self.roots.iter().filter(|root| root.fingerprint == *certificate);
        let mut found: Vec<_> = roots.map(|root| Naming::Root(root.name.clone())).collect();
        let owner = self.people.person(certificate);
        if let Person::Named(name) = &owner {
            found.push(Naming::Person(name.clone()));
        }
        let groups = self.groups.iter().filter(|(_, members)| members.contains(&owner));
        found.extend(groups.map(|(name, _)| Naming::Group(name.clone())));
        for rule in &self.rules {
            let named = voices(rule).into_iter().filter(|(voices, _)| voices.names(&owner));
            found.extend(named.map(|(_, what)| Naming::Rule(rule.number, what)));
        }
        found.extend((self.own.as_ref() == Some(certificate)).then_some(Naming::User));
        found.extend(self.distrust.get(certificate).map(|why| Naming::Distrust(why.clone())));
        found
    }
}

/// Whom a rule names, and for what; each once.
fn voices(rule: &Rule) -> Vec<(&Voices, &'static str)> {
    let clauses = rule.require.clauses().into_iter().filter_map(|clause| match clause {
        Requirement::Author(clause) => Some((&clause.from, "author")),
        Requirement::Review(clause) => Some((&clause.from, "review")),
        Requirement::Check(clause) => Some((&clause.from, "check")),
        Requirement::All(_) | Requirement::Any(_) => None,
    });
    let mut all: Vec<_> = clauses.collect();
    all.extend([(&rule.veto_from, "veto-from"), (&rule.withdraw_from, "withdraw-from")]);
    all
}
