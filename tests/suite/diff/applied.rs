//! Applied to one tree, what is printed as JSON gives the other, byte for byte.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use countersign::beneath::Folder;
use countersign::diff::view::Extent;
use countersign::diff::{Before, Present, difference, json};
use countersign::limits::Limits;
use countersign::tree::{MeasuredTree, SurveyRequest, survey};
use proptest::prelude::*;
use serde_json::Value;

/// Files with their contents, and whether they can be executed.
pub(super) type Files = BTreeMap<String, (bool, Vec<u8>)>;

pub(super) fn measured(dir: &Path, limits: &Limits) -> MeasuredTree {
    let request = SurveyRequest::plain(dir, limits);
    let survey = survey(&request).unwrap();
    survey.measured().cloned().unwrap_or_else(|| panic!("{}: {:?}", dir.display(), survey.reasons()))
}

/// The difference as the program prints it for programs.
pub(super) fn told(from: &Path, to: &Path, all: bool, limits: &Limits) -> Value {
    let trees = [from, to].map(|dir| (Folder::open(dir).unwrap(), measured(dir, limits)));
    let [from, to] = trees.each_ref().map(|(root, tree)| Present { root, text: tree.text() });
    let found = difference(Before::There(from), to, limits).unwrap();
    let mut out = Vec::new();
    let none: [(); 0] = [];
    let left_out = json::write(&found, Extent { all, stat: false }, &none, &mut out).unwrap();
    assert!(!all || left_out.is_nothing(), "{left_out:?}");
    serde_json::from_slice(&out).unwrap()
}

/// Takes the printed difference as instructions for the one tree.
pub(super) fn apply(before: &Files, told: &Value) -> Files {
    let mut now = before.clone();
    let changes = told["files"].as_array().unwrap();
    for change in changes {
        if let Some(path) = change["from"]["path"].as_str() {
            now.remove(path).expect("a file that was there");
        }
    }
    for change in changes {
        let old = change["from"]["path"].as_str().map_or(&[][..], |path| &before[path].1);
        let content = apply_to(old, change);
        match change["to"]["path"].as_str() {
            Some(path) => {
                let executable = change["to"]["kind"] == "x";
                assert!(now.insert(path.to_owned(), (executable, content)).is_none(), "{path} is there twice");
            }
            None => assert_eq!(content, b"", "what is gone leaves nothing"),
        }
    }
    now
}

/// Takes the printed change of one file as instructions for its old content.
pub(super) fn apply_to(old: &[u8], change: &Value) -> Vec<u8> {
    let old: Vec<&[u8]> = old.split_inclusive(|byte| *byte == b'\n').collect();
    let (mut made, mut here) = (Vec::new(), 0);
    for hunk in change["hunks"].as_array().unwrap() {
        let first = usize::try_from(hunk["from"]["first"].as_u64().unwrap()).unwrap() - 1;
        made.extend(old[here..first].concat());
        here = first;
        for line in hunk["lines"].as_array().unwrap() {
            let (mark, mut bytes) = (line["mark"].as_str().unwrap(), unescaped(line["text"].as_str().unwrap()));
            if line["ended"] != false {
                bytes.push(b'\n');
            }
            if mark != "+" {
                assert_eq!(old[here], bytes, "what the difference calls old is not there");
                here += 1;
            }
            if mark != "-" {
                made.extend(bytes);
            }
        }
    }
    made.extend(old[here..].concat());
    made
}

/// The bytes that an escaped text stands for.
pub(super) fn unescaped(text: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), text);
    while let Some((plain, escape)) = rest.split_once('\\') {
        bytes.extend(plain.as_bytes());
        let (letter, tail) = escape.split_at(1);
        rest = tail;
        match letter {
            "\\" => bytes.push(b'\\'),
            "n" => bytes.push(b'\n'),
            "t" => bytes.push(b'\t'),
            "r" => bytes.push(b'\r'),
            "x" => {
                bytes.push(u8::from_str_radix(&tail[..2], 16).unwrap());
                rest = &tail[2..];
            }
            "u" => {
                let (digits, tail) = tail.strip_prefix('{').unwrap().split_once('}').unwrap();
                let character = char::from_u32(u32::from_str_radix(digits, 16).unwrap()).unwrap();
                bytes.extend(character.to_string().as_bytes());
                rest = tail;
            }
            other => panic!("no escape: {other}"),
        }
    }
    bytes.extend(rest.as_bytes());
    bytes
}

fn write(dir: &Path, files: &Files) {
    for (path, (executable, content)) in files {
        let path = dir.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(if *executable { 0o755 } else { 0o644 })).unwrap();
    }
}

fn check(a: &Files, b: &Files, limits: &Limits) -> Value {
    let dirs = [a, b].map(|files| {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), files);
        dir
    });
    let told = told(dirs[0].path(), dirs[1].path(), true, limits);
    assert_eq!(&apply(a, &told), b);
    assert_eq!(told["same"], a == b);
    told
}

fn content() -> impl Strategy<Value = Vec<u8>> {
    let line = prop::sample::select(vec![
        &b"\n"[..],
        b"fn main() {\n",
        b"}\n",
        b"\tlet s = \"\\n\";\n",
        b"a\r\n",
        b"\0\xff\xfe\n",
        b"\xe2\x80\xae\n",
        b"no end",
        b"\\x00\\\n",
    ]);
    prop::collection::vec(line, 0..12).prop_map(|lines| lines.concat())
}

fn files() -> impl Strategy<Value = Files> {
    // Names that are folders in one tree and files in the other are part of the game.
    let name = "[a-b]{1,2}(/[a-c\u{e4}]{1,2}){0,2}";
    prop::collection::btree_map(name, (any::<bool>(), content()), 0..8).prop_map(|files| {
        let mut kept = Files::new();
        for (name, file) in files {
            let clashes =
                |other: &String| other.starts_with(&format!("{name}/")) || name.starts_with(&format!("{other}/"));
            if !kept.keys().any(clashes) {
                kept.insert(name, file);
            }
        }
        kept
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn applied_to_one_tree_the_difference_gives_the_other(a in files(), b in files()) {
        check(&a, &b, &Limits::default());
        check(&a, &a, &Limits::default());
    }

    #[test]
    fn so_it_does_where_files_are_over_the_limits(a in files(), b in files()) {
        let mut limits = Limits::default();
        (limits.diff_lines, limits.diff_file, limits.diff_moves) = (3, 20, 10);
        check(&a, &b, &limits);
    }
}

fn of(files: &[(&str, &str)]) -> Files {
    files.iter().map(|(path, content)| ((*path).to_owned(), (false, content.as_bytes().to_vec()))).collect()
}

#[test]
fn what_moved_is_found_and_shown_with_its_changes() {
    let body: String = (0..40).map(|n| format!("line {n}\n")).collect();
    let other: String = (0..40).map(|n| format!("other {n}\n")).collect();
    let a = of(&[("a/same.rs", &body), ("a/near.rs", &other), ("gone", "x\n"), ("empty", "")]);
    let changed = other.replace("other 7\n", "evil\n");
    let b = of(&[("b/same.rs", &body), ("b/renamed.rs", &changed), ("came", "y\n"), ("void", "")]);
    let told = check(&a, &b, &Limits::default());
    let moves = told["files"].as_array().unwrap().iter().map(|file| {
        let path = |side: &str| file[side]["path"].as_str().unwrap_or("-").to_owned();
        let percent = file["similarity"].as_u64().map_or(String::new(), |percent| format!(" {percent} %"));
        format!("{} {} {}{percent}", file["change"].as_str().unwrap(), path("from"), path("to"))
    });
    assert_eq!(
        moves.collect::<Vec<_>>(),
        [
            "moved a/near.rs b/renamed.rs 97 %",
            "moved a/same.rs b/same.rs 100 %",
            "added - came",
            "removed empty -",
            "removed gone -",
            "added - void",
        ]
    );
    assert_eq!(told["files"][0]["hunks"][0]["lines"][3]["text"], "other 7");
    assert_eq!(told["summary"]["moves_searched"], true);
    let mut limits = Limits::default();
    limits.diff_moves = 1_000;
    let told = check(&a, &b, &limits);
    assert_eq!((&told["summary"]["moves_searched"], &told["summary"]["moved"]), (&false.into(), &1.into()));
}

#[test]
fn a_pair_over_the_limit_is_replaced_as_a_whole_and_said_to_be() {
    let a = of(&[("a", "1\n2\n3\n")]);
    let b = of(&[("a", "1\n2\n4\n")]);
    let compared = |limits: &Limits| {
        let told = check(&a, &b, limits);
        (told["files"][0]["compared"].as_str().unwrap().to_owned(), told["files"][0]["lines_added"].as_u64().unwrap())
    };
    let mut limits = Limits::default();
    (limits.diff_file, limits.diff_lines) = (6, 6);
    assert_eq!(compared(&limits), ("lines".to_owned(), 1));
    limits.diff_file = 5;
    assert_eq!(compared(&limits), ("whole".to_owned(), 3));
    (limits.diff_file, limits.diff_lines) = (6, 5);
    assert_eq!(compared(&limits), ("whole".to_owned(), 3));
    (limits.diff_lines, limits.diff_total) = (6, 11);
    assert_eq!(compared(&limits), ("whole".to_owned(), 3));
}

#[test]
fn what_is_not_shown_is_counted() {
    let many: String = (0..6_000).map(|n| format!("{n}\n")).collect();
    let long = "x".repeat(2_000);
    let strange: Vec<u8> = (0..100).flat_map(|_| [0, 1, 2, b'\n']).collect();
    let mut b = of(&[("many", &many), ("long", &format!("{long}\n"))]);
    b.insert("strange".to_owned(), (false, strange));
    let dirs = [Files::new(), b].map(|files| {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), &files);
        dir
    });
    let told = told(dirs[0].path(), dirs[1].path(), false, &Limits::default());
    assert_eq!(told["not_shown"], serde_json::json!({ "files": 3, "lines": 1_000 + 60, "bytes": 1_500 }));
    let shown = |place: usize| told["files"][place]["hunks"][0]["lines"].as_array().unwrap().len();
    assert_eq!([shown(0), shown(1), shown(2)], [1, 5_000, 40]);
    assert_eq!(told["files"][0]["hunks"][0]["lines"][0]["cut"]["behind"], 1_500);
}
