//! The public port: one HTTP/1.1 server that looks like an ordinary web site.
//!
//! | request | who sends it | answer |
//! |---|---|---|
//! | `POST /post` | open profile: anybody with OpenPGP and HTTP | `200 stored`, or a status and its reason |
//! | profile's method and envelope path | our clients | a sealed answer, or `text/event-stream` of sealed cells |
//! | profile's method and peer path | other nodes | handshake, sealed answer, or a stream of cells |
//! | below [`MOUNT`] | whoever the mounted part is for | what that answers; without one, the site's error page |
//! | `GET /`, `HEAD /` | anybody | the site's page |
//! | anything else, and whatever does not open | anybody | the site's error page |
//!
//! Concurrency: a connection carries one request at a time. Connections are
//! limited in all and per address; bodies under way share a budget of bytes; a
//! connection that sends nothing is closed. A stream ends when its connection does.

mod body;
mod envelope;
mod open;
mod peer;
mod site;

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use axum::extract::ConnectInfo;
use bytes::Bytes;
use conet_chain::Directory;
use conet_serve::Handler;
use conet_wire::veil::{ReplayWindow, TransportSecret, WebProfile};
use http_body_util::{Either, Full, combinators::UnsyncBoxBody};
use hyper::{HeaderMap, Method, Request, Response, body::Incoming, header};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::{
    metrics::{Metrics, Refusal},
    relay::Router,
};

/// Limits of the public port.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerLimits {
    /// Connections open at once.
    pub connections_max: usize,
    /// Connections open at once from one address.
    pub connections_per_address_max: usize,
    /// Headers of one request.
    pub headers_max: usize,
    /// Bytes of one connection's read buffer.
    pub read_buffer_bytes_max: usize,
    /// How long a connection may take for a request's head, or be idle, seconds.
    pub head_seconds_max: u64,
    /// How long a body may take, seconds.
    pub body_seconds_max: u64,
    /// How long the other side may not read what is sent to it, seconds.
    pub write_seconds_max: u64,
    /// Bytes of all bodies under way.
    pub bodies_bytes_max: usize,
    /// Envelopes and handshakes remembered against repetition.
    pub replay_entries_max: usize,
    /// How long open requests may go on after the node was told to stop, seconds.
    pub shutdown_seconds_max: u64,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections_max: 65_536,
            connections_per_address_max: 4_096,
            headers_max: 64,
            read_buffer_bytes_max: 16 << 10,
            head_seconds_max: 75,
            body_seconds_max: 30,
            write_seconds_max: 60,
            bodies_bytes_max: 512 << 20,
            replay_entries_max: 1 << 20,
            shutdown_seconds_max: 10,
        }
    }
}

impl ServerLimits {
    /// Those of connections.
    #[must_use]
    pub const fn connections(&self) -> conet_serve::Limits {
        conet_serve::Limits {
            connections_max: self.connections_max,
            connections_per_address_max: self.connections_per_address_max,
            headers_max: self.headers_max,
            read_buffer_bytes_max: self.read_buffer_bytes_max,
            head_max: Duration::from_secs(self.head_seconds_max),
            write_max: Duration::from_secs(self.write_seconds_max),
            shutdown_max: Duration::from_secs(self.shutdown_seconds_max),
        }
    }
}

/// Where the ledgers' part of the program is mounted.
pub const MOUNT: &str = "/dle/";

/// The body of a response.
pub(crate) type ResponseBody = Either<Full<Bytes>, UnsyncBoxBody<Bytes, Infallible>>;

/// The same, or a mounted part's.
type AnyBody = Either<ResponseBody, axum::body::Body>;

/// What every connection shares.
#[derive(Debug)]
pub struct Server {
    pub(crate) identity: TransportSecret,
    pub(crate) chain_id: u64,
    pub(crate) profile: WebProfile,
    headers: HeaderMap,
    /// Whether `POST /post` is served.
    pub(crate) open_profile: bool,
    pub(crate) limits: ServerLimits,
    pub(crate) router: Router,
    pub(crate) directory: Directory,
    pub(crate) replays: std::sync::Mutex<ReplayWindow>,
    pub(crate) bodies: Arc<Semaphore>,
    pub(crate) metrics: Metrics,
    mounted: Option<axum::Router>,
    /// Ends the streams that this node relays.
    pub(crate) stop: CancellationToken,
}

impl Handler for Server {
    type Body = AnyBody;
    type Connection = peer::PeerState;

    // As ordinary web servers write them.
    const TITLE_CASE: bool = true;

    async fn answer(
        &self,
        mut request: Request<Incoming>,
        from: SocketAddr,
        connection: &Arc<peer::PeerState>,
    ) -> Response<AnyBody> {
        match &self.mounted {
            Some(mounted) if request.uri().path().starts_with(MOUNT) => {
                request.extensions_mut().insert(ConnectInfo(from));
                // A router never fails, and is always ready.
                let Ok(answer) = mounted.clone().oneshot(request).await;
                answer.map(Either::Right)
            }
            _ => self.answer_as_site(request, connection).await.map(Either::Left),
        }
    }

    fn open(&self, connections: usize) {
        self.metrics.connections.set(i64::try_from(connections).unwrap_or(i64::MAX));
    }

    fn refused(&self) {
        self.metrics.refuse(Refusal::Connections);
    }
}

impl Server {
    /// A server for one node.
    #[must_use]
    #[allow(clippy::too_many_arguments, reason = "each is a part of its own")]
    pub fn new(
        identity: TransportSecret,
        chain_id: u64,
        open_profile: bool,
        limits: ServerLimits,
        router: Router,
        directory: Directory,
        metrics: Metrics,
        mounted: Option<axum::Router>,
        stop: CancellationToken,
    ) -> Self {
        let profile = WebProfile::derive(&identity.public());
        Self {
            headers: site::headers(&profile),
            profile,
            identity,
            chain_id,
            open_profile,
            replays: std::sync::Mutex::new(ReplayWindow::new(limits.replay_entries_max)),
            bodies: body::budget(&limits),
            limits,
            router,
            directory,
            metrics,
            mounted,
            stop,
        }
    }

    async fn answer_as_site(
        &self,
        request: Request<Incoming>,
        connection: &peer::PeerState,
    ) -> Response<ResponseBody> {
        if !request.headers().contains_key(header::HOST) {
            // As any web server says of an HTTP/1.1 request.
            return self.bad_request();
        }
        let path = request.uri().path();
        let by_profile = request.method().as_str() == self.profile.method;
        if by_profile && path == self.profile.envelope_path {
            self.envelope(request).await
        } else if by_profile && path == self.profile.peer_path {
            self.peer(request, connection).await
        } else if self.open_profile && request.method() == Method::POST && path == "/post" {
            self.open_post(request).await
        } else {
            self.site(request.method(), path)
        }
    }
}
