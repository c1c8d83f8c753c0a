//! Trees in places that need rights to make: below a mount, with capabilities, unreadable.

#![expect(clippy::disallowed_methods, reason = "only other programs can make these places")]

use std::env;
use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use countersign::limits::Limits;
use countersign::tree::{Survey, SurveyRequest, survey};
use tempfile::TempDir;

use super::tools;

#[test]
fn a_bind_mount_of_the_same_device_is_refused() {
    let dir = tree();
    assert_eq!(codes(&surveyed(dir.path())), "");
    for (from, to) in [("d", "e"), ("d/b", "a")] {
        let script = format!("mount --bind {from} {to} && exec \"$SELF\" {CHILD}");
        match survey_in(&["unshare", "-rm", "sh", "-c", &script], dir.path()) {
            Some(found) => assert_eq!(found, format!("cross-device {to}\n")),
            None => return tools::not_run("a_bind_mount_of_the_same_device_is_refused", "the right to mount"),
        }
    }
}

#[test]
fn another_device_is_refused() {
    let dir = tree();
    let script = format!("mount -t tmpfs none e && exec \"$SELF\" {CHILD}");
    match survey_in(&["unshare", "-rm", "sh", "-c", &script], dir.path()) {
        Some(found) => assert_eq!(found, "cross-device e\n"),
        None => tools::not_run("another_device_is_refused", "the right to mount"),
    }
}

#[test]
fn what_cannot_be_read_is_told_and_not_skipped() {
    for path in ["a", "d"] {
        let dir = tree();
        fs::set_permissions(dir.path().join(path), Permissions::from_mode(0o000)).expect("changed");
        // Who may read everything first has to give up that right.
        let all = fs::read_dir(dir.path().join("d")).is_ok() && fs::read(dir.path().join("a")).is_ok();
        let script = format!("exec \"$SELF\" {CHILD}");
        let less = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "sh", "-c", &script];
        match survey_in(if all { &less } else { &less[2..] }, dir.path()) {
            Some(found) => assert_eq!(found, format!("unreadable {path}\n")),
            None => return tools::not_run("what_cannot_be_read_is_told_and_not_skipped", "setpriv"),
        }
        fs::set_permissions(dir.path().join(path), Permissions::from_mode(0o700)).expect("changed");
        assert_eq!(codes(&surveyed(dir.path())), "");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_with_capabilities_is_refused() {
    // CAP_NET_RAW, permitted and effective, as `setcap cap_net_raw+ep` writes it.
    let capability = [1, 0, 0, 2, 0, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let dir = tree();
    let set = |name| rustix::fs::setxattr(dir.path().join("a"), name, &capability, rustix::fs::XattrFlags::empty());
    // Any other attribute is no part of the tree; where it cannot be set, there is nothing to see.
    let _ = set("user.other");
    assert_eq!(codes(&surveyed(dir.path())), "");
    if set("security.capability").is_err() {
        return tools::not_run("a_file_with_capabilities_is_refused", "the right to give capabilities to files");
    }
    assert_eq!(codes(&surveyed(dir.path())), "extra-metadata a\n");
}

/// Surveys a directory for one of the tests above, in a process of its own.
#[test]
fn survey_for_another_test() {
    if let Some(dir) = env::var_os("COUNTERSIGN_TEST_SURVEY") {
        let answer = env::var_os("COUNTERSIGN_TEST_FOUND").expect("a file name");
        fs::write(&answer, "reached").expect("written");
        fs::write(&answer, codes(&surveyed(Path::new(&dir)))).expect("written");
    }
}

const CHILD: &str = "--exact places::survey_for_another_test";

fn tree() -> TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    for path in ["a", "d/b", "e/c"] {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::File::create(path).and_then(|mut file| file.write_all(b"content")).expect("written");
    }
    dir
}

fn surveyed(dir: &Path) -> Survey {
    let limits = Limits::default();
    let request = SurveyRequest::plain(dir, &limits);
    survey(&request).expect("a survey")
}

fn codes(survey: &Survey) -> String {
    let reasons = survey.reasons().iter();
    reasons.map(|reason| format!("{} {}\n", reason.code, reason.path.as_deref().unwrap_or_default())).collect()
}

/// What a survey finds in the process that `command` ends in; nothing, if it never got there.
fn survey_in(command: &[&str], dir: &Path) -> Option<String> {
    let found = tempfile::NamedTempFile::new().expect("a file");
    let mut child = Command::new(command[0]);
    child.args(&command[1..]).current_dir(dir).env("SELF", env::current_exe().expect("this program"));
    child.env("COUNTERSIGN_TEST_SURVEY", dir).env("COUNTERSIGN_TEST_FOUND", found.path());
    let ended = child.output().ok()?;
    let found = fs::read_to_string(found.path()).expect("what was found");
    assert!(ended.status.success() || found.is_empty(), "{ended:?}");
    ended.status.success().then_some(found)
}
