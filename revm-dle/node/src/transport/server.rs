//! What other nodes ask of an archive node by a connection of their own.
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
use futures_util::StreamExt as _;
use http::{StatusCode, header};
use http_body_util::{BodyExt as _, Limited};

use super::{
    Hub, PARCEL_PATH, STREAM_PATH,
    budget::Budget,
    office::{Frames, Refused},
    parcel::Parcel,
};

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

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.status(), self.to_string()).into_response()
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
        Ok(frames) => {
            let body = Body::from_stream(frames.map(Ok::<_, std::convert::Infallible>));
            ([(header::CONTENT_TYPE, "application/octet-stream")], body).into_response()
        }
        Err(refused) => office.refuse(refused),
    }
}

impl Office {
    fn refuse(&self, refused: Refused) -> Response {
        self.hub.note(&refused);
        refused.into_response()
    }

    async fn take(&self, caller: SocketAddr, request: Request) -> Result<(), Refused> {
        self.hub.deliver(&self.read(caller, request).await?)
    }

    async fn open(&self, caller: SocketAddr, request: Request) -> Result<Frames, Refused> {
        self.hub.open(&self.read(caller, request).await?)
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
