//! Databases that several machines share, that go away and return, and disks that are full.

use conet_indexer::testing::Postgres;
use conet_tests::{eventually, index::Indexer};

use super::Scene;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_machines_share_a_database_that_one_writes() {
    let scene = Scene::new().await;
    let postgres = Postgres::start(&["fsync=off"]).unwrap();
    let url = postgres.database().unwrap();
    let writer = Indexer::start(&scene.bobo, &["--store", &url]);
    writer.until(scene.head().await).await;
    // A second writer says why it is none.
    let second = Indexer::start(&scene.bobo, &["--store", &url]);
    assert!(!second.ended().await);
    let log = std::fs::read_to_string(scene.bobo.home().join("index.log")).unwrap();
    assert!(log.contains("only writer"), "{log}");
    let reader = Indexer::start(&scene.bobo, &["--store", &url, "--read-only"]);
    reader.until(scene.head().await).await;
    let route = format!("/v1/routes/{}", scene.wallet);
    assert_eq!(reader.get(&route).await, writer.get(&route).await);
    // All connections end.
    for _ in 0..3 {
        postgres.cut().unwrap();
        scene.change_route().await;
    }
    let head = scene.head().await;
    writer.until(head).await;
    reader.until(head).await;
    assert_eq!(reader.get(&route).await, writer.get(&route).await);
    scene.verify(&["--store", &url]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_server_that_crashes_and_comes_back_takes_nothing() {
    let scene = Scene::new().await;
    let mut postgres = Postgres::start(&["fsync=off"]).unwrap();
    let url = postgres.database().unwrap();
    let writer = Indexer::start(&scene.bobo, &["--store", &url]);
    writer.until(scene.head().await).await;
    let reader = Indexer::start(&scene.bobo, &["--store", &url, "--read-only"]);
    reader.until(scene.head().await).await;
    let route = format!("/v1/routes/{}", scene.wallet);
    for _ in 0..2 {
        postgres.stop().unwrap();
        // The chain goes on.
        scene.change_route().await;
        scene.mine(20).await;
        for indexer in [&writer, &reader] {
            eventually("it is in trouble", || async { indexer.trouble().await.is_some() }).await;
            for path in ["/health", "/ready", &route] {
                assert_eq!(indexer.ask(path).await.unwrap().0, 503, "{path}");
            }
        }
        postgres.start_again().unwrap();
        let head = scene.head().await;
        for indexer in [&writer, &reader] {
            indexer.until(head).await;
            let is_ready = || async { indexer.ask("/ready").await.is_some_and(|it| it.0 == 200) };
            eventually("it is ready again", is_ready).await;
            scene.has_route(indexer).await;
        }
    }
    scene.verify(&["--store", &url]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_takes_nothing() {
    let scene = Scene::new().await;
    let indexer = Indexer::start(&scene.bobo, &[]);
    let route = format!("/v1/routes/{}", scene.wallet);
    for _ in 0..2 {
        indexer.until(scene.head().await).await;
        let (head, before) = (indexer.block().await, indexer.get(&route).await);
        let bytes = |name: &str| std::fs::metadata(scene.bobo.home().join(name)).unwrap().len();
        // What is written ahead of the tables can grow no more; what it logs can.
        let written = bytes("index.db-wal");
        assert!(written > 2 * bytes("index.log"), "{written}");
        indexer.limit_files(Some(written));
        scene.change_route().await;
        scene.mine(20).await;
        eventually("it is in trouble", || async {
            indexer.trouble().await.is_some_and(|why| why.contains("has its disk room"))
        })
        .await;
        assert_eq!((indexer.block().await, indexer.get(&route).await), (head, before));
        assert_eq!(indexer.ask("/ready").await.unwrap().0, 503);
        assert_eq!(indexer.ask("/health").await.unwrap().0, 200, "the tables can be read");
        indexer.limit_files(None);
    }
    indexer.until(scene.head().await).await;
    scene.has_route(&indexer).await;
    scene.verify(&[]).await;
}
