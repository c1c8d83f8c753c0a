//! Countersign.
pub mod beneath;
pub mod digest;
pub mod fingerprint;
pub mod limits;
pub mod openpgp;
pub mod package;
pub mod path;
pub mod reason;
pub mod shown;
pub mod statement;
pub mod time;
