//! `tests/attacks/<fault>/`: what an attacker does, and the exact codes that must follow.
//!
//! Each folder has a `README.md` and a `case.toml` with attacks and their good twins; `tests/attacks/README.md` tells
//! the form. Every case runs the program itself and is held to the whole set of reasons: code, answer and path.
//! `ATTACK=name cargo test attacks` runs one folder; with `ATTACK_SHOW=1` it prints what the program said.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "shared functions of tests")]

pub(crate) mod certify;
pub(crate) mod evidence;
pub(crate) mod forms;
pub(crate) mod gpg;
pub(crate) mod people;
mod said;
mod table;
mod telling;
pub(crate) mod world;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use countersign::reason::Code;
use serde::Deserialize;
use serde_json::Value;

use evidence::{ManifestSpec, SignSpec};
use gpg::Gpg;
use people::Recipe;
use world::{Step, World};

/// A `case.toml`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Folder {
    /// Who has keys; `alice`, with an ordinary one, if nobody is named.
    #[serde(default)]
    people: BTreeMap<String, Recipe>,
    /// What all cases share unless they say it themselves.
    #[serde(default)]
    common: Common,
    case: Vec<Case>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
struct Common {
    before: Vec<Step>,
    manifest: Option<ManifestSpec>,
    signatures: Option<Vec<SignSpec>>,
    run: Option<Vec<String>>,
    words: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Case {
    name: String,
    /// The twin, which differs in one thing and must pass.
    #[serde(default)]
    good: bool,
    /// Done to the package before it is signed.
    #[serde(default)]
    before: Vec<Step>,
    manifest: Option<ManifestSpec>,
    signatures: Option<Vec<SignSpec>>,
    /// Done afterwards.
    #[serde(default)]
    steps: Vec<Step>,
    /// The whole command line; otherwise `verify` for alice.
    run: Option<Vec<String>>,
    /// Further words.
    #[serde(default)]
    words: Vec<String>,
    /// Where it is run, from the world's root.
    #[serde(default)]
    folder: String,
    /// Why gpg cannot make what this case needs.
    in_process: Option<String>,
    exit: i32,
    /// Each one `code answer path`; nothing else may be there.
    reasons: Vec<String>,
    /// Text that stdout or stderr must hold.
    #[serde(default)]
    says: Vec<String>,
    /// How many reasons there are in all, where more were found than are listed.
    total: Option<u64>,
    /// Only where the cryptography is this feature's.
    backend: Option<String>,
    /// The command is one that writes.
    #[serde(default)]
    writes: bool,
    /// What a keyring or a store is said to hold: `certificates = 1`.
    #[serde(default)]
    counts: BTreeMap<String, u64>,
}

#[test]
fn attacks() {
    let folders = folders();
    let mut faults = Vec::new();
    for (name, folder) in &folders {
        let shaped = |good: bool| folder.case.iter().filter(|case| case.good == good).count();
        if shaped(true) == 0 || shaped(false) == 0 {
            faults.push(format!("{name}: needs an attack and a good twin"));
        }
    }
    try_all(&folders, |_, _| true, None, faults);
}

/// Everything once more, with the signatures and certifications that real users would have: gpg's.
#[test]
fn with_gpg() {
    if !crate::tools::found("attacks::with_gpg", &["gpg", "gpgconf", "gpg-agent"]) {
        return;
    }
    let (folders, gpg) = (folders(), Gpg::new());
    let (mut faults, mut beyond) = (Vec::new(), 0);
    for (name, folder) in &folders {
        for case in &folder.case {
            match (&case.in_process, beyond_gpg(folder, case)) {
                (None, None) => {}
                (Some(why), Some(_)) if why.len() > 10 => beyond += 1,
                (Some(_), Some(_)) => faults.push(format!("{name}: {}: in-process must say why", case.name)),
                (Some(_), None) => faults.push(format!("{name}: {}: gpg can make all of it: no in-process", case.name)),
                (None, Some(what)) => faults.push(format!("{name}: {}: in-process, for {what}", case.name)),
            }
        }
    }
    let tried = try_all(&folders, |_, case| case.in_process.is_none(), Some(&gpg), faults);
    assert!(gpg.made() > 0, "gpg made nothing");
    let told = format!("{tried} cases by gpg, which made {} signatures; {beyond} that it cannot make", gpg.made());
    writeln!(std::io::stderr(), "{told}").expect("stderr");
}

/// Tries the cases that are chosen, several at a time. Gives how many there were.
fn try_all(
    folders: &[(String, Folder)],
    chosen: impl Fn(&Folder, &Case) -> bool,
    gpg: Option<&Arc<Gpg>>,
    faults: Vec<String>,
) -> usize {
    assert!(!folders.is_empty(), "there is no such folder");
    let mut jobs = Vec::new();
    for (name, folder) in folders {
        let backend = if cfg!(feature = "crypto-rust") { "crypto-rust" } else { "another" };
        let possible = |case: &&Case| case.backend.as_ref().is_none_or(|wanted| wanted == backend);
        jobs.extend(
            folder.case.iter().filter(possible).filter(|case| chosen(folder, case)).map(|one| (name, folder, one)),
        );
    }
    let faults = Mutex::new(faults);
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some((name, folder, case)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let told = std::panic::catch_unwind(AssertUnwindSafe(|| try_case(folder, case, gpg)));
            let told = told.unwrap_or_else(|why| Err(why.downcast_ref::<String>().cloned().unwrap_or_default()));
            if let Err(told) = told {
                faults.lock().unwrap().push(format!("{name}: {}: {told}", case.name));
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(2, usize::from) * 2;
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    let mut faults = faults.into_inner().unwrap();
    faults.sort();
    assert!(faults.is_empty(), "{} faults in {} cases:\n\n{}", faults.len(), jobs.len(), faults.join("\n\n"));
    jobs.len()
}

/// The first thing in a case that gpg does not make.
fn beyond_gpg(folder: &Folder, case: &Case) -> Option<&'static str> {
    let of_people = folder.people.values().find_map(Recipe::beyond_gpg);
    let signatures = case.signatures.as_ref().or(folder.common.signatures.as_ref());
    let of_signatures = || signatures.into_iter().flatten().find_map(|one| one.options.beyond_gpg());
    let steps = folder.common.before.iter().chain(&case.before).chain(&case.steps);
    of_people.or_else(of_signatures).or_else(|| {
        steps.into_iter().find_map(|step| if let Step::Sign(one) = step { one.options.beyond_gpg() } else { None })
    })
}

/// Every folder with its cases. A folder that no test would run, and one that is not explained, fail.
fn folders() -> Vec<(String, Folder)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/attacks");
    let wanted = std::env::var("ATTACK").ok();
    let mut found = Vec::new();
    for entry in fs::read_dir(&root).expect("tests/attacks") {
        let path = entry.unwrap().path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("a plain name").to_owned();
        if name == "README.md" || wanted.as_ref().is_some_and(|wanted| *wanted != name) {
            continue;
        }
        let read =
            |file: &str| fs::read_to_string(path.join(file)).unwrap_or_else(|why| panic!("{name}/{file}: {why}"));
        assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{name}");
        assert!(read("README.md").len() > name.len() + 40, "{name}/README.md does not tell the attack");
        let folder = toml::from_str(&read("case.toml")).unwrap_or_else(|why| panic!("{name}/case.toml: {why}"));
        found.push((name, folder));
    }
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    found
}

fn try_case(folder: &Folder, case: &Case, gpg: Option<&Arc<Gpg>>) -> Result<(), String> {
    let mut people = folder.people.clone();
    if people.is_empty() {
        people.insert("alice".to_owned(), Recipe::default());
    }
    let world = World::new(&people, &program(), gpg);
    folder.common.before.iter().chain(&case.before).for_each(|step| world.act(step));
    let manifest = case.manifest.as_ref().or(folder.common.manifest.as_ref()).cloned().unwrap_or_default();
    world.act(&Step::Manifest(manifest));
    let signatures = case.signatures.as_ref().or(folder.common.signatures.as_ref()).cloned();
    let signatures = signatures.unwrap_or_else(|| vec![SignSpec::default()]);
    signatures.into_iter().for_each(|signature| world.act(&Step::Sign(signature)));
    case.steps.iter().for_each(|step| world.act(step));
    let mut words = case.run.as_ref().or(folder.common.run.as_ref()).cloned().unwrap_or_else(verify);
    words.extend(folder.common.words.iter().chain(&case.words).cloned());

    let before = world.snapshot();
    let output = world.run_in(&case.folder, &words);
    let after = world.snapshot();
    let stdout = String::from_utf8(output.stdout).expect("text");
    let stderr = String::from_utf8(output.stderr).expect("text");
    if std::env::var_os("ATTACK_SHOW").is_some() {
        std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("## {}\n{stdout}{stderr}\n", case.name)).ok();
    }
    let json: Option<Value> = serde_json::from_str(&stdout).ok();
    let mut expected = case.reasons.clone();
    expected.sort();
    // Of two files by one signer either may be the second: fingerprints are another each time.
    let anybody = |reason: String| {
        let people = people.keys().map(|name| format!("{{{name}}}"));
        let anonymous = people.fold(reason.clone(), |text, name| text.replace(&name, "{*}"));
        if !expected.contains(&reason) && expected.contains(&anonymous) { anonymous } else { reason }
    };
    let found = reasons(json.as_ref(), &stderr);
    let mut found: Vec<_> = found.iter().map(|reason| anybody(world.unfill(reason))).collect();
    found.sort();
    let told = |what: &str| Err(format!("{what}\n{}\n{stdout}{stderr}", words.join(" ")));
    if let Some(what) = telling::faults(&stdout, &stderr, json.as_ref(), &|one| world.is_written_down(&words, one)) {
        return told(&what);
    }
    let exit = output.status.code();
    if exit != Some(case.exit) || found != expected {
        return told(&format!("expected exit {} and {expected:#?},\nfound exit {exit:?} and {found:#?}", case.exit));
    }
    if let Some(missing) = case.says.iter().find(|text| !stdout.contains(*text) && !stderr.contains(*text)) {
        return told(&format!("it does not say {missing:?}"));
    }
    // Only `store add` and its like write though they refuse some of it; `verify` and a refused `accept` leave every byte.
    let judges = words.first().is_some_and(|word| word == "verify" || word == "accept" && exit != Some(0));
    if (judges || !case.writes) && before != after {
        return told("it wrote something");
    }
    if let Some(different) = as_text(&world, case, &words, exit, json.as_ref()).filter(|_| gpg.is_none()) {
        return told(&different);
    }
    if let Some(told_by_accept) = accept(&world, case, &words, exit) {
        return told(&told_by_accept);
    }
    if let Some(total) = case.total {
        let found = json.as_ref().and_then(|json| json["packages"][0]["reasons_total"].as_u64());
        if found != Some(total) {
            return told(&format!("{found:?} reasons in all, not {total}"));
        }
    }
    for (what, count) in &case.counts {
        let found = json.as_ref().map(|json| &json[what]);
        let found = found.and_then(|found| found.as_u64().or_else(|| found.as_array().map(|list| list.len() as u64)));
        if found != Some(*count) {
            return told(&format!("{what}: {found:?}, not {count}"));
        }
    }
    let verdict = json.as_ref().and_then(|json| json["verdict"].as_str());
    if verdict.is_some_and(|verdict| verdict != ["accepted", "rejected", "undetermined"][case.exit as usize]) {
        return told("verdict and exit code differ");
    }
    match case.good {
        true if case.exit != 0 => told("a good twin must pass"),
        false if case.reasons.is_empty() && case.says.is_empty() => told("an attack must expect a reason, or a text"),
        _ => Ok(()),
    }
}

/// Whatever `verify` does not accept, `accept` refuses as well, and leaves every file as it was. It takes no other time, no
/// base and no policy for one run, so without these it may come to another verdict; a refusal leaves no trace either.
fn accept(world: &World, case: &Case, words: &[String], exit: Option<i32>) -> Option<String> {
    if exit == Some(0) || words.first().is_none_or(|word| word != "verify") {
        return None;
    }
    let mut accepting = vec!["accept".to_owned(), "--yes".to_owned()];
    let mut rest = words.iter().skip(1);
    while let Some(word) = rest.next() {
        if ["--at", "--signer", "--base"].contains(&word.as_str()) {
            rest.next();
        } else if word != "--locked" {
            accepting.push(word.clone());
        }
    }
    let same = accepting.len() == words.len() + 1;
    let before = world.snapshot();
    let found = world.run_in(&case.folder, &accepting).status.code();
    match found {
        Some(0) if !same => None,
        _ if same && found != exit => Some(format!("accept ends with {found:?}, verify with {exit:?}")),
        _ => (world.snapshot() != before).then(|| "a refused accept wrote something".to_owned()),
    }
}

/// The same verdict for people: it ends the same way, names every code, and shows no foreign text raw.
fn as_text(world: &World, case: &Case, words: &[String], exit: Option<i32>, json: Option<&Value>) -> Option<String> {
    let [words @ .., format, kind] = words else { return None };
    if !(words.first()? == "verify" && format == "--format" && kind == "json") {
        return None;
    }
    let output = world.run_in(&case.folder, words);
    let [stdout, stderr] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).expect("text"));
    let missing = |reason: &String| !stdout.contains(&format!("[{}]", reason.split(' ').next().unwrap_or_default()));
    let missing =
        reasons(json, "").into_iter().find(missing).map(|reason| format!("as text it does not tell {reason}"));
    let same = output.status.code() == exit;
    let fault = telling::faults(&stdout, &stderr, None, &|_| true).or(missing);
    fault.or_else(|| (!same).then(|| "as text it ends another way".to_owned())).map(|why| format!("{why}\n{stdout}"))
}

/// The usual question: did alice sign this?
fn verify() -> Vec<String> {
    let words = "verify package --package pkg:generic/acme@1.0 --keyring keyring.pgp --signer {alice} --at 2025-01-01 \
                 --format json";
    words.split_whitespace().map(str::to_owned).collect()
}

fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_countersign"))
}

/// All reasons in an answer, as `code answer path`; what is told as an error instead, as `code error`.
fn reasons(json: Option<&Value>, stderr: &str) -> Vec<String> {
    let mut found = Vec::new();
    match json {
        Some(json) => collect(json, &mut found),
        None => {
            let codes = Code::ALL.iter().map(|(code, _)| code.as_str());
            found
                .extend(codes.filter(|code| stderr.contains(&format!("[{code}]"))).map(|code| format!("{code} error")));
        }
    }
    found
}

fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
        Value::Object(fields) => {
            // A path may end in a space.
            let text = |field: &str| fields.get(field).and_then(Value::as_str);
            if let (Some(code), Some(answer)) = (text("code"), text("answer")) {
                let path = text("path").map(|path| format!(" {path}")).unwrap_or_default();
                found.push(format!("{code} {answer}{path}"));
            } else if let (Some(code), Some(fingerprint)) = (text("reason"), text("fingerprint")) {
                found.push(format!("{code} certificate {fingerprint}"));
            }
            fields.values().for_each(|value| collect(value, found));
        }
        _ => {}
    }
}

/// `\xNN` is a byte; all else stands for itself.
fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(place) = rest.find("\\x") {
        let digits = rest.get(place + 2..place + 4).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.extend(&rest.as_bytes()[..place]);
        match digits {
            Some(byte) => {
                bytes.push(byte);
                rest = &rest[place + 4..];
            }
            None => {
                bytes.extend(b"\\x");
                rest = &rest[place + 2..];
            }
        }
    }
    bytes.extend(rest.as_bytes());
    bytes
}
