//! Envelopes, the way back, and the window against repetition.

use conet_wire::{
    sizes::{CELL_LARGE, CELL_SMALL},
    veil::{
        Envelope, EnvelopeKind, MINUTES_APART_MAX, ReplayWindow, ResponseOpener, ResponseSealer,
        TransportSecret,
    },
};

use super::{
    Target,
    fixed::{rng, take, variant},
};

pub(crate) const TARGET: Target = Target { name: "envelope", run, samples };

const N2: &[u8] = b"not really an N2";

fn relay() -> TransportSecret {
    TransportSecret::from_bytes([1; 32].into())
}

/// Both ends of an exchange, the same every time.
fn exchange() -> (Vec<u8>, ResponseOpener, ResponseSealer) {
    let relay = relay();
    let (body, opener) =
        Envelope::seal(&relay.public(), EnvelopeKind::Stream, 77, N2, &mut rng(1)).unwrap();
    let sealer = relay.open_envelope(&mut body.clone()).unwrap().response;
    (body, opener, sealer)
}

/// Variant 0 is an envelope, 1 an answer, 2 a stream's first event, 3 its
/// second, 4 what a window is asked. Shorter bodies are filled up with zeros.
fn run(data: &[u8]) {
    let Some((number, data)) = data.split_first() else { return };
    let mut body = data.to_vec();
    if number % 2 == 0 || body.len() < CELL_SMALL {
        body.resize(if data.len() > CELL_SMALL { CELL_LARGE } else { CELL_SMALL }, 0);
    }
    match number % 5 {
        0 => {
            if let Ok(opened) = relay().open_envelope(&mut body) {
                assert!(opened.n2.len() < data.len());
            }
        }
        1 => {
            let _ = exchange().1.open_answer(&mut body);
        }
        2 => {
            let _ = exchange().1.open_stream(&mut body);
        }
        3 => {
            let (_, opener, sealer) = exchange();
            let (_, mut first) = sealer.start_stream(0, b"", &mut rng(2)).unwrap();
            let (mut cells, _) = opener.open_stream(&mut first).unwrap();
            let _ = cells.open_cell(&mut body);
        }
        _ => window(data),
    }
}

fn window(mut data: &[u8]) {
    let mut window = ReplayWindow::new(8);
    while !data.is_empty() {
        let (now, minute) =
            (u32::from_be_bytes(take(&mut data)), u32::from_be_bytes(take(&mut data)));
        let mut key = [0; 32];
        key[..1].copy_from_slice(&take::<1>(&mut data));
        if window.check_and_insert(now, minute, &key).is_ok() {
            assert!(now.abs_diff(minute) <= MINUTES_APART_MAX);
            assert!(window.check_and_insert(now, minute, &key).is_err());
        }
        assert!(window.len() <= 8);
    }
}

fn samples() -> Vec<Vec<u8>> {
    let (body, _, sealer) = exchange();
    let answer = sealer.seal_answer(0, b"an answer", &mut rng(2)).unwrap();
    let (_, _, sealer) = exchange();
    let (mut cells, first) = sealer.start_stream(0, b"", &mut rng(2)).unwrap();
    let second = cells.seal_cell(&[0; CELL_SMALL - 16]).unwrap();
    let minutes =
        [0, 0, 0, 9, 0, 0, 0, 10, 1, 0, 0, 0, 9, 0, 0, 0, 10, 1, 0, 0, 0, 20, 0, 0, 0, 20, 1];
    vec![
        variant(0, &body),
        variant(1, &answer),
        variant(2, &first),
        variant(3, &second),
        variant(4, &minutes),
    ]
}
