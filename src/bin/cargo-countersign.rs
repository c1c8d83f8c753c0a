//! The `cargo-countersign` program, which cargo starts for `cargo countersign`.

use std::io;
use std::process::ExitCode;

#[path = "../edge.rs"]
mod edge;

fn main() -> ExitCode {
    let edge = edge::read();
    // Not locked: cargo, which is started here, writes to the same.
    ExitCode::from(countersign::cli::run_for_cargo(std::env::args_os(), &edge, &mut io::stdout(), &mut io::stderr()))
}
