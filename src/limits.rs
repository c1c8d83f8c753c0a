//! Every bound on what comes from outside, in one place, each with the attack that it stops.
//!
//! Over a limit is an error with a code of its own, never a cut to the first N. No limit depends on wall-clock time, so
//! a slow machine gives the same verdict as a fast one.

/// Bytes in a kibibyte.
const KIB: u64 = 1 << 10;
/// Bytes in a mebibyte.
const MIB: u64 = 1 << 20;
/// Bytes in a gibibyte.
const GIB: u64 = 1 << 30;

/// Which symbolic links a tree may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_enums, reason = "a policy has these words")]
pub enum Links {
    /// None at all.
    #[default]
    None,
    /// Those that lead to a file or directory of the same tree. None is ever followed.
    Contained,
    /// Every one, as the text that it is: for what is bound by its name alone, and accepted by no policy.
    Any,
}

/// What one run is willing to read. Sizes are in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// One file of a tree: stops a sparse file without end.
    pub file: u64,
    /// All files of a tree together.
    pub tree: u64,
    /// Files in a tree, and directories in a tree: stops a walk without end.
    pub files: u64,
    /// Symbolic links in a tree: they lead whoever builds it elsewhere.
    pub links: Links,
    /// A tree text: 200,000 of the longest lines need about 221 MB.
    pub tree_text: u64,
    /// An archive; it is held in memory while it is read. The registry takes crates of up to 10 MiB.
    pub archive: u64,
    /// A statement; it is held in memory while its signatures are checked.
    pub statement: u64,
    /// A free-text note in a statement.
    pub note: usize,
    /// Tables and arrays inside each other in a statement: stops a deep recursion.
    pub nesting: usize,
    /// A signature file; a real one has a few hundred bytes.
    pub signature: u64,
    /// Good signatures by different certificates for one statement.
    pub signatures: usize,
    /// Reviews, checks and withdrawals of one package by people whose word could count: each costs a signature to check.
    pub statements: usize,
    /// Files in one directory of evidence: stops a store filled with junk.
    pub evidence_files: usize,
    /// All that a package carries in its own `.countersign/`.
    pub evidence_folder: u64,
    /// A certificate after minimising: stops a flooded certificate (CVE-2019-13050).
    pub certificate: u64,
    /// User IDs of a certificate.
    pub user_ids: usize,
    /// Certifications on a certificate by certificates of the same keyring.
    pub certifications: usize,
    /// A keyring file.
    pub keyring: u64,
    /// A lockfile, a manifest or a file of a package manager's configuration.
    pub lockfile: u64,
    /// A policy file.
    pub policy: u64,
    /// A lock or state file: some 300 bytes for each package, or each signature that was seen.
    pub memory: u64,
    /// A file of the cache: some 40 bytes for each certification of a keyring.
    pub cache: u64,
    /// Reasons listed in a report; the rest is counted.
    pub reasons: usize,
    /// A file whose lines are compared with those of another; a larger one is told as replaced whole.
    pub diff_file: u64,
    /// Lines of two files together that are compared: stops a pair made to be compared for minutes.
    pub diff_lines: usize,
    /// Bytes of all files together whose lines are compared, the smallest files first: stops thousands of such pairs.
    pub diff_total: u64,
    /// Bytes whose lines are held against each other to find out which file was moved and changed: stops two trees of
    /// thousands of files with other names.
    pub diff_moves: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file: GIB,
            tree: 4 * GIB,
            files: 200_000,
            links: Links::None,
            tree_text: 256 * MIB,
            archive: 256 * MIB,
            statement: 64 * KIB,
            note: 8 << 10,
            nesting: 16,
            signature: 64 * KIB,
            signatures: 64,
            statements: 8_192,
            evidence_files: 4_096,
            evidence_folder: 16 * MIB,
            certificate: MIB,
            user_ids: 256,
            certifications: 4_096,
            keyring: 256 * MIB,
            lockfile: 64 * MIB,
            policy: MIB,
            memory: 64 * MIB,
            cache: 64 * MIB,
            reasons: 100,
            diff_file: 8 * MIB,
            diff_lines: 200_000,
            diff_total: 256 * MIB,
            diff_moves: 256 * MIB,
        }
    }
}

impl Limits {
    /// The same, and whether a tree may have contained links.
    #[must_use]
    pub fn with_contained_links(&self, may: bool) -> Self {
        Self { links: if may { Links::Contained } else { Links::None }, ..self.clone() }
    }
}
