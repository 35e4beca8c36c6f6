//! A group of archive nodes and participants, from an opened chain to final blocks, with nodes that are killed on the way.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on should stop where it stands"
)]

mod support;

use std::time::{Duration, Instant};

use alloy::primitives::{Address, B256};
use conet_committee::archive::ProvenNotice;
use conet_dle::{
    ledgers::OpenError,
    rpc::{AccountView, BlockView, Status, TransactionView},
    terms::Group,
};
use conet_ledger::{
    genesis::Chain,
    verify::{ExportedBlock, ExportedChain, verify},
};
use support::{Network, genesis, transfer, until, user};

const PATIENCE: Duration = Duration::from_secs(60);

const GROUP: Group = Group { creator: None, witnesses: 2, validators: 1, gas_price: 1 };

struct Payer<'a> {
    network: &'a Network,
    chain: &'a Chain,
    seat: u64,
}

impl Payer<'_> {
    fn id(&self) -> B256 {
        self.chain.genesis().chain
    }

    async fn notice(&self) -> Option<ProvenNotice> {
        let path = format!("/dle/v1/chains/{}", self.id());
        self.network.get(self.seat, self.id(), &path, Some(&user(1))).await.ok()
    }

    /// Submits a transfer, and again until it is final at the seat: how long that took.
    async fn pay(&self, nonce: u64) -> Duration {
        let (owner, to) = (user(1), Address::repeat_byte(0x77));
        let signed = transfer(self.chain, &owner, nonce, (to, 1_000_000));
        let start = Instant::now();
        let hash = until("a group", PATIENCE, async || {
            self.network.submit(self.seat, &signed, &owner).await.ok()
        })
        .await;
        let path = format!("/dle/v1/chains/{}/transactions/{hash}", self.id());
        let mut submitted = Instant::now();
        let view = until("a final transaction", PATIENCE, async || {
            if submitted.elapsed() > Duration::from_secs(2) {
                submitted = Instant::now();
                let _ = self.network.submit(self.seat, &signed, &owner).await;
            }
            let view =
                self.network.get::<TransactionView>(self.seat, self.id(), &path, Some(&owner));
            view.await.ok()
        })
        .await;
        assert!(view.receipt.unwrap().success);
        start.elapsed()
    }

    async fn pay_many(&self, nonces: std::ops::Range<u64>, what: &str) {
        let mut took = Vec::new();
        for nonce in nonces {
            took.push(self.pay(nonce).await);
        }
        took.sort_unstable();
        let (least, most) = (took[0], took[took.len() - 1]);
        println!("{what}: submit to final {least:?} … {:?} … {most:?}", took[took.len() / 2]);
    }
}

async fn height(network: &Network, seat: u64, chain: &Chain) -> Option<(u64, B256)> {
    let id = chain.genesis().chain;
    let path = format!("/dle/v1/chains/{id}");
    let notice: ProvenNotice = network.get(seat, id, &path, Some(&user(1))).await.ok()?;
    Some((notice.notice.height, notice.notice.hash))
}

async fn block(network: &Network, seat: u64, chain: &Chain, height: u64) -> Option<BlockView> {
    let id = chain.genesis().chain;
    let path = format!("/dle/v1/chains/{id}/blocks/{height}");
    network.get(seat, id, &path, Some(&user(1))).await.ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chains_go_on_while_nodes_die_and_return() {
    let filter = tracing_subscriber::EnvFilter::from_default_env();
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_test_writer().try_init();
    let start = Instant::now();
    let mut network = Network::start(4, 8).await;
    println!("4 seats and 8 participants are up after {:?}", start.elapsed());

    let genesis = genesis(&network.code, "a chain", user(1).wallet());
    let start = Instant::now();
    let chain = network.open(&genesis, GROUP).await;
    let payer = Payer { network: &network, chain: &chain, seat: 1 };
    let notice = until("a whole group", PATIENCE, async || {
        let notice = payer.notice().await?.notice;
        notice.signers(1).is_some().then_some(notice)
    })
    .await;
    println!("its group is drawn after {:?}: {:?}", start.elapsed(), notice.members());
    payer.pay_many(0..10, "all are there").await;

    // A seat dies: as soon as the others have suspended it, all goes on.
    network.kill(4);
    let payer = Payer { network: &network, chain: &chain, seat: 1 };
    payer.pay_many(10..11, "the first without a seat").await;
    payer.pay_many(11..15, "three seats of four").await;

    // It goes on from its journal, and gets what it missed: the log, the state, and the blocks.
    let start = Instant::now();
    network.start_seat(4).await;
    println!("the seat is up again after {:?}", start.elapsed());
    let there = height(&network, 1, &chain).await.unwrap();
    until("the seat to catch up", PATIENCE, async || {
        (height(&network, 4, &chain).await? == there).then_some(())
    })
    .await;
    for at in 1..=there.0 {
        until("all blocks", PATIENCE, async || {
            block(&network, 4, &chain, at).await.and_then(|block| block.body)
        })
        .await;
    }
    println!("the seat has everything after {:?}", start.elapsed());
    until("the seat to be active", PATIENCE, async || {
        let status: Status = network.get(1, B256::ZERO, "/dle/v1/status", None).await.ok()?;
        status.active.contains(&4).then_some(())
    })
    .await;

    // A witness dies, and returns before anybody misses it; another one dies for good.
    let payer = Payer { network: &network, chain: &chain, seat: 4 };
    let witness = payer.notice().await.unwrap().notice.witnesses[0].0;
    network.kill(witness);
    network.start_member(witness).await;
    let payer = Payer { network: &network, chain: &chain, seat: 4 };
    payer.pay_many(15..20, "a witness was restarted").await;
    let witness = payer.notice().await.unwrap().notice.witnesses[1].0;
    network.kill(witness);
    let payer = Payer { network: &network, chain: &chain, seat: 4 };
    payer.pay_many(20..21, "the first without a witness").await;
    payer.pay_many(21..25, "with another witness").await;

    check_all(&network, &chain).await;
    costs("seat 1", &network.seats[&1].metrics().text());
    let creator = payer_creator(&network, &chain).await;
    costs("the creator", &network.members[&creator].metrics().text());
    for seat in std::mem::take(&mut network.seats).into_values() {
        seat.shut_down().await;
    }
}

async fn payer_creator(network: &Network, chain: &Chain) -> u64 {
    let payer = Payer { network, chain, seat: 1 };
    payer.notice().await.unwrap().notice.creator.unwrap().0
}

/// What a node's steps and syncs cost on the mean.
fn costs(who: &str, metrics: &str) {
    let value = |name: &str| -> f64 {
        let line = metrics.lines().find(|line| line.starts_with(&format!("conet_dle_{name} ")));
        line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap()
    };
    let mean_ms = |name: &str| {
        1e3 * value(&format!("{name}_seconds_sum")) / value(&format!("{name}_seconds_count"))
    };
    println!(
        "{who}: {} steps of {:.2} ms, {} syncs of {:.2} ms, {} writes, {} messages sent, {} received",
        value("steps_total"),
        mean_ms("step"),
        value("syncs_total"),
        mean_ms("sync"),
        value("writes_total"),
        value("sent_total"),
        value("received_total"),
    );
}

/// All seats have the same blocks, and who has but them finds the same.
async fn check_all(network: &Network, chain: &Chain) {
    let there = height(network, 1, chain).await.unwrap();
    let mut blocks = Vec::new();
    for at in 1..=there.0 {
        // A notice may be a moment ahead of the disk.
        let found = until("the block", PATIENCE, async || {
            let BlockView { header, body, .. } = block(network, 1, chain, at).await?;
            Some(ExportedBlock { header, body: body? })
        });
        blocks.push(found.await);
    }
    let (genesis, genesis_hash) = (chain.genesis().clone(), chain.hash());
    let exported = ExportedChain { genesis, genesis_hash, code: network.code.clone(), blocks };
    let verified = verify(&exported).unwrap();
    assert_eq!((verified.last().proposal.height, verified.last().hash()), there);
    for seat in network.seats.keys() {
        until("the same block everywhere", PATIENCE, async || {
            (height(network, *seat, chain).await? == there).then_some(())
        })
        .await;
        let path =
            format!("/dle/v1/chains/{}/accounts/{}", chain.genesis().chain, user(1).wallet());
        let id = chain.genesis().chain;
        let account: AccountView = network.get(*seat, id, &path, Some(&user(1))).await.unwrap();
        assert_eq!(account.nonce, 25);
    }
    println!("{} blocks verify from the genesis", there.0);
}

/// Two openings of one chain, told to different seats, part nobody: each seat knows its first one, nobody proposes either,
/// and the log goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_beginnings_of_a_chain_each_seat_knows_the_first() {
    let network = Network::start(4, 4).await;
    let contested = genesis(&network.code, "contested", user(1).wallet());
    let other = Group { witnesses: 1, ..GROUP };
    for (seat, first, second) in
        [(1, GROUP, other), (2, GROUP, other), (3, other, GROUP), (4, other, GROUP)]
    {
        let opener = network.seats[&seat].opener();
        let (begun, opening) = opener.prepare(contested.clone(), first).await.unwrap();
        opener.know(begun, opening).await.unwrap();
        let (begun, opening) = opener.prepare(contested.clone(), second).await.unwrap();
        let refused = opener.know(begun, opening).await.err();
        assert!(matches!(refused, Some(OpenError::Taken { .. })), "{refused:?}");
    }
    let chain = network.open(&genesis(&network.code, "calm", user(1).wallet()), GROUP).await;
    let payer = Payer { network: &network, chain: &chain, seat: 2 };
    until("a whole group", PATIENCE, async || {
        payer.notice().await.filter(|proven| proven.notice.signers(1).is_some())
    })
    .await;
    payer.pay(0).await;
    let contested = contested.chain;
    let knows = network.seats[&1].runtime().look(move |actor| {
        actor.seat().is_some_and(|seat| seat.state().chains.contains_key(&contested))
    });
    assert!(!knows.await.unwrap(), "a chain that nobody proposed is in the log");
}
