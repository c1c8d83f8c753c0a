//! Why a binding is reached or not: for each near miss what stopped it, and the smallest step that would help.
//!
//! A route is a path on which every rule may be broken; what breaks one is a [`Stop`]. For each certification of the
//! target the route with the fewest stops is found by what certifications claim, then verified and told. Routes are no
//! evidence of anything.

use std::collections::BTreeSet;

use super::authentication::{Authentication, Obstacle};
use super::network::Utterance;
use super::question::Question;
use super::roots::NetworkKind;
use super::view::View;
use crate::fingerprint::Fingerprint;
use crate::grant::Depth;

mod step;
mod stop;

pub use stop::Stop;

/// The answer to a question with its reasons.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Explanation {
    /// The answer itself.
    pub answer: Authentication,
    /// Routes that are no paths, those with the fewest stops first.
    pub misses: Vec<NearMiss>,
    /// How many near misses there are in all.
    pub total: usize,
    /// The smallest step that would change the answer, if it is not reached. Foreign text in it is escaped.
    pub step: Option<String>,
}

/// A route to the target that is no path.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NearMiss {
    /// The certifications, from the root on, or as far back from the target as anything is known.
    pub links: Vec<Link>,
    /// What stops the route as a whole, beside what stops its links.
    pub stops: Vec<Stop>,
}

/// One certification of a route, or what is said to be one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Link {
    /// Who certified, if that is known.
    pub issuer: Option<Fingerprint>,
    /// Who was certified.
    pub certificate: Fingerprint,
    /// Under which user ID.
    pub user_id: String,
    /// Why it does not count here; nothing if it does.
    pub stops: Vec<Stop>,
}

impl NearMiss {
    /// All its stops, from the root on.
    pub fn all_stops(&self) -> impl Iterator<Item = &Stop> {
        self.stops.iter().chain(self.links.iter().flat_map(|link| &link.stops))
    }
}

impl View<'_, '_> {
    /// Answers a question and says why. At most `limit` near misses are told.
    pub fn explain(&self, question: &Question, limit: usize) -> Explanation {
        let answer = self.authenticate(question);
        let hopeless = matches!(answer.obstacle(), Some(obstacle) if !matches!(obstacle, Obstacle::OwnWord(_)));
        let target = self.network().place(&question.certificate).filter(|_| !hopeless && !answer.is_reached());
        let (mut misses, mut total) = (Vec::new(), 0);
        if let Some(target) = target {
            (misses, total) = Routes::new(self, target, question).misses(limit);
        }
        let step = step::smallest(self, &answer, &misses);
        Explanation { answer, misses, total, step }
    }
}

/// The best route from the roots to each node, by how many certifications follow there.
struct Routes<'v, 'n, 'k> {
    view: &'v View<'n, 'k>,
    question: &'v Question,
    target: u32,
    /// `best[own][behind][node]`, where `own` is the hop that the target itself adds (see `problem::End`): the fewest
    /// stops, the fewest hops, and the utterance that comes before; none for a root.
    best: [Vec<Vec<Option<Best>>>; 2],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Best {
    stops: usize,
    hops: usize,
    by: Option<u32>,
}

impl<'v, 'n, 'k> Routes<'v, 'n, 'k> {
    fn new(view: &'v View<'n, 'k>, target: u32, question: &'v Question) -> Self {
        let nodes = view.network().size().0;
        let longest = question.max_depth.map_or(LONGEST, |max| max.saturating_add(FURTHER).min(LONGEST));
        let none = || vec![vec![None; nodes]; longest + 1];
        let mut routes = Self { view, question, target, best: [none(), none()] };
        for (own, behind) in (0..2).flat_map(|own| (1..=longest).rev().map(move |behind| (own, behind))) {
            for node in (0..nodes as u32).filter(|node| *node != target) {
                routes.best[own][behind][node as usize] = routes.best_of(node, behind, own);
            }
        }
        routes
    }

    /// The best way to come to a node after which so many certifications follow.
    fn best_of(&self, node: u32, behind: usize, own: usize) -> Option<Best> {
        let mut best =
            self.root_stops(node, behind, own).map(|stops| Best { stops: stops.len(), hops: behind, by: None });
        if behind + 1 < self.best[own].len() {
            for place in self.view.network().about(node) {
                let utterance = self.view.network().utterance(place);
                let before =
                    self.best[own][behind + 1][utterance.issuer as usize].filter(|_| utterance.issuer != self.target);
                if let Some(before) = before {
                    let stops = before.stops + self.stops(utterance, behind, own, false).len();
                    best = [best, Some(Best { stops, by: Some(place), ..before })].into_iter().flatten().min();
                }
            }
        }
        best
    }

    fn misses(&self, limit: usize) -> (Vec<NearMiss>, usize) {
        let network = self.view.network();
        let mut found = Vec::new();
        let itself = self.root_stops(self.target, 0, 0).filter(|stops| !stops.is_empty());
        found.extend(itself.map(|stops| (stops.len(), 0, NearMiss { links: Vec::new(), stops })));
        // By what is claimed first, so that little is verified.
        let mut ends: Vec<_> = network
            .about(self.target)
            .filter_map(|place| {
                let utterance = network.utterance(place);
                let own = self.own(utterance);
                let claimed = self.stops(utterance, 0, own, false).len();
                let before = self.best[own].get(1).and_then(|best| best[utterance.issuer as usize]);
                let (stops, hops) = before.map_or((usize::MAX, 0), |before| (before.stops + claimed, before.hops));
                (utterance.issuer != self.target).then_some((stops, hops, place))
            })
            .collect();
        ends.sort_unstable();
        let total = ends.len() + network.strays(self.target).count();
        for (_, hops, place) in ends.into_iter().take(limit) {
            let miss = self.told(place);
            let stops = miss.all_stops().count();
            if stops > 0 {
                found.push((stops, hops, miss));
            }
        }
        for stray in network.strays(self.target).take(limit.saturating_sub(found.len())) {
            let link = Link {
                issuer: None,
                certificate: network.fingerprint(self.target).clone(),
                user_id: stray.user_id.to_string(),
                stops: vec![Stop::Unusable(stray.cause.clone())],
            };
            found.push((usize::MAX, 0, NearMiss { links: vec![link], stops: Vec::new() }));
        }
        found.sort_by_key(|(stops, hops, _)| (*stops, *hops));
        (found.into_iter().map(|(.., miss)| miss).collect(), total)
    }

    /// The route that ends with an utterance, verified.
    fn told(&self, end: u32) -> NearMiss {
        let network = self.view.network();
        let own = self.own(network.utterance(end));
        let mut places = vec![end];
        let mut node = network.utterance(end).issuer;
        let mut stops = Vec::new();
        loop {
            let behind = places.len();
            match self.best[own].get(behind).and_then(|best| best[node as usize]) {
                Some(Best { by: Some(place), .. }) => {
                    places.push(place);
                    node = network.utterance(place).issuer;
                }
                Some(Best { by: None, .. }) => {
                    stops = self.root_stops(node, behind, own).unwrap_or_default();
                    break;
                }
                None => {
                    stops.push(Stop::Unreached(network.fingerprint(node).clone()));
                    break;
                }
            }
        }
        network.verify(&places);
        let links = places.iter().enumerate().rev().map(|(behind, place)| {
            let utterance = network.utterance(*place);
            Link {
                issuer: Some(network.fingerprint(utterance.issuer).clone()),
                certificate: network.fingerprint(utterance.target).clone(),
                user_id: utterance.user_id.to_string(),
                stops: self.stops(utterance, behind, own, true),
            }
        });
        NearMiss { links: links.collect(), stops }
    }

    /// The hop that the target adds after a certification of it: none after one of the wanted user ID.
    fn own(&self, end: &Utterance) -> usize {
        usize::from(*end.user_id != *self.question.user_id)
    }

    /// What stops a path that begins at a node; none if the node is no root, and nothing will make it one.
    fn root_stops(&self, node: u32, behind: usize, own: usize) -> Option<Vec<Stop>> {
        let network = self.view.network();
        let fingerprint = network.fingerprint(node);
        let root = self.view.viewpoint().roots.iter().find(|root| root.fingerprint == *fingerprint)?;
        let mut stops = BTreeSet::new();
        if self.view.is_distrusted(node) {
            stops.insert(Stop::Distrusted(fingerprint.clone()));
        }
        if !root.depth.reaches(behind + own) {
            stops.insert(Stop::Depth { has: root.depth, needed: behind + own });
        }
        if self.question.max_depth.is_some_and(|max| behind > max) {
            stops.insert(Stop::MaxDepth { needed: behind });
        }
        stops.extend(stop::limits(&root.grant, self.question));
        if node == self.target && self.question.granted_role().is_some() {
            stops.insert(Stop::Role);
        }
        Some(stops.into_iter().collect())
    }

    /// Why an utterance does not count after which so many certifications follow: by what it is worth if that is known
    /// or `sure` asks for it, else by what it claims.
    fn stops(&self, utterance: &Utterance, behind: usize, own: usize, sure: bool) -> Vec<Stop> {
        let (view, question, network) = (self.view, self.question, self.view.network());
        let mut stops = Vec::new();
        for node in [utterance.issuer, utterance.target] {
            if view.is_distrusted(node) {
                stops.push(Stop::Distrusted(network.fingerprint(node).clone()));
            }
        }
        let known = if sure { Some(network.newest(utterance)) } else { network.known(utterance) };
        let unlimited = view.viewpoint().kind == NetworkKind::Certification;
        let wanted = behind == 0 && own == 0;
        let needed = behind + own;
        let Some(newest) = known else {
            let (amount, depth) = (utterance.amount, utterance.depth);
            stops.extend((amount.value() == 0).then_some(Stop::Amount));
            stops.extend((!unlimited && !depth.reaches(needed)).then_some(Stop::Depth { has: depth, needed }));
            return stops;
        };
        // Of several of the same second, the one that is stopped least.
        let of_valid = newest.valid.iter().map(|certification| {
            let edge = view.edge(utterance, certification);
            let grant = certification.grant();
            let mut stops: Vec<_> = view.uncounted(utterance, certification).map(Stop::from).into_iter().collect();
            stops.extend((!edge.depth.reaches(needed)).then_some(Stop::Depth { has: certification.depth(), needed }));
            let regex = !wanted && !view.admits(edge.certification.regexes(), &question.user_id);
            stops.extend(regex.then(|| Stop::Regex(certification.regexes().shown())));
            stops.extend(if behind == 0 { stop::missing(grant, question) } else { stop::limits(grant, question) });
            stops
        });
        match of_valid.min_by_key(Vec::len) {
            Some(of_valid) => stops.extend(of_valid),
            None => stops.extend(newest.unusable.first().map(|(_, cause)| Stop::Unusable(cause.clone()))),
        }
        if newest.valid.is_empty() && newest.unusable.is_empty() {
            // Only a revocation of what nobody has any more.
            stops.push(Stop::Amount);
        }
        if newest.valid.is_empty() && !unlimited && !utterance.depth.reaches(needed) {
            stops.push(Stop::Depth { has: Depth::new(utterance.depth.value()), needed });
        }
        stops
    }
}

/// The longest route that is looked at.
const LONGEST: usize = 8;
/// How many certifications more than `max-depth` a route may have.
const FURTHER: usize = 2;
