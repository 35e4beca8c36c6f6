//! Envelopes and the way back, as client and relay use them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use conet_wire::sizes::{CELL_LARGE, CELL_SMALL, N2_MAX, WIRE_SIZES, n2_len};
use conet_wire::veil::{
    AeadError, Envelope, EnvelopeError, EnvelopeKind, ReplayError, ReplayWindow, ResponseError,
    ResponseOpener, ResponseSealer, TransportPublic, TransportSecret,
};
use proptest::prelude::*;
use rand::{RngCore, SeedableRng, rngs::StdRng};

fn rng() -> StdRng {
    StdRng::seed_from_u64(1)
}

/// An envelope for a small N2 and both ends of its way back.
fn exchange(rng: &mut StdRng) -> (ResponseSealer, ResponseOpener) {
    let relay = TransportSecret::generate(rng);
    let (mut body, opener) =
        Envelope::seal(&relay.public(), EnvelopeKind::Forward, 7, b"N2", rng).unwrap();
    (relay.open_envelope(&mut body).unwrap().response, opener)
}

#[test]
fn an_envelope_opens_to_what_was_sealed_in_every_size() {
    let rng = &mut rng();
    let relay = TransportSecret::generate(rng);
    for (size, kind) in WIRE_SIZES
        .into_iter()
        .zip([EnvelopeKind::Forward, EnvelopeKind::Stream].into_iter().cycle())
    {
        let mut n2 = vec![0; n2_len(size)];
        rng.fill_bytes(&mut n2);
        let (mut body, opener) =
            Envelope::seal(&relay.public(), kind, 29_000_000, &n2, rng).unwrap();
        assert_eq!(body.len(), size);
        let opened = relay.open_envelope(&mut body).unwrap();
        assert_eq!((opened.kind, opened.minute), (kind, 29_000_000));
        assert_eq!(opened.n2, n2);

        let mut answer = opened.response.seal_answer(3, &n2, rng).unwrap();
        assert_eq!(answer.len(), size);
        let answer = opener.open_answer(&mut answer).unwrap();
        assert_eq!((answer.status, answer.body), (3, n2.as_slice()));
    }
}

#[test]
fn a_stream_opens_cell_by_cell() {
    let rng = &mut rng();
    let (sealer, opener) = exchange(rng);
    let (mut sealer, mut first) = sealer.start_stream(0, b"welcome", rng).unwrap();
    assert_eq!(first.len(), CELL_SMALL);
    let (mut opener, answer) = opener.open_stream(&mut first).unwrap();
    assert_eq!((answer.status, answer.body), (0, b"welcome".as_slice()));
    for size in [CELL_SMALL, CELL_LARGE, CELL_SMALL] {
        let cell = vec![9; size - 16];
        let mut event = sealer.seal_cell(&cell).unwrap();
        assert_eq!(event.len(), size);
        assert_eq!(opener.open_cell(&mut event).unwrap(), cell);
    }
}

#[test]
fn a_gap_or_a_repeat_ends_a_stream() {
    let rng = &mut rng();
    for skip in [true, false] {
        let (sealer, opener) = exchange(rng);
        let (mut sealer, mut first) = sealer.start_stream(0, b"", rng).unwrap();
        let (mut opener, _) = opener.open_stream(&mut first).unwrap();
        let first = sealer.seal_cell(&[0; CELL_SMALL - 16]).unwrap();
        let second = sealer.seal_cell(&[0; CELL_SMALL - 16]).unwrap();
        if !skip {
            opener.open_cell(&mut first.clone()).unwrap();
        }
        let wrong = if skip { second } else { first.clone() };
        let forged = Err(ResponseError::Aead(AeadError::Forged));
        assert_eq!(opener.open_cell(&mut wrong.clone()).map(|_| ()), forged);
        let spent = Err(ResponseError::Aead(AeadError::Spent { limit: 1 << 32 }));
        assert_eq!(opener.open_cell(&mut first.clone()).map(|_| ()), spent);
    }
}

#[test]
fn no_changed_envelope_opens() {
    let rng = &mut rng();
    let relay = TransportSecret::generate(rng);
    let (body, _) = Envelope::seal(&relay.public(), EnvelopeKind::Forward, 7, b"N2", rng).unwrap();
    // Every bit of the representative, its two free ones, too; one of each other byte.
    let bits = (0..256).chain((256..body.len() * 8).step_by(9));
    for bit in bits {
        let mut changed = body.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let refused = relay.open_envelope(&mut changed).map(|_| ());
        assert!(matches!(refused, Err(EnvelopeError::Open(_))), "bit {bit}");
    }
    let other = TransportSecret::generate(rng);
    assert!(other.open_envelope(&mut body.clone()).is_err());
    assert!(relay.open_envelope(&mut body.clone()).is_ok());
}

#[test]
fn no_changed_response_opens() {
    let rng = &mut rng();
    for at in (0..CELL_SMALL).step_by(7) {
        let (sealer, opener) = exchange(rng);
        let mut answer = sealer.seal_answer(0, b"sealed answer", rng).unwrap();
        answer[at] ^= 1;
        let forged = Err(ResponseError::Aead(AeadError::Forged));
        assert_eq!(opener.open_answer(&mut answer).map(|_| ()), forged);
    }
}

#[test]
fn an_answer_opens_only_for_its_envelope() {
    let rng = &mut rng();
    let ((sealer, _), (_, opener)) = (exchange(rng), exchange(rng));
    let mut answer = sealer.seal_answer(0, b"", rng).unwrap();
    assert!(opener.open_answer(&mut answer).is_err());
}

#[test]
fn a_copy_of_an_envelope_is_recognized_whatever_its_free_bits() {
    let rng = &mut rng();
    let relay = TransportSecret::generate(rng);
    let mut window = ReplayWindow::new(100);
    let (body, _) = Envelope::seal(&relay.public(), EnvelopeKind::Forward, 7, b"N2", rng).unwrap();
    for expected in [Ok(()), Err(ReplayError::Repeated)] {
        let mut body = body.clone();
        let opened = relay.open_envelope(&mut body).unwrap();
        assert_eq!(window.check_and_insert(9, opened.minute, &opened.encapsulated), expected);
    }
}

#[test]
fn no_other_size_is_touched() {
    let rng = &mut rng();
    let relay = TransportSecret::generate(rng);
    for found in [0, 1, 31, 32, 57, 58, 4095, 4097, 65_535, 65_537, 1 << 20 | 1, 2 << 20] {
        let refused = relay.open_envelope(&mut vec![0; found]).map(|_| ());
        assert_eq!(refused, Err(EnvelopeError::Size { expected: &WIRE_SIZES, found }));
        let (_, opener) = exchange(rng);
        let refused = opener.open_answer(&mut vec![0; found]).map(|_| ());
        assert_eq!(refused, Err(ResponseError::Size { expected: &WIRE_SIZES, found }));
        let (sealer, opener) = exchange(rng);
        assert!(opener.open_stream(&mut vec![0; found]).is_err());
        let (mut cells, _) = sealer.start_stream(0, b"", rng).unwrap();
        assert!(matches!(cells.seal_cell(&vec![0; found]), Err(ResponseError::Size { .. })));
    }
    let long = vec![0; N2_MAX + 1];
    let too_long = Some(EnvelopeError::TooLong { expected: N2_MAX, found: N2_MAX + 1 });
    let sealed = Envelope::seal(&relay.public(), EnvelopeKind::Forward, 7, &long, rng);
    assert_eq!(sealed.err(), too_long);
    let too_long = Some(ResponseError::TooLong { expected: N2_MAX, found: N2_MAX + 1 });
    assert_eq!(exchange(rng).0.seal_answer(0, &long, rng).err(), too_long);
    let too_long = Some(ResponseError::TooLong { expected: 3584, found: 3585 });
    let refused = exchange(rng).0.start_stream(0, &long[..3585], rng).map(|_| ());
    assert_eq!(refused.err(), too_long);
}

#[test]
fn nothing_is_sealed_for_a_key_without_a_secret() {
    let weak = TransportPublic([0; 32]);
    let sealed = Envelope::seal(&weak, EnvelopeKind::Forward, 7, b"N2", &mut rng());
    assert!(matches!(sealed, Err(EnvelopeError::Seal(_))));
}

#[test]
fn secrets_are_not_printed() {
    let rng = &mut rng();
    let relay = TransportSecret::generate(rng);
    let (sealer, opener) = exchange(rng);
    let printed = format!("{relay:?} {sealer:?} {opener:?}");
    assert!(!printed.contains(&hex::encode(*relay.to_bytes())));
    assert!(printed.contains("ResponseSealer { .. } ResponseOpener { .. }"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_body_panics(seed: u64, at in 0..WIRE_SIZES.len() - 1) {
        let rng = &mut StdRng::seed_from_u64(seed);
        let relay = TransportSecret::generate(rng);
        let mut body = vec![0; WIRE_SIZES[at]];
        rng.fill_bytes(&mut body);
        prop_assert!(relay.open_envelope(&mut body.clone()).is_err());
        prop_assert!(exchange(rng).1.open_answer(&mut body.clone()).is_err());
        prop_assert!(exchange(rng).1.open_stream(&mut body.clone()).is_err());
        let (sealer, opener) = exchange(rng);
        let (_, mut first) = sealer.start_stream(0, b"", rng).unwrap();
        let (mut opener, _) = opener.open_stream(&mut first).unwrap();
        prop_assert!(opener.open_cell(&mut body).is_err());
    }
}
