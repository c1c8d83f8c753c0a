//! What can keep a certification, or a whole route, from counting.

use std::fmt;

use super::super::question::Question;
use super::super::view::Uncounted;
use crate::fingerprint::Fingerprint;
use crate::grant::{Depth, Grant};
use crate::openpgp::certify::Unusable;
use crate::reason::Code;

/// One cause. Foreign text in it is escaped.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Stop {
    /// The certification itself does not count.
    Unusable(Unusable),
    /// It passes nothing on.
    Amount,
    /// It does not reach far enough.
    Depth {
        /// How far it reaches.
        has: Depth,
        /// How many more hops follow.
        needed: usize,
    },
    /// None of its regular expressions matches the target.
    Regex(Vec<String>),
    /// A scope does not cover the package, or there is none that could grant a role.
    Scope,
    /// The role is not granted, or not let through.
    Role,
    /// Its issuer has expired or retired since.
    Retired,
    /// Its user ID was taken back by its owner.
    UserIdRevoked,
    /// Somebody on it is distrusted.
    Distrusted(Fingerprint),
    /// The route is longer than asked for.
    MaxDepth {
        /// How many certifications it has.
        needed: usize,
    },
    /// No root leads to its first issuer.
    Unreached(Fingerprint),
}

impl Stop {
    /// A short name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Unusable(_) => "unusable",
            Self::Amount => "amount",
            Self::Depth { .. } => "depth",
            Self::Regex(_) => "regex",
            Self::Scope => "scope",
            Self::Role => "role",
            Self::Retired => "retired",
            Self::UserIdRevoked => "user-id-revoked",
            Self::Distrusted(_) => "distrust",
            Self::MaxDepth { .. } => "max-depth",
            Self::Unreached(_) => "unreached",
        }
    }

    /// The stable code, where there is one.
    pub fn code(&self) -> Option<Code> {
        Some(match self {
            Self::Unusable(cause) => cause.code(),
            Self::Depth { .. } | Self::MaxDepth { .. } => Code::TooDeep,
            Self::Scope => Code::OutOfScope,
            Self::Role => Code::Unauthorised,
            Self::Retired => Code::RetiredIssuer,
            Self::UserIdRevoked => Code::UserIdUnusable,
            Self::Distrusted(_) => Code::SignerDenied,
            Self::Amount | Self::Regex(_) | Self::Unreached(_) => return None,
        })
    }
}

impl From<Uncounted> for Stop {
    fn from(uncounted: Uncounted) -> Self {
        match uncounted {
            Uncounted::Zero => Self::Amount,
            Uncounted::Retired => Self::Retired,
            Uncounted::UserIdRevoked => Self::UserIdRevoked,
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unusable(cause) => fmt::Display::fmt(cause, f),
            Self::Amount => f.write_str("it passes on an amount of 0"),
            Self::Depth { has, needed: 1 } => write!(f, "it has depth {has}, and one more hop follows"),
            Self::Depth { has, needed } => write!(f, "it has depth {has}, and {needed} more hops follow"),
            Self::Regex(regexes) => write!(f, "it is limited to user IDs like {}", regexes.join(" or ")),
            Self::Scope => f.write_str("no scope of it covers the package"),
            Self::Role => f.write_str("it does not grant the role, or lets only other roles through"),
            Self::Retired => f.write_str("its maker has expired or retired since, so that it may be back-dated"),
            Self::UserIdRevoked => f.write_str("its user ID was taken back by its owner"),
            Self::Distrusted(fingerprint) => write!(f, "you distrust {fingerprint}"),
            Self::MaxDepth { needed } => write!(f, "the way has {needed} certifications, more than are allowed"),
            Self::Unreached(fingerprint) => write!(f, "nothing leads from the roots to {fingerprint}"),
        }
    }
}

/// What an introducer's or a root's grant does not let through.
pub(super) fn limits(grant: &Grant, question: &Question) -> Vec<Stop> {
    let (package, role) = (question.package.as_ref(), question.granted_role());
    let mut stops = Vec::new();
    stops.extend((!grant.admits(package, None)).then_some(Stop::Scope));
    stops.extend((!grant.admits(None, role)).then_some(Stop::Role));
    stops
}

/// What the last certification's grant lacks.
pub(super) fn missing(grant: &Grant, question: &Question) -> Vec<Stop> {
    let (Some(package), Some(role)) = (&question.package, question.granted_role()) else {
        return limits(grant, question);
    };
    let mut stops = Vec::new();
    stops.extend((!grant.roles.contains(&role)).then_some(Stop::Role));
    // Whoever grants nothing at all has forgotten the role first.
    stops.extend((!grant.is_empty() && !grant.covers(package)).then_some(Stop::Scope));
    stops
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grant::Role;

    fn asked(package: &str, role: Option<Role>) -> Question {
        let fingerprint = "0123456789ABCDEF0123456789ABCDEF01234567".parse().expect("a fingerprint");
        Question { package: Some(package.parse().expect("a package")), role, ..Question::who(fingerprint, "x") }
    }

    fn names(stops: Vec<Stop>) -> Vec<&'static str> {
        stops.iter().map(Stop::name).collect()
    }

    #[test]
    fn what_stops_has_its_code() {
        assert_eq!(Stop::Unusable(Unusable::NoTime).code(), Some(Code::CertificationUnusable));
        assert_eq!(Stop::Depth { has: Depth::NONE, needed: 1 }.code(), Some(Code::TooDeep));
        assert_eq!(Stop::MaxDepth { needed: 4 }.code(), Some(Code::TooDeep));
        assert_eq!(Stop::Scope.code(), Some(Code::OutOfScope));
        assert_eq!(Stop::Role.code(), Some(Code::Unauthorised));
        assert_eq!(Stop::Retired.code(), Some(Code::RetiredIssuer));
        assert_eq!(Stop::from(Uncounted::UserIdRevoked).code(), Some(Code::UserIdUnusable));
    }

    #[test]
    fn the_last_certification_must_grant_and_the_others_must_not_forbid() {
        let scope = || ["pkg:cargo/serde".parse().expect("a scope")];
        let author = asked("pkg:cargo/serde", Some(Role::Author));
        assert_eq!(names(limits(&Grant::default(), &author)), [""; 0]);
        assert_eq!(names(missing(&Grant::default(), &author)), ["role"]);
        assert_eq!(names(missing(&Grant::new([Role::Author], []), &author)), ["scope"]);
        assert_eq!(names(missing(&Grant::new([], scope()), &author)), ["role"]);
        assert_eq!(names(missing(&Grant::new([Role::Author], scope()), &author)), [""; 0]);
        let other = asked("pkg:cargo/ring", Some(Role::Reviewer));
        assert_eq!(names(limits(&Grant::new([Role::Author], scope()), &other)), ["scope", "role"]);
        let anybody = asked("pkg:cargo/serde", None);
        assert_eq!(names(missing(&Grant::default(), &anybody)), [""; 0]);
    }
}
