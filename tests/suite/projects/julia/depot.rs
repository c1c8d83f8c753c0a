//! A depot made by hand, with the project whose packages lie in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use countersign::git_tree::{Algorithm, Mode, ObjectId, blob, tree};
use tempfile::TempDir;

use crate::tools;

/// A package that a manifest names.
#[derive(Debug, Clone)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) uuid: String,
    pub(super) version: String,
    /// Further lines of its entry.
    pub(super) more: String,
    /// What its tree has.
    pub(super) files: BTreeMap<String, String>,
}

impl Package {
    /// The one with this number, and nothing odd about it.
    pub(super) fn new(number: usize) -> Self {
        let (name, version) = (format!("Package{number}"), format!("1.{number}.0"));
        let uuid = format!("{number:08x}-1234-5678-9abc-{:012x}", number * 7 + 1);
        let project = format!("name = \"{name}\"\nuuid = \"{uuid}\"\nversion = \"{version}\"\n");
        let files = [
            ("Project.toml".to_owned(), project),
            (format!("src/{name}.jl"), format!("module {name}\nend\n")),
            ("test/runtests.jl".to_owned(), "using Test\n".to_owned()),
            ("deps/build.jl".to_owned(), "# nothing\n".to_owned()),
        ];
        Self { name, uuid, version, more: String::new(), files: files.into_iter().collect() }
    }

    /// The same with another file.
    pub(super) fn with(mut self, path: &str, content: impl Into<String>) -> Self {
        self.files.insert(path.to_owned(), content.into());
        self
    }

    pub(super) fn tree(&self) -> ObjectId {
        let files = self.files.iter();
        let entry =
            |(path, content): (&'static str, &String)| (path, Mode::File, blob(Algorithm::Sha1, content.as_bytes()));
        // Kept for as long as the test runs.
        tree(Algorithm::Sha1, files.map(|(path, content)| entry((&*path.clone().leak(), content))))
    }

    pub(super) fn purl(&self) -> String {
        format!("pkg:julia/{}@{}?uuid={}", self.name, self.version, self.uuid)
    }

    /// Where it lies in a depot; `length`: how long the name of its folder is.
    pub(super) fn place(&self, length: usize) -> String {
        place(&self.name, &self.uuid, &self.tree(), length)
    }

    pub(super) fn entry(&self) -> String {
        let (name, uuid, version, more) = (&self.name, &self.uuid, &self.version, &self.more);
        format!(
            "[[deps.{name}]]\ngit-tree-sha1 = \"{}\"\nuuid = \"{uuid}\"\nversion = \"{version}\"\n{more}\n",
            self.tree()
        )
    }
}

/// Where a package lies in a depot.
pub(super) fn place(name: &str, uuid: &str, tree: &ObjectId, length: usize) -> String {
    let number = u128::from_str_radix(&uuid.replace('-', ""), 16).expect("a UUID");
    let mut bytes = number.to_le_bytes().to_vec();
    bytes.extend_from_slice(tree.bytes());
    let mut sum = crc_32c(&bytes);
    let letters: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').collect();
    let mut slug = String::new();
    while slug.len() < length {
        slug.push(letters[sum as usize % 62]);
        sum /= 62;
    }
    format!("packages/{name}/{slug}")
}

/// By a polynomial division from the highest bit down, on reflected bytes: another way than the program's.
fn crc_32c(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for byte in bytes {
        sum ^= u32::from(byte.reverse_bits()) << 24;
        for _ in 0..8 {
            sum = if sum >> 31 == 1 { sum << 1 ^ 0x1EDC_6F41 } else { sum << 1 };
        }
    }
    (!sum).reverse_bits()
}

/// A project with its depots.
pub(super) struct World {
    dir: TempDir,
    /// What `JULIA_DEPOT_PATH` names.
    pub(super) depots: Vec<&'static str>,
}

impl World {
    /// With these packages in the first depot.
    pub(super) fn new(packages: &[Package]) -> Self {
        let world = Self { dir: tools::scratch(), depots: vec!["depot"] };
        world.manifest(packages, "");
        packages.iter().for_each(|package| world.install(package, "depot"));
        world
    }

    pub(super) fn at(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    pub(super) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        tools::write(&self.at(path), content);
    }

    pub(super) fn manifest(&self, packages: &[Package], more: &str) {
        let entries: String = packages.iter().map(Package::entry).collect();
        let head = "julia_version = \"1.11.2\"\nmanifest_format = \"2.0\"\n";
        self.write("project/Manifest.toml", format!("{head}\n{entries}{more}"));
    }

    /// Puts a package into a depot.
    pub(super) fn install(&self, package: &Package, depot: &str) {
        for (path, content) in &package.files {
            self.write(&format!("{depot}/{}/{path}", package.place(5)), content);
        }
    }

    /// A path in the folder of a package in the first depot.
    pub(super) fn inside(&self, package: &Package, path: &str) -> PathBuf {
        self.at(&format!("depot/{}/{path}", package.place(5)))
    }

    /// Writes a registry that knows these packages.
    pub(super) fn registry(&self, packages: &[Package]) {
        for (path, content) in registry(packages) {
            self.write(&format!("depot/registries/General/{path}"), content);
        }
    }

    pub(super) fn program(&self, words: &[&str]) -> Command {
        let mut program = super::super::program(&self.at("project"), Path::new("/nowhere"), &self.at("own"), words);
        let depots: Vec<_> = self.depots.iter().map(|depot| self.at(depot).display().to_string()).collect();
        program.env("JULIA_DEPOT_PATH", depots.join(":"));
        program
    }

    pub(super) fn run(&self, words: &[&str]) -> Output {
        self.program(words).output().expect("the program runs")
    }

    pub(super) fn text(&self, words: &[&str]) -> String {
        String::from_utf8(self.run(words).stdout).expect("UTF-8")
    }

    /// The answer in short.
    pub(super) fn verify(&self, more: &[&str]) -> (Option<i32>, Vec<String>) {
        super::super::answer(&self.run(&[&["verify", "--format", "json"], more].concat()))
    }

    /// Every note but those that nobody asked for here.
    pub(super) fn notes(&self) -> Vec<String> {
        let output = self.run(&["verify", "--format", "json"]);
        let report = serde_json::from_slice(&output.stdout).expect("JSON");
        let dull = [": unsigned", ": policy-built-in"];
        let notes = super::super::told(&report, |answer| answer != "reject" && answer != "cannot-tell");
        notes.into_iter().filter(|note| !dull.iter().any(|dull| note.ends_with(dull))).collect()
    }

    pub(super) fn accept(&self) {
        let output = self.run(&["accept", "--yes"]);
        assert_eq!(output.status.code(), Some(0), "{}", output.stdout.escape_ascii());
    }
}

/// The files of a registry that knows these packages.
pub(super) fn registry(packages: &[Package]) -> Vec<(String, String)> {
    let mut top = String::from(
        "name = \"General\"\nuuid = \"23338594-aafe-5451-b93e-139f81909106\"\nrepo = \"https://example.org/General\"\n\n[packages]\n",
    );
    let mut files = Vec::new();
    for package in packages {
        let Package { name, uuid, version, .. } = package;
        let path = format!("P/{name}");
        top.push_str(&format!("{uuid} = {{ name = \"{name}\", path = \"{path}\" }}\n"));
        let about = format!("name = \"{name}\"\nuuid = \"{uuid}\"\nrepo = \"https://example.org/{name}.jl.git\"\n");
        files.push((format!("{path}/Package.toml"), about));
        let versions = format!("[\"{version}\"]\ngit-tree-sha1 = \"{}\"\n", package.tree());
        files.push((format!("{path}/Versions.toml"), versions));
    }
    files.push(("Registry.toml".to_owned(), top));
    files
}
