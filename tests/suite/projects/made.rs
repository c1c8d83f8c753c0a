//! Small projects, with archives and homes of Cargo made by hand.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use countersign::digest::Digest;
use flate2::Compression;
use flate2::write::GzEncoder;
use snapbox::{assert_data_eq, str};
use tempfile::TempDir;

use super::{answer, program, told};
use crate::tools;

const INDEX: &str = "index.crates.io-1949cf8c6b5b557f";
const OLD_INDEX: &str = "github.com-1ecc6299db9ec823";

/// A project, and the home of Cargo that it uses.
pub(super) struct World {
    dir: TempDir,
}

/// A tar archive of these files, packed.
pub(super) fn packed(files: &[(&str, &str)]) -> Vec<u8> {
    let mut tar: Vec<u8> = files.iter().flat_map(|(path, content)| member(path, content)).collect();
    tar.resize(tar.len() + 1_024, 0);
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&tar).expect("written");
    gzip.finish().expect("written")
}

/// One file of a tar archive.
fn member(path: &str, content: &str) -> Vec<u8> {
    let mut block = [0_u8; 512];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, path.as_bytes());
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{:011o}\0", content.len()).as_bytes());
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(156, b"0");
    put(257, b"ustar\x0000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut content = content.as_bytes().to_vec();
    content.resize(content.len().next_multiple_of(512), 0);
    [block.as_slice(), &content].concat()
}

fn manifest(name: &str, version: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"{version}\"\n")
}

impl World {
    /// With these packages of the registry, unpacked, each with its archive.
    pub(super) fn new(packages: &[(&str, &str)]) -> Self {
        let world = Self { dir: tools::scratch() };
        world.write("project/Cargo.toml", manifest("own", "0.1.0"));
        world.lock(packages, "");
        world
    }

    pub(super) fn at(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    pub(super) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        tools::write(&self.at(path), content);
    }

    /// Writes the lockfile with these packages, and puts them where Cargo would.
    pub(super) fn lock(&self, packages: &[(&str, &str)], more: &str) {
        let mut lock = String::from("version = 4\n\n[[package]]\nname = \"own\"\nversion = \"0.1.0\"\n");
        for (name, version) in packages {
            let content = manifest(name, version);
            let top = format!("{name}-{version}");
            let archive = packed(&[(&format!("{top}/Cargo.toml"), &content)]);
            let (source, checksum) =
                ("registry+https://github.com/rust-lang/crates.io-index", Digest::of(&archive).hex());
            lock.push_str(&format!(
                "\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"{source}\"\nchecksum = \"{checksum}\"\n"
            ));
            self.write(&format!("home/registry/cache/{INDEX}/{top}.crate"), archive);
            self.write(&format!("home/registry/src/{INDEX}/{top}/Cargo.toml"), content);
            self.write(&format!("home/registry/src/{INDEX}/{top}/.cargo-ok"), "{\"v\":1}");
        }
        self.write("project/Cargo.lock", lock + more);
    }

    fn run(&self, words: &[&str]) -> std::process::Output {
        self.program(words).output().expect("the program runs")
    }

    /// The program in the project, about to start.
    pub(super) fn program(&self, words: &[&str]) -> std::process::Command {
        program(&self.at("project"), &self.at("home"), &self.at("own"), words)
    }

    /// The answer in short.
    pub(super) fn verify(&self, more: &[&str]) -> (Option<i32>, Vec<String>) {
        answer(&self.run(&[&["verify", "--format", "json"], more].concat()))
    }

    /// The notes with these codes.
    fn notes(&self, code: &str) -> Vec<String> {
        let output = self.run(&["verify", "--format", "json"]);
        let report = serde_json::from_slice(&output.stdout).expect("JSON");
        told(&report, |answer| answer == "note")
            .into_iter()
            .filter(|note| note.contains(&format!(": {code}")))
            .collect()
    }

    fn text(&self, words: &[&str]) -> String {
        let output = self.run(words);
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    fn accept(&self) {
        let output = self.run(&["accept", "--yes"]);
        assert_eq!(output.status.code(), Some(0), "{}", output.stderr.escape_ascii());
    }
}

#[test]
fn the_first_line_tells_what_it_comes_to() {
    let world = World::new(&[("aa", "1.0.0"), ("bb", "2.0.0+meta")]);
    let text = world.text(&["verify", "--at", "2026-11-22"]);
    assert_data_eq!(
        text,
        str![[r#"
0 of 2 vouched for; 2 unsigned; 0 remembered (run `countersign accept`)
  Cargo.lock (cargo), policy built-in, at 2026-11-22T00:00:00Z
  every file of these 2 is as the lockfile's checksums say
note [policy-built-in]: no policy was found: the built-in one decides, which remembers the first author of a package
  -> write one: `countersign policy init`

PACKAGE              VERSION    VERDICT     WHY                  AUTHORS REVIEWS
aa                   1.0.0      let through unsigned             -       -
bb                   2.0.0+meta let through unsigned             -       -

"#]]
    );
    assert_eq!(world.text(&["verify", "-q"]).lines().count(), 1);
    assert!(!world.text(&["verify"]).contains('\u{1b}'));
    let all = world.text(&["verify", "-v"]);
    assert!(all.contains("NOT VOUCHED FOR: pkg:cargo/bb@2.0.0%2Bmeta\n"), "{all}");
}

#[test]
fn what_needs_attention_stands_first_within_eighty_columns() {
    let names: Vec<_> = (0..30).map(|number| format!("a-package-with-a-long-name-{number:02}")).collect();
    let packages: Vec<_> = names.iter().map(|name| (name.as_str(), "10.20.30-alpha.1")).collect();
    let world = World::new(&packages);
    let last = format!("{}-10.20.30-alpha.1", names[29]);
    world.write(&format!("home/registry/src/{INDEX}/{last}/build.rs"), "evil");
    let text = world.text(&["verify", "--at", "2026-11-22"]);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], "REJECTED: 0 of 30 vouched for; 1 refused; 29 unsigned; 0 remembered");
    let header = lines.iter().position(|line| line.starts_with("PACKAGE")).expect("a table");
    assert!(lines[header + 1].contains("refused     file-added"), "{text}");
    assert_eq!(lines[header + 21], "and 10 more: 10 unsigned (-v shows all)");
    assert!(lines[header..header + 22].iter().all(|line| line.chars().count() <= 80), "{text}");
    assert!(text.contains("refused [file-added] build.rs: is there and was not packed\n"), "{text}");
}

#[test]
fn changes_are_found_without_any_signature() {
    let world = World::new(&[("aa", "1.0.0"), ("bb", "1.0.0")]);
    assert_eq!(world.verify(&[]), (Some(0), vec![]));
    let place = format!("home/registry/src/{INDEX}/bb-1.0.0");
    world.write(&format!("{place}/Cargo.toml"), manifest("bb", "1.0.0").replace('b', "B"));
    let (code, told) = world.verify(&[]);
    assert_eq!(code, Some(1));
    assert_eq!(
        told,
        ["pkg:cargo/bb@1.0.0: content-differs Cargo.toml", "pkg:cargo/bb@1.0.0: identity-differs Cargo.toml"]
    );
    fs::remove_dir_all(world.at(&place)).expect("removed");
    assert_eq!(world.verify(&[]), (Some(2), vec!["pkg:cargo/bb@1.0.0: not-found".to_owned()]));
}

#[test]
fn without_an_archive_only_memory_knows() {
    let world = World::new(&[("aa", "1.0.0")]);
    fs::remove_dir_all(world.at("home/registry/cache")).expect("removed");
    assert_eq!(world.notes("lock-unchecked").len(), 1);
    let line = world.text(&["verify", "-q"]);
    assert_eq!(
        line,
        "0 of 1 vouched for; 1 unsigned; 1 not held against the lockfile; 0 remembered (run `countersign accept`)\n"
    );
    world.accept();
    assert_eq!(world.verify(&["--locked"]), (Some(0), vec![]));
    world.write(&format!("home/registry/src/{INDEX}/aa-1.0.0/lib.rs"), "new");
    assert_eq!(world.verify(&[]), (Some(1), vec!["pkg:cargo/aa@1.0.0: content-differs".to_owned()]));
}

#[test]
fn the_same_package_in_two_places() {
    let world = World::new(&[("aa", "1.0.0")]);
    let copy = format!("home/registry/src/{OLD_INDEX}/aa-1.0.0/Cargo.toml");
    world.write(&copy, manifest("aa", "1.0.0"));
    assert_eq!(world.verify(&[]), (Some(0), vec![]));
    assert_eq!(world.notes("shadowed-copy").len(), 1);
    // Where the archive tells, one bad copy refuses it; where nothing tells, copies that differ do.
    world.write(&format!("home/registry/src/{OLD_INDEX}/aa-1.0.0/lib.rs"), "evil");
    assert_eq!(world.verify(&[]).0, Some(1));
    fs::remove_dir_all(world.at("home/registry/cache")).expect("removed");
    assert_eq!(world.verify(&[]), (Some(1), vec!["pkg:cargo/aa@1.0.0: found-twice".to_owned()]));
}

#[test]
fn a_project_is_remembered_as_the_set_of_its_lockfile() {
    let world = World::new(&[("aa", "1.0.0"), ("aa", "2.0.0"), ("bb", "1.0.0")]);
    let (code, told) = world.verify(&["--locked"]);
    assert_eq!((code, told), (Some(2), vec!["all: lock-changed".to_owned()]));
    world.accept();
    assert_eq!(world.verify(&["--locked"]), (Some(0), vec![]));
    assert_eq!(world.text(&["verify", "-q"]), "0 of 3 vouched for; 3 unsigned; 3 remembered\n");
    let lock = fs::read_to_string(world.at("project/countersign.lock")).expect("a lock");
    assert_eq!((lock.matches("[[package]]").count(), lock.matches("[[history]]").count()), (3, 0));
    // An update of one of two versions, and a package less.
    world.lock(&[("aa", "1.0.0"), ("aa", "2.1.0")], "");
    assert_eq!(world.verify(&["--locked"]), (Some(2), vec!["all: lock-changed".to_owned()]));
    let changed = world.text(&["verify", "--changed"]);
    assert!(changed.starts_with("0 of 1 vouched for; 1 unsigned; 0 remembered"), "{changed}");
    assert!(changed.contains("note [narrowed]: 1 of 2 packages were looked at\n"), "{changed}");
    world.accept();
    let lock = fs::read_to_string(world.at("project/countersign.lock")).expect("a lock");
    assert_eq!((lock.matches("[[package]]").count(), lock.matches("[[history]]").count()), (2, 2));
    assert!(world.text(&["verify", "--changed"]).starts_with("ACCEPTED: 0 of 0 vouched for; 0 remembered\n"));
    // Back to what is lower than all that is left of it.
    world.lock(&[("aa", "1.0.0"), ("aa", "2.0.0")], "");
    let (code, told) = world.verify(&[]);
    assert_eq!((code, told), (Some(1), vec!["pkg:cargo/aa@2.0.0: rollback".to_owned()]));
    let output = world.run(&["accept", "--yes"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(fs::read_to_string(world.at("project/countersign.lock")).expect("a lock"), lock);
}

#[test]
fn only_some_packages_are_looked_at_where_that_is_asked_and_said() {
    let world = World::new(&[("aa", "1.0.0"), ("bb", "1.0.0")]);
    world.write(&format!("home/registry/src/{INDEX}/bb-1.0.0/new"), "");
    assert_eq!(world.verify(&["--only", "aa"]), (Some(0), vec![]));
    assert_eq!(world.verify(&["--only", "pkg:cargo/bb"]).0, Some(1));
    assert_eq!(world.verify(&["--only", "aa", "--only", "bb"]).0, Some(1));
    assert!(world.text(&["verify", "--only", "aa"]).contains("note [narrowed]: 1 of 2 packages were looked at\n"));
    let output = world.run(&["verify", "--only", "cc"]);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), b"".as_slice()));
}

#[test]
fn what_is_not_vouched_for_can_be_refused() {
    let world = World::new(&[("aa", "1.0.0")]);
    let (code, told) = world.verify(&["--fail-on", "unsigned"]);
    assert_eq!((code, told), (Some(1), vec!["pkg:cargo/aa@1.0.0: unsigned".to_owned()]));
    // The project's own policy holds, and it is said which one did.
    let policy = "countersign = \"policy/1\"\n[[rule]]\npackages = [\"pkg:cargo/zz\"]\nunsigned = \"accept\"\nrequire = { author = {} }\n";
    world.write("project/countersign.toml", policy);
    assert_eq!(world.verify(&[]), (Some(1), vec!["pkg:cargo/aa@1.0.0: no-rule".to_owned()]));
    assert!(world.text(&["verify"]).contains("policy countersign.toml"), "{}", world.text(&["verify"]));
}

#[test]
fn the_configuration_of_a_hostile_project_runs_nothing() {
    let world = World::new(&[("aa", "1.0.0")]);
    let config = "[build]\nrustc = \"./evil\"\nrustc-wrapper = \"./evil\"\n[alias]\nmetadata = \"evil\"\n\
                  [net]\ngit-fetch-with-cli = true\n[registry]\nglobal-credential-providers = [\"./evil\"]\n";
    world.write("project/.cargo/config.toml", config);
    world.write("project/rust-toolchain.toml", "[toolchain]\npath = \"./evil\"\n");
    world.write("project/evil", "#!/bin/sh\ntouch ran\n");
    fs::set_permissions(world.at("project/evil"), std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .expect("changed");
    assert_eq!(world.verify(&[]), (Some(0), vec![]));
    assert!(!world.at("project/ran").exists());
    world.write("project/.cargo/config.toml", format!("paths = [\"evil\"]\n{config}"));
    assert_eq!(world.verify(&[]), (Some(2), vec!["all: source-replaced".to_owned()]));
}

#[test]
fn a_project_that_is_a_package_too_is_no_way_around_its_lockfile() {
    let world = World::new(&[("aa", "1.0.0")]);
    world.write("home/registry/src/index.crates.io-1949cf8c6b5b557f/aa-1.0.0/evil.rs", "");
    world.write("project/.countersign/manifest.toml", "");
    // Without a directory it is the project.
    assert_eq!(world.verify(&[]), (Some(1), vec!["pkg:cargo/aa@1.0.0: file-added evil.rs".to_owned()]));
    // With one it is the package; and it is told that the project was not looked at.
    let output = world.run(&["verify", ".", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(
        report["reasons"].as_array().expect("a list").iter().any(|one| one["code"] == "other-lockfile"),
        "{report}"
    );
}

#[test]
fn faults_of_the_lockfile_stop_all() {
    let world = World::new(&[("aa", "1.0.0")]);
    world.write("project/Cargo.lock", "version = 5\n");
    let (code, told) = world.verify(&[]);
    assert_eq!(code, Some(2));
    assert!(
        told.len() == 1 && told[0].starts_with("all: lockfile-version ") && told[0].ends_with("Cargo.lock"),
        "{told:?}"
    );
    fs::remove_file(world.at("project/Cargo.lock")).expect("removed");
    let output = world.run(&["verify"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        output
            .stderr
            .starts_with(b"Error: there is no lockfile here, so nothing says what to verify\nHint: go to a project"),
        "{}",
        output.stderr.escape_ascii()
    );
}

#[test]
fn folders_that_the_user_lists_are_a_project_too() {
    let world = World::new(&[]);
    fs::remove_file(world.at("project/Cargo.lock")).expect("removed");
    let list = "countersign = \"packages/1\"\n\n[[package]]\npackage = \"pkg:generic/acme@2.1\"\npath = \"third-party/acme\"\n";
    world.write("project/countersign-packages.toml", list);
    assert_eq!(world.verify(&[]), (Some(2), vec!["pkg:generic/acme@2.1: not-found".to_owned()]));
    world.write("project/third-party/acme/a.c", "");
    assert_eq!(world.verify(&[]), (Some(0), vec![]));
    world.accept();
    world.write("project/third-party/acme/a.c", "evil");
    assert_eq!(world.verify(&[]), (Some(1), vec!["pkg:generic/acme@2.1: content-differs".to_owned()]));
}

#[test]
fn the_users_own_code_is_no_matter_of_trust() {
    let world = World::new(&[]);
    world.write("beside/Cargo.toml", manifest("beside", "0.2.0"));
    let needs = format!("{}[dependencies]\nbeside = {{ path = \"../beside\" }}\n", manifest("own", "0.1.0"));
    world.write("project/Cargo.toml", needs);
    world.lock(&[("aa", "1.0.0")], "\n[[package]]\nname = \"beside\"\nversion = \"0.2.0\"\n");
    let text = world.text(&["verify", "-q"]);
    assert_eq!(text, "0 of 1 vouched for; 1 unsigned; 1 your own; 0 remembered (run `countersign accept`)\n");
    world.accept();
    assert_eq!(world.verify(&["--locked"]), (Some(0), vec![]));
}

#[test]
fn what_an_author_signed_is_vouched_for_wherever_cargo_put_it() {
    let test = "what_an_author_signed_is_vouched_for_wherever_cargo_put_it";
    if !tools::found(test, &["gpg", "gpgconf", "gpg-agent"]) {
        return;
    }
    let (world, gpg) = (World::new(&[("aa", "1.0.0")]), tools::Home::new());
    let alice = gpg.generate("alice", "ed25519", "20240101T000000", "never");
    let files = [
        ("Cargo.toml", manifest("aa", "1.0.0")),
        (".gitignore", "target\n".to_owned()),
        ("d/.gitattributes", String::new()),
    ];
    let top = |path: &str| format!("aa-1.0.0/{path}");
    let archive: Vec<_> = files.iter().map(|(path, content)| (top(path), content.as_str())).collect();
    let archive = packed(&archive.iter().map(|(path, content)| (path.as_str(), *content)).collect::<Vec<_>>());
    let checksum = Digest::of(&archive).hex();
    world.write(&format!("home/registry/cache/{INDEX}/aa-1.0.0.crate"), archive);
    for (path, content) in &files {
        world.write(&format!("clean/{path}"), content);
        world.write(&format!("home/registry/src/{INDEX}/aa-1.0.0/{path}"), content);
    }
    let lock = fs::read_to_string(world.at("project/Cargo.lock")).expect("a lockfile");
    let old =
        lock.split("checksum = \"").nth(1).and_then(|rest| rest.split('"').next()).expect("a checksum").to_owned();
    world.write("project/Cargo.lock", lock.replace(&old, &checksum));
    let mut sign = program(&world.at("project"), &world.at("home"), &world.at("own"), &["sign", "../clean"]);
    sign.args(["--package", "pkg:cargo/aa@1.0.0", "--first", "--yes", "--store", "../store", "--key", &alice]);
    sign.env("GNUPGHOME", gpg.path()).env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let signed = sign.output().expect("the program runs");
    assert!(signed.status.success(), "{}", signed.stderr.escape_ascii());
    let store = ["--store", "../store"];
    let line = |more: &[&str]| {
        let text = world.text(&[&["verify"], more].concat());
        text.lines().next().unwrap_or_default().to_owned()
    };
    assert_eq!(line(&store), "0 of 1 vouched for; 1 on first use; 0 remembered (run `countersign accept`)");
    let policy = format!(
        "countersign = \"policy/1\"\nstores = [\"../store\"]\n[people]\nalice = [\"{alice}\"]\n[[rule]]\n\
         packages = [\"*\"]\nrequire = {{ author = {{ from = [\"alice\"] }} }}\n"
    );
    world.write("project/countersign.toml", policy);
    let vouched = "ACCEPTED: 1 of 1 vouched for; 0 remembered (run `countersign accept`)";
    assert_eq!(line(&[]), vouched);
    world.accept();
    // The same release, vendored: what is left away there is told, and the tree is the one that was signed.
    let config = "[source.crates-io]\nreplace-with = \"v\"\n[source.v]\ndirectory = \"vendor\"\n";
    world.write("project/.cargo/config.toml", config);
    world.write("project/vendor/aa/Cargo.toml", &files[0].1);
    let listed = Digest::of(files[0].1.as_bytes()).hex();
    let list = format!("{{\"files\":{{\"Cargo.toml\":\"{listed}\"}},\"package\":\"{checksum}\"}}");
    world.write("project/vendor/aa/.cargo-checksum.json", list);
    assert_eq!(line(&["--locked"]), "ACCEPTED: 1 of 1 vouched for; 1 remembered");
    let left = ["pkg:cargo/aa@1.0.0: excluded .cargo-checksum.json", "pkg:cargo/aa@1.0.0: excluded .gitignore"];
    let left = [left.as_slice(), &["pkg:cargo/aa@1.0.0: excluded d/.gitattributes"]].concat();
    assert_eq!(world.notes("excluded"), left);
    world.write("project/vendor/aa/d/.gitattributes", "* filter=evil");
    assert_eq!(world.verify(&[]).0, Some(1));
}

#[test]
fn a_page_can_be_made_of_a_project() {
    let world = World::new(&[("aa", "1.0.0"), ("bb", "1.0.0")]);
    let output = world.run(&["report", "--html", "page.html"]);
    assert_eq!(output.status.code(), Some(0), "{}", output.stderr.escape_ascii());
    assert!(
        output.stdout.starts_with(b"0 of 2 vouched for; 2 unsigned; 0 remembered"),
        "{}",
        output.stdout.escape_ascii()
    );
    let page = fs::read_to_string(world.at("project/page.html")).expect("a page");
    assert!(page.contains("pkg:cargo/aa@1.0.0") && page.contains("pkg:cargo/bb@1.0.0"));
}
