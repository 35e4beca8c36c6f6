//! An index that lies, and that every node of a network asks (D24): no mail goes to where its reader is not.
//!
//! What stops each lie, and how far:
//!
//! - Another agent than the wallet said: the wallet's signature is over the agent, and each node checks it before it says
//!   the route (`conet_index_client::routes`), as the sender does again (`conet_wire::claim`).
//! - An older route of the wallet: it holds, so nodes say it. A sender who ever saw a newer serial refuses it
//!   (`conet_client`'s `state::check_serial`), and so does one who hears the newer one from a second node that read the same
//!   block elsewhere (`lookup::newest`). To all others it is only the old agent that says no: it follows the contract by its own
//!   RPC, knows that the wallet left, and takes no mail for it (`Moved`). So the lie costs the delivery, not the mail, as long
//!   as that agent is not in it; one that is gets mail that it cannot read. An old route ends at its expiry.
//! - No route: the sender is told that there is none, and one who ever saw a serial refuses that as well.
//! - Changes that are not told: nodes go on with what is in their memory, which is the same as an older route.
//!
//! In each case the contract says otherwise, and `--direct` asks it.

use alloy::primitives::{Address, U256};
use conet_node::config::RoutesFrom;
use conet_tests::{
    client::look_up,
    command::Person,
    eventually,
    index::Indexer,
    lying_index::{Forgery, LyingIndex},
    node::free_port,
    world::World,
};
use serde_json::json;

use super::{AGENT, OWN, person, reading, said};

/// Nodes. All are agents.
const NODES: usize = 4;

/// What Bobo's transactions may cost: a coin.
const GAS_WEI: u128 = 1_000_000_000_000_000_000;

/// Where Bobo goes.
const NEW_AGENT: usize = 2;

/// A network whose nodes all ask the same liar, and Bobo with his agent, whom nobody has looked up yet.
struct Scene {
    world: World,
    liar: LyingIndex,
    indexer: Indexer,
    bobo: Person,
    wallet: Address,
    /// The same, written out.
    name: String,
}

impl Scene {
    async fn new(forgery: Forgery) -> Self {
        let port = free_port();
        let liar = LyingIndex::start(&format!("http://127.0.0.1:{port}"), forgery).await;
        let plans = (0..NODES).map(|_| reading(RoutesFrom::Index(liar.url.clone()))).collect();
        let world = World::start_with(plans).await;
        let (bobo, name) = person(&world, "bobo").await;
        let indexer = Indexer::start_at(&bobo, port, &[]);
        world.admin.fund(name.parse().unwrap(), U256::from(GAS_WEI)).await.unwrap();
        let scene = Self { world, liar, indexer, bobo, wallet: name.parse().unwrap(), name };
        scene.register(AGENT).await;
        scene
    }

    /// Else he would wait until nodes say the new route, which they do not.
    async fn register(&self, agent: usize) {
        let agent = self.world.contact(agent).id.to_string();
        let register = ["register", "--wallet", "bobo", "--self-submit", "--agent", &agent];
        self.bobo.run(&register).await;
        self.indexer.until(self.world.reader.head().await.unwrap().number).await;
    }

    /// Bobo goes elsewhere, and his agent knows.
    async fn move_on(&self) {
        self.register(NEW_AGENT).await;
        let knows = || async { self.world.nodes[AGENT].log().contains("left for another agent") };
        eventually("the old agent knows that he left", knows).await;
    }

    /// What a node says of Bobo: his serial, and of which block.
    async fn said(&self, node: usize) -> (Option<u64>, u64) {
        let relay = self.world.contact((node + 1) % NODES);
        let answer = look_up(&relay, &self.world.contact(node), &[self.wallet]).await.unwrap();
        (answer.records.first().map(|record| record.serial), answer.block)
    }

    /// Until each node says Bobo's first route out of its own memory.
    async fn all_remember(&self) {
        for node in 0..NODES {
            eventually("the node remembers", || async {
                let asked = self.liar.asked();
                self.said(node).await.0 == Some(1) && self.liar.asked() == asked
            })
            .await;
        }
    }

    /// Each node says this serial of a block that has the newer one.
    async fn all_believe(&self, serial: Option<u64>) {
        let now = self.world.reader.head().await.unwrap().number;
        for node in 0..NODES {
            eventually("the node says so", || async {
                let (found, block) = self.said(node).await;
                block >= now && found == serial
            })
            .await;
        }
    }

    /// Mail that agents have taken: so much at this one, and none at any other.
    async fn mail_is_only_at(&self, agent: usize, count: u64) {
        for node in 0..NODES {
            let expected = if node == agent { count } else { 0 };
            assert_eq!(self.world.nodes[node].parcels("mail", "done").await, expected, "{node}");
        }
    }

    /// What a command would be that sends Bobo this text.
    fn mail<'a>(&'a self, from: &'a str, text: &'a str) -> [&'a str; 7] {
        ["send", "--wallet", from, "--to", &self.name, "--text", text]
    }

    /// Sends where the contract says, whatever nodes do.
    async fn send_directly(&self, from: &Person, name: &str, text: &str, agent: usize) {
        let mail = [&self.mail(name, text)[..], &["--direct"]].concat();
        let sent = from.run(&mail).await.remove(0);
        assert_eq!(sent["agent"], agent + 1, "{sent}");
    }

    async fn bobo_hears(&self, texts: &[&str]) {
        let count = texts.len().to_string();
        let listen = ["listen", "--wallet", "bobo", "--count", &count, "--timeout-s", "30"];
        let heard = self.bobo.run(&listen).await;
        let heard: Vec<_> = heard.iter().filter_map(|heard| heard["text"].as_str()).collect();
        assert_eq!(heard, texts);
    }

    /// Bobo has moved, and all nodes say that he has not.
    async fn no_mail_goes_to_the_old_agent(&self) {
        self.all_believe(Some(1)).await;
        assert!(self.liar.lied() > 0, "nobody asked the liar");
        let (peter, _) = person(&self.world, "peter").await;
        let (carol, _) = person(&self.world, "carol").await;
        // Peter never heard of Bobo, and believes it. The old agent does not.
        let refused = peter.fails(&self.mail("peter", "hello")).await;
        assert!(refused.contains("the recipient has another agent now"), "{refused}");
        assert_eq!(self.world.nodes[AGENT].parcels("mail", "moved").await, 2, "it was asked twice");
        self.mail_is_only_at(NEW_AGENT, 0).await;
        // Carol has seen the newer route: she does not even ask.
        self.send_directly(&carol, "carol", "from Carol", NEW_AGENT).await;
        let refused = carol.fails(&self.mail("carol", "hello")).await;
        assert!(refused.contains("expected serial 2 or higher"), "{refused}");
        self.send_directly(&peter, "peter", "from Peter", NEW_AGENT).await;
        self.mail_is_only_at(NEW_AGENT, 2).await;
        assert_eq!(self.world.nodes[AGENT].parcels("mail", "moved").await, 2);
        self.bobo_hears(&["from Carol", "from Peter"]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_route_sends_no_mail_to_an_agent_that_was_left() {
    let scene = Scene::new(Forgery::OlderRoute).await;
    scene.all_remember().await;
    scene.move_on().await;
    scene.no_mail_goes_to_the_old_agent().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_is_not_told_sends_no_mail_to_an_agent_that_was_left() {
    let scene = Scene::new(Forgery::TellsNoChange).await;
    scene.all_remember().await;
    scene.move_on().await;
    let asked = scene.liar.asked();
    scene.no_mail_goes_to_the_old_agent().await;
    assert_eq!(scene.liar.asked(), asked, "nobody was told to ask again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_route_that_is_hidden_is_a_clear_error() {
    let scene = Scene::new(Forgery::Hides).await;
    scene.all_believe(None).await;
    assert!(scene.liar.lied() > 0, "nobody asked the liar");
    let (peter, _) = person(&scene.world, "peter").await;
    let (carol, _) = person(&scene.world, "carol").await;
    let refused = peter.fails(&scene.mail("peter", "hello")).await;
    assert!(refused.contains("has no route"), "{refused}");
    scene.send_directly(&carol, "carol", "from Carol", AGENT).await;
    let refused = carol.fails(&scene.mail("carol", "hello")).await;
    assert!(refused.contains("expected serial 1 or higher"), "{refused}");
    scene.send_directly(&peter, "peter", "from Peter", AGENT).await;
    scene.mail_is_only_at(AGENT, 2).await;
    scene.bobo_hears(&["from Carol", "from Peter"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_that_lies_leads_no_mail_elsewhere() {
    let port = free_port();
    let liar = LyingIndex::start(&format!("http://127.0.0.1:{port}"), Forgery::OtherAgent).await;
    // Wherever Peter asks, the same liar is asked.
    let plans = (0..4).map(|_| reading(RoutesFrom::Index(liar.url.clone()))).collect();
    let world = World::start_with(plans).await;
    let (bobo, wallet) = person(&world, "bobo").await;
    let (peter, _) = person(&world, "peter").await;
    bobo.run(&["register", "--wallet", "bobo", "--agent", "2"]).await;
    let indexer = Indexer::start_at(&bobo, port, &[]);
    indexer.until(world.reader.head().await.unwrap().number).await;
    let address: Address = wallet.parse().unwrap();
    eventually("the liar is asked, and not believed", || async {
        // A node that does not believe it asks the contract.
        let found = said(&world, OWN, address).await;
        assert_eq!(found.0, Some(1));
        liar.lied() > 0
    })
    .await;
    let lied = liar.lied();
    let send = ["send", "--wallet", "peter", "--to", &wallet, "--text", "hello"];
    let sent = peter.run(&send).await.remove(0);
    assert_eq!(sent["agent"], 2, "{sent}");
    assert!(liar.lied() > lied, "nobody asked the liar");
    let listen = ["listen", "--wallet", "bobo", "--count", "1", "--timeout-s", "30"];
    let heard = bobo.run(&listen).await;
    assert_eq!(heard[0]["text"], "hello");
    // The index itself checks what it has.
    let check = indexer.get(&format!("/v1/routes/{wallet}/check")).await;
    assert_eq!((&check["holds"], &check["agent"]), (&json!(true), &json!("2")), "{check}");
    let certificates = check["certificates"].as_array().unwrap();
    assert_eq!(certificates.len(), 2, "{check}");
}
