//! Streams to participants: one for each, the newest.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use conet_committee::keys::NodeId;

use super::{TransportLimits, queue::Queue};
use crate::metrics::Metrics;

/// All streams of a seat.
#[derive(Debug)]
pub(super) struct Streams {
    open: Mutex<HashMap<NodeId, Arc<Queue>>>,
    limits: TransportLimits,
    metrics: Metrics,
}

/// One stream; it ends with this.
#[derive(Debug)]
pub(super) struct Stream {
    streams: Arc<Streams>,
    pub(super) node: NodeId,
    pub(super) queue: Arc<Queue>,
}

impl Streams {
    pub(super) fn new(limits: TransportLimits, metrics: Metrics) -> Self {
        Self { open: Mutex::default(), limits, metrics }
    }

    fn open_streams(&self) -> MutexGuard<'_, HashMap<NodeId, Arc<Queue>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a participant's stream, and ends the one before. `None`: there are too many.
    pub(super) fn begin(self: &Arc<Self>, node: NodeId) -> Option<Stream> {
        let mut open = self.open_streams();
        if !open.contains_key(&node) && open.len() >= self.limits.streams_max {
            return None;
        }
        let queue = Arc::new(Queue::new(self.limits.clone()));
        if let Some(before) = open.insert(node, queue.clone()) {
            before.close();
        }
        self.metrics.streams.set(i64::try_from(open.len()).unwrap_or(i64::MAX));
        Some(Stream { streams: self.clone(), node, queue })
    }

    pub(super) fn queue(&self, node: NodeId) -> Option<Arc<Queue>> {
        self.open_streams().get(&node).cloned()
    }

    /// Ends all.
    pub(super) fn close(&self) {
        self.open_streams().drain().for_each(|(_, queue)| queue.close());
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let mut open = self.streams.open_streams();
        if open.get(&self.node).is_some_and(|queue| Arc::ptr_eq(queue, &self.queue)) {
            open.remove(&self.node);
        }
        self.streams.metrics.streams.set(i64::try_from(open.len()).unwrap_or(i64::MAX));
    }
}
