//! What users may ask of an archive node, and what they may not.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on should stop where it stands"
)]

mod support;

use std::time::Duration;

use alloy::{
    primitives::{Address, B256},
    sol_types::SolCall as _,
};
use conet_committee::archive::ProvenNotice;
use conet_dle::{
    clock,
    rpc::{Beginning, Entries, Question, Said, Status, auth::Asked},
    terms::Group,
};
use conet_ledger::genesis::{Chain, ChainClass, Genesis, Visibility};
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use support::{MAIN_CHAIN, Network, genesis, key, mini, transfer, until, user};

const PATIENCE: Duration = Duration::from_secs(60);

const GROUP: Group = Group { creator: None, witnesses: 1, validators: 1, gas_price: 1 };

fn path(chain: &Chain, rest: &str) -> String {
    format!("/dle/v1/chains/{}{rest}", chain.genesis().chain)
}

async fn ready(network: &Network, chain: &Chain) -> ProvenNotice {
    let id = chain.genesis().chain;
    until("a whole group", PATIENCE, async || {
        let found = network.get::<ProvenNotice>(1, id, &path(chain, ""), Some(&user(1))).await;
        found.ok().filter(|found| found.notice.signers(1).is_some())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_those_with_a_part_in_a_chain_may_ask() {
    let mut network = Network::start(1, 6).await;
    let chain = network.open(&genesis(&network.code, "theirs", user(1).wallet()), GROUP).await;
    let id = chain.genesis().chain;
    let notice = ready(&network, &chain).await;
    let get = async |signer: Option<&conet_dle::keys::WalletKey>| {
        network.get::<ProvenNotice>(1, id, &path(&chain, ""), signer).await.map(drop)
    };
    assert_eq!(get(None).await, Err(StatusCode::UNAUTHORIZED));
    assert_eq!(get(Some(&user(2))).await, Err(StatusCode::FORBIDDEN));
    assert_eq!(get(Some(&user(1))).await, Ok(()));
    // Its group, and the archive nodes; not those who only wait to be drawn.
    let members = notice.notice.members();
    assert_eq!(get(Some(&key(members[0].0))).await, Ok(()));
    assert_eq!(get(Some(&key(1))).await, Ok(()));
    let waiting = network.members.keys().find(|id| !members.iter().any(|node| node.0 == **id));
    if let Some(waiting) = waiting {
        assert_eq!(get(Some(&key(*waiting))).await, Err(StatusCode::FORBIDDEN));
    }

    refused_and_repeated(&network, &chain).await;
    asked_and_submitted(&network, &chain).await;
    // Nothing of the log is secret but what blocks do, which is not in it.
    let entries: Entries = network.get(1, id, "/dle/v1/log?from=1&count=3", None).await.unwrap();
    assert_eq!(entries.entries.len(), 3);
    let status: Status = network.get(1, id, "/dle/v1/status", None).await.unwrap();
    assert_eq!((status.node, status.chains, status.seats), (1, 1, vec![1]));
    let unknown = format!("/dle/v1/chains/{}", B256::ZERO);
    let found = network.get::<ProvenNotice>(1, B256::ZERO, &unknown, Some(&user(1))).await;
    assert_eq!(found.err(), Some(StatusCode::NOT_FOUND));
    for node in std::mem::take(&mut network.members).into_values() {
        node.shut_down().await;
    }
}

async fn refused_and_repeated(network: &Network, chain: &Chain) {
    let (id, path) = (chain.genesis().chain, path(chain, "/genesis"));
    let request = |signed: String| {
        let request = Request::builder().uri(&path).header(header::AUTHORIZATION, signed);
        request.body(Full::new(bytes::Bytes::new())).unwrap()
    };
    let asked = |node: u64| {
        let node = conet_committee::keys::NodeId(node);
        Asked::of(MAIN_CHAIN, node, id, ("GET", &path), b"")
    };
    let signed = asked(1).authorization(&user(1), 5, clock::unix_s() + 60);
    let (status, body) = network.ask(1, request(signed.clone())).await;
    assert_eq!(status, StatusCode::OK);
    let beginning: Beginning = serde_json::from_slice(&body).unwrap();
    assert_eq!((&beginning.genesis, beginning.hash), (chain.genesis(), chain.hash()));
    assert_eq!(network.ask(1, request(signed)).await.0, StatusCode::FORBIDDEN);
    for bad in [
        asked(2).authorization(&user(1), 6, clock::unix_s() + 60),
        asked(1).authorization(&user(1), 7, clock::unix_s() - 1),
        asked(1).authorization(&user(1), 8, clock::unix_s() + 6_000),
        "CoNET nonce=1".to_owned(),
        "Basic dTpw".to_owned(),
    ] {
        assert_eq!(network.ask(1, request(bad)).await.0, StatusCode::FORBIDDEN);
    }
}

async fn asked_and_submitted(network: &Network, chain: &Chain) {
    let (id, owner) = (chain.genesis().chain, user(1));
    let post = async |rest: &str, body: Vec<u8>, signer: Option<&conet_dle::keys::WalletKey>| {
        let path = path(chain, rest);
        network.ask(1, network.request(1, id, (Method::POST, &path), body, signer)).await
    };
    // The contract answers as it would after the newest block, and nothing stays of it.
    let data = mini::Mini::putCall { key: 1, value: 2 }.abi_encode().into();
    let question = serde_json::to_vec(&Question { caller: owner.wallet(), data }).unwrap();
    let (status, body) = post("/call", question.clone(), Some(&owner)).await;
    assert_eq!(status, StatusCode::OK);
    let said: Said = serde_json::from_slice(&body).unwrap();
    assert!(said.success && said.height == 0 && said.gas_used > 20_000);
    assert_eq!(post("/call", question, None).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(post("/call", b"{}".to_vec(), Some(&owner)).await.0, StatusCode::BAD_REQUEST);
    let long = vec![b' '; 300 << 10];
    assert_eq!(post("/call", long, Some(&owner)).await.0, StatusCode::BAD_REQUEST);

    let good = transfer(chain, &owner, 0, (Address::repeat_byte(9), 1_000_000));
    let mut other_chain = good.clone();
    other_chain.transaction.chain = B256::ZERO;
    for bad in [other_chain] {
        let body = serde_json::to_vec(&bad).unwrap();
        let (status, body) = post("/transactions", body, Some(&owner)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body:?}");
    }
    let refused = network.submit(1, &good, &user(2)).await.unwrap_err();
    assert_eq!(refused.0, StatusCode::FORBIDDEN);

    let mut events = listen(network, chain).await;
    network.submit(1, &good, &owner).await.unwrap();
    let next = tokio::time::timeout(PATIENCE, events.frame()).await.unwrap();
    let event = next.unwrap().unwrap().into_data().unwrap();
    let event = String::from_utf8(event.to_vec()).unwrap();
    assert!(
        event.starts_with("event: final\ndata: {") && event.contains("\"height\":1"),
        "{event}"
    );
    let found = network.submit(1, &good, &owner).await.unwrap_err();
    assert_eq!(found.0, StatusCode::UNPROCESSABLE_ENTITY, "its nonce is used: {}", found.1);
    // Who has sent something on the chain may read it.
    let account = path(chain, &format!("/accounts/{}", owner.wallet()));
    let account: conet_dle::rpc::AccountView =
        network.get(1, id, &account, Some(&owner)).await.unwrap();
    assert_eq!((account.nonce, account.height), (1, 1));
}

async fn listen(network: &Network, chain: &Chain) -> hyper::body::Incoming {
    let path = path(chain, "/finality");
    let id = chain.genesis().chain;
    let request = network.request(1, id, (Method::GET, &path), Vec::new(), Some(&user(1)));
    let (mut head, body) = request.into_parts();
    let endpoint = network.endpoint(1);
    head.uri = format!("http://{endpoint}{path}").parse().unwrap();
    let http: Client<_, Full<bytes::Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let response = http.request(Request::from_parts(head, body)).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    response.into_body()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_public_chain_is_open_to_all() {
    let network = Network::start(1, 0).await;
    let public = Genesis {
        visibility: Visibility::Public,
        class: ChainClass::Storage,
        ..genesis(&network.code, "open", user(1).wallet())
    };
    let chain = network.open(&public, Group { gas_price: 0, ..GROUP }).await;
    let id = chain.genesis().chain;
    let found = until("a notice", PATIENCE, async || {
        network.get::<ProvenNotice>(1, id, &path(&chain, ""), None).await.ok()
    })
    .await;
    assert_eq!(found.notice.hash, chain.hash());
    // Nobody is there to be drawn.
    let call = transfer(&chain, &user(5), 0, (Address::repeat_byte(9), 0));
    let refused = network.submit(1, &call, &user(5)).await.unwrap_err();
    assert_eq!(refused.0, StatusCode::SERVICE_UNAVAILABLE, "{}", refused.1);
    // On a chain without money, what the contract refuses is in no block, and its sender hears so at once.
    let call = transfer(&chain, &user(5), 0, (Address::repeat_byte(9), 1_000_000));
    let refused = network.submit(1, &call, &user(5)).await.unwrap_err();
    assert_eq!(refused.0, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.1);
}
