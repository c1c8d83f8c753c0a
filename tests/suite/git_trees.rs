//! The names that we give to trees, against those that git gives them.

#![expect(clippy::disallowed_methods, reason = "this test is about another program")]

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use countersign::git_tree::{Algorithm, ObjectId};
use countersign::limits::Limits;
use countersign::tree::git::hold;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::tools::{self, found, scratch};

/// Something in a tree.
#[derive(Debug, Clone)]
enum Thing {
    File(Vec<u8>, u32),
    Link(String),
    Folder,
}

fn thing() -> impl Strategy<Value = Thing> {
    let modes = prop_oneof![Just(0o644), Just(0o755), Just(0o744), Just(0o655), Just(0o600), Just(0o700)];
    prop_oneof![
        5 => (vec(any::<u8>(), 0..200), modes).prop_map(|(content, mode)| Thing::File(content, mode)),
        1 => "[a-cü./]{1,12}".prop_map(Thing::Link),
        1 => Just(Thing::Folder),
    ]
}

/// Names whose order by themselves is not their order in a tree.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[ab](|-|\\.|0|-a|\\.t)", 1 => "[a-cA-Cé ~!_]{1,4}x"]
}

fn things() -> impl Strategy<Value = Vec<(Vec<String>, Thing)>> {
    vec((vec(name(), 1..4), thing()), 0..25)
}

/// Makes what fits; what another thing is in the way of is left away.
fn make(dir: &Path, things: &[(Vec<String>, Thing)]) {
    for (path, thing) in things {
        let path = path.iter().fold(dir.to_path_buf(), |path, name| path.join(name));
        let above = path.parent().expect("a folder");
        let inside = above.ancestors().take_while(|folder| *folder != dir);
        if inside.into_iter().any(|folder| folder.is_symlink()) || fs::create_dir_all(above).is_err() {
            continue;
        }
        if path.symlink_metadata().is_ok() {
            continue;
        }
        match thing {
            Thing::File(content, mode) => {
                fs::write(&path, content).expect("written");
                fs::set_permissions(&path, Permissions::from_mode(*mode)).expect("changed");
            }
            Thing::Link(target) => symlink(target, &path).expect("linked"),
            Thing::Folder => fs::create_dir(&path).expect("made"),
        }
    }
}

/// The name that git gives to a directory.
fn named(dir: &Path, algorithm: Algorithm) -> ObjectId {
    let repository = scratch();
    let run = |words: &[&str]| {
        let mut git = Command::new("git");
        git.env_clear().env("PATH", std::env::var_os("PATH").expect("PATH")).env("HOME", repository.path());
        git.env("GIT_DIR", repository.path().join("git")).env("GIT_CONFIG_NOSYSTEM", "1").current_dir(dir);
        let output = git.args(words).output().expect("git runs");
        assert!(output.status.success(), "{words:?}: {}", output.stderr.escape_ascii());
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    };
    let format = if algorithm == Algorithm::Sha1 { "--object-format=sha1" } else { "--object-format=sha256" };
    run(&["init", "--quiet", "--bare", format]);
    for setting in ["core.bare=false", "core.autocrlf=false", "core.fileMode=true", "core.symlinks=true"] {
        let (key, value) = setting.split_once('=').expect("a setting");
        run(&["config", key, value]);
    }
    let work = dir.to_str().expect("a plain path");
    run(&["--work-tree", work, "add", "--all", "--force", "."]);
    run(&["write-tree"]).parse().expect("a name")
}

#[test]
fn trees_have_the_names_that_git_gives_them() {
    if !found("git_trees", &["git"]) {
        return;
    }
    let mut runner = TestRunner::new(Config { cases: 40, failure_persistence: None, ..Config::default() });
    let limits = Limits::default();
    let outcome = runner.run(&(things(), any::<bool>()), |(things, strong)| {
        let dir = scratch();
        make(dir.path(), &things);
        let algorithm = if strong { Algorithm::Sha256 } else { Algorithm::Sha1 };
        let id = named(dir.path(), algorithm);
        prop_assert_eq!(hold(dir.path(), id, &limits, &()).expect("held"), []);
        // Anything more is another tree.
        fs::write(dir.path().join("zz"), "").expect("written");
        let codes: Vec<_> = hold(dir.path(), id, &limits, &()).expect("held");
        prop_assert_eq!(codes.iter().map(|reason| reason.code.as_str()).collect::<Vec<_>>(), ["git-tree-differs"]);
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn the_golden_tree_is_the_one_on_disk() {
    let dir = scratch();
    let write = |path: &str, content: &str| tools::write(&dir.path().join(path), content);
    let project = "name = \"X\"\nuuid = \"7876af07-990d-54b4-ab0e-23690620f79a\"\nversion = \"0.1.0\"\n";
    for (path, content) in [
        ("foo/a", "a\n"),
        ("foo.txt", "b\n"),
        ("foo-bar", "c\n"),
        ("foo0", "d\n"),
        ("src/X.jl", "module X end\n"),
        ("src/deep/run.sh", "#!/bin/sh\n"),
        ("src/emptyfile", ""),
        ("crlf.txt", "crlf\r\nx"),
        ("src/ünï/é.jl", "u"),
        ("Project.toml", project),
    ] {
        write(path, content);
    }
    fs::set_permissions(dir.path().join("src/deep/run.sh"), Permissions::from_mode(0o755)).expect("changed");
    fs::create_dir_all(dir.path().join("empty/empty2")).expect("made");
    for (target, path) in [("foo.txt", "link"), ("nowhere", "broken"), ("src", "dirlink")] {
        symlink(target, dir.path().join(path)).expect("linked");
    }
    for name in
        ["5f1d93ebf75881dd63dce71300e6374d4f97a845", "387d98502a5f3bec81c70dfbeb079445d5fe4e04c22e1856147afdf89b466006"]
    {
        let id: ObjectId = name.parse().expect("a name");
        assert_eq!(hold(dir.path(), id, &Limits::default(), &()).expect("held"), []);
        if found("git_trees", &["git"]) {
            assert_eq!(named(dir.path(), id.algorithm()), id);
        }
    }
}
