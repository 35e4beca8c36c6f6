use std::{sync::Mutex, time::Duration};

use alloy::primitives::Address;
use conet_committee::{
    Record,
    keys::{Keys, Registry},
    member::{MemberConfig, MemberTiming},
    seats::Seats,
    vote::Voting,
};
use conet_ledger::execute::CodeBook;
use zeroize::Zeroizing;

use super::*;
use crate::{
    group::{ArchiveGroup, Sitting},
    keys::WalletKey,
    ledgers::{LedgerLimits, NodeLedgers},
    registry::{NodeEntry, NodeMap},
    store::{Store, StoreLimits},
};

/// Looks into the journal at each message that leaves.
struct Checked {
    store: Store,
    seen: Mutex<Vec<u64>>,
}

impl Outlet for Checked {
    fn send(&self, _to: NodeId, message: Message) {
        if let Message::Join(joining) = message {
            let journal = self.store.journal().unwrap();
            assert!(journal.contains(&Record::Joined(joining.number)));
            self.seen.lock().unwrap().push(joining.number);
        }
    }
}

fn start(dir: &std::path::Path, file_bytes_max: u64) -> (Runtime, Arc<Checked>) {
    let seats = Arc::new(Seats::new(1, 1, 1, (1..=4).map(NodeId).collect()));
    let group = ArchiveGroup::first(1, Address::ZERO, Seats::clone(&seats), 0);
    let (me, metrics, founding) = (NodeId(101), Metrics::new(), group.founding());
    let (limits, sitting) =
        (StoreLimits { file_bytes_max, ..StoreLimits::default() }, Sitting::new(group));
    let store = Store::open(&dir.join("dle.db"), me, &founding, limits, metrics.clone()).unwrap();
    let key = WalletKey::new(&Zeroizing::new([1; 32])).unwrap();
    let nodes = NodeMap::new([NodeEntry::new(me, key.wallet(), None)]);
    let keys: Arc<dyn Keys> = Arc::new(key);
    let registry: Arc<dyn Registry> = Arc::new(nodes);
    let voting = Voting::new(me, keys, registry, (1, Address::ZERO));
    let records = store.journal().unwrap();
    let chains = Arc::new(Chains::new(
        store.clone(),
        Arc::new(CodeBook::default()),
        LedgerLimits::default(),
    ));
    let timing = MemberTiming { retry_ms: 10, ..MemberTiming::default() };
    let config = MemberConfig { groups: vec![seats.clone()], voting, timing, parts_max: 1 };
    let ledgers = Box::new(NodeLedgers(chains.clone()));
    let member = Member::restore(config, ledgers, records, crate::clock::unix_ms());
    let outlet = Arc::new(Checked { store, seen: Mutex::default() });
    let limits = RuntimeLimits::default();
    let runtime = Runtime::start(Parts {
        me,
        actor: Actor::Member(Box::new(member)),
        inbox: Arc::new(Inbox::new(limits, metrics.clone())),
        chains,
        outlet: outlet.clone(),
        sitting,
        told: Vec::new(),
        limits,
        metrics,
        historian: None,
    });
    (runtime.unwrap(), outlet)
}

async fn until(holds: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(30), "waited in vain");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn what_is_said_is_journaled_and_goes_on_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    for number in 1..=3 {
        let (runtime, outlet) = start(dir.path(), 1 << 30);
        until(|| outlet.seen.lock().unwrap().len() >= 8).await;
        assert!(runtime.look(|actor| actor.member().is_some()).await.unwrap());
        runtime.stop();
        assert!(!runtime.is_alive());
        assert_eq!(runtime.look(|_| ()).await, Err(NoAnswer));
        // A member that returns wishes anew, with a number that it never used.
        assert!(outlet.seen.lock().unwrap().iter().all(|seen| *seen == number));
    }
}

#[tokio::test]
async fn an_actor_stops_when_the_disk_refuses_and_says_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (runtime, _) = start(dir.path(), 1 << 30);
    runtime.stop();
    // The table that its next wish goes to is gone, as on a damaged disk.
    let connection = rusqlite::Connection::open(dir.path().join("dle.db")).unwrap();
    connection
        .execute_batch(
            "CREATE TRIGGER broken BEFORE INSERT ON notes BEGIN SELECT RAISE(ABORT, 'broken'); END",
        )
        .unwrap();
    let (runtime, outlet) = start(dir.path(), 1 << 30);
    until(|| !runtime.is_alive()).await;
    assert!(outlet.seen.lock().unwrap().is_empty());
    assert_eq!(runtime.look(|_| ()).await, Err(NoAnswer));
}
