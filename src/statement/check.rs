//! The check: a tool's result about one tree, signed by whoever ran it.
//!
//! Not to be mixed up with checking a signature, which is [`crate::openpgp::check`]'s.

use super::fields::Fields;
use super::print::Printer;
use super::word::{Word, words};
use super::{Kind, Statement, StatementFault, parse};
use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::limits::Limits;
use crate::package::Purl;
use crate::time::Timestamp;

words! {
    /// How a check came out.
    Finding: "pass, fail" {
        /// Nothing stands against the tree.
        Pass "pass"
        /// Something does.
        Fail "fail"
    }
}

/// What was held against what a registry says.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(clippy::exhaustive_structs, reason = "the fields are the format check/1, which does not grow")]
pub struct Subject {
    /// The registry, as its ecosystem names it.
    pub registry: String,
    /// The digest of the archive that the registry's checksum is of.
    pub archive: Digest,
}

/// What is written down about a tool's run, before it is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the fields are the format check/1, which does not grow")]
pub struct Draft {
    /// The package with its version.
    pub package: Purl,
    /// The digest of the tree text.
    pub tree: Digest,
    /// What the check is called.
    pub name: Word,
    /// The tool, with its version.
    pub tool: String,
    /// How it came out.
    pub result: Finding,
    /// When, by the signer's clock. Proves nothing.
    pub checked: Timestamp,
    /// What it was held against.
    pub subject: Option<Subject>,
    /// What else there is to say.
    pub note: Option<String>,
}

/// A check in its one form.
///
/// Says nothing about who signed it: that is [`crate::openpgp::open`]'s to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    draft: Draft,
    text: String,
}

impl Check {
    /// Checks a draft.
    ///
    /// # Errors
    /// A package without version, or a value out of range.
    pub fn new(draft: &Draft) -> Result<Self, StatementFault> {
        Self::parse(print(draft).as_bytes(), &Limits::default())
    }

    /// Reads a check.
    ///
    /// # Errors
    /// The first fault; see [`StatementFault`].
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Self, StatementFault> {
        parse(bytes, Kind::Check, limits, |mut fields| {
            fields.only(FIELDS)?;
            let subject = |mut subject: Fields<'_>| {
                subject.only(&["registry", "archive"])?;
                Ok(Subject { registry: subject.parsed("registry")?, archive: subject.parsed("archive")? })
            };
            let draft = Draft {
                package: fields.parsed("package")?,
                tree: fields.parsed("tree")?,
                name: fields.parsed("name")?,
                tool: fields.parsed("tool")?,
                result: fields.parsed("result")?,
                checked: fields.time("checked")?,
                subject: fields.table("subject")?.map(subject).transpose()?,
                note: fields.text("note")?,
            };
            if draft.package.version().is_none() {
                return Err(StatementFault::value("package", "a tree has a version: write `@` and the version"));
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

    /// The package with its version.
    pub fn package(&self) -> &Purl {
        &self.draft.package
    }

    /// The digest of the tree text.
    pub fn tree(&self) -> Digest {
        self.draft.tree
    }

    /// What the check is called.
    pub fn name(&self) -> &Word {
        &self.draft.name
    }

    /// The tool, as whoever ran it calls it.
    pub fn tool(&self) -> &str {
        &self.draft.tool
    }

    /// How it came out.
    pub fn result(&self) -> Finding {
        self.draft.result
    }

    /// When the signer says that it was.
    pub fn checked(&self) -> Timestamp {
        self.draft.checked
    }

    /// What it was held against.
    pub fn subject(&self) -> Option<&Subject> {
        self.draft.subject.as_ref()
    }

    /// What else the signer says.
    pub fn note(&self) -> Option<&str> {
        self.draft.note.as_deref()
    }
}

impl Statement for Check {
    fn parse(bytes: &[u8], limits: &Limits) -> Result<Self, StatementFault> {
        Self::parse(bytes, limits)
    }

    /// Anybody may run a tool; whose word counts is judged.
    fn admits(&self, _signer: &Fingerprint) -> bool {
        true
    }
}

fn print(draft: &Draft) -> String {
    let mut printer = Printer::new(Kind::Check);
    printer.text("package", &draft.package);
    printer.text("tree", draft.tree);
    printer.text("name", &draft.name);
    printer.text("tool", &draft.tool);
    printer.text("result", draft.result);
    printer.plain("checked", draft.checked);
    if let Some(subject) = &draft.subject {
        printer.plain("subject", Printer::inline(&[("registry", &subject.registry), ("archive", &subject.archive)]));
    }
    if let Some(note) = &draft.note {
        printer.text("note", note);
    }
    printer.finish()
}

/// The fields in their order.
const FIELDS: &[&str] = &["package", "tree", "name", "tool", "result", "checked", "subject", "note"];

#[cfg(test)]
mod tests {
    use super::super::testing::{D, E, check_faults};
    use super::*;

    fn good() -> String {
        format!(
            "countersign = \"check/1\"\npackage = \"pkg:cargo/serde@1.0.229\"\ntree = \"{D}\"\n\
             name = \"registry-checksum\"\ntool = \"countersign 0.1.0\"\nresult = \"pass\"\n\
             checked = 2026-11-22T09:00:00Z\n\
             subject = {{ registry = \"https://registry.example.org\", archive = \"{E}\" }}\nnote = \"fine\"\n"
        )
    }

    #[test]
    fn reads_and_prints_the_same_bytes() {
        let check = Check::parse(good().as_bytes(), &Limits::default()).expect("a good check");
        assert_eq!(check.text(), good());
        assert_eq!((check.name().as_str(), check.result()), ("registry-checksum", Finding::Pass));
        assert_eq!(check.subject().expect("a subject").archive.to_string(), E);
        assert_eq!(Check::new(&check.draft), Ok(check));
    }

    #[test]
    fn each_fault_has_its_code() {
        let subject = format!("subject = {{ registry = \"https://registry.example.org\", archive = \"{E}\" }}\n");
        check_faults::<Check>(
            &good(),
            &[
                ("good", &subject, ""),
                ("good", "note = \"fine\"\n", ""),
                ("good", "\"pass\"", "\"fail\""),
                ("statement-missing-field", &format!("tree = \"{D}\"\n"), ""),
                ("statement-missing-field", "name = \"registry-checksum\"\n", ""),
                ("statement-missing-field", "tool = \"countersign 0.1.0\"\n", ""),
                ("statement-missing-field", "result = \"pass\"\n", ""),
                ("statement-missing-field", "checked = 2026-11-22T09:00:00Z\n", ""),
                ("statement-missing-field", "registry = \"https://registry.example.org\", ", ""),
                ("statement-unknown-field", "name = ", "run = \"sh\"\nname = "),
                ("statement-unknown-field", "{ registry", "{ a = 1, registry"),
                ("statement-value", "@1.0.229", ""),
                ("statement-value", "\"registry-checksum\"", "\"\""),
                ("statement-value", "registry-checksum", "registry checksum"),
                ("statement-value", "\"pass\"", "\"passed\""),
                ("statement-value", "\"pass\"", "true"),
                ("statement-value", &subject, "subject = \"x\"\n"),
                ("statement-value", E, "sha256:0"),
                ("statement-not-canonical", "{ registry", "{  registry"),
                ("statement-kind", "check/1", "review/1"),
                ("statement-version", "check/1", "check/9"),
                ("limit-statement", "fine", &"a".repeat(9_000)),
            ],
        );
    }
}
