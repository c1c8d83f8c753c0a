//! Every small world: the judgement against the same rules written down as plain sets.
//!
//! Three people; a release with each list of authors, each set of signers among them, with and without a link to what was
//! pinned; each thing that can be pinned, below it, in its place or above it; and a family of policies.

use std::collections::{BTreeMap, BTreeSet};

use super::authors::Origin;
use super::chain::Chain;
use super::fixture::{name, release_of};
use super::memory::Memory;
use super::said::Said;
use super::*;
use crate::lock::Pin;
use crate::openpgp::testing::{NOW, Person, TIMES};
use crate::policy::PolicyFile;
use crate::tree::{SurveyRequest, survey};

/// People by their numbers.
type Set = BTreeSet<usize>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The rule names the first two people.
    Named,
    FirstUse,
    Reject,
}

#[derive(Debug, Clone, Copy)]
struct Asked {
    kind: Kind,
    unsigned: bool,
    count: usize,
    handover: usize,
}

/// What is remembered: a version, and by whom it was signed.
type Pinned<'a> = Option<(u64, &'a Set)>;

/// The rules as they stand in the design, for a release of version 2.
fn oracle(asked: Asked, pinned: Pinned<'_>, authors: &Set, signers: &Set, linked: bool) -> Option<bool> {
    let nobody = Set::new();
    let before = pinned.map_or(&nobody, |(_, authors)| authors);
    let news: Set = authors.difference(before).copied().collect();
    let enough = if authors == before { 1 } else { asked.handover };
    let handed = linked && news.is_subset(signers) && signers.intersection(before).count() >= enough;
    let counts = |signer: &&usize| match asked.kind {
        Kind::Named => **signer < 2,
        _ if !before.is_empty() => before.contains(*signer) || handed,
        kind => kind == Kind::FirstUse,
    };
    let counted = signers.iter().filter(counts).count();
    let back = pinned.is_some_and(|(version, _)| version > 2);
    match counted {
        _ if back => None,
        0 => (before.is_empty() && asked.unsigned).then_some(false),
        _ => (counted >= asked.count).then_some(true),
    }
}

/// Every subset.
fn subsets(of: &Set) -> Vec<Set> {
    let all: Vec<_> = of.iter().copied().collect();
    let chosen = |bits: u32| all.iter().enumerate().filter(move |(n, _)| bits >> n & 1 == 1).map(|(_, one)| *one);
    (0..1_u32 << all.len()).map(|bits| chosen(bits).collect()).collect()
}

fn policies(people: &[Person]) -> Vec<(Asked, Policy)> {
    let mut all = Vec::new();
    for kind in [Kind::Named, Kind::FirstUse, Kind::Reject] {
        for (unsigned, count, handover) in
            [false, true].into_iter().flat_map(|u| [(u, 1, 1), (u, 1, 2), (u, 2, 1), (u, 2, 2)])
        {
            let word = if unsigned { "accept" } else { "reject" };
            let new = if kind == Kind::Reject { "reject" } else { "first-use" };
            let from = if kind == Kind::Named { ", from = [\"a\", \"b\"]" } else { "" };
            let text = format!(
                "countersign = \"policy/1\"\n[people]\na = [\"{}\"]\nb = [\"{}\"]\n[[rule]]\npackages = [\"*\"]\n\
                 unsigned = \"{word}\"\nnew-package = \"{new}\"\nhandover = {handover}\n\
                 require = {{ author = {{ count = {count}{from} }} }}\n",
                name(&people[0]),
                name(&people[1])
            );
            let policy =
                PolicyFile::read(text.as_bytes(), &crate::limits::Limits::default()).and_then(|file| file.check(None));
            all.push((Asked { kind, unsigned, count, handover }, policy.expect("a policy")));
        }
    }
    all
}

#[test]
fn every_small_world_is_judged_as_plain_sets_say() {
    let people = [Person::new(), Person::new(), Person::new()];
    let of = |some: &Set| some.iter().map(|one| &people[*one]).collect::<Vec<_>>();
    let everybody = Set::from([0, 1, 2]);
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("a"), "a").expect("written");
    let limits = crate::limits::Limits::default();
    let request = SurveyRequest {
        dir: folder.path(),
        worktree: false,
        portable: false,
        exclude: None,
        expected: None,
        limits: &limits,
        watcher: &(),
    };
    let tree = survey(&request).expect("a survey").into_parts().0.expect("a tree");
    let before = Digest::of(b"the manifest that was pinned");
    let package: Purl = "pkg:generic/a@2.0.0".parse().expect("a purl");
    let mut releases = Vec::new();
    for authors in subsets(&everybody).into_iter().filter(|authors| !authors.is_empty()) {
        for signers in subsets(&authors) {
            for linked in [false, true] {
                let previous = if linked { vec![before] } else { Vec::new() };
                let opened = release_of("2.0.0", tree.digest(), &of(&authors), &previous, &of(&signers));
                releases.push((authors.clone(), signers.clone(), linked, opened));
            }
        }
    }
    let (policies, pinnable) = (policies(&people), subsets(&everybody));
    let mut pins: Vec<Pinned<'_>> = vec![None];
    pins.extend((1..=3).flat_map(|version| pinnable.iter().map(move |authors| Some((version, authors)))));
    let mut worlds = 0;
    for pinned in pins {
        let memory = pinned.map(|(version, authors)| {
            let names: BTreeSet<_> = of(authors).into_iter().map(name).collect();
            let pin = Pin {
                package: format!("pkg:generic/a@{version}.0.0").parse().expect("a purl"),
                tree: tree.digest(),
                manifest: (!names.is_empty()).then_some(before),
                authors: names.clone(),
                basis: if names.is_empty() { Basis::Unsigned } else { Basis::FirstUse },
                accepted: NOW,
                policy: Digest::of(b""),
            };
            Memory { pins: vec![pin], former_authors: names, ..Memory::default() }
        });
        let memory = memory.unwrap_or_default();
        for (asked, policy) in &policies {
            let mut answers = BTreeMap::new();
            for (authors, signers, linked, opened) in &releases {
                let chain = Chain::new([opened]);
                let scale = Scale {
                    package: &package,
                    policy,
                    rule: policy.rule_for(&package).expect("a rule"),
                    people: policy.people(),
                    trust: None,
                    memory: &memory,
                    slot: memory.slot(&package, Some(opened.digest()), &chain, &crate::version_order::compare),
                    chain: &chain,
                    overriding: None,
                };
                let weighed = [scale.weigh(opened, Origin::Own)];
                let verdict = judge(Case {
                    package: Some(&package),
                    policy,
                    scale: Some(&scale),
                    releases: &weighed,
                    compared: Some(0),
                    tree: Some(&tree),
                    said: Said::default(),
                    found: Vec::new(),
                    refused: &[],
                    order: &crate::version_order::compare,
                    times: TIMES,
                });
                let found = verdict.acceptance.map(|acceptance| acceptance.basis() != Basis::Unsigned);
                let wanted = oracle(*asked, pinned, authors, signers, *linked);
                let world =
                    format!("{asked:?} pinned {pinned:?} authors {authors:?} signed {signers:?} linked {linked}");
                assert_eq!(found, wanted, "{world}: {:?}", verdict.reasons);
                assert_eq!(found.is_some(), verdict.pin.is_some(), "{world}");
                assert_eq!(found.is_none(), verdict.outcome() == Outcome::Rejected, "{world}");
                let alarms = [Code::AuthorChanged, Code::Downgrade, Code::Rollback];
                for alarm in verdict.reasons.iter().filter(|reason| alarms.contains(&reason.code)) {
                    let step = alarm.step.as_deref().expect("a step");
                    assert!(people.iter().all(|person| !step.contains(&name(person).to_string())), "{world}: {step}");
                }
                answers.insert((authors, *linked, signers), found);
                worlds += 1;
            }
            // One more signature never hurts what somebody vouched for.
            for ((authors, linked, signers), found) in &answers {
                for one in authors.iter().filter(|_| *found == Some(true)) {
                    let more: Set = signers.iter().chain([one]).copied().collect();
                    assert_eq!(answers[&(*authors, *linked, &more)], Some(true), "{asked:?} {authors:?} {more:?}");
                }
            }
        }
    }
    assert_eq!(worlds, 25 * 24 * 52);
}

/// Whether each person counts as author of a release that they signed, under a policy's text and with people made one.
fn rights(text: &str, shared: &[&Person], memory: &Memory, opened: &OpenedStatement<Manifest>) -> Vec<Fingerprint> {
    let policy = PolicyFile::read(text.as_bytes(), &crate::limits::Limits::default());
    let policy = policy.and_then(|file| file.check(None)).expect("a policy");
    let people = policy.people().clone().with_shared([shared.iter().map(|person| name(person)).collect()]);
    let package = opened.statement().package();
    let chain = Chain::new([opened]);
    let scale = Scale {
        package,
        policy: &policy,
        rule: policy.rule_for(package).expect("a rule"),
        people: &people,
        trust: None,
        memory,
        slot: memory.slot(package, Some(opened.digest()), &chain, &crate::version_order::compare),
        chain: &chain,
        overriding: None,
    };
    scale.weigh(opened, Origin::Own).authors().map(|(signer, _)| signer.certificate.clone()).collect()
}

#[test]
fn a_shared_address_gives_nobody_another_ones_right() {
    let (alice, mallory) = (Person::new(), Person::new());
    let text = format!(
        "countersign = \"policy/1\"\n[people]\nalice = [\"{}\"]\n[[rule]]\npackages = [\"*\"]\n\
         require = {{ author = {{ from = [\"alice\"] }} }}\n",
        name(&alice)
    );
    let by = |who: &Person| release_of("2.0.0", Digest::of(b"a"), &[who], &[], &[who]);
    let both = [&alice, &mallory];
    assert_eq!(rights(&text, &both, &Memory::default(), &by(&mallory)), [] as [Fingerprint; 0]);
    assert_eq!(rights(&text, &both, &Memory::default(), &by(&alice)), [name(&alice)]);
}

#[test]
fn a_distrusted_author_hands_nothing_over() {
    let (alice, thief, new) = (Person::new(), Person::new(), Person::new());
    let pinned = Digest::of(b"the manifest that was pinned");
    let pin = Pin {
        package: "pkg:generic/a@1.0.0".parse().expect("a purl"),
        tree: Digest::of(b"before"),
        manifest: Some(pinned),
        authors: [name(&alice), name(&thief)].into(),
        basis: Basis::FirstUse,
        accepted: NOW,
        policy: Digest::of(b""),
    };
    let memory = Memory { pins: vec![pin], ..Memory::default() };
    let opened = release_of("2.0.0", Digest::of(b"a"), &[&thief, &new], &[pinned], &[&thief, &new]);
    let rule = "[[rule]]\npackages = [\"*\"]\nnew-package = \"first-use\"\n";
    let distrust = format!("[[distrust]]\nfingerprint = \"{}\"\n", name(&thief));
    let under = |more: &str| rights(&format!("countersign = \"policy/1\"\n{more}{rule}"), &[], &memory, &opened);
    assert_eq!(under(&distrust), [] as [Fingerprint; 0]);
    assert_eq!(under("").len(), 2, "trusted, it is a handover");
}
