//! One wallet's queue: what its streams have, and what they get next. Pure, but for the
//! clock that tells how long an acknowledgement takes.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use conet_wire::{
    message::Kind,
    session::{AckReceiver, Notice},
};
use tokio::sync::Notify;

use super::{AcknowledgeError, OpenError, PushLimits};
use crate::store::{StoreError, Waiting};

#[derive(Debug, Default)]
pub(super) struct Queue {
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
    /// Read again from the store; goes before everything else.
    again: VecDeque<Waiting>,
    live: VecDeque<Waiting>,
    streams: Vec<Stream>,
}

#[derive(Debug)]
struct Stream {
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

/// What to read from the store.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    /// The last message that is here already.
    pub(super) after: i64,
    /// The last one announced so far: on disk, unless it is gone again.
    announced: i64,
    generation: u64,
}

/// What a stream should do next.
#[derive(Debug)]
pub(super) enum Next {
    Send { index: u64, kind: Kind, message: Waiting },
    Drained,
    Read(Reading),
    ReadOne { seq: i64 },
    Wait,
    End(Option<Notice>),
}

impl Queue {
    /// Adds a stream. Unless all share, the others end and everything starts over.
    pub(super) fn open(
        &mut self,
        id: u64,
        share: bool,
        wake: Arc<Notify>,
        acks: AckReceiver,
        streams_max: usize,
    ) -> Result<(), OpenError> {
        let shared = share && self.streams.iter().all(|stream| stream.share);
        if shared && self.streams.len() >= streams_max {
            return Err(OpenError::TooMany { found: self.streams.len(), max: streams_max });
        }
        if !shared {
            self.end_all(Notice::Replaced);
            self.start_over();
        }
        self.streams.push(Stream {
            id,
            share,
            wake,
            acks,
            in_flight: VecDeque::new(),
            in_flight_bytes: 0,
            next_index: 0,
            drained: false,
            fetching: None,
            ended: None,
        });
        Ok(())
    }

    /// Whether no stream is left.
    pub(super) fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }

    /// Queues a live message; `false` when nobody listens, or too many wait.
    pub(super) fn hand_over(&mut self, message: Waiting, waiting_max: usize) -> bool {
        let listening = self.streams.iter().any(|stream| stream.ended.is_none());
        if !listening || self.live.len() >= waiting_max {
            return false;
        }
        self.live.push_back(message);
        self.wake_all();
        true
    }

    /// Takes what was read from the store, for [`Next::Read`].
    pub(super) fn take_read(
        &mut self,
        reading: Reading,
        read: Result<(Vec<Waiting>, bool), StoreError>,
    ) -> Result<(), StoreError> {
        if self.generation != reading.generation {
            return Ok(());
        }
        self.reading = None;
        let (read, more) = read?;
        for message in read {
            self.cursor = self.cursor.max(message.seq);
            self.enqueue(message);
        }
        if !more {
            // What was announced before and did not come is gone: acknowledged, or expired.
            self.cursor = self.cursor.max(reading.announced);
        }
        self.caught_up = !more && self.cursor >= self.high;
        self.wake_all();
        Ok(())
    }

    /// Takes one message that was read again, for [`Next::ReadOne`].
    pub(super) fn take_one(
        &mut self,
        id: u64,
        seq: i64,
        found: Result<Option<Waiting>, StoreError>,
    ) -> Result<(), StoreError> {
        let stream = self.streams.iter_mut().find(|stream| stream.id == id);
        let Some(_) = stream.and_then(|stream| stream.fetching.take()) else { return Ok(()) };
        match found {
            // Gone: acknowledged late, or its time to live ended.
            Ok(None) => {}
            Ok(Some(message)) => self.again.push_back(message),
            Err(error) => {
                self.returned.insert(seq);
                return Err(error);
            }
        }
        self.wake_all();
        Ok(())
    }

    pub(super) fn wake_all(&self) {
        for stream in &self.streams {
            stream.wake.notify_one();
        }
    }

    pub(super) fn end_all(&mut self, notice: Notice) {
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
        self.again.clear();
    }

    fn enqueue(&mut self, message: Waiting) {
        self.recent_bytes += message.n1.len();
        self.recent.push_back(message);
    }

    pub(super) fn announce(&mut self, message: &Waiting, bytes_max: usize) {
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

    pub(super) fn next(&mut self, id: u64, limits: &PushLimits) -> Next {
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
        if let Some(message) = self.again.pop_front() {
            let index = stream.sent(&message, Some(message.seq));
            return Next::Send { index, kind: Kind::Mail, message };
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
            return Next::Read(Reading {
                after: self.cursor,
                announced: self.high,
                generation: self.generation,
            });
        }
        if stream.drained {
            return Next::Wait;
        }
        stream.drained = true;
        Next::Drained
    }

    pub(super) fn acknowledge(
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

    pub(super) fn close(&mut self, id: u64) {
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

impl Stream {
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
