//! The web of trust: how far the user's roots reach a certificate under one of its user IDs, and along which paths.
//!
//! Certifications come from `openpgp::certify`; here they become a network, a question about it becomes a
//! [`problem::Problem`] of plain numbers, and its answer is always a set of paths that an independent checker accepts.

pub mod check;
pub mod disjoint;
pub mod flow;
pub mod independent;
pub mod problem;
#[cfg(test)]
mod testing;
