//! Acknowledgements: cumulative, gathered for a moment, sent beside the stream.

use std::{collections::BTreeSet, sync::Arc};

use conet_chain::NodeEntry;
use conet_wire::{
    parcel::{Content, Status},
    session::AckSender,
};
use tokio::{sync::watch, task::JoinHandle, time::timeout};

use crate::{
    client::Client,
    exchange::Parcel,
    limits::{ACK_FLUSH_TIMEOUT, ACK_GATHER, ACK_RETRY_PAUSE, ANSWER_TIMEOUT},
    relays::Avoid,
};

/// Where a message stood in which stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) stream: u64,
    pub(super) index: u64,
}

/// How far everything is safe.
#[derive(Debug, Default)]
struct Window {
    /// One more than the highest index that came.
    end: u64,
    /// Came, and not safe yet.
    waiting: BTreeSet<u64>,
}

impl Window {
    fn came(&mut self, index: u64) {
        if index >= self.end {
            self.end = index.saturating_add(1);
        }
        self.waiting.insert(index);
    }

    /// All below this are safe.
    fn safe(&self) -> u64 {
        self.waiting.first().copied().unwrap_or(self.end)
    }
}

/// Acknowledges the messages of one stream.
#[derive(Debug)]
pub(super) struct Acks {
    stream: u64,
    window: Window,
    safe: watch::Sender<u64>,
    /// Known after the stream's first cell.
    task: Option<JoinHandle<()>>,
}

impl Acks {
    pub(super) fn new(stream: u64) -> Self {
        Self { stream, window: Window::default(), safe: watch::Sender::new(0), task: None }
    }

    /// Starts to send: the stream's keys are known.
    pub(super) fn start(
        &mut self,
        client: Client,
        agent: Arc<NodeEntry>,
        avoid: Avoid,
        sender: AckSender,
    ) {
        let safe = self.safe.subscribe();
        self.task = Some(tokio::spawn(send(client, agent, avoid, sender, safe)));
    }

    /// A message came; it holds acknowledgements back until it is done.
    pub(super) fn came(&mut self, index: u64) {
        self.window.came(index);
    }

    /// A message is safe.
    pub(super) fn done(&mut self, place: Place) {
        if place.stream == self.stream && self.window.waiting.remove(&place.index) {
            let safe = self.window.safe();
            self.safe.send_if_modified(|now| std::mem::replace(now, safe) != safe);
        }
    }

    /// Waits, within limits, until the last one arrived.
    pub(super) async fn close(mut self) {
        let Some(mut task) = self.task.take() else { return };
        // The task ends when it has sent the last value of a channel that is closed.
        let (closed, _) = watch::channel(0);
        drop(std::mem::replace(&mut self.safe, closed));
        if timeout(ACK_FLUSH_TIMEOUT, &mut task).await.is_err() {
            task.abort();
            tracing::warn!("the last acknowledgements did not arrive; some messages come again");
        }
    }
}

impl Drop for Acks {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

async fn send(
    client: Client,
    agent: Arc<NodeEntry>,
    avoid: Avoid,
    mut sender: AckSender,
    mut safe: watch::Receiver<u64>,
) {
    let mut sent = 0;
    loop {
        // Err: the stream is being closed, and nothing is left that was not seen.
        let closed = safe.changed().await.is_err();
        if !closed {
            tokio::time::sleep(ACK_GATHER).await;
        }
        let mut now = *safe.borrow_and_update();
        while now > sent {
            match acknowledge(&client, &agent, &avoid, &mut sender, now - 1).await {
                Ok(Status::Done) => sent = now,
                // The stream is gone; what it did not acknowledge comes again.
                Ok(status) => {
                    tracing::debug!(?status, "an acknowledgement had no effect");
                    return;
                }
                Err(error) => {
                    tracing::debug!(%error, "an acknowledgement did not arrive");
                    tokio::time::sleep(ACK_RETRY_PAUSE).await;
                    now = *safe.borrow_and_update();
                }
            }
        }
        if closed {
            return;
        }
    }
}

async fn acknowledge(
    client: &Client,
    agent: &NodeEntry,
    avoid: &Avoid,
    sender: &mut AckSender,
    index: u64,
) -> Result<Status, crate::ClientError> {
    let make = || {
        // A new counter for each attempt: the agent takes none twice.
        let ack = sender
            .acknowledge(index)
            .map_err(|_| crate::ClientError::Stopped("sealing an acknowledgement"))?;
        Parcel::seal(agent, Content::Acknowledgement, &ack)
    };
    let answered = client.deliver(avoid, ANSWER_TIMEOUT, make).await?;
    Ok(answered.answer.status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_acknowledged_over_a_gap() {
        let mut acks = Acks::new(3);
        let safe = acks.safe.subscribe();
        for index in 0..5 {
            acks.came(index);
        }
        let mut expect = |index, expected| {
            acks.done(Place { stream: 3, index });
            assert_eq!(*safe.borrow(), expected, "after {index}");
        };
        expect(1, 0);
        expect(0, 2);
        expect(4, 2);
        expect(2, 3);
        expect(3, 5);
    }

    #[test]
    fn a_place_in_another_stream_means_nothing() {
        let mut acks = Acks::new(3);
        let safe = acks.safe.subscribe();
        acks.came(0);
        acks.done(Place { stream: 2, index: 0 });
        assert_eq!(*safe.borrow(), 0);
    }

    #[test]
    fn the_same_place_twice_counts_once() {
        let mut acks = Acks::new(1);
        let safe = acks.safe.subscribe();
        acks.came(0);
        acks.came(1);
        acks.done(Place { stream: 1, index: 0 });
        acks.done(Place { stream: 1, index: 0 });
        assert_eq!(*safe.borrow(), 1);
    }
}
