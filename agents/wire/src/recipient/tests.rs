//! What is refused, and by which name. Agreement with another implementation
//! is in `tests/recipient.rs`.

use RecipientError::*;
use base64::engine::general_purpose::STANDARD;

use super::*;

const V3: &[u8] = &[3, 1, 2, 3, 4, 5, 6, 7, 8, 25, 0xaa, 0xbb];
const SEIPD: &[u8] = &[0xd2, 3, 2, 9, 2];

/// A packet with a one-octet length.
fn packet_of(tag: u8, body: &[u8]) -> Vec<u8> {
    [&[0xc0 | tag, body.len() as u8], body].concat()
}

fn v6(recipient: &[u8]) -> Vec<u8> {
    [&[6], recipient, &[25, 1, 2, 3]].concat()
}

/// A message to the key packet `pkesk`.
fn message(pkesk: &[u8]) -> Vec<u8> {
    [packet_of(1, pkesk), SEIPD.to_vec()].concat()
}

/// One key packet and what follows it.
fn followed_by(rest: &[u8]) -> Vec<u8> {
    [packet_of(1, V3), rest.to_vec()].concat()
}

fn armor_of(headers: &str, message: &[u8]) -> String {
    let text = STANDARD.encode(message);
    format!("-----BEGIN PGP MESSAGE-----\n{headers}{text}\n-----END PGP MESSAGE-----\n")
}

#[test]
fn the_three_forms_of_a_recipient_are_read() {
    let v4_name = [&[21, 4][..], &[0x44; 20]].concat();
    let v6_name = [&[33, 6][..], &[0x66; 32]].concat();
    let key_id = Handle::KeyId([1, 2, 3, 4, 5, 6, 7, 8]);
    for (body, handle) in [
        (V3.to_vec(), key_id),
        (v6(&v4_name), Handle::V4([0x44; 20])),
        (v6(&v6_name), Handle::V6([0x66; 32])),
    ] {
        assert_eq!(recipient(&message(&body)), Ok(handle));
        let text = armor_of("\n", &message(&body));
        assert_eq!(recipient(text.as_bytes()), Ok(handle));
    }
}

#[test]
fn lengths_are_read_in_every_form() {
    let long = [V3, &[0; 200]].concat();
    let len = long.len();
    let headers: [&[u8]; 5] = [
        &[0xc1, 192, (len - 192) as u8],
        &[0xc1, 0xff, 0, 0, 0, len as u8],
        &[0x84, len as u8],
        &[0x85, 0, len as u8],
        &[0x86, 0, 0, 0, len as u8],
    ];
    for header in headers {
        for container in [&[0xd2, 1, 1][..], &[0xd2, 192, 8, 1], &[0xd2, 0xe9, 1], SEIPD] {
            let message = [header, &long, container].concat();
            assert_eq!(recipient(&message), Ok(Handle::KeyId([1, 2, 3, 4, 5, 6, 7, 8])));
        }
    }
}

#[test]
fn recipients_that_are_none_are_refused() {
    let short_v6 = [&[33, 6][..], &[0x66; 20]].concat();
    let cases: [(Vec<u8>, RecipientError); 11] = [
        ([&[3], &[0; 8][..], &[25]].concat(), Wildcard),
        (v6(&[0]), Wildcard),
        (vec![], Length { packet: 1, found: 0 }),
        (vec![3], Length { packet: 1, found: 1 }),
        (vec![3, 1, 2, 3, 4, 5, 6, 7], Length { packet: 1, found: 8 }),
        (vec![6], Length { packet: 1, found: 1 }),
        (vec![6, 33], Length { packet: 1, found: 2 }),
        (v6(&short_v6), Length { packet: 1, found: 27 }),
        (v6(&[&[33, 4][..], &[1; 32]].concat()), Fingerprint { version: 4, found: 33 }),
        (v6(&[&[21, 6][..], &[1; 20]].concat()), Fingerprint { version: 6, found: 21 }),
        (v6(&[&[33, 5][..], &[1; 32]].concat()), Fingerprint { version: 5, found: 33 }),
    ];
    for (body, error) in cases {
        assert_eq!(recipient(&message(&body)), Err(error), "{body:02x?}");
    }
    for found in (0..=255).filter(|version| ![3, 6].contains(version)) {
        let body = [&[found], &V3[1..]].concat();
        assert_eq!(recipient(&message(&body)), Err(Version { packet: 1, found }));
    }
}

#[test]
fn key_packets_of_odd_lengths_are_refused() {
    let max = PKESK_BYTES_MAX;
    for (header, error) in [
        (vec![0xc1, 192, (max + 1 - 192) as u8], Length { packet: 1, found: max + 1 }),
        (vec![0xc1, 0xff, 0xff, 0xff, 0xff, 0xff], Length { packet: 1, found: 0xffff_ffff }),
        (vec![0x86, 0x80, 0, 0, 0], Length { packet: 1, found: 0x8000_0000 }),
        (vec![0xc1, 0xe0], IndefiniteLength),
        (vec![0xc1, 0xe9], IndefiniteLength),
        (vec![0x87], IndefiniteLength),
    ] {
        let message = [&header[..], &[3; 600], SEIPD].concat();
        assert_eq!(recipient(&message), Err(error), "{header:02x?}");
    }
    let longest = [&[0xc1, 192, (max - 192) as u8], V3, &vec![0; max - V3.len()], SEIPD].concat();
    assert!(recipient(&longest).is_ok());
}

#[test]
fn what_follows_the_key_packet_is_one_container() {
    let cases: [(&[u8], RecipientError); 9] = [
        (&packet_of(1, V3), SeveralRecipients),
        // A password beside the key.
        (&[0xc3, 4, 4, 9, 0, 8], UnexpectedPacket { expected: 18, found: 3 }),
        (&[0xc9, 4, 1, 2, 3, 4], UnexpectedPacket { expected: 18, found: 9 }),
        (&[0xa4, 4, 1, 2, 3, 4], UnexpectedPacket { expected: 18, found: 9 }),
        (&[0xca, 3, b'P', b'G', b'P'], UnexpectedPacket { expected: 18, found: 10 }),
        (&[0xcb, 7, b'b', 0, 0, 0, 0, 0, b'x'], UnexpectedPacket { expected: 18, found: 11 }),
        (&[0xd4, 4, 1, 9, 2, 16], UnexpectedPacket { expected: 18, found: 20 }),
        (&[0xd2, 0, 1], Length { packet: 18, found: 0 }),
        (&[0x12, 1, 1], NotOpenPgp { found: 0x12 }),
    ];
    for (rest, error) in cases {
        assert_eq!(recipient(&followed_by(rest)), Err(error), "{rest:02x?}");
    }
    for found in (0..=255).filter(|version| ![1, 2].contains(version)) {
        let error = Version { packet: 18, found };
        assert_eq!(recipient(&followed_by(&[0xd2, 4, found, 0, 0, 0])), Err(error));
    }
}

#[test]
fn what_starts_otherwise_is_refused() {
    for (start, found) in [(0x8c_u8, 3), (0xc2, 2), (0xca, 10), (0xcb, 11), (0xd2, 18), (0xc0, 0)] {
        let message = [&[start, 12], V3, SEIPD].concat();
        assert_eq!(recipient(&message), Err(UnexpectedPacket { expected: 1, found }));
    }
    for found in [0, 1, b'G', b'{', 0x7f] {
        assert_eq!(recipient(&[found, 1, 2]), Err(NotOpenPgp { found }));
    }
    assert_eq!(recipient(b""), Err(Truncated { found: 0 }));
}

#[test]
fn armor_that_is_none_is_refused() {
    let good = message(V3);
    let text = STANDARD.encode(&good);
    let begin = "-----BEGIN PGP MESSAGE-----";
    let long = "x".repeat(ARMOR_HEADER_BYTES_MAX);
    let many = "Comment: again\n".repeat(40);
    let other = "it does not begin as a PGP message";
    for (armor, reason) in [
        (format!("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n{text}\n"), other),
        (format!("-----BEGIN PGP MESSAGE, PART 1/2-----\n\n{text}\n"), other),
        (format!("- hello\n\n{text}\n"), other),
        (" \u{c1}".into(), other),
        (format!("{begin} and more\n\n{text}\n"), "text after its first line"),
        (format!("{begin}{text}\n"), "text after its first line"),
        (armor_of("", &good), "no blank line after its headers"),
        (armor_of("Comment: x\n", &good), "no blank line after its headers"),
        (armor_of(&format!("Comment: {long}\n\n"), &good), "its headers are too long"),
        (armor_of(&format!("{many}\n"), &good), "its headers are too long"),
        (format!("{begin}\nComment: {long}"), "its headers are too long"),
        (format!("{begin}\n\n!{text}\n"), "a character is not base64"),
        (format!("{begin}\n\n{}-{}\n", "\u{e9}\u{e9}", &text[4..]), "a character is not base64"),
        (format!("{}{begin}\n\n{text}\n", " ".repeat(1100)), "its recipient comes too late"),
        (format!("{begin}\n\n{}{text}\n", "\n".repeat(1100)), "its recipient comes too late"),
    ] {
        assert_eq!(recipient(armor.as_bytes()), Err(Armor(reason)), "{armor}");
    }
    for armor in [format!("{begin}\n\n"), format!("{begin}\n\n=abcd\n-----END"), begin.into()] {
        let found = armor.len();
        assert_eq!(recipient(armor.as_bytes()), Err(Truncated { found }), "{armor}");
    }
}

#[test]
fn a_long_start_leaves_room_for_the_longest_recipient() {
    let header = format!("Comment: {}\r\n\r\n", "x".repeat(ARMOR_HEADER_BYTES_MAX - 15));
    let pkesk = [V3, &[0; PKESK_BYTES_MAX - V3.len()]].concat();
    let mut packets = vec![0x86, 0, 0, 1, 0];
    packets.extend_from_slice(&pkesk);
    packets.extend_from_slice(&[0xd2, 0xff, 0, 0, 8, 0, 1]);
    packets.resize(2000, 0);
    let lines: String = STANDARD
        .encode(&packets)
        .as_bytes()
        .chunks(64)
        .map(|line| format!("{}\r\n", std::str::from_utf8(line).unwrap()))
        .collect();
    let armor = format!("-----BEGIN PGP MESSAGE-----\r\n{header}{lines}");
    assert_eq!(recipient(armor.as_bytes()), Ok(Handle::KeyId([1, 2, 3, 4, 5, 6, 7, 8])));
}

#[test]
fn a_name_means_a_key_by_its_fingerprint_or_its_key_id() {
    let mut v4 = [0; 20];
    v4[12..].copy_from_slice(&[1; 8]);
    let mut v6 = [0; 32];
    v6[..8].copy_from_slice(&[1; 8]);
    let id = Handle::KeyId([1; 8]);
    for whole in [openpgp::Handle::V4(v4), openpgp::Handle::V6(v6)].map(Handle::from) {
        assert!(id.names(&whole) && whole.names(&whole));
        assert_eq!(whole.key_id(), [1; 8]);
        assert!(!Handle::KeyId([2; 8]).names(&whole));
    }
    assert!(!Handle::V4(v4).names(&Handle::V6(v6)));
}
