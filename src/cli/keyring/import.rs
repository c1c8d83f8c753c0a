//! `countersign keyring import` and `merge`: bring certificates in, and say what is new.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::super::args::Format;
use super::super::{Context, tell_json};
use super::{facts, refuse, tell_set_aside, tell_standing};
use crate::fingerprint::Fingerprint;
use crate::keyring::local::{Change, Import, ImportError, LocalKeyring, Source};
use crate::openpgp::Standing;
use crate::openpgp::news::News;
use crate::programs::Programs;
use crate::reason::Listed;
use crate::shown::Shown;
use crate::state::UserState;
use crate::state::write::unwatched;

/// Where the certificates come from.
pub(super) fn source(
    files: &[PathBuf],
    gpg: Option<&[Fingerprint]>,
    cert_d: Option<&Option<PathBuf>>,
    context: &Context<'_>,
) -> anyhow::Result<Source> {
    if let Some(fingerprints) = gpg {
        let programs = Programs::new(&context.edge.path, context.edge.terminal.clone());
        return Ok(Source::Given("gpg", programs.export_all(fingerprints)?));
    }
    let Some(cert_d) = cert_d else { return Ok(Source::Paths(files.to_vec())) };
    let shared = cert_d.as_ref().or(context.edge.cert_d.as_ref()).ok_or(super::KeyringUse::NoHome)?;
    Ok(Source::Paths(vec![shared.clone()]))
}

pub(super) fn run(
    source: &Source,
    into: &Path,
    keep_local: bool,
    format: Format,
    context: &Context<'_>,
    out: &mut dyn Write,
) -> anyhow::Result<u8> {
    let keyring = LocalKeyring::at(into);
    let import = match keyring.import(source, keep_local, context.now, &context.limits) {
        Ok(import) => import,
        Err(ImportError::Keyring(error)) => return refuse(&error, format, context, out),
        Err(error) => return Err(error.into()),
    };
    raise_floor(context)?;
    let times = context.times(None);
    let rows: Vec<_> = import.changes.iter().map(|change| (change, change.certificate.standing(&times))).collect();
    let set_aside = Listed::new(import.set_aside.clone(), context.limits.reasons);
    let place = Shown::path(into).to_string();
    match format {
        Format::Json => tell_json(&answer(&rows, &import, &set_aside, &place), out)?,
        Format::Text => text(&rows, &import, &set_aside, &place, out)?,
    }
    Ok(0)
}

/// A clock that is turned back after this is told. Whoever remembers nothing yet has nothing to lose by it.
fn raise_floor(context: &Context<'_>) -> anyhow::Result<()> {
    let Some(folder) = &context.edge.state else { return Ok(()) };
    let state = UserState::new(folder, &context.limits);
    let mut seen = state.read()?;
    if seen.floor().is_none() {
        return Ok(());
    }
    seen.raise_floor(context.now);
    Ok(state.add(&seen, &unwatched)?)
}

fn answer(rows: &[(&Change, Standing)], import: &Import, set_aside: &Listed, place: &str) -> Value {
    let changes = rows.iter().map(|(change, standing)| {
        let mut row = facts(&change.certificate, standing);
        row["new"] = json!(change.is_new);
        row["news"] = json!({
            "user_ids": change.news.user_ids,
            "subkeys": change.news.subkeys,
            "self_signatures": change.news.self_signatures,
            "certifications": change.news.certifications,
            "revocations": change.news.revocations,
        });
        row
    });
    json!({
        "countersign": "keyring-import/1",
        "keyring": place,
        "changed": changes.collect::<Vec<_>>(),
        "unchanged": import.unchanged,
        "set_aside": set_aside.reasons,
        "set_aside_total": set_aside.total,
    })
}

fn text(
    rows: &[(&Change, Standing)],
    import: &Import,
    set_aside: &Listed,
    place: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    for (change, standing) in rows {
        writeln!(out, "{}  {}", if change.is_new { "new    " } else { "changed" }, change.certificate.fingerprint())?;
        tell_standing(&change.certificate, standing, out)?;
        for user_id in &change.news.user_ids {
            writeln!(out, "  user ID {user_id}")?;
        }
        let counts = counts(&change.news);
        if !counts.is_empty() {
            writeln!(out, "  {}", counts.join(", "))?;
        }
    }
    tell_set_aside(set_aside, out)?;
    let new = rows.iter().filter(|(change, _)| change.is_new).count();
    writeln!(
        out,
        "{new} new, {} changed, {} unchanged in {place}. Signatures were counted, not checked. Nothing that is imported \
         is trusted by that alone.",
        rows.len() - new,
        import.unchanged
    )
}

fn counts(news: &News) -> Vec<String> {
    let counted = [
        (news.subkeys, "subkey", "subkeys"),
        (news.self_signatures, "signature of its own", "signatures of its own"),
        (news.certifications, "certification", "certifications"),
        (news.revocations, "revocation", "revocations"),
    ];
    let told = counted.into_iter().filter(|(count, ..)| *count > 0);
    told.map(|(count, one, many)| format!("{count} {}", if count == 1 { one } else { many })).collect()
}
