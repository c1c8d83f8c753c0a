//! Where Julia is installed, and of which version it is, found out by looking for it and without starting it.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::Env;

/// Julia, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Installation {
    /// The folder that it was installed into.
    pub(super) prefix: Option<PathBuf>,
    /// Its major and minor version, which name the folder of its standard library.
    pub(super) version: Option<(u32, u32)>,
}

impl Installation {
    /// The one whose programs lie where `JULIA_BINDIR` says, or the first that `PATH` leads to.
    pub(super) fn find(env: &Env<'_>) -> Self {
        let named = env.variable("JULIA_BINDIR").map(|folder| env.folder.join(folder));
        let Some(programs) = named.or_else(|| programs(env)) else { return Self::default() };
        let Some(prefix) = programs.parent().map(Path::to_path_buf) else { return Self::default() };
        // A launcher that chooses among several lies where no Julia is.
        let Some(libraries) = libraries(&prefix) else { return Self::default() };
        let version = match libraries.as_slice() {
            [version] => Some(*version),
            _ => None,
        };
        Self { prefix: Some(prefix), version }
    }

    /// The folder of a package of the standard library.
    pub(super) fn builtin(&self, name: &str) -> Option<PathBuf> {
        let (prefix, (major, minor)) = (self.prefix.as_ref()?, self.version?);
        Some(prefix.join(LIBRARIES).join(format!("v{major}.{minor}")).join(name))
    }
}

/// The folder of the first program called `julia`, with every link on the way followed.
fn programs(env: &Env<'_>) -> Option<PathBuf> {
    let name = if cfg!(windows) { "julia.exe" } else { "julia" };
    let mut folders = std::env::split_paths(env.variable("PATH")?);
    let program = folders.find_map(|folder| Some(env.folder.join(folder).join(name)).filter(|file| file.is_file()))?;
    fs::canonicalize(program).ok()?.parent().map(Path::to_path_buf)
}

/// The versions of the standard libraries below a folder; none where there is no such place.
fn libraries(prefix: &Path) -> Option<Vec<(u32, u32)>> {
    let folders = fs::read_dir(prefix.join(LIBRARIES)).ok()?.filter_map(Result::ok);
    Some(folders.filter_map(|folder| version(folder.file_name().to_str()?.strip_prefix('v')?)).collect())
}

/// A version of two numbers, as names of files have it.
pub(super) fn version(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once('.')?;
    let number = |digits: &str| digits.parse().ok().filter(|number: &u32| number.to_string() == digits);
    Some((number(major)?, number(minor)?))
}

/// Where the standard libraries lie, below the folder of the installation.
const LIBRARIES: &str = "share/julia/stdlib";
