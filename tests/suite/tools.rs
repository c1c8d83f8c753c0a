//! Programs that some tests compare us with, and a GnuPG home to throw away.
//!
//! A test that needs a program begins with [`found`]. Where the program is missing, that is said loudly and the test
//! ends; with `COUNTERSIGN_REQUIRE_TOOLS=1`, as in CI, it fails.

#![expect(clippy::disallowed_methods, reason = "these tests are about other programs")]
#![allow(clippy::unwrap_used, reason = "shared functions of tests")]
#![allow(dead_code, reason = "not every test uses every part")]

use std::env;
use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// Whether all of these programs are there. If not, says so where nobody can overlook it, or fails where they must be.
#[must_use]
pub(crate) fn found(test: &str, programs: &[&str]) -> bool {
    let missing: Vec<_> = programs.iter().copied().filter(|program| look_for(program).is_none()).collect();
    if missing.is_empty() {
        return true;
    }
    not_run(test, &missing.join(", "));
    false
}

/// Says that a test did not run for want of something; fails where nothing may be missing.
pub(crate) fn not_run(test: &str, wants: &str) {
    assert!(env::var_os("COUNTERSIGN_REQUIRE_TOOLS").is_none_or(|value| value != "1"), "{test} needs {wants}");
    let bar = "!".repeat(78);
    // Straight to stderr: what a test prints with the macros is captured when the test passes.
    let mut stderr = io::stderr().lock();
    drop(writeln!(stderr, "\n{bar}\n!! NOT RUN: {test}\n!! It needs {wants}. Nothing was tested by it.\n{bar}"));
}

/// The path of a program, looked for in PATH.
pub(crate) fn look_for(program: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders)
        .chain(["/usr/sbin".into()])
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// A folder to throw away; in memory where the system has such a place, since tests that write much wait for the disk.
pub(crate) fn scratch() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a temporary folder")
}

/// Writes a file, in folders that are made where there are none.
pub(crate) fn write(path: &Path, content: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().expect("a parent")).expect("made");
    fs::write(path, content).expect("written");
}

/// A GnuPG home of its own, whose agent ends with it.
pub(crate) struct Home {
    folder: TempDir,
}

impl Home {
    /// An empty home in a short path, since the name of a socket has at most 108 bytes.
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("pgp").tempdir_in("/tmp").expect("a folder in /tmp");
        fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).expect("the folder is ours");
        Self { folder }
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs gpg in this home at a faked time (`20240229T120000`), or now, with text on its stdin.
    pub(crate) fn gpg(&self, at: Option<&str>, input: &str, arguments: &[&str]) -> Output {
        let mut gpg = Command::new("gpg");
        gpg.env("GNUPGHOME", self.path()).env("LC_ALL", "C");
        gpg.args(["--no-tty", "--quiet", "--no-auto-check-trustdb", "--pinentry-mode=loopback", "--passphrase="]);
        if let Some(at) = at {
            // `!`: the clock stands still.
            gpg.arg(format!("--faked-system-time={at}!"));
        }
        gpg.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = gpg.spawn().expect("gpg starts");
        // gpg may end without reading.
        drop(child.stdin.take().expect("a pipe").write_all(input.as_bytes()));
        child.wait_with_output().expect("gpg ends")
    }

    /// As [`Home::gpg`], of which success is expected; what it wrote to stdout.
    pub(crate) fn gpg_ok(&self, at: Option<&str>, input: &str, arguments: &[&str]) -> Vec<u8> {
        let output = self.gpg(at, input, arguments);
        assert!(output.status.success(), "gpg {arguments:?}: {}", String::from_utf8(output.stderr).unwrap());
        output.stdout
    }

    /// Makes a certificate whose primary key signs; its fingerprint. `algorithm` as gpg has it (`rsa3072`, `ed25519`,
    /// `nistp256`), `expires` too (`never`, `1y`, `20250101T000000`).
    pub(crate) fn generate(&self, name: &str, algorithm: &str, at: &str, expires: &str) -> String {
        self.generate_for(name, algorithm, "sign,cert", at, expires)
    }

    /// As [`Home::generate`], for another usage: `cert` makes a primary key that only certifies.
    pub(crate) fn generate_for(&self, name: &str, algorithm: &str, usage: &str, at: &str, expires: &str) -> String {
        let user = format!("{name} <{name}@example.org>");
        self.gpg_ok(Some(at), "", &["--batch", "--quick-generate-key", &user, algorithm, usage, expires]);
        self.fingerprints(&format!("={user}")).swap_remove(0)
    }

    /// Adds a subkey that signs; its fingerprint. An elliptic curve for signing is `ed25519` or `nistp256/ecdsa`.
    pub(crate) fn add_signing_subkey(&self, certificate: &str, algorithm: &str, at: &str) -> String {
        self.gpg_ok(Some(at), "", &["--batch", "--quick-add-key", certificate, algorithm, "sign", "never"]);
        self.fingerprints(certificate).pop().expect("a subkey")
    }

    /// The fingerprints of a certificate: the primary key's, then the subkeys' in the order in which they came.
    pub(crate) fn fingerprints(&self, certificate: &str) -> Vec<String> {
        let listing = self.gpg_ok(None, "", &["--batch", "--with-colons", "--list-keys", certificate]);
        let listing = String::from_utf8(listing).unwrap();
        listing
            .lines()
            .filter_map(|line| line.strip_prefix("fpr:::::::::")?.split(':').next())
            .map(str::to_owned)
            .collect()
    }

    /// Writes a keyring with these certificates, or all of them, and returns its path.
    pub(crate) fn keyring(&self, name: &str, certificates: &[&str]) -> PathBuf {
        let file = self.path().join(name);
        fs::write(&file, self.gpg_ok(None, "", &[&["--batch", "--export"], certificates].concat())).unwrap();
        file
    }

    /// A detached signature over a file by exactly this key; `options` such as `--armor`, `--textmode`,
    /// `--digest-algo=SHA1`.
    pub(crate) fn sign(&self, key: &str, at: Option<&str>, file: &Path, options: &[&str]) -> Vec<u8> {
        let user = format!("--local-user={key}!");
        let fixed = ["--batch", &user, "--output=-", "--detach-sign", "--", file.to_str().unwrap()];
        self.gpg_ok(at, "", &[options, &fixed].concat())
    }

    /// Revokes a certificate: reason 0 none, 1 compromised, 2 superseded, 3 retired.
    pub(crate) fn revoke(&self, certificate: &str, reason: u8, at: &str) {
        let answers = format!("y\n{reason}\n\ny\n");
        let revocation = self.gpg_ok(Some(at), &answers, &["--command-fd=0", "--armor", "--gen-revoke", certificate]);
        assert!(!revocation.is_empty(), "gpg made no revocation");
        self.gpg_ok(Some(at), &String::from_utf8(revocation).unwrap(), &["--batch", "--import"]);
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // Also when the test fails: an agent would outlive it.
        drop(Command::new("gpgconf").env("GNUPGHOME", self.path()).args(["--kill", "all"]).output());
    }
}

#[test]
fn a_home_makes_what_other_tests_need() {
    if !found("a_home_makes_what_other_tests_need", &["gpg", "gpgconf", "gpg-agent"]) {
        return;
    }
    let home = Home::new();
    let certificate = home.generate_for("maker", "ed25519", "cert", "20240101T000000", "never");
    let subkey = home.add_signing_subkey(&certificate, "nistp256/ecdsa", "20240102T000000");
    assert_eq!(home.fingerprints(&certificate), [certificate.clone(), subkey.clone()]);
    let file = home.path().join("text");
    fs::write(&file, "line\n").unwrap();
    assert!(
        home.sign(&subkey, Some("20240103T000000"), &file, &["--armor"]).starts_with(b"-----BEGIN PGP SIGNATURE-----")
    );
    // A signature packet of the old or the new form.
    assert!(home.sign(&subkey, None, &file, &[])[0] & 0x80 != 0);
    // The primary key cannot sign, and says so.
    let output = home.gpg(
        None,
        "",
        &[
            "--batch",
            "--status-fd=1",
            &format!("--local-user={certificate}!"),
            "--detach-sign",
            "--output=-",
            "--",
            file.to_str().unwrap(),
        ],
    );
    assert!(String::from_utf8(output.stdout).unwrap().contains("[GNUPG:] FAILURE sign 54\n"));
    home.revoke(&certificate, 2, "20240201T000000");
    assert!(
        !home
            .gpg(
                None,
                "",
                &[
                    "--batch",
                    &format!("--local-user={subkey}!"),
                    "--detach-sign",
                    "--output=-",
                    "--",
                    file.to_str().unwrap()
                ]
            )
            .status
            .success()
    );
}
