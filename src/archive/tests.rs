//! Archives made by hand: good ones, and one for each fault.

mod zstd;

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::*;

/// A header of POSIX's form with a good checksum.
fn header(name: &str, kind: u8, size: usize) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[100..108].copy_from_slice(b"0000644\0");
    block[108..116].copy_from_slice(b"0000000\0");
    block[116..124].copy_from_slice(b"0000000\0");
    block[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
    block[136..148].copy_from_slice(b"00000000000\0");
    block[156] = kind;
    block[257..265].copy_from_slice(b"ustar\x0000");
    sum(block)
}

/// The same header with the checksum that it needs.
fn sum(mut block: [u8; BLOCK]) -> [u8; BLOCK] {
    block[148..156].copy_from_slice(b"        ");
    let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

/// The header with some bytes changed, and a checksum that fits.
fn with(mut block: [u8; BLOCK], at: usize, bytes: &[u8]) -> [u8; BLOCK] {
    block[at..at + bytes.len()].copy_from_slice(bytes);
    sum(block)
}

fn padded(content: &[u8]) -> Vec<u8> {
    let mut content = content.to_vec();
    content.resize(content.len().next_multiple_of(BLOCK), 0);
    content
}

fn entry(name: &str, kind: u8, content: &[u8]) -> Vec<u8> {
    [header(name, kind, content.len()).to_vec(), padded(content)].concat()
}

fn file(name: &str) -> Vec<u8> {
    entry(name, b'0', b"x")
}

fn record(key: &str, value: &str) -> Vec<u8> {
    let rest = format!(" {key}={value}\n");
    let mut length = rest.len();
    while length != rest.len() + length.to_string().len() {
        length = rest.len() + length.to_string().len();
    }
    format!("{length}{rest}").into_bytes()
}

fn pax(records: &[(&str, &str)]) -> Vec<u8> {
    let text: Vec<u8> = records.iter().flat_map(|(key, value)| record(key, value)).collect();
    entry("pax", b'x', &text)
}

const END: [u8; 2 * BLOCK] = [0; 2 * BLOCK];

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(bytes).expect("written");
    gzip.finish().expect("written")
}

/// An archive of these entries.
fn archive(entries: &[Vec<u8>]) -> Vec<u8> {
    gzip(&[entries.concat(), END.to_vec()].concat())
}

fn look(bytes: &[u8]) -> Result<TreeText, ArchiveFault> {
    read(bytes, None, "a-1.0.0", &Limits::default())
}

/// The lines of the tree as `kind path`, or the code.
fn told(bytes: &[u8]) -> String {
    match look(bytes) {
        Ok(tree) => {
            let lines = tree.entries().iter().map(|entry| format!("{} {}", entry.kind.letter(), entry.path.as_str()));
            lines.collect::<Vec<_>>().join(", ")
        }
        Err(fault) => fault.code().as_str().to_owned(),
    }
}

/// What becomes of an archive with one good file and these entries.
fn beside(entries: &[Vec<u8>]) -> String {
    told(&archive(&[vec![file("a-1.0.0/good")], entries.to_vec()].concat()))
}

#[test]
fn files_directories_and_modes() {
    let executable = [with(header("a-1.0.0/run", b'0', 0), 100, b"0000654\0").to_vec()].concat();
    let entries = [entry("a-1.0.0/", b'5', b""), file("a-1.0.0/b"), executable, file("a-1.0.0/src/lib.rs")];
    let tree = look(&archive(&entries)).expect("good");
    let x = Digest::of(b"x").hex();
    let nothing = Digest::of(b"").hex();
    let text = format!("countersign-tree/1\nf 1 {x} b\nx 0 {nothing} run\nf 1 {x} src/lib.rs\n");
    assert_eq!(tree.to_string(), text);
    assert_eq!(told(&archive(&[])), "");
    assert_eq!(beside(&[entry("a-1.0.0/empty/", b'5', b"")]), "f good");
    assert_eq!(beside(&[entry("a-1.0.0/d", 0, b"old")]), "f d, f good");
    // The directory after what lies in it, and twice the same name in two directories.
    assert_eq!(beside(&[file("a-1.0.0/d/e"), entry("a-1.0.0/d/", b'5', b""), file("a-1.0.0/e")]), "f d/e, f e, f good");
}

#[test]
fn what_is_not_known_before_is_told_by_the_archive() {
    let keep = PackagePath::parse(b"Cargo.toml").expect("a path");
    let look = |bytes: &[u8], limits: &Limits| open(bytes, &keep, limits).map_err(|fault| fault.code().as_str());
    let entries =
        [entry("b-2/", b'5', b""), file("b-2/x/Cargo.toml"), entry("b-2/Cargo.toml", b'0', b"y"), file("b-2/z")];
    let packed = look(&archive(&entries), &Limits::default()).expect("good");
    assert_eq!((packed.top.as_str(), packed.text.files(), packed.kept), ("b-2", 3, Some(b"y".to_vec())));
    let small = Limits { lockfile: 0, ..Limits::default() };
    assert_eq!(look(&archive(&entries), &small).expect("good").kept, None);
    let bare = look(&archive(&[file("b-2/z")]), &Limits::default()).expect("good");
    assert_eq!((bare.top.as_str(), bare.kept), ("b-2", None));
    assert_eq!(look(&archive(&[]), &Limits::default()).expect("good").top, "");
    // All else lies in the directory of the first entry.
    for other in ["b-3/z", "b-2x/z", "z"] {
        assert_eq!(look(&archive(&[file("b-2/z"), file(other)]), &Limits::default()), Err("archive-prefix"), "{other}");
    }
    assert_eq!(look(&archive(&[file("b-2")]), &Limits::default()), Err("archive-prefix"));
}

#[test]
fn content_of_every_length_is_hashed_whole() {
    for length in [0, 1, 511, 512, 513, (64 << 10) - 1, 64 << 10, (64 << 10) + 1, 200_000] {
        let content: Vec<u8> = (0..length).map(|place| (place % 251) as u8).collect();
        let tree = look(&archive(&[entry("a-1.0.0/a", b'0', &content), file("a-1.0.0/b")])).expect("good");
        assert_eq!((tree.entries()[0].size, tree.entries()[0].digest), (length as u64, Digest::of(&content)));
    }
}

#[test]
fn long_names_in_all_three_forms() {
    let long = format!("{}/{}", "d".repeat(90), "e".repeat(90));
    let whole = format!("a-1.0.0/{long}");
    let told = format!("f {long}, f good");
    let gnu =
        [with(header("././@LongLink", b'L', whole.len() + 1), 257, b"ustar  \0").to_vec(), padded(whole.as_bytes())];
    assert_eq!(beside(&[gnu.concat(), file("a-1.0.0/cut")]), told);
    assert_eq!(beside(&[entry("x", b'L', whole.as_bytes()), file("a-1.0.0/cut")]), told);
    assert_eq!(beside(&[pax(&[("path", &whole), ("mtime", "1.5")]), file("a-1.0.0/cut")]), told);
    let prefix = format!("a-1.0.0/{}", "d".repeat(90));
    assert_eq!(beside(&[with(header(&"e".repeat(90), b'0', 0), 345, prefix.as_bytes()).to_vec()]), told);
    // They speak of one entry, not of the next.
    let next = beside(&[pax(&[("path", "a-1.0.0/b")]), file("a-1.0.0/cut"), file("a-1.0.0/d")]);
    assert_eq!(next, "f b, f d, f good");
}

#[test]
fn our_own_folder_is_left_out_as_in_a_directory() {
    assert_eq!(beside(&[file("a-1.0.0/.countersign/tree")]), "f good");
    assert_eq!(beside(&[entry("a-1.0.0/.countersign/", b'5', b"")]), "f good");
    for name in [".countersign", "d/.countersign/tree", ".Countersign/tree"] {
        assert_eq!(beside(&[file(&format!("a-1.0.0/{name}"))]), "evidence-unknown-file", "{name}");
    }
    assert_eq!(beside(&[file("a-1.0.0/.countersign/../b")]), "path-traversal");
}

#[test]
fn it_must_be_the_archive_that_the_lock_names() {
    let bytes = archive(&[file("a-1.0.0/b")]);
    let read = |wanted| read(&bytes, Some(wanted), "a-1.0.0", &Limits::default()).map_err(|fault| fault.code());
    assert!(read(Digest::of(&bytes)).is_ok());
    assert_eq!(read(Digest::of(b"")), Err(Code::ArchiveDigest));
    // It is not even parsed.
    let fault = super::read(b"rubbish", Some(Digest::of(&bytes)), "a-1.0.0", &Limits::default());
    assert_eq!(fault.map_err(|fault| fault.code().as_str()), Err("archive-digest"));
}

#[test]
fn bad_headers() {
    let good = header("a-1.0.0/b", b'0', 0);
    assert_eq!(beside(&[good.to_vec()]), "f b, f good");
    let mut wrong = good;
    wrong[0] = b'b';
    assert_eq!(beside(&[wrong.to_vec()]), "archive-header");
    for (at, bytes) in [
        (124, b"-0000000001\0".as_slice()),
        (124, b"0000000000x\0"),
        (124, b"00000000 01\0"),
        (124, b"            "),
        (124, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
        (124, b"\x80\0\0\x01\0\0\0\0\0\0\0\0"),
        (100, b"        "),
        (100, b"0000648\0"),
        (108, b"0x00000\0"),
        (136, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
        (257, b"\0\0\0\0\0\0\0\0"),
        (257, b"ustar\x0001"),
        (257, b"ustar  1"),
        // A name behind the end of the name.
        (20, b"hidden"),
    ] {
        assert_eq!(beside(&[with(good, at, bytes).to_vec()]), "archive-header", "{}", bytes.escape_ascii());
    }
    // What some read as a part of the name in GNU's form.
    let gnu = with(good, 257, b"ustar  \0");
    assert_eq!(beside(&[gnu.to_vec()]), "f b, f good");
    assert_eq!(beside(&[with(gnu, 345, b"x").to_vec()]), "archive-header");
    // GNU's large numbers are numbers.
    assert_eq!(beside(&[with(good, 124, b"\x80\0\0\0\0\0\0\0\0\0\0\0").to_vec()]), "f b, f good");
    assert_eq!(beside(&[with(good, 108, b"   1750\0").to_vec()]), "f b, f good");
    let folder = with(header("a-1.0.0/d/", b'5', 0), 124, b"00000000001\0").to_vec();
    assert_eq!(beside(&[folder, padded(b"x")]), "archive-header");
    assert_eq!(beside(&[with(good, 100, b"0004755\0").to_vec()]), "mode-special");
}

#[test]
fn extended_headers_that_could_be_read_in_two_ways() {
    let good = file("a-1.0.0/b");
    assert_eq!(beside(&[pax(&[("size", "1"), ("uid", "7"), ("comment", "=\n")]), good.clone()]), "f b, f good");
    for records in [
        &[("size", "0")][..],
        &[("size", "01")],
        &[("path", "a-1.0.0/c"), ("path", "a-1.0.0/d")],
        &[("linkpath", "b")],
        &[("hdrcharset", "BINARY")],
        &[("GNU.sparse.name", "c")],
        &[("SCHILY.xattr.user.x", "1")],
        &[("Path", "a-1.0.0/c")],
    ] {
        assert_eq!(beside(&[pax(records), good.clone()]), "archive-pax", "{records:?}");
    }
    for text in
        ["", "x", "12 path=a", "8 path=a\n", "10 path=a\n\n", "8 path\n", "0 a=b\n", "99 path=a\n", "+10 path=a\n"]
    {
        let told = beside(&[entry("p", b'x', text.as_bytes()), good.clone()]);
        assert_eq!(told, if text.is_empty() { "f b, f good" } else { "archive-pax" }, "{text:?}");
    }
    assert_eq!(beside(&[entry("p", b'x', &record("path", "a-1.0.0/\0"))]), "archive-framing");
    assert_eq!(beside(&[pax(&[("path", "a-1.0.0/c\0d")]), good.clone()]), "path-control");
    // Twice, in whatever form.
    let (path, long) = (pax(&[("path", "a-1.0.0/c")]), entry("x", b'L', b"a-1.0.0/c"));
    for pair in [[&path, &path], [&long, &long], [&path, &long], [&long, &path]] {
        assert_eq!(beside(&[pair[0].clone(), pair[1].clone(), good.clone()]), "archive-pax");
    }
    assert_eq!(beside(&[entry("g", b'g', &record("comment", "c0ffee")), good.clone()]), "f b, f good");
    assert_eq!(beside(&[entry("g", b'g', &record("mtime", "1")), good.clone()]), "archive-pax");
    assert_eq!(beside(&[entry("x", b'L', &[b'a'; 5_000]), good]), "archive-pax");
}

#[test]
fn other_types_of_entries() {
    for flag in *b"1347SDMVKXN" {
        assert_eq!(beside(&[header("a-1.0.0/b", flag, 0).to_vec()]), "archive-type", "{}", char::from(flag));
    }
    assert_eq!(beside(&[header("a-1.0.0/b", b'2', 0).to_vec()]), "symlink");
}

#[test]
fn entries_twice_or_below_a_file() {
    for names in [
        &["a-1.0.0/good"][..],
        &["a-1.0.0/d/e", "a-1.0.0/d"],
        &["a-1.0.0/d", "a-1.0.0/d/e"],
        &["a-1.0.0/d", "a-1.0.0/d/e/f"],
        &["a-1.0.0/good/x"],
    ] {
        let files: Vec<_> = names.iter().map(|name| file(name)).collect();
        assert_eq!(beside(&files), "archive-duplicate", "{names:?}");
    }
    let folder = entry("a-1.0.0/d/", b'5', b"");
    assert_eq!(beside(&[folder.clone(), folder.clone()]), "archive-duplicate");
    assert_eq!(beside(&[folder, file("a-1.0.0/d")]), "archive-duplicate");
    assert_eq!(beside(&[file("a-1.0.0/GOOD")]), "path-collision");
}

#[test]
fn names_that_break_a_rule() {
    for (name, code) in [
        ("a-1.0.0/../b", "path-traversal"),
        ("/a-1.0.0/b", "path-traversal"),
        ("a-1.0.0//b", "path-traversal"),
        ("a-1.0.0/b/", "path-traversal"),
        ("a-1.0.0/.git/config", "path-git"),
        ("a-1.0.0/b\n", "path-control"),
        ("a-1.0.0/e\u{301}", "path-nfc"),
        ("a-1.0.0/\u{202e}b", "path-hidden"),
        ("a-1.0.1/b", "archive-prefix"),
        ("a-1.0.0", "archive-prefix"),
        ("a-1.0.0x/b", "archive-prefix"),
        ("b", "archive-prefix"),
        ("", "path-traversal"),
    ] {
        assert_eq!(beside(&[file(name)]), code, "{name:?}");
    }
    assert_eq!(beside(&[with(header("a-1.0.0/b", b'0', 0), 8, b"\xff").to_vec()]), "path-encoding");
    assert_eq!(beside(&[entry("b/", b'5', b"")]), "archive-prefix");
    let long = ["d".repeat(250).as_str(); 5].join("/");
    assert_eq!(beside(&[pax(&[("path", &format!("a-1.0.0/{long}"))]), file("x")]), "path-limit");
}

#[test]
fn bytes_that_are_missing_or_too_many() {
    let tar = [file("a-1.0.0/good"), END.to_vec()].concat();
    let good = gzip(&tar);
    assert_eq!(told(&good), "f good");
    assert_eq!(told(&gzip(&[tar.clone(), vec![0; 9_000]].concat())), "f good");
    for length in 0..good.len() {
        assert_eq!(told(&good[..length]), "archive-framing", "{length}");
    }
    for place in 0..tar.len() / BLOCK {
        assert_eq!(told(&gzip(&tar[..place * BLOCK])), "archive-framing", "{place}");
    }
    assert_eq!(told(&gzip(&[tar.clone(), vec![0; 600], b"x".to_vec()].concat())), "archive-framing");
    assert_eq!(told(&gzip(&[tar.clone(), tar.clone()].concat())), "archive-framing");
    let lone = [file("a-1.0.0/b"), vec![0; BLOCK], tar.clone()].concat();
    assert_eq!(told(&gzip(&lone)), "archive-framing");
    assert_eq!(told(&[good.clone(), good.clone()].concat()), "archive-framing");
    assert_eq!(told(&[good.clone(), vec![0]].concat()), "archive-framing");
    assert_eq!(told(&tar), "archive-framing");
    // A wrong checksum, and a wrong length, of the gzip member.
    for behind in [8, 1] {
        let mut damaged = good.clone();
        let place = damaged.len() - behind;
        damaged[place] ^= 1;
        assert_eq!(told(&damaged), "archive-framing");
    }
    for header in [pax(&[("path", "a-1.0.0/c")]), entry("x", b'L', b"a-1.0.0/c")] {
        assert_eq!(beside(&[header]), "archive-framing");
    }
}

#[test]
fn what_unpacks_to_far_too_much() {
    let zeros = |size: usize| archive(&[entry("a-1.0.0/b", b'0', &vec![0; size])]);
    assert_eq!(told(&zeros(9 << 20)), "f b");
    assert_eq!(told(&zeros(11 << 20)), "archive-ratio");
    assert_eq!(told(&gzip(&[vec![0; 11 << 20]].concat())), "archive-ratio");
}

#[test]
fn limits_hold_at_their_edges() {
    let bytes = archive(&[entry("a-1.0.0/b", b'0', b"bb"), entry("a-1.0.0/c", b'0', b"ccc")]);
    let mut limits = Limits::default();
    (limits.archive, limits.file, limits.tree, limits.files) = (bytes.len() as u64, 3, 5, 2);
    let read = |limits: &Limits| read(&bytes, None, "a-1.0.0", limits).map(drop).map_err(|fault| fault.code().as_str());
    assert_eq!(read(&limits), Ok(()));
    assert_eq!(read(&Limits { file: 2, ..limits.clone() }), Err("limit-tree"));
    assert_eq!(read(&Limits { tree: 4, ..limits.clone() }), Err("limit-tree"));
    assert_eq!(read(&Limits { files: 1, ..limits.clone() }), Err("limit-tree"));
    assert_eq!(read(&Limits { files: 0, ..limits.clone() }), Err("limit-tree"));
    assert_eq!(read(&Limits { archive: limits.archive - 1, ..limits }), Err("limit-archive"));
}

#[test]
fn a_reason_says_which_archive_and_which_entry() {
    let fault = look(&archive(&[file("a-1.0.0/\x1bb")])).expect_err("refused");
    let reason = fault.reason("cache/a-1.0.0.crate");
    assert_eq!(reason.path.as_deref(), Some("cache/a-1.0.0.crate"));
    assert!(reason.message.starts_with("`a-1.0.0/\\u{1b}b`: the name has the control character"), "{}", reason.message);
}

proptest! {
    #[test]
    fn nothing_panics(
        bytes in prop::collection::vec(any::<u8>(), 0..2_000),
        changes in prop::collection::vec((0_usize..6_000, any::<u8>()), 0..4),
    ) {
        drop(look(&bytes));
        drop(look(&gzip(&bytes)));
        let mut tar = [
            pax(&[("path", "a-1.0.0/long"), ("size", "1")]),
            file("a-1.0.0/cut"),
            entry("x", b'L', b"a-1.0.0/other"),
            file("a-1.0.0/b"),
            entry("a-1.0.0/d/", b'5', b""),
            END.to_vec(),
        ].concat();
        for (place, byte) in changes {
            let place = place % tar.len();
            tar[place] = byte;
        }
        drop(look(&gzip(&tar)));
        let fixed: Vec<_> = tar.chunks_exact(BLOCK).flat_map(|block| sum(block.try_into().expect("a block"))).collect();
        drop(look(&gzip(&fixed)));
    }
}

#[test]
fn some_files_are_read_out_of_an_archive_without_a_directory_of_its_own() {
    let look = |entries: &[Vec<u8>], limits: &Limits| {
        let files = files(&archive(entries), &|path| path.as_str().ends_with(".toml"), limits);
        files.map(|files| files.into_keys().collect::<Vec<_>>()).map_err(|fault| fault.code().as_str())
    };
    let limits = Limits::default();
    let good = [entry("./", b'5', b""), entry("A/", b'5', b""), file("A/x.toml"), file("A/y"), file("Top.toml")];
    assert_eq!(look(&good, &limits), Ok(vec!["A/x.toml".to_owned(), "Top.toml".to_owned()]));
    assert_eq!(look(&[], &limits), Ok(vec![]));
    // The rules hold for what nobody wants, too.
    for (other, code) in [
        (file("A/../y"), "path-traversal"),
        (file("/y"), "path-traversal"),
        (file("A/.git/y"), "path-git"),
        (file("A/y"), "archive-duplicate"),
        (file("A/y/z"), "archive-duplicate"),
        (entry("A/z", b'2', b""), "symlink"),
        (entry("A/z", b'1', b""), "archive-type"),
        (entry(".", b'0', b"x"), "path-traversal"),
    ] {
        assert_eq!(look(&[&good[..], &[other]].concat(), &limits), Err(code));
    }
    assert_eq!(look(&good, &Limits { lockfile: 0, ..limits.clone() }), Err("limit-tree"));
    assert_eq!(look(&good, &Limits { archive: 1, ..limits.clone() }), Err("limit-archive"));
    assert_eq!(files(b"no archive", &|_| true, &limits).map_err(|fault| fault.code().as_str()), Err("archive-framing"));
}
