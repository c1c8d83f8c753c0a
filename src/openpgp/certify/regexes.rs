//! The regular expressions of a delegation: which targets it lets through (RFC 9580, section 5.2.3.22).

use std::sync::OnceLock;

use sequoia_openpgp::regex::RegexSet;

use crate::shown::Shown;

/// Expressions of which one must match the target's user ID; none at all lets every target through.
///
/// They are compiled when first asked. An expression that does not compile matches nothing.
#[derive(Debug, Clone, Default)]
pub struct Regexes {
    patterns: Vec<Vec<u8>>,
    compiled: OnceLock<Option<RegexSet>>,
}

impl Regexes {
    /// GnuPG ends each one with a NUL, which is not a part of it.
    pub(super) fn new<'a>(patterns: impl Iterator<Item = &'a [u8]>) -> Self {
        let patterns = patterns.map(|pattern| pattern.strip_suffix(b"\0").unwrap_or(pattern).to_vec());
        Self { patterns: patterns.collect(), compiled: OnceLock::new() }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Whether a target with this user ID is let through.
    pub fn admit(&self, user_id: &str) -> bool {
        if self.is_empty() {
            return true;
        }
        let compiled = self.compiled.get_or_init(|| RegexSet::from_bytes(self.patterns.iter().map(|p| &p[..])).ok());
        compiled.as_ref().is_some_and(|set| set.is_match(user_id))
    }

    pub(super) fn patterns(&self) -> &[Vec<u8>] {
        &self.patterns
    }

    /// The expressions, escaped.
    pub fn shown(&self) -> Vec<String> {
        self.patterns.iter().map(|pattern| Shown::new(pattern).to_string()).collect()
    }
}
