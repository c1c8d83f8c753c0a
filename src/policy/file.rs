//! A policy as it is written: TOML of a known version, not yet checked.

use std::collections::BTreeSet;

use toml::de::{DeTable, DeValue};

use super::fault::{Faults, PolicyFault};
use crate::digest::Digest;
use crate::limits::Limits;
use crate::reason::Code;
use crate::shown::Shown;

/// A policy file that could be read as TOML of version 1. What it says is not checked: [`PolicyFile::check`] does that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFile {
    pub(super) text: String,
    keyrings: Option<Vec<String>>,
    stores: Vec<String>,
}

impl PolicyFile {
    /// Reads a policy file.
    ///
    /// # Errors
    /// It is too large, not TOML, or of another version: then nothing else in it can be told.
    pub fn read(bytes: &[u8], limits: &Limits) -> Result<Self, Vec<PolicyFault>> {
        let whole = |code, message: String| vec![PolicyFault { code, place: None, message, hint: None }];
        if bytes.len() as u64 > limits.policy {
            return Err(whole(Code::LimitPolicy, format!("the policy has over {} bytes", limits.policy)));
        }
        let text = match str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let valid = bytes.get(..error.valid_up_to()).and_then(|valid| str::from_utf8(valid).ok());
                let valid = valid.unwrap_or_default();
                let mut faults = Faults::new(valid);
                faults.add(Code::PolicySyntax, faults.place(valid.len()), "the policy is not UTF-8");
                return Err(faults.list);
            }
        };
        let mut faults = Faults::new(text);
        let table = parse(text, &mut faults);
        let Some(table) = table else { return Err(faults.list) };
        version(&table, &mut faults);
        if !faults.list.is_empty() {
            return Err(faults.list);
        }
        let keyrings = table.get("keyrings").and_then(|value| strings(value.get_ref()));
        let stores = table.get("stores").and_then(|value| strings(value.get_ref())).unwrap_or_default();
        Ok(Self { text: text.to_owned(), keyrings, stores })
    }

    /// This file with more text at its end, which is TOML as the file is.
    ///
    /// # Errors
    /// As [`PolicyFile::read`].
    pub fn followed_by(&self, text: &str, limits: &Limits) -> Result<Self, Vec<PolicyFault>> {
        Self::read(format!("{}\n{text}", self.text).as_bytes(), limits)
    }

    /// The digest of the file.
    pub fn digest(&self) -> Digest {
        Digest::of(self.text.as_bytes())
    }

    /// The keyrings that it names, which must be read before it can be checked; `None` where it leaves that open.
    pub fn keyrings(&self) -> Option<&[String]> {
        self.keyrings.as_deref()
    }

    /// The stores that it names.
    pub fn stores(&self) -> &[String] {
        &self.stores
    }
}

/// Parses the whole; tells every fault of its syntax.
pub(super) fn parse<'i>(text: &'i str, faults: &mut Faults<'_>) -> Option<DeTable<'i>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    // The parser may stumble several times over one thing.
    let mut places = BTreeSet::new();
    for error in &errors {
        let place = faults.place(error.span().map_or(0, |span| span.start));
        let why = error.message();
        let code = if why.contains("recursion") { Code::LimitPolicy } else { Code::PolicySyntax };
        if places.insert(place.line) {
            let message = match why.contains("duplicate key") {
                true => "this key or table stands here a second time".to_owned(),
                false => format!("the policy is not TOML here: {}", Shown::new(why)),
            };
            faults.add(code, place, message);
        }
    }
    errors.is_empty().then(|| table.into_inner())
}

/// The first key says that it is a policy, and of which version.
fn version(table: &DeTable<'_>, faults: &mut Faults<'_>) {
    let top = faults.place(0);
    let Some(value) = table.get("countersign") else {
        let hint = Some(format!("begin the file with `countersign = \"{VERSION}\"`"));
        faults.hinted(Code::PolicyVersion, top, "the file does not say that it is a policy", hint);
        return;
    };
    let at = faults.place(value.span().start);
    match value.get_ref() {
        DeValue::String(text) if text == VERSION => {}
        DeValue::String(text) if text.starts_with("policy/") => {
            let message = format!("the policy has the format `{}`; this build reads `{VERSION}`", Shown::new(&**text));
            faults.hinted(Code::PolicyVersion, at, message, Some("a newer Countersign may be needed".to_owned()));
        }
        _ => {
            let hint = Some(format!("a policy begins with `countersign = \"{VERSION}\"`"));
            faults.hinted(Code::PolicyVersion, at, "the file is something else than a policy", hint);
        }
    }
}

fn strings(value: &DeValue<'_>) -> Option<Vec<String>> {
    match value {
        DeValue::String(one) => Some(vec![one.to_string()]),
        DeValue::Array(values) => values.iter().map(|value| value.get_ref().as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}

/// The first key's value.
const VERSION: &str = "policy/1";
