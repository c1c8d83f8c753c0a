//! A certificate: the public keys, user IDs and self-signatures of one OpenPGP identity. Never a secret.
//!
//! Its packets are kept as they came (what nobody needs was dropped in `split`), and parsed only when something is
//! asked: a keyring of a thousand certificates opens at once. Whether it may be trusted is not asked here.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::sync::OnceLock;

use sequoia_openpgp::Cert;
use sequoia_openpgp::anyhow;
use sequoia_openpgp::armor::Kind;
use sequoia_openpgp::packet::Signature;
use sequoia_openpgp::parse::Parse as _;
use sequoia_openpgp::serialize::MarshalInto as _;
use thiserror::Error;

use super::packets::{self, Packet, SignatureHints, tag};
use super::split::{self, RawCertificate, SplitFault};
use super::standing::{Standing, told};
use super::{KeyName, armor, policy};
use crate::fingerprint::Fingerprint;
use crate::limits::Limits;
use crate::reason::{Answer, Code, Reason};
use crate::shown::Shown;
use crate::time::{Times, Timestamp};

/// One certificate.
pub struct Certificate {
    /// The primary key comes first; there is always one.
    keys: Vec<KeyName>,
    bytes: Vec<u8>,
    /// The library's certificate, without the certifications by others.
    parsed: OnceLock<Result<Cert, String>>,
    /// The same without self-signatures whose hash is too weak at this time, where there are any.
    strong: OnceLock<(Timestamp, Option<Cert>)>,
    /// Revocations by revokers whom the certificate designated, checked with their certificates.
    designated: Vec<Signature>,
}

impl Certificate {
    /// Reads exactly one certificate, armoured or binary.
    ///
    /// # Errors
    /// Not one whole certificate, one that holds a secret, or one that is over the limits even after minimising.
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Self, CertificateError> {
        RawCertificate::only(&split::pieces(bytes)?)?.minimise(&HashSet::new(), limits)
    }

    pub(super) fn from_packets(keys: Vec<KeyName>, bytes: Vec<u8>) -> Self {
        let (parsed, strong) = (OnceLock::new(), OnceLock::new());
        Self { keys, bytes, parsed, strong, designated: Vec::new() }
    }

    /// The fingerprint of the primary key: who this is.
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.keys[0].fingerprint
    }

    /// The names of all keys that come with the certificate, the primary one first.
    ///
    /// Whether a subkey is really bound to the certificate is not said by this.
    pub fn keys(&self) -> &[KeyName] {
        &self.keys
    }

    /// The user IDs that the certificate has signed for itself and not taken back since, sorted.
    ///
    /// Those that are not plain UTF-8 text are left out; see [`user_id_faults`](Self::user_id_faults).
    pub fn user_ids(&self) -> Vec<&str> {
        let Ok(cert) = self.cert() else { return Vec::new() };
        let newest = |signatures: &mut dyn Iterator<Item = &Signature>| {
            signatures.filter_map(|signature| signature.signature_creation_time()).max()
        };
        cert.userids()
            .filter(|user_id| {
                let signed = newest(&mut user_id.self_signatures());
                signed.is_some() && signed >= newest(&mut user_id.self_revocations())
            })
            .filter_map(|user_id| plain(user_id.userid().value()))
            .collect()
    }

    /// A reason for each user ID that cannot be used because of how it is written.
    pub fn user_id_faults(&self) -> Vec<Reason> {
        let Ok(cert) = self.cert() else { return Vec::new() };
        cert.userids()
            .map(|user_id| user_id.userid().value())
            .filter(|value| plain(value).is_none())
            .map(|value| {
                let (shown, fingerprint) = (Shown::new(value), self.fingerprint());
                let message = format!(
                    "the user ID \"{shown}\" of {fingerprint} is not UTF-8 or has control characters, so it is not used"
                );
                Reason::new(Code::UserIdEncoding, Answer::Note, message)
            })
            .collect()
    }

    /// The algorithm and size of the primary key: `RSA 4096`, `Ed25519`, `NIST P-256`.
    pub fn algorithm(&self) -> String {
        self.cert().map_or_else(|_| "unknown".into(), |cert| policy::algorithm(cert.primary_key().key()))
    }

    /// When the primary key was made, as it says itself.
    pub fn created(&self) -> Option<Timestamp> {
        self.any_cert().ok().and_then(|cert| cert.primary_key().key().creation_time().try_into().ok())
    }

    /// What the certificate is worth.
    ///
    /// Revocations by a designated revoker count once a keyring has found the revoker's certificate.
    pub fn standing(&self, times: &Times) -> Standing {
        // Weak self-signatures never count, and the library would verify them first. They are needed to say what is wrong.
        let standing = self.strong(times).map(|cert| Standing::of(&cert, &self.designated, times));
        match standing {
            Ok(standing) if !matches!(standing, Standing::Invalid { .. }) => standing,
            _ => match self.cert() {
                Ok(cert) => Standing::of(cert, &self.designated, times),
                Err(why) => Standing::Invalid { why: why.to_owned() },
            },
        }
    }

    /// The packets, in binary.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The packets in ASCII armour, always in the same form.
    pub fn armored(&self) -> String {
        armor::encode(Kind::PublicKey, &self.bytes)
    }

    /// What a verifier of documents needs, and nothing else: the primary key, the user IDs in plain UTF-8 and the
    /// signing subkeys, each with the certificate's own signatures and revocations, all of them checked.
    ///
    /// No certifications by others, no pictures, no encryption subkeys. The same content gives the same bytes.
    ///
    /// # Errors
    /// A certificate that cannot be checked, or is over the limits.
    pub fn minimised(&self, limits: &Limits) -> Result<Self, CertificateError> {
        let invalid = |why: String| CertificateError::Invalid { fingerprint: self.fingerprint().clone(), why };
        let cert = self.cert().map_err(|why| invalid(why.to_owned()))?;
        let primary = cert.primary_key();
        if !policy::is_supported(primary.key()) {
            return Err(invalid(format!("this build cannot check its key, {}", policy::algorithm(primary.key()))));
        }
        let failed = |error: anyhow::Error| invalid(told(&error));
        let mut keys = vec![self.keys[0].clone()];
        let mut bytes = Vec::new();
        packets::write(tag::PUBLIC_KEY, &primary.key().to_vec().map_err(failed)?, &mut bytes);
        write_all(primary.self_revocations().chain(primary.self_signatures()).chain(&self.designated), &mut bytes)
            .map_err(failed)?;
        let mut user_ids = 0;
        for user_id in cert.userids() {
            let signed = user_id.self_signatures().next().is_some();
            if let Some(text) = plain(user_id.userid().value()).filter(|_| signed) {
                user_ids += 1;
                packets::write(tag::USER_ID, text.as_bytes(), &mut bytes);
                write_all(user_id.self_revocations().chain(user_id.self_signatures()), &mut bytes).map_err(failed)?;
            }
        }
        for subkey in cert.keys().subkeys() {
            let signs = |binding: &Signature| binding.key_flags().is_some_and(|flags| flags.for_signing());
            let name = super::fingerprint(&subkey.key().fingerprint()).filter(|_| subkey.self_signatures().any(signs));
            if let Some(name) = name {
                keys.push(KeyName::new(name, false));
                packets::write(tag::PUBLIC_SUBKEY, &subkey.key().to_vec().map_err(failed)?, &mut bytes);
                write_all(subkey.self_revocations().chain(subkey.self_signatures()), &mut bytes).map_err(failed)?;
            }
        }
        let over = |what| CertificateError::Limit { fingerprint: self.fingerprint().clone(), what };
        if user_ids > limits.user_ids {
            return Err(over("user IDs"));
        }
        if bytes.len() as u64 > limits.certificate {
            return Err(over("bytes"));
        }
        Ok(Self { designated: self.designated.clone(), ..Self::from_packets(keys, bytes) })
    }

    /// This certificate and another copy of it together: user IDs, subkeys and revocations of both.
    ///
    /// Certifications by others stay if `issuers` has the primary key of their maker.
    ///
    /// # Errors
    /// Another certificate, or both together are over the limits.
    pub fn merged(
        &self,
        other: &Self,
        issuers: &HashSet<super::KeyId>,
        limits: &Limits,
    ) -> Result<Self, CertificateError> {
        if self.fingerprint() != other.fingerprint() {
            return Err(CertificateError::Several);
        }
        let mut raw = self.raw()?;
        raw.merge(other.raw()?);
        raw.minimise(issuers, limits)
    }

    /// The certificate with the revocations that others made for it, if there are any and it designated their makers
    /// (RFC 9580, section 5.2.3.23); `find` gives the makers' certificates.
    pub fn with_designated_revocations<'a>(&self, find: impl Fn(&Fingerprint) -> Option<&'a Self>) -> Option<Self> {
        if !self.is_revoked_by_others() {
            return None;
        }
        let cert = self.cert().ok()?;
        let primary = cert.primary_key();
        let own = cert.userids().flat_map(|user_id| user_id.self_signatures().collect::<Vec<_>>());
        let revokers: Vec<_> = primary
            .self_signatures()
            .chain(own)
            .flat_map(|signature| signature.revocation_keys().collect::<Vec<_>>())
            .filter_map(|designated| find(&super::fingerprint(designated.revoker().1)?)?.cert().ok())
            .collect();
        let is_by = |revocation: &Signature, revoker: &Cert| {
            revocation.verify_primary_key_revocation(revoker.primary_key().key(), primary.key()).is_ok()
        };
        let designated = primary
            .other_revocations()
            .filter(|revocation| revokers.iter().any(|revoker| is_by(revocation, revoker)))
            .cloned()
            .collect();
        Some(Self { designated, ..self.clone() })
    }

    pub(super) fn standing_of(&self, cert: &Cert, times: &Times) -> Standing {
        Standing::of(cert, &self.designated, times)
    }

    pub(crate) fn raw(&self) -> Result<RawCertificate<'_>, CertificateError> {
        split::certificates(&self.bytes)?.0.pop().ok_or(CertificateError::None)
    }

    /// Its packets one by one.
    pub(super) fn packets(&self) -> impl Iterator<Item = Packet<'_>> {
        let mut rest = &self.bytes[..];
        // We framed them ourselves, so that nothing is left over.
        std::iter::from_fn(move || {
            let (packet, after) = packets::first(rest).ok()?;
            rest = after;
            Some(packet)
        })
    }

    /// The library's certificate, parsed when first asked for. It lacks what others say of the user IDs: that is most of a
    /// certificate, and [`claims`](Self::claims) has it.
    pub(super) fn cert(&self) -> Result<&Cert, &str> {
        self.parsed
            .get_or_init(|| Cert::from_bytes(&self.own_words(|_| true)).map_err(|error| told(&error)))
            .as_ref()
            .map_err(|s| &**s)
    }

    /// The library's certificate without the self-signatures that count for nothing today whatever is in them.
    pub(super) fn strong(&self, times: &Times) -> Result<Cow<'_, Cert>, &str> {
        let policy = policy::standard(times);
        let is_weak = |body: &[u8]| matches!(body, [4 | 6, 0x10..=0x13 | 0x1f, _, hash, ..] if policy::is_void(&policy, (*hash).into(), times));
        let read = || {
            let mut signatures = self.packets().filter(|packet| packet.tag == tag::SIGNATURE);
            let any = signatures.any(|packet| is_weak(packet.body));
            any.then(|| Cert::from_bytes(&self.own_words(|body| !is_weak(body))).ok()).flatten()
        };
        let (now, strong) = self.strong.get_or_init(|| (times.now, read()));
        match strong {
            _ if *now != times.now => self.cert().map(Cow::Borrowed),
            Some(cert) => Ok(Cow::Borrowed(cert)),
            None => self.cert().map(Cow::Borrowed),
        }
    }

    /// The library's certificate, for what does not depend on signatures.
    pub(super) fn any_cert(&self) -> Result<&Cert, &str> {
        match self.strong.get() {
            Some((_, Some(cert))) => Ok(cert),
            _ => self.cert(),
        }
    }

    /// Its packets without the certifications by others and their revocations, and with only those signatures that are kept.
    fn own_words(&self, keep: impl Fn(&[u8]) -> bool) -> Vec<u8> {
        let mut bytes = Vec::new();
        for packet in self.own_packets().filter(|packet| packet.tag != tag::SIGNATURE || keep(packet.body)) {
            packets::write(packet.tag, packet.body, &mut bytes);
        }
        bytes
    }

    /// The bodies of all signatures that its own standing may depend on.
    pub(super) fn own_signatures(&self) -> impl Iterator<Item = &[u8]> {
        self.own_packets().filter(|packet| packet.tag == tag::SIGNATURE).map(|packet| packet.body)
    }

    fn own_packets(&self) -> impl Iterator<Item = Packet<'_>> {
        let own = self.keys[0].id;
        let mut of_user_id = false;
        self.packets().filter(move |packet| {
            of_user_id = match packet.tag {
                tag::SIGNATURE => of_user_id,
                tag => tag == tag::USER_ID,
            };
            let about = matches!(packet.body, [2 | 3, _, 0x10..=0x13 | 0x30, ..] | [4 | 6, 0x10..=0x13 | 0x30, ..]);
            let by_another = || SignatureHints::of(packet.body).is_some_and(|hints| hints.is_by_another(own));
            !(packet.tag == tag::SIGNATURE && of_user_id && about && by_another())
        })
    }

    /// Whether somebody else says that this certificate is revoked. Not checked.
    fn is_revoked_by_others(&self) -> bool {
        let direct = self.packets().skip(1).take_while(|packet| packet.tag == tag::SIGNATURE);
        direct.into_iter().any(|packet| {
            let key_revocation = matches!(packet.body, [2 | 3, _, 0x20, ..] | [4 | 6, 0x20, ..]);
            let own = self.keys[0].id.0;
            key_revocation && SignatureHints::of(packet.body).is_some_and(|hints| !hints.issuers.contains(&own))
        })
    }
}

impl Clone for Certificate {
    fn clone(&self) -> Self {
        let designated = self.designated.clone();
        Self { designated, ..Self::from_packets(self.keys.clone(), self.bytes.clone()) }
    }
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Certificate({})", self.fingerprint())
    }
}

/// Why bytes are not a certificate that we use.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// Not whole OpenPGP packets of a certificate, or a secret key.
    #[error("this is not a certificate: {0}")]
    Framing(#[from] SplitFault),
    /// No certificate at all.
    #[error("there is no certificate in it")]
    None,
    /// More than one certificate where one is asked for.
    #[error("there are several certificates where one is asked for; export them one by one")]
    Several,
    /// A key of a version that we do not read, or one that is damaged.
    #[error(
        "a certificate whose primary key is damaged or of version {0}, where 4 and 6 are known; ask its owner for a new one"
    )]
    KeyVersion(u8),
    /// It does not hold together.
    #[error("the certificate {fingerprint} is of no use: {why}")]
    Invalid {
        /// Whose it says it is.
        fingerprint: Fingerprint,
        /// What is wrong. Escaped.
        why: String,
    },
    /// Over a limit.
    #[error("the certificate {fingerprint} has more {what} than we read; ask its owner for a clean copy")]
    Limit {
        /// Whose it says it is.
        fingerprint: Fingerprint,
        /// Of what there is too much.
        what: &'static str,
    },
}

impl CertificateError {
    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            Self::Framing(fault) => fault.code(),
            Self::None => Code::KeyringEmpty,
            Self::Limit { .. } => Code::LimitCertificate,
            _ => Code::CertificateInvalid,
        }
    }
}

/// The text of a user ID that can be used: UTF-8 without control characters.
pub(super) fn plain(value: &[u8]) -> Option<&str> {
    str::from_utf8(value).ok().filter(|text| !text.chars().any(char::is_control))
}

/// Appends signatures in an order that does not depend on the order in which they came.
fn write_all<'a>(signatures: impl Iterator<Item = &'a Signature>, out: &mut Vec<u8>) -> Result<(), anyhow::Error> {
    let bodies = signatures.map(|signature| signature.to_vec()).collect::<Result<BTreeSet<_>, _>>()?;
    for body in bodies {
        packets::write(tag::SIGNATURE, &body, out);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
