//! How long judging takes: 1,000 packages under a policy, with a network of 1,000 certificates. `benches/judge.sh` runs it.
//!
//! A root certifies 30 introducers, each of whom certifies some authors; each package is signed by one author,
//! and a chain of nine reviews leads to it. Evidence is
//! opened and the tree is measured before; what is timed is the network, the view and the judgement, first cold, then warm.
//! At last it is asked which single keys would suffice, for every package.

use std::error::Error;
use std::io::Write as _;
use std::time::{Duration, Instant, SystemTime};

use countersign::digest::Digest;
use countersign::keyring::Keyring;
use countersign::limits::Limits;
use countersign::openpgp::open::{NothingSeen, OpenedStatement, SignedStatement};
use countersign::package::Purl;
use countersign::policy::PolicyFile;
use countersign::statement::manifest::Draft;
use countersign::statement::review::{self, Opinion, Relation, Thoroughness};
use countersign::statement::{Manifest, Review, Statement, VersionTree};
use countersign::time::Times;
use countersign::tree::{SurveyRequest, survey};
use countersign::trust::{Network, NetworkKind, RetiredIssuers, Root, View, Viewpoint};
use countersign::verdict::authors::{Origin, Scale};
use countersign::verdict::chain::Chain;
use countersign::verdict::memory::Memory;
use countersign::verdict::roots::Roots;
use countersign::verdict::said::Said;
use countersign::verdict::suppose::{Alone, Doors, Question};
use countersign::verdict::{Case, judge};
use countersign::version_order::compare;
use sequoia_openpgp::cert::CertBuilder;
use sequoia_openpgp::packet::signature::SignatureBuilder;
use sequoia_openpgp::serialize::{Serialize as _, SerializeInto as _};
use sequoia_openpgp::types::{HashAlgorithm, KeyFlags, SignatureType};
use sequoia_openpgp::{Cert, Packet};

type Failed = Box<dyn Error + Send + Sync>;

const CERTIFICATES: usize = 1_000;
const INTRODUCERS: usize = 30;
const PACKAGES: usize = 1_000;
/// Of each package, as a chain: with its manifest, ten statements.
const REVIEWS: usize = 9;
/// 2026-11-23T09:00:00Z.
const NOW: u64 = 1_795_424_400;

fn person(number: usize) -> Result<Cert, Failed> {
    let flags = KeyFlags::empty().set_certification().set_signing();
    let builder = CertBuilder::new().add_userid(format!("p{number} <p{number}@example.org>"));
    let made = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW - 1_000_000);
    Ok(builder.set_creation_time(made).set_primary_key_flags(flags).generate()?.0)
}

fn builder(kind: SignatureType) -> Result<SignatureBuilder, Failed> {
    let made = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW - 1_000);
    Ok(SignatureBuilder::new(kind).set_hash_algo(HashAlgorithm::SHA512).set_signature_creation_time(made)?)
}

fn pair(cert: &Cert) -> Result<sequoia_openpgp::crypto::KeyPair, Failed> {
    Ok(cert.primary_key().key().clone().parts_into_secret()?.into_keypair()?)
}

fn certified(cert: Cert, by: &Cert, depth: u8) -> Result<Cert, Failed> {
    let user_id = cert.userids().next().ok_or("no user ID")?.userid().clone();
    let builder = builder(SignatureType::GenericCertification)?.set_trust_signature(depth, 120)?;
    let word = builder.sign_userid_binding(&mut pair(by)?, cert.primary_key().key(), &user_id)?;
    Ok(cert.insert_packets(vec![Packet::from(user_id), word.into()])?.0)
}

fn open<S: Statement>(
    text: &str,
    by: &Cert,
    keyring: &Keyring,
    times: Times,
    limits: &Limits,
) -> Result<OpenedStatement<S>, Failed> {
    let signature = builder(SignatureType::Binary)?.sign_message(&mut pair(by)?, text.as_bytes())?;
    let mut signed = SignedStatement::new(text.as_bytes().to_vec());
    signed.add_signature("s.asc".to_owned(), Packet::from(signature).to_vec()?);
    let opened = signed.open(|one| keyring.candidates(one), &NothingSeen, times, limits);
    opened.map_err(|_| "a statement that does not open".into())
}

fn main() -> Result<(), Failed> {
    let mut people = (0..CERTIFICATES).map(person).collect::<Result<Vec<_>, _>>()?;
    for number in 1..CERTIFICATES {
        let (by, depth) = if number <= INTRODUCERS { (0, 1) } else { (1 + number % INTRODUCERS, 0) };
        people[number] = certified(people[number].clone(), &people[by].clone(), depth)?;
    }
    let folder = tempfile::tempdir()?;
    let mut bytes = Vec::new();
    people.iter().try_for_each(|cert| cert.serialize(&mut bytes))?;
    let file = folder.path().join("keyring.pgp");
    std::fs::write(&file, bytes)?;
    let limits = Limits::default();
    let keyring = Keyring::read(&[file], &limits)?;
    let now: countersign::time::Timestamp = "2026-11-23T09:00:00Z".parse()?;
    let times = Times { at: now, now };
    let root: countersign::fingerprint::Fingerprint = people[0].fingerprint().to_hex().parse()?;
    let reviewer = people[1].fingerprint().to_hex();
    let text = format!(
        "countersign = \"policy/1\"\n[[root]]\nfingerprint = \"{root}\"\n[people]\nr = [\"{reviewer}\"]\n[[rule]]\npackages = [\"*\"]\n\
         require = {{ all = [{{ author = {{ count = 1 }} }}, {{ review = {{ from = [\"r\"] }} }}] }}\n"
    );
    let policy = PolicyFile::read(text.as_bytes(), &limits).and_then(|file| file.check(None));
    let policy = policy.map_err(|faults| format!("{faults:?}"))?;
    let tree = tempfile::tempdir()?;
    std::fs::write(tree.path().join("a"), "a")?;
    let request = SurveyRequest::plain(tree.path(), &limits);
    let tree = survey(&request)?.into_parts().0.ok_or("no tree")?;
    let mut opened = Vec::new();
    for number in 0..PACKAGES {
        let author = &people[INTRODUCERS + 1 + number % (CERTIFICATES - INTRODUCERS - 1)];
        let package: Purl = format!("pkg:generic/p{number}@1.0.0").parse()?;
        let manifest = Manifest::new(Draft {
            package: package.clone(),
            released: now,
            authors: [author.fingerprint().to_hex().parse()?].into(),
            previous: Vec::<Digest>::new(),
            tree: tree.digest(),
            files: 1,
            bytes: 1,
            source: None,
        })?;
        let text = manifest.text().as_bytes();
        let signature = builder(SignatureType::Binary)?.sign_message(&mut pair(author)?, text)?;
        let mut signed = SignedStatement::new(text.to_vec());
        signed.add_signature("m.asc".to_owned(), Packet::from(signature).to_vec()?);
        let release = signed.open(|one| keyring.candidates(one), &NothingSeen, times, &limits);
        let mut reviews = Vec::new();
        for hop in 0..REVIEWS {
            let tree_of = |place: usize| if place + 1 == REVIEWS { tree.digest() } else { Digest::of(&[place as u8]) };
            let at = |place: usize| VersionTree {
                version: if place + 1 == REVIEWS { "1.0.0".to_owned() } else { format!("0.{place}.0") },
                tree: tree_of(place),
            };
            let review = Review::new(review::Draft {
                package: package.identity(),
                from: hop.checked_sub(1).map(at),
                to: at(hop),
                verdict: Opinion::Approve,
                criteria: vec!["safe-to-deploy".parse()?],
                thoroughness: Thoroughness::Medium,
                relation: Relation::None,
                reviewed: now,
                note: None,
            })?;
            reviews.push(open::<Review>(review.text(), &people[1], &keyring, times, &limits)?);
        }
        opened.push((package, release.map_err(|_| "a manifest that does not open")?, reviews));
    }
    let network = Network::new(&keyring, times);
    let viewpoint = Viewpoint {
        roots: vec![Root::full(root)],
        retired: RetiredIssuers::LeaveOut,
        kind: NetworkKind::Trust,
        ..Viewpoint::default()
    };
    let view = View::new(&network, &keyring, viewpoint)?;
    let mut out = std::io::stdout();
    for round in ["cold", "warm", "warm", "warm"] {
        let start = Instant::now();
        let mut accepted = 0;
        for (package, opened, reviews) in &opened {
            let memory = Memory::default();
            let chain = Chain::new([opened]);
            let roots = Roots::new(&view, None, policy.trust());
            let scale = Scale {
                package,
                policy: &policy,
                rule: policy.rule_for(package).ok_or("no rule")?,
                people: policy.people(),
                trust: Some(&roots),
                memory: &memory,
                slot: memory.slot(package, Some(opened.digest()), &chain, &compare),
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
                tree: Some((&tree).into()),
                said: Said { reviews: reviews.into(), ..Said::default() },
                found: Vec::new(),
                refused: &[],
                order: &compare,
                times,
            });
            accepted += usize::from(verdict.acceptance.is_some());
        }
        let took = start.elapsed().as_secs_f64() * 1000.0;
        writeln!(
            out,
            "{round}: {took:.1} ms for {PACKAGES} packages, {accepted} accepted, {} statements, {CERTIFICATES} certificates",
            PACKAGES * (1 + REVIEWS)
        )?;
    }
    let start = Instant::now();
    let doors = Doors::new(Roots::new(&view, None, policy.trust()));
    let mut keys = 0;
    for (package, opened, _) in &opened {
        let question = Question {
            package,
            policy: &policy,
            rule: policy.rule_for(package).ok_or("no rule")?,
            people: policy.people(),
            doors: Some(&doors),
            stands: &|_| true,
            memory: &Memory::default(),
            chain: &Chain::new([opened]),
            refused: &[],
            order: &compare,
            times,
        };
        if let Alone::Keys(found) = question.alone() {
            keys += found.len();
        }
    }
    let took = start.elapsed().as_secs_f64() * 1000.0;
    writeln!(
        out,
        "one key: {took:.1} ms to ask all {CERTIFICATES} keys about {PACKAGES} packages, {keys} times one is enough"
    )?;
    Ok(())
}
