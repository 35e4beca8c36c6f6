//! The signed form: as it arrives, and signed with any fields.

use alloy::primitives::B256;
use conet_wire::message::{Header, Kind, MAGIC, Message, PARTS_MAX, decode, encode};

use super::{
    Target,
    fixed::{network, take, variant, wallet},
};

pub(crate) const TARGET: Target = Target { name: "message", run, samples };

fn run(data: &[u8]) {
    let Some((number, data)) = data.split_first() else { return };
    let reader = wallet(8).address();
    if number % 2 == 0 {
        match decode(&network(), reader, data) {
            Ok(Message::Unsigned(text)) => assert!(text == data && !data.starts_with(&MAGIC)),
            Ok(Message::Signed(header, content)) => {
                assert_eq!(header.to, reader);
                assert!(content.len() < data.len());
            }
            Err(_) => assert!(data.starts_with(&MAGIC)),
        }
        return;
    }
    let mut rest = data;
    let header = Header {
        from: wallet(7).address(),
        to: reader,
        id: B256::from(take(&mut rest)),
        sent_at: u64::from_be_bytes(take(&mut rest)),
        kind: if take(&mut rest) == [0] { Kind::Mail } else { Kind::Live },
        part: u32::from_be_bytes(take(&mut rest)),
        parts: u32::from_be_bytes(take(&mut rest)),
    };
    let mut bytes = encode(&network(), &wallet(7), &header, rest).unwrap();
    bytes.resize(bytes.len() + usize::from(*number), 0);
    let read = decode(&network(), reader, &bytes);
    if header.part < header.parts && header.parts <= PARTS_MAX {
        assert_eq!(read, Ok(Message::Signed(header, rest)));
    } else {
        assert!(read.is_err());
    }
}

fn samples() -> Vec<Vec<u8>> {
    let header = Header {
        from: wallet(7).address(),
        to: wallet(8).address(),
        id: B256::repeat_byte(9),
        sent_at: 1_700_000_000_000,
        kind: Kind::Mail,
        part: 0,
        parts: 2,
    };
    let signed = encode(&network(), &wallet(7), &header, b"Hello Bobo").unwrap();
    let mut fields = vec![0; 52];
    fields[48] = 1;
    vec![variant(0, &signed), variant(0, b"a text"), variant(31, &fields)]
}
