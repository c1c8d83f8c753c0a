//! What one user's machine remembers beside locks: when each signature was first seen, and how late it was already.

use std::collections::BTreeMap;

use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::limits::Limits;
use crate::lock::MemoryFault;
use crate::lock::sealed::{Content, same, seal, unseal};
use crate::openpgp::open::FirstSeen;
use crate::statement::print::Printer;
use crate::time::{CLOCK_TOLERANCE, Timestamp};

/// First-seen times and the clock's floor. Pure text; the file is [`super::UserState`]'s.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    first: BTreeMap<(Digest, Fingerprint), Timestamp>,
    floor: Option<Timestamp>,
}

impl Seen {
    /// Reads a state file.
    ///
    /// # Errors
    /// It is damaged, or of a newer format.
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Self, MemoryFault> {
        let text = unseal(KIND, bytes, limits.memory)?;
        let mut content = Content::parse(text)?;
        let mut seen = Self::default();
        for mut entry in content.entries("seen")? {
            let key = (entry.needed("statement")?, entry.needed("signer")?);
            if seen.first.insert(key, entry.time("first")?).is_some() {
                return Err(entry.fault("the same signature was listed before"));
            }
            entry.end()?;
        }
        let mut top = content.top();
        if top.has("clock") {
            seen.floor = Some(top.time("clock")?);
        }
        top.end()?;
        same(text, &seen.content())?;
        Ok(seen)
    }

    /// The file's text.
    pub fn text(&self) -> String {
        seal(KIND, &self.content())
    }

    /// The latest moment that was ever seen here: a clock that is before it was turned back.
    pub fn floor(&self) -> Option<Timestamp> {
        self.floor
    }

    /// The floor, if a clock that says `now` was turned back behind it, by more than clocks may differ.
    pub fn turned_back(&self, now: Timestamp) -> Option<Timestamp> {
        self.floor.filter(|floor| *floor > now.plus(CLOCK_TOLERANCE))
    }

    /// Notes that a signature was seen. An earlier time stays.
    pub fn see(&mut self, statement: Digest, signer: Fingerprint, now: Timestamp) {
        let first = self.first.entry((statement, signer)).or_insert(now);
        *first = now.min(*first);
    }

    /// Notes the time. A later one stays.
    pub fn raise_floor(&mut self, now: Timestamp) {
        self.floor = self.floor.max(Some(now));
    }

    /// Both together: the earliest sights and the latest floor. In any order, and any number of times, the same.
    pub fn merge(&mut self, other: &Self) {
        for ((statement, signer), first) in &other.first {
            self.see(*statement, signer.clone(), *first);
        }
        self.floor = self.floor.max(other.floor);
    }

    fn content(&self) -> String {
        let mut printer = Printer::below();
        if let Some(floor) = self.floor {
            printer.plain("clock", floor);
        }
        for ((statement, signer), first) in &self.first {
            printer.entry("seen");
            printer.text("statement", statement);
            printer.text("signer", signer);
            printer.plain("first", first);
        }
        printer.finish()
    }
}

impl FirstSeen for Seen {
    fn first_seen(&self, statement: Digest, signer: &Fingerprint) -> Option<Timestamp> {
        self.first.get(&(statement, signer.clone())).copied()
    }
}

const KIND: &str = "state";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seen(entries: &[(u8, u32)], floor: Option<u32>) -> Seen {
        let mut seen = Seen::default();
        for (statement, time) in entries {
            let signer = "A".repeat(40).parse().expect("a fingerprint");
            seen.see(Digest::of(&[*statement]), signer, Timestamp::from_seconds(*time));
        }
        floor.into_iter().for_each(|floor| seen.raise_floor(Timestamp::from_seconds(floor)));
        seen
    }

    #[test]
    fn the_earliest_sight_and_the_latest_clock_stay() {
        let mut seen = seen(&[(1, 50), (1, 40), (1, 60)], Some(9));
        seen.raise_floor(Timestamp::from_seconds(7));
        let signer = "A".repeat(40).parse().expect("a fingerprint");
        assert_eq!(seen.first_seen(Digest::of(&[1]), &signer), Some(Timestamp::from_seconds(40)));
        assert_eq!(seen.floor(), Some(Timestamp::from_seconds(9)));
    }

    #[test]
    fn what_it_cannot_say_is_damage() {
        let content = seen(&[(1, 50)], Some(9)).content();
        let code = |from: &str, to: &str| {
            assert!(content.contains(from), "{from}");
            let sealed = seal(KIND, &content.replacen(from, to, 1));
            Seen::parse(sealed.as_bytes(), &Limits::default()).err().map_or("good", |fault| fault.code().as_str())
        };
        assert_eq!(code("1970", "1971"), "good");
        for (from, to) in [
            ("clock", "clocks"),
            ("\n[[seen]]", "[[seen]]"),
            ("first", "last"),
            ("1970-01-01T00:00:50Z", "\"x\""),
            ("\"AAAA", "\"AAA"),
            ("sha256:", "sha1:"),
        ] {
            assert_eq!(code(from, to), "state-damaged", "{from} {to}");
        }
    }

    proptest! {
        #[test]
        fn merging_knows_no_order(a in proptest::collection::vec((0_u8..5, any::<u32>()), 0..9), b in proptest::collection::vec((0_u8..5, any::<u32>()), 0..9), floors in any::<(Option<u32>, Option<u32>)>()) {
            let (a, b) = (seen(&a, floors.0), seen(&b, floors.1));
            let merged = |one: &Seen, other: &Seen| {
                let mut all = one.clone();
                all.merge(other);
                all
            };
            let both = merged(&a, &b);
            prop_assert_eq!(&both, &merged(&b, &a));
            prop_assert_eq!(&both, &merged(&both, &a));
            let text = both.text();
            let read = Seen::parse(text.as_bytes(), &Limits::default()).expect("reads back");
            prop_assert_eq!(read.text(), text);
            prop_assert_eq!(read, both);
        }
    }
}
