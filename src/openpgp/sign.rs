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

#[cfg(test)]
mod tests {
    use super::super::testing::{MESSAGE, Person, TIMES, days_ago};
    use super::*;
    use crate::reason::Code;

    #[test]
    fn only_the_wanted_certificate_is_accepted() {
        let (one, two) = (Person::new(), Person::new());
        let made = one.sign();
        let accepted = |wanted: &Certificate| {
            accept(MESSAGE, made.bytes(), wanted, &TIMES, &Limits::default()).map_err(|fault| fault.code())
        };
        let (file, good) = accepted(&one.certificate()).expect("good");
        assert_eq!(good.certificate(), one.certificate().fingerprint());
        assert_eq!(file.armored(), made.armored());
        assert_eq!(accepted(&two.certificate()).map(|_| ()), Err(Code::SignerUnknown));
        assert_eq!(accepted(&one.revoked(None, days_ago(1)).certificate()).map(|_| ()), Err(Code::SignerRevoked));
    }
}
