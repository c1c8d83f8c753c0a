//! `Manifest.toml` in the formats 1, 2.0 and 2.1, read strictly: what is not understood is refused, not skipped.
//!
//! Packages are told apart by their UUIDs; two may have one name.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use semver::Version;
use toml::{Table, Value};

use crate::git_tree::{Algorithm, ObjectId};
use crate::path::{PackagePath, check_name};
use crate::reason::{Answer, Code, Reason};
use crate::shown::Shown;

/// What a manifest says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Manifest {
    /// Every entry, in the order of their names and UUIDs.
    pub entries: Vec<Entry>,
    /// The registries that entries name, by how they call them.
    pub registries: BTreeMap<String, Registry>,
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// The package's name.
    pub name: String,
    /// What tells it apart from every other package.
    pub uuid: Uuid,
    /// Its version; none for some of the standard library and of the user's own.
    pub version: Option<String>,
    /// Where it comes from.
    pub source: Source,
    /// What it needs.
    pub needs: BTreeSet<Uuid>,
}

/// Where a package comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "Julia has no further one")]
pub enum Source {
    /// A registry.
    Registry {
        /// The tree of the release.
        tree: ObjectId,
        /// The registries that have it, where the manifest says.
        registries: Vec<String>,
    },
    /// A repository.
    Git {
        /// The tree of the commit, or of a folder in it.
        tree: ObjectId,
        /// The repository.
        url: String,
    },
    /// A folder of the user's own, as a path from the manifest's folder.
    Path(String),
    /// Julia's own installation.
    Builtin,
}

/// A registry that a manifest names.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Registry {
    /// What tells it apart.
    pub uuid: Uuid,
    /// Where it comes from, where that is said.
    pub url: Option<String>,
}

/// A UUID, in the one spelling that Julia writes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uuid(u128);

impl Uuid {
    /// The number that it is.
    pub fn value(self) -> u128 {
        self.0
    }
}

impl FromStr for Uuid {
    type Err = Reason;

    fn from_str(text: &str) -> Result<Self, Reason> {
        let value = u128::from_str_radix(&text.replace('-', ""), 16).map(Self).ok();
        value
            .filter(|uuid| uuid.to_string() == text)
            .ok_or_else(|| damaged(&format!("`{}` is no UUID", Shown::new(text))))
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:032x}", self.0);
        let parts = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
        f.write_str(&parts.join("-"))
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// The first thing that is not understood.
    pub fn read(table: Table) -> Result<Self, Reason> {
        let (format, deps, registries) = split(table)?;
        let registries = registries.into_iter().map(|(name, value)| registry(&name, value).map(|one| (name, one)));
        let registries: BTreeMap<_, _> = registries.collect::<Result<_, _>>()?;
        let mut drafts = Vec::new();
        for (name, entries) in deps {
            check_package_name(&name)?;
            let Value::Array(entries) = entries else {
                return Err(damaged(&format!("`{}` is not a list of tables", Shown::new(&name))));
            };
            for entry in entries {
                let Value::Table(entry) = entry else {
                    return Err(damaged(&format!("`{}` is not a list of tables", Shown::new(&name))));
                };
                drafts.push(draft(&name, entry, format, &registries)?);
            }
        }
        let mut uuids = BTreeSet::new();
        if let Some(twice) = drafts.iter().find(|draft| !uuids.insert(draft.entry.uuid)) {
            let (name, uuid) = (&twice.entry.name, twice.entry.uuid);
            return Err(damaged(&format!("the UUID {uuid} of {name} is there twice")));
        }
        let mut names: Vec<_> = drafts.iter().map(|draft| (draft.entry.name.clone(), draft.entry.uuid)).collect();
        names.sort_unstable();
        let mut entries = drafts.into_iter().map(|draft| draft.resolved(&names)).collect::<Result<Vec<_>, _>>()?;
        entries.sort_by(|a, b| (&a.name, a.uuid).cmp(&(&b.name, b.uuid)));
        Ok(Self { entries, registries })
    }
}

/// The formats that are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Format {
    One,
    Two,
    TwoOne,
}

/// The format, the table of packages, and the registries.
fn split(mut table: Table) -> Result<(Format, Table, Table), Reason> {
    let format = match table.get("manifest_format") {
        // A package of that name, in a manifest of format 1.
        None | Some(Value::Array(_)) => return Ok((Format::One, table, Table::new())),
        Some(Value::String(text)) if text == "2.0" => Format::Two,
        Some(Value::String(text)) if text == "2.1" => Format::TwoOne,
        Some(other) => {
            let message =
                format!("the manifest has format {}; this build reads 1, 2.0 and 2.1", Shown::new(&other.to_string()));
            let reason = Reason::new(Code::LockfileVersion, Answer::CannotTell, message);
            return Err(reason.step("a newer Countersign is needed to read it"));
        }
    };
    table.remove("manifest_format");
    for key in ["julia_version", "project_hash"] {
        if table.remove(key).is_some_and(|value| !value.is_str()) {
            return Err(damaged(&format!("`{key}` is not a string")));
        }
    }
    let mut inner = |key: &str| match table.remove(key) {
        None => Ok(Table::new()),
        Some(Value::Table(inner)) => Ok(inner),
        Some(_) => Err(damaged(&format!("`{key}` is not a table"))),
    };
    let deps = inner("deps")?;
    let registries = if format == Format::TwoOne { inner("registries")? } else { Table::new() };
    match table.keys().next() {
        None => Ok((format, deps, registries)),
        Some(key) => Err(damaged(&format!("`{}` is unknown", Shown::new(key)))),
    }
}

fn registry(name: &str, value: Value) -> Result<Registry, Reason> {
    let of = format!("the registry {}", Shown::new(name));
    let Value::Table(mut table) = value else { return Err(damaged(&format!("{of} is not a table"))) };
    let mut fields = Fields { of: &of, table: &mut table };
    let (uuid, url) = (fields.text("uuid")?, fields.text("url")?);
    fields.end()?;
    let uuid = uuid.ok_or_else(|| damaged(&format!("{of} has no UUID")))?.parse()?;
    Ok(Registry { uuid, url })
}

/// An entry that names what it needs as the manifest does.
struct Draft {
    entry: Entry,
    needs: Needs,
}

/// What an entry needs.
enum Needs {
    Names(Vec<String>),
    Uuids(Vec<(String, Uuid)>),
}

impl Draft {
    fn resolved(mut self, entries: &[(String, Uuid)]) -> Result<Entry, Reason> {
        let of = self.entry.name.clone();
        let needs: Vec<Uuid> = match self.needs {
            Needs::Names(names) => names.iter().map(|name| one_of(name, entries, &of)).collect::<Result<_, _>>()?,
            Needs::Uuids(pairs) => {
                if let Some((name, uuid)) = pairs.iter().find(|pair| entries.binary_search(pair).is_err()) {
                    return Err(missing(&of, &format!("{} with the UUID {uuid}", Shown::new(name))));
                }
                pairs.into_iter().map(|(_, uuid)| uuid).collect()
            }
        };
        self.entry.needs = needs.into_iter().collect();
        Ok(self.entry)
    }
}

/// The only entry of a name.
fn one_of(name: &str, entries: &[(String, Uuid)], of: &str) -> Result<Uuid, Reason> {
    let start = entries.partition_point(|(other, _)| other.as_str() < name);
    let mut found = entries[start..].iter().take_while(|(other, _)| other == name).map(|(_, uuid)| *uuid);
    match (found.next(), found.next()) {
        (Some(uuid), None) => Ok(uuid),
        (None, _) => Err(missing(of, &Shown::new(name).to_string())),
        _ => Err(damaged(&format!("{of} needs {}, and several packages have that name", Shown::new(name)))),
    }
}

fn missing(of: &str, what: &str) -> Reason {
    damaged(&format!("{of} needs {what}, which is not there"))
}

fn draft(name: &str, mut table: Table, format: Format, known: &BTreeMap<String, Registry>) -> Result<Draft, Reason> {
    let mut fields = Fields { of: name, table: &mut table };
    let (uuid, version) = (fields.text("uuid")?, fields.text("version")?);
    let (tree, path) = (fields.text("git-tree-sha1")?, fields.text("path")?);
    let (url, rev, subdir) = (fields.text("repo-url")?, fields.text("repo-rev")?, fields.text("repo-subdir")?);
    let entry_file = fields.text("entryfile")?;
    let registries = if format == Format::TwoOne { fields.texts("registries")? } else { None };
    fields.flag("pinned")?;
    let needs = fields.needs()?;
    // Neither decides which package is loaded.
    for key in ["weakdeps", "extensions", "apps", "syntax"] {
        fields.anything(key)?;
    }
    fields.end()?;
    let fault = |why: &str| damaged(&format!("{name}: {why}"));
    let uuid: Uuid = uuid.ok_or_else(|| fault("it has no UUID"))?.parse()?;
    if let Some(version) = version.as_deref().filter(|version| !is_version(version)) {
        return Err(fault(&format!("`{}` is no version", Shown::new(version))));
    }
    // Julia loads this file in place of the one that has the package's name.
    if entry_file.is_some_and(|file| PackagePath::parse(file.as_bytes()).is_err()) {
        return Err(fault("its `entryfile` leads out of the package"));
    }
    let tree = tree.map(|tree| match tree.parse::<ObjectId>() {
        Ok(id) if id.algorithm() == Algorithm::Sha1 => Ok(id),
        _ => Err(fault("its `git-tree-sha1` is not 40 lower-case hex digits")),
    });
    if let Some(unknown) = registries.iter().flatten().find(|name| !known.contains_key(*name)) {
        return Err(fault(&format!("nothing says where the registry {} is", Shown::new(unknown))));
    }
    let is_git = url.is_some() || rev.is_some() || subdir.is_some();
    let source = match (tree.transpose()?, path, url) {
        (Some(_), Some(_), _) => return Err(fault("it has both a path and a tree")),
        // A package that is worked on may have come from a repository.
        (None, Some(path), _) if !path.is_empty() && !path.contains('\0') => Source::Path(path),
        (None, Some(_), _) => return Err(fault("its path is none")),
        (Some(tree), None, Some(url)) => Source::Git { tree, url },
        (Some(tree), None, None) if !is_git => Source::Registry { tree, registries: registries.unwrap_or_default() },
        (None, None, None) if !is_git => Source::Builtin,
        _ => return Err(fault("it names a part of a repository, and not the repository or its tree")),
    };
    if version.is_none() && matches!(source, Source::Registry { .. } | Source::Git { .. }) {
        return Err(fault("it has a tree and no version"));
    }
    let entry = Entry { name: name.to_owned(), uuid, version, source, needs: BTreeSet::new() };
    Ok(Draft { entry, needs })
}

/// A version as Julia writes it.
fn is_version(text: &str) -> bool {
    text.len() <= MAX_NAME && Version::parse(text).is_ok_and(|parsed| parsed.to_string() == text)
}

/// The name becomes a part of paths.
fn check_package_name(name: &str) -> Result<(), Reason> {
    let good = |c: char| c.is_alphanumeric() || matches!(c, '_' | '!');
    if name.len() <= MAX_NAME && check_name(name.as_bytes()).is_ok() && name.chars().all(good) {
        return Ok(());
    }
    Err(damaged(&format!("`{}` is no name of a package", Shown::new(name))))
}

/// The fields of a table that nobody has taken yet.
struct Fields<'a> {
    of: &'a str,
    table: &'a mut Table,
}

impl Fields<'_> {
    fn fault(&self, key: &str, what: &str) -> Reason {
        damaged(&format!("{}: `{}` {what}", Shown::new(self.of), Shown::new(key)))
    }

    fn text(&mut self, key: &str) -> Result<Option<String>, Reason> {
        match self.table.remove(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.fault(key, "is not a string")),
        }
    }

    /// A list of strings, or one of them.
    fn texts(&mut self, key: &str) -> Result<Option<Vec<String>>, Reason> {
        let texts = match self.table.remove(key) {
            None => return Ok(None),
            Some(Value::String(text)) => Some(vec![text]),
            Some(Value::Array(values)) => strings(&values),
            Some(_) => None,
        };
        texts.map(Some).ok_or_else(|| self.fault(key, "is not a list of strings"))
    }

    fn flag(&mut self, key: &str) -> Result<(), Reason> {
        match self.table.remove(key) {
            None | Some(Value::Boolean(_)) => Ok(()),
            Some(_) => Err(self.fault(key, "is neither true nor false")),
        }
    }

    fn anything(&mut self, key: &str) -> Result<(), Reason> {
        match self.table.remove(key) {
            None | Some(Value::Table(_) | Value::Array(_) | Value::String(_)) => Ok(()),
            Some(_) => Err(self.fault(key, "is neither a table nor a list")),
        }
    }

    fn needs(&mut self) -> Result<Needs, Reason> {
        match self.table.remove("deps") {
            None => Ok(Needs::Names(Vec::new())),
            Some(Value::Array(values)) => {
                let names = strings(&values).ok_or_else(|| self.fault("deps", "is not a list of names"))?;
                Ok(Needs::Names(names))
            }
            Some(Value::Table(table)) => {
                let uuid = |(name, value): (String, Value)| match value {
                    Value::String(uuid) => Ok((name, uuid.parse()?)),
                    _ => Err(self.fault("deps", "has something else than UUIDs")),
                };
                Ok(Needs::Uuids(table.into_iter().map(uuid).collect::<Result<_, _>>()?))
            }
            Some(_) => Err(self.fault("deps", "is neither a list of names nor a table of UUIDs")),
        }
    }

    fn end(self) -> Result<(), Reason> {
        match self.table.keys().next() {
            None => Ok(()),
            Some(key) => Err(self.fault(key, "is not understood")),
        }
    }
}

fn strings(values: &[Value]) -> Option<Vec<String>> {
    values.iter().map(|value| value.as_str().map(str::to_owned)).collect()
}

fn damaged(why: &str) -> Reason {
    let reason = Reason::new(Code::LockfileDamaged, Answer::CannotTell, format!("the manifest cannot be used: {why}"));
    reason.step(RESTORE)
}

/// What to do about a manifest that cannot be used.
pub(super) const RESTORE: &str =
    "restore it from version control, or let Julia write it anew: `julia --project -e 'using Pkg; Pkg.resolve()'`";
/// Bytes of a name or a version.
const MAX_NAME: usize = 128;

#[cfg(test)]
mod tests;
