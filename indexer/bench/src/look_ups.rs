//! How long a node takes to look a route up that its own follower keeps: from memory, and from the tables. Meanwhile blocks
//! come, ten a second, each with changes.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use alloy::{
    primitives::{Address, B256, Bloom, U256, keccak256},
    sol_types::SolEvent as _,
};
use conet_bindings::RouteTable::{KeySet, RouteSet, RouteUpdate};
use conet_chain::routes::RouteSource;
use conet_indexer::{
    catalogue::Catalogue,
    chain::{Chunk, Header, Heads, Source, SourceError},
    decode::RawEvent,
    follow::{FollowLimits, Follower},
    routes,
    store::{At, SqliteStore},
    tables::Tables,
};
use conet_measure::{BenchError, Row, Target, failed, median, microseconds, percentile, wrong};
use tokio_util::sync::CancellationToken;

use crate::chain::CHAIN_ID;

/// Where the contract would be.
const CONTRACT: Address = Address::repeat_byte(0x52);

/// Routes that are set in one block, until all are.
const PER_BLOCK: u64 = 500;

/// Wallets whose route changes in each block that comes later.
const CHANGES: u64 = 5;

/// How often one comes.
const BLOCK_TIME: Duration = Duration::from_millis(100);

/// Bytes of certificates as our wallets have them.
const CERTIFICATE_BYTES: (usize, usize) = (620, 470);

/// Look-ups from memory, among so many wallets.
const LOOK_UPS: usize = 200_000;
const OFTEN_WANTED: u64 = 1_000;

/// A chain on which wallets set routes.
#[derive(Debug)]
struct Routes {
    wallets: u64,
    height: AtomicU64,
}

fn wallet(number: u64) -> Address {
    Address::from_word(keccak256(number.to_be_bytes()))
}

fn at(number: u64) -> At {
    At { number, hash: keccak256([number.to_be_bytes(), [7; 8]].concat()) }
}

impl Routes {
    fn header(number: u64) -> Header {
        let parent = number.checked_sub(1).map_or(B256::ZERO, |parent| at(parent).hash);
        Header { at: at(number), parent, time: 1_800_000_000 + number, bloom: Bloom::ZERO }
    }

    /// Who sets a route in a block, and for which time.
    fn set_in(&self, block: u64) -> Vec<(u64, u64)> {
        let filling = self.wallets.div_ceil(PER_BLOCK);
        match block {
            0 => Vec::new(),
            _ if block <= filling => {
                let first = (block - 1) * PER_BLOCK;
                (first..(first + PER_BLOCK).min(self.wallets)).map(|number| (number, 1)).collect()
            }
            _ => {
                let later = block - filling - 1;
                let one = |change| (later * CHANGES + change) % self.wallets;
                (0..CHANGES)
                    .map(|change| (one(change), 2 + later * CHANGES / self.wallets))
                    .collect()
            }
        }
    }

    fn event(block: u64, index: u64, (number, serial): (u64, u64)) -> RawEvent {
        let (v6, v4) = CERTIFICATE_BYTES;
        let handle = keccak256(serial.to_be_bytes());
        let keys = KeySet {
            certificate: vec![6; v6].into(),
            handle,
            certificateV4: vec![4; v4].into(),
            handleV4: Default::default(),
        };
        let (wallet, agent) = (wallet(number), U256::from(1 + number % 50));
        let update = RouteUpdate { wallet, keys, epoch: 0, agent, expiry: 2_000_000_000 };
        let deadline = U256::from(2_000_000_000);
        let signature = vec![1; 65].into();
        let event = RouteSet { wallet, agent, handle, serial, update, deadline, signature };
        let (topics, data) = event.encode_log_data().split();
        let transaction = B256::with_last_byte(1);
        RawEvent { block, index, transaction, address: CONTRACT, topics, data }
    }
}

impl Source for Routes {
    async fn heads(&self) -> Result<Heads, SourceError> {
        let height = self.height.load(Ordering::Relaxed);
        Ok(Heads { latest: Self::header(height), finalized: height.saturating_sub(64) })
    }

    async fn header(&self, number: u64) -> Result<Option<Header>, SourceError> {
        let is_there = number <= self.height.load(Ordering::Relaxed);
        Ok(is_there.then(|| Self::header(number)))
    }

    async fn chunk(&self, from: u64, to: u64) -> Result<Chunk, SourceError> {
        let headers = (from..=to).map(Self::header).collect();
        let of_block = |block| {
            let set = self.set_in(block).into_iter().zip(0..);
            set.map(move |(set, index)| Self::event(block, index, set))
        };
        Ok(Chunk { headers, events: (from..=to).flat_map(of_block).collect() })
    }

    async fn wake(&self) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub(crate) async fn measure(quick: bool, on_row: &mut impl FnMut(&Row)) -> Result<(), BenchError> {
    let step = "looking routes up";
    let wallets: u64 = if quick { 2_000 } else { 20_000 };
    let filling = wallets.div_ceil(PER_BLOCK);
    let chain = Arc::new(Routes { wallets, height: AtomicU64::new(filling) });
    let contracts = BTreeMap::from([("RouteTable".to_owned(), CONTRACT)]);
    let catalogue = Arc::new(Catalogue::of_network(&contracts).map_err(failed(step))?);
    let tables = Arc::new(Tables::own(&catalogue).map_err(failed(step))?);
    let folder = tempfile::tempdir().map_err(failed(step))?;
    let store = SqliteStore::open(&folder.path().join("routes.db")).await.map_err(failed(step))?;
    let rules = (CHAIN_ID, catalogue, Arc::clone(&tables));
    let follower = Follower::new(Arc::clone(&chain), store.clone(), rules, FollowLimits::default());
    let follower = follower.await.map_err(failed(step))?;
    let mut progress = follower.progress();
    let routes = routes::routes(store, tables, CONTRACT, follower.progress());
    let stop = CancellationToken::new();
    let following = tokio::spawn(follower.run(stop.clone()));
    let is_there = |now: &conet_indexer::follow::Progress| {
        now.cursor.is_some_and(|cursor| cursor.at.number >= filling)
    };
    progress.wait_for(is_there).await.map_err(failed(step))?;
    let growing = tokio::spawn({
        let (chain, stop) = (Arc::clone(&chain), stop.clone());
        async move {
            while stop.run_until_cancelled(tokio::time::sleep(BLOCK_TIME)).await.is_some() {
                chain.height.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    let from_tables = each(&routes, (0..wallets.min(8_000)).map(|number| number * 7919 % wallets));
    let from_tables = from_tables.await?;
    each(&routes, 0..OFTEN_WANTED.min(wallets)).await?;
    let often = (0..LOOK_UPS as u64).map(|number| number * 31 % OFTEN_WANTED.min(wallets));
    let cached = each(&routes, often).await?;
    stop.cancel();
    following.await.map_err(failed(step))?;
    growing.await.map_err(failed(step))?;
    on_row(&Row::new("look-up, from memory, p50", median(&cached), "us"));
    let row = Row::new("look-up, from memory, p99", percentile(&cached, 0.99), "us");
    on_row(&row.target(Target::ValueAtMost(5.0)));
    on_row(&Row::new("look-up, from the tables, p50", median(&from_tables), "us"));
    let row = Row::new("look-up, from the tables, p99", percentile(&from_tables, 0.99), "us");
    on_row(&row.target(Target::ValueAtMost(1_000.0)));
    Ok(())
}

/// The microseconds of each look-up, one after the other.
async fn each(
    routes: &impl RouteSource,
    wanted: impl Iterator<Item = u64>,
) -> Result<Vec<f64>, BenchError> {
    let step = "looking routes up";
    let mut times = Vec::new();
    for number in wanted {
        let wallets = [wallet(number)];
        let start = Instant::now();
        let found = routes.routes(&wallets).await.map_err(failed(step))?;
        times.push(microseconds(start.elapsed()));
        let record = found.records.first().and_then(Option::as_ref);
        if record.is_none_or(|record| record.update.wallet != wallet(number)) {
            return Err(wrong(step, format!("no route of wallet {number}")));
        }
    }
    Ok(times)
}
