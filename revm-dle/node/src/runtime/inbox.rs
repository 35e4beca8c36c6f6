//! What waits for an actor: messages of each node in a queue of its own, taken in turn, so that nobody who sends much makes
//! others wait; and what the node itself asks, first.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use conet_committee::{keys::NodeId, message::Message};

use super::{Actor, RuntimeLimits};
use crate::metrics::{Metrics, Refusal};

/// Runs on the actor's thread.
pub(super) type Ask = Box<dyn FnOnce(&mut Actor) -> Vec<conet_committee::Action> + Send>;

/// What is next.
pub(super) enum Next {
    /// A message.
    Message(NodeId, Box<Message>),
    /// Something of the node's own.
    Ask(Ask),
    /// Nothing came in time.
    Nothing,
    /// It is over.
    Stop,
}

#[derive(Default)]
struct Waiting {
    asks: VecDeque<Ask>,
    /// Messages by sender. No queue is empty.
    messages: BTreeMap<NodeId, VecDeque<(usize, Box<Message>)>>,
    /// Whose turn it is.
    turns: VecDeque<NodeId>,
    bytes: usize,
    stop: bool,
}

/// What waits for an actor.
pub struct Inbox {
    waiting: Mutex<Waiting>,
    wakes: Condvar,
    limits: RuntimeLimits,
    metrics: Metrics,
}

impl std::fmt::Debug for Inbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inbox").finish_non_exhaustive()
    }
}

impl Inbox {
    /// Nothing waits yet.
    #[must_use]
    pub fn new(limits: RuntimeLimits, metrics: Metrics) -> Self {
        Self { waiting: Mutex::default(), wakes: Condvar::new(), limits, metrics }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A message of so many bytes came. When its sender has too many here, its oldest goes; when all have, it is not
    /// taken. Who sent it says it again.
    pub fn push(&self, from: NodeId, message: Message, bytes: usize) {
        let mut waiting = self.waiting();
        let RuntimeLimits { inbox_messages_per_node_max, inbox_bytes_max, .. } = self.limits;
        if waiting.bytes + bytes > inbox_bytes_max || waiting.stop {
            self.metrics.refuse(Refusal::InboxFull);
            return;
        }
        self.metrics.received.inc();
        waiting.bytes += bytes;
        let queue = waiting.messages.entry(from).or_default();
        queue.push_back((bytes, Box::new(message)));
        let is_first = queue.len() == 1;
        let dropped =
            if queue.len() > inbox_messages_per_node_max { queue.pop_front() } else { None };
        if let Some((bytes, _)) = dropped {
            waiting.bytes -= bytes;
            self.metrics.refuse(Refusal::InboxFull);
        }
        if is_first {
            waiting.turns.push_back(from);
        }
        drop(waiting);
        self.wakes.notify_one();
    }

    /// The next message, if one is here.
    #[cfg(test)]
    pub(crate) fn try_take(&self) -> Option<(NodeId, Message)> {
        let (from, message) = self.waiting().take()?;
        Some((from, *message))
    }

    /// Something for the actor's thread. False: too much waits, or it is over.
    pub(super) fn ask(&self, ask: Ask) -> bool {
        let mut waiting = self.waiting();
        if waiting.stop || waiting.asks.len() >= self.limits.asks_max {
            return false;
        }
        waiting.asks.push_back(ask);
        drop(waiting);
        self.wakes.notify_one();
        true
    }

    /// Makes the actor look around.
    pub(super) fn wake(&self) {
        self.ask(Box::new(|_| Vec::new()));
    }

    /// Ends the actor after its present step. What waits is forgotten.
    pub(super) fn stop(&self) {
        let mut waiting = self.waiting();
        *waiting = Waiting { stop: true, ..Waiting::default() };
        drop(waiting);
        self.wakes.notify_one();
    }

    /// What is next; waits for it so long.
    pub(super) fn next(&self, patience: Duration) -> Next {
        let until = Instant::now() + patience;
        let mut waiting = self.waiting();
        loop {
            if waiting.stop {
                return Next::Stop;
            }
            if let Some(ask) = waiting.asks.pop_front() {
                return Next::Ask(ask);
            }
            if let Some((from, message)) = waiting.take() {
                return Next::Message(from, message);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Next::Nothing;
            }
            let woken = self.wakes.wait_timeout(waiting, left);
            (waiting, _) = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Waiting {
    fn take(&mut self) -> Option<(NodeId, Box<Message>)> {
        let from = self.turns.pop_front()?;
        let queue = self.messages.get_mut(&from)?;
        let (bytes, message) = queue.pop_front()?;
        self.bytes -= bytes;
        if queue.is_empty() {
            self.messages.remove(&from);
        } else {
            self.turns.push_back(from);
        }
        Some((from, message))
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::B256;

    use super::*;

    fn inbox() -> Inbox {
        let limits = RuntimeLimits {
            inbox_messages_per_node_max: 3,
            inbox_bytes_max: 100,
            ..RuntimeLimits::default()
        };
        Inbox::new(limits, Metrics::new())
    }

    fn fetch(byte: u8) -> Message {
        Message::FetchBlock { hash: B256::repeat_byte(byte) }
    }

    fn taken(inbox: &Inbox) -> Vec<(u64, Message)> {
        let mut all = Vec::new();
        while let Next::Message(from, message) = inbox.next(Duration::ZERO) {
            all.push((from.0, *message));
        }
        all
    }

    #[test]
    fn who_sends_much_makes_nobody_wait() {
        let inbox = inbox();
        for byte in 0..5 {
            inbox.push(NodeId(1), fetch(byte), 1);
        }
        inbox.push(NodeId(2), fetch(9), 1);
        // The two oldest of the first node are gone.
        let expected = vec![(1, fetch(2)), (2, fetch(9)), (1, fetch(3)), (1, fetch(4))];
        assert_eq!(taken(&inbox), expected);
        assert_eq!(inbox.metrics.refused(Refusal::InboxFull), 2);
        assert_eq!(taken(&inbox), []);
    }

    #[test]
    fn bytes_are_bounded_and_given_back() {
        let inbox = inbox();
        inbox.push(NodeId(1), fetch(1), 90);
        inbox.push(NodeId(2), fetch(2), 20);
        assert_eq!(taken(&inbox), vec![(1, fetch(1))]);
        inbox.push(NodeId(2), fetch(2), 100);
        assert_eq!(taken(&inbox), vec![(2, fetch(2))]);
    }

    #[test]
    fn nothing_is_taken_after_the_end() {
        let inbox = inbox();
        inbox.push(NodeId(1), fetch(1), 1);
        inbox.stop();
        inbox.push(NodeId(1), fetch(1), 1);
        assert!(matches!(inbox.next(Duration::from_secs(9)), Next::Stop));
        assert!(!inbox.ask(Box::new(|_| Vec::new())));
    }
}
