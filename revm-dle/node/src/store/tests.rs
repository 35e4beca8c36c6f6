use std::sync::{Arc, Mutex};

use alloy::primitives::FixedBytes;
use conet_committee::{
    archive::{
        Notice, ProvenNotice,
        item::{CertifiedHeader, Word, block_vote},
    },
    log::{Certificate, EntryHeader, EntryProof},
    message::Proposed,
    vote::{Ballot, Phase},
};
use conet_ledger::{
    block::{Body, Header, Outcome, Proposal, SignedTransaction, Transaction},
    receipt::Receipt,
};

use super::*;

mod moves;
mod pruning;

const CHAIN: B256 = B256::repeat_byte(5);

fn seats() -> Seats {
    Seats::new(1, 1, 1, (1..=4).map(NodeId).collect())
}

const fn founding(seats: Seats, began_ms: u64) -> Founding {
    Founding { main_chain_id: 1, seats, began_ms }
}

fn open(path: &Path) -> Result<Store, StoreError> {
    Store::open(path, NodeId(1), &founding(seats(), 0), StoreLimits::default(), Metrics::new())
}

/// In a folder of its own.
pub(crate) fn temporary() -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("dle.db");
    (dir, path)
}

/// Node 1's, in the first group of a network.
pub(crate) fn opened(path: &Path) -> Store {
    open(path).unwrap()
}

/// Writes, and waits until it is on disk.
pub(super) fn write(store: &Store, writes: Vec<Write>) -> Result<(), String> {
    let (reply, answer) = mpsc::channel();
    let told = store.write(writes, move |done| {
        let _ = reply.send(done.map_err(ToString::to_string));
    });
    told.map_err(|error| error.to_string())?;
    answer.recv().unwrap()
}

fn records(records: Vec<Record>) -> Vec<Write> {
    records.into_iter().map(|record| Write::Record(Box::new(record))).collect()
}

fn entry(height: u64, view: u64) -> Entry {
    let header = EntryHeader {
        log: seats().log,
        epoch: 1,
        view,
        height,
        parent: B256::ZERO,
        parent_view: 0,
        time_ms: height,
        items_hash: B256::ZERO,
        notices_root: B256::ZERO,
        state_hash: B256::ZERO,
    };
    Entry { header, items: Vec::new() }
}

fn ballot(vote: conet_bindings::ledger::Vote) -> Ballot {
    Ballot::alone(NodeId(1), vote, FixedBytes::repeat_byte(9))
}

fn log_vote(view: u64) -> Record {
    let vote = seats().vote(Phase::Notarize, view, B256::repeat_byte(1));
    Record::LogVote(Phase::Notarize, ballot(vote))
}

fn header(height: u64) -> Header {
    let proposal = Proposal {
        chain: CHAIN,
        series: 1,
        height,
        view: 0,
        epoch: 1,
        parent: B256::repeat_byte(2),
        time_ms: 0,
        paid_through_s: 0,
        gas_price: 0,
        members_hash: B256::ZERO,
        body_hash: body(height).hash(),
    };
    let outcome =
        Outcome { gas_used: 0, fees: 0, receipts_root: B256::ZERO, state_root: B256::ZERO };
    Header { proposal, outcome }
}

fn body(height: u64) -> Body {
    let transaction = Transaction {
        chain: CHAIN,
        nonce: height,
        valid_until_s: 0,
        gas_limit: 0,
        data: Default::default(),
    };
    let signature = Default::default();
    Body { transactions: vec![SignedTransaction { transaction, signature }], ..Body::default() }
}

fn word(height: u64, phase: Phase) -> Word {
    let header = header(height);
    Word { ballot: ballot(block_vote(&header, phase, header.hash())), outcome: None }
}

/// As the entry at ten times the chain's height tells of it.
fn notice(height: u64) -> ProvenNotice {
    let notice = Notice {
        chain: CHAIN,
        series: 1,
        genesis: B256::ZERO,
        height,
        hash: B256::ZERO,
        view: 0,
        creator: Some(NodeId(1)),
        trap: None,
        witnesses: Vec::new(),
        validators: Vec::new(),
        validator_count: 1,
        is_whole: true,
        quorum: 0,
        paid_through_s: 0,
        gas_price: 0,
    };
    let headers = vec![entry(10 * height, 10 * height).header];
    let proof = EntryProof { headers, certificate: certificate(1) };
    ProvenNotice { notice, path: Vec::new(), proof }
}

fn certificate(view: u64) -> Certificate {
    Certificate { phase: Phase::Finalize, view, entry: B256::ZERO, signatures: Vec::new() }
}

#[test]
fn what_follows_from_a_record_is_said_after_it_is_on_disk() {
    let (_dir, path) = temporary();
    let store = open(&path).unwrap();
    let said = Arc::new(Mutex::new(Vec::new()));
    for view in 1..=100 {
        let (said, reader) = (said.clone(), store.clone());
        let then = move |done: Result<(), &StoreError>| {
            done.unwrap();
            // Another connection sees it now: whatever happens next, it is not lost.
            assert!(reader.journal().unwrap().contains(&log_vote(view)));
            said.lock().unwrap().push(view);
        };
        store.write(records(vec![log_vote(view)]), then).unwrap();
    }
    write(&store, Vec::new()).unwrap();
    assert_eq!(*said.lock().unwrap(), (1..=100).collect::<Vec<_>>());
}

#[test]
fn nothing_is_said_once_the_disk_refuses() {
    let (_dir, path) = temporary();
    let limits = StoreLimits { file_bytes_max: 512 << 10, ..StoreLimits::default() };
    let store =
        Store::open(&path, NodeId(1), &founding(seats(), 0), limits, Metrics::new()).unwrap();
    let big = |view| {
        let mut records = vec![log_vote(view)];
        let bytes = alloy::primitives::Bytes::from(vec![7; 100 << 10]);
        let proposed = Proposed {
            header: header(view),
            body: body(view),
            create: word(view, Phase::Create).ballot,
            parent: None,
        };
        records.push(Record::Proposed(Box::new(proposed), bytes));
        records
    };
    let outcomes: Vec<_> = (1..=8).map(|view| write(&store, records(big(view))).is_ok()).collect();
    let good = outcomes.iter().take_while(|good| **good).count();
    assert!((1..8).contains(&good), "{outcomes:?}");
    // Also what would fit: what was journaled last is not known any more.
    assert!(outcomes[good..].iter().all(|good| !good));
    assert!(write(&store, records(vec![log_vote(99)])).is_err());
    store.close();
    let votes = open(&path).unwrap().journal().unwrap();
    let votes = votes.iter().filter(|record| matches!(record, Record::LogVote(..))).count();
    assert_eq!(votes, good, "nothing of a batch that failed is there");
}

#[test]
fn blocks_that_were_missed_are_wanted_down_to_what_is_here() {
    let (_dir, path) = temporary();
    let store = open(&path).unwrap();
    let below = header(3);
    let mut above = header(4);
    above.proposal.parent = below.hash();
    let mut first = header(2);
    first.proposal.parent = B256::ZERO;
    let mut linked = below.clone();
    linked.proposal.parent = first.hash();
    above.proposal.parent = linked.hash();
    let receipt = Receipt { success: true, gas_used: 1, logs: Vec::new(), output_hash: B256::ZERO };
    let block = |header: &Header, content| {
        Write::Block(Box::new(FinalBlock { header: header.clone(), content, is_genesis: false }))
    };
    write(&store, vec![block(&first, Some((body(2), vec![receipt.clone()])))]).unwrap();
    write(&store, vec![block(&above, None)]).unwrap();
    assert_eq!(store.wanted(9).unwrap(), [above.hash()]);
    let fetched = |header: &Header, body| Write::Fetched(Box::new((header.clone(), body)));
    // Not wanted, and not its body.
    write(&store, vec![fetched(&linked, body(3)), fetched(&above, body(3))]).unwrap();
    assert_eq!(store.wanted(9).unwrap(), [above.hash()]);
    write(&store, vec![fetched(&above, body(4))]).unwrap();
    assert_eq!(store.wanted(9).unwrap(), [linked.hash()]);
    write(&store, vec![fetched(&linked, body(3))]).unwrap();
    assert!(store.wanted(9).unwrap().is_empty());
    let found = store.block_at(CHAIN, 3).unwrap().unwrap();
    assert_eq!((found.header, found.body, found.receipts), (linked, Some(body(3)), None));
    let hash = transaction_hash(&body(2).transactions[0]);
    let place = Place { chain: CHAIN, height: 2, index: 0 };
    assert_eq!(store.place(hash).unwrap(), Some(place));
    assert_eq!(store.block(first.hash()).unwrap().unwrap().receipts, Some(vec![receipt]));
}

#[test]
fn another_nodes_journal_is_refused() {
    let (_dir, path) = temporary();
    open(&path).unwrap().close();
    let limits = StoreLimits::default;
    let other = Store::open(&path, NodeId(2), &founding(seats(), 0), limits(), Metrics::new());
    assert!(matches!(other, Err(StoreError::NotOurs { .. })));
    let elsewhere = Founding { main_chain_id: 2, ..founding(seats(), 0) };
    let other = Store::open(&path, NodeId(1), &elsewhere, limits(), Metrics::new());
    assert!(matches!(other, Err(StoreError::NotOurs { .. })));
    assert!(open(&path).is_ok());
}

#[test]
fn a_journal_of_an_earlier_form_is_refused() {
    let (_dir, path) = temporary();
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 6).unwrap();
    let refused = open(&path).map(|_| ()).unwrap_err();
    assert!(
        matches!(refused, StoreError::Open(conet_sqlite::OpenError::Older { .. })),
        "{refused}"
    );
}

#[test]
fn a_journal_goes_on_from_the_epoch_that_it_began_with() {
    let (_dir, path) = temporary();
    let began = |epoch: u64| {
        let seats = Seats::new(1, 1, epoch, (epoch..=epoch + 4).map(NodeId).collect());
        let limits = StoreLimits::default();
        let founding = founding(seats, 7 * epoch);
        Store::open(&path, NodeId(1), &founding, limits, Metrics::new()).unwrap()
    };
    let store = began(3);
    let first = store.founding().unwrap();
    assert_eq!(first, (Seats::new(1, 1, 3, (3..=7).map(NodeId).collect()), 21));
    store.close();
    assert_eq!(began(4).founding().unwrap(), first);
}

#[test]
fn a_duty_is_due_until_it_is_done_and_again_when_it_comes_up_again() {
    let (_dir, path) = temporary();
    let store = open(&path).unwrap();
    let (anchor, other) = (Duty::Anchor(CHAIN), Duty::Anchor(B256::repeat_byte(6)));
    let duties = |store: &Store| {
        let due = store.duties(9).unwrap();
        due.into_iter().map(|(_, duty)| duty).collect::<Vec<_>>()
    };
    write(&store, vec![Write::Duty(anchor.clone()), Write::Duty(other.clone())]).unwrap();
    assert_eq!(duties(&store), [anchor.clone(), other.clone()]);
    let (first, _) = store.duties(1).unwrap().remove(0);
    // It came up again while it was being done: that it was done says nothing of it.
    write(&store, vec![Write::Duty(anchor.clone()), Write::Done(first)]).unwrap();
    assert_eq!(duties(&store), [other.clone(), anchor.clone()]);
    let (second, _) = store.duties(1).unwrap().remove(0);
    write(&store, vec![Write::Done(second)]).unwrap();
    assert_eq!(duties(&store), std::slice::from_ref(&anchor));
    assert!(store.has_duty(&other).unwrap());
    assert!(!store.has_duty(&Duty::Anchor(B256::ZERO)).unwrap());
}
