//! Which file of one tree stands for which of the other: by name, then by content, then by lines in common.

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::{Before, DiffError, Present};
use crate::limits::Limits;
use crate::path::PackagePath;
use crate::tree_text::{Changes, Entry, Kind};

/// A file before and now.
#[derive(Debug)]
pub(super) struct Pair<'a> {
    pub(super) old: Option<&'a Entry>,
    pub(super) new: Option<&'a Entry>,
    pub(super) similarity: Option<u8>,
}

impl Pair<'_> {
    /// Bytes on both sides.
    pub(super) fn size(&self) -> u64 {
        self.sizes().fold(0, u64::saturating_add)
    }

    /// Bytes of the larger side.
    pub(super) fn largest(&self) -> u64 {
        self.sizes().max().unwrap_or(0)
    }

    /// Where it is now, else where it was.
    pub(super) fn path(&self) -> Option<&PackagePath> {
        self.new.or(self.old).map(|entry| &entry.path)
    }

    fn sizes(&self) -> impl Iterator<Item = u64> {
        [self.old, self.new].into_iter().flatten().map(|entry| entry.size)
    }
}

/// All files that are not the same.
#[derive(Debug)]
pub(super) struct Paired<'a> {
    pub(super) pairs: Vec<Pair<'a>>,
    pub(super) unchanged: usize,
    /// Whether files that moved and changed were looked for.
    pub(super) searched: bool,
}

/// Pairs the files of two trees. Each file is in exactly one pair, or the same on both sides.
pub(super) fn pair<'a>(from: &Before<'a>, to: &Present<'a>, limits: &Limits) -> Result<Paired<'a>, DiffError> {
    let all_new = || Changes { added: to.text.entries().iter().collect(), ..Changes::default() };
    let Changes { mut added, mut removed, changed } =
        from.text().map_or_else(all_new, |from| to.text.changes_since(from));
    let unchanged = to.text.entries().len() - added.len() - changed.len();
    let mut pairs: Vec<_> =
        changed.into_iter().map(|(old, new)| Pair { old: Some(old), new: Some(new), similarity: None }).collect();
    pairs.extend(by_content(&mut removed, &mut added));
    let searched = match by_lines(&mut removed, &mut added, from, to, limits)? {
        Some(moved) => {
            pairs.extend(moved);
            true
        }
        None => false,
    };
    pairs.extend(removed.into_iter().map(|old| Pair { old: Some(old), new: None, similarity: None }));
    pairs.extend(added.into_iter().map(|new| Pair { old: None, new: Some(new), similarity: None }));
    Ok(Paired { pairs, unchanged, searched })
}

/// Files with the very same content: first those that keep their last name. Empty files stand for nothing.
fn by_content<'a>(removed: &mut Vec<&'a Entry>, added: &mut Vec<&'a Entry>) -> Vec<Pair<'a>> {
    let mut found = Vec::new();
    for keeps_name in [true, false] {
        let key = |entry: &'a Entry| (entry.digest, entry.kind == Kind::Link, keeps_name.then(|| last_name(entry)));
        let mut gone: HashMap<_, Vec<&'a Entry>> = HashMap::new();
        for old in removed.iter().rev().filter(|old| old.size > 0) {
            gone.entry(key(old)).or_default().push(old);
        }
        let mut moved = BTreeSet::new();
        added.retain(|new| {
            let Some(old) = gone.get_mut(&key(new)).and_then(Vec::pop) else { return true };
            moved.insert(&old.path);
            found.push(Pair { old: Some(old), new: Some(new), similarity: Some(100) });
            false
        });
        removed.retain(|old| !moved.contains(&old.path));
    }
    found
}

/// Files with at least half of their bytes in the same lines, the most similar first. `None` where that would be too much
/// work, or contents are not at hand.
fn by_lines<'a>(
    removed: &mut Vec<&'a Entry>,
    added: &mut Vec<&'a Entry>,
    from: &Before<'a>,
    to: &Present<'a>,
    limits: &Limits,
) -> Result<Option<Vec<Pair<'a>>>, DiffError> {
    if removed.is_empty() || added.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let Before::There(from) = from else { return Ok(None) };
    let fits = |entry: &&&Entry| entry.size > 0 && entry.size <= limits.diff_file && entry.kind != Kind::Link;
    // Each line of the one side is looked up once for each file of the other.
    let bytes =
        |entries: &[&Entry]| entries.iter().filter(fits).fold(0, |sum: u64, entry| sum.saturating_add(entry.size));
    let work =
        |these: &[&Entry], those: &[&Entry]| bytes(these).saturating_mul(those.iter().filter(fits).count() as u64);
    if work(removed, added).saturating_add(work(added, removed)) > limits.diff_moves {
        return Ok(None);
    }
    let bags = |side: &Present<'a>, entries: &[&'a Entry]| {
        let bag = |entry: &&'a Entry| Ok((*entry, Bag::new(&side.content(Some(entry))?)));
        entries.iter().filter(fits).map(bag).collect::<Result<Vec<_>, DiffError>>()
    };
    let (gone, came) = (bags(from, removed)?, bags(to, added)?);
    let mut likely = Vec::new();
    for (new_at, (new, new_bag)) in came.iter().enumerate() {
        for (old_at, (old, old_bag)) in gone.iter().enumerate() {
            let (small, large) = (old.size.min(new.size), old.size.max(new.size));
            if small * 2 < large {
                continue;
            }
            let percent = old_bag.shared_with(new_bag) * 100 / large;
            if percent >= ENOUGH {
                let renamed = last_name(old) != last_name(new);
                // Not the same, however near.
                likely.push((u8::try_from(percent.min(99)).unwrap_or(99), renamed, old_at, new_at));
            }
        }
    }
    likely.sort_by(|one, other| {
        other.0.cmp(&one.0).then_with(|| (one.1, one.2, one.3).cmp(&(other.1, other.2, other.3)))
    });
    let (mut found, mut moved, mut arrived) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for (percent, _, old_at, new_at) in likely {
        let (old, new) = (gone[old_at].0, came[new_at].0);
        if !moved.contains(&old.path) && arrived.insert(&new.path) {
            moved.insert(&old.path);
            found.push(Pair { old: Some(old), new: Some(new), similarity: Some(percent) });
        }
    }
    removed.retain(|old| !moved.contains(&old.path));
    added.retain(|new| !arrived.contains(&new.path));
    Ok(Some(found))
}

/// A moved file keeps at least so many percent of its bytes in whole lines.
const ENOUGH: u64 = 50;

/// How many bytes stand in each line, whatever the order of the lines.
struct Bag(HashMap<u64, u64>);

impl Bag {
    fn new(bytes: &[u8]) -> Self {
        let mut bag: HashMap<u64, u64> = HashMap::new();
        for line in super::split(bytes) {
            // Two lines with one hash only make files look more alike than they are; they are compared afterwards.
            let mut hasher = DefaultHasher::new();
            line.hash(&mut hasher);
            *bag.entry(hasher.finish()).or_default() += line.len() as u64;
        }
        Self(bag)
    }

    fn shared_with(&self, other: &Self) -> u64 {
        let (small, large) = if self.0.len() < other.0.len() { (self, other) } else { (other, self) };
        small.0.iter().filter_map(|(line, bytes)| Some(*bytes.min(large.0.get(line)?))).sum()
    }
}

fn last_name(entry: &Entry) -> &str {
    entry.path.as_str().rsplit('/').next().unwrap_or_default()
}
