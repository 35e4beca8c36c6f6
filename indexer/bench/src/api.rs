//! Answers under load: requests that come at a rate, whether or not the ones before are answered.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use conet_indexer::{
    follow::Progress,
    http::{Api, HttpLimits},
    store::Store as _,
};
use conet_measure::{BenchError, Row, failed, percentile, wrong};
use conet_serve::Routed;
use tokio::{net::TcpListener, sync::watch, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    backfill::Indexed,
    chain::{CHAIN_ID, NODES},
};

/// Requests a second.
const RATE: u32 = 500;

/// What is asked, in turns: a record, a page of a table, the newest events, those about one node, one of the past.
const QUESTIONS: [&str; 5] = [
    "/v1/nodes/{}",
    "/v1/nodes?limit=20&order=desc",
    "/v1/events?limit=20",
    "/v1/events?mentions={}&limit=20",
    "/v1/nodes/{}?block=3",
];

pub(crate) async fn measure(
    indexed: &Indexed,
    quick: bool,
    on_row: &mut impl FnMut(&Row),
) -> Result<(), BenchError> {
    let step = "asking";
    let cursor = indexed.store.cursor().await.map_err(failed(step))?;
    let (_told, progress) = watch::channel(Progress { cursor, ..Progress::default() });
    let stop = CancellationToken::new();
    let rules = (CHAIN_ID, Arc::clone(&indexed.catalogue), Arc::clone(&indexed.tables));
    let limits = HttpLimits::default();
    let api = Api::new(indexed.store.clone(), rules, progress, limits, stop.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(failed(step))?;
    let address = listener.local_addr().map_err(failed(step))?;
    let handler = Arc::new(Routed(api.routes()));
    let serving = conet_serve::serve(listener, handler, limits.connections, stop.clone());
    let serving = tokio::spawn(serving);

    let client = reqwest::Client::builder().no_proxy().build().map_err(failed(step))?;
    let count = RATE * if quick { 4 } else { 20 };
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / RATE);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
    let mut asking = JoinSet::new();
    for number in 0..count {
        // A request is late from when it should have gone out.
        let due = ticks.tick().await.into_std();
        let question = QUESTIONS.get(number as usize % QUESTIONS.len()).copied().unwrap_or("/v1");
        let url = format!(
            "http://{address}{}",
            question.replace("{}", &(number % u32::from(NODES)).to_string())
        );
        let client = client.clone();
        asking.spawn(async move {
            let answer = client.get(url).send().await.map_err(failed(step))?;
            let status = answer.status();
            let bytes = answer.bytes().await.map_err(failed(step))?;
            match status.is_success() {
                true => Ok((Instant::now().duration_since(due), bytes.len())),
                false => Err(wrong(step, format!("{status}: {}", String::from_utf8_lossy(&bytes)))),
            }
        });
    }
    let mut delays = Vec::new();
    while let Some(asked) = asking.join_next().await {
        let (delay, _) = asked.map_err(failed(step))??;
        delays.push(delay.as_secs_f64() * 1_000.0);
    }
    serving.abort();
    on_row(&Row::new("api, 500 requests/s, p50", percentile(&delays, 0.5), "ms"));
    on_row(&Row::new("api, 500 requests/s, p99", percentile(&delays, 0.99), "ms"));
    Ok(())
}
