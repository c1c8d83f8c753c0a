//! Fifty real crates: signed, accepted, refused for each change with exactly its code, and accepted again.

use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use countersign::fingerprint::Fingerprint;
use countersign::limits::Limits;
use countersign::package::Purl;
use countersign::statement::Manifest;
use countersign::statement::manifest::Draft;
use countersign::store::layout;
use countersign::time::Timestamp;
use countersign::tree::{MeasuredTree, SurveyRequest, survey};
use sequoia_openpgp::Cert;
use sequoia_openpgp::cert::CertBuilder;
use sequoia_openpgp::serialize::SerializeInto as _;
use sequoia_openpgp::serialize::stream::{Armorer, Message, Signer};
use sequoia_openpgp::types::KeyFlags;

use super::crates;

/// 2025-06-01T00:00:00Z: when the key was made, and everything signed.
const SIGNED: Timestamp = Timestamp::from_seconds(1_748_736_000);
/// How many crates.
const CRATES: usize = 50;
/// A crate with fewer files is left out.
const FILES: usize = 5;

#[test]
fn fifty_crates_are_accepted_and_every_change_is_refused_with_its_code() {
    let unpacked = crates::unpacked();
    let large = unpacked.iter().filter(|dir| files(dir).len() >= FILES);
    let chosen: Vec<_> = large.take(CRATES).collect();
    assert_eq!(chosen.len(), CRATES, "cargo has unpacked too few crates on this machine; `cargo fetch` unpacks more");
    let author = Author::new();
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some((number, dir)) = take(&chosen, &next) {
                    Case::new(dir, number, &author).run();
                }
            });
        }
    });
}

fn take<'a>(chosen: &[&'a PathBuf], next: &AtomicUsize) -> Option<(usize, &'a Path)> {
    let number = next.fetch_add(1, Ordering::Relaxed);
    Some((number, chosen.get(number)?))
}

/// A signed copy of one crate, and the file in it that is changed.
struct Case<'a> {
    copy: tempfile::TempDir,
    package: String,
    file: PathBuf,
    author: &'a Author,
}

impl<'a> Case<'a> {
    fn new(dir: &Path, number: usize, author: &'a Author) -> Self {
        let copy = tempfile::tempdir().expect("a folder");
        crates::copy(dir, copy.path());
        let package = package(dir);
        author.sign(copy.path(), &package);
        // Another one in each crate; an empty file has no byte to change.
        let files: Vec<_> =
            files(dir).into_iter().filter(|path| fs::metadata(path).expect("a file").len() > 0).collect();
        let file = files[number % files.len()].strip_prefix(dir).expect("below").to_owned();
        Self { copy, package: package.to_string(), file, author }
    }

    fn run(&self) {
        self.expect(0, &[]);
        let (file, name) = (self.copy.path().join(&self.file), self.file.to_str().expect("text"));
        let content = fs::read(&file).expect("a file");
        let mut changed = content.clone();
        changed[content.len() / 2] ^= 1;
        fs::write(&file, changed).expect("written");
        self.expect(1, &[format!("content-differs {name}")]);
        fs::write(&file, content).expect("written");

        let (other, other_name) = (file.with_file_name("renamed"), self.file.with_file_name("renamed"));
        let added = format!("file-added {}", other_name.to_str().expect("text"));
        assert!(!other.exists());
        fs::write(&other, "").expect("written");
        self.expect(1, std::slice::from_ref(&added));
        fs::remove_file(&other).expect("removed");

        fs::rename(&file, &other).expect("renamed");
        self.expect(1, &[added, format!("file-missing {name}")]);
        let outside = tempfile::tempdir().expect("a folder");
        fs::rename(&other, outside.path().join("kept")).expect("moved");
        self.expect(1, &[format!("file-missing {name}")]);
        fs::rename(outside.path().join("kept"), &file).expect("moved");

        let mode = fs::metadata(&file).expect("a file").permissions().mode();
        fs::set_permissions(&file, Permissions::from_mode(mode ^ 0o111)).expect("set");
        self.expect(1, &[format!("mode-differs {name}")]);
        fs::set_permissions(&file, Permissions::from_mode(mode)).expect("set");
        self.expect(0, &[]);
    }

    fn expect(&self, exit: i32, told: &[String]) {
        let program = crates::verify(self.copy.path(), &self.package, &self.author.keyring(), &self.author.fingerprint);
        assert_eq!(crates::answer(program), (Some(exit), told.to_vec()), "{}", self.package);
    }
}

/// Somebody with a key that is never written down.
struct Author {
    key: Cert,
    fingerprint: String,
    folder: tempfile::TempDir,
}

impl Author {
    fn new() -> Self {
        let (key, _) = CertBuilder::new()
            .add_userid("x <x@example.org>")
            .set_creation_time(std::time::SystemTime::from(SIGNED))
            .set_primary_key_flags(KeyFlags::empty().set_certification().set_signing())
            .generate()
            .expect("a certificate");
        let author =
            Self { fingerprint: key.fingerprint().to_hex(), key, folder: tempfile::tempdir().expect("a folder") };
        fs::write(author.keyring(), author.key.armored().to_vec().expect("armour")).expect("written");
        author
    }

    fn keyring(&self) -> PathBuf {
        self.folder.path().join("keyring.asc")
    }

    /// Writes `.countersign/` as `countersign sign` would, without gpg.
    fn sign(&self, dir: &Path, package: &Purl) {
        let tree = measured(dir);
        let author: Fingerprint = self.fingerprint.parse().expect("a fingerprint");
        let manifest = Manifest::new(Draft {
            package: package.clone(),
            released: SIGNED,
            authors: vec![author.clone()],
            previous: Vec::new(),
            tree: tree.digest(),
            files: tree.files(),
            bytes: tree.bytes(),
            source: None,
        })
        .expect("a manifest");
        let own = dir.join(layout::OWN);
        fs::create_dir_all(own.join(layout::OWN_CERTIFICATES)).expect("made");
        let write = |name: &str, bytes: &[u8]| fs::write(own.join(name), bytes).expect("written");
        write(layout::OWN_MANIFEST, manifest.text().as_bytes());
        write(layout::OWN_TREE, tree.text().to_string().as_bytes());
        write(&layout::own_signature(&author), &self.signature(manifest.text().as_bytes()));
        write(&layout::own_certificate(&author), &self.key.armored().to_vec().expect("armour"));
    }

    fn signature(&self, message: &[u8]) -> Vec<u8> {
        let pair = self.key.primary_key().key().clone().parts_into_secret().and_then(|key| key.into_keypair());
        let mut file = Vec::new();
        let armour = Armorer::new(Message::new(&mut file)).kind(sequoia_openpgp::armor::Kind::Signature).build();
        let mut signer = Signer::new(armour.expect("a writer"), pair.expect("a secret key"))
            .expect("a signer")
            .detached()
            .creation_time(std::time::SystemTime::from(SIGNED))
            .build()
            .expect("a writer");
        signer.write_all(message).expect("signed");
        signer.finalize().expect("a signature");
        file
    }
}

fn measured(dir: &Path) -> MeasuredTree {
    let limits = Limits::default();
    let request = SurveyRequest::plain(dir, &limits);
    let survey = survey(&request).expect("a directory");
    survey.measured().cloned().unwrap_or_else(|| panic!("{}: {:?}", dir.display(), survey.reasons()))
}

/// The package that cargo unpacked into `NAME-VERSION`. A name may have numbers after a hyphen, too: `md-5-0.10.6`.
fn package(dir: &Path) -> Purl {
    let folder = dir.file_name().and_then(|name| name.to_str()).expect("a plain name");
    let is_version = |text: &str| {
        let (major, rest) = text.split_once('.').unwrap_or_default();
        !major.is_empty() && major.bytes().all(|b| b.is_ascii_digit()) && rest.contains('.')
    };
    let hyphens = folder.match_indices('-').map(|(at, _)| folder.split_at(at));
    let (name, version) =
        hyphens.map(|(name, rest)| (name, &rest[1..])).find(|(_, version)| is_version(version)).expect("a version");
    format!("pkg:cargo/{name}").parse::<Purl>().and_then(|purl| purl.at(version)).expect("a package")
}

/// Every file below a folder, sorted.
fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(dir).sort_by_file_name().into_iter().map(|entry| entry.expect("an entry"));
    entries.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path).collect()
}
