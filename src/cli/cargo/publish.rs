//! `cargo countersign publish`: package, show what changed, sign what packaging made, publish, and look at what was published.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use thiserror::Error;

use super::super::args::{Format, PublishArgs};
use super::super::sign::{Consent, How, places, sign};
use super::super::{Context, tell};
use super::words::Words;
use crate::package::Purl;
use crate::programs::Programs;
use crate::programs::cargo::Cargo;
use crate::publish::release::measure;
use crate::publish::{Form, Measured, PublishError, Release};
use crate::reason::{Answer, Code, Reason};
use crate::report::{PackageReport, Report};
use crate::shown::Shown;
use crate::store::Store;

pub(super) fn run(
    arguments: &PublishArgs,
    context: &Context<'_>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> anyhow::Result<u8> {
    let edge = context.edge;
    let words = Words::new(&arguments.words)?;
    if ["--workspace", "--all", "--exclude"].iter().any(|option| words.has(option)) || words.names_several() {
        return Err(PublishUse::Several.into());
    }
    let dry_run = words.has("--dry-run") || words.has_flag('n');
    let programs = Programs::new(&edge.path, edge.terminal.clone());
    let cargo = programs.cargo(edge.variable("CARGO"), &edge.folder)?;
    let Crate { folder, archive, name, spec } = Crate::find(arguments, &words, &cargo, context)?;
    let (stores, mut authors) = places(&arguments.store, &folder, context)?;
    authors.extend(arguments.author.iter().cloned());
    if stores.is_empty() {
        // Before packaging, which takes its time.
        return Err(PublishError::Nowhere.into());
    }
    if !dry_run && let Some(store) = stores.first() {
        // Before packaging, so that it is seen whether packaging would take it for a part of the crate.
        Store::open_or_make(store, &context.limits)?;
    }
    // Where no crate is named, a workspace says which ones cargo takes; it is always told that it is this one.
    let spec = if words.package().is_none() { vec!["--package".into(), spec.into()] } else { Vec::new() };
    let code = cargo.run(&for_package(&words, &spec))?;
    if code != 0 {
        return Ok(code);
    }
    let release = match look(&archive, arguments.purl.as_ref(), context)? {
        Measured::Fit(release) => release,
        Measured::Refused(package, reasons) => return refuse(package.as_ref(), reasons, context, out),
    };
    if let Some(reason) = stores.iter().find_map(|store| packaged(&release, store, &folder)) {
        return refuse(Some(release.package()), vec![reason], context, out);
    }
    let how = How {
        key: arguments.key.as_deref(),
        authors: &authors,
        named: &arguments.author,
        stores: &stores,
        previous: &[],
        first: arguments.first,
        source: None,
        consent: if dry_run { Consent::Never } else { Consent::of(arguments.yes) },
        format: Format::Text,
    };
    sign(&release, &how, &context.limits, &programs, context, out, err)?;
    let published = published(&archive);
    if !dry_run {
        // What lies there afterwards is what publishing made.
        std::fs::remove_file(&archive)?;
        published.iter().filter(|path| path.exists()).try_for_each(std::fs::remove_file)?;
    }
    let code = cargo.run(&[&["publish".into()], spec.as_slice(), words.all()].concat())?;
    if dry_run {
        return Ok(code);
    }
    if code != 0 {
        writeln!(
            err,
            "{name} is signed, and cargo did not publish it. What was signed can still be published, unchanged."
        )?;
        return Ok(code);
    }
    let made: Vec<_> = published.iter().filter(|path| path.exists()).collect();
    if made.is_empty() {
        return Err(PublishUse::Unseen(name, Shown::path(&archive).to_string()).into());
    }
    for path in made {
        let Ok(Measured::Fit(again)) = look(path, arguments.purl.as_ref(), context) else {
            return Err(PublishUse::Unseen(name, Shown::path(path).to_string()).into());
        };
        let reasons = differences(&release, &again);
        if !reasons.is_empty() {
            return refuse(Some(release.package()), reasons, context, out);
        }
    }
    writeln!(out, "published {}: the archive holds what was signed", release.package())?;
    Ok(0)
}

/// The crate that is published.
struct Crate {
    /// Its folder.
    folder: PathBuf,
    /// Where packaging puts its archive.
    archive: PathBuf,
    /// Its name and version, for people.
    name: String,
    /// The same, for cargo.
    spec: String,
}

impl Crate {
    fn find(arguments: &PublishArgs, words: &Words<'_>, cargo: &Cargo, context: &Context<'_>) -> anyhow::Result<Self> {
        let manifest = words.value("--manifest-path");
        let metadata: Metadata = serde_json::from_slice(&cargo.metadata(manifest)?)?;
        cargo.check_outside(&metadata.workspace_root)?;
        let all: Vec<_> = metadata.packages.iter().map(|package| Shown::new(&package.name).to_string()).collect();
        let unclear = || PublishUse::Spec(all.join(", "));
        let wanted = match words.package() {
            Some(spec) => Wanted::Named(spec.to_str().ok_or_else(unclear)?),
            None => Wanted::At(cargo.manifest(manifest, false)?),
        };
        let mut found = metadata.packages.iter().filter(|package| wanted.is(package));
        let (Some(package), None) = (found.next(), found.next()) else { return Err(unclear().into()) };
        let name = Shown::new(&format!("{} {}", package.name, package.version)).to_string();
        let other = |option: &str| words.value(option).is_some_and(|value| value != DEFAULT);
        let elsewhere = match package.publish.as_deref() {
            Some([]) => return Err(PublishUse::Never(name).into()),
            Some(registries) => !registries.iter().any(|one| one == DEFAULT),
            None => context.edge.variable("CARGO_REGISTRY_DEFAULT").is_some_and(|value| value != DEFAULT),
        };
        if arguments.purl.is_none() && (elsewhere || other("--registry") || words.has("--index")) {
            return Err(PublishUse::Registry(name).into());
        }
        let target = words.value("--target-dir").map(|target| context.edge.folder.join(target));
        let file = format!("{}-{}.crate", package.name, package.version);
        Ok(Self {
            folder: package.manifest_path.parent().unwrap_or(&package.manifest_path).to_owned(),
            archive: target.unwrap_or(metadata.target_directory).join("package").join(file),
            name,
            spec: format!("{}@{}", package.name, package.version),
        })
    }
}

/// Cargo's registry where no other is named.
const DEFAULT: &str = "crates-io";

/// What cargo tells of a workspace.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    target_directory: PathBuf,
    workspace_root: PathBuf,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    manifest_path: PathBuf,
    /// The registries to which it may go; none where there is no rule.
    publish: Option<Vec<String>>,
}

/// Which package of the workspace.
enum Wanted<'a> {
    Named(&'a str),
    At(PathBuf),
}

impl Wanted<'_> {
    fn is(&self, package: &Package) -> bool {
        match self {
            Self::Named(spec) => *spec == package.name || *spec == format!("{}@{}", package.name, package.version),
            Self::At(manifest) => *manifest == package.manifest_path,
        }
    }
}

/// What packaging is told: all but what only publishing takes.
fn for_package(words: &Words<'_>, spec: &[OsString]) -> Vec<OsString> {
    let words = Words::without(words.all(), "--token", true);
    let words = Words::without(&words, "--dry-run", false);
    let words = words.into_iter().filter_map(|word| match word.to_str() {
        // Of letters that take no value, `n` alone is publishing's own.
        Some(text) if is_letters(text) => Some(text.replace('n', "")).filter(|rest| rest != "-").map(OsString::from),
        _ => Some(word),
    });
    [OsString::from("package")].into_iter().chain(spec.iter().cloned()).chain(words).collect()
}

fn is_letters(text: &str) -> bool {
    let letters = text.strip_prefix('-').unwrap_or_default();
    !letters.is_empty() && letters.chars().all(|letter| "vqn".contains(letter))
}

/// Where publishing puts the archive that it makes: where packaging does, or beside it, which changed from cargo to cargo.
fn published(archive: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(name)) = (archive.parent(), archive.file_name()) else { return Vec::new() };
    ["", "tmp-crate", "tmp-registry"].iter().map(|inner| folder.join(inner).join(name)).collect()
}

fn look(archive: &Path, named: Option<&Purl>, context: &Context<'_>) -> anyhow::Result<Measured> {
    Ok(measure(Form::Archive(archive), named, &context.limits, &())?)
}

/// Evidence cannot be a part of what it is about: it would change with each signature.
fn packaged(release: &Release, store: &Path, folder: &Path) -> Option<Reason> {
    let (store, folder) = (std::fs::canonicalize(store).ok()?, std::fs::canonicalize(folder).ok()?);
    let inner = store.strip_prefix(&folder).ok()?.to_str()?.replace(std::path::MAIN_SEPARATOR, "/");
    let below = |path: &str| path.strip_prefix(inner.as_str()).is_some_and(|rest| rest.starts_with('/'));
    release.text().entries().iter().find(|entry| below(entry.path.as_str()))?;
    let message = "evidence goes into this folder, and packaging takes it for a part of the crate";
    let reason = Reason::new(Code::EvidencePackaged, Answer::Reject, message).at(inner.as_bytes());
    Some(reason.step("keep it beside the project, or leave it out: exclude = [\"/FOLDER\"] in Cargo.toml"))
}

/// How what was published is not what was signed.
fn differences(signed: &Release, published: &Release) -> Vec<Reason> {
    let changes = published.text().changes_since(signed.text());
    let told = |what: &str, path: &str| {
        let message = format!("cargo packed it again when it published, and this {what}");
        let reason = Reason::new(Code::PublishedDiffers, Answer::Reject, message).at(path);
        reason.step("yank this version, say so with `countersign withdraw`, and publish a new one")
    };
    let added = changes.added.iter().map(|entry| told("was not signed", entry.path.as_str()));
    let removed = changes.removed.iter().map(|entry| told("was signed and is gone", entry.path.as_str()));
    let changed = changes.changed.iter().map(|(_, entry)| told("is not what was signed", entry.path.as_str()));
    added.chain(removed).chain(changed).collect()
}

fn refuse(
    package: Option<&Purl>,
    reasons: Vec<Reason>,
    context: &Context<'_>,
    out: &mut dyn Write,
) -> anyhow::Result<u8> {
    let package = PackageReport::refused(package, reasons, context.limits.reasons);
    let report = Report::new(context.now, "sign", vec![package], Vec::new());
    Ok(tell(&report, Format::Text, out)?)
}

/// Why nothing was published.
#[derive(Debug, Error)]
pub(crate) enum PublishUse {
    #[error("one crate at a time is signed and published")]
    Several,
    #[error("it cannot be told which crate this is about; the workspace has {0}")]
    Spec(String),
    #[error("the Cargo.toml of {0} says that it is never published")]
    Never(String),
    #[error("{0} goes to another registry than crates.io, and what it is called there is not known")]
    Registry(String),
    #[error("{0} was published, and it cannot be checked that it holds what was signed: {1} cannot be read")]
    Unseen(String, String),
}

impl PublishUse {
    /// What to do next.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Several | Self::Spec(_) => "name it by its name alone: -p NAME",
            Self::Never(_) => "take out `publish = false`, if it is to be",
            Self::Registry(_) => "name it with --purl pkg:cargo/NAME@VERSION?repository_url=ADDRESS",
            Self::Unseen(..) => "compare what the registry has with `countersign verify`",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packaging_gets_all_but_what_only_publishing_takes() {
        let typed = "--token x -n -p acme --dry-run -vn --locked -q -Fn";
        let typed: Vec<_> = typed.split(' ').map(OsString::from).collect();
        let words = Words::new(&typed).expect("good");
        let wanted = "package -p acme -v --locked -q -Fn";
        assert_eq!(for_package(&words, &[]), wanted.split(' ').map(OsString::from).collect::<Vec<_>>());
    }

    #[test]
    fn a_package_is_known_by_its_name_or_its_manifest() {
        let package = Package {
            name: "acme".into(),
            version: "1.0.0".into(),
            manifest_path: "/a/Cargo.toml".into(),
            publish: None,
        };
        for (spec, is) in
            [("acme", true), ("acme@1.0.0", true), ("acme@1", false), ("acm", false), ("acme:1.0.0", false)]
        {
            assert_eq!(Wanted::Named(spec).is(&package), is, "{spec}");
        }
        assert!(Wanted::At("/a/Cargo.toml".into()).is(&package) && !Wanted::At("/Cargo.toml".into()).is(&package));
    }
}
