//! Everything of this crate that talks to a chain, against a real anvil.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use alloy::{
    node_bindings::{Anvil, AnvilInstance},
    primitives::{Address, B256, Bytes, U256, utils::Unit},
    providers::{Provider, ProviderBuilder},
    signers::local::PrivateKeySigner,
};
use conet_bindings::{
    NodeRegistry::{NodeConfig, Prices, Specs},
    RouteTable::RouteUpdate,
    endpoint, roles,
};
use conet_chain::{
    Admin, BudgetError, ChainError, ChainReader, Directory, Genesis, RouteSubmitter, RouteWatch,
    SubmitError, SubmitLimits, deploy, key_set,
};
use conet_wire::{
    claim::{EndpointPolicy, verify_route},
    network::Network,
    openpgp::{Identity, WalletSecret},
    recipient::Handle,
    request::SignedRoute,
};
use tokio_util::sync::CancellationToken;

const POLL: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(20);
const POLICY: EndpointPolicy = EndpointPolicy::Development;

struct Chain {
    anvil: AnvilInstance,
    network: Network,
    reader: ChainReader,
    owner: Admin,
}

fn anvil_program() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let local = root.join("contracts/node_modules/.bin/anvil");
    if local.exists() { local } else { "anvil".into() }
}

fn start_anvil(chain_id: u64) -> AnvilInstance {
    Anvil::at(anvil_program()).port(0_u16).chain_id(chain_id).try_spawn().expect("anvil starts")
}

async fn start() -> Chain {
    start_on(start_anvil(31_337)).await
}

async fn start_on(anvil: AnvilInstance) -> Chain {
    let url = anvil.endpoint();
    let signer = PrivateKeySigner::from(anvil.first_key().clone());
    let network = deploy(&url, &signer, &Genesis::development(signer.address()), |_, _, _| {})
        .await
        .unwrap()
        .network;
    let reader = ChainReader::connect(&url, network).await.unwrap();
    let owner = Admin::new(reader.clone(), signer);
    Chain { anvil, network, reader, owner }
}

struct Wallet {
    signer: PrivateKeySigner,
    identity: Identity,
}

fn wallet(byte: u8) -> Wallet {
    let secret = WalletSecret::from_bytes(&[byte; 32]).unwrap();
    Wallet { signer: secret.signer().clone(), identity: Identity::derive(&secret).unwrap() }
}

fn node_config(node: &Wallet, port: u16) -> NodeConfig {
    NodeConfig {
        wallet: node.signer.address(),
        keys: key_set(&node.identity),
        transportKey: B256::repeat_byte(node.identity.handle()[0] | 1),
        endpoints: vec![endpoint::encode(([127, 0, 0, 1], port).into())],
        roles: roles::RELAY | roles::AGENT,
        prices: Prices::default(),
        specs: Specs::default(),
    }
}

impl Chain {
    async fn register(&self, byte: u8) -> U256 {
        let node = wallet(byte);
        let config = node_config(&node, 9_000 + u16::from(byte));
        self.owner.register_node(&node.signer, config).await.unwrap()
    }

    fn submitter(&self, limits: SubmitLimits) -> RouteSubmitter {
        let signer = PrivateKeySigner::from(self.anvil.nth_key(1).unwrap().clone());
        RouteSubmitter::new(self.reader.clone(), signer, limits)
    }

    async fn signed_route(&self, client: &Wallet, agent: U256) -> SignedRoute {
        let now = self.reader.head().await.unwrap().timestamp;
        let update = RouteUpdate {
            wallet: client.signer.address(),
            keys: key_set(&client.identity).into(),
            epoch: 0,
            agent,
            expiry: now + 86_400,
        };
        let nonce = self.reader.nonce(client.signer.address()).await.unwrap();
        let deadline = U256::from(now + 600);
        SignedRoute::sign(&self.network, &client.signer, update, nonce, deadline).unwrap()
    }

    /// A method of anvil's own.
    async fn anvil_call(&self, method: &'static str, params: serde_json::Value) {
        let provider = ProviderBuilder::new().connect_http(self.anvil.endpoint_url());
        let _: serde_json::Value = provider.raw_request(method.into(), params).await.unwrap();
    }
}

async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn ids(directory: &Directory) -> Vec<u64> {
    directory.all().iter().map(|entry| entry.node.id().to()).collect()
}

#[tokio::test]
async fn a_directory_follows_the_registry() {
    let chain = start().await;
    for byte in 1..=3 {
        assert_eq!(chain.register(byte).await, U256::from(byte));
    }
    let stop = CancellationToken::new();
    let (directory, task) =
        Directory::follow(chain.reader.clone(), POLICY, POLL, stop.clone()).await.unwrap();
    assert_eq!(ids(&directory), [1, 2, 3]);

    chain.register(4).await;
    eventually("a fourth node appears", || ids(&directory) == [1, 2, 3, 4]).await;
    let found = directory.find(&Handle::V6(wallet(4).identity.handle()));
    assert_eq!(found.iter().next().unwrap().node.id(), U256::from(4));

    chain.owner.retire(U256::from(2)).await.unwrap();
    eventually("a node retires", || ids(&directory) == [1, 3, 4]).await;

    let moved = "127.0.0.1:7777".parse().unwrap();
    chain.owner.update_endpoints(U256::from(1), &[moved]).await.unwrap();
    let endpoint_of = |id: u64| directory.by_id(U256::from(id)).unwrap().node.endpoints()[0];
    eventually("a node moves", || endpoint_of(1) == moved).await;
    assert_eq!(directory.by_id(U256::from(1)).unwrap().node.serial(), 2);

    let node = |id: u64| directory.by_id(U256::from(id)).unwrap();
    chain.owner.set_online(U256::from(3), true).await.unwrap();
    eventually("a node goes online", || node(3).node.online()).await;
    chain.owner.set_online(U256::from(3), true).await.unwrap();
    let buyer = wallet(60).signer.address();
    chain.owner.transfer(U256::from(3), buyer).await.unwrap();
    eventually("a node is sold", || node(3).node.owner() == buyer).await;
    assert_eq!((node(3).node.serial(), node(3).node.owner_is_consented()), (3, false));

    let health = directory.health();
    assert_eq!((health.left_out, health.failures, health.full_reads), (0, 0, 0));
    assert!(health.lag < PATIENCE && health.last_block > 0, "{health:?}");
    let once = Directory::load_once(&chain.reader, POLICY).await.unwrap();
    assert_eq!(ids(&once), [1, 3, 4]);
    let strict = Directory::load_once(&chain.reader, EndpointPolicy::Public).await.unwrap();
    assert_eq!(strict.health().left_out, 3);

    stop.cancel();
    tokio::time::timeout(PATIENCE, task).await.unwrap().unwrap();
}

#[tokio::test]
async fn keys_that_are_not_the_wallets_are_left_out() {
    let chain = start().await;
    let (bobo, mallory) = (wallet(1), wallet(2));
    chain.register(1).await;
    // The contract cannot tell: Mallory signs for Bobo's keys as its own.
    let mut config = node_config(&mallory, 9_002);
    config.keys = key_set(&bobo.identity);
    chain.owner.register_node(&mallory.signer, config).await.unwrap();
    let directory = Directory::load_once(&chain.reader, POLICY).await.unwrap();
    assert_eq!(ids(&directory), [1]);
    assert_eq!(directory.health().left_out, 1);
    assert_eq!(directory.find(&Handle::V6(bobo.identity.handle())).len(), 1);
}

#[tokio::test]
async fn more_nodes_than_a_page_are_read() {
    let chain = start().await;
    let count = conet_chain::limits::PAGE_RECORDS + 2;
    for byte in 1..=count {
        chain.register(u8::try_from(byte).unwrap()).await;
    }
    let (_, records) = chain.reader.nodes().await.unwrap();
    assert_eq!(records.len(), count);
    let directory = Directory::load_once(&chain.reader, POLICY).await.unwrap();
    assert_eq!(directory.all().len(), count);
}

#[tokio::test]
async fn a_submitted_route_is_read_back_and_verifies() {
    let chain = start().await;
    let agent = chain.register(1).await;
    let (client, stranger) = (wallet(50), wallet(51));
    let submitter = chain.submitter(SubmitLimits::default());
    let route = chain.signed_route(&client, agent).await;

    let record = submitter.submit(&route).await.unwrap();
    let now = chain.reader.head().await.unwrap().timestamp;
    let verified = verify_route(&chain.network, &record, now).unwrap();
    assert_eq!((verified.agent(), verified.serial()), (Some(agent), 1));
    let wallets = [client.signer.address(), stranger.signer.address()];
    let (_, routes) = chain.reader.routes(&wallets).await.unwrap();
    assert_eq!(routes, [Some(record.clone()), None]);

    // The same again is no transaction.
    let spent = submitter.spent_wei().await;
    assert!(spent > 0);
    assert_eq!(submitter.submit(&route).await.unwrap(), record);
    assert_eq!(submitter.spent_wei().await, spent);
}

#[tokio::test]
async fn refusals_are_told_from_each_other() {
    let chain = start().await;
    let agent = chain.register(1).await;
    let submitter = chain.submitter(SubmitLimits::default());
    let client = wallet(50);

    let no_agent = chain.signed_route(&client, U256::from(99)).await;
    let error = submitter.submit(&no_agent).await.unwrap_err();
    let SubmitError::Refused(refusal) = error else { panic!("{error}") };
    assert_eq!(refusal.name, "NotAnAgent");

    let mut forged = chain.signed_route(&client, agent).await;
    forged.update.epoch = 1;
    let error = submitter.submit(&forged).await.unwrap_err();
    let SubmitError::Refused(refusal) = error else { panic!("{error}") };
    assert_eq!(refusal.name, "WalletSignatureInvalid");

    let good = chain.signed_route(&client, agent).await;
    submitter.submit(&good).await.unwrap();
    let mut stale = good.clone();
    stale.update.agent = U256::ZERO;
    let error = submitter.submit(&stale).await.unwrap_err();
    assert!(matches!(error, SubmitError::Nonce { .. }), "{error}");

    let poor =
        RouteSubmitter::new(chain.reader.clone(), wallet(60).signer, SubmitLimits::default());
    let error = poor.submit(&chain.signed_route(&client, agent).await).await.unwrap_err();
    let SubmitError::Chain(ChainError::GasWalletEmpty { wallet, .. }) = error else {
        panic!("{error}")
    };
    assert_eq!(wallet, poor.gas_wallet());

    let next = chain.signed_route(&client, agent).await;
    drop(chain.anvil);
    let error = submitter.submit(&next).await.unwrap_err();
    let SubmitError::Chain(error) = error else { panic!("{error}") };
    assert!(matches!(error, ChainError::Connection { .. }), "{error}");
}

#[tokio::test]
async fn the_budget_refuses_before_anything_is_sent() {
    let chain = start().await;
    let agent = chain.register(1).await;
    let limits = SubmitLimits { submissions_per_hour_max: 1, ..SubmitLimits::default() };
    let submitter = chain.submitter(limits);
    let first = chain.signed_route(&wallet(50), agent).await;
    let second = chain.signed_route(&wallet(51), agent).await;
    submitter.submit(&first).await.unwrap();
    let block = chain.reader.head().await.unwrap().number;
    let error = submitter.submit(&second).await.unwrap_err();
    assert!(
        matches!(error, SubmitError::Budget(BudgetError::Submissions { max: 1, .. })),
        "{error}"
    );
    assert_eq!(chain.reader.head().await.unwrap().number, block);
    // What is on the chain already costs nothing.
    submitter.submit(&first).await.unwrap();
}

#[tokio::test]
async fn many_submit_at_once() {
    let chain = start().await;
    let agent = chain.register(1).await;
    // With blocks on demand, all are on their way together.
    chain.anvil_call("evm_setAutomine", serde_json::json!([false])).await;
    let submitter = chain.submitter(SubmitLimits::default());
    let mut tasks = tokio::task::JoinSet::new();
    for byte in 50..56 {
        let route = chain.signed_route(&wallet(byte), agent).await;
        // Each twice: a client that lost its answer asks again.
        for _ in 0..2 {
            let (submitter, route) = (submitter.clone(), route.clone());
            tasks.spawn(async move { submitter.submit(&route).await });
        }
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    chain.anvil_call("evm_mine", serde_json::json!([])).await;
    while let Some(done) = tasks.join_next().await {
        done.unwrap().unwrap();
    }
    let provider = ProviderBuilder::new().connect_http(chain.anvil.endpoint_url());
    let sent = provider.get_transaction_count(submitter.gas_wallet()).await.unwrap();
    assert_eq!(sent, 6);
}

#[tokio::test]
async fn a_wrong_network_is_named() {
    let chain = start().await;
    let url = chain.anvil.endpoint();
    let other = Network { chain_id: 7, ..chain.network };
    let error = ChainReader::connect(&url, other).await.unwrap_err();
    assert!(matches!(error, ChainError::WrongChain { expected: 7, found: 31_337 }), "{error}");
    let routes = Address::repeat_byte(9);
    let other = Network { routes, ..chain.network };
    let error = ChainReader::connect(&url, other).await.unwrap_err();
    assert!(
        matches!(error, ChainError::NoContract { contract: "RouteTable", address } if address == routes),
        "{error}"
    );
    drop(chain.anvil);
    let error = ChainReader::connect(&url, chain.network).await.unwrap_err();
    assert!(matches!(error, ChainError::Connection { .. }), "{error}");
}

#[tokio::test]
async fn a_reorganization_is_survived() {
    let chain = start().await;
    let agent = chain.register(1).await;
    let client = wallet(50);
    let stop = CancellationToken::new();
    let (directory, _task) =
        Directory::follow(chain.reader.clone(), POLICY, POLL, stop.clone()).await.unwrap();
    let mut watch =
        RouteWatch::start(chain.reader.clone(), None, POLL, stop.clone()).await.unwrap();

    chain.register(2).await;
    let submitter = chain.submitter(SubmitLimits::default());
    submitter.submit(&chain.signed_route(&client, agent).await).await.unwrap();
    eventually("a second node appears", || ids(&directory) == [1, 2]).await;
    let change = tokio::time::timeout(PATIENCE, watch.next()).await.unwrap().unwrap();
    assert_eq!((change.wallet, change.agent), (client.signer.address(), Some(agent)));
    assert_eq!(change.handle, B256::from(client.identity.handle()));

    // Both blocks are replaced by empty ones.
    chain.anvil_call("anvil_reorg", serde_json::json!([2, []])).await;
    eventually("the second node is taken back", || ids(&directory) == [1]).await;
    let change = tokio::time::timeout(PATIENCE, watch.next()).await.unwrap().unwrap();
    assert_eq!((change.wallet, change.agent, change.serial), (client.signer.address(), None, 0));

    // Both go on afterwards.
    chain.register(3).await;
    eventually("another node appears", || ids(&directory).len() == 2).await;
    submitter.submit(&chain.signed_route(&client, agent).await).await.unwrap();
    let change = tokio::time::timeout(PATIENCE, watch.next()).await.unwrap().unwrap();
    assert_eq!((change.agent, change.serial), (Some(agent), 1));
    assert_eq!(directory.health().failures, 0);
    stop.cancel();
    assert_eq!(watch.next().await, None);
}

#[tokio::test]
async fn a_chain_that_goes_away_is_noticed_and_survived() {
    let chain = start().await;
    chain.register(1).await;
    let stop = CancellationToken::new();
    let (directory, task) =
        Directory::follow(chain.reader.clone(), POLICY, POLL, stop.clone()).await.unwrap();
    drop(chain.anvil);
    eventually("a failure is counted", || directory.health().failures > 0).await;
    assert_eq!(ids(&directory), [1], "what was known stays usable");
    assert!(directory.lag() > Duration::ZERO);
    stop.cancel();
    tokio::time::timeout(PATIENCE, task).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_wallet_sets_its_own_route() {
    let chain = start().await;
    let agent = chain.register(1).await;
    let client = wallet(50);
    let coin = U256::from(Unit::ETHER.wei());
    chain.owner.fund(client.signer.address(), coin).await.unwrap();
    let admin = Admin::new(chain.reader.clone(), client.signer.clone());
    let mut update = chain.signed_route(&client, agent).await.update;
    let first = admin.set_route(update.clone()).await.unwrap();
    update.agent = U256::ZERO;
    let second = admin.set_route(update.clone()).await.unwrap();
    assert_eq!((first.serial, second.serial), (1, 2));
    assert!(admin.balance(admin.address()).await.unwrap() < coin);
    update.keys.certificate = Bytes::new();
    let error = admin.set_route(update).await.unwrap_err();
    assert_eq!(error.refusal().unwrap().name, "CertificateMissing");
}

#[tokio::test]
async fn a_quiet_chain_takes_what_is_signed_now() {
    // subnet-evm makes no block without a transaction, so the newest may be old.
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let yesterday = (now - 86_400).to_string();
    let anvil = Anvil::at(anvil_program()).port(0_u16).args(["--timestamp", &yesterday]);
    let chain = start_on(anvil.try_spawn().unwrap()).await;
    chain.anvil_call("evm_setNextBlockTimestamp", serde_json::json!([now])).await;
    assert_eq!(chain.register(1).await, U256::from(1));
}
