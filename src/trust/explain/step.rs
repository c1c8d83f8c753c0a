//! The smallest step that would change an answer: who of the people already trusted would have to do what.
//!
//! The target is named by its user ID alone. Its fingerprint is to be compared over another channel, never to be copied
//! from an explanation.

use super::super::authentication::{Authentication, Obstacle};
use super::super::view::View;
use super::{NearMiss, Stop};
use crate::openpgp::certify::Unusable;
use crate::openpgp::{Standing, UserIdStanding};
use crate::shown::Shown;

pub(super) fn smallest(view: &View<'_, '_>, answer: &Authentication, misses: &[NearMiss]) -> Option<String> {
    if answer.is_reached() {
        return None;
    }
    let question = answer.question();
    let wanted = Shown::new(&question.user_id);
    match answer.obstacle() {
        Some(Obstacle::Unknown) => return Some("import its certificate, from a source that you know".into()),
        Some(Obstacle::Distrusted) => return Some("only you can lift your own distrust".into()),
        Some(Obstacle::OwnWord(_)) => return Some("only a newer certification of your own can allow more".into()),
        Some(Obstacle::UserId(UserIdStanding::Revoked)) => {
            return Some("ask its owner which user ID to use instead".into());
        }
        Some(Obstacle::UserId(_)) => return Some("ask its owner for a copy that claims this user ID".into()),
        Some(Obstacle::Standing(Standing::Revoked | Standing::Retired { .. })) => {
            return Some("ask its owner for the certificate that takes its place".into());
        }
        Some(Obstacle::Standing(_)) => return Some("ask its owner for a newer copy of the certificate".into()),
        Some(Obstacle::PathsMeet(_)) => {
            return Some(
                "a certification by an introducer who is on none of these ways would add one of its own".into(),
            );
        }
        None => {}
    }
    // One act is the smallest: mending a route that is stopped only once, or a certification by a root.
    let mended = misses.iter().filter(|miss| miss.all_stops().count() == 1).find_map(|miss| mend(view, answer, miss));
    mended.or_else(|| {
        let roots: Vec<_> = view.roots().iter().map(|(node, _)| view.network().fingerprint(*node)).collect();
        let names: Vec<_> = roots.iter().take(3).map(|root| view.network().name(root)).collect();
        if names.is_empty() {
            return Some("name a root whose certificate is in the keyring".into());
        }
        let grant = grant(answer);
        Some(format!("{} would have to certify {wanted}{grant}, after comparing the fingerprint", names.join(" or ")))
    })
}

/// What would mend a route that is stopped only once.
fn mend(view: &View<'_, '_>, answer: &Authentication, miss: &NearMiss) -> Option<String> {
    let name = |fingerprint| view.network().name(fingerprint);
    if let Some(stop) = miss.stops.first() {
        return Some(match stop {
            Stop::MaxDepth { needed } => format!("allow ways of {needed} certifications, with `--max-depth {needed}`"),
            Stop::Distrusted(who) => format!("only you can lift your distrust of {}", name(who)),
            Stop::Depth { needed, .. } => format!("name the root with a depth of {needed} or more"),
            Stop::Scope => "name the root with a scope that covers the package".into(),
            _ => return None,
        });
    }
    let (place, link) = miss.links.iter().enumerate().find(|(_, link)| !link.stops.is_empty())?;
    let (issuer, user_id) = (name(link.issuer.as_ref()?), Shown::new(&link.user_id));
    let last = place + 1 == miss.links.len();
    let behind = miss.links.len() - 1 - place;
    Some(match link.stops.first()? {
        Stop::Depth { needed, .. } => {
            format!("{issuer} would have to certify {user_id} as an introducer, with depth {needed} or more")
        }
        Stop::Amount => format!("{issuer} would have to certify {user_id} with an amount above 0"),
        Stop::Regex(_) => format!("{issuer} would have to certify {user_id} without that limit on user IDs"),
        Stop::Scope | Stop::Role if last => format!("{issuer} would have to certify {user_id}{}", grant(answer)),
        Stop::Scope | Stop::Role => format!("{issuer} would have to let more through when certifying {user_id}"),
        Stop::Distrusted(who) => format!("only you can lift your distrust of {}", name(who)),
        Stop::Retired => format!("{issuer} would have to certify {user_id} again with a certificate that is in use"),
        Stop::Unusable(
            Unusable::IssuerRevoked
            | Unusable::IssuerDead { .. }
            | Unusable::IssuerInvalid { .. }
            | Unusable::TargetRevoked
            | Unusable::TargetDead { .. }
            | Unusable::TargetInvalid { .. }
            | Unusable::Bad
            | Unusable::BySubkey { .. }
            | Unusable::IssuerUnknown(_),
        ) => return None,
        Stop::Unusable(Unusable::KeyUnsupported { .. }) => "use a build that can check that key".into(),
        Stop::Unusable(_) if behind == 0 => format!("{issuer} would have to certify {user_id} again"),
        Stop::Unusable(_) => format!("{issuer} would have to certify {user_id} as an introducer again"),
        _ => return None,
    })
}

/// What the last certification would have to grant.
fn grant(answer: &Authentication) -> String {
    let question = answer.question();
    match (&question.package, question.granted_role()) {
        (Some(package), Some(role)) => format!(" with the role {role} and a scope that covers {package}"),
        _ => String::new(),
    }
}
