//! Fingerprints, people and groups in a policy file: read, and each held against the others.

use std::collections::{BTreeMap, BTreeSet};

use super::Certificates;
use super::fault::{Faults, Place};
use super::people::{People, Person, Voices};
use super::section::{Found, Section, texts};
use crate::fingerprint::{Fingerprint, FingerprintError};
use crate::reason::Code;
use crate::shown::Shown;

/// Everybody whom a policy names.
#[derive(Debug, Default)]
pub(super) struct Names {
    people: BTreeMap<String, BTreeSet<Fingerprint>>,
    pub(super) groups: BTreeMap<String, BTreeSet<Person>>,
    pub(super) folded: People,
    /// Certificates that count for nothing.
    pub(super) distrusted: BTreeSet<Fingerprint>,
}

impl Names {
    /// Reads `[people]` and `[groups]`.
    pub(super) fn read(
        people: Option<Section<'_>>,
        groups: Option<Section<'_>>,
        certificates: Option<&dyn Certificates>,
        faults: &mut Faults<'_>,
    ) -> Self {
        let mut names = Self::default();
        let mut owners: BTreeMap<Fingerprint, Found<String>> = BTreeMap::new();
        for (name, value) in people.map(|section| section.rest(faults)).unwrap_or_default() {
            check_name(&name, faults);
            let mut owned = BTreeSet::new();
            for given in texts(value, &name.value, faults).unwrap_or_default() {
                let Some(one) = fingerprint(&given, certificates, faults) else { continue };
                let first = owners.entry(one.clone()).or_insert_with(|| Found::new(name.value.clone(), given.at));
                if first.value != name.value {
                    let [a, b] = [&first.value, &name.value].map(|name| Shown::new(name).to_string());
                    let message = format!("{one} is both `{a}` (line {}) and `{b}`", first.at.line);
                    let hint = Some("give each certificate to one person, since people are counted".to_owned());
                    faults.hinted(Code::PolicyConflict, given.at, message, hint);
                }
                owned.insert(one);
            }
            names.people.insert(name.value, owned);
        }
        names.folded = People::new(&names.people);
        let groups = groups.map(|section| section.rest(faults)).unwrap_or_default();
        // A group may stand above one that it wrongly names.
        names.groups = groups.iter().map(|(name, _)| (name.value.clone(), BTreeSet::new())).collect();
        for (name, value) in groups {
            check_name(&name, faults);
            if names.people.contains_key(&name.value) {
                let message = format!("`{}` is a person and a group", Shown::new(&name.value));
                faults.add(Code::PolicyConflict, name.at, message);
            }
            let given = texts(value, &name.value, faults).unwrap_or_default();
            let members = given.iter().filter_map(|member| names.member(member, certificates, faults)).collect();
            names.groups.insert(name.value, members);
        }
        names
    }

    /// The people that a clause names.
    pub(super) fn voices(
        &self,
        given: Option<Vec<Found<String>>>,
        certificates: Option<&dyn Certificates>,
        faults: &mut Faults<'_>,
    ) -> Voices {
        let Some(given) = given else { return Voices::Authorised };
        let mut voices = BTreeSet::new();
        for name in given {
            match self.groups.get(&name.value) {
                Some(members) => voices.extend(members.iter().cloned()),
                None => voices.extend(self.member(&name, certificates, faults)),
            }
        }
        Voices::Only(voices)
    }

    /// The people among `voices` who are left when the distrusted certificates count for nothing.
    pub(super) fn trusted<'a>(&self, voices: &'a BTreeSet<Person>) -> impl Iterator<Item = &'a Person> {
        voices.iter().filter(|person| {
            let certificates = self.folded.certificates(person);
            certificates.iter().any(|certificate| !self.distrusted.contains(certificate))
        })
    }

    fn member(
        &self,
        name: &Found<String>,
        certificates: Option<&dyn Certificates>,
        faults: &mut Faults<'_>,
    ) -> Option<Person> {
        if self.people.contains_key(&name.value) {
            return Some(Person::Named(name.value.clone()));
        }
        if looks_like_fingerprint(&name.value) {
            return fingerprint(name, certificates, faults).map(|one| self.folded.person(&one));
        }
        let message = match self.groups.contains_key(&name.value) {
            true => format!("`{}` is a group, and groups hold people only", Shown::new(&name.value)),
            false => format!("`{}` is nobody in `[people]` or `[groups]`", Shown::new(&name.value)),
        };
        let known = self.people.keys().chain(self.groups.keys()).map(String::as_str);
        let hint = faults.nearest(&name.value, known.filter(|known| *known != name.value));
        faults.hinted(Code::PolicyValue, name.at, message, hint);
        None
    }
}

/// Reads a fingerprint, and makes sure that it is a primary key's where that is known.
pub(super) fn fingerprint(
    given: &Found<String>,
    certificates: Option<&dyn Certificates>,
    faults: &mut Faults<'_>,
) -> Option<Fingerprint> {
    match given.value.parse::<Fingerprint>() {
        Ok(one) => {
            let Some(primary) = certificates.and_then(|known| known.primary_of(&one)) else { return Some(one) };
            let hint = Some(format!("name people by their primary key: {primary}"));
            faults.hinted(Code::PolicyKeyId, given.at, format!("{one} is a subkey of {primary}"), hint);
        }
        Err(FingerprintError::KeyId) => {
            faults.add(Code::PolicyKeyId, given.at, FingerprintError::KeyId.to_string());
        }
        Err(_) => {
            let message = format!("`{}` is no fingerprint: {}", Shown::new(&given.value), FingerprintError::Form);
            match Fingerprint::typed(&given.value) {
                Ok(one) => faults.hinted(Code::PolicyValue, given.at, message, Some(format!("write it as {one}"))),
                Err(FingerprintError::KeyId) => {
                    faults.add(Code::PolicyKeyId, given.at, FingerprintError::KeyId.to_string());
                }
                Err(_) => faults.value(given.at, message),
            }
        }
    }
    None
}

/// Whether somebody meant a key rather than a name.
fn looks_like_fingerprint(text: &str) -> bool {
    let digits: String = text.trim_start_matches("0x").chars().filter(|c| *c != ' ').collect();
    matches!(digits.len(), 8 | 16 | 32 | 40 | 64) && digits.bytes().all(|b| b.is_ascii_hexdigit())
}

fn check_name(name: &Found<String>, faults: &mut Faults<'_>) {
    let place: Place = name.at;
    let name = &name.value;
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    if looks_like_fingerprint(name) {
        let message = format!("`{name}` looks like a key, not like a name; people are named as you call them");
        faults.add(Code::PolicyKeyId, place, message);
    } else if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(plain) {
        let message = format!("`{}` is no name: letters, digits, `-`, `_` and `.`, up to 64 bytes", Shown::new(name));
        faults.value(place, message);
    }
}

const LONGEST_NAME: usize = 64;
