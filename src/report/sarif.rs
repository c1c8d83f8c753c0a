//! The report in the Static Analysis Results Interchange Format (SARIF 2.1.0, OASIS), for whatever shows such files beside
//! a change: one result a reason.
//!
//! What cannot be told is an error like what is refused. A reason stands at the project's lockfile, since that is
//! what a change to the dependencies changes; what it is about is named in the sentence and as a logical location.

use std::fmt::{self, Write as _};

use serde_json::{Value, json};

use super::Report;
use crate::digest::Digest;
use crate::reason::{Answer, Code, Reason};
use crate::verdict::Outcome;

/// Writes a report as a SARIF log with one run.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "a report and the way to write it")]
pub struct Sarif<'a>(pub &'a Report);

impl fmt::Display for Sarif<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:#}", self.log())
    }
}

impl Sarif<'_> {
    fn log(&self) -> Value {
        let report = self.0;
        let of_packages = report.packages.iter().flat_map(|one| {
            let package = one.package.as_deref();
            one.reasons.iter().map(move |reason| (package, reason))
        });
        let all: Vec<_> = report.reasons.iter().map(|reason| (None, reason)).chain(of_packages).collect();
        let mut codes: Vec<Code> = all.iter().map(|(_, reason)| reason.code).collect();
        codes.sort_by_key(|code| code.as_str());
        codes.dedup();
        let rules: Vec<_> = codes.iter().copied().map(rule).collect();
        let place = report.project.as_ref().map_or(".", |project| project.lockfile.as_str());
        let results: Vec<_> = all
            .iter()
            .map(|(package, reason)| {
                let index = codes.binary_search_by_key(&reason.code.as_str(), |code| code.as_str()).unwrap_or_default();
                result(*package, reason, index, place)
            })
            .collect();
        let verdict = match report.verdict {
            Outcome::Accepted => "accepted",
            Outcome::Rejected => "rejected",
            Outcome::Undetermined => "could not be told",
        };
        json!({
            "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
            "version": "2.1.0",
            "runs": [{
                "tool": { "driver": {
                    "name": "Countersign",
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "rules": rules,
                } },
                "automationDetails": { "id": "countersign/" },
                "invocations": [{
                    "executionSuccessful": true,
                    "exitCode": report.verdict.exit_code(),
                    "exitCodeDescription": verdict,
                    "endTimeUtc": report.at,
                }],
                "columnKind": "unicodeCodePoints",
                "results": results,
            }],
        })
    }
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.as_str(),
        "shortDescription": { "text": code.meaning() },
        "help": { "text": code.advice() },
    })
}

fn result(package: Option<&str>, reason: &Reason, rule: usize, place: &str) -> Value {
    let mut text = String::new();
    for part in [package, reason.path.as_deref()].into_iter().flatten() {
        write!(text, "{part}: ").expect("a string takes everything");
    }
    text.push_str(&reason.message);
    if let Some(step) = &reason.step {
        write!(text, " ({step})").expect("a string takes everything");
    }
    let mut location = json!({
        "physicalLocation": { "artifactLocation": { "uri": uri(place) }, "region": { "startLine": 1 } },
    });
    if let Some(package) = package {
        location["logicalLocations"] = json!([{ "fullyQualifiedName": package, "kind": "package" }]);
    }
    let (name, path) = (package.unwrap_or_default(), reason.path.as_deref().unwrap_or_default());
    let same = Digest::of(format!("{name}\0{}\0{path}", reason.code).as_bytes());
    json!({
        "ruleId": reason.code.as_str(),
        "ruleIndex": rule,
        "level": match reason.answer {
            Answer::Reject | Answer::CannotTell => "error",
            Answer::SetAside => "warning",
            Answer::Note => "note",
        },
        "message": { "text": without_links(&text) },
        "locations": [location],
        // Of one package, code and path there is one alert, however its sentence changes.
        "partialFingerprints": { "countersign/v1": same.to_string() },
        "properties": { "answer": reason.answer, "package": package, "path": reason.path },
    })
}

/// A message of SARIF is plain text but for `[text](target)`, which is a link (section 3.11.6), and foreign text must make none.
fn without_links(text: &str) -> String {
    text.replace("](", "] (")
}

/// A path as a relative reference (RFC 3986): everything but unreserved characters and `/` is encoded.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(byte.into()),
            _ => write!(uri, "%{byte:02X}").expect("a string takes everything"),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_makes_no_link() {
        let at = "[approve here](https://example.org)";
        let reason = Reason::new(Code::FileAdded, Answer::Reject, "is there").at(at);
        let result = result(Some("pkg:generic/a@1"), &reason, 0, "x");
        assert_eq!(result["message"]["text"], "pkg:generic/a@1: [approve here] (https://example.org): is there");
        assert_eq!(result["properties"]["path"], at);
    }

    #[test]
    fn what_no_address_may_hold_is_encoded() {
        assert_eq!(uri("a b/Cargo.lock"), "a%20b/Cargo.lock");
        assert_eq!(uri("\u{fc}:?#%"), "%C3%BC%3A%3F%23%25");
    }
}
