//! People with throwaway keys: made in the test's own process, never written anywhere but by a case that is about them.

use std::time::{Duration, SystemTime};

use sequoia_openpgp::crypto::KeyPair;
use sequoia_openpgp::packet::key::{Key4, PrimaryRole, SecretParts, SubordinateRole};
use sequoia_openpgp::packet::signature::SignatureBuilder;
use sequoia_openpgp::packet::{Key, UserID};
use sequoia_openpgp::serialize::SerializeInto as _;
use sequoia_openpgp::types::{Curve, Features, HashAlgorithm, KeyFlags, ReasonForRevocation, SignatureType};
use sequoia_openpgp::{Cert, Packet};
use serde::Deserialize;

use super::certify::Word;
use super::gpg::InGpg;

/// When all keys are made, unless a case says otherwise: 2024-01-01T00:00:00Z.
pub(crate) const MADE: u64 = 1_704_067_200;
/// When everybody signs: 2024-06-01T00:00:00Z.
pub(crate) const SIGNED: u64 = 1_717_200_000;

/// What a case says of somebody. Unless told otherwise: an Ed25519 key that signs and certifies, without an end.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Recipe {
    /// `ed25519`, `p256`, `rsa2048` or `rsa1024`.
    algorithm: Option<String>,
    /// The text of the user ID, with `\xNN` for a byte.
    user_id: Option<String>,
    /// Further user IDs.
    user_ids: usize,
    /// Seconds since 1970.
    made: Option<u64>,
    /// Days from `made` on.
    expires: Option<u64>,
    /// The primary key only certifies.
    certifies_only: bool,
    /// The user ID is bound by a signature over this hash.
    binding_hash: Option<String>,
    subkeys: Vec<Subkey>,
    /// `compromised`, `unspecified`, `none` (no reason), `superseded` or `retired`.
    revoked: Option<String>,
    /// Days from `made` on.
    revoked_after: u64,
    /// So many certifications on the last user ID, all but the first of them rubbish.
    flood: u32,
    /// Whose they are, or say they are; otherwise by a key that is in no keyring.
    pub(crate) flood_by: Option<String>,
    /// Who certified them, and for what.
    pub(crate) certified: Vec<Word>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
struct Subkey {
    /// `signing` (the default) or `encryption`.
    flags: Option<String>,
    expires: Option<u64>,
    revoked: Option<String>,
    /// Nothing binds it to the certificate.
    unbound: bool,
    /// It signs, but has not signed that it belongs to the certificate.
    no_back_signature: bool,
}

/// Somebody with secret keys.
#[derive(Clone)]
pub(crate) struct Person {
    pub(super) cert: Cert,
    /// Secret keys: the primary one, then the subkeys in the order of the recipe.
    keys: Vec<KeyPair>,
    /// What the certificate cannot hold, since nothing binds it.
    loose: Vec<u8>,
    /// Where gpg makes what this person signs.
    pub(super) gpg: Option<InGpg>,
}

impl Recipe {
    /// What gpg does not do of all this.
    pub(super) fn beyond_gpg(&self) -> Option<&'static str> {
        match self.flood {
            0 => self.certified.iter().find_map(Word::beyond_gpg),
            _ => Some("a flood of certifications that do not hold"),
        }
    }
}

impl Person {
    pub(crate) fn new(name: &str, recipe: &Recipe) -> Self {
        let made = time(recipe.made.unwrap_or(MADE));
        let mut primary = primary_key(recipe.algorithm.as_deref());
        primary.set_creation_time(made).expect("a date");
        let mut signer = primary.clone().into_keypair().expect("a secret key");
        let cert = Cert::try_from(vec![Packet::from(primary)]).expect("a certificate");
        let mut person = Self { cert, keys: vec![signer.clone()], loose: Vec::new(), gpg: None };
        let first = recipe.user_id.clone().unwrap_or_else(|| format!("{name} <{name}@example.org>"));
        let hash = recipe.binding_hash.as_deref().map_or(HashAlgorithm::SHA512, hash);
        for number in 0..=recipe.user_ids {
            let text =
                if number == 0 { super::unescape(&first) } else { format!("{name}{number}@example.org").into_bytes() };
            let user_id = UserID::from(text);
            let flags = KeyFlags::empty().set_certification();
            let mut builder = SignatureBuilder::new(SignatureType::PositiveCertification)
                .set_hash_algo(hash)
                .set_signature_creation_time(made)
                .and_then(|b| b.set_features(Features::empty()))
                .and_then(|b| b.set_key_flags(if recipe.certifies_only { flags } else { flags.set_signing() }))
                .expect("a builder");
            if let Some(days) = recipe.expires {
                builder = builder.set_key_validity_period(DAY * days as u32).expect("a period");
            }
            let binding = builder.sign_userid_binding(&mut signer, None, &user_id).expect("a binding");
            person = person.plus([Packet::from(user_id), binding.into()]);
        }
        recipe.subkeys.iter().for_each(|subkey| person.add_subkey(subkey, made));
        if let Some(reason) = &recipe.revoked {
            let builder = revocation(SignatureType::KeyRevocation, reason, made + DAY * recipe.revoked_after as u32);
            let revocation = builder.sign_direct_key(&mut signer, None).expect("a revocation");
            person = person.plus([Packet::from(revocation)]);
        }
        person
    }

    fn add_subkey(&mut self, recipe: &Subkey, made: SystemTime) {
        let mut key: Key<SecretParts, SubordinateRole> =
            Key4::generate_ecc(true, Curve::Ed25519).expect("a key").into();
        key.set_creation_time(made).expect("a date");
        let mut subkey = key.clone().into_keypair().expect("a secret key");
        let mut primary = self.keys[0].clone();
        self.keys.push(subkey.clone());
        if recipe.unbound {
            self.loose = Packet::from(key.clone().parts_into_public()).to_vec().expect("a packet");
            return;
        }
        let signs = recipe.flags.as_deref().unwrap_or("signing") == "signing";
        let flags = if signs { KeyFlags::empty().set_signing() } else { KeyFlags::empty().set_transport_encryption() };
        let mut builder = SignatureBuilder::new(SignatureType::SubkeyBinding)
            .set_signature_creation_time(made)
            .and_then(|b| b.set_key_flags(flags))
            .expect("a builder");
        if let Some(days) = recipe.expires {
            builder = builder.set_key_validity_period(DAY * days as u32).expect("a period");
        }
        let public = key.clone().parts_into_public();
        if signs && !recipe.no_back_signature {
            let back = SignatureBuilder::new(SignatureType::PrimaryKeyBinding)
                .set_signature_creation_time(made)
                .and_then(|b| b.sign_primary_key_binding(&mut subkey, self.cert.primary_key().key(), &public))
                .expect("a back signature");
            builder = builder.set_embedded_signature(back).expect("a builder");
        }
        let binding = builder.sign_subkey_binding(&mut primary, self.cert.primary_key().key(), &public);
        let mut packets = vec![Packet::from(key), binding.expect("a binding").into()];
        if let Some(reason) = &recipe.revoked {
            let revoked = revocation(SignatureType::SubkeyRevocation, reason, made + DAY).sign_subkey_binding(
                &mut primary,
                self.cert.primary_key().key(),
                &public,
            );
            packets.push(revoked.expect("a revocation").into());
        }
        *self = self.clone().plus(packets);
    }

    /// The certificate with the certifications that the recipe asks for, by `by` or by a stranger.
    pub(crate) fn flooded(mut self, recipe: &Recipe, by: Option<&Self>) -> Self {
        if recipe.flood == 0 {
            return self;
        }
        let mut issuer = by.map_or_else(|| Self::new("stranger", &Recipe::default()).key(0), |by| by.key(0));
        let user_id = self.cert.userids().last().expect("a user ID").userid().clone();
        let made = SignatureBuilder::new(SignatureType::GenericCertification)
            .set_signature_creation_time(time(MADE))
            .and_then(|b| b.sign_userid_binding(&mut issuer, self.cert.primary_key().key(), &user_id))
            .expect("a certification");
        let packet = Packet::from(made).to_vec().expect("a packet");
        for number in 0..recipe.flood {
            let (head, tail) = packet.split_at(packet.len() - 4);
            let tail = u32::from_be_bytes(tail.try_into().expect("four bytes")).wrapping_add(number);
            self.loose.extend(head);
            self.loose.extend(tail.to_be_bytes());
        }
        self
    }

    pub(super) fn plus(self, packets: impl IntoIterator<Item = Packet>) -> Self {
        let packets: Vec<_> = packets.into_iter().collect();
        Self { cert: self.cert.insert_packets(packets).expect("packets").0, ..self }
    }

    /// A certificate of the same keys and user IDs without any fault, with which gpg signs.
    pub(super) fn plain(&self) -> Cert {
        let made = self.cert.primary_key().key().creation_time();
        let mut signer = self.key(0);
        let primary = self.cert.primary_key().key().clone().parts_into_secret().expect("a secret key");
        let mut cert = Cert::try_from(vec![Packet::from(primary)]).expect("a certificate");
        let builder = |kind| SignatureBuilder::new(kind).set_signature_creation_time(made).expect("a date");
        for user_id in self.cert.userids().map(|one| one.userid().clone()) {
            let flags = KeyFlags::empty().set_certification().set_signing();
            let binding = builder(SignatureType::PositiveCertification).set_key_flags(flags).expect("flags");
            let binding = binding.sign_userid_binding(&mut signer, None, &user_id).expect("a binding");
            cert = cert.insert_packets([Packet::from(user_id), binding.into()]).expect("packets").0;
        }
        for mut subkey in self.keys.iter().skip(1).cloned() {
            let key: Key<SecretParts, SubordinateRole> = Key::from(subkey.clone()).role_into_subordinate();
            let public = key.clone().parts_into_public();
            let back = builder(SignatureType::PrimaryKeyBinding)
                .sign_primary_key_binding(&mut subkey, self.cert.primary_key().key(), &public)
                .expect("a back signature");
            let binding = builder(SignatureType::SubkeyBinding)
                .set_key_flags(KeyFlags::empty().set_signing())
                .and_then(|b| b.set_embedded_signature(back))
                .and_then(|b| b.sign_subkey_binding(&mut signer, self.cert.primary_key().key(), &public));
            let packets = [Packet::from(key), binding.expect("a binding").into()];
            cert = cert.insert_packets(packets).expect("packets").0;
        }
        cert
    }

    /// The public certificate's packets.
    pub(crate) fn public(&self) -> Vec<u8> {
        let cert = self.cert.clone().strip_secret_key_material();
        [cert.to_vec().expect("packets"), self.loose.clone()].concat()
    }

    /// The certificate as it was before anything of it was revoked.
    pub(crate) fn unrevoked(&self) -> Vec<u8> {
        let is_kept =
            |packet: &Packet| !matches!(packet, Packet::Signature(made) if made.typ() == SignatureType::KeyRevocation);
        let packets = self.cert.clone().strip_secret_key_material().into_packets().filter(is_kept);
        packets.flat_map(|packet| packet.to_vec().expect("a packet")).collect()
    }

    /// The primary key alone.
    pub(crate) fn bare(&self) -> Vec<u8> {
        Packet::from(self.cert.primary_key().key().clone()).to_vec().expect("a packet")
    }

    /// The certificate with its secret keys, which no keyring may hold.
    pub(crate) fn secret(&self) -> Vec<u8> {
        self.cert.as_tsk().to_vec().expect("packets")
    }

    /// The fingerprint of the primary key (0) or of a subkey.
    pub(crate) fn fingerprint(&self, key: usize) -> String {
        self.keys[key].public().fingerprint().to_hex()
    }

    pub(crate) fn key(&self, number: usize) -> KeyPair {
        self.keys[number].clone()
    }
}

/// A hash by its name.
pub(crate) fn hash(name: &str) -> HashAlgorithm {
    match name {
        "md5" => HashAlgorithm::MD5,
        "ripemd160" => HashAlgorithm::RipeMD,
        "sha1" => HashAlgorithm::SHA1,
        "sha224" => HashAlgorithm::SHA224,
        "sha256" => HashAlgorithm::SHA256,
        "sha384" => HashAlgorithm::SHA384,
        "sha512" => HashAlgorithm::SHA512,
        "sha3-256" => HashAlgorithm::SHA3_256,
        "sha3-512" => HashAlgorithm::SHA3_512,
        other => panic!("no hash is named {other}"),
    }
}

/// So many seconds after 1970.
pub(crate) fn time(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn primary_key(algorithm: Option<&str>) -> Key<SecretParts, PrimaryRole> {
    match algorithm.unwrap_or("ed25519") {
        "ed25519" => Key4::generate_ecc(true, Curve::Ed25519).expect("a key").into(),
        "p256" => Key4::generate_ecc(true, Curve::NistP256).expect("a key").into(),
        "rsa2048" => Key4::generate_rsa(2048).expect("a key").into(),
        "rsa1024" => Key4::generate_rsa(1024).expect("a key").into(),
        other => panic!("no algorithm is named {other}"),
    }
}

fn revocation(kind: SignatureType, reason: &str, made: SystemTime) -> SignatureBuilder {
    let builder = SignatureBuilder::new(kind).set_signature_creation_time(made).expect("a date");
    let reason = match reason {
        "none" => return builder,
        "unspecified" => ReasonForRevocation::Unspecified,
        "compromised" => ReasonForRevocation::KeyCompromised,
        "superseded" => ReasonForRevocation::KeySuperseded,
        "retired" => ReasonForRevocation::KeyRetired,
        other => panic!("no reason is named {other}"),
    };
    builder.set_reason_for_revocation(reason, b"").expect("a reason")
}

/// One day.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
