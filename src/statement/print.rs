//! Prints statements: the definition of their canonical form.
//!
//! `key = value`, one a line; basic strings with the escapes `\"`, `\\`, `\n` and `\t` only; arrays on one line; a blank
//! line before a table; no comments.

use std::fmt::{Display, Write as _};

use super::Kind;

/// A statement being printed.
#[derive(Debug)]
pub(crate) struct Printer(String);

impl Printer {
    /// Begins with the line that names kind and version.
    pub(crate) fn new(kind: Kind) -> Self {
        Self(format!("countersign = \"{kind}/1\"\n"))
    }

    /// Begins below lines that were printed already.
    pub(crate) fn below() -> Self {
        Self(String::new())
    }

    /// A string.
    pub(crate) fn text(&mut self, key: &str, value: impl Display) {
        self.plain(key, quote(&value.to_string()));
    }

    /// A number or a time, which has no quotes.
    pub(crate) fn plain(&mut self, key: &str, value: impl Display) {
        writeln!(self.0, "{key} = {value}").expect("writing to a string cannot fail");
    }

    /// An array of strings, as they are ordered; nothing where there are none.
    pub(crate) fn list<T: Display>(&mut self, key: &str, values: &[T]) {
        if !values.is_empty() {
            let quoted: Vec<_> = values.iter().map(|value| quote(&value.to_string())).collect();
            self.plain(key, format_args!("[{}]", quoted.join(", ")));
        }
    }

    /// An inline table of strings, to be printed as a value.
    pub(crate) fn inline(fields: &[(&str, &dyn Display)]) -> String {
        let fields: Vec<_> =
            fields.iter().map(|(key, value)| format!("{key} = {}", quote(&value.to_string()))).collect();
        format!("{{ {} }}", fields.join(", "))
    }

    /// Begins a table.
    pub(crate) fn table(&mut self, name: &str) {
        writeln!(self.0, "\n[{name}]").expect("writing to a string cannot fail");
    }

    /// Begins one of several tables of a name.
    pub(crate) fn entry(&mut self, name: &str) {
        writeln!(self.0, "\n[[{name}]]").expect("writing to a string cannot fail");
    }

    /// The whole text.
    pub(crate) fn finish(self) -> String {
        self.0
    }
}

fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}
