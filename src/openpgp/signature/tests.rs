use sequoia_openpgp::packet::signature::SignatureBuilder;
use sequoia_openpgp::packet::signature::subpacket::NotationDataFlags;
use sequoia_openpgp::packet::{Literal, Marker, Padding};
use sequoia_openpgp::types::{DataFormat, HashAlgorithm};

use super::super::testing::{Person, TIMES, file, packet, parse};
use super::*;
use crate::reason::Code;

fn code(bytes: &[u8]) -> Result<(), Code> {
    parse(bytes).map(|_| ()).map_err(|fault| fault.code())
}

/// A good signature's packet, with its body changed.
fn changed(how: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let bytes = file(&Person::new().signature(0, |b| b));
    let mut body = packets::first(&bytes).expect("a packet").0.body.to_vec();
    how(&mut body);
    let mut bytes = Vec::new();
    packets::write(tag::SIGNATURE, &body, &mut bytes);
    bytes
}

/// Gives the subpackets of one kind another kind; the areas of small signatures have lengths of one octet.
fn retyped(from: u8, to: u8) -> Vec<u8> {
    changed(|body| {
        let mut at = 4;
        for _ in 0..2 {
            let end = at + 2 + (usize::from(body[at]) << 8 | usize::from(body[at + 1]));
            at += 2;
            while at < end {
                if body[at + 1] & 0x7f == from {
                    body[at + 1] = to;
                }
                at += 1 + usize::from(body[at]);
            }
        }
    })
}

fn armored(bytes: &[u8]) -> String {
    armor::encode(Kind::Signature, bytes)
}

#[test]
fn one_signature_is_read_in_every_clean_form() {
    let one = Person::new();
    let binary = file(&one.signature(0, |b| b));
    let armored = armored(&binary);
    let first = parse(&binary).expect("binary");
    assert_eq!(first.bytes(), binary);
    assert_eq!(first.created(), super::super::testing::NOW);
    let fingerprint = one.certificate().fingerprint().clone();
    assert!(first.issuers().contains(&Handle::Fingerprint(fingerprint)));
    for text in [armored.clone(), armored.replace('\n', "\r\n"), format!("\n{armored}\n")] {
        let file = parse(text.as_bytes()).expect("armoured");
        assert_eq!(file.bytes(), text.as_bytes());
        assert_eq!(file.armored(), first.armored());
    }
    assert_eq!(parse(first.armored().as_bytes()).expect("our own").armored(), first.armored());
}

#[test]
fn the_checksum_of_an_armour_does_not_matter() {
    let armored = armored(&file(&Person::new().signature(0, |b| b)));
    let at = armored.find("\n=").expect("a checksum") + 2;
    let mut wrong = armored.clone();
    wrong.replace_range(at..at + 4, if armored[at..].starts_with("AAAA") { "BBBB" } else { "AAAA" });
    assert_ne!(wrong, armored);
    assert_eq!(code(wrong.as_bytes()), Ok(()));
}

#[test]
fn what_gnupg_made_is_read_and_printed_again() {
    let made = include_str!("../../../tests/data/rsa-5120/message.asc");
    let at = made.find("\n=").expect("a checksum") + 2;
    let wrong = format!("{}AAAA{}", &made[..at], &made[at + 4..]);
    assert_ne!(wrong, made);
    let (made, wrong) = (parse(made.as_bytes()).expect("as made"), parse(wrong.as_bytes()).expect("another checksum"));
    assert_eq!(made.armored(), wrong.armored());
    let block = armor::decode(made.bytes()).expect("armour");
    let body = packets::first(&block.data).expect("a packet").0.body;
    assert_eq!(packets::first(&made.packet).expect("a packet").0.body, body, "not a byte of it differs");
}

#[test]
fn files_over_the_limit_are_not_read() {
    let limits = Limits::default();
    let bytes = vec![0; limits.signature as usize + 1];
    assert_eq!(SignatureFile::parse(&bytes, &limits).map_err(|fault| fault.code()).err(), Some(Code::LimitSignature));
    assert_eq!(code(&bytes[1..]), Err(Code::SignaturePacketCount));
}

#[test]
fn there_must_be_one_packet() {
    let one = Person::new();
    let (first, second) = (file(&one.signature(0, |b| b)), file(&one.signature(0, |b| b)));
    assert_eq!(code(&first), Ok(()));
    assert_eq!(code(b""), Err(Code::SignaturePacketCount));
    assert_eq!(code(b" \n"), Err(Code::SignaturePacketCount));
    assert_eq!(code(b"no signature"), Err(Code::SignaturePacketCount));
    assert_eq!(code(&first[..first.len() - 1]), Err(Code::SignaturePacketCount));
    assert_eq!(code(&[first.clone(), second.clone()].concat()), Err(Code::SignaturePacketCount));
    assert_eq!(code(&[first.clone(), first.clone()].concat()), Err(Code::SignaturePacketCount));
    assert_eq!(code(armored(&[first.clone(), first].concat()).as_bytes()), Err(Code::SignaturePacketCount));
    assert_eq!(code(&packet(Marker::default())), Err(Code::SignaturePacketCount));
}

#[test]
fn there_must_be_nothing_around_the_packet() {
    let good = file(&Person::new().signature(0, |b| b));
    let marker = packet(Marker::default());
    let padding = packet(Padding::new(9).expect("padding"));
    for around in [&b"\n"[..], b"text", &marker, &padding] {
        assert_eq!(code(&[around, &good].concat()), Err(Code::SignatureTrailing), "before: {around:?}");
        assert_eq!(code(&[&good, around].concat()), Err(Code::SignatureTrailing), "after: {around:?}");
    }
    assert_eq!(code(armored(&[&good[..], &marker].concat()).as_bytes()), Err(Code::SignatureTrailing));
}

#[test]
fn the_armour_must_be_one_clean_signature_block() {
    let good = armored(&file(&Person::new().signature(0, |b| b)));
    for bad in [
        format!("{good}{good}"),
        format!("Signed, x\n{good}"),
        format!("{good}Bye, x\n"),
        good.replace("SIGNATURE", "MESSAGE"),
        good.replace("SIGNATURE", "PUBLIC KEY BLOCK"),
        good.replace("-----END", "----END"),
        good.replacen("\n\n", "\n\n!", 1),
    ] {
        assert_eq!(code(bad.as_bytes()), Err(Code::SignatureArmored), "{bad}");
    }
    assert_eq!(code(good.as_bytes()), Ok(()));
}

#[test]
fn cleartext_signatures_are_not_detached() {
    let good = armored(&file(&Person::new().signature(0, |b| b)));
    let text = format!("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n- text\n{good}");
    assert_eq!(code(text.as_bytes()), Err(Code::SignatureCleartext));
    assert_eq!(code(format!("Hello\n{text}").as_bytes()), Err(Code::SignatureCleartext));
}

#[test]
fn compressed_data_is_never_unpacked() {
    let good = file(&Person::new().signature(0, |b| b));
    // Algorithm 0 is no compression at all, so the packet within lies there in the open.
    let inner = [&[0][..], &good].concat();
    let mut bytes = Vec::new();
    packets::write(tag::COMPRESSED, &inner, &mut bytes);
    assert_eq!(code(&bytes), Err(Code::SignatureCompressed));
    assert_eq!(code(&[&[0xa3][..], &inner].concat()), Err(Code::SignatureCompressed));
    assert_eq!(code(&[good, bytes].concat()), Err(Code::SignatureCompressed));
}

#[test]
fn other_packets_are_named() {
    let one = Person::new();
    let good = file(&one.signature(0, |b| b));
    let mut literal = Literal::new(DataFormat::Binary);
    literal.set_body(b"text".to_vec());
    let literal = packet(literal);
    assert_eq!(code(&literal), Err(Code::SignaturePacketKind));
    assert_eq!(code(&[literal, good.clone()].concat()), Err(Code::SignaturePacketKind));
    assert_eq!(code(&[good, one.public()].concat()), Err(Code::SignaturePacketKind));
    assert_eq!(code(&[0xd2, 1, 1]), Err(Code::SignaturePacketKind), "encrypted");
    assert_eq!(code(&[0xc4, 1, 3]), Err(Code::SignaturePacketKind), "one-pass");
}

#[test]
fn only_signatures_over_binary_documents_count() {
    assert_eq!(code(&changed(|body| body[1] = 0x01)), Err(Code::SignatureTextMode));
    for kind in [0x02, 0x10, 0x13, 0x18, 0x1f, 0x20, 0x40, 0x50, 0x77] {
        assert_eq!(code(&changed(|body| body[1] = kind)), Err(Code::SignatureType), "{kind:#x}");
    }
    assert_eq!(code(&changed(|body| body[1] = 0x00)), Ok(()));
}

#[test]
fn only_versions_4_and_6_count() {
    for version in [0, 2, 3, 5, 7] {
        assert_eq!(code(&changed(|body| body[0] = version)), Err(Code::SignatureVersion), "{version}");
    }
    let three = [3, 5, 0, 0, 0, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8, 1, 8, 0, 0, 0, 1, 1];
    let mut bytes = Vec::new();
    packets::write(tag::SIGNATURE, &three, &mut bytes);
    assert_eq!(code(&bytes), Err(Code::SignatureVersion));
}

#[test]
fn only_strong_hashes_count() {
    // MD5, SHA-1, RIPEMD-160, SHA-224 and one that nobody knows.
    for hash in [1, 2, 3, 11, 99] {
        assert_eq!(code(&changed(|body| body[3] = hash)), Err(Code::SignatureWeakHash), "{hash}");
    }
    for hash in [8, 9, 10, 12, 14] {
        assert_eq!(code(&changed(|body| body[3] = hash)), Ok(()), "{hash}");
    }
    let weak = Person::new().signature(0, |b| b.set_hash_algo(HashAlgorithm::SHA1));
    assert_eq!(code(&file(&weak)), Err(Code::SignatureWeakHash));
}

#[test]
fn critical_parts_must_have_a_meaning() {
    let one = Person::new();
    let signed = |how: fn(SignatureBuilder) -> sequoia_openpgp::Result<SignatureBuilder>| {
        code(&file(&one.signature(0, |b| how(b).expect("a subpacket"))))
    };
    let unknown = Err(Code::SignatureCriticalUnknown);
    assert_eq!(signed(|b| b.add_notation("a@example.org", b"x", NotationDataFlags::empty(), false)), Ok(()));
    assert_eq!(signed(|b| b.add_notation("a@example.org", b"x", NotationDataFlags::empty(), true)), unknown);
    assert_eq!(signed(|b| b.add_notation("role@countersign.dev", b"author", None, true)), unknown);
    fn private(critical: bool) -> Subpacket {
        let value = SubpacketValue::Unknown { tag: SubpacketTag::Private(100), body: vec![1] };
        Subpacket::new(value, critical).expect("a subpacket")
    }
    fn regex(critical: bool) -> Subpacket {
        Subpacket::new(SubpacketValue::RegularExpression(b"x".to_vec()), critical).expect("a subpacket")
    }
    assert_eq!(signed(|b| b.modify_hashed_area(|mut a| a.add(private(false)).map(|()| a))), Ok(()));
    assert_eq!(signed(|b| b.modify_hashed_area(|mut a| a.add(private(true)).map(|()| a))), unknown);
    assert_eq!(signed(|b| b.modify_unhashed_area(|mut a| a.add(private(false)).map(|()| a))), Ok(()));
    assert_eq!(signed(|b| b.modify_unhashed_area(|mut a| a.add(private(true)).map(|()| a))), unknown);
    assert_eq!(signed(|b| b.modify_hashed_area(|mut a| a.add(regex(false)).map(|()| a))), Ok(()));
    assert_eq!(signed(|b| b.modify_hashed_area(|mut a| a.add(regex(true)).map(|()| a))), unknown);
    assert_eq!(code(&retyped(2, 0x82)), Ok(()), "a critical date is usual");
}

#[test]
fn a_time_and_an_issuer_are_needed() {
    assert_eq!(code(&retyped(2, 100)), Err(Code::SignatureTime));
    let without_fingerprint = retyped(33, 100);
    let mut body = packets::first(&without_fingerprint).expect("a packet").0.body.to_vec();
    assert!(packets::SignatureHints::of(&body).is_some_and(|hints| hints.issuers.len() == 1));
    let at = body.windows(2).position(|pair| pair == [9, 16]).expect("an issuer");
    body[at + 1] = 101;
    let mut bytes = Vec::new();
    packets::write(tag::SIGNATURE, &body, &mut bytes);
    assert_eq!(code(&without_fingerprint), Ok(()));
    assert_eq!(code(&bytes), Err(Code::SignatureNoIssuer));
}

#[test]
fn damage_within_the_packet_is_a_bad_signature() {
    assert_eq!(code(&changed(|body| body.truncate(20))), Err(Code::SignatureBad));
}

#[test]
fn version_6_works_throughout() {
    let one = Person::made(|builder| builder.set_profile(sequoia_openpgp::Profile::RFC9580).expect("a profile"));
    let signature = one.sign();
    let good = super::super::check::check(&signature, super::super::testing::MESSAGE, &[&one.certificate()], &TIMES);
    assert_eq!(good.map(|good| good.certificate().as_str().len()), Ok(64));
}
