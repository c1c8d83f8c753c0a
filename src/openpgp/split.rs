//! Takes a keyring apart into certificates by packet framing alone, and drops what nobody will need before anything is
//! parsed.
//!
//! Anyone can attach signatures to anyone's certificate, and keyservers did: certificates with 150,000 of them exist
//! (CVE-2019-13050). A signature stays only if it names as its maker the certificate itself or another one at hand; user
//! attributes (pictures) and unknown packets go too. What is left is counted against the limits.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use sequoia_openpgp::packet::Key;
use sequoia_openpgp::packet::key::{UnspecifiedParts, UnspecifiedRole};
use sequoia_openpgp::parse::Parse as _;
use thiserror::Error;

use super::armor::{self, Label};
use super::certificate::{Certificate, CertificateError};
use super::packets::{self, FramingFault, SignatureHints, tag};
use super::{KeyId, KeyName};
use crate::fingerprint::Fingerprint;
use crate::limits::Limits;
use crate::reason::Code;

/// One certificate's packets, as they lie in the bytes that were split.
#[derive(Debug, Clone)]
pub struct RawCertificate<'a> {
    primary: &'a [u8],
    name: KeyName,
    direct: Vec<&'a [u8]>,
    components: Vec<Component<'a>>,
}

impl<'a> RawCertificate<'a> {
    /// The one certificate that these pieces hold, perhaps in several copies.
    ///
    /// # Errors
    /// None, another one as well, or anything that is not a certificate.
    pub fn only(pieces: &'a [Cow<'a, [u8]>]) -> Result<Self, CertificateError> {
        let mut found: Option<Self> = None;
        for piece in pieces {
            let (certificates, unread) = certificates(piece)?;
            if let Some(error) = unread.into_iter().next() {
                return Err(error);
            }
            for certificate in certificates {
                match &mut found {
                    Some(found) if found.fingerprint() == certificate.fingerprint() => found.merge(certificate),
                    Some(_) => return Err(CertificateError::Several),
                    None => found = Some(certificate),
                }
            }
        }
        found.ok_or(CertificateError::None)
    }

    /// The fingerprint of the primary key.
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.name.fingerprint
    }

    /// The key ID of the primary key, which is what certifications by this certificate name.
    pub fn id(&self) -> KeyId {
        self.name.id
    }

    /// The bodies of the signatures on the primary key.
    pub(super) fn direct(&self) -> &[&'a [u8]] {
        &self.direct
    }

    /// The user IDs and subkeys: whether it is a user ID, its body, and the bodies of the signatures on it.
    pub(super) fn components(&self) -> impl Iterator<Item = (bool, &'a [u8], &[&'a [u8]])> {
        self.components.iter().map(|one| (one.tag == tag::USER_ID, one.body, &one.signatures[..]))
    }

    /// Adds what another copy of the same certificate has; nothing of either is lost.
    pub fn merge(&mut self, other: Self) {
        self.direct.extend(other.direct);
        self.components.extend(other.components);
    }

    /// Drops the signatures by others that say they are for their makers alone.
    pub fn drop_local(&mut self) {
        let own = self.name.id.0;
        let stays = |signature: &&[u8]| {
            SignatureHints::of(signature).is_none_or(|hints| !hints.local || hints.issuers.contains(&own))
        };
        self.components.iter_mut().for_each(|component| component.signatures.retain(stays));
    }

    /// Drops what others say of the user IDs and subkeys, unless they take it back: a copy that anybody could have made up
    /// adds no trust. A name beside the owner's is enough to be another's word, since names are not signed.
    pub fn drop_words_of_others(&mut self) {
        let own = self.name.id.0;
        let takes_back = |signature: &[u8]| matches!(signature, [4 | 6, 0x30, ..]);
        let stays = |signature: &&[u8]| {
            takes_back(signature)
                || SignatureHints::of(signature).is_some_and(|hints| hints.issuers.iter().all(|issuer| *issuer == own))
        };
        self.components.iter_mut().for_each(|component| component.signatures.retain(stays));
    }

    /// Drops the user IDs and subkeys on which there is no signature that names the certificate itself.
    pub fn drop_unsigned(&mut self) {
        let own = self.name.id.0;
        self.components.retain(|component| {
            let mut hints = component.signatures.iter().filter_map(|signature| SignatureHints::of(signature));
            hints.any(|hints| hints.issuers.contains(&own))
        });
    }

    /// Drops the signatures by strangers and what is there twice, and counts the rest against the limits.
    ///
    /// `issuers` are the primary keys of all certificates at hand.
    ///
    /// # Errors
    /// The certificate is over a limit even so.
    pub fn minimise(self, issuers: &HashSet<KeyId>, limits: &Limits) -> Result<Certificate, CertificateError> {
        self.keep(Others::By(issuers), limits)
    }

    /// Drops what is there twice and the signatures by those whom nobody wants, and counts the rest against the limits.
    ///
    /// # Errors
    /// The certificate is over a limit even so.
    pub fn keep(self, others: Others<'_>, limits: &Limits) -> Result<Certificate, CertificateError> {
        let own = self.name.id;
        let fingerprint = self.name.fingerprint.clone();
        let over = |what| CertificateError::Limit { fingerprint: fingerprint.clone(), what };
        let mut certifications = 0;
        let mut known = HashSet::new();
        // By a stranger, or unreadable: dropped before anything else is done with it.
        let mut keep = |place: usize, signature: &'a [u8]| {
            let Some(hints) = SignatureHints::of(signature) else { return false };
            let own = hints.issuers.is_empty() || hints.issuers.contains(&own.0);
            let kept = own
                || match others {
                    Others::All => true,
                    Others::By(issuers) => hints.issuers.iter().any(|id| issuers.contains(&KeyId(*id))),
                };
            let kept = kept && known.insert((place, signature));
            certifications += usize::from(kept && !own);
            kept
        };
        let mut bytes = Vec::new();
        let mut keys = vec![self.name.clone()];
        packets::write(tag::PUBLIC_KEY, self.primary, &mut bytes);
        for signature in self.direct {
            if keep(0, signature) {
                packets::write(tag::SIGNATURE, signature, &mut bytes);
            }
        }
        // The same component may come several times, each time with some of its signatures.
        let mut order: Vec<Component<'_>> = Vec::new();
        let mut places = HashMap::new();
        for component in self.components {
            let place = *places.entry((component.tag, component.body)).or_insert_with(|| {
                keys.extend(component.key.clone());
                order.push(Component { signatures: Vec::new(), ..component.clone() });
                order.len()
            });
            for signature in component.signatures {
                if keep(place, signature) {
                    order[place - 1].signatures.push(signature);
                }
            }
        }
        if order.iter().filter(|component| component.tag == tag::USER_ID).count() > limits.user_ids {
            return Err(over("user IDs"));
        }
        // Each signature that fits nowhere is tried with each component, so that both must be few.
        if keys.len() > limits.user_ids {
            return Err(over("subkeys"));
        }
        for component in order {
            packets::write(component.tag, component.body, &mut bytes);
            for signature in component.signatures {
                packets::write(tag::SIGNATURE, signature, &mut bytes);
            }
        }
        if certifications > limits.certifications {
            return Err(over("certifications"));
        }
        if bytes.len() as u64 > limits.certificate {
            return Err(over("bytes"));
        }
        Ok(Certificate::from_packets(keys, bytes))
    }
}

/// Whose signatures on somebody else's certificate stay. What says that it is by the certificate itself always does.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::exhaustive_enums, reason = "strangers stay or they do not")]
pub enum Others<'a> {
    /// Everybody's: for a keyring on disk, where the certificate of a stranger may arrive tomorrow.
    All,
    /// Those that name one of these primary keys.
    By(&'a HashSet<KeyId>),
}

/// A user ID or a subkey, with what was signed over it.
#[derive(Debug, Clone)]
struct Component<'a> {
    tag: u8,
    body: &'a [u8],
    key: Option<KeyName>,
    signatures: Vec<&'a [u8]>,
}

/// Takes the armour off: one piece for each block, or the bytes themselves if they are binary.
///
/// # Errors
/// Text that is not armour from its beginning to its end, or armour of secret keys.
pub fn pieces(bytes: &[u8]) -> Result<Vec<Cow<'_, [u8]>>, SplitFault> {
    if !armor::begins(bytes) {
        return match packets::first(bytes) {
            Err(FramingFault::NotAPacket) if armor::lies_within(bytes).is_some() => Err(SplitFault::Damaged(AROUND)),
            Err(FramingFault::NotAPacket) if bytes.trim_ascii().is_empty() => Ok(Vec::new()),
            _ => Ok(vec![Cow::Borrowed(bytes)]),
        };
    }
    let mut pieces = Vec::new();
    let mut rest = bytes.trim_ascii();
    while !rest.is_empty() {
        let block = armor::decode(rest).map_err(|fault| match fault {
            armor::ArmorFault::Broken(Label::PrivateKey) => SplitFault::SecretKey,
            armor::ArmorFault::Broken(_) => SplitFault::Damaged("its ASCII armour is broken"),
            armor::ArmorFault::Beginning => SplitFault::Damaged(AROUND),
        })?;
        match block.label {
            Label::PublicKey => pieces.push(Cow::Owned(block.data)),
            Label::PrivateKey => return Err(SplitFault::SecretKey),
            _ => return Err(SplitFault::Damaged("it has an ASCII armour of something else than public keys")),
        }
        rest = block.rest;
    }
    Ok(pieces)
}

/// Splits binary packets into certificates, and lists those that we cannot read at all.
///
/// # Errors
/// Anything but whole packets of certificates, or secret key material.
pub fn certificates(bytes: &[u8]) -> Result<(Vec<RawCertificate<'_>>, Vec<CertificateError>), SplitFault> {
    let mut found: Vec<RawCertificate<'_>> = Vec::new();
    let mut unread = Vec::new();
    let mut place = Place::Nowhere;
    let mut stray = false;
    let mut rest = bytes;
    while !rest.is_empty() {
        let (packet, after) = packets::first(rest).map_err(|fault| match fault {
            FramingFault::NotAPacket | FramingFault::Indefinite { .. } if rest.len() == bytes.len() => {
                SplitFault::NotOpenPgp
            }
            FramingFault::NotAPacket => SplitFault::Damaged("it has bytes between packets that are no packet"),
            FramingFault::Truncated { tag: tag::SECRET_KEY | tag::SECRET_SUBKEY } => SplitFault::SecretKey,
            FramingFault::Truncated { .. } => SplitFault::Damaged("it is cut short in the middle of a packet"),
            FramingFault::Indefinite { .. } => SplitFault::Damaged("it has a packet without a fixed length"),
        })?;
        rest = after;
        place = match (packet.tag, place) {
            (tag::SECRET_KEY | tag::SECRET_SUBKEY, _) => return Err(SplitFault::SecretKey),
            (tag::PUBLIC_KEY, _) => match key_name(packet.body, true) {
                Ok(name) => {
                    let (direct, components) = (Vec::new(), Vec::new());
                    found.push(RawCertificate { primary: packet.body, name, direct, components });
                    Place::Direct
                }
                Err(error) => {
                    unread.push(error);
                    Place::Dropped
                }
            },
            // A marker is there to be ignored (RFC 9580, section 5.8), padding likewise (5.14), and GnuPG leaves its
            // trust packets in its own files.
            (tag::MARKER | tag::PADDING | tag::TRUST, place) => place,
            (tag::SIGNATURE, Place::Nowhere) => {
                stray = true;
                Place::Nowhere
            }
            (_, Place::Nowhere) => return Err(SplitFault::NotOpenPgp),
            (tag::SIGNATURE | tag::USER_ID | tag::PUBLIC_SUBKEY | tag::USER_ATTRIBUTE, Place::Dropped) => {
                Place::Dropped
            }
            (tag::SIGNATURE, place) => {
                if let Some(raw) = found.last_mut() {
                    match place {
                        Place::Direct => raw.direct.push(packet.body),
                        Place::Component => raw.components.last_mut().into_iter().for_each(|component| {
                            component.signatures.push(packet.body);
                        }),
                        _ => {}
                    }
                }
                place
            }
            (tag::USER_ID | tag::PUBLIC_SUBKEY, _) => {
                let key = (packet.tag == tag::PUBLIC_SUBKEY).then(|| key_name(packet.body, false)).transpose();
                match (key, found.last_mut()) {
                    (Ok(key), Some(raw)) => {
                        let (tag, body) = (packet.tag, packet.body);
                        raw.components.push(Component { tag, body, key, signatures: Vec::new() });
                        Place::Component
                    }
                    // A subkey of a version or form that we cannot read: it and its bindings are of no use.
                    _ => Place::Skipped,
                }
            }
            (tag::USER_ATTRIBUTE, _) => Place::Skipped,
            // RFC 9580, section 4.3: a reader ignores unknown packets from 40 upwards.
            (40.., Place::Dropped) => Place::Dropped,
            (40.., _) => Place::Skipped,
            _ => return Err(SplitFault::Damaged("it has a packet that belongs in no certificate")),
        };
    }
    if stray && place != Place::Nowhere {
        return Err(SplitFault::Damaged("it has a signature before its first certificate"));
    }
    Ok((found, unread))
}

/// Why a file is not a whole keyring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SplitFault {
    /// Something else altogether.
    #[error("it is not OpenPGP data")]
    NotOpenPgp,
    /// Cut short, or with something in it that does not belong there.
    #[error("{0}")]
    Damaged(&'static str),
    /// It holds a secret key.
    #[error("it holds secret key material")]
    SecretKey,
}

impl SplitFault {
    /// The stable code.
    pub fn code(self) -> Code {
        match self {
            Self::NotOpenPgp => Code::KeyringNotOpenpgp,
            Self::Damaged(_) => Code::KeyringDamaged,
            Self::SecretKey => Code::KeyringSecretKey,
        }
    }
}

/// Where in a certificate the next signature belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before the first certificate.
    Nowhere,
    /// Directly after a primary key.
    Direct,
    /// After a user ID or subkey.
    Component,
    /// After something that we leave out.
    Skipped,
    /// In a certificate that we cannot read.
    Dropped,
}

const AROUND: &str = "it has text around its ASCII armour";

fn key_name(body: &[u8], primary: bool) -> Result<KeyName, CertificateError> {
    let version = body.first().copied().unwrap_or(0);
    let key = Key::<UnspecifiedParts, UnspecifiedRole>::from_bytes(body).ok().filter(|key| !key.has_secret());
    let fingerprint = key.filter(|_| matches!(version, 4 | 6)).and_then(|key| super::fingerprint(&key.fingerprint()));
    fingerprint.map(|fingerprint| KeyName::new(fingerprint, primary)).ok_or(CertificateError::KeyVersion(version))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Person, packets as fake};
    use super::*;

    fn split(bytes: &[u8]) -> Result<usize, SplitFault> {
        certificates(bytes).map(|(found, _)| found.len())
    }

    #[test]
    fn armour_is_taken_off_piece_by_piece() {
        let one = Person::new();
        let armored = one.certificate().armored();
        assert_eq!(pieces(armored.as_bytes()).map(|pieces| pieces.len()), Ok(1));
        assert_eq!(pieces(format!("{armored}\n{armored}").as_bytes()).map(|pieces| pieces.len()), Ok(2));
        assert_eq!(pieces(&one.public()).map(|pieces| pieces.len()), Ok(1));
        assert_eq!(pieces(b" \n").map(|pieces| pieces.len()), Ok(0));
        let secret = armored.replace("PUBLIC", "PRIVATE");
        assert_eq!(pieces(secret.as_bytes()).map(|pieces| pieces.len()), Err(SplitFault::SecretKey));
        let message = armored.replace("PUBLIC KEY BLOCK", "MESSAGE");
        assert!(matches!(pieces(message.as_bytes()), Err(SplitFault::Damaged(_))));
    }

    #[test]
    fn packets_that_belong_in_no_certificate_are_damage() {
        let one = Person::new().public();
        assert_eq!(split(&one), Ok(1));
        assert_eq!(split(&[&one[..], &one].concat()), Ok(2));
        let marker = [0xca, 3, b'P', b'G', b'P'];
        assert_eq!(split(&[&marker[..], &one, &marker].concat()), Ok(1));
        assert_eq!(split(&[&one[..], &[0xfd, 1, 9]].concat()), Ok(1), "a private packet is ignored");
        for packet in [&[0xcb, 1, 9][..], &[0xc8, 1, 9], &[0xc1, 1, 9], &[0xe6, 1, 9]] {
            assert!(matches!(split(&[&one, packet].concat()), Err(SplitFault::Damaged(_))), "{packet:?}");
        }
        assert_eq!(split(&[0xcb, 1, 9]), Err(SplitFault::NotOpenPgp));
    }

    #[test]
    fn certifications_stay_only_by_those_at_hand() {
        let (one, two) = (Person::new(), Person::new());
        let friend = two.certificate().keys()[0].id;
        let bytes = [one.public(), fake::signature_by(friend, 1), fake::strangers_signature(2)].concat();
        let kept = |issuers: &[KeyId]| {
            let raw = certificates(&bytes).expect("a certificate").0.remove(0);
            let issuers = issuers.iter().copied().collect();
            raw.minimise(&issuers, &Limits::default()).expect("a certificate").bytes().len()
        };
        assert_eq!(kept(&[]), one.public().len());
        assert_eq!(kept(&[friend]), one.public().len() + fake::signature_by(friend, 1).len());
    }
}
