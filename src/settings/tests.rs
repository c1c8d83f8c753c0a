//! Where settings are found, and where they are never looked for.

use super::*;

const RULE: &str = "countersign = \"policy/1\"\n[[rule]]\npackages = [\"*\"]\n";

/// A user's whole disk: `config/`, `data/`, `work/project/` and `work/package/`.
struct Disk(tempfile::TempDir);

impl Disk {
    fn new() -> Self {
        let disk = Self(tempfile::tempdir().expect("a folder"));
        for folder in ["config", "data", "work/project/deep", "work/package/deep"] {
            fs::create_dir_all(disk.at(folder)).expect("made");
        }
        disk
    }

    fn at(&self, path: &str) -> PathBuf {
        fs::canonicalize(self.0.path()).expect("a folder").join(path)
    }

    fn write(&self, path: &str, text: &str) -> &Self {
        fs::write(self.at(path), text).expect("written");
        self
    }

    /// The file that was found, or the codes of what was wrong.
    fn find(&self, named: Option<&str>, subject: (&str, &str), start: &str) -> Result<Settings, String> {
        let folder = self.at(subject.1);
        let named = named.map(|named| self.at(named));
        let found = find(&Search {
            named: named.as_deref(),
            lock: None,
            subject: match subject.0 {
                "package" => Subject::Package(&folder),
                "project" => Subject::Project(&folder),
                _ => Subject::Nothing,
            },
            start: &self.at(start),
            config: Some(&self.at("config")),
            data: Some(&self.at("data")),
            keyrings: &[],
            limits: &Limits::default(),
            at: "2026-11-25".parse().expect("a moment"),
        });
        found.map_err(|reasons| {
            assert!(reasons.iter().all(|reason| reason.answer == Answer::CannotTell));
            reasons.iter().map(|reason| reason.code.as_str()).collect::<Vec<_>>().join(" ")
        })
    }

    /// The same, and where the lock is, both from the disk's root.
    fn told(&self, named: Option<&str>, subject: (&str, &str), start: &str) -> (String, String) {
        let name = |path: Option<PathBuf>| {
            let path = path.map(|path| path.strip_prefix(self.at("")).expect("on the disk").display().to_string());
            path.unwrap_or_else(|| "none".to_owned())
        };
        match self.find(named, subject, start) {
            Ok(settings) => (name(settings.file), name(settings.lock)),
            Err(codes) => (codes, String::new()),
        }
    }
}

fn pair(file: &str, lock: &str) -> (String, String) {
    (file.to_owned(), lock.to_owned())
}

#[test]
fn without_any_file_the_built_in_policy_decides_and_says_so() {
    let disk = Disk::new();
    assert_eq!(disk.told(None, ("package", "work/package"), "work"), pair("none", "data/countersign.lock"));
    let settings = disk.find(None, ("package", "work/package"), "work").expect("settings");
    assert_eq!(settings.policy, Policy::built_in());
    assert_eq!(settings.source(), "built-in");
    assert_eq!(settings.notes.iter().map(|note| note.code.as_str()).collect::<Vec<_>>(), ["policy-built-in"]);
}

#[test]
fn the_search_goes_from_the_nearest_to_the_farthest() {
    let disk = Disk::new();
    let single = || disk.told(None, ("package", "work/package"), "work/project/deep");
    disk.write("config/policy.toml", RULE);
    assert_eq!(single(), pair("config/policy.toml", "data/countersign.lock"));
    disk.write("work/countersign.toml", RULE);
    assert_eq!(single(), pair("work/countersign.toml", "work/countersign.lock"));
    disk.write("work/project/countersign.toml", RULE);
    assert_eq!(single(), pair("work/project/countersign.toml", "work/project/countersign.lock"));
    disk.write("named.toml", RULE);
    assert_eq!(disk.told(Some("named.toml"), ("package", "work/package"), "work").0, "named.toml");
    // A project has its own, or the user's; not its neighbours'.
    assert_eq!(disk.told(None, ("project", "work/project"), "work").0, "work/project/countersign.toml");
    fs::remove_file(disk.at("work/project/countersign.toml")).expect("removed");
    let of_project = disk.told(None, ("project", "work/project"), "work/project");
    assert_eq!(of_project, pair("config/policy.toml", "work/project/countersign.lock"));
}

#[test]
fn nothing_inside_of_the_package_is_ever_read() {
    let disk = Disk::new();
    disk.write("work/package/countersign.toml", RULE).write("work/package/countersign.lock", "");
    disk.write("work/package/deep/countersign.toml", RULE);
    for start in ["work/package", "work/package/deep", "work"] {
        let told = disk.told(None, ("package", "work/package"), start);
        assert_eq!(told, pair("none", "data/countersign.lock"), "{start}");
    }
    // Its good twin: the same file a step higher.
    disk.write("work/countersign.toml", RULE);
    let told = disk.told(None, ("package", "work/package"), "work/package/deep");
    assert_eq!(told, pair("work/countersign.toml", "work/countersign.lock"));
    // Also not where it is named.
    let named = disk.told(Some("work/package/countersign.toml"), ("package", "work/package"), "work");
    assert_eq!(named.0, "inside-package");
    assert_eq!(
        disk.told(Some("work/countersign.toml"), ("package", "work/package"), "work").0,
        "work/countersign.toml"
    );
}

#[cfg(unix)]
#[test]
fn links_lead_neither_into_the_package_nor_around_the_search() {
    use std::os::unix::fs::symlink;
    let disk = Disk::new();
    disk.write("work/package/policy", RULE);
    symlink(disk.at("work/package/policy"), disk.at("work/countersign.toml")).expect("linked");
    assert_eq!(disk.told(None, ("package", "work/package"), "work").0, "inside-package");
    symlink(disk.at("work/package"), disk.at("alias")).expect("linked");
    disk.write("work/package/countersign.toml", RULE);
    assert_eq!(disk.told(None, ("package", "alias"), "work/package").0, "inside-package");
    fs::remove_file(disk.at("work/countersign.toml")).expect("removed");
    assert_eq!(disk.told(None, ("package", "alias"), "work/package").0, "none");
    assert_eq!(disk.told(None, ("package", "work/package"), "alias").0, "none");
    // A link that leads nowhere is a file that is there and cannot be read.
    symlink("nowhere", disk.at("work/countersign.toml")).expect("linked");
    assert_eq!(disk.told(None, ("package", "work/package"), "work").0, "policy-missing");
}

#[test]
fn a_faulty_file_never_falls_back() {
    let disk = Disk::new();
    disk.write("config/policy.toml", RULE);
    disk.write("work/countersign.toml", "countersign = \"policy/1\"\nstore = 1\ntrust = 2\n");
    let told = disk.told(None, ("package", "work/package"), "work").0;
    assert_eq!(told, "policy-unknown-key policy-value");
    disk.write("work/countersign.toml", RULE).write("config/policy.toml", "x");
    assert_eq!(disk.told(None, ("package", "work/package"), "work").0, "policy-syntax");
    disk.write("config/policy.toml", RULE);
    assert_eq!(disk.told(None, ("package", "work/package"), "work").0, "work/countersign.toml");
    assert_eq!(disk.told(Some("none.toml"), ("package", "work/package"), "work").0, "policy-missing");
    assert_eq!(disk.told(Some("work"), ("package", "work/package"), "work").0, "unreadable");
}

#[test]
fn the_users_distrust_and_minimum_lie_on_top_of_every_policy() {
    let disk = Disk::new();
    let fingerprint: Fingerprint = "A".repeat(40).parse().expect("a fingerprint");
    disk.write(
        "config/policy.toml",
        &format!(
            "countersign = \"policy/1\"\n[[distrust]]\nfingerprint = \"{fingerprint}\"\n[minimum]\nunsigned = \"reject\"\n\
             [[root]]\nfingerprint = \"{}\"\n[[rule]]\npackages = \"*\"\nrequire = {{ review = {{}} }}\n",
            "B".repeat(40)
        ),
    );
    disk.write("work/countersign.toml", &format!("{RULE}unsigned = \"accept\"\n"));
    let settings = disk.find(None, ("package", "work/package"), "work").expect("settings");
    assert!(settings.policy.distrusts(&fingerprint));
    assert_eq!(settings.policy.rules()[0].unsigned, crate::policy::rule::Unsigned::Reject);
    // As the policy itself it needs its root.
    fs::remove_file(disk.at("work/countersign.toml")).expect("removed");
    assert_eq!(disk.told(None, ("package", "work/package"), "work").0, "policy-no-roots");
}

#[test]
fn stores_and_keyrings_are_named_from_the_policys_folder() {
    let disk = Disk::new();
    disk.write("work/countersign.toml", &RULE.replacen('\n', "\nstores = [\"e\", \"/e\"]\nkeyrings = [\"none\"]\n", 1));
    assert_eq!(disk.told(None, ("package", "work/package"), "work").0, "unreadable");
    disk.write("work/countersign.toml", &RULE.replacen('\n', "\nstores = [\"e\", \"/e\"]\nkeyrings = []\n", 1));
    let settings = disk.find(None, ("package", "work/package"), "work").expect("settings");
    assert_eq!(settings.stores, [disk.at("work/e"), PathBuf::from("/e")]);
    // Without a word about keyrings, the folder beside it counts if there is one, and must be whole.
    disk.write("work/countersign.toml", RULE);
    assert_eq!(disk.told(None, ("package", "work/package"), "work").0, "work/countersign.toml");
    fs::create_dir(disk.at("work/keyrings")).expect("made");
    assert_eq!(disk.told(None, ("package", "work/package"), "work").0, "keyring-empty");
    disk.write("work/keyrings/a.asc", "hello");
    assert_eq!(disk.told(None, ("package", "work/package"), "work").0, "keyring-not-openpgp");
}

#[cfg(unix)]
#[test]
fn settings_that_others_can_write_are_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let disk = Disk::new();
    let mode = |path: &str, mode| fs::set_permissions(disk.at(path), fs::Permissions::from_mode(mode)).expect("set");
    disk.write("work/countersign.toml", RULE).write("config/policy.toml", RULE);
    fs::create_dir(disk.at("work/keyrings")).expect("made");
    disk.write("work/keyrings/a.asc", "hello");
    let told = || disk.told(None, ("package", "work/package"), "work").0;
    for (path, open, shut) in [
        ("work/countersign.toml", 0o666, 0o644),
        ("work", 0o777, 0o755),
        ("config/policy.toml", 0o620, 0o600),
        ("work/keyrings", 0o770, 0o700),
        ("work/keyrings/a.asc", 0o602, 0o600),
    ] {
        mode(path, open);
        assert!(told().starts_with("writable-by-others"), "{path}: {}", told());
        mode(path, shut);
        // The good twin comes as far as the keyring's own fault.
        assert_eq!(told(), "keyring-not-openpgp");
    }
}
