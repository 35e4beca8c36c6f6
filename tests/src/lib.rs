//! What the whole-system stories in `tests/` are told with.
//!
//! - [`world`]: a real anvil, the contracts, and real `conet node run` processes
//!   that can be killed, stopped and started again; [`node`]: one of them; [`folder`]: where
//!   they keep what they write.
//! - [`client`], over [`exchange`] and [`stream`]: a small client of its own, straight
//!   from `conet_wire`, with a hand on every byte: stories need to do what an honest
//!   client never would. [`openpgp`] makes messages that nobody honest makes.
//! - [`wallet`]: people's wallets.
//! - [`proxy`]: sits on a hop, records, changes bytes, cuts.
//! - [`author`] writes into a small chain, with a watch in its hand.
//! - [`sockets`]: whom a process talks to; [`wires`]: network namespaces, and wires between them that can be cut;
//!   [`town`]: a network whose nodes are in them.
//! - [`index`]: `conet index run`; [`rpc`]: an RPC that lies to it; [`lying_index`]: an index that lies to nodes.
//! - [`http`]: HTTP/1.1 by hand, for the same reason.
//! - [`command`]: the `conet` command line; [`devnet`]: a network that it started; [`story`]: a
//!   person in it who deals in notes.
//!
//! Every story has its own chain, ports and temporary folder, so all may run at
//! once. The folder of a story that fails is kept, and its path printed. Random
//! choices come from [`seed`]; `CONET_SEED=<number>` repeats them.

// A story that cannot go on should stop where it stands, and say where it was.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr
)]

pub mod author;
pub mod client;
pub mod command;
pub mod devnet;
pub mod exchange;
pub mod folder;
pub mod http;
pub mod index;
pub mod lying_index;
pub mod node;
pub mod openpgp;
pub mod proxy;
pub mod rpc;
pub mod seed;
pub mod sockets;
pub mod story;
pub mod stream;
pub mod town;
pub mod wallet;
pub mod wires;
pub mod world;

use std::{
    future::Future,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// How long a story waits for something that should happen soon.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Unix milliseconds.
#[must_use]
pub fn now_milliseconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    u64::try_from(since.as_millis()).expect("a clock before the year 500 million")
}

/// Unix seconds.
#[must_use]
pub fn now_seconds() -> u64 {
    now_milliseconds() / 1000
}

/// Waits until something holds.
///
/// # Panics
/// When it does not within [`PATIENCE`].
pub async fn eventually<F: Future<Output = bool>>(what: &str, holds: impl FnMut() -> F) {
    eventually_within(PATIENCE, what, holds).await;
}

/// The same, for what takes longer.
///
/// # Panics
/// When it does not come true in time.
pub async fn eventually_within<F: Future<Output = bool>>(
    patience: Duration,
    what: &str,
    mut holds: impl FnMut() -> F,
) {
    let start = Instant::now();
    while !holds().await {
        assert!(start.elapsed() < patience, "waited {patience:?} in vain: {what}");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}
