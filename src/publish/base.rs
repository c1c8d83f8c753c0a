//! The tree of an earlier version, where its directory is not at hand: from what stores say of it.
//!
//! Nothing of it is believed. Whoever reviews a change from a tree that nobody vouched for says nothing about it: such a
//! review joins no chain.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::digest::Digest;
use crate::limits::Limits;
use crate::package::Purl;
use crate::shown::Shown;
use crate::statement::{Check, Kind, Manifest, Review, VersionTree, Withdrawal};
use crate::store::{FoundStatement, Store};
use crate::tree_text::TreeText;

/// Why the tree of a version could not be found.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BaseError {
    /// No statement in a store speaks of the version, or its tree text is not there.
    #[error("no store has the tree text of version {}", Shown::new(.0))]
    Unknown(String),
    /// Statements speak of several trees.
    #[error("{} is {} different trees, going by what stores say", Shown::new(.version), .trees.len())]
    Several {
        /// The version.
        version: String,
        /// The trees.
        trees: Vec<Digest>,
    },
}

impl BaseError {
    /// What to do next.
    pub fn hint(&self) -> Option<&'static str> {
        Some("name its directory: VERSION=DIR")
    }
}

/// Finds the one tree text of a version of a package.
///
/// # Errors
/// There is none, or more than one.
pub fn find(package: &Purl, version: &str, stores: &[Store], limits: &Limits) -> Result<TreeText, BaseError> {
    let mut texts = BTreeMap::new();
    let spoken = stores.iter().flat_map(|store| store.evidence(package, None).statements);
    for tree in spoken.flat_map(|found| trees(&found, limits)).filter(|one| one.version == version) {
        for store in stores {
            let text = store.tree(tree.tree).ok().flatten();
            if let Some(text) = text.and_then(|text| TreeText::parse(&text, limits).ok()) {
                texts.insert(tree.tree, text);
            }
        }
    }
    let trees: Vec<_> = texts.keys().copied().collect();
    match (texts.pop_first(), texts.is_empty()) {
        (Some((_, text)), true) => Ok(text),
        (None, _) => Err(BaseError::Unknown(version.to_owned())),
        _ => Err(BaseError::Several { version: version.to_owned(), trees }),
    }
}

/// The trees that a statement speaks of.
fn trees(found: &FoundStatement, limits: &Limits) -> Vec<VersionTree> {
    let at = |package: &Purl, tree| package.version().map(|version| VersionTree { version: version.to_owned(), tree });
    let bytes = &found.bytes;
    match found.opening.as_ref().map(|opening| opening.kind) {
        Some(Kind::Manifest) => {
            let manifest = Manifest::parse(bytes, limits).ok();
            manifest.and_then(|one| at(one.package(), one.tree())).into_iter().collect()
        }
        Some(Kind::Review) => {
            let review = Review::parse(bytes, limits).ok();
            review.iter().flat_map(|one| one.from().into_iter().chain([one.to()]).cloned()).collect()
        }
        Some(Kind::Check) => {
            let check = Check::parse(bytes, limits).ok();
            check.and_then(|one| at(one.package(), one.tree())).into_iter().collect()
        }
        Some(Kind::Withdrawal) => {
            Withdrawal::parse(bytes, limits).map(|one| one.targets().to_vec()).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}
