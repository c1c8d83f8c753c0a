//! What the user asks for: a policy file is read as it is written ([`PolicyFile`]), and checked into a [`Policy`].
//!
//! The built-in policy and the short form `--signer` are policies too, so that one judge serves all. Whether evidence
//! meets a policy is asked in `verdict`; who is trusted, in `trust`.

mod check;
mod clauses;
mod exception;
mod explain;
mod fault;
mod file;
pub mod keys;
mod minimum;
mod names;
mod naming;
mod people;
pub mod rule;
mod section;
mod signers;
pub mod templates;
#[cfg(test)]
pub(crate) mod testing;

use std::collections::{BTreeMap, BTreeSet};

use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::grant::{Amount, Depth, Grant};
use crate::keyring::Keyring;
use crate::limits::{Limits, Links};
use crate::package::Purl;
use crate::path::PackagePath;
use crate::reason::{Answer, Code, Reason};
use crate::time::Timestamp;
pub use exception::{Exemption, LIFTABLE, Override};
pub use fault::{Place, PolicyFault};
pub use file::PolicyFile;
use minimum::Minimum;
pub use naming::Naming;
pub use people::{People, Person, Voices};
pub use rule::Rule;
pub use signers::{Signers, SignersFault};

/// A policy that is checked: each of its rules can be met, and none by nobody.
///
/// Made by [`PolicyFile::check`] alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    digest: Digest,
    stores: Vec<String>,
    keyrings: Option<Vec<String>>,
    trust: Trust,
    roots: Vec<Root>,
    people: People,
    groups: BTreeMap<String, BTreeSet<Person>>,
    distrust: BTreeMap<Fingerprint, Option<String>>,
    own: Option<Fingerprint>,
    rules: Vec<Rule>,
    exemptions: Vec<Exemption>,
    overrides: Vec<Override>,
    limits: SizeLimits,
    minimum: Minimum,
    tree: TreeRules,
    notes: Vec<PolicyFault>,
}

impl Policy {
    /// The policy where there is none: first use.
    pub fn built_in() -> Self {
        Self::own(templates::BUILT_IN)
    }

    /// The policy of `--signer`: so many of these certificates must have signed, whatever the package.
    pub fn of_signers(signers: &Signers) -> Self {
        let named: Vec<_> = signers.named().iter().map(|signer| format!("\"{signer}\"")).collect();
        Self::own(&format!(
            "countersign = \"policy/1\"\n\n[[rule]]\npackages = [\"*\"]\nnew-package = \"reject\"\n\
             require = {{ author = {{ count = {}, from = [{}], independent = false }} }}\n",
            signers.needed(),
            named.join(", ")
        ))
    }

    /// A policy of our own making.
    fn own(text: &str) -> Self {
        // A command line may name more signers than a file has room for.
        let limits = Limits { policy: u64::MAX, ..Limits::default() };
        let file = PolicyFile::read(text.as_bytes(), &limits);
        let policy = file.and_then(|file| file.check(None));
        policy.expect("our own policies are good; tests check each of them")
    }

    /// The digest of the file.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Stores of evidence, as they are written: relative to the file's folder, or absolute.
    pub fn stores(&self) -> &[String] {
        &self.stores
    }

    /// Keyrings, as they are written; `None` where the file leaves that open.
    pub fn keyrings(&self) -> Option<&[String]> {
        self.keyrings.as_deref()
    }

    /// What authenticates somebody.
    pub fn trust(&self) -> &Trust {
        &self.trust
    }

    /// Where trust starts. No certificate is two roots.
    pub fn roots(&self) -> &[Root] {
        &self.roots
    }

    /// Who is one person.
    pub fn people(&self) -> &People {
        &self.people
    }

    /// Whether a certificate counts for nothing.
    pub fn distrusts(&self, certificate: &Fingerprint) -> bool {
        self.distrust.contains_key(certificate)
    }

    /// Whether somebody has a certificate that is not distrusted.
    pub fn has_voice(&self, person: &Person) -> bool {
        self.people.certificates(person).iter().any(|certificate| !self.distrusts(certificate))
    }

    /// Certificates that count for nothing, each with the reason that was given.
    pub fn distrusted(&self) -> impl Iterator<Item = (&Fingerprint, Option<&str>)> {
        self.distrust.iter().map(|(certificate, reason)| (certificate, reason.as_deref()))
    }

    /// This policy, with one certificate more that counts for nothing: as with its lines of `[[distrust]]`.
    #[must_use]
    pub fn distrusting(mut self, certificate: &Fingerprint) -> Self {
        self.distrust.entry(certificate.clone()).or_insert(None);
        self
    }

    /// The user's own certificate, whose certifications are caps.
    pub fn user(&self) -> Option<&Fingerprint> {
        self.own.as_ref()
    }

    /// All rules, in their order.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule that decides on a package: the first that matches it. None is `no-rule`.
    pub fn rule_for(&self, package: &Purl) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.matches(package))
    }

    /// The exemption that lifts a refusal of a package at a moment, if there is one. Codes that none may lift never are.
    pub fn exempts(&self, code: Code, package: &Purl, at: Timestamp) -> Option<&Exemption> {
        self.exemptions.iter().find(|exemption| exemption.lifts(code, package, at))
    }

    /// The override that lifts a statement's no at a moment, if there is one.
    pub fn overrides(&self, statement: Digest, at: Timestamp) -> Option<&Override> {
        self.overrides.iter().find(|one| one.lifts(statement, at))
    }

    /// The bounds that hold under this policy.
    #[must_use]
    pub fn limits(&self, base: &Limits) -> Limits {
        let mut limits = base.clone();
        limits.file = self.limits.file.unwrap_or(base.file);
        limits.tree = self.limits.tree.unwrap_or(base.tree);
        limits.files = self.limits.files.unwrap_or(base.files);
        limits.links = self.tree.links;
        limits
    }

    /// How a package is measured.
    pub fn tree(&self) -> &TreeRules {
        &self.tree
    }

    /// What is odd about it on each run, and what has run out: notes. `file` is its path, or what stands for it.
    pub fn notes(&self, file: &str, at: Timestamp) -> Vec<Reason> {
        let expired = |place: Place, kind: &str, until| {
            let message = format!("this {kind} ended with {until} and has no effect");
            Reason::new(Code::ExemptionExpired, Answer::Note, message).at(format!("{file}:{place}"))
        };
        let exemptions = self.exemptions.iter().filter(|one| !one.until.reaches(at));
        let overrides = self.overrides.iter().filter(|one| !one.until.reaches(at));
        let notes = self.notes.iter().map(|fault| fault.note(file));
        notes
            .chain(exemptions.map(|one| expired(one.place, "exemption", one.until)))
            .chain(overrides.map(|one| expired(one.place, "override", one.until)))
            .collect()
    }

    /// This policy with the user's own distrust and minimum on top, which it can only become stricter by.
    #[must_use]
    pub fn under(mut self, user: &Self) -> Self {
        let distrust = user.distrust.iter().map(|(certificate, reason)| (certificate.clone(), reason.clone()));
        self.distrust.extend(distrust);
        user.minimum.raise_trust(&mut self.trust);
        for rule in &mut self.rules {
            user.minimum.raise_rule(rule);
        }
        if user.minimum.exemptions {
            self.exemptions.clear();
            self.overrides.clear();
        }
        self
    }
}

/// What is known of certificates while a policy is checked.
pub trait Certificates {
    /// The certificate to which this subkey belongs, if it is a subkey.
    fn primary_of(&self, subkey: &Fingerprint) -> Option<Fingerprint>;
    /// Whether the certificate is at hand.
    fn holds(&self, certificate: &Fingerprint) -> bool;
}

impl Certificates for Keyring {
    fn primary_of(&self, subkey: &Fingerprint) -> Option<Fingerprint> {
        Self::primary_of(self, subkey).cloned()
    }

    fn holds(&self, certificate: &Fingerprint) -> bool {
        self.by_fingerprint(certificate).is_some()
    }
}

/// How much trust authenticates somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trust {
    /// The amount that is needed.
    pub amount: Amount,
    /// Certifications on a path, at most.
    pub max_depth: Depth,
    /// Paths that share no certificate but roots and target.
    pub independent_paths: usize,
    /// Whether certifications count whose issuer has expired or retired since.
    pub retired_issuers: bool,
}

impl Default for Trust {
    fn default() -> Self {
        Self { amount: Amount::FULL, max_depth: Depth::new(3), independent_paths: 1, retired_issuers: false }
    }
}

/// Where trust starts.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Root {
    /// What the user calls it.
    pub name: Option<String>,
    /// Its primary key.
    pub fingerprint: Fingerprint,
    /// The trust that can start here.
    pub amount: Amount,
    /// Certifications on a path from here, at most.
    pub depth: Depth,
    /// The roles and packages that it is limited to.
    pub limit: Grant,
}

/// Bounds of a tree that a policy changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct SizeLimits {
    file: Option<u64>,
    tree: Option<u64>,
    files: Option<u64>,
}

/// How a package is measured.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct TreeRules {
    /// Whether names that Windows cannot hold are refused.
    pub portable_names: bool,
    /// Whether a checkout, its `.git` left out, may be accepted.
    pub worktree: bool,
    /// Which symbolic links a tree may have.
    pub links: Links,
    /// Files that are left out.
    pub exclude: BTreeSet<PackagePath>,
}

#[cfg(test)]
mod tests;
