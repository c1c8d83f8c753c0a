//! How many packages came out how.

use super::{PackageReport, Report};
use crate::verdict::{Basis, Outcome};

/// How many packages of a report came out how; each is counted once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// All of them.
    pub all: usize,
    /// The policy's evidence was there.
    pub policy: usize,
    /// Known from first use alone.
    pub first_use: usize,
    /// Nobody vouched for them, and the policy let them through.
    pub unsigned: usize,
    /// The user's own code.
    pub local: usize,
    /// Parts of the language's own installation.
    pub builtin: usize,
    /// Refused.
    pub rejected: usize,
    /// Could not be told.
    pub undetermined: usize,
}

impl Counts {
    /// Counts the packages of a report.
    pub fn of(report: &Report) -> Self {
        let mut counts = Self { all: report.packages.len(), ..Self::default() };
        for package in &report.packages {
            *counts.place(package) += 1;
        }
        counts
    }

    fn place(&mut self, package: &PackageReport) -> &mut usize {
        match (package.verdict, package.basis) {
            (Outcome::Rejected, _) => &mut self.rejected,
            (Outcome::Undetermined, _) => &mut self.undetermined,
            (Outcome::Accepted, Some(Basis::FirstUse)) => &mut self.first_use,
            (Outcome::Accepted, Some(Basis::Unsigned)) => &mut self.unsigned,
            (Outcome::Accepted, Some(Basis::Local)) => &mut self.local,
            (Outcome::Accepted, Some(Basis::Builtin)) => &mut self.builtin,
            (Outcome::Accepted, _) => &mut self.policy,
        }
    }
}
