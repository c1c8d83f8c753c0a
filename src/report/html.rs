//! The report as one page: the same facts as the text and the JSON, for a browser, with nothing to load.
//!
//! All that matters is there without JavaScript, which only sorts and filters. The page's own content policy (CSP level 3)
//! lets exactly this style and this script run, by their digests, and nothing else, so that foreign text could do nothing
//! even if it were not escaped.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::counts::Counts;
use super::markup::Plain;
use super::picture::Picture;
use super::text::{answer, authentic, authorised, basis, headline, known};
use super::{PackageReport, PathReport, Report};
use crate::digest::Digest;
use crate::reason::{Answer, Reason};
use crate::verdict::{Basis, Known, Outcome};

/// Writes a report as a page of HTML.
#[derive(Debug)]
pub struct Html<'a>(pub &'a Report);

impl fmt::Display for Html<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = self.0;
        let title = format!("Countersign: {}", word(report.verdict));
        writeln!(
            f,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
             <title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{}",
            content_policy(),
            Plain(title),
            Picture::definitions().trim_end(),
        )?;
        write_header(f, report)?;
        write_tools(f, report)?;
        writeln!(f, "<main id=\"packages\">")?;
        let mut packages: Vec<_> = report.packages.iter().collect();
        packages.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| a.package.cmp(&b.package)));
        for (place, package) in packages.into_iter().enumerate() {
            write_package(f, place, package, report)?;
        }
        writeln!(f, "</main>\n<script>{SCRIPT}</script>\n</body>\n</html>")
    }
}

/// What a browser may do with the page: show it.
fn content_policy() -> String {
    let digest = |text: &str| STANDARD.encode(Digest::of(text.as_bytes()).bytes());
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        digest(STYLE),
        digest(SCRIPT)
    )
}

fn write_header(f: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    writeln!(f, "<header>\n<h1 class=\"{}\">{}</h1>", tone(report.verdict), word(report.verdict))?;
    let counts = Counts::of(report);
    writeln!(f, "<ul class=\"counts\">")?;
    let tiles = [
        (counts.rejected, "refused", "refused"),
        (counts.undetermined, "cannot tell", "unknown"),
        (counts.unsigned, "not vouched for", "unsigned"),
        (counts.first_use, "known from first use", "first"),
        (counts.policy, "accepted by the policy", "good"),
        (counts.local, "local", "local"),
        (counts.builtin, "of the standard library", "local"),
    ];
    for (count, name, tone) in tiles.into_iter().filter(|(count, ..)| *count > 0) {
        writeln!(f, "<li class=\"{tone}\"><b>{count}</b> {name}</li>")?;
    }
    writeln!(f, "</ul>\n<dl class=\"facts\">")?;
    write_fact(f, "at", &report.at)?;
    write_fact(f, "policy", &report.policy.source)?;
    if let Some(digest) = &report.policy.digest {
        write_fact(f, "its digest", digest)?;
    }
    write_fact(f, "packages", counts.all)?;
    writeln!(f, "</dl>")?;
    write_reasons(f, &report.reasons)?;
    writeln!(f, "</header>")
}

/// Sorting and filtering; without JavaScript they are not shown.
fn write_tools(f: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    if report.packages.len() < 2 {
        return Ok(());
    }
    writeln!(
        f,
        "<form id=\"tools\" hidden>\n\
         <label>Find <input id=\"find\" type=\"search\" autocomplete=\"off\" placeholder=\"name, code, person\"></label>\n\
         <label>Show <select id=\"show\"><option value=\"\">everything</option><option value=\"attention\">what needs \
         attention</option><option value=\"refused\">refused</option><option value=\"unknown\">cannot tell</option>\
         <option value=\"unsigned\">not vouched for</option><option value=\"first\">known from first use</option>\
         <option value=\"good\">accepted by the policy</option><option value=\"local\">local</option></select></label>\n\
         <label>Sort by <select id=\"sort\"><option value=\"place\">attention</option><option value=\"name\">name</option>\
         <option value=\"files\">files</option><option value=\"reasons\">number of reasons</option></select></label>\n\
         <button type=\"button\" id=\"all\" aria-expanded=\"false\">Open all</button>\n\
         <output id=\"count\" for=\"find show\"></output>\n</form>"
    )
}

fn write_package(f: &mut fmt::Formatter<'_>, place: usize, package: &PackageReport, report: &Report) -> fmt::Result {
    let name = package.package.as_deref().unwrap_or("this directory");
    let open =
        if package.verdict != Outcome::Accepted && place < OPEN || report.packages.len() == 1 { " open" } else { "" };
    writeln!(
        f,
        "<details class=\"package {}\" id=\"package-{place}\" data-place=\"{place}\" data-name=\"{}\" data-files=\"{}\" \
         data-reasons=\"{}\"{open}>",
        package_tone(package),
        Plain(name),
        package.files.unwrap_or(0),
        package.reasons_total,
    )?;
    write!(f, "<summary><span class=\"purl\">{}</span> <span class=\"mark\">{}</span>", Plain(name), mark(package))?;
    if let Some(first) = package.weightiest() {
        write!(f, " <span class=\"why\">{}</span>", Plain(first.code))?;
    }
    writeln!(f, "</summary>\n<table class=\"answers\"><tbody>")?;
    write_answer(f, "authentic", package.authentic, &authentic(package))?;
    write_answer(f, "authorised", package.authorised, &authorised(package))?;
    let label = if package.basis == Some(Basis::Unsigned) { "let through" } else { "accepted" };
    write_answer(f, label, package.accepted, &basis(package, &report.policy.source))?;
    writeln!(f, "</tbody></table>")?;
    write_reasons(f, &package.reasons)?;
    if package.reasons_total > package.reasons.len() {
        let (listed, total) = (package.reasons.len(), package.reasons_total);
        writeln!(f, "<p>{listed} of {total} reasons are listed.</p>")?;
    }
    writeln!(f, "<dl class=\"facts\">")?;
    for (role, people) in
        [("author", &package.authors), ("reviewer", &package.reviewers), ("checked by", &package.checkers)]
    {
        for fingerprint in people {
            let name = package.names.get(fingerprint).map(String::as_str).unwrap_or_default();
            write_fact(f, role, format_args!("{name} {fingerprint}"))?;
        }
    }
    for chain in &package.readings {
        let read = match chain.len() {
            0 | 1 => "the whole".to_owned(),
            hops => format!("the whole, and {} changes since", hops - 1),
        };
        write_fact(f, "read", read)?;
    }
    for (what, digest) in [("tree", &package.tree), ("manifest", &package.manifest)] {
        if let Some(digest) = digest {
            write_fact(f, what, digest)?;
        }
    }
    writeln!(f, "</dl>")?;
    write_pictures(f, package)?;
    writeln!(f, "</details>")
}

/// A picture of the paths to each author, and the same in words for whoever sees none.
fn write_pictures(f: &mut fmt::Formatter<'_>, package: &PackageReport) -> fmt::Result {
    let mut targets: BTreeMap<(&str, &str), Vec<&PathReport>> = BTreeMap::new();
    for path in &package.paths {
        targets.entry((&path.certificate, &path.user_id)).or_default().push(path);
    }
    for paths in targets.values() {
        let Some(picture) = Picture::of_report(paths, &package.names) else { continue };
        writeln!(f, "<figure>\n<div class=\"wide\">{}</div>", picture.inline_svg())?;
        writeln!(f, "<figcaption>Paths of trust to {}</figcaption>\n<ul class=\"paths\">", Plain(&paths[0].user_id))?;
        for path in paths {
            let way = path.certificates.iter().map(|one| match package.names.get(one) {
                Some(name) => format!("{name} ({one})"),
                None => one.clone(),
            });
            let way = way.collect::<Vec<_>>().join(" → ");
            writeln!(f, "<li>{}: {}</li>", Plain(path.amount), Plain(way))?;
        }
        writeln!(f, "</ul>\n</figure>")?;
    }
    Ok(())
}

fn write_answer(f: &mut fmt::Formatter<'_>, what: &str, is: Known, how: &str) -> fmt::Result {
    writeln!(f, "<tr class=\"{0}\"><th scope=\"row\">{what}</th><td>{0}</td><td>{1}</td></tr>", known(is), Plain(how))
}

fn write_fact(f: &mut fmt::Formatter<'_>, what: &str, fact: impl fmt::Display) -> fmt::Result {
    writeln!(f, "<div><dt>{what}</dt><dd>{}</dd></div>", Plain(fact))
}

fn write_reasons(f: &mut fmt::Formatter<'_>, reasons: &[Reason]) -> fmt::Result {
    if reasons.is_empty() {
        return Ok(());
    }
    writeln!(f, "<ul class=\"reasons\">")?;
    for reason in reasons {
        let class = match reason.answer {
            Answer::Reject => "refused",
            Answer::CannotTell => "unknown",
            Answer::SetAside | Answer::Note => "note",
        };
        write!(f, "<li class=\"{class}\"><b>{}</b> <code>{}</code> ", answer(reason.answer), Plain(reason.code))?;
        if let Some(path) = &reason.path {
            write!(f, "<code class=\"path\">{}</code> ", Plain(path))?;
        }
        write!(f, "{}", Plain(&reason.message))?;
        if let Some(step) = &reason.step {
            write!(f, "<span class=\"step\">{}</span>", Plain(step))?;
        }
        writeln!(f, "</li>")?;
    }
    writeln!(f, "</ul>")
}

/// What needs attention first.
fn rank(package: &PackageReport) -> u8 {
    match package_tone(package) {
        "refused" => 0,
        "unknown" => 1,
        "unsigned" => 2,
        "first" => 3,
        "good" => 4,
        _ => 5,
    }
}

fn package_tone(package: &PackageReport) -> &'static str {
    match (package.verdict, package.basis) {
        (Outcome::Accepted, Some(Basis::Unsigned)) => "unsigned",
        (Outcome::Accepted, Some(Basis::FirstUse)) => "first",
        (Outcome::Accepted, Some(Basis::Local | Basis::Builtin)) => "local",
        (verdict, _) => tone(verdict),
    }
}

fn tone(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted => "good",
        Outcome::Rejected => "refused",
        Outcome::Undetermined => "unknown",
    }
}

/// The verdict on a package, in small letters.
fn mark(package: &PackageReport) -> String {
    headline(package).to_lowercase()
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted => "Accepted",
        Outcome::Rejected => "Rejected",
        Outcome::Undetermined => "Cannot tell",
    }
}

/// How many of those that need attention are open from the start.
const OPEN: usize = 20;

const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");

#[cfg(test)]
mod tests;
