//! A network in plain numbers and text, to be kept between runs: facts for any roots, and for any time that they cover.
//!
//! For each certificate it has the spans of time in which its standing is known; for each claim what it says, and whether
//! its signature was found to hold, found not to, or not tried. It has no decision: who is trusted is found anew each time.
//! What is read back is checked number by number, and whatever is not as it should be makes the whole of no use.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::network::{Network, Stray};
use crate::openpgp::KeyName;
use crate::openpgp::certify::{Claim, PlainCause, PlainClaim};
use crate::openpgp::life::Life;
use crate::reason::{Answer, Code, Reason};
use crate::time::Timestamp;

/// A network that was read back.
#[derive(Debug)]
pub struct Compiled {
    set_aside: Vec<Reason>,
    pub(super) members: Vec<Kept>,
    pub(super) claims: Vec<Claim>,
    pub(super) firsts: Vec<u32>,
    pub(super) words: Vec<(u32, u32, u32)>,
    pub(super) states: Vec<u8>,
    pub(super) strays: Vec<Stray>,
}

/// What is kept of a certificate.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) keys: Vec<KeyName>,
    pub(super) local: bool,
    pub(super) made: Option<Timestamp>,
    readable: bool,
    texts: Vec<Arc<str>>,
    lives: Vec<Life>,
}

/// Whether a signature holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Nobody has asked.
    Untried = 0,
    /// It does.
    Holds = 1,
    /// It does not.
    Bad = 2,
}

impl State {
    pub(super) fn of(number: u8) -> Option<Self> {
        [Self::Untried, Self::Holds, Self::Bad].into_iter().find(|state| *state as u8 == number)
    }
}

impl Kept {
    /// What was judged of it in the span that has a moment.
    pub(super) fn life(&self, at: Timestamp) -> Option<&Life> {
        self.lives.iter().find(|life| life.holds(at))
    }

    /// Its user IDs, as [`crate::openpgp::Certificate::names`] has them.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().filter(|_| self.readable).map(|text| &**text)
    }
}

impl Compiled {
    /// What was found in the keyring and is not used, each with its reason.
    pub fn set_aside(&self) -> &[Reason] {
        &self.set_aside
    }

    /// Reads what [`Network::compile`] wrote; none if anything in it is not as it should be. Whoever can choose the text can
    /// have any certification hold.
    pub fn read(text: &str) -> Option<Self> {
        let written: Written = serde_json::from_str(text).ok()?;
        let set_aside = written.set_aside.into_iter().map(PlainReason::read).collect::<Option<_>>()?;
        let (mut members, mut claims, mut firsts): (Vec<Kept>, Vec<_>, Vec<_>) = Default::default();
        for member in written.members {
            firsts.push(u32::try_from(claims.len()).ok()?);
            let kept = member.read(&mut claims)?;
            if members.last().is_some_and(|last| last.keys[0].fingerprint >= kept.keys[0].fingerprint) {
                return None;
            }
            members.push(kept);
        }
        // Each word speaks of a claim about its own target, and they come in order.
        let bound = |target: u32| {
            let begin = *firsts.get(target as usize)?;
            Some(begin..firsts.get(target as usize + 1).copied().unwrap_or(claims.len() as u32))
        };
        let (mut words, mut states) = (Vec::new(), Vec::new());
        for (target, issuer, place, state) in written.words {
            let fits = (issuer as usize) < members.len() && bound(target)?.contains(&place);
            State::of(state).filter(|_| fits)?;
            words.push((target, issuer, place));
            states.push(state);
        }
        let order = |(target, issuer, place): &(u32, u32, u32)| {
            (*target, claims[*place as usize].user_id().clone(), *issuer, *place)
        };
        if !words.is_sorted_by(|one, next| one.0 < next.0 || order(one) < order(next)) {
            return None;
        }
        let mut strays: Vec<Stray> = Vec::new();
        for (target, text, cause) in written.strays {
            let user_id = members.get(target as usize)?.texts.get(text as usize)?.clone();
            if strays.last().is_some_and(|last| last.target > target) {
                return None;
            }
            strays.push(Stray { target, user_id, cause: cause.read()? });
        }
        Some(Self { set_aside, members, claims, firsts, words, states, strays })
    }
}

impl Network<'_> {
    /// The network as text, with what was known before and what was found out since; none if it does not hold together.
    pub fn compile(&self, set_aside: &[Reason]) -> Option<String> {
        let nodes = 0..self.nodes.len() as u32;
        let members = nodes.into_par_iter().map(|node| self.member(node)).collect::<Option<_>>()?;
        let mut words = Vec::with_capacity(self.words.len());
        for place in 0..self.size().1 as u32 {
            let utterance = self.utterance(place);
            for word in utterance.words.clone() {
                let state = self.states[word as usize].load(Ordering::Relaxed);
                words.push((utterance.target, utterance.issuer, self.words[word as usize], state));
            }
        }
        let strays = self.strays.iter().map(|stray| {
            let texts = self.texts(stray.target)?;
            let text = texts.binary_search(&&*stray.user_id).ok()?;
            Some((stray.target, text as u32, PlainCause::new(&stray.cause)?))
        });
        let strays = strays.collect::<Option<_>>()?;
        let set_aside = set_aside.iter().map(PlainReason::new).collect();
        serde_json::to_string(&Written { set_aside, members, words, strays }).ok()
    }

    fn texts(&self, node: u32) -> Option<Vec<&str>> {
        match self.nodes[node as usize].kept {
            Some(kept) => Some(kept.texts.iter().map(|text| &**text).collect()),
            None => Some(self.certificate(node)?.texts()),
        }
    }

    fn member(&self, node: u32) -> Option<WrittenMember> {
        let member = &self.nodes[node as usize];
        let texts = self.texts(node)?;
        let begin = self.firsts[node as usize] as usize;
        let end = self.firsts.get(node as usize + 1).map_or(self.claims.len(), |end| *end as usize);
        let claims = self.claims[begin..end].iter().map(|claim| {
            let text = texts.binary_search(&&**claim.user_id()).ok()?;
            Some(PlainClaim::new(claim, text as u32))
        });
        let claims = claims.collect::<Option<_>>()?;
        let at = self.times().at;
        let mut lives: Vec<Life> = member.kept.map(|kept| kept.lives.clone()).unwrap_or_default();
        let (made, readable) = match member.kept {
            Some(kept) => (kept.made, kept.readable),
            None => {
                let certificate = self.certificate(node)?;
                (certificate.created(), certificate.is_readable())
            }
        };
        let asked = member.user_ids.get().map(Vec::as_slice).unwrap_or_default();
        let known = member.kept.and_then(|kept| kept.life(at));
        let news = |place: usize| known.is_none_or(|life| life.user_id(place).is_none());
        let fresh = (0..).zip(asked).any(|(place, (_, standing))| standing.get().is_some() && news(place));
        if let Some(party) = member.party.get().filter(|_| fresh || known.is_none()) {
            let user_ids = (0..texts.len()).map(|place| {
                let before = known.and_then(|life| life.user_id(place));
                before.or_else(|| asked.get(place)?.1.get().copied())
            });
            let life = Life::new(self.certificate(node)?, at, party.standing(), party.end(), user_ids);
            lives.retain(|life| !life.holds(at));
            let surplus = (lives.len() + 1).saturating_sub(LIVES);
            lives.drain(..surplus);
            lives.push(life);
        }
        Some(WrittenMember {
            keys: member.keys.iter().map(|key| key.fingerprint.to_string()).collect(),
            local: member.local,
            made: made.map(Timestamp::seconds),
            readable,
            texts: texts.into_iter().map(str::to_owned).collect(),
            lives,
            claims,
        })
    }
}

/// The text, as JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    set_aside: Vec<PlainReason>,
    members: Vec<WrittenMember>,
    /// Target, issuer, the claim's place, and whether its signature holds.
    words: Vec<(u32, u32, u32, u8)>,
    /// Target, user ID, and why nobody at hand said it.
    strays: Vec<(u32, u32, PlainCause)>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenMember {
    keys: Vec<String>,
    local: bool,
    made: Option<u32>,
    readable: bool,
    texts: Vec<String>,
    lives: Vec<Life>,
    claims: Vec<PlainClaim>,
}

impl WrittenMember {
    fn read(self, claims: &mut Vec<Claim>) -> Option<Kept> {
        let mut keys = Vec::new();
        for fingerprint in self.keys {
            keys.push(KeyName::new(fingerprint.parse().ok()?, keys.is_empty()));
        }
        let texts: Vec<Arc<str>> = self.texts.into_iter().map(Arc::from).collect();
        let plain = |text: &Arc<str>| !text.chars().any(char::is_control);
        let sound = !keys.is_empty()
            && texts.is_sorted_by(|one, next| one < next)
            && texts.iter().all(plain)
            && self.lives.len() <= LIVES
            && self.lives.iter().all(|life| life.is_sound(texts.len()));
        if !sound {
            return None;
        }
        for claim in self.claims {
            claims.push(claim.read(texts.get(claim.1 as usize)?)?);
        }
        let made = self.made.map(Timestamp::from_seconds);
        Some(Kept { keys, local: self.local, made, readable: self.readable, texts, lives: self.lives })
    }
}

/// A [`Reason`], with its code as text.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlainReason {
    code: String,
    aside: bool,
    path: Option<String>,
    message: String,
    step: Option<String>,
}

impl PlainReason {
    fn new(reason: &Reason) -> Self {
        let Reason { code, answer, path, message, step } = reason.clone();
        Self { code: code.as_str().to_owned(), aside: answer == Answer::SetAside, path, message, step }
    }

    fn read(self) -> Option<Reason> {
        let texts = [Some(&self.message), self.path.as_ref(), self.step.as_ref()];
        if texts.into_iter().flatten().any(|text| text.chars().any(char::is_control)) {
            return None;
        }
        let code = Code::named(&self.code)?;
        let mut reason = Reason::new(code, if self.aside { Answer::SetAside } else { Answer::Note }, self.message);
        (reason.path, reason.step) = (self.path, self.step);
        Some(reason)
    }
}

/// In how many spans of time a certificate's standing is remembered.
const LIVES: usize = 16;

#[cfg(test)]
mod tests {
    use super::super::{Question, Root, View, Viewpoint};
    use super::*;
    use crate::keyring::LaterKeyring;
    use crate::limits::Limits;
    use crate::openpgp::testing::{Person, TIMES, days_ago};
    use crate::time::Times;

    /// Whoever could write such a file needs no fault of ours; but no number in it makes us fall over.
    #[test]
    fn whatever_is_written_it_is_refused_or_laid_out() {
        let (one, two) = (Person::new(), Person::new());
        let two = two.certified(&one, days_ago(9), |builder| builder.set_trust_signature(1, 60).expect("a subpacket"));
        let one = one.certified(&two, days_ago(3), |builder| builder);
        let root = one.certificate().fingerprint().clone();
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("keyring.pgp");
        std::fs::write(&path, [one.public(), two.public()].concat()).expect("written");
        let keyring = LaterKeyring::read(&[path], &Limits::default()).expect("read");
        let list = |network: &Network<'_>| {
            let viewpoint = Viewpoint { roots: vec![Root::full(root.clone())], ..Viewpoint::default() };
            let mut view = View::of(network, viewpoint).expect("a viewpoint");
            view.prepare(Some(3));
            let answers = view.authenticate_all(&Question::who(root.clone(), ""));
            answers.iter().map(|answer| answer.amount().value()).collect::<Vec<_>>()
        };
        let network = Network::new(keyring.open().expect("a keyring"), TIMES);
        assert_eq!(list(&network).iter().max(), Some(&120));
        let text = network.compile(&[]).expect("it holds together");
        let again = Compiled::read(&text).expect("as it was written");
        let known = Network::of_compiled(&again, &keyring, TIMES);
        assert_eq!(list(&known), list(&network));
        assert!(!known.has_learned(), "all was known");
        assert_eq!(known.compile(&[]), Some(text.clone()), "and is written as it was");
        // In the span in which nothing happens to a certificate, its standing is known; before, it is judged anew.
        for (days, learns) in [(1, false), (5, false), (500, true)] {
            let then = Times { at: days_ago(days).try_into().expect("a time"), ..TIMES };
            let of_day = Network::of_compiled(&again, &keyring, then);
            assert_eq!(list(&of_day), list(&Network::new(keyring.open().expect("a keyring"), then)), "{days}");
            assert_eq!(of_day.has_learned(), learns, "{days}");
        }
        let (mut refused, mut laid_out) = (0, 0);
        for place in 0..text.len() {
            for byte in [b'9', b'0', b'"', b',', b']', b'\\'] {
                let mut changed = text.clone().into_bytes();
                changed[place] = byte;
                let changed = String::from_utf8(changed).expect("ASCII");
                match Compiled::read(&changed) {
                    None => refused += 1,
                    Some(compiled) => {
                        laid_out += 1;
                        let network = Network::of_compiled(&compiled, &keyring, TIMES);
                        list(&network);
                        drop(network.compile(&[]));
                    }
                }
            }
        }
        assert!(refused > 1000 && laid_out > 100, "{refused}, {laid_out}");
    }
}
