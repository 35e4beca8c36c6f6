//! What an archive node reads when it starts again does not grow with the age of its log.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use std::{path::Path, sync::Arc};

use alloy::primitives::{Address, B256, keccak256};
use conet_bindings::roles;
use conet_committee::{
    Action, Record,
    archive::{
        Rules,
        item::{Joining, Opening},
    },
    keys::NodeId,
    log::Timing,
    message::Message,
    roulette::pool::Offer,
    seat::{Event, Seat, SeatConfig, SeatLimits},
    seats::Seats,
    vote::Voting,
};
use conet_dle::{
    keys::WalletKey,
    ledgers::{Chains, LedgerLimits, NodeLedgers},
    metrics::Metrics,
    registry::{NodeEntry, NodeMap},
    seeds::SeedSecrets,
    store::{Founding, Store, StoreLimits, Write},
};
use conet_ledger::execute::CodeBook;
use zeroize::Zeroizing;

/// Chains that are opened at the beginning, and rest from then on.
const CHAINS: u64 = 500;

/// Nodes that wish to be drawn, over and over: one wish in each entry.
const WISHING: u64 = 500;

const CHECKPOINT_EVERY: u64 = 1_024;

fn key(node: u64) -> WalletKey {
    WalletKey::new(&Zeroizing::new(keccak256(node.to_be_bytes()).0)).unwrap()
}

/// A group of one seat: it is its own quorum, and makes an entry whenever it is asked.
struct Lonely {
    store: Store,
    config: SeatConfig,
    seat: Seat,
    now_ms: u64,
    wishes: u64,
}

impl Lonely {
    /// Goes on from the journal in this folder: with how many records, and how many entries it replays.
    fn start(home: &Path, now_ms: u64) -> (Self, usize, u64) {
        let (me, seats) = (NodeId(1), Arc::new(Seats::new(1, 1, 1, vec![NodeId(1)])));
        let metrics = Metrics::new();
        let path = home.join("dle.db");
        let founding = Founding { main_chain_id: 1, seats: Seats::clone(&seats), began_ms: 1 };
        let store = Store::open(&path, me, &founding, StoreLimits::default(), metrics).unwrap();
        let nodes = (1..=1 + WISHING).map(|id| NodeEntry::new(NodeId(id), key(id).wallet(), None));
        let registry = Arc::new(NodeMap::new(nodes));
        let main = (1, Address::repeat_byte(3));
        let config = SeatConfig {
            seats,
            voting: Voting::new(me, Arc::new(key(1)), registry, main),
            timing: Timing::default(),
            rules: Rules { checkpoint_every: CHECKPOINT_EVERY, ..Rules::default() },
            keys: Arc::new(SeedSecrets::new(home)),
            began_ms: 1,
            limits: SeatLimits::default(),
        };
        let records = store.journal().unwrap();
        let (count, height) = (records.len(), newest(&records));
        let checkpoint = records.iter().filter_map(|record| match record {
            Record::Checkpoint(frozen) => Some(frozen.proof.height()),
            _ => None,
        });
        let replayed = height - checkpoint.max().unwrap_or_default();
        let limits = LedgerLimits::default();
        let chains = Chains::new(store.clone(), Arc::new(CodeBook::default()), limits);
        let ledgers = Box::new(NodeLedgers(Arc::new(chains)));
        let seat = Seat::restore(&config, ledgers, records, now_ms);
        assert_eq!(seat.tip().header.height, height);
        (Self { store, config, seat, now_ms, wishes: 0 }, count, replayed)
    }

    fn step(&mut self, event: Event) {
        let actions = self.seat.step(self.now_ms, event);
        let records = actions.into_iter().filter_map(|action| match action {
            Action::Persist(record) => Some(Write::Record(Box::new(record))),
            _ => None,
        });
        self.store.write(records.collect(), |written| written.unwrap()).unwrap();
    }

    fn open_chains(&mut self) {
        for number in 0..CHAINS {
            let chain = keccak256(number.to_be_bytes());
            self.step(Event::Opened(Opening {
                chain,
                series: 1,
                genesis: keccak256(chain),
                height: 0,
                creator: None,
                witnesses: 1,
                validators: 1,
                quorum: 0,
                paid_through_s: 0,
                gas_price: 0,
            }));
        }
    }

    /// Makes entries up to a height.
    fn go_on(&mut self, height: u64) {
        let log = self.config.seats.log;
        while self.seat.tip().header.height < height {
            let (node, number) = (2 + self.wishes % WISHING, 1 + self.wishes / WISHING);
            self.wishes += 1;
            let offer = Offer { node: NodeId(node), roles: roles::WITNESS, seats: 1 };
            let signed = Joining::struct_hash(log, &offer, number, B256::ZERO);
            let registry = Arc::new(NodeMap::default());
            let voting = Voting::new(
                NodeId(node),
                Arc::new(key(node)),
                registry,
                (1, Address::repeat_byte(3)),
            );
            let signature = voting.sign(signed);
            let joining = Joining { offer, number, trap: B256::ZERO, signature };
            self.step(Event::Message(NodeId(node), Box::new(Message::Join(joining))));
            self.now_ms += 100;
            self.step(Event::Tick);
        }
    }
}

fn newest(records: &[Record]) -> u64 {
    let heights = records.iter().filter_map(|record| match record {
        Record::Entry(entry) => Some(entry.header.height),
        _ => None,
    });
    heights.max().unwrap_or_default()
}

/// Makes so many entries, and starts again at each of these heights: how many records that reads, and replays.
fn restarts(heights: &[u64]) -> Vec<(usize, u64)> {
    let home = tempfile::tempdir().unwrap();
    let (mut lonely, ..) = Lonely::start(home.path(), 1);
    lonely.open_chains();
    let mut found = Vec::new();
    for height in heights {
        lonely.go_on(*height);
        let (now_ms, wishes) = (lonely.now_ms, lonely.wishes);
        drop(lonely.seat);
        let newest = lonely.store.entries(*height - 8, 8).unwrap();
        assert!(newest.iter().all(|entry| !entry.items.is_empty()), "entries without a wish");
        lonely.store.close();
        let (again, count, replayed) = Lonely::start(home.path(), now_ms);
        lonely = Lonely { wishes, ..again };
        found.push((count, replayed));
    }
    found
}

#[test]
fn a_restart_reads_no_more_of_an_old_log_than_of_a_young_one() {
    // One before a checkpoint, where most is to be replayed.
    let heights: Vec<_> = (2..=4).map(|number| number * CHECKPOINT_EVERY - 1).collect();
    let found = restarts(&heights);
    for (records, replayed) in &found {
        assert_eq!(*replayed, CHECKPOINT_EVERY - 1);
        // Those after the checkpoint, those kept below it, and what is under way.
        assert!(*records as u64 <= 2 * CHECKPOINT_EVERY + 16, "{found:?}");
    }
    assert_eq!(found.first(), found.last(), "{found:?}");
}
