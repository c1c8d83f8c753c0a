//! What the judgement hears and sees: opened statements and a measured tree. Or, for [`super::suppose`] alone, such as nobody
//! has signed and nothing has been measured of: those have a maker that nobody else can reach.

use std::fmt;

use super::suppose::Supposed;
use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::openpgp::open::OpenedStatement;
use crate::reason::Reason;
use crate::tree::MeasuredTree;

/// A statement, and the certificates that signed exactly it.
pub struct Heard<'a, S>(Word<'a, S>);

enum Word<'a, S> {
    Opened(&'a OpenedStatement<S>),
    Supposed(&'a Supposed<S>),
}

impl<'a, S> Heard<'a, S> {
    /// A statement that is only supposed.
    pub(super) fn supposed(supposed: &'a Supposed<S>) -> Self {
        Self(Word::Supposed(supposed))
    }

    /// What was said.
    pub fn statement(self) -> &'a S {
        match self.0 {
            Word::Opened(opened) => opened.statement(),
            Word::Supposed(supposed) => supposed.statement(),
        }
    }

    /// The digest of the signed bytes.
    pub fn digest(self) -> Digest {
        match self.0 {
            Word::Opened(opened) => opened.digest(),
            Word::Supposed(supposed) => supposed.digest(),
        }
    }

    /// Primary fingerprints of those whose good signature the statement admits, each once, sorted.
    pub fn signers(self) -> impl Iterator<Item = &'a Fingerprint> {
        let (opened, supposed) = match self.0 {
            Word::Opened(opened) => (Some(opened.signers()), None),
            Word::Supposed(supposed) => (None, Some(supposed.signers())),
        };
        opened.into_iter().flatten().chain(supposed.into_iter().flatten())
    }

    /// Certificates that may have signed with a key that this build cannot check.
    pub fn unsupported(self) -> impl Iterator<Item = &'a Fingerprint> {
        let opened = match self.0 {
            Word::Opened(opened) => Some(opened.unsupported()),
            Word::Supposed(_) => None,
        };
        opened.into_iter().flatten()
    }

    /// What was found about the signature files that were not counted.
    pub(super) fn findings(self) -> &'a [Reason] {
        match self.0 {
            Word::Opened(opened) => opened.findings(),
            Word::Supposed(_) => &[],
        }
    }
}

impl<'a, S> From<&'a OpenedStatement<S>> for Heard<'a, S> {
    fn from(opened: &'a OpenedStatement<S>) -> Self {
        Self(Word::Opened(opened))
    }
}

impl<S> Clone for Heard<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Heard<'_, S> {}

impl<S> Clone for Word<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Word<'_, S> {}

impl<S> fmt::Debug for Heard<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Heard").field(&self.digest()).finish()
    }
}

/// Several statements of one kind.
pub struct Words<'a, S>(List<'a, S>);

enum List<'a, S> {
    Opened(&'a [OpenedStatement<S>]),
    Supposed(&'a [Supposed<S>]),
}

impl<'a, S> Words<'a, S> {
    /// Statements that are only supposed.
    pub(super) fn supposed(supposed: &'a [Supposed<S>]) -> Self {
        Self(List::Supposed(supposed))
    }

    /// Each of them.
    pub(super) fn iter(self) -> impl Iterator<Item = Heard<'a, S>> {
        let (opened, supposed) = match self.0 {
            List::Opened(opened) => (opened, &[][..]),
            List::Supposed(supposed) => (&[][..], supposed),
        };
        opened.iter().map(Heard::from).chain(supposed.iter().map(Heard::supposed))
    }
}

impl<'a, S> From<&'a [OpenedStatement<S>]> for Words<'a, S> {
    fn from(opened: &'a [OpenedStatement<S>]) -> Self {
        Self(List::Opened(opened))
    }
}

impl<'a, S> From<&'a Vec<OpenedStatement<S>>> for Words<'a, S> {
    fn from(opened: &'a Vec<OpenedStatement<S>>) -> Self {
        Self(List::Opened(opened))
    }
}

impl<S> Default for Words<'_, S> {
    fn default() -> Self {
        Self(List::Opened(&[]))
    }
}

impl<S> Clone for Words<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Words<'_, S> {}

impl<S> Clone for List<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for List<'_, S> {}

impl<S> fmt::Debug for Words<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// The tree that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Present {
    pub(super) digest: Digest,
    pub(super) files: u64,
    pub(super) bytes: u64,
}

impl Present {
    /// A tree that is only supposed.
    pub(super) fn supposed(digest: Digest, files: u64, bytes: u64) -> Self {
        Self { digest, files, bytes }
    }
}

impl From<&MeasuredTree> for Present {
    fn from(tree: &MeasuredTree) -> Self {
        Self { digest: tree.digest(), files: tree.files(), bytes: tree.bytes() }
    }
}
