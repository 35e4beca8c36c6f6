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

mod stream;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use alloy::primitives::Address;
use bytes::Bytes;
use conet_wire::{
    message::Kind,
    session::{AckReceiver, CellError, CellSealer, Notice, SessionBinding, SessionSecret},
};
use tokio::sync::Notify;

use crate::store::{Store, StoreError, Waiting};

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
    wallets: HashMap<Address, WalletPush>,
    sessions: HashMap<[u8; 16], Address>,
    streams: usize,
    next_stream: u64,
}

#[derive(Debug, Default)]
struct WalletPush {
    /// One more each time that everything starts over from the store: what an earlier
    /// stream is still reading then does not count.
    generation: u64,
    /// The last message taken from the store, or announced and queued in `recent`.
    cursor: i64,
    /// The last message announced.
    high: i64,
    caught_up: bool,
    /// The stream that is reading on from the store for all of them.
    reading: Option<u64>,
    recent: VecDeque<Waiting>,
    recent_bytes: usize,
    /// Handed to a stream that ended without acknowledging them.
    returned: BTreeSet<i64>,
    live: VecDeque<Waiting>,
    streams: Vec<StreamState>,
}

#[derive(Debug)]
struct StreamState {
    id: u64,
    share: bool,
    wake: Arc<Notify>,
    acks: AckReceiver,
    in_flight: VecDeque<InFlight>,
    in_flight_bytes: usize,
    next_index: u64,
    drained: bool,
    /// A returned message that it is reading from the store.
    fetching: Option<i64>,
    ended: Option<Notice>,
}

#[derive(Debug)]
struct InFlight {
    index: u64,
    seq: Option<i64>,
    bytes: usize,
    sent: Instant,
}

/// What a stream should do next.
#[derive(Debug)]
enum Next {
    Send { index: u64, kind: Kind, message: Waiting },
    Drained,
    Read { after: i64, generation: u64 },
    ReadOne { seq: i64 },
    Wait,
    End(Option<Notice>),
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
        let wallet = state.wallets.entry(binding.wallet).or_default();
        let shared = share && wallet.streams.iter().all(|stream| stream.share);
        let max = self.limits.streams_per_wallet_max;
        if shared && wallet.streams.len() >= max {
            return Err(OpenError::TooMany { found: wallet.streams.len(), max });
        }
        if !shared {
            wallet.end_all(Notice::Replaced);
            wallet.start_over();
        }
        wallet.streams.push(StreamState {
            id,
            share,
            wake: Arc::clone(&wake),
            acks,
            in_flight: VecDeque::new(),
            in_flight_bytes: 0,
            next_index: 0,
            drained: false,
            fetching: None,
            ended: None,
        });
        state.sessions.insert(session, binding.wallet);
        state.streams += 1;
        state.next_stream += 1;
        drop(state);
        Ok(PushStream::new(Arc::clone(self), binding.wallet, id, session, wake, sealer))
    }

    /// Called by the store's writer for each message that is on disk, in order.
    pub fn stored(&self, wallet: Address, message: &Waiting) {
        if let Some(push) = self.lock().wallets.get_mut(&wallet) {
            push.announce(message, self.limits.recent_bytes_max);
        }
    }

    /// Hands a live message to a connected stream; `false` when none can take it.
    #[must_use]
    pub fn hand_over(&self, wallet: Address, n1: Bytes, received_at: u64) -> bool {
        let mut state = self.lock();
        let Some(push) = state.wallets.get_mut(&wallet) else { return false };
        let listening = push.streams.iter().any(|stream| stream.ended.is_none());
        if !listening || push.live.len() >= self.limits.live_messages_max {
            return false;
        }
        push.live.push_back(Waiting { seq: 0, received_at, n1 });
        push.wake_all();
        true
    }

    /// Whether a wallet has an open stream: the paper's *online*.
    #[must_use]
    pub fn is_online(&self, wallet: &Address) -> bool {
        self.lock().wallets.get(wallet).is_some_and(|push| !push.streams.is_empty())
    }

    /// Ends all streams of a wallet.
    pub fn end(&self, wallet: &Address, notice: Notice) {
        if let Some(push) = self.lock().wallets.get_mut(wallet) {
            push.end_all(notice);
        }
    }

    /// Ends every stream, for a graceful shutdown.
    pub fn end_everything(&self, notice: Notice) {
        for push in self.lock().wallets.values_mut() {
            push.end_all(notice);
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
            let push = state.wallets.get_mut(&wallet).ok_or(AcknowledgeError::NoStream)?;
            (wallet, push.acknowledge(&session, ack)?)
        };
        if !seqs.is_empty() {
            self.store.acknowledge(wallet, seqs).await?;
        }
        Ok(())
    }

    fn next(&self, wallet: &Address, id: u64) -> Next {
        match self.lock().wallets.get_mut(wallet) {
            Some(push) => push.next(id, &self.limits),
            None => Next::End(None),
        }
    }

    /// Reads on from the store into the wallet's queue.
    async fn read(&self, wallet: Address, after: i64, generation: u64) -> Result<(), StoreError> {
        let bytes = self.limits.recent_bytes_max;
        let read = self.store.waiting(wallet, after, READ_MESSAGES, bytes).await;
        let mut state = self.lock();
        let Some(push) = state.wallets.get_mut(&wallet) else { return Ok(()) };
        if push.generation != generation {
            return Ok(());
        }
        push.reading = None;
        let (read, more) = read?;
        for message in read {
            push.cursor = push.cursor.max(message.seq);
            push.enqueue(message);
        }
        push.caught_up = !more && push.cursor >= push.high;
        push.wake_all();
        Ok(())
    }

    async fn read_one(&self, wallet: Address, id: u64, seq: i64) -> Result<(), StoreError> {
        let found = self.store.message(wallet, seq).await;
        let mut state = self.lock();
        let Some(push) = state.wallets.get_mut(&wallet) else { return Ok(()) };
        let stream = push.streams.iter_mut().find(|stream| stream.id == id);
        let Some(_) = stream.and_then(|stream| stream.fetching.take()) else { return Ok(()) };
        match found {
            // Gone: acknowledged late, or its time to live ended.
            Ok(None) => {}
            Ok(Some(message)) => {
                push.recent_bytes += message.n1.len();
                push.recent.push_front(message);
            }
            Err(error) => {
                push.returned.insert(seq);
                return Err(error);
            }
        }
        push.wake_all();
        Ok(())
    }

    fn close(&self, wallet: &Address, id: u64, session: &[u8; 16]) {
        let mut state = self.lock();
        state.sessions.remove(session);
        state.streams = state.streams.saturating_sub(1);
        if let Some(push) = state.wallets.get_mut(wallet) {
            push.close(id);
            if push.streams.is_empty() {
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

impl WalletPush {
    fn wake_all(&self) {
        for stream in &self.streams {
            stream.wake.notify_one();
        }
    }

    fn end_all(&mut self, notice: Notice) {
        for stream in &mut self.streams {
            stream.ended.get_or_insert(notice);
        }
        self.wake_all();
    }

    /// Forgets what was handed out: the next stream reads all of it from the store again.
    fn start_over(&mut self) {
        for stream in &mut self.streams {
            stream.in_flight.clear();
            stream.fetching = None;
        }
        self.generation += 1;
        self.cursor = 0;
        self.caught_up = false;
        self.reading = None;
        self.recent.clear();
        self.recent_bytes = 0;
        self.returned.clear();
    }

    fn enqueue(&mut self, message: Waiting) {
        self.recent_bytes += message.n1.len();
        self.recent.push_back(message);
    }

    fn announce(&mut self, message: &Waiting, bytes_max: usize) {
        self.high = self.high.max(message.seq);
        if self.caught_up && message.seq > self.cursor {
            if self.recent_bytes + message.n1.len() <= bytes_max || self.recent.is_empty() {
                self.cursor = message.seq;
                self.enqueue(message.clone());
            } else {
                self.caught_up = false;
            }
        }
        self.wake_all();
    }

    fn next(&mut self, id: u64, limits: &PushLimits) -> Next {
        let Some(at) = self.streams.iter().position(|stream| stream.id == id) else {
            return Next::End(None);
        };
        let Some(stream) = self.streams.get_mut(at) else { return Next::End(None) };
        if let Some(notice) = stream.ended {
            return Next::End(Some(notice));
        }
        if let Some(message) = self.live.pop_front() {
            return Next::Send { index: stream.sent(&message, None), kind: Kind::Live, message };
        }
        if stream.in_flight.len() >= limits.in_flight_messages_max
            || stream.in_flight_bytes >= limits.in_flight_bytes_max
        {
            let patience = Duration::from_secs(limits.acknowledgement_seconds_max);
            let slow = stream.in_flight.front().is_some_and(|f| f.sent.elapsed() > patience);
            return if slow { Next::End(Some(Notice::TooSlow)) } else { Next::Wait };
        }
        if let Some(seq) = self.returned.pop_first() {
            stream.fetching = Some(seq);
            return Next::ReadOne { seq };
        }
        if let Some(message) = self.recent.pop_front() {
            self.recent_bytes = self.recent_bytes.saturating_sub(message.n1.len());
            let index = stream.sent(&message, Some(message.seq));
            return Next::Send { index, kind: Kind::Mail, message };
        }
        if !self.caught_up {
            if self.reading.is_some() {
                return Next::Wait;
            }
            self.reading = Some(id);
            return Next::Read { after: self.cursor, generation: self.generation };
        }
        if stream.drained {
            return Next::Wait;
        }
        stream.drained = true;
        Next::Drained
    }

    fn acknowledge(
        &mut self,
        session: &[u8; 16],
        ack: &[u8],
    ) -> Result<Vec<i64>, AcknowledgeError> {
        let stream = self
            .streams
            .iter_mut()
            .find(|stream| stream.acks.id() == *session)
            .ok_or(AcknowledgeError::NoStream)?;
        let index = stream.acks.open(ack)?;
        let mut seqs = Vec::new();
        while let Some(first) = stream.in_flight.front()
            && first.index <= index
        {
            stream.in_flight_bytes = stream.in_flight_bytes.saturating_sub(first.bytes);
            seqs.extend(first.seq);
            stream.in_flight.pop_front();
        }
        // The window may have been full.
        stream.wake.notify_one();
        Ok(seqs)
    }

    fn close(&mut self, id: u64) {
        if let Some(at) = self.streams.iter().position(|stream| stream.id == id) {
            let stream = self.streams.swap_remove(at);
            self.returned.extend(stream.in_flight.iter().filter_map(|sent| sent.seq));
            self.returned.extend(stream.fetching);
            if self.reading == Some(id) {
                self.reading = None;
            }
            self.wake_all();
        }
    }
}

impl StreamState {
    fn sent(&mut self, message: &Waiting, seq: Option<i64>) -> u64 {
        let index = self.next_index;
        self.next_index += 1;
        // Live messages need no acknowledgement, but keep the order of indexes.
        if seq.is_some() {
            let bytes = message.n1.len();
            self.in_flight_bytes += bytes;
            self.in_flight.push_back(InFlight { index, seq, bytes, sent: Instant::now() });
        }
        index
    }
}
