//! Directories that are the wanted tree of git, and those that are not.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};

use super::super::fixture::{Fixture, one, told};
use super::*;
use crate::git_tree::Algorithm;

const FILES: &[(&str, &str)] =
    &[("Project.toml", "name"), ("deps/build.jl", "b"), ("src/X.jl", "x"), ("src/deep/y", "")];
const BUILT: &[Built] =
    &[Built { path: "deps/build.log", is_code: false }, Built { path: "deps/deps.jl", is_code: true }];

/// How git calls the tree of these files.
fn named(algorithm: Algorithm, files: &[(&str, &str)]) -> ObjectId {
    let entry = |(path, content): &(&'static str, &str)| (*path, Mode::File, blob(algorithm, content.as_bytes()));
    let files: Vec<(&'static str, &str)> = files.iter().map(|(path, content)| (leaked(path), *content)).collect();
    tree(algorithm, files.iter().map(entry))
}

fn leaked(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

/// A directory with [`FILES`] that should be the tree of these files.
fn fixture(wanted: &[(&str, &str)]) -> Fixture {
    let git = GitTree { id: named(Algorithm::Sha1, wanted), built: BUILT, leftovers: &[".cov", ".mem"] };
    Fixture { git: Some(git), ..Fixture::new(FILES) }
}

type Told = Vec<(&'static str, String)>;

/// What is told of the tree, what of git's name for it, and the files that were measured.
fn found(fixture: &Fixture) -> (Told, Option<Told>, Vec<String>) {
    let survey = fixture.survey(None, &());
    let measured = survey.measured().map(|tree| tree.text().entries().to_vec()).unwrap_or_default();
    let paths = measured.iter().map(|entry| entry.path.as_str().to_owned()).collect();
    (told(survey.reasons()), survey.git_differences().map(told), paths)
}

fn paths(files: &[(&str, &str)]) -> Vec<String> {
    let mut paths: Vec<_> = files.iter().map(|(path, _)| (*path).to_owned()).collect();
    paths.sort();
    paths
}

#[test]
fn the_very_tree_is_told_from_every_other() {
    let fixture = fixture(FILES);
    fs::create_dir_all(fixture.at("empty/empty")).expect("made");
    assert_eq!(found(&fixture), (vec![], Some(vec![]), paths(FILES)));
    let survey = fixture.survey(None, &());
    let ours = Fixture::new(FILES).text();
    assert_eq!(survey.measured().map(|tree| tree.text().clone()), Some(ours.clone()));
    assert_eq!(fixture.survey(Some(&ours), &()).git_differences(), Some(&[][..]));
    for (path, content) in [("src/X.jl", "y"), ("src/X.jl", "x\n"), ("src/new.jl", ""), ("deps/deps.j", "")] {
        let changed = self::fixture(FILES);
        changed.write(path, content);
        let (reasons, git, measured) = found(&changed);
        assert_eq!((reasons, git), (vec![], Some(one("git-tree-differs", "."))), "{path}");
        assert!(measured.len() >= FILES.len());
    }
    fs::remove_file(fixture.at("src/deep/y")).expect("removed");
    assert_eq!(found(&fixture).1, Some(one("git-tree-differs", ".")));
}

#[test]
fn it_is_the_owners_bit_that_git_goes_by() {
    let fixture = fixture(FILES);
    let mode = |bits| fs::set_permissions(fixture.at("src/X.jl"), Permissions::from_mode(bits)).expect("changed");
    for (bits, same) in [(0o644, true), (0o600, true), (0o655, true), (0o744, false), (0o755, false), (0o500, false)] {
        mode(bits);
        assert_eq!(found(&fixture).1 == Some(vec![]), same, "{bits:o}");
    }
}

#[test]
fn what_building_writes_is_left_out_and_told() {
    let fixture = fixture(FILES);
    fixture.write("deps/build.log", "built");
    assert_eq!(found(&fixture), (one("excluded", "deps/build.log"), Some(vec![]), paths(FILES)));
    fixture.write("deps/deps.jl", "const lib = 1");
    let (reasons, git, measured) = found(&fixture);
    assert_eq!((reasons, git), (one("excluded", "deps/build.log"), Some(one("generated-code", "deps/deps.jl"))));
    assert_eq!(measured, paths(FILES), "the tree is measured without it");
    // Elsewhere they are files like all others.
    fixture.write("src/deps/deps.jl", "");
    assert_eq!(found(&fixture).1, Some(one("git-tree-differs", ".")));
}

#[test]
fn what_the_package_has_under_such_a_name_is_a_part_of_it() {
    let all = [FILES, &[("deps/build.log", "l"), ("deps/deps.jl", "d"), ("src/a.jl.1.cov", "c")]].concat();
    for wanted in [&all[..5], &[FILES, &all[5..6]].concat(), &[FILES, &all[6..]].concat(), &all[..]] {
        let fixture = fixture(wanted);
        wanted.iter().for_each(|(path, content)| fixture.write(path, content));
        assert_eq!(found(&fixture), (vec![], Some(vec![]), paths(wanted)));
        // With another content it is another tree, or what building wrote.
        for (path, _) in &wanted[FILES.len()..] {
            fixture.write(path, "evil");
        }
        assert_eq!(found(&fixture).1, Some(one("git-tree-differs", ".")));
    }
    // The fewest of them are parts.
    let fixture = fixture(&all[..5]);
    all.iter().for_each(|(path, content)| fixture.write(path, content));
    let git = vec![("file-added", "src/a.jl.1.cov".to_owned()), ("generated-code", "deps/deps.jl".to_owned())];
    assert_eq!(found(&fixture).1, Some(git));
}

#[test]
fn what_a_run_of_tests_leaves_is_an_added_file_and_named() {
    let fixture = fixture(FILES);
    for path in ["src/X.jl.123.cov", "test/runtests.jl.1.mem"] {
        fixture.write(path, "");
    }
    let both = vec![("file-added", "src/X.jl.123.cov".to_owned()), ("file-added", "test/runtests.jl.1.mem".to_owned())];
    assert_eq!(found(&fixture).1, Some(both));
    fixture.write("src/X.jl", "evil");
    assert_eq!(found(&fixture).1, Some(one("git-tree-differs", ".")));
}

#[test]
fn what_a_policy_leaves_out_may_still_be_a_part() {
    let exclude = |fixture: &mut Fixture, path: &str| {
        fixture.exclude.insert(PackagePath::parse(path.as_bytes()).expect("a path"));
    };
    let mut fixture = fixture(FILES);
    exclude(&mut fixture, "deps/deps.jl");
    exclude(&mut fixture, "src/X.jl");
    fixture.write("deps/deps.jl", "const lib = 1");
    assert_eq!(found(&fixture), (one("excluded", "deps/deps.jl"), Some(vec![]), paths(FILES)));
    fixture.write("src/X.jl", "evil");
    assert_eq!(found(&fixture).1, Some(one("git-tree-differs", ".")));
}

#[test]
fn evidence_may_be_a_part_of_the_tree_that_git_names() {
    let evidence = [FILES, &[(".countersign/manifest.toml", "m"), (".countersign/reviews/a.toml", "r")]].concat();
    let fixture = fixture(&evidence);
    assert_eq!(found(&fixture).1, Some(one("git-tree-differs", ".")));
    evidence.iter().for_each(|(path, content)| fixture.write(path, content));
    assert_eq!(found(&fixture), (vec![], Some(vec![]), paths(FILES)), "it is never measured");
    fixture.write(".countersign/manifest.toml", "n");
    assert_eq!(found(&fixture).1, Some(one("git-tree-differs", ".")));
    fixture.write(".countersign/manifest.toml", "m");
    fixture.write(".countersign/.git/evil", "");
    assert_eq!(found(&fixture).1, Some(one("git-tree-differs", ".")), "what no tree may have is no evidence");
    // What was laid beside a package changes nothing.
    let fixture = self::fixture(FILES);
    fixture.write(".countersign/manifest.toml", "m");
    assert_eq!(found(&fixture).1, Some(vec![]));
}

#[test]
fn gits_own_folder_is_refused_wherever_it_is() {
    for path in [".git/config", "src/.git/evil.jl", "src/.git", "src/.GIT/x"] {
        let fixture = fixture(FILES);
        fixture.write(path, "");
        let (reasons, git, _) = found(&fixture);
        let at = &path[..path.to_lowercase().find(".git").expect("it is there") + 4];
        assert_eq!((reasons, git), (one("path-git", at), None), "{path}");
        let id = named(Algorithm::Sha1, FILES);
        let held = hold(fixture.dir.path(), id, &Limits::default(), &()).expect("held");
        assert_eq!(told(&held), one("path-git", at), "{path}");
    }
}

#[test]
fn nothing_is_known_where_something_need_not_be_read() {
    let fixture = fixture(FILES);
    let expected = Fixture::new(FILES).text();
    fixture.write("src/X.jl", "longer");
    assert_eq!(fixture.survey(Some(&expected), &()).git_differences(), None);
    // What only building wrote is read beside what is expected, too.
    fixture.write("src/X.jl", "x");
    fixture.write("deps/deps.jl", "d");
    let survey = fixture.survey(Some(&expected), &());
    assert_eq!(survey.git_differences().map(told), Some(one("generated-code", "deps/deps.jl")));
    assert_eq!(survey.differences(&expected), []);
    // What was signed is no such thing.
    let signed = Fixture::new(&[FILES, &[("deps/deps.jl", "d")]].concat()).text();
    assert_eq!(fixture.survey(Some(&signed), &()).git_differences().map(told), Some(one("git-tree-differs", ".")));
}

#[test]
fn links_are_the_text_that_they_are() {
    for algorithm in [Algorithm::Sha1, Algorithm::Sha256] {
        let fixture = Fixture::new(FILES);
        let links = [("ünï", "src/X.jl"), ("out", "/etc/passwd"), ("nowhere", "näh"), ("dir", "src"), ("again", "dir")];
        for (path, target) in links {
            symlink(target, fixture.at(path)).expect("linked");
        }
        let files = FILES.iter().map(|(path, content)| (*path, Mode::File, blob(algorithm, content.as_bytes())));
        let links = links.map(|(path, target)| (path, Mode::Link, blob(algorithm, target.as_bytes())));
        let id = tree(algorithm, files.chain(links));
        let held = || hold(fixture.dir.path(), id, &Limits::default(), &()).expect("held");
        assert_eq!(held(), []);
        fs::remove_file(fixture.at("out")).expect("removed");
        symlink("/etc/shadow", fixture.at("out")).expect("linked");
        assert_eq!(told(&held()), one("git-tree-differs", "."));
    }
    // A survey refuses what its policy does, and names what it allows as git does.
    let mut fixture = fixture(FILES);
    symlink("X.jl", fixture.at("src/link")).expect("linked");
    let (reasons, git, _) = found(&fixture);
    assert_eq!((reasons, git), (one("symlink", "src/link"), None));
    fixture.limits.links = Links::Contained;
    let algorithm = Algorithm::Sha1;
    let files = FILES.iter().map(|(path, content)| (*path, Mode::File, blob(algorithm, content.as_bytes())));
    let id = tree(algorithm, files.chain([("src/link", Mode::Link, blob(algorithm, b"X.jl"))]));
    fixture.git = Some(GitTree { id, built: &[], leftovers: &[] });
    assert_eq!(found(&fixture).1, Some(vec![]));
}

#[test]
fn what_is_no_package_has_no_evidence() {
    let fixture = Fixture::new(FILES);
    let held =
        || told(&hold(fixture.dir.path(), named(Algorithm::Sha1, FILES), &Limits::default(), &()).expect("held"));
    assert_eq!(held(), []);
    fixture.write(".countersign/evil.so", "");
    assert_eq!(held(), one("evidence-unknown-file", ".countersign"));
    let missing = fixture.at("nowhere");
    assert!(hold(&missing, named(Algorithm::Sha1, FILES), &Limits::default(), &()).is_err());
}

#[test]
fn of_too_many_files_only_all_together_are_tried() {
    let many: Vec<_> = (0..TRIED + 2).map(|number| format!("x{number}")).collect();
    let wanted =
        |count: usize| [FILES, &many[..count].iter().map(|path| (path.as_str(), "")).collect::<Vec<_>>()].concat();
    for (count, same) in [(0, true), (1, false), (TRIED + 1, false), (TRIED + 2, true)] {
        let mut fixture = fixture(&wanted(count));
        for path in &many {
            fixture.write(path, "");
            fixture.exclude.insert(PackagePath::parse(path.as_bytes()).expect("a path"));
        }
        assert_eq!(found(&fixture).1 == Some(vec![]), same, "{count}");
    }
}
