//! What the documents show is what the program does.

#![expect(
    clippy::disallowed_methods,
    reason = "the recipes are the shell's, and the program is run as its users run it"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use countersign::limits::Limits;
use countersign::statement::Manifest;
use countersign::tree_text::TreeText;

/// The fenced blocks of a document that are marked as `language`.
fn blocks(document: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open: Option<(bool, String)> = None;
    for line in document.lines() {
        match (line.strip_prefix("```"), open.take()) {
            (Some(marked), None) => open = Some((marked == language, String::new())),
            (Some(_), Some((wanted, text))) => blocks.extend(wanted.then_some(text)),
            (None, Some((wanted, text))) => open = Some((wanted, format!("{text}{line}\n"))),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block that does not end");
    blocks
}

fn document(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn digest(dir: &Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_countersign")).args(["tree", "--digest"]).arg(dir).output();
    let output = output.expect("the program runs");
    assert_eq!(output.status.code(), Some(0));
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

#[test]
fn the_tree_digest_can_be_computed_with_the_shell() {
    let script = blocks(&document("docs/format.md"), "sh").into_iter().find(|block| block.contains("sha256sum"));
    let script = script.expect("the recipe in docs/format.md");
    let dir = tempfile::tempdir().expect("a folder");
    let root = dir.path().join("DIR");
    fs::create_dir_all(root.join("foo/ü")).expect("made");
    fs::create_dir_all(root.join("empty")).expect("made");
    fs::create_dir_all(root.join(".countersign")).expect("made");
    fs::write(root.join(".countersign/manifest.toml"), "left out").expect("written");
    for name in ["foo/a b", "foo.txt", "foo-bar", "foo0", "foo/ü/x", "run", "nothing"] {
        fs::write(root.join(name), if name == "nothing" { "" } else { name }).expect("written");
    }
    fs::set_permissions(root.join("run"), fs::Permissions::from_mode(0o751)).expect("set");
    let output = Command::new("sh").arg("-euc").arg(script).current_dir(dir.path()).output().expect("a shell");
    let theirs = String::from_utf8(output.stdout).expect("text");
    assert_eq!(format!("sha256:{}", theirs.trim_end_matches("-\n").trim()), digest(&root));
    fs::write(root.join("foo0"), "other").expect("written");
    assert_ne!(format!("sha256:{}", theirs.trim_end_matches("-\n").trim()), digest(&root));
}

#[test]
fn the_manifest_that_is_shown_is_canonical() {
    let shown = blocks(&document("docs/format.md"), "toml").into_iter().find(|block| block.contains("manifest/1"));
    let shown = shown.expect("a manifest in docs/format.md");
    let manifest = Manifest::parse(shown.as_bytes(), &Limits::default()).expect("a good manifest");
    assert_eq!(manifest.text(), shown);
}

#[test]
fn the_tree_text_that_is_shown_is_one() {
    let shown = blocks(&document("docs/format.md"), "").into_iter().find(|block| block.starts_with("countersign-tree"));
    let shown = shown.expect("a tree text in docs/format.md");
    assert_eq!(TreeText::parse(shown.as_bytes(), &Limits::default()).expect("a good tree text").to_string(), shown);
}

#[test]
fn the_commands_that_are_shown_exist() {
    for block in blocks(&document("README.md"), "sh") {
        for line in block.replace("\\\n", " ").lines() {
            let mut words = line.split_whitespace();
            assert_eq!(words.next(), Some("countersign"), "{line}");
            let command = words.next().expect("a command");
            let help = Command::new(env!("CARGO_BIN_EXE_countersign")).args([command, "--help"]).output();
            let help = String::from_utf8(help.expect("the program runs").stdout).expect("text");
            for option in words.filter(|word| word.starts_with("--")) {
                assert!(help.contains(option), "{option} is no option of {command}");
            }
        }
    }
}

#[test]
fn the_hook_that_is_shown_is_the_one_that_is_written() {
    let shown = blocks(&document("docs/authors.md"), "sh");
    assert_eq!(shown, [countersign::setup::HOOK]);
}

/// `README.md` shows it; what it shows is what the command draws.
#[test]
fn the_picture_of_trust_is_a_real_one() {
    let world = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cmd/world");
    let mut graph = Command::new(env!("CARGO_BIN_EXE_countersign"));
    graph.current_dir(world).args([
        "trust",
        "graph",
        "9C3A84D9F72E2A48EDB2D07207F3A15CDC26945F",
        "--keyring",
        "people.pgp",
    ]);
    graph.args(["--root", "4C5E551936DFC842B3CB234FA1F71A6F0C03EAF6", "--amount", "60", "--at", "2026-12-01"]);
    let drawn = graph.args(["--format", "svg"]).output().expect("the program runs");
    assert_eq!(String::from_utf8(drawn.stdout).expect("text"), document("docs/pictures/trust.svg"));
}
