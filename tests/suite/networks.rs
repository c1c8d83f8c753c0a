//! Networks: each folder of `tests/networks` is a shape, with a drawing, its people, and the answers that it must give.

pub(crate) mod people;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use countersign::fingerprint::Fingerprint;
use countersign::grant::{Amount, Depth, Grant};
use countersign::keyring::Keyring;
use countersign::limits::Limits;
use countersign::time::{Times, Timestamp};
use countersign::trust::{Network, NetworkKind, Question, RetiredIssuers, Root, View, Viewpoint};
use people::day;
use serde::Deserialize;

/// What a shape must answer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    questions: Vec<Asked>,
}

/// One question and its answer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Asked {
    /// Why it is asked.
    about: String,
    /// Whose binding.
    target: String,
    /// The first user ID, unless told otherwise.
    user_id: Option<String>,
    /// `root` with full amount, unless told otherwise.
    roots: Option<Vec<Start>>,
    #[serde(default)]
    distrust: Vec<String>,
    #[serde(rename = "self")]
    own: Option<String>,
    package: Option<String>,
    role: Option<String>,
    /// The default is 3, and 0 stands for none.
    max_depth: Option<usize>,
    wanted: Option<u8>,
    /// The day that is asked about: 300, unless told otherwise. Algorithms are always judged on day 300.
    day: Option<u64>,
    /// Edges of retired issuers count.
    #[serde(default)]
    count_retired: bool,
    #[serde(default)]
    certification_network: bool,

    /// The amount that is reached.
    amount: u8,
    /// How many paths show it.
    paths: Option<usize>,
    /// The code of what stands in the way of any path.
    reason: Option<String>,
    /// What stops the near misses, each cause once.
    #[serde(default)]
    stopped: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Start {
    person: String,
    amount: Option<u8>,
    depth: Option<u8>,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    scopes: Vec<String>,
}

#[test]
fn networks() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/networks");
    let mut shapes: Vec<PathBuf> =
        fs::read_dir(folder).expect("tests/networks").map(|entry| entry.expect("an entry").path()).collect();
    shapes.sort();
    assert!(shapes.len() >= 20, "{shapes:?}");
    let faults: Vec<_> = shapes.iter().flat_map(|shape| faults(shape)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What a shape answers otherwise than it must.
fn faults(shape: &Path) -> Vec<String> {
    let name = shape.file_name().and_then(|name| name.to_str()).expect("a plain name").to_owned();
    assert!(shape.join("README.md").is_file(), "{name} has no drawing");
    let network: people::Network = read(&shape.join("network.toml"));
    let expected: Expected = read(&shape.join("expected.toml"));
    assert!(!expected.questions.is_empty(), "{name} asks nothing");
    let (fingerprints, bytes) = network.make();
    let place = tempfile::tempdir().expect("a folder");
    let file = place.path().join("keyring.pgp");
    fs::write(&file, bytes).expect("a keyring");
    let keyring = Keyring::read(&[file], &Limits::default()).expect("a keyring");
    assert_eq!(keyring.set_aside(), [], "{name}");
    let fingerprint = |person: &str| -> Fingerprint {
        fingerprints.get(person).unwrap_or_else(|| panic!("{name}: who is {person}?")).parse().expect("a fingerprint")
    };
    let mut faults = Vec::new();
    for asked in &expected.questions {
        let now = day(300).try_into().expect("a time");
        let at: Timestamp = day(asked.day.unwrap_or(300)).try_into().expect("a time");
        let laid_out = Network::new(&keyring, Times { at, now });
        let start = |start: &Start| Root {
            fingerprint: fingerprint(&start.person),
            amount: Amount::capped(start.amount.unwrap_or(120)),
            depth: Depth::new(start.depth.unwrap_or(255)),
            grant: Grant::new(
                start.roles.iter().map(|role| role.parse().expect("a role")),
                start.scopes.iter().map(|scope| scope.parse().expect("a scope")),
            ),
        };
        let roots = asked
            .roots
            .as_ref()
            .map_or_else(|| vec![Root::full(fingerprint("root"))], |roots| roots.iter().map(start).collect());
        let viewpoint = Viewpoint {
            roots,
            distrusted: asked.distrust.iter().map(|person| fingerprint(person)).collect(),
            own: asked.own.as_deref().map(fingerprint),
            retired: if asked.count_retired { RetiredIssuers::Count } else { RetiredIssuers::LeaveOut },
            kind: if asked.certification_network { NetworkKind::Certification } else { NetworkKind::Trust },
        };
        let max_depth = asked.max_depth.unwrap_or(3);
        let question = Question {
            certificate: fingerprint(&asked.target),
            user_id: asked.user_id.clone().unwrap_or_else(|| network.user_id(&asked.target)),
            package: asked.package.as_ref().map(|package| package.parse().expect("a package")),
            role: asked.role.as_ref().map(|role| role.parse().expect("a role")),
            max_depth: (max_depth > 0).then_some(max_depth),
            wanted: Amount::capped(asked.wanted.unwrap_or(120)),
            paths: 1,
        };
        let mut view = View::new(&laid_out, &keyring, viewpoint).expect("a viewpoint");
        let told = |view: &View<'_, '_>| {
            let answer = view.authenticate(&question);
            let reason = answer.obstacle().map(|obstacle| obstacle.code().as_str().to_owned());
            (answer.amount().value(), answer.paths().len(), reason)
        };
        let (amount, paths, reason) = told(&view);
        let mut fault = |what: &str, found: String, wanted: String| {
            if found != wanted {
                faults.push(format!("{name}: {}: {what} {found}, expected {wanted}", asked.about));
            }
        };
        fault("amount", amount.to_string(), asked.amount.to_string());
        fault("reason", format!("{reason:?}"), format!("{:?}", asked.reason));
        if let Some(wanted) = asked.paths {
            fault("paths", paths.to_string(), wanted.to_string());
        }
        let explained = view.explain(&question, 100);
        let stops = explained.misses.iter().flat_map(|miss| miss.all_stops());
        let stopped: BTreeSet<_> = stops.map(|stop| stop.name().to_owned()).collect();
        if !asked.stopped.is_empty() || asked.amount == 0 && reason.is_none() {
            let wanted = asked.stopped.iter().cloned().collect::<BTreeSet<_>>();
            fault("stopped by", format!("{stopped:?}"), format!("{wanted:?}"));
        }
        let step = explained.step.as_deref();
        fault("a step", step.is_some().to_string(), (!explained.answer.is_reached()).to_string());
        // Never something to copy into a command.
        assert!(step.is_none_or(|step| !step.contains(question.certificate.as_str())), "{step:?}");
        // What was verified beforehand makes no difference.
        view.prepare(question.max_depth);
        fault("amount after preparing", told(&view).0.to_string(), amount.to_string());
    }
    faults
}

fn read<T: for<'a> Deserialize<'a>>(path: &Path) -> T {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
