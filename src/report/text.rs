//! The report for people: the same facts as the JSON, what matters first.

use std::fmt::{self, Write as _};

use super::{PackageReport, Report};
use crate::reason::{Answer, Reason};
use crate::verdict::{Basis, Known, Outcome};

/// Writes a report as text.
#[derive(Debug)]
pub struct Text<'a>(pub &'a Report);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.packages.is_empty() {
            writeln!(f, "{}", outcome(self.0.verdict))?;
        }
        write_reasons(f, &self.0.reasons)?;
        for package in &self.0.packages {
            write_package(f, package, self.0)?;
        }
        write_where_more_is_told(f, self.0)
    }
}

pub(super) fn write_package(f: &mut fmt::Formatter<'_>, package: &PackageReport, report: &Report) -> fmt::Result {
    let name = package.package.as_deref().or(package.place.as_deref()).unwrap_or("this directory");
    writeln!(f, "{}: {name}", headline(package))?;
    if !package.judged {
        return write_listed(f, package);
    }
    writeln!(f, "  authentic   {:<8} {}", known(package.authentic), authentic(package))?;
    writeln!(f, "  authorised  {:<8} {}", known(package.authorised), authorised(package))?;
    let basis = basis(package, &report.policy.source);
    // What nobody vouched for is let through, and never called accepted.
    let label = if package.basis == Some(Basis::Unsigned) { "let through" } else { "accepted" };
    writeln!(f, "  {label:<11} {}", format_args!("{:<8} {basis}", known(package.accepted)).to_string().trim_end())?;
    for author in &package.authors {
        let name = package.names.get(author).map(|name| format!("  {name}")).unwrap_or_default();
        writeln!(f, "  author      {author}{name}")?;
    }
    for reviewer in &package.reviewers {
        let name = package.names.get(reviewer).map(|name| format!("  {name}")).unwrap_or_default();
        writeln!(f, "  reviewer    {reviewer}{name}")?;
    }
    for chain in package.readings.iter().filter(|chain| chain.len() > 1) {
        writeln!(f, "  read        the whole, and {} changes since", chain.len() - 1)?;
    }
    if let Some(reading) = package.reading.as_ref().filter(|reading| reading.unread > 0) {
        writeln!(f, "  unread      {} of {} files, by anybody whose word counts", reading.unread, reading.files_total)?;
        let unread = reading.files.iter().filter(|file| file.read_in.is_empty());
        unread.take(UNREAD).try_for_each(|file| writeln!(f, "              {}", file.path))?;
        match reading.unread.saturating_sub(UNREAD) {
            0 => {}
            more => writeln!(f, "              … and {more} more")?,
        }
    }
    for checker in &package.checkers {
        writeln!(f, "  checked by  {checker}")?;
    }
    for path in &package.paths {
        writeln!(f, "  trust {:>3}   {}", path.amount, path.certificates.join("\n           -> "))?;
    }
    writeln!(f, "  at          {}", report.at)?;
    write_listed(f, package)
}

fn write_listed(f: &mut fmt::Formatter<'_>, package: &PackageReport) -> fmt::Result {
    write_reasons(f, &package.reasons)?;
    if package.reasons_total > package.reasons.len() {
        let (listed, total) = (package.reasons.len(), package.reasons_total);
        writeln!(f, "{listed} of {total} reasons are listed.")?;
    }
    Ok(())
}

/// So many files that nobody read are named.
const UNREAD: usize = 10;

pub(super) fn write_reasons(f: &mut fmt::Formatter<'_>, reasons: &[Reason]) -> fmt::Result {
    for reason in reasons {
        let mut line = format!("{} [{}]", answer(reason.answer), reason.code);
        if let Some(path) = &reason.path {
            write!(line, " {path}")?;
        }
        writeln!(f, "{line}: {}", reason.message)?;
        if let Some(step) = &reason.step {
            writeln!(f, "  -> {step}")?;
        }
    }
    Ok(())
}

/// Says once where more is told, if something that decides on a package says nothing of what to do.
pub(super) fn write_where_more_is_told(f: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    let mut all = report.packages.iter().flat_map(|package| &package.reasons);
    if all.any(|one| matches!(one.answer, Answer::Reject | Answer::CannotTell) && one.step.is_none()) {
        writeln!(f, "`countersign explain CODE` tells what to do.")?;
    }
    Ok(())
}

pub(super) fn authentic(package: &PackageReport) -> String {
    let size = match (package.files, package.bytes) {
        (Some(files), Some(bytes)) => format!("{files} files, {bytes} bytes"),
        _ => "the tree".to_owned(),
    };
    match package.authentic {
        Known::Yes => format!("{size}: exactly what was signed"),
        Known::No => format!("{size}: not shown to be what anybody signed"),
        Known::Unknown => "it could not be told whether this is what was signed".to_owned(),
    }
}

/// The verdict in one word; what nobody vouched for is never called accepted.
pub(super) fn headline(package: &PackageReport) -> &'static str {
    match package.basis {
        Some(Basis::Unsigned) => "NOT VOUCHED FOR",
        Some(Basis::FirstUse) => "ACCEPTED ON FIRST USE",
        _ => outcome(package.verdict),
    }
}

/// On what it rests, and who says so.
pub(super) fn basis(package: &PackageReport, source: &str) -> String {
    match package.basis {
        None => String::new(),
        Some(Basis::Unsigned) => format!("unsigned, as the policy allows ({source})"),
        Some(Basis::FirstUse) => {
            format!("by an author known from first use alone; nobody else vouches for them ({source})")
        }
        Some(_) if source == "--signer" => "by the signers that you named".to_owned(),
        Some(basis) => format!("by {basis} ({source})"),
    }
}

pub(super) fn authorised(package: &PackageReport) -> String {
    if package.needed == 0 {
        return "no rule asks for its authors".to_owned();
    }
    format!("{} of {} needed authors", package.authors.len(), package.needed)
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted => "ACCEPTED",
        Outcome::Rejected => "REJECTED",
        Outcome::Undetermined => "CANNOT TELL",
    }
}

pub(super) fn known(known: Known) -> &'static str {
    match known {
        Known::Yes => "yes",
        Known::No => "no",
        Known::Unknown => "unknown",
    }
}

pub(super) fn answer(answer: Answer) -> &'static str {
    match answer {
        Answer::Reject => "refused",
        Answer::CannotTell => "cannot tell",
        Answer::SetAside => "set aside",
        Answer::Note => "note",
    }
}
