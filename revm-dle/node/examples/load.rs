//! Many chains at once. Prints what one machine carries; run it alone: `cargo test -p conet-dle --release --test load --
//! --ignored --nocapture`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on should stop where it stands"
)]

mod support;

use std::time::{Duration, Instant};

use alloy::primitives::Address;
use conet_committee::archive::ProvenNotice;
use conet_dle::{open::Group, rpc::AccountView};
use support::{Network, genesis, transfer, until, user};

const PATIENCE: Duration = Duration::from_secs(120);
const CHAINS: u64 = 8;
const TRANSACTIONS: u64 = 100;
const GROUP: Group = Group { creator: None, witnesses: 2, validators: 1, gas_price: 1 };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn many_transactions_on_many_chains() {
    let network = Network::start(4, 12).await;
    let mut chains = Vec::new();
    for number in 0..CHAINS {
        let genesis = genesis(&network.code, &format!("chain {number}"), user(1).wallet());
        chains.push(network.open(&genesis, GROUP).await);
    }
    let start = Instant::now();
    for chain in &chains {
        let id = chain.genesis().chain;
        let path = format!("/dle/v1/chains/{id}");
        until("a whole group", PATIENCE, async || {
            let notice = network.get::<ProvenNotice>(1, id, &path, Some(&user(1))).await.ok()?;
            notice.notice.signers(1).is_some().then_some(())
        })
        .await;
    }
    println!("{CHAINS} groups are drawn after {:?}", start.elapsed());
    let start = Instant::now();
    let sent = chains.iter().map(|chain| async {
        for nonce in 0..TRANSACTIONS {
            let signed = transfer(chain, &user(1), nonce, (Address::repeat_byte(9), 1_000));
            network.submit(1, &signed, &user(1)).await.unwrap();
        }
    });
    futures_util::future::join_all(sent).await;
    println!("{} transactions are submitted after {:?}", CHAINS * TRANSACTIONS, start.elapsed());
    for chain in &chains {
        let id = chain.genesis().chain;
        let path = format!("/dle/v1/chains/{id}/accounts/{}", user(1).wallet());
        until("all to be final", PATIENCE, async || {
            let account = network.get::<AccountView>(1, id, &path, Some(&user(1))).await.ok()?;
            (account.nonce == TRANSACTIONS).then_some(())
        })
        .await;
    }
    let took = start.elapsed();
    println!(
        "all are final after {took:?}: {:.0} a second",
        (CHAINS * TRANSACTIONS) as f64 / took.as_secs_f64()
    );
    for line in network.seats[&1].metrics().text().lines() {
        if !line.starts_with('#') && !line.contains("bucket") {
            println!("seat 1: {line}");
        }
    }
}
