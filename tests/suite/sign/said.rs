//! Reviews, checks and withdrawals by real gpg, from the command to the verdict.

use serde_json::Value;

use super::desk::Desk;
use crate::tools::{Home, look_for};

/// Two of three read, a bot's check passed, and nobody of the three said no.
const POLICY: &str = r#"countersign = "policy/1"
stores = ["evidence"]

[people]
alice = ["{alice}"]
bob = ["{bob}"]
carol = ["{carol}"]
bot = ["{bot}"]

[groups]
core = ["alice", "bob", "carol"]

[[rule]]
packages = ["*"]
unsigned = "accept"
withdraw-from = ["alice"]
require = { all = [
  { review = { count = 2, from = "core", criteria = "safe-to-deploy", thoroughness = "medium" } },
  { check = { name = "static-analysis", from = "bot" } },
] }
"#;

/// A desk with the policy, and four keys in one home.
fn desk(test: &str) -> Option<(Desk, Home)> {
    let mut desk = Desk::new(test)?;
    let home = Home::new();
    let mut policy = POLICY.to_owned();
    for name in ["alice", "bob", "carol", "bot"] {
        policy = policy.replace(&format!("{{{name}}}"), &desk.key(&home, name));
    }
    desk.write("countersign.toml", &policy);
    std::fs::create_dir(desk.at("evidence")).unwrap();
    desk.write("evidence/countersign-store", "store/1\n");
    let keyring = home.keyring("keyring.pgp", &[]);
    std::fs::create_dir(desk.at("keyrings")).unwrap();
    std::fs::copy(keyring, desk.at("keyrings/people.pgp")).unwrap();
    Some((desk, home))
}

/// The verdict, and the codes of what refuses, sorted; but for `no-manifest`, since no author signs here.
fn verdict(desk: &Desk, home: &Home, dir: &str, version: &str) -> (String, Vec<String>) {
    let report = report(desk, home, dir, version);
    let reasons = report["packages"][0]["reasons"].as_array().unwrap();
    let refusing = reasons.iter().filter(|reason| reason["answer"] == "reject" && reason["code"] != "no-manifest");
    let mut codes: Vec<_> = refusing.map(|reason| reason["code"].as_str().unwrap().to_owned()).collect();
    codes.sort();
    (report["packages"][0]["verdict"].as_str().unwrap().to_owned(), codes)
}

fn report(desk: &Desk, home: &Home, dir: &str, version: &str) -> Value {
    let words = format!("verify {dir} --package pkg:cargo/acme@{version} --format json");
    let told = desk.run(home, &words);
    serde_json::from_str(&told.out).unwrap_or_else(|error| panic!("{error}: {told:?}"))
}

fn accepted() -> (String, Vec<String>) {
    ("accepted".to_owned(), Vec::new())
}

fn refused(codes: &[&str]) -> (String, Vec<String>) {
    ("rejected".to_owned(), codes.iter().map(|code| (*code).to_owned()).collect())
}

#[test]
fn what_two_read_and_a_bot_checked_is_accepted_until_somebody_says_no() {
    let test = "what_two_read_and_a_bot_checked_is_accepted_until_somebody_says_no";
    let Some((desk, home)) = desk(test) else { return };
    assert_eq!(verdict(&desk, &home, "acme", "1.0.0"), refused(&["too-few-checks", "too-few-reviews"]));
    let review = |who: &str, rest: &str| desk.done(&home, &format!("review --key {{{who}}} --yes {rest}"));
    let check = |version: &str, dir: &str, result: &str| {
        let words = format!("check record pkg:cargo/acme@{version} {dir} --name static-analysis --tool scanner-4.2");
        desk.done(&home, &format!("{words} --result {result} --key {{bot}}"))
    };
    let first = review("alice", "pkg:cargo/acme@1.0.0 acme --verdict approve");
    assert_eq!(
        (&first["kind"], &first["from"], &first["to"]["version"]),
        (&"review".into(), &Value::Null, &"1.0.0".into())
    );
    assert_eq!(first["says"]["criteria"], serde_json::json!(["safe-to-deploy"]));
    assert_eq!(verdict(&desk, &home, "acme", "1.0.0"), refused(&["too-few-checks", "too-few-reviews"]));
    // Skimmed is not read.
    review("bob", "pkg:cargo/acme@1.0.0 acme --verdict approve --thoroughness low");
    check("1.0.0", "acme", "pass");
    assert_eq!(verdict(&desk, &home, "acme", "1.0.0"), refused(&["too-few-reviews"]));
    review("bob", "pkg:cargo/acme@1.0.0 acme --verdict approve --thoroughness high --note understood");
    assert_eq!(verdict(&desk, &home, "acme", "1.0.0"), accepted());

    // The next release, read as a change: once with its base at hand, once with what the store knows of it.
    desk.write("next/main.c", "int main, other;\n");
    desk.write("next/README", "acme\n");
    assert_eq!(verdict(&desk, &home, "next", "1.1.0"), refused(&["too-few-checks", "too-few-reviews"]));
    let second = review("alice", "pkg:cargo/acme@1.1.0 1.0.0=acme next --verdict approve");
    assert_eq!((&second["from"]["version"], &second["from"]["tree"]), (&"1.0.0".into(), &first["to"]["tree"]));
    let third = review("carol", "pkg:cargo/acme@1.1.0 1.0.0 next --verdict approve");
    assert_eq!(third["from"], second["from"]);
    check("1.1.0", "next", "pass");
    // Carol did not read what was there before, but each hop has two readers of its own.
    assert_eq!(verdict(&desk, &home, "next", "1.1.0"), accepted());
    let readings = report(&desk, &home, "next", "1.1.0")["packages"][0]["readings"].clone();
    assert_eq!(readings[0].as_array().unwrap().len(), 2, "{readings}");

    // A failed check of the same bot, a reader's no, and a withdrawal.
    check("1.1.0", "next", "fail");
    assert_eq!(verdict(&desk, &home, "next", "1.1.0"), refused(&["too-few-checks"]));
    review("bob", "pkg:cargo/acme@1.0.0 acme --verdict reject");
    assert_eq!(verdict(&desk, &home, "acme", "1.0.0"), refused(&["review-rejects"]));
    desk.write("last/main.c", "int last;\n");
    for who in ["alice", "bob"] {
        review(who, "pkg:cargo/acme@2.0.0 last --verdict approve");
    }
    check("2.0.0", "last", "pass");
    assert_eq!(verdict(&desk, &home, "last", "2.0.0"), accepted());
    let words = "withdraw pkg:cargo/acme@2.0.0 last --reason vulnerable --advisory CVE-2026-0001 --yes --key";
    desk.done(&home, &format!("{words} {{carol}}"));
    assert_eq!(verdict(&desk, &home, "last", "2.0.0"), accepted(), "carol may not withdraw");
    let told = desk.done(&home, &format!("{words} {{alice}}"));
    assert_eq!(told["says"], serde_json::json!({ "reason": "vulnerable", "advisory": "CVE-2026-0001" }));
    assert_eq!(verdict(&desk, &home, "last", "2.0.0"), refused(&["withdrawn"]));
    assert_eq!(desk.run(&home, "store check evidence").code, 0);
}

#[test]
fn a_signed_package_is_reviewed_as_its_users_receive_it() {
    let Some((desk, home)) = desk("a_signed_package_is_reviewed_as_its_users_receive_it") else { return };
    let words = "review pkg:cargo/acme@1.0.0 acme --verdict approve --yes --key {bob}";
    let before = desk.done(&home, words);
    desk.done(&home, "sign acme --package pkg:cargo/acme@1.0.0 --first --yes --key {alice}");
    assert_eq!(desk.done(&home, words)["to"], before["to"], "evidence is no part of the tree");
    let author = "You are named as an author of it: nobody counts as a reviewer of what they wrote.\n";
    assert!(!desk.run(&home, words).err.contains(author));
    assert!(desk.run(&home, &words.replace("{bob}", "{alice}")).err.ends_with(author));
}

#[test]
fn nothing_is_signed_that_nobody_said() {
    let Some((desk, home)) = desk("nothing_is_signed_that_nobody_said") else { return };
    let there = "Error: nobody is there to confirm; nothing was signed\nHint: look at what is told above, and say --yes if \
                 you mean to sign that";
    let review = "review pkg:cargo/acme@1.0.0 acme --key {alice}";
    desk.refuses(&home, review, there);
    desk.refuses(&home, &format!("{review} --verdict approve"), there);
    desk.refuses(&home, "withdraw pkg:cargo/acme@1.0.0 acme --reason broken --key {alice}", there);
    let known = "Error: no store has the tree text of version 0.9\nHint: name its directory: VERSION=DIR";
    desk.refuses(&home, "review pkg:cargo/acme@1.0.0 0.9 acme --verdict approve --yes --key {alice}", known);
    let long = "x".repeat(9_000);
    desk.refuses(
        &home,
        &format!("{review} --verdict approve --yes --note {long}"),
        "Error: it cannot be said [limit-statement]\nCaused by: a free text in the statement has over 8192 bytes\n\
         Hint: what is typed goes into the statement as it is: see --note and the other options",
    );
    let same = "review pkg:cargo/acme@1.0.0 1.0.0=acme acme --verdict approve --yes --key {alice}";
    let told = desk.run(&home, same);
    assert!(told.code == 2 && told.err.contains("Error: it cannot be said [statement-value]\n"), "{told:?}");
    // What is to be read is shown before anybody is asked.
    let told = desk.run(&home, review);
    assert!(told.err.contains("\nadded   main.c (+1 -0)\n@@ -0,0 +1 @@\n+ int main;\n"), "{told:?}");
    assert!(told.err.contains("\n  reviewer      {alice} alice <alice@example.org>\n"), "{told:?}");
    std::fs::remove_file(desk.at("countersign.toml")).unwrap();
    desk.refuses(
        &home,
        &format!("{review} --verdict approve --yes"),
        "Error: nothing says where to write\nHint: name a store with --store DIR, or in the policy: stores = [\"evidence\"]",
    );
}

#[test]
fn two_trees_of_one_version_are_not_chosen_from() {
    let Some((desk, home)) = desk("two_trees_of_one_version_are_not_chosen_from") else { return };
    desk.write("other/main.c", "int evil;\n");
    for dir in ["acme", "other"] {
        desk.done(&home, &format!("review pkg:cargo/acme@1.0.0 {dir} --verdict approve --yes --key {{alice}}"));
    }
    desk.refuses(
        &home,
        "review pkg:cargo/acme@1.1.0 1.0.0 acme --verdict approve --yes --key {alice}",
        "Error: 1.0.0 is 2 different trees, going by what stores say\nHint: name its directory: VERSION=DIR",
    );
}

#[test]
fn a_change_that_joins_no_chain_is_told_to_be_one() {
    let Some((desk, home)) = desk("a_change_that_joins_no_chain_is_told_to_be_one") else { return };
    desk.write("next/main.c", "int next;\n");
    let told = |package: &str, from: &str| {
        let words = format!("review {package} {from}=acme next --verdict approve --yes --key {{alice}}");
        let told = desk.run(&home, &words);
        assert_eq!(told.code, 0, "{told:?}");
        let line = told.err.lines().find_map(|line| line.strip_prefix("  Such a review joins no chain: "));
        line.map(str::to_owned)
    };
    assert_eq!(told("pkg:cargo/acme@1.1.0", "1.0.0"), None);
    let lower = "the version that it comes from is not the lower one.";
    assert_eq!(told("pkg:cargo/acme@1.1.0", "1.2.0").as_deref(), Some(lower));
    let order = "versions of this kind have no order, unless an author's manifests say what follows what.";
    assert_eq!(told("pkg:generic/acme@1.1", "1.0").as_deref(), Some(order));
}

/// On a terminal, which `script` makes.
#[test]
fn a_reader_is_asked_for_the_verdict() {
    let Some((desk, home)) = desk("a_reader_is_asked_for_the_verdict") else { return };
    if look_for("script").is_none() {
        return crate::tools::not_run("a_reader_is_asked_for_the_verdict", "script");
    }
    let words = "review pkg:cargo/acme@1.0.0 acme --key {alice} --criteria safe-to-deploy,safe-to-run";
    for (typed, verdict) in
        [("approve\n", Some("approve")), ("reject\n", Some("reject")), ("yes\n", None), ("\n", None), ("no\n", None)]
    {
        let (told, said) = super::desk::typed(&desk, &home, words, typed);
        assert_eq!(said, if verdict.is_some() { 0 } else { 2 }, "{told}");
        match verdict {
            Some(verdict) => assert!(told.contains(&format!(": {verdict}\r\n  statement sha256:")), "{told}"),
            None if typed == "yes\n" => {
                assert!(told.contains("`yes` is neither approve nor reject; nothing was signed"), "{told}");
            }
            None => assert!(told.contains("you did not say yes; nothing was signed"), "{told}"),
        }
    }
}

/// The smallest reading comes first, and the command that is named starts it.
#[test]
fn what_is_to_be_read_next_is_told_with_its_command() {
    let Some((desk, home)) = desk("what_is_to_be_read_next_is_told_with_its_command") else { return };
    let suggest = |packages: &str| desk.done(&home, &format!("suggest {packages}"));
    let told = suggest("pkg:cargo/acme@1.0.0=acme");
    let reading = &told["readings"][0];
    assert_eq!((&told["accepted"], &told["others"]), (&0.into(), &serde_json::json!([])));
    assert_eq!((&reading["people"], &reading["from"]), (&2.into(), &Value::Null));
    assert_eq!((&reading["files"], &reading["lines"], &reading["unread"]), (&2.into(), &2.into(), &2.into()));
    assert_eq!(reading["who"], serde_json::json!(["alice", "bob", "carol"]));
    assert_eq!(reading["also"], serde_json::json!(["too-few-checks"]));
    let start = |reading: &Value, who: &str| {
        let command = reading["command"].as_str().unwrap().strip_prefix("countersign ").unwrap().to_owned();
        desk.done(&home, &format!("{command} --verdict approve --yes --key {{{who}}}"))
    };
    start(reading, "alice");
    let told = suggest("pkg:cargo/acme@1.0.0=acme");
    assert_eq!(told["readings"][0]["who"], serde_json::json!(["bob", "carol"]));
    assert_eq!((&told["readings"][0]["people"], &told["readings"][0]["unread"]), (&1.into(), &0.into()));
    start(&told["readings"][0], "bob");

    // The next release is read as a change, and is less to read than another package.
    desk.write("next/main.c", "int main, other;\n");
    desk.write("next/README", "acme\n");
    desk.write("large/a.c", &"int x;\n".repeat(30));
    let told = suggest("pkg:cargo/large@1.0.0=large pkg:cargo/acme@1.1.0=next");
    let [first, second] = told["readings"].as_array().unwrap().as_slice() else { panic!("{told}") };
    assert_eq!((&first["package"], &first["from"]), (&"pkg:cargo/acme@1.1.0".into(), &"1.0.0".into()));
    assert_eq!((&first["files"], &first["lines"], &first["unread"]), (&1.into(), &1.into(), &1.into()));
    assert_eq!((&second["package"], &second["lines"]), (&"pkg:cargo/large@1.0.0".into(), &30.into()));
    // The verdict says which file nobody read, and it does not matter to it.
    let report = report(&desk, &home, "next", "1.1.0");
    let told = &report["packages"][0]["reading"];
    assert_eq!((&told["unread"], &told["files"][0]["path"]), (&1.into(), &"main.c".into()));
    assert_eq!(told["files"][1], serde_json::json!({ "path": "README", "read_in": [0] }));
    let words = "verify next --package pkg:cargo/acme@1.1.0";
    let unread = "\n  unread      1 of 2 files, by anybody whose word counts\n              main.c\n";
    assert!(desk.run(&home, words).out.contains(unread), "{:?}", desk.run(&home, words));
    for who in ["alice", "carol"] {
        start(first, who);
    }
    for version in ["1.0.0=acme", "1.1.0=next"] {
        let (version, dir) = version.split_once('=').unwrap();
        let words = format!("check record pkg:cargo/acme@{version} {dir} --name static-analysis --tool scanner-4.2");
        desk.done(&home, &format!("{words} --result pass --key {{bot}}"));
    }
    let told = suggest("pkg:cargo/acme@1.0.0=acme pkg:cargo/acme@1.1.0=next");
    assert_eq!((&told["accepted"], &told["readings"]), (&2.into(), &serde_json::json!([])));
    // What somebody refused, no reading helps.
    desk.done(&home, "withdraw pkg:cargo/acme@1.1.0 next --reason malicious --yes --key {alice}");
    let told = desk.run(&home, "suggest pkg:cargo/acme@1.1.0=next");
    let withdrawn = "0 accepted; 0 to be read; 1 that no reading helps\n\npkg:cargo/acme@1.1.0: no reading helps [withdrawn]\n  `countersign verify` tells more of that\n";
    assert_eq!((told.code, told.out.as_str()), (0, withdrawn), "{told:?}");
}
