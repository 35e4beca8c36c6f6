//! RPCs that lie, stall and fail.

use std::time::Duration;

use conet_tests::{
    command::Person,
    eventually, eventually_within,
    index::Indexer,
    rpc::{Lie, LyingRpc},
};

use super::Scene;

/// How long it may take until an RPC that does not answer is given up: longer than a request may (20 s), and once more for
/// one that was under way.
const STALL_PATIENCE: Duration = Duration::from_secs(60);

/// By when a block's rows are there, whatever another RPC does: far less than a request may take.
const IN_TIME: Duration = Duration::from_secs(5);

/// Changes that come while an RPC stalls: among them are several at which all RPCs are asked.
const CHANGES: usize = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_lie_of_an_rpc_comes_into_the_tables() {
    let scene = Scene::new().await;
    let head = scene.head().await;
    // Alone, a liar gets nothing into the tables that is not so; what it only repeats or refuses does no harm.
    for lie in [Lie::LeavesOut, Lie::MakesUp, Lie::MixesBlocks, Lie::OtherChain, Lie::Truncates] {
        let liar = LyingRpc::start(&scene.world.rpc_url, lie).await;
        let person = Person::at(&scene.world.folder.path().join(format!("{lie:?}")));
        scene.world.write_network_file(person.home());
        let indexer = Indexer::start(&person, &["--rpc", &liar.url]);
        if lie == Lie::OtherChain || lie == Lie::Truncates {
            // It does not even begin.
            assert!(!indexer.ended().await, "{lie:?}");
            continue;
        }
        eventually("it is in trouble", || async { indexer.trouble().await.is_some() }).await;
        let status = indexer.get("/v1/status").await;
        assert!(status["block"].as_u64() < Some(head), "{lie:?}: {status}");
        // Told the truth, it goes on.
        liar.tell(Lie::Honest);
        indexer.until(head).await;
    }
    for lie in [Lie::Repeats, Lie::ShortRanges] {
        let liar = LyingRpc::start(&scene.world.rpc_url, lie).await;
        let person = Person::at(&scene.world.folder.path().join(format!("{lie:?}")));
        scene.world.write_network_file(person.home());
        let indexer = Indexer::start(&person, &["--rpc", &liar.url]);
        indexer.until(head).await;
        assert!(liar.asked_for_logs() > 0);
        let report = person.one(&["index", "verify", "--rpc", &scene.world.rpc_url]).await;
        assert_eq!(report["differences"], 0, "{lie:?}: {report}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_rpcs_fill_in_for_one_that_fails() {
    let scene = Scene::new().await;
    let liar = LyingRpc::start(&scene.world.rpc_url, Lie::Honest).await;
    let indexer = Indexer::start(&scene.bobo, &["--rpc", &liar.url, "--rpc", &scene.world.rpc_url]);
    indexer.until(scene.head().await).await;
    for lie in [Lie::RateLimits, Lie::LeavesOut, Lie::OtherChain, Lie::Truncates] {
        liar.tell(lie);
        scene.change_route().await;
        indexer.until(scene.head().await).await;
    }
    scene.verify(&[]).await;
    // Two that have different blocks: nobody can say which is right, and nothing is taken from either.
    // (A new process has not learned yet to leave one of them alone.)
    liar.tell(Lie::Honest);
    indexer.kill().await;
    let indexer = Indexer::start(&scene.bobo, &["--rpc", &liar.url, "--rpc", &scene.world.rpc_url]);
    indexer.until(scene.head().await).await;
    liar.tell(Lie::OtherHashes);
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    let before = indexer.get("/v1/status").await["block"].clone();
    scene.mine(3).await;
    eventually("they disagree", || async {
        indexer.trouble().await.is_some_and(|why| why.contains("disagree"))
    })
    .await;
    assert_eq!(indexer.get("/v1/status").await["block"], before);
    liar.tell(Lie::Honest);
    indexer.until(scene.head().await).await;
    scene.verify(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_rpc_that_stalls_stops_the_tables_and_nothing_else() {
    let scene = Scene::new().await;
    let liar = LyingRpc::start(&scene.world.rpc_url, Lie::Honest).await;
    let indexer = Indexer::start(&scene.bobo, &["--rpc", &liar.url]);
    let head = scene.head().await;
    indexer.until(head).await;
    let route = format!("/v1/routes/{}", scene.wallet);
    let before = indexer.get(&route).await;
    liar.tell(Lie::Stalls);
    scene.change_route().await;
    let is_in_trouble = || async { indexer.trouble().await.is_some() };
    eventually_within(STALL_PATIENCE, "it says that nobody answers", is_in_trouble).await;
    assert_eq!(indexer.block().await, Some(head));
    assert_eq!(indexer.get(&route).await, before, "the tables answer as they are");
    assert_eq!(indexer.ask("/ready").await.unwrap().0, 503);
    liar.tell(Lie::Honest);
    indexer.until_within(STALL_PATIENCE, scene.head().await).await;
    assert_eq!(indexer.trouble().await, None);
    scene.has_route(&indexer).await;
    scene.verify(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_come_in_time_though_the_second_rpc_stalls() {
    let scene = Scene::new().await;
    let liar = LyingRpc::start(&scene.world.rpc_url, Lie::Honest).await;
    let indexer = Indexer::start(&scene.bobo, &["--rpc", &scene.world.rpc_url, "--rpc", &liar.url]);
    indexer.until(scene.head().await).await;
    liar.tell(Lie::Stalls);
    for _ in 0..CHANGES {
        scene.change_route().await;
        indexer.until_within(IN_TIME, scene.head().await).await;
    }
    scene.has_route(&indexer).await;
    scene.verify(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_come_in_time_once_a_first_rpc_that_stalls_was_given_up() {
    let scene = Scene::new().await;
    let liar = LyingRpc::start(&scene.world.rpc_url, Lie::Honest).await;
    let indexer = Indexer::start(&scene.bobo, &["--rpc", &liar.url, "--rpc", &scene.world.rpc_url]);
    indexer.until(scene.head().await).await;
    liar.tell(Lie::Stalls);
    scene.change_route().await;
    indexer.until_within(STALL_PATIENCE, scene.head().await).await;
    for _ in 0..CHANGES {
        scene.change_route().await;
        indexer.until_within(IN_TIME, scene.head().await).await;
    }
    scene.has_route(&indexer).await;
    scene.verify(&[]).await;
}
