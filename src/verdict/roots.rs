//! The user's roots as the judgement asks them.

use super::authors::Trust;
use crate::fingerprint::Fingerprint;
use crate::grant::{Depth, Role};
use crate::package::Purl;
use crate::policy;
use crate::trust::authorisation::{Authorisation, Measure};
use crate::trust::view::View;

/// A network as seen from the policy's roots, and what the policy asks of paths.
#[derive(Debug)]
pub struct Roots<'a> {
    view: &'a View<'a, 'a>,
    /// The same where certifications by issuers who have ended since count; none where they count anyway.
    lenient: Option<&'a View<'a, 'a>>,
    measure: Measure,
}

impl<'a> Roots<'a> {
    /// Takes the view from a policy's roots, and what it asks of paths. `lenient` is the view in which certifications by
    /// issuers who have expired or retired since count: it explains a refusal, and changes none.
    pub fn new(view: &'a View<'a, 'a>, lenient: Option<&'a View<'a, 'a>>, trust: &policy::Trust) -> Self {
        Self { view, lenient, measure: measure(trust) }
    }

    /// The view.
    pub(super) fn view(&self) -> &'a View<'a, 'a> {
        self.view
    }

    /// What is asked of paths.
    pub(super) fn measure(&self) -> Measure {
        self.measure
    }
}

/// What a policy asks of paths.
pub fn measure(trust: &policy::Trust) -> Measure {
    let max_depth = (trust.max_depth != Depth::UNLIMITED).then(|| trust.max_depth.value().into());
    Measure { wanted: trust.amount, max_depth, paths: trust.independent_paths }
}

impl Trust for Roots<'_> {
    fn authorisation(&self, certificate: &Fingerprint, role: Role, package: &Purl) -> Authorisation {
        let found = self.view.authorisation(certificate, role, package, self.measure);
        let granted = |view: &View<'_, '_>| {
            matches!(view.authorisation(certificate, role, package, self.measure), Authorisation::Granted(_))
        };
        match found {
            Authorisation::Unreached if self.lenient.is_some_and(granted) => Authorisation::ByRetired,
            found => found,
        }
    }

    fn names_author_of(&self, package: &Purl) -> bool {
        self.view.is_named_by_scope(Role::Author, package, self.measure)
    }

    fn are_independent(&self, people: &[Vec<Fingerprint>], needed: usize, role: Option<Role>, package: &Purl) -> bool {
        self.view.are_independent(people, needed, role, package, self.measure)
    }
}
