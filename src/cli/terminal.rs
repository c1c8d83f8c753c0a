//! The terminal: its name, the progress bar, and one question.

use std::ffi::OsString;
use std::io::{self, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::tree::Watcher;

/// The name of the terminal at the standard input, for gpg's PIN entry.
pub fn name() -> Option<OsString> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStringExt as _;
        let name = rustix::termios::ttyname(io::stdin(), Vec::new()).ok()?;
        Some(OsString::from_vec(name.into_bytes()))
    }
    #[cfg(not(unix))]
    None
}

/// Shows how far the hashing is.
pub(super) struct Progress {
    bar: ProgressBar,
    /// Whether packages are counted, and not bytes.
    packages: bool,
}

impl Progress {
    /// A bar over so many packages.
    pub(super) fn of_packages(looking: bool, packages: usize) -> Self {
        let target = if looking { ProgressDrawTarget::stderr_with_hz(5) } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(packages as u64), target);
        let style = ProgressStyle::with_template("  verifying {wide_bar} {pos} of {len} packages");
        Self { bar: style.map(|style| bar.clone().with_style(style)).unwrap_or(bar), packages: true }
    }

    /// A bar on standard error if somebody is `looking`, otherwise nothing.
    pub(super) fn new(looking: bool) -> Self {
        let target = if looking { ProgressDrawTarget::stderr_with_hz(5) } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        let style = ProgressStyle::with_template("  measuring {bytes} {bytes_per_sec}");
        Self { bar: style.map(|style| bar.clone().with_style(style)).unwrap_or(bar), packages: false }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl Watcher for Progress {
    fn read(&self, bytes: u64) {
        if !self.packages {
            self.bar.inc(bytes);
        }
    }

    fn verified(&self) {
        if self.packages {
            self.bar.inc(1);
        }
    }
}

/// Asks a yes-or-no question; anything but a clear yes is no.
pub(super) fn confirm(question: &str, err: &mut dyn Write) -> io::Result<bool> {
    let answer = ask(&format!("{question} [y/N]"), err)?;
    Ok(matches!(answer.as_str(), "y" | "Y" | "yes"))
}

/// Asks a question. Gives what was typed, without space around it.
pub(super) fn ask(question: &str, err: &mut dyn Write) -> io::Result<String> {
    write!(err, "{question} ")?;
    err.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(answer.trim().to_owned())
}
