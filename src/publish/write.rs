//! Signing a plan and writing it down, in that order.

use std::path::Path;

use crate::digest::Digest;
use crate::openpgp::certificate::Certificate;
use crate::openpgp::sign::accept;
use crate::programs::Programs;
use crate::store::{Store, layout};
use crate::time::{Times, Timestamp};

use super::{Place, Plan, PublishError};

/// What was signed and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Published {
    /// The digest of the manifest.
    pub manifest: Digest,
    /// The folder that was written to. Not escaped.
    pub place: std::path::PathBuf,
}

impl Plan<'_> {
    /// Has gpg sign the manifest, checks the signature as the verifier would, and writes everything.
    ///
    /// `clock` is asked once gpg is done: whoever reads what changed, or looks for a card, takes their time.
    /// `step` is called before each step that changes the disk; tests stop there.
    ///
    /// # Errors
    /// There is no good signature, and nothing was written; or it cannot be written, and the old files are still there.
    pub fn publish(
        &self,
        programs: &Programs,
        clock: &dyn Fn() -> Timestamp,
        step: &dyn Fn(&str),
    ) -> Result<Published, PublishError> {
        let manifest = self.manifest.text().as_bytes();
        let signature = programs.sign(self.signer.argument(), manifest)?;
        let now = clock();
        let times = Times { at: now, now };
        accept(manifest, &signature, self.signer.certificate(), &times, self.limits)?;
        let place = match self.place {
            Place::Store(path) => {
                self.write_store(&Store::open_or_make(path, self.limits)?, &signature)?;
                path.to_path_buf()
            }
            Place::Own(folder) => {
                self.write_own(folder, &signature, step)?;
                folder.join(layout::OWN)
            }
        };
        Ok(Published { manifest: self.manifest.digest(), place })
    }

    fn write_store(&self, store: &Store, signature: &[u8]) -> Result<(), PublishError> {
        let manifest = self.manifest.text().as_bytes();
        let certificate = self.signer.certificate().minimised(self.limits)?;
        store.add_certificate(certificate.fingerprint(), certificate.armored().as_bytes())?;
        store.add_tree(self.release.text().to_string().as_bytes())?;
        store.add_statement(self.manifest.package(), manifest)?;
        store.add_signature(Digest::of(manifest), self.signer.fingerprint(), signature)?;
        Ok(())
    }

    fn write_own(&self, folder: &Path, signature: &[u8], step: &dyn Fn(&str)) -> Result<(), PublishError> {
        let tree = self.release.text().to_string();
        let mut files = self.release.own().with_manifest(self.manifest.text().as_bytes(), tree.as_bytes());
        files.insert(layout::own_signature(self.signer.fingerprint()), signature.to_vec());
        let place = layout::own_certificate(self.signer.fingerprint());
        let certificate = self.merged_certificate(files.get(&place))?;
        files.insert(place, certificate.armored().into_bytes());
        let (bytes, limit) = (files.size(), self.limits.evidence_folder);
        if bytes > limit {
            return Err(PublishError::TooLarge { bytes, limit });
        }
        files.replace(folder, self.release.own(), self.limits, step)?;
        Ok(())
    }

    /// The certificate that is there already may hold a revocation that gpg does not know: nothing is lost.
    fn merged_certificate(&self, present: Option<&[u8]>) -> Result<Certificate, PublishError> {
        let certificate = self.signer.certificate();
        let present = present.and_then(|bytes| Certificate::parse(bytes, self.limits).ok());
        let merged = present.map(|present| certificate.merged(&present, &Default::default(), self.limits));
        let merged = merged.transpose()?.unwrap_or_else(|| certificate.clone());
        Ok(merged.minimised(self.limits)?)
    }
}
