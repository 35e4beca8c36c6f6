//! Opening messages: as they arrive, and with any packets inside.

use std::io::Write;

use conet_wire::openpgp::{Decryptor, OpenLimits, open, seal};
use sequoia_openpgp::{
    Cert, Packet,
    crypto::SessionKey,
    packet::pkesk::{PKESK3, PKESK6},
    parse::Parse,
    serialize::{
        Serialize,
        stream::{Encryptor, Message},
    },
    types::{AEADAlgorithm, SymmetricAlgorithm},
};

use super::{
    Target,
    fixed::{IDENTITY, PUBLIC, variant},
};

pub(crate) const TARGET: Target = Target { name: "openpgp", run, samples };

const LIMITS: OpenLimits =
    OpenLimits { plaintext_bytes_max: 64 << 10, depth_max: 2, packets_max: 32 };

/// Variant 0 is a message, 1 and 2 are what a container of that version holds,
/// 3 is what follows a good key packet.
fn run(data: &[u8]) {
    let Some((number, data)) = data.split_first() else { return };
    let keys: Decryptor = IDENTITY.decryptor();
    let message = match number % 4 {
        0 => data.to_vec(),
        version @ (1 | 2) => container(version, data),
        _ => [&container(2, b"")[..111], data].concat(),
    };
    if let Ok(opened) = open(&message, &keys, LIMITS) {
        assert!(opened.plaintext.len() <= LIMITS.plaintext_bytes_max);
    }
}

fn container(version: u8, content: &[u8]) -> Vec<u8> {
    let session_key: SessionKey = vec![7; 32].into();
    let mut message = Vec::new();
    let cert = Cert::from_bytes(PUBLIC[0].as_bytes()).unwrap();
    let key = cert.keys().subkeys().next().unwrap().key().clone().role_into_unspecified();
    let aes = SymmetricAlgorithm::AES256;
    let key_packet: Packet = match version {
        1 => PKESK3::for_recipient(aes, &session_key, &key).unwrap().into(),
        _ => PKESK6::for_recipient(&session_key, &key).unwrap().into(),
    };
    key_packet.serialize(&mut message).unwrap();
    let mut encryptor =
        Encryptor::with_session_key(Message::new(&mut message), aes, session_key).unwrap();
    if version == 2 {
        encryptor = encryptor.aead_algo(AEADAlgorithm::OCB);
    }
    let mut packets = encryptor.build().unwrap();
    packets.write_all(content).unwrap();
    packets.finalize().unwrap();
    message
}

fn samples() -> Vec<Vec<u8>> {
    let literal = [0xcb, 9, b'b', 0, 0, 0, 0, 0, b'a', b'b', b'c'];
    // A compressed packet (deflate, stored) around the literal.
    let compressed = [&[0xc8, 17, 1, 1, 11, 0, 0xf4, 0xff][..], &literal].concat();
    let padded = [&literal[..], &[0xd5, 3, 0, 0, 0]].concat();
    let parts = [&[0xcb, 0xe3, b'b', 0, 0, 0, 0, 0, b'a', b'b', 2][..], b"cd"].concat();
    let messages = PUBLIC.iter().map(|to| variant(0, &seal(b"hello", to).unwrap()));
    let contents = [&literal[..], &compressed, &padded, &parts];
    let contents = contents.iter().flat_map(|content| [variant(1, content), variant(2, content)]);
    let after = variant(3, &container(2, &literal)[111..]);
    messages.chain(contents).chain([after]).collect()
}
