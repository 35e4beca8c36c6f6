//! The agent role: keeps the mailboxes of its clients and pushes to them.
//!
//! White paper, *Registers Recipient Node* (steps 13–16, 19), *Send Peer-to-Peer*
//! (steps 9–12, 15–19), *Store Offline Messages* and *Get offline messages*.
//!
//! Every parcel ends in exactly one answer, and a good one means: on disk (mail),
//! handed to a connected stream (live), or carried out (requests). What the agent
//! can read of a message is its recipient and its size.

mod clients;
mod deliver;
pub mod push;
mod requests;

use std::sync::Arc;

use alloy::primitives::{Address, U256};
use conet_chain::{ChainReader, RouteSubmitter, routes::RouteSource};
use conet_wire::{
    message::Kind,
    network::Network,
    parcel::{Content, Status},
};
use tokio::sync::Semaphore;

pub use clients::Clients;
use push::{AcknowledgeError, Outbox, PushStream};

use crate::{clock, ledgers::LedgerStream, metrics::ParcelKind, store::Store};

/// Limits and habits of the agent role.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AgentConfig {
    /// How long a message waits for its reader, in seconds.
    pub message_seconds_max: u64,
    /// How long mail to a key of before a rotation is still taken, in seconds.
    pub rotation_overlap_seconds: u64,
    /// Clients this agent keeps.
    pub clients_max: usize,
    /// Wallets that may register; empty: anybody.
    pub invited: Vec<Address>,
    /// Look-ups for other people's clients under way at once.
    pub lookups_concurrent_max: usize,
    /// Registrations under way at once; each may wait for a block.
    pub registrations_concurrent_max: usize,
}

impl Default for AgentConfig {
    fn default() -> Self {
        Self {
            message_seconds_max: 14 * 24 * 3600,
            rotation_overlap_seconds: 7 * 24 * 3600,
            clients_max: 100_000,
            invited: Vec::new(),
            lookups_concurrent_max: 64,
            registrations_concurrent_max: 16,
        }
    }
}

/// The agent role of a node.
#[derive(Debug)]
pub struct Agent {
    id: U256,
    network: Network,
    config: AgentConfig,
    store: Store,
    clients: Clients,
    outbox: Arc<Outbox>,
    reader: ChainReader,
    routes: Arc<dyn RouteSource>,
    submitter: Option<RouteSubmitter>,
    lookups: Semaphore,
    registrations: Semaphore,
    /// Held from the last look at a client's keys until they are kept.
    keeping: tokio::sync::Mutex<()>,
}

/// What an [`Agent`] is made of.
#[derive(Debug)]
pub struct Parts {
    /// The node's id in the registry.
    pub id: U256,
    /// Which CoNET this is.
    pub network: Network,
    /// Limits and habits.
    pub config: AgentConfig,
    /// Mailboxes.
    pub store: Store,
    /// Open streams over that store.
    pub outbox: Arc<Outbox>,
    /// What its clients' routes are on the chain.
    pub reader: ChainReader,
    /// Routes that others ask for.
    pub routes: Arc<dyn RouteSource>,
    /// Pays for clients' route updates; `None`: clients submit by themselves.
    pub submitter: Option<RouteSubmitter>,
}

/// What is said of a parcel, before it is sealed.
pub(crate) struct Outcome {
    status: Status,
    body: Vec<u8>,
}

impl Outcome {
    pub(crate) fn new(status: Status) -> Self {
        Self { status, body: Vec::new() }
    }

    /// A refusal with its reason; cut so that it always fits an answer.
    pub(crate) fn because(status: Status, reason: &dyn std::fmt::Display) -> Self {
        const REASON_BYTES_MAX: usize = 512;
        let mut body = reason.to_string().into_bytes();
        body.truncate(REASON_BYTES_MAX);
        Self { status, body }
    }

    pub(crate) const fn status(&self) -> Status {
        self.status
    }

    pub(crate) fn into_parts(self) -> (Status, Vec<u8>) {
        (self.status, self.body)
    }
}

/// A request's outcome: an answer, or a stream.
pub(crate) enum Carried {
    Answer(Outcome),
    Stream(Box<PushStream>),
    Ledgers(Box<LedgerStream>),
}

impl Agent {
    /// Loads the clients from the store.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn new(parts: Parts) -> Result<Self, crate::store::StoreError> {
        let clients = Clients::new(parts.store.clients().await?);
        Ok(Self {
            id: parts.id,
            network: parts.network,
            lookups: Semaphore::new(parts.config.lookups_concurrent_max),
            registrations: Semaphore::new(parts.config.registrations_concurrent_max),
            keeping: tokio::sync::Mutex::default(),
            config: parts.config,
            store: parts.store,
            clients,
            outbox: parts.outbox,
            reader: parts.reader,
            routes: parts.routes,
            submitter: parts.submitter,
        })
    }

    /// The open streams.
    #[must_use]
    pub const fn outbox(&self) -> &Arc<Outbox> {
        &self.outbox
    }

    /// The clients.
    #[must_use]
    pub const fn clients(&self) -> &Clients {
        &self.clients
    }

    /// The mailboxes.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// Does what a parcel says.
    pub(crate) async fn carry_out(
        &self,
        content: Content,
        body: &[u8],
        want_stream: bool,
    ) -> (ParcelKind, Carried) {
        match content {
            Content::Message(Kind::Mail) => {
                (ParcelKind::Mail, Carried::Answer(self.deliver_mail(body).await))
            }
            Content::Message(Kind::Live) => {
                (ParcelKind::Live, Carried::Answer(self.deliver_live(body)))
            }
            Content::Request => self.request(body, want_stream).await,
            Content::Acknowledgement => {
                (ParcelKind::Acknowledgement, Carried::Answer(self.acknowledge(body).await))
            }
            // No agent's matter: see `Desk`.
            Content::Ledgers => {
                (ParcelKind::Ledgers, Carried::Answer(Outcome::new(Status::WrongAddressee)))
            }
        }
    }

    async fn acknowledge(&self, ack: &[u8]) -> Outcome {
        match self.outbox.acknowledge(ack).await {
            Ok(()) => Outcome::new(Status::Done),
            Err(error @ AcknowledgeError::NoStream) => {
                Outcome::because(Status::NotConnected, &error)
            }
            Err(error @ AcknowledgeError::Invalid(_)) => Outcome::because(Status::Replayed, &error),
            Err(AcknowledgeError::Store(error)) => unavailable(&error),
        }
    }

    /// Removes what has expired. Called now and then.
    pub async fn sweep(&self) {
        match self.store.sweep(clock::unix_seconds()).await {
            Ok(0) => {}
            Ok(removed) => tracing::info!(removed, "messages reached their time to live"),
            Err(error) => tracing::error!(%error, "expired messages could not be removed"),
        }
    }
}

/// The store failed: the sender may try again, and nothing was promised.
pub(crate) fn unavailable(error: &crate::store::StoreError) -> Outcome {
    use crate::store::StoreError;
    match error {
        StoreError::Busy(_) => Outcome::because(Status::Busy, error),
        _ => {
            tracing::error!(%error, "refused: the store failed");
            Outcome::because(Status::Unavailable, &"the agent's store failed; try again later")
        }
    }
}
