use super::super::{PolicySource, ProjectReport, ReadingReport};
use super::*;
use crate::limits::Limits;
use crate::time::Timestamp;
use crate::verdict::Verdict;

fn shown(reading: Option<ReadingReport>) -> String {
    let package: Purl = "pkg:cargo/a-name-that-is-longer-than-any-column@1.2.3-alpha.20260101".parse().expect("a purl");
    let mut package = PackageReport::new(&Verdict::local(package), 0, Limits::default().reasons);
    package.reading = reading;
    let policy = PolicySource { source: "countersign.toml".into(), digest: None };
    let mut report = Report::new(Timestamp::from_seconds(0), policy, vec![package], Vec::new());
    report.project = Some(ProjectReport::new("cargo", "Cargo.lock", 1));
    ProjectText { report: &report, detail: Detail::Table, colour: false }.to_string()
}

#[test]
fn files_that_nobody_read_are_counted_where_a_rule_asks_for_readers() {
    let reading = ReadingReport { readings: vec![], unread: 7, unknown: 0, files: vec![], files_total: 9 };
    let with = shown(Some(reading));
    let row = with.lines().find(|line| line.starts_with("a-name")).expect("a row");
    assert!(with.contains("REVIEWS UNREAD\n") && row.ends_with(" -       7"), "{with}");
    assert!(!shown(None).contains("UNREAD"), "{}", shown(None));
}

#[test]
fn no_line_of_the_table_is_wider_than_a_terminal() {
    let long = "w".repeat(99);
    for widths in [WIDTHS, READ] {
        let line = line([long.as_str(); 7], widths);
        let width = line.chars().count();
        assert!((75..=80).contains(&width), "{width}: {line}");
    }
}

#[test]
fn a_changed_file_says_more_than_the_clause_that_it_leaves_unmet() {
    let mut package = PackageReport::new(&Verdict::local("pkg:cargo/a@1.0.0".parse().expect("a purl")), 0, 9);
    let clause = Reason::new(Code::TooFewChecks, Answer::Reject, "0 of 1");
    let note = Reason::new(Code::Excluded, Answer::Note, "left out").at(".cargo-ok");
    (package.verdict, package.basis) = (Outcome::Rejected, None);
    package.reasons = vec![clause.clone(), note.clone()];
    assert_eq!(Row::new(&package).why(), "too-few-checks");
    package.reasons = vec![clause, note, Reason::new(Code::ContentDiffers, Answer::Reject, "differs").at("src/lib.rs")];
    assert_eq!(Row::new(&package).why(), "content-differs");
}
