//! The withdrawal: no to these trees.

use super::print::Printer;
use super::version_tree::{VersionTree, identity};
use super::word::words;
use super::{Kind, Statement, StatementFault, parse};
use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::limits::Limits;
use crate::package::Purl;
use crate::time::Timestamp;

words! {
    /// Why trees are withdrawn.
    Cause: "malicious, vulnerable, broken, superseded, key-compromise" {
        /// It does harm on purpose.
        Malicious "malicious"
        /// Others can do harm through it.
        Vulnerable "vulnerable"
        /// It does not work.
        Broken "broken"
        /// A better one is there.
        Superseded "superseded"
        /// It was signed with a key that somebody else has.
        KeyCompromise "key-compromise"
    }
}

impl Cause {
    /// Whether what was built on such a tree must be read anew as a whole.
    pub fn ends_chains(self) -> bool {
        matches!(self, Self::Malicious | Self::Vulnerable)
    }
}

/// What is written down to withdraw trees, before it is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the fields are the format withdrawal/1, which does not grow")]
pub struct Draft {
    /// The package, without a version.
    pub package: Purl,
    /// The trees.
    pub targets: Vec<VersionTree>,
    /// Why.
    pub reason: Cause,
    /// When, by the signer's clock. Proves nothing.
    pub withdrawn: Timestamp,
    /// Where more is told: an identifier or an address. It is never followed.
    pub advisory: Option<String>,
    /// What else there is to say.
    pub note: Option<String>,
}

/// A withdrawal in its one form.
///
/// Says nothing about who signed it: that is [`crate::openpgp::open`]'s to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawal {
    draft: Draft,
    text: String,
}

impl Withdrawal {
    /// Checks a draft; its targets are sorted.
    ///
    /// # Errors
    /// A package with a version, no target, or a value out of range.
    pub fn new(mut draft: Draft) -> Result<Self, StatementFault> {
        draft.targets.sort();
        draft.targets.dedup();
        Self::parse(print(&draft).as_bytes(), &Limits::default())
    }

    /// Reads a withdrawal.
    ///
    /// # Errors
    /// The first fault; see [`StatementFault`].
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Self, StatementFault> {
        parse(bytes, Kind::Withdrawal, limits, |mut fields| {
            fields.only(FIELDS)?;
            let package = identity(fields.parsed("package")?)?;
            let targets = fields.tables("targets")?;
            let targets = targets.into_iter().map(|target| VersionTree::read(target, "targets", &package));
            let mut targets = targets.collect::<Result<Vec<_>, _>>()?;
            let count = targets.len();
            targets.sort();
            targets.dedup();
            if count == 0 || targets.len() != count {
                return Err(StatementFault::value("targets", "a list is not empty and names nothing twice"));
            }
            let draft = Draft {
                package,
                targets,
                reason: fields.parsed("reason")?,
                withdrawn: fields.time("withdrawn")?,
                advisory: fields.text("advisory")?,
                note: fields.text("note")?,
            };
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

    /// The trees, sorted; never none.
    pub fn targets(&self) -> &[VersionTree] {
        &self.draft.targets
    }

    /// Why.
    pub fn reason(&self) -> Cause {
        self.draft.reason
    }

    /// When the signer says that it was.
    pub fn withdrawn(&self) -> Timestamp {
        self.draft.withdrawn
    }

    /// Where more is told.
    pub fn advisory(&self) -> Option<&str> {
        self.draft.advisory.as_deref()
    }

    /// What else the signer says.
    pub fn note(&self) -> Option<&str> {
        self.draft.note.as_deref()
    }
}

impl Statement for Withdrawal {
    fn parse(bytes: &[u8], limits: &Limits) -> Result<Self, StatementFault> {
        Self::parse(bytes, limits)
    }

    /// Anybody may say no; whose no counts is judged.
    fn admits(&self, _signer: &Fingerprint) -> bool {
        true
    }
}

fn print(draft: &Draft) -> String {
    let mut printer = Printer::new(Kind::Withdrawal);
    printer.text("package", &draft.package);
    let targets: Vec<_> = draft.targets.iter().map(VersionTree::print).collect();
    printer.plain("targets", format_args!("[{}]", targets.join(", ")));
    printer.text("reason", draft.reason);
    printer.plain("withdrawn", draft.withdrawn);
    if let Some(advisory) = &draft.advisory {
        printer.text("advisory", advisory);
    }
    if let Some(note) = &draft.note {
        printer.text("note", note);
    }
    printer.finish()
}

/// The fields in their order.
const FIELDS: &[&str] = &["package", "targets", "reason", "withdrawn", "advisory", "note"];

#[cfg(test)]
mod tests {
    use super::super::testing::{D, E, check_faults};
    use super::*;

    fn good() -> String {
        format!(
            "countersign = \"withdrawal/1\"\npackage = \"pkg:cargo/serde\"\n\
             targets = [{{ version = \"1.0.228\", tree = \"{D}\" }}, {{ version = \"1.0.229\", tree = \"{E}\" }}]\n\
             reason = \"malicious\"\nwithdrawn = 2026-11-22T09:00:00Z\nadvisory = \"EXAMPLE-1\"\nnote = \"bad\"\n"
        )
    }

    #[test]
    fn reads_and_prints_the_same_bytes() {
        let withdrawal = Withdrawal::parse(good().as_bytes(), &Limits::default()).expect("a good withdrawal");
        assert_eq!(withdrawal.text(), good());
        assert_eq!((withdrawal.targets().len(), withdrawal.reason()), (2, Cause::Malicious));
        let mut draft = withdrawal.draft.clone();
        draft.targets.reverse();
        draft.targets.extend(withdrawal.targets().to_vec());
        assert_eq!(Withdrawal::new(draft), Ok(withdrawal));
    }

    #[test]
    fn each_fault_has_its_code() {
        let first = format!("{{ version = \"1.0.228\", tree = \"{D}\" }}");
        let second = format!("{{ version = \"1.0.229\", tree = \"{E}\" }}");
        let targets = format!("targets = [{first}, {second}]\n");
        check_faults::<Withdrawal>(
            &good(),
            &[
                ("good", &format!(", {second}"), ""),
                ("good", "advisory = \"EXAMPLE-1\"\n", ""),
                ("good", "note = \"bad\"\n", ""),
                ("good", "\"malicious\"", "\"key-compromise\""),
                ("statement-missing-field", &targets, ""),
                ("statement-missing-field", "reason = \"malicious\"\n", ""),
                ("statement-missing-field", "withdrawn = 2026-11-22T09:00:00Z\n", ""),
                ("statement-missing-field", &format!(", tree = \"{E}\""), ""),
                ("statement-unknown-field", "reason = ", "all = true\nreason = "),
                ("statement-value", "pkg:cargo/serde", "pkg:cargo/serde@1.0.229"),
                ("statement-value", &targets, "targets = []\n"),
                ("statement-value", &targets, "targets = [\"1.0.228\"]\n"),
                ("statement-value", &targets, "targets = \"1.0.228\"\n"),
                ("statement-value", &second, &first),
                ("statement-value", "malicious", "ugly"),
                ("statement-not-canonical", &format!("{first}, {second}"), &format!("{second}, {first}")),
                ("statement-not-canonical", "}, {", "},{"),
                ("statement-kind", "withdrawal/1", "manifest/1"),
                ("statement-version", "withdrawal/1", "withdrawal/2"),
                ("limit-statement", "bad", &"a".repeat(9_000)),
            ],
        );
    }
}
