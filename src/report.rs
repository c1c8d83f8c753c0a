//! The report: what was judged and why, as the serialisable facts that are the JSON contract `report/1`.
//!
//! Text and JSON are made from this one value. All foreign text in it is escaped already.

pub mod counts;
pub mod html;
mod markup;
pub mod picture;
pub mod project;
pub mod sarif;
pub mod text;

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::digest::Digest;
use crate::grant::Amount;
use crate::package::Purl;
use crate::path::PackagePath;
use crate::reading::Reading;
use crate::reason::{Answer, Listed, Reason};
use crate::shown::Shown;
use crate::trust::authentication::Authentication;
use crate::verdict::reviews::Hop;
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
    /// The project whose lockfile was read; absent for a single directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectReport>,
    /// The verdict over all packages.
    pub verdict: Outcome,
    /// One entry a package.
    pub packages: Vec<PackageReport>,
    /// Reasons that concern no single package.
    pub reasons: Vec<Reason>,
}

/// What is said of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ProjectReport {
    /// Its ecosystem.
    pub ecosystem: &'static str,
    /// Its lockfile. Escaped.
    pub lockfile: String,
    /// How many packages the lockfile names, but for the project's own. Fewer are listed where fewer were asked for.
    pub locked: usize,
}

impl ProjectReport {
    /// A project of so many locked packages.
    pub fn new(ecosystem: &'static str, lockfile: impl AsRef<[u8]>, locked: usize) -> Self {
        Self { ecosystem, lockfile: Shown::new(lockfile.as_ref()).to_string(), locked }
    }
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
    /// Whether anything was judged; a tree that cannot be measured is refused before.
    #[serde(skip)]
    pub(crate) judged: bool,
    /// Where it lies, if that is told in the place of a name.
    #[serde(skip)]
    pub(crate) place: Option<String>,
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
    /// Primary fingerprints of those who signed the checks that were counted; absent where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checkers: Vec<String>,
    /// For each review clause that is met, how: from a reading of the whole to this tree; absent where there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub readings: Vec<Vec<HopReport>>,
    /// Who read which file, where the rule asks for reviews and somebody read; absent elsewhere. It decides nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reading: Option<ReadingReport>,
    /// The names that these certificates give themselves. They prove nothing.
    pub names: BTreeMap<String, String>,
    /// The paths of trust on which the authors' right rests, where it does.
    pub paths: Vec<PathReport>,
    /// How many authors the policy needs, at least.
    pub needed: usize,
    /// The digest of the tree that was measured.
    pub tree: Option<String>,
    /// The digest of the manifest that was judged.
    pub manifest: Option<String>,
    /// Files in the tree.
    pub files: Option<u64>,
    /// Bytes in the tree.
    pub bytes: Option<u64>,
    /// Whether the lock remembers this very tree.
    pub remembered: bool,
    /// Why.
    pub reasons: Vec<Reason>,
    /// How many reasons there were in all; more than are listed where the limit was reached.
    pub reasons_total: usize,
}

impl PackageReport {
    /// The reason that says most by its code alone: of those that weigh most, one that names a file, since a changed file also
    /// leaves a policy's clauses unmet. None where there are only notes.
    fn weightiest(&self) -> Option<&Reason> {
        let weighty = self.reasons.iter().filter(|reason| reason.answer != Answer::Note);
        weighty.min_by_key(|reason| (reason.answer, reason.path.is_none()))
    }
}

/// One path of trust, from a root to an author.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PathReport {
    /// The author's certificate.
    pub certificate: String,
    /// The user ID under which it is reached. Escaped.
    pub user_id: String,
    /// The amount along the path.
    pub amount: Amount,
    /// Fingerprints, from the root on.
    pub certificates: Vec<String>,
}

/// One hop of a chain of reviews.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct HopReport {
    /// The tree before; null where the whole was read.
    pub from: Option<String>,
    /// The tree that was read.
    pub to: String,
    /// Primary fingerprints of those who were counted.
    pub reviewers: Vec<String>,
}

/// Who read which file of a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ReadingReport {
    /// Every reading by people whose word counts.
    pub readings: Vec<HopReport>,
    /// How many files nobody read.
    pub unread: usize,
    /// Readings of which it is not known what files they were of.
    pub unknown: usize,
    /// The files, those that nobody read first; at most a thousand.
    pub files: Vec<FileReport>,
    /// How many files there are.
    pub files_total: usize,
}

/// Who read a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FileReport {
    /// The file. Escaped.
    pub path: String,
    /// The places in `readings`, from 0, of the readings that it was part of.
    pub read_in: Vec<usize>,
}

impl ReadingReport {
    /// Tells of the readings of a tree.
    pub fn new(reading: &Reading) -> Self {
        let file = |(path, read_in): &(PackagePath, Vec<usize>)| FileReport {
            path: path.to_string(),
            read_in: read_in.clone(),
        };
        Self {
            readings: reading.hops.iter().map(HopReport::new).collect(),
            unread: reading.unread().count(),
            unknown: reading.unknown,
            files: reading.files.iter().take(FILES).map(file).collect(),
            files_total: reading.files.len(),
        }
    }
}

/// So many files are listed.
const FILES: usize = 1_000;

impl HopReport {
    fn new(hop: &Hop) -> Self {
        Self {
            from: hop.from.map(|from| from.to_string()),
            to: hop.to.to_string(),
            reviewers: hop.reviewers.iter().map(ToString::to_string).collect(),
        }
    }
}

impl PathReport {
    fn all(found: &Authentication) -> impl Iterator<Item = Self> {
        let question = found.question();
        found.paths().iter().map(|path| {
            let certified = path.edges().iter().map(|edge| edge.certificate().to_string());
            Self {
                certificate: question.certificate.to_string(),
                user_id: Shown::new(&question.user_id).to_string(),
                amount: path.amount(),
                certificates: std::iter::once(path.root().to_string()).chain(certified).collect(),
            }
        })
    }
}

impl PolicySource {
    /// A policy file, by its path and digest.
    pub fn file(path: impl Into<String>, digest: Digest) -> Self {
        Self { source: path.into(), digest: Some(digest.to_string()) }
    }
}

impl From<&str> for PolicySource {
    /// What stands for a policy where there is no file: `--signer`, `built-in`.
    fn from(source: &str) -> Self {
        Self { source: source.to_owned(), digest: None }
    }
}

impl From<&String> for PolicySource {
    /// As for text.
    fn from(source: &String) -> Self {
        source.as_str().into()
    }
}

impl Report {
    /// A report on packages, under the policy `source`.
    pub fn new(
        at: impl ToString,
        source: impl Into<PolicySource>,
        packages: Vec<PackageReport>,
        reasons: Vec<Reason>,
    ) -> Self {
        let outcomes = packages.iter().map(|package| package.verdict);
        let verdict = Outcome::of_reasons(&reasons).max(outcomes.max().unwrap_or(Outcome::Accepted));
        let (countersign, at, policy) = ("report/1", at.to_string(), source.into());
        Self { countersign, at, policy, project: None, verdict, packages, reasons }
    }

    /// Adds a reason that concerns no single package.
    pub fn add(&mut self, reason: Reason) {
        self.reasons.push(reason);
        self.verdict = self.verdict.max(Outcome::of_reasons(&self.reasons));
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
        Self { judged: false, ..Self::new(&Verdict::refused(package.cloned(), reasons), 0, limit) }
    }

    /// Says where a package without a name lies, for people.
    #[must_use]
    pub fn lies_in(mut self, place: &Path) -> Self {
        self.place = Some(Shown::path(place).to_string());
        self
    }

    /// Tells a verdict. `limit`: how many reasons are listed.
    pub fn new(verdict: &Verdict, needed: usize, limit: usize) -> Self {
        let listed = Listed::new(verdict.reasons.clone(), limit);
        Self {
            package: verdict.package.as_ref().map(ToString::to_string),
            verdict: verdict.outcome(),
            basis: verdict.acceptance.map(|acceptance| acceptance.basis()),
            authentic: verdict.authentic,
            authorised: verdict.authorised,
            accepted: verdict.accepted,
            authors: verdict.authors.iter().map(ToString::to_string).collect(),
            reviewers: verdict.reviewers.iter().map(ToString::to_string).collect(),
            checkers: verdict.checkers.iter().map(ToString::to_string).collect(),
            readings: verdict.readings.iter().map(|chain| chain.iter().map(HopReport::new).collect()).collect(),
            reading: None,
            names: BTreeMap::new(),
            paths: verdict.paths.iter().flat_map(PathReport::all).collect(),
            needed,
            tree: verdict.tree.map(|digest| digest.to_string()),
            manifest: verdict.manifest.map(|digest| digest.to_string()),
            files: verdict.files,
            bytes: verdict.bytes,
            remembered: false,
            judged: true,
            place: None,
            reasons: listed.reasons,
            reasons_total: listed.total,
        }
    }
}
