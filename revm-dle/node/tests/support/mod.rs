#![allow(dead_code, reason = "each test uses some of it")]

//! A whole network in one process: real HTTP on free ports, real keys, real ledgers, stores in a temporary folder.

#[path = "../../../ledger/tests/support/assembler.rs"]
mod assembler;
#[allow(dead_code)]
#[path = "../../../ledger/tests/support/mini.rs"]
pub(crate) mod mini;

use std::{
    collections::BTreeMap,
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use alloy::{
    primitives::{Address, B256, Bytes, keccak256},
    sol_types::SolCall,
};
use conet_committee::{keys::NodeId, seats::Seats};
use conet_dle::{
    ArchiveNode, DleConfig, Participant, Setup, clock,
    group::{ArchiveGroup, Sitting},
    keys::WalletKey,
    registry::{NodeEntry, NodeMap},
    rpc::{Submitted, auth::Asked},
    seeds::SeedSecrets,
    terms::Group,
};
use conet_ledger::{
    block::{SignedTransaction, Transaction},
    execute::CodeBook,
    genesis::{Chain, ChainClass, Genesis, Visibility},
};
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde::de::DeserializeOwned;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

pub(crate) const MAIN_CHAIN: u64 = 31_337;
const PICO: u64 = 1_000_000_000_000;

pub(crate) fn key(number: u64) -> WalletKey {
    WalletKey::new(&Zeroizing::new(keccak256(number.to_be_bytes()).0)).unwrap()
}

/// A user's key: not a node's.
pub(crate) fn user(number: u64) -> WalletKey {
    key(1_000_000 + number)
}

pub(crate) struct Network {
    home: TempDir,
    config: DleConfig,
    sitting: Sitting,
    endpoints: BTreeMap<u64, String>,
    nodes: NodeMap,
    pub(crate) codes: CodeBook,
    pub(crate) code: Bytes,
    pub(crate) seats: BTreeMap<u64, ArchiveNode>,
    ports: BTreeMap<u64, JoinHandle<std::io::Result<()>>>,
    pub(crate) members: BTreeMap<u64, Participant>,
    http: Client<hyper_util::client::legacy::connect::HttpConnector, Full<Bytes2>>,
}

type Bytes2 = bytes::Bytes;

impl Network {
    pub(crate) async fn start(seats: u64, members: u64) -> Self {
        Self::start_with(config(), seats, members).await
    }

    pub(crate) async fn start_with(config: DleConfig, seats: u64, members: u64) -> Self {
        let code: Bytes = mini::code().into();
        let ids: Vec<u64> = (1..=seats).collect();
        let endpoints: BTreeMap<_, _> = ids.iter().map(|id| (*id, free_port())).collect();
        let all = ids.iter().copied().chain(101..=100 + members);
        let entries =
            all.map(|id| NodeEntry::new(NodeId(id), key(id).wallet(), endpoints.get(&id).cloned()));
        let seats = Seats::new(MAIN_CHAIN, 1, 1, ids.iter().copied().map(NodeId).collect());
        let slasher = Address::repeat_byte(3);
        let group = ArchiveGroup::first(MAIN_CHAIN, slasher, seats, clock::unix_ms());
        let mut network = Self {
            home: tempfile::tempdir().unwrap(),
            config,
            nodes: NodeMap::new(entries),
            codes: CodeBook::from_iter([code.clone()]),
            sitting: Sitting::new(group),
            endpoints,
            code,
            seats: BTreeMap::new(),
            ports: BTreeMap::new(),
            members: BTreeMap::new(),
            http: Client::builder(TokioExecutor::new()).build_http(),
        };
        for id in ids {
            network.start_seat(id).await;
        }
        for id in 101..=100 + members {
            network.start_member(id).await;
        }
        network
    }

    fn home(&self, id: u64) -> PathBuf {
        self.home.path().join(id.to_string())
    }

    fn setup(&self, id: u64) -> Setup {
        Setup {
            relays: None,
            node: NodeId(id),
            key: key(id),
            sitting: self.sitting.clone(),
            nodes: self.nodes.clone(),
            codes: self.codes.clone(),
        }
    }

    pub(crate) async fn start_seat(&mut self, id: u64) {
        let (home, config, setup) = (self.home(id), self.config.clone(), self.setup(id));
        let keys = Arc::new(SeedSecrets::new(&home));
        let node = ArchiveNode::start(&home, &config, setup, keys).await.unwrap();
        let listener = tokio::net::TcpListener::bind(&self.endpoints[&id]).await.unwrap();
        let service = node.routes().into_make_service_with_connect_info::<SocketAddr>();
        self.ports.insert(id, tokio::spawn(axum::serve(listener, service).into_future()));
        self.seats.insert(id, node);
    }

    pub(crate) async fn start_member(&mut self, id: u64) {
        let (home, config, setup) = (self.home(id), self.config.clone(), self.setup(id));
        let node = Participant::start(&home, &config, setup).await.unwrap();
        self.members.insert(id, node);
    }

    pub(crate) fn endpoint(&self, id: u64) -> &str {
        &self.endpoints[&id]
    }

    /// As a crash would.
    pub(crate) fn kill(&mut self, id: u64) {
        if let Some(port) = self.ports.remove(&id) {
            port.abort();
        }
        self.seats.remove(&id);
        self.members.remove(&id);
    }

    /// Opens a chain at all seats that run.
    pub(crate) async fn open(&self, genesis: &Genesis, group: Group) -> Chain {
        for seat in self.seats.values() {
            let (begun, opening) = seat.opener().prepare(genesis.clone(), group).await.unwrap();
            seat.opener().propose(begun, opening).await.unwrap();
        }
        conet_ledger::execute::found_chain(genesis.clone(), &self.codes).unwrap().0
    }

    pub(crate) async fn ask(
        &self,
        seat: u64,
        request: Request<Full<Bytes2>>,
    ) -> (StatusCode, Bytes2) {
        let (mut head, body) = request.into_parts();
        let endpoint = &self.endpoints[&seat];
        head.uri = format!("http://{endpoint}{}", head.uri).parse().unwrap();
        let response = self.http.request(Request::from_parts(head, body)).await.unwrap();
        let status = response.status();
        (status, response.into_body().collect().await.unwrap().to_bytes())
    }

    pub(crate) fn request(
        &self,
        seat: u64,
        chain: B256,
        (method, path): (Method, &str),
        body: Vec<u8>,
        signer: Option<&WalletKey>,
    ) -> Request<Full<Bytes2>> {
        let asked = Asked::of(MAIN_CHAIN, NodeId(seat), chain, (method.as_str(), path), &body);
        let mut request = Request::builder().method(method).uri(path);
        if let Some(signer) = signer {
            let authorization = asked.authorization(signer, clock::unix_us(), clock::unix_s() + 60);
            request = request.header(header::AUTHORIZATION, authorization);
        }
        request.body(Full::new(body.into())).unwrap()
    }

    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        seat: u64,
        chain: B256,
        path: &str,
        signer: Option<&WalletKey>,
    ) -> Result<T, StatusCode> {
        let request = self.request(seat, chain, (Method::GET, path), Vec::new(), signer);
        let (status, body) = self.ask(seat, request).await;
        if status.is_success() { Ok(serde_json::from_slice(&body).unwrap()) } else { Err(status) }
    }

    pub(crate) async fn submit(
        &self,
        seat: u64,
        signed: &SignedTransaction,
        signer: &WalletKey,
    ) -> Result<B256, (StatusCode, String)> {
        let chain = signed.transaction.chain;
        let path = format!("/dle/v1/chains/{chain}/transactions");
        let body = serde_json::to_vec(signed).unwrap();
        let request = self.request(seat, chain, (Method::POST, &path), body, Some(signer));
        let (status, body) = self.ask(seat, request).await;
        if status == StatusCode::ACCEPTED {
            Ok(serde_json::from_slice::<Submitted>(&body).unwrap().hash)
        } else {
            Err((status, String::from_utf8_lossy(&body).into_owned()))
        }
    }
}

pub(crate) fn config() -> DleConfig {
    DleConfig { parts_max: 4, ..DleConfig::new(BTreeMap::new()) }
}

fn free_port() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

pub(crate) fn genesis(code: &Bytes, name: &str, owner: Address) -> Genesis {
    Genesis {
        chain: keccak256(name),
        series: 1,
        main_chain_id: MAIN_CHAIN,
        class: ChainClass::Asset,
        visibility: Visibility::Members,
        code_hash: keccak256(code),
        definitions: mini::definitions(owner, 1_000 * PICO),
        wallet: owner,
        quorum: 0,
        unpaid_selectors: Vec::new(),
        gas_limit_max: 2_000_000,
        parent: B256::ZERO,
        height: 0,
        epoch: 1,
        time_ms: clock::unix_ms(),
        paid_through_s: u64::MAX,
        members_hash: B256::ZERO,
    }
}

pub(crate) fn transfer(
    chain: &Chain,
    from: &WalletKey,
    nonce: u64,
    (to, amount): (Address, u64),
) -> SignedTransaction {
    let transaction = Transaction {
        chain: chain.genesis().chain,
        nonce,
        valid_until_s: u64::MAX,
        gas_limit: 500_000,
        data: mini::Mini::transferCall { to, amount }.abi_encode().into(),
    };
    let signature = from.sign(chain.digest(&transaction));
    SignedTransaction { transaction, signature: signature.into() }
}

/// Waits until something is there.
pub(crate) async fn until<T>(
    what: &str,
    patience: Duration,
    mut look: impl AsyncFnMut() -> Option<T>,
) -> T {
    let start = std::time::Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(start.elapsed() < patience, "waited {patience:?} for {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
