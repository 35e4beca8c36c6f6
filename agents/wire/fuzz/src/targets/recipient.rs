//! The side channel, binary and armored.

use std::fmt::Write;

use conet_wire::{
    openpgp::seal,
    recipient::{HEAD_BYTES, recipient},
};

use super::{Target, fixed::PUBLIC};

pub(crate) const TARGET: Target = Target { name: "recipient", run, samples };

/// What is ever looked at of binary packets: key packet, two headers, a version.
const PACKETS: usize = 270;

fn run(data: &[u8]) {
    let read = recipient(data);
    assert_eq!(recipient(data.get(..HEAD_BYTES).unwrap_or(data)), read);
    let Some(packets) = data.get(..PACKETS) else { return };
    if packets[0] & 0x80 != 0 {
        assert_eq!(recipient(packets), read);
        assert_eq!(recipient(armored(packets).as_bytes()).ok(), read.ok());
    }
}

fn armored(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::from("-----BEGIN PGP MESSAGE-----\r\nComment: x\r\n\r\n");
    for (at, three) in bytes.chunks_exact(3).enumerate() {
        let bits = u32::from_be_bytes([0, three[0], three[1], three[2]]);
        for shift in [18, 12, 6, 0] {
            text.push(char::from(LETTERS[(bits >> shift & 63) as usize]));
        }
        if at % 16 == 15 {
            text.write_str("\r\n").unwrap();
        }
    }
    text
}

fn samples() -> Vec<Vec<u8>> {
    let binary = PUBLIC.iter().map(|to| seal(&[b'x'; 300], to).unwrap());
    let both = binary.flat_map(|message| [armored(&message).into_bytes(), message]);
    let by_hand: [&[u8]; 3] = [
        &[0x84, 12, 3, 1, 2, 3, 4, 5, 6, 7, 8, 25, 0, 0, 0xd2, 4, 1, 0, 0, 0],
        &[0xc1, 24, 6, 21, 4, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 25],
        &[0x86, 0, 0, 0, 2, 6, 0, 0xd2, 0xe9, 2],
    ];
    both.chain(by_hand.map(<[u8]>::to_vec)).collect()
}
