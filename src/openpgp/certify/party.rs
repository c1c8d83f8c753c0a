//! A certificate as an issuer or a target of certifications: from when to when it was alive.

use super::super::KeyName;
use super::super::certificate::Certificate;
use super::super::standing::{Standing, expiry};
use crate::time::{Times, Timestamp};

/// A certificate with what `check` asks about its life, worked out once.
#[derive(Debug, Clone)]
pub struct Party<'a> {
    /// None where only what was judged is at hand.
    certificate: Option<&'a Certificate>,
    keys: &'a [KeyName],
    standing: Standing,
    made: Option<Timestamp>,
    end: Option<Timestamp>,
}

impl<'a> Party<'a> {
    /// Judges a certificate at a time. Its self-signatures are verified for this.
    pub fn new(certificate: &'a Certificate, times: &Times) -> Self {
        let standing = certificate.standing(times);
        let end = match &standing {
            Standing::Valid { until } => *until,
            Standing::Expired { since } => Some(since.unwrap_or(Timestamp::from_seconds(0))),
            Standing::Retired { since } => {
                let expiry = certificate.strong(times).ok().and_then(|cert| expiry(&cert, times));
                let since = since.unwrap_or(Timestamp::from_seconds(0));
                Some(expiry.map_or(since, |expiry| expiry.min(since)))
            }
            _ => None,
        };
        let (keys, made) = (certificate.keys(), certificate.created());
        Self { certificate: Some(certificate), keys, standing, made, end }
    }

    /// What was judged before, of a certificate with these keys: whoever calls this answers for it.
    pub(crate) fn known(
        keys: &'a [KeyName],
        made: Option<Timestamp>,
        standing: Standing,
        end: Option<Timestamp>,
    ) -> Self {
        Self { certificate: None, keys, standing, made, end }
    }

    /// The certificate, where it is at hand.
    pub fn certificate(&self) -> Option<&'a Certificate> {
        self.certificate
    }

    /// The names of its keys, the primary one first.
    pub fn keys(&self) -> &'a [KeyName] {
        self.keys
    }

    /// Its standing.
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// When its primary key was made.
    pub fn made(&self) -> Option<Timestamp> {
        self.made
    }

    /// When it expires or was retired, whichever comes first.
    pub fn end(&self) -> Option<Timestamp> {
        self.end
    }

    /// Whether it had expired or was retired at a time.
    pub fn is_gone_at(&self, time: Timestamp) -> bool {
        self.end.is_some_and(|end| end <= time)
    }
}
