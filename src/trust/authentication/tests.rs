//! Only what the told path needs is verified, and yet the answer is the whole search's.

use sequoia_openpgp::Packet;
use sequoia_openpgp::packet::signature::SignatureBuilder;
use sequoia_openpgp::types::{HashAlgorithm, SignatureType};

use super::super::testing::Random;
use super::super::{Network, NetworkKind, Root, Viewpoint};
use super::*;
use crate::keyring::LaterKeyring;
use crate::limits::Limits;
use crate::openpgp::testing::{Person, TIMES, days_ago};

const PEOPLE: usize = 24;

#[test]
fn the_nearest_path_is_the_one_that_the_whole_search_takes() {
    let people: Vec<_> = (0..PEOPLE).map(|_| Person::new()).collect();
    let mut random = Random(20);
    let (mut reached, mut soon, mut unread) = (0, 0, 0);
    for round in 0..80 {
        let keyring = random_keyring(&people, &mut random);
        let (first, second) = (&people[0], &people[random.below(PEOPLE - 1) + 1]);
        let mut roots = vec![Root::full(first.certificate().fingerprint().clone())];
        if random.below(3) == 0 {
            roots.push(Root { amount: Amount::capped(60), ..Root::full(second.certificate().fingerprint().clone()) });
        }
        let kind = random.of(&[NetworkKind::Certification, NetworkKind::Trust]);
        let max_depth = random.of(&[None, Some(4)]);
        let wanted = Amount::capped(random.of(&[40, 60, 120]));
        let viewpoint = Viewpoint { roots, kind, ..Viewpoint::default() };
        let asked =
            |node: &Fingerprint, user_id: &str| Question { max_depth, wanted, ..Question::who(node.clone(), user_id) };
        // Nobody knows anything at first, in each of the three.
        let fresh = || Network::new(&keyring, TIMES);
        let (one, all, whole) = (fresh(), fresh(), fresh());
        let of = |network| View::of(network, viewpoint.clone()).expect("a viewpoint");
        let (one, mut all, whole) = (of(&one), of(&all), of(&whole));
        all.prepare(max_depth);
        for listed in all.authenticate_all(&asked(first.certificate().fingerprint(), "")) {
            let question = listed.question();
            let whole = match whole.askable(question) {
                Err(answer) => *answer,
                Ok(askable) => whole.search(askable, question, whole.reach(max_depth)),
            };
            let alone = one.authenticate(question);
            assert_eq!(told(&listed), told(&whole), "round {round}, all: {question:?}");
            assert_eq!(told(&alone), told(&whole), "round {round}, alone: {question:?}");
            reached += usize::from(whole.is_reached() && !whole.paths()[0].edges().is_empty());
            if let Ok(askable) = one.askable(question) {
                soon += usize::from(one.nearest(&askable, question, one.reach(max_depth)).is_some());
            }
        }
        let network = all.network();
        unread +=
            (0..network.size().1 as u32).filter(|place| network.known(network.utterance(*place)).is_none()).count();
    }
    assert!(reached > 300 && soon > 300 && unread > 1000, "{reached}, {soon}, {unread}");
}

/// Everything that a user sees of an answer.
fn told(answer: &Authentication) -> String {
    let certification = |edge: &Certification| {
        let (issuer, created, amount) = (edge.issuer(), edge.created(), edge.amount());
        format!("{issuer} {created} {} {}", amount, edge.user_id())
    };
    let path = |path: &TrustPath| {
        let edges: Vec<_> = path.edges().iter().map(certification).collect();
        format!("{} {} {} {edges:?}", path.root(), path.amount(), path.ends_by_self_signature())
    };
    let paths: Vec<_> = answer.paths().iter().map(path).collect();
    format!("{} {:?} {paths:#?}", answer.amount(), answer.obstacle())
}

/// People who certify each other at random; some certifications are old, some taken back, some never made by whom they name.
fn random_keyring(people: &[Person], random: &mut Random) -> crate::keyring::Keyring {
    let mut bytes = Vec::new();
    for (place, person) in people.iter().enumerate() {
        let mut certified = Person::clone(person);
        for (other, issuer) in people.iter().enumerate().filter(|(other, _)| *other != place) {
            if random.below(100) < 85 {
                continue;
            }
            for _ in 0..1 + random.below(2) {
                let (depth, amount) = (random.of(&[0, 3, 255, 255]), random.of(&[0, 60, 120, 120, 120, 120, 120]));
                let created = days_ago(random.of(&[3, 9, 20]));
                let trust =
                    |builder: SignatureBuilder| builder.set_trust_signature(depth, amount).expect("a subpacket");
                certified = match random.below(5) {
                    0 => forged(certified, issuer, &people[(other + 1) % PEOPLE], created, trust),
                    1 => certified.word(issuer, 0, SignatureType::CertificationRevocation, created, |builder| builder),
                    _ => certified.certified(issuer, created, trust),
                };
            }
        }
        bytes.extend(certified.public());
    }
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("keyring.pgp");
    std::fs::write(&path, bytes).expect("written");
    let later = LaterKeyring::read(&[path], &Limits::default()).expect("read");
    later.open().expect("a keyring").clone()
}

/// `person` with a certification that names `issuer` and was made over somebody else.
fn forged(
    person: Person,
    issuer: &Person,
    other: &Person,
    created: std::time::SystemTime,
    trust: impl FnOnce(SignatureBuilder) -> SignatureBuilder,
) -> Person {
    let builder = SignatureBuilder::new(SignatureType::GenericCertification)
        .set_hash_algo(HashAlgorithm::SHA512)
        .set_signature_creation_time(created)
        .expect("a date");
    let user_id = person.0.userids().next().expect("a user ID").userid().clone();
    let signature = trust(builder)
        .sign_userid_binding(&mut issuer.key_pair(0), other.0.primary_key().key(), &user_id)
        .expect("a certification");
    person.plus([Packet::from(user_id), signature.into()])
}
