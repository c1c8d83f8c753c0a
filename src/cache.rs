//! What public-key operations showed of a keyring, kept between runs: facts for any time and any roots, never decisions.
//!
//! A file of the cache belongs to exactly these certificates, this version and this cryptography, and to the user alone:
//! whoever can write it could replace the keyring as well. Whatever is wrong with a file, everything is checked again and
//! the file is replaced. That it cannot be written is no fault.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::digest::Digest;
use crate::keyring::Keyring;
use crate::limits::Limits;
use crate::openpgp::backend;
use crate::openpgp::proven::{PROVEN_BYTES, Proven};
use crate::own_file::{self, OwnFileError};
use crate::reason::{Answer, Code, Reason};
use crate::shown::Shown;

/// The place of one keyring's facts.
#[derive(Debug, Clone)]
pub struct Cache {
    file: PathBuf,
    key: Digest,
    limit: u64,
}

impl Cache {
    /// The place in a folder, which need not be there yet, for the facts about this keyring.
    pub fn new(folder: &Path, keyring: &Keyring, limits: &Limits) -> Self {
        let mut of = format!("{FORMAT}{}\n{}\n", env!("CARGO_PKG_VERSION"), backend()).into_bytes();
        for certificate in keyring.certificates() {
            of.extend((certificate.bytes().len() as u64).to_be_bytes());
            of.extend(certificate.bytes());
        }
        let key = Digest::of(&of);
        Self { file: folder.join(format!("{}{ENDING}", key.hex())), key, limit: limits.cache }
    }

    /// The facts; none where there is no file.
    ///
    /// # Errors
    /// A note about a file that is not the user's own, is too large, or is not as it was written.
    pub fn read(&self) -> Result<Vec<Proven>, Reason> {
        match fs::symlink_metadata(&self.file) {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(Vec::new());
            }
            Ok(facts) if facts.is_file() => {}
            _ => return Err(self.invalid("it is no plain file")),
        }
        match own_file::read(&self.file, self.limit) {
            Ok(bytes) => parse(&bytes, &self.key).ok_or_else(|| self.invalid("it was damaged or changed")),
            Err(OwnFileError::Missing(_)) => Ok(Vec::new()),
            Err(OwnFileError::Unreadable { .. }) => Err(self.invalid("it cannot be read")),
            Err(OwnFileError::TooLarge { .. }) => Err(self.invalid("it is too large")),
            Err(_) => Err(self.invalid("others can write it")),
        }
    }

    /// Puts facts in the place of those that were read, and removes the oldest files where there are too many.
    ///
    /// # Errors
    /// The system refuses, or it would be too large. The old file is as it was.
    pub fn write(&self, proven: &[Proven]) -> io::Result<()> {
        let bytes = print(proven, &self.key);
        let folder = self.file.parent().unwrap_or_else(|| Path::new("."));
        if bytes.len() as u64 > self.limit {
            return Err(io::Error::other("too large for the cache"));
        }
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
        own_file::check_path(folder).map_err(io::Error::other)?;
        // A temporary file is its maker's alone, and stays so under its new name.
        let mut new = tempfile::Builder::new().prefix(NEW).tempfile_in(folder)?;
        new.write_all(&bytes)?;
        new.persist(&self.file).map_err(|refused| refused.error)?;
        make_room(folder)
    }

    fn invalid(&self, why: &str) -> Reason {
        let path = self.file.as_os_str().as_encoded_bytes();
        let message = format!("{} is not used: {why}; everything was checked anew", Shown::new(path));
        Reason::new(Code::CacheInvalid, Answer::Note, message)
    }
}

/// The format, the key, the facts in order, and the digest of all that.
fn print(proven: &[Proven], key: &Digest) -> Vec<u8> {
    let mut bytes = [FORMAT, &key.hex(), "\n"].concat().into_bytes();
    bytes.extend(proven.iter().flatten());
    let end = Digest::of(&bytes).hex();
    bytes.extend(end.into_bytes());
    bytes
}

/// The facts in bytes that are just as [`print`] makes them.
fn parse(bytes: &[u8], key: &Digest) -> Option<Vec<Proven>> {
    let (whole, end) = bytes.split_at_checked(bytes.len().checked_sub(HEX)?)?;
    if Digest::of(whole).hex().as_bytes() != end {
        return None;
    }
    let facts = whole.strip_prefix(FORMAT.as_bytes())?.strip_prefix(key.hex().as_bytes())?.strip_prefix(b"\n")?;
    let (facts, []) = facts.as_chunks::<PROVEN_BYTES>() else { return None };
    facts.is_sorted_by(|one, next| one < next).then(|| facts.to_vec())
}

/// Removes the oldest files until there are no more than [`FILES`].
fn make_room(folder: &Path) -> io::Result<()> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(|name| name.ends_with(ENDING)) {
            files.push((entry.metadata()?.modified()?, entry.path()));
        }
    }
    files.sort_unstable();
    let surplus = files.len().saturating_sub(FILES);
    files.iter().take(surplus).try_for_each(|(_, path)| fs::remove_file(path))
}

const FORMAT: &str = "countersign cache 1\n";
const ENDING: &str = ".proven";
const NEW: &str = ".countersign-new-";
/// How many keyrings are remembered.
const FILES: usize = 16;
/// The length of a digest in hex.
const HEX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_what_was_written_is_read() {
        let (key, other) = (Digest::of(b"key"), Digest::of(b"other"));
        let facts = vec![[1; PROVEN_BYTES], [2; PROVEN_BYTES]];
        let bytes = print(&facts, &key);
        assert_eq!(parse(&bytes, &key), Some(facts.clone()));
        assert_eq!(parse(&bytes, &other), None);
        assert_eq!(parse(&print(&[facts[1], facts[0]], &key), &key), None, "not in order");
        assert_eq!(parse(&print(&[facts[0], facts[0]], &key), &key), None, "twice");
        assert!((0..bytes.len()).all(|end| parse(&bytes[..end], &key).is_none()));
        for place in 0..bytes.len() {
            for bit in 0..8 {
                let mut flipped = bytes.clone();
                flipped[place] ^= 1 << bit;
                assert_eq!(parse(&flipped, &key), None, "byte {place}, bit {bit}");
            }
        }
        assert_eq!(parse(&[&bytes[..], b"\n"].concat(), &key), None);
    }

    #[test]
    fn the_oldest_files_make_room() {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = dir.path().join("cache");
        let files = || fs::read_dir(&folder).expect("a folder").count();
        for number in 0..FILES + 3 {
            let key = Digest::of(&[number as u8]);
            let cache = Cache { file: folder.join(format!("{}{ENDING}", key.hex())), key, limit: 1000 };
            cache.write(&[[7; PROVEN_BYTES]]).expect("written");
            assert_eq!(cache.read().expect("whole"), [[7; PROVEN_BYTES]]);
            assert!(cache.write(&[[7; PROVEN_BYTES]; 40]).is_err(), "too large");
        }
        assert_eq!(files(), FILES);
    }
}
