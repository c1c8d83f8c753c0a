//! The user's pager: a program of the user's own choice, which gets text on its input and nothing else of ours.

use std::ffi::OsStr;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::Programs;

impl Programs {
    /// Has the user's pager show what `tell` writes. `pager` is a program with its arguments, parted by spaces, as most
    /// people write it; no shell reads it. Whoever stops reading has seen enough, which is no error.
    ///
    /// `None` where there is no such program, or it cannot be started: then nothing was told yet.
    pub fn page<T, E>(&self, pager: &OsStr, tell: impl FnOnce(&mut dyn Write) -> Result<T, E>) -> Option<Result<T, E>> {
        let mut words = pager.to_str()?.split_whitespace();
        let program = self.find_pager(words.next()?)?;
        #[expect(clippy::disallowed_methods, reason = "this folder is the one place that starts programs")]
        let mut command = Command::new(program);
        command.args(words).current_dir(Path::new("/")).stdin(Stdio::piped());
        // As git does it: quit where everything fits on one screen, show colours, leave the screen as it is.
        if pager == DEFAULT {
            command.arg("-FRX");
        }
        let mut child = command.spawn().ok()?;
        let input = child.stdin.take()?;
        let mut input = BufWriter::new(Reader { input, gone: false });
        let told = tell(&mut input);
        // What is left in the buffer goes out, and the end is seen.
        drop(input);
        // How the pager ends is between it and its user.
        drop(child.wait());
        Some(told)
    }

    /// A name is looked for in the folders of `PATH`, a path is taken as it is where it begins at the root.
    fn find_pager(&self, word: &str) -> Option<PathBuf> {
        let path = Path::new(word);
        match path.components().count() {
            1 => self.find(word),
            _ => Some(path.to_owned()).filter(|path| path.is_absolute() && path.is_file()),
        }
    }
}

/// The pager that is used where the user names none.
pub const DEFAULT: &str = "less";

/// A pager that reads, or has stopped.
struct Reader<W> {
    input: W,
    gone: bool,
}

impl<W: Write> Write for Reader<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.gone {
            return Ok(bytes.len());
        }
        match self.input.write(bytes) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.gone = true;
                Ok(bytes.len())
            }
            written => written,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.input.flush() {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            flushed => flushed,
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::convert::Infallible;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// A pager that keeps what it gets, and how it was called.
    fn pager(dir: &Path, script: &str) -> Programs {
        let path = dir.join("show");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("set");
        Programs::new(dir.as_os_str(), None)
    }

    fn tell(text: &str) -> impl FnOnce(&mut dyn Write) -> Result<usize, io::Error> {
        let text = text.to_owned();
        move |out| out.write_all(text.as_bytes()).map(|()| text.len())
    }

    #[test]
    fn a_pager_gets_the_text_and_its_arguments() {
        let dir = tempfile::tempdir().expect("a folder");
        let programs = pager(dir.path(), &format!("cat >{0}/got; echo \"$@\" >{0}/words", dir.path().display()));
        let told = programs.page(OsStr::new("show -a  $HOME;x"), tell("text"));
        assert_eq!(told.expect("a pager").expect("told"), 4);
        let got = |name: &str| fs::read_to_string(dir.path().join(name)).expect("read");
        assert_eq!((got("got").as_str(), got("words").as_str()), ("text", "-a $HOME;x\n"), "no shell reads it");
    }

    #[test]
    fn a_pager_that_quits_early_is_no_error() {
        let dir = tempfile::tempdir().expect("a folder");
        let programs = pager(dir.path(), "exit 3");
        let told = programs.page(OsStr::new("show"), tell(&"x".repeat(1 << 20)));
        assert_eq!(told.expect("a pager").expect("told"), 1 << 20);
    }

    #[test]
    fn without_such_a_program_nothing_is_told() {
        let dir = tempfile::tempdir().expect("a folder");
        let programs = pager(dir.path(), "");
        for name in ["none", "./show", "a/show", "", "  "] {
            let told = programs.page(OsStr::new(name), |_| -> Result<(), Infallible> { panic!("told") });
            assert!(told.is_none(), "{name:?}");
        }
    }
}
