//! People who certify each other, with throwaway keys, from the description in a `network.toml`.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sequoia_openpgp::packet::key::{Key4, PrimaryRole, SecretParts};
use sequoia_openpgp::packet::signature::SignatureBuilder;
use sequoia_openpgp::packet::signature::subpacket::NotationDataFlags;
use sequoia_openpgp::packet::{Key, UserID};
use sequoia_openpgp::serialize::SerializeInto as _;
use sequoia_openpgp::types::{HashAlgorithm, KeyFlags, ReasonForRevocation, SignatureType};
use sequoia_openpgp::{Cert, Packet};
use serde::Deserialize;

/// Day 0: 2024-01-01T00:00:00Z. All days are counted from here.
const DAY_0: u64 = 1_704_067_200;

/// The people of a network and what they say of each other, in the order in which they say it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Network {
    people: BTreeMap<String, Recipe>,
    #[serde(default)]
    certifications: Vec<Certification>,
}

/// Somebody. Unless told otherwise: made on day 0, without an end, with the one user ID `name <name@example.org>`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
struct Recipe {
    user_ids: Vec<String>,
    /// The day on which the certificate expires.
    expires: Option<u64>,
    /// `compromised`, `none` (no reason), `superseded` or `retired`.
    revoked: Option<String>,
    /// The day of that revocation.
    revoked_on: u64,
    /// A user ID that is taken back on day 50.
    user_id_revoked: Option<String>,
    /// The certificate lacks this user ID's self-signature.
    user_id_unsigned: Option<String>,
}

/// A certification, or the revocation of one.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Certification {
    by: String,
    of: String,
    /// The user ID; the first one, unless told otherwise.
    user_id: Option<String>,
    /// A trust signature's depth and amount; where neither is given there is none.
    depth: Option<u8>,
    amount: Option<u8>,
    #[serde(default)]
    regexes: Vec<String>,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    scopes: Vec<String>,
    /// On day 100, unless told otherwise.
    made: Option<u64>,
    /// The day on which it expires.
    expires: Option<u64>,
    /// `sha1`; SHA-512 otherwise.
    hash: Option<String>,
    /// It takes back what was said before.
    #[serde(default)]
    revocation: bool,
}

/// The day with this number.
pub(crate) fn day(number: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(DAY_0 + number * 24 * 60 * 60)
}

impl Network {
    /// Makes everybody: their fingerprints by name, and one keyring of all.
    pub(crate) fn make(&self) -> (BTreeMap<String, String>, Vec<u8>) {
        let mut people: BTreeMap<_, _> =
            self.people.iter().map(|(name, recipe)| (name.clone(), Person::new(name, recipe))).collect();
        for word in &self.certifications {
            let issuer = people.get(&word.by).expect("an issuer").clone();
            let target = people.get_mut(&word.of).expect("a target");
            let user_id = word.user_id.clone().unwrap_or_else(|| self.user_id(&word.of));
            target.certified(&issuer, word, &user_id);
        }
        let names = people.iter().map(|(name, person)| (name.clone(), person.0.fingerprint().to_hex())).collect();
        let bytes = people.values().flat_map(|person| person.0.to_vec().expect("a certificate")).collect();
        (names, bytes)
    }

    /// The first user ID of somebody.
    pub(crate) fn user_id(&self, name: &str) -> String {
        let recipe = self.people.get(name).expect("a person");
        recipe.user_ids.first().cloned().unwrap_or_else(|| format!("{name} <{name}@example.org>"))
    }
}

#[derive(Clone)]
struct Person(Cert, Key<SecretParts, PrimaryRole>);

impl Person {
    fn new(name: &str, recipe: &Recipe) -> Self {
        let mut key: Key<SecretParts, PrimaryRole> = Key4::generate_ed25519().expect("a key").into();
        key.set_creation_time(day(0)).expect("a date");
        let mut person = Self(Cert::try_from(vec![Packet::from(key.clone())]).expect("a certificate"), key.clone());
        let mut signer = key.into_keypair().expect("a secret key");
        let default = vec![format!("{name} <{name}@example.org>")];
        for text in if recipe.user_ids.is_empty() { &default } else { &recipe.user_ids } {
            let user_id = UserID::from(&**text);
            let mut builder = SignatureBuilder::new(SignatureType::PositiveCertification)
                .set_signature_creation_time(day(0))
                .and_then(|b| b.set_key_flags(KeyFlags::empty().set_certification().set_signing()))
                .expect("a builder");
            if let Some(end) = recipe.expires {
                builder = builder.set_key_validity_period(day(end).duration_since(day(0)).ok()).expect("a period");
            }
            let binding = builder.sign_userid_binding(&mut signer, None, &user_id).expect("a binding");
            let unsigned = recipe.user_id_unsigned.as_ref() == Some(text);
            person.add(if unsigned { vec![user_id.into()] } else { vec![user_id.into(), binding.into()] });
        }
        if let Some(text) = &recipe.user_id_revoked {
            let user_id = UserID::from(&**text);
            let revocation = SignatureBuilder::new(SignatureType::CertificationRevocation)
                .set_signature_creation_time(day(50))
                .and_then(|b| b.set_reason_for_revocation(ReasonForRevocation::UIDRetired, b""))
                .and_then(|b| b.sign_userid_binding(&mut signer, None, &user_id))
                .expect("a revocation");
            person.add(vec![user_id.into(), revocation.into()]);
        }
        if let Some(reason) = &recipe.revoked {
            let mut builder = SignatureBuilder::new(SignatureType::KeyRevocation)
                .set_signature_creation_time(day(recipe.revoked_on))
                .expect("a builder");
            let reason = match reason.as_str() {
                "none" => None,
                "compromised" => Some(ReasonForRevocation::KeyCompromised),
                "superseded" => Some(ReasonForRevocation::KeySuperseded),
                "retired" => Some(ReasonForRevocation::KeyRetired),
                other => panic!("no such reason: {other}"),
            };
            if let Some(reason) = reason {
                builder = builder.set_reason_for_revocation(reason, b"").expect("a reason");
            }
            person.add(vec![builder.sign_direct_key(&mut signer, None).expect("a revocation").into()]);
        }
        person
    }

    fn certified(&mut self, issuer: &Self, word: &Certification, user_id: &str) {
        let user_id = UserID::from(user_id);
        let kind =
            if word.revocation { SignatureType::CertificationRevocation } else { SignatureType::GenericCertification };
        let hash = match word.hash.as_deref() {
            None => HashAlgorithm::SHA512,
            Some("sha1") => HashAlgorithm::SHA1,
            Some(other) => panic!("no such hash: {other}"),
        };
        let made = word.made.unwrap_or(100);
        let mut builder =
            SignatureBuilder::new(kind).set_hash_algo(hash).set_signature_creation_time(day(made)).expect("a builder");
        if word.depth.is_some() || word.amount.is_some() {
            builder = builder
                .set_trust_signature(word.depth.unwrap_or(0), word.amount.unwrap_or(120))
                .expect("a trust signature");
        }
        for regex in &word.regexes {
            builder = builder.add_regular_expression(regex).expect("a regex");
        }
        let roles = word.roles.iter().map(|role| ("role@countersign.dev", role));
        for (name, value) in roles.chain(word.scopes.iter().map(|scope| ("scope@countersign.dev", scope))) {
            let flags = NotationDataFlags::empty().set_human_readable();
            builder = builder.add_notation(name, value, flags, true).expect("a notation");
        }
        if let Some(end) = word.expires {
            builder = builder
                .set_signature_validity_period(day(end).duration_since(day(made)).expect("later"))
                .expect("a period");
        }
        let mut signer = issuer.1.clone().into_keypair().expect("a secret key");
        let word = builder.sign_userid_binding(&mut signer, self.0.primary_key().key(), &user_id).expect("a signature");
        self.add(vec![user_id.into(), word.into()]);
    }

    fn add(&mut self, packets: Vec<Packet>) {
        self.0 = self.0.clone().insert_packets(packets).expect("packets").0;
    }
}
