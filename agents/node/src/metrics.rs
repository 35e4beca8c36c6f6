//! What an operator can count, in Prometheus' text format. Never content, never wallets.

use std::{
    fmt::Debug,
    hash::{Hash, Hasher},
    sync::{Arc, Mutex, PoisonError},
};

use conet_wire::{parcel::Status, relay::RelayStatus};
use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

/// A variant's name as a label. It becomes text when the operator asks, not with each
/// message that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Name<T>(T);

impl<T> Hash for Name<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(&self.0).hash(state);
    }
}

impl<T: Debug> EncodeLabelValue for Name<T> {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        EncodeLabelValue::encode(&snake_case(&format!("{:?}", self.0)), encoder)
    }
}

fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for (at, letter) in name.chars().enumerate() {
        if letter.is_ascii_uppercase() && at > 0 {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RelayLabels {
    outcome: Name<RelayStatus>,
}

/// Messages through the relay role.
#[derive(Debug, Clone, Default)]
pub struct RelayMetrics(Family<RelayLabels, Counter>);

impl RelayMetrics {
    pub(crate) fn count(&self, status: RelayStatus) {
        self.0.get_or_create(&RelayLabels { outcome: Name(status) }).inc();
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ParcelLabels {
    kind: Name<ParcelKind>,
    outcome: Name<Status>,
}

/// What a parcel turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ParcelKind {
    /// It does not open, or holds nothing known.
    Unread,
    /// Mail, of our own clients or of ordinary OpenPGP tools.
    Mail,
    /// A live message.
    Live,
    /// A registration.
    Register,
    /// A stream is asked for.
    Listen,
    /// A look-up for somebody else's client.
    Lookup,
    /// An acknowledgement.
    Acknowledgement,
    /// For the ledgers' part.
    Ledgers,
}

/// Parcels to the agent role.
#[derive(Debug, Clone, Default)]
pub struct AgentMetrics(Family<ParcelLabels, Counter>);

impl AgentMetrics {
    pub(crate) fn count(&self, kind: ParcelKind, status: Status) {
        self.0.get_or_create(&ParcelLabels { kind: Name(kind), outcome: Name(status) }).inc();
    }
}

/// The agent's store: how many writes one sync to disk carries.
#[derive(Debug, Clone, Default)]
pub struct StoreMetrics {
    pub(crate) commits: Counter,
    pub(crate) writes: Counter,
}

/// Why the server answered like an ordinary web site, or not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The limit of connections, of one address or of all.
    Connections,
    /// A body too large, too slow, or of no wire size.
    Body,
    /// An envelope or handshake that does not open.
    Unopened,
    /// An envelope or handshake seen before, or too old.
    Replayed,
    /// A node that is not in the registry.
    UnknownNode,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RefusedLabels {
    outcome: Name<Refusal>,
}

/// Everything that is counted.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Arc<Mutex<Registry>>,
    /// The relay role.
    pub relay: RelayMetrics,
    /// The agent role.
    pub agent: AgentMetrics,
    refused: Family<RefusedLabels, Counter>,
    /// Connections open at the public port.
    pub connections: Gauge,
    /// Streams open.
    pub streams: Gauge,
    /// Clients registered.
    pub clients: Gauge,
    /// Seconds since the node map was last compared with the chain.
    pub directory_lag_seconds: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All at zero.
    #[must_use]
    pub fn new() -> Self {
        let metrics = Self {
            registry: Arc::default(),
            relay: RelayMetrics::default(),
            agent: AgentMetrics::default(),
            refused: Family::default(),
            connections: Gauge::default(),
            streams: Gauge::default(),
            clients: Gauge::default(),
            directory_lag_seconds: Gauge::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&self) {
        let mut registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        let root = registry.sub_registry_with_prefix("conet");
        root.register("relayed", "Messages by what the relay said", self.relay.0.clone());
        root.register("parcels", "Parcels by kind and what the agent said", self.agent.0.clone());
        root.register("refused", "Requests refused before they were read", self.refused.clone());
        root.register("connections", "Connections open", self.connections.clone());
        root.register("streams", "Listening streams open at the agent", self.streams.clone());
        root.register("clients", "Clients of the agent", self.clients.clone());
        root.register(
            "directory_lag_seconds",
            "Seconds since the node map was compared with the chain",
            self.directory_lag_seconds.clone(),
        );
    }

    /// Shows the counters of an open store.
    pub(crate) fn show_store(&self, store: &StoreMetrics) {
        let mut registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        let root = registry.sub_registry_with_prefix("conet_store");
        root.register("commits", "Transactions synced to disk", store.commits.clone());
        root.register("writes", "Writes in these transactions", store.writes.clone());
    }

    /// Counts a refusal; its reason goes to the log where it happens.
    pub fn refuse(&self, refusal: Refusal) {
        self.refused.get_or_create(&RefusedLabels { outcome: Name(refusal) }).inc();
    }

    /// Prometheus' text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &registry);
        text
    }
}
