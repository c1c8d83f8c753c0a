//! Signatures that we did not make: gpg signs a manifest in many ways, and `gpgv`, `sqv` and Countersign judge it.
//!
//! Each case asserts the three answers exactly. Where they differ, the case says why we want the difference. `gpgv` asks
//! only whether some key of the keyring made the signature; `sqv` also asks whether key and hash are good enough today;
//! Countersign also asks whether the files are the ones that were signed, and reads one form of signature only.

#![expect(clippy::disallowed_methods, reason = "these tests are about other programs")]
#![allow(clippy::unwrap_used, reason = "shared functions of tests")]

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::tools::{Home, found};

/// When the keys of these tests are made, and when they sign.
const MADE: &str = "20240101T000000";
const SIGNED: &str = "20240601T000000";
const LATER: &str = "20250101T000000";

const PACKAGE: &str = "pkg:generic/acme@1.0";

/// What `gpgv`, `sqv` and Countersign say of one signature.
#[derive(Debug, PartialEq, Eq)]
struct Answers {
    gpgv: bool,
    sqv: bool,
    /// Exit code, and the distinct codes of all reasons in order.
    ours: (i32, Vec<String>),
}

impl Answers {
    fn new(gpgv: bool, sqv: bool, exit: i32, codes: &[&str]) -> Self {
        Self { gpgv, sqv, ours: (exit, codes.iter().map(ToString::to_string).collect()) }
    }
}

/// A package whose manifest somebody signed.
struct Package {
    folder: TempDir,
}

impl Package {
    /// One file, its tree text, and a manifest by these authors; no signature yet.
    fn new(authors: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let content = b"fn main() {}\n";
        fs::write(folder.path().join("main.rs"), content).unwrap();
        let tree = format!("countersign-tree/1\nf {} {} main.rs\n", content.len(), hex(content));
        let mut sorted = authors.to_vec();
        sorted.sort_unstable();
        let authors = sorted.iter().map(|author| format!("\"{author}\"")).collect::<Vec<_>>().join(", ");
        let manifest = format!(
            "countersign = \"manifest/1\"\npackage = \"{PACKAGE}\"\nreleased = 2024-06-01T00:00:00Z\nauthors = [{authors}]\n\
             tree = \"sha256:{}\"\nfiles = 1\nbytes = {}\n",
            hex(tree.as_bytes()),
            content.len()
        );
        fs::create_dir(folder.path().join(".countersign")).unwrap();
        fs::write(folder.path().join(".countersign/tree"), tree).unwrap();
        fs::write(folder.path().join(".countersign/manifest.toml"), manifest).unwrap();
        Self { folder }
    }

    fn manifest(&self) -> PathBuf {
        self.folder.path().join(".countersign/manifest.toml")
    }

    /// Where a signature by this certificate lies.
    fn signature(&self, fingerprint: &str) -> PathBuf {
        self.folder.path().join(format!(".countersign/manifest.toml.{fingerprint}.asc"))
    }

    /// What all three say, when one good signature by `signer` is wanted.
    fn judged(&self, signer: &str, keyring: &Path) -> Answers {
        let signature = self.signature(signer);
        Answers {
            gpgv: gpgv(&signature, &self.manifest(), keyring),
            sqv: sqv(&signature, &self.manifest(), keyring, 1),
            ours: self.ours(&[signer], keyring, 1),
        }
    }

    /// Countersign's exit code and codes, when so many good signatures by these signers are wanted.
    fn ours(&self, signers: &[&str], keyring: &Path, signatures: usize) -> (i32, Vec<String>) {
        let mut countersign = Command::new(env!("CARGO_BIN_EXE_countersign"));
        countersign.arg("verify").arg(self.folder.path()).args(["--package", PACKAGE]);
        countersign.args(signers.iter().flat_map(|signer| ["--signer", signer]));
        countersign.arg("--keyring").arg(keyring).args(["--signatures", &signatures.to_string(), "--format", "json"]);
        let output = countersign.output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8(output.stderr).unwrap()));
        let reasons = report["packages"][0]["reasons"].as_array().expect("a list of reasons").iter();
        let mut codes: Vec<_> = reasons.map(|reason| reason["code"].as_str().expect("a code").to_owned()).collect();
        codes.sort();
        codes.dedup();
        (output.status.code().expect("an exit code"), codes)
    }
}

/// gpgv's answer. It knows no threshold.
fn gpgv(signature: &Path, file: &Path, keyring: &Path) -> bool {
    // A path with a `/`, or gpgv looks in its own home.
    Command::new("gpgv").arg("--keyring").arg(keyring).arg(signature).arg(file).output().unwrap().status.success()
}

/// sqv's answer, when it wants good signatures by so many certificates.
fn sqv(signature: &Path, file: &Path, keyring: &Path, signatures: usize) -> bool {
    let mut sqv = Command::new("sqv");
    sqv.arg("--keyring").arg(keyring).args(["-n", &signatures.to_string()]).arg(signature).arg(file);
    sqv.output().unwrap().status.success()
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// A home, and a certificate in it that signs by its primary key.
fn ready(test: &str) -> Option<(Home, String)> {
    if !found(test, &["gpg", "gpgconf", "gpg-agent", "gpgv", "sqv"]) {
        return None;
    }
    let home = Home::new();
    let signer = home.generate("signer", "ed25519", MADE, "never");
    Some((home, signer))
}

/// A package that `signer` signed with `key`, and the keyring with everybody.
fn signed(home: &Home, signer: &str, key: &str, at: &str, options: &[&str]) -> (Package, PathBuf) {
    let package = Package::new(&[signer]);
    fs::write(package.signature(signer), home.sign(key, Some(at), &package.manifest(), options)).unwrap();
    (package, home.keyring("all.pgp", &[]))
}

#[test]
fn every_algorithm_is_good_everywhere() {
    let Some((home, _)) = ready("every_algorithm_is_good_everywhere") else { return };
    for algorithm in ["rsa2048", "rsa3072", "rsa4096", "ed25519", "nistp256/ecdsa"] {
        let name = algorithm.replace('/', "-");
        let signer = home.generate(&name, algorithm, MADE, "never");
        for options in [&["--armor"][..], &[], &["--armor", "--digest-algo=SHA512"]] {
            let (package, keyring) = signed(&home, &signer, &signer, SIGNED, options);
            assert_eq!(package.judged(&signer, &keyring), Answers::new(true, true, 0, &[]), "{algorithm} {options:?}");
        }
    }
    // A primary key that only certifies, and a subkey that signs.
    for algorithm in ["rsa3072", "ed25519", "nistp256/ecdsa"] {
        let name = format!("sub-{}", algorithm.replace('/', "-"));
        let signer = home.generate_for(&name, "ed25519", "cert", MADE, "never");
        let subkey = home.add_signing_subkey(&signer, algorithm, MADE);
        let (package, keyring) = signed(&home, &signer, &subkey, SIGNED, &["--armor"]);
        assert_eq!(package.judged(&signer, &keyring), Answers::new(true, true, 0, &[]), "subkey {algorithm}");
    }
}

#[test]
fn other_content_is_bad_everywhere() {
    let Some((home, signer)) = ready("other_content_is_bad_everywhere") else { return };
    let (package, keyring) = signed(&home, &signer, &signer, SIGNED, &["--armor"]);
    let manifest = fs::read_to_string(package.manifest()).unwrap();
    fs::write(package.manifest(), manifest.replace("2024-06-01", "2024-06-02")).unwrap();
    assert_eq!(package.judged(&signer, &keyring), Answers::new(false, false, 1, &["signature-bad", "too-few-authors"]));
}

/// Wanted: the manifest is the one that was signed, so gpgv and sqv are content. They never see the files.
#[test]
fn a_changed_file_is_seen_by_us_alone() {
    let Some((home, signer)) = ready("a_changed_file_is_seen_by_us_alone") else { return };
    let (package, keyring) = signed(&home, &signer, &signer, SIGNED, &["--armor"]);
    fs::write(package.folder.path().join("main.rs"), "fn main() {;\n").unwrap();
    assert_eq!(package.judged(&signer, &keyring), Answers::new(true, true, 1, &["content-differs"]));
}

/// Wanted: a text-mode signature also holds when every line ending is changed, so it does not speak about bytes.
#[test]
fn a_text_mode_signature_is_refused_by_us_alone() {
    let Some((home, signer)) = ready("a_text_mode_signature_is_refused_by_us_alone") else { return };
    let (package, keyring) = signed(&home, &signer, &signer, SIGNED, &["--armor", "--textmode"]);
    let answers = Answers::new(true, true, 1, &["signature-text-mode", "too-few-authors"]);
    assert_eq!(package.judged(&signer, &keyring), answers);
    // The very thing: the manifest with other line endings is still good for both of them.
    let crlf = fs::read_to_string(package.manifest()).unwrap().replace('\n', "\r\n");
    fs::write(package.manifest(), crlf).unwrap();
    assert!(gpgv(&package.signature(&signer), &package.manifest(), &keyring));
    assert!(sqv(&package.signature(&signer), &package.manifest(), &keyring, 1));
}

/// Wanted: one file is one voice. A second packet in it, even the same again, is how one signer was once counted twice.
#[test]
fn a_signature_twice_in_a_file_is_refused_by_us_alone() {
    let Some((home, signer)) = ready("a_signature_twice_in_a_file_is_refused_by_us_alone") else { return };
    let (package, keyring) = signed(&home, &signer, &signer, SIGNED, &[]);
    let once = fs::read(package.signature(&signer)).unwrap();
    fs::write(package.signature(&signer), [&once[..], &once[..]].concat()).unwrap();
    let answers = Answers::new(true, true, 1, &["signature-packet-count", "too-few-authors"]);
    assert_eq!(package.judged(&signer, &keyring), answers);
    // sqv counts certificates, as we do: twice the same is not two.
    assert!(!sqv(&package.signature(&signer), &package.manifest(), &keyring, 2));
}

/// Wanted: two subkeys of one certificate are one voice. sqv agrees; gpgv does not count at all.
#[test]
fn two_subkeys_are_one_signer() {
    // The other is asked for too, since two of one signer could never be met.
    let Some((home, other)) = ready("two_subkeys_are_one_signer") else { return };
    let signer = home.generate_for("two", "ed25519", "cert", MADE, "never");
    let subkeys =
        [home.add_signing_subkey(&signer, "ed25519", MADE), home.add_signing_subkey(&signer, "rsa2048", MADE)];
    let (package, keyring) = signed(&home, &signer, &subkeys[0], SIGNED, &[]);
    let first = fs::read(package.signature(&signer)).unwrap();
    let second = home.sign(&subkeys[1], Some(SIGNED), &package.manifest(), &[]);
    // The other tools read both signatures from one file, we from one file each. The name of the second file is the
    // subkey's fingerprint: names are not believed, and one directory cannot hold the same name twice.
    let both = home.path().join("both.sig");
    fs::write(&both, [&first[..], &second[..]].concat()).unwrap();
    fs::write(package.signature(&subkeys[1]), second).unwrap();
    let answers = Answers {
        gpgv: gpgv(&both, &package.manifest(), &keyring),
        sqv: sqv(&both, &package.manifest(), &keyring, 2),
        ours: package.ours(&[&signer, &other], &keyring, 2),
    };
    assert_eq!(answers, Answers::new(true, false, 1, &["signature-duplicate", "too-few-authors"]));
    // One of them is enough for one.
    assert_eq!(package.ours(&[&signer], &keyring, 1), (0, vec!["signature-duplicate".to_owned()]));
}

/// Wanted: the date inside a signature proves nothing, so whoever has an expired key could still "have signed" last year.
#[test]
fn an_expired_signer_is_refused_by_us_alone() {
    let Some((home, _)) = ready("an_expired_signer_is_refused_by_us_alone") else { return };
    let signer = home.generate("expired", "ed25519", MADE, "1y");
    let (package, keyring) = signed(&home, &signer, &signer, SIGNED, &["--armor"]);
    let answers = Answers::new(true, true, 1, &["signer-expired", "too-few-authors"]);
    assert_eq!(package.judged(&signer, &keyring), answers);
}

/// Wanted: gpgv tells of a revocation on its status lines only, and exits 0.
#[test]
fn a_revoked_signer_is_refused_by_sqv_and_us() {
    let Some((home, _)) = ready("a_revoked_signer_is_refused_by_sqv_and_us") else { return };
    for (name, reason) in [("without-a-reason", 0), ("compromised", 1)] {
        let signer = home.generate(name, "ed25519", MADE, "never");
        let (package, _) = signed(&home, &signer, &signer, SIGNED, &["--armor"]);
        home.revoke(&signer, reason, LATER);
        let keyring = home.keyring("revoked.pgp", &[]);
        let answers = Answers::new(true, false, 1, &["signer-revoked", "too-few-authors"]);
        assert_eq!(package.judged(&signer, &keyring), answers, "{name}");
    }
}

/// Wanted: as with expiry, "it was signed before" is only the signer's own word.
#[test]
fn a_retired_signer_is_refused_by_us_alone() {
    let Some((home, _)) = ready("a_retired_signer_is_refused_by_us_alone") else { return };
    for (name, reason) in [("superseded", 2), ("retired", 3)] {
        let signer = home.generate(name, "ed25519", MADE, "never");
        let (package, _) = signed(&home, &signer, &signer, SIGNED, &["--armor"]);
        home.revoke(&signer, reason, LATER);
        let keyring = home.keyring("retired.pgp", &[]);
        let answers = Answers::new(true, true, 1, &["signer-retired", "too-few-authors"]);
        assert_eq!(package.judged(&signer, &keyring), answers, "{name}");
    }
}

#[test]
fn an_unknown_signer_is_refused_everywhere() {
    let Some((home, signer)) = ready("an_unknown_signer_is_refused_everywhere") else { return };
    let other = home.generate("other", "ed25519", MADE, "never");
    let (package, _) = signed(&home, &signer, &signer, SIGNED, &["--armor"]);
    let keyring = home.keyring("other.pgp", &[&other]);
    let answers = Answers::new(false, false, 1, &["signer-unknown", "too-few-authors"]);
    assert_eq!(package.judged(&signer, &keyring), answers);
}

/// Wanted: gpgv 2.2 still takes SHA-1, for which two different files with one digest were made in 2017.
#[test]
fn sha1_is_refused_by_sqv_and_us() {
    let Some((home, signer)) = ready("sha1_is_refused_by_sqv_and_us") else { return };
    let (package, keyring) = signed(&home, &signer, &signer, SIGNED, &["--armor", "--digest-algo=SHA1"]);
    let answers = Answers::new(true, false, 1, &["signature-weak-hash", "too-few-authors"]);
    assert_eq!(package.judged(&signer, &keyring), answers);
}

/// Wanted: gpgv only warns of a time to come.
#[test]
fn a_signature_from_the_future_is_refused_by_sqv_and_us() {
    let Some((home, signer)) = ready("a_signature_from_the_future_is_refused_by_sqv_and_us") else { return };
    let (package, keyring) = signed(&home, &signer, &signer, "20900101T000000", &["--armor"]);
    let answers = Answers::new(true, false, 1, &["signature-time", "too-few-authors"]);
    assert_eq!(package.judged(&signer, &keyring), answers);
}
