//! `countersign init`: a project is set up by one answer, a version tag is signed as it is pushed, and all of it goes away again.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use super::commit::{git, write_package};
use super::desk::{Desk, typed};
use super::packed::write_crate;
use crate::tools::{Home, found};

/// Runs git, whatever comes of it: the exit code, and what it says.
fn try_git(desk: &Desk, home: &Home, words: &str) -> (i32, String) {
    let mut git = Command::new("git");
    desk.dress(&mut git, home);
    let told = git.current_dir(desk.at("Example")).args(words.split(' ')).output().unwrap();
    (told.status.code().unwrap(), String::from_utf8(told.stderr).unwrap())
}

#[test]
fn a_version_tag_is_signed_as_it_is_pushed() {
    let test = "a_version_tag_is_signed_as_it_is_pushed";
    let Some(mut desk) = Desk::new(test).filter(|_| found(test, &["git"])) else { return };
    let home = Home::new();
    desk.key(&home, "alice");
    // The hook finds the program as its author does.
    let programs = Path::new(env!("CARGO_BIN_EXE_countersign")).parent().unwrap().to_owned();
    let path =
        std::env::join_paths([programs].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())));
    desk.set_path(Path::new(&path.unwrap()));
    git(&desk, &home, ".", "init --quiet --bare remote");
    write_package(&desk, &home, "0.1.0");
    git(&desk, &home, "Example", "remote add origin ../remote");
    let done = desk.done(&home, "init Example --yes");
    assert_eq!(done["ecosystem"], "julia");
    let hook = desk.at("Example/.git/hooks/pre-push");
    assert_eq!(fs::metadata(&hook).unwrap().permissions().mode() & 0o777, 0o755);
    assert_eq!(desk.read("Example/countersign-author.toml").lines().nth(2), Some("evidence = \"../Example-evidence\""));
    // The first release is the author's word, so it is not pushed before they said so.
    let (code, told) = try_git(&desk, &home, "push --quiet origin main v0.1.0");
    assert!(code != 0 && told.contains("no earlier release of pkg:julia/Example"), "{told}");
    assert!(told.contains("pre-push: v0.1.0 is not signed, so nothing was pushed\n"), "{told}");
    assert!(told.contains("and push again:\n  countersign sign --git v0.1.0 --first\n"), "{told}");
    assert_eq!(git(&desk, &home, "remote", "for-each-ref"), "");
    desk.done(&home, "sign --git v0.1.0 Example --first --yes");
    let (code, told) = try_git(&desk, &home, "push --quiet origin main v0.1.0");
    assert!(code == 0, "{told}");
    // From then on nothing is typed but what is typed anyway; a tag with a message of its own, too.
    write_package(&desk, &home, "0.2.0");
    let (code, told) = try_git(&desk, &home, "push origin v0.2.0");
    assert!(code == 0 && told.contains("signed pkg:julia/Example@0.2.0?uuid="), "{told}");
    write_package(&desk, &home, "0.3.0");
    git(&desk, &home, "Example", "tag --delete v0.3.0");
    git(&desk, &home, "Example", "tag --annotate --message=x v0.3.0");
    let (code, told) = try_git(&desk, &home, "push origin v0.3.0");
    assert!(code == 0 && told.contains("signed pkg:julia/Example@0.3.0?uuid="), "{told}");
    // Nobody becomes an author by what lies in the working tree.
    let author = desk.read("Example/countersign-author.toml");
    let stranger = "0123456789ABCDEF0123456789ABCDEF01234567";
    desk.write("Example/countersign-author.toml", &format!("{author}authors = [\"{stranger}\"]\n"));
    write_package(&desk, &home, "0.3.1");
    let (code, told) = try_git(&desk, &home, "push origin v0.3.1");
    let refused =
        format!("{stranger} would be a new author, whom only countersign-author.toml names; nothing was signed");
    assert!(code != 0 && told.contains(&refused), "{told}");
    desk.done(&home, &format!("sign --git v0.3.1 Example --yes --author {stranger}"));
    let (code, told) = try_git(&desk, &home, "push origin v0.3.1");
    assert!(code == 0 && told.contains("already signed"), "{told}");
    desk.write("Example/countersign-author.toml", &author);
    // Branches, other tags, and tags that go are none of its business.
    let before = desk.snapshot().into_iter().filter(|(path, _)| path.starts_with("Example-evidence")).count();
    write_package(&desk, &home, "0.4.0");
    git(&desk, &home, "Example", "tag nightly");
    for words in ["push --quiet origin main", "push --quiet origin nightly", "push --quiet origin :v0.3.0"] {
        let (code, told) = try_git(&desk, &home, words);
        assert!(code == 0 && !told.contains("signed"), "{words}: {told}");
    }
    let after = desk.snapshot().into_iter().filter(|(path, _)| path.starts_with("Example-evidence")).count();
    assert_eq!(before, after);
    // Nor does a manifest's version that the tag does not say.
    git(&desk, &home, "Example", "tag v0.4.1 v0.4.0");
    for (words, name) in [("push origin v0.4.1", "v0.4.1"), ("push origin v0.4.1:refs/tags/v0.4.2", "v0.4.2")] {
        let (code, told) = try_git(&desk, &home, words);
        assert!(code != 0 && told.contains("[identity-differs]"), "{told}");
        assert!(
            told.contains(&format!("it is tagged as {name}, and its own manifest says pkg:julia/Example@0.4.0?")),
            "{told}"
        );
    }
    let refused = desk.run(&home, "sign --git refs/tags/v0.4.1 Example --yes --format json");
    assert!(refused.out.contains("\"identity-differs\""), "{}", refused.out);
    // What cannot be signed is not pushed.
    desk.write("Example/aux.jl", "");
    write_package(&desk, &home, "0.5.0");
    let (code, told) = try_git(&desk, &home, "push origin v0.5.0");
    assert!(code != 0 && told.contains("[path-windows]"), "{told}");
    assert_eq!(desk.run(&home, "store check Example-evidence").code, 0);
}

#[test]
fn what_was_written_and_nothing_else_is_removed() {
    let test = "what_was_written_and_nothing_else_is_removed";
    let Some(desk) = Desk::new(test).filter(|_| found(test, &["git"])) else { return };
    let home = Home::new();
    write_package(&desk, &home, "0.1.0");
    let before = desk.snapshot();
    let done = desk.done(&home, "init Example --evidence ../store --yes");
    assert_eq!(done["written"].as_array().unwrap().len(), 3);
    assert_eq!(desk.done(&home, "policy check Example/countersign.toml")["countersign"], "policy-check/1");
    let again = desk.done(&home, "init Example --evidence ../store");
    assert_eq!((again["written"].as_array().unwrap().len(), again["already"].as_array().unwrap().len()), (0, 3));
    let removed = desk.done(&home, "init Example --remove --yes");
    assert_eq!(removed["removed"], done["written"]);
    assert!(desk.snapshot() == before);
    assert_eq!(desk.run(&home, "init Example --remove --yes").out, "nothing is here that `countersign init` wrote\n");
    // What is changed since, or was there before, stays.
    desk.done(&home, "init Example --yes");
    for name in ["Example/countersign.toml", "Example/countersign-author.toml", "Example/.git/hooks/pre-push"] {
        let text = desk.read(name);
        desk.write(name, &format!("{text}# mine\n"));
    }
    let before = desk.snapshot();
    let kept = desk.done(&home, "init Example --remove --yes");
    assert_eq!((kept["kept"].as_array().unwrap().len(), kept["removed"].as_array().unwrap().len()), (3, 0));
    let other = desk.run(&home, "init Example --yes");
    assert!(
        other.code == 0
            && other
                .out
                .contains("no hook was written, since there is another hook already\nhave it sign what is tagged:\n"),
        "{other:?}"
    );
    assert!(desk.snapshot() == before);
}

#[test]
fn hooks_that_lie_elsewhere_are_left_to_their_owner() {
    let test = "hooks_that_lie_elsewhere_are_left_to_their_owner";
    let Some(desk) = Desk::new(test).filter(|_| found(test, &["git"])) else { return };
    let home = Home::new();
    write_package(&desk, &home, "0.1.0");
    let told = |why: &str, step: &str| {
        let told = desk.run(&home, "init Example --yes");
        let wanted = format!("no hook was written, since {why}\n{step}");
        assert!(told.code == 0 && told.out.contains(&wanted), "{told:?}");
        assert!(told.out.contains("\n  countersign sign --git TAG --yes\n"), "{told:?}");
        assert!(!desk.at("Example/.git/hooks/pre-push").exists());
    };
    let step = "`git rev-parse --git-path hooks` tells where git looks for them; ";
    let elsewhere = "git's configuration says where hooks lie (core.hooksPath)";
    let included = "the repository's configuration includes other files, which may say where hooks lie";
    git(&desk, &home, "Example", "config core.hooksPath ../hooks");
    told(elsewhere, step);
    git(&desk, &home, "Example", "config --unset core.hooksPath");
    git(&desk, &home, "Example", "config include.path ../other");
    told(included, step);
    git(&desk, &home, "Example", "config --unset include.path");
    desk.write("user/.gitconfig", "[core]\n\thooksPath = /nowhere\n");
    told(elsewhere, step);
    // What the user's own configuration includes is git's to find.
    desk.write("user/.gitconfig", "[include]\n\tpath = more\n");
    desk.write("user/more", "[core]\n\thooksPath = /nowhere\n");
    told(elsewhere, step);
    fs::remove_file(desk.at("user/.gitconfig")).unwrap();
    fs::rename(desk.at("Example/.git"), desk.at("kept")).unwrap();
    told("there is no repository of git", "after `git init`, run `countersign init` again; or have a hook run this:");
    // Of a worktree, the hooks are those of its repository.
    fs::rename(desk.at("kept"), desk.at("Example/.git")).unwrap();
    git(&desk, &home, "Example", "config --local --list");
    let config = desk.read("Example/.git/config").replace("[include]\n", "");
    desk.write("Example/.git/config", &config);
    git(&desk, &home, "Example", "worktree add --quiet --detach ../beside");
    let beside = desk.done(&home, "init beside --yes");
    assert!(beside["written"].to_string().contains("Example/.git/hooks/pre-push"), "{beside}");
}

#[test]
fn init_asks_once_and_writes_nothing_without_a_yes() {
    let test = "init_asks_once_and_writes_nothing_without_a_yes";
    let Some(desk) = Desk::new(test).filter(|_| found(test, &["script"])) else { return };
    let home = Home::new();
    write_crate(&desk, "1.0.0");
    let before = desk.snapshot();
    let nobody = desk.run(&home, "init acme-crate");
    assert!(
        nobody.code == 2
            && nobody.err.ends_with(
                "Error: nobody is there to confirm; nothing was changed\n\
         Hint: look at the list above, and say --yes if that is what you mean\n"
            ),
        "{nobody:?}"
    );
    let (shown, code) = typed(&desk, &home, "init acme-crate", "n\n");
    assert!(code == 2 && shown.contains("Write this? [y/N]"), "{shown}");
    desk.refuses(
        &home,
        "init acme --yes",
        "Error: acme has neither a Cargo.toml nor a Project.toml, so it is no project of cargo or Julia\n\
         Hint: go to the folder of a project, or name it: `countersign init DIR`",
    );
    desk.refuses(
        &home,
        "init acme-crate --evidence /evidence --yes",
        "Error: --evidence `/evidence` is no folder written from the project's own\n\
         Hint: write it as in `--evidence ../acme-evidence`, so that it holds wherever the project lies",
    );
    assert!(desk.snapshot() == before);
    let (shown, code) = typed(&desk, &home, "init acme-crate", "y\n");
    assert!(code == 0 && shown.contains("next: `cargo countersign publish`, the first time with --first"), "{shown}");
    assert!(desk.at("acme-crate/countersign.toml").exists());
    // A file that others can write would decide in the author's place.
    for name in ["countersign.toml", "countersign-author.toml"] {
        let mode = fs::metadata(desk.at("acme-crate").join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o022, 0, "{name}");
    }
    let (shown, code) = typed(&desk, &home, "init acme-crate --remove", "y\n");
    assert!(code == 0 && shown.contains("removed"), "{shown}");
    fs::remove_dir_all(desk.at("user")).unwrap();
    fs::create_dir(desk.at("user")).unwrap();
    fs::set_permissions(desk.at("user"), Permissions::from_mode(0o755)).unwrap();
    let mut before = before;
    before.retain(|path, _| !path.starts_with("user"));
    let mut after = desk.snapshot();
    after.retain(|path, _| !path.starts_with("user"));
    assert!(after == before);
}
