//! What operators are told: whether it works, whether the tables are current, and how far behind they are.

use alloy::primitives::U256;
use conet_tests::{
    eventually,
    index::Indexer,
    rpc::{Lie, LyingRpc},
};
use serde_json::json;

use super::Scene;

/// Blocks that come at once: two times are more than tables may be behind that are ready.
const BLOCKS: u64 = 6;

/// Chain time between them.
const SECONDS: u64 = 12;

async fn states(indexer: &Indexer) -> (u16, u16) {
    let status = async |path| indexer.ask(path).await.unwrap().0;
    (status("/health").await, status("/ready").await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_are_told_how_far_the_tables_are() {
    let scene = Scene::new().await;
    let liar = LyingRpc::start(&scene.world.rpc_url, Lie::Honest).await;
    let indexer = Indexer::start(&scene.bobo, &["--rpc", &liar.url]);
    let head = scene.head().await;
    indexer.until(head).await;
    eventually("all is well", || async { states(&indexer).await == (200, 200) }).await;
    let metrics = indexer.metrics().await;
    for name in ["block", "head_block"] {
        assert_eq!(metrics[&format!("conet_index_{name}")], head as f64, "{name}");
    }
    for name in ["lag_blocks", "lag_seconds", "failures_total", "misfits_total", "streams"] {
        assert_eq!(metrics[&format!("conet_index_{name}")], 0.0, "{name}");
    }
    assert!(metrics["conet_index_events_total"] > 20.0, "{metrics:?}");
    let _open = indexer.events("", None).await;
    assert_eq!(indexer.metrics().await["conet_index_streams"], 1.0);

    // While nobody answers the newest known block grows old.
    liar.tell(Lie::RateLimits);
    let age = async || indexer.metrics().await["conet_index_head_age_seconds"];
    let before = age().await;
    eventually("it says how old its news is", async || age().await > before).await;
    liar.tell(Lie::Honest);
    eventually("all is well again", || async { states(&indexer).await == (200, 200) }).await;

    // Blocks can be seen, but not read: the tables fall behind, and that is said.
    liar.tell(Lie::MixesBlocks);
    scene.change_route().await;
    let mut before = 0.0;
    for round in 1..=2 {
        scene.call("anvil_mine", json!([U256::from(BLOCKS), U256::from(SECONDS)])).await;
        let lag = scene.head().await - head;
        assert!(lag > round * BLOCKS);
        eventually("it says how far behind it is", || async {
            indexer.metrics().await["conet_index_lag_blocks"] == lag as f64
        })
        .await;
        let metrics = indexer.metrics().await;
        assert_eq!(metrics["conet_index_block"], head as f64);
        let behind = metrics["conet_index_lag_seconds"];
        assert!(behind > before + (SECONDS * (BLOCKS - 1)) as f64, "{metrics:?}");
        before = behind;
        assert_eq!(indexer.get("/v1/status").await["lag_blocks"], lag);
        assert_eq!(states(&indexer).await, (200, 503));
    }
    // Nobody answers.
    liar.tell(Lie::RateLimits);
    let failures = indexer.metrics().await["conet_index_failures_total"];
    eventually("more steps fail", || async {
        indexer.metrics().await["conet_index_failures_total"] > failures
    })
    .await;
    assert_eq!(states(&indexer).await, (200, 503));
    liar.tell(Lie::Honest);
    indexer.until(scene.head().await).await;
    eventually("all is well again", || async { states(&indexer).await == (200, 200) }).await;
    assert_eq!(indexer.metrics().await["conet_index_lag_blocks"], 0.0);
    scene.has_route(&indexer).await;
}
