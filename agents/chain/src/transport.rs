//! HTTP to the RPC: bounded in time, size and attempts, for every call alike.

use std::{
    net::IpAddr,
    task::{Context, Poll},
    time::Duration,
};

use alloy::{
    providers::RootProvider,
    rpc::{
        client::RpcClient,
        json_rpc::{RequestPacket, ResponsePacket},
    },
    transports::{
        TransportError, TransportErrorKind, TransportFut,
        http::reqwest::{self, Client, Url, redirect},
    },
};
use tower::Service;

use crate::{
    error::{ChainError, shorten},
    limits::{RPC_ANSWER_BYTES_MAX, RPC_ATTEMPTS_MAX, RPC_BACKOFF_FIRST, RPC_CALL_TIMEOUT},
};

/// A provider for this RPC. Nothing is sent yet.
pub(crate) fn provider(rpc_url: &str) -> Result<RootProvider, ChainError> {
    with_attempts(rpc_url, RPC_ATTEMPTS_MAX)
}

/// A provider that tries once: for callers who have another RPC to go on with.
///
/// # Errors
/// [`ChainError::Url`].
pub fn provider_once(rpc_url: &str) -> Result<RootProvider, ChainError> {
    with_attempts(rpc_url, 1)
}

fn with_attempts(rpc_url: &str, attempts: u32) -> Result<RootProvider, ChainError> {
    let refuse = |reason: String| ChainError::Url { found: shorten(rpc_url), reason };
    let url: Url = rpc_url.parse().map_err(|error| refuse(format!("{error}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refuse(format!("the scheme is {:?}", url.scheme())));
    }
    let local = is_local(&url);
    let mut builder = Client::builder()
        .timeout(RPC_CALL_TIMEOUT)
        .connect_timeout(RPC_CALL_TIMEOUT / 2)
        .redirect(redirect::Policy::none());
    if local {
        // Nobody's own machine is behind a proxy.
        builder = builder.no_proxy();
    }
    let client = builder.build().map_err(|error| refuse(error.to_string()))?;
    Ok(RootProvider::new(RpcClient::new(BoundedHttp { client, url, attempts }, local)))
}

fn is_local(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// alloy's own HTTP transport reads answers of any length.
#[derive(Clone)]
struct BoundedHttp {
    client: Client,
    url: Url,
    /// How often a read is tried.
    attempts: u32,
}

impl Service<RequestPacket> for BoundedHttp {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: RequestPacket) -> Self::Future {
        let this = self.clone();
        Box::pin(async move { this.with_retries(&request).await })
    }
}

impl BoundedHttp {
    async fn with_retries(
        &self,
        request: &RequestPacket,
    ) -> Result<ResponsePacket, TransportError> {
        // A transaction that was sent and not answered may have arrived: its
        // sender looks for it before it sends again.
        let sends = request.method_names().any(|name| name == "eth_sendRawTransaction");
        let attempts = if sends { 1 } else { self.attempts };
        let mut pause = RPC_BACKOFF_FIRST;
        for _ in 1..attempts {
            match self.once(request).await {
                Err(error) if is_transient(&error) => {
                    tracing::debug!(%error, ?pause, "the RPC failed, trying again");
                }
                done => return done,
            }
            tokio::time::sleep(with_jitter(pause)).await;
            pause *= 2;
        }
        self.once(request).await
    }

    async fn once(&self, request: &RequestPacket) -> Result<ResponsePacket, TransportError> {
        let post = self.client.post(self.url.clone()).json(request);
        let mut response = post.send().await.map_err(failed)?;
        let status = response.status();
        let wait = retry_after(&response);
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > RPC_ANSWER_BYTES_MAX {
                let text = format!("an answer of more than {RPC_ANSWER_BYTES_MAX} bytes");
                return Err(TransportErrorKind::non_retryable_str(&text));
            }
            body.extend_from_slice(&chunk);
        }
        let is_limit = status == 429 && wait.is_some();
        match serde_json::from_slice(&body) {
            // When to ask again is in the head alone.
            Ok(packet) if !is_limit => Ok(packet),
            _ if !status.is_success() => {
                let text = shorten(&String::from_utf8_lossy(body.get(..1024).unwrap_or(&body)));
                Err(TransportErrorKind::http_error_with_retry_after(status.as_u16(), text, wait))
            }
            Ok(packet) => Ok(packet),
            Err(error) => Err(TransportErrorKind::non_retryable(error)),
        }
    }
}

/// When a server may be asked again, if it says that in seconds.
fn retry_after(response: &reqwest::Response) -> Option<Duration> {
    let seconds = response.headers().get("retry-after")?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// The URL may hold an access key: it stays out of errors and logs.
fn failed(error: reqwest::Error) -> TransportError {
    TransportErrorKind::custom(error.without_url())
}

fn is_transient(error: &TransportError) -> bool {
    match error {
        TransportError::Transport(TransportErrorKind::Custom(_)) => true,
        TransportError::Transport(kind) => {
            kind.as_http_error().is_some_and(|error| error.status == 429 || error.status >= 500)
        }
        _ => false,
    }
}

fn with_jitter(pause: Duration) -> Duration {
    pause.mul_f64(rand::random_range(0.75..1.25))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_http_urls_are_rpcs() {
        for text in ["", "localhost:8545", "ftp://x", "http://"] {
            assert!(matches!(provider(text), Err(ChainError::Url { .. })), "{text}");
        }
        assert!(provider("http://127.0.0.1:8545").is_ok());
        assert!(provider("https://rpc.example/key").is_ok());
    }

    #[test]
    fn ones_own_machine_is_known() {
        for (text, local) in [
            ("http://localhost:1", true),
            ("http://127.0.0.2:1", true),
            ("http://[::1]:1", true),
            ("http://10.0.0.1:1", false),
            ("http://localhost.example:1", false),
        ] {
            assert_eq!(is_local(&text.parse().unwrap()), local, "{text}");
        }
    }
}
