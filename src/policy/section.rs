//! Reading one table of a policy file: each key by its name, with its type checked and its place kept.
//!
//! Nothing stops at the first fault: what cannot be read is told, and is then as if it were absent.

use std::fmt::Display;
use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::{Faults, Place, nearest};
use super::keys;
use crate::reason::Code;
use crate::shown::Shown;
use crate::time::Day;

/// Something that was read, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found<T> {
    pub(super) value: T,
    pub(super) at: Place,
}

impl<T> Found<T> {
    pub(super) fn new(value: T, at: Place) -> Self {
        Self { value, at }
    }
}

/// The keys of a table that nobody has taken yet.
#[derive(Debug)]
pub(super) struct Section<'i> {
    /// Its name in [`keys::KEYS`].
    name: &'static str,
    /// Where it begins.
    pub(super) at: Place,
    table: DeTable<'i>,
}

impl<'i> Section<'i> {
    /// Takes a table, and tells of every key that it does not have.
    pub(super) fn new(name: &'static str, at: Place, table: DeTable<'i>, faults: &mut Faults<'_>) -> Self {
        let mut known = DeTable::new();
        for (key, value) in table {
            if keys::names(name).any(|known| known == "*" || known == key.get_ref()) {
                known.insert(key, value);
                continue;
            }
            let place = faults.place(key.span().start);
            let key: &str = key.get_ref();
            let message = format!("{} has no key `{}`", spoken(name), Shown::new(key));
            faults.hinted(Code::PolicyUnknownKey, place, message, Some(unknown(key, name)));
        }
        Self { name, at, table: known }
    }

    /// Whether a key is there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Whether a list is there that has nothing in it.
    pub(super) fn is_empty_list(&self, key: &str) -> bool {
        let list = self.table.get(key).and_then(|value| value.get_ref().as_array());
        list.is_some_and(|list| list.is_empty())
    }

    /// How many keys are left.
    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    /// All that is left, in the order of the names, each with the place of its name.
    pub(super) fn rest(self, faults: &Faults<'_>) -> Vec<(Found<String>, Spanned<DeValue<'i>>)> {
        let rest = self.table.into_iter();
        rest.map(|(key, value)| {
            let at = faults.place(key.span().start);
            (Found::new(key.into_inner().into_owned(), at), value)
        })
        .collect()
    }

    fn take(&mut self, key: &'static str) -> Option<Spanned<DeValue<'i>>> {
        debug_assert!(keys::names(self.name).any(|known| known == key), "{}.{key} is not in the table", self.name);
        self.table.remove(key)
    }

    /// Takes what must be there.
    fn needed(&mut self, key: &'static str, code: Code, faults: &mut Faults<'_>) -> Option<Spanned<DeValue<'i>>> {
        let value = self.take(key);
        if value.is_none() {
            faults.add(code, self.at, format!("{} lacks `{key}`", spoken(self.name)));
        }
        value
    }

    /// A string read as `T` that must be there; `code` where it is not.
    pub(super) fn needed_as<T: FromStr<Err: Display>>(
        &mut self,
        key: &'static str,
        code: Code,
        faults: &mut Faults<'_>,
    ) -> Option<Found<T>> {
        let value = self.needed(key, code, faults)?;
        parse(text(value, key, faults)?, faults)
    }

    /// A string, if it is there.
    pub(super) fn text(&mut self, key: &'static str, faults: &mut Faults<'_>) -> Option<Found<String>> {
        let value = self.take(key)?;
        text(value, key, faults)
    }

    /// A list of strings, or one of them.
    pub(super) fn texts(&mut self, key: &'static str, faults: &mut Faults<'_>) -> Option<Vec<Found<String>>> {
        let value = self.take(key)?;
        texts(value, key, faults)
    }

    /// A list of strings that must be there; `code` where it is not.
    pub(super) fn texts_needed(
        &mut self,
        key: &'static str,
        code: Code,
        faults: &mut Faults<'_>,
    ) -> Option<Vec<Found<String>>> {
        let value = self.needed(key, code, faults)?;
        texts(value, key, faults)
    }

    /// A number from `least` to `most`. Where `least` is 1 and the key is a threshold, 0 has a code of its own.
    pub(super) fn number(
        &mut self,
        key: &'static str,
        (least, most): (u64, u64),
        faults: &mut Faults<'_>,
    ) -> Option<Found<u64>> {
        let value = self.take(key)?;
        let at = faults.place(value.span().start);
        let DeValue::Integer(number) = value.get_ref() else {
            faults.value(at, format!("`{key}` is a whole number"));
            return None;
        };
        let number = i128::from_str_radix(number.as_str(), number.radix()).unwrap_or(i128::MAX);
        match u64::try_from(number).ok().filter(|number| (least..=most).contains(number)) {
            Some(number) => Some(Found::new(number, at)),
            None if number <= 0 && THRESHOLDS.contains(&key) => {
                let message =
                    format!("`{key}` of {number} would let through what nobody vouched for; ask for 1 or more");
                faults.add(Code::PolicyThresholdZero, at, message);
                None
            }
            None => {
                faults.value(at, format!("`{key}` is a number from {least} to {most}"));
                None
            }
        }
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, key: &'static str, faults: &mut Faults<'_>) -> Option<bool> {
        let value = self.take(key)?;
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            faults.value(faults.place(value.span().start), format!("`{key}` is true or false"));
        }
        flag
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(
        &mut self,
        key: &'static str,
        words: &[(&'static str, T)],
        faults: &mut Faults<'_>,
    ) -> Option<T> {
        let value = self.take(key)?;
        let all = words.iter().map(|(word, _)| format!("`{word}`")).collect::<Vec<_>>().join(" or ");
        if !matches!(value.get_ref(), DeValue::String(_)) {
            faults.value(faults.place(value.span().start), format!("`{key}` is {all}, in quotes"));
            return None;
        }
        let given = text(value, key, faults)?;
        let found = words.iter().find(|(word, _)| *word == given.value).map(|(_, meaning)| *meaning);
        if found.is_none() {
            let message = format!("`{key}` is {all}, not `{}`", Shown::new(&given.value));
            let hint = nearest(&given.value, words.iter().map(|(word, _)| *word));
            faults.hinted(Code::PolicyValue, given.at, message, hint);
        }
        found
    }

    /// A day, which must be there; `code` where it is not.
    pub(super) fn day(&mut self, key: &'static str, code: Code, faults: &mut Faults<'_>) -> Option<Found<Day>> {
        let value = self.needed(key, code, faults)?;
        let at = faults.place(value.span().start);
        let day = value.get_ref().as_datetime().and_then(|day| day.to_string().parse().ok());
        if day.is_none() {
            faults.value(at, format!("`{key}` is a day, without quotes and time: 2026-12-31"));
        }
        day.map(|day| Found::new(day, at))
    }

    /// A table inside.
    pub(super) fn section(&mut self, key: &'static str, faults: &mut Faults<'_>) -> Option<Self> {
        let value = self.take(key)?;
        section(key, value, faults)
    }

    /// Tables inside, in the order in which they stand.
    pub(super) fn sections(&mut self, key: &'static str, faults: &mut Faults<'_>) -> Vec<Self> {
        let Some(value) = self.take(key) else { return Vec::new() };
        let at = faults.place(value.span().start);
        let DeValue::Array(values) = value.into_inner() else {
            faults.value(at, format!("write `[[{key}]]`, once for each"));
            return Vec::new();
        };
        values.into_iter().filter_map(|value| section(key, value, faults)).collect()
    }

    /// Whatever stands there.
    pub(super) fn raw(&mut self, key: &'static str) -> Option<Spanned<DeValue<'i>>> {
        self.take(key)
    }
}

/// A value as the table `name`.
pub(super) fn section<'i>(
    name: &'static str,
    value: Spanned<DeValue<'i>>,
    faults: &mut Faults<'_>,
) -> Option<Section<'i>> {
    let at = faults.place(value.span().start);
    match value.into_inner() {
        DeValue::Table(table) => Some(Section::new(name, at, table, faults)),
        _ => {
            faults.value(at, format!("`{name}` is a table"));
            None
        }
    }
}

/// A value as a list of strings, or as one; not empty.
pub(super) fn texts(value: Spanned<DeValue<'_>>, key: &str, faults: &mut Faults<'_>) -> Option<Vec<Found<String>>> {
    let at = faults.place(value.span().start);
    let DeValue::Array(values) = value.get_ref() else {
        return text(value, key, faults).map(|one| vec![one]);
    };
    if values.is_empty() {
        faults.value(at, format!("`{}` names nothing", Shown::new(key)));
        return None;
    }
    let DeValue::Array(values) = value.into_inner() else { return None };
    Some(values.into_iter().filter_map(|value| text(value, key, faults)).collect())
}

/// Reads a string as `T`.
pub(super) fn parse<T: FromStr<Err: Display>>(text: Found<String>, faults: &mut Faults<'_>) -> Option<Found<T>> {
    match text.value.parse() {
        Ok(value) => Some(Found::new(value, text.at)),
        Err(why) => {
            let why: T::Err = why;
            faults.value(text.at, format!("`{}` is refused: {why}", Shown::new(&text.value)));
            None
        }
    }
}

fn text(value: Spanned<DeValue<'_>>, key: &str, faults: &mut Faults<'_>) -> Option<Found<String>> {
    let at = faults.place(value.span().start);
    let DeValue::String(text) = value.into_inner() else {
        faults.value(at, format!("`{}` is a string, or a list of strings where several can stand", Shown::new(key)));
        return None;
    };
    if text.trim().is_empty() || text.len() > LONGEST || text.chars().any(|c| c.is_control() && c != '\n') {
        let message = format!("`{}` is empty, over {LONGEST} bytes, or has a control character", Shown::new(key));
        faults.value(at, message);
        return None;
    }
    Some(Found::new(text.into_owned(), at))
}

/// How messages call a table.
fn spoken(name: &str) -> String {
    match name {
        "" => "a policy".to_owned(),
        "clause" => "`require`".to_owned(),
        _ => format!("`{name}`"),
    }
}

/// What to write in place of a key that is not known.
fn unknown(key: &str, table: &str) -> String {
    if key.replace('_', "-").starts_with("allow-") {
        return "no policy leads through an alarm; `countersign accept --override` does, once, and is recorded"
            .to_owned();
    }
    nearest(key, keys::names(table)).unwrap_or_else(|| {
        let elsewhere = keys::KEYS.iter().find(|known| known.name == key).map(|known| known.table);
        match elsewhere {
            Some("") => format!("`{key}` stands at the top of the file, above every table"),
            Some(table) => format!("`{key}` belongs in `{table}`"),
            None => format!("the keys here are: {}", keys::names(table).collect::<Vec<_>>().join(", ")),
        }
    })
}

/// Keys whose 0 would let through what nobody vouched for.
const THRESHOLDS: [&str; 6] = ["count", "handover", "amount", "independent-paths", "authors", "reviews"];

/// Bytes in a string of a policy.
const LONGEST: usize = 8 << 10;
