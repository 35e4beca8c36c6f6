//! Against a server that says what a test wants it to say. No wallet has a route at it: that is remembered as well.

use std::{
    net::SocketAddr,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{Json, Router, body::Body, extract::State, http::StatusCode, routing::get};
use serde_json::json;
use tokio::{net::TcpListener, sync::mpsc};

use super::*;
use crate::answers::Contract;

type Telling = mpsc::UnboundedSender<Result<String, std::io::Error>>;

/// What the server says and counts.
#[derive(Debug, Default)]
struct Script {
    /// The open stream.
    telling: Mutex<Option<Telling>>,
    /// Streams that were opened.
    streams: AtomicU64,
    /// Routes that were asked for.
    asked: AtomicU64,
    /// Blocks that the tables lack.
    lag: AtomicU64,
}

const NETWORK: Network =
    Network { chain_id: 7, registry: Address::repeat_byte(1), routes: Address::repeat_byte(2) };

const PATIENCE: Duration = Duration::from_secs(20);

impl Script {
    async fn serve(self: &Arc<Self>) -> SocketAddr {
        let contract = Contract {
            name: "RouteTable".to_owned(),
            address: NETWORK.routes,
            events: vec!["RouteSet".to_owned()],
        };
        let router = Router::new()
            .route("/v1/contracts", get(|| async { Json([contract]) }))
            .route(
                "/v1/status",
                get(|State(script): State<Arc<Self>>| async move { Json(script.status()) }),
            )
            .route(
                "/v1/routes/{wallet}",
                get(|State(script): State<Arc<Self>>| async move {
                    script.asked.fetch_add(1, Ordering::Relaxed);
                    (StatusCode::NOT_FOUND, Json(json!({ "error": "none" })))
                }),
            )
            .route(
                "/v1/events/stream",
                get(|State(script): State<Arc<Self>>| async move { script.stream() }),
            )
            .with_state(Arc::clone(self));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        at
    }

    fn status(&self) -> Status {
        let lag_blocks = self.lag.load(Ordering::Relaxed);
        Status {
            ok: true,
            chain_id: NETWORK.chain_id,
            block: Some(5),
            hash: Some(alloy::primitives::B256::repeat_byte(5)),
            time: Some(50),
            finalized: Some(1),
            head: 5 + lag_blocks,
            lag_blocks,
            trouble: None,
        }
    }

    fn stream(&self) -> Body {
        let (telling, told) = mpsc::unbounded_channel();
        *self.telling.lock().unwrap() = Some(telling);
        self.streams.fetch_add(1, Ordering::Relaxed);
        Body::from_stream(stream::unfold(told, |mut told| async move {
            let next = told.recv().await?;
            Some((next, told))
        }))
    }

    fn tell(&self, kind: &str, data: &serde_json::Value) {
        let telling = self.telling.lock().unwrap();
        let telling = telling.as_ref().expect("a stream is open");
        telling.send(Ok(format!("event: {kind}\ndata: {data}\n\n"))).unwrap();
    }

    fn tell_head(&self) {
        self.tell("head", &json!({ "block": 5, "time": 50 }));
    }

    async fn streams_reach(&self, count: u64) {
        eventually(async || self.streams.load(Ordering::Relaxed) >= count).await;
    }
}

async fn eventually(mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("it comes true");
}

/// What a look-up asks the server for.
async fn asks(source: &impl RouteSource, script: &Script, wallet: Address) -> u64 {
    let before = script.asked.load(Ordering::Relaxed);
    let routes = source.routes(&[wallet]).await.unwrap();
    assert_eq!(routes.records, [None]);
    assert_eq!((routes.block, routes.timestamp), (5, 50));
    script.asked.load(Ordering::Relaxed) - before
}

/// Until look-ups of a wallet stay in memory.
async fn is_kept(source: &impl RouteSource, script: &Script, wallet: Address) {
    eventually(async || asks(source, script, wallet).await == 0).await;
}

async fn is_lost(source: &impl RouteSource, script: &Script, wallet: Address) {
    eventually(async || {
        asks(source, script, wallet).await == 1 && asks(source, script, wallet).await == 1
    })
    .await;
}

#[tokio::test]
async fn what_the_stream_tells_is_what_stays_in_memory() {
    let script = Arc::new(Script::default());
    let at = script.serve().await;
    let client = IndexClient::new(&format!("http://{at}")).unwrap();
    let source = routes(client, NETWORK, CancellationToken::new());
    let (one, other) = (Address::repeat_byte(0x11), Address::repeat_byte(0x22));
    script.streams_reach(1).await;
    // Before it says how far it is, nothing counts.
    assert_eq!(asks(&source, &script, one).await, 1);
    assert_eq!(asks(&source, &script, one).await, 1);
    script.tell_head();
    is_kept(&source, &script, one).await;
    is_kept(&source, &script, other).await;

    // A route changes: it alone is asked for.
    let set = json!({
        "block": 5, "log": 0, "time": 50, "contract": "RouteTable", "event": "RouteSet",
        "fields": { "wallet": one },
    });
    script.tell("message", &set);
    eventually(async || asks(&source, &script, one).await == 1).await;
    assert_eq!(asks(&source, &script, one).await, 0);
    assert_eq!(asks(&source, &script, other).await, 0);

    // The chain takes something back: nothing counts until the next head.
    script.tell("reorganized", &json!({ "after_block": 3 }));
    is_lost(&source, &script, other).await;
    script.tell_head();
    is_kept(&source, &script, other).await;

    // So it is with an event that says no wallet.
    let mut nameless = set;
    nameless["fields"] = json!({});
    script.tell("message", &nameless);
    is_lost(&source, &script, other).await;
    script.tell_head();
    is_kept(&source, &script, other).await;

    // A block from the future is no block.
    script.tell("head", &json!({ "block": 6, "time": u64::MAX }));
    is_lost(&source, &script, other).await;

    // The stream breaks: each look-up asks, until there is another one.
    script.tell_head();
    is_kept(&source, &script, other).await;
    *script.telling.lock().unwrap() = None;
    is_lost(&source, &script, other).await;
    script.streams_reach(2).await;
    script.tell_head();
    is_kept(&source, &script, other).await;
}

#[tokio::test]
async fn an_index_that_is_far_behind_is_no_source() {
    let script = Arc::new(Script::default());
    script.lag.store(LAG_BLOCKS_MAX + 1, Ordering::Relaxed);
    let at = script.serve().await;
    let client = IndexClient::new(&format!("http://{at}")).unwrap();
    let source = routes(client, NETWORK, CancellationToken::new());
    let wallet = Address::repeat_byte(0x11);
    script.streams_reach(1).await;
    script.tell_head();
    assert!(source.routes(&[wallet]).await.is_err());
    // Where the chain cannot be asked either, it is better than nothing.
    assert_eq!(source.last_known(&[wallet]).await.unwrap().records, [None]);
    // Once it has caught up, it is one: also from memory, when it is looked at again.
    script.lag.store(0, Ordering::Relaxed);
    assert_eq!(asks(&source, &script, wallet).await, 1);
    is_kept(&source, &script, wallet).await;
}
