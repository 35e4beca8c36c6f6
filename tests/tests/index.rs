//! The indexer as a process, on a real chain: its tables are what the contracts say, whatever happens to it, to the chain,
//! to its RPCs and to its database.
//!
//! - [`rpcs`]: RPCs that lie, stall and fail; [`databases`]: ones that go away and return, and full disks.
//! - [`kills`]: killed anywhere; [`operations`]: what operators are told.
//! - [`versions`]: contracts of later versions; [`draws`]: what archive groups draw.

mod databases;
mod draws;
mod kills;
mod operations;
mod rpcs;
mod versions;

use alloy::{
    primitives::U256,
    providers::{Provider, ProviderBuilder},
};
use conet_tests::{command::Person, eventually, index::Indexer, world::World};
use serde_json::{Value, json};

/// A network with four nodes, one wallet with a route, and what the chain says of it.
struct Scene {
    world: World,
    bobo: Person,
    wallet: String,
}

impl Scene {
    async fn new() -> Self {
        let world = World::start(4).await;
        let bobo = Person::at(&world.folder.path().join("bobo"));
        world.write_network_file(bobo.home());
        let wallet = bobo.one(&["wallet", "new", "--name", "bobo"]).await;
        let wallet = wallet["address"].as_str().unwrap().to_owned();
        bobo.run(&["register", "--wallet", "bobo", "--agent", "1"]).await;
        Self { world, bobo, wallet }
    }

    async fn call(&self, method: &'static str, params: Value) -> Value {
        let provider = ProviderBuilder::new().connect_http(self.world.rpc_url.parse().unwrap());
        provider.raw_request(method.into(), params).await.unwrap()
    }

    async fn head(&self) -> u64 {
        self.world.reader.head().await.unwrap().number
    }

    async fn mine(&self, blocks: u64) {
        self.call("anvil_mine", json!([U256::from(blocks)])).await;
    }

    /// Bobo's route changes, in a block of its own.
    async fn change_route(&self) {
        self.bobo.run(&["register", "--wallet", "bobo", "--rotate"]).await;
    }

    /// The tables have Bobo's route as the contract has it.
    async fn has_route(&self, indexer: &Indexer) {
        let route = indexer.get(&format!("/v1/routes/{}", self.wallet)).await;
        let said = self.world.reader.route(self.wallet.parse().unwrap()).await.unwrap().unwrap();
        assert_eq!(route["record"]["serial"], said.serial.to_string(), "{route}");
    }

    /// The tables are what a fresh sync makes of the real chain; how many rows they have.
    async fn verify(&self, store: &[&str]) -> u64 {
        let rpc = &self.world.rpc_url;
        let arguments = [&["index", "verify", "--rpc", rpc][..], store].concat();
        let report = self.bobo.one(&arguments).await;
        assert_eq!(report["differences"], 0, "{report}");
        let rows = report["rows"].as_u64().unwrap();
        assert!(rows > 50, "{report}");
        rows
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tables_say_what_the_contracts_say() {
    let scene = Scene::new().await;
    let indexer = Indexer::start(&scene.bobo, &[]);
    indexer.until(scene.head().await).await;

    let route = indexer.get(&format!("/v1/routes/{}", scene.wallet)).await;
    let said = scene.bobo.one(&["route", &scene.wallet]).await;
    let record = &route["record"];
    assert_eq!(record["serial"], said["serial"].to_string());
    assert_eq!((&record["agent"], &record["wallet"]), (&json!("1"), &json!(scene.wallet)));
    let nodes = indexer.rows("/v1/nodes").await;
    assert_eq!(nodes.len(), 4);
    for (row, node) in nodes.iter().zip(&scene.world.nodes) {
        let record = &row["record"];
        assert_eq!(record["endpoints"], json!([node.contact.address.to_string()]));
        assert_eq!(record["roles"], json!(["relay", "agent"]));
        assert_eq!((&record["online"], &record["retired"]), (&json!(true), &json!(false)));
    }
    let supply = indexer.get("/v1/supply/conet").await;
    let token = conet_bindings::ConetToken::new(
        scene.world.contracts["ConetToken"],
        ProviderBuilder::new().connect_http(scene.world.rpc_url.parse().unwrap()),
    );
    let total = token.totalSupply().call().await.unwrap();
    assert_eq!(supply["record"]["supply"], total.to_string());

    // As it was before: the wallet had no route. Its only agent's clients are found by the agent.
    let since = route["since"].as_u64().unwrap();
    let before = format!("/v1/routes/{}?block={}", scene.wallet, since - 1);
    assert_eq!(indexer.ask(&before).await.unwrap().0, 404);
    assert_eq!(indexer.rows("/v1/routes?agent=1").await.len(), 1);
    assert_eq!(indexer.rows("/v1/routes?agent=2").await.len(), 0);
    let about_bobo = indexer.rows(&format!("/v1/events?mentions={}", scene.wallet)).await;
    assert_eq!(about_bobo[0]["event"], "RouteSet");
    assert_eq!(about_bobo[0]["fields"]["serial"], record["serial"]);
    scene.verify(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_understood_is_said() {
    let scene = Scene::new().await;
    let indexer = Indexer::start(&scene.bobo, &[]);
    indexer.until(scene.head().await).await;
    for (path, status, says) in [
        ("/v1/kings", 404, "one of the tables"),
        ("/v1/nodes/seven", 400, "a number"),
        ("/v1/nodes/999", 404, "999 in nodes"),
        ("/v1/routes/0x12", 400, "an address"),
        ("/v1/nodes?limit=many", 400, "a number as limit"),
        ("/v1/nodes?colour=red", 400, "parameters among"),
        ("/v1/events?contract=Kings", 404, "a contract named Kings"),
        ("/v1/events?event=Crowned", 404, "an event named Crowned"),
        ("/v1/events?mentions=bobo", 400, "as mentions"),
        ("/v1/events?after=yesterday", 400, "BLOCK-LOG"),
        ("/v1/draws?chain=7", 400, "0x and 64 hexadecimal digits"),
    ] {
        let (found, answer) = indexer.ask(path).await.unwrap();
        assert_eq!(found, status, "{path}: {answer}");
        assert!(answer["error"].as_str().unwrap().contains(says), "{path}: {answer}");
    }
    // Pages: one node after the other.
    let first = indexer.get("/v1/nodes?limit=1").await;
    let next = first["next"].as_str().unwrap();
    let second = indexer.get(&format!("/v1/nodes?limit=1&after={next}")).await;
    assert_eq!(
        (&first["rows"][0]["record"]["id"], &second["rows"][0]["record"]["id"]),
        (&json!("1"), &json!("2"))
    );
    let document = indexer.get("/openapi.json").await;
    assert!(document["paths"]["/v1/nodes/{id}"]["get"].is_object());
    let fields = &document["components"]["schemas"]["nodes"]["properties"];
    let record = &first["rows"][0]["record"];
    for name in record.as_object().unwrap().keys() {
        assert!(fields[name].is_object(), "{name} is not described");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reorganization_takes_a_route_back() {
    let scene = Scene::new().await;
    let indexer = Indexer::start(&scene.bobo, &[]);
    indexer.until(scene.head().await).await;
    let route = format!("/v1/routes/{}", scene.wallet);
    let since = indexer.get(&route).await["since"].as_u64().unwrap();
    let depth = scene.head().await - since + 1;
    scene.call("anvil_reorg", json!([depth, []])).await;
    eventually("the route is gone", || async {
        indexer.ask(&route).await.is_some_and(|(status, _)| status == 404)
    })
    .await;
    scene.verify(&[]).await;
    // Bobo would not believe a chain that has forgotten his route; Peter is new to it.
    let peter = scene.bobo.one(&["wallet", "new", "--name", "peter"]).await;
    scene.bobo.run(&["register", "--wallet", "peter", "--agent", "2"]).await;
    // Ended and started again, it goes on where it was.
    indexer.kill().await;
    scene.mine(300).await;
    let indexer = Indexer::start(&scene.bobo, &[]);
    indexer.until(scene.head().await).await;
    let route = format!("/v1/routes/{}", peter["address"].as_str().unwrap());
    assert_eq!(indexer.get(&route).await["record"]["agent"], "2");
    // However an address is written.
    let node = &indexer.rows("/v1/nodes").await[1]["record"];
    let wallet = node["wallet"].as_str().unwrap().to_lowercase();
    assert_eq!(indexer.rows(&format!("/v1/nodes?wallet={wallet}")).await.len(), 1);
    scene.verify(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_of_events_hears_what_does_not_count_any_more() {
    let scene = Scene::new().await;
    let indexer = Indexer::start(&scene.bobo, &[]);
    indexer.until(scene.head().await).await;
    let which = "contract=RouteTable&event=RouteSet";
    let mut live = indexer.events(which, None).await;
    scene.bobo.run(&["wallet", "new", "--name", "peter"]).await;
    scene.bobo.run(&["register", "--wallet", "peter", "--agent", "2"]).await;
    let told = live.next().await;
    assert_eq!((told.kind.as_str(), &told.data["fields"]["agent"]), ("message", &json!("2")));
    let (block, seen) = (told.data["block"].as_u64().unwrap(), told.id.unwrap());
    // Who comes back while nothing happened hears nothing of it.
    let mut again = indexer.events(which, Some(&seen)).await;
    // Bobo's route came before Peter's: both are taken back.
    let depth = scene.head().await - block + 1;
    scene.call("anvil_reorg", json!([depth, []])).await;
    for stream in [&mut live, &mut again] {
        let told = stream.next().await;
        assert_eq!(told.kind, "reorganized");
        assert!(told.data["after_block"].as_u64() < Some(block), "{told:?}");
    }
    // Who was away hears it, too, however long ago it was.
    drop((live, again));
    scene.mine(200).await;
    indexer.until(scene.head().await).await;
    let mut back = indexer.events(which, Some(&seen)).await;
    let told = back.next().await;
    assert_eq!(told.kind, "reorganized");
    let after = told.data["after_block"].as_u64().unwrap();
    assert!(after < block, "{told:?}");
    // What still counts since then is told again: Bobo's, if that was not final when Peter's was told.
    let routes = indexer.rows(&format!("/v1/events?{which}&order=asc&after={after}-99999")).await;
    for route in routes {
        assert_eq!(back.next().await.data, route);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_known_is_not_sent_again() {
    let scene = Scene::new().await;
    let indexer = Indexer::start(&scene.bobo, &[]);
    indexer.until(scene.head().await).await;
    let (status, tag) = indexer.tagged("/v1/nodes", "none").await;
    let tag = tag.unwrap();
    assert_eq!(status, 200);
    assert_eq!(indexer.tagged("/v1/nodes", &tag).await.0, 304);
    // A question that is none stays one.
    assert_eq!(indexer.tagged("/v1/nodes/seven", &tag).await.0, 400);
    // What archive groups draw does not follow this chain.
    assert_eq!(indexer.tagged("/v1/draws", &tag).await, (200, None));
    assert_eq!(indexer.tagged("/v1/nodes?limit=1", &tag).await.0, 200, "another question");
    // A block in which nothing happens changes no answer; a route may.
    scene.mine(1).await;
    indexer.until(scene.head().await).await;
    assert_eq!(indexer.tagged("/v1/nodes", &tag).await.0, 304);
    scene.bobo.run(&["wallet", "new", "--name", "eve"]).await;
    scene.bobo.run(&["register", "--wallet", "eve", "--agent", "1"]).await;
    indexer.until(scene.head().await).await;
    let (status, newer) = indexer.tagged("/v1/nodes", &tag).await;
    assert!(status == 200 && newer.is_some_and(|newer| newer != tag));
}
