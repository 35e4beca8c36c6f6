//! An RPC of a chain that is made up, over HTTP and WebSocket, which fails as a test says.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::{
        State, WebSocketUpgrade,
        ws::{Message, WebSocket},
    },
    response::{IntoResponse as _, Response},
    routing::post,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::Notify, task::JoinHandle};

use crate::{
    chain::{Header, Source as _},
    testing::MadeChain,
};

/// The made chain's id.
pub(super) const CHAIN_ID: u64 = 7;

/// How it does.
#[derive(Debug, Clone, Default)]
pub(super) struct Manners {
    /// It answers never.
    pub(super) stalls: bool,
    /// It says this of the final block; else a number.
    pub(super) finalized: Option<Value>,
    /// It says this of everything.
    pub(super) error: Option<Value>,
    /// It forgets who wants to be told of blocks.
    pub(super) tells_nobody: bool,
}

/// What it was asked.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Requests over HTTP.
    pub(super) requests: AtomicU64,
    /// Calls, of which a request may have many.
    pub(super) calls: AtomicU64,
    /// WebSockets.
    pub(super) connections: AtomicU64,
    /// To be told of blocks.
    pub(super) subscriptions: AtomicU64,
}

#[derive(Debug)]
struct Shared {
    chain: MadeChain,
    manners: Mutex<Manners>,
    counts: Counts,
    cut: Notify,
}

impl Shared {
    fn manners(&self) -> MutexGuard<'_, Manners> {
        self.manners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The RPC. Dropping it ends it.
#[derive(Debug)]
pub(super) struct MadeRpc {
    at: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

impl Drop for MadeRpc {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl MadeRpc {
    pub(super) async fn start(chain: &MadeChain) -> Self {
        let shared = Arc::new(Shared {
            chain: chain.clone(),
            manners: Mutex::default(),
            counts: Counts::default(),
            cut: Notify::new(),
        });
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let at = listener.local_addr().unwrap();
        let answers = post(over_http).get(over_websocket);
        let app = Router::new().route("/", answers).with_state(Arc::clone(&shared));
        let serving = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { at, shared, serving }
    }

    pub(super) fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}", self.at)
    }

    /// Does otherwise from now on.
    pub(super) fn does(&self, manners: Manners) {
        *self.shared.manners() = manners;
    }

    /// Ends every WebSocket.
    pub(super) fn cut(&self) {
        self.shared.cut.notify_waiters();
    }

    pub(super) fn counts(&self) -> &Counts {
        &self.shared.counts
    }
}

async fn over_http(State(shared): State<Arc<Shared>>, body: String) -> Response {
    shared.counts.requests.fetch_add(1, Ordering::Relaxed);
    answers(&shared, &body).await.to_string().into_response()
}

async fn over_websocket(State(shared): State<Arc<Shared>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(move |socket| async move {
        shared.counts.connections.fetch_add(1, Ordering::Relaxed);
        // Either side may end it.
        let _ = talk(&shared, socket).await;
    })
}

async fn talk(shared: &Shared, mut socket: WebSocket) -> Result<(), axum::Error> {
    let mut told = None;
    loop {
        tokio::select! {
            () = shared.cut.notified() => return Ok(()),
            question = socket.recv() => {
                let Some(Message::Text(question)) = question.transpose()? else { continue };
                if question.contains("eth_subscribe") {
                    told = Some(shared.chain.height());
                }
                let answer = answers(shared, &question).await.to_string();
                socket.send(Message::Text(answer.into())).await?;
            }
            () = tokio::time::sleep(Duration::from_millis(5)) => {
                let height = shared.chain.height();
                if shared.manners().tells_nobody {
                    told = None;
                }
                if told.is_some_and(|told| told < height) {
                    told = Some(height);
                    let params = json!({ "subscription": "0x1", "result": {} });
                    let news =
                        json!({ "jsonrpc": "2.0", "method": "eth_subscription", "params": params });
                    socket.send(Message::Text(news.to_string().into())).await?;
                }
            }
        }
    }
}

/// The answer to a call, or to each of a batch.
async fn answers(shared: &Shared, questions: &str) -> Value {
    if shared.manners().stalls {
        std::future::pending::<()>().await;
    }
    match serde_json::from_str(questions).unwrap() {
        Value::Array(questions) => {
            let mut answers = Vec::new();
            for question in &questions {
                answers.push(answer(shared, question).await);
            }
            Value::Array(answers)
        }
        question => answer(shared, &question).await,
    }
}

async fn answer(shared: &Shared, question: &Value) -> Value {
    shared.counts.calls.fetch_add(1, Ordering::Relaxed);
    let manners = shared.manners().clone();
    let said = match manners.error {
        Some(error) => Err(error),
        None => result(shared, question, manners.finalized).await,
    };
    match said {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": question["id"], "result": result }),
        Err(error) => json!({ "jsonrpc": "2.0", "id": question["id"], "error": error }),
    }
}

async fn result(
    shared: &Shared,
    question: &Value,
    finalized: Option<Value>,
) -> Result<Value, Value> {
    let chain = &shared.chain;
    let params = &question["params"];
    match question["method"].as_str().unwrap() {
        "eth_chainId" => Ok(json!(format!("{CHAIN_ID:#x}"))),
        "eth_getBlockByNumber" => {
            let number = match params[0].as_str().unwrap() {
                "latest" => chain.height(),
                "finalized" => match finalized {
                    Some(Value::Null) => return Ok(Value::Null),
                    Some(error) => return Err(error),
                    None => chain.heads().await.unwrap().finalized,
                },
                number => parse(number),
            };
            Ok(chain.header(number).await.unwrap().map_or(Value::Null, block))
        }
        "eth_getLogs" => {
            logs(chain, parse_at(params, "fromBlock"), parse_at(params, "toBlock")).await
        }
        "eth_subscribe" => {
            shared.counts.subscriptions.fetch_add(1, Ordering::Relaxed);
            Ok(json!("0x1"))
        }
        method => Err(json!({ "code": -32601, "message": format!("{method}: not known") })),
    }
}

fn parse(number: &str) -> u64 {
    u64::from_str_radix(number.trim_start_matches("0x"), 16).unwrap()
}

fn parse_at(params: &Value, name: &str) -> u64 {
    parse(params[0][name].as_str().unwrap())
}

fn block(header: Header) -> Value {
    json!({
        "number": format!("{:#x}", header.at.number),
        "hash": header.at.hash,
        "parentHash": header.parent,
        "timestamp": format!("{:#x}", header.time),
        "logsBloom": header.bloom,
    })
}

async fn logs(chain: &MadeChain, from: u64, to: u64) -> Result<Value, Value> {
    let Ok(chunk) = chain.chunk(from, to).await else {
        return Err(json!({ "code": -32000, "message": "no such blocks" }));
    };
    let hash = |block: u64| chunk.headers.iter().find(|header| header.at.number == block);
    let log = |event: &crate::decode::RawEvent| {
        json!({
            "address": event.address,
            "topics": event.topics,
            "data": event.data,
            "blockNumber": format!("{:#x}", event.block),
            "blockHash": hash(event.block).unwrap().at.hash,
            "transactionHash": event.transaction,
            "transactionIndex": "0x0",
            "logIndex": format!("{:#x}", event.index),
            "removed": false,
        })
    };
    Ok(chunk.events.iter().map(log).collect())
}
