//! The recipient parser agrees with sequoia-openpgp on every message that
//! anybody would send, however it is framed and armored.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop where it stands"
)]

use std::{io::Write, sync::LazyLock};

use conet_wire::{
    openpgp::{Handle as Whole, Identity, PublicCertificate, WalletSecret, seal, seal_exact},
    recipient::{HEAD_BYTES, Handle, RecipientError, recipient},
    sizes::{WIRE_SIZES, n2_len},
};
use proptest::prelude::*;
use sequoia_openpgp::{
    Cert, Fingerprint, KeyHandle, Packet,
    armor::{Kind, Writer},
    crypto::SessionKey,
    packet::{
        Key,
        key::{PublicParts, UnspecifiedRole},
        pkesk::{PKESK3, PKESK6},
    },
    parse::{Dearmor, PacketParserBuilder, PacketParserResult, Parse},
    serialize::{
        MarshalInto,
        stream::{Encryptor, LiteralWriter, Message},
    },
    types::{AEADAlgorithm, SymmetricAlgorithm},
};

const AES256: SymmetricAlgorithm = SymmetricAlgorithm::AES256;

struct Recipient {
    identity: Identity,
    /// The v6 and the v4 encryption subkey.
    keys: [Key<PublicParts, UnspecifiedRole>; 2],
}

static RECIPIENTS: LazyLock<Vec<Recipient>> = LazyLock::new(|| {
    let recipient = |byte| {
        let identity = Identity::derive(&WalletSecret::from_bytes(&[byte; 32]).unwrap()).unwrap();
        let subkey = |certificate| {
            let cert = Cert::from_bytes(certificate).unwrap();
            cert.keys().subkeys().next().unwrap().key().clone().role_into_unspecified()
        };
        let keys = [subkey(identity.certificate()), subkey(identity.certificate_v4())];
        Recipient { identity, keys }
    };
    (1..5).map(recipient).collect()
});

/// How a packet's length is written.
#[derive(Debug, Clone, Copy)]
enum Framing {
    Old(u8),
    /// One or two octets, whichever takes this length.
    New,
    NewFive,
    Partial(u8),
}

impl Framing {
    fn packet(self, tag: u8, body: &[u8]) -> Vec<u8> {
        let len = body.len();
        let five = u32::try_from(len).unwrap().to_be_bytes();
        let mut bytes = match self {
            Self::Old(kind) => vec![0x80 | tag << 2 | kind],
            _ => vec![0xc0 | tag],
        };
        match self {
            Self::Old(0) => bytes.push(u8::try_from(len).unwrap()),
            Self::Old(1) => bytes.extend_from_slice(&five[2..]),
            Self::Old(_) => bytes.extend_from_slice(&five),
            Self::New if len < 192 => bytes.push(len as u8),
            Self::New if len < 8384 => {
                bytes.extend_from_slice(&[((len - 192) / 256 + 192) as u8, (len - 192) as u8]);
            }
            Self::New | Self::NewFive => bytes.extend_from_slice(&[&[0xff], &five[..]].concat()),
            Self::Partial(power) => {
                let mut rest = body;
                while rest.len() >= 1 << power {
                    let (part, after) = rest.split_at(1 << power);
                    bytes.push(0xe0 | power);
                    bytes.extend_from_slice(part);
                    rest = after;
                }
                bytes.extend_from_slice(&[0xff]);
                bytes.extend_from_slice(&u32::try_from(rest.len()).unwrap().to_be_bytes());
                bytes.extend_from_slice(rest);
                return bytes;
            }
        }
        bytes.extend_from_slice(body);
        bytes
    }
}

fn framings(partial: bool) -> impl Strategy<Value = Framing> {
    // Old framing has no room for the type of an encrypted container, and key
    // packets have one length.
    match partial {
        true => prop_oneof![
            Just(Framing::New),
            Just(Framing::NewFive),
            (9_u8..14).prop_map(Framing::Partial)
        ]
        .boxed(),
        false => prop_oneof![
            Just(Framing::New),
            Just(Framing::NewFive),
            (0_u8..3).prop_map(Framing::Old)
        ]
        .boxed(),
    }
}

/// The body of a packet that the library wrote in parts or in one piece.
fn body(bytes: &[u8]) -> Vec<u8> {
    let (mut rest, mut body) = (&bytes[1..], Vec::new());
    loop {
        let (len, header, last) = match rest[0] {
            len @ 0..192 => (usize::from(len), 1, true),
            high @ 192..224 => {
                (usize::from(high - 192) * 256 + usize::from(rest[1]) + 192, 2, true)
            }
            power @ 224..255 => (1 << (power & 0x1f), 1, false),
            255 => (u32::from_be_bytes(rest[1..5].try_into().unwrap()) as usize, 5, true),
        };
        body.extend_from_slice(&rest[header..header + len]);
        rest = &rest[header + len..];
        if last {
            return body;
        }
    }
}

/// The bodies of key packet and container. RFC 9580 pairs versions 3 and 1, and 6 and 2.
fn bodies(key: &Key<PublicParts, UnspecifiedRole>, version: u8, len: usize) -> [Vec<u8>; 2] {
    let session_key = SessionKey::new(32).unwrap();
    let key_packet = match version {
        6 => PKESK6::for_recipient(&session_key, key).unwrap().to_vec(),
        _ => PKESK3::for_recipient(AES256, &session_key, key).unwrap().to_vec(),
    };
    let mut container = Vec::new();
    let mut encryptor =
        Encryptor::with_session_key(Message::new(&mut container), AES256, session_key).unwrap();
    if version == 6 {
        encryptor = encryptor.aead_algo(AEADAlgorithm::OCB);
    }
    let mut literal = LiteralWriter::new(encryptor.build().unwrap()).build().unwrap();
    literal.write_all(&vec![b'x'; len]).unwrap();
    literal.finalize().unwrap();
    [key_packet.unwrap(), body(&container)]
}

fn armored(message: &[u8], headers: &[(String, String)], crlf: bool) -> Vec<u8> {
    let mut writer =
        Writer::with_headers(Vec::new(), Kind::Message, headers.iter().cloned()).unwrap();
    writer.write_all(message).unwrap();
    let armored = String::from_utf8(writer.finalize().unwrap()).unwrap();
    if crlf { armored.replace('\n', "\r\n").into_bytes() } else { armored.into_bytes() }
}

/// What the library reads, which has to see the whole message.
fn by_library(message: &[u8]) -> Handle {
    let builder = PacketParserBuilder::from_bytes(message).unwrap();
    let parsed = builder.dearmor(Dearmor::Auto(Default::default())).build().unwrap();
    let PacketParserResult::Some(parser) = parsed else { panic!("no packet") };
    let (Packet::PKESK(key_packet), PacketParserResult::Some(parser)) = parser.next().unwrap()
    else {
        panic!("expected a key packet and another one");
    };
    assert!(matches!(parser.packet, Packet::SEIP(_)));
    match key_packet.recipient().unwrap() {
        KeyHandle::KeyID(id) => Handle::KeyId(id.as_bytes().try_into().unwrap()),
        KeyHandle::Fingerprint(Fingerprint::V4(fingerprint)) => Handle::V4(fingerprint),
        KeyHandle::Fingerprint(Fingerprint::V6(fingerprint)) => Handle::V6(fingerprint),
        KeyHandle::Fingerprint(other) => panic!("{other:?}"),
    }
}

/// Both read the same key, from the whole and from the first bytes.
fn assert_agreement(message: &[u8], to: &Recipient, v4: bool) {
    let read = recipient(message).unwrap();
    assert_eq!(read, by_library(message));
    let head = message.get(..HEAD_BYTES).unwrap_or(message);
    assert_eq!(recipient(head).unwrap(), read);
    let own: Handle = match v4 {
        true => Whole::V4(to.identity.handle_v4()).into(),
        false => Whole::V6(to.identity.handle()).into(),
    };
    assert!(read.names(&own));
    assert_eq!(read.key_id(), own.key_id());
}

#[derive(Debug, Clone)]
struct Armor {
    headers: Vec<(String, String)>,
    crlf: bool,
    before: String,
}

fn armor() -> impl Strategy<Value = Armor> {
    let headers = prop::collection::vec(("[A-Z][a-z]{1,9}", "[ -~]{0,60}"), 0..5);
    (headers, any::<bool>(), "( {0,3}\r?\n){0,3}").prop_map(|(headers, crlf, before)| Armor {
        headers,
        crlf,
        before,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(384))]

    #[test]
    fn it_agrees_with_the_library(
        index in 0..4_usize,
        v4: bool,
        version in prop_oneof![Just(3_u8), Just(6)],
        len in prop_oneof![0..300_usize, 0..20_000_usize],
        key_framing in framings(false),
        container_framing in framings(true),
        armor in prop::option::of(armor()),
    ) {
        let to = &RECIPIENTS[index];
        let [key_packet, container] = bodies(&to.keys[usize::from(v4)], version, len);
        let packets =
            [key_framing.packet(1, &key_packet), container_framing.packet(18, &container)];
        let message = match armor {
            None => packets.concat(),
            Some(Armor { headers, crlf, before }) => {
                let text = armored(&packets.concat(), &headers, crlf);
                [before.as_bytes(), &text].concat()
            }
        };
        assert_agreement(&message, to, v4);
    }

    #[test]
    fn it_never_panics_and_never_looks_past_the_head(
        bytes in prop::collection::vec(any::<u8>(), 0..1600),
        first in prop::option::of(prop::sample::select(vec![0xc1_u8, 0x84, 0x85, 0x86, b'\n'])),
    ) {
        let message = first.into_iter().chain(bytes).collect::<Vec<u8>>();
        let head = message.get(..HEAD_BYTES).unwrap_or(&message);
        prop_assert_eq!(recipient(&message), recipient(head));
    }

    #[test]
    fn spoiled_messages_give_the_same_answer_from_their_head(
        armor in prop::option::of(armor()),
        spoils in prop::collection::vec((0..1200_usize, any::<u8>()), 1..4),
        blanks in prop::option::of((0..400_usize, 0..1500_usize)),
    ) {
        let [key_packet, container] = bodies(&RECIPIENTS[0].keys[0], 6, 1000);
        let packets =
            [Framing::New.packet(1, &key_packet), Framing::New.packet(18, &container)].concat();
        let mut message = match armor {
            None => packets,
            Some(Armor { headers, crlf, .. }) => armored(&packets, &headers, crlf),
        };
        for (place, byte) in spoils {
            let place = place % message.len();
            message[place] = byte;
        }
        if let Some((place, count)) = blanks {
            message.splice(place..place, vec![b'\n'; count]);
        }
        prop_assert_eq!(recipient(&message), recipient(&message[..HEAD_BYTES]));
    }
}

#[test]
fn our_own_messages_name_their_recipient() {
    let to = &RECIPIENTS[0];
    let (wallet, now) = (to.identity.wallet(), 1_800_000_000);
    let v6 = Whole::V6(to.identity.handle());
    let v6 = PublicCertificate::parse(to.identity.certificate(), wallet, v6, now).unwrap();
    let v4 = Whole::V4(to.identity.handle_v4());
    let v4 = PublicCertificate::parse(to.identity.certificate_v4(), wallet, v4, now).unwrap();
    for wire in WIRE_SIZES {
        assert_agreement(&seal_exact(b"text", n2_len(wire), &v6).unwrap(), to, false);
    }
    for len in [0, 100, 8000, 100_000] {
        assert_agreement(&seal(&vec![0; len], &v6).unwrap(), to, false);
        assert_agreement(&seal(&vec![0; len], &v4).unwrap(), to, true);
    }
}

#[test]
fn every_cut_before_the_answer_is_a_truncation() {
    let to = &RECIPIENTS[0];
    for (v4, version) in [(false, 3), (false, 6), (true, 3), (true, 6)] {
        let [key_packet, container] = bodies(&to.keys[usize::from(v4)], version, 100);
        let packets =
            [Framing::NewFive.packet(1, &key_packet), Framing::NewFive.packet(18, &container)];
        let message = packets.concat();
        // Up to and including the version of the container.
        let needed = packets[0].len() + 6 + 1;
        for cut in 0..needed {
            let found = recipient(&message[..cut]);
            assert_eq!(found, Err(RecipientError::Truncated { found: cut }));
        }
        assert!(recipient(&message[..needed]).is_ok());

        let headers = [("Comment".to_owned(), "a word".to_owned())];
        let text = armored(&message, &headers, true);
        let first_ok = (0..text.len()).find(|cut| recipient(&text[..*cut]).is_ok()).unwrap();
        for cut in 0..first_ok {
            let found = recipient(&text[..cut]);
            assert_eq!(found, Err(RecipientError::Truncated { found: cut }), "{cut}");
        }
        assert!((first_ok..text.len()).all(|cut| recipient(&text[..cut]).is_ok()));
    }
}
