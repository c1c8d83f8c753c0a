//! Reviews and checks in the worlds: a yes more never hurts, and a no more never helps.

use rayon::prelude::*;

use super::super::Outcome;
use super::super::said::Said;
use super::making::Bench;
use super::{Set, World};
use crate::digest::Digest;
use crate::limits::Limits;
use crate::openpgp::open::{NothingSeen, OpenedStatement, SignedStatement};
use crate::openpgp::testing::{NOW, TIMES};
use crate::policy::{Policy, PolicyFile};
use crate::statement::check::{Draft as CheckDraft, Finding};
use crate::statement::review::{Draft as ReviewDraft, Opinion, Relation, Thoroughness};
use crate::statement::{Check, Review, Statement, VersionTree};
use crate::trust::testing::Random;

/// All that three people may say of the tree at hand and of one before it.
struct Words {
    reviews: Vec<(OpenedStatement<Review>, bool)>,
    checks: Vec<(OpenedStatement<Check>, bool)>,
}

/// Some of them, by their places.
#[derive(Debug, Clone, Default)]
struct Chosen {
    reviews: Vec<usize>,
    checks: Vec<usize>,
}

impl Words {
    fn new(bench: &Bench) -> Self {
        let this = VersionTree { version: "1.1.0".to_owned(), tree: bench.tree.digest() };
        let before = VersionTree { version: "1.0.0".to_owned(), tree: Digest::of(b"before") };
        let hops = [(None, &this), (None, &before), (Some(&before), &this)];
        let (mut reviews, mut checks) = (Vec::new(), Vec::new());
        for person in 0..3 {
            for (from, to) in hops {
                for yes in [true, false] {
                    let review = Review::new(ReviewDraft {
                        package: "pkg:generic/a".parse().expect("a purl"),
                        from: from.cloned(),
                        to: to.clone(),
                        verdict: if yes { Opinion::Approve } else { Opinion::Reject },
                        criteria: vec!["safe-to-deploy".parse().expect("a word")],
                        thoroughness: Thoroughness::Medium,
                        relation: Relation::None,
                        reviewed: NOW,
                        note: None,
                    });
                    let review = review.expect("a review");
                    reviews.push((opened(bench, person, review.text()), yes));
                }
            }
            for yes in [true, false] {
                let check = Check::new(&CheckDraft {
                    package: "pkg:generic/a@1.1.0".parse().expect("a purl"),
                    tree: this.tree,
                    name: "c".parse().expect("a word"),
                    tool: "t 1".to_owned(),
                    result: if yes { Finding::Pass } else { Finding::Fail },
                    checked: NOW,
                    subject: None,
                    note: None,
                });
                checks.push((opened(bench, person, check.expect("a check").text()), yes));
            }
        }
        Self { reviews, checks }
    }

    fn any(&self, random: &mut Random) -> Chosen {
        // One no decides, so they are seldom.
        let mut some = |yes: &mut dyn Iterator<Item = bool>| {
            let some = yes.enumerate().filter(|(_, yes)| random.below(if *yes { 2 } else { 20 }) == 0);
            some.map(|(place, _)| place).collect()
        };
        Chosen {
            reviews: some(&mut self.reviews.iter().map(|(_, yes)| *yes)),
            checks: some(&mut self.checks.iter().map(|(_, yes)| *yes)),
        }
    }

    /// One word more, and whether it is a yes.
    fn more(&self, chosen: &Chosen, random: &mut Random) -> (Chosen, bool) {
        let mut more = chosen.clone();
        let all = self.reviews.len() + self.checks.len();
        let (list, place, yes) = match random.below(all) {
            check if check >= self.reviews.len() => {
                let place = check - self.reviews.len();
                (&mut more.checks, place, self.checks[place].1)
            }
            place => (&mut more.reviews, place, self.reviews[place].1),
        };
        if !list.contains(&place) {
            list.push(place);
        }
        (more, yes)
    }

    fn outcome(&self, bench: &Bench, world: &World, policy: &Policy, chosen: &Chosen) -> Outcome {
        let reviews: Vec<_> = chosen.reviews.iter().map(|place| self.reviews[*place].0.clone()).collect();
        let checks: Vec<_> = chosen.checks.iter().map(|place| self.checks[*place].0.clone()).collect();
        let said = Said { reviews: (&reviews).into(), checks: (&checks).into(), ..Said::default() };
        bench.judged_of(world, policy, None, said).1.outcome()
    }
}

fn opened<S: Statement>(bench: &Bench, person: usize, text: &str) -> OpenedStatement<S> {
    let mut signed = SignedStatement::new(text.as_bytes().to_vec());
    signed.add_signature("s.asc".to_owned(), bench.people[person].sign_text(text.as_bytes()));
    let certificate = bench.people[person].certificate();
    signed.open(|_| vec![&certificate], &NothingSeen, TIMES, &Limits::default()).expect("opened")
}

/// Policies that ask for authors, reviews and checks in all ways that differ.
fn policies(bench: &Bench) -> Vec<Policy> {
    let mut all = Vec::new();
    for joined in ["all", "any"] {
        for reviews in [1, 2] {
            for (author, unsigned) in [("{ author = {} }, ", "accept"), ("{ author = {} }, ", "reject"), ("", "reject")]
            {
                for distrusted in [Set::default(), Set::of(2)] {
                    let mut text = "countersign = \"policy/1\"\n[people]\n".to_owned();
                    let names = ["a", "b", "c"].iter().zip(&bench.names);
                    names.for_each(|(name, key)| text += &format!("{name} = [\"{key}\"]\n"));
                    for person in distrusted.people() {
                        text += &format!("[[distrust]]\nfingerprint = \"{}\"\n", bench.names[person]);
                    }
                    text += &format!(
                        "[[rule]]\npackages = [\"*\"]\nunsigned = \"{unsigned}\"\nrequire = {{ {joined} = [{author}\
                         {{ review = {{ count = {reviews}, from = [\"a\", \"b\", \"c\"] }} }}, \
                         {{ check = {{ name = \"c\", from = [\"b\", \"c\"] }} }}] }}\n"
                    );
                    let policy = PolicyFile::read(text.as_bytes(), &Limits::default());
                    all.push(policy.and_then(|file| file.check(None)).expect("a policy"));
                }
            }
        }
    }
    all
}

#[test]
fn a_yes_more_never_hurts_and_a_no_more_never_helps() {
    let bench = Bench::new();
    let words = Words::new(&bench);
    let policies = policies(&bench);
    let mut random = Random(13);
    let cases: Vec<_> = (0..CASES)
        .map(|_| {
            let mut world = World { version: 1, ..bench.world(&mut random) };
            // Memory alone refuses much.
            if random.below(4) > 0 {
                (world.pins, world.former) = ([None; 3], Set::default());
            }
            // Of a world that speaks of another version, only what is remembered stays.
            let is_this = |one: &super::Manifest| bench.table.text(one.text).version == 1;
            world.releases.retain(is_this);
            world.others.retain(|one| !is_this(one));
            let chosen = words.any(&mut random);
            let (more, yes) = words.more(&chosen, &mut random);
            (world, random.below(policies.len()), chosen, more, yes)
        })
        .collect();
    let turned = cases.par_iter().map(|(world, policy, chosen, more, yes)| {
        let outcome = |chosen| words.outcome(&bench, world, &policies[*policy], chosen) == Outcome::Accepted;
        let (before, after) = (outcome(chosen), outcome(more));
        assert!(if *yes { after >= before } else { after <= before }, "{world:?} {policy} {chosen:?} {more:?}");
        (usize::from(!before && after), usize::from(before && !after))
    });
    let turned = turned.reduce(|| (0, 0), |one, two| (one.0 + two.0, one.1 + two.1));
    assert!(turned.0 > CASES / 1_000 && turned.1 > CASES / 100, "{turned:?}");
}

const CASES: usize = 6_000;
