//! How much trust a certification passes on, how far, and for what: amounts, depths, roles, scopes.
//!
//! Words only: who certified whom is told by `openpgp::certify`, and what follows from it by `trust`.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use thiserror::Error;

use crate::package::Purl;
use crate::pattern::Pattern;

/// An amount of trust, 0 to 120: RFC 9580, section 5.2.3.21. 120 is full, and 40 is a third of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Amount(u8);

impl Amount {
    /// No trust at all. A certification of this amount overrides older ones with "none".
    pub const NONE: Self = Self(0);
    /// Full trust.
    pub const FULL: Self = Self(120);

    /// The amount that a trust signature carries: what is above full counts as full.
    pub const fn capped(amount: u8) -> Self {
        if amount > Self::FULL.0 { Self::FULL } else { Self(amount) }
    }

    /// The number, 0 to 120.
    pub const fn value(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for Amount {
    type Err = GrantError;

    fn from_str(text: &str) -> Result<Self, GrantError> {
        digits(text).filter(|n| *n <= Self::FULL.0).map(Self).ok_or(GrantError::Amount)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.0)
    }
}

/// How many more hops a delegation reaches beyond the one that carries it: RFC 9580, section 5.2.3.21.
///
/// 0 is a plain certification, and 255 has no limit.
///
/// ```compile_fail
/// let mixed: countersign::grant::Depth = countersign::grant::Amount::FULL;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Depth(u8);

impl Depth {
    /// Certification only.
    pub const NONE: Self = Self(0);
    /// No limit.
    pub const UNLIMITED: Self = Self(u8::MAX);

    /// So many hops; 255 has no limit.
    pub const fn new(hops: u8) -> Self {
        Self(hops)
    }

    /// The number as a trust signature carries it.
    pub const fn value(self) -> u8 {
        self.0
    }

    /// Whether this reaches so many hops further.
    pub const fn reaches(self, hops: usize) -> bool {
        self.0 == u8::MAX || hops <= self.0 as usize
    }
}

impl fmt::Display for Depth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::UNLIMITED { f.write_str("unlimited") } else { fmt::Display::fmt(&self.0, f) }
    }
}

impl FromStr for Depth {
    type Err = GrantError;

    fn from_str(text: &str) -> Result<Self, GrantError> {
        match text {
            "unlimited" | "none" => Ok(Self::UNLIMITED),
            _ => digits(text).map(Self).ok_or(GrantError::Depth),
        }
    }
}

impl Serialize for Depth {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.0)
    }
}

/// What somebody may do for a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::exhaustive_enums, reason = "the three kinds of approval; a fourth is a new format")]
pub enum Role {
    /// Release it.
    Author,
    /// Review its changes.
    Reviewer,
    /// Sign the results of tools about it.
    Checker,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::Author, Self::Reviewer, Self::Checker];

    /// The role's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Author => "author",
            Self::Reviewer => "reviewer",
            Self::Checker => "checker",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Role {
    type Err = GrantError;

    fn from_str(text: &str) -> Result<Self, GrantError> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(GrantError::Role)
    }
}

/// Roles and scopes, as a certification carries them in its critical notations, or as a root is limited to them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[non_exhaustive]
pub struct Grant {
    /// Roles; none where there is no such notation.
    pub roles: BTreeSet<Role>,
    /// Packages; none where there is no such notation.
    pub scopes: BTreeSet<Pattern>,
}

impl Grant {
    /// Roles and scopes, each perhaps none.
    pub fn new(roles: impl IntoIterator<Item = Role>, scopes: impl IntoIterator<Item = Pattern>) -> Self {
        Self { roles: roles.into_iter().collect(), scopes: scopes.into_iter().collect() }
    }

    /// Whether it carries neither a role nor a scope.
    pub fn is_empty(&self) -> bool {
        self.roles.is_empty() && self.scopes.is_empty()
    }

    /// Whether it lets a role for a package through: what it does not carry limits nothing.
    pub fn admits(&self, package: Option<&Purl>, role: Option<Role>) -> bool {
        let scope = package.is_none_or(|package| self.scopes.is_empty() || self.covers(package));
        scope && role.is_none_or(|role| self.roles.is_empty() || self.roles.contains(&role))
    }

    /// Whether it grants a role for a package: only what it carries is granted.
    pub fn grants(&self, package: &Purl, role: Role) -> bool {
        self.roles.contains(&role) && self.covers(package)
    }

    /// Whether one of its scopes covers a package.
    pub fn covers(&self, package: &Purl) -> bool {
        self.scopes.iter().any(|scope| scope.matches(package))
    }
}

/// Why a text is no amount, depth or role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GrantError {
    /// Not 0 to 120.
    #[error("an amount of trust is a number from 0 to 120")]
    Amount,
    /// Not 0 to 255.
    #[error("a depth is a number from 0 to 255, or `unlimited`")]
    Depth,
    /// No such role.
    #[error("a role is author, reviewer or checker")]
    Role,
}

/// A decimal number without sign or leading zeros.
fn digits(text: &str) -> Option<u8> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purl(text: &str) -> Purl {
        text.parse().expect(text)
    }

    #[test]
    fn amounts_end_at_120_and_depths_at_255() {
        assert_eq!("120".parse(), Ok(Amount::FULL));
        for text in ["121", "-1", "+1", "01", "", "1.5", " 1"] {
            assert_eq!(text.parse::<Amount>(), Err(GrantError::Amount), "{text}");
        }
        assert_eq!(Amount::capped(255), Amount::FULL);
        assert_eq!("255".parse(), Ok(Depth::UNLIMITED));
        assert_eq!("none".parse(), Ok(Depth::UNLIMITED));
        assert_eq!("256".parse::<Depth>(), Err(GrantError::Depth));
        assert!(Depth::UNLIMITED.reaches(1000) && Depth::new(2).reaches(2) && !Depth::new(2).reaches(3));
    }

    #[test]
    fn what_is_not_carried_limits_nothing_and_grants_nothing() {
        let (serde, ring) = (purl("pkg:cargo/serde@1.0.0"), purl("pkg:cargo/ring@1.0.0"));
        let plain = Grant::default();
        assert!(plain.admits(Some(&serde), Some(Role::Author)) && !plain.grants(&serde, Role::Author));
        let scoped = Grant::new([], ["pkg:cargo/serde".parse().expect("a pattern")]);
        assert!(scoped.admits(Some(&serde), Some(Role::Author)) && !scoped.grants(&serde, Role::Author));
        assert!(!scoped.admits(Some(&ring), None) && scoped.admits(None, None));
        let full = Grant::new([Role::Author], ["pkg:cargo/serde".parse().expect("a pattern")]);
        assert!(full.grants(&serde, Role::Author));
        assert!(!full.grants(&serde, Role::Reviewer) && !full.grants(&ring, Role::Author));
        assert!(!full.admits(Some(&serde), Some(Role::Reviewer)));
    }
}
