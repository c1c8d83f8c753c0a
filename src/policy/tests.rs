//! Policies, good and faulty: each fault by its code, line and column, each beside a good twin.

use proptest::prelude::*;

use super::*;
use crate::reason::Code;

const A: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const B: &str = "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB";
const C: &str = "CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC";
/// A subkey of A's.
const SUBKEY: &str = "DDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDD";

/// A keyring that has the certificates A and B.
struct Known;

impl Certificates for Known {
    fn primary_of(&self, subkey: &Fingerprint) -> Option<Fingerprint> {
        (subkey.as_str() == SUBKEY).then(|| A.parse().expect("a fingerprint"))
    }

    fn holds(&self, certificate: &Fingerprint) -> bool {
        [A, B].contains(&certificate.as_str())
    }
}

fn try_read(text: &str) -> Result<Policy, Vec<PolicyFault>> {
    PolicyFile::read(text.as_bytes(), &Limits::default()).and_then(|file| file.check(Some(&Known)))
}

/// A policy with what is given below its first line.
fn read(text: &str) -> Result<Policy, Vec<PolicyFault>> {
    try_read(&format!("countersign = \"policy/1\"\n{text}"))
}

fn good(text: &str) -> Policy {
    read(text).unwrap_or_else(|faults| panic!("{text}\n{}", told(&faults)))
}

fn told(faults: &[PolicyFault]) -> String {
    let one = |fault: &PolicyFault| {
        let place = fault.place.map(|place| place.to_string()).unwrap_or_default();
        format!("{} {place}", fault.code)
    };
    faults.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn faults(text: &str) -> String {
    read(text).err().map(|faults| told(&faults)).unwrap_or_default()
}

fn purl(text: &str) -> Purl {
    text.parse().expect(text)
}

fn at(text: &str) -> Timestamp {
    text.parse().expect(text)
}

/// A rule for everything that requires this.
fn rule(require: &str) -> String {
    format!("[people]\nalice = [\"{A}\"]\nbob = [\"{B}\"]\n[[rule]]\npackages = [\"*\"]\nrequire = {require}\n")
}

#[test]
fn a_group_in_a_group_is_told_as_such_wherever_it_stands() {
    for text in ["one = [\"two\"]\ntwo = [\"a\"]", "two = [\"a\"]\none = [\"two\"]"] {
        let faults = read(&format!("[people]\na = [\"{A}\"]\n[groups]\n{text}\n")).expect_err("a fault");
        let told: Vec<_> = faults.into_iter().map(|fault| (fault.message, fault.hint)).collect();
        assert_eq!(told, [("`two` is a group, and groups hold people only".to_owned(), None)]);
    }
}

#[test]
fn every_fault_has_its_code_and_place_and_a_good_twin() {
    let mut wrong = Vec::new();
    let root = format!("[[root]]\nfingerprint = \"{A}\"\n");
    let exemption = |codes: &str, rest: &str| format!("[[exemption]]\npackages = [\"*\"]\ncodes = [{codes}]\n{rest}");
    let lasting = "reason = \"x\"\nuntil = 2026-12-31\n";
    for (fault, bad, twin) in [
        ("policy-syntax 2:8", "stores".to_owned() + " [\n", "stores = [\"s\"]\n".to_owned()),
        ("policy-syntax 3:1", "stores = []\nstores = []\n".into(), "stores = []\nkeyrings = []\n".into()),
        ("policy-unknown-key 2:1", "store = [\"s\"]\n".into(), "stores = [\"s\"]\n".into()),
        ("policy-unknown-key 3:1", "[trust]\nmaxdepth = 2\n".into(), "[trust]\nmax-depth = 2\n".into()),
        ("policy-unknown-key 2:1", "allow_rollback = true\n".into(), String::new()),
        ("policy-unknown-key 2:2", "[rules]\n".into(), "[[rule]]\npackages = [\"*\"]\n".into()),
        ("policy-value 3:10", "[trust]\namount = 121\n".into(), "[trust]\namount = 120\n".into()),
        ("policy-value 3:10", "[trust]\namount = \"120\"\n".into(), "[trust]\namount = 0x78\n".into()),
        ("policy-threshold-zero 3:10", "[trust]\namount = 0\n".into(), "[trust]\namount = 1\n".into()),
        ("policy-value 3:13", "[trust]\nmax-depth = 256\n".into(), "[trust]\nmax-depth = 0\n".into()),
        ("policy-value 2:12", "symlinks = \"follow\"\n".into(), "symlinks = \"contained\"\n".into()),
        ("policy-value 2:12", "exclude = [\"../x\"]\n".into(), "exclude = [\"x\"]\n".into()),
        ("policy-value 3:12", "[[rule]]\npackages = []\n".into(), "[[rule]]\npackages = \"*\"\n".into()),
        ("policy-value 3:13", "[[rule]]\npackages = [\"pkg:cargo/a*\"]\n".into(), rule("{ author = {} }")),
        ("policy-value 2:1", "[[rule]]\nunsigned = \"accept\"\n".into(), rule("{ author = {} }")),
        ("policy-value 2:1", "[[root]]\nname = \"x\"\n".into(), root.clone()),
        ("policy-value 3:15", "[[root]]\nfingerprint = \"AAAA\"\n".into(), root.clone()),
        ("policy-value 3:15", format!("[[root]]\nfingerprint = \"{}\"\n", A.to_lowercase()), root.clone()),
        ("policy-key-id 3:15", format!("[[root]]\nfingerprint = \"{}\"\n", &A[..16]), root.clone()),
        ("policy-key-id 3:15", format!("[[root]]\nfingerprint = \"{SUBKEY}\"\n"), root.clone()),
        ("policy-key-id 3:10", format!("[people]\nalice = [\"{}\"]\n", &A[..8]), format!("[people]\na = \"{A}\"\n")),
        ("policy-conflict 4:7", format!("[people]\na = \"{A}\"\nb = [ \"{A}\"]\n"), format!("[people]\na = [\"{A}\", \"{A}\"]\n")),
        ("policy-conflict 5:15", format!("{root}{root}"), format!("{root}[[root]]\nfingerprint = \"{B}\"\n")),
        ("policy-conflict 2:1", format!("{root}[[distrust]]\nfingerprint = \"{A}\"\n"), format!("{root}[[distrust]]\nfingerprint = \"{B}\"\n")),
        ("policy-value 5:8", format!("[people]\na = \"{A}\"\n[groups]\ncore = []\n"), format!("[people]\na = \"{A}\"\n[groups]\ncore = [\"a\"]\n")),
        ("policy-value 5:9", format!("[people]\na = \"{A}\"\n[groups]\ncore = [\"b\"]\n"), format!("[people]\na = \"{A}\"\n[groups]\ncore = [\"a\"]\n")),
        ("policy-conflict 5:1", format!("[people]\na = \"{A}\"\n[groups]\na = [\"a\"]\n"), format!("[people]\na = \"{A}\"\n[groups]\nb = [\"a\"]\n")),
        ("policy-value 7:31", rule("{ author = { from = \"core\" } }"), rule("{ author = { from = \"alice\" } }")),
        ("policy-threshold-zero 7:32", rule("{ author = { count = 0 } }"), rule("{ author = { count = 1 } }")),
        ("policy-threshold-zero 7:32", rule("{ author = { count = -1 } }"), rule("{ author = { count = 1 } }")),
        ("policy-threshold-unreachable 7:32", rule("{ author = { count = 3, from = [\"alice\", \"bob\"] } }"), rule("{ author = { count = 2, from = [\"alice\", \"bob\"] } }")),
        ("policy-threshold-unreachable 7:32", rule("{ review = { count = 2, from = [\"alice\"] } }"), rule("{ review = { count = 1, from = [\"alice\"] } }")),
        ("policy-threshold-zero 7:19", rule("{ all = [] }"), rule("{ all = [{ author = {} }] }")),
        ("policy-threshold-unreachable 7:19", rule("{ any = [] }"), rule("{ any = [{ author = {} }] }")),
        ("policy-value 7:11", rule("{ author = {}, check = { name = \"x\", from = \"bob\" } }"), rule("{ all = [{ author = {} }, { check = { name = \"x\", from = \"bob\" } }] }")),
        ("policy-unknown-key 7:13", rule("{ reviw = {} }"), rule("{ review = { from = \"bob\" } }")),
        ("policy-no-roots 7:22", rule("{ review = {} }"), format!("{root}{}", rule("{ review = {} }"))),
        ("policy-no-roots 7:21", rule("{ check = { name = \"x\" } }"), format!("{root}{}", rule("{ check = { name = \"x\" } }"))),
        ("policy-no-roots 2:1", "[[rule]]\npackages = \"*\"\nnew-package = \"trusted-author\"\n".into(), "[[rule]]\npackages = \"*\"\nnew-package = \"first-use\"\n".into()),
        ("policy-no-roots 4:1", format!("[[root]]\nfingerprint = \"{C}\"\n[[rule]]\npackages = \"*\"\n"), format!("{root}[[rule]]\npackages = \"*\"\n")),
        ("policy-value 7:37", rule("{ review = { full-every = {}, from = \"bob\" } }"), rule("{ review = { full-every = { days = 9 }, from = \"bob\" } }")),
        ("policy-value 7:39", rule("{ review = { thoroughness = \"some\", from = \"bob\" } }"), rule("{ review = { thoroughness = \"high\", from = \"bob\" } }")),
        ("policy-value 7:21", rule("{ check = { from = \"bob\" } }"), rule("{ check = { from = \"bob\", name = \"a-b\" } }")),
        ("policy-exemption 2:1", exemption("\"no-manifest\"", "reason = \"x\"\n"), exemption("\"no-manifest\"", lasting)),
        ("policy-exemption 2:1", exemption("\"no-manifest\"", "until = 2026-12-31\n"), exemption("\"no-manifest\"", lasting)),
        ("policy-value 6:9", exemption("\"no-manifest\"", "reason = \"x\"\nuntil = \"2026-12-31\"\n"), exemption("\"no-manifest\"", lasting)),
        ("policy-value 4:10", exemption("\"no-such\"", lasting), exemption("\"no-manifest\"", lasting)),
        ("policy-exemption 2:1", "[[override]]\nstatement = \"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"\nreason = \"x\"\n".into(), String::new()),
        ("policy-value 2:1", "[[override]]\nreason = \"x\"\nuntil = 2026-12-31\n".into(), String::new()),
        ("policy-value 3:8", "[limits]\nfile = 0\n".into(), "[limits]\nfile = 1\n".into()),
        ("policy-value 3:12", "[minimum]\nunsigned = \"accept\"\n".into(), "[minimum]\nunsigned = \"reject\"\n".into()),
        ("policy-threshold-zero 3:11", "[minimum]\nauthors = 0\n".into(), "[minimum]\nauthors = 2\n".into()),
    ] {
        if faults(&bad) != fault {
            wrong.push(format!("{fault} is {}\n{bad}", faults(&bad)));
        }
        good(&twin);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_no_policy_at_all_is_told_first() {
    let code = |text: &str| told(&try_read(text).expect_err(text));
    for (fault, text) in [
        ("policy-version 1:1", ""),
        ("policy-version 1:15", "countersign = \"policy/2\"\nsome = \"day\"\n"),
        ("policy-version 1:15", "countersign = \"manifest/1\"\n"),
        ("policy-version 1:15", "countersign = 1\n"),
    ] {
        assert_eq!(code(text), fault, "{text}");
    }
    let not_utf8 = PolicyFile::read(b"countersign = \"policy/1\"\n# \xff", &Limits::default());
    assert_eq!(told(&not_utf8.expect_err("not UTF-8")), "policy-syntax 2:3");
    let limits = Limits { policy: 40, ..Limits::default() };
    let sized = |size: usize| {
        let text = format!("countersign = \"policy/1\"\n#{}", "x".repeat(size - 26));
        PolicyFile::read(text.as_bytes(), &limits).err().map(|faults| told(&faults))
    };
    assert_eq!((sized(40), sized(41).as_deref()), (None, Some("limit-policy ")));
}

#[test]
fn clauses_nest_to_a_limit() {
    let nested =
        |depth: usize| rule(&format!("{}{{ author = {{}} }}{}", "{ all = [".repeat(depth), "] }".repeat(depth)));
    good(&nested(15));
    assert!(faults(&nested(16)).starts_with("limit-policy 7:"), "{}", faults(&nested(16)));
    for depth in [200, 20_000] {
        assert!(faults(&nested(depth)).contains("limit-policy 7:"), "{}", faults(&nested(depth)));
    }
}

#[test]
fn all_faults_are_told_at_once() {
    let text = format!(
        "stores = 3\n[trust]\namount = 500\n[people]\nalice = [\"{}\"]\n[[rule]]\npackages = [\"pkg:x\"]\nunsigned = \"yes\"\n\
         require = {{ all = [{{ author = {{ count = 0 }} }}, {{ revew = {{}} }}] }}\n",
        &A[..16]
    );
    let wanted = "policy-value 2:10, policy-value 4:10, policy-key-id 6:10, policy-value 8:13, policy-value 9:12, \
                  policy-threshold-zero 10:41, policy-unknown-key 10:50";
    assert_eq!(faults(&text), wanted);
}

#[test]
fn hints_show_what_was_meant() {
    let hints = |text: &str| -> Vec<String> {
        read(text).expect_err(text).into_iter().filter_map(|fault| fault.hint).collect()
    };
    assert_eq!(hints("[trust]\nmax-deph = 2\n"), ["did you mean `max-depth`?"]);
    assert_eq!(hints("[trust]\nunsigned = \"reject\"\n"), ["`unsigned` belongs in `rule`"]);
    assert!(hints("allow-rollback = true\n")[0].contains("accept --override"));
    assert!(hints(&format!("[[root]]\nfingerprint = \"{SUBKEY}\"\n"))[0].contains(A));
    assert_eq!(hints(&format!("[[root]]\nfingerprint = \"{}\"\n", A.to_lowercase())), [format!("write it as {A}")]);
    assert_eq!(hints(&rule("{ author = { from = \"allice\" } }")), ["did you mean `alice`?"]);
}

#[test]
fn what_is_odd_is_a_note_on_each_run() {
    let policy = good(&format!(
        "[[root]]\nfingerprint = \"{A}\"\n[[root]]\nfingerprint = \"{C}\"\n[[distrust]]\nfingerprint = \"{C}0\"\n\
         [[rule]]\npackages = [\"pkg:cargo/*\"]\n[[rule]]\npackages = [\"pkg:cargo/serde\"]\n[[rule]]\npackages = [\"*\"]\n\
         [[exemption]]\npackages = [\"*\"]\ncodes = [\"no-manifest\"]\nreason = \"x\"\nuntil = 2026-12-31\n"
    )
    .replace(&format!("{C}0"), &"E".repeat(40)));
    let notes = |moment: &str| {
        let notes = policy.notes("p", at(moment)).into_iter();
        notes.map(|note| format!("{} {}", note.code, note.path.unwrap_or_default())).collect::<Vec<_>>()
    };
    let always = ["policy-root-missing p:5:15", "policy-distrust-unknown p:7:15", "policy-dead-rule p:10:1"];
    assert_eq!(notes("2026-12-31T23:59:59Z"), always);
    assert_eq!(notes("2027-01-01"), [&always[..], &["exemption-expired p:14:1"]].concat());
}

#[test]
fn the_first_rule_that_matches_decides() {
    let policy =
        good("[[rule]]\npackages = [\"pkg:cargo/serde\"]\n[[rule]]\npackages = [\"pkg:cargo/*\", \"pkg:julia/*\"]\n");
    let number = |package| policy.rule_for(&purl(package)).map(|rule| rule.number);
    assert_eq!(number("pkg:cargo/serde@1"), Some(1));
    assert_eq!(number("pkg:cargo/serde-evil@1"), Some(2));
    assert_eq!(number("pkg:pypi/serde@1"), None);
}

#[test]
fn defaults_depend_on_whether_there_are_roots() {
    let rule = "[[rule]]\npackages = [\"*\"]\n";
    assert_eq!(good(rule).rules()[0].new_package, rule::NewPackage::FirstUse);
    let rooted = good(&format!("[[root]]\nfingerprint = \"{A}\"\n{rule}"));
    assert_eq!(rooted.rules()[0].new_package, rule::NewPackage::TrustedAuthor);
    assert_eq!(rooted.rules()[0].unsigned, rule::Unsigned::Reject);
    assert_eq!((rooted.roots()[0].amount, rooted.roots()[0].depth), (Amount::FULL, Depth::UNLIMITED));
    assert_eq!(*rooted.trust(), Trust::default());
}

#[test]
fn the_last_day_counts_and_the_next_does_not() {
    let text =
        "[[exemption]]\npackages = [\"pkg:cargo/*\"]\ncodes = [\"no-manifest\"]\nreason = \"x\"\nuntil = 2026-12-31\n";
    let policy = good(text);
    let lifts = |code, package, moment| policy.exempts(code, &purl(package), at(moment)).is_some();
    assert!(lifts(Code::NoManifest, "pkg:cargo/a@1", "2026-12-30"));
    assert!(lifts(Code::NoManifest, "pkg:cargo/a@1", "2026-12-31T23:59:59Z"));
    assert!(!lifts(Code::NoManifest, "pkg:cargo/a@1", "2027-01-01"));
    assert!(!lifts(Code::NoManifest, "pkg:julia/a@1?uuid=682c06a0-de6a-54ab-a142-c8b1cf79cde6", "2026-12-30"));
    assert!(!lifts(Code::TooFewAuthors, "pkg:cargo/a@1", "2026-12-30"));
}

#[test]
fn no_exemption_lifts_an_alarm() {
    let liftable: Vec<_> = LIFTABLE.iter().map(|code| code.as_str()).collect();
    let wanted = "no-manifest unauthorised out-of-scope too-deep too-few-authors not-independent too-few-reviews \
                  self-review review-base-missing too-few-checks path-windows extra-metadata generated-code";
    assert_eq!(liftable.join(" "), wanted);
    for (code, _) in Code::ALL {
        let text =
            format!("[[exemption]]\npackages = \"*\"\ncodes = [\"{code}\"]\nreason = \"x\"\nuntil = 2026-12-31\n");
        let fault = if LIFTABLE.contains(code) { "" } else { "policy-exemption 4:10" };
        assert_eq!(faults(&text), fault, "{code}");
    }
}

#[test]
fn as_many_hand_over_as_a_rule_asks_for() {
    let handover = |text: &str| good(text).rules[0].handover;
    assert_eq!(handover(&rule("{ author = {} }")), 1);
    assert_eq!(handover(&rule("{ author = { count = 2 } }")), 2);
    assert_eq!(handover(&rule("{ any = [{ author = { count = 2 } }, { author = { count = 3 } }] }")), 3);
    assert_eq!(handover(&rule("{ author = { count = 2 } }").replace("require", "handover = 1\nrequire")), 1);
}

#[test]
fn distrusted_people_cannot_meet_a_threshold() {
    let both = rule("{ author = { count = 2, from = [\"alice\", \"bob\"] } }");
    good(&both);
    assert_eq!(faults(&format!("[[distrust]]\nfingerprint = \"{A}\"\n{both}")), "policy-threshold-unreachable 9:32");
    // Whoever has another certificate left can still be counted.
    let two = both.replace(&format!("[\"{A}\"]"), &format!("[\"{A}\", \"{C}\"]"));
    good(&format!("[[distrust]]\nfingerprint = \"{A}\"\n{two}"));
}

#[test]
fn the_users_floor_only_makes_stricter() {
    let user = good(&format!(
        "[[distrust]]\nfingerprint = \"{B}\"\nreason = \"stolen\"\n[minimum]\namount = 100\nmax-depth = 2\n\
         independent-paths = 2\nunsigned = \"reject\"\nnew-package = \"trusted-author\"\nauthors = 2\nexemptions = \"reject\"\n"
    ));
    let lax = good(
        "[trust]\namount = 40\nmax-depth = 9\n[[rule]]\npackages = \"*\"\nunsigned = \"accept\"\n[[exemption]]\n\
         packages = \"*\"\ncodes = [\"no-manifest\"]\nreason = \"x\"\nuntil = 2026-12-31\n",
    );
    let both = lax.clone().under(&user);
    let b: Fingerprint = B.parse().expect("a fingerprint");
    assert!(both.distrusts(&b) && !lax.distrusts(&b));
    let trust = both.trust();
    assert_eq!((trust.amount.value(), trust.max_depth.value(), trust.independent_paths), (100, 2, 2));
    let rule = &both.rules()[0];
    assert_eq!((rule.unsigned, rule.new_package), (rule::Unsigned::Reject, rule::NewPackage::TrustedAuthor));
    assert_eq!(rule.require.clauses().len(), 2);
    assert!(both.exempts(Code::NoManifest, &purl("pkg:cargo/a@1"), at("2026-01-01")).is_none());
    let strict = good("[trust]\namount = 120\nmax-depth = 1\n[[rule]]\npackages = \"*\"\nnew-package = \"reject\"\n");
    let both = strict.clone().under(&user);
    assert_eq!((both.trust().amount, both.trust().max_depth), (strict.trust().amount, strict.trust().max_depth));
    assert_eq!(both.rules()[0].new_package, rule::NewPackage::Reject);
    assert_eq!(strict.clone().under(&good("")), strict);
}

#[test]
fn our_own_policies_are_good() {
    assert_eq!(Policy::built_in().rules().len(), 1);
    for template in templates::TEMPLATES {
        let file = PolicyFile::read(template.text.as_bytes(), &Limits::default());
        let policy =
            file.and_then(|file| file.check(None)).unwrap_or_else(|all| panic!("{}: {}", template.name, told(&all)));
        assert!(policy.rule_for(&purl("pkg:cargo/a@1")).is_some(), "{}", template.name);
        assert_eq!(policy.notes("p", at("2026-11-25")), [], "{}", template.name);
    }
}

#[test]
fn the_short_form_is_a_policy_of_named_authors() {
    let [a, b]: [Fingerprint; 2] = [A, B].map(|one| one.parse().expect("a fingerprint"));
    let signers = Signers::new([a.clone(), b.clone()], 2).expect("signers");
    let policy = Policy::of_signers(&signers);
    let rule = policy.rule_for(&purl("pkg:generic/a@1")).expect("a rule");
    let rule::Requirement::Author(clause) = &rule.require else { panic!("{rule:?}") };
    assert_eq!(clause.count, 2);
    assert_eq!(clause.from, Voices::Only([a, b].map(Person::Certificate).into()));
    assert_eq!(rule.unsigned, rule::Unsigned::Reject);
}

#[test]
fn rules_are_told_in_sentences() {
    let text = format!(
        "[[root]]\nfingerprint = \"{A}\"\n[people]\nalice = \"{A}\"\nbot = \"{B}\"\n[[rule]]\npackages = \"*\"\n\
         unsigned = \"accept\"\nrequire = {{ all = [{{ author = {{ count = 2 }} }}, {{ any = [{{ review = {{ criteria = \
         \"safe-to-deploy\", full-every = {{ releases = 20, days = 730 }} }} }}, {{ check = {{ name = \"static\", from = \
         \"bot\" }} }}] }}] }}\n"
    );
    let wanted = [
        "Each of these:",
        "  The manifest is signed by 2 authors who may release this package, whose paths share no certificate but roots.",
        "  One of these:",
        "    The tree, or the changes that lead to it, are approved by 1 reviewer with the role reviewer, as \
         safe-to-deploy; the whole is reviewed at least every 20 releases and 730 days.",
        "    The check `static` passed, as 1 person among bot signed.",
        "Without an author's signature that counts, the author clauses are skipped: the package passes as unsigned, and \
         is told as not vouched for.",
        "If it is new here, its author must be authenticated by the roots.",
        "A change of its authors must be signed by 2 of those before, and by everyone who is new.",
    ];
    assert_eq!(good(&text).rules()[0].sentences(), wanted);
}

#[test]
fn the_short_form_keeps_any_threshold() {
    let many = (0..30_000).map(|number| format!("{number:040X}").parse().expect("a fingerprint"));
    let policy = Policy::of_signers(&Signers::new(many, 30_000).expect("signers"));
    let rule::Requirement::Author(clause) = &policy.rules()[0].require else { panic!("another clause") };
    assert_eq!(clause.count, 30_000);
}

proptest! {
    /// Whatever is cut out of a good policy, doubled or put in, it is good or told what is wrong, and never a panic.
    #[test]
    fn nothing_panics(template in 0..templates::TEMPLATES.len(), cuts in proptest::collection::vec((any::<prop::sample::Index>(), 0_usize..30, "[ -~\n]{0,6}|\\[\\[|\\]\\]|= -1|\u{0}|ü"), 0..6)) {
        let mut text = templates::TEMPLATES[template].text.to_owned();
        for (at, length, new) in cuts {
            let place = |byte: usize| (0..=byte.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            let start = at.index(text.len() + 1);
            let (from, to) = (place(start), place(start + length));
            text.replace_range(from..to, &new);
        }
        for known in [None, Some(&Known as &dyn Certificates)] {
            match PolicyFile::read(text.as_bytes(), &Limits::default()).and_then(|file| file.check(known)) {
                Ok(policy) => policy.rules().iter().for_each(|rule| assert!(!rule.sentences().is_empty())),
                Err(faults) => prop_assert!(!faults.is_empty()),
            }
        }
    }
}
