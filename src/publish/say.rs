//! Signing a review, a check or a withdrawal, and putting it into a store: the same way as a manifest goes.

use std::path::Path;

use crate::digest::Digest;
use crate::limits::Limits;
use crate::openpgp::sign::accept;
use crate::package::Purl;
use crate::programs::Programs;
use crate::statement::{Check, Kind, Opening, Review, StatementFault, Withdrawal};
use crate::store::Store;
use crate::time::{Times, Timestamp};
use crate::tree_text::TreeText;

use super::write::Published;
use super::{PublishError, Signer};

/// What somebody wants to say.
#[expect(clippy::exhaustive_structs, reason = "whoever asks must say all of it")]
pub struct SayRequest<'a> {
    /// The statement's canonical text: a review's, a check's or a withdrawal's.
    pub text: &'a str,
    /// The texts of the trees that it speaks of, as far as they are known.
    pub trees: &'a [&'a TreeText],
    /// Who signs; [`super::key::find`] finds them.
    pub signer: &'a Signer,
    /// The store, which is made where there is none.
    pub store: &'a Path,
    /// gpg.
    pub programs: &'a Programs,
    /// Asked once gpg is done.
    pub clock: &'a dyn Fn() -> Timestamp,
    /// How much is read.
    pub limits: &'a Limits,
}

/// Has gpg sign a statement, checks the signature as the verifier would, and writes it into a store.
///
/// # Errors
/// It is no such statement, or there is no good signature, and nothing was written; or the store cannot be written.
pub fn say(request: &SayRequest<'_>) -> Result<Published, PublishError> {
    let bytes = request.text.as_bytes();
    let package = readable(bytes, request.limits).map_err(|source| PublishError::Manifest { path: None, source })?;
    let signature = request.programs.sign(request.signer.argument(), bytes)?;
    let now = (request.clock)();
    let certificate = request.signer.certificate();
    accept(bytes, &signature, certificate, &Times { at: now, now }, request.limits)?;
    let store = Store::open_or_make(request.store, request.limits)?;
    let certificate = certificate.minimised(request.limits)?;
    store.add_certificate(certificate.fingerprint(), certificate.armored().as_bytes())?;
    for tree in request.trees {
        store.add_tree(tree.to_string().as_bytes())?;
    }
    store.add_statement(&package, bytes)?;
    store.add_signature(Digest::of(bytes), request.signer.fingerprint(), &signature)?;
    Ok(Published { manifest: Digest::of(bytes), place: request.store.to_path_buf() })
}

/// Nothing is signed that no verifier would read. A manifest has its own way, which looks at what came before.
fn readable(bytes: &[u8], limits: &Limits) -> Result<Purl, StatementFault> {
    let opening = Opening::read(bytes, limits)?;
    match opening.kind {
        Kind::Review => Review::parse(bytes, limits).map(drop)?,
        Kind::Check => Check::parse(bytes, limits).map(drop)?,
        Kind::Withdrawal => Withdrawal::parse(bytes, limits).map(drop)?,
        kind => return Err(StatementFault::Kind(kind.to_string())),
    }
    Ok(opening.package)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_verifier_reads_is_signed() {
        let limits = Limits::default();
        let tree = Digest::of(b"");
        let good = format!(
            "countersign = \"check/1\"\npackage = \"pkg:generic/a@1\"\ntree = \"{tree}\"\nname = \"lint\"\n\
             tool = \"lint 1\"\nresult = \"pass\"\nchecked = 2026-11-22T09:00:00Z\n"
        );
        assert_eq!(readable(good.as_bytes(), &limits).map(|package| package.to_string()), Ok("pkg:generic/a@1".into()));
        let code = |text: &str| readable(text.as_bytes(), &limits).map_err(|fault| fault.code().as_str());
        assert_eq!(code(&good.replace("pass", "perhaps")), Err("statement-value"));
        assert_eq!(code(&good.replace("check/1", "manifest/1")), Err("statement-kind"));
        assert_eq!(code("hello\n"), Err("not-a-statement"));
    }
}
