//! What other nodes ask of an archive node.
//!
//! | request | body | answer |
//! |---|---|---|
//! | `POST /dle/v1/parcel` | a parcel for this node, or for a participant with a stream here | `202` |
//! | `POST /dle/v1/stream` | a parcel that asks for the sender's stream | `200`, and parcels, each after its length in 4 bytes; length 0 says that the stream is there |
//!
//! Refused: `400` no parcel, `403` not its sender's, `404` no stream of the recipient here, `409` late or seen before,
//! `411` no length, `413` too long, `503` too much at once.

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::{
    Extension, Router,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::post,
};
use bytes::{BufMut as _, Bytes, BytesMut};
use http::{StatusCode, header};
use http_body_util::{BodyExt as _, Limited};

use super::{
    Hub, PARCEL_PATH, STREAM_PATH, ServerLimits,
    budget::Budget,
    parcel::{Kind, Parcel, ParcelError, Sealer},
    queue::Batch,
    streams::Stream,
};
use crate::metrics::Refusal;

/// From where a request came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller(pub(crate) IpAddr);

#[derive(Debug, Clone)]
struct Office {
    hub: Arc<Hub>,
    budget: Budget,
    body_seconds_max: u64,
}

/// The routes for other nodes.
pub fn routes(hub: Arc<Hub>, limits: &ServerLimits) -> Router {
    let (budget, body_seconds_max) = (Budget::new(limits), limits.body_seconds_max);
    Router::new()
        .route(PARCEL_PATH, post(take_parcel))
        .route(STREAM_PATH, post(open_stream))
        .with_state(Office { hub, budget, body_seconds_max })
}

impl IntoResponse for ParcelError {
    fn into_response(self) -> Response {
        let status = match self {
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::Unknown { .. } | Self::Forged { .. } => StatusCode::FORBIDDEN,
            Self::NotOurs { .. } => StatusCode::NOT_FOUND,
            Self::Replayed { .. } => StatusCode::CONFLICT,
            Self::TooManySenders { .. } => StatusCode::SERVICE_UNAVAILABLE,
        };
        (status, self.to_string()).into_response()
    }
}

async fn take_parcel(
    State(office): State<Office>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<StatusCode, Response> {
    let parcel = office.read(caller, request).await?;
    if parcel.kind != Kind::Messages {
        return Err(ParcelError::Malformed.into_response());
    }
    let (hub, me) = (&office.hub, office.hub.sealer.me());
    if parcel.to == me {
        office.admit(&parcel)?;
        hub.take(&parcel).map_err(|error| {
            hub.metrics.refuse(Refusal::Malformed);
            error.into_response()
        })?;
        return Ok(StatusCode::ACCEPTED);
    }
    // Before it is noted as seen: the sender tries the next seat with the same parcel, and this one later maybe.
    let Some(queue) = hub.streams.queue(parcel.to) else {
        hub.metrics.refuse(Refusal::NoStream);
        return Err(ParcelError::NotOurs { expected: me, found: parcel.to }.into_response());
    };
    office.admit(&parcel)?;
    for _ in 0..queue.pass(parcel.from, parcel.bytes().clone()) {
        hub.metrics.refuse(Refusal::OutboxFull);
    }
    Ok(StatusCode::ACCEPTED)
}

async fn open_stream(
    State(office): State<Office>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Response> {
    let parcel = office.read(caller, request).await?;
    let (hub, me) = (&office.hub, office.hub.sealer.me());
    if parcel.kind != Kind::Listen {
        return Err(ParcelError::Malformed.into_response());
    }
    if parcel.to != me {
        return Err(ParcelError::NotOurs { expected: me, found: parcel.to }.into_response());
    }
    office.admit(&parcel)?;
    let stream = hub.streams.begin(parcel.from).ok_or_else(|| {
        hub.metrics.refuse(Refusal::Busy);
        (StatusCode::SERVICE_UNAVAILABLE, "too many streams are open").into_response()
    })?;
    tracing::debug!(node = stream.node.0, "a participant listens");
    let keepalive = Duration::from_millis(hub.limits.keepalive_ms);
    let pushed = Pushed { stream, sealer: hub.sealer.clone(), keepalive, is_new: true };
    let frames = futures_util::stream::unfold(pushed, |mut pushed| async move {
        let frame = pushed.next().await?;
        Some((Ok::<_, std::convert::Infallible>(frame), pushed))
    });
    let content_type = [(header::CONTENT_TYPE, "application/octet-stream")];
    Ok((content_type, Body::from_stream(frames)).into_response())
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
    fn admit(&self, parcel: &Parcel) -> Result<(), Response> {
        self.hub.admit(parcel).map_err(|error| {
            let reason = match error {
                ParcelError::Replayed { .. } => Refusal::Replayed,
                ParcelError::TooManySenders { .. } => Refusal::Busy,
                _ => Refusal::Forged,
            };
            self.hub.metrics.refuse(reason);
            tracing::debug!(%error, "a parcel is refused");
            error.into_response()
        })
    }

    /// Reads a parcel: bounded in length, in time, and in what all of them take together.
    async fn read(&self, caller: Caller, request: Request) -> Result<Parcel, Response> {
        let refuse = |status: StatusCode, why: &'static str| {
            self.hub.metrics.refuse(Refusal::Body);
            (status, why).into_response()
        };
        let length = request.headers().get(header::CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        let length =
            length.ok_or_else(|| refuse(StatusCode::LENGTH_REQUIRED, "expected a length"))?;
        if length > self.hub.limits.parcel_bytes_max {
            return Err(refuse(StatusCode::PAYLOAD_TOO_LARGE, "expected a shorter parcel"));
        }
        let busy = || refuse(StatusCode::SERVICE_UNAVAILABLE, "too much is under way");
        let _reserved = self.budget.reserve(caller.0, length).ok_or_else(busy)?;
        let body = Limited::new(request.into_body(), length).collect();
        let patience = Duration::from_secs(self.body_seconds_max);
        let body = tokio::time::timeout(patience, body).await;
        let body = body.ok().and_then(Result::ok);
        let body =
            body.ok_or_else(|| refuse(StatusCode::REQUEST_TIMEOUT, "expected a whole parcel"))?;
        Parcel::parse(body.to_bytes()).map_err(|error| {
            self.hub.metrics.refuse(Refusal::Malformed);
            error.into_response()
        })
    }
}
