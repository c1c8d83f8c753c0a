//! Which single keys would suffice to get a bad release of a package accepted: gathers and opens what there is as `verify`
//! does, and asks `suppose`. Nothing is measured, for the release that is asked about is not there.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::evidence::{Ground, Manifests};
use super::project::{not_looked_at, of_place};
use super::{Gathered, Installed, Request, Shared, VerifyError, Whose, gather, network, people};
use crate::ecosystem::{Kind, Locked, Place, Project};
use crate::fingerprint::Fingerprint;
use crate::keyring::Keyring;
use crate::package::Purl;
use crate::reason::{Answer, Code, Reason};
use crate::verdict::chain::Chain;
use crate::verdict::roots::Roots;
use crate::verdict::suppose::{Alone, Doors, Question};
use crate::version_order;

/// A package, and whose word alone would do for it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Suspected {
    /// The package with its version, where that is known.
    pub package: Option<Purl>,
    /// Whose; or why it cannot be told.
    pub alone: Result<Alone, Vec<Reason>>,
}

/// Asks about one directory.
///
/// # Errors
/// The question makes no sense.
pub fn alone(request: &Request<'_>) -> Result<Suspected, VerifyError> {
    let network = network(request);
    let shared = Shared::of(network.as_ref(), request.keyring, request.policy);
    let doors = doors(&shared, request);
    suspected(request, &shared, doors.as_ref())
}

/// Asks about each package of a project that is not the user's own.
pub fn alone_in_project(project: &dyn Project, request: &Request<'_>) -> Vec<Suspected> {
    let network = network(request);
    let shared = Shared::of(network.as_ref(), request.keyring, request.policy);
    let doors = doors(&shared, request);
    let all: BTreeSet<_> = project.locked().iter().map(|locked| locked.package.clone()).collect();
    let rows: Vec<_> = project.locked().iter().filter(|locked| is_foreign(locked)).collect();
    let ask = |locked: &&Locked| {
        let found = project.locate(locked);
        let copies: Vec<_> =
            found.places.iter().map(|place| of_copy(place, locked, &all, request, &shared, doors.as_ref())).collect();
        request.watcher.verified();
        let alone = copies.into_iter().reduce(worse).unwrap_or(Err(found.reasons));
        Suspected { package: Some(locked.package.clone()), alone }
    };
    rows.par_iter().map(ask).collect()
}

/// Whether somebody else wrote it.
fn is_foreign(locked: &Locked) -> bool {
    matches!(locked.kind, Kind::Registry | Kind::Git | Kind::Folder)
}

/// Whoever would do for one copy would do.
fn worse(one: Result<Alone, Vec<Reason>>, other: Result<Alone, Vec<Reason>>) -> Result<Alone, Vec<Reason>> {
    match (one?, other?) {
        (Alone::Keys(one), Alone::Keys(other)) => Ok(Alone::Keys(one.into_iter().chain(other).collect())),
        _ => Ok(Alone::Anybody),
    }
}

fn doors<'s>(shared: &'s Shared<'s>, request: &Request<'_>) -> Option<Doors<'s>> {
    // Why a refusal is one is not asked here.
    shared.view.as_ref().map(|view| Doors::new(Roots::new(view, None, request.policy.trust())))
}

fn of_copy<'n>(
    place: &Place,
    locked: &Locked,
    all: &BTreeSet<Purl>,
    request: &Request<'_>,
    shared: &'n Shared<'n>,
    common: Option<&Doors<'_>>,
) -> Result<Alone, Vec<Reason>> {
    let installed = Installed { place, packed: None, reasons: &[], subject: None, git: None, locked: all };
    match suspected(&of_place(&installed, locked, request), shared, common) {
        Ok(suspected) => suspected.alone,
        Err(error) => Err(vec![not_looked_at(place, &error)]),
    }
}

fn suspected<'n>(
    request: &Request<'_>,
    shared: &'n Shared<'n>,
    common: Option<&Doors<'_>>,
) -> Result<Suspected, VerifyError> {
    gather(request, shared, |gathered, keyring, shared, whose| {
        let own = if whose == Whose::Own { doors(shared, request) } else { None };
        let package = gathered.wanted.cloned();
        let doors = own.as_ref();
        let alone = match whose {
            Whose::Own => gathered.alone(request, keyring, shared, doors),
            Whose::Shared => gathered.alone(request, keyring, shared, common),
        };
        Ok(Suspected { package, alone })
    })
}

impl Gathered<'_> {
    fn alone<'n>(
        self,
        request: &Request<'_>,
        keyring: &Keyring,
        shared: &'n Shared<'n>,
        doors: Option<&Doors<'_>>,
    ) -> Result<Alone, Vec<Reason>> {
        let Self { wanted, rule, memory, voices, candidates, .. } = self;
        let no_package = || Reason::new(Code::NoManifest, Answer::CannotTell, "nothing says which package this is");
        let package = wanted.ok_or_else(|| vec![no_package().step("name it with --package")])?;
        let no_rule = || Reason::new(Code::NoRule, Answer::Note, "no rule matches it, so every release is refused");
        let rule = rule.ok_or_else(|| vec![no_rule()])?;
        let (voices, limits) = (&voices, request.limits);
        let ground = Ground { keyring, voices, wanted, seen: request.seen, times: request.times, limits };
        let Manifests { releases, others } = candidates.open(&ground, &mut Vec::new());
        let chain = Chain::new(releases.iter().map(|(opened, _)| opened).chain(&others));
        let signers = chain.manifests().flat_map(|heard| heard.signers().cloned()).collect();
        // Whoever is in no keyring can be brought in, and stands as they are made.
        let stands = |key: &Fingerprint| {
            keyring.by_fingerprint(key).is_none_or(|known| known.standing(&request.times).code().is_none())
        };
        let question = Question {
            package,
            policy: request.policy,
            rule,
            people: &people(request.policy, shared.view.as_ref(), &signers),
            doors,
            stands: &stands,
            memory: &memory,
            chain: &chain,
            refused: request.refused,
            order: &version_order::compare,
            times: request.times,
        };
        Ok(question.alone())
    }
}
