//! What a user ID of a certificate is worth: whether the certificate claims it for itself, and has not taken it back.

use std::fmt;
use std::time::SystemTime;

use sequoia_openpgp::cert::amalgamation::ValidateAmalgamation as _;
use sequoia_openpgp::types::RevocationStatus;

use super::certificate::{Certificate, plain};
use super::packets::tag;
use super::policy;
use crate::reason::Code;
use crate::time::Times;

/// The standing of one user ID, apart from that of its certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "claimed, taken back, or never claimed")]
pub enum UserIdStanding {
    /// Self-signed, by today's rules.
    Good,
    /// Its owner took it back.
    Revoked,
    /// No self-signature on it holds: anybody could have added it.
    Unsigned,
}

impl UserIdStanding {
    /// The code of a user ID that cannot be used.
    pub fn code(self) -> Option<Code> {
        (self != Self::Good).then_some(Code::UserIdUnusable)
    }
}

impl fmt::Display for UserIdStanding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Good => "claimed by its owner",
            Self::Revoked => "revoked by its owner",
            Self::Unsigned => "not claimed by the certificate: no self-signature on it holds",
        })
    }
}

impl Certificate {
    /// Its user IDs in plain UTF-8, in the order of their text. Nothing is verified.
    pub fn names(&self) -> Vec<&str> {
        if self.is_readable() { self.texts() } else { Vec::new() }
    }

    /// Whether the library can read it at all.
    pub fn is_readable(&self) -> bool {
        self.any_cert().is_ok()
    }

    /// The same also of a certificate that the library cannot read.
    pub fn texts(&self) -> Vec<&str> {
        let user_ids = self.packets().filter(|packet| packet.tag == tag::USER_ID);
        let mut names: Vec<_> = user_ids.filter_map(|packet| plain(packet.body)).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The standing of one of its user IDs.
    pub fn user_id(&self, text: &str, times: &Times) -> UserIdStanding {
        let Ok(cert) = self.strong(times) else { return UserIdStanding::Unsigned };
        let (policy, at) = (policy::standard(times), SystemTime::from(times.at));
        let Some(user_id) = cert.userids().find(|user_id| user_id.userid().value() == text.as_bytes()) else {
            return UserIdStanding::Unsigned;
        };
        if matches!(user_id.revocation_status(&policy, at), RevocationStatus::Revoked(_)) {
            UserIdStanding::Revoked
        } else if user_id.with_policy(&policy, at).is_ok() {
            UserIdStanding::Good
        } else {
            UserIdStanding::Unsigned
        }
    }

    /// Its user IDs, each with its standing, in the order of their text.
    pub fn bindings(&self, times: &Times) -> Vec<(&str, UserIdStanding)> {
        self.names().into_iter().map(|text| (text, self.user_id(text, times))).collect()
    }
}
