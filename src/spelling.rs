//! Which known words a misspelt one may have meant.

/// The known words that are near to `word`, the nearest first.
pub(crate) fn near<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let far = |other: &str| 1 + other.len() / 3;
    // Most words are told apart by their lengths, which costs nothing.
    let known = known.into_iter().filter(|other| word.len().abs_diff(other.len()) <= far(other));
    let mut near: Vec<_> = known.map(|other| (distance(word, other), other)).collect();
    near.retain(|(distance, other)| *distance <= far(other));
    near.sort_by_key(|(distance, other)| (*distance, other.len()));
    near.into_iter().map(|(_, other)| other).collect()
}

/// How many characters must be changed, added or taken away. Long words are told apart by their beginning.
fn distance(a: &str, b: &str) -> usize {
    let [a, b] = [a, b].map(|word| word.chars().take(LONGEST).collect::<Vec<_>>());
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let changed = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}

/// Characters of a word that are compared.
const LONGEST: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_comes_first_and_what_is_far_not_at_all() {
        let known = ["rollback", "symlink", "symlink-escape", "submodule"];
        assert_eq!(near("symlnk", known), ["symlink"]);
        assert_eq!(near("symlink-escap", known), ["symlink-escape"]);
        assert_eq!(near("rolback", ["rollbacks", "rollback"]), ["rollback", "rollbacks"]);
        assert_eq!(near("weather", known), [""; 0]);
        assert_eq!(near(&"x".repeat(1_000_000), known), [""; 0]);
    }
}
