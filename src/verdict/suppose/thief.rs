//! What the roots say while a key is a thief's: of everybody what they say anyway, and of the thief's new certificates what
//! the key's own word is worth.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock};

use rayon::prelude::*;

use super::super::authors::Trust;
use super::super::roots::Roots;
use crate::fingerprint::Fingerprint;
use crate::grant::Role;
use crate::package::Purl;
use crate::pattern::Pattern;
use crate::trust::authorisation::Authorisation;
use crate::trust::authorisation::suppose::Supposition;

/// The user's roots, with what was found out of each key for each kind of package.
#[derive(Debug)]
pub struct Doors<'a> {
    roots: Roots<'a>,
    scopes: Vec<Pattern>,
    kinds: Mutex<BTreeMap<Kind, Arc<OnceLock<Known>>>>,
}

/// Which of the network's scopes fit a package, and which are its very name: all on which the roots' word depends.
type Kind = Vec<(bool, bool)>;

/// What is known for one kind of package.
#[derive(Debug)]
struct Known {
    /// Whether a scope names the very package, and somebody has the role by it.
    named: bool,
    /// Keys of which the roots say the same.
    groups: Vec<Vec<Fingerprint>>,
}

/// What the roots say of a key, and of whom it would certify, in each role.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Worth {
    own: Vec<u8>,
    passed_on: Vec<Option<Supposition>>,
    /// A root is like no other key.
    root: Option<Fingerprint>,
}

impl<'a> Doors<'a> {
    /// Takes the policy's roots.
    pub fn new(roots: Roots<'a>) -> Self {
        let scopes = roots.view().scopes().into_iter().collect();
        Self { roots, scopes, kinds: Mutex::default() }
    }

    /// Every key whose word the roots may rely on for a package, in groups of which they say the same.
    pub(super) fn groups(&self, package: &Purl) -> Vec<Vec<Fingerprint>> {
        self.known(package).get_or_init(|| self.find(package)).groups.clone()
    }

    fn known(&self, package: &Purl) -> Arc<OnceLock<Known>> {
        let kind = self.scopes.iter().map(|scope| (scope.matches(package), scope.is_name_of(package))).collect();
        // Nobody panics while this is held.
        let mut kinds = self.kinds.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Arc::clone(kinds.entry(kind).or_default())
    }

    fn find(&self, package: &Purl) -> Known {
        let (view, measure) = (self.roots.view(), self.roots.measure());
        let keys = view.within_reach(measure.max_depth);
        let worth: Vec<_> = keys.par_iter().map(|key| self.worth(key, package)).collect();
        let mut groups: BTreeMap<Worth, Vec<Fingerprint>> = BTreeMap::new();
        for (key, worth) in keys.into_iter().zip(worth) {
            if worth.own.iter().any(|own| *own > 0) || worth.passed_on.iter().any(Option::is_some) {
                groups.entry(worth).or_default().push(key);
            }
        }
        Known { named: self.roots.names_author_of(package), groups: groups.into_values().collect() }
    }

    fn worth(&self, key: &Fingerprint, package: &Purl) -> Worth {
        let (view, measure) = (self.roots.view(), self.roots.measure());
        let rank = |role| match self.roots.authorisation(key, role, package) {
            Authorisation::Granted(_) => 2,
            Authorisation::Known(_) => 1,
            _ => 0,
        };
        Worth {
            own: ROLES.iter().map(|role| rank(*role)).collect(),
            passed_on: ROLES.iter().map(|role| view.supposed(key, *role, package, measure)).collect(),
            root: view.is_root(key).then(|| key.clone()),
        }
    }
}

/// The roots' word while one key is a thief's.
pub(super) struct Thief<'a, 'd> {
    doors: &'a Doors<'d>,
    key: &'a Fingerprint,
    known: Arc<OnceLock<Known>>,
    passed_on: RefCell<BTreeMap<Role, Option<Supposition>>>,
    own: RefCell<BTreeMap<Role, Authorisation>>,
    puppets: BTreeSet<Fingerprint>,
}

impl<'a, 'd> Thief<'a, 'd> {
    /// A thief of this key.
    pub(super) fn new(doors: &'a Doors<'d>, key: &'a Fingerprint, package: &Purl) -> Self {
        let puppets = super::puppets("author").into_iter().chain(super::puppets("reviewer")).collect();
        let (passed_on, own) = (RefCell::default(), RefCell::default());
        Self { doors, key, known: doors.known(package), passed_on, own, puppets }
    }
}

impl Trust for Thief<'_, '_> {
    fn authorisation(&self, certificate: &Fingerprint, role: Role, package: &Purl) -> Authorisation {
        let roots = &self.doors.roots;
        if self.puppets.contains(certificate) {
            let mut known = self.passed_on.borrow_mut();
            let found = || roots.view().supposed(self.key, role, package, roots.measure());
            return known.entry(role).or_insert_with(found).map_or(Authorisation::Unreached, Authorisation::Supposed);
        }
        if certificate != self.key {
            return roots.authorisation(certificate, role, package);
        }
        let mut known = self.own.borrow_mut();
        known.entry(role).or_insert_with(|| roots.authorisation(certificate, role, package)).clone()
    }

    fn names_author_of(&self, package: &Purl) -> bool {
        self.known.get_or_init(|| self.doors.find(package)).named
    }

    fn are_independent(&self, people: &[Vec<Fingerprint>], needed: usize, role: Option<Role>, package: &Purl) -> bool {
        let roots = &self.doors.roots;
        let with_key = people.iter().any(|own| own.contains(self.key));
        let others = people.len() - usize::from(with_key);
        roots.view().would_be_independent(self.key, (with_key, others), needed, role, package, roots.measure())
    }
}

/// In which a word can count.
const ROLES: [Role; 3] = [Role::Author, Role::Reviewer, Role::Checker];
