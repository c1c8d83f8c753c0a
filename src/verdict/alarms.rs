//! What is wrong about the authors of a release, beyond there being too few of them.

use std::collections::{BTreeMap, BTreeSet};

use super::authors::{Lacking, Overriding, Release, Right, Scale, Signer};
use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::policy::Voices;
use crate::policy::rule::Unsigned;
use crate::reason::{Answer, Code, Reason};

/// What several manifests of one version say against each other.
pub(super) fn of_releases(releases: &[Release<'_>], scale: &Scale<'_>) -> Vec<Reason> {
    let mut alarms = equivocations(releases);
    alarms.extend(contested(releases));
    alarms.extend(missed(releases, scale));
    alarms
}

/// One author who signed two trees for one version contradicts themselves, and nothing they say can be relied on.
fn equivocations(releases: &[Release<'_>]) -> Vec<Reason> {
    let mut signed: BTreeMap<&Fingerprint, BTreeSet<Digest>> = BTreeMap::new();
    for release in releases {
        for (signer, _) in release.authors() {
            signed.entry(&signer.certificate).or_default().insert(release.opened.statement().tree());
        }
    }
    let double = signed.into_iter().filter_map(|(signer, trees)| {
        let mut trees = trees.into_iter();
        Some((signer, trees.next()?, trees.next()?))
    });
    double
        .map(|(signer, first, second)| {
            let message = format!("{signer} signed two trees for this version: {first} and {second}");
            let step = "ask this author which of them is theirs, by another way than the one the files came";
            Reason::new(Code::Equivocation, Answer::Reject, message).step(step)
        })
        .collect()
}

/// Who was named as the one of several claimants has to be one of them.
fn missed(releases: &[Release<'_>], scale: &Scale<'_>) -> Option<Reason> {
    let one = scale.overriding.filter(|one| one.code == Code::AuthorContested)?;
    let claims = |release: &Release<'_>| release.authors().any(|(signer, _)| signer.certificate == one.fingerprint);
    if releases.iter().any(claims) {
        return None;
    }
    let message = "whoever you named is none of those who claim to be its author";
    let step = "ask the author, by another way than the one the files came, which key is theirs";
    Some(Reason::new(Code::AuthorContested, Answer::CannotTell, message).step(step))
}

/// Where a package is new, two first authors who have nobody in common are two claims, and neither wins.
fn contested(releases: &[Release<'_>]) -> Option<Reason> {
    let is_settled = |release: &Release<'_>| release.authors().any(|(_, right)| !matches!(right, Right::FirstUse));
    if releases.iter().any(is_settled) {
        return None;
    }
    let claims: Vec<BTreeSet<_>> = releases.iter().map(Release::people).filter(|people| !people.is_empty()).collect();
    let apart = claims.iter().enumerate().find_map(|(place, one)| {
        let other = claims[place + 1..].iter().find(|other| one.is_disjoint(other))?;
        Some((one, other))
    });
    let (one, other) = apart?;
    let names = |people: &BTreeSet<_>| people.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let message = format!("two claim to be its author: {}; and {}", names(one), names(other));
    let step = "ask the author, by another way than the one the files came, which key is theirs";
    Some(Reason::new(Code::AuthorContested, Answer::CannotTell, message).step(step))
}

/// What is wrong about who signed; gives whether author clauses that are not met may be skipped, since the policy lets
/// unsigned packages through and nothing that is remembered was signed here.
pub(super) fn of_authors(release: Option<&Release<'_>>, scale: &Scale<'_>, reasons: &mut Vec<Reason>) -> bool {
    let signers = release.map_or(&[][..], |release| &release.signers[..]);
    for signer in signers.iter().filter(|signer| matches!(signer.right, Err(Lacking::Denied))) {
        let message = format!("you distrust {}, so the signature counts for nothing", signer.certificate);
        reasons.push(Reason::new(Code::SignerDenied, Answer::SetAside, message));
    }
    let authors: Vec<_> = release.into_iter().flat_map(Release::authors).collect();
    reasons.extend(authors.iter().filter_map(|(signer, right)| handover(signer, right)));
    reasons.extend(duplicates(authors.iter().map(|(signer, _)| *signer)));
    if scale.is_void() {
        let anew = authors.iter().any(|(_, right)| matches!(right, Right::Named) || right.is_granted());
        let message = "what was accepted before rests on nobody but people whom you distrust by now";
        let step = "accept it anew once somebody whom you trust has signed it: `countersign accept` with \
                    `--override signer-denied` says who";
        let answer = if anew { Answer::Note } else { Answer::Reject };
        reasons.push(Reason::new(Code::SignerDenied, answer, message).step(step));
        return false;
    }
    let was_signed = scale.memory.was_signed(scale.slot);
    let may = scale.rule.unsigned == Unsigned::Accept && !was_signed;
    if !authors.is_empty() {
        return may;
    }
    let strangers: Vec<_> =
        signers.iter().filter(|signer| matches!(signer.right, Err(lacking) if lacking != Lacking::Denied)).collect();
    let remembered = scale.remembered();
    if was_signed || !(remembered.is_empty() || strangers.is_empty()) {
        // A key that this build cannot check may be the one: then the count tells that nothing can be told.
        if release.is_none_or(|release| release.unsupported.iter().all(|one| one.right.is_err())) {
            let alarm = if strangers.is_empty() { downgrade(scale) } else { changed(&strangers, &remembered) };
            // Without the stranger's signature it would pass as unsigned, and whoever made it can leave it away.
            let answer = if may { Answer::Note } else { alarm.answer };
            reasons.push(Reason { answer, ..alarm });
        }
        return may;
    }
    reasons.extend(strangers.iter().flat_map(|signer| stranger(signer, scale, may)));
    may
}

/// Several certificates of one person are one voice.
fn duplicates<'a>(authors: impl Iterator<Item = &'a Signer>) -> Vec<Reason> {
    let mut first: BTreeMap<_, &Fingerprint> = BTreeMap::new();
    let mut told = Vec::new();
    for signer in authors {
        match first.get(&signer.person) {
            None => drop(first.insert(&signer.person, &signer.certificate)),
            Some(other) => {
                let message = format!("{} and {other} are one person, who is counted once", signer.certificate);
                told.push(Reason::new(Code::SignatureDuplicate, Answer::Note, message));
            }
        }
    }
    told
}

fn handover(signer: &Signer, right: &Right) -> Option<Reason> {
    let Right::HandedOver(_) = right else { return None };
    let message =
        format!("{} is a new author, handed over to by those before; `accept` remembers them", signer.certificate);
    Some(Reason::new(Code::AuthorHandover, Answer::Note, message))
}

/// The alarm that matters most.
fn changed(strangers: &[&Signer], remembered: &BTreeSet<Fingerprint>) -> Reason {
    let grouped = |names: &mut dyn Iterator<Item = &Fingerprint>| {
        names.map(Fingerprint::grouped).collect::<Vec<_>>().join(" and ")
    };
    let new = grouped(&mut strangers.iter().map(|signer| &signer.certificate));
    let old = grouped(&mut remembered.iter());
    let message =
        format!("ANOTHER AUTHOR: until now this package was signed by {old}; this release is signed by {new}");
    let step = "ask the old author, by another way than the one the files came, whether they handed the package over";
    Reason::new(Code::AuthorChanged, Answer::Reject, message).step(step)
}

fn downgrade(scale: &Scale<'_>) -> Reason {
    let before = scale.slot.pin().map_or_else(|| "an earlier release".to_owned(), |pin| pin.package.to_string());
    let message = format!("{before} was signed by its author, and this is not: a signature may have been stripped");
    let step = "fetch the package again from its author's own place, or ask the author to sign this release";
    Reason::new(Code::Downgrade, Answer::Reject, message).step(step)
}

/// A signer whom nothing authorises. Where unsigned packages pass, they leave it no worse than unsigned.
fn stranger(signer: &Signer, scale: &Scale<'_>, may: bool) -> Vec<Reason> {
    let answer = if may { Answer::Note } else { Answer::Reject };
    let who = &signer.certificate;
    let (code, message, step) = match signer.right {
        Err(Lacking::OutOfScope) => (
            Code::OutOfScope,
            format!("{who} is trusted, but for other packages than {}", scale.package),
            "an author whose granted scope covers this package",
        ),
        Err(Lacking::TooDeep) => (
            Code::TooDeep,
            format!("{who} is only reached over more certifications than your policy's `max-depth` follows"),
            "a certification by somebody who is nearer to your roots",
        ),
        // Where the rule names who must sign, the count says it.
        Err(Lacking::Unauthorised | Lacking::ByRetired) if scale.names_authors() => return Vec::new(),
        Err(Lacking::Unauthorised | Lacking::ByRetired) => (
            Code::Unauthorised,
            format!("{who} signed as its author, and nothing authorises them for {}", scale.package),
            "the role of author, granted by somebody whom you trust already, or named in the policy",
        ),
        _ => return Vec::new(),
    };
    let mut told = vec![Reason::new(code, answer, message).step(step)];
    if matches!(signer.right, Err(Lacking::ByRetired)) {
        let message = format!(
            "those who would speak for {who} have expired or retired since, and whoever finds an old key can write any date"
        );
        let step = "a certification by somebody who is still there; or `retired-issuers = \"accept\"` in the policy";
        told.push(Reason::new(Code::RetiredIssuer, Answer::Note, message).step(step));
    }
    told
}

impl Scale<'_> {
    /// Whether each author clause names its people.
    fn names_authors(&self) -> bool {
        self.author_clauses().all(|clause| clause.from != Voices::Authorised)
    }
}

/// Whether the user's own word lifts a refusal. Only alarms of memory, and only where the certificate that they named is
/// one that it is about.
pub(super) fn overrides(overriding: &Overriding, code: Code, release: Option<&Release<'_>>, scale: &Scale<'_>) -> bool {
    let signed =
        release.is_some_and(|release| release.signers.iter().any(|one| one.certificate == overriding.fingerprint));
    let remembered = scale.memory.authors(scale.slot).contains(&overriding.fingerprint);
    overriding.code == code
        && match code {
            Code::Downgrade => remembered,
            // Whoever shall be its author from now on has signed it.
            Code::SignerDenied => release
                .is_some_and(|release| release.authors().any(|(one, _)| one.certificate == overriding.fingerprint)),
            Code::Rollback | Code::SourceChanged | Code::Equivocation => signed || remembered,
            // These make an author of whoever is named; see `Overriding::makes_author`.
            _ => false,
        }
}
