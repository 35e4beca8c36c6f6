//! What the operator alone can ask, at the node's private port.
//!
//! | path | answer |
//! |---|---|
//! | `GET /dle/health` | 200 and JSON when the actor runs, 503 and the same JSON when not |
//! | `GET /dle/metrics` | Prometheus' text format |

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use serde::{Deserialize, Serialize};

use crate::{
    metrics::Metrics,
    runtime::{Actor, Runtime},
};

/// What `/dle/health` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Whether the node does its work.
    pub ok: bool,
    /// Whether it has a seat in the archive group; else it is a participant.
    pub has_seat: bool,
    /// In how many chains it has a part, or how many its group keeps.
    pub chains: usize,
    /// The newest final entry of the log here; none for participants.
    pub entry: Option<u64>,
    /// Whether it reaches seats through relays, so that they do not see its address.
    #[serde(default)]
    pub by_relay: bool,
    /// How many seats a participant hears; none for archive nodes.
    #[serde(default)]
    pub seats_heard: Option<u64>,
    /// Whether the log went on in a way that this node's rules forbid.
    pub diverged: bool,
}

impl Health {
    fn of(actor: &Actor, metrics: &Metrics) -> Self {
        let heard = u64::try_from(metrics.seats_heard.get()).unwrap_or_default();
        match actor {
            Actor::Seat(seat) => Self {
                ok: !seat.has_diverged(),
                has_seat: true,
                chains: seat.state().chains.len(),
                entry: Some(seat.state().height),
                by_relay: false,
                seats_heard: None,
                diverged: seat.has_diverged(),
            },
            Actor::Member(member) => Self {
                ok: true,
                has_seat: false,
                chains: member.notices().count(),
                entry: None,
                by_relay: metrics.by_relay.get() > 0,
                seats_heard: Some(heard),
                diverged: false,
            },
        }
    }
}

#[derive(Debug, Clone)]
struct Private {
    runtime: Runtime,
    metrics: Metrics,
}

/// The routes for the operator.
pub(crate) fn routes(runtime: Runtime, metrics: Metrics) -> Router {
    Router::new()
        .route("/dle/health", get(health))
        .route("/dle/metrics", get(text))
        .with_state(Private { runtime, metrics })
}

async fn health(State(private): State<Private>) -> impl IntoResponse {
    let metrics = private.metrics;
    match private.runtime.look(move |actor| Health::of(actor, &metrics)).await {
        Ok(health) if health.ok => (StatusCode::OK, Json(Some(health))),
        Ok(health) => (StatusCode::SERVICE_UNAVAILABLE, Json(Some(health))),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, Json(None)),
    }
}

async fn text(State(private): State<Private>) -> impl IntoResponse {
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, content_type)], private.metrics.text())
}
