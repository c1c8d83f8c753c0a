//! `sign --git`: the tree of a commit is signed, without a checkout.

use std::fs;
use std::process::Command;

use super::desk::Desk;
use crate::tools::{Home, found};

const UUID: &str = "7876af07-990d-54b4-ab0e-23690620f79a";

/// Runs git in a folder of the desk.
pub(super) fn git(desk: &Desk, home: &Home, folder: &str, words: &str) -> String {
    let mut git = Command::new("git");
    desk.dress(&mut git, home);
    git.current_dir(desk.at(folder)).args(["-c", "user.name=alice", "-c", "user.email=alice@example.org"]);
    let told = git.args(words.split(' ')).output().unwrap();
    assert!(told.status.success(), "{words}: {}", String::from_utf8_lossy(&told.stderr));
    String::from_utf8(told.stdout).unwrap().trim().to_owned()
}

/// A Julia package at the desk, in a repository with a version that is tagged.
pub(super) fn write_package(desk: &Desk, home: &Home, version: &str) {
    if !desk.at("Example").exists() {
        fs::create_dir(desk.at("Example")).unwrap();
        git(desk, home, "Example", "init --quiet --initial-branch=main");
    }
    let project = format!("name = \"Example\"\nuuid = \"{UUID}\"\nversion = \"{version}\"\n");
    desk.write("Example/Project.toml", &project);
    desk.write("Example/src/Example.jl", &format!("module Example\n# {version}\nend\n"));
    git(desk, home, "Example", "add --all");
    git(desk, home, "Example", "commit --quiet --message=release");
    git(desk, home, "Example", &format!("tag v{version}"));
}

#[test]
fn a_tag_of_a_julia_package_is_signed_without_a_checkout() {
    let test = "a_tag_of_a_julia_package_is_signed_without_a_checkout";
    let Some(mut desk) = Desk::new(test).filter(|_| found(test, &["git"])) else { return };
    let home = Home::new();
    desk.key(&home, "alice");
    let keyring = home.keyring("alice.pgp", &[]);
    write_package(&desk, &home, "0.5.3");
    // What lies in the folder by now is not what was tagged.
    desk.write("Example/src/Example.jl", "work\n");
    let signed = desk.done(&home, "sign --git v0.5.3 Example --store store --first --yes");
    assert_eq!(signed["package"], format!("pkg:julia/Example@0.5.3?uuid={UUID}"));
    git(&desk, &home, ".", "clone --quiet --branch v0.5.3 Example user/Example");
    fs::remove_dir_all(desk.at("user/Example/.git")).unwrap();
    let tree = desk.run(&home, "tree user/Example --digest");
    assert_eq!(tree.out.trim_end(), signed["tree"].as_str().unwrap());
    let verify = format!(
        "verify user/Example --package pkg:julia/Example@0.5.3?uuid={UUID} --store store --signer {{alice}} --keyring {}",
        keyring.display()
    );
    assert_eq!(desk.done(&home, &verify)["verdict"], "accepted");
    // The next one follows. Where the project's authors wrote down where evidence goes, nothing is named; the commit is.
    desk.write("Example/countersign-author.toml", "countersign = \"author/1\"\nevidence = \"../store\"\n");
    write_package(&desk, &home, "0.5.4");
    let told = desk.run(&home, "sign --git v0.5.4 Example --yes --repository https://example.org/Example.jl");
    assert!(told.code == 0 && told.err.contains("Since 0.5.3: 1 added, 0 removed, 2 changed."), "{told:?}");
    let commit = git(&desk, &home, "Example", "rev-parse v0.5.4");
    let statements = desk.snapshot().into_iter().filter(|(path, _)| path.starts_with("store/statements"));
    let mut texts = statements.filter_map(|(_, content)| String::from_utf8(content?).ok());
    assert!(texts.any(|text| text.contains(&format!("commit = \"{commit}\""))));
    // Nothing but the store was written, and git has nothing to tell.
    assert_eq!(git(&desk, &home, "Example", "status --porcelain"), "");
}

#[test]
fn a_commit_is_signed_as_what_it_says_it_is() {
    let test = "a_commit_is_signed_as_what_it_says_it_is";
    let Some(mut desk) = Desk::new(test).filter(|_| found(test, &["git"])) else { return };
    let home = Home::new();
    desk.key(&home, "alice");
    write_package(&desk, &home, "0.5.3");
    let codes = |words: &str| {
        let told = desk.run(&home, &format!("sign --git {words} Example --store store --first --yes --format json"));
        let report: serde_json::Value = serde_json::from_str(&told.out).unwrap_or_default();
        let reasons = report["packages"][0]["reasons"].as_array().cloned().unwrap_or_default();
        let codes: Vec<_> = reasons.iter().map(|reason| reason["code"].as_str().unwrap().to_owned()).collect();
        (told.code, codes.join(" "))
    };
    let other = UUID.replace('7', "8");
    for named in [
        format!("pkg:julia/Example@0.5.4?uuid={UUID}"),
        format!("pkg:julia/Exampel@0.5.3?uuid={UUID}"),
        format!("pkg:julia/Example@0.5.3?uuid={other}"),
    ] {
        assert_eq!(codes(&format!("main --package {named}")), (1, "identity-differs".into()), "{named}");
    }
    desk.write("Example/Project.toml", "name = \"Example\"\n");
    desk.write("Example/aux.jl", "");
    git(&desk, &home, "Example", "add --all");
    git(&desk, &home, "Example", "commit --quiet --message=x");
    assert_eq!(codes("main"), (1, "identity-differs path-windows".into()));
    desk.refuses(
        &home,
        "sign --git none Example --store store --yes",
        "Error: no tag, branch or commit is called none\n\
         Hint: `git fetch --tags` brings tags; a commit is named by at least 7 of its digits",
    );
    desk.refuses(
        &home,
        "sign --git main:src Example --store store --yes",
        "Error: nothing says which package this is\nHint: name it with its version: --package pkg:cargo/serde@1.0.229",
    );
    desk.refuses(
        &home,
        "sign --git v0.5.3 Example --yes",
        "Error: what is signed stays as it is, so the evidence goes into a store, and none was named\n\
         Hint: name one with --store DIR, which is made where there is none; or once for all: `countersign init` \
         writes it down",
    );
    // Another kind of package is named by its author.
    let inner =
        desk.done(&home, "sign --git v0.5.3:src Example --package pkg:generic/inner@1 --store store --first --yes");
    assert_eq!(inner["package"], "pkg:generic/inner@1");
    assert_eq!(desk.done(&home, "sign --git v0.5.3 Example --store store --first --yes")["already"], false);
}
