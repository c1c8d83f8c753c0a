//! `countersign sign` with real gpg in throwaway homes: which key signs, what is said where it cannot, what a release
//! follows, and what a crash or a full disk leaves behind.

#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "these tests are about other programs")]
#![allow(clippy::unwrap_used, reason = "shared functions of tests")]

mod cargo;
mod commit;
mod crash;
mod desk;
pub(crate) mod full_disk;
mod init;
mod keys;
mod packed;
mod refusals;
mod releases;
mod reviewing;
mod said;
