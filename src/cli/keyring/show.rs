//! `countersign keyring show` and `export`.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};

use super::super::args::Format;
use super::super::{Context, tell_json};
use super::{facts, only, refuse, tell_standing, unknown};
use crate::fingerprint::Fingerprint;
use crate::keyring::{Keyring, local};
use crate::openpgp::Certificate;
use crate::openpgp::certify::{Claim, Kind, Party, newest};
use crate::shown::Shown;
use crate::time::Times;

pub(super) fn run(
    fingerprint: &Fingerprint,
    paths: &[PathBuf],
    times: Times,
    format: Format,
    context: &Context<'_>,
    out: &mut dyn Write,
) -> anyhow::Result<u8> {
    let keyring = match Keyring::read(paths, &context.limits) {
        Ok(keyring) => keyring,
        Err(error) => return refuse(&error, format, context, out),
    };
    let certificate = only(&keyring, paths, fingerprint)?;
    let words = words(&keyring, certificate, &times);
    match format {
        Format::Json => tell_json(&answer(certificate, &words, times), out)?,
        Format::Text => text(certificate, &words, times, out)?,
    }
    Ok(0)
}

pub(super) fn export(
    fingerprints: &[Fingerprint],
    paths: &[PathBuf],
    format: Format,
    context: &Context<'_>,
    out: &mut dyn Write,
) -> anyhow::Result<u8> {
    let certificates = match local::for_others(paths, fingerprints, &context.limits) {
        Ok(certificates) => certificates,
        Err(error) => return refuse(&error, format, context, out),
    };
    if let Some(missing) =
        fingerprints.iter().find(|wanted| !certificates.iter().any(|one| one.fingerprint() == *wanted))
    {
        let error = match Keyring::read(paths, &context.limits) {
            Ok(keyring) => only(&keyring, paths, missing).err(),
            Err(error) => return refuse(&error, format, context, out),
        };
        return Err(error.unwrap_or_else(|| unknown(missing, paths)).into());
    }
    match format {
        Format::Text => certificates.iter().try_for_each(|one| out.write_all(one.armored().as_bytes()))?,
        Format::Json => {
            let rows = certificates
                .iter()
                .map(|one| json!({ "fingerprint": one.fingerprint().as_str(), "armored": one.armored() }));
            let answer = json!({ "countersign": "keyring-export/1", "certificates": rows.collect::<Vec<_>>() });
            tell_json(&answer, out)?;
        }
    }
    Ok(0)
}

/// What somebody in the keyring says of a user ID.
struct Word {
    issuer: Fingerprint,
    issuer_name: String,
    claim: Claim,
    outcome: Outcome,
}

/// Whether a word counts.
enum Outcome {
    Counts,
    Overridden,
    TakesBack,
    /// Code and sentence.
    Unusable(String, String),
}

/// Everything that others say, checked with their certificates.
fn words(keyring: &Keyring, certificate: &Certificate, times: &Times) -> Vec<Word> {
    let mut by: BTreeMap<(Fingerprint, Arc<str>), Vec<Claim>> = BTreeMap::new();
    for claim in certificate.claims() {
        let mut issuers = keyring.certificates();
        let issuer = issuers.find(|one| claim.issuers().iter().any(|handle| one.keys()[0].is_meant_by(handle)));
        if let Some(issuer) = issuer {
            by.entry((issuer.fingerprint().clone(), claim.user_id().clone())).or_default().push(claim);
        }
    }
    let target = Party::new(certificate, times);
    let mut words = Vec::new();
    for ((fingerprint, _), claims) in by {
        let Some(issuer) = keyring.by_fingerprint(&fingerprint) else { continue };
        let found = newest(&claims.iter().collect::<Vec<_>>(), &Party::new(issuer, times), &target, true, times);
        let issuer_name = issuer.user_ids().first().map(|text| Shown::new(text).to_string()).unwrap_or_default();
        for (place, claim) in claims.into_iter().enumerate() {
            let unusable = found.unusable.iter().find(|(at, _)| *at == place);
            let outcome = match (claim.kind(), unusable) {
                (Kind::Revocation, _) => Outcome::TakesBack,
                (_, Some((_, why))) => Outcome::Unusable(why.code().to_string(), why.to_string()),
                _ if found.valid.iter().any(|valid| Some(valid.created()) == claim.created()) => Outcome::Counts,
                _ => Outcome::Overridden,
            };
            words.push(Word { issuer: fingerprint.clone(), issuer_name: issuer_name.clone(), claim, outcome });
        }
    }
    words
}

fn answer(certificate: &Certificate, words: &[Word], times: Times) -> Value {
    let keys =
        certificate.keys().iter().map(|key| json!({ "fingerprint": key.fingerprint.as_str(), "primary": key.primary }));
    let words = words.iter().map(|word| {
        let claim = &word.claim;
        let (counts, code, why) = match &word.outcome {
            Outcome::Counts => (true, None, None),
            Outcome::Overridden => (false, None, Some("there is a newer one".to_owned())),
            Outcome::TakesBack => (false, None, None),
            Outcome::Unusable(code, why) => (false, Some(code.clone()), Some(why.clone())),
        };
        json!({
            "kind": if claim.kind() == Kind::Certification { "certification" } else { "revocation" },
            "issuer": word.issuer.as_str(),
            "issuer_name": word.issuer_name,
            "user_id": Shown::new(&**claim.user_id()).to_string(),
            "created": claim.created().map(|time| time.to_string()),
            "expires": claim.expires().map(|time| time.to_string()),
            "amount": claim.amount(),
            "depth": claim.depth(),
            "regexes": claim.regexes().shown(),
            "roles": claim.grant().roles,
            "scopes": claim.grant().scopes.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "exportable": claim.is_exportable(),
            "counts": counts,
            "code": code,
            "why": why,
        })
    });
    let mut all = json!({
        "countersign": "keyring-show/1",
        "at": times.at.to_string(),
        "keys": keys.collect::<Vec<_>>(),
        "certifications": words.collect::<Vec<_>>(),
    });
    let standing = certificate.standing(&times);
    if let (Some(all), Value::Object(facts)) = (all.as_object_mut(), facts(certificate, &standing)) {
        all.extend(facts);
    }
    all
}

fn text(certificate: &Certificate, words: &[Word], times: Times, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", certificate.fingerprint().grouped())?;
    tell_standing(certificate, &certificate.standing(&times), out)?;
    if let Some(created) = certificate.created() {
        writeln!(out, "  made           {created}")?;
    }
    for key in certificate.keys().iter().filter(|key| !key.primary) {
        writeln!(out, "  subkey         {}", key.fingerprint)?;
    }
    for user_id in certificate.user_ids() {
        writeln!(out, "  user ID        {}", Shown::new(user_id))?;
    }
    for word in words {
        let claim = &word.claim;
        let what = if claim.kind() == Kind::Certification { "certified by" } else { "revoked by" };
        writeln!(out, "\n{what} {} {}", word.issuer, word.issuer_name)?;
        writeln!(out, "  user ID        {}", Shown::new(&**claim.user_id()))?;
        describe(claim, out)?;
        match &word.outcome {
            Outcome::Counts => writeln!(out, "  counts")?,
            Outcome::Overridden => writeln!(out, "  does not count: there is a newer one")?,
            Outcome::TakesBack => writeln!(out, "  takes back what was said before it")?,
            Outcome::Unusable(code, why) => writeln!(out, "  does not count [{code}]: {why}")?,
        }
    }
    writeln!(
        out,
        "\nOnly certifications by certificates in this keyring are shown. Whether they are trusted is not asked here."
    )
}

fn describe(claim: &Claim, out: &mut dyn Write) -> io::Result<()> {
    if let Some(created) = claim.created() {
        writeln!(out, "  made           {created}")?;
    }
    if let Some(expires) = claim.expires() {
        writeln!(out, "  ends           {expires}")?;
    }
    if claim.kind() == Kind::Revocation {
        return Ok(());
    }
    writeln!(out, "  amount, depth  {}, {}", claim.amount(), claim.depth())?;
    claim.regexes().shown().iter().try_for_each(|regex| writeln!(out, "  only           {regex}"))?;
    claim.grant().roles.iter().try_for_each(|role| writeln!(out, "  role           {role}"))?;
    claim.grant().scopes.iter().try_for_each(|scope| writeln!(out, "  scope          {scope}"))?;
    if claim.is_exportable() { Ok(()) } else { writeln!(out, "  not for others") }
}
