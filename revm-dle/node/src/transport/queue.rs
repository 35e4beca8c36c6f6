//! What waits for one node, within limits: the oldest goes first, for who sent it says it again.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use conet_committee::keys::NodeId;
use tokio::sync::Notify;

use super::TransportLimits;

/// What is next for a node.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Batch {
    /// Own messages, to be put into a parcel.
    Own(Vec<Bytes>),
    /// Another node's parcel.
    Passed(Bytes),
}

#[derive(Debug, Default)]
struct Waiting {
    own: VecDeque<Bytes>,
    own_bytes: usize,
    passed: VecDeque<(NodeId, Bytes)>,
    passed_bytes: usize,
    own_turn: bool,
    closed: bool,
}

/// A queue to one node.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    news: Notify,
    limits: TransportLimits,
}

impl Queue {
    pub(super) fn new(limits: TransportLimits) -> Self {
        Self { waiting: Mutex::default(), news: Notify::new(), limits }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An own message. How many older ones went for it.
    pub(super) fn push(&self, message: Bytes) -> usize {
        let mut waiting = self.waiting();
        let mut dropped = 0;
        waiting.own_bytes += message.len();
        waiting.own.push_back(message);
        while waiting.own.len() > self.limits.outbox_messages_max
            || waiting.own_bytes > self.limits.outbox_bytes_max && waiting.own.len() > 1
        {
            let Some(oldest) = waiting.own.pop_front() else { break };
            waiting.own_bytes -= oldest.len();
            dropped += 1;
        }
        drop(waiting);
        self.news.notify_one();
        dropped
    }

    /// Another node's parcel. Each sender has its share of the room. How many of its older ones went.
    pub(super) fn pass(&self, from: NodeId, parcel: Bytes) -> usize {
        let mut waiting = self.waiting();
        let mut dropped = 0;
        waiting.passed_bytes += parcel.len();
        waiting.passed.push_back((from, parcel));
        while waiting.passed.iter().filter(|(sender, _)| *sender == from).count()
            > self.limits.passed_per_sender_max
            || waiting.passed_bytes > self.limits.passed_bytes_max
        {
            // Who sends too much loses its own.
            let Some(oldest) = waiting.passed.iter().position(|(sender, _)| *sender == from) else {
                break;
            };
            if let Some((_, parcel)) = waiting.passed.remove(oldest) {
                waiting.passed_bytes -= parcel.len();
                dropped += 1;
            }
        }
        drop(waiting);
        self.news.notify_one();
        dropped
    }

    /// Nothing is taken any more; who waits for something is told.
    pub(super) fn close(&self) {
        *self.waiting() = Waiting { closed: true, ..Waiting::default() };
        self.news.notify_waiters();
        self.news.notify_one();
    }

    /// What is next, as soon as there is something; `None` at the end.
    pub(super) async fn next(&self) -> Option<Batch> {
        loop {
            let news = self.news.notified();
            {
                let mut waiting = self.waiting();
                if waiting.closed {
                    return None;
                }
                if let Some(batch) = waiting.take(&self.limits) {
                    return Some(batch);
                }
            }
            news.await;
        }
    }
}

impl Waiting {
    fn take(&mut self, limits: &TransportLimits) -> Option<Batch> {
        // In turn, so that neither waits for all of the other.
        self.own_turn = !self.own_turn || self.passed.is_empty();
        if (!self.own_turn || self.own.is_empty())
            && let Some((_, parcel)) = self.passed.pop_front()
        {
            self.passed_bytes -= parcel.len();
            return Some(Batch::Passed(parcel));
        }
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while let Some(message) = self.own.front()
            && (batch.is_empty()
                || batch.len() < limits.parcel_messages_max
                    && bytes + message.len() <= limits.parcel_bytes_aimed)
        {
            bytes += message.len();
            batch.extend(self.own.pop_front());
        }
        self.own_bytes -= bytes;
        (!batch.is_empty()).then_some(Batch::Own(batch))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue() -> Queue {
        Queue::new(TransportLimits {
            outbox_messages_max: 4,
            outbox_bytes_max: 10,
            passed_per_sender_max: 2,
            passed_bytes_max: 10,
            parcel_messages_max: 2,
            parcel_bytes_aimed: 6,
            ..TransportLimits::default()
        })
    }

    fn bytes(byte: u8, length: usize) -> Bytes {
        vec![byte; length].into()
    }

    #[tokio::test]
    async fn the_oldest_goes_first() {
        let queue = queue();
        let dropped: Vec<_> = (0..6).map(|byte| queue.push(bytes(byte, 1))).collect();
        assert_eq!(dropped, [0, 0, 0, 0, 1, 1]);
        assert_eq!(queue.next().await, Some(Batch::Own(vec![bytes(2, 1), bytes(3, 1)])));
        assert_eq!(queue.push(bytes(7, 9)), 1);
        assert_eq!(queue.next().await, Some(Batch::Own(vec![bytes(5, 1)])));
        assert_eq!(queue.next().await, Some(Batch::Own(vec![bytes(7, 9)])));
        // One that is longer than the room is taken alone.
        assert_eq!(queue.push(bytes(8, 11)), 0);
        assert_eq!(queue.next().await, Some(Batch::Own(vec![bytes(8, 11)])));
        queue.close();
        assert_eq!(queue.next().await, None);
    }

    #[tokio::test]
    async fn who_passes_much_loses_its_own() {
        let queue = queue();
        assert_eq!(queue.pass(NodeId(1), bytes(1, 1)), 0);
        let dropped: Vec<_> = (2..6).map(|byte| queue.pass(NodeId(2), bytes(byte, 1))).collect();
        assert_eq!(dropped, [0, 0, 1, 1]);
        assert_eq!(queue.pass(NodeId(3), bytes(9, 9)), 1);
        for expected in [1, 4, 5] {
            assert_eq!(queue.next().await, Some(Batch::Passed(bytes(expected, 1))));
        }
    }
}
