//! Many chains at once, in one process with real HTTP and disks: what one machine carries.
//! `cargo run -p conet-dle --release --example load`, and nothing beside it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what tests share stops where it stands"
)]
#![allow(clippy::print_stdout, reason = "a command line for developers")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use alloy::primitives::Address;
use conet_committee::archive::ProvenNotice;
use conet_dle::{rpc::AccountView, terms::Group};
use support::{Network, genesis, transfer, until, user};

const PATIENCE: Duration = Duration::from_secs(120);
const CHAINS: u64 = 8;
const TRANSACTIONS: u64 = 100;
const GROUP: Group = Group { creator: None, witnesses: 2, validators: 1, gas_price: 1 };

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), String> {
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
            let submitted = network.submit(1, &signed, &user(1)).await;
            submitted.map_err(|(status, reason)| format!("{status}: {reason}"))?;
        }
        Ok::<_, String>(())
    });
    futures_util::future::try_join_all(sent).await?;
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
    let seat = network.seats.get(&1).ok_or("expected seat 1, found none")?;
    for line in seat.metrics().text().lines() {
        if !line.starts_with('#') && !line.contains("bucket") {
            println!("seat 1: {line}");
        }
    }
    Ok(())
}
