//! Manifests of every format, and what is refused of them.

use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Result<Manifest, &'static str> {
    Manifest::read(text.parse().expect("TOML")).map_err(|reason| reason.code.as_str())
}

const EXAMPLE: &str = "7876af07-990d-54b4-ab0e-23690620f79a";
const OTHER: &str = "682c06a0-de6a-54ab-a142-c8b1cf79cde6";
const DATES: &str = "ade2ca70-3891-5945-98fb-dc099432e06a";
const TREE: &str = "46e44e869b4d90b96bd8ed1fdcf32244fddfb6cc";

fn good() -> String {
    format!(
        r#"
julia_version = "1.11.2"
manifest_format = "2.0"
project_hash = "da39a3ee5e6b4b0d3255bfef95601890afd80709"

[[deps.Dates]]
uuid = "{DATES}"

[[deps.Dev]]
deps = ["Dates"]
path = "../Dev"
uuid = "438e738f-606a-5dbb-bf0a-cddfbfd45ab0"
version = "0.1.0"

[[deps.Example]]
git-tree-sha1 = "{TREE}"
pinned = true
uuid = "{EXAMPLE}"
version = "0.5.3+1"
weakdeps = ["Far"]

    [deps.Example.deps]
    Dates = "{DATES}"

    [deps.Example.extensions]
    Ext = "Far"

[[deps.Example]]
deps = ["Dates", "Dev"]
git-tree-sha1 = "{TREE}"
repo-rev = "main"
repo-subdir = "lib/Example"
repo-url = "https://example.org/Example.jl"
uuid = "{OTHER}"
version = "0.0.0"
"#
    )
}

#[test]
fn every_kind_of_entry_is_told_apart() {
    let manifest = read(&good()).expect("good");
    let tree: ObjectId = TREE.parse().expect("a tree");
    let told: Vec<_> = manifest.entries.iter().map(|one| (one.name.as_str(), one.source.clone())).collect();
    let url = "https://example.org/Example.jl".to_owned();
    assert_eq!(
        told,
        [
            ("Dates", Source::Builtin),
            ("Dev", Source::Path("../Dev".to_owned())),
            ("Example", Source::Git { tree, url }),
            ("Example", Source::Registry { tree, registries: vec![] }),
        ]
    );
    let uuid = |text: &str| text.parse::<Uuid>().expect("a UUID");
    assert_eq!(manifest.entries[3].needs, BTreeSet::from([uuid(DATES)]));
    assert_eq!(manifest.entries[2].needs.len(), 2);
    assert_eq!(manifest.entries[3].uuid.to_string(), EXAMPLE);
}

#[test]
fn older_and_newer_formats_say_the_same() {
    let newest = good().replace("\"2.0\"", "\"2.1\"");
    assert_eq!(read(&newest), read(&good()));
    let registries = format!(
        "\n[registries.General]\nuuid = \"{OTHER}\"\nurl = \"https://example.org/G\"\n[registries.Own]\nuuid = \"{DATES}\"\n"
    );
    let named = newest.replace("pinned = true", "registries = [\"General\", \"Own\"]") + &registries;
    let manifest = read(&named).expect("good");
    let Source::Registry { registries, .. } = &manifest.entries[3].source else { panic!("a registry") };
    assert_eq!(registries.as_slice(), ["General", "Own"]);
    assert_eq!(manifest.registries["Own"].url, None);
    let one = newest.replace("pinned = true", "registries = \"General\"")
        + &format!("[registries.General]\nuuid = \"{OTHER}\"\n");
    assert!(read(&one).is_ok());
    // Format 1 has its packages at the top, even one that is called like the key of the others.
    let old: String = good()
        .replace("deps.", "")
        .lines()
        .filter(|line| !line.contains("_version") && !line.contains("_format") && !line.contains("_hash"))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(read(&old), read(&good()));
    let odd = format!("[[manifest_format]]\nuuid = \"{EXAMPLE}\"\n");
    assert_eq!(read(&odd).expect("good").entries[0].name, "manifest_format");
    assert_eq!(read("").expect("good").entries, []);
    assert_eq!(read("manifest_format = \"2.0\"\n[deps]\n").expect("good").entries, []);
}

#[test]
fn other_formats_are_refused() {
    for format in ["\"3.0\"", "\"2.2\"", "\"2\"", "\"1.0\"", "\"\"", "2.0", "2", "true"] {
        let text = good().replace("\"2.0\"", format);
        assert_eq!(read(&text), Err("lockfile-version"), "{format}");
    }
}

#[test]
fn what_is_not_understood_is_refused() {
    for (from, to) in [
        // The top.
        ("julia_version = \"1.11.2\"", "julia_version = 1"),
        ("julia_version", "more = \"x\"\njulia_version"),
        ("julia_version", "registries = []\njulia_version"),
        // Names and UUIDs.
        ("deps.Dev]]", "deps.\"../Dev\"]]"),
        ("deps.Dev]]", "deps.\"a b\"]]"),
        ("deps.Dev]]", "deps.\"\"]]"),
        (EXAMPLE, OTHER),
        (EXAMPLE, "7876AF07-990d-54b4-ab0e-23690620f79a"),
        (EXAMPLE, "7876af07990d54b4ab0e23690620f79a"),
        (EXAMPLE, "7876af07-990d-54b4-ab0e"),
        (EXAMPLE, "../../../../../../../../../../../../"),
        // Fields.
        ("pinned = true", "pinned = 1"),
        ("pinned = true", "more = 1"),
        ("pinned = true", "registries = \"General\""),
        ("pinned = true", "entryfile = \"../../evil.jl\""),
        ("pinned = true", "entryfile = \"/evil.jl\""),
        ("pinned = true", "path = \"x\""),
        ("pinned = true", "repo-rev = \"main\""),
        ("pinned = true", "repo-subdir = \"x\""),
        ("weakdeps = [\"Far\"]", "weakdeps = 1"),
        ("path = \"../Dev\"", "path = \"\""),
        ("path = \"../Dev\"", "path = 1"),
        (TREE, "46e44e869b4d90b96bd8ed1fdcf32244fddfb6c"),
        (TREE, "46E44E869B4D90B96BD8ED1FDCF32244FDDFB6CC"),
        (TREE, "46e44e869b4d90b96bd8ed1fdcf32244fddfb6cc46e44e869b4d90b96bd8ed1f"),
        ("version = \"0.5.3+1\"", "version = \"0.5\""),
        ("version = \"0.5.3+1\"", "version = \"../0.5.3\""),
        ("version = \"0.5.3+1\"", "version = 1"),
        ("version = \"0.5.3+1\"", ""),
        ("version = \"0.0.0\"", ""),
        // What is needed.
        ("deps = [\"Dates\"]", "deps = [\"Nobody\"]"),
        ("deps = [\"Dates\"]", "deps = [\"Example\"]"),
        ("deps = [\"Dates\"]", "deps = [1]"),
        ("deps = [\"Dates\"]", "deps = 1"),
        (&format!("Dates = \"{DATES}\""), &format!("Dates = \"{OTHER}\"")),
        (&format!("Dates = \"{DATES}\""), &format!("Dev = \"{DATES}\"")),
        (&format!("Dates = \"{DATES}\""), "Dates = 1"),
        ("[[deps.Dates]]", "[deps.Dates]"),
    ] {
        let text = good().replacen(from, to, 1);
        assert_ne!(text, good(), "{from} {to}");
        assert_eq!(read(&text), Err("lockfile-damaged"), "{from} {to}");
    }
    assert_eq!(read("manifest_format = \"2.0\"\ndeps = 1\n"), Err("lockfile-damaged"));
    assert_eq!(read("manifest_format = \"2.0\"\n[deps]\nA = 1\n"), Err("lockfile-damaged"));
    assert_eq!(read("manifest_format = \"2.0\"\n[deps]\nA = [1]\n"), Err("lockfile-damaged"));
    let newest = |registry: &str| read(&format!("manifest_format = \"2.1\"\n[registries]\n{registry}\n"));
    for registry in ["G = 1", "G = {}", "G = { uuid = 1 }", "G = { uuid = \"x\" }"] {
        assert_eq!(newest(registry), Err("lockfile-damaged"), "{registry}");
    }
    assert_eq!(newest(&format!("G = {{ uuid = \"{DATES}\", more = 1 }}")), Err("lockfile-damaged"));
    // A registry in a format that has none.
    assert_eq!(read(&format!("{}\n[registries.G]\nuuid = \"{DATES}\"\n", good())), Err("lockfile-damaged"));
    // A file of the package itself is another matter.
    assert!(read(&good().replacen("pinned = true", "entryfile = \"src/Other.jl\"", 1)).is_ok());
}

#[test]
fn names_may_be_in_every_script() {
    let named = |name: &str| read(&format!("[[\"{name}\"]]\nuuid = \"{EXAMPLE}\"\n")).map(drop);
    for name in ["A", "Ünï", "A_1", "GR_jll", "Mod!"] {
        assert_eq!(named(name), Ok(()), "{name}");
    }
    for name in ["A-b", "A.jl", "A/b", "..", "A\\\\b", "A\\u0000", "A\\u202e", "e\\u0301", &"a".repeat(129)] {
        assert_eq!(named(name), Err("lockfile-damaged"), "{name}");
    }
}

proptest! {
    #[test]
    fn whatever_is_changed_is_read_or_refused(
        line in any::<prop::sample::Index>(),
        other in any::<prop::sample::Index>(),
        text in "[ -~]{0,12}",
        what in 0..4_u8,
    ) {
        let good = good();
        let mut lines: Vec<&str> = good.lines().collect();
        let (line, other) = (line.index(lines.len()), other.index(lines.len()));
        match what {
            0 => lines.swap(line, other),
            1 => drop(lines.remove(line)),
            2 => lines.insert(line, &text),
            _ => lines[line] = &text,
        }
        let changed = lines.join("\n");
        if let Ok(table) = changed.parse::<Table>() {
            match Manifest::read(table) {
                Ok(manifest) => {
                    let uuids: BTreeSet<_> = manifest.entries.iter().map(|entry| entry.uuid).collect();
                    prop_assert_eq!(uuids.len(), manifest.entries.len());
                    prop_assert!(manifest.entries.iter().all(|entry| entry.needs.is_subset(&uuids)));
                }
                Err(reason) => prop_assert!(matches!(reason.code, Code::LockfileDamaged | Code::LockfileVersion)),
            }
        }
    }
}
