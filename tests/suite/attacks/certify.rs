//! What people say of each other: certifications with depth, amount, roles and scopes.

use sequoia_openpgp::Packet;
use sequoia_openpgp::packet::signature::SignatureBuilder;
use sequoia_openpgp::packet::signature::subpacket::NotationDataFlags;
use sequoia_openpgp::types::SignatureType;
use serde::Deserialize;

use super::people::{MADE, Person, time};

/// Somebody's word for the first user ID of whoever has it in their recipe.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Word {
    pub(crate) by: String,
    /// A trust signature's depth and amount; without a depth it is a plain certification.
    depth: Option<u8>,
    amount: Option<u8>,
    roles: Vec<String>,
    scopes: Vec<String>,
    /// Days after everybody's keys were made; the next day, unless told otherwise.
    made: Option<u32>,
}

impl Word {
    /// What gpg does not do of all this: it has two amounts.
    pub(super) fn beyond_gpg(&self) -> Option<&'static str> {
        let amount = self.amount.is_some_and(|amount| !matches!(amount, 60 | 120));
        if amount || self.depth == Some(0) { Some("an amount or a depth that gpg does not give") } else { None }
    }
}

impl Person {
    /// The certificate with one more certification on it.
    pub(crate) fn certified(self, by: &Self, word: &Word) -> Self {
        let at = MADE + u64::from(word.made.unwrap_or(1)) * 24 * 60 * 60;
        let made = time(at);
        let mut builder = SignatureBuilder::new(SignatureType::GenericCertification)
            .set_signature_creation_time(made)
            .expect("a date");
        if let Some(depth) = word.depth {
            builder = builder.set_trust_signature(depth, word.amount.unwrap_or(120)).expect("a trust signature");
        }
        let roles = word.roles.iter().map(|role| ("role@countersign.dev", role.as_str()));
        let scopes = word.scopes.iter().map(|scope| ("scope@countersign.dev", scope.as_str()));
        let notations: Vec<_> = roles.chain(scopes).collect();
        let user_id = self.cert.userids().next().expect("a user ID").userid().clone();
        if let (Some(issuer), Some(target)) = (&by.gpg, &self.gpg) {
            let trust = word.depth.map(|depth| (depth, word.amount.is_none_or(|amount| amount == 120)));
            let made = issuer.certify(&by.fingerprint(0), at, target, trust, &notations);
            return self.plus([Packet::from(user_id), made.into()]);
        }
        for (name, value) in notations {
            let flags = NotationDataFlags::empty().set_human_readable();
            builder = builder.add_notation(name, value, flags, true).expect("a notation");
        }
        let signed = builder.sign_userid_binding(&mut by.key(0), self.cert.primary_key().key(), &user_id);
        self.plus([Packet::from(user_id), signed.expect("a certification").into()])
    }
}
