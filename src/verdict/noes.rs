//! Who said no: rejecting reviews and withdrawals, whose of them count, and which trees they end.
//!
//! A no beats every way of acceptance. A no of somebody whose no does not count is told, and changes nothing; the
//! signer's clock makes none of them weaker.

use std::collections::{BTreeMap, BTreeSet};

use super::authors::{Release, Scale};
use super::memory::Slot;
use super::said::{Said, Speakers};
use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::reason::{Answer, Code, Reason};
use crate::shown::Shown;
use crate::statement::review::Opinion;
use crate::time::{CLOCK_TOLERANCE, Times, Timestamp};

/// The noes that count.
#[derive(Debug, Default)]
pub(super) struct Noes {
    /// Trees that end each chain of reviews through them, with what ended it.
    pub(super) ended: BTreeMap<Digest, String>,
    /// Trees that were withdrawn, for whatever cause.
    pub(super) withdrawn: BTreeSet<Digest>,
    /// What they say about the tree at hand.
    pub(super) reasons: Vec<Reason>,
}

/// One no, of whatever kind.
struct No<'a> {
    code: Code,
    statement: Digest,
    dated: Timestamp,
    trees: Vec<Digest>,
    ends: bool,
    by: Vec<&'a Fingerprint>,
    /// Somebody may have said it with a key that this build cannot check.
    uncertain: bool,
    what: String,
    note: Option<&'a str>,
}

/// Weighs every no.
pub(super) fn weigh(
    said: &Said<'_>,
    speakers: &Speakers<'_>,
    releases: &[Release<'_>],
    tree: Option<Digest>,
    times: Times,
) -> Noes {
    let mut noes = Noes::default();
    let rejects = said.reviews.iter().filter(|opened| opened.statement().verdict() == Opinion::Reject).map(|opened| {
        let review = opened.statement();
        No {
            code: Code::ReviewRejects,
            statement: opened.digest(),
            dated: review.reviewed(),
            trees: vec![review.to().tree],
            ends: true,
            by: opened.signers().filter(|signer| speakers.may_reject(signer)).collect(),
            uncertain: opened.unsupported().any(|signer| speakers.may_reject(signer)),
            what: "rejected by the review".to_owned(),
            note: review.note(),
        }
    });
    let withdrawals = said.withdrawals.iter().map(|opened| {
        let withdrawal = opened.statement();
        No {
            code: Code::Withdrawn,
            statement: opened.digest(),
            dated: withdrawal.withdrawn(),
            trees: withdrawal.targets().iter().map(|target| target.tree).collect(),
            ends: withdrawal.reason().ends_chains(),
            by: opened.signers().filter(|signer| speakers.may_withdraw(signer, releases)).collect(),
            uncertain: opened.unsupported().any(|signer| speakers.may_withdraw(signer, releases)),
            what: format!("withdrawn as {} by", withdrawal.reason()),
            note: withdrawal.note(),
        }
    });
    for no in rejects.chain(withdrawals).collect::<Vec<_>>() {
        noes.take(&no, speakers, tree, times);
    }
    noes
}

impl Noes {
    /// Whether all that a release is older than was withdrawn: then there is nothing to stay above.
    pub(super) fn leave_no_floor(&self, scale: &Scale<'_>) -> bool {
        matches!(scale.slot, Slot::Below(_)) && scale.memory.pins.iter().all(|pin| self.withdrawn.contains(&pin.tree))
    }

    fn take(&mut self, no: &No<'_>, speakers: &Speakers<'_>, tree: Option<Digest>, times: Times) {
        let concerns = tree.is_some_and(|tree| no.trees.contains(&tree));
        if no.by.is_empty() && !no.uncertain {
            if concerns {
                let message = format!("this tree is {} {}, by nobody whose no counts here", no.what, no.statement);
                let step = "look at it yourself; `veto-from` and `withdraw-from` in the policy say whose no counts";
                self.reasons.push(Reason::new(Code::TrustNotApplied, Answer::Note, message).step(step));
            }
            return;
        }
        let by: Vec<_> = no.by.iter().map(|signer| speakers.person(signer).to_string()).collect();
        let because = no.note.map(|note| format!(": {}", Shown::new(note))).unwrap_or_default();
        let message = format!("this tree is {} {} of {}{because}", no.what, no.statement, by.join(" and "));
        if let Some(lifted) = speakers.scale.policy.overrides(no.statement, times.now) {
            if concerns {
                let why = format!("overridden until {}: {}", lifted.until, Shown::new(&lifted.reason));
                self.reasons.push(Reason::new(no.code, Answer::Note, format!("{message} ({why})")));
            }
            return;
        }
        for ended in no.trees.iter().filter(|_| no.ends) {
            self.ended.entry(*ended).or_insert_with(|| format!("{} {}", no.what, no.statement));
        }
        if no.code == Code::Withdrawn && !no.by.is_empty() {
            self.withdrawn.extend(&no.trees);
        }
        if concerns {
            // A turned-back clock must not hide a no.
            let ahead = no.dated > times.now.plus(CLOCK_TOLERANCE);
            let (code, answer) = match (ahead, no.by.is_empty()) {
                (true, _) => (Code::Clock, Answer::CannotTell),
                (false, true) => (no.code, Answer::CannotTell),
                (false, false) => (no.code, Answer::Reject),
            };
            let step = match code {
                Code::Clock => "check this machine's clock",
                _ => "use another release; or lift this one no with `[[override]]` in the policy, for a time",
            };
            self.reasons.push(Reason::new(code, answer, message).step(step));
        }
    }
}
