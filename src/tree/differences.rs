//! Compares what a survey found with what a tree text says.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use crate::path::PackagePath;
use crate::reason::{Answer, Code, Reason};
use crate::tree_text::{Entry, Kind, TreeText};

use super::{Content, Survey};

/// Every difference that the survey has no reason for yet. `was`: what the expected tree was, in one word.
pub(super) fn differences(survey: &Survey, expected: &TreeText, was: &str) -> Vec<Reason> {
    if survey.stopped {
        return Vec::new();
    }
    let mut reasons = Vec::new();
    let mut in_place_of_folders = BTreeSet::new();
    let files = files(survey);
    let (mut there, mut wanted) = (files.iter().peekable(), expected.entries().iter().peekable());
    let mut added = Vec::new();
    loop {
        let order = match (there.peek(), wanted.peek()) {
            (Some(file), Some(entry)) => file.path.cmp(&entry.path),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => break,
        };
        match order {
            Ordering::Less => added.extend(there.next()),
            Ordering::Greater => {
                let Some(entry) = wanted.next() else { break };
                match missing(survey, &files, entry) {
                    Missing::Refused => (),
                    Missing::Gone => {
                        let message = format!("was {was} and is not there");
                        reasons.push(reject(Code::FileMissing, &message, entry.path.as_str()));
                    }
                    Missing::IsFolder => {
                        let message = format!("a directory where a file was {was}");
                        reasons.push(reject(Code::TypeDiffers, &message, entry.path.as_str()));
                    }
                    Missing::AboveIsFile(path) => _ = in_place_of_folders.insert(path),
                }
            }
            Ordering::Equal => {
                if let (Some(file), Some(entry)) = (there.next(), wanted.next()) {
                    reasons.extend(compare(file, entry, was));
                }
            }
        }
    }
    let added = added.iter().map(|file| file.path.as_str()).filter(|path| !in_place_of_folders.contains(path));
    reasons.extend(added.map(|path| reject(Code::FileAdded, &format!("is there and was not {was}"), path)));
    let is_file = format!("a file where a directory was {was}");
    reasons.extend(in_place_of_folders.iter().map(|path| reject(Code::TypeDiffers, &is_file, path)));
    reasons
}

/// A file that was found, from either place where a survey keeps them.
struct Seen<'a> {
    kind: Kind,
    size: u64,
    content: Content,
    path: &'a PackagePath,
}

fn files(survey: &Survey) -> Vec<Seen<'_>> {
    match &survey.measured {
        Some(tree) => {
            let seen = |e: &'_ Entry| (e.kind, e.size, Content::Hashed(e.digest));
            let entries = tree.text.entries().iter();
            entries
                .map(|e| (seen(e), &e.path))
                .map(|((kind, size, content), path)| Seen { kind, size, content, path })
                .collect()
        }
        None => {
            let files = survey.files.iter();
            files.map(|f| Seen { kind: f.kind, size: f.size, content: f.content, path: &f.path }).collect()
        }
    }
}

/// Why an expected file is not among those found.
enum Missing<'a> {
    Refused,
    Gone,
    IsFolder,
    AboveIsFile(&'a str),
}

fn missing<'a>(survey: &Survey, files: &[Seen<'_>], entry: &'a Entry) -> Missing<'a> {
    let path = entry.path.as_str();
    let above = || path.match_indices('/').map(|(end, _)| &path[..end]);
    if survey.refused.contains("") || survey.refused.contains(path) || above().any(|a| survey.refused.contains(a)) {
        return Missing::Refused;
    }
    if survey.folders.binary_search(&entry.path).is_ok() {
        return Missing::IsFolder;
    }
    let is_file = |path: &&str| files.binary_search_by(|file| file.path.as_str().cmp(path)).is_ok();
    above().find(is_file).map_or(Missing::Gone, Missing::AboveIsFile)
}

fn compare(file: &Seen<'_>, entry: &Entry, was: &str) -> Vec<Reason> {
    let path = entry.path.as_str();
    match (file.kind, entry.kind) {
        (Kind::Link, Kind::Link) if matches!(file.content, Content::Hashed(digest) if digest == entry.digest) => {
            return Vec::new();
        }
        (Kind::Link, Kind::Link) => {
            return vec![reject(
                Code::ContentDiffers,
                &format!("the symbolic link says something else than was {was}"),
                path,
            )];
        }
        (Kind::Link, _) => {
            return vec![reject(Code::TypeDiffers, &format!("a symbolic link where a file was {was}"), path)];
        }
        (_, Kind::Link) => {
            return vec![reject(Code::TypeDiffers, &format!("a file where a symbolic link was {was}"), path)];
        }
        _ => {}
    }
    let mut reasons = Vec::new();
    let sizes = format!("{was} {} bytes, found {}", entry.size, file.size);
    match file.content {
        Content::Hashed(digest) if digest == entry.digest && file.size == entry.size => (),
        Content::Hashed(digest) if file.size == entry.size => {
            let message = format!("the content differs: {was} {}, found {digest}", entry.digest);
            reasons.push(reject(Code::ContentDiffers, &message, path));
        }
        Content::LineEndings => {
            let way = if file.size > entry.size { "LF became CRLF" } else { "CRLF became LF" };
            let message = format!("only the line endings differ ({way}): {sizes}");
            reasons.push(reject(Code::ContentDiffers, &message, path).step(UNCONVERTED));
        }
        _ => reasons.push(reject(Code::ContentDiffers, &format!("the content differs: {sizes}"), path)),
    }
    if file.kind != entry.kind {
        let message = match entry.kind {
            Kind::Executable => format!("{was} as executable, found as not executable"),
            _ => format!("{was} as not executable, found as executable"),
        };
        reasons.push(reject(Code::ModeDiffers, &message, path));
    }
    reasons
}

fn reject(code: Code, message: &str, path: &str) -> Reason {
    Reason::new(code, Answer::Reject, message).at(path)
}

const UNCONVERTED: &str = "get the files again without conversion of line endings (git: core.autocrlf=false)";

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use crate::digest::Digest;
    use crate::limits::Limits;

    use super::super::fixture::{Fixture, fifo, one, told};
    use super::*;

    fn signed() -> (Fixture, TreeText) {
        let fixture = Fixture::new(&[("a", "line\nline\n"), ("d/b", "b"), ("d/c", "c")]);
        let text = fixture.text();
        (fixture, text)
    }

    #[test]
    fn each_difference_has_its_code() {
        let (fixture, text) = signed();
        assert_eq!(fixture.differences(&text), []);
        let found = || told(&fixture.differences(&text));
        fixture.write("d/new", "");
        assert_eq!(found(), one("file-added", "d/new"));
        fs::remove_file(fixture.at("d/new")).expect("removed");
        fs::remove_file(fixture.at("d/b")).expect("removed");
        assert_eq!(found(), one("file-missing", "d/b"));
        fixture.write("d/b", "B");
        assert_eq!(found(), one("content-differs", "d/b"));
        fixture.write("d/b", "bb");
        assert_eq!(found(), one("content-differs", "d/b"));
        fixture.write("d/b", "b");
        assert_eq!(found(), []);
        fs::set_permissions(fixture.at("d/b"), fs::Permissions::from_mode(0o755)).expect("changed");
        assert_eq!(found(), one("mode-differs", "d/b"));
    }

    #[test]
    fn both_values_are_shown() {
        let (fixture, text) = signed();
        fixture.write("d/b", "B");
        let message = format!("the content differs: signed {}, found {}", Digest::of(b"b"), Digest::of(b"B"));
        assert_eq!(fixture.differences(&text)[0].message, message);
        fixture.write("d/b", "much longer");
        assert_eq!(fixture.differences(&text)[0].message, "the content differs: signed 1 bytes, found 11");
    }

    #[test]
    fn types_that_differ_are_told_once() {
        let (fixture, text) = signed();
        fs::remove_file(fixture.at("a")).expect("removed");
        fs::create_dir(fixture.at("a")).expect("made");
        assert_eq!(told(&fixture.differences(&text)), one("type-differs", "a"));
        fs::remove_dir(fixture.at("a")).expect("removed");
        fixture.write("a", "line\nline\n");
        fs::remove_dir_all(fixture.at("d")).expect("removed");
        fixture.write("d", "");
        assert_eq!(told(&fixture.differences(&text)), one("type-differs", "d"));
    }

    #[test]
    fn what_was_refused_is_not_also_missing() {
        let (fixture, text) = signed();
        fs::remove_file(fixture.at("a")).expect("removed");
        symlink("d/b", fixture.at("a")).expect("linked");
        assert_eq!(told(&fixture.differences(&text)), one("symlink", "a"));
        fs::remove_file(fixture.at("a")).expect("removed");
        fifo(fixture.at("a"));
        assert_eq!(told(&fixture.differences(&text)), one("special-file", "a"));
        fs::remove_dir_all(fixture.at("d")).expect("removed");
        symlink("/", fixture.at("d")).expect("linked");
        let both = [("special-file", "a".to_owned()), ("symlink", "d".to_owned())];
        assert_eq!(told(&fixture.differences(&text)), both);
    }

    #[test]
    fn line_endings_are_named_and_still_refused() {
        let (fixture, text) = signed();
        fixture.write("a", "line\r\nline\r\n");
        let reasons = fixture.differences(&text);
        assert_eq!(told(&reasons), one("content-differs", "a"));
        let message = "only the line endings differ (LF became CRLF): signed 10 bytes, found 12";
        assert_eq!((reasons[0].message.as_str(), reasons[0].step.as_deref()), (message, Some(UNCONVERTED)));
        let crlf = fixture.text();
        fixture.write("a", "line\nline\n");
        let message = "only the line endings differ (CRLF became LF): signed 12 bytes, found 10";
        assert_eq!(fixture.differences(&crlf)[0].message, message);
        fixture.write("a", "lime\nline\n");
        assert_eq!(fixture.differences(&crlf)[0].message, "the content differs: signed 12 bytes, found 10");
    }

    #[test]
    fn a_signed_link_is_not_a_file() {
        let (fixture, text) = signed();
        let mut entries = text.entries().to_vec();
        entries[0].kind = Kind::Link;
        let text = TreeText::from_entries(entries, &Limits::default()).expect("a tree");
        assert_eq!(told(&fixture.differences(&text)), one("type-differs", "a"));
    }
}
