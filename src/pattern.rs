//! A pattern over package names: in a policy's rules, and as the scope of a certification.
//!
//! There are four forms and no other: an exact name without its version, a namespace `pkg:npm/%40scope/*`, an ecosystem
//! `pkg:julia/*`, and `*`. Names are compared by whole components, so `pkg:generic/a` never covers `pkg:generic/ab`. A
//! qualifier narrows only where it is written.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::package::{Purl, PurlError};
use crate::shown::Shown;

/// Which packages a rule or a scope speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pattern(Form);

impl Pattern {
    /// The pattern that matches every package: `*`.
    pub const fn everything() -> Self {
        Self(Form::Everything)
    }

    /// Whether a package, whatever its version, is one that this pattern speaks of.
    pub fn matches(&self, package: &Purl) -> bool {
        match &self.0 {
            Form::Everything => true,
            Form::Exact(name) => name.segments() == package.segments() && same_place(name, package),
            // The last segment of `example` stands for any name.
            Form::Beneath(example) => {
                let space = &example.segments()[..example.segments().len() - 1];
                package.segments().len() > space.len()
                    && package.segments().starts_with(space)
                    && same_place(example, package)
            }
        }
    }

    /// Whether this is the name of a package itself, and not that of a namespace, an ecosystem or everything.
    pub fn is_name_of(&self, package: &Purl) -> bool {
        matches!(self.0, Form::Exact(_)) && self.matches(package)
    }

    /// Whether this pattern matches every package that `narrower` matches.
    pub fn admits(&self, narrower: &Self) -> bool {
        match (&self.0, &narrower.0) {
            (Form::Everything, _) => true,
            (_, Form::Everything) | (Form::Exact(_), Form::Beneath(_)) => false,
            // What stands for any name has at least the segments of any package that it matches.
            (_, Form::Exact(name) | Form::Beneath(name)) => self.matches(name),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Everything => f.write_str("*"),
            Form::Exact(name) => name.fmt(f),
            Form::Beneath(example) => {
                let text = example.to_string();
                let (path, qualifiers) = match text.split_once('?') {
                    Some((path, qualifiers)) => (path, Some(qualifiers)),
                    None => (text.as_str(), None),
                };
                write!(f, "{}*", path.strip_suffix(ANY_NAME).unwrap_or(path))?;
                qualifiers.map_or(Ok(()), |qualifiers| write!(f, "?{qualifiers}"))
            }
        }
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        if text == "*" {
            return Ok(Self::everything());
        }
        let (path, qualifiers) = match text.split_once('?') {
            Some((path, qualifiers)) => (path, format!("?{qualifiers}")),
            None => (text, String::new()),
        };
        let pattern = match path.strip_suffix("/*") {
            Some(space) if !space.contains('*') => {
                Form::Beneath(Purl::read_in_pattern(&format!("{space}/{ANY_NAME}{qualifiers}"))?)
            }
            _ if path.contains('*') => return Err(PatternError::Glob),
            _ => Form::Exact(Purl::read_in_pattern(text)?),
        };
        if let Form::Exact(name) | Form::Beneath(name) = &pattern
            && name.version().is_some()
        {
            return Err(PatternError::Version);
        }
        let canonical = Self(pattern);
        if canonical.to_string() == text {
            Ok(canonical)
        } else {
            Err(PatternError::NotCanonical(canonical.to_string()))
        }
    }
}

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PatternError {
    /// A `*` anywhere but for a whole last component.
    #[error("`*` stands only for all names of a namespace or an ecosystem, as in `pkg:npm/%40scope/*`, or alone")]
    Glob,
    /// A version: patterns speak of packages, not of releases.
    #[error("a pattern names packages without their version")]
    Version,
    /// The same pattern in another spelling; the canonical one.
    #[error("not the canonical form, which is `{}`", Shown::new(.0))]
    NotCanonical(String),
    /// A name that could be no package's.
    #[error(transparent)]
    Name(#[from] PurlError),
}

/// The three forms that name something, as names; the fourth is everything.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Form {
    Everything,
    Exact(Purl),
    /// All of a namespace or an ecosystem, by the example of a package in it, whose name is [`ANY_NAME`].
    Beneath(Purl),
}

/// The ecosystem is the same, and so is each qualifier that is written.
fn same_place(pattern: &Purl, package: &Purl) -> bool {
    pattern.kind() == package.kind()
        && pattern.qualifiers().iter().all(|qualifier| package.qualifiers().contains(qualifier))
}

/// The name in a [`Form::Beneath`]: good in every ecosystem, and never compared.
const ANY_NAME: &str = "x";

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = "pkg:julia/JSON@0.21.4?uuid=682c06a0-de6a-54ab-a142-c8b1cf79cde6";

    fn pattern(text: &str) -> Pattern {
        text.parse().expect(text)
    }

    fn matches(text: &str, package: &str) -> bool {
        pattern(text).matches(&package.parse().expect(package))
    }

    #[test]
    fn the_four_forms_match_whole_components() {
        for (text, package, wanted) in [
            ("*", "pkg:cargo/serde@1", true),
            ("pkg:cargo/serde", "pkg:cargo/serde@1", true),
            ("pkg:cargo/serde", "pkg:cargo/serde", true),
            ("pkg:cargo/serde", "pkg:cargo/serde-evil@1", false),
            ("pkg:cargo/serde", "pkg:pypi/serde@1", false),
            ("pkg:generic/a", "pkg:generic/ab@1", false),
            ("pkg:generic/a", "pkg:generic/a/b@1", false),
            ("pkg:generic/a/*", "pkg:generic/a@1", false),
            ("pkg:generic/a/*", "pkg:generic/a/b@1", true),
            ("pkg:generic/a/*", "pkg:generic/a/b/c@1", true),
            ("pkg:generic/a/*", "pkg:generic/ab/c@1", false),
            ("pkg:npm/%40scope/*", "pkg:npm/%40scope/name@1", true),
            ("pkg:npm/%40scope/*", "pkg:npm/%40scope2/name@1", false),
            ("pkg:npm/%40scope/*", "pkg:npm/scope", false),
            ("pkg:julia/*", JSON, true),
            ("pkg:julia/*", "pkg:cargo/julia@1", false),
            ("pkg:generic/x/*", "pkg:generic/x/x@1", true),
        ] {
            assert_eq!(matches(text, package), wanted, "{text} {package}");
        }
    }

    #[test]
    fn a_qualifier_narrows_only_where_it_is_written() {
        for (text, wanted) in [
            ("pkg:julia/JSON", true),
            ("pkg:julia/JSON?uuid=682c06a0-de6a-54ab-a142-c8b1cf79cde6", true),
            ("pkg:julia/JSON?uuid=00000000-de6a-54ab-a142-c8b1cf79cde6", false),
            ("pkg:julia/*?uuid=682c06a0-de6a-54ab-a142-c8b1cf79cde6", true),
            ("pkg:julia/JSON?repository_url=https:%2F%2Fexample.org", false),
        ] {
            assert_eq!(matches(text, JSON), wanted, "{text}");
        }
        assert!(matches("pkg:cargo/a", "pkg:cargo/a@1?repository_url=https:%2F%2Fexample.org"));
        assert!(!matches("pkg:cargo/a?repository_url=https:%2F%2Fexample.org", "pkg:cargo/a@1"));
    }

    #[test]
    fn no_other_form_is_a_pattern() {
        for text in ["pkg:cargo/serde*", "pkg:*", "**", "pkg:npm/*/x", "pkg:*/*", "pkg:npm/%40s*/x", "pkg:npm/*/*"] {
            assert_eq!(text.parse::<Pattern>(), Err(PatternError::Glob), "{text}");
        }
        for text in ["pkg:cargo/serde@1", "pkg:npm/%40scope/*@1", "pkg:generic/a@*"] {
            assert!(matches!(text.parse::<Pattern>(), Err(PatternError::Version | PatternError::Glob)), "{text}");
        }
        for text in ["", "serde", "/*", "pkg:/*", "*?a=b", "pkg:cargo/a/*", "pkg:cargo//*", "pkg:generic/a%2Fb"] {
            assert!(
                matches!(text.parse::<Pattern>(), Err(PatternError::Name(_) | PatternError::Glob)),
                "{text}: {:?}",
                text.parse::<Pattern>()
            );
        }
        for (text, canonical) in [("pkg:Cargo/*", "pkg:cargo/*"), ("pkg:generic/*?b=x&a=y", "pkg:generic/*?a=y&b=x")] {
            assert_eq!(text.parse::<Pattern>(), Err(PatternError::NotCanonical(canonical.into())));
        }
    }

    #[test]
    fn patterns_print_as_they_are_read() {
        for text in [
            "*",
            "pkg:julia/*",
            "pkg:npm/%40scope/*",
            "pkg:cargo/x",
            "pkg:cargo/*?repository_url=https:%2F%2Fx.org%2Fx",
            "pkg:generic/x/*",
        ] {
            assert_eq!(pattern(text).to_string(), text);
        }
    }

    #[test]
    fn wider_patterns_admit_narrower_ones() {
        for (wide, narrow, wanted) in [
            ("*", "*", true),
            ("*", "pkg:julia/*", true),
            ("pkg:julia/*", "*", false),
            ("pkg:julia/*", "pkg:julia/JSON", true),
            ("pkg:julia/*", "pkg:julia/*", true),
            ("pkg:generic/*", "pkg:generic/a/*", true),
            ("pkg:generic/a/*", "pkg:generic/*", false),
            ("pkg:generic/a/*", "pkg:generic/a/b/*", true),
            ("pkg:generic/a/*", "pkg:generic/ab/*", false),
            ("pkg:generic/x", "pkg:generic/*", false),
            ("pkg:generic/x/*", "pkg:generic/*", false),
            ("pkg:cargo/*", "pkg:cargo/*?a=b", true),
            ("pkg:cargo/*?a=b", "pkg:cargo/*", false),
        ] {
            assert_eq!(pattern(wide).admits(&pattern(narrow)), wanted, "{wide} {narrow}");
        }
    }
}
