//! Everything that is tested from outside of the library, in one binary. A file in this folder that is not listed here
//! fails `floors`.

mod arch_and_gpg;
mod archives;
mod attacks;
mod browser;
mod cache;
mod card;
mod certify;
mod codes;
mod commands;
mod corpus;
mod crates;
mod debian;
mod diff;
mod docs;
mod doctor;
mod fifty_crates;
mod first_sight;
mod first_verdict;
mod floors;
mod git_trees;
mod gpg_matrix;
mod hostile_keyrings;
mod keyring;
mod memory;
mod networks;
mod page;
mod places;
mod policy;
mod projects;
mod real_networks;
mod registry;
mod sign;
mod tools;
mod trust;
mod verdicts;
