//! The pool with real RPCs, as far as they can be made: over HTTP and WebSocket, and failing.

mod rpc;

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use serde_json::json;
use tokio::time::timeout;

use super::*;
use crate::testing::{MadeChain, our_catalogue};
use rpc::{CHAIN_ID, MadeRpc, Manners};

/// Longer than any of these waits, which all end at once where all is well.
const LONG: Duration = Duration::from_secs(60);

fn chain(blocks: u64) -> MadeChain {
    let chain = MadeChain::new(5, Arc::new(our_catalogue().unwrap()), 3);
    chain.grow(blocks);
    chain
}

fn pool(urls: &[String], limits: PoolLimits) -> Pool {
    let urls = urls.iter().map(|url| url.parse().unwrap()).collect();
    Pool::new(urls, CHAIN_ID, our_catalogue().unwrap().addresses(), limits)
}

fn limits() -> PoolLimits {
    PoolLimits {
        requests_per_second_max: 100_000,
        poll: Duration::from_millis(20),
        ..PoolLimits::default()
    }
}

#[tokio::test]
async fn what_is_read_over_either_transport_is_the_chain() {
    let chain = chain(150);
    let rpc = MadeRpc::start(&chain).await;
    for scheme in ["http", "ws"] {
        let pool = pool(&[rpc.url(scheme)], limits());
        assert_eq!(pool.heads().await.unwrap(), chain.heads().await.unwrap(), "{scheme}");
        assert_eq!(pool.chunk(3, 150).await.unwrap(), chain.chunk(3, 150).await.unwrap());
        assert_eq!(pool.header(151).await.unwrap(), None);
    }
}

#[tokio::test]
async fn where_no_block_is_final_those_so_deep_are() {
    let chain = chain(100);
    let rpc = MadeRpc::start(&chain).await;
    for said in [
        json!({ "code": -32601, "message": "the method does not exist" }),
        json!({ "code": -32602, "message": "invalid argument 0" }),
        json!({ "code": -32000, "message": "finalized block not found" }),
        json!({ "code": -39001, "message": "Unknown block" }),
        json!(null),
    ] {
        rpc.does(Manners { finalized: Some(said.clone()), ..Manners::default() });
        let limits = PoolLimits { final_depth: 10, ..limits() };
        let heads = pool(&[rpc.url("http")], limits).heads().await;
        assert_eq!(heads.unwrap().finalized, 90, "{said}");
    }
    // That it could not say is another thing.
    let said = json!({ "code": -32603, "message": "internal error" });
    rpc.does(Manners { finalized: Some(said), ..Manners::default() });
    let pool = pool(&[rpc.url("http")], limits());
    assert!(matches!(pool.heads().await, Err(SourceError::Unreachable(_))));
    // Who said once what is final does not unsay it.
    rpc.does(Manners::default());
    assert_eq!(pool.heads().await.unwrap().finalized, 36);
    rpc.does(Manners { finalized: Some(json!(null)), ..Manners::default() });
    assert!(matches!(pool.heads().await, Err(SourceError::Unreachable(_))));
}

#[tokio::test]
async fn an_rpc_that_stalls_beside_another_holds_nothing_up() {
    let chain = chain(10);
    let [good, stalling, other] =
        [MadeRpc::start(&chain).await, MadeRpc::start(&chain).await, MadeRpc::start(&chain).await];
    let urls = [good.url("http"), stalling.url("http"), other.url("ws")];
    let pool = pool(&urls, limits());
    pool.heads().await.unwrap();
    stalling.does(Manners { stalls: true, ..Manners::default() });
    other.does(Manners { stalls: true, ..Manners::default() });
    let begin = Instant::now();
    // More looks than after which all are asked, and longer than the first rests after a failure are.
    for _ in 0..100 {
        chain.grow(1);
        let head = pool.heads().await.unwrap().latest.at.number;
        assert_eq!(head, chain.height());
        pool.chunk(head, head).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Twenty milliseconds a block, and once the time in which the others must answer.
    let took = begin.elapsed();
    assert!(took < Duration::from_secs(6), "{took:?}");
    // Once they answer again they are asked again, before rows are believed.
    stalling.does(Manners::default());
    other.does(Manners::default());
    let asked = stalling.counts().calls.load(Ordering::Relaxed);
    let confirmed = async {
        // Three calls are a look; the fourth is about a block that another has.
        while stalling.counts().calls.load(Ordering::Relaxed) < asked + 4 {
            chain.grow(1);
            let head = pool.heads().await.unwrap().latest.at.number;
            pool.chunk(head, head).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(LONG, confirmed).await.unwrap();
}

#[tokio::test]
async fn rpcs_of_two_chains_disagree() {
    let chain = chain(40);
    let another = chain.fork();
    another.reorganize(5, 1);
    let (one, other) = (MadeRpc::start(&chain).await, MadeRpc::start(&another).await);
    let pool = pool(&[one.url("http"), other.url("http")], limits());
    pool.chunk(1, 30).await.unwrap();
    let refused = pool.chunk(31, 40).await;
    assert!(matches!(refused, Err(SourceError::Disagree { number: 40, .. })), "{refused:?}");
    // With one more that has it, it counts.
    let third = MadeRpc::start(&chain).await;
    let urls = [one.url("http"), other.url("http"), third.url("http")];
    self::pool(&urls, limits()).chunk(31, 40).await.unwrap();
}

#[tokio::test]
async fn the_one_that_knows_most_is_asked() {
    let short = chain(10);
    let long = short.fork();
    long.grow(5);
    let (late, fresh) = (MadeRpc::start(&short).await, MadeRpc::start(&long).await);
    let pool = pool(&[late.url("http"), fresh.url("http")], limits());
    for _ in 0..3 {
        assert_eq!(pool.heads().await.unwrap().latest.at.number, 15);
    }
}

#[tokio::test]
async fn each_call_of_a_batch_counts_for_the_rate_limit() {
    let chain = chain(150);
    let rpc = MadeRpc::start(&chain).await;
    let limits = PoolLimits { requests_per_second_max: 100, ..limits() };
    let pool = pool(&[rpc.url("http")], limits);
    let begin = Instant::now();
    pool.chunk(1, 150).await.unwrap();
    pool.heads().await.unwrap();
    let (took, calls) = (begin.elapsed(), rpc.counts().calls.load(Ordering::Relaxed));
    assert_eq!(calls, 150 + 1 + 3);
    // Before the last three of them, 151 filled a second and a half; a quarter of a second may come early.
    assert!(took >= Duration::from_millis(1_250), "{took:?}");
    assert_eq!(rpc.counts().requests.load(Ordering::Relaxed), 4);
}

#[tokio::test]
async fn who_wants_to_be_left_alone_is_left_alone() {
    let chain = chain(20);
    let rpc = MadeRpc::start(&chain).await;
    let pool = pool(&[rpc.url("http")], limits());
    let data = json!({ "rate": { "backoff_seconds": 1.5 } });
    let error = json!({ "code": -32005, "message": "limit exceeded", "data": data });
    rpc.does(Manners { error: Some(error), ..Manners::default() });
    let begin = Instant::now();
    let refused = pool.chunk(1, 20).await;
    // It is not that the range was too long.
    assert!(matches!(refused, Err(SourceError::RateLimited { .. })), "{refused:?}");
    rpc.does(Manners::default());
    pool.chunk(1, 20).await.unwrap();
    let took = begin.elapsed();
    assert!(took >= Duration::from_millis(1_500), "{took:?}");
}

/// Follows by [`Pool::told`] alone: it polls so seldom that this never ends if that is needed.
fn telling() -> PoolLimits {
    PoolLimits { poll: LONG * 10, quiet_max: LONG * 10, ..limits() }
}

async fn wakes(pool: &Pool) {
    timeout(LONG, pool.wake()).await.expect("nobody told of a block");
}

#[tokio::test]
async fn blocks_are_told_of_over_a_websocket() {
    let chain = chain(3);
    let rpc = MadeRpc::start(&chain).await;
    let pool = pool(&[rpc.url("http"), rpc.url("ws")], telling());
    // A look when it begins: of what came before, nobody tells.
    wakes(&pool).await;
    for _ in 0..3 {
        let quiet = timeout(Duration::from_millis(50), pool.wake()).await;
        assert!(quiet.is_err(), "told of a block that is none");
        chain.grow(1);
        wakes(&pool).await;
        assert_eq!(pool.heads().await.unwrap().latest.at.number, chain.height());
    }
    let counts = rpc.counts();
    let seen =
        (counts.connections.load(Ordering::Relaxed), counts.subscriptions.load(Ordering::Relaxed));
    assert_eq!(seen, (1, 1));
}

#[tokio::test]
async fn a_subscription_that_falls_silent_is_made_anew() {
    let chain = chain(3);
    let rpc = MadeRpc::start(&chain).await;
    let quiet_max = Duration::from_millis(200);
    let pool = pool(&[rpc.url("ws")], PoolLimits { quiet_max, ..telling() });
    let counts = || {
        let counts = rpc.counts();
        let [connections, subscriptions] =
            [&counts.connections, &counts.subscriptions].map(|count| count.load(Ordering::Relaxed));
        (connections, subscriptions)
    };
    // Where nothing happens, there is nothing to tell.
    for _ in 0..4 {
        wakes(&pool).await;
        pool.heads().await.unwrap();
    }
    assert_eq!(counts(), (1, 1));
    rpc.does(Manners { tells_nobody: true, ..Manners::default() });
    tokio::time::sleep(Duration::from_millis(50)).await;
    chain.grow(1);
    wakes(&pool).await;
    // It was told nothing, looks, and sees that there was something.
    assert_eq!(pool.heads().await.unwrap().latest.at.number, chain.height());
    rpc.does(Manners::default());
    wakes(&pool).await;
    assert_eq!(counts(), (2, 2));
    // From then on blocks are told of at once.
    let told = async {
        loop {
            chain.grow(1);
            let begin = Instant::now();
            wakes(&pool).await;
            pool.heads().await.unwrap();
            if begin.elapsed() < quiet_max / 2 {
                return;
            }
        }
    };
    timeout(LONG, told).await.unwrap();
}

#[tokio::test]
async fn a_connection_that_breaks_is_made_anew() {
    let chain = chain(3);
    let rpc = MadeRpc::start(&chain).await;
    let pool = pool(&[rpc.url("ws")], PoolLimits { poll: Duration::from_millis(20), ..telling() });
    wakes(&pool).await;
    for cuts in 1..4 {
        rpc.cut();
        let counts = rpc.counts();
        let again = async {
            while counts.connections.load(Ordering::Relaxed) <= cuts
                || counts.subscriptions.load(Ordering::Relaxed) <= cuts
            {
                let _ = timeout(Duration::from_millis(20), pool.wake()).await;
            }
        };
        timeout(LONG, again).await.expect("no new connection");
        chain.grow(1);
        wakes(&pool).await;
        assert_eq!(pool.heads().await.unwrap().latest.at.number, chain.height());
    }
}
