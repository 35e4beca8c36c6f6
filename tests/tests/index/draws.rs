//! What archive groups draw is among the rows, though it is not of the main chain.

use conet_tests::{devnet::Devnet, eventually};
use serde_json::Value;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_archive_group_draws_can_be_asked_for() {
    let net = Devnet::with_seats(10, 4, &[]).await;
    let person = &net.person;
    person.run(&["wallet", "new", "--name", "bobo"]).await;
    person.run(&["devnet", "fund", "--wallet", "bobo"]).await;
    let create = ["chain", "create", "--wallet", "bobo", "--witnesses", "2", "--title", "My car"];
    let made = person.one(&create).await;
    let chain = made["chain"].as_str().unwrap();
    let append = ["chain", "append", chain, "--wallet", "bobo", "--text", "bought"];
    person.one(&append).await;

    let url = net.network.indexer_url.as_deref().unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let rows = async |query: &str| {
        let answer = client.get(format!("{url}/v1/draws?{query}")).send().await.unwrap();
        let answer: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        answer["rows"].as_array().unwrap().clone()
    };
    let of_chain = format!("chain={chain}");
    eventually("its draws are there", || async { !rows(&of_chain).await.is_empty() }).await;
    for row in rows(&of_chain).await {
        assert_eq!(row["chain"], chain, "{row}");
    }
    // They are what a seat says of them, each once: the newest first.
    let seats = person.run(&["chain", "selections"]).await;
    let newest = seats.len() as u64 - 1;
    eventually("all draws are there", || async {
        rows("limit=1").await.first().is_some_and(|row| row["number"].as_u64() >= Some(newest))
    })
    .await;
    for (number, row) in rows("limit=500").await.iter().rev().enumerate().take(seats.len()) {
        assert_eq!(row["number"], number, "{row}");
        assert_eq!(row["draw"]["parent"], seats[number]["parent"], "{row}");
    }
}
