//! The explorer in a real browser: every view shows what is there, to everybody, and the feed is live.

use std::{path::Path, process::Stdio};

use conet_tests::{command::Person, index::Indexer, world::World};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Command,
};

fn browser(task: &[&str]) -> Command {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("foreign/explorer.mjs");
    let mut command = Command::new("node");
    command.arg(script).args(task).stdout(Stdio::piped()).kill_on_drop(true);
    command
}

fn nothing_is_wrong(report: &Value) {
    assert_eq!(report["problems"], serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_explorer_shows_the_network_to_everybody() {
    let world = World::start(3).await;
    let bobo = Person::at(&world.folder.path().join("bobo"));
    world.write_network_file(bobo.home());
    let indexer = Indexer::start(&bobo, &[]);
    let wallet = bobo.one(&["wallet", "new", "--name", "bobo"]).await;
    let wallet = wallet["address"].as_str().unwrap();

    let of_bobo = format!("wallet/{wallet}");

    // Somebody looks while Bobo registers: the views change by themselves.
    indexer.until(world.reader.head().await.unwrap().number).await;
    let views = [&*of_bobo, "it holds", "node/2", "1 wallet chose it"];
    let task = [&["feed", &indexer.url, "Route set"][..], &views].concat();
    let mut watching = browser(&task).spawn().unwrap();
    let mut said = BufReader::new(watching.stdout.take().unwrap()).lines();
    assert_eq!(said.next_line().await.unwrap().as_deref(), Some("watching"));
    bobo.run(&["register", "--wallet", "bobo", "--agent", "2"]).await;
    let report = said.next_line().await.unwrap().expect("the feed shows the new route");
    nothing_is_wrong(&serde_json::from_str(&report).unwrap());

    indexer.until(world.reader.head().await.unwrap().number).await;
    let shots = world.folder.path().join("shots");
    std::fs::create_dir(&shots).unwrap();
    let views = [
        "",
        "nodes",
        "node/2",
        &of_bobo,
        "notes",
        "chains",
        "votes",
        "supply",
        "feed",
        "tables",
        "tables/routes",
        "api",
    ];
    let task = [&["look", &indexer.url, shots.to_str().unwrap()][..], &views].concat();
    let output = browser(&task).output().await.unwrap();
    assert!(output.status.success());
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    nothing_is_wrong(&report);
    let text = |view: &str| {
        let seen = report["seen"].as_array().unwrap().iter().find(|seen| seen["view"] == view);
        seen.unwrap()["text"].as_str().unwrap().to_lowercase()
    };
    assert!(
        text("nodes").contains(&world.nodes[1].contact.address.to_string())
            || text("node/2").contains(&world.nodes[1].contact.address.to_string())
    );
    assert!(text(&of_bobo).contains("node 2"), "{}", text(&of_bobo));
    assert!(text("supply").contains("500,000,000"), "{}", text("supply"));
    assert!(text("api").contains("/v1/nodes/{id}"));
}
