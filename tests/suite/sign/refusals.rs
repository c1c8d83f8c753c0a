//! What is said where a key cannot sign: each cause has its own message, and nothing is written.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use super::desk::{Desk, FIRST, MADE, Told, answer, end_agent, set_agent};
use crate::tools::Home;

#[test]
fn a_certificate_that_is_not_fit_is_told_before_anybody_types_a_pin() {
    let Some(mut desk) = Desk::new("a_certificate_that_is_not_fit_is_told_before_anybody_types_a_pin") else { return };
    let home = Home::new();
    let none = "gpg has no secret key for signing\nHint: insert the card and run `gpg --card-status`, or add a signing \
                subkey with `gpg --quick-add-key FINGERPRINT ed25519 sign`";
    let expired = "it has expired\nHint: extend it with `gpg --quick-set-expire FINGERPRINT 2y`, and publish it again";
    let gone = "Error: gpg has no secret key for this certificate\nHint: import it, or insert the card and run `gpg \
                --card-status`";
    let revoked = "it is revoked\nHint: sign with another key";

    desk.call("expired", home.generate("expired", "ed25519", MADE, "1y"));
    for (name, reason) in [("compromised", 1), ("superseded", 2), ("retired", 3), ("unexplained", 0)] {
        let fingerprint = desk.key(&home, name);
        home.revoke(&fingerprint, reason, "20240601T000000");
    }
    desk.call("certifies", home.generate_for("certifies", "ed25519", "cert", MADE, "never"));
    let encrypts = desk.call("encrypts", home.generate_for("encrypts", "ed25519", "cert", MADE, "never"));
    home.gpg_ok(Some(MADE), "", &["--batch", "--quick-add-key", &encrypts, "cv25519", "encr", "never"]);
    // Its signing subkey has expired, and the primary key does not sign.
    let stale = desk.call("stale", home.generate_for("stale", "ed25519", "cert", MADE, "never"));
    home.gpg_ok(Some(MADE), "", &["--batch", "--quick-add-key", &stale, "ed25519", "sign", "1y"]);
    // Only the primary key's secret part is gone, as with keys whose primary is kept elsewhere, and nothing else signs.
    let fingerprint = desk.key(&home, "elsewhere");
    home.gpg_ok(Some(MADE), "", &["--batch", "--quick-add-key", &fingerprint, "cv25519", "encr", "never"]);
    remove_secret(&home, &fingerprint);

    let cases = [
        ("expired", Some(expired)),
        ("compromised", Some(revoked)),
        ("superseded", Some(revoked)),
        ("retired", Some(revoked)),
        ("unexplained", Some(revoked)),
        ("certifies", Some(none)),
        ("encrypts", Some(none)),
        ("stale", Some(none)),
        ("elsewhere", None),
    ];
    answer(&home, "never asked");
    for (name, why) in cases {
        let error = match why {
            None => gone.to_owned(),
            Some(why) => format!("Error: {{{name}}} cannot sign: {why}"),
        };
        desk.refuses(&home, &format!("{FIRST} --key {{{name}}}"), &error);
        desk.refuses(&home, &format!("{FIRST} --store store --key {{{name}}}"), &error);
    }
    assert!(!home.path().join("answers.log").exists(), "somebody was asked");
}

#[test]
fn a_wrong_or_cancelled_passphrase_leaves_everything_as_it_was() {
    let Some(mut desk) = Desk::new("a_wrong_or_cancelled_passphrase_leaves_everything_as_it_was") else { return };
    let home = Home::new();
    // The passphrase is stretched as little as gpg allows.
    set_agent(&home, "s2k-count 65536\n");
    let user = "alice <alice@example.org>";
    home.gpg_ok(
        None,
        "",
        &["--batch", "--passphrase=right", "--quick-generate-key", user, "ed25519", "sign,cert", "never"],
    );
    let fingerprint = home.fingerprints(user).swap_remove(0);
    desk.call("alice", fingerprint);
    let cases = [
        ("cancel", "Error: the PIN or passphrase entry was cancelled; nothing was signed"),
        (
            "wrong",
            "Error: the PIN or passphrase was wrong; nothing was signed\n\
             Hint: try again; of a card, `gpg --card-status` shows how many tries are left",
        ),
    ];
    for (word, error) in cases {
        answer(&home, word);
        // gpg's agent takes its time over a wrong one, and asks three times.
        let words = if word == "cancel" { FIRST.to_owned() } else { format!("{FIRST} --store store") };
        desk.refuses(&home, &words, error);
    }
    // Nobody can be asked at all.
    set_agent(&home, "pinentry-program /nonexistent\n");
    desk.refuses(
        &home,
        FIRST,
        "Error: gpg's agent found no way to ask for the PIN or passphrase\n\
         Hint: install a pinentry, or set GPG_TTY=$(tty)",
    );
    answer(&home, "right");
    assert_eq!(desk.signer(&home, FIRST), "{alice}");
}

#[test]
fn without_an_agent_that_is_what_is_told() {
    let Some(mut desk) = Desk::new("without_an_agent_that_is_what_is_told") else { return };
    let home = Home::new();
    desk.key(&home, "alice");
    end_agent(&home);
    let agent = "Error: gpg's agent could not be reached\nHint: `gpgconf --launch gpg-agent` starts it";
    let configuration = home.path().join("gpg.conf");
    // Not there, and not to be started.
    fs::write(&configuration, "agent-program /nonexistent\n").unwrap();
    desk.refuses(&home, &format!("{FIRST} --key {{alice}}"), agent);
    fs::write(&configuration, "no-autostart\n").unwrap();
    desk.refuses(&home, &format!("{FIRST} --key {{alice}}"), agent);
    fs::remove_file(&configuration).unwrap();
    assert_eq!(desk.signer(&home, FIRST), "{alice}");
}

#[test]
fn without_gpg_that_is_what_is_told() {
    let Some(mut desk) = Desk::new("without_gpg_that_is_what_is_told") else { return };
    let home = Home::new();
    let error = "Error: gpg was not found in PATH\nHint: install GnuPG 2.2 or newer, and see that its folder is in PATH by \
                 its absolute name";
    let programs = desk.at("programs");
    fs::create_dir(&programs).unwrap();
    desk.set_path(&programs);
    desk.refuses(&home, FIRST, error);
    // A relative folder is no place for programs, nor is the package's own.
    let gpg = crate::tools::look_for("gpg").unwrap();
    symlink(&gpg, desk.at("acme/gpg")).unwrap();
    symlink(&gpg, programs.join("gpg")).unwrap();
    fs::remove_file(desk.at("acme/gpg")).unwrap();
    desk.set_path("programs".as_ref());
    desk.refuses(&home, FIRST, error);
    // There, and no program.
    fs::remove_file(programs.join("gpg")).unwrap();
    fs::write(programs.join("gpg"), "").unwrap();
    desk.set_path(&programs);
    desk.refuses(
        &home,
        FIRST,
        "Error: gpg could not be started\nCaused by: Permission denied\n\
         Hint: see which one is first in PATH, and that it runs by itself",
    );
}

/// gpg knows that a key is on a card by a stub; here we write the stub, so that no card is needed.
#[test]
fn a_missing_card_and_missing_card_support_are_two_things() {
    let Some(mut desk) = Desk::new("a_missing_card_and_missing_card_support_are_two_things") else { return };
    let home = Home::new();
    let alice = desk.key(&home, "alice");
    move_to_card(&home, &alice);
    set_agent(&home, "scdaemon-program /nonexistent\n");
    desk.refuses(
        &home,
        FIRST,
        "Error: this key is on a smartcard, and GnuPG's card support is missing\nHint: install scdaemon",
    );
    if !std::path::Path::new("/usr/lib/gnupg/scdaemon").is_file() {
        crate::tools::not_run("a missing card with card support", "scdaemon");
        return;
    }
    set_agent(&home, "");
    // No daemon of the system's cards: only readers at the bus, and there is none with this card.
    desk.refuses(
        &home,
        FIRST,
        "Error: the smartcard with this key is not there\nHint: insert it, and see that `gpg --card-status` shows it",
    );
}

/// What was asked for is shown first, and without a yes nothing happens.
#[test]
fn nothing_is_signed_unless_somebody_says_so() {
    let Some(mut desk) = Desk::new("nothing_is_signed_unless_somebody_says_so") else { return };
    let home = Home::new();
    desk.key(&home, "alice");
    let words = FIRST.replace(" --yes", "");
    let Told { code, err, .. } = desk.run(&home, &words);
    assert_eq!(code, 2);
    assert!(err.starts_with("pkg:generic/acme@1.0: 2 files, 15 bytes\n  tree    sha256:"), "{err}");
    assert!(
        err.contains("  author  {alice}\n  signer  {alice} alice <alice@example.org>\nThis is the first release.\n")
    );
    desk.refuses(
        &home,
        &words,
        "Error: nobody is there to confirm; nothing was signed\n\
         Hint: look at what is told above, and say --yes if you mean to sign that",
    );
}

/// What the verifier would refuse is refused before gpg is asked.
#[test]
fn a_tree_that_no_verifier_takes_is_not_signed() {
    let Some(mut desk) = Desk::new("a_tree_that_no_verifier_takes_is_not_signed") else { return };
    let home = Home::new();
    desk.key(&home, "alice");
    symlink("main.c", desk.at("acme/link")).unwrap();
    let before = desk.snapshot();
    let told = desk.run(&home, FIRST);
    assert_eq!((told.code, told.err.as_str()), (1, ""), "{told:?}");
    assert!(told.out.contains("refused [symlink] link: "), "{told:?}");
    assert!(desk.snapshot() == before);
    fs::remove_file(desk.at("acme/link")).unwrap();
    desk.write("acme/.countersign/notes", "mine\n");
    let told = desk.run(&home, FIRST);
    assert_eq!(told.code, 1);
    assert!(told.out.contains("refused [evidence-unknown-file] .countersign/notes: "), "{told:?}");
}

/// Deletes the file in which gpg's agent keeps a primary key.
fn remove_secret(home: &Home, fingerprint: &str) {
    fs::remove_file(secret_file(home, fingerprint).1).unwrap();
    end_agent(home);
}

/// The keygrip of a primary key, and the file in which gpg's agent keeps it.
fn secret_file(home: &Home, fingerprint: &str) -> (String, std::path::PathBuf) {
    let listing = home.gpg_ok(None, "", &["--batch", "--with-colons", "--with-keygrip", "--list-keys", fingerprint]);
    let listing = String::from_utf8(listing).unwrap();
    let grip = listing.lines().find_map(|line| line.strip_prefix("grp:::::::::")).unwrap().trim_end_matches(':');
    (grip.to_owned(), home.path().join("private-keys-v1.d").join(format!("{grip}.key")))
}

/// Replaces a secret key by what gpg's agent keeps of one that is on a card: the public part and the card's number.
fn move_to_card(home: &Home, fingerprint: &str) {
    let (grip, file) = secret_file(home, fingerprint);
    let mut agent = Command::new("gpg-connect-agent");
    let said = agent.env("GNUPGHOME", home.path()).args([&format!("READKEY {grip}"), "/bye"]).output().unwrap().stdout;
    let public = said.strip_prefix(b"D ").expect("a line of data").strip_suffix(b"\nOK\n").expect("the end");
    let mut plain = Vec::new();
    let mut rest = public;
    while let Some((byte, after)) = rest.split_first() {
        let escaped = (*byte == b'%').then(|| u8::from_str_radix(str::from_utf8(&after[..2]).unwrap(), 16).unwrap());
        plain.push(escaped.unwrap_or(*byte));
        rest = &after[if escaped.is_some() { 2 } else { 0 }..];
    }
    let inner = plain.strip_prefix(b"(10:public-key").unwrap().strip_suffix(b"))").unwrap();
    let serial = b"\xd2\x76\x00\x01\x24\x01\x00\x00\x00\x06\x12\x34\x56\x78\x00\x00";
    let stub = [b"(20:shadowed-private-key", inner, b"(8:shadowed5:t1-v1(16:", serial, b"9:OPENPGP.1))))"].concat();
    fs::write(file, stub).unwrap();
}
