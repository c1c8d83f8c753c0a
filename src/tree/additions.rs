//! What installers add to every package, and what they leave away: by exact rule, and told.

use crate::beneath::{Facts, Folder, Listed, ReadError, Type};
use crate::path::PackagePath;
use crate::reason::{Answer, Code, Reason};

use super::{SurveyRequest, refusal};

/// Something that an installer adds at the top of a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a rule is written out in full")]
pub struct Addition {
    /// Its name.
    pub name: &'static str,
    /// What it must be.
    pub what: Added,
}

/// What an addition must be to be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a rule is written out in full")]
pub enum Added {
    /// A file with exactly these bytes.
    Exactly(&'static [u8]),
    /// A file, whose content is looked at elsewhere.
    AnyFile,
    /// A file or a folder.
    Anything,
}

/// What is told of an entry at the top that an installer is known to add; none if it is no such thing, and so a part of the
/// tree like all else. One with another content than it always has is refused.
pub(super) fn addition(folder: &Folder, entry: &Listed, facts: &Facts, request: &SurveyRequest<'_>) -> Option<Reason> {
    let rule = request.additions.iter().find(|rule| entry.name == rule.name)?;
    let path = PackagePath::parse(rule.name.as_bytes()).ok();
    if path.is_some_and(|path| request.expected.is_some_and(|expected| expected.find(&path).is_some())) {
        return None;
    }
    match (rule.what, facts.kind) {
        (Added::Anything, Type::File | Type::Folder) | (Added::AnyFile, Type::File) => {}
        (Added::Exactly(wanted), Type::File) => match folder.read(&entry.name, wanted.len() as u64) {
            Ok(bytes) if bytes == wanted => {}
            Ok(_) | Err(ReadError::TooLarge(_)) => {
                let message = "the installer's own file has not the content that it always has";
                return Some(Reason::new(Code::ContentDiffers, Answer::Reject, message));
            }
            Err(error) => return Some(refusal(rule.name, &error)),
        },
        _ => return None,
    }
    let message = "left out, since the installer adds it to every package";
    Some(Reason::new(Code::Excluded, Answer::Note, message))
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::super::fixture::{Fixture, one};
    use super::*;

    const RULES: &[Addition] = &[
        Addition { name: ".git", what: Added::Anything },
        Addition { name: "list", what: Added::AnyFile },
        Addition { name: "mark", what: Added::Exactly(b"ok") },
    ];

    fn fixture(files: &[(&str, &str)]) -> Fixture {
        Fixture { additions: RULES, ..Fixture::new(files) }
    }

    /// How a tree of one file is found beside what is there.
    fn tree(fixture: &Fixture) -> Option<String> {
        fixture.survey(None, &()).measured().map(|tree| tree.text().to_string())
    }

    #[test]
    fn what_an_installer_adds_is_left_out_and_told() {
        let bare = tree(&fixture(&[("a", "a")]));
        for (path, content) in [("mark", "ok"), ("list", "anything"), (".git", "gitdir: x"), (".git/config", "x")] {
            let fixture = fixture(&[("a", "a"), (path, content)]);
            let top = path.split('/').next().expect("a name");
            assert_eq!(fixture.found(), one("excluded", top), "{path}");
            assert_eq!(tree(&fixture), bare, "{path}");
        }
    }

    #[test]
    fn anything_but_the_rule_is_a_part_of_the_tree_or_refused() {
        for content in ["", "o", "ok\n", "OK"] {
            assert_eq!(fixture(&[("mark", content)]).found(), one("content-differs", "mark"), "{content:?}");
        }
        // Deeper down, in another spelling, or a folder: an ordinary part of the tree.
        for path in ["d/mark", "Mark", "mark/x", "list/x", "d/list"] {
            let fixture = fixture(&[(path, "ok")]);
            assert_eq!(fixture.found(), [], "{path}");
            assert!(tree(&fixture).is_some_and(|text| text.contains(path)), "{path}");
        }
        assert_eq!(fixture(&[("d/.git/config", "")]).found(), one("path-git", "d/.git"));
        let linked = fixture(&[("a", "ok")]);
        symlink("a", linked.at("mark")).expect("linked");
        assert_eq!(linked.found(), one("symlink", "mark"));
    }

    #[test]
    fn what_was_signed_is_never_left_out() {
        let signed = Fixture::new(&[("a", "a"), ("mark", "signed")]).text();
        let fixture = fixture(&[("a", "a"), ("mark", "ok")]);
        let survey = fixture.survey(Some(&signed), &());
        let codes: Vec<_> = survey.differences(&signed).iter().map(|reason| reason.code.as_str()).collect();
        assert_eq!(codes, ["content-differs"]);
    }

    #[test]
    fn what_an_installer_leaves_away_counts_as_if_it_were_there() {
        let signed = Fixture::new(&[("a", "a"), (".ignore", "x"), ("d/.ignore", "y")]).text();
        let installed = Fixture { dropped: &[".ignore"], ..Fixture::new(&[("a", "a")]) };
        let survey = installed.survey(Some(&signed), &());
        assert_eq!(survey.differences(&signed), []);
        assert_eq!(survey.measured().expect("a tree").text(), &signed);
        let told: Vec<_> =
            survey.reasons().iter().map(|reason| (reason.code.as_str(), reason.path.as_deref())).collect();
        assert_eq!(told, [("excluded", Some(".ignore")), ("excluded", Some("d/.ignore"))]);
        // What is there must be what was signed; and nothing else may be missing.
        installed.write("d/.ignore", "evil");
        let survey = installed.survey(Some(&signed), &());
        assert_eq!(survey.differences(&signed).len(), 1);
        fs::remove_file(installed.at("d/.ignore")).expect("removed");
        fs::remove_file(installed.at("a")).expect("removed");
        let missing = installed.survey(Some(&signed), &()).differences(&signed);
        assert_eq!((missing.len(), missing[0].code), (1, Code::FileMissing));
    }
}
