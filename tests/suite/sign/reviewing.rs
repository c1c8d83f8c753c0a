//! `docs/reviewing.md`: its commands, run one after the other as they are typed, say what it says they say.

use std::path::Path;
use std::process::Command;

use super::desk::Desk;
use crate::tools::Home;

/// Whose fingerprint stands where in the policy to start from.
const PEOPLE: [(&str, char); 4] = [("alice", 'A'), ("bob", 'B'), ("carol", 'C'), ("bot", 'D')];

#[test]
fn the_document_on_reviewing_is_true() {
    let Some(mut desk) = Desk::new("the_document_on_reviewing_is_true") else { return };
    let home = Home::new();
    let document = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reviewing.md")).unwrap();
    let (_, policy) = document.split_once("```toml\n").unwrap();
    let (policy, _) = policy.split_once("```").unwrap();
    assert_eq!(policy, include_str!("../../../src/policy/templates/reviewed.toml"));
    let mut policy = policy.to_owned();
    for (name, letter) in PEOPLE {
        policy = policy.replace(&letter.to_string().repeat(40), &desk.key(&home, name));
    }
    desk.write("countersign.toml", &policy);
    std::fs::create_dir(desk.at("keyrings")).unwrap();
    std::fs::copy(home.keyring("keyring.pgp", &[]), desk.at("keyrings/people.pgp")).unwrap();
    desk.write("evidence/countersign-store", "store/1\n");
    for (version, answer) in [("1.0.0", 0), ("1.1.0", 1)] {
        desk.write(&format!("acme-{version}/main.c"), &format!("int main(void) {{ return {answer}; }}\n"));
        desk.write(&format!("acme-{version}/README"), "Acme.\n");
    }
    let mut ran = 0;
    for block in document.split("```console\n").skip(1) {
        let (block, _) = block.split_once("```").unwrap();
        for step in block.strip_prefix("$ ").unwrap().split("\n$ ") {
            let (typed, expected) = step.split_once('\n').unwrap_or((step, ""));
            let said = run(&desk, &home, typed);
            let refused = expected.contains("REJECTED");
            assert_eq!(said.0, i32::from(refused), "{typed}: {}", said.1);
            let mut lines = said.1.lines();
            for wanted in expected.lines() {
                assert!(lines.any(|line| line.starts_with(wanted)), "{typed} does not say {wanted:?}, but {}", said.1);
            }
            ran += 1;
        }
    }
    assert_eq!(ran, document.matches("\n$ ").count());
}

/// As a shell runs it.
fn run(desk: &Desk, home: &Home, typed: &str) -> (i32, String) {
    let program = Path::new(env!("CARGO_BIN_EXE_countersign")).parent().unwrap();
    let path = std::env::join_paths(
        std::iter::once(program.to_owned()).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let mut shell = Command::new("sh");
    desk.dress(&mut shell, home);
    let output = shell.env("PATH", path.unwrap()).args(["-c", typed]).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(text).unwrap().replace(&desk.at("").display().to_string(), "");
    (output.status.code().unwrap(), text)
}
