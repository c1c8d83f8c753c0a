//! Arch Linux's keyring, user ID by user ID, against GnuPG's own answers in a home that is set up as pacman sets up its own:
//! an own key signs the main keys locally, each main key has marginal ownertrust, and three of them make a packager.
//!
//! In Countersign that is a root of amount 40 for each main key: the own key's word is what naming a root says, a marginal
//! introducer is one of amount 40, and gpg's "three marginals" are the amount of 120. What differs must fall into one of
//! [`Difference`]'s classes, for which the evidence is taken from gpg's own listing.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use countersign::cli::{Edge, run};
use countersign::shown::Shown;
use countersign::time::Timestamp;
use serde_json::Value;

use crate::tools::{Home, found, not_run};

const KEYRING: &str = "/usr/share/keyrings/archlinux.gpg";
const TRUSTED: &str = "/usr/share/keyrings/archlinux-trusted";

/// Why an answer may differ from gpg's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Difference {
    /// A main key itself: gpg keeps the own key's word (full) and ownertrust (marginal) apart, a root has one amount.
    MainKey,
    /// gpg has no lower bound on the hash of a certificate's own signatures: all of these rest on SHA-1 or worse.
    WeakSelfSignature,
    /// gpg has no lower bound on the size of a key: RSA or DSA of less than 2048 bits.
    WeakKey,
    /// gpg takes some certifications that rest on SHA-1 or worse.
    WeakCertification,
    /// The default cryptography checks RSA keys of up to 4096 bits.
    LargeRsa,
}

#[test]
fn gpg_says_the_same_of_arch_user_id_by_user_id() {
    let name = "arch_and_gpg::gpg_says_the_same_of_arch_user_id_by_user_id";
    if !found(name, &["gpg", "gpgconf", "gpg-agent"]) {
        return;
    }
    if !Path::new(KEYRING).is_file() || !Path::new(TRUSTED).is_file() {
        return not_run(name, "Debian's package archlinux-keyring");
    }
    let trusted = fs::read_to_string(TRUSTED).expect("archlinux-trusted");
    let main: BTreeSet<&str> = trusted.lines().filter_map(|line| line.strip_suffix(":4:")).collect();
    assert!(main.len() >= 5, "{main:?}");
    let home = Home::new();
    home.gpg_ok(None, "", &["--batch", "--import", KEYRING]);
    // A day after the last word of a main key: what the package is about.
    let moment = last_word(&listing(&home, None), &main) + 24 * 60 * 60;
    let theirs = gpg(&home, moment, &main, &trusted);
    let ours = countersign(moment, &main);

    let (mut same, mut full, mut different) = (0, 0, BTreeMap::<_, usize>::new());
    let mut unexplained = Vec::new();
    for key in theirs.iter().filter(|key| key.validity != 'u') {
        for user_id in &key.user_ids {
            let Some(mine) = ours.get(&(key.fingerprint.clone(), user_id.text.clone())) else {
                unexplained.push(format!("not listed by us: {} {}", key.fingerprint, user_id.text));
                continue;
            };
            let theirs = match user_id.validity {
                'f' => Level::Full,
                'm' => Level::Some,
                _ => Level::Nothing,
            };
            full += usize::from(theirs == Level::Full && Level::of(mine.amount) == Level::Full);
            let counted = |weak: bool| 40 * user_id.certified_by(&main, weak).min(3) as u64;
            if Level::of(mine.amount) == theirs {
                same += 1;
                // gpg does not say whether one main key or two have certified; its list of signatures does.
                if mine.reason.is_none() && theirs != Level::Nothing {
                    assert_eq!(mine.amount, counted(false), "{} {}", key.fingerprint, user_id.text);
                }
                continue;
            }
            let reason = mine.reason.as_deref();
            let why = if main.contains(key.fingerprint.as_str()) && theirs == Level::Full && mine.amount == 40 {
                Some(Difference::MainKey)
            } else if reason == Some("key-unsupported") && key.algorithm == RSA && key.bits > 4096 {
                Some(Difference::LargeRsa)
            } else if reason == Some("certificate-invalid") && matches!(key.algorithm, RSA | DSA) && key.bits < 2048 {
                Some(Difference::WeakKey)
            } else if reason == Some("user-id-unusable") && user_id.is_weakly_claimed(key)
                || reason == Some("certificate-invalid") && key.user_ids.iter().all(|one| one.is_weakly_claimed(key))
            {
                Some(Difference::WeakSelfSignature)
            } else if reason.is_none() && mine.amount == counted(false) && Level::of(counted(true)) == theirs {
                Some(Difference::WeakCertification)
            } else {
                None
            };
            match why {
                Some(why) => *different.entry(why).or_default() += 1,
                None => unexplained.push(format!("{theirs:?}, ours {mine:?}: {} {}", key.fingerprint, user_id.text)),
            }
        }
    }
    assert!(unexplained.is_empty(), "{}", unexplained.join("\n"));
    assert_eq!(different.get(&Difference::MainKey), Some(&main.len()), "{different:?}");
    assert!(different.values().sum::<usize>() <= main.len() + 40, "{different:?}");
    assert!(same >= 300 && full >= 40, "{same} user IDs alike, {full} of them full; {different:?}");
    if cfg!(not(feature = "crypto-rust")) {
        assert_eq!(different.get(&Difference::LargeRsa), None);
    }
}

/// What both can say of a user ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Nothing,
    Some,
    Full,
}

impl Level {
    fn of(amount: u64) -> Self {
        match amount {
            0 => Self::Nothing,
            120.. => Self::Full,
            _ => Self::Some,
        }
    }
}

/// What we say of a user ID.
#[derive(Debug)]
struct Ours {
    amount: u64,
    reason: Option<String>,
}

/// What `trust list` says, with a root of amount 40 for each main key.
fn countersign(moment: u64, main: &BTreeSet<&str>) -> BTreeMap<(String, String), Ours> {
    let at = format!("@{moment}");
    let roots = main.iter().flat_map(|main| ["--root".to_owned(), format!("{main},amount=40")]);
    let words = ["countersign", "trust", "list", "--keyring", KEYRING, "--at", &at, "--format", "json"];
    let words = words.map(str::to_owned).into_iter().chain(roots).map(OsString::from);
    // Algorithms are judged by this day.
    let edge = Edge::bare("2026-11-20".parse::<Timestamp>().expect("a time").into());
    let (mut out, mut err) = (Vec::new(), Vec::new());
    assert_eq!(run(words, &edge, &mut out, &mut err), 0, "{}", String::from_utf8(err).expect("text"));
    let list: Value = serde_json::from_slice(&out).expect("JSON");
    let text = |binding: &Value, key: &str| binding[key].as_str().map(str::to_owned);
    let bindings = list["bindings"].as_array().expect("bindings").iter().map(|binding| {
        let name = |key| text(binding, key).expect("a text");
        let amount = binding["amount"].as_u64().expect("an amount");
        ((name("certificate"), name("user_id")), Ours { amount, reason: text(binding, "reason") })
    });
    bindings.collect()
}

/// What gpg says, once the home is pacman's.
fn gpg(home: &Home, moment: u64, main: &BTreeSet<&str>, trusted: &str) -> Vec<Key> {
    let at = faked(moment);
    let generate = ["--batch", "--quick-generate-key", "own <own@example.org>", "ed25519", "cert", "never"];
    home.gpg_ok(Some(&at), "", &generate);
    for main in main {
        home.gpg_ok(Some(&at), "", &["--batch", "--yes", "--quick-lsign-key", main]);
    }
    home.gpg_ok(Some(&at), trusted, &["--batch", "--import-ownertrust"]);
    home.gpg_ok(Some(&at), "", &["--batch", "--trust-model=pgp", "--check-trustdb"]);
    listing(home, Some(&at))
}

/// gpg's list of all keys, each signature checked.
fn listing(home: &Home, at: Option<&str>) -> Vec<Key> {
    let arguments = ["--batch", "--trust-model=pgp", "--with-colons", "--fixed-list-mode", "--check-sigs"];
    let listing = home.gpg_ok(at, "", &arguments);
    // A user ID that is no text is no binding for us, and has none of our rows to be compared with.
    let rows = listing.split(|byte| *byte == b'\n').filter_map(|row| std::str::from_utf8(row).ok());
    let (mut keys, mut on_user_id) = (Vec::<Key>::new(), false);
    for row in rows {
        let fields: Vec<_> = row.split(':').collect();
        let number = |place: usize| fields[place].parse::<u64>().unwrap_or(0);
        let validity = fields.get(1).and_then(|field| field.chars().next()).unwrap_or('-');
        match fields[0] {
            "pub" => {
                let (bits, algorithm, id) = (number(2), number(3), fields[4].to_owned());
                keys.push(Key { bits, algorithm, id, validity, fingerprint: String::new(), user_ids: Vec::new() });
                on_user_id = false;
            }
            "fpr" => {
                let key = keys.last_mut().filter(|key| key.fingerprint.is_empty());
                key.into_iter().for_each(|key| key.fingerprint = fields[9].to_owned());
            }
            "uid" => {
                let text = Shown::new(&fields[9].replace("\\x3a", ":")).to_string();
                let key = keys.last_mut().expect("a key before its user IDs");
                key.user_ids.push(UserId { text, validity, words: Vec::new() });
                on_user_id = true;
            }
            "uat" | "sub" => on_user_id = false,
            "sig" | "rev" if on_user_id && validity == '!' => {
                let user_id = keys.last_mut().and_then(|key| key.user_ids.last_mut()).expect("a user ID");
                user_id.words.push(Word {
                    taken_back: fields[0] == "rev",
                    issuer: fields[4].to_owned(),
                    made: number(5),
                    expires: number(6),
                    hash: number(15),
                });
            }
            _ => {}
        }
    }
    keys
}

/// When a main key last certified somebody.
fn last_word(keys: &[Key], main: &BTreeSet<&str>) -> u64 {
    let words = keys.iter().flat_map(|key| &key.user_ids).flat_map(|user_id| &user_id.words);
    words.filter(|word| is_by(word, main)).map(|word| word.made).max().expect("main keys certify")
}

fn is_by(word: &Word, main: &BTreeSet<&str>) -> bool {
    main.iter().any(|main| main.ends_with(&word.issuer))
}

/// As gpg wants a time.
fn faked(moment: u64) -> String {
    let moment = format!("@{moment}").parse::<Timestamp>().expect("a time").to_string();
    moment.chars().filter(|c| !matches!(c, '-' | ':' | 'Z')).collect()
}

/// A key, as gpg lists it.
struct Key {
    fingerprint: String,
    id: String,
    algorithm: u64,
    bits: u64,
    validity: char,
    user_ids: Vec<UserId>,
}

struct UserId {
    /// Escaped as our own list escapes it.
    text: String,
    validity: char,
    words: Vec<Word>,
}

/// A signature on a user ID that gpg found to verify.
struct Word {
    taken_back: bool,
    issuer: String,
    made: u64,
    expires: u64,
    hash: u64,
}

impl UserId {
    /// How many of the main keys certify it by their newest word; with or without those that rest on a weak hash.
    fn certified_by(&self, main: &BTreeSet<&str>, weak: bool) -> usize {
        let newest = |main: &&&str| {
            let words = self.words.iter().filter(|word| main.ends_with(&word.issuer));
            let last = words.max_by_key(|word| (word.made, word.taken_back))?;
            (!last.taken_back && last.expires == 0 && (weak || !last.is_weak())).then_some(())
        };
        main.iter().filter(|main| newest(main).is_some()).count()
    }

    /// Whether the key's own signatures on it all rest on a weak hash.
    fn is_weakly_claimed(&self, key: &Key) -> bool {
        self.words.iter().filter(|word| word.issuer == key.id && !word.taken_back).all(Word::is_weak)
    }
}

impl Word {
    /// MD5, SHA-1 or RIPEMD-160.
    fn is_weak(&self) -> bool {
        matches!(self.hash, 1..=3)
    }
}

/// Algorithms' numbers in OpenPGP.
const RSA: u64 = 1;
const DSA: u64 = 17;
