//! Which of two versions is the lower one, as their ecosystem orders them.
//!
//! Where an ecosystem's order is not known there is none, and only the chain of manifests tells what follows what.

use std::cmp::Ordering;

use semver::Version;

use crate::package::Purl;

/// Compares the versions of two releases of one package; none where they have no order.
///
/// Cargo and npm order by precedence, which build metadata has no part in; Julia counts it, as in `1.2.3+1`. For
/// `pkg:generic`, and for ecosystems that we do not know, versions are ordered if both are semantic versions.
pub fn compare(one: &Purl, other: &Purl) -> Option<Ordering> {
    if one.identity() != other.identity() {
        return None;
    }
    let [a, b] = [one, other].map(|purl| purl.version().and_then(|version| Version::parse(version).ok()));
    let (a, b) = (a?, b?);
    match one.kind() {
        "julia" => Some(a.cmp(&b)),
        // Python's versions are no semantic versions, even where they look like it: `1.0.0-1` is later than `1.0.0`.
        "pypi" => None,
        _ => Some(a.cmp_precedence(&b)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(one: &str, other: &str) -> Option<Ordering> {
        compare(&one.parse().expect(one), &other.parse().expect(other))
    }

    #[test]
    fn each_ecosystem_has_its_order() {
        for (kind, a, b, wanted) in [
            ("cargo", "1.9.0", "1.10.0", Some(Ordering::Less)),
            ("cargo", "1.0.0-rc.1", "1.0.0", Some(Ordering::Less)),
            ("cargo", "1.0.0%2B1", "1.0.0%2B2", Some(Ordering::Equal)),
            ("npm", "2.0.0-beta.2", "2.0.0-beta.11", Some(Ordering::Less)),
            ("npm", "2.0.0%2Bb", "2.0.0%2Ba", Some(Ordering::Equal)),
            ("generic", "1.2.3", "1.2.4", Some(Ordering::Less)),
            ("generic", "1.2", "1.10", None),
            ("generic", "1.2.3", "2026-11", None),
            ("pypi", "1.0.0", "1.0.1", None),
        ] {
            assert_eq!(order(&format!("pkg:{kind}/a@{a}"), &format!("pkg:{kind}/a@{b}")), wanted, "{kind} {a} {b}");
            let turned = order(&format!("pkg:{kind}/a@{b}"), &format!("pkg:{kind}/a@{a}"));
            assert_eq!(turned, wanted.map(Ordering::reverse), "{kind} {b} {a}");
        }
        let julia = |version: &str| format!("pkg:julia/A_jll@{version}?uuid=682c06a0-de6a-54ab-a142-c8b1cf79cde6");
        assert_eq!(order(&julia("1.2.3%2B1"), &julia("1.2.3%2B10")), Some(Ordering::Less));
        assert_eq!(order(&julia("1.2.3"), &julia("1.2.3%2B0")), Some(Ordering::Less));
    }

    #[test]
    fn other_packages_have_no_order() {
        assert_eq!(order("pkg:cargo/a@1.0.0", "pkg:cargo/b@2.0.0"), None);
        assert_eq!(order("pkg:cargo/a@1.0.0", "pkg:cargo/a@2.0.0?repository_url=https:%2F%2Fx.org"), None);
        assert_eq!(order("pkg:cargo/a", "pkg:cargo/a@2.0.0"), None);
    }
}
