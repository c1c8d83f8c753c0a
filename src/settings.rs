//! Which policy holds here, and with it which keyrings, stores and lock: searched for, read, checked.
//!
//! Nothing that lies inside of the package under test is ever read as a setting, and nothing that others can write.
//! The user's own distrust and minimum lie on top of whatever is found. A file that is there and faulty is an error,
//! never a reason to look further.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::fingerprint::Fingerprint;
use crate::keyring::{Keyring, folders_read};
use crate::limits::Limits;
use crate::own_file;
use crate::policy::{Certificates, Policy, PolicyFile};
use crate::reason::{Answer, Code, Reason};
use crate::shown::Shown;
use crate::state::LOCK;
use crate::tidy::tidy;
use crate::time::Timestamp;

/// The name of a project's policy.
pub const POLICY: &str = "countersign.toml";
/// The name of the user's policy, in their configuration folder.
pub const USER_POLICY: &str = "policy.toml";
/// The folder of keyrings that a policy has if it names none.
const KEYRINGS: &str = "keyrings";

/// Where to look.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "whoever searches must say all of it")]
pub struct Search<'a> {
    /// The policy that was named, by `--policy`.
    pub named: Option<&'a Path>,
    /// The lock that was named, by `--lock`.
    pub lock: Option<&'a Path>,
    /// What is verified.
    pub subject: Subject<'a>,
    /// The working directory.
    pub start: &'a Path,
    /// The user's configuration folder.
    pub config: Option<&'a Path>,
    /// The user's data folder: their keyring, and the lock of packages outside of any project.
    pub data: Option<&'a Path>,
    /// Further keyrings, by `--keyring`.
    pub keyrings: &'a [PathBuf],
    /// How much is read.
    pub limits: &'a Limits,
    /// When, for what in a policy runs out.
    pub at: Timestamp,
}

impl Search<'_> {
    /// The package under test.
    fn package(&self) -> Option<&Path> {
        match self.subject {
            Subject::Package(package) => Some(package),
            Subject::Project(_) | Subject::Nothing => None,
        }
    }

    fn outside(&self, path: &Path) -> Result<(), Reason> {
        self.package().map_or(Ok(()), |package| outside(path, package, self.start))
    }
}

/// What is verified, as far as the search goes.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::exhaustive_enums, reason = "each answer has its own search")]
pub enum Subject<'a> {
    /// A single package, in which nothing is ever looked for: settings lie upwards from the working directory.
    Package(&'a Path),
    /// A project, whose own settings lie in its folder.
    Project(&'a Path),
    /// Nothing: only the settings are asked about, upwards from the working directory.
    Nothing,
}

/// What holds.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// The policy, with the user's distrust and minimum on top.
    pub policy: Policy,
    /// The policy's file; none for the built-in one.
    pub file: Option<PathBuf>,
    /// All certificates of the keyrings.
    pub keyring: Keyring,
    /// The policy's stores.
    pub stores: Vec<PathBuf>,
    /// Where memory is, or will be; none where the user has no home.
    pub lock: Option<PathBuf>,
    /// What is odd, on each run.
    pub notes: Vec<Reason>,
}

impl Settings {
    /// How reports call the policy.
    pub fn source(&self) -> String {
        self.file.as_deref().map_or_else(|| BUILT_IN.to_owned(), |path| Shown::path(path).to_string())
    }
}

/// How reports call the built-in policy.
const BUILT_IN: &str = "built-in";

/// Finds and reads what holds.
///
/// # Errors
/// Every reason why nothing can be told.
pub fn find(search: &Search<'_>) -> Result<Settings, Vec<Reason>> {
    let file = policy_file(search).map_err(|reason| vec![reason])?;
    let chosen = file.as_deref().map(|path| read(path, search)).transpose()?;
    // Read before anything else: a distrust must not be lost behind another fault.
    let own = user_policy(search);
    let floor = own.as_deref().map(|path| read(path, search)).transpose()?;
    let (keyrings, stores) = match (&chosen, &file) {
        (Some(chosen), Some(path)) => places(chosen, path, search.start),
        _ => (Vec::new(), Vec::new()),
    };
    let keyring = keyring(keyrings, search)?;
    let mut notes = Vec::new();
    let policy = match (&chosen, &file) {
        (Some(chosen), Some(path)) => check(chosen, path, Some(&keyring))?,
        _ => {
            let message =
                "no policy was found: the built-in one decides, which remembers the first author of a package";
            let step = "write one: `countersign policy init`";
            notes.push(Reason::new(Code::PolicyBuiltIn, Answer::Note, message).step(step));
            Policy::built_in()
        }
    };
    if let Some(path) = &file {
        notes.extend(policy.notes(&Shown::path(path).to_string(), search.at));
    }
    let policy = match (&floor, &own) {
        (Some(floor), Some(path)) => policy.under(&check(floor, path, Some(&Floor(&keyring)))?),
        _ => policy,
    };
    let lock = lock_file(search, file.as_deref()).map_err(|reason| vec![reason])?;
    Ok(Settings { policy, file, keyring, stores, lock, notes })
}

/// Reads a policy file that is there, or was named.
///
/// # Errors
/// Every reason why nothing can be told.
fn read(path: &Path, search: &Search<'_>) -> Result<PolicyFile, Vec<Reason>> {
    search.outside(path).map_err(|reason| vec![reason])?;
    let bytes = own_file::read(path, search.limits.policy);
    let bytes = bytes.map_err(|error| {
        let reason = error.reason(Code::PolicyMissing, Code::LimitPolicy);
        let missing = reason.code == Code::PolicyMissing;
        vec![if missing { reason.step("name another, or write one: `countersign policy init`") } else { reason }]
    })?;
    let faults = |faults: Vec<crate::policy::PolicyFault>| {
        faults.iter().map(|one| one.reason(&Shown::path(path).to_string())).collect()
    };
    PolicyFile::read(&bytes, search.limits).map_err(faults)
}

fn check(file: &PolicyFile, path: &Path, known: Option<&dyn Certificates>) -> Result<Policy, Vec<Reason>> {
    let checked = file.check(known);
    checked.map_err(|faults| faults.iter().map(|fault| fault.reason(&Shown::path(path).to_string())).collect())
}

/// What is known while the user's policy is checked that only lies on top: its own roots need not be at hand.
struct Floor<'a>(&'a Keyring);

impl Certificates for Floor<'_> {
    fn primary_of(&self, subkey: &Fingerprint) -> Option<Fingerprint> {
        self.0.primary_of(subkey).cloned()
    }

    fn holds(&self, _certificate: &Fingerprint) -> bool {
        true
    }
}

fn policy_file(search: &Search<'_>) -> Result<Option<PathBuf>, Reason> {
    let found = match (search.named, search.subject) {
        (Some(named), _) => return Ok(Some(named.to_path_buf())),
        (None, Subject::Project(folder)) => Some(folder.join(POLICY)).filter(|path| is_there(path)),
        (None, Subject::Package(package)) => upwards(POLICY, search.start, Some(package))?,
        (None, Subject::Nothing) => upwards(POLICY, search.start, None)?,
    };
    Ok(found.or_else(|| user_policy(search)))
}

fn user_policy(search: &Search<'_>) -> Option<PathBuf> {
    Some(search.config?.join(USER_POLICY)).filter(|path| is_there(path))
}

/// Where the lock is: beside the policy of the project, or with the user's data.
fn lock_file(search: &Search<'_>, policy: Option<&Path>) -> Result<Option<PathBuf>, Reason> {
    let found = match (search.lock, search.subject) {
        (Some(named), _) => Some(named.to_path_buf()),
        (None, Subject::Project(folder)) => Some(folder.join(LOCK)),
        (None, Subject::Package(package)) => upwards(LOCK, search.start, Some(package))?,
        (None, Subject::Nothing) => upwards(LOCK, search.start, None)?,
    };
    let beside = || {
        let of_project = policy.filter(|path| path.file_name().is_some_and(|name| name == POLICY));
        of_project.and_then(Path::parent).map(|folder| folder.join(LOCK))
    };
    let lock = found.or_else(beside).or_else(|| search.data.map(|data| data.join(LOCK)));
    lock.iter().try_for_each(|path| search.outside(path))?;
    Ok(lock)
}

/// The first file of a name from a folder upwards, none of them inside of the package.
fn upwards(name: &str, start: &Path, package: Option<&Path>) -> Result<Option<PathBuf>, Reason> {
    let start = fs::canonicalize(start).map_err(|error| unreadable(start, &error))?;
    let outside = start.ancestors().filter(|folder| package.is_none_or(|package| !lies_in(folder, package)));
    Ok(outside.map(|folder| folder.join(name)).find(|path| is_there(path)))
}

/// Reads just these keyrings, for a question about `package` that no policy has a part in. `start` is the working
/// directory.
///
/// # Errors
/// Every reason why nothing can be told.
pub fn keyrings(paths: &[PathBuf], package: &Path, start: &Path, limits: &Limits) -> Result<Keyring, Vec<Reason>> {
    read_keyrings(paths, Some((package, start)), limits)
}

/// Refuses a setting that lies inside of the package under test, by whatever links it was reached. `start` is the
/// working directory.
///
/// # Errors
/// It does.
pub fn outside(path: &Path, package: &Path, start: &Path) -> Result<(), Reason> {
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let written = start.join(path);
    if lies_in(&real, package) || written.parent().is_some_and(|folder| lies_in(folder, package)) {
        let message = "this lies inside of the package under test, so it is not read: what is judged cannot judge";
        let reason = Reason::new(Code::InsidePackage, Answer::CannotTell, message).step("name one that lies elsewhere");
        return Err(reason.at(path.as_os_str().as_encoded_bytes()));
    }
    Ok(())
}

/// Whether a path is a folder or lies in it, compared by what the paths lead to.
pub(crate) fn lies_in(path: &Path, folder: &Path) -> bool {
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let folder_path = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_path_buf());
    real.ancestors().any(|above| above == folder_path || same_folder(above, &folder_path))
}

/// One folder may be reached by two paths, as where it is mounted twice.
#[cfg(unix)]
fn same_folder(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let [one, other] = [one, other].map(|path| fs::metadata(path).map(|facts| (facts.dev(), facts.ino())));
    matches!((one, other), (Ok(one), Ok(other)) if one == other)
}

#[cfg(not(unix))]
fn same_folder(_one: &Path, _other: &Path) -> bool {
    false
}

/// Whether there is anything of this name; also what we may not look at, for reading it will tell.
fn is_there(path: &Path) -> bool {
    match fs::symlink_metadata(path) {
        Ok(_) => true,
        Err(error) => !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory),
    }
}

/// The keyrings and stores that a policy names, from its own folder.
fn places(file: &PolicyFile, path: &Path, start: &Path) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    let from_here = |names: &[String]| names.iter().map(|name| tidy(&folder.join(name), start)).collect::<Vec<_>>();
    let keyrings = match file.keyrings() {
        Some(named) => from_here(named),
        None => Some(folder.join(KEYRINGS)).filter(|path| is_there(path)).into_iter().collect(),
    };
    (keyrings, from_here(file.stores()))
}

/// Reads all keyrings: the policy's, those on the command line, and the user's own.
fn keyring(named: Vec<PathBuf>, search: &Search<'_>) -> Result<Keyring, Vec<Reason>> {
    let own = search.data.map(|data| data.join("keyring")).filter(|path| is_there(path));
    let paths: Vec<_> = named.into_iter().chain(search.keyrings.to_vec()).chain(own).collect();
    read_keyrings(&paths, search.package().map(|package| (package, search.start)), search.limits)
}

/// Reads keyrings that are the user's alone, and of which nothing lies inside of the package, where there is one.
fn read_keyrings(paths: &[PathBuf], package: Option<(&Path, &Path)>, limits: &Limits) -> Result<Keyring, Vec<Reason>> {
    if paths.is_empty() {
        return Ok(Keyring::default());
    }
    let mut reasons = Vec::new();
    for path in paths {
        if let Some((package, start)) = package {
            let parts = folders_read(path);
            let inside = [path].into_iter().chain(&parts).find_map(|path| outside(path, package, start).err());
            reasons.extend(inside);
        }
        reasons.extend(owned(path).err());
    }
    if !reasons.is_empty() {
        return Err(reasons);
    }
    Keyring::read(paths, limits).map_err(|error| vec![error.reason()])
}

/// A keyring, with all that is in it, which nobody else can write. What is not there is told by whoever reads it.
fn owned(path: &Path) -> Result<(), Reason> {
    let Ok(real) = fs::canonicalize(path) else { return Ok(()) };
    let refused = |error: own_file::OwnFileError| error.reason(Code::Unreadable, Code::LimitKeyring);
    own_file::check_path(path).map_err(refused)?;
    let folder = real.parent().map(Path::to_path_buf);
    let inside = WalkDir::new(&real).into_iter().filter_map(Result::ok);
    let plain = inside.filter(|entry| !entry.path_is_symlink()).map(walkdir::DirEntry::into_path);
    for path in folder.into_iter().chain(plain) {
        own_file::check_path(&path).map_err(refused)?;
    }
    Ok(())
}

fn unreadable(path: &Path, error: &io::Error) -> Reason {
    let message = format!("it cannot be read: {}", Shown::new(&error.to_string()));
    Reason::new(Code::Unreadable, Answer::CannotTell, message).at(path.as_os_str().as_encoded_bytes())
}

#[cfg(test)]
mod tests;
