//! Requests to archive nodes.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{Client as HttpClient, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};

use super::TransportLimits;

/// Bytes of an answer that is only a reason.
const REASON_BYTES_MAX: usize = 4 << 10;

/// Connections to one node that stay open without use.
const IDLE_PER_NODE_MAX: usize = 4;

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The node has no endpoint that can be one.
    #[error("expected an endpoint, found {0}")]
    Endpoint(String),
    /// No connection, or none that holds.
    #[error("expected an answer, found none: {0}")]
    NoAnswer(String),
    /// It took too long.
    #[error("expected an answer within {0} ms, found none")]
    TooSlow(u64),
    /// The node refuses.
    #[error("expected the parcel to be taken, found status {0}: {1}")]
    Refused(StatusCode, String),
}

/// Keeps connections to other nodes. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: HttpClient<HttpConnector, Full<Bytes>>,
    request_ms_max: u64,
}

impl Client {
    pub(crate) fn new(limits: &TransportLimits) -> Self {
        let patience = Duration::from_millis(limits.request_ms_max);
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(patience));
        let http = HttpClient::builder(TokioExecutor::new())
            .pool_idle_timeout(Duration::from_secs(60))
            .pool_timer(TokioTimer::new())
            .pool_max_idle_per_host(IDLE_PER_NODE_MAX)
            .build(connector);
        Self { http, request_ms_max: limits.request_ms_max }
    }

    /// Posts, and returns as soon as the answer begins.
    pub(crate) async fn post(
        &self,
        endpoint: &str,
        path: &str,
        body: Bytes,
    ) -> Result<Response<Incoming>, RequestError> {
        let no_endpoint = |_| RequestError::Endpoint(endpoint.to_owned());
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("http://{endpoint}{path}"))
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .body(Full::new(body))
            .map_err(no_endpoint)?;
        let patience = Duration::from_millis(self.request_ms_max);
        let response = tokio::time::timeout(patience, self.http.request(request))
            .await
            .map_err(|_| RequestError::TooSlow(self.request_ms_max))?
            .map_err(|error| RequestError::NoAnswer(error.to_string()))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let reason = Limited::new(response.into_body(), REASON_BYTES_MAX).collect();
        let reason = tokio::time::timeout(patience, reason).await;
        let reason = reason.ok().and_then(Result::ok).map(|all| all.to_bytes());
        let reason = String::from_utf8_lossy(&reason.unwrap_or_default()).into_owned();
        Err(RequestError::Refused(status, reason))
    }

    /// Posts a parcel, and waits until it is taken.
    pub(crate) async fn parcel(&self, endpoint: &str, parcel: Bytes) -> Result<(), RequestError> {
        let response = self.post(endpoint, super::PARCEL_PATH, parcel).await?;
        // Read to its end, so that the connection can be used again.
        let _ = Limited::new(response.into_body(), REASON_BYTES_MAX).collect().await;
        Ok(())
    }
}
