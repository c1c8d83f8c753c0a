//! What a third-party signature on a user ID says: facts that were parsed, of which none has been checked.

use std::sync::Arc;

use sequoia_openpgp::packet::Signature;
use sequoia_openpgp::parse::Parse as _;
use sequoia_openpgp::types::HashAlgorithm;

use super::super::certificate::{Certificate, plain};
use super::super::packets::{SignatureHints, tag};
use super::super::signature::handle;
use super::super::standing::moment;
use super::super::{Handle, KeyId};
use super::{Party, Regexes, Unusable, notation};
use crate::grant::{Amount, Depth, Grant};
use crate::time::Timestamp;

/// What kind of word it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "somebody says something, or takes it back")]
pub enum Kind {
    /// The user ID belongs to the certificate (types 0x10 to 0x13).
    Certification,
    /// What was said of the two before is taken back (type 0x30).
    Revocation,
}

/// A certification, or the revocation of one, as it is written. Whoever it names may never have made it.
#[derive(Debug, Clone)]
pub struct Claim {
    kind: Kind,
    /// None where only the facts were kept.
    signature: Option<Signature>,
    hash: HashAlgorithm,
    issuers: Vec<Handle>,
    user_id: Arc<str>,
    created: Option<Timestamp>,
    expires: Option<Timestamp>,
    amount: Amount,
    depth: Depth,
    regexes: Arc<Regexes>,
    grant: Arc<Grant>,
    exportable: bool,
    fault: Option<Unusable>,
}

impl Claim {
    /// Reads a signature packet's body; none if it is no word of somebody else about a user ID.
    pub(super) fn read(body: &[u8], user_id: &Arc<str>, own: KeyId) -> Option<Self> {
        let (version, kind) = match body {
            [version @ (2 | 3), _, kind, ..] | [version @ (4 | 6), kind, ..] => (*version, *kind),
            _ => return None,
        };
        let kind = match kind {
            0x10..=0x13 => Kind::Certification,
            0x30 => Kind::Revocation,
            _ => return None,
        };
        let hints = SignatureHints::of(body)?;
        if !hints.is_by_another(own) {
            return None;
        }
        let signature = Signature::from_bytes(body).ok()?;
        let issuers: Vec<_> = signature.get_issuers().iter().filter_map(handle).collect();
        let (depth, amount) = signature.trust_signature().unwrap_or((0, Amount::FULL.value()));
        let (grant, fault) = match notation::read(&signature) {
            Ok(grant) => (grant, None),
            Err(fault) => (Grant::default(), Some(fault)),
        };
        let fault = if matches!(version, 4 | 6) { fault } else { Some(Unusable::Version(version)) };
        Some(Self {
            kind,
            issuers,
            user_id: user_id.clone(),
            created: signature.signature_creation_time().and_then(moment),
            expires: signature.signature_expiration_time().and_then(moment),
            amount: Amount::capped(amount),
            depth: Depth::new(depth),
            regexes: Arc::new(Regexes::new(signature.regular_expressions())),
            grant: Arc::new(grant),
            exportable: signature.exportable_certification().unwrap_or(true),
            fault,
            hash: signature.hash_algo(),
            signature: Some(signature),
        })
    }

    /// Whether it certifies or takes back.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Which keys it says made it. These pick candidates, and identify nobody.
    pub fn issuers(&self) -> &[Handle] {
        &self.issuers
    }

    /// The user ID that it speaks of.
    pub fn user_id(&self) -> &Arc<str> {
        &self.user_id
    }

    /// When it says it was made.
    pub fn created(&self) -> Option<Timestamp> {
        self.created
    }

    /// When it says it ends.
    pub fn expires(&self) -> Option<Timestamp> {
        self.expires
    }

    /// How much it relies on the target: 120 where it does not say.
    pub fn amount(&self) -> Amount {
        self.amount
    }

    /// How far it relies on the target's own certifications: not at all where it does not say.
    pub fn depth(&self) -> Depth {
        self.depth
    }

    /// The targets to which a delegation is limited.
    pub fn regexes(&self) -> &Arc<Regexes> {
        &self.regexes
    }

    /// Roles and scopes.
    pub fn grant(&self) -> &Arc<Grant> {
        &self.grant
    }

    /// Whether it is meant for others than its maker.
    pub fn is_exportable(&self) -> bool {
        self.exportable
    }

    /// The name of its hash.
    pub fn hash(&self) -> String {
        self.hash.to_string()
    }

    /// What makes it of no use whoever made it, if anything does.
    pub fn fault(&self) -> Option<&Unusable> {
        self.fault.as_ref()
    }

    /// A claim of which the signature is not at hand.
    #[expect(clippy::too_many_arguments, reason = "one for each fact")]
    pub(super) fn of_facts(
        kind: Kind,
        user_id: Arc<str>,
        (created, expires): (Option<Timestamp>, Option<Timestamp>),
        (amount, depth): (Amount, Depth),
        hash: HashAlgorithm,
        regexes: Arc<Regexes>,
        grant: Arc<Grant>,
        exportable: bool,
        fault: Option<Unusable>,
    ) -> Self {
        let (signature, issuers) = (None, Vec::new());
        Self {
            kind,
            signature,
            hash,
            issuers,
            user_id,
            created,
            expires,
            amount,
            depth,
            regexes,
            grant,
            exportable,
            fault,
        }
    }

    pub(super) fn hash_algorithm(&self) -> HashAlgorithm {
        self.hash
    }

    pub(super) fn signature(&self) -> Option<&Signature> {
        self.signature.as_ref()
    }

    /// Whether it says that a party made it. A claim without its signature was handed to whom it names.
    pub(super) fn names(&self, issuer: &Party<'_>) -> bool {
        let primary = &issuer.keys()[0];
        self.signature.is_none() || self.issuers.iter().any(|handle| primary.is_meant_by(handle))
    }
}

impl Certificate {
    /// What others say of its user IDs, in the order of its packets.
    ///
    /// Nothing is checked. User IDs that are not plain UTF-8, and signatures that cannot be read, are left out.
    pub fn claims(&self) -> Vec<Claim> {
        let own = self.keys()[0].id;
        let mut claims = Vec::new();
        let mut user_id: Option<Arc<str>> = None;
        for packet in self.packets() {
            match (packet.tag, &user_id) {
                (tag::SIGNATURE, Some(user_id)) => claims.extend(Claim::read(packet.body, user_id, own)),
                (tag::SIGNATURE, None) => {}
                (tag::USER_ID, _) => user_id = plain(packet.body).map(Arc::from),
                _ => user_id = None,
            }
        }
        claims
    }
}
