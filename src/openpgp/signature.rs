//! A signature file: one detached signature packet, in one clean block of armour or binary, and nothing else.
//!
//! The rules are narrow so that a file means the same to every reader. GnuPG and sqv take several signatures in a file,
//! text-mode signatures and text around the armour; we do not. What the signature is worth is told by `check`.

use sequoia_openpgp::KeyHandle;
use sequoia_openpgp::armor::Kind;
use sequoia_openpgp::packet::Signature;
use sequoia_openpgp::packet::signature::subpacket::{Subpacket, SubpacketTag, SubpacketValue};
use sequoia_openpgp::parse::Parse as _;
use sequoia_openpgp::serialize::MarshalInto as _;
use sequoia_openpgp::types::SignatureType;

use super::armor::{self, ArmorFault, Label};
use super::fault::SignatureFault;
use super::packets::{self, FramingFault, tag};
use super::{Handle, KeyId, policy};
use crate::limits::Limits;
use crate::shown::Shown;
use crate::time::Timestamp;

/// One well-formed detached signature. Nothing about it has been checked but its form.
#[derive(Clone)]
pub struct SignatureFile {
    bytes: Vec<u8>,
    packet: Vec<u8>,
    signature: Signature,
    created: Timestamp,
    issuers: Vec<Handle>,
}

impl SignatureFile {
    /// Reads a signature file.
    ///
    /// # Errors
    /// Anything but one packet of a binary document's signature with a strong hash, a time, an issuer, and no critical
    /// part that has no meaning here.
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Self, SignatureFault> {
        if bytes.len() as u64 > limits.signature {
            return Err(SignatureFault::Limit(limits.signature));
        }
        let binary = dearmored(bytes)?;
        let body = only_packet(binary.as_deref().unwrap_or(bytes))?;
        match body.first() {
            Some(4 | 6) => {}
            Some(version) => return Err(SignatureFault::Version(*version)),
            None => return Err(SignatureFault::CutShort),
        }
        let signature = Signature::from_bytes(body).map_err(|_| SignatureFault::Damaged)?;
        match signature.typ() {
            SignatureType::Binary => {}
            SignatureType::Text => return Err(SignatureFault::TextMode),
            other => return Err(SignatureFault::Type(other.into())),
        }
        if !policy::is_strong(signature.hash_algo()) {
            return Err(SignatureFault::WeakHash(signature.hash_algo().to_string()));
        }
        let critical = signature.hashed_area().iter().chain(signature.unhashed_area().iter()).filter(|s| s.critical());
        if let Some(unknown) = critical.filter(|subpacket| !has_meaning(subpacket)).map(named).next() {
            return Err(SignatureFault::CriticalUnknown(unknown));
        }
        let created = signature.signature_creation_time().and_then(|time| time.try_into().ok());
        let created = created.ok_or(SignatureFault::NoTime)?;
        let issuers: Vec<_> = signature.get_issuers().iter().filter_map(handle).collect();
        if issuers.is_empty() {
            return Err(SignatureFault::NoIssuer);
        }
        let mut packet = Vec::new();
        packets::write(tag::SIGNATURE, &signature.to_vec().map_err(|_| SignatureFault::Damaged)?, &mut packet);
        Ok(Self { bytes: bytes.to_vec(), packet, signature, created, issuers })
    }

    /// The file as it was received.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The same packet in the one armour that we write.
    pub fn armored(&self) -> String {
        armor::encode(Kind::Signature, &self.packet)
    }

    /// Which keys it says made it. These pick candidates, and identify nobody.
    pub fn issuers(&self) -> &[Handle] {
        &self.issuers
    }

    /// When it says it was made. A claim.
    pub fn created(&self) -> Timestamp {
        self.created
    }

    /// Changes the claimed time, as no library would.
    #[cfg(test)]
    pub(super) fn backdate(&mut self, time: Timestamp) {
        self.created = time;
    }

    pub(super) fn signature(&self) -> &Signature {
        &self.signature
    }
}

impl std::fmt::Debug for SignatureFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SignatureFile({:?}, {})", self.issuers, self.created)
    }
}

/// Takes the armour off, if there is one.
fn dearmored(bytes: &[u8]) -> Result<Option<Vec<u8>>, SignatureFault> {
    if !armor::begins(bytes) {
        // Only text can have an armour in it that we would overlook.
        return match (packets::first(bytes), armor::lies_within(bytes)) {
            (Err(FramingFault::NotAPacket), Some(Label::SignedMessage)) => Err(SignatureFault::Cleartext),
            (Err(_), Some(_)) => Err(SignatureFault::Armored),
            _ => Ok(None),
        };
    }
    match armor::decode(bytes) {
        Ok(block) if block.label == Label::Signature && block.rest.is_empty() => Ok(Some(block.data)),
        Ok(block) if block.label == Label::SignedMessage => Err(SignatureFault::Cleartext),
        Err(ArmorFault::Broken(Label::SignedMessage)) => Err(SignatureFault::Cleartext),
        _ => Err(SignatureFault::Armored),
    }
}

/// The body of the one packet, if it is a signature and the only one.
fn only_packet(bytes: &[u8]) -> Result<&[u8], SignatureFault> {
    let mut found = None;
    let mut around = false;
    let mut rest = bytes;
    while !rest.is_empty() {
        let (packet, after) = match packets::first(rest) {
            Ok(packet) => packet,
            Err(
                FramingFault::Truncated { tag: tag::COMPRESSED } | FramingFault::Indefinite { tag: tag::COMPRESSED },
            ) => {
                return Err(SignatureFault::Compressed);
            }
            Err(_) if found.is_some() => return Err(SignatureFault::Trailing),
            Err(FramingFault::NotAPacket) if holds_signature(rest) => return Err(SignatureFault::Trailing),
            Err(FramingFault::NotAPacket) => return Err(SignatureFault::None),
            Err(FramingFault::Truncated { tag: tag::SIGNATURE }) => return Err(SignatureFault::CutShort),
            Err(FramingFault::Truncated { tag } | FramingFault::Indefinite { tag }) => {
                return Err(SignatureFault::PacketKind(tag));
            }
        };
        rest = after;
        match packet.tag {
            tag::SIGNATURE if found.is_some() => return Err(SignatureFault::Several),
            tag::SIGNATURE => found = Some(packet.body),
            tag::MARKER | tag::PADDING => around = true,
            tag::COMPRESSED => return Err(SignatureFault::Compressed),
            other => return Err(SignatureFault::PacketKind(other)),
        }
    }
    let body = found.ok_or(SignatureFault::None)?;
    if around { Err(SignatureFault::Trailing) } else { Ok(body) }
}

/// Whether a whole signature packet ends these bytes, which begin with something else.
fn holds_signature(bytes: &[u8]) -> bool {
    (1..bytes.len()).any(|start| {
        matches!(packets::first(&bytes[start..]), Ok((packet, [])) if packet.tag == tag::SIGNATURE
            && matches!(packet.body.first(), Some(3..=6)))
    })
}

/// Whether a critical subpacket has a meaning on a file's signature that we heed.
///
/// No notation is among them. All others belong on certifications, on bindings, or to a future that we do not know.
fn has_meaning(subpacket: &Subpacket) -> bool {
    matches!(
        subpacket.tag(),
        SubpacketTag::SignatureCreationTime
            | SubpacketTag::SignatureExpirationTime
            | SubpacketTag::Issuer
            | SubpacketTag::IssuerFingerprint
            | SubpacketTag::SignersUserID
    ) && !matches!(subpacket.value(), SubpacketValue::Unknown { .. })
}

/// What a subpacket is called, escaped.
pub(super) fn named(subpacket: &Subpacket) -> String {
    match subpacket.value() {
        SubpacketValue::NotationData(notation) => format!("the notation `{}`", Shown::new(notation.name())),
        _ => format!("the subpacket {}", u8::from(subpacket.tag())),
    }
}

/// Our handle of the library's; none for a version that we do not read.
pub(super) fn handle(handle: &KeyHandle) -> Option<Handle> {
    match handle {
        KeyHandle::Fingerprint(fingerprint) => super::fingerprint(fingerprint).map(Handle::Fingerprint),
        KeyHandle::KeyID(id) => id.as_bytes().try_into().ok().map(|bytes| Handle::KeyId(KeyId::from_bytes(bytes))),
    }
}

#[cfg(test)]
mod tests;
