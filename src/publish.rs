//! Signing a release: measure, find what came before, have gpg sign, check what it made, and only then write.
//!
//! The plan is made first and shown to the author; nothing is written before the signature is there and good.

pub mod base;
mod earlier;
pub mod key;
pub mod say;
mod write;

use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::beneath::{Folder, ReadError, WriteError};
use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::limits::Limits;
use crate::openpgp::certificate::CertificateError;
use crate::openpgp::fault::SignatureFault;
use crate::package::Purl;
use crate::programs::{ProgramError, Programs};
use crate::reason::Reason;
use crate::shown::Shown;
use crate::statement::manifest::{Draft, Source};
use crate::statement::{Manifest, StatementFault};
use crate::store::package::Own;
use crate::store::{Store, StoreError};
use crate::time::{Times, Timestamp};
use crate::tree::{MeasuredTree, SurveyError, SurveyRequest, Watcher, survey};
use crate::tree_text::{Changes, TreeText};
pub use earlier::Earlier;
use key::Deed;
pub use key::Signer;
pub use write::Published;

/// What an author asks for.
#[expect(clippy::exhaustive_structs, reason = "whoever asks must say all of it")]
pub struct SignRequest<'a> {
    /// The package's directory, exactly as users will receive it.
    pub dir: &'a Path,
    /// The package with its version.
    pub package: &'a Purl,
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
    /// Who looks on.
    pub watcher: &'a dyn Watcher,
}

/// What came of looking: a plan, or reasons why this tree is not signed.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "a release can be signed or it cannot")]
pub enum Preparation {
    /// Ready to be shown and signed.
    Ready(Box<Plan>),
    /// This signer has signed this very release already; there is nothing to do.
    AlreadySigned(Signed),
    /// The tree is one that the verifier would refuse, too.
    Refused(Vec<Reason>),
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
pub struct Plan {
    signer: Signer,
    manifest: Manifest,
    tree: MeasuredTree,
    last: Option<(String, Option<TreeText>)>,
    joins: bool,
    first_signature: bool,
    own: Own,
    dir: PathBuf,
    store: Option<PathBuf>,
    limits: Limits,
}

impl Plan {
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
        Some((version, text.as_ref().map(|text| self.tree.text().changes_since(text))))
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
        self.tree.notes()
    }
}

/// Measures the tree, finds the key and the earlier releases, and drafts the manifest. Writes nothing.
///
/// # Errors
/// The key cannot be used, or the release does not fit to what came before.
pub fn prepare(request: &SignRequest<'_>) -> Result<Preparation, PublishError> {
    let folder = Folder::open(request.dir)
        .map_err(|source| PublishError::Directory { path: request.dir.to_path_buf(), source })?;
    let own = Own::read(&folder, request.limits);
    let survey = survey(&SurveyRequest {
        dir: request.dir,
        worktree: false,
        portable: true,
        exclude: None,
        additions: &[],
        dropped: &[],
        expected: None,
        limits: request.limits,
        watcher: request.watcher,
    })?;
    let mut reasons = own.evidence.reasons.clone();
    reasons.extend(survey.reasons().iter().cloned());
    let Some(tree) = survey.into_parts().0.filter(|_| own.evidence.reasons.is_empty()) else {
        return Ok(Preparation::Refused(reasons));
    };
    let times = Times { at: request.now, now: request.now };
    let signer = key::find(request.programs, request.key, Deed::Sign, times, request.limits)?;
    let history = earlier::find(request, &own, &signer, times)?;
    let mut authors = request.authors.to_vec();
    authors.push(signer.fingerprint().clone());
    authors.sort();
    authors.dedup();
    let joined = history.same_version(request.package, &tree, &authors)?;
    if let Some(release) = joined.filter(|release| release.is_signed_by(signer.fingerprint())) {
        return Ok(Preparation::AlreadySigned(release.signed(signer.fingerprint())));
    }
    if let (Some(release), Some(_)) = (joined, &request.source) {
        release.check_source(request)?;
    }
    let before = history.before(request)?;
    let joins = joined.is_some();
    let draft = Draft {
        package: request.package.clone(),
        released: request.now,
        authors,
        previous: before.digests,
        tree: tree.digest(),
        files: tree.files(),
        bytes: tree.bytes(),
        source: request.source.clone(),
    };
    let manifest = joined.map_or_else(|| Manifest::new(draft), |release| Ok(release.manifest().clone()))?;
    Ok(Preparation::Ready(Box::new(Plan {
        first_signature: !history.has_signed(signer.fingerprint()),
        signer,
        manifest,
        tree,
        last: before.last,
        joins,
        own,
        dir: request.dir.to_path_buf(),
        store: request.stores.first().cloned(),
        limits: request.limits.clone(),
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
            Self::Store(error) => return error.hint(),
            Self::NoKey(None) => "make one with `gpg --quick-gen-key 'NAME <E-MAIL>'`, or insert the card that has it",
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
                "say --first if there is none; else name where it is with --store DIR or --previous MANIFEST"
            }
            Self::NotFirst { .. } => "leave out --first",
            Self::TooLarge { .. } | Self::Write(_) => "evidence can be kept outside of the package with --store DIR",
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
