//! `Cargo.lock`, versions 3 and 4, read strictly: what is not understood is refused, not skipped.

use std::collections::BTreeSet;

use semver::Version;
use toml::{Table, Value};

use super::source::Source;
use crate::digest::Digest;
use crate::reason::{Answer, Code, Reason};
use crate::shown::Shown;

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) version: String,
    /// None for a package of the project's own, or of a folder beside it.
    pub(super) source: Option<Source>,
    pub(super) text: Option<String>,
    pub(super) checksum: Option<Digest>,
}

/// Reads every entry.
pub(super) fn entries(mut table: Table) -> Result<Vec<Entry>, Reason> {
    match table.remove("version") {
        Some(Value::Integer(3 | 4)) => {}
        version => {
            let newer = version.as_ref().and_then(Value::as_integer).is_some_and(|version| version > NEWEST);
            let version =
                version.map_or_else(|| "1 or 2".to_owned(), |version| Shown::new(&version.to_string()).to_string());
            let message = format!("the lockfile has version {version}; this build reads versions 3 and 4");
            let step = match newer {
                true => "a newer Countersign is needed to read it",
                false => "let a newer Cargo write it: `cargo update --workspace`",
            };
            return Err(Reason::new(Code::LockfileVersion, Answer::CannotTell, message).step(step));
        }
    }
    // What a `[patch]` does not change is built by nobody.
    table.remove("patch");
    let packages = match table.remove("package") {
        None => Vec::new(),
        Some(Value::Array(packages)) => packages,
        Some(_) => return Err(damaged("`package` is not a list of tables")),
    };
    if let Some(key) = table.keys().next() {
        return Err(damaged(&format!("`{}` is unknown", Shown::new(key))));
    }
    let mut seen = BTreeSet::new();
    let mut entries = Vec::new();
    for package in packages {
        let Value::Table(package) = package else { return Err(damaged("`package` is not a list of tables")) };
        let entry = entry(package)?;
        if !seen.insert((entry.name.clone(), entry.version.clone(), entry.text.clone())) {
            return Err(damaged(&format!("{} {} is there twice", entry.name, entry.version)));
        }
        entries.push(entry);
    }
    Ok(entries)
}

fn entry(mut package: Table) -> Result<Entry, Reason> {
    let mut text = |key: &str| match package.remove(key) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(damaged(&format!("`{key}` is not a string"))),
    };
    let missing = |key: &str| damaged(&format!("a package has no `{key}`"));
    let name = text("name")?.ok_or_else(|| missing("name"))?;
    let version = text("version")?.ok_or_else(|| missing("version"))?;
    let (source, checksum) = (text("source")?, text("checksum")?);
    let of = format!("{} {}", Shown::new(&name), Shown::new(&version));
    let fault = |why: &str| damaged(&format!("{of}: {why}"));
    // Both become parts of paths.
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(good) {
        return Err(fault("the name has other characters than Cargo allows"));
    }
    let is_version = Version::parse(&version).is_ok_and(|parsed| parsed.to_string() == version);
    if version.len() > MAX_NAME || !is_version {
        return Err(fault("this is no version"));
    }
    let parsed = source.as_deref().map(Source::parse).transpose().map_err(|why| fault(&why))?;
    let checksum = checksum.map(|hex| Digest::from_hex(&hex)).transpose();
    let checksum = checksum.map_err(|_| fault("the checksum is not 64 lower-case hex digits"))?;
    if checksum.is_some() && !matches!(parsed, Some(Source::Registry(_))) {
        return Err(fault("only a package of a registry has a checksum"));
    }
    package.remove("dependencies");
    if let Some(key) = package.keys().next() {
        return Err(fault(&format!("`{}` is not understood", Shown::new(key))));
    }
    Ok(Entry { name, version, source: parsed, text: source, checksum })
}

fn damaged(why: &str) -> Reason {
    Reason::new(Code::LockfileDamaged, Answer::CannotTell, format!("the lockfile cannot be used: {why}")).step(RESTORE)
}

/// What to do about a lockfile that cannot be used.
pub(super) const RESTORE: &str =
    "restore it from version control; `cargo metadata --locked` tells whether cargo can read it";
/// The newest version of lockfiles that is read.
const NEWEST: i64 = 4;

/// Bytes of a name or a version.
const MAX_NAME: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Entry>, &'static str> {
        entries(text.parse().expect("TOML")).map_err(|reason| reason.code.as_str())
    }

    const GOOD: &str = r#"
version = 4

[[package]]
name = "own"
version = "0.1.0"
dependencies = ["serde"]

[[package]]
name = "serde"
version = "1.0.229+x"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"#;

    #[test]
    fn versions_three_and_four_are_read() {
        for version in ["version = 4", "version = 3"] {
            let entries = read(&GOOD.replace("version = 4", version)).expect("good");
            assert_eq!(entries.len(), 2);
            assert_eq!((entries[0].source.is_none(), entries[1].checksum), (true, Some(Digest::of(b""))));
        }
        assert_eq!(read("version = 4").expect("good"), []);
        for version in ["", "version = 2", "version = 5", "version = \"4\"", "version = 4.0"] {
            assert_eq!(read(&GOOD.replace("version = 4", version)), Err("lockfile-version"), "{version}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let again = &GOOD[GOOD.find("[[package]]").expect("a package")..];
        assert_eq!(read(&format!("{GOOD}{again}")), Err("lockfile-damaged"));
        for (from, to) in [
            ("name = \"serde\"", ""),
            ("name = \"serde\"", "name = \"../serde\""),
            ("name = \"serde\"", "name = \"\""),
            ("name = \"serde\"", "name = 1"),
            ("1.0.229+x", "1.0"),
            ("1.0.229+x", "1.0.0/../x"),
            ("registry+", "path+"),
            ("e3b0", "E3B0"),
            ("e3b0", ""),
            ("source = \"registry+https://github.com/rust-lang/crates.io-index\"", ""),
            ("checksum =", "replace = \"x\"\nchecksum ="),
            ("version = 4", "version = 4\nroot = 1"),
            ("version = 4", "version = 4\npackage = 1\n[[x]]"),
        ] {
            let text = GOOD.replacen(from, to, 1);
            if let Ok(table) = text.parse() {
                assert_eq!(
                    entries(table).map_err(|reason| reason.code.as_str()),
                    Err("lockfile-damaged"),
                    "{from} {to}"
                );
            }
        }
    }
}
