//! A node's post office: a queue to every node that it speaks to.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use conet_committee::{keys::NodeId, message::Message};
use http::StatusCode;
use tokio::{runtime::Handle, sync::Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    TransportLimits,
    client::RequestError,
    parcel::{Parcel, ParcelError, Sealer, encode},
    queue::{Batch, Queue},
    replay::Window,
    streams::Streams,
    way::{Relays, Way},
};
use crate::{
    clock,
    group::Sitting,
    metrics::{Metrics, Refusal},
    registry::NodeMap,
    runtime::{Inbox, Outlet},
};

/// Sends as one node, and takes what comes for it.
#[derive(Debug)]
pub struct Hub {
    pub(super) sealer: Sealer,
    pub(super) sitting: Sitting,
    pub(super) limits: TransportLimits,
    pub(super) metrics: Metrics,
    pub(super) streams: Arc<Streams>,
    pub(super) to_seats: Way,
    pub(super) inbox: Arc<Inbox>,
    pub(super) stop: CancellationToken,
    window: Mutex<Window>,
    links: Mutex<HashMap<NodeId, Arc<Queue>>>,
    tasks: TaskTracker,
    runtime: Handle,
}

impl Hub {
    /// For one node; through relays, if there are any. Must be called inside of the runtime that its requests are to run in.
    #[must_use]
    pub fn new(
        sealer: Sealer,
        sitting: Sitting,
        nodes: NodeMap,
        inbox: Arc<Inbox>,
        limits: TransportLimits,
        metrics: Metrics,
        relays: Option<Box<dyn Relays>>,
    ) -> Arc<Self> {
        let to_seats = Way::new(&limits, &nodes, relays);
        let limits = to_seats.limits(limits);
        Arc::new(Self {
            streams: Arc::new(Streams::new(limits.clone(), metrics.clone())),
            to_seats,
            window: Mutex::new(Window::new(limits.clone())),
            links: Mutex::default(),
            tasks: TaskTracker::new(),
            runtime: Handle::current(),
            stop: CancellationToken::new(),
            sealer,
            sitting,
            inbox,
            limits,
            metrics,
        })
    }

    /// Ends all streams and requests.
    pub async fn close(&self) {
        self.kill();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Ends all of it at once.
    pub(crate) fn kill(&self) {
        self.stop.cancel();
        self.streams.close();
        self.links().drain().for_each(|(_, queue)| queue.close());
    }

    fn links(&self) -> MutexGuard<'_, HashMap<NodeId, Arc<Queue>>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Checks a parcel, and notes it so that it counts once.
    ///
    /// # Errors
    /// [`ParcelError`].
    pub fn admit(&self, parcel: &Parcel) -> Result<(), ParcelError> {
        let (node, sequence, now_us) = (parcel.from, parcel.sequence, clock::unix_us());
        // Cheap first: a signature costs fifty microseconds.
        self.window().may_count(node, sequence, now_us)?;
        self.sealer.check(parcel)?;
        self.window().note(node, sequence, now_us)
    }

    /// Whether a parcel can still count, before all of it is here.
    pub(super) fn may_count(&self, head: &Parcel) -> Result<(), ParcelError> {
        self.window().may_count(head.from, head.sequence, clock::unix_us())
    }

    fn window(&self) -> MutexGuard<'_, Window> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the messages of a parcel for this node to the actor.
    ///
    /// # Errors
    /// [`ParcelError::Malformed`]; the messages before it were taken.
    pub fn take(&self, parcel: &Parcel) -> Result<(), ParcelError> {
        for message in parcel.messages() {
            let (message, bytes) = message?;
            self.inbox.push(parcel.from, message, bytes);
        }
        Ok(())
    }

    /// Whether a node answers at an endpoint of its own: a seat; and for seats, who had one in the epoch before or has one
    /// in the other half, for some state may be there alone.
    fn is_direct(&self, to: NodeId) -> bool {
        let (followed, me) = (self.sitting.followed(), self.sealer.me());
        let mut groups = followed.iter();
        groups
            .any(|group| group.seats.contains(to) || group.seats.contains(me) && group.involves(to))
    }

    fn link(self: &Arc<Self>, to: NodeId) -> Option<Arc<Queue>> {
        let seats = self.sitting.seats();
        if !seats.contains(to) && seats.contains(self.sealer.me()) {
            let stream = self.streams.queue(to);
            if stream.is_some() || !self.is_direct(to) {
                return stream;
            }
        }
        let mut links = self.links();
        if let Some(queue) = links.get(&to) {
            return Some(queue.clone());
        }
        let max = self.sitting.all_seats().len() + self.limits.participants_max;
        if self.stop.is_cancelled() || links.len() >= max {
            return None;
        }
        let queue = Arc::new(Queue::new(self.limits.clone()));
        links.insert(to, queue.clone());
        drop(links);
        // Not all begin with the same seat.
        let way = AtomicUsize::new(usize::try_from(self.sealer.me().0).unwrap_or_default());
        let link = Link { hub: self.clone(), to, failures: AtomicU32::new(0), way };
        self.tasks.spawn_on(Arc::new(link).run(queue.clone()), &self.runtime);
        Some(queue)
    }
}

/// The messages' way out; the hub lives as long as somebody sends.
#[derive(Debug, Clone)]
pub struct HubOutlet(pub Arc<Hub>);

impl Outlet for HubOutlet {
    fn send(&self, to: NodeId, message: Message) {
        let hub = &self.0;
        let Some(bytes) = encode(&message, hub.limits.message_bytes_max) else {
            tracing::warn!(to = to.0, "a message is longer than any may be");
            return;
        };
        match hub.link(to) {
            None => hub.metrics.refuse(Refusal::NoStream),
            Some(queue) => {
                for _ in 0..queue.push(bytes) {
                    hub.metrics.refuse(Refusal::OutboxFull);
                }
            }
        }
    }
}

/// The way to one node.
struct Link {
    hub: Arc<Hub>,
    to: NodeId,
    failures: AtomicU32,
    /// Through which seat the last parcel went, if it is a participant: others may wait in another group.
    way: AtomicUsize,
}

impl Link {
    async fn run(self: Arc<Self>, queue: Arc<Queue>) {
        let limits = &self.hub.limits;
        let slots = Arc::new(Semaphore::new(limits.requests_per_node_max.max(1)));
        let idle = Duration::from_millis(limits.idle_ms_max);
        loop {
            let Ok(slot) = slots.clone().acquire_owned().await else { break };
            self.pause().await;
            let batch = tokio::select! {
                () = self.hub.stop.cancelled() => break,
                batch = tokio::time::timeout(idle, queue.next()) => batch,
            };
            match batch {
                Ok(None) => break,
                Err(_) if self.hub.sitting.has_seat(self.to) => {}
                Err(_) => break,
                Ok(Some(batch)) => {
                    let link = self.clone();
                    self.hub.tasks.spawn(async move {
                        link.deliver(batch).await;
                        drop(slot);
                    });
                }
            }
        }
        self.hub.links().remove(&self.to);
    }

    /// Who does not answer is not asked all the time.
    async fn pause(&self) {
        let failures = self.failures.load(Ordering::Relaxed);
        if failures > 0 {
            let pause_ms = (25_u64 << failures.min(10)).min(self.hub.limits.pause_ms_max);
            tokio::time::sleep(Duration::from_millis(pause_ms)).await;
        }
    }

    async fn deliver(&self, batch: Batch) {
        let parcel = match batch {
            Batch::Own(messages) => self.hub.sealer.seal(self.to, &messages).bytes().clone(),
            Batch::Passed(parcel) => parcel,
        };
        let done = tokio::select! {
            () = self.hub.stop.cancelled() => return,
            done = self.post(parcel) => done,
        };
        match done {
            Ok(()) => self.failures.store(0, Ordering::Relaxed),
            Err(error) => {
                self.failures.fetch_add(1, Ordering::Relaxed);
                self.hub.metrics.refuse(Refusal::Unreachable);
                tracing::debug!(to = self.to.0, %error, "a parcel did not arrive");
            }
        }
    }

    async fn post(&self, parcel: Bytes) -> Result<(), RequestError> {
        if self.hub.is_direct(self.to) {
            return self.hub.post(self.to, parcel).await;
        }
        let seats = self.hub.sitting.all_seats();
        let first = self.way.load(Ordering::Relaxed);
        let mut last = RequestError::Endpoint("no seat".into());
        for turn in 0..seats.len() {
            let at = first.wrapping_add(turn) % seats.len();
            let Some(seat) = seats.get(at) else { break };
            match self.hub.post(*seat, parcel.clone()).await {
                Ok(()) => {
                    self.way.store(at, Ordering::Relaxed);
                    return Ok(());
                }
                // A seat that took it once and broke off would take it for a replay: it has it.
                Err(RequestError::Refused(StatusCode::CONFLICT, _)) => return Ok(()),
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}
