//! What the roots say of a certificate in a role for a package: granted, known without the role, or what stands between.
//!
//! A certificate may have several user IDs. Each is asked about for itself, and what they reach is never summed: the best
//! one answers.

pub mod spoken;
pub mod suppose;

use super::authentication::Authentication;
use super::question::Question;
use super::view::View;
use crate::fingerprint::Fingerprint;
use crate::grant::{Amount, Grant, Role};
use crate::openpgp::UserIdStanding;
use crate::package::Purl;
use suppose::Supposition;

/// How much a policy asks of the paths to somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "whoever asks must say all of it")]
pub struct Measure {
    /// The amount that is needed.
    pub wanted: Amount,
    /// The most certifications on a path; none for no limit but those that the certifications set.
    pub max_depth: Option<usize>,
    /// How many paths must share no certificate but roots and target.
    pub paths: usize,
}

/// What the roots say of somebody.
#[derive(Debug, Clone)]
#[expect(clippy::exhaustive_enums, reason = "each way is told apart where it is told")]
pub enum Authorisation {
    /// The role is granted for the package.
    Granted(Authentication),
    /// They are known, without the role.
    Known(Authentication),
    /// They have a role on the way, but for other packages.
    OutOfScope,
    /// They would be reached, or have the role, over more certifications than the policy follows.
    TooDeep,
    /// They would be, if certifications counted whose issuers have expired or retired since.
    ByRetired,
    /// The roots do not reach them.
    Unreached,
    /// They would be known, and perhaps have the role, if somebody's key were a thief's. No real question is answered so.
    Supposed(Supposition),
}

impl View<'_, '_> {
    /// What the roots say of a certificate in a role for a package.
    pub fn authorisation(
        &self,
        certificate: &Fingerprint,
        role: Role,
        package: &Purl,
        measure: Measure,
    ) -> Authorisation {
        let ask = |package: Option<&Purl>, role: Option<Role>, measure: Measure| {
            let mut answers = self.user_ids(certificate).map(|user_id| {
                self.authenticate(&Question {
                    certificate: certificate.clone(),
                    user_id: user_id.to_owned(),
                    package: package.cloned(),
                    role,
                    max_depth: measure.max_depth,
                    wanted: measure.wanted,
                    paths: measure.paths,
                })
            });
            answers.find(Authentication::is_reached)
        };
        if let Some(granted) = ask(Some(package), Some(role), measure) {
            return Authorisation::Granted(granted);
        }
        let anyhow = Measure { max_depth: None, ..measure };
        if let Some(known) = ask(Some(package), None, measure) {
            return match self.has_role_elsewhere(certificate, role, package, measure) {
                true => Authorisation::OutOfScope,
                false if ask(Some(package), Some(role), anyhow).is_some() => Authorisation::TooDeep,
                false => Authorisation::Known(known),
            };
        }
        // Known for other packages: a scope on the way stops them here.
        if ask(None, None, measure).is_some() {
            return Authorisation::OutOfScope;
        }
        if ask(Some(package), None, anyhow).is_some() { Authorisation::TooDeep } else { Authorisation::Unreached }
    }

    /// The user IDs under which the roots know a certificate.
    pub fn known_as(&self, certificate: &Fingerprint, measure: Measure) -> Vec<String> {
        let known = |user_id: &&str| {
            let question = Question {
                certificate: certificate.clone(),
                user_id: (*user_id).to_owned(),
                package: None,
                role: None,
                max_depth: measure.max_depth,
                wanted: measure.wanted,
                paths: measure.paths,
            };
            self.authenticate(&question).is_reached()
        };
        self.user_ids(certificate).filter(known).map(str::to_owned).collect()
    }

    /// Whether somebody is granted a role for this very package by its name.
    pub fn is_named_by_scope(&self, role: Role, package: &Purl, measure: Measure) -> bool {
        let network = self.network();
        let names =
            |grant: &Grant| grant.roles.contains(&role) && grant.scopes.iter().any(|scope| scope.is_name_of(package));
        // Most certificates have no such claim, and nothing is verified for those.
        let claimed = |node: &u32| {
            let claims = network.about(*node).flat_map(|place| network.claims_of(place));
            claims.into_iter().any(|claim| names(claim.grant()))
        };
        let nodes = 0..network.size().0 as u32;
        nodes.filter(claimed).filter(|node| self.is_told(*node, names, measure)).any(|node| {
            let certificate = network.fingerprint(node);
            matches!(self.authorisation(certificate, role, package, measure), Authorisation::Granted(_))
        })
    }

    fn user_ids(&self, certificate: &Fingerprint) -> impl Iterator<Item = &str> {
        let network = self.network();
        let node = network.place(certificate);
        let names = node.into_iter().flat_map(|node| network.names(node).map(move |text| (node, text)));
        names.filter(|(node, text)| network.user_id(*node, text) == Some(UserIdStanding::Good)).map(|(_, text)| text)
    }

    /// Whether a certification that counts gives somebody the role, and not for this package.
    fn has_role_elsewhere(&self, certificate: &Fingerprint, role: Role, package: &Purl, measure: Measure) -> bool {
        let elsewhere =
            |grant: &Grant| grant.roles.contains(&role) && !grant.scopes.is_empty() && !grant.covers(package);
        self.network().place(certificate).is_some_and(|node| self.is_told(node, elsewhere, measure))
    }

    /// Whether a certification of somebody that counts says so. What is said by those whom the user distrusts, or whom the
    /// roots do not reach, is no word of the roots, and limits nobody.
    fn is_told(&self, node: u32, says: impl Fn(&Grant) -> bool, measure: Measure) -> bool {
        let (network, reach) = (self.network(), self.reach(measure.max_depth));
        let speaks = |place: &u32| {
            let utterance = network.utterance(*place);
            self.may_count(utterance) && reach.allows(utterance.issuer, 1, measure.max_depth)
        };
        network
            .about(node)
            .filter(speaks)
            .flat_map(|place| self.edges(place))
            .any(|edge| says(edge.certification.grant()))
    }
}
