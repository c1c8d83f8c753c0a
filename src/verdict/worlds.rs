//! Every small world: the judgement against the same rules written down as plain sets.
//!
//! Three people and three releases, on one line of versions (1.0, 1.1, 1.2) or on two (1.0, 1.1 and 2.0), with each list of
//! authors, each set of signers among them and each link to an earlier release; what can be pinned at each of them; and a
//! family of policies. `oracle` says what follows, and shares no code with what it holds to account.

mod alone;
mod making;
mod oracle;
mod properties;
mod steps;
mod trusting;
mod voices;
mod without;

use std::collections::BTreeSet;
use std::fmt;

use crate::lock::Basis;
use crate::reason::Code;
use crate::trust::testing::Random;
use making::Bench;

/// Some of the three people.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
struct Set(u8);

impl Set {
    const ALL: Self = Self(0b111);

    fn every() -> impl Iterator<Item = Self> {
        (0..8).map(Self)
    }

    fn of(person: usize) -> Self {
        Self(1 << person)
    }

    fn people(self) -> impl Iterator<Item = usize> {
        (0..3).filter(move |person| self.has(*person))
    }

    fn subsets(self) -> impl Iterator<Item = Self> {
        Self::every().filter(move |set| set.without(self).is_empty())
    }

    fn has(self, person: usize) -> bool {
        self.0 & (1 << person) != 0
    }

    fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn count(self) -> usize {
        self.0.count_ones() as usize
    }

    fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl fmt::Debug for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.people()).finish()
    }
}

/// What a manifest says, by its place in the table of all that are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Text {
    version: usize,
    authors: Set,
    /// The text that it follows.
    previous: Option<usize>,
    /// Whether it names another tree than the one that is there.
    other: bool,
}

/// A manifest that is at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Manifest {
    text: usize,
    signers: Set,
}

/// What is remembered of one version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pinned {
    /// None: it was let through unsigned.
    authors: Set,
    /// The text of its manifest, where it was signed.
    text: Option<usize>,
    policy: bool,
    /// Whether another tree was accepted.
    other: bool,
}

/// All that is known of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
struct World {
    /// Whether the third release begins a line of its own.
    two_lines: bool,
    /// The version that is judged.
    version: usize,
    /// Manifests of it. The tree is compared with the one that is chosen among them.
    releases: Vec<Manifest>,
    /// Manifests of other versions.
    others: Vec<Manifest>,
    pins: [Option<Pinned>; 3],
    /// Authors of what is history.
    former: Set,
}

/// What the roots say of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grant {
    Nothing,
    /// Who they are, and no more.
    Known,
    /// The role, for a namespace.
    Role,
    /// The role, for this very package.
    ByName,
    OutOfScope,
    TooDeep,
    ByRetired,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum New {
    FirstUse,
    Trusted,
    Reject,
}

/// What a policy asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Asked {
    /// Whom the rule names as authors.
    named: Option<Set>,
    count: usize,
    unsigned: bool,
    new: New,
    handover: usize,
    distrusted: Set,
    /// None: there are no roots.
    grants: Option<[Grant; 3]>,
    /// Whether all grants come by one hand.
    one_hand: bool,
}

impl Asked {
    const PLAIN: Self = Self {
        named: None,
        count: 1,
        unsigned: false,
        new: New::FirstUse,
        handover: 1,
        distrusted: Set(0),
        grants: None,
        one_hand: false,
    };
}

/// What must come out.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Answer {
    outcome: super::Outcome,
    /// The codes that decide: of what refuses, and of what leaves it open.
    codes: BTreeSet<Code>,
    pin: Option<Remembered>,
}

/// What `accept` would write.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Remembered {
    authors: Set,
    text: Option<usize>,
    basis: Basis,
    /// The version whose place it takes.
    replaces: Option<usize>,
}

/// The policies without roots: whom the rule names, what becomes of a new package, `unsigned`, and both counts.
fn policies() -> Vec<Asked> {
    let kinds = [(Some(Set(0b011)), New::FirstUse), (None, New::FirstUse), (None, New::Reject)];
    let mut all = Vec::new();
    for (named, new) in kinds {
        for unsigned in [false, true] {
            for (count, handover) in [(1, 1), (1, 2), (2, 1), (2, 2)] {
                all.push(Asked { named, count, unsigned, new, handover, ..Asked::PLAIN });
            }
        }
    }
    all
}

/// A world in which nothing is remembered.
fn empty(version: usize) -> World {
    let pins = [None; 3];
    World { two_lines: false, version, releases: Vec::new(), others: Vec::new(), pins, former: Set::default() }
}

/// Every list of authors with every set of signers among them.
fn signed() -> Vec<(Set, Set)> {
    let lists = Set::every().filter(|authors| !authors.is_empty());
    lists.flat_map(|authors| authors.subsets().map(move |signers| (authors, signers))).collect()
}

#[test]
fn every_release_against_every_pin_is_judged_as_plain_sets_say() {
    let bench = Bench::new();
    let mut worlds = Vec::new();
    for pinned in
        std::iter::once(None).chain((0..3).flat_map(|version| Set::every().map(move |set| Some((version, set)))))
    {
        let pin = pinned.map(|(version, authors)| (version, bench.pin(version, authors)));
        let mut world = empty(1);
        if let Some((version, pin)) = pin {
            world.pins[version] = Some(pin);
        }
        worlds.push(world.clone());
        for (authors, signers) in signed() {
            let before = pin.filter(|(version, _)| *version == 0).and_then(|(_, pin)| pin.text);
            for previous in std::iter::once(None).chain(before.map(Some)) {
                let text = bench.text(Text { version: 1, authors, previous, other: false });
                worlds.push(World { releases: vec![Manifest { text, signers }], ..world.clone() });
            }
        }
    }
    let policies = policies();
    assert_eq!(worlds.len(), 25 + 26 * (25 + 7));
    let all = worlds.iter().flat_map(|world| policies.iter().map(move |asked| (world.clone(), *asked)));
    assert_eq!(bench.hold(&all.collect::<Vec<_>>()), 857 * 24);
}

#[test]
fn every_chain_of_three_releases_is_judged_as_plain_sets_say() {
    let bench = Bench::new();
    let mut worlds = Vec::new();
    for first in Set::every().filter(|authors| !authors.is_empty()) {
        let pin = bench.pin(0, first);
        let mut world = empty(2);
        world.pins[0] = Some(pin);
        let linked = [None, pin.text];
        let mut middles = vec![(None, Vec::new())];
        for previous in linked {
            for (authors, signers) in signed() {
                let text = bench.text(Text { version: 1, authors, previous, other: false });
                middles.push((Some(text), vec![Manifest { text, signers }]));
            }
        }
        for (middle, others) in middles {
            for (authors, signers) in signed() {
                for previous in [None, middle.or(pin.text)] {
                    let text = bench.text(Text { version: 2, authors, previous, other: false });
                    let releases = vec![Manifest { text, signers }];
                    worlds.push(World { releases, others: others.clone(), ..world.clone() });
                }
            }
        }
    }
    assert_eq!(worlds.len(), 7 * 53 * 52);
    let policies = [(1, 1), (1, 2), (2, 2)].map(|(count, handover)| Asked { count, handover, ..Asked::PLAIN });
    let all = worlds.iter().flat_map(|world| policies.iter().map(move |asked| (world.clone(), *asked)));
    assert_eq!(bench.hold(&all.collect::<Vec<_>>()), 57_876);
}

#[test]
fn worlds_of_everything_are_judged_as_plain_sets_say() {
    let bench = Bench::new();
    let mut random = Random(4);
    let cases: Vec<_> = (0..SAMPLE).map(|_| (bench.world(&mut random), asked(&mut random))).collect();
    assert_eq!(bench.hold(&cases), SAMPLE);
}

/// How many of the worlds with everything in them are tried.
const SAMPLE: usize = 150_000;

/// Any policy.
fn asked(random: &mut Random) -> Asked {
    use Grant::{ByName, ByRetired, Known, Nothing, OutOfScope, Role, TooDeep};
    let grant = |random: &mut Random| {
        random.of(&[Nothing, Nothing, Known, Known, Role, Role, ByName, OutOfScope, TooDeep, ByRetired])
    };
    let grants = [grant(random), grant(random), grant(random)];
    let by_name = random.below(4) == 0;
    let plainly = grants.map(|grant| if grant == ByName && !by_name { Role } else { grant });
    let named = random.of(&[None, None, None, Some(Set(0b011)), Some(Set(0b100)), Some(Set::ALL)]);
    let count = random.of(&[1, 1, 2]);
    let distrusted = random.of(&[Set(0), Set(0), Set(0), Set(0b001), Set(0b110), Set(0b100)]);
    let has_roots = random.below(2) == 0;
    // What can never be met is no policy, and neither is trust without roots.
    let reachable = named.map_or(3, |named: Set| named.without(distrusted).count());
    Asked {
        named,
        count: count.min(reachable.max(1)),
        unsigned: random.below(2) == 0,
        new: random.of(&[New::FirstUse, if has_roots { New::Trusted } else { New::FirstUse }, New::Reject]),
        handover: random.of(&[1, 1, 2]),
        distrusted: if reachable == 0 { Set(0) } else { distrusted },
        grants: has_roots.then_some(plainly),
        one_hand: random.below(3) == 0,
    }
}
