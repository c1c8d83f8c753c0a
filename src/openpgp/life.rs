//! From when to when a judgement of a certificate holds: between two of the moments that are named in it.
//!
//! Between two neighbouring moments at which a signature was made or ends, or the key was made or ends, no comparison of
//! times comes out differently. So what was judged at one moment of such a span is right at each of them.

use std::time::SystemTime;

use sequoia_openpgp::packet::Signature;
use sequoia_openpgp::parse::Parse as _;
use serde::{Deserialize, Serialize};

use super::certificate::Certificate;
use super::standing::{Standing, moment};
use super::user_id::UserIdStanding;
use crate::time::Timestamp;

/// What was judged of a certificate at one moment, and from when to when it holds; in plain numbers and text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Life {
    /// The first second.
    from: u32,
    /// The first second in which it need not hold any more.
    until: Option<u32>,
    standing: Plain,
    /// When the certificate ends, as [`super::certify::Party`] has it.
    end: Option<u32>,
    /// For each of its user IDs, in order: what it is worth, if that was asked.
    user_ids: Vec<Option<u8>>,
}

/// A [`Standing`] in plain form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Plain {
    Valid(Option<u32>),
    Expired(Option<u32>),
    Retired(Option<u32>),
    Revoked,
    /// Where the library tells the moment that was asked about, [`ASKED`] stands in its place.
    Invalid(String),
    Unsupported(String),
}

impl Life {
    /// What was judged of a certificate at a moment; it holds as long as no other moment is named in the certificate.
    pub fn new(
        certificate: &Certificate,
        at: Timestamp,
        standing: &Standing,
        end: Option<Timestamp>,
        user_ids: impl Iterator<Item = Option<UserIdStanding>>,
    ) -> Self {
        let seconds = |time: &Option<Timestamp>| time.map(Timestamp::seconds);
        let (from, until) = certificate.steady(at);
        let standing = match standing {
            Standing::Valid { until } => Plain::Valid(seconds(until)),
            Standing::Expired { since } => Plain::Expired(seconds(since)),
            Standing::Retired { since } => Plain::Retired(seconds(since)),
            Standing::Revoked => Plain::Revoked,
            Standing::Invalid { why } => Plain::Invalid(why.replace(&at.to_string(), ASKED)),
            Standing::Unsupported { algorithm } => Plain::Unsupported(algorithm.clone()),
        };
        let number = |standing: UserIdStanding| match standing {
            UserIdStanding::Good => 0,
            UserIdStanding::Revoked => 1,
            UserIdStanding::Unsigned => 2,
        };
        let user_ids = user_ids.map(|standing| standing.map(number)).collect();
        Self { from, until, standing, end: seconds(&end), user_ids }
    }

    /// Whether it holds at a moment.
    pub fn holds(&self, at: Timestamp) -> bool {
        self.from <= at.seconds() && self.until.is_none_or(|until| at.seconds() < until)
    }

    /// Whether its numbers and texts can be what they should be, for a certificate with so many user IDs.
    pub fn is_sound(&self, user_ids: usize) -> bool {
        let text = match &self.standing {
            Plain::Invalid(text) | Plain::Unsupported(text) => text,
            _ => "",
        };
        let shown = |c: char| !c.is_control() || ASKED.contains(c);
        self.until.is_none_or(|until| self.from < until)
            && self.user_ids.len() == user_ids
            && self.user_ids.iter().flatten().all(|number| *number <= 2)
            && text.chars().all(shown)
    }

    /// The standing at a moment at which it holds, and when the certificate ends.
    pub fn standing(&self, at: Timestamp) -> (Standing, Option<Timestamp>) {
        let time = |seconds: &Option<u32>| seconds.map(Timestamp::from_seconds);
        let standing = match &self.standing {
            Plain::Valid(until) => Standing::Valid { until: time(until) },
            Plain::Expired(since) => Standing::Expired { since: time(since) },
            Plain::Retired(since) => Standing::Retired { since: time(since) },
            Plain::Revoked => Standing::Revoked,
            Plain::Invalid(why) => Standing::Invalid { why: why.replace(ASKED, &at.to_string()) },
            Plain::Unsupported(algorithm) => Standing::Unsupported { algorithm: algorithm.clone() },
        };
        (standing, time(&self.end))
    }

    /// The standing of a user ID by its place, if it was asked.
    pub fn user_id(&self, place: usize) -> Option<UserIdStanding> {
        Some(match (*self.user_ids.get(place)?)? {
            0 => UserIdStanding::Good,
            1 => UserIdStanding::Revoked,
            _ => UserIdStanding::Unsigned,
        })
    }
}

impl Certificate {
    /// The seconds around a moment in which nothing that is judged of it can come out differently: the first one, and the
    /// one after the last.
    fn steady(&self, at: Timestamp) -> (u32, Option<u32>) {
        let (mut from, mut until) = (0, None);
        let mut name = |time: SystemTime| {
            let Some(time) = moment(time).map(Timestamp::seconds) else { return };
            // Whether the very second belongs to what is before or to what is after, is left open.
            for time in [time, time.saturating_add(1)] {
                if time <= at.seconds() {
                    from = time.max(from);
                } else {
                    until = Some(until.map_or(time, |until: u32| until.min(time)));
                }
            }
        };
        let made = self.any_cert().ok().map(|cert| cert.primary_key().key().creation_time());
        made.into_iter().for_each(&mut name);
        for body in self.own_signatures() {
            let Ok(signature) = Signature::from_bytes(body) else { continue };
            let signed = signature.signature_creation_time();
            signed.into_iter().for_each(&mut name);
            let after =
                |begin: Option<SystemTime>, duration: Option<std::time::Duration>| begin?.checked_add(duration?);
            after(signed, signature.signature_validity_period()).into_iter().for_each(&mut name);
            after(made, signature.key_validity_period()).into_iter().for_each(&mut name);
        }
        (from, until)
    }
}

/// Stands for the moment that is asked about. No escaped text has it.
const ASKED: &str = "\u{1}";
