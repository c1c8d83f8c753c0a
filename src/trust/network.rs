//! The network: certificates as nodes, and what they say of each other as flat arrays, by target and by issuer.
//!
//! Making one costs no cryptography. What an issuer says about one user ID of one certificate is an utterance; its
//! signatures are verified when somebody first asks, once, and in parallel where many are asked about. Nothing here
//! knows roots: those come with a [`super::view::View`].

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};

use rayon::prelude::*;

use super::compiled::{Compiled, Kept, State};
use crate::fingerprint::Fingerprint;
use crate::grant::{Amount, Depth};
use crate::keyring::{Keyring, LaterKeyring};
use crate::openpgp::certify::{Claim, Kind, Newest, Party, Unusable, is_by, may_count, newest_by};
use crate::openpgp::{Certificate, KeyId, KeyName, Standing, UserIdStanding};
use crate::shown::Shown;
use crate::time::Times;

/// Certificates and what they say of each other, at one time.
#[derive(Debug)]
pub struct Network<'k> {
    times: Times,
    source: Source<'k>,
    pub(super) nodes: Vec<Member<'k>>,
    places: HashMap<&'k Fingerprint, u32>,
    pub(super) claims: Cow<'k, [Claim]>,
    /// For each node, where the claims about it begin.
    pub(super) firsts: Vec<u32>,
    /// Sorted by target, user ID and issuer.
    utterances: Vec<Utterance>,
    /// Places in `claims`, as the utterances have them.
    pub(super) words: Vec<u32>,
    /// For each word, whether its signature holds: a [`State`].
    pub(super) states: Vec<AtomicU8>,
    /// For each word, whether it would count if its signature held; judged when first asked for.
    hopes: Vec<OnceLock<Hope>>,
    /// For each node, where the utterances about it begin; and the end of all.
    into: Vec<u32>,
    /// For each node, where its own utterances begin in `by_issuer`; and the end of all.
    from: Vec<u32>,
    by_issuer: Vec<u32>,
    pub(super) strays: Vec<Stray>,
    /// Whether something was found out that is not in what was compiled before.
    learned: AtomicBool,
}

/// Where the certificates are.
#[derive(Debug)]
enum Source<'k> {
    Ready(&'k Keyring),
    Later(&'k LaterKeyring),
}

/// One certificate of a network.
#[derive(Debug)]
pub(super) struct Member<'k> {
    pub(super) keys: &'k [KeyName],
    /// Whether it lies in the user's own keyring.
    pub(super) local: bool,
    /// What was compiled before.
    pub(super) kept: Option<&'k Kept>,
    pub(super) party: OnceLock<Party<'k>>,
    pub(super) user_ids: OnceLock<Vec<(&'k str, OnceLock<UserIdStanding>)>>,
    /// The claims about it with their signatures, where `Network::claims` has them without.
    again: OnceLock<Vec<Claim>>,
}

/// All that one issuer says about one user ID of one certificate.
#[derive(Debug)]
pub(super) struct Utterance {
    pub(super) issuer: u32,
    pub(super) target: u32,
    pub(super) user_id: Arc<str>,
    /// The most that any of its certifications claims.
    pub(super) amount: Amount,
    /// The furthest that any of its certifications claims.
    pub(super) depth: Depth,
    pub(super) words: Range<u32>,
    newest: OnceLock<Newest>,
}

/// Whether a claim would count if its signature held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hope {
    /// It would not.
    None,
    /// It would, by an issuer who has expired or retired since.
    Retired,
    /// It would.
    Good,
}

/// A certification by nobody at hand.
#[derive(Debug, Clone)]
pub(super) struct Stray {
    pub(super) target: u32,
    pub(super) user_id: Arc<str>,
    pub(super) cause: Unusable,
}

impl<'k> Network<'k> {
    /// Lays out a keyring as a network at a time. Certificates are read in parallel; no signature is verified.
    pub fn new(keyring: &'k Keyring, times: Times) -> Self {
        let certificates: Vec<_> = keyring.certificates().collect();
        let read: Vec<Vec<Claim>> = certificates.par_iter().map(|certificate| certificate.claims()).collect();
        let issuers = Issuers::new(&certificates);
        let (mut claims, mut firsts) = (Vec::new(), Vec::new());
        let (mut spoken, mut strays) = (Vec::new(), Vec::new());
        for (target, read) in (0..).zip(read) {
            firsts.push(claims.len() as u32);
            for claim in read {
                let place = claims.len() as u32;
                match issuers.of(&claim) {
                    Ok(found) => spoken.extend(found.into_iter().map(|issuer| (target, issuer, place))),
                    Err(cause) => strays.push(Stray { target, user_id: claim.user_id().clone(), cause }),
                }
                claims.push(claim);
            }
        }
        let user_id = |place: u32| claims[place as usize].user_id();
        spoken.sort_by(|a, b| (a.0, user_id(a.2), a.1, a.2).cmp(&(b.0, user_id(b.2), b.1, b.2)));
        let nodes = certificates.into_iter().map(|certificate| {
            let local = !keyring.is_only_evidence(certificate.fingerprint());
            Member::new(certificate.keys(), local, None)
        });
        let states = spoken.iter().map(|_| State::Untried as u8).collect();
        let source = Source::Ready(keyring);
        Self::lay_out(source, times, nodes.collect(), Cow::Owned(claims), firsts, spoken, states, strays)
    }

    /// Lays out a keyring that was compiled before. Certificates are read only where something is asked that is not known.
    pub fn of_compiled(compiled: &'k Compiled, keyring: &'k LaterKeyring, times: Times) -> Self {
        let nodes = compiled.members.iter().map(|kept| Member::new(&kept.keys, kept.local, Some(kept)));
        let strays = compiled.strays.clone();
        let claims = Cow::Borrowed(&compiled.claims[..]);
        let (firsts, words, states) = (compiled.firsts.clone(), compiled.words.clone(), compiled.states.clone());
        Self::lay_out(Source::Later(keyring), times, nodes.collect(), claims, firsts, words, states, strays)
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one thing")]
    fn lay_out(
        source: Source<'k>,
        times: Times,
        nodes: Vec<Member<'k>>,
        claims: Cow<'k, [Claim]>,
        firsts: Vec<u32>,
        spoken: Vec<(u32, u32, u32)>,
        states: Vec<u8>,
        strays: Vec<Stray>,
    ) -> Self {
        let mut utterances: Vec<Utterance> = Vec::new();
        for (word, (target, issuer, place)) in (0..).zip(&spoken) {
            let claim = &claims[*place as usize];
            let (amount, depth) = match claim.kind() {
                Kind::Certification => (claim.amount(), claim.depth()),
                Kind::Revocation => (Amount::NONE, Depth::NONE),
            };
            match utterances.last_mut() {
                Some(last) if last.target == *target && last.issuer == *issuer && last.user_id == *claim.user_id() => {
                    last.words.end = word + 1;
                    last.amount = last.amount.max(amount);
                    last.depth = last.depth.max(depth);
                }
                _ => utterances.push(Utterance {
                    issuer: *issuer,
                    target: *target,
                    user_id: claim.user_id().clone(),
                    amount,
                    depth,
                    words: word..word + 1,
                    newest: OnceLock::new(),
                }),
            }
        }
        let into = offsets(nodes.len(), utterances.iter().map(|utterance| utterance.target));
        let from = offsets(nodes.len(), utterances.iter().map(|utterance| utterance.issuer));
        let mut by_issuer: Vec<_> = (0..utterances.len() as u32).collect();
        by_issuer.sort_by_key(|place| utterances[*place as usize].issuer);
        Self {
            times,
            source,
            places: (0..).zip(&nodes).map(|(place, member)| (&member.keys[0].fingerprint, place)).collect(),
            nodes,
            claims,
            firsts,
            words: spoken.into_iter().map(|(.., place)| place).collect(),
            hopes: states.iter().map(|_| OnceLock::new()).collect(),
            states: states.into_iter().map(AtomicU8::new).collect(),
            utterances,
            into,
            from,
            by_issuer,
            strays,
            learned: AtomicBool::new(false),
        }
    }

    /// The times at which it is laid out.
    pub fn times(&self) -> &Times {
        &self.times
    }

    /// How many certificates and how many utterances there are.
    pub fn size(&self) -> (usize, usize) {
        (self.nodes.len(), self.utterances.len())
    }

    /// The user IDs of a certificate with their standing, sorted; none where there is no such certificate.
    pub fn user_ids(&self, certificate: &Fingerprint) -> Vec<(&'k str, UserIdStanding)> {
        let node = self.place(certificate);
        let names = node.into_iter().flat_map(|node| self.names(node).map(move |text| (node, text)));
        names.map(|(node, text)| (text, self.user_id(node, text).unwrap_or(UserIdStanding::Unsigned))).collect()
    }

    /// What people know a certificate by: its first good user ID, escaped. For messages only.
    pub fn name(&self, certificate: &Fingerprint) -> String {
        let user_ids = self.user_ids(certificate);
        let best = user_ids.iter().min_by_key(|(_, standing)| *standing != UserIdStanding::Good);
        best.map_or_else(|| "nobody known".into(), |(text, _)| Shown::new(text).to_string())
    }

    pub(super) fn place(&self, fingerprint: &Fingerprint) -> Option<u32> {
        self.places.get(fingerprint).copied()
    }

    /// The certificate itself; the keyring is taken apart for this, if nobody did.
    pub(super) fn certificate(&self, node: u32) -> Option<&'k Certificate> {
        let keyring = match self.source {
            Source::Ready(keyring) => keyring,
            Source::Later(later) => later.keyring(),
        };
        keyring.by_fingerprint(self.fingerprint(node))
    }

    pub(super) fn fingerprint(&self, node: u32) -> &'k Fingerprint {
        &self.nodes[node as usize].keys[0].fingerprint
    }

    /// The certificate that a subkey comes with; see [`Keyring::primary_of`].
    pub(super) fn primary_of(&self, subkey: &Fingerprint) -> Option<&'k Fingerprint> {
        let has = |member: &&Member<'_>| member.keys[1..].iter().any(|key| key.fingerprint == *subkey);
        self.nodes.iter().find(has).map(|member| &member.keys[0].fingerprint)
    }

    /// Whether something was found out that is not in what was compiled before.
    pub fn has_learned(&self) -> bool {
        self.learned.load(Ordering::Relaxed)
    }

    /// Whether a certificate lies in the user's own keyring. What only came with evidence is no root and introduces nobody.
    pub(super) fn is_local(&self, node: u32) -> bool {
        self.nodes[node as usize].local
    }

    /// The certificate with its standing, which is judged when first asked for.
    pub(super) fn party(&self, node: u32) -> &Party<'k> {
        let member = &self.nodes[node as usize];
        member.party.get_or_init(|| {
            if let Some((kept, life)) = member.kept.and_then(|kept| Some((kept, kept.life(self.times.at)?))) {
                let (standing, end) = life.standing(self.times.at);
                return Party::known(member.keys, kept.made, standing, end);
            }
            self.learned.store(true, Ordering::Relaxed);
            match self.certificate(node) {
                Some(certificate) => Party::new(certificate, &self.times),
                None => Party::known(member.keys, None, Standing::Invalid { why: MISSING.into() }, None),
            }
        })
    }

    /// Its user IDs, sorted, whatever they are worth.
    pub(super) fn names(&self, node: u32) -> impl Iterator<Item = &'k str> {
        self.user_ids_of(node).iter().map(|(text, _)| *text)
    }

    /// The standing of one of its user IDs, which is judged when first asked for; none if it has no such user ID.
    pub(super) fn user_id(&self, node: u32, text: &str) -> Option<UserIdStanding> {
        let user_ids = self.user_ids_of(node);
        let place = user_ids.binary_search_by_key(&text, |(text, _)| text).ok()?;
        Some(*user_ids[place].1.get_or_init(|| {
            let life = self.nodes[node as usize].kept.and_then(|kept| kept.life(self.times.at));
            if let Some(standing) = life.and_then(|life| life.user_id(place)) {
                return standing;
            }
            self.learned.store(true, Ordering::Relaxed);
            let certificate = self.certificate(node);
            certificate.map_or(UserIdStanding::Unsigned, |certificate| certificate.user_id(text, &self.times))
        }))
    }

    /// The places of all utterances about a certificate.
    pub(super) fn about(&self, node: u32) -> Range<u32> {
        self.into[node as usize]..self.into[node as usize + 1]
    }

    /// The places of all utterances by a certificate.
    pub(super) fn by(&self, node: u32) -> &[u32] {
        &self.by_issuer[self.from[node as usize] as usize..self.from[node as usize + 1] as usize]
    }

    pub(super) fn utterance(&self, place: u32) -> &Utterance {
        &self.utterances[place as usize]
    }

    /// The claims of an utterance.
    pub(super) fn claims_of(&self, place: u32) -> impl Iterator<Item = &Claim> {
        self.words[range(&self.utterance(place).words)].iter().filter_map(|word| self.claims.get(*word as usize))
    }

    /// What counts of an utterance; its signatures are verified when first asked for.
    pub(super) fn newest<'a>(&'a self, utterance: &'a Utterance) -> &'a Newest {
        utterance.newest.get_or_init(|| {
            let words = &self.words[range(&utterance.words)];
            let claims: Vec<_> = words.iter().map(|place| &self.claims[*place as usize]).collect();
            let local = self.nodes[utterance.target as usize].local;
            let (issuer, target) = (self.party(utterance.issuer), self.party(utterance.target));
            let holds = |place: usize| self.holds(utterance, utterance.words.start as usize + place);
            newest_by(&claims, issuer, target, local, &self.times, &holds)
        })
    }

    /// The claims of an utterance that would count if their signatures held; which is not asked. If `left_out`, only those
    /// whose issuer has not expired or retired since.
    pub(super) fn hopeful(&self, place: u32, left_out: bool) -> impl Iterator<Item = &Claim> {
        let utterance = self.utterance(place);
        utterance.words.clone().filter_map(move |word| {
            let claim = self.claims.get(self.words[word as usize] as usize)?;
            let hope = self.hopes[word as usize].get_or_init(|| self.hope(utterance, claim));
            (*hope == Hope::Good || *hope == Hope::Retired && !left_out).then_some(claim)
        })
    }

    fn hope(&self, utterance: &Utterance, claim: &Claim) -> Hope {
        let (issuer, target) = (self.party(utterance.issuer), self.party(utterance.target));
        let local = self.nodes[utterance.target as usize].local;
        if claim.amount() == Amount::NONE || !may_count(claim, issuer, target, local, &self.times) {
            return Hope::None;
        }
        if issuer.is_gone_at(self.times.at) { Hope::Retired } else { Hope::Good }
    }

    /// Whether the signature of a word of an utterance holds, as was found before or is found now.
    fn holds(&self, utterance: &Utterance, word: usize) -> bool {
        let known = State::of(self.states[word].load(Ordering::Relaxed));
        if let Some(State::Holds | State::Bad) = known {
            return known == Some(State::Holds);
        }
        self.learned.store(true, Ordering::Relaxed);
        let certificates = (self.certificate(utterance.issuer), self.certificate(utterance.target));
        let (Some(issuer), Some(target)) = certificates else { return false };
        let place = self.words[word] as usize;
        let member = &self.nodes[utterance.target as usize];
        let claim = match member.kept {
            None => self.claims.get(place),
            Some(_) => {
                let again = member.again.get_or_init(|| target.claims());
                again.get(place - self.firsts[utterance.target as usize] as usize)
            }
        };
        let holds = claim.is_some_and(|claim| is_by(claim, issuer, target));
        self.states[word].store(if holds { State::Holds } else { State::Bad } as u8, Ordering::Relaxed);
        holds
    }

    /// What counts of an utterance, if somebody has asked before.
    pub(super) fn known<'a>(&self, utterance: &'a Utterance) -> Option<&'a Newest> {
        utterance.newest.get()
    }

    /// Verifies utterances in parallel.
    pub(super) fn verify(&self, places: &[u32]) {
        places.par_iter().for_each(|place| {
            self.newest(self.utterance(*place));
        });
    }

    /// Judges all certificates in parallel.
    pub(super) fn judge_all(&self) {
        (0..self.nodes.len() as u32).into_par_iter().for_each(|node| {
            self.party(node);
        });
    }

    fn user_ids_of(&self, node: u32) -> &[(&'k str, OnceLock<UserIdStanding>)] {
        let member = &self.nodes[node as usize];
        member.user_ids.get_or_init(|| {
            let names: Vec<&str> = match member.kept {
                Some(kept) => kept.names().collect(),
                None => self.certificate(node).map(Certificate::names).unwrap_or_default(),
            };
            names.into_iter().map(|text| (text, OnceLock::new())).collect()
        })
    }

    /// What is said about a certificate by nobody at hand.
    pub(super) fn strays(&self, node: u32) -> impl Iterator<Item = &Stray> {
        let start = self.strays.partition_point(|stray| stray.target < node);
        self.strays[start..].iter().take_while(move |stray| stray.target == node)
    }
}

impl<'k> Member<'k> {
    fn new(keys: &'k [KeyName], local: bool, kept: Option<&'k Kept>) -> Self {
        let (party, user_ids, again) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        Self { keys, local, kept, party, user_ids, again }
    }
}

/// Who may have made a certification, by key ID.
struct Issuers<'k> {
    certificates: &'k [&'k Certificate],
    keys: HashMap<KeyId, Vec<u32>>,
}

impl<'k> Issuers<'k> {
    fn new(certificates: &'k [&'k Certificate]) -> Self {
        let mut keys: HashMap<_, Vec<_>> = HashMap::new();
        for (place, certificate) in (0..).zip(certificates) {
            for key in certificate.keys() {
                keys.entry(key.id).or_default().push(place);
            }
        }
        Self { certificates, keys }
    }

    /// The certificates whose primary key a claim names; several only if it names a key ID that they share.
    fn of(&self, claim: &Claim) -> Result<Vec<u32>, Unusable> {
        let mut found = Vec::new();
        let mut subkey = None;
        for handle in claim.issuers() {
            for place in self.keys.get(&handle.key_id()).into_iter().flatten() {
                let keys = self.certificates[*place as usize].keys();
                if keys[0].is_meant_by(handle) {
                    found.push(*place);
                } else if let Some(key) = keys.iter().find(|key| key.is_meant_by(handle)) {
                    let (key, primary) = (key.fingerprint.clone(), keys[0].fingerprint.clone());
                    subkey = Some(Unusable::BySubkey { key, primary });
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        match subkey {
            _ if !found.is_empty() => Ok(found),
            Some(cause) => Err(cause),
            None => Err(Unusable::IssuerUnknown(claim.issuers().to_vec())),
        }
    }
}

/// Where each node's part begins in a list that is sorted by node; and the end of all.
fn offsets(nodes: usize, of: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut offsets = vec![0; nodes + 1];
    of.for_each(|node| offsets[node as usize + 1] += 1);
    for node in 0..nodes {
        offsets[node + 1] += offsets[node];
    }
    offsets
}

fn range(words: &Range<u32>) -> Range<usize> {
    words.start as usize..words.end as usize
}

/// Nobody but whoever forged what was compiled can see this.
const MISSING: &str = "it is not in the keyring";
