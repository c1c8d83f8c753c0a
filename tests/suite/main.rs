//! Everything that is tested from outside of the library, in one binary. A file in this folder that is not listed here
//! fails `floors`.

mod card;
mod codes;
mod floors;
// Needs the command line: take this `cfg` away as soon as `verify` answers.
#[cfg(any())]
mod gpg_matrix;
mod tools;
