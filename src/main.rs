//! The `countersign` program: reads the clock, the environment and the terminal, and hands them to the library.

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;
use std::time::SystemTime;

use countersign::cli::{self, Edge};

fn main() -> ExitCode {
    #[expect(clippy::disallowed_methods, reason = "the one place where the clock is read")]
    let clock = SystemTime::now();
    let edge = Edge {
        clock,
        path: std::env::var_os("PATH").unwrap_or_default(),
        terminal: cli::terminal::name(),
        interactive: io::stdin().is_terminal() && io::stderr().is_terminal(),
        progress: io::stderr().is_terminal(),
    };
    ExitCode::from(cli::run(std::env::args_os(), &edge, &mut io::stdout().lock(), &mut io::stderr()))
}
