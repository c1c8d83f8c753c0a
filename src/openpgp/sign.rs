//! Checks what gpg made, before any of it is written: the wanted signature by the wanted certificate, and nothing else.
//!
//! The rules are those of the verifier; what it would refuse is never published.

use super::certificate::Certificate;
use super::check::{GoodSignature, check};
use super::fault::SignatureFault;
use super::signature::SignatureFile;
use crate::limits::Limits;
use crate::time::Times;

/// Checks that `file` is a signature over `message` by exactly the `wanted` certificate.
///
/// # Errors
/// Whatever the verifier would refuse, and a signature by anyone else.
pub fn accept(
    message: &[u8],
    file: &[u8],
    wanted: &Certificate,
    times: &Times,
    limits: &Limits,
) -> Result<(SignatureFile, GoodSignature), SignatureFault> {
    let signature = SignatureFile::parse(file, limits)?;
    let good = check(&signature, message, &[wanted], times)?;
    Ok((signature, good))
}
