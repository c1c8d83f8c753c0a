use super::*;
use crate::grant::Amount;
use crate::reason::Code;

fn package(name: &str, verdict: Outcome, basis: Option<Basis>) -> PackageReport {
    PackageReport {
        judged: true,
        place: None,
        remembered: false,
        package: Some(name.to_owned()),
        verdict,
        basis,
        authentic: Known::Yes,
        authorised: Known::Yes,
        accepted: Known::Yes,
        authors: vec![letters('B')],
        reviewers: Vec::new(),
        checkers: Vec::new(),
        readings: Vec::new(),
        reading: None,
        names: [(letters('A'), "Root <root@example.org>".to_owned()), (letters('B'), HOSTILE.to_owned())].into(),
        paths: vec![PathReport {
            certificate: letters('B'),
            user_id: HOSTILE.to_owned(),
            amount: Amount::capped(120),
            certificates: vec![letters('A'), letters('B')],
        }],
        needed: 1,
        tree: Some(HOSTILE.to_owned()),
        manifest: None,
        files: Some(3),
        bytes: Some(70),
        reasons: vec![Reason::new(Code::ContentDiffers, Answer::Reject, HOSTILE).at(HOSTILE).step(HOSTILE)],
        reasons_total: 2,
    }
}

fn letters(letter: char) -> String {
    letter.to_string().repeat(40)
}

fn page(packages: Vec<PackageReport>) -> String {
    let note = Reason::new(Code::PolicyChanged, Answer::Note, HOSTILE);
    Html(&Report::new("2026-11-22T09:00:00Z", HOSTILE, packages, vec![note])).to_string()
}

#[test]
fn foreign_text_is_nothing_but_text() {
    let page = page(vec![package(HOSTILE, Outcome::Rejected, None)]);
    assert!(page.contains("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;"));
    // One script, which is ours; no tag and no attribute but what this module writes.
    assert_eq!(page.matches("<script").count(), 1);
    assert_eq!(page.matches("<img").count(), 0);
    assert!(!page.contains(" style="), "the page's own policy forbids style attributes");
}

/// Each time the hostile text is shown, it is shown whole and escaped.
#[test]
fn no_place_shows_it_raw() {
    let page = page(vec![package(HOSTILE, Outcome::Rejected, None)]);
    assert!(!page.contains(HOSTILE));
    assert!(page.matches(&escaped()).count() > 10);
}

#[test]
fn the_policy_of_the_page_names_exactly_its_style_and_script() {
    let page = page(vec![package("pkg:cargo/a@1.0.0", Outcome::Accepted, Some(Basis::Policy))]);
    let between = |from: &str, to: &str| {
        let start = page.find(from).expect("the start") + from.len();
        &page[start..start + page[start..].find(to).expect("the end")]
    };
    let policy = between("Content-Security-Policy\" content=\"", "\"");
    for (kind, text) in [("style", between("<style>", "</style>")), ("script", between("<script>", "</script>"))] {
        let digest = STANDARD.encode(Digest::of(text.as_bytes()).bytes());
        assert!(policy.contains(&format!("{kind}-src 'sha256-{digest}'")), "{policy} lacks the {kind}");
    }
    assert!(policy.starts_with("default-src 'none';"));
    assert!(!policy.contains("unsafe"));
}

#[test]
fn what_needs_attention_is_first_and_open() {
    let page = page(vec![
        package("pkg:cargo/good@1.0.0", Outcome::Accepted, Some(Basis::Policy)),
        package("pkg:cargo/unsigned@1.0.0", Outcome::Accepted, Some(Basis::Unsigned)),
        package("pkg:cargo/bad@1.0.0", Outcome::Rejected, None),
        package("pkg:cargo/dark@1.0.0", Outcome::Undetermined, None),
    ]);
    let places =
        ["bad", "dark", "unsigned", "good"].map(|name| page.find(&format!("pkg:cargo/{name}@")).expect("there"));
    assert!(places.is_sorted(), "{places:?}");
    assert_eq!(page.matches(" open>").count(), 2);
    // What nobody vouched for is never called accepted.
    assert!(page.contains("<span class=\"mark\">not vouched for</span>"));
    assert!(page.contains("<b>1</b> refused") && page.contains("<b>1</b> not vouched for"));
}

#[test]
fn without_packages_there_is_still_a_page() {
    let page = page(Vec::new());
    assert!(page.contains("policy-changed") && !page.contains("id=\"tools\""));
}

fn escaped() -> String {
    Plain(HOSTILE).to_string()
}

const HOSTILE: &str = "\"><img src=x onload='y'><script>alert('1')</script></style>&";
