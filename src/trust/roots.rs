//! From where the user looks at the network: roots, distrust and the user's own word.

use std::collections::BTreeSet;

use thiserror::Error;

use super::network::Network;
use crate::fingerprint::Fingerprint;
use crate::grant::{Amount, Depth, Grant};
use crate::keyring::Keyring;
use crate::reason::{Answer, Code, Reason};

/// A certificate at which trust starts. It introduces; of itself it is neither author nor reviewer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "whoever names a root must say all of it")]
pub struct Root {
    /// Its primary key's fingerprint.
    pub fingerprint: Fingerprint,
    /// The flow that may start here in all.
    pub amount: Amount,
    /// How many hops paths from here may have.
    pub depth: Depth,
    /// The roles and packages to which it is limited; none for no limit.
    pub grant: Grant,
}

impl Root {
    /// A root of full amount and unlimited depth, for everything.
    pub fn full(fingerprint: Fingerprint) -> Self {
        Self { fingerprint, amount: Amount::FULL, depth: Depth::UNLIMITED, grant: Grant::default() }
    }
}

/// Whether the edges of issuers who have expired or retired since count: they may be back-dated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_enums, reason = "yes or no, with a name")]
pub enum RetiredIssuers {
    /// They do not, as in verdicts.
    #[default]
    LeaveOut,
    /// They do, as OpenPGP has it; whoever shows them marks them.
    Count,
}

/// How certifications are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_enums, reason = "the two kinds of network")]
pub enum NetworkKind {
    /// As they are: they delegate as far as they say.
    #[default]
    Trust,
    /// Every certification delegates, to whom and how far does not matter. For exploring, never for a verdict.
    Certification,
}

/// From where the user looks.
#[derive(Debug, Clone, Default)]
#[expect(clippy::exhaustive_structs, reason = "whoever looks must say all of it")]
pub struct Viewpoint {
    /// Where trust starts.
    pub roots: Vec<Root>,
    /// Certificates that are no nodes: their certifications are void, and nobody reaches them.
    pub distrusted: BTreeSet<Fingerprint>,
    /// The user's own certificate, whose newest certification of a binding caps it.
    pub own: Option<Fingerprint>,
    /// Whether edges of retired issuers count.
    pub retired: RetiredIssuers,
    /// How certifications are read.
    pub kind: NetworkKind,
}

impl Viewpoint {
    /// Holds the names against a keyring. Gives notes about those that are not in it.
    ///
    /// # Errors
    /// A subkey's fingerprint in place of a primary key's, or a root that is named twice.
    pub fn check(&self, keyring: &Keyring) -> Result<Vec<Reason>, ViewpointError> {
        self.check_in(keyring)
    }

    pub(super) fn check_in(&self, known: &impl Known) -> Result<Vec<Reason>, ViewpointError> {
        let roots = self.roots.iter().map(|root| (&root.fingerprint, Code::PolicyRootMissing, "root"));
        let distrusted = self.distrusted.iter().map(|one| (one, Code::PolicyDistrustUnknown, "distrusted certificate"));
        let own = self.own.iter().map(|own| (own, Code::PolicyRootMissing, "certificate of your own"));
        let mut notes = Vec::new();
        for (fingerprint, code, what) in roots.chain(distrusted).chain(own) {
            match known.has(fingerprint) {
                Some(local) if local || code != Code::PolicyRootMissing => continue,
                _ => {}
            }
            if let Some(primary) = known.primary_of(fingerprint) {
                return Err(ViewpointError::Subkey { what, subkey: fingerprint.clone(), primary: primary.clone() });
            }
            let todo = match code {
                // Who is distrusted stays so; but a misspelt fingerprint protects from nobody.
                Code::PolicyDistrustUnknown => "compare the digits",
                _ => "import its certificate, or remove it",
            };
            let message = format!("the {what} {fingerprint} is in no keyring; {todo}");
            notes.push(Reason::new(code, Answer::Note, message));
        }
        let mut seen = BTreeSet::new();
        match self.roots.iter().find(|root| !seen.insert(&root.fingerprint)) {
            Some(twice) => Err(ViewpointError::Twice { root: twice.fingerprint.clone() }),
            None => Ok(notes),
        }
    }
}

/// Where certificates are looked up.
pub(super) trait Known {
    /// Whether a certificate is the user's own choice, and none if it is not there.
    fn has(&self, fingerprint: &Fingerprint) -> Option<bool>;
    /// The certificate that a subkey comes with.
    fn primary_of(&self, subkey: &Fingerprint) -> Option<&Fingerprint>;
}

impl Known for Keyring {
    fn has(&self, fingerprint: &Fingerprint) -> Option<bool> {
        self.by_fingerprint(fingerprint).map(|_| !self.is_only_evidence(fingerprint))
    }

    fn primary_of(&self, subkey: &Fingerprint) -> Option<&Fingerprint> {
        self.primary_of(subkey)
    }
}

impl Known for Network<'_> {
    fn has(&self, fingerprint: &Fingerprint) -> Option<bool> {
        self.place(fingerprint).map(|node| self.is_local(node))
    }

    fn primary_of(&self, subkey: &Fingerprint) -> Option<&Fingerprint> {
        self.primary_of(subkey)
    }
}

/// Why a viewpoint cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ViewpointError {
    /// A subkey where a primary key belongs.
    #[error("{subkey}, named as a {what}, is a subkey; name its primary key, {primary} [{}]", Code::PolicyKeyId)]
    Subkey {
        /// As what it was named.
        what: &'static str,
        /// The subkey.
        subkey: Fingerprint,
        /// The certificate that it comes with.
        primary: Fingerprint,
    },
    /// One root twice.
    #[error("the root {root} is named twice; name it once, with one amount [{}]", Code::PolicyConflict)]
    Twice {
        /// The root.
        root: Fingerprint,
    },
}

impl ViewpointError {
    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            Self::Subkey { .. } => Code::PolicyKeyId,
            Self::Twice { .. } => Code::PolicyConflict,
        }
    }

    /// The fault as a reason: no verdict is possible.
    pub fn reason(&self) -> Reason {
        Reason::new(self.code(), Answer::CannotTell, self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use sequoia_openpgp::types::KeyFlags;

    use super::*;
    use crate::openpgp::testing::Person;

    #[test]
    fn a_subkey_is_no_root_and_the_primary_key_is_named() {
        let person = Person::with_subkey(KeyFlags::empty().set_signing()).certificate();
        let (primary, subkey) = (person.fingerprint().clone(), person.keys()[1].fingerprint.clone());
        let keyring = Keyring::from_certificates([person]);
        let viewpoint =
            |root: &Fingerprint| Viewpoint { roots: vec![Root::full(root.clone())], ..Viewpoint::default() };
        assert_eq!(viewpoint(&primary).check(&keyring), Ok(Vec::new()));
        let error = viewpoint(&subkey).check(&keyring).expect_err("a subkey");
        assert_eq!(error, ViewpointError::Subkey { what: "root", subkey: subkey.clone(), primary: primary.clone() });
        assert_eq!(error.code(), Code::PolicyKeyId);
        let distrust = Viewpoint { distrusted: [subkey.clone()].into(), ..viewpoint(&primary) };
        let what = "distrusted certificate";
        assert_eq!(distrust.check(&keyring), Err(ViewpointError::Subkey { what, subkey, primary: primary.clone() }));
        let mut twice = viewpoint(&primary);
        twice.roots.push(Root { amount: Amount::capped(40), ..Root::full(primary.clone()) });
        assert_eq!(twice.check(&keyring).map_err(|error| error.code()), Err(Code::PolicyConflict));
    }

    #[test]
    fn who_is_not_at_hand_is_a_note() {
        let (here, away) = (Person::new().certificate(), Person::new().certificate());
        let (here_name, away) = (here.fingerprint().clone(), away.fingerprint().clone());
        let keyring = Keyring::from_certificates([here]);
        let viewpoint = Viewpoint {
            roots: vec![Root::full(here_name), Root::full(away.clone())],
            distrusted: [away].into(),
            ..Viewpoint::default()
        };
        let notes = viewpoint.check(&keyring).expect("notes");
        let codes: Vec<_> = notes.iter().map(|note| note.code).collect();
        assert_eq!(codes, [Code::PolicyRootMissing, Code::PolicyDistrustUnknown]);
        // Nobody is asked to distrust less.
        assert!(notes[1].message.ends_with("; compare the digits"), "{}", notes[1].message);
    }
}
