//! Writing by paths: whole files, put into place by renaming.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write as _};
use std::sync::atomic::{AtomicU32, Ordering};

use super::super::{LEFTOVER, ReadError, Type, WriteError};
use super::Folder;

impl Folder {
    /// Opens a directory in this one, and makes it where there is none.
    ///
    /// # Errors
    /// It cannot be made, or something else has its name.
    pub fn make_folder(&self, name: impl AsRef<OsStr>) -> Result<Self, WriteError> {
        let name = name.as_ref();
        match fs::create_dir(self.place(name)?) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(WriteError::Failed(error)),
            _ => Ok(self.folder(name)?),
        }
    }

    /// Writes a file whose name is made from its content, unless it is there already. What is there with another
    /// content is damage, and is replaced. Gives whether anything was written.
    ///
    /// # Errors
    /// It cannot be written; then there is no such file, or the one of before.
    pub fn write_once(&self, name: impl AsRef<OsStr>, bytes: &[u8]) -> Result<bool, WriteError> {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let name = name.as_ref();
        match self.read(name, bytes.len() as u64) {
            Ok(present) if present == bytes => return Ok(false),
            Err(ReadError::NotPlain(Type::Folder)) => return Err(WriteError::Occupied),
            _ => {}
        }
        let (temporary, mut file) = loop {
            let count = COUNTER.fetch_add(1, Ordering::Relaxed);
            let path = self.place(format!("{LEFTOVER}{:x}-{count:x}", std::process::id()).as_ref())?;
            match fs::File::create_new(&path) {
                Ok(file) => break (path, file),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(WriteError::Failed(error)),
            }
        };
        let written = file.write_all(bytes).and_then(|()| file.sync_all());
        drop(file);
        let target = self.place(name)?;
        written.and_then(|()| fs::rename(&temporary, target)).map(|()| true).map_err(|error| {
            // The error of writing is the one to tell.
            fs::remove_file(&temporary).ok();
            WriteError::Failed(error)
        })
    }

    /// Puts the directory `name` of this one into the place of `other_name` in `other`. What was there comes back under
    /// `name`; gives whether there was anything. Takes two steps where something was there: a crash between them
    /// leaves the old directory in this one, under `name` and `-old`.
    ///
    /// # Errors
    /// The system's refusal.
    pub fn exchange(&self, name: &OsStr, other: &Self, other_name: &OsStr) -> Result<bool, WriteError> {
        let (from, to) = (self.place(name)?, other.place(other_name)?);
        let mut old = name.to_owned();
        old.push("-old");
        let old = self.place(&old)?;
        let present = match fs::rename(&to, &old) {
            Ok(()) => true,
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(WriteError::Failed(error)),
        };
        fs::rename(&from, &to).map_err(WriteError::Failed)?;
        if present {
            fs::rename(&old, &from).map_err(WriteError::Failed)?;
        }
        Ok(present)
    }

    /// Does nothing: there is no lock on a directory here.
    ///
    /// # Errors
    /// None.
    pub fn lock(&self) -> Result<impl Drop + use<>, WriteError> {
        Ok(Vec::<u8>::new().into_iter())
    }
}
