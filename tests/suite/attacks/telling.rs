//! What no answer may do, whatever it is about: repaint a terminal, or have the user certify the attacker.

use serde_json::Value;

/// The first such thing in what the program said.
///
/// `known` tells whose fingerprint the user wrote down themselves.
pub(super) fn faults(stdout: &str, stderr: &str, json: Option<&Value>, known: &dyn Fn(&str) -> bool) -> Option<String> {
    let raw = stdout.chars().chain(stderr.chars()).find(|c| is_raw(*c));
    let raw = raw.map(|c| format!("U+{:04X} is shown raw", c as u32));
    let bait = || json.and_then(|json| bait(json, known)).map(|step| format!("a step that could be bait: {step}"));
    raw.or_else(bait).or_else(|| json.and_then(groundless))
}

/// A verdict that is no acceptance, and gives no reason why.
fn groundless(report: &Value) -> Option<String> {
    let answer = match report["verdict"].as_str()? {
        "rejected" => "reject",
        "undetermined" => "cannot-tell",
        _ => return None,
    };
    (!has_answer(report, answer)).then(|| format!("no reason says {answer}"))
}

fn has_answer(value: &Value, answer: &str) -> bool {
    match value {
        Value::Array(values) => values.iter().any(|value| has_answer(value, answer)),
        Value::Object(fields) => {
            let own = fields.get("answer").is_some_and(|own| own == answer);
            own || fields.values().any(|value| has_answer(value, answer))
        }
        _ => false,
    }
}

/// What moves, hides or repaints.
fn is_raw(c: char) -> bool {
    let hides = matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    c.is_control() && c != '\n' || hides
}

/// A step that has somebody else's fingerprint in it, ready to paste.
fn bait(value: &Value, known: &dyn Fn(&str) -> bool) -> Option<String> {
    match value {
        Value::Array(values) => values.iter().find_map(|value| bait(value, known)),
        Value::Object(fields) => {
            let step = fields.get("step").and_then(Value::as_str);
            let pasted = step.filter(|step| fingerprints(step).any(|one| !known(one)));
            pasted.map(str::to_owned).or_else(|| fields.values().find_map(|value| bait(value, known)))
        }
        _ => None,
    }
}

fn fingerprints(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_hexdigit()).filter(|run| run.len() >= 40)
}
