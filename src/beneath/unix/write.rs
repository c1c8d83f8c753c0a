//! Writing beneath an open directory: whole files only, never through a link, so that a crash leaves the old state or
//! the new one.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Write;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::super::{LEFTOVER, ReadError, WriteError};
use super::{Folder, plain};

impl Folder {
    /// Opens a directory in this one, and makes it where there is none.
    ///
    /// # Errors
    /// It cannot be made, or something else has its name.
    pub fn make_folder(&self, name: impl AsRef<OsStr>) -> Result<Self, WriteError> {
        let name = name.as_ref();
        match rustix::fs::mkdirat(&self.descriptor, plain(name)?, Mode::from_raw_mode(0o777)) {
            Ok(()) => self.sync()?,
            Err(Errno::EXIST) => {}
            Err(error) => return Err(WriteError::Failed(error.into())),
        }
        Ok(self.folder(name)?)
    }

    /// Writes a file whose name is made from its content, unless it is there already. What is there with another
    /// content is damage, and is replaced. Gives whether anything was written.
    ///
    /// # Errors
    /// It cannot be written; then there is no such file, or the one of before.
    pub fn write_once(&self, name: impl AsRef<OsStr>, bytes: &[u8]) -> Result<bool, WriteError> {
        let name = plain(name.as_ref())?;
        match self.read(name, bytes.len() as u64) {
            Ok(present) if present == bytes => return Ok(false),
            Err(ReadError::NotPlain(super::Type::Folder)) => return Err(WriteError::Occupied),
            _ => {}
        }
        let (temporary, mut file) = self.create_temporary()?;
        let written = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| {
            rustix::fs::renameat(&self.descriptor, &temporary, &self.descriptor, name).map_err(Into::into)
        });
        if let Err(error) = written {
            // The error of writing is the one to tell.
            rustix::fs::unlinkat(&self.descriptor, &temporary, AtFlags::empty()).ok();
            return Err(WriteError::Failed(error));
        }
        self.sync()?;
        Ok(true)
    }

    /// Puts the directory `name` of this one into the place of `other_name` in `other`, in one step. What was there
    /// comes back under `name`; gives whether there was anything.
    ///
    /// # Errors
    /// The two do not lie on one file system, or the system's refusal; then nothing was moved.
    pub fn exchange(&self, name: &OsStr, other: &Self, other_name: &OsStr) -> Result<bool, WriteError> {
        let (name, other_name) = (plain(name)?, plain(other_name)?);
        let present = !matches!(other.facts(other_name), Err(ReadError::Missing));
        if present {
            swap(self, name, other, other_name)?;
        } else {
            rustix::fs::renameat(&self.descriptor, name, &other.descriptor, other_name)
                .map_err(|error| WriteError::Failed(error.into()))?;
        }
        other.sync()?;
        self.sync()?;
        Ok(present)
    }

    /// Waits until nobody else writes here, and keeps others waiting while the returned handle lives.
    ///
    /// # Errors
    /// The system's refusal.
    pub fn lock(&self) -> Result<impl Drop + use<>, WriteError> {
        let descriptor = rustix::fs::openat(&self.descriptor, c".", super::FOLDER_FLAGS, Mode::empty())
            .map_err(|error| WriteError::Failed(error.into()))?;
        rustix::fs::flock(&descriptor, rustix::fs::FlockOperation::LockExclusive)
            .map_err(|error| WriteError::Failed(error.into()))?;
        Ok(descriptor)
    }

    fn create_temporary(&self) -> Result<(String, File), WriteError> {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        loop {
            let count = COUNTER.fetch_add(1, Ordering::Relaxed);
            let name = format!("{LEFTOVER}{:x}-{count:x}", std::process::id());
            match rustix::fs::openat(&self.descriptor, &name, flags, Mode::from_raw_mode(0o666)) {
                Ok(descriptor) => return Ok((name, descriptor.into())),
                Err(Errno::EXIST) => {}
                Err(error) => return Err(WriteError::Failed(error.into())),
            }
        }
    }

    /// Names are on disk only once their directory is.
    fn sync(&self) -> Result<(), WriteError> {
        match rustix::fs::fsync(&self.descriptor) {
            // Some file systems cannot, and have nothing to lose then.
            Ok(()) | Err(Errno::INVAL | Errno::ROFS | Errno::NOTSUP) => Ok(()),
            Err(error) => Err(WriteError::Failed(error.into())),
        }
    }
}

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn swap(from: &Folder, name: &OsStr, to: &Folder, to_name: &OsStr) -> Result<(), WriteError> {
    let flags = rustix::fs::RenameFlags::EXCHANGE;
    rustix::fs::renameat_with(&from.descriptor, name, &to.descriptor, to_name, flags)
        .map_err(|error| WriteError::Failed(error.into()))
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn swap(_: &Folder, _: &OsStr, _: &Folder, _: &OsStr) -> Result<(), WriteError> {
    Err(WriteError::Failed(std::io::ErrorKind::Unsupported.into()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt, symlink};
    use std::path::Path;
    use std::thread;

    use super::super::super::Type;
    use super::*;

    fn folder() -> (tempfile::TempDir, Folder) {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = Folder::open(dir.path()).expect("an open folder");
        (dir, folder)
    }

    fn names(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).expect("a listing");
        let mut names: Vec<_> =
            entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("text")).collect();
        names.sort();
        names
    }

    #[test]
    fn a_folder_is_made_once_and_never_reached_by_a_link() {
        let (dir, folder) = folder();
        let outside = tempfile::tempdir().expect("a folder");
        assert!(folder.make_folder("a").expect("made").write_once("f", b"1").expect("written"));
        assert!(!folder.make_folder("a").expect("opened").write_once("f", b"1").expect("there"));
        symlink(outside.path(), dir.path().join("link")).expect("linked");
        symlink("nowhere", dir.path().join("dangling")).expect("linked");
        fs::write(dir.path().join("file"), "").expect("written");
        for (name, kind) in [("link", Type::Link), ("dangling", Type::Link), ("file", Type::File)] {
            let made = folder.make_folder(name);
            assert!(matches!(made, Err(WriteError::Read(ReadError::NotPlain(k))) if k == kind), "{name}");
        }
        for name in ["", ".", "..", "a/b", "/tmp"] {
            assert!(folder.make_folder(name).is_err(), "{name}");
            assert!(folder.write_once(name, b"x").is_err(), "{name}");
        }
        assert!(names(outside.path()).is_empty());
        assert_eq!(names(dir.path()), ["a", "dangling", "file", "link"]);
    }

    #[test]
    fn a_file_is_written_once_and_damage_is_replaced() {
        let (dir, folder) = folder();
        let path = dir.path().join("f");
        assert!(folder.write_once("f", b"good").expect("written"));
        let inode = fs::metadata(&path).expect("facts").ino();
        assert!(!folder.write_once("f", b"good").expect("there"));
        assert_eq!(fs::metadata(&path).expect("facts").ino(), inode);
        for damage in [&b"bad!"[..], b"", b"goo", b"good and more"] {
            fs::write(&path, damage).expect("damaged");
            assert!(folder.write_once("f", b"good").expect("written"));
            assert_eq!(fs::read(&path).expect("read"), b"good");
        }
        assert_eq!(names(dir.path()), ["f"]);
    }

    #[test]
    fn what_was_planted_under_a_name_is_replaced_and_not_followed() {
        let (dir, folder) = folder();
        let outside = tempfile::tempdir().expect("a folder");
        let victim = outside.path().join("victim");
        fs::write(&victim, "mine").expect("written");
        let path = dir.path().join("f");
        for target in [victim.as_path(), &outside.path().join("new"), Path::new("f")] {
            symlink(target, &path).expect("linked");
            assert!(folder.write_once("f", b"good").expect("written"));
            assert!(fs::symlink_metadata(&path).expect("facts").is_file());
            fs::remove_file(&path).expect("removed");
        }
        // The same content by a link is not the file.
        fs::write(&victim, "good").expect("written");
        symlink(&victim, &path).expect("linked");
        assert!(folder.write_once("f", b"good").expect("written"));
        assert!(fs::symlink_metadata(&path).expect("facts").is_file());
        fs::remove_file(&path).expect("removed");
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, Mode::from_raw_mode(0o600)).expect("a FIFO");
        assert!(folder.write_once("f", b"good").expect("written"));
        fs::remove_file(&path).expect("removed");
        fs::create_dir(&path).expect("made");
        assert!(matches!(folder.write_once("f", b"good"), Err(WriteError::Occupied)));
        assert_eq!(fs::read(&victim).expect("read"), b"good");
        assert_eq!(names(outside.path()), ["victim"]);
        assert_eq!(names(dir.path()), ["f"]);
    }

    #[test]
    fn leftovers_are_passed_over() {
        let (dir, folder) = folder();
        let leftovers: Vec<_> =
            (0..50_u32).map(|count| format!("{LEFTOVER}{:x}-{count:x}", std::process::id())).collect();
        for name in &leftovers {
            symlink("victim", dir.path().join(name)).expect("linked");
        }
        assert!(folder.write_once("f", b"good").expect("written"));
        assert_eq!(names(dir.path()).len(), leftovers.len() + 1);
        assert_eq!(fs::read(dir.path().join("f")).expect("read"), b"good");
    }

    #[test]
    fn two_writers_lose_nothing() {
        let (dir, _) = folder();
        let written: usize = thread::scope(|scope| {
            let writers: Vec<_> = (0..4_usize)
                .map(|writer| {
                    let path = dir.path();
                    scope.spawn(move || {
                        let folder = Folder::open(path).expect("an open folder");
                        let mut written = 0;
                        for round in 0..50 {
                            let inner = folder.make_folder(format!("{}", round % 7)).expect("made");
                            let (same, own) = (format!("same-{round}"), format!("own-{writer}-{round}"));
                            written += usize::from(inner.write_once(&same, same.as_bytes()).expect("written"));
                            written += usize::from(inner.write_once(&own, own.as_bytes()).expect("written"));
                        }
                        written
                    })
                })
                .collect();
            writers.into_iter().map(|writer| writer.join().expect("a writer")).sum()
        });
        assert!((250..=400).contains(&written), "{written}");
        let mut count = 0;
        for folder in names(dir.path()) {
            for name in names(&dir.path().join(&folder)) {
                assert_eq!(fs::read_to_string(dir.path().join(&folder).join(&name)).expect("read"), name);
                count += 1;
            }
        }
        assert_eq!(count, 250);
    }

    #[test]
    fn an_exchange_puts_one_folder_into_the_place_of_another() {
        let (dir, folder) = folder();
        let (other_dir, other) = self::folder();
        folder.make_folder("new").expect("made").write_once("f", b"new").expect("written");
        assert!(!folder.exchange("new".as_ref(), &other, "place".as_ref()).expect("moved"));
        assert_eq!(names(dir.path()), [""; 0]);
        folder.make_folder("newer").expect("made").write_once("f", b"newer").expect("written");
        assert!(folder.exchange("newer".as_ref(), &other, "place".as_ref()).expect("moved"));
        assert_eq!(fs::read(other_dir.path().join("place/f")).expect("read"), b"newer");
        assert_eq!(fs::read(dir.path().join("newer/f")).expect("read"), b"new");
        // A link in the place comes back as a link; what it leads to is not touched.
        let outside = tempfile::tempdir().expect("a folder");
        symlink(outside.path(), other_dir.path().join("link")).expect("linked");
        assert!(folder.exchange("newer".as_ref(), &other, "link".as_ref()).expect("moved"));
        assert!(fs::symlink_metadata(dir.path().join("newer")).expect("facts").is_symlink());
        assert!(names(outside.path()).is_empty());
        assert!(folder.exchange("none".as_ref(), &other, "place".as_ref()).is_err());
        assert_eq!(fs::read(other_dir.path().join("place/f")).expect("read"), b"newer");
    }

    #[test]
    fn whoever_reads_during_exchanges_sees_the_one_or_the_other() {
        let (dir, folder) = folder();
        for (name, content) in [("a", b"a"), ("b", b"b")] {
            folder.make_folder(name).expect("made").write_once("f", content).expect("written");
        }
        let done = std::sync::atomic::AtomicBool::new(false);
        thread::scope(|scope| {
            let reader = scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    assert_eq!(fs::read(dir.path().join("a/f")).expect("always there").len(), 1);
                }
            });
            for _ in 0..200 {
                folder.exchange("b".as_ref(), &folder, "a".as_ref()).expect("moved");
            }
            done.store(true, Ordering::Relaxed);
            reader.join().expect("never missing");
        });
    }

    #[test]
    fn a_lock_keeps_the_others_waiting() {
        let (dir, folder) = folder();
        let taken = folder.lock().expect("locked");
        thread::scope(|scope| {
            let (sender, receiver) = std::sync::mpsc::channel();
            scope.spawn(move || {
                let lock = Folder::open(dir.path()).expect("open").lock().expect("locked");
                sender.send(()).expect("sent");
                drop(lock);
            });
            let soon = std::time::Duration::from_millis(100);
            assert!(receiver.recv_timeout(soon).is_err());
            drop(taken);
            receiver.recv().expect("the lock is free");
        });
    }
}
