use alloy::primitives::{Address, B256, U256};
use proptest::prelude::*;

use super::*;
use crate::{
    message::Kind,
    sizes::{CELL_LARGE, CELL_SMALL},
};

fn binding() -> SessionBinding {
    SessionBinding {
        wallet: Address::repeat_byte(5),
        agent: U256::from(3),
        request: B256::repeat_byte(6),
    }
}

fn stream() -> (CellSealer, AckReceiver, CellOpener) {
    let secret = SessionSecret::new([9; 32]);
    let (sealer, acks) = CellSealer::new(&secret, [1; 32], &binding()).unwrap();
    (sealer, acks, CellOpener::new(secret, binding()))
}

fn message(index: u64, length: usize) -> Frame {
    Frame::Message { index, received_at: 77, kind: Kind::Mail, n1: vec![0xc1; length] }
}

#[test]
fn frames_of_any_length_cross_in_cells_of_two_sizes() {
    let (mut sealer, _, mut opener) = stream();
    let sent = [
        Frame::Opened { agent_clock: 12 },
        message(0, 10),
        message(1, crate::sizes::N2_MAX),
        Frame::Drained,
        message(2, 3000),
        Frame::Notice(Notice::Replaced),
        Frame::Bytes(vec![5; 100_000]),
    ];
    let mut received = Vec::new();
    let mut sizes = Vec::new();
    for frame in &sent {
        sealer.queue(frame);
        while sealer.waiting() > 0 {
            let cell = sealer.seal().unwrap();
            sizes.push(cell.len());
            opener.open(&cell, &mut received).unwrap();
        }
    }
    assert_eq!(received, sent);
    assert!(sizes.iter().all(|s| *s == cell_len(CELL_SMALL) || *s == cell_len(CELL_LARGE)));
    assert!(sizes.contains(&cell_len(CELL_LARGE)));
}

#[test]
fn an_idle_cell_looks_like_a_small_message() {
    let (mut sealer, _, mut opener) = stream();
    let mut frames = Vec::new();
    sealer.queue(&message(0, 2800));
    let full = sealer.seal().unwrap();
    let idle = sealer.seal().unwrap();
    assert_eq!(full.len(), idle.len());
    opener.open(&full, &mut frames).unwrap();
    opener.open(&idle, &mut frames).unwrap();
    assert_eq!(frames.len(), 1);
}

#[test]
fn a_gap_a_repeat_or_a_change_ends_the_stream() {
    let cells = |n: usize| {
        let (mut sealer, _, opener) = stream();
        ((0..n).map(|_| sealer.seal().unwrap()).collect::<Vec<_>>(), opener)
    };
    let mut none = Vec::new();

    let (c, mut opener) = cells(3);
    opener.open(&c[0], &mut none).unwrap();
    assert_eq!(opener.open(&c[2], &mut none).unwrap_err(), CellError::Seal { counter: 1 });

    let (c, mut opener) = cells(2);
    opener.open(&c[0], &mut none).unwrap();
    assert_eq!(opener.open(&c[0], &mut none).unwrap_err(), CellError::Seal { counter: 1 });

    for at in (0..cell_len(CELL_SMALL)).step_by(61) {
        let (mut c, mut opener) = cells(1);
        c[0][at] ^= 4;
        assert!(opener.open(&c[0], &mut none).is_err(), "byte {at}");
    }
    let (c, mut opener) = cells(1);
    assert!(matches!(opener.open(&c[0][1..], &mut none), Err(CellError::Size { .. })));
}

#[test]
fn two_streams_of_one_secret_share_no_key() {
    let secret = SessionSecret::new([9; 32]);
    let (mut one, _) = CellSealer::new(&secret, [1; 32], &binding()).unwrap();
    let (mut two, _) = CellSealer::new(&secret, [2; 32], &binding()).unwrap();
    let other = SessionBinding { request: B256::repeat_byte(7), ..binding() };
    let (mut three, _) = CellSealer::new(&secret, [1; 32], &other).unwrap();
    let cells = [one.seal().unwrap(), two.seal().unwrap(), three.seal().unwrap()];
    assert_ne!(cells[0][32..], cells[1][32..]);
    assert_ne!(cells[0][32..], cells[2][32..]);
}

#[test]
fn acknowledgements_count_once_and_only_in_their_session() {
    let (mut sealer, mut acks, mut opener) = stream();
    let first = sealer.seal().unwrap();
    let mut sender = opener.open(&first, &mut Vec::new()).unwrap().unwrap();
    let one = sender.acknowledge(4).unwrap();
    let two = sender.acknowledge(9).unwrap();
    assert_eq!(one.len(), ACK_BYTES);
    assert_eq!(AckReceiver::session_of(&one).unwrap(), acks.id());

    let mut bad = one.clone();
    bad[30] ^= 1;
    assert_eq!(acks.open(&bad).unwrap_err(), AckError::NotSealed);
    assert_eq!(acks.open(&one).unwrap(), 4);
    assert_eq!(acks.open(&one).unwrap_err(), AckError::Repeated { expected: 1, found: 0 });
    assert_eq!(acks.open(&two).unwrap(), 9);

    let other = SessionBinding { agent: U256::from(4), ..binding() };
    let (_, mut foreign) = CellSealer::new(&SessionSecret::new([9; 32]), [1; 32], &other).unwrap();
    assert_eq!(foreign.open(&two).unwrap_err(), AckError::OtherSession);
}

proptest! {
    #[test]
    fn strangers_cannot_panic_the_decoders(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        let (_, mut acks, mut opener) = stream();
        let _ = acks.open(&bytes);
        let mut cell = bytes;
        cell.resize(cell_len(CELL_SMALL), 7);
        prop_assert!(opener.open(&cell, &mut Vec::new()).is_err());
    }
}
