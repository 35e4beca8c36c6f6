//! Envelopes and the way back, as client and relay use them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use conet_wire::sizes::{CELL_LARGE, CELL_SMALL, WIRE_SIZES, n2_len};
use conet_wire::veil::{
    AeadError, Envelope, EnvelopeKind, ResponseError, ResponseOpener, ResponseSealer,
    TransportSecret,
};
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
