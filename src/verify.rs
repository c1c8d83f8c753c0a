//! The whole way of a package, from bytes to report: the one file where all floors meet. `project` goes it for each entry of
//! a lockfile.
//!
//! It starts no process, uses no network and writes nothing.

pub mod alone;
mod artifacts;
mod asking;
pub mod checksums;
mod evidence;
mod measuring;
mod others;
pub mod project;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::beneath::{Folder, ReadError};
use crate::digest::Digest;
use crate::ecosystem::Place;
use crate::fingerprint::Fingerprint;
use crate::keyring::Keyring;
use crate::limits::Limits;
use crate::lock::{Basis, Lock};
use crate::openpgp::open::FirstSeen;
use crate::package::Purl;
use crate::policy::rule::{NewPackage, Requirement, Rule};
use crate::policy::{People, Policy, Voices as Named};
use crate::reading::Reading;
use crate::reason::{Answer, Code, Reason};
use crate::report::{PackageReport, PolicySource, ReadingReport, Report};
use crate::shown::Shown;
use crate::statement::check::Subject as Checked;
use crate::store::package::Own;
use crate::store::{FoundStatement, Store};
use crate::time::Times;
use crate::tree::{GitTree, SurveyError, Watcher};
use crate::tree_text::TreeText;
use crate::trust::network::Network;
use crate::trust::roots::{NetworkKind, RetiredIssuers, Root, Viewpoint};
use crate::trust::view::View;
use crate::verdict::authors::{Origin, Overriding, Scale, Trust};
use crate::verdict::chain::Chain;
use crate::verdict::choice::Choice;
use crate::verdict::heard::Present;
use crate::verdict::memory::Memory;
use crate::verdict::needs::{Asked, Need};
use crate::verdict::roots::{Roots, measure};
use crate::verdict::said::Said;
use crate::verdict::{Case, Verdict, judge};
use crate::version_order;
use evidence::{Candidates, Ground, Manifests, Voices, is_manifest_of, is_own_manifest};
use measuring::{Measured, Places};
use others::Others;

/// What is asked: should this machine accept this directory as this package?
#[expect(clippy::exhaustive_structs, reason = "whoever asks must say all of it")]
pub struct Request<'a> {
    /// The package's directory.
    pub dir: &'a Path,
    /// The package that it should be, with its version.
    pub package: Option<&'a Purl>,
    /// The policy, with the user's own on top.
    pub policy: &'a Policy,
    /// How reports call the policy.
    pub source: PolicySource,
    /// The local certificates.
    pub keyring: &'a Keyring,
    /// Further evidence beside the package's own, and who chose it.
    pub stores: &'a [(Store, Origin)],
    /// What was accepted before.
    pub lock: &'a Lock,
    /// When statements were first seen.
    pub seen: &'a dyn FirstSeen,
    /// The alarm that the user leads through.
    pub overriding: Option<&'a Overriding>,
    /// What is refused though the policy lets it through.
    pub refused: &'a [Basis],
    /// What an adapter knows of the directory, where a lockfile led to it.
    pub installed: Option<&'a Installed<'a>>,
    /// What is to be noted beside the package: about the policy, above all.
    pub notes: Vec<Reason>,
    /// When.
    pub times: Times,
    /// How much is read.
    pub limits: &'a Limits,
    /// Who looks on.
    pub watcher: &'a dyn Watcher,
}

/// What an adapter knows of a directory.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "whoever asks must say all of it")]
pub struct Installed<'a> {
    /// The place.
    pub place: &'a Place,
    /// What was unpacked there, going by its archive.
    pub packed: Option<&'a TreeText>,
    /// What was found before the directory is looked at.
    pub reasons: &'a [Reason],
    /// What the directory should be as git names trees, going by the lockfile.
    pub git: Option<GitTree<'a>>,
    /// What the lockfile says of the archive.
    pub subject: Option<&'a Checked>,
    /// Every package of the lockfile: a pin of one of them is no other one's.
    pub locked: &'a BTreeSet<Purl>,
}

/// What came out.
#[derive(Debug)]
#[non_exhaustive]
pub struct Verified {
    /// The verdict on the package.
    pub verdict: Verdict,
    /// The same as a report.
    pub report: Report,
    /// Good signatures by people who count: what first sight is remembered of.
    pub signed: Vec<(Digest, Fingerprint)>,
    /// Who read which file, where the rule asks for reviews.
    pub reading: Option<Reading>,
    /// The review clauses that are not met, where [`verify_and_ask`] was asked.
    pub needs: Vec<Need>,
}

/// Why there is not even a report.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The directory cannot be opened.
    #[error("the directory {} cannot be opened", Shown::path(.path))]
    Directory {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        source: ReadError,
    },
    /// The directory cannot be measured at all.
    #[error(transparent)]
    Survey(#[from] SurveyError),
    /// Stores are sorted by package, and nobody said which one.
    #[error("the directory has no manifest of its own, so nothing says which package it should be")]
    NoPackage,
}

impl VerifyError {
    /// What to do next.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoPackage => Some("name the package with its version: --package pkg:cargo/serde@1.0.229"),
            Self::Directory { .. } | Self::Survey(_) => None,
        }
    }
}

/// Verifies one directory under a policy.
///
/// # Errors
/// The question makes no sense; everything else is in the report.
pub fn verify(request: &Request<'_>) -> Result<Verified, VerifyError> {
    run(request, false)
}

/// Verifies one directory, and finds out what could be read to meet the rule.
///
/// # Errors
/// As [`verify`].
pub fn verify_and_ask(request: &Request<'_>) -> Result<Verified, VerifyError> {
    run(request, true)
}

fn run(request: &Request<'_>, wanted_needs: bool) -> Result<Verified, VerifyError> {
    let network = network(request);
    let shared = Shared::of(network.as_ref(), request.keyring, request.policy);
    let Judged { verdict, package, signed, reading, needs } = judge_package(request, &shared, wanted_needs)?;
    let report = Report::new(request.times.at, request.source.clone(), vec![package], request.notes.clone());
    Ok(Verified { report, signed, verdict, reading, needs })
}

/// What holds for every package: the network of the local keyring, as the policy's roots see it.
struct Shared<'n> {
    view: Option<View<'n, 'n>>,
    /// The same where certifications by those who have retired since count; none where they count anyway.
    lenient: Option<View<'n, 'n>>,
    found: Vec<Reason>,
}

/// The network of the local keyring; none where no roots look at it.
fn network<'a>(request: &Request<'a>) -> Option<Network<'a>> {
    has_trust(request.policy).then(|| Network::new(request.keyring, request.times))
}

impl<'n> Shared<'n> {
    fn of(network: Option<&'n Network<'n>>, keyring: &Keyring, policy: &Policy) -> Self {
        let mut found = Vec::new();
        let counts = policy.trust().retired_issuers;
        let mut look = |retired| view(network?, keyring, policy, retired, &mut found);
        let view = look(if counts { RetiredIssuers::Count } else { RetiredIssuers::LeaveOut });
        let lenient = if counts { None } else { look(RetiredIssuers::Count) };
        Self { view, lenient, found }
    }
}

/// What became of one package.
struct Judged {
    verdict: Verdict,
    package: PackageReport,
    signed: Vec<(Digest, Fingerprint)>,
    reading: Option<Reading>,
    needs: Vec<Need>,
}

fn judge_package<'n>(request: &Request<'_>, shared: &'n Shared<'n>, wanted_needs: bool) -> Result<Judged, VerifyError> {
    gather(request, shared, |gathered, keyring, shared, _| gathered.judge(request, keyring, shared, wanted_needs))
}

/// Gathers what speaks of a package, and acts on it by the network that holds for it, which is the shared one or its own.
fn gather<'n, T>(
    request: &Request<'_>,
    shared: &'n Shared<'n>,
    act: impl for<'g, 's> FnOnce(Gathered<'g>, &Keyring, &'s Shared<'s>, Whose) -> Result<T, VerifyError>,
) -> Result<T, VerifyError> {
    let path = || request.dir.to_path_buf();
    let folder = Folder::open(request.dir).map_err(|source| VerifyError::Directory { path: path(), source })?;
    let own = Own::read(&folder, request.limits);
    let mut found = own.evidence.reasons.clone();
    found.extend(request.installed.into_iter().flat_map(|installed| installed.reasons).cloned());
    let own_manifest = own.evidence.statements.iter().find(|found| is_own_manifest(found));
    let own_package = own_manifest.and_then(|own| own.opening.as_ref()).map(|opening| opening.package.clone());
    if request.package.is_none() && own.manifest().is_none() && !request.stores.is_empty() {
        return Err(VerifyError::NoPackage);
    }
    let wanted = request.package.cloned().or(own_package);
    if request.package.is_none() && own.manifest().is_some() {
        let message = "nobody said which package this should be; the name is the manifest's own";
        found.push(Reason::new(Code::PackageNotAsked, Answer::Note, message).step("name it with --package"));
    }
    let rule = wanted.as_ref().and_then(|wanted| request.policy.rule_for(wanted));
    let mut memory = wanted.as_ref().map(|wanted| Memory::of(request.lock, wanted)).unwrap_or_default();
    if let Some(installed) = request.installed {
        // Of several versions in one lockfile, each meets its own pin first.
        let others = |package: &Purl| wanted.as_ref() != Some(package) && installed.locked.contains(package);
        memory.pins.retain(|pin| !others(&pin.package));
    }
    let voices = voices(request, rule, &memory);
    // 1. Evidence.
    let mut candidates = Candidates::default();
    let mut certificates = own.evidence.certificates.clone();
    own_manifest.into_iter().for_each(|found| candidates.add(found, Origin::Own));
    let mut beside: Vec<_> = own.evidence.statements.iter().map(|found| (found.clone(), Origin::Own)).collect();
    for (store, origin) in request.stores {
        let Some(wanted) = &wanted else { continue };
        let anyone = *origin == Origin::Named && rule.is_some_and(|rule| rule.new_package == NewPackage::FirstUse);
        let mut evidence = store.evidence(wanted, (!anyone).then_some(&voices));
        found.append(&mut evidence.reasons);
        certificates.append(&mut evidence.certificates);
        let manifests = evidence.statements.iter().filter(|found| is_manifest_of(found, wanted));
        manifests.for_each(|found| candidates.add(found, *origin));
        beside.extend(evidence.statements.into_iter().map(|found| (found, *origin)));
    }
    let gathered = Gathered { own: &own, wanted: wanted.as_ref(), rule, memory, voices, candidates, beside, found };
    if certificates.is_empty() {
        return act(gathered, request.keyring, shared, Whose::Shared);
    }
    // Certificates that came with this package are no other package's. Where they say something new of certificates that
    // are trusted, such as a revocation, the package gets a network of its own.
    let certificates = certificates.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
    let keyring = request.keyring.with_evidence(certificates, request.limits);
    if keyring.only_adds_evidence_to(request.keyring) {
        return act(gathered, &keyring, shared, Whose::Shared);
    }
    let network = has_trust(request.policy).then(|| Network::new(&keyring, request.times));
    let shared = Shared::of(network.as_ref(), &keyring, request.policy);
    act(gathered, &keyring, &shared, Whose::Own)
}

/// Whose network it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Shared,
    Own,
}

/// All that speaks of one package, unopened.
struct Gathered<'a> {
    own: &'a Own,
    wanted: Option<&'a Purl>,
    rule: Option<&'a Rule>,
    memory: Memory,
    voices: Voices,
    candidates: Candidates,
    beside: Vec<(FoundStatement, Origin)>,
    found: Vec<Reason>,
}

impl Gathered<'_> {
    /// Opens it and judges.
    fn judge<'n>(
        self,
        request: &Request<'_>,
        keyring: &Keyring,
        shared: &'n Shared<'n>,
        wanted_needs: bool,
    ) -> Result<Judged, VerifyError> {
        let Self { own, wanted, rule, memory, voices, candidates, beside, mut found } = self;
        found.extend(keyring.set_aside().iter().cloned());
        let ground = Ground {
            keyring,
            voices: &voices,
            wanted,
            seen: request.seen,
            times: request.times,
            limits: request.limits,
        };
        let Manifests { releases: opened, others } = candidates.open(&ground, &mut found);
        let mut said = Others::default();
        beside.iter().for_each(|(statement, origin)| said.add(statement, *origin, &ground, &mut found));
        let said = said.open(&ground, &mut found);
        // 2. Trust.
        found.extend(shared.found.iter().cloned());
        let view = shared.view.as_ref();
        let roots = view.map(|view| Roots::new(view, shared.lenient.as_ref(), request.policy.trust()));
        let everything = opened.iter().map(|(opened, _)| opened).chain(&others);
        let mut signers: BTreeSet<_> = everything.flat_map(|opened| opened.signers().cloned()).collect();
        signers.extend(said.signed().map(|(_, signer)| signer.clone()));
        let people = people(request.policy, view, &signers);
        // 3. Who may speak for the package.
        let chain = Chain::new(opened.iter().map(|(opened, _)| opened).chain(&others));
        let scale = |manifest: Option<Digest>| {
            let (package, rule) = (wanted?, rule?);
            Some(Scale {
                package,
                policy: request.policy,
                rule,
                people: &people,
                trust: roots.as_ref().map(|roots| roots as &dyn Trust),
                memory: &memory,
                slot: memory.slot(package, manifest, &chain, &version_order::compare),
                chain: &chain,
                overriding: request.overriding,
            })
        };
        let releases: Vec<_> = opened
            .iter()
            .filter_map(|(opened, origin)| Some(scale(Some(opened.digest()))?.weigh(opened, *origin)))
            .collect();
        // 4. What is there.
        let places = Places { own, stores: request.stores };
        let Measured { compared, tree } = match rule.is_some() || wanted.is_none() {
            true => measuring::measure(&releases, &Choice::new(&releases, &scale), &places, request, &mut found)?,
            false => Measured::default(),
        };
        // 5. The judgement.
        let compared_manifest = compared.and_then(|place| releases.get(place)).map(|release| release.opened.digest());
        let scale = scale(compared_manifest);
        let verdict = judge(Case {
            package: wanted,
            policy: request.policy,
            scale: scale.as_ref(),
            releases: &releases,
            compared,
            tree: tree.as_ref().map(Present::from),
            said: Said { subject: request.installed.and_then(|installed| installed.subject), ..said.said() },
            found,
            refused: request.refused,
            order: &version_order::compare,
            times: request.times,
        });
        let asked = scale.as_ref().zip(tree.as_ref()).map(|(scale, tree)| {
            let (said, times, order) = (said.said(), request.times, &version_order::compare);
            let asked = Asked { scale, said, releases: &releases, tree: tree.digest(), order, times };
            asking::ask(&asked, tree, &places, request.limits, wanted_needs)
        });
        let (reading, needs) = asked.unwrap_or_default();
        let mut package = PackageReport::new(&verdict, needed(rule), request.limits.reasons);
        package.reading = reading.as_ref().map(ReadingReport::new);
        let on_paths = package.paths.iter().flat_map(|path| &path.certificates);
        let named = package.authors.iter().chain(&package.reviewers).chain(&package.checkers).chain(on_paths);
        package.names = names(named, keyring);
        let pinned = verdict.package.as_ref().and_then(|package| request.lock.pin(package));
        package.remembered = pinned.is_some_and(|pin| Some(pin.tree) == verdict.tree);
        let signed = releases.iter().flat_map(|release| {
            release.authors().map(|(signer, _)| (release.opened.digest(), signer.certificate.clone()))
        });
        let beside = said.signed().filter(|(_, signer)| voices.contains(*signer));
        let signed = signed.chain(beside.map(|(statement, signer)| (statement, signer.clone()))).collect();
        Ok(Judged { verdict, package, signed, reading, needs })
    }
}

/// Whose signatures are read however many strangers signed: those whom the rule names, those who are remembered, and
/// where there are roots, everybody in the local keyring.
fn voices(request: &Request<'_>, rule: Option<&Rule>, memory: &Memory) -> Voices {
    let mut voices = memory.former_authors.clone();
    let clauses = rule.map(|rule| rule.require.clauses()).unwrap_or_default();
    let asked = clauses.into_iter().filter_map(|clause| match clause {
        Requirement::Author(clause) => Some(&clause.from),
        Requirement::Review(clause) => Some(&clause.from),
        Requirement::Check(clause) => Some(&clause.from),
        _ => None,
    });
    let noes = rule.into_iter().flat_map(|rule| [&rule.veto_from, &rule.withdraw_from]);
    for named in asked.chain(noes) {
        if let Named::Only(people) = named {
            voices.extend(people.iter().flat_map(|person| request.policy.people().certificates(person)));
        }
    }
    if has_trust(request.policy) {
        voices.extend(request.keyring.certificates().map(|certificate| certificate.fingerprint().clone()));
    }
    voices.extend(request.overriding.map(|overriding| overriding.fingerprint.clone()));
    voices
}

fn has_trust(policy: &Policy) -> bool {
    !policy.roots().is_empty()
}

/// The network as the policy's roots see it.
fn view<'n>(
    network: &'n Network<'n>,
    keyring: &Keyring,
    policy: &Policy,
    retired: RetiredIssuers,
    found: &mut Vec<Reason>,
) -> Option<View<'n, 'n>> {
    match View::new(network, keyring, viewpoint(policy, retired)) {
        Ok(view) => Some(view),
        Err(fault) => {
            let reason = fault.reason();
            if !found.contains(&reason) {
                found.push(reason);
            }
            None
        }
    }
}

/// From where a policy looks at the network.
pub(crate) fn viewpoint(policy: &Policy, retired: RetiredIssuers) -> Viewpoint {
    let root = |root: &crate::policy::Root| Root {
        fingerprint: root.fingerprint.clone(),
        amount: root.amount,
        depth: root.depth,
        grant: root.limit.clone(),
    };
    Viewpoint {
        roots: policy.roots().iter().map(root).collect(),
        distrusted: policy.distrusted().map(|(certificate, _)| certificate.clone()).collect(),
        own: policy.user().cloned(),
        retired,
        kind: NetworkKind::Trust,
    }
}

/// The policy's people, and those signers made one who share an authenticated e-mail address.
fn people(policy: &Policy, view: Option<&View<'_, '_>>, signers: &BTreeSet<Fingerprint>) -> People {
    let mut shared: BTreeMap<String, BTreeSet<Fingerprint>> = BTreeMap::new();
    for signer in signers {
        let known = view.map(|view| view.known_as(signer, measure(policy.trust()))).unwrap_or_default();
        for address in known.iter().filter_map(|user_id| address(user_id)) {
            shared.entry(address).or_default().insert(signer.clone());
        }
    }
    policy.people().clone().with_shared(shared.into_values())
}

/// The e-mail address in a user ID, as it is compared.
fn address(user_id: &str) -> Option<String> {
    let bracketed = user_id.rsplit_once('<').and_then(|(_, rest)| rest.strip_suffix('>'));
    let address = bracketed.unwrap_or(user_id).trim();
    let whole = address.contains('@') && !address.contains(char::is_whitespace);
    whole.then(|| address.to_lowercase())
}

/// How many authors the rule asks for, at least.
fn needed(rule: Option<&Rule>) -> usize {
    let clauses = rule.map(|rule| rule.require.clauses()).unwrap_or_default();
    let counts = clauses.into_iter().filter_map(|clause| match clause {
        Requirement::Author(clause) => Some(clause.count),
        _ => None,
    });
    counts.min().unwrap_or(0)
}

/// How certificates name themselves.
fn names<'a>(people: impl Iterator<Item = &'a String>, keyring: &Keyring) -> BTreeMap<String, String> {
    let name = |author: &String| {
        let certificate = author.parse().ok().and_then(|author| keyring.by_fingerprint(&author))?;
        let user_id = certificate.user_ids().into_iter().next()?.to_owned();
        Some((author.clone(), Shown::new(&user_id).to_string()))
    };
    people.filter_map(name).collect()
}
