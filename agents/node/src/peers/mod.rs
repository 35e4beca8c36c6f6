//! Sessions with other nodes: a pool of connections per node, each with its own
//! Noise session, used for one request at a time.
//!
//! A connection lives at most an hour or until its session has carried its
//! records, so a seized key opens little, and a message costs one AEAD instead
//! of a key exchange. A stream keeps its connection for itself.

mod connection;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use conet_chain::NodeEntry;
use conet_wire::{
    relay::RelayStatus,
    veil::{
        TransportPublic, TransportSecret,
        peer::{FrameError, PeerError, RequestHead},
    },
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use connection::Connection;
pub use connection::{Content, RemoteCells};

/// Limits of sessions with other nodes.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PeerLimits {
    /// Messages under way to one node at once.
    pub requests_per_node_max: usize,
    /// Streams open to one node at once.
    pub streams_per_node_max: usize,
    /// Idle connections kept to one node.
    pub idle_per_node_max: usize,
    /// How long an idle connection is kept, seconds.
    pub idle_seconds_max: u64,
    /// How long a session lives, seconds.
    pub session_seconds_max: u64,
    /// How long connecting, and each handshake, may take, milliseconds.
    pub connect_milliseconds_max: u64,
    /// How long an answer may take, seconds.
    pub answer_seconds_max: u64,
    /// How long a stream may be silent, seconds: agents send a cell every 15.
    pub stream_silence_seconds_max: u64,
}

impl Default for PeerLimits {
    fn default() -> Self {
        Self {
            requests_per_node_max: 512,
            streams_per_node_max: 50_000,
            idle_per_node_max: 64,
            idle_seconds_max: 45,
            session_seconds_max: 3600,
            connect_milliseconds_max: 5_000,
            answer_seconds_max: 60,
            stream_silence_seconds_max: 60,
        }
    }
}

/// Why a node could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum PeerRequestError {
    /// Too much is under way to this node.
    #[error("{max} requests are under way to this node already")]
    Busy {
        /// The limit that was met.
        max: usize,
    },
    /// None of its endpoints takes a connection.
    #[error("the node cannot be reached: {0}")]
    Unreachable(String),
    /// The connection broke after the request was sent: it may have taken effect.
    #[error("the node did not answer: {0}")]
    NoAnswer(String),
    /// No Noise session.
    #[error("no session with the node: {0}")]
    Handshake(#[from] PeerError),
    /// A frame does not open or does not fit.
    #[error("the session with the node broke: {0}")]
    Frame(#[from] FrameError),
}

impl PeerRequestError {
    /// What the relay says of it.
    #[must_use]
    pub const fn status(&self) -> RelayStatus {
        match self {
            Self::Busy { .. } => RelayStatus::Busy,
            _ => RelayStatus::Unreachable,
        }
    }
}

/// An answer of another node.
#[derive(Debug)]
pub struct PeerAnswer {
    /// What it says of the message.
    pub status: u8,
    /// The sealed answer, or a reason.
    pub body: Vec<u8>,
}

/// All sessions that this node opened.
#[derive(Debug)]
pub struct Peers {
    identity: TransportSecret,
    chain_id: u64,
    limits: PeerLimits,
    nodes: Mutex<HashMap<TransportPublic, Arc<Peer>>>,
}

#[derive(Debug)]
struct Peer {
    idle: Mutex<Vec<Connection>>,
    requests: Arc<Semaphore>,
    streams: Arc<Semaphore>,
}

impl Peers {
    /// No session yet.
    #[must_use]
    pub fn new(identity: TransportSecret, chain_id: u64, limits: PeerLimits) -> Self {
        Self { identity, chain_id, limits, nodes: Mutex::default() }
    }

    fn peer(&self, node: &NodeEntry) -> Arc<Peer> {
        let mut nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        let peer = nodes.entry(node.node.transport_key()).or_insert_with(|| {
            Arc::new(Peer {
                idle: Mutex::default(),
                requests: Arc::new(Semaphore::new(self.limits.requests_per_node_max)),
                streams: Arc::new(Semaphore::new(self.limits.streams_per_node_max)),
            })
        });
        Arc::clone(peer)
    }

    /// Sends a message and waits for the answer.
    ///
    /// An idle connection that turns out to be closed is replaced once, unless the
    /// content comes as a stream, which can be read only once.
    ///
    /// # Errors
    /// [`PeerRequestError`].
    pub async fn request(
        &self,
        node: &NodeEntry,
        head: RequestHead,
        content: Content,
    ) -> Result<PeerAnswer, PeerRequestError> {
        let peer = self.peer(node);
        let max = self.limits.requests_per_node_max;
        let _permit = permit(&peer.requests, max)?;
        if let Some(mut connection) = self.take_idle(&peer)
            && let Content::Whole(n2) = &content
        {
            match self.exchange(&mut connection, head, Content::Whole(n2.clone())).await {
                Ok(answer) => {
                    self.put_idle(&peer, connection);
                    return Ok(answer);
                }
                Err(error) if connection.was_closed() => {
                    tracing::debug!(%error, "an idle connection was closed; opening another");
                }
                Err(error) => return Err(error),
            }
        }
        let mut connection = self.connect(node).await?;
        let answer = self.exchange(&mut connection, head, content).await?;
        self.put_idle(&peer, connection);
        Ok(answer)
    }

    async fn exchange(
        &self,
        connection: &mut Connection,
        head: RequestHead,
        content: Content,
    ) -> Result<PeerAnswer, PeerRequestError> {
        let patience = Duration::from_secs(self.limits.answer_seconds_max);
        tokio::time::timeout(patience, connection.request(head, content))
            .await
            .map_err(|_| PeerRequestError::NoAnswer("it took too long".into()))?
    }

    /// Sends a message and opens the stream that answers it.
    ///
    /// # Errors
    /// [`PeerRequestError`].
    pub async fn stream(
        &self,
        node: &NodeEntry,
        head: RequestHead,
        n2: Bytes,
    ) -> Result<(PeerAnswer, Option<RemoteCells>), PeerRequestError> {
        let peer = self.peer(node);
        let permit = permit(&peer.streams, self.limits.streams_per_node_max)?;
        let connection = self.connect(node).await?;
        let silence = Duration::from_secs(self.limits.stream_silence_seconds_max);
        let patience = Duration::from_secs(self.limits.answer_seconds_max);
        tokio::time::timeout(patience, connection.stream(head, n2, silence, permit))
            .await
            .map_err(|_| PeerRequestError::NoAnswer("it took too long".into()))?
    }

    async fn connect(&self, node: &NodeEntry) -> Result<Connection, PeerRequestError> {
        let patience = Duration::from_millis(self.limits.connect_milliseconds_max);
        let mut last = PeerRequestError::Unreachable("it has no endpoint".into());
        for endpoint in node.node.endpoints() {
            let opening = Connection::open(*endpoint, node, &self.identity, self.chain_id);
            match tokio::time::timeout(patience, opening).await {
                Ok(Ok(connection)) => return Ok(connection),
                Ok(Err(error)) => last = error,
                Err(_) => {
                    last = PeerRequestError::Unreachable("connecting took too long".into());
                }
            }
        }
        Err(last)
    }

    fn take_idle(&self, peer: &Peer) -> Option<Connection> {
        let mut idle = peer.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(connection) = idle.pop() {
            if connection.is_usable(&self.limits) {
                return Some(connection);
            }
        }
        None
    }

    fn put_idle(&self, peer: &Peer, mut connection: Connection) {
        if !connection.is_usable(&self.limits) {
            return;
        }
        connection.now_idle();
        let mut idle = peer.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < self.limits.idle_per_node_max {
            idle.push(connection);
        }
    }

    /// Drops connections that were idle too long. Called now and then.
    pub fn sweep(&self) {
        let nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        for peer in nodes.values() {
            let mut idle = peer.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.retain(|connection| connection.is_usable(&self.limits));
        }
    }
}

fn permit(
    semaphore: &Arc<Semaphore>,
    max: usize,
) -> Result<OwnedSemaphorePermit, PeerRequestError> {
    Arc::clone(semaphore).try_acquire_owned().map_err(|_| PeerRequestError::Busy { max })
}
