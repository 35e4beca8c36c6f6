//! What an operator can count, in Prometheus' text format. Never content, never wallets.

use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};

/// What was dropped or refused, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Refusal {
    /// A body too large, too slow, or too many at once.
    Body,
    /// A parcel that is none, or not of its sender.
    Forged,
    /// A parcel seen before, or too old.
    Replayed,
    /// A message that is none.
    Malformed,
    /// The oldest message of a full queue to the actor.
    InboxFull,
    /// The oldest message of a full queue to a node.
    OutboxFull,
    /// A message to a node that cannot be reached.
    Unreachable,
    /// A parcel for a participant that has no stream here.
    NoStream,
    /// A user's request without the right.
    Unauthorized,
    /// A user's request beyond a limit.
    Busy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refused {
    reason: Refusal,
}

/// Everything that is counted. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Arc<Mutex<Registry>>,
    refused: Family<Refused, Counter>,
    /// Entries of the log that became final here.
    pub entries: Counter,
    /// Views of the log that this seat gave up.
    pub views_given_up: Counter,
    /// Blocks that became final here.
    pub blocks: Counter,
    /// Steps of the actor.
    pub steps: Counter,
    /// How long a step takes.
    pub step_seconds: Histogram,
    /// Transactions synced to disk.
    pub syncs: Counter,
    /// Records and blocks written in them.
    pub writes: Counter,
    /// How long a sync takes.
    pub sync_seconds: Histogram,
    /// Messages handed to other nodes.
    pub sent: Counter,
    /// Messages that came from other nodes.
    pub received: Counter,
    /// Participants with a stream here.
    pub streams: Gauge,
    /// Seats whose stream comes to this participant.
    pub seats_heard: Gauge,
    /// Whether this participant reaches seats through relays: 1, or 0.
    pub by_relay: Gauge,
    /// States in memory.
    pub live_states: Gauge,
    /// Votes that exclude each other, to be reported on the main chain.
    pub reports: Counter,
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
        // From 10 µs to 5 s.
        let seconds = || Histogram::new(exponential_buckets(1e-5, 2.0, 20));
        let metrics = Self {
            registry: Arc::default(),
            refused: Family::default(),
            entries: Counter::default(),
            views_given_up: Counter::default(),
            blocks: Counter::default(),
            steps: Counter::default(),
            step_seconds: seconds(),
            syncs: Counter::default(),
            writes: Counter::default(),
            sync_seconds: seconds(),
            sent: Counter::default(),
            received: Counter::default(),
            streams: Gauge::default(),
            seats_heard: Gauge::default(),
            by_relay: Gauge::default(),
            live_states: Gauge::default(),
            reports: Counter::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&self) {
        let mut registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        let root = registry.sub_registry_with_prefix("conet_dle");
        root.register("refused", "Dropped or refused, by reason", self.refused.clone());
        root.register("entries", "Entries of the log made final", self.entries.clone());
        root.register("views_given_up", "Views of the log given up", self.views_given_up.clone());
        root.register("blocks", "Blocks made final", self.blocks.clone());
        root.register("steps", "Steps of the actor", self.steps.clone());
        root.register("step_seconds", "Time of a step", self.step_seconds.clone());
        root.register("syncs", "Transactions synced to disk", self.syncs.clone());
        root.register("writes", "Writes in these transactions", self.writes.clone());
        root.register("sync_seconds", "Time of a sync", self.sync_seconds.clone());
        root.register("sent", "Messages handed to other nodes", self.sent.clone());
        root.register("received", "Messages from other nodes", self.received.clone());
        root.register("streams", "Participants with a stream", self.streams.clone());
        root.register("seats_heard", "Seats that this participant hears", self.seats_heard.clone());
        root.register("by_relay", "Whether seats are reached by relay", self.by_relay.clone());
        root.register("live_states", "States in memory", self.live_states.clone());
        root.register("reports", "Votes that exclude each other", self.reports.clone());
    }

    /// Counts what was dropped or refused; its reason goes to the log where it happens.
    pub fn refuse(&self, reason: Refusal) {
        self.refused.get_or_create(&Refused { reason }).inc();
    }

    /// How often something was dropped or refused.
    #[must_use]
    pub fn refused(&self, reason: Refusal) -> u64 {
        self.refused.get_or_create(&Refused { reason }).get()
    }

    /// Counts a seat's stream for as long as the result lives.
    pub(crate) fn seat_heard(&self) -> Heard {
        self.seats_heard.inc();
        Heard(self.seats_heard.clone())
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

/// A seat's stream that comes.
pub(crate) struct Heard(Gauge);

impl Drop for Heard {
    fn drop(&mut self) {
        self.0.dec();
    }
}
