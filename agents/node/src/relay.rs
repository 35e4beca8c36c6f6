//! The relay role: reads one thing of a message, the key it is encrypted to, and
//! sends it on to the node with that key.
//!
//! White paper, *Send Peer-to-Peer*, steps 4–8 and 13. What it sees: who connects
//! to it, the recipient node, size and time. What it cannot see: the sender's and
//! reader's wallets, and the content.

use std::sync::Arc;

use bytes::Bytes;
use conet_chain::{Directory, Matches, NodeEntry};
use conet_wire::{
    parcel::Status,
    recipient::{HEAD_BYTES, Handle, recipient},
    relay::RelayStatus,
    session::CellError,
    veil::{
        EnvelopeKind,
        peer::{Profile, RequestHead},
    },
};

use tokio_util::sync::CancellationToken;

use crate::{
    agent::push::PushStream,
    desk::{Desk, Reply},
    ledgers::LedgerStream,
    metrics::RelayMetrics,
    peers::{Content, Peers, RemoteCells},
};

/// How often a message may be passed on: client → relay → agent is one.
pub const HOPS_MAX: u8 = 1;

/// A message on its way through this node.
#[derive(Debug)]
pub struct Message {
    /// Its first bytes (all of it, if it is short): the recipient is in them.
    pub head: Bytes,
    /// The message.
    pub content: Content,
    /// One answer, or a stream.
    pub kind: EnvelopeKind,
    /// How it came to the first relay.
    pub profile: Profile,
    /// How often it may still be passed on.
    pub hops_left: u8,
}

impl Message {
    /// A message that is here as a whole.
    #[must_use]
    pub fn whole(n2: Bytes, kind: EnvelopeKind, profile: Profile, hops_left: u8) -> Self {
        let head = n2.slice(..n2.len().min(HEAD_BYTES));
        Self { head, content: Content::Whole(n2), kind, profile, hops_left }
    }
}

/// What becomes of a message.
#[derive(Debug)]
pub enum Routed {
    /// One answer.
    Answer {
        /// What the relay, or the node that it asked, says.
        status: RelayStatus,
        /// The agent's answer, sealed or a status byte; empty for refusals.
        body: Vec<u8>,
    },
    /// The agent's cells.
    Stream(Cells),
}

impl Routed {
    /// A refusal by this relay.
    #[must_use]
    pub const fn refused(status: RelayStatus) -> Self {
        Self::Answer { status, body: Vec::new() }
    }

    /// Whether the node could not be reached, or has not the key that its record claims.
    fn was_not_read(&self) -> bool {
        match self {
            Self::Answer { status: RelayStatus::AnsweredPlain, body } => {
                body.first() == Some(&(Status::Malformed as u8))
            }
            Self::Answer { status, .. } => *status == RelayStatus::Unreachable,
            Self::Stream(_) => false,
        }
    }
}

/// An agent's stream, here or at another node.
#[derive(Debug)]
pub enum Cells {
    /// This node is the agent.
    Local(Box<PushStream>),
    /// This node is the archive node.
    Ledgers(Box<LedgerStream>),
    /// Another node is.
    Remote(Box<RemoteCells>),
}

impl Cells {
    /// The next cell; `None` at the end, also when the stream breaks or this node stops.
    pub async fn next_cell(&mut self, stop: &CancellationToken) -> Option<Vec<u8>> {
        let ended = |error: CellError| {
            tracing::error!(%error, "a stream ends");
            None
        };
        match self {
            Self::Local(stream) => stream.next_cell().await.unwrap_or_else(ended),
            Self::Ledgers(stream) => stream.next_cell().await.unwrap_or_else(ended),
            // A local stream ends by itself, with a notice.
            Self::Remote(cells) => tokio::select! {
                () = stop.cancelled() => None,
                cell = cells.next_cell() => cell.unwrap_or_else(|error| {
                    tracing::debug!(%error, "a stream through this relay ends");
                    None
                }),
            },
        }
    }
}

/// Finds the node a message is for, and hands it over.
#[derive(Debug)]
pub struct Router {
    own_handles: Vec<Handle>,
    relays: bool,
    desk: Desk,
    directory: Directory,
    peers: Arc<Peers>,
    metrics: RelayMetrics,
}

impl Router {
    /// For a node with these key handles and roles.
    #[must_use]
    pub const fn new(
        own_handles: Vec<Handle>,
        relays: bool,
        desk: Desk,
        directory: Directory,
        peers: Arc<Peers>,
        metrics: RelayMetrics,
    ) -> Self {
        Self { own_handles, relays, desk, directory, peers, metrics }
    }

    /// Takes a message where it should go.
    pub async fn route(&self, message: Message) -> Routed {
        let routed = self.route_inner(message).await;
        let status = match &routed {
            Routed::Answer { status, .. } => *status,
            Routed::Stream(_) => RelayStatus::Streaming,
        };
        self.metrics.count(status);
        routed
    }

    async fn route_inner(&self, message: Message) -> Routed {
        let handle = match recipient(&message.head) {
            Ok(handle) => handle,
            Err(error) => {
                tracing::debug!(%error, "refused: no recipient");
                return Routed::refused(RelayStatus::Malformed);
            }
        };
        if self.own_handles.iter().any(|own| handle.names(own)) {
            return self.handle_here(message).await;
        }
        if message.hops_left == 0 || !self.relays {
            return Routed::refused(RelayStatus::HopLimit);
        }
        self.forward_to_any(self.directory.find(&handle), message).await
    }

    /// OpenPGP lets anybody bind a copy of somebody's encryption key, so several nodes may
    /// claim a handle. Only its owner can read: whoever cannot is passed over.
    async fn forward_to_any(&self, nodes: Matches, message: Message) -> Routed {
        let Message { content, kind, profile, hops_left, .. } = message;
        let head = RequestHead { kind, hops_left: hops_left - 1, profile };
        let mut nodes = nodes.into_iter();
        let mut routed = Routed::refused(RelayStatus::UnknownNode);
        match content {
            // Can be sent only once, so only to the node that was registered first.
            Content::Arriving { .. } => {
                if let Some(node) = nodes.next() {
                    routed = self.forward(&node, head, content).await;
                }
            }
            Content::Whole(n2) => {
                for node in nodes {
                    routed = self.forward(&node, head, Content::Whole(n2.clone())).await;
                    if !routed.was_not_read() {
                        break;
                    }
                }
            }
        }
        routed
    }

    async fn handle_here(&self, message: Message) -> Routed {
        if !self.desk.is_open() {
            return Routed::refused(RelayStatus::NotAnAgent);
        }
        let Some(n2) = message.content.collect().await else {
            return Routed::refused(RelayStatus::Malformed);
        };
        let want_stream = message.kind == EnvelopeKind::Stream;
        match self.desk.handle(&n2, want_stream).await {
            Reply::Sealed(sealed) => Routed::Answer { status: RelayStatus::Answered, body: sealed },
            Reply::Plain(status) => {
                Routed::Answer { status: RelayStatus::AnsweredPlain, body: vec![status as u8] }
            }
            Reply::Stream(stream) => Routed::Stream(Cells::Local(stream)),
            Reply::Ledgers(stream) => Routed::Stream(Cells::Ledgers(stream)),
        }
    }

    async fn forward(&self, node: &NodeEntry, head: RequestHead, content: Content) -> Routed {
        let answer = match (head.kind, content) {
            (EnvelopeKind::Stream, Content::Whole(n2)) => {
                match self.peers.stream(node, head, n2).await {
                    Ok((_, Some(cells))) => return Routed::Stream(Cells::Remote(Box::new(cells))),
                    Ok((answer, None)) => Ok(answer),
                    Err(error) => Err(error),
                }
            }
            (EnvelopeKind::Stream, Content::Arriving { .. }) => {
                return Routed::refused(RelayStatus::Malformed);
            }
            (EnvelopeKind::Forward, content) => self.peers.request(node, head, content).await,
        };
        match answer {
            Ok(answer) => match RelayStatus::from_byte(answer.status) {
                Some(status) => Routed::Answer { status, body: answer.body },
                None => Routed::refused(RelayStatus::Unreachable),
            },
            Err(error) => {
                tracing::info!(node = %node.node.id(), %error, "a message could not be forwarded");
                Routed::refused(error.status())
            }
        }
    }
}
