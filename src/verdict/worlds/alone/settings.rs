//! What holds in one world: any policy, any memory, and what others have said before.

use std::collections::BTreeSet;

use super::super::super::roots::Roots;
use super::super::making::Bench;
use super::super::{Set, World};
use super::thieves::{Ring, Voice};
use crate::digest::Digest;
use crate::keyring::Keyring;
use crate::lock::Basis;
use crate::openpgp::testing::NOW;
use crate::policy::Policy;
use crate::policy::testing::any_policy;
use crate::statement::review::{Draft as ReviewDraft, Opinion, Relation, Thoroughness};
use crate::statement::withdrawal::{Cause, Draft as WithdrawalDraft};
use crate::statement::{Review, VersionTree, Withdrawal};
use crate::trust::network::Network;
use crate::trust::roots::{NetworkKind, RetiredIssuers, Root, Viewpoint};
use crate::trust::testing::Random;
use crate::trust::view::View;

/// What holds in one world.
pub(super) struct Setting {
    pub(super) policy: Policy,
    pub(super) world: World,
    pub(super) ring: usize,
    pub(super) text: String,
    /// What people of the bench have said of earlier trees, each by its place in [`Words::all`].
    pub(super) said: BTreeSet<usize>,
    /// On what nothing is accepted.
    pub(super) refused: Vec<Basis>,
    /// Whether the name is remembered from another source.
    pub(super) elsewhere: bool,
    /// Whether all is tried that can be told apart, and not only what is likely to matter.
    pub(super) each: bool,
    /// Whether all that thieves say is really signed, and not only what is accepted.
    pub(super) signed: bool,
}

/// What people of the bench may have said of earlier trees: each of them approves one, rejects one, and withdraws all.
pub(super) enum Word {
    Review(usize, Review),
    Withdrawal(usize, Withdrawal),
}

/// All of them.
pub(super) fn words(bench: &Bench) -> Vec<Word> {
    let (tree, other) = (bench.tree.digest(), Digest::of(b"other"));
    let at = |version: &str, tree| VersionTree { version: version.to_owned(), tree };
    let mut all = Vec::new();
    for person in 0..3 {
        let hops = [
            (None, tree, Opinion::Approve),
            (None, other, Opinion::Approve),
            (Some(other), tree, Opinion::Approve),
            (None, tree, Opinion::Reject),
        ];
        for (from, to, verdict) in hops {
            let from = from.map(|tree| at("0.9.0", tree));
            let review = Review::new(a_review(from, at("1.0.0", to), verdict)).expect("a review");
            all.push(Word::Review(person, review));
        }
        all.push(Word::Withdrawal(person, withdrawal(bench)));
    }
    all
}

/// A review of something.
pub(super) fn a_review(from: Option<VersionTree>, to: VersionTree, verdict: Opinion) -> ReviewDraft {
    ReviewDraft {
        package: "pkg:generic/a".parse().expect("a purl"),
        from,
        to,
        verdict,
        criteria: ["safe-to-deploy", "safe-to-run"].map(|word| word.parse().expect("a word")).into(),
        thoroughness: Thoroughness::High,
        relation: Relation::None,
        reviewed: NOW,
        note: None,
    }
}

/// A withdrawal of all that is remembered.
pub(super) fn withdrawal(bench: &Bench) -> Withdrawal {
    let target = |tree| VersionTree { version: "1.0.0".to_owned(), tree };
    let draft = WithdrawalDraft {
        package: "pkg:generic/a".parse().expect("a purl"),
        targets: vec![target(bench.tree.digest()), target(Digest::of(b"other"))],
        reason: Cause::Malicious,
        withdrawn: NOW,
        advisory: None,
        note: None,
    };
    Withdrawal::new(draft).expect("a withdrawal")
}

impl Setting {
    /// A network as the policy's roots see it. Tests may leak it.
    pub(super) fn look(
        &self,
        network: &'static Network<'static>,
        keyring: &Keyring,
    ) -> Option<&'static View<'static, 'static>> {
        let policy = &self.policy;
        if policy.roots().is_empty() {
            return None;
        }
        let root = |root: &crate::policy::Root| Root {
            fingerprint: root.fingerprint.clone(),
            amount: root.amount,
            depth: root.depth,
            grant: root.limit.clone(),
        };
        let viewpoint = Viewpoint {
            roots: policy.roots().iter().map(root).collect(),
            distrusted: policy.distrusted().map(|(key, _)| key.clone()).collect(),
            own: policy.user().cloned(),
            retired: match policy.trust().retired_issuers {
                true => RetiredIssuers::Count,
                false => RetiredIssuers::LeaveOut,
            },
            kind: NetworkKind::Trust,
        };
        Some(Box::leak(Box::new(View::new(network, keyring, viewpoint).expect("a view"))))
    }

    /// What these roots say, asked as the policy has it.
    pub(super) fn roots(&self, view: &'static View<'static, 'static>) -> Roots<'static> {
        Roots::new(view, None, self.policy.trust())
    }

    /// Any.
    pub(super) fn any(bench: &Bench, rings: &[Ring], words: usize, random: &mut Random) -> Self {
        loop {
            let ring = random.below(rings.len());
            let keys: Vec<_> = rings[ring].keys.iter().map(|key: &Voice| &key.name).collect();
            let Some((policy, text)) = any_policy(&keys, random) else { continue };
            let mut world = bench.world(random);
            if random.below(3) == 0 {
                (world.pins, world.former) = ([None; 3], Set::default());
            }
            let few = random.of(&[0, 0, 0, 2, 5]);
            return Self {
                policy,
                world,
                ring,
                text,
                said: (0..few).map(|_| random.below(words)).collect(),
                refused: random.of(&[&[][..], &[], &[], &[Basis::Unsigned], &[Basis::FirstUse]]).to_vec(),
                elsewhere: random.below(12) == 0,
                each: random.below(6) == 0,
                signed: random.below(16) == 0,
            };
        }
    }
}
