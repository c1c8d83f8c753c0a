//! Manifests, signatures and certificates of a case, written without the library's help, so that the two must agree.

use sequoia_openpgp::armor::Kind;
use serde::Deserialize;

use super::forms::{Options, armor};
use super::world::{World, hex};

/// What a case says of a manifest.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct ManifestSpec {
    package: Option<String>,
    authors: Option<Vec<String>>,
    released: Option<String>,
    previous: Vec<String>,
    /// In place of what was measured.
    tree: Option<String>,
    files: Option<u64>,
    bytes: Option<u64>,
    /// Replacements in the printed text, each of what is there exactly once.
    edit: Vec<[String; 2]>,
    /// The whole text.
    text: Option<String>,
    /// `package` or another directory of the world.
    of: Option<String>,
    no_tree_text: bool,
}

/// What a case says of a signature file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(crate) struct SignSpec {
    by: Option<String>,
    /// What is signed, and where the signature goes.
    over: Option<String>,
    to: Option<String>,
    /// Whose name the file bears.
    named: Option<String>,
    #[serde(flatten)]
    pub(super) options: Options,
}

impl World {
    pub(super) fn manifest(&self, spec: &ManifestSpec) {
        let dir = spec.of.as_deref().unwrap_or("package");
        let (text, files, bytes) = self.tree(dir);
        if !spec.no_tree_text {
            self.write(&format!("{dir}/.countersign/tree"), &text);
        }
        let list = |items: &[String]| {
            let mut items: Vec<_> = items.iter().map(|item| format!("\"{item}\"")).collect();
            items.sort();
            items.join(", ")
        };
        let authors = spec.authors.clone().unwrap_or_else(|| vec!["alice".to_owned()]);
        let authors: Vec<_> = authors.iter().map(|name| self.person(name).fingerprint(0)).collect();
        let previous = match &spec.previous[..] {
            [] => String::new(),
            some => format!("previous = [{}]\n", list(&some.iter().map(|one| self.fill(one)).collect::<Vec<_>>())),
        };
        let tree = spec.tree.as_ref().map_or_else(|| format!("sha256:{}", hex(&text)), |tree| self.fill(tree));
        let printed = format!(
            "countersign = \"manifest/1\"\npackage = \"{}\"\nreleased = {}\nauthors = [{}]\n{previous}tree = \"{tree}\"\n\
             files = {}\nbytes = {}\n",
            spec.package.as_deref().unwrap_or("pkg:generic/acme@1.0"),
            spec.released.as_deref().unwrap_or("2024-06-01T00:00:00Z"),
            list(&authors),
            spec.files.unwrap_or(files),
            spec.bytes.unwrap_or(bytes),
        );
        let mut bytes = spec.text.as_ref().map_or_else(|| printed.into_bytes(), |text| self.bytes(text));
        for [old, new] in &spec.edit {
            bytes = replace(&bytes, &self.bytes(old), &self.bytes(new));
        }
        self.write(&format!("{dir}/.countersign/manifest.toml"), &bytes);
    }

    pub(super) fn sign(&self, spec: &SignSpec) {
        let by = spec.by.as_deref().unwrap_or("alice");
        let over = spec.over.as_deref().unwrap_or("package/.countersign/manifest.toml");
        let options = &spec.options;
        let with = options.with.as_ref().map(|name| self.person(name));
        let claims = options.claims.as_ref().map(|name| self.person(name));
        let file = options.file(self.person(by), with, claims, &self.read(over));
        let named = self.person(spec.named.as_deref().unwrap_or(by)).fingerprint(0);
        let to = spec.to.clone().unwrap_or_else(|| format!("package/.countersign/manifest.toml.{named}.asc"));
        let sixteen = &hex(&file)[..16];
        self.write(&to.replace('#', sixteen), &file);
    }

    pub(super) fn certificates(&self, of: &[String], to: &str, form: &str) {
        let people: Vec<_> = of.iter().map(|name| self.person(name)).collect();
        let public = people.iter().flat_map(|person| person.public()).collect::<Vec<_>>();
        let bytes = match form {
            "binary" => public,
            "armored" => armor(Kind::PublicKey, &public),
            "blocks" => people.iter().flat_map(|person| armor(Kind::PublicKey, &person.public())).collect(),
            "old" => people.iter().flat_map(|person| person.unrevoked()).collect(),
            "bare" => people.iter().flat_map(|person| person.bare()).collect(),
            "rubbish" => people.iter().flat_map(|person| [person.public(), b"rubbish".to_vec()].concat()).collect(),
            "version-3" => {
                // The packet's header has two bytes; the version follows.
                let mut bytes = public;
                bytes[2] = 3;
                bytes
            }
            "secret" => people.iter().flat_map(|person| person.secret()).collect(),
            "cut" => public[..public.len() - 9].to_vec(),
            other => panic!("no form of certificates is named {other}"),
        };
        self.write(to, &bytes);
    }
}

pub(super) fn replace(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    assert!(!old.is_empty(), "nothing to replace");
    let places: Vec<_> = (0..bytes.len()).filter(|place| bytes[*place..].starts_with(old)).collect();
    let [place] = places[..] else { panic!("{old:?} is there {} times", places.len()) };
    [&bytes[..place], new, &bytes[place + old.len()..]].concat()
}
