//! Packet framing (RFC 9580, section 4.2): where each packet begins and ends, and of what kind it is.
//!
//! Nothing is unpacked and nothing recurses; a packet's body is a slice of what was handed in.

use super::KeyId;

/// The kinds of packet that we tell apart, by their tag.
pub(super) mod tag {
    pub(in super::super) const SIGNATURE: u8 = 2;
    pub(in super::super) const SECRET_KEY: u8 = 5;
    pub(in super::super) const PUBLIC_KEY: u8 = 6;
    pub(in super::super) const SECRET_SUBKEY: u8 = 7;
    pub(in super::super) const COMPRESSED: u8 = 8;
    pub(in super::super) const MARKER: u8 = 10;
    pub(in super::super) const TRUST: u8 = 12;
    pub(in super::super) const USER_ID: u8 = 13;
    pub(in super::super) const PUBLIC_SUBKEY: u8 = 14;
    pub(in super::super) const USER_ATTRIBUTE: u8 = 17;
    pub(in super::super) const PADDING: u8 = 21;
}

/// One packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Packet<'a> {
    /// Its kind.
    pub(super) tag: u8,
    /// What it holds.
    pub(super) body: &'a [u8],
}

/// Why the next bytes are not a whole packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FramingFault {
    /// They are not a packet's header.
    NotAPacket,
    /// The packet goes on after the end of the data.
    Truncated {
        /// What it would have been.
        tag: u8,
    },
    /// A packet of unknown length or in parts, as only packets of data may be.
    Indefinite {
        /// What it says it is.
        tag: u8,
    },
}

/// Takes the first packet off `bytes`, which must not be empty; also gives what comes after it.
pub(super) fn first(bytes: &[u8]) -> Result<(Packet<'_>, &[u8]), FramingFault> {
    let (&header, rest) = bytes.split_first().ok_or(FramingFault::NotAPacket)?;
    if header & 0x80 == 0 {
        return Err(FramingFault::NotAPacket);
    }
    let (tag, length, rest) = if header & 0x40 != 0 {
        let tag = header & 0x3f;
        let (length, rest) = new_length(tag, rest)?;
        (tag, length, rest)
    } else {
        let tag = header >> 2 & 0x0f;
        let octets = match header & 0x03 {
            0 => 1,
            1 => 2,
            2 => 4,
            _ => return Err(FramingFault::Indefinite { tag }),
        };
        let (length, rest) = rest.split_at_checked(octets).ok_or(FramingFault::Truncated { tag })?;
        (tag, number(length), rest)
    };
    if tag == 0 {
        return Err(FramingFault::NotAPacket);
    }
    let (body, rest) = rest.split_at_checked(length).ok_or(FramingFault::Truncated { tag })?;
    Ok((Packet { tag, body }, rest))
}

/// Appends a packet in the one form that we write: new format, shortest length.
pub(super) fn write(tag: u8, body: &[u8], out: &mut Vec<u8>) {
    out.push(0xc0 | tag);
    match body.len() {
        length @ 0..192 => out.push(length as u8),
        length @ 192..8384 => {
            let above = length - 192;
            out.extend([192 + (above >> 8) as u8, above as u8]);
        }
        length => {
            out.push(0xff);
            out.extend((length as u32).to_be_bytes());
        }
    }
    out.extend(body);
}

/// What a signature packet says of itself, read without parsing the rest. Hints, not facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SignatureHints {
    /// The key IDs it names as its makers.
    pub(super) issuers: Vec<u64>,
    /// Whether it says, in the part that is signed, that it is for its maker alone.
    pub(super) local: bool,
    /// When it says, in the part that is signed, that it was made: seconds since 1970.
    pub(super) created: Option<u32>,
}

impl SignatureHints {
    /// Reads a signature packet's body; none if it is cut short or of a version that we do not know.
    pub(super) fn of(body: &[u8]) -> Option<Self> {
        let mut hints = Self { issuers: Vec::new(), local: false, created: None };
        let octets = match body.first()? {
            // RFC 9580, section 5.2.2: version, 5, type, creation time (4), key ID (8).
            2 | 3 => {
                hints.issuers.push(key_id(body.get(7..15)?)?);
                hints.created = four(body.get(3..7)?);
                return Some(hints);
            }
            // Section 5.2.3: version, type, two algorithms, the hashed and the unhashed area.
            4 => 2,
            6 => 4,
            _ => return None,
        };
        let rest = hints.read_area(body.get(4..)?, octets, true)?;
        hints.read_area(rest, octets, false)?;
        Some(hints)
    }

    /// Whether it names makers, and none of them is this one.
    pub(super) fn is_by_another(&self, own: KeyId) -> bool {
        !self.issuers.is_empty() && !self.issuers.contains(&own.0)
    }

    /// Collects what a subpacket area says, which begins with its length in `octets`; gives what follows the area.
    fn read_area<'a>(&mut self, bytes: &'a [u8], octets: usize, signed: bool) -> Option<&'a [u8]> {
        let (length, rest) = bytes.split_at_checked(octets)?;
        let (mut area, rest) = rest.split_at_checked(number(length))?;
        while !area.is_empty() {
            let (length, after) = subpacket_length(area)?;
            let (subpacket, after) = after.split_at_checked(length)?;
            area = after;
            let issuers = &mut self.issuers;
            match subpacket.split_first().map(|(kind, value)| (kind & 0x7f, value)) {
                Some((2, value)) if signed => self.created = four(value),
                Some((16, value)) => issuers.extend(key_id(value)),
                Some((33, [4, fingerprint @ ..])) if fingerprint.len() == 20 => {
                    issuers.extend(key_id(&fingerprint[12..]));
                }
                // Section 5.2.3.19: 0 where it is not to be exported.
                Some((4, [0])) if signed => self.local = true,
                Some((33, [6, fingerprint @ ..])) if fingerprint.len() == 32 => {
                    issuers.extend(key_id(&fingerprint[..8]));
                }
                _ => {}
            }
        }
        Some(rest)
    }
}

fn key_id(bytes: &[u8]) -> Option<u64> {
    bytes.try_into().ok().map(u64::from_be_bytes)
}

fn four(bytes: &[u8]) -> Option<u32> {
    bytes.try_into().ok().map(u32::from_be_bytes)
}

/// The length of a subpacket (RFC 9580, section 5.2.3.7), which is never partial.
fn subpacket_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    match *bytes {
        [one @ 0..192, ref rest @ ..] => Some((one.into(), rest)),
        [one @ 192..=254, two, ref rest @ ..] => Some((two_octets(one, two), rest)),
        [255, a, b, c, d, ref rest @ ..] => Some((number(&[a, b, c, d]), rest)),
        _ => None,
    }
}

/// The length in a header of the new format (RFC 9580, section 4.2.1).
fn new_length(tag: u8, bytes: &[u8]) -> Result<(usize, &[u8]), FramingFault> {
    match *bytes {
        [one @ 0..192, ref rest @ ..] => Ok((one.into(), rest)),
        [one @ 192..224, two, ref rest @ ..] => Ok((two_octets(one, two), rest)),
        [224..=254, ..] => Err(FramingFault::Indefinite { tag }),
        [255, a, b, c, d, ref rest @ ..] => Ok((number(&[a, b, c, d]), rest)),
        _ => Err(FramingFault::Truncated { tag }),
    }
}

fn two_octets(one: u8, two: u8) -> usize {
    ((usize::from(one) - 192) << 8) + usize::from(two) + 192
}

/// Up to four octets, most significant first.
fn number(octets: &[u8]) -> usize {
    octets.iter().fold(0, |number, octet| number << 8 | usize::from(*octet))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for length in [0, 1, 191, 192, 193, 8383, 8384, 70_000] {
            let body = vec![7; length];
            let mut bytes = Vec::new();
            write(tag::USER_ID, &body, &mut bytes);
            bytes.push(1);
            let (packet, rest) = first(&bytes).expect("a packet");
            assert_eq!(packet, Packet { tag: tag::USER_ID, body: &body });
            assert_eq!(rest, [1]);
            assert_eq!(first(&bytes[..bytes.len() - 2]), Err(FramingFault::Truncated { tag: 13 }));
        }
    }

    #[test]
    fn old_headers_are_read() {
        assert_eq!(first(&[0x88, 1, 9, 5]), Ok((Packet { tag: 2, body: &[9] }, &[5][..])));
        assert_eq!(first(&[0x89, 0, 1, 9]), Ok((Packet { tag: 2, body: &[9] }, &[][..])));
        assert_eq!(first(&[0x8a, 0, 0, 0, 1, 9]), Ok((Packet { tag: 2, body: &[9] }, &[][..])));
        assert_eq!(first(&[0xa3, 1, 9]), Err(FramingFault::Indefinite { tag: tag::COMPRESSED }));
    }

    #[test]
    fn what_is_no_whole_packet_is_named() {
        assert_eq!(first(b"text"), Err(FramingFault::NotAPacket));
        assert_eq!(first(&[0x80, 0]), Err(FramingFault::NotAPacket));
        assert_eq!(first(&[0xc2]), Err(FramingFault::Truncated { tag: 2 }));
        assert_eq!(first(&[0xc2, 0xff, 0xff, 0xff, 0xff, 0xff]), Err(FramingFault::Truncated { tag: 2 }));
        assert_eq!(first(&[0xcb, 0xe1, 0, 0]), Err(FramingFault::Indefinite { tag: 11 }));
    }

    #[test]
    fn hints_never_reach_beyond_the_packet() {
        let body = [4, 0x10, 1, 8, 0, 0, 0, 10, 9, 16, 1, 2, 3, 4, 5, 6, 7, 8];
        assert_eq!(SignatureHints::of(&body).map(|hints| hints.issuers), Some(vec![0x0102_0304_0506_0708]));
        for end in 0..body.len() {
            assert_eq!(SignatureHints::of(&body[..end]), None, "{end}");
        }
        assert_eq!(SignatureHints::of(&[4, 0, 1, 8, 0, 1, 255, 0, 0]), None);
        assert_eq!(SignatureHints::of(&[5; 40]), None);
    }
}
