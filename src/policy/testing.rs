//! Policies thrown together at random, for tests of what follows from them.

use super::{Policy, PolicyFile};
use crate::fingerprint::Fingerprint;
use crate::limits::Limits;
use crate::trust::testing::Random;

/// A policy that may ask for anything, and its text; none where what was thrown together can never be met. `keys`: two roots,
/// two introducers, and the people a, b and c.
pub(crate) fn any_policy(keys: &[&Fingerprint], random: &mut Random) -> Option<(Policy, String)> {
    let mut text = "countersign = \"policy/1\"\n".to_owned();
    let has_roots = random.below(5) > 0;
    if has_roots && random.below(12) == 0 {
        text += &format!("self = \"{}\"\n", random.of(keys));
    }
    text += "[people]\n";
    for (name, key) in ["a", "b", "c"].iter().zip(&keys[4..]) {
        // Somebody may have two certificates, of which one introduces.
        let other = if random.below(8) == 0 { format!(", \"{}\"", random.of(&keys[..4])) } else { String::new() };
        text += &format!("{name} = [\"{key}\"{other}]\n");
    }
    if has_roots {
        text += &format!(
            "[trust]\namount = {}\nmax-depth = {}\nindependent-paths = {}\nretired-issuers = \"{}\"\n",
            random.of(&[40, 60, 120]),
            random.of(&[1, 2, 3]),
            random.of(&[1, 1, 1, 2]),
            random.of(&["reject", "reject", "accept"]),
        );
        let first = random.below(3);
        for key in keys[..2].iter().enumerate().filter(|(place, _)| first == 2 || *place == first).map(|(_, key)| key) {
            text += &format!(
                "[[root]]\nfingerprint = \"{key}\"\namount = {}\ndepth = {}\n{}",
                random.of(&[60, 120, 120]),
                random.of(&[1, 2, 255]),
                random.of(&[
                    "",
                    "",
                    "",
                    "",
                    "scope = [\"pkg:generic/*\"]\n",
                    "scope = [\"pkg:generic/a\"]\n",
                    "scope = [\"pkg:cargo/*\"]\n",
                    "role = [\"author\"]\n",
                    "role = [\"reviewer\", \"checker\"]\nscope = [\"pkg:generic/*\"]\n",
                ]),
            );
        }
    }
    for _ in 0..random.of(&[0, 0, 0, 1, 2]) {
        text += &format!("[[distrust]]\nfingerprint = \"{}\"\n", random.of(&keys[2..]));
    }
    for _ in 0..random.of(&[0, 0, 0, 1]) {
        text += &format!(
            "[[exemption]]\npackages = [\"{}\"]\ncodes = [{}]\nreason = \"r\"\nuntil = {}\n",
            random.of(&["*", "pkg:generic/a", "pkg:generic/b"]),
            random.of(&[
                "\"no-manifest\", \"too-few-authors\"",
                "\"unauthorised\", \"out-of-scope\", \"too-deep\"",
                "\"not-independent\"",
                "\"too-few-reviews\", \"self-review\"",
                "\"too-few-checks\"",
                "\"too-few-authors\", \"too-few-reviews\"",
            ]),
            random.of(&["2030-12-31", "2030-12-31", "2026-01-01"]),
        );
    }
    let new = random.of(&["first-use", "trusted-author", "reject"]);
    let new = if !has_roots && new == "trusted-author" { "reject" } else { new };
    text += &format!(
        "[[rule]]\npackages = [\"*\"]\nunsigned = \"{}\"\nnew-package = \"{new}\"\n{}{}require = {}\n",
        if random.below(4) == 0 { "accept" } else { "reject" },
        random.of(&["handover = 1\n", "handover = 1\n", "handover = 2\n", "handover = 3\n", ""]),
        random.of(&["", "", "", "veto-from = [\"c\"]\nwithdraw-from = [\"b\"]\n"]),
        require(has_roots, random),
    );
    let checked = PolicyFile::read(text.as_bytes(), &Limits::default()).and_then(|file| file.check(None)).ok()?;
    Some((checked, text))
}

/// What a rule may ask for.
fn require(has_roots: bool, random: &mut Random) -> String {
    let from = |random: &mut Random, must: bool| match random.below(if must { 3 } else { 6 }) {
        0 => ", from = [\"a\", \"b\"]",
        1 => ", from = [\"c\"]",
        2 => ", from = [\"a\", \"b\", \"c\"]",
        _ => "",
    };
    let count = |random: &mut Random| random.of(&[1, 1, 1, 2, 2, 3]);
    let apart = |random: &mut Random| random.below(3) > 0;
    let author = |random: &mut Random| {
        format!(
            "{{ author = {{ count = {}{}, independent = {} }} }}",
            count(random),
            from(random, false),
            apart(random)
        )
    };
    let (one, other) = (author(random), author(random));
    let review = format!(
        "{{ review = {{ count = {}{}, independent = {}{} }} }}",
        count(random),
        from(random, !has_roots),
        apart(random),
        random.of(&[
            "",
            "",
            ", criteria = \"safe-to-deploy\"",
            ", thoroughness = \"high\", max-age = 30",
            ", full-every = { releases = 1 }",
        ]),
    );
    let check = format!("{{ check = {{ name = \"c\", count = {}{} }} }}", count(random), from(random, !has_roots));
    match random.below(10) {
        0..=2 => one,
        3 => review,
        4 => format!("{{ all = [{one}, {review}] }}"),
        5 => format!("{{ any = [{one}, {review}] }}"),
        6 => format!("{{ all = [{one}, {check}] }}"),
        7 => format!("{{ all = [{one}, {{ any = [{review}, {check}] }}] }}"),
        8 => format!("{{ all = [{one}, {other}] }}"),
        _ => format!("{{ any = [{one}, {{ all = [{other}, {check}] }}] }}"),
    }
}
