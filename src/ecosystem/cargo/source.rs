//! The sources that `Cargo.lock` names, and how Cargo calls the folders in which it keeps what comes from them.
//!
//! A folder's name has a hash of the source, so that two registries of one host have two folders. Cargo changed the hash
//! once, so each source has two names; both are computed here, and no other folder is ever taken for the source's.

use crate::shown::Shown;

/// Where a locked package comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    /// A registry: its index, as the lockfile has it, with `registry+` or `sparse+` in front.
    Registry(String),
    /// A repository.
    Git {
        /// The address, without query and revision.
        url: String,
        /// `branch=…`, `tag=…` or `rev=…`.
        reference: Option<String>,
        /// The full revision.
        revision: String,
    },
}

impl Source {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let strange = || format!("`{}` is no source that is known", Shown::new(text));
        if text.starts_with("registry+") || text.starts_with("sparse+") {
            if !is_plain(text) {
                return Err(strange());
            }
            return Ok(Self::Registry(text.to_owned()));
        }
        let rest = text.strip_prefix("git+").ok_or_else(strange)?;
        let (rest, revision) = rest.rsplit_once('#').ok_or_else(strange)?;
        let whole = matches!(revision.len(), 40 | 64) && revision.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !whole {
            return Err(strange());
        }
        let (url, reference) = match rest.split_once('?') {
            Some((url, reference)) => (url, Some(reference.to_owned())),
            None => (rest, None),
        };
        if !is_plain(url) {
            return Err(strange());
        }
        Ok(Self::Git { url: url.to_owned(), reference, revision: revision.to_owned() })
    }

    /// Whether this is the registry that needs no name.
    pub(super) fn is_default(&self) -> bool {
        matches!(self, Self::Registry(url) if url == CRATES_IO || url == CRATES_IO_SPARSE)
    }

    /// The names that folders of this source have below `registry/src` and `registry/cache`, or `git/checkouts`.
    pub(super) fn folders(&self) -> Vec<String> {
        match self {
            _ if self.is_default() => [CRATES_IO_SPARSE, CRATES_IO].iter().flat_map(|url| registry(url)).collect(),
            Self::Registry(url) => registry(url).into(),
            Self::Git { url, .. } => git(url).into(),
        }
    }
}

/// The two names of a registry's folder: the new one, and the one of Cargo before 1.85.
fn registry(source: &str) -> [String; 2] {
    // In Cargo, `sparse+` is a part of the address, and `registry+` is not.
    let (kind, url) = match source.strip_prefix("registry+") {
        Some(url) => (2, url),
        None => (3, source),
    };
    let host = host(url);
    let new = [&[kind], url.as_bytes(), &[0xff]].concat();
    let old = [&u64::from(kind).to_le_bytes(), url.as_bytes(), &[0xff]].concat();
    [format!("{host}-{}", hex(new_hash(&new))), format!("{host}-{}", hex(old_hash(&old)))]
}

/// The two names of a repository's folder.
fn git(url: &str) -> [String; 2] {
    let url = canonical(url);
    let name = url.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("_empty");
    let hashed = [url.as_bytes(), &[0xff]].concat();
    [new_hash(&hashed), old_hash(&hashed)].map(|hash| format!("{name}-{}", hex(hash)))
}

/// The address of a repository under which Cargo takes two for one: without a slash or `.git` at its end, and on GitHub in
/// lower case.
pub(super) fn canonical(url: &str) -> String {
    let mut url = url.strip_suffix('/').unwrap_or(url).to_owned();
    if let Some((_, rest)) = url.split_once("://").filter(|_| host(&url) == "github.com") {
        let path = rest.find('/').unwrap_or(rest.len());
        url = format!("https://{}{}", &rest[..path], rest[path..].to_lowercase());
    }
    url.strip_suffix(".git").map(str::to_owned).unwrap_or(url)
}

/// Whether an address is written as Cargo writes it, so that it is another one's only if it reads otherwise. Browsers and
/// Cargo take many spellings for one: other cases of the host, ports that go without saying, `.` and `..`.
pub(super) fn is_plain(address: &str) -> bool {
    let bare = PREFIXES.iter().find_map(|prefix| address.strip_prefix(prefix)).unwrap_or(address);
    let Some((scheme, rest)) = bare.split_once("://") else { return false };
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let host = host(bare);
    let port = authority.rsplit_once(':').map(|(_, port)| port);
    let port = port.filter(|port| port.bytes().all(|byte| byte.is_ascii_digit()));
    let number = host.rsplit('.').next().is_some_and(|last| last.starts_with(|first: char| first.is_ascii_digit()));
    let is_dots = |part: &str| matches!(part.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    address.bytes().all(|byte| byte.is_ascii_graphic() && !b"\\?#\"<>`{}^|".contains(&byte))
        && scheme.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'+')
        && host.bytes().all(|byte| !byte.is_ascii_uppercase() && byte != b'%')
        && (scheme == "file") == authority.is_empty()
        && (!number || host.parse::<std::net::Ipv4Addr>().is_ok_and(|parsed| parsed.to_string() == host))
        && !matches!((scheme, port), ("https", Some("443")) | ("http", Some("80")) | (_, Some("")))
        && !port.is_some_and(|port| port.starts_with('0'))
        && !path.split('/').any(is_dots)
}

fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    host.rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()))
        .map_or(host, |(host, _)| host)
}

fn hex(hash: u64) -> String {
    hash.to_le_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// SipHash-2-4 with keys of zeros.
fn old_hash(bytes: &[u8]) -> u64 {
    Sip::new(0).run(bytes, 2, 4, 0xff).0
}

/// SipHash-1-3 of 128 bits with keys of zeros, folded.
fn new_hash(bytes: &[u8]) -> u64 {
    let (low, mut sip) = Sip::new(0xee).run(bytes, 1, 3, 0xee);
    sip.0[1] ^= 0xdd;
    (0..3).for_each(|_| sip.round());
    low.wrapping_mul(3).wrapping_add(sip.fold())
}

/// The state of SipHash (Aumasson and Bernstein, 2012).
struct Sip([u64; 4]);

impl Sip {
    fn new(wide: u64) -> Self {
        Self([0x736f_6d65_7073_6575, 0x646f_7261_6e64_6f6d ^ wide, 0x6c79_6765_6e65_7261, 0x7465_6462_7974_6573])
    }

    fn run(mut self, bytes: &[u8], each: u32, last: u32, mark: u64) -> (u64, Self) {
        let mut words = bytes.chunks_exact(8);
        for word in words.by_ref() {
            self.take(word.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)), each);
        }
        let rest = words.remainder().iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
        self.take(rest | (bytes.len() as u64 & 0xff) << 56, each);
        self.0[2] ^= mark;
        (0..last).for_each(|_| self.round());
        (self.fold(), self)
    }

    fn take(&mut self, word: u64, rounds: u32) {
        self.0[3] ^= word;
        (0..rounds).for_each(|_| self.round());
        self.0[0] ^= word;
    }

    fn fold(&self) -> u64 {
        self.0.iter().fold(0, |all, word| all ^ word)
    }

    fn round(&mut self) {
        let [mut a, mut b, mut c, mut d] = self.0;
        a = a.wrapping_add(b);
        b = b.rotate_left(13) ^ a;
        a = a.rotate_left(32);
        c = c.wrapping_add(d);
        d = d.rotate_left(16) ^ c;
        a = a.wrapping_add(d);
        d = d.rotate_left(21) ^ a;
        c = c.wrapping_add(b);
        b = b.rotate_left(17) ^ c;
        c = c.rotate_left(32);
        self.0 = [a, b, c, d];
    }
}

/// What stands before an address in lockfiles.
const PREFIXES: [&str; 3] = ["registry+", "sparse+", "git+"];
/// The registry that needs no name, as lockfiles have it.
pub(super) const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";
/// The same by Cargo's newer protocol.
const CRATES_IO_SPARSE: &str = "sparse+https://index.crates.io/";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_have_the_names_that_cargo_gives_them() {
        let folders = |text: &str| Source::parse(text).expect("a source").folders();
        let all = [
            "index.crates.io-1949cf8c6b5b557f",
            "index.crates.io-6f17d22bba15001f",
            "github.com-25cdd57fae9f0462",
            "github.com-1ecc6299db9ec823",
        ];
        assert_eq!(folders(CRATES_IO), all);
        assert_eq!(folders(CRATES_IO_SPARSE), all);
        assert_eq!(folders("registry+https://my-crates.io/")[1], "my-crates.io-fb60813d6cb8df79");
        // Whatever stands behind the host, it is another registry.
        assert_ne!(folders("sparse+https://index.crates.io/a/"), folders("sparse+https://index.crates.io/b/"));
    }

    #[test]
    fn addresses_that_are_one_to_cargo_are_one() {
        for url in ["https://github.com/A/b", "https://github.com/a/B.git", "http://github.com/a/b/"] {
            assert_eq!(canonical(url), "https://github.com/a/b", "{url}");
        }
        assert_eq!(canonical("ssh://git@github.com/A/b.git"), "https://git@github.com/a/b");
        assert_eq!(canonical("https://example.org/A/b.git/"), "https://example.org/A/b");
        assert_eq!(host("ssh://git@example.org:22/a"), "example.org");
    }

    #[test]
    fn only_one_spelling_of_an_address_is_plain() {
        for plain in [
            CRATES_IO,
            CRATES_IO_SPARSE,
            "https://github.com/A/b.git",
            "ssh://git@example.org:2222/A/b",
            "https://u:p@example.org/%7Ea",
            "file:///C:/Index",
            "http://127.0.0.1:8080/a",
            "http://[::1]:8080/a",
            "http://[fe80::0]/a",
            "https://u:0p@example.org/a",
            "http://localhost:80808/..a",
        ] {
            assert!(is_plain(plain), "{plain}");
        }
        for odd in [
            "https://GitHub.com/a/b",
            "HTTPS://github.com/a/b",
            "https://github.com:443/a/b",
            "https://github.com:0443/a/b",
            "https://github.com:/a/b",
            "http://example.org:80/a",
            "https://github.com/a/x/../b",
            "https://github.com/a/./b",
            "https://github.com/a/%2E%2e/b",
            "https://github.com\\a/b",
            "https:///github.com/a/b",
            "https:github.com/a/b",
            "https://%67ithub.com/a/b",
            "https://github.com/a/b\n",
            " https://github.com/a/b",
            "https://github.com/a/b?c",
            "https://github.com/a/b#c",
            "https://gïthub.com/a/b",
            "https://0x7f.1/a",
            "https://127.1/a",
            "file://host/a",
            "",
        ] {
            assert!(!is_plain(odd), "{odd}");
        }
    }

    #[test]
    fn other_sources_are_refused() {
        let revision = "0123456789abcdef0123456789abcdef01234567";
        let git = Source::parse(&format!("git+https://example.org/a?branch=b#{revision}")).expect("a source");
        let (url, reference) = ("https://example.org/a".to_owned(), Some("branch=b".to_owned()));
        assert_eq!(git, Source::Git { url, reference, revision: revision.to_owned() });
        for text in ["", "path+file:///a", "git+https://example.org/a", "git+https://example.org/a#0123", "https://a"] {
            assert!(Source::parse(text).is_err(), "{text}");
        }
    }
}
