//! Asks sequoia-wot the same questions as Countersign's engine, and explains every disagreement or fails.
//!
//! ```text
//! cargo run --release --locked --manifest-path oracle/Cargo.toml [KEYRING…]
//! ```
//!
//! `time KEYRING ROOT [certification-network]` in the place of keyrings times sequoia-wot on one keyring, for
//! `benches/trust.sh`, and compares nothing.
//!
//! Three kinds of networks: random ones without key material, those that sequoia-wot publishes with its own tests, and
//! keyrings that are named on the command line. A disagreement is intended only if it falls into one of the classes of
//! [`Difference`]; `README.md` says for each how that is told.

mod again;
mod keyrings;
mod random;
mod stuck;
mod timing;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

/// The disagreements that are intended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    /// sequoia-wot takes one path after the other and never takes one back; other paths together carry more.
    Greedy,
    /// sequoia-wot lets a root's amount cap each certification, ours caps the root.
    RootBudget,
    /// So it also caps what another root passes on through it; ours bounds only what starts at a root.
    RootPassedThrough,
    /// sequoia-wot does not ask whether the target has expired or was revoked.
    TargetStatus,
    /// sequoia-wot also authenticates a user ID that the target never claimed by a self-signature; ours asks for one.
    Unclaimed,
    /// sequoia-wot follows certifications of user IDs that their owner took back; ours follows none.
    UserIdRevoked,
    /// Where an issuer certified several user IDs of one certificate, sequoia-wot takes what flows along one certification
    /// off the others as well; ours bounds all of them together by the largest.
    SeveralWords,
}

/// What came out, over many questions.
#[derive(Debug, Default)]
pub struct Tally {
    /// Questions asked.
    pub asked: usize,
    /// Questions where both reach the wanted amount.
    pub both: usize,
    /// Disagreements that are explained, by class.
    pub intended: BTreeMap<Difference, usize>,
    /// Disagreements that nothing explains.
    pub unexplained: Vec<String>,
}

impl Tally {
    /// Notes one question: what was asked, whether each of the two reached the amount, and what explains a
    /// disagreement.
    pub fn note(&mut self, question: impl FnOnce() -> String, ours: bool, theirs: bool, why: Option<Difference>) {
        self.asked += 1;
        self.both += usize::from(ours && theirs);
        match why {
            _ if ours == theirs => {}
            Some(difference) => *self.intended.entry(difference).or_default() += 1,
            None => self.unexplained.push(format!("ours {ours}, theirs {theirs}: {}", question())),
        }
    }

    fn tell(&self, what: &str) -> bool {
        println!("{what}: {} questions, {} reached by both", self.asked, self.both);
        for (difference, count) in &self.intended {
            println!("  intended difference {difference:?}: {count}");
        }
        for question in self.unexplained.iter().take(20) {
            println!("  UNEXPLAINED {question}");
        }
        println!("  unexplained: {}", self.unexplained.len());
        self.asked > 0 && self.unexplained.is_empty()
    }
}

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args().skip(1).collect();
    if let [mode, keyring, root, kind @ ..] = &words[..]
        && mode == "time"
    {
        timing::tell(keyring.as_ref(), root, kind.iter().any(|kind| kind == "certification-network"));
        return ExitCode::SUCCESS;
    }
    let named: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let mut good = random::trap().tell("the greedy trap");
    good &= random::compare(RANDOM).tell("random networks");
    good &= keyrings::published().tell("published networks");
    for keyring in &named {
        good &= keyrings::named(keyring).tell(&keyring.display().to_string());
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// How many random networks are compared.
const RANDOM: usize = 50_000;
