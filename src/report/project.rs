//! The report on a project for people: first what it comes to, then a table in which what needs attention stands first.
//!
//! Nothing is wider than 80 columns but addresses and reasons. What nobody vouched for is never green.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use super::counts::Counts;
use super::text::{write_package, write_reasons, write_where_more_is_told};
use super::{PackageReport, Report};
use crate::package::Purl;
use crate::reason::{Answer, Code, Reason};
use crate::verdict::{Basis, Outcome};

/// Writes the report on a project as text.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "whoever shows it must say all of it")]
pub struct ProjectText<'a> {
    /// The report.
    pub report: &'a Report,
    /// How much of it.
    pub detail: Detail,
    /// Whether colours are understood.
    pub colour: bool,
}

/// How much is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "less, as ever, or more")]
pub enum Detail {
    /// The first line.
    Headline,
    /// What needs attention, and how many others there are.
    Table,
    /// Every package, with everything that is known of it.
    All,
}

impl fmt::Display for ProjectText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.headline())?;
        if self.detail == Detail::Headline {
            return Ok(());
        }
        if let Some(project) = &self.report.project {
            let policy = &self.report.policy.source;
            writeln!(f, "  {} ({}), policy {policy}, at {}", project.lockfile, project.ecosystem, self.report.at)?;
        }
        self.held(f)?;
        write_reasons(f, &self.report.reasons)?;
        let mut rows: Vec<_> = self.report.packages.iter().map(Row::new).collect();
        rows.sort_by(|a, b| (a.rank, &a.name, &a.version).cmp(&(b.rank, &b.name, &b.version)));
        if self.detail == Detail::All {
            self.table(f, &rows)?;
            for row in &rows {
                writeln!(f)?;
                write_package(f, row.package, self.report)?;
            }
            return write_where_more_is_told(f, self.report);
        }
        let (shown, others) = rows.split_at(rows.len().min(ROWS));
        self.table(f, shown)?;
        self.others(f, others)?;
        self.attention(f, &rows)?;
        write_where_more_is_told(f, self.report)
    }
}

impl ProjectText<'_> {
    /// What it comes to, in one line.
    fn headline(&self) -> String {
        let counts = Counts::of(self.report);
        let count = |fits: fn(&PackageReport) -> bool| self.report.packages.iter().filter(|one| fits(one)).count();
        let (vouched, foreign) = (counts.policy, counts.all - counts.local - counts.builtin);
        let mut line = format!("{vouched} of {foreign} vouched for");
        for (number, what) in [
            (counts.rejected, "refused"),
            (counts.undetermined, "could not be told"),
            (counts.first_use, "on first use"),
            (counts.unsigned, "unsigned"),
            (counts.local, "your own"),
            (counts.builtin, "of the standard library"),
            (count(|one| has(one, Code::LockUnchecked)), "not held against the lockfile"),
            (count(|one| has(one, Code::ArtifactsUnchecked)), "with artifacts that were not checked"),
        ] {
            if number > 0 {
                write!(line, "; {number} {what}").expect("a string takes everything");
            }
        }
        let remembered = count(|package| package.remembered);
        write!(line, "; {remembered} remembered").expect("a string takes everything");
        if remembered < foreign && counts.rejected + counts.undetermined == 0 {
            line.push_str(" (run `countersign accept`)");
        }
        match self.report.verdict {
            Outcome::Rejected => format!("{}: {line}", self.paint(RED, "REJECTED")),
            Outcome::Undetermined => format!("{}: {line}", self.paint(YELLOW, "CANNOT TELL")),
            Outcome::Accepted if vouched == foreign => {
                format!("{}: {line}", self.paint(GREEN, "ACCEPTED"))
            }
            Outcome::Accepted => line,
        }
    }

    /// What is known of packages that nobody signed, too; where that is so of all of them.
    fn held(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = Counts::of(self.report);
        let foreign = counts.all - counts.local - counts.builtin;
        let other = |one: &PackageReport| has(one, Code::LockUnchecked) || has(one, Code::GeneratedCode);
        let unchecked = self.report.packages.iter().any(other);
        if self.report.verdict != Outcome::Accepted || unchecked || foreign == 0 {
            return Ok(());
        }
        let of = if foreign == 1 { "it".to_owned() } else { format!("these {foreign}") };
        writeln!(f, "  every file of {of} is as the lockfile's checksums say")
    }

    fn table(&self, f: &mut fmt::Formatter<'_>, rows: &[Row<'_>]) -> fmt::Result {
        if rows.is_empty() {
            return Ok(());
        }
        // Where no rule asks for reviews, nobody is told that nobody read.
        let read = rows.iter().any(|row| row.package.reading.is_some());
        let widths = if read { READ } else { WIDTHS };
        let head = ["PACKAGE", "VERSION", "VERDICT", "WHY", "AUTHORS", "REVIEWS", "UNREAD"];
        writeln!(f, "\n{}", line(head, widths))?;
        for row in rows {
            let package = row.package;
            let [authors, reviews] = [&package.authors, &package.reviewers].map(|people| match people.len() {
                0 => "-".to_owned(),
                number => number.to_string(),
            });
            let unread = package.reading.as_ref().map_or_else(|| "-".to_owned(), |read| read.unread.to_string());
            let text = line([&row.name, &row.version, row.verdict(), row.why(), &authors, &reviews, &unread], widths);
            let colour = match (package.verdict, package.basis) {
                (Outcome::Rejected, _) => RED,
                (Outcome::Undetermined, _) => YELLOW,
                (_, Some(Basis::Policy)) => GREEN,
                _ => "",
            };
            writeln!(f, "{}", self.paint(colour, &text))?;
        }
        Ok(())
    }

    /// What the table leaves away, counted.
    fn others(&self, f: &mut fmt::Formatter<'_>, rows: &[Row<'_>]) -> fmt::Result {
        let mut kinds: BTreeMap<(u8, &str), usize> = BTreeMap::new();
        rows.iter().for_each(|row| *kinds.entry((row.rank, row.why())).or_default() += 1);
        let kinds: Vec<_> = kinds.iter().map(|((_, why), number)| format!("{number} {why}")).collect();
        match rows.len() {
            0 => Ok(()),
            more => writeln!(f, "and {more} more: {} (-v shows all)", kinds.join(", ")),
        }
    }

    /// Why packages are refused, and what would change it.
    fn attention(&self, f: &mut fmt::Formatter<'_>, rows: &[Row<'_>]) -> fmt::Result {
        let bad: Vec<_> = rows.iter().filter(|row| row.package.verdict != Outcome::Accepted).collect();
        for row in bad.iter().take(EXPLAINED) {
            let name = row.package.package.as_deref().unwrap_or_default();
            writeln!(f, "\n{name}")?;
            let reasons: Vec<_> = row.package.reasons.iter().filter(|reason| decides(reason)).cloned().collect();
            write_reasons(f, &reasons[..reasons.len().min(REASONS)])?;
            if reasons.len() > REASONS {
                writeln!(f, "and {} more reasons (-v shows all)", reasons.len() - REASONS)?;
            }
        }
        if bad.len() > EXPLAINED {
            writeln!(f, "\nand {} more packages with reasons (-v shows all)", bad.len() - EXPLAINED)?;
        }
        Ok(())
    }

    fn paint(&self, colour: &str, text: &str) -> String {
        if self.colour && !colour.is_empty() { format!("{colour}{text}{PLAIN}") } else { text.to_owned() }
    }
}

/// One package as the table has it.
struct Row<'a> {
    package: &'a PackageReport,
    name: String,
    version: String,
    /// What needs attention has the lowest.
    rank: u8,
}

impl<'a> Row<'a> {
    fn new(package: &'a PackageReport) -> Self {
        let purl = package.package.as_deref().and_then(|purl| purl.parse::<Purl>().ok());
        let name = purl.as_ref().map_or_else(|| "?".to_owned(), |purl| purl.segments().join("/"));
        let version = purl.as_ref().and_then(Purl::version).unwrap_or("?").to_owned();
        let rank = match (package.verdict, package.basis) {
            (Outcome::Rejected, _) => 0,
            (Outcome::Undetermined, _) => 1,
            (_, Some(Basis::FirstUse)) if !package.remembered => 2,
            (_, Some(Basis::Unsigned)) if !package.remembered => 3,
            (_, Some(Basis::FirstUse)) => 4,
            (_, Some(Basis::Unsigned)) => 5,
            (_, Some(Basis::Local)) => 6,
            (_, Some(Basis::Builtin)) => 8,
            _ => 7,
        };
        Self { package, name, version, rank }
    }

    fn verdict(&self) -> &'static str {
        match (self.package.verdict, self.package.basis) {
            (Outcome::Rejected, _) => "refused",
            (Outcome::Undetermined, _) => "cannot tell",
            (_, Some(Basis::Unsigned | Basis::Local | Basis::Builtin)) => "let through",
            _ => "accepted",
        }
    }

    /// On what an acceptance rests; for the rest, the first reason that decided.
    fn why(&self) -> &'static str {
        let code = self.package.weightiest().filter(|reason| decides(reason)).map(|reason| reason.code.as_str());
        self.package.basis.map(|basis| basis.as_str()).or(code).unwrap_or("?")
    }
}

fn decides(reason: &Reason) -> bool {
    matches!(reason.answer, Answer::Reject | Answer::CannotTell)
}

fn has(package: &PackageReport, code: Code) -> bool {
    package.reasons.iter().any(|reason| reason.code == code)
}

/// A line of the table. What is too long for its column is cut, and shows that; `-v` and JSON have it whole.
fn line(cells: [&str; 7], widths: [usize; 7]) -> String {
    let mut line = String::new();
    for (cell, width) in cells.into_iter().zip(widths).filter(|(_, width)| *width > 0) {
        let long = cell.chars().count() > width;
        let cell: String = if long { cell.chars().take(width - 1).chain(['…']).collect() } else { cell.to_owned() };
        write!(line, "{cell:<width$} ").expect("a string takes everything");
    }
    line.truncate(line.trim_end().len());
    line
}

/// Characters of each column; with the spaces between them, 80. A column of none is left away.
const WIDTHS: [usize; 7] = [20, 10, 11, 20, 7, 7, 0];
/// The same where files that nobody read are counted.
const READ: [usize; 7] = [17, 9, 11, 17, 7, 7, 6];
/// Rows that are shown unless all are asked for.
const ROWS: usize = 20;
/// Packages whose reasons are shown unless all are asked for.
const EXPLAINED: usize = 10;
/// Reasons that are shown of each.
const REASONS: usize = 4;
const RED: &str = "\u{1b}[31m";
const GREEN: &str = "\u{1b}[32m";
const YELLOW: &str = "\u{1b}[33m";
const PLAIN: &str = "\u{1b}[0m";

#[cfg(test)]
mod tests;
