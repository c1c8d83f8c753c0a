//! Repositories of real git: the tree of a commit is the one that a checkout of it has, wherever its objects lie, and whatever
//! is wrong has its own code.

#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "the repositories are made by git")]
#![allow(clippy::unwrap_used, reason = "shared functions of tests")]

use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use countersign::git::{GitError, Held, Repository};
use countersign::limits::{Limits, Links};
use countersign::tree::{SurveyRequest, survey};
use tempfile::TempDir;

use crate::tools::{self, found, scratch};

/// A repository to throw away, and room beside it.
pub(crate) struct World {
    folder: TempDir,
}

impl World {
    /// A new repository; none, said loudly, where there is no git.
    pub(crate) fn new(test: &str) -> Option<Self> {
        if !found(test, &["git", "tar"]) {
            return None;
        }
        let world = Self { folder: scratch() };
        world.git(".", &["init", "--quiet", "--initial-branch=main", "repo"]);
        Some(world)
    }

    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn command(&self, folder: &str) -> Command {
        let mut git = Command::new("git");
        git.current_dir(self.at(folder)).env("HOME", self.folder.path()).env("GIT_CONFIG_NOSYSTEM", "1");
        for (key, value) in [("NAME", "alice"), ("EMAIL", "alice@example.org"), ("DATE", "2026-01-01T00:00:00Z")] {
            git.env(format!("GIT_AUTHOR_{key}"), value).env(format!("GIT_COMMITTER_{key}"), value);
        }
        git
    }

    /// Runs git, which must succeed; what it says.
    pub(crate) fn git(&self, folder: &str, words: &[&str]) -> String {
        self.git_with(folder, words, b"")
    }

    fn git_with(&self, folder: &str, words: &[&str], input: &[u8]) -> String {
        let mut child = self
            .command(folder)
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let told = child.wait_with_output().unwrap();
        assert!(told.status.success(), "{words:?}: {}", String::from_utf8_lossy(&told.stderr));
        String::from_utf8(told.stdout).unwrap().trim().to_owned()
    }

    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        tools::write(&self.at("repo").join(path), content);
    }

    pub(crate) fn commit(&self) -> String {
        self.git("repo", &["add", "--all", "--force"]);
        self.git("repo", &["commit", "--quiet", "--allow-empty", "--message=x"]);
        self.git("repo", &["rev-parse", "HEAD"])
    }

    /// Makes a commit of a tree of these lines for `git mktree`, which takes what no checkout would.
    fn commit_tree(&self, lines: &[String]) -> String {
        let tree = self.git_with("repo", &["mktree", "--missing"], format!("{}\n", lines.join("\n")).as_bytes());
        self.git("repo", &["commit-tree", "-m", "x", &tree])
    }

    fn blob(&self, content: &str) -> String {
        self.git_with("repo", &["hash-object", "-w", "--stdin"], content.as_bytes())
    }
}

fn measure(folder: &Path, revision: &str, limits: &Limits) -> Result<Held, GitError> {
    let repository = Repository::open(folder, limits)?;
    let found = repository.find(revision)?;
    repository.measure(&found, &["kept", "a"])
}

/// The digest of the tree, or the codes in their order.
pub(crate) fn told(folder: &Path, revision: &str, limits: &Limits) -> String {
    match measure(folder, revision, limits) {
        Ok(Held { text: Some(text), .. }) => text.digest().to_string(),
        Ok(held) => held.reasons.iter().map(|reason| reason.code.as_str()).collect::<Vec<_>>().join(" "),
        Err(error) => error.to_string(),
    }
}

/// The digest of a folder as it lies there.
fn surveyed(folder: &Path, limits: &Limits) -> String {
    let survey = survey(&SurveyRequest { worktree: true, ..SurveyRequest::plain(folder, limits) }).unwrap();
    let tree = survey.measured().unwrap_or_else(|| panic!("{:?}", survey.reasons()));
    tree.digest().to_string()
}

/// Numbers that look random, the same on each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// Changes files of the worktree: new ones, larger ones, fewer ones, other modes, links; names in an order that git sorts
/// in its own way.
fn change(world: &World, numbers: &mut Numbers) {
    const NAMES: &[&str] = &["a", "a-b", "a.b", "a0", "a b", "ü", "kept", ".hidden", "Makefile", "z"];
    let name = |numbers: &mut Numbers| NAMES[usize::try_from(numbers.below(NAMES.len() as u64)).unwrap()];
    for _ in 0..=numbers.below(6) {
        let depth = numbers.below(4);
        let path: Vec<_> = (0..=depth).map(|_| name(numbers)).collect();
        let path = path.join("/");
        let full = world.at("repo").join(&path);
        match numbers.below(5) {
            0 if full.is_file() => fs::remove_file(&full).unwrap(),
            1 if full.is_file() => {
                let mode = if numbers.below(2) == 0 { 0o755 } else { 0o644 };
                fs::set_permissions(&full, Permissions::from_mode(mode)).unwrap();
            }
            2 if !full.exists() && full.parent().unwrap().is_dir() => {
                drop(symlink(format!("{}Makefile", "../".repeat(usize::try_from(depth).unwrap())), &full));
            }
            _ => {
                if full.is_dir() || full.is_symlink() || fs::create_dir_all(full.parent().unwrap()).is_err() {
                    continue;
                }
                // What grows at its end is packed as a difference.
                let mut content = fs::read(&full).unwrap_or_default();
                let line = format!("{}\r\n", numbers.below(1 << 30));
                content.extend_from_slice(line.repeat(usize::try_from(numbers.below(200)).unwrap() + 1).as_bytes());
                fs::write(&full, content).unwrap();
            }
        }
    }
}

/// What a checkout and `git archive` of each commit hold, by another repository's worktree.
#[test]
fn a_commit_is_measured_as_its_checkout_is() {
    let Some(world) = World::new("a_commit_is_measured_as_its_checkout_is") else { return };
    let mut limits = Limits::default();
    limits.links = Links::Contained;
    let mut numbers = Numbers(7);
    let mut commits = Vec::new();
    world.write("Makefile", "all:\n");
    for round in 0..30 {
        change(&world, &mut numbers);
        commits.push(world.commit());
        world.git("repo", &["tag", &format!("v{round}")]);
        match round {
            // Packs of differences by place and by name, beside each other and beside loose objects.
            9 => drop(world.git("repo", &["gc", "--quiet", "--aggressive"])),
            14 => drop(world.git("repo", &["repack", "-d", "--quiet"])),
            19 => drop(world.git("repo", &["-c", "repack.useDeltaBaseOffset=false", "repack", "-adfq", "--depth=50"])),
            24 => drop(world.git("repo", &["pack-refs", "--all"])),
            _ => {}
        }
    }
    let shown = world.git("repo", &["verify-pack", "-v", &pack(&world)]);
    assert!(shown.contains("chain length = 2"), "no pack of differences of differences");
    let (mut seen, mut refused) = (std::collections::BTreeSet::new(), 0);
    for (round, commit) in commits.iter().enumerate() {
        let told = told(&world.at("repo"), commit, &limits);
        let out = world.at(&format!("out{round}"));
        fs::create_dir(&out).unwrap();
        world.git("repo", &["archive", "--format=tar", "--output=../out.tar", commit]);
        assert!(
            Command::new("tar").arg("-xf").arg(world.at("out.tar")).arg("-C").arg(&out).status().unwrap().success()
        );
        let survey = survey(&SurveyRequest::plain(&out, &limits)).unwrap();
        match survey.measured() {
            Some(tree) => assert_eq!(told, tree.digest().to_string(), "{commit}"),
            // A link that leads to nothing, or through another one.
            None => {
                let mut codes: Vec<_> = told.split(' ').map(str::to_owned).collect();
                let mut wanted: Vec<_> = survey.reasons().iter().map(|reason| reason.code.to_string()).collect();
                codes.sort();
                wanted.sort();
                assert_eq!(codes, wanted, "{commit}");
                refused += 1;
            }
        }
        seen.insert(told);
    }
    assert!(seen.len() > 20 && refused < 25, "{} {refused}", seen.len());
    // The same from elsewhere: another's objects, a worktree of its own, a bare clone, by whatever name.
    world.git(".", &["clone", "--quiet", "--shared", "repo", "shared"]);
    world.git("repo", &["worktree", "add", "--quiet", "--detach", "../beside", "v20"]);
    world.git(".", &["clone", "--quiet", "--bare", "repo", "bare"]);
    let twenty = told(&world.at("repo"), &commits[20], &limits);
    for (folder, revision) in [
        ("shared", "v20"),
        ("shared", "refs/tags/v20"),
        ("beside", "HEAD"),
        ("beside", "v20"),
        ("bare", "v20"),
        ("repo/.git", "v20"),
        ("repo", &commits[20][..7]),
        ("repo", &commits[20][..12]),
        ("beside", &commits[20]),
    ] {
        assert_eq!(told(&world.at(folder), revision, &limits), twenty, "{folder} {revision}");
    }
    assert_eq!(told(&world.at("shared"), "main", &limits), told(&world.at("repo"), "HEAD", &limits));
}

/// The largest pack of the repository.
fn pack(world: &World) -> String {
    let packs = fs::read_dir(world.at("repo/.git/objects/pack")).unwrap().map(|entry| entry.unwrap().path());
    let packs = packs.filter(|path| path.extension().is_some_and(|end| end == "idx"));
    packs.max_by_key(|path| fs::metadata(path).unwrap().len()).unwrap().to_str().unwrap().to_owned()
}

#[test]
fn a_plain_checkout_has_the_tree_of_its_commit() {
    let Some(world) = World::new("a_plain_checkout_has_the_tree_of_its_commit") else { return };
    let limits = Limits::default();
    world.write("src/lib.jl", "x\r\ny\n");
    world.write("deps/build.sh", "#!/bin/sh\n");
    fs::set_permissions(world.at("repo/deps/build.sh"), Permissions::from_mode(0o755)).unwrap();
    // Neither leaves anything out nor changes anything, for users get the tree as it is; evidence is no part of it.
    world.write(".gitattributes", "src export-ignore\n*.jl text eol=lf ident\n");
    world.write(".countersign/tree", "evidence\n");
    world.git("repo", &["config", "core.autocrlf", "false"]);
    world.write(".gitattributes", "src export-ignore\n");
    let commit = world.commit();
    let own = told(&world.at("repo"), &commit, &limits);
    assert_eq!(own, surveyed(&world.at("repo"), &limits));
    // A repository's configuration is nobody's word here.
    world.write(".git/config", "[core\n\tfsmonitor = /bin/false\n[include] path = /dev/zero\n");
    assert_eq!(told(&world.at("repo/src"), "main", &limits), own);
    let held = measure(&world.at("repo"), &commit, &limits).unwrap();
    assert_eq!(held.kept, None);
    // A directory of a commit is a tree of its own.
    let inner = told(&world.at("repo"), "main:src", &limits);
    assert_eq!(inner, surveyed(&world.at("repo/src"), &limits));
    assert_eq!(told(&world.at("repo"), "HEAD:src/", &limits), inner);
    assert_eq!(told(&world.at("repo"), "main:none", &limits), "main has no directory none");
    assert_eq!(told(&world.at("repo"), "main:deps/build.sh", &limits), "main has no directory deps/build.sh");
}

#[test]
fn what_no_tree_may_have_has_its_own_code() {
    let Some(world) = World::new("what_no_tree_may_have_has_its_own_code") else { return };
    let limits = Limits::default();
    let blob = world.blob("x");
    let line = |mode: &str, kind: &str, name: &str| {
        // What a submodule stands for is not in the repository.
        let id = if kind == "commit" { "1".repeat(40) } else { blob.clone() };
        format!("{mode} {kind} {id}\t{name}")
    };
    let good = line("100644", "blob", "good");
    let beside = |line: String| told(&world.at("repo"), &world.commit_tree(&[good.clone(), line]), &limits);
    let alone = told(&world.at("repo"), &world.commit_tree(std::slice::from_ref(&good)), &limits);
    assert!(alone.starts_with("sha256:"), "{alone}");
    for (mode, name, code) in [
        ("160000", "module", "submodule"),
        ("120000", "link", "symlink"),
        ("100644", ".git", "path-git"),
        ("100644", ".GIT", "path-git"),
        ("100644", "..", "path-traversal"),
        ("100644", "a\\b", "path-traversal"),
        ("100644", "e\u{301}", "path-nfc"),
        ("100644", "a\u{202e}b", "path-hidden"),
        ("100644", ".Countersign", "evidence-unknown-file"),
        ("100644", ".countersign", "evidence-unknown-file"),
        ("100644", "GOOD", "path-collision"),
        ("100644", "good", "tree-order"),
    ] {
        let kind = if mode == "160000" { "commit" } else { "blob" };
        assert_eq!(beside(line(mode, kind, name)), code, "{name}");
    }
    // A mode of old, and one that nothing has.
    assert!(beside(line("100664", "blob", "x")).starts_with("sha256:"));
    assert_eq!(beside(line("100600", "blob", "x")), "special-file");
    let mut contained = limits.clone();
    contained.links = Links::Contained;
    let target = world.blob("good");
    let link = |to: &str| world.commit_tree(&[good.clone(), format!("120000 blob {to}\tlink")]);
    assert!(told(&world.at("repo"), &link(&target), &contained).starts_with("sha256:"));
    for text in ["/good", "../good", "link", "none", &"a".repeat(2000)] {
        let to = world.blob(text);
        assert_eq!(told(&world.at("repo"), &link(&to), &contained), "symlink-escape", "{text}");
    }
    // Limits stop the walk: files, one file, all files, and a tree that holds itself many times over.
    let small = |change: fn(&mut Limits)| {
        let mut limits = Limits::default();
        change(&mut limits);
        limits
    };
    let two = world.commit_tree(&[good.clone(), line("100644", "blob", "other")]);
    for (limits, code) in [
        (small(|limits| (limits.files, limits.file, limits.tree) = (2, 1, 2)), "sha256:"),
        (small(|limits| limits.files = 0), "limit-tree"),
        (small(|limits| limits.files = 1), "limit-tree"),
        (small(|limits| limits.tree = 1), "limit-tree"),
        (small(|limits| limits.file = 0), "limit-tree"),
    ] {
        assert!(told(&world.at("repo"), &two, &limits).starts_with(code), "{limits:?}");
    }
    let mut tree = world.git_with("repo", &["mktree"], format!("{good}\n").as_bytes());
    for _ in 0..24 {
        let lines: String = (0..4).map(|at| format!("040000 tree {tree}\td{at}\n")).collect();
        tree = world.git_with("repo", &["mktree"], lines.as_bytes());
    }
    let bomb = world.git("repo", &["commit-tree", "-m", "x", &tree]);
    assert_eq!(told(&world.at("repo"), &bomb, &small(|limits| limits.files = 1_000)), "limit-tree");
}

#[test]
fn an_object_is_what_its_name_stands_for_or_refused() {
    let Some(world) = World::new("an_object_is_what_its_name_stands_for_or_refused") else { return };
    let limits = Limits::default();
    world.write("a", "good\n");
    let commit = world.commit();
    let blob = world.git("repo", &["rev-parse", "HEAD:a"]);
    let other = world.blob("evil\n");
    let file = |id: &str| world.at("repo/.git/objects").join(&id[..2]).join(&id[2..]);
    let good = told(&world.at("repo"), &commit, &limits);
    assert!(good.starts_with("sha256:"));
    let put = |content: Option<Vec<u8>>| {
        drop(fs::remove_file(file(&blob)));
        content.into_iter().for_each(|content| fs::write(file(&blob), content).unwrap());
        told(&world.at("repo"), &commit, &limits)
    };
    let whole = fs::read(file(&blob)).unwrap();
    assert_eq!(
        put(Some(fs::read(file(&other)).unwrap())),
        format!("the object {blob} cannot be read: its content is not what its name stands for [git-object]")
    );
    assert_eq!(put(None), format!("the object {blob} cannot be read: it is not there [git-object]"));
    for broken in [&whole[..whole.len() / 2], b"", b"rubbish"] {
        let told = put(Some(broken.to_vec()));
        assert!(
            told.starts_with(&format!("the object {blob} cannot be read: ")) && told.ends_with(" [git-object]"),
            "{told}"
        );
    }
    assert_eq!(put(Some(whole.clone())), good);
    // A replacement is followed by git, and not here.
    world.git("repo", &["replace", &blob, &other]);
    assert_eq!(world.git("repo", &["cat-file", "blob", &blob]), "evil");
    assert_eq!(told(&world.at("repo"), &commit, &limits), good);
    // The same in a pack: one byte of it changed.
    world.git("repo", &["replace", "-d", &blob]);
    world.git("repo", &["gc", "--quiet", "--prune=now"]);
    assert_eq!(told(&world.at("repo"), &commit, &limits), good);
    let path = PathBuf::from(pack(&world)).with_extension("pack");
    let bytes = fs::read(&path).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    for place in 12..bytes.len() - 20 {
        let mut changed = bytes.clone();
        changed[place] ^= 0x10;
        fs::write(&path, changed).unwrap();
        let told = told(&world.at("repo"), &commit, &limits);
        assert!(told == good || told.ends_with(" [git-object]"), "{place}: {told}");
    }
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    assert!(told(&world.at("repo"), &commit, &limits).ends_with(" [git-object]"));
}

#[test]
fn a_name_stands_for_one_commit() {
    let Some(world) = World::new("a_name_stands_for_one_commit") else { return };
    let limits = Limits::default();
    let told = |revision: &str| told(&world.at("repo"), revision, &limits);
    world.write("a", "1\n");
    let first = world.commit();
    world.git("repo", &["tag", "--no-sign", "-a", "-m", "x", "inner"]);
    world.git("repo", &["tag", "--no-sign", "-a", "-m", "x", "outer", "inner"]);
    let wanted = told(&first);
    for name in ["inner", "outer", "main", "refs/heads/main", "HEAD"] {
        assert_eq!(told(name), wanted, "{name}");
    }
    world.write("a", "2\n");
    let second = world.commit();
    assert_ne!(told("HEAD"), wanted);
    assert_eq!(told("inner"), wanted);
    // A tag and a branch of one name, for different commits and for one.
    world.git("repo", &["tag", "main", &first]);
    assert_eq!(told("main"), "main stands for more than one commit");
    assert_eq!(told("refs/tags/main"), wanted);
    world.git("repo", &["tag", "--force", "main", &second]);
    assert_eq!(told("main"), told(&second));
    let blob = world.git("repo", &["rev-parse", "HEAD:a"]);
    world.git("repo", &["tag", "content", &blob]);
    assert_eq!(told("content"), "content is no commit");
    assert_eq!(told("none"), "no tag, branch or commit is called none");
    assert_eq!(told(&first[..6]), format!("no tag, branch or commit is called {}", &first[..6]));
    assert_eq!(
        told(&"0".repeat(40)),
        format!("the object {} cannot be read: it is not there [git-object]", "0".repeat(40))
    );
    for name in [
        "",
        "..",
        "../x",
        "a..b",
        "/etc/passwd",
        "-x",
        "a b",
        "a~1",
        "a^",
        "HEAD@{1}",
        ".git",
        "a.lock",
        "a\nb",
        "a\\b",
    ] {
        let told = told(name);
        assert!(
            told.ends_with(" cannot be the name of a tag, a branch or a commit") || name == "-x",
            "{name:?}: {told}"
        );
    }
    assert_eq!(told("config"), "no tag, branch or commit is called config");
    // What a name stands for is damaged, or leads nowhere.
    for (content, end) in [
        ("rubbish\n", "does not say what it should stand for"),
        ("ref: refs/heads/bad\n", "does not say what it should stand for"),
        ("ref: ../../x\n", "does not say what it should stand for"),
    ] {
        world.write(".git/refs/heads/bad", content);
        assert!(told("bad").ends_with(end), "{content}");
    }
    fs::remove_file(world.at("repo/.git/refs/heads/bad")).unwrap();
    symlink("/etc/passwd", world.at("repo/.git/refs/heads/bad")).unwrap();
    assert!(told("bad").ends_with("cannot be read"));
}

#[test]
fn repositories_of_other_forms_and_of_others_are_refused() {
    let Some(world) = World::new("repositories_of_other_forms_and_of_others_are_refused") else { return };
    let limits = Limits::default();
    fs::create_dir_all(world.at("plain/d")).unwrap();
    let told = |folder: &str, revision: &str| told(&world.at(folder), revision, &limits);
    assert_eq!(told("plain/d", "main"), format!("{} lies in no repository of git", world.at("plain/d").display()));
    world.git(".", &["init", "--quiet", "--initial-branch=main", "--object-format=sha256", "sha256"]);
    world.git("sha256", &["commit", "--quiet", "--allow-empty", "--message=x"]);
    assert!(told("sha256", "main").ends_with("its objects are named by SHA-256"), "{}", told("sha256", "main"));
    if world.command(".").args(["init", "-q", "--ref-format=reftable", "table"]).status().unwrap().success() {
        assert!(told("table", "main").ends_with("its tags and branches are in a table (reftable)"));
    }
    fs::write(world.at("plain/.git"), "gitdir: \n").unwrap();
    assert!(told("plain/d", "main").ends_with("does not say what it should stand for"));
    fs::write(world.at("plain/.git"), "gitdir: nowhere\n").unwrap();
    assert!(told("plain/d", "main").ends_with("lies in no repository of git"));
    world.write("a", "a\n");
    world.commit();
    assert!(told("repo", "main").starts_with("sha256:"));
    // Only root can give a folder away.
    if std::os::unix::fs::chown(world.at("repo/.git"), Some(4711), None).is_ok() {
        assert!(told("repo", "main").ends_with("who could say what its tags stand for [writable-by-others]"));
    }
}
