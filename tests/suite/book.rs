//! The documents as a book: no page is missing from its contents, and no link leads nowhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use walkdir::WalkDir;

/// The contents, from the root of the project.
const CONTENTS: &str = "docs/README.md";

/// Links of a document outside of code: the target, and the line.
fn links(document: &str) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    for (number, line) in prose(document) {
        let mut rest = line.as_str();
        while let Some((_, after)) = rest.split_once("](") {
            let Some((target, after)) = after.split_once(')') else { break };
            links.push((number, target.to_owned()));
            rest = after;
        }
    }
    links
}

/// The lines outside of fences, without what is set as code.
fn prose(document: &str) -> Vec<(usize, String)> {
    let (mut lines, mut fenced) = (Vec::new(), false);
    for (number, line) in (1..).zip(document.lines()) {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            let plain: Vec<_> = line.split('`').step_by(2).collect();
            lines.push((number, plain.join("")));
        }
    }
    lines
}

/// The anchors of a document: its headings, as they are known to those who show it.
fn anchors(document: &str) -> BTreeSet<String> {
    let (mut anchors, mut fenced) = (BTreeSet::new(), false);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for line in document.lines() {
        fenced ^= line.trim_start().starts_with("```");
        let title = line.trim_start_matches('#');
        if fenced || title.len() == line.len() || !title.starts_with(' ') {
            continue;
        }
        let kept = title.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let anchor: String = kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect();
        let count = counts.entry(anchor.clone()).or_default();
        anchors.insert(if *count == 0 { anchor } else { format!("{anchor}-{count}") });
        *count += 1;
    }
    anchors
}

/// What is wrong with the links of one document; `read` gives another one, and whether there is anything at a path.
fn faults(path: &Path, document: &str, read: &dyn Fn(&Path) -> Option<Option<String>>) -> Vec<String> {
    let mut faults = Vec::new();
    for (line, target) in links(document) {
        if target.contains("://") || target.starts_with("mailto:") {
            continue;
        }
        let (file, anchor) = target.split_once('#').map_or((target.as_str(), None), |(file, at)| (file, Some(at)));
        let place = if file.is_empty() { Some(path.to_owned()) } else { beside(path, file) };
        let there = place.as_deref().and_then(read);
        let is_good = match (&there, anchor) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(text), Some(anchor)) => text.as_ref().is_some_and(|text| anchors(text).contains(anchor)),
        };
        if !is_good {
            faults.push(format!("{}:{line}: {target}", path.display()));
        }
    }
    faults
}

/// A path from the project's root, as a document beside another one writes it; none where it leads out.
fn beside(document: &Path, target: &str) -> Option<PathBuf> {
    let mut path = document.parent()?.to_owned();
    for part in Path::new(target).components() {
        match part {
            Component::ParentDir => drop(path.pop().then_some(())?),
            Component::Normal(name) => path.push(name),
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(path)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every document of the project, by its path from the root.
fn documents() -> BTreeMap<PathBuf, String> {
    let left = |name: &str| name == "target" || (name.starts_with('.') && name.len() > 1);
    let walk = WalkDir::new(root()).into_iter();
    let walk = walk.filter_entry(|entry| entry.depth() == 0 || !entry.file_name().to_str().is_some_and(left));
    let files = walk.map(|entry| entry.expect("an entry")).filter(|entry| entry.file_type().is_file());
    let documents = files.filter(|entry| entry.path().extension().is_some_and(|end| end == "md"));
    let read = |entry: walkdir::DirEntry| {
        let path = entry.path().strip_prefix(root()).expect("below the root").to_owned();
        (path, fs::read_to_string(entry.path()).expect("a document"))
    };
    documents.map(read).collect()
}

#[test]
fn no_link_leads_nowhere() {
    let documents = documents();
    assert!(documents.len() > 20, "{} documents", documents.len());
    let read = |path: &Path| match documents.get(path) {
        Some(text) => Some(Some(text.clone())),
        None => root().join(path).exists().then_some(None),
    };
    let faults: Vec<_> = documents.iter().flat_map(|(path, text)| faults(path, text, &read)).collect();
    assert!(faults.is_empty(), "these links lead nowhere:\n{}", faults.join("\n"));
}

#[test]
fn the_contents_have_every_page_and_every_page_leads_back() {
    let documents = documents();
    let targets = |path: &Path| -> BTreeSet<PathBuf> {
        links(&documents[path]).into_iter().filter_map(|(_, target)| beside(path, &target)).collect()
    };
    let contents = Path::new(CONTENTS);
    let pages: BTreeSet<_> = documents.keys().filter(|path| path.starts_with("docs") && *path != contents).collect();
    assert!(pages.len() > 10, "{pages:?}");
    let listed = targets(contents);
    let missing: Vec<_> = pages.iter().filter(|page| !listed.contains(**page)).collect();
    assert!(missing.is_empty(), "{CONTENTS} does not list {missing:?}");
    let lost: Vec<_> = pages.iter().filter(|page| !targets(page).contains(contents)).collect();
    assert!(lost.is_empty(), "these do not lead back to {CONTENTS}: {lost:?}");
    assert!(targets(Path::new("README.md")).contains(contents), "README.md leads to the book");
}

#[test]
fn broken_links_are_found() {
    let text = "# A b, c\n[x](other.md) [y](gone.md) [z](#a-b-c) [w](#nothing)\n`[code](no.md)`\n```\n[fence](no.md)\n```\n\
                [t](other.md#two-2) [u](other.md#two-1) [v](../../out.md) [http](https://example.org/x)\n";
    let other = "## Two\n\n## Two\n";
    let read = |path: &Path| match path.to_str() {
        Some("docs/other.md") => Some(Some(other.to_owned())),
        Some("docs/this.md") => Some(Some(text.to_owned())),
        _ => None,
    };
    let found = faults(Path::new("docs/this.md"), text, &read);
    let line = |number: usize, target: &str| format!("docs/this.md:{number}: {target}");
    let expected = [line(2, "gone.md"), line(2, "#nothing"), line(7, "other.md#two-2"), line(7, "../../out.md")];
    assert_eq!(found, expected);
}
