//! Who is listening, and what they have not acknowledged yet.
//!
//! Claims kept here, for one wallet:
//! - every stored message is handed to exactly one of the wallet's open streams,
//!   oldest first, and stays on disk until that stream acknowledges it;
//! - what a stream did not acknowledge when it ended goes to the next one;
//! - memory is bounded: a stream has at most `in_flight_messages_max` unacknowledged
//!   messages, and at most `recent_bytes_max` wait in memory for all of a wallet's streams.
//!
//! How messages and streams meet: `cursor` is the last message taken from the
//! store. While the streams are *caught up*, the store's writer hands new messages
//! over in memory; when they cannot keep up, the queue is left to the store and
//! read from there again. The store announces a message only after it is on disk,
//! and in order, so a message is either seen by the read or announced after it.

mod queue;
mod stream;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use alloy::primitives::Address;
use bytes::Bytes;
use conet_wire::session::{
    AckReceiver, CellError, CellSealer, Notice, SessionBinding, SessionSecret,
};
use tokio::sync::Notify;

use crate::store::{Store, StoreError, Waiting};

use queue::{Next, Queue, Reading};
pub use stream::PushStream;

/// Limits of pushing.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PushLimits {
    /// Streams open at once.
    pub streams_max: usize,
    /// Streams of one wallet that share its messages.
    pub streams_per_wallet_max: usize,
    /// Messages sent on one stream and not acknowledged.
    pub in_flight_messages_max: usize,
    /// Bytes sent on one stream and not acknowledged.
    pub in_flight_bytes_max: usize,
    /// A stream that leaves a full window unacknowledged this long is ended.
    pub acknowledgement_seconds_max: u64,
    /// Bytes of one wallet's messages held in memory for its streams.
    pub recent_bytes_max: usize,
    /// Live messages that wait for one wallet's streams.
    pub live_messages_max: usize,
    /// The shortest time between look-alike cells on an idle stream, milliseconds.
    pub idle_cell_milliseconds_min: u64,
    /// The longest; the design keeps it below 15 s.
    pub idle_cell_milliseconds_max: u64,
}

impl Default for PushLimits {
    fn default() -> Self {
        Self {
            streams_max: 100_000,
            streams_per_wallet_max: 16,
            in_flight_messages_max: 256,
            in_flight_bytes_max: 4 << 20,
            acknowledgement_seconds_max: 120,
            recent_bytes_max: 256 << 10,
            live_messages_max: 64,
            idle_cell_milliseconds_min: 8_000,
            idle_cell_milliseconds_max: 14_000,
        }
    }
}

/// Why a stream does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Too many streams are open.
    #[error("{found} streams are open, the limit is {max}")]
    TooMany {
        /// Streams open.
        found: usize,
        /// The limit that was met.
        max: usize,
    },
    /// The cryptographic library failed.
    #[error(transparent)]
    Cell(#[from] CellError),
}

/// Why an acknowledgement had no effect.
#[derive(Debug, thiserror::Error)]
pub enum AcknowledgeError {
    /// No open stream has this session.
    #[error("no open stream has this session")]
    NoStream,
    /// Not valid for the session.
    #[error(transparent)]
    Invalid(#[from] conet_wire::session::AckError),
    /// The store failed; the messages will be sent again.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// All open streams.
#[derive(Debug)]
pub struct Outbox {
    store: Store,
    limits: PushLimits,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    wallets: HashMap<Address, Queue>,
    sessions: HashMap<[u8; 16], Address>,
    streams: usize,
    next_stream: u64,
}

/// Messages read from the store at a time.
const READ_MESSAGES: usize = 64;

impl Outbox {
    /// Streams over `store`.
    #[must_use]
    pub fn new(store: Store, limits: PushLimits) -> Arc<Self> {
        Arc::new(Self { store, limits, state: Mutex::default() })
    }

    /// A panic elsewhere must not take all streams with it.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Streams open now.
    #[must_use]
    pub fn streams(&self) -> usize {
        self.lock().streams
    }

    /// Opens a stream for a wallet. Streams that are not to be shared end.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(
        self: &Arc<Self>,
        secret: &SessionSecret,
        random: [u8; 32],
        binding: &SessionBinding,
        share: bool,
    ) -> Result<PushStream, OpenError> {
        let (sealer, acks) = CellSealer::new(secret, random, binding)?;
        let wake = Arc::new(Notify::new());
        let session = acks.id();
        let mut state = self.lock();
        if state.streams >= self.limits.streams_max {
            let max = self.limits.streams_max;
            return Err(OpenError::TooMany { found: state.streams, max });
        }
        let id = state.next_stream;
        let queue = state.wallets.entry(binding.wallet).or_default();
        queue.open(id, share, Arc::clone(&wake), acks, self.limits.streams_per_wallet_max)?;
        state.sessions.insert(session, binding.wallet);
        state.streams += 1;
        state.next_stream += 1;
        drop(state);
        Ok(PushStream::new(Arc::clone(self), binding.wallet, id, session, wake, sealer))
    }

    /// Called by the store's writer for each message that is on disk, in order.
    pub fn stored(&self, wallet: Address, message: &Waiting) {
        if let Some(queue) = self.lock().wallets.get_mut(&wallet) {
            queue.announce(message, self.limits.recent_bytes_max);
        }
    }

    /// Hands a live message to a connected stream; `false` when none can take it.
    #[must_use]
    pub fn hand_over(&self, wallet: Address, n1: Bytes, received_at: u64) -> bool {
        let message = Waiting { seq: 0, received_at, n1 };
        match self.lock().wallets.get_mut(&wallet) {
            Some(queue) => queue.hand_over(message, self.limits.live_messages_max),
            None => false,
        }
    }

    /// Whether a wallet has an open stream: the paper's *online*.
    #[must_use]
    pub fn is_online(&self, wallet: &Address) -> bool {
        self.lock().wallets.get(wallet).is_some_and(|queue| !queue.is_empty())
    }

    /// Ends all streams of a wallet.
    pub fn end(&self, wallet: &Address, notice: Notice) {
        if let Some(queue) = self.lock().wallets.get_mut(wallet) {
            queue.end_all(notice);
        }
    }

    /// Ends every stream, for a graceful shutdown.
    pub fn end_everything(&self, notice: Notice) {
        for queue in self.lock().wallets.values_mut() {
            queue.end_all(notice);
        }
    }

    /// Removes what a client says is safe with it.
    ///
    /// # Errors
    /// [`AcknowledgeError`]; then nothing was removed.
    pub async fn acknowledge(&self, ack: &[u8]) -> Result<(), AcknowledgeError> {
        let session = AckReceiver::session_of(ack)?;
        let (wallet, seqs) = {
            let mut state = self.lock();
            let wallet = *state.sessions.get(&session).ok_or(AcknowledgeError::NoStream)?;
            let queue = state.wallets.get_mut(&wallet).ok_or(AcknowledgeError::NoStream)?;
            (wallet, queue.acknowledge(&session, ack)?)
        };
        if !seqs.is_empty() {
            self.store.acknowledge(wallet, seqs).await?;
        }
        Ok(())
    }

    fn next(&self, wallet: &Address, id: u64) -> Next {
        match self.lock().wallets.get_mut(wallet) {
            Some(queue) => queue.next(id, &self.limits),
            None => Next::End(None),
        }
    }

    /// Reads on from the store into the wallet's queue.
    async fn read(&self, wallet: Address, reading: Reading) -> Result<(), StoreError> {
        let bytes = self.limits.recent_bytes_max;
        let read = self.store.waiting(wallet, reading.after, READ_MESSAGES, bytes).await;
        match self.lock().wallets.get_mut(&wallet) {
            Some(queue) => queue.take_read(reading, read),
            None => Ok(()),
        }
    }

    async fn read_one(&self, wallet: Address, id: u64, seq: i64) -> Result<(), StoreError> {
        let found = self.store.message(wallet, seq).await;
        match self.lock().wallets.get_mut(&wallet) {
            Some(queue) => queue.take_one(id, seq, found),
            None => Ok(()),
        }
    }

    fn close(&self, wallet: &Address, id: u64, session: &[u8; 16]) {
        let mut state = self.lock();
        state.sessions.remove(session);
        state.streams = state.streams.saturating_sub(1);
        if let Some(queue) = state.wallets.get_mut(wallet) {
            queue.close(id);
            if queue.is_empty() {
                // The next stream starts again from the store.
                state.wallets.remove(wallet);
            }
        }
    }

    fn idle_interval(&self) -> Duration {
        let (min, max) =
            (self.limits.idle_cell_milliseconds_min, self.limits.idle_cell_milliseconds_max);
        Duration::from_millis(rand::random_range(min..=max.max(min)))
    }
}
