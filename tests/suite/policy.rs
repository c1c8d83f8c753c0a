//! `countersign policy` as people type it, and `docs/policy.md`, which holds every key and every template.
//!
//! `POLICY=overwrite cargo test policy` writes the tables of the document anew.

#![expect(clippy::disallowed_methods, reason = "the program is run as its users run it")]
#![allow(clippy::unwrap_used, reason = "shared functions of tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use countersign::limits::Limits;
use countersign::policy::PolicyFile;
use countersign::policy::keys::{KEYS, TABLES};
use countersign::policy::templates::TEMPLATES;
use serde_json::Value;
use snapbox::assert_data_eq;

/// A user with an empty home.
struct User(tempfile::TempDir);

impl User {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.arg("policy").args(arguments).current_dir(self.0.path());
        command.env("HOME", self.0.path()).env("XDG_CONFIG_HOME", self.0.path().join("config"));
        command.env("XDG_DATA_HOME", self.0.path().join("data")).stdin(Stdio::null()).output().unwrap()
    }

    /// The exit code and standard output.
    fn told(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.run(arguments);
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    }

    fn json(&self, arguments: &[&str]) -> (Option<i32>, Value) {
        let output = self.run(&[arguments, &["--format", "json"]].concat());
        (output.status.code(), serde_json::from_slice(&output.stdout).unwrap())
    }

    fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.0.path().join(name).parent().unwrap()).unwrap();
        fs::write(self.0.path().join(name), text).unwrap();
    }
}

#[test]
fn a_policy_is_written_checked_and_explained() {
    let user = User::new();
    let (code, said) = user.told(&["init"]);
    assert_eq!(code, Some(0));
    assert_data_eq!(
        said,
        "Wrote countersign.toml: one user: remember the first author of each package, accept unsigned ones as such.\n\
         Change what you like, then run `countersign policy check countersign.toml`.\n"
    );
    assert_eq!(fs::read_to_string(user.0.path().join("countersign.toml")).unwrap(), TEMPLATES[0].text);
    let (code, said) = user.told(&["check", "countersign.toml"]);
    assert_eq!((code, said.as_str()), (Some(0), "countersign.toml: nothing is wrong\n  1 rule, 0 roots\n"));
    // Where none is named, it is found.
    let (code, found) = user.json(&["check"]);
    assert_eq!(code, Some(0));
    assert_eq!(found["countersign"], "policy-check/1");
    assert!(found["policy"]["source"].as_str().unwrap().ends_with("/countersign.toml"), "{found}");
    let (code, said) = user.told(&["explain", "pkg:cargo/serde@1.0.0", "--policy", "countersign.toml"]);
    assert_eq!(code, Some(0));
    assert_data_eq!(
        said,
        "pkg:cargo/serde@1.0.0: rule 1 of countersign.toml decides, line 5\n  for *\n  The manifest is signed by 1 author \
         who may release this package.\n  Without an author's signature that counts, the author clauses are skipped: the \
         package passes as unsigned, and is told as not vouched for.\n  If it is new here, its first author may be anyone, \
         and is remembered once accepted.\n  A change of its authors must be signed by 1 of those before, and by everyone \
         who is new.\n"
    );
}

#[test]
fn nothing_is_overwritten() {
    let user = User::new();
    user.write("countersign.toml", "mine");
    let output = user.run(&["init", "--template", "team"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("Error: countersign.toml was not written") && said.contains("Hint: "), "{said}");
    assert_eq!(fs::read_to_string(user.0.path().join("countersign.toml")).unwrap(), "mine");
    assert_eq!(user.told(&["init", "--template", "team", "other.toml"]).0, Some(0));
}

/// Where groups may write what their members make, a policy of ours would be refused at once.
#[test]
fn what_is_written_nobody_else_can_write() {
    let user = User::new();
    let script = format!("umask 000; exec '{}' policy init", env!("CARGO_BIN_EXE_countersign"));
    let made = Command::new("sh").args(["-c", &script]).current_dir(user.0.path()).output().unwrap();
    assert_eq!(made.status.code(), Some(0));
    assert_eq!(user.told(&["check", "countersign.toml"]).0, Some(0));
}

#[test]
fn every_fault_is_told_by_its_line_in_text_and_json() {
    let user = User::new();
    user.write("p.toml", "countersign = \"policy/1\"\nstore = []\n[trust]\namount = 0\n");
    let (code, said) = user.told(&["check", "p.toml"]);
    assert_eq!(code, Some(2));
    assert_data_eq!(
        said,
        "CANNOT TELL\n\
         cannot tell [policy-unknown-key] p.toml:2:1: a policy has no key `store`\n  -> did you mean `stores`?\n\
         cannot tell [policy-threshold-zero] p.toml:4:10: `amount` of 0 would let through what nobody vouched for; ask for \
         1 or more\n"
    );
    let (code, report) = user.json(&["check", "p.toml"]);
    assert_eq!(code, Some(2));
    let codes: Vec<_> = report["reasons"].as_array().unwrap().iter().map(|reason| &reason["code"]).collect();
    assert_eq!(codes, ["policy-unknown-key", "policy-threshold-zero"]);
    assert_eq!(user.json(&["explain", "pkg:cargo/a", "--policy", "p.toml"]), (code, report));
    let (code, report) = user.json(&["check", "none.toml"]);
    assert_eq!((code, &report["reasons"][0]["code"]), (Some(2), &Value::from("policy-missing")));
}

#[test]
fn a_package_that_no_rule_matches_is_refused() {
    let user = User::new();
    user.write("p.toml", "countersign = \"policy/1\"\n[[rule]]\npackages = \"pkg:julia/*\"\n");
    let (code, said) = user.told(&["explain", "pkg:cargo/serde", "--policy", "p.toml"]);
    let wanted = "pkg:cargo/serde: no rule of p.toml matches, so it is refused (no-rule)\n";
    assert_eq!((code, said.as_str()), (Some(1), wanted));
    let (code, answer) = user.json(&["explain", "pkg:cargo/serde", "--policy", "p.toml"]);
    assert_eq!((code, &answer["rule"]), (Some(1), &Value::Null));
    let (code, answer) =
        user.json(&["explain", "pkg:julia/A?uuid=682c06a0-de6a-54ab-a142-c8b1cf79cde6", "--policy", "p.toml"]);
    assert_eq!((code, &answer["rule"]["number"]), (Some(0), &Value::from(1)));
    assert_eq!(answer["rule"]["require"]["author"]["count"], 1);
}

#[test]
fn without_any_policy_the_built_in_one_is_told() {
    let user = User::new();
    let (code, answer) = user.json(&["check"]);
    assert_eq!((code, &answer["policy"]["source"]), (Some(0), &Value::from("built-in")));
    assert_eq!(answer["notes"][0]["code"], "policy-built-in");
    user.write("config/countersign/policy.toml", "countersign = \"policy/1\"\n");
    let (code, said) = user.told(&["check"]);
    assert_eq!(code, Some(0));
    assert!(said.contains("config/countersign/policy.toml") && said.contains("no-rule"), "{said}");
}

#[test]
fn the_document_has_every_template_and_only_good_policies() {
    let text = fs::read_to_string(document()).unwrap();
    for template in TEMPLATES {
        let block = format!("### {}\n", template.name);
        let section = text.split(&block).nth(1).unwrap_or_else(|| panic!("{} is not explained", template.name));
        let section = section.split("\n### ").next().unwrap();
        assert!(section.contains(&format!("```toml\n{}```\n", template.text)), "{} is another one", template.name);
        PolicyFile::read(template.text.as_bytes(), &Limits::default()).unwrap().check(None).unwrap();
    }
    assert_eq!(text.matches("```toml\n").count(), TEMPLATES.len());
}

#[test]
fn the_document_has_every_key() {
    let file = document();
    let text = fs::read_to_string(&file).unwrap();
    let (before, rest) = text.split_once("writes it anew -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- end of keys -->").unwrap();
    let wanted = format!("{before}writes it anew -->\n{}<!-- end of keys -->{after}", tables());
    if std::env::var_os("POLICY").is_some_and(|value| value == "overwrite") {
        fs::write(&file, &wanted).unwrap();
    }
    assert_data_eq!(fs::read_to_string(&file).unwrap(), snapbox::Data::text(wanted).raw());
}

/// One policy with every key in the table, so that the code reads each of them. (Those that the user names are free.)
#[test]
fn every_key_of_the_table_is_read() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/policy/everything")).unwrap();
    let checked = PolicyFile::read(text.as_bytes(), &Limits::default()).and_then(|file| file.check(None));
    let policy = checked.unwrap_or_else(|faults| panic!("{faults:#?}"));
    assert_eq!((policy.rules().len(), policy.roots().len()), (1, 1));
    for key in KEYS.iter().filter(|key| key.name != "*") {
        let there = [format!("{} =", key.name), format!("[{}]", key.name)].iter().any(|form| text.contains(form));
        assert!(there, "{}.{} is not in fuzz/corpus/policy/everything", key.table, key.name);
    }
}

fn document() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/policy.md")
}

/// One table for each table of the file.
fn tables() -> String {
    let mut text = String::new();
    for (table, written) in TABLES {
        let mut title = (*written).to_owned();
        title[..1].make_ascii_uppercase();
        text.push_str(&format!("\n### {title}\n\n| key | type | default | range | meaning |\n|---|---|---|---|---|\n"));
        for key in KEYS.iter().filter(|key| key.table == *table) {
            let name = if key.name == "*" { "*any name*".to_owned() } else { format!("`{}`", key.name) };
            let cells = [name.as_str(), key.kind, key.default, key.range, key.meaning];
            text.push_str(&format!("| {} |\n", cells.join(" | ")));
        }
    }
    text.push('\n');
    text
}
