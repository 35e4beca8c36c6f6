//! What stands between HTTP and the answers. Thin.

use std::{convert::Infallible, sync::Arc, time::Duration};

use alloy::primitives::{Address, B256};
use axum::{
    Json,
    extract::{Path, Query, Request, State},
    response::{
        IntoResponse as _, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use bytes::Bytes;
use conet_committee::archive::ProvenNotice;
use conet_ledger::block::SignedTransaction;
use futures_util::StreamExt as _;
use http::{StatusCode, request::Parts};
use http_body_util::{BodyExt as _, Limited};
use serde::{Deserialize, de::DeserializeOwned};
use tokio::sync::broadcast::error::RecvError;

use super::{Rpc, RpcError, reads, submit};
use crate::{
    history::{History, Since},
    ledgers::Live,
};

/// How often a quiet stream says that it is there.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// How long a body may take.
const BODY_PATIENCE: Duration = Duration::from_secs(15);

type Answer<T> = Result<Json<T>, RpcError>;

/// A path's last part, or what it has before it.
fn part<T: std::str::FromStr>(text: &str, expected: &'static str) -> Result<T, RpcError> {
    text.parse()
        .map_err(|_| RpcError::Malformed { expected, found: text.chars().take(80).collect() })
}

/// What a request about one chain is about, if who asks may know it.
struct Admitted {
    chain: B256,
    newest: Arc<Live>,
    body: Bytes,
}

async fn admit(rpc: &Rpc, chain: &str, request: Request) -> Result<Admitted, RpcError> {
    let chain = part(chain, "a chain's id, 32 bytes with 0x")?;
    let (head, body) = read_body(rpc.limits.body_bytes_max, request).await?;
    let newest = rpc.admit(chain, &head, &body).await?;
    Ok(Admitted { chain, newest, body })
}

async fn read_body(max: usize, request: Request) -> Result<(Parts, Bytes), RpcError> {
    let (head, body) = request.into_parts();
    let body = tokio::time::timeout(BODY_PATIENCE, Limited::new(body, max).collect()).await;
    let body = body.ok().and_then(Result::ok).ok_or_else(|| RpcError::Malformed {
        expected: "a body within the limits of length and time",
        found: format!("another; the limit is {max} bytes"),
    })?;
    Ok((head, body.to_bytes()))
}

/// A request with a body of JSON: its head, the body's bytes, and what it says.
pub(crate) async fn read_json<T: DeserializeOwned>(
    max: usize,
    request: Request,
    expected: &'static str,
) -> Result<(Parts, Bytes, T), RpcError> {
    let (head, body) = read_body(max, request).await?;
    let read = json(&body, expected)?;
    Ok((head, body, read))
}

fn json<T: DeserializeOwned>(body: &[u8], expected: &'static str) -> Result<T, RpcError> {
    serde_json::from_slice(body)
        .map_err(|error| RpcError::Malformed { expected, found: error.to_string() })
}

pub(super) async fn status(State(rpc): State<Rpc>) -> Answer<reads::Status> {
    rpc.status().await.map(Json)
}

#[derive(Debug, Deserialize)]
pub(super) struct Range {
    #[serde(default)]
    from: u64,
    #[serde(default = "one")]
    count: usize,
}

const fn one() -> usize {
    1
}

pub(super) async fn log(
    State(rpc): State<Rpc>,
    Query(Range { from, count }): Query<Range>,
) -> Answer<reads::Entries> {
    rpc.entries(from, count).await.map(Json)
}

#[derive(Debug, Deserialize)]
pub(super) struct Links {
    #[serde(default)]
    chain: Option<B256>,
    #[serde(default)]
    from: u64,
}

pub(super) async fn selections(
    State(rpc): State<Rpc>,
    Query(Links { chain, from }): Query<Links>,
) -> Answer<reads::Selections> {
    rpc.selections(chain, from).await.map(Json)
}

#[derive(Debug, Deserialize)]
pub(super) struct Number {
    #[serde(default)]
    after: u64,
}

pub(super) async fn evidence(
    State(rpc): State<Rpc>,
    Query(Number { after }): Query<Number>,
) -> Answer<reads::EvidencePage> {
    rpc.evidence(after).await.map(Json)
}

#[derive(Debug, Deserialize)]
pub(super) struct Begins {
    #[serde(default)]
    from: u64,
    #[serde(default)]
    event: Option<B256>,
}

pub(super) async fn history(
    State(rpc): State<Rpc>,
    Query(Begins { from, event }): Query<Begins>,
) -> Answer<History> {
    rpc.history(event.map_or(Since::Count(from), Since::Event)).await.map(Json)
}

#[derive(Debug, Deserialize)]
pub(super) struct After {
    #[serde(default)]
    after: B256,
}

pub(super) async fn chains(
    State(rpc): State<Rpc>,
    Query(After { after }): Query<After>,
) -> Answer<Vec<ProvenNotice>> {
    rpc.public_chains(after).await.map(Json)
}

pub(super) async fn chain(
    State(rpc): State<Rpc>,
    Path(chain): Path<String>,
    request: Request,
) -> Result<Response, RpcError> {
    let Admitted { chain, .. } = admit(&rpc, &chain, request).await?;
    let notice = rpc.notice(chain).await?.ok_or(RpcError::NotFound { what: "a notice" })?;
    Ok(Json(&*notice).into_response())
}

pub(super) async fn genesis(
    State(rpc): State<Rpc>,
    Path(chain): Path<String>,
    request: Request,
) -> Answer<reads::Beginning> {
    let Admitted { newest, .. } = admit(&rpc, &chain, request).await?;
    Ok(Json(reads::Beginning::of(&newest.chain)))
}

pub(super) async fn block(
    State(rpc): State<Rpc>,
    Path((chain, height)): Path<(String, String)>,
    request: Request,
) -> Answer<reads::BlockView> {
    let height = part(&height, "a height")?;
    let Admitted { chain, .. } = admit(&rpc, &chain, request).await?;
    rpc.block(chain, height).await.map(Json)
}

pub(super) async fn account(
    State(rpc): State<Rpc>,
    Path((chain, address)): Path<(String, String)>,
    request: Request,
) -> Answer<reads::AccountView> {
    let address: Address = part(&address, "an address, 20 bytes with 0x")?;
    let Admitted { newest, .. } = admit(&rpc, &chain, request).await?;
    Ok(Json(reads::AccountView::of(&newest, address)))
}

pub(super) async fn call(
    State(rpc): State<Rpc>,
    Path(chain): Path<String>,
    request: Request,
) -> Answer<reads::Said> {
    let Admitted { newest, body, .. } = admit(&rpc, &chain, request).await?;
    let question = json(&body, "a call: caller and data")?;
    rpc.call(newest, question).await.map(Json)
}

pub(super) async fn submit(
    State(rpc): State<Rpc>,
    Path(chain): Path<String>,
    request: Request,
) -> Result<(StatusCode, Json<submit::Submitted>), RpcError> {
    let Admitted { newest, body, .. } = admit(&rpc, &chain, request).await?;
    let signed: SignedTransaction = json(&body, "a signed transaction")?;
    let submitted = rpc.submit(newest, signed).await?;
    Ok((StatusCode::ACCEPTED, Json(submitted)))
}

pub(super) async fn transaction(
    State(rpc): State<Rpc>,
    Path((chain, hash)): Path<(String, String)>,
    request: Request,
) -> Answer<reads::TransactionView> {
    let hash = part(&hash, "a transaction's hash, 32 bytes with 0x")?;
    let Admitted { chain, .. } = admit(&rpc, &chain, request).await?;
    rpc.transaction(chain, hash).await.map(Json)
}

pub(super) async fn finality(
    State(rpc): State<Rpc>,
    Path(chain): Path<String>,
    request: Request,
) -> Result<Response, RpcError> {
    let Admitted { chain, .. } = admit(&rpc, &chain, request).await?;
    let slot = rpc.streams.clone().try_acquire_owned().map_err(|_| RpcError::Busy)?;
    let finals =
        futures_util::stream::unfold((rpc.runtime.finals(), slot), move |state| async move {
            let (mut finals, slot) = state;
            loop {
                match finals.recv().await {
                    Ok(known) if known.chain == chain => return Some((known, (finals, slot))),
                    // Who is too slow learns the height from the next one.
                    Ok(_) | Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return None,
                }
            }
        });
    let events = finals.map(|known| {
        let event = Event::default().event("final").json_data(known);
        Ok::<_, Infallible>(event.unwrap_or_default())
    });
    let stop = rpc.stop.clone();
    let events = events.take_until(async move { stop.cancelled().await });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEPALIVE)).into_response())
}
