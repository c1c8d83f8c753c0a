//! What one certificate says of others, and whom that leads to: for the day on which its key is stolen.

use std::collections::BTreeSet;

use super::super::reach::Reach;
use super::super::view::View;
use crate::fingerprint::Fingerprint;
use crate::openpgp::certify::Certification;

/// What a certificate says of one user ID of another one.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Spoken {
    /// The certificate that it speaks of.
    pub certificate: Fingerprint,
    /// The user ID.
    pub user_id: String,
    /// What counts of it: the newest valid certification; several where they have the same time.
    pub certifications: Vec<Certification>,
    /// Why the newest of the rest do not count. Foreign text is escaped.
    pub unusable: Vec<String>,
    /// Whether trust that starts at the roots can go along it.
    pub leads: bool,
}

impl View<'_, '_> {
    /// Everything that a certificate says of others, in the order of fingerprints and user IDs. `max_depth`: the most
    /// certifications on a path.
    pub fn spoken_by(&self, issuer: &Fingerprint, max_depth: Option<usize>) -> Vec<Spoken> {
        let network = self.network();
        let Some(node) = network.place(issuer) else { return Vec::new() };
        network.verify(network.by(node));
        let reach = Reach::hoped(self, max_depth);
        let introduces = reach.allows(node, 1, max_depth);
        let spoken = network.by(node).iter().map(|place| {
            let utterance = network.utterance(*place);
            let newest = network.newest(utterance);
            let counts = self.may_count(utterance) && self.edges(*place).next().is_some();
            Spoken {
                certificate: network.fingerprint(utterance.target).clone(),
                user_id: utterance.user_id.to_string(),
                certifications: newest.valid.clone(),
                unusable: newest.unusable.iter().map(|(_, why)| why.to_string()).collect(),
                leads: introduces && counts,
            }
        });
        let mut spoken: Vec<_> = spoken.collect();
        spoken.sort_by(|one, other| (&one.certificate, &one.user_id).cmp(&(&other.certificate, &other.user_id)));
        spoken
    }

    /// All certificates to which anything that a certificate says leads, over whomever, and itself.
    pub fn behind(&self, issuer: &Fingerprint) -> BTreeSet<Fingerprint> {
        let network = self.network();
        let mut open: Vec<u32> = network.place(issuer).into_iter().collect();
        let mut met: BTreeSet<u32> = open.iter().copied().collect();
        while let Some(node) = open.pop() {
            let targets = network.by(node).iter().map(|place| network.utterance(*place));
            let targets = targets.filter(|utterance| self.may_count(utterance)).map(|utterance| utterance.target);
            open.extend(targets.filter(|target| met.insert(*target)).collect::<Vec<_>>());
        }
        met.into_iter().map(|node| network.fingerprint(node).clone()).collect()
    }
}
