//! ASCII armour (RFC 9580, section 6.2), read strictly: whole blocks with nothing but white space around them.
//!
//! Line ends may be LF or CRLF. The checksum is read over: it protects against nothing that a signature does not. What
//! a header line says (`Comment: …`) is never used.

use sequoia_openpgp::armor::{Kind, Writer};

/// What an armour says that it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    PublicKey,
    PrivateKey,
    Signature,
    /// A cleartext-signed text, whose signature is not detached.
    SignedMessage,
    Other,
}

/// One block, decoded.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block<'a> {
    pub(super) label: Label,
    pub(super) data: Vec<u8>,
    /// What comes after the block, without leading white space.
    pub(super) rest: &'a [u8],
}

/// Why a text is not a whole block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ArmorFault {
    /// It does not begin with a block's first line.
    Beginning,
    /// A first line of this kind, and then something that is not an armour.
    Broken(Label),
}

/// Whether the bytes are text that begins with an armour's first line, after white space.
pub(super) fn begins(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().starts_with(BEGIN)
}

/// Whether an armour's first line is anywhere in the bytes, and of which kind.
pub(super) fn lies_within(bytes: &[u8]) -> Option<Label> {
    let at = bytes.windows(BEGIN.len()).position(|window| window == BEGIN)?;
    Some(label(line(&bytes[at..]).0.strip_prefix(BEGIN)?.strip_suffix(DASHES)?))
}

/// Takes the first block off a text.
pub(super) fn decode(text: &[u8]) -> Result<Block<'_>, ArmorFault> {
    let (first, mut rest) = line(text.trim_ascii_start());
    let name = first.strip_prefix(BEGIN).and_then(|l| l.strip_suffix(DASHES)).ok_or(ArmorFault::Beginning)?;
    let label = label(name);
    let broken = ArmorFault::Broken(label);
    // Header lines, then an empty line.
    loop {
        let (header, after) = line(rest);
        if after.is_empty() {
            return Err(broken);
        }
        rest = after;
        if header.is_empty() {
            break;
        }
        if !header.windows(2).any(|pair| pair == b": ") && !header.ends_with(b":") {
            return Err(broken);
        }
    }
    let mut decoder = Decoder::default();
    let mut checksum = false;
    loop {
        let (content, after) = line(rest);
        rest = after;
        if let Some(end) = content.strip_prefix(END) {
            if end.strip_suffix(DASHES) != Some(name) {
                return Err(broken);
            }
            let data = decoder.finish().ok_or(broken)?;
            return Ok(Block { label, data, rest: rest.trim_ascii_start() });
        }
        if rest.is_empty() || checksum {
            return Err(broken);
        }
        if content.first() == Some(&b'=') {
            checksum = content.len() == 5 && content[1..].iter().all(|c| value(*c).is_some());
            if !checksum {
                return Err(broken);
            }
        } else if !decoder.take(content) {
            return Err(broken);
        }
    }
}

/// Armours bytes in the one form that we write: no headers, lines of 64 characters, LF.
pub(super) fn encode(kind: Kind, bytes: &[u8]) -> String {
    let written = Writer::new(Vec::new(), kind).and_then(|mut writer| {
        std::io::Write::write_all(&mut writer, bytes)?;
        writer.finalize()
    });
    // Writing to memory does not fail, and the armour is ASCII.
    written.ok().and_then(|text| String::from_utf8(text).ok()).unwrap_or_default()
}

const BEGIN: &[u8] = b"-----BEGIN PGP ";
const END: &[u8] = b"-----END PGP ";
const DASHES: &[u8] = b"-----";

fn label(name: &[u8]) -> Label {
    match name {
        b"PUBLIC KEY BLOCK" => Label::PublicKey,
        b"PRIVATE KEY BLOCK" | b"SECRET KEY BLOCK" => Label::PrivateKey,
        b"SIGNATURE" => Label::Signature,
        b"SIGNED MESSAGE" => Label::SignedMessage,
        _ => Label::Other,
    }
}

/// The first line without its end and trailing blanks, and what comes after it.
fn line(text: &[u8]) -> (&[u8], &[u8]) {
    let (line, rest) = match text.iter().position(|b| *b == b'\n') {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &text[text.len()..]),
    };
    (line.trim_ascii_end(), rest)
}

/// Base64 (RFC 4648, section 4) over lines, without anything that a strict encoder would not write.
#[derive(Default)]
struct Decoder {
    data: Vec<u8>,
    bits: u32,
    characters: usize,
    padding: usize,
}

impl Decoder {
    fn take(&mut self, line: &[u8]) -> bool {
        for character in line {
            if *character == b'=' {
                self.padding += 1;
                continue;
            }
            let Some(value) = value(*character).filter(|_| self.padding == 0) else { return false };
            self.bits = self.bits << 6 | u32::from(value);
            self.characters += 1;
            if self.characters.is_multiple_of(4) {
                self.data.extend(&self.bits.to_be_bytes()[1..]);
                self.bits = 0;
            }
        }
        true
    }

    fn finish(mut self) -> Option<Vec<u8>> {
        match (self.characters % 4, self.padding) {
            (0, 0) => {}
            (2, 2) if self.bits & 0x0f == 0 => self.data.push((self.bits >> 4) as u8),
            (3, 1) if self.bits & 0x03 == 0 => self.data.extend(&((self.bits >> 2) as u16).to_be_bytes()),
            _ => return None,
        }
        Some(self.data)
    }
}

fn value(character: u8) -> Option<u8> {
    match character {
        b'A'..=b'Z' => Some(character - b'A'),
        b'a'..=b'z' => Some(character - b'a' + 26),
        b'0'..=b'9' => Some(character - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded() {
        for length in 0..200 {
            let data: Vec<u8> = (0..length).collect();
            if data.is_empty() {
                continue;
            }
            let text = encode(Kind::Signature, &data);
            let block = Block { label: Label::Signature, data, rest: b"" };
            assert_eq!(decode(text.as_bytes()), Ok(block), "{text}");
        }
    }

    #[test]
    fn line_ends_blanks_headers_and_checksums_do_not_matter() {
        let text = "-----BEGIN PGP SIGNATURE-----\nComment: x\nVersion:\n\nAQID\n=AAAA\n-----END PGP SIGNATURE-----";
        for text in [
            text.to_owned(),
            text.replace('\n', "\r\n"),
            format!("\n \n{text}\n\n"),
            text.replace("=AAAA\n", ""),
            text.replace("AQID", "AQ  \nID"),
        ] {
            assert_eq!(decode(text.as_bytes()).map(|block| block.data), Ok(vec![1, 2, 3]), "{text}");
        }
    }

    #[test]
    fn what_is_not_clean_is_refused() {
        let text = "-----BEGIN PGP SIGNATURE-----\n\nAQID\n=AAAA\n-----END PGP SIGNATURE-----\n";
        let broken = Err(ArmorFault::Broken(Label::Signature));
        for bad in [
            text.replace("\n\nAQ", "\nAQ"),
            text.replace("AQID", "AQI!"),
            text.replace("AQID", "AQI"),
            text.replace("AQID", "AR=="),
            text.replace("AQID", "AQ==ID"),
            text.replace("=AAAA", "=AAA"),
            text.replace("=AAAA", "=AAAA\nAQID"),
            text.replace("END PGP SIGNATURE", "END PGP MESSAGE"),
            text.replace("-----END PGP SIGNATURE-----\n", ""),
            text.replace("BEGIN PGP SIGNATURE-----\n", "BEGIN PGP SIGNATURE-----\nno header\n"),
        ] {
            assert_eq!(decode(bad.as_bytes()), broken, "{bad}");
        }
        assert_eq!(decode(format!("Hello\n{text}").as_bytes()), Err(ArmorFault::Beginning));
        assert_eq!(lies_within(format!("Hello\n{text}").as_bytes()), Some(Label::Signature));
    }
}
