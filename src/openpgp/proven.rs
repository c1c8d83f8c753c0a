//! Which public-key operations succeeded in this process, so that a later one need not do them again.
//!
//! Each is known by a digest over the key, the signature's numbers and the digest that was signed. That says nothing of
//! time, policy, revocation or trust: all of these are judged anew, and whatever failed is tried again.

use std::sync::mpsc;

use sequoia_openpgp::packet::signature::cache::SignatureVerificationCache;

/// The name of an operation that succeeded.
pub type Proven = [u8; PROVEN_BYTES];

/// How long such a name is.
pub const PROVEN_BYTES: usize = 32;

/// Takes operations for done. Whoever can choose them can have any signature hold.
pub fn recall(proven: Vec<Proven>) {
    let (done, wait) = mpsc::channel();
    let entries = proven.into_iter().map(|one| one.to_vec());
    // The library sorts them in a thread of its own. Where nobody waits any more, nobody needs to be told.
    SignatureVerificationCache::restore(entries, move || {
        done.send(()).unwrap_or_default();
    });
    // Where that thread failed, nothing was recalled, and everything is done again.
    wait.recv().unwrap_or_default();
}

/// All that succeeded so far, with what was recalled; sorted.
pub fn all() -> Vec<Proven> {
    let entries = SignatureVerificationCache::dump().into_iter();
    let mut all: Vec<Proven> = entries.filter_map(|entry| entry.value().try_into().ok()).collect();
    all.sort_unstable();
    all.dedup();
    all
}
