//! Sessions between nodes, as two nodes use them.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop where it stands"
)]

use conet_wire::sizes::{CELL_LARGE, CELL_SMALL, N2_MAX, WIRE_SIZES, n2_len};
use conet_wire::veil::peer::{
    AnswerHead, FrameError, FrameReader, FrameWriter, HANDSHAKE_LEN, Initiator, PeerError,
    PeerSession, Profile, RECORDS_MAX, RequestHead, Responder, StreamEvent, StreamReader,
};
use conet_wire::veil::{AeadError, EnvelopeKind, ReplayError, ReplayWindow, TransportSecret};
use proptest::prelude::*;
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

#[test]
fn no_changed_handshake_is_answered() {
    let rng = &mut rng();
    let (caller, called) = (TransportSecret::generate(rng), TransportSecret::generate(rng));
    let (_, first) = Initiator::start(&caller, &called.public(), 5, 77, rng).unwrap();
    let bits = (0..256).chain((256..first.len() * 8).step_by(17));
    for bit in bits {
        let mut changed = first.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        match Responder::read(&called, 5, &changed).err() {
            Some(PeerError::FreeBits { .. }) if matches!(bit, 254 | 255) => {}
            Some(PeerError::Noise(_)) if !matches!(bit, 254 | 255) => {}
            other => panic!("bit {bit}: {other:?}"),
        }
    }
    assert!(Responder::read(&called, 6, &first).is_err(), "another chain");
    assert!(Responder::read(&caller, 5, &first).is_err(), "another node");
}

#[test]
fn no_changed_answer_makes_a_session() {
    let rng = &mut rng();
    let (caller, called) = (TransportSecret::generate(rng), TransportSecret::generate(rng));
    for bit in (0..256).step_by(15).chain([254, 255]).chain((256..HANDSHAKE_LEN * 8).step_by(517)) {
        let (initiator, first) = Initiator::start(&caller, &called.public(), 5, 77, rng).unwrap();
        let (mut second, _) = Responder::read(&called, 5, &first).unwrap().reply(rng).unwrap();
        second[bit / 8] ^= 1 << (bit % 8);
        assert!(initiator.finish(&second).is_err(), "bit {bit}");
    }
}

#[test]
fn a_recorded_handshake_is_recognized() {
    let rng = &mut rng();
    let (caller, called) = (TransportSecret::generate(rng), TransportSecret::generate(rng));
    let (_, first) = Initiator::start(&caller, &called.public(), 5, 77, rng).unwrap();
    let mut window = ReplayWindow::new(10);
    for expected in [Ok(()), Err(ReplayError::Repeated)] {
        let responder = Responder::read(&called, 5, &first).unwrap();
        let checked = window.check_and_insert(78, responder.minute(), responder.encapsulated());
        assert_eq!(checked, expected);
    }
}

#[test]
fn no_changed_frame_opens_and_nothing_opens_after_it() {
    let rng = &mut rng();
    for size in [4 << 10, 256 << 10] {
        for at in [0, 1, 4000, size / 2, size - 16, size - 1] {
            let (mut ours, mut theirs) = sessions(rng);
            let mut sealed = ours.sealing.seal_frame(HEAD, &vec![1; n2_len(size)]).unwrap();
            sealed[at] ^= 0x80;
            let refused = theirs.opening.open_frame::<RequestHead>(&mut sealed).map(|_| ());
            assert_eq!(refused, Err(FrameError::Aead(AeadError::Forged)));
            let mut next = ours.sealing.seal_frame(HEAD, b"").unwrap();
            let refused = theirs.opening.open_frame::<RequestHead>(&mut next).map(|_| ());
            assert_eq!(refused, Err(FrameError::Aead(AeadError::Spent { limit: RECORDS_MAX })));
        }
    }
}

#[test]
fn records_out_of_order_and_reflected_do_not_open() {
    let rng = &mut rng();
    let (mut ours, mut theirs) = sessions(rng);
    let _first = ours.sealing.seal_frame(HEAD, b"1").unwrap();
    let mut second = ours.sealing.seal_frame(HEAD, b"2").unwrap();
    assert!(theirs.opening.open_frame::<RequestHead>(&mut second).is_err());
    let mut own = ours.sealing.seal_frame(HEAD, b"3").unwrap();
    assert!(ours.opening.open_frame::<RequestHead>(&mut own).is_err());
}

#[test]
fn a_session_ends_after_its_records() {
    let rng = &mut rng();
    let (mut ours, _) = sessions(rng);
    assert_eq!(ours.records_left(), RECORDS_MAX);
    let cell = vec![0; CELL_SMALL - 16];
    for _ in 0..RECORDS_MAX {
        ours.sealing.seal_cell(&cell).unwrap();
    }
    assert_eq!(ours.records_left(), 0);
    let spent = FrameError::Aead(AeadError::Spent { limit: RECORDS_MAX });
    assert_eq!(ours.sealing.seal_cell(&cell), Err(spent));
    assert_eq!(ours.sealing.seal_frame(HEAD, b""), Err(spent));
}

#[test]
fn no_other_size_is_touched() {
    let rng = &mut rng();
    let (mut ours, _) = sessions(rng);
    let called = TransportSecret::generate(rng);
    for found in [0, 1, 15, 4095, 4097, 65_535, 65_537, 2 << 20] {
        let wrong = FrameError::Size { expected: &WIRE_SIZES, found };
        assert_eq!(FrameReader::<AnswerHead>::new(found).err(), Some(wrong));
        let opened = ours.opening.open_frame::<AnswerHead>(&mut vec![0; found]).map(|_| ());
        assert_eq!(opened, Err(wrong));
        assert!(matches!(ours.sealing.seal_cell(&vec![0; found]), Err(FrameError::Size { .. })));
        let read = Responder::read(&called, 5, &vec![0; found]).err();
        assert!(matches!(read, Some(PeerError::Size { expected: 4096, .. })));
    }
    let long = FrameError::TooLong { expected: N2_MAX, found: N2_MAX + 1 };
    assert_eq!(ours.sealing.seal_frame(HEAD, &vec![0; N2_MAX + 1]), Err(long));
    let long = FrameError::TooLong { expected: 3584, found: 3585 };
    let head = AnswerHead { status: 1 };
    assert_eq!(ours.sealing.seal_stream_start(head, &[0; 3585]), Err(long));
    assert_eq!(ours.records_left(), RECORDS_MAX, "nothing was sealed or opened");
}

#[test]
fn readers_and_writers_take_no_more_than_the_frame() {
    let rng = &mut rng();
    let (mut ours, mut theirs) = sessions(rng);
    let mut writer = FrameWriter::new(HEAD, 3).unwrap();
    let more = FrameError::TooLong { expected: 3, found: 4 };
    assert_eq!(writer.next_record(&mut ours.sealing, &mut &[0; 4][..]), Err(more));
    let record = writer.next_record(&mut ours.sealing, &mut &[7; 3][..]).unwrap().unwrap();
    assert_eq!(writer.next_record(&mut ours.sealing, &mut &[][..]), Ok(None));
    let more = FrameError::TooLong { expected: 0, found: 1 };
    assert_eq!(writer.next_record(&mut ours.sealing, &mut &[0][..]), Err(more));

    let mut reader = FrameReader::<RequestHead>::new(record.len()).unwrap();
    let piece = &mut record.as_slice();
    assert_eq!(reader.next_content(&mut theirs.opening, piece), Ok(Some([7; 3].as_slice())));
    let more = FrameError::TooLong { expected: 0, found: 1 };
    assert_eq!(reader.next_content(&mut theirs.opening, &mut &[0][..]), Err(more));
}

#[test]
fn a_stream_ends_at_the_first_record_that_does_not_open() {
    let rng = &mut rng();
    let (mut ours, mut theirs) = sessions(rng);
    let mut wire = ours.sealing.seal_stream_start(AnswerHead { status: 0 }, b"").unwrap();
    wire[9] ^= 1;
    let mut reader = StreamReader::new();
    let forged = Err(FrameError::Aead(AeadError::Forged));
    assert_eq!(reader.next_event(&mut theirs.opening, &mut wire.as_slice()), forged);

    let (mut ours, mut theirs) = sessions(rng);
    let mut wire = ours.sealing.seal_stream_start(AnswerHead { status: 0 }, b"").unwrap();
    wire.resize(CELL_SMALL + CELL_LARGE, 1);
    let (mut reader, mut piece) = (StreamReader::new(), wire.as_slice());
    assert!(matches!(reader.next_event(&mut theirs.opening, &mut piece), Ok(Some(_))));
    assert_eq!(reader.next_event(&mut theirs.opening, &mut piece), forged);
    assert_eq!(theirs.opening.records_left(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_body_panics(seed: u64, size in 0..70_000_usize, piece_len in 1..70_000_usize) {
        let rng = &mut StdRng::seed_from_u64(seed);
        let (mut ours, mut theirs) = sessions(rng);
        let (caller, called) = (TransportSecret::generate(rng), TransportSecret::generate(rng));
        let body = random(rng, HANDSHAKE_LEN);
        prop_assert!(Responder::read(&called, 5, &body).is_err());
        let (initiator, _) = Initiator::start(&caller, &called.public(), 5, 77, rng).unwrap();
        prop_assert!(initiator.finish(&body).is_err());

        let bytes = random(rng, size);
        prop_assert!(ours.opening.open_frame::<AnswerHead>(&mut bytes.clone()).is_err());
        let mut reader = FrameReader::<RequestHead>::new(65_536).unwrap();
        let mut stream = StreamReader::new();
        for piece in bytes.chunks(piece_len) {
            let opened = reader.next_content(&mut theirs.opening, &mut &*piece);
            prop_assert!(!matches!(opened, Ok(Some(_))));
            let event = stream.next_event(&mut theirs.opening, &mut &*piece);
            prop_assert!(!matches!(event, Ok(Some(_))));
        }
    }
}
