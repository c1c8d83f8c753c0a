//! `countersign-author.toml`: where the authors of a project put the evidence of its releases, and who signs with them.
//!
//! It is no policy: nothing is judged by it, and nothing is trusted by it. It only saves its authors words on the command line.

use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use crate::ecosystem::place;
use crate::fingerprint::Fingerprint;
use crate::limits::Limits;
use crate::own_file;
use crate::reason::{Answer, Code, Reason};
use crate::shown::Shown;
use crate::tidy::tidy;

/// The name of the file.
pub const AUTHOR: &str = "countersign-author.toml";

/// What it says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Author {
    /// The store that evidence goes to.
    pub evidence: PathBuf,
    /// Who signs each release, beside whoever signs it now.
    pub authors: Vec<Fingerprint>,
}

impl Author {
    /// Reads the file of a folder, or of the nearest one above it; none where there is no such file.
    ///
    /// # Errors
    /// It is there and cannot be used, or somebody else can write it.
    pub fn find(start: &Path, limits: &Limits) -> Result<Option<Self>, Reason> {
        let is_there = |path: &PathBuf| std::fs::symlink_metadata(path).is_ok();
        let Some(path) = start.ancestors().map(|folder| folder.join(AUTHOR)).find(is_there) else { return Ok(None) };
        let bytes = own_file::read(&path, limits.policy);
        let bytes = bytes.map_err(|error| error.reason(Code::AuthorSetup, Code::AuthorSetup))?;
        let folder = path.parent().unwrap_or(start);
        let author = Self::parse(&bytes, folder);
        let told = |author: Self| Self { evidence: tidy(&author.evidence, start), ..author };
        author.map(told).map(Some).map_err(|why| {
            Reason::new(Code::AuthorSetup, Answer::CannotTell, why).at(path.as_os_str().as_encoded_bytes())
        })
    }

    /// Reads the file's text; `folder` is where it lies.
    pub(crate) fn parse(bytes: &[u8], folder: &Path) -> Result<Self, String> {
        let text = str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
        let told = |error: toml::de::Error| {
            let place = error.span().map(|span| place(text, span.start)).unwrap_or_default();
            format!("it cannot be used{place}: {}", Shown::new(error.message()))
        };
        let written: Written = toml::from_str(text).map_err(told)?;
        if written.countersign != VERSION {
            return Err(format!("its first line is not `countersign = \"{VERSION}\"`"));
        }
        let inner = |part| matches!(part, Component::Normal(_) | Component::CurDir | Component::ParentDir);
        let evidence = Path::new(&written.evidence);
        if written.evidence.is_empty() || !evidence.components().all(inner) {
            return Err("`evidence` is a folder, written from here: \"../evidence\"".to_owned());
        }
        let authors = written.authors.iter().map(|one| Fingerprint::typed(one));
        let authors = authors.collect::<Result<_, _>>().map_err(|why| format!("`authors`: {why}"))?;
        Ok(Self { evidence: folder.join(evidence), authors })
    }

    /// The file's text for a store, written from the folder in which the file lies.
    pub fn text(evidence: &str) -> String {
        let evidence = toml::Value::from(evidence);
        format!(
            "countersign = \"{VERSION}\"\n\
             # The store to which the evidence of each release goes, from here.\n\
             evidence = {evidence}\n\
             # Fingerprints of all who sign each release.\n\
             # authors = []\n"
        )
    }
}

impl Author {
    /// The store that a file of this text names, as it is written there.
    pub(crate) fn evidence_in(text: &[u8]) -> Option<String> {
        let written: Written = toml::from_str(str::from_utf8(text).ok()?).ok()?;
        Some(written.evidence)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    countersign: String,
    evidence: String,
    #[serde(default)]
    authors: Vec<String>,
}

/// The kind and version of the file.
const VERSION: &str = "author/1";

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "countersign = \"author/1\"\nevidence = \"../evidence\"\n";

    fn parse(text: &str) -> Result<Author, String> {
        Author::parse(text.as_bytes(), Path::new("/project"))
    }

    #[test]
    fn a_store_is_named_from_the_files_own_folder() {
        let fingerprint = "0123456789ABCDEF0123456789ABCDEF01234567";
        let author = parse(&format!("{GOOD}authors = [\"{fingerprint}\"]\n")).expect("good");
        assert_eq!(author.evidence, Path::new("/project/../evidence"));
        assert_eq!(author.authors.iter().map(Fingerprint::as_str).collect::<Vec<_>>(), [fingerprint]);
        for evidence in ["evidence", "a \"b\" \\ c", "../ü"] {
            let read = parse(&Author::text(evidence)).expect("our own text");
            assert_eq!((read.evidence, read.authors), (Path::new("/project").join(evidence), Vec::new()));
        }
    }

    #[test]
    fn whatever_else_it_says_is_refused() {
        for (from, to) in [
            ("author/1", "author/2"),
            ("../evidence", "/evidence"),
            ("../evidence", ""),
            ("evidence =", "evidnce ="),
            ("\"author/1\"", "1"),
        ] {
            assert!(parse(&GOOD.replacen(from, to, 1)).is_err(), "{to}");
        }
        for more in ["x = 1\n", "authors = [\"0123\"]\n", "authors = \"\"\n", "evidence = \"b\"\n", "[a]\n", "\u{1}"] {
            assert!(parse(&format!("{GOOD}{more}")).is_err(), "{more}");
        }
        assert!(parse("").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn the_nearest_one_is_read_and_none_that_others_can_write() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().expect("a folder");
        let (inner, file) = (dir.path().join("a/b"), dir.path().join("a").join(AUTHOR));
        std::fs::create_dir_all(&inner).expect("made");
        assert_eq!(Author::find(&inner, &Limits::default()), Ok(None));
        std::fs::write(&file, GOOD).expect("written");
        let found = Author::find(&inner, &Limits::default()).expect("good").expect("a file");
        assert_eq!(found.evidence, dir.path().join("evidence"));
        let code = || Author::find(&inner, &Limits::default()).map_err(|reason| reason.code.as_str());
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o666)).expect("set");
        assert_eq!(code(), Err("writable-by-others"));
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("set");
        std::fs::write(&file, "").expect("written");
        assert_eq!(code(), Err("author-setup"));
    }
}
