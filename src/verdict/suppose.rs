//! Which single keys would suffice to get a bad release accepted.
//!
//! A thief holds one key. They publish a new release, with a tree that nobody has seen, of a version that follows one that
//! is remembered; they sign whatever they like with that key, and make as many new certificates as they like, which it
//! certifies as far as it can, and which somebody brought into the keyring. Everybody else says what they said before, and
//! nothing new. `docs/threats.md` says the same at length.
//!
//! What the thief would say is handed to [`judge`] itself, as `Supposed` statements: their maker is private to this file,
//! so that none of them is ever part of a real verdict, and what comes out is a yes or a no.

mod thief;

use std::collections::{BTreeMap, BTreeSet};

use super::authors::{Origin, Scale};
use super::chain::Chain;
use super::heard::{Heard, Present, Words};
use super::memory::{Memory, Slot, VersionOrder};
use super::said::Said;
use super::{Basis, Case, Outcome, judge};
use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::package::Purl;
use crate::policy::rule::{Requirement, Rule};
use crate::policy::{People, Policy, Voices};
use crate::reason::Code;
use crate::statement::check::{Draft as CheckDraft, Finding};
use crate::statement::manifest::Draft as ManifestDraft;
use crate::statement::review::{Draft as ReviewDraft, Opinion, Relation, Thoroughness};
use crate::statement::{Check, Manifest, Review, VersionTree};
use crate::time::{Times, Timestamp};
pub use thief::Doors;
use thief::Thief;

/// A statement that nobody has signed, as if these had.
pub(super) struct Supposed<S> {
    statement: S,
    digest: Digest,
    signers: BTreeSet<Fingerprint>,
}

impl<S> Supposed<S> {
    /// The one maker.
    fn new(statement: S, text: &str, signers: impl IntoIterator<Item = Fingerprint>) -> Self {
        Self::as_named(statement, Digest::of(text.as_bytes()), signers)
    }

    fn as_named(statement: S, digest: Digest, signers: impl IntoIterator<Item = Fingerprint>) -> Self {
        Self { statement, digest, signers: signers.into_iter().collect() }
    }

    pub(super) fn statement(&self) -> &S {
        &self.statement
    }

    pub(super) fn digest(&self) -> Digest {
        self.digest
    }

    pub(super) fn signers(&self) -> impl Iterator<Item = &Fingerprint> {
        self.signers.iter()
    }
}

/// What some would have signed, for the test that holds all of this against what they really sign.
#[cfg(test)]
pub(super) fn pretended(manifest: &Manifest, signers: impl IntoIterator<Item = Fingerprint>) -> Supposed<Manifest> {
    Supposed::new(manifest.clone(), manifest.text(), signers)
}

/// A package, and what it is judged by.
#[expect(missing_debug_implementations, reason = "it holds functions")]
#[expect(clippy::exhaustive_structs, reason = "whoever asks must give all of it")]
pub struct Question<'a, 'd> {
    /// The package with the version that is there.
    pub package: &'a Purl,
    /// The policy.
    pub policy: &'a Policy,
    /// The rule of it that decides on this package.
    pub rule: &'a Rule,
    /// The policy's people, with those who share an authenticated address made one.
    pub people: &'a People,
    /// What the roots say; none where there are no roots.
    pub doors: Option<&'a Doors<'d>>,
    /// Whether the certificate of a key stands: what a revoked, retired or expired one signs counts for nothing.
    pub stands: &'a dyn Fn(&Fingerprint) -> bool,
    /// What is remembered of the package.
    pub memory: &'a Memory,
    /// All manifests of the package.
    pub chain: &'a Chain<'a>,
    /// On what nothing is accepted, though the policy lets it through.
    pub refused: &'a [Basis],
    /// The order of versions.
    pub order: &'a VersionOrder<'a>,
    /// When.
    pub times: Times,
}

/// Whose word alone would do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "everybody, or just these")]
pub enum Alone {
    /// Anybody's: no key needs to be stolen.
    Anybody,
    /// Each of these keys; none is best.
    Keys(BTreeSet<Fingerprint>),
}

impl Question<'_, '_> {
    /// Which single keys would suffice.
    pub fn alone(&self) -> Alone {
        let nobody = name("nobody", 0);
        if self.suffices(&nobody) {
            return Alone::Anybody;
        }
        let named = self.named();
        let mut keys: BTreeSet<_> = named.iter().filter(|key| self.suffices(key)).cloned().collect();
        let strangers = self.doors.map(|doors| doors.groups(self.package)).unwrap_or_default();
        for group in strangers.iter() {
            // Whoever is not named here, and of whom the roots say the same, could do the same.
            let mut unnamed = group.iter().filter(|key| !named.contains(*key));
            if let Some(first) = unnamed.next().filter(|first| self.suffices(first)) {
                keys.insert(first.clone());
                keys.extend(unnamed.cloned());
            }
        }
        Alone::Keys(keys)
    }

    /// Everybody whom the rule, memory or a manifest names.
    fn named(&self) -> BTreeSet<Fingerprint> {
        let mut named = self.memory.former_authors.clone();
        named.extend(self.memory.pins.iter().flat_map(|pin| pin.authors.iter().cloned()));
        named.extend(self.chain.manifests().flat_map(|heard| heard.statement().authors().to_vec()));
        let voices = self.rule.require.clauses().into_iter().filter_map(|clause| match clause {
            Requirement::Author(clause) => Some(&clause.from),
            Requirement::Review(clause) => Some(&clause.from),
            Requirement::Check(clause) => Some(&clause.from),
            Requirement::All(_) | Requirement::Any(_) => None,
        });
        for voices in voices {
            if let Voices::Only(people) = voices {
                named.extend(people.iter().flat_map(|person| self.policy.people().certificates(person)));
            }
        }
        named
    }

    /// Whether one key is enough.
    pub fn suffices(&self, key: &Fingerprint) -> bool {
        if self.policy.distrusts(key) {
            return false;
        }
        let slots = self.memory.pins.iter().map(Slot::Follows);
        let none = self.memory.pins.is_empty().then_some(Slot::New);
        slots.chain(none).any(|slot| self.plans(key).iter().any(|plan| self.is_accepted(key, plan, slot)))
    }

    /// What a thief could try, of which nothing is made better by anything else.
    fn plans(&self, key: &Fingerprint) -> Vec<Plan> {
        let (authors, reviewers) = (puppets("author"), puppets("reviewer"));
        let own = self.voice(key);
        let with_key = |some: &[Fingerprint]| [own, some].concat();
        let plan = |signers: Vec<Fingerprint>, reviewers: Vec<Fingerprint>, previous| Plan {
            authors: signers.clone(),
            signers,
            reviewers,
            previous,
        };
        // Whoever is named in a manifest may hand over from there.
        let mut earlier: BTreeMap<Vec<Fingerprint>, BTreeSet<Digest>> = BTreeMap::new();
        for heard in self.naming(key) {
            earlier.entry(heard.statement().authors().to_vec()).or_default().insert(heard.digest());
        }
        let mut previous: BTreeSet<_> = earlier.values().flatten().copied().collect();
        previous.extend(self.memory.pins.iter().filter_map(|pin| pin.manifest));
        // Where what is missing is lifted, less may be better: too few authors are, and many who depend on each other are not.
        let lifts = |code| self.policy.exempts(code, self.package, self.times.now).is_some();
        let fewest = |code, many| if lifts(code) { 0 } else { many };
        let mut plans = vec![plan(Vec::new(), with_key(&reviewers), BTreeSet::new())];
        for number in fewest(Code::TooFewAuthors, PUPPETS)..=PUPPETS {
            let authors = &authors[..number];
            plans.push(plan(with_key(authors), reviewers.clone(), previous.clone()));
            plans.push(plan(authors.to_vec(), with_key(&reviewers), previous.clone()));
        }
        plans.push(plan(own.to_vec(), reviewers.clone(), previous.clone()));
        // What nobody signed may be let through where what a stranger signed is an alarm.
        plans.push(Plan { signers: Vec::new(), ..plan(authors, with_key(&reviewers), previous) });
        // A change of authors may need several of those before; no change needs one.
        plans.extend(earlier.into_iter().map(|(authors, previous)| {
            let (signers, reviewers) = (own.to_vec(), reviewers.clone());
            Plan { authors, signers, reviewers, previous }
        }));
        let mut all: Vec<_> = plans.iter().flat_map(Plan::written).collect();
        if lifts(Code::TooFewReviews) {
            all.extend(all.clone().into_iter().map(|plan| Plan { reviewers: Vec::new(), ..plan }));
        }
        all
    }

    fn is_accepted(&self, key: &Fingerprint, plan: &Plan, slot: Slot<'_>) -> bool {
        let Ok(package) = self.package.identity().at(VERSION) else { return false };
        let tree = Present::supposed(Digest::of(TREE.as_bytes()), 1, 1);
        let dated = self.times.at.min(self.times.now);
        let Ok(manifest) = plan.manifest(&package, tree, dated) else { return false };
        let rule = clamped(self.rule);
        let Ok(reviews) = self.reviews(plan, &rule, tree, dated) else { return false };
        let Ok(checks) = self.checks(key, &rule, &package, tree, dated) else { return false };
        let joined = self.joined(key);
        let real = self.chain.manifests().filter(|heard| joined.iter().all(|one| one.digest != heard.digest()));
        let ours = joined.iter().chain(&manifest).map(Heard::supposed);
        let chain = Chain::new(real.chain(ours));
        let thief = self.doors.map(|doors| Thief::new(doors, key, &package));
        let scale = Scale {
            package: &package,
            policy: self.policy,
            rule: &rule,
            people: self.people,
            trust: thief.as_ref().map(|thief| thief as &dyn super::authors::Trust),
            memory: self.memory,
            slot,
            chain: &chain,
            overriding: None,
        };
        let releases: Vec<_> =
            manifest.iter().map(|manifest| scale.weigh(Heard::supposed(manifest), Origin::Own)).collect();
        let verdict = judge(Case {
            package: Some(&package),
            policy: self.policy,
            scale: Some(&scale),
            releases: &releases,
            compared: (!releases.is_empty()).then_some(0),
            tree: Some(tree),
            said: Said {
                reviews: Words::supposed(&reviews),
                checks: Words::supposed(&checks),
                withdrawals: Words::default(),
                subject: None,
            },
            found: Vec::new(),
            refused: self.refused,
            order: self.order,
            times: self.times,
        });
        verdict.outcome() == Outcome::Accepted
    }

    /// A key as one who signs; nobody where that counts for nothing.
    fn voice<'k>(&self, key: &'k Fingerprint) -> &'k [Fingerprint] {
        if (self.stands)(key) { std::slice::from_ref(key) } else { &[] }
    }

    /// The manifests that name a key which may sign them.
    fn naming<'k>(&self, key: &'k Fingerprint) -> impl Iterator<Item = Heard<'_, Manifest>> + use<'_, 'k> {
        let own = self.voice(key);
        self.chain.manifests().filter(move |heard| own.iter().any(|key| heard.statement().authors().contains(key)))
    }

    /// The manifests that name the key, as if it had signed them as well.
    fn joined(&self, key: &Fingerprint) -> Vec<Supposed<Manifest>> {
        let joined = self.naming(key).map(|heard| {
            let signers = heard.signers().chain([key]).cloned();
            Supposed::as_named(heard.statement().clone(), heard.digest(), signers)
        });
        joined.collect()
    }

    /// One review that says all that any clause asks for.
    fn reviews(
        &self,
        plan: &Plan,
        rule: &Rule,
        tree: Present,
        reviewed: Timestamp,
    ) -> Result<Vec<Supposed<Review>>, Unspeakable> {
        let clauses = rule.require.clauses().into_iter().filter_map(|clause| match clause {
            Requirement::Review(clause) => Some(clause),
            _ => None,
        });
        let clauses: Vec<_> = clauses.collect();
        if clauses.is_empty() {
            return Ok(Vec::new());
        }
        let words: BTreeSet<_> = clauses.into_iter().flat_map(|clause| &clause.criteria).collect();
        let mut criteria = words.into_iter().map(|word| word.parse()).collect::<Result<Vec<_>, _>>()?;
        if criteria.is_empty() {
            criteria.push("safe-to-deploy".parse()?);
        }
        let review = Review::new(ReviewDraft {
            package: self.package.identity(),
            from: None,
            to: VersionTree { version: VERSION.to_owned(), tree: tree.digest },
            verdict: Opinion::Approve,
            criteria,
            thoroughness: Thoroughness::High,
            relation: Relation::None,
            reviewed,
            note: None,
        })?;
        let text = review.text().to_owned();
        Ok(vec![Supposed::new(review, &text, plan.reviewers.iter().cloned())])
    }

    /// Each check that any clause asks for, passed.
    fn checks(
        &self,
        key: &Fingerprint,
        rule: &Rule,
        package: &Purl,
        tree: Present,
        checked: Timestamp,
    ) -> Result<Vec<Supposed<Check>>, Unspeakable> {
        let names = rule.require.clauses().into_iter().filter_map(|clause| match clause {
            Requirement::Check(clause) => Some(clause.name.as_str()),
            _ => None,
        });
        let mut checks = Vec::new();
        for name in names.collect::<BTreeSet<_>>() {
            let check = Check::new(&CheckDraft {
                package: package.clone(),
                tree: tree.digest,
                name: name.parse()?,
                tool: "supposed".to_owned(),
                result: Finding::Pass,
                checked,
                subject: None,
                note: None,
            })?;
            let text = check.text().to_owned();
            let signers = puppets("reviewer").into_iter().chain(self.voice(key).iter().cloned());
            checks.push(Supposed::new(check, &text, signers));
        }
        Ok(checks)
    }
}

/// Who signs what.
#[derive(Clone)]
struct Plan {
    /// Whom the manifest names; nobody where there is none.
    authors: Vec<Fingerprint>,
    signers: Vec<Fingerprint>,
    reviewers: Vec<Fingerprint>,
    /// What the manifest follows.
    previous: BTreeSet<Digest>,
}

impl Plan {
    /// The same in pieces that fit into one manifest each: any one of what it follows may be the one that counts.
    fn written(&self) -> Vec<Self> {
        let all: Vec<_> = self.previous.iter().copied().collect();
        let some = |previous: &[Digest]| Self { previous: previous.iter().copied().collect(), ..self.clone() };
        if all.is_empty() { vec![some(&[])] } else { all.chunks(MOST_PREVIOUS).map(some).collect() }
    }

    fn manifest(
        &self,
        package: &Purl,
        tree: Present,
        released: Timestamp,
    ) -> Result<Option<Supposed<Manifest>>, Unspeakable> {
        if self.authors.is_empty() {
            return Ok(None);
        }
        let manifest = Manifest::new(ManifestDraft {
            package: package.clone(),
            released,
            authors: self.authors.clone(),
            previous: self.previous.iter().copied().collect(),
            tree: tree.digest,
            files: tree.files,
            bytes: tree.bytes,
            source: None,
        })?;
        let text = manifest.text().to_owned();
        Ok(Some(Supposed::new(manifest, &text, self.signers.iter().cloned())))
    }
}

/// What cannot be written down at all.
type Unspeakable = Box<dyn std::error::Error>;

/// The rule with every count no larger than the number of new certificates of each kind. A thief has either one voice or two, or
/// as many as they like, so that nothing is met by it that would not be met as it stands.
fn clamped(rule: &Rule) -> Rule {
    fn clamp(requirement: &mut Requirement) {
        match requirement {
            Requirement::All(inner) | Requirement::Any(inner) => inner.iter_mut().for_each(clamp),
            Requirement::Author(clause) => clause.count = clause.count.min(PUPPETS),
            Requirement::Review(clause) => clause.count = clause.count.min(PUPPETS),
            Requirement::Check(clause) => clause.count = clause.count.min(PUPPETS),
        }
    }
    let mut rule = rule.clone();
    clamp(&mut rule.require);
    rule
}

/// The new certificates of one kind.
fn puppets(kind: &str) -> Vec<Fingerprint> {
    (0..PUPPETS).map(|number| name(kind, number)).collect()
}

/// A fingerprint that no key has.
fn name(kind: &str, number: usize) -> Fingerprint {
    let digest = Digest::of(format!("countersign supposes {kind} {number}").as_bytes());
    let name = digest.hex().to_uppercase().parse();
    name.expect("64 hex digits in upper case are a fingerprint")
}

/// So many new certificates sign the manifest, and so many others review: more than a thief has who has not as many as they
/// like.
const PUPPETS: usize = 4;
/// So many digests have room in one manifest.
const MOST_PREVIOUS: usize = 256;
/// The version of the new release. Where it stands is said by its slot.
const VERSION: &str = "0.0.0-supposed";
/// What the tree is named after, which nobody has.
const TREE: &str = "countersign supposes a tree";
