//! The `countersign` program.

use std::io;
use std::process::ExitCode;

mod edge;

fn main() -> ExitCode {
    let edge = edge::read();
    ExitCode::from(countersign::cli::run(std::env::args_os(), &edge, &mut io::stdout().lock(), &mut io::stderr()))
}
