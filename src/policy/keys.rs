//! Every key that a policy has, once: what is read goes by this table, and `docs/policy.md` shows it.

/// A key of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Key {
    /// The table that it stands in: the empty name for the top of the file.
    pub table: &'static str,
    /// Its name. `*` where the user chooses the names.
    pub name: &'static str,
    /// What may stand there.
    pub kind: &'static str,
    /// What holds where it is absent.
    pub default: &'static str,
    /// Which values are allowed.
    pub range: &'static str,
    /// What it says.
    pub meaning: &'static str,
}

/// The tables that [`Key::table`] names, each with how it is written.
pub const TABLES: &[(&str, &str)] = &[
    ("", "top of the file"),
    ("trust", "`[trust]`"),
    ("root", "`[[root]]`"),
    ("people", "`[people]`"),
    ("groups", "`[groups]`"),
    ("distrust", "`[[distrust]]`"),
    ("rule", "`[[rule]]`"),
    ("clause", "a clause of `require`: exactly one key"),
    ("author", "`author = { … }`"),
    ("review", "`review = { … }`"),
    ("full-every", "`full-every = { … }`"),
    ("check", "`check = { … }`"),
    ("exemption", "`[[exemption]]`"),
    ("override", "`[[override]]`"),
    ("limits", "`[limits]`"),
    ("minimum", "`[minimum]`"),
];

/// The names of the keys in one table.
pub(super) fn names(table: &str) -> impl Iterator<Item = &'static str> {
    KEYS.iter().filter(move |key| key.table == table).map(|key| key.name)
}

macro_rules! keys {
    ($($table:literal { $($name:literal $kind:literal $default:literal $range:literal $meaning:literal)* })*) => {
        /// Every key, table by table.
        pub const KEYS: &[Key] = &[$($(Key {
            table: $table, name: $name, kind: $kind, default: $default, range: $range, meaning: $meaning,
        },)*)*];
    };
}

keys! {
    "" {
        "countersign" "string" "required" "`policy/1`" "The format and its version."
        "stores" "paths" "none" "relative to the file's folder, or absolute" "Stores of evidence, read beside those of `--store`."
        "keyrings" "paths" "`[\"keyrings\"]`, if there is one" "relative to the file's folder, or absolute" "Certificates, read beside those of `--keyring`."
        "self" "fingerprint" "none" "40 or 64 hex digits" "You: your own newest certification of somebody is a cap on what others say of them."
        "symlinks" "word" "`reject`" "`reject`, `contained`" "Which symbolic links a tree may have: none, or those to a file or directory of the same tree. None is followed."
        "portable-names" "word" "`accept`" "`accept`, `reject`" "Whether names that Windows cannot hold are accepted, with a note."
        "worktree" "word" "`reject`" "`reject`, `accept`" "Whether a checkout, with its top-level `.git` left out, may be accepted."
        "exclude" "paths in a package" "none" "exact names" "Files that are left out when a package is measured; each is shown. Never hides a file that was signed."
        "trust" "table" "its defaults" "" "How much trust authenticates somebody."
        "root" "tables" "none" "" "Where trust starts."
        "people" "table" "none" "" "Who has which certificates."
        "groups" "table" "none" "" "People under one name."
        "distrust" "tables" "none" "" "Certificates that count for nothing. A user's own are added to every policy."
        "rule" "tables" "none: every package is refused" "" "What packages need. The first rule that matches a package decides."
        "exemption" "tables" "none" "" "Refusals that are lifted for a time."
        "override" "tables" "none" "" "Single statements whose no is lifted for a time."
        "limits" "table" "its defaults" "" "How large a tree may be."
        "minimum" "table" "none" "" "In the user's own policy: the least that any other policy must ask."
    }
    "trust" {
        "amount" "number" "120" "1–120" "The trust that makes somebody authenticated."
        "max-depth" "number" "3" "0–255" "Certifications on a path, at most. 0: roots only."
        "independent-paths" "number" "1" "1–64" "Paths that share no certificate but roots and target."
        "retired-issuers" "word" "`reject`" "`reject`, `accept`" "Whether certifications count whose issuer has expired or retired since."
    }
    "root" {
        "name" "string" "none" "" "What you call it."
        "fingerprint" "fingerprint" "required" "40 or 64 hex digits" "The primary key's."
        "amount" "number" "120" "1–120" "The trust that can start here."
        "depth" "number" "255: no limit but `max-depth`" "0–255" "Certifications on a path from here, at most."
        "scope" "patterns" "every package" "" "Packages for which it may introduce people."
        "role" "words" "every role" "`author`, `reviewer`, `checker`" "Roles that it may hand on."
    }
    "people" {
        "*" "fingerprints" "" "40 or 64 hex digits each" "A person's certificates. They count once."
    }
    "groups" {
        "*" "names" "" "people, or fingerprints; at least one" "A group. Groups hold no groups."
    }
    "distrust" {
        "fingerprint" "fingerprint" "required" "40 or 64 hex digits" "The primary key's."
        "reason" "string" "none" "" "Why; shown with each refusal."
    }
    "rule" {
        "packages" "patterns" "required" "an exact name, `pkg:npm/%40scope/*`, `pkg:julia/*` or `*`" "Which packages it decides on."
        "unsigned" "word" "`reject`" "`reject`, `accept`" "`accept` skips author clauses that are not met, and nothing else, where no author's signature is remembered: too few signatures are no worse than none. It is then told as unsigned."
        "new-package" "word" "`trusted-author` where there are roots, else `first-use`" "`reject`, `trusted-author`, `first-use`" "Whom a package that is not remembered may have as author, where no author is named."
        "handover" "number" "the largest `count` of its author clauses" "1–1000000" "How many of the authors before must sign a change of authors."
        "require" "clause" "`{ author = {} }`" "" "The evidence that is asked for."
        "veto-from" "names" "nobody else" "people, groups, fingerprints" "Whose rejecting review counts beside those whom the review clauses could count."
        "withdraw-from" "names" "authors only" "people, groups, fingerprints" "Whose withdrawal counts beside an author's."
    }
    "clause" {
        "all" "clauses" "" "at least one" "Each of these."
        "any" "clauses" "" "at least one" "One of these."
        "author" "table" "" "" "Authors who signed the manifest."
        "review" "table" "" "" "Reviewers who approved the tree, or the changes that lead to it."
        "check" "table" "" "" "A tool's result, signed."
    }
    "author" {
        "count" "number" "1" "1–1000000" "How many people."
        "from" "names" "whoever is authorised" "people, groups, fingerprints" "Who; nobody else is."
        "independent" "bool" "`true`" "" "Whether their paths must share no certificate but roots."
    }
    "review" {
        "count" "number" "1" "1–1000000" "How many people."
        "from" "names" "authenticated people with the role reviewer" "people, groups, fingerprints" "Who."
        "criteria" "words" "any" "letters, digits, `-`" "What the review must vouch for: all of these."
        "thoroughness" "word" "`low`" "`low`, `medium`, `high`" "At least."
        "max-age" "number" "none" "1–36500" "Days after which a review does not count."
        "full-every" "table" "none" "" "How often a review of the whole is needed."
        "independent" "bool" "`true`" "" "Whether their paths must share no certificate but roots."
    }
    "full-every" {
        "releases" "number" "none" "1–10000" "Releases, at most, since a review of the whole."
        "days" "number" "none" "1–36500" "Days, at most, since a review of the whole."
    }
    "check" {
        "name" "string" "required" "letters, digits, `-`" "The name of the check."
        "from" "names" "authenticated people with the role checker" "people, groups, fingerprints" "Who."
        "count" "number" "1" "1–1000000" "How many people."
    }
    "exemption" {
        "packages" "patterns" "required" "" "Which packages."
        "codes" "words" "required" "" "Which refusals; see below."
        "reason" "string" "required" "" "Why."
        "until" "date" "required" "`2026-12-31`" "The last day, in UTC."
    }
    "override" {
        "statement" "digest" "required" "`sha256:` and 64 hex digits" "The review or withdrawal whose no is lifted."
        "reason" "string" "required" "" "Why."
        "until" "date" "required" "`2026-12-31`" "The last day, in UTC."
    }
    "limits" {
        "file" "number" "1073741824" "1–2^53" "Bytes of one file."
        "tree" "number" "4294967296" "1–2^53" "Bytes of a whole tree."
        "files" "number" "200000" "1–10000000" "Files in a tree, and directories in a tree."
    }
    "minimum" {
        "amount" "number" "none" "1–120" "The least `trust.amount`."
        "max-depth" "number" "none" "0–255" "The largest `trust.max-depth`."
        "independent-paths" "number" "none" "1–64" "The least `trust.independent-paths`."
        "retired-issuers" "word" "none" "`reject`" "Certifications by expired or retired issuers never count."
        "unsigned" "word" "none" "`reject`" "No rule accepts unsigned packages."
        "new-package" "word" "none" "`reject`, `trusted-author`" "The most that a rule may allow a new package."
        "authors" "number" "none" "1–1000000" "Every rule asks for so many authors as well."
        "reviews" "number" "none" "1–1000000" "Every rule asks for so many reviews as well."
        "exemptions" "word" "none" "`reject`" "Exemptions and overrides of other policies have no effect."
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_stands_once_in_a_table_that_is_told() {
        let mut seen = std::collections::BTreeSet::new();
        for key in KEYS {
            assert!(seen.insert((key.table, key.name)), "{}.{}", key.table, key.name);
            assert!(TABLES.iter().any(|(table, _)| *table == key.table), "{}", key.table);
        }
    }
}
