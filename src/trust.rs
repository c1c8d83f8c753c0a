//! The web of trust: how far the user's roots reach a certificate under one of its user IDs, and along which paths.
//!
//! Certifications come from `openpgp::certify`; here they become a network, a question about it becomes a
//! [`problem::Problem`] of plain numbers, and its answer is always a set of paths that an independent checker accepts.

pub mod authentication;
pub mod authorisation;
pub mod check;
pub mod compiled;
pub mod disjoint;
pub mod explain;
pub mod flow;
pub mod independent;
pub mod network;
mod posed;
pub mod problem;
pub mod question;
mod reach;
pub mod roots;
#[cfg(test)]
pub(crate) mod testing;
pub mod view;

pub use authentication::{Authentication, Obstacle, TrustPath};
pub use compiled::Compiled;
pub use explain::Explanation;
pub use network::Network;
pub use question::Question;
pub use roots::{NetworkKind, RetiredIssuers, Root, Viewpoint, ViewpointError};
pub use view::View;
