//! The private port, for the operator only.
//!
//! | path | answer |
//! |---|---|
//! | `GET /health` | 200 and JSON when the actor runs, 503 and the same JSON when not |
//! | `GET /metrics` | Prometheus' text format |
//! | `POST /open` `{"genesis","group"}` | opens a chain: for development networks, where no main chain does |

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::{get, post},
};
use conet_committee::archive::item::Opening;
use conet_ledger::genesis::Genesis;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    metrics::Metrics,
    open::{Group, Opener},
    runtime::Runtime,
};

/// What `/health` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Whether the node does its work.
    pub ok: bool,
    /// Whether the log went on in a way that this node's rules forbid.
    pub diverged: bool,
}

/// What opens a chain.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenRequest {
    /// How it begins.
    pub genesis: Genesis,
    /// How its group is to be.
    pub group: Group,
}

#[derive(Debug, Clone)]
struct Private {
    runtime: Runtime,
    metrics: Metrics,
    opener: Option<Opener>,
}

pub(crate) async fn serve(
    listener: TcpListener,
    runtime: Runtime,
    metrics: Metrics,
    opener: Option<Opener>,
    stop: CancellationToken,
) {
    let routes = Router::new()
        .route("/health", get(health))
        .route("/metrics", get(text))
        .route("/open", post(open))
        .with_state(Private { runtime, metrics, opener });
    let served = axum::serve(listener, routes);
    let served = served.with_graceful_shutdown(async move { stop.cancelled().await }).await;
    if let Err(error) = served {
        tracing::warn!(%error, "the private port is closed");
    }
}

async fn health(State(private): State<Private>) -> impl IntoResponse {
    let diverged =
        private.runtime.look(|actor| actor.seat().is_some_and(|seat| seat.has_diverged())).await;
    let health = Health {
        ok: private.runtime.is_alive() && diverged == Ok(false),
        diverged: diverged.unwrap_or_default(),
    };
    let status = if health.ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(health))
}

async fn text(State(private): State<Private>) -> impl IntoResponse {
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, content_type)], private.metrics.text())
}

async fn open(
    State(private): State<Private>,
    Json(OpenRequest { genesis, group }): Json<OpenRequest>,
) -> Result<Json<Opening>, (StatusCode, String)> {
    let opener = private.opener.ok_or((StatusCode::NOT_FOUND, "expected a seat".to_owned()))?;
    let opened = opener.open(genesis, group).await;
    opened.map(Json).map_err(|error| (StatusCode::UNPROCESSABLE_ENTITY, error.to_string()))
}
