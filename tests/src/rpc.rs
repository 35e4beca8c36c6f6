//! An RPC between an indexer and the real chain, which does not always tell the truth.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::post,
};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};

/// What is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    /// Nothing.
    Honest,
    /// Every third log is left out.
    LeavesOut,
    /// Every log comes twice.
    Repeats,
    /// Every second log has other topics.
    MakesUp,
    /// Logs name another block than the headers.
    MixesBlocks,
    /// It is another chain now.
    OtherChain,
    /// It answers never.
    Stalls,
    /// Answers break off.
    Truncates,
    /// It has had enough.
    RateLimits,
    /// Ranges of more than three blocks are too long.
    ShortRanges,
    /// Every block has another hash than the chain gave it.
    OtherHashes,
}

#[derive(Debug)]
struct Shared {
    upstream: String,
    client: reqwest::Client,
    lie: Mutex<Lie>,
    told: AtomicU64,
}

/// The RPC. Dropping it ends it.
#[derive(Debug)]
pub struct LyingRpc {
    /// Where it listens.
    pub url: String,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

impl Drop for LyingRpc {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl LyingRpc {
    /// In front of a real one.
    ///
    /// # Panics
    /// When no port is free.
    pub async fn start(upstream: &str, lie: Lie) -> Self {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let shared = Arc::new(Shared {
            upstream: upstream.to_owned(),
            client,
            lie: Mutex::new(lie),
            told: AtomicU64::new(0),
        });
        let listener =
            TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let app = Router::new().route("/", post(answer)).with_state(Arc::clone(&shared));
        let serving =
            tokio::spawn(async move { axum::serve(listener, app).await.expect("serves") });
        Self { url, shared, serving }
    }

    /// Lies otherwise from now on.
    pub fn tell(&self, lie: Lie) {
        *self.shared.lie.lock().unwrap_or_else(PoisonError::into_inner) = lie;
    }

    /// How often it was asked for logs.
    #[must_use]
    pub fn asked_for_logs(&self) -> u64 {
        self.shared.told.load(Ordering::Relaxed)
    }
}

async fn answer(State(shared): State<Arc<Shared>>, body: String) -> Response {
    let lie = *shared.lie.lock().unwrap_or_else(PoisonError::into_inner);
    let question: Value = serde_json::from_str(&body).expect("JSON");
    match lie {
        Lie::Stalls => tokio::time::sleep(Duration::from_secs(3_600)).await,
        Lie::RateLimits => return (StatusCode::TOO_MANY_REQUESTS, "slow down").into_response(),
        _ => {}
    }
    let asked = shared.client.post(&shared.upstream).body(body);
    let asked = asked.header("content-type", "application/json").send().await.expect("anvil");
    let mut answer: Value =
        serde_json::from_slice(&asked.bytes().await.expect("a body")).expect("JSON");
    match (&question, &mut answer) {
        (Value::Array(questions), Value::Array(answers)) => {
            for answer in answers {
                let question = questions.iter().find(|each| each["id"] == answer["id"]);
                twist(&shared, lie, question.expect("a question"), answer);
            }
        }
        (question, answer) => twist(&shared, lie, question, answer),
    }
    let text = answer.to_string();
    if lie == Lie::Truncates {
        return Body::from(text[..text.len() / 2].to_owned()).into_response();
    }
    text.into_response()
}

fn twist(shared: &Shared, lie: Lie, question: &Value, answer: &mut Value) {
    let result = &mut answer["result"];
    match question["method"].as_str().expect("a method") {
        "eth_getLogs" => {
            shared.told.fetch_add(1, Ordering::Relaxed);
            let number = |name: &str| {
                let text = question["params"][0][name].as_str().expect("a block");
                u64::from_str_radix(text.trim_start_matches("0x"), 16).expect("a number")
            };
            if lie == Lie::ShortRanges && number("toBlock") > number("fromBlock") + 2 {
                *answer = serde_json::json!({
                    "jsonrpc": "2.0", "id": question["id"],
                    "error": { "code": -32005, "message": "query returned more than 3 blocks" },
                });
                return;
            }
            let logs = result.as_array_mut().expect("logs");
            *logs = std::mem::take(logs)
                .into_iter()
                .enumerate()
                .flat_map(|(place, log)| twist_log(lie, place, log))
                .collect();
        }
        "eth_chainId" if lie == Lie::OtherChain => *result = "0x2a".into(),
        "eth_getBlockByNumber" if lie == Lie::OtherHashes && !result.is_null() => {
            for name in ["hash", "parentHash"] {
                result[name] = another_hash(result[name].as_str().expect("a hash")).into();
            }
        }
        _ => {}
    }
}

/// Another hash for each hash: all of its last digit's values move on by one.
fn another_hash(hash: &str) -> String {
    let (most, last) = hash.split_at(hash.len() - 1);
    let digit = u8::from_str_radix(last, 16).expect("a digit");
    format!("{most}{:x}", (digit + 1) % 16)
}

fn twist_log(lie: Lie, place: usize, mut log: Value) -> Vec<Value> {
    match lie {
        Lie::LeavesOut if place % 3 == 2 => Vec::new(),
        Lie::Repeats => vec![log.clone(), log],
        Lie::MakesUp if place % 2 == 1 => {
            log["topics"][0] = format!("0x{}", "5a".repeat(32)).into();
            vec![log]
        }
        Lie::MixesBlocks => {
            log["blockHash"] = format!("0x{}", "5a".repeat(32)).into();
            vec![log]
        }
        _ => vec![log],
    }
}
