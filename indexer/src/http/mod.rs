//! What the indexer answers, over HTTP.
//!
//! | path | answer |
//! |---|---|
//! | `GET /` | the explorer, a page for people |
//! | `GET /v1` | the tables: what each is, its key, by what it can be searched |
//! | `GET /v1/{table}` | records in the order of their keys; `FIELD=VALUE` for a field that can be searched |
//! | `GET /v1/{table}/{key…}` | one record |
//! | `GET /v1/routes/{wallet}/check` | whether a route's signatures and certificates hold now |
//! | `GET /v1/history/{table}/{key…}` | what a record was, newest first |
//! | `GET /v1/contracts` | the contracts that are followed, and their events |
//! | `GET /v1/events` | events, newest first: `contract`, `event`, `mentions` (an address, number or hash), `block` |
//! | `GET /v1/events/stream` | the same, live, as server-sent events; `reorganized` says after which block none counts; with `heads=true`, `head` says up to which block all were told, with `heads=only` nothing else does |
//! | `GET /v1/draws` | links of the Selection Chains, the highest group first, of each the newest: `group`, `chain` |
//! | `GET /v1/status` | how far the tables are |
//! | `GET /openapi.json` | all of this for programs |
//! | `GET /health`, `/ready` | 200, or 503 and why: the process works; its tables are current |
//! | `GET /metrics` | Prometheus' text format |
//!
//! Lists take `limit`, `after` (what the answer before gave as `next`) and `order=desc`; `block=N` shows tables as they were
//! at a block, which must be there already. Answers have an `ETag`: it changes when something happens on the chain. Errors
//! are `{"error": …}` with a status: 400 what is not understood, 404 what is not there, 405 what only reads, 503 what is too
//! much at once.

mod ask;
mod check;
mod draws;
mod error;
mod events;
mod openapi;
mod operations;
mod records;
mod stream;
#[cfg(test)]
mod tests;
mod web;

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use alloy::primitives::{B256, keccak256};
use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, Uri, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::get,
};
use conet_serve::Counts;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tower_http::{CompressionLevel, compression::CompressionLayer};

use ask::Has;
pub use error::ApiError;

use crate::{catalogue::Catalogue, follow::Progress, store::Store, tables::Tables};

/// Unix seconds, by this machine's clock.
fn now_unix() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Of a tag: two answers have the same one by chance in a time that no cache lives.
const TAG_BYTES: usize = 16;

/// Limits of what is asked.
#[derive(Debug, Clone, Copy)]
pub struct HttpLimits {
    /// Rows of one answer.
    pub rows_max: u32,
    /// Rows, if nobody says how many.
    pub rows_usual: u32,
    /// Requests at once.
    pub requests_max: usize,
    /// Streams open at once.
    pub streams_max: usize,
    /// Streams that read at once: all are woken by a new block, and leave room for requests.
    pub stream_reads_max: usize,
    /// Of one address: a browser needs one for each tab.
    pub streams_per_address_max: usize,
    /// Of connections.
    pub connections: conet_serve::Limits,
    /// Blocks behind the chain at which the tables do not count as current any more.
    pub lag_blocks_max: u64,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            rows_max: 500,
            rows_usual: 50,
            requests_max: 64,
            streams_max: 1_000,
            stream_reads_max: 16,
            streams_per_address_max: 32,
            connections: conet_serve::Limits {
                connections_max: 4_096,
                connections_per_address_max: 256,
                headers_max: 64,
                read_buffer_bytes_max: 16 << 10,
                head_max: Duration::from_secs(75),
                write_max: Duration::from_secs(60),
                shutdown_max: Duration::from_secs(5),
            },
            lag_blocks_max: 10,
        }
    }
}

/// What answers are made from. Cheap to clone.
#[derive(Debug)]
pub struct Api<T> {
    store: T,
    chain_id: u64,
    catalogue: Arc<Catalogue>,
    tables: Arc<Tables>,
    /// Of what makes answers from events: catalogue, tables, and this program.
    rules: B256,
    progress: watch::Receiver<Progress>,
    limits: HttpLimits,
    requests: Arc<Semaphore>,
    streams: Arc<Counts>,
    stream_reads: Arc<Semaphore>,
    stop: CancellationToken,
}

impl<T: Clone> Clone for Api<T> {
    fn clone(&self) -> Self {
        Self {
            store: self.store.clone(),
            chain_id: self.chain_id,
            catalogue: Arc::clone(&self.catalogue),
            tables: Arc::clone(&self.tables),
            rules: self.rules,
            progress: self.progress.clone(),
            limits: self.limits,
            requests: Arc::clone(&self.requests),
            streams: Arc::clone(&self.streams),
            stream_reads: Arc::clone(&self.stream_reads),
            stop: self.stop.clone(),
        }
    }
}

impl<T: Store> Api<T> {
    /// Over these tables. Streams end with `stop`.
    #[must_use]
    pub fn new(
        store: T,
        (chain_id, catalogue, tables): (u64, Arc<Catalogue>, Arc<Tables>),
        progress: watch::Receiver<Progress>,
        limits: HttpLimits,
        stop: CancellationToken,
    ) -> Self {
        let version = env!("CARGO_PKG_VERSION").as_bytes();
        let rules = [catalogue.fingerprint(), tables.fingerprint(), keccak256(version)].concat();
        Self {
            store,
            chain_id,
            catalogue,
            tables,
            rules: keccak256(rules),
            progress,
            limits,
            requests: Arc::new(Semaphore::new(limits.requests_max)),
            streams: Counts::new(limits.streams_max, limits.streams_per_address_max),
            stream_reads: Arc::new(Semaphore::new(limits.stream_reads_max)),
            stop,
        }
    }

    /// Its limits.
    #[must_use]
    pub const fn limits(&self) -> HttpLimits {
        self.limits
    }

    /// The routes. They want to know who asks: `ConnectInfo<SocketAddr>`.
    pub fn routes(self) -> Router {
        let tables = Router::new()
            .route("/v1", get(records::tables::<T>))
            .route("/v1/contracts", get(records::contracts::<T>))
            .route("/v1/{table}", get(records::list::<T>))
            .route("/v1/{table}/{*key}", get(records::one::<T>))
            .route("/v1/routes/{wallet}/check", get(check::route::<T>))
            .route("/v1/history/{table}/{*key}", get(records::history::<T>))
            .route("/v1/events", get(events::list::<T>))
            .route("/v1/draws", get(draws::list::<T>))
            .layer(middleware::from_fn_with_state(self.clone(), limit_and_tag::<T>));
        Router::new()
            .route("/v1/status", get(operations::status::<T>))
            .route("/v1/events/stream", get(stream::stream::<T>))
            .route("/openapi.json", get(openapi::document::<T>))
            .route("/health", get(operations::health::<T>))
            .route("/ready", get(operations::ready::<T>))
            .route("/metrics", get(operations::metrics::<T>))
            .merge(tables)
            .with_state(self)
            .merge(web::routes())
            .fallback(nothing_there)
            .method_not_allowed_fallback(no_such_method)
            // Not streams: what they tell must not wait for more.
            .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
    }

    /// Of an answer to this question. It differs when that may: by the last block that changed the tables, the rules that
    /// made them, and this program. Nobody has it who was not answered.
    async fn tag(&self, question: &Uri) -> Option<HeaderValue> {
        let changed = self.store.changed().await.ok()?.map_or(B256::ZERO, |at| at.hash);
        let question = question.to_string();
        let of = [changed.as_slice(), self.rules.as_slice(), question.as_bytes()].concat();
        let tag = hex::encode(keccak256(of).get(..TAG_BYTES)?);
        HeaderValue::from_str(&format!("W/\"{tag}\"")).ok()
    }

    fn rows(&self, asked: Option<u32>) -> u32 {
        asked.unwrap_or(self.limits.rows_usual).clamp(1, self.limits.rows_max)
    }
}

async fn nothing_there() -> ApiError {
    ApiError::NotFound { what: "a path that /openapi.json names, or / for people".to_owned() }
}

async fn no_such_method(method: Method) -> ApiError {
    ApiError::Method { found: method }
}

/// Answers of tables: so many at once, and none that the asker has already.
async fn limit_and_tag<T: Store>(
    State(api): State<Api<T>>,
    request: Request,
    next: Next,
) -> Response {
    let Ok(turn) = Arc::clone(&api.requests).try_acquire_owned() else {
        return ApiError::Busy.into_response();
    };
    // A query goes on when its asker leaves: until then it counts.
    let answering = tokio::spawn(async move {
        let _turn = turn;
        tag(api, request, next).await
    });
    answering.await.unwrap_or_else(|error| {
        tracing::error!(%error, "a request failed");
        ApiError::Failed.into_response()
    })
}

async fn tag<T: Store>(api: Api<T>, request: Request, next: Next) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    let (question, has) = (request.uri().clone(), Has::of(request.headers()));
    // Draws come whether or not the chain goes on, and what holds now may have expired in a moment.
    let is_of_the_chain = question.path() != "/v1/draws" && !question.path().ends_with("/check");
    let tag = if is_of_the_chain { api.tag(&question).await } else { None };
    let is_known = tag.as_ref().is_some_and(|tag| has.has(tag));
    let mut response = match is_known {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => next.run(request).await,
    };
    // An answer that was made while the tables went on is of neither state, and a refusal is of none.
    let is_answer = response.status().is_success();
    let is_of_this_state = is_answer && tag.is_some() && api.tag(&question).await == tag;
    if is_answer && has == Has::Anything {
        response = StatusCode::NOT_MODIFIED.into_response();
    }
    if let Some(tag) = tag.filter(|_| is_known || is_of_this_state) {
        response.headers_mut().insert(header::ETAG, tag);
        let again = HeaderValue::from_static("no-cache");
        response.headers_mut().insert(header::CACHE_CONTROL, again);
    }
    response
}
