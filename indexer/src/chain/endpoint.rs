//! One RPC, over HTTP or WebSocket: its pace, its health, and its connection.

use std::{
    str::FromStr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use alloy::{
    providers::{ProviderBuilder, RootProvider, WsConnect},
    transports::{TransportError, TransportErrorKind},
};
use tokio::time::timeout;

use super::{SourceError, health::Health, refusal};

/// The longest that one request takes, whatever it is.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);

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

/// An endpoint.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) url: EndpointUrl,
    /// Calls of one batch, at most.
    pub(super) batch_max: u64,
    health: Mutex<Health>,
    provider: tokio::sync::Mutex<Option<RootProvider>>,
}

/// Headers of one request, unless the rate limit is less.
const HEADERS_PER_REQUEST: u32 = 100;

impl Endpoint {
    pub(super) fn new(url: EndpointUrl, calls_per_second_max: u32) -> Self {
        Self {
            url,
            batch_max: HEADERS_PER_REQUEST.min(calls_per_second_max.max(1)).into(),
            health: Mutex::new(Health::new(calls_per_second_max)),
            provider: tokio::sync::Mutex::default(),
        }
    }

    pub(super) fn is_websocket(&self) -> bool {
        self.url.is_websocket
    }

    fn health(&self) -> std::sync::MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long it rests still, after it failed.
    pub(super) fn rests(&self) -> Option<Duration> {
        self.health().rests(Instant::now())
    }

    /// Whether it did well when it was asked last.
    pub(super) fn is_well(&self) -> bool {
        self.health().is_well(Instant::now())
    }

    pub(super) fn did_well(&self) {
        self.health().did_well();
    }

    /// It failed, for this reason.
    pub(super) fn failed(&self, error: &SourceError) {
        tracing::warn!(endpoint = self.url.label(), %error, "an RPC fails");
        let now = Instant::now();
        match error {
            // Its connection is right.
            SourceError::RateLimited { wait, .. } => self.health().limited(*wait, now),
            _ => {
                self.health().failed(now);
                self.disconnect();
            }
        }
    }

    /// Makes a new connection before the next request: one that failed once may hang for good.
    pub(super) fn disconnect(&self) {
        // Who holds the lock makes a new one just now.
        if self.url.is_websocket
            && let Ok(mut provider) = self.provider.try_lock()
        {
            *provider = None;
        }
    }

    /// Whether the caller is to look whether it does well again.
    pub(super) fn begins_probe(&self) -> bool {
        self.health().begins_probe(Instant::now())
    }

    /// Waits until the rate limit allows a request with so many calls.
    pub(super) async fn turn(&self, calls: u64) {
        let calls = u32::try_from(calls).unwrap_or(u32::MAX);
        let wait = self.health().turn(calls, Instant::now());
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }

    /// A connection.
    pub(super) async fn connected(&self) -> Result<RootProvider, TransportError> {
        let mut provider = self.provider.lock().await;
        if let Some(provider) = &*provider {
            return Ok(provider.clone());
        }
        let connected = if self.url.is_websocket {
            let connect = WsConnect::new(&self.url.url).with_max_retries(0);
            ProviderBuilder::new().disable_recommended_fillers().connect_ws(connect).await?
        } else {
            conet_chain::provider_once(&self.url.url).map_err(TransportErrorKind::custom)?
        };
        *provider = Some(connected.clone());
        Ok(connected)
    }

    /// The answer to a request, if it comes in time.
    pub(super) async fn in_time<T>(
        &self,
        patience: Duration,
        request: impl Future<Output = Result<T, TransportError>>,
    ) -> Result<T, SourceError> {
        match timeout(patience, request).await {
            Ok(answer) => answer.map_err(|error| self.unreachable(&error)),
            Err(_) => Err(self.silent(patience)),
        }
    }

    pub(super) fn silent(&self, patience: Duration) -> SourceError {
        SourceError::Unreachable(format!("{}: nothing for {patience:?}", self.url.label()))
    }

    /// Why it did not answer, or that it wants to be asked less.
    pub(super) fn unreachable(&self, error: &TransportError) -> SourceError {
        let endpoint = self.url.label();
        if let Some(wait) = refusal::rate_limit(error) {
            return SourceError::RateLimited { endpoint, wait };
        }
        let text: String = error.to_string().chars().take(300).collect();
        SourceError::Unreachable(format!("{endpoint}: {text}"))
    }
}
