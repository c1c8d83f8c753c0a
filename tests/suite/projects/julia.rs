//! Projects of Julia, by the program itself.

mod depot;
mod released;

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;

use countersign::ecosystem::julia::Julia;
use countersign::ecosystem::{Ecosystem as _, Env, Kind};
use countersign::git_tree::{Algorithm, Mode, ObjectId, blob, tree};
use countersign::limits::Limits;
use snapbox::{assert_data_eq, str};

use super::made::packed;
use crate::tools;
use depot::{Package, World, registry};

const STDLIB: &str = "[[deps.Dates]]\nuuid = \"ade2ca70-3891-5945-98fb-dc099432e06a\"\nversion = \"1.11.0\"\n";

fn packages(count: usize) -> Vec<Package> {
    (0..count).map(Package::new).collect()
}

/// What is told of a package.
fn of(package: &Package, told: &str) -> String {
    format!("{}: {told}", package.purl())
}

/// The tree of one file.
fn one_file(path: &'static str, content: &str) -> ObjectId {
    tree(Algorithm::Sha1, [(path, Mode::File, blob(Algorithm::Sha1, content.as_bytes()))])
}

#[test]
fn the_first_line_tells_each_kind_apart() {
    let all = packages(2);
    let world = World::new(&all);
    let own =
        "[[deps.Own]]\npath = \"../own-code\"\nuuid = \"ffffffff-1234-5678-9abc-000000000000\"\nversion = \"0.1.0\"\n";
    world.manifest(&all, &format!("{STDLIB}{own}"));
    world.write("own-code/src/Own.jl", "");
    assert_data_eq!(
        world.text(&["verify", "--at", "2026-11-22"]),
        str![[r#"
0 of 2 vouched for; 2 unsigned; 1 your own; 1 of the standard library; 0 remembered (run `countersign accept`)
  Manifest.toml (julia), policy built-in, at 2026-11-22T00:00:00Z
  every file of these 2 is as the lockfile's checksums say
note [policy-built-in]: no policy was found: the built-in one decides, which remembers the first author of a package
  -> write one: `countersign policy init`

PACKAGE              VERSION    VERDICT     WHY                  AUTHORS REVIEWS
Package0             1.0.0      let through unsigned             -       -
Package1             1.1.0      let through unsigned             -       -
Own                  0.1.0      let through local                -       -
Dates                1.11.0     let through builtin              -       -

"#]]
    );
    assert_eq!(world.notes(), [""; 0], "each was held against the manifest");
    world.accept();
    assert_eq!(world.verify(&["--locked"]), (Some(0), vec![]));
    assert_eq!(world.text(&["verify", "--changed", "-q"]).lines().count(), 1);
}

#[test]
fn one_changed_byte_among_a_hundred_packages_is_found_and_named() {
    let all = packages(100);
    let world = World::new(&all);
    assert_eq!(world.verify(&[]), (Some(0), vec![]));
    let file = world.inside(&all[57], "src/Package57.jl");
    fs::write(file, "module Package57\nenD\n").expect("written");
    assert_eq!(world.verify(&[]), (Some(1), vec![of(&all[57], "git-tree-differs .")]));
    assert!(world.text(&["verify"]).contains("refused [git-tree-differs] .: the lockfile says that git calls this"));
    assert_eq!(world.verify(&["--only", "Package56"]), (Some(0), vec![]));
    assert_eq!(world.verify(&["--only", "pkg:julia/Package57"]).0, Some(1));
}

#[test]
fn every_fault_of_a_depot_has_its_own_code() {
    let mut all = packages(100);
    // What lies in the trees themselves.
    let said = |package: &Package, from: &str, to: &str| package.files["Project.toml"].replace(from, to);
    all[10] = all[10].clone().with("Project.toml", said(&all[10], "Package10", "Package11"));
    all[11] = all[11].clone().with("Project.toml", said(&all[11], "1.11.0", "1.11.1"));
    all[12] = all[12].clone().with("Project.toml", said(&all[12], "0000000c-", "0000000d-"));
    all[13] = all[13].clone().with("Project.toml", "name = ");
    all[14].files.remove("Project.toml");
    all[15] = all[15].clone().with("deps/deps.jl", "const a = 1\n").with("src/x.cov", "");
    all[16] = all[16].clone().with("countersign.toml", "countersign = \"policy/1\"\n").with("countersign.lock", "evil");
    let artifact = one_file("lib/a.so", "binary");
    let list = |tree: ObjectId| format!("[[a]]\narch = \"x86_64\"\ngit-tree-sha1 = \"{tree}\"\nos = \"linux\"\n");
    for (number, package) in all.iter_mut().enumerate().take(24).skip(20) {
        *package = package.clone().with("Artifacts.toml", list(one_file("lib/a.so", &number.to_string())));
    }
    all[24] = all[24].clone().with("Artifacts.toml", list(artifact));
    all[25] = all[25].clone().with("Artifacts.toml", "[a]\nno = \"tree\"\n");
    all[26] = all[26].clone().with("JuliaArtifacts.toml", format!("[a]\ngit-tree-sha1 = \"{artifact}\"\n"));
    let mut world = World::new(&all);
    for number in [21, 22] {
        let tree = one_file("lib/a.so", &number.to_string());
        world.write(&format!("depot/artifacts/{tree}/lib/a.so"), if number == 21 { "changed" } else { "22" });
    }
    let tree = one_file("lib/a.so", "22");
    world.write(&format!("depot/artifacts/{tree}/lib/.git/evil"), "");
    world.write(&format!("depot/artifacts/{artifact}/lib/a.so"), "binary");
    let replaced = format!("[{}]\na = \"{}\"\n", all[23].uuid, world.at("elsewhere").display());
    world.write("depot/artifacts/Overrides.toml", replaced);
    // What a registry says.
    let mut known = all.clone();
    known[30] = known[30].clone().with("src/new.jl", "another tree");
    known[31].name = "Package31x".to_owned();
    known[32].version = "9.9.9".to_owned();
    known.remove(34);
    world.registry(&known);
    let yanked = format!("[\"{}\"]\ngit-tree-sha1 = \"{}\"\nyanked = true\n", all[33].version, all[33].tree());
    world.write("depot/registries/General/P/Package33/Versions.toml", yanked);
    // What happened to the folders.
    let inside = |number: usize, path: &str| world.inside(&all[number], path);
    let put = |number: usize, path: &str| {
        tools::write(&inside(number, path), "evil");
    };
    put(0, "src/Package0.jl");
    put(1, "src/added.jl");
    fs::remove_file(inside(2, "test/runtests.jl")).expect("removed");
    fs::set_permissions(inside(3, "deps/build.jl"), fs::Permissions::from_mode(0o755)).expect("changed");
    put(4, "src/.git/evil.jl");
    put(5, "docs/.git");
    fs::remove_dir_all(inside(6, "")).expect("removed");
    symlink("Package7.jl", inside(7, "src/link.jl")).expect("linked");
    let _socket = UnixListener::bind(inside(8, "s")).expect("a socket");
    fs::write(inside(9, "test/runtests.jl"), "using Test\r\n").expect("written");
    put(40, "deps/build.log");
    put(41, "deps/deps.jl");
    put(42, "src/Package42.jl.4711.cov");
    put(43, "deps/usr/lib/a.so");
    fs::create_dir_all(inside(44, "empty/empty")).expect("made");
    // Older names of folders, and copies: in an earlier depot one that was planted, in a later one a good one.
    fs::rename(inside(50, ""), world.at(&format!("depot/{}", all[50].place(4)))).expect("moved");
    world.install(&all[51], "late");
    world.install(&all[52], "early");
    world.write(&format!("early/{}/src/Package52.jl", all[52].place(5)), "evil");
    world.write(&format!("early/{}/src/Package53.jl", all[53].place(4)), "evil");
    world.depots = vec!["early", "depot", "late"];

    let mut expected: Vec<_> = [
        (0, "git-tree-differs ."),
        (1, "git-tree-differs ."),
        (2, "git-tree-differs ."),
        (3, "git-tree-differs ."),
        (4, "path-git src/.git"),
        (5, "path-git docs/.git"),
        (6, "not-found"),
        (7, "symlink src/link.jl"),
        (8, "special-file s"),
        (9, "git-tree-differs ."),
        (10, "identity-differs Project.toml"),
        (11, "identity-differs Project.toml"),
        (12, "identity-differs Project.toml"),
        (21, "git-tree-differs ."),
        (22, "path-git lib/.git"),
        (30, "registry-differs"),
        (31, "registry-differs"),
        (41, "generated-code deps/deps.jl"),
        (42, "file-added src/Package42.jl.4711.cov"),
        (43, "git-tree-differs ."),
        (52, "git-tree-differs ."),
        (53, "git-tree-differs ."),
    ]
    .map(|(number, told)| of(&all[number], told))
    .into();
    for (number, file) in [(13, "Project.toml"), (25, "Artifacts.toml")] {
        expected.push(of(&all[number], &format!("lockfile-damaged {}", world.inside(&all[number], file).display())));
    }
    expected.sort();
    let (code, told) = world.verify(&[]);
    assert_eq!(code, Some(1));
    assert_eq!(told, expected);
    let at = |number: usize, told: &str, depot: &str, length: usize| {
        of(&all[number], &format!("{told} {}", world.at(&format!("{depot}/{}", all[number].place(length))).display()))
    };
    let mut expected = vec![
        of(&all[20], "artifacts-unchecked"),
        of(&all[23], "artifacts-unchecked"),
        of(&all[32], "registry-unknown"),
        of(&all[33], "yanked"),
        of(&all[34], "registry-unknown"),
        of(&all[40], "excluded deps/build.log"),
        at(51, "shadowed-copy", "depot", 5),
        at(52, "shadowed-copy", "early", 5),
        at(53, "shadowed-copy", "depot", 5),
    ];
    expected.sort();
    assert_eq!(world.notes(), expected);
    assert!(world.text(&["verify", "-q"]).contains("; 2 with artifacts that were not checked; "));
}

#[test]
fn code_that_building_wrote_waits_for_the_users_word() {
    let all = packages(2);
    let world = World::new(&all);
    fs::write(world.inside(&all[1], "deps/deps.jl"), "const a = 1\n").expect("written");
    let told = vec![of(&all[1], "generated-code deps/deps.jl")];
    assert_eq!(world.verify(&[]), (Some(2), told.clone()));
    let rule = "[[rule]]\npackages = [\"*\"]\nunsigned = \"accept\"\nrequire = { author = {} }\n";
    let policy = |more: &str, exemption: &str| {
        world.write("project/countersign.toml", format!("countersign = \"policy/1\"\n{more}\n{rule}{exemption}"));
    };
    policy("", "");
    assert_eq!(world.verify(&[]), (Some(2), told.clone()));
    policy("exclude = [\"deps/deps.jl\"]", "");
    assert_eq!(world.verify(&[]), (Some(0), vec![]));
    assert_eq!(world.notes(), [of(&all[1], "excluded deps/deps.jl")]);
    let exempt = |package: &str, until: &str| {
        let exemption = "codes = [\"generated-code\"]\nreason = \"read it\"";
        policy("", &format!("[[exemption]]\npackages = [\"{package}\"]\n{exemption}\nuntil = {until}\n"));
        world.verify(&["--at", "2026-11-22"]).0
    };
    assert_eq!(exempt("pkg:julia/Package1", "9999-12-31"), Some(0));
    assert_eq!(exempt("pkg:julia/Package0", "9999-12-31"), Some(2));
    assert_eq!(exempt("pkg:julia/Package1", "2020-01-01"), Some(2));
    // It lifts nothing else.
    exempt("pkg:julia/Package1", "9999-12-31");
    fs::write(world.inside(&all[1], "src/Package1.jl"), "evil").expect("written");
    assert_eq!(world.verify(&[]), (Some(1), vec![of(&all[1], "git-tree-differs .")]));
}

#[test]
fn a_worktree_is_nothing_that_julia_installs() {
    let all = packages(1);
    let world = World::new(&all);
    let policy = "countersign = \"policy/1\"\nworktree = \"accept\"\n[[rule]]\npackages = [\"*\"]\n\
                  unsigned = \"accept\"\nrequire = { author = {} }\n";
    world.write("project/countersign.toml", policy);
    assert_eq!(world.verify(&[]), (Some(0), vec![]));
    fs::create_dir(world.inside(&all[0], ".git")).expect("made");
    fs::write(world.inside(&all[0], ".git/evil.jl"), "").expect("written");
    assert_eq!(world.verify(&[]), (Some(1), vec![of(&all[0], "path-git .git")]));
}

#[test]
fn a_project_is_remembered_and_what_is_in_packages_is_not_read() {
    let policy = "countersign = \"policy/1\"\n[[rule]]\npackages = [\"pkg:julia/Nothing\"]\n";
    let all: Vec<_> = packages(3).into_iter().map(|one| one.with("countersign.toml", policy)).collect();
    let world = World::new(&all);
    let (code, told) = world.verify(&["--locked"]);
    assert_eq!((code, told), (Some(2), vec!["all: lock-changed".to_owned()]));
    world.accept();
    assert_eq!(world.verify(&["--locked"]), (Some(0), vec![]));
    assert_eq!(world.text(&["verify", "-q"]), "0 of 3 vouched for; 3 unsigned; 3 remembered\n");
    // The same version with another tree, though the manifest was changed with it.
    let changed = [all[0].clone(), all[1].clone().with("src/evil.jl", "")];
    changed.iter().for_each(|package| world.install(package, "depot"));
    world.manifest(&changed, "");
    assert_eq!(world.verify(&[]), (Some(1), vec![of(&changed[1], "content-differs")]));
    assert!(world.text(&["verify", "--changed"]).contains("note [narrowed]: 0 of 2 packages were looked at\n"));
    // Where a registry is at hand, it knows better than the manifest.
    world.registry(&all);
    let (code, told) = world.verify(&[]);
    assert_eq!((code, told), (Some(1), vec![of(&changed[1], "registry-differs")]));
}

#[test]
fn registries_are_read_in_either_form() {
    let all = packages(3);
    let world = World::new(&all);
    let known: Vec<_> = all.iter().map(|one| one.clone().with("src/other.jl", "")).collect();
    let files = registry(&known);
    let files: Vec<_> = files.iter().map(|(path, content)| (path.as_str(), content.as_str())).collect();
    let about = "git-tree-sha1 = \"0\"\nuuid = \"23338594-aafe-5451-b93e-139f81909106\"\npath = \"General.tar.gz\"\n";
    world.write("depot/registries/General.toml", about);
    world.write("depot/registries/General.tar.gz", packed(&files));
    let differs: Vec<_> = all.iter().map(|one| of(one, "registry-differs")).collect();
    assert_eq!(world.verify(&[]), (Some(1), differs.clone()));
    // One that is not whole gives nothing, and is told.
    let set_aside = |code: &str, file: &str| {
        assert_eq!(world.verify(&[]), (Some(0), vec![format!("all: {code} {}", world.at(file).display())]), "{file}");
    };
    world.write("depot/registries/General.tar.gz", &packed(&files)[..100]);
    set_aside("archive-framing", "depot/registries/General.tar.gz");
    world.write("depot/registries/General.toml", about.replace("General.tar.gz", "../General.tar.gz"));
    set_aside("lockfile-damaged", "depot/registries/General.toml");
    world.write("depot/registries/General.toml", about.replace("2333", "2334"));
    world.write("depot/registries/General.tar.gz", packed(&files));
    set_aside("lockfile-damaged", "depot/registries/General.toml");
    // Newer versions of Julia pack it with zstd.
    let member = packed(&files);
    let tar = flate2::read::GzDecoder::new(member.as_slice());
    let frame = ruzstd::encoding::compress_to_vec(tar, ruzstd::encoding::CompressionLevel::Fastest);
    world.write("depot/registries/General.toml", about.replace(".gz", ".zst"));
    world.write("depot/registries/General.tar.zst", &frame);
    assert_eq!(world.verify(&[]), (Some(1), differs.clone()));
    world.write("depot/registries/General.tar.zst", &frame[..100]);
    set_aside("archive-framing", "depot/registries/General.tar.zst");
    for path in ["depot/registries/General.toml", "depot/registries/General.tar.gz"] {
        fs::remove_file(world.at(path)).expect("removed");
    }
    world.write("depot/registries/README.md", "");
    world.write("depot/registries/Empty/x", "");
    assert_eq!(world.verify(&[]), (Some(0), vec![]));
    world.registry(&known);
    assert_eq!(world.verify(&[]), (Some(1), differs));
}

#[test]
fn registries_that_zstd_packed_are_read() {
    if !tools::found("projects::julia::registries_that_zstd_packed_are_read", &["zstd"]) {
        return;
    }
    let all = packages(300);
    let world = World::new(&all[..3]);
    let known: Vec<_> = all.iter().map(|one| one.clone().with("src/other.jl", "")).collect();
    let files = registry(&known);
    let files: Vec<_> = files.iter().map(|(path, content)| (path.as_str(), content.as_str())).collect();
    let about = "git-tree-sha1 = \"0\"\nuuid = \"23338594-aafe-5451-b93e-139f81909106\"\npath = \"General.tar.zst\"\n";
    world.write("depot/registries/General.toml", about);
    let mut tar = Vec::new();
    let member = packed(&files);
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(member.as_slice()), &mut tar).expect("a tar archive");
    world.write("General.tar", tar);
    let differs: Vec<_> = all[..3].iter().map(|one| of(one, "registry-differs")).collect();
    for level in [&["-3"][..], &["-19"], &["--ultra", "-22"], &["--fast=5", "--no-check"]] {
        let mut zstd = std::process::Command::new("zstd");
        zstd.args(["-q", "-f"]).args(level).arg(world.at("General.tar"));
        zstd.arg("-o").arg(world.at("depot/registries/General.tar.zst"));
        assert!(zstd.status().expect("zstd").success());
        assert_eq!(world.verify(&[]), (Some(1), differs.clone()), "{level:?}");
    }
}

#[test]
fn a_lockfile_beside_hides_no_other_in_silence() {
    let world = World::new(&packages(1));
    assert_eq!(world.notes(), [""; 0]);
    world.write("project/Cargo.lock", "version = 4\n");
    world.write("project/countersign-packages.toml", "countersign = \"packages/1\"\n");
    assert_eq!(world.verify(&[]), (Some(0), vec![]));
    let notes = world.notes();
    let told: Vec<_> = notes.iter().filter_map(|note| note.strip_prefix("all: ")).collect();
    // Cargo's is read, and the others are told.
    assert_eq!(told, ["other-lockfile Manifest.toml", "other-lockfile countersign-packages.toml"]);
}

#[test]
fn a_page_can_be_made_of_a_project() {
    let all = packages(2);
    let world = World::new(&all);
    world.manifest(&all, STDLIB);
    let output = world.run(&["report", "--html", "page.html"]);
    assert_eq!(output.status.code(), Some(0), "{}", output.stderr.escape_ascii());
    let page = fs::read_to_string(world.at("project/page.html")).expect("a page");
    assert!(page.contains(&all[1].uuid) && page.contains("<b>1</b> of the standard library"), "{page}");
}

#[test]
fn faults_of_the_manifest_stop_all() {
    let world = World::new(&packages(1));
    world.write("project/Manifest.toml", "manifest_format = \"3.0\"\n");
    let (code, told) = world.verify(&[]);
    assert_eq!(code, Some(2));
    assert!(told.len() == 1 && told[0].starts_with("all: lockfile-version "), "{told:?}");
    world.manifest(&packages(1), "");
    world.write("project/Manifest-v1.11.toml", "manifest_format = \"2.0\"\n");
    let (code, told) = world.verify(&[]);
    assert_eq!((code, told), (Some(2), vec!["all: lockfile-choice".to_owned()]));
}

#[test]
fn what_an_author_signed_is_vouched_for_where_users_installed_it() {
    let test = "what_an_author_signed_is_vouched_for_where_users_installed_it";
    if !tools::found(test, &["gpg", "gpgconf", "gpg-agent"]) {
        return;
    }
    let (package, gpg) = (Package::new(1), tools::Home::new());
    let world = World::new(std::slice::from_ref(&package));
    let alice = gpg.generate("alice", "ed25519", "20240101T000000", "never");
    // The author's copy, with evidence of its own that is no part of the tree.
    for (path, content) in &package.files {
        world.write(&format!("clean/{path}"), content);
    }
    let words = ["sign", "../clean", "--first", "--yes", "--store", "../store", "--key", &alice];
    let mut sign = world.program(&[&words[..], &["--package", &package.purl()]].concat());
    sign.env("GNUPGHOME", gpg.path()).env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let signed = sign.output().expect("the program runs");
    assert!(signed.status.success(), "{}", signed.stderr.escape_ascii());
    let policy = format!(
        "countersign = \"policy/1\"\nstores = [\"../store\"]\n[people]\nalice = [\"{alice}\"]\n[[rule]]\n\
         packages = [\"*\"]\nrequire = {{ author = {{ from = [\"alice\"] }} }}\n"
    );
    world.write("project/countersign.toml", policy);
    let line = |world: &World| world.text(&["verify"]).lines().next().unwrap_or_default().to_owned();
    assert_eq!(line(&world), "ACCEPTED: 1 of 1 vouched for; 0 remembered (run `countersign accept`)");
    world.accept();
    // What building leaves is left out of the signed tree too, and a changed byte is told by both layers.
    fs::write(world.inside(&package, "deps/build.log"), "built").expect("written");
    assert_eq!(world.verify(&["--locked"]), (Some(0), vec![]));
    fs::write(world.inside(&package, "src/Package1.jl.cov"), "").expect("written");
    let told = ["content-differs", "file-added src/Package1.jl.cov"].map(|told| of(&package, told));
    assert_eq!(world.verify(&[]), (Some(1), told.into()), "it is told once");
    fs::remove_file(world.inside(&package, "src/Package1.jl.cov")).expect("removed");
    fs::write(world.inside(&package, "src/Package1.jl"), "module Package1\nenD\n").expect("written");
    let told: Vec<_> = ["content-differs", "content-differs src/Package1.jl", "git-tree-differs ."]
        .map(|told| of(&package, told))
        .into();
    assert_eq!(world.verify(&[]), (Some(1), told));
}

#[test]
fn a_manifest_of_the_size_and_shape_of_a_real_one_is_read() {
    let world = World::new(&[]);
    let mut text = String::from("julia_version = \"1.13.0\"\nmanifest_format = \"2.1\"\nproject_hash = \"0\"\n");
    let general = "uuid = \"23338594-aafe-5451-b93e-139f81909106\"\nurl = \"https://example.org/General\"\n";
    text.push_str(&format!("\n[registries.General]\n{general}\n"));
    let uuid = |number: usize| Package::new(number).uuid;
    for number in 0..300 {
        // Some share a name, so that what they need is told by UUID; some are weak, with code for both together.
        let name = if number % 50 < 2 { "Clash".to_owned() } else { format!("Package{number}") };
        text.push_str(&format!("\n[[deps.{name}]]\nuuid = \"{}\"\n", uuid(number)));
        match number % 10 {
            0 => text.push_str("version = \"1.11.0\"\n"),
            9 => text.push_str("path = \"../own\"\nversion = \"0.1.0\"\n"),
            kind => {
                let package = Package::new(number);
                text.push_str(&format!("git-tree-sha1 = \"{}\"\nversion = \"1.0.0+{number}\"\n", package.tree()));
                let git = "repo-rev = \"main\"\nrepo-subdir = \"lib\"\nrepo-url = \"https://example.org/x.git\"\n";
                text.push_str(if kind == 8 { git } else { "registries = \"General\"\n" });
            }
        }
        if number % 7 == 3 {
            text.push_str("weakdeps = [\"Absent\", \"Other\"]\npinned = true\n");
        }
        match number {
            0..2 => {}
            _ if number % 4 == 0 => {
                text.push_str(&format!("\n    [deps.{name}.deps]\n    Clash = \"{}\"\n", uuid(1)));
            }
            _ if number % 4 == 1 => {
                let needed = (1..5).map(|step| number.saturating_sub(step)).find(|other| other % 50 > 1);
                text.push_str(&format!("deps = [\"Package{}\"]\n", needed.unwrap_or(2)));
            }
            _ => {}
        }
        if number % 7 == 3 {
            text.push_str(&format!("\n    [deps.{name}.extensions]\n    Ext = [\"Absent\", \"Other\"]\n"));
        }
    }
    world.write("project/Manifest.toml", &text);
    let (folder, home) = (world.at("project"), world.at("own"));
    let env = Env { folder: &folder, home: Some(&home), variables: &[], named: None };
    let project =
        Julia.open(&folder, &env, &Limits::default()).map_err(|reasons| format!("{reasons:?}")).expect("read");
    let count = |kind: Kind| project.locked().iter().filter(|locked| locked.kind == kind).count();
    let kinds = [Kind::Registry, Kind::Git, Kind::Local, Kind::Builtin];
    assert_eq!(kinds.map(count), [210, 30, 30, 30]);
    let names: std::collections::BTreeSet<_> = project.locked().iter().map(|one| &one.package).collect();
    assert_eq!(names.len(), 300, "each has a name of its own");
}
