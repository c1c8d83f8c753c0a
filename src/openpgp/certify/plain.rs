//! Claims in plain numbers and text, as they are kept between runs: what was parsed, and nothing of what was checked.

use std::sync::Arc;

use sequoia_openpgp::types::HashAlgorithm;
use serde::{Deserialize, Serialize};

use super::super::{Handle, KeyId};
use super::claim::{Claim, Kind};
use super::{Regexes, Unusable, notation};
use crate::grant::{Amount, Depth, Grant};
use crate::time::Timestamp;

/// A claim without its signature. It names its user ID by a place in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlainClaim(
    bool,
    /// The user ID.
    pub u32,
    Option<u32>,
    Option<u32>,
    u8,
    u8,
    u8,
    Option<Rare>,
);

/// What few claims have.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rare {
    regexes: Vec<Vec<u8>>,
    roles: Vec<String>,
    scopes: Vec<String>,
    local: bool,
    fault: Option<PlainCause>,
}

/// An [`Unusable`] of those that a claim shows by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlainCause(u8, Vec<String>);

impl PlainClaim {
    /// A claim about the user ID at a place.
    pub fn new(claim: &Claim, user_id: u32) -> Self {
        let rare = Rare {
            regexes: claim.regexes().patterns().to_vec(),
            roles: claim.grant().roles.iter().map(ToString::to_string).collect(),
            scopes: claim.grant().scopes.iter().map(ToString::to_string).collect(),
            local: !claim.is_exportable(),
            fault: claim.fault().and_then(PlainCause::new),
        };
        Self(
            claim.kind() == Kind::Revocation,
            user_id,
            claim.created().map(Timestamp::seconds),
            claim.expires().map(Timestamp::seconds),
            claim.amount().value(),
            claim.depth().value(),
            claim.hash_algorithm().into(),
            Some(rare).filter(|rare| *rare != Rare::default()),
        )
    }

    /// The claim; none if a number or text in it is not what it should be.
    pub fn read(&self, user_id: &Arc<str>) -> Option<Claim> {
        let Self(revocation, _, created, expires, amount, depth, hash, rare) = self;
        let none = Rare::default();
        let Rare { regexes, roles, scopes, local, fault } = rare.as_ref().unwrap_or(&none);
        let roles = roles.iter().map(|role| role.parse()).collect::<Result<Vec<_>, _>>().ok()?;
        let scopes = scopes.iter().map(|scope| scope.parse()).collect::<Result<Vec<_>, _>>().ok()?;
        let fault = match fault {
            Some(fault) => Some(fault.read()?),
            None => None,
        };
        Some(Claim::of_facts(
            if *revocation { Kind::Revocation } else { Kind::Certification },
            user_id.clone(),
            (created.map(Timestamp::from_seconds), expires.map(Timestamp::from_seconds)),
            (Some(Amount::capped(*amount)).filter(|capped| capped.value() == *amount)?, Depth::new(*depth)),
            HashAlgorithm::from(*hash),
            Arc::new(Regexes::new(regexes.iter().map(|pattern| &pattern[..]))),
            Arc::new(Grant::new(roles, scopes)),
            !local,
            fault,
        ))
    }
}

impl PlainCause {
    /// A cause in plain form; none if it is one that no claim shows by itself.
    pub fn new(cause: &Unusable) -> Option<Self> {
        Some(match cause {
            Unusable::Version(version) => Self(0, vec![version.to_string()]),
            Unusable::CriticalUnknown(what) => Self(1, vec![what.clone()]),
            Unusable::GrantNotCritical(name) => Self(2, vec![(*name).to_owned()]),
            Unusable::Role(role) => Self(3, vec![role.clone()]),
            Unusable::Scope(scope) => Self(4, vec![scope.clone()]),
            Unusable::BySubkey { key, primary } => Self(5, vec![key.to_string(), primary.to_string()]),
            Unusable::IssuerUnknown(handles) => Self(6, handles.iter().map(ToString::to_string).collect()),
            _ => return None,
        })
    }

    /// The cause; none if a number or text in it is not what it should be.
    pub fn read(&self) -> Option<Unusable> {
        let shown = |text: &String| text.chars().all(|c| !c.is_control()).then(|| text.clone());
        Some(match (self.0, &self.1[..]) {
            (0, [version]) => Unusable::Version(version.parse().ok()?),
            (1, [what]) => Unusable::CriticalUnknown(shown(what)?),
            (2, [name]) => {
                Unusable::GrantNotCritical([notation::ROLE, notation::SCOPE].into_iter().find(|one| one == name)?)
            }
            (3, [role]) => Unusable::Role(shown(role)?),
            (4, [scope]) => Unusable::Scope(shown(scope)?),
            (5, [key, primary]) => Unusable::BySubkey { key: key.parse().ok()?, primary: primary.parse().ok()? },
            (6, handles) => Unusable::IssuerUnknown(handles.iter().map(|text| handle(text)).collect::<Option<_>>()?),
            _ => return None,
        })
    }
}

fn handle(text: &str) -> Option<Handle> {
    if text.len() == 16 {
        return u64::from_str_radix(text, 16).ok().map(|id| Handle::KeyId(KeyId(id)));
    }
    text.parse().ok().map(Handle::Fingerprint)
}
