//! Policies to start from. `docs/policy.md` explains each of them, and holds the same text.

/// A policy to start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Template {
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub purpose: &'static str,
    /// The file.
    pub text: &'static str,
}

/// Every template.
pub const TEMPLATES: &[Template] = &[
    Template {
        name: "alone",
        purpose: "one user: remember the first author of each package, accept unsigned ones as such",
        text: include_str!("templates/alone.toml"),
    },
    Template {
        name: "team",
        purpose: "a team whose members sign its own packages by two, and everything else by first use",
        text: include_str!("templates/team.toml"),
    },
    Template {
        name: "debian-like",
        purpose: "a ring of people who certified each other, where each package has its own maintainers",
        text: include_str!("templates/debian-like.toml"),
    },
    Template {
        name: "registry",
        purpose: "a registry whose root grants its authors the role for single packages",
        text: include_str!("templates/registry.toml"),
    },
    Template {
        name: "adoption",
        purpose: "getting started: a few packages must be signed, the rest only must not get worse",
        text: include_str!("templates/adoption.toml"),
    },
    Template {
        name: "reviewed",
        purpose: "a team of which two read what others wrote, and a bot that signs what tools found",
        text: include_str!("templates/reviewed.toml"),
    },
];

/// The policy where there is none.
pub(super) const BUILT_IN: &str = include_str!("templates/built-in.toml");
