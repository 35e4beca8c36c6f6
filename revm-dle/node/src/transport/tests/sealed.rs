//! Parcels that come sealed: by relay in all but the relays, which `tests/tests/by_relay.rs` has.

use conet_wire::{
    ledgers::{LedgerRequest, PART_BYTES, Part},
    parcel::Status,
    session::SessionSecret,
};
use futures_util::{FutureExt as _, StreamExt as _, future::BoxFuture};

use super::*;

/// What a relay would carry, byte for byte, straight to the seat.
#[derive(Debug)]
struct ToOffice(SealedOffice);

impl Relays for ToOffice {
    fn request<'a>(
        &'a self,
        to: ToSeat<'a>,
        request: LedgerRequest<'a>,
    ) -> BoxFuture<'a, Result<(), RequestError>> {
        async move {
            if to.seat != SEAT {
                return Err(RequestError::NoAnswer("it is nowhere to be found".into()));
            }
            let bytes = request.encode();
            let taken = self.0.take(&LedgerRequest::decode(&bytes).unwrap());
            taken.map_err(|(status, reason)| RequestError::refused(status, reason))
        }
        .boxed()
    }

    fn stream<'a>(
        &'a self,
        _: ToSeat<'a>,
        asks: &'a [u8],
    ) -> BoxFuture<'a, Result<Pieces, RequestError>> {
        let opened = self.0.stream(asks);
        let opened = opened.map_err(|(status, reason)| RequestError::refused(status, reason));
        async move { Ok(opened?.map(Ok).boxed()) }.boxed()
    }
}

/// A seat, and two participants who have no connection to it.
fn net() -> (Net, Arc<Hub>, Arc<Inbox>, Metrics) {
    let mut net = Net::new("127.0.0.1:1".parse().unwrap());
    net.limits.parcel_bytes_max = 4 << 20;
    let (seat, inbox, metrics) = net.hub(SEAT);
    (net, seat, inbox, metrics)
}

fn sealed_hub(net: &Net, seat: &Arc<Hub>, node: NodeId) -> (Arc<Hub>, Arc<Inbox>, Metrics) {
    net.hub_by(node, Some(Box::new(ToOffice(SealedOffice::new(seat.clone())))))
}

#[tokio::test(flavor = "multi_thread")]
async fn participants_by_relay_hear_seats_and_each_other() {
    let (net, seat, seat_inbox, metrics) = net();
    let (first, first_inbox, first_metrics) = sealed_hub(&net, &seat, MEMBERS[0]);
    let (second, second_inbox, _) = sealed_hub(&net, &seat, MEMBERS[1]);
    assert!(first.is_by_relay() && !seat.is_by_relay());
    tokio::spawn(listen(first.clone()));
    tokio::spawn(listen(second.clone()));
    while metrics.streams.get() < 2 || first_metrics.seats_heard.get() < 1 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    HubOutlet(seat.clone()).send(MEMBERS[0], message(1));
    assert_eq!(received(&first_inbox).await, (SEAT, message(1)));
    HubOutlet(first.clone()).send(SEAT, message(2));
    assert_eq!(received(&seat_inbox).await, (MEMBERS[0], message(2)));
    for byte in 3..9 {
        HubOutlet(first.clone()).send(MEMBERS[1], message(byte));
        assert_eq!(received(&second_inbox).await, (MEMBERS[0], message(byte)));
    }
    // Its stream, and the one that takes its place.
    let office = SealedOffice::new(seat.clone());
    let asks = sealer(MEMBERS[0], &net.nodes).listen(SEAT);
    assert!(office.stream(asks.bytes()).is_ok());
    let again = office.stream(asks.bytes()).map(|_| ()).unwrap_err();
    assert_eq!(again.0, Status::Replayed);
    first.close().await;
    second.close().await;
    while metrics.streams.get() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(first_metrics.seats_heard.get(), 0);
}

#[tokio::test]
async fn streams_are_as_few_and_as_much_their_senders_as_direct_ones() {
    let (mut net, ..) = net();
    net.limits.streams_max = 1;
    let (seat, _, metrics) = net.hub(SEAT);
    let office = SealedOffice::new(seat);
    let asks = |node| sealer(node, &net.nodes).listen(SEAT).bytes().clone();
    let refused = |bytes: &[u8]| office.stream(bytes).map(|_| ()).unwrap_err().0;
    let mut first = office.stream(&asks(MEMBERS[0])).unwrap();
    assert_eq!(first.next().await.unwrap()[..], [0; 4]);
    assert_eq!(refused(&asks(MEMBERS[1])), Status::Busy);
    let second = office.stream(&asks(MEMBERS[0])).unwrap();
    assert!(first.next().await.is_none(), "the first goes on");
    drop(second);
    assert_eq!(metrics.streams.get(), 0);
    let mut forged = asks(MEMBERS[0]).to_vec();
    forged[30] ^= 1;
    assert_eq!(refused(&forged), Status::BadSignature);
    assert_eq!(refused(&asks(MEMBERS[0])[..80]), Status::Malformed);
    assert_eq!(
        refused(sealed(&sealer(MEMBERS[0], &net.nodes), SEAT, 1).bytes()),
        Status::Malformed
    );
    let elsewhere = sealer(MEMBERS[0], &net.nodes).listen(OTHER_SEAT);
    assert_eq!(refused(elsewhere.bytes()), Status::NotConnected);
}

/// A parcel of three parts.
fn long(sender: &Sealer, to: NodeId) -> Parcel {
    let one = encode(&message(7), 1_000).unwrap();
    let count = PART_BYTES * 5 / 2 / (one.len() + 4);
    sender.seal(to, &vec![one; count])
}

#[tokio::test]
async fn a_long_parcel_goes_in_parts_and_counts_once() {
    let (net, seat, inbox, _) = net();
    let (first, ..) = sealed_hub(&net, &seat, MEMBERS[0]);
    let parcel = long(&sealer(MEMBERS[0], &net.nodes), SEAT);
    first.post(SEAT, parcel.bytes().clone()).await.unwrap();
    assert_eq!(inbox.try_take(), Some((MEMBERS[0], message(7))));
    let again = first.post(SEAT, parcel.bytes().clone()).await;
    assert_eq!(status(again), 409);
    // For somebody who does not listen here: refused with its first part.
    let passed = long(&sealer(MEMBERS[0], &net.nodes), MEMBERS[1]);
    assert_eq!(status(first.post(SEAT, passed.bytes().clone()).await), 404);
    let mut stream = SealedOffice::new(seat.clone())
        .stream(sealer(MEMBERS[1], &net.nodes).listen(SEAT).bytes())
        .unwrap();
    first.post(SEAT, passed.bytes().clone()).await.unwrap();
    let _ = stream.next().await;
    assert_eq!(stream.next().await.unwrap()[4..], passed.bytes()[..]);
}

#[tokio::test]
async fn parts_need_their_senders_signature() {
    let (net, seat, inbox, metrics) = net();
    let office = SealedOffice::new(seat);
    let parcel = long(&sealer(MEMBERS[0], &net.nodes), SEAT);
    let (head, contents) = parcel.bytes().split_at(HEAD_LEN);
    let length = u32::try_from(contents.len()).unwrap();
    let mut proof = [0; conet_wire::ledgers::PROOF_LEN];
    proof[..HEAD_LEN].copy_from_slice(head);
    proof[HEAD_LEN..].copy_from_slice(contents_hash(contents).as_slice());
    let send = |proof: &[u8; 122], index: u32, bytes: &[u8]| {
        let part = Part { proof, length, index, bytes };
        office.take(&LedgerRequest::Part(part)).map_err(|(status, _)| status)
    };
    let parts: Vec<_> = contents.chunks(PART_BYTES).collect();
    for (at, expected) in [
        (0, Status::Malformed),
        (1, Status::Malformed),
        (17, Status::NotConnected),
        (40, Status::BadSignature),
        (100, Status::BadSignature),
    ] {
        let mut forged = proof;
        forged[at] ^= 1;
        assert_eq!(send(&forged, 0, parts[0]), Err(expected), "byte {at}");
    }
    // Out of their order, and one of them twice.
    for index in [2, 0, 0] {
        assert_eq!(send(&proof, index, parts[index as usize]), Ok(()));
        assert!(inbox.try_take().is_none());
    }
    assert_eq!(send(&proof, 1, parts[1]), Ok(()));
    assert_eq!(inbox.try_take(), Some((MEMBERS[0], message(7))));
    assert_eq!(send(&proof, 0, parts[0]), Err(Status::Replayed));
    // Contents that are not those of the hash.
    let other = long(&sealer(MEMBERS[0], &net.nodes), SEAT);

    proof[..HEAD_LEN].copy_from_slice(&other.bytes()[..HEAD_LEN]);
    let wrong = vec![0; PART_BYTES];
    assert_eq!(send(&proof, 0, &wrong), Ok(()));
    assert_eq!(send(&proof, 1, parts[1]), Ok(()));
    assert_eq!(send(&proof, 2, parts[2]), Err(Status::BadSignature));
    assert!(metrics.refused(Refusal::Forged) > 0);
    // A stream is asked for otherwise.
    let asks = LedgerRequest::Stream { secret: SessionSecret::new([1; 32]), parcel: b"" };
    assert_eq!(office.take(&asks).unwrap_err().0, Status::Malformed);
}
