//! Cargo's configuration, as far as it decides which sources are built: `paths`, `[source]`, `[patch]`
//! and which lockfile is read.
//!
//! Cargo reads `.cargo/config.toml` (or `.cargo/config`) in the project and in each folder above, then the one in its home;
//! the nearest word on a key wins. A source that is replaced by a vendored folder is followed; whatever else changes
//! where code comes from is told, and nothing is guessed. No program that is named there is run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::super::{Env, read_toml};
use super::source::{Source, canonical, is_plain};
use crate::limits::Limits;
use crate::reason::{Answer, Code, Reason};
use crate::shown::Shown;

/// What the configuration says.
#[derive(Debug, Default)]
pub(super) struct Config {
    sources: BTreeMap<String, Replaced>,
    /// Folders that `[patch]` puts in the place of packages.
    pub(super) patches: Vec<PathBuf>,
    /// What concerns every package.
    pub(super) reasons: Vec<Reason>,
}

/// One `[source.NAME]`: each key with the folder that its paths start from.
#[derive(Debug, Default)]
struct Replaced(BTreeMap<String, (Value, PathBuf)>);

/// Where the packages of a source really come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// From the source.
    Itself,
    /// From a folder of vendored packages.
    Vendored(PathBuf),
    /// It cannot be told, and why.
    Unknown(String),
}

impl Config {
    /// Reads all of it. `home` is Cargo's.
    pub(super) fn read(
        project: &Path,
        home: Option<&Path>,
        env: &Env<'_>,
        limits: &Limits,
    ) -> Result<Self, Vec<Reason>> {
        let mut config = Self::default();
        let mut faults = Vec::new();
        let above = project.ancestors().map(|folder| folder.join(".cargo"));
        let mut folders: Vec<_> = above.collect();
        if let Some(home) = home.filter(|home| !folders.iter().any(|folder| folder == home)) {
            folders.push(home.to_path_buf());
        }
        for folder in folders {
            // Where both are there, Cargo takes the one without the ending.
            for name in ["config", "config.toml"] {
                let file = folder.join(name);
                match read_toml(&file, limits) {
                    Ok(None) => continue,
                    Ok(Some(table)) => config.take(table, &file, folder.parent().unwrap_or(&folder)),
                    Err(reason) => faults.push(reason),
                }
                break;
            }
        }
        let names: Vec<_> = env.variables.iter().filter_map(|(name, _)| name.to_str()).collect();
        let replacing = names.iter().filter(|name| name.starts_with("CARGO_SOURCE_") || **name == "CARGO_PATHS");
        let told = |name: &&str| replaced(&format!("the variable {} may replace sources", Shown::new(*name)));
        config.reasons.extend(replacing.map(told));
        if names.contains(&LOCKFILE_PATH) {
            config.reasons.push(other_lockfile(&format!("the variable {LOCKFILE_PATH}")));
        }
        if faults.is_empty() { Ok(config) } else { Err(faults) }
    }

    fn take(&mut self, mut table: Table, file: &Path, base: &Path) {
        if table.contains_key("paths") {
            let message = format!("`paths` in {} puts other folders in the place of packages", Shown::path(file));
            self.reasons.push(replaced(&message));
        }
        if table.contains_key("include") {
            self.reasons.push(replaced(&format!("{} includes other files, which are not read", Shown::path(file))));
        }
        if table.get("resolver").and_then(|resolver| resolver.get("lockfile-path")).is_some() {
            self.reasons.push(other_lockfile(&format!("`resolver.lockfile-path` in {}", Shown::path(file))));
        }
        if let Some(Value::Table(sources)) = table.remove("source") {
            for (name, keys) in sources {
                let Value::Table(keys) = keys else { continue };
                let addresses = ["registry", "git"].iter().filter_map(|key| keys.get(*key)?.as_str());
                if let Some(odd) = addresses.into_iter().find(|address| !is_plain(address)) {
                    let message =
                        format!("{} writes the address `{}` as Cargo would not", Shown::path(file), Shown::new(odd));
                    self.reasons.push(replaced(&message));
                }
                let known = self.sources.entry(name).or_default();
                for (key, value) in keys {
                    known.0.entry(key).or_insert_with(|| (value, base.to_path_buf()));
                }
            }
        }
        if let Some(Value::Table(patched)) = table.remove("patch") {
            let packages = patched.values().filter_map(Value::as_table).flat_map(Table::values);
            let paths = packages.filter_map(|package| package.get("path")?.as_str());
            self.patches.extend(paths.map(|path| base.join(path)));
        }
    }

    /// Where the packages of a source come from.
    pub(super) fn origin(&self, source: &Source) -> Origin {
        let mut own = self.sources.iter().filter(|(name, replaced)| replaced.is(name, source));
        let Some((first, mut replaced)) = own.next() else { return Origin::Itself };
        if own.next().is_some() {
            return Origin::Unknown(format!(
                "several `[source]` tables speak of the same source as `{}`",
                Shown::new(first)
            ));
        }
        if source.is_default() && first == CRATES_IO && replaced.is_elsewhere() {
            return Origin::Unknown(format!("`[source.{CRATES_IO}]` names another source"));
        }
        let mut seen = vec![first.as_str()];
        loop {
            let Some(next) = replaced.text("replace-with") else {
                return match replaced.0.get("directory").zip(replaced.text("directory")) {
                    Some(((_, base), folder)) if replaced.0.len() == 1 => Origin::Vendored(base.join(folder)),
                    _ if seen.len() == 1 && replaced.0.keys().all(|key| IDENTITY.contains(&key.as_str())) => {
                        Origin::Itself
                    }
                    _ => Origin::Unknown(format!(
                        "`replace-with` ends at `{}`, which is no folder of vendored packages",
                        Shown::new(seen[seen.len() - 1])
                    )),
                };
            };
            let Some((name, found)) =
                self.sources.get_key_value(next).filter(|(name, _)| !seen.contains(&name.as_str()))
            else {
                return Origin::Unknown(format!(
                    "`replace-with` leads to `{}`, which no `[source]` table that is read describes, or leads in a circle",
                    Shown::new(next)
                ));
            };
            seen.push(name);
            replaced = found;
        }
    }
}

impl Replaced {
    /// Whether this is the table of a source.
    fn is(&self, name: &str, source: &Source) -> bool {
        match source {
            _ if source.is_default() && name == CRATES_IO => true,
            Source::Registry(url) => {
                let is_default = |given: &str| source.is_default() && is_default(given);
                self.text("registry").is_some_and(|given| bare(given) == bare(url) || is_default(given))
            }
            Source::Git { url, reference, .. } => {
                let given = REFERENCES.iter().find_map(|key| Some(format!("{key}={}", self.text(key)?)));
                // Only newer lockfiles escape it.
                let same = given == *reference || given == reference.as_deref().map(unescaped);
                self.text("git").is_some_and(|given| canonical(given) == canonical(url)) && same
            }
        }
    }

    /// Whether the table of the default registry gives its name to something else, from which Cargo then takes its packages.
    fn is_elsewhere(&self) -> bool {
        self.0.contains_key("git") || self.text("registry").is_some_and(|given| !is_default(given))
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.0.as_str()
    }
}

/// The address of a registry as Cargo compares it.
fn bare(address: &str) -> String {
    canonical(address.strip_prefix("registry+").unwrap_or(address))
}

fn is_default(address: &str) -> bool {
    DEFAULT.contains(&bare(address).as_str())
}

/// Version 4 of the lockfile escapes the name of a branch or tag as forms do.
fn unescaped(reference: &str) -> String {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = Vec::new();
    let mut rest = reference.as_bytes();
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        match (byte, behind) {
            (b'%', [high, low, behind @ ..]) if digit(*high).is_some() && digit(*low).is_some() => {
                bytes.push(digit(*high).unwrap_or(0) << 4 | digit(*low).unwrap_or(0));
                rest = behind;
            }
            (b'+', _) => bytes.push(b' '),
            _ => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| reference.to_owned())
}

fn other_lockfile(what: &str) -> Reason {
    let message = format!("{what} puts another lockfile in the place of the one that was read");
    Reason::new(Code::SourceReplaced, Answer::CannotTell, message).step("build without it")
}

fn replaced(message: &str) -> Reason {
    let step = "build without it, or vendor the packages: `cargo vendor`";
    Reason::new(Code::SourceReplaced, Answer::CannotTell, message).step(step)
}

/// How Cargo calls the default registry.
const CRATES_IO: &str = "crates-io";
/// The variable that stands for `resolver.lockfile-path`.
const LOCKFILE_PATH: &str = "CARGO_RESOLVER_LOCKFILE_PATH";
/// Keys that say which source a table is about.
const IDENTITY: &[&str] = &["registry", "git", "branch", "tag", "rev"];
/// The ways to name a state of a repository.
const REFERENCES: &[&str] = &["branch", "tag", "rev"];
/// The addresses of the default registry.
const DEFAULT: &[&str] = &["https://github.com/rust-lang/crates.io-index", "sparse+https://index.crates.io"];
