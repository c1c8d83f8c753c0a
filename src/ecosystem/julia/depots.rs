//! Depots: the folders in which Julia keeps what it downloads, in the order in which it looks.
//!
//! Where versions of Julia do not agree which depots an empty part of `JULIA_DEPOT_PATH` stands for, those of all are taken:
//! a copy more is verified, and none goes unseen.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::super::Env;
use super::installation::Installation;

/// The depots, each once.
pub(super) fn depots(env: &Env<'_>, installation: &Installation) -> Vec<PathBuf> {
    let prefix = installation.prefix.as_deref();
    let bundled = prefix.map(|prefix| ["local/share/julia", "share/julia"].map(|depot| prefix.join(depot)));
    let own = env.home.map(|home| home.join(".julia"));
    let defaults: Vec<PathBuf> = own.into_iter().chain(bundled.into_iter().flatten()).collect();
    let named = env.variables.iter().find(|(name, _)| name == "JULIA_DEPOT_PATH").map(|(_, value)| value.as_os_str());
    let Some(named) = named else { return defaults };
    // A variable that is there and empty means no depot at all.
    let mut depots: Vec<PathBuf> = Vec::new();
    for part in parts(named, SEPARATOR) {
        let those = if part.as_os_str().is_empty() { defaults.clone() } else { vec![expanded(&part, env)] };
        for depot in those {
            if !depots.contains(&depot) {
                depots.push(depot);
            }
        }
    }
    depots
}

/// The parts of a list of paths; none of an empty one.
fn parts(list: &OsStr, separator: char) -> Vec<PathBuf> {
    match list.to_str() {
        Some("") => Vec::new(),
        Some(text) => text.split(separator).map(PathBuf::from).collect(),
        None => std::env::split_paths(list).collect(),
    }
}

/// A path with the user's home in the place of a first `~`, starting from the working directory.
fn expanded(path: &Path, env: &Env<'_>) -> PathBuf {
    match (path.strip_prefix("~"), env.home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => env.folder.join(path),
    }
}

/// What stands between two paths of a list.
const SEPARATOR: char = if cfg!(windows) { ';' } else { ':' };

#[cfg(test)]
mod tests {
    use super::*;

    fn told(value: Option<&str>, installation: &Installation) -> Vec<String> {
        let variables: Vec<_> = value.map(|value| ("JULIA_DEPOT_PATH".into(), value.into())).into_iter().collect();
        let env = Env { folder: Path::new("/here"), home: Some(Path::new("/me")), variables: &variables, named: None };
        depots(&env, installation).iter().map(|depot| depot.display().to_string()).collect()
    }

    #[test]
    #[cfg(unix)]
    fn empty_parts_stand_for_the_defaults() {
        let installation = Installation { prefix: Some("/opt/julia".into()), version: None };
        let defaults = ["/me/.julia", "/opt/julia/local/share/julia", "/opt/julia/share/julia"];
        let with = |before: &[&'static str], after: &[&'static str]| [before, &defaults, after].concat();
        for (value, expected) in [
            (None, defaults.to_vec()),
            (Some(""), vec![]),
            (Some(":"), defaults.to_vec()),
            (Some("/a"), vec!["/a"]),
            (Some("/a:/b:/a"), vec!["/a", "/b"]),
            (Some("/a:"), with(&["/a"], &[])),
            (Some(":/a"), with(&[], &["/a"])),
            (Some("/a::/b"), with(&["/a"], &["/b"])),
            (Some("/me/.julia:/b:"), vec!["/me/.julia", "/b", defaults[1], defaults[2]]),
            (Some("~/d:~:d:~you"), vec!["/me/d", "/me/", "/here/d", "/here/~you"]),
        ] {
            assert_eq!(told(value, &installation), expected, "{value:?}");
        }
        assert_eq!(told(None, &Installation::default()), ["/me/.julia"]);
    }

    #[test]
    fn other_systems_have_other_separators() {
        let parts = |list: &str, separator| parts(OsStr::new(list), separator);
        assert_eq!(parts(r"C:\a;;D:\b", ';'), [r"C:\a", "", r"D:\b"].map(PathBuf::from));
        assert_eq!(parts("/a;b:/c", ':'), ["/a;b", "/c"].map(PathBuf::from));
    }
}
