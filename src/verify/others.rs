//! Brings the reviews, checks and withdrawals of a package together from all places, and opens them.
//!
//! Only those are opened that somebody whose word could count has signed, going by the names of the files; the others are
//! counted, so that nobody can make us work for long.

use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::openpgp::open::OpenedStatement;
use crate::reason::{Answer, Code, Reason};
use crate::statement::{Check, Kind, Review, StatementFault, Withdrawal};
use crate::store::{FoundStatement, layout};
use crate::verdict::authors::Origin;
use crate::verdict::said::Said;

use super::evidence::{Candidates, Ground, is_own_manifest};

/// What was found beside manifests.
#[derive(Default)]
pub(super) struct Others {
    reviews: Candidates,
    checks: Candidates,
    withdrawals: Candidates,
    skipped: usize,
}

/// The same, opened.
#[derive(Default)]
pub(super) struct OpenedOthers {
    reviews: Vec<OpenedStatement<Review>>,
    checks: Vec<OpenedStatement<Check>>,
    withdrawals: Vec<OpenedStatement<Withdrawal>>,
}

impl Others {
    /// Takes one statement, if it is of these kinds, about this package, and signed by a voice. In a package's own folder
    /// each kind has its place.
    pub(super) fn add(
        &mut self,
        found: &FoundStatement,
        origin: Origin,
        ground: &Ground<'_>,
        reasons: &mut Vec<Reason>,
    ) {
        let (Some(wanted), false) = (ground.wanted, is_own_manifest(found)) else { return };
        let place = place(found);
        let Some(kind) = found.opening.as_ref().map(|opening| opening.kind).or(place) else { return };
        let set_aside = |code, message: String| Reason::new(code, Answer::SetAside, message).at(&found.name);
        if let Some(place) = place.filter(|place| *place != kind) {
            let message = format!("a {kind} lies where a {place} belongs");
            reasons.push(set_aside(Code::StatementKind, message));
            return;
        }
        let candidates = match kind {
            Kind::Review => &mut self.reviews,
            Kind::Check => &mut self.checks,
            Kind::Withdrawal => &mut self.withdrawals,
            _ => return,
        };
        if let Some(about) = found.about.as_ref().filter(|about| about.identity() != wanted.identity()) {
            reasons.push(set_aside(Code::PackageMismatch, format!("it is about {about}, not {wanted}")));
            return;
        }
        // A check is about one version; those of others are no matter of this one.
        let other_version = |opening: &crate::statement::Opening| kind == Kind::Check && opening.package != *wanted;
        if found.opening.as_ref().is_some_and(other_version) {
            return;
        }
        if found.signatures.iter().any(|signature| ground.voices.contains(&signature.signer)) {
            candidates.add(found, origin);
        } else {
            self.skipped += 1;
        }
    }

    /// Opens them all. What cannot be used is set aside alone. Where there are too many none is opened: any of those that
    /// would be left out could be a no.
    pub(super) fn open(self, ground: &Ground<'_>, reasons: &mut Vec<Reason>) -> OpenedOthers {
        let (count, most) =
            (self.reviews.count() + self.checks.count() + self.withdrawals.count(), ground.limits.statements);
        if count > most {
            let message = format!("{count} reviews, checks and withdrawals of one package; at most {most} are read");
            let step = "remove from the stores what nobody needs";
            reasons.push(Reason::new(Code::LimitSignatures, Answer::CannotTell, message).step(step));
            return OpenedOthers::default();
        }
        if self.skipped > 0 {
            let message = format!("skipped, since they are by others: {} reviews, checks or withdrawals", self.skipped);
            reasons.push(Reason::new(Code::TrustNotApplied, Answer::Note, message));
        }
        OpenedOthers {
            reviews: self.reviews.open_as(ground, reasons),
            checks: self.checks.open_as(ground, reasons),
            withdrawals: self.withdrawals.open_as(ground, reasons),
        }
    }
}

impl OpenedOthers {
    /// As the judgement takes them.
    pub(super) fn said(&self) -> Said<'_> {
        Said {
            reviews: (&self.reviews).into(),
            checks: (&self.checks).into(),
            withdrawals: (&self.withdrawals).into(),
            subject: None,
        }
    }

    /// Who signed which statement.
    pub(super) fn signed(&self) -> impl Iterator<Item = (Digest, &Fingerprint)> {
        let reviews = self.reviews.iter().flat_map(|opened| opened.signers().map(|one| (opened.digest(), one)));
        let checks = self.checks.iter().flat_map(|opened| opened.signers().map(|one| (opened.digest(), one)));
        let noes = self.withdrawals.iter().flat_map(|opened| opened.signers().map(|one| (opened.digest(), one)));
        reviews.chain(checks).chain(noes)
    }
}

/// The kind that belongs where a statement lies in a package's own folder.
fn place(found: &FoundStatement) -> Option<Kind> {
    let inner = found.name.strip_prefix(layout::OWN)?.strip_prefix('/')?;
    match inner.split_once('/')?.0 {
        "reviews" => Some(Kind::Review),
        "checks" => Some(Kind::Check),
        "withdrawals" => Some(Kind::Withdrawal),
        _ => None,
    }
}

/// How a statement that cannot be used is told: set aside, unless it is of a newer version and by somebody whose word
/// could count, for then it may say anything.
pub(super) fn unusable(fault: &StatementFault, known: bool) -> Reason {
    let newer = matches!(fault, StatementFault::Version(_));
    let answer = if newer && known { Answer::CannotTell } else { Answer::SetAside };
    Reason::new(fault.code(), answer, fault.to_string())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::keyring::Keyring;
    use crate::limits::Limits;
    use crate::openpgp::open::NothingSeen;
    use crate::openpgp::testing::{NOW, Person, TIMES};
    use crate::statement::Opening;
    use crate::statement::check::{Draft, Finding};
    use crate::store::FoundSignature;

    fn check(by: &Person, number: usize) -> FoundStatement {
        let check = Check::new(&Draft {
            package: "pkg:generic/a@1.0.0".parse().expect("a purl"),
            tree: Digest::of(b"a tree"),
            name: "c".parse().expect("a word"),
            tool: format!("t {number}"),
            result: Finding::Pass,
            checked: NOW,
            subject: None,
            note: None,
        });
        let bytes = check.expect("a check").text().as_bytes().to_vec();
        let signer = by.certificate().fingerprint().clone();
        let signature = FoundSignature { signer, name: "s.asc".to_owned(), bytes: by.sign_text(&bytes) };
        FoundStatement {
            name: format!("{number}.toml"),
            digest: Digest::of(&bytes),
            opening: Opening::read(&bytes, &Limits::default()).ok(),
            about: Opening::package_of(&bytes, &Limits::default()),
            bytes,
            signatures: vec![signature],
        }
    }

    #[test]
    fn too_many_statements_are_an_error_and_never_a_cut() {
        let bot = Person::new();
        let keyring = Keyring::from_certificates([bot.certificate()]);
        let voices = BTreeSet::from([bot.certificate().fingerprint().clone()]);
        let package = "pkg:generic/a@1.0.0".parse().expect("a purl");
        let opened = |statements: usize| {
            let limits = Limits { statements, ..Limits::default() };
            let ground = Ground {
                keyring: &keyring,
                voices: &voices,
                wanted: Some(&package),
                seen: &NothingSeen,
                times: TIMES,
                limits: &limits,
            };
            let (mut others, mut reasons) = (Others::default(), Vec::new());
            for number in 0..3 {
                // The same one from two places is one.
                let found = check(&bot, number);
                for origin in [Origin::Own, Origin::Shared] {
                    others.add(&found, origin, &ground, &mut reasons);
                }
            }
            let opened = others.open(&ground, &mut reasons);
            (opened.checks.len(), reasons.iter().map(|reason| (reason.code, reason.answer)).collect::<Vec<_>>())
        };
        assert_eq!(opened(3), (3, vec![]));
        assert_eq!(opened(2), (0, vec![(Code::LimitSignatures, Answer::CannotTell)]));
    }
}
