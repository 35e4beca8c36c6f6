//! What operators allow, and what those are told who want more.

use std::time::Duration;

use alloy::primitives::{Address, U256};
use conet_chain::Admin;
use conet_tests::{
    client::{Client, Failure, status},
    eventually,
    http::{self, Connection},
    node::Contact,
    wallet::Wallet,
    world::{Plan, World},
};
use conet_wire::parcel::{Answer, Status};

fn reason(answer: &Answer) -> String {
    String::from_utf8(answer.body.clone()).expect("a reason in words")
}

/// A relay and an agent with these settings.
async fn pair(agent: Plan) -> (World, Contact, Contact) {
    let world = World::start_with(vec![Plan::new(), agent]).await;
    let (relay, agent) = (world.contact(0), world.contact(1));
    (world, relay, agent)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_with_a_guest_list_takes_its_guests_only() {
    let guest = Wallet::new();
    let invited: Address = guest.address();
    let plan = Plan::with(move |config| config.agent.invited = vec![invited]);
    let (world, relay, agent) = pair(plan).await;
    let stranger = Client::new(&world);
    let refused = stranger.register(&relay, &agent).await.unwrap();
    assert_eq!(refused.status, Status::NotAdmitted);
    assert!(reason(&refused).contains("invited"), "{}", reason(&refused));
    assert!(world.reader.route(stranger.address()).await.unwrap().is_none(), "no gas was spent");
    let guest = Client { wallet: guest, ..stranger };
    assert_eq!(status(guest.register(&relay, &agent).await), Status::Done);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_that_is_full_keeps_its_clients() {
    let (world, relay, agent) = pair(Plan::with(|config| config.agent.clients_max = 2)).await;
    let clients: Vec<_> = (0..3).map(|_| Client::new(&world)).collect();
    for client in &clients[..2] {
        assert_eq!(status(client.register(&relay, &agent).await), Status::Done);
    }
    let refused = clients[2].register(&relay, &agent).await.unwrap();
    assert_eq!(refused.status, Status::NotAdmitted);
    assert!(reason(&refused).contains("full"), "{}", reason(&refused));
    assert_eq!(status(clients[0].register(&relay, &agent).await), Status::Done, "once more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_submits_so_many_routes_an_hour_and_a_day() {
    let plan = Plan::with(|config| {
        config.limits.submit.submissions_per_hour_max = 3;
        config.limits.submit.submissions_per_wallet_per_day_max = 2;
    });
    let (world, relay, agent) = pair(plan).await;
    let (bobo, carol) = (Client::new(&world), Client::new(&world));
    for _ in 0..2 {
        assert_eq!(status(bobo.register(&relay, &agent).await), Status::Done);
    }
    let refused = bobo.register(&relay, &agent).await.unwrap();
    assert_eq!(refused.status, Status::Busy);
    assert!(reason(&refused).contains("one wallet in a day"), "{}", reason(&refused));
    assert_eq!(status(carol.register(&relay, &agent).await), Status::Done, "others still may");
    let refused = Client::new(&world).register(&relay, &agent).await.unwrap();
    assert_eq!(refused.status, Status::Busy);
    assert!(reason(&refused).contains("in an hour"), "{}", reason(&refused));
    assert!(bobo.listen(&relay, &agent).await.is_ok(), "its clients are served on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_spends_no_more_gas_than_its_budget() {
    let plan = Plan::with(|config| config.limits.submit.gas_wei_per_day_max = 1);
    let (world, relay, agent) = pair(plan).await;
    let wallet = world.nodes[1].keys.wallet.address();
    let before = world.admin.balance(wallet).await.unwrap();
    let refused = Client::new(&world).register(&relay, &agent).await.unwrap();
    assert_eq!(refused.status, Status::Busy);
    assert!(reason(&refused).contains("wei of gas in a day"), "{}", reason(&refused));
    assert_eq!(world.admin.balance(wallet).await.unwrap(), before);
}

/// An agent that pays for nobody takes a wallet that set its own route.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wallet_may_submit_its_route_by_itself() {
    let (world, relay, agent) = pair(Plan::with(|config| config.chain.submit_routes = false)).await;
    let bobo = Client::new(&world);
    let refused = bobo.register(&relay, &agent).await.unwrap();
    assert_eq!(refused.status, Status::NotAdmitted);
    assert!(reason(&refused).contains("by yourself"), "{}", reason(&refused));

    world.admin.fund(bobo.address(), U256::from(10).pow(U256::from(18))).await.unwrap();
    let own = Admin::new(world.reader.clone(), bobo.wallet.secret.signer().clone());
    let record = own.set_route(bobo.route_update(agent.id)).await.unwrap();
    let route = conet_wire::request::SignedRoute {
        update: record.update,
        nonce: record.nonce,
        deadline: record.deadline,
        signature: record.signature[..].try_into().unwrap(),
    };
    let (signer, terms) = (bobo.wallet.secret.signer(), bobo.terms(agent.id, false));
    let request =
        conet_wire::request::Request::register(&world.network, signer, &terms, route, None)
            .unwrap();
    let content = conet_wire::parcel::Content::Request;
    let answer = conet_tests::client::exchange(&relay, &agent, content, &request.encode()).await;
    let answer = answer.unwrap();
    assert_eq!(answer.status, Status::Done, "{}", reason(&answer));
    let to = bobo.wallet.certificate();
    let sent = Client::new(&world).send(&relay, &agent, &to, "welcome").await;
    assert_eq!(status(sent), Status::Done);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_are_counted_per_wallet_and_in_all() {
    let plan = Plan::with(|config| {
        config.limits.push.streams_per_wallet_max = 2;
        config.limits.push.streams_max = 3;
    });
    let (world, relay, agent) = pair(plan).await;
    let (bobo, carol) = (Client::new(&world), Client::new(&world));
    for client in [&bobo, &carol] {
        assert_eq!(status(client.register(&relay, &agent).await), Status::Done);
    }
    let listen = async |client: &Client| match client
        .listen_with(&relay, &agent, &client.terms(agent.id, true))
        .await
    {
        Ok(stream) => Ok(stream),
        Err(Failure::Refused(answer)) => Err((answer.status, reason(&answer))),
        Err(other) => panic!("{other:?}"),
    };
    let first = listen(&bobo).await.unwrap();
    let _second = listen(&bobo).await.unwrap();
    let (refused, why) = listen(&bobo).await.unwrap_err();
    assert_eq!(refused, Status::Busy);
    assert!(why.contains("the limit is 2"), "{why}");
    let _third = listen(&carol).await.unwrap();
    let (refused, why) = listen(&carol).await.unwrap_err();
    assert_eq!(refused, Status::Busy);
    assert!(why.contains("the limit is 3"), "{why}");
    drop(first);
    eventually("there is room again", async || listen(&carol).await.is_ok()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_are_counted_per_address_and_in_all() {
    let few = Plan::with(|config| config.limits.server.connections_per_address_max = 4);
    let fewer = Plan::with(|config| config.limits.server.connections_max = 3);
    let world = World::start_with(vec![few, fewer]).await;
    for (node, max) in world.nodes.iter().zip([4, 3]) {
        let at = node.contact.address;
        let mut open = Vec::new();
        for _ in 0..max {
            let mut connection = Connection::open(at).await.unwrap();
            connection.send(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
            assert_eq!(connection.response().await.unwrap().status, 200);
            open.push(connection);
        }
        let mut one_more = Connection::open(at).await.unwrap();
        assert!(one_more.is_closed_within(Duration::from_secs(5)).await);
        assert_eq!(node.refused("connections").await, 1);
        assert!(node.health().await.ok, "the private port is its own");
        open.clear();
        eventually("there is room again", async || http::get(at, "/").await.is_ok()).await;
    }
}
