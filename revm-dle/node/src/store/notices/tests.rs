use alloy::primitives::{Bytes, FixedBytes};
use conet_committee::{
    Record,
    archive::{Image, Page},
    journal::Frozen,
    keys::NodeId,
    log::{Certificate, EntryHeader},
    vote::Phase,
};

use super::*;
use crate::store::{
    Store, Write,
    tests::{opened as open, temporary, write},
};

/// As an entry of this height tells of a chain.
pub(crate) fn proven(chain: u8, height: u64) -> ProvenNotice {
    let header = EntryHeader {
        log: B256::ZERO,
        epoch: 1,
        view: height,
        height,
        parent: B256::ZERO,
        parent_view: 0,
        time_ms: height,
        items_hash: B256::ZERO,
        notices_root: B256::ZERO,
        state_hash: B256::ZERO,
    };
    let entry = header.id();
    let signatures = vec![(NodeId(1), FixedBytes::repeat_byte(9))];
    let notice = Notice {
        chain: B256::repeat_byte(chain),
        series: 1,
        genesis: B256::ZERO,
        height: 0,
        hash: B256::ZERO,
        view: 0,
        creator: Some(NodeId(1)),
        trap: None,
        witnesses: vec![NodeId(2)],
        validators: vec![(1, vec![NodeId(3)])],
        validator_count: 1,
        is_whole: true,
        quorum: 0,
        paid_through_s: 0,
        gas_price: 0,
    };
    let certificate = Certificate { phase: Phase::Finalize, view: height, entry, signatures };
    let path = vec![B256::repeat_byte(chain)];
    let proof = EntryProof { headers: vec![header], certificate };
    ProvenNotice { notice, path, proof }
}

/// For each proof, of how many notices it is.
fn proofs(path: &std::path::Path) -> Vec<(i64, i64)> {
    let connection = Connection::open(path).unwrap();
    let mut select =
        connection.prepare("SELECT entry, notices FROM proofs ORDER BY entry").unwrap();
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn a_restart_finds_the_newest_notices_and_a_proof_stays_as_long_as_it_is_needed() {
    let (_dir, path) = temporary();
    let store = open(&path);
    let put = |store: &Store, notices: &[(u8, u64)]| {
        let notices = notices.iter().map(|(chain, height)| proven(*chain, *height));
        write(
            store,
            notices.map(|proven| Write::Record(Box::new(Record::Proven(proven.into())))).collect(),
        )
        .unwrap();
    };
    put(&store, &[(1, 5), (2, 5), (3, 6)]);
    assert_eq!(proofs(&path), [(5, 2), (6, 1)], "one for all of an entry");
    put(&store, &[(1, 7), (3, 7)]);
    assert_eq!(proofs(&path), [(5, 1), (7, 2)]);
    // The same again, as when a journal is read that was kept before.
    put(&store, &[(1, 7)]);
    put(&store, &[(2, 8)]);
    assert_eq!(proofs(&path), [(7, 2), (8, 1)]);
    store.close();
    let store = open(&path);
    for (chain, height) in [(1, 7), (2, 8), (3, 7)] {
        let found = store.notice(B256::repeat_byte(chain)).unwrap();
        assert_eq!(found, Some(proven(chain, height)));
    }
    assert_eq!(store.notice(B256::repeat_byte(4)).unwrap(), None);
}

#[test]
fn a_checkpoint_takes_the_place_of_what_was_told_up_to_it() {
    let (_dir, path) = temporary();
    let store = open(&path);
    for (chain, entry) in [(1, 5), (2, 6), (3, 7)] {
        let record = Record::Proven(Box::new(proven(chain, entry)));
        write(&store, vec![Write::Record(Box::new(record))]).unwrap();
    }
    let ProvenNotice { proof, .. } = proven(1, 6);
    let page = Page { prefix: 1, chains: vec![7; 100_000].into() };
    let state = Image { head: Bytes::from_static(b"state"), pages: vec![page] };
    let checkpoint = Record::Checkpoint(Box::new(Frozen { proof, state, is_whole: true }));
    write(&store, vec![Write::Record(Box::new(checkpoint.clone()))]).unwrap();
    assert_eq!(proofs(&path), [(7, 1)]);
    let known = |chain| store.notice(B256::repeat_byte(chain)).unwrap();
    assert_eq!((known(1), known(2), known(3)), (None, None, Some(proven(3, 7))));
    // Chains are much alike, so their states are compressed.
    assert_eq!(store.journal().unwrap(), [checkpoint]);
    assert!(std::fs::metadata(&path).unwrap().len() < 100_000 + 200_000);
}
