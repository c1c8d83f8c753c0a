//! Countersign decides whether a machine should accept third-party code, and says why.
//!
//! The way of a package, from bytes to verdict; one verb an arrow:
//!
//! ```text
//! folder ──measure──▶ MeasuredTree ──────────────────────────────────────────┐
//! statement + signatures ──new──▶ SignedStatement ──open──▶ OpenedStatement ─┤
//! keyring files ──read──▶ Keyring ──lay out──▶ Network ──authenticate──▶ Authentication ┼─judge─▶ Verdict ─tell─▶ Report
//! policy.toml ──read──▶ PolicyFile ──check──▶ Policy ────────────────────────┤      (text, JSON, exit code)
//! countersign.lock ──read──▶ Lock (what was accepted) ───────────────────────┘
//! ```
//!
//! `read` proves nothing; "verify" means only the whole ([`verify`]). Each of these is evidence: a type with private
//! fields and one maker.
//!
//! | evidence | says | made only by |
//! |---|---|---|
//! | [`tree::MeasuredTree`] | this was on disk | [`tree::survey`] |
//! | [`openpgp::open::SignedStatement`] | bytes came in; nothing comes out but by `open` | its `new` |
//! | [`openpgp::GoodSignature`] | this certificate's key signed exactly these bytes, and was fit to | [`openpgp::check::check`] |
//! | [`openpgp::open::OpenedStatement`] | these certificates signed exactly this | [`openpgp::open::SignedStatement::open`] |
//! | [`openpgp::certify::Certification`] | this issuer really certified that user ID, valid at `at` | [`openpgp::certify::check`] |
//! | [`trust::check::PathSet`] | these paths keep every rule and budget of a problem together | its `check` |
//! | [`trust::Authentication`] | the roots reach this binding with this amount, by these paths | [`trust::View::authenticate`] |
//! | [`publish::Release`] | this is what users will receive, and it is what it is signed as | [`publish::release::measure`] |
//! | [`verdict::Acceptance`] | the policy is met, on this basis | [`verdict::judge`] |
//!
//! The modules are floors, each using only those below it; `tests/suite/floors.rs` lists and checks them.

pub mod accept;
pub mod archive;
pub mod audit;
pub mod author;
pub mod beneath;
pub mod cache;
pub mod certification;
pub mod cli;
pub mod diff;
pub mod digest;
pub mod ecosystem;
pub mod fingerprint;
pub mod git;
pub mod git_tree;
pub mod grant;
pub mod keyring;
pub mod limits;
pub mod lock;
pub mod openpgp;
pub mod own_file;
pub mod package;
pub mod path;
pub mod pattern;
pub mod policy;
pub mod programs;
pub mod publish;
pub mod reading;
pub mod reason;
pub mod report;
pub mod settings;
pub mod setup;
pub mod shown;
mod spelling;
pub mod state;
pub mod statement;
pub mod store;
pub mod suggest;
pub mod tidy;
pub mod time;
pub mod tree;
pub mod tree_text;
pub mod trust;
pub mod verdict;
pub mod verify;
pub mod version_order;
