//! Why a verdict is what it is: a stable code, what follows from it, where it was found, and a sentence.
//!
//! Codes are part of the public interface. They may be added to, never renamed; `docs/codes.md` lists them all, and a
//! test holds the two together. What each one means is told where it arises.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::shown::Shown;

macro_rules! codes {
    ($($variant:ident $text:literal $meaning:literal)*) => {
        /// A stable reason code, printed in kebab-case.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $meaning] $variant,)*
        }

        impl Code {
            /// Every code there is, with its meaning.
            pub const ALL: &[(Self, &'static str)] = &[$((Self::$variant, $meaning),)*];

            /// The code as it is printed.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

codes! {
    PathTraversal "path-traversal" "A name that leaves the tree or is ambiguous: `..`, `.`, an empty component, a leading `/`, a `\\`, a drive letter."
    PathControl "path-control" "A control character or line separator in a name."
    PathHidden "path-hidden" "An invisible or direction-changing character in a name."
    PathEncoding "path-encoding" "A name that is not UTF-8."
    PathNfc "path-nfc" "A name that is not in Unicode's NFC."
    PathCollision "path-collision" "Two names that are one on a case-insensitive disk."
    PathWindows "path-windows" "A name that Windows cannot hold."
    PathGit "path-git" "A name that git takes for its own folder, in any spelling, at any depth."
    PathLimit "path-limit" "A component over 255 bytes, a path over 1,024 bytes, or more than 64 levels."
    PackageId "package-id" "A package name that is not a canonical purl."
    Symlink "symlink" "A symbolic link in the tree, or in place of a folder during the walk."
    SymlinkEscape "symlink-escape" "A symbolic link, where a policy allows contained ones, that leads out of the tree, to nothing in it, or to another link."
    HardlinkExternal "hardlink-external" "A file that has further hard links outside of the tree."
    SpecialFile "special-file" "A device, FIFO, socket or the like."
    TypeDiffers "type-differs" "A directory where the tree text has a file, or the reverse."
    CrossDevice "cross-device" "A mount point or a change of device inside the tree."
    ModeSpecial "mode-special" "A setuid, setgid or sticky bit on a file."
    ModeDiffers "mode-differs" "The execute bit is not what was signed."
    ModeUnchecked "mode-unchecked" "The system has no execute bits, so they were not compared."
    ExtraMetadata "extra-metadata" "A file capability on a file."
    Unreadable "unreadable" "A file or directory that cannot be read."
    FileMissing "file-missing" "A file that was signed and is not there."
    FileAdded "file-added" "A file that is there and was not signed."
    ContentDiffers "content-differs" "A file whose content is not what was signed."
    EvidenceUnknownFile "evidence-unknown-file" "Something in `.countersign/` that does not belong there, or the name in another spelling or place."
    Worktree "worktree" "The top-level `.git` was left out, as `--worktree` asked."
    Excluded "excluded" "A file was left out of the measure: as the policy's `exclude` says, or since an installer is known to add it or to leave it away."
    TreeDigest "tree-digest" "A tree text that is not the one the statement names."
    TreeSyntax "tree-syntax" "A tree text with a line that is not an entry."
    TreeOrder "tree-order" "A tree text whose lines are out of order or double."
    TreeDiffers "tree-differs" "The tree is not the one that was signed, and no tree text is there to name the files."
    GitTreeDiffers "git-tree-differs" "A tree that git would give another name than the lockfile has."
    GeneratedCode "generated-code" "Code that building the package wrote into it, and that no lockfile and no signature can know."
    LimitTree "limit-tree" "A tree, or a file of it, over the limits of size or number."
    LimitStatement "limit-statement" "A statement, a note in it, or its nesting over the limit."
    LimitSignature "limit-signature" "A signature file over 64 KiB."
    LimitSignatures "limit-signatures" "More signatures or files of evidence than we read."
    LimitCertificate "limit-certificate" "A certificate that is over a limit even after minimising."
    LimitKeyring "limit-keyring" "A keyring file over the limit."
    LimitArchive "limit-archive" "An archive over the limit."
    GitObject "git-object" "An object of a repository that is not there, cannot be read, or is not what its name stands for."
    Submodule "submodule" "A submodule in a commit: what it holds is not in the commit."
    ArchiveDigest "archive-digest" "An archive that is not the one whose checksum the lockfile has."
    ArchiveHeader "archive-header" "A tar header with a wrong checksum, a bad number, or a form that not all readers read alike."
    ArchivePax "archive-pax" "A tar archive whose extended headers could be read in two ways."
    ArchiveType "archive-type" "An entry of an archive that is neither a file nor a directory."
    ArchiveDuplicate "archive-duplicate" "An entry that is in an archive twice, or lies below a file."
    ArchiveFraming "archive-framing" "An archive that is cut short, is damaged, or has bytes around it."
    ArchivePrefix "archive-prefix" "An entry of an archive outside of the one directory that it should have at its top."
    ArchiveRatio "archive-ratio" "An archive that unpacks to far more than its size."
    LockUnchecked "lock-unchecked" "No archive, or no checksum for it: a byte that was changed after installation would go unseen in an unsigned package."
    RegistryDiffers "registry-differs" "A registry on this machine has another name or another tree for the package and version of a lockfile's entry."
    RegistryUnknown "registry-unknown" "No registry on this machine has the package, or this version of it."
    Yanked "yanked" "The registry asks that this version be used no more."
    ArtifactsUnchecked "artifacts-unchecked" "Artifacts of a package that are not on this machine, or that the user replaced by a folder which nothing binds."
    LockfileDamaged "lockfile-damaged" "A lockfile, manifest or configuration file of a package manager that cannot be understood."
    LockfileVersion "lockfile-version" "A lockfile of a format version that we do not know."
    OtherLockfile "other-lockfile" "A lockfile of another ecosystem lies beside the one that was read; its packages were not looked at."
    LockfileChoice "lockfile-choice" "Several lockfiles lie side by side, and nothing says which one the package manager reads."
    NotFound "not-found" "A package of the lockfile that is not on this machine."
    FoundTwice "found-twice" "A package that is there several times with different content, or that a lockfile has twice."
    ShadowedCopy "shadowed-copy" "A package that is there several times; every copy was verified."
    IdentityDiffers "identity-differs" "A package whose own manifest gives another name or version than the lockfile, or than it would be signed as."
    SourceReplaced "source-replaced" "A source that the build configuration replaces in a way that we cannot follow."
    AuthorSetup "author-setup" "A `countersign-author.toml` that says something else than it may."
    EvidencePackaged "evidence-packaged" "A store that lies in the project in such a way that packaging would put it into the release."
    PublishedDiffers "published-differs" "What cargo published holds something else than what was signed."
    Narrowed "narrowed" "Only some of the lockfile's packages were looked at, as was asked."
    ChangedDuringVerify "changed-during-verify" "Something changed while we looked."
    NotAStatement "not-a-statement" "A file that does not begin with a statement's opening line."
    StatementBom "statement-bom" "A byte order mark in a statement."
    StatementCr "statement-cr" "A carriage return in a statement."
    StatementEncoding "statement-encoding" "A statement that is not UTF-8, or has a control character."
    StatementTrailing "statement-trailing" "A statement without its final line feed, or with bytes after its end."
    StatementSyntax "statement-syntax" "A statement that is not TOML."
    StatementDuplicateKey "statement-duplicate-key" "A key or table given twice in a statement."
    StatementUnknownField "statement-unknown-field" "A field that this kind of statement does not have."
    StatementMissingField "statement-missing-field" "A field that a statement must have and has not."
    StatementValue "statement-value" "A value of the wrong type, form or range in a statement."
    StatementNotCanonical "statement-not-canonical" "A statement that, parsed and printed again, is not the same bytes."
    StatementKind "statement-kind" "A statement of another kind than its place asks for."
    StatementVersion "statement-version" "A statement of a format version that we do not know."
    PackageMismatch "package-mismatch" "A statement about another package than the one asked for."
    VersionMismatch "version-mismatch" "A statement about another version than the one asked for."
    Clock "clock" "A statement dated more than ten minutes ahead of our clock."
    SignaturePacketCount "signature-packet-count" "A signature file with no packet, or more than one."
    SignatureTrailing "signature-trailing" "Bytes, marker or padding packets around the signature packet."
    SignatureArmored "signature-armored" "ASCII armour that is not one clean signature block."
    SignatureCleartext "signature-cleartext" "A cleartext-signed text in place of a detached signature."
    SignatureCompressed "signature-compressed" "A compressed packet in place of a signature; it is not unpacked."
    SignaturePacketKind "signature-packet-kind" "Another kind of packet in place of a signature."
    SignatureTextMode "signature-text-mode" "A text-mode signature (0x01), which would also hold for other line endings."
    SignatureType "signature-type" "A signature of another type than a binary document's (0x00)."
    SignatureVersion "signature-version" "A signature packet of another version than 4 or 6."
    SignatureWeakHash "signature-weak-hash" "A signature over a hash that is too weak today."
    SignatureWeakKey "signature-weak-key" "A signature by a key that is too weak today."
    SignatureCriticalUnknown "signature-critical-unknown" "A critical subpacket or notation that does not belong on these signatures."
    SignatureNoIssuer "signature-no-issuer" "A signature that names no issuer."
    SignerUnknown "signer-unknown" "A signature by a certificate that we do not have."
    SignatureBad "signature-bad" "A signature that does not verify."
    SignerNotNamed "signer-not-named" "A good signature by a certificate that is not in the manifest's `authors`; it counts for nothing."
    SignerNotSigning "signer-not-signing" "A signature by a key that may not sign, is revoked, or is not bound to its certificate."
    SignatureTime "signature-time" "A signature without a time, from before its key existed, or from the future."
    SignatureExpired "signature-expired" "A signature whose own expiry has passed."
    SignatureDuplicate "signature-duplicate" "A further signature by a person who is counted already."
    SignerExpired "signer-expired" "A signature by an expired certificate or key, which the date in the signature does not excuse."
    SignerRetired "signer-retired" "A signature by a certificate revoked as superseded or retired."
    SignerRevoked "signer-revoked" "A signature by a certificate revoked as compromised or without a reason."
    KeyUnsupported "key-unsupported" "A key that this build's cryptography cannot check."
    KeyringNotOpenpgp "keyring-not-openpgp" "A keyring file that is not OpenPGP data."
    KeyringDamaged "keyring-damaged" "A keyring file that is cut short, or has rubbish in it."
    KeyringEmpty "keyring-empty" "A keyring without any certificate."
    KeyringSecretKey "keyring-secret-key" "Secret key material in a keyring."
    CertificateInvalid "certificate-invalid" "A certificate without a valid self-signature, or of an unknown version."
    UserIdEncoding "user-id-encoding" "A user ID that is not UTF-8 or has control characters; it is not used."
    UserIdUnusable "user-id-unusable" "A user ID that its owner took back, or never claimed by a self-signature that holds."
    OwnWord "own-word" "The user's own newest certification of a user ID allows no more than this."
    StoreVersion "store-version" "A store without a `countersign-store` file of a known version."
    StoreEntry "store-entry" "Something in a store that is not a plain file with the name that its content asks for."
    PolicyKeyId "policy-key-id" "A person named by a key ID or a subkey's fingerprint."
    PolicyThresholdZero "policy-threshold-zero" "A threshold that no signature at all would meet."
    PolicyThresholdUnreachable "policy-threshold-unreachable" "A threshold above the number of people who could meet it."
    NoManifest "no-manifest" "Nobody's manifest for this package was found."
    TooFewAuthors "too-few-authors" "Fewer good signatures by the named signers than needed."
    Equivocation "equivocation" "One signer signed two different trees for one version."
    TooFewReviews "too-few-reviews" "Fewer reviews by people who count than needed."
    TooFewChecks "too-few-checks" "Fewer results of a check by people who count than needed."
    SelfReview "self-review" "Reviews by authors of what they reviewed; they do not count for that."
    ReviewBaseMissing "review-base-missing" "Reviews of changes that lead back to no review of the whole which counts."
    ReviewRejects "review-rejects" "A review by somebody who could approve, or has a veto, rejects this tree."
    DiffMismatch "diff-mismatch" "A review of this version that is of another tree than the one at hand."
    Withdrawn "withdrawn" "A withdrawal of this tree by an author, or by whom the policy lets withdraw."
    TrustNotApplied "trust-not-applied" "A no by somebody whose no does not count here."
    Unauthorised "unauthorised" "An author whom nothing authorises for this package."
    OutOfScope "out-of-scope" "A granted role whose scope does not cover this package."
    TooDeep "too-deep" "A way of certifications that is longer than the policy's `max-depth`, or than a delegation on it allows."
    NotIndependent "not-independent" "The people counted have no paths that hold at the same time and share no certificate but roots."
    SignerDenied "signer-denied" "A certificate that the user distrusts: its signatures, certifications and pins are void."
    CertificationUnusable "certification-unusable" "A certification that does not count: expired, revoked, of a weak hash, with unknown critical parts, or by or for a dead certificate."
    RetiredIssuer "retired-issuer" "A certification by an issuer who has expired or retired since, so that it may be back-dated."
    PolicyMissing "policy-missing" "The policy file that was named is not there."
    PolicyBuiltIn "policy-built-in" "No policy was named or found: the built-in one, first use, decided."
    PolicySyntax "policy-syntax" "A policy file that is not TOML, or has a key twice."
    PolicyVersion "policy-version" "A policy file of a format version that we do not know."
    PolicyUnknownKey "policy-unknown-key" "A key or table that a policy does not have."
    PolicyValue "policy-value" "A misspelt or out-of-range value in a policy."
    PolicyNoRoots "policy-no-roots" "A rule that asks for authenticated people where there are no roots, or none in the keyring."
    PolicyRootMissing "policy-root-missing" "A root that is not in the keyring."
    PolicyDistrustUnknown "policy-distrust-unknown" "A distrusted fingerprint that is in no keyring."
    PolicyConflict "policy-conflict" "One fingerprint under two people, or a root twice with different amounts."
    PolicyDeadRule "policy-dead-rule" "A rule that can never apply, since rules before it match all its packages."
    PolicyExemption "policy-exemption" "An exemption or override without reason or last day, or for what no exemption may lift."
    ExemptionExpired "exemption-expired" "An exemption or override past its last day: it has no effect."
    WritableByOthers "writable-by-others" "A policy, keyring, lock or state file that another user can write."
    InsidePackage "inside-package" "A policy, keyring or lock that lies inside of the package under test: what is judged cannot judge."
    LimitPolicy "limit-policy" "A policy file over the limit."
    NoRule "no-rule" "A package that no rule of the policy matches."
    Unsigned "unsigned" "No author's signature that counts; the policy allows that."
    FirstUse "first-use" "The first author that was seen for this package, who is remembered once it is accepted."
    AuthorChanged "author-changed" "Another author than the one that is remembered, without a handover."
    AuthorHandover "author-handover" "New authors, handed over by those before in an unbroken chain; it needs `accept`."
    AuthorContested "author-contested" "Two unauthorised claimants for one package; neither wins."
    SourceChanged "source-changed" "The same name as a pin, from another source."
    Rollback "rollback" "A release that is lower than the one that was accepted before."
    Downgrade "downgrade" "A slot that an author signed, and that is not signed any more."
    ChainGap "chain-gap" "A link is missing in the chain of manifests."
    ChainFork "chain-fork" "Two manifests that follow the same one."
    NewerKnown "newer-known" "A newer release lies in a store."
    StateDamaged "state-damaged" "A lock or state file that cannot be parsed, or fails its own checks."
    StateVersion "state-version" "A lock or state file of a newer format."
    StateWrite "state-write" "The lock or the state could not be written; the old file is intact."
    LockChanged "lock-changed" "The lock is missing or would change, or differs from the base's."
    PolicyChanged "policy-changed" "The policy or the keyring differs from the base's."
    CacheInvalid "cache-invalid" "A file of the cache that is not ours or was tampered with; it was not used."
    KeyringOld "keyring-old" "A keyring into which nothing was imported for long: revocations may be missing."
    PackageNotAsked "package-not-asked" "Nobody said which package this should be: the name is the manifest's own."
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What follows from a reason.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::exhaustive_enums, reason = "the four answers are the whole of what a reason can mean")]
pub enum Answer {
    /// The package is refused.
    Reject,
    /// No verdict is possible.
    CannotTell,
    /// This one file gives nothing, and harms no other.
    SetAside,
    /// Listed; the verdict stands.
    Note,
}

/// One reason of a verdict.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct Reason {
    /// The stable code.
    pub code: Code,
    /// What follows.
    pub answer: Answer,
    /// Where: a path in the tree, or a file of evidence. Escaped.
    pub path: Option<String>,
    /// A sentence for people. Foreign text in it is escaped.
    pub message: String,
    /// The smallest step that would change the answer.
    pub step: Option<String>,
}

impl Reason {
    /// A reason without place or step. `message` must have its foreign text escaped by [`Shown`].
    pub fn new(code: Code, answer: Answer, message: impl Into<String>) -> Self {
        Self { code, answer, path: None, message: message.into(), step: None }
    }

    /// Says where; `path` is escaped here. The empty path is the package's directory itself, shown as `.`.
    #[must_use]
    pub fn at(mut self, path: impl AsRef<[u8]>) -> Self {
        let path = path.as_ref();
        self.path = Some(if path.is_empty() { ".".to_owned() } else { Shown::new(path).to_string() });
        self
    }

    /// Says what would change the answer.
    #[must_use]
    pub fn step(mut self, step: impl Into<String>) -> Self {
        self.step = Some(step.into());
        self
    }
}

/// Reasons in the order in which reports list them, up to a limit; the rest is counted, so nothing is cut in silence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    /// The reasons that are listed, sorted by path and code.
    pub reasons: Vec<Reason>,
    /// How many there were in all.
    pub total: usize,
}

impl Listed {
    /// Sorts `reasons` and keeps at most `limit`: those that decide come before those that do not.
    pub fn new(mut reasons: Vec<Reason>, limit: usize) -> Self {
        let order = |a: &Reason, b: &Reason| {
            (&a.path, a.code.as_str(), &a.message).cmp(&(&b.path, b.code.as_str(), &b.message))
        };
        reasons.sort_by(|a, b| a.answer.cmp(&b.answer).then_with(|| order(a, b)));
        reasons.dedup();
        let total = reasons.len();
        reasons.truncate(limit);
        reasons.sort_by(order);
        Self { reasons, total }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_kebab_case_and_distinct() {
        let mut texts: Vec<_> = Code::ALL.iter().map(|(code, _)| code.as_str()).collect();
        for text in &texts {
            assert!(text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{text}");
        }
        texts.sort_unstable();
        let count = texts.len();
        texts.dedup();
        assert_eq!(texts.len(), count);
    }

    #[test]
    fn what_decides_is_listed_before_what_does_not() {
        let note = Reason::new(Code::PathWindows, Answer::Note, "n").at("a");
        let reject = Reason::new(Code::FileAdded, Answer::Reject, "r").at("z");
        let listed = Listed::new(vec![note.clone(), note.clone(), reject.clone()], 1);
        assert_eq!(listed.reasons, std::slice::from_ref(&reject));
        assert_eq!(listed.total, 2);
        assert_eq!(Listed::new(vec![reject.clone(), note.clone()], 9).reasons, [note, reject]);
    }
}
