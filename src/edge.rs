//! The edge of both programs: the clock, the environment and the terminal are read here, once, and handed to the library.

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::time::SystemTime;

use countersign::cli::{self, Edge, Screen};
use countersign::programs::pager::DEFAULT;

/// What this process knows of the world.
pub(crate) fn read() -> Edge {
    #[expect(clippy::disallowed_methods, reason = "the one place where the clock is read")]
    let clock = SystemTime::now();
    let own = directories::ProjectDirs::from("dev", "", "countersign");
    Edge {
        clock,
        path: std::env::var_os("PATH").unwrap_or_default(),
        // Where it was removed, nothing is found upwards from it.
        folder: std::env::current_dir().unwrap_or_default(),
        config: own.as_ref().map(|own| own.config_dir().to_owned()),
        data: own.as_ref().map(|own| own.data_dir().to_owned()),
        state: own.as_ref().map(|own| own.state_dir().unwrap_or_else(|| own.data_local_dir()).to_owned()),
        cache: own.as_ref().map(|own| own.cache_dir().to_owned()),
        cert_d: cert_d(),
        terminal: cli::terminal::name(),
        home: directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned()),
        variables: std::env::vars_os().filter(|(name, _)| is_of_package_manager(name)).collect(),
        interactive: io::stdin().is_terminal() && io::stderr().is_terminal(),
        progress: io::stderr().is_terminal(),
        screen: screen(),
    }
}

/// How long answers are shown where somebody looks on: `PAGER` chooses the pager, where an empty one and `cat` mean none;
/// `NO_COLOR` turns colours off.
fn screen() -> Screen {
    let dumb = std::env::var_os("TERM").is_none_or(|name| name.is_empty() || name == "dumb");
    if !io::stdout().is_terminal() || dumb {
        return Screen::default();
    }
    let pager = std::env::var_os("PAGER").unwrap_or_else(|| DEFAULT.into());
    Screen {
        pager: Some(pager).filter(|pager| !pager.is_empty() && pager != "cat"),
        color: std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
    }
}

/// Whether a variable tells a package manager what to do, or where it lies.
fn is_of_package_manager(name: &std::ffi::OsStr) -> bool {
    let name = name.as_encoded_bytes();
    [b"PATH".as_slice(), b"CARGO"].contains(&name)
        || [b"CARGO_", b"JULIA_"].iter().any(|start| name.starts_with(*start))
}

/// The directory of certificates that OpenPGP programs share.
fn cert_d() -> Option<PathBuf> {
    let named = std::env::var_os("PGP_CERT_D").filter(|name| !name.is_empty()).map(PathBuf::from);
    named.or_else(|| Some(directories::BaseDirs::new()?.data_dir().join("pgp.cert.d")))
}
