//! What is remembered of a package, and which remembered release the one at hand takes the place of.
//!
//! Lockfiles hold the same name at several versions as a rule, so a release meets its equal first; where there is none,
//! it follows the highest one below it. Only what lies below everything that is remembered went back.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::chain::{Chain, Link};
use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::lock::{Lock, Passed, Pin};
use crate::package::Purl;
use crate::reason::{Answer, Code, Reason};

/// All that is remembered of one package, and of others that have its name.
#[derive(Debug, Clone, Default)]
#[expect(clippy::exhaustive_structs, reason = "whoever remembers must say all of it")]
pub struct Memory {
    /// Accepted releases of this very package.
    pub pins: Vec<Pin>,
    /// Every author that was ever accepted for it.
    pub former_authors: BTreeSet<Fingerprint>,
    /// Accepted packages of the same ecosystem and name, from another source.
    pub elsewhere: Vec<Purl>,
    /// The ways through alarms that the user took for this package, whatever its version.
    pub passed: Vec<Passed>,
}

impl Memory {
    /// What a lock remembers of a package, whatever its version.
    pub fn of(lock: &Lock, package: &Purl) -> Self {
        let identity = package.identity();
        let is_elsewhere = |other: &Purl| {
            (other.kind(), other.segments()) == (package.kind(), package.segments()) && other.identity() != identity
        };
        Self {
            pins: lock.versions(package).cloned().collect(),
            former_authors: lock.authors(package).into_iter().cloned().collect(),
            passed: lock.passed().filter(|passed| passed.package.identity() == identity).cloned().collect(),
            elsewhere: lock.pins().map(|pin| &pin.package).filter(|other| is_elsewhere(other)).cloned().collect(),
        }
    }
}

/// The place that a release takes in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Slot<'a> {
    /// Nothing of this package is remembered.
    New,
    /// This very version is.
    Equal(&'a Pin),
    /// The highest one that is lower, or that it leads back to.
    Follows(&'a Pin),
    /// All that is remembered is higher; the lowest of that.
    Below(&'a Pin),
}

impl<'a> Slot<'a> {
    /// The remembered release, if there is one.
    pub fn pin(self) -> Option<&'a Pin> {
        match self {
            Self::New => None,
            Self::Equal(pin) | Self::Follows(pin) | Self::Below(pin) => Some(pin),
        }
    }
}

/// The order of two versions in an ecosystem; none where they cannot be compared.
pub type VersionOrder<'a> = dyn Fn(&Purl, &Purl) -> Option<Ordering> + 'a;

impl Memory {
    /// Where `package` stands. `manifest` is the one that is judged, and leads back along the `chain` where versions
    /// cannot be compared.
    pub fn slot(
        &self,
        package: &Purl,
        manifest: Option<Digest>,
        chain: &Chain<'_>,
        order: &VersionOrder<'_>,
    ) -> Slot<'_> {
        if let Some(equal) = self.pins.iter().find(|pin| pin.package == *package) {
            return Slot::Equal(equal);
        }
        let stands = |pin: &Pin| order(&pin.package, package).or_else(|| by_chain(pin, manifest, chain));
        let (mut below, mut above, mut apart) = (None, None, None);
        for pin in &self.pins {
            let place = match stands(pin) {
                Some(Ordering::Less | Ordering::Equal) => &mut below,
                Some(Ordering::Greater) => &mut above,
                None => &mut apart,
            };
            let better = place.is_none_or(|known: &Pin| match order(&pin.package, &known.package) {
                Some(Ordering::Equal) | None => (pin.accepted, &pin.package) > (known.accepted, &known.package),
                // The lowest of those above, the highest of all others.
                Some(Ordering::Greater) => stands(pin) != Some(Ordering::Greater),
                Some(Ordering::Less) => stands(pin) == Some(Ordering::Greater),
            });
            if better {
                *place = Some(pin);
            }
        }
        match (below, above, apart) {
            (Some(pin), ..) | (None, None, Some(pin)) => Slot::Follows(pin),
            (None, Some(pin), _) => Slot::Below(pin),
            (None, None, None) => Slot::New,
        }
    }

    /// Who may sign the next release: the authors of the slot, or where it was unsigned or is gone, everyone who ever was
    /// an author of the package. So a package that has an author somewhere is new to nobody.
    pub fn authors(&self, slot: Slot<'_>) -> BTreeSet<Fingerprint> {
        let pinned = slot.pin().map(|pin| pin.authors.clone()).unwrap_or_default();
        if pinned.is_empty() { self.former_authors.clone() } else { pinned }
    }

    /// Whether the slot was signed, so that it must stay so.
    pub fn was_signed(&self, slot: Slot<'_>) -> bool {
        slot.pin().map_or_else(|| !self.former_authors.is_empty(), |pin| !pin.authors.is_empty())
    }

    /// The user's recorded way through an equivocation of this very release, which they accepted knowing of it. Other
    /// alarms are over once the release is accepted; this one stands as long as both manifests are there.
    pub fn passed_equivocation(&self, slot: Slot<'_>) -> Option<&Passed> {
        let Slot::Equal(pin) = slot else { return None };
        self.passed.iter().find(|passed| passed.code == Code::Equivocation && passed.package == pin.package)
    }

    /// What memory says against a release, whoever signed it.
    pub fn alarms(&self, package: &Purl, slot: Slot<'_>, tree: Option<Digest>) -> Vec<Reason> {
        let mut alarms = Vec::new();
        match slot {
            Slot::Equal(pin) => {
                if let Some(tree) = tree.filter(|tree| *tree != pin.tree) {
                    let (then, was) = (pin.accepted, pin.tree);
                    let message = format!("the tree is {tree}; on {then} this version was accepted with {was}");
                    let step =
                        "fetch the package again; if the author really replaced a published version, ask them why";
                    alarms.push(Reason::new(Code::ContentDiffers, Answer::Reject, message).step(step));
                }
            }
            Slot::Below(pin) => {
                let message =
                    format!("{package} is older than {}, which was accepted on {}", pin.package, pin.accepted);
                let step = "find out why an older release is offered; if you want it, `countersign accept` it with \
                            `--override rollback`";
                alarms.push(Reason::new(Code::Rollback, Answer::Reject, message).step(step));
            }
            Slot::New => {
                if let Some(other) = self.elsewhere.first() {
                    let message = format!("{other} was accepted from another source than {package}");
                    let step = "find out why the source changed; if it should, `countersign accept` it with \
                                `--override source-changed`";
                    alarms.push(Reason::new(Code::SourceChanged, Answer::Reject, message).step(step));
                }
            }
            Slot::Follows(_) => {}
        }
        alarms
    }
}

/// How a pin stands to a manifest by their chain: before it, or after it.
fn by_chain(pin: &Pin, manifest: Option<Digest>, chain: &Chain<'_>) -> Option<Ordering> {
    let (pinned, manifest) = (pin.manifest?, manifest?);
    if chain.link(manifest, pinned) == Link::Follows {
        return Some(Ordering::Less);
    }
    (chain.link(pinned, manifest) == Link::Follows).then_some(Ordering::Greater)
}

#[cfg(test)]
mod tests;
