//! Signing a release: measure, find what came before, have gpg sign, check what it made, and only then write.
//!
//! The plan is made first and shown to the author; nothing is written before the signature is there and good.

pub mod base;
mod earlier;
pub mod key;
pub mod release;
pub mod say;
mod write;

use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::beneath::{ReadError, WriteError};
use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::git::GitError;
use crate::limits::Limits;
use crate::openpgp::certificate::CertificateError;
use crate::openpgp::fault::SignatureFault;
use crate::package::Purl;
use crate::programs::{ProgramError, Programs};
use crate::reason::Reason;
use crate::shown::Shown;
use crate::statement::manifest::{Draft, Source};
use crate::statement::{Manifest, StatementFault};
use crate::store::{Store, StoreError};
use crate::time::{Times, Timestamp};
use crate::tree::SurveyError;
use crate::tree_text::{Changes, TreeText};
pub use earlier::Earlier;
use key::Deed;
pub use key::Signer;
pub use release::{Form, Measured, Release};
pub use write::Published;

/// What an author asks for.
#[expect(clippy::exhaustive_structs, reason = "whoever asks must say all of it")]
pub struct SignRequest<'a> {
    /// What is signed.
    pub release: &'a Release,
    /// The key, as gpg understands it.
    pub key: Option<&'a str>,
    /// Co-authors.
    pub authors: &'a [Fingerprint],
    /// Stores: the first is written to, and the package left as it is; all are searched.
    pub stores: &'a [PathBuf],
    /// Manifests that this release follows.
    pub previous: &'a [PathBuf],
    /// There is no earlier release.
    pub first: bool,
    /// Where the code comes from.
    pub source: Option<Source>,
    /// Now.
    pub now: Timestamp,
    /// How much is read.
    pub limits: &'a Limits,
    /// gpg and git.
    pub programs: &'a Programs,
}

impl SignRequest<'_> {
    /// The package with its version.
    fn package(&self) -> &Purl {
        self.release.package()
    }
}

/// What came of looking at what was released before.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "a release is still to be signed or it was signed before")]
pub enum Preparation<'a> {
    /// Ready to be shown and signed.
    Ready(Box<Plan<'a>>),
    /// This signer has signed this very release already; there is nothing to do.
    AlreadySigned(Signed),
}

/// A release that the signer has signed before.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Signed {
    /// The package with its version.
    pub package: Purl,
    /// The signer.
    pub signer: Fingerprint,
    /// The digest of the manifest.
    pub manifest: Digest,
    /// The digest of the tree.
    pub tree: Digest,
    /// Where the manifest lies. Escaped.
    pub place: String,
}

/// What will be signed.
#[derive(Debug)]
pub struct Plan<'a> {
    release: &'a Release,
    signer: Signer,
    manifest: Manifest,
    last: Option<(String, Option<TreeText>)>,
    new_authors: Vec<Fingerprint>,
    joins: bool,
    first_signature: bool,
    place: Place<'a>,
    limits: &'a Limits,
}

/// Where the evidence goes.
#[derive(Debug)]
enum Place<'a> {
    /// Into the package's own folder.
    Own(&'a Path),
    /// Into a store.
    Store(&'a Path),
}

impl Plan<'_> {
    /// The manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Who signs.
    pub fn signer(&self) -> &Signer {
        &self.signer
    }

    /// The version of the last release, and what changed since; nothing where its tree text is not there.
    pub fn since(&self) -> Option<(&str, Option<Changes<'_>>)> {
        let (version, text) = self.last.as_ref()?;
        Some((version, text.as_ref().map(|text| self.release.text().changes_since(text))))
    }

    /// Authors other than the signer whom the last release does not name. Once they have signed it too, they may release alone.
    pub fn new_authors(&self) -> &[Fingerprint] {
        &self.new_authors
    }

    /// Whether a co-author's manifest is signed as it is.
    pub fn joins(&self) -> bool {
        self.joins
    }

    /// Whether no earlier signature of this signer was found.
    pub fn is_first_signature(&self) -> bool {
        self.first_signature
    }

    /// What was noticed about the tree.
    pub fn notes(&self) -> &[Reason] {
        self.release.notes()
    }
}

/// Finds the key and the earlier releases, and drafts the manifest. Writes nothing.
///
/// # Errors
/// The key cannot be used, or the release does not fit to what came before.
pub fn prepare<'a>(request: &SignRequest<'a>) -> Result<Preparation<'a>, PublishError> {
    let (release, stores) = (request.release, request.stores);
    let place = stores.first().map(|store| Place::Store(store)).or_else(|| release.folder().map(Place::Own));
    let place = place.ok_or(PublishError::Nowhere)?;
    let times = Times { at: request.now, now: request.now };
    let signer = key::find(request.programs, request.key, Deed::Sign, times, request.limits)?;
    let history = earlier::find(request, &signer, times)?;
    let mut authors = request.authors.to_vec();
    authors.push(signer.fingerprint().clone());
    authors.sort();
    authors.dedup();
    let joined = history.same_version(release, &authors)?;
    if let Some(earlier) = joined.filter(|earlier| earlier.is_signed_by(signer.fingerprint())) {
        return Ok(Preparation::AlreadySigned(earlier.signed(signer.fingerprint())));
    }
    if let (Some(earlier), Some(_)) = (joined, &request.source) {
        earlier.check_source(request)?;
    }
    let before = history.before(request, signer.fingerprint())?;
    let joins = joined.is_some();
    let is_new = |author: &&Fingerprint| {
        before.last.is_some() && !before.authors.contains(author) && *author != signer.fingerprint()
    };
    let new_authors = authors.iter().filter(is_new).cloned().collect();
    let draft = Draft {
        package: release.package().clone(),
        released: request.now,
        authors,
        previous: before.digests,
        tree: release.digest(),
        files: release.text().files(),
        bytes: release.text().bytes(),
        source: request.source.clone(),
    };
    let manifest = joined.map_or_else(|| Manifest::new(draft), |earlier| Ok(earlier.manifest().clone()))?;
    Ok(Preparation::Ready(Box::new(Plan {
        release,
        first_signature: !history.has_signed(signer.fingerprint()),
        signer,
        manifest,
        last: before.last,
        new_authors,
        joins,
        place,
        limits: request.limits,
    })))
}

/// Why a release was not signed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The directory cannot be opened.
    #[error("the directory {} cannot be opened", Shown::path(.path))]
    Directory {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        source: ReadError,
    },
    /// Nothing says which package it is.
    #[error("nothing says which package this is")]
    Unnamed,
    /// A repository.
    #[error(transparent)]
    Git(#[from] GitError),
    /// An archive and a commit have no room for evidence.
    #[error("what is signed stays as it is, so the evidence goes into a store, and none was named")]
    Nowhere,
    /// The directory cannot be measured.
    #[error(transparent)]
    Survey(#[from] SurveyError),
    /// gpg or git.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// No key at all.
    #[error("gpg has no secret key that can sign{}", key::shown(.0))]
    NoKey(Option<String>),
    /// Several keys, and nothing that says which.
    #[error("gpg has several keys{}: {}", key::shown(.wanted), .found.join(", "))]
    Ambiguous {
        /// What was asked for.
        wanted: Option<String>,
        /// Fingerprints with user IDs.
        found: Vec<String>,
    },
    /// The key's certificate is not fit to sign with.
    #[error("{fingerprint} cannot sign: {why}")]
    Unfit {
        /// Whose it is.
        fingerprint: Fingerprint,
        /// What is wrong.
        why: String,
        /// What to do.
        hint: &'static str,
    },
    /// gpg's export of the certificate cannot be read.
    #[error("the certificate that gpg exported cannot be used")]
    Certificate(#[from] CertificateError),
    /// The verifier would refuse what gpg made.
    #[error("gpg made a signature that no verifier would count [{}]; nothing was written", .0.code())]
    Signature(#[from] SignatureFault),
    /// A manifest cannot be read, or cannot say this.
    #[error("{}the manifest is refused [{}]", place(.path), .source.code())]
    Manifest {
        /// The file; none for the new one.
        path: Option<PathBuf>,
        /// Why.
        source: StatementFault,
    },
    /// A file that was named cannot be read.
    #[error("{} cannot be read", Shown::path(.path))]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A manifest of another package.
    #[error("{place} is about {found}, not {wanted}")]
    OtherPackage {
        /// Where it lies.
        place: String,
        /// Its package.
        found: Box<Purl>,
        /// The package to be signed.
        wanted: Box<Purl>,
    },
    /// This version was signed before with another tree.
    #[error("{version} was signed before with another tree ({place})")]
    SameVersion {
        /// The version.
        version: String,
        /// Where the manifest lies.
        place: String,
    },
    /// This version was signed before by other authors.
    #[error(
        "{version} was signed before for the authors {} ({place})", .authors.join(", ")
    )]
    OtherAuthors {
        /// The version.
        version: String,
        /// Where the manifest lies.
        place: String,
        /// Whom it names.
        authors: Vec<String>,
    },
    /// This version was signed before with another source.
    #[error("{version} was signed before, and its manifest names another source ({place})")]
    OtherSource {
        /// The version.
        version: String,
        /// Where the manifest lies.
        place: String,
    },
    /// Nothing says what this release follows.
    #[error("no earlier release of {0} by this signer was found")]
    NoPrevious(Purl),
    /// There is an earlier release, after all.
    #[error("--first was given, but {place} is an earlier release ({version})")]
    NotFirst {
        /// Where it lies.
        place: String,
        /// Its version.
        version: String,
    },
    /// A store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The package's `.countersign/` cannot be written.
    #[error("`.countersign/` cannot be written; the old files are still there")]
    Write(#[from] WriteError),
    /// Too much for the package's own folder.
    #[error("the evidence has {bytes} bytes, and `.countersign/` may hold {limit}")]
    TooLarge {
        /// What it would hold.
        bytes: u64,
        /// What it may hold.
        limit: u64,
    },
}

impl PublishError {
    /// What to do next.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Program(error) => return error.hint(),
            Self::Git(error) => return error.hint(),
            Self::Unnamed => "name it with its version: --package pkg:cargo/serde@1.0.229",
            Self::Nowhere => {
                "name one with --store DIR, which is made where there is none; or once for all: `countersign init` writes it down"
            }
            Self::Store(error) => return error.hint(),
            Self::NoKey(None) => {
                "make one: `gpg --quick-generate-key \"Your Name <you@example.org>\"`, or insert the card that has yours"
            }
            Self::NoKey(Some(_)) => {
                "`gpg --list-secret-keys` shows what gpg has; name a key with --key FINGERPRINT, or insert the card that has it"
            }
            Self::Unfit { hint, .. } => hint,
            Self::Ambiguous { .. } => "choose one with --key FINGERPRINT",
            Self::Signature(_) => {
                "see what gpg.conf adds to signatures (sig-notation, local-user, cert-digest-algo and the like)"
            }
            Self::OtherPackage { .. } => "was the folder copied, or the name mistyped? Nothing was written",
            Self::SameVersion { .. } => "raise the version: a release never changes once it is signed",
            Self::OtherAuthors { .. } => "name the same authors with --author, or raise the version",
            Self::OtherSource { .. } => {
                "a co-author signs the very same bytes: leave out --repository and --commit, or raise the version"
            }
            Self::NoPrevious(_) => {
                "if this is the first release of all, say so: the same command with --first; else name where the last one is with \
                 --store DIR or --previous MANIFEST"
            }
            Self::NotFirst { .. } => "leave out --first: what went before is found by itself",
            Self::TooLarge { .. } | Self::Write(_) => "evidence can be kept outside of the package with --store DIR",
            Self::Manifest { path: Some(_), .. } => "restore it, or name another one with --previous MANIFEST",
            _ => return None,
        })
    }
}

impl From<StatementFault> for PublishError {
    fn from(source: StatementFault) -> Self {
        Self::Manifest { path: None, source }
    }
}

fn place(path: &Option<PathBuf>) -> String {
    let shown = |path: &PathBuf| format!("{}: ", Shown::path(path));
    path.as_ref().map(shown).unwrap_or_default()
}

/// Opens every store; one that is to be written to need not be there yet.
fn open_stores(request: &SignRequest<'_>) -> Result<Vec<Store>, StoreError> {
    let mut stores = Vec::new();
    for (place, path) in request.stores.iter().enumerate() {
        match Store::open(path, request.limits) {
            Ok(store) => stores.push(store),
            Err(StoreError::NoStore(_) | StoreError::Open { source: ReadError::Missing, .. }) if place == 0 => {}
            Err(error) => return Err(error),
        }
    }
    Ok(stores)
}
