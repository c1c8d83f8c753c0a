//! What is remembered of one release: a pin, and what became of it.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::sealed::{Entry, MemoryFault};
use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::package::Purl;
use crate::reason::Code;
use crate::shown::Shown;
use crate::statement::print::Printer;
use crate::time::Timestamp;

/// On what an acceptance rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Basis {
    /// The policy's evidence was there.
    Policy,
    /// The first author that was seen.
    FirstUse,
    /// Nobody vouched for it, and the policy allowed that.
    Unsigned,
    /// The user's own code.
    Local,
    /// A part of the language's own installation.
    Builtin,
}

impl Basis {
    /// Every basis.
    pub const ALL: [Self; 5] = [Self::Policy, Self::FirstUse, Self::Unsigned, Self::Local, Self::Builtin];

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::FirstUse => "first-use",
            Self::Unsigned => "unsigned",
            Self::Local => "local",
            Self::Builtin => "builtin",
        }
    }
}

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Basis {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|basis| basis.as_str() == text);
        known.ok_or_else(|| format!("`{}` is no basis", Shown::new(text)))
    }
}

/// A release that was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(clippy::exhaustive_structs, reason = "the lines of the format; whoever remembers must say all of them")]
pub struct Pin {
    /// The package with its version.
    pub package: Purl,
    /// The tree that was accepted.
    pub tree: Digest,
    /// The manifest that its authors signed, if they did.
    pub manifest: Option<Digest>,
    /// The authors who may sign the next one; none for an unsigned package.
    pub authors: BTreeSet<Fingerprint>,
    /// On what the acceptance rested.
    pub basis: Basis,
    /// When it was accepted.
    pub accepted: Timestamp,
    /// The digest of the policy that accepted it.
    pub policy: Digest,
}

impl Pin {
    /// Whether both speak of the same release by the same authors: then the older one stays as it is.
    pub fn same_release(&self, other: &Self) -> bool {
        (&self.package, self.tree, self.manifest, &self.authors, self.basis)
            == (&other.package, other.tree, other.manifest, &other.authors, other.basis)
    }

    pub(super) fn print(&self, printer: &mut Printer) {
        printer.text("package", &self.package);
        printer.text("tree", self.tree);
        if let Some(manifest) = self.manifest {
            printer.text("manifest", manifest);
        }
        printer.list("authors", &self.authors.iter().collect::<Vec<_>>());
        printer.text("basis", self.basis);
        printer.plain("accepted", self.accepted);
        printer.text("policy", self.policy);
    }

    pub(super) fn read(entry: &mut Entry) -> Result<Self, MemoryFault> {
        let pin = Self {
            package: entry.needed("package")?,
            tree: entry.needed("tree")?,
            manifest: entry.perhaps("manifest")?,
            authors: entry.set("authors")?,
            basis: entry.needed("basis")?,
            accepted: entry.time("accepted")?,
            policy: entry.needed("policy")?,
        };
        pin.check().map_err(|why| entry.fault(why))?;
        Ok(pin)
    }

    /// What cannot be remembered.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        match self {
            _ if self.package.version().is_none() => Err("a pin names a package with its version"),
            _ if self.manifest.is_some() == self.authors.is_empty() => {
                Err("a pin has a manifest and its authors, or neither")
            }
            _ => Ok(()),
        }
    }
}

/// A pin that another one took the place of, or that its project needs no more. Its authors are still known.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Past {
    /// What was pinned.
    pub pin: Pin,
    /// Until when.
    pub until: Timestamp,
}

/// One way through an alarm, for one package and one code, that the user took.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(clippy::exhaustive_structs, reason = "the lines of the format; whoever remembers must say all of them")]
pub struct Passed {
    /// The package with its version.
    pub package: Purl,
    /// The alarm.
    pub code: Code,
    /// The certificate that was let through.
    pub fingerprint: Fingerprint,
    /// Why.
    pub reason: String,
    /// When.
    pub accepted: Timestamp,
}

impl Passed {
    pub(super) fn print(&self, printer: &mut Printer) {
        printer.text("package", &self.package);
        printer.text("code", self.code);
        printer.text("fingerprint", &self.fingerprint);
        printer.text("reason", &self.reason);
        printer.plain("accepted", self.accepted);
    }

    pub(super) fn read(entry: &mut Entry) -> Result<Self, MemoryFault> {
        let word: String = entry.needed("code")?;
        let code = Code::named(&word);
        let passed = Self {
            package: entry.needed("package")?,
            code: code.ok_or_else(|| entry.fault(format!("`{}` is no reason code", Shown::new(&word))))?,
            fingerprint: entry.needed("fingerprint")?,
            reason: entry.needed("reason")?,
            accepted: entry.time("accepted")?,
        };
        passed.check().map_err(|why| entry.fault(why))?;
        Ok(passed)
    }

    /// What cannot be remembered.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        match self {
            _ if self.package.version().is_none() => Err("an override names a package with its version"),
            _ if self.reason.trim().is_empty() => Err("an override has a reason"),
            _ if self.reason.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) => {
                Err("a reason has no control characters")
            }
            _ => Ok(()),
        }
    }
}
