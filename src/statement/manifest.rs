//! The manifest: an author's word that a tree is their release of a package.

use super::fields::MAX_NUMBER;
use super::print::Printer;
use super::{Kind, Statement, StatementFault, parse};
use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::limits::Limits;
use crate::package::Purl;
use crate::time::Timestamp;

/// What an author writes down about a release, before it is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the fields are the format manifest/1, which does not grow")]
pub struct Draft {
    /// The package with its version.
    pub package: Purl,
    /// When it was released, by the author's clock. Proves nothing.
    pub released: Timestamp,
    /// Who signs this release and may sign the next: primary fingerprints.
    pub authors: Vec<Fingerprint>,
    /// Digests of the manifests that this one follows; none for the first.
    pub previous: Vec<Digest>,
    /// The digest of the tree text.
    pub tree: Digest,
    /// Files in the tree.
    pub files: u64,
    /// Bytes in all files of the tree.
    pub bytes: u64,
    /// Where the code comes from.
    pub source: Option<Source>,
}

/// Where the code of a release comes from, as its author tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the fields are the format manifest/1, which does not grow")]
pub struct Source {
    /// The address of the repository.
    pub repository: String,
    /// The revision in it.
    pub commit: Option<String>,
}

/// A manifest in its one form.
///
/// Says nothing about who signed it: that is [`crate::openpgp::open`]'s to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    draft: Draft,
    text: String,
}

impl Manifest {
    /// Checks a draft: sets are sorted, and every value is one that a manifest may hold.
    ///
    /// # Errors
    /// A package without version, no author, or a value out of range.
    pub fn new(mut draft: Draft) -> Result<Self, StatementFault> {
        draft.authors.sort();
        draft.authors.dedup();
        draft.previous.sort();
        draft.previous.dedup();
        let text = print(&draft);
        Self::parse(text.as_bytes(), &Limits::default())
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// The first fault; see [`StatementFault`].
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Self, StatementFault> {
        parse(bytes, Kind::Manifest, limits, |mut fields| {
            fields.only(FIELDS)?;
            let source = fields.table("source")?;
            let source = source.map(|mut source| {
                source.only(&["repository", "commit"])?;
                let repository = source.parsed("repository")?;
                Ok(Source { repository, commit: source.text("commit")? })
            });
            let draft = Draft {
                package: fields.parsed("package")?,
                released: fields.time("released")?,
                authors: fields.set("authors")?,
                previous: fields.set("previous")?,
                tree: fields.parsed("tree")?,
                files: fields.number("files")?,
                bytes: fields.number("bytes")?,
                source: source.transpose()?,
            };
            check(&draft)?;
            let text = print(&draft);
            Ok((Self { draft, text: text.clone() }, text))
        })
    }

    /// The canonical text, which is what is signed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The digest of the text, by which the next manifest names this one.
    pub fn digest(&self) -> Digest {
        Digest::of(self.text.as_bytes())
    }

    /// The package with its version.
    pub fn package(&self) -> &Purl {
        &self.draft.package
    }

    /// The version.
    pub fn version(&self) -> &str {
        self.draft.package.version().unwrap_or_default()
    }

    /// When the author says it was released.
    pub fn released(&self) -> Timestamp {
        self.draft.released
    }

    /// Who signs this release, sorted.
    pub fn authors(&self) -> &[Fingerprint] {
        &self.draft.authors
    }

    /// What it follows, sorted.
    pub fn previous(&self) -> &[Digest] {
        &self.draft.previous
    }

    /// The digest of the tree text.
    pub fn tree(&self) -> Digest {
        self.draft.tree
    }

    /// Files in the tree.
    pub fn files(&self) -> u64 {
        self.draft.files
    }

    /// Bytes in all files of the tree.
    pub fn bytes(&self) -> u64 {
        self.draft.bytes
    }

    /// Where the code comes from.
    pub fn source(&self) -> Option<&Source> {
        self.draft.source.as_ref()
    }
}

impl Statement for Manifest {
    fn parse(bytes: &[u8], limits: &Limits) -> Result<Self, StatementFault> {
        Self::parse(bytes, limits)
    }

    /// A manifest lists who signs it; nobody else can join.
    fn admits(&self, signer: &Fingerprint) -> bool {
        self.draft.authors.binary_search(signer).is_ok()
    }
}

fn check(draft: &Draft) -> Result<(), StatementFault> {
    if draft.package.version().is_none() {
        return Err(StatementFault::value("package", "a release has a version: write `@` and the version"));
    }
    if draft.authors.is_empty() {
        return Err(StatementFault::MissingField("authors"));
    }
    let sums = [("files", draft.files), ("bytes", draft.bytes)];
    match sums.into_iter().find(|(_, number)| *number > MAX_NUMBER) {
        Some((field, _)) => Err(StatementFault::value(field, "a number is from 0 to 2^53")),
        None => Ok(()),
    }
}

fn print(draft: &Draft) -> String {
    let mut printer = Printer::new(Kind::Manifest);
    printer.text("package", &draft.package);
    printer.plain("released", draft.released);
    printer.list("authors", &draft.authors);
    printer.list("previous", &draft.previous);
    printer.text("tree", draft.tree);
    printer.plain("files", draft.files);
    printer.plain("bytes", draft.bytes);
    if let Some(source) = &draft.source {
        printer.table("source");
        printer.text("repository", &source.repository);
        if let Some(commit) = &source.commit {
            printer.text("commit", commit);
        }
    }
    printer.finish()
}

/// The fields in their order.
const FIELDS: &[&str] = &["package", "released", "authors", "previous", "tree", "files", "bytes", "source"];

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "countersign = \"manifest/1\"\n\
        package = \"pkg:cargo/serde@1.0.229\"\n\
        released = 2026-11-22T09:00:00Z\n\
        authors = [\"0123456789ABCDEF0123456789ABCDEF01234567\", \"1123456789ABCDEF0123456789ABCDEF01234567\"]\n\
        previous = [\"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"]\n\
        tree = \"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"\n\
        files = 31\n\
        bytes = 204800\n\
        \n\
        [source]\n\
        repository = \"https://example.org/a \\\"b\\\" \\\\ \\n\\t\"\n\
        commit = \"abc\"\n";

    fn code(text: impl AsRef<[u8]>) -> &'static str {
        match Manifest::parse(text.as_ref(), &Limits::default()) {
            Ok(_) => "good",
            Err(fault) => fault.code().as_str(),
        }
    }

    #[test]
    fn reads_and_prints_the_same_bytes() {
        let manifest = Manifest::parse(GOOD.as_bytes(), &Limits::default()).expect("a good manifest");
        assert_eq!(manifest.text(), GOOD);
        assert_eq!(manifest.version(), "1.0.229");
        assert_eq!(manifest.source().expect("a source").repository, "https://example.org/a \"b\" \\ \n\t");
        assert_eq!(Manifest::new(manifest.draft.clone()), Ok(manifest));
    }

    #[test]
    fn what_is_optional_may_be_absent() {
        let previous = "previous = [\"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"]\n";
        assert_eq!(code(GOOD.replace(previous, "")), "good");
        assert_eq!(code(GOOD.split("\n[source]").next().expect("a part")), "good");
        assert_eq!(code(GOOD.replace("commit = \"abc\"\n", "")), "good");
    }

    #[test]
    fn each_fault_has_its_code() {
        let with = |from: &str, to: &str| {
            assert!(GOOD.contains(from), "{from}");
            GOOD.replacen(from, to, 1)
        };
        let cases = [
            ("not-a-statement", "hello\n".to_owned()),
            ("not-a-statement", String::new()),
            ("not-a-statement", with("countersign = ", "countersign=")),
            ("not-a-statement", with("manifest/1", "manifest/x")),
            ("not-a-statement", with("manifest/1", "manifest/01")),
            ("statement-bom", format!("\u{feff}{GOOD}")),
            ("statement-bom", with("abc", "\u{feff}")),
            ("statement-cr", GOOD.replace('\n', "\r\n")),
            ("statement-cr", with("abc\"\n", "abc\"\r\n")),
            ("statement-encoding", with("abc", "a\0c")),
            ("statement-encoding", with("abc", "a\tc")),
            ("statement-encoding", with("abc", "a\\u001bc")),
            ("statement-encoding", with("abc", "a\\u0085c")),
            ("statement-trailing", GOOD.trim_end().to_owned()),
            ("statement-trailing", format!("{GOOD}\n")),
            ("statement-syntax", with("files = 31", "files 31")),
            ("statement-syntax", format!("{GOOD}junk\n")),
            ("statement-duplicate-key", with("files = 31\n", "files = 31\nfiles = 31\n")),
            ("statement-duplicate-key", format!("{GOOD}\n[source]\n")),
            ("statement-unknown-field", with("files = 31\n", "files = 31\nrun = \"sh\"\n")),
            ("statement-unknown-field", format!("{GOOD}url = \"x\"\n")),
            ("statement-missing-field", with("files = 31\n", "")),
            (
                "statement-missing-field",
                with("repository", "commit2").replace("commit2", "commit").replacen("commit = \"abc\"\n", "", 1),
            ),
            ("statement-value", with("files = 31", "files = 31.0")),
            ("statement-value", with("files = 31", "files = -1")),
            ("statement-value", with("files = 31", "files = 9007199254740993")),
            ("statement-value", with("files = 31", "files = \"31\"")),
            ("statement-value", with("tree = \"sha256:e3", "tree = \"sha512:e3")),
            ("statement-value", with("tree = \"sha256:e3", "tree = \"sha256:E3")),
            ("statement-value", with("tree = \"sha256:e3", "tree = \"sha256:")),
            ("statement-value", with("09:00:00Z", "09:00:00+01:00")),
            ("statement-value", with("09:00:00Z", "09:00:00.5Z")),
            ("statement-value", with("T09:00:00Z", "")),
            ("statement-value", with("@1.0.229", "")),
            ("statement-value", with("pkg:cargo/serde", "pkg:Cargo/serde")),
            ("statement-value", with("1123456789", "0123456789")),
            ("statement-value", with("0123456789A", "0123456789a")),
            (
                "statement-value",
                with(
                    "previous = [\"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"]",
                    "previous = []",
                ),
            ),
            ("statement-not-canonical", with("files = 31", "files = 0x1f")),
            ("statement-not-canonical", with("files = 31", "files =  31")),
            ("statement-not-canonical", with("files = 31", "files = 31 # thirty-one")),
            ("statement-not-canonical", with("files = 31\nbytes = 204800", "bytes = 204800\nfiles = 31")),
            ("statement-not-canonical", with("09:00:00Z", "09:00:00.0Z")),
            ("statement-not-canonical", with("\"abc\"", "'abc'")),
            ("statement-not-canonical", with("abc", "\\u0061bc")),
            ("statement-not-canonical", with("\n[source]", "[source]")),
            ("statement-not-canonical", with("1123456789", "0023456789")),
            ("statement-kind", with("manifest/1", "review/1")),
            ("statement-kind", with("manifest/1", "manifesto/1")),
            ("statement-version", with("manifest/1", "manifest/2")),
            ("limit-statement", with("abc", &"a".repeat(70_000))),
            ("limit-statement", with("abc", &"a".repeat(9_000))),
            ("limit-statement", with("files = 31", &format!("files = {}{}", "[".repeat(40), "]".repeat(40)))),
            ("limit-statement", with("files = 31", &format!("files = {}{}", "[".repeat(9_000), "]".repeat(9_000)))),
        ];
        for (expected, text) in cases {
            assert_eq!(code(&text), expected, "{text}");
        }
        assert_eq!(code(b"countersign = \"manifest/1\"\npackage = \"pkg:generic/a\xff@1\"\n"), "statement-encoding");
    }

    #[test]
    fn a_draft_is_put_in_order_and_checked() {
        let manifest = Manifest::parse(GOOD.as_bytes(), &Limits::default()).expect("a good manifest");
        let mut draft = manifest.draft.clone();
        draft.authors.reverse();
        draft.authors.extend(manifest.authors().to_vec());
        assert_eq!(Manifest::new(draft.clone()), Ok(manifest));
        draft.package = draft.package.identity();
        assert_eq!(
            Manifest::new(draft.clone()).map_err(|fault| fault.code()),
            Err(crate::reason::Code::StatementValue)
        );
        draft.authors.clear();
        assert_eq!(Manifest::new(draft).map_err(|fault| fault.code()), Err(crate::reason::Code::StatementValue));
    }
}
