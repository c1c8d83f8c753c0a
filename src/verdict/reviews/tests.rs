//! Every small graph of reviews against the rules written down anew, plainly: all ways are walked.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::super::authors::Scale;
use super::super::chain::Chain;
use super::super::fixture::name;
use super::super::memory::{Memory, Slot};
use super::*;
use crate::limits::Limits;
use crate::openpgp::open::{NothingSeen, OpenedStatement, SignedStatement};
use crate::openpgp::testing::{NOW, Person as Somebody, TIMES};
use crate::package::Purl;
use crate::policy::{Policy, PolicyFile};
use crate::statement::VersionTree;
use crate::statement::review::{Draft, Thoroughness};
use crate::trust::testing::Random;
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

/// Who wrote which tree.
type Wrote = BTreeMap<Digest, BTreeSet<Person>>;

/// Asks the engine of some reviews.
fn engine<T>(
    policy: &Policy,
    reviews: &[OpenedStatement<Review>],
    authors: &Wrote,
    wanted: usize,
    asking: impl FnOnce(&Reviews<'_>, &ReviewClause) -> T,
) -> T {
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
    let said = Said { reviews: reviews.into(), ..Said::default() };
    let speakers = Speakers::new(&scale);
    let noes = super::super::noes::weigh(&said, &speakers, &[], Some(tree(wanted)), TIMES);
    let engine =
        Reviews { said, speakers: &speakers, noes: &noes, order: &compare, times: TIMES, authors: authors.clone() };
    let crate::policy::rule::Requirement::Review(clause) = &scale.rule.require else { panic!("a review clause") };
    asking(&engine, clause)
}

/// The hops of the shortest way, or none; with a no to the tree at hand there may be a way, but no acceptance.
fn ask(policy: &Policy, reviews: &[OpenedStatement<Review>], authors: &Wrote, wanted: usize) -> (Option<usize>, bool) {
    engine(policy, reviews, authors, wanted, |engine, clause| {
        let chain = engine.chain(clause, tree(wanted), Overlooking::default());
        (chain.map(|chain| chain.len()), !engine.noes.reasons.is_empty())
    })
}

/// What is wanting for the last tree.
fn wanting(policy: &Policy, reviews: &[OpenedStatement<Review>], authors: &Wrote) -> Option<Wanting> {
    engine(policy, reviews, authors, TREES - 1, |engine, clause| engine.wanting(clause, tree(TREES - 1)))
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

/// Who wrote which tree: nobody who reviews; one all; each one; one the base, another the rest; and one a tree on the way.
const FAMILIES: [[usize; TREES]; 5] = [[PEOPLE; 4], [0; 4], [0, 1, 2, 3], [1, 0, 0, 0], [PEOPLE, 0, PEOPLE, PEOPLE]];

/// All small graphs, but for those that differ from one that is there by nothing that matters:
///
/// - by which of several people who wrote the same said it;
/// - by who rejects a tree, and by a change that runs backwards: these are in all graphs of one and two words;
/// - of four words, by one that lies on no way from nothing to the tree at hand: these are in all graphs of three words.
#[test]
fn every_small_graph_is_judged_as_plain_walking_says() {
    let people: Vec<_> = (0..PEOPLE).map(|_| Somebody::new()).collect();
    let approvals = |backwards: bool| {
        let changes = (0..TREES).flat_map(move |to| {
            let froms = (0..TREES).filter(move |from| if backwards { *from > to } else { *from < to });
            std::iter::once(None).filter(move |_| !backwards).chain(froms.map(Some)).map(move |from| (from, to))
        });
        changes.flat_map(|(from, to)| (0..PEOPLE).map(move |by| (from, to, by, true)))
    };
    // Those that can matter come first: each yes that runs forward, and one no to each tree.
    let noes = |by: usize| (0..TREES).map(move |to| (None, to, by, false));
    let mut all: Vec<Word> = approvals(false).chain(noes(0)).collect();
    let matter = all.len();
    all.extend(approvals(true).chain((1..PEOPLE).flat_map(noes)));
    let said: Vec<_> = all.iter().map(|word| opened(&people[word.2], *word)).collect();
    let person = |number: usize| Person::Certificate(name(&people[number]));
    let asked: Vec<_> = [(1, ""), (2, ""), (1, ", full-every = { releases = 1 }")]
        .iter()
        .map(|(count, more)| (*count, if more.is_empty() { TREES } else { 1 }, policy(&people, *count, more)))
        .collect();
    let mut graphs: Vec<Vec<usize>> = choices(all.len(), 1).chain(choices(all.len(), 2)).collect();
    graphs.extend(choices(matter, 3));
    let words = |chosen: &[usize]| chosen.iter().map(|place| all[*place]).collect::<Vec<_>>();
    graphs.extend(choices(matter, 4).filter(|chosen| is_live(&words(chosen))));
    let orders = orders();
    let judged = graphs.par_iter().flat_map_iter(|chosen| FAMILIES.iter().map(move |wrote| (chosen, wrote)));
    let judged = judged.filter(|(chosen, wrote)| is_first(&words(chosen), wrote, &orders)).map(|(chosen, wrote)| {
        let words = words(chosen);
        let reviews: Vec<_> = chosen.iter().map(|place| said[*place].clone()).collect();
        let written = wrote.iter().enumerate().filter(|(_, by)| **by != PEOPLE);
        let authors = written.map(|(number, by)| (tree(number), BTreeSet::from([person(*by)]))).collect();
        let judged = asked.iter().map(|(count, most, policy)| {
            let found = ask(policy, &reviews, &authors, TREES - 1);
            let wanted = oracle(&words, *count, wrote, *most);
            assert_eq!(found, wanted, "{words:?} wrote {wrote:?} count {count} most {most}");
            usize::from(found.0.is_some())
        });
        (asked.len(), judged.sum())
    });
    let (worlds, accepted) = judged.reduce(|| (0, 0), |one: (usize, usize), two| (one.0 + two.0, one.1 + two.1));
    assert_eq!((worlds, accepted), WORLDS);
}

/// How many graphs are judged, under each policy, and how many of them have a way.
const WORLDS: (usize, usize) = (152_577, 29_872);

/// Each way to choose so many numbers below a bound.
fn choices(below: usize, size: usize) -> impl Iterator<Item = Vec<usize>> {
    let mut next: Option<Vec<usize>> = Some((0..size).collect());
    std::iter::from_fn(move || {
        let now = next.take()?;
        if let Some(place) = (0..size).rev().find(|place| now[*place] < below - (size - place)) {
            let mut after = now.clone();
            (place..size).for_each(|later| after[later] = now[place] + 1 + (later - place));
            next = Some(after);
        }
        Some(now)
    })
}

/// Whether each word lies on a way from nothing to the tree at hand, whoever said it.
fn is_live(words: &[Word]) -> bool {
    let (mut reached, mut leading) = ([false; TREES], [false; TREES]);
    leading[TREES - 1] = true;
    for _ in 0..TREES {
        for (from, to, _, _) in words.iter().filter(|word| word.3) {
            reached[*to] |= from.is_none_or(|from| reached[from]);
            if let Some(from) = from {
                leading[*from] |= leading[*to];
            }
        }
    }
    words.iter().all(|(from, to, _, _)| from.is_none_or(|from| reached[from]) && reached[*to] && leading[*to])
}

/// Whether of all graphs that differ only by which of those people said it who wrote the same, this one comes first.
fn is_first(words: &[Word], wrote: &[usize; TREES], orders: &[[usize; PEOPLE]]) -> bool {
    let trees = |person: usize| wrote.map(|by| by == person);
    let sorted = |other: &[usize; PEOPLE]| {
        let mut words: Vec<Word> = words.iter().map(|(from, to, by, yes)| (*from, *to, other[*by], *yes)).collect();
        words.sort_unstable();
        words
    };
    let own = sorted(&[0, 1, 2, 3]);
    let mut same =
        orders.iter().filter(|order| order.iter().enumerate().all(|(one, other)| trees(one) == trees(*other)));
    same.all(|order| sorted(order) >= own)
}

/// Every order of the four people.
fn orders() -> Vec<[usize; PEOPLE]> {
    let numbers = (0..PEOPLE.pow(4)).map(|number| [64, 16, 4, 1].map(|unit| number / unit % PEOPLE));
    numbers.filter(|order| order.iter().collect::<BTreeSet<_>>().len() == PEOPLE).collect()
}

#[test]
fn what_is_wanting_is_enough_and_no_less_is() {
    let people: Vec<_> = (0..PEOPLE).map(|_| Somebody::new()).collect();
    let person = |number: usize| Person::Certificate(name(&people[number]));
    let hops: Vec<_> =
        (0..TREES).flat_map(|to| std::iter::once(None).chain((0..to).map(Some)).map(move |from| (from, to))).collect();
    let yes: Vec<Vec<_>> = hops
        .iter()
        .map(|(from, to)| (0..PEOPLE).map(|by| opened(&people[by], (*from, *to, by, true))).collect())
        .collect();
    let no: Vec<_> = (0..TREES).map(|to| opened(&people[0], (None, to, 0, false))).collect();
    let policies = [1, 2, 3].map(|count| policy(&people, count, ""));
    let mut random = Random(12);
    let (mut told, mut none) = ([0; 4], 0);
    while told.iter().sum::<usize>() < 400 {
        let wrote = random.of(&FAMILIES);
        let written = wrote.iter().enumerate().filter(|(_, by)| **by != PEOPLE);
        let authors = written.map(|(number, by)| (tree(number), BTreeSet::from([person(*by)]))).collect();
        let policy = &policies[random.below(3)];
        let said = (0..random.below(6)).map(|_| (random.below(hops.len()), random.below(PEOPLE)));
        let mut reviews: Vec<_> =
            said.collect::<BTreeSet<_>>().into_iter().map(|(hop, by)| yes[hop][by].clone()).collect();
        if random.below(4) == 0 {
            reviews.push(no[random.below(TREES)].clone());
        }
        if ask(policy, &reviews, &authors, TREES - 1).0.is_some() {
            continue;
        }
        let Some(wanting) = wanting(policy, &reviews, &authors) else {
            none += 1;
            continue;
        };
        let place = |hop: (Option<usize>, usize)| (hop.0.map(tree), tree(hop.1)) == (wanting.from, wanting.to);
        let place = hops.iter().position(|hop| place(*hop)).expect("a hop");
        let with = |place: usize, by: &[usize]| {
            let more = by.iter().map(|by| yes[place][*by].clone());
            ask(policy, &reviews.iter().cloned().chain(more).collect::<Vec<_>>(), &authors, TREES - 1).0.is_some()
        };
        let able: Vec<_> = (0..PEOPLE).filter(|by| wanting.by.contains(&person(*by))).collect();
        let subsets = |of: usize, size: usize| if of < size { Vec::new() } else { choices(of, size).collect() };
        for chosen in subsets(able.len(), wanting.more) {
            let by: Vec<_> = chosen.into_iter().map(|number| able[number]).collect();
            assert!(with(place, &by), "{wanting:?} by {by:?} {authors:?}");
        }
        for place in 0..hops.len() {
            for by in subsets(PEOPLE, wanting.more - 1) {
                assert!(!with(place, &by), "{wanting:?} but {place} by {by:?} is enough");
            }
        }
        told[wanting.more] += 1;
    }
    assert!(told[1..].iter().all(|times| *times > 20) && none > 20, "{told:?} {none}");
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
