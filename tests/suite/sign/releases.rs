//! What a release follows, joins and must not contradict.

use std::fs;

use super::desk::{Desk, FIRST};
use crate::tools::Home;

#[test]
fn the_reminder_of_a_revocation_certificate_comes_once() {
    let Some(mut desk) = Desk::new("the_reminder_of_a_revocation_certificate_comes_once") else { return };
    let home = Home::new();
    desk.key(&home, "alice");
    let reminder = "Hint: this looks like the first release that you sign with this key. Keep its revocation certificate in \
                    a safe place, for the day the key is lost or stolen: GnuPG made one in its folder openpgp-revocs.d, or \
                    `gpg --gen-revoke {alice}` makes one.\n";
    let told = desk.run(&home, FIRST);
    assert!(told.code == 0 && told.err.ends_with(reminder), "{told:?}");
    desk.write("acme/main.c", "int other;\n");
    let told = desk.run(&home, "sign acme --package pkg:generic/acme@1.1 --yes");
    assert!(told.code == 0 && !told.err.contains("revocation"), "{told:?}");
}

#[test]
fn changes_since_the_last_release_are_shown_and_it_is_named() {
    let Some(mut desk) = Desk::new("changes_since_the_last_release_are_shown_and_it_is_named") else { return };
    let home = Home::new();
    desk.key(&home, "alice");
    let first = desk.done(&home, FIRST);
    desk.write("acme/main.c", "int other;\n");
    desk.write("acme/new.c", "int new;\n");
    fs::remove_file(desk.at("acme/README")).unwrap();
    let told = desk.run(&home, "sign acme --package pkg:generic/acme@1.1 --yes");
    let shown = "Since 1.0: 1 added, 1 removed, 1 changed.\n  + new.c\n  - README\n  ~ main.c\n";
    assert!(told.code == 0 && told.err.ends_with(shown), "{told:?}");
    let previous = format!("previous = [\"{}\"]\n", first["manifest"].as_str().unwrap());
    assert!(desk.read("acme/.countersign/manifest.toml").contains(&previous));
    // The old manifest's signature is gone, the new one is there, once.
    let names: Vec<_> = desk
        .snapshot()
        .into_keys()
        .filter(|path| path.ends_with("acme") || path.to_string_lossy().contains(".asc"))
        .collect();
    assert_eq!(names.len(), 3, "{names:?}");
    // The same again is done already.
    let before = desk.snapshot();
    assert_eq!(desk.done(&home, "sign acme --package pkg:generic/acme@1.1 --yes")["already"], true);
    assert!(desk.snapshot() == before);
}

/// In the package, in a store that is written to, in one that is only searched, and in a file that is named.
#[test]
fn the_last_release_is_found_wherever_it_lies() {
    let Some(mut desk) = Desk::new("the_last_release_is_found_wherever_it_lies") else { return };
    let home = Home::new();
    desk.key(&home, "alice");
    let first = desk.done(&home, &format!("{FIRST} --store store"));
    desk.done(&home, FIRST);
    let previous =
        |manifest: &serde_json::Value| format!("previous = [\"{}\"]\n", manifest["manifest"].as_str().unwrap());
    let own = desk.read("acme/.countersign/manifest.toml");
    fs::rename(desk.at("acme/.countersign"), desk.at("kept")).unwrap();
    desk.write("acme/main.c", "int other;\n");

    let next = "sign acme --package pkg:generic/acme@1.1 --yes";
    desk.refuses(
        &home,
        next,
        "Error: no earlier release of pkg:generic/acme by this signer was found\n\
         Hint: if this is the first release of all, say so: the same command with --first; else name where the last one is with \
         --store DIR or --previous MANIFEST",
    );
    let stored = desk.done(&home, &format!("{next} --store elsewhere --store store"));
    let written = desk.read(&statement("elsewhere", &stored));
    assert!(written.contains(&previous(&first)), "{written}");
    // By its file, with the tree text beside it.
    let told = desk.run(&home, &format!("{next} --store named --previous kept/manifest.toml"));
    assert!(told.code == 0 && told.err.contains("Since 1.0: 0 added, 0 removed, 1 changed.\n"), "{told:?}");
    // Without the tree text, what changed is not known.
    fs::remove_file(desk.at("kept/tree")).unwrap();
    let told = desk.run(&home, &format!("{next} --store bare --previous kept/manifest.toml"));
    assert!(told.code == 0 && told.err.contains("Since 1.0: not known what changed"), "{told:?}");
    // In the package again.
    fs::create_dir(desk.at("acme/.countersign")).unwrap();
    desk.write("acme/.countersign/manifest.toml", &own);
    fs::copy(desk.at("kept/certificates").join(name_in(&desk, "kept/certificates")), desk.at("certificate")).unwrap();
    let signature = name_in(&desk, "kept");
    fs::copy(desk.at("kept").join(&signature), desk.at("acme/.countersign").join(&signature)).unwrap();
    let told = desk.run(&home, next);
    assert!(told.code == 0 && told.err.contains("Since 1.0: "), "{told:?}");
}

#[test]
fn first_and_previous_must_be_true() {
    let Some(mut desk) = Desk::new("first_and_previous_must_be_true") else { return };
    let home = Home::new();
    desk.key(&home, "alice");
    desk.done(&home, FIRST);
    desk.write("acme/main.c", "int other;\n");
    let next = "sign acme --package pkg:generic/acme@1.1 --yes";
    desk.refuses(
        &home,
        &format!("{next} --first"),
        "Error: --first was given, but .countersign/manifest.toml is an earlier release (1.0)\nHint: leave out --first: what went before is found by itself",
    );
    desk.refuses(
        &home,
        &format!("{next} --previous nowhere.toml"),
        "Error: nowhere.toml cannot be read\nCaused by: No such file or directory",
    );
    desk.write("broken.toml", "countersign = \"manifest/1\"\n");
    let told = desk.run(&home, &format!("{next} --previous broken.toml"));
    assert_eq!(told.code, 2);
    assert!(
        told.err.starts_with("Error: broken.toml: the manifest is refused [statement-missing-field]\n"),
        "{told:?}"
    );
    desk.refuses(
        &home,
        "sign acme --package pkg:generic/other@1.1 --yes",
        "Error: .countersign/manifest.toml is about pkg:generic/acme@1.0, not pkg:generic/other@1.1\n\
         Hint: was the folder copied, or the name mistyped? Nothing was written",
    );
    fs::rename(desk.at("acme/.countersign"), desk.at("kept")).unwrap();
    desk.refuses(
        &home,
        "sign acme --package pkg:generic/other@1.1 --yes --previous kept/manifest.toml",
        "Error: kept/manifest.toml is about pkg:generic/acme@1.0, not pkg:generic/other@1.1\n\
         Hint: was the folder copied, or the name mistyped? Nothing was written",
    );
}

#[test]
fn a_version_is_signed_for_one_tree_only() {
    let Some(mut desk) = Desk::new("a_version_is_signed_for_one_tree_only") else { return };
    let home = Home::new();
    desk.key(&home, "alice");
    desk.key(&home, "bob");
    desk.done(&home, &format!("{FIRST} --key {{alice}} --store store"));
    desk.done(&home, &format!("{FIRST} --key {{alice}}"));
    let again = "sign acme --package pkg:generic/acme@1.0 --yes --key {alice}";
    for (words, place) in [("", ".countersign/manifest.toml".to_owned()), (" --store store", place(&desk, "store"))] {
        if !words.is_empty() {
            fs::rename(desk.at("acme/.countersign"), desk.at("kept")).unwrap();
        }
        desk.refuses(
            &home,
            &format!("{again} --author {{bob}}{words}"),
            &format!(
                "Error: 1.0 was signed before for the authors {{alice}} ({place})\n\
                 Hint: name the same authors with --author, or raise the version"
            ),
        );
        desk.write("acme/main.c", "int other;\n");
        let error = format!(
            "Error: 1.0 was signed before with another tree ({place})\n\
             Hint: raise the version: a release never changes once it is signed"
        );
        desk.refuses(&home, &format!("{again}{words}"), &error);
        desk.refuses(&home, &format!("{again}{words} --first"), &error);
        desk.write("acme/main.c", "int main;\n");
    }
}

/// Two people, two homes: the second signs the very bytes that the first signed.
#[test]
fn a_co_author_signs_the_very_same_bytes() {
    let Some(mut desk) = Desk::new("a_co_author_signs_the_very_same_bytes") else { return };
    let (home, other) = (Home::new(), Home::new());
    let alice = desk.key(&home, "alice");
    let bob = desk.key(&other, "bob");
    let source = "--repository https://example.org/acme --commit 0123456789abcdef0123456789abcdef01234567";
    desk.done(&home, &format!("{FIRST} --author {{bob}} {source}"));
    let manifest = desk.read("acme/.countersign/manifest.toml");
    desk.refuses(
        &other,
        &format!("{FIRST} --author {{alice}} --repository https://example.org/else"),
        "Error: 1.0 was signed before, and its manifest names another source (.countersign/manifest.toml)\n\
         Hint: a co-author signs the very same bytes: leave out --repository and --commit, or raise the version",
    );
    let told = desk.run(&other, "sign acme --package pkg:generic/acme@1.0 --yes --author {alice}");
    let joins = "This manifest is there already; your signature joins it, over the same bytes.\n";
    assert!(told.code == 0 && told.err.contains(joins), "{told:?}");
    assert_eq!(desk.read("acme/.countersign/manifest.toml"), manifest);
    assert!(manifest.contains(&format!("authors = [\"{}\", \"{}\"]\n", (&alice).min(&bob), (&alice).max(&bob))));

    let (keys, others) = (home.keyring("alice.pgp", &[]), other.keyring("bob.pgp", &[]));
    let verify = format!(
        "verify acme --signer {alice} --signer {bob} --signatures 2 --keyring {} --keyring {}",
        keys.display(),
        others.display()
    );
    assert_eq!(desk.done(&home, &verify)["verdict"], "accepted");
    // Both of them together release the next one, each from the other's signed release.
    desk.write("acme/main.c", "int other;\n");
    let next = "sign acme --package pkg:generic/acme@1.1 --yes";
    desk.done(&other, &format!("{next} --author {{alice}}"));
    desk.done(&home, &format!("{next} --author {{bob}}"));
    assert_eq!(desk.done(&home, &verify)["verdict"], "accepted");
}

/// Somebody else's release is not one that we follow, whatever lies in our folder.
#[test]
fn a_strangers_release_is_not_followed() {
    let Some(mut desk) = Desk::new("a_strangers_release_is_not_followed") else { return };
    let (home, other) = (Home::new(), Home::new());
    desk.key(&home, "alice");
    desk.key(&other, "mallory");
    desk.done(&other, FIRST);
    desk.write("acme/main.c", "int other;\n");
    desk.refuses(
        &home,
        "sign acme --package pkg:generic/acme@1.1 --yes",
        "Error: no earlier release of pkg:generic/acme by this signer was found\n\
         Hint: if this is the first release of all, say so: the same command with --first; else name where the last one is with \
         --store DIR or --previous MANIFEST",
    );
    desk.done(&home, "sign acme --package pkg:generic/acme@1.1 --yes --first");
    assert!(!desk.read("acme/.countersign/manifest.toml").contains("previous"));
}

/// Nor is one that names us as an author beside the stranger: what changed would be told since theirs.
#[test]
fn who_names_the_signer_is_not_followed() {
    let Some(mut desk) = Desk::new("who_names_the_signer_is_not_followed") else { return };
    let (home, other) = (Home::new(), Home::new());
    desk.key(&home, "alice");
    desk.key(&other, "mallory");
    let sign = |version: &str, more: &str| {
        format!("sign acme --package pkg:generic/acme@{version} --store store --yes {more}")
    };
    desk.done(&home, &sign("1.0", "--first"));
    desk.write("acme/evil.c", "int evil;\n");
    let theirs = desk.done(&other, &sign("1.0.1", "--first --author {alice}"));
    let told = desk.run(&home, &format!("{} --format json", sign("1.1", "")));
    assert!(told.code == 0 && told.err.contains("Since 1.0: 1 added, 0 removed, 0 changed.\n  + evil.c\n"), "{told:?}");
    let signed = serde_json::from_str(&told.out).unwrap();
    let digest = theirs["manifest"].as_str().unwrap();
    assert!(!desk.read(&statement("store", &signed)).contains(digest));
    // Whom our own release names is followed, by whoever it was signed.
    desk.done(&home, &sign("1.2", "--author {mallory}"));
    desk.write("acme/more.c", "int more;\n");
    desk.done(&other, &sign("1.3", "--author {alice}"));
    let told = desk.run(&home, &sign("1.4", ""));
    assert!(told.code == 0 && told.err.contains("Since 1.3: 0 added, 0 removed, 0 changed.\n"), "{told:?}");
}

/// Where a store keeps the statement that was just signed.
fn statement(store: &str, signed: &serde_json::Value) -> String {
    let digest = signed["manifest"].as_str().unwrap().strip_prefix("sha256:").unwrap();
    format!("{store}/statements/{}/{digest}.toml", &digest[..2])
}

/// The only statement in a store, as `sign` names it.
fn place(desk: &Desk, store: &str) -> String {
    let all = desk.snapshot();
    let path = all.keys().find(|path| path.extension().is_some_and(|end| end == "toml") && path.starts_with(store));
    path.unwrap().display().to_string()
}

/// The only `.asc` file in a folder.
fn name_in(desk: &Desk, folder: &str) -> String {
    let names = fs::read_dir(desk.at(folder)).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.into_iter().find(|name| name.ends_with(".asc")).unwrap()
}
