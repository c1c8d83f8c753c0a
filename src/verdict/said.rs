//! What was said of a package beside its manifests, and whose word on it counts.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::authors::{Release, Right, Scale};
use super::heard::Words;
use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::grant::Role;
use crate::policy::rule::Requirement;
use crate::policy::{Person, Voices};
use crate::statement::check::Subject;
use crate::statement::{Check, Kind, Review, Withdrawal};
use crate::trust::authorisation::Authorisation;

/// Reviews, checks and withdrawals of one package, whatever the version.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::exhaustive_structs, reason = "whoever judges must give all of it")]
pub struct Said<'a> {
    /// Reviews.
    pub reviews: Words<'a, Review>,
    /// Checks.
    pub checks: Words<'a, Check>,
    /// Withdrawals.
    pub withdrawals: Words<'a, Withdrawal>,
    /// What the verifier's own lockfile says of the package: a check that was held against a registry counts only where
    /// the two agree. None where no lockfile was read.
    pub subject: Option<&'a Subject>,
}

/// Whose word counts, for what. Each certificate is asked about once.
pub(super) struct Speakers<'a> {
    pub(super) scale: &'a Scale<'a>,
    asked: RefCell<BTreeMap<(Fingerprint, Role), Standing>>,
}

impl Said<'_> {
    /// Who signed what about a tree, and what kind of statement that was.
    pub(super) fn of_tree(&self, tree: Digest) -> impl Iterator<Item = (Kind, &Fingerprint)> {
        let reviews = self.reviews.iter().filter(move |opened| opened.statement().to().tree == tree);
        let checks = self.checks.iter().filter(move |opened| opened.statement().tree() == tree);
        let noes = self
            .withdrawals
            .iter()
            .filter(move |opened| opened.statement().targets().iter().any(|target| target.tree == tree));
        let reviews = reviews.flat_map(|opened| opened.signers().map(|signer| (Kind::Review, signer)));
        let checks = checks.flat_map(|opened| opened.signers().map(|signer| (Kind::Check, signer)));
        let noes = noes.flat_map(|opened| opened.signers().map(|signer| (Kind::Withdrawal, signer)));
        reviews.chain(checks).chain(noes)
    }
}

/// What the roots say of somebody in a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Granted,
    OutOfScope,
    Nothing,
}

impl<'a> Speakers<'a> {
    pub(super) fn new(scale: &'a Scale<'a>) -> Self {
        Self { scale, asked: RefCell::default() }
    }

    /// Whether a clause that takes people `from` there counts a certificate in a role.
    pub(super) fn counts(&self, certificate: &Fingerprint, from: &Voices, role: Role) -> bool {
        if self.scale.policy.distrusts(certificate) {
            return false;
        }
        match from {
            Voices::Only(_) => self.is_named(certificate, from),
            Voices::Authorised => self.standing(certificate, role) == Standing::Granted,
        }
    }

    /// Rights go by the policy's own word; a shared address gives nobody another one's.
    fn is_named(&self, certificate: &Fingerprint, voices: &Voices) -> bool {
        voices.names(&self.scale.policy.people().person(certificate))
    }

    /// What the roots say of a certificate in a role for this package.
    pub(super) fn standing(&self, certificate: &Fingerprint, role: Role) -> Standing {
        let key = (certificate.clone(), role);
        if let Some(known) = self.asked.borrow().get(&key) {
            return *known;
        }
        let found = self.scale.trust.map(|trust| trust.authorisation(certificate, role, self.scale.package));
        let standing = match found {
            Some(Authorisation::Granted(_)) => Standing::Granted,
            Some(Authorisation::Supposed(found)) if found.grants_role() => Standing::Granted,
            Some(Authorisation::OutOfScope) => Standing::OutOfScope,
            _ => Standing::Nothing,
        };
        self.asked.borrow_mut().insert(key, standing);
        standing
    }

    /// Whom somebody with a name in the policy is counted as, by certificates that are not distrusted.
    pub(super) fn voices_of(&self, person: &Person) -> BTreeSet<Person> {
        let policy = self.scale.policy;
        let mut certificates = policy.people().certificates(person);
        certificates.retain(|certificate| !policy.distrusts(certificate));
        self.scale.people.count(&certificates)
    }

    /// Who that is, for counting.
    pub(super) fn person(&self, certificate: &Fingerprint) -> Person {
        self.scale.people.person(certificate)
    }

    /// Whether a rejecting review counts: whoever could approve can reject, and whoever the rule gives a veto.
    pub(super) fn may_reject(&self, certificate: &Fingerprint) -> bool {
        if self.scale.policy.distrusts(certificate) {
            return false;
        }
        let could_approve = self.scale.rule.require.clauses().into_iter().any(|clause| match clause {
            Requirement::Review(clause) => self.counts(certificate, &clause.from, Role::Reviewer),
            _ => false,
        });
        could_approve || self.is_named(certificate, &self.scale.rule.veto_from)
    }

    /// Whether a withdrawal counts: by an author who is named, was granted the role, is remembered or was handed over to;
    /// or by whom the rule lets withdraw.
    pub(super) fn may_withdraw(&self, certificate: &Fingerprint, releases: &[Release<'_>]) -> bool {
        let scale = self.scale;
        if scale.policy.distrusts(certificate) {
            return false;
        }
        if self.is_named(certificate, &scale.rule.withdraw_from)
            || scale.author_clauses().any(|clause| self.is_named(certificate, &clause.from))
            || self.standing(certificate, Role::Author) == Standing::Granted
        {
            return true;
        }
        let handed = |(signer, right): (&super::authors::Signer, &Right)| {
            signer.certificate == *certificate && matches!(right, Right::HandedOver(_))
        };
        let remembered = scale.memory.former_authors.contains(certificate)
            || scale.memory.pins.iter().any(|pin| pin.authors.contains(certificate));
        !scale.is_exclusive() && (remembered || releases.iter().flat_map(Release::authors).any(handed))
    }
}

/// Who wrote which tree: whoever signed a manifest of it, and whom its authors name; and who is remembered for it.
pub(super) fn writers(scale: &Scale<'_>, releases: &[Release<'_>]) -> BTreeMap<Digest, BTreeSet<Person>> {
    let mut writers: BTreeMap<Digest, BTreeSet<Person>> = BTreeMap::new();
    for opened in scale.chain.manifests() {
        // By signing, anybody makes an author of nobody but themselves.
        let signers = opened.signers().map(|signer| scale.people.person(signer));
        writers.entry(opened.statement().tree()).or_default().extend(signers);
    }
    for release in releases.iter().filter(|release| release.authors().next().is_some()) {
        let manifest = release.opened.statement();
        let named = manifest.authors().iter().map(|author| scale.people.person(author));
        writers.entry(manifest.tree()).or_default().extend(named);
    }
    for pin in &scale.memory.pins {
        let remembered = pin.authors.iter().map(|author| scale.people.person(author));
        writers.entry(pin.tree).or_default().extend(remembered);
    }
    writers
}
