//! For operators: how the indexer is.

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use conet_index_client::Status;
use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, gauge::Gauge},
    registry::Registry,
};

use super::{Api, now_unix};
use crate::store::Store;

impl<T> Api<T> {
    fn how(&self) -> Status {
        let progress = self.progress.borrow();
        let cursor = progress.cursor;
        Status {
            ok: progress.trouble.is_none(),
            chain_id: self.chain_id,
            block: cursor.map(|cursor| cursor.at.number),
            hash: cursor.map(|cursor| cursor.at.hash),
            time: cursor.map(|cursor| cursor.time),
            finalized: cursor.map(|cursor| cursor.finalized),
            head: progress.head,
            lag_blocks: progress.lag(),
            trouble: progress.trouble.clone(),
        }
    }
}

fn answer(status: Status) -> impl IntoResponse {
    let code = if status.ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, Json(status))
}

pub(super) async fn status<T: Store>(State(api): State<Api<T>>) -> Json<Status> {
    Json(api.how())
}

/// The process works: its tables can be read.
pub(super) async fn health<T: Store>(State(api): State<Api<T>>) -> impl IntoResponse {
    let mut status = api.how();
    status.ok = api.store.cursor().await.is_ok();
    answer(status)
}

/// The tables are current.
pub(super) async fn ready<T: Store>(State(api): State<Api<T>>) -> impl IntoResponse {
    let mut status = api.how();
    // Who does not know the chain's head does not know how far behind the tables are.
    let knows = status.head > 0 && status.block.is_some();
    status.ok &= knows && status.lag_blocks <= api.limits.lag_blocks_max;
    answer(status)
}

pub(super) async fn metrics<T: Store>(State(api): State<Api<T>>) -> impl IntoResponse {
    let progress = api.progress.borrow().clone();
    let mut registry = Registry::with_prefix("conet_index");
    let gauge = |registry: &mut Registry, name: &str, help: &str, value: u64| {
        let gauge: Gauge = Gauge::default();
        gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        registry.register(name, help, gauge);
    };
    let cursor = progress.cursor;
    gauge(
        &mut registry,
        "block",
        "The block that the tables show",
        cursor.map_or(0, |at| at.at.number),
    );
    gauge(
        &mut registry,
        "finalized_block",
        "The newest one never undone",
        cursor.map_or(0, |at| at.finalized),
    );
    gauge(&mut registry, "head_block", "The newest block of the chain", progress.head);
    gauge(&mut registry, "lag_blocks", "Blocks that the tables lack", progress.lag());
    let behind = progress.head_time.saturating_sub(cursor.map_or(0, |at| at.time));
    gauge(&mut registry, "lag_seconds", "Chain time that the tables lack", behind);
    // It grows while no RPC answers, which the others do not.
    let age = if progress.head == 0 { 0 } else { now_unix().saturating_sub(progress.head_time) };
    gauge(&mut registry, "head_age_seconds", "Since the newest known block's time", age);
    gauge(&mut registry, "deepest_reorganization_blocks", "Since the start", progress.deepest);
    let counter = |registry: &mut Registry, name: &str, help: &str, value: u64| {
        let counter: Counter = Counter::default();
        counter.inc_by(value);
        registry.register(name, help, counter);
    };
    counter(&mut registry, "events", "Events applied since the start", progress.events);
    counter(&mut registry, "reorganizations", "Undone since the start", progress.reorganizations);
    counter(&mut registry, "failures", "Steps that failed since the start", progress.failures);
    counter(&mut registry, "misfits", "Events that did not fit a record", progress.misfits);
    let streams = api.streams.open();
    gauge(&mut registry, "streams", "Streams open", streams as u64);
    let mut text = String::new();
    // A string takes everything.
    let _ = encode(&mut text, &registry);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text)
}
