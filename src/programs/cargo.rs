//! Cargo, for whoever typed a command of cargo: `cargo countersign build` and `publish`, and nothing else.
//!
//! Which cargo it is, the user says: the one that started us (`CARGO`), else the first in the absolute folders of their `PATH`;
//! never one that lies in the project. It runs in the user's own folder with what they typed, as it would without us.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use thiserror::Error;

use super::Programs;
use crate::settings;
use crate::shown::Shown;

/// A cargo that was found.
#[derive(Debug)]
pub struct Cargo {
    program: PathBuf,
    folder: PathBuf,
}

impl Programs {
    /// Finds cargo, for a command in `folder`. `named` is the value of `CARGO`.
    ///
    /// # Errors
    /// There is none, or it lies in the project.
    pub fn cargo(&self, named: Option<&OsStr>, folder: &Path) -> Result<Cargo, CargoError> {
        let named = named.map(PathBuf::from).filter(|path| path.is_absolute() && path.is_file());
        let program = named.or_else(|| self.find("cargo")).ok_or(CargoError::Missing)?;
        let cargo = Cargo { program, folder: folder.to_owned() };
        if let Some(project) = folder.ancestors().find(|folder| folder.join("Cargo.toml").exists()) {
            cargo.check_outside(project)?;
        }
        Ok(cargo)
    }
}

impl Cargo {
    /// Makes sure that it is no part of a project.
    ///
    /// # Errors
    /// It is.
    pub fn check_outside(&self, project: &Path) -> Result<(), CargoError> {
        let inside = settings::lies_in(&self.program, project)
            || self.program.parent().is_some_and(|folder| settings::lies_in(folder, project));
        if inside { Err(CargoError::Inside(self.program.clone())) } else { Ok(()) }
    }

    /// Where the manifest lies that cargo would use here, or the one of its workspace. Cargo reads manifests for that, and
    /// starts nothing.
    ///
    /// # Errors
    /// There is none.
    pub fn manifest(&self, named: Option<&OsStr>, of_workspace: bool) -> Result<PathBuf, CargoError> {
        let mut cargo = self.command();
        cargo.args(["locate-project", "--message-format=plain"]).args(of_workspace.then_some("--workspace"));
        let said = self.answer(&mut cargo, named)?;
        let path = said.strip_suffix(b"\n").unwrap_or(&said);
        let path = str::from_utf8(path).map_err(|_| CargoError::Answer)?;
        Some(PathBuf::from(path)).filter(|path| path.is_absolute()).ok_or(CargoError::Answer)
    }

    /// What cargo says of the packages of a workspace, as JSON of its version 1.
    ///
    /// # Errors
    /// It says nothing.
    pub fn metadata(&self, named: Option<&OsStr>) -> Result<Vec<u8>, CargoError> {
        let mut cargo = self.command();
        cargo.args(["metadata", "--no-deps", "--format-version=1"]);
        self.answer(&mut cargo, named)
    }

    /// Runs it with these words, and with the user's own input and output. Gives its exit code.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn run(&self, words: &[OsString]) -> Result<u8, CargoError> {
        let status = self.command().args(words).status().map_err(CargoError::Start)?;
        Ok(status.code().and_then(|code| code.try_into().ok()).unwrap_or(KILLED))
    }

    fn answer(&self, cargo: &mut Command, manifest: Option<&OsStr>) -> Result<Vec<u8>, CargoError> {
        if let Some(manifest) = manifest {
            cargo.arg("--manifest-path").arg(manifest);
        }
        let said = cargo.stdin(Stdio::null()).stderr(Stdio::inherit()).output().map_err(CargoError::Start)?;
        if said.status.success() { Ok(said.stdout) } else { Err(CargoError::Refused) }
    }

    fn command(&self) -> Command {
        #[expect(clippy::disallowed_methods, reason = "this folder is the one place that starts programs")]
        let mut command = Command::new(&self.program);
        command.current_dir(&self.folder);
        command
    }
}

/// The exit code of a cargo that was killed.
const KILLED: u8 = 101;

/// Why cargo did not do what we asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CargoError {
    /// There is none.
    #[error("cargo was not found in PATH")]
    Missing,
    /// It lies in the project.
    #[error("{} lies in the project itself, so it is not started", Shown::path(.0))]
    Inside(PathBuf),
    /// It does not start.
    #[error("cargo could not be started")]
    Start(#[source] io::Error),
    /// It said why itself.
    #[error("cargo did not tell which project this is")]
    Refused,
    /// Not what cargo should say.
    #[error("cargo's answer cannot be read")]
    Answer,
}

impl CargoError {
    /// What to do next.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Missing => "install Rust, and see that its folder is in PATH by its absolute name",
            Self::Inside(_) => "see what PATH and CARGO say; a project must not choose which programs run",
            Self::Refused => "see what cargo says above; it needs a project with a Cargo.toml",
            _ => return None,
        })
    }
}
