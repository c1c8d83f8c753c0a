//! A keyring that is written to: a folder with one armoured file for each fingerprint, `<FPR>.asc`.
//!
//! Certificates are merged, never overwritten, so a revocation that once came in stays. A stranger's certification stays
//! too, since the stranger's certificate may come in tomorrow; only where there are too many of them to be read do all
//! of the new ones by strangers go. What the owner signed wins over whatever others attached. Nothing that is brought in
//! is trusted by that: trust begins at roots, and this file names none.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::files::{Files, merge};
use super::{KeyringError, reason};
use crate::beneath::{Folder, ReadError, WriteError};
use crate::fingerprint::Fingerprint;
use crate::limits::Limits;
use crate::openpgp::KeyId;
use crate::openpgp::certificate::{Certificate, CertificateError};
use crate::openpgp::news::News;
use crate::openpgp::split::{Others, RawCertificate};
use crate::reason::{Answer, Code, Reason};
use crate::shown::Shown;
use crate::time::Timestamp;

/// Where certificates come from.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "on disk, or from another program")]
pub enum Source {
    /// Files and folders, as [`super::Keyring::read`] reads them.
    Paths(Vec<PathBuf>),
    /// What another program wrote, and its name for messages.
    Given(&'static str, Vec<u8>),
}

/// A folder of certificates that is written to.
#[derive(Debug)]
pub struct LocalKeyring {
    path: PathBuf,
}

impl LocalKeyring {
    /// The keyring at a path. Where there is none yet, the first certificate makes it: an empty one would stop every
    /// verdict that reads it.
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    fn open_or_make(&self) -> Result<Folder, ImportError> {
        let opened = match Folder::open(&self.path) {
            Err(ReadError::Missing) => {
                std::fs::create_dir_all(&self.path).map_err(|source| self.unwritten("", WriteError::Failed(source)))?;
                Folder::open(&self.path)
            }
            opened => opened,
        };
        opened.map_err(|source| ImportError::Open { path: self.path.clone(), source })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Merges certificates into this keyring, and says what is new in it.
    ///
    /// `keep_local` keeps certifications that are marked as not for others, which only the user's own keyring may hold.
    /// `now` is written down as the day of the last import. Others who import wait meanwhile.
    ///
    /// # Errors
    /// A source or the keyring itself is damaged, and nothing was written; or the system's refusal, and each certificate
    /// is there as it was before or as it is now.
    pub fn import(
        &self,
        source: &Source,
        keep_local: bool,
        now: Timestamp,
        limits: &Limits,
    ) -> Result<Import, ImportError> {
        let files = match source {
            Source::Paths(paths) => Files::read(paths, limits)?,
            Source::Given(name, bytes) => Files::given(Path::new(name), bytes.clone()),
        };
        let pieces = files.pieces()?;
        let incoming = pieces.certificates()?;
        if incoming.certificates.is_empty() && matches!(Folder::open(&self.path), Err(ReadError::Missing)) {
            return Ok(Import { set_aside: [files.notes(), &incoming.set_aside].concat(), ..Import::default() });
        }
        let folder = self.open_or_make()?;
        let lock = folder.lock().map_err(|source| self.unwritten("", source))?;
        let own_files = Files::read_folder(&self.path, limits)?;
        let own_pieces = own_files.pieces()?;
        let known = own_pieces.certificates()?.certificates;
        let issuers: HashSet<_> =
            known.values().chain(incoming.certificates.values()).map(RawCertificate::id).collect();
        let mut import = Import { set_aside: [files.notes(), &incoming.set_aside].concat(), ..Import::default() };
        let mut texts = BTreeMap::new();
        for (fingerprint, mut copy) in incoming.certificates {
            if !keep_local {
                copy.drop_local();
            }
            match Addition::new(known.get(&fingerprint), copy, &issuers, limits) {
                Ok(addition) => {
                    import.set_aside.extend(addition.left_out(&fingerprint));
                    if addition.news.is_empty() {
                        import.unchanged += 1;
                    } else {
                        texts.insert(fingerprint, addition.certificate.armored());
                        import.changes.push(addition.into());
                    }
                }
                Err(error) => import.set_aside.push(reason(&error)),
            }
        }
        for (fingerprint, text) in texts {
            let name = format!("{fingerprint}.asc");
            folder.write_once(&name, text.as_bytes()).map_err(|source| self.unwritten(&name, source))?;
        }
        let stamp = format!("{now}\n");
        folder.write_once(STAMP, stamp.as_bytes()).map_err(|source| self.unwritten(STAMP, source))?;
        drop(lock);
        Ok(import)
    }

    fn unwritten(&self, name: &str, source: WriteError) -> ImportError {
        ImportError::Write { path: self.path.join(name), source }
    }
}

/// What came of an import.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Import {
    /// The certificates that are new or have something new, in the order of their fingerprints.
    pub changes: Vec<Change>,
    /// How many certificates had nothing new.
    pub unchanged: usize,
    /// What was not taken in, each with its reason.
    pub set_aside: Vec<Reason>,
}

/// A certificate that is new, or has something new.
#[derive(Debug)]
#[non_exhaustive]
pub struct Change {
    /// What is in the keyring now.
    pub certificate: Certificate,
    /// Whether the keyring had no such certificate.
    pub is_new: bool,
    /// What came in.
    pub news: News,
}

/// Certificates as they may be given to others: without what is marked as not for them, with everything else.
///
/// Those that are not there are left out.
///
/// # Errors
/// A keyring that cannot be used, as for [`super::Keyring::read`].
pub fn for_others(
    paths: &[PathBuf],
    fingerprints: &[Fingerprint],
    limits: &Limits,
) -> Result<Vec<Certificate>, KeyringError> {
    let files = Files::read(paths, limits)?;
    let pieces = files.pieces()?;
    let mut certificates = pieces.certificates()?.certificates;
    let issuers = certificates.values().map(RawCertificate::id).collect();
    let found = fingerprints.iter().filter_map(|wanted| {
        let mut raw = certificates.remove(wanted)?;
        raw.drop_local();
        raw.clone().keep(Others::All, limits).or_else(|_| raw.minimise(&issuers, limits)).ok()
    });
    Ok(found.collect())
}

/// One certificate with what its owner and these issuers say of it, also what is not for others.
///
/// # Errors
/// A keyring that cannot be used, as for [`super::Keyring::read`].
pub fn with_word_of(
    paths: &[PathBuf],
    fingerprint: &Fingerprint,
    issuers: &HashSet<KeyId>,
    limits: &Limits,
) -> Result<Option<Certificate>, KeyringError> {
    let files = Files::read(paths, limits)?;
    let pieces = files.pieces()?;
    let raw = pieces.certificates()?.certificates.remove(fingerprint);
    Ok(raw.and_then(|raw| raw.minimise(issuers, limits).ok()))
}

/// When something was last imported into a keyring folder; none for a file, and for a folder that nobody imported into.
///
/// # Errors
/// The folder is there and cannot be read.
pub fn imported(path: &Path) -> Result<Option<Timestamp>, KeyringError> {
    let Ok(folder) = Folder::open(path) else { return Ok(None) };
    match folder.read(STAMP, STAMP_SIZE) {
        Ok(bytes) => Ok(str::from_utf8(&bytes).ok().and_then(|text| text.trim().parse().ok())),
        Err(ReadError::Missing) => Ok(None),
        Err(error) => Err(KeyringError::Unreadable { path: path.join(STAMP), source: io::Error::other(error) }),
    }
}

/// The note on a keyring into which nothing was imported for 90 days; none for a fresh one, and for a file.
///
/// # Errors
/// As [`imported`].
pub fn old(path: &Path, now: Timestamp) -> Result<Option<Reason>, KeyringError> {
    let stale = imported(path)?.filter(|last| last.plus(FRESH) < now);
    Ok(stale.map(|last| {
        let message = format!("the last import was on {last}; revocations since then may be missing");
        Reason::new(Code::KeyringOld, Answer::Note, message)
            .at(super::shown_bytes(path))
            .step("import the certificates again: countersign keyring import")
    }))
}

/// The name of the file with the day of the last import.
const STAMP: &str = "imported";
/// More than a date has.
const STAMP_SIZE: u64 = 64;
/// For how long a keyring is fresh.
const FRESH: std::time::Duration = std::time::Duration::from_secs(90 * 24 * 60 * 60);

/// Why nothing could be brought in.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ImportError {
    /// A keyring that cannot be used.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The keyring's folder cannot be opened.
    #[error("the keyring {} cannot be opened", Shown::path(.path))]
    Open {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: ReadError,
    },
    /// It cannot be written to.
    #[error("{} cannot be written", Shown::path(.path))]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: WriteError,
    },
}

/// A copy of a certificate, merged with what is known.
struct Addition {
    certificate: Certificate,
    is_new: bool,
    news: News,
    /// What was left out to stay within the limits.
    cut: Option<&'static str>,
}

impl Addition {
    /// Merges as much as the limits allow: the first of these that fits. What was known gives way last.
    fn new(
        known: Option<&RawCertificate<'_>>,
        copy: RawCertificate<'_>,
        issuers: &HashSet<KeyId>,
        limits: &Limits,
    ) -> Result<Self, CertificateError> {
        let before = known.map(|known| known.clone().keep(Others::All, limits)).transpose().ok().flatten();
        let whole = joined(known, copy.clone(), Others::All, limits);
        let (certificate, cut) = match whole {
            Ok(certificate) => (certificate, None),
            Err(CertificateError::Limit { .. }) => within_limits(known, copy, issuers, limits)?,
            Err(error) => return Err(error),
        };
        let news = News::between(before.as_ref(), &certificate);
        Ok(Self { certificate, is_new: known.is_none(), news, cut })
    }

    fn left_out(&self, fingerprint: &Fingerprint) -> Option<Reason> {
        self.cut.map(|what| {
            let message = format!("the certificate {fingerprint} is flooded with more than we keep; {what}");
            Reason::new(Code::LimitCertificate, Answer::Note, message)
        })
    }
}

impl From<Addition> for Change {
    fn from(addition: Addition) -> Self {
        let Addition { certificate, is_new, news, .. } = addition;
        Self { certificate, is_new, news }
    }
}

fn joined(
    known: Option<&RawCertificate<'_>>,
    copy: RawCertificate<'_>,
    others: Others<'_>,
    limits: &Limits,
) -> Result<Certificate, CertificateError> {
    let mut together = BTreeMap::new();
    known.cloned().into_iter().for_each(|known| merge(&mut together, known));
    merge(&mut together, copy);
    together.into_values().next().ok_or(CertificateError::None)?.keep(others, limits)
}

/// What is left of a flood: step by step less of what others attached, and in the end only what the owner signed.
fn within_limits(
    known: Option<&RawCertificate<'_>>,
    copy: RawCertificate<'_>,
    issuers: &HashSet<KeyId>,
    limits: &Limits,
) -> Result<(Certificate, Option<&'static str>), CertificateError> {
    let asked = copy.clone().minimise(issuers, limits);
    let owners = owners_word(&copy, limits);
    for (copy, what) in [(asked, STRANGERS), (owners, EVERYBODY)] {
        let Ok(copy) = copy else { continue };
        for others in [Others::All, Others::By(issuers)] {
            let together = copy.raw().and_then(|copy| joined(known, copy, others, limits));
            if let Ok(certificate) = together {
                return Ok((certificate, Some(what)));
            }
        }
    }
    let copy = owners_word(&copy, limits)?;
    let known = known.map(|known| owners_word(known, limits)).transpose()?;
    let known = known.as_ref().map(Certificate::raw).transpose()?;
    Ok((joined(known.as_ref(), copy.raw()?, Others::All, limits)?, Some(EVERYBODY)))
}

/// What the owner really signed, checked.
fn owners_word(copy: &RawCertificate<'_>, limits: &Limits) -> Result<Certificate, CertificateError> {
    // Anybody can attach what only says that it is the owner's; so much of that is looked at, and no more.
    let wide = Limits { certificate: limits.certificate.saturating_mul(OWN_FLOOD), ..limits.clone() };
    let mut own = copy.clone();
    own.drop_unsigned();
    own.minimise(&HashSet::new(), &wide)?.minimised(limits)
}

/// How many times the size of a certificate is searched for what its owner signed.
const OWN_FLOOD: u64 = 4;
const STRANGERS: &str = "the certifications by certificates that are not in the keyring were left out; import those \
                         certificates first, and then this one again";
const EVERYBODY: &str = "only what its owner signed was taken in";

#[cfg(all(test, unix))]
mod tests;
