//! Every small graph of reviews against the rules written down anew, plainly: all ways are walked.

use std::collections::{BTreeMap, BTreeSet};

use super::super::authors::Scale;
use super::super::chain::Chain;
use super::super::fixture::name;
use super::super::memory::{Memory, Slot};
use super::*;
use crate::limits::Limits;
use crate::openpgp::open::{NothingSeen, SignedStatement};
use crate::openpgp::testing::{NOW, Person as Somebody, TIMES};
use crate::package::Purl;
use crate::policy::{Policy, PolicyFile};
use crate::statement::VersionTree;
use crate::statement::review::{Draft, Thoroughness};
use crate::version_order::compare;

/// One review: from where, to where, by whom, and whether it is a yes.
type Word = (Option<usize>, usize, usize, bool);

const PEOPLE: usize = 4;
const TREES: usize = 4;

fn tree(number: usize) -> Digest {
    Digest::of(format!("tree {number}").as_bytes())
}

fn at(number: usize) -> VersionTree {
    VersionTree { version: format!("{number}.0.0"), tree: tree(number) }
}

fn package() -> Purl {
    format!("pkg:generic/a@{}.0.0", TREES - 1).parse().expect("a purl")
}

fn opened(somebody: &Somebody, (from, to, _, yes): Word) -> OpenedStatement<Review> {
    let review = Review::new(Draft {
        package: package().identity(),
        from: from.map(at),
        to: at(to),
        verdict: if yes { Opinion::Approve } else { Opinion::Reject },
        criteria: vec!["safe-to-deploy".parse().expect("a word")],
        thoroughness: Thoroughness::Medium,
        relation: Relation::None,
        reviewed: NOW,
        note: None,
    });
    let text = review.expect("a review").text().as_bytes().to_vec();
    let signature = somebody.sign_text(&text);
    let mut signed = SignedStatement::new(text);
    signed.add_signature("r.asc".to_owned(), signature);
    let certificate = somebody.certificate();
    signed.open(|_| vec![&certificate], &NothingSeen, TIMES, &Limits::default()).expect("opened")
}

fn policy(people: &[Somebody], count: usize, more: &str) -> Policy {
    let named: Vec<_> = people.iter().map(|one| format!("\"{}\"", name(one))).collect();
    let text = format!(
        "countersign = \"policy/1\"\n[[rule]]\npackages = [\"*\"]\n\
         require = {{ review = {{ count = {count}, from = [{}]{more} }} }}\n",
        named.join(", ")
    );
    PolicyFile::read(text.as_bytes(), &Limits::default()).and_then(|file| file.check(None)).expect("a policy")
}

/// The hops of the shortest way, or none; with a no to the tree at hand there may be a way, but no acceptance.
fn ask(
    policy: &Policy,
    reviews: &[OpenedStatement<Review>],
    authors: &BTreeMap<Digest, BTreeSet<Person>>,
    wanted: usize,
) -> (Option<usize>, bool) {
    let (memory, chain, package) = (Memory::default(), Chain::default(), package());
    let scale = Scale {
        package: &package,
        policy,
        rule: policy.rule_for(&package).expect("a rule"),
        people: policy.people(),
        trust: None,
        memory: &memory,
        slot: Slot::New,
        chain: &chain,
        overriding: None,
    };
    let said = Said { reviews, ..Said::default() };
    let speakers = Speakers::new(&scale);
    let noes = super::super::noes::weigh(&said, &speakers, &[], Some(tree(wanted)), TIMES);
    let refused = !noes.reasons.is_empty();
    let engine =
        Reviews { said, speakers: &speakers, noes: &noes, order: &compare, times: TIMES, authors: authors.clone() };
    let crate::policy::rule::Requirement::Review(clause) = &scale.rule.require else { panic!("a review clause") };
    match engine.meet(clause, tree(wanted)) {
        Found::Chain(chain) => (Some(chain.len()), refused),
        Found::Lacking(..) => (None, refused),
    }
}

/// The rules as they stand in the design: every way from a reading of the whole is walked, and judged as a whole.
fn oracle(words: &[Word], count: usize, wrote: &[usize; TREES], most: usize) -> (Option<usize>, bool) {
    let wanted = TREES - 1;
    let rejected = |tree: usize| words.iter().any(|(_, to, _, yes)| !yes && *to == tree);
    let mut best = None;
    let mut ways: Vec<Vec<usize>> = (0..TREES).map(|start| vec![start]).collect();
    while let Some(way) = ways.pop() {
        let last = way[way.len() - 1];
        ways.extend((last + 1..TREES).map(|next| [way.clone(), vec![next]].concat()));
        let writers: BTreeSet<_> = way.iter().map(|tree| wrote[*tree]).collect();
        let met = |from: Option<usize>, to: usize| {
            let readers: BTreeSet<_> =
                words.iter().filter(|word| (word.0, word.1, word.3) == (from, to, true)).map(|word| word.2).collect();
            readers.difference(&writers).count() >= count
        };
        let whole = met(None, way[0]) && way.windows(2).all(|pair| met(Some(pair[0]), pair[1]));
        let clean = way.iter().all(|tree| *tree == wanted || !rejected(*tree));
        if last == wanted && whole && clean && way.len() <= most + 1 {
            best = Some(best.map_or(way.len(), |known: usize| known.min(way.len())));
        }
    }
    (best, rejected(wanted))
}

#[test]
fn every_small_graph_is_judged_as_plain_walking_says() {
    let people: Vec<_> = (0..PEOPLE).map(|_| Somebody::new()).collect();
    // Each word that can be said: the whole, or any change, forwards and backwards.
    let mut all: Vec<Word> = Vec::new();
    for by in 0..PEOPLE {
        for to in 0..TREES {
            let froms = std::iter::once(None).chain((0..TREES).filter(|from| *from != to).map(Some));
            all.extend(froms.map(|from| (from, to, by, true)));
            all.push((None, to, by, false));
        }
    }
    let said: Vec<_> = all.iter().map(|word| opened(&people[word.2], *word)).collect();
    let person = |number: usize| Person::Certificate(name(&people[number]));
    // Nobody who reviews wrote anything; one wrote all; each wrote one; one wrote the base, another the rest.
    let nobody = PEOPLE;
    let families = [[nobody; 4], [0; 4], [0, 1, 2, 3], [1, 0, 0, 0], [nobody, 0, nobody, nobody]];
    let asked: Vec<_> = [(1, ""), (2, ""), (1, ", full-every = { releases = 1 }")]
        .iter()
        .map(|(count, more)| (*count, if more.is_empty() { TREES } else { 1 }, policy(&people, *count, more)))
        .collect();
    let (mut worlds, mut accepted) = (0_usize, 0_usize);
    let mut judge = |chosen: &[usize]| {
        let words: Vec<_> = chosen.iter().map(|place| all[*place]).collect();
        let reviews: Vec<_> = chosen.iter().map(|place| said[*place].clone()).collect();
        for wrote in &families {
            let written = wrote.iter().enumerate().filter(|(_, by)| **by != nobody);
            let authors = written.map(|(number, by)| (tree(number), BTreeSet::from([person(*by)]))).collect();
            for (count, most, policy) in &asked {
                let found = ask(policy, &reviews, &authors, TREES - 1);
                let wanted = oracle(&words, *count, wrote, *most);
                assert_eq!(found, wanted, "{words:?} wrote {wrote:?} count {count} most {most}");
                worlds += 1;
                accepted += usize::from(found.0.is_some());
            }
        }
    };
    // All sets of at most two words; beyond, those that can matter: a chain needs its base.
    for one in 0..all.len() {
        judge(&[one]);
        for two in one + 1..all.len() {
            judge(&[one, two]);
        }
    }
    let mut state = 7_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for _ in 0..1_200 {
        let size = 3 + next(2);
        let mut chosen: Vec<_> = (0..size).map(|_| next(all.len())).collect();
        chosen.sort_unstable();
        chosen.dedup();
        judge(&chosen);
    }
    assert!(worlds > 60_000 && accepted > 1_000, "{worlds} worlds, {accepted} with a way");
}

#[test]
fn an_approval_more_never_hurts_and_one_less_never_helps() {
    let people: Vec<_> = (0..2).map(|_| Somebody::new()).collect();
    let mut all: Vec<Word> = Vec::new();
    for by in 0..2 {
        all.extend([(None, 1, by, true), (Some(1), 2, by, true), (Some(2), 3, by, true), (None, 3, by, true)]);
        all.push((None, 2, by, false));
    }
    let said: Vec<_> = all.iter().map(|word| opened(&people[word.2], *word)).collect();
    let policy = policy(&people, 1, "");
    let person = |number: usize| BTreeSet::from([Person::Certificate(name(&people[number]))]);
    let authors = BTreeMap::from([(tree(2), person(0))]);
    let accepted: Vec<bool> = (0..1_u32 << all.len())
        .map(|bits| {
            let reviews: Vec<_> = (0..all.len()).filter(|n| bits >> n & 1 == 1).map(|n| said[n].clone()).collect();
            let (way, refused) = ask(&policy, &reviews, &authors, TREES - 1);
            way.is_some() && !refused
        })
        .collect();
    for bits in 0..accepted.len() {
        for (place, _) in all.iter().enumerate().filter(|(place, _)| bits >> place & 1 == 0) {
            let more = accepted[bits | 1 << place];
            let (before, yes) = (accepted[bits], all[place].3);
            assert!(if yes { more >= before } else { more <= before }, "{bits:b} with {place}");
        }
    }
}

#[test]
fn a_chain_of_a_thousand_changes_is_found_at_once() {
    let somebody = Somebody::new();
    let people = [somebody.clone()];
    let policy = policy(&people, 1, "");
    let mut reviews = vec![opened(&somebody, (None, 0, 0, true))];
    reviews.extend((0..1_000).map(|n| opened(&somebody, (Some(n), n + 1, 0, true))));
    assert_eq!(ask(&policy, &reviews, &BTreeMap::new(), 1_000), (Some(1_001), false));
    // Without its first link there is nothing it could stand on.
    assert_eq!(ask(&policy, &reviews[1..], &BTreeMap::new(), 1_000), (None, false));
}
