//! Everything that names a certificate or was made by it: in memory, in stores, in the keyring and in the policy.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::Serialize;
use thiserror::Error;

use crate::beneath::Folder;
use crate::fingerprint::Fingerprint;
use crate::grant::{Amount, Depth, Role};
use crate::keyring::Keyring;
use crate::lock::{Basis, Pin};
use crate::openpgp::open::{OpenedStatement, SignedStatement};
use crate::package::Purl;
use crate::policy::{Naming, Policy};
use crate::reason::{Code, Reason};
use crate::shown::Shown;
use crate::statement::{Check, Kind, Manifest, Review, Statement, Withdrawal};
use crate::store::FoundStatement;
use crate::store::package::Own;
use crate::trust::authorisation::spoken::Spoken;
use crate::trust::network::Network;
use crate::trust::roots::RetiredIssuers;
use crate::trust::view::View;
use crate::verdict::roots::measure;
use crate::verify::{Request, viewpoint};

/// All of it. Foreign text in it is escaped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
#[non_exhaustive]
pub struct Touched {
    /// Whether the certificate is at hand: in a keyring, or with evidence.
    pub known: bool,
    /// The names that it gives itself. They prove nothing.
    pub names: Vec<String>,
    /// What is remembered that names it.
    pub memory: Vec<Remembered>,
    /// Statements that say they were signed by it.
    pub statements: Vec<Signed>,
    /// What it says of others in the keyring.
    pub certifications: Vec<Certified>,
    /// Whom the roots know, and would not know without it.
    pub introduced: Vec<Introduced>,
    /// Where the policy names it.
    pub policy: Vec<Naming>,
}

impl Touched {
    /// Whether nothing here knows of the certificate: then the digits may be mistyped.
    pub fn is_nothing(&self) -> bool {
        !self.known && self.memory.is_empty() && self.statements.is_empty() && self.policy.is_empty()
    }
}

/// An entry of the lock.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct Remembered {
    /// The package with its version.
    pub package: String,
    /// `pin`, `history`, or `override` for an alarm that it was let through.
    pub entry: &'static str,
    /// Whether nobody else is named there.
    pub alone: bool,
    /// On what the acceptance rested; none for an override.
    pub basis: Option<Basis>,
    /// The alarm, of an override.
    pub code: Option<Code>,
    /// When it was accepted.
    pub accepted: String,
}

/// A statement.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct Signed {
    /// The package; of manifests and checks with its version.
    pub package: String,
    /// What kind of statement, where it can be read.
    pub kind: Option<&'static str>,
    /// The digest of the statement.
    pub statement: String,
    /// Whether the signature is good and counts now. Elsewhere the file's name alone says who signed.
    pub good: bool,
    /// Where it lies. Escaped.
    pub places: Vec<String>,
}

/// What it says of one user ID of somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Certified {
    /// Whose certificate.
    pub certificate: String,
    /// The user ID. Escaped.
    pub user_id: String,
    /// What is passed on; none where nothing counts.
    pub amount: Option<Amount>,
    /// How far.
    pub depth: Option<Depth>,
    /// The roles that are granted.
    pub roles: BTreeSet<Role>,
    /// For which packages.
    pub scopes: Vec<String>,
    /// Whether trust from the policy's roots goes along it.
    pub leads: bool,
    /// Why nothing counts, where nothing does.
    pub unusable: Option<String>,
}

/// Somebody who is known through it alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct Introduced {
    /// The certificate.
    pub certificate: String,
    /// The user IDs that the roots would not know any more. Escaped.
    pub user_ids: Vec<String>,
}

/// The fingerprint is a subkey's.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{subkey} is a subkey; name its primary key, {primary} [{}]", Code::PolicyKeyId)]
#[non_exhaustive]
pub struct Subkey {
    /// The subkey.
    pub subkey: Fingerprint,
    /// The primary key of the certificate that it comes with.
    pub primary: Fingerprint,
}

impl Subkey {
    /// What to do next.
    pub fn hint(&self) -> Option<&'static str> {
        Some("a subkey that is lost or stolen is replaced by its owner; what counts is the certificate as a whole")
    }
}

/// Finds what a certificate touched. `dirs`: packages that may have evidence of their own. What could not be read in the
/// stores goes to `reasons`.
///
/// # Errors
/// The fingerprint is a subkey's.
pub fn touched(
    certificate: &Fingerprint,
    request: &Request<'_>,
    dirs: &[PathBuf],
    reasons: &mut Vec<Reason>,
) -> Result<Touched, Subkey> {
    let found = found(certificate, request, dirs, reasons);
    let certificates = found.certificates.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
    let keyring = request.keyring.with_evidence(certificates, request.limits);
    if let Some(primary) = keyring.primary_of(certificate).or_else(|| found.subkeys.get(certificate)) {
        return Err(Subkey { subkey: certificate.clone(), primary: primary.clone() });
    }
    let local = keyring.by_fingerprint(certificate);
    let user_ids = local.map(|local| local.user_ids()).unwrap_or_default();
    let (certifications, introduced) = certified(certificate, request);
    Ok(Touched {
        known: local.is_some(),
        names: user_ids.into_iter().map(|text| Shown::new(text).to_string()).collect(),
        memory: remembered(certificate, request),
        statements: signed(certificate, &found.statements, &keyring, request),
        certifications,
        introduced,
        policy: request.policy.naming(certificate),
    })
}

/// Evidence that names a certificate, from all places.
#[derive(Default)]
struct Found {
    statements: Vec<(String, FoundStatement)>,
    certificates: Vec<(String, Vec<u8>)>,
    subkeys: BTreeMap<Fingerprint, Fingerprint>,
}

fn found(certificate: &Fingerprint, request: &Request<'_>, dirs: &[PathBuf], reasons: &mut Vec<Reason>) -> Found {
    let mut found = Found::default();
    let named = BTreeSet::from([certificate.clone()]);
    for (store, _) in request.stores {
        let place = Shown::path(store.path()).to_string();
        match store.survey(None) {
            Ok(survey) => {
                let by_it = survey.statements.iter().filter(|entry| entry.signers.contains(certificate));
                let packages = by_it.filter_map(|entry| Some(entry.opening.as_ref()?.package.identity()));
                for package in packages.collect::<BTreeSet<Purl>>() {
                    let evidence = store.evidence(&package, Some(&named));
                    found.statements.extend(evidence.statements.into_iter().map(|one| (place.clone(), one)));
                    found.certificates.extend(evidence.certificates);
                }
                found.subkeys.extend(survey.subkeys);
            }
            Err(error) => reasons.push(error.reason()),
        }
    }
    for dir in dirs {
        // Whoever verifies it tells why it cannot be opened.
        let Ok(folder) = Folder::open(dir) else { continue };
        let own = Own::read(&folder, request.limits).evidence;
        let place = Shown::path(dir).to_string();
        found.statements.extend(own.statements.into_iter().map(|one| (place.clone(), one)));
        found.certificates.extend(own.certificates);
    }
    found
}

/// Entries of the lock, in the order of packages.
fn remembered(certificate: &Fingerprint, request: &Request<'_>) -> Vec<Remembered> {
    let names = |pin: &&Pin| pin.authors.contains(certificate);
    let of_pin = |pin: &Pin, entry| Remembered {
        package: pin.package.to_string(),
        entry,
        alone: pin.authors.len() == 1,
        basis: Some(pin.basis),
        code: None,
        accepted: pin.accepted.to_string(),
    };
    let lock = request.lock;
    let mut all: Vec<_> = lock.pins().filter(names).map(|pin| of_pin(pin, "pin")).collect();
    all.extend(lock.past().map(|past| &past.pin).filter(names).map(|pin| of_pin(pin, "history")));
    let passed = lock.passed().filter(|passed| passed.fingerprint == *certificate);
    all.extend(passed.map(|passed| Remembered {
        package: passed.package.to_string(),
        entry: "override",
        alone: true,
        basis: None,
        code: Some(passed.code),
        accepted: passed.accepted.to_string(),
    }));
    all.sort();
    all
}

/// Statements with a signature file that is named by it; each once, with all of its places.
fn signed(
    certificate: &Fingerprint,
    found: &[(String, FoundStatement)],
    keyring: &Keyring,
    request: &Request<'_>,
) -> Vec<Signed> {
    let mut all: BTreeMap<_, Signed> = BTreeMap::new();
    for (place, found) in found {
        if !found.signatures.iter().any(|signature| signature.signer == *certificate) {
            continue;
        }
        let opening = found.opening.as_ref();
        let package = opening.map(|opening| &opening.package).or(found.about.as_ref());
        let signed = all.entry(found.digest).or_insert_with(|| Signed {
            package: package.map(ToString::to_string).unwrap_or_default(),
            kind: opening.map(|opening| opening.kind.as_str()),
            statement: found.digest.to_string(),
            good: false,
            places: Vec::new(),
        });
        signed.good |= is_good(certificate, found, keyring, request);
        if !signed.places.contains(place) {
            signed.places.push(place.clone());
        }
    }
    let mut all: Vec<_> = all.into_values().collect();
    all.sort();
    all
}

/// Whether a certificate has a good signature on a statement that counts now.
fn is_good(certificate: &Fingerprint, found: &FoundStatement, keyring: &Keyring, request: &Request<'_>) -> bool {
    fn by<S: Statement>(
        certificate: &Fingerprint,
        found: &FoundStatement,
        keyring: &Keyring,
        request: &Request<'_>,
    ) -> bool {
        let mut signed = SignedStatement::new(found.bytes.clone());
        let own = found.signatures.iter().filter(|signature| signature.signer == *certificate);
        own.for_each(|signature| signed.add_signature(signature.name.clone(), signature.bytes.clone()));
        let opened = signed.open::<S>(|file| keyring.candidates(file), request.seen, request.times, request.limits);
        opened.is_ok_and(|opened: OpenedStatement<S>| opened.signers().any(|signer| signer == certificate))
    }
    let by = match found.opening.as_ref().map(|opening| opening.kind) {
        Some(Kind::Manifest) => by::<Manifest>,
        Some(Kind::Review) => by::<Review>,
        Some(Kind::Check) => by::<Check>,
        Some(Kind::Withdrawal) => by::<Withdrawal>,
        _ => return false,
    };
    by(certificate, found, keyring, request)
}

/// What it says of others, and who is known through it alone.
fn certified(certificate: &Fingerprint, request: &Request<'_>) -> (Vec<Certified>, Vec<Introduced>) {
    let network = Network::new(request.keyring, request.times);
    let view = |policy: &Policy| {
        let retired = match policy.trust().retired_issuers {
            true => RetiredIssuers::Count,
            false => RetiredIssuers::LeaveOut,
        };
        View::new(&network, request.keyring, viewpoint(policy, retired))
    };
    let without = request.policy.clone().distrusting(certificate);
    // What is wrong with the roots themselves is told by every verdict.
    let (Ok(with), Ok(without)) = (view(request.policy), view(&without)) else { return Default::default() };
    let measure = measure(request.policy.trust());
    let said = with.spoken_by(certificate, measure.max_depth).into_iter().map(Certified::new).collect();
    let lost = |one: &Fingerprint| {
        let known = with.known_as(one, measure);
        let still: BTreeSet<_> =
            if known.is_empty() { Vec::new() } else { without.known_as(one, measure) }.into_iter().collect();
        let lost: Vec<_> = known.into_iter().filter(|text| !still.contains(text)).collect();
        let user_ids: Vec<_> = lost.iter().map(|text| Shown::new(text).to_string()).collect();
        (!user_ids.is_empty()).then(|| Introduced { certificate: one.to_string(), user_ids })
    };
    let behind = with.behind(certificate);
    let introduced = behind.iter().filter(|one| *one != certificate).filter_map(lost).collect();
    (said, introduced)
}

impl Certified {
    fn new(spoken: Spoken) -> Self {
        let counts = spoken.certifications.first();
        let grant = counts.map(|one| one.grant());
        Self {
            certificate: spoken.certificate.to_string(),
            user_id: Shown::new(&spoken.user_id).to_string(),
            amount: counts.map(|one| one.amount()),
            depth: counts.map(|one| one.depth()),
            roles: grant.map(|grant| grant.roles.clone()).unwrap_or_default(),
            scopes: grant.map(|grant| grant.scopes.iter().map(ToString::to_string).collect()).unwrap_or_default(),
            leads: spoken.leads,
            unusable: spoken.unusable.into_iter().next().filter(|_| counts.is_none()),
        }
    }
}
