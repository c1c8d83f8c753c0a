//! Reviews, checks and withdrawals of a case, written without the library's help.

use serde::Deserialize;

use super::forms::Options;
use super::world::{World, hex};

/// What a case says of a review, a check or a withdrawal.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct SaidSpec {
    /// `review`, `check` or `withdrawal`.
    kind: String,
    /// Who signs; each file has the signer's name.
    by: Vec<String>,
    /// Which of the signer's keys.
    #[serde(default)]
    key: usize,
    #[serde(default = "version")]
    version: String,
    /// The directory whose tree it is about.
    #[serde(default = "package")]
    of: String,
    /// The directory whose tree was there before, and its version.
    from: Option<(String, String)>,
    /// `approve` or `reject`; `pass` or `fail`; a withdrawal's reason.
    verdict: Option<String>,
    #[serde(default = "criteria")]
    criteria: Vec<String>,
    #[serde(default = "thoroughness")]
    thoroughness: String,
    #[serde(default = "relation")]
    relation: String,
    #[serde(default = "name")]
    name: String,
    #[serde(default = "date")]
    date: String,
    /// A check's registry.
    subject: Option<String>,
    /// What else it says: the same words by the same people are the same statement.
    note: Option<String>,
    /// Another package.
    #[serde(default = "acme")]
    package: String,
    /// Replacements in the printed text.
    #[serde(default)]
    edit: Vec<[String; 2]>,
    /// Another folder than the kind's own.
    folder: Option<String>,
}

fn version() -> String {
    "1.0.0".to_owned()
}

fn package() -> String {
    "package".to_owned()
}

fn criteria() -> Vec<String> {
    vec!["safe-to-deploy".to_owned()]
}

fn thoroughness() -> String {
    "medium".to_owned()
}

fn relation() -> String {
    "none".to_owned()
}

fn name() -> String {
    "lint".to_owned()
}

fn date() -> String {
    "2024-06-01T00:00:00Z".to_owned()
}

fn acme() -> String {
    "pkg:generic/acme".to_owned()
}

impl World {
    /// The digest of the only statement in a folder, by its name.
    pub(super) fn only(&self, dir: &str) -> String {
        let names = std::fs::read_dir(self.path(dir)).expect("a folder").map(|entry| entry.unwrap().file_name());
        let names = names.filter_map(|name| name.to_str()?.strip_suffix(".toml").map(str::to_owned));
        let [only] = &names.collect::<Vec<_>>()[..] else { panic!("not one statement in {dir}") };
        only.clone()
    }

    /// Writes a statement into the package's own evidence, and its signatures beside it.
    pub(super) fn say(&self, spec: &SaidSpec) {
        let tree = |dir: &str| format!("sha256:{}", hex(&self.tree(dir).0));
        let at = |version: &str, dir: &str| format!("{{ version = \"{version}\", tree = \"{}\" }}", tree(dir));
        let (version, to) = (&spec.version, at(&spec.version, &spec.of));
        let verdict = |otherwise: &str| spec.verdict.clone().unwrap_or_else(|| otherwise.to_owned());
        let head = format!("countersign = \"{}/1\"\npackage = \"{}", spec.kind, spec.package);
        let mut text = match spec.kind.as_str() {
            "review" => {
                let from = spec.from.as_ref().map(|(version, dir)| format!("from = {}\n", at(version, dir)));
                let criteria: Vec<_> = spec.criteria.iter().map(|word| format!("\"{word}\"")).collect();
                format!(
                    "{head}\"\n{}to = {to}\nverdict = \"{}\"\ncriteria = [{}]\nthoroughness = \"{}\"\nrelation = \"{}\"\n\
                     reviewed = {}\n",
                    from.unwrap_or_default(),
                    verdict("approve"),
                    criteria.join(", "),
                    spec.thoroughness,
                    spec.relation,
                    spec.date
                )
            }
            "check" => {
                let archive = "0".repeat(64);
                let subject = spec.subject.as_ref().map(|registry| {
                    format!("subject = {{ registry = \"{registry}\", archive = \"sha256:{archive}\" }}\n")
                });
                format!(
                    "{head}@{version}\"\ntree = \"{}\"\nname = \"{}\"\ntool = \"lint 1\"\nresult = \"{}\"\nchecked = {}\n{}",
                    tree(&spec.of),
                    spec.name,
                    verdict("pass"),
                    spec.date,
                    subject.unwrap_or_default()
                )
            }
            _ => {
                let (reason, date) = (verdict("malicious"), &spec.date);
                format!("{head}\"\ntargets = [{to}]\nreason = \"{reason}\"\nwithdrawn = {date}\n")
            }
        };
        if let Some(note) = &spec.note {
            text.push_str(&format!("note = \"{note}\"\n"));
        }
        for [old, new] in &spec.edit {
            assert!(text.contains(old.as_str()), "{old:?} is not there");
            text = text.replacen(old.as_str(), new, 1);
        }
        let folder = spec.folder.clone().unwrap_or_else(|| format!("{}s", spec.kind));
        let place = format!("package/.countersign/{folder}/{}.toml", hex(text.as_bytes()));
        self.write(&place, text.as_bytes());
        for signer in &spec.by {
            let person = self.person(signer);
            let mut options = Options::default();
            options.key = spec.key;
            let file = options.file(person, None, None, text.as_bytes());
            self.write(&format!("{place}.{}.asc", person.fingerprint(0)), &file);
        }
    }
}
