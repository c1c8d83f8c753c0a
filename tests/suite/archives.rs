//! Archives of real crates: their trees are what cargo unpacked, and what GNU tar and Python see in them.

#![expect(clippy::disallowed_methods, reason = "the independent readings are made by other programs")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use countersign::archive;
use countersign::limits::Limits;
use countersign::path::PackagePath;
use countersign::tree::{SurveyRequest, survey};
use countersign::tree_text::TreeText;

use super::{crates, tools};

/// Every crate that is unpacked here and whose archive is still there: the archive, and the unpacked folder.
fn pairs() -> Vec<(PathBuf, PathBuf)> {
    let archive_of = |folder: &Path| {
        let (name, registry) = (folder.file_name()?.to_str()?, folder.parent()?);
        let home = registry.parent()?.parent()?;
        Some(home.join("cache").join(registry.file_name()?).join(format!("{name}.crate"))).filter(|path| path.is_file())
    };
    crates::unpacked().into_iter().filter_map(|folder| Some((archive_of(&folder)?, folder))).collect()
}

fn top(folder: &Path) -> &str {
    folder.file_name().and_then(|name| name.to_str()).expect("a plain name")
}

fn read(archive: &Path, top: &str) -> TreeText {
    let bytes = fs::read(archive).expect("an archive");
    let tree = archive::read(&bytes, None, top, &Limits::default());
    tree.unwrap_or_else(|fault| panic!("{}: {} {fault}", archive.display(), fault.code()))
}

#[test]
fn every_archive_of_the_registry_has_the_tree_of_its_unpacked_crate() {
    let pairs = pairs();
    assert!(!pairs.is_empty(), "cargo has no archive on this machine, so nothing would be tested");
    let limits = Limits::default();
    let exclude = [PackagePath::parse(b".cargo-ok").expect("a path")].into();
    for (file, folder) in pairs {
        let text = read(&file, top(&folder));
        let request =
            SurveyRequest { exclude: Some(&exclude), expected: Some(&text), ..SurveyRequest::plain(&folder, &limits) };
        let survey = survey(&request).expect("a directory");
        let differences = survey.differences(&text);
        assert!(differences.is_empty(), "{}: {differences:?}", folder.display());
        let tree = survey.measured().unwrap_or_else(|| panic!("{}: {:?}", folder.display(), survey.reasons()));
        assert_eq!(tree.text(), &text, "{}", folder.display());
    }
}

/// A look by another program: kind, size and path of every file, in the order of the paths' bytes.
///
/// Another program for each archive takes long, so only every one in `step` is looked at.
fn compare(program: &str, step: usize, list: impl Fn(&Path) -> String) {
    let pairs: Vec<_> = pairs().into_iter().step_by(step).collect();
    assert!(!pairs.is_empty(), "cargo has no archive on this machine, so nothing would be tested");
    for (file, folder) in pairs {
        let top = top(&folder);
        let text = read(&file, top);
        let line = |entry: &countersign::tree_text::Entry| {
            format!("{} {} {top}/{}", entry.kind.letter(), entry.size, entry.path.as_str())
        };
        let ours: Vec<_> = text.entries().iter().map(line).collect();
        let list = list(&file);
        let mut theirs: Vec<_> = list.lines().map(str::to_owned).collect();
        theirs.sort_by(|a, b| path(a).as_bytes().cmp(path(b).as_bytes()));
        assert_eq!(ours, theirs, "{program} on {}", file.display());
    }
}

fn path(line: &str) -> &str {
    line.splitn(3, ' ').nth(2).expect("kind, size, path")
}

fn run(program: &mut Command) -> String {
    let output = program.env("LC_ALL", "C.UTF-8").output().expect("the program runs");
    assert!(output.status.success(), "{program:?}: {}", output.stderr.escape_ascii());
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn gnu_tar_lists_the_same_files() {
    if !tools::found("gnu_tar_lists_the_same_files", &["tar"]) {
        return;
    }
    // Mode, owner, size, date, time, name; with `--quoting-style=literal` the name stands as it is.
    let list = |file: &Path| {
        let mut tar = Command::new("tar");
        tar.args(["--list", "--verbose", "--numeric-owner", "--quoting-style=literal", "--file"]).arg(file);
        let line = |line: &str| {
            let mut fields = line.split_ascii_whitespace();
            let (mode, size) = (fields.next().expect("a mode"), fields.nth(1).expect("a size"));
            let name = line.split_once(':').and_then(|(_, rest)| rest.split_once(' ')).expect("a time and a name").1;
            assert!(mode.starts_with('-'), "{line}");
            format!("{} {size} {name}\n", if mode.contains('x') { 'x' } else { 'f' })
        };
        run(&mut tar).lines().map(line).collect()
    };
    compare("tar", 4, list);
}

#[test]
fn python_lists_the_same_files_with_the_same_content() {
    if !tools::found("python_lists_the_same_files_with_the_same_content", &["python3"]) {
        return;
    }
    let list = |file: &Path| run(Command::new("python3").args(["-c", PYTHON]).arg(file));
    compare("python3", 16, list);
}

/// Lists an archive, and fails where a member is neither file nor directory, or cannot be read to its end.
const PYTHON: &str = r"
import sys, tarfile
with tarfile.open(sys.argv[1], 'r:gz') as tar:
    for member in tar:
        assert member.isreg(), member
        assert len(tar.extractfile(member).read()) == member.size
        print('x' if member.mode & 0o111 else 'f', member.size, member.name)
";
