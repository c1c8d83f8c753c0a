//! Symbolic links, where a policy allows contained ones: each is hashed as the text that it is, and none is ever followed.
//!
//! A link is contained if its text leads, name by name over directories of the tree, to a file or directory of the same tree
//! that does not hold the link itself. No link lies on the way and none at its end, so that what the text says is what the
//! system would find.

use std::collections::BTreeSet;

use crate::beneath::Folder;
use crate::digest::Digest;
use crate::limits::Links;
use crate::path::PackagePath;
use crate::reason::{Answer, Code, Reason};
use crate::tree_text::Kind;

use super::walk::{Link, Walked, within};
use super::{Content, Notes, Surveyed, changed, refusal};

/// Refuses each link that is not contained.
pub(super) fn check(walked: &Walked, links: Links, notes: &mut Notes) {
    if links == Links::Any {
        return;
    }
    let files: BTreeSet<&str> = walked.files.iter().map(|file| file.path.as_str()).collect();
    let links: Vec<_> = walked.links.iter().map(|link| (link.path.as_str(), link.target.as_slice())).collect();
    let folders = walked.directories.iter().filter_map(|directory| directory.path.as_ref());
    let folders: BTreeSet<&str> = folders.map(PackagePath::as_str).collect();
    for reason in not_contained(&links, &files, &folders) {
        let path = reason.path.clone().unwrap_or_default();
        notes.refuse(&path, reason);
    }
}

/// A reason for each link, with what it says, that is not contained in a tree of these files and directories.
pub(crate) fn not_contained(links: &[(&str, &[u8])], files: &BTreeSet<&str>, folders: &BTreeSet<&str>) -> Vec<Reason> {
    let names: BTreeSet<&str> = links.iter().map(|(path, _)| *path).collect();
    let refused = |(path, target): &(&str, &[u8])| {
        let why = leads_to(path, target, folders, &names).and_then(|end| match end.as_str() {
            end if names.contains(end) => Err("it leads to another link"),
            end if files.contains(end) => Ok(()),
            end if holds(end, path) => Err("it leads to a directory that holds it"),
            end if folders.contains(end) => Ok(()),
            _ => Err("it leads to nothing in the tree"),
        });
        let message = format!("a symbolic link, and {}; it is not followed", why.err()?);
        Some(Reason::new(Code::SymlinkEscape, Answer::Reject, message).at(*path))
    };
    links.iter().filter_map(refused).collect()
}

/// Where a link leads, by names of the tree; the root is the empty text.
fn leads_to(
    path: &str,
    target: &[u8],
    folders: &BTreeSet<&str>,
    links: &BTreeSet<&str>,
) -> Result<String, &'static str> {
    let text = str::from_utf8(target).map_err(|_| "what it says is not UTF-8")?;
    if text.starts_with('/') {
        return Err("it says an absolute path");
    }
    let mut here: Vec<&str> = path.split('/').collect();
    here.pop();
    for name in text.split('/') {
        let place = here.join("/");
        if !place.is_empty() && !folders.contains(place.as_str()) {
            let another = links.contains(place.as_str());
            return Err(if another { "it leads through another link" } else { "it leads to nothing in the tree" });
        }
        match name {
            "" => return Err("it says a path with an empty name"),
            "." => {}
            ".." => drop(here.pop().ok_or("it leads out of the tree")?),
            name => here.push(name),
        }
    }
    Ok(here.join("/"))
}

/// Whether a directory holds a path; the root holds all.
fn holds(folder: &str, path: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// Reads each link again: what says something else by now has changed.
pub(super) fn again(root: &Folder, walked: &Walked, notes: &mut Notes) {
    for link in &walked.links {
        let path = link.path.as_str();
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        match within(root, above, |folder| folder.link(name, &link.facts)) {
            Ok(Ok(target)) if target == link.target => {}
            Ok(Ok(_)) => notes.refuse(path, changed(path)),
            Ok(Err(error)) => notes.refuse(path, refusal(path, &error)),
            Err((part, reason)) => notes.refuse(&part, reason),
        }
    }
}

/// A link as an entry of the tree text.
pub(super) fn surveyed(link: Link) -> Surveyed {
    let content = Content::Hashed(Digest::of(&link.target));
    Surveyed { kind: Kind::Link, size: link.target.len() as u64, content, path: link.path }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::super::fixture::{Fixture, Moment, one, told};
    use crate::digest::Digest;
    use crate::limits::Links;

    fn fixture() -> Fixture {
        let mut fixture = Fixture::new(&[("a", "a"), ("d/b", "b"), ("d/e/c", "c"), (".countersign/tree", "t")]);
        fixture.limits.links = Links::Contained;
        fixture
    }

    #[test]
    fn a_contained_link_is_a_line_of_its_own_text() {
        let fixture = fixture();
        for (target, at) in
            [("../a", "d/up"), ("b", "d/b2"), ("d/e", "dir"), ("./d/../d/e/c", "c"), ("../d/e/c", "d/round")]
        {
            symlink(target, fixture.at(at)).expect("linked");
        }
        let survey = fixture.survey(None, &());
        assert_eq!(survey.reasons(), []);
        let tree = survey.measured().expect("a tree");
        assert_eq!(tree.files(), 8);
        let line = format!("l 4 {} d/up\n", Digest::of(b"../a").hex());
        assert!(tree.text().to_string().contains(&line), "{}", tree.text());
        // What was signed is found again, and another text is another tree.
        let text = tree.text().clone();
        assert_eq!(fixture.survey(Some(&text), &()).measured().map(|tree| tree.text().clone()), Some(text.clone()));
        fs::remove_file(fixture.at("d/up")).expect("removed");
        symlink("e/c", fixture.at("d/up")).expect("linked");
        assert_eq!(told(&fixture.survey(Some(&text), &()).differences(&text)), one("content-differs", "d/up"));
        fs::remove_file(fixture.at("d/up")).expect("removed");
        fixture.write("d/up", "../a");
        assert_eq!(told(&fixture.survey(Some(&text), &()).differences(&text)), one("type-differs", "d/up"));
        fs::remove_file(fixture.at("d/up")).expect("removed");
        symlink("../a", fixture.at("d/up")).expect("linked");
        fs::remove_file(fixture.at("a")).expect("removed");
        symlink("d/b", fixture.at("a")).expect("linked");
        let codes = told(&fixture.survey(Some(&text), &()).differences(&text));
        assert!(codes.contains(&("type-differs", "a".to_owned())), "{codes:?}");
    }

    #[test]
    fn whatever_is_not_contained_is_refused() {
        let fixture = fixture();
        symlink("b", fixture.at("d/link")).expect("linked");
        symlink("e", fixture.at("d/folder")).expect("linked");
        assert_eq!(fixture.found(), []);
        let long = "../".repeat(400);
        for (target, at) in [
            ("/etc/passwd", "x"),
            ("..", "x"),
            ("../a", "x"),
            ("../../a", "d/x"),
            ("nothing", "x"),
            ("nothing/../a", "x"),
            ("a/../a", "x"),
            ("d/link", "x"),
            ("d/folder", "x"),
            ("d/folder/c", "x"),
            ("d/folder/../b", "x"),
            ("x", "x"),
            (".", "x"),
            ("d/..", "x"),
            (".", "d/x"),
            ("..", "d/e/x"),
            (".countersign/tree", "x"),
            (".countersign", "x"),
            ("d//b", "x"),
            ("d/", "x"),
            ("A", "x"),
            (long.as_str(), "d/x"),
        ] {
            symlink(target, fixture.at(at)).expect("linked");
            assert_eq!(fixture.found(), one("symlink-escape", at), "{target}");
            fs::remove_file(fixture.at(at)).expect("removed");
        }
    }

    #[test]
    fn where_no_policy_allows_them_each_is_refused() {
        let mut fixture = fixture();
        symlink("a", fixture.at("x")).expect("linked");
        assert_eq!(fixture.found(), []);
        fixture.limits.links = Links::None;
        assert_eq!(fixture.found(), one("symlink", "x"));
    }

    #[test]
    fn a_link_that_changes_meanwhile_is_a_change() {
        for at in [Moment::Entering("d"), Moment::Returning] {
            let fixture = fixture();
            symlink("a", fixture.at("x")).expect("linked");
            let found = fixture.found_when(|now| {
                if now == at {
                    fs::remove_file(fixture.at("x")).expect("removed");
                    symlink("d/b", fixture.at("x")).expect("linked");
                }
            });
            assert!(found.contains(&("changed-during-verify", "x".to_owned())), "{at:?} {found:?}");
        }
    }
}
