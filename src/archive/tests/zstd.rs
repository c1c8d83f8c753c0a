//! Archives packed with zstd: read where several forms are allowed, and by the same rules.

use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::*;

fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

fn tar() -> Vec<u8> {
    [entry("./", b'5', b""), file("A/x.toml"), entry("A/y", b'0', &[b'y'; 5000]), END.to_vec()].concat()
}

/// The names of all files, or the code.
fn told(bytes: &[u8]) -> String {
    match files(bytes, &|_| true, &Limits::default()) {
        Ok(files) => files.into_keys().collect::<Vec<_>>().join(" "),
        Err(fault) => fault.code().as_str().to_owned(),
    }
}

#[test]
fn one_frame_is_read_like_one_member() {
    let (frame, member) = (zstd(&tar()), gzip(&tar()));
    let limits = Limits::default();
    assert_eq!(told(&frame), "A/x.toml A/y");
    assert_eq!(files(&frame, &|_| true, &limits), files(&member, &|_| true, &limits));
    // A crate is packed with gzip alone.
    assert_eq!(look(&frame).map_err(|fault| fault.code().as_str()).err(), Some("archive-framing"));
}

#[test]
fn nothing_stands_around_the_frame() {
    let frame = zstd(&tar());
    assert_eq!(told(&[&frame[..], b"x"].concat()), "archive-framing");
    assert_eq!(told(&[&frame[..], &frame].concat()), "archive-framing");
    // A frame that readers skip.
    let skipped = [0x50, 0x2A, 0x4D, 0x18, 1, 0, 0, 0, b'x'];
    assert_eq!(told(&[&skipped[..], &frame].concat()), "archive-framing");
    assert_eq!(told(&[&frame[..], &skipped].concat()), "archive-framing");
    for length in 4..frame.len() {
        assert_eq!(told(&frame[..length]), "archive-framing", "{length}");
    }
}

#[test]
fn what_was_damaged_is_not_taken() {
    let frame = zstd(&tar());
    let read = |bytes: &[u8]| files(bytes, &|_| true, &Limits::default());
    let mut refused = 0;
    for bit in 0..frame.len() * 8 {
        let mut other = frame.clone();
        other[bit / 8] ^= 1 << (bit % 8);
        // A bit may mean nothing; but no other files come out.
        match read(&other) {
            Ok(files) => assert_eq!(Ok(files), read(&frame), "{bit}"),
            Err(_) => refused += 1,
        }
    }
    assert!(refused > frame.len() * 7, "{refused}");
}

#[test]
fn what_wants_too_much_is_refused() {
    // 64 GiB to look back at.
    let window = [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0xD0, 0x01, 0x00, 0x00];
    assert_eq!(told(&window), "archive-framing");
    let bomb = zstd(&[entry("A/zeros", b'0', &vec![0; 30 << 20]), END.to_vec()].concat());
    assert_eq!(told(&bomb), "archive-ratio");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(changes in prop::collection::vec((any::<usize>(), any::<u8>()), 1..20), end in any::<usize>()) {
        let mut frame = zstd(&tar());
        for (place, byte) in changes {
            let place = 4 + place % (frame.len() - 4);
            frame[place] = byte;
        }
        frame.truncate(4 + end % frame.len());
        drop(files(&frame, &|_| true, &Limits::default()));
    }
}
