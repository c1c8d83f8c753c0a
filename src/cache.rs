//! Compiled networks, kept between runs: facts for any time and any roots, never decisions.
//!
//! A file of the cache belongs to exactly these keyrings, this version, this cryptography and what algorithms are thought of
//! today, and to the user alone: whoever can write it could replace the keyring as well. Whatever is wrong with a file,
//! everything is checked anew and the file is replaced. That it cannot be written is no fault.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::digest::Digest;
use crate::limits::Limits;
use crate::openpgp::{backend, policy_era};
use crate::own_file::{self, OwnFileError};
use crate::reason::{Answer, Code, Reason};
use crate::shown::Shown;
use crate::time::Times;
use crate::trust::Compiled;

/// The place of one compiled network.
#[derive(Debug, Clone)]
pub struct Cache {
    file: PathBuf,
    key: Digest,
    limit: u64,
}

impl Cache {
    /// The place in a folder, which need not be there yet, for what is known of the keyrings with this digest.
    pub fn new(folder: &Path, keyrings: &Digest, times: &Times, limits: &Limits) -> Self {
        let (version, era) = (env!("CARGO_PKG_VERSION"), policy_era(times.now));
        // Limits decide what of a keyring is read.
        let of = format!("{FORMAT}{version}\n{}\n{era}\n{}\n{limits:?}\n", backend(), keyrings.hex());
        let key = Digest::of(of.as_bytes());
        Self { file: folder.join(format!("{}{ENDING}", key.hex())), key, limit: limits.cache }
    }

    /// What is known; none where there is no file.
    ///
    /// # Errors
    /// A note about a file that is not the user's own, is too large, or is not as it was written.
    pub fn read(&self) -> Result<Option<Compiled>, Reason> {
        match fs::symlink_metadata(&self.file) {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Ok(facts) if facts.is_file() => {}
            _ => return Err(self.invalid("it is no plain file")),
        }
        match own_file::read(&self.file, self.limit) {
            Ok(bytes) => {
                let compiled = parse(&bytes, &self.key).and_then(Compiled::read);
                compiled.map(Some).ok_or_else(|| self.invalid("it was damaged or changed"))
            }
            Err(OwnFileError::Missing(_)) => Ok(None),
            Err(OwnFileError::Unreadable { .. }) => Err(self.invalid("it cannot be read")),
            Err(OwnFileError::TooLarge { .. }) => Err(self.invalid("it is too large")),
            Err(_) => Err(self.invalid("others can write it")),
        }
    }

    /// Puts a compiled network in the place of the one that was read, and removes the oldest files where there are too many.
    ///
    /// # Errors
    /// The system refuses, or it would be too large. The old file is as it was.
    pub fn write(&self, compiled: &str) -> io::Result<()> {
        let bytes = print(compiled, &self.key);
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

/// The format, the key, the network, and the digest of all that.
fn print(compiled: &str, key: &Digest) -> Vec<u8> {
    let mut bytes = [FORMAT, &key.hex(), "\n", compiled, "\n"].concat().into_bytes();
    let end = Digest::of(&bytes).hex();
    bytes.extend(end.into_bytes());
    bytes
}

/// The network in bytes that are just as [`print`] makes them.
fn parse<'a>(bytes: &'a [u8], key: &Digest) -> Option<&'a str> {
    let (whole, end) = bytes.split_at_checked(bytes.len().checked_sub(HEX)?)?;
    if Digest::of(whole).hex().as_bytes() != end {
        return None;
    }
    let network = whole.strip_prefix(FORMAT.as_bytes())?.strip_prefix(key.hex().as_bytes())?;
    str::from_utf8(network.strip_prefix(b"\n")?.strip_suffix(b"\n")?).ok()
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

const FORMAT: &str = "countersign network 1\n";
const ENDING: &str = ".network";
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
        let bytes = print("{}", &key);
        assert_eq!(parse(&bytes, &key), Some("{}"));
        assert_eq!(parse(&bytes, &other), None);
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
            let nothing = r#"{"set_aside":[],"members":[],"words":[],"strays":[]}"#;
            cache.write(nothing).expect("written");
            assert!(cache.read().expect("whole").is_some());
            assert!(cache.write(&" ".repeat(1000)).is_err(), "too large");
        }
        assert_eq!(files(), FILES);
    }
}
