//! One version of a package by its very tree: what reviews and withdrawals speak of, never of bare versions.

use super::StatementFault;
use super::fields::Fields;
use super::print::Printer;
use crate::digest::Digest;
use crate::package::Purl;

/// A version and its tree.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(clippy::exhaustive_structs, reason = "the fields are the formats', which do not grow")]
pub struct VersionTree {
    /// The version, as it stands in the package's name, without escapes.
    pub version: String,
    /// The digest of its tree text.
    pub tree: Digest,
}

impl VersionTree {
    /// The package at this version.
    ///
    /// `None` where the version cannot stand in a purl; no statement holds such a one.
    pub fn package(&self, identity: &Purl) -> Option<Purl> {
        identity.at(&self.version).ok()
    }

    /// Reads the fields of an inline table.
    pub(super) fn read(mut fields: Fields<'_>, field: &'static str, identity: &Purl) -> Result<Self, StatementFault> {
        fields.only(&["version", "tree"])?;
        let read = Self { version: fields.parsed("version")?, tree: fields.parsed("tree")? };
        let at = identity.at(&read.version).map_err(|why| StatementFault::value(field, why))?;
        // A version that holds what ends it would be another one in the package's name.
        if at.version() != Some(&read.version) {
            return Err(StatementFault::value(field, "a version that cannot stand in the package's name"));
        }
        Ok(read)
    }

    /// As an inline table.
    pub(super) fn print(&self) -> String {
        Printer::inline(&[("version", &self.version), ("tree", &self.tree)])
    }
}

/// The package of a statement that speaks of several versions is named without one.
pub(super) fn identity(package: Purl) -> Result<Purl, StatementFault> {
    match package.version() {
        None => Ok(package),
        Some(_) => Err(StatementFault::value("package", "the versions stand beside the trees; name it without `@`")),
    }
}
