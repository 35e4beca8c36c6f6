use std::{net::SocketAddr, sync::Arc, time::Duration};

use alloy::primitives::{Address, B256};
use bytes::Bytes;
use conet_committee::{
    keys::{Keys, NodeId},
    message::Message,
    seats::Seats,
};
use http::StatusCode;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use super::{client::RequestError, hub::HubOutlet, parcel::*, *};
use crate::{
    group::{ArchiveGroup, Sitting},
    keys::WalletKey,
    metrics::{Metrics, Refusal},
    registry::{NodeEntry, NodeMap},
    runtime::{Inbox, Outlet as _, RuntimeLimits},
};

mod sealed;

const SEAT: NodeId = NodeId(1);
const OTHER_SEAT: NodeId = NodeId(2);
const MEMBERS: [NodeId; 2] = [NodeId(101), NodeId(102)];

fn key(node: NodeId) -> WalletKey {
    let byte = u8::try_from(node.0).unwrap();
    WalletKey::new(&Zeroizing::new([byte; 32])).unwrap()
}

fn sitting() -> Sitting {
    let seats = Seats::new(1, 1, 1, vec![SEAT, OTHER_SEAT]);
    Sitting::new(ArchiveGroup::first(1, Address::ZERO, seats, 0))
}

fn sealer(node: NodeId, nodes: &NodeMap) -> Sealer {
    let keys: Arc<dyn Keys> = Arc::new(key(node));
    Sealer::new(node, keys, Arc::new(nodes.clone()), (1, Address::ZERO))
}

struct Net {
    nodes: NodeMap,
    limits: TransportLimits,
    stop: CancellationToken,
}

impl Net {
    /// A network whose second seat is nowhere to be found.
    fn new(seat: SocketAddr) -> Self {
        let entry = |node: NodeId, endpoint: Option<String>| {
            NodeEntry::new(node, key(node).wallet(), endpoint)
        };
        let mut all = vec![
            entry(SEAT, Some(seat.to_string())),
            entry(OTHER_SEAT, Some("127.0.0.1:1".into())),
        ];
        all.extend(MEMBERS.map(|node| entry(node, None)));
        let limits = TransportLimits {
            parcel_bytes_max: 4_096,
            keepalive_ms: 50,
            request_ms_max: 2_000,
            body_ms_max: 1_000,
            ..TransportLimits::default()
        };
        Self { nodes: NodeMap::new(all), limits, stop: CancellationToken::new() }
    }

    fn hub(&self, node: NodeId) -> (Arc<Hub>, Arc<Inbox>, Metrics) {
        self.hub_by(node, None)
    }

    fn hub_by(
        &self,
        node: NodeId,
        relays: Option<Box<dyn Relays>>,
    ) -> (Arc<Hub>, Arc<Inbox>, Metrics) {
        let metrics = Metrics::new();
        let inbox = Arc::new(Inbox::new(RuntimeLimits::default(), metrics.clone()));
        let hub = Hub::new(
            sealer(node, &self.nodes),
            sitting(),
            self.nodes.clone(),
            inbox.clone(),
            self.limits.clone(),
            metrics.clone(),
            relays,
        );
        (hub, inbox, metrics)
    }

    fn post(&self) -> client::Client {
        client::Client::new(&self.limits)
    }
}

async fn serve_seat() -> (Net, Arc<Hub>, Arc<Inbox>, Metrics, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let net = Net::new(address);
    let (hub, inbox, metrics) = net.hub(SEAT);
    let service = routes(hub.clone()).into_make_service_with_connect_info::<SocketAddr>();
    let served = axum::serve(listener, service);
    let stopped = net.stop.clone().cancelled_owned();
    tokio::spawn(served.with_graceful_shutdown(stopped).into_future());
    (net, hub, inbox, metrics, address.to_string())
}

fn message(byte: u8) -> Message {
    Message::FetchBlock { hash: B256::repeat_byte(byte) }
}

fn sealed(sealer: &Sealer, to: NodeId, byte: u8) -> Parcel {
    sealer.seal(to, &[encode(&message(byte), 1_000).unwrap()])
}

/// What has come, once it has.
async fn received(inbox: &Inbox) -> (NodeId, Message) {
    for _ in 0..1_000 {
        if let Some(found) = inbox.try_take() {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("nothing came");
}

fn status(done: Result<(), RequestError>) -> u16 {
    match done {
        Ok(()) => 202,
        Err(RequestError::Refused(status, _)) => status.as_u16(),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_repeated_and_long_parcels_are_refused() {
    let (net, _, inbox, metrics, endpoint) = serve_seat().await;
    let (client, sender) = (net.post(), sealer(MEMBERS[0], &net.nodes));
    let send = async |bytes: Bytes| status(client.parcel(&endpoint, bytes).await);
    let good = sealed(&sender, SEAT, 1);
    // One bit anywhere makes it another's, or none.
    for at in [0, 1, 9, 17, 25, 40, 89, HEAD_LEN + 6] {
        let mut bytes = good.bytes().to_vec();
        bytes[at] ^= 1;
        let refused = send(bytes.into()).await;
        assert!(matches!(refused, 400 | 403 | 404 | 409), "byte {at}: {refused}");
    }
    assert_eq!(send(good.bytes().slice(..HEAD_LEN - 1)).await, 400);
    assert_eq!(send(good.bytes().clone()).await, 202);
    assert_eq!(received(&inbox).await, (MEMBERS[0], message(1)));
    assert_eq!(send(good.bytes().clone()).await, 409);
    let long = sender.seal(SEAT, &[vec![0; 5_000].into()]);
    assert_eq!(send(long.bytes().clone()).await, 413);
    // A parcel of its sender's with nothing of sense in it.
    let nonsense = sender.seal(SEAT, &[vec![0xff; 9].into()]);
    assert_eq!(send(nonsense.bytes().clone()).await, 400);
    let stranger = sealed(&sealer(NodeId(77), &net.nodes), SEAT, 1);
    assert_eq!(send(stranger.bytes().clone()).await, 403);
    // For somebody who does not listen here, and of another network.
    assert_eq!(send(sealed(&sender, MEMBERS[1], 1).bytes().clone()).await, 404);
    let keys: Arc<dyn Keys> = Arc::new(key(MEMBERS[0]));
    let elsewhere = Sealer::new(MEMBERS[0], keys, Arc::new(net.nodes.clone()), (2, Address::ZERO));
    assert_eq!(send(sealed(&elsewhere, SEAT, 1).bytes().clone()).await, 403);
    assert!(inbox.try_take().is_none());
    assert!(metrics.refused(Refusal::Forged) > 0 && metrics.refused(Refusal::Replayed) > 0);
    net.stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn participants_hear_seats_and_each_other() {
    let (net, seat, seat_inbox, metrics, _) = serve_seat().await;
    let (first, first_inbox, _) = net.hub(MEMBERS[0]);
    let (second, second_inbox, _) = net.hub(MEMBERS[1]);
    tokio::spawn(listen(first.clone()));
    tokio::spawn(listen(second.clone()));
    while metrics.streams.get() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    HubOutlet(seat.clone()).send(MEMBERS[0], message(1));
    assert_eq!(received(&first_inbox).await, (SEAT, message(1)));
    HubOutlet(first.clone()).send(SEAT, message(2));
    assert_eq!(received(&seat_inbox).await, (MEMBERS[0], message(2)));
    // Through the seat that has the stream, whichever is tried first.
    for byte in 3..9 {
        HubOutlet(first.clone()).send(MEMBERS[1], message(byte));
        assert_eq!(received(&second_inbox).await, (MEMBERS[0], message(byte)));
    }
    first.close().await;
    second.close().await;
    while metrics.streams.get() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    HubOutlet(seat).send(MEMBERS[0], message(9));
    assert_eq!(metrics.refused(Refusal::NoStream), 1);
    net.stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_stream_ends_the_first() {
    let (net, _, _, metrics, endpoint) = serve_seat().await;
    let (client, sender) = (net.post(), sealer(MEMBERS[0], &net.nodes));
    let open =
        async || client.post(&endpoint, STREAM_PATH, sender.listen(SEAT).bytes().clone()).await;
    let first = open().await.unwrap();
    let second = open().await.unwrap();
    let body = http_body_util::BodyExt::collect(first.into_body());
    let ended = tokio::time::timeout(Duration::from_secs(5), body).await.unwrap();
    assert!(ended.unwrap().to_bytes().iter().all(|byte| *byte == 0));
    assert_eq!(metrics.streams.get(), 1);
    drop(second);
    // Asked for by a forger, or twice in the same words.
    let asks = sender.listen(SEAT).bytes().clone();
    let mut forged = asks.to_vec();
    forged[17] ^= 1;
    let again = async |bytes: Vec<u8>| {
        let done = client.post(&endpoint, STREAM_PATH, bytes.into()).await;
        done.err().map(|error| match error {
            RequestError::Refused(status, _) => status,
            error => panic!("{error}"),
        })
    };
    assert_eq!(again(forged).await, Some(StatusCode::NOT_FOUND));
    assert_eq!(again(asks.to_vec()).await, None);
    assert_eq!(again(asks.to_vec()).await, Some(StatusCode::CONFLICT));
    net.stop.cancel();
}
