//! A seat that was away for longer than the others keep of the log.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on should stop where it stands"
)]

mod support;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use alloy::primitives::{Address, B256};
use conet_committee::archive::{ProvenNotice, Rules};
use conet_dle::{config::Times, rpc::Status, terms::Group};
use conet_ledger::genesis::Chain;
use support::{Network, config, genesis, transfer, until, user};

const PATIENCE: Duration = Duration::from_secs(120);

const GROUP: Group = Group { creator: None, witnesses: 1, validators: 1, gas_price: 1 };

/// Entries that stay below a checkpoint.
const KEPT: u64 = 16;

async fn log_height(network: &Network, seat: u64) -> u64 {
    let status = network.get::<Status>(seat, B256::ZERO, "/dle/v1/status", None);
    status.await.map_or(0, |status| status.height)
}

async fn grow(network: &Network, seat: u64, height: u64) {
    until("the log to grow", PATIENCE, async || {
        (log_height(network, seat).await >= height).then_some(())
    })
    .await;
}

/// The lowest and the highest entry that a seat has.
fn entries(network: &Network, seat: u64) -> Option<(u64, u64)> {
    let store = network.seats[&seat].runtime().chains().store().clone();
    let entries = store.entries(0, 4_096).unwrap();
    Some((entries.first()?.header.height, entries.last()?.header.height))
}

/// Where the chain stands at a seat, with its proof. Without a request: of those a user may make so many.
async fn notice(network: &Network, seat: u64, chain: &Chain) -> Option<Arc<ProvenNotice>> {
    let id = chain.genesis().chain;
    let known = network.seats[&seat]
        .runtime()
        .look(move |actor| actor.seat().and_then(|seat| seat.notice(id)));
    known.await.ok()?
}

async fn pay(network: &Network, seat: u64, chain: &Chain, nonce: u64) {
    let signed = transfer(chain, &user(1), nonce, (Address::repeat_byte(0x77), 1_000));
    until("a group", PATIENCE, async || {
        let proven = notice(network, seat, chain).await?;
        proven.notice.signers(nonce + 1).map(|_| ())
    })
    .await;
    let mut sent: Option<Instant> = None;
    until("a payment", PATIENCE, async || {
        if sent.is_none_or(|sent| sent.elapsed() > Duration::from_secs(2)) {
            sent = Some(Instant::now());
            let _ = network.submit(seat, &signed, &user(1)).await;
        }
        let there = notice(network, seat, chain).await?.notice.height;
        (there > nonce).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_away_for_too_long_begins_at_a_checkpoint() {
    let mut config = config();
    config.times = Times { tick_ms: 5, idle_ms: 5, ..Times::default() };
    config.limits.store.entries_kept = KEPT;
    let mut network = Network::start_with(config, 4, 6).await;
    let chain = network.open(&genesis(&network.code, "a chain", user(1).wallet()), GROUP).await;
    let resting = network.open(&genesis(&network.code, "resting", user(1).wallet()), GROUP).await;
    pay(&network, 1, &chain, 0).await;
    pay(&network, 1, &resting, 0).await;
    let every = Rules::default().checkpoint_every;
    let checkpoint = (log_height(&network, 1).await + 8 * KEPT).next_multiple_of(every);

    // One seat goes before a checkpoint. The others go past it, and each starts again: of the log they have no more.
    grow(&network, 1, checkpoint - 4 * KEPT).await;
    network.kill(4);
    grow(&network, 1, checkpoint + KEPT).await;
    for seat in 1..=3 {
        network.kill(seat);
        let start = Instant::now();
        network.start_seat(seat).await;
        let (lowest, highest) = entries(&network, seat).unwrap();
        println!(
            "seat {seat} has entries {lowest} to {highest}, and is up after {:.1?}",
            start.elapsed()
        );
        assert_eq!(lowest, checkpoint - KEPT + 1);
    }
    // What was at rest all the while is proven by the checkpoint, after a restart as well.
    let known = notice(&network, 1, &resting).await.unwrap();
    assert_eq!((known.entry(), known.notice.height), (checkpoint, 1));
    assert!(!known.path.is_empty(), "there are other chains in it");
    pay(&network, 1, &chain, 1).await;

    // It comes back, and there is no way to where the others are but by the checkpoint.
    let start = Instant::now();
    network.start_seat(4).await;
    until("the seat to catch up", PATIENCE, async || {
        let (there, here) = (log_height(&network, 1).await, log_height(&network, 4).await);
        (here + 2 >= there).then_some(())
    })
    .await;
    println!("the seat has caught up after {:.1?}", start.elapsed());
    // The log may be a moment ahead of the disk.
    let (lowest, _) = until("its entries", PATIENCE, async || entries(&network, 4)).await;
    assert_eq!(lowest, checkpoint + 1);
    until("the seat to be active", PATIENCE, async || {
        let status: Status = network.get(1, B256::ZERO, "/dle/v1/status", None).await.ok()?;
        status.active.contains(&4).then_some(())
    })
    .await;
    pay(&network, 4, &chain, 2).await;
    for seat in std::mem::take(&mut network.seats).into_values() {
        seat.shut_down().await;
    }
}
