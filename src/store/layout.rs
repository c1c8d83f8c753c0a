//! Every path in a store, and in a package's `.countersign/`, in one place.
//!
//! In a store each name is made from the content, so that writing is idempotent, merging is copying, and a name can be
//! recomputed. No two names differ by case alone.

use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::package::Purl;

/// The file that makes a directory a store.
pub const MARKER: &str = "countersign-store";
/// What stands in it.
pub const MARKER_CONTENT: &[u8] = b"store/1\n";
/// The folders of a store.
pub const FOLDERS: [&str; 5] = ["statements", "signatures", "trees", "certificates", "packages"];

/// A package's own evidence, at the top of its directory.
pub const OWN: &str = ".countersign";
/// The manifest in it.
pub const OWN_MANIFEST: &str = "manifest.toml";
/// The tree text in it.
pub const OWN_TREE: &str = "tree";
/// The folder of certificates in it.
pub const OWN_CERTIFICATES: &str = "certificates";
/// The folders of other statements in it.
pub const OWN_STATEMENTS: [&str; 3] = ["reviews", "checks", "withdrawals"];

/// `statements/<aa>/<sha256>.toml`
pub fn statement(digest: Digest) -> [String; 3] {
    let hex = digest.hex();
    ["statements".into(), hex[..2].into(), format!("{hex}.toml")]
}

/// `signatures/<sha256 of the statement>/`
pub fn signatures(statement: Digest) -> [String; 2] {
    ["signatures".into(), statement.hex()]
}

/// `<FPR>-<first 16 hex digits of the file's SHA-256>.asc`
pub fn signature_name(signer: &Fingerprint, file: &[u8]) -> String {
    format!("{signer}-{}.asc", &Digest::of(file).hex()[..16])
}

/// The signer that a signature's file name in a store speaks of. Believed only once the signature is checked.
pub fn signature_signer(name: &str) -> Option<Fingerprint> {
    let (signer, rest) = name.split_once('-')?;
    let hash = rest.strip_suffix(".asc")?;
    let well_formed = hash.len() == 16 && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    signer.parse().ok().filter(|_| well_formed)
}

/// `trees/<aa>/<sha256>`
pub fn tree(digest: Digest) -> [String; 3] {
    let hex = digest.hex();
    ["trees".into(), hex[..2].into(), hex]
}

/// `certificates/<FPR>/`
pub fn certificates(fingerprint: &Fingerprint) -> [String; 2] {
    ["certificates".into(), fingerprint.to_string()]
}

/// `<sha256>.asc`
pub fn certificate_name(file: &[u8]) -> String {
    format!("{}.asc", Digest::of(file).hex())
}

/// `packages/<sha256 of the identity>/`
pub fn package(identity: &Purl) -> [String; 2] {
    ["packages".into(), Digest::of(identity.identity().to_string().as_bytes()).hex()]
}

/// `manifest.toml.<FPR>.asc`, beside a package's own manifest.
pub fn own_signature(signer: &Fingerprint) -> String {
    format!("{OWN_MANIFEST}.{signer}.asc")
}

/// `certificates/<FPR>.asc`, in a package's own folder.
pub fn own_certificate(fingerprint: &Fingerprint) -> String {
    format!("{OWN_CERTIFICATES}/{fingerprint}.asc")
}

/// The signer that the name `<statement>.<FPR>.asc` speaks of, and the statement's file name.
pub fn own_signature_parts(name: &str) -> Option<(&str, Fingerprint)> {
    let (statement, signer) = name.strip_suffix(".asc")?.rsplit_once('.')?;
    Some((statement, signer.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_signatures_read_back() {
        let signer: Fingerprint = "0123456789ABCDEF0123456789ABCDEF01234567".parse().expect("a fingerprint");
        assert_eq!(signature_signer(&signature_name(&signer, b"x")), Some(signer.clone()));
        assert_eq!(own_signature_parts(&own_signature(&signer)), Some((OWN_MANIFEST, signer)));
        let lower = "0123456789abcdef0123456789abcdef01234567-0123456789abcdef.asc";
        assert_eq!(signature_signer(lower), None);
        assert_eq!(signature_signer("0123456789ABCDEF0123456789ABCDEF01234567-0123456789ABCDEF.asc"), None);
        assert_eq!(own_signature_parts("manifest.toml.asc"), None);
    }
}
