//! The two ways to a seat: a connection of one's own, or through the stealth internet's relays.
//!
//! By relay a seat sees a relay's address, and a relay an envelope for a node, as `docs/protocol.md` has it: neither can
//! tell which participant is at which address. Parcels are the same by both ways. Those that are longer than an envelope
//! takes go in parts, which the seat [puts together](super::parts).

use std::fmt::Debug;

use bytes::Bytes;
use conet_committee::keys::NodeId;
use conet_wire::{
    ledgers::{LedgerRequest, PART_BYTES, PROOF_LEN, Part, WHOLE_BYTES_MAX},
    parcel::Status,
};
use futures_util::{StreamExt as _, TryStreamExt as _, future::BoxFuture, stream::BoxStream};
use http::StatusCode;
use http_body_util::BodyExt as _;

use super::{
    Hub, STREAM_PATH, TransportLimits,
    client::{Client, RequestError},
    parcel::{HEAD_LEN, contents_hash},
};
use crate::registry::NodeMap;

/// Parts of one parcel that are under way at once.
const PARTS_AT_ONCE: usize = 4;

/// Room for the messages' lengths and the head in the longest parcel that goes in one piece.
const PARCEL_ROOM: usize = 16 << 10;

/// A seat's stream of parcels, in pieces as they come.
pub type Pieces = BoxStream<'static, Result<Bytes, RequestError>>;

/// A seat, and all seats: none of them is to see whose connection it is.
#[derive(Debug, Clone, Copy)]
pub struct ToSeat<'a> {
    /// The seat.
    pub seat: NodeId,
    /// All of the groups that the participant follows.
    pub seats: &'a [NodeId],
}

/// Carries requests to seats through relays: the program that has both, the ledgers and the stealth internet, joins them.
pub trait Relays: Debug + Send + Sync {
    /// Hands a request over, and waits until the seat has taken it.
    fn request<'a>(
        &'a self,
        to: ToSeat<'a>,
        request: LedgerRequest<'a>,
    ) -> BoxFuture<'a, Result<(), RequestError>>;

    /// Opens the stream that a parcel asks for.
    fn stream<'a>(
        &'a self,
        to: ToSeat<'a>,
        asks: &'a [u8],
    ) -> BoxFuture<'a, Result<Pieces, RequestError>>;
}

/// How a node reaches seats.
#[derive(Debug)]
pub(crate) enum Way {
    /// A connection to each.
    Direct(Client, NodeMap),
    /// Through relays.
    ByRelay(Box<dyn Relays>),
}

impl Way {
    pub(crate) fn new(
        limits: &TransportLimits,
        nodes: &NodeMap,
        relays: Option<Box<dyn Relays>>,
    ) -> Self {
        match relays {
            Some(relays) => Self::ByRelay(relays),
            None => Self::Direct(Client::new(limits), nodes.clone()),
        }
    }

    /// The limits as this way has them: what can go in one piece should.
    pub(crate) fn limits(&self, mut limits: TransportLimits) -> TransportLimits {
        if matches!(self, Self::ByRelay(_)) {
            let most = WHOLE_BYTES_MAX - PARCEL_ROOM;
            limits.parcel_bytes_aimed = limits.parcel_bytes_aimed.min(most);
        }
        limits
    }

    async fn parcel(&self, to: ToSeat<'_>, parcel: Bytes) -> Result<(), RequestError> {
        match self {
            Self::Direct(client, nodes) => client.parcel(&endpoint(nodes, to.seat)?, parcel).await,
            Self::ByRelay(relays) if parcel.len() <= WHOLE_BYTES_MAX => {
                relays.request(to, LedgerRequest::Parcel(&parcel)).await
            }
            Self::ByRelay(relays) => in_parts(relays.as_ref(), to, &parcel).await,
        }
    }

    async fn stream(&self, to: ToSeat<'_>, asks: Bytes) -> Result<Pieces, RequestError> {
        match self {
            Self::ByRelay(relays) => relays.stream(to, &asks).await,
            Self::Direct(client, nodes) => {
                let response = client.post(&endpoint(nodes, to.seat)?, STREAM_PATH, asks).await?;
                let pieces = response.into_body().into_data_stream();
                Ok(pieces.map_err(|error| RequestError::NoAnswer(error.to_string())).boxed())
            }
        }
    }
}

fn endpoint(nodes: &NodeMap, seat: NodeId) -> Result<String, RequestError> {
    nodes.endpoint(seat).ok_or_else(|| RequestError::Endpoint(format!("none of {seat}")))
}

async fn in_parts(relays: &dyn Relays, to: ToSeat<'_>, parcel: &[u8]) -> Result<(), RequestError> {
    let (head, contents) = parcel.split_at(HEAD_LEN.min(parcel.len()));
    let mut proof = [0; PROOF_LEN];
    let (of_head, of_hash) = proof.split_at_mut(HEAD_LEN);
    of_head.copy_from_slice(head);
    of_hash.copy_from_slice(contents_hash(contents).as_slice());
    let length = u32::try_from(contents.len()).unwrap_or(u32::MAX);
    let proof = &proof;
    let parts = (0..).zip(contents.chunks(PART_BYTES)).map(|(index, bytes)| {
        relays.request(to, LedgerRequest::Part(Part { proof, length, index, bytes }))
    });
    let parts: Vec<_> = parts.collect();
    futures_util::stream::iter(parts).buffer_unordered(PARTS_AT_ONCE).try_collect().await
}

impl Hub {
    /// Posts a parcel to a seat, and waits until it is taken.
    pub(super) async fn post(&self, seat: NodeId, parcel: Bytes) -> Result<(), RequestError> {
        let seats = self.sitting.all_seats();
        self.to_seats.parcel(ToSeat { seat, seats: &seats }, parcel).await
    }

    /// Opens this participant's stream at a seat.
    pub(super) async fn hear(&self, seat: NodeId) -> Result<Pieces, RequestError> {
        let asks = self.sealer.listen(seat).bytes().clone();
        let seats = self.sitting.all_seats();
        self.to_seats.stream(ToSeat { seat, seats: &seats }, asks).await
    }

    /// Whether it reaches seats through relays.
    pub(crate) const fn is_by_relay(&self) -> bool {
        matches!(self.to_seats, Way::ByRelay(_))
    }
}

/// A seat's refusal in HTTP, and sealed.
const REFUSALS: [(StatusCode, Status); 7] = [
    (StatusCode::BAD_REQUEST, Status::Malformed),
    (StatusCode::PAYLOAD_TOO_LARGE, Status::Malformed),
    (StatusCode::FORBIDDEN, Status::BadSignature),
    (StatusCode::NOT_FOUND, Status::NotConnected),
    (StatusCode::CONFLICT, Status::Replayed),
    (StatusCode::SERVICE_UNAVAILABLE, Status::Busy),
    (StatusCode::MISDIRECTED_REQUEST, Status::WrongAddressee),
];

/// What a seat refuses with, when it answers sealed.
pub(super) fn sealed_status(status: StatusCode) -> Status {
    let found = REFUSALS.iter().find(|(known, _)| *known == status);
    found.map_or(Status::Unavailable, |(_, sealed)| *sealed)
}

impl RequestError {
    /// A seat's sealed refusal.
    #[must_use]
    pub fn refused(status: Status, reason: String) -> Self {
        let found = REFUSALS.iter().find(|(_, known)| *known == status);
        Self::Refused(found.map_or(StatusCode::BAD_GATEWAY, |(http, _)| *http), reason)
    }
}
