//! `sign --archive`: what packaging made is signed, and not the working tree.

use std::fs;
use std::process::Command;

use super::desk::Desk;
use crate::tools::Home;

/// A crate at the desk, in the folder `acme-crate`.
pub(super) fn write_crate(desk: &Desk, version: &str) {
    let manifest = "[package]\nname = \"acme\"\nversion = \"VERSION\"\nedition = \"2021\"\nlicense = \"MIT\"\n\
                    description = \"a crate\"\nexclude = [\"/drafts\"]\n\n[workspace]\n";
    desk.write("acme-crate/Cargo.toml", &manifest.replace("VERSION", version));
    desk.write("acme-crate/src/lib.rs", "//! A crate.\n");
    desk.write("acme-crate/drafts/secret", "not for users\n");
}

/// Has cargo package the crate of the desk; where its archive is.
fn package(desk: &Desk, home: &Home, version: &str) -> String {
    let mut cargo = Command::new(env!("CARGO"));
    desk.dress(&mut cargo, home);
    cargo.env("CARGO_HOME", desk.at("cargo-home")).current_dir(desk.at("acme-crate"));
    let told = cargo.args(["package", "--offline", "--no-verify", "--allow-dirty", "--quiet"]).output().unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    format!("acme-crate/target/package/acme-{version}.crate")
}

#[test]
fn what_packaging_made_is_signed_and_not_the_working_tree() {
    let Some(mut desk) = Desk::new("what_packaging_made_is_signed_and_not_the_working_tree") else { return };
    let home = Home::new();
    desk.key(&home, "alice");
    let keyring = home.keyring("alice.pgp", &[]);
    write_crate(&desk, "1.0.0");
    let archive = package(&desk, &home, "1.0.0");
    let signed = desk.done(&home, &format!("sign --archive {archive} --store store --first --yes"));
    assert_eq!((&signed["package"], &signed["place"]), (&"pkg:cargo/acme@1.0.0".into(), &"store".into()));
    // A file that is called an archive is one, and the package may be named; a registry is for the author to name.
    let again = desk.done(&home, &format!("sign {archive} --package pkg:cargo/acme@1.0.0 --store store --yes"));
    assert_eq!((&again["already"], &again["tree"]), (&true.into(), &signed["tree"]));
    // What users unpack has that tree.
    let unpack = Command::new("tar").arg("-xzf").arg(desk.at(&archive)).arg("-C").arg(desk.at("user")).status();
    assert!(unpack.unwrap().success());
    assert!(!desk.at("user/acme-1.0.0/drafts").exists());
    let tree = desk.run(&home, "tree user/acme-1.0.0 --digest");
    assert_eq!(tree.out.trim_end(), signed["tree"].as_str().unwrap());
    let verify = format!(
        "verify user/acme-1.0.0 --package pkg:cargo/acme@1.0.0 --store store --signer {{alice}} --keyring {}",
        keyring.display()
    );
    assert_eq!(desk.done(&home, &verify)["verdict"], "accepted");
    assert!(!desk.at("acme-crate/.countersign").exists());
    // The next release follows it, and what changed is shown.
    write_crate(&desk, "1.1.0");
    desk.write("acme-crate/src/more.rs", "//! More.\n");
    let archive = package(&desk, &home, "1.1.0");
    let told = desk.run(&home, &format!("sign {archive} --store store --yes"));
    assert_eq!(told.code, 0, "{told:?}");
    assert!(
        told.err.contains("Since 1.0.0: 1 added, 0 removed, ") && told.err.contains("  + src/more.rs\n"),
        "{told:?}"
    );
}

/// Packs what lies in a folder of the desk into an archive.
fn pack(desk: &Desk, top: &str, archive: &str) {
    let mut tar = Command::new("tar");
    tar.current_dir(desk.at(".")).args(["--format=ustar", "--owner=0", "--group=0", "-czf", archive, top]);
    assert!(tar.status().unwrap().success());
}

#[test]
fn an_archive_that_is_not_what_it_says_is_refused_by_its_code() {
    let Some(mut desk) = Desk::new("an_archive_that_is_not_what_it_says_is_refused_by_its_code") else { return };
    let home = Home::new();
    desk.key(&home, "alice");
    let manifest = "[package]\nname = \"acme\"\nversion = \"1.0.0\"\n";
    desk.write("acme-1.0.0/Cargo.toml", manifest);
    pack(&desk, "acme-1.0.0", "good.crate");
    let sign = |archive: &str, more: &str| {
        let before = desk.snapshot();
        let told =
            desk.run(&home, &format!("sign --archive {archive} --store store --first --yes --format json {more}"));
        assert!(desk.snapshot() == before, "{archive} {more}: something was written");
        let report: serde_json::Value = serde_json::from_str(&told.out).unwrap_or_default();
        let reasons = report["packages"][0]["reasons"].as_array().cloned().unwrap_or_default();
        let codes = reasons.iter().map(|reason| reason["code"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        (told.code, codes.join(" "))
    };
    for named in ["pkg:cargo/acme@1.0.1", "pkg:cargo/acne@1.0.0", "pkg:generic/acme@1.0.0"] {
        assert_eq!(sign("good.crate", &format!("--package {named}")), (1, "identity-differs".into()), "{named}");
    }
    for (text, version) in [("", "1.0.0"), ("[package]\nname = \"acme\"\nversion = 1\n", "1.0.0"), (manifest, "1.0.1")]
    {
        let top = format!("acme-{version}");
        desk.write(&format!("{top}/Cargo.toml"), text);
        pack(&desk, &top, "other.crate");
        let code = if version == "1.0.0" { "identity-differs" } else { "archive-prefix" };
        assert_eq!(sign("other.crate", ""), (1, code.into()), "{text} {top}");
    }
    desk.write("acme-1.0.0/Cargo.toml", manifest);
    desk.write("acme-1.0.0/src/aux.rs", "");
    pack(&desk, "acme-1.0.0", "other.crate");
    assert_eq!(sign("other.crate", ""), (1, "path-windows".into()));
    fs::remove_file(desk.at("acme-1.0.0/src/aux.rs")).unwrap();
    std::os::unix::fs::symlink("Cargo.toml", desk.at("acme-1.0.0/link")).unwrap();
    pack(&desk, "acme-1.0.0", "other.crate");
    assert_eq!(sign("other.crate", ""), (1, "symlink".into()));
    let good = fs::read(desk.at("good.crate")).unwrap();
    fs::write(desk.at("other.crate"), &good[..good.len() / 2]).unwrap();
    assert_eq!(sign("other.crate", ""), (1, "archive-framing".into()));
    desk.refuses(
        &home,
        "sign good.crate --first --yes",
        "Error: what is signed stays as it is, so the evidence goes into a store, and none was named\n\
         Hint: name one with --store DIR, which is made where there is none; or once for all: `countersign init` \
         writes it down",
    );
    desk.refuses(
        &home,
        "sign --archive none.crate --store store --yes",
        "Error: none.crate cannot be read\nCaused by: No such file or directory",
    );
    desk.refuses(
        &home,
        "sign acme-1.0.0 --first --yes",
        "Error: nothing says which package this is\nHint: name it with its version: --package pkg:cargo/serde@1.0.229",
    );
    assert_eq!(sign("good.crate", "--key nobody").0, 2);
    assert_eq!(desk.run(&home, "sign --archive good.crate --store store --first --yes").code, 0);
}
