//! Messages that other programs make, built with the library's own writers.

use std::io::Write;

use super::*;
use sequoia_openpgp::{
    armor::{Kind, Writer as Armor},
    crypto::SessionKey,
    packet::{
        Key, Packet,
        key::{Key6, PrimaryRole, SecretParts, UnspecifiedRole},
        pkesk::{PKESK3, PKESK6},
    },
    parse::{PacketParser, PacketParserResult, Parse},
    serialize::{
        Serialize,
        stream::{Compressor, Encryptor, LiteralWriter, Message, Signer},
    },
    types::{AEADAlgorithm, CompressionAlgorithm, SymmetricAlgorithm},
};

const AES256: SymmetricAlgorithm = SymmetricAlgorithm::AES256;
const TEXT: &[u8] = b"from somebody else's program";

fn limits() -> OpenLimits {
    OpenLimits { plaintext_bytes_max: 1 << 20, ..OpenLimits::default() }
}

/// Key packets of the given version for each recipient, then the container.
fn sealed(version: u8, to: &[&PublicCertificate], content: impl FnOnce(Message<'_>)) -> Vec<u8> {
    let session_key = SessionKey::new(32).unwrap();
    let mut bytes = Vec::new();
    for to in to {
        let packet: Packet = match version {
            6 => PKESK6::for_recipient(&session_key, to.key()).unwrap().into(),
            _ => PKESK3::for_recipient(AES256, &session_key, to.key()).unwrap().into(),
        };
        packet.serialize(&mut bytes).unwrap();
    }
    container(version, session_key, &mut bytes, content);
    bytes
}

fn container(
    version: u8,
    session_key: SessionKey,
    bytes: &mut Vec<u8>,
    content: impl FnOnce(Message<'_>),
) {
    let mut encryptor =
        Encryptor::with_session_key(Message::new(bytes), AES256, session_key).unwrap();
    if version == 6 {
        encryptor = encryptor.aead_algo(AEADAlgorithm::OCB);
    }
    content(encryptor.build().unwrap());
}

fn literal(message: Message<'_>, text: &[u8]) {
    let mut literal = LiteralWriter::new(message).build().unwrap();
    literal.write_all(text).unwrap();
    literal.finalize().unwrap();
}

fn compressed<'a>(message: Message<'a>) -> Message<'a> {
    Compressor::new(message).algo(CompressionAlgorithm::Zip).build().unwrap()
}

fn opened(message: &[u8]) -> Result<Opened, OpenError> {
    open(message, &identity().decryptor(), limits())
}

#[test]
fn key_packets_of_both_versions_to_keys_of_both_versions_open() {
    let identity = identity();
    for to in [public(&identity), public_v4(&identity)] {
        for version in [3, 6] {
            let text = vec![b'x'; 20_000];
            let message = sealed(version, &[&to], |message| literal(message, &text));
            assert_eq!(*opened(&message).unwrap().plaintext, text);
        }
    }
}

#[test]
fn compressed_and_signed_messages_open_and_the_signature_counts_for_nothing() {
    let to = public(&identity());
    let message = sealed(6, &[&to], |message| {
        let primary: Key<SecretParts, PrimaryRole> = Key6::generate_ed25519().unwrap().into();
        let signer = Signer::new(compressed(message), primary.into_keypair().unwrap()).unwrap();
        literal(signer.build().unwrap(), TEXT);
    });
    assert_eq!(*opened(&message).unwrap().plaintext, TEXT);
}

#[test]
fn armored_messages_open() {
    let to = public(&identity());
    let message = sealed(6, &[&to], |message| literal(message, &[b'x'; 5000]));
    let mut armor = Armor::new(Vec::new(), Kind::Message).unwrap();
    armor.write_all(&message).unwrap();
    let armored = armor.finalize().unwrap();
    assert_eq!(*opened(&armored).unwrap().plaintext, [b'x'; 5000]);
    let crlf = String::from_utf8(armored.clone()).unwrap().replace('\n', "\r\n");
    assert!(opened(format!("\r\n{crlf}").as_bytes()).is_ok());

    for change in [b'!', b'A'] {
        let mut changed = armored.clone();
        changed[200] = if changed[200] == change { b'B' } else { change };
        assert!(opened(&changed).is_err());
    }
    let cut = &armored[..armored.len() / 2];
    assert!(opened(cut).is_err());
}

#[test]
fn other_programs_open_ours() {
    let secret = secret().derive("v6/encryption").unwrap();
    let created = std::time::UNIX_EPOCH + std::time::Duration::from_secs(EPOCH_ZERO_TIME);
    let key: Key<SecretParts, UnspecifiedRole> =
        Key6::import_secret_x25519(&*secret, created).unwrap().into();
    let mut pair = key.into_keypair().unwrap();
    for len in [0, 1, 5000, 300_000] {
        let text = vec![b'y'; len];
        let message = seal(&text, &public(&identity())).unwrap();
        let PacketParserResult::Some(parser) = PacketParser::from_bytes(&message).unwrap() else {
            panic!("expected a packet");
        };
        let (Packet::PKESK(key_packet), PacketParserResult::Some(mut parser)) =
            parser.next().unwrap()
        else {
            panic!("expected a key packet and another one");
        };
        let (algorithm, session_key) = key_packet.decrypt(&mut pair, None).unwrap();
        parser.decrypt(algorithm, &session_key).unwrap();
        let PacketParserResult::Some(mut parser) = parser.recurse().unwrap().1 else {
            panic!("expected a packet inside");
        };
        assert_eq!(parser.buffer_unread_content().unwrap(), text);
        let Packet::Literal(literal) = &parser.packet else { panic!("expected a literal") };
        assert_eq!((literal.filename(), literal.date()), (None, None));
        let PacketParserResult::EOF(end) = parser.next().unwrap().1 else {
            panic!("expected the end");
        };
        end.is_message().unwrap();
    }
}

#[test]
fn a_compression_bomb_is_refused() {
    let to = public(&identity());
    let zeros = vec![0; 64 << 20];
    let bomb = sealed(6, &[&to], |message| literal(compressed(message), &zeros));
    assert!(bomb.len() < 100_000);
    assert!(matches!(opened(&bomb), Err(OpenError::TooLong { max: 0x10_0000 })));

    let fits = sealed(6, &[&to], |message| literal(compressed(message), &zeros[..1 << 20]));
    assert_eq!(opened(&fits).unwrap().plaintext.len(), 1 << 20);
}

#[test]
fn a_bomb_that_is_no_literal_is_refused() {
    let to = public(&identity());
    let zeros = vec![0; 64 << 20];
    for tag in [0xca, 0xd5, 0xc2, 0xff, 0x00] {
        let bomb = sealed(6, &[&to], |message| {
            let mut message = compressed(message);
            message.write_all(&[tag, 0xff, 4, 0, 0, 0]).unwrap();
            message.write_all(&zeros).unwrap();
            message.finalize().unwrap();
        });
        assert!(opened(&bomb).is_err());
    }
}

#[test]
fn nesting_and_numbers_are_limited() {
    let to = public(&identity());
    let deep = sealed(6, &[&to], |message| literal(compressed(compressed(message)), TEXT));
    assert!(matches!(opened(&deep), Err(OpenError::TooDeep { max: 1 })));
    let deeper = OpenLimits { depth_max: 2, ..limits() };
    assert!(open(&deep, &identity().decryptor(), deeper).is_ok());

    let many = sealed(6, &[&to], |mut message| {
        (0..100).for_each(|_| message.write_all(&[0xd5, 1, 0]).unwrap());
        literal(message, TEXT);
    });
    assert!(matches!(opened(&many), Err(OpenError::TooManyPackets { max: 32 })));
}

#[test]
fn what_is_not_one_literal_is_refused() {
    let to = public(&identity());
    let inner = seal(TEXT, &to).unwrap();
    let identity = identity();
    let contents: [&[u8]; 5] = [
        b"",
        b"no packet at all",
        &[0xcb, 7, b'b', 0, 0, 0, 0, 0, b'x', 0xcb, 7, b'b', 0, 0, 0, 0, 0, b'y'],
        &inner,
        identity.certificate(),
    ];
    for content in contents {
        for version in [3, 6] {
            let message = sealed(version, &[&to], |mut message| {
                message.write_all(content).unwrap();
                message.finalize().unwrap();
            });
            assert!(opened(&message).is_err(), "{content:?}");
        }
    }
}

#[test]
fn several_hidden_or_foreign_recipients_are_refused() {
    let identity = identity();
    let (to, to_v4) = (public(&identity), public_v4(&identity));
    let both = sealed(6, &[&to, &to_v4], |message| literal(message, TEXT));
    assert!(matches!(opened(&both), Err(OpenError::UnexpectedPacket { .. })));

    let session_key = SessionKey::new(32).unwrap();
    let mut packet = PKESK6::for_recipient(&session_key, to.key()).unwrap();
    packet.set_recipient(None);
    let mut hidden = Vec::new();
    Packet::from(packet).serialize(&mut hidden).unwrap();
    container(6, session_key, &mut hidden, |message| literal(message, TEXT));
    assert!(matches!(opened(&hidden), Err(OpenError::Wildcard)));

    let stranger = Identity::derive(&WalletSecret::from_bytes(&[1; 32]).unwrap()).unwrap();
    let foreign = seal(TEXT, &public(&stranger)).unwrap();
    assert!(matches!(opened(&foreign), Err(OpenError::NotForUs { keys: 2, .. })));
    assert!(matches!(
        open(&foreign, &Decryptor::default(), limits()),
        Err(OpenError::NotForUs { keys: 0, .. })
    ));
}

#[test]
fn a_container_of_the_other_version_is_refused() {
    let to = public(&identity());
    for (key, content) in [(6, 3), (3, 6)] {
        let session_key = SessionKey::new(32).unwrap();
        let packet: Packet = match key {
            6 => PKESK6::for_recipient(&session_key, to.key()).unwrap().into(),
            _ => PKESK3::for_recipient(AES256, &session_key, to.key()).unwrap().into(),
        };
        let mut message = Vec::new();
        packet.serialize(&mut message).unwrap();
        container(content, session_key, &mut message, |message| literal(message, TEXT));
        assert!(matches!(opened(&message), Err(OpenError::Version { .. })));
    }
}

#[test]
fn unencrypted_messages_are_refused() {
    let mut plain = Vec::new();
    literal(Message::new(&mut plain), TEXT);
    for message in [plain.as_slice(), identity().certificate(), b"", b"text"] {
        assert!(opened(message).is_err());
    }
}
