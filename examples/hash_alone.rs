//! Hashes files on all cores, and does nothing else of what verifying does: what verifying is held against. `benches/julia.sh`
//! runs it.
//!
//! `hash_alone LIST` computes SHA-256 of every file in a list whose names end with NUL bytes. With `git` as a second word it
//! computes the name that git gives to each as well, of the same bytes in memory: the two digests that Julia's packages need.

use std::error::Error;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;

use countersign::digest::Hasher;
use countersign::git_tree::{Algorithm, BlobHasher};
use rayon::prelude::*;

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut words = std::env::args_os().skip(1);
    let list = std::fs::read(words.next().ok_or("hash_alone LIST [git]")?)?;
    let git = words.next().is_some();
    let files: Vec<_> = list.split(|byte| *byte == 0).filter(|name| !name.is_empty()).collect();
    files.par_iter().with_min_len(FILES).try_for_each_init(
        || vec![0; BUFFER_BYTES],
        |buffer, name| {
            let mut file = File::open(OsStr::from_bytes(name))?;
            let size = file.metadata()?.len();
            let (mut sha256, mut sha1) = (Hasher::default(), git.then(|| BlobHasher::new(Algorithm::Sha1, size)));
            let mut left = size;
            while left > 0 {
                let count = file.read(buffer)?;
                if count == 0 {
                    return Err("a file got shorter".into());
                }
                sha256.update(&buffer[..count]);
                sha1.iter_mut().for_each(|sha1| sha1.update(&buffer[..count]));
                left = left.saturating_sub(count as u64);
            }
            std::hint::black_box((sha256.finish(), sha1.map(BlobHasher::finish)));
            Ok(())
        },
    )
}

/// Bytes read at once.
const BUFFER_BYTES: usize = 64 << 10;
/// Files that one thread does in a row, at least.
const FILES: usize = 16;
