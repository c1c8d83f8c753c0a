//! How Julia calls the folder of a package: a checksum of its UUID and of its tree, in five letters and digits.
//!
//! It only finds a folder and proves nothing: anybody can make another tree with the same five characters.

use super::manifest::Uuid;

/// Characters of today's names, and of those that older Julia made, in the order in which Julia looks.
pub(super) const LENGTHS: [usize; 2] = [5, 4];

/// The name of a package's folder.
pub fn slug(uuid: Uuid, tree: &[u8], length: usize) -> String {
    let sum = uuid.value().to_le_bytes().iter().chain(tree).fold(!0, |sum, byte| step(sum, *byte));
    let mut rest = !sum;
    let mut slug = String::with_capacity(length);
    for _ in 0..length {
        let digit = (rest % BASE) as usize;
        slug.push(char::from(ALPHABET[digit]));
        rest /= BASE;
    }
    slug
}

/// CRC-32C (RFC 3720), one byte further.
fn step(sum: u32, byte: u8) -> u32 {
    (0..8).fold(sum ^ u32::from(byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ POLYNOMIAL } else { sum >> 1 })
}

const POLYNOMIAL: u32 = 0x82F6_3B78;
const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const BASE: u32 = 62;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git_tree::ObjectId;

    #[test]
    fn the_golden_slugs_come_out() {
        let example = "7876af07-990d-54b4-ab0e-23690620f79a";
        let json = "682c06a0-de6a-54ab-a142-c8b1cf79cde6";
        for (uuid, tree, expected) in [
            (example, "46e44e869b4d90b96bd8ed1fdcf32244fddfb6cc", "aqsx3"),
            (example, "46e44e869b4d90b96bd8ed1fdcf32244fddfb6cc", "aqsx"),
            (example, "11820aa9c229fd3833d4bd69e5e75ef4e7273bf1", "MoaKv"),
            (example, "e1f0e1a832ccd8e97d6d0348dec33ee139a5aeaf", "SUIr0"),
            (json, "31e996f0a15c7b280ba9f76636b3ff9e2ae58c9a", "93Ea8"),
            (json, "b34d7cef7b337321e97d22242c3c2b91f476748e", "d89fA"),
            ("438e738f-606a-5dbb-bf0a-cddfbfd45ab0", "9816a3826b0ebf49ab4926e2b18842ad8b5c8f04", "1gn3u"),
            (example, "5f1d93ebf75881dd63dce71300e6374d4f97a845", "6xUIg"),
        ] {
            let (uuid, tree): (Uuid, ObjectId) = (uuid.parse().expect("a UUID"), tree.parse().expect("a tree"));
            assert_eq!(slug(uuid, tree.bytes(), expected.len()), expected);
        }
    }

    #[test]
    fn the_checksum_is_crc_32c() {
        let sum = b"123456789".iter().fold(!0, |sum, byte| step(sum, *byte));
        assert_eq!(!sum, 0xE306_9283);
    }
}
