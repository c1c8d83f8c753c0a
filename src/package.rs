//! The name of a package: a package URL (purl, ECMA-427) in its one canonical spelling.
//!
//! A purl identifies; it proves nothing. Names are made canonical before signing, never after, so this file only
//! reads: a text that is not canonical is refused, and the canonical form is shown.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::path::{PathFault, check_name};
use crate::shown::Shown;

/// Bytes in a purl.
pub const MAX_PURL: usize = 512;

/// A package, with or without a version: `pkg:cargo/serde@1.0.229`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Purl {
    kind: String,
    /// Decoded segments: the namespace, then the name.
    path: Vec<String>,
    version: Option<String>,
    /// Decoded, sorted by key.
    qualifiers: Vec<(String, String)>,
}

impl Purl {
    /// The ecosystem, such as `cargo`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The name, decoded, without its namespace.
    pub fn name(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }

    /// The namespace and the name, decoded, one segment each.
    pub fn segments(&self) -> &[String] {
        &self.path
    }

    /// The qualifiers, decoded and sorted by key.
    pub fn qualifiers(&self) -> &[(String, String)] {
        &self.qualifiers
    }

    /// The version, decoded.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// The package without its version: what stays the same from release to release.
    #[must_use]
    pub fn identity(&self) -> Self {
        Self { version: None, ..self.clone() }
    }

    /// This package at a version.
    ///
    /// # Errors
    /// A version that cannot stand in a purl.
    pub fn at(&self, version: &str) -> Result<Self, PurlError> {
        let purl = Self { version: Some(version.to_owned()), ..self.clone() };
        purl.to_string().parse()
    }

    /// Reads the name inside a pattern: any spelling (the pattern's own is compared afterwards), and a qualifier that the
    /// ecosystem asks of a package may be absent.
    pub(crate) fn read_in_pattern(text: &str) -> Result<Self, PurlError> {
        read(text, Asks::OfPattern)
    }
}

impl fmt::Display for Purl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pkg:{}", self.kind)?;
        for segment in &self.path {
            write!(f, "/{}", Encoded(segment))?;
        }
        if let Some(version) = &self.version {
            write!(f, "@{}", Encoded(version))?;
        }
        for (place, (key, value)) in self.qualifiers.iter().enumerate() {
            let mark = if place == 0 { '?' } else { '&' };
            write!(f, "{mark}{key}={}", Encoded(value))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Purl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Purl {
    type Err = PurlError;

    fn from_str(text: &str) -> Result<Self, PurlError> {
        let purl = read(text, Asks::OfPackage)?;
        let canonical = purl.to_string();
        if canonical == text { Ok(purl) } else { Err(PurlError::NotCanonical(canonical)) }
    }
}

/// Why a text is not a package name. The reason code is `package-id`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PurlError {
    /// Over [`MAX_PURL`] bytes.
    #[error("a package name has at most {MAX_PURL} bytes")]
    Length,
    /// Not `pkg:type/name`.
    #[error("a package is named by a purl, such as `pkg:cargo/serde@1.0.229`")]
    Form,
    /// A percent sign without two hex digits, or bytes that are not UTF-8.
    #[error("`%` must be followed by two hex digits, and what they stand for must be UTF-8")]
    Encoding,
    /// A slash behind an `@`: a version has none, and an `@` in a name is encoded.
    #[error("`@` begins the version, which has no `/`; an `@` in a name is written `%40`")]
    At,
    /// A `#subpath`: a package is a whole.
    #[error("a package is named without `#subpath`")]
    Subpath,
    /// A part that breaks the rules for names.
    #[error("a part of the package name is not allowed: {0}")]
    Part(PathFault),
    /// A rule of this ecosystem.
    #[error("{0}")]
    Ecosystem(&'static str),
    /// The same name in another spelling; the canonical one.
    #[error("not the canonical form, which is `{}`", Shown::new(.0))]
    NotCanonical(String),
}

struct Encoded<'a>(&'a str);

impl fmt::Display for Encoded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.bytes().try_for_each(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' => write!(f, "{}", byte as char),
            _ => write!(f, "%{byte:02X}"),
        })
    }
}

/// Of what an ecosystem's rules are asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asks {
    /// A package, which is named in full.
    OfPackage,
    /// A pattern, in which a qualifier only narrows.
    OfPattern,
}

fn read(text: &str, asks: Asks) -> Result<Purl, PurlError> {
    if text.len() > MAX_PURL {
        return Err(PurlError::Length);
    }
    let purl = parse(text)?;
    check_parts(&purl)?;
    check_ecosystem(&purl, asks)?;
    Ok(purl)
}

fn parse(text: &str) -> Result<Purl, PurlError> {
    let rest = text.strip_prefix("pkg:").ok_or(PurlError::Form)?;
    if rest.contains('#') {
        return Err(PurlError::Subpath);
    }
    let (rest, qualifiers) = match rest.split_once('?') {
        Some((rest, qualifiers)) => (rest, parse_qualifiers(qualifiers)?),
        None => (rest, Vec::new()),
    };
    let (rest, version) = match rest.rsplit_once('@') {
        Some((_, version)) if version.contains('/') => return Err(PurlError::At),
        Some((rest, version)) => (rest, Some(decode(version)?)),
        None => (rest, None),
    };
    let (kind, path) = rest.split_once('/').ok_or(PurlError::Form)?;
    let mut letters = kind.bytes();
    let well_formed = letters.next().is_some_and(|b| b.is_ascii_alphabetic())
        && letters.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    if !well_formed {
        return Err(PurlError::Form);
    }
    let path = path.split('/').map(decode).collect::<Result<_, _>>()?;
    Ok(Purl { kind: kind.to_ascii_lowercase(), path, version, qualifiers })
}

fn parse_qualifiers(text: &str) -> Result<Vec<(String, String)>, PurlError> {
    let mut qualifiers = Vec::new();
    for pair in text.split('&') {
        let (key, value) = pair.split_once('=').ok_or(PurlError::Form)?;
        let mut letters = key.bytes();
        let well_formed = letters.next().is_some_and(|b| b.is_ascii_alphabetic())
            && letters.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
        if !well_formed || value.is_empty() {
            return Err(PurlError::Form);
        }
        qualifiers.push((key.to_ascii_lowercase(), decode(value)?));
    }
    qualifiers.sort();
    if qualifiers.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return Err(PurlError::Form);
    }
    Ok(qualifiers)
}

fn decode(text: &str) -> Result<String, PurlError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|b| char::from(b).to_digit(16)).ok_or(PurlError::Encoding);
        let value = digit()? << 4 | digit()?;
        bytes.push(value.try_into().map_err(|_| PurlError::Encoding)?);
    }
    String::from_utf8(bytes).map_err(|_| PurlError::Encoding)
}

/// The rules for names hold for every part; a qualifier's value may have slashes, as addresses do.
fn check_parts(purl: &Purl) -> Result<(), PurlError> {
    let named = purl.path.iter().chain(&purl.version);
    named.map(String::as_str).try_for_each(|part| check_name(part.as_bytes()).map(drop)).map_err(PurlError::Part)?;
    let mut pieces = purl.qualifiers.iter().flat_map(|(_, value)| value.split('/')).filter(|piece| !piece.is_empty());
    pieces.try_for_each(|piece| check_name(piece.as_bytes()).map(drop)).map_err(PurlError::Part)
}

/// What an ecosystem asks of its names. Ecosystems that we do not know are taken as they are written.
fn check_ecosystem(purl: &Purl, asks: Asks) -> Result<(), PurlError> {
    let name = purl.name();
    let uuid = purl.qualifiers.iter().find(|(key, _)| key == "uuid").map(|(_, value)| is_uuid(value));
    let spaces = purl.path.len() - 1;
    let refuse = |rule| Err(PurlError::Ecosystem(rule));
    match purl.kind.as_str() {
        "cargo" if spaces > 0 => refuse("a Cargo package has no namespace"),
        "cargo" if !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')) => {
            refuse("a Cargo package's name has ASCII letters, digits, `-` and `_` only")
        }
        "julia" if spaces > 0 => refuse("a Julia package has no namespace"),
        "julia" if name.ends_with(".jl") => refuse("a Julia package is named without `.jl`"),
        "julia" if !uuid.unwrap_or(asks == Asks::OfPattern) => {
            refuse("a Julia package needs its UUID: `?uuid=7876af07-990d-54b4-ab0e-23690620f79a`, in lower case")
        }
        "npm" if spaces > 1 || (spaces == 1 && !purl.path[0].starts_with('@')) => {
            refuse("an npm package's namespace is one scope, written `%40scope`")
        }
        "npm" if purl.path.iter().any(|part| part.chars().any(char::is_uppercase)) => {
            refuse("an npm package's name is in lower case")
        }
        "pypi" if spaces > 0 => refuse("a Python package has no namespace"),
        "pypi" if !is_normal_python(name) => {
            refuse("a Python package's name is in lower case, with single `-` for runs of `-`, `_` and `.`")
        }
        _ => Ok(()),
    }
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<_> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.concat().bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_normal_python(name: &str) -> bool {
    !name.contains("--") && name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'z' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANONICAL: &[&str] = &[
        "pkg:cargo/serde@1.0.229",
        "pkg:cargo/serde",
        "pkg:julia/JSON@0.21.4?uuid=682c06a0-de6a-54ab-a142-c8b1cf79cde6",
        "pkg:npm/%40scope/name@1.2.3",
        "pkg:pypi/a-b@1.0",
        "pkg:generic/acme@2.1?download_url=https:%2F%2Fexample.org%2Fa.tgz",
        "pkg:generic/a/b/c@1.0.0%2Bbuild",
        "pkg:generic/%C3%BCn%C3%AF@1",
    ];

    #[test]
    fn canonical_names_read_back() {
        for text in CANONICAL {
            let purl: Purl = text.parse().expect(text);
            assert_eq!(purl.to_string(), *text);
        }
        let purl: Purl = CANONICAL[3].parse().expect("a purl");
        assert_eq!((purl.kind(), purl.name(), purl.version()), ("npm", "name", Some("1.2.3")));
        assert_eq!(purl.identity().to_string(), "pkg:npm/%40scope/name");
        assert_eq!(purl.identity().at("2").expect("a version").to_string(), "pkg:npm/%40scope/name@2");
    }

    #[test]
    fn other_spellings_are_refused_with_the_canonical_one() {
        let cases = [
            ("pkg:Cargo/serde@1", "pkg:cargo/serde@1"),
            ("pkg:npm/@scope/name@1", "pkg:npm/%40scope/name@1"),
            ("pkg:generic/a%2eb@1", "pkg:generic/a.b@1"),
            ("pkg:generic/a@1+b", "pkg:generic/a@1%2Bb"),
            ("pkg:generic/a@1?b=x&a=y", "pkg:generic/a@1?a=y&b=x"),
        ];
        for (text, canonical) in cases {
            assert_eq!(text.parse::<Purl>(), Err(PurlError::NotCanonical(canonical.into())), "{text}");
        }
    }

    #[test]
    fn what_names_no_package_is_refused() {
        for text in
            ["", "serde", "cargo/serde", "pkg:cargo", "pkg:/serde", "pkg:1a/x", "pkg:generic/a?b", "pkg:generic/a?b="]
        {
            assert_eq!(text.parse::<Purl>(), Err(PurlError::Form), "{text}");
        }
        assert_eq!("pkg:generic/a#b".parse::<Purl>(), Err(PurlError::Subpath));
        assert_eq!("pkg:npm/@scope/name".parse::<Purl>(), Err(PurlError::At));
        let canonical = PurlError::NotCanonical("pkg:npm/%40scope/name@1".to_owned());
        assert_eq!("pkg:npm/@scope/name@1".parse::<Purl>(), Err(canonical));
        assert_eq!("pkg:generic/a%2".parse::<Purl>(), Err(PurlError::Encoding));
        assert_eq!("pkg:generic/a%ff".parse::<Purl>(), Err(PurlError::Encoding));
        assert_eq!(format!("pkg:generic/{}", "a".repeat(512)).parse::<Purl>(), Err(PurlError::Length));
        for text in [
            "pkg:generic/../a",
            "pkg:generic/a%2Fb@1",
            "pkg:generic/a%0A@1",
            "pkg:generic/a@",
            "pkg:generic/a/",
            "pkg:generic/.git@1",
            "pkg:generic/a%E2%80%AE@1",
            "pkg:generic/a@1%5C",
        ] {
            assert!(matches!(text.parse::<Purl>(), Err(PurlError::Part(_))), "{text}");
        }
        for text in [
            "pkg:cargo/a/b@1",
            "pkg:cargo/a.b@1",
            "pkg:julia/JSON@1",
            "pkg:julia/A.jl@1",
            "pkg:npm/a/b@1",
            "pkg:npm/Left@1",
            "pkg:pypi/A_b@1",
            "pkg:julia/A@1?uuid=7876AF07-990d-54b4-ab0e-23690620f79a",
        ] {
            assert!(matches!(text.parse::<Purl>(), Err(PurlError::Ecosystem(_))), "{text}");
        }
    }
}
