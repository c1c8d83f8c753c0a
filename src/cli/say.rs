//! What `review`, `check record` and `withdraw` share: where they write, who signs, and the answer.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Instant;

use serde_json::{Value, json};
use thiserror::Error;

use super::args::{Format, SayArgs};
use super::{Context, tell_json};
use crate::limits::Limits;
use crate::package::Purl;
use crate::programs::Programs;
use crate::publish::Published;
use crate::publish::key::{self, Deed};
use crate::publish::say::{SayRequest, say};
use crate::publish::{PublishError, Signer};
use crate::shown::Shown;
use crate::statement::StatementFault;
use crate::statement::VersionTree;
use crate::store::{Store, StoreError};
use crate::time::{Times, Timestamp};
use crate::tree_text::TreeText;

/// Somebody about to say something.
pub(super) struct Speaker<'a> {
    started: Instant,
    programs: Programs,
    stores: Vec<PathBuf>,
    context: &'a Context<'a>,
    pub(super) signer: Signer,
}

impl<'a> Speaker<'a> {
    /// Finds the store and the key, before anybody spends time on reading.
    pub(super) fn new(arguments: &SayArgs, context: &'a Context<'a>) -> anyhow::Result<Self> {
        let programs = Programs::new(&context.edge.path, context.edge.terminal.clone());
        let stores = stores(&arguments.store, context)?;
        stores.first().map_or(Ok(()), |store| Store::may_be(store, &context.limits))?;
        let times = Times { at: context.now, now: context.now };
        let signer = key::find(&programs, arguments.key.as_deref(), Deed::Sign, times, &context.limits)?;
        Ok(Self { started: Instant::now(), programs, stores, context, signer })
    }

    /// Now: whoever reads takes their time.
    pub(super) fn now(&self) -> Timestamp {
        self.context.now.plus(self.started.elapsed())
    }

    /// How much is read.
    pub(super) fn limits(&self) -> &Limits {
        &self.context.limits
    }

    /// The stores that are there.
    pub(super) fn open_stores(&self) -> anyhow::Result<Vec<Store>> {
        let mut open = Vec::new();
        for path in &self.stores {
            match Store::open(path, &self.context.limits) {
                Ok(store) => open.push(store),
                Err(StoreError::NoStore(_) | StoreError::Open { .. }) if open.is_empty() && self.stores[0] == *path => {
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(open)
    }

    /// Has it signed, and written into the first store.
    pub(super) fn say(&self, text: &str, trees: &[&TreeText]) -> Result<Published, PublishError> {
        say(&SayRequest {
            text,
            trees,
            signer: &self.signer,
            store: &self.stores[0],
            programs: &self.programs,
            clock: &|| self.now(),
            limits: &self.context.limits,
        })
    }
}

/// Where is written, and what is searched: the named stores, else the policy's. Never none.
pub(super) fn stores(named: &[PathBuf], context: &Context<'_>) -> Result<Vec<PathBuf>, SayUse> {
    if !named.is_empty() {
        return Ok(named.to_vec());
    }
    let found = context.settings(None, &[], context.now);
    let stores = found.map(|settings| settings.stores).unwrap_or_default();
    if stores.is_empty() { Err(SayUse::NoStore) } else { Ok(stores) }
}

/// Why nothing can be said.
#[derive(Debug, Error)]
pub(super) enum SayUse {
    #[error("nothing says where to write")]
    NoStore,
    #[error("it cannot be said [{}]", .0.code())]
    Statement(#[source] StatementFault),
    #[error("`{0}` is no version to compare with")]
    From(String),
}

impl SayUse {
    /// What to do next.
    pub(super) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoStore => Some("name a store with --store DIR, or in the policy: stores = [\"evidence\"]"),
            Self::Statement(_) => {
                Some("what is typed goes into the statement as it is: see --note and the other options")
            }
            Self::From(_) => Some("write VERSION=DIR, or a VERSION whose tree text a store has"),
        }
    }
}

/// What was said, for the answer.
pub(super) struct Said<'a> {
    /// The kind of statement.
    pub(super) kind: &'static str,
    /// In a few words, behind the signer.
    pub(super) what: String,
    /// The package as the statement names it.
    pub(super) package: &'a Purl,
    /// The tree.
    pub(super) to: VersionTree,
    /// What it was compared with.
    pub(super) from: Option<VersionTree>,
    /// The statement's own words, for programs.
    pub(super) words: Value,
}

pub(super) fn answer(
    said: &Said<'_>,
    published: &Published,
    speaker: &Speaker<'_>,
    format: Format,
    out: &mut dyn Write,
) -> io::Result<()> {
    let place = Shown::path(&published.place).to_string();
    let (kind, signer) = (said.kind, speaker.signer.fingerprint());
    let tree =
        |one: &VersionTree| json!({ "version": Shown::new(&one.version).to_string(), "tree": one.tree.to_string() });
    match format {
        Format::Text => {
            let (identity, version) = (said.package.identity(), Shown::new(&said.to.version));
            writeln!(out, "signed a {kind} of {identity} {version} as {signer}: {}", said.what)?;
            writeln!(out, "  statement {}", published.manifest)?;
            writeln!(out, "  tree      {}", said.to.tree)?;
            if let Some(from) = &said.from {
                writeln!(out, "  since     {} ({})", from.tree, Shown::new(&from.version))?;
            }
            writeln!(out, "  written   {place}")
        }
        Format::Json => tell_json(
            &json!({
                "countersign": "said/1",
                "kind": kind,
                "package": said.package.to_string(),
                "signer": signer.as_str(),
                "statement": published.manifest.to_string(),
                "from": said.from.as_ref().map(tree),
                "to": tree(&said.to),
                "says": said.words,
                "place": place,
            }),
            out,
        ),
    }
}
