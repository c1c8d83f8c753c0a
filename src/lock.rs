//! The lock: what was accepted, remembered as one pin for each package and version. Pure text; the file is `state`'s.
//!
//! `countersign.lock` lies beside a project's own lockfile and is committed with it. It is canonical TOML: what our
//! printer prints, and nothing else. What is not, or was merged by hand, is damage, and damage stops the run.

pub mod pin;
pub mod sealed;

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::limits::Limits;
use crate::package::Purl;
use crate::shown::Shown;
use crate::statement::print::Printer;
use crate::time::Timestamp;
pub use pin::{Basis, Passed, Past, Pin};
pub use sealed::MemoryFault;
use sealed::{Content, same, seal, unseal};

/// Everything that is remembered of packages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lock {
    pins: BTreeMap<Purl, Pin>,
    past: BTreeSet<Past>,
    passed: BTreeSet<Passed>,
}

impl Lock {
    /// Reads a lock.
    ///
    /// # Errors
    /// It is damaged, or of a newer format.
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Self, MemoryFault> {
        let text = unseal(KIND, bytes, limits.memory)?;
        let mut content = Content::parse(text)?;
        let mut lock = Self::default();
        for mut entry in content.entries("package")? {
            let pin = Pin::read(&mut entry)?;
            if lock.pins.contains_key(&pin.package) {
                return Err(entry.fault(format!("{} is pinned twice", pin.package)));
            }
            lock.pins.insert(pin.package.clone(), pin);
            entry.end()?;
        }
        for mut entry in content.entries("history")? {
            lock.past.insert(Past { pin: Pin::read(&mut entry)?, until: entry.time("until")? });
            entry.end()?;
        }
        for mut entry in content.entries("override")? {
            lock.passed.insert(Passed::read(&mut entry)?);
            entry.end()?;
        }
        content.top().end()?;
        same(text, &lock.content())?;
        Ok(lock)
    }

    /// The file's text.
    pub fn text(&self) -> String {
        seal(KIND, &self.content())
    }

    /// The digest of the file's text.
    pub fn digest(&self) -> Digest {
        Digest::of(self.text().as_bytes())
    }

    /// The pin of a package with its version.
    pub fn pin(&self, package: &Purl) -> Option<&Pin> {
        self.pins.get(package)
    }

    /// All pins, one for each package and version.
    pub fn pins(&self) -> impl Iterator<Item = &Pin> {
        self.pins.values()
    }

    /// The pins of all versions of a package, whatever its version.
    pub fn versions(&self, package: &Purl) -> impl Iterator<Item = &Pin> {
        let identity = package.identity();
        self.pins.values().filter(move |pin| pin.package.identity() == identity)
    }

    /// What was pinned before, of a package, whatever its version.
    pub fn history(&self, package: &Purl) -> impl Iterator<Item = &Past> {
        let identity = package.identity();
        self.past.iter().filter(move |past| past.pin.package.identity() == identity)
    }

    /// Everything that was pinned before, of all packages.
    pub fn past(&self) -> impl Iterator<Item = &Past> {
        self.past.iter()
    }

    /// Every author that was ever accepted for a package, whatever its version.
    pub fn authors(&self, package: &Purl) -> BTreeSet<&Fingerprint> {
        let past = self.history(package).map(|past| &past.pin);
        self.versions(package).chain(past).flat_map(|pin| &pin.authors).collect()
    }

    /// The ways through alarms that the user took.
    pub fn passed(&self) -> impl Iterator<Item = &Passed> {
        self.passed.iter()
    }

    /// Remembers a release. A pin of the same version that says something else becomes history; one that says the same
    /// stays, with its date.
    ///
    /// # Errors
    /// No version, or a manifest without authors, or authors without a manifest.
    pub fn remember(&mut self, pin: Pin, now: Timestamp) -> Result<(), Unfit> {
        pin.check().map_err(|why| Unfit::new(&pin.package, why))?;
        if self.pins.get(&pin.package).is_some_and(|present| present.same_release(&pin)) {
            return Ok(());
        }
        let replaced = self.pins.insert(pin.package.clone(), pin);
        self.past.extend(replaced.map(|pin| Past { pin, until: now }));
        Ok(())
    }

    /// Remembers a release in the place of the one that it followed, which becomes history.
    ///
    /// # Errors
    /// As [`Lock::remember`]; then nothing is changed.
    pub fn follow(&mut self, before: &Purl, pin: Pin, now: Timestamp) -> Result<(), Unfit> {
        let same = *before == pin.package;
        self.remember(pin, now)?;
        if !same {
            self.forget(before, now);
        }
        Ok(())
    }

    /// Makes a project's pins the set of its lockfile: what is not among `pins` becomes history, but for what another lockfile
    /// may name.
    ///
    /// # Errors
    /// As [`Lock::remember`]; then nothing is changed.
    pub fn become_set(
        &mut self,
        pins: Vec<Pin>,
        named_elsewhere: &dyn Fn(&Purl) -> bool,
        now: Timestamp,
    ) -> Result<(), Unfit> {
        let mut next = self.clone();
        let kept: BTreeSet<_> = pins.iter().map(|pin| pin.package.clone()).collect();
        for pin in pins {
            next.remember(pin, now)?;
        }
        let gone = next.pins.keys().filter(|package| !kept.contains(*package) && !named_elsewhere(package));
        let gone: Vec<_> = gone.cloned().collect();
        gone.iter().for_each(|package| next.forget(package, now));
        *self = next;
        Ok(())
    }

    /// Makes a pin history.
    pub fn forget(&mut self, package: &Purl, now: Timestamp) {
        self.past.extend(self.pins.remove(package).map(|pin| Past { pin, until: now }));
    }

    /// Records a way through an alarm.
    ///
    /// # Errors
    /// No version, or no reason.
    pub fn record(&mut self, passed: Passed) -> Result<(), Unfit> {
        passed.check().map_err(|why| Unfit::new(&passed.package, why))?;
        self.passed.insert(passed);
        Ok(())
    }

    /// What stands below the first two lines.
    fn content(&self) -> String {
        let mut printer = Printer::below();
        for pin in sorted(self.pins.values(), |pin| &pin.package) {
            printer.entry("package");
            pin.print(&mut printer);
        }
        for past in sorted(&self.past, |past| &past.pin.package) {
            printer.entry("history");
            past.pin.print(&mut printer);
            printer.plain("until", past.until);
        }
        for passed in sorted(&self.passed, |passed| &passed.package) {
            printer.entry("override");
            passed.print(&mut printer);
        }
        printer.finish()
    }
}

/// What cannot be remembered.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{package} cannot be remembered: {why}")]
#[non_exhaustive]
pub struct Unfit {
    /// The package, escaped.
    pub package: String,
    /// Why.
    pub why: &'static str,
}

impl Unfit {
    fn new(package: &Purl, why: &'static str) -> Self {
        Self { package: Shown::new(&package.to_string()).to_string(), why }
    }
}

/// By the text of the package, then by everything else, as it is ordered already.
fn sorted<'a, T>(all: impl IntoIterator<Item = &'a T>, package: impl Fn(&T) -> &Purl) -> Vec<&'a T> {
    let mut all: Vec<_> = all.into_iter().collect();
    all.sort_by_cached_key(|one| package(one).to_string());
    all
}

const KIND: &str = "lock";

#[cfg(test)]
mod tests;
