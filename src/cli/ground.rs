//! What a verdict stands on, gathered from where the user keeps it: policy, keyring, stores, lock and state.
//!
//! Each fault here means that no verdict is possible, and all of them are told at once.

use std::path::{Path, PathBuf};

use super::Context;
use super::args::QuestionArgs;
use crate::digest::Digest;
use crate::keyring::Keyring;
use crate::limits::Limits;
use crate::lock::{Basis, Lock};
use crate::openpgp::open::{FirstSeen, NothingSeen};
use crate::policy::{Policy, Signers, SignersFault};
use crate::reason::{Answer, Code, Reason};
use crate::report::{PolicySource, Report};
use crate::settings::{self, Search, Settings, Subject};
use crate::state::{LockFile, Seen, UserState};
use crate::store::Store;
use crate::time::Times;
use crate::tree::Watcher;
use crate::tree_text::TreeText;
use crate::verdict::authors::{Origin, Overriding};
use crate::verify::Request;

/// All of it.
pub(super) struct Ground {
    policy: Policy,
    /// The policy's file; none for the built-in one.
    pub(super) file: Option<PathBuf>,
    source: PolicySource,
    keyring: Keyring,
    stores: Vec<(Store, Origin)>,
    /// The lock; none for a policy of just some signers, and where the user has no home.
    pub(super) lock: Option<LockFile>,
    /// The user's state; none where the user has no home.
    pub(super) state: Option<UserState>,
    seen: Option<Seen>,
    refused: Vec<Basis>,
    notes: Vec<Reason>,
    times: Times,
    limits: Limits,
}

/// No verdict is possible: the report that says so.
pub(super) struct Refused(pub(super) Box<Report>);

impl Ground {
    /// Gathers it. `base` is the checkout whose settings judge in the place of those here.
    pub(super) fn gather(question: &QuestionArgs, base: Option<&Path>, context: &Context<'_>) -> Result<Self, Refused> {
        Self::gather_for(Subject::Package(question.dir()), question, base, context)
    }

    /// Gathers it for a project, whose own settings hold.
    pub(super) fn of_project(
        question: &QuestionArgs,
        base: Option<&Path>,
        context: &Context<'_>,
    ) -> Result<Self, Refused> {
        Self::gather_for(Subject::Project(question.dir()), question, base, context)
    }

    fn gather_for(
        subject: Subject<'_>,
        question: &QuestionArgs,
        base: Option<&Path>,
        context: &Context<'_>,
    ) -> Result<Self, Refused> {
        let gathered = match question.signer.is_empty() {
            true => Self::of_policy(subject, question, base, context),
            false => Self::of_signers(question, context),
        };
        gathered.map_err(|reasons| {
            let source = if question.signer.is_empty() { "policy" } else { SIGNERS };
            Refused(Box::new(Report::new(context.times(question.at).at, source, Vec::new(), reasons)))
        })
    }

    fn of_signers(question: &QuestionArgs, context: &Context<'_>) -> Result<Self, Vec<Reason>> {
        let mut reasons = Vec::new();
        let keyring = settings::keyrings(&question.keyring, question.dir(), &context.edge.folder, &context.limits);
        let keyring = keyring.map_err(|told| reasons.extend(told)).ok();
        for signer in &question.signer {
            if let Some(primary) = keyring.as_ref().and_then(|keyring| keyring.primary_of(signer)) {
                let fault = SignersFault::Subkey { given: signer.clone(), primary: primary.clone() };
                reasons.push(fault.reason());
            }
        }
        let signers = Signers::new(question.signer.to_vec(), question.signatures);
        let signers = signers.map_err(|fault| reasons.push(fault.reason())).ok();
        let stores = stores(question, &[], context, &mut reasons);
        match (signers, keyring) {
            (Some(signers), Some(keyring)) if reasons.is_empty() => Ok(Self {
                policy: Policy::of_signers(&signers),
                file: None,
                source: SIGNERS.into(),
                keyring,
                stores,
                lock: None,
                state: None,
                seen: None,
                refused: question.refused(),
                notes: Vec::new(),
                times: context.times(question.at),
                limits: context.limits.clone(),
            }),
            _ => Err(reasons),
        }
    }

    fn of_policy(
        subject: Subject<'_>,
        question: &QuestionArgs,
        base: Option<&Path>,
        context: &Context<'_>,
    ) -> Result<Self, Vec<Reason>> {
        let times = context.times(question.at);
        let edge = context.edge;
        let here = Search {
            named: question.policy.as_deref(),
            lock: question.lock.as_deref(),
            subject,
            start: &edge.folder,
            config: edge.config.as_deref(),
            data: edge.data.as_deref(),
            keyrings: &question.keyring,
            limits: &context.limits,
            at: times.now,
        };
        // Nothing there would be a base without a policy, and another one would judge.
        if let Some(base) = base.filter(|base| !edge.folder.join(base).is_dir()) {
            let reason = Reason::new(Code::Unreadable, Answer::CannotTell, "there is no such directory to judge by");
            let path = base.as_os_str().as_encoded_bytes();
            return Err(vec![reason.at(path).step("name a checkout of the merge base with --base")]);
        }
        if let (Subject::Package(package), Some(base)) = (subject, base) {
            settings::outside(base, package, &edge.folder).map_err(|told| vec![told])?;
        }
        let there = match (subject, base) {
            (Subject::Project(_), Some(base)) => Subject::Project(base),
            _ => subject,
        };
        let search = Search { start: base.unwrap_or(&edge.folder), subject: there, ..here };
        let mut settings = settings::find(&search)?;
        let mut reasons = Vec::new();
        let limits = settings.policy.limits(&context.limits);
        let lock = settings
            .lock
            .as_deref()
            .and_then(|path| LockFile::read(path, &limits).map_err(|error| reasons.push(error.reason())).ok());
        let state = edge.state.as_deref().map(|folder| UserState::new(folder, &limits));
        let seen = state.as_ref().and_then(|state| state.read().map_err(|error| reasons.push(error.reason())).ok());
        reasons.extend(seen.as_ref().and_then(|seen| clock(seen, times)));
        let stores = stores(question, &settings.stores, context, &mut reasons);
        if !reasons.is_empty() {
            return Err(reasons);
        }
        if base.is_some() {
            let told = differences(&settings, lock.as_ref(), settings::find(&here), &limits);
            settings.notes.extend(told);
        }
        let source = match settings.file {
            Some(_) => PolicySource::file(settings.source(), settings.policy.digest()),
            None => PolicySource::from(settings.source().as_str()),
        };
        Ok(Self {
            source,
            policy: settings.policy,
            file: settings.file,
            keyring: settings.keyring,
            stores,
            lock,
            state,
            seen,
            refused: question.refused(),
            notes: settings.notes,
            times,
            limits,
        })
    }

    /// A tree text, if one of the stores has it.
    pub(super) fn tree_text(&self, digest: Digest) -> Option<TreeText> {
        let text = self.stores.iter().find_map(|(store, _)| store.tree(digest).ok().flatten())?;
        TreeText::parse(&text, &self.limits).ok()
    }

    /// The question about one directory.
    pub(super) fn request<'a>(
        &'a self,
        question: &'a QuestionArgs,
        overriding: Option<&'a Overriding>,
        watcher: &'a dyn Watcher,
    ) -> Request<'a> {
        Request {
            dir: question.dir(),
            package: question.package.as_ref(),
            policy: &self.policy,
            source: self.source.clone(),
            keyring: &self.keyring,
            stores: &self.stores,
            lock: self.lock.as_ref().map_or(&NO_LOCK, LockFile::lock),
            seen: self.seen.as_ref().map_or(&NothingSeen, |seen| seen as &dyn FirstSeen),
            overriding,
            refused: &self.refused,
            installed: None,
            notes: self.notes.clone(),
            times: self.times,
            limits: &self.limits,
            watcher,
        }
    }
}

/// Opens the stores that the user named, and those of the policy.
fn stores(
    question: &QuestionArgs,
    of_policy: &[PathBuf],
    context: &Context<'_>,
    reasons: &mut Vec<Reason>,
) -> Vec<(Store, Origin)> {
    let named = question.store.iter().map(|path| (path, Origin::Named));
    let shared = of_policy.iter().filter(|path| !question.store.contains(path)).map(|path| (path, Origin::Shared));
    let mut stores = Vec::new();
    for (path, origin) in named.chain(shared) {
        match Store::open(path, &context.limits) {
            Ok(store) => stores.push((store, origin)),
            Err(error) => reasons.push(error.reason()),
        }
    }
    stores
}

/// A clock that was turned back could revive what has expired.
fn clock(seen: &Seen, times: Times) -> Option<Reason> {
    let floor = seen.turned_back(times.now)?;
    let message = format!("this machine's clock says {}, but it has been {floor} here already", times.now);
    let reason = Reason::new(Code::Clock, Answer::CannotTell, message);
    Some(reason.step("set the clock right"))
}

/// How the settings here differ from those of the base, which judge.
fn differences(
    base: &Settings,
    lock: Option<&LockFile>,
    here: Result<Settings, Vec<Reason>>,
    limits: &Limits,
) -> Vec<Reason> {
    let note = |code, message: &str| Reason::new(code, Answer::Note, message);
    let Ok(here) = here else {
        return vec![note(Code::PolicyChanged, "the policy here cannot be used; the base's judged")];
    };
    let mut notes = Vec::new();
    if here.policy.digest() != base.policy.digest() {
        notes.push(note(Code::PolicyChanged, "the policy here is another one than the base's, which judged"));
    }
    let certificates = |settings: &Settings| {
        settings.keyring.certificates().map(|one| one.bytes().to_vec()).collect::<std::collections::BTreeSet<_>>()
    };
    if certificates(&here) != certificates(base) {
        notes.push(note(Code::PolicyChanged, "the keyring here is another one than the base's, which judged"));
    }
    let remembered = here.lock.as_deref().map(|path| LockFile::read(path, limits));
    let same = match (&remembered, lock) {
        (Some(Ok(here)), Some(base)) => here.lock() == base.lock(),
        (None, None) => true,
        _ => false,
    };
    if !same {
        notes.push(note(Code::LockChanged, "the lock here is another one than the base's, which judged"));
    }
    notes
}

/// What is remembered where there is no memory.
static NO_LOCK: std::sync::LazyLock<Lock> = std::sync::LazyLock::new(Lock::default);

/// How reports call the policy of just these signers.
const SIGNERS: &str = "--signer";
