//! The names that git gives to contents and trees: Julia's lockfiles name each package's tree so.
//!
//! SHA-1 is a second layer and no more: what people sign and what is remembered goes by our own digest. Made-up collisions of
//! SHA-1 are noticed by the hash function itself, which then gives another name. The same with SHA-256 is what git calls
//! its sha256 object format. Which files a tree has, and what is in them, is known elsewhere.

use std::fmt;
use std::str::FromStr;

use sha1collisiondetection::Sha1CD;
use thiserror::Error;

use crate::digest::Hasher;

/// Which hash names the objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "git has these two")]
pub enum Algorithm {
    /// SHA-1, with made-up collisions detected.
    Sha1,
    /// SHA-256.
    Sha256,
}

/// The name of an object of git.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "git has these two")]
pub enum ObjectId {
    /// By SHA-1.
    Sha1([u8; 20]),
    /// By SHA-256.
    Sha256([u8; 32]),
}

impl ObjectId {
    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Sha1(bytes) => bytes,
            Self::Sha256(bytes) => bytes,
        }
    }

    /// By which hash.
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Self::Sha1(_) => Algorithm::Sha1,
            Self::Sha256(_) => Algorithm::Sha256,
        }
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ObjectId {
    type Err = ObjectIdError;

    fn from_str(text: &str) -> Result<Self, ObjectIdError> {
        let digit = |byte: &u8| match byte {
            b'0'..=b'9' => Ok(byte - b'0'),
            b'a'..=b'f' => Ok(byte - b'a' + 10),
            _ => Err(ObjectIdError),
        };
        let digits: Vec<u8> = text.as_bytes().iter().map(digit).collect::<Result<_, _>>()?;
        let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
        match digits.len() {
            40 => bytes.try_into().map(Self::Sha1).map_err(|_| ObjectIdError),
            64 => bytes.try_into().map(Self::Sha256).map_err(|_| ObjectIdError),
            _ => Err(ObjectIdError),
        }
    }
}

/// Why a text names no object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("an object of git is named by 40 or 64 hex digits, in lower case")]
#[non_exhaustive]
pub struct ObjectIdError;

/// What git knows of an entry that is no directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "git has no further one for what lies in a directory")]
pub enum Mode {
    /// A file that its owner may not execute.
    File,
    /// A file that its owner may execute.
    Executable,
    /// A symbolic link, whose content is its text.
    Link,
}

impl Mode {
    fn digits(self) -> &'static str {
        match self {
            Self::File => "100644",
            Self::Executable => "100755",
            Self::Link => "120000",
        }
    }
}

/// Names a content as its bytes come. Its size is known before.
#[derive(Debug, Clone)]
pub struct BlobHasher(ObjectHasher);

impl BlobHasher {
    /// For a content of this size.
    pub fn new(algorithm: Algorithm, size: u64) -> Self {
        Self(ObjectHasher::new(algorithm, "blob", size))
    }

    /// Takes in the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The name of all that was taken in, if it had the size that was told.
    pub fn finish(self) -> ObjectId {
        self.0.finish()
    }
}

/// Names a content that is at hand.
pub fn blob(algorithm: Algorithm, bytes: &[u8]) -> ObjectId {
    let mut hasher = BlobHasher::new(algorithm, bytes.len() as u64);
    hasher.update(bytes);
    hasher.finish()
}

/// Names an object of whatever kind that is at hand: `blob`, `tree`, `commit` or `tag`.
pub fn object(algorithm: Algorithm, kind: &str, bytes: &[u8]) -> ObjectId {
    let mut hasher = ObjectHasher::new(algorithm, kind, bytes.len() as u64);
    hasher.update(bytes);
    hasher.finish()
}

/// Names the tree of these files and links, each by its path with `/`. Directories without any file below them are no part of
/// it, so an empty tree is that of no entries.
pub fn tree<'a>(algorithm: Algorithm, entries: impl IntoIterator<Item = (&'a str, Mode, ObjectId)>) -> ObjectId {
    let mut entries: Vec<_> = entries.into_iter().collect();
    // By the bytes of the whole path a directory comes where git has it, among its neighbours as `name/`.
    entries.sort_unstable_by_key(|(path, ..)| *path);
    subtree(algorithm, &entries, 0)
}

/// The tree of entries that share the first `at` bytes of their paths. Paths have a bounded number of levels.
fn subtree(algorithm: Algorithm, entries: &[(&str, Mode, ObjectId)], at: usize) -> ObjectId {
    let mut content = Vec::new();
    let mut add = |mode: &str, name: &str, id: &ObjectId| {
        content.extend_from_slice(mode.as_bytes());
        content.push(b' ');
        content.extend_from_slice(name.as_bytes());
        content.push(0);
        content.extend_from_slice(id.bytes());
    };
    let mut rest = entries;
    while let [(path, mode, id), behind @ ..] = rest {
        let inner = &path[at..];
        let Some(length) = inner.find('/') else {
            add(mode.digits(), inner, id);
            rest = behind;
            continue;
        };
        let end = at + length + 1;
        let folder = &path[..end];
        let inside = rest.iter().take_while(|(path, ..)| path.starts_with(folder)).count();
        let (below, others) = rest.split_at(inside);
        add("40000", &inner[..length], &subtree(algorithm, below, end));
        rest = others;
    }
    let mut hasher = ObjectHasher::new(algorithm, "tree", content.len() as u64);
    hasher.update(&content);
    hasher.finish()
}

/// An object of git: its kind and size, and then its content.
#[derive(Debug, Clone)]
enum ObjectHasher {
    Sha1(Box<Sha1CD>),
    Sha256(Hasher),
}

impl ObjectHasher {
    fn new(algorithm: Algorithm, kind: &str, size: u64) -> Self {
        let mut hasher = match algorithm {
            Algorithm::Sha1 => Self::Sha1(Box::default()),
            Algorithm::Sha256 => Self::Sha256(Hasher::default()),
        };
        hasher.update(format!("{kind} {size}\0").as_bytes());
        hasher
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha1(hasher) => hasher.update(bytes),
            Self::Sha256(hasher) => hasher.update(bytes),
        }
    }

    fn finish(self) -> ObjectId {
        match self {
            Self::Sha1(mut hasher) => {
                let mut name = sha1collisiondetection::Output::default();
                // Where a collision was made up, the hasher gives another name than SHA-1 has, which nothing else has.
                drop(hasher.finalize_into_dirty_cd(&mut name));
                let mut bytes = [0; 20];
                bytes.copy_from_slice(&name);
                ObjectId::Sha1(bytes)
            }
            Self::Sha256(hasher) => ObjectId::Sha256(*hasher.finish().bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree of the notes on Julia, whose names were found out independently: an order that a sort by names alone gets
    /// wrong, directories without files, and links to a file, to a directory and to nothing.
    fn made_up(algorithm: Algorithm) -> ObjectId {
        let project = "name = \"X\"\nuuid = \"7876af07-990d-54b4-ab0e-23690620f79a\"\nversion = \"0.1.0\"\n";
        let files = [
            ("foo/a", "a\n"),
            ("foo.txt", "b\n"),
            ("foo-bar", "c\n"),
            ("foo0", "d\n"),
            ("src/X.jl", "module X end\n"),
            ("src/emptyfile", ""),
            ("crlf.txt", "crlf\r\nx"),
            ("src/ünï/é.jl", "u"),
            ("Project.toml", project),
        ];
        let links = [("link", "foo.txt"), ("broken", "nowhere"), ("dirlink", "src")];
        let name = |(path, content): (&'static str, &str), mode| (path, mode, blob(algorithm, content.as_bytes()));
        let files = files.map(|file| name(file, Mode::File)).into_iter();
        let links = links.map(|link| name(link, Mode::Link));
        tree(algorithm, files.chain(links).chain([name(("src/deep/run.sh", "#!/bin/sh\n"), Mode::Executable)]))
    }

    #[test]
    fn the_golden_tree_has_its_names() {
        assert_eq!(made_up(Algorithm::Sha1).to_string(), "5f1d93ebf75881dd63dce71300e6374d4f97a845");
        let sha256 = "387d98502a5f3bec81c70dfbeb079445d5fe4e04c22e1856147afdf89b466006";
        assert_eq!(made_up(Algorithm::Sha256).to_string(), sha256);
    }

    #[test]
    fn an_empty_tree_is_a_tree() {
        assert_eq!(tree(Algorithm::Sha1, []).to_string(), "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
        assert_eq!(blob(Algorithm::Sha1, b"").to_string(), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
    }

    #[test]
    fn names_read_back_in_one_spelling() {
        for text in ["5f1d93ebf75881dd63dce71300e6374d4f97a845", &"0a".repeat(32)] {
            assert_eq!(text.parse::<ObjectId>().map(|id| id.to_string()).as_deref(), Ok(text));
            for other in [&text[1..], &text.to_uppercase(), &format!("{text}0"), &format!(" {text}"), "", "ü"] {
                assert_eq!(other.parse::<ObjectId>(), Err(ObjectIdError), "{other}");
            }
        }
    }
}
