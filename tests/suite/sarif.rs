//! The report as SARIF: it is what the standard's own schema allows, and says what the report says.
//!
//! The schema comes out of the crate `serde-sarif`, which `benches/large-project` names; it is only fetched.

#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "these tests start programs")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use countersign::reason::Code;
use serde_json::Value;

use crate::page::about;
use crate::{crates, tools};

/// Says whether the second file is what the first one, a schema, allows.
const VALIDATE: &str = "\
import json, sys, warnings
warnings.simplefilter('ignore')
import jsonschema
schema, log = (json.load(open(name, encoding='utf-8')) for name in sys.argv[1:])
faults = list(jsonschema.Draft7Validator(schema).iter_errors(log))
print('\\n'.join(f'{list(fault.absolute_path)}: {fault.message}' for fault in faults))
sys.exit(1 if faults else 0)
";

#[test]
fn it_says_what_the_report_says() {
    let changed = log(&package("changed"));
    let results = changed["runs"][0]["results"].as_array().expect("results");
    let report = json(&about("verify", "changed", &["--format", "json"]));
    let reasons = report["packages"][0]["reasons"].as_array().expect("reasons");
    let told = |one: &Value, code: &str, package: &str| {
        (one[code].clone(), one["properties"]["path"].clone(), one["properties"]["package"] == package)
    };
    let ours: Vec<_> = results.iter().map(|one| told(one, "ruleId", "pkg:generic/acme@1.0")).collect();
    let wanted: Vec<_> = reasons.iter().map(|one| (one["code"].clone(), one["path"].clone(), true)).collect();
    assert_eq!(ours, wanted);
    for (result, reason) in results.iter().zip(reasons) {
        let level = match reason["answer"].as_str() {
            Some("reject" | "cannot-tell") => "error",
            Some("set-aside") => "warning",
            _ => "note",
        };
        assert_eq!(result["level"], level, "{reason}");
        let rule =
            result["ruleIndex"].as_u64().and_then(|at| changed["runs"][0]["tool"]["driver"]["rules"].get(at as usize));
        let rule = rule.expect("its rule");
        assert_eq!(rule["id"], result["ruleId"]);
        let code = rule["id"].as_str().and_then(Code::named).expect("a code");
        assert_eq!(rule["help"]["text"], code.advice());
    }
    let codes: Vec<_> = results.iter().filter_map(|one| one["ruleId"].as_str()).collect();
    assert!(codes.contains(&"content-differs") || codes.contains(&"file-added"), "{codes:?}");
    assert_eq!(changed["runs"][0]["invocations"][0]["exitCode"], 1);
    assert_eq!(log(&package("acme"))["runs"][0]["invocations"][0]["exitCode"], 0);
}

#[test]
fn it_is_what_the_schema_allows() {
    const NAME: &str = "sarif::it_is_what_the_schema_allows";
    let Some(schema) = schema() else {
        return tools::not_run(
            NAME,
            "the crate serde-sarif (cargo fetch --manifest-path benches/large-project/Cargo.toml)",
        );
    };
    if !tools::found(NAME, &["python3"]) {
        return;
    }
    let python = |arguments: &[&Path]| {
        Command::new("python3").args(["-c", VALIDATE]).args(arguments).output().expect("python3 starts")
    };
    if Command::new("python3").args(["-c", "import jsonschema"]).output().is_ok_and(|told| !told.status.success()) {
        return tools::not_run(NAME, "python3-jsonschema");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("log.sarif");
    let valid = |log: &str| {
        fs::write(&file, log).expect("written");
        let told = python(&[&schema, &file]);
        (told.status.code(), String::from_utf8(told.stdout).expect("text"))
    };
    // A package that is accepted, one that is refused, and a project of hundreds.
    for told in [package("acme"), package("changed"), project()] {
        let text = String::from_utf8(told.stdout).expect("UTF-8");
        assert_eq!(valid(&text), (Some(0), "\n".into()), "{text}");
        // And what is no SARIF is told from it.
        assert_eq!(valid(&text.replace("\"version\": \"2.1.0\"", "\"version\": \"2.7.0\"")).0, Some(1));
    }
}

/// The report on a package of the commands' world.
fn package(dir: &str) -> Output {
    let told = about("report", dir, &["--sarif", "-"]);
    assert!(told.stderr.is_empty(), "{told:?}");
    told
}

/// The report on this repository, in an empty account.
fn project() -> Output {
    let home = tempfile::tempdir().expect("a folder");
    let mut program = Command::new(env!("CARGO_BIN_EXE_countersign"));
    program.current_dir(env!("CARGO_MANIFEST_DIR")).args(["report", "--sarif", "-"]);
    program.env("HOME", home.path()).env("CARGO_HOME", crates::cargo_home()).output().expect("it starts")
}

fn log(told: &Output) -> Value {
    let log = json(told);
    assert_eq!((&log["version"], log["runs"].as_array().map(Vec::len)), (&"2.1.0".into(), Some(1)));
    log
}

fn json(told: &Output) -> Value {
    serde_json::from_slice(&told.stdout).unwrap_or_else(|why| panic!("{why}: {told:?}"))
}

fn schema() -> Option<PathBuf> {
    let ours =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"serde-sarif-"));
    crates::unpacked().into_iter().filter(ours).map(|one| one.join("src/schema.json")).find(|file| file.is_file())
}
