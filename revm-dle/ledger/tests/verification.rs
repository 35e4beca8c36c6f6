//! Checking a series offline finds what is wrong, and where.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop where it stands"
)]

mod support;

use alloy::primitives::{B256, Bytes, keccak256};
use alloy::sol_types::SolCall as _;
use conet_ledger::error::BadBlock;
use conet_ledger::genesis::Genesis;
use conet_ledger::snapshot::{Snapshot, SnapshotError};
use conet_ledger::verify::{ExportedChain, Wrong, verify};

use support::mini::{self, Mini};
use support::series::{Series, genesis, owner};

fn series() -> Series {
    let code = mini::code();
    let definitions = mini::definitions(owner(0), 1_000_000_000_000);
    let mut note = Series::new(genesis(&code, definitions), code);
    for to in 1..6 {
        let transfer = Mini::transferCall { to: owner(to), amount: 5_000_000 };
        note.add_calls(vec![note.call(0, transfer.abi_encode())]);
    }
    note
}

/// What is found when this is done to a good series.
fn found(change: impl FnOnce(&mut ExportedChain)) -> (u64, Wrong) {
    let mut exported = series().export();
    change(&mut exported);
    let error = verify(&exported).unwrap_err();
    (error.height, error.reason)
}

#[test]
fn a_good_series_is_good() {
    let series = series();
    series.verify();
    let json = serde_json::to_string(&series.export()).unwrap();
    assert_eq!(serde_json::from_str::<ExportedChain>(&json).unwrap(), series.export());
}

#[test]
fn another_genesis_is_told() {
    let (expected, other) = (series().chain.hash(), B256::repeat_byte(1));
    let wrong = found(|exported| exported.genesis_hash = other);
    assert_eq!(wrong, (0, Wrong::GenesisHash { expected, found: other }));

    let code = Bytes::from_static(&[0]);
    let wrong = found(|exported| exported.code = code.clone());
    let expected = keccak256(mini::code());
    assert_eq!(wrong, (0, Wrong::Code { expected, found: keccak256(code) }));
}

#[test]
fn a_block_that_is_left_out_is_told() {
    let wrong = found(|exported| drop(exported.blocks.remove(2)));
    assert_eq!(wrong, (3, BadBlock::Height { expected: 3, found: 4 }.into()));
}

#[test]
fn false_outcomes_are_told() {
    let good = series().export().blocks[1].header.outcome.clone();
    let (height, other) = (2, B256::repeat_byte(1));
    let at = |change: fn(&mut conet_ledger::block::Outcome)| {
        found(|exported| change(&mut exported.blocks[1].header.outcome))
    };
    let (expected, wrong) = (good.gas_used, good.gas_used + 1);
    let reason = Wrong::GasUsed { expected, found: wrong };
    assert_eq!(at(|outcome| outcome.gas_used += 1), (height, reason));
    let reason = Wrong::Fees { expected: 2_500, found: 2_501 };
    assert_eq!(at(|outcome| outcome.fees += 1), (height, reason));
    let reason = Wrong::Receipts { expected: good.receipts_root, found: other };
    assert_eq!(at(|outcome| outcome.receipts_root = B256::repeat_byte(1)), (height, reason));
    let reason = Wrong::State { expected: good.state_root, found: other };
    assert_eq!(at(|outcome| outcome.state_root = B256::repeat_byte(1)), (height, reason));
}

#[test]
fn another_body_is_told() {
    let (height, reason) = found(|exported| exported.blocks[4].body.settled.push(1));
    assert_eq!(height, 5);
    assert!(matches!(reason, Wrong::Block(BadBlock::Body { .. })), "{reason}");
}

#[test]
fn a_series_that_does_not_follow_is_told() {
    let series = series();
    let verified = verify(&series.export()).unwrap();
    let last = &series.last.proposal;
    let good = Genesis {
        series: 2,
        parent: series.last.hash(),
        height: 6,
        time_ms: last.time_ms,
        ..series.chain.genesis().clone()
    };
    assert_eq!(verified.next_series(&good), Ok(()));
    let (other, min) = (B256::repeat_byte(1), last.time_ms);
    let cases: [(Genesis, BadBlock); 5] = [
        (
            Genesis { chain: other, ..good.clone() },
            BadBlock::Chain { expected: last.chain, found: other },
        ),
        (Genesis { series: 3, ..good.clone() }, BadBlock::Series { expected: 2, found: 3 }),
        (Genesis { height: 5, ..good.clone() }, BadBlock::Height { expected: 6, found: 5 }),
        (
            Genesis { parent: other, ..good.clone() },
            BadBlock::Parent { expected: series.last.hash(), found: other },
        ),
        (Genesis { time_ms: min - 1, ..good.clone() }, BadBlock::Time { min, found: min - 1 }),
    ];
    for (genesis, expected) in cases {
        let error = verified.next_series(&genesis).unwrap_err();
        assert_eq!((error.height, error.reason), (6, expected.into()));
    }
}

#[test]
fn a_chain_at_rest_comes_back() {
    let series = series();
    let snapshot = Snapshot { header: series.last.clone(), state: series.state.clone() };
    let bytes = snapshot.encode().unwrap();
    assert!(bytes.len() <= 1024, "{} bytes", bytes.len());
    let block = series.last.hash();
    let again = Snapshot::decode(block, &bytes).unwrap();
    assert_eq!((&again.header, again.state.root()), (&snapshot.header, snapshot.state.root()));

    for end in 0..bytes.len() {
        assert!(Snapshot::decode(block, &bytes[..end]).is_err());
    }
    let refused = |bytes: &[u8]| Snapshot::decode(block, bytes).unwrap_err();
    // The state of another block, under this one's header, and the other way round.
    let first = Snapshot { header: series.chain.header().clone(), ..snapshot };
    let error = refused(&first.encode().unwrap());
    assert!(matches!(error, SnapshotError::Block { .. }), "{error}");
    let swapped = Snapshot { header: series.last.clone(), state: Default::default() };
    let error = refused(&swapped.encode().unwrap());
    assert!(matches!(error, SnapshotError::Block { .. }), "{error}");
    // A root that is written, though it follows from the state, is another form of the same.
    let root = series.last.outcome.state_root;
    let at = bytes.windows(32).position(|window| window == [0; 32]).unwrap();
    let mut with_root = bytes;
    with_root[at..at + 32].copy_from_slice(root.as_slice());
    let error = refused(&with_root);
    assert!(matches!(error, SnapshotError::Root { .. }), "{error}");
}
