//! Which key signs.

use std::fs;

use sequoia_openpgp::parse::Parse as _;
use sequoia_openpgp::{Cert, Packet, PacketPile};

use super::desk::{Desk, FIRST, MADE, snapshot};
use crate::tools::{Home, found};

/// `--key`, then git's global setting, then gpg's own; never a project's.
#[test]
fn the_key_is_the_one_that_was_named_then_gits_then_gpgs() {
    let test = "the_key_is_the_one_that_was_named_then_gits_then_gpgs";
    let Some(mut desk) = Desk::new(test) else { return };
    if !found(test, &["git"]) {
        return;
    }
    let home = Home::new();
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|name| desk.key(&home, name));
    let git = |text: &str| desk.write("user/.gitconfig", text);
    let gpg = |text: &str| fs::write(home.path().join("gpg.conf"), text).unwrap();
    let several = "Error: gpg has several keys: {alice} (alice <alice@example.org>), {bob} (bob <bob@example.org>), \
                   {carol} (carol <carol@example.org>)\nHint: choose one with --key FINGERPRINT";
    // The package lies in a project whose own settings say something else.
    desk.write(".git/config", &format!("[core]\n\trepositoryformatversion = 0\n[user]\n\tsigningkey = {carol}\n"));
    desk.write(".git/HEAD", "ref: refs/heads/main\n");
    let mut count = 0;
    let mut signer = |words: &str| {
        count += 1;
        desk.signer(&home, &format!("{FIRST} --store stores/{count} {words}"))
    };

    desk.refuses(&home, FIRST, several);
    gpg(&format!("default-key {alice}\n"));
    assert_eq!(signer(""), "{alice}");
    git(&format!("[user]\n\tsigningkey = {bob}\n"));
    assert_eq!(signer(""), "{bob}");
    git(&format!("[user]\n\tsigningkey = {bob}\n[gpg]\n\tformat = openpgp\n"));
    assert_eq!(signer(""), "{bob}");
    // A key of another kind is none of gpg's.
    git(&format!("[user]\n\tsigningkey = {bob}\n[gpg]\n\tformat = ssh\n"));
    assert_eq!(signer(""), "{alice}");
    git("[user]\n\tsigningkey = bob@example.org\n");
    assert_eq!(signer(""), "{bob}");
    assert_eq!(signer("--key {carol}"), "{carol}");
    assert_eq!(signer("--key carol@example.org"), "{carol}");
    gpg("");
    git("[user]\n\tsigningkey = ssh-ed25519\n[gpg]\n\tformat = ssh\n");
    desk.refuses(&home, FIRST, several);
}

/// One certificate, or nothing is signed.
#[test]
fn a_name_must_stand_for_exactly_one_certificate() {
    let Some(mut desk) = Desk::new("a_name_must_stand_for_exactly_one_certificate") else { return };
    let home = Home::new();
    desk.refuses(
        &home,
        FIRST,
        "Error: gpg has no secret key that can sign\n\
         Hint: make one: `gpg --quick-generate-key \"Your Name <you@example.org>\"`, or insert the card that has yours",
    );
    desk.key(&home, "alice");
    assert_eq!(desk.signer(&home, &format!("{FIRST} --store only")), "{alice}");
    desk.key(&home, "malice");
    // gpg takes a part of a name; here it fits two.
    desk.refuses(
        &home,
        &format!("{FIRST} --key lice@example.org"),
        "Error: gpg has several keys for \"lice@example.org\": {alice} (alice <alice@example.org>), {malice} (malice \
         <malice@example.org>)\nHint: choose one with --key FINGERPRINT",
    );
    for nobody in ["nobody@example.org", "0123456789ABCDEF0123456789ABCDEF01234567", "--", "--output=acme/x"] {
        desk.refuses(
            &home,
            &format!("{FIRST} --key={nobody}"),
            &format!(
                "Error: gpg has no secret key that can sign for \"{nobody}\"\nHint: `gpg --list-secret-keys` shows what \
                 gpg has; name a key with --key FINGERPRINT, or insert the card that has it"
            ),
        );
    }
    // Somebody else's certificate is no key of ours.
    let other = Home::new();
    let bob = desk.key(&other, "bob");
    let keyring = other.keyring("bob.pgp", &[]);
    home.gpg_ok(None, "", &["--batch", "--import", keyring.to_str().unwrap()]);
    desk.refuses(
        &home,
        &format!("{FIRST} --key {bob}"),
        "Error: gpg has no secret key that can sign for \"{bob}\"\nHint: `gpg --list-secret-keys` shows what gpg has; \
         name a key with --key FINGERPRINT, or insert the card that has it",
    );
}

/// A subkey signs; what counts, and what the files are named by, is the primary key.
#[test]
fn a_subkey_signs_for_its_certificate() {
    let Some(mut desk) = Desk::new("a_subkey_signs_for_its_certificate") else { return };
    let home = Home::new();
    let alice = desk.call("alice", home.generate_for("alice", "ed25519", "cert", MADE, "never"));
    let older = home.add_signing_subkey(&alice, "ed25519", "20240102T000000");
    let newer = home.add_signing_subkey(&alice, "rsa2048", "20240103T000000");
    let keyring = home.keyring("alice.pgp", &[]);
    // gpg itself takes the newest; a `!` pins one.
    let cases = [
        ("", &newer),
        (" --key {alice}", &newer),
        (&format!(" --key {older}!"), &older),
        (&format!(" --key {newer}!"), &newer),
        // Without it gpg looks for the certificate only.
        (&format!(" --key {older}"), &newer),
    ];
    for (count, (words, subkey)) in cases.into_iter().enumerate() {
        let store = format!("stores/{count}");
        assert_eq!(desk.signer(&home, &format!("{FIRST} --store {store}{words}")), "{alice}", "{words}");
        assert_eq!(issuers(&desk, &store), [subkey.as_str()], "{words}");
        let words = format!(
            "verify acme --package pkg:generic/acme@1.0 --signer {alice} --store {store} --keyring {}",
            keyring.display()
        );
        assert_eq!(desk.done(&home, &words)["verdict"], "accepted");
    }
}

/// The fingerprints that the signatures in a store say they were made by.
fn issuers(desk: &Desk, store: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (path, bytes) in snapshot(&desk.at(store)).iter().filter(|(path, _)| path.starts_with("signatures")) {
        let Some(bytes) = bytes else { continue };
        let pile = PacketPile::from_bytes(bytes).unwrap();
        let Some(Packet::Signature(signature)) = pile.path_ref(&[0]) else { panic!("{}", path.display()) };
        found.extend(signature.issuer_fingerprints().map(ToString::to_string));
    }
    found
}

/// Whatever is written, in a package or a store, holds nothing secret: neither by its form nor by its bytes.
#[test]
fn nothing_secret_is_written() {
    let Some(mut desk) = Desk::new("nothing_secret_is_written") else { return };
    let home = Home::new();
    let alice = desk.key(&home, "alice");
    home.add_signing_subkey(&alice, "ed25519", MADE);
    desk.done(&home, &format!("{FIRST} --store store"));
    desk.done(&home, FIRST);
    let secrets = secrets(&home);
    assert_eq!(secrets.len(), 2);
    let mut certificates = 0;
    for (path, bytes) in desk.snapshot() {
        let Some(bytes) = bytes else { continue };
        for secret in &secrets {
            let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
            let lower = bytes.to_ascii_lowercase();
            let hidden =
                |needle: &[u8]| bytes.windows(needle.len()).chain(lower.windows(needle.len())).any(|w| w == needle);
            assert!(!hidden(secret) && !hidden(hex.as_bytes()), "{}", path.display());
        }
        if let Ok(certificate) = Cert::from_bytes(&bytes) {
            certificates += 1;
            assert!(!certificate.is_tsk(), "{}", path.display());
            // Also not under the armour.
            let plain = sequoia_openpgp::serialize::SerializeInto::to_vec(&certificate).unwrap();
            assert!(secrets.iter().all(|secret| !plain.windows(32).any(|window| window == secret)));
        }
    }
    assert_eq!(certificates, 2);
}

/// The secret numbers of a home's unprotected Ed25519 keys, as gpg's agent keeps them: `(d #…#)`.
fn secrets(home: &Home) -> Vec<Vec<u8>> {
    let files = fs::read_dir(home.path().join("private-keys-v1.d")).unwrap();
    let mut found = Vec::new();
    for file in files.map(|file| file.unwrap().path()) {
        let text: String = fs::read_to_string(file).unwrap().split_whitespace().collect();
        let start = text.find("(d#").expect("a secret number in the agent's file") + 3;
        let hex = &text[start..start + 64];
        found.push((0..32).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect());
    }
    found
}
