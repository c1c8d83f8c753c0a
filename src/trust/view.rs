//! A network as it is seen from the user's roots: which certifications count, and what may be asked.

use std::sync::OnceLock;

use super::network::{Network, Utterance};
use super::reach::Reach;
use super::roots::{NetworkKind, RetiredIssuers, Root, Viewpoint, ViewpointError};
use crate::grant::{Amount, Depth, Grant};
use crate::keyring::Keyring;
use crate::openpgp::UserIdStanding;
use crate::openpgp::certify::{Certification, Regexes};
use crate::reason::Reason;

/// A network and the user's viewpoint.
#[derive(Debug)]
pub struct View<'n, 'k> {
    network: &'n Network<'k>,
    viewpoint: Viewpoint,
    roots: Vec<(u32, Root)>,
    distrusted: Vec<bool>,
    own: Option<u32>,
    notes: Vec<Reason>,
    reach: OnceLock<Reach>,
    /// By what would count if signatures held, for paths of up to so many certifications.
    prepared: Option<(Option<usize>, Reach)>,
}

/// What may lie on a path from here: a certification that counts, or a claim that would count if its signature held.
#[derive(Debug, Clone, Copy)]
pub(super) struct Offer<'n> {
    pub(super) issuer: u32,
    pub(super) target: u32,
    /// The utterance that it is a part of.
    pub(super) place: u32,
    pub(super) user_id: &'n str,
    pub(super) amount: Amount,
    pub(super) depth: Depth,
    pub(super) grant: &'n Grant,
    pub(super) regexes: &'n Regexes,
    /// None as long as nobody has verified it.
    pub(super) certification: Option<&'n Certification>,
}

/// A certification that counts from here.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edge<'n> {
    pub(super) issuer: u32,
    pub(super) target: u32,
    pub(super) amount: Amount,
    pub(super) depth: Depth,
    pub(super) certification: &'n Certification,
}

/// Why a valid certification does not count from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Uncounted {
    /// It passes nothing on.
    Zero,
    /// Its issuer has expired or retired since.
    Retired,
    /// The user ID was taken back by its owner.
    UserIdRevoked,
}

impl<'n, 'k> View<'n, 'k> {
    /// Looks at the network of a keyring from a viewpoint.
    ///
    /// # Errors
    /// A name in the viewpoint that is a subkey's, or a root that is named twice.
    pub fn new(network: &'n Network<'k>, keyring: &Keyring, viewpoint: Viewpoint) -> Result<Self, ViewpointError> {
        let notes = viewpoint.check(keyring)?;
        Ok(Self::with_notes(network, viewpoint, notes))
    }

    /// Looks at a network from a viewpoint, whose names are looked up in it.
    ///
    /// # Errors
    /// The same.
    pub fn of(network: &'n Network<'k>, viewpoint: Viewpoint) -> Result<Self, ViewpointError> {
        let notes = viewpoint.check_in(network)?;
        Ok(Self::with_notes(network, viewpoint, notes))
    }

    fn with_notes(network: &'n Network<'k>, viewpoint: Viewpoint, notes: Vec<Reason>) -> Self {
        let mut distrusted = vec![false; network.size().0];
        for node in viewpoint.distrusted.iter().filter_map(|fingerprint| network.place(fingerprint)) {
            distrusted[node as usize] = true;
        }
        let mut roots: Vec<_> = viewpoint
            .roots
            .iter()
            .filter(|root| root.amount > Amount::NONE)
            .filter_map(|root| Some((network.place(&root.fingerprint)?, root.clone())))
            .filter(|(node, _)| !distrusted[*node as usize] && network.is_local(*node))
            .collect();
        roots.sort_by_key(|(node, _)| *node);
        let own = viewpoint.own.as_ref().and_then(|own| network.place(own));
        Self { network, viewpoint, roots, distrusted, own, notes, reach: OnceLock::new(), prepared: None }
    }

    /// What is noteworthy about the viewpoint: roots and distrusted certificates that are not at hand.
    pub fn notes(&self) -> &[Reason] {
        &self.notes
    }

    /// The network.
    pub fn network(&self) -> &'n Network<'k> {
        self.network
    }

    /// The viewpoint.
    pub fn viewpoint(&self) -> &Viewpoint {
        &self.viewpoint
    }

    /// Judges all certificates in parallel, and finds out how far the roots could reach in so many steps: for whoever asks
    /// about all of them.
    pub fn prepare(&mut self, max_depth: Option<usize>) {
        self.network.judge_all();
        self.prepared = Some((max_depth, Reach::hoped(self, max_depth)));
    }

    /// The roots that are at hand and not distrusted.
    pub(super) fn roots(&self) -> &[(u32, Root)] {
        &self.roots
    }

    pub(super) fn is_distrusted(&self, node: u32) -> bool {
        self.distrusted[node as usize]
    }

    /// How far the roots reach at best, on paths of at most so many certifications.
    pub(super) fn reach(&self, max_depth: Option<usize>) -> &Reach {
        match &self.prepared {
            Some((None, reach)) => reach,
            Some((Some(prepared), reach)) if max_depth.is_some_and(|max| max <= *prepared) => reach,
            _ => self.reach.get_or_init(|| Reach::claimed(self)),
        }
    }

    /// Whether an utterance is worth verifying.
    pub(super) fn may_count(&self, utterance: &Utterance) -> bool {
        utterance.amount > Amount::NONE
            && self.network.is_local(utterance.issuer)
            && !self.is_distrusted(utterance.issuer)
            && !self.is_distrusted(utterance.target)
    }

    /// The furthest that an utterance claims to reach.
    pub(super) fn claimed_depth(&self, utterance: &Utterance) -> Depth {
        if self.viewpoint.kind == NetworkKind::Certification { Depth::UNLIMITED } else { utterance.depth }
    }

    /// The certifications of an utterance that count from here; verifies it, if nobody has.
    pub(super) fn edges(&self, place: u32) -> impl Iterator<Item = Edge<'n>> + use<'_, 'n, 'k> {
        let (network, utterance) = (self.network, self.network.utterance(place));
        let counted = network.newest(utterance).valid.iter();
        counted
            .filter(move |_| network.is_local(utterance.issuer))
            .filter(move |certification| self.uncounted(utterance, certification).is_none())
            .map(move |certification| self.edge(utterance, certification))
    }

    /// What an utterance offers: the certifications that count, if it was verified; and otherwise the claims that would
    /// count if their signatures held. Of those there are never fewer.
    pub(super) fn offers(&self, place: u32) -> impl Iterator<Item = Offer<'n>> + use<'_, 'n, 'k> {
        let (network, utterance) = (self.network, self.network.utterance(place));
        let known = network.known(utterance).is_some();
        let edges = known.then(|| self.edges(place)).into_iter().flatten();
        let verified = edges.map(move |edge| Offer {
            issuer: edge.issuer,
            target: edge.target,
            place,
            user_id: edge.certification.user_id(),
            amount: edge.amount,
            depth: edge.depth,
            grant: edge.certification.grant(),
            regexes: edge.certification.regexes(),
            certification: Some(edge.certification),
        });
        let unlimited = self.viewpoint.kind == NetworkKind::Certification;
        let left_out = self.viewpoint.retired == RetiredIssuers::LeaveOut;
        let hoped = (!known && network.is_local(utterance.issuer)).then(|| network.hopeful(place, left_out));
        let claimed = hoped.into_iter().flatten().map(move |claim| Offer {
            issuer: utterance.issuer,
            target: utterance.target,
            place,
            user_id: &utterance.user_id,
            amount: claim.amount(),
            depth: if unlimited { Depth::UNLIMITED } else { claim.depth() },
            grant: claim.grant(),
            regexes: claim.regexes(),
            certification: None,
        });
        verified.chain(claimed)
    }

    /// A certification as an edge, whether it counts or not.
    pub(super) fn edge(&self, utterance: &Utterance, certification: &'n Certification) -> Edge<'n> {
        let unlimited = self.viewpoint.kind == NetworkKind::Certification;
        Edge {
            issuer: utterance.issuer,
            target: utterance.target,
            amount: certification.amount(),
            depth: if unlimited { Depth::UNLIMITED } else { certification.depth() },
            certification,
        }
    }

    /// Why a valid certification does not count from here; none if it does.
    pub(super) fn uncounted(&self, utterance: &Utterance, certification: &Certification) -> Option<Uncounted> {
        if certification.amount() == Amount::NONE {
            return Some(Uncounted::Zero);
        }
        if certification.is_by_retired() && self.viewpoint.retired == RetiredIssuers::LeaveOut {
            return Some(Uncounted::Retired);
        }
        let standing = self.network.user_id(utterance.target, &utterance.user_id);
        (standing == Some(UserIdStanding::Revoked)).then_some(Uncounted::UserIdRevoked)
    }

    /// Whether a certification with these regexes lets a target of this user ID through.
    pub(super) fn admits(&self, regexes: &Regexes, user_id: &str) -> bool {
        self.viewpoint.kind == NetworkKind::Certification || regexes.admit(user_id)
    }

    /// The cap that the user's own newest certification sets on a binding; none if there is none.
    pub(super) fn own_word(&self, target: u32, user_id: &str) -> Option<Amount> {
        let own = self.own?;
        let said = self.network.about(target).find(|place| {
            let utterance = self.network.utterance(*place);
            utterance.issuer == own && *utterance.user_id == *user_id
        })?;
        self.network.newest(self.network.utterance(said)).valid.iter().map(Certification::amount).min()
    }
}
