//! Single rules of the judgement; `worlds` tries all of them together.

use super::authors::Origin;
use super::chain::Chain;
use super::fixture::{name, release_of};
use super::memory::Memory;
use super::*;
use crate::lock::Pin;
use crate::openpgp::open::OpenedStatement;
use crate::openpgp::testing::{NOW, Person, TIMES};
use crate::policy::PolicyFile;
use crate::statement::Manifest;
use crate::tree::{MeasuredTree, SurveyRequest, survey};

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

/// A tree of one file with one byte.
fn tree() -> MeasuredTree {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("a"), "a").expect("written");
    survey(&SurveyRequest::plain(folder.path(), &crate::limits::Limits::default()))
        .expect("a survey")
        .into_parts()
        .0
        .expect("a tree")
}

/// The steps of a verdict on a release of that tree.
fn steps(text: &str, tree: &MeasuredTree, opened: &OpenedStatement<Manifest>) -> Vec<String> {
    let policy = PolicyFile::read(text.as_bytes(), &crate::limits::Limits::default());
    let policy = policy.and_then(|file| file.check(None)).expect("a policy");
    let package = opened.statement().package();
    let (memory, chain) = (Memory::default(), Chain::new([opened]));
    let scale = Scale {
        package,
        policy: &policy,
        rule: policy.rule_for(package).expect("a rule"),
        people: policy.people(),
        trust: None,
        memory: &memory,
        slot: memory.slot(package, Some(opened.digest()), &chain, &crate::version_order::compare),
        chain: &chain,
        overriding: None,
    };
    let releases = [scale.weigh(opened, Origin::Own)];
    let verdict = judge(Case {
        package: Some(package),
        policy: &policy,
        scale: Some(&scale),
        releases: &releases,
        compared: Some(0),
        tree: Some(tree.into()),
        said: Said::default(),
        found: Vec::new(),
        refused: &[],
        order: &crate::version_order::compare,
        times: TIMES,
    });
    verdict.reasons.into_iter().filter_map(|reason| reason.step).collect()
}

#[test]
fn no_step_names_somebody_who_is_distrusted() {
    let [alice, bob, carol, dave] = [Person::new(), Person::new(), Person::new(), Person::new()];
    let text = format!(
        "countersign = \"policy/1\"\n[people]\nalice = [\"{}\"]\nbob = [\"{bob}\"]\ncarol = [\"{}\"]\ndave = [\"{}\"]\n\
         [[distrust]]\nfingerprint = \"{bob}\"\n[[rule]]\npackages = [\"*\"]\nrequire = {{ all = [\n\
         {{ author = {{ count = 2, from = [\"alice\", \"bob\", \"carol\"] }} }},\n\
         {{ review = {{ from = [\"alice\", \"bob\", \"dave\"] }} }},\n\
         {{ check = {{ name = \"c\", from = [\"bob\", \"carol\"] }} }},\n] }}\n",
        name(&alice),
        name(&carol),
        name(&dave),
        bob = name(&bob),
    );
    let tree = tree();
    let opened = release_of("2.0.0", tree.digest(), &[&alice, &bob, &carol], &[], &[&alice]);
    assert_eq!(
        steps(&text, &tree, &opened),
        [
            "1 more good signature on this manifest by carol",
            "1 more review of the whole by dave",
            "1 more signed by carol, that it passed on this very tree",
        ]
    );
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
