//! Cells and acknowledgements: as they arrive, and sealed with any plaintext.

use alloy::primitives::{Address, B256, U256};
use conet_wire::{
    session::{
        AckReceiver, CellOpener, CellSealer, Frame, SessionBinding, SessionSecret, cell_len,
    },
    sizes::{CELL_LARGE, CELL_SMALL},
};

use super::{
    Target,
    fixed::{seal, take, variant},
};

pub(crate) const TARGET: Target = Target { name: "session", run, samples };

const SECRET: [u8; 32] = [9; 32];
const RANDOM: [u8; 32] = [1; 32];
const TAG: usize = 16;

fn binding() -> SessionBinding {
    SessionBinding {
        wallet: Address::repeat_byte(5),
        agent: U256::from(3),
        request: B256::repeat_byte(6),
    }
}

/// As `docs/protocol.md` has it, written down once more.
fn sealed(direction: &[u8], counter: u64, associated: &[u8], plaintext: Vec<u8>) -> Vec<u8> {
    let (binding, agent) = (binding(), binding().agent.to_be_bytes::<32>());
    let info: [&[u8]; 5] = [
        b"conet/session/1",
        direction,
        binding.wallet.as_slice(),
        &agent,
        binding.request.as_slice(),
    ];
    seal((&SECRET, &RANDOM, &info), counter, associated, plaintext)
}

/// Variant 0 is a first cell, 1 an acknowledgement, 2 the plaintext of
/// acknowledgements, 3 that of small cells, 4 of large and small ones.
fn run(data: &[u8]) {
    let Some((number, mut data)) = data.split_first() else { return };
    let secret = SessionSecret::new(SECRET);
    match number % 5 {
        0 => {
            let mut cell = data.to_vec();
            cell.resize(
                if data.len() > CELL_SMALL { cell_len(CELL_LARGE) } else { cell_len(CELL_SMALL) },
                0,
            );
            let _ = CellOpener::new(secret, binding()).open(&cell, &mut Vec::new());
            let _ =
                CellOpener::new(SessionSecret::new(SECRET), binding()).open(data, &mut Vec::new());
        }
        1 => {
            let (_, mut acks) = CellSealer::new(&secret, RANDOM, &binding()).unwrap();
            let _ = AckReceiver::session_of(data);
            let _ = acks.open(data);
        }
        2 => acknowledge(&secret, data),
        large => {
            let mut opener = CellOpener::new(secret, binding());
            let mut counter = 0;
            while !data.is_empty() && stream_goes_on(&mut opener, counter, large == 4, &mut data) {
                counter += 1;
            }
        }
    }
}

/// Seals the next bytes as a cell and opens it: its used length, then frame bytes.
fn stream_goes_on(opener: &mut CellOpener, counter: u64, large: bool, data: &mut &[u8]) -> bool {
    let wire = if large && counter.is_multiple_of(2) { CELL_LARGE } else { CELL_SMALL };
    let random: &[u8] = if counter == 0 { &RANDOM } else { &[] };
    let mut plaintext = vec![0; cell_len(wire) - TAG - random.len()];
    let (now, later) = data.split_at(data.len().min(plaintext.len()));
    plaintext[..now.len()].copy_from_slice(now);
    *data = later;
    let cell = [random, &sealed(b"push", counter, &[], plaintext)].concat();
    let mut frames = Vec::new();
    let goes_on = opener.open(&cell, &mut frames).is_ok();
    let bytes = |frame: &Frame| if let Frame::Message { n1, .. } = frame { n1.len() } else { 0 };
    assert!(frames.len() <= cell.len());
    assert!(frames.iter().map(bytes).sum::<usize>() <= cell.len() * (counter as usize + 1) * 16);
    goes_on
}

fn acknowledge(secret: &SessionSecret, mut data: &[u8]) {
    let (_, mut acks) = CellSealer::new(secret, RANDOM, &binding()).unwrap();
    let mut next = 0;
    while !data.is_empty() {
        let counter = u64::from_be_bytes(take(&mut data));
        let index: [u8; 8] = take(&mut data);
        let bytes = [
            &acks.id()[..],
            &counter.to_be_bytes(),
            &sealed(b"ack", counter, &acks.id(), index.to_vec()),
        ];
        let opened = acks.open(&bytes.concat());
        assert_eq!(opened.is_ok(), counter >= next);
        if let Ok(read) = opened {
            assert_eq!(read, u64::from_be_bytes(index));
            next = counter.saturating_add(1);
        }
    }
}

fn samples() -> Vec<Vec<u8>> {
    let secret = SessionSecret::new(SECRET);
    let (mut cells, _) = CellSealer::new(&secret, RANDOM, &binding()).unwrap();
    let first = cells.seal().unwrap();
    let mut opener = CellOpener::new(secret, binding());
    let mut acks = opener.open(&first, &mut Vec::new()).unwrap().unwrap();
    let mut frames = vec![1, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1];
    frames.extend_from_slice(&[2, 0, 0, 0, 20]);
    frames.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 1, 7, 7, 7]);
    frames.extend_from_slice(&[3, 0, 0, 0, 0, 4, 0, 0, 0, 1, 2]);
    let plain = [&(frames.len() as u32).to_be_bytes()[..], &frames].concat();
    vec![
        variant(0, &first),
        variant(1, &acks.acknowledge(4).unwrap()),
        variant(2, &[0; 48]),
        variant(3, &plain),
        variant(4, &plain),
    ]
}
