//! `countersign review PURL [FROM] TO`: show what is to be read, ask what the reader thinks of it, and sign that.

use std::cmp::Ordering;
use std::ffi::OsStr;
use std::io::{self, Write};

use serde_json::json;

use super::args::{Format, ReviewArgs};
use super::diff::{Measured, show};
use super::say::{Said, SayUse, Speaker, answer};
use super::sign::Unconfirmed;
use super::terminal::{ask, confirm};
use super::{Context, Misuse, tell};
use crate::diff::view::{Extent, LeftOut};
use crate::diff::{Before, Difference, difference};
use crate::publish::base;
use crate::reason::Reason;
use crate::report::{PackageReport, Report};
use crate::shown::Shown;
use crate::statement::review::{Draft, Opinion};
use crate::statement::{Review, VersionTree};
use crate::tree_text::TreeText;
use crate::version_order;

pub(super) fn run(
    arguments: &ReviewArgs,
    context: &Context<'_>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> anyhow::Result<u8> {
    let (from, dir) = arguments.trees();
    let refused = |reasons: Vec<Reason>, out: &mut dyn Write| {
        let package = PackageReport::refused(Some(&arguments.package), reasons, context.limits.reasons);
        let report = Report::new(context.now, "review", vec![package], Vec::new());
        tell(&report, arguments.say.format, out)
    };
    let to = match Measured::new(dir, false, context)? {
        Ok(to) => to,
        Err(reasons) => return Ok(refused(reasons, out)?),
    };
    let speaker = Speaker::new(&arguments.say, context)?;
    let earlier = match from {
        None => Earlier::Nothing,
        Some(from) => match Earlier::find(utf8(from)?, arguments, &speaker, context)? {
            Ok(earlier) => earlier,
            Err(reasons) => return Ok(refused(reasons, out)?),
        },
    };
    let found = difference(earlier.before(), to.present(), &context.limits)?;
    let left_out = read(arguments, &found, &to.notes, context, err)?;
    let (identity, version) = (arguments.package.identity(), arguments.package.version().unwrap_or_default());
    let mut draft = Draft {
        package: identity,
        from: earlier.named(),
        to: VersionTree { version: version.to_owned(), tree: to.present().text.digest() },
        verdict: arguments.verdict.unwrap_or(Opinion::Reject),
        criteria: arguments.criteria.clone(),
        thoroughness: arguments.thoroughness,
        relation: arguments.relation,
        reviewed: speaker.now(),
        note: arguments.note.clone(),
    };
    // What cannot be said is told before anybody is asked.
    Review::new(draft.clone()).map_err(SayUse::Statement)?;
    summarise(&draft, &speaker, left_out, err)?;
    if to.authors(&context.limits).contains(speaker.signer.fingerprint()) {
        writeln!(err, "You are named as an author of it: nobody counts as a reviewer of what they wrote.")?;
    }
    draft.verdict = conclude(arguments, &speaker, context, err)?;
    draft.reviewed = speaker.now();
    let review = Review::new(draft).map_err(SayUse::Statement)?;
    let trees: Vec<&TreeText> = earlier.before().text().into_iter().chain([to.present().text]).collect();
    let published = speaker.say(review.text(), &trees)?;
    let said = Said {
        kind: "review",
        what: review.verdict().to_string(),
        package: review.package(),
        to: review.to().clone(),
        from: review.from().cloned(),
        words: json!({
            "verdict": review.verdict(),
            "criteria": review.criteria(),
            "thoroughness": review.thoroughness(),
            "relation": review.relation(),
        }),
    };
    answer(&said, &published, &speaker, arguments.say.format, out)?;
    Ok(0)
}

/// What was typed as FROM.
fn utf8(from: &OsStr) -> Result<&str, SayUse> {
    from.to_str().ok_or_else(|| SayUse::From(Shown::new(from.as_encoded_bytes()).to_string()))
}

/// What TO is compared with.
enum Earlier {
    Nothing,
    Named(String, TreeText),
    There(String, Box<Measured>),
}

impl Earlier {
    /// Reads `VERSION=DIR`, or `VERSION`.
    fn find(
        from: &str,
        arguments: &ReviewArgs,
        speaker: &Speaker<'_>,
        context: &Context<'_>,
    ) -> anyhow::Result<Result<Self, Vec<Reason>>> {
        match from.split_once('=') {
            Some(("", _) | (_, "")) => Err(SayUse::From(Shown::new(from).to_string()).into()),
            Some((version, dir)) => {
                let measured = Measured::new(dir.as_ref(), false, context)?;
                Ok(measured.map(|measured| Self::There(version.to_owned(), Box::new(measured))))
            }
            None => {
                let text = base::find(&arguments.package, from, &speaker.open_stores()?, &context.limits)?;
                Ok(Ok(Self::Named(from.to_owned(), text)))
            }
        }
    }

    fn before(&self) -> Before<'_> {
        match self {
            Self::Nothing => Before::Nothing,
            Self::Named(_, text) => Before::Named(text),
            Self::There(_, measured) => Before::There(measured.present()),
        }
    }

    fn named(&self) -> Option<VersionTree> {
        let (Self::Named(version, _) | Self::There(version, _)) = self else { return None };
        let tree = self.before().text()?.digest();
        Some(VersionTree { version: version.clone(), tree })
    }
}

/// Shows what is to be read: all of it to somebody who is asked, and its names and numbers where nobody is.
fn read(
    arguments: &ReviewArgs,
    found: &Difference<'_>,
    notes: &[Reason],
    context: &Context<'_>,
    err: &mut dyn Write,
) -> anyhow::Result<LeftOut> {
    let extent = Extent { all: arguments.all, stat: arguments.yes && !arguments.all };
    if arguments.yes {
        // A pager would wait for somebody.
        return Ok(crate::diff::text::write(found, extent, false, err)?);
    }
    Ok(show(found, extent, Format::Text, notes, context, err)?)
}

/// What will be signed.
fn summarise(draft: &Draft, speaker: &Speaker<'_>, left_out: LeftOut, err: &mut dyn Write) -> io::Result<()> {
    let criteria: Vec<_> = draft.criteria.iter().map(ToString::to_string).collect();
    writeln!(err)?;
    match &draft.from {
        Some(from) => {
            writeln!(
                err,
                "{}: from {} to {}",
                draft.package,
                Shown::new(&from.version),
                Shown::new(&draft.to.version)
            )?;
            writeln!(err, "  since         {}", from.tree)?;
            if let Some(why) = backward(draft, from) {
                writeln!(err, "  Such a review joins no chain: {why}.")?;
            }
        }
        None => writeln!(err, "{}: all of {}", draft.package, Shown::new(&draft.to.version))?,
    }
    writeln!(err, "  tree          {}", draft.to.tree)?;
    writeln!(err, "  criteria      {}", criteria.join(", "))?;
    writeln!(err, "  thoroughness  {}", draft.thoroughness)?;
    writeln!(err, "  relation      {}", draft.relation)?;
    if let Some(note) = &draft.note {
        writeln!(err, "  note          {}", Shown::new(note))?;
    }
    writeln!(err, "  reviewer      {} {}", speaker.signer.fingerprint(), speaker.signer.user_id())?;
    if !left_out.is_nothing() {
        let LeftOut { lines, bytes, .. } = left_out;
        writeln!(err, "{lines} changed lines and {bytes} bytes of long lines were not shown; --all shows everything.")?;
    }
    Ok(())
}

/// Why nobody's chain of reviews would take this change.
fn backward(draft: &Draft, from: &VersionTree) -> Option<&'static str> {
    let (before, after) = (from.package(&draft.package)?, draft.to.package(&draft.package)?);
    match version_order::compare(&before, &after) {
        Some(Ordering::Less) => None,
        Some(_) => Some("the version that it comes from is not the lower one"),
        None => Some("versions of this kind have no order, unless an author's manifests say what follows what"),
    }
}

/// What the reader thinks.
fn conclude(
    arguments: &ReviewArgs,
    speaker: &Speaker<'_>,
    context: &Context<'_>,
    err: &mut dyn Write,
) -> anyhow::Result<Opinion> {
    if let (true, Some(verdict)) = (arguments.yes, arguments.verdict) {
        return Ok(verdict);
    }
    if !context.edge.interactive {
        return Err(Unconfirmed::NobodyThere.into());
    }
    let signer = speaker.signer.fingerprint().grouped();
    if let Some(verdict) = arguments.verdict {
        return match confirm(&format!("Sign {verdict} as {signer}?"), err)? {
            true => Ok(verdict),
            false => Err(Unconfirmed::No.into()),
        };
    }
    let said = ask(&format!("Sign as {signer}: approve, reject, or nothing?"), err)?;
    if ["", "n", "no", "nothing"].contains(&said.as_str()) {
        return Err(Unconfirmed::No.into());
    }
    let neither = |_| {
        let told = format!("`{}` is neither approve nor reject; nothing was signed", Shown::new(&said));
        Misuse::new(told, "run it again; --verdict says it before").into()
    };
    said.parse().map_err(neither)
}
