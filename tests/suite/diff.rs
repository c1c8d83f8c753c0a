//! The difference of two trees: random ones, real crates against git, and everything that hides from a reader.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "shared functions of tests")]

mod applied;
mod crates;
mod hidden;
mod screen;
