//! Sessions between nodes: handshakes as they arrive, and records with any
//! plaintext in pieces of any size.

use conet_wire::{
    sizes::{CELL_LARGE, CELL_SMALL, WIRE_SIZES, n2_len},
    veil::{
        EnvelopeKind, TransportSecret,
        peer::{
            AnswerHead, FrameReader, FrameWriter, HANDSHAKE_LEN, Initiator, PeerSession, Profile,
            RequestHead, Responder, StreamReader,
        },
    },
};

use super::{
    Target,
    fixed::{rng, take, variant},
};

pub(crate) const TARGET: Target = Target { name: "peer", run, samples };

const CHAIN: u64 = 5;
const TAG: usize = 16;

fn node(byte: u8) -> TransportSecret {
    TransportSecret::from_bytes([byte; 32].into())
}

fn start() -> (Initiator, Vec<u8>) {
    Initiator::start(&node(1), &node(2).public(), CHAIN, 77, &mut rng(3)).unwrap()
}

fn sessions() -> (PeerSession, PeerSession, Vec<u8>) {
    let (initiator, first) = start();
    let responder = Responder::read(&node(2), CHAIN, &first).unwrap();
    let (second, theirs) = responder.reply(&mut rng(4)).unwrap();
    (initiator.finish(&second).unwrap(), theirs, second)
}

/// Variant 0 is a first message, 1 a second one, 2 what stands in a frame, 3 in
/// a large frame, 4 in a stream, 5 unsealed bytes for both readers, 6 content.
fn run(data: &[u8]) {
    let Some((number, data)) = data.split_first() else { return };
    let mut handshake = data.to_vec();
    handshake.resize(HANDSHAKE_LEN, 0);
    match number % 7 {
        0 => {
            let _ = Responder::read(&node(2), CHAIN, &handshake);
        }
        1 => {
            let _ = start().0.finish(&handshake);
        }
        2 => frames(CELL_SMALL, data),
        3 => frames(CELL_LARGE, data),
        4 => stream(data),
        5 => unsealed(data),
        _ => content(data),
    }
}

/// A record of this wire size with the given plaintext: what another node can seal.
fn record(session: &mut PeerSession, size: usize, data: &[u8]) -> Vec<u8> {
    let mut plaintext = data.to_vec();
    plaintext.resize(size - TAG, 0);
    session.sealing.seal_cell(&plaintext).unwrap()
}

fn frames(size: usize, mut data: &[u8]) {
    let piece_len = usize::from(u16::from_be_bytes(take(&mut data))).max(1);
    let (mut ours, mut theirs, _) = sessions();
    let mut sealed = record(&mut ours, size, data);
    let mut reader = FrameReader::<RequestHead>::new(size).unwrap();
    let mut pieces = Vec::new();
    let mut failed = false;
    'reading: for mut piece in sealed.chunks(piece_len) {
        loop {
            match reader.next_content(&mut theirs.opening, &mut piece) {
                Ok(Some(content)) => pieces.extend_from_slice(content),
                Ok(None) => break,
                Err(_) => {
                    failed = true;
                    break 'reading;
                }
            }
        }
    }
    let (_, mut theirs, _) = sessions();
    match theirs.opening.open_frame::<RequestHead>(&mut sealed) {
        Ok((head, content)) => {
            assert!(!failed && content == pieces);
            assert_eq!(reader.head(), Some((head, content.len())));
        }
        Err(_) => assert!(failed),
    }
    let mut again = record(&mut sessions().0, size, data);
    let _ = sessions().1.opening.open_frame::<AnswerHead>(&mut again);
}

fn stream(mut data: &[u8]) {
    let piece_len = usize::from(u16::from_be_bytes(take(&mut data))).max(1);
    let (mut ours, mut theirs, _) = sessions();
    let mut wire = Vec::new();
    for part in data.chunks(64).take(6) {
        let size = if part[0] % 2 == 0 { CELL_SMALL } else { CELL_LARGE };
        wire.extend(record(&mut ours, size, &part[1..]));
    }
    let mut reader = StreamReader::new();
    for mut piece in wire.chunks(piece_len) {
        while let Some(_event) = match reader.next_event(&mut theirs.opening, &mut piece) {
            Ok(event) => event,
            Err(_) => return,
        } {}
    }
}

fn unsealed(mut data: &[u8]) {
    let piece_len = usize::from(u16::from_be_bytes(take(&mut data))).max(1);
    let size = WIRE_SIZES[usize::from(take::<1>(&mut data)[0]) % WIRE_SIZES.len()];
    let (_, mut theirs, _) = sessions();
    let mut reader = FrameReader::<AnswerHead>::new(size).unwrap();
    for mut piece in data.chunks(piece_len) {
        let _ = reader.next_content(&mut theirs.opening, &mut piece);
    }
    let (_, mut theirs, _) = sessions();
    let mut reader = StreamReader::new();
    for mut piece in data.chunks(piece_len) {
        let _ = reader.next_event(&mut theirs.opening, &mut piece);
    }
    let _ = theirs.opening.open_frame::<RequestHead>(&mut data.to_vec());
}

/// Whatever is written is read, in whatever pieces.
fn content(mut data: &[u8]) {
    let piece_len = usize::from(u16::from_be_bytes(take(&mut data))).max(1);
    let length = data.len().min(n2_len(WIRE_SIZES[2]));
    let data = &data[..length];
    let head = RequestHead { kind: EnvelopeKind::Forward, hops_left: 1, profile: Profile::Open };
    let (mut ours, mut theirs, _) = sessions();
    let mut writer = FrameWriter::new(head, data.len()).unwrap();
    let mut wire = Vec::new();
    for mut piece in data.chunks(piece_len).chain([&[][..]]) {
        while let Some(record) = writer.next_record(&mut ours.sealing, &mut piece).unwrap() {
            wire.extend(record);
        }
    }
    assert!(writer.is_finished());
    let opened = theirs.opening.open_frame::<RequestHead>(&mut wire).unwrap();
    assert_eq!(opened, (head, data));
}

fn samples() -> Vec<Vec<u8>> {
    let (_, first) = start();
    let (mut ours, _, second) = sessions();
    let head = RequestHead { kind: EnvelopeKind::Stream, hops_left: 2, profile: Profile::Veil };
    let sealed = ours.sealing.seal_frame(head, b"not really an N2").unwrap();
    let frame = [0, 200, 1, 1, 2, 1, 0, 0, 0, 4, b'b', b'o', b'd', b'y'];
    let mut stream = vec![0; 2 + 3 * 64];
    stream[..4].copy_from_slice(&[0x10, 0, 0, 1]);
    stream[2 + 64] = 1;
    vec![
        variant(0, &first),
        variant(1, &second),
        variant(2, &frame),
        variant(3, &frame),
        variant(4, &stream),
        variant(5, &[&[1, 0, 0], &sealed[..]].concat()),
        variant(6, b"\0\x07some content"),
    ]
}
