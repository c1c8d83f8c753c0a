//! Files of the user's own, which decide what is trusted: read whole, and only where nobody else can write them.
//!
//! Whoever can write a policy, a keyring, the lock or the state decides in the user's place. So the file and the folder
//! that it lies in must belong to the user or to root, and nobody else may write to them.

use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::reason::{Answer, Code, Reason};
use crate::shown::Shown;

/// Reads a file of at most `limit` bytes. A link that leads to it is followed where it is the user's own as well: whoever made
/// another would choose among the user's files.
///
/// # Errors
/// It is not there, cannot be read, is too large, or somebody else can write it.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, OwnFileError> {
    let unreadable = |source| OwnFileError::Unreadable { path: path.to_path_buf(), source };
    let real = fs::canonicalize(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => OwnFileError::Missing(path.to_path_buf()),
        _ => unreadable(source),
    })?;
    check_links(path)?;
    // Looked at before it is opened, for opening a FIFO would wait for ever.
    let plain = |facts: &Metadata| match facts.is_file() {
        true => Ok(()),
        false => Err(OwnFileError::NotPlain(path.to_path_buf())),
    };
    plain(&fs::symlink_metadata(&real).map_err(unreadable)?)?;
    let folder = real.parent().unwrap_or(&real);
    check(folder, &fs::symlink_metadata(folder).map_err(unreadable)?)?;
    let file = File::open(&real).map_err(unreadable)?;
    let facts = file.metadata().map_err(unreadable)?;
    plain(&facts)?;
    check(&real, &facts)?;
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > limit {
        return Err(OwnFileError::TooLarge { path: path.to_path_buf(), limit });
    }
    Ok(bytes)
}

/// Makes sure that nobody else can write a file, or put another one in the place of those in a folder.
///
/// # Errors
/// It is not there, or somebody else can.
pub fn check_path(path: &Path) -> Result<(), OwnFileError> {
    let unreadable = |source| OwnFileError::Unreadable { path: path.to_path_buf(), source };
    let real = fs::canonicalize(path).map_err(unreadable)?;
    check_links(path)?;
    check(&real, &fs::symlink_metadata(&real).map_err(unreadable)?)
}

/// Why a file of the user's own is not read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OwnFileError {
    /// There is no such file.
    #[error("{} is not there", Shown::path(.0))]
    Missing(PathBuf),
    /// A directory or a device.
    #[error("{} is no plain file", Shown::path(.0))]
    NotPlain(PathBuf),
    /// The system does not let us read it.
    #[error("{} cannot be read", Shown::path(.path))]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Over its limit.
    #[error("{} has over {limit} bytes", Shown::path(.path))]
    TooLarge {
        /// Which one.
        path: PathBuf,
        /// The limit.
        limit: u64,
    },
    /// Another user can write to it.
    #[error("{} can be written by other users, who could decide in your place", Shown::path(.0))]
    WritableByOthers(PathBuf),
}

impl OwnFileError {
    /// As a reason: no verdict is possible. `missing` and `large` are the codes that the kind of file has for these.
    pub fn reason(&self, missing: Code, large: Code) -> Reason {
        let (code, path) = match self {
            Self::Missing(path) => (missing, path),
            Self::NotPlain(path) | Self::Unreadable { path, .. } => (Code::Unreadable, path),
            Self::TooLarge { path, .. } => (large, path),
            Self::WritableByOthers(path) => (Code::WritableByOthers, path),
        };
        // The reason says where.
        let message = match self {
            Self::Missing(_) => "is not there".to_owned(),
            Self::NotPlain(_) => "is no plain file".to_owned(),
            Self::Unreadable { source, .. } => format!("cannot be read: {}", Shown::new(&source.to_string())),
            Self::TooLarge { limit, .. } => format!("has over {limit} bytes"),
            Self::WritableByOthers(_) => "can be written by other users, who could decide in your place".to_owned(),
        };
        let reason = Reason::new(code, Answer::CannotTell, message).at(path.as_os_str().as_encoded_bytes());
        match self.hint() {
            Some(hint) => reason.step(hint),
            None => reason,
        }
    }

    /// What to do.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::WritableByOthers(_) => Some("make it yours (`chown`), and let nobody else write it: `chmod go-w`"),
            _ => None,
        }
    }
}

/// Makes sure that nobody else made the links that a path is, one after the other, or can put others in their place.
fn check_links(path: &Path) -> Result<(), OwnFileError> {
    let mut path = path.to_path_buf();
    // More than any system follows.
    for _ in 0..MOST_LINKS {
        let unreadable = |source| OwnFileError::Unreadable { path: path.clone(), source };
        let facts = fs::symlink_metadata(&path).map_err(unreadable)?;
        if !facts.is_symlink() {
            break;
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        let folder = fs::canonicalize(folder).map_err(unreadable)?;
        check(&folder, &fs::symlink_metadata(&folder).map_err(unreadable)?)?;
        check_owner(&path, &facts)?;
        path = folder.join(fs::read_link(&path).map_err(unreadable)?);
    }
    Ok(())
}

/// Links that are followed.
const MOST_LINKS: usize = 64;

#[cfg(unix)]
fn check_owner(path: &Path, facts: &Metadata) -> Result<(), OwnFileError> {
    use std::os::unix::fs::MetadataExt as _;
    let ours = facts.uid() == 0 || facts.uid() == rustix::process::geteuid().as_raw();
    if ours { Ok(()) } else { Err(OwnFileError::WritableByOthers(path.to_path_buf())) }
}

#[cfg(not(unix))]
fn check_owner(_path: &Path, _facts: &Metadata) -> Result<(), OwnFileError> {
    Ok(())
}

#[cfg(unix)]
fn check(path: &Path, facts: &Metadata) -> Result<(), OwnFileError> {
    use std::os::unix::fs::MetadataExt as _;
    check_owner(path, facts)?;
    let open = facts.mode() & WRITABLE != 0;
    // In a sticky folder nobody can replace another's file.
    let sticky = facts.is_dir() && facts.mode() & STICKY != 0;
    if !open || sticky { Ok(()) } else { Err(OwnFileError::WritableByOthers(path.to_path_buf())) }
}

/// Other systems have lists of rights that we do not read.
#[cfg(not(unix))]
fn check(_path: &Path, _facts: &Metadata) -> Result<(), OwnFileError> {
    Ok(())
}

/// The mode bits by which a group or everybody may write.
#[cfg(unix)]
const WRITABLE: u32 = 0o022;
#[cfg(unix)]
const STICKY: u32 = 0o1000;

#[cfg(all(test, unix))]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn code(path: &Path) -> &'static str {
        let error = read(path, 9).err();
        error.map_or("good", |error| error.reason(Code::PolicyMissing, Code::LimitPolicy).code.as_str())
    }

    fn mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).expect("set");
    }

    #[test]
    fn who_else_can_write_decides() {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = dir.path().join("folder");
        fs::create_dir(&folder).expect("made");
        let file = folder.join("file");
        fs::write(&file, "four").expect("written");
        for (of_folder, of_file, wanted) in [
            (0o755, 0o644, "good"),
            (0o700, 0o600, "good"),
            (0o755, 0o664, "writable-by-others"),
            (0o755, 0o646, "writable-by-others"),
            (0o775, 0o644, "writable-by-others"),
            (0o757, 0o644, "writable-by-others"),
            (0o1777, 0o644, "good"),
            (0o1777, 0o666, "writable-by-others"),
        ] {
            mode(&folder, of_folder);
            mode(&file, of_file);
            assert_eq!(code(&file), wanted, "{of_folder:o} {of_file:o}");
            assert_eq!(check_path(&folder).is_ok(), ![0o775, 0o757].contains(&of_folder), "{of_folder:o}");
            // By a link, it is what the link leads to that counts.
            let link = dir.path().join("link");
            drop(fs::remove_file(&link));
            symlink(&file, &link).expect("linked");
            assert_eq!(code(&link), wanted);
        }
    }

    #[test]
    fn nobody_elses_link_chooses_among_our_files() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = |name: &str| dir.path().join(name);
        for folder in ["ours", "open", "sticky"] {
            fs::create_dir(path(folder)).expect("made");
        }
        fs::write(path("ours/file"), "four").expect("written");
        symlink("../ours/file", path("open/link")).expect("linked");
        symlink("../open/link", path("ours/link")).expect("linked");
        assert_eq!(["open/link", "ours/link"].map(|name| code(&path(name))), ["good", "good"]);
        assert!(check_path(&path("open/link")).is_ok());
        // Whoever can write there can put another link in its place; also where it is the second one.
        mode(&path("open"), 0o777);
        assert_eq!(["open/link", "ours/link"].map(|name| code(&path(name))), ["writable-by-others"; 2]);
        assert!(check_path(&path("open/link")).is_err());
        // In a sticky folder it is whose link it is; only root can make one for somebody else.
        mode(&path("sticky"), 0o1777);
        symlink("../ours/file", path("sticky/link")).expect("linked");
        assert_eq!(code(&path("sticky/link")), "good");
        if std::os::unix::fs::lchown(path("sticky/link"), Some(12345), None).is_ok() {
            assert_eq!(code(&path("sticky/link")), "writable-by-others");
        }
    }

    #[test]
    fn only_plain_files_up_to_the_limit_are_read() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = |name: &str| dir.path().join(name);
        fs::write(path("nine"), "123456789").expect("written");
        fs::write(path("ten"), "1234567890").expect("written");
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mkfifoat(rustix::fs::CWD, path("fifo"), mode).expect("a FIFO");
        symlink("loop", path("loop")).expect("linked");
        let codes = ["nine", "ten", "none", ".", "fifo", "loop"].map(|name| code(&path(name)));
        assert_eq!(codes, ["good", "limit-policy", "policy-missing", "unreadable", "unreadable", "unreadable"]);
    }
}
