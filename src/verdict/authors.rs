//! Who of a release's signers may speak for the package as its author, and by what right.
//!
//! To know who somebody is does not mean that they may release everything. The rights, from the strongest: the rule names
//! them; a certification grants the role for this package; they are remembered; those before handed over to them; or
//! the package is new and the rule lets a new author in.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use super::chain::{Chain, Handover};
use super::heard::Heard;
use super::memory::{Memory, Slot};
use crate::fingerprint::Fingerprint;
use crate::grant::Role;
use crate::lock::Basis;
use crate::package::Purl;
use crate::policy::rule::{AuthorClause, NewPackage, Requirement, Rule};
use crate::policy::{People, Person, Policy, Voices};
use crate::reason::Code;
use crate::statement::Manifest;
use crate::trust::authentication::Authentication;
use crate::trust::authorisation::Authorisation;
use crate::trust::authorisation::suppose::Supposition;

/// By what right a signer counts as author.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Right {
    /// The rule, or the command line, names them.
    Named,
    /// A certification grants the role for this package.
    Granted(Box<Authentication>),
    /// They are remembered as authors of this package, on this basis.
    Pinned(Basis),
    /// Those before handed over to them; the basis is that of those before.
    HandedOver(Basis),
    /// The package is new, and the roots know who they are.
    Trusted(Box<Authentication>),
    /// The package is new, and the rule takes the first author that comes.
    FirstUse,
    /// They would be granted the role, or known where the package is new, if a key were a thief's. Nobody has this right
    /// where something real is judged.
    Supposed(Supposition),
}

impl Right {
    /// On what an acceptance by this right rests.
    pub fn basis(&self) -> Basis {
        match self {
            Self::Named | Self::Granted(_) | Self::Trusted(_) | Self::Supposed(_) => Basis::Policy,
            Self::Pinned(basis) | Self::HandedOver(basis) => *basis,
            Self::FirstUse => Basis::FirstUse,
        }
    }

    /// Whether it rests on paths of trust.
    pub(super) fn needs_path(&self) -> bool {
        matches!(self, Self::Granted(_) | Self::Trusted(_) | Self::Supposed(_))
    }

    /// Whether it is the role itself, granted for this package.
    pub(super) fn is_granted(&self) -> bool {
        match self {
            Self::Granted(_) => true,
            Self::Supposed(supposition) => supposition.grants_role(),
            _ => false,
        }
    }

    /// The paths of trust that it rests on, where it does.
    pub fn authentication(&self) -> Option<&Authentication> {
        match self {
            Self::Granted(found) | Self::Trusted(found) => Some(found),
            _ => None,
        }
    }
}

/// Why a signer does not count as author.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "each way is told apart where it is told")]
pub enum Lacking {
    /// The user distrusts them.
    Denied,
    /// Nothing speaks for them, or they are not known at all.
    Unauthorised,
    /// They have the role for other packages.
    OutOfScope,
    /// They would be reached by longer ways than the policy follows.
    TooDeep,
    /// Only certifications by issuers who have expired or retired since speak for them.
    ByRetired,
}

/// A signer of a release: a good signature by somebody whom the manifest names as author.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Signer {
    /// The fingerprint of their certificate's primary key.
    pub certificate: Fingerprint,
    /// Who that is, with those who share an authenticated address made one: for counting.
    pub person: Person,
    /// Who that is by the policy's own word: for rights, which no certification gives to somebody else.
    pub named: Person,
    /// Whether they count as author, and by what right.
    pub right: Result<Right, Lacking>,
    /// That they are remembered or were handed over to beside that, and on what basis: then they need no path of trust.
    pub kept: Option<Basis>,
}

/// Where a manifest was found: first use takes only what somebody chose to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "first use decides between these")]
pub enum Origin {
    /// The package's own folder.
    Own,
    /// A store that the user named.
    Named,
    /// A store that the policy names, to which others may write.
    Shared,
}

/// A release with its signers and their rights.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Release<'a> {
    /// The manifest and its signatures.
    pub opened: Heard<'a, Manifest>,
    /// The best place in which it was found.
    pub origin: Origin,
    /// Who signed it, in the order of fingerprints.
    pub signers: Vec<Signer>,
    /// Who may have signed it with a key that this build cannot check.
    pub unsupported: Vec<Signer>,
}

impl Release<'_> {
    /// Signers who count as authors.
    pub fn authors(&self) -> impl Iterator<Item = (&Signer, &Right)> {
        self.signers.iter().filter_map(|signer| Some((signer, signer.right.as_ref().ok()?)))
    }

    /// The different people among them.
    pub fn people(&self) -> BTreeSet<&Person> {
        self.authors().map(|(signer, _)| &signer.person).collect()
    }

    /// The people whom a clause counts, each with their certificates that signed.
    pub fn counted(&self, clause: &AuthorClause) -> Counted<'_> {
        counted(&self.signers, clause)
    }

    /// The people whom a clause would count beside those, if this build could check their keys.
    pub fn uncertain(&self, clause: &AuthorClause) -> usize {
        let certain = self.counted(clause);
        counted(&self.unsupported, clause).keys().filter(|person| !certain.contains_key(*person)).count()
    }
}

/// People whom a clause counts.
pub type Counted<'a> = BTreeMap<&'a Person, Vec<(&'a Signer, &'a Right)>>;

/// The people among some signers whom a clause counts, each with their certificates.
pub(super) fn counted<'a>(signers: &'a [Signer], clause: &AuthorClause) -> Counted<'a> {
    let mut counted = Counted::new();
    for signer in signers {
        let Ok(right) = &signer.right else { continue };
        let fits = match &clause.from {
            Voices::Authorised => true,
            named @ Voices::Only(_) => named.names(&signer.named),
        };
        if fits {
            counted.entry(&signer.person).or_default().push((signer, right));
        }
    }
    counted
}

/// What rights are weighed by.
pub struct Scale<'a> {
    /// The package with its version.
    pub package: &'a Purl,
    /// The policy.
    pub policy: &'a Policy,
    /// The rule of it that decides on this package.
    pub rule: &'a Rule,
    /// The policy's people, with those who share an authenticated address made one.
    pub people: &'a People,
    /// What the roots say of a certificate as author of this package; none where there are no roots.
    pub trust: Option<&'a dyn Trust>,
    /// What is remembered of the package.
    pub memory: &'a Memory,
    /// Where the release stands in it.
    pub slot: Slot<'a>,
    /// All manifests of the package.
    pub chain: &'a Chain<'a>,
    /// The alarm that the user leads through, if there is one.
    pub overriding: Option<&'a Overriding>,
}

/// The user's word that leads one package through one alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "whoever overrides must say all of it")]
pub struct Overriding {
    /// The alarm.
    pub code: Code,
    /// Who is concerned: whoever shall be the author from now on; for `downgrade`, an author who is remembered.
    pub fingerprint: Fingerprint,
}

impl Overriding {
    /// Whether it makes a certificate an author, where what was accepted before is `void` or is not.
    fn makes_author(&self, certificate: &Fingerprint, void: bool) -> bool {
        let makes = match self.code {
            Code::AuthorChanged | Code::AuthorContested => true,
            Code::SignerDenied => void,
            _ => false,
        };
        makes && self.fingerprint == *certificate
    }
}

/// What the roots say.
pub trait Trust {
    /// Of a certificate in a role for a package.
    fn authorisation(&self, certificate: &Fingerprint, role: Role, package: &Purl) -> Authorisation;

    /// Whether a certification that counts grants somebody the role of author for this very package by its name.
    fn names_author_of(&self, package: &Purl) -> bool;

    /// Whether so many of these people, each with their certificates, are reached at the same time by paths that share
    /// no certificate but roots.
    fn are_independent(&self, people: &[Vec<Fingerprint>], needed: usize, role: Option<Role>, package: &Purl) -> bool;
}

impl Scale<'_> {
    /// Weighs each signer of a manifest of this package and version.
    pub fn weigh<'a>(&self, opened: impl Into<Heard<'a, Manifest>>, origin: Origin) -> Release<'a> {
        let opened = opened.into();
        let signers = self.weighed(opened.signers(), opened, origin);
        let unsupported = self.weighed(opened.unsupported(), opened, origin);
        Release { opened, origin, signers, unsupported }
    }

    /// Authors whom a manifest names and who have not signed it, by the right that they would have.
    pub(super) fn waiting(&self, release: &Release<'_>) -> Vec<Signer> {
        let signed = |author: &&Fingerprint| release.signers.iter().any(|signer| signer.certificate == **author);
        let waiting = release.opened.statement().authors().iter().filter(|author| !signed(author));
        self.weighed(waiting, release.opened, release.origin)
    }

    fn weighed<'f>(
        &self,
        certificates: impl Iterator<Item = &'f Fingerprint>,
        opened: Heard<'_, Manifest>,
        origin: Origin,
    ) -> Vec<Signer> {
        let remembered = self.remembered();
        let exclusive = self.is_exclusive();
        let handed = LazyCell::new(|| self.is_handed_over(opened));
        let weighed = |certificate: &Fingerprint| {
            let (person, named) = (self.people.person(certificate), self.policy.people().person(certificate));
            let kept = if exclusive || self.policy.distrusts(certificate) {
                None
            } else if remembered.contains(certificate) {
                Some(Right::Pinned(self.remembered_basis()))
            } else {
                (self.is_known() && *handed).then(|| Right::HandedOver(self.remembered_basis()))
            };
            let basis = kept.as_ref().map(Right::basis);
            let right = self.right(certificate, &named, kept, origin, exclusive);
            Signer { certificate: certificate.clone(), person, named, right, kept: basis }
        };
        certificates.map(weighed).collect()
    }

    /// Who is remembered as author, without those who are distrusted by now.
    pub fn remembered(&self) -> BTreeSet<Fingerprint> {
        let mut authors = self.memory.authors(self.slot);
        authors.retain(|author| !self.policy.distrusts(author));
        authors
    }

    /// Whether what was accepted rests on nobody but people who are distrusted by now.
    pub fn is_void(&self) -> bool {
        self.memory.was_signed(self.slot) && self.remembered().is_empty()
    }

    /// Whether nobody but the named and those with a grant can be authors: the rule names authors, or a scope names
    /// this very package.
    pub fn is_exclusive(&self) -> bool {
        self.author_clauses().any(|clause| clause.from != Voices::Authorised)
            || self.trust.is_some_and(|trust| trust.names_author_of(self.package))
    }

    pub(super) fn author_clauses(&self) -> impl Iterator<Item = &AuthorClause> {
        self.rule.require.clauses().into_iter().filter_map(|clause| match clause {
            Requirement::Author(clause) => Some(clause),
            _ => None,
        })
    }

    fn right(
        &self,
        certificate: &Fingerprint,
        named: &Person,
        kept: Option<Right>,
        origin: Origin,
        exclusive: bool,
    ) -> Result<Right, Lacking> {
        if self.policy.distrusts(certificate) {
            return Err(Lacking::Denied);
        }
        if self.author_clauses().any(|clause| clause.from.names(named)) {
            return Ok(Right::Named);
        }
        let authorisation = self.trust.map(|trust| trust.authorisation(certificate, Role::Author, self.package));
        let lacking = match &authorisation {
            Some(Authorisation::OutOfScope) => Lacking::OutOfScope,
            Some(Authorisation::TooDeep) => Lacking::TooDeep,
            Some(Authorisation::ByRetired) => Lacking::ByRetired,
            _ => Lacking::Unauthorised,
        };
        match authorisation {
            Some(Authorisation::Granted(found)) => Ok(Right::Granted(Box::new(found))),
            Some(Authorisation::Supposed(found)) if found.grants_role() => Ok(Right::Supposed(found)),
            _ if exclusive => Err(lacking),
            _ if self.overriding.is_some_and(|overriding| overriding.makes_author(certificate, self.is_void())) => {
                Ok(Right::FirstUse)
            }
            _ if self.is_known() => kept.ok_or(lacking),
            Some(Authorisation::Known(found)) if self.rule.new_package != NewPackage::Reject => {
                Ok(Right::Trusted(Box::new(found)))
            }
            Some(Authorisation::Supposed(found)) if self.rule.new_package != NewPackage::Reject => {
                Ok(Right::Supposed(found))
            }
            // Of several claimants, the user named one.
            _ if self.overriding.is_some_and(|overriding| overriding.code == Code::AuthorContested) => Err(lacking),
            _ if self.rule.new_package == NewPackage::FirstUse && origin != Origin::Shared => Ok(Right::FirstUse),
            _ => Err(lacking),
        }
    }

    fn remembered_basis(&self) -> Basis {
        match self.slot.pin().map(|pin| pin.basis) {
            Some(Basis::Policy) => Basis::Policy,
            _ => Basis::FirstUse,
        }
    }

    /// Whether the package has authors who are remembered, distrusted by now or not.
    pub(super) fn is_known(&self) -> bool {
        !self.memory.authors(self.slot).is_empty()
    }

    fn is_handed_over(&self, opened: Heard<'_, Manifest>) -> bool {
        let Some(pinned) = self.slot.pin().and_then(|pin| pin.manifest) else { return false };
        self.chain.is_handed_over(
            opened.digest(),
            &Handover {
                pinned,
                authors: &self.memory.authors(self.slot),
                needed: self.rule.handover,
                // The word of somebody who is distrusted by now counts for nothing, wherever in the chain it stands.
                counts: &|author| !self.policy.distrusts(author),
                people: &|some| self.people.count(some).len(),
            },
        )
    }
}
