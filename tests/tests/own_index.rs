//! A node's own index of routes is only a cache: whatever is wrong with it or with its RPC, the node runs, answers from the
//! contract, and begins its index when that can be. A mistake in its configuration is told at once.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use alloy::primitives::{Address, B256};
use axum::{Router, extract::State, response::IntoResponse as _, routing::post};
use conet_indexer::store::{Identity, SqliteStore, Store as _};
use conet_tests::{
    client::look_up,
    eventually,
    world::{Plan, World},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The file in a node's home folder.
const FILE: &str = "routes.db";

/// An RPC before the real one that lacks something, until it does not.
#[derive(Clone)]
struct Lacking {
    upstream: String,
    client: reqwest::Client,
    what: Lack,
    is_whole: Arc<AtomicBool>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lack {
    Batches,
    FirstBlock,
}

impl Lacking {
    /// With its URL.
    async fn start(upstream: &str, what: Lack) -> (Self, String) {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let is_whole = Arc::new(AtomicBool::new(false));
        let this = Self { upstream: upstream.to_owned(), client, what, is_whole };
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().route("/", post(answer)).with_state(this.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        (this, url)
    }

    fn lacks(&self, what: Lack) -> bool {
        self.what == what && !self.is_whole.load(Ordering::Relaxed)
    }
}

async fn answer(State(rpc): State<Lacking>, body: String) -> axum::response::Response {
    let question: Value = serde_json::from_str(&body).unwrap();
    if question.is_array() && rpc.lacks(Lack::Batches) {
        let error = json!({ "code": -32600, "message": "no batches here" });
        return json!({ "jsonrpc": "2.0", "id": null, "error": error }).to_string().into_response();
    }
    let request = rpc.client.post(&rpc.upstream).header("content-type", "application/json");
    let answered = request.body(body).send().await.unwrap().bytes().await.unwrap();
    let mut answered: Value = serde_json::from_slice(&answered).unwrap();
    if rpc.lacks(Lack::FirstBlock) {
        let questions = question.as_array().cloned().unwrap_or(vec![question]);
        let is_first = |id: &Value| {
            questions.iter().any(|each| {
                each["id"] == *id
                    && each["method"] == "eth_getBlockByNumber"
                    && each["params"][0] == "0x0"
            })
        };
        let forget = |answer: &mut Value| {
            if is_first(&answer["id"]) {
                answer["result"] = Value::Null;
            }
        };
        match &mut answered {
            Value::Array(answers) => answers.iter_mut().for_each(forget),
            answer => forget(answer),
        }
    }
    answered.to_string().into_response()
}

/// Whether a node's own tables show this block.
async fn shows(home: &Path, block: u64) -> bool {
    let Ok(store) = SqliteStore::open_reader(&home.join(FILE)).await else { return false };
    let cursor = store.cursor().await.ok().flatten();
    cursor.is_some_and(|cursor| cursor.at.number >= block)
}

async fn of_another_network(home: &Path) {
    let store = SqliteStore::open(&home.join(FILE)).await.unwrap();
    let genesis = B256::repeat_byte(7);
    store.begin(&Identity { chain_id: 31_337, genesis, rules: B256::ZERO }).await.unwrap();
}

fn over(url: &str) -> Plan {
    let url = url.to_owned();
    Plan::with(move |config| config.chain.rpc_url.clone_from(&url))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_runs_whatever_is_wrong_with_its_index() {
    let mut world = World::without_nodes().await;
    let (batches, no_batches) = Lacking::start(&world.rpc_url, Lack::Batches).await;
    let (first, no_first) = Lacking::start(&world.rpc_url, Lack::FirstBlock).await;
    let damaged = world.add(Plan::new()).await;
    let other = world.add(Plan::new()).await;
    let lacking = [world.add(over(&no_batches)).await, world.add(over(&no_first)).await];
    let wrong = world.add(over("htp://127.0.0.1:8545")).await;
    let garbage = "this is no database\n".repeat(1_000);
    std::fs::write(world.nodes[damaged].home.join(FILE), garbage).unwrap();
    of_another_network(&world.nodes[other].home).await;

    for node in [damaged, other, lacking[0], lacking[1]] {
        world.nodes[node].start().await;
    }
    let head = world.reader.head().await.unwrap().number;
    for node in [damaged, other] {
        let home = world.nodes[node].home.clone();
        eventually("the index is made anew", || shows(&home, head)).await;
        let log = world.nodes[node].log();
        assert!(log.contains("it is only a cache: it is made anew"), "{log}");
    }
    // Who has no index answers all the same.
    let wallets = [Address::repeat_byte(9)];
    for node in lacking {
        let relay = world.contact(damaged);
        let answer = look_up(&relay, &world.contact(node), &wallets).await.unwrap();
        assert!(answer.records.is_empty() && answer.block >= head, "at {}", answer.block);
        let log = world.nodes[node].log();
        assert!(log.contains("there is no index of routes: the contract is read"), "{log}");
        assert!(!shows(&world.nodes[node].home, 0).await);
    }
    // And begins one as soon as that can be.
    batches.is_whole.store(true, Ordering::Relaxed);
    first.is_whole.store(true, Ordering::Relaxed);
    for node in lacking {
        let home = world.nodes[node].home.clone();
        eventually("the index is begun", || shows(&home, head)).await;
    }

    world.nodes[wrong].spawn();
    assert!(!world.nodes[wrong].ended().await.success());
    let log = world.nodes[wrong].log();
    assert!(log.contains("rpc_url") && log.contains("htp"), "{log}");
}
