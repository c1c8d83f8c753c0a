//! `cargo countersign` with real cargo: what is built was verified, and what is published was signed.

mod registry;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::desk::{Desk, Told};
use super::packed::write_crate;
use crate::tools::{Home, look_for};
use countersign::digest::Digest;
use registry::Registry;

/// The program as cargo starts it, in a folder of the desk.
fn run(desk: &Desk, home: &Home, folder: &str, words: &str) -> Told {
    told(desk, command(desk, home, folder, words))
}

fn command(desk: &Desk, home: &Home, folder: &str, words: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-countersign"));
    dress(desk, &mut command, home);
    command.env("CARGO", env!("CARGO")).current_dir(desk.at(folder));
    command.arg("countersign").args(desk.words(words));
    command
}

/// Gives cargo a home of its own, and the compiler that these tests were built with.
fn dress(desk: &Desk, command: &mut Command, home: &Home) {
    desk.dress(command, home);
    let rustc = Path::new(env!("CARGO")).with_file_name("rustc");
    command.env("RUSTC", rustc.is_file().then_some(rustc).or_else(|| look_for("rustc")).unwrap_or_default());
    command.env("CARGO_HOME", desk.at("cargo-home"));
    if let Some(rustup) =
        std::env::var_os("RUSTUP_HOME").or_else(|| Some(Path::new(&std::env::var_os("HOME")?).join(".rustup").into()))
    {
        command.env("RUSTUP_HOME", rustup);
    }
}

fn told(desk: &Desk, mut command: Command) -> Told {
    let output = command.output().unwrap();
    let text = |bytes| desk.unfill(&String::from_utf8(bytes).unwrap());
    Told { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

/// What decides a report, by its codes.
fn codes(told: &Told) -> Vec<&str> {
    let lines = told
        .out
        .lines()
        .filter_map(|line| line.strip_prefix("refused [").or_else(|| line.strip_prefix("cannot tell [")));
    lines.filter_map(|line| line.split(']').next()).collect()
}

/// A project that builds on a vendored package.
fn write_project(desk: &Desk) {
    let sum = "11".repeat(32);
    desk.write(
        "project/Cargo.toml",
        "[package]\nname = \"user\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\ndep = \"1\"\n",
    );
    desk.write("project/src/main.rs", "fn main() {\n    println!(\"{}\", dep::NAME);\n}\n");
    desk.write(
        "project/Cargo.lock",
        &format!(
            "version = 4\n\n[[package]]\nname = \"dep\"\nversion = \"1.0.0\"\n\
             source = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{sum}\"\n\n\
             [[package]]\nname = \"user\"\nversion = \"0.1.0\"\ndependencies = [\n \"dep\",\n]\n"
        ),
    );
    desk.write(
        "project/.cargo/config.toml",
        "[source.crates-io]\nreplace-with = \"vendored\"\n[source.vendored]\ndirectory = \"vendor\"\n",
    );
    vendor(desk, "dep");
}

/// A vendored package, with the checksums that cargo wrote down.
fn vendor(desk: &Desk, name: &str) {
    let files = [
        ("Cargo.toml", format!("[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2021\"\n")),
        ("src/lib.rs", format!("pub const NAME: &str = \"{name}\";\n")),
    ];
    let listed = files.map(|(file, content)| {
        desk.write(&format!("project/vendor/{name}/{file}"), &content);
        format!("\"{file}\":\"{}\"", Digest::of(content.as_bytes()).hex())
    });
    let sum = "11".repeat(32);
    let checksums = format!("{{\"files\":{{{}}},\"package\":\"{sum}\"}}", listed.join(","));
    desk.write(&format!("project/vendor/{name}/.cargo-checksum.json"), &checksums);
}

#[test]
fn only_what_was_accepted_is_built() {
    let Some(desk) = Desk::new("only_what_was_accepted_is_built") else { return };
    let home = Home::new();
    write_project(&desk);
    let built = desk.at("project/target/debug/user");
    // Who asks for signatures of all gets no build.
    desk.write(
        "project/countersign.toml",
        "countersign = \"policy/1\"\n[[rule]]\npackages = [\"*\"]\nunsigned = \"reject\"\nnew-package = \"first-use\"\n",
    );
    let refused = run(&desk, &home, "project", "build");
    assert_eq!((refused.code, refused.err.as_str()), (1, ""), "{refused:?}");
    assert!(refused.out.starts_with("REJECTED"), "{refused:?}");
    assert!(!desk.at("project/target").exists());
    let verify = run(&desk, &home, "project", "verify");
    // Each says when it judged.
    let told = |text: &str| text.lines().map(|line| line.split(", at ").next().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!((verify.code, told(&verify.out)), (1, told(&refused.out)));
    fs::remove_file(desk.at("project/countersign.toml")).unwrap();
    // From a folder of the project, too; and what is told is not mixed with what cargo's programs say.
    let done = run(&desk, &home, "project/src", "build --message-format=short");
    assert_eq!((done.code, done.out.as_str()), (0, ""), "{done:?}");
    assert!(done.err.starts_with("0 of 1 vouched for") && done.err.contains("Finished"), "{done:?}");
    assert!(built.is_file());
    // Cargo's own exit code, where cargo fails.
    desk.write("project/src/main.rs", "fn main() { broken }\n");
    assert_eq!(run(&desk, &home, "project", "check").code, 101);
    // A lockfile that would change is no lockfile that was verified.
    desk.write("project/src/main.rs", "fn main() {}\n");
    let manifest = desk.read("project/Cargo.toml");
    desk.write("project/Cargo.toml", &format!("{manifest}other = \"1\"\n"));
    vendor(&desk, "other");
    let locked = run(&desk, &home, "project", "build");
    assert!(locked.code == 101 && locked.err.contains("--locked"), "{locked:?}");
}

#[test]
fn nothing_is_built_that_verify_cannot_see() {
    let Some(desk) = Desk::new("nothing_is_built_that_verify_cannot_see") else { return };
    let home = Home::new();
    write_project(&desk);
    let refuses = |folder: &str, words: &str, error: &str| {
        let told = run(&desk, &home, folder, words);
        assert_eq!((told.code, told.err.trim_end(), told.out.as_str()), (2, error, ""), "{words}");
        assert!(!desk.at("project/target").exists(), "{words}");
    };
    let unseen = |option: &str| {
        let next = if option == "-C" {
            "go to that folder instead"
        } else {
            "write it into the project's .cargo/config.toml, which is read"
        };
        format!("Error: {option} would make cargo use what was not looked at, so it cannot be given here\nHint: {next}")
    };
    refuses("project", "build --config paths=[\"/x\"]", &unseen("--config"));
    refuses("project", "build -C /x", &unseen("-C"));
    refuses("project", "check --release -Zbuild-std", &unseen("-Z"));
    refuses("project", "publish --config x=1", &unseen("--config"));
    desk.write("project/src/.cargo/config.toml", "");
    refuses(
        "project/src",
        "build",
        "Error: a configuration of cargo lies in project/src/.cargo, below the project, and `verify` does not read it\n\
         Hint: run it in the project's own folder, or move that configuration there",
    );
    refuses(
        "acme",
        "build --manifest-path ../project/Cargo.toml",
        "Error: cargo would build the project in project, and you are not in it\nHint: run it there",
    );
    // A newer cargo builds scripts too, whose lockfile it keeps elsewhere.
    let script = desk.at("project/script.rs");
    let mut build = command(&desk, &home, "project", "build --manifest-path script.rs");
    build.env("CARGO", meddling(&desk, &format!("[ \"$1\" != locate-project ] || exec echo '{}'", script.display())));
    let told = told(&desk, build);
    let error = "Error: project/script.rs is a script, whose lockfile lies elsewhere, and `verify` does not read it\n\
                 Hint: make a project of it, with a Cargo.toml and a Cargo.lock\n";
    assert_eq!((told.code, told.err.as_str()), (2, error));
    let none = run(&desk, &home, "acme", "build");
    assert!(
        none.code == 2 && none.err.ends_with("Hint: see what cargo says above; it needs a project with a Cargo.toml\n"),
        "{none:?}"
    );
}

#[test]
fn a_project_does_not_choose_its_cargo() {
    let Some(mut desk) = Desk::new("a_project_does_not_choose_its_cargo") else { return };
    let home = Home::new();
    write_project(&desk);
    let own = desk.at("project/bin/cargo");
    desk.write("project/bin/cargo", "#!/bin/sh\ntouch started\n");
    fs::set_permissions(&own, Permissions::from_mode(0o755)).unwrap();
    let inside = "Error: project/bin/cargo lies in the project itself, so it is not started\n\
                  Hint: see what PATH and CARGO say; a project must not choose which programs run\n";
    let mut named = command(&desk, &home, "project/src", "build");
    named.env("CARGO", &own);
    let named = told(&desk, named);
    assert_eq!((named.code, named.err.as_str()), (2, inside));
    // By a link that leads there, and by PATH.
    desk.write("links/x", "");
    std::os::unix::fs::symlink(&own, desk.at("links/cargo")).unwrap();
    for (folder, told_as) in [("project/bin", "project/bin/cargo"), ("links", "links/cargo")] {
        desk.set_path(&desk.at(folder));
        let mut found = command(&desk, &home, "project", "build");
        found.env_remove("CARGO");
        let found = told(&desk, found);
        assert_eq!((found.code, found.err), (2, inside.replace("project/bin/cargo", told_as)));
    }
    desk.set_path(&desk.at("acme"));
    let mut missing = command(&desk, &home, "project", "build");
    missing.env("CARGO", "bin/cargo");
    assert_eq!(
        told(&desk, missing).err,
        "Error: cargo was not found in PATH\n\
         Hint: install Rust, and see that its folder is in PATH by its absolute name\n"
    );
    assert!(!desk.at("project/started").exists() && !desk.at("project/src/started").exists());
}

/// A cargo that does something before it does what real cargo does.
fn meddling(desk: &Desk, script: &str) -> PathBuf {
    let path = desk.at("meddling/cargo");
    desk.write("meddling/cargo", &format!("#!/bin/sh\n{script}\nexec '{}' \"$@\"\n", env!("CARGO")));
    fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    path
}

#[test]
fn what_is_published_was_signed() {
    let Some(mut desk) = Desk::new("what_is_published_was_signed") else { return };
    let home = Home::new();
    desk.key(&home, "alice");
    let keyring = home.keyring("alice.pgp", &[]);
    let registry = Registry::start();
    let purl = |version: &str| format!("pkg:cargo/acme@{version}?repository_url={}", registry.encoded());
    let publish = |words: &str, version: &str, cargo: Option<&Path>| {
        let typed = format!("publish --purl {} {words} --registry test", purl(version));
        let mut command = command(&desk, &home, "acme-crate", &typed);
        registry.dress(&mut command);
        command.env("CARGO", cargo.unwrap_or_else(|| Path::new(env!("CARGO"))));
        told(&desk, command)
    };
    write_crate(&desk, "1.0.0");
    desk.write("acme-crate/countersign-author.toml", "countersign = \"author/1\"\nevidence = \"../evidence\"\n");
    // Only looking: everything is shown, and nothing is kept.
    let dry = publish("--first --yes --dry-run", "1.0.0", None);
    assert!(dry.code == 0 && dry.err.contains("Nothing was signed: this only shows what would be."), "{dry:?}");
    assert!(!desk.at("evidence").exists() && registry.crates().is_empty());
    // Nobody is there to be asked.
    let unasked = publish("--first", "1.0.0", None);
    assert!(unasked.code == 2 && unasked.err.contains("nobody is there to confirm"), "{unasked:?}");
    assert!(registry.crates().is_empty());
    let done = publish("--first --yes", "1.0.0", None);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(
        done.out.ends_with(&format!("published {}: the archive holds what was signed\n", purl("1.0.0"))),
        "{done:?}"
    );
    // What the registry got is what was signed.
    fs::write(desk.at("got.crate"), &registry.crates()[0]).unwrap();
    let unpack = Command::new("tar").arg("-xzf").arg(desk.at("got.crate")).arg("-C").arg(desk.at("user")).status();
    assert!(unpack.unwrap().success());
    let verify = format!(
        "verify user/acme-1.0.0 --package {} --store evidence --signer {{alice}} --keyring {}",
        purl("1.0.0"),
        keyring.display()
    );
    assert_eq!(desk.done(&home, &verify)["verdict"], "accepted");
    // The next one follows; cargo that does not publish is told, and can be asked again without another signature.
    write_crate(&desk, "1.1.0");
    let failing = meddling(&desk, "case $1 in publish) exit 7;; esac");
    let failed = publish("--yes", "1.1.0", Some(&failing));
    assert_eq!(failed.code, 7, "{failed:?}");
    assert!(failed.err.contains("Since 1.0.0: 0 added, 0 removed, "), "{failed:?}");
    assert!(
        failed.err.ends_with(
            "acme 1.1.0 is signed, and cargo did not publish it. What was signed can still be published, unchanged.\n"
        ),
        "{failed:?}"
    );
    let again = publish("--yes", "1.1.0", None);
    assert!(again.code == 0 && again.out.starts_with("already signed: "), "{again:?}");
    // What cargo packs again and differently is told loudly.
    write_crate(&desk, "1.2.0");
    let changing = meddling(&desk, "case $1 in publish) echo '// more' >>src/lib.rs; echo >src/new.rs;; esac");
    let changed = publish("--yes", "1.2.0", Some(&changing));
    assert_eq!((changed.code, codes(&changed)), (1, vec!["published-differs", "published-differs"]), "{changed:?}");
    assert!(changed.out.contains("src/lib.rs") && changed.out.contains("src/new.rs"), "{changed:?}");
    assert_eq!(registry.crates().len(), 3);
    // A workspace does not say which crate is published in its place.
    write_crate(&desk, "1.3.0");
    let manifest = desk.read("acme-crate/Cargo.toml");
    desk.write("acme-crate/other/Cargo.toml", &manifest.replace("acme", "other").replace("[workspace]\n", ""));
    desk.write("acme-crate/other/src/lib.rs", "//! Another crate.\n");
    let members = "members = [\"other\"]\ndefault-members = [\"other\"]\n";
    desk.write("acme-crate/Cargo.toml", &format!("{manifest}{members}"));
    let done = publish("--yes", "1.3.0", None);
    let published = format!("published {}: the archive holds what was signed\n", purl("1.3.0"));
    assert!(done.code == 0 && done.out.ends_with(&published), "{done:?}");
    assert_eq!(registry.crates().len(), 4);
}

#[test]
fn what_cannot_be_published_is_not_signed() {
    let Some(mut desk) = Desk::new("what_cannot_be_published_is_not_signed") else { return };
    let home = Home::new();
    desk.key(&home, "alice");
    write_crate(&desk, "1.0.0");
    let publish = |words: &str| run(&desk, &home, "acme-crate", &format!("publish --first --yes {words}"));
    // Evidence would be a part of what it is about.
    let inside = publish("--store evidence --offline --no-verify");
    assert_eq!((inside.code, codes(&inside)), (1, vec!["evidence-packaged"]), "{inside:?}");
    // What packaging refuses, cargo tells.
    desk.write("acme-crate/src/lib.rs", "broken\n");
    let broken = publish("--store ../store --offline");
    assert_eq!((broken.code, broken.out.as_str()), (101, ""), "{broken:?}");
    for (words, error) in [
        (
            "--store ../store -p acme --package other",
            "Error: one crate at a time is signed and published\nHint: name it by its name alone: -p NAME",
        ),
        (
            "--store ../store --workspace",
            "Error: one crate at a time is signed and published\nHint: name it by its name alone: -p NAME",
        ),
        (
            "--store ../store -p other",
            "Error: it cannot be told which crate this is about; the workspace has acme\nHint: name it by its name alone: -p NAME",
        ),
        (
            "--store ../store --registry other",
            "Error: acme 1.0.0 goes to another registry than crates.io, and what it is called there is not known\n\
             Hint: name it with --purl pkg:cargo/NAME@VERSION?repository_url=ADDRESS",
        ),
    ] {
        let told = publish(words);
        assert_eq!((told.code, told.err.trim_end()), (2, error));
    }
    let manifest = desk.read("acme-crate/Cargo.toml");
    desk.write("acme-crate/Cargo.toml", &manifest.replace("[workspace]", "publish = false\n[workspace]"));
    let never = publish("--store ../store");
    assert!(
        never.err.starts_with("Error: the Cargo.toml of acme 1.0.0 says that it is never published\n"),
        "{never:?}"
    );
    desk.write("acme-crate/Cargo.toml", &manifest);
    desk.write("acme-crate/countersign-author.toml", "countersign = \"author/1\"\nevidnce = \"../evidence\"\n");
    let author = publish("");
    assert!(author.code == 2 && author.err.contains("[author-setup]"), "{author:?}");
    assert!(!desk.at("store/statements").exists());
}
