//! Signature files, well formed and in every way ill formed.

use std::time::Duration;

use sequoia_openpgp::Packet;
use sequoia_openpgp::armor::{Kind, Writer};
use sequoia_openpgp::packet::Signature;
use sequoia_openpgp::packet::signature::SignatureBuilder;
use sequoia_openpgp::packet::signature::subpacket::{NotationDataFlags, Subpacket, SubpacketTag, SubpacketValue};
use sequoia_openpgp::serialize::SerializeInto as _;
use sequoia_openpgp::types::{HashAlgorithm, SignatureType};
use serde::Deserialize;

use super::people::{Person, SIGNED, hash, time};

/// What a case says of a signature.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Options {
    /// 0 is the primary key.
    pub(crate) key: usize,
    /// The signature's type: 0 by default, 1 is text mode.
    kind: u8,
    hash: Option<String>,
    /// Seconds since 1970.
    pub(crate) at: Option<u64>,
    /// Seconds from `at` on.
    expires: Option<u64>,
    /// A notation of this name, critical or not.
    critical_notation: Option<String>,
    notation: Option<String>,
    /// An unknown subpacket, critical or not.
    critical_subpacket: bool,
    subpacket: bool,
    /// A subpacket that belongs on certifications: a trust signature.
    critical_trust: bool,
    /// Leaves out what names the issuer, or the time.
    no_issuer: bool,
    no_time: bool,
    /// Names this person as the issuer, by an unhashed key ID beside the true one.
    pub(crate) claims: Option<String>,
    /// How the file is made: see [`wrap`].
    form: Option<String>,
    /// For the forms that join two signatures: whose the other one is.
    pub(crate) with: Option<String>,
}

impl Options {
    /// A signature file over `message`.
    pub(crate) fn file(&self, by: &Person, with: Option<&Person>, claimed: Option<&Person>, message: &[u8]) -> Vec<u8> {
        let signature = self.signature(by, claimed, message);
        let other = with.map(|with| self.signature(with, None, message));
        wrap(self.form.as_deref().unwrap_or("armored"), signature, other, message)
    }

    /// What gpg does not do of all this. Whatever the file looks like, the signature in it can be gpg's.
    pub(super) fn beyond_gpg(&self) -> Option<&'static str> {
        match () {
            () if self.kind > 1 => Some("a signature of another type"),
            () if self.critical_subpacket || self.subpacket || self.critical_trust => Some("a subpacket out of place"),
            () if self.no_issuer || self.no_time => Some("a signature without an issuer or a time"),
            () if self.hash.as_ref().is_some_and(|hash| hash.starts_with("sha3-")) => {
                Some("a hash of the SHA-3 family")
            }
            () => None,
        }
    }

    /// The same as gpg is asked for it.
    fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        words.extend(self.hash.as_ref().map(|hash| format!("--digest-algo={hash}")));
        words.extend(self.expires.map(|seconds| format!("--default-sig-expire=seconds={seconds}")));
        words.extend(self.critical_notation.as_ref().map(|name| format!("--sig-notation=!{name}=value")));
        words.extend(self.notation.as_ref().map(|name| format!("--sig-notation={name}=value")));
        words.extend((self.kind == 1).then(|| "--textmode".to_owned()));
        words
    }

    fn signature(&self, by: &Person, claimed: Option<&Person>, message: &[u8]) -> Signature {
        let mut key = by.key(if claimed.is_some() { 0 } else { self.key });
        let at = time(self.at.unwrap_or(SIGNED));
        let hash = self.hash.as_deref().map_or(HashAlgorithm::SHA512, hash);
        let mut builder = SignatureBuilder::new(SignatureType::from(self.kind)).set_hash_algo(hash);
        if !self.no_time {
            builder = builder.set_signature_creation_time(at).expect("a date");
        }
        if let Some(expires) = self.expires {
            builder = builder.set_signature_validity_period(Duration::from_secs(expires)).expect("a period");
        }
        for (name, critical) in [(&self.critical_notation, true), (&self.notation, false)] {
            if let Some(name) = name {
                let flags = NotationDataFlags::empty().set_human_readable();
                builder = builder.add_notation(name, b"value", flags, critical).expect("a notation");
            }
        }
        let unknown = || SubpacketValue::Unknown { tag: SubpacketTag::Private(101), body: vec![1, 2, 3] };
        for (wanted, critical) in [(self.critical_subpacket, true), (self.subpacket, false)] {
            if wanted {
                let changed = builder.modify_hashed_area(|mut area| {
                    area.add(Subpacket::new(unknown(), critical)?)?;
                    Ok(area)
                });
                builder = changed.expect("a subpacket");
            }
        }
        if self.critical_trust {
            builder = builder.set_trust_signature(1, 120).expect("a trust signature");
            builder = builder
                .modify_hashed_area(|mut area| {
                    let trust = SubpacketValue::TrustSignature { level: 1, trust: 120 };
                    area.replace(Subpacket::new(trust, true)?)?;
                    Ok(area)
                })
                .expect("a subpacket");
        }
        if self.no_time || self.no_issuer || self.kind > 1 {
            return self.bare(&mut key, message);
        }
        let mut signature = match &by.gpg {
            Some(gpg) => {
                gpg.sign(&key.public().fingerprint().to_hex(), self.at.unwrap_or(SIGNED), &self.words(), message)
            }
            None => builder.sign_message(&mut key, message).expect("a signature"),
        };
        if let Some(claimed) = claimed {
            let id = SubpacketValue::Issuer(claimed.key(0).public().keyid());
            signature.unhashed_area_mut().add(Subpacket::new(id, false).expect("a subpacket")).expect("room");
        }
        signature
    }

    /// A good signature of another type, without a time, or without an issuer: the library would not make it.
    fn bare(&self, key: &mut sequoia_openpgp::crypto::KeyPair, message: &[u8]) -> Signature {
        use sequoia_openpgp::crypto::Signer as _;
        use sequoia_openpgp::crypto::hash::Hash as _;
        use sequoia_openpgp::packet::signature::Signature4;
        use sequoia_openpgp::packet::signature::subpacket::SubpacketArea;
        let mut hashed = Vec::new();
        if !self.no_time {
            let made = sequoia_openpgp::types::Timestamp::try_from(time(SIGNED)).expect("a time");
            hashed.push(Subpacket::new(SubpacketValue::SignatureCreationTime(made), false).expect("a subpacket"));
        }
        if !self.no_issuer {
            let issuer = SubpacketValue::IssuerFingerprint(key.public().fingerprint());
            hashed.push(Subpacket::new(issuer, false).expect("a subpacket"));
        }
        let area = |packets| SubpacketArea::new(packets).expect("an area");
        let algorithm = key.public().pk_algo();
        let fields = |hashed: Vec<_>, mpis| {
            let (hash, prefix) = (HashAlgorithm::SHA512, [0; 2]);
            Signature4::new(
                SignatureType::from(self.kind),
                algorithm,
                hash,
                area(hashed),
                area(Vec::new()),
                prefix,
                mpis,
            )
        };
        let empty = sequoia_openpgp::crypto::mpi::Signature::Unknown { mpis: Box::new([]), rest: Vec::new().into() };
        let draft = fields(hashed.clone(), empty);
        let mut context = HashAlgorithm::SHA512.context().expect("a hash").for_signature(4);
        context.update(message);
        let digest = Signature::from(draft).hash(&mut context).and_then(|()| context.into_digest()).expect("a digest");
        let made = key.sign(HashAlgorithm::SHA512, &digest).expect("a signature");
        fields(hashed, made).into()
    }
}

/// Puts a signature into a file.
fn wrap(form: &str, signature: Signature, other: Option<Signature>, message: &[u8]) -> Vec<u8> {
    let one = Packet::from(signature).to_vec().expect("a packet");
    let other = other.map(|other| Packet::from(other).to_vec().expect("a packet")).unwrap_or_default();
    let block = |bytes: &[u8]| armor(Kind::Signature, bytes);
    let text = |bytes: &[u8]| String::from_utf8(block(bytes)).expect("armour is text");
    let long = || format!("Comment: {}\n", "x".repeat(70)).repeat(900);
    match form {
        "armored" => block(&one),
        "binary" => one,
        "empty" => Vec::new(),
        "empty-armor" => block(&[]),
        "cut-short" => one[..one.len() - 7].to_vec(),
        "twice" => [one.clone(), one].concat(),
        "joined" => block(&[one, other].concat()),
        "two-blocks" => [block(&one), block(&other)].concat(),
        "bytes-before" => [b"junk".to_vec(), one].concat(),
        "bytes-after" => [one, b"junk".to_vec()].concat(),
        "marker-before" => [packet(10, b"PGP"), one].concat(),
        "padding-after" => [one, packet(21, b"padding")].concat(),
        "text-before" => [b"Look:\n".to_vec(), block(&one)].concat(),
        "text-after" => [block(&one), b"the end\n".to_vec()].concat(),
        "other-block" => armor(Kind::Message, &one),
        "bad-checksum" => {
            let text = text(&one);
            let end = text.find("-----END").expect("an end");
            let without = text.lines().filter(|line| !line.starts_with('=')).collect::<Vec<_>>().join("\n");
            let end = without.find("-----END").unwrap_or(end);
            format!("{}=AAAA\n{}\n", &without[..end], &without[end..]).into_bytes()
        }
        "huge" => text(&one).replacen("\n\n", &format!("\n{}\n", long()), 1).into_bytes(),
        "cleartext" => {
            let told = String::from_utf8(message.to_vec()).expect("text");
            let start = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n";
            format!("{start}{told}{}", text(&one)).into_bytes()
        }
        "compressed" => packet(8, &[&[0], &one[..]].concat()),
        "literal" => packet(11, &[b"b\x00\x00\x00\x00\x00".as_slice(), message].concat()),
        "one-pass" => packet(4, &[3, 0, 10, 22, 1, 2, 3, 4, 5, 6, 7, 8, 1]),
        "encrypted" => packet(18, &[1; 40]),
        "version-3" => versioned(&one, 3),
        "version-5" => versioned(&one, 5),
        "flipped" => {
            let mut bytes = one;
            let last = bytes.len() - 1;
            bytes[last] ^= 1;
            bytes
        }
        other => panic!("no form is named {other}"),
    }
}

/// The same packet under another version.
fn versioned(packet: &[u8], version: u8) -> Vec<u8> {
    let mut bytes = packet.to_vec();
    let place = bytes.iter().position(|byte| *byte == 4).expect("a version");
    bytes[place] = version;
    bytes
}

/// A packet in the new framing, up to 8,383 bytes.
fn packet(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = match body.len() {
        short @ 0..192 => vec![short as u8],
        long => vec![((long - 192) >> 8) as u8 + 192, ((long - 192) & 0xff) as u8],
    };
    [vec![0xc0 | tag], length, body.to_vec()].concat()
}

/// Bytes in a block of ASCII armour.
pub(crate) fn armor(kind: Kind, bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut writer = Writer::new(Vec::new(), kind).expect("a writer");
    writer.write_all(bytes).expect("written");
    writer.finalize().expect("an end")
}
