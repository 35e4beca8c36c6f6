//! One RPC, over HTTP or WebSocket: its pace, its health, and what is asked of it.

use std::{
    str::FromStr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use alloy::{
    primitives::{Address, B256, Bloom, U64},
    providers::{Provider, ProviderBuilder, RootProvider, WsConnect},
    rpc::{
        client::BatchRequest,
        types::{Filter, Log},
    },
    transports::{RpcError, TransportError, TransportErrorKind},
};
use serde::Deserialize;
use tokio::time::{error::Elapsed, timeout};

use super::{Header, SourceError};
use crate::store::At;

/// The longest that one request takes, whatever it is.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);

/// Headers of one request.
const HEADERS_PER_REQUEST: u64 = 100;

/// The pause after the first failure; it doubles from then on.
const REST_FIRST: Duration = Duration::from_millis(250);

/// The longest pause after failures.
const REST_MAX: Duration = Duration::from_secs(30);

/// Where an RPC is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointUrl {
    url: String,
    is_websocket: bool,
}

impl EndpointUrl {
    /// All of it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.url
    }

    /// Whether it tells of blocks by itself.
    #[must_use]
    pub const fn is_websocket(&self) -> bool {
        self.is_websocket
    }

    /// The URL without its path and password, which may be keys: for logs.
    #[must_use]
    pub fn label(&self) -> String {
        let (scheme, rest) = self.url.split_once("://").unwrap_or_default();
        let host = rest.split(['/', '?']).next().unwrap_or_default();
        let host = host.rsplit('@').next().unwrap_or_default();
        format!("{scheme}://{host}")
    }
}

impl FromStr for EndpointUrl {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, SourceError> {
        let scheme = text.split_once("://").map(|(scheme, _)| scheme);
        let is_websocket = match scheme {
            Some("http" | "https") => false,
            Some("ws" | "wss") => true,
            _ => return Err(SourceError::Url { found: scheme.unwrap_or("none").to_owned() }),
        };
        Ok(Self { url: text.to_owned(), is_websocket })
    }
}

/// How an endpoint has done of late.
#[derive(Debug, Default)]
struct Health {
    failures: u32,
    rests_until: Option<Instant>,
    /// When the next request may go out, by the rate limit.
    next_at: Option<Instant>,
}

/// An endpoint.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) url: EndpointUrl,
    /// Between two requests, at least.
    pause: Duration,
    health: Mutex<Health>,
    provider: tokio::sync::Mutex<Option<RootProvider>>,
}

/// A block as RPCs write it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RpcBlock {
    number: U64,
    hash: B256,
    parent_hash: B256,
    timestamp: U64,
    logs_bloom: Bloom,
}

/// A receipt, as far as it is looked at: chains have types of their own.
#[derive(Debug, Deserialize)]
struct RpcReceipt {
    logs: Vec<Log>,
}

impl RpcBlock {
    fn header(&self) -> Header {
        Header {
            at: At { number: self.number.to(), hash: self.hash },
            parent: self.parent_hash,
            time: self.timestamp.to(),
            bloom: self.logs_bloom,
        }
    }
}

/// What an endpoint says of itself and its chain.
#[derive(Debug)]
pub(super) struct Says {
    pub(super) chain_id: u64,
    pub(super) latest: Header,
    /// If it knows what is final.
    pub(super) finalized: Option<u64>,
}

impl Endpoint {
    pub(super) fn new(url: EndpointUrl, requests_per_second_max: u32) -> Self {
        let pause = Duration::from_secs(1) / requests_per_second_max.max(1);
        Self { url, pause, health: Mutex::default(), provider: tokio::sync::Mutex::default() }
    }

    pub(super) fn is_websocket(&self) -> bool {
        self.url.is_websocket
    }

    fn health(&self) -> std::sync::MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long it rests still, after it failed.
    pub(super) fn rests(&self) -> Option<Duration> {
        let until = self.health().rests_until?;
        until.checked_duration_since(Instant::now())
    }

    pub(super) fn did_well(&self) {
        let mut health = self.health();
        health.failures = 0;
        health.rests_until = None;
    }

    pub(super) async fn failed(&self) {
        {
            let mut health = self.health();
            health.failures = health.failures.saturating_add(1);
            let doubled = REST_FIRST.saturating_mul(1 << health.failures.saturating_sub(1).min(16));
            let rest = doubled.min(REST_MAX).mul_f64(rand::random_range(0.75..1.25));
            health.rests_until = Some(Instant::now() + rest);
        }
        if self.url.is_websocket {
            // A connection that failed once may hang for good.
            *self.provider.lock().await = None;
        }
    }

    /// A connection, as soon as the rate limit allows a request.
    pub(super) async fn provider(&self) -> Result<RootProvider, SourceError> {
        let wait = {
            let mut health = self.health();
            let now = Instant::now();
            let at = health.next_at.map_or(now, |at| at.max(now));
            health.next_at = Some(at + self.pause);
            at.duration_since(now)
        };
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        let mut provider = self.provider.lock().await;
        if let Some(provider) = &*provider {
            return Ok(provider.clone());
        }
        let connected = if self.url.is_websocket {
            let connect = WsConnect::new(&self.url.url).with_max_retries(0);
            let connecting =
                ProviderBuilder::new().disable_recommended_fillers().connect_ws(connect);
            self.in_time(connecting).await?
        } else {
            conet_chain::provider_once(&self.url.url)
                .map_err(|error| SourceError::Unreachable(error.to_string()))?
        };
        *provider = Some(connected.clone());
        Ok(connected)
    }

    async fn in_time<T>(
        &self,
        request: impl Future<Output = Result<T, TransportError>>,
    ) -> Result<T, SourceError> {
        match timeout(REQUEST_TIMEOUT, request).await {
            Ok(answer) => answer.map_err(|error| self.unreachable(&error)),
            Err(_) => Err(SourceError::Unreachable(format!(
                "{}: nothing for {REQUEST_TIMEOUT:?}",
                self.url.label()
            ))),
        }
    }

    fn unreachable(&self, error: &TransportError) -> SourceError {
        let text: String = error.to_string().chars().take(300).collect();
        SourceError::Unreachable(format!("{}: {text}", self.url.label()))
    }

    /// Chain id, newest and final block, in one request.
    pub(super) async fn says(&self) -> Result<Says, SourceError> {
        let provider = self.provider().await?;
        let mut batch = BatchRequest::new(provider.client());
        let asked = (|| {
            let chain_id = batch.add_call::<_, U64>("eth_chainId", &())?;
            let block = "eth_getBlockByNumber";
            let latest = batch.add_call::<_, Option<RpcBlock>>(block, &("latest", false))?;
            let finalized = batch.add_call::<_, Option<RpcBlock>>(block, &("finalized", false))?;
            Ok((chain_id, latest, finalized))
        })();
        let (chain_id, latest, finalized) =
            asked.map_err(|error: TransportError| self.unreachable(&error))?;
        self.in_time(batch.send()).await?;
        let chain_id: U64 = self.in_time(chain_id).await?;
        let latest = self.in_time(latest).await?;
        let none = || SourceError::Unreachable(format!("{}: no newest block", self.url.label()));
        let latest = latest.ok_or_else(none)?;
        let finalized = match timeout(REQUEST_TIMEOUT, finalized).await {
            Ok(Ok(block)) => block,
            // Not every chain has such a tag.
            Ok(Err(RpcError::ErrorResp(error))) if is_unknown(error.code) => None,
            Ok(Err(error)) => return Err(self.unreachable(&error)),
            Err(_) => return Err(SourceError::Unreachable("nothing is final in time".to_owned())),
        };
        Ok(Says {
            chain_id: chain_id.to(),
            latest: latest.header(),
            finalized: finalized.map(|block| block.number.to()),
        })
    }

    /// The headers `from` to `to`.
    pub(super) async fn headers(&self, from: u64, to: u64) -> Result<Vec<Header>, SourceError> {
        let mut headers = Vec::new();
        let mut next = from;
        while next <= to {
            let last = to.min(next.saturating_add(HEADERS_PER_REQUEST - 1));
            self.some_headers(next, last, &mut headers).await?;
            next = last + 1;
        }
        Ok(headers)
    }

    async fn some_headers(
        &self,
        from: u64,
        to: u64,
        headers: &mut Vec<Header>,
    ) -> Result<(), SourceError> {
        let provider = self.provider().await?;
        let mut batch = BatchRequest::new(provider.client());
        let waiting: Result<Vec<_>, TransportError> = (from..=to)
            .map(|number| {
                let params = (U64::from(number), false);
                batch.add_call::<_, Option<RpcBlock>>("eth_getBlockByNumber", &params)
            })
            .collect();
        let waiting = waiting.map_err(|error| self.unreachable(&error))?;
        let sent = timeout(REQUEST_TIMEOUT, batch.send()).await;
        self.unless_too_many(from, to, sent)?;
        for (number, waiter) in (from..=to).zip(waiting) {
            let answer = timeout(REQUEST_TIMEOUT, waiter).await;
            let block = self.unless_too_many(from, to, answer)?;
            headers.push(block.ok_or(SourceError::Missing { number })?.header());
        }
        Ok(())
    }

    /// A batch that is refused as a whole may be too long.
    fn unless_too_many<T>(
        &self,
        from: u64,
        to: u64,
        answer: Result<Result<T, TransportError>, Elapsed>,
    ) -> Result<T, SourceError> {
        let error = match answer {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => error,
            Err(_) => {
                let what = format!("{}: nothing for {REQUEST_TIMEOUT:?}", self.url.label());
                return Err(SourceError::Unreachable(what));
            }
        };
        let is_refused = matches!(
            &error,
            RpcError::ErrorResp(_)
                | RpcError::Transport(
                    TransportErrorKind::NonRetryable(_)
                        | TransportErrorKind::MissingBatchResponse(_)
                )
        );
        match is_refused && from < to {
            true => Err(SourceError::Refused { from, to, reason: error.to_string() }),
            false => Err(self.unreachable(&error)),
        }
    }

    /// The logs of these contracts in a range.
    pub(super) async fn logs(
        &self,
        from: u64,
        to: u64,
        addresses: &[Address],
    ) -> Result<Vec<Log>, SourceError> {
        let filter = Filter::new().address(addresses.to_vec()).from_block(from).to_block(to);
        let provider = self.provider().await?;
        let refused = |reason: &str| SourceError::Refused {
            from,
            to,
            reason: reason.chars().take(300).collect(),
        };
        match timeout(REQUEST_TIMEOUT, provider.get_logs(&filter)).await {
            Ok(Err(RpcError::ErrorResp(error))) => Err(refused(&error.message)),
            // It is too long, or broke off.
            Ok(Err(RpcError::Transport(TransportErrorKind::NonRetryable(error)))) => {
                Err(refused(&error.to_string()))
            }
            Ok(answer) => answer.map_err(|error| self.unreachable(&error)),
            // Less may be answered in time.
            Err(_) => Err(refused("no answer in time")),
        }
    }

    /// The logs of these contracts in one block, from its receipts; `None` if the endpoint does not have them.
    pub(super) async fn receipts(
        &self,
        number: u64,
        addresses: &[Address],
    ) -> Result<Option<Vec<Log>>, SourceError> {
        let provider = self.provider().await?;
        let params = (U64::from(number),);
        let request = provider
            .raw_request::<_, Option<Vec<RpcReceipt>>>("eth_getBlockReceipts".into(), params);
        match timeout(REQUEST_TIMEOUT, request).await {
            Ok(Ok(receipts)) => Ok(receipts.map(|receipts| {
                let logs = receipts.into_iter().flat_map(|receipt| receipt.logs);
                logs.filter(|log| addresses.binary_search(&log.inner.address).is_ok()).collect()
            })),
            Ok(Err(RpcError::ErrorResp(error))) if is_unknown(error.code) => Ok(None),
            Ok(Err(error)) => Err(self.unreachable(&error)),
            Err(_) => Err(SourceError::Unreachable(format!("{}: no receipts", self.url.label()))),
        }
    }
}

/// JSON-RPC's codes for a method, or parameters, that a server does not know.
const fn is_unknown(code: i64) -> bool {
    matches!(code, -32_601 | -32_602)
}
