//! The report: what was judged and why, as the serialisable facts that are the JSON contract `report/1`.
//!
//! Text and JSON are made from this one value. All foreign text in it is escaped already.

pub mod picture;
pub mod text;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::package::Purl;
use crate::reason::Reason;
use crate::verdict::{Basis, Known, Outcome, Verdict};

/// A whole report: one run, at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// The format: `report/1`.
    pub countersign: &'static str,
    /// The moment that the verdict speaks of, RFC 3339.
    pub at: String,
    /// What was asked for.
    pub policy: PolicySource,
    /// The verdict over all packages.
    pub verdict: Outcome,
    /// One entry a package.
    pub packages: Vec<PackageReport>,
    /// Reasons that concern no single package.
    pub reasons: Vec<Reason>,
}

/// Where the policy came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PolicySource {
    /// `--signer`, or a file's path.
    pub source: String,
    /// The digest of the policy file, if it is one.
    pub digest: Option<String>,
}

/// What is said of one package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PackageReport {
    /// The purl, where there is one.
    pub package: Option<String>,
    /// The verdict.
    pub verdict: Outcome,
    /// On what an acceptance rests.
    pub basis: Option<Basis>,
    /// Are these exactly the bytes that somebody signed?
    pub authentic: Known,
    /// May those who signed speak for this package?
    pub authorised: Known,
    /// Does the policy's evidence suffice?
    pub accepted: Known,
    /// Primary fingerprints of the authors that were counted.
    pub authors: Vec<String>,
    /// Primary fingerprints of the reviewers that were counted.
    pub reviewers: Vec<String>,
    /// The names that these certificates give themselves. They prove nothing.
    pub names: BTreeMap<String, String>,
    /// How many authors the policy needs.
    pub needed: usize,
    /// The digest of the tree that was measured.
    pub tree: Option<String>,
    /// The digest of the manifest that was judged.
    pub manifest: Option<String>,
    /// Files in the tree.
    pub files: Option<u64>,
    /// Bytes in the tree.
    pub bytes: Option<u64>,
    /// Why.
    pub reasons: Vec<Reason>,
    /// How many reasons there were in all; more than are listed where the limit was reached.
    pub reasons_total: usize,
}

impl Report {
    /// A report on packages, under the policy `source`.
    pub fn new(at: impl ToString, source: &str, packages: Vec<PackageReport>, reasons: Vec<Reason>) -> Self {
        let outcomes = packages.iter().map(|package| package.verdict);
        let verdict = Outcome::of_reasons(&reasons).max(outcomes.max().unwrap_or(Outcome::Accepted));
        let policy = PolicySource { source: source.to_owned(), digest: None };
        Self { countersign: "report/1", at: at.to_string(), policy, verdict, packages, reasons }
    }

    /// The report as JSON, on one or more lines with a final line feed.
    pub fn json(&self) -> String {
        let mut json = serde_json::to_string_pretty(self).expect("a report has string keys only");
        json.push('\n');
        json
    }
}

impl PackageReport {
    /// Tells of a tree that was refused before anything could be judged.
    pub fn refused(package: Option<&Purl>, reasons: Vec<Reason>, limit: usize) -> Self {
        Self::new(Verdict::refused(package.cloned(), reasons), 0, limit)
    }

    /// Tells a verdict. `limit`: how many reasons are listed.
    pub fn new(verdict: Verdict, needed: usize, limit: usize) -> Self {
        let outcome = verdict.outcome();
        let listed = crate::reason::Listed::new(verdict.reasons, limit);
        Self {
            package: verdict.package.map(|purl| purl.to_string()),
            verdict: outcome,
            basis: verdict.acceptance.map(|acceptance| acceptance.basis()),
            authentic: verdict.authentic,
            authorised: verdict.authorised,
            accepted: verdict.accepted,
            authors: verdict.authors.iter().map(ToString::to_string).collect(),
            reviewers: Vec::new(),
            names: BTreeMap::new(),
            needed,
            tree: verdict.tree.map(|digest| digest.to_string()),
            manifest: verdict.manifest.map(|digest| digest.to_string()),
            files: verdict.files,
            bytes: verdict.bytes,
            reasons: listed.reasons,
            reasons_total: listed.total,
        }
    }
}
