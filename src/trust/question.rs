//! A question to the network.

use crate::fingerprint::Fingerprint;
use crate::grant::{Amount, Role};
use crate::package::Purl;

/// Is this certificate, under this user ID, reached; and for which package and role?
///
/// The time is the network's, the roots are the view's.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "whoever asks must say all of it")]
pub struct Question {
    /// The certificate.
    pub certificate: Fingerprint,
    /// Its user ID. What is reached for several user IDs is never summed.
    pub user_id: String,
    /// The package; without it, scopes and roles limit nothing.
    pub package: Option<Purl>,
    /// The role that the last certification must grant for the package; none to ask who somebody is.
    pub role: Option<Role>,
    /// The most certifications that a path may have; none for no limit but those that the certifications set.
    pub max_depth: Option<usize>,
    /// How much is wanted: the search stops there.
    pub wanted: Amount,
    /// How many of the paths must share no certificate but roots and the target; 1 asks for nothing.
    pub paths: usize,
}

impl Question {
    /// Who is this, fully, over at most three certifications?
    pub fn who(certificate: Fingerprint, user_id: impl Into<String>) -> Self {
        Self {
            certificate,
            user_id: user_id.into(),
            package: None,
            role: None,
            max_depth: Some(DEFAULT_MAX_DEPTH),
            wanted: Amount::FULL,
            paths: 1,
        }
    }

    /// The role, where there is a package for which it could be granted.
    pub(super) fn granted_role(&self) -> Option<Role> {
        self.package.as_ref().and(self.role)
    }
}

/// The most certifications on a path, unless told otherwise.
pub const DEFAULT_MAX_DEPTH: usize = 3;
