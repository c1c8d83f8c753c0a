//! A moment, in whole seconds of UTC, and the forms in which people and statements write it.
//!
//! This file never reads the clock; the clock enters once, in `main`, and is handed down as [`Times`].

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use thiserror::Error;

/// How far ahead of our clock somebody else's clock may be: ten minutes.
pub const CLOCK_TOLERANCE: Duration = Duration::from_secs(10 * 60);

/// A moment between 1970 and 2106, as OpenPGP can express it (RFC 9580, section 3.5).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Timestamp(u32);

impl Timestamp {
    /// The moment so many seconds after 1970-01-01T00:00:00Z.
    pub const fn from_seconds(seconds: u32) -> Self {
        Self(seconds)
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub const fn seconds(self) -> u32 {
        self.0
    }

    /// This moment and `duration` more, or the last moment there is.
    pub fn plus(self, duration: Duration) -> Self {
        Self(u64::from(self.0).saturating_add(duration.as_secs()).try_into().unwrap_or(u32::MAX))
    }
}

impl From<Timestamp> for SystemTime {
    fn from(timestamp: Timestamp) -> Self {
        UNIX_EPOCH + Duration::from_secs(timestamp.0.into())
    }
}

impl TryFrom<SystemTime> for Timestamp {
    type Error = TimeError;

    fn try_from(time: SystemTime) -> Result<Self, TimeError> {
        let since = time.duration_since(UNIX_EPOCH).map_err(|_| TimeError::Range)?;
        since.as_secs().try_into().map(Self).map_err(|_| TimeError::Range)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = DateTime::<Utc>::from_timestamp(self.0.into(), 0).ok_or(fmt::Error)?;
        write!(f, "{}", time.format("%Y-%m-%dT%H:%M:%SZ"))
    }
}

impl FromStr for Timestamp {
    type Err = TimeError;

    /// Reads what a person types: RFC 3339, a date (its first second), or `@` and seconds since 1970.
    fn from_str(text: &str) -> Result<Self, TimeError> {
        let seconds = if let Some(seconds) = text.strip_prefix('@') {
            if seconds.is_empty() || !seconds.bytes().all(|b| b.is_ascii_digit()) {
                return Err(TimeError::Form);
            }
            seconds.parse().map_err(|_| TimeError::Range)?
        } else if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
            date.and_time(NaiveTime::MIN).and_utc().timestamp()
        } else {
            DateTime::parse_from_rfc3339(text).map_err(|_| TimeError::Form)?.timestamp()
        };
        seconds.try_into().map(Self).map_err(|_| TimeError::Range)
    }
}

/// A day of the calendar in UTC, as a policy writes the last day of an exception: `2026-12-31`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Day(NaiveDate);

impl Day {
    /// The day of a moment.
    pub fn of(moment: Timestamp) -> Option<Self> {
        DateTime::<Utc>::from_timestamp(moment.0.into(), 0).map(|time| Self(time.date_naive()))
    }

    /// Whether a moment lies on this day or before it.
    pub fn reaches(self, moment: Timestamp) -> bool {
        Self::of(moment).is_some_and(|day| day <= self)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m-%d"))
    }
}

impl FromStr for Day {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").map(Self).map_err(|_| TimeError::Form)?;
        if day.to_string() == text { Ok(day) } else { Err(TimeError::Form) }
    }
}

/// The two times that every judgement needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// The moment the verdict speaks of; `--at` sets it.
    pub at: Timestamp,
    /// The machine's clock. Algorithm cut-offs, hard revocations and the sanity of dates always follow this one.
    pub now: Timestamp,
}

/// Why a text or a clock's reading is not a moment that we can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TimeError {
    /// Not one of the three forms.
    #[error("not a time: write 2026-11-23T09:00:00Z, 2026-11-23, or @ and the seconds since 1970")]
    Form,
    /// Before 1970 or after 2106.
    #[error("the time lies outside of 1970 to 2106, which is all that OpenPGP can express")]
    Range,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_three_forms() {
        let moment = Timestamp::from_seconds(1_795_424_400);
        assert_eq!("2026-11-23T09:00:00Z".parse(), Ok(moment));
        assert_eq!("2026-11-23T10:00:00+01:00".parse(), Ok(moment));
        assert_eq!("@1795424400".parse(), Ok(moment));
        assert_eq!("2026-11-23".parse(), Ok(Timestamp::from_seconds(1_795_392_000)));
        assert_eq!(moment.to_string(), "2026-11-23T09:00:00Z");
    }

    #[test]
    fn refuses_what_is_no_moment() {
        for text in ["", "@", "@-1", "@+1", "yesterday", "2026-13-01", "2026-11-23T09:00:00", "2026-11-23 "] {
            assert_eq!(text.parse::<Timestamp>(), Err(TimeError::Form), "{text}");
        }
        for text in ["@4294967296", "@99999999999999999999", "1969-12-31", "2106-02-08"] {
            assert_eq!(text.parse::<Timestamp>(), Err(TimeError::Range), "{text}");
        }
    }

    #[test]
    fn a_last_day_counts_to_its_last_second() {
        let day: Day = "2026-12-31".parse().expect("a day");
        for (moment, wanted) in
            [("2026-12-30", true), ("2026-12-31", true), ("2026-12-31T23:59:59Z", true), ("2027-01-01", false)]
        {
            assert_eq!(day.reaches(moment.parse().expect("a moment")), wanted, "{moment}");
        }
        assert_eq!(day.to_string(), "2026-12-31");
        for text in ["", "2026-1-1", "2026-02-30", "20261231", "2026-12-31T00:00:00Z", " 2026-12-31"] {
            assert_eq!(text.parse::<Day>(), Err(TimeError::Form), "{text}");
        }
    }

    #[test]
    fn adding_stops_at_the_end_of_time() {
        assert_eq!(Timestamp::from_seconds(5).plus(CLOCK_TOLERANCE).seconds(), 605);
        assert_eq!(Timestamp::from_seconds(u32::MAX).plus(CLOCK_TOLERANCE).seconds(), u32::MAX);
    }
}
