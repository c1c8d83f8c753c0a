//! What a package says of itself, which must be what the manifest says.

use std::path::Path;

use toml::{Table, Value};

use super::choice::own_project;
use super::manifest::Entry;
use crate::limits::Limits;
use crate::package::Purl;
use crate::reason::{Answer, Code, Reason};
use crate::shown::Shown;

/// What differs. A package of the time before `Project.toml` says nothing of itself, and its tree alone binds it.
pub(super) fn declared(folder: &Path, entry: &Entry, limits: &Limits) -> Option<Reason> {
    let project = match own_project(folder, limits) {
        Ok(project) => project?,
        Err(reason) => return Some(reason),
    };
    let wanted = entry.version.as_deref().unwrap_or_default();
    let uuid = entry.uuid.to_string();
    let same = said(&project, "name").is_none_or(|name| name == Some(&entry.name))
        && said(&project, "uuid").is_none_or(|said| said.is_some_and(|said| said.eq_ignore_ascii_case(&uuid)))
        && said(&project, "version").is_none_or(|version| version.is_some_and(|version| is_same(version, wanted)));
    if same {
        return None;
    }
    let found: Vec<_> = ["name", "version", "uuid"].into_iter().filter_map(|key| said(&project, key)).collect();
    let found: Vec<_> = found.into_iter().map(|said| Shown::new(said.unwrap_or("?")).to_string()).collect();
    let message =
        format!("its own description says {}, and the manifest says {} {wanted} {uuid}", found.join(" "), entry.name);
    Some(Reason::new(Code::IdentityDiffers, Answer::Reject, message).at(super::choice::PROJECTS[1]))
}

/// What is said under a key: nothing, a text, or something that is no text.
fn said<'t>(project: &'t Table, key: &str) -> Option<Option<&'t str>> {
    project.get(key).map(Value::as_str)
}

/// Whether a version as a person writes it is the one that Julia makes of it.
fn is_same(written: &str, wanted: &str) -> bool {
    normal(written) == wanted
}

/// The version that Julia makes of one as a person writes it: `v1.2` is 1.2.0.
fn normal(written: &str) -> String {
    let written = written.strip_prefix('v').unwrap_or(written);
    let end = written.find(['-', '+']).unwrap_or(written.len());
    let (numbers, rest) = written.split_at(end);
    let missing = 3_usize.saturating_sub(numbers.split('.').count());
    format!("{numbers}{}{rest}", ".0".repeat(missing))
}

/// The package, with its version, that its own description says it is. `file` is the description's name.
///
/// # Errors
/// It names no package.
pub fn described(file: &str, description: &[u8]) -> Result<Purl, Reason> {
    let refused = |why: String| Reason::new(Code::IdentityDiffers, Answer::Reject, why).at(file);
    let project: Option<Table> = str::from_utf8(description).ok().and_then(|text| text.parse().ok());
    let missing = || refused("the description says no name, UUID and version of a package".to_owned());
    let project = project.ok_or_else(missing)?;
    let text = |key: &str| said(&project, key).flatten().ok_or_else(missing);
    let (name, uuid, version) = (text("name")?, text("uuid")?.to_ascii_lowercase(), normal(text("version")?));
    let version = version.replace('+', "%2B");
    let package = format!("pkg:julia/{name}@{version}?uuid={uuid}");
    package.parse().map_err(|error| refused(format!("what the description says is no package's name: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_julia_reads_them() {
        for (written, wanted) in [
            ("1.2.3", "1.2.3"),
            ("v1.2.3", "1.2.3"),
            ("1.2", "1.2.0"),
            ("1", "1.0.0"),
            ("1.2-rc1", "1.2.0-rc1"),
            ("3.0.15+1", "3.0.15+1"),
        ] {
            assert!(is_same(written, wanted), "{written}");
        }
        for (written, wanted) in
            [("1.2.3", "1.2.4"), ("1.2", "1.2"), ("1.2.3", "1.2.3+1"), ("", "0.0.0"), ("x", "1.0.0")]
        {
            assert!(!is_same(written, wanted), "{written}");
        }
    }

    #[test]
    fn a_description_names_its_package() {
        let good = "name = \"Example\"\nuuid = \"7876AF07-990d-54b4-ab0e-23690620f79a\"\nversion = \"v1.2+3\"\n";
        let named = described("Project.toml", good.as_bytes()).expect("a package");
        assert_eq!(named.to_string(), "pkg:julia/Example@1.2.0%2B3?uuid=7876af07-990d-54b4-ab0e-23690620f79a");
        for (from, to) in [
            ("name", "nmae"),
            ("Example", "Exa mple\u{7f}"),
            ("\"Example\"", "1"),
            ("uuid", "id"),
            ("7876", "78"),
            ("version = \"v1.2+3\"", ""),
            ("v1.2+3", "1/2"),
            ("Example", "Example.jl"),
            ("=", ""),
        ] {
            let bad = good.replacen(from, to, 1);
            let refused = described("Project.toml", bad.as_bytes()).map_err(|reason| reason.code.as_str());
            assert_eq!(refused, Err("identity-differs"), "{bad}");
        }
    }
}
