//! Adding to a store: what is referred to before what refers to it, and the signature last, so that nothing is ever
//! seen half.

use super::{Store, StoreError, layout};
use crate::beneath::WriteError;
use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::package::Purl;

impl Store {
    /// Adds a tree text. Gives whether it was new.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn add_tree(&self, text: &[u8]) -> Result<bool, StoreError> {
        self.put(&layout::tree(Digest::of(text)), text)
    }

    /// Adds a certificate under its fingerprint.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn add_certificate(&self, fingerprint: &Fingerprint, file: &[u8]) -> Result<bool, StoreError> {
        let [folder, name] = layout::certificates(fingerprint);
        self.put(&[folder, name, layout::certificate_name(file)], file)
    }

    /// Adds a statement about a package.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn add_statement(&self, package: &Purl, bytes: &[u8]) -> Result<bool, StoreError> {
        let digest = Digest::of(bytes);
        let new = self.put(&layout::statement(digest), bytes)?;
        let [folder, identity] = layout::package(package);
        let listed = self.put(&[folder, identity, digest.hex()], package.identity().to_string().as_bytes())?;
        Ok(new || listed)
    }

    /// Adds a signature over a statement.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn add_signature(&self, statement: Digest, signer: &Fingerprint, file: &[u8]) -> Result<bool, StoreError> {
        let [folder, of] = layout::signatures(statement);
        self.put(&[folder, of, layout::signature_name(signer, file)], file)
    }

    fn put(&self, path: &[String], bytes: &[u8]) -> Result<bool, StoreError> {
        let refused = |source: WriteError| StoreError::Write { path: self.path.join(path.join("/")), source };
        let (name, folders) = path.split_last().expect("every path of the layout has a name");
        let mut holder: Option<crate::beneath::Folder> = None;
        for folder in folders {
            let inner = holder.as_ref().unwrap_or(&self.root).make_folder(folder).map_err(refused)?;
            holder = Some(inner);
        }
        holder.as_ref().unwrap_or(&self.root).write_once(name, bytes).map_err(refused)
    }
}
