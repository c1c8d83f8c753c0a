//! A project that wants to be believed, and to have its own programs run.

use std::fs;
use std::path::Path;

use super::made::World;
use crate::tools;

/// What is taken from a project is its lockfile, its policy with what that names, its lock, and Cargo's configuration; and the
/// report says so. Whatever else lies there says nothing, and nothing of it runs.
#[test]
fn of_a_hostile_project_it_is_told_what_was_taken_and_nothing_is_run() {
    let test = "of_a_hostile_project_it_is_told_what_was_taken_and_nothing_is_run";
    if !tools::found(test, &["strace"]) {
        return;
    }
    let world = World::new(&[("aa", "1.0.0"), ("bb", "1.0.0")]);
    let evil = "#!/bin/sh\ntouch ran\n";
    for name in ["git", "gpg", "cargo", "less", "rustc", "countersign"] {
        world.write(&format!("project/{name}"), evil);
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(world.at(&format!("project/{name}")), mode).expect("changed");
    }
    world.write("project/rust-toolchain.toml", "[toolchain]\npath = \"./evil\"\n");
    world.write(
        "project/.cargo/config.toml",
        "[build]\nrustc = \"./rustc\"\n[registry]\nglobal-credential-providers = [\"./cargo\"]\n",
    );
    let git = "[core]\n\tfsmonitor = ./git\n\tpager = ./less\n\tsshCommand = ./git\n\thooksPath = .\n[gpg]\n\tprogram = ./gpg\n\
               [user]\n\tsigningkey = 0123456789ABCDEF0123456789ABCDEF01234567\n[include]\n\tpath = ../evil\n";
    world.write("project/.git/config", git);
    world.write("project/.git/HEAD", "ref: refs/heads/main\n");
    world.write("project/.gitattributes", "* filter=evil diff=evil\n");
    world.write("project/gpg.conf", "agent-program ./gpg\n");
    // Its own policy lets everything through but one package.
    let policy = "countersign = \"policy/1\"\nkeyrings = [\"keyrings\"]\nstores = [\"evidence\"]\n\
                  [[rule]]\npackages = [\"pkg:cargo/bb\"]\nunsigned = \"reject\"\nrequire = { author = {} }\n\
                  [[rule]]\npackages = [\"*\"]\nunsigned = \"accept\"\nrequire = { author = {} }\n";
    world.write("project/countersign.toml", policy);
    let commands = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cmd/world");
    world.write("project/keyrings/them.asc", fs::read(commands.join("keyring.asc")).expect("read"));
    world
        .write("project/evidence/countersign-store", fs::read(commands.join("store/countersign-store")).expect("read"));
    let traced = |words: &[&str]| {
        let mut strace = std::process::Command::new("strace");
        let log = world.at("trace");
        strace.args(["-f", "-qq", "-e", "trace=execve,execveat", "-o"]).arg(&log);
        strace.arg(env!("CARGO_BIN_EXE_countersign")).args(words).current_dir(world.at("project"));
        // The folder of the project comes first, as where somebody's PATH has it.
        strace.env("PATH", ".:/usr/bin:/bin").env("HOME", world.at("own")).env("CARGO_HOME", world.at("home"));
        let output = strace.output().expect("strace runs");
        let started = fs::read_to_string(&log).expect("a trace");
        (output, started.lines().filter(|line| line.contains("execve")).map(ToOwned::to_owned).collect::<Vec<_>>())
    };
    for words in [&["verify"][..], &["verify", "-v"], &["report", "--html", "-"], &["suggest"], &["doctor"]] {
        let (output, started) = traced(words);
        let shown =
            format!("{words:?}: {started:#?}\n{}{}", output.stdout.escape_ascii(), output.stderr.escape_ascii());
        // Only itself; `doctor` asks the gpg that is outside of the project.
        let foreign = started[1..].iter().filter(|line| line.contains("\"./") || line.contains("/project/"));
        assert_eq!(foreign.count(), 0, "{shown}");
        assert!(started.len() == 1 || words == ["doctor"], "{shown}");
        assert!(!world.at("project/ran").exists(), "{shown}");
    }
    let (output, _) = traced(&["verify", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(output.status.code(), Some(1), "its own policy refuses one: {report:#}");
    let source = report["policy"]["source"].as_str().expect("a source");
    assert!(source == "countersign.toml" && report["policy"]["digest"].is_string(), "{source}");
    assert_eq!(report["project"]["lockfile"], "Cargo.lock");
    // And whoever does not believe it, names the own one: nothing of the project's is read then.
    world.write(
        "own/mine.toml",
        "countersign = \"policy/1\"\n[[rule]]\npackages = [\"*\"]\nrequire = { author = {} }\n",
    );
    let mine = world.at("own/mine.toml");
    let (output, started) = traced(&["verify", "--format", "json", "--policy", mine.to_str().expect("a plain path")]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(report["policy"]["source"].as_str().is_some_and(|source| source.ends_with("own/mine.toml")), "{report}");
    assert_eq!((output.status.code(), started.len()), (Some(1), 1), "nobody signed any of it");
}
