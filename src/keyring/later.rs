//! A keyring whose files were read into memory, and whose certificates are taken apart when somebody first asks.

use std::path::PathBuf;
use std::sync::OnceLock;

use super::{Files, Keyring, KeyringError};
use crate::digest::Digest;
use crate::limits::Limits;

/// The files of a keyring, and the keyring as soon as it is needed.
pub struct LaterKeyring {
    files: Files,
    limits: Limits,
    keyring: OnceLock<Keyring>,
}

impl LaterKeyring {
    /// Reads the files as [`Keyring::read`] does, and looks into none of them.
    ///
    /// # Errors
    /// A file or folder that cannot be read, or is too large; a folder without any keyring.
    pub fn read(paths: &[PathBuf], limits: &Limits) -> Result<Self, KeyringError> {
        let files = Files::read(paths, limits)?;
        Ok(Self { files, limits: limits.clone(), keyring: OnceLock::new() })
    }

    /// A digest of all that the keyring depends on.
    pub fn digest(&self) -> Digest {
        self.files.digest()
    }

    /// Takes the certificates apart now, if nobody did.
    ///
    /// # Errors
    /// The first file that is not a whole keyring of public certificates.
    pub fn open(&self) -> Result<&Keyring, KeyringError> {
        if self.keyring.get().is_none() {
            let keyring = Keyring::of_files(&self.files, &self.limits)?;
            return Ok(self.keyring.get_or_init(|| keyring));
        }
        Ok(self.keyring())
    }

    /// The keyring, for whoever knows that an earlier run took these very files apart. If that was a lie, there is
    /// nothing in it.
    pub fn keyring(&self) -> &Keyring {
        self.keyring.get_or_init(|| Keyring::of_files(&self.files, &self.limits).unwrap_or_default())
    }
}

impl std::fmt::Debug for LaterKeyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LaterKeyring")
    }
}
