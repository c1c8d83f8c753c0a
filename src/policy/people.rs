//! Who is one person: certificates folded to the people whose word is counted.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Serialize, Serializer};

use crate::fingerprint::Fingerprint;

/// Somebody who is counted once, however many certificates they have.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "a certificate that nobody names is its own person")]
pub enum Person {
    /// A name in the policy.
    Named(String),
    /// A certificate that the policy does not name.
    Certificate(Fingerprint),
}

impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => f.pad(name),
            Self::Certificate(fingerprint) => fingerprint.fmt(f),
        }
    }
}

impl Serialize for Person {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The people of a policy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct People {
    owners: BTreeMap<Fingerprint, Person>,
}

impl People {
    /// Names, each with its certificates. No certificate has two owners: that was checked.
    pub(super) fn new(named: &BTreeMap<String, BTreeSet<Fingerprint>>) -> Self {
        let owned = named.iter().flat_map(|(name, certificates)| {
            certificates.iter().map(|certificate| (certificate.clone(), Person::Named(name.clone())))
        });
        Self { owners: owned.collect() }
    }

    /// Whose certificate this is.
    pub fn person(&self, certificate: &Fingerprint) -> Person {
        self.owners.get(certificate).cloned().unwrap_or_else(|| Person::Certificate(certificate.clone()))
    }

    /// The different people among the owners of some certificates.
    pub fn count<'a>(&self, certificates: impl IntoIterator<Item = &'a Fingerprint>) -> BTreeSet<Person> {
        certificates.into_iter().map(|certificate| self.person(certificate)).collect()
    }

    /// The certificates of a person that are known by name.
    pub fn certificates(&self, person: &Person) -> BTreeSet<Fingerprint> {
        match person {
            Person::Certificate(certificate) => BTreeSet::from([certificate.clone()]),
            Person::Named(_) => {
                let owned = self.owners.iter().filter(|(_, owner)| *owner == person);
                owned.map(|(certificate, _)| certificate.clone()).collect()
            }
        }
    }

    /// These people, and in addition each set of certificates made one person, as those with one authenticated e-mail
    /// address are. Where two people meet in this way they are counted as one, under the name that comes first.
    #[must_use]
    pub fn with_shared(mut self, sets: impl IntoIterator<Item = BTreeSet<Fingerprint>>) -> Self {
        for set in sets {
            let met = self.count(&set);
            let Some(first) = met.first().cloned() else { continue };
            for owner in self.owners.values_mut().filter(|owner| met.contains(*owner)) {
                owner.clone_from(&first);
            }
            self.owners.extend(set.into_iter().map(|certificate| (certificate, first.clone())));
        }
        self
    }
}

/// Whose word a clause counts.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a clause names people, or it does not")]
pub enum Voices {
    /// Everybody who is authorised for it by something else than this clause.
    Authorised,
    /// These people, and nobody else.
    Only(BTreeSet<Person>),
}

impl Voices {
    /// Whether a person is named here.
    pub fn names(&self, person: &Person) -> bool {
        matches!(self, Self::Only(people) if people.contains(person))
    }
}

impl Serialize for Voices {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Authorised => serializer.serialize_none(),
            Self::Only(people) => people.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprint(first: char) -> Fingerprint {
        format!("{first}{}", "0".repeat(39)).parse().expect("a fingerprint")
    }

    fn people() -> People {
        let [a, b, c] = ['A', 'B', 'C'].map(fingerprint);
        People::new(&BTreeMap::from([("alice".into(), BTreeSet::from([a, b])), ("bob".into(), BTreeSet::from([c]))]))
    }

    #[test]
    fn certificates_of_one_person_count_once() {
        let [a, b, c, d] = ['A', 'B', 'C', 'D'].map(fingerprint);
        let people = people();
        assert_eq!(people.count([&a, &b, &a]).len(), 1);
        assert_eq!(people.count([&a, &b, &c, &d]).len(), 3);
        assert_eq!(people.person(&d), Person::Certificate(d.clone()));
        assert_eq!(people.certificates(&people.person(&a)), BTreeSet::from([a, b]));
    }

    #[test]
    fn a_shared_address_makes_one_person_in_any_order() {
        let [a, c, d, e] = ['A', 'C', 'D', 'E'].map(fingerprint);
        let sets = [BTreeSet::from([d.clone(), e.clone()]), BTreeSet::from([c.clone(), d.clone()])];
        let forwards = people().with_shared(sets.clone());
        let backwards = people().with_shared(sets.into_iter().rev());
        assert_eq!(forwards.count([&a, &c, &d, &e]).len(), 2);
        assert_eq!(forwards, backwards);
        let all = forwards.with_shared([BTreeSet::from([a.clone(), c.clone()])]);
        assert_eq!(all.count([&a, &c, &d, &e]).len(), 1);
    }
}
