//! The fields of a statement, each taken by name, with its type and range checked.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::str::FromStr;

use toml::value::{Datetime, Offset};
use toml::{Table, Value};

use super::StatementFault;
use crate::limits::Limits;
use crate::shown::Shown;
use crate::time::Timestamp;

/// The largest number that a statement may hold: every reader of TOML or JSON has it exactly.
pub const MAX_NUMBER: u64 = 1 << 53;

/// The fields of one table that nobody has taken yet.
#[derive(Debug)]
pub(crate) struct Fields<'l> {
    table: Table,
    limits: &'l Limits,
}

impl<'l> Fields<'l> {
    /// Parses a whole statement; the field `countersign`, which is judged before, is dropped.
    pub(crate) fn read(text: &str, limits: &'l Limits) -> Result<Self, StatementFault> {
        let mut table: Table = text.parse().map_err(|error| syntax(text, &error))?;
        check_values(table.values(), 1, limits)?;
        table.remove("countersign");
        Ok(Self { table, limits })
    }

    /// Refuses every field that is not among `known`.
    pub(crate) fn only(&self, known: &[&'static str]) -> Result<(), StatementFault> {
        match self.table.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => Err(StatementFault::UnknownField(Shown::new(key).to_string())),
            None => Ok(()),
        }
    }

    /// A table inside, if it is there.
    pub(crate) fn table(&mut self, field: &'static str) -> Result<Option<Self>, StatementFault> {
        match self.table.remove(field) {
            None => Ok(None),
            Some(Value::Table(table)) => Ok(Some(Self { table, limits: self.limits })),
            Some(_) => Err(StatementFault::value(field, "not a table")),
        }
    }

    /// A list of tables that must be there.
    pub(crate) fn tables(&mut self, field: &'static str) -> Result<Vec<Self>, StatementFault> {
        let value = self.table.remove(field).ok_or(StatementFault::MissingField(field))?;
        let Value::Array(values) = value else {
            return Err(StatementFault::value(field, "not a list"));
        };
        let table = |value| match value {
            Value::Table(table) => Ok(Self { table, limits: self.limits }),
            _ => Err(StatementFault::value(field, "not a list of tables")),
        };
        values.into_iter().map(table).collect()
    }

    /// A string that must be there, read as `T`.
    pub(crate) fn parsed<T: FromStr<Err: Display>>(&mut self, field: &'static str) -> Result<T, StatementFault> {
        let text = self.text(field)?.ok_or(StatementFault::MissingField(field))?;
        text.parse().map_err(|why| StatementFault::value(field, why))
    }

    /// A string that may be there.
    pub(crate) fn text(&mut self, field: &'static str) -> Result<Option<String>, StatementFault> {
        match self.table.remove(field) {
            None => Ok(None),
            Some(Value::String(text)) if text.len() > self.limits.note => Err(StatementFault::Note(self.limits.note)),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(StatementFault::value(field, "not a string")),
        }
    }

    /// A number from 0 to 2^53.
    pub(crate) fn number(&mut self, field: &'static str) -> Result<u64, StatementFault> {
        let value = self.table.remove(field).ok_or(StatementFault::MissingField(field))?;
        let Value::Integer(number) = value else {
            return Err(StatementFault::value(field, "not a whole number"));
        };
        let number = u64::try_from(number).ok().filter(|number| *number <= MAX_NUMBER);
        number.ok_or_else(|| StatementFault::value(field, "a number is from 0 to 2^53"))
    }

    /// A time in UTC, in whole seconds.
    pub(crate) fn time(&mut self, field: &'static str) -> Result<Timestamp, StatementFault> {
        let value = self.table.remove(field).ok_or(StatementFault::MissingField(field))?;
        let Value::Datetime(time) = value else {
            return Err(StatementFault::value(field, "not a time"));
        };
        let whole = |time: &Datetime| time.time.is_some_and(|clock| clock.nanosecond.unwrap_or(0) == 0);
        if time.offset != Some(Offset::Z) || !whole(&time) {
            return Err(StatementFault::value(field, "a time is in UTC and whole seconds: 2026-11-22T09:00:00Z"));
        }
        time.to_string().parse().map_err(|why| StatementFault::value(field, why))
    }

    /// A set of strings: sorted, without doubles, not empty. Empty only where the field is absent.
    pub(crate) fn set<T: FromStr<Err: Display> + Ord>(
        &mut self,
        field: &'static str,
    ) -> Result<Vec<T>, StatementFault> {
        let Some(value) = self.table.remove(field) else { return Ok(Vec::new()) };
        let Value::Array(values) = value else {
            return Err(StatementFault::value(field, "not a list"));
        };
        let mut set = BTreeSet::new();
        let count = values.len();
        for value in values {
            let Value::String(text) = value else {
                return Err(StatementFault::value(field, "not a list of strings"));
            };
            set.insert(text.parse().map_err(|why| StatementFault::value(field, why))?);
        }
        if set.is_empty() || set.len() != count {
            return Err(StatementFault::value(field, "a list is not empty and names nothing twice"));
        }
        Ok(set.into_iter().collect())
    }
}

/// Nesting, and control characters that an escape brought in.
fn check_values<'a>(
    values: impl Iterator<Item = &'a Value>,
    depth: usize,
    limits: &Limits,
) -> Result<(), StatementFault> {
    if depth > limits.nesting {
        return Err(StatementFault::Nesting(limits.nesting));
    }
    for value in values {
        match value {
            Value::String(text) if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) => {
                return Err(StatementFault::Encoding);
            }
            Value::Array(values) => check_values(values.iter(), depth + 1, limits)?,
            Value::Table(table) => check_values(table.values(), depth + 1, limits)?,
            _ => {}
        }
    }
    Ok(())
}

fn syntax(text: &str, error: &toml::de::Error) -> StatementFault {
    let start = error.span().map_or(0, |span| span.start);
    let before = text.get(..start).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let why = error.message();
    if why.contains("duplicate key") {
        StatementFault::DuplicateKey { line }
    } else if why.contains("recursion") {
        StatementFault::Nesting(Limits::default().nesting)
    } else {
        StatementFault::Syntax { line, why: Shown::new(why).to_string() }
    }
}
