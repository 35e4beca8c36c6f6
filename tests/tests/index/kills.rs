//! Killed anywhere, again and again, among blocks that are full of events, some of which the chain takes back.

use std::time::Duration;

use alloy::{
    hex,
    primitives::{Address, B256, U256},
    sol_types::SolCall as _,
};
use conet_bindings::{ConetToken, DappRegistry};
use conet_indexer::testing::Postgres;
use conet_tests::{PATIENCE, eventually, index::Indexer, seed::story_rng};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use serde_json::{Value, json};

use super::Scene;

const KILLS: usize = 8;

/// Transactions of a block, each with one to three events.
const PER_BLOCK: u64 = 60;

/// What one may use: a block has room for all.
const GAS: u64 = 450_000;

/// A step of the tables takes about as long: a kill comes anywhere in one.
const STEP: Duration = Duration::from_millis(80);

/// How often to look how far the tables are.
const LOOK: Duration = Duration::from_millis(2);

/// Mines blocks full of events.
struct Busy<'a> {
    scene: &'a Scene,
    /// Whose transactions anvil signs.
    payer: Value,
    random: StdRng,
    /// Programs that were registered, with those that the chain took back.
    dapps: u64,
    /// Blocks that were mined and not taken back.
    blocks: u64,
}

impl<'a> Busy<'a> {
    async fn new(scene: &'a Scene, random: StdRng) -> Self {
        scene.call("evm_setAutomine", json!([false])).await;
        let payer = scene.call("eth_accounts", json!([])).await[0].clone();
        Self { scene, payer, random, dapps: 0, blocks: 0 }
    }

    async fn mine(&mut self, count: u64) {
        self.blocks += count;
        for _ in 0..count {
            for _ in 0..PER_BLOCK {
                let (to, data) = self.transaction();
                let to = self.scene.world.contracts[to];
                let gas = U256::from(GAS);
                let data = hex::encode_prefixed(data);
                let request = json!([{ "from": self.payer, "to": to, "gas": gas, "data": data }]);
                self.scene.call("eth_sendTransaction", request).await;
            }
            self.scene.call("evm_mine", json!([])).await;
        }
    }

    /// One of those that make records, change them, or do neither.
    fn transaction(&mut self) -> (&'static str, Vec<u8>) {
        let number = U256::from(self.random.random_range(1..1_000_u64));
        let dapp = U256::from(self.random.random_range(0..self.dapps.max(1)) + 1);
        let (manifest, uri) = (B256::from(number), "https://example.org/manifest".to_owned());
        let data = match self.random.random_range(0..5) {
            0 => {
                self.dapps += 1;
                let (name, price) = (format!("Program {number}"), number.to());
                let call = DappRegistry::registerCall { name, price, manifestHash: manifest, uri };
                call.abi_encode()
            }
            1 => DappRegistry::setPriceCall { dapp, price: number.to() }.abi_encode(),
            2 => DappRegistry::publishCall { dapp, manifestHash: manifest, uri }.abi_encode(),
            3 => return ("ConetToken", ConetToken::burnCall { amount: number }.abi_encode()),
            _ => {
                let to = Address::from_word(manifest);
                return ("ConetToken", ConetToken::transferCall { to, value: number }.abi_encode());
            }
        };
        ("DappRegistry", data)
    }

    /// The chain takes some of its last blocks back.
    async fn reorganize(&mut self) {
        let depth = self.random.random_range(1..4);
        self.blocks -= depth;
        self.scene.call("anvil_reorg", json!([depth, []])).await;
    }
}

/// Kills an indexer of this store while it has work, and then lets it finish.
async fn goes_on_after_kills(name: &str, store: &[&str], let_go: impl AsyncFn()) {
    let mut random = story_rng(name);
    let scene = Scene::new().await;
    let mut busy = Busy::new(&scene, StdRng::from_rng(&mut random)).await;
    let (mut shown, mut unfinished) = (0, 0);
    for _ in 0..KILLS {
        // Work that waits for it, and work that comes while it runs.
        busy.mine(random.random_range(2..10)).await;
        if random.random_bool(0.4) {
            busy.reorganize().await;
        }
        let coming = random.random_range(1..6);
        let head = scene.head().await;
        let (last, pause) = (random.random_range(shown.min(head)..head + coming), random.random());
        let indexer = Indexer::start(&scene.bobo, store);
        let killing = async {
            let looking = async {
                while indexer.block().await < Some(last) {
                    tokio::time::sleep(LOOK).await;
                }
            };
            tokio::time::timeout(PATIENCE, looking).await.expect("it goes on");
            tokio::time::sleep(STEP.mul_f64(pause)).await;
            let block = indexer.block().await.unwrap();
            indexer.kill().await;
            block
        };
        ((), shown) = tokio::join!(busy.mine(coming), killing);
        let head = scene.head().await;
        unfinished += usize::from(shown < head);
        eprintln!("{name}: killed at block {shown} of {head}");
        let_go().await;
    }
    assert!(unfinished > 0, "it had always finished");
    let indexer = Indexer::start(&scene.bobo, store);
    indexer.until(scene.head().await).await;
    let newest = &indexer.rows("/v1/events?contract=DappRegistry&limit=1").await[0];
    assert!(newest["block"].as_u64().unwrap() + 10 > scene.head().await, "{newest}");
    indexer.kill().await;
    let_go().await;
    // Of each transaction there is an event and more, but for some that fail.
    assert!(scene.verify(store).await > PER_BLOCK * busy.blocks);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_anywhere_it_goes_on_in_sqlite() {
    goes_on_after_kills("kills, SQLite", &[], async || {}).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_anywhere_it_goes_on_in_postgres() {
    let postgres = Postgres::start(&["fsync=off"]).unwrap();
    let url = postgres.database().unwrap();
    // Whoever writes holds a lock until the server has seen that it is gone.
    let let_go = async || {
        let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'";
        let is_free = || async { postgres.sql("postgres", locks).unwrap() == "0" };
        eventually("the server lets go of the lock", is_free).await;
    };
    goes_on_after_kills("kills, PostgreSQL", &["--store", &url], let_go).await;
}
