//! What other nodes ask of an archive node.
//!
//! | request | body | answer |
//! |---|---|---|
//! | `POST /dle/v1/parcel` | a parcel for this node, or for a participant with a stream here | `202` |
//! | `POST /dle/v1/stream` | a parcel that asks for the sender's stream | `200`, and parcels, each after its length in 4 bytes; length 0 says that the stream is there |
//!
//! Refused: `400` no parcel, `403` not its sender's, `404` no stream of the recipient here, `409` late or seen before,
//! `411` no length, `413` too long, `503` too much at once.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request, State},
    response::{IntoResponse, Response},
    routing::post,
};
use bytes::{BufMut as _, Bytes, BytesMut};
use http::{StatusCode, header};
use http_body_util::{BodyExt as _, Limited};

use super::{
    Hub, PARCEL_PATH, STREAM_PATH,
    budget::Budget,
    parcel::{Kind, Parcel, ParcelError, Sealer},
    queue::Batch,
    streams::Stream,
};
use crate::metrics::Refusal;

#[derive(Debug, Clone)]
struct Office {
    hub: Arc<Hub>,
    budget: Budget,
}

/// The routes for other nodes. Whoever serves them says by `ConnectInfo<SocketAddr>` who asks, and bounds connections.
pub fn routes(hub: Arc<Hub>) -> Router {
    let budget = Budget::new(&hub.limits);
    Router::new()
        .route(PARCEL_PATH, post(take_parcel))
        .route(STREAM_PATH, post(open_stream))
        .with_state(Office { hub, budget })
}

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Parcel(#[from] ParcelError),
    #[error("expected a length, found none")]
    NoLength,
    #[error("expected at most {max} bytes, found {found}")]
    TooLong { max: usize, found: usize },
    #[error("expected a whole parcel in time, found a part of one")]
    Cut,
    #[error("expected fewer requests at once, found too many")]
    Busy,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::Parcel(ParcelError::Malformed) => StatusCode::BAD_REQUEST,
            Self::Parcel(ParcelError::Unknown { .. } | ParcelError::Forged { .. }) => {
                StatusCode::FORBIDDEN
            }
            Self::Parcel(ParcelError::NotOurs { .. }) => StatusCode::NOT_FOUND,
            Self::Parcel(ParcelError::Replayed { .. }) => StatusCode::CONFLICT,
            Self::Parcel(ParcelError::TooManySenders { .. }) | Self::Busy => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::NoLength => StatusCode::LENGTH_REQUIRED,
            Self::TooLong { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Cut => StatusCode::REQUEST_TIMEOUT,
        };
        (status, self.to_string()).into_response()
    }
}

impl Refused {
    const fn reason(&self) -> Refusal {
        match self {
            Self::Parcel(ParcelError::Malformed) => Refusal::Malformed,
            Self::Parcel(ParcelError::Unknown { .. } | ParcelError::Forged { .. }) => {
                Refusal::Forged
            }
            Self::Parcel(ParcelError::NotOurs { .. }) => Refusal::NoStream,
            Self::Parcel(ParcelError::Replayed { .. }) => Refusal::Replayed,
            Self::Parcel(ParcelError::TooManySenders { .. }) | Self::Busy => Refusal::Busy,
            Self::NoLength | Self::TooLong { .. } | Self::Cut => Refusal::Body,
        }
    }
}

async fn take_parcel(
    State(office): State<Office>,
    ConnectInfo(caller): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    match office.take(caller, request).await {
        Ok(()) => StatusCode::ACCEPTED.into_response(),
        Err(refused) => office.refuse(refused),
    }
}

async fn open_stream(
    State(office): State<Office>,
    ConnectInfo(caller): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    match office.open(caller, request).await {
        Ok(body) => ([(header::CONTENT_TYPE, "application/octet-stream")], body).into_response(),
        Err(refused) => office.refuse(refused),
    }
}

/// A participant's stream, as a body.
struct Pushed {
    stream: Stream,
    sealer: Sealer,
    keepalive: Duration,
    is_new: bool,
}

impl Pushed {
    async fn next(&mut self) -> Option<Bytes> {
        if std::mem::take(&mut self.is_new) {
            // So that the other side knows at once.
            return Some(Bytes::from_static(&[0; 4]));
        }
        match tokio::time::timeout(self.keepalive, self.stream.queue.next()).await {
            Err(_) => Some(Bytes::from_static(&[0; 4])),
            Ok(None) => None,
            Ok(Some(Batch::Passed(parcel))) => Some(framed(&parcel)),
            Ok(Some(Batch::Own(messages))) => {
                let parcel = self.sealer.seal(self.stream.node, &messages);
                Some(framed(parcel.bytes()))
            }
        }
    }
}

fn framed(parcel: &Bytes) -> Bytes {
    let mut frame = BytesMut::with_capacity(4 + parcel.len());
    frame.put_u32(u32::try_from(parcel.len()).unwrap_or(u32::MAX));
    frame.put_slice(parcel);
    frame.freeze()
}

impl Office {
    fn refuse(&self, refused: Refused) -> Response {
        self.hub.metrics.refuse(refused.reason());
        tracing::debug!(error = %refused, "a request is refused");
        refused.into_response()
    }

    async fn take(&self, caller: SocketAddr, request: Request) -> Result<(), Refused> {
        let parcel = self.read(caller, request).await?;
        if parcel.kind != Kind::Messages {
            return Err(ParcelError::Malformed.into());
        }
        let (hub, me) = (&self.hub, self.hub.sealer.me());
        if parcel.to == me {
            hub.admit(&parcel)?;
            return Ok(hub.take(&parcel)?);
        }
        // Before it is noted as seen: the sender tries the next seat with the same parcel, and this one later maybe.
        let not_ours = ParcelError::NotOurs { expected: me, found: parcel.to };
        let queue = hub.streams.queue(parcel.to).ok_or(not_ours)?;
        hub.admit(&parcel)?;
        for _ in 0..queue.pass(parcel.from, parcel.bytes().clone()) {
            hub.metrics.refuse(Refusal::OutboxFull);
        }
        Ok(())
    }

    async fn open(&self, caller: SocketAddr, request: Request) -> Result<Body, Refused> {
        let parcel = self.read(caller, request).await?;
        let (hub, me) = (&self.hub, self.hub.sealer.me());
        if parcel.kind != Kind::Listen {
            return Err(ParcelError::Malformed.into());
        }
        if parcel.to != me {
            return Err(ParcelError::NotOurs { expected: me, found: parcel.to }.into());
        }
        hub.admit(&parcel)?;
        let stream = hub.streams.begin(parcel.from).ok_or(Refused::Busy)?;
        tracing::debug!(node = stream.node.0, "a participant listens");
        let keepalive = Duration::from_millis(hub.limits.keepalive_ms);
        let pushed = Pushed { stream, sealer: hub.sealer.clone(), keepalive, is_new: true };
        let frames = futures_util::stream::unfold(pushed, |mut pushed| async move {
            let frame = pushed.next().await?;
            Some((Ok::<_, std::convert::Infallible>(frame), pushed))
        });
        Ok(Body::from_stream(frames))
    }

    /// Reads a parcel: bounded in length, in time, and in what all of them take together.
    async fn read(&self, caller: SocketAddr, request: Request) -> Result<Parcel, Refused> {
        let length = request.headers().get(header::CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        let (max, found) = (self.hub.limits.parcel_bytes_max, length.ok_or(Refused::NoLength)?);
        if found > max {
            return Err(Refused::TooLong { max, found });
        }
        let _reserved = self.budget.reserve(caller.ip(), found).ok_or(Refused::Busy)?;
        let body = Limited::new(request.into_body(), found).collect();
        let body =
            tokio::time::timeout(Duration::from_millis(self.hub.limits.body_ms_max), body).await;
        let body = body.ok().and_then(Result::ok).ok_or(Refused::Cut)?;
        Ok(Parcel::parse(body.to_bytes())?)
    }
}
