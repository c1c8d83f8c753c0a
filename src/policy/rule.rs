//! What a rule asks of the packages that it matches: evidence, composed of clauses.

use serde::{Serialize, Serializer};

use super::fault::Place;
use super::people::Voices;
use crate::package::Purl;
use crate::pattern::Pattern;
pub use crate::statement::review::Thoroughness;

/// One rule. The first one that matches a package decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Rule {
    /// Its place among the rules, from 1.
    pub number: usize,
    /// Where it stands in the file.
    #[serde(serialize_with = "shown")]
    pub place: Place,
    /// Which packages it matches.
    #[serde(serialize_with = "all_shown")]
    pub packages: Vec<Pattern>,
    /// Whether a package without an author's signature that counts may pass the author clauses.
    pub unsigned: Unsigned,
    /// Whom a package that is not remembered may have as author, where no author is named.
    pub new_package: NewPackage,
    /// How many of the authors before must sign a change of authors.
    pub handover: usize,
    /// The evidence.
    pub require: Requirement,
    /// Whose rejecting review counts beside those whom the review clauses could count; `Authorised` stands for nobody else.
    pub veto_from: Voices,
    /// Whose withdrawal counts beside an author's; `Authorised` stands for nobody else.
    pub withdraw_from: Voices,
}

impl Rule {
    /// Whether it decides on a package, if no rule before it does.
    pub fn matches(&self, package: &Purl) -> bool {
        self.packages.iter().any(|pattern| pattern.matches(package))
    }
}

/// What becomes of packages that no author signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::exhaustive_enums, reason = "it is a yes or a no")]
pub enum Unsigned {
    /// The author clauses are skipped, and nothing else.
    Accept,
    /// They are refused.
    Reject,
}

/// Whom a package that is new to us may have as author. From the most to the least that is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::exhaustive_enums, reason = "each answer is decided on where packages are judged")]
pub enum NewPackage {
    /// Anyone.
    FirstUse,
    /// Somebody whose identity is authenticated.
    TrustedAuthor,
    /// Nobody who is not named, granted the role, pinned or handed over to.
    Reject,
}

/// Evidence that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Requirement {
    /// Each of these; there is at least one.
    All(Vec<Self>),
    /// One of these; there is at least one.
    Any(Vec<Self>),
    /// Authors of the release.
    Author(AuthorClause),
    /// Reviewers.
    Review(ReviewClause),
    /// A tool's result.
    Check(CheckClause),
}

impl Requirement {
    /// The single clauses, wherever they stand.
    pub fn clauses(&self) -> Vec<&Self> {
        match self {
            Self::All(inner) | Self::Any(inner) => inner.iter().flat_map(Self::clauses).collect(),
            single => vec![single],
        }
    }

    /// The most authors that any of its clauses asks for, and at least one.
    pub fn most_authors(&self) -> usize {
        let count = |clause: &&Self| match clause {
            Self::Author(author) => author.count,
            _ => 1,
        };
        self.clauses().iter().map(count).max().unwrap_or(1).max(1)
    }
}

/// So many authors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct AuthorClause {
    /// How many people.
    pub count: usize,
    /// Who.
    pub from: Voices,
    /// Whether their paths must share no certificate but roots.
    pub independent: bool,
}

/// So many reviewers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct ReviewClause {
    /// How many people.
    pub count: usize,
    /// Who.
    pub from: Voices,
    /// What each review must vouch for: all of these.
    pub criteria: Vec<String>,
    /// How thorough each must be, at least.
    pub thoroughness: Thoroughness,
    /// Days after which a review does not count.
    pub max_age: Option<u64>,
    /// How often the whole must be reviewed.
    pub full_every: Option<FullEvery>,
    /// Whether their paths must share no certificate but roots.
    pub independent: bool,
}

/// A tool's result, signed by so many people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct CheckClause {
    /// The check's name.
    pub name: String,
    /// How many people.
    pub count: usize,
    /// Who.
    pub from: Voices,
}

/// How often a review of the whole is needed: by releases, by days, or by both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct FullEvery {
    /// Releases since the last one, at most.
    pub releases: Option<u64>,
    /// Days since the last one, at most.
    pub days: Option<u64>,
}

fn shown<S: Serializer>(value: &impl ToString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&value.to_string())
}

fn all_shown<S: Serializer>(values: &[Pattern], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(values.iter().map(ToString::to_string))
}
