//! Sessions between nodes, as two nodes use them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use conet_wire::sizes::{CELL_LARGE, CELL_SMALL, WIRE_SIZES, n2_len};
use conet_wire::veil::peer::{
    AnswerHead, FrameReader, FrameWriter, HANDSHAKE_LEN, Initiator, PeerSession, Profile,
    RequestHead, Responder, StreamEvent, StreamReader,
};
use conet_wire::veil::{EnvelopeKind, TransportSecret};
use rand::{RngCore, SeedableRng, rngs::StdRng};

const HEAD: RequestHead =
    RequestHead { kind: EnvelopeKind::Forward, hops_left: 2, profile: Profile::Veil };

fn rng() -> StdRng {
    StdRng::seed_from_u64(2)
}

/// Both ends of a session.
fn sessions(rng: &mut StdRng) -> (PeerSession, PeerSession) {
    let (caller, called) = (TransportSecret::generate(rng), TransportSecret::generate(rng));
    let (initiator, first) = Initiator::start(&caller, &called.public(), 5, 77, rng).unwrap();
    assert_eq!(first.len(), HANDSHAKE_LEN);
    let responder = Responder::read(&called, 5, &first).unwrap();
    assert_eq!((responder.remote(), responder.minute()), (caller.public(), 77));
    let (second, theirs) = responder.reply(rng).unwrap();
    assert_eq!(second.len(), HANDSHAKE_LEN);
    (initiator.finish(&second).unwrap(), theirs)
}

fn random(rng: &mut StdRng, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    rng.fill_bytes(&mut bytes);
    bytes
}

#[test]
fn frames_open_to_what_was_sealed_in_both_directions() {
    let rng = &mut rng();
    let (mut ours, mut theirs) = sessions(rng);
    for size in WIRE_SIZES {
        for len in [n2_len(size), n2_len(size) / 3, 0] {
            let body = random(rng, len);
            let mut sealed = ours.sealing.seal_frame(HEAD, &body).unwrap();
            assert!(WIRE_SIZES.contains(&sealed.len()) && sealed.len() <= size);
            let (head, opened) = theirs.opening.open_frame::<RequestHead>(&mut sealed).unwrap();
            assert_eq!((head, opened), (HEAD, body.as_slice()));

            let head = AnswerHead { status: 9 };
            let mut sealed = theirs.sealing.seal_frame(head, &body).unwrap();
            let opened = ours.opening.open_frame::<AnswerHead>(&mut sealed).unwrap();
            assert_eq!(opened, (head, body.as_slice()));
        }
    }
}

#[test]
fn frames_pass_in_pieces_of_any_size() {
    let rng = &mut rng();
    let (mut ours, mut theirs) = sessions(rng);
    for (size, piece_len) in WIRE_SIZES.into_iter().zip([1, 1000, 65_536, 65_537, 300_000]) {
        let body = random(rng, n2_len(size) - 7);
        let mut writer = FrameWriter::new(HEAD, body.len()).unwrap();
        let mut wire = Vec::new();
        for mut piece in body.chunks(piece_len) {
            while let Some(record) = writer.next_record(&mut ours.sealing, &mut piece).unwrap() {
                wire.extend(record);
            }
        }
        assert!(writer.is_finished());
        assert_eq!((wire.len(), writer.wire_size()), (size, size));

        let mut reader = FrameReader::<RequestHead>::new(size).unwrap();
        let mut got = Vec::new();
        for mut piece in wire.chunks(piece_len) {
            while let Some(content) = reader.next_content(&mut theirs.opening, &mut piece).unwrap()
            {
                got.extend_from_slice(content);
            }
        }
        assert!(reader.is_finished());
        assert_eq!(reader.head(), Some((HEAD, body.len())));
        assert!(got == body);
    }
}

#[test]
fn cells_pass_in_pieces_of_any_size() {
    let rng = &mut rng();
    for piece_len in [1, 4095, 4096, 5000, 200_000] {
        let (mut ours, mut theirs) = sessions(rng);
        let head = AnswerHead { status: 0 };
        let cells: Vec<_> = [CELL_SMALL, CELL_LARGE, CELL_LARGE, CELL_SMALL]
            .map(|size| random(rng, size - 16))
            .into();
        let mut wire = theirs.sealing.seal_stream_start(head, b"hello").unwrap();
        assert_eq!(wire.len(), CELL_SMALL);
        for cell in &cells {
            wire.extend(theirs.sealing.seal_cell(cell).unwrap());
        }
        let mut reader = StreamReader::new();
        let mut events = Vec::new();
        for mut piece in wire.chunks(piece_len) {
            while let Some(event) = reader.next_event(&mut ours.opening, &mut piece).unwrap() {
                events.push(event);
            }
        }
        let mut expected = vec![StreamEvent::Started { head, reason: b"hello".to_vec() }];
        expected.extend(cells.into_iter().map(StreamEvent::Cell));
        assert!(events == expected);
    }
}
