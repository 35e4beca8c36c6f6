//! The private port: health and metrics, for the operator only.
//!
//! | path | answer |
//! |---|---|
//! | `GET /health` | 200 and JSON when all is well, 503 and the same JSON when not |
//! | `GET /metrics` | Prometheus' text format |

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use conet_chain::Directory;
use conet_serve::{Limits, Routed};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{agent::Agent, metrics::Metrics};

/// A node map older than this is not trusted to be current.
const LAG_MAX: Duration = Duration::from_secs(60);

/// What `/health` says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Health {
    /// Whether the node does its work.
    pub ok: bool,
    /// Its id in the registry.
    pub id: u64,
    /// Verified nodes that it knows.
    pub nodes: usize,
    /// The newest block that it has seen.
    pub block: u64,
    /// Seconds since the chain last answered.
    pub chain_lag_seconds: u64,
    /// Whether the mailboxes can be read; `None` without the agent role.
    pub store_ok: Option<bool>,
    /// Clients of the agent.
    pub clients: usize,
    /// Streams open.
    pub streams: usize,
}

/// What the private port knows.
#[derive(Debug, Clone)]
pub(crate) struct Private {
    pub(crate) id: u64,
    pub(crate) directory: Directory,
    pub(crate) agent: Option<Arc<Agent>>,
    pub(crate) metrics: Metrics,
}

impl Private {
    async fn health(&self) -> Health {
        let directory = self.directory.health();
        let store_ok = match &self.agent {
            None => None,
            Some(agent) => Some(agent.store().ping().await.is_ok()),
        };
        Health {
            ok: directory.lag < LAG_MAX && store_ok != Some(false),
            id: self.id,
            nodes: directory.nodes,
            block: directory.last_block,
            chain_lag_seconds: directory.lag.as_secs(),
            store_ok,
            clients: self.agent.as_ref().map_or(0, |agent| agent.clients().len()),
            streams: self.agent.as_ref().map_or(0, |agent| agent.outbox().streams()),
        }
    }

    fn gather(&self) {
        let set = |gauge: &prometheus_client::metrics::gauge::Gauge, value: u64| {
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        };
        set(&self.metrics.directory_lag_seconds, self.directory.lag().as_secs());
        if let Some(agent) = &self.agent {
            set(&self.metrics.clients, agent.clients().len() as u64);
            set(&self.metrics.streams, agent.outbox().streams() as u64);
        }
    }
}

/// Of the private port.
const LIMITS: Limits = Limits {
    connections_max: 256,
    connections_per_address_max: 256,
    headers_max: 64,
    read_buffer_bytes_max: 16 << 10,
    head_max: Duration::from_secs(30),
    write_max: Duration::from_secs(30),
    shutdown_max: Duration::from_secs(5),
};

/// Serves until `stop`.
pub(crate) async fn serve(
    listener: TcpListener,
    private: Private,
    mounted: Router,
    stop: CancellationToken,
) {
    let app = Router::new()
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .with_state(private)
        .merge(mounted);
    conet_serve::serve(listener, Arc::new(Routed(app)), LIMITS, stop).await;
}

async fn health(State(private): State<Private>) -> impl IntoResponse {
    let health = private.health().await;
    let status = if health.ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(health))
}

async fn metrics(State(private): State<Private>) -> impl IntoResponse {
    private.gather();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], private.metrics.text())
}
