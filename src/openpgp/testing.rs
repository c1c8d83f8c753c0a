//! People with keys, for tests only. Secret keys are made here, used here, and never leave a test.

use std::time::{Duration, SystemTime};

use sequoia_openpgp::cert::CertBuilder;
use sequoia_openpgp::crypto::KeyPair;
use sequoia_openpgp::packet::key::{PrimaryRole, SecretParts};
use sequoia_openpgp::packet::signature::SignatureBuilder;
use sequoia_openpgp::packet::signature::subpacket::NotationDataFlags;
use sequoia_openpgp::packet::{Key, Signature, UserID};
use sequoia_openpgp::serialize::{Serialize as _, SerializeInto as _};
use sequoia_openpgp::types::{HashAlgorithm, KeyFlags, ReasonForRevocation, RevocationKey, SignatureType};
use sequoia_openpgp::{Cert, Packet};

use super::{Certificate, SignatureFile};
use crate::limits::Limits;
use crate::time::{Times, Timestamp};

/// What everybody signs.
pub(crate) const MESSAGE: &[u8] = b"countersign = \"manifest/1\"\npackage = \"pkg:generic/a@1\"\n";

/// The clock of all tests: 2026-11-23T09:00:00Z.
pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_795_424_400);

/// Both times are now.
pub(crate) const TIMES: Times = Times { at: NOW, now: NOW };

/// Of version 6.
pub(crate) const SIX: sequoia_openpgp::Profile = sequoia_openpgp::Profile::RFC9580;

/// So many days before now.
pub(crate) fn days_ago(days: u64) -> SystemTime {
    SystemTime::from(NOW) - DAY * days as u32
}

/// So long after now.
pub(crate) fn ahead(duration: Duration) -> SystemTime {
    SystemTime::from(NOW) + duration
}

/// One day.
pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Somebody with a secret key: an Ed25519 certificate made 400 days ago, unless made otherwise.
#[derive(Clone)]
pub(crate) struct Person(pub(crate) Cert);

impl Person {
    /// The primary key signs.
    pub(crate) fn new() -> Self {
        Self::made(|builder| builder)
    }

    /// Made by a builder that is handed to `how`.
    pub(crate) fn made(how: impl FnOnce(CertBuilder<'_>) -> CertBuilder<'_>) -> Self {
        let builder = CertBuilder::new()
            .add_userid("x <x@example.org>")
            .set_creation_time(days_ago(400))
            .set_primary_key_flags(KeyFlags::empty().set_certification().set_signing());
        Self(how(builder).generate().expect("a certificate").0)
    }

    /// The primary key only certifies, and a subkey signs.
    pub(crate) fn with_subkey(flags: KeyFlags) -> Self {
        Self::made(|builder| {
            builder.set_primary_key_flags(KeyFlags::empty().set_certification()).add_subkey(flags, None, None)
        })
    }

    /// A certificate of one given key, with a user ID bound by a signature over `hash`.
    pub(crate) fn of_key(mut key: Key<SecretParts, PrimaryRole>, hash: HashAlgorithm) -> Self {
        key.set_creation_time(days_ago(400)).expect("a date");
        let cert = Cert::try_from(vec![Packet::from(key.clone())]).expect("a certificate");
        let mut signer = key.into_keypair().expect("a secret key");
        let user_id = UserID::from("x <x@example.org>");
        let binding = SignatureBuilder::new(SignatureType::PositiveCertification)
            .set_hash_algo(hash)
            .set_signature_creation_time(days_ago(400))
            .and_then(|binding| binding.set_key_flags(KeyFlags::empty().set_certification().set_signing()))
            .and_then(|binding| binding.sign_userid_binding(&mut signer, None, &user_id))
            .expect("a binding");
        Self(cert).plus([Packet::from(user_id), binding.into()])
    }

    /// The same with further packets.
    pub(crate) fn plus(self, packets: impl IntoIterator<Item = Packet>) -> Self {
        Self(self.0.insert_packets(packets.into_iter().collect::<Vec<_>>()).expect("packets").0)
    }

    /// The same, revoked for `reason` at `time`.
    pub(crate) fn revoked(self, reason: Option<ReasonForRevocation>, time: SystemTime) -> Self {
        let mut signer = self.key_pair(0);
        let mut builder =
            SignatureBuilder::new(SignatureType::KeyRevocation).set_signature_creation_time(time).expect("a date");
        if let Some(reason) = reason {
            builder = builder.set_reason_for_revocation(reason, b"").expect("a reason");
        }
        let revocation = builder.sign_direct_key(&mut signer, None).expect("a revocation");
        self.plus([Packet::from(revocation)])
    }

    /// The same, revoked without a reason by somebody else.
    pub(crate) fn revoked_by(self, other: &Self, time: SystemTime) -> Self {
        let revocation = SignatureBuilder::new(SignatureType::KeyRevocation)
            .set_signature_creation_time(time)
            .and_then(|b| b.sign_direct_key(&mut other.key_pair(0), self.0.primary_key().key()))
            .expect("a revocation");
        self.plus([Packet::from(revocation)])
    }

    /// This person as a designated revoker.
    pub(crate) fn as_revoker(&self) -> RevocationKey {
        RevocationKey::new(self.0.primary_key().key().pk_algo(), self.0.fingerprint(), false)
    }

    /// This person with a certification by `issuer` on the first user ID.
    pub(crate) fn certified(
        self,
        issuer: &Self,
        created: SystemTime,
        how: impl FnOnce(SignatureBuilder) -> SignatureBuilder,
    ) -> Self {
        self.word(issuer, 0, SignatureType::GenericCertification, created, how)
    }

    /// This person, to whom `issuer` gives so much trust, in some roles for all generic packages.
    pub(crate) fn trusted(self, issuer: &Self, depth: u8, amount: u8, roles: &[&str]) -> Self {
        self.granted(issuer, (depth, amount), roles, "pkg:generic/*")
    }

    /// The same for the packages of a scope.
    pub(crate) fn granted(self, issuer: &Self, (depth, amount): (u8, u8), roles: &[&str], scope: &str) -> Self {
        let notes = roles.iter().map(|role| ("role@countersign.dev", *role));
        let notes: Vec<_> = notes.chain(roles.first().map(|_| ("scope@countersign.dev", scope))).collect();
        self.certified(issuer, days_ago(10), |builder| {
            let builder = match depth {
                0 => builder,
                _ => builder.set_trust_signature(depth, amount).expect("a trust signature"),
            };
            notes.iter().fold(builder, |builder, (name, value)| {
                let flags = NotationDataFlags::empty().set_human_readable();
                builder.add_notation(*name, value, flags, true).expect("a notation")
            })
        })
    }

    /// This person with any word by key number `key` of `issuer` on the first user ID.
    pub(crate) fn word(
        self,
        issuer: &Self,
        key: usize,
        kind: SignatureType,
        created: SystemTime,
        how: impl FnOnce(SignatureBuilder) -> SignatureBuilder,
    ) -> Self {
        let user_id = self.0.userids().next().expect("a user ID").userid().clone();
        let builder = SignatureBuilder::new(kind)
            .set_hash_algo(HashAlgorithm::SHA512)
            .set_signature_creation_time(created)
            .expect("a date");
        let word = how(builder)
            .sign_userid_binding(&mut issuer.key_pair(key), self.0.primary_key().key(), &user_id)
            .expect("a certification");
        self.plus([Packet::from(user_id), word.into()])
    }

    /// The public certificate with all that `others` say about it.
    pub(crate) fn certificate_among(&self, others: &[&Self]) -> Certificate {
        let issuers = others.iter().flat_map(|other| other.certificate().keys().to_vec()).map(|key| key.id).collect();
        let public = self.public();
        let pieces = super::split::pieces(&public).expect("a piece");
        let raw = super::split::RawCertificate::only(&pieces).expect("a certificate");
        raw.minimise(&issuers, &Limits::default()).expect("a certificate")
    }

    /// The public certificate.
    pub(crate) fn certificate(&self) -> Certificate {
        Certificate::parse(&self.public(), &Limits::default()).expect("a certificate")
    }

    /// The public certificate's packets.
    pub(crate) fn public(&self) -> Vec<u8> {
        self.0.to_vec().expect("packets")
    }

    /// The same with its secrets.
    pub(crate) fn secret(&self) -> Vec<u8> {
        self.0.as_tsk().to_vec().expect("packets")
    }

    /// The secret key with this number; the primary one is 0.
    pub(crate) fn key_pair(&self, number: usize) -> KeyPair {
        let key = self.0.keys().nth(number).expect("that many keys").key().clone();
        key.parts_into_secret().and_then(|key| key.into_keypair()).expect("a secret key")
    }

    /// A signature file over `text` by the primary key, made now.
    pub(crate) fn sign_text(&self, text: &[u8]) -> Vec<u8> {
        let builder = SignatureBuilder::new(SignatureType::Binary)
            .set_hash_algo(HashAlgorithm::SHA512)
            .set_signature_creation_time(NOW)
            .expect("a date");
        file(&builder.sign_message(&mut self.key_pair(0), text).expect("a signature"))
    }

    /// A signature over [`MESSAGE`] by the primary key, made now.
    pub(crate) fn sign(&self) -> SignatureFile {
        self.sign_with(0, |builder| builder)
    }

    /// A signature over [`MESSAGE`].
    pub(crate) fn sign_with(
        &self,
        key: usize,
        how: impl FnOnce(SignatureBuilder) -> SignatureBuilder,
    ) -> SignatureFile {
        parse(&file(&self.signature(key, how))).expect("a signature file")
    }

    /// The same as the library's own.
    pub(crate) fn signature(&self, key: usize, how: impl FnOnce(SignatureBuilder) -> SignatureBuilder) -> Signature {
        let builder = SignatureBuilder::new(SignatureType::Binary)
            .set_hash_algo(HashAlgorithm::SHA512)
            .set_signature_creation_time(NOW)
            .expect("a date");
        how(builder).sign_message(&mut self.key_pair(key), MESSAGE).expect("a signature")
    }
}

/// Reads a signature file with the usual limits.
pub(crate) fn parse(bytes: &[u8]) -> Result<SignatureFile, super::SignatureFault> {
    SignatureFile::parse(bytes, &Limits::default())
}

/// A signature as a binary file.
pub(crate) fn file(signature: &Signature) -> Vec<u8> {
    packet(signature.clone())
}

/// A packet's bytes.
pub(crate) fn packet(packet: impl Into<Packet>) -> Vec<u8> {
    let mut bytes = Vec::new();
    packet.into().serialize(&mut bytes).expect("packet");
    bytes
}

/// Packets that nobody signed.
pub(crate) mod packets {
    use super::super::KeyId;
    use super::super::packets::{tag, write};

    /// A certification that names a stranger, another one for each number.
    pub(crate) fn strangers_signature(number: u64) -> Vec<u8> {
        signature_by(KeyId(0xdead_0000_0000_0000 | number), number)
    }

    /// A certification that names this key, and is not by it.
    pub(crate) fn signature_by(id: KeyId, number: u64) -> Vec<u8> {
        let mut body = vec![4, 0x10, 22, 8, 0, 6, 5, 2, 0x60, 0, 0, 0, 0, 10, 9, 16];
        body.extend(id.0.to_be_bytes());
        body.extend([0x12, 0x34, 1, 0]);
        body.extend([0xff; 32]);
        body.extend([1, 0]);
        body.extend([0xff; 24]);
        body.extend(number.to_be_bytes());
        let mut bytes = Vec::new();
        write(tag::SIGNATURE, &body, &mut bytes);
        bytes
    }
}
