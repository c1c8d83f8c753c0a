//! The review: a reviewer's word on one tree, or on the way from another one to it.

use super::print::Printer;
use super::version_tree::{VersionTree, identity};
use super::word::{Word, words};
use super::{Kind, Statement, StatementFault, parse};
use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::limits::Limits;
use crate::package::Purl;
use crate::time::Timestamp;

words! {
    /// What a reviewer concludes.
    Opinion: "approve, reject" {
        /// Good.
        Approve "approve"
        /// Not to be used.
        Reject "reject"
    }
}

words! {
    /// How thorough a review is, from least to most.
    Thoroughness: "low, medium, high" {
        /// Skimmed.
        Low "low"
        /// Read.
        Medium "medium"
        /// Understood.
        High "high"
    }
}

words! {
    /// How a reviewer stands to the authors, by the reviewer's own word.
    Relation: "none, coauthor, employer" {
        /// Not at all.
        None "none"
        /// Wrote a part of it.
        Coauthor "coauthor"
        /// They have one employer, or one employs the other.
        Employer "employer"
    }
}

/// What a reviewer writes down, before it is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the fields are the format review/1, which does not grow")]
pub struct Draft {
    /// The package, without a version.
    pub package: Purl,
    /// What was there before; none where the whole was read.
    pub from: Option<VersionTree>,
    /// What was reviewed.
    pub to: VersionTree,
    /// What follows.
    pub verdict: Opinion,
    /// What it was looked at for.
    pub criteria: Vec<Word>,
    /// How thoroughly.
    pub thoroughness: Thoroughness,
    /// How the reviewer stands to the authors.
    pub relation: Relation,
    /// When, by the reviewer's clock. Proves nothing.
    pub reviewed: Timestamp,
    /// What else there is to say.
    pub note: Option<String>,
}

/// A review in its one form.
///
/// Says nothing about who signed it: that is [`crate::openpgp::open`]'s to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    draft: Draft,
    text: String,
}

impl Review {
    /// Checks a draft; its criteria are sorted.
    ///
    /// # Errors
    /// A package with a version, no criterion, a way that leads nowhere, or a value out of range.
    pub fn new(mut draft: Draft) -> Result<Self, StatementFault> {
        draft.criteria.sort();
        draft.criteria.dedup();
        Self::parse(print(&draft).as_bytes(), &Limits::default())
    }

    /// Reads a review.
    ///
    /// # Errors
    /// The first fault; see [`StatementFault`].
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Self, StatementFault> {
        parse(bytes, Kind::Review, limits, |mut fields| {
            fields.only(FIELDS)?;
            let package = identity(fields.parsed("package")?)?;
            let from = fields.table("from")?.map(|from| VersionTree::read(from, "from", &package)).transpose()?;
            let to = fields.table("to")?.ok_or(StatementFault::MissingField("to"))?;
            let draft = Draft {
                to: VersionTree::read(to, "to", &package)?,
                from,
                package,
                verdict: fields.parsed("verdict")?,
                criteria: fields.set("criteria")?,
                thoroughness: fields.parsed("thoroughness")?,
                relation: fields.parsed("relation")?,
                reviewed: fields.time("reviewed")?,
                note: fields.text("note")?,
            };
            if draft.criteria.is_empty() {
                return Err(StatementFault::MissingField("criteria"));
            }
            if draft.from.as_ref() == Some(&draft.to) {
                return Err(StatementFault::value("from", "it is the same as `to`, so there is nothing between them"));
            }
            let text = print(&draft);
            Ok((Self { draft, text: text.clone() }, text))
        })
    }

    /// The canonical text, which is what is signed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The digest of the text.
    pub fn digest(&self) -> Digest {
        Digest::of(self.text.as_bytes())
    }

    /// The package, without a version.
    pub fn package(&self) -> &Purl {
        &self.draft.package
    }

    /// What was there before; none where the whole was read.
    pub fn from(&self) -> Option<&VersionTree> {
        self.draft.from.as_ref()
    }

    /// What was reviewed.
    pub fn to(&self) -> &VersionTree {
        &self.draft.to
    }

    /// What the reviewer concludes.
    pub fn verdict(&self) -> Opinion {
        self.draft.verdict
    }

    /// What it was looked at for, sorted; never nothing.
    pub fn criteria(&self) -> &[Word] {
        &self.draft.criteria
    }

    /// How thoroughly.
    pub fn thoroughness(&self) -> Thoroughness {
        self.draft.thoroughness
    }

    /// How the reviewer stands to the authors, by their own word.
    pub fn relation(&self) -> Relation {
        self.draft.relation
    }

    /// When the reviewer says that it was.
    pub fn reviewed(&self) -> Timestamp {
        self.draft.reviewed
    }

    /// What else the reviewer says.
    pub fn note(&self) -> Option<&str> {
        self.draft.note.as_deref()
    }
}

impl Statement for Review {
    fn parse(bytes: &[u8], limits: &Limits) -> Result<Self, StatementFault> {
        Self::parse(bytes, limits)
    }

    /// Anybody may review; whose word counts is judged.
    fn admits(&self, _signer: &Fingerprint) -> bool {
        true
    }
}

fn print(draft: &Draft) -> String {
    let mut printer = Printer::new(Kind::Review);
    printer.text("package", &draft.package);
    if let Some(from) = &draft.from {
        printer.plain("from", from.print());
    }
    printer.plain("to", draft.to.print());
    printer.text("verdict", draft.verdict);
    printer.list("criteria", &draft.criteria);
    printer.text("thoroughness", draft.thoroughness);
    printer.text("relation", draft.relation);
    printer.plain("reviewed", draft.reviewed);
    if let Some(note) = &draft.note {
        printer.text("note", note);
    }
    printer.finish()
}

/// The fields in their order.
const FIELDS: &[&str] =
    &["package", "from", "to", "verdict", "criteria", "thoroughness", "relation", "reviewed", "note"];

#[cfg(test)]
mod tests {
    use super::super::testing::{D, E, check_faults};
    use super::*;

    fn good() -> String {
        format!(
            "countersign = \"review/1\"\npackage = \"pkg:cargo/serde\"\n\
             from = {{ version = \"1.0.228\", tree = \"{D}\" }}\nto = {{ version = \"1.0.229\", tree = \"{E}\" }}\n\
             verdict = \"approve\"\ncriteria = [\"safe-to-deploy\", \"safe-to-run\"]\nthoroughness = \"medium\"\n\
             relation = \"none\"\nreviewed = 2026-11-22T09:00:00Z\nnote = \"a \\\"b\\\" \\\\ \\n\\t\"\n"
        )
    }

    #[test]
    fn reads_and_prints_the_same_bytes() {
        let review = Review::parse(good().as_bytes(), &Limits::default()).expect("a good review");
        assert_eq!(review.text(), good());
        assert_eq!(review.from().expect("from").version, "1.0.228");
        assert_eq!(review.to().package(review.package()).expect("a purl").version(), Some("1.0.229"));
        assert_eq!((review.verdict(), review.thoroughness()), (Opinion::Approve, Thoroughness::Medium));
        assert_eq!((review.relation(), review.criteria().len()), (Relation::None, 2));
        assert_eq!(review.note(), Some("a \"b\" \\ \n\t"));
        let mut draft = review.draft.clone();
        draft.criteria.reverse();
        assert_eq!(Review::new(draft), Ok(review));
    }

    #[test]
    fn each_fault_has_its_code() {
        let from = format!("from = {{ version = \"1.0.228\", tree = \"{D}\" }}\n");
        let to = format!("to = {{ version = \"1.0.229\", tree = \"{E}\" }}\n");
        check_faults::<Review>(
            &good(),
            &[
                ("good", &from, ""),
                ("good", "note = \"a \\\"b\\\" \\\\ \\n\\t\"\n", ""),
                ("good", "\"approve\"", "\"reject\""),
                ("good", "\"none\"", "\"employer\""),
                ("good", "\"medium\"", "\"high\""),
                ("statement-missing-field", &to, ""),
                ("statement-missing-field", "verdict = \"approve\"\n", ""),
                ("statement-missing-field", "criteria = [\"safe-to-deploy\", \"safe-to-run\"]\n", ""),
                ("statement-missing-field", "thoroughness = \"medium\"\n", ""),
                ("statement-missing-field", "relation = \"none\"\n", ""),
                ("statement-missing-field", "reviewed = 2026-11-22T09:00:00Z\n", ""),
                ("statement-missing-field", "version = \"1.0.229\", ", ""),
                ("statement-missing-field", "package = \"pkg:cargo/serde\"\n", ""),
                ("statement-unknown-field", "relation = ", "files = 1\nrelation = "),
                ("statement-unknown-field", "version = \"1.0.229\", ", "version = \"1.0.229\", files = 1, "),
                ("statement-value", "pkg:cargo/serde", "pkg:cargo/serde@1.0.229"),
                ("statement-value", "\"1.0.229\"", "\"\""),
                ("statement-value", "\"1.0.229\"", "\"..\""),
                ("statement-value", "\"1.0.229\"", "1"),
                ("statement-value", &from, "from = \"1.0.228\"\n"),
                ("statement-value", &from, &to.replace("to =", "from =")),
                ("statement-value", E, "sha512:00"),
                ("statement-value", "approve", "maybe"),
                ("statement-value", "medium", "utmost"),
                ("statement-value", "none", "friend"),
                ("statement-value", "[\"safe-to-deploy\", \"safe-to-run\"]", "[]"),
                ("statement-value", "safe-to-run", "safe-to-deploy"),
                ("statement-value", "safe-to-run", "safe to run"),
                ("statement-value", "09:00:00Z", "09:00:00+01:00"),
                (
                    "statement-not-canonical",
                    "[\"safe-to-deploy\", \"safe-to-run\"]",
                    "[\"safe-to-run\", \"safe-to-deploy\"]",
                ),
                ("statement-not-canonical", "{ version = \"1.0.229\"", "{version = \"1.0.229\""),
                ("statement-kind", "review/1", "manifest/1"),
                ("statement-version", "review/1", "review/2"),
                ("limit-statement", "note = \"a", &format!("note = \"{}", "a".repeat(9_000))),
            ],
        );
    }
}
